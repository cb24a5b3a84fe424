#include "agents/mfi/owed.h"

#include <string.h>

#include "proto/receipt.h"

typedef Ihuriro__V1__OwedRow PbOwedRow;
typedef Ihuriro__V1__Owed PbOwed;

/* One reading. */
struct reading {
    const struct owed_terms *terms;
    const char *institution;
    struct arena *arena;
    struct owed *owed;
};

MUST_USE static enum err read_orders(struct reading *reading, const PbOwed *message);
static enum order_trust trust_row(const struct reading *reading, const struct owed_item *item,
                                  bool adds);

/* ---- states ---- */

const char *owed_state_name(enum owed_state state)
{
    static const char *const names[] = {
        [OWED_RUNNING] = "RUNNING",
        [OWED_DUE] = "OWED",
        [OWED_IN_GRACE] = "IN_GRACE",
        [OWED_OVERDUE] = "OVERDUE",
        [OWED_RECEIVED] = "RECEIVED",
        [OWED_RECEIVED_LATE] = "RECEIVED_LATE",
        [OWED_WAIVED] = "WAIVED",
        [OWED_SUSPENDED] = "SUSPENDED",
        [OWED_NOT_FOLLOWED] = "NOT_FOLLOWED",
    };
    return names[state];
}

bool owed_is_open(enum owed_state state)
{
    return state <= OWED_OVERDUE;
}

static bool is(const char *name, const char *other)
{
    return strcmp(name, other) == 0;
}

static bool is_accepted(const char *progress)
{
    return is(progress, progress_name(PROGRESS_ACCEPTED)) ||
           is(progress, progress_name(PROGRESS_ACCEPTED_WITH_WARNINGS)) ||
           is(progress, progress_name(PROGRESS_APPROVED)) ||
           is(progress, progress_name(PROGRESS_NIL));
}

/* Of what is not there: by our time, which may be later than the hub's word. */
static enum owed_state open_state(const struct reading *reading, const struct owed_item *item)
{
    int64_t now_us = reading->terms->now_us;
    if (now_us > item->row->due_us) {
        return now_us < item->row->grace_us ? OWED_IN_GRACE : OWED_OVERDUE;
    }
    return time_day(now_us, reading->terms->utc_offset_minutes) > item->period.end_day
               ? OWED_DUE
               : OWED_RUNNING;
}

static enum owed_state state_of(const struct reading *reading, struct owed_item *item)
{
    const PbOwedRow *row = item->row;
    if (is(row->timeliness, timeliness_name(TIMELINESS_ON_TIME))) {
        return OWED_RECEIVED;
    }
    if (is(row->timeliness, timeliness_name(TIMELINESS_LATE))) {
        return OWED_RECEIVED_LATE;
    }
    bool is_excused = is(row->timeliness, timeliness_name(TIMELINESS_EXCUSED));
    if (is_excused && row->order == NULL) {
        return OWED_WAIVED;
    }
    if (row->order != NULL) {
        item->trust = trust_row(reading, item, !is_excused);
    }
    if (is_excused && item->trust == ORDER_GOOD) {
        return OWED_SUSPENDED;
    }
    if (!is_excused && item->trust != ORDER_GOOD) {
        return OWED_NOT_FOLLOWED;
    }
    item->is_rejected = is(row->progress, progress_name(PROGRESS_REJECTED));
    item->is_provisional = is_accepted(row->progress);
    return open_state(reading, item);
}

/* false: a row of a newer hub, of something that this program does not know. */
static bool read_row(const struct reading *reading, const PbOwedRow *row,
                     struct owed_item *ret_item)
{
    struct owed_item item = {.row = row, .type = (int)row->type};
    if (item.type < TYPE_PORTFOLIO || item.type > TYPE_LAST ||
        period_parse(row->period, &item.period) != ERR_OK || row->grace_us < row->due_us) {
        return false;
    }
    item.state = state_of(reading, &item);
    *ret_item = item;
    return true;
}

enum err owed_read(struct bytes raw, const char *institution, const struct owed_terms *terms,
                   struct arena *arena, struct owed **ret_owed)
{
    PbOwed *message = NULL;
    struct reading reading = {terms, institution, arena, arena_take(arena, sizeof(struct owed))};
    enum err err = reading.owed == NULL
                       ? ERR_MEMORY
                       : MESSAGE_UNPACK(owed, MESSAGE_TOLERANT, raw, arena, &message);
    err = err != ERR_OK ? err : read_orders(&reading, message);
    if (err != ERR_OK) {
        return err;
    }
    struct owed *owed = reading.owed;
    owed->said_us = message->now_us;
    owed->breaches = (const Ihuriro__V1__BreachRow *const *)message->breaches;
    owed->breach_count = message->n_breaches;
    owed->items = arena_take(arena, (message->n_rows + 1) * sizeof *owed->items);
    if (owed->items == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < message->n_rows; i++) {
        owed->count += read_row(&reading, message->rows[i], &owed->items[owed->count]);
    }
    *ret_owed = owed;
    return ERR_OK;
}

/* ---- orders ---- */

const char *order_trust_name(enum order_trust trust)
{
    static const char *const names[] = {
        [ORDER_GOOD] = "GOOD",
        [ORDER_NOT_PINNED] = "NOT_PINNED",
        [ORDER_OTHER_SIGNER] = "OTHER_SIGNER",
        [ORDER_BAD_SIGNATURE] = "BAD_SIGNATURE",
        [ORDER_NOT_SHOWN] = "NOT_SHOWN",
        [ORDER_SAYS_OTHERWISE] = "SAYS_OTHERWISE",
    };
    return names[trust];
}

static enum order_trust trust_signer(const struct owed_terms *terms,
                                     const Ihuriro__V1__SignedOrder *signed_order)
{
    return terms->authority->count == 0 ? ORDER_NOT_PINNED
           : authority_is_pinned(terms->authority, bytes_of_pb(signed_order->signer))
               ? ORDER_GOOD
               : ORDER_OTHER_SIGNER;
}

/* What is not genuine is read all the same where it can be: its id is what rows name it by. */
static enum err read_order(struct reading *reading, const Ihuriro__V1__SignedOrder *signed_order,
                           struct owed_order *ret_order)
{
    struct complaint complaint = {{0}};
    struct owed_order read = {.trust = ORDER_BAD_SIGNATURE};
    enum err err = order_open(signed_order, reading->arena, &read.order);
    if (err == ERR_OK && order_validate(read.order, &complaint) == ERR_OK) {
        read.trust = trust_signer(reading->terms, signed_order);
    } else if (err == ERR_SIGNATURE || err == ERR_MALFORMED) {
        err = MESSAGE_UNPACK(order, MESSAGE_TOLERANT, bytes_of_pb(signed_order->order),
                             reading->arena, &read.order);
    }
    *ret_order = read;
    return err;
}

static enum err read_orders(struct reading *reading, const PbOwed *message)
{
    struct owed_order *orders =
        arena_take(reading->arena, (message->n_orders + 1) * sizeof *orders);
    if (orders == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < message->n_orders; i++) {
        enum err err = read_order(reading, message->orders[i], &orders[reading->owed->order_count]);
        if (err == ERR_MEMORY) {
            return err;
        }
        reading->owed->order_count += err == ERR_OK;
    }
    reading->owed->orders = orders;
    return ERR_OK;
}

/* No list names everybody. */
static bool names_it(char *const *list, size_t count, const char *what)
{
    bool names = count == 0 || what == NULL;
    for (size_t i = 0; !names && i < count; i++) {
        names = strcmp(list[i], what) == 0;
    }
    return names;
}

static bool adds(const PbOrderRow *row, const char *type, const char *frequency,
                 const char *category)
{
    return row->action == IHURIRO__V1__ORDER_ROW__ACTION__ADD && row->add != NULL &&
           is(row->add->type, type) && is(row->add->frequency, frequency) &&
           names_it(row->add->categories, row->add->n_categories, category);
}

static bool suspends(const PbOrderRow *row, int type, const char *frequency, const char *category)
{
    bool names_type = row->n_types == 0;
    for (size_t i = 0; !names_type && i < row->n_types; i++) {
        names_type = (int)row->types[i] == type;
    }
    return row->action == IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND && names_type &&
           names_it(row->frequencies, row->n_frequencies, frequency) &&
           names_it(row->categories, row->n_categories, category);
}

/* Does the order itself say so? Past its last day it says nothing. */
static bool says(const PbOrder *order, const struct reading *reading, const struct owed_item *item,
                 bool is_added)
{
    static const char letters[] = "?DWMQ";
    const char frequency[2] = {letters[item->period.frequency], '\0'};
    const char *category = reading->terms->category;
    bool it_says = false;
    for (size_t i = 0; !it_says && i < order->n_rows; i++) {
        const PbOrderRow *row = order->rows[i];
        it_says = names_it(row->institutions, row->n_institutions, reading->institution) &&
                  (is_added ? adds(row, report_type_name(item->type), frequency, category)
                            : suspends(row, item->type, frequency, category));
    }
    return it_says && item->period.end_day >= order->from_day &&
           item->period.end_day <= order->until_day;
}

/* The best that can be said of an order of that id: a forged one beside it takes nothing away. */
static enum order_trust trust_row(const struct reading *reading, const struct owed_item *item,
                                  bool is_added)
{
    enum order_trust best = ORDER_NOT_SHOWN;
    for (size_t i = 0; i < reading->owed->order_count; i++) {
        const struct owed_order *order = &reading->owed->orders[i];
        if (!is(order->order->id, item->row->order)) {
            continue;
        }
        enum order_trust trust = order->trust;
        if (trust == ORDER_GOOD && !says(order->order, reading, item, is_added)) {
            trust = ORDER_SAYS_OTHERWISE;
        }
        best = trust == ORDER_GOOD || best == ORDER_NOT_SHOWN ? trust : best;
    }
    return best;
}

/* ---- what the store knows beside ---- */

/* A receipt that the hub's word does not know yet. */
static void take_receipt(struct owed_item *item, const struct header *header)
{
    bool is_final = header->status == IHURIRO__V1__REPORT__STATUS__FINAL;
    bool wants_final =
        item->row->has_wants && item->row->wants == IHURIRO__V1__OBLIGATION__WANTS__FINAL;
    if (!verdict_accepts(header->verdict) || !owed_is_open(item->state)) {
        return;
    }
    item->is_rejected = false;
    item->is_provisional = wants_final && !is_final;
    if (!item->is_provisional) {
        item->state =
            header->first_received_at_us > item->row->due_us ? OWED_RECEIVED_LATE : OWED_RECEIVED;
    }
}

static enum err visit_entry(void *context, const struct entry *entry)
{
    struct owed *owed = context;
    for (size_t i = 0; i < owed->count; i++) {
        struct owed_item *item = &owed->items[i];
        if (item->type != entry->key.type || (int)item->period.frequency != entry->key.frequency ||
            item->period.end_day != entry->key.period_end_day) {
            continue;
        }
        AUTO(arena_close) struct arena arena = {0};
        struct receipt receipt = {0};
        bool has_receipt =
            entry->best.size > 0 && receipt_open(entry->best, &arena, &receipt) == ERR_OK;
        bool waits = entry->state == ENTRY_QUEUED || entry->state == ENTRY_DRAFT;
        item->is_here =
            item->is_here || waits || (has_receipt && verdict_accepts(receipt.header.verdict));
        if (has_receipt) {
            take_receipt(item, &receipt.header);
        }
    }
    return ERR_OK;
}

enum err owed_get(struct txn *txn, const char *institution, const struct owed_terms *terms,
                  struct arena *arena, const struct owed **ret_owed)
{
    struct owed_note note = {0};
    struct owed *owed = NULL;
    enum err err = owed_note_get(txn, institution, &note);
    err = err != ERR_OK ? err : owed_read(note.raw, institution, terms, arena, &owed);
    err = err != ERR_OK ? err : outbox_walk(txn, institution, visit_entry, owed);
    if (err == ERR_OK) {
        *ret_owed = owed;
    }
    return err;
}
