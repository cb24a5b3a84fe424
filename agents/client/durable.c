#include "agents/client/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 65536

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static enum err err_of_errno(void)
{
    switch (errno) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_FULL;
    default:
        return ERR_IO;
    }
}

static enum err write_all(int fd, struct bytes bytes)
{
    size_t done = 0;
    while (done < bytes.size) {
        ssize_t wrote = write(fd, bytes.data + done, bytes.size - done);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0) {
            return err_of_errno();
        }
        done += (size_t)wrote;
    }
    return ERR_OK;
}

static enum err write_and_sync(int fd, struct bytes bytes)
{
    enum err err = write_all(fd, bytes);
    return err != ERR_OK || fsync(fd) == 0 ? err : err_of_errno();
}

enum err durable_replace(const char *path, struct bytes bytes, struct complaint *complaint)
{
    AUTO(free_p) char *beside = NULL;
    if (asprintf(&beside, "%s.tmp", path) < 0) {
        beside = NULL;
        return ERR_MEMORY;
    }
    enum err err = ERR_OK;
    {
        AUTO(close_fd)
        int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
        err = fd < 0 ? err_of_errno() : write_and_sync(fd, bytes);
    }
    if (err == ERR_OK && rename(beside, path) != 0) {
        err = err_of_errno();
    }
    err = err != ERR_OK ? err : durable_folder_of(path);
    return err == ERR_OK
               ? ERR_OK
               : complain(complaint, err, "%s could not be written: %s.", path, strerror(errno));
}

enum err durable_create(const char *path, struct bytes bytes, struct complaint *complaint)
{
    AUTO(close_fd)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    enum err err = fd < 0 ? err_of_errno() : write_and_sync(fd, bytes);
    err = err != ERR_OK ? err : durable_folder_of(path);
    return err == ERR_OK
               ? ERR_OK
               : complain(complaint, err, "%s could not be made: %s.", path, strerror(errno));
}

enum err durable_write(const char *path, struct bytes bytes, struct complaint *complaint)
{
    AUTO(close_fd)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    enum err err = fd < 0 ? err_of_errno() : write_all(fd, bytes);
    return err == ERR_OK
               ? ERR_OK
               : complain(complaint, err, "%s could not be made: %s.", path, strerror(errno));
}

enum err durable_sync(const char *path, struct complaint *complaint)
{
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd >= 0 && fsync(fd) == 0
               ? ERR_OK
               : complain(complaint, err_of_errno(), "%s could not be synced: %s.", path,
                          strerror(errno));
}

enum err durable_folder_of(const char *path)
{
    AUTO(free_p) char *folder = strdup(path);
    if (folder == NULL) {
        return ERR_MEMORY;
    }
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    AUTO(close_fd)
    int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

enum err durable_read(const char *path, size_t limit, struct complaint *complaint,
                      struct buffer *ret_bytes)
{
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return complain(complaint, err_of_errno(), "%s cannot be read: %s.", path, strerror(errno));
    }
    AUTO(buffer_close) struct buffer bytes = {.limit = limit + READ_BYTES};
    for (;;) {
        uint8_t *at = NULL;
        if (bytes.size > limit || buffer_reserve(&bytes, READ_BYTES, &at) != ERR_OK) {
            return complain(complaint, ERR_TOO_LARGE, "%s is larger than such a file can be.",
                            path);
        }
        ssize_t got = read(fd, at, READ_BYTES);
        if (got < 0 && errno != EINTR) {
            return complain(complaint, ERR_IO, "%s cannot be read: %s.", path, strerror(errno));
        }
        if (got == 0) {
            break;
        }
        bytes.size += got > 0 ? (size_t)got : 0;
    }
    *ret_bytes = bytes;
    bytes = (struct buffer){0};
    return ERR_OK;
}
