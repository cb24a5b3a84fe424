/* A library to preload: the allocation number STARVE_AT (from 1) of the process fails, once, with
 * ENOMEM; STARVE_AT=0 only counts. What a process may do with that is end, or refuse; never crash
 * in our code, nor say that something is done that is not.
 *
 * The file STARVE_LOG gets a line "failed at N: MODULE MODULE ..." with the modules on the stack,
 * the nearest first, and at a normal end "counted N". A program that has these two symbols may
 * count from a place of its own:
 *
 *   void starve_begin(unsigned long at);   counts from here; the process counted nothing until then
 *   unsigned long starve_end(void);        stops counting; how many there were */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAMES_MAX 32

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void starve_begin(unsigned long at);
unsigned long starve_end(void);

static atomic_ulong counted;
static atomic_ulong fails_at;
static atomic_bool is_counting;
static _Thread_local bool is_inside; /* what the note itself allocates is not counted */
static char log_path[512];

static void append(const char *text)
{
    int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        if (write(fd, text, strlen(text)) < 0) {
            abort();
        }
        close(fd);
    }
}

/* Which libraries asked for it: names of the modules on the stack, each once in a row. */
static void note(unsigned long number)
{
    void *frames[FRAMES_MAX];
    char line[1024];
    const char *last = "";
    int depth = backtrace(frames, FRAMES_MAX);
    size_t used = (size_t)snprintf(line, sizeof line, "failed at %lu:", number);
    for (int i = 2; i < depth && used < sizeof line - 80; i++) {
        Dl_info about;
        if (dladdr(frames[i], &about) == 0 || about.dli_fname == NULL) {
            continue;
        }
        const char *slash = strrchr(about.dli_fname, '/');
        const char *name = slash != NULL ? slash + 1 : about.dli_fname;
        if (strcmp(name, last) != 0) {
            used += (size_t)snprintf(line + used, sizeof line - used, " %.60s", name);
        }
        last = name;
    }
    (void)snprintf(line + used, sizeof line - used, "\n");
    append(line);
}

static bool fails(void)
{
    if (!atomic_load_explicit(&is_counting, memory_order_relaxed) || is_inside) {
        return false;
    }
    unsigned long number = atomic_fetch_add(&counted, 1) + 1;
    if (number != atomic_load(&fails_at)) {
        return false;
    }
    is_inside = true;
    note(number);
    is_inside = false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (memory == NULL) {
        return ENOMEM;
    }
    *ret_memory = memory;
    return 0;
}

void starve_begin(unsigned long at)
{
    atomic_store(&counted, 0);
    atomic_store(&fails_at, at);
    atomic_store(&is_counting, true);
}

unsigned long starve_end(void)
{
    atomic_store(&is_counting, false);
    return atomic_load(&counted);
}

/* The loader, and what runs before main, is not ours: counting begins with the last constructor of
 * the libraries, which is this one's, as it was loaded first. */
static void __attribute__((constructor)) begin(void)
{
    const char *at = getenv("STARVE_AT");
    const char *log = getenv("STARVE_LOG");
    void *frame[1];
    (void)backtrace(frame, 1); /* loads what it needs */
    if (log != NULL) {
        (void)snprintf(log_path, sizeof log_path, "%s", log);
    }
    if (at != NULL) {
        starve_begin(strtoul(at, NULL, 10));
    }
}

static void __attribute__((destructor)) end(void)
{
    char line[64];
    if (log_path[0] != '\0' && atomic_load(&is_counting)) {
        (void)snprintf(line, sizeof line, "counted %lu\n", starve_end());
        append(line);
    }
}
