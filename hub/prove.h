/* PROVE: is a checkpoint that somebody keeps still part of the history, or does a record say that
 * it was lost? */
#ifndef IHURIRO_HUB_PROVE_H
#define IHURIRO_HUB_PROVE_H

#include "hub/reading.h"

/* Appends a PROOF frame: the consistency proof from the checkpoint to the newest, or the RESTORED
 * or HISTORY_LOST record that declares the fork, with its inclusion proof. ERR_REFUSED: the
 * checkpoint is none of this hub's. ERR_LOST: it is, and nothing declares that it was lost; the
 * complaint says what to do. */
MUST_USE enum err prove_answer(const struct reading *reading, const struct party *reader,
                               const struct hub_identity *identity, const Ihuriro__V1__Prove *prove,
                               struct complaint *complaint, struct buffer *frame);

#endif
