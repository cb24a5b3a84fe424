#include "proto/registry_succession.h"

#include "proto/record.h"

#include <stdlib.h>
#include <string.h>

static struct succession of_event(const PbEvent *event)
{
    const PbMerged *merged = event->merged;
    const PbSplit *split = event->split;
    return (struct succession){
        .from_day = merged != NULL ? merged->from_day : split->from_day,
        .is_split = merged == NULL,
        .one = event->subject,
        .many = (const char *const *)(merged != NULL ? merged->predecessors : split->successors),
        .many_count = merged != NULL ? merged->n_predecessors : split->n_successors,
    };
}

static void end(struct party *party, int32_t day)
{
    party->ended_day = day < party->ended_day ? day : party->ended_day;
}

static void take_over(struct party *party, int32_t day)
{
    party->took_over_day = day < party->took_over_day ? day : party->took_over_day;
}

static int act_order(const struct succession *a, const struct succession_act *act_a,
                     const struct succession *b, const struct succession_act *act_b)
{
    if (a->from_day != b->from_day) {
        return a->from_day < b->from_day ? -1 : 1;
    }
    if (act_a->time_us != act_b->time_us) {
        return act_a->time_us < act_b->time_us ? -1 : 1;
    }
    return memcmp(act_a->id, act_b->id, SHA256_BYTES);
}

static enum err reserve(struct registry *registry, size_t count)
{
    if (count <= registry->succession_capacity) {
        return ERR_OK;
    }
    const size_t wanted = count < 16 ? 16 : count * 2;
    struct succession *rows = realloc(registry->successions, wanted * sizeof rows[0]);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    registry->successions = rows;
    struct succession_act *acts = realloc(registry->succession_acts, wanted * sizeof acts[0]);
    if (acts == NULL) {
        return ERR_MEMORY;
    }
    registry->succession_acts = acts;
    registry->succession_capacity = wanted;
    return ERR_OK;
}

static enum err insert(struct registry *registry, const struct succession *row,
                       const struct succession_act *act)
{
    enum err err = reserve(registry, registry->succession_count + 1);
    if (err != ERR_OK) {
        return err;
    }
    size_t place = registry->succession_count;
    while (place > 0 && act_order(&registry->successions[place - 1],
                                  &registry->succession_acts[place - 1], row, act) > 0) {
        place--;
    }
    const size_t behind = registry->succession_count - place;
    memmove(&registry->successions[place + 1], &registry->successions[place],
            behind * sizeof registry->successions[0]);
    memmove(&registry->succession_acts[place + 1], &registry->succession_acts[place],
            behind * sizeof registry->succession_acts[0]);
    registry->successions[place] = *row;
    registry->succession_acts[place] = *act;
    registry->succession_count++;
    return ERR_OK;
}

enum err succession_fold(struct registry *registry, const struct act *act)
{
    const struct succession row = of_event(act->event);
    struct succession_act told = {.time_us = act->time_us};
    memcpy(told.id, act->id, SHA256_BYTES);
    struct party *one = NULL;
    enum err err = registry_know(registry, row.one, &one);
    for (size_t i = 0; i < row.many_count && err == ERR_OK; i++) {
        struct party *other = NULL;
        if (!institution_id_is_valid(row.many[i]) || strcmp(row.many[i], row.one) == 0) {
            continue; /* no hub of ours would have let it in */
        }
        err = registry_know(registry, row.many[i], &other);
        if (err == ERR_OK) {
            end(row.is_split ? one : other, row.from_day);
            take_over(row.is_split ? other : one, row.from_day);
        }
    }
    return err != ERR_OK ? err : insert(registry, &row, &told);
}

static enum err copy_row(struct arena *arena, const struct succession *row,
                         struct succession *ret_row)
{
    const char **many = arena_take(arena, (row->many_count + 1) * sizeof many[0]);
    const char *one = arena_text(arena, row->one);
    if (many == NULL || one == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < row->many_count; i++) {
        many[i] = arena_text(arena, row->many[i]);
        if (many[i] == NULL) {
            return ERR_MEMORY;
        }
    }
    *ret_row = *row;
    ret_row->one = one;
    ret_row->many = many;
    return ERR_OK;
}

enum err succession_copy(struct registry *copy, const struct registry *registry)
{
    const size_t count = registry->succession_count;
    enum err err = count == 0 ? ERR_OK : reserve(copy, count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = copy_row(&copy->arena, &registry->successions[i], &copy->successions[i]);
        copy->succession_acts[i] = registry->succession_acts[i];
        copy->succession_count += err == ERR_OK ? 1 : 0;
    }
    return err;
}

void succession_close(struct registry *registry)
{
    free(registry->successions);
    free(registry->succession_acts);
}

const struct succession *registry_successions(const struct registry *registry, size_t *ret_count)
{
    *ret_count = registry->succession_count;
    return registry->successions;
}
