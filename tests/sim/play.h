/* Plays a sector through the real outbox and the real session of the agent, as one bureau with one
 * transport key and every member's signing key, against a running test hub whose clock it moves.
 * Killed, it goes on where it was: what is in the agent's store is not sent again. */
#ifndef IHURIRO_TESTS_SIM_PLAY_H
#define IHURIRO_TESTS_SIM_PLAY_H

#include "proto/keys.h"
#include "tests/sim/sector.h"

struct play_options {
    const char *folder; /* the agent's: transport.key and store/ are made if they are not there */
    const char *hub;    /* hub.pub */
    const char *ingest; /* endpoint */
    const char *admin;  /* path of the admin socket */
    bool enrols;        /* enrols all members first */
};

struct play_sums {
    uint64_t sent;
    uint64_t accepted, warned, rejected, refused, repeated;
    uint64_t receipts;
    uint64_t mismatches;
};

/* Verdicts that are not as the truth says are listed on stderr; they are no error of this call. */
MUST_USE enum err play(const struct sector *sector, const struct play_options *options,
                       struct complaint *complaint, struct play_sums *ret_sums);

#endif
