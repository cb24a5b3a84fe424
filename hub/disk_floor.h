/* What a hub that runs out of room does: it stops taking and stops giving what must be written
 * down, while there is still room for what cannot wait (an operator's act, a declaration of loss).
 */
#ifndef IHURIRO_HUB_DISK_FLOOR_H
#define IHURIRO_HUB_DISK_FLOOR_H

#include "storage/env.h"

/* Free space on the store's file system below floor_mb, or its map nearly full, or unknown. */
bool disk_is_short(const struct txn *txn, int64_t floor_mb);

#endif
