/* mfi-hub backup, restore, verify: in a process of their own, beside a running hub or without one.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/clock.h"
#include "conf/options.h"
#include "hub/commands.h"
#include "storage/check.h"
#include "storage/disk.h"

struct backup_arguments {
    struct common_arguments common;
};

static const struct option_row backup_rows[] = {COMMON_ROWS(struct backup_arguments), {0}};

static const struct options backup_options = {
    .program = "mfi-hub backup",
    .words = "FOLDER",
    .about = "Copies the store, acts.log and hub.pub into a new FOLDER while the hub runs, and "
             "checks the "
             "copy. The keys are not copied: keep them apart.",
    .rows = backup_rows,
    .words_min = 1,
    .words_max = 1,
};
static const struct options restore_options = {
    .program = "mfi-hub restore",
    .words = "FOLDER",
    .about = "Puts the backup in FOLDER in the store's place; what was there is kept beside it. "
             "acts.log stays, so that no revocation is forgotten; agents offer again what the "
             "backup lacks. Contacts stay those of before, where they can still be read.",
    .rows = backup_rows,
    .words_min = 1,
    .words_max = 1,
};
static const struct option_row verify_rows[] = {
    COMMON_ROWS(struct backup_arguments), FORMAT_ROW(struct backup_arguments), {0}};
static const struct options verify_options = {
    .program = "mfi-hub verify",
    .about = "Checks the whole store: each record's hash and signatures, the tree, each signed "
             "head, and "
             "every index against one rebuilt. Exit 0: all is well; 1: what is wrong stands above.",
    .rows = verify_rows,
};

static char *in(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static bool write_whole(int fd, const char *block, ssize_t size)
{
    ssize_t wrote = write(fd, block, (size_t)size);
    if (wrote >= 0 && wrote < size) {
        errno = ENOSPC; /* what a short write to a file means */
    }
    return wrote == size;
}

static bool copy_bytes(int from, int to)
{
    char block[65536];
    ssize_t got = 0;
    bool is_ok = from >= 0 && to >= 0;
    while (is_ok && (got = read(from, block, sizeof block)) > 0) {
        is_ok = write_whole(to, block, got);
    }
    return is_ok && got == 0 && fsync(to) == 0;
}

/* A copy that is there whole, and on disk when it returns, or not at all. Nothing to copy is not an
 * error. */
static enum err copy_file(const char *from, const char *to, struct complaint *complaint)
{
    AUTO(free_p) char *making = NULL;
    if (asprintf(&making, "%s.making", to) < 0) {
        making = NULL;
        return ERR_MEMORY;
    }
    int in_fd = open(from, O_RDONLY | O_CLOEXEC);
    if (in_fd < 0 && errno == ENOENT) {
        return ERR_OK;
    }
    (void)unlink(making); /* of a copy that was broken off */
    int out_fd = open(making, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_ok = copy_bytes(in_fd, out_fd) && rename(making, to) == 0;
    enum err err = is_ok ? disk_sync_parent(to) : disk_error(errno);
    if (err != ERR_OK) {
        (void)complain(complaint, err, "%s could not be copied to %s: %s.", from, to,
                       is_ok ? err_text(err) : strerror(errno));
        (void)unlink(making);
    }
    if (in_fd >= 0) {
        close(in_fd);
    }
    if (out_fd >= 0) {
        close(out_fd);
    }
    return err;
}

static enum err check_copy(const char *store, const struct hub_identity *identity,
                           struct check_report *ret_report, struct complaint *complaint)
{
    enum err err = check_store_forked(store, identity, STDERR_FILENO, ret_report);
    if (err == ERR_OK && ret_report->problems > 0) {
        err = complain(complaint, ERR_CORRUPT,
                       "%s has %llu problems (above). Do not rely on it; take another backup.",
                       store, (unsigned long long)ret_report->problems);
    }
    return err;
}

/* ---- backup ---- */

/* The files of a backup, and the folders that are empty then. */
static void remove_backup(const char *folder)
{
    static const char *const files[] = {"store/data.mdb",  "store/lock.mdb", "acts.log",
                                        "acts.log.making", "hub.pub",        "hub.pub.making"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        AUTO(free_p) char *path = in(folder, files[i]);
        if (path != NULL) {
            (void)unlink(path); /* not there: as wished */
        }
    }
    AUTO(free_p) char *store = in(folder, "store");
    if (store != NULL) {
        (void)rmdir(store);
    }
    (void)rmdir(folder);
}

/* ret_lock: of the folder, which says that its backup is being made; to be closed. What a backup
 * that was killed left of it goes. */
static enum err make_beside(const char *beside, int *ret_lock, struct complaint *complaint)
{
    int old = open(beside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool is_busy = old >= 0 && flock(old, LOCK_EX | LOCK_NB) != 0;
    if (old >= 0 && !is_busy) {
        remove_backup(beside);
    }
    if (old >= 0) {
        close(old);
    }
    if (is_busy) {
        return complain(complaint, ERR_BUSY, "Another backup is being written to %s.", beside);
    }
    if (mkdir(beside, 0700) != 0) {
        return complain(complaint, disk_error(errno), "The folder %s cannot be made: %s.", beside,
                        strerror(errno));
    }
    *ret_lock = open(beside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret_lock >= 0 && flock(*ret_lock, LOCK_EX | LOCK_NB) == 0) {
        return ERR_OK;
    }
    enum err err = complain(complaint, disk_error(errno), "The folder %s cannot be locked: %s.",
                            beside, strerror(errno));
    if (*ret_lock >= 0) { /* another backup has it: what is in it is not ours to remove */
        close(*ret_lock);
        *ret_lock = -1;
    }
    return err;
}

static enum err fill(struct hub *hub, const char *folder, struct check_report *ret_report,
                     struct complaint *complaint)
{
    AUTO(free_p) char *store = in(folder, "store");
    AUTO(free_p) char *acts = in(folder, "acts.log");
    AUTO(free_p) char *pub = in(folder, "hub.pub");
    AUTO(free_p) char *own_pub = in(hub->config.keys, "hub.pub");
    if (store == NULL || acts == NULL || pub == NULL || own_pub == NULL) {
        return ERR_MEMORY;
    }
    enum err err = hub_open(hub, HUB_READ, complaint);
    err = err != ERR_OK ? err : env_copy(store_env(hub->store), store, complaint);
    err = err != ERR_OK ? err : copy_file(hub->config.acts, acts, complaint);
    err = err != ERR_OK ? err : copy_file(own_pub, pub, complaint);
    err = err != ERR_OK ? err : disk_sync(folder);
    err = err != ERR_OK ? err : check_copy(store, &hub->identity, ret_report, complaint);
    if (ret_report->problems > 0) {
        (void)complain(complaint, err,
                       "The copy has %llu problems (above), and was taken away again. See what "
                       "`mfi-hub verify` says of the store.",
                       (unsigned long long)ret_report->problems);
    }
    return err;
}

/* Made beside, and named FOLDER only when it is whole and checked. */
static enum err backup(struct hub *hub, const char *folder, struct check_report *ret_report,
                       struct complaint *complaint)
{
    AUTO(free_p) char *beside = NULL;
    int lock = -1;
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') {
        length--;
    }
    if (asprintf(&beside, "%.*s.making", (int)length, folder) < 0) {
        beside = NULL;
        return ERR_MEMORY;
    }
    if (access(folder, F_OK) == 0) {
        return complain(complaint, ERR_EXISTS,
                        "%s is there already. Name a folder that is not there yet.", folder);
    }
    enum err err = make_beside(beside, &lock, complaint);
    bool is_ours = lock >= 0;
    err = err != ERR_OK ? err : fill(hub, beside, ret_report, complaint);
    if (err == ERR_OK && rename(beside, folder) != 0) {
        err = complain(complaint, disk_error(errno), "%s cannot be renamed to %s: %s.", beside,
                       folder, strerror(errno));
    }
    err = err != ERR_OK ? err : disk_sync_parent(folder);
    if (err != ERR_OK && is_ours) {
        remove_backup(beside);
    }
    if (lock >= 0) {
        close(lock);
    }
    return err;
}

int cmd_backup(int argc, char **argv)
{
    struct backup_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    AUTO(hub_release) struct hub hub = {0};
    struct check_report report = {0};
    int code = options_parse(&backup_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = hub_config_read(arguments.common.config, &hub.config, &complaint);
    err = err != ERR_OK ? err : backup(&hub, words.items[0], &report, &complaint);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    char root[2 * SHA256_BYTES + 1];
    hex_encode(bytes_of(report.root.bytes, SHA256_BYTES), root);
    printf("Backup of %llu records in %s, checked: root %s\n"
           "Not in it: the keys (%s/hub.transport, %s/hub.log). Keep a copy of them apart.\n",
           (unsigned long long)report.records, words.items[0], root, hub.config.keys,
           hub.config.keys);
    return 0;
}

/* ---- restore ---- */

/* What the backup holds: its newest signed head. */
struct survivor {
    struct position position;
    struct buffer checkpoint;
    struct buffer contacts; /* of the store that is replaced: newer than those of the backup */
    bool has_contacts;
};

static void survivor_close(struct survivor *survivor)
{
    buffer_close(&survivor->checkpoint);
    buffer_close(&survivor->contacts);
}

static enum err read_survivor(struct store *store, struct survivor *ret_survivor)
{
    AUTO(txn_end) struct txn txn = {0};
    struct checkpoint newest;
    enum err err = txn_begin(store_env(store), false, &txn);
    err = err != ERR_OK ? err : heads_newest(&txn, &newest);
    if (err == ERR_OK) {
        ret_survivor->position = newest.position;
        err = buffer_append(&ret_survivor->checkpoint, newest.text.data, newest.text.size);
    }
    return err;
}

/* In the copy, before it takes the store's place: what was lost is declared, with the position that
 * survived. Opening it also brings in the acts of acts.log that the backup lacks. */
static enum err declare_restored(struct hub *hub, const struct survivor *survivor,
                                 struct complaint *complaint)
{
    const struct checkpoint *checkpoint = NULL;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Restored restored = IHURIRO__V1__RESTORED__INIT;
    uint64_t seq = 0;
    position.size = survivor->position.size;
    position.root = pb_of_bytes(bytes_of(survivor->position.root.bytes, SHA256_BYTES));
    restored.survived = &position;
    restored.has_checkpoint = 1;
    restored.checkpoint = pb_of_bytes(buffer_bytes(&survivor->checkpoint));
    event.restored = &restored;
    enum err err = hub_open(hub, HUB_WRITE, complaint);
    if (err != ERR_OK) {
        return err;
    }
    /* The wall clock also where the backup is so old that it would be doubted: what was signed
     * since then is what this record declares lost. */
    err = writer_begin(hub->writer, hub->identity.is_test ? hub_now_us(hub) : clock_wall_us());
    err = err != ERR_OK ? err : writer_new_event(hub->writer, &event, &seq);
    err = err != ERR_OK || !survivor->has_contacts
              ? err
              : contacts_replace(writer_txn(hub->writer), buffer_bytes(&survivor->contacts));
    err = err != ERR_OK ? err : writer_seal(hub->writer, &checkpoint);
    err = err != ERR_OK ? err : writer_commit(hub->writer);
    if (err == ERR_OK) {
        printf("Restored to %llu records, and journaled as record %llu.\n",
               (unsigned long long)survivor->position.size, (unsigned long long)seq);
        puts(survivor->has_contacts
                 ? "Contacts are those of before the restore: what was erased stays so."
                 : "Contacts are those of the backup, since those of before could not be read: "
                   "erase again what was erased since.");
    }
    return err;
}

struct restore_paths {
    char *from; /* BACKUP/store */
    char *from_acts;
    char *copy; /* STORE.restoring */
    char *kept; /* STORE.before-TIME */
};

static void restore_paths_close(struct restore_paths *paths)
{
    free(paths->from);
    free(paths->from_acts);
    free(paths->copy);
    free(paths->kept);
}

/* A name beside the store that is free: of the first second from now on that no restore has used.
 */
static char *name_kept(const char *store)
{
    char *kept = NULL;
    for (long long second = clock_wall_us() / 1000000;; second++) {
        if (asprintf(&kept, "%s.before-%lld", store, second) < 0) {
            return NULL;
        }
        if (access(kept, F_OK) != 0) {
            return kept;
        }
        free(kept);
    }
}

static enum err name_paths(const struct hub_config *config, const char *folder,
                           struct restore_paths *paths)
{
    paths->from = in(folder, "store");
    paths->from_acts = in(folder, "acts.log");
    if (asprintf(&paths->copy, "%s.restoring", config->store) < 0) {
        paths->copy = NULL;
    }
    paths->kept = name_kept(config->store);
    return paths->from == NULL || paths->from_acts == NULL || paths->copy == NULL ||
                   paths->kept == NULL
               ? ERR_MEMORY
               : ERR_OK;
}

/* The backup's store, by LMDB's own copy, into a folder beside the store. */
static enum err copy_backup(const struct restore_paths *paths, struct survivor *ret_survivor,
                            struct complaint *complaint)
{
    AUTO(store_close) struct store *store = NULL;
    AUTO(free_p) char *data = in(paths->copy, "data.mdb");
    AUTO(free_p) char *lock = in(paths->copy, "lock");
    AUTO(free_p) char *lmdb_lock = in(paths->copy, "lock.mdb");
    if (data == NULL || lock == NULL || lmdb_lock == NULL) {
        return ERR_MEMORY;
    }
    unlink(data); /* a restore that was broken off */
    unlink(lock);
    unlink(lmdb_lock);
    rmdir(paths->copy);
    enum err err = store_open(paths->from, ENV_READ, complaint, &store);
    err = err != ERR_OK ? err : read_survivor(store, ret_survivor);
    return err != ERR_OK ? err : env_copy(store_env(store), paths->copy, complaint);
}

static enum err swap(const struct hub_config *config, const struct restore_paths *paths,
                     bool *ret_was_there, struct complaint *complaint)
{
    bool had_store = access(config->store, F_OK) == 0;
    if (had_store && rename(config->store, paths->kept) != 0) {
        return complain(complaint, ERR_IO, "%s cannot be renamed: %s.", config->store,
                        strerror(errno));
    }
    if (rename(paths->copy, config->store) != 0) {
        return complain(complaint, ERR_IO, "%s cannot be renamed to %s: %s.", paths->copy,
                        config->store, strerror(errno));
    }
    *ret_was_there = had_store;
    return disk_sync_parent(config->store);
}

/* Under the lock of the store that is replaced: no hub starts on it meanwhile, nor appends to
 * acts.log. */
static enum err replace(struct hub *hub, const struct restore_paths *paths, bool *ret_was_there,
                        struct complaint *complaint)
{
    struct check_report report = {0};
    AUTO(survivor_close) struct survivor survivor = {0};
    enum err err = hub_open_identity(hub, complaint);
    err = err != ERR_OK ? err : check_copy(paths->from, &hub->identity, &report, complaint);
    err = err != ERR_OK ? err : copy_backup(paths, &survivor, complaint);
    if (err == ERR_OK && access(hub->config.acts, F_OK) != 0) {
        err = copy_file(paths->from_acts, hub->config.acts, complaint);
    }
    if (err != ERR_OK) {
        return err;
    }
    survivor.has_contacts = contacts_read_forked(hub->config.store, &survivor.contacts) == ERR_OK;
    char *store = hub->config.store;
    hub->config.store =
        paths->copy; /* opened as the store, under the configured acts.log and keys */
    err = declare_restored(hub, &survivor, complaint);
    hub->config.store = store;
    writer_close(&hub->writer);
    acts_close(&hub->acts);
    store_close(&hub->store);
    return err != ERR_OK ? err : swap(&hub->config, paths, ret_was_there, complaint);
}

static enum err restore(struct hub *hub, const struct restore_paths *paths, bool *ret_was_there,
                        struct complaint *complaint)
{
    int lock = -1;
    enum err err = env_hold(hub->config.store, complaint, &lock);
    err = err != ERR_OK ? err : replace(hub, paths, ret_was_there, complaint);
    if (lock >= 0) {
        close(lock);
    }
    return err;
}

int cmd_restore(int argc, char **argv)
{
    struct backup_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    AUTO(hub_release) struct hub hub = {0};
    AUTO(restore_paths_close) struct restore_paths paths = {0};
    int code = options_parse(&restore_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = hub_config_read(arguments.common.config, &hub.config, &complaint);
    err = err != ERR_OK ? err : name_paths(&hub.config, words.items[0], &paths);
    bool was_there = false;
    err = err != ERR_OK ? err : restore(&hub, &paths, &was_there, &complaint);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    if (was_there) {
        printf("What was there before is kept in %s. ", paths.kept);
    }
    printf("Start the hub; agents offer again what is missing.\n");
    return 0;
}

/* ---- verify ---- */

static void show_report(const struct check_report *report, bool is_json)
{
    char root[2 * SHA256_BYTES + 1];
    hex_encode(bytes_of(report->root.bytes, SHA256_BYTES), root);
    unsigned long long records = report->records;
    unsigned long long reports = report->reports;
    unsigned long long events = report->events;
    unsigned long long heads = report->heads;
    if (is_json) {
        printf("{\"records\":%llu,\"reports\":%llu,\"events\":%llu,\"heads\":%llu,\"root\":\"%s\","
               "\"problems\":%llu}\n",
               records, reports, events, heads, root, (unsigned long long)report->problems);
    } else {
        printf("%llu records (%llu reports, %llu events), %llu signed heads, root %s: %s\n",
               records, reports, events, heads, root,
               report->problems == 0 ? "all is well" : "PROBLEMS, see above");
    }
}

int cmd_verify(int argc, char **argv)
{
    struct backup_arguments arguments = {0};
    struct complaint complaint = {{0}};
    AUTO(hub_release) struct hub hub = {0};
    struct check_report report = {0};
    bool is_json = false;
    int code = options_parse(&verify_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    enum err err = wants_json(&arguments.common, &complaint, &is_json);
    err = err != ERR_OK ? err : hub_config_read(arguments.common.config, &hub.config, &complaint);
    err = err != ERR_OK ? err : hub_open_identity(&hub, &complaint);
    err = err != ERR_OK ? err
                        : check_store_forked(hub.config.store, &hub.identity,
                                             is_json ? STDERR_FILENO : STDOUT_FILENO, &report);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    show_report(&report, is_json);
    return report.problems == 0 ? 0 : 1;
}
