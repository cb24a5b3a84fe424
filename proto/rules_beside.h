/* What a report is compared with, and where it is looked for: the same at the hub, over its
 * journal, and at an agent, over what it sent (DOMAIN D39, D43). */
#ifndef IHURIRO_PROTO_RULES_BESIDE_H
#define IHURIRO_PROTO_RULES_BESIDE_H

#include "proto/rules.h"

/* A place (of the same institution) whose current report fills slots of the context. */
struct beside_place {
    unsigned slots; /* BESIDE_ bits */
    int type;
    int frequency;
    int32_t end_day;
};

#define BESIDE_PLACES_MAX 32

/* The places of all that the rules need, the preferred one of a slot before the others: the first
 * at which a report is accepted fills it. */
size_t beside_places(const PbReport *report,
                     struct beside_place ret_places[static BESIDE_PLACES_MAX]);
/* Which of the slots are still empty? */
unsigned beside_missing(const struct rules_context *context, unsigned slots);
/* Fills those of the slots that are empty. */
void beside_fill(struct rules_context *context, unsigned slots, const PbReport *report);

#endif
