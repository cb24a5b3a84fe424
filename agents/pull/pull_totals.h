/* mfi-pull totals: sums and ratios of the sector, asked of the query door. */
#ifndef IHURIRO_PULL_PULL_TOTALS_H
#define IHURIRO_PULL_PULL_TOTALS_H

#include <stdint.h>

#include "conf/options.h"

struct totals_arguments {
    const char *config;
    struct option_texts by;
    struct option_texts lines;
    const char *known_at;
    int64_t at_seq; /* -1: not given */
    bool estimates;
    const char *format;
    const char *out; /* NULL: standard output */
};

MUST_USE enum err totals_run(const struct totals_arguments *arguments, const char *period,
                             struct complaint *complaint);

#endif
