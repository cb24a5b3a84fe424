/* A receipt: header, inclusion proof, signed checkpoint, judgement. Verifies offline against
 * hub.pub alone. */
#ifndef IHURIRO_PROTO_RECEIPT_H
#define IHURIRO_PROTO_RECEIPT_H

#include "proto/checkpoint.h"
#include "proto/record.h"

struct receipt {
    struct header header;
    struct bytes raw_header;
    struct bytes raw_proof;
    struct bytes judgement;
    struct checkpoint checkpoint; /* its text is a view */
};

/* Appends a packed Receipt. */
MUST_USE enum err receipt_pack(struct bytes raw_header, struct bytes proof, struct bytes checkpoint,
                               struct bytes judgement, struct buffer *receipt);
/* Parses; checks shapes and that leaf index < size. The views live in the arena. */
MUST_USE enum err receipt_open(struct bytes raw, struct arena *arena, struct receipt *ret_receipt);
/* Checkpoint signature, inclusion, judgement hash, and, for a report, the signer's signature over
 * the id in the header. id may be NULL; else the receipt must be of that id. */
MUST_USE enum err receipt_verify(const struct receipt *receipt, const struct hub_identity *hub,
                                 const uint8_t *id, struct complaint *complaint);
/* Best first: ACCEPTED (with or without warnings) before REJECTED, then the earliest
 * first_received_at. Negative when a is better, 0 when equal. */
int receipt_compare(const struct header *a, const struct header *b);

#endif
