/* A progress line on stderr, for whatever takes longer than a second; only on a terminal. */
#ifndef IHURIRO_CONF_TERMINAL_H
#define IHURIRO_CONF_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; /* "Checking records" */
    int64_t began_ms;
    int64_t shown_ms; /* 0: nothing is shown yet */
    bool is_terminal;
};

void progress_begin(struct progress *progress, const char *what);
/* Cheap enough to call for each record. of 0: not known. */
void progress_step(struct progress *progress, uint64_t done, uint64_t of);
/* Wipes the line, before anything else is printed. */
void progress_end(struct progress *progress);

#endif
