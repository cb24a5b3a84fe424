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

/* From the law's day, or from the earlier one that it is applied back to (D46). */
static int32_t first_day(const PbPrudentialLimit *limit)
{
    int32_t from = limit->has_from_day ? limit->from_day : INT32_MIN;
    return limit->has_applied_back_to_day && limit->applied_back_to_day < from
               ? limit->applied_back_to_day
               : from;
}

bool limit_holds(const PbPrudentialLimit *limit, const char *category, int32_t end_day)
{
    return !(limit->has_off && limit->off) && first_day(limit) <= end_day &&
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

static bool band_holds(const PbCapitalBand *band, const char *category, int32_t end_day)
{
    return (!band->has_from_day || band->from_day <= end_day) &&
           (band->n_categories == 0 || names(band->categories, band->n_categories, category));
}

/* Does another row of the same band and ratio stand in its place: named, or from a later day? */
static bool is_replaced(const PbSettings *settings, const PbCapitalBand *band,
                        const struct ratio_inputs *inputs, int32_t end_day)
{
    int32_t from = band->has_from_day ? band->from_day : INT32_MIN;
    for (size_t i = 0; i < settings->n_capital_bands; i++) {
        const PbCapitalBand *other = settings->capital_bands[i];
        int32_t other_from = other->has_from_day ? other->from_day : INT32_MIN;
        bool is_named = other->n_categories > 0;
        if (strcmp(other->code, band->code) == 0 && strcmp(other->ratio, band->ratio) == 0 &&
            band_holds(other, inputs->category, end_day) &&
            (is_named != (band->n_categories > 0) ? is_named : other_from > from)) {
            return true;
        }
    }
    return false;
}

/* The settings list bands from the mildest to the worst; a row that is added later for a band has
 * the band's place. */
static size_t rank_of(const PbSettings *settings, const PbCapitalBand *band)
{
    size_t rank = 0;
    while (strcmp(settings->capital_bands[rank]->code, band->code) != 0) {
        rank++;
    }
    return rank;
}

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
        if (ratio == NULL || !band_holds(band, inputs->category, end_day) ||
            is_replaced(settings, band, inputs, end_day)) {
            continue;
        }
        struct ratio_value value = ratio_compute(ratio, inputs);
        bool is_in = !value.is_null && value.value < band->below;
        bool is_worse = worst == NULL || rank_of(settings, band) >= rank_of(settings, worst);
        worst = is_in && is_worse ? band : worst;
    }
    return worst;
}
