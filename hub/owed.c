#include "hub/owed.h"

#include <stdlib.h>
#include <string.h>

#include "hub/current.h"
#include "proto/prudential.h"
#include "proto/sighting.h"

typedef Ihuriro__V1__OwedRow PbOwedRow;
typedef Ihuriro__V1__BreachRow PbBreachRow;

#define MONTHS_LOOKED_AT 3 /* the last one that a ratio is known of counts */
#define MONTHS_OF_A_YEAR 12

struct folding {
    const struct owed_ground *ground;
    struct arena *arena;
    struct sector *sector; /* of this one institution */
    int32_t today;
    struct duty *duties;
    size_t duty_count;
    size_t duty_capacity;
};

MUST_USE static enum err feed_place(struct folding *folding, int type, int frequency,
                                    int32_t end_day);
MUST_USE static enum err make_sector(struct folding *folding, const struct period *month,
                                     int months_before);
MUST_USE static enum err make_rows(struct folding *folding, struct owed_fold *fold);
MUST_USE static enum err pick_orders(const struct folding *folding, struct owed_fold *fold);
MUST_USE static enum err make_breaches(struct folding *folding, const struct period *month,
                                       int months_before, struct owed_fold *fold);

static void folding_close(struct folding *folding)
{
    sector_close(&folding->sector);
    free(folding->duties);
}

static enum err keep_duty(void *context, const struct duty *duty)
{
    struct folding *folding = context;
    if (duty->period.start_day > folding->today + OWED_AHEAD_DAYS) {
        return ERR_OK;
    }
    if (folding->duty_count == folding->duty_capacity) {
        size_t wanted = folding->duty_capacity == 0 ? 128 : folding->duty_capacity * 2;
        struct duty *grown = reallocarray(folding->duties, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        folding->duties = grown;
        folding->duty_capacity = wanted;
    }
    folding->duties[folding->duty_count++] = *duty;
    return ERR_OK;
}

/* A quarter that has begun ends within so many days. */
#define QUARTER_DAYS 92

static enum err find_duties(struct folding *folding)
{
    const struct owed_ground *ground = folding->ground;
    struct calendar calendar = {.settings = ground->settings, .docket = ground->docket};
    return calendar_duties(&calendar, ground->party, folding->today - OWED_BACK_DAYS,
                           folding->today + OWED_AHEAD_DAYS + QUARTER_DAYS, keep_duty, folding);
}

static int months_needed(const PbSettings *settings)
{
    bool is_yearly = false;
    for (size_t i = 0; !is_yearly && i < settings->n_limits; i++) {
        const struct ratio *ratio = ratio_find(settings->limits[i]->ratio);
        is_yearly = ratio != NULL && ratio->is_yearly;
    }
    return MONTHS_LOOKED_AT - 1 + (is_yearly ? MONTHS_OF_A_YEAR : 1);
}

enum err owed_fold(const struct owed_ground *ground, struct arena *arena,
                   struct owed_fold *ret_fold)
{
    struct owed_fold fold = {0};
    struct period month;
    if (ground->settings == NULL) {
        *ret_fold = fold;
        return ERR_OK;
    }
    AUTO(folding_close)
    struct folding folding = {.ground = ground,
                              .arena = arena,
                              .today =
                                  time_day(ground->now_us, ground->settings->utc_offset_minutes)};
    int months_before = months_needed(ground->settings);
    enum err err = period_containing(FREQUENCY_M, folding.today, &month);
    month = period_previous(&month);
    err = err != ERR_OK ? err : find_duties(&folding);
    err = err != ERR_OK ? err : make_sector(&folding, &month, months_before);
    err = err != ERR_OK ? err : make_rows(&folding, &fold);
    err = err != ERR_OK ? err : pick_orders(&folding, &fold);
    if (err == ERR_OK) {
        err = make_breaches(&folding, &month, months_before, &fold);
    }
    if (err == ERR_OK) {
        *ret_fold = fold;
    }
    return err;
}

/* ---- its reports ---- */

static enum err read_body(void *context, uint64_t seq, struct arena *arena,
                          const PbReport **ret_report)
{
    const struct folding *folding = context;
    struct record record;
    const PbSignedReport *envelope = NULL;
    enum err err = journal_get(folding->ground->txn, seq, &record);
    err = err != ERR_OK
              ? err
              : MESSAGE_UNPACK(signed_report, MESSAGE_TOLERANT, record.body, arena, &envelope);
    return err != ERR_OK ? err
                         : MESSAGE_UNPACK(report, MESSAGE_TOLERANT, bytes_of_pb(envelope->report),
                                          arena, ret_report);
}

static enum err make_sector(struct folding *folding, const struct period *month, int months_before)
{
    struct sector_terms terms = {.known_at_us = folding->ground->now_us,
                                 .body = read_body,
                                 .body_context = folding,
                                 .settings = folding->ground->settings,
                                 .docket = folding->ground->docket};
    struct period at = *month;
    enum err err = sector_make(&terms, &folding->sector);
    for (size_t i = 0; err == ERR_OK && i < folding->duty_count; i++) {
        const struct duty *duty = &folding->duties[i];
        err = feed_place(folding, duty->type, (int)duty->period.frequency, duty->period.end_day);
    }
    /* Of months that are not owed, too, a ratio may be known. */
    for (int i = 0; err == ERR_OK && i <= months_before; i++) {
        for (int type = TYPE_PORTFOLIO; err == ERR_OK && type <= TYPE_LAST; type++) {
            err = feed_place(folding, type, FREQUENCY_M, at.end_day);
        }
        at = period_previous(&at);
    }
    return err != ERR_OK ? err : sector_seal(folding->sector);
}

static enum err take_row(void *context, const struct report_row *row)
{
    struct folding *folding = context;
    struct record record;
    struct sighting sighting = sighting_of_row(row);
    enum err err = ERR_OK;
    if (verdict_accepts(sighting.verdict)) {
        err = journal_get(folding->ground->txn, sighting.seq, &record);
        err = err != ERR_OK ? err
                            : sighting_facts(record.body, &sighting.is_nil, &sighting.is_approved);
    }
    return err != ERR_OK ? err : sector_report(folding->sector, &sighting);
}

static enum err feed_place(struct folding *folding, int type, int frequency, int32_t end_day)
{
    return reports_walk(folding->ground->txn, type, frequency, end_day, folding->ground->party->id,
                        take_row, folding);
}

/* ---- what is owed ---- */

static int compare_rows(const void *left, const void *right)
{
    const PbOwedRow *a = *(PbOwedRow *const *)left;
    const PbOwedRow *b = *(PbOwedRow *const *)right;
    if (a->due_us != b->due_us) {
        return a->due_us < b->due_us ? -1 : 1;
    }
    int order = strcmp(a->period, b->period);
    return order != 0 ? order : (a->type > b->type) - (a->type < b->type);
}

static bool is_settled(const struct cell *cell)
{
    return cell->timeliness == TIMELINESS_ON_TIME || cell->timeliness == TIMELINESS_LATE ||
           cell->timeliness == TIMELINESS_EXCUSED;
}

static void fold_cell(const struct folding *folding, const struct duty *duty, struct cell *ret_cell)
{
    const struct owed_ground *ground = folding->ground;
    struct cell_inputs inputs = {
        .duty = duty,
        .waiver = docket_waiver(ground->docket, ground->party->id, duty->type, &duty->period),
        .closed = docket_closed(ground->docket, duty->period.end_day),
        .at_us = ground->now_us,
    };
    inputs.sightings =
        sector_place(folding->sector, ground->party->id, duty->type, (int)duty->period.frequency,
                     duty->period.end_day, &inputs.count);
    cell_fold(&inputs, ret_cell);
}

/* Packed only: the message's texts are not written to. */
static char *packed(const char *text)
{
    return (char *)(uintptr_t)text;
}

static enum err fill_row(const struct folding *folding, const struct duty *duty,
                         const struct cell *cell, PbOwedRow **ret_row)
{
    PbOwedRow *row = arena_take(folding->arena, sizeof *row);
    char *period = arena_take(folding->arena, PERIOD_KEY_MAX + 1);
    if (row == NULL || period == NULL) {
        return ERR_MEMORY;
    }
    *row = (PbOwedRow)IHURIRO__V1__OWED_ROW__INIT;
    period_format(&duty->period, period);
    const PbOrder *order = duty->suspended_by != NULL ? duty->suspended_by : duty->added_by;
    row->type = (Ihuriro__V1__ReportType)duty->type;
    row->period = period;
    row->due_us = duty->due_us;
    row->grace_us = duty->grace_us;
    row->progress = packed(progress_name(cell->progress));
    row->timeliness = packed(timeliness_name(cell->timeliness));
    row->obligation = duty->obligation->id;
    row->order = order != NULL ? order->id : NULL;
    row->has_late_s = cell->late_s > 0;
    row->late_s = cell->late_s;
    row->has_wants = true;
    row->wants = duty->obligation->wants;
    *ret_row = row;
    return ERR_OK;
}

static enum err make_rows(struct folding *folding, struct owed_fold *fold)
{
    int64_t settled_from_us =
        folding->ground->now_us - OWED_SETTLED_DAYS * INT64_C(86400) * 1000000;
    enum err err = ERR_OK;
    fold->rows = arena_take(folding->arena, (folding->duty_count + 1) * sizeof(PbOwedRow *));
    if (fold->rows == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; err == ERR_OK && i < folding->duty_count; i++) {
        struct cell cell;
        fold_cell(folding, &folding->duties[i], &cell);
        if (!is_settled(&cell) || folding->duties[i].due_us >= settled_from_us) {
            err = fill_row(folding, &folding->duties[i], &cell, &fold->rows[fold->row_count++]);
        }
    }
    if (err == ERR_OK && fold->row_count > 1) {
        qsort(fold->rows, fold->row_count, sizeof(PbOwedRow *), compare_rows);
    }
    return err;
}

/* ---- orders ---- */

static bool is_named(const struct owed_fold *fold, const PbOrder *order)
{
    bool is = false;
    for (size_t i = 0; !is && i < fold->row_count; i++) {
        is = fold->rows[i]->order != NULL && strcmp(fold->rows[i]->order, order->id) == 0;
    }
    return is;
}

static enum err pick_orders(const struct folding *folding, struct owed_fold *fold)
{
    size_t count = 0;
    const struct order *orders = docket_orders(folding->ground->docket, &count);
    fold->orders = arena_take(folding->arena, (count + 1) * sizeof(Ihuriro__V1__SignedOrder *));
    if (fold->orders == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_open = orders[i].order->until_day >= folding->today &&
                       orders[i].replaced_us > folding->ground->now_us;
        if (is_open || is_named(fold, orders[i].order)) {
            /* Packed only. */
            fold->orders[fold->order_count++] =
                (Ihuriro__V1__SignedOrder *)(uintptr_t)orders[i].signed_order;
        }
    }
    return ERR_OK;
}

/* ---- breaches ---- */

static enum err fill_breach(const struct folding *folding, const PbPrudentialLimit *limit,
                            const struct period *month, struct ratio_value value,
                            enum standing standing, struct owed_fold *fold)
{
    PbBreachRow *row = arena_take(folding->arena, sizeof *row);
    char *period = arena_take(folding->arena, PERIOD_KEY_MAX + 1);
    if (row == NULL || period == NULL) {
        return ERR_MEMORY;
    }
    *row = (PbBreachRow)IHURIRO__V1__BREACH_ROW__INIT;
    period_format(month, period);
    row->limit = limit->id;
    row->ratio = limit->ratio;
    row->period = period;
    row->value = value.value;
    row->is_breach = standing == STANDING_BREACH;
    row->bound = row->is_breach ? limit->red : limit->amber;
    row->has_is_confirmed = true;
    row->is_confirmed = limit_is_confirmed(limit);
    fold->breaches[fold->breach_count++] = row;
    return ERR_OK;
}

/* Of the last month that the ratio is known of, where this row is the one that holds for it. */
static enum err look_at_limit(const struct folding *folding, const PbPrudentialLimit *limit,
                              const struct period *last, const struct ratio_inputs *inputs,
                              struct owed_fold *fold)
{
    const struct owed_ground *ground = folding->ground;
    const struct ratio *ratio = ratio_find(limit->ratio);
    struct period month = *last;
    for (int i = 0; ratio != NULL && inputs != NULL && i < MONTHS_LOOKED_AT; i++) {
        struct ratio_value value = ratio_compute(ratio, inputs);
        bool holds = limit_find(ground->settings, limit->ratio, ground->party->category,
                                month.end_day) == limit;
        enum standing standing = limit_standing(limit, value);
        if (standing != STANDING_UNKNOWN) {
            return holds && standing != STANDING_WITHIN
                       ? fill_breach(folding, limit, &month, value, standing, fold)
                       : ERR_OK;
        }
        month = period_previous(&month);
        inputs = inputs->before;
    }
    return ERR_OK;
}

static enum err make_breaches(struct folding *folding, const struct period *month,
                              int months_before, struct owed_fold *fold)
{
    const PbSettings *settings = folding->ground->settings;
    const struct ratio_inputs *inputs = NULL;
    fold->breaches = arena_take(folding->arena, (settings->n_limits + 1) * sizeof *fold->breaches);
    enum err err = fold->breaches == NULL
                       ? ERR_MEMORY
                       : sector_inputs(folding->sector, folding->ground->party, month,
                                       months_before, folding->arena, &inputs);
    for (size_t i = 0; err == ERR_OK && i < settings->n_limits; i++) {
        err = look_at_limit(folding, settings->limits[i], month, inputs, fold);
    }
    /* Reports that were made to take much are their sender's loss: it hears of its duties alone. */
    if (err == ERR_MEMORY || err == ERR_MALFORMED || err == ERR_TOO_LARGE) {
        fold->breach_count = 0;
        err = ERR_OK;
    }
    return err;
}
