/* What the feed and query doors share: what a step may look at, what it may do, and the building of
 * RECORDS answers. Nothing here reads a clock or a socket. */
#ifndef IHURIRO_HUB_READING_H
#define IHURIRO_HUB_READING_H

#include "hub/accesses.h"
#include "hub/hub.h"
#include "hub/subscribers.h"
#include "proto/access.h"

/* All of one moment. The transaction is short: a step looks at READ_TXN_RECORDS_MAX records at
 * most. */
struct reading {
    struct txn *txn;
    const struct registry *registry;
    uint64_t generation; /* the registry's number: the same number is the same registry */
    int64_t now_us;      /* the hub's time, said in each answer */
    int64_t settled_us; /* no record that is not in the transaction was received before; at the feed
                           door */
    int64_t now_ms;     /* monotonic */
    bool
        is_short_of_disk; /* no access can be written down: no reading begins that would need one */
    struct counters *counters;
    struct subscribers
        *subscribers; /* whom the feed serves, for the operator; NULL: nobody looks */
};

/* What a step does to the world. */
struct reading_out {
    void *context;
    /* Sends, or drops: what does not leave is asked again. */
    void (*answer)(void *context, const struct peer *peer, struct bytes frame);
    /* Hands an ACCESS event to the writer; through reading_journal. */
    enum err (*journal)(void *context, uint64_t ticket, struct bytes event);
    void (*nonce)(void *context, uint8_t ret_nonce[static ACCESS_NONCE_BYTES]);
};

void reading_answer(const struct reading_out *out, const struct peer *peer, enum verb verb,
                    const ProtobufCMessage *body);
void reading_refuse(const struct reading *reading, const struct reading_out *out,
                    const struct peer *peer, const char *rule, const char *text);
void reading_retry_later(const struct reading *reading, const struct reading_out *out,
                         const struct peer *peer, uint32_t seconds, const char *text);

/* Hands an ACCESS event to the writer. ERR_BUSY: nothing may be read now; reading_busy says so to
 * the peer. */
MUST_USE enum err reading_journal(const struct reading *reading, const struct reading_out *out,
                                  uint64_t ticket, struct bytes event);
void reading_busy(const struct reading *reading, const struct reading_out *out,
                  const struct peer *peer);
/* The same for a reader whose accesses have used up what it may have written down. */
void reading_too_often(const struct reading *reading, const struct reading_out *out,
                       const struct peer *peer);

/* The party that speaks for the connection, valid today. NULL after the peer was told
 * NOT_ENTITLED. */
const struct party *reading_party(const struct reading *reading, const struct reading_out *out,
                                  const struct peer *peer);

/* GET_SETTINGS, for whom the record of the settings may be seen by. */
MUST_USE enum err reading_settings(const struct reading *reading, const struct reading_out *out,
                                   const struct peer *peer, const struct party *reader,
                                   struct bytes body);

/* A Position of a peer. With size > 0 and no root it is what a user typed, and ret_is_bare: what
 * stands there now is meant. ERR_MALFORMED for a root of another length. */
MUST_USE enum err position_of_message(const PbPosition *message, struct position *ret_position,
                                      bool *ret_is_bare);
/* ret_message's root is a view into position. */
void position_to_message(const struct position *position, PbPosition *ret_message);

/* Copies a filter into one block, for free(). */
MUST_USE enum err filter_keep(const PbFilter *filter, PbFilter **ret_kept);

/* Rights of readers under one generation of the roster: many FETCHes, few readers. */
#define RIGHTS_KEPT 256
struct rights_cache {
    struct rights_kept {
        uint64_t generation;
        char reader[INSTITUTION_ID_MAX + 1];
        uint8_t rights[SHA256_BYTES];
    } items[RIGHTS_KEPT];
};
MUST_USE enum err rights_of(struct rights_cache *cache, const struct reading *reading,
                            const struct party *reader, uint8_t ret_rights[static SHA256_BYTES]);

/* ---- RECORDS ---- */

/* Builds one answer, record by record. One a door, used again and again. */
struct scanner;

/* What a look costs, in parts of a record that is read: a header that another reader's scan has
 * read lately is looked at for little. */
#define SCAN_COST_RECORD 32
#define SCAN_COST_LOOK   1

MUST_USE enum err scanner_make(struct scanner **ret_scanner);
void scanner_close(struct scanner **scanner);

struct scan {
    const struct party *reader;
    const PbFilter *filter;
    size_t bytes_max;    /* of the answer; 0: ANSWER_MAX */
    uint64_t proof_size; /* 0: without proofs; else the tree they are of */
};

void scanner_begin(struct scanner *scanner, const struct scan *scan);
/* Before the transaction ends in which records were looked at. */
void scanner_end(struct scanner *scanner);
size_t scanner_count(const struct scanner *scanner);
/* What the looks since scanner_begin have cost. */
size_t scanner_spent(const struct scanner *scanner);
/* Looks at one record, and takes it if the filter does and the reader may see it. ERR_TOO_LARGE: it
 * belongs in the answer but does not fit into this one (never the first). */
MUST_USE enum err scanner_look(struct scanner *scanner, const struct reading *reading,
                               uint64_t seq);

/* What was taken, kept for later, apart from the transaction it was read in. AUTO(scan_kept_close).
 */
struct scan_kept {
    struct buffer frame;
    size_t count;
};
void scanner_keep(struct scanner *scanner, struct scan_kept *ret_kept);
/* As if it had just been taken; kept is emptied. */
void scanner_resume(struct scanner *scanner, struct scan_kept *kept);
void scan_kept_close(struct scan_kept *kept);

struct scan_answer {
    uint64_t number;
    struct position from;
    uint64_t to; /* scanned to */
    const uint8_t *rights;
};

/* Ends RECORDS with what was taken. ret_to: the position it comes to. ret_frame is good until
 * scanner_begin. */
MUST_USE enum err scanner_pack(struct scanner *scanner, const struct reading *reading,
                               const struct scan_answer *answer, struct position *ret_to,
                               struct bytes *ret_frame);

#endif
