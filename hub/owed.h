/* What one institution owes by when, and what its last reports breached: a fold over its own
 * reports, the settings, and what was decided. Reads what it needs of the indexes, and no more than
 * a year's places of it. */
#ifndef IHURIRO_HUB_OWED_H
#define IHURIRO_HUB_OWED_H

#include "proto/sector.h"
#include "storage/journal.h"

#define OWED_BACK_DAYS    400 /* what is lacking of periods that ended within */
#define OWED_SETTLED_DAYS 40  /* and what is settled of those that were due within */
#define OWED_AHEAD_DAYS   7   /* periods that have begun, or begin within */

struct owed_ground {
    struct txn *txn;
    const PbSettings *settings;  /* NULL: nothing is owed */
    const struct docket *docket; /* sealed */
    const struct party *party;
    int64_t now_us;
};

/* All in the arena. */
struct owed_fold {
    Ihuriro__V1__OwedRow **rows; /* in order of due */
    size_t row_count;
    Ihuriro__V1__SignedOrder **orders; /* named by a row, or not over and not replaced */
    size_t order_count;
    Ihuriro__V1__BreachRow **breaches;
    size_t breach_count;
};

/* Storage's errors, and ERR_MEMORY. Reports that take more than the arena gives leave the breaches
 * empty. */
MUST_USE enum err owed_fold(const struct owed_ground *ground, struct arena *arena,
                            struct owed_fold *ret_fold);

#endif
