#include "hub/counters.h"

#include <assert.h>
#include <string.h>

#define COUNTER_ROW(name, help) {#name, offsetof(struct counters, name), help},
const struct counter_row counter_rows[COUNTERS_MAX] = {COUNTERS(COUNTER_ROW)};

static _Atomic uint64_t *at(struct counters *counters, size_t offset)
{
    return (_Atomic uint64_t *)(void *)((uint8_t *)counters + offset);
}

uint64_t counter_value(const struct counters *counters, const struct counter_row *row)
{
    return *(const _Atomic uint64_t *)(const void *)((const uint8_t *)counters + row->offset);
}

/* Every other rule counts as refused, and as "OTHER". */
#define OWN(name) offsetof(struct counters, name)
static const struct rule_row {
    const char *rule;
    size_t offset;
} rules[] = {
    {"ENV-01", OWN(refused)},
    {"ENV-02", OWN(refused)},
    {"ENV-03", OWN(refused)},
    {"ENV-11", OWN(refused)},
    {"ENV-13", OWN(refused)},
    {"ENV-14", OWN(refused)},
    {"BAD_REQUEST", OWN(malformed)},
    {"UNSUPPORTED", OWN(malformed)},
    {"NOT_FOUND", OWN(refused)},
    {"NOT_ENTITLED", OWN(not_entitled)},
    {"FILTER", OWN(refused)},
    {"POSITION_LOST", OWN(not_in_history)},
    {"RIGHTS_CHANGED", OWN(refused)},
    {"SNAPSHOT_FIRST", OWN(refused)},
    {"UNDECLARED_FORK", OWN(refused)},
    {"ACT", OWN(refused)},
    {"BUSY", OWN(refused)},
    {"CLOCK", OWN(refused)},
    {"STORE", OWN(refused)},
    {"OTHER", OWN(refused)},
};
#define RULES (sizeof rules / sizeof rules[0])
static_assert(RULES <= RULES_MAX, "there is a count for each rule");

void counters_refused(struct counters *counters, const char *rule)
{
    size_t i = 0;
    while (i < RULES - 1 && strcmp(rules[i].rule, rule) != 0) {
        i++;
    }
    ++*at(counters, rules[i].offset);
    counters->rules[i]++;
}

const char *counters_rule(size_t index)
{
    return index < RULES ? rules[index].rule : NULL;
}

const char *door_name_text(enum door_name name)
{
    static const char *const names[DOORS_COUNT] = {"ingest", "feed", "query", "admin"};
    return names[name];
}

const uint64_t commit_us_bounds[BOUNDS_MAX] = {500,     1000,    2000,    5000,    10000,
                                               20000,   50000,   100000,  200000,  500000,
                                               1000000, 2000000, 5000000, 10000000};
const uint64_t batch_records_bounds[BOUNDS_MAX] = {0,  1,   2,   4,   8,    16,   32,
                                                   64, 128, 256, 512, 1024, 2048, 4096};

void histogram_add(struct histogram *histogram, const uint64_t bounds[static BOUNDS_MAX],
                   uint64_t value)
{
    size_t i = 0;
    while (i < BOUNDS_MAX && value > bounds[i]) {
        i++;
    }
    histogram->counts[i]++;
    histogram->sum += value;
}
