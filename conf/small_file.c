#include "conf/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_file(const int *file)
{
    if (*file >= 0) {
        (void)close(*file);
    }
}

static enum err read_all(int file, size_t size, uint8_t *at)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(file, at + done, size - done);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return ERR_IO;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return ERR_OK;
}

enum err small_file_read(const char *path, size_t max, struct complaint *complaint,
                         struct buffer *bytes)
{
    AUTO(close_file) int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    uint8_t *at = NULL;
    if (file < 0 || fstat(file, &about) != 0) {
        return complain(complaint, ERR_IO, "%s cannot be read: %s.", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode) || about.st_size < 1 || (size_t)about.st_size > max) {
        return complain(complaint, ERR_IO,
                        "%s is empty, no file, or longer than the %zu bytes that it may have: is "
                        "it the right one?",
                        path, max);
    }
    enum err err = buffer_reserve(bytes, (size_t)about.st_size, &at);
    if (err == ERR_OK && read_all(file, (size_t)about.st_size, at) != ERR_OK) {
        err = complain(complaint, ERR_IO, "%s cannot be read, or it changed meanwhile.", path);
    }
    bytes->size += err == ERR_OK ? (size_t)about.st_size : 0;
    return err;
}
