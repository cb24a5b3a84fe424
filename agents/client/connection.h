/* One connection to a door of the hub: DEALER over CURVE, settings of RELIABILITY section 1.4, and
 * a socket monitor that knows why there is none. Not a place for decisions. */
#ifndef IHURIRO_CLIENT_CONNECTION_H
#define IHURIRO_CLIENT_CONNECTION_H

#include "agents/client/client.h"

struct connection;

/* stop_fd: when it is readable, waiting ends with ERR_TIMEOUT; -1: none. client must outlive it. */
MUST_USE enum err connection_open(const struct client *client, int stop_fd,
                                  struct connection **ret_connection);
void connection_close(struct connection **connection);

/* Waits until the handshake has succeeded. ERR_TIMEOUT; ERR_NETWORK as soon as it is known to have
 * failed. */
MUST_USE enum err connection_wait(struct connection *connection, int64_t wait_ms);
bool connection_is_ready(const struct connection *connection);
/* ERR_NETWORK when there is no connection to send on. */
MUST_USE enum err connection_send(struct connection *connection, struct bytes frame);
/* ret_frame is good until the next call. ERR_TIMEOUT when nothing came; ERR_NETWORK when the
 * connection broke meanwhile. */
MUST_USE enum err connection_receive(struct connection *connection, int64_t wait_ms,
                                     struct bytes *ret_frame);
/* Waits (the hub asked for it), or until stop_fd is readable. */
enum err connection_pause(struct connection *connection, int64_t wait_ms);
/* Closes the socket, waits with full jitter (longer the more often it failed in a row), and opens
 * another. Whatever was outstanding is lost. */
MUST_USE enum err connection_renew(struct connection *connection);
/* Is it the keys, so that trying again does not help until somebody changes something? */
bool connection_is_hopeless(const struct connection *connection);
/* Says in words why there is no connection: name not resolved, refused, handshake failed. May try a
 * plain TCP connection of its own, for up to 3 s. Returns ERR_NETWORK. */
enum err connection_why(struct connection *connection, struct complaint *complaint);

/* Request and answer. A connection that fails is renewed until deadline_ms (monotonic); one that
 * comes about is waited for as long as a slow line needs (30 s for the handshake, PACE_ANSWER_MS
 * for the answer), also beyond. ERR_NETWORK with words when it did not come to an answer. Requests
 * must bear being repeated. */
MUST_USE enum err connection_ask(struct connection *connection, struct bytes request,
                                 int64_t deadline_ms, struct complaint *complaint,
                                 struct bytes *ret_frame);

#endif
