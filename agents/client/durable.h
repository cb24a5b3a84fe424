/* Files that must be whole or not there: written beside, fsynced, renamed, the folder fsynced. */
#ifndef IHURIRO_CLIENT_DURABLE_H
#define IHURIRO_CLIENT_DURABLE_H

#include "proto/bytes.h"

/* Replaces the file. On an error the old one stands. */
MUST_USE enum err durable_replace(const char *path, struct bytes bytes,
                                  struct complaint *complaint);
/* Creates it, mode 0644; ERR_EXISTS where there is one. */
MUST_USE enum err durable_create(const char *path, struct bytes bytes, struct complaint *complaint);
/* The same in two steps, for many files of one folder at once: all of them are written before the
 * first is synced, and the disk takes them together. Durable once durable_sync has been called for
 * each, and durable_folder_of for one. */
MUST_USE enum err durable_write(const char *path, struct bytes bytes, struct complaint *complaint);
MUST_USE enum err durable_sync(const char *path, struct complaint *complaint);
/* Fsyncs the folder that the path lies in. */
MUST_USE enum err durable_folder_of(const char *path);
/* Reads a whole file of at most limit bytes. ERR_NOT_FOUND where there is none (with a complaint
 * too). */
MUST_USE enum err durable_read(const char *path, size_t limit, struct complaint *complaint,
                               struct buffer *ret_bytes);

#endif
