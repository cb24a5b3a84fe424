/* How a duty is written in a file: in a country's, and in an order's. */
#ifndef IHURIRO_CONF_DUTY_WORDS_H
#define IHURIRO_CONF_DUTY_WORDS_H

#include "proto/messages.h"

/* Of config_row: NULL when it is good, else what is allowed. */
const char *check_type(const void *value);
const char *check_frequency(const void *value);
const char *check_wants(const void *value);
const char *check_roll(const void *value);
const char *check_time_of_day(const void *value);

uint32_t minutes_of(const char *time); /* "17:00": 1020; UINT32_MAX: no time of day */
Ihuriro__V1__Obligation__Roll roll_of(const char *name);

#endif
