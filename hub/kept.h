/* The reports journaled last, as they were unpacked: those that the next ones are judged beside.
 *
 * By the number of their record. What a number stands for never changes, so nothing goes stale; a
 * turn that comes to nothing takes its numbers back, and then all is forgotten. Bounded in count
 * and in bytes (proto/limits.h); the newest pushes the oldest out. */
#ifndef IHURIRO_HUB_KEPT_H
#define IHURIRO_HUB_KEPT_H

#include "proto/messages.h"

struct kept;

MUST_USE enum err kept_make(struct kept **ret_kept);
void kept_close(struct kept **kept);
/* Keeps a copy; without memory for it, nothing. Ends the life of what kept_get gave. */
void kept_put(struct kept *kept, uint64_t seq, const PbReport *report);
/* NULL: it is not here; it is in the journal. */
const PbReport *kept_get(const struct kept *kept, uint64_t seq);
void kept_forget(struct kept *kept);
size_t kept_bytes(const struct kept *kept); /* memory taken for reports */

#endif
