/* The thin loop between a session and a socket: one DEALER with CURVE, its monitor turned into
 * words, and a turn that waits, receives, ticks and sends. Settings: RELIABILITY section 1.4.
 * Reconnection is ours: a connection that ends is closed, and the session says when the next is
 * opened. */
#ifndef IHURIRO_AGENTS_MFI_LINK_H
#define IHURIRO_AGENTS_MFI_LINK_H

#include "agents/mfi/session.h"

struct link;

struct link_options {
    const char *endpoint;            /* tcp://hub.example:5701; a view, as long as the link lives */
    const struct transport_key *key; /* ours */
    const uint8_t *server;           /* the hub's, 32 bytes */
    void *context;                   /* ZeroMQ's, of many links; NULL: one of its own */
};

/* Connects nothing yet. */
MUST_USE enum err link_open(const struct link_options *options, struct complaint *complaint,
                            struct link **ret_link);
void link_close(struct link **link);

/* One turn: waits until something comes, the session's next tick, wait_ms, or until stop_fd (-1:
 * none) is readable; gives the session what happened, and sends what it has to say. */
MUST_USE enum err link_turn(struct link *link, struct session *session, int64_t wait_ms,
                            int stop_fd);

/* The next turn ticks the session at once: something was queued by this process. */
void link_wake(struct link *link);

#endif
