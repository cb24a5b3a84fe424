/* A door: one ROUTER socket with its ZAP domain, settings of RELIABILITY section 1.4 and limits.
 * Thin: no decisions here. */
#ifndef IHURIRO_HUB_DOOR_H
#define IHURIRO_HUB_DOOR_H

#include "hub/counters.h"
#include "proto/frames.h"
#include "proto/keys.h"
#include "proto/limits.h"

#define ROUTING_ID_MAX 255

struct door;

struct door_options {
    const char *endpoint; /* tcp://127.0.0.1:5701, or ipc:// for admin */
    const char *domain;   /* "ingest", "feed", "query"; NULL for admin: no CURVE, folder and file
                             modes guard it */
    const struct transport_key *key; /* NULL for admin */
    int request_max;                 /* bytes */
    int receive_hwm;
    int send_hwm;
    int io_thread; /* bit of ZMQ_AFFINITY; 0: any */
    struct counters *counters;
};

struct peer {
    uint8_t routing_id[ROUTING_ID_MAX];
    uint8_t routing_id_size;
    uint8_t user[PUBLIC_KEY_BYTES]; /* transport key that ZAP vouched for; zeros at admin */
};

struct incoming {
    struct peer peer;
    struct bytes frame; /* good until the next door_receive */
};

MUST_USE enum err door_open(void *zmq_context, const struct door_options *options,
                            struct complaint *complaint, struct door **ret_door);
void door_close(struct door **door);
void *door_socket(const struct door *door); /* for zmq_poll */
/* For poll: readable when door_receive is worth another try. Only after door_has_arrived said that
 * nothing is there; a send may take the sign in. */
MUST_USE enum err door_fd(const struct door *door, int *ret_fd);
bool door_has_arrived(const struct door *door);
/* Does not block. ERR_NOT_FOUND: nothing there, or so many odd ones in a row that others shall have
 * their turn: door_has_arrived knows which. Messages of another shape than [id][frame] or
 * without a User-Id are counted and dropped; more than 2 frames are read to their end without
 * keeping them. */
MUST_USE enum err door_receive(struct door *door, struct incoming *ret_incoming);
/* Does not block: ERR_BUSY when the peer's pipe is full, ERR_NETWORK when it has gone. Both are
 * counted; the peer asks again. */
enum err door_send(struct door *door, const struct peer *peer, struct bytes frame);
/* frame_pack and send. */
enum err door_answer(struct door *door, const struct peer *peer, enum verb verb,
                     const ProtobufCMessage *body);

#endif
