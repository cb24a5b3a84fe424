#include "tests/support/land.h"

/* ---- due ---- */

static void a_month_is_due_days_after_its_end_at_a_local_time(void **state)
{
    (void)state;
    owe("PORTFOLIO", "M", 10, 17 * 60);
    assert_string_equal(owed("2020-02-01", "2020-02-29"),
                        "PORTFOLIO 2020-02 due 2020-03-10T15:00:00Z\n");
    const struct duty duty = only_duty("2020-02-29");
    assert_int_equal(duty.ended_us, at("2020-02-29T22:00:00Z"));
    assert_int_equal(duty.grace_us, duty.due_us);
    assert_int_equal(duty.remind_us, INT64_MAX);
    assert_int_equal(duty.escalate_us, INT64_MAX);
    assert_null(duty.added_by);
    assert_null(duty.suspended_by);
    /* the end lies outside what was asked for */
    assert_string_equal(owed("2020-02-01", "2020-02-28"), "");
    assert_string_equal(owed("2020-03-01", "2020-03-30"), "");
}

static void grace_reminder_and_escalation_count_from_when_it_is_due(void **state)
{
    (void)state;
    PbObligation *row = owe("CAPITAL", "Q", 15, 17 * 60);
    row->has_grace_hours = row->has_remind_hours = row->has_escalate_hours = 1;
    row->grace_hours = 48;
    row->remind_hours = 24;
    row->escalate_hours = 120;
    const struct duty duty = only_duty("2020-06-30");
    assert_int_equal(duty.due_us, at("2020-07-15T15:00:00Z"));
    assert_int_equal(duty.grace_us, at("2020-07-17T15:00:00Z"));
    assert_int_equal(duty.remind_us, at("2020-07-14T15:00:00Z"));
    assert_int_equal(duty.escalate_us, at("2020-07-20T15:00:00Z"));
    assert_int_equal(duty.period.frequency, FREQUENCY_Q);
}

static void a_day_is_due_on_the_next_business_day_in_the_morning(void **state)
{
    (void)state;
    PbObligation *row = owe("LIQUIDITY", "D", 1, 10 * 60);
    row->has_business_days = row->business_days = 1;
    rest_each_year(7, 1); /* a Wednesday in 2020 */
    rest_on("2020-07-06");
    assert_string_equal(owed("2020-06-29", "2020-07-05"),
                        "LIQUIDITY 2020-06-29 due 2020-06-30T08:00:00Z\n"
                        "LIQUIDITY 2020-06-30 due 2020-07-02T08:00:00Z\n"
                        "LIQUIDITY 2020-07-01 due 2020-07-02T08:00:00Z\n"
                        "LIQUIDITY 2020-07-02 due 2020-07-03T08:00:00Z\n"
                        "LIQUIDITY 2020-07-03 due 2020-07-07T08:00:00Z\n"
                        "LIQUIDITY 2020-07-04 due 2020-07-07T08:00:00Z\n"
                        "LIQUIDITY 2020-07-05 due 2020-07-07T08:00:00Z\n");
}

static void a_due_day_that_is_no_business_day_rolls_forwards_backwards_or_not(void **state)
{
    (void)state;
    PbObligation *row = owe("PORTFOLIO", "M", 10, 17 * 60);
    rest_on("2021-04-12"); /* Monday after Saturday 10 April 2021 */
    rest_on("2021-04-09");
    row->has_roll = 1;
    row->roll = IHURIRO__V1__OBLIGATION__ROLL__NONE;
    assert_string_equal(owed("2021-03-31", "2021-03-31"),
                        "PORTFOLIO 2021-03 due 2021-04-10T15:00:00Z\n");
    row->roll = IHURIRO__V1__OBLIGATION__ROLL__NEXT;
    assert_string_equal(owed("2021-03-31", "2021-03-31"),
                        "PORTFOLIO 2021-03 due 2021-04-13T15:00:00Z\n");
    row->roll = IHURIRO__V1__OBLIGATION__ROLL__PREVIOUS;
    assert_string_equal(owed("2021-03-31", "2021-03-31"),
                        "PORTFOLIO 2021-03 due 2021-04-08T15:00:00Z\n");
    /* one that is a business day stays, whatever the roll: 10 June 2021 is a Thursday */
    assert_string_equal(owed("2021-05-31", "2021-05-31"),
                        "PORTFOLIO 2021-05 due 2021-06-10T15:00:00Z\n");
}

static void business_days_are_counted_over_weekends_and_holidays(void **state)
{
    (void)state;
    PbObligation *row = owe("CAPITAL", "M", 5, 0);
    row->has_business_days = row->business_days = 1;
    rest_on("2021-01-01");
    /* after 31 December 2020: 4, 5, 6, 7, 8 January */
    assert_string_equal(owed("2020-12-31", "2020-12-31"),
                        "CAPITAL 2020-12 due 2021-01-07T22:00:00Z\n");
}

static void weeks_are_iso_weeks_over_new_year(void **state)
{
    (void)state;
    owe("OPERATIONS", "W", 2, 12 * 60);
    assert_string_equal(owed("2020-12-21", "2021-01-10"),
                        "OPERATIONS 2020-W52 due 2020-12-29T10:00:00Z\n"
                        "OPERATIONS 2020-W53 due 2021-01-05T10:00:00Z\n"
                        "OPERATIONS 2021-W01 due 2021-01-12T10:00:00Z\n");
    /* a week is of the month that it ends in */
    assert_string_equal(owed("2020-12-31", "2020-12-31"), "");
    assert_string_equal(owed("2021-01-01", "2021-01-04"),
                        "OPERATIONS 2020-W53 due 2021-01-05T10:00:00Z\n");
}

static void duties_come_in_order_of_type_frequency_and_end(void **state)
{
    (void)state;
    owe("EXPOSURES", "M", 10, 0);
    owe("LIQUIDITY", "M", 10, 0);
    owe("LIQUIDITY", "W", 1, 0);
    owe("PORTFOLIO", "Q", 10, 0);
    assert_string_equal(owed("2020-06-15", "2020-06-30"),
                        "PORTFOLIO 2020-Q2 due 2020-07-09T22:00:00Z\n"
                        "LIQUIDITY 2020-W25 due 2020-06-21T22:00:00Z\n"
                        "LIQUIDITY 2020-W26 due 2020-06-28T22:00:00Z\n"
                        "LIQUIDITY 2020-06 due 2020-07-09T22:00:00Z\n"
                        "EXPOSURES 2020-06 due 2020-07-09T22:00:00Z\n");
}

static enum err stop(void *context, const struct duty *duty)
{
    (void)duty;
    int *visits = context;
    ++*visits;
    return ERR_LOST;
}

static void a_visit_that_fails_ends_it(void **state)
{
    (void)state;
    int visits = 0;
    owe("LIQUIDITY", "D", 1, 0);
    const struct calendar calendar = {&land.settings, land.docket};
    assert_int_equal(calendar_duties(&calendar, &land.party, 18000, 18030, stop, &visits),
                     ERR_LOST);
    assert_int_equal(visits, 1);
}

/* ---- whose row ---- */

static void rows_hold_for_their_categories_and_days(void **state)
{
    (void)state;
    static char *sacco[] = {NULL};
    sacco[0] = text_of("USACCO");
    static char *mf[] = {NULL};
    mf[0] = text_of("MF");
    PbObligation *old = owe("PORTFOLIO", "M", 15, 0);
    PbObligation *new = owe("PORTFOLIO", "M", 10, 0);
    PbObligation *other = owe("CAPITAL", "M", 10, 0);
    PbObligation *off = owe("LIQUIDITY", "M", 10, 0);
    old->has_until_day = new->has_from_day = 1;
    old->until_day = day_of("2020-05-31");
    new->from_day = day_of("2020-06-01");
    new->categories = sacco;
    new->n_categories = 1;
    other->categories = mf;
    other->n_categories = 1;
    off->has_off = off->off = 1;
    assert_string_equal(owed("2020-05-01", "2020-06-30"),
                        "PORTFOLIO 2020-05 due 2020-06-14T22:00:00Z\n"
                        "PORTFOLIO 2020-06 due 2020-07-09T22:00:00Z\n");
    land.party.category = text_of("MF");
    assert_string_equal(owed("2020-05-01", "2020-06-30"),
                        "PORTFOLIO 2020-05 due 2020-06-14T22:00:00Z\n"
                        "CAPITAL 2020-05 due 2020-06-09T22:00:00Z\n"
                        "CAPITAL 2020-06 due 2020-07-09T22:00:00Z\n");
}

/* ---- who owes ---- */

static bool owes(const char *key)
{
    const struct period period = period_of(key);
    return party_owes(&land.party, &period, land.settings.utc_offset_minutes);
}

static void a_party_owes_from_its_first_whole_period_to_its_last_day(void **state)
{
    (void)state;
    assert_true(owes("2020-06"));
    land.party.reports_from_day = day_of("2020-06-02");
    assert_false(owes("2020-06"));
    assert_true(owes("2020-07"));
    land.party.reports_from_day = day_of("2020-06-01");
    assert_true(owes("2020-06"));
    assert_false(owes("2020-Q2"));
    land.party.reports_from_day = INT32_MIN;
    land.party.enrolled_us = at("2020-06-01T12:00:00Z");
    assert_false(owes("2020-06"));
    assert_true(owes("2020-06-02"));
    assert_true(owes("2020-07"));
    land.party.enrolled_us = at("2020-05-31T21:59:00Z"); /* in Kigali, too */
    assert_true(owes("2020-06"));
    land.party.enrolled_us = at("2020-05-31T22:00:00Z"); /* there it is June */
    assert_false(owes("2020-06"));
    land.party.took_over_day = day_of("2020-06-01"); /* its predecessors do not owe June */
    assert_true(owes("2020-06"));
    assert_true(owes("2020-Q2"));
    assert_false(owes("2020-05"));
    land.party.took_over_day = INT32_MAX;
    land.party.valid_to_day = day_of("2020-08-30");
    assert_true(owes("2020-07"));
    assert_false(owes("2020-08"));
    land.party.role = ROLE_ASSOCIATION;
    assert_false(owes("2020-07"));
}

static void suspended_members_owe_and_those_that_ended_do_not(void **state)
{
    (void)state;
    land.party.status = PARTY_SUSPENDED;
    land.party.status_from_day = day_of("2020-01-01");
    assert_true(owes("2020-06"));
    land.party.status = PARTY_LIQUIDATED;
    land.party.status_from_day = day_of("2020-06-30");
    assert_true(owes("2020-05"));
    assert_false(owes("2020-06"));
    land.party.status = PARTY_ACTIVE;
    land.party.ended_day = day_of("2020-06-01");
    assert_true(owes("2020-05"));
    assert_false(owes("2020-W23"));
    assert_false(owes("2020-06"));
    owe("PORTFOLIO", "M", 10, 0);
    assert_string_equal(owed("2020-05-01", "2020-12-31"),
                        "PORTFOLIO 2020-05 due 2020-06-09T22:00:00Z\n");
}

/* ---- business days ---- */

static void holidays_are_dates_or_the_same_date_of_each_year_within_their_days(void **state)
{
    (void)state;
    assert_true(calendar_is_business_day(&land.settings, day_of("2021-07-01")));
    assert_false(calendar_is_business_day(&land.settings, day_of("2021-07-03"))); /* Saturday */
    assert_false(calendar_is_business_day(&land.settings, day_of("2021-07-04")));
    rest_each_year(7, 1);
    rest_on("2021-05-13");
    PbHoliday *row = rest();
    row->has_month = row->has_day_of_month = row->has_from_day = row->has_until_day = 1;
    row->month = 9;
    row->day_of_month = 15;
    row->from_day = day_of("2020-01-01");
    row->until_day = day_of("2021-12-31");
    assert_false(calendar_is_business_day(&land.settings, day_of("2021-07-01")));
    assert_false(calendar_is_business_day(&land.settings, day_of("2022-07-01")));
    assert_false(calendar_is_business_day(&land.settings, day_of("2021-05-13")));
    assert_true(calendar_is_business_day(&land.settings, day_of("2022-05-13")));
    assert_false(calendar_is_business_day(&land.settings, day_of("2020-09-15")));
    assert_false(calendar_is_business_day(&land.settings, day_of("2021-09-15")));
    assert_true(calendar_is_business_day(&land.settings, day_of("2022-09-15")));
    assert_true(calendar_is_business_day(&land.settings, day_of("2017-09-15")));
}

static void settings_that_make_no_sense_end_all_the_same(void **state)
{
    (void)state;
    static uint32_t all_days[] = {1, 2, 3, 4, 5, 6, 7};
    land.settings.weekend = all_days;
    land.settings.n_weekend = 7;
    PbObligation *row = owe("PORTFOLIO", "D", UINT32_MAX, UINT32_MAX);
    row->has_business_days = row->business_days = 1;
    row->has_grace_hours = row->has_escalate_hours = 1;
    row->grace_hours = row->escalate_hours = UINT32_MAX;
    const struct duty duty = only_duty("2020-06-30");
    assert_true(duty.grace_us > duty.due_us);
    const struct calendar calendar = {&land.settings, land.docket};
    struct duty last = {0};
    land.settings.n_obligations = 0;
    owe("PORTFOLIO", "Q", 10, 0);
    assert_int_equal(
        calendar_duties(&calendar, &land.party, day_of("2199-12-31"), INT32_MAX, take_duty, &last),
        ERR_OK);
    assert_int_equal(last.period.end_day, day_of("2199-12-31"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_month_is_due_days_after_its_end_at_a_local_time),
        TEST(grace_reminder_and_escalation_count_from_when_it_is_due),
        TEST(a_day_is_due_on_the_next_business_day_in_the_morning),
        TEST(a_due_day_that_is_no_business_day_rolls_forwards_backwards_or_not),
        TEST(business_days_are_counted_over_weekends_and_holidays),
        TEST(weeks_are_iso_weeks_over_new_year),
        TEST(duties_come_in_order_of_type_frequency_and_end),
        TEST(a_visit_that_fails_ends_it),
        TEST(rows_hold_for_their_categories_and_days),
        TEST(a_party_owes_from_its_first_whole_period_to_its_last_day),
        TEST(suspended_members_owe_and_those_that_ended_do_not),
        TEST(holidays_are_dates_or_the_same_date_of_each_year_within_their_days),
        TEST(settings_that_make_no_sense_end_all_the_same),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
