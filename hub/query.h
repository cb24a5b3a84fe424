/* The query door's decisions: SNAPSHOT (a pull's position, once its access is in the journal), the
 * pull's FETCHes, PROVE, GET_SETTINGS.
 *
 * A pull is served only to whom it was journaled for: a FETCH here names its upper bound and
 * rights, and is refused with SNAPSHOT_FIRST unless a SNAPSHOT of the same reader, filter, position
 * and rights came before it in this process. */
#ifndef IHURIRO_HUB_QUERY_H
#define IHURIRO_HUB_QUERY_H

#include "hub/pull_scope.h"

#define SNAPSHOTS_WAITING_MAX 64 /* for the writer, of all connections */
#define COLLECTING_MAX        8  /* pulls whose records are being collected, in turn */

struct query;

/* identity: the hub's own, against which a checkpoint shown at PROVE is verified. */
MUST_USE enum err query_make(const struct reading_out *out, const struct hub_identity *identity,
                             struct query **ret_query);
void query_close(struct query **query);

/* One frame of a peer: answered, or, for a SNAPSHOT, handed to the writer with a ticket. A storage
 * error is told to the peer as RETRY_LATER, and returned for the log. */
enum err query_take(struct query *query, const struct reading *reading, const struct peer *peer,
                    struct bytes frame);
/* What a pull concerns is collected in steps: does one of them. ret_is_behind: there are more; call
 * it again with a new transaction. */
enum err query_turn(struct query *query, const struct reading *reading, bool *ret_is_behind);
/* The writer's answer for a ticket: committed, so the SNAPSHOT's answer leaves now. */
void query_written(struct query *query, const struct reading *reading,
                   const struct written *written);
size_t query_waiting(const struct query *query);
size_t query_collecting(const struct query *query);

#endif
