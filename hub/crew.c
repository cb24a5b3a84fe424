#include "hub/crew.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "hub/ingest.h"

struct crew {
    struct crew_jobs jobs;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct unit *first; /* received, in order */
    struct unit *last;
    struct unit *spare;
    size_t unit_count;
    bool is_receiving;
    bool is_writing;
    bool is_turn_wanted;
    size_t idle;
};

/* ---- units ---- */

struct bytes unit_frame(const struct unit *unit, size_t i)
{
    return bytes_of(unit->frames.data + unit->begins[i], unit->begins[i + 1] - unit->begins[i]);
}

enum err unit_add(struct unit *unit, const struct incoming *incoming)
{
    enum err err = buffer_append(&unit->frames, incoming->frame.data, incoming->frame.size);
    if (err == ERR_OK) {
        unit->peers[unit->count++] = incoming->peer;
        unit->begins[unit->count] = unit->frames.size;
    }
    return err;
}

bool unit_is_full(const struct unit *unit)
{
    return unit->count == UNIT_MESSAGES || unit->frames.size >= UNIT_BYTES;
}

/* What was large once is not kept for ever. */
static void unit_clear(struct unit *unit)
{
    if (unit->frames.capacity > UNIT_BYTES / 4) {
        buffer_close(&unit->frames);
    }
    buffer_clear(&unit->frames);
    arena_reset(&unit->arena);
    unit->next = NULL;
    unit->count = 0;
    unit->decided = 0;
    unit->is_examined = false;
}

static struct unit *take_spare(struct crew *crew)
{
    struct unit *unit = crew->spare;
    if (unit != NULL) {
        crew->spare = unit->next;
        unit->next = NULL;
        return unit;
    }
    if (crew->unit_count == UNITS_MAX || (unit = calloc(1, sizeof *unit)) == NULL) {
        return NULL; /* without memory: those that there are, one at least, will be free again */
    }
    crew->unit_count++;
    return unit;
}

static void put_spare(struct crew *crew, struct unit *unit)
{
    unit_clear(unit);
    unit->next = crew->spare;
    crew->spare = unit;
}

static void append(struct crew *crew, struct unit *unit)
{
    if (crew->last == NULL) {
        crew->first = unit;
    } else {
        crew->last->next = unit;
    }
    crew->last = unit;
}

static struct unit *next_of(struct crew *crew)
{
    while (crew->first != NULL && crew->first->is_examined &&
           crew->first->decided == crew->first->count) {
        struct unit *done = crew->first;
        crew->first = done->next;
        crew->last = crew->first == NULL ? NULL : crew->last;
        put_spare(crew, done);
    }
    return crew->first != NULL && crew->first->is_examined ? crew->first : NULL;
}

struct unit *crew_next(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    struct unit *unit = next_of(crew);
    pthread_mutex_unlock(&crew->lock);
    return unit;
}

/* ---- who does what ---- */

static void wake_one(struct crew *crew)
{
    if (crew->idle > 0 && !crew->is_receiving) {
        pthread_cond_signal(&crew->changed);
    }
}

void crew_hand_over(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    wake_one(crew);
    pthread_mutex_unlock(&crew->lock);
}

/* Called with the lock held; leaves it for what takes time. */
static void receive_one(struct crew *crew, struct unit *unit)
{
    crew->is_receiving = true;
    pthread_mutex_unlock(&crew->lock);
    bool is_turn_wanted = crew->jobs.receive(crew->jobs.context, unit);
    pthread_mutex_lock(&crew->lock);
    crew->is_receiving = false;
    crew->is_turn_wanted = crew->is_turn_wanted || is_turn_wanted;
    if (unit->count == 0) {
        put_spare(crew, unit);
        return;
    }
    append(crew, unit);
    if (unit->count > 1) { /* of one there is nothing to share */
        wake_one(crew);
    }
    pthread_mutex_unlock(&crew->lock);
    crew->jobs.examine(crew->jobs.context, unit);
    pthread_mutex_lock(&crew->lock);
    unit->is_examined = true;
}

static void write_one(struct crew *crew)
{
    crew->is_writing = true;
    crew->is_turn_wanted = false;
    pthread_mutex_unlock(&crew->lock);
    crew->jobs.turn(crew->jobs.context);
    pthread_mutex_lock(&crew->lock);
    crew->is_writing = false;
}

static void *work(void *argument)
{
    struct crew *crew = argument;
    pthread_mutex_lock(&crew->lock);
    while (!crew->jobs.is_over(crew->jobs.context)) {
        struct unit *unit = NULL;
        if (!crew->is_writing && (crew->is_turn_wanted || next_of(crew) != NULL)) {
            write_one(crew);
        } else if (!crew->is_receiving && !crew->is_turn_wanted &&
                   (unit = take_spare(crew)) != NULL) {
            receive_one(crew, unit);
        } else {
            crew->idle++;
            pthread_cond_wait(&crew->changed, &crew->lock);
            crew->idle--;
        }
    }
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* ---- beginning and end ---- */

static size_t wanted_threads(void)
{
    cpu_set_t cores;
    size_t count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (size_t)CPU_COUNT(&cores) : 1;
    return count + CREW_EXTRA < CREW_MAX ? count + CREW_EXTRA : CREW_MAX;
}

void crew_run(struct crew *crew)
{
    pthread_t threads[CREW_MAX];
    size_t count = wanted_threads() - 1; /* beside this one */
    size_t started = 0;
    for (; started < count; started++) {
        if (pthread_create(&threads[started], NULL, work, crew) != 0) {
            break;
        }
        pthread_setname_np(threads[started], "ingest");
    }
    work(crew); /* fewer threads do the same, slower */
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
}

enum err crew_make(const struct crew_jobs *jobs, struct crew **ret_crew)
{
    struct crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL) {
        return ERR_MEMORY;
    }
    crew->jobs = *jobs;
    /* One there must be: without any nobody would receive, nor hear that all is over. */
    crew->spare = calloc(1, sizeof *crew->spare);
    if (crew->spare == NULL) {
        free(crew);
        return ERR_MEMORY;
    }
    crew->unit_count = 1;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    *ret_crew = crew;
    return ERR_OK;
}

static void free_units(struct unit *unit)
{
    while (unit != NULL) {
        struct unit *next = unit->next;
        buffer_close(&unit->frames);
        arena_close(&unit->arena);
        free(unit);
        unit = next;
    }
}

void crew_close(struct crew **crew)
{
    if (*crew == NULL) {
        return;
    }
    free_units((*crew)->first);
    free_units((*crew)->spare);
    pthread_mutex_destroy(&(*crew)->lock);
    pthread_cond_destroy(&(*crew)->changed);
    free(*crew);
    *crew = NULL;
}
