/* An entry as bytes, and the rows that follow from it. */
#include <assert.h>
#include <string.h>

#include "storage/layout.h"
#include "storage/outbox_inside.h"

#define ENTRY_VERSION 1
#define FLAG_TO_OFFER 1u
#define FLAG_MAY_PASS 2u
#define AT_STATE      1
#define AT_FLAGS      2
#define AT_VERDICT    3
#define AT_VINTAGE    4
#define AT_QUEUED     8
#define AT_TRIED      16
#define AT_ORDER      24
#define AT_FIRST      32
#define AT_SIZE       40
#define AT_ID         48
#define AT_FIGURES    (AT_ID + SHA256_BYTES)
#define AT_SIGNER     (AT_FIGURES + SHA256_BYTES)
#define AT_SIGNATURE  (AT_SIGNER + PUBLIC_KEY_BYTES)
#define AT_RULE       (AT_SIGNATURE + SIGNATURE_BYTES)
#define AT_TEXT       (AT_RULE + 16)
#define AT_LENGTHS    (AT_TEXT + 256) /* of report, best, latest; then their bytes */
#define ENTRY_FIXED   (AT_LENGTHS + 12)
#define DAY_BIAS      0x80000000u
#define SEND_KEY_SIZE 25
#define COUNTS        5

const char *const outbox_databases[OUTBOX_DATABASES] = {
    [OUTBOX_ENTRIES] = "entries", [OUTBOX_IDS] = "ids",       [OUTBOX_SEND] = "send",
    [OUTBOX_OFFERS] = "offers",   [OUTBOX_LATEST] = "latest", [OUTBOX_DRAFTS] = "drafts",
    [OUTBOX_REFUSED] = "refused", [OUTBOX_COUNTS] = "counts", [OUTBOX_NOTES] = "notes",
    [OUTBOX_META] = "meta",
};

MUST_USE static enum err entry_encode(const struct kept *kept, struct buffer *value);
static enum err rows_of(struct txn *txn, const struct kept *kept, bool is_put);
static enum err row(struct txn *txn, size_t database, const uint8_t *key, size_t size,
                    struct bytes value, bool is_put);
static enum err count(struct txn *txn, const struct kept *kept, bool is_put);

/* The value is packed before any row is touched: its parts may be views into the store. */
enum err rows_save(struct txn *txn, const struct kept *was, const struct kept *now)
{
    AUTO(buffer_close) struct buffer value = {0};
    const struct kept *either = now != NULL ? now : was;
    assert(either != NULL);
    uint8_t key[ENTRY_KEY_BYTES];
    entry_key_encode(&either->entry.key, key);
    if (now != NULL) {
        enum err err = entry_encode(now, &value);
        if (err != ERR_OK) {
            return txn_fail(txn, err, "rows_save");
        }
    }
    if (was != NULL) {
        rows_of(txn, was, false);
    }
    if (now != NULL) {
        rows_of(txn, now, true);
        return txn_put(txn, OUTBOX_ENTRIES, bytes_of(key, sizeof key), buffer_bytes(&value));
    }
    return row(txn, OUTBOX_ENTRIES, key, sizeof key, (struct bytes){0}, false);
}

static enum err rows_of(struct txn *txn, const struct kept *kept, bool is_put)
{
    const struct entry *entry = &kept->entry;
    uint8_t raw[ENTRY_KEY_BYTES];
    entry_key_encode(&entry->key, raw);
    struct bytes key = bytes_of(raw, sizeof raw);
    struct bytes none = bytes_of("", 0);
    uint8_t at[OFFER_KEY_BYTES];
    memcpy(at, raw, INSTITUTION_ID_MAX);
    if (entry->state != ENTRY_DRAFT) {
        row(txn, OUTBOX_IDS, entry->id, SHA256_BYTES, key, is_put);
    }
    if (entry->state == ENTRY_QUEUED) {
        at[16] = entry->key.type == TYPE_EXPOSURES;
        put_u64(at + 17, kept->order);
        row(txn, OUTBOX_SEND, at, SEND_KEY_SIZE, key, is_put);
    }
    if (entry->state == ENTRY_DRAFT) {
        row(txn, OUTBOX_DRAFTS, raw, sizeof raw, none, is_put);
    }
    if (entry->state == ENTRY_REFUSED) {
        row(txn, OUTBOX_REFUSED, raw, sizeof raw, none, is_put);
    }
    if (entry->to_offer) {
        put_u64(at + 16, (uint64_t)kept->best_first_us);
        memcpy(at + 24, raw, sizeof raw);
        row(txn, OUTBOX_OFFERS, at, OFFER_KEY_BYTES, none, is_put);
    } else if (kept_has_receipt(kept)) {
        put_u64(at, kept->latest_size);
        memcpy(at + 8, raw, sizeof raw);
        row(txn, OUTBOX_LATEST, at, LATEST_KEY_BYTES, none, is_put);
    }
    return count(txn, kept, is_put);
}

/* A row that should be there and is not: the store is damaged. */
static enum err row(struct txn *txn, size_t database, const uint8_t *key, size_t size,
                    struct bytes value, bool is_put)
{
    if (is_put) {
        return txn_put(txn, database, bytes_of(key, size), value);
    }
    enum err err = txn_delete(txn, database, bytes_of(key, size));
    return err == ERR_NOT_FOUND ? txn_fail(txn, ERR_CORRUPT, outbox_databases[database]) : err;
}

static enum err count(struct txn *txn, const struct kept *kept, bool is_put)
{
    uint8_t key[ENTRY_KEY_BYTES];
    uint8_t value[COUNTS * 8] = {0};
    entry_key_encode(&kept->entry.key, key);
    struct bytes name = bytes_of(key, INSTITUTION_ID_MAX);
    struct bytes old = {0};
    enum err err = txn_get(txn, OUTBOX_COUNTS, name, &old);
    if (err == ERR_OK && old.size == sizeof value) {
        memcpy(value, old.data, sizeof value);
    } else if (err != ERR_NOT_FOUND) {
        return txn_fail(txn, err == ERR_OK ? ERR_CORRUPT : err, "counts");
    }
    static const size_t columns[] = {
        [ENTRY_QUEUED] = 0, [ENTRY_DRAFT] = 1, [ENTRY_REFUSED] = 2, [ENTRY_RECEIPTED] = 3};
    uint64_t one = is_put ? 1 : UINT64_MAX;
    uint8_t *state = value + columns[kept->entry.state] * 8;
    put_u64(state, get_u64(state) + one);
    if (kept->entry.to_offer) {
        put_u64(value + 32, get_u64(value + 32) + one);
    }
    return txn_put(txn, OUTBOX_COUNTS, name, bytes_of(value, sizeof value));
}

enum err rows_load(struct txn *txn, const struct entry_key *key, struct kept *ret_kept)
{
    uint8_t raw[ENTRY_KEY_BYTES];
    struct bytes value = {0};
    entry_key_encode(key, raw);
    enum err err = txn_get(txn, OUTBOX_ENTRIES, bytes_of(raw, sizeof raw), &value);
    return err != ERR_OK ? err : entry_decode(bytes_of(raw, sizeof raw), value, ret_kept);
}

enum err rows_find(struct txn *txn, const uint8_t id[static SHA256_BYTES], struct kept *ret_kept)
{
    struct bytes raw = {0};
    struct entry_key key;
    enum err err = txn_get(txn, OUTBOX_IDS, bytes_of(id, SHA256_BYTES), &raw);
    if (err != ERR_OK || (err = entry_key_decode(raw, &key)) != ERR_OK) {
        return err;
    }
    err = rows_load(txn, &key, ret_kept);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* ---- bytes ---- */

void entry_key_encode(const struct entry_key *key, uint8_t ret_bytes[static ENTRY_KEY_BYTES])
{
    bool fits = name_pad(key->institution, ret_bytes);
    assert(fits);
    ret_bytes[16] = (uint8_t)key->type;
    ret_bytes[17] = (uint8_t)key->frequency;
    put_u32(ret_bytes + 18, (uint32_t)key->period_end_day ^ DAY_BIAS);
    put_u32(ret_bytes + ENTRY_PLACE, key->number);
}

enum err entry_key_decode(struct bytes bytes, struct entry_key *ret_key)
{
    if (bytes.size != ENTRY_KEY_BYTES) {
        return ERR_CORRUPT;
    }
    *ret_key = (struct entry_key){
        .type = bytes.data[16],
        .frequency = bytes.data[17],
        .period_end_day = (int32_t)(get_u32(bytes.data + 18) ^ DAY_BIAS),
        .number = get_u32(bytes.data + ENTRY_PLACE),
    };
    name_unpad(bytes.data, ret_key->institution);
    return ERR_OK;
}

static enum err entry_encode(const struct kept *kept, struct buffer *value)
{
    const struct entry *entry = &kept->entry;
    uint8_t fixed[ENTRY_FIXED] = {ENTRY_VERSION};
    fixed[AT_STATE] = (uint8_t)entry->state;
    fixed[AT_FLAGS] =
        (uint8_t)((entry->to_offer ? FLAG_TO_OFFER : 0) | (entry->may_pass ? FLAG_MAY_PASS : 0));
    fixed[AT_VERDICT] = kept->best_verdict;
    put_u32(fixed + AT_VINTAGE, entry->vintage);
    put_u64(fixed + AT_QUEUED, (uint64_t)entry->queued_at_us);
    put_u64(fixed + AT_TRIED, (uint64_t)entry->tried_at_us);
    put_u64(fixed + AT_ORDER, kept->order);
    put_u64(fixed + AT_FIRST, (uint64_t)kept->best_first_us);
    put_u64(fixed + AT_SIZE, kept->latest_size);
    memcpy(fixed + AT_ID, entry->id, SHA256_BYTES);
    memcpy(fixed + AT_FIGURES, entry->figures, SHA256_BYTES);
    memcpy(fixed + AT_SIGNER, entry->signer, PUBLIC_KEY_BYTES);
    memcpy(fixed + AT_SIGNATURE, entry->signature, SIGNATURE_BYTES);
    memcpy(fixed + AT_RULE, entry->refused_rule, sizeof entry->refused_rule);
    memcpy(fixed + AT_TEXT, entry->refused_text, sizeof entry->refused_text);
    const struct bytes parts[] = {entry->report, entry->best, entry->latest};
    for (size_t i = 0; i < 3; i++) {
        put_u32(fixed + AT_LENGTHS + 4 * i, (uint32_t)parts[i].size);
    }
    enum err err = buffer_append(value, fixed, sizeof fixed);
    for (size_t i = 0; err == ERR_OK && i < 3; i++) {
        if (parts[i].size > 0) {
            err = buffer_append(value, parts[i].data, parts[i].size);
        }
    }
    return err;
}

MUST_USE static enum err take_parts(struct bytes value, struct entry *entry)
{
    struct bytes *const parts[] = {&entry->report, &entry->best, &entry->latest};
    size_t at = ENTRY_FIXED;
    for (size_t i = 0; i < 3; i++) {
        size_t size = get_u32(value.data + AT_LENGTHS + 4 * i);
        if (size > value.size - at) {
            return ERR_CORRUPT;
        }
        *parts[i] = size > 0 ? bytes_of(value.data + at, size) : (struct bytes){0};
        at += size;
    }
    return at == value.size ? ERR_OK : ERR_CORRUPT;
}

enum err entry_decode(struct bytes key, struct bytes value, struct kept *ret_kept)
{
    struct kept kept = {0};
    struct entry *entry = &kept.entry;
    if (value.size < ENTRY_FIXED || value.data[AT_STATE] > ENTRY_DRAFT) {
        return ERR_CORRUPT;
    }
    if (value.data[0] != ENTRY_VERSION) {
        return ERR_UNSUPPORTED;
    }
    enum err err;
    if ((err = entry_key_decode(key, &entry->key)) != ERR_OK ||
        (err = take_parts(value, entry)) != ERR_OK) {
        return err;
    }
    entry->state = (enum entry_state)value.data[AT_STATE];
    entry->to_offer = (value.data[AT_FLAGS] & FLAG_TO_OFFER) != 0;
    entry->may_pass = (value.data[AT_FLAGS] & FLAG_MAY_PASS) != 0;
    kept.best_verdict = value.data[AT_VERDICT];
    entry->vintage = get_u32(value.data + AT_VINTAGE);
    entry->queued_at_us = (int64_t)get_u64(value.data + AT_QUEUED);
    entry->tried_at_us = (int64_t)get_u64(value.data + AT_TRIED);
    kept.order = get_u64(value.data + AT_ORDER);
    kept.best_first_us = (int64_t)get_u64(value.data + AT_FIRST);
    kept.latest_size = get_u64(value.data + AT_SIZE);
    memcpy(entry->id, value.data + AT_ID, SHA256_BYTES);
    memcpy(entry->figures, value.data + AT_FIGURES, SHA256_BYTES);
    memcpy(entry->signer, value.data + AT_SIGNER, PUBLIC_KEY_BYTES);
    memcpy(entry->signature, value.data + AT_SIGNATURE, SIGNATURE_BYTES);
    memcpy(entry->refused_rule, value.data + AT_RULE, sizeof entry->refused_rule - 1);
    memcpy(entry->refused_text, value.data + AT_TEXT, sizeof entry->refused_text - 1);
    *ret_kept = kept;
    return ERR_OK;
}
