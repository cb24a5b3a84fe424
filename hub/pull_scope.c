#include "hub/pull_scope.h"

#include <string.h>

struct collecting {
    struct scope_walk *walk;
    const struct reading *reading;
    const struct party *reader;
    const PbFilter *filter;
    size_t rows_left;
};

static enum err walk_events(struct collecting *collecting, int kind);
static enum err walk_reports(struct collecting *collecting, size_t number);

static bool is_report_kind(uint32_t kind)
{
    return kind == KIND_REPORT || kind == KIND_EARLIER_RECEIPT;
}

static int by_seq(const void *a, const void *b)
{
    const struct scoped *left = a;
    const struct scoped *right = b;
    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

/* The range that is in hand, to its end or until the rows are used up (ERR_BUSY). */
static enum err walk_range(struct collecting *collecting)
{
    const PbFilter *filter = collecting->filter;
    size_t range = collecting->walk->range;
    if (range >= filter->n_kinds) {
        return walk_reports(collecting, range - filter->n_kinds);
    }
    for (size_t i = 0; i < range; i++) {
        if (filter->kinds[i] == filter->kinds[range]) {
            return ERR_OK; /* named twice */
        }
    }
    return is_report_kind(filter->kinds[range])
               ? ERR_OK
               : walk_events(collecting, (int)filter->kinds[range]);
}

static size_t ranges_of_reports(const PbFilter *filter)
{
    bool has_reports = false;
    size_t institutions = filter->n_institutions > 0 ? filter->n_institutions : 1;
    for (size_t i = 0; i < filter->n_kinds; i++) {
        has_reports = has_reports || is_report_kind(filter->kinds[i]);
    }
    return has_reports ? (TYPE_LAST - TYPE_PORTFOLIO + 1) * institutions : 0;
}

enum err scope_step(struct scope_walk *walk, const struct reading *reading,
                    const struct party *reader, const PbFilter *filter, size_t rows_max)
{
    struct collecting collecting = {.walk = walk,
                                    .reading = reading,
                                    .reader = reader,
                                    .filter = filter,
                                    .rows_left = rows_max};
    size_t ranges = filter->n_kinds + ranges_of_reports(filter);
    enum err err = ERR_OK;
    while (err == ERR_OK && walk->range < ranges) {
        err = walk_range(&collecting);
        if (err == ERR_OK) {
            walk->range++;
            walk->is_within = false;
        }
    }
    if (err == ERR_OK) {
        walk->is_done = true;
        if (walk->scope.count > 1) {
            qsort(walk->scope.items, walk->scope.count, sizeof *walk->scope.items, by_seq);
        }
    }
    return err == ERR_BUSY ? ERR_OK : err;
}

void scope_walk_close(struct scope_walk *walk)
{
    scope_close(&walk->scope);
    *walk = (struct scope_walk){.until = 0};
}

void scope_close(struct scope *scope)
{
    free(scope->items);
    *scope = (struct scope){0};
}

enum err scope_check(const PbFilter *filter, struct complaint *complaint)
{
    struct period period;
    if (filter == NULL || filter->period == NULL ||
        period_parse(filter->period, &period) != ERR_OK) {
        return complain(complaint, ERR_REFUSED, "A pull is of one period, such as 2020-06.");
    }
    if (filter->n_kinds == 0) {
        return complain(complaint, ERR_REFUSED, "A pull names the kinds of record that it wants.");
    }
    for (size_t i = 0; i < filter->n_kinds; i++) {
        if (filter->kinds[i] == KIND_ACCESS) {
            return complain(complaint, ERR_REFUSED,
                            "Accesses are not part of a pull. Read them from the feed.");
        }
    }
    if (filter_has_groups(filter)) {
        return complain(complaint, ERR_REFUSED,
                        "A pull is not made by category or district: these change, and a pull of a "
                        "position never does. Pull all, and choose among what came.");
    }
    return filter_check(filter, complaint);
}

enum err scope_ids_hash(const struct scope *scope, uint8_t ret_hash[static SHA256_BYTES])
{
    AUTO(buffer_close) struct buffer ids = {0};
    for (size_t i = 0; i < scope->count; i++) {
        enum err err = buffer_append(&ids, scope->items[i].id, SHA256_BYTES);
        if (err != ERR_OK) {
            return err;
        }
    }
    sha256(buffer_bytes(&ids), ret_hash);
    return ERR_OK;
}

/* Takes a record if it is within the bound, the filter's and the reader's. Everything that these
 * look at is in the header. */
static enum err take(struct collecting *collecting, const struct header *header)
{
    if (header->seq > collecting->walk->until || !filter_takes(collecting->filter, header) ||
        access_sight(collecting->reader, collecting->reading->registry, header) == SIGHT_NONE) {
        return ERR_OK;
    }
    struct scope *scope = &collecting->walk->scope;
    if (scope->count == scope->capacity) {
        size_t wanted = scope->capacity == 0 ? 1024 : scope->capacity * 2;
        struct scoped *grown = reallocarray(scope->items, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        scope->items = grown;
        scope->capacity = wanted;
    }
    struct scoped *scoped = &scope->items[scope->count++];
    scoped->seq = header->seq;
    memcpy(scoped->id, header->id, SHA256_BYTES);
    return ERR_OK;
}

/* ---- reports, by type and period ---- */

static bool row_is_due(struct collecting *collecting)
{
    if (collecting->rows_left == 0) {
        return false;
    }
    collecting->rows_left--;
    return true;
}

static enum err take_row(void *context, const struct report_row *row)
{
    struct collecting *collecting = context;
    if (!row_is_due(collecting)) {
        return ERR_BUSY;
    }
    struct header header = {
        .kind = row->kind,
        .seq = row->seq,
        .type = row->type,
        .frequency = row->frequency,
        .verdict = row->verdict,
        .status = row->status,
        .period_end_day = row->period_end_day,
        .vintage = row->vintage,
        .first_received_at_us = row->first_received_at_us,
    };
    memcpy(header.institution, row->institution, sizeof header.institution);
    memcpy(header.id, row->id, SHA256_BYTES);
    enum err err = take(collecting, &header);
    if (err == ERR_OK) {
        collecting->walk->last_report = *row;
        collecting->walk->is_within = true;
    }
    return err;
}

/* Each type in turn, and within it each institution that is named, or all together. */
static enum err walk_reports(struct collecting *collecting, size_t number)
{
    const PbFilter *filter = collecting->filter;
    const struct scope_walk *walk = collecting->walk;
    size_t institutions = filter->n_institutions > 0 ? filter->n_institutions : 1;
    size_t at = number % institutions;
    int type = TYPE_PORTFOLIO + (int)(number / institutions);
    const char *institution = filter->n_institutions > 0 ? filter->institutions[at] : NULL;
    bool is_wanted = filter->n_types == 0;
    for (size_t i = 0; i < filter->n_types; i++) {
        is_wanted = is_wanted || (int)filter->types[i] == type;
    }
    for (size_t i = 0; institution != NULL && i < at; i++) {
        is_wanted = is_wanted && strcmp(filter->institutions[i], institution) != 0;
    }
    struct period period;
    enum err err = period_parse(filter->period, &period);
    if (err != ERR_OK || !is_wanted) {
        return err;
    }
    return reports_walk_on(collecting->reading->txn, type, (int)period.frequency, period.end_day,
                           institution, walk->is_within ? &walk->last_report : NULL, take_row,
                           collecting);
}

/* ---- events, by kind ---- */

/* Enrolments concern a pull where they are an institution's: a reader that is enrolled changes no
 * byte of it. They come subject by subject; whose they are is known at the end of each. Decided by
 * the records up to the bound alone, so that it stays so. */
static void end_subject(struct scope_walk *walk)
{
    if (!walk->is_institution && walk->scope.count > walk->subject_begin) {
        walk->scope.count = walk->subject_begin;
    }
    walk->subject_begin = walk->scope.count;
    walk->is_institution = false;
}

static enum err look_at_party(struct scope_walk *walk, const struct record *record)
{
    AUTO(arena_close) struct arena arena = {0};
    const PbEvent *event = NULL;
    enum err err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, record->body, &arena, &event);
    if (err == ERR_OK && event->party != NULL && event->party->has_role &&
        (int)event->party->role == ROLE_MEMBER) {
        walk->is_institution = true;
    }
    return err;
}

static enum err take_event(void *context, const struct event_row *row)
{
    struct collecting *collecting = context;
    struct scope_walk *walk = collecting->walk;
    struct record record;
    if (!row_is_due(collecting)) {
        return ERR_BUSY;
    }
    if (!walk->is_within || strcmp(walk->last_event.subject, row->subject) != 0) {
        end_subject(walk);
    }
    walk->last_event = *row;
    walk->is_within = true;
    if (row->seq > walk->until) {
        return ERR_OK;
    }
    enum err err = journal_get(collecting->reading->txn, row->seq, &record);
    if (err == ERR_OK && record.header.kind == KIND_PARTY) {
        err = look_at_party(walk, &record);
    } else {
        walk->is_institution = true; /* of other kinds all are of interest */
    }
    return err != ERR_OK ? err : take(collecting, &record.header);
}

static enum err walk_events(struct collecting *collecting, int kind)
{
    struct scope_walk *walk = collecting->walk;
    if (!walk->is_within) {
        walk->last_event = (struct event_row){.seq = 0};
        walk->is_institution = true; /* what was collected before stays */
    }
    enum err err =
        events_walk_on(collecting->reading->txn, kind, &walk->last_event, take_event, collecting);
    if (err == ERR_OK) {
        end_subject(walk);
    }
    return err;
}
