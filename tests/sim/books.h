/* An institution's inner state, and its books: the state in whole francs. Of economy.c and books.c
 * only. */
#ifndef IHURIRO_TESTS_SIM_BOOKS_H
#define IHURIRO_TESTS_SIM_BOOKS_H

#include "tests/sim/economy.h"

#define BUCKETS             7 /* current, 1-30, 31-60, 61-90, 91-180, 181-360, over */
#define MORATORIA_KEPT      32
#define RESTRUCTURED_MONTHS 12 /* cured after so many */

struct pool {
    int32_t month; /* when it ends */
    double amount;
};

struct economy {
    const struct member *member;
    struct random random;
    struct traits traits;
    int32_t month;
    double bucket[BUCKETS];
    struct pool moratoria[MORATORIA_KEPT]; /* outside the buckets */
    size_t moratoria_count;
    double restructured[RESTRUCTURED_MONTHS]; /* by age in months; inside the buckets */
    double loan_average;
    double deposits;
    double liquidity; /* ratio */
    int64_t written_off_stock;
    uint64_t seed;
    double digital;           /* share of transactions */
    double borrowed_share;    /* of the portfolio: what deposits and equity do not pay for */
    struct snapshot previous; /* month 0: none yet */
};

struct month_flows {
    double crisis; /* its weight, 0 before it */
    double restructured, relief, moratorium_new, moratorium_ended, moratorium_paying;
    double written_off, disbursed;
};

/* Rounds the state into ret_snapshot, so that it follows exactly from economy->previous. */
void books_close(struct economy *economy, const struct month_flows *flows,
                 struct snapshot *ret_snapshot);
/* The parts that follow from all that is closed before them: balance.c, work.c. */
void balance_close(struct economy *economy, struct snapshot *snapshot);
void work_close(struct economy *economy, double crisis, struct snapshot *snapshot);

#endif
