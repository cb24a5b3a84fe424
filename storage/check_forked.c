/* The check in a child: LMDB trusts its file, and a damaged one may crash whoever reads it. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storage/check.h"

/* What the child sends back, whole or not at all: it is smaller than PIPE_BUF. */
struct outcome {
    enum err err;
    struct check_report report;
};

struct printing {
    int fd;
    bool is_terminal;
    time_t told_at;
};

static void run_child(const char *path, const struct hub_identity *hub, int out_fd, int pipe_fd);
MUST_USE static enum err hear_child(pid_t child, const char *path, int out_fd, int pipe_fd,
                                    struct outcome *ret_outcome);
static void print(int fd, const char *text);

enum err check_store_forked(const char *path, const struct hub_identity *hub, int out_fd,
                            struct check_report *ret_report)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return ERR_IO;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(path, hub, out_fd, ends[1]);
    }
    close(ends[1]);
    struct outcome outcome = {0};
    enum err err = child < 0 ? ERR_MEMORY : hear_child(child, path, out_fd, ends[0], &outcome);
    close(ends[0]);
    if (err == ERR_OK) {
        err = outcome.err;
    }
    if (err == ERR_OK) {
        *ret_report = outcome.report;
    }
    return err;
}

static enum err hear_child(pid_t child, const char *path, int out_fd, int pipe_fd,
                           struct outcome *ret_outcome)
{
    struct outcome outcome = {0};
    ssize_t got;
    int status = 0;
    do {
        got = read(pipe_fd, &outcome, sizeof outcome);
    } while (got < 0 && errno == EINTR);
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return ERR_IO;
        }
    }
    if (got != (ssize_t)sizeof outcome) {
        char sentence[512];
        snprintf(sentence, sizeof sentence,
                 "%s is damaged: reading it ended the check (%s %d). Restore a backup.\n", path,
                 WIFSIGNALED(status) ? "signal" : "exit",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        print(out_fd, sentence);
        outcome = (struct outcome){.report.problems = 1};
    }
    *ret_outcome = outcome;
    return ERR_OK;
}

/* ---- in the child ---- */

static void tell(void *context, const char *sentence)
{
    const struct printing *printing = context;
    print(printing->fd, printing->is_terminal ? "\r" : "");
    print(printing->fd, sentence);
    print(printing->fd, "\n");
}

static void show_progress(void *context, uint64_t done, uint64_t of)
{
    struct printing *printing = context;
    time_t now = time(NULL);
    if (printing->is_terminal && now != printing->told_at) {
        char text[64];
        snprintf(text, sizeof text, "\r%" PRIu64 " of %" PRIu64 " records", done, of);
        print(printing->fd, text);
        printing->told_at = now;
    }
}

static void run_child(const char *path, const struct hub_identity *hub, int out_fd, int pipe_fd)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        signal(crashes[i], SIG_DFL);
    }
    struct printing printing = {
        .fd = out_fd, .is_terminal = isatty(out_fd) == 1, .told_at = time(NULL)};
    struct complaint complaint = {0};
    struct store *store = NULL;
    struct outcome outcome = {0};
    outcome.err = store_open(path, ENV_READ, &complaint, &store);
    if (outcome.err == ERR_OK) {
        outcome.err = check_store(store, hub, tell, &printing, show_progress, &outcome.report);
    } else {
        tell(&printing, complaint.text);
    }
    if (outcome.err == ERR_CORRUPT) {
        outcome = (struct outcome){.report.problems = 1}; /* said so already */
    }
    store_close(&store);
    ssize_t wrote = write(pipe_fd, &outcome, sizeof outcome);
    _exit(wrote == (ssize_t)sizeof outcome ? 0 : 1);
}

static void print(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t wrote = write(fd, text, left);
        if (wrote < 0 && errno != EINTR) {
            return; /* nobody listens */
        }
        if (wrote > 0) {
            text += wrote;
            left -= (size_t)wrote;
        }
    }
}
