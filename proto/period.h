/* Exact days and periods. A day is days since 1970-01-01 in the proleptic Gregorian calendar,
 * between years 1900 and 2199. */
#ifndef IHURIRO_PROTO_PERIOD_H
#define IHURIRO_PROTO_PERIOD_H

#include "proto/errors.h"

#include <stdbool.h>
#include <stdint.h>

enum frequency {
    FREQUENCY_NONE = 0,
    FREQUENCY_D = 1,
    FREQUENCY_W = 2, /* ISO week, Monday to Sunday */
    FREQUENCY_M = 3,
    FREQUENCY_Q = 4,
};

#define PERIOD_KEY_MAX 10

struct period {
    enum frequency frequency;
    int32_t start_day;
    int32_t end_day;
};

MUST_USE enum err day_from_date(int year, int month, int day, int32_t *ret_day); /* ERR_RANGE */
void day_to_date(int32_t day, int *ret_year, int *ret_month, int *ret_day);
MUST_USE enum err day_parse(const char *text, int32_t *ret_day); /* YYYY-MM-DD exactly */
void day_format(int32_t day, char ret_text[static 11]);
int day_of_week(int32_t day); /* 1 Monday to 7 Sunday */
/* months later, the day clamped to the month's end: 29 Feb + 12 = 28 Feb. */
int32_t day_add_months(int32_t day, int months);
bool day_ends_month(int32_t day);

/* "2020-06-30", "2020-W27", "2020-06", "2020-Q2". ERR_MALFORMED or ERR_RANGE. */
MUST_USE enum err period_parse(const char *key, struct period *ret_period);
void period_format(const struct period *period, char ret_key[static PERIOD_KEY_MAX + 1]);
/* The period of that frequency that ends on the day. ERR_RANGE if none does. */
MUST_USE enum err period_ending(enum frequency frequency, int32_t end_day,
                                struct period *ret_period);
/* The period of that frequency that the day lies in. */
MUST_USE enum err period_containing(enum frequency frequency, int32_t day,
                                    struct period *ret_period);
struct period period_previous(const struct period *period);

/* Times are UTC microseconds since 1970. "2020-07-03T08:15:00Z", with up to 6 decimals of a second;
 * a date alone is its beginning. */
MUST_USE enum err time_parse(const char *text, int64_t *ret_time_us);
#define TIME_TEXT_MAX 27
void time_format(int64_t time_us,
                 char ret_text[static TIME_TEXT_MAX + 1]); /* micros only where not zero */
int32_t time_day(int64_t time_us, int utc_offset_minutes);

#endif
