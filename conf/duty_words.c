#include "conf/duty_words.h"

#include <string.h>

#include "proto/record.h"

const char *check_type(const void *value)
{
    int type = 0;
    bool is_type =
        report_type_parse(value, &type) == ERR_OK && strcmp(report_type_name(type), value) == 0;
    return is_type ? NULL : "must be PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL or EXPOSURES";
}

const char *check_frequency(const void *value)
{
    const char *frequency = value;
    return strlen(frequency) == 1 && strchr("DWMQ", frequency[0]) != NULL
               ? NULL
               : "must be \"D\" (day), \"W\" (week), \"M\" (month) or \"Q\" (quarter)";
}

const char *check_wants(const void *value)
{
    return strcmp(value, "ANY") == 0 || strcmp(value, "FINAL") == 0
               ? NULL
               : "must be \"ANY\" (the first accepted report will do) or \"FINAL\"";
}

const char *check_roll(const void *value)
{
    return strcmp(value, "NEXT") == 0 || strcmp(value, "PREVIOUS") == 0
               ? NULL
               : "must be \"NEXT\" or \"PREVIOUS\" (business day); absent: it does not roll";
}

uint32_t minutes_of(const char *time)
{
    bool is_time = strlen(time) == 5 && time[2] == ':' && strchr("012", time[0]) != NULL;
    for (size_t i = 0; is_time && i < 5; i++) {
        is_time = i == 2 || (time[i] >= '0' && time[i] <= '9');
    }
    int hours = is_time ? (time[0] - '0') * 10 + time[1] - '0' : 24;
    int minutes = is_time ? (time[3] - '0') * 10 + time[4] - '0' : 60;
    return hours < 24 && minutes < 60 ? (uint32_t)(hours * 60 + minutes) : UINT32_MAX;
}

const char *check_time_of_day(const void *value)
{
    return minutes_of(value) != UINT32_MAX ? NULL : "must be a time of day from 00:00 to 23:59";
}

Ihuriro__V1__Obligation__Roll roll_of(const char *name)
{
    return strcmp(name, "NEXT") == 0 ? IHURIRO__V1__OBLIGATION__ROLL__NEXT
                                     : IHURIRO__V1__OBLIGATION__ROLL__PREVIOUS;
}
