#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "tests/support/rules_bench.h"

static PbLiquidity *purse(struct bench *bench)
{
    return bench->report->liquidity;
}

static void deposit_total_off(struct bench *bench)
{
    purse(bench)->deposits_total++;
}

static void deposit_total_only(struct bench *bench)
{
    purse(bench)->deposits_total++;
    purse(bench)->n_deposits = 0;
}

static void term_maturities_off(struct bench *bench)
{
    purse(bench)->maturities[4]->amount = 1;
}

static void no_term_maturities(struct bench *bench)
{
    purse(bench)->deposits[3]->balance++;
    purse(bench)->deposits_total++;
    purse(bench)->maturities += 5;
    purse(bench)->n_maturities -= 5;
}

static void borrowing_maturities_off(struct bench *bench)
{
    purse(bench)->borrowings_overdue++;
}

static void largest_depositor_above_twenty(struct bench *bench)
{
    bench->report->exposures->largest_depositor = 900001;
}

static void twenty_depositors_above_deposits(struct bench *bench)
{
    with_the_other_reports(bench);
    bench->report->exposures->top20_depositors = 2000001;
}

static void twenty_above_deposits_unknown(struct bench *bench)
{
    bench->report->exposures->top20_depositors = 2000001;
}

static void peak_above_withdrawals(struct bench *bench)
{
    purse(bench)->peak_day_withdrawal = 250001;
}

static void peak_before_the_period(struct bench *bench)
{
    purse(bench)->peak_day = bench->report->period->start_day - 1;
}

static void peak_after_the_period(struct bench *bench)
{
    purse(bench)->peak_day = bench->report->period->end_day + 1;
}

/* ---- LIQ-02, LIQ-07 to LIQ-13 ---- */

/* 49,000 more came in than went out: 2,000,000 follows from 1,951,000. */
static void deposits_that_roll(struct bench *bench)
{
    PbReport *before = with_the_month_before(bench);
    before->liquidity->deposits[1]->balance -= 49000;
    before->liquidity->deposits_total -= 49000;
}

static void deposits_off_a_little(struct bench *bench)
{
    deposits_that_roll(bench);
    purse(bench)->deposit_inflow += 20000; /* 1 % */
}

static void deposits_off_grossly(struct bench *bench)
{
    deposits_that_roll(bench);
    purse(bench)->deposit_inflow += 200000;
}

static void deposits_off_and_explained(struct bench *bench)
{
    static Ihuriro__V1__Explanation explanation = IHURIRO__V1__EXPLANATION__INIT;
    static Ihuriro__V1__Explanation *explanations[] = {&explanation};
    static char rule[] = "LIQ-02";
    static char code[] = "PREVIOUS_WRONG";
    explanation.rule = rule;
    explanation.code = code;
    deposits_off_grossly(bench);
    bench->report->explanations = explanations;
    bench->report->n_explanations = 1;
}

static void no_month_before(struct bench *bench)
{
    purse(bench)->deposit_inflow += 200000;
}

static void more_liquid_than_all_assets(struct bench *bench)
{
    with_the_other_reports(bench);
    purse(bench)->bank_demand = 3550001; /* with 450,000 of others: assets are 4,000,000 */
}

static void own_ratio_near(struct bench *bench)
{
    purse(bench)->has_regulatory_liquid_assets = purse(bench)->has_regulatory_liquidity_base = 1;
    purse(bench)->regulatory_liquid_assets = 880000; /* 44 %, the hub's is 45 % */
    purse(bench)->regulatory_liquidity_base = 2000000;
}

static void own_ratio_far(struct bench *bench)
{
    own_ratio_near(bench);
    purse(bench)->regulatory_liquid_assets = 879000;
}

static void a_run(struct bench *bench)
{
    PbReport *before = with_the_month_before(bench);
    before->liquidity->deposits[1]->balance += 230000; /* 10.3 % were lost */
    before->liquidity->deposits_total += 230000;
    purse(bench)->deposit_withdrawal += 279000;
}

/* A report of days or weeks, and what stood about a month before. */
static void of_shorter_periods(struct bench *bench, const char *key, int64_t lost)
{
    bench->report = report_of_liquidity(&bench->arena, "RW-MF-412", key, 1);
    bench->context.received_at_us = report_received_at_us(bench->report);
    PbReport *then = report_of_liquidity(&bench->arena, "RW-MF-412", "2020-05", 1);
    then->liquidity->deposits[1]->balance += lost;
    then->liquidity->deposits_total += lost;
    bench->context.month_ago = then;
}

static void a_run_of_many_days(struct bench *bench)
{
    of_shorter_periods(bench, "2020-06-30", 230000);
}

static void many_days_without_a_run(struct bench *bench)
{
    of_shorter_periods(bench, "2020-06-30", 222222); /* 10 % of 2,222,222 are 222,222.2 */
}

static void a_run_of_some_weeks(struct bench *bench)
{
    of_shorter_periods(bench, "2020-W26", 230000);
}

static void a_run_within_a_week(struct bench *bench)
{
    of_shorter_periods(bench, "2020-W26", 0);
    PbReport *before = report_of_liquidity(&bench->arena, "RW-MF-412", "2020-W25", 1);
    before->liquidity->deposits[1]->balance += 230000;
    before->liquidity->deposits_total += 230000;
    bench->context.preceding = before;
}

static void the_largest_depositor_alone_above_all(struct bench *bench)
{
    with_the_other_reports(bench);
    bench->report->exposures->has_top20_depositors = 0;
    bench->report->exposures->has_largest_depositor = 1;
    bench->report->exposures->largest_depositor = 2000001;
}

static void no_run(struct bench *bench)
{
    PbReport *before = with_the_month_before(bench);
    before->liquidity->deposits[1]->balance += 200000;
    before->liquidity->deposits_total += 200000;
    purse(bench)->deposit_withdrawal += 249000;
}

/* 8 % went within a week, and 12 % since four weeks before. */
static void a_slow_run(struct bench *bench)
{
    static char key[] = "2020-W26";
    PbPeriod *period = bench->report->period;
    int32_t fall = JUNE_30 - 2 - period->end_day;
    period->frequency = IHURIRO__V1__PERIOD__FREQUENCY__W;
    period->key = key;
    period->end_day += fall;
    period->start_day = period->end_day - 6;
    period->as_of_day = period->end_day;
    purse(bench)->has_peak_day = 0;
    bench->context.month_ago = report_of_liquidity(&bench->arena, "RW-MF-412", "2020-W22", 1);
    bench->context.month_ago->liquidity->deposits[1]->balance += 273000;
}

static void a_week_of_loss(struct bench *bench)
{
    a_slow_run(bench);
    bench->context.preceding = bench->context.month_ago;
    bench->context.month_ago = NULL;
}

static void a_week_of_little_loss(struct bench *bench)
{
    a_slow_run(bench);
    bench->context.month_ago->liquidity->deposits[1]->balance -= 73000;
}

static void a_withdrawal_was_not_paid(struct bench *bench)
{
    purse(bench)->has_requests_unmet = 1;
    purse(bench)->requests_unmet = 7000;
}

static void withdrawals_are_capped(struct bench *bench)
{
    purse(bench)->has_withdrawal_cap_in_force = purse(bench)->withdrawal_cap_in_force = 1;
}

static void more_pledged_paper_than_pledged(struct bench *bench)
{
    purse(bench)->has_encumbered_total = purse(bench)->has_govt_encumbered = 1;
    purse(bench)->encumbered_total = 5000;
    purse(bench)->govt_encumbered = 5001;
}

static void collections_above_the_possible(struct bench *bench)
{
    with_the_other_reports(bench);
    purse(bench)->maturities[5]->item = IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS;
    purse(bench)->maturities[5]->amount = 600001; /* 40 % of 1,500,000 is 600,000 */
}

static void collections_that_are_possible(struct bench *bench)
{
    collections_above_the_possible(bench);
    purse(bench)->maturities[5]->amount = 600000;
}

static void negative_cash(struct bench *bench)
{
    purse(bench)->cash = -1;
}

static void negative_in_a_row(struct bench *bench)
{
    purse(bench)->maturities[4]->amount = -100;
    purse(bench)->maturities[3]->amount += 100;
}

static const struct rule_case cases[] = {
    OFF(L, deposit_total_off, "LIQ-01", E, "liquidity.deposits_total", 2000000, 2000001),
    GOOD(L, deposit_total_only),
    OFF(L, term_maturities_off, "LIQ-03", E, "liquidity.maturities", 500000, 500001),
    GOOD(L, no_term_maturities),
    OFF(L, borrowing_maturities_off, "LIQ-04", E, "liquidity.maturities", 600000, 600001),
    OFF(X, largest_depositor_above_twenty, "LIQ-05", E, "exposures.largest_depositor", 900000,
        900001),
    GOOD(X, with_the_other_reports),
    OFF(X, twenty_depositors_above_deposits, "LIQ-05", E, "exposures.top20_depositors", 2000000,
        2000001),
    GOOD(X, twenty_above_deposits_unknown),
    OFF(L, peak_above_withdrawals, "LIQ-06", E, "liquidity.peak_day_withdrawal", 250000, 250001),
    OFF(L, peak_before_the_period, "LIQ-06", E, "liquidity.peak_day", JUNE_30 - 29, JUNE_30 - 30),
    OFF(L, peak_after_the_period, "LIQ-06", E, "liquidity.peak_day", JUNE_30, JUNE_30 + 1),
    GOOD(L, deposits_that_roll),
    OFF(L, deposits_off_a_little, "LIQ-02", W, "liquidity.deposits", 2020000, 2000000),
    OFF(L, deposits_off_grossly, "LIQ-02", E, "liquidity.deposits", 2200000, 2000000),
    OFF(L, deposits_off_and_explained, "LIQ-02", W, "liquidity.deposits", 2200000, 2000000),
    GOOD(L, no_month_before),
    GOOD(L, with_the_other_reports),
    OFF(L, more_liquid_than_all_assets, "LIQ-07", W, "liquidity.bank_demand", 4000000, 4000001),
    GOOD(L, own_ratio_near),
    OFF(L, own_ratio_far, "LIQ-09", W, "liquidity.regulatory_liquidity_base", 4500, 4395),
    OFF(L, a_run, "LIQ-10", W, "liquidity.deposits", 2230000, 2000000),
    GOOD(L, no_run),
    OFF(L, a_run_of_many_days, "LIQ-10", W, "liquidity.deposits", 2230000, 2000000),
    GOOD(L, many_days_without_a_run),
    OFF(L, a_run_of_some_weeks, "LIQ-10", W, "liquidity.deposits", 2230000, 2000000),
    OFF(L, a_run_within_a_week, "LIQ-10", W, "liquidity.deposits", 2230000, 2000000),
    OFF(X, the_largest_depositor_alone_above_all, "LIQ-05", E, "exposures.largest_depositor",
        2000000, 2000001),
    OFF(L, a_slow_run, "LIQ-10", W, "liquidity.deposits", 2273000, 2000000),
    OFF(L, a_week_of_loss, "LIQ-10", W, "liquidity.deposits", 2273000, 2000000),
    GOOD(L, a_week_of_little_loss),
    OFF(L, a_withdrawal_was_not_paid, "LIQ-11", W, "liquidity.requests_unmet", 0, 7000),
    OFF(L, withdrawals_are_capped, "LIQ-11", W, "liquidity.withdrawal_cap_in_force", 0, 1),
    OFF(L, more_pledged_paper_than_pledged, "LIQ-12", E, "liquidity.govt_encumbered", 5000, 5001),
    OFF(L, collections_above_the_possible, "LIQ-13", W, "liquidity.maturities", 600000, 600001),
    GOOD(L, collections_that_are_possible),
    OFF(L, negative_cash, "LIQ-14", E, "liquidity.cash", 0, -1),
    OFF(L, negative_in_a_row, "LIQ-14", E, "liquidity.maturities[4].amount", 0, -100),
};
#define CASES (sizeof cases / sizeof cases[0])

static void each_rule_passes_what_is_right_and_finds_what_is_not(void **state)
{
    (void)state;
    assert_string_equal(cases_check(cases, CASES), "");
}

static void every_rule_of_this_family_has_a_failing_case(void **state)
{
    (void)state;
    assert_string_equal(cases_cover(cases, CASES, "LIQ-01", "LIQ-14"), "");
}

static void every_finding_makes_a_whole_sentence(void **state)
{
    (void)state;
    assert_string_equal(cases_speak(cases, CASES), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_passes_what_is_right_and_finds_what_is_not),
        cmocka_unit_test(every_rule_of_this_family_has_a_failing_case),
        cmocka_unit_test(every_finding_makes_a_whole_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
