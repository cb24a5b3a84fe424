#include "proto/score.h"

#include <string.h>

#include "proto/prudential.h"
#include "proto/ratios_inside.h"

#define LEAST_WEIGHT 60 /* of a hundred */
#define WHOLE        10000
#define FINE         100 /* parts of a percent: a share is rounded once (D56) */

static struct sum value_of(const char *id, const struct ratio_inputs *inputs)
{
    struct ratio_value value = ratio_compute(ratio_find(id), inputs);
    return (struct sum){.is_unknown = value.is_null, .value = value.value};
}

/* A ratio in hundredths of a percent of its minimum. */
static struct sum of_minimum(const char *id, const struct ratio_inputs *inputs, int32_t end_day)
{
    const PbPrudentialLimit *limit = limit_find(inputs->settings, id, inputs->category, end_day);
    struct sum sum = value_of(id, inputs);
    bool is_minimum = limit != NULL && limit->has_red &&
                      (int)limit->direction == IHURIRO__V1__PRUDENTIAL_LIMIT__DIRECTION__MIN;
    sum_scale(&sum, 100 * FINE, is_minimum ? limit->red : 0);
    return sum;
}

static struct sum measure_liquidity(const struct score_inputs *inputs)
{
    const PbReport *report = inputs->ratios->liquidity;
    return report == NULL ? (struct sum){.is_unknown = true}
                          : of_minimum("R11", inputs->ratios, report->period->end_day);
}

static struct sum measure_horizon(const struct score_inputs *inputs)
{
    return value_of("R18.STRESS", inputs->ratios);
}

static struct sum measure_par30r(const struct score_inputs *inputs)
{
    return value_of("R02", inputs->ratios);
}

static struct sum measure_change(const struct score_inputs *inputs)
{
    const struct ratio_inputs *before = inputs->ratios;
    for (int i = 0; i < 3 && before != NULL; i++) {
        before = before->before;
    }
    struct sum then = before == NULL ? (struct sum){.is_unknown = true} : value_of("R02", before);
    struct sum change = value_of("R02", inputs->ratios);
    sum_subtract(&change, !then.is_unknown, then.value);
    return change;
}

static struct sum measure_run_off(const struct score_inputs *inputs)
{
    return value_of("R16.NET", inputs->ratios);
}

static struct sum measure_capital(const struct score_inputs *inputs)
{
    static const char *const ids[] = {"R21.CAR", "R21.T1", "R22"};
    struct sum worst = {.is_unknown = true};
    if (inputs->ratios->capital == NULL) {
        return worst;
    }
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct sum sum =
            of_minimum(ids[i], inputs->ratios, inputs->ratios->capital->period->end_day);
        if (!sum.is_unknown && (worst.is_unknown || sum.value < worst.value)) {
            worst = sum;
        }
    }
    return worst;
}

static struct sum measure_uncovered(const struct score_inputs *inputs)
{
    return value_of("R23", inputs->ratios);
}

static struct sum measure_lateness(const struct score_inputs *inputs)
{
    return (struct sum){.is_unknown = !inputs->has_days_late, .value = inputs->days_late};
}

struct component {
    const char *name;
    struct sum (*measure)(const struct score_inputs *inputs);
    uint32_t weight; /* where the settings say nothing: defaults from practice */
    int64_t green;
    int64_t red;
    int64_t parts; /* of their unit, in which it is measured */
};

static const struct component components[SCORE_COMPONENTS] = {
    [SCORE_LIQUIDITY] = {"LIQUIDITY", measure_liquidity, 25, 150, 80, FINE},
    [SCORE_HORIZON] = {"HORIZON", measure_horizon, 15, 180, 15, 1},
    [SCORE_PAR30R] = {"PAR30R", measure_par30r, 20, 500, 2500, 1},
    [SCORE_PAR30R_CHANGE] = {"PAR30R_CHANGE", measure_change, 10, 0, 800, 1},
    [SCORE_RUN_OFF] = {"RUN_OFF", measure_run_off, 10, 0, 1000, 1},
    [SCORE_CAPITAL] = {"CAPITAL", measure_capital, 10, 150, 100, FINE},
    [SCORE_UNCOVERED] = {"UNCOVERED", measure_uncovered, 5, 0, 5000, 1},
    [SCORE_LATENESS] = {"LATENESS", measure_lateness, 5, 0, 20, 1},
};

const char *score_component_name(enum score_component component)
{
    return components[component].name;
}

static struct component component_of(const PbSettings *settings, enum score_component which)
{
    struct component component = components[which];
    for (size_t i = 0; settings != NULL && i < settings->n_score; i++) {
        const Ihuriro__V1__ScoreRow *row = settings->score[i];
        if (strcmp(row->component, component.name) == 0) {
            component.weight = row->weight;
            component.green = row->green;
            component.red = row->red;
        }
    }
    return component;
}

/* From green (0) to red (10000), clipped, half away from zero. */
static int64_t share_of(const struct component *component, int64_t value)
{
    struct sum share = {0};
    int64_t span = 0;
    struct sum green = {.value = component->green};
    sum_scale(&green, component->parts, 1);
    sum_add(&share, true, value);
    sum_subtract(&share, !green.is_unknown, green.value);
    if (__builtin_sub_overflow(component->red, component->green, &span) || span == 0 ||
        __builtin_mul_overflow(span, component->parts, &span)) {
        return 0;
    }
    bool is_over = share.is_unknown || (span > 0 ? share.value >= span : share.value <= span);
    bool is_under = !share.is_unknown && (span > 0 ? share.value <= 0 : share.value >= 0);
    if (is_under) {
        return 0;
    }
    sum_scale(&share, WHOLE, span);
    return is_over ? WHOLE : share.value;
}

void score_compute(const struct score_inputs *inputs, struct score *ret_score)
{
    struct score score = {0};
    int64_t weights = 0;
    int64_t all_weights = 0;
    int64_t shares = 0;
    for (int i = 0; i < SCORE_COMPONENTS; i++) {
        struct component component =
            component_of(inputs->ratios->settings, (enum score_component)i);
        struct sum value = component.measure(inputs);
        score.rows[i].weight = component.weight;
        score.rows[i].is_missing = value.is_unknown;
        all_weights += component.weight;
        if (value.is_unknown) {
            continue;
        }
        struct sum shown = value;
        sum_scale(&shown, 1, component.parts);
        score.rows[i].value = shown.value;
        score.rows[i].share = share_of(&component, value.value);
        shares += score.rows[i].share * component.weight;
        weights += component.weight;
    }
    struct sum points = {.value = shares};
    sum_scale(&points, 100, weights * WHOLE);
    score.points = points.is_unknown ? 0 : points.value;
    score.is_ranked = weights > 0 && weights * 100 >= all_weights * LEAST_WEIGHT;
    *ret_score = score;
}
