/* What writer.c and writer_load.c share. */
#ifndef IHURIRO_HUB_WRITER_INSIDE_H
#define IHURIRO_HUB_WRITER_INSIDE_H

#include "hub/writer.h"

/* What is known of replaced history: since when, and the highest position that was lost. */
struct lost_history {
    uint64_t seq; /* of the record that declared the last loss; 0: none. Who said BACK after it is
                     back */
    int64_t time_us; /* of the last RESTORED or HISTORY_LOST */
    uint64_t highest_size;
};

/* Takes in a RESTORED or HISTORY_LOST, in the order of the journal. One that names a checkpoint
 * from before the last of them tells more of the same loss: whoever is back stays back. */
void lost_take(struct lost_history *lost, uint64_t seq, const PbEvent *event);

struct writer {
    struct writer_parts parts;
    struct registry *registry;
    bool has_new_registry;
    struct arena settings_arena;
    const PbSettings *settings;
    uint8_t settings_id[SHA256_BYTES];
    struct lost_history lost;
    int64_t last_received_us;
    uint64_t size;
    /* the open turn */
    struct txn txn;
    bool is_open;
    int64_t now_us;
    size_t appended;
    bool is_touched;
    struct buffer checkpoint_text;
    struct checkpoint checkpoint;
};

/* The kinds that are acts: in acts.log too, and folded into the registry. */
bool is_act_kind(int kind);

#endif
