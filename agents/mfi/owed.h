/* What an institution owes: the hub's last word, read at a time. That word ages, so what depends on
 * the time is computed again here; and what it says an authority ordered holds only where the order
 * is there, signed by a key that agent.conf pins, and says so itself. */
#ifndef IHURIRO_AGENTS_MFI_OWED_H
#define IHURIRO_AGENTS_MFI_OWED_H

#include "agents/mfi/notes.h"
#include "proto/cells.h"

enum owed_state {
    OWED_RUNNING, /* the period has not ended */
    OWED_DUE,     /* it has; to be delivered until due */
    OWED_IN_GRACE,
    OWED_OVERDUE,
    OWED_RECEIVED,
    OWED_RECEIVED_LATE,
    OWED_WAIVED,
    OWED_SUSPENDED,    /* by an order */
    OWED_NOT_FOLLOWED, /* added by an order that is none to us */
};

/* Why an order is none to us. */
enum order_trust {
    ORDER_GOOD,
    ORDER_NOT_PINNED,    /* agent.conf has no `authority` */
    ORDER_OTHER_SIGNER,  /* signed by another key than those there */
    ORDER_BAD_SIGNATURE, /* or it contradicts itself */
    ORDER_NOT_SHOWN,     /* the hub named it, and did not bring it */
    ORDER_SAYS_OTHERWISE /* it is genuine, and does not say that */
};

struct owed_order {
    const PbOrder *order;
    enum order_trust trust;
};

struct owed_item {
    const Ihuriro__V1__OwedRow *row;
    int type;
    struct period period;
    enum owed_state state;
    bool is_rejected;       /* nothing but attempts is there */
    bool is_provisional;    /* a provisional one is there, and the final one is owed */
    bool is_here;           /* the store has one of its place, sent or to be sent */
    enum order_trust trust; /* of the order that the row names; ORDER_GOOD where it names none */
};

struct owed {
    int64_t said_us;         /* the hub's clock when it said so */
    struct owed_item *items; /* in order of due */
    size_t count;
    const struct owed_order *orders;
    size_t order_count;
    const Ihuriro__V1__BreachRow *const *breaches;
    size_t breach_count;
};

struct owed_terms {
    int64_t now_us;
    int utc_offset_minutes;
    const char *category; /* NULL: not known */
    const struct authority_keys *authority;
};

/* From the store, with what the store itself knows of each place. Lives in the arena.
 * ERR_NOT_FOUND: the hub never said. */
MUST_USE enum err owed_get(struct txn *txn, const char *institution, const struct owed_terms *terms,
                           struct arena *arena, const struct owed **ret_owed);
/* The same of the hub's bytes alone. */
MUST_USE enum err owed_read(struct bytes raw, const char *institution,
                            const struct owed_terms *terms, struct arena *arena,
                            struct owed **ret_owed);

bool owed_is_open(enum owed_state state);           /* is it still to be delivered, or will be? */
const char *owed_state_name(enum owed_state state); /* "OVERDUE" */
const char *order_trust_name(enum order_trust trust);

#endif
