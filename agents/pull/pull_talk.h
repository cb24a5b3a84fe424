/* What mfi-pull says to the query door, and the checking of what it hears. */
#ifndef IHURIRO_PULL_PULL_TALK_H
#define IHURIRO_PULL_PULL_TALK_H

#include "agents/client/connection.h"
#include "agents/client/snapshot.h"

/* SNAPSHOT: fills position, checkpoint and rights of the terms. The checkpoint's signature is
 * verified. ids_hash and records are what the hub says is in it. */
struct pull_opened {
    uint64_t records;
    uint8_t ids_hash[SHA256_BYTES];
};
MUST_USE enum err pull_open(struct connection *connection, const struct hub_identity *hub,
                            struct snapshot_terms *terms, struct complaint *complaint,
                            struct pull_opened *ret_opened);
/* FETCH, again and again, until the position. ERR_BUSY: the pull must begin again (rights or
 * history changed meanwhile, or the hub was restarted). */
MUST_USE enum err pull_fetch(struct connection *connection, const struct snapshot_terms *terms,
                             const struct pull_opened *opened, struct complaint *complaint,
                             struct buffer *records_pb);
/* GET_TOTALS: one page, in the arena. Its checkpoint's signature is verified, and stands for its
 * position; the sums are the hub's word. */
MUST_USE enum err pull_totals(struct connection *connection, const struct hub_identity *hub,
                              const Ihuriro__V1__GetTotals *request, struct arena *arena,
                              struct complaint *complaint, const Ihuriro__V1__Totals **ret_page);
/* PROVE: appends the packed Proof, verified. */
MUST_USE enum err pull_prove(struct connection *connection, const struct hub_identity *hub,
                             struct bytes checkpoint, struct complaint *complaint,
                             struct buffer *proof);
/* Does a Proof hold, and is it of the checkpoint that was asked for? Consistent or a declared fork;
 * ret_declared says which: 0, or the seq of the record that declares it. Whether that record speaks
 * of this checkpoint, mfi-verify judges. */
MUST_USE enum err pull_proof_check(struct bytes proof, struct bytes asked,
                                   const struct hub_identity *hub, struct complaint *complaint,
                                   uint64_t *ret_declared);

#endif
