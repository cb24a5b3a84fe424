/* One institution's money over the months: the latent process of DOMAIN section 8, in floating
 * point, and what its books then show, in whole francs.
 *
 * Rounded once: every identity (roll-forwards, sums of rows) holds exactly in a snapshot and from
 * one to the next. The process always starts in July 2017, so that a part of the months equals the
 * same part of a longer run. Pure: the same member and seed give the same months. */
#ifndef IHURIRO_TESTS_SIM_ECONOMY_H
#define IHURIRO_TESTS_SIM_ECONOMY_H

#include "proto/period.h"
#include "tests/sim/members.h"
#include "tests/sim/random.h"

#define AGING_ROWS       12
#define MORATORIA_MONTHS 13                       /* P25: twelve months, then later */
#define MONTH_SHOCK      ((2020 - 1970) * 12 + 2) /* March 2020; months since January 1970 */
#define MONTH_FIRST      ((2017 - 1970) * 12 + 6)
#define DAYS_MAX         31

/* Stocks at a month's end and flows of the month. */
struct snapshot {
    int32_t month; /* since January 1970 */
    struct period period;
    /* portfolio */
    int64_t outstanding[AGING_ROWS];
    int64_t overdue[AGING_ROWS];
    int64_t restructured[AGING_ROWS];
    int64_t moratorium[AGING_ROWS];
    int64_t moratorium_restructured[AGING_ROWS];
    int64_t loans_in[AGING_ROWS];
    int64_t glp, loans, borrowers, women;
    int64_t restructured_new, restructured_new_loans, restructured_loans;
    int64_t moratorium_loans;
    int64_t ending[MORATORIA_MONTHS];
    int64_t moratorium_ended, moratorium_ended_paying;
    int64_t written_off, written_off_loans, recovered, written_off_stock;
    int64_t allowance, provision_expense;
    int64_t disbursed, disbursed_loans, disbursed_first;
    int64_t collected, due, collected_on_due, interest;
    int64_t cured, cured_loans;
    /* liquidity */
    int64_t deposits_opening, deposits;
    int64_t inflow, withdrawal, credited;
    int64_t liquid_opening, liquid; /* R11's numerator */
    int64_t unmet, unmet_requests;  /* withdrawals that could not be paid */
    int64_t borrowed, debt_service;
    /* exposures */
    int64_t largest_borrower, top20_borrowers, related, insider;
    int64_t largest_depositor, top20_depositors;
};

/* What does not change over the months. */
struct traits {
    double quality;
    double severity;
    double liquidity_target;
    double moratorium;
    double women;
    double sectors[9];
    double products[8];
    double sizes[6];
    double largest_share, top20_share, related_share, insider_share;
    double largest_depositor_share, top20_depositor_share;
    double deposit_split[4]; /* demand, savings, compulsory, term */
    double liquid_split[6];
};

struct economy;

void economy_close(struct economy **economy);
MUST_USE enum err economy_open(const struct member *member, uint64_t seed,
                               struct economy **ret_economy);
/* The next month. The first call gives MONTH_FIRST. */
void economy_next(struct economy *economy, struct snapshot *ret_snapshot);
const struct traits *economy_traits(const struct economy *economy);

int32_t month_of(int year, int month);
struct period month_period(int32_t month);

/* Bucket edges of DOMAIN 1.2. */
struct aging_edges {
    int32_t least;
    int32_t most; /* -1: open */
};
extern const struct aging_edges aging_edges[AGING_ROWS];

/* The unofficial default classes of DOMAIN 2.2: which class an aging row falls in, and its rate. */
#define LOAN_CLASSES 5
extern const char *const loan_class_codes[LOAN_CLASSES];
extern const int32_t loan_class_rates_bp[LOAN_CLASSES];
size_t aging_row_class(size_t row);

#endif
