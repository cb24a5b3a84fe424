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

static void largest_borrower_above_twenty(struct bench *bench)
{
    bench->report->exposures->largest_borrower = 1500001;
}

static void with_the_other_reports(struct bench *bench)
{
    bench->context.liquidity = report_of_liquidity(&bench->arena, "RW-MF-412", "2020-06", 1);
    bench->context.portfolio = report_of_portfolio(&bench->arena, "RW-MF-412", "2020-06", 1);
}

static void twenty_depositors_above_deposits(struct bench *bench)
{
    with_the_other_reports(bench);
    bench->report->exposures->top20_depositors = 2000001;
}

static void twenty_borrowers_above_portfolio(struct bench *bench)
{
    with_the_other_reports(bench);
    bench->report->exposures->top20_borrowers = 1500001;
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
    OFF(X, largest_borrower_above_twenty, "LIQ-05", E, "exposures.largest_borrower", 1500000,
        1500001),
    GOOD(X, with_the_other_reports),
    OFF(X, twenty_depositors_above_deposits, "LIQ-05", E, "exposures.top20_depositors", 2000000,
        2000001),
    OFF(X, twenty_borrowers_above_portfolio, "LIQ-05", E, "exposures.top20_borrowers", 1500000,
        1500001),
    GOOD(X, twenty_above_deposits_unknown),
    OFF(L, peak_above_withdrawals, "LIQ-06", E, "liquidity.peak_day_withdrawal", 250000, 250001),
    OFF(L, peak_before_the_period, "LIQ-06", E, "liquidity.peak_day", JUNE_30 - 29, JUNE_30 - 30),
    OFF(L, peak_after_the_period, "LIQ-06", E, "liquidity.peak_day", JUNE_30, JUNE_30 + 1),
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
    assert_string_equal(cases_cover(cases, CASES, "LIQ-"), "");
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
