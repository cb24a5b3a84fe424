#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "proto/period.h"

/* ---- A naive calendar, day by day ---- */

static int naive_month_length(int year, int month)
{
    if (month == 2) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

struct naive {
    int year;
    int month;
    int day;
    int weekday; /* 1 Monday */
};

static void naive_next(struct naive *date)
{
    date->weekday = date->weekday % 7 + 1;
    date->day++;
    if (date->day > naive_month_length(date->year, date->month)) {
        date->day = 1;
        date->month++;
    }
    if (date->month > 12) {
        date->month = 1;
        date->year++;
    }
}

static void every_day_of_300_years_goes_to_its_date_and_back(void **state)
{
    (void)state;
    struct naive date = {1900, 1, 1, 1}; /* a Monday */
    for (int32_t day = -25567; date.year < 2200; day++) {
        int year = 0;
        int month = 0;
        int of_month = 0;
        int32_t back = 0;
        char text[11];
        day_to_date(day, &year, &month, &of_month);
        assert_int_equal(year, date.year);
        assert_int_equal(month, date.month);
        assert_int_equal(of_month, date.day);
        assert_int_equal(day_of_week(day), date.weekday);
        assert_int_equal(day_ends_month(day),
                         date.day == naive_month_length(date.year, date.month));
        assert_int_equal(day_from_date(year, month, of_month, &back), ERR_OK);
        assert_int_equal(back, day);
        day_format(day, text);
        assert_int_equal(day_parse(text, &back), ERR_OK);
        assert_int_equal(back, day);
        naive_next(&date);
    }
}

/* Dates outside are only ever shown; they come from foreign reports. */
static void days_far_outside_are_walked_without_a_break(void **state)
{
    (void)state;
    int year = 0;
    int month = 0;
    int of_month = 0;
    struct naive date = {1600, 1, 1, 6}; /* a Saturday */
    for (int32_t day = -135140; date.year < 2400; day++) {
        day_to_date(day, &year, &month, &of_month);
        assert_true(year == date.year && month == date.month && of_month == date.day);
        assert_int_equal(day_of_week(day), date.weekday);
        naive_next(&date);
    }
    day_to_date(INT32_MIN, &year, &month, &of_month);
    assert_true(month >= 1 && month <= 12 && of_month >= 1 && of_month <= 31);
    day_to_date(INT32_MAX, &year, &month, &of_month);
    assert_true(month >= 1 && month <= 12 && of_month >= 1 && of_month <= 31);
    char text[11];
    day_format(INT32_MAX, text);
    assert_string_equal(text, "9999-12-31");
    day_format(INT32_MIN, text);
    assert_string_equal(text, "0000-01-01");
}

static void dates_that_there_are_not_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } rows[] = {
        {"2020-02-29", ERR_OK},
        {"2019-02-29", ERR_RANGE},
        {"2100-02-29", ERR_RANGE},
        {"2000-02-29", ERR_OK},
        {"2020-04-31", ERR_RANGE},
        {"2020-13-01", ERR_RANGE},
        {"2020-00-10", ERR_RANGE},
        {"2020-01-00", ERR_RANGE},
        {"1899-12-31", ERR_RANGE},
        {"2200-01-01", ERR_RANGE},
        {"", ERR_MALFORMED},
        {"2020-1-01", ERR_MALFORMED},
        {"2020-01-1", ERR_MALFORMED},
        {"2020/01/01", ERR_MALFORMED},
        {"20200101", ERR_MALFORMED},
        {"2020-01-01 ", ERR_MALFORMED},
        {" 2020-01-01", ERR_MALFORMED},
        {"+020-01-01", ERR_MALFORMED},
        {"2020-01-0x", ERR_MALFORMED},
        {"2020-01--1", ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t day = 12345;
        assert_int_equal(day_parse(rows[i].text, &day), rows[i].err);
        assert_true(rows[i].err == ERR_OK || day == 12345);
    }
}

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    assert_int_equal(day_parse(text, &day), ERR_OK);
    return day;
}

static void months_later_are_clamped_to_the_months_end(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        int months;
        const char *to;
    } rows[] = {
        {"2020-02-29", 12, "2021-02-28"}, {"2020-01-31", 1, "2020-02-29"},
        {"2020-01-31", 13, "2021-02-28"}, {"2020-03-31", -1, "2020-02-29"},
        {"2020-12-15", 1, "2021-01-15"},  {"2020-01-15", -1, "2019-12-15"},
        {"2020-06-30", 0, "2020-06-30"},  {"2020-06-30", -600, "1970-06-30"},
        {"2020-05-31", 1, "2020-06-30"},  {"2020-01-15", -13, "2018-12-15"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(day_add_months(day_of(rows[i].from), rows[i].months), day_of(rows[i].to));
    }
}

static void keys_name_exact_periods_and_are_written_the_same_way(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        enum frequency frequency;
        const char *start;
        const char *end;
        const char *previous;
    } rows[] = {
        {"2020-06-30", FREQUENCY_D, "2020-06-30", "2020-06-30", "2020-06-29"},
        {"2020-01-01", FREQUENCY_D, "2020-01-01", "2020-01-01", "2019-12-31"},
        {"2020-06", FREQUENCY_M, "2020-06-01", "2020-06-30", "2020-05"},
        {"2020-01", FREQUENCY_M, "2020-01-01", "2020-01-31", "2019-12"},
        {"2020-02", FREQUENCY_M, "2020-02-01", "2020-02-29", "2020-01"},
        {"2020-Q1", FREQUENCY_Q, "2020-01-01", "2020-03-31", "2019-Q4"},
        {"2020-Q4", FREQUENCY_Q, "2020-10-01", "2020-12-31", "2020-Q3"},
        {"2020-W27", FREQUENCY_W, "2020-06-29", "2020-07-05", "2020-W26"},
        {"2020-W01", FREQUENCY_W, "2019-12-30", "2020-01-05", "2019-W52"},
        {"2020-W53", FREQUENCY_W, "2020-12-28", "2021-01-03", "2020-W52"},
        {"2021-W01", FREQUENCY_W, "2021-01-04", "2021-01-10", "2020-W53"},
        {"2015-W53", FREQUENCY_W, "2015-12-28", "2016-01-03", "2015-W52"},
        {"2026-W53", FREQUENCY_W, "2026-12-28", "2027-01-03", "2026-W52"},
        {"1900-01-01", FREQUENCY_D, "1900-01-01", "1900-01-01", "1899-12-31"},
        {"2199-Q4", FREQUENCY_Q, "2199-10-01", "2199-12-31", "2199-Q3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct period period = {0};
        struct period ending = {0};
        char key[PERIOD_KEY_MAX + 1];
        assert_int_equal(period_parse(rows[i].key, &period), ERR_OK);
        assert_int_equal(period.frequency, rows[i].frequency);
        assert_int_equal(period.start_day, day_of(rows[i].start));
        assert_int_equal(period.end_day, day_of(rows[i].end));
        period_format(&period, key);
        assert_string_equal(key, rows[i].key);
        assert_int_equal(period_ending(period.frequency, period.end_day, &ending), ERR_OK);
        assert_memory_equal(&ending, &period, sizeof period);
        struct period previous = period_previous(&period);
        period_format(&previous, key);
        assert_string_equal(key, rows[i].previous);
        assert_int_equal(previous.end_day, period.start_day - 1);
    }
}

static void keys_that_name_nothing_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        enum err err;
    } rows[] = {
        {"2019-W53", ERR_RANGE},      {"2021-W53", ERR_RANGE},        {"2020-W54", ERR_RANGE},
        {"2020-W00", ERR_RANGE},      {"2020-13", ERR_RANGE},         {"2020-00", ERR_RANGE},
        {"2020-Q0", ERR_RANGE},       {"2020-Q5", ERR_RANGE},         {"2020-06-31", ERR_RANGE},
        {"1899-12", ERR_RANGE},       {"2200-W01", ERR_RANGE},        {"2020", ERR_MALFORMED},
        {"2020-6", ERR_MALFORMED},    {"2020-W7", ERR_MALFORMED},     {"2020W27", ERR_MALFORMED},
        {"2020-w27", ERR_MALFORMED},  {"2020-q1", ERR_MALFORMED},     {"2020-S1", ERR_MALFORMED},
        {"", ERR_MALFORMED},          {"2020-06-30T", ERR_MALFORMED}, {"2020-060", ERR_MALFORMED},
        {"2020-06-3", ERR_MALFORMED}, {"abcd-ef", ERR_MALFORMED},     {"2020-Wxx", ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct period period = {FREQUENCY_NONE, 1, 2};
        assert_int_equal(period_parse(rows[i].key, &period), rows[i].err);
        assert_int_equal(period.start_day, 1);
    }
}

/* ISO 8601: a year has 53 weeks if it begins on a Thursday, or is leap and begins on a Wednesday.
 */
static void weeks_agree_with_the_rule_of_53_over_three_centuries(void **state)
{
    (void)state;
    for (int year = 1900; year <= 2198; year++) {
        int32_t first = 0;
        assert_int_equal(day_from_date(year, 1, 1, &first), ERR_OK);
        bool is_leap = naive_month_length(year, 2) == 29;
        bool is_long = day_of_week(first) == 4 || (is_leap && day_of_week(first) == 3);
        char key[] = "0000-W53";
        for (int i = 3, rest = year; i >= 0; i--, rest /= 10) {
            key[i] = (char)('0' + rest % 10);
        }
        struct period period = {0};
        assert_int_equal(period_parse(key, &period), is_long ? ERR_OK : ERR_RANGE);
    }
}

static void each_day_lies_in_one_period_of_each_frequency(void **state)
{
    (void)state;
    for (int frequency = FREQUENCY_D; frequency <= FREQUENCY_Q; frequency++) {
        int32_t end_before = 0;
        for (int32_t day = 17000; day < 21000; day++) {
            struct period period = {0};
            struct period parsed = {0};
            char key[PERIOD_KEY_MAX + 1];
            assert_int_equal(period_containing((enum frequency)frequency, day, &period), ERR_OK);
            assert_true(period.start_day <= day && day <= period.end_day);
            assert_true(end_before == 0 || period.start_day == end_before + 1 ||
                        period.end_day == end_before);
            end_before = period.end_day;
            period_format(&period, key);
            assert_int_equal(period_parse(key, &parsed), ERR_OK);
            assert_memory_equal(&parsed, &period, sizeof period);
            bool ends = period_ending((enum frequency)frequency, day, &parsed) == ERR_OK;
            assert_int_equal(ends, day == period.end_day);
        }
    }
}

static void periods_outside_the_years_are_refused(void **state)
{
    (void)state;
    struct period period = {0};
    assert_int_equal(period_containing(FREQUENCY_M, INT32_MAX, &period), ERR_RANGE);
    assert_int_equal(period_containing(FREQUENCY_M, INT32_MIN, &period), ERR_RANGE);
    assert_int_equal(period_containing(FREQUENCY_W, 84005, &period), ERR_RANGE); /* ends in 2200 */
    assert_int_equal(period_containing(FREQUENCY_NONE, 18443, &period), ERR_RANGE);
    assert_int_equal(period_containing((enum frequency)5, 18443, &period), ERR_RANGE);
    assert_int_equal(period_ending(FREQUENCY_M, 18442, &period), ERR_RANGE);
}

static void times_are_read_exactly_and_written_the_same_way(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t time_us;
        const char *written; /* NULL: as text */
    } rows[] = {
        {"2020-07-03T08:15:00Z", INT64_C(1593764100000000), NULL},
        {"2020-07-03T08:15:00.000001Z", INT64_C(1593764100000001), NULL},
        {"2020-07-03T08:15:00.5Z", INT64_C(1593764100500000), "2020-07-03T08:15:00.500000Z"},
        {"2020-07-03", INT64_C(1593734400000000), "2020-07-03T00:00:00Z"},
        {"1970-01-01T00:00:00Z", 0, NULL},
        {"1969-12-31T23:59:59.999999Z", -1, NULL},
        {"1900-01-01T00:00:00Z", INT64_C(-2208988800000000), NULL},
        {"2199-12-31T23:59:59.999999Z", INT64_C(7258118399999999), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t time_us = 0;
        char text[TIME_TEXT_MAX + 1];
        assert_int_equal(time_parse(rows[i].text, &time_us), ERR_OK);
        assert_int_equal(time_us, rows[i].time_us);
        time_format(time_us, text);
        assert_string_equal(text, rows[i].written == NULL ? rows[i].text : rows[i].written);
    }
}

static void texts_that_are_no_time_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2020-07-03T08:15:00",
        "2020-07-03T08:15Z",
        "2020-07-03 08:15:00Z",
        "2020-07-03T08:15:00.Z",
        "2020-07-03T08:15:00.1234567Z",
        "2020-07-03T08:15:00+02:00",
        "2020-07-03T08:15:00Zx",
        "2020-07-03T24:00:00Z",
        "2020-07-03T08:60:00Z",
        "2020-07-03T08:15:60Z",
        "2020-07-03T",
        "2020-07-03Z",
        "2020-07-32T08:15:00Z",
        "T08:15:00Z",
        "2020-07-03T-1:15:00Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t time_us = 77;
        assert_int_not_equal(time_parse(texts[i], &time_us), ERR_OK);
        assert_int_equal(time_us, 77);
    }
}

static void any_time_can_be_written(void **state)
{
    (void)state;
    char text[TIME_TEXT_MAX + 1];
    time_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
    time_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
}

static void the_day_of_a_time_follows_the_offset(void **state)
{
    (void)state;
    int64_t time_us = 0;
    assert_int_equal(time_parse("2020-06-30T22:00:00Z", &time_us), ERR_OK);
    assert_int_equal(time_day(time_us, 0), day_of("2020-06-30"));
    assert_int_equal(time_day(time_us, 120), day_of("2020-07-01"));
    assert_int_equal(time_day(time_us - 1, 120), day_of("2020-06-30"));
    assert_int_equal(time_day(-1, 0), -1);
    assert_int_equal(time_day(0, -1), -1);
    assert_int_equal(time_day(INT64_MAX, 840), 106751991);
    assert_int_equal(time_day(INT64_MIN, -840), -106751992);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_300_years_goes_to_its_date_and_back),
        cmocka_unit_test(days_far_outside_are_walked_without_a_break),
        cmocka_unit_test(dates_that_there_are_not_are_refused),
        cmocka_unit_test(months_later_are_clamped_to_the_months_end),
        cmocka_unit_test(keys_name_exact_periods_and_are_written_the_same_way),
        cmocka_unit_test(keys_that_name_nothing_are_refused),
        cmocka_unit_test(weeks_agree_with_the_rule_of_53_over_three_centuries),
        cmocka_unit_test(each_day_lies_in_one_period_of_each_frequency),
        cmocka_unit_test(periods_outside_the_years_are_refused),
        cmocka_unit_test(times_are_read_exactly_and_written_the_same_way),
        cmocka_unit_test(texts_that_are_no_time_are_refused),
        cmocka_unit_test(any_time_can_be_written),
        cmocka_unit_test(the_day_of_a_time_follows_the_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
