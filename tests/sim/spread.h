/* Whole amounts parted by weights: rounded once, the remainder to the largest, so that the parts
 * sum to the whole. */
#ifndef IHURIRO_TESTS_SIM_SPREAD_H
#define IHURIRO_TESTS_SIM_SPREAD_H

#include <stddef.h>
#include <stdint.h>

/* total >= 0, weights >= 0; with no weight at all, the first part takes everything. */
void spread(int64_t total, const double *weights, size_t count, int64_t *ret_parts);
/* How much of a week's business falls on the day: Mon 1.25, Fri 1.15, Sat .6, Sun .05. */
double weekday_weight(int32_t day);

#endif
