#include "agents/mfi/book_query.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/query/wire.h"
#include "conf/clock.h"

#define PROGRAM     "mfi-query"
#define QUERIES_MAX 8
#define SPARE_SECONDS \
    3 /* the server's and the driver's own limits come first: their words are better */
#define WORDS_MAX   20
#define PREFIX      "result of "
#define PREFIX_SIZE (sizeof PREFIX - 1)

extern char **environ;

struct book_query {
    const struct book_query_source *source;
    pid_t process; /* 0: none */
    int line;      /* to it and from it; -1: none */
    size_t left;   /* bytes of the part that is being read */
    bool is_ended; /* the result that was asked for */
    char system[65];
    char version[64];
    char files[QUERIES_MAX][40]; /* "result of loans.sql" */
    size_t count;
};

void book_query_close(struct book_query **query)
{
    struct book_query *closing = *query;
    if (closing == NULL) {
        return;
    }
    if (closing->line >= 0) {
        (void)close(closing->line);
    }
    if (closing->process > 0) {
        /* It may be deep in a driver; it has nothing to tidy up that the server does not. */
        (void)kill(closing->process, SIGKILL);
        while (waitpid(closing->process, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    free(closing);
    *query = NULL;
}

/* ---- starting it ---- */

/* Beside this program. */
static bool find_program(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - sizeof PROGRAM);
    if (length <= 0 || (size_t)length >= size - sizeof PROGRAM) {
        return false;
    }
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    memcpy(slash == NULL ? path : slash + 1, PROGRAM, sizeof PROGRAM);
    return true;
}

/* Its signals are as at the start of a program: `run` holds some back. */
static int start(const char *path, char *const *words, int end, pid_t *ret_process)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    (void)sigemptyset(&none);
    if (posix_spawn_file_actions_init(&files) != 0) {
        return ENOMEM;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    int failed = posix_spawn_file_actions_adddup2(&files, end, STDIN_FILENO);
    failed = failed != 0 ? failed : posix_spawn_file_actions_adddup2(&files, end, STDOUT_FILENO);
    failed = failed != 0 ? failed : posix_spawnattr_setsigmask(&attributes, &none);
    failed = failed != 0 ? failed : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    failed =
        failed != 0 ? failed : posix_spawn(ret_process, path, &files, &attributes, words, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return failed;
}

static enum err start_with(struct book_query *query, char *const *words,
                           struct complaint *complaint)
{
    char path[1024];
    int ends[2] = {-1, -1};
    if (!find_program(path, sizeof path) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return complain(complaint, ERR_REFUSED, "%s cannot be started: %s.", PROGRAM,
                        strerror(errno));
    }
    query->line = ends[0];
    int failed = start(path, words, ends[1], &query->process);
    (void)close(ends[1]);
    if (failed != 0) {
        query->process = 0;
        return complain(complaint, ERR_REFUSED,
                        "%s cannot be started: %s. It is installed beside mfi-agent, and reads the "
                        "database.",
                        path, strerror(failed));
    }
    return ERR_OK;
}

/* ---- frames ---- */

static enum err say_silent(const struct book_query *query, struct complaint *complaint)
{
    return complain(complaint, ERR_BUSY,
                    "The database of the data source %s did not answer within %lld seconds. Try "
                    "again when it has less to do, or raise query_seconds in agent.conf.",
                    query->source->dsn, (long long)query->source->seconds);
}

static enum err say_ended(const struct book_query *query, struct complaint *complaint)
{
    return complain(complaint, ERR_REFUSED,
                    "%s ended before the database of the data source %s had answered. The driver "
                    "may have broken down: run %s by hand to see.",
                    PROGRAM, query->source->dsn, PROGRAM);
}

/* All size bytes; each wait is bounded. */
static enum err take(struct book_query *query, void *to, size_t size, struct complaint *complaint)
{
    uint8_t *at = to;
    int64_t until_ms = clock_monotonic_ms() + (query->source->seconds + SPARE_SECONDS) * 1000;
    while (size > 0) {
        struct pollfd ready = {.fd = query->line, .events = POLLIN};
        int64_t left_ms = until_ms - clock_monotonic_ms();
        int polled = left_ms <= 0 ? 0 : poll(&ready, 1, (int)left_ms);
        if (polled == 0) {
            return say_silent(query, complaint);
        }
        ssize_t got = polled < 0 ? -1 : read(query->line, at, size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return say_ended(query, complaint);
        }
        at += got;
        size -= (size_t)got;
    }
    return ERR_OK;
}

/* A frame's kind and size; one of trouble becomes the complaint. */
static enum err take_head(struct book_query *query, struct complaint *complaint, int *ret_kind)
{
    uint8_t head[QUERY_HEAD_BYTES] = {0};
    struct complaint told = {{0}};
    enum err err = take(query, head, sizeof head, complaint);
    if (err != ERR_OK) {
        return err;
    }
    size_t size = get_u32(head + 1);
    if (head[0] != QUERY_TROUBLE && head[0] != QUERY_LATER) {
        *ret_kind = head[0];
        query->left = size;
        return size <= QUERY_BYTES_LARGE ? ERR_OK : say_ended(query, complaint);
    }
    err = size > 0 && size < sizeof told.text ? take(query, told.text, size, complaint)
                                              : say_ended(query, complaint);
    if (err == ERR_OK && told.text[0] == '\0') {
        err = say_ended(query, complaint);
    }
    return err != ERR_OK ? err
                         : complain(complaint, head[0] == QUERY_LATER ? ERR_BUSY : ERR_REFUSED,
                                    "%s", told.text);
}

static void keep_name(struct book_query *query, const char *name)
{
    if (query->count < QUERIES_MAX && *name != '\0') {
        (void)snprintf(query->files[query->count++], sizeof query->files[0], PREFIX "%.16s.sql",
                       name);
    }
}

static enum err take_list(struct book_query *query, struct complaint *complaint)
{
    char text[1024] = {0};
    int kind = 0;
    enum err err = take_head(query, complaint, &kind);
    if (err == ERR_OK && (kind != QUERY_LIST || query->left >= sizeof text)) {
        return say_ended(query, complaint);
    }
    if (err == ERR_OK) {
        err = take(query, text, query->left, complaint);
    }
    if (err != ERR_OK) {
        return err;
    }
    query->left = 0;
    char *rest = text;
    (void)snprintf(query->system, sizeof query->system, "%s", strsep(&rest, "\n"));
    (void)snprintf(query->version, sizeof query->version, "%s",
                   rest == NULL ? "" : strsep(&rest, "\n"));
    while (rest != NULL) {
        keep_name(query, strsep(&rest, "\n"));
    }
    return ERR_OK;
}

/* ---- a result ---- */

enum err book_query_ask(struct book_query *query, const char *file, struct complaint *complaint)
{
    char line[32];
    const char *name = file + PREFIX_SIZE;
    int length = snprintf(line, sizeof line, "%.*s\n", (int)strcspn(name, "."), name);
    query->is_ended = false;
    ssize_t sent = send(query->line, line, (size_t)length, MSG_NOSIGNAL);
    return sent == length ? ERR_OK : say_ended(query, complaint);
}

enum err book_query_read(struct book_query *query, uint8_t *at, size_t size,
                         struct complaint *complaint, size_t *ret_got)
{
    int kind = QUERY_PART;
    enum err err = ERR_OK;
    while (err == ERR_OK && query->left == 0 && !query->is_ended) {
        err = take_head(query, complaint, &kind);
        query->is_ended = err == ERR_OK && kind == QUERY_END;
        if (err == ERR_OK && kind != QUERY_PART && kind != QUERY_END) {
            err = say_ended(query, complaint);
        }
    }
    if (err != ERR_OK) {
        return err;
    }
    size_t part = query->left < size ? query->left : size;
    err = take(query, at, part, complaint);
    if (err == ERR_OK) {
        query->left -= part;
        *ret_got = part;
    }
    return err;
}

/* ---- the source ---- */

const char *book_query_file(const struct book_query *query, const char *extract)
{
    size_t size = strcspn(extract, ".") + 1;
    for (size_t i = 0; i < query->count; i++) {
        if (strncmp(query->files[i] + PREFIX_SIZE, extract, size) == 0) {
            return query->files[i];
        }
    }
    return NULL;
}

const char *book_query_system(const struct book_query *query)
{
    return query->system;
}

const char *book_query_version(const struct book_query *query)
{
    return query->version;
}

/* posix_spawn takes what it does not change as not const. */
struct word_list {
    char *items[WORDS_MAX + 1];
    size_t count;
};

static enum err add_word(struct arena *arena, const char *name, const char *value,
                         struct word_list *words)
{
    char *both[2] = {arena_text(arena, name), value == NULL ? NULL : arena_text(arena, value)};
    if (both[0] == NULL || (value != NULL && both[1] == NULL) || words->count + 2 > WORDS_MAX) {
        return ERR_MEMORY;
    }
    words->items[words->count++] = both[0];
    if (value != NULL) {
        words->items[words->count++] = both[1];
    }
    return ERR_OK;
}

static enum err list_words(const struct book_query_source *source,
                           const struct book_manifest *manifest, struct arena *arena,
                           struct word_list *words)
{
    char as_of[11];
    char period_start[11];
    char seconds[24];
    day_format(manifest->period.end_day, as_of);
    day_format(manifest->period.start_day, period_start);
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)source->seconds);
    const struct {
        const char *name;
        const char *value;
    } rows[] = {{PROGRAM, NULL},
                {"--serve", NULL},
                {"--dsn", source->dsn},
                {"--queries", source->queries},
                {"--as-of", as_of},
                {"--period-start", period_start},
                {"--currency", manifest->currency},
                {"--seconds", seconds}};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof rows / sizeof rows[0]; i++) {
        err = add_word(arena, rows[i].name, rows[i].value, words);
    }
    if (err == ERR_OK && source->credentials != NULL) {
        err = add_word(arena, "--credentials", source->credentials, words);
    }
    return err;
}

enum err book_query_open(const struct book_query_source *source,
                         const struct book_manifest *manifest, struct complaint *complaint,
                         struct book_query **ret_query)
{
    AUTO(book_query_close) struct book_query *query = calloc(1, sizeof *query);
    AUTO(arena_close) struct arena arena = {0};
    struct word_list words = {0};
    if (query == NULL || list_words(source, manifest, &arena, &words) != ERR_OK) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    query->source = source;
    query->line = -1;
    query->is_ended = true;
    enum err err = start_with(query, words.items, complaint);
    if (err == ERR_OK) {
        err = take_list(query, complaint);
    }
    if (err == ERR_OK) {
        *ret_query = STEAL(query);
    }
    return err;
}
