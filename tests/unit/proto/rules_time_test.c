#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "tests/support/rules_bench.h"

#define SET(message, field, value_) ((message)->has_##field = 1, (message)->field = (value_))

static PbPortfolio *book(struct bench *bench)
{
    return bench->report->portfolio;
}

/* The month before, from which the flows of this one follow. */
static PbPortfolio *month_before(struct bench *bench)
{
    PbReport *before = with_the_month_before(bench);
    before->portfolio->glp = 1600000;
    before->portfolio->aging[0]->outstanding = 700000;
    return before->portfolio;
}

static void a_month_follows(struct bench *bench)
{
    (void)month_before(bench);
}

static void a_jump(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    before->glp = 1199999; /* 25 % more is 1,499,998 */
    book(bench)->has_disbursed = 0;
}

static void no_jump(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    before->glp = 1200000;
    book(bench)->has_disbursed = 0;
}

static void a_gross_jump(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    before->glp = 789000;
    book(bench)->has_disbursed = 0;
}

static void a_thousandfold(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    before->glp = 1480;
    book(bench)->has_disbursed = 0;
}

static void a_thousandth(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    before->glp = 1480000000;
    book(bench)->has_disbursed = 0;
}

static void explain(struct bench *bench, const char *rule, const char *code)
{
    static Ihuriro__V1__Explanation explanation = IHURIRO__V1__EXPLANATION__INIT;
    static Ihuriro__V1__Explanation *explanations[] = {&explanation};
    explanation.rule = (char *)(uintptr_t)rule;
    explanation.code = (char *)(uintptr_t)code;
    bench->report->explanations = explanations;
    bench->report->n_explanations = 1;
}

static void a_gross_jump_explained(struct bench *bench)
{
    a_gross_jump(bench);
    explain(bench, "TIM-01", "MERGER");
}

static void another_rule_explained(struct bench *bench)
{
    a_gross_jump(bench);
    explain(bench, "TIM-02", "MERGER");
}

static void explained_by_no_code(struct bench *bench)
{
    a_gross_jump(bench);
    explain(bench, "TIM-01", "TIRED");
}

static void the_same_again(struct bench *bench)
{
    bench->context.preceding = report_of_portfolio(&bench->arena, "RW-MF-412", "2020-05", 1);
}

static void the_same_liquidity_again(struct bench *bench)
{
    PbReport *before = report_of_liquidity(&bench->arena, "RW-MF-412", "2020-05", 1);
    before->liquidity->peak_day -= 30; /* the day is of its own period */
    bench->context.preceding = before;
}

static void put_month(struct bench *bench, PbPortfolio *portfolio, const char *name)
{
    portfolio->moratorium_by_month =
        arena_take(&bench->arena, sizeof *portfolio->moratorium_by_month);
    PbMoratoriumMonth *month = arena_take(&bench->arena, sizeof *month);
    assert_true(month != NULL && portfolio->moratorium_by_month != NULL);
    ihuriro__v1__moratorium_month__init(month);
    month->month = arena_text(&bench->arena, name);
    SET(month, outstanding, portfolio->moratorium_outstanding);
    portfolio->moratorium_by_month[0] = month;
    portfolio->n_moratorium_by_month = 1;
}

static void the_same_again_under_names_of_other_months(struct bench *bench)
{
    PbReport *before = report_of_portfolio(&bench->arena, "RW-MF-412", "2020-05", 1);
    put_month(bench, before->portfolio, "2020-05");
    put_month(bench, book(bench), "2020-06");
    bench->context.preceding = before;
}

static void arrears_were_restructured(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    before->aging[3]->outstanding = 800000; /* over 30: 1,000,000, now 600,000 */
    SET(book(bench), restructured_in_period, 200001);
}

static void arrears_were_paid(struct bench *bench)
{
    arrears_were_restructured(bench);
    book(bench)->restructured_in_period = 200000;
}

static void aging_that_cannot_be(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    book(bench)->aging[5]->outstanding = 400000; /* 61 to 89 days */
    book(bench)->aging[5]->overdue_principal = 1;
    book(bench)->aging[0]->outstanding -= 400000;
    before->aging[3]->outstanding = 199999; /* with 200,000 over 90 days */
}

static void bad_loans_vanished(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    before->aging[7]->outstanding = 800000; /* now 200,000; 550,000 could have gone */
}

static void more_recovered_than_written_off(struct bench *bench)
{
    PbPortfolio *before = month_before(bench);
    SET(before, written_off_stock, 49999);
}

/* Rows of two amounts each, so that there are enough to say something. */
static void add_rows(struct bench *bench, size_t count, int64_t amount)
{
    PbBreakdownRow **rows = arena_take(&bench->arena, (count + 4) * sizeof *rows);
    memcpy(rows, book(bench)->breakdown, 4 * sizeof *rows);
    for (size_t i = 4; i < count + 4; i++) {
        rows[i] = arena_take(&bench->arena, sizeof **rows);
        ihuriro__v1__breakdown_row__init(rows[i]);
        rows[i]->dim = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__DISTRICT;
        rows[i]->has_dim2 = 1;
        rows[i]->dim2 = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER;
        rows[i]->code = rows[i]->code2 = book(bench)->breakdown[0]->code;
        SET(rows[i], disbursed, amount);
        SET(rows[i], written_off, amount);
    }
    book(bench)->breakdown = rows;
    book(bench)->n_breakdown = count + 4;
}

static void all_is_round(struct bench *bench)
{
    add_rows(bench, 20, 5000);
}

static void much_is_not_round(struct bench *bench)
{
    add_rows(bench, 40, 5001);
}

static void a_fourth_vintage(struct bench *bench)
{
    bench->report->vintage = 4;
    bench->report->has_reason = 1;
    bench->report->reason = IHURIRO__V1__REPORT__REASON__ERROR;
    bench->context.highest_vintage = 3;
}

static void a_fourth_vintage_that_explains(struct bench *bench)
{
    a_fourth_vintage(bench);
    bench->report->reason = IHURIRO__V1__REPORT__REASON__EXPLAINED;
}

static void a_fourth_vintage_of_which_one_explained(struct bench *bench)
{
    a_fourth_vintage(bench);
    bench->context.silent_vintages = 1;
}

static void a_fifth_vintage_of_which_one_explained(struct bench *bench)
{
    a_fourth_vintage_of_which_one_explained(bench);
    bench->report->vintage = 5;
    bench->context.highest_vintage = 4;
}

static const struct rule_case cases[] = {
    GOOD(P, a_month_follows),
    OFF(P, a_jump, "TIM-01", W, "portfolio.glp", 1199999, 1500000),
    GOOD(P, no_jump),
    OFF(P, a_gross_jump, "TIM-01", E, "portfolio.glp", 789000, 1500000),
    OFF(P, a_thousandfold, "TIM-01", E, "portfolio.glp", 1480, 1500000),
    OFF(P, a_thousandth, "TIM-01", E, "portfolio.glp", 1480000000, 1500000),
    OFF(P, a_gross_jump_explained, "TIM-01", W, "portfolio.glp", 789000, 1500000),
    OFF(P, another_rule_explained, "TIM-01", E, "portfolio.glp", 789000, 1500000),
    OFF(P, explained_by_no_code, "TIM-01", E, "portfolio.glp", 789000, 1500000),
    BAD(P, the_same_again, "TIM-02", W, "Portfolio"),
    BAD(P, the_same_again_under_names_of_other_months, "TIM-02", W, "Portfolio"),
    BAD(L, the_same_liquidity_again, "TIM-02", W, "Liquidity"),
    OFF(P, arrears_were_restructured, "TIM-03", W, "portfolio.restructured_in_period", 200000,
        200001),
    GOOD(P, arrears_were_paid),
    OFF(P, aging_that_cannot_be, "TIM-04", W, "portfolio.aging", 399999, 400000),
    OFF(P, bad_loans_vanished, "TIM-05", W, "portfolio.aging", 550000, 600000),
    OFF(P, more_recovered_than_written_off, "XRP-04", W, "portfolio.recovered", 49999, 50000),
    BAD(P, all_is_round, "TIM-06", W, "Portfolio"),
    GOOD(P, much_is_not_round),
    OFF(P, a_fourth_vintage, "DEL-03", W, "vintage", 3, 4),
    GOOD(P, a_fourth_vintage_that_explains),
    GOOD(P, a_fourth_vintage_of_which_one_explained),
    OFF(P, a_fifth_vintage_of_which_one_explained, "DEL-03", W, "vintage", 3, 5),
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
    assert_string_equal(cases_cover(cases, CASES, "TIM-01", "TIM-06"), "");
    assert_string_equal(cases_cover(cases, CASES, "XRP-04", "XRP-04"), "");
    assert_string_equal(cases_cover(cases, CASES, "DEL-01", "DEL-03"), "");
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
