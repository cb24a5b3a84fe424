/* Ratios, computed in one place, in integers: null where a denominator is zero or an input absent.
 *
 * Each is two numbers, so that a sector's ratio is the sum of its members' numerators over the sum
 * of their denominators. Formulae: DOMAIN 1.7, and the definition that stands with each. */
#ifndef IHURIRO_PROTO_RATIOS_H
#define IHURIRO_PROTO_RATIOS_H

#include "proto/messages.h"
#include "proto/money.h"

/* The accepted reports of one institution and period; what is not there is NULL. */
struct ratio_inputs {
    const PbReport *portfolio;
    const PbReport *liquidity;
    const PbReport *operations;
    const PbReport *capital;
    const PbReport *exposures;
    const PbSettings *settings;
    const char *category;              /* of the institution, or NULL: the weights for all others */
    const struct ratio_inputs *before; /* those of the preceding key, the same frequency; NULL */
};

enum ratio_unit {
    RATIO_BASIS_POINTS, /* numerator / denominator in 1/10000, half away from zero */
    RATIO_DAYS,         /* whole days, rounded down */
    RATIO_MONEY,        /* minor units */
    RATIO_COUNT,
};

#define DAYS_WITHOUT_BURN 9999 /* R17: more comes in than goes out; shown as "more than 365" */
#define HORIZON_DAYS_MAX  366  /* R18: longer is not looked ahead */

struct ratio_parts {
    int64_t numerator;
    int64_t denominator;
};

struct ratio {
    const char *id;         /* "R01", "R03.NPL" */
    const char *name;       /* "PAR30" */
    const char *definition; /* one line, with field names */
    enum ratio_unit unit;
    bool needs_before; /* compares with earlier periods */
    bool is_yearly;    /* with those of twelve months, and what they began with */
    bool is_single;    /* of one institution only: its parts cannot be summed */
    bool is_amount;    /* its denominator is 1: the sector's is the sum, not the mean */
    bool is_exposed;   /* made from EXPOSURES: the institution's and the regulator's only */
    /* False: an input is absent, or does not fit. */
    bool (*parts)(const struct ratio_inputs *inputs, struct ratio_parts *ret_parts);
};

const struct ratio *ratio_find(const char *id);
const struct ratio *ratios_at(size_t index, size_t *ret_count);

struct ratio_value ratio_compute(const struct ratio *ratio, const struct ratio_inputs *inputs);
/* The value of parts that were summed. */
struct ratio_value ratio_of_parts(const struct ratio *ratio, const struct ratio_parts *parts);

/* ---- amounts that ratios and rules share; false when one is not known ---- */

/* Sums over aging rows; false when a boundary is not on an edge or a row lacks the amount. */
bool par_over(const PbPortfolio *portfolio, int days, int64_t *ret_amount); /* > days */
bool par_from(const PbPortfolio *portfolio, int days, int64_t *ret_amount); /* >= days */
bool par30r(const PbPortfolio *portfolio, int64_t *ret_amount);
bool deposits_total(const PbLiquidity *liquidity, int64_t *ret_amount);
/* C09 to C13 and C19; where one of the first five is not known, C01 - C06. */
bool equity_of(const PbCapital *capital, int64_t *ret_amount);
/* R11's numerator, in hundredths of a minor unit. */
bool liquid_hundredths(const struct ratio_inputs *inputs, int64_t *ret_hundredths);

/* ---- stress (DOMAIN D50) ---- */

struct stress {
    int32_t horizon_days;         /* H, from 1 */
    uint32_t withdrawals_percent; /* w: of all deposits, evenly over the horizon */
    uint32_t collections_percent; /* c: of contractual collections that come */
    uint32_t lines_percent;       /* l: of committed lines that can be drawn */
    int64_t minimum_bp;           /* of the liquidity ratio that must be kept */
};

/* R33: what is lacking at the worst moment of the horizon to keep the minimum; 0 or more. */
bool emergency_need(const struct ratio_inputs *inputs, const struct stress *stress,
                    int64_t *ret_need);
/* R18: the first day on which what is liquid does not suffice; HORIZON_DAYS_MAX when there is none.
 */
bool survival_horizon(const struct ratio_inputs *inputs, const Ihuriro__V1__Scenario *scenario,
                      int64_t *ret_days);

#endif
