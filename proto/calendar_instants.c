/* The instants at which something passes by itself: of any row and any period, whoever owes it. */
#include "proto/calendar.h"

#include <string.h>

#define US_PER_DAY INT64_C(86400000000)
#define REACH_DAYS 8192 /* further than any row's instants lie from its period's end */

/* What comes in the microsecond in which it is due is in time. */
int64_t duty_instant(const struct duty *duty, enum duty_instant which)
{
    int64_t instant_us = which == DUTY_REMINDED  ? duty->remind_us
                         : which == DUTY_OVERDUE ? duty->grace_us
                                                 : duty->escalate_us;
    return which == DUTY_REMINDED || instant_us > duty->due_us ? instant_us : duty->due_us + 1;
}

static int frequency_of(const PbObligation *row)
{
    static const char letters[] = "DWMQ";
    const char *at = row->frequency[0] != '\0' ? strchr(letters, row->frequency[0]) : NULL;
    return at != NULL ? FREQUENCY_D + (int)(at - letters) : 0;
}

/* Its instants for the period that the day lies in. False: the calendar ends there. */
static bool duty_of(const struct calendar *calendar, const PbObligation *row, int32_t day,
                    struct duty *ret_duty)
{
    struct duty duty = {.obligation = row};
    if (period_containing((enum frequency)frequency_of(row), day, &duty.period) != ERR_OK) {
        return false;
    }
    calendar_set_instants(calendar->settings, &duty);
    *ret_duty = duty;
    return true;
}

/* The first period whose instant is not before: due days never go back as periods go on. */
static bool first_from(const struct calendar *calendar, const PbObligation *row, int which,
                       int64_t from_us, struct duty *ret_duty)
{
    struct duty duty;
    int32_t day = (int32_t)(from_us / US_PER_DAY);
    int32_t low = day - REACH_DAYS;
    int32_t high = day + REACH_DAYS;
    if (frequency_of(row) == 0 || (row->has_off && row->off)) {
        return false;
    }
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        bool is_known = duty_of(calendar, row, middle, &duty);
        bool is_before =
            is_known ? duty_instant(&duty, (enum duty_instant)which) < from_us : middle < day;
        if (is_before) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_found = duty_of(calendar, row, low, &duty) &&
                    duty_instant(&duty, (enum duty_instant)which) >= from_us &&
                    duty_instant(&duty, (enum duty_instant)which) != INT64_MAX;
    if (is_found) {
        *ret_duty = duty;
    }
    return is_found;
}

/* ---- all rows ---- */

typedef void (*row_visit)(void *context, const struct calendar *calendar, const PbObligation *row);

static void visit_rows(const struct calendar *calendar, row_visit visit, void *context)
{
    size_t order_count = 0;
    const struct order *orders = docket_orders(calendar->docket, &order_count);
    for (size_t i = 0; calendar->settings != NULL && i < calendar->settings->n_obligations; i++) {
        visit(context, calendar, calendar->settings->obligations[i]);
    }
    for (size_t i = 0; calendar->settings != NULL && i < order_count; i++) {
        for (size_t k = 0; k < orders[i].order->n_rows; k++) {
            const PbOrderRow *row = orders[i].order->rows[k];
            if (row->add != NULL) {
                visit(context, calendar, row->add);
            }
        }
    }
}

struct next {
    int64_t after_us;
    int64_t next_us;
};

static void take_next(void *context, const struct calendar *calendar, const PbObligation *row)
{
    struct next *next = context;
    struct duty duty;
    for (int which = 0; which < DUTY_INSTANTS; which++) {
        if (first_from(calendar, row, which, next->after_us + 1, &duty) &&
            duty_instant(&duty, (enum duty_instant)which) < next->next_us) {
            next->next_us = duty_instant(&duty, (enum duty_instant)which);
        }
    }
}

int64_t calendar_next_instant(const struct calendar *calendar, int64_t after_us)
{
    struct next next = {after_us, INT64_MAX};
    visit_rows(calendar, take_next, &next);
    return next.next_us;
}

struct ends {
    int64_t instant_us;
    int32_t *items;
    size_t count;
};

/* In order, each once. */
static void add_end(struct ends *ends, int32_t end_day)
{
    size_t at = ends->count;
    while (at > 0 && ends->items[at - 1] > end_day) {
        at--;
    }
    if (ends->count == CALENDAR_ENDS_MAX || (at > 0 && ends->items[at - 1] == end_day)) {
        return;
    }
    memmove(&ends->items[at + 1], &ends->items[at], (ends->count - at) * sizeof ends->items[0]);
    ends->items[at] = end_day;
    ends->count++;
}

static void take_ends(void *context, const struct calendar *calendar, const PbObligation *row)
{
    struct ends *ends = context;
    struct duty duty;
    for (int which = 0; which < DUTY_INSTANTS; which++) {
        bool is_more = first_from(calendar, row, which, ends->instant_us, &duty);
        while (is_more && duty_instant(&duty, (enum duty_instant)which) == ends->instant_us) {
            add_end(ends, duty.period.end_day);
            is_more = duty_of(calendar, row, duty.period.end_day + 1, &duty);
        }
    }
}

size_t calendar_ends_at(const struct calendar *calendar, int64_t instant_us,
                        int32_t ret_ends[static CALENDAR_ENDS_MAX])
{
    struct ends ends = {instant_us, ret_ends, 0};
    visit_rows(calendar, take_ends, &ends);
    return ends.count;
}
