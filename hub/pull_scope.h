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
/* What the reader may see, at least as a header, of what the filter takes, up to and with seq
 * `until`. */
MUST_USE enum err scope_collect(const struct reading *reading, const struct party *reader,
                                const PbFilter *filter, uint64_t until, struct scope *ret_scope);
/* SHA-256 over the ids in their order. */
MUST_USE enum err scope_ids_hash(const struct scope *scope, uint8_t ret_hash[static SHA256_BYTES]);

#endif
