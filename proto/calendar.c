#include "proto/calendar.h"

#include <string.h>

#define US_PER_MINUTE    INT64_C(60000000)
#define US_PER_HOUR      INT64_C(3600000000)
#define MINUTES_PER_DAY  1440
#define ROLL_DAYS_MAX    366  /* settings in which every day is a holiday end here */
#define ADDED_DAYS_MAX   3660 /* and those with a number that no file could have said here */
#define ADDED_HOURS_MAX  87840
#define FREQUENCY_LETTER "?DWMQ"

struct question {
    const struct calendar *calendar;
    const struct party *party;
    int type;
    enum frequency frequency;
    struct period period;
};

static enum err visit_places(const struct question *question, int32_t last_day, duty_visit visit,
                             void *context);
static uint32_t frequencies_of(const struct calendar *calendar, int type);

enum err calendar_duties(const struct calendar *calendar, const struct party *party,
                         int32_t first_day, int32_t last_day, duty_visit visit, void *context)
{
    enum err err = ERR_OK;
    for (int type = 1; err == ERR_OK && type <= TYPE_LAST; type++) {
        const uint32_t frequencies = frequencies_of(calendar, type);
        for (int frequency = FREQUENCY_D; err == ERR_OK && frequency <= FREQUENCY_Q; frequency++) {
            struct question question = {calendar, party, type, (enum frequency)frequency, {0}};
            if ((frequencies & (1U << frequency)) != 0 &&
                period_containing(question.frequency, first_day, &question.period) == ERR_OK) {
                err = visit_places(&question, last_day, visit, context);
            }
        }
    }
    return err;
}

/* ---- which row stands for a place ---- */

/* No list: everybody. */
static bool is_listed(char *const *list, size_t count, const char *name)
{
    bool is_listed = count == 0;
    for (size_t i = 0; !is_listed && i < count; i++) {
        is_listed = strcmp(list[i], name) == 0;
    }
    return is_listed;
}

static bool is_of(const PbObligation *row, int type, enum frequency frequency)
{
    return row->frequency[0] == FREQUENCY_LETTER[frequency] && row->frequency[1] == '\0' &&
           strcmp(row->type, report_type_name(type)) == 0;
}

static const PbObligation *row_of_settings(const struct question *question)
{
    const PbSettings *settings = question->calendar->settings;
    const int32_t end_day = question->period.end_day;
    for (size_t i = 0; i < settings->n_obligations; i++) {
        const PbObligation *row = settings->obligations[i];
        if (!(row->has_off && row->off) && (!row->has_from_day || row->from_day <= end_day) &&
            (!row->has_until_day || end_day <= row->until_day) &&
            is_of(row, question->type, question->frequency) &&
            is_listed(row->categories, row->n_categories, question->party->category)) {
            return row;
        }
    }
    return NULL;
}

static bool adds(const PbOrderRow *row)
{
    return row->action == IHURIRO__V1__ORDER_ROW__ACTION__ADD && row->add != NULL;
}

static bool adds_to(const PbOrderRow *row, const struct question *question)
{
    return adds(row) && strcmp(row->add->type, report_type_name(question->type)) == 0 &&
           is_listed(row->add->categories, row->add->n_categories, question->party->category) &&
           is_listed(row->institutions, row->n_institutions, question->party->id);
}

static bool suspends_of(const PbOrderRow *row, const struct question *question)
{
    bool is_of_type = row->n_types == 0;
    for (size_t i = 0; i < row->n_types; i++) {
        is_of_type = is_of_type || (int)row->types[i] == question->type;
    }
    return row->action == IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND && is_of_type &&
           is_listed(row->categories, row->n_categories, question->party->category) &&
           is_listed(row->institutions, row->n_institutions, question->party->id);
}

/* Added duties begin on the day after; suspensions reach back (D58). */
static bool may_add(const struct order *order, const struct question *question)
{
    const int offset = question->calendar->settings->utc_offset_minutes;
    return question->period.end_day > time_day(order->given_us, offset);
}

/* Does the order say anything of this type for this party and period, whatever the frequency? */
static bool governs(const struct order *order, const struct question *question)
{
    const int32_t end_day = question->period.end_day;
    const int offset = question->calendar->settings->utc_offset_minutes;
    bool says = false;
    if (end_day < order->order->from_day || end_day > order->order->until_day ||
        (order->replaced_us != INT64_MAX && end_day > time_day(order->replaced_us, offset))) {
        return false;
    }
    for (size_t i = 0; !says && i < order->order->n_rows; i++) {
        const PbOrderRow *row = order->order->rows[i];
        says = suspends_of(row, question) || (adds_to(row, question) && may_add(order, question));
    }
    return says;
}

/* Of two at once the one given later counts. */
static const struct order *governing(const struct question *question)
{
    size_t count = 0;
    const struct order *orders = docket_orders(question->calendar->docket, &count);
    while (count > 0 && !governs(&orders[count - 1], question)) {
        count--;
    }
    return count > 0 ? &orders[count - 1] : NULL;
}

static const PbObligation *added_by(const struct order *order, const struct question *question)
{
    for (size_t i = 0; may_add(order, question) && i < order->order->n_rows; i++) {
        const PbOrderRow *row = order->order->rows[i];
        if (adds_to(row, question) && is_of(row->add, question->type, question->frequency)) {
            return row->add;
        }
    }
    return NULL;
}

static bool is_suspended_by(const struct order *order, const struct question *question)
{
    const char letter[] = {FREQUENCY_LETTER[question->frequency], '\0'};
    bool is_suspended = false;
    for (size_t i = 0; !is_suspended && i < order->order->n_rows; i++) {
        const PbOrderRow *row = order->order->rows[i];
        is_suspended =
            suspends_of(row, question) && is_listed(row->frequencies, row->n_frequencies, letter);
    }
    return is_suspended;
}

/* A bit for each frequency that anybody owes the type with: what is not in it needs no look. */
static uint32_t frequencies_of(const struct calendar *calendar, int type)
{
    const PbSettings *settings = calendar->settings;
    size_t order_count = 0;
    const struct order *orders = docket_orders(calendar->docket, &order_count);
    uint32_t frequencies = 0;
    for (int frequency = FREQUENCY_D; frequency <= FREQUENCY_Q; frequency++) {
        bool is_owed = false;
        for (size_t i = 0; !is_owed && i < settings->n_obligations; i++) {
            is_owed = is_of(settings->obligations[i], type, (enum frequency)frequency);
        }
        for (size_t i = 0; !is_owed && i < order_count; i++) {
            for (size_t k = 0; !is_owed && k < orders[i].order->n_rows; k++) {
                const PbOrderRow *row = orders[i].order->rows[k];
                is_owed = adds(row) && is_of(row->add, type, (enum frequency)frequency);
            }
        }
        frequencies |= is_owed ? 1U << frequency : 0;
    }
    return frequencies;
}

/* ---- its instants ---- */

bool calendar_is_business_day(const PbSettings *settings, int32_t day)
{
    const int week_day = day_of_week(day);
    int year = 0;
    int month = 0;
    int day_of_month = 0;
    for (size_t i = 0; i < settings->n_weekend; i++) {
        if ((int)settings->weekend[i] == week_day) {
            return false;
        }
    }
    day_to_date(day, &year, &month, &day_of_month);
    for (size_t i = 0; i < settings->n_holidays; i++) {
        const PbHoliday *row = settings->holidays[i];
        bool is_it = row->has_day
                         ? row->day == day
                         : row->has_month && row->has_day_of_month && (int)row->month == month &&
                               (int)row->day_of_month == day_of_month;
        if (is_it && (!row->has_from_day || row->from_day <= day) &&
            (!row->has_until_day || day <= row->until_day)) {
            return false;
        }
    }
    return true;
}

int64_t calendar_instant(const PbSettings *settings, int32_t day, int32_t minutes)
{
    return ((int64_t)day * MINUTES_PER_DAY + minutes - settings->utc_offset_minutes) *
           US_PER_MINUTE;
}

/* The nearest business day from here, itself included, forwards or backwards. */
static int32_t rolled(const PbSettings *settings, int32_t day, int32_t step)
{
    for (int i = 0; i < ROLL_DAYS_MAX; i++) {
        if (calendar_is_business_day(settings, day + i * step)) {
            return day + i * step;
        }
    }
    return day;
}

static int32_t due_day(const PbSettings *settings, const PbObligation *row, int32_t end_day)
{
    const uint32_t days = row->due_days < ADDED_DAYS_MAX ? row->due_days : ADDED_DAYS_MAX;
    int32_t day = end_day;
    if (row->has_business_days && row->business_days) {
        for (uint32_t i = 0; i < days; i++) {
            day = rolled(settings, day + 1, 1);
        }
    } else {
        day += (int32_t)days;
    }
    if (row->has_roll && row->roll == IHURIRO__V1__OBLIGATION__ROLL__NEXT) {
        return rolled(settings, day, 1);
    }
    if (row->has_roll && row->roll == IHURIRO__V1__OBLIGATION__ROLL__PREVIOUS) {
        return rolled(settings, day, -1);
    }
    return day;
}

static int64_t hours_us(uint32_t hours)
{
    return (int64_t)(hours < ADDED_HOURS_MAX ? hours : ADDED_HOURS_MAX) * US_PER_HOUR;
}

void calendar_set_instants(const PbSettings *settings, struct duty *duty)
{
    const PbObligation *row = duty->obligation;
    const int32_t end_day = duty->period.end_day;
    duty->ended_us = calendar_instant(settings, end_day + 1, 0);
    duty->due_us =
        calendar_instant(settings, due_day(settings, row, end_day), (int32_t)row->due_minutes);
    duty->grace_us = duty->due_us + hours_us(row->grace_hours);
    duty->remind_us =
        row->has_remind_hours ? duty->due_us - hours_us(row->remind_hours) : INT64_MAX;
    duty->escalate_us =
        row->has_escalate_hours ? duty->due_us + hours_us(row->escalate_hours) : INT64_MAX;
}

/* ---- visiting ---- */

static enum err visit_place(const struct question *question, duty_visit visit, void *context)
{
    const struct order *order = governing(question);
    struct duty duty = {.type = question->type, .period = question->period};
    duty.obligation = order != NULL ? added_by(order, question) : NULL;
    if (duty.obligation != NULL) {
        duty.added_by = order->order;
    } else {
        duty.obligation = row_of_settings(question);
        duty.suspended_by = order != NULL && is_suspended_by(order, question) ? order->order : NULL;
    }
    if (duty.obligation == NULL) {
        return ERR_OK;
    }
    calendar_set_instants(question->calendar->settings, &duty);
    return visit(context, &duty);
}

/* From the question's period on, until one ends after last_day. */
static enum err visit_places(const struct question *question, int32_t last_day, duty_visit visit,
                             void *context)
{
    struct question next = *question;
    const int offset = question->calendar->settings->utc_offset_minutes;
    enum err err = ERR_OK;
    while (err == ERR_OK && next.period.end_day <= last_day) {
        err = party_owes(next.party, &next.period, offset) ? visit_place(&next, visit, context)
                                                           : ERR_OK;
        if (period_containing(next.frequency, next.period.end_day + 1, &next.period) != ERR_OK) {
            break; /* the end of the calendar */
        }
    }
    return err;
}

/* ---- who owes at all ---- */

static bool has_begun(const struct party *party, const struct period *period,
                      int utc_offset_minutes)
{
    if (party->reports_from_day != INT32_MIN) {
        return period->start_day >= party->reports_from_day;
    }
    return period->start_day > time_day(party->enrolled_us, utc_offset_minutes) ||
           period->end_day >= party->took_over_day;
}

bool party_owes(const struct party *party, const struct period *period, int utc_offset_minutes)
{
    const bool is_liquidated =
        party->status == PARTY_LIQUIDATED && party->status_from_day <= period->end_day;
    return party->role == ROLE_MEMBER && party_is_valid_on(party, period->end_day) &&
           period->end_day < party->ended_day && !is_liquidated &&
           has_begun(party, period, utc_offset_minutes);
}
