/* What is derived from the journal: reports by place, owners, events by kind and subject. */
#include <string.h>

#include "storage/layout.h"

static enum err owners_count(struct txn *txn, const struct header *header);
/* Rows whose keys lie between two that are as long: [first, last], each of `size` bytes of a key.
 */
struct row_range {
    uint8_t first[REPORT_KEY_BYTES];
    uint8_t last[REPORT_KEY_BYTES];
    size_t size;
};
MUST_USE static enum err walk_range(struct txn *txn, const struct row_range *range,
                                    const struct report_row *after, report_visit visit,
                                    void *context);

enum err reports_index(struct txn *txn, const struct header *header)
{
    struct report_row row = {
        .seq = header->seq,
        .kind = header->kind,
        .verdict = header->verdict,
        .status = header->status,
        .vintage = header->vintage,
        .first_received_at_us = header->first_received_at_us,
        .period_end_day = header->period_end_day,
        .frequency = header->frequency,
        .type = header->type,
    };
    memcpy(row.id, header->id, SHA256_BYTES);
    memcpy(row.institution, header->institution, sizeof row.institution);
    uint8_t key[REPORT_KEY_BYTES];
    uint8_t value[REPORT_VALUE_BYTES];
    report_row_encode(&row, key, value);
    txn_put(txn, DB_REPORTS, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
    return header->kind == KIND_REPORT ? owners_count(txn, header) : txn->error;
}

/* previous_seq of the header is what owners said before, so only the count is read again. */
static enum err owners_count(struct txn *txn, const struct header *header)
{
    uint64_t reports = 0;
    uint64_t last_seq = 0;
    enum err err = owners_get(txn, header->institution, &reports, &last_seq);
    if (err != ERR_OK) {
        return txn_fail(txn, err, "owners_get");
    }
    uint8_t key[OWNER_KEY_BYTES];
    uint8_t value[OWNER_VALUE_BYTES];
    if (!name_pad(header->institution, key)) {
        return txn_fail(txn, ERR_RANGE, "owners_count");
    }
    put_u64(value, reports + 1);
    put_u64(value + 8, header->seq);
    return txn_put(txn, DB_OWNERS, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
}

enum err owners_get(struct txn *txn, const char *institution, uint64_t *ret_reports,
                    uint64_t *ret_last_seq)
{
    uint8_t key[OWNER_KEY_BYTES];
    struct bytes value = {0};
    enum err err = name_pad(institution, key)
                       ? txn_get(txn, DB_OWNERS, bytes_of(key, sizeof key), &value)
                       : ERR_NOT_FOUND;
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK && value.size != OWNER_VALUE_BYTES) {
        return ERR_CORRUPT;
    }
    *ret_reports = err == ERR_OK ? get_u64(value.data) : 0;
    *ret_last_seq = err == ERR_OK ? get_u64(value.data + 8) : 0;
    return ERR_OK;
}

enum err reports_walk(struct txn *txn, int type, int frequency, int32_t period_end_day,
                      const char *institution, report_visit visit, void *context)
{
    return reports_walk_on(txn, type, frequency, period_end_day, institution, NULL, visit, context);
}

enum err reports_walk_on(struct txn *txn, int type, int frequency, int32_t period_end_day,
                         const char *institution, const struct report_row *after,
                         report_visit visit, void *context)
{
    struct report_row at = {
        .type = (uint8_t)type, .frequency = (uint8_t)frequency, .period_end_day = period_end_day};
    if (institution != NULL) {
        if (strlen(institution) > INSTITUTION_ID_MAX) {
            return ERR_OK; /* nobody's */
        }
        memcpy(at.institution, institution, strlen(institution));
    }
    struct row_range range = {.size = institution != NULL ? REPORT_KEY_PLACE : REPORT_KEY_PERIOD};
    uint8_t value[REPORT_VALUE_BYTES];
    report_row_encode(&at, range.first, value);
    memcpy(range.last, range.first, sizeof range.last);
    return walk_range(txn, &range, after, visit, context);
}

enum err reports_walk_days(struct txn *txn, int type, int frequency, int32_t first_day,
                           int32_t last_day, const struct report_row *after, report_visit visit,
                           void *context)
{
    struct report_row at = {
        .type = (uint8_t)type, .frequency = (uint8_t)frequency, .period_end_day = first_day};
    struct row_range range = {.size = REPORT_KEY_PERIOD};
    uint8_t value[REPORT_VALUE_BYTES];
    report_row_encode(&at, range.first, value);
    at.period_end_day = last_day;
    report_row_encode(&at, range.last, value);
    return walk_range(txn, &range, after, visit, context);
}

static enum err walk_range(struct txn *txn, const struct row_range *range,
                           const struct report_row *after, report_visit visit, void *context)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    uint8_t at[REPORT_KEY_BYTES];
    uint8_t unused[REPORT_VALUE_BYTES];
    struct bytes begin = bytes_of(range->first, range->size);
    if (after != NULL) {
        report_row_encode(after, at, unused);
        begin = bytes_of(at, sizeof at);
    }
    enum err err = cursor_open(txn, DB_REPORTS, &cursor);
    err = err != ERR_OK ? err : cursor_seek(&cursor, begin, &key, &value);
    if (err == ERR_OK && after != NULL && bytes_equal(key, begin)) {
        err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
    }
    while (err == ERR_OK && key.size >= range->size &&
           memcmp(key.data, range->last, range->size) <= 0) {
        struct report_row row;
        if ((err = report_row_decode(key, value, &row)) != ERR_OK ||
            (err = visit(context, &row)) != ERR_OK) {
            return err;
        }
        err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- what the ingest turn asks of a place ---- */

struct place_fold {
    const uint8_t *id;
    bool has_id;
    struct place place;
};

static enum err fold_row(void *context, const struct report_row *row)
{
    struct place_fold *fold = context;
    struct place *place = &fold->place;
    bool is_accepted = verdict_accepts(row->verdict);
    if (memcmp(row->id, fold->id, SHA256_BYTES) == 0) {
        if (row->kind == KIND_REPORT && !place->holds_id) {
            place->holds_id = true;
            place->seq = row->seq;
        }
        if (!fold->has_id || row->first_received_at_us < place->id_first_us) {
            place->id_first_us = row->first_received_at_us;
        }
        fold->has_id = true;
        place->id_is_accepted |= is_accepted;
    }
    if (!is_accepted) {
        return ERR_OK;
    }
    place->has_final |= row->status == IHURIRO__V1__REPORT__STATUS__FINAL;
    if (row->vintage > place->highest_vintage ||
        (row->vintage == place->highest_vintage &&
         row->first_received_at_us < place->highest_since_us)) {
        place->highest_vintage = row->vintage;
        place->highest_since_us = row->first_received_at_us;
    }
    return ERR_OK;
}

enum err reports_place(struct txn *txn, int type, int frequency, int32_t period_end_day,
                       const char *institution, const uint8_t id[static SHA256_BYTES],
                       struct place *ret_place)
{
    struct place_fold fold = {.id = id};
    enum err err = reports_walk(txn, type, frequency, period_end_day, institution, fold_row, &fold);
    if (err == ERR_OK) {
        *ret_place = fold.place;
    }
    return err;
}
