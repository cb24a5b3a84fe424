/* The current report of a place: the highest accepted vintage; of two accepted ones of a vintage,
 * the one accepted earliest. */
#ifndef IHURIRO_HUB_CURRENT_H
#define IHURIRO_HUB_CURRENT_H

#include "hub/kept.h"
#include "proto/envelope.h"
#include "proto/rules_beside.h"
#include "storage/journal.h"

/* The message lives in the arena or among the kept (NULL: none are); NULL when nothing is accepted
 * there. */
MUST_USE enum err current_report(struct txn *txn, int type, const PbPeriod *period,
                                 const char *institution, const struct kept *kept,
                                 struct arena *arena, const PbReport **ret_report);
/* All that the report is compared with. */
MUST_USE enum err current_beside(struct txn *txn, const PbReport *report, const struct kept *kept,
                                 struct arena *arena, struct rules_context *context);

#endif
