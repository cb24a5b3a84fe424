/* Prudential limits of the settings: which one is in force, and where a value stands to it. */
#ifndef IHURIRO_PROTO_PRUDENTIAL_H
#define IHURIRO_PROTO_PRUDENTIAL_H

#include "proto/ratios.h"

typedef Ihuriro__V1__PrudentialLimit PbPrudentialLimit;
typedef Ihuriro__V1__CapitalBand PbCapitalBand;

enum standing {
    STANDING_UNKNOWN, /* the ratio is null, or there is no limit */
    STANDING_WITHIN,
    STANDING_NEAR, /* beyond amber */
    STANDING_BREACH,
};

/* Of a ratio, for a category, in force at a period's end: a row that names the category before one
 * for all, then the latest. NULL: none. */
const PbPrudentialLimit *limit_find(const PbSettings *settings, const char *ratio,
                                    const char *category, int32_t end_day);
/* Does this very row hold for the category at the period's end? */
bool limit_holds(const PbPrudentialLimit *limit, const char *category, int32_t end_day);
enum standing limit_standing(const PbPrudentialLimit *limit, struct ratio_value value);
/* A breach makes a notice only if somebody confirmed the limit (D46). */
bool limit_is_confirmed(const PbPrudentialLimit *limit);

/* Prompt corrective action: the worst band that one of its ratios falls in. NULL: none, or nothing
 * is known. */
const PbCapitalBand *capital_band(const struct ratio_inputs *inputs);

#endif
