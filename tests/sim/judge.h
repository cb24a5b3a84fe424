/* What must come of each submission of a sector, in the order in which they are sent: the vintage
 * that an agent gives it, and what the hub finds when it compares it with what was accepted before.
 * Of sector.c only. */
#ifndef IHURIRO_TESTS_SIM_JUDGE_H
#define IHURIRO_TESTS_SIM_JUDGE_H

#include "tests/sim/sector.h"

/* Gives the submissions their vintage, explains what a right report has to (D40), sets what is
 * expected, and sums what is accepted. The submissions are in order. */
MUST_USE enum err sector_judge(struct sector *sector);

#endif
