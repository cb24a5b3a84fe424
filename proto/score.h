/* The stress score, 0 (calm) to 100 (DOMAIN 1.7, D56): how an association ranks its members. */
#ifndef IHURIRO_PROTO_SCORE_H
#define IHURIRO_PROTO_SCORE_H

#include "proto/ratios.h"

enum score_component {
    SCORE_LIQUIDITY,     /* R11 in percent of its minimum */
    SCORE_HORIZON,       /* R18.STRESS in days */
    SCORE_PAR30R,        /* R02 in basis points */
    SCORE_PAR30R_CHANGE, /* R02 less R02 three periods before */
    SCORE_RUN_OFF,       /* R16.NET */
    SCORE_CAPITAL,       /* the worst of its minima, in percent of it */
    SCORE_UNCOVERED,     /* R23 */
    SCORE_LATENESS,      /* the largest days late of the period's owed reports */
    SCORE_COMPONENTS,
};

struct score_inputs {
    const struct ratio_inputs *ratios; /* of a month; with the three months before */
    bool has_days_late;
    int64_t days_late;
};

struct score {
    bool is_ranked; /* at least 60 of 100 of the weight is there */
    int64_t points; /* 0 to 100 */
    struct {
        bool is_missing;
        int64_t value; /* as above */
        uint32_t weight;
        int64_t share; /* of the weight, in 1/10000: 0 at green, 10000 at red */
    } rows[SCORE_COMPONENTS];
};

const char *score_component_name(enum score_component component); /* "LIQUIDITY" */
void score_compute(const struct score_inputs *inputs, struct score *ret_score);

#endif
