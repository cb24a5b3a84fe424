/* Clocks. Only loops read them; what decides is given the time. */
#ifndef IHURIRO_CONF_CLOCK_H
#define IHURIRO_CONF_CLOCK_H

#include <stdint.h>

int64_t clock_wall_us(void);      /* UTC, CLOCK_REALTIME */
int64_t clock_monotonic_us(void); /* for measuring */
int64_t clock_monotonic_ms(void); /* CLOCK_MONOTONIC: time-outs, quotas, retries */
int64_t clock_boot_us(void);      /* CLOCK_BOOTTIME: to notice jumps of the wall clock */

#endif
