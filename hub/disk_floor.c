#include "hub/disk_floor.h"

#define MAP_FLOOR_PERCENT 85

bool disk_is_short(const struct txn *txn, int64_t floor_mb)
{
    uint64_t used = 0;
    uint64_t map = 0;
    uint64_t free_on_disk = 0;
    return env_space(txn->env, &used, &map, &free_on_disk) != ERR_OK ||
           free_on_disk < (uint64_t)floor_mb << 20 || used > map / 100 * MAP_FLOOR_PERCENT;
}
