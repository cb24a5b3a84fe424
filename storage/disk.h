/* What files and folders need so that they survive a power cut: syncs of folders, and a refusal of
 * file systems that cannot promise it. */
#ifndef IHURIRO_STORAGE_DISK_H
#define IHURIRO_STORAGE_DISK_H

#include "proto/bytes.h"

/* fsync of a file or folder; of the folder that a path lies in. ERR_IO. */
MUST_USE enum err disk_sync(const char *path);
MUST_USE enum err disk_sync_parent(const char *path);
/* ERR_UNSUPPORTED for a path on a network or cluster file system (by statfs f_type). */
MUST_USE enum err disk_refuse_network(const char *path, struct complaint *complaint);
/* ERR_REFUSED when another user owns the file, or another may write it. */
MUST_USE enum err disk_refuse_foreign(const char *path, struct complaint *complaint);
/* folder/name, malloc'ed. ERR_MEMORY. */
MUST_USE enum err disk_path(const char *folder, const char *name, char **ret_path);
/* ENOSPC, EDQUOT, EFBIG: ERR_FULL; ENOENT: ERR_NOT_FOUND; EEXIST: ERR_EXISTS; ENOMEM: ERR_MEMORY;
 * all others ERR_IO. */
enum err disk_error(int number);

#endif
