/* R01 to R10: the quality of the portfolio. */
#include <string.h>

#include "proto/ratios_inside.h"

#define DAYS_A_YEAR 365

/* Rows that begin after a day, if the day is an edge: no row holds both it and the next. */
static bool sum_after(const PbPortfolio *portfolio, int64_t day, int64_t *ret_amount)
{
    struct sum sum = {.is_unknown = portfolio->n_aging == 0};
    for (size_t i = 0; i < portfolio->n_aging && !sum.is_unknown; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        if (row->min_days > day) {
            ADD(&sum, row, outstanding);
        } else {
            sum.is_unknown = row->max_days == -1 || row->max_days > day;
        }
    }
    if (sum.is_unknown) {
        return false;
    }
    *ret_amount = sum.value;
    return true;
}

bool par_over(const PbPortfolio *portfolio, int days, int64_t *ret_amount)
{
    return sum_after(portfolio, days, ret_amount);
}

bool par_from(const PbPortfolio *portfolio, int days, int64_t *ret_amount)
{
    return sum_after(portfolio, (int64_t)days - 1, ret_amount);
}

bool par30r(const PbPortfolio *portfolio, int64_t *ret_amount)
{
    struct sum sum = {0};
    sum.is_unknown = !par_over(portfolio, 30, &sum.value);
    for (size_t i = 0; i < portfolio->n_aging && !sum.is_unknown; i++) {
        if (portfolio->aging[i]->min_days <= 30) {
            ADD(&sum, portfolio->aging[i], restructured);
        }
    }
    if (sum.is_unknown) {
        return false;
    }
    *ret_amount = sum.value;
    return true;
}

struct sum par_sum(const struct ratio_inputs *inputs, int days, bool is_inclusive)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    struct sum sum = {0};
    sum.is_unknown =
        portfolio == NULL || !(is_inclusive ? par_from : par_over)(portfolio, days, &sum.value);
    return sum;
}

/* ---- shares of the gross loan portfolio ---- */

static bool of_glp(const struct ratio_inputs *inputs, const struct sum *part,
                   struct ratio_parts *ret_parts)
{
    struct sum glp = {0};
    ADD(&glp, portfolio_of(inputs), glp);
    return parts_of(part, &glp, ret_parts);
}

static bool par30_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = par_sum(inputs, 30, false);
    return of_glp(inputs, &part, ret_parts);
}

static bool par30r_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    struct sum part = {0};
    part.is_unknown = portfolio == NULL || !par30r(portfolio, &part.value);
    return of_glp(inputs, &part, ret_parts);
}

static bool par90_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = par_sum(inputs, 90, false);
    return of_glp(inputs, &part, ret_parts);
}

static bool npl_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = par_sum(inputs, 90, true);
    return of_glp(inputs, &part, ret_parts);
}

static bool restructured_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    ADD(&part, portfolio_of(inputs), restructured_outstanding);
    return of_glp(inputs, &part, ret_parts);
}

static bool moratorium_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    ADD(&part, portfolio_of(inputs), moratorium_outstanding);
    return of_glp(inputs, &part, ret_parts);
}

/* ---- over twelve months ---- */

/* Periods that make a year; days are counted, as reports by day leave days out. */
static int periods_a_year(const struct ratio_inputs *inputs)
{
    switch ((int)inputs->portfolio->period->frequency) {
    case IHURIRO__V1__PERIOD__FREQUENCY__Q:
        return 4;
    case IHURIRO__V1__PERIOD__FREQUENCY__M:
        return 12;
    case IHURIRO__V1__PERIOD__FREQUENCY__W:
        return 52;
    default:
        return DAYS_A_YEAR;
    }
}

/* Write-offs, less what was recovered if asked for, of up to twelve months that follow one another
 * (of as many weeks, days or quarters as make a year), over the mean of their ends, the opening one
 * included. What is less than a year is annualised. */
static bool yearly_loss(const struct ratio_inputs *inputs, bool is_net,
                        struct ratio_parts *ret_parts)
{
    struct sum losses = {.is_unknown = portfolio_of(inputs) == NULL};
    struct sum stocks = {0};
    int64_t days = 0;
    int64_t points = 0;
    int most = portfolio_of(inputs) == NULL ? 0 : periods_a_year(inputs);
    for (; portfolio_of(inputs) != NULL && points < most && days < DAYS_A_YEAR;
         inputs = inputs->before) {
        const PbPortfolio *portfolio = portfolio_of(inputs);
        ADD(&losses, portfolio, written_off);
        if (is_net) {
            SUBTRACT(&losses, portfolio, recovered);
        }
        ADD(&stocks, portfolio, glp);
        days += days_of(inputs->portfolio->period);
        points++;
    }
    bool is_year = points == most && (most == 12 || most == 4); /* of 365 or 366 days */
    const PbPortfolio *opening = portfolio_of(inputs);
    if (opening != NULL) {
        ADD(&stocks, opening, glp);
        points++;
    }
    if (!is_year) {
        sum_scale(&losses, DAYS_A_YEAR, days);
    }
    sum_scale(&stocks, 1, points);
    return parts_of(&losses, &stocks, ret_parts);
}

static bool written_off_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return yearly_loss(inputs, false, ret_parts);
}

static bool net_loss_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return yearly_loss(inputs, true, ret_parts);
}

/* ---- coverage ---- */

static bool covers(const struct ratio_inputs *inputs, const struct sum *risk,
                   struct ratio_parts *ret_parts)
{
    struct sum allowance = {0};
    ADD(&allowance, portfolio_of(inputs), allowance);
    return parts_of(&allowance, risk, ret_parts);
}

static bool risk_coverage_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum risk = par_sum(inputs, 30, false);
    return covers(inputs, &risk, ret_parts);
}

static bool npl_coverage_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum risk = par_sum(inputs, 90, true);
    return covers(inputs, &risk, ret_parts);
}

static bool shortfall_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    struct sum shortfall = {.is_unknown = portfolio == NULL || portfolio->n_classes == 0};
    for (size_t i = 0; !shortfall.is_unknown && i < portfolio->n_classes; i++) {
        if (strcmp(portfolio->classes[i]->code, "WO") != 0) { /* a memo of what was written off */
            ADD(&shortfall, portfolio->classes[i], required_provision);
        }
    }
    SUBTRACT(&shortfall, portfolio, allowance);
    shortfall.value = shortfall.value < 0 ? 0 : shortfall.value;
    return parts_single(&shortfall, ret_parts);
}

static bool on_due_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum collected = {0};
    struct sum due = {0};
    ADD(&collected, portfolio_of(inputs), principal_collected_on_due);
    ADD(&due, portfolio_of(inputs), principal_due);
    return parts_of(&collected, &due, ret_parts);
}

/* ---- roll rates: what stands in a bucket, over what stood in the one below it before ---- */

static struct sum between(const struct ratio_inputs *inputs, int from, int to)
{
    struct sum sum = par_sum(inputs, from, true);
    if (to != -1) {
        struct sum above = par_sum(inputs, to, false);
        sum_subtract(&sum, !above.is_unknown, above.value);
    }
    return sum;
}

static bool roll(const struct ratio_inputs *inputs, const int now[2], const int before[2],
                 struct ratio_parts *ret_parts)
{
    struct sum upper = between(inputs, now[0], now[1]);
    struct sum lower = between(inputs->before, before[0], before[1]);
    return parts_of(&upper, &lower, ret_parts);
}

static const int not_late[] = {0, 0};
static const int days_1_30[] = {1, 30};
static const int days_31_60[] = {31, 60};
static const int days_61_90[] = {61, 90};
static const int days_91[] = {91, -1};

static bool roll_1_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return roll(inputs, days_1_30, not_late, ret_parts);
}

static bool roll_31_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return roll(inputs, days_31_60, days_1_30, ret_parts);
}

static bool roll_61_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return roll(inputs, days_61_90, days_31_60, ret_parts);
}

static bool roll_91_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return roll(inputs, days_91, days_61_90, ret_parts);
}

const struct ratio ratios_portfolio[] = {
    {"R01", "PAR30", "sum of aging.outstanding over 30 days / glp", .parts = par30_parts},
    {"R02", "PAR30R",
     "(sum of aging.outstanding over 30 days + sum of aging.restructured up to 30 days) / glp",
     .parts = par30r_parts},
    {"R03.PAR90", "PAR90", "sum of aging.outstanding over 90 days / glp", .parts = par90_parts},
    {"R03.NPL", "NPL", "sum of aging.outstanding of 90 days and more / glp", .parts = npl_parts},
    {"R04.RESTRUCTURED", "Restructured", "restructured_outstanding / glp",
     .parts = restructured_parts},
    {"R04.MORATORIUM", "Moratorium", "moratorium_outstanding / glp", .parts = moratorium_parts},
    {"R05", "Write-off ratio",
     "written_off of twelve months / mean glp of their ends and the opening one (fewer months: "
     "annualised)",
     .needs_before = true, .parts = written_off_parts},
    {"R06", "Net loss ratio",
     "(written_off - recovered) of twelve months / mean glp of their ends and the opening one "
     "(fewer months: annualised)",
     .needs_before = true, .parts = net_loss_parts},
    {"R07", "Risk coverage", "allowance / sum of aging.outstanding over 30 days",
     .parts = risk_coverage_parts},
    {"R08.NPL", "NPL coverage", "allowance / sum of aging.outstanding of 90 days and more",
     .parts = npl_coverage_parts},
    {"R08.SHORTFALL", "Provision shortfall",
     "sum of classes.required_provision - allowance, 0 where it is less", .unit = RATIO_MONEY,
     .parts = shortfall_parts},
    {"R09", "Collected on due", "principal_collected_on_due / principal_due",
     .parts = on_due_parts},
    {"R10.1", "Roll to 1-30 days",
     "outstanding 1 to 30 days late / outstanding not late a period before (approximate, no loan "
     "level)",
     .needs_before = true, .parts = roll_1_parts},
    {"R10.31", "Roll to 31-60 days",
     "outstanding 31 to 60 days late / outstanding 1 to 30 days late a period before (approximate, "
     "no loan level)",
     .needs_before = true, .parts = roll_31_parts},
    {"R10.61", "Roll to 61-90 days",
     "outstanding 61 to 90 days late / outstanding 31 to 60 days late a period before "
     "(approximate, "
     "no loan level)",
     .needs_before = true, .parts = roll_61_parts},
    {"R10.91", "Roll to over 90 days",
     "outstanding over 90 days late / outstanding 61 to 90 days late a period before (approximate, "
     "no loan level)",
     .needs_before = true, .parts = roll_91_parts},
    {0},
};
