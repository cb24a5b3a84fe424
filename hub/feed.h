/* The feed door's decisions: FETCH(position, filter), answered at once or parked until there is
 * something, rights change or the time is up; OLDER; GET_SETTINGS. Live and replay are one path: a
 * request that comes is parked, and each turn moves parked ones on.
 *
 * Kept of a subscriber: the one request outstanding of its connection, nothing else. 8 a party; a
 * newer one of a connection, or the ninth of a party, ends the older without an answer. */
#ifndef IHURIRO_HUB_FEED_H
#define IHURIRO_HUB_FEED_H

#include "hub/reading.h"

struct feed;

MUST_USE enum err feed_make(const struct reading_out *out, struct feed **ret_feed);
void feed_close(struct feed **feed);

/* One frame of a peer: answers it, or parks it. A storage error is told to the peer as RETRY_LATER,
 * and returned for the log. */
enum err feed_take(struct feed *feed, const struct reading *reading, const struct peer *peer,
                   struct bytes frame);
/* Moves parked requests on, within the bounds of one read transaction. ret_is_behind: there is more
 * to look at now; call it again with a new transaction. */
enum err feed_turn(struct feed *feed, const struct reading *reading, bool *ret_is_behind);
/* Until the next parked request's time is up, in milliseconds; -1: nothing is parked. */
int64_t feed_wait_ms(const struct feed *feed, int64_t now_ms);
size_t feed_parked(const struct feed *feed);

#endif
