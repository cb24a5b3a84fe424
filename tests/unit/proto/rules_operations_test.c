#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "tests/support/rules_bench.h"

#define SET(message, field, value_) ((message)->has_##field = 1, (message)->field = (value_))

static PbOperations *work(struct bench *bench)
{
    return bench->report->operations;
}

static void a_branch_is_missing(struct bench *bench)
{
    work(bench)->branches_total = 6;
}

static void pending_does_not_follow(struct bench *bench)
{
    work(bench)->reneg_closing_pending = 9;
}

static void more_active_than_registered(struct bench *bench)
{
    work(bench)->digital_active_30d = 201;
}

static void more_women_than_participants(struct bench *bench)
{
    static Ihuriro__V1__TrainingRow row = IHURIRO__V1__TRAINING_ROW__INIT;
    static Ihuriro__V1__TrainingRow *rows[] = {&row};
    row.topic = IHURIRO__V1__TRAINING_ROW__TOPIC__DIGITAL;
    row.audience = IHURIRO__V1__TRAINING_ROW__AUDIENCE__CLIENT;
    SET(&row, participants, 10);
    SET(&row, women, 11);
    work(bench)->training = rows;
    work(bench)->n_training = 1;
}

static void fund_does_not_add_up(struct bench *bench)
{
    work(bench)->emergency_fund->for_health++;
}

static void fund_above_half_of_deposits(struct bench *bench)
{
    PbReport *liquidity = report_of_liquidity(&bench->arena, "RW-MF-412", "2020-06", 1);
    liquidity->liquidity->deposits[1]->balance = 0; /* 1,000,000 are left; half of 999,999 */
    liquidity->liquidity->deposits[0]->balance -= 1;
    bench->context.liquidity = liquidity;
}

static void fund_needed_in_the_past(struct bench *bench)
{
    SET(work(bench)->emergency_fund, needed_by_day, JUNE_30 - 1);
}

static void fund_not_approved(struct bench *bench)
{
    report_make_final(&bench->arena, bench->report);
    work(bench)->emergency_fund->board_approved = 0;
}

static void provisional_not_approved(struct bench *bench)
{
    work(bench)->emergency_fund->board_approved = 0;
}

static void approved_is_not_restructured(struct bench *bench)
{
    PbReport *portfolio = report_of_portfolio(&bench->arena, "RW-MF-412", "2020-06", 1);
    SET(portfolio->portfolio, restructured_in_period, 100000);
    SET(portfolio->portfolio, moratorium_outstanding, 0);
    SET(work(bench), reneg_approved_amount, 105001);
    bench->context.portfolio = portfolio;
}

static void approved_is_nearly_restructured(struct bench *bench)
{
    approved_is_not_restructured(bench);
    work(bench)->reneg_approved_amount = 105000;
}

static void approved_is_restructured_or_in_moratorium(struct bench *bench)
{
    PbReport *portfolio = report_of_portfolio(&bench->arena, "RW-MF-412", "2020-06", 1);
    SET(portfolio->portfolio, restructured_in_period, 100000);
    SET(portfolio->portfolio, moratorium_outstanding, 90000);
    SET(work(bench), reneg_approved_amount, 180000);
    bench->context.portfolio = portfolio;
}

static void approved_is_more_than_both(struct bench *bench)
{
    approved_is_restructured_or_in_moratorium(bench);
    work(bench)->reneg_approved_amount = 200001;
}

static void restructured_without_a_request(struct bench *bench)
{
    approved_is_restructured_or_in_moratorium(bench);
    work(bench)->reneg_approved_amount = 94999;
}

/* Where a payment holiday is a restructuring, it is among what was restructured. */
static void holidays_are_restructurings(struct bench *bench)
{
    static PbSettings settings;
    static Ihuriro__V1__Currency franc;
    static Ihuriro__V1__Currency *moneys[1] = {&franc};
    static char francs[] = "RWF";
    ihuriro__v1__settings__init(&settings);
    ihuriro__v1__currency__init(&franc);
    franc.code = francs;
    settings.currencies = moneys;
    settings.n_currencies = 1;
    settings.moratorium_is_restructuring = true;
    bench->context.settings = &settings;
    approved_is_restructured_or_in_moratorium(bench);
}

static void staff_do_not_add_up(struct bench *bench)
{
    work(bench)->staff_total = 13;
}

static void withdrawn_is_not_known(struct bench *bench)
{
    work(bench)->has_reneg_withdrawn = 0; /* 8 are left of 11: 3 may have been withdrawn */
}

static void more_are_left_than_can_be(struct bench *bench)
{
    work(bench)->has_reneg_withdrawn = 0;
    work(bench)->reneg_closing_pending = 12;
}

static void a_part_of_the_fund_is_not_known(struct bench *bench)
{
    work(bench)->emergency_fund->has_for_health = 0;
}

static void a_part_is_above_the_fund(struct bench *bench)
{
    a_part_of_the_fund_is_not_known(bench);
    work(bench)->emergency_fund->for_liquidity = 320001;
}

static void little_is_known(struct bench *bench)
{
    work(bench)->has_branches_open = work(bench)->has_staff_remote = 0;
    work(bench)->has_reneg_received = 0;
}

static const struct rule_case cases[] = {
    GOOD(O, nothing),
    GOOD(O, with_the_other_reports),
    OFF(O, a_branch_is_missing, "OPS-01", E, "operations.branches_total", 5, 6),
    OFF(O, pending_does_not_follow, "OPS-02", E, "operations.reneg_closing_pending", 8, 9),
    OFF(O, more_active_than_registered, "OPS-03", E, "operations.digital_active_30d", 200, 201),
    OFF(O, more_women_than_participants, "OPS-04", E, "operations.training[0].women", 10, 11),
    OFF(O, fund_does_not_add_up, "OPS-05", E, "operations.emergency_fund.requested", 500001,
        500000),
    OFF(O, fund_above_half_of_deposits, "OPS-06", W, "operations.emergency_fund.requested", 499999,
        500000),
    OFF(O, fund_needed_in_the_past, "OPS-06", W, "operations.emergency_fund.needed_by_day", JUNE_30,
        JUNE_30 - 1),
    OFF(O, fund_not_approved, "OPS-07", W, "operations.emergency_fund.board_approved", 1, 0),
    GOOD(O, provisional_not_approved),
    OFF(O, approved_is_not_restructured, "OPS-08", W, "operations.reneg_approved_amount", 100000,
        105001),
    GOOD(O, approved_is_nearly_restructured),
    GOOD(O, approved_is_restructured_or_in_moratorium),
    OFF(O, holidays_are_restructurings, "OPS-08", W, "operations.reneg_approved_amount", 100000,
        180000),
    OFF(O, approved_is_more_than_both, "OPS-08", W, "operations.reneg_approved_amount", 190000,
        200001),
    OFF(O, restructured_without_a_request, "OPS-08", W, "operations.reneg_approved_amount", 100000,
        94999),
    OFF(O, staff_do_not_add_up, "OPS-09", W, "operations.staff_total", 12, 13),
    GOOD(O, little_is_known),
    GOOD(O, withdrawn_is_not_known),
    OFF(O, more_are_left_than_can_be, "OPS-02", E, "operations.reneg_closing_pending", 11, 12),
    GOOD(O, a_part_of_the_fund_is_not_known),
    OFF(O, a_part_is_above_the_fund, "OPS-05", E, "operations.emergency_fund.requested", 500001,
        500000),
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
    assert_string_equal(cases_cover(cases, CASES, "OPS-01", "OPS-09"), "");
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
