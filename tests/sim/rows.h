/* Shared by the makers of bodies only: bodies.c, breakdown.c, liquidity.c, operations.c, capital.c.
 */
#ifndef IHURIRO_TESTS_SIM_ROWS_H
#define IHURIRO_TESTS_SIM_ROWS_H

#include "tests/sim/bodies.h"
#include "tests/sim/spread.h"

/* A field of protobuf-c with its presence. */
#define SET(message, field, value)       ((message)->has_##field = true, (message)->field = (value))
#define SET_COUNT(message, field, value) SET(message, field, (uint64_t)(value))

bool add_breakdown(struct arena *arena, const struct member *member, const struct traits *traits,
                   const struct snapshot *snapshot, PbPortfolio *portfolio);
int64_t borrowed_in_foreign_currency(int64_t borrowed);

#endif
