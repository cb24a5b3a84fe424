/* The LMDB environment and its transactions. <lmdb.h> is included only inside storage/.
 *
 * Default sync: a commit that returned ERR_OK is on disk. NOSYNC, NOMETASYNC, MAPASYNC and WRITEMAP
 * are refused at open. */
#ifndef IHURIRO_STORAGE_ENV_H
#define IHURIRO_STORAGE_ENV_H

#include "proto/bytes.h"

struct env;

enum env_mode {
    ENV_READ,  /* other processes may write */
    ENV_WRITE, /* takes the folder's lock (ERR_BUSY while another process has it); one writer thread
                */
    ENV_SHARED, /* writes from several processes, LMDB's own lock; for the agent's store */
};

/* Creates folder, file and databases, commits, fsyncs file, folder and parent. ERR_EXISTS if there
 * is a store. */
MUST_USE enum err env_create(const char *path, const char *const *databases, size_t database_count,
                             size_t map_bytes, struct complaint *complaint);
/* The same, with rows put into the database "meta" (which must be among them) by the same commit:
 * a killed creation leaves no half-made store. */
struct env_row {
    const char *name;
    struct bytes value;
};
MUST_USE enum err env_create_with(const char *path, const char *const *databases,
                                  size_t database_count, size_t map_bytes,
                                  const struct env_row *rows, size_t row_count,
                                  struct complaint *complaint);
/* Refuses network file systems, unknown incompatible formats and files of others. Checks for dead
 * readers. */
MUST_USE enum err env_open(const char *path, enum env_mode mode, const char *const *databases,
                           size_t database_count, size_t map_bytes, struct complaint *complaint,
                           struct env **ret_env);
void env_close(struct env **env);
/* Takes the folder's lock, and maps nothing: for whoever replaces a store that may be damaged.
 * ret_lock: to be closed, which gives the lock back; -1 where there is no store. ERR_BUSY with who
 * has it. */
MUST_USE enum err env_hold(const char *path, struct complaint *complaint, int *ret_lock);
const char *env_path(const struct env *env);
/* Frees slots of readers that died. Call every minute. */
void env_check_readers(struct env *env);
/* Bytes of the map in use, of the map, and free on the file system. */
MUST_USE enum err env_space(const struct env *env, uint64_t *ret_used, uint64_t *ret_map,
                            uint64_t *ret_free_on_disk);
/* A hot copy into a new folder, fsynced. */
MUST_USE enum err env_copy(struct env *env, const char *folder, struct complaint *complaint);
/* Grows the map; no transaction may be open in this process. For the agent's store. */
MUST_USE enum err env_grow(struct env *env, size_t map_bytes);

/* A transaction is a value on the stack: it ends in txn_commit or dies with its scope. Its first
 * storage error sticks, later calls do nothing and return it, and it is checked once, at commit. */
struct txn {
    struct env *env;
    void *handle; /* MDB_txn */
    enum err error;
    const char *failed; /* the call that failed first */
    bool is_write;
};

/* ERR_OK, or the sticky error. Use AUTO(txn_end). */
enum err txn_begin(struct env *env, bool is_write, struct txn *ret_txn);
/* Aborts what was not committed; safe to call twice. */
void txn_end(struct txn *txn);
/* On ERR_OK all is on disk. After any other result nothing of it is, the transaction is over, and
 * the caller must not acknowledge anything. */
MUST_USE enum err txn_commit(struct txn *txn);
/* A read transaction that gives its snapshot back and takes a new one; pointers got from it die. */
MUST_USE enum err txn_renew(struct txn *txn);

/* database: its index in the list given to env_open. Values are views into the map, good until the
 * transaction ends or writes. */
enum err txn_get(struct txn *txn, size_t database, struct bytes key,
                 struct bytes *ret_value); /* ERR_NOT_FOUND does not stick */
enum err txn_put(struct txn *txn, size_t database, struct bytes key, struct bytes value);
enum err txn_append(struct txn *txn, size_t database, struct bytes key,
                    struct bytes value); /* key beyond the last */
/* The same with a value that is put together from parts, without a copy in between. */
enum err txn_append_parts(struct txn *txn, size_t database, struct bytes key,
                          const struct bytes *parts, size_t part_count);
enum err txn_insert(struct txn *txn, size_t database, struct bytes key,
                    struct bytes value); /* ERR_EXISTS does not stick */
enum err txn_delete(struct txn *txn, size_t database,
                    struct bytes key); /* ERR_NOT_FOUND does not stick */
uint64_t txn_entries(struct txn *txn, size_t database);
/* Sticks an error that is not LMDB's, and returns it: nothing of the transaction will be committed.
 */
enum err txn_fail(struct txn *txn, enum err err, const char *failed);
/* Number of the snapshot; grows with each commit. Another process can be noticed by it. */
uint64_t txn_snapshot(const struct txn *txn);

/* A cursor in a transaction. AUTO(cursor_close). */
struct cursor {
    struct txn *txn;
    void *handle;
    size_t database;
};
enum err cursor_open(struct txn *txn, size_t database, struct cursor *ret_cursor);
void cursor_close(struct cursor *cursor);
enum cursor_move { CURSOR_FIRST, CURSOR_LAST, CURSOR_NEXT, CURSOR_PREVIOUS };
enum err cursor_to(struct cursor *cursor, enum cursor_move move, struct bytes *ret_key,
                   struct bytes *ret_value);
/* The first key at or after. */
enum err cursor_seek(struct cursor *cursor, struct bytes key, struct bytes *ret_key,
                     struct bytes *ret_value);
enum err cursor_delete(struct cursor *cursor);

#endif
