/* Ratios, computed in one place, in integers: basis points, null where a denominator is zero or an
 * input absent. */
#ifndef IHURIRO_PROTO_RATIOS_H
#define IHURIRO_PROTO_RATIOS_H

#include "proto/messages.h"
#include "proto/money.h"

/* The accepted reports of one institution and period; what is not there is NULL. */
struct ratio_inputs {
    const PbReport *portfolio;
    const PbReport *liquidity;
    const PbReport *exposures;
    const PbSettings *settings;
    const char *category; /* of the institution, or NULL: the weights for all others */
};

struct ratio {
    const char *id;         /* "R01", "R03.NPL" */
    const char *name;       /* "PAR30" */
    const char *definition; /* one line, with field names */
    struct ratio_value (*compute)(const struct ratio_inputs *inputs);
};

const struct ratio *ratio_find(const char *id);
const struct ratio *ratios_at(size_t index, size_t *ret_count);

/* Sums over aging rows; false when a boundary is not on an edge or a row lacks the amount. */
bool par_over(const PbPortfolio *portfolio, int days, int64_t *ret_amount); /* > days */
bool par_from(const PbPortfolio *portfolio, int days, int64_t *ret_amount); /* >= days */
bool par30r(const PbPortfolio *portfolio, int64_t *ret_amount);
bool deposits_total(const PbLiquidity *liquidity, int64_t *ret_amount);

#endif
