/* What the files of `mfi-hub parties` share. */
#ifndef IHURIRO_HUB_PARTIES_H
#define IHURIRO_HUB_PARTIES_H

#include "hub/commands.h"

/* Each returns the program's exit code: parties.c lists them. */
int parties_list(int argc, char **argv);
int parties_show(int argc, char **argv);
int parties_add(int argc, char **argv);
int parties_set(int argc, char **argv);
int parties_revoke(int argc, char **argv);
int parties_import(int argc, char **argv);
int parties_merge(int argc, char **argv);
int parties_split(int argc, char **argv);
int parties_rename(int argc, char **argv);
int parties_close(int argc, char **argv);
int parties_contact(int argc, char **argv);

/* Acts about a party, and a line that says so. Returns the exit code. */
int parties_submit(const struct common_arguments *common, const char *id, PbEvent *const *events,
                   size_t count, struct complaint *complaint);

/* The store as it stands, read beside a running hub. Zero-initialise; AUTO(parties_reading_end). */
struct parties_reading {
    struct hub hub;
    struct txn txn;
    struct registry *registry;
    struct arena arena;
    const PbSettings *settings; /* in force, or NULL */
};
MUST_USE enum err parties_read(const char *config, struct complaint *complaint,
                               struct parties_reading *ret_reading);
void parties_reading_end(struct parties_reading *reading);
/* ERR_NOT_FOUND with a sentence. */
MUST_USE enum err parties_find(const struct parties_reading *reading, const char *id,
                               struct complaint *complaint, const struct party **ret_party);

#endif
