/* The folder of a pull: whole, or not there. */
#ifndef IHURIRO_PULL_PULL_FOLDER_H
#define IHURIRO_PULL_PULL_FOLDER_H

#include "agents/client/snapshot.h"

enum pull_placed {
    PULL_MADE,
    PULL_REPLACED,  /* the same question had another answer before */
    PULL_UNCHANGED, /* every byte was there already */
};

/* Is there a pull of the same question in the folder? ERR_OK with its terms. ERR_NOT_FOUND: the
 * folder is not there, or empty. ERR_EXISTS with a complaint: it holds something else. */
MUST_USE enum err pull_folder_look(const char *folder, const struct snapshot_terms *asked,
                                   struct complaint *complaint, struct snapshot_terms *ret_terms);
/* Given the hub's answer: may it be put into the folder? A pull that stands at the same record of
 * another history (POSITION_LOST), or was read under other rights (RIGHTS_CHANGED), is not
 * overwritten. */
MUST_USE enum err pull_folder_check(const char *folder, const struct snapshot_terms *terms,
                                    struct complaint *complaint);
/* Writes beside, fsyncs, renames. */
MUST_USE enum err pull_folder_place(const char *folder, const struct snapshot_terms *terms,
                                    const struct snapshot_files *files, struct complaint *complaint,
                                    enum pull_placed *ret_placed);

#endif
