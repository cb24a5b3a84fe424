#include "tests/fuzz/starve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/journal.h"

enum what { MEMORY, FILES, STORE };

/* What fails, with what error, and how many calls are looked at. */
static const struct {
    enum what what;
    int error;
    size_t rounds;
} kinds[] = {
    {MEMORY, ENOMEM, 400}, {FILES, EIO, 40},   {FILES, ENOSPC, 40},
    {FILES, EINTR, 40},    {FILES, ENOENT, 8}, {STORE, EIO, 40},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static struct {
    size_t left; /* calls until one fails; 0: none does */
    enum what what;
    bool has_fired;
    bool is_on; /* in a round */
    int error;
} armed;

static bool fails(enum what what)
{
    if (armed.left == 0 || armed.what != what || --armed.left > 0) {
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
    armed.what = kinds[starving->kind].what;
    armed.error = kinds[starving->kind].error;
    armed.has_fired = false;
    armed.is_on = true;
}

void starving_rest(void)
{
    armed.left = 0;
}

size_t starving_hold(void)
{
    size_t held = armed.left;
    armed.left = 0;
    return held;
}

void starving_go_on(size_t held)
{
    armed.left = held;
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

#define WRAP(type, name, parameters, arguments, what, failed)    \
    type __real_##name parameters;                               \
    type __wrap_##name parameters;                               \
    type __wrap_##name parameters                                \
    {                                                            \
        return fails(what) ? (failed) : __real_##name arguments; \
    }

WRAP(void *, malloc, (size_t size), (size), MEMORY, NULL)
WRAP(void *, calloc, (size_t count, size_t size), (count, size), MEMORY, NULL)
WRAP(void *, realloc, (void *at, size_t size), (at, size), MEMORY, NULL)
WRAP(void *, reallocarray, (void *at, size_t count, size_t size), (at, count, size), MEMORY, NULL)
WRAP(char *, strdup, (const char *text), (text), MEMORY, NULL)
WRAP(int, fstat, (int fd, struct stat *status), (fd, status), FILES, -1)
WRAP(ssize_t, read, (int fd, void *at, size_t size), (fd, at, size), FILES, -1)
WRAP(ssize_t, pread, (int fd, void *at, size_t size, off_t from), (fd, at, size, from), FILES, -1)
WRAP(ssize_t, write, (int fd, const void *at, size_t size), (fd, at, size), FILES, -1)
WRAP(ssize_t, pwrite, (int fd, const void *at, size_t size, off_t to), (fd, at, size, to), FILES,
     -1)
WRAP(int, fsync, (int fd), (fd), FILES, -1)
WRAP(int, fdatasync, (int fd), (fd), FILES, -1)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), FILES, -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), FILES, -1)

WRAP(enum err, journal_get, (struct txn * txn, uint64_t seq, struct record *ret_record),
     (txn, seq, ret_record), STORE, ERR_IO)
WRAP(enum err, journal_root, (struct txn * txn, uint64_t size, struct hash *ret_root),
     (txn, size, ret_root), STORE, ERR_IO)
WRAP(enum err, journal_inclusion,
     (struct txn * txn, uint64_t seq, uint64_t size, struct proof *ret_proof),
     (txn, seq, size, ret_proof), STORE, ERR_IO)
WRAP(enum err, journal_consistency,
     (struct txn * txn, uint64_t old_size, uint64_t size, struct proof *ret_proof),
     (txn, old_size, size, ret_proof), STORE, ERR_IO)
WRAP(enum err, journal_stands, (struct txn * txn, const struct position *position), (txn, position),
     STORE, ERR_IO)
WRAP(enum err, heads_newest, (struct txn * txn, struct checkpoint *ret_checkpoint),
     (txn, ret_checkpoint), STORE, ERR_IO)
WRAP(enum err, heads_covering, (struct txn * txn, uint64_t seq, struct checkpoint *ret_checkpoint),
     (txn, seq, ret_checkpoint), STORE, ERR_IO)
WRAP(enum err, heads_at_most, (struct txn * txn, uint64_t size, struct checkpoint *ret_checkpoint),
     (txn, size, ret_checkpoint), STORE, ERR_IO)
WRAP(enum err, events_walk,
     (struct txn * txn, int kind, const char *subject, event_visit visit, void *context),
     (txn, kind, subject, visit, context), STORE, ERR_IO)
WRAP(enum err, events_last, (struct txn * txn, int kind, uint64_t *ret_seq), (txn, kind, ret_seq),
     STORE, ERR_IO)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails(FILES) ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails(FILES) ? -1 : __real_openat(folder, path, flags, mode);
}
