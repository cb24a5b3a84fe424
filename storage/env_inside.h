/* What env.c and txn.c share. <lmdb.h> goes no further. */
#ifndef IHURIRO_STORAGE_ENV_INSIDE_H
#define IHURIRO_STORAGE_ENV_INSIDE_H

#include <lmdb.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "storage/env.h"

#define DATABASES_MAX 16

struct env {
    MDB_env *handle;
    char *path;
    int lock_fd; /* -1: none */
    enum env_mode mode;
    MDB_dbi databases[DATABASES_MAX];
    size_t database_count;
    atomic_uint open_transactions; /* the map moves only at 0 */
    bool is_registered;            /* in the process-wide list of open files */
    dev_t device;
    ino_t inode;
    struct env *next;
};

/* LMDB's and the system's codes, mapped once. */
enum err env_error(int code);

#endif
