#include "proto/calendar.h"

#include "tests/support/decisions.h"

#include <stdio.h>

#define ROWS_MAX 8

/* Settings of a country two hours ahead of UTC. Row by row; kept in one place for all tests. */
struct land {
    PbSettings settings;
    PbObligation obligations[ROWS_MAX];
    PbObligation *obligation_list[ROWS_MAX];
    PbHoliday holidays[ROWS_MAX];
    PbHoliday *holiday_list[ROWS_MAX];
    uint32_t weekend[2];
    struct docket *docket;
    struct party party;
};

static struct land land;

static int set_up(void **state)
{
    (void)state;
    land = (struct land){.settings = IHURIRO__V1__SETTINGS__INIT, .weekend = {6, 7}};
    land.settings.has_utc_offset_minutes = 1;
    land.settings.utc_offset_minutes = 120;
    land.settings.obligations = land.obligation_list;
    land.settings.holidays = land.holiday_list;
    land.settings.weekend = land.weekend;
    land.settings.n_weekend = 2;
    land.party = (struct party){
        .id = "A",
        .role = ROLE_MEMBER,
        .category = text_of("USACCO"),
        .valid_from_day = INT32_MIN,
        .valid_to_day = INT32_MAX,
        .status = PARTY_ACTIVE,
        .reports_from_day = day_of("2019-01-01"),
        .ended_day = INT32_MAX,
        .took_over_day = INT32_MAX,
    };
    land.docket = docket_of(NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    docket_close(&land.docket);
    return 0;
}

static void decide(const struct decision *rows, size_t count)
{
    docket_close(&land.docket);
    land.docket = docket_of(rows, count);
}

static PbObligation *owe(const char *type, const char *frequency, uint32_t days, uint32_t minutes)
{
    PbObligation *row = &land.obligations[land.settings.n_obligations];
    *row = (PbObligation)IHURIRO__V1__OBLIGATION__INIT;
    row->id = text_of("row");
    row->type = text_of(type);
    row->frequency = text_of(frequency);
    row->wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
    row->due_days = days;
    row->due_minutes = minutes;
    land.obligation_list[land.settings.n_obligations++] = row;
    return row;
}

static PbHoliday *rest(void)
{
    PbHoliday *row = &land.holidays[land.settings.n_holidays];
    *row = (PbHoliday)IHURIRO__V1__HOLIDAY__INIT;
    row->name = text_of("holiday");
    land.holiday_list[land.settings.n_holidays++] = row;
    return row;
}

static void rest_on(const char *date)
{
    PbHoliday *row = rest();
    row->has_day = 1;
    row->day = day_of(date);
}

static void rest_each_year(unsigned month, unsigned day_of_month)
{
    PbHoliday *row = rest();
    row->has_month = row->has_day_of_month = 1;
    row->month = month;
    row->day_of_month = day_of_month;
}

/* ---- what is owed, as text: "PORTFOLIO 2020-06 due 2020-07-10T15:00:00Z" a line ---- */

static enum err write_duty(void *context, const struct duty *duty)
{
    struct buffer *text = context;
    char key[PERIOD_KEY_MAX + 1];
    char due[TIME_TEXT_MAX + 1];
    period_format(&duty->period, key);
    time_format(duty->due_us, due);
    return buffer_printf(text, "%s %s due %s%s%s\n", report_type_name(duty->type), key, due,
                         duty->added_by != NULL ? " added by " : "",
                         duty->added_by != NULL       ? duty->added_by->id
                         : duty->suspended_by != NULL ? " suspended"
                                                      : "");
}

static const char *owed(const char *first, const char *last)
{
    static char shown[8192];
    AUTO(buffer_close) struct buffer text = {0};
    const struct calendar calendar = {&land.settings, land.docket};
    assert_int_equal(
        calendar_duties(&calendar, &land.party, day_of(first), day_of(last), write_duty, &text),
        ERR_OK);
    assert_true(text.size < sizeof shown);
    memcpy(shown, text.data == NULL ? (const uint8_t *)"" : text.data, text.size);
    shown[text.size] = '\0';
    return shown;
}

static enum err take_duty(void *context, const struct duty *duty)
{
    struct duty *taken = context;
    *taken = *duty;
    return ERR_OK;
}

static struct duty only_duty(const char *end)
{
    struct duty duty = {0};
    const struct calendar calendar = {&land.settings, land.docket};
    assert_int_equal(
        calendar_duties(&calendar, &land.party, day_of(end), day_of(end), take_duty, &duty),
        ERR_OK);
    assert_non_null(duty.obligation);
    return duty;
}

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

/* ---- orders ---- */

/* A daily liquidity report of everybody, and nothing of OPERATIONS, from 15 March to 30 June. */
struct ordered {
    PbOrder order;
    PbOrderRow rows[2];
    PbOrderRow *row_list[2];
    PbObligation add;
    Ihuriro__V1__ReportType types[1];
    char *lists[3];
};

static void order_make(struct ordered *ordered, const char *id, const char *replaces)
{
    *ordered = (struct ordered){
        .order = IHURIRO__V1__ORDER__INIT,
        .rows = {IHURIRO__V1__ORDER_ROW__INIT, IHURIRO__V1__ORDER_ROW__INIT},
        .add = IHURIRO__V1__OBLIGATION__INIT,
        .types = {IHURIRO__V1__REPORT_TYPE__OPERATIONS},
    };
    ordered->order.id = text_of(id);
    ordered->order.replaces = text_of(replaces);
    ordered->order.from_day = day_of("2020-03-15");
    ordered->order.until_day = day_of("2020-06-30");
    ordered->order.reason = text_of("a crisis");
    ordered->order.authority = text_of("BNR");
    ordered->order.rows = ordered->row_list;
    ordered->order.n_rows = 2;
    ordered->row_list[0] = &ordered->rows[0];
    ordered->row_list[1] = &ordered->rows[1];
    ordered->rows[0].action = IHURIRO__V1__ORDER_ROW__ACTION__ADD;
    ordered->rows[0].add = &ordered->add;
    ordered->add.id = text_of("BNR-D");
    ordered->add.type = text_of("LIQUIDITY");
    ordered->add.frequency = text_of("D");
    ordered->add.wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
    ordered->add.due_days = 1;
    ordered->add.due_minutes = 600;
    ordered->rows[1].action = IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    ordered->rows[1].types = ordered->types;
    ordered->rows[1].n_types = 1;
}

static void settings_of_peace(void)
{
    owe("LIQUIDITY", "M", 10, 0);
    owe("OPERATIONS", "M", 10, 0);
}

static void added_duties_begin_the_day_after_and_suspensions_reach_back(void **state)
{
    (void)state;
    struct ordered crisis;
    settings_of_peace();
    order_make(&crisis, "BNR-1", NULL);
    /* on 18 June, local; at 22:00 UTC it is the 19th */
    const struct decision rows[] = {
        {.time_us = at("2020-06-18T21:59:59Z"), .order = &crisis.order}};
    decide(rows, 1);
    assert_string_equal(owed("2020-06-16", "2020-06-20"),
                        "LIQUIDITY 2020-06-19 due 2020-06-20T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-06-20 due 2020-06-21T08:00:00Z added by BNR-1\n");
    /* the monthly is owed all the same; OPERATIONS of March to June are excused */
    assert_string_equal(owed("2020-03-31", "2020-03-31"),
                        "LIQUIDITY 2020-03 due 2020-04-09T22:00:00Z\n"
                        "OPERATIONS 2020-03 due 2020-04-09T22:00:00Z suspended\n");
    assert_string_equal(owed("2020-02-29", "2020-02-29"),
                        "LIQUIDITY 2020-02 due 2020-03-09T22:00:00Z\n"
                        "OPERATIONS 2020-02 due 2020-03-09T22:00:00Z\n");
    const struct decision later[] = {
        {.time_us = at("2020-06-18T22:00:00Z"), .order = &crisis.order}};
    decide(later, 1);
    assert_string_equal(owed("2020-06-19", "2020-06-20"),
                        "LIQUIDITY 2020-06-20 due 2020-06-21T08:00:00Z added by BNR-1\n");
}

static void an_order_reverts_by_itself_after_its_last_day(void **state)
{
    (void)state;
    struct ordered crisis;
    settings_of_peace();
    order_make(&crisis, "BNR-1", NULL);
    const struct decision rows[] = {{.time_us = at("2020-03-14"), .order = &crisis.order}};
    decide(rows, 1);
    assert_string_equal(owed("2020-03-14", "2020-03-15"),
                        "LIQUIDITY 2020-03-15 due 2020-03-16T08:00:00Z added by BNR-1\n");
    assert_string_equal(owed("2020-06-29", "2020-07-02"),
                        "LIQUIDITY 2020-06-29 due 2020-06-30T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-06-30 due 2020-07-01T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-06 due 2020-07-09T22:00:00Z\n"
                        "OPERATIONS 2020-06 due 2020-07-09T22:00:00Z suspended\n");
    assert_string_equal(owed("2020-07-31", "2020-07-31"),
                        "LIQUIDITY 2020-07 due 2020-08-09T22:00:00Z\n"
                        "OPERATIONS 2020-07 due 2020-08-09T22:00:00Z\n");
}

static void of_two_orders_the_later_counts_for_each_type(void **state)
{
    (void)state;
    struct ordered first;
    struct ordered second;
    settings_of_peace();
    order_make(&first, "BNR-1", NULL);
    order_make(&second, "BNR-2", NULL);
    /* the second asks for LIQUIDITY by week and says nothing of OPERATIONS */
    second.add.frequency = text_of("W");
    second.order.n_rows = 1;
    const struct decision rows[] = {
        {.time_us = at("2020-04-01"), .order = &first.order},
        {.time_us = at("2020-05-10T12:00:00Z"), .order = &second.order},
    };
    decide(rows, 2);
    /* until the second begins, on 11 May, the first one's days stand */
    assert_string_equal(owed("2020-05-09", "2020-05-17"),
                        "LIQUIDITY 2020-05-09 due 2020-05-10T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-05-10 due 2020-05-11T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-W20 due 2020-05-18T08:00:00Z added by BNR-2\n");
    assert_string_equal(owed("2020-05-31", "2020-05-31"),
                        "LIQUIDITY 2020-W22 due 2020-06-01T08:00:00Z added by BNR-2\n"
                        "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z suspended\n");
}

static void an_order_that_is_replaced_governs_only_what_ended_before(void **state)
{
    (void)state;
    struct ordered first;
    PbOrder end = IHURIRO__V1__ORDER__INIT;
    settings_of_peace();
    order_make(&first, "BNR-1", NULL);
    end.id = text_of("BNR-2");
    end.replaces = text_of("BNR-1");
    end.from_day = first.order.from_day;
    end.until_day = first.order.until_day;
    end.reason = text_of("it is over");
    end.authority = text_of("BNR");
    const struct decision rows[] = {
        {.time_us = at("2020-04-01"), .order = &first.order},
        {.time_us = at("2020-05-10T12:00:00Z"), .order = &end},
    };
    decide(rows, 2);
    assert_string_equal(owed("2020-05-10", "2020-05-12"),
                        "LIQUIDITY 2020-05-10 due 2020-05-11T08:00:00Z added by BNR-1\n");
    assert_string_equal(owed("2020-04-30", "2020-04-30"),
                        "LIQUIDITY 2020-04-30 due 2020-05-01T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-04 due 2020-05-09T22:00:00Z\n"
                        "OPERATIONS 2020-04 due 2020-05-09T22:00:00Z suspended\n");
    assert_string_equal(owed("2020-05-31", "2020-05-31"),
                        "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z\n");
}

static void an_added_row_stands_for_the_settings_own_of_its_type_and_frequency(void **state)
{
    (void)state;
    struct ordered crisis;
    settings_of_peace();
    order_make(&crisis, "BNR-1", NULL);
    crisis.add.frequency = text_of("M");
    crisis.add.due_days = 3;
    /* and it suspends all of LIQUIDITY that the settings ask for: not what it asks for itself */
    crisis.types[0] = IHURIRO__V1__REPORT_TYPE__LIQUIDITY;
    const struct decision rows[] = {{.time_us = at("2020-04-02"), .order = &crisis.order}};
    decide(rows, 1);
    assert_string_equal(owed("2020-03-31", "2020-04-30"),
                        "LIQUIDITY 2020-03 due 2020-04-09T22:00:00Z suspended\n"
                        "LIQUIDITY 2020-04 due 2020-05-03T08:00:00Z added by BNR-1\n"
                        "OPERATIONS 2020-03 due 2020-04-09T22:00:00Z\n"
                        "OPERATIONS 2020-04 due 2020-05-09T22:00:00Z\n");
}

static void an_order_concerns_only_whom_it_names(void **state)
{
    (void)state;
    struct ordered crisis;
    settings_of_peace();
    order_make(&crisis, "BNR-1", NULL);
    crisis.lists[0] = text_of("MF");
    crisis.lists[1] = text_of("B");
    crisis.lists[2] = text_of("W");
    crisis.add.categories = &crisis.lists[0];
    crisis.add.n_categories = 1;
    crisis.rows[1].institutions = &crisis.lists[1];
    crisis.rows[1].n_institutions = 1;
    const struct decision rows[] = {{.time_us = at("2020-04-01"), .order = &crisis.order}};
    decide(rows, 1);
    const char *peace = "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z\n";
    assert_string_equal(owed("2020-05-31", "2020-05-31"), peace);
    land.party.category = text_of("MF");
    memcpy(land.party.id, "B", 2);
    assert_string_equal(owed("2020-05-31", "2020-05-31"),
                        "LIQUIDITY 2020-05-31 due 2020-06-01T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z suspended\n");
    /* a suspension of weekly reports leaves the monthly */
    crisis.rows[1].frequencies = &crisis.lists[2];
    crisis.rows[1].n_frequencies = 1;
    crisis.order.id = text_of("BNR-2");
    decide(rows, 1);
    assert_string_equal(owed("2020-05-31", "2020-05-31"),
                        "LIQUIDITY 2020-05-31 due 2020-06-01T08:00:00Z added by BNR-2\n"
                        "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z\n");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        TEST(added_duties_begin_the_day_after_and_suspensions_reach_back),
        TEST(an_order_reverts_by_itself_after_its_last_day),
        TEST(of_two_orders_the_later_counts_for_each_type),
        TEST(an_order_that_is_replaced_governs_only_what_ended_before),
        TEST(an_added_row_stands_for_the_settings_own_of_its_type_and_frequency),
        TEST(an_order_concerns_only_whom_it_names),
        TEST(a_party_owes_from_its_first_whole_period_to_its_last_day),
        TEST(suspended_members_owe_and_those_that_ended_do_not),
        TEST(holidays_are_dates_or_the_same_date_of_each_year_within_their_days),
        TEST(settings_that_make_no_sense_end_all_the_same),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
