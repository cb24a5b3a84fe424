/* Notices of limits: where a ratio stood to its limit before a report came, and where it stands
 * after.
 *
 * Looked at is the period that the report is of, if no later one is known yet: a correction of the
 * past changes no present. Before it is that period as it was, or the last one before it in which
 * the ratio is known. Of months what is owed quarterly, weekly or daily counts as everywhere (D39);
 * a day or a week is looked at by its own reports. */
#include <string.h>

#include "proto/notices_inside.h"
#include "proto/prudential.h"

#define YEAR_MONTHS  12
#define EARLIER_KEYS 12 /* months; of days and weeks a month's */
#define LATER_KEYS   31

/* One ratio that a confirmed limit is of. */
struct watched {
    const struct ratio *ratio;
    const PbPrudentialLimit *limit; /* in force at the period's end, and confirmed; NULL: none */
    struct ratio_value value;
    enum standing standing;
};

struct look {
    struct notice_walk *walk;
    const struct party *party;
    int months_before;
    struct watched *ratios;
    size_t count;
};

static bool is_watched(const struct look *look, const struct ratio *ratio)
{
    for (size_t i = 0; i < look->count; i++) {
        if (look->ratios[i].ratio == ratio) {
            return true;
        }
    }
    return false;
}

static enum err find_watched(struct look *look, const PbSettings *settings)
{
    look->ratios = NULL;
    look->count = 0;
    for (size_t i = 0; settings != NULL && i < settings->n_limits; i++) {
        const PbPrudentialLimit *limit = settings->limits[i];
        const struct ratio *ratio =
            limit_is_confirmed(limit) && limit->has_red ? ratio_find(limit->ratio) : NULL;
        if (ratio == NULL || is_watched(look, ratio)) {
            continue;
        }
        if (look->ratios == NULL) {
            look->ratios =
                arena_take(&look->walk->arena, settings->n_limits * sizeof(struct watched));
        }
        if (look->ratios == NULL) {
            return ERR_MEMORY;
        }
        int needed = ratio->is_yearly ? YEAR_MONTHS : ratio->needs_before ? 1 : 0;
        look->months_before = needed > look->months_before ? needed : look->months_before;
        look->ratios[look->count++] = (struct watched){.ratio = ratio};
    }
    return ERR_OK;
}

/* ---- where they stand in a period ---- */

static enum err report_at(const struct look *look, int type, const struct period *key,
                          const PbReport **ret_report)
{
    struct notice_walk *walk = look->walk;
    size_t count = 0;
    const struct sighting *sightings = sector_place(walk->sector, look->party->id, type,
                                                    (int)key->frequency, key->end_day, &count);
    const struct sighting *current = count > 0 ? place_current(sightings, count) : NULL;
    *ret_report = NULL;
    return current == NULL ? ERR_OK
                           : sector_body(walk->sector, current->seq, &walk->reports, ret_report);
}

static enum err inputs_of_key(const struct look *look, const struct period *key,
                              struct ratio_inputs *inputs)
{
    const PbReport **const places[] = {
        [TYPE_PORTFOLIO] = &inputs->portfolio,   [TYPE_LIQUIDITY] = &inputs->liquidity,
        [TYPE_OPERATIONS] = &inputs->operations, [TYPE_CAPITAL] = &inputs->capital,
        [TYPE_EXPOSURES] = &inputs->exposures,
    };
    enum err err = ERR_OK;
    inputs->settings = sector_settings(look->walk->sector);
    inputs->category = look->party->category;
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST && err == ERR_OK; type++) {
        err = report_at(look, type, key, places[type]);
    }
    return err;
}

/* Of the records up to `until`. */
static enum err look_at(const struct look *look, const struct period *key, uint64_t until,
                        struct watched *ratios)
{
    struct notice_walk *walk = look->walk;
    const PbSettings *settings = sector_settings(walk->sector);
    struct ratio_inputs own = {.settings = NULL};
    const struct ratio_inputs *inputs = &own;
    walk->until = until;
    arena_reset(&walk->reports);
    enum err err = key->frequency == FREQUENCY_M
                       ? sector_inputs(walk->sector, look->party, key, look->months_before,
                                       &walk->reports, &inputs)
                       : inputs_of_key(look, key, &own);
    err = err != ERR_OK ? err : walk->err;
    for (size_t i = 0; i < look->count && err == ERR_OK; i++) {
        struct watched *watched = &ratios[i];
        *watched = (struct watched){.ratio = look->ratios[i].ratio};
        watched->value = ratio_compute(watched->ratio, inputs);
        const PbPrudentialLimit *limit =
            limit_find(settings, watched->ratio->id, look->party->category, key->end_day);
        if (limit != NULL && limit_is_confirmed(limit)) {
            watched->limit = limit;
            watched->standing = limit_standing(limit, watched->value);
        }
    }
    return err;
}

static bool is_known(const struct watched *ratios, size_t count)
{
    bool is_known = false;
    for (size_t i = 0; i < count; i++) {
        is_known = is_known || !ratios[i].value.is_null;
    }
    return is_known;
}

/* ---- before and after ---- */

/* What is known of a later period already is not of the present any more. */
static enum err drop_past(const struct look *look, const struct period *key, uint64_t seq,
                          int32_t today, struct watched *after, struct watched *room)
{
    struct period later = *key;
    for (int i = 0; i < LATER_KEYS && is_known(after, look->count); i++) {
        if (period_containing(later.frequency, later.end_day + 1, &later) != ERR_OK ||
            later.start_day > today) {
            return ERR_OK;
        }
        enum err err = look_at(look, &later, seq, room);
        if (err != ERR_OK) {
            return err;
        }
        for (size_t k = 0; k < look->count; k++) {
            after[k].value.is_null = after[k].value.is_null || !room[k].value.is_null;
        }
    }
    return ERR_OK;
}

/* Where each stood: in this period before the report, else in the last one that knows it. */
static enum err find_before(const struct look *look, const struct period *key, uint64_t seq,
                            const struct watched *after, struct watched *before,
                            struct watched *room)
{
    struct period earlier = *key;
    size_t lacking = look->count;
    enum err err = ERR_OK;
    memset(before, 0, look->count * sizeof *before);
    for (size_t i = 0; i < look->count; i++) {
        before[i].value.is_null = true;
        lacking -= after[i].value.is_null; /* nobody asks */
    }
    for (int i = 0; i <= EARLIER_KEYS && lacking > 0 && err == ERR_OK; i++) {
        err = look_at(look, &earlier, seq - 1, room);
        for (size_t k = 0; k < look->count && err == ERR_OK; k++) {
            if (!after[k].value.is_null && before[k].value.is_null && !room[k].value.is_null) {
                before[k] = room[k];
                lacking--;
            }
        }
        earlier = period_previous(&earlier);
    }
    return err;
}

static enum err add_change(struct notice_walk *walk, const struct header *header,
                           const struct period *period, const struct watched *before,
                           const struct watched *after)
{
    struct notice *notice = NULL;
    bool was_breach = before->standing == STANDING_BREACH;
    bool is_breach = after->standing == STANDING_BREACH;
    if (after->value.is_null || after->standing == STANDING_UNKNOWN || was_breach == is_breach) {
        return ERR_OK;
    }
    enum err err = notices_add(
        walk, is_breach ? IHURIRO__V1__NOTICE__KIND__BREACH : IHURIRO__V1__NOTICE__KIND__CLEARED,
        &notice);
    if (err == ERR_OK) {
        notice_of_place(notice, header->institution, header->type, period);
        notice->sight_type = after->ratio->is_exposed ? TYPE_EXPOSURES : header->type;
        notice->is_of_body = true;
        notice->time_us = header->received_at_us;
        notice->seq = header->seq;
        notice->limit = after->limit->id;
        notice->ratio = after->ratio->id;
        notice->value = after->value.value;
        notice->bound = after->limit->red;
    }
    return err;
}

enum err notices_of_limits(struct notice_walk *walk, const struct party *party,
                           const struct header *header, const struct period *period)
{
    struct look look = {.walk = walk, .party = party};
    const PbSettings *settings = sector_settings(walk->sector);
    const int32_t today =
        time_day(header->received_at_us, settings != NULL ? settings->utc_offset_minutes : 0);
    struct period key = *period;
    enum err err = find_watched(&look, settings);
    if (err != ERR_OK || look.count == 0) {
        return err;
    }
    if (key.frequency == FREQUENCY_Q &&
        period_containing(FREQUENCY_M, period->end_day, &key) != ERR_OK) {
        return ERR_OK;
    }
    struct watched *after = arena_take(&walk->arena, 3 * look.count * sizeof *after);
    if (after == NULL) {
        return ERR_MEMORY;
    }
    struct watched *before = after + look.count;
    struct watched *room = before + look.count;
    err = look_at(&look, &key, header->seq, after);
    err = err != ERR_OK ? err : drop_past(&look, &key, header->seq, today, after, room);
    if (err != ERR_OK || !is_known(after, look.count)) {
        return err;
    }
    err = find_before(&look, &key, header->seq, after, before, room);
    for (size_t i = 0; i < look.count && err == ERR_OK; i++) {
        err = add_change(walk, header, period, &before[i], &after[i]);
    }
    return err;
}
