#include "proto/notices_inside.h"

#include <string.h>

#define KIND(name) IHURIRO__V1__NOTICE__KIND__##name

MUST_USE static enum err step_instant(struct notice_walk *walk, int64_t instant_us,
                                      notice_sink sink, void *sink_context, size_t *budget,
                                      struct notice_cursor *cursor);
MUST_USE static enum err step_record(struct notice_walk *walk, const struct record *record,
                                     notice_sink sink, void *sink_context,
                                     struct notice_cursor *cursor);
MUST_USE static enum err next_instant(struct notice_walk *walk, const struct notice_cursor *cursor,
                                      int64_t *ret_next_us);

static void spend(size_t *budget)
{
    *budget -= *budget > 0 ? 1 : 0;
}

/* One instant or one record on. ret_is_done: the end is reached. */
static enum err step(struct notice_walk *walk, const struct notice_end *end, notice_sink sink,
                     void *sink_context, size_t *budget, struct notice_cursor *cursor,
                     bool *ret_is_done, int64_t *ret_next_us)
{
    struct record record;
    int64_t next_us = 0;
    int64_t goal_us = end->time_us;
    bool has_record = cursor->seq < end->seq;
    enum err err =
        has_record ? walk->source.record(walk->source.context, cursor->seq + 1, &record) : ERR_OK;
    err = err != ERR_OK ? err : next_instant(walk, cursor, &next_us);
    if (err != ERR_OK) {
        return err;
    }
    goal_us = has_record ? record.header.received_at_us : goal_us;
    spend(budget);
    if (next_us <= goal_us) {
        return step_instant(walk, next_us, sink, sink_context, budget, cursor);
    }
    if (has_record) {
        return step_record(walk, &record, sink, sink_context, cursor);
    }
    cursor->time_us = goal_us > cursor->time_us ? goal_us : cursor->time_us;
    *ret_is_done = true;
    *ret_next_us = next_us;
    return ERR_OK;
}

enum err notice_walk_step(struct notice_walk *walk, const struct notice_end *end, notice_sink sink,
                          void *sink_context, size_t *budget, struct notice_cursor *cursor,
                          bool *ret_is_full, int64_t *ret_next_us)
{
    enum err err = ERR_OK;
    bool is_done = false;
    *ret_is_full = false;
    *ret_next_us = INT64_MIN;
    while (err == ERR_OK && !is_done && *budget > 0) {
        err = step(walk, end, sink, sink_context, budget, cursor, &is_done, ret_next_us);
    }
    *ret_is_full = err == ERR_TOO_LARGE;
    return err == ERR_TOO_LARGE ? ERR_OK : err;
}

/* ---- making and unmaking ---- */

static const struct sighting *find_place(void *context, const char *institution, int type,
                                         int frequency, int32_t end_day, size_t *ret_count)
{
    struct notice_walk *walk = context;
    *ret_count = 0;
    walk->place.count = 0;
    if (walk->err == ERR_OK) {
        walk->err = walk->source.place(walk->source.context, institution, type, frequency, end_day,
                                       walk->until, &walk->place);
    }
    if (walk->err != ERR_OK || walk->place.count == 0) {
        return NULL;
    }
    *ret_count = walk->place.count;
    return walk->place.items;
}

static enum err find_body(void *context, uint64_t seq, struct arena *arena,
                          const PbReport **ret_report)
{
    const struct notice_walk *walk = context;
    return walk->source.body(walk->source.context, seq, arena, ret_report);
}

enum err notice_walk_make(const struct notice_source *source, struct notice_walk **ret_walk)
{
    AUTO(notice_walk_close) struct notice_walk *walk = calloc(1, sizeof *walk);
    if (walk == NULL) {
        return ERR_MEMORY;
    }
    walk->source = *source;
    walk->ends_us = INT64_MIN;
    struct sector_terms terms = {
        .known_at_us = INT64_MAX,
        .body = find_body,
        .body_context = walk,
        .place = find_place,
        .place_context = walk,
    };
    enum err err = sector_make(&terms, &walk->sector);
    if (err == ERR_OK) {
        *ret_walk = STEAL(walk);
    }
    return err;
}

void notice_walk_close(struct notice_walk **walk)
{
    if (*walk == NULL) {
        return;
    }
    sector_close(&(*walk)->sector);
    arena_close(&(*walk)->arena);
    arena_close(&(*walk)->reports);
    free((*walk)->place.items);
    free((*walk)->unit);
    free(*walk);
    *walk = NULL;
}

struct sector *notice_walk_sector(struct notice_walk *walk)
{
    return walk->sector;
}

uint64_t notice_walk_last_event(const struct notice_walk *walk)
{
    return walk->last_event;
}

void notice_walk_use(struct notice_walk *walk, void *source_context)
{
    walk->source.context = source_context;
}

enum err sightings_add(struct sightings *place, const struct sighting *sighting)
{
    if (place->count == place->capacity) {
        size_t wanted = place->capacity == 0 ? 16 : place->capacity * 2;
        struct sighting *grown = reallocarray(place->items, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        place->items = grown;
        place->capacity = wanted;
    }
    place->items[place->count++] = *sighting;
    return ERR_OK;
}

/* ---- the unit in hand ---- */

enum err notices_add(struct notice_walk *walk, int kind, struct notice **ret_notice)
{
    if (walk->count == walk->capacity) {
        size_t wanted = walk->capacity == 0 ? 16 : walk->capacity * 2;
        struct notice *grown = reallocarray(walk->unit, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        walk->unit = grown;
        walk->capacity = wanted;
    }
    struct notice *notice = &walk->unit[walk->count++];
    *notice = (struct notice){.kind = kind};
    *ret_notice = notice;
    return ERR_OK;
}

void notice_of_place(struct notice *notice, const char *institution, int type,
                     const struct period *period)
{
    memcpy(notice->institution, institution, strlen(institution) + 1);
    notice->type = notice->sight_type = type;
    notice->frequency = period->frequency;
    notice->end_day = period->end_day;
    period_format(period, notice->period);
}

/* Where the sink takes it, all of it: what was met twice would be put out twice. */
static enum err put_unit(struct notice_walk *walk, notice_sink sink, void *sink_context)
{
    enum err err = walk->err;
    if (err == ERR_OK && walk->count > 0) {
        err = sink(sink_context, walk->unit, walk->count);
    }
    walk->count = 0;
    walk->err = ERR_OK;
    return err;
}

static enum err freshen(struct notice_walk *walk)
{
    enum err err = walk->is_stale ? sector_seal(walk->sector) : ERR_OK;
    walk->is_stale = walk->is_stale && err != ERR_OK;
    return err;
}

/* ---- instants ---- */

static enum err next_instant(struct notice_walk *walk, const struct notice_cursor *cursor,
                             int64_t *ret_next_us)
{
    if (cursor->after[0] != '\0') {
        *ret_next_us = cursor->time_us; /* in the midst of it */
        return ERR_OK;
    }
    bool holds = walk->knows_next && cursor->time_us >= walk->next_after_us &&
                 cursor->time_us < walk->next_us;
    if (!holds) {
        enum err err = freshen(walk);
        if (err != ERR_OK) {
            return err;
        }
        struct calendar calendar = {
            .settings = sector_settings(walk->sector),
            .docket = sector_docket(walk->sector),
        };
        walk->next_us = calendar_next_instant(&calendar, cursor->time_us);
        walk->next_after_us = cursor->time_us;
        walk->knows_next = true;
    }
    *ret_next_us = walk->next_us;
    return ERR_OK;
}

struct at_instant {
    struct notice_walk *walk;
    int64_t instant_us;
    bool is_missing; /* its reports were lost with the hub's history, and it is not back yet */
};

static enum err add_of_instant(const struct at_instant *at, int kind, const struct party *party,
                               const struct duty *duty, const struct cell *cell)
{
    struct notice *notice = NULL;
    enum err err = notices_add(at->walk, kind, &notice);
    if (err == ERR_OK) {
        notice_of_place(notice, party->id, duty->type, &duty->period);
        notice->time_us = at->instant_us;
        notice->due_us = duty->due_us;
        notice->late_s = cell->late_s;
    }
    return err;
}

/* Who has what is wanted, or is excused, hears nothing. */
static enum err visit_cell(void *context, const struct party *party, const struct duty *duty,
                           const struct cell *cell)
{
    static const int kinds[DUTY_INSTANTS] = {
        [DUTY_REMINDED] = KIND(DUE_SOON),
        [DUTY_OVERDUE] = KIND(OVERDUE),
        [DUTY_TOLD_OF] = KIND(ESCALATED),
    };
    const struct at_instant *at = context;
    enum err err = ERR_OK;
    if (cell->timeliness == TIMELINESS_EXCUSED || cell->satisfying != NULL) {
        return ERR_OK;
    }
    for (int which = 0; which < DUTY_INSTANTS && err == ERR_OK; which++) {
        if (duty_instant(duty, (enum duty_instant)which) == at->instant_us &&
            (which == DUTY_REMINDED || !at->is_missing)) {
            err = add_of_instant(at, kinds[which], party, duty, cell);
        }
    }
    return err;
}

static enum err unit_of_party(struct notice_walk *walk, int64_t instant_us,
                              const struct party *party)
{
    struct at_instant at = {walk, instant_us, sector_is_missing(walk->sector, party)};
    enum err err = ERR_OK;
    for (size_t i = 0; i < walk->end_count && err == ERR_OK; i++) {
        struct period end = {.start_day = walk->ends[i], .end_day = walk->ends[i]};
        err = sector_cells_of(walk->sector, party, &end, visit_cell, &at);
    }
    return err;
}

/* The first party behind the id. */
static size_t party_after(const struct registry *registry, const char *id)
{
    size_t low = 0;
    size_t high = registry_count(registry);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool is_before = strcmp(registry_at(registry, middle)->id, id) <= 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return low;
}

static enum err begin_instant(struct notice_walk *walk, int64_t instant_us)
{
    enum err err = freshen(walk);
    if (err != ERR_OK || walk->ends_us == instant_us) {
        return err;
    }
    struct calendar calendar = {
        .settings = sector_settings(walk->sector),
        .docket = sector_docket(walk->sector),
    };
    walk->end_count = calendar_ends_at(&calendar, instant_us, walk->ends);
    walk->ends_us = instant_us;
    return ERR_OK;
}

static enum err step_instant(struct notice_walk *walk, int64_t instant_us, notice_sink sink,
                             void *sink_context, size_t *budget, struct notice_cursor *cursor)
{
    enum err err = begin_instant(walk, instant_us);
    const struct registry *registry = sector_registry(walk->sector);
    const size_t count = registry_count(registry);
    walk->until = cursor->seq;
    sector_look_at(walk->sector, instant_us);
    for (size_t i = party_after(registry, cursor->after); i < count && err == ERR_OK; i++) {
        const struct party *party = registry_at(registry, i);
        err = unit_of_party(walk, instant_us, party);
        err = err != ERR_OK ? err : put_unit(walk, sink, sink_context);
        if (err == ERR_OK) {
            cursor->time_us = instant_us;
            memcpy(cursor->after, party->id, sizeof cursor->after);
        }
        spend(budget);
        if (err == ERR_OK && *budget == 0) {
            return ERR_OK; /* the rest of the instant comes with the next step */
        }
    }
    walk->count = 0;
    if (err == ERR_OK) {
        cursor->time_us = instant_us;
        cursor->after[0] = '\0';
    }
    return err;
}

/* ---- records ---- */

static bool has_finding(const Ihuriro__V1__Judgement *judgement, const char *rule)
{
    for (size_t i = 0; i < judgement->n_findings; i++) {
        if (strcmp(judgement->findings[i]->rule, rule) == 0) {
            return true;
        }
    }
    return false;
}

static enum err add_of_record(struct notice_walk *walk, int kind, const struct header *header,
                              const struct period *period, struct notice **ret_notice)
{
    enum err err = notices_add(walk, kind, ret_notice);
    if (err == ERR_OK) {
        notice_of_place(*ret_notice, header->institution, header->type, period);
        (*ret_notice)->time_us = header->received_at_us;
        (*ret_notice)->seq = header->seq;
    }
    return err;
}

/* One a report, however often a restore brings it. */
static enum err notices_of_findings(struct notice_walk *walk, const struct record *record,
                                    const struct period *period)
{
    static const struct {
        const char *rule;
        int kind;
    } rows[] = {{"LIQ-10", KIND(RUN_ALERT)}, {"LIQ-11", KIND(URGENT_LIQUIDITY)}};
    const Ihuriro__V1__Judgement *judgement = NULL;
    struct notice *notice = NULL;
    if (record->judgement.size == 0) {
        return ERR_OK;
    }
    enum err err =
        MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, record->judgement, &walk->arena, &judgement);
    for (size_t i = 0; err == ERR_OK && i < sizeof rows / sizeof rows[0]; i++) {
        if (has_finding(judgement, rows[i].rule)) {
            err = add_of_record(walk, rows[i].kind, &record->header, period, &notice);
            if (err == ERR_OK) {
                notice->is_of_body = true;
                notice->text = rows[i].rule;
            }
        }
    }
    return err;
}

static bool was_accepted_before(const struct sightings *place, const struct header *header)
{
    for (size_t i = 0; i < place->count; i++) {
        const struct sighting *sighting = &place->items[i];
        if (sighting->seq < header->seq && verdict_accepts(sighting->verdict) &&
            memcmp(sighting->id, header->id, SHA256_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* What nobody owes can be corrected, too. */
static const struct duty *any_duty(const struct header *header, const struct period *period,
                                   struct duty *duty)
{
    static const PbObligation any = {
        .base = PROTOBUF_C_MESSAGE_INIT(&ihuriro__v1__obligation__descriptor),
        .wants = IHURIRO__V1__OBLIGATION__WANTS__ANY,
    };
    *duty = (struct duty){
        .type = header->type,
        .period = *period,
        .due_us = INT64_MAX,
        .grace_us = INT64_MAX,
        .obligation = &any,
    };
    return duty;
}

struct change {
    bool is_owed;
    struct duty duty;
    struct cell before;
    struct cell after;
};

/* The cell before and after the record, which is the last of its place. */
static enum err find_change(struct notice_walk *walk, const struct party *party,
                            const struct header *header, const struct period *period,
                            struct change *change)
{
    struct cell_inputs inputs = {.at_us = header->received_at_us};
    enum err err = sector_duty(walk->sector, party, header->type, period, &change->duty);
    change->is_owed = err == ERR_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    inputs.duty = change->is_owed ? &change->duty : any_duty(header, period, &change->duty);
    inputs.waiver = docket_waiver(sector_docket(walk->sector), party->id, header->type, period);
    inputs.closed = docket_closed(sector_docket(walk->sector), period->end_day);
    inputs.sightings = find_place(walk, party->id, header->type, header->frequency, period->end_day,
                                  &inputs.count);
    if (walk->err != ERR_OK || inputs.count == 0) {
        return walk->err != ERR_OK ? walk->err : ERR_CORRUPT;
    }
    cell_fold(&inputs, &change->after);
    inputs.count--;
    cell_fold(&inputs, &change->before);
    return ERR_OK;
}

static enum err notices_of_cell(struct notice_walk *walk, const struct header *header,
                                const struct period *period, const struct change *change)
{
    struct notice *notice = NULL;
    enum err err = ERR_OK;
    if (change->is_owed && change->before.satisfying == NULL && change->after.satisfying != NULL &&
        change->after.timeliness == TIMELINESS_LATE) {
        err = add_of_record(walk, KIND(LATE), header, period, &notice);
        if (err == ERR_OK) {
            notice->due_us = change->duty.due_us;
            notice->late_s = change->after.late_s;
        }
    }
    if (err == ERR_OK && change->after.corrections > change->before.corrections) {
        err = add_of_record(walk, KIND(CORRECTED_AFTER_CLOSE), header, period, &notice);
    }
    return err;
}

static enum err take_report(struct notice_walk *walk, const struct record *record)
{
    const struct header *header = &record->header;
    struct change change = {.is_owed = false};
    struct period period;
    enum err err = freshen(walk);
    if (err != ERR_OK || !verdict_accepts(header->verdict) ||
        period_ending((enum frequency)header->frequency, header->period_end_day, &period) !=
            ERR_OK) {
        return err;
    }
    const struct party *party = registry_find(sector_registry(walk->sector), header->institution);
    if (party == NULL) {
        return ERR_OK;
    }
    walk->until = header->seq;
    sector_look_at(walk->sector, header->received_at_us);
    err = find_change(walk, party, header, &period, &change);
    err = err != ERR_OK ? err : notices_of_cell(walk, header, &period, &change);
    if (err == ERR_OK && !was_accepted_before(&walk->place, header)) {
        err = notices_of_findings(walk, record, &period);
    }
    return err != ERR_OK ? err : notices_of_limits(walk, party, header, &period);
}

/* Of each type that it names; where it names none, one that is of all. */
static enum err notices_of_waiver(struct notice_walk *walk, const struct header *header,
                                  const Ihuriro__V1__Waived *waived)
{
    struct period period;
    if (period_parse(waived->period, &period) != ERR_OK ||
        (waived->has_withdrawn && waived->withdrawn)) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    const size_t count = waived->n_types == 0 ? 1 : waived->n_types;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        struct notice *notice = NULL;
        err = notices_add(walk, KIND(WAIVER), &notice);
        if (err == ERR_OK) {
            const int type = waived->n_types == 0 ? 0 : (int)waived->types[i];
            notice_of_place(notice, header->institution, type, &period);
            notice->time_us = header->received_at_us;
            notice->seq = header->seq;
            notice->text = waived->reason;
        }
    }
    return err;
}

static enum err take_event(struct notice_walk *walk, const struct record *record)
{
    const struct header *header = &record->header;
    const PbEvent *event = NULL;
    enum err err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, record->body, &walk->arena, &event);
    if (err == ERR_OK && header->kind == KIND_WAIVED && event->waived != NULL) {
        err = notices_of_waiver(walk, header, event->waived);
    }
    return err;
}

/* Only once its notices were taken: a unit that does not fit is met again. */
static enum err feed_event(struct notice_walk *walk, const struct record *record)
{
    const PbEvent *event = NULL;
    arena_reset(&walk->arena);
    enum err err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, record->body, &walk->arena, &event);
    err = err != ERR_OK ? err : sector_event(walk->sector, &record->header, event);
    walk->is_stale = true;
    walk->last_event = record->header.seq;
    if (record->header.kind == KIND_SETTINGS || record->header.kind == KIND_ORDER) {
        walk->knows_next = false;
        walk->ends_us = INT64_MIN;
    }
    return err;
}

static enum err step_record(struct notice_walk *walk, const struct record *record, notice_sink sink,
                            void *sink_context, struct notice_cursor *cursor)
{
    const struct header *header = &record->header;
    bool is_report = header->kind == KIND_REPORT || header->kind == KIND_EARLIER_RECEIPT;
    bool is_event = sector_wants(header->kind);
    arena_reset(&walk->arena);
    enum err err = is_report  ? take_report(walk, record)
                   : is_event ? take_event(walk, record)
                              : ERR_OK;
    err = err != ERR_OK ? err : put_unit(walk, sink, sink_context);
    err = err == ERR_OK && is_event ? feed_event(walk, record) : err;
    walk->count = 0;
    if (err == ERR_OK) {
        cursor->seq = header->seq;
        cursor->after[0] = '\0';
        cursor->time_us =
            header->received_at_us > cursor->time_us ? header->received_at_us : cursor->time_us;
    }
    return err;
}
