/* The operating-system calls of the agent, in one place: what another system does otherwise is
 * written here anew. */
#ifndef IHURIRO_AGENTS_MFI_PLATFORM_H
#define IHURIRO_AGENTS_MFI_PLATFORM_H

#include <stdbool.h>

#include "proto/bytes.h"

/* Fresh random bytes; fits session_options.random. */
void platform_random(void *context, void *bytes, size_t size);

/* Does nothing for a while, or until a signal comes. */
enum err platform_pause(int64_t ms);

/* Held by the one process that talks to the hub for a store. ERR_BUSY: another holds it. It is
 * given back when the process ends, however it ends. */
struct platform_lock;
void platform_unlock(struct platform_lock **lock);
MUST_USE enum err platform_lock(const char *path, struct complaint *complaint,
                                struct platform_lock **ret_lock);
/* Looks only: nobody who starts meanwhile is turned away. */
bool platform_is_locked(const char *path);

/* What tells that a file was written again. */
struct platform_stamp {
    bool exists;
    int64_t modified_us;
    int64_t size;
    uint64_t number; /* a file that was renamed into place is another one */
};
void platform_stamp(const char *path, struct platform_stamp *ret_stamp);

/* Mode 0700; an existing folder is ERR_EXISTS. */
MUST_USE enum err platform_make_folder(const char *path, struct complaint *complaint);
/* Creates the file (ERR_EXISTS if there is one), writes, fsyncs it and its folder. */
MUST_USE enum err platform_write_new(const char *path, struct bytes content, unsigned mode,
                                     struct complaint *complaint);
/* The same, but what was there is replaced in one step. */
MUST_USE enum err platform_write(const char *path, struct bytes content, unsigned mode,
                                 struct complaint *complaint);
/* The whole path of a file that may not exist yet; malloc'ed. */
MUST_USE enum err platform_full_path(const char *path, char **ret_path);
bool platform_is_folder(const char *path);
/* Names of the folders in a folder, in the order of their names, those that begin with a dot left
 * out. A folder that cannot be read has none. visit's error ends the walk and is returned. */
typedef enum err (*platform_visit)(void *context, const char *name);
MUST_USE enum err platform_folders(const char *path, platform_visit visit, void *context);

#endif
