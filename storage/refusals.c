/* What was refused: the last REFUSALS_KEPT of each sender; never the bytes. */
#include <string.h>

#include "storage/layout.h"

#define REFUSAL_KEY_BYTES 28 /* sender 16, time u64, number u32 */
#define REFUSAL_VALUE_BYTES \
    (SHA256_BYTES + sizeof((struct refusal *)0)->rule + sizeof((struct refusal *)0)->path)

static enum err make_room(struct txn *txn, const uint8_t *sender, int64_t time_us,
                          uint32_t *ret_number);
MUST_USE static enum err decode(struct bytes key, struct bytes value, struct refusal *ret_refusal);

enum err refusals_put(struct txn *txn, const struct refusal *refusal)
{
    uint8_t key[REFUSAL_KEY_BYTES];
    uint8_t value[REFUSAL_VALUE_BYTES] = {0};
    uint32_t number = 0;
    if (!name_pad(refusal->sender, key)) {
        return txn_fail(txn, ERR_RANGE, "refusals_put");
    }
    enum err err = make_room(txn, key, refusal->time_us, &number);
    if (err != ERR_OK) {
        return txn_fail(txn, err, "refusals_put");
    }
    put_u64(key + 16, (uint64_t)refusal->time_us);
    put_u32(key + 24, number);
    memcpy(value, refusal->id, SHA256_BYTES);
    memcpy(value + SHA256_BYTES, refusal->rule, strnlen(refusal->rule, sizeof refusal->rule - 1));
    memcpy(value + SHA256_BYTES + sizeof refusal->rule, refusal->path,
           strnlen(refusal->path, sizeof refusal->path - 1));
    return txn_put(txn, DB_REFUSALS, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
}

/* Counts the sender's, deletes its oldest where there are too many, and finds the number that is
 * free at this time. */
static enum err make_room(struct txn *txn, const uint8_t *sender, int64_t time_us,
                          uint32_t *ret_number)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    size_t count = 0;
    uint32_t number = 0;
    enum err err = cursor_open(txn, DB_REFUSALS, &cursor);
    if (err == ERR_OK) {
        err = cursor_seek(&cursor, bytes_of(sender, INSTITUTION_ID_MAX), &key, &value);
    }
    while (err == ERR_OK && bytes_begin(key, sender, INSTITUTION_ID_MAX)) {
        if (key.size != REFUSAL_KEY_BYTES) {
            return ERR_CORRUPT;
        }
        if (get_u64(key.data + 16) == (uint64_t)time_us) {
            number = get_u32(key.data + 24) + 1;
        }
        count++;
        err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
    }
    while ((err == ERR_OK || err == ERR_NOT_FOUND) && count >= REFUSALS_KEPT) {
        err = cursor_seek(&cursor, bytes_of(sender, INSTITUTION_ID_MAX), &key, &value);
        if (err == ERR_OK) {
            err = cursor_delete(&cursor);
        }
        count--;
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_number = number;
    return ERR_OK;
}

enum err refusals_walk(struct txn *txn, const char *sender, refusal_visit visit, void *context)
{
    uint8_t prefix[INSTITUTION_ID_MAX] = {0};
    if (sender != NULL && !name_pad(sender, prefix)) {
        return ERR_OK; /* nobody's */
    }
    size_t size = sender != NULL ? sizeof prefix : 0;
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    enum err err = cursor_open(txn, DB_REFUSALS, &cursor);
    if (err == ERR_OK) {
        err = size == 0 ? cursor_to(&cursor, CURSOR_FIRST, &key, &value)
                        : cursor_seek(&cursor, bytes_of(prefix, size), &key, &value);
    }
    while (err == ERR_OK && bytes_begin(key, prefix, size)) {
        struct refusal refusal;
        if ((err = decode(key, value, &refusal)) != ERR_OK ||
            (err = visit(context, &refusal)) != ERR_OK) {
            return err;
        }
        err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err decode(struct bytes key, struct bytes value, struct refusal *ret_refusal)
{
    if (key.size != REFUSAL_KEY_BYTES || value.size != REFUSAL_VALUE_BYTES) {
        return ERR_CORRUPT;
    }
    struct refusal refusal = {.time_us = (int64_t)get_u64(key.data + 16)};
    name_unpad(key.data, refusal.sender);
    memcpy(refusal.id, value.data, SHA256_BYTES);
    memcpy(refusal.rule, value.data + SHA256_BYTES, sizeof refusal.rule - 1);
    memcpy(refusal.path, value.data + SHA256_BYTES + sizeof refusal.rule, sizeof refusal.path - 1);
    *ret_refusal = refusal;
    return ERR_OK;
}
