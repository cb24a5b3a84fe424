#include "hub/accesses.h"

#include <string.h>

#include "hub/quota.h"

struct seen {
    struct access_key key;
    int64_t seen_ms;
    int64_t written_ms;
    bool was_written;
    bool is_taken;
};

/* Sets by the first bytes of the key, so that looking is as quick with thousands of readers. */
#define WAYS 8
#define SETS (ACCESSES_KEPT / WAYS)

struct accesses {
    struct quota *quota;
    struct seen items[SETS][WAYS];
};

enum err accesses_make(struct accesses **ret_accesses)
{
    struct accesses *accesses = calloc(1, sizeof *accesses);
    if (accesses == NULL) {
        return ERR_MEMORY;
    }
    enum err err = quota_make(ACCESSES_BUCKET, ACCESSES_PER_HOUR, &accesses->quota);
    if (err != ERR_OK) {
        free(accesses);
        return err;
    }
    *ret_accesses = accesses;
    return ERR_OK;
}

void accesses_close(struct accesses **accesses)
{
    if (*accesses != NULL) {
        quota_close(&(*accesses)->quota);
        free(*accesses);
        *accesses = NULL;
    }
}

enum err accesses_take(struct accesses *accesses, const char *reader, int64_t now_ms)
{
    uint32_t wait_s = 0;
    enum err err = quota_take(accesses->quota, reader, now_ms, &wait_s);
    return err == ERR_OK && wait_s > 0 ? ERR_RANGE : err;
}

static PbFilter known_part(const PbFilter *filter)
{
    PbFilter known = *filter;
    known.base.n_unknown_fields = 0;
    known.base.unknown_fields = NULL;
    return known;
}

enum err access_key_of(const char *reader, const PbFilter *filter, uint64_t size,
                       const uint8_t *rights, struct access_key *ret_key)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    uint8_t number[8];
    put_u64(number, size);
    enum err err = buffer_append(&bytes, reader, strlen(reader) + 1);
    err = err != ERR_OK ? err : buffer_append(&bytes, number, sizeof number);
    if (err == ERR_OK && rights != NULL) {
        err = buffer_append(&bytes, rights, SHA256_BYTES);
    }
    if (err == ERR_OK && filter != NULL) {
        PbFilter known = known_part(filter);
        err = message_pack(&known.base, &bytes);
    }
    if (err == ERR_OK) {
        sha256(buffer_bytes(&bytes), ret_key->hash);
    }
    return err;
}

enum err access_key_of_act(enum access_act act, const char *reader, const PbFilter *filter,
                           uint64_t size, const uint8_t rights[static SHA256_BYTES],
                           struct access_key *ret_key)
{
    struct access_key key;
    uint8_t whole[1 + SHA256_BYTES] = {(uint8_t)act};
    enum err err = access_key_of(reader, filter, size, rights, &key);
    if (err == ERR_OK) {
        memcpy(whole + 1, key.hash, SHA256_BYTES);
        sha256(bytes_of(whole, sizeof whole), ret_key->hash);
    }
    return err;
}

static const struct seen *set_of(const struct accesses *accesses, const struct access_key *key)
{
    return accesses->items[get_u16(key->hash) % SETS];
}

static const struct seen *find(const struct accesses *accesses, const struct access_key *key)
{
    const struct seen *set = set_of(accesses, key);
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].is_taken && memcmp(set[i].key.hash, key->hash, SHA256_BYTES) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

int accesses_feed(const struct accesses *accesses, const struct access_key *key, int64_t now_ms)
{
    const struct seen *seen = find(accesses, key);
    if (seen == NULL || now_ms - seen->seen_ms > ACCESS_EQUAL_MS) {
        return ACCESS_FEED_OPENED;
    }
    return now_ms - seen->written_ms >= ACCESS_STANDING_MS ? ACCESS_FEED_STANDING : 0;
}

bool accesses_wrote_lately(const struct accesses *accesses, const struct access_key *key,
                           int64_t now_ms)
{
    const struct seen *seen = find(accesses, key);
    return seen != NULL && seen->was_written && now_ms - seen->written_ms <= ACCESS_EQUAL_MS;
}

bool accesses_know(const struct accesses *accesses, const struct access_key *key)
{
    return find(accesses, key) != NULL;
}

void accesses_saw(struct accesses *accesses, const struct access_key *key, bool was_written,
                  int64_t now_ms)
{
    struct seen *set = accesses->items[get_u16(key->hash) % SETS];
    struct seen *seen = NULL;
    struct seen *place = &set[0]; /* a free one, or that which was not seen for longest */
    for (size_t i = 0; i < WAYS && seen == NULL; i++) {
        bool is_same = set[i].is_taken && memcmp(set[i].key.hash, key->hash, SHA256_BYTES) == 0;
        seen = is_same ? &set[i] : NULL;
        if (place->is_taken && (!set[i].is_taken || set[i].seen_ms < place->seen_ms)) {
            place = &set[i];
        }
    }
    if (seen == NULL) {
        seen = place;
        *seen = (struct seen){.key = *key, .is_taken = true};
    }
    seen->seen_ms = now_ms;
    if (was_written) {
        seen->written_ms = now_ms;
        seen->was_written = true;
    }
}

enum err access_event_pack(const struct access_event *access, struct buffer *event)
{
    PbEvent message = IHURIRO__V1__EVENT__INIT;
    PbAccess act = IHURIRO__V1__ACCESS__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    message.time_us = access->time_us;
    message.nonce = pb_of_bytes(bytes_of(access->nonce, sizeof access->nonce));
    message.access = &act;
    act.act = (Ihuriro__V1__Access__Act)access->act;
    act.reader = (char *)(uintptr_t)access->reader; /* packed only */
    act.has_rights = 1;
    act.rights = pb_of_bytes(bytes_of(access->rights, SHA256_BYTES));
    PbFilter filter;
    if (access->filter != NULL) {
        filter = known_part(access->filter);
        act.filter = &filter;
        message.subject = filter.n_institutions == 1 ? filter.institutions[0] : NULL;
    }
    if (access->position != NULL) {
        position.size = access->position->size;
        position.root = pb_of_bytes(bytes_of(access->position->root.bytes, SHA256_BYTES));
        act.position = &position;
    }
    if (access->ids_hash != NULL) {
        act.has_records = 1;
        act.records = access->records;
        act.has_ids_hash = 1;
        act.ids_hash = pb_of_bytes(bytes_of(access->ids_hash, SHA256_BYTES));
    }
    return message_pack(&message.base, event);
}
