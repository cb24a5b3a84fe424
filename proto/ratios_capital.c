/* R21 to R27 and R34 to R36: capital, and what was earned. */
#include "proto/ratios_inside.h"

#define DAYS_A_YEAR 365

static bool of_capital(struct sum part, const struct ratio_inputs *inputs,
                       struct ratio_parts *ret_parts)
{
    struct sum core = core_capital(inputs);
    return parts_of(&part, &core, ret_parts);
}

static bool of_assets(struct sum part, const struct ratio_inputs *inputs,
                      struct ratio_parts *ret_parts)
{
    struct sum assets = {0};
    ADD(&assets, capital_of(inputs), total_assets);
    return parts_of(&part, &assets, ret_parts);
}

/* ---- capital ---- */

static bool adequacy_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum own = {0};
    struct sum weighted = {0};
    ADD(&own, capital_of(inputs), tier1);
    ADD(&own, capital_of(inputs), tier2);
    SUBTRACT(&own, capital_of(inputs), deductions);
    ADD(&weighted, capital_of(inputs), rwa);
    return parts_of(&own, &weighted, ret_parts);
}

static bool tier1_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum own = {0};
    struct sum weighted = {0};
    ADD(&own, capital_of(inputs), tier1);
    ADD(&weighted, capital_of(inputs), rwa);
    return parts_of(&own, &weighted, ret_parts);
}

static bool equity_to_assets_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return of_assets(equity(inputs), inputs, ret_parts);
}

/* What of a risk the allowance does not cover, in equity. */
static bool uncovered(const struct ratio_inputs *inputs, struct sum risk,
                      struct ratio_parts *ret_parts)
{
    struct sum own = equity(inputs);
    SUBTRACT(&risk, portfolio_of(inputs), allowance);
    return parts_of(&risk, &own, ret_parts);
}

static bool uncovered_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return uncovered(inputs, par_sum(inputs, 30, false), ret_parts);
}

static bool open_exposure_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    struct sum risk = {0};
    risk.is_unknown = portfolio == NULL || !par30r(portfolio, &risk.value);
    return uncovered(inputs, risk, ret_parts);
}

static bool fixed_assets_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    ADD(&part, capital_of(inputs), fixed_assets);
    return of_capital(part, inputs, ret_parts);
}

static bool land_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    ADD(&part, capital_of(inputs), land_buildings);
    return of_assets(part, inputs, ret_parts);
}

static bool non_earning_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    ADD(&part, capital_of(inputs), non_earning_assets);
    return of_assets(part, inputs, ret_parts);
}

/* ---- results ---- */

static struct sum income(const struct ratio_inputs *inputs)
{
    struct sum sum = {0};
    ADD(&sum, capital_of(inputs), loan_income);
    ADD(&sum, capital_of(inputs), other_income);
    return sum;
}

static struct sum operating_cost(const struct ratio_inputs *inputs)
{
    struct sum sum = {0};
    ADD(&sum, capital_of(inputs), staff_cost);
    ADD(&sum, capital_of(inputs), other_opex);
    return sum;
}

static bool self_sufficiency_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum earned = income(inputs);
    struct sum cost = operating_cost(inputs);
    ADD(&cost, capital_of(inputs), financial_expense);
    ADD(&cost, capital_of(inputs), impairment);
    return parts_of(&earned, &cost, ret_parts);
}

/* A flow of the capital report's period, as a year's. */
static struct sum yearly(const struct ratio_inputs *inputs, struct sum flow)
{
    if (capital_of(inputs) == NULL) {
        return (struct sum){.is_unknown = true};
    }
    sum_scale(&flow, DAYS_A_YEAR, days_of(inputs->capital->period));
    return flow;
}

static struct sum net_income(const struct ratio_inputs *inputs)
{
    struct sum net = income(inputs);
    struct sum cost = operating_cost(inputs);
    ADD(&net, capital_of(inputs), grants);
    SUBTRACT(&net, capital_of(inputs), financial_expense);
    SUBTRACT(&net, capital_of(inputs), impairment);
    SUBTRACT(&net, capital_of(inputs), tax);
    sum_subtract(&net, !cost.is_unknown, cost.value);
    return yearly(inputs, net);
}

static bool return_on_assets_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum net = net_income(inputs);
    struct sum before = {0};
    struct sum now = {0};
    ADD(&before, capital_of(inputs->before), total_assets);
    ADD(&now, capital_of(inputs), total_assets);
    struct sum mean = mean_of(before, now);
    return parts_of(&net, &mean, ret_parts);
}

static bool return_on_equity_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum net = net_income(inputs);
    struct sum mean = mean_of(equity(inputs->before), equity(inputs));
    return parts_of(&net, &mean, ret_parts);
}

static bool cost_to_income_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum cost = operating_cost(inputs);
    struct sum earned = income(inputs);
    SUBTRACT(&earned, capital_of(inputs), financial_expense);
    return parts_of(&cost, &earned, ret_parts);
}

static bool of_mean_glp(const struct ratio_inputs *inputs, struct sum flow,
                        struct ratio_parts *ret_parts)
{
    struct sum before = {0};
    struct sum now = {0};
    ADD(&before, portfolio_of(inputs->before), glp);
    ADD(&now, portfolio_of(inputs), glp);
    struct sum mean = mean_of(before, now);
    struct sum a_year = yearly(inputs, flow);
    return parts_of(&a_year, &mean, ret_parts);
}

static bool operating_cost_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return of_mean_glp(inputs, operating_cost(inputs), ret_parts);
}

static bool yield_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum earned = {0};
    ADD(&earned, capital_of(inputs), loan_income);
    return of_mean_glp(inputs, earned, ret_parts);
}

const struct ratio ratios_capital[] = {
    {"R21.CAR", "Capital adequacy", "(tier1 + tier2 - deductions) / rwa", .parts = adequacy_parts},
    {"R21.T1", "Tier 1", "tier1 / rwa", .parts = tier1_parts},
    {"R22", "Equity to assets", "equity / total_assets", .parts = equity_to_assets_parts},
    {"R23", "Uncovered capital", "(sum of aging.outstanding over 30 days - allowance) / equity",
     .parts = uncovered_parts},
    {"R24", "Open credit exposure",
     "(sum of aging.outstanding over 30 days + sum of aging.restructured up to 30 days - "
     "allowance) / equity",
     .parts = open_exposure_parts},
    {"R25", "Operational self-sufficiency",
     "(loan_income + other_income) / (financial_expense + impairment + staff_cost + other_opex); "
     "grants are left out",
     .parts = self_sufficiency_parts},
    {"R26.ROA", "Return on assets",
     "net income of a year (loan_income + other_income + grants - financial_expense - impairment - "
     "staff_cost - other_opex - tax, x 365 / days) / mean total_assets of the period's two ends",
     .needs_before = true, .parts = return_on_assets_parts},
    {"R26.ROE", "Return on equity",
     "net income of a year (as R26.ROA) / mean equity of the period's two ends",
     .needs_before = true, .parts = return_on_equity_parts},
    {"R27.COST", "Cost to income",
     "(staff_cost + other_opex) / (loan_income + other_income - financial_expense)",
     .parts = cost_to_income_parts},
    {"R27.OPEX", "Operating cost of the portfolio",
     "(staff_cost + other_opex) x 365 / days / mean glp of the period's two ends",
     .needs_before = true, .parts = operating_cost_parts},
    {"R27.YIELD", "Portfolio yield", "loan_income x 365 / days / mean glp of the period's two ends",
     .needs_before = true, .parts = yield_parts},
    {"R34", "Fixed assets to core capital", "fixed_assets / core capital (tier1, else equity)",
     .parts = fixed_assets_parts},
    {"R35", "Land and buildings to assets", "land_buildings / total_assets", .parts = land_parts},
    {"R36", "Non-earning assets to assets", "non_earning_assets / total_assets",
     .parts = non_earning_parts},
    {0},
};
