/* What every field of a report is, in words: id, definition, unit (DOMAIN section 1). Shown by
 * `mfi-agent explain`, and the source of the tables in README.md. */
#ifndef IHURIRO_PROTO_GLOSSARY_H
#define IHURIRO_PROTO_GLOSSARY_H

#include "proto/messages.h"
#include "proto/ratios.h"

struct field_text {
    const char *id;    /* "P05"; several: "L11, L17" */
    const char *field; /* within the body: "glp", "aging.outstanding" */
    const char *definition;
    const char *unit;
    const char *kind; /* "S" a stock, "F" a flow over the period, "" neither */
};

/* Those of a type, in order; the last one has no id. NULL for a type that is none. */
const struct field_text *glossary_of(int report_type);
/* By "glp" or "aging.outstanding"; NULL if there is none. */
const struct field_text *glossary_find(int report_type, const char *field);

/* Is the id one of those that the text is of? */
bool glossary_has_id(const struct field_text *text, const char *id);

const char *ratio_unit_name(enum ratio_unit unit); /* "basis points" */

/* Rows of the tables in README.md; append. */
struct rule;
MUST_USE enum err glossary_field_row(const struct field_text *text, struct buffer *row);
MUST_USE enum err glossary_rule_row(const struct rule *rule, struct buffer *row);
MUST_USE enum err glossary_ratio_row(const struct ratio *ratio, struct buffer *row);

#endif
