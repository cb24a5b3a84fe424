#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include "tests/support/rules_bench.h"

#define US_PER_DAY INT64_C(86400000000)

static void newer_schema(struct bench *bench)
{
    bench->report->schema_version = SCHEMA_VERSION + 1;
}

static void set_and_noted(struct bench *bench)
{
    report_note_absent(&bench->arena, bench->report, "portfolio.allowance");
}

static void row_field_set_and_noted(struct bench *bench)
{
    report_note_absent(&bench->arena, bench->report, "portfolio.aging.moratorium");
}

static void note_of_nothing(struct bench *bench)
{
    report_note_absent(&bench->arena, bench->report, "portfolio.gold");
}

static PbPortfolio *book(struct bench *bench)
{
    return bench->report->portfolio;
}

static void absent_and_noted(struct bench *bench)
{
    book(bench)->has_allowance = 0;
    report_note_absent(&bench->arena, bench->report, "portfolio.allowance");
}

static void not_yet_valid(struct bench *bench)
{
    bench->party.valid_from_day = bench->report->period->end_day + 1;
}

static void no_longer_valid(struct bench *bench)
{
    bench->party.valid_to_day = bench->report->period->end_day - 1;
}

static void valid_on_that_day_only(struct bench *bench)
{
    bench->party.valid_from_day = bench->report->period->end_day;
    bench->party.valid_to_day = bench->report->period->end_day;
}

static void unknown_party(struct bench *bench)
{
    bench->context.party = NULL;
}

static void other_figures_held(struct bench *bench)
{
    bench->context.highest_vintage = 1;
    bench->context.highest_since_us = INT64_C(1593764100000000);
}

static void next_vintage(struct bench *bench)
{
    other_figures_held(bench);
    bench->report->vintage = 2;
    bench->report->has_reason = 1;
}

static void vintage_too_high(struct bench *bench)
{
    bench->report->vintage = 2;
    bench->report->has_reason = 1;
}

static void vintage_zero_offline(struct bench *bench)
{
    bench->context.knows_history = false;
    bench->report->vintage = 0;
}

static void any_vintage_offline(struct bench *bench)
{
    bench->context.knows_history = false;
    bench->report->vintage = 7;
    bench->report->has_reason = 1;
}

static void bad_key(struct bench *bench)
{
    bench->report->period->key = arena_text(&bench->arena, "2020-13");
}

static void key_of_another_frequency(struct bench *bench)
{
    bench->report->period->frequency = IHURIRO__V1__PERIOD__FREQUENCY__Q;
}

static void start_a_day_early(struct bench *bench)
{
    bench->report->period->start_day--;
}

/* A day report of 30 June that begins so many days before it. */
static void make_day_report(struct bench *bench, int32_t days_before)
{
    PbPeriod *period = bench->report->period;
    period->frequency = IHURIRO__V1__PERIOD__FREQUENCY__D;
    period->key = arena_text(&bench->arena, "2020-06-30");
    period->end_day = period->as_of_day = JUNE_30;
    period->start_day = JUNE_30 - days_before;
}

static void day_after_a_week_end(struct bench *bench)
{
    make_day_report(bench, 2);
}

static void day_that_reaches_back_too_far(struct bench *bench)
{
    make_day_report(bench, 32);
}

static void day_that_starts_after_its_end(struct bench *bench)
{
    make_day_report(bench, -1);
}

static void end_a_day_early(struct bench *bench)
{
    bench->report->period->end_day--;
}

static void as_of_a_day_early(struct bench *bench)
{
    bench->report->period->as_of_day--;
}

/* Kigali is two hours ahead: received at 21:59 UTC of the day before as_of it is that day there,
 * and as_of is tomorrow; a day earlier it is not. */
static void as_of_tomorrow(struct bench *bench)
{
    bench->context.received_at_us =
        (bench->report->period->end_day - 1) * US_PER_DAY + 21 * US_PER_DAY / 24;
    bench->report->produced_at_us = bench->context.received_at_us;
}

static void as_of_after_tomorrow(struct bench *bench)
{
    as_of_tomorrow(bench);
    bench->context.received_at_us -= US_PER_DAY;
}

static void as_of_tomorrow_by_local_midnight(struct bench *bench)
{
    as_of_after_tomorrow(bench);
    bench->context.received_at_us += US_PER_DAY / 24; /* 22:00 UTC is midnight */
}

static void produced_late_by(struct bench *bench, int64_t us)
{
    bench->context.received_at_us = bench->report->produced_at_us + us;
}

static void produced_48_hours_ahead(struct bench *bench)
{
    produced_late_by(bench, -2 * US_PER_DAY);
}

static void produced_more_than_48_hours_ahead(struct bench *bench)
{
    produced_late_by(bench, -2 * US_PER_DAY - 1);
}

static void produced_45_days_ago(struct bench *bench)
{
    produced_late_by(bench, 45 * US_PER_DAY);
}

static void produced_more_than_45_days_ago(struct bench *bench)
{
    produced_late_by(bench, 45 * US_PER_DAY + 1);
}

static void produced_400_days_ago(struct bench *bench)
{
    produced_late_by(bench, 400 * US_PER_DAY);
}

static void produced_more_than_400_days_ago(struct bench *bench)
{
    produced_late_by(bench, 400 * US_PER_DAY + 1);
}

static void produced_at_the_end_of_time(struct bench *bench)
{
    bench->report->produced_at_us = INT64_MAX;
}

static void produced_before_all_time(struct bench *bench)
{
    bench->report->produced_at_us = INT64_MIN;
}

static void other_currency(struct bench *bench)
{
    bench->report->currency = arena_text(&bench->arena, "KES");
    bench->report->currency_exponent = 2;
}

static void other_exponent(struct bench *bench)
{
    bench->report->currency_exponent = 2;
}

static void unknown_currency(struct bench *bench)
{
    bench->context.party = NULL;
    bench->report->currency = arena_text(&bench->arena, "XAU");
}

static void final_and_prepared(struct bench *bench)
{
    bench->report->status = IHURIRO__V1__REPORT__STATUS__FINAL;
}

static void final_and_approved(struct bench *bench)
{
    report_make_final(&bench->arena, bench->report);
}

static void final_approved_by_the_same(struct bench *bench)
{
    report_make_final(&bench->arena, bench->report);
    bench->report->signoff->approved_code = bench->report->signoff->prepared_code;
}

static void final_prepared_by_nobody(struct bench *bench)
{
    report_make_final(&bench->arena, bench->report);
    bench->report->signoff->prepared_code = NULL;
}

static void final_without_signoff(struct bench *bench)
{
    bench->report->status = IHURIRO__V1__REPORT__STATUS__FINAL;
    bench->report->signoff = NULL;
}

static void final_of_a_day(struct bench *bench)
{
    PbReport *daily = report_of_portfolio(&bench->arena, "RW-MF-412", "2020-06-30", 1);
    daily->status = IHURIRO__V1__REPORT__STATUS__FINAL;
    bench->report = daily;
}

static void correction_without_reason(struct bench *bench)
{
    next_vintage(bench);
    bench->report->has_reason = 0;
}

static void nil_with_body(struct bench *bench)
{
    bench->report->has_nil = 1;
    bench->report->nil = 1;
}

static void nil_without_body(struct bench *bench)
{
    bench->report = report_of_nil(&bench->arena, TYPE_PORTFOLIO, "RW-MF-412", "2020-06", 1);
}

static void neither_nil_nor_body(struct bench *bench)
{
    bench->report->portfolio = NULL;
}

static void second_body(struct bench *bench)
{
    bench->report->liquidity =
        report_of_liquidity(&bench->arena, "RW-MF-412", "2020-06", 1)->liquidity;
}

static void body_of_another_type(struct bench *bench)
{
    bench->report->type = IHURIRO__V1__REPORT_TYPE__LIQUIDITY;
}

static void left_out(struct bench *bench, uint64_t rejected, int kind)
{
    bench->report->source->kind = (Ihuriro__V1__Source__Kind)kind;
    bench->report->source->rows = 1000;
    bench->report->source->rejected_rows = rejected;
}

static void csv_with_rejected_rows(struct bench *bench)
{
    left_out(bench, 500, IHURIRO__V1__SOURCE__KIND__CSV);
}

static void one_percent_left_out(struct bench *bench)
{
    left_out(bench, 10, IHURIRO__V1__SOURCE__KIND__API);
}

static void more_than_one_percent_left_out(struct bench *bench)
{
    left_out(bench, 11, IHURIRO__V1__SOURCE__KIND__API);
}

static void ten_percent_left_out(struct bench *bench)
{
    left_out(bench, 100, IHURIRO__V1__SOURCE__KIND__EXCEL);
}

static void more_than_ten_percent_left_out(struct bench *bench)
{
    left_out(bench, 101, IHURIRO__V1__SOURCE__KIND__EXCEL);
}

static void huge_counts_left_out(struct bench *bench)
{
    left_out(bench, UINT64_MAX, IHURIRO__V1__SOURCE__KIND__API);
    bench->report->source->rows = UINT64_MAX;
}

static void provisional_after_final(struct bench *bench)
{
    next_vintage(bench);
    bench->context.has_final = true;
}

static void final_after_final(struct bench *bench)
{
    provisional_after_final(bench);
    report_make_final(&bench->arena, bench->report);
}

static const struct rule_case cases[] = {
    GOOD(P, nothing),
    GOOD(L, nothing),
    GOOD(X, nothing),
    OFF(P, newer_schema, "ENV-01", E, "schema_version", SCHEMA_VERSION, SCHEMA_VERSION + 1),
    BAD(P, set_and_noted, "ENV-01", E, "portfolio.allowance"),
    BAD(P, row_field_set_and_noted, "ENV-01", E, "portfolio.aging.moratorium"),
    BAD(P, note_of_nothing, "ENV-01", E, "field_notes[0].path"),
    GOOD(P, absent_and_noted),
    OFF(P, not_yet_valid, "ENV-02", E, "period.end_day", JUNE_30 + 1, JUNE_30),
    OFF(P, no_longer_valid, "ENV-02", E, "period.end_day", JUNE_30 - 1, JUNE_30),
    GOOD(P, valid_on_that_day_only),
    GOOD(P, unknown_party),
    OFF(P, other_figures_held, "ENV-04", E, "vintage", 2, INT64_C(1593764100000000)),
    GOOD(P, next_vintage),
    BAD(P, vintage_too_high, "ENV-04", E, "vintage"),
    BAD(P, vintage_zero_offline, "ENV-04", E, "vintage"),
    GOOD(P, any_vintage_offline),
    BAD(P, bad_key, "ENV-05", E, "period.key"),
    OFF(P, key_of_another_frequency, "ENV-05", E, "period.frequency", 3, 4),
    OFF(P, start_a_day_early, "ENV-05", E, "period.start_day", JUNE_30 - 29, JUNE_30 - 30),
    GOOD(L, day_after_a_week_end),
    OFF(L, day_that_reaches_back_too_far, "ENV-05", E, "period.start_day", JUNE_30, JUNE_30 - 32),
    OFF(L, day_that_starts_after_its_end, "ENV-05", E, "period.start_day", JUNE_30, JUNE_30 + 1),
    OFF(P, end_a_day_early, "ENV-05", E, "period.end_day", JUNE_30, JUNE_30 - 1),
    OFF(P, as_of_a_day_early, "ENV-05", E, "period.as_of_day", JUNE_30, JUNE_30 - 1),
    GOOD(P, as_of_tomorrow),
    OFF(P, as_of_after_tomorrow, "ENV-06", E, "period.as_of_day", JUNE_30 - 1, JUNE_30),
    GOOD(P, as_of_tomorrow_by_local_midnight),
    GOOD(P, produced_48_hours_ahead),
    BAD(P, produced_more_than_48_hours_ahead, "ENV-07", E, "produced_at_us"),
    GOOD(P, produced_45_days_ago),
    BAD(P, produced_more_than_45_days_ago, "ENV-07", W, "produced_at_us"),
    BAD(P, produced_400_days_ago, "ENV-07", W, "produced_at_us"),
    BAD(P, produced_more_than_400_days_ago, "ENV-07", E, "produced_at_us"),
    BAD(P, produced_at_the_end_of_time, "ENV-07", E, "produced_at_us"),
    BAD(P, produced_before_all_time, "ENV-07", E, "produced_at_us"),
    BAD(P, other_currency, "ENV-08", E, "currency"),
    OFF(P, other_exponent, "ENV-08", E, "currency_exponent", 0, 2),
    BAD(P, unknown_currency, "ENV-08", E, "currency"),
    BAD(P, final_and_prepared, "ENV-09", E, "signoff.level"),
    GOOD(P, final_and_approved),
    BAD(P, final_approved_by_the_same, "ENV-09", E, "signoff.approved_code"),
    BAD(P, final_prepared_by_nobody, "ENV-09", E, "signoff.prepared_code"),
    BAD(P, final_without_signoff, "ENV-09", E, "signoff.level"),
    BAD(X, final_and_prepared, "ENV-09", E, "signoff.level"),
    GOOD(L, final_and_prepared),
    GOOD(P, final_of_a_day),
    BAD(P, correction_without_reason, "ENV-10", E, "reason"),
    BAD(P, nil_with_body, "ENV-11", E, "portfolio"),
    GOOD(P, nil_without_body),
    BAD(P, neither_nil_nor_body, "ENV-11", E, "portfolio"),
    BAD(P, second_body, "ENV-11", E, "liquidity"),
    BAD(P, body_of_another_type, "ENV-11", E, "portfolio"),
    GOOD(P, csv_with_rejected_rows),
    GOOD(P, one_percent_left_out),
    OFF(P, more_than_one_percent_left_out, "ENV-12", W, "source.rejected_rows", 10, 11),
    OFF(P, ten_percent_left_out, "ENV-12", W, "source.rejected_rows", 10, 100),
    OFF(P, more_than_ten_percent_left_out, "ENV-12", E, "source.rejected_rows", 10, 101),
    BAD(P, huge_counts_left_out, "ENV-12", E, "source.rejected_rows"),
    BAD(P, provisional_after_final, "ENV-15", E, "status"),
    GOOD(P, final_after_final),
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
    assert_string_equal(cases_cover(cases, CASES, "ENV-01", "ENV-15"), "");
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
