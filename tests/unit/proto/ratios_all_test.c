/* The ratios beside those of the loan book itself: results, capital, survival, and over time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "proto/period.h"
#include "proto/ratios.h"
#include "tests/support/reports.h"

#define MONTHS 14

#define SET(message, field, value_) ((message)->has_##field = 1, (message)->field = (value_))

/* Months that follow one another, the newest first. */
struct bench {
    struct arena arena;
    struct ratio_inputs months[MONTHS];
};

static void bench_close(struct bench *bench)
{
    arena_close(&bench->arena);
}

static void add_collections(struct arena *arena, PbLiquidity *liquidity)
{
    static const struct {
        int32_t from_day;
        int32_t to_day;
        int64_t amount; /* 5,000 a day */
    } rows[] = {
        {0, 7, 40000}, {8, 30, 115000}, {31, 90, 300000}, {91, 180, 450000}, {181, 365, 925000},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    size_t held = liquidity->n_maturities;
    PbMaturityRow **all = arena_take(arena, (held + count) * sizeof *all);
    assert_non_null(all);
    memcpy(all, liquidity->maturities, held * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        PbMaturityRow *row = arena_take(arena, sizeof *row);
        assert_non_null(row);
        ihuriro__v1__maturity_row__init(row);
        row->item = IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS;
        row->from_day = rows[i].from_day;
        row->to_day = rows[i].to_day;
        SET(row, amount, rows[i].amount);
        all[held + i] = row;
    }
    liquidity->maturities = all;
    liquidity->n_maturities = held + count;
}

static void bench_open(struct bench *bench, int months)
{
    static const char *const keys[MONTHS] = {"2020-06", "2020-05", "2020-04", "2020-03", "2020-02",
                                             "2020-01", "2019-12", "2019-11", "2019-10", "2019-09",
                                             "2019-08", "2019-07", "2019-06", "2019-05"};
    memset(bench, 0, sizeof *bench);
    for (int i = 0; i < months; i++) {
        struct arena *arena = &bench->arena;
        bench->months[i] = (struct ratio_inputs){
            .portfolio = report_of_portfolio(arena, "RW-MF-412", keys[i], 1),
            .liquidity = report_of_liquidity(arena, "RW-MF-412", keys[i], 1),
            .operations = report_of_operations(arena, "RW-MF-412", keys[i], 1),
            .capital = report_of_capital(arena, "RW-MF-412", keys[i], 1),
            .exposures = report_of_exposures(arena, "RW-MF-412", keys[i], 1),
            .before = i + 1 < months ? &bench->months[i + 1] : NULL,
        };
        PbLiquidity *liquidity = bench->months[i].liquidity->liquidity;
        PbPortfolio *portfolio = bench->months[i].portfolio->portfolio;
        add_collections(arena, liquidity);
        SET(liquidity, opex_30d, 30000);
        SET(liquidity, committed_disbursements_30d, 60000);
        SET(liquidity, committed_undrawn, 100000);
        SET(liquidity, debt_service_paid, 60000);
        SET(portfolio, interest_collected, 40000);
        SET(portfolio, principal_due, 100000);
        SET(portfolio, principal_collected_on_due, 80000);
    }
}

static void assert_value(const struct bench *bench, const char *id, int64_t wanted)
{
    const struct ratio *ratio = ratio_find(id);
    assert_non_null(ratio);
    struct ratio_value value = ratio_compute(ratio, &bench->months[0]);
    if (value.is_null || value.value != wanted) {
        fail_msg("%s is %s%lld, not %lld", id, value.is_null ? "null " : "", (long long)value.value,
                 (long long)wanted);
    }
}

static void assert_null_ratio(const struct bench *bench, const char *id)
{
    struct ratio_value value = ratio_compute(ratio_find(id), &bench->months[0]);
    if (!value.is_null) {
        fail_msg("%s is %lld", id, (long long)value.value);
    }
}

struct wanted {
    const char *id;
    int64_t value;
};

static void ratios_of_one_month_are_those_of_their_formulae(void **state)
{
    static const struct wanted wanted[] = {
        {"R08.NPL", 6000},      /* 120,000 / 200,000 */
        {"R08.SHORTFALL", 0},   /* 61,000 required, 120,000 held */
        {"R09", 8000},          /* 80,000 / 100,000 */
        {"R13", 25518},         /* 800,000 / (491,000 - 177,500) */
        {"R14", 24989},         /* 2,930,000 / 1,172,500 */
        {"R15.RES", 3750},      /* 1,500,000 / 4,000,000 */
        {"R19", -213},          /* -85,000 / 4,000,000 = -212.5, half away from zero */
        {"R21.CAR", 4200},      /* 1,050,000 / 2,500,000 */
        {"R21.T1", 4000},       /* 1,000,000 / 2,500,000 */
        {"R22", 3000},          /* 1,200,000 / 4,000,000 */
        {"R23", 4000},          /* (600,000 - 120,000) / 1,200,000 */
        {"R24", 6500},          /* (900,000 - 120,000) / 1,200,000 */
        {"R25", 16667},         /* 70,000 / 42,000 */
        {"R27.COST", 5818},     /* 32,000 / 55,000 */
        {"R28.WOMEN", 5000},    /* 2 of 4 */
        {"R28.LOAN", 375000},   /* 1,500,000 / 4 */
        {"R28.OFFICER", 1},     /* 4 / 3 */
        {"R29.SHARE", 3000},    /* 30 of 100 */
        {"R29.ADOPTION", 2000}, /* 40 of 200 */
        {"R30.APPROVED", 7500}, /* 18 of 24 */
        {"R30.BACKLOG", 10},    /* 8 / (24 / 30 days) */
        {"R31.DEPOSITS", 2500}, /* 500,000 / 2,000,000 */
        {"R31.LIQUID", 5556},   /* 500,000 / 900,000 */
        {"R32.BORROWER_CAP", 6000},
        {"R32.BORROWER_DEP", 3000},
        {"R32.INSIDER", 500},
        {"R32.RELATED", 1000},
        {"R34", 4000},
        {"R35", 375},
        {"R36", 750},
    };
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_value(&bench, wanted[i].id, wanted[i].value);
    }
}

static void without_tier1_core_capital_is_equity(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    bench.months[0].capital->capital->has_tier1 = 0;
    assert_value(&bench, "R32.BORROWER_CAP", 5000); /* 600,000 / 1,200,000 */
    assert_null_ratio(&bench, "R21.CAR");
    bench.months[0].capital->capital->has_donated = 0; /* then assets less liabilities: the same */
    assert_value(&bench, "R22", 3000);
    bench.months[0].capital->capital->has_total_liabilities = 0;
    assert_null_ratio(&bench, "R22");
}

static void a_shortfall_is_what_the_allowance_lacks(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    bench.months[0].portfolio->portfolio->allowance = 60000;
    assert_value(&bench, "R08.SHORTFALL", 1000);
    bench.months[0].portfolio->portfolio->classes[2]->has_required_provision = 0;
    assert_null_ratio(&bench, "R08.SHORTFALL");
}

/* ---- over time ---- */

static void twelve_months_of_write_offs_are_over_the_mean_of_thirteen_ends(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 14);
    for (int i = 0; i < 14; i++) {
        PbPortfolio *portfolio = bench.months[i].portfolio->portfolio;
        portfolio->written_off = i < 12 ? 10000 : 900000; /* older ones do not count */
        portfolio->recovered = 4000;
        portfolio->glp = i < 13 ? 1000000 + 10000 * i : 1; /* mean of 13: 1,060,000 */
    }
    assert_value(&bench, "R05", 1132); /* 120,000 / 1,060,000 */
    assert_value(&bench, "R06", 679);  /* 72,000 / 1,060,000 */
}

static void fewer_months_are_annualised(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 3); /* June, May, April: 91 days, no opening */
    for (int i = 0; i < 3; i++) {
        bench.months[i].portfolio->portfolio->written_off = 10000;
        bench.months[i].portfolio->portfolio->glp = 1000000;
    }
    assert_value(&bench, "R05", 1203); /* 30,000 x 365 / 91 = 120,330 */
    bench.months[1].portfolio->portfolio->has_written_off = 0;
    assert_null_ratio(&bench, "R05");
}

/* Periods of one length that follow one another, the newest first; each wrote off 1,000 of
 * 1,000,000. */
static void chain(struct bench *bench, struct ratio_inputs *inputs, int count,
                  enum frequency frequency, const char *newest)
{
    struct period period;
    assert_int_equal(period_parse(newest, &period), ERR_OK);
    assert_int_equal(period.frequency, frequency);
    for (int i = 0; i < count; i++) {
        char key[PERIOD_KEY_MAX + 1];
        period_format(&period, key);
        PbReport *report = report_of_portfolio(&bench->arena, "RW-MF-412", key, 1);
        report->portfolio->written_off = 1000;
        report->portfolio->glp = 1000000;
        inputs[i] = (struct ratio_inputs){.portfolio = report,
                                          .before = i + 1 < count ? &inputs[i + 1] : NULL};
        period = period_previous(&period);
    }
}

static void a_year_of_write_offs_is_a_year_whatever_the_frequency(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    struct ratio_inputs inputs[60];
    static const struct {
        const char *newest;
        enum frequency frequency;
        int64_t full; /* with 60 periods */
        int64_t few;  /* with 2, of which one day, week or quarter each */
    } rows[] = {
        {"2020-Q2", FREQUENCY_Q, 40, 40},        /* 4 quarters; 2,000 x 365 / 182 = 4,011 */
        {"2020-W26", FREQUENCY_W, 521, 521},     /* 52,000 x 365 / 364; 2,000 x 365 / 14 */
        {"2020-06", FREQUENCY_M, 120, 120},      /* 12 months; 2,000 x 365 / 61 = 11,967 */
        {"2020-06-30", FREQUENCY_D, 3650, 3650}, /* 60 and 2 days, both annualised */
    };
    memset(&bench, 0, sizeof bench);
    const struct ratio *ratio = ratio_find("R05");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        chain(&bench, inputs, 60, rows[i].frequency, rows[i].newest);
        assert_int_equal(ratio_compute(ratio, &inputs[0]).value, rows[i].full);
        inputs[1].before = NULL;
        assert_int_equal(ratio_compute(ratio, &inputs[0]).value, rows[i].few);
    }
}

static void deposits_that_left_a_week_reporter_are_those_of_four_weeks(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench = {0};
    struct ratio_inputs weeks[6];
    static const char *const keys[] = {"2020-W26", "2020-W25", "2020-W24",
                                       "2020-W23", "2020-W22", "2020-W21"};
    for (int i = 0; i < 6; i++) {
        PbReport *report = report_of_liquidity(&bench.arena, "RW-MF-412", keys[i], 1);
        report->liquidity->deposits[1]->balance += 50000 * i;
        report->liquidity->interest_credited = 1000;
        weeks[i] =
            (struct ratio_inputs){.liquidity = report, .before = i < 5 ? &weeks[i + 1] : NULL};
    }
    /* 2,200,000 four weeks before, 4,000 of interest, 2,000,000 now */
    struct ratio_value value = ratio_compute(ratio_find("R16.NET"), &weeks[0]);
    assert_false(value.is_null);
    assert_int_equal(value.value, 927);
    weeks[2].before = NULL; /* a gap: not known */
    assert_true(ratio_compute(ratio_find("R16.NET"), &weeks[0]).is_null);
}

static void written_off_claims_need_no_provision(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    PbPortfolio *portfolio = bench.months[0].portfolio->portfolio;
    static char memo[] = "WO";
    portfolio->allowance = 60000;
    portfolio->classes[4]->code = memo;
    portfolio->classes[4]->required_provision = 777;
    assert_value(&bench, "R08.SHORTFALL", 1000);
}

static void roll_rates_compare_a_bucket_with_the_one_below_it_a_month_before(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 2);
    assert_value(&bench, "R10.1", 5000);   /* 300,000 / 600,000 */
    assert_value(&bench, "R10.31", 13333); /* 400,000 / 300,000 */
    assert_value(&bench, "R10.61", 0);     /* 0 / 400,000 */
    assert_null_ratio(&bench, "R10.91");   /* nothing stood between 61 and 90 */
    bench.months[0].before = NULL;
    assert_null_ratio(&bench, "R10.1");
}

static void deposits_that_left_are_compared_with_those_of_the_month_before(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 2);
    assert_value(&bench, "R16.NET", 0);
    assert_value(&bench, "R16.GROSS", 1250); /* 250,000 / 2,000,000 */
    bench.months[0].liquidity->liquidity->deposits[1]->balance -= 300000;
    bench.months[0].liquidity->liquidity->interest_credited = 20000;
    assert_value(&bench, "R16.NET", 1600); /* 320,000 / 2,000,000 */
    bench.months[0].liquidity->liquidity->deposits[1]->balance += 900000;
    assert_value(&bench, "R16.NET", 0); /* more came than went */
}

static void results_are_annualised_over_the_mean_of_both_ends(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 2);
    bench.months[1].capital->capital->total_assets = 3800000; /* mean 3,900,000 */
    /* net income 70,000 + 2,000 - 15,000 + 5,000 - 32,000 - 3,000 = 27,000; a year 328,500 */
    assert_value(&bench, "R26.ROA", 842);
    assert_value(&bench, "R26.ROE", 2738);   /* / 1,200,000 */
    assert_value(&bench, "R27.OPEX", 2596);  /* 32,000 x 365 / 30 = 389,333 / 1,500,000 */
    assert_value(&bench, "R27.YIELD", 4867); /* 730,000 / 1,500,000 */
    bench.months[0].before = NULL;
    assert_null_ratio(&bench, "R26.ROA");
    assert_null_ratio(&bench, "R27.YIELD");
}

/* ---- survival ---- */

static void days_at_this_months_burn_are_rounded_down(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    assert_value(&bench, "R17", 133); /* 900,000 / (202,000 / 30 days) */
    bench.months[0].capital = NULL;   /* operating cost from the liquidity report */
    assert_value(&bench, "R17", 135); /* 900,000 / (200,000 / 30) */
    bench.months[0].capital = report_of_capital(&bench.arena, "RW-MF-412", "2020-Q2", 1);
    bench.months[0].capital->capital->staff_cost = 90000; /* of a quarter: none of this month's */
    assert_value(&bench, "R17", 135);
    bench.months[0].liquidity->liquidity->deposit_inflow = 500000;
    assert_value(&bench, "R17", DAYS_WITHOUT_BURN);
    bench.months[0].liquidity->liquidity->has_debt_service_paid = 0;
    assert_null_ratio(&bench, "R17");
}

static void the_horizon_is_the_first_day_on_which_the_money_does_not_suffice(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    assert_value(&bench, "R18.BASE", 185); /* both computed apart, with exact fractions */
    assert_value(&bench, "R18.STRESS", 48);
    Ihuriro__V1__Scenario hard = IHURIRO__V1__SCENARIO__INIT;
    hard.collections_percent = 30;
    hard.run_off_percent = 300;
    int64_t days = 0;
    assert_true(survival_horizon(&bench.months[0], &hard, &days));
    assert_int_equal(days, 29);
    bench.months[0].liquidity->liquidity->cash = 100000000;
    assert_value(&bench, "R18.STRESS", HORIZON_DAYS_MAX);
    bench.months[0].liquidity->liquidity->has_opex_30d = 0;
    assert_null_ratio(&bench, "R18.STRESS");
}

static void term_deposits_in_two_rows_run_off_as_in_one(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    PbLiquidity *liquidity = bench.months[0].liquidity->liquidity;
    PbDepositRow more = IHURIRO__V1__DEPOSIT_ROW__INIT;
    PbDepositRow *rows[8];
    size_t count = liquidity->n_deposits;
    memcpy(rows, liquidity->deposits, count * sizeof rows[0]);
    rows[count] = &more;
    more.type = IHURIRO__V1__DEPOSIT_ROW__TYPE__TERM;
    SET(&more, balance, 1);
    for (size_t i = 0; i < count; i++) {
        rows[i]->balance -= (int)rows[i]->type == (int)more.type;
    }
    liquidity->deposits = rows;
    liquidity->n_deposits = count + 1;
    assert_value(&bench, "R13", 25518);
    assert_value(&bench, "R18.STRESS", 48);
}

static void the_emergency_need_is_that_of_the_worst_moment(void **state)
{
    static const struct {
        struct stress stress;
        int64_t need;
    } rows[] = {
        {{90, 20, 60, 0, 3000}, 107000},
        {{30, 40, 100, 100, 3000}, 245000},
        {{366, 60, 60, 0, 2000}, 238000},
        {{7, 0, 0, 0, 3000}, 0},
    };
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t need = -1;
        assert_true(emergency_need(&bench.months[0], &rows[i].stress, &need));
        assert_int_equal(need, rows[i].need);
    }
    /* 600,000 are to be kept. Today there are 500,000 and 5,000 collected, 50,000 are overdue: more
     * is lacking than on day 7 (131,000). */
    PbLiquidity *liquidity = bench.months[0].liquidity->liquidity;
    int64_t need = -1;
    liquidity->cash -= 400000;
    struct stress today = {7, 0, 100, 0, 3000};
    assert_true(emergency_need(&bench.months[0], &today, &need));
    assert_int_equal(need, 145000);
    struct stress no_time = {0, 20, 60, 0, 3000};
    assert_false(emergency_need(&bench.months[0], &no_time, &need));
    assert_null_ratio(&bench, "R33"); /* no minimum is known */
}

static void a_maturity_that_lies_across_an_edge_makes_the_ratio_null(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    bench.months[0].liquidity->liquidity->maturities[0]->to_day = 40;
    assert_null_ratio(&bench, "R13");
    assert_null_ratio(&bench, "R19");
}

/* ---- sums ---- */

static void a_sectors_ratio_is_the_sum_of_numerators_over_the_sum_of_denominators(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, 1);
    const struct ratio *ratio = ratio_find("R01");
    struct ratio_parts one;
    struct ratio_parts other;
    assert_true(ratio->parts(&bench.months[0], &one));
    bench.months[0].portfolio->portfolio->aging[3]->outstanding = 0;
    bench.months[0].portfolio->portfolio->glp = 500000;
    assert_true(ratio->parts(&bench.months[0], &other));
    struct ratio_parts both = {one.numerator + other.numerator,
                               one.denominator + other.denominator};
    struct ratio_value value = ratio_of_parts(ratio, &both);
    assert_false(value.is_null);
    assert_int_equal(value.value, 4000); /* 800,000 / 2,000,000 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_of_one_month_are_those_of_their_formulae),
        cmocka_unit_test(without_tier1_core_capital_is_equity),
        cmocka_unit_test(a_shortfall_is_what_the_allowance_lacks),
        cmocka_unit_test(twelve_months_of_write_offs_are_over_the_mean_of_thirteen_ends),
        cmocka_unit_test(fewer_months_are_annualised),
        cmocka_unit_test(a_year_of_write_offs_is_a_year_whatever_the_frequency),
        cmocka_unit_test(deposits_that_left_a_week_reporter_are_those_of_four_weeks),
        cmocka_unit_test(written_off_claims_need_no_provision),
        cmocka_unit_test(roll_rates_compare_a_bucket_with_the_one_below_it_a_month_before),
        cmocka_unit_test(deposits_that_left_are_compared_with_those_of_the_month_before),
        cmocka_unit_test(results_are_annualised_over_the_mean_of_both_ends),
        cmocka_unit_test(days_at_this_months_burn_are_rounded_down),
        cmocka_unit_test(the_horizon_is_the_first_day_on_which_the_money_does_not_suffice),
        cmocka_unit_test(term_deposits_in_two_rows_run_off_as_in_one),
        cmocka_unit_test(the_emergency_need_is_that_of_the_worst_moment),
        cmocka_unit_test(a_maturity_that_lies_across_an_edge_makes_the_ratio_null),
        cmocka_unit_test(a_sectors_ratio_is_the_sum_of_numerators_over_the_sum_of_denominators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
