/* Who read what: one ACCESS event an act, never one a record. The table remembers the acts of the
 * last time, so that an equal act within ten minutes writes nothing, and so that a pull's FETCH is
 * served only to whom the pull was journaled for.
 *
 * It is bounded: where it is full, what was not seen for longest is forgotten, and an act that
 * comes again is written again. */
#ifndef IHURIRO_HUB_ACCESSES_H
#define IHURIRO_HUB_ACCESSES_H

#include "proto/checkpoint.h"
#include "proto/messages.h"

#define ACCESSES_KEPT      4096
#define ACCESS_EQUAL_MS    (10 * 60 * 1000)
#define ACCESS_STANDING_MS (24 * 3600 * 1000)
#define ACCESS_NONCE_BYTES 16
/* Of a reader, at each door: what it may have written down at once, and gains an hour. Another
 * filter is another act, so without this a reader could fill the journal with them. */
#define ACCESSES_BUCKET   1000
#define ACCESSES_PER_HOUR 600

enum access_act {
    ACCESS_PULL = IHURIRO__V1__ACCESS__ACT__PULL,
    ACCESS_FEED_OPENED = IHURIRO__V1__ACCESS__ACT__FEED_OPENED,
    ACCESS_FEED_STANDING = IHURIRO__V1__ACCESS__ACT__FEED_STANDING,
    ACCESS_TOTALS = IHURIRO__V1__ACCESS__ACT__TOTALS,
    ACCESS_MATRIX = IHURIRO__V1__ACCESS__ACT__MATRIX,
    ACCESS_CONTACTS = IHURIRO__V1__ACCESS__ACT__CONTACTS,
    ACCESS_RECEIPT = IHURIRO__V1__ACCESS__ACT__RECEIPT,
};

struct access_key {
    uint8_t hash[SHA256_BYTES];
};

/* What makes two acts equal: reader, filter (what this program knows of it) and, of a pull, size of
 * the position and rights (NULL for a feed). filter may be NULL. */
MUST_USE enum err access_key_of(const char *reader, const PbFilter *filter, uint64_t size,
                                const uint8_t *rights, struct access_key *ret_key);

/* The same of an act that is neither feed nor pull: what it is counts too. size: the record that it
 * was asked as of, 0: none, so that asking again as the journal grows is the same act. */
MUST_USE enum err access_key_of_act(enum access_act act, const char *reader, const PbFilter *filter,
                                    uint64_t size, const uint8_t rights[static SHA256_BYTES],
                                    struct access_key *ret_key);

struct accesses;

MUST_USE enum err accesses_make(struct accesses **ret_accesses);
void accesses_close(struct accesses **accesses);

/* A feed's FETCH came: the act to write now, or 0 for none. Nothing is remembered yet. */
int accesses_feed(const struct accesses *accesses, const struct access_key *key, int64_t now_ms);
/* Was this pull written within the last ten minutes? */
bool accesses_wrote_lately(const struct accesses *accesses, const struct access_key *key,
                           int64_t now_ms);
/* Takes one of what the reader may have written down. ERR_RANGE: none is left; it comes later. */
MUST_USE enum err accesses_take(struct accesses *accesses, const char *reader, int64_t now_ms);
bool accesses_know(const struct accesses *accesses, const struct access_key *key);
/* Remembers that it was seen, and, if was_written, written now. */
void accesses_saw(struct accesses *accesses, const struct access_key *key, bool was_written,
                  int64_t now_ms);

struct access_event {
    enum access_act act;
    const char *reader;
    const PbFilter *filter;          /* or NULL */
    const struct position *position; /* or NULL */
    const uint8_t *rights;           /* 32 bytes */
    const uint8_t *ids_hash;         /* of a pull, else NULL */
    uint64_t records;                /* of a pull */
    int64_t time_us;
    uint8_t nonce[ACCESS_NONCE_BYTES];
};

/* Appends the packed Event, with what this program knows of the filter: nothing else that a reader
 * sent is journaled. Its subject is the institution that the filter names, where it names
 * one. */
MUST_USE enum err access_event_pack(const struct access_event *access, struct buffer *event);

#endif
