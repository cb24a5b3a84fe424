/* Waivers, closings and orders as unit tests write them down, and dockets made of them. */
#ifndef IHURIRO_TESTS_SUPPORT_DECISIONS_H
#define IHURIRO_TESTS_SUPPORT_DECISIONS_H

#include "proto/docket.h"

#include "tests/support/samples.h"

/* An act as a test writes it. Exactly one of waived, closed, reopened (a period's key) and order
 * is set. */
struct decision {
    int64_t time_us;
    const char *subject;
    const char *waived;
    uint32_t types; /* of the waiver: a bit each; 0: all */
    bool is_withdrawn;
    const char *closed;
    const char *despite;
    const char *reopened;
    const PbOrder *order;
    const char *reason; /* "because" if it is left out */
};

static inline int32_t day_of(const char *date)
{
    int32_t day = 0;
    assert_int_equal(day_parse(date, &day), ERR_OK);
    return day;
}

static inline int64_t at(const char *time)
{
    int64_t time_us = 0;
    assert_int_equal(time_parse(time, &time_us), ERR_OK);
    return time_us;
}

static inline struct period period_of(const char *key)
{
    struct period period = {0};
    assert_int_equal(period_parse(key, &period), ERR_OK);
    return period;
}

/* The event, its parts and the memory that they point into. */
struct decision_box {
    PbEvent event;
    Ihuriro__V1__Waived waived;
    Ihuriro__V1__ReportType types[TYPE_LAST];
    Ihuriro__V1__Closed closed;
    Ihuriro__V1__Position position;
    Ihuriro__V1__Reopened reopened;
    const Ihuriro__V1__SignedOrder *signed_order;
    struct arena arena;
    uint8_t nonce[16];
    uint8_t hash[SHA256_BYTES];
};

/* Signed by key 7, in the arena. */
static inline const Ihuriro__V1__SignedOrder *order_signed(const PbOrder *order,
                                                           struct arena *arena)
{
    AUTO(signing_key_close) struct signing_key *key = seeded_key(7);
    AUTO(buffer_close) struct buffer raw = {0};
    const Ihuriro__V1__SignedOrder *made = NULL;
    assert_int_equal(order_sign(key, order, &raw), ERR_OK);
    assert_int_equal(
        MESSAGE_UNPACK(signed_order, MESSAGE_CANONICAL, buffer_bytes(&raw), arena, &made), ERR_OK);
    return made;
}

static inline char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; /* packed only */
}

static inline void fill_waived(const struct decision *row, struct decision_box *box)
{
    box->waived = (Ihuriro__V1__Waived)IHURIRO__V1__WAIVED__INIT;
    box->waived.period = text_of(row->waived);
    box->waived.reason = text_of(row->reason == NULL ? "because" : row->reason);
    box->waived.types = box->types;
    box->waived.has_withdrawn = row->is_withdrawn;
    box->waived.withdrawn = row->is_withdrawn;
    for (int type = 1; type <= TYPE_LAST; type++) {
        if ((row->types & (1U << type)) != 0) {
            box->types[box->waived.n_types++] = (Ihuriro__V1__ReportType)type;
        }
    }
    box->event.waived = &box->waived;
}

static inline void fill_closed(const struct decision *row, struct decision_box *box)
{
    box->position = (Ihuriro__V1__Position)IHURIRO__V1__POSITION__INIT;
    box->position.root = pb_of_bytes(bytes_of(box->hash, sizeof box->hash));
    box->closed = (Ihuriro__V1__Closed)IHURIRO__V1__CLOSED__INIT;
    box->closed.period = text_of(row->closed);
    box->closed.known_at_us = row->time_us;
    box->closed.position = &box->position;
    box->closed.ids_hash = pb_of_bytes(bytes_of(box->hash, sizeof box->hash));
    box->closed.despite = text_of(row->despite);
    box->event.closed = &box->closed;
}

static inline void decision_fill(const struct decision *row, struct decision_box *box)
{
    *box = (struct decision_box){.event = IHURIRO__V1__EVENT__INIT};
    box->event.time_us = row->time_us;
    box->event.nonce = pb_of_bytes(bytes_of(box->nonce, sizeof box->nonce));
    box->event.subject = text_of(row->subject);
    if (row->waived != NULL) {
        fill_waived(row, box);
    }
    if (row->closed != NULL) {
        fill_closed(row, box);
    }
    if (row->reopened != NULL) {
        box->reopened = (Ihuriro__V1__Reopened)IHURIRO__V1__REOPENED__INIT;
        box->reopened.period = text_of(row->reopened);
        box->reopened.reason = text_of(row->reason == NULL ? "because" : row->reason);
        box->event.reopened = &box->reopened;
    }
    if (row->order != NULL) {
        box->signed_order = order_signed(row->order, &box->arena);
        box->event.order = (Ihuriro__V1__SignedOrder *)(uintptr_t)box->signed_order;
    }
}

static inline void decision_close(struct decision_box *box)
{
    arena_close(&box->arena);
}

static inline enum err decision_apply(struct docket *docket, const struct decision *row)
{
    AUTO(decision_close) struct decision_box box;
    AUTO(buffer_close) struct buffer raw = {0};
    uint8_t id[SHA256_BYTES];
    decision_fill(row, &box);
    assert_int_equal(message_pack(&box.event.base, &raw), ERR_OK);
    sha256(buffer_bytes(&raw), id);
    return docket_apply(docket, &box.event, id);
}

static inline enum err decision_validate(const struct docket *docket, const struct decision *row,
                                         struct complaint *complaint)
{
    AUTO(decision_close) struct decision_box box;
    decision_fill(row, &box);
    return docket_validate(docket, &box.event, complaint);
}

static inline struct docket *docket_of(const struct decision *rows, size_t count)
{
    struct docket *docket = NULL;
    assert_int_equal(docket_make(&docket), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(decision_apply(docket, &rows[i]), ERR_OK);
    }
    assert_int_equal(docket_seal(docket, INT64_MAX), ERR_OK);
    return docket;
}

#endif
