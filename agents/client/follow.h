/* The reader's side of the feed, as a step function: what to ask, what an answer means, where the
 * cursor goes. It is what shared/model/read.py explores; no sockets, clocks or files here.
 *
 * Invariants:
 *  1. An answer is applied only if it starts at the cursor; a rewind only if it was asked from the
 *     cursor, and to one of the older positions (or 0).
 *  2. A rewind drops the older positions that came after it.
 *  3. The cursor moves over records that are not for the reader, as far as the answer says it was
 *     scanned.
 *  4. What is put out was verified: each record on its own, each checkpoint's signature. */
#ifndef IHURIRO_CLIENT_FOLLOW_H
#define IHURIRO_CLIENT_FOLLOW_H

#include "agents/client/cursor.h"
#include "proto/record.h"

struct follow_options {
    const struct hub_identity *hub;
    const PbFilter *filter; /* or NULL; outlives the follow */
    uint32_t wait_ms;       /* how long the hub may hold a request */
    bool wants_notices;     /* instead of records; they are the hub's word, and signed by nobody */
    const Ihuriro__V1__Notice__Kind *kinds; /* of notices; outlives the follow */
    size_t kind_count;                      /* 0: all */
};

enum follow_kind {
    FOLLOW_NOTHING, /* not for us, or a question in between: ask again */
    FOLLOW_RECORDS, /* put out, then follow_apply */
    FOLLOW_REWIND,  /* put out a rewind line, then follow_apply */
    FOLLOW_LATER,   /* the hub is busy: ask again after retry_s */
    FOLLOW_REFUSED, /* the hub says no: text */
    FOLLOW_BEHIND,  /* --from N lies behind the journal's end */
};

/* What to do about an answer; views good until the next follow_take. */
struct follow_step {
    enum follow_kind kind;
    struct position to;
    const struct follow_record *records;
    size_t count;
    Ihuriro__V1__Notice *const *notices; /* in place of records; count too */
    int64_t to_time_us;                  /* of notices, also with a rewind */
    char to_after[INSTITUTION_ID_MAX + 1];
    bool has_caught_up;  /* there is nothing more up to now */
    bool rights_changed; /* put out a rights line before the records */
    uint8_t rights[SHA256_BYTES];
    uint64_t head; /* the hub's newest record */
    int64_t now_us;
    uint32_t retry_s;
    char rule[32];
    char text[512];
};

struct follow_record {
    struct header header;
    struct bytes judgement; /* data NULL where only the header may be seen */
    struct bytes body;
};

struct follow;

/* cursor is the caller's, read and moved by follow_apply. A new one is zeroed (from the beginning),
 * or bare (--from N). */
MUST_USE enum err follow_make(const struct follow_options *options, struct cursor_state *cursor,
                              struct follow **ret_follow);
void follow_close(struct follow **follow);
/* Begin at the journal's end (--new): the first answer moves the cursor there, with no record. */
void follow_from_end(struct follow *follow);

/* Appends the frame to send now. ERR_NOT_FOUND: one is outstanding already. After FOLLOW_RECORDS it
 * asks for what comes behind those, so that the next are under way while the last are worked on. */
MUST_USE enum err follow_ask(struct follow *follow, struct buffer *frame);
/* What was outstanding is lost (the connection was renewed). */
void follow_forget(struct follow *follow);
/* ERR_OK with a step; ERR_SIGNATURE, ERR_CORRUPT or ERR_MALFORMED for an answer that does not
 * verify: nothing of it may be put out. */
MUST_USE enum err follow_take(struct follow *follow, struct bytes frame,
                              struct complaint *complaint, struct follow_step *ret_step);
/* The step was put out: moves the cursor. The caller makes output and cursor durable together. */
void follow_apply(struct follow *follow, const struct follow_step *step);

#endif
