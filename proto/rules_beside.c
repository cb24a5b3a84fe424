#include "proto/rules_beside.h"

#include <assert.h>

#include "proto/period.h"

/* A report of the same frequency before others. */
static const int frequencies[] = {FREQUENCY_M, FREQUENCY_W, FREQUENCY_D, FREQUENCY_Q};
#define FREQUENCIES    (sizeof frequencies / sizeof frequencies[0])
#define CAPITAL_MONTHS 4 /* a quarterly report is at most so old */

struct places {
    struct beside_place *rows;
    size_t count;
};

static void add(struct places *places, unsigned slots, int type, int frequency, int32_t end_day)
{
    assert(places->count < BESIDE_PLACES_MAX);
    places->rows[places->count++] = (struct beside_place){slots, type, frequency, end_day};
}

/* Whatever ends on the day, the frequency of the report itself first. */
static void add_ending(struct places *places, unsigned slots, int type, int first, int32_t end_day)
{
    add(places, slots, type, first, end_day);
    for (size_t i = 0; i < FREQUENCIES; i++) {
        if (frequencies[i] != first) {
            add(places, slots, type, frequencies[i], end_day);
        }
    }
}

/* CAPITAL is of months or quarters. PORTFOLIO is compared with one of its own day only (XRP-01);
 * otherwise the latest that ends on the day or before. */
static void add_capital(struct places *places, int type, int32_t end_day)
{
    int months = type == TYPE_PORTFOLIO ? 1 : CAPITAL_MONTHS;
    if (!day_ends_month(end_day) && type == TYPE_PORTFOLIO) {
        return;
    }
    if (!day_ends_month(end_day)) {
        end_day = day_add_months(end_day, -1);
    }
    struct period month;
    if (period_containing(FREQUENCY_M, end_day, &month) != ERR_OK) {
        return;
    }
    for (int i = 0; i < months; i++) {
        add(places, BESIDE_CAPITAL, TYPE_CAPITAL, FREQUENCY_M, month.end_day);
        add(places, BESIDE_CAPITAL, TYPE_CAPITAL, FREQUENCY_Q, month.end_day);
        month = period_previous(&month);
    }
}

static bool is_day(int32_t day)
{
    struct period any;
    return period_containing(FREQUENCY_D, day, &any) == ERR_OK;
}

/* Thirty days before, or the nearest after it that is there; of weeks four before. A month's is
 * what precedes it. */
static void add_month_ago(struct places *places, int type, int frequency, int32_t end_day)
{
    if (frequency == FREQUENCY_W) {
        add(places, BESIDE_MONTH_AGO, type, FREQUENCY_W, end_day - 28);
    }
    for (int32_t days = 30; frequency == FREQUENCY_D && days > 25; days--) {
        add(places, BESIDE_MONTH_AGO, type, FREQUENCY_D, end_day - days);
    }
}

size_t beside_places(const PbReport *report,
                     struct beside_place ret_places[static BESIDE_PLACES_MAX])
{
    static const struct {
        unsigned slot;
        int type;
    } same_end[] = {
        {BESIDE_PORTFOLIO, TYPE_PORTFOLIO},
        {BESIDE_LIQUIDITY, TYPE_LIQUIDITY},
        {BESIDE_OPERATIONS, TYPE_OPERATIONS},
    };
    struct places places = {.rows = ret_places};
    unsigned need = rules_need((int)report->type);
    int frequency = (int)report->period->frequency;
    if (!is_day(report->period->start_day) || !is_day(report->period->end_day)) {
        return 0; /* ENV-05 says so */
    }
    int32_t day_before = report->period->start_day - 1;
    /* The period before ends where this one begins, so what precedes also opens. */
    if (need & (BESIDE_OPENING | BESIDE_PRECEDING)) {
        add(&places, need & (BESIDE_OPENING | BESIDE_PRECEDING), (int)report->type, frequency,
            day_before);
    }
    for (size_t i = 0; i < FREQUENCIES && (need & BESIDE_OPENING); i++) {
        if (frequencies[i] != frequency) {
            add(&places, BESIDE_OPENING, (int)report->type, frequencies[i], day_before);
        }
    }
    if (need & BESIDE_MONTH_AGO) {
        add_month_ago(&places, (int)report->type, frequency, report->period->end_day);
    }
    for (size_t i = 0; i < sizeof same_end / sizeof same_end[0]; i++) {
        if (need & same_end[i].slot) {
            add_ending(&places, same_end[i].slot, same_end[i].type, frequency,
                       report->period->end_day);
        }
    }
    if (need & BESIDE_CAPITAL) {
        add_capital(&places, (int)report->type, report->period->end_day);
    }
    return places.count;
}

static const PbReport **slot_of(struct rules_context *context, unsigned slot)
{
    switch (slot) {
    case BESIDE_PORTFOLIO:
        return &context->portfolio;
    case BESIDE_LIQUIDITY:
        return &context->liquidity;
    case BESIDE_OPERATIONS:
        return &context->operations;
    case BESIDE_CAPITAL:
        return &context->capital;
    case BESIDE_OPENING:
        return &context->opening;
    case BESIDE_PRECEDING:
        return &context->preceding;
    default:
        assert(slot == BESIDE_MONTH_AGO);
        return &context->month_ago;
    }
}

unsigned beside_missing(const struct rules_context *context, unsigned slots)
{
    struct rules_context copy = *context;
    unsigned missing = 0;
    for (unsigned slot = 1; slot <= BESIDE_MONTH_AGO; slot <<= 1) {
        if ((slots & slot) && *slot_of(&copy, slot) == NULL) {
            missing |= slot;
        }
    }
    return missing;
}

void beside_fill(struct rules_context *context, unsigned slots, const PbReport *report)
{
    for (unsigned slot = 1; slot <= BESIDE_MONTH_AGO; slot <<= 1) {
        if ((slots & slot) && *slot_of(context, slot) == NULL) {
            *slot_of(context, slot) = report;
        }
    }
}
