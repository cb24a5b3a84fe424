/* Walks that notices are met on, kept between requests: one that stands where the next request
 * begins, or whose registry, settings and decisions are the same there, goes on; for another cursor
 * one is made, in steps, from the index of events. */
#ifndef IHURIRO_HUB_FEED_WALKS_H
#define IHURIRO_HUB_FEED_WALKS_H

#include "proto/notices.h"
#include "storage/journal.h"

#define WALKS_KEPT 3

struct walks;
struct walk;

MUST_USE enum err walks_make(struct walks **ret_walks);
void walks_close(struct walks **walks);
/* One that may go on from record seq. *budget: of looks; what it takes to make one is taken from
 * it. ret_walk NULL: it is being made, or all are; come again with the next transaction. */
MUST_USE enum err walks_find(struct walks *walks, struct txn *txn, uint64_t seq, int64_t now_ms,
                             size_t *budget, struct walk **ret_walk);
/* notice_walk_step, in this transaction. */
MUST_USE enum err walk_step(struct walk *walk, struct txn *txn, const struct notice_end *end,
                            notice_sink sink, void *sink_context, size_t *budget,
                            struct notice_cursor *cursor, bool *ret_is_full, int64_t *ret_next_us);

#endif
