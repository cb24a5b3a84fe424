/* R11 to R16, R19 and R20: liquid assets and deposits. */
#include <string.h>

#include "proto/ratios_inside.h"

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

bool liquid_hundredths(const struct ratio_inputs *inputs, int64_t *ret_hundredths)
{
    const PbLiquidity *liquidity = liquidity_of(inputs);
    if (liquidity == NULL) {
        return false;
    }
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

static bool liquidity_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum deposits = deposits_of(inputs);
    int64_t hundredths = 0;
    return !deposits.is_unknown && liquid_hundredths(inputs, &hundredths) &&
           !__builtin_mul_overflow(deposits.value, (int64_t)100, &deposits.value) &&
           parts_of(&(struct sum){.value = hundredths}, &deposits, ret_parts);
}

/* What can be paid out today. */
static struct sum ready_cash(const struct ratio_inputs *inputs)
{
    struct sum sum = {0};
    ADD(&sum, liquidity_of(inputs), cash);
    ADD(&sum, liquidity_of(inputs), central_bank);
    ADD(&sum, liquidity_of(inputs), bank_demand);
    ADD(&sum, liquidity_of(inputs), emoney);
    return sum;
}

static bool cash_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum ready = ready_cash(inputs);
    struct sum deposits = deposits_of(inputs);
    return parts_of(&ready, &deposits, ret_parts);
}

/* ---- what falls due ---- */

struct sum maturing(const PbLiquidity *liquidity, int item, int32_t from_day, int32_t to_day)
{
    struct sum sum = {0};
    size_t rows = 0;
    for (size_t i = 0; liquidity != NULL && i < liquidity->n_maturities; i++) {
        const PbMaturityRow *row = liquidity->maturities[i];
        bool ends_later = to_day != -1 && (row->to_day == -1 || row->to_day > to_day);
        if ((int)row->item != item) {
            continue;
        }
        rows++;
        if (row->from_day >= from_day && !ends_later) {
            ADD(&sum, row, amount);
            continue;
        }
        bool is_outside = (to_day != -1 && row->from_day > to_day) ||
                          (row->to_day != -1 && row->to_day < from_day);
        sum.is_unknown = sum.is_unknown || !is_outside;
    }
    sum.is_unknown = sum.is_unknown || rows == 0;
    return sum;
}

struct sum maturing_until(const PbLiquidity *liquidity, int item, int32_t day)
{
    struct sum sum = {0};
    size_t rows = 0;
    for (size_t i = 0; liquidity != NULL && i < liquidity->n_maturities; i++) {
        const PbMaturityRow *row = liquidity->maturities[i];
        if ((int)row->item != item) {
            continue;
        }
        rows++;
        if (row->to_day != -1 && row->to_day <= day) {
            ADD(&sum, row, amount);
        } else if (row->from_day <= day && row->to_day != -1) {
            wide days = (wide)day - row->from_day + 1;
            wide all = (wide)row->to_day - row->from_day + 1;
            sum_add(&sum, row->has_amount, (int64_t)(row->amount * days / all));
        }
    }
    sum.is_unknown = sum.is_unknown || rows == 0;
    return sum;
}

struct default_row {
    int type;
    const char *name;
    uint32_t percent;
};

/* Defaults from practice, not official. */
static const struct default_row default_run_off[] = {
    {IHURIRO__V1__DEPOSIT_ROW__TYPE__DEMAND, "DEMAND", 15},
    {IHURIRO__V1__DEPOSIT_ROW__TYPE__SAVINGS, "SAVINGS", 10},
    {IHURIRO__V1__DEPOSIT_ROW__TYPE__COMPULSORY, "COMPULSORY", 3},
    {IHURIRO__V1__DEPOSIT_ROW__TYPE__TERM, "TERM", 100},
    {IHURIRO__V1__DEPOSIT_ROW__TYPE__OTHER, "OTHER", 15},
};
#define DEFAULT_COLLECTIONS_PERCENT 50

uint32_t run_off_percent(const PbSettings *settings, int deposit_type)
{
    const struct default_row *row = NULL;
    for (size_t i = 0; i < sizeof default_run_off / sizeof default_run_off[0]; i++) {
        row = default_run_off[i].type == deposit_type ? &default_run_off[i] : row;
    }
    for (size_t i = 0; row != NULL && settings != NULL && i < settings->n_run_off; i++) {
        if (strcmp(settings->run_off[i]->type, row->name) == 0) {
            return settings->run_off[i]->percent;
        }
    }
    return row == NULL ? 100 : row->percent;
}

uint32_t collections_counted(const PbSettings *settings)
{
    return settings != NULL && settings->has_collections_percent ? settings->collections_percent
                                                                 : DEFAULT_COLLECTIONS_PERCENT;
}

/* ---- R13 ---- */

#define TERM_TYPE IHURIRO__V1__DEPOSIT_ROW__TYPE__TERM

static void add_percent(struct sum *sum, struct sum amount, uint32_t percent)
{
    int64_t hundredths = 0;
    bool fits = !__builtin_mul_overflow(amount.value, (int64_t)percent, &hundredths);
    sum_add(sum, fits && !amount.is_unknown, hundredths);
}

/* Of each kind of deposits what runs off in thirty days, in hundredths. */
static struct sum run_off_30(const struct ratio_inputs *inputs)
{
    const PbLiquidity *liquidity = liquidity_of(inputs);
    struct sum sum = {.is_unknown = liquidity == NULL || liquidity->n_deposits == 0};
    bool has_term = false;
    for (size_t i = 0; !sum.is_unknown && i < liquidity->n_deposits; i++) {
        const PbDepositRow *row = liquidity->deposits[i];
        struct sum amount = {.is_unknown = !row->has_balance, .value = row->balance};
        if ((int)row->type == TERM_TYPE && row->balance != 0) {
            has_term = true; /* what falls due is that of all its rows */
            continue;
        }
        add_percent(&sum, amount, run_off_percent(inputs->settings, (int)row->type));
    }
    if (has_term) {
        add_percent(&sum,
                    maturing(liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, 0, 30),
                    run_off_percent(inputs->settings, TERM_TYPE));
    }
    return sum;
}

static struct sum borrowings_due_30(const PbLiquidity *liquidity)
{
    struct sum sum = maturing(liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, 0, 30);
    if (liquidity != NULL && liquidity->has_borrowings_overdue) {
        ADD(&sum, liquidity, borrowings_overdue);
    }
    return sum;
}

static bool coverage_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    const PbLiquidity *liquidity = liquidity_of(inputs);
    struct sum liquid = ready_cash(inputs);
    ADD(&liquid, liquidity, govt_unencumbered);
    struct sum fixed = borrowings_due_30(liquidity);
    ADD(&fixed, liquidity, opex_30d);
    ADD(&fixed, liquidity, committed_disbursements_30d);
    struct sum out = run_off_30(inputs);
    add_percent(&out, fixed, 100);
    struct sum in = {0};
    struct sum placements = {0};
    ADD(&placements, liquidity, bank_term_30);
    add_percent(&in, maturing(liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS, 0, 30),
                collections_counted(inputs->settings));
    add_percent(&in, placements, 100);
    /* Inflows count up to three quarters of the outflows. */
    struct sum least = out;
    sum_scale(&least, 1, 4);
    sum_subtract(&out, !in.is_unknown, in.value);
    if (!out.is_unknown && !least.is_unknown && out.value < least.value) {
        out = least;
    }
    struct sum hundredths = {0};
    add_percent(&hundredths, liquid, 100);
    return parts_of(&hundredths, &out, ret_parts);
}

/* ---- R14 ---- */

static struct sum stable_deposits(const PbLiquidity *liquidity)
{
    struct sum sum = {.is_unknown = liquidity == NULL || liquidity->n_deposits == 0};
    for (size_t i = 0; !sum.is_unknown && i < liquidity->n_deposits; i++) {
        int type = (int)liquidity->deposits[i]->type;
        if (type == IHURIRO__V1__DEPOSIT_ROW__TYPE__SAVINGS ||
            type == IHURIRO__V1__DEPOSIT_ROW__TYPE__COMPULSORY || type == TERM_TYPE) {
            ADD(&sum, liquidity->deposits[i], balance);
        }
    }
    return sum;
}

static bool stable_funding_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    const PbLiquidity *liquidity = liquidity_of(inputs);
    const PbPortfolio *portfolio = portfolio_of(inputs);
    int borrowings = IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS;
    struct sum have = {0};
    add_percent(&have, equity(inputs), 100);
    add_percent(&have, maturing(liquidity, borrowings, 366, -1), 100);
    add_percent(&have, stable_deposits(liquidity), 90);
    add_percent(&have, maturing(liquidity, borrowings, 181, 365), 50);

    struct sum glp = {0};
    ADD(&glp, portfolio, glp);
    struct sum within = maturing(liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS, 0, 365);
    within.value = within.value > glp.value ? glp.value : within.value; /* interest is in it */
    struct sum later = glp;
    sum_subtract(&later, !within.is_unknown, within.value);
    struct sum placements = {0};
    ADD(&placements, liquidity, bank_term_30);
    ADD(&placements, liquidity, bank_term_31_90);
    ADD(&placements, liquidity, bank_term_over_90);
    struct sum fixed = {0};
    ADD(&fixed, capital_of(inputs), fixed_assets);
    struct sum need = {0};
    add_percent(&need, within, 50);
    add_percent(&need, later, 85);
    add_percent(&need, fixed, 100);
    add_percent(&need, placements, 15);
    return parts_of(&have, &need, ret_parts);
}

/* ---- deposits ---- */

static bool loan_to_deposit_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum glp = {0};
    struct sum deposits = deposits_of(inputs);
    ADD(&glp, portfolio_of(inputs), glp);
    return parts_of(&glp, &deposits, ret_parts);
}

static bool loans_to_resources_parts(const struct ratio_inputs *inputs,
                                     struct ratio_parts *ret_parts)
{
    struct sum glp = {0};
    struct sum resources = {0};
    ADD(&glp, portfolio_of(inputs), glp);
    ADD(&resources, capital_of(inputs), total_assets);
    return parts_of(&glp, &resources, ret_parts);
}

#define MONTH_DAYS 28 /* the shortest */

/* From what stood a month before: of a month's report the one before it, of weeks and days as many
 * as make a month (D39). */
static bool run_off_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    const struct ratio_inputs *then = inputs;
    struct sum interest = {0};
    if (liquidity_of(inputs) == NULL) {
        return false;
    }
    int32_t last_day = inputs->liquidity->period->end_day - MONTH_DAYS;
    do {
        ADD(&interest, liquidity_of(then), interest_credited);
        then = then->before;
    } while (liquidity_of(then) != NULL && then->liquidity->period->end_day > last_day);
    struct sum opening = deposits_of(then);
    struct sum closing = deposits_of(inputs);
    struct sum lost = opening;
    sum_add(&lost, !interest.is_unknown, interest.value);
    sum_subtract(&lost, !closing.is_unknown, closing.value);
    lost.value = lost.value < 0 ? 0 : lost.value;
    return parts_of(&lost, &opening, ret_parts);
}

static bool withdrawal_rate_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum withdrawn = {0};
    struct sum opening = deposits_of(inputs->before);
    ADD(&withdrawn, liquidity_of(inputs), deposit_withdrawal);
    return parts_of(&withdrawn, &opening, ret_parts);
}

static bool gap_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    const PbLiquidity *liquidity = liquidity_of(inputs);
    struct sum gap = maturing(liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS, 0, 30);
    struct sum term = maturing(liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, 0, 30);
    struct sum borrowed = borrowings_due_30(liquidity);
    struct sum assets = {0};
    ADD(&gap, liquidity, bank_term_30);
    sum_subtract(&gap, !term.is_unknown, term.value);
    sum_subtract(&gap, !borrowed.is_unknown, borrowed.value);
    SUBTRACT(&gap, liquidity, opex_30d);
    SUBTRACT(&gap, liquidity, committed_disbursements_30d);
    ADD(&assets, capital_of(inputs), total_assets);
    return parts_of(&gap, &assets, ret_parts);
}

static bool depositors_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    struct sum top = {0};
    struct sum deposits = deposits_of(inputs);
    ADD(&top, exposures_of(inputs), top20_depositors);
    return parts_of(&top, &deposits, ret_parts);
}

const struct ratio ratios_liquidity[] = {
    {"R11", "Liquidity ratio",
     "liquid assets, each by its weight in the settings (without them cash + central_bank + "
     "bank_demand + emoney + bank_term_30 + bank_term_31_90 + govt_unencumbered) / deposits",
     .parts = liquidity_parts},
    {"R12", "Cash ratio", "(cash + central_bank + bank_demand + emoney) / deposits",
     .parts = cash_parts},
    {"R13", "Liquidity coverage (30 days)",
     "(cash + central_bank + bank_demand + emoney + govt_unencumbered) / the greater of outflows - "
     "inflows and a quarter of the outflows; out: run-off of deposits by the settings + borrowings "
     "due in 30 days + opex_30d + committed_disbursements_30d; in: the counted part of collections "
     "in 30 days + bank_term_30",
     .parts = coverage_parts},
    {"R14", "Stable funding",
     "(equity + borrowings over a year + 90 % of SAVINGS, COMPULSORY and TERM deposits + 50 % of "
     "borrowings of 181 to 365 days) / (50 % of loans due within a year + 85 % of other loans + "
     "fixed_assets + 15 % of placements)",
     .parts = stable_funding_parts},
    {"R15.LTD", "Loan-to-deposit", "glp / deposits", .parts = loan_to_deposit_parts},
    {"R15.RES", "Loans to total resources", "glp / total_assets",
     .parts = loans_to_resources_parts},
    {"R16.NET", "Deposit run-off",
     "(deposits a month before + interest_credited since - deposits, 0 where it is less) / "
     "deposits "
     "a month before",
     .needs_before = true, .parts = run_off_parts},
    {"R16.GROSS", "Gross withdrawal rate", "deposit_withdrawal / deposits a period before",
     .needs_before = true, .parts = withdrawal_rate_parts},
    {"R19", "Gap over 30 days",
     "(collections in 30 days + bank_term_30 - term deposits due in 30 days - borrowings due in 30 "
     "days - opex_30d - committed_disbursements_30d) / total_assets",
     .parts = gap_parts},
    {"R20", "Depositor concentration", "top20_depositors / deposits", .parts = depositors_parts},
    {0},
};
