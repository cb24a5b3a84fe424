/* Acts about periods, and orders: what the hub asks of them beyond what the docket knows by itself
 * (proto/docket.h), before they are journaled. Needs the registry, the settings and the journal. */
#ifndef IHURIRO_HUB_DECISIONS_H
#define IHURIRO_HUB_DECISIONS_H

#include "proto/docket.h"
#include "proto/registry.h"
#include "storage/journal.h"

struct decision_ground {
    struct txn *txn;
    const struct registry *registry;
    const struct docket *docket;
    const PbSettings *settings;             /* NULL: there are none yet */
    const struct authority_keys *authority; /* NULL: nobody's orders are taken */
};

/* WAIVED, CLOSED, REOPENED, ORDER. ERR_REFUSED with a sentence for the operator: what the docket
 * refuses; a waiver of nothing that is owed, or in a closed period; a closing of a month that is
 * not over or that nobody owes anything for, or as of a position that is not in the history; an
 * order of a key that is not pinned, of who is no regulator, one that is over, or that suspends
 * what was owed in a closed month. */
MUST_USE enum err decision_check(const struct decision_ground *ground, const PbEvent *event,
                                 struct complaint *complaint);
/* MERGED, SPLIT, besides what the registry refuses: none that changes who owed reports of a closed
 * month. Other kinds are taken. */
MUST_USE enum err decision_of_members(const struct decision_ground *ground, const PbEvent *event,
                                      struct complaint *complaint);
/* Does the party owe something that this waiver would excuse? */
MUST_USE enum err decision_owes(const struct decision_ground *ground, const struct party *party,
                                const Ihuriro__V1__Waived *waived, bool *ret_owes);
/* A day of the time, where the settings' country is. */
int32_t decision_day(const PbSettings *settings, int64_t time_us);

#endif
