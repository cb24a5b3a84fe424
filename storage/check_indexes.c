/* What is derived from the journal, rebuilt and compared in both directions: each record has its
 * row, and each row its record. */
#include <inttypes.h>
#include <string.h>

#include "proto/text.h"
#include "storage/check_inside.h"

MUST_USE static enum err check_row(struct check *check, const struct header *header);
MUST_USE static enum err check_link(struct check *check, const struct header *header);

enum err check_derived(struct check *check, const struct header *header)
{
    enum err err = check_row(check, header);
    if (err == ERR_OK && header->kind == KIND_REPORT) {
        return check_link(check, header);
    }
    if (err == ERR_OK && header->previous_seq != 0) {
        check_problem(check,
                      "Record %" PRIu64 " is no report and has a link to record %" PRIu64 ".",
                      header->seq, header->previous_seq);
    }
    return err;
}

/* The row that a header calls for. */
struct expected_row {
    size_t database;
    size_t key_size;
    size_t value_size;
    uint8_t key[REPORT_KEY_BYTES];
    uint8_t value[REPORT_VALUE_BYTES];
};

static void expect(const struct header *header, struct expected_row *ret_row)
{
    *ret_row = (struct expected_row){.database = DB_EVENTS, .key_size = EVENT_KEY_BYTES};
    if (!kind_is_report(header->kind)) {
        event_key_encode(header->kind, header->institution, header->seq, ret_row->key);
        return;
    }
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
    report_row_encode(&row, ret_row->key, ret_row->value);
    ret_row->database = DB_REPORTS;
    ret_row->key_size = REPORT_KEY_BYTES;
    ret_row->value_size = REPORT_VALUE_BYTES;
}

static enum err check_row(struct check *check, const struct header *header)
{
    struct expected_row row;
    struct bytes value = {0};
    expect(header, &row);
    enum err err = txn_get(check->txn, row.database, bytes_of(row.key, row.key_size), &value);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    bool is_equal = err == ERR_OK && bytes_equal(value, bytes_of(row.value, row.value_size));
    if (!is_equal) {
        check_problem(check, "Record %" PRIu64 ": its row in %s %s.", header->seq,
                      store_databases[row.database],
                      err == ERR_NOT_FOUND ? "is missing" : "says something else");
    }
    return ERR_OK;
}

static enum err check_link(struct check *check, const struct header *header)
{
    struct owner *owner = owners_find(&check->owners, header->institution);
    if (owner == NULL) {
        return ERR_MEMORY;
    }
    if (header->previous_seq != owner->last_seq) {
        check_problem(check,
                      "Record %" PRIu64 " links to record %" PRIu64
                      ", and the report of %s before it is %" PRIu64 ".",
                      header->seq, header->previous_seq, header->institution, owner->last_seq);
    }
    owner->reports++;
    owner->last_seq = header->seq;
    return ERR_OK;
}

/* ---- from the rows back to the records ---- */

/* Walks a database in strict order of keys: a damaged tree may hold cycles. */
typedef enum err (*row_visit)(struct check *check, struct bytes key, struct bytes value,
                              void *context);
MUST_USE static enum err walk(struct check *check, size_t database, row_visit visit, void *context)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    uint8_t before[64];
    size_t before_size = 0;
    enum err err = cursor_open(check->txn, database, &cursor);
    if (err == ERR_OK) {
        err = cursor_to(&cursor, CURSOR_FIRST, &key, &value);
    }
    while (err == ERR_OK) {
        if (key.size > sizeof before) {
            return ERR_CORRUPT;
        }
        int order = memcmp(before, key.data, key.size < before_size ? key.size : before_size);
        if (order > 0 || (order == 0 && key.size <= before_size)) {
            return ERR_CORRUPT;
        }
        memcpy(before, key.data, key.size);
        before_size = key.size;
        if ((err = visit(check, key, value, context)) == ERR_OK) {
            err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Ids of the reports of the place that the walk is in. */
struct place_ids {
    uint8_t place[REPORT_KEY_PLACE];
    struct hash *ids;
    size_t count;
    size_t capacity;
};

MUST_USE static enum err add_id(struct check *check, struct place_ids *ids,
                                const struct report_row *row, const uint8_t *place)
{
    if (memcmp(ids->place, place, REPORT_KEY_PLACE) != 0) {
        memcpy(ids->place, place, REPORT_KEY_PLACE);
        ids->count = 0;
    }
    for (size_t i = 0; i < ids->count; i++) {
        if (memcmp(ids->ids[i].bytes, row->id, SHA256_BYTES) == 0) {
            check_problem(check, "Record %" PRIu64 " has the id of an earlier report.", row->seq);
            return ERR_OK;
        }
    }
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity == 0 ? 64 : ids->capacity * 2;
        struct hash *more = realloc(ids->ids, capacity * sizeof *more);
        if (more == NULL) {
            return ERR_MEMORY;
        }
        ids->ids = more;
        ids->capacity = capacity;
    }
    memcpy(ids->ids[ids->count++].bytes, row->id, SHA256_BYTES);
    return ERR_OK;
}

/* Equal to what its record calls for? Rows of records that came after the walk are left out. */
MUST_USE static enum err check_back(struct check *check, size_t database, struct bytes key,
                                    uint64_t seq)
{
    struct record record;
    struct expected_row row = {0};
    if (seq > check->walked && seq <= journal_size(check->txn)) {
        return ERR_OK;
    }
    enum err err = journal_get(check->txn, seq, &record);
    if (err == ERR_OK) {
        expect(&record.header, &row);
    } else if (err != ERR_NOT_FOUND && (err != ERR_CORRUPT || check->txn->error != ERR_OK)) {
        return err;
    }
    if (err != ERR_OK || row.database != database ||
        !bytes_equal(key, bytes_of(row.key, row.key_size))) {
        check_problem(check, "%s has a row for record %" PRIu64 ", which calls for another.",
                      store_databases[database], seq);
    }
    return ERR_OK;
}

static enum err visit_report(struct check *check, struct bytes key, struct bytes value,
                             void *context)
{
    struct report_row row;
    if (report_row_decode(key, value, &row) != ERR_OK) {
        check_problem(check, "reports has a row that cannot be read.");
        return ERR_OK;
    }
    enum err err = check_back(check, DB_REPORTS, key, row.seq);
    if (err == ERR_OK && row.kind == KIND_REPORT) {
        err = add_id(check, context, &row, key.data);
    }
    return err;
}

static enum err visit_event(struct check *check, struct bytes key, struct bytes value,
                            void *context)
{
    (void)context;
    if (key.size != EVENT_KEY_BYTES || value.size != 0) {
        check_problem(check, "events has a row that cannot be read.");
        return ERR_OK;
    }
    return check_back(check, DB_EVENTS, key, get_u64(key.data + EVENT_KEY_SUBJECT));
}

struct refusal_count {
    char sender[INSTITUTION_ID_MAX + 1];
    size_t count;
};

static enum err count_refusal(void *context, const struct refusal *refusal)
{
    struct refusal_count *count = context;
    if (strcmp(count->sender, refusal->sender) != 0) {
        memcpy(count->sender, refusal->sender, sizeof count->sender);
        count->count = 0;
    }
    count->count++;
    return count->count > REFUSALS_KEPT ? ERR_RANGE : ERR_OK;
}

MUST_USE static enum err check_refusals(struct check *check)
{
    struct refusal_count count = {0};
    enum err err = refusals_walk(check->txn, NULL, count_refusal, &count);
    if (err == ERR_RANGE) {
        char sender[4 * INSTITUTION_ID_MAX + 4];
        text_escape(bytes_of(count.sender, strlen(count.sender)), sender, sizeof sender);
        check_problem(check, "There are more than %d refusals of %s.", REFUSALS_KEPT, sender);
        return ERR_OK;
    }
    if (err == ERR_CORRUPT && check->txn->error == ERR_OK) {
        check_problem(check, "refusals has a row that cannot be read.");
        return ERR_OK;
    }
    return err;
}

enum err check_rows(struct check *check)
{
    struct place_ids ids = {0};
    enum err err = txn_renew(check->txn);
    if (err == ERR_OK) {
        err = walk(check, DB_REPORTS, visit_report, &ids);
    }
    free(ids.ids);
    if (err == ERR_OK && (err = txn_renew(check->txn)) == ERR_OK) {
        err = walk(check, DB_EVENTS, visit_event, NULL);
    }
    return err != ERR_OK ? err : check_refusals(check);
}

/* ---- owners ---- */

static enum err visit_owner(struct check *check, struct bytes key, struct bytes value,
                            void *context)
{
    (void)context;
    char institution[INSTITUTION_ID_MAX + 1];
    if (key.size != OWNER_KEY_BYTES || value.size != OWNER_VALUE_BYTES) {
        check_problem(check, "owners has a row that cannot be read.");
        return ERR_OK;
    }
    uint8_t padded[OWNER_KEY_BYTES];
    name_unpad(key.data, institution);
    if (!name_pad(institution, padded) || institution[0] == '\0' ||
        !bytes_equal(key, bytes_of(padded, sizeof padded))) {
        check_problem(check, "owners has a row whose key is no institution.");
        return ERR_OK;
    }
    struct owner *owner = owners_find(&check->owners, institution);
    if (owner == NULL) {
        return ERR_MEMORY;
    }
    owner->is_seen = true;
    if (owner->reports != get_u64(value.data) || owner->last_seq != get_u64(value.data + 8)) {
        char name[4 * INSTITUTION_ID_MAX + 4];
        text_escape(bytes_of(institution, strlen(institution)), name, sizeof name);
        check_problem(check,
                      "owners says that %s has %" PRIu64 " reports, the last %" PRIu64
                      "; the journal has %" PRIu64 ", the last %" PRIu64 ".",
                      name, get_u64(value.data), get_u64(value.data + 8), owner->reports,
                      owner->last_seq);
    }
    return ERR_OK;
}

enum err check_owners(struct check *check)
{
    enum err err = walk(check, DB_OWNERS, visit_owner, NULL);
    for (size_t i = 0; err == ERR_OK && i < check->owners.slot_count; i++) {
        const struct owner *owner = &check->owners.slots[i];
        if (owner->reports > 0 && !owner->is_seen) {
            check_problem(check, "owners has no row for %s.", owner->institution);
        }
    }
    return err;
}

void owners_close(struct owners *owners)
{
    free(STEAL(owners->slots));
}

/* FNV-1a: names are short and checked; nobody gains by making them collide in a check. */
static struct owner *slot_of(const struct owners *owners, const char *institution)
{
    uint64_t hash = 14695981039346656037u;
    for (const char *at = institution; *at != '\0'; at++) {
        hash = (hash ^ (uint8_t)*at) * 1099511628211u;
    }
    size_t at = (size_t)hash & (owners->slot_count - 1);
    while (owners->slots[at].institution[0] != '\0' &&
           strcmp(owners->slots[at].institution, institution) != 0) {
        at = (at + 1) & (owners->slot_count - 1);
    }
    return &owners->slots[at];
}

struct owner *owners_find(struct owners *owners, const char *institution)
{
    if ((owners->count + 1) * 2 > owners->slot_count) {
        struct owners larger = {.slot_count =
                                    owners->slot_count == 0 ? 256 : owners->slot_count * 2};
        larger.slots = calloc(larger.slot_count, sizeof *larger.slots);
        if (larger.slots == NULL) {
            return NULL;
        }
        for (size_t i = 0; i < owners->slot_count; i++) {
            if (owners->slots[i].institution[0] != '\0') {
                *slot_of(&larger, owners->slots[i].institution) = owners->slots[i];
                larger.count++;
            }
        }
        owners_close(owners);
        *owners = larger;
    }
    struct owner *owner = slot_of(owners, institution);
    if (owner->institution[0] == '\0') {
        memcpy(owner->institution, institution, strlen(institution) + 1);
        owners->count++;
    }
    return owner;
}
