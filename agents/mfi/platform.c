#include "agents/mfi/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "storage/disk.h"

void platform_random(void *context, void *bytes, size_t size)
{
    (void)context;
    randombytes_buf(bytes, size);
}

enum err platform_pause(int64_t ms)
{
    struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
    return ERR_OK;
}

/* ---- the lock ---- */

struct platform_lock {
    int fd;
};

void platform_unlock(struct platform_lock **lock)
{
    if (*lock != NULL) {
        close((*lock)->fd);
        free(*lock);
        *lock = NULL;
    }
}

/* Of the open file, not of the process: flock cannot be asked without being taken. */
static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

bool platform_is_locked(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    struct flock whole = whole_file();
    bool is_locked = fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (fd >= 0) {
        close(fd);
    }
    return is_locked;
}

enum err platform_lock(const char *path, struct complaint *complaint,
                       struct platform_lock **ret_lock)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return complain(complaint, disk_error(errno), "The lock %s cannot be opened: %s.", path,
                        strerror(errno));
    }
    struct flock whole = whole_file();
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        enum err err = errno == EAGAIN || errno == EACCES ? ERR_BUSY : ERR_IO;
        close(fd);
        return complain(complaint, err,
                        "Another mfi-agent works on this store (it holds %s). Stop that one first.",
                        path);
    }
    struct platform_lock *lock = calloc(1, sizeof *lock);
    if (lock == NULL) {
        close(fd);
        return ERR_MEMORY;
    }
    lock->fd = fd;
    *ret_lock = lock;
    return ERR_OK;
}

/* ---- files ---- */

void platform_stamp(const char *path, struct platform_stamp *ret_stamp)
{
    struct stat found;
    *ret_stamp = (struct platform_stamp){0};
    if (stat(path, &found) == 0 && S_ISREG(found.st_mode)) {
        *ret_stamp = (struct platform_stamp){
            .exists = true,
            .modified_us = (int64_t)found.st_mtim.tv_sec * 1000000 + found.st_mtim.tv_nsec / 1000,
            .size = (int64_t)found.st_size,
            .number = (uint64_t)found.st_ino,
        };
    }
}

bool platform_is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

enum err platform_make_folder(const char *path, struct complaint *complaint)
{
    if (mkdir(path, 0700) == 0) {
        return disk_sync_parent(path);
    }
    enum err err = disk_error(errno);
    return complain(complaint, err, "The folder %s cannot be made: %s.", path, strerror(errno));
}

static enum err write_all(int fd, struct bytes content)
{
    for (size_t done = 0; done < content.size;) {
        ssize_t wrote = write(fd, content.data + done, content.size - done);
        if (wrote < 0 && errno != EINTR) {
            return disk_error(errno);
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

enum err platform_write_new(const char *path, struct bytes content, unsigned mode,
                            struct complaint *complaint)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0) {
        enum err err = disk_error(errno);
        return complain(complaint, err, "The file %s cannot be made: %s.", path, strerror(errno));
    }
    enum err err = write_all(fd, content);
    if (close(fd) != 0 && err == ERR_OK) {
        err = ERR_IO;
    }
    if (err == ERR_OK) {
        err = disk_sync_parent(path);
    }
    if (err != ERR_OK) {
        unlink(path);
        return complain(complaint, err, "The file %s could not be written: %s.", path,
                        err_text(err));
    }
    return ERR_OK;
}

enum err platform_write(const char *path, struct bytes content, unsigned mode,
                        struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer making = {0};
    enum err err = buffer_printf(&making, "%s.making%c", path, '\0');
    if (err != ERR_OK) {
        return err;
    }
    const char *name = (const char *)making.data;
    unlink(name); /* of a run that was killed */
    err = platform_write_new(name, content, mode, complaint);
    if (err == ERR_OK && rename(name, path) != 0) {
        err = disk_error(errno);
        unlink(name);
        return complain(complaint, err, "The file %s cannot be replaced: %s.", path, err_text(err));
    }
    return err == ERR_OK ? disk_sync_parent(path) : err;
}

enum err platform_full_path(const char *path, char **ret_path)
{
    AUTO(free_p) char *folder = path[0] == '/' ? strdup("") : realpath(".", NULL);
    AUTO(buffer_close) struct buffer full = {0};
    if (folder == NULL) {
        return ERR_MEMORY;
    }
    enum err err = buffer_printf(&full, "%s%s%s%c", folder, path[0] == '/' ? "" : "/", path, '\0');
    if (err == ERR_OK) {
        *ret_path = (char *)STEAL(full.data);
    }
    return err;
}

static int is_folder_entry(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK);
}

enum err platform_folders(const char *path, platform_visit visit, void *context)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, is_folder_entry, alphasort);
    enum err err = ERR_OK;
    for (int i = 0; i < count; i++) {
        if (err == ERR_OK) {
            err = visit(context, names[i]->d_name);
        }
        free(names[i]);
    }
    free(names);
    return err;
}
