/* The two things that mfi-pull does. */
#ifndef IHURIRO_PULL_PULL_RUN_H
#define IHURIRO_PULL_PULL_RUN_H

#include <stdint.h>

#include "conf/options.h"

struct pull_arguments {
    const char *config;
    const char *period;
    struct option_texts types;
    const char *known_at;
    int64_t at_seq; /* -1: not given */
    const char *format;
    const char *out;
};

/* Prints what it did, a line or a few. */
MUST_USE enum err pull_run(const struct pull_arguments *arguments, struct complaint *complaint);
/* checkpoint: a file with a signed checkpoint, or a pull's folder or manifest.json. */
MUST_USE enum err prove_run(const struct pull_arguments *arguments, const char *checkpoint,
                            struct complaint *complaint);

#endif
