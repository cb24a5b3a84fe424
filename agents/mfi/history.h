/* What the agent's own store knows of the reports that one is compared with. */
#ifndef IHURIRO_AGENTS_MFI_HISTORY_H
#define IHURIRO_AGENTS_MFI_HISTORY_H

#include "proto/rules_beside.h"
#include "storage/outbox.h"

/* Fills what is empty in the context from what was accepted, or waits to be sent; messages live in
 * the arena. Older than 400 days there are no figures. */
MUST_USE enum err history_beside(struct txn *txn, const PbReport *report, struct arena *arena,
                                 struct rules_context *context);

/* O06: of a report of OPERATIONS that tells of requests for renegotiation and not how many were
 * pending before, that is what was pending at the end of the day before (D59). Takes the report of
 * any frequency that ends then, its own first. */
MUST_USE enum err history_open_pending(struct txn *txn, struct arena *arena, PbReport *report);

#endif
