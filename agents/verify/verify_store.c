#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "agents/verify/verify.h"
#include "storage/check.h"

/* A hub's or a backup's folder has its store in it. */
static const char *find_store(const char *folder, char *path, size_t size)
{
    if (snprintf(path, size, "%s/data.mdb", folder) < (int)size && access(path, F_OK) == 0) {
        return folder;
    }
    if (snprintf(path, size, "%s/store/data.mdb", folder) < (int)size && access(path, F_OK) == 0) {
        snprintf(path, size, "%s/store", folder);
        return path;
    }
    return folder;
}

enum err verify_store(const char *folder, const struct hub_identity *hub, int out_fd,
                      struct statement *statement, struct complaint *complaint)
{
    struct check_report report = {0};
    char path[4096];
    folder = find_store(folder, path, sizeof path);
    enum err err = check_store_forked(folder, hub, out_fd, &report);
    if (err != ERR_OK) {
        return complain(
            complaint, ERR_USAGE,
            "%s cannot be checked (%s); name a store, or the folder of a hub or backup that it "
            "is in.",
            folder, err_text(err));
    }
    if (report.problems > 0) {
        return complain(complaint, ERR_CORRUPT,
                        "%s has %" PRIu64 " problem%s, listed above. Keep this copy as it is and "
                        "restore a backup.",
                        folder, report.problems, report.problems == 1 ? "" : "s");
    }
    char hex[2 * SHA256_BYTES + 1];
    hex_encode(bytes_of(report.root.bytes, SHA256_BYTES), hex);
    statement_fact(statement, "records", "%" PRIu64, report.records);
    statement_fact(statement, "reports", "%" PRIu64, report.reports);
    statement_fact(statement, "events", "%" PRIu64, report.events);
    statement_fact(statement, "checkpoints", "%" PRIu64, report.heads);
    statement_fact(statement, "root", "%s", hex);
    statement_proven(statement, "every record hashes to what its header commits to");
    statement_proven(statement, "every institution's signature is good");
    statement_proven(statement,
                     "every checkpoint is signed by %s and its root is that of the "
                     "records before it",
                     hub->origin);
    statement_proven(statement, "every index was made again from the records and is equal");
    statement_conclude(statement,
                       "The store is whole: every record up to number %" PRIu64 " is what it was.",
                       report.records);
    return ERR_OK;
}
