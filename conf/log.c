#include "conf/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/clock.h"
#include "proto/text.h"

#define LINE_MAX_BYTES 2048
#define EVENTS_MAX     64
#define MINUTE_MS      60000

static struct {
    const char *program;
    enum log_level least;
} settings = {NULL, LOG_INFO};

static struct {
    pthread_mutex_t lock;
    struct {
        char event[64];
        int64_t began_ms;
        unsigned lines;
        unsigned long suppressed;
    } rows[EVENTS_MAX];
    size_t count;
} limits = {.lock = PTHREAD_MUTEX_INITIALIZER};

void log_open(const char *program, enum log_level least)
{
    settings.program = program;
    settings.least = least;
}

static size_t at_most(int written, size_t room)
{
    return written < 0 ? 0 : (size_t)written < room ? (size_t)written : room - 1;
}

static void PRINTF_LIKE(4, 0)
    write_line(enum log_level level, const char *event, unsigned long suppressed,
               const char *format, va_list arguments)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    char line[LINE_MAX_BYTES];
    time_t now = (time_t)(clock_wall_us() / 1000000);
    struct tm utc = {0};
    gmtime_r(&now, &utc);
    size_t size = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%SZ", &utc);
    size += at_most(
        snprintf(line + size, sizeof line - size, " level=%s event=%s", names[level], event),
        sizeof line - size);
    if (settings.program != NULL) {
        size += at_most(snprintf(line + size, sizeof line - size, " program=%s", settings.program),
                        sizeof line - size);
    }
    if (suppressed > 0) {
        size += at_most(snprintf(line + size, sizeof line - size, " suppressed=%lu", suppressed),
                        sizeof line - size);
    }
    if (*format != 0) {
        line[size++] = ' ';
        size += at_most(vsnprintf(line + size, sizeof line - size, format, arguments),
                        sizeof line - size);
    }
    /* One line stays one line, whatever a caller forgot to escape. */
    for (size_t i = 0; i < size; i++) {
        line[i] = (unsigned char)line[i] < 0x20 || line[i] == 0x7f ? '?' : line[i];
    }
    line[size++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written; /* there is nobody left to tell */
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    if (level < settings.least) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_line(level, event, 0, format, arguments);
    va_end(arguments);
}

/* May this line go out? ret_suppressed: how many did not since the last one of its event. */
static bool take_turn(const char *event, unsigned burst, unsigned long *ret_suppressed)
{
    int64_t now_ms = clock_monotonic_ms();
    size_t row = 0;
    while (row < limits.count && strcmp(limits.rows[row].event, event) != 0) {
        row++;
    }
    if (row == EVENTS_MAX) {
        row--; /* more events than rows: the last ones share one */
    } else if (row == limits.count) {
        limits.count++;
        snprintf(limits.rows[row].event, sizeof limits.rows[row].event, "%s", event);
        limits.rows[row].began_ms = now_ms;
    }
    if (now_ms - limits.rows[row].began_ms >= MINUTE_MS) {
        limits.rows[row].began_ms = now_ms;
        limits.rows[row].lines = 0;
    }
    if (limits.rows[row].lines >= burst) {
        limits.rows[row].suppressed++;
        return false;
    }
    limits.rows[row].lines++;
    *ret_suppressed = limits.rows[row].suppressed;
    limits.rows[row].suppressed = 0;
    return true;
}

void log_event_limited(enum log_level level, const char *event, unsigned burst, const char *format,
                       ...)
{
    if (level < settings.least) {
        return;
    }
    unsigned long suppressed = 0;
    pthread_mutex_lock(&limits.lock);
    bool may = take_turn(event, burst, &suppressed);
    pthread_mutex_unlock(&limits.lock);
    if (may) {
        va_list arguments;
        va_start(arguments, format);
        write_line(level, event, suppressed, format, arguments);
        va_end(arguments);
    }
}

const char *log_text(const char *text, char *out, size_t out_size)
{
    text_escape(bytes_of(text, strlen(text)), out, out_size);
    for (char *at = strchr(out, '"'); at != NULL; at = strchr(at, '"')) {
        *at = '\'';
    }
    return out;
}
