/* What was decided about periods, as a pure fold over acts: waivers, closings and reopenings,
 * orders.
 *
 * Acts fold in the order of their own time, then id, in whatever order they come, as in the
 * registry; only those whose own time is at most the time asked for count. Built (docket_apply),
 * then sealed (docket_seal) and from then on immutable. */
#ifndef IHURIRO_PROTO_DOCKET_H
#define IHURIRO_PROTO_DOCKET_H

#include "proto/limits.h"
#include "proto/messages.h"
#include "proto/order.h"
#include "proto/period.h"

struct docket;

void docket_close(struct docket **docket);
bool docket_folds(int kind); /* of record: WAIVED, CLOSED, REOPENED, ORDER */
MUST_USE enum err docket_make(struct docket **ret_docket);
/* id: SHA-256 of the event's bytes; the same id twice is applied once. The event is copied. Kinds
 * other than WAIVED, CLOSED, REOPENED, ORDER are ignored. ERR_MALFORMED: an act that no hub writes.
 */
MUST_USE enum err docket_apply(struct docket *docket, const PbEvent *event,
                               const uint8_t id[static SHA256_BYTES]);
/* Folds those whose own time is at most known_at_us; again after more were applied, or for another
 * time. What was handed out before is gone then. */
MUST_USE enum err docket_seal(struct docket *docket, int64_t known_at_us);

struct waiver {
    const char *reason;
    const char *by; /* staff code, or NULL */
    int64_t time_us;
};
/* Is this report waived? A waiver of a month stands for every key that ends in it. NULL: no. */
const struct waiver *docket_waiver(const struct docket *docket, const char *institution, int type,
                                   const struct period *period);

enum closing { PERIOD_OPEN, PERIOD_CLOSED, PERIOD_REOPENED };
struct closed {
    enum closing state;
    int64_t time_us;                /* own time of the last act */
    const Ihuriro__V1__Closed *act; /* the last close, also when reopened; NULL: never closed */
    const char *reason;             /* of the reopening */
};
/* Of the month that the day lies in. */
struct closed docket_closed(const struct docket *docket, int32_t end_day);
/* The end of the first month that is closed now and has a day in [first_day, last_day]. */
bool docket_closed_within(const struct docket *docket, int32_t first_day, int32_t last_day,
                          int32_t *ret_end_day);
const char *closing_name(enum closing closing); /* "open", "closed", "reopened" */

/* Orders in the order of their own time. That, and not when a record of it was received, is when an
 * order was given: a restore journals it again later, and changes nothing of what was owed. */
struct order {
    const PbOrder *order;
    const Ihuriro__V1__SignedOrder *signed_order; /* as it was given */
    int64_t given_us;    /* added duties are those of periods that end on a later day (D58) */
    int64_t replaced_us; /* from here on another order stands for it; INT64_MAX: not replaced */
};
const struct order *docket_orders(const struct docket *docket, size_t *ret_count);

/* Would this act be valid now, after all that was sealed? A complaint for the operator: a period
 * that is none, one that is closed already or was never closed, a reason that is empty, an order
 * that contradicts itself. (What needs the registry or the journal, the hub asks itself.) */
MUST_USE enum err docket_validate(const struct docket *docket, const PbEvent *event,
                                  struct complaint *complaint);

#endif
