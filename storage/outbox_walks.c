/* Reading the outbox: walks, counts, and what HELLO shows. */
#include <string.h>

#include "storage/layout.h"
#include "storage/outbox_inside.h"

/* Which rows of a database name entries, and where in them. */
struct rows {
    size_t database;
    bool is_in_value;
    size_t at;
    bool (*is_wanted)(struct txn *txn, const struct kept *kept);
};

MUST_USE static enum err walk_rows(struct txn *txn, const struct rows *rows,
                                   const char *institution, entry_visit visit, void *context);
MUST_USE static enum err visit_row(struct txn *txn, const struct rows *rows, struct bytes key,
                                   struct bytes value, entry_visit visit, void *context);
static bool wants_offer(struct txn *txn, const struct kept *kept);
static bool wants_send(struct txn *txn, const struct kept *kept);
static bool wants_retry(struct txn *txn, const struct kept *kept);

enum err outbox_to_offer(struct txn *txn, const char *institution, entry_visit visit, void *context)
{
    static const struct rows rows = {OUTBOX_OFFERS, false, 24, wants_offer};
    return walk_rows(txn, &rows, institution, visit, context);
}

enum err outbox_to_send(struct txn *txn, const char *institution, entry_visit visit, void *context)
{
    static const struct rows rows = {OUTBOX_SEND, true, 0, wants_send};
    return walk_rows(txn, &rows, institution, visit, context);
}

static bool wants_all(struct txn *txn, const struct kept *kept)
{
    (void)txn;
    (void)kept;
    return true;
}

enum err outbox_queued(struct txn *txn, entry_visit visit, void *context)
{
    static const struct rows rows = {OUTBOX_SEND, true, 0, wants_all};
    return walk_rows(txn, &rows, NULL, visit, context);
}

enum err outbox_to_retry(struct txn *txn, const char *institution, entry_visit visit, void *context)
{
    static const struct rows rows = {OUTBOX_REFUSED, false, 0, wants_retry};
    return walk_rows(txn, &rows, institution, visit, context);
}

static enum err walk_rows(struct txn *txn, const struct rows *rows, const char *institution,
                          entry_visit visit, void *context)
{
    uint8_t prefix[INSTITUTION_ID_MAX] = {0};
    if (institution != NULL && !name_pad(institution, prefix)) {
        return ERR_OK; /* nobody's */
    }
    size_t size = institution != NULL ? sizeof prefix : 0;
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    enum err err = cursor_open(txn, rows->database, &cursor);
    if (err == ERR_OK) {
        err = size == 0 ? cursor_to(&cursor, CURSOR_FIRST, &key, &value)
                        : cursor_seek(&cursor, bytes_of(prefix, size), &key, &value);
    }
    while (err == ERR_OK && bytes_begin(key, prefix, size)) {
        if ((err = visit_row(txn, rows, key, value, visit, context)) == ERR_OK) {
            err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err visit_row(struct txn *txn, const struct rows *rows, struct bytes key,
                          struct bytes value, entry_visit visit, void *context)
{
    struct bytes raw = rows->is_in_value ? value : key;
    struct entry_key name;
    struct kept kept;
    if (raw.size != rows->at + ENTRY_KEY_BYTES) {
        return ERR_CORRUPT;
    }
    enum err err = entry_key_decode(bytes_of(raw.data + rows->at, ENTRY_KEY_BYTES), &name);
    if (err == ERR_OK) {
        err = rows_load(txn, &name, &kept);
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    return rows->is_wanted(txn, &kept) ? visit(context, &kept.entry) : ERR_OK;
}

static bool wants_offer(struct txn *txn, const struct kept *kept)
{
    (void)txn;
    return kept->entry.to_offer;
}

/* The hub's next vintage follows from what is marked: it comes first. */
static bool wants_send(struct txn *txn, const struct kept *kept)
{
    struct place_view place;
    return kept->entry.state == ENTRY_QUEUED &&
           place_look(txn, &kept->entry.key, &place) == ERR_OK && !place.has_marked;
}

/* Only while nothing newer of the place exists: else old figures might pass the new ones. */
static bool wants_retry(struct txn *txn, const struct kept *kept)
{
    struct place_view place;
    return kept->entry.state == ENTRY_REFUSED && kept->entry.may_pass &&
           place_look(txn, &kept->entry.key, &place) == ERR_OK && !place.has_marked &&
           place.newest_number == kept->entry.key.number;
}

enum err outbox_walk(struct txn *txn, const char *institution, entry_visit visit, void *context)
{
    uint8_t prefix[INSTITUTION_ID_MAX] = {0};
    if (institution != NULL && !name_pad(institution, prefix)) {
        return ERR_OK; /* nobody's */
    }
    size_t size = institution != NULL ? sizeof prefix : 0;
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    enum err err = cursor_open(txn, OUTBOX_ENTRIES, &cursor);
    if (err == ERR_OK) {
        err = size == 0 ? cursor_to(&cursor, CURSOR_FIRST, &key, &value)
                        : cursor_seek(&cursor, bytes_of(prefix, size), &key, &value);
    }
    while (err == ERR_OK && bytes_begin(key, prefix, size)) {
        struct kept kept;
        if ((err = entry_decode(key, value, &kept)) != ERR_OK) {
            return err;
        }
        if ((err = visit(context, &kept.entry)) == ERR_OK) {
            err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err outbox_get(struct txn *txn, const struct entry_key *key, struct entry *ret_entry)
{
    struct kept kept;
    enum err err = rows_load(txn, key, &kept);
    if (err == ERR_OK) {
        *ret_entry = kept.entry;
    }
    return err;
}

enum err outbox_find(struct txn *txn, const uint8_t id[static SHA256_BYTES],
                     struct entry *ret_entry)
{
    struct kept kept;
    enum err err = rows_find(txn, id, &kept);
    if (err == ERR_OK) {
        *ret_entry = kept.entry;
    }
    return err;
}

enum err place_look(struct txn *txn, const struct entry_key *of, struct place_view *ret_place)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct entry_key first = *of;
    uint8_t prefix[ENTRY_KEY_BYTES];
    struct place_view place = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    first.number = 0;
    entry_key_encode(&first, prefix);
    enum err err = cursor_open(txn, OUTBOX_ENTRIES, &cursor);
    if (err == ERR_OK) {
        err = cursor_seek(&cursor, bytes_of(prefix, ENTRY_PLACE), &key, &value);
    }
    while (err == ERR_OK && bytes_begin(key, prefix, ENTRY_PLACE)) {
        struct kept kept;
        if ((err = entry_decode(key, value, &kept)) != ERR_OK) {
            return err;
        }
        uint32_t number = kept.entry.key.number;
        place.newest_number = number;
        place.queued_number = kept.entry.state == ENTRY_QUEUED ? number : place.queued_number;
        place.draft_number = kept.entry.state == ENTRY_DRAFT ? number : place.draft_number;
        place.has_marked |= kept.entry.to_offer;
        if (verdict_accepts(kept.best_verdict) && kept.entry.vintage > place.highest_vintage) {
            place.highest_vintage = kept.entry.vintage;
            place.accepted_number = number;
        }
        err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_place = place;
    return ERR_OK;
}

/* ---- counts ---- */

MUST_USE static enum err add_counts(struct bytes value, struct outbox_counts *counts)
{
    uint64_t *const columns[] = {&counts->queued, &counts->drafts, &counts->refused,
                                 &counts->receipted, &counts->to_offer};
    if (value.size != sizeof columns / sizeof columns[0] * 8) {
        return ERR_CORRUPT;
    }
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        *columns[i] += get_u64(value.data + 8 * i);
    }
    return ERR_OK;
}

enum err outbox_count(struct txn *txn, struct outbox_counts *ret_counts)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct outbox_counts counts = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    enum err err = cursor_open(txn, OUTBOX_COUNTS, &cursor);
    if (err == ERR_OK) {
        err = cursor_to(&cursor, CURSOR_FIRST, &key, &value);
    }
    while (err == ERR_OK) {
        if ((err = add_counts(value, &counts)) == ERR_OK) {
            err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
        }
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_counts = counts;
    return ERR_OK;
}

enum err outbox_receipted(struct txn *txn, const char *institution, uint64_t *ret_count)
{
    struct outbox_counts counts = {0};
    uint8_t key[INSTITUTION_ID_MAX];
    struct bytes value = {0};
    enum err err = name_pad(institution, key)
                       ? txn_get(txn, OUTBOX_COUNTS, bytes_of(key, sizeof key), &value)
                       : ERR_NOT_FOUND;
    if (err == ERR_OK) {
        err = add_counts(value, &counts);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = counts.receipted - counts.to_offer;
    return ERR_OK;
}

/* ---- what HELLO shows ---- */

/* The entry with the largest checkpoint size at or below `most`. */
MUST_USE static enum err latest_at_most(struct cursor *cursor, uint64_t most, uint64_t *ret_size,
                                        struct entry_key *ret_key)
{
    struct bytes key = {0};
    struct bytes value = {0};
    uint8_t wanted[8];
    put_u64(wanted, most == UINT64_MAX ? most : most + 1);
    enum err err = cursor_seek(cursor, bytes_of(wanted, sizeof wanted), &key, &value);
    err = err == ERR_NOT_FOUND ? cursor_to(cursor, CURSOR_LAST, &key, &value)
          : err == ERR_OK      ? cursor_to(cursor, CURSOR_PREVIOUS, &key, &value)
                               : err;
    if (err != ERR_OK) {
        return err;
    }
    if (key.size != LATEST_KEY_BYTES) {
        return ERR_CORRUPT;
    }
    *ret_size = get_u64(key.data);
    return entry_key_decode(bytes_of(key.data + 8, ENTRY_KEY_BYTES), ret_key);
}

MUST_USE static enum err add_checkpoint(struct txn *txn, const struct entry_key *key,
                                        struct buffer *texts)
{
    AUTO(arena_close) struct arena arena = {0};
    struct kept kept;
    struct receipt receipt;
    enum err err = rows_load(txn, key, &kept);
    if (err == ERR_OK) {
        err = receipt_open(kept.entry.latest, &arena, &receipt);
    }
    if (err != ERR_OK) {
        return err == ERR_MEMORY || txn->error != ERR_OK ? err : ERR_CORRUPT;
    }
    return buffer_append(texts, receipt.checkpoint.text.data, receipt.checkpoint.text.size);
}

/* Distances are in records of the hub: the newest, then the newest at least 1, 2, 4, 8 ... records
 * before it. Some twenty seeks, however many entries there are. */
enum err outbox_checkpoints(struct txn *txn, struct buffer *texts,
                            size_t ret_ends[static HELLO_CHECKPOINTS_MAX], size_t *ret_count)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct entry_key key;
    uint64_t newest = 0;
    uint64_t size = UINT64_MAX;
    uint64_t distance = 0;
    size_t count = 0;
    enum err err = cursor_open(txn, OUTBOX_LATEST, &cursor);
    while (err == ERR_OK && count < HELLO_CHECKPOINTS_MAX) {
        uint64_t most = count == 0 ? UINT64_MAX : newest - distance;
        uint64_t found = 0;
        if ((err = latest_at_most(&cursor, most, &found, &key)) != ERR_OK) {
            break;
        }
        if (found < size) {
            size = found;
            newest = count == 0 ? found : newest;
            if ((err = add_checkpoint(txn, &key, texts)) == ERR_OK) {
                ret_ends[count++] = texts->size;
            }
        }
        distance = distance == 0 ? 1 : distance * 2;
        if (distance >= newest) {
            break; /* sizes begin at 1 */
        }
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_count = count;
    return ERR_OK;
}

/* ---- keys ---- */

enum err keys_gather(struct txn *txn, size_t database, struct bytes from, size_t at,
                     struct keys *keys)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    enum err err = cursor_open(txn, database, &cursor);
    if (err == ERR_OK) {
        err = from.size == 0 ? cursor_to(&cursor, CURSOR_FIRST, &key, &value)
                             : cursor_seek(&cursor, from, &key, &value);
    }
    while (err == ERR_OK) {
        struct entry_key entry;
        if (key.size != at + ENTRY_KEY_BYTES) {
            return ERR_CORRUPT;
        }
        if ((err = entry_key_decode(bytes_of(key.data + at, ENTRY_KEY_BYTES), &entry)) == ERR_OK &&
            (err = keys_add(keys, &entry)) == ERR_OK) {
            err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

void keys_close(struct keys *keys)
{
    free(STEAL(keys->items));
    keys->count = 0;
    keys->capacity = 0;
}

enum err keys_add(struct keys *keys, const struct entry_key *key)
{
    if (keys->count == keys->capacity) {
        size_t capacity = keys->capacity == 0 ? 64 : keys->capacity * 2;
        struct entry_key *items = realloc(keys->items, capacity * sizeof *items);
        if (items == NULL) {
            return ERR_MEMORY;
        }
        keys->items = items;
        keys->capacity = capacity;
    }
    keys->items[keys->count++] = *key;
    return ERR_OK;
}
