/* TIM-07 and XRP-06: what a closed month and an ended institution do not take any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/envelope.h"
#include "tests/support/rules_bench.h"

/* The report as it stands becomes what was frozen; what is judged is its correction. */
static PbReport *freeze(struct bench *bench)
{
    struct buffer raw = {0};
    const PbReport *copy = NULL;
    assert_int_equal(message_pack(&bench->report->base, &raw), ERR_OK);
    assert_int_equal(
        MESSAGE_UNPACK(report, MESSAGE_CANONICAL, buffer_bytes(&raw), &bench->arena, &copy),
        ERR_OK);
    buffer_close(&raw);
    bench->context.frozen = copy;
    bench->context.highest_vintage = 1;
    bench->context.highest_since_us = bench->context.received_at_us;
    bench->report->vintage = 2;
    bench->report->has_reason = 1;
    bench->report->reason = IHURIRO__V1__REPORT__REASON__ERROR;
    return (PbReport *)(uintptr_t)copy;
}

static PbReport *frozen_of(const struct bench *bench)
{
    return (PbReport *)(uintptr_t)bench->context.frozen;
}

static void the_same_figures(struct bench *bench)
{
    (void)freeze(bench);
}

static void a_change_of_one_in_a_thousand(struct bench *bench)
{
    PbReport *frozen = freeze(bench);
    frozen->portfolio->has_recovered = bench->report->portfolio->has_recovered = 1;
    frozen->portfolio->recovered = 10000;
    bench->report->portfolio->recovered = 10010;
}

static void a_change_above_it(struct bench *bench)
{
    a_change_of_one_in_a_thousand(bench);
    bench->report->portfolio->recovered = 10011;
}

static void a_fall_above_it(struct bench *bench)
{
    a_change_of_one_in_a_thousand(bench);
    bench->report->portfolio->recovered = 9989;
}

static void something_where_nothing_was(struct bench *bench)
{
    a_change_of_one_in_a_thousand(bench);
    frozen_of(bench)->portfolio->recovered = 0;
    bench->report->portfolio->recovered = 1;
}

static void something_where_no_word_was(struct bench *bench)
{
    a_change_of_one_in_a_thousand(bench);
    frozen_of(bench)->portfolio->has_recovered = 0;
    bench->report->portfolio->recovered = 1;
}

static void nothing_where_something_was(struct bench *bench)
{
    a_change_of_one_in_a_thousand(bench);
    bench->report->portfolio->has_recovered = 0;
}

static void zero_where_no_word_was(struct bench *bench)
{
    a_change_of_one_in_a_thousand(bench);
    frozen_of(bench)->portfolio->has_recovered = 0;
    bench->report->portfolio->recovered = 0;
}

static void the_open_month(struct bench *bench)
{
    a_change_above_it(bench);
    bench->context.frozen = NULL;
}

static void what_was_frozen_itself(struct bench *bench)
{
    a_change_above_it(bench);
    frozen_of(bench)->vintage = 2;
}

static void a_change_that_the_report_explains(struct bench *bench)
{
    static Ihuriro__V1__Explanation explanation = IHURIRO__V1__EXPLANATION__INIT;
    static Ihuriro__V1__Explanation *list[] = {&explanation};
    a_change_above_it(bench);
    explanation.rule = (char *)(uintptr_t) "TIM-07";
    explanation.code = (char *)(uintptr_t) "PREVIOUS_WRONG";
    bench->report->explanations = list;
    bench->report->n_explanations = 1;
}

/* Rows are compared by what they are about, wherever they stand. */
static void the_same_rows_in_another_order(struct bench *bench)
{
    PbPortfolio *portfolio = bench->report->portfolio;
    (void)freeze(bench);
    assert_true(portfolio->n_classes > 1);
    Ihuriro__V1__ClassRow *first = portfolio->classes[0];
    portfolio->classes[0] = portfolio->classes[1];
    portfolio->classes[1] = first;
}

static void a_row_that_has_gone(struct bench *bench)
{
    PbReport *frozen = freeze(bench);
    PbPortfolio *portfolio = frozen->portfolio;
    Ihuriro__V1__ClassRow *more = arena_take(&bench->arena, sizeof *more);
    Ihuriro__V1__ClassRow **rows =
        arena_take(&bench->arena, (portfolio->n_classes + 1) * sizeof(Ihuriro__V1__ClassRow *));
    ihuriro__v1__class_row__init(more);
    more->code = arena_text(&bench->arena, "XL");
    more->has_outstanding = 1;
    more->outstanding = 7;
    memcpy(rows, portfolio->classes, portfolio->n_classes * sizeof(Ihuriro__V1__ClassRow *));
    rows[portfolio->n_classes] = more;
    portfolio->classes = rows;
    portfolio->n_classes++;
}

static void only_a_count_changes(struct bench *bench)
{
    PbReport *frozen = freeze(bench);
    frozen->operations->has_branches_open = bench->report->operations->has_branches_open;
    frozen->operations->branches_open = bench->report->operations->branches_open + 1;
}

static void a_merger_that_came_after(struct bench *bench)
{
    bench->party.ended_day = JUNE_30 + 1;
}

static void a_merger_that_came_before(struct bench *bench)
{
    bench->party.ended_day = JUNE_30;
}

static const struct rule_case cases[] = {
    GOOD(P, the_same_figures),
    GOOD(P, a_change_of_one_in_a_thousand),
    OFF(P, a_change_above_it, "TIM-07", E, "portfolio.recovered", 10000, 10011),
    OFF(P, a_fall_above_it, "TIM-07", E, "portfolio.recovered", 10000, 9989),
    OFF(P, something_where_nothing_was, "TIM-07", E, "portfolio.recovered", 0, 1),
    OFF(P, something_where_no_word_was, "TIM-07", E, "portfolio.recovered", 0, 1),
    OFF(P, nothing_where_something_was, "TIM-07", E, "portfolio.recovered", 10000, 0),
    GOOD(P, zero_where_no_word_was),
    GOOD(P, the_open_month),
    GOOD(P, what_was_frozen_itself),
    OFF(P, a_change_that_the_report_explains, "TIM-07", E, "portfolio.recovered", 10000, 10011),
    GOOD(P, the_same_rows_in_another_order),
    OFF(P, a_row_that_has_gone, "TIM-07", E, "portfolio.classes.outstanding", 7, 0),
    GOOD(O, only_a_count_changes),
    GOOD(L, the_same_figures),
    GOOD(C, the_same_figures),
    GOOD(X, the_same_figures),
    GOOD(P, a_merger_that_came_after),
    OFF(P, a_merger_that_came_before, "XRP-06", E, "period.end_day", JUNE_30 - 1, JUNE_30),
};
#define CASES (sizeof cases / sizeof cases[0])

static void each_rule_passes_what_is_right_and_finds_what_is_not(void **state)
{
    (void)state;
    assert_string_equal(cases_check(cases, CASES), "");
}

static void every_finding_makes_a_whole_sentence(void **state)
{
    (void)state;
    assert_string_equal(cases_speak(cases, CASES), "");
}

static size_t count_of(const struct findings *findings, const char *rule)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++) {
        count += strcmp(findings->rows[i].rule, rule) == 0;
    }
    return count;
}

static void a_report_of_nothing_is_no_small_correction(void **state)
{
    (void)state;
    for (int type = 1; type <= TYPE_LAST; type++) {
        struct bench bench;
        bench_open(&bench, type);
        PbReport *frozen = freeze(&bench);
        PbReport *report = bench.report;
        report->portfolio = NULL;
        report->liquidity = NULL;
        report->operations = NULL;
        report->capital = NULL;
        report->exposures = NULL;
        report->has_nil = report->nil = 1;
        assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
        assert_true(count_of(&bench.findings, "TIM-07") > 0);
        /* and the reverse */
        bench.report = frozen;
        bench.context.frozen = report;
        frozen->vintage = 3;
        report->vintage = 2;
        bench.context.highest_vintage = 2;
        frozen->has_reason = 1;
        frozen->reason = IHURIRO__V1__REPORT__REASON__ERROR;
        assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
        assert_true(count_of(&bench.findings, "TIM-07") > 0);
        bench_close(&bench);
    }
}

static void materiality_is_the_settings(void **state)
{
    (void)state;
    struct bench bench;
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    bench_open(&bench, TYPE_PORTFOLIO);
    if (bench.context.settings != NULL) {
        settings = *bench.context.settings;
    }
    a_change_above_it(&bench);
    bench.context.settings = &settings;
    settings.has_materiality_bp = 1;
    settings.materiality_bp = 11;
    (void)bench_judge(&bench);
    assert_int_equal(count_of(&bench.findings, "TIM-07"), 0);
    settings.materiality_bp = 0;
    bench.report->portfolio->recovered = 10001;
    (void)bench_judge(&bench);
    assert_int_equal(count_of(&bench.findings, "TIM-07"), 1);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_passes_what_is_right_and_finds_what_is_not),
        cmocka_unit_test(every_finding_makes_a_whole_sentence),
        cmocka_unit_test(a_report_of_nothing_is_no_small_correction),
        cmocka_unit_test(materiality_is_the_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
