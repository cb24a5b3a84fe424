/* What the hub says of itself to a monitoring system, as text: OpenMetrics 1.0, or the Prometheus
 * text format 0.0.4 for whoever does not ask for that. Pure. */
#ifndef IHURIRO_HUB_METRICS_TEXT_H
#define IHURIRO_HUB_METRICS_TEXT_H

#include "hub/counters.h"
#include "hub/subscribers.h"
#include "proto/bytes.h"

enum metrics_form { METRICS_PROMETHEUS, METRICS_OPENMETRICS };

struct metrics_sample {
    const char *origin;
    bool is_test;
    bool clock_is_right;
    int64_t started_at_us;
    int64_t now_us;
    int64_t last_record_us; /* 0: none yet */
    uint64_t records;
    uint64_t disk_free_bytes;
    uint64_t disk_floor_bytes;
    uint64_t map_used_bytes;
    uint64_t map_bytes;
    uint64_t resident_bytes;                /* 0: not known */
    uint64_t open_connections[DOORS_COUNT]; /* but for AT_ADMIN */
    const struct counters *counters;
    const struct subscriber *subscribers;
    size_t subscriber_count;
};

/* Appends. */
MUST_USE enum err metrics_text(const struct metrics_sample *sample, enum metrics_form form,
                               struct buffer *text);

#endif
