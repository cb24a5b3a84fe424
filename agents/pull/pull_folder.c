#include "agents/pull/pull_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/client/durable.h"
#include "agents/client/parts.h"

#define FILE_BYTES_MAX     ((size_t)1 << 30)
#define MANIFEST_BYTES_MAX ((size_t)1 << 20)
#define SYNCS_AT_ONCE      8 /* which the disk takes together */

static char *in(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static enum err failed(struct complaint *complaint, const char *path)
{
    return complain(complaint, errno == ENOSPC ? ERR_FULL : ERR_IO, "%s: %s.", path,
                    strerror(errno));
}

/* ---- what is there ---- */

static bool is_same_question(const struct snapshot_terms *a, const struct snapshot_terms *b)
{
    return a->format == b->format && a->types == b->types &&
           a->period.frequency == b->period.frequency && a->period.end_day == b->period.end_day &&
           a->has_known_at == b->has_known_at && a->known_at_us == b->known_at_us &&
           a->has_at_seq == b->has_at_seq && a->at_seq == b->at_seq;
}

/* ERR_NOT_FOUND: not there, or empty. */
static enum err look_for_anything(const char *folder, struct complaint *complaint)
{
    DIR *listing = opendir(folder);
    if (listing == NULL) {
        return errno == ENOENT ? ERR_NOT_FOUND : failed(complaint, folder);
    }
    enum err err = ERR_NOT_FOUND;
    for (const struct dirent *entry = readdir(listing); entry != NULL && err != ERR_OK;
         entry = readdir(listing)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            err = ERR_OK;
        }
    }
    closedir(listing);
    return err;
}

enum err pull_folder_look(const char *folder, const struct snapshot_terms *asked,
                          struct complaint *complaint, struct snapshot_terms *ret_terms)
{
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(free_p) char *manifest = in(folder, SNAPSHOT_MANIFEST_NAME);
    struct snapshot_terms terms;
    enum err err = manifest == NULL ? ERR_MEMORY : look_for_anything(folder, complaint);
    if (err != ERR_OK) {
        return err;
    }
    err = durable_read(manifest, MANIFEST_BYTES_MAX, NULL, &text);
    err = err != ERR_OK ? err : manifest_read(buffer_bytes(&text), NULL, &terms);
    if (err != ERR_OK) {
        return complain(complaint, ERR_EXISTS,
                        "%s is not empty, and holds no pull. Choose another folder.", folder);
    }
    if (!is_same_question(&terms, asked)) {
        return complain(complaint, ERR_EXISTS,
                        "%s holds a pull of another question (period, types, format, time or "
                        "record). Choose another folder.",
                        folder);
    }
    *ret_terms = terms;
    return ERR_OK;
}

enum err pull_folder_check(const char *folder, const struct snapshot_terms *terms,
                           struct complaint *complaint)
{
    struct snapshot_terms there;
    enum err err = pull_folder_look(folder, terms, complaint, &there);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (there.position.size != terms->position.size) {
        return ERR_OK;
    }
    if (!position_equal(&there.position, &terms->position)) {
        return complain(complaint, ERR_REFUSED,
                        "POSITION_LOST: the pull in %s stands at record %llu of a history that the "
                        "hub no longer has. It cannot be made again; keep it, and choose another "
                        "folder.",
                        folder, (unsigned long long)terms->position.size);
    }
    if (memcmp(there.rights, terms->rights, SHA256_BYTES) != 0) {
        return complain(complaint, ERR_REFUSED,
                        "RIGHTS_CHANGED: the pull in %s was read under other rights than yours are "
                        "now. Keep it, and choose another folder.",
                        folder);
    }
    return ERR_OK;
}

/* ---- placing ---- */

/* Removes the files of a pull and the folder; whatever else lies there stays, and the folder with
 * it. */
static void remove_pull(const char *folder, const struct snapshot_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        AUTO(free_p) char *path = in(folder, files->items[i].name);
        if (path != NULL) {
            (void)unlink(path);
        }
    }
    (void)rmdir(folder);
}

struct syncing {
    const char *folder;
    const struct snapshot_files *files;
};

static enum err sync_file(void *context, size_t index, struct arena *arena,
                          struct complaint *complaint)
{
    const struct syncing *syncing = context;
    AUTO(free_p) char *path = in(syncing->folder, syncing->files->items[index].name);
    (void)arena;
    return path == NULL ? ERR_MEMORY : durable_sync(path, complaint);
}

static enum err write_files(const char *folder, const struct snapshot_files *files,
                            struct complaint *complaint)
{
    struct syncing syncing = {.folder = folder, .files = files};
    enum err err = ERR_OK;
    for (size_t i = 0; i < files->count && err == ERR_OK; i++) {
        AUTO(free_p) char *path = in(folder, files->items[i].name);
        err = path == NULL ? ERR_MEMORY
                           : durable_write(path, buffer_bytes(&files->items[i].bytes), complaint);
    }
    err = err != ERR_OK ? err
                        : parts_work(files->count, SYNCS_AT_ONCE, sync_file, &syncing, complaint);
    if (err != ERR_OK) {
        return err;
    }
    AUTO(free_p) char *any = in(folder, SNAPSHOT_MANIFEST_NAME);
    return any != NULL && durable_folder_of(any) == ERR_OK ? ERR_OK : failed(complaint, folder);
}

/* The first file that is not as it would be written; NULL when all are. */
static const char *first_difference(const char *folder, const struct snapshot_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        AUTO(buffer_close) struct buffer there = {0};
        AUTO(free_p) char *path = in(folder, files->items[i].name);
        if (path == NULL || durable_read(path, FILE_BYTES_MAX, NULL, &there) != ERR_OK ||
            !bytes_equal(buffer_bytes(&there), buffer_bytes(&files->items[i].bytes))) {
            return files->items[i].name;
        }
    }
    return NULL;
}

/* A file in the folder that is none of a pull's; NULL: none, or no folder. malloc'ed. */
static char *stranger_in(const char *folder, const struct snapshot_files *files)
{
    char *stranger = NULL;
    DIR *listing = opendir(folder);
    if (listing == NULL) {
        return NULL;
    }
    for (const struct dirent *entry = readdir(listing); entry != NULL && stranger == NULL;
         entry = readdir(listing)) {
        bool is_known = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        for (size_t i = 0; i < files->count && !is_known; i++) {
            is_known = strcmp(entry->d_name, files->items[i].name) == 0;
        }
        stranger = is_known ? NULL : strdup(entry->d_name);
    }
    closedir(listing);
    return stranger;
}

/* The folder takes the place of what is there; afterwards the old pull lies in `beside`. */
static enum err swap(const char *beside, const char *folder, struct complaint *complaint)
{
    if (renameat2(AT_FDCWD, beside, AT_FDCWD, folder, RENAME_EXCHANGE) != 0) {
        return failed(complaint, folder);
    }
    return durable_folder_of(folder);
}

/* A name as put_beside gives: NAME.tmp and six more. */
static bool is_beside(const char *entry, const char *name)
{
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && strncmp(entry + length, ".tmp", 4) == 0 &&
           strlen(entry) == length + 10;
}

/* -1: somebody has it, or it is no folder. */
static int lock_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What pulls into this folder that were killed left beside it. One that is still being written is
 * locked, and stays; so does whatever is no file of a pull. */
static void sweep(const char *folder, const struct snapshot_files *files)
{
    const char *slash = strrchr(folder, '/');
    const char *name = slash != NULL ? slash + 1 : folder;
    int length = slash == NULL ? 1 : (int)(slash - folder) + 1;
    AUTO(free_p) char *above = NULL;
    if (asprintf(&above, "%.*s", length, slash != NULL ? folder : ".") < 0) {
        above = NULL;
        return;
    }
    DIR *listing = opendir(above);
    if (listing == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        AUTO(free_p) char *path = is_beside(entry->d_name, name) ? in(above, entry->d_name) : NULL;
        int lock = path != NULL ? lock_folder(path) : -1;
        if (lock >= 0) {
            remove_pull(path, files);
            close(lock);
        }
    }
    closedir(listing);
}

static enum err fill_beside(const char *beside, const char *folder,
                            const struct snapshot_files *files, bool is_there,
                            struct complaint *complaint)
{
    enum err err = write_files(beside, files, complaint);
    if (err == ERR_OK && chmod(beside, 0755) != 0) {
        err = failed(complaint, beside);
    }
    if (err == ERR_OK && is_there) {
        err = swap(beside, folder, complaint);
    } else if (err == ERR_OK && rename(beside, folder) == 0) {
        return durable_folder_of(folder); /* nothing is left beside */
    } else if (err == ERR_OK) {
        err = failed(complaint, folder);
    }
    remove_pull(beside, files);
    return err;
}

static enum err put_beside(const char *folder, const struct snapshot_files *files, bool is_there,
                           struct complaint *complaint)
{
    AUTO(free_p) char *beside = NULL;
    if (asprintf(&beside, "%s.tmpXXXXXX", folder) < 0) {
        beside = NULL;
        return ERR_MEMORY;
    }
    sweep(folder, files);
    if (mkdtemp(beside) == NULL) {
        return failed(complaint, beside);
    }
    int lock = lock_folder(beside);
    enum err err = lock >= 0 ? fill_beside(beside, folder, files, is_there, complaint)
                             : failed(complaint, beside);
    if (lock >= 0) {
        close(lock);
    }
    return err;
}

enum err pull_folder_place(const char *path, const struct snapshot_terms *terms,
                           const struct snapshot_files *files, struct complaint *complaint,
                           enum pull_placed *ret_placed)
{
    struct snapshot_terms there;
    char *real = realpath(path, NULL); /* a link stays: what it leads to is replaced */
    AUTO(free_p) char *folder = real != NULL ? real : strdup(path);
    if (folder == NULL) {
        return ERR_MEMORY;
    }
    for (size_t end = strlen(folder); end > 1 && folder[end - 1] == '/'; end--) {
        folder[end - 1] = '\0'; /* "june/" has its temporary folder beside it, not inside */
    }
    enum err err = pull_folder_check(folder, terms, complaint);
    if (err != ERR_OK) {
        return err;
    }
    bool is_there = pull_folder_look(folder, terms, NULL, &there) == ERR_OK;
    if (is_there && there.position.size == terms->position.size) {
        const char *differs = first_difference(folder, files);
        if (differs != NULL) {
            return complain(complaint, ERR_EXISTS,
                            "%s/%s is not what was pulled at this position: somebody changed it. "
                            "Choose another folder, or take this one away.",
                            folder, differs);
        }
        *ret_placed = PULL_UNCHANGED;
        return ERR_OK;
    }
    AUTO(free_p) char *stranger = is_there ? stranger_in(folder, files) : NULL;
    if (stranger != NULL) {
        return complain(complaint, ERR_EXISTS,
                        "There is newer data than the pull in %s, but %s/%s is no part of a pull. "
                        "Move it away, or choose another folder.",
                        folder, folder, stranger);
    }
    err = put_beside(folder, files, is_there, complaint);
    if (err == ERR_OK) {
        *ret_placed = is_there ? PULL_REPLACED : PULL_MADE;
    }
    return err;
}
