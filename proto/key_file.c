#include "proto/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(int *file)
{
    if (*file >= 0) {
        (void)close(*file);
        *file = -1;
    }
}

static enum err cannot_open(const char *path, int code, struct complaint *complaint)
{
    if (code == ENOENT) {
        return complain(complaint, ERR_KEY,
                        "There is no key file %s: make one with `init`, or correct the path in the "
                        "configuration.",
                        path);
    }
    if (code == ELOOP) {
        return complain(complaint, ERR_KEY,
                        "The key file %s is a symbolic link: name the file itself.", path);
    }
    return complain(complaint, ERR_KEY, "The key file %s cannot be opened: %s.", path,
                    strerror(code));
}

/* Whoever can change or read the file has the key: only the owner may. */
static enum err check_file(int file, const char *path, struct complaint *complaint)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        return cannot_open(path, errno, complaint);
    }
    if (!S_ISREG(status.st_mode)) {
        return complain(complaint, ERR_KEY, "The key file %s is not a regular file.", path);
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        return complain(complaint, ERR_KEY,
                        "The key file %s belongs to another user: give it to the user that runs "
                        "this program with `chown`.",
                        path);
    }
    if ((status.st_mode & 077) != 0) {
        return complain(complaint, ERR_KEY,
                        "The key file %s can be used by others (mode %03o): run `chmod 0400 %s`, "
                        "and make a new key if others may have read this one.",
                        path, (unsigned)(status.st_mode & 0777), path);
    }
    return ERR_OK;
}

static enum err read_all(int file, char *line, size_t size, size_t *ret_length)
{
    size_t length = 0;
    while (length < size) {
        const ssize_t got = read(file, line + length, size - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ERR_IO;
        }
        if (got == 0) {
            break;
        }
        length += (size_t)got;
    }
    *ret_length = length;
    return ERR_OK;
}

enum err key_file_read(const char *path, struct complaint *complaint,
                       char ret_line[static KEY_LINE_MAX])
{
    /* O_NONBLOCK: a pipe put in the file's place must not hold the program. */
    AUTO(close_file) int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return cannot_open(path, errno, complaint);
    }
    enum err err = check_file(file, path, complaint);
    if (err != ERR_OK) {
        return err;
    }
    char line[KEY_LINE_MAX] = {0};
    size_t length = 0;
    if (read_all(file, line, sizeof line, &length) != ERR_OK) {
        sodium_memzero(line, sizeof line);
        return complain(complaint, ERR_KEY, "The key file %s cannot be read.", path);
    }
    const char *end = memchr(line, '\n', length);
    if (end == NULL || end != line + length - 1 || memchr(line, '\0', length) != NULL) {
        sodium_memzero(line, sizeof line);
        return complain(complaint, ERR_KEY,
                        "The key file %s does not hold one line with a key: put it back from the "
                        "copy that you keep, or make a new key with `init`.",
                        path);
    }
    line[length - 1] = '\0';
    memcpy(ret_line, line, sizeof line);
    sodium_memzero(line, sizeof line);
    return ERR_OK;
}

static enum err write_all(int file, const char *data, size_t size)
{
    while (size > 0) {
        const ssize_t put = write(file, data, size);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
        }
        data += put;
        size -= (size_t)put;
    }
    return ERR_OK;
}

/* The folder that the path lies in, on disk. */
static enum err sync_folder(const char *path)
{
    AUTO(free_p) char *folder = strdup(path);
    if (folder == NULL) {
        return ERR_MEMORY;
    }
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    AUTO(close_file)
    int file = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return file >= 0 && fsync(file) == 0 ? ERR_OK : ERR_IO;
}

static enum err write_line(int file, const char *path, const char *line)
{
    enum err err = fchmod(file, 0400) == 0 ? ERR_OK : ERR_IO;
    err = err != ERR_OK ? err : write_all(file, line, strlen(line));
    err = err != ERR_OK ? err : write_all(file, "\n", 1);
    if (err == ERR_OK && fsync(file) != 0) {
        err = errno == ENOSPC ? ERR_FULL : ERR_IO;
    }
    return err != ERR_OK ? err : sync_folder(path);
}

enum err key_file_write(const char *path, const char *line, struct complaint *complaint)
{
    AUTO(close_file)
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
    if (file < 0 && errno == EEXIST) {
        return complain(complaint, ERR_EXISTS,
                        "The key file %s is there already and is never overwritten: move it away "
                        "if you want a new key.",
                        path);
    }
    if (file < 0) {
        const enum err err = errno == ENOSPC ? ERR_FULL : ERR_IO;
        return complain(complaint, err, "The key file %s cannot be created: %s.", path,
                        strerror(errno));
    }
    enum err err = write_line(file, path, line);
    if (err != ERR_OK) {
        (void)unlink(path);
        return complain(complaint, err, "The key file %s could not be written: %s.", path,
                        err_text(err));
    }
    return ERR_OK;
}
