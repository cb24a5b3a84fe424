/* Metrics over HTTP on loopback, for a monitoring system of this machine. A thread of its own that
 * shares with the rest only what it reads: atomics, short read transactions of the store, and a
 * copy of the subscribers. Nothing waits for it. */
#ifndef IHURIRO_HUB_METRICS_H
#define IHURIRO_HUB_METRICS_H

#include <sys/socket.h>

#include "hub/metrics_text.h"

#define METRICS_CONNECTIONS_MAX 8 /* more wait to be taken */
#define METRICS_WAITING_MAX     64
#define METRICS_CONNECTION_MS   10000 /* then it is ended, whatever it does */
#define METRICS_CROWDED_MS      500   /* the same while no place is free: an answer takes some ms */
#define METRICS_REQUEST_BYTES   8192  /* of a connection's memory: request line and headers */
#define METRICS_FRESH_MS        1000 /* an answer is given to all who ask so soon after it was made */
#define METRICS_STEP_MS         2    /* between two looks at the connections */
#define METRICS_AGAIN_MS        5000 /* where the port is taken */

/* "127.0.0.1:9464" or "[::1]:9464". Refused: what is no address with a port, and what others than
 * this machine could reach. NULL and "" are valid, and mean off: *ret_size is 0. */
MUST_USE enum err metrics_address(const char *text, struct complaint *complaint,
                                  struct sockaddr_storage *ret_address, socklen_t *ret_size);

/* The thread; ends at once where metrics are off. argument: struct hub. */
void *metrics_run(void *argument);

/* One moment. AUTO(subscriber_list_close) for the list, which the sample's rows lie in. */
struct hub;
MUST_USE enum err metrics_gather(struct hub *hub, struct subscriber_list *ret_list,
                                 struct metrics_sample *ret_sample);

#endif
