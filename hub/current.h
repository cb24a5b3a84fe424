/* The current report of a place: the highest accepted vintage; of two accepted ones of a vintage,
 * the one accepted earliest. */
#ifndef IHURIRO_HUB_CURRENT_H
#define IHURIRO_HUB_CURRENT_H

#include "proto/envelope.h"
#include "proto/rules_beside.h"
#include "storage/journal.h"

/* The message lives in the arena; NULL when nothing is accepted there. */
MUST_USE enum err current_report(struct txn *txn, int type, const PbPeriod *period,
                                 const char *institution, struct arena *arena,
                                 const PbReport **ret_report);
/* How many accepted vintages of the report's place only made final or explained (D48). */
MUST_USE enum err current_silent(struct txn *txn, const PbReport *report, struct arena *arena,
                                 uint32_t *ret_count);
/* All that the report is compared with. */
MUST_USE enum err current_beside(struct txn *txn, const PbReport *report, struct arena *arena,
                                 struct rules_context *context);

#endif
