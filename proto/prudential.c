#include "proto/prudential.h"

#include <string.h>

static bool names(char *const *categories, size_t count, const char *category)
{
    for (size_t i = 0; category != NULL && i < count; i++) {
        if (strcmp(categories[i], category) == 0) {
            return true;
        }
    }
    return false;
}

/* From when on it was made to hold, for periods that had ended before too (D46). */
static int32_t begins(const PbPrudentialLimit *limit)
{
    int32_t from = limit->has_from_day ? limit->from_day : INT32_MIN;
    return limit->has_applied_back_to_day && limit->applied_back_to_day < from
               ? limit->applied_back_to_day
               : from;
}

bool limit_holds(const PbPrudentialLimit *limit, const char *category, int32_t end_day)
{
    return !(limit->has_off && limit->off) && begins(limit) <= end_day &&
           (!limit->has_until_day || limit->until_day >= end_day) &&
           (limit->n_categories == 0 || names(limit->categories, limit->n_categories, category));
}

/* Is one that holds to be preferred to another that does? */
static bool stands_over(const PbPrudentialLimit *limit, const PbPrudentialLimit *other)
{
    bool is_named = limit->n_categories > 0;
    bool other_is_named = other->n_categories > 0;
    int32_t from = limit->has_from_day ? limit->from_day : INT32_MIN;
    int32_t other_from = other->has_from_day ? other->from_day : INT32_MIN;
    return is_named != other_is_named ? is_named : from > other_from;
}

const PbPrudentialLimit *limit_find(const PbSettings *settings, const char *ratio,
                                    const char *category, int32_t end_day)
{
    const PbPrudentialLimit *found = NULL;
    for (size_t i = 0; settings != NULL && i < settings->n_limits; i++) {
        const PbPrudentialLimit *limit = settings->limits[i];
        if (strcmp(limit->ratio, ratio) == 0 && limit_holds(limit, category, end_day) &&
            (found == NULL || stands_over(limit, found))) {
            found = limit;
        }
    }
    return found;
}

static bool is_beyond(const PbPrudentialLimit *limit, int64_t value, int64_t edge)
{
    return (int)limit->direction == IHURIRO__V1__PRUDENTIAL_LIMIT__DIRECTION__MIN ? value < edge
                                                                                  : value > edge;
}

enum standing limit_standing(const PbPrudentialLimit *limit, struct ratio_value value)
{
    if (limit == NULL || value.is_null) {
        return STANDING_UNKNOWN;
    }
    if (limit->has_red && is_beyond(limit, value.value, limit->red)) {
        return STANDING_BREACH;
    }
    return limit->has_amber && is_beyond(limit, value.value, limit->amber) ? STANDING_NEAR
                                                                           : STANDING_WITHIN;
}

bool limit_is_confirmed(const PbPrudentialLimit *limit)
{
    return limit->confirmed != NULL && limit->confirmed[0] != '\0';
}

/* The settings list bands from the mildest to the worst. */
const PbCapitalBand *capital_band(const struct ratio_inputs *inputs)
{
    const PbSettings *settings = inputs->settings;
    const PbCapitalBand *worst = NULL;
    if (inputs->capital == NULL) {
        return NULL;
    }
    int32_t end_day = inputs->capital->period->end_day;
    for (size_t i = 0; settings != NULL && i < settings->n_capital_bands; i++) {
        const PbCapitalBand *band = settings->capital_bands[i];
        const struct ratio *ratio = ratio_find(band->ratio);
        if (ratio == NULL || (band->has_from_day && band->from_day > end_day) ||
            (band->n_categories > 0 &&
             !names(band->categories, band->n_categories, inputs->category))) {
            continue;
        }
        struct ratio_value value = ratio_compute(ratio, inputs);
        worst = !value.is_null && value.value < band->below ? band : worst;
    }
    return worst;
}
