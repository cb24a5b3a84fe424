/* What the files of ratios share. Nobody else includes it. */
#ifndef IHURIRO_PROTO_RATIOS_INSIDE_H
#define IHURIRO_PROTO_RATIOS_INSIDE_H

#include "proto/ratios.h"

__extension__ typedef __int128 wide;

/* A sum that is known only if all of it is, and fits. */
struct sum {
    bool is_unknown;
    int64_t value;
};

void sum_add(struct sum *sum, bool is_known, int64_t amount);
void sum_subtract(struct sum *sum, bool is_known, int64_t amount);
void sum_add_count(struct sum *sum, bool is_known, uint64_t count);

#define ADD(sum, message, field)                              \
    sum_add(sum, (message) != NULL && (message)->has_##field, \
            (message) != NULL ? (message)->field : 0)
#define SUBTRACT(sum, message, field)                              \
    sum_subtract(sum, (message) != NULL && (message)->has_##field, \
                 (message) != NULL ? (message)->field : 0)
#define ADD_COUNT(sum, message, field)                              \
    sum_add_count(sum, (message) != NULL && (message)->has_##field, \
                  (message) != NULL ? (message)->field : 0)

/* Both known: the parts. */
bool parts_of(const struct sum *numerator, const struct sum *denominator,
              struct ratio_parts *ret_parts);
bool parts_single(const struct sum *value, struct ratio_parts *ret_parts);

/* amount x factor / divisor, half away from zero; unknown when it does not fit or the divisor is 0.
 */
void sum_scale(struct sum *sum, int64_t factor, int64_t divisor);
int64_t days_of(const PbPeriod *period);

/* NULL where there is no such report, or it has no body. */
const PbPortfolio *portfolio_of(const struct ratio_inputs *inputs);
const PbLiquidity *liquidity_of(const struct ratio_inputs *inputs);
const PbOperations *operations_of(const struct ratio_inputs *inputs);
const PbCapital *capital_of(const struct ratio_inputs *inputs);
const PbExposures *exposures_of(const struct ratio_inputs *inputs);

struct sum deposits_of(const struct ratio_inputs *inputs);
struct sum equity(const struct ratio_inputs *inputs);
/* C14, else equity (D54). */
struct sum core_capital(const struct ratio_inputs *inputs);
/* Of the amounts at the beginning and the end of the period: (before + now) / 2. */
struct sum mean_of(struct sum before, struct sum now);
/* PAR(> days) and PAR(>= days) as sums. */
struct sum par_sum(const struct ratio_inputs *inputs, int days, bool is_inclusive);

/* What of an item's maturities falls due from one day to another; -1: no end. Unknown when there
 * is no row of it, or a row lies across an end. */
struct sum maturing(const PbLiquidity *liquidity, int item, int32_t from_day, int32_t to_day);
/* Up to a day, also inside of a row: spread evenly over its days, rounded down. */
struct sum maturing_until(const PbLiquidity *liquidity, int item, int32_t day);

/* Of the settings, in percent; the defaults of DOMAIN 1.7 where they say nothing. */
uint32_t run_off_percent(const PbSettings *settings, int deposit_type);
uint32_t collections_counted(const PbSettings *settings);

/* A file's ratios; the last one has no id. */
extern const struct ratio ratios_portfolio[];
extern const struct ratio ratios_liquidity[];
extern const struct ratio ratios_survival[];
extern const struct ratio ratios_capital[];
extern const struct ratio ratios_operations[];

#endif
