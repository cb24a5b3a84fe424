#include "tests/sim/calendar.h"

#define HOUR_US   INT64_C(3600000000)
#define DAY_US    (24 * HOUR_US)
#define UTC_HOURS 2

int32_t due_day(int type, const struct period *period)
{
    if (type == TYPE_CAPITAL) {
        return period->end_day + 15;
    }
    if (type == TYPE_PORTFOLIO || type == TYPE_EXPOSURES) {
        return period->end_day + 10;
    }
    int32_t day = period->end_day + 1;
    while (type == TYPE_OPERATIONS ? day_of_week(day) != 2 : day_of_week(day) > 5) {
        day++;
    }
    return day;
}

int64_t due_at_us(int type, const struct period *period)
{
    int64_t hour = type == TYPE_LIQUIDITY ? 10 : type == TYPE_OPERATIONS ? 12 : 17;
    return (int64_t)due_day(type, period) * DAY_US + (hour - UTC_HOURS) * HOUR_US;
}

int64_t send_at_us(int32_t day)
{
    return (int64_t)day * DAY_US + (8 - UTC_HOURS) * HOUR_US;
}

int32_t not_sunday(int32_t day)
{
    return day_of_week(day) == 7 ? day + 1 : day;
}
