#include <string.h>

#include "proto/ratios_inside.h"

/* In the order in which they are listed. */
static const struct ratio *const groups[] = {
    ratios_portfolio, ratios_liquidity, ratios_survival, ratios_capital, ratios_operations,
};
#define GROUPS (sizeof groups / sizeof groups[0])

const struct ratio *ratio_find(const char *id)
{
    for (size_t g = 0; g < GROUPS; g++) {
        for (const struct ratio *ratio = groups[g]; ratio->id != NULL; ratio++) {
            if (strcmp(ratio->id, id) == 0) {
                return ratio;
            }
        }
    }
    return NULL;
}

const struct ratio *ratios_at(size_t index, size_t *ret_count)
{
    const struct ratio *found = NULL;
    size_t count = 0;
    for (size_t g = 0; g < GROUPS; g++) {
        for (const struct ratio *ratio = groups[g]; ratio->id != NULL; ratio++) {
            found = count == index ? ratio : found;
            count++;
        }
    }
    *ret_count = count;
    return found;
}

static struct ratio_value divide(int64_t numerator, int64_t denominator)
{
    struct sum sum = {.value = numerator};
    sum_scale(&sum, 1, denominator);
    return (struct ratio_value){.is_null = sum.is_unknown, .value = sum.value};
}

static struct ratio_value divide_down(int64_t numerator, int64_t denominator)
{
    if (denominator == 0 || (numerator == INT64_MIN && denominator == -1)) {
        return (struct ratio_value){.is_null = true};
    }
    int64_t quotient = numerator / denominator;
    quotient -= numerator % denominator != 0 && (numerator < 0) != (denominator < 0);
    return (struct ratio_value){.value = quotient};
}

struct ratio_value ratio_of_parts(const struct ratio *ratio, const struct ratio_parts *parts)
{
    switch (ratio->unit) {
    case RATIO_DAYS:
        return divide_down(parts->numerator, parts->denominator);
    case RATIO_MONEY:
    case RATIO_COUNT:
        return divide(parts->numerator, parts->denominator);
    case RATIO_BASIS_POINTS:
        break;
    }
    return ratio_bp(parts->numerator, parts->denominator);
}

struct ratio_value ratio_compute(const struct ratio *ratio, const struct ratio_inputs *inputs)
{
    struct ratio_parts parts;
    return ratio->parts(inputs, &parts) ? ratio_of_parts(ratio, &parts)
                                        : (struct ratio_value){.is_null = true};
}

/* ---- sums ---- */

void sum_add(struct sum *sum, bool is_known, int64_t amount)
{
    sum->is_unknown =
        sum->is_unknown || !is_known || __builtin_add_overflow(sum->value, amount, &sum->value);
}

void sum_subtract(struct sum *sum, bool is_known, int64_t amount)
{
    sum->is_unknown =
        sum->is_unknown || !is_known || __builtin_sub_overflow(sum->value, amount, &sum->value);
}

void sum_add_count(struct sum *sum, bool is_known, uint64_t count)
{
    sum_add(sum, is_known && count <= INT64_MAX, count <= INT64_MAX ? (int64_t)count : 0);
}

void sum_scale(struct sum *sum, int64_t factor, int64_t divisor)
{
    if (sum->is_unknown || divisor == 0) {
        sum->is_unknown = true;
        return;
    }
    wide scaled = (wide)sum->value * factor;
    wide by = divisor;
    bool is_negative = (scaled < 0) != (by < 0);
    scaled = scaled < 0 ? -scaled : scaled;
    by = by < 0 ? -by : by;
    wide magnitude = scaled / by + (scaled % by >= by - scaled % by); /* half away from zero */
    wide result = is_negative ? -magnitude : magnitude;
    sum->is_unknown = result > INT64_MAX || result < INT64_MIN;
    sum->value = sum->is_unknown ? 0 : (int64_t)result;
}

bool parts_of(const struct sum *numerator, const struct sum *denominator,
              struct ratio_parts *ret_parts)
{
    if (numerator->is_unknown || denominator->is_unknown) {
        return false;
    }
    *ret_parts = (struct ratio_parts){numerator->value, denominator->value};
    return true;
}

bool parts_single(const struct sum *value, struct ratio_parts *ret_parts)
{
    static const struct sum one = {.value = 1};
    return parts_of(value, &one, ret_parts);
}

int64_t days_of(const PbPeriod *period)
{
    return (int64_t)period->end_day - period->start_day + 1;
}

struct sum mean_of(struct sum before, struct sum now)
{
    sum_add(&now, !before.is_unknown, before.value);
    sum_scale(&now, 1, 2);
    return now;
}

/* ---- bodies ---- */

const PbPortfolio *portfolio_of(const struct ratio_inputs *inputs)
{
    return inputs == NULL || inputs->portfolio == NULL ? NULL : inputs->portfolio->portfolio;
}

const PbLiquidity *liquidity_of(const struct ratio_inputs *inputs)
{
    return inputs == NULL || inputs->liquidity == NULL ? NULL : inputs->liquidity->liquidity;
}

const PbOperations *operations_of(const struct ratio_inputs *inputs)
{
    return inputs == NULL || inputs->operations == NULL ? NULL : inputs->operations->operations;
}

const PbCapital *capital_of(const struct ratio_inputs *inputs)
{
    return inputs == NULL || inputs->capital == NULL ? NULL : inputs->capital->capital;
}

const PbExposures *exposures_of(const struct ratio_inputs *inputs)
{
    return inputs == NULL || inputs->exposures == NULL ? NULL : inputs->exposures->exposures;
}

bool deposits_total(const PbLiquidity *liquidity, int64_t *ret_amount)
{
    struct sum rows = {.is_unknown = liquidity->n_deposits == 0};
    for (size_t i = 0; i < liquidity->n_deposits; i++) {
        ADD(&rows, liquidity->deposits[i], balance);
    }
    if (rows.is_unknown) { /* the total alone, where the rows are not known */
        rows = (struct sum){0};
        ADD(&rows, liquidity, deposits_total);
    }
    if (rows.is_unknown) {
        return false;
    }
    *ret_amount = rows.value;
    return true;
}

struct sum deposits_of(const struct ratio_inputs *inputs)
{
    struct sum sum = {0};
    const PbLiquidity *liquidity = liquidity_of(inputs);
    sum.is_unknown = liquidity == NULL || !deposits_total(liquidity, &sum.value);
    return sum;
}

bool equity_of(const PbCapital *capital, int64_t *ret_amount)
{
    struct sum parts = {0};
    ADD(&parts, capital, paid_in_capital);
    ADD(&parts, capital, reserves);
    ADD(&parts, capital, retained_earnings);
    ADD(&parts, capital, donated);
    ADD(&parts, capital, current_result);
    if (capital->has_other_equity) {
        ADD(&parts, capital, other_equity);
    }
    if (parts.is_unknown) {
        parts = (struct sum){0};
        ADD(&parts, capital, total_assets);
        SUBTRACT(&parts, capital, total_liabilities);
    }
    if (parts.is_unknown) {
        return false;
    }
    *ret_amount = parts.value;
    return true;
}

struct sum equity(const struct ratio_inputs *inputs)
{
    struct sum sum = {0};
    const PbCapital *capital = capital_of(inputs);
    sum.is_unknown = capital == NULL || !equity_of(capital, &sum.value);
    return sum;
}

struct sum core_capital(const struct ratio_inputs *inputs)
{
    const PbCapital *capital = capital_of(inputs);
    if (capital != NULL && capital->has_tier1) {
        return (struct sum){.value = capital->tier1};
    }
    return equity(inputs);
}
