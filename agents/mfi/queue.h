/* A folder's reports into the store. */
#ifndef IHURIRO_AGENTS_MFI_QUEUE_H
#define IHURIRO_AGENTS_MFI_QUEUE_H

#include "agents/mfi/folder.h"

struct queued_report {
    enum queued queued;
    struct entry_key key;
};

/* All reports of an examined folder, in order (EXPOSURES last), fsynced one by one: after a failure
 * those before it are queued, and queueing again adds nothing twice. is_again: figures that were
 * rejected are queued once more. ret_queued holds examined->count rows. */
MUST_USE enum err queue_examined(struct agent *agent, const struct examined *examined,
                                 int64_t now_us, bool is_again, struct complaint *complaint,
                                 struct queued_report *ret_queued);

#endif
