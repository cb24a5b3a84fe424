#include "hub/metrics_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "ihuriro_hub_"

struct writing {
    const struct metrics_sample *sample;
    enum metrics_form form;
    struct buffer *text;
    enum err err; /* the first; then nothing more is written */
};

static void put(struct writing *writing, const char *format, ...) PRINTF_LIKE(2, 3);
static void put_counters(struct writing *writing);
static void put_refusals(struct writing *writing);
static void put_doors(struct writing *writing);
static void put_histograms(struct writing *writing);
static void put_gauges(struct writing *writing);
static void put_subscribers(struct writing *writing);

enum err metrics_text(const struct metrics_sample *sample, enum metrics_form form,
                      struct buffer *text)
{
    struct writing writing = {.sample = sample, .form = form, .text = text};
    put_gauges(&writing);
    put_counters(&writing);
    put_refusals(&writing);
    put_doors(&writing);
    put_histograms(&writing);
    put_subscribers(&writing);
    if (form == METRICS_OPENMETRICS) {
        put(&writing, "# EOF\n");
    }
    return writing.err;
}

/* ---- lines ---- */

static void put(struct writing *writing, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    assert(size >= 0 && (size_t)size < sizeof line);
    if (writing->err == ERR_OK) {
        writing->err = buffer_append(writing->text, line, (size_t)size);
    }
}

/* OpenMetrics names a family of counters without the end that its samples have. */
static void put_family(struct writing *writing, const char *name, const char *type,
                       const char *help)
{
    bool has_end = strcmp(type, "counter") == 0 && writing->form == METRICS_PROMETHEUS;
    const char *end = has_end ? "_total" : "";
    put(writing, "# HELP " PREFIX "%s%s %s\n# TYPE " PREFIX "%s%s %s\n", name, end, help, name, end,
        type);
}

/* A label's value: backslash, quote and line feed are escaped. */
static const char *escaped(const char *value, char *out, size_t out_size)
{
    size_t at = 0;
    for (const char *c = value; *c != '\0' && at + 3 < out_size; c++) {
        if (*c == '\\' || *c == '"' || *c == '\n') {
            out[at++] = '\\';
        }
        out[at++] = *c == '\n' ? 'n' : *c;
    }
    out[at] = '\0';
    return out;
}

/* Times are whole microseconds; only their text has a point. */
#define SECONDS         "%llu.%06llu"
#define SECONDS_OF(us_) (unsigned long long)(us_) / 1000000, (unsigned long long)(us_) % 1000000

/* ---- counters ---- */

/* Those whose metric is not simply theirs; the others are named as in `mfi-hub status`. Of one
 * family the rows follow one another. */
static const struct counter_text {
    const char *name;
    const char *family;
    const char *label;
} counter_texts[] = {
    {"accepted", "verdicts", "{verdict=\"accepted\"}"},
    {"warned", "verdicts", "{verdict=\"accepted_with_warnings\"}"},
    {"rejected", "verdicts", "{verdict=\"rejected\"}"},
    {"delivered", "delivered_records", ""},
};

static struct counter_text text_of(const char *name)
{
    for (size_t i = 0; i < sizeof counter_texts / sizeof counter_texts[0]; i++) {
        if (strcmp(counter_texts[i].name, name) == 0) {
            return counter_texts[i];
        }
    }
    return (struct counter_text){.name = name, .family = name, .label = ""};
}

static void put_counters(struct writing *writing)
{
    const char *last = "";
    for (size_t i = 0; i < COUNTERS_MAX; i++) {
        const struct counter_row *row = &counter_rows[i];
        struct counter_text text = text_of(row->name);
        if (strcmp(text.family, last) != 0) {
            put_family(writing, text.family, "counter", row->help);
        }
        put(writing, PREFIX "%s_total%s %llu\n", text.family, text.label,
            (unsigned long long)counter_value(writing->sample->counters, row));
        last = text.family;
    }
}

static void put_refusals(struct writing *writing)
{
    put_family(writing, "refusals", "counter",
               "Refusals that were answered, by the rule that they name.");
    for (size_t i = 0; counters_rule(i) != NULL; i++) {
        put(writing, PREFIX "refusals_total{rule=\"%s\"} %llu\n", counters_rule(i),
            (unsigned long long)writing->sample->counters->rules[i]);
    }
}

#define DOOR(field, name, help)                         \
    {                                                   \
        offsetof(struct door_counts, field), name, help \
    }

static void put_doors(struct writing *writing)
{
    static const struct {
        size_t offset;
        const char *name;
        const char *help;
    } rows[] = {
        DOOR(received, "door_messages", "Messages that a door received."),
        DOOR(received_bytes, "door_received_bytes", "Their bytes."),
        DOOR(answered, "door_answers", "Frames that a door sent."),
        DOOR(answered_bytes, "door_sent_bytes", "Their bytes."),
        DOOR(undelivered, "door_undelivered", "Answers of a door that did not leave."),
        DOOR(odd_frames, "door_odd_frames", "Messages dropped at a door for their shape."),
    };
    const struct counters *counters = writing->sample->counters;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_family(writing, rows[i].name, "counter", rows[i].help);
        for (int door = 0; door < DOORS_COUNT; door++) {
            const uint8_t *counts = (const uint8_t *)&counters->doors[door];
            put(writing, PREFIX "%s_total{door=\"%s\"} %llu\n", rows[i].name,
                door_name_text((enum door_name)door),
                (unsigned long long)*(const _Atomic uint64_t *)(const void *)(counts +
                                                                              rows[i].offset));
        }
    }
}

/* ---- histograms ---- */

static const char *const commit_bound_texts[BOUNDS_MAX] = {
    "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05",
    "0.1",    "0.2",   "0.5",   "1.0",   "2.0",  "5.0",  "10.0"};

/* Returns how many there are: what each line counts is read once, so that they agree. */
static uint64_t put_buckets(struct writing *writing, const char *name,
                            const struct histogram *histogram, const char *const *texts,
                            const uint64_t *bounds)
{
    uint64_t count = 0;
    for (size_t i = 0; i < BOUNDS_MAX; i++) {
        count += histogram->counts[i];
        if (texts != NULL) {
            put(writing, PREFIX "%s_bucket{le=\"%s\"} %llu\n", name, texts[i],
                (unsigned long long)count);
        } else {
            put(writing, PREFIX "%s_bucket{le=\"%llu.0\"} %llu\n", name,
                (unsigned long long)bounds[i], (unsigned long long)count);
        }
    }
    count += histogram->counts[BOUNDS_MAX];
    put(writing, PREFIX "%s_bucket{le=\"+Inf\"} %llu\n" PREFIX "%s_count %llu\n", name,
        (unsigned long long)count, name, (unsigned long long)count);
    return count;
}

static void put_histograms(struct writing *writing)
{
    const struct counters *counters = writing->sample->counters;
    put_family(writing, "commit_seconds", "histogram",
               "From the last judgement of a turn until all of it is on disk.");
    (void)put_buckets(writing, "commit_seconds", &counters->commit_us, commit_bound_texts, NULL);
    put(writing, PREFIX "commit_seconds_sum " SECONDS "\n", SECONDS_OF(counters->commit_us.sum));
    put_family(writing, "batch_records", "histogram", "Records of one commit.");
    (void)put_buckets(writing, "batch_records", &counters->batch_records, NULL,
                      batch_records_bounds);
    put(writing, PREFIX "batch_records_sum %llu\n",
        (unsigned long long)counters->batch_records.sum);
}

/* ---- gauges ---- */

static void put_gauge(struct writing *writing, const char *name, uint64_t value, const char *help)
{
    put_family(writing, name, "gauge", help);
    put(writing, PREFIX "%s %llu\n", name, (unsigned long long)value);
}

static void put_time(struct writing *writing, const char *name, int64_t time_us, const char *help)
{
    put_family(writing, name, "gauge", help);
    put(writing, PREFIX "%s " SECONDS "\n", name, SECONDS_OF(time_us));
}

static void put_info(struct writing *writing)
{
    char origin[256];
    put_family(writing, "build_info", "gauge", "Which hub this is, and its version.");
    put(writing, PREFIX "build_info{origin=\"%s\",version=\"" IHURIRO_VERSION "\",test=\"%s\"} 1\n",
        escaped(writing->sample->origin, origin, sizeof origin),
        writing->sample->is_test ? "yes" : "no");
}

static void put_connections(struct writing *writing)
{
    put_family(writing, "open_connections", "gauge", "TCP connections of a door now.");
    for (int door = 0; door < AT_ADMIN; door++) {
        put(writing, PREFIX "open_connections{door=\"%s\"} %llu\n",
            door_name_text((enum door_name)door),
            (unsigned long long)writing->sample->open_connections[door]);
    }
}

static void put_gauges(struct writing *writing)
{
    const struct metrics_sample *sample = writing->sample;
    put_info(writing);
    put_time(writing, "start_time_seconds", sample->started_at_us, "When this process began.");
    put_time(writing, "time_seconds", sample->now_us, "The hub's time.");
    put_gauge(writing, "clock_right", sample->clock_is_right,
              "1 when the hub believes its clock, and takes reports.");
    put_gauge(writing, "records", sample->records, "Records of the journal.");
    put_time(writing, "last_record_timestamp_seconds", sample->last_record_us,
             "When the last record was received; 0 before the first.");
    put_gauge(writing, "disk_free_bytes", sample->disk_free_bytes, "Free on the store's disk.");
    put_gauge(writing, "disk_floor_bytes", sample->disk_floor_bytes,
              "Below this the hub takes nothing (disk_floor_mb).");
    put_gauge(writing, "map_used_bytes", sample->map_used_bytes, "Of the store's map, in use.");
    put_gauge(writing, "map_size_bytes", sample->map_bytes,
              "The store's map; at 85 percent the hub takes nothing.");
    if (sample->resident_bytes > 0) {
        put_gauge(writing, "resident_memory_bytes", sample->resident_bytes,
                  "Memory of the process, its map of the store included.");
    }
    put_gauge(writing, "waiting_fetches", sample->counters->waiting,
              "FETCHes that wait for records.");
    put_connections(writing);
}

/* ---- subscribers ---- */

static uint64_t lag_of(const struct metrics_sample *sample, const struct subscriber *subscriber)
{
    return sample->records > subscriber->reached ? sample->records - subscriber->reached : 0;
}

/* Each family's samples follow one another. Ids have no character that a label would escape. */
static void put_subscribers(struct writing *writing)
{
    const struct metrics_sample *sample = writing->sample;
    put_family(writing, "subscriber_lag_records", "gauge",
               "Records that a subscriber of the feed is behind; feed tells its filters apart.");
    for (size_t i = 0; i < sample->subscriber_count; i++) {
        const struct subscriber *subscriber = &sample->subscribers[i];
        put(writing, PREFIX "subscriber_lag_records{party=\"%s\",feed=\"%s\"} %llu\n",
            subscriber->party, subscriber->mark, (unsigned long long)lag_of(sample, subscriber));
    }
    put_family(writing, "subscriber_position", "gauge", "The position that it asked from last.");
    for (size_t i = 0; i < sample->subscriber_count; i++) {
        const struct subscriber *subscriber = &sample->subscribers[i];
        put(writing, PREFIX "subscriber_position{party=\"%s\",feed=\"%s\"} %llu\n",
            subscriber->party, subscriber->mark, (unsigned long long)subscriber->position);
    }
    put_family(writing, "subscriber_asked_timestamp_seconds", "gauge", "When it asked last.");
    for (size_t i = 0; i < sample->subscriber_count; i++) {
        const struct subscriber *subscriber = &sample->subscribers[i];
        put(writing,
            PREFIX "subscriber_asked_timestamp_seconds{party=\"%s\",feed=\"%s\"} " SECONDS "\n",
            subscriber->party, subscriber->mark, SECONDS_OF(subscriber->asked_us));
    }
}
