/* The body of PORTFOLIO, and the comparisons of what two files say. */
#include <stdio.h>
#include <string.h>

#include "agents/mfi/book_reports.h"
#include "proto/money.h"

#define COMPARE_TOLERANCE_BP 50 /* XRP-03: 0.5 % */

__extension__ typedef __int128 wide;

static enum err put_aging(const struct book_work *work, const struct book_loans *loans,
                          PbPortfolio *portfolio)
{
    portfolio->aging = arena_take(work->arena, BOOK_BUCKETS * sizeof *portfolio->aging);
    for (size_t i = 0; i < BOOK_BUCKETS; i++) {
        const struct book_bucket *bucket = &loans->buckets[i];
        PbAgingRow *row = arena_take(work->arena, sizeof *row);
        if (row == NULL || portfolio->aging == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__aging_row__init(row);
        row->min_days = book_bucket_edges[i];
        row->max_days = i + 1 == BOOK_BUCKETS ? -1 : book_bucket_edges[i + 1] - 1;
        row->has_loans = row->has_outstanding = row->has_restructured = true;
        row->loans = bucket->loans;
        row->outstanding = bucket->outstanding;
        row->restructured = bucket->restructured;
        row->has_overdue_principal = loans->has_overdue;
        row->overdue_principal = loans->has_overdue ? bucket->overdue : 0;
        row->has_moratorium = row->has_moratorium_restructured = loans->has_moratorium;
        row->moratorium = bucket->moratorium;
        row->moratorium_restructured = bucket->moratorium_restructured;
        portfolio->aging[portfolio->n_aging++] = row;
    }
    return ERR_OK;
}

/* round_half_away(amount * rate / 10000); amount and rate are not negative. */
static int64_t part_of(int64_t amount, int32_t rate_bp)
{
    return (int64_t)(((wide)amount * rate_bp + 5000) / 10000);
}

static enum err put_classes(const struct book_work *work, const struct book_loans *loans,
                            PbPortfolio *portfolio)
{
    portfolio->classes = arena_take(work->arena, BOOK_CLASSES_MAX * sizeof *portfolio->classes);
    for (size_t i = 0; i < loans->classes_count; i++) {
        const struct book_class_sum *sum = &loans->class_sums[i];
        PbClassRow *row = arena_take(work->arena, sizeof *row);
        char *code = arena_text(work->arena, loans->classes[i].code);
        if (row == NULL || code == NULL || portfolio->classes == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__class_row__init(row);
        row->code = code;
        row->has_outstanding = row->has_required_provision = true;
        row->outstanding = sum->outstanding;
        row->required_provision = part_of(sum->uncovered, loans->classes[i].rate_bp);
        row->has_eligible_collateral = loans->has_collateral;
        row->eligible_collateral = sum->collateral;
        row->has_held_provision = loans->has_provision;
        row->held_provision = sum->held;
        portfolio->classes[portfolio->n_classes++] = row;
    }
    return ERR_OK;
}

static enum err put_months(const struct book_work *work, const struct book_loans *loans,
                           PbPortfolio *portfolio)
{
    portfolio->moratorium_by_month =
        arena_take(work->arena, BOOK_MONTHS * sizeof *portfolio->moratorium_by_month);
    for (size_t i = 0; i < BOOK_MONTHS; i++) {
        char name[8];
        book_month_name(work->manifest.period.end_day, i, name);
        PbMoratoriumMonth *row = arena_take(work->arena, sizeof *row);
        char *month = arena_text(work->arena, name);
        if (row == NULL || month == NULL || portfolio->moratorium_by_month == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__moratorium_month__init(row);
        row->month = month;
        row->has_outstanding = row->has_loans = true;
        row->outstanding = loans->moratorium_months[i].amount;
        row->loans = loans->moratorium_months[i].loans;
        portfolio->moratorium_by_month[portfolio->n_moratorium_by_month++] = row;
    }
    return ERR_OK;
}

static void put_moratorium(const struct book_loans *loans, PbPortfolio *portfolio)
{
    portfolio->has_moratorium_outstanding = portfolio->has_moratorium_loans = true;
    portfolio->moratorium_outstanding = loans->moratorium.amount;
    portfolio->moratorium_loans = loans->moratorium.loans;
    portfolio->has_moratorium_ending_30 = portfolio->has_moratorium_ending_31_90 = true;
    portfolio->has_moratorium_ending_over_90 = true;
    portfolio->moratorium_ending_30 = loans->moratorium_ending[0];
    portfolio->moratorium_ending_31_90 = loans->moratorium_ending[1];
    portfolio->moratorium_ending_over_90 = loans->moratorium_ending[2];
    portfolio->has_moratorium_ended = portfolio->has_moratorium_ended_paying = true;
    portfolio->moratorium_ended = loans->moratorium_ended;
    portfolio->moratorium_ended_paying = loans->moratorium_ended_paying;
}

static void put_stocks(const struct book_loans *loans, PbPortfolio *portfolio)
{
    portfolio->has_glp = portfolio->has_loans_outstanding = true;
    portfolio->glp = loans->outstanding.amount;
    portfolio->loans_outstanding = loans->outstanding.loans;
    portfolio->has_active_borrowers = portfolio->has_women_borrowers = true;
    portfolio->active_borrowers = loans->borrowers;
    portfolio->women_borrowers = loans->women;
    portfolio->has_restructured_outstanding = portfolio->has_restructured_loans = true;
    portfolio->restructured_outstanding = loans->restructured.amount;
    portfolio->restructured_loans = loans->restructured.loans;
    portfolio->has_restructured_in_period = portfolio->has_restructured_in_period_loans = true;
    portfolio->restructured_in_period = loans->restructured_in_period.amount;
    portfolio->restructured_in_period_loans = loans->restructured_in_period.loans;
    portfolio->has_cured_in_period = portfolio->has_cured_in_period_loans = true;
    portfolio->cured_in_period = loans->cured_in_period.amount;
    portfolio->cured_in_period_loans = loans->cured_in_period.loans;
}

/* Amounts are the transactions', counts of loans are the loan book's (D14). */
static void put_flows(const struct book_loans *loans, const struct book_flows *flows,
                      PbPortfolio *portfolio)
{
    portfolio->has_disbursed_loans = true;
    portfolio->disbursed_loans = loans->disbursed.loans;
    portfolio->has_written_off_loans = loans->has_written_off;
    portfolio->written_off_loans = loans->written_off.loans;
    if (flows == NULL) {
        return;
    }
    const struct book_flow_sum *sums = flows->sums;
    portfolio->has_disbursed = portfolio->has_written_off = portfolio->has_recovered = true;
    portfolio->disbursed = sums[FLOW_DISB].amount;
    portfolio->written_off = sums[FLOW_WRITEOFF].amount;
    portfolio->recovered = sums[FLOW_RECOVERY].amount;
    portfolio->has_principal_collected = portfolio->has_interest_collected = true;
    portfolio->principal_collected = sums[FLOW_REPAY_P].amount;
    portfolio->interest_collected = sums[FLOW_REPAY_I].amount;
    portfolio->has_glp_adjustment = true;
    portfolio->glp_adjustment = sums[FLOW_GLP_ADJ].amount;
}

enum err book_portfolio_body(const struct book_work *work, const struct book_sources *sources,
                             PbPortfolio **ret_portfolio)
{
    const struct book_loans *loans = sources->loans;
    PbPortfolio *portfolio = arena_take(work->arena, sizeof *portfolio);
    if (portfolio == NULL) {
        return book_no_memory(work);
    }
    ihuriro__v1__portfolio__init(portfolio);
    put_stocks(loans, portfolio);
    put_flows(loans, sources->flows, portfolio);
    enum err err = put_aging(work, loans, portfolio);
    if (err == ERR_OK) {
        err = put_classes(work, loans, portfolio);
    }
    if (err == ERR_OK && loans->has_moratorium) {
        put_moratorium(loans, portfolio);
        err = put_months(work, loans, portfolio);
    }
    if (err == ERR_OK && sources->gl != NULL) {
        err = book_gl_put(sources->gl, TYPE_PORTFOLIO, work->arena, &portfolio->base);
    }
    if (err != ERR_OK) {
        return book_no_memory(work);
    }
    if (!portfolio->has_allowance && loans->has_provision) { /* D14: the accounts come first */
        portfolio->has_allowance = true;
        portfolio->allowance = loans->provision;
    }
    err = book_breakdown_put(loans->breakdown, loans->has_written_off, portfolio);
    if (err == ERR_OK) {
        *ret_portfolio = portfolio;
    }
    return err;
}

/* ---- comparisons ---- */

static bool is_near(int64_t a, int64_t b)
{
    wide difference = (wide)a - b;
    wide base = a < 0 ? -(wide)a : a;
    difference = difference < 0 ? -difference : difference;
    return difference * 10000 <= base * COMPARE_TOLERANCE_BP;
}

static void compare(const struct book_work *work, const char *what, int64_t ours, int64_t theirs)
{
    char left[32];
    char right[32];
    if (is_near(ours, theirs)) {
        return;
    }
    money_format(ours, work->manifest.exponent, left);
    money_format(theirs, work->manifest.exponent, right);
    book_notes_add(work->notes, SEVERITY_WARNING, "%s: %s and %s. Find out which is right.", what,
                   left, right);
}

void book_sources_compare(const struct book_work *work, const struct book_sources *sources)
{
    const struct book_loans *loans = sources->loans;
    const struct book_flows *flows = sources->flows;
    int64_t amount = 0;
    if (loans != NULL && flows != NULL) {
        compare(work, "Disbursed in the period by loans.csv and by flows.csv",
                loans->disbursed.amount, flows->sums[FLOW_DISB].amount);
        if (loans->has_written_off) {
            compare(work, "Written off in the period by loans.csv and by flows.csv",
                    loans->written_off.amount, flows->sums[FLOW_WRITEOFF].amount);
        }
    }
    if (loans != NULL && sources->gl != NULL && book_gl_closing(sources->gl, "glp", &amount)) {
        compare(work, "The loan portfolio by loans.csv and by gl.csv (XRP-03)",
                loans->outstanding.amount, amount);
    }
    if (sources->deposits != NULL && sources->gl != NULL &&
        book_gl_deposits(sources->gl, &amount)) {
        compare(work, "The deposits by deposits.csv and by gl.csv", sources->deposits->total,
                amount);
    }
}
