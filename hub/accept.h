/* Connections that there is no room for are taken and closed at once. libzmq's listener, when a
 * process has as many files open as it may, leaves them in the queue and asks again without end:
 * one flood would take a whole core, and the store could open nothing any more. */
#ifndef IHURIRO_HUB_ACCEPT_H
#define IHURIRO_HUB_ACCEPT_H

#include <stdint.h>

#include "hub/counters.h"

/* Of the files that may be open, so many stay for the store, the doors and the operator. */
#define FILES_NOT_FOR_PEERS 100

/* From now on a peer whose descriptor would be files_max - FILES_NOT_FOR_PEERS or more is turned
 * away, and counted; those that are taken are counted too. Before: nobody is. */
void accept_at_most(uint64_t files_max, struct counters *counters);
/* One above the highest descriptor that a peer ever had. */
int accept_descriptors_end(void);
/* A listener whose connections are nobody's peers: not counted, and not turned away (it bounds
 * them itself). */
void accept_is_no_door(int listening_fd);

#endif
