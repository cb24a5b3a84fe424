/* What is known of replaced history: RESTORED and HISTORY_LOST, taken in in the order of the
 * journal. */
#ifndef IHURIRO_PROTO_LOST_HISTORY_H
#define IHURIRO_PROTO_LOST_HISTORY_H

#include "proto/messages.h"

struct lost_history {
    uint64_t seq;    /* of the record that declared the last loss; 0: none. Who said BACK after it
                        is back */
    int64_t time_us; /* of the last RESTORED or HISTORY_LOST */
    uint64_t highest_size; /* the highest position that was lost */
};

/* Takes in a RESTORED or HISTORY_LOST, the record with that seq. One that names a checkpoint from
 * before the last of them tells more of the same loss: whoever is back stays back. */
void lost_take(struct lost_history *lost, uint64_t seq, const PbEvent *event);

#endif
