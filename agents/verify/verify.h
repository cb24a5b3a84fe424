/* The four things that mfi-verify verifies, offline, against hub.pub alone.
 *
 * Each fills the statement and returns ERR_OK when what it was given is valid. Otherwise the
 * complaint says why not: ERR_USAGE when a file cannot be read at all (nothing was verified), any
 * other error when it was read and is not valid. */
#ifndef IHURIRO_VERIFY_VERIFY_H
#define IHURIRO_VERIFY_VERIFY_H

#include "agents/verify/statement.h"
#include "proto/keys.h"

/* file: a packed ReceiptFile, the envelope and its receipt. */
MUST_USE enum err verify_receipt(struct bytes file, const struct hub_identity *hub,
                                 struct statement *statement, struct complaint *complaint);
/* from: the signed note of a checkpoint; file: a packed Proof. Consistent and a fork that a record
 * declares are ERR_OK, an undeclared fork is ERR_LOST. */
MUST_USE enum err verify_consistency(struct bytes from, struct bytes file,
                                     const struct hub_identity *hub, struct statement *statement,
                                     struct complaint *complaint);
/* folder: what mfi-pull wrote. */
MUST_USE enum err verify_pull(const char *folder, const struct hub_identity *hub,
                              struct statement *statement, struct complaint *complaint);
/* The signed checkpoint that a pull's manifest states. Appends. */
MUST_USE enum err pull_checkpoint(const char *folder, struct complaint *complaint,
                                  struct buffer *note);
/* folder: a hub's store. What is wrong is printed to out_fd, line by line. */
MUST_USE enum err verify_store(const char *folder, const struct hub_identity *hub, int out_fd,
                               struct statement *statement, struct complaint *complaint);

/* Reads a regular file of at most max bytes. ERR_USAGE when it cannot be read, ERR_TOO_LARGE,
 * ERR_MALFORMED when it is empty. */
MUST_USE enum err input_read(const char *path, size_t max, struct complaint *complaint,
                             struct buffer *ret_bytes);

#endif
