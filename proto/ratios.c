#include "proto/ratios.h"

#include <string.h>

static const struct ratio_value null_ratio = {.is_null = true};

/* Rows that begin after a day, if the day is an edge: no row holds both it and the next. */
static bool sum_after(const PbPortfolio *portfolio, int64_t day, int64_t *ret_amount)
{
    int64_t sum = 0;
    for (size_t i = 0; i < portfolio->n_aging; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        if (row->min_days <= day) {
            if (row->max_days == -1 || row->max_days > day) {
                return false;
            }
            continue;
        }
        if (!row->has_outstanding || money_add(sum, row->outstanding, &sum) != ERR_OK) {
            return false;
        }
    }
    if (portfolio->n_aging == 0) {
        return false;
    }
    *ret_amount = sum;
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
    int64_t sum = 0;
    if (!par_over(portfolio, 30, &sum)) {
        return false;
    }
    for (size_t i = 0; i < portfolio->n_aging; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        if (row->min_days > 30) {
            continue;
        }
        if (!row->has_restructured || money_add(sum, row->restructured, &sum) != ERR_OK) {
            return false;
        }
    }
    *ret_amount = sum;
    return true;
}

bool deposits_total(const PbLiquidity *liquidity, int64_t *ret_amount)
{
    int64_t sum = 0;
    bool are_known = liquidity->n_deposits > 0;
    for (size_t i = 0; i < liquidity->n_deposits && are_known; i++) {
        are_known = liquidity->deposits[i]->has_balance &&
                    money_add(sum, liquidity->deposits[i]->balance, &sum) == ERR_OK;
    }
    if (!are_known && liquidity->has_deposits_total) {
        sum = liquidity->deposits_total;
        are_known = true;
    }
    if (are_known) {
        *ret_amount = sum;
    }
    return are_known;
}

static const PbPortfolio *portfolio_of(const struct ratio_inputs *inputs)
{
    return inputs->portfolio == NULL ? NULL : inputs->portfolio->portfolio;
}

static const PbLiquidity *liquidity_of(const struct ratio_inputs *inputs)
{
    return inputs->liquidity == NULL ? NULL : inputs->liquidity->liquidity;
}

/* A share of the gross loan portfolio; null unless the part is known. */
static struct ratio_value of_glp(const PbPortfolio *portfolio, bool is_known, int64_t part)
{
    return is_known && portfolio->has_glp ? ratio_bp(part, portfolio->glp) : null_ratio;
}

static struct ratio_value compute_par30(const struct ratio_inputs *inputs)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    int64_t amount = 0;
    if (portfolio == NULL || !par_over(portfolio, 30, &amount)) {
        return null_ratio;
    }
    return of_glp(portfolio, true, amount);
}

static struct ratio_value compute_par30r(const struct ratio_inputs *inputs)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    int64_t amount = 0;
    if (portfolio == NULL || !par30r(portfolio, &amount)) {
        return null_ratio;
    }
    return of_glp(portfolio, true, amount);
}

static struct ratio_value compute_par90(const struct ratio_inputs *inputs)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    int64_t amount = 0;
    if (portfolio == NULL || !par_over(portfolio, 90, &amount)) {
        return null_ratio;
    }
    return of_glp(portfolio, true, amount);
}

static struct ratio_value compute_npl(const struct ratio_inputs *inputs)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    int64_t amount = 0;
    if (portfolio == NULL || !par_from(portfolio, 90, &amount)) {
        return null_ratio;
    }
    return of_glp(portfolio, true, amount);
}

static struct ratio_value compute_restructured(const struct ratio_inputs *inputs)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    if (portfolio == NULL) {
        return null_ratio;
    }
    return of_glp(portfolio, portfolio->has_restructured_outstanding,
                  portfolio->restructured_outstanding);
}

static struct ratio_value compute_moratorium(const struct ratio_inputs *inputs)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    if (portfolio == NULL) {
        return null_ratio;
    }
    return of_glp(portfolio, portfolio->has_moratorium_outstanding,
                  portfolio->moratorium_outstanding);
}

static struct ratio_value compute_risk_coverage(const struct ratio_inputs *inputs)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    int64_t par = 0;
    if (portfolio == NULL || !portfolio->has_allowance || !par_over(portfolio, 30, &par)) {
        return null_ratio;
    }
    return ratio_bp(portfolio->allowance, par);
}

/* One item of a liquidity numerator. */
struct weight {
    const char *field;
    uint32_t percent;
};

/* DOMAIN 1.7, used when the settings say nothing. */
static const struct weight default_weights[] = {
    {"cash", 100},         {"central_bank", 100},    {"bank_demand", 100},       {"emoney", 100},
    {"bank_term_30", 100}, {"bank_term_31_90", 100}, {"govt_unencumbered", 100},
};

/* Adds percent of a field of Liquidity, in hundredths; false when it is absent, no amount, or too
 * large. A weight of 0 asks for nothing. */
static bool add_weighted(const PbLiquidity *liquidity, const char *field, uint32_t percent,
                         int64_t *sum)
{
    if (percent == 0) {
        return true;
    }
    const ProtobufCFieldDescriptor *descriptor =
        protobuf_c_message_descriptor_get_field_by_name(liquidity->base.descriptor, field);
    if (descriptor == NULL || descriptor->type != PROTOBUF_C_TYPE_INT64 ||
        descriptor->label != PROTOBUF_C_LABEL_OPTIONAL) {
        return false;
    }
    const uint8_t *start = (const uint8_t *)liquidity;
    if (!*(const protobuf_c_boolean *)(const void *)(start + descriptor->quantifier_offset)) {
        return false;
    }
    int64_t weighted = *(const int64_t *)(const void *)(start + descriptor->offset);
    return !__builtin_mul_overflow(weighted, (int64_t)percent, &weighted) &&
           !__builtin_add_overflow(*sum, weighted, sum);
}

static bool base_names(const Ihuriro__V1__LiquidityBase *base, const char *category)
{
    for (size_t i = 0; category != NULL && i < base->n_categories; i++) {
        if (strcmp(base->categories[i], category) == 0) {
            return true;
        }
    }
    return false;
}

/* Of the rows in force at the period's end: that of the category before that for all others, then
 * the latest. */
static const Ihuriro__V1__LiquidityBase *find_base(const struct ratio_inputs *inputs)
{
    const PbSettings *settings = inputs->settings;
    const Ihuriro__V1__LiquidityBase *best = NULL;
    bool best_is_named = false;
    for (size_t i = 0; settings != NULL && i < settings->n_liquidity; i++) {
        const Ihuriro__V1__LiquidityBase *base = settings->liquidity[i];
        bool is_named = base_names(base, inputs->category);
        int32_t from = base->has_from_day ? base->from_day : INT32_MIN;
        int32_t best_from = best != NULL && best->has_from_day ? best->from_day : INT32_MIN;
        if (from > inputs->liquidity->period->end_day || (!is_named && base->n_categories > 0) ||
            (best != NULL &&
             (best_is_named > is_named || (best_is_named == is_named && from < best_from)))) {
            continue;
        }
        best = base;
        best_is_named = is_named;
    }
    return best;
}

static bool weigh(const struct ratio_inputs *inputs, const PbLiquidity *liquidity,
                  int64_t *ret_hundredths)
{
    const Ihuriro__V1__LiquidityBase *base = find_base(inputs);
    int64_t sum = 0;
    size_t count =
        base != NULL ? base->n_weights : sizeof default_weights / sizeof default_weights[0];
    for (size_t i = 0; i < count; i++) {
        struct weight weight =
            base != NULL ? (struct weight){base->weights[i]->field, base->weights[i]->percent}
                         : default_weights[i];
        if (!add_weighted(liquidity, weight.field, weight.percent, &sum)) {
            return false;
        }
    }
    *ret_hundredths = sum;
    return true;
}

static struct ratio_value compute_liquidity(const struct ratio_inputs *inputs)
{
    const PbLiquidity *liquidity = liquidity_of(inputs);
    int64_t hundredths = 0;
    int64_t deposits = 0;
    if (liquidity == NULL || !deposits_total(liquidity, &deposits) ||
        !weigh(inputs, liquidity, &hundredths) ||
        __builtin_mul_overflow(deposits, (int64_t)100, &deposits)) {
        return null_ratio;
    }
    return ratio_bp(hundredths, deposits);
}

static struct ratio_value compute_cash(const struct ratio_inputs *inputs)
{
    static const char *const fields[] = {"cash", "central_bank", "bank_demand", "emoney"};
    const PbLiquidity *liquidity = liquidity_of(inputs);
    int64_t sum = 0;
    int64_t deposits = 0;
    if (liquidity == NULL || !deposits_total(liquidity, &deposits)) {
        return null_ratio;
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!add_weighted(liquidity, fields[i], 1, &sum)) {
            return null_ratio;
        }
    }
    return ratio_bp(sum, deposits);
}

static struct ratio_value compute_loan_to_deposit(const struct ratio_inputs *inputs)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    const PbLiquidity *liquidity = liquidity_of(inputs);
    int64_t deposits = 0;
    if (portfolio == NULL || liquidity == NULL || !portfolio->has_glp ||
        !deposits_total(liquidity, &deposits)) {
        return null_ratio;
    }
    return ratio_bp(portfolio->glp, deposits);
}

static struct ratio_value compute_depositor_concentration(const struct ratio_inputs *inputs)
{
    const PbExposures *exposures = inputs->exposures == NULL ? NULL : inputs->exposures->exposures;
    const PbLiquidity *liquidity = liquidity_of(inputs);
    int64_t deposits = 0;
    if (exposures == NULL || liquidity == NULL || !exposures->has_top20_depositors ||
        !deposits_total(liquidity, &deposits)) {
        return null_ratio;
    }
    return ratio_bp(exposures->top20_depositors, deposits);
}

static const struct ratio ratios[] = {
    {"R01", "PAR30", "sum of aging.outstanding over 30 days / glp", compute_par30},
    {"R02", "PAR30R",
     "(sum of aging.outstanding over 30 days + sum of aging.restructured up to 30 days) / glp",
     compute_par30r},
    {"R03.PAR90", "PAR90", "sum of aging.outstanding over 90 days / glp", compute_par90},
    {"R03.NPL", "NPL", "sum of aging.outstanding of 90 days and more / glp", compute_npl},
    {"R04.RESTRUCTURED", "Restructured", "restructured_outstanding / glp", compute_restructured},
    {"R04.MORATORIUM", "Moratorium", "moratorium_outstanding / glp", compute_moratorium},
    {"R07", "Risk coverage", "allowance / sum of aging.outstanding over 30 days",
     compute_risk_coverage},
    {"R11", "Liquidity ratio",
     "liquid assets, each by its weight in the settings (without them cash + central_bank + "
     "bank_demand + emoney + bank_term_30 + bank_term_31_90 + govt_unencumbered) / deposits",
     compute_liquidity},
    {"R12", "Cash ratio", "(cash + central_bank + bank_demand + emoney) / deposits", compute_cash},
    {"R15.LTD", "Loan-to-deposit", "glp / deposits", compute_loan_to_deposit},
    {"R20", "Depositor concentration", "top20_depositors / deposits",
     compute_depositor_concentration},
};

const struct ratio *ratio_find(const char *id)
{
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        if (strcmp(ratios[i].id, id) == 0) {
            return &ratios[i];
        }
    }
    return NULL;
}

const struct ratio *ratios_at(size_t index, size_t *ret_count)
{
    *ret_count = sizeof ratios / sizeof ratios[0];
    return index < *ret_count ? &ratios[index] : NULL;
}
