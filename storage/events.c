/* The index of events: kind, subject, seq. */
#include <string.h>

#include "storage/layout.h"

struct seqs {
    uint64_t *items;
    size_t count;
    size_t capacity;
};

static void seqs_close(struct seqs *seqs);
MUST_USE static enum err seqs_add(struct seqs *seqs, uint64_t seq);
static int seq_order(const void *a, const void *b);
MUST_USE static enum err collect(struct txn *txn, const uint8_t *prefix, size_t size,
                                 struct seqs *seqs);

enum err events_index(struct txn *txn, const struct header *header)
{
    uint8_t key[EVENT_KEY_BYTES];
    event_key_encode(header->kind, header->institution, header->seq, key);
    return txn_put(txn, DB_EVENTS, bytes_of(key, sizeof key), bytes_of("", 0));
}

/* Keys are in order of subject, then seq; a walk over all subjects is sorted first. */
enum err events_walk(struct txn *txn, int kind, const char *subject, event_visit visit,
                     void *context)
{
    uint8_t prefix[EVENT_KEY_BYTES];
    if (subject != NULL && strlen(subject) > INSTITUTION_ID_MAX) {
        return ERR_OK; /* nobody's */
    }
    event_key_encode(kind, subject != NULL ? subject : "", 0, prefix);
    AUTO(seqs_close) struct seqs seqs = {0};
    enum err err = collect(txn, prefix, subject != NULL ? EVENT_KEY_SUBJECT : 1, &seqs);
    if (seqs.count > 1) {
        qsort(seqs.items, seqs.count, sizeof seqs.items[0], seq_order);
    }
    for (size_t i = 0; err == ERR_OK && i < seqs.count; i++) {
        err = visit(context, seqs.items[i]);
    }
    return err;
}

enum err events_walk_on(struct txn *txn, int kind, const struct event_row *after,
                        event_row_visit visit, void *context)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    uint8_t at[EVENT_KEY_BYTES];
    struct bytes key = {0};
    struct bytes value = {0};
    event_key_encode(kind, after->subject, after->seq, at);
    enum err err = cursor_open(txn, DB_EVENTS, &cursor);
    err = err != ERR_OK ? err : cursor_seek(&cursor, bytes_of(at, sizeof at), &key, &value);
    if (err == ERR_OK && bytes_equal(key, bytes_of(at, sizeof at))) {
        err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
    }
    while (err == ERR_OK && bytes_begin(key, at, 1)) {
        if (key.size != EVENT_KEY_BYTES) {
            return ERR_CORRUPT;
        }
        struct event_row row = {.seq = get_u64(key.data + EVENT_KEY_SUBJECT)};
        memcpy(row.subject, key.data + 1, EVENT_KEY_SUBJECT - 1);
        err = visit(context, &row);
        if (err != ERR_OK) {
            return err;
        }
        err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err collect(struct txn *txn, const uint8_t *prefix, size_t size, struct seqs *seqs)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    enum err err = cursor_open(txn, DB_EVENTS, &cursor);
    if (err == ERR_OK) {
        err = cursor_seek(&cursor, bytes_of(prefix, size), &key, &value);
    }
    while (err == ERR_OK && bytes_begin(key, prefix, size)) {
        if (key.size != EVENT_KEY_BYTES) {
            return ERR_CORRUPT;
        }
        err = seqs_add(seqs, get_u64(key.data + EVENT_KEY_SUBJECT));
        if (err == ERR_OK) {
            err = cursor_to(&cursor, CURSOR_NEXT, &key, &value);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Leaps from subject to subject, to the last key of each. */
enum err events_last(struct txn *txn, int kind, uint64_t *ret_seq)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    uint8_t at[EVENT_KEY_BYTES];
    struct bytes key = {0};
    struct bytes value = {0};
    uint64_t last = 0;
    event_key_encode(kind, "", 0, at);
    enum err err = cursor_open(txn, DB_EVENTS, &cursor);
    while (err == ERR_OK) {
        err = cursor_seek(&cursor, bytes_of(at, sizeof at), &key, &value);
        if (err != ERR_OK || key.size != EVENT_KEY_BYTES || key.data[0] != (uint8_t)kind) {
            break;
        }
        memcpy(at, key.data, EVENT_KEY_SUBJECT);
        memset(at + EVENT_KEY_SUBJECT, 0xFF, sizeof at - EVENT_KEY_SUBJECT);
        err = cursor_seek(&cursor, bytes_of(at, sizeof at), &key, &value);
        err = err == ERR_NOT_FOUND ? cursor_to(&cursor, CURSOR_LAST, &key, &value)
              : err == ERR_OK      ? cursor_to(&cursor, CURSOR_PREVIOUS, &key, &value)
                                   : err;
        if (err == ERR_OK && key.size == EVENT_KEY_BYTES) {
            uint64_t seq = get_u64(key.data + EVENT_KEY_SUBJECT);
            last = seq > last ? seq : last;
        }
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (last == 0) {
        return ERR_NOT_FOUND;
    }
    *ret_seq = last;
    return ERR_OK;
}

static void seqs_close(struct seqs *seqs)
{
    free(seqs->items);
}

static enum err seqs_add(struct seqs *seqs, uint64_t seq)
{
    if (seqs->count == seqs->capacity) {
        size_t capacity = seqs->capacity == 0 ? 64 : seqs->capacity * 2;
        uint64_t *items = realloc(seqs->items, capacity * sizeof *items);
        if (items == NULL) {
            return ERR_MEMORY;
        }
        seqs->items = items;
        seqs->capacity = capacity;
    }
    seqs->items[seqs->count++] = seq;
    return ERR_OK;
}

static int seq_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}
