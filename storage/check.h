/* The whole-store check: hashes, tree, head signatures, record signatures, and every index rebuilt
 * and compared. It judges nothing again. Run it in a child process: LMDB trusts its file, and a
 * corrupt one may crash it (check_store_forked). */
#ifndef IHURIRO_STORAGE_CHECK_H
#define IHURIRO_STORAGE_CHECK_H

#include "storage/journal.h"

struct check_report {
    uint64_t records;
    uint64_t reports;
    uint64_t events;
    uint64_t heads;
    uint64_t problems;
    struct hash root;
};

/* Calls tell for each problem (at most 100), with a sentence naming seq or key. hub: pinned keys
 * for the heads; NULL: the log key in the store's meta. ERR_OK also when there are problems: see
 * ret_report. */
MUST_USE enum err check_store(struct store *store, const struct hub_identity *hub,
                              void (*tell)(void *context, const char *sentence), void *context,
                              void (*progress)(void *context, uint64_t done, uint64_t of),
                              struct check_report *ret_report);
/* Opens PATH in a forked child, checks, and reports; a crash of the child is a problem, not ours.
 * Prints to out. */
MUST_USE enum err check_store_forked(const char *path, const struct hub_identity *hub, int out_fd,
                                     struct check_report *ret_report);

#endif
