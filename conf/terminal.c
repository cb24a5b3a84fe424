#include "conf/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/clock.h"

#define FIRST_AFTER_MS 1000
#define EVERY_MS       200

void progress_begin(struct progress *progress, const char *what)
{
    const char *term = getenv("TERM");
    *progress = (struct progress){.what = what, .began_ms = clock_monotonic_ms()};
    progress->is_terminal =
        isatty(STDERR_FILENO) == 1 && (term == NULL || strcmp(term, "dumb") != 0);
}

void progress_step(struct progress *progress, uint64_t done, uint64_t of)
{
    if (!progress->is_terminal) {
        return;
    }
    int64_t now_ms = clock_monotonic_ms();
    int64_t due_ms = progress->shown_ms == 0 ? progress->began_ms + FIRST_AFTER_MS
                                             : progress->shown_ms + EVERY_MS;
    if (now_ms < due_ms) {
        return;
    }
    progress->shown_ms = now_ms;
    if (of > 0) {
        fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 "\033[K", progress->what, done, of);
    } else {
        fprintf(stderr, "\r%s: %" PRIu64 "\033[K", progress->what, done);
    }
    fflush(stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->shown_ms != 0) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->shown_ms = 0;
    }
}
