#include "hub/accesses.h"

#include <string.h>

struct seen {
    struct access_key key;
    int64_t seen_ms;
    int64_t written_ms;
    bool was_written;
};

struct accesses {
    size_t count;
    struct seen items[ACCESSES_KEPT];
};

enum err accesses_make(struct accesses **ret_accesses)
{
    struct accesses *accesses = calloc(1, sizeof *accesses);
    if (accesses == NULL) {
        return ERR_MEMORY;
    }
    *ret_accesses = accesses;
    return ERR_OK;
}

void accesses_close(struct accesses **accesses)
{
    free(*accesses);
    *accesses = NULL;
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
        err = message_pack(&filter->base, &bytes);
    }
    if (err == ERR_OK) {
        sha256(buffer_bytes(&bytes), ret_key->hash);
    }
    return err;
}

static const struct seen *find(const struct accesses *accesses, const struct access_key *key)
{
    for (size_t i = 0; i < accesses->count; i++) {
        if (memcmp(accesses->items[i].key.hash, key->hash, SHA256_BYTES) == 0) {
            return &accesses->items[i];
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

/* A free place, or that of the act that was not seen for longest. */
static struct seen *place_for(struct accesses *accesses)
{
    if (accesses->count < ACCESSES_KEPT) {
        return &accesses->items[accesses->count++];
    }
    struct seen *oldest = &accesses->items[0];
    for (size_t i = 1; i < ACCESSES_KEPT; i++) {
        oldest = accesses->items[i].seen_ms < oldest->seen_ms ? &accesses->items[i] : oldest;
    }
    return oldest;
}

void accesses_saw(struct accesses *accesses, const struct access_key *key, bool was_written,
                  int64_t now_ms)
{
    struct seen *seen = NULL;
    for (size_t i = 0; i < accesses->count && seen == NULL; i++) {
        seen = memcmp(accesses->items[i].key.hash, key->hash, SHA256_BYTES) == 0
                   ? &accesses->items[i]
                   : NULL;
    }
    if (seen == NULL) {
        seen = place_for(accesses);
        *seen = (struct seen){.key = *key};
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
    act.filter = (PbFilter *)(uintptr_t)access->filter;
    act.has_rights = 1;
    act.rights = pb_of_bytes(bytes_of(access->rights, SHA256_BYTES));
    if (access->filter != NULL && access->filter->n_institutions == 1) {
        message.subject = access->filter->institutions[0];
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
