/* The answers of one ingest turn: collected while it judges, built once the head is sealed, sent
 * once it is committed.
 *
 * All SUBMIT answers of a turn to one connection and session share frames of up to
 * ANSWER_FRAME_TARGET bytes, under one checkpoint, in the order of the requests. */
#ifndef IHURIRO_HUB_ANSWERS_H
#define IHURIRO_HUB_ANSWERS_H

#include "hub/door.h"
#include "storage/journal.h"

struct answers;

MUST_USE enum err answers_make(struct answers **ret_answers);
void answers_close(struct answers **answers);
void answers_clear(struct answers *answers);
/* About how many bytes the answers collected so far will take: a turn ends before they are many. */
size_t answers_bytes(const struct answers *answers);

/* What one SUBMIT is told. seq: the receipt of that record; else the refusal or the delay. */
struct submit_answer {
    struct bytes session;
    uint64_t number;
    uint64_t seq;
    const char *rule; /* refused */
    const char *path; /* or NULL */
    const char *text;
    bool may_pass;
    uint32_t retry_after_s; /* with seq 0 and no rule */
    bool is_hub_wide;
    const char *institution; /* the delay's */
};

/* Texts and session are copied. */
MUST_USE enum err answers_submit(struct answers *answers, const struct peer *peer,
                                 const struct submit_answer *answer);
/* Built with the turn's checkpoint: up to 64 KiB of the institution's reports, newest first, below
 * `before`. */
MUST_USE enum err answers_own(struct answers *answers, const struct peer *peer,
                              struct bytes session, uint64_t number, const char *institution,
                              uint64_t before);
/* A frame that is ready, packed or as a message. */
MUST_USE enum err answers_raw(struct answers *answers, const struct peer *peer, struct bytes frame);
MUST_USE enum err answers_frame(struct answers *answers, const struct peer *peer, enum verb verb,
                                const ProtobufCMessage *body);

/* In the turn's transaction, after seal. */
MUST_USE enum err answers_build(struct answers *answers, struct txn *txn,
                                const struct checkpoint *checkpoint, int64_t now_us);
/* After commit. What does not leave is asked again. */
typedef void (*answers_send)(void *context, const struct peer *peer, struct bytes frame);
void answers_deliver(const struct answers *answers, answers_send send, void *context);

#endif
