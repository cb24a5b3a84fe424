/* Memory that no limit of a door bounds: libzmq 4.3.4 limits a frame, not a message, and keeps the
 * frames of a message until the last one is there. Whoever is let in can make it grow so. Looked at
 * ten times a second, and near the bound a hundred times: there the connection that brought the
 * most is cut off; at the bound the process ends, and the unit starts it again. */
#ifndef IHURIRO_HUB_MEMORY_GUARD_H
#define IHURIRO_HUB_MEMORY_GUARD_H

#include "hub/counters.h"
#include "proto/errors.h"
#include "proto/own.h"

struct memory_guard;

/* files_max: no descriptor is above it. */
MUST_USE enum err memory_guard_make(int64_t max_mb, int files_max, struct counters *counters,
                                    struct memory_guard **ret_guard);
void memory_guard_close(struct memory_guard **guard);
/* ERR_MEMORY: more is taken than may be, and it was logged; the process must end. */
MUST_USE enum err memory_guard_look(struct memory_guard *guard);
/* When to look again. */
int memory_guard_wait_ms(const struct memory_guard *guard);

/* The decision, pure: the connection to cut off among count, of which each brought so many bytes
 * while the memory grew by so much. -1: none of them explains it. */
int memory_loudest(const uint64_t brought[], int count, uint64_t grown_bytes);

#endif
