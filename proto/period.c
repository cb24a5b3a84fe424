#include "proto/period.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY_FIRST     (-25567) /* 1900-01-01 */
#define DAY_LAST      84005    /* 2199-12-31 */
#define DAY_TEXT_LAST 2932896  /* 9999-12-31: what a text of ten characters can say */
#define DAY_TEXT_ZERO (-719528)
#define US_PER_DAY    INT64_C(86400000000)
#define US_PER_SECOND 1000000

/* Days from 1970-01-01 by eras of 400 years, each beginning on 1 March, so that the leap day is a
 * year's last (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
static int32_t days_from_civil(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : lengths[month - 1];
}

enum err day_from_date(int year, int month, int day, int32_t *ret_day)
{
    if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 ||
        day > month_length(year, month)) {
        return ERR_RANGE;
    }
    *ret_day = days_from_civil(year, month, day);
    return ERR_OK;
}

void day_to_date(int32_t day, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = (int64_t)day + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int day_of_era = (int)(z - era * 146097);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int mp = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * mp + 2) / 5 + 1;
    *ret_month = mp < 10 ? mp + 3 : mp - 9;
    *ret_year = (int)(era * 400) + year_of_era + (*ret_month <= 2 ? 1 : 0);
}

/* Exactly count digits at text; -1 otherwise. */
static int digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* The ten characters YYYY-MM-DD at text, whatever follows. */
static enum err day_parse_prefix(const char *text, int32_t *ret_day)
{
    if (strnlen(text, 10) < 10 || text[4] != '-' || text[7] != '-') {
        return ERR_MALFORMED;
    }
    int year = digits(text, 4);
    int month = digits(text + 5, 2);
    int day = digits(text + 8, 2);
    if (year < 0 || month < 0 || day < 0) {
        return ERR_MALFORMED;
    }
    return day_from_date(year, month, day, ret_day);
}

enum err day_parse(const char *text, int32_t *ret_day)
{
    if (strnlen(text, 11) != 10) {
        return ERR_MALFORMED;
    }
    return day_parse_prefix(text, ret_day);
}

void day_format(int32_t day, char ret_text[static 11])
{
    int32_t shown = day < DAY_TEXT_ZERO ? DAY_TEXT_ZERO : day;
    int year = 0;
    int month = 0;
    int of_month = 0;
    day_to_date(shown > DAY_TEXT_LAST ? DAY_TEXT_LAST : shown, &year, &month, &of_month);
    char text[40];
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, of_month);
    memcpy(ret_text, text, 10);
    ret_text[10] = '\0';
}

int day_of_week(int32_t day)
{
    int64_t from_monday = ((int64_t)day + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(from_monday < 0 ? from_monday + 7 : from_monday) + 1;
}

int32_t day_add_months(int32_t day, int months)
{
    int year = 0;
    int month = 0;
    int of_month = 0;
    day_to_date(day, &year, &month, &of_month);
    int count = year * 12 + month - 1 + months;
    int to_year = count >= 0 ? count / 12 : (count - 11) / 12;
    int to_month = count - to_year * 12 + 1;
    int length = month_length(to_year, to_month);
    return days_from_civil(to_year, to_month, of_month < length ? of_month : length);
}

bool day_ends_month(int32_t day)
{
    int year = 0;
    int month = 0;
    int of_month = 0;
    day_to_date(day, &year, &month, &of_month);
    return of_month == month_length(year, month);
}

/* ISO 8601: week 1 holds the year's first Thursday. */
static int32_t iso_week_one(int year)
{
    int32_t fourth = days_from_civil(year, 1, 4);
    return fourth - (day_of_week(fourth) - 1);
}

static enum err check_range(const struct period *period)
{
    return period->start_day < DAY_FIRST || period->end_day > DAY_LAST ? ERR_RANGE : ERR_OK;
}

static enum err parse_day_key(const char *key, struct period *ret_period)
{
    int32_t day = 0;
    enum err err = day_parse(key, &day);
    if (err == ERR_OK) {
        *ret_period = (struct period){FREQUENCY_D, day, day};
    }
    return err;
}

static enum err parse_week_key(const char *key, struct period *ret_period)
{
    int year = digits(key, 4);
    int week = digits(key + 6, 2);
    if (year < 0 || week < 0) {
        return ERR_MALFORMED;
    }
    if (year < 1900 || year > 2199 || week < 1) {
        return ERR_RANGE;
    }
    int32_t start = iso_week_one(year) + (week - 1) * 7;
    if (start >= iso_week_one(year + 1)) {
        return ERR_RANGE;
    }
    struct period period = {FREQUENCY_W, start, start + 6};
    enum err err = check_range(&period);
    if (err == ERR_OK) {
        *ret_period = period;
    }
    return err;
}

/* months whole months from the first of that month. */
static enum err months_from(enum frequency frequency, int year, int month, int months,
                            struct period *ret_period)
{
    int32_t start = 0;
    enum err err = day_from_date(year, month, 1, &start);
    if (err == ERR_OK) {
        *ret_period = (struct period){frequency, start, day_add_months(start, months) - 1};
    }
    return err;
}

static enum err parse_month_key(const char *key, struct period *ret_period)
{
    int year = digits(key, 4);
    int month = digits(key + 5, 2);
    if (year < 0 || month < 0) {
        return ERR_MALFORMED;
    }
    return months_from(FREQUENCY_M, year, month, 1, ret_period);
}

static enum err parse_quarter_key(const char *key, struct period *ret_period)
{
    int year = digits(key, 4);
    int quarter = digits(key + 6, 1);
    if (year < 0 || quarter < 0) {
        return ERR_MALFORMED;
    }
    if (quarter < 1 || quarter > 4) {
        return ERR_RANGE;
    }
    return months_from(FREQUENCY_Q, year, quarter * 3 - 2, 3, ret_period);
}

enum err period_parse(const char *key, struct period *ret_period)
{
    size_t length = strnlen(key, PERIOD_KEY_MAX + 1);
    if (length < 7 || length > PERIOD_KEY_MAX || key[4] != '-') {
        return ERR_MALFORMED;
    }
    if (length == 10) {
        return parse_day_key(key, ret_period);
    }
    if (length == 8 && key[5] == 'W') {
        return parse_week_key(key, ret_period);
    }
    if (length == 7 && key[5] == 'Q') {
        return parse_quarter_key(key, ret_period);
    }
    return length == 7 ? parse_month_key(key, ret_period) : ERR_MALFORMED;
}

static void format_week(int32_t start_day, char *text, size_t size)
{
    int year = 0;
    int month = 0;
    int day = 0;
    day_to_date(start_day + 3, &year, &month, &day); /* its Thursday's year is the week's */
    (void)snprintf(text, size, "%04d-W%02d", year, (start_day - iso_week_one(year)) / 7 + 1);
}

void period_format(const struct period *period, char ret_key[static PERIOD_KEY_MAX + 1])
{
    char text[64] = "";
    int year = 0;
    int month = 0;
    int day = 0;
    day_to_date(period->start_day, &year, &month, &day);
    switch (period->frequency) {
    case FREQUENCY_W:
        format_week(period->start_day, text, sizeof text);
        break;
    case FREQUENCY_M:
        (void)snprintf(text, sizeof text, "%04d-%02d", year, month);
        break;
    case FREQUENCY_Q:
        (void)snprintf(text, sizeof text, "%04d-Q%d", year, (month + 2) / 3);
        break;
    case FREQUENCY_D:
    case FREQUENCY_NONE:
        day_format(period->start_day, text);
        break;
    }
    text[PERIOD_KEY_MAX] = '\0';
    memcpy(ret_key, text, PERIOD_KEY_MAX + 1);
}

/* Not checked for the range of years. */
static struct period containing(enum frequency frequency, int32_t day)
{
    int year = 0;
    int month = 0;
    int of_month = 0;
    day_to_date(day, &year, &month, &of_month);
    struct period period = {frequency, day, day};
    switch (frequency) {
    case FREQUENCY_W:
        period.start_day = day - (day_of_week(day) - 1);
        period.end_day = period.start_day + 6;
        break;
    case FREQUENCY_M:
        period.start_day = days_from_civil(year, month, 1);
        period.end_day = day_add_months(period.start_day, 1) - 1;
        break;
    case FREQUENCY_Q:
        period.start_day = days_from_civil(year, (month - 1) / 3 * 3 + 1, 1);
        period.end_day = day_add_months(period.start_day, 3) - 1;
        break;
    case FREQUENCY_D:
    case FREQUENCY_NONE:
        break;
    }
    return period;
}

enum err period_containing(enum frequency frequency, int32_t day, struct period *ret_period)
{
    if (day < DAY_FIRST || day > DAY_LAST || frequency < FREQUENCY_D || frequency > FREQUENCY_Q) {
        return ERR_RANGE;
    }
    struct period period = containing(frequency, day);
    enum err err = check_range(&period);
    if (err == ERR_OK) {
        *ret_period = period;
    }
    return err;
}

enum err period_ending(enum frequency frequency, int32_t end_day, struct period *ret_period)
{
    struct period period = {0};
    enum err err = period_containing(frequency, end_day, &period);
    if (err != ERR_OK || period.end_day != end_day) {
        return ERR_RANGE;
    }
    *ret_period = period;
    return ERR_OK;
}

struct period period_previous(const struct period *period)
{
    return containing(period->frequency, period->start_day - 1);
}

/* ".5" to ".123456" and "Z"; text is behind the seconds. */
static enum err parse_fraction(const char *text, int64_t *ret_us)
{
    int64_t us = 0;
    int64_t unit = US_PER_SECOND;
    const char *at = text;
    if (*at == '.') {
        for (at++; *at >= '0' && *at <= '9' && unit > 1; at++) {
            unit /= 10;
            us += (*at - '0') * unit;
        }
        if (at == text + 1) {
            return ERR_MALFORMED;
        }
    }
    if (strcmp(at, "Z") != 0) {
        return ERR_MALFORMED;
    }
    *ret_us = us;
    return ERR_OK;
}

enum err time_parse(const char *text, int64_t *ret_time_us)
{
    int32_t day = 0;
    enum err err = day_parse_prefix(text, &day);
    if (err != ERR_OK) {
        return err;
    }
    if (text[10] == '\0') {
        *ret_time_us = day * US_PER_DAY;
        return ERR_OK;
    }
    if (text[10] != 'T' || strnlen(text, 20) < 20 || text[13] != ':' || text[16] != ':') {
        return ERR_MALFORMED;
    }
    int hour = digits(text + 11, 2);
    int minute = digits(text + 14, 2);
    int second = digits(text + 17, 2);
    int64_t us = 0;
    if (hour < 0 || minute < 0 || second < 0 || parse_fraction(text + 19, &us) != ERR_OK) {
        return ERR_MALFORMED;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return ERR_RANGE;
    }
    *ret_time_us =
        day * US_PER_DAY + (hour * INT64_C(3600) + minute * 60 + second) * US_PER_SECOND + us;
    return ERR_OK;
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

void time_format(int64_t time_us, char ret_text[static TIME_TEXT_MAX + 1])
{
    int64_t first = DAY_TEXT_ZERO * US_PER_DAY;
    int64_t last = (DAY_TEXT_LAST + 1) * US_PER_DAY - 1;
    int64_t time = time_us < first ? first : time_us > last ? last : time_us;
    int64_t day = floor_div(time, US_PER_DAY);
    int64_t rest = time - day * US_PER_DAY;
    int seconds = (int)(rest / US_PER_SECOND);
    int micros = (int)(rest % US_PER_SECOND);
    char date[11];
    day_format((int32_t)day, date);
    char text[80];
    int length = snprintf(text, sizeof text, "%sT%02d:%02d:%02d", date, seconds / 3600,
                          seconds / 60 % 60, seconds % 60);
    if (micros != 0) {
        length += snprintf(text + length, sizeof text - (size_t)length, ".%06d", micros);
    }
    (void)snprintf(text + length, sizeof text - (size_t)length, "Z");
    text[TIME_TEXT_MAX] = '\0';
    memcpy(ret_text, text, strlen(text) + 1);
}

int32_t time_day(int64_t time_us, int utc_offset_minutes)
{
    int64_t offset_us = utc_offset_minutes * INT64_C(60) * US_PER_SECOND;
    int64_t local = 0;
    if (__builtin_add_overflow(time_us, offset_us, &local)) {
        local = time_us;
    }
    return (int32_t)floor_div(local, US_PER_DAY);
}
