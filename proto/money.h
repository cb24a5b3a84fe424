/* Money is int64_t minor units with its currency; ratios are integer basis points through 128-bit
 * intermediates. */
#ifndef IHURIRO_PROTO_MONEY_H
#define IHURIRO_PROTO_MONEY_H

#include <stddef.h>

#include "proto/errors.h"

#include <stdbool.h>
#include <stdint.h>

/* Decimal text to minor units, exactly. "1500000", "1,500,000.00", "1 500 000", "-12.5", "(12.5)"
 * for -12.5; blanks around it are skipped. A comma (or space, NBSP, narrow or thin space) is a
 * thousands separator only between groups of three digits, the same one throughout. ERR_MALFORMED;
 * ERR_RANGE when a digit below the minor unit is not zero or the amount does not fit. */
MUST_USE enum err money_parse(const char *text, size_t size, unsigned exponent,
                              int64_t *ret_amount);
/* "1500000" or "15000.00". out holds 32. */
void money_format(int64_t amount, unsigned exponent, char ret_text[static 32]);

/* ERR_RANGE on overflow. */
MUST_USE enum err money_add(int64_t a, int64_t b, int64_t *ret_sum);

/* A ratio's value in its unit, or null. */
struct ratio_value {
    bool is_null;
    int64_t value;
};

/* round_half_away(numerator * 10000 / denominator); null for a denominator of 0 or a result outside
 * int64. */
struct ratio_value ratio_bp(int64_t numerator, int64_t denominator);

#endif
