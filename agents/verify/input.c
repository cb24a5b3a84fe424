#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/verify/verify.h"

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static enum err read_to_end(int fd, const char *path, size_t max, struct complaint *complaint,
                            struct buffer *bytes)
{
    for (;;) {
        uint8_t *at = NULL;
        enum err err = buffer_reserve(bytes, 65536, &at);
        if (err != ERR_OK) {
            return err;
        }
        ssize_t got = read(fd, at, 65536);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return complain(complaint, ERR_USAGE, "%s cannot be read: %s.", path, strerror(errno));
        }
        if (got == 0) {
            return ERR_OK;
        }
        bytes->size += (size_t)got;
        if (bytes->size > max) {
            return complain(complaint, ERR_TOO_LARGE,
                            "%s is larger than %zu bytes, which no such file is.", path, max);
        }
    }
}

enum err input_read(const char *path, size_t max, struct complaint *complaint,
                    struct buffer *ret_bytes)
{
    /* O_NONBLOCK: a FIFO must not hang us before we can see that it is one. */
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        return complain(complaint, ERR_USAGE, "%s cannot be read: %s.", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return complain(complaint, ERR_USAGE, "%s is not a regular file.", path);
    }
    AUTO(buffer_close) struct buffer bytes = {.limit = max + 2 * 65536};
    enum err err = read_to_end(fd, path, max, complaint, &bytes);
    if (err != ERR_OK) {
        return err;
    }
    if (bytes.size == 0) {
        return complain(complaint, ERR_MALFORMED, "%s is empty.", path);
    }
    *ret_bytes = bytes;
    bytes = (struct buffer){0};
    return ERR_OK;
}
