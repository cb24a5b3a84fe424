/* Settings, docket and one party as unit tests of the calendar write them down, and what is owed
 * then, as text. */
#ifndef IHURIRO_TESTS_SUPPORT_LAND_H
#define IHURIRO_TESTS_SUPPORT_LAND_H

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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    (void)state;
    docket_close(&land.docket);
    return 0;
}

static inline void decide(const struct decision *rows, size_t count)
{
    docket_close(&land.docket);
    land.docket = docket_of(rows, count);
}

static inline PbObligation *owe(const char *type, const char *frequency, uint32_t days,
                                uint32_t minutes)
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

static inline PbHoliday *rest(void)
{
    PbHoliday *row = &land.holidays[land.settings.n_holidays];
    *row = (PbHoliday)IHURIRO__V1__HOLIDAY__INIT;
    row->name = text_of("holiday");
    land.holiday_list[land.settings.n_holidays++] = row;
    return row;
}

static inline void rest_on(const char *date)
{
    PbHoliday *row = rest();
    row->has_day = 1;
    row->day = day_of(date);
}

static inline void rest_each_year(unsigned month, unsigned day_of_month)
{
    PbHoliday *row = rest();
    row->has_month = row->has_day_of_month = 1;
    row->month = month;
    row->day_of_month = day_of_month;
}

/* ---- what is owed, as text: "PORTFOLIO 2020-06 due 2020-07-10T15:00:00Z" a line ---- */

static inline enum err write_duty(void *context, const struct duty *duty)
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

static inline const char *owed(const char *first, const char *last)
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

static inline enum err take_duty(void *context, const struct duty *duty)
{
    struct duty *taken = context;
    *taken = *duty;
    return ERR_OK;
}

static inline struct duty only_duty(const char *end)
{
    struct duty duty = {0};
    const struct calendar calendar = {&land.settings, land.docket};
    assert_int_equal(
        calendar_duties(&calendar, &land.party, day_of(end), day_of(end), take_duty, &duty),
        ERR_OK);
    assert_non_null(duty.obligation);
    return duty;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
