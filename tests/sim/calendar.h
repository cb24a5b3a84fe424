/* When a report is due, by the defaults of DOMAIN 3.1, in Rwanda's time (UTC+2, no summer time). */
#ifndef IHURIRO_TESTS_SIM_CALENDAR_H
#define IHURIRO_TESTS_SIM_CALENDAR_H

#include "proto/messages.h"
#include "proto/period.h"

/* LIQUIDITY: the next business day at 10:00; PORTFOLIO and EXPOSURES: ten days after the month's
 * end at 17:00. Monday to Friday are business days. */
int32_t due_day(int type, const struct period *period);
int64_t due_at_us(int type, const struct period *period);
/* Everybody sends at 08:00 local time, so that the hub's clock moves once a day; never on a
 * Sunday. */
int64_t send_at_us(int32_t day);
int32_t not_sunday(int32_t day);

#endif
