/* mfi-feed's loop: one connection, one follow, one output. */
#ifndef IHURIRO_FEED_FEED_RUN_H
#define IHURIRO_FEED_FEED_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/feed/line.h"
#include "conf/options.h"

struct feed_arguments {
    const char *config;
    int64_t from; /* -1: not given */
    bool from_end;
    bool until_head;
    bool notices;
    struct option_texts types;
    struct option_texts institutions;
    struct option_texts kinds;
    struct option_texts categories;
    struct option_texts districts;
    const char *out;
    const char *cursor;
    const char *format;
};

/* Runs until SIGTERM, or with --until-head until it has caught up. */
MUST_USE enum err feed_run(const struct feed_arguments *arguments, struct complaint *complaint);

#endif
