/* Which records a pull concerns (DESIGN section 9), found by the indexes, in order of seq. */
#ifndef IHURIRO_HUB_PULL_SCOPE_H
#define IHURIRO_HUB_PULL_SCOPE_H

#include "hub/reading.h"

/* A record of the scope. */
struct scoped {
    uint64_t seq;
    uint8_t id[SHA256_BYTES];
};

/* AUTO(scope_close). */
struct scope {
    struct scoped *items;
    size_t count;
    size_t capacity;
};

void scope_close(struct scope *scope);
/* A filter that a pull may have: one period, and kinds that are named and no accesses (a pull is
 * one itself, so what it names would change by asking). A complaint for the reader. */
MUST_USE enum err scope_check(const PbFilter *filter, struct complaint *complaint);
/* Collects what the reader may see, at least as a header, of what the filter takes, up to and with
 * seq `until`. It goes in steps, each in a read transaction of its own, since no such transaction
 * is to be long: what was committed up to `until` does not change between them, and what comes
 * behind it is left alone. The filter and, but for the caller's check, the rights are the same at
 * each step. Zero-initialise it; AUTO(scope_walk_close). */
struct scope_walk {
    uint64_t until;
    size_t range; /* of the index, in turn: kinds of events, then types and institutions */
    bool is_within;
    struct report_row last_report;
    struct event_row last_event;
    bool is_institution; /* the subject of last_event, by what is known up to there */
    size_t subject_begin;
    bool is_done;
    struct scope scope; /* when it is done: in order of seq */
};

void scope_walk_close(struct scope_walk *walk);
/* Looks at so many rows of the indexes at most. */
MUST_USE enum err scope_step(struct scope_walk *walk, const struct reading *reading,
                             const struct party *reader, const PbFilter *filter, size_t rows_max);
/* SHA-256 over the ids in their order. */
MUST_USE enum err scope_ids_hash(const struct scope *scope, uint8_t ret_hash[static SHA256_BYTES]);

#endif
