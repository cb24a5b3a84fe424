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
#define MONTH_MERGER     ((2020 - 1970) * 12 + 8) /* September 2020 */
#define CHANNELS         7                        /* the last is the branch */
#define REASONS          6
#define TRAININGS        3
#define FUND_PARTS       5

/* CAPITAL: balances at a month's end, and what was earned in it. */
struct balance {
    int64_t long_placements, pledged; /* beside what is liquid */
    int64_t net_loans, accrued, fixed, land, other_assets, holdings, total_assets;
    int64_t other_liabilities, total_liabilities;
    int64_t paid_in, reserves, retained, donated, result; /* of the year to date */
    int64_t tier1, tier2, rwa;                            /* of companies */
    int64_t loan_income, other_income, financial_expense, impairment;
    int64_t staff_cost, other_opex, tax, grants;
};

/* OPERATIONS. */
struct work {
    int64_t branches, branches_open, branches_partial, branches_closed, service_points;
    int64_t staff, staff_on_site, staff_remote, staff_away, officers, staff_women;
    int64_t transactions[CHANNELS];
    int64_t value[CHANNELS];
    int64_t users[CHANNELS];
    int64_t fees_waived; /* 1: yes */
    int64_t digital_registered, digital_active;
    int64_t pending_opening, received, approved, rejected, withdrawn, pending_closing;
    int64_t received_amount, approved_amount, decision_days;
    int64_t reasons[REASONS];
    int64_t interest_waived, bridge_loans, bridge_amount;
    int64_t trained[TRAININGS];
    int64_t trained_women[TRAININGS];
    int64_t sessions[TRAININGS];
    int64_t complaints, complaints_resolved, frauds;
    int64_t fund;
    int64_t fund_parts[FUND_PARTS];
};

/* Stocks at a month's end and flows of the month. Behind the period all are amounts and counts, so
 * that institutions that merge can be added up. */
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
    int64_t relief, relief_loans; /* of the restructured: what was asked for and approved */
    int64_t moratorium_new, moratorium_new_loans;
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
    int64_t borrowed, borrowings_received, borrowing_interest, debt_service;
    /* exposures */
    int64_t largest_borrower, top20_borrowers, related, insider;
    int64_t largest_depositor, top20_depositors;
    struct work work;
    struct balance balance;
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

/* Several institutions that are one now. The largest exposure is the largest of any; the twenty
 * largest are at least those of any. */
void snapshot_add(struct snapshot *sum, const struct snapshot *more);
/* A result, from its parts. */
int64_t balance_net(const struct balance *balance);
int64_t balance_equity(const struct balance *balance);
/* Totals and capital as regulated, from their parts. */
void balance_derive(const struct member *member, struct snapshot *snapshot);

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
