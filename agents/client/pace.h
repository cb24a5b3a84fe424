/* How much to ask for at once: as much as the line brings before patience is out. An answer is lost
 * whole when a connection is given up, so on a slow line a long one would never arrive. Begins
 * small, doubles with each answer that was full; after a loss, half, and then slower. */
#ifndef IHURIRO_CLIENT_PACE_H
#define IHURIRO_CLIENT_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"

#define PACE_FIRST_BYTES (64 * 1024)
#define PACE_LEAST_BYTES (8 * 1024) /* the hub gives one record at least, however long */
#define PACE_STEP_BYTES  (16 * 1024)

/* The slowest line that is held to, and how long an answer is waited for there. */
#define PACE_LINE_BYTES_PER_S 2000
#define PACE_ANSWER_MS        45000

static_assert((REPORT_BYTES_MAX + JUDGEMENT_BYTES_MAX + 8192) / PACE_LINE_BYTES_PER_S <
                  PACE_ANSWER_MS / 1000,
              "the longest report, judged and proven, arrives in time on the slowest line");

struct pace {
    uint32_t bytes;
    bool has_lost;
};

void pace_begin(struct pace *pace);
/* An answer of so many bytes came. */
void pace_came(struct pace *pace, size_t bytes);
/* What was asked for did not come. */
void pace_lost(struct pace *pace);

#endif
