/* The current report of a place: the highest accepted vintage; of two accepted ones of a vintage,
 * the one accepted earliest. */
#ifndef IHURIRO_HUB_CURRENT_H
#define IHURIRO_HUB_CURRENT_H

#include "proto/cells.h"
#include "proto/envelope.h"
#include "proto/rules_beside.h"
#include "storage/journal.h"

struct current_row {
    uint64_t seq; /* 0: none is accepted */
    uint32_t vintage;
    int64_t first_received_at_us;
    uint8_t id[SHA256_BYTES];
};
/* Takes the row of one place into account. */
void current_look(struct current_row *current, const struct report_row *row);

/* What the index knows of a report; what stands in its body is not known of it. */
struct sighting sighting_of_row(const struct report_row *row);

/* The message lives in the arena; NULL when nothing is accepted there. */
MUST_USE enum err current_report(struct txn *txn, int type, const PbPeriod *period,
                                 const char *institution, struct arena *arena,
                                 const PbReport **ret_report);
/* How many accepted vintages of the report's place only made final or explained (D48). */
MUST_USE enum err current_silent(struct txn *txn, const PbReport *report, struct arena *arena,
                                 uint32_t *ret_count);
/* The same as known at a time. */
MUST_USE enum err current_report_known(struct txn *txn, int type, const PbPeriod *period,
                                       const char *institution, int64_t known_at_us,
                                       struct arena *arena, const PbReport **ret_report);
/* All that the report is compared with. */
MUST_USE enum err current_beside(struct txn *txn, const PbReport *report, struct arena *arena,
                                 struct rules_context *context);

#endif
