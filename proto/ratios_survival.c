/* R17, R18 and R33: for how long the money lasts, and what is lacking (DOMAIN D50, D51). */
#include <string.h>

#include "proto/prudential.h"
#include "proto/ratios_inside.h"

/* ---- R17: days at this month's burn ---- */

/* Flows of other days than the liquidity report's (a quarter's costs, D39) are none of its burn. */
static bool is_same_period(const struct ratio_inputs *inputs, const PbReport *report)
{
    return report != NULL && report->period->start_day == inputs->liquidity->period->start_day &&
           report->period->end_day == inputs->liquidity->period->end_day;
}

/* What the period's flows took away. */
static struct sum burn_of(const struct ratio_inputs *inputs, int64_t days)
{
    const PbLiquidity *liquidity = liquidity_of(inputs);
    const PbPortfolio *portfolio =
        is_same_period(inputs, inputs->portfolio) ? portfolio_of(inputs) : NULL;
    const PbCapital *capital = is_same_period(inputs, inputs->capital) ? capital_of(inputs) : NULL;
    struct sum opex = {0};
    ADD(&opex, capital, staff_cost);
    ADD(&opex, capital, other_opex);
    if (opex.is_unknown) {
        opex = (struct sum){0};
        ADD(&opex, liquidity, opex_30d);
        sum_scale(&opex, days, 30);
    }
    struct sum burn = opex;
    ADD(&burn, liquidity, deposit_withdrawal);
    ADD(&burn, liquidity, debt_service_paid);
    ADD(&burn, portfolio, disbursed);
    SUBTRACT(&burn, liquidity, deposit_inflow);
    SUBTRACT(&burn, portfolio, principal_collected);
    SUBTRACT(&burn, portfolio, interest_collected);
    return burn;
}

static bool burn_days_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    int64_t hundredths = 0;
    if (!liquid_hundredths(inputs, &hundredths)) {
        return false;
    }
    int64_t days = days_of(inputs->liquidity->period);
    struct sum burn = burn_of(inputs, days);
    if (burn.is_unknown) {
        return false;
    }
    if (burn.value <= 0) {
        *ret_parts = (struct ratio_parts){DAYS_WITHOUT_BURN, 1};
        return true;
    }
    wide lasts = (wide)hundredths * days / ((wide)burn.value * 100);
    lasts = lasts < 0 ? 0 : lasts;
    *ret_parts =
        (struct ratio_parts){lasts > DAYS_WITHOUT_BURN ? DAYS_WITHOUT_BURN : (int64_t)lasts, 1};
    return true;
}

/* ---- the path: what is there on each day ---- */

#define DEPOSIT_TYPES (IHURIRO__V1__DEPOSIT_ROW__TYPE__OTHER + 1)

/* What a path needs of report and settings, once for all its days. */
struct path {
    const PbLiquidity *liquidity;
    uint32_t run_off[DEPOSIT_TYPES]; /* percent in 30 days, by type */
    int64_t liquid;                  /* R11's numerator */
    int64_t lines;                   /* that can be drawn */
    int64_t overdue;                 /* borrowings, to be paid on day 0 */
    int64_t opex;                    /* for 30 days */
    int64_t committed;               /* disbursements within 30 days */
    uint32_t collections_percent;
};

static bool path_open(const struct ratio_inputs *inputs, uint32_t collections_percent,
                      uint32_t lines_percent, struct path *ret_path)
{
    const PbLiquidity *liquidity = liquidity_of(inputs);
    struct sum opex = {0};
    struct sum committed = {0};
    struct sum lines = {0};
    int64_t hundredths = 0;
    ADD(&opex, liquidity, opex_30d);
    ADD(&committed, liquidity, committed_disbursements_30d);
    if (lines_percent > 0) {
        ADD(&lines, liquidity, committed_undrawn);
    }
    if (opex.is_unknown || committed.is_unknown || lines.is_unknown ||
        !liquid_hundredths(inputs, &hundredths)) {
        return false;
    }
    *ret_path = (struct path){
        .liquidity = liquidity,
        .liquid = hundredths / 100,
        .lines = (int64_t)((wide)lines.value * lines_percent / 100),
        .overdue = liquidity->has_borrowings_overdue ? liquidity->borrowings_overdue : 0,
        .opex = opex.value,
        .committed = committed.value,
        .collections_percent = collections_percent,
    };
    for (int type = 0; type < DEPOSIT_TYPES; type++) {
        ret_path->run_off[type] = run_off_percent(inputs->settings, type);
    }
    return true;
}

/* Liquid assets on a day, before withdrawals; each share of a bucket is rounded down. */
static bool path_at(const struct path *path, int32_t day, wide *ret_amount)
{
    struct sum collected =
        maturing_until(path->liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS, day);
    struct sum repaid =
        maturing_until(path->liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, day);
    if (collected.is_unknown || repaid.is_unknown) {
        return false;
    }
    *ret_amount = (wide)path->liquid + path->lines +
                  (wide)collected.value * path->collections_percent / 100 - repaid.value -
                  path->overdue - (wide)path->opex * day / 30 -
                  (wide)path->committed * (day < 30 ? day : 30) / 30;
    return true;
}

/* ---- R18 ---- */

#define TERM_TYPE IHURIRO__V1__DEPOSIT_ROW__TYPE__TERM

/* Settings name the types of this schema only: another is not in them. */
static uint32_t run_off_of(const struct path *path, int type)
{
    return type >= 0 && type < DEPOSIT_TYPES ? path->run_off[type] : run_off_percent(NULL, type);
}

/* What of all deposits is withdrawn up to a day, each kind until it is gone. */
static bool withdrawn_until(const struct path *path, uint32_t speed_percent, int32_t day,
                            wide *ret_amount)
{
    wide sum = 0;
    wide term = 0;
    for (size_t i = 0; i < path->liquidity->n_deposits; i++) {
        const PbDepositRow *row = path->liquidity->deposits[i];
        wide percent = (wide)run_off_of(path, (int)row->type) * speed_percent;
        wide gone = (wide)row->balance * percent * day / ((wide)100 * 100 * 30);
        if (!row->has_balance) {
            return false;
        }
        if ((int)row->type == TERM_TYPE) {
            term += row->balance;
        } else {
            sum += gone > row->balance ? row->balance : gone;
        }
    }
    if (term != 0) { /* what falls due is that of all its rows */
        wide percent = (wide)path->run_off[TERM_TYPE] * speed_percent;
        struct sum due =
            maturing_until(path->liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, day);
        if (due.is_unknown) {
            return false;
        }
        wide gone = due.value * percent / ((wide)100 * 100);
        sum += gone > term ? term : gone;
    }
    *ret_amount = sum;
    return path->liquidity->n_deposits > 0;
}

bool survival_horizon(const struct ratio_inputs *inputs, const Ihuriro__V1__Scenario *scenario,
                      int64_t *ret_days)
{
    struct path path;
    if (!path_open(inputs, scenario->collections_percent, scenario->lines_percent, &path)) {
        return false;
    }
    for (int32_t day = 0; day < HORIZON_DAYS_MAX; day++) {
        wide have = 0;
        wide withdrawn = 0;
        if (!path_at(&path, day, &have) ||
            !withdrawn_until(&path, scenario->run_off_percent, day, &withdrawn)) {
            return false;
        }
        if (have < withdrawn) {
            *ret_days = day;
            return true;
        }
    }
    *ret_days = HORIZON_DAYS_MAX;
    return true;
}

/* Where the settings have none: as contracted, and DOMAIN 1.7's stress. */
static const Ihuriro__V1__Scenario *scenario_of(const PbSettings *settings, bool is_stress,
                                                Ihuriro__V1__Scenario *own)
{
    const char *code = is_stress ? "STRESS" : "BASE";
    for (size_t i = 0; settings != NULL && i < settings->n_scenarios; i++) {
        if (strcmp(settings->scenarios[i]->code, code) == 0) {
            return settings->scenarios[i];
        }
    }
    ihuriro__v1__scenario__init(own);
    own->collections_percent = is_stress ? 60 : 100;
    own->run_off_percent = is_stress ? 200 : 100;
    own->lines_percent = is_stress ? 0 : 100;
    return own;
}

static bool horizon_parts(const struct ratio_inputs *inputs, bool is_stress,
                          struct ratio_parts *ret_parts)
{
    Ihuriro__V1__Scenario own;
    struct sum days = {0};
    days.is_unknown =
        !survival_horizon(inputs, scenario_of(inputs->settings, is_stress, &own), &days.value);
    return parts_single(&days, ret_parts);
}

static bool horizon_base_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return horizon_parts(inputs, false, ret_parts);
}

static bool horizon_stress_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    return horizon_parts(inputs, true, ret_parts);
}

/* ---- R33 ---- */

static bool lacking_at(const struct path *path, const struct stress *stress, wide deposits,
                       int32_t day, wide *ret_lacking)
{
    wide have = 0;
    if (!path_at(path, day, &have)) {
        return false;
    }
    wide withdrawn =
        deposits * stress->withdrawals_percent * day / ((wide)100 * stress->horizon_days);
    wide lacking = (wide)stress->minimum_bp * (deposits - withdrawn) / 10000 - (have - withdrawn);
    *ret_lacking = lacking > 0 ? lacking : 0;
    return true;
}

bool emergency_need(const struct ratio_inputs *inputs, const struct stress *stress,
                    int64_t *ret_need)
{
    struct path path;
    struct sum deposits = deposits_of(inputs);
    wide most = 0;
    if (stress->horizon_days < 1 || deposits.is_unknown ||
        !path_open(inputs, stress->collections_percent, stress->lines_percent, &path)) {
        return false;
    }
    /* Between the ladder's edges all grows evenly: the worst moment is at one of them (the first is
     * today), or at the end. */
    const PbLiquidity *liquidity = path.liquidity;
    for (size_t i = 0; i < liquidity->n_maturities + 2; i++) {
        int32_t day = i < liquidity->n_maturities    ? liquidity->maturities[i]->to_day
                      : i == liquidity->n_maturities ? stress->horizon_days
                                                     : 0;
        wide lacking = 0;
        if (day < 0 || day > stress->horizon_days) {
            continue;
        }
        if (!lacking_at(&path, stress, deposits.value, day, &lacking)) {
            return false;
        }
        most = lacking > most ? lacking : most;
    }
    if (most > INT64_MAX) {
        return false;
    }
    *ret_need = (int64_t)most;
    return true;
}

/* Where the scenario does not say: DOMAIN gives the formula, not the marks. */
#define NEED_HORIZON_DAYS        90
#define NEED_WITHDRAWALS_PERCENT 20

static bool need_parts(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts)
{
    Ihuriro__V1__Scenario own;
    const Ihuriro__V1__Scenario *scenario = scenario_of(inputs->settings, true, &own);
    const PbPrudentialLimit *limit = inputs->liquidity == NULL
                                         ? NULL
                                         : limit_find(inputs->settings, "R11", inputs->category,
                                                      inputs->liquidity->period->end_day);
    if (limit == NULL || !limit->has_red) {
        return false;
    }
    struct stress stress = {
        .horizon_days =
            scenario->has_horizon_days ? (int32_t)scenario->horizon_days : NEED_HORIZON_DAYS,
        .withdrawals_percent = scenario->has_withdrawals_percent ? scenario->withdrawals_percent
                                                                 : NEED_WITHDRAWALS_PERCENT,
        .collections_percent = scenario->collections_percent,
        .lines_percent = scenario->lines_percent,
        .minimum_bp = limit->red,
    };
    struct sum need = {0};
    need.is_unknown = !emergency_need(inputs, &stress, &need.value);
    return parts_single(&need, ret_parts);
}

const struct ratio ratios_survival[] = {
    {"R17", "Days at this month's burn",
     "liquid assets (as R11) / what the period's flows took away a day: deposit_withdrawal + opex "
     "+ debt_service_paid + disbursed - deposit_inflow - principal_collected - interest_collected; "
     "9999: nothing was taken away",
     .unit = RATIO_DAYS, .is_single = true, .parts = burn_days_parts},
    {"R18.BASE", "Days under the base scenario",
     "the first day on which liquid assets + lines + collections do not suffice for run-off, "
     "borrowings due, opex and committed disbursements; 366: none within a year",
     .unit = RATIO_DAYS, .is_single = true, .parts = horizon_base_parts},
    {"R18.STRESS", "Days under the stress scenario",
     "as R18.BASE, with the stress scenario's collections, run-off and lines", .unit = RATIO_DAYS,
     .is_single = true, .parts = horizon_stress_parts},
    {"R33", "Emergency need",
     "what is lacking at the worst moment of the stress scenario's horizon to keep the minimum "
     "liquidity ratio",
     .unit = RATIO_MONEY, .is_amount = true, .parts = need_parts},
    {0},
};
