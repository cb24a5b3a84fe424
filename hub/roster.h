/* The registry as it stands now: an immutable snapshot behind a pointer that only the writer swaps.
 */
#ifndef IHURIRO_HUB_ROSTER_H
#define IHURIRO_HUB_ROSTER_H

#include "proto/registry.h"

struct roster;

MUST_USE enum err roster_make(struct registry *first,
                              struct roster **ret_roster); /* takes first over */
void roster_close(struct roster **roster);
/* A view to hold for one message or one turn, then give back. Never NULL. */
const struct registry *roster_take(struct roster *roster);
/* The same with its number, which grows with each swap: a parked request is answered when rights
 * may have changed, and what was looked up in a registry stands under its number as long as that.
 */
const struct registry *roster_take_numbered(struct roster *roster, uint64_t *ret_generation);
void roster_give(struct roster *roster, const struct registry *registry);
/* The writer only; takes next over. The old one is freed when its last holder gives it back. */
MUST_USE enum err roster_swap(struct roster *roster, struct registry *next);
#endif
