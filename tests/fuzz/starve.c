#include "tests/fuzz/starve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What fails, with what error, and how many calls are looked at. */
static const struct {
    bool is_memory;
    int error;
    size_t rounds;
} kinds[] = {
    {true, ENOMEM, 400}, {false, EIO, 40},   {false, ENOSPC, 40},
    {false, EINTR, 40},  {false, ENOENT, 8},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static struct {
    size_t left; /* calls until one fails; 0: none does */
    bool is_memory;
    bool has_fired;
    bool is_on; /* in a round */
    int error;
} armed;

static bool fails(bool is_memory)
{
    if (armed.left == 0 || armed.is_memory != is_memory || --armed.left > 0) {
        return false;
    }
    armed.has_fired = true;
    errno = armed.error;
    return true;
}

struct starving starving_of(struct bytes input)
{
    uint32_t hash = 2166136261U;
    struct starving starving = {.is_search = getenv("FUZZ_STARVE") == NULL};
    for (size_t i = 0; starving.is_search && i < input.size; i++) {
        hash = (hash ^ input.data[i]) * 16777619U;
    }
    if (starving.is_search) {
        starving.kind = hash % KINDS;
        starving.round = hash / 256 % 24;
    }
    return starving;
}

static void arm(const struct starving *starving)
{
    armed.left = starving->round;
    armed.is_memory = kinds[starving->kind].is_memory;
    armed.error = kinds[starving->kind].error;
    armed.has_fired = false;
    armed.is_on = true;
}

void starving_rest(void)
{
    armed.left = 0;
}

bool starving_next(struct starving *starving)
{
    bool has_fired = armed.has_fired;
    bool was_armed = armed.is_on;
    armed.left = 0;
    armed.has_fired = false;
    armed.is_on = false;
    if (starving->is_search) {
        if (was_armed) {
            return false;
        }
        starving->round++;
        arm(starving);
        return true;
    }
    if (was_armed && (!has_fired || starving->round == kinds[starving->kind].rounds)) {
        starving->round = 0;
        starving->kind++;
    }
    if (starving->kind == KINDS) {
        return false;
    }
    starving->round++;
    arm(starving);
    return true;
}

/* ---- the calls: the linker sends the product's here ---- */

#define WRAP(type, name, parameters, arguments, is_memory, failed)    \
    type __real_##name parameters;                                    \
    type __wrap_##name parameters;                                    \
    type __wrap_##name parameters                                     \
    {                                                                 \
        return fails(is_memory) ? (failed) : __real_##name arguments; \
    }

WRAP(void *, malloc, (size_t size), (size), true, NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), true, NULL)
WRAP(void *, realloc, (void *at, size_t size), (at, size), true, NULL)
WRAP(void *, reallocarray, (void *at, size_t count, size_t size), (at, count, size), true, NULL)
WRAP(char *, strdup, (const char *text), (text), true, NULL)
WRAP(int, fstat, (int fd, struct stat *status), (fd, status), false, -1)
WRAP(ssize_t, read, (int fd, void *at, size_t size), (fd, at, size), false, -1)
WRAP(ssize_t, pread, (int fd, void *at, size_t size, off_t from), (fd, at, size, from), false, -1)
WRAP(ssize_t, write, (int fd, const void *at, size_t size), (fd, at, size), false, -1)
WRAP(ssize_t, pwrite, (int fd, const void *at, size_t size, off_t to), (fd, at, size, to), false,
     -1)
WRAP(int, fsync, (int fd), (fd), false, -1)
WRAP(int, fdatasync, (int fd), (fd), false, -1)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), false, -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), false, -1)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails(false) ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails(false) ? -1 : __real_openat(folder, path, flags, mode);
}
