/* What docket.c and docket_validate.c share. */
#ifndef IHURIRO_PROTO_DOCKET_INSIDE_H
#define IHURIRO_PROTO_DOCKET_INSIDE_H

#include "proto/docket.h"

struct docket_act {
    int64_t time_us;
    uint8_t id[SHA256_BYTES];
    const PbEvent *event;
    struct period period; /* of a waiver, closing or reopening */
    const PbOrder *order;
};

struct docket_waived {
    const char *institution;
    struct period period;
    uint32_t types; /* a bit each */
    bool is_withdrawn;
    size_t place; /* in the order of the acts */
    struct waiver waiver;
};

struct docket_month {
    int32_t end_day;
    struct closed closed;
};

struct docket {
    struct arena arena; /* of the acts */
    struct docket_act *acts;
    size_t act_count;
    size_t sealed_count; /* of them, in order, each once, when it was sealed last */
    int64_t sealed_at_us;
    size_t act_capacity;
    /* folded */
    struct docket_waived *waived; /* by institution, then in the order of the acts */
    size_t waived_count;
    size_t waived_capacity;
    struct docket_month *months;
    size_t month_count;
    size_t month_capacity;
    struct order *orders; /* in the order of the acts */
    size_t order_count;
    size_t order_capacity;
};

MUST_USE enum err docket_month(const char *key, struct period *ret_month);

#endif
