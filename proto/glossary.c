#include <string.h>

#include "proto/glossary_inside.h"
#include "proto/rules.h"

const struct field_text *glossary_of(int report_type)
{
    static const struct field_text *const lists[] = {
        [TYPE_PORTFOLIO] = glossary_portfolio,   [TYPE_LIQUIDITY] = glossary_liquidity,
        [TYPE_OPERATIONS] = glossary_operations, [TYPE_CAPITAL] = glossary_capital,
        [TYPE_EXPOSURES] = glossary_exposures,
    };
    return report_type >= TYPE_PORTFOLIO && report_type <= TYPE_LAST ? lists[report_type] : NULL;
}

const struct field_text *glossary_find(int report_type, const char *field)
{
    for (const struct field_text *text = glossary_of(report_type); text != NULL && text->id != NULL;
         text++) {
        if (strcmp(text->field, field) == 0) {
            return text;
        }
    }
    return NULL;
}

bool glossary_has_id(const struct field_text *text, const char *id)
{
    size_t length = strlen(id);
    for (const char *at = text->id; *at != '\0'; at += strspn(at, ", ")) {
        size_t size = strcspn(at, ",");
        if (size == length && strncmp(at, id, size) == 0) {
            return true;
        }
        at += size;
    }
    return false;
}

const char *ratio_unit_name(enum ratio_unit unit)
{
    static const char *const names[] = {
        [RATIO_BASIS_POINTS] = "basis points",
        [RATIO_DAYS] = "days",
        [RATIO_MONEY] = "money",
        [RATIO_COUNT] = "count",
    };
    return names[unit];
}

enum err glossary_field_row(const struct field_text *text, struct buffer *row)
{
    return buffer_printf(row, "| %s | `%s` | %s | %s | %s |", text->id, text->field,
                         text->definition, text->unit, text->kind);
}

enum err glossary_rule_row(const struct rule *rule, struct buffer *row)
{
    static const char *const severities[] = {"", "INFO", "WARNING", "ERROR"};
    return buffer_printf(row, "| %s | %s | %s | %s | %s |", rule->id, severities[rule->severity],
                         rule->summary, rule->needs_hub ? "hub" : "both",
                         rule->is_fixed ? "no" : "yes");
}

enum err glossary_ratio_row(const struct ratio *ratio, struct buffer *row)
{
    return buffer_printf(row, "| %s | %s | %s | %s | %s |", ratio->id, ratio->name,
                         ratio->definition, ratio_unit_name(ratio->unit),
                         ratio->needs_before ? "yes" : "no");
}
