#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "tests/support/rules_bench.h"

static PbPortfolio *book(struct bench *bench)
{
    return bench->report->portfolio;
}

static void aging_sum_off_by_one(struct bench *bench)
{
    book(bench)->aging[2]->outstanding = 1;
}

static void glp_absent(struct bench *bench)
{
    book(bench)->has_glp = 0;
}

static void glp_absent_and_noted(struct bench *bench)
{
    glp_absent(bench);
    report_note_absent(&bench->arena, bench->report, "portfolio.glp");
}

static void no_aging_rows(struct bench *bench)
{
    book(bench)->n_aging = 0;
}

static void an_aging_amount_absent(struct bench *bench)
{
    book(bench)->aging[4]->has_outstanding = 0;
}

static void aging_sum_over_all_bounds(struct bench *bench)
{
    book(bench)->aging[4]->outstanding = INT64_MAX;
    book(bench)->aging[5]->outstanding = INT64_MAX;
}

static void aging_with_a_gap(struct bench *bench)
{
    book(bench)->aging[3]->min_days = 32;
}

static void aging_that_overlaps(struct bench *bench)
{
    book(bench)->aging[3]->min_days = 30;
}

static void aging_from_one(struct bench *bench)
{
    book(bench)->aging[0]->min_days = 1;
}

static void aging_with_an_end(struct bench *bench)
{
    book(bench)->aging[11]->max_days = 10000;
}

static void aging_open_in_the_middle(struct bench *bench)
{
    book(bench)->aging[5]->max_days = -1;
}

static void aging_to_the_last_day_of_int32(struct bench *bench)
{
    book(bench)->aging[10]->max_days = INT32_MAX;
}

static void coarse_aging(struct bench *bench)
{
    book(bench)->aging[0]->max_days = 29;
    book(bench)->aging[0]->outstanding = 900000;
    book(bench)->aging[0]->overdue_principal = 50000;
    book(bench)->aging[0]->restructured = 300000;
    for (size_t i = 2; i < book(bench)->n_aging; i++) {
        book(bench)->aging[i - 1] = book(bench)->aging[i];
    }
    book(bench)->n_aging--;
}

static void more_restructured_than_outstanding(struct bench *bench)
{
    book(bench)->aging[1]->restructured = 300001;
    book(bench)->restructured_outstanding = 300001;
}

static void more_overdue_than_outstanding(struct bench *bench)
{
    book(bench)->aging[3]->overdue_principal = 400001;
}

static void negative_part(struct bench *bench)
{
    book(bench)->aging[3]->overdue_principal = -1;
}

static void more_moratorium_than_outstanding(struct bench *bench)
{
    book(bench)->aging[2]->moratorium = 1;
}

static void more_in_both_than_in_each(struct bench *bench)
{
    book(bench)->aging[0]->moratorium_restructured = 1; /* 0 are restructured there */
}

static void overdue_but_not_late(struct bench *bench)
{
    book(bench)->aging[0]->overdue_principal = 1;
}

static void late_but_nothing_overdue(struct bench *bench)
{
    book(bench)->aging[3]->overdue_principal = 0;
}

static void portfolio_without_loans(struct bench *bench)
{
    book(bench)->loans_outstanding = 0;
    book(bench)->active_borrowers = 0;
    book(bench)->women_borrowers = 0;
}

static void more_borrowers_than_loans(struct bench *bench)
{
    book(bench)->active_borrowers = 5;
}

static void more_borrowers_and_groups(struct bench *bench)
{
    book(bench)->active_borrowers = 40;
    book(bench)->breakdown[1]->code = arena_text(&bench->arena, "G");
}

static void loans_without_borrowers(struct bench *bench)
{
    book(bench)->active_borrowers = 0;
    book(bench)->women_borrowers = 0;
}

static void more_women_than_borrowers(struct bench *bench)
{
    book(bench)->women_borrowers = 5;
}

static void breakdown_off_by_a_thousandth(struct bench *bench)
{
    book(bench)->breakdown[1]->outstanding -= 1500;
}

static void breakdown_off_by_more(struct bench *bench)
{
    book(bench)->breakdown[1]->outstanding -= 1501;
}

static void suppressed_cell(struct bench *bench)
{
    book(bench)->breakdown[1]->has_outstanding = 0;
    book(bench)->breakdown[1]->has_par30 = 0;
    book(bench)->breakdown[1]->has_par90 = 0;
    book(bench)->breakdown[1]->has_suppressed = 1;
    book(bench)->breakdown[1]->suppressed = 1;
}

static void two_way_table_off(struct bench *bench)
{
    for (size_t i = 2; i < 4; i++) { /* one table, DISTRICT by GENDER, in place of SECTOR */
        PbBreakdownRow *row = book(bench)->breakdown[i];
        row->dim = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__DISTRICT;
        row->has_dim2 = 1;
        row->dim2 = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER;
    }
    book(bench)->breakdown[3]->dim2 = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__AGE;
}

static void par90_above_par30(struct bench *bench)
{
    book(bench)->breakdown[0]->par90 = 200001;
}

static void par30_above_outstanding(struct bench *bench)
{
    book(bench)->breakdown[3]->par30 = 400001;
}

static void classes_off_by_one(struct bench *bench)
{
    book(bench)->classes[4]->outstanding = 1;
}

static void written_off_as_a_memo(struct bench *bench)
{
    book(bench)->classes[4]->code = arena_text(&bench->arena, "WO");
    book(bench)->classes[4]->outstanding = 300000;
}

static void classed_worse_within_a_hundredth(struct bench *bench)
{
    book(bench)->classes[1]->outstanding -= 15000;
    book(bench)->classes[2]->outstanding += 15000;
}

static void classed_worse_by_more(struct bench *bench)
{
    book(bench)->classes[1]->outstanding -= 15001;
    book(bench)->classes[2]->outstanding += 15001;
}

static void restructured_total_off(struct bench *bench)
{
    book(bench)->restructured_outstanding = 299999;
}

static void a_restructured_part_absent(struct bench *bench)
{
    restructured_total_off(bench);
    book(bench)->aging[7]->has_restructured = 0;
}

static void moratorium_above_portfolio(struct bench *bench)
{
    book(bench)->moratorium_outstanding = 1500001;
    book(bench)->has_moratorium_ending_30 = 0;
    book(bench)->aging[0]->has_moratorium = 0;
}

static void moratorium_ends_off(struct bench *bench)
{
    book(bench)->moratorium_ending_30 = 1;
}

static void moratorium_by_month_off(struct bench *bench)
{
    static Ihuriro__V1__MoratoriumMonth month;
    static Ihuriro__V1__MoratoriumMonth *months[] = {&month};
    static char name[] = "LATER";
    ihuriro__v1__moratorium_month__init(&month);
    month.month = name;
    month.has_outstanding = 1;
    month.outstanding = 99998;
    book(bench)->moratorium_by_month = months;
    book(bench)->n_moratorium_by_month = 1;
}

static void moratorium_above_restructured(struct bench *bench)
{
    static PbSettings settings;
    static Ihuriro__V1__Currency money;
    static Ihuriro__V1__Currency *moneys[] = {&money};
    static char currency[] = "RWF";
    ihuriro__v1__settings__init(&settings);
    ihuriro__v1__currency__init(&money);
    money.code = currency;
    settings.currencies = moneys;
    settings.n_currencies = 1;
    settings.has_moratorium_is_restructuring = settings.moratorium_is_restructuring = 1;
    bench->context.settings = &settings;
    for (size_t i = 0; i < book(bench)->n_aging; i++) {
        book(bench)->aging[i]->restructured = 0;
    }
    book(bench)->aging[1]->restructured = 99999;
    book(bench)->restructured_outstanding = 99999;
}

static void moratorium_by_aging_off(struct bench *bench)
{
    book(bench)->aging[0]->moratorium = 99999;
}

static const struct rule_case cases[] = {
    OFF(P, aging_sum_off_by_one, "POR-01", E, "portfolio.aging", 1500000, 1500001),
    BAD(P, glp_absent, "POR-01", E, "portfolio.glp"),
    GOOD(P, glp_absent_and_noted),
    OFF(P, no_aging_rows, "POR-01", E, "portfolio.aging", 1500000, 0),
    GOOD(P, an_aging_amount_absent),
    OFF(P, aging_sum_over_all_bounds, "POR-01", E, "portfolio.aging", 1500000, INT64_MAX),
    OFF(P, aging_with_a_gap, "POR-02", E, "portfolio.aging[3].min_days", 31, 32),
    OFF(P, aging_that_overlaps, "POR-02", E, "portfolio.aging[3].min_days", 31, 30),
    OFF(P, aging_from_one, "POR-02", E, "portfolio.aging[0].min_days", 0, 1),
    OFF(P, aging_with_an_end, "POR-02", E, "portfolio.aging[11].max_days", -1, 10000),
    OFF(P, aging_open_in_the_middle, "POR-02", E, "portfolio.aging[5].max_days", 61, -1),
    OFF(P, aging_to_the_last_day_of_int32, "POR-02", E, "portfolio.aging[11].min_days",
        INT64_C(2147483648), 361),
    GOOD(P, coarse_aging),
    OFF(P, more_restructured_than_outstanding, "POR-03", E, "portfolio.aging[1].restructured",
        300000, 300001),
    OFF(P, more_overdue_than_outstanding, "POR-03", E, "portfolio.aging[3].overdue_principal",
        400000, 400001),
    OFF(P, negative_part, "POR-03", E, "portfolio.aging[3].overdue_principal", 0, -1),
    OFF(P, more_moratorium_than_outstanding, "POR-03", E, "portfolio.aging[2].moratorium", 0, 1),
    OFF(P, more_in_both_than_in_each, "POR-03", E, "portfolio.aging[0].moratorium_restructured", 0,
        1),
    OFF(P, overdue_but_not_late, "POR-04", E, "portfolio.aging[0].overdue_principal", 0, 1),
    OFF(P, late_but_nothing_overdue, "POR-04", W, "portfolio.aging[3].overdue_principal", 400000,
        0),
    OFF(P, portfolio_without_loans, "POR-05", E, "portfolio.loans_outstanding", 1500000, 0),
    OFF(P, more_borrowers_than_loans, "POR-06", W, "portfolio.active_borrowers", 4, 5),
    GOOD(P, more_borrowers_and_groups),
    OFF(P, loans_without_borrowers, "POR-06", E, "portfolio.active_borrowers", 4, 0),
    OFF(P, more_women_than_borrowers, "POR-07", E, "portfolio.women_borrowers", 4, 5),
    OFF(P, breakdown_off_by_a_thousandth, "POR-08", W, "portfolio.breakdown[0].outstanding",
        1500000, 1498500),
    OFF(P, breakdown_off_by_more, "POR-08", E, "portfolio.breakdown[0].outstanding", 1500000,
        1498499),
    GOOD(P, suppressed_cell),
    OFF(P, two_way_table_off, "POR-08", E, "portfolio.breakdown[2].outstanding", 1500000, 1100000),
    OFF(P, par90_above_par30, "POR-09", E, "portfolio.breakdown[0].par90", 200000, 200001),
    OFF(P, par30_above_outstanding, "POR-09", E, "portfolio.breakdown[3].par30", 400000, 400001),
    OFF(P, classes_off_by_one, "POR-10", E, "portfolio.classes", 1500000, 1500001),
    GOOD(P, written_off_as_a_memo),
    GOOD(P, classed_worse_within_a_hundredth),
    OFF(P, classed_worse_by_more, "POR-11", W, "portfolio.classes[1].outstanding", 400000, 384999),
    OFF(P, restructured_total_off, "POR-12", E, "portfolio.restructured_outstanding", 300000,
        299999),
    GOOD(P, a_restructured_part_absent),
    OFF(P, moratorium_above_portfolio, "POR-13", E, "portfolio.moratorium_outstanding", 1500000,
        1500001),
    OFF(P, moratorium_ends_off, "POR-13", E, "portfolio.moratorium_ending_30", 100000, 100001),
    OFF(P, moratorium_by_month_off, "POR-13", E, "portfolio.moratorium_by_month", 100000, 99998),
    OFF(P, moratorium_above_restructured, "POR-13", E, "portfolio.moratorium_outstanding", 99999,
        100000),
    OFF(P, moratorium_by_aging_off, "POR-13", E, "portfolio.aging", 100000, 99999),
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
    assert_string_equal(cases_cover(cases, CASES, "POR-01", "POR-13"), "");
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
