/* What a month's ratios are computed from, by what is owed (DOMAIN D39). */
#include <string.h>

#include "proto/fields.h"
#include "proto/glossary.h"
#include "proto/sector.h"

#define RECENT_DAYS 7  /* a stock of the month's last days stands for its end */
#define PARTS_MAX   31 /* days of a month */

struct inputs_of {
    const struct sector *sector;
    const struct party *party;
    struct period month;
    struct arena *arena;
};

MUST_USE static enum err current_of(const struct inputs_of *of, int type, int frequency,
                                    int32_t end_day, const PbReport **ret_report);
MUST_USE static enum err owed_frequencies(const struct inputs_of *of,
                                          unsigned ret_owed[TYPE_LAST + 1]);
MUST_USE static enum err quarter_of(const struct inputs_of *of, int type,
                                    const PbReport **ret_report);
MUST_USE static enum err recent_of(const struct inputs_of *of, int type,
                                   const PbReport **ret_report);

static const PbReport **place_of(struct ratio_inputs *inputs, int type)
{
    const PbReport **const places[] = {
        [TYPE_PORTFOLIO] = &inputs->portfolio,   [TYPE_LIQUIDITY] = &inputs->liquidity,
        [TYPE_OPERATIONS] = &inputs->operations, [TYPE_CAPITAL] = &inputs->capital,
        [TYPE_EXPOSURES] = &inputs->exposures,
    };
    return places[type];
}

/* What is keyed to the month comes first; what is owed is asked only where something lacks. */
static enum err fill(const struct inputs_of *of, struct ratio_inputs *inputs)
{
    unsigned owed[TYPE_LAST + 1] = {0};
    bool knows_owed = false;
    enum err err = ERR_OK;
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST && err == ERR_OK; type++) {
        const PbReport **place = place_of(inputs, type);
        err = current_of(of, type, FREQUENCY_M, of->month.end_day, place);
        if (err != ERR_OK || *place != NULL) {
            continue;
        }
        err = knows_owed ? ERR_OK : owed_frequencies(of, owed);
        knows_owed = true;
        if (err != ERR_OK || (owed[type] & 1U << FREQUENCY_M) != 0) {
            continue;
        }
        if ((owed[type] & 1U << FREQUENCY_Q) != 0) {
            err = quarter_of(of, type, place);
        } else if (owed[type] != 0) {
            err = recent_of(of, type, place);
        }
    }
    return err;
}

enum err sector_inputs(const struct sector *sector, const struct party *party,
                       const struct period *month, int months_before, struct arena *arena,
                       const struct ratio_inputs **ret_inputs)
{
    struct inputs_of of = {.sector = sector, .party = party, .month = *month, .arena = arena};
    struct ratio_inputs *first = NULL;
    struct ratio_inputs *later = NULL;
    for (int i = 0; i <= months_before; i++) {
        struct ratio_inputs *inputs = arena_take(arena, sizeof *inputs);
        if (inputs == NULL) {
            return ERR_MEMORY;
        }
        inputs->settings = sector_settings(sector);
        inputs->category = party->category;
        enum err err = fill(&of, inputs);
        if (err != ERR_OK) {
            return err;
        }
        if (later != NULL) {
            later->before = inputs;
        } else {
            first = inputs;
        }
        later = inputs;
        of.month = period_previous(&of.month);
    }
    *ret_inputs = first;
    return ERR_OK;
}

void sector_inputs_days(const struct period *month, int months_before, int32_t *ret_first_day,
                        int32_t *ret_last_day)
{
    /* A quarter that ended last ends at most two months before the earliest month does. */
    *ret_first_day = day_add_months(month->start_day, -months_before - 2);
    *ret_last_day = month->end_day;
}

/* ---- one report ---- */

static enum err current_of(const struct inputs_of *of, int type, int frequency, int32_t end_day,
                           const PbReport **ret_report)
{
    size_t count = 0;
    const struct sighting *sightings =
        sector_place(of->sector, of->party->id, type, frequency, end_day, &count);
    const struct sighting *current = count == 0 ? NULL : place_current(sightings, count);
    *ret_report = NULL;
    return current == NULL ? ERR_OK : sector_body(of->sector, current->seq, of->arena, ret_report);
}

/* ---- what is owed ---- */

static enum err note_frequency(void *context, const struct duty *duty)
{
    unsigned *owed = context;
    owed[duty->type] |= 1U << duty->period.frequency;
    return ERR_OK;
}

/* By type, a bit a frequency. A quarter's duty lies in one month of three. */
static enum err owed_frequencies(const struct inputs_of *of, unsigned ret_owed[TYPE_LAST + 1])
{
    struct calendar calendar = {
        .settings = sector_settings(of->sector),
        .docket = sector_docket(of->sector),
    };
    return calendar.settings == NULL
               ? ERR_OK
               : calendar_duties(&calendar, of->party, day_add_months(of->month.start_day, -2),
                                 of->month.end_day, note_frequency, ret_owed);
}

/* The latest that has ended by the month's end, or nothing: an earlier one would be another
 * quarter's figures. */
static enum err quarter_of(const struct inputs_of *of, int type, const PbReport **ret_report)
{
    struct period quarter;
    enum err err = period_containing(FREQUENCY_Q, of->month.end_day, &quarter);
    if (err == ERR_OK && quarter.end_day > of->month.end_day) {
        quarter = period_previous(&quarter);
    }
    return err != ERR_OK ? err : current_of(of, type, FREQUENCY_Q, quarter.end_day, ret_report);
}

/* ---- days and weeks ---- */

/* The reports of the month's days (or weeks), the last first, while each begins where the one
 * before it ended. */
struct parts {
    const PbReport *items[PARTS_MAX];
    size_t count;
    bool are_whole; /* they cover the month, exactly */
};

static enum err find_parts(const struct inputs_of *of, int type, int frequency, struct parts *parts)
{
    int32_t end_day = parts->items[0]->period->end_day;
    const PbReport *report = parts->items[0];
    enum err err = ERR_OK;
    parts->count = 1;
    while (report != NULL && report->period->start_day > of->month.start_day &&
           parts->count < PARTS_MAX) {
        err = current_of(of, type, frequency, report->period->start_day - 1, &report);
        if (err != ERR_OK) {
            return err;
        }
        if (report != NULL) {
            parts->items[parts->count++] = report;
        }
    }
    const PbReport *first = parts->items[parts->count - 1];
    parts->are_whole = end_day == of->month.end_day &&
                       first->period->start_day == of->month.start_day && report != NULL;
    return ERR_OK;
}

static const ProtobufCMessage *body_of(const PbReport *report)
{
    const ProtobufCMessage *const bodies[] = {
        [TYPE_PORTFOLIO] = (const ProtobufCMessage *)report->portfolio,
        [TYPE_LIQUIDITY] = (const ProtobufCMessage *)report->liquidity,
        [TYPE_OPERATIONS] = (const ProtobufCMessage *)report->operations,
        [TYPE_CAPITAL] = (const ProtobufCMessage *)report->capital,
        [TYPE_EXPOSURES] = (const ProtobufCMessage *)report->exposures,
    };
    return bodies[report->type];
}

static void *member_of(ProtobufCMessage *message, size_t offset)
{
    return (uint8_t *)message + offset;
}

/* Σ of the parts, where each of them says it. */
static bool sum_field(const struct parts *parts, const ProtobufCFieldDescriptor *field,
                      int64_t *ret_sum)
{
    int64_t sum = 0;
    for (size_t i = 0; i < parts->count; i++) {
        const ProtobufCMessage *body = body_of(parts->items[i]);
        struct field value;
        if (body == NULL || field_count(body, field) != 1) {
            return false;
        }
        field_read(body, field, 0, &value);
        int64_t amount = value.kind == FIELD_UNSIGNED ? (int64_t)value.number : value.integer;
        if (amount < 0 && value.kind == FIELD_UNSIGNED) {
            return false;
        }
        if (__builtin_add_overflow(sum, amount, &sum)) {
            return false;
        }
    }
    *ret_sum = sum;
    return true;
}

/* Sums a flow over the parts, or takes it out. */
static void settle_flow(const struct parts *parts, const ProtobufCFieldDescriptor *field,
                        ProtobufCMessage *body)
{
    int64_t sum = 0;
    bool is_number = field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT64;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        *(size_t *)member_of(body, field->quantifier_offset) = 0;
        return;
    }
    if (field->label != PROTOBUF_C_LABEL_OPTIONAL || !is_number) {
        return;
    }
    /* The highest day of a month is none of the sums of its days. */
    bool has =
        parts->are_whole && strncmp(field->name, "peak_", 5) != 0 && sum_field(parts, field, &sum);
    *(protobuf_c_boolean *)member_of(body, field->quantifier_offset) = has;
    if (has) {
        *(int64_t *)member_of(body, field->offset) = sum;
    }
}

/* A copy of the last part's body, as wide as its own; what its pointers lead to is shared. */
static enum err settle_flows(const struct parts *parts, struct arena *arena, PbReport *report)
{
    const ProtobufCMessage *last = body_of(parts->items[0]);
    if (last == NULL) {
        return ERR_OK;
    }
    ProtobufCMessage *body = arena_take(arena, last->descriptor->sizeof_message);
    if (body == NULL) {
        return ERR_MEMORY;
    }
    memcpy(body, last, last->descriptor->sizeof_message);
    for (unsigned i = 0; i < last->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &last->descriptor->fields[i];
        const struct field_text *text = glossary_find((int)report->type, field->name);
        if (text != NULL && strcmp(text->kind, "F") == 0) {
            settle_flow(parts, field, body);
        }
    }
    void *const places[] = {
        [TYPE_PORTFOLIO] = &report->portfolio,   [TYPE_LIQUIDITY] = &report->liquidity,
        [TYPE_OPERATIONS] = &report->operations, [TYPE_CAPITAL] = &report->capital,
        [TYPE_EXPOSURES] = &report->exposures,
    };
    memcpy(places[report->type], &body, sizeof body);
    return ERR_OK;
}

/* The last part as the month's: its stocks, the flows of all parts or none. */
static enum err as_the_months(const struct inputs_of *of, const struct parts *parts,
                              const PbReport **ret_report)
{
    PbReport *report = arena_take(of->arena, sizeof *report);
    PbPeriod *period = arena_take(of->arena, sizeof *period);
    if (report == NULL || period == NULL) {
        return ERR_MEMORY;
    }
    *report = *parts->items[0];
    *period = *report->period;
    if (parts->are_whole) {
        period->frequency = IHURIRO__V1__PERIOD__FREQUENCY__M;
        period->start_day = of->month.start_day;
    }
    report->period = period;
    enum err err = settle_flows(parts, of->arena, report);
    if (err == ERR_OK) {
        *ret_report = report;
    }
    return err;
}

/* The latest day or week of the month's last days. */
static enum err recent_of(const struct inputs_of *of, int type, const PbReport **ret_report)
{
    for (int32_t day = of->month.end_day; day > of->month.end_day - RECENT_DAYS; day--) {
        for (int frequency = FREQUENCY_D; frequency <= FREQUENCY_W; frequency++) {
            struct parts parts = {.count = 0};
            enum err err = current_of(of, type, frequency, day, &parts.items[0]);
            if (err == ERR_OK && parts.items[0] != NULL) {
                err = find_parts(of, type, frequency, &parts);
                return err != ERR_OK ? err : as_the_months(of, &parts, ret_report);
            }
            if (err != ERR_OK) {
                return err;
            }
        }
    }
    return ERR_OK;
}
