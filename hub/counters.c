#include "hub/counters.h"

#include <string.h>

#define COUNTER_ROW(name) {#name, offsetof(struct counters, name)},
const struct counter_row counter_rows[COUNTERS_MAX] = {COUNTERS(COUNTER_ROW)};

static _Atomic uint64_t *at(struct counters *counters, size_t offset)
{
    return (_Atomic uint64_t *)(void *)((uint8_t *)counters + offset);
}

uint64_t counter_value(const struct counters *counters, const struct counter_row *row)
{
    return *(const _Atomic uint64_t *)(const void *)((const uint8_t *)counters + row->offset);
}

struct rule_row {
    const char *rule;
    size_t offset;
};

/* Every other rule counts as refused. */
static const struct rule_row rules[] = {
    {"BAD_REQUEST", offsetof(struct counters, malformed)},
    {"UNSUPPORTED", offsetof(struct counters, malformed)},
    {"NOT_ENTITLED", offsetof(struct counters, not_entitled)},
    {"POSITION_LOST", offsetof(struct counters, not_in_history)},
};

void counters_refused(struct counters *counters, const char *rule)
{
    size_t offset = offsetof(struct counters, refused);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        offset = strcmp(rules[i].rule, rule) == 0 ? rules[i].offset : offset;
    }
    ++*at(counters, offset);
}
