#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/period.h"
#include "proto/rules_beside.h"
#include "tests/support/rules_bench.h"

#define US_PER_DAY INT64_C(86400000000)

static PbPortfolio *book(struct bench *bench)
{
    return bench->report->portfolio;
}

static void not_yet_valid(struct bench *bench)
{
    bench->party.valid_from_day = bench->report->period->end_day + 1;
}

static void other_figures_held(struct bench *bench)
{
    bench->context.highest_vintage = 1;
    bench->context.highest_since_us = INT64_C(1593764100000000);
}

static void vintage_too_high(struct bench *bench)
{
    bench->report->vintage = 2;
    bench->report->has_reason = 1;
}

static void produced_late_by(struct bench *bench, int64_t us)
{
    bench->context.received_at_us = bench->report->produced_at_us + us;
}

static void produced_more_than_48_hours_ahead(struct bench *bench)
{
    produced_late_by(bench, -2 * US_PER_DAY - 1);
}

static void other_currency(struct bench *bench)
{
    bench->report->currency = arena_text(&bench->arena, "KES");
    bench->report->currency_exponent = 2;
}

static void next_vintage(struct bench *bench)
{
    other_figures_held(bench);
    bench->report->vintage = 2;
    bench->report->has_reason = 1;
}

static void correction_without_reason(struct bench *bench)
{
    next_vintage(bench);
    bench->report->has_reason = 0;
}

static void aging_sum_off_by_one(struct bench *bench)
{
    book(bench)->aging[2]->outstanding = 1;
}

static void aging_with_a_gap(struct bench *bench)
{
    book(bench)->aging[3]->min_days = 32;
}

static void portfolio_without_loans(struct bench *bench)
{
    book(bench)->loans_outstanding = 0;
    book(bench)->active_borrowers = 0;
    book(bench)->women_borrowers = 0;
}

static void more_women_than_borrowers(struct bench *bench)
{
    book(bench)->women_borrowers = 5;
}

static PbLiquidity *purse(struct bench *bench)
{
    return bench->report->liquidity;
}

static void peak_after_the_period(struct bench *bench)
{
    purse(bench)->peak_day = bench->report->period->end_day + 1;
}

static void negative_in_a_row(struct bench *bench)
{
    purse(bench)->maturities[4]->amount = -100;
    purse(bench)->maturities[3]->amount += 100;
}

static void sentence_of(struct bench *bench, void (*change)(struct bench *bench), int type,
                        struct buffer *text)
{
    bench_open(bench, type);
    change(bench);
    (void)bench_judge(bench);
    assert_true(bench->findings.count > 0);
    assert_int_equal(finding_sentence(NULL, &bench->findings.rows[0], bench->report, text), ERR_OK);
    assert_int_equal(buffer_append(text, "", 1), ERR_OK);
}

static void sentences_show_amounts_days_and_times_as_people_write_them(void **state)
{
    static const struct {
        int type;
        void (*change)(struct bench *bench);
        const char *part;
    } rows[] = {
        {P, other_figures_held,
         "Vintage 1 of PORTFOLIO 2020-06 came on 3 July 2020, 08:15 UTC with other figures; if "
         "yours are right, send them as a correction: vintage 2"},
        {P, vintage_too_high,
         "holds no accepted PORTFOLIO 2020-06, so the next is vintage 1, and "
         "this one says 2"},
        {P, aging_sum_off_by_one,
         "add up to 1,500,001 RWF, the gross loan portfolio is 1,500,000 "
         "RWF (portfolio.aging)"},
        {P, not_yet_valid, "has the bound 1 July 2020, and the period ends on 30 June 2020"},
        {P, aging_with_a_gap, "portfolio.aging[3].min_days is 32, and 31 would follow"},
        {P, portfolio_without_loans, "portfolio is 1,500,000 RWF and the number of loans is 0"},
        {P, more_women_than_borrowers, "There are 5 women among 4 borrowers"},
        {L, negative_in_a_row, "liquidity.maturities[4].amount is -100 RWF"},
        {L, peak_after_the_period, "liquidity.peak_day is 1 July 2020, against 30 June 2020"},
        {P, produced_more_than_48_hours_ahead, "was made on 2 July 2020, 08:15 UTC, and the limit"},
        {P, correction_without_reason, "This is vintage 2, a correction"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(bench_close) struct bench bench;
        AUTO(buffer_close) struct buffer text = {0};
        sentence_of(&bench, rows[i].change, rows[i].type, &text);
        if (strstr((const char *)text.data, rows[i].part) == NULL) {
            fail_msg("row %zu: %s", i, (const char *)text.data);
        }
    }
}

static void without_the_history_only_a_vintage_of_zero_is_wrong(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    AUTO(buffer_close) struct buffer text = {0};
    bench_open(&bench, TYPE_PORTFOLIO);
    bench.context.knows_history = false;
    bench.context.highest_vintage = 7; /* not known to be true */
    assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED);
    bench.report->vintage = 0;
    assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
    assert_int_equal(finding_sentence(NULL, &bench.findings.rows[0], bench.report, &text), ERR_OK);
    assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
    assert_non_null(strstr((const char *)text.data, "the next is vintage 1, and this one says 0"));
}

static void amounts_with_a_minor_unit_keep_their_decimals(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    AUTO(buffer_close) struct buffer text = {0};
    bench_open(&bench, TYPE_PORTFOLIO);
    aging_sum_off_by_one(&bench);
    memcpy(bench.party.currency, "KES", 4);
    other_currency(&bench);
    (void)bench_judge(&bench);
    assert_int_equal(finding_sentence(NULL, &bench.findings.rows[0], bench.report, &text), ERR_OK);
    assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
    assert_non_null(strstr((const char *)text.data, "15,000.01 KES"));
}

static void a_finding_of_a_newer_hub_is_still_shown_and_its_text_is_escaped(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer text = {0};
    char rule[] = "NEW-77";
    char path[] = "portfolio.\x1b[2Jnew";
    PbFinding finding = IHURIRO__V1__FINDING__INIT;
    finding.rule = rule;
    finding.path = path;
    finding.has_got = 1;
    finding.got = INT64_MIN;
    assert_int_equal(finding_sentence(NULL, &finding, NULL, &text), ERR_OK);
    assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
    assert_non_null(strstr((const char *)text.data, "portfolio.\\x1B[2Jnew"));
    assert_non_null(strstr((const char *)text.data, "-9,223,372,036,854,775,808"));
}

/* ---- Refusals ---- */

static void test_data_and_hub_must_be_of_one_kind(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    assert_int_equal(rules_refuse(bench.report, NULL, false, &bench.findings), ERR_OK);
    assert_int_equal(bench.findings.count, 0);
    assert_int_equal(rules_refuse(bench.report, NULL, true, &bench.findings), ERR_REFUSED);
    assert_string_equal(bench.findings.rows[0].rule, "ENV-13");
    bench.report->has_test_data = 1;
    bench.report->test_data = 1;
    bench.findings.count = 0;
    assert_int_equal(rules_refuse(bench.report, NULL, true, &bench.findings), ERR_OK);
    assert_int_equal(rules_refuse(bench.report, NULL, false, &bench.findings), ERR_REFUSED);
}

static void numbers_of_people_are_refused_in_every_free_text(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    bench.report->note = arena_text(&bench.arena, "ask Jean, +250 788 123-456");
    bench.report->portfolio->breakdown[2]->code = arena_text(&bench.arena, "1198780012345678");
    assert_int_equal(rules_refuse(bench.report, NULL, false, &bench.findings), ERR_REFUSED);
    assert_int_equal(bench.findings.count, 2);
    assert_string_equal(bench.findings.rows[0].rule, "ENV-14");
    assert_string_equal(bench.findings.rows[0].path, "note");
    assert_string_equal(bench.findings.rows[1].path, "portfolio.breakdown[2].code");
    assert_false(bench.findings.rows[0].has_got);
}

static void a_report_over_64_kib_is_refused(void **state)
{
    enum { ROWS = 1000 };
    static char code[] = "a branch with a name of some length, as the system gives it to us";
    static PbBreakdownRow rows[ROWS];
    static PbBreakdownRow *pointers[ROWS];
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    for (size_t i = 0; i < ROWS; i++) {
        ihuriro__v1__breakdown_row__init(&rows[i]);
        rows[i].dim = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__BRANCH;
        rows[i].code = code;
        pointers[i] = &rows[i];
    }
    bench.report->portfolio->breakdown = pointers;
    bench.report->portfolio->n_breakdown = ROWS / 2;
    assert_int_equal(rules_refuse(bench.report, NULL, false, &bench.findings), ERR_OK);
    bench.report->portfolio->n_breakdown = ROWS;
    assert_int_equal(rules_refuse(bench.report, NULL, false, &bench.findings), ERR_REFUSED);
    assert_int_equal(bench.findings.count, 1);
    assert_string_equal(bench.findings.rows[0].rule, "ENV-11");
    assert_int_equal(bench.findings.rows[0].expected, 65536);
    assert_true(bench.findings.rows[0].got > 65536);
}

static void what_programs_write_is_not_searched(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    bench.report->source->query_version = arena_text(&bench.arena, "07881234560788123456");
    assert_int_equal(rules_refuse(bench.report, NULL, false, &bench.findings), ERR_OK);
}

/* ---- Many findings ---- */

static void more_than_64_findings_end_in_a_row_that_counts_the_rest(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    AUTO(buffer_close) struct buffer packed = {0};
    bench_open(&bench, TYPE_PORTFOLIO);
    PbPortfolio *portfolio = book(&bench);
    portfolio->breakdown = arena_take(&bench.arena, 100 * sizeof(PbBreakdownRow *));
    portfolio->n_breakdown = 100;
    for (size_t i = 0; i < 100; i++) {
        PbBreakdownRow *row = arena_take(&bench.arena, sizeof *row);
        assert_non_null(row);
        ihuriro__v1__breakdown_row__init(row);
        row->dim = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__BRANCH;
        row->code = arena_text(&bench.arena, "B");
        row->has_outstanding = 1;
        row->outstanding = 15000;
        row->has_par30 = 1;
        row->par30 = INT64_MAX;
        portfolio->breakdown[i] = row;
    }
    assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
    assert_int_equal(bench.findings.count, FINDINGS_MAX);
    const PbFinding *last = &bench.findings.rows[FINDINGS_MAX - 1];
    assert_string_equal(last->rule, "MORE");
    assert_int_equal(last->got, 100 - (FINDINGS_MAX - 1));
    assert_int_equal(last->severity, SEVERITY_ERROR);
    uint8_t settings_id[SHA256_BYTES] = {1};
    assert_int_equal(judgement_pack(settings_id, &bench.findings, &packed), ERR_OK);
    assert_true(packed.size <= JUDGEMENT_BYTES_MAX);
    const PbJudgement *judgement = NULL;
    assert_int_equal(MESSAGE_UNPACK(judgement, MESSAGE_CANONICAL, buffer_bytes(&packed),
                                    &bench.arena, &judgement),
                     ERR_OK);
    assert_int_equal(judgement->n_findings, FINDINGS_MAX);
    assert_int_equal(judgement->settings.len, SHA256_BYTES);
}

static void a_judgement_before_any_settings_names_none(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    AUTO(buffer_close) struct buffer packed = {0};
    bench_open(&bench, TYPE_PORTFOLIO);
    (void)bench_judge(&bench);
    assert_int_equal(judgement_pack(NULL, &bench.findings, &packed), ERR_OK);
    const PbJudgement *judgement = NULL;
    assert_int_equal(MESSAGE_UNPACK(judgement, MESSAGE_CANONICAL, buffer_bytes(&packed),
                                    &bench.arena, &judgement),
                     ERR_OK);
    assert_int_equal(judgement->settings.len, 0);
    assert_int_equal(judgement->n_findings, 0);
}

static void a_spent_budget_is_told_and_not_a_verdict(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    AUTO(arena_close) struct arena small = {.budget = 1};
    bench_open(&bench, TYPE_PORTFOLIO);
    bench.findings.arena = &small;
    aging_sum_off_by_one(&bench);
    enum verdict verdict = VERDICT_NONE;
    assert_int_equal(rules_judge(bench.report, &bench.context, &bench.findings, &verdict),
                     ERR_MEMORY);
    assert_int_equal(verdict, VERDICT_NONE);
}

/* ---- The table ---- */

static void every_rule_has_its_words_and_its_id_once(void **state)
{
    (void)state;
    size_t count = 0;
    const struct rule *rules = rules_at(0, &count);
    assert_null(rules_at(count, &count));
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(rule_find(rules[i].id), &rules[i]);
        assert_true(strlen(rules[i].summary) > 10);
        assert_true(strlen(rules[i].sentence) > 60);
    }
    assert_null(rule_find("ENV-00"));
    static const char *const hub_only[] = {"ENV-02", "ENV-03", "ENV-04", "ENV-15"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(rule_find(hub_only[i])->needs_hub);
    }
}

static void values_are_shown_as_what_they_are_though_their_field_is_another(void **state)
{
    static const struct {
        const char *rule;
        const char *path;
        const char *shown;
    } rows[] = {
        {"LIQ-09", "liquidity.regulatory_liquidity_base", "ratio is 4,395 basis points"},
        {"POR-21", "portfolio.disbursed_loans", "is 4,395, against 45.00 RWF:"},
        {"POR-21", "portfolio.disbursed_first_time", "is 4,395, against 4,500:"},
    };
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_LIQUIDITY);
    bench.report->currency_exponent = 2;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(buffer_close) struct buffer text = {0};
        PbFinding finding = IHURIRO__V1__FINDING__INIT;
        finding.rule = (char *)(uintptr_t)rows[i].rule;
        finding.path = (char *)(uintptr_t)rows[i].path;
        finding.has_expected = finding.has_got = 1;
        finding.expected = 4500;
        finding.got = 4395;
        assert_int_equal(finding_sentence(NULL, &finding, bench.report, &text), ERR_OK);
        assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
        if (strstr((const char *)text.data, rows[i].shown) == NULL) {
            fail_msg("%s: %s", rows[i].rule, (const char *)text.data);
        }
    }
}

/* ---- what a report is compared with ---- */

static bool is_looked_for(const PbReport *report, unsigned slot, int frequency, int32_t end_day)
{
    struct beside_place places[BESIDE_PLACES_MAX];
    size_t count = beside_places(report, places);
    for (size_t i = 0; i < count; i++) {
        if ((places[i].slots & slot) && places[i].frequency == frequency &&
            places[i].end_day == end_day) {
            return true;
        }
    }
    return false;
}

static void a_day_and_a_week_are_compared_with_a_month_before_too(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_LIQUIDITY);
    PbPeriod *period = bench.report->period;
    assert_false(is_looked_for(bench.report, BESIDE_MONTH_AGO, FREQUENCY_M, JUNE_30 - 30));
    period->frequency = IHURIRO__V1__PERIOD__FREQUENCY__D;
    assert_true(is_looked_for(bench.report, BESIDE_MONTH_AGO, FREQUENCY_D, JUNE_30 - 30));
    assert_true(is_looked_for(bench.report, BESIDE_MONTH_AGO, FREQUENCY_D, JUNE_30 - 27));
    assert_false(is_looked_for(bench.report, BESIDE_MONTH_AGO, FREQUENCY_D, JUNE_30 - 31));
    period->frequency = IHURIRO__V1__PERIOD__FREQUENCY__W;
    assert_true(is_looked_for(bench.report, BESIDE_MONTH_AGO, FREQUENCY_W, JUNE_30 - 28));
}

static void a_period_outside_of_all_days_is_compared_with_nothing(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    struct beside_place places[BESIDE_PLACES_MAX];
    bench_open(&bench, TYPE_LIQUIDITY);
    bench.report->period->start_day = INT32_MIN;
    assert_int_equal(beside_places(bench.report, places), 0);
    bench.report->period->start_day = JUNE_30;
    bench.report->period->end_day = INT32_MAX;
    assert_int_equal(beside_places(bench.report, places), 0);
    bench.report->period->end_day = INT32_MIN;
    assert_int_equal(beside_places(bench.report, places), 0);
    assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_show_amounts_days_and_times_as_people_write_them),
        cmocka_unit_test(without_the_history_only_a_vintage_of_zero_is_wrong),
        cmocka_unit_test(amounts_with_a_minor_unit_keep_their_decimals),
        cmocka_unit_test(a_finding_of_a_newer_hub_is_still_shown_and_its_text_is_escaped),
        cmocka_unit_test(test_data_and_hub_must_be_of_one_kind),
        cmocka_unit_test(numbers_of_people_are_refused_in_every_free_text),
        cmocka_unit_test(what_programs_write_is_not_searched),
        cmocka_unit_test(a_report_over_64_kib_is_refused),
        cmocka_unit_test(more_than_64_findings_end_in_a_row_that_counts_the_rest),
        cmocka_unit_test(a_judgement_before_any_settings_names_none),
        cmocka_unit_test(a_spent_budget_is_told_and_not_a_verdict),
        cmocka_unit_test(every_rule_has_its_words_and_its_id_once),
        cmocka_unit_test(values_are_shown_as_what_they_are_though_their_field_is_another),
        cmocka_unit_test(a_day_and_a_week_are_compared_with_a_month_before_too),
        cmocka_unit_test(a_period_outside_of_all_days_is_compared_with_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
