/* A library to preload: records what a program does to the files named in RECORD_FILES (paths with
 * ":" between them; they exist), in the order in which it happened, into the file RECORD_TRACE. The
 * power-cut test builds from it what a disk may hold after a cut.
 *
 *   record = kind u8, file u8, is durable by itself u8, 0, size u32, offset u64, size bytes
 *
 * in the byte order of the machine. Another process may append records of its own (marks). A record
 * is written after its call and before the call returns, under one lock for all of them: what an
 * acknowledgement follows stands before it in the trace. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 8
#define FDS_MAX   1024
#define PARTS_MAX 1024

enum kind { WRITE = 1, SIZE, SYNC, ALLOCATE };

struct record {
    uint8_t kind;
    uint8_t file;
    uint8_t is_durable;
    uint8_t zero;
    uint32_t size;
    uint64_t offset;
};

static struct {
    dev_t device;
    ino_t inode;
} files[FILES_MAX];
static size_t file_count;
static uint8_t file_of[FDS_MAX]; /* index + 1 */
static bool syncs[FDS_MAX];      /* opened with O_SYNC or O_DSYNC */
static int trace = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* ISO C has no cast from an object's pointer to a function's. */
static void find(const char *name, void *ret_function)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        abort();
    }
    memcpy(ret_function, &found, sizeof found);
}

static void __attribute__((constructor)) begin(void)
{
    const char *paths = getenv("RECORD_FILES");
    const char *to = getenv("RECORD_TRACE");
    int (*real_open)(const char *, int, ...) = NULL;
    if (paths == NULL || to == NULL) {
        return;
    }
    find("open", &real_open);
    trace = real_open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    char *copy = strdup(paths);
    char *rest = NULL;
    for (char *path = strtok_r(copy, ":", &rest); path != NULL && file_count < FILES_MAX;
         path = strtok_r(NULL, ":", &rest)) {
        struct stat about;
        if (stat(path, &about) != 0) {
            abort();
        }
        files[file_count].device = about.st_dev;
        files[file_count++].inode = about.st_ino;
    }
    free(copy);
}

static bool is_recorded(int fd)
{
    return trace >= 0 && fd >= 0 && fd < FDS_MAX && file_of[fd] != 0;
}

static void put(int fd, enum kind kind, uint64_t offset, const struct iovec *parts, int count,
                size_t size)
{
    struct record record = {.kind = (uint8_t)kind,
                            .file = (uint8_t)(file_of[fd] - 1),
                            .is_durable = kind == WRITE && syncs[fd],
                            .size = (uint32_t)size,
                            .offset = offset};
    static struct iovec all[PARTS_MAX + 1];
    ssize_t (*real)(int, const struct iovec *, int) = NULL;
    find("writev", &real);
    all[0] = (struct iovec){.iov_base = &record, .iov_len = sizeof record};
    int used = 1;
    for (int i = 0; i < count && size > 0; i++) {
        size_t length = parts[i].iov_len < size ? parts[i].iov_len : size;
        all[used++] = (struct iovec){.iov_base = parts[i].iov_base, .iov_len = length};
        size -= length;
    }
    if (real(trace, all, used) < (ssize_t)(sizeof record + record.size)) {
        abort(); /* a trace with a hole would be believed */
    }
}

static int note_open(int fd, int flags)
{
    struct stat about;
    if (trace < 0 || fd < 0 || fd >= FDS_MAX) {
        return fd;
    }
    int kept = errno;
    pthread_mutex_lock(&mutex);
    file_of[fd] = 0;
    for (size_t i = 0; fstat(fd, &about) == 0 && i < file_count; i++) {
        if (about.st_dev == files[i].device && about.st_ino == files[i].inode) {
            file_of[fd] = (uint8_t)(i + 1);
            syncs[fd] = (flags & (O_DSYNC | O_SYNC)) != 0;
        }
    }
    pthread_mutex_unlock(&mutex);
    errno = kept;
    return fd;
}

/* mode counts only with O_CREAT; read without, it is never used. */
#define OPEN(name, ...)                         \
    int name(__VA_ARGS__, int flags, ...);      \
    int name(__VA_ARGS__, int flags, ...)       \
    {                                           \
        va_list list;                           \
        va_start(list, flags);                  \
        unsigned mode = va_arg(list, unsigned); \
        va_end(list);                           \
        OPEN_CALL(#name)                        \
    }
#define OPEN_CALL(text)                         \
    int (*real)(const char *, int, ...) = NULL; \
    find(text, &real);                          \
    return note_open(real(path, flags, mode), flags);
OPEN(open, const char *path)
OPEN(open64, const char *path)
#undef OPEN_CALL
#define OPEN_CALL(text)                              \
    int (*real)(int, const char *, int, ...) = NULL; \
    find(text, &real);                               \
    return note_open(real(folder, path, flags, mode), flags);
OPEN(openat, int folder, const char *path)
OPEN(openat64, int folder, const char *path)

int close(int fd)
{
    int (*real)(int) = NULL;
    find("close", &real);
    pthread_mutex_lock(&mutex);
    if (is_recorded(fd)) {
        file_of[fd] = 0;
    }
    int result = real(fd);
    pthread_mutex_unlock(&mutex);
    return result;
}

/* A call on a file that is recorded runs under the lock, so that the trace has the order of the
 * calls. */
#define RECORDED(type, fd, call, note) \
    if (!is_recorded(fd)) {            \
        return call;                   \
    }                                  \
    pthread_mutex_lock(&mutex);        \
    type result = call;                \
    int kept = errno;                  \
    if (result >= 0) {                 \
        note;                          \
    }                                  \
    pthread_mutex_unlock(&mutex);      \
    errno = kept;                      \
    return result

static struct iovec one(const void *data, size_t size)
{
    struct iovec part = {.iov_len = size};
    memcpy(&part.iov_base, &data, sizeof data); /* only read */
    return part;
}

static uint64_t place_before(int fd, ssize_t wrote)
{
    return (uint64_t)(lseek(fd, 0, SEEK_CUR) - wrote);
}

ssize_t write(int fd, const void *data, size_t size)
{
    ssize_t (*real)(int, const void *, size_t) = NULL;
    find("write", &real);
    struct iovec part = one(data, size);
    RECORDED(ssize_t, fd, real(fd, data, size),
             put(fd, WRITE, place_before(fd, result), &part, 1, (size_t)result));
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t (*real)(int, const struct iovec *, int) = NULL;
    find("writev", &real);
    RECORDED(ssize_t, fd, real(fd, parts, count),
             put(fd, WRITE, place_before(fd, result), parts, count, (size_t)result));
}

#define PWRITE(name)                                                          \
    ssize_t name(int fd, const void *data, size_t size, off_t offset)         \
    {                                                                         \
        ssize_t (*real)(int, const void *, size_t, off_t) = NULL;             \
        find(#name, &real);                                                   \
        struct iovec part = one(data, size);                                  \
        RECORDED(ssize_t, fd, real(fd, data, size, offset),                   \
                 put(fd, WRITE, (uint64_t)offset, &part, 1, (size_t)result)); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define PWRITEV(name)                                                             \
    ssize_t name(int fd, const struct iovec *parts, int count, off_t offset)      \
    {                                                                             \
        ssize_t (*real)(int, const struct iovec *, int, off_t) = NULL;            \
        find(#name, &real);                                                       \
        RECORDED(ssize_t, fd, real(fd, parts, count, offset),                     \
                 put(fd, WRITE, (uint64_t)offset, parts, count, (size_t)result)); \
    }
PWRITEV(pwritev)
PWRITEV(pwritev64)

#define TRUNCATE(name)                                                                \
    int name(int fd, off_t size)                                                      \
    {                                                                                 \
        int (*real)(int, off_t) = NULL;                                               \
        find(#name, &real);                                                           \
        RECORDED(int, fd, real(fd, size), put(fd, SIZE, (uint64_t)size, NULL, 0, 0)); \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

/* Only the plain mode is known to the replay. */
static void allocated(int fd, int mode, off_t offset, off_t size)
{
    uint64_t length = (uint64_t)size;
    struct iovec part = one(&length, sizeof length);
    if (mode != 0) {
        abort();
    }
    put(fd, ALLOCATE, (uint64_t)offset, &part, 1, sizeof length);
}

#define FALLOCATE(name)                                                                     \
    int name(int fd, int mode, off_t offset, off_t size)                                    \
    {                                                                                       \
        int (*real)(int, int, off_t, off_t) = NULL;                                         \
        find(#name, &real);                                                                 \
        RECORDED(int, fd, real(fd, mode, offset, size), allocated(fd, mode, offset, size)); \
    }
FALLOCATE(fallocate)
FALLOCATE(fallocate64)

#define POSIX_FALLOCATE(name)                                      \
    int name(int fd, off_t offset, off_t size)                     \
    {                                                              \
        int (*real)(int, off_t, off_t) = NULL;                     \
        find(#name, &real);                                        \
        RECORDED(                                                  \
            int, fd, real(fd, offset, size),                       \
            if (result == 0) { allocated(fd, 0, offset, size); }); \
    }
POSIX_FALLOCATE(posix_fallocate)
POSIX_FALLOCATE(posix_fallocate64)

#define SYNC_CALL(name)                                            \
    int name(int fd)                                               \
    {                                                              \
        int (*real)(int) = NULL;                                   \
        find(#name, &real);                                        \
        RECORDED(int, fd, real(fd), put(fd, SYNC, 0, NULL, 0, 0)); \
    }
SYNC_CALL(fsync)
SYNC_CALL(fdatasync)
