/* Totals of a sector: what is known at (N, T), fed member by member. */
#include "proto/calendar.h"
#include "proto/proforma.h"
#include "proto/totals_inside.h"

struct feeding {
    struct totals *totals;
    const struct sector *sector;
    const struct party *party;
    struct arena *arena;
};

static int offset_of(const struct feeding *feeding)
{
    const PbSettings *settings = sector_settings(feeding->sector);
    return settings == NULL ? 0 : settings->utc_offset_minutes;
}

/* Who of them owed reports for the month; kept in their place. */
static size_t who_owed(const struct feeding *feeding, const struct party **parties, size_t count,
                       const struct period *month)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (party_owes(parties[i], month, offset_of(feeding))) {
            parties[kept++] = parties[i];
        }
    }
    return kept;
}

/* The month of the institution as it is now: its own reports, or where a merger between made it
 * what it is, the sum of those that it was (DOMAIN D53). What was split has no past of its own. */
static enum err past_of(const struct feeding *feeding, const struct period *month,
                        const struct ratio_inputs *own, const struct ratio_inputs **ret_past)
{
    const struct party **linked = NULL;
    size_t count = 0;
    int32_t until_day = feeding->totals->month.end_day;
    enum err err = linked_parties(sector_registry(feeding->sector), feeding->party, month->end_day,
                                  until_day, feeding->arena, &linked, &count);
    if (err != ERR_OK || count == 1) {
        *ret_past = own;
        return err;
    }
    const struct party **then = arena_take(feeding->arena, count * sizeof *then);
    if (then == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        then[i] = linked[i];
    }
    size_t then_count = who_owed(feeding, then, count, month);
    if (who_owed(feeding, linked, count, &feeding->totals->month) != 1 || then_count == 0) {
        *ret_past = NULL;
        return ERR_OK;
    }
    const struct ratio_inputs **inputs = arena_take(feeding->arena, then_count * sizeof *inputs);
    struct ratio_inputs *sum = NULL;
    err = inputs == NULL ? ERR_MEMORY : ERR_OK;
    bool may_be_read = true;
    for (size_t i = 0; i < then_count && err == ERR_OK; i++) {
        may_be_read = may_be_read && party_may_be_read(feeding->totals, then[i]);
        err = sector_inputs(feeding->sector, then[i], month, 0, feeding->arena, &inputs[i]);
    }
    err = err != ERR_OK ? err : inputs_sum(inputs, then_count, own, feeding->arena, &sum);
    if (err == ERR_OK) {
        *ret_past = may_be_read ? sum : NULL;
    }
    return err;
}

/* Its own inputs of the month, over the pasts of what it is now. */
static enum err with_past(const struct feeding *feeding, const struct ratio_inputs *own,
                          const struct ratio_inputs **ret_now)
{
    struct ratio_inputs *first = NULL;
    const struct ratio_inputs **place = NULL;
    struct period month = feeding->totals->month;
    enum err err = ERR_OK;
    for (; own != NULL && err == ERR_OK; own = own->before) {
        const struct ratio_inputs *past = own;
        struct ratio_inputs *copy = arena_take(feeding->arena, sizeof *copy);
        err = copy == NULL ? ERR_MEMORY : ERR_OK;
        err = err != ERR_OK || first == NULL ? err : past_of(feeding, &month, own, &past);
        if (err != ERR_OK || past == NULL) {
            break;
        }
        *copy = *past;
        copy->before = NULL;
        first = first == NULL ? copy : first;
        if (place != NULL) {
            *place = copy;
        }
        place = &copy->before;
        month = period_previous(&month);
    }
    if (err == ERR_OK) {
        *ret_now = first;
    }
    return err;
}

/* The latest accepted C01 up to the month's end, else what the register says (DOMAIN D52). */
static enum err find_assets(const struct feeding *feeding, totals_assets assets, void *context,
                            struct totals_fed *fed)
{
    const struct party *party = feeding->party;
    for (const struct ratio_inputs *at = fed->now; at != NULL && !fed->has_assets;
         at = at->before) {
        const PbCapital *capital = capital_of(at);
        fed->has_assets = capital != NULL && capital->has_total_assets;
        fed->assets = fed->has_assets ? capital->total_assets : 0;
    }
    enum err err = fed->has_assets || assets == NULL
                       ? ERR_OK
                       : assets(context, party, &fed->has_assets, &fed->assets);
    if (err == ERR_OK && !fed->has_assets && party->assets >= 0 &&
        party->assets_on_day <= feeding->totals->month.end_day) {
        fed->has_assets = true;
        fed->assets = party->assets;
    }
    return err;
}

enum err totals_feed_from(struct totals *totals, const struct sector *sector, size_t index,
                          totals_assets assets, void *context)
{
    const struct member *member = &totals->members[index];
    struct feeding feeding = {totals, sector, member->party, &totals->feeding};
    struct totals_fed fed = {.now = NULL};
    const struct ratio_inputs *own = NULL;
    if (!member->may_be_read) {
        return ERR_OK;
    }
    enum err err = sector_inputs(sector, member->party, &totals->month, totals->months_before,
                                 feeding.arena, &own);
    err = err != ERR_OK ? err : with_past(&feeding, own, &fed.now);
    if (err == ERR_OK) {
        fed.before = own->before;
        err = find_assets(&feeding, assets, context, &fed);
    }
    err = err != ERR_OK ? err : totals_feed(totals, index, &fed);
    arena_reset(feeding.arena);
    return err;
}

enum err totals_of_sector(const struct sector *sector, const struct totals_terms *terms,
                          struct totals **ret_totals)
{
    AUTO(totals_close) struct totals *totals = NULL;
    enum err err = totals_make(terms, sector_registry(sector), sector_settings(sector), &totals);
    for (size_t i = 0; err == ERR_OK && i < totals_members(totals); i++) {
        err = totals_feed_from(totals, sector, i, NULL, NULL);
    }
    err = err != ERR_OK ? err : totals_seal(totals);
    if (err == ERR_OK) {
        *ret_totals = STEAL(totals);
    }
    return err;
}
