#include "proto/docket.h"

#include <string.h>

#include "proto/docket_inside.h"
#include "proto/record.h"

static enum err fold(struct docket *docket, const struct docket_act *act);

static int act_compare(const void *left, const void *right)
{
    const struct docket_act *a = left;
    const struct docket_act *b = right;
    if (a->time_us != b->time_us) {
        return a->time_us < b->time_us ? -1 : 1;
    }
    return memcmp(a->id, b->id, SHA256_BYTES);
}

/* In order, each once. */
static void sort_acts(struct docket *docket)
{
    size_t kept = 0;
    if (docket->act_count > 1) {
        qsort(docket->acts, docket->act_count, sizeof docket->acts[0], act_compare);
    }
    for (size_t i = 0; i < docket->act_count; i++) {
        if (kept == 0 || act_compare(&docket->acts[kept - 1], &docket->acts[i]) != 0) {
            docket->acts[kept++] = docket->acts[i];
        }
    }
    docket->act_count = kept;
}

static int waived_compare(const void *left, const void *right)
{
    const struct docket_waived *a = left;
    const struct docket_waived *b = right;
    const int order = strcmp(a->institution, b->institution);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

/* An order that another one names is replaced from when the first such was given. */
static void replace_orders(struct docket *docket)
{
    for (size_t i = 0; i < docket->order_count; i++) {
        const struct order *by = &docket->orders[i];
        for (size_t k = 0; by->order->replaces != NULL && k < docket->order_count; k++) {
            struct order *order = &docket->orders[k];
            if (k != i && strcmp(order->order->id, by->order->replaces) == 0 &&
                by->given_us < order->replaced_us && by->given_us >= order->given_us) {
                order->replaced_us = by->given_us;
            }
        }
    }
}

/* Of acts that come one by one each is folded alone, as long as they come in their order. */
static bool is_one_more(const struct docket *docket, int64_t known_at_us)
{
    const struct docket_act *acts = docket->acts;
    const size_t count = docket->act_count;
    return docket->sealed_count > 0 && count == docket->sealed_count + 1 &&
           docket->sealed_at_us == known_at_us && acts[count - 1].time_us <= known_at_us &&
           act_compare(&acts[count - 2], &acts[count - 1]) < 0;
}

/* The last row to where it belongs. */
static void settle_waived(struct docket *docket)
{
    struct docket_waived *rows = docket->waived;
    size_t at = docket->waived_count - 1;
    const struct docket_waived last = rows[at];
    size_t low = 0;
    size_t high = at;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const bool is_before = waived_compare(&rows[middle], &last) < 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    memmove(&rows[low + 1], &rows[low], (at - low) * sizeof rows[0]);
    rows[low] = last;
}

static enum err seal_one(struct docket *docket)
{
    const size_t waived_before = docket->waived_count;
    enum err err = fold(docket, &docket->acts[docket->act_count - 1]);
    if (err == ERR_OK && docket->waived_count > waived_before) {
        settle_waived(docket);
    }
    if (err == ERR_OK) {
        replace_orders(docket);
        docket->sealed_count = docket->act_count;
    }
    return err;
}

static enum err seal_all(struct docket *docket, int64_t known_at_us);

enum err docket_seal(struct docket *docket, int64_t known_at_us)
{
    if (docket->sealed_count > 0 && docket->sealed_count == docket->act_count &&
        docket->sealed_at_us == known_at_us) {
        return ERR_OK;
    }
    return is_one_more(docket, known_at_us) ? seal_one(docket) : seal_all(docket, known_at_us);
}

static enum err seal_all(struct docket *docket, int64_t known_at_us)
{
    enum err err = ERR_OK;
    sort_acts(docket);
    docket->sealed_count = 0; /* until it is done */
    docket->waived_count = 0;
    docket->month_count = 0;
    docket->order_count = 0;
    for (size_t i = 0; i < docket->act_count && err == ERR_OK; i++) {
        if (docket->acts[i].time_us <= known_at_us) {
            err = fold(docket, &docket->acts[i]);
        }
    }
    if (docket->waived_count > 1) {
        qsort(docket->waived, docket->waived_count, sizeof docket->waived[0], waived_compare);
    }
    replace_orders(docket);
    if (err == ERR_OK) {
        docket->sealed_count = docket->act_count;
        docket->sealed_at_us = known_at_us;
    }
    return err;
}

/* ---- acts ---- */

/* Among those that were sealed. */
static bool is_held(const struct docket *docket, const struct docket_act *act)
{
    return docket->sealed_count > 0 && bsearch(act, docket->acts, docket->sealed_count,
                                               sizeof docket->acts[0], act_compare) != NULL;
}

static enum err grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity) {
        return ERR_OK;
    }
    const size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    *array = grown;
    *capacity = wanted;
    return ERR_OK;
}

static enum err copy_event(struct arena *arena, const PbEvent *event, const PbEvent **ret_event)
{
    AUTO(buffer_close) struct buffer raw = {0};
    enum err err = message_pack(&event->base, &raw);
    return err != ERR_OK
               ? err
               : MESSAGE_UNPACK(event, MESSAGE_TOLERANT, buffer_bytes(&raw), arena, ret_event);
}

enum err docket_month(const char *key, struct period *ret_month)
{
    struct period month;
    enum err err = period_parse(key, &month);
    if (err == ERR_OK && month.frequency != FREQUENCY_M) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_OK) {
        *ret_month = month;
    }
    return err;
}

/* What the fold reads of the act. */
static enum err read_act(struct docket *docket, struct docket_act *act)
{
    const PbEvent *event = act->event;
    switch (event_kind(event)) {
    case KIND_WAIVED:
        return event->subject == NULL || !institution_id_is_valid(event->subject)
                   ? ERR_MALFORMED
                   : period_parse(event->waived->period, &act->period);
    case KIND_CLOSED:
        return docket_month(event->closed->period, &act->period);
    case KIND_REOPENED:
        return docket_month(event->reopened->period, &act->period);
    default:
        return order_open(event->order, &docket->arena, &act->order);
    }
}

bool docket_folds(int kind)
{
    return kind == KIND_WAIVED || kind == KIND_CLOSED || kind == KIND_REOPENED ||
           kind == KIND_ORDER;
}

enum err docket_apply(struct docket *docket, const PbEvent *event,
                      const uint8_t id[static SHA256_BYTES])
{
    if (!docket_folds(event_kind(event))) {
        return ERR_OK;
    }
    struct docket_act act = {.time_us = event->time_us};
    memcpy(act.id, id, SHA256_BYTES);
    if (is_held(docket, &act)) {
        return ERR_OK;
    }
    void *acts = docket->acts;
    enum err err = grow(&acts, &docket->act_capacity, docket->act_count, sizeof act);
    docket->acts = acts;
    err = err != ERR_OK ? err : copy_event(&docket->arena, event, &act.event);
    err = err != ERR_OK ? err : read_act(docket, &act);
    if (err == ERR_OK) {
        docket->acts[docket->act_count++] = act;
    }
    return err == ERR_RANGE ? ERR_MALFORMED : err;
}

/* ---- folding ---- */

static enum err fold_waived(struct docket *docket, const struct docket_act *act)
{
    const Ihuriro__V1__Waived *given = act->event->waived;
    void *waived = docket->waived;
    enum err err =
        grow(&waived, &docket->waived_capacity, docket->waived_count, sizeof docket->waived[0]);
    docket->waived = waived;
    if (err != ERR_OK) {
        return err;
    }
    struct docket_waived row = {
        .institution = act->event->subject,
        .period = act->period,
        .types = given->n_types == 0 ? UINT32_MAX : 0,
        .is_withdrawn = given->has_withdrawn && given->withdrawn,
        .place = docket->waived_count,
        .waiver = {given->reason, given->by, act->time_us},
    };
    for (size_t i = 0; i < given->n_types; i++) {
        const int type = (int)given->types[i];
        row.types |= type > 0 && type <= TYPE_LAST ? 1U << type : 0;
    }
    docket->waived[docket->waived_count++] = row;
    return ERR_OK;
}

/* The month's row, at the end if it is new: closed months are few. */
static enum err month_row(struct docket *docket, int32_t end_day, struct docket_month **ret_row)
{
    for (size_t i = 0; i < docket->month_count; i++) {
        if (docket->months[i].end_day == end_day) {
            *ret_row = &docket->months[i];
            return ERR_OK;
        }
    }
    void *months = docket->months;
    enum err err =
        grow(&months, &docket->month_capacity, docket->month_count, sizeof docket->months[0]);
    docket->months = months;
    if (err == ERR_OK) {
        docket->months[docket->month_count] = (struct docket_month){.end_day = end_day};
        *ret_row = &docket->months[docket->month_count++];
    }
    return err;
}

static enum err fold_closed(struct docket *docket, const struct docket_act *act)
{
    struct docket_month *row = NULL;
    enum err err = month_row(docket, act->period.end_day, &row);
    if (err == ERR_OK) {
        row->closed = (struct closed){PERIOD_CLOSED, act->time_us, act->event->closed, NULL};
    }
    return err;
}

/* Of one that was never closed there is nothing to reopen. */
static enum err fold_reopened(struct docket *docket, const struct docket_act *act)
{
    struct docket_month *row = NULL;
    enum err err = month_row(docket, act->period.end_day, &row);
    if (err == ERR_OK && row->closed.act != NULL) {
        row->closed.state = PERIOD_REOPENED;
        row->closed.time_us = act->time_us;
        row->closed.reason = act->event->reopened->reason;
    }
    return err;
}

static enum err fold_order(struct docket *docket, const struct docket_act *act)
{
    void *orders = docket->orders;
    enum err err =
        grow(&orders, &docket->order_capacity, docket->order_count, sizeof docket->orders[0]);
    docket->orders = orders;
    if (err == ERR_OK) {
        docket->orders[docket->order_count++] =
            (struct order){act->order, act->event->order, act->time_us, INT64_MAX};
    }
    return err;
}

static enum err fold(struct docket *docket, const struct docket_act *act)
{
    switch (event_kind(act->event)) {
    case KIND_WAIVED:
        return fold_waived(docket, act);
    case KIND_CLOSED:
        return fold_closed(docket, act);
    case KIND_REOPENED:
        return fold_reopened(docket, act);
    default:
        return fold_order(docket, act);
    }
}

/* ---- asking ---- */

static bool is_same_period(const struct period *a, const struct period *b)
{
    return a->frequency == b->frequency && a->end_day == b->end_day;
}

/* The first row of the institution. */
static size_t first_waived(const struct docket *docket, const char *institution)
{
    size_t low = 0;
    size_t high = docket->waived_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const bool is_before = strcmp(docket->waived[middle].institution, institution) < 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return low;
}

/* What the last act about this period and type said. */
static const struct waiver *waiver_of(const struct docket *docket, const char *institution,
                                      int type, const struct period *period)
{
    const struct waiver *waiver = NULL;
    for (size_t i = first_waived(docket, institution);
         i < docket->waived_count && strcmp(docket->waived[i].institution, institution) == 0; i++) {
        const struct docket_waived *row = &docket->waived[i];
        if (is_same_period(&row->period, period) && (row->types & (1U << type)) != 0) {
            waiver = row->is_withdrawn ? NULL : &row->waiver;
        }
    }
    return waiver;
}

const struct waiver *docket_waiver(const struct docket *docket, const char *institution, int type,
                                   const struct period *period)
{
    struct period month;
    if (docket->waived_count == 0 || type < 1 || type > TYPE_LAST) {
        return NULL;
    }
    const struct waiver *waiver = waiver_of(docket, institution, type, period);
    if (waiver == NULL && (period->frequency == FREQUENCY_D || period->frequency == FREQUENCY_W) &&
        period_containing(FREQUENCY_M, period->end_day, &month) == ERR_OK) {
        waiver = waiver_of(docket, institution, type, &month);
    }
    return waiver;
}

struct closed docket_closed(const struct docket *docket, int32_t end_day)
{
    struct period month;
    if (docket->month_count > 0 && period_containing(FREQUENCY_M, end_day, &month) == ERR_OK) {
        for (size_t i = 0; i < docket->month_count; i++) {
            if (docket->months[i].end_day == month.end_day) {
                return docket->months[i].closed;
            }
        }
    }
    return (struct closed){.state = PERIOD_OPEN};
}

bool docket_closed_within(const struct docket *docket, int32_t first_day, int32_t last_day,
                          int32_t *ret_end_day)
{
    bool is_found = false;
    for (size_t i = 0; i < docket->month_count; i++) {
        const struct docket_month *row = &docket->months[i];
        struct period month;
        if (row->closed.state == PERIOD_CLOSED &&
            period_ending(FREQUENCY_M, row->end_day, &month) == ERR_OK &&
            month.start_day <= last_day && first_day <= month.end_day &&
            (!is_found || month.end_day < *ret_end_day)) {
            *ret_end_day = month.end_day;
            is_found = true;
        }
    }
    return is_found;
}

const char *closing_name(enum closing closing)
{
    static const char *const names[] = {
        [PERIOD_OPEN] = "open",
        [PERIOD_CLOSED] = "closed",
        [PERIOD_REOPENED] = "reopened",
    };
    return names[closing];
}

const struct order *docket_orders(const struct docket *docket, size_t *ret_count)
{
    *ret_count = docket->order_count;
    return docket->orders;
}

/* ---- making and unmaking ---- */

enum err docket_make(struct docket **ret_docket)
{
    struct docket *docket = calloc(1, sizeof *docket);
    if (docket == NULL) {
        return ERR_MEMORY;
    }
    docket->arena.budget = SIZE_MAX / 2; /* acts were let in one by one, each under its limit */
    *ret_docket = docket;
    return ERR_OK;
}

void docket_close(struct docket **docket)
{
    if (*docket == NULL) {
        return;
    }
    free((*docket)->acts);
    free((*docket)->waived);
    free((*docket)->months);
    free((*docket)->orders);
    arena_close(&(*docket)->arena);
    free(*docket);
    *docket = NULL;
}
