/* What an institution's books say, as reports: snapshot in, message out. The messages live in the
 * arena. Whole numbers only: the parts of a table are spread by weights, and sum exactly. */
#ifndef IHURIRO_TESTS_SIM_BODIES_H
#define IHURIRO_TESTS_SIM_BODIES_H

#include "proto/messages.h"
#include "tests/sim/economy.h"

/* Liquidity at the close of one period: a month, or one of its days. */
struct liquidity_figures {
    struct period period;
    int64_t deposits;
    int64_t inflow, withdrawal, credited;
    int64_t liquid;
    int64_t peak;
    int32_t peak_day;
    int64_t unmet, unmet_requests;
    int64_t performing, borrowed, borrowings_received, debt_service;
    int64_t long_placements, pledged, opex_30d, committed_30d;
};

/* A month's flows by day: each column sums to the month's, and the last day closes as it does. */
struct month_days {
    size_t count;
    int64_t inflow[DAYS_MAX];
    int64_t withdrawal[DAYS_MAX];
    int64_t unmet[DAYS_MAX];
    int64_t deposits[DAYS_MAX];
    int64_t liquid[DAYS_MAX];
};

void month_days_make(const struct member *member, uint64_t seed, const struct snapshot *snapshot,
                     struct month_days *ret_days);
struct liquidity_figures liquidity_of_month(const struct snapshot *snapshot,
                                            const struct month_days *days);
struct liquidity_figures liquidity_of_day(const struct snapshot *snapshot,
                                          const struct month_days *days, size_t day);

/* NULL when the arena's budget is spent. */
PbPortfolio *portfolio_make(struct arena *arena, const struct member *member,
                            const struct traits *traits, const struct snapshot *snapshot);
PbLiquidity *liquidity_make(struct arena *arena, const struct traits *traits,
                            const struct liquidity_figures *figures);
PbExposures *exposures_make(struct arena *arena, const struct snapshot *snapshot);
PbOperations *operations_make(struct arena *arena, const struct snapshot *snapshot);
PbCapital *capital_make(const struct member *member, struct arena *arena,
                        const struct snapshot *snapshot);

struct report_head {
    const char *institution;
    int type;
    struct period period;
    uint32_t vintage;
    int64_t produced_at_us;
    int reason; /* 0: none */
};
/* A report without its body: FINAL and approved where a month's end asks for it (ENV-09), else
 * PROVISIONAL; marked as test data. */
PbReport *report_make(struct arena *arena, const struct report_head *head);

#endif
