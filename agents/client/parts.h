/* Work on many items by several threads: signatures are verified one by one, and are most of what a
 * reader spends. */
#ifndef IHURIRO_CLIENT_PARTS_H
#define IHURIRO_CLIENT_PARTS_H

#include "proto/messages.h"

#define PARTS_MAX          16
#define PARTS_LEAST_CHECKS 16 /* signatures to verify for which a thread is worth its start */

/* One item; arena is of this call only. Called from several threads: the context is only read, but
 * for what belongs to the item. */
typedef enum err (*parts_item)(void *context, size_t index, struct arena *arena,
                               struct complaint *complaint);
/* A thread a core, unless there are so few items that one would have fewer than `least`. */
size_t parts_by_cores(size_t items, size_t least);
/* By so many threads, PARTS_MAX at most. ERR_OK when all are done; else what the first of the items
 * said that failed, as if they had been worked on in order. */
MUST_USE enum err parts_work(size_t count, size_t threads, parts_item item, void *context,
                             struct complaint *complaint);

#endif
