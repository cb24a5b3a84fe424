/* Work on many items, by as many threads as there are cores: signatures are verified one by one,
 * and are most of what a reader spends. */
#ifndef IHURIRO_CLIENT_PARTS_H
#define IHURIRO_CLIENT_PARTS_H

#include "proto/messages.h"

/* One item; arena is of this call only. Called from several threads: the context is only read, but
 * for what belongs to the item. */
typedef enum err (*parts_item)(void *context, size_t index, struct arena *arena,
                               struct complaint *complaint);
/* ERR_OK when all are; else what the first of the items said that failed, as if they had been
 * worked on in order. */
MUST_USE enum err parts_work(size_t count, parts_item item, void *context,
                             struct complaint *complaint);

#endif
