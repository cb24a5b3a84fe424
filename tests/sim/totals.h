/* Sums over the sector, kept while it is made. Of sector.c and sector_files.c only. */
#ifndef IHURIRO_TESTS_SIM_TOTALS_H
#define IHURIRO_TESTS_SIM_TOTALS_H

#include "tests/sim/sector.h"

MUST_USE enum err totals_open(struct sector *sector);
/* A report that a hub accepts: it takes the place of the one before it, if any. Daily ones count in
 * no monthly sum. */
void totals_take(struct sector *sector, uint32_t member, const PbReport *report,
                 const PbReport *before);
/* What the report should say. */
void totals_take_truth(struct sector *sector, uint32_t member, const PbReport *report);
/* NULL outside the months that are told. */
struct totals_row *totals_row(struct sector *sector, int32_t month, int type,
                              enum category category);

#endif
