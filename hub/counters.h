/* What the hub counts since its start; `mfi-hub status` shows all of it. */
#ifndef IHURIRO_HUB_COUNTERS_H
#define IHURIRO_HUB_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Its place, in the order in which it is shown. */
#define COUNTERS(ROW)                                                                         \
    ROW(submitted)                                                                            \
    ROW(accepted)                                                                             \
    ROW(warned)                                                                               \
    ROW(rejected)                                                                             \
    ROW(refused)   /* reports, and requests for other reasons than the two below */           \
    ROW(repeated)  /* id held: the same receipt again */                                      \
    ROW(reoffered) /* journaled with a receipt of this hub */                                 \
    ROW(retry_later)                                                                          \
    ROW(commits)                                                                              \
    ROW(fetches)                                                                              \
    ROW(delivered)                                                                            \
    ROW(owed)      /* GET_OWEDs that were answered */                                         \
    ROW(matrices)                                                                             \
    ROW(notices) /* GET_NOTICES that were taken */                                            \
    ROW(pulls)                                                                                \
    ROW(not_entitled)    /* a key that stands for nobody, or asks for what is not its own */  \
    ROW(malformed)       /* what cannot be read, at any door */                               \
    ROW(bad_signatures)  /* of the refused: does not fit, or by a key that is not in force */ \
    ROW(forged_receipts) /* shown with a report, and not of this hub or not of it */          \
    ROW(hello_first)     /* a session that this process did not give to this connection */    \
    ROW(not_in_history)  /* positions that do not stand */                                    \
    ROW(superseded)      /* FETCHes that a newer one ended without an answer */               \
    ROW(odd_frames)      /* messages of another number of frames than one; no answer */       \
    ROW(undelivered)     /* answers whose reader had gone, or takes nothing */                \
    ROW(connections)     /* TCP connections that were taken */                                \
    ROW(admitted)        /* of these: known keys. Without admitted and zap_refused: the rest  \
                            never finished a handshake */                                     \
    ROW(zap_refused)                                                                          \
    ROW(turned_away) /* connections, for want of room */                                      \
    ROW(cut_off)     /* connections that took too much memory */

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

#define COUNTER_FIELD(name) _Atomic uint64_t name;
struct counters {
    COUNTERS(COUNTER_FIELD)
    /* For `metrics` alone. */
    _Atomic uint64_t rules[RULES_MAX];
    struct door_counts doors[DOORS_COUNT];
    struct histogram commit_us; /* of a turn: sealing, signing, answers, the flush */
    struct histogram batch_records;
    _Atomic uint64_t waiting; /* FETCHes now */
};

#define COUNTER_ONE(name) +1
#define COUNTERS_MAX      (0 COUNTERS(COUNTER_ONE))

struct counter_row {
    const char *name;
    size_t offset;
};
extern const struct counter_row counter_rows[COUNTERS_MAX];

uint64_t counter_value(const struct counters *counters, const struct counter_row *row);
/* One REFUSED answer under this rule. */
void counters_refused(struct counters *counters, const char *rule);
/* The rule of an index of `rules`; NULL: there is none. */
const char *counters_rule(size_t index);
const char *door_name_text(enum door_name name);

#endif
