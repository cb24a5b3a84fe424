/* The ingest turn, the heart of the hub: messages → judged → one transaction → commit → answers.
 *
 * Pure but for the store: sockets, clocks and randomness stay outside (ingest_door.c). One thread.
 */
#ifndef IHURIRO_HUB_INGEST_H
#define IHURIRO_HUB_INGEST_H

#include "hub/answers.h"
#include "hub/examine.h"
#include "hub/hub.h"
#include "hub/quota.h"
#include "hub/writer.h"

#define SESSION_TAG_BYTES 16
#define SESSION_MAC_BYTES 32
#define SESSION_BYTES     (SESSION_TAG_BYTES + SESSION_MAC_BYTES)

struct ingest {
    struct writer *writer;
    const struct hub_identity *identity;
    struct counters *counters;
    struct answers *answers;
    int64_t disk_floor_mb;
    struct quota *quota;
    struct quota *owed;      /* questions what is owed */
    struct quota *refusals;  /* that are kept; one above it is answered all the same */
    uint8_t session_key[32]; /* drawn at start: a session belongs to one connection and one hub
                                process */
    /* of the open turn */
    int64_t now_us;
    int64_t now_ms;
    enum clock_state clock_state;
    bool is_short_of_disk;
    struct arena arena;  /* of the message being judged: a peer may spend all of it */
    struct arena words;  /* of what is said about it */
    struct arena beside; /* of the reports that it is judged beside */
};

/* A turn: ingest_begin; ingest_message for each; ingest_write for each request of the doors;
 * ingest_end. */
MUST_USE enum err ingest_begin(struct ingest *ingest, int64_t now_us, int64_t now_ms,
                               enum clock_state clock_state);
/* Judges one frame. ERR_OK whatever the peer sent; else storage failed and the turn is lost. */
MUST_USE enum err ingest_message(struct ingest *ingest, const struct peer *peer,
                                 struct bytes frame);
/* The same of a frame that was examined before, with this ingest and peer. */
MUST_USE enum err ingest_examined(struct ingest *ingest, const struct peer *peer,
                                  const struct examined *examined);
/* Seals, builds answers, commits. After ERR_OK the answers may be delivered; after anything else
 * the process must end. */
MUST_USE enum err ingest_end(struct ingest *ingest, const struct checkpoint **ret_checkpoint);

/* Parts of ingest_message, each in a file of its own. parties: those whose rows name the peer's
 * key. */
struct sender {
    const struct peer *peer;
    const struct examined *examined;
    const struct registry *registry;
    const struct party *const *parties;
    size_t party_count;
};

MUST_USE enum err hello_take(struct ingest *ingest, const struct sender *sender, struct bytes body);
MUST_USE enum err settled_take(struct ingest *ingest, const struct sender *sender,
                               struct bytes body);
MUST_USE enum err own_take(struct ingest *ingest, const struct sender *sender, struct bytes body);
MUST_USE enum err owed_take(struct ingest *ingest, const struct sender *sender, struct bytes body);
MUST_USE enum err submit_take(struct ingest *ingest, const struct sender *sender,
                              struct bytes body);

/* Is this the session that the hub gave to this connection? */
bool session_is_good(const struct ingest *ingest, const struct peer *peer, struct bytes session);
/* Tells the peer to say hello. */
MUST_USE enum err hello_first(struct ingest *ingest, const struct peer *peer);
/* A whole-frame refusal, for what is no SUBMIT. */
MUST_USE enum err ingest_refuse(struct ingest *ingest, const struct peer *peer, const char *rule,
                                const char *text);
/* The member row of that id among the sender's, or NULL. */
const struct party *sender_party(const struct sender *sender, const char *institution);

#endif
