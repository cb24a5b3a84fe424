#include "storage/env.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/disk.h"
#include "storage/env_inside.h"

#define READERS_MAX     512
#define MAP_BYTES_LEAST ((size_t)1 << 30) /* no smaller than this by itself */
#define FLAGS_REFUSED   (MDB_NOSYNC | MDB_NOMETASYNC | MDB_MAPASYNC | MDB_WRITEMAP | MDB_NOLOCK)
#define DATA_FILE       "data.mdb"
#define LOCK_FILE       "lock"
#define MAKING_FOLDER   ".making"
#define META            "meta"
#define FILE_MODE       0600
#define FOLDER_MODE     0700
#define FORMAT_KNOWN    0u /* bits of the three format words that this program knows */

/* Every program that wants to read, or to write, must know these bits; `compat` needs nobody. */
static const char *const format_words[] = {"compat", "ro_compat", "incompat"};

/* Opening one file twice in a process drops its fcntl locks when one is closed. A child of fork
 * starts with an empty list: it inherits no lock. */
static pthread_mutex_t opened_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct env *opened;
static pid_t opened_by;

MUST_USE static enum err open_parts(struct env *env, const char *const *databases, size_t map_bytes,
                                    struct complaint *complaint);
MUST_USE static enum err take_lock(struct env *env, struct complaint *complaint);
static enum err register_env(struct env *env, const char *data, struct complaint *complaint);
static void unregister_env(struct env *env);
MUST_USE static enum err open_handle(struct env *env, const char *folder, size_t map_bytes,
                                     unsigned flags);
MUST_USE static int try_open(struct env *env, const char *folder, size_t map_bytes, unsigned flags);
MUST_USE static enum err open_databases(struct env *env, const char *const *databases,
                                        struct complaint *complaint);
MUST_USE static enum err check_format(struct env *env, size_t meta, struct complaint *complaint);

enum err env_open(const char *path, enum env_mode mode, const char *const *databases,
                  size_t database_count, size_t map_bytes, struct complaint *complaint,
                  struct env **ret_env)
{
    assert(database_count > 0 && database_count <= DATABASES_MAX);
    AUTO(env_close) struct env *env = calloc(1, sizeof *env);
    if (env == NULL) {
        return ERR_MEMORY;
    }
    env->lock_fd = -1;
    env->mode = mode;
    env->database_count = database_count;
    env->path = strdup(path);
    if (env->path == NULL) {
        return ERR_MEMORY;
    }
    enum err err = open_parts(env, databases, map_bytes, complaint);
    if (err == ERR_OK) {
        *ret_env = STEAL(env);
    }
    return err;
}

static enum err open_parts(struct env *env, const char *const *databases, size_t map_bytes,
                           struct complaint *complaint)
{
    AUTO(free_p) char *data = NULL;
    enum err err = disk_path(env->path, DATA_FILE, &data);
    if (err != ERR_OK) {
        return err;
    }
    if (access(data, F_OK) != 0) {
        return complain(complaint, ERR_NOT_FOUND, "There is no store in %s (%s).", env->path,
                        strerror(errno));
    }
    if ((err = disk_refuse_network(env->path, complaint)) != ERR_OK ||
        (err = disk_refuse_foreign(data, complaint)) != ERR_OK ||
        (err = register_env(env, data, complaint)) != ERR_OK ||
        (env->mode == ENV_WRITE && (err = take_lock(env, complaint)) != ERR_OK)) {
        return err;
    }
    unsigned flags = MDB_NOTLS | (env->mode == ENV_READ ? MDB_RDONLY : 0);
    if ((err = open_handle(env, env->path, map_bytes, flags)) != ERR_OK) {
        return complain(complaint, err, "The store in %s cannot be opened: %s.", env->path,
                        err_text(err));
    }
    env_check_readers(env);
    return open_databases(env, databases, complaint);
}

/* Where there is little address space (a limit of the process: ENOMEM; a memory checker: EINVAL) a
 * smaller map does: env_space says how large it is. */
static enum err open_handle(struct env *env, const char *folder, size_t map_bytes, unsigned flags)
{
    int code = try_open(env, folder, map_bytes, flags);
    while ((code == ENOMEM || code == EINVAL) && map_bytes / 2 >= MAP_BYTES_LEAST) {
        map_bytes /= 2;
        code = try_open(env, folder, map_bytes, flags);
    }
    return env_error(code);
}

/* What is refused is asked again after open, so that no later change of a flag slips in. */
static int try_open(struct env *env, const char *folder, size_t map_bytes, unsigned flags)
{
    MDB_env *handle = NULL;
    unsigned now = 0;
    int code = mdb_env_create(&handle);
    if (code != 0) {
        return code;
    }
    if ((code = mdb_env_set_maxdbs(handle, (MDB_dbi)env->database_count)) != 0 ||
        (code = mdb_env_set_maxreaders(handle, READERS_MAX)) != 0 ||
        (code = mdb_env_set_mapsize(handle, map_bytes)) != 0 ||
        (code = mdb_env_open(handle, folder, flags, FILE_MODE)) != 0 ||
        (code = mdb_env_get_flags(handle, &now)) != 0) {
        mdb_env_close(handle); /* also after a failed open, as LMDB asks */
        return code;
    }
    assert((now & FLAGS_REFUSED) == 0);
    env->handle = handle;
    return 0;
}

/* Handles are opened once, here, and never closed. */
static enum err open_databases(struct env *env, const char *const *databases,
                               struct complaint *complaint)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(env->handle, NULL, MDB_RDONLY, &txn);
    size_t meta = env->database_count;
    for (size_t i = 0; code == 0 && i < env->database_count; i++) {
        code = mdb_dbi_open(txn, databases[i], 0, &env->databases[i]);
        meta = strcmp(databases[i], META) == 0 ? i : meta;
    }
    if (code == 0) {
        code = mdb_txn_commit(txn);
    } else if (txn != NULL) {
        mdb_txn_abort(txn);
    }
    if (code == MDB_NOTFOUND) {
        return complain(complaint, ERR_CORRUPT,
                        "%s holds no store of this kind, or a damaged one. Check the path; if it "
                        "is right, restore a backup.",
                        env->path);
    }
    if (code != 0) {
        return complain(complaint, env_error(code), "The store in %s cannot be read: %s.",
                        env->path, mdb_strerror(code));
    }
    return check_format(env, meta, complaint);
}

static enum err check_format(struct env *env, size_t meta, struct complaint *complaint)
{
    assert(meta < env->database_count);
    AUTO(txn_end) struct txn txn = {0};
    txn_begin(env, false, &txn);
    for (size_t i = 0; i < sizeof format_words / sizeof format_words[0]; i++) {
        struct bytes value = {0};
        struct bytes key = bytes_of(format_words[i], strlen(format_words[i]));
        enum err err = txn_get(&txn, meta, key, &value);
        if (err != ERR_OK || value.size != 4) {
            return complain(complaint, err == ERR_OK || err == ERR_NOT_FOUND ? ERR_CORRUPT : err,
                            "%s does not say its format (%s): it is damaged, or no store.",
                            env->path, format_words[i]);
        }
        bool must_know = i == 2 || (i == 1 && env->mode != ENV_READ);
        if (must_know && (get_u32(value.data) & ~FORMAT_KNOWN) != 0) {
            return complain(complaint, ERR_UNSUPPORTED,
                            "%s was written by a newer version (%s %08x). Update this program.",
                            env->path, format_words[i], (unsigned)get_u32(value.data));
        }
    }
    return ERR_OK;
}

static enum err take_lock(struct env *env, struct complaint *complaint)
{
    AUTO(free_p) char *path = NULL;
    enum err err = disk_path(env->path, LOCK_FILE, &path);
    if (err != ERR_OK) {
        return err;
    }
    env->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (env->lock_fd < 0) {
        return complain(complaint, disk_error(errno), "%s cannot be opened: %s.", path,
                        strerror(errno));
    }
    char holder[24] = "";
    if (flock(env->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = pread(env->lock_fd, holder, sizeof holder - 1, 0);
        holder[got > 0 ? strcspn(holder, "\n") : 0] = '\0';
        return complain(complaint, ERR_BUSY,
                        "The store in %s is in use by another process (%s). Stop it first, or ask "
                        "it through its admin door.",
                        env->path, holder[0] != '\0' ? holder : "unknown");
    }
    int length = snprintf(holder, sizeof holder, "%ld\n", (long)getpid());
    if (ftruncate(env->lock_fd, 0) != 0 || pwrite(env->lock_fd, holder, (size_t)length, 0) < 0) {
        return complain(complaint, disk_error(errno), "%s cannot be written: %s.", path,
                        strerror(errno));
    }
    return ERR_OK;
}

enum err env_hold(const char *path, struct complaint *complaint, int *ret_lock)
{
    struct env probe = {.path = (char *)(uintptr_t)path, .lock_fd = -1}; /* only read */
    enum err err = access(path, F_OK) == 0 ? take_lock(&probe, complaint) : ERR_OK;
    if (err == ERR_OK) {
        *ret_lock = probe.lock_fd;
    } else if (probe.lock_fd >= 0) {
        close(probe.lock_fd);
    }
    return err;
}

static enum err register_env(struct env *env, const char *data, struct complaint *complaint)
{
    struct stat about;
    if (stat(data, &about) != 0) {
        return complain(complaint, disk_error(errno), "%s: %s.", data, strerror(errno));
    }
    env->device = about.st_dev;
    env->inode = about.st_ino;
    enum err err = ERR_OK;
    pthread_mutex_lock(&opened_mutex);
    if (opened_by != getpid()) {
        opened_by = getpid();
        opened = NULL;
    }
    for (const struct env *other = opened; other != NULL; other = other->next) {
        if (other->device == env->device && other->inode == env->inode) {
            err = ERR_BUSY;
        }
    }
    if (err == ERR_OK) {
        env->next = opened;
        opened = env;
        env->is_registered = true;
    }
    pthread_mutex_unlock(&opened_mutex);
    return err == ERR_OK
               ? ERR_OK
               : complain(complaint, err, "The store in %s is open in this process.", env->path);
}

static void unregister_env(struct env *env)
{
    pthread_mutex_lock(&opened_mutex);
    for (struct env **at = &opened; opened_by == getpid() && *at != NULL; at = &(*at)->next) {
        if (*at == env) {
            *at = env->next;
            break;
        }
    }
    pthread_mutex_unlock(&opened_mutex);
}

void env_close(struct env **env)
{
    struct env *gone = STEAL(*env);
    if (gone == NULL) {
        return;
    }
    if (gone->handle != NULL) {
        mdb_env_close(gone->handle);
    }
    if (gone->is_registered) {
        unregister_env(gone);
    }
    if (gone->lock_fd >= 0) {
        close(gone->lock_fd);
    }
    free(gone->path);
    free(gone);
}

const char *env_path(const struct env *env)
{
    return env->path;
}

/* ---- creation ---- */

MUST_USE static enum err make_in(const char *folder, const char *const *databases,
                                 size_t database_count, size_t map_bytes,
                                 const struct env_row *rows, size_t row_count);
MUST_USE static enum err fill(struct env *env, const char *const *databases,
                              const struct env_row *rows, size_t row_count);
MUST_USE static enum err fill_meta(MDB_txn *txn, MDB_dbi meta, const struct env_row *rows,
                                   size_t row_count);
MUST_USE static enum err move_into_place(const char *making, const char *path);
static void remove_making(const char *making);

enum err env_create(const char *path, const char *const *databases, size_t database_count,
                    size_t map_bytes, struct complaint *complaint)
{
    return env_create_with(path, databases, database_count, map_bytes, NULL, 0, complaint);
}

/* Made in PATH/.making, then moved up: PATH/data.mdb is there whole or not at all. */
enum err env_create_with(const char *path, const char *const *databases, size_t database_count,
                         size_t map_bytes, const struct env_row *rows, size_t row_count,
                         struct complaint *complaint)
{
    assert(database_count > 0 && database_count <= DATABASES_MAX);
    AUTO(free_p) char *making = NULL;
    AUTO(free_p) char *data = NULL;
    enum err err;
    if ((err = disk_path(path, MAKING_FOLDER, &making)) != ERR_OK ||
        (err = disk_path(path, DATA_FILE, &data)) != ERR_OK) {
        return err;
    }
    if (mkdir(path, FOLDER_MODE) != 0 && errno != EEXIST) {
        return complain(complaint, disk_error(errno), "The folder %s cannot be made: %s.", path,
                        strerror(errno));
    }
    if (access(data, F_OK) == 0) {
        return complain(complaint, ERR_EXISTS, "There is a store in %s already.", path);
    }
    if ((err = disk_refuse_network(path, complaint)) != ERR_OK) {
        return err;
    }
    remove_making(making);
    if (mkdir(making, FOLDER_MODE) != 0) {
        return complain(complaint, disk_error(errno), "The folder %s cannot be made: %s.", making,
                        strerror(errno));
    }
    err = make_in(making, databases, database_count, map_bytes, rows, row_count);
    if (err == ERR_OK) {
        err = move_into_place(making, path);
    }
    remove_making(making);
    return err == ERR_OK ? ERR_OK
                         : complain(complaint, err, "The store in %s cannot be made: %s.", path,
                                    err_text(err));
}

static enum err make_in(const char *folder, const char *const *databases, size_t database_count,
                        size_t map_bytes, const struct env_row *rows, size_t row_count)
{
    AUTO(env_close) struct env *env = calloc(1, sizeof *env);
    if (env == NULL) {
        return ERR_MEMORY;
    }
    env->lock_fd = -1;
    env->database_count = database_count;
    enum err err = open_handle(env, folder, map_bytes, MDB_NOTLS);
    return err != ERR_OK ? err : fill(env, databases, rows, row_count);
}

static enum err fill(struct env *env, const char *const *databases, const struct env_row *rows,
                     size_t row_count)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(env->handle, NULL, 0, &txn);
    if (code != 0) {
        return env_error(code);
    }
    size_t meta = env->database_count;
    for (size_t i = 0; code == 0 && i < env->database_count; i++) {
        code = mdb_dbi_open(txn, databases[i], MDB_CREATE, &env->databases[i]);
        meta = strcmp(databases[i], META) == 0 ? i : meta;
    }
    assert(code != 0 || meta < env->database_count);
    enum err err =
        code != 0 ? env_error(code) : fill_meta(txn, env->databases[meta], rows, row_count);
    if (err != ERR_OK) {
        mdb_txn_abort(txn);
        return err;
    }
    return env_error(mdb_txn_commit(txn));
}

static int put_row(MDB_txn *txn, MDB_dbi meta, const char *name, struct bytes value)
{
    MDB_val key = {.mv_size = strlen(name), .mv_data = NULL};
    MDB_val stored = {.mv_size = value.size, .mv_data = NULL};
    memcpy(&key.mv_data, &name, sizeof name); /* LMDB's type lacks const; it only reads */
    memcpy(&stored.mv_data, &value.data, sizeof value.data);
    return mdb_put(txn, meta, &key, &stored, MDB_NOOVERWRITE);
}

static enum err fill_meta(MDB_txn *txn, MDB_dbi meta, const struct env_row *rows, size_t row_count)
{
    uint8_t word[4];
    put_u32(word, 0);
    int code = 0;
    for (size_t i = 0; code == 0 && i < sizeof format_words / sizeof format_words[0]; i++) {
        code = put_row(txn, meta, format_words[i], bytes_of(word, sizeof word));
    }
    for (size_t i = 0; code == 0 && i < row_count; i++) {
        code = put_row(txn, meta, rows[i].name, rows[i].value);
    }
    return env_error(code);
}

/* link() never overwrites, unlike rename(). */
static enum err move_into_place(const char *making, const char *path)
{
    AUTO(free_p) char *made = NULL;
    AUTO(free_p) char *data = NULL;
    enum err err;
    if ((err = disk_path(making, DATA_FILE, &made)) != ERR_OK ||
        (err = disk_path(path, DATA_FILE, &data)) != ERR_OK || (err = disk_sync(made)) != ERR_OK) {
        return err;
    }
    if (link(made, data) != 0) {
        return disk_error(errno);
    }
    err = disk_sync(path);
    return err != ERR_OK ? err : disk_sync_parent(path);
}

static void remove_making(const char *making)
{
    static const char *const files[] = {DATA_FILE, "lock.mdb"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        AUTO(free_p) char *file = NULL;
        if (disk_path(making, files[i], &file) == ERR_OK) {
            (void)unlink(file); /* not there: as wished */
        }
    }
    (void)rmdir(making);
}

/* ---- upkeep ---- */

void env_check_readers(struct env *env)
{
    int dead = 0;
    (void)mdb_reader_check(env->handle, &dead); /* what it cannot free now, it frees next time */
}

enum err env_space(const struct env *env, uint64_t *ret_used, uint64_t *ret_map,
                   uint64_t *ret_free_on_disk)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct statvfs disk;
    int code = mdb_env_info(env->handle, &info);
    if (code != 0 || (code = mdb_env_stat(env->handle, &stat)) != 0) {
        return env_error(code);
    }
    if (statvfs(env->path, &disk) != 0) {
        return disk_error(errno);
    }
    *ret_used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    *ret_map = info.me_mapsize;
    *ret_free_on_disk = (uint64_t)disk.f_bavail * disk.f_frsize;
    return ERR_OK;
}

enum err env_copy(struct env *env, const char *folder, struct complaint *complaint)
{
    AUTO(free_p) char *data = NULL;
    enum err err = disk_path(folder, DATA_FILE, &data);
    if (err != ERR_OK) {
        return err;
    }
    if (mkdir(folder, FOLDER_MODE) != 0) {
        return complain(complaint, disk_error(errno), "The folder %s cannot be made: %s.", folder,
                        strerror(errno));
    }
    int code = mdb_env_copy2(env->handle, folder, 0);
    if (code != 0) {
        return complain(complaint, env_error(code), "The copy to %s failed: %s. Is its disk full?",
                        folder, mdb_strerror(code)); /* of a short write LMDB says anything */
    }
    if ((err = disk_sync(data)) == ERR_OK && (err = disk_sync(folder)) == ERR_OK) {
        err = disk_sync_parent(folder);
    }
    return err == ERR_OK ? ERR_OK
                         : complain(complaint, err, "The copy to %s cannot be synced: %s.", folder,
                                    err_text(err));
}

enum err env_grow(struct env *env, size_t map_bytes)
{
    if (atomic_load(&env->open_transactions) != 0) {
        return ERR_BUSY;
    }
    return env_error(mdb_env_set_mapsize(env->handle, map_bytes));
}

static const struct {
    int code;
    enum err err;
} lmdb_errors[] = {
    {0, ERR_OK},
    {MDB_NOTFOUND, ERR_NOT_FOUND},
    {MDB_KEYEXIST, ERR_EXISTS},
    {MDB_MAP_FULL, ERR_FULL},
    {MDB_TXN_FULL, ERR_TOO_LARGE},
    {MDB_CORRUPTED, ERR_CORRUPT},
    {MDB_PAGE_NOTFOUND, ERR_CORRUPT},
    {MDB_PANIC, ERR_CORRUPT},
    {MDB_CURSOR_FULL, ERR_CORRUPT},
    {MDB_PAGE_FULL, ERR_CORRUPT},
    {MDB_INVALID, ERR_CORRUPT},
    {MDB_INCOMPATIBLE, ERR_CORRUPT},
    {MDB_VERSION_MISMATCH, ERR_UNSUPPORTED},
    {MDB_READERS_FULL, ERR_BUSY},
    {MDB_MAP_RESIZED, ERR_BUSY},
    {EAGAIN, ERR_BUSY},
    {MDB_BAD_VALSIZE, ERR_RANGE},
};

enum err env_error(int code)
{
    for (size_t i = 0; i < sizeof lmdb_errors / sizeof lmdb_errors[0]; i++) {
        if (lmdb_errors[i].code == code) {
            return lmdb_errors[i].err;
        }
    }
    return code > 0 ? disk_error(code) : ERR_IO;
}
