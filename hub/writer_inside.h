/* What writer.c, writer_acts.c and writer_load.c share. */
#ifndef IHURIRO_HUB_WRITER_INSIDE_H
#define IHURIRO_HUB_WRITER_INSIDE_H

#include "hub/writer.h"
#include "proto/lost_history.h"

struct writer {
    struct writer_parts parts;
    struct registry *registry;
    bool has_new_registry;
    struct docket *docket;
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

/* The kinds that are acts: in acts.log too, and folded into the registry or into the docket. */
bool is_act_kind(int kind);
/* Into that one of the two that folds it; sealed. */
MUST_USE enum err fold_act(struct writer *writer, const PbEvent *event,
                           const uint8_t id[static SHA256_BYTES]);

#endif
