#include "agents/client/parts.h"

#include <pthread.h>
#include <unistd.h>

struct part {
    pthread_t thread;
    size_t begin;
    size_t end;
    parts_item item;
    void *context;
    enum err err;
    struct complaint complaint;
};

static void *work_on(void *argument)
{
    struct part *part = argument;
    AUTO(arena_close) struct arena arena = {0};
    for (size_t i = part->begin; i < part->end && part->err == ERR_OK; i++) {
        arena_reset(&arena);
        part->err = part->item(part->context, i, &arena, &part->complaint);
    }
    return NULL;
}

size_t parts_by_cores(size_t items, size_t least)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t wanted = items / least;
    return cores < 1 || wanted < 1 ? 1 : wanted < (size_t)cores ? wanted : (size_t)cores;
}

enum err parts_work(size_t count, size_t threads, parts_item item, void *context,
                    struct complaint *complaint)
{
    const size_t parts = threads < PARTS_MAX ? threads : PARTS_MAX;
    struct part all[PARTS_MAX];
    bool is_started[PARTS_MAX] = {false};
    for (size_t i = 0; i < parts; i++) {
        all[i] = (struct part){.begin = count * i / parts,
                               .end = count * (i + 1) / parts,
                               .item = item,
                               .context = context};
        is_started[i] = i > 0 && pthread_create(&all[i].thread, NULL, work_on, &all[i]) == 0;
    }
    for (size_t i = 0; i < parts; i++) {
        if (!is_started[i]) { /* the first; and any for which there was no thread */
            (void)work_on(&all[i]);
        }
    }
    enum err err = ERR_OK;
    for (size_t i = 0; i < parts; i++) {
        if (is_started[i]) {
            (void)pthread_join(all[i].thread, NULL);
        }
        if (err == ERR_OK && all[i].err != ERR_OK) {
            err = all[i].err;
            if (complaint != NULL) {
                *complaint = all[i].complaint;
            }
        }
    }
    return err;
}
