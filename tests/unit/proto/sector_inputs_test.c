/* What a month's ratios are computed from, by what is owed (D39); and what a sighting tells of a
 * body. */
#include "proto/sighting.h"

#include "tests/support/histories.h"
#include "tests/support/reports.h"

static struct history history;
static struct arena reports;

static int set_up(void **state)
{
    (void)state;
    history.now_us = time_of("2020-01-01T00:00:00Z");
    reports.budget = (size_t)64 << 20;
    member_comes(&history, "A", "USACCO", "2019-01-01");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    history_close(&history);
    arena_close(&reports);
    return 0;
}

static void owes(const char *type, const char *frequency)
{
    struct obligation_row row = {.type = type, .frequency = frequency, .due_days = 10};
    settings_come(&history, &row, 1);
}

/* A LIQUIDITY of the period with so much paid in, and so much cash. */
static PbReport *liquidity(const char *key, int64_t inflow, int64_t cash)
{
    PbReport *report = report_of_liquidity(&reports, "A", key, 1);
    struct report_row_of row = {.institution = "A", .type = TYPE_LIQUIDITY, .key = key};
    report->liquidity->deposit_inflow = inflow;
    report->liquidity->cash = cash;
    uint64_t seq = report_comes(&history, &row);
    history.bodies[seq - 1] = report;
    return report;
}

struct asked {
    struct sector *sector;
    struct arena arena;
    const struct ratio_inputs *inputs;
};

static void ask(struct asked *asked, const char *month, int months_before)
{
    struct period period = key_of(month);
    *asked = (struct asked){.sector = sector_of(&history, SIZE_MAX, INT64_MAX / 2, NULL)};
    assert_int_equal(sector_inputs(asked->sector,
                                   registry_find(sector_registry(asked->sector), "A"), &period,
                                   months_before, &asked->arena, &asked->inputs),
                     ERR_OK);
}

static void answered(struct asked *asked)
{
    sector_close(&asked->sector);
    arena_close(&asked->arena);
}

static void the_report_keyed_to_the_month_comes_first(void **state)
{
    (void)state;
    struct asked asked;
    owes("LIQUIDITY", "D");
    liquidity("2020-06-30", 1, 10);
    liquidity("2020-06", 2, 20);
    ask(&asked, "2020-06", 0);
    assert_int_equal(asked.inputs->liquidity->liquidity->cash, 20);
    assert_null(asked.inputs->portfolio);
    assert_null(asked.inputs->before);
    assert_string_equal(asked.inputs->category, "USACCO");
    answered(&asked);
}

static void what_is_owed_monthly_and_is_not_there_is_not_taken_from_a_day(void **state)
{
    (void)state;
    struct asked asked;
    owes("LIQUIDITY", "M");
    liquidity("2020-06-30", 1, 10);
    liquidity("2020-Q2", 1, 10);
    ask(&asked, "2020-06", 0);
    assert_null(asked.inputs->liquidity);
    answered(&asked);
}

static void of_what_is_owed_quarterly_the_latest_quarter_counts(void **state)
{
    (void)state;
    struct asked asked;
    owes("LIQUIDITY", "Q");
    liquidity("2020-Q1", 1, 10);
    ask(&asked, "2020-05", 2);
    assert_string_equal(asked.inputs->liquidity->period->key, "2020-Q1"); /* dated */
    assert_string_equal(asked.inputs->before->before->liquidity->period->key, "2020-Q1");
    answered(&asked);
    ask(&asked, "2020-06", 0); /* the second quarter has ended, and nothing came */
    assert_null(asked.inputs->liquidity);
    answered(&asked);
}

static void of_days_the_latest_of_the_last_seven_is_the_stock_and_flows_are_absent(void **state)
{
    (void)state;
    struct asked asked;
    owes("LIQUIDITY", "D");
    liquidity("2020-06-20", 1, 10);
    ask(&asked, "2020-06", 0);
    assert_null(asked.inputs->liquidity); /* too long ago */
    answered(&asked);
    liquidity("2020-06-25", 5, 50);
    liquidity("2020-06-26", 6, 60);
    ask(&asked, "2020-06", 0);
    const PbReport *report = asked.inputs->liquidity;
    assert_int_equal(report->liquidity->cash, 60);
    assert_int_equal(report->period->end_day, date_of("2020-06-26"));
    assert_false(report->liquidity->has_deposit_inflow);
    assert_false(report->liquidity->has_deposit_adjustment);
    assert_true(report->liquidity->has_deposits_total);
    answered(&asked);
}

static void days_that_cover_the_month_without_a_gap_have_its_flows(void **state)
{
    (void)state;
    struct asked asked;
    char key[11];
    owes("LIQUIDITY", "D");
    for (int32_t day = date_of("2020-06-02"); day <= date_of("2020-06-30"); day++) {
        day_format(day, key);
        liquidity(strcpy(arena_take(&reports, sizeof key), key), 10, day);
    }
    ask(&asked, "2020-06", 0);
    assert_false(asked.inputs->liquidity->liquidity->has_deposit_inflow); /* the first lacks */
    answered(&asked);
    PbReport *first = liquidity("2020-06-01", 10, 1);
    ask(&asked, "2020-06", 0);
    const PbLiquidity *body = asked.inputs->liquidity->liquidity;
    assert_true(body->has_deposit_inflow);
    assert_int_equal(body->deposit_inflow, 300);
    assert_int_equal(body->deposit_adjustment, -30000);
    assert_int_equal(body->cash, date_of("2020-06-30"));
    assert_false(body->has_peak_day_withdrawal); /* no sum of days */
    assert_int_equal(asked.inputs->liquidity->period->start_day, date_of("2020-06-01"));
    answered(&asked);
    first->liquidity->has_deposit_inflow = 0; /* not measured on one day: not known of the month */
    ask(&asked, "2020-06", 0);
    assert_false(asked.inputs->liquidity->liquidity->has_deposit_inflow);
    assert_true(asked.inputs->liquidity->liquidity->has_deposit_withdrawal);
    answered(&asked);
}

static void the_months_before_follow_one_another(void **state)
{
    (void)state;
    struct asked asked;
    owes("LIQUIDITY", "M");
    liquidity("2020-04", 4, 40);
    liquidity("2020-06", 6, 60);
    ask(&asked, "2020-06", 2);
    assert_int_equal(asked.inputs->liquidity->liquidity->cash, 60);
    assert_null(asked.inputs->before->liquidity);
    assert_int_equal(asked.inputs->before->before->liquidity->liquidity->cash, 40);
    assert_null(asked.inputs->before->before->before);
    answered(&asked);
}

/* ---- sightings ---- */

static void a_sighting_tells_of_a_body_what_unpacking_it_tells(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(7);
    for (int nil = 0; nil < 2; nil++) {
        for (int level = 0; level <= IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED; level++) {
            AUTO(buffer_close) struct buffer raw = {0};
            AUTO(buffer_close) struct buffer envelope = {0};
            bool is_nil = nil == 0;
            bool is_approved = level == 0;
            PbReport *report = nil == 1 ? report_of_nil(&reports, TYPE_CAPITAL, "A", "2020-06", 1)
                                        : report_of_portfolio(&reports, "A", "2020-06", 1);
            if (level == 0) {
                report->signoff = NULL;
            } else {
                report->signoff->has_level = 1;
                report->signoff->level = (Ihuriro__V1__SignOff__Level)level;
            }
            report_pack(report, &raw);
            assert_int_equal(envelope_make(key, buffer_bytes(&raw), &envelope), ERR_OK);
            assert_int_equal(sighting_facts(buffer_bytes(&envelope), &is_nil, &is_approved),
                             ERR_OK);
            assert_int_equal(is_nil, nil);
            assert_int_equal(is_approved, level == IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED);
            size_t head = raw.size < 128 ? 2 : 3; /* tag and length */
            for (size_t size = 0; size < envelope.size; size++) {
                /* Cut off anywhere within the report it is malformed, and nothing behind is read.
                 */
                enum err err = sighting_facts(bytes_of(envelope.data, size), &is_nil, &is_approved);
                assert_true(err == ERR_OK || err == ERR_MALFORMED);
                assert_int_equal(err == ERR_OK, size >= head + raw.size);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_A_MEMBER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        WITH_A_MEMBER(the_report_keyed_to_the_month_comes_first),
        WITH_A_MEMBER(what_is_owed_monthly_and_is_not_there_is_not_taken_from_a_day),
        WITH_A_MEMBER(of_what_is_owed_quarterly_the_latest_quarter_counts),
        WITH_A_MEMBER(of_days_the_latest_of_the_last_seven_is_the_stock_and_flows_are_absent),
        WITH_A_MEMBER(days_that_cover_the_month_without_a_gap_have_its_flows),
        WITH_A_MEMBER(the_months_before_follow_one_another),
        WITH_A_MEMBER(a_sighting_tells_of_a_body_what_unpacking_it_tells),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
