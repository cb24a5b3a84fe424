#include <string.h>

#include "proto/docket_inside.h"
#include "proto/record.h"

#define NONCE_BYTES 16

static enum err validate_waived(const struct docket *docket, const PbEvent *event,
                                struct complaint *complaint);
static enum err validate_closed(const struct docket *docket, const PbEvent *event,
                                struct complaint *complaint);
static enum err validate_reopened(const struct docket *docket, const PbEvent *event,
                                  struct complaint *complaint);
static enum err validate_order(const struct docket *docket, const PbEvent *event,
                               struct complaint *complaint);

enum err docket_validate(const struct docket *docket, const PbEvent *event,
                         struct complaint *complaint)
{
    static const struct {
        int kind;
        enum err (*validate)(const struct docket *docket, const PbEvent *event,
                             struct complaint *complaint);
    } rows[] = {
        {KIND_WAIVED, validate_waived},
        {KIND_CLOSED, validate_closed},
        {KIND_REOPENED, validate_reopened},
        {KIND_ORDER, validate_order},
    };
    if (event->nonce.len != NONCE_BYTES || event->time_us < 0) {
        return complain(complaint, ERR_REFUSED,
                        "The act lacks its random number or its time: update the program that made "
                        "it.");
    }
    const int kind = event_kind(event);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].kind == kind) {
            return rows[i].validate(docket, event, complaint);
        }
    }
    return complain(complaint, ERR_REFUSED,
                    "This is not one act about a period or an order: update the program that made "
                    "it.");
}

/* ---- what several ask ---- */

static enum err validate_reason(const char *reason, struct complaint *complaint)
{
    return order_text_is_plain(reason)
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "The reason is empty, or no line of text of up to %d bytes: say why; it "
                          "stands in the journal for ever.",
                          TEXT_BYTES_MAX);
}

static enum err validate_by(const char *by, struct complaint *complaint)
{
    return by == NULL || order_text_is_plain(by)
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "--by is a staff code on one line, not a name: correct it, or leave it "
                          "out.");
}

/* Acts fold in the order of their own time: of two of one moment nobody could say which was last.
 * A clock that runs never makes two; a test hub's stands still. */
static enum err refuse_same_moment(struct complaint *complaint)
{
    return complain(complaint, ERR_REFUSED,
                    "This follows another act in the same moment of the hub's clock, or comes "
                    "before it: try again; at a test hub move its clock first with `mfi-hub "
                    "test-time`.");
}

static enum err validate_no_subject(const PbEvent *event, struct complaint *complaint)
{
    return event->subject == NULL
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "This act concerns everybody and names one party: update the program "
                          "that made it.");
}

/* ---- waivers ---- */

static uint32_t types_of(const Ihuriro__V1__Waived *waived)
{
    uint32_t types = 0;
    for (size_t i = 0; i < waived->n_types; i++) {
        const int type = (int)waived->types[i];
        types |= type > 0 && type <= TYPE_LAST ? 1U << type : 1U;
    }
    return waived->n_types == 0 ? (2U << TYPE_LAST) - 2 : types; /* bit 0: of a type there is not */
}

struct waived_now {
    uint32_t waived; /* types that are, by an act about this very period */
    int64_t last_us; /* of any act about it */
};

static struct waived_now waived_now(const struct docket *docket, const char *institution,
                                    const struct period *period)
{
    struct waived_now now = {0, INT64_MIN};
    for (size_t i = 0; i < docket->waived_count; i++) {
        const struct docket_waived *row = &docket->waived[i];
        if (strcmp(row->institution, institution) == 0 &&
            row->period.frequency == period->frequency && row->period.end_day == period->end_day) {
            now.waived = row->is_withdrawn ? now.waived & ~row->types : now.waived | row->types;
            now.last_us = row->waiver.time_us;
        }
    }
    return now;
}

static enum err validate_waived(const struct docket *docket, const PbEvent *event,
                                struct complaint *complaint)
{
    const Ihuriro__V1__Waived *waived = event->waived;
    const uint32_t types = types_of(waived);
    struct period period;
    if (event->subject == NULL || !institution_id_is_valid(event->subject)) {
        return complain(complaint, ERR_REFUSED,
                        "A waiver names an institution by its id: correct it.");
    }
    if (period_parse(waived->period, &period) != ERR_OK) {
        return complain(complaint, ERR_REFUSED,
                        "The waiver's period is none: write a month (2020-06), a quarter "
                        "(2020-Q2), a week (2020-W27) or a day (2020-06-30).");
    }
    if ((types & 1U) != 0) {
        return complain(complaint, ERR_REFUSED,
                        "The waiver names a type of report that there is not: update the program "
                        "that made it.");
    }
    enum err err = validate_reason(waived->reason, complaint);
    err = err != ERR_OK ? err : validate_by(waived->by, complaint);
    if (err != ERR_OK) {
        return err;
    }
    const struct waived_now now = waived_now(docket, event->subject, &period);
    if (event->time_us <= now.last_us) {
        return refuse_same_moment(complaint);
    }
    if (waived->has_withdrawn && waived->withdrawn) {
        return (types & now.waived) != 0
                   ? ERR_OK
                   : complain(complaint, ERR_REFUSED,
                              "Nothing of this is waived for %s in %s: a waiver is taken back with "
                              "the types and the period that it was given for.",
                              event->subject, waived->period);
    }
    return (types & ~now.waived) != 0
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "This is waived already for %s in %s; nothing was changed.",
                          event->subject, waived->period);
}

/* ---- closing ---- */

static enum err validate_month(const char *key, struct complaint *complaint,
                               struct period *ret_month)
{
    return docket_month(key, ret_month) == ERR_OK
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "Months are closed and reopened, such as 2020-06: correct the period.");
}

static enum err validate_closed(const struct docket *docket, const PbEvent *event,
                                struct complaint *complaint)
{
    const Ihuriro__V1__Closed *act = event->closed;
    struct period month;
    enum err err = validate_no_subject(event, complaint);
    err = err != ERR_OK ? err : validate_month(act->period, complaint, &month);
    err = err != ERR_OK ? err : validate_by(act->by, complaint);
    if (err == ERR_OK && act->despite != NULL) {
        err = validate_reason(act->despite, complaint);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (act->ids_hash.len != SHA256_BYTES || act->position->root.len != SHA256_BYTES ||
        act->known_at_us > event->time_us) {
        return complain(complaint, ERR_REFUSED,
                        "The closing does not say what it freezes: update the program that made "
                        "it.");
    }
    const struct closed closed = docket_closed(docket, month.end_day);
    if (closed.state == PERIOD_CLOSED) {
        return complain(complaint, ERR_REFUSED,
                        "%s is closed already; `mfi-hub reopen %s --reason REASON` opens it again.",
                        act->period, act->period);
    }
    return closed.act != NULL && event->time_us <= closed.time_us ? refuse_same_moment(complaint)
                                                                  : ERR_OK;
}

static enum err validate_reopened(const struct docket *docket, const PbEvent *event,
                                  struct complaint *complaint)
{
    const Ihuriro__V1__Reopened *act = event->reopened;
    struct period month;
    enum err err = validate_no_subject(event, complaint);
    err = err != ERR_OK ? err : validate_month(act->period, complaint, &month);
    err = err != ERR_OK ? err : validate_reason(act->reason, complaint);
    err = err != ERR_OK ? err : validate_by(act->by, complaint);
    if (err != ERR_OK) {
        return err;
    }
    const struct closed closed = docket_closed(docket, month.end_day);
    if (closed.state != PERIOD_CLOSED) {
        return complain(complaint, ERR_REFUSED, "%s is not closed: there is nothing to reopen.",
                        act->period);
    }
    return event->time_us <= closed.time_us ? refuse_same_moment(complaint) : ERR_OK;
}

/* ---- orders ---- */

static enum err validate_place(const struct docket *docket, const PbOrder *order, int64_t time_us,
                               struct complaint *complaint)
{
    bool is_known = order->replaces == NULL;
    for (size_t i = 0; i < docket->order_count; i++) {
        const PbOrder *other = docket->orders[i].order;
        if (strcmp(other->id, order->id) == 0) {
            return complain(complaint, ERR_REFUSED,
                            "The order %s stands already: a new one has an id of its own, and may "
                            "say replaces = \"%s\".",
                            order->id, order->id);
        }
        if (docket->orders[i].given_us >= time_us) {
            return refuse_same_moment(complaint);
        }
        is_known = is_known || strcmp(other->id, order->replaces) == 0;
    }
    return is_known ? ERR_OK
                    : complain(complaint, ERR_REFUSED,
                               "There is no order %s that this one could replace: correct it, or "
                               "leave `replaces` out.",
                               order->replaces);
}

static enum err validate_order(const struct docket *docket, const PbEvent *event,
                               struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    const PbOrder *order = NULL;
    enum err err = validate_no_subject(event, complaint);
    if (err != ERR_OK) {
        return err;
    }
    err = order_open(event->order, &arena, &order);
    if (err == ERR_MEMORY) {
        return err;
    }
    /* What this program does not know all of, it would read as less than was ordered. */
    if (err == ERR_OK) {
        err = MESSAGE_UNPACK(order, MESSAGE_CANONICAL, bytes_of_pb(event->order->order), &arena,
                             &order);
    }
    if (err == ERR_SIGNATURE) {
        return complain(complaint, ERR_REFUSED,
                        "The order's signature does not verify: it was changed on its way. Ask the "
                        "authority for the file again.");
    }
    if (err != ERR_OK) {
        return complain(complaint, ERR_REFUSED,
                        "The order cannot be read: ask the authority for the file again, or update "
                        "this program.");
    }
    err = order_validate(order, complaint);
    return err != ERR_OK ? err : validate_place(docket, order, event->time_us, complaint);
}
