/* What several institutions reported, as if they were one: the past of what merged (DOMAIN D53). */
#ifndef IHURIRO_PROTO_PROFORMA_H
#define IHURIRO_PROTO_PROFORMA_H

#include "proto/ratios.h"
#include "proto/registry.h"

/* The parties that mergers and splits link with one, itself included, that take effect after a day
 * and not after another. In order of the registry; lives in the arena. */
MUST_USE enum err linked_parties(const struct registry *registry, const struct party *party,
                                 int32_t after_day, int32_t until_day, struct arena *arena,
                                 const struct party ***ret_parties, size_t *ret_count);

/* Sums of amounts and counts that all of them say, and the rows of all. What cannot be added up (a
 * highest day, a cap, an outlook) is left out. NULL if one of them has no such report, or their
 * periods differ. */
MUST_USE enum err reports_sum(const PbReport *const *reports, size_t count, struct arena *arena,
                              const PbReport **ret_report);
/* Report by report; settings and category are those of like, before is NULL. */
MUST_USE enum err inputs_sum(const struct ratio_inputs *const *inputs, size_t count,
                             const struct ratio_inputs *like, struct arena *arena,
                             struct ratio_inputs **ret_inputs);

#endif
