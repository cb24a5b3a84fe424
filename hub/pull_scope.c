#include "hub/pull_scope.h"

#include <string.h>

struct collecting {
    const struct reading *reading;
    const struct party *reader;
    const PbFilter *filter;
    uint64_t until;
    char subject[INSTITUTION_ID_MAX + 1]; /* of the enrolments being walked */
    bool is_institution;                  /* that subject */
    struct scope scope;
};

static enum err collect_reports(struct collecting *collecting);
static enum err collect_events(struct collecting *collecting, int kind);

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

enum err scope_collect(const struct reading *reading, const struct party *reader,
                       const PbFilter *filter, uint64_t until, struct scope *ret_scope)
{
    struct collecting collecting = {
        .reading = reading, .reader = reader, .filter = filter, .until = until};
    bool has_reports = false;
    enum err err = ERR_OK;
    for (size_t i = 0; i < filter->n_kinds && err == ERR_OK; i++) {
        bool is_repeated = false;
        for (size_t j = 0; j < i; j++) {
            is_repeated = is_repeated || filter->kinds[j] == filter->kinds[i];
        }
        if (is_report_kind(filter->kinds[i])) {
            has_reports = true;
        } else if (!is_repeated) {
            err = collect_events(&collecting, (int)filter->kinds[i]);
        }
    }
    if (err == ERR_OK && has_reports) {
        err = collect_reports(&collecting);
    }
    if (err != ERR_OK) {
        scope_close(&collecting.scope);
        return err;
    }
    if (collecting.scope.count > 1) {
        qsort(collecting.scope.items, collecting.scope.count, sizeof *collecting.scope.items,
              by_seq);
    }
    *ret_scope = collecting.scope;
    return ERR_OK;
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
    if (header->seq > collecting->until || !filter_takes(collecting->filter, header) ||
        access_sight(collecting->reader, collecting->reading->registry, header) == SIGHT_NONE) {
        return ERR_OK;
    }
    struct scope *scope = &collecting->scope;
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

static enum err take_row(void *context, const struct report_row *row)
{
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
    return take(context, &header);
}

static enum err collect_of_type(struct collecting *collecting, int type,
                                const struct period *period)
{
    const PbFilter *filter = collecting->filter;
    struct txn *txn = collecting->reading->txn;
    if (filter->n_institutions == 0) {
        return reports_walk(txn, type, (int)period->frequency, period->end_day, NULL, take_row,
                            collecting);
    }
    enum err err = ERR_OK;
    for (size_t i = 0; i < filter->n_institutions && err == ERR_OK; i++) {
        bool is_repeated = false;
        for (size_t j = 0; j < i; j++) {
            is_repeated =
                is_repeated || strcmp(filter->institutions[j], filter->institutions[i]) == 0;
        }
        if (!is_repeated) {
            err = reports_walk(txn, type, (int)period->frequency, period->end_day,
                               filter->institutions[i], take_row, collecting);
        }
    }
    return err;
}

static enum err collect_reports(struct collecting *collecting)
{
    struct period period;
    enum err err = period_parse(collecting->filter->period, &period);
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST && err == ERR_OK; type++) {
        bool is_wanted = collecting->filter->n_types == 0;
        for (size_t i = 0; i < collecting->filter->n_types; i++) {
            is_wanted = is_wanted || (int)collecting->filter->types[i] == type;
        }
        err = is_wanted ? collect_of_type(collecting, type, &period) : ERR_OK;
    }
    return err;
}

/* ---- events, by kind ---- */

static enum err look_for_member(void *context, uint64_t seq)
{
    struct collecting *collecting = context;
    AUTO(arena_close) struct arena arena = {0};
    struct record record;
    const PbEvent *event = NULL;
    if (collecting->is_institution || seq > collecting->until) {
        return ERR_OK;
    }
    enum err err = journal_get(collecting->reading->txn, seq, &record);
    if (err == ERR_OK) {
        err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, record.body, &arena, &event);
    }
    if (err == ERR_OK && event->party != NULL && event->party->has_role) {
        collecting->is_institution = (int)event->party->role == ROLE_MEMBER;
    }
    return err;
}

/* Enrolments concern a pull where they are an institution's: a reader that is enrolled changes no
 * byte of it. Decided by the records up to the bound alone, so that it stays so. */
static enum err find_whose(struct collecting *collecting, const char *subject)
{
    if (strcmp(collecting->subject, subject) == 0) {
        return ERR_OK; /* they come subject by subject */
    }
    memcpy(collecting->subject, subject, sizeof collecting->subject);
    collecting->is_institution = false;
    return events_walk(collecting->reading->txn, KIND_PARTY, collecting->subject, look_for_member,
                       collecting);
}

static enum err take_event(void *context, uint64_t seq)
{
    struct collecting *collecting = context;
    struct record record;
    if (seq > collecting->until) {
        return ERR_OK;
    }
    enum err err = journal_get(collecting->reading->txn, seq, &record);
    if (err != ERR_OK) {
        return err;
    }
    if (record.header.kind == KIND_PARTY) {
        err = find_whose(collecting, record.header.institution);
        if (err != ERR_OK || !collecting->is_institution) {
            return err;
        }
    }
    return take(collecting, &record.header);
}

static enum err collect_events(struct collecting *collecting, int kind)
{
    return events_walk(collecting->reading->txn, kind, NULL, take_event, collecting);
}
