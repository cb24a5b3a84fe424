/* What costs in a check is each record by itself: its hashes and its signature. The threads of a
 * crew share the records of one stretch; its caller, who keeps the order, goes on with the stretch
 * before it meanwhile, and then helps. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "storage/check_inside.h"

#define AT_ONCE     16 /* records that a thread takes */
#define THREADS_MAX 63

struct check_crew {
    pthread_mutex_t lock;
    pthread_cond_t there_is_work;
    pthread_cond_t all_is_done;
    struct stretch *stretch; /* NULL: none */
    size_t next;             /* record that nobody has taken */
    size_t working;          /* threads that have some of it, the caller's not counted */
    bool is_over;
    pthread_t threads[THREADS_MAX];
    size_t count;
};

static void check_item(struct check_item *item, struct arena *arena)
{
    const struct record *record = &item->record;
    item->checked = ERR_OK;
    item->complaint.text[0] = '\0';
    if (item->read != ERR_OK) {
        return;
    }
    arena_reset(arena);
    item->checked =
        record_check(record->raw_header, record->judgement, record->body, arena, &item->complaint);
    record_leaf_hash(record->raw_header, item->leaf.bytes);
}

/* Under the lock. */
static bool take(struct check_crew *crew, size_t *ret_first, size_t *ret_end)
{
    if (crew->stretch == NULL || crew->next >= crew->stretch->count) {
        return false;
    }
    *ret_first = crew->next;
    crew->next += AT_ONCE;
    *ret_end = crew->next < crew->stretch->count ? crew->next : crew->stretch->count;
    return true;
}

/* Under the lock, but for the work itself. */
static void work(struct check_crew *crew, struct arena *arena)
{
    size_t first = 0;
    size_t end = 0;
    while (take(crew, &first, &end)) {
        struct stretch *stretch = crew->stretch;
        pthread_mutex_unlock(&crew->lock);
        for (size_t i = first; i < end; i++) {
            check_item(&stretch->items[i], arena);
        }
        pthread_mutex_lock(&crew->lock);
    }
}

static void *run(void *argument)
{
    struct check_crew *crew = argument;
    AUTO(arena_close) struct arena arena = {0};
    pthread_mutex_lock(&crew->lock);
    while (!crew->is_over) {
        if (crew->stretch == NULL || crew->next >= crew->stretch->count) {
            pthread_cond_wait(&crew->there_is_work, &crew->lock);
            continue;
        }
        crew->working++;
        work(crew, &arena);
        if (--crew->working == 0) {
            pthread_cond_signal(&crew->all_is_done);
        }
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* One less than the cores that this process may use: the caller's is the other. */
static size_t helpers(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) {
        return 0;
    }
    size_t count = (size_t)CPU_COUNT(&cores);
    return count - 1 < THREADS_MAX ? count - 1 : THREADS_MAX;
}

enum err check_crew_open(struct check_crew **ret_crew)
{
    struct check_crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL) {
        return ERR_MEMORY;
    }
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->there_is_work, NULL);
    pthread_cond_init(&crew->all_is_done, NULL);
    /* With fewer threads than wished, or none, the caller does more. */
    while (crew->count < helpers() &&
           pthread_create(&crew->threads[crew->count], NULL, run, crew) == 0) {
        crew->count++;
    }
    *ret_crew = crew;
    return ERR_OK;
}

void check_crew_close(struct check_crew **crew)
{
    struct check_crew *gone = STEAL(*crew);
    if (gone == NULL) {
        return;
    }
    pthread_mutex_lock(&gone->lock);
    gone->is_over = true;
    pthread_cond_broadcast(&gone->there_is_work);
    pthread_mutex_unlock(&gone->lock);
    for (size_t i = 0; i < gone->count; i++) {
        pthread_join(gone->threads[i], NULL);
    }
    pthread_cond_destroy(&gone->there_is_work);
    pthread_cond_destroy(&gone->all_is_done);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

void check_crew_give(struct check_crew *crew, struct stretch *stretch)
{
    pthread_mutex_lock(&crew->lock);
    crew->stretch = stretch;
    crew->next = 0;
    pthread_cond_broadcast(&crew->there_is_work);
    pthread_mutex_unlock(&crew->lock);
}

void check_crew_finish(struct check_crew *crew, struct arena *arena)
{
    pthread_mutex_lock(&crew->lock);
    work(crew, arena);
    while (crew->working > 0) {
        pthread_cond_wait(&crew->all_is_done, &crew->lock);
    }
    crew->stretch = NULL;
    pthread_mutex_unlock(&crew->lock);
}
