/* Limits, capital bands and the stress score under Rwanda's file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "conf/country.h"
#include "proto/period.h"
#include "proto/prudential.h"
#include "proto/score.h"
#include "tests/support/reports.h"

#define RW IHURIRO_SOURCE "/conf/countries/rw.cfg"

struct bench {
    struct arena arena;
    PbSettings *settings;
    struct ratio_inputs months[4];
};

static void bench_close(struct bench *bench)
{
    arena_close(&bench->arena);
}

static void bench_open(struct bench *bench, const char *category)
{
    static const char *const keys[] = {"2024-06", "2024-05", "2024-04", "2024-03"};
    memset(bench, 0, sizeof *bench);
    assert_int_equal(country_compile(RW, &bench->arena, NULL, &bench->settings), ERR_OK);
    for (int i = 0; i < 4; i++) {
        bench->months[i] = (struct ratio_inputs){
            .portfolio = report_of_portfolio(&bench->arena, "RW-MF-412", keys[i], 1),
            .liquidity = report_of_liquidity(&bench->arena, "RW-MF-412", keys[i], 1),
            .capital = report_of_capital(&bench->arena, "RW-MF-412", keys[i], 1),
            .settings = bench->settings,
            .category = category,
            .before = i < 3 ? &bench->months[i + 1] : NULL,
        };
    }
}

static int32_t day(const char *text)
{
    int32_t number = 0;
    assert_int_equal(day_parse(text, &number), ERR_OK);
    return number;
}

static void a_limit_holds_for_its_category_and_its_time(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    const PbPrudentialLimit *limit = limit_find(bench.settings, "R11", "USACCO", day("2024-06-30"));
    assert_non_null(limit);
    assert_string_equal(limit->id, "RW-LIQ-SACCO");
    assert_string_equal(limit_find(bench.settings, "R11", "MF", day("2023-03-31"))->id,
                        "RW-LIQ-CO");
    assert_null(limit_find(bench.settings, "R11", "MF", day("2023-03-30"))); /* shipped off */
    assert_null(limit_find(bench.settings, "R11", "NDFSP", day("2024-06-30")));
    assert_null(limit_find(bench.settings, "R01", "MF", day("2024-06-30")));
    assert_non_null(limit_find(bench.settings, "R03.NPL", "NDFSP", day("2024-06-30")));
    assert_false(limit_is_confirmed(limit));
}

static void a_limit_that_is_applied_back_holds_from_then_on(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    PbPrudentialLimit limit = *limit_find(bench.settings, "R11", "USACCO", day("2024-06-30"));
    assert_false(limit_holds(&limit, "USACCO", day("2020-06-30")));
    limit.has_applied_back_to_day = 1;
    limit.applied_back_to_day = day("2019-01-01");
    assert_true(limit_holds(&limit, "USACCO", day("2020-06-30")));
    assert_true(limit_holds(&limit, "USACCO", day("2019-01-01")));
    assert_false(limit_holds(&limit, "USACCO", day("2018-12-31")));
}

static void the_edge_itself_is_within(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    const PbPrudentialLimit *least = limit_find(bench.settings, "R11", "USACCO", 20000);
    const PbPrudentialLimit *most = limit_find(bench.settings, "R03.NPL", "USACCO", 20000);
    static const struct {
        int64_t value;
        enum standing least;
        enum standing most;
    } rows[] = {
        {3500, STANDING_WITHIN, STANDING_BREACH}, {3499, STANDING_NEAR, STANDING_BREACH},
        {3000, STANDING_NEAR, STANDING_BREACH},   {2999, STANDING_BREACH, STANDING_BREACH},
        {1001, STANDING_BREACH, STANDING_BREACH}, {1000, STANDING_BREACH, STANDING_NEAR},
        {501, STANDING_BREACH, STANDING_NEAR},    {500, STANDING_BREACH, STANDING_WITHIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ratio_value value = {.value = rows[i].value};
        assert_int_equal(limit_standing(least, value), rows[i].least);
        assert_int_equal(limit_standing(most, value), rows[i].most);
    }
    assert_int_equal(limit_standing(least, (struct ratio_value){.is_null = true}),
                     STANDING_UNKNOWN);
    assert_int_equal(limit_standing(NULL, (struct ratio_value){0}), STANDING_UNKNOWN);
}

static void the_capital_band_is_the_worse_of_two(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "MF");
    assert_null(capital_band(&bench.months[0]));
    PbCapital *capital = bench.months[0].capital->capital;
    capital->tier1 = 240000; /* T1 9.6 %, CAR 11.6 % of 2,500,000 */
    assert_string_equal(capital_band(&bench.months[0])->code, "UNDERCAPITALISED");
    capital->deductions = 120000; /* CAR 8.8 % */
    assert_string_equal(capital_band(&bench.months[0])->code, "SIGNIFICANTLY");
    capital->tier1 = 140000; /* T1 5.6 % */
    assert_string_equal(capital_band(&bench.months[0])->code, "CRITICALLY");
    bench.months[0].category = "USACCO"; /* equity 30 % of assets */
    assert_null(capital_band(&bench.months[0]));
    capital->paid_in_capital = -120000; /* equity 380,000 of 4,000,000 */
    assert_string_equal(capital_band(&bench.months[0])->code, "CRITICALLY");
}

static void a_later_row_of_a_capital_band_stands_over_the_one_before(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    PbSettings *settings = bench.settings;
    PbCapitalBand lower = IHURIRO__V1__CAPITAL_BAND__INIT;
    PbCapitalBand *rows[16];
    size_t count = settings->n_capital_bands;
    static char code[] = "UNDERCAPITALISED";
    static char ratio[] = "R22";
    static char category[] = "USACCO";
    char *categories[] = {category};
    assert_true(count < sizeof rows / sizeof rows[0]);
    memcpy(rows, settings->capital_bands, count * sizeof rows[0]);
    rows[count] = &lower;
    lower.code = code;
    lower.ratio = ratio;
    lower.categories = categories;
    lower.n_categories = 1;
    lower.below = 1300; /* 15 % before */
    lower.has_from_day = 1;
    lower.from_day = day("2024-06-01");
    settings->capital_bands = rows;
    settings->n_capital_bands = count + 1;
    for (int i = 0; i < 2; i++) { /* equity 560,000 of 4,000,000: 14 % */
        bench.months[i].capital->capital->paid_in_capital += 560000 - 1200000;
    }
    assert_null(capital_band(&bench.months[0]));
    assert_string_equal(capital_band(&bench.months[1])->code, code);
    bench.months[0].capital->capital->paid_in_capital -= 200000; /* 9 %: the row behind is milder */
    assert_string_equal(capital_band(&bench.months[0])->code, "CRITICALLY");
    bench.months[0].capital->capital->paid_in_capital += 200000;
    settings->n_capital_bands = count;
    assert_string_equal(capital_band(&bench.months[0])->code, code);
}

static void the_score_adds_weighted_shares_and_leaves_out_what_is_missing(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    struct score score;
    struct score_inputs inputs = {&bench.months[0], true, 5};
    score_compute(&inputs, &score);
    /* R11 45 % is 150 % of 30 %: calm. No horizon without a ladder. PAR30R 60 %: red. No change. No
     * run-off. Equity 30 % is 200 % of 15 %: calm. R23 40 % of 50 %: 8000. 5 of 20 days: 2500. */
    static const struct {
        enum score_component component;
        int64_t value;
        int64_t share;
    } rows[] = {
        {SCORE_LIQUIDITY, 150, 0}, {SCORE_PAR30R, 6000, 10000}, {SCORE_PAR30R_CHANGE, 0, 0},
        {SCORE_RUN_OFF, 0, 0},     {SCORE_CAPITAL, 200, 0},     {SCORE_UNCOVERED, 4000, 8000},
        {SCORE_LATENESS, 5, 2500},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_false(score.rows[rows[i].component].is_missing);
        assert_int_equal(score.rows[rows[i].component].value, rows[i].value);
        assert_int_equal(score.rows[rows[i].component].share, rows[i].share);
    }
    assert_true(score.rows[SCORE_HORIZON].is_missing);
    assert_true(score.is_ranked);
    assert_int_equal(score.points, 30); /* (20 + 4 + 1.25) of 85 = 29.7 */
}

/* D56: rounded once, at the share. */
static void a_share_of_a_minimum_is_not_rounded_to_whole_percents(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    struct score score;
    struct score_inputs inputs = {&bench.months[0], false, 0};
    bench.months[0].liquidity->liquidity->bank_demand -= 190000; /* R11 35.5 %, 118.33 % of 30 % */
    PbCapital *capital = bench.months[0].capital->capital;
    capital->paid_in_capital -= 410000; /* R22 19.75 %, 131.67 % of 15 % */
    score_compute(&inputs, &score);
    assert_int_equal(score.rows[SCORE_LIQUIDITY].value, 118);
    assert_int_equal(score.rows[SCORE_LIQUIDITY].share, 4524); /* (150 - 118.33) / 70 */
    assert_int_equal(score.rows[SCORE_CAPITAL].value, 132);
    assert_int_equal(score.rows[SCORE_CAPITAL].share, 3666); /* (150 - 131.67) / 50 */
}

static void below_sixty_percent_of_the_weight_nothing_is_ranked(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    struct score score;
    struct score_inputs inputs = {&bench.months[0], false, 0};
    bench.months[0].liquidity = NULL; /* liquidity, horizon, run-off go: 45 of 100 are left */
    score_compute(&inputs, &score);
    assert_false(score.is_ranked);
    bench.months[0].portfolio = NULL;
    bench.months[0].capital = NULL;
    score_compute(&inputs, &score);
    assert_false(score.is_ranked);
    assert_int_equal(score.points, 0);
}

static void a_share_is_clipped_at_both_ends_and_may_run_either_way(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    struct score score;
    struct score_inputs inputs = {&bench.months[0], true, 40};
    PbLiquidity *liquidity = bench.months[0].liquidity->liquidity;
    score_compute(&inputs, &score);
    assert_int_equal(score.rows[SCORE_LATENESS].share, 10000);
    liquidity->bank_demand = 0; /* 20 % liquid: 67 % of the minimum, beyond red */
    score_compute(&inputs, &score);
    assert_int_equal(score.rows[SCORE_LIQUIDITY].value, 67);
    assert_int_equal(score.rows[SCORE_LIQUIDITY].share, 10000);
    liquidity->bank_demand = 290000; /* 34.5 %: 115 %, halfway from 150 to 80 */
    score_compute(&inputs, &score);
    assert_int_equal(score.rows[SCORE_LIQUIDITY].value, 115);
    assert_int_equal(score.rows[SCORE_LIQUIDITY].share, 5000);
}

static void the_emergency_need_keeps_the_minimum_of_the_category(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, "USACCO");
    PbLiquidity *liquidity = bench.months[0].liquidity->liquidity;
    assert_true(ratio_compute(ratio_find("R33"), &bench.months[0]).is_null); /* no collections */
    PbMaturityRow row = IHURIRO__V1__MATURITY_ROW__INIT;
    row.item = IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS;
    row.to_day = 90;
    row.has_amount = 1;
    PbMaturityRow *rows[12];
    memcpy(rows, liquidity->maturities, 11 * sizeof rows[0]);
    rows[11] = &row;
    assert_int_equal(liquidity->n_maturities, 11);
    liquidity->maturities = rows;
    liquidity->n_maturities = 12;
    liquidity->has_opex_30d = liquidity->has_committed_disbursements_30d = 1;
    /* Day 90: 900,000 - 250,000 of borrowings - 400,000 withdrawn = 250,000; 30 % of 1,600,000 is
     * 480,000. */
    struct ratio_value need = ratio_compute(ratio_find("R33"), &bench.months[0]);
    assert_false(need.is_null);
    assert_int_equal(need.value, 230000);
    liquidity->maturities = NULL;
    liquidity->n_maturities = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_holds_for_its_category_and_its_time),
        cmocka_unit_test(a_limit_that_is_applied_back_holds_from_then_on),
        cmocka_unit_test(the_edge_itself_is_within),
        cmocka_unit_test(the_capital_band_is_the_worse_of_two),
        cmocka_unit_test(a_later_row_of_a_capital_band_stands_over_the_one_before),
        cmocka_unit_test(the_score_adds_weighted_shares_and_leaves_out_what_is_missing),
        cmocka_unit_test(a_share_of_a_minimum_is_not_rounded_to_whole_percents),
        cmocka_unit_test(below_sixty_percent_of_the_weight_nothing_is_ranked),
        cmocka_unit_test(a_share_is_clipped_at_both_ends_and_may_run_either_way),
        cmocka_unit_test(the_emergency_need_keeps_the_minimum_of_the_category),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
