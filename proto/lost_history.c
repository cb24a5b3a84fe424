#include "proto/lost_history.h"

#include "proto/checkpoint.h"

void lost_take(struct lost_history *lost, uint64_t seq, const PbEvent *event)
{
    struct checkpoint named = {0};
    bool has_named =
        event->history_lost != NULL &&
        checkpoint_parse(bytes_of_pb(event->history_lost->checkpoint), &named) == ERR_OK;
    bool is_same_loss = has_named && lost->seq != 0 && named.time_us <= lost->time_us;
    lost->seq = is_same_loss ? lost->seq : seq;
    lost->time_us = event->time_us;
    if (has_named && named.position.size > lost->highest_size) {
        lost->highest_size = named.position.size;
    }
}
