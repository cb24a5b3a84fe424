/* The English phrases: what proto/catalogue.c and its table share. Nobody else includes it. */
#ifndef IHURIRO_PROTO_CATALOGUE_INSIDE_H
#define IHURIRO_PROTO_CATALOGUE_INSIDE_H

#include "proto/catalogue.h"

struct phrase {
    const char *key;
    const char *other;
    const char *one;
    const char *zero;
    bool obliges;
};

/* The end of the table has a key of NULL. Summaries and sentences of the rules are not in it, but
 * those of their sentences that change with a count have a row of their other forms here. */
extern const struct phrase catalogue_phrases[];
extern const struct phrase catalogue_rule_forms[];

#endif
