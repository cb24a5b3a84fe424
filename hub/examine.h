/* What of a frame can be judged without history: the costly part of it, the signature above all.
 *
 * Pure: reads the frame, and of the ingest only its session key and the hub's identity, which never
 * change. So several threads may examine at once, ahead of the one that decides (ingest_door.c). */
#ifndef IHURIRO_HUB_EXAMINE_H
#define IHURIRO_HUB_EXAMINE_H

#include "hub/door.h"
#include "proto/envelope.h"
#include "proto/receipt.h"

struct ingest;

struct examined {
    enum err frame; /* of the frame's head; verb and body only if ERR_OK */
    int verb;
    struct bytes body;
    /* of a SUBMIT */
    enum err submit;
    const Ihuriro__V1__Submit *message;
    bool is_in_session;
    enum err opened; /* the envelope */
    struct envelope envelope;
    bool is_signed;
    bool has_receipt; /* a genuine one, of this hub and id */
    struct receipt receipt;
};

/* What is unpacked lives in the arena, the rest in the frame. */
void examine(const struct ingest *ingest, const struct peer *peer, struct bytes frame,
             struct arena *arena, struct examined *ret_examined);
/* Would it be the same with any other arena? Not if something could not be unpacked: the budget may
 * have been too small. */
bool examined_is_final(const struct examined *examined);

#endif
