#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "tests/support/rules_bench.h"

#define SET(message, field, value_) ((message)->has_##field = 1, (message)->field = (value_))

static PbCapital *sheet(struct bench *bench)
{
    return bench->report->capital;
}

static void rounded_off(struct bench *bench)
{
    sheet(bench)->total_assets += 7;
}

static void assets_off_a_little(struct bench *bench)
{
    sheet(bench)->total_assets += 4000; /* 0.1 % */
}

static void assets_off(struct bench *bench)
{
    sheet(bench)->total_assets += 5000;
}

static void net_loans_off(struct bench *bench)
{
    with_the_other_reports(bench);
    sheet(bench)->net_loans = 1394000; /* 1.01 % */
}

static void tier1_above_equity(struct bench *bench)
{
    sheet(bench)->tier1 = 1200001;
}

static void no_risk_weighted(struct bench *bench)
{
    sheet(bench)->rwa = 0;
}

static void risk_weighted_not_known(struct bench *bench)
{
    sheet(bench)->has_rwa = 0;
}

static void risk_weighted_not_applicable(struct bench *bench)
{
    static Ihuriro__V1__FieldNote note = IHURIRO__V1__FIELD_NOTE__INIT;
    static Ihuriro__V1__FieldNote *notes[] = {&note};
    static char path[] = "capital.rwa";
    note.path = path;
    note.why = IHURIRO__V1__FIELD_NOTE__WHY__NOT_APPLICABLE;
    bench->report->field_notes = notes;
    bench->report->n_field_notes = 1;
    risk_weighted_not_known(bench);
}

static void much_risk_weighted(struct bench *bench)
{
    sheet(bench)->rwa = 6000001;
}

static void a_year_goes_on(struct bench *bench)
{
    PbReport *before = with_the_month_before(bench);
    before->capital->current_result = 73000;
    before->capital->total_assets -= 27000;
}

static void the_result_falls(struct bench *bench)
{
    a_year_goes_on(bench);
    with_the_month_before(bench)->capital->current_result = 100001;
    /* so that the two months differ otherwise too */
    sheet(bench)->fixed_assets++;
}

static void a_loss(struct bench *bench)
{
    the_result_falls(bench);
    sheet(bench)->other_opex = 39001; /* 1 was lost */
    sheet(bench)->loan_income = 60000;
}

static void gross_loans_off(struct bench *bench)
{
    with_the_other_reports(bench);
    sheet(bench)->net_loans = 1388000; /* 0.53 % */
}

static void the_books_loans_off(struct bench *bench)
{
    with_the_other_reports(bench);
    PbReport *capital = report_of_capital(&bench->arena, "RW-MF-412", "2020-06", 1);
    capital->capital->net_loans = 1300000;
    bench->context.capital = capital;
}

static void another_days_capital(struct bench *bench)
{
    the_books_loans_off(bench);
    PbReport *capital = report_of_capital(&bench->arena, "RW-MF-412", "2020-03", 1);
    capital->capital->net_loans = 1300000;
    bench->context.capital = capital;
}

static void deposits_off(struct bench *bench)
{
    with_the_other_reports(bench);
    sheet(bench)->deposits = 2010001;
}

static void the_purses_deposits_off(struct bench *bench)
{
    PbReport *capital = report_of_capital(&bench->arena, "RW-MF-412", "2020-06", 1);
    capital->capital->deposits = 1900000;
    bench->context.capital = capital;
}

static const struct rule_case cases[] = {
    GOOD(C, nothing),
    GOOD(C, with_the_other_reports),
    GOOD(P, with_the_other_reports),
    GOOD(C, rounded_off),
    OFF(C, assets_off_a_little, "CAP-01", W, "capital.total_assets", 4000000, 4004000),
    OFF(C, assets_off, "CAP-01", E, "capital.total_assets", 4000000, 4005000),
    OFF(C, net_loans_off, "CAP-02", W, "capital.net_loans", 1380000, 1394000),
    OFF(C, tier1_above_equity, "CAP-03", W, "capital.tier1", 1200000, 1200001),
    OFF(C, no_risk_weighted, "CAP-04", E, "capital.rwa", 1, 0),
    BAD(C, risk_weighted_not_known, "CAP-04", E, "capital.rwa"),
    GOOD(C, risk_weighted_not_applicable),
    OFF(C, much_risk_weighted, "CAP-04", W, "capital.rwa", 6000000, 6000001),
    GOOD(C, a_year_goes_on),
    OFF(C, the_result_falls, "CAP-05", W, "capital.current_result", 100001, 100000),
    GOOD(C, a_loss),
    OFF(C, gross_loans_off, "XRP-01", W, "capital.net_loans", 1500000, 1508000),
    OFF(P, the_books_loans_off, "XRP-01", W, "portfolio.glp", 1420000, 1500000),
    GOOD(P, another_days_capital),
    OFF(C, deposits_off, "XRP-02", W, "capital.deposits", 2000000, 2010001),
    OFF(L, the_purses_deposits_off, "XRP-02", W, "liquidity.deposits", 1900000, 2000000),
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
    assert_string_equal(cases_cover(cases, CASES, "CAP-01", "CAP-05"), "");
    assert_string_equal(cases_cover(cases, CASES, "XRP-01", "XRP-02"), "");
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
