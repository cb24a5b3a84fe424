/* What the hub counts since its start; `mfi-hub status` shows all of it. */
#ifndef IHURIRO_HUB_COUNTERS_H
#define IHURIRO_HUB_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Each with what it counts, in the order in which they are shown. */
#define COUNTERS(ROW)                                                                             \
    ROW(submitted, "Reports that were sent, held ones included.")                                 \
    ROW(accepted, "Reports that were judged, by verdict.")                                        \
    ROW(warned, "Reports that were accepted with warnings.")                                      \
    ROW(rejected, "Reports that were rejected.")                                                  \
    ROW(refused, "Reports, and requests for other reasons than the three that are named below.")  \
    ROW(repeated, "Reports that were held already; the same receipt again.")                      \
    ROW(reoffered, "Reports that were journaled with a receipt of this hub.")                     \
    ROW(retry_later, "Requests that were told to come later.")                                    \
    ROW(commits, "Commits; each is one flush to disk.")                                           \
    ROW(fetches, "FETCHes that were taken, at feed and query.")                                   \
    ROW(delivered, "Records that left in answers to readers.")                                    \
    ROW(owed, "GET_OWEDs that were answered.")                                                    \
    ROW(matrices, "GET_MATRIXes that were answered.")                                             \
    ROW(totals, "GET_TOTALS that were answered, page by page.")                                   \
    ROW(notices, "GET_NOTICES that were taken.")                                                  \
    ROW(pulls, "Pulls that were opened.")                                                         \
    ROW(not_entitled, "Keys that stand for nobody, or ask for what is not their own.")            \
    ROW(malformed, "What cannot be read, at any door.")                                           \
    ROW(bad_signatures, "Of the refused: does not fit, or by a key that is not in force.")        \
    ROW(forged_receipts, "Shown with a report, and not of this hub or not of it.")                \
    ROW(hello_first, "Of a session that this process did not give to this connection.")           \
    ROW(not_in_history, "Positions that do not stand.")                                           \
    ROW(superseded, "Requests that a newer one ended without an answer.")                         \
    ROW(odd_frames, "Messages of another number of frames than one; no answer.")                  \
    ROW(undelivered, "Answers whose reader had gone, or takes nothing.")                          \
    ROW(connections, "TCP connections that were taken. Those neither admitted nor refused below " \
                     "never finished a handshake.")                                               \
    ROW(admitted, "Of these: known keys.")                                                        \
    ROW(zap_refused, "Of these: unknown keys.")                                                   \
    ROW(turned_away, "Connections closed at once for want of room.")                              \
    ROW(cut_off, "Connections that took too much memory.")

/* Refusals by their rule, at whatever door; the last is for what is in no row of counters.c. */
#define RULES_MAX 24

/* Of each door. */
enum door_name { AT_INGEST, AT_FEED, AT_QUERY, AT_ADMIN, DOORS_COUNT };
struct door_counts {
    _Atomic uint64_t received; /* messages */
    _Atomic uint64_t received_bytes;
    _Atomic uint64_t answered; /* frames that left */
    _Atomic uint64_t answered_bytes;
    _Atomic uint64_t undelivered;
    _Atomic uint64_t odd_frames;
};

/* How often a measured value was at most each bound, and behind the last above all. */
#define BOUNDS_MAX 14
struct histogram {
    _Atomic uint64_t counts[BOUNDS_MAX + 1];
    _Atomic uint64_t sum;
};
extern const uint64_t commit_us_bounds[BOUNDS_MAX];     /* microseconds */
extern const uint64_t batch_records_bounds[BOUNDS_MAX]; /* records */
void histogram_add(struct histogram *histogram, const uint64_t bounds[static BOUNDS_MAX],
                   uint64_t value);

#define COUNTER_FIELD(name, help) _Atomic uint64_t name;
struct counters {
    COUNTERS(COUNTER_FIELD)
    /* For `metrics` alone. */
    _Atomic uint64_t rules[RULES_MAX];
    struct door_counts doors[DOORS_COUNT];
    struct histogram commit_us; /* of a turn: sealing, signing, answers, the flush */
    struct histogram batch_records;
    _Atomic uint64_t waiting; /* FETCHes now */
};

#define COUNTER_ONE(name, help) +1
#define COUNTERS_MAX            (0 COUNTERS(COUNTER_ONE))

struct counter_row {
    const char *name;
    size_t offset;
    const char *help;
};
extern const struct counter_row counter_rows[COUNTERS_MAX];

uint64_t counter_value(const struct counters *counters, const struct counter_row *row);
/* One REFUSED answer under this rule. */
void counters_refused(struct counters *counters, const char *rule);
/* The rule of an index of `rules`; NULL: there is none. */
const char *counters_rule(size_t index);
const char *door_name_text(enum door_name name);

#endif
