#include "tests/sim/spread.h"

#include "proto/period.h"

void spread(int64_t total, const double *weights, size_t count, int64_t *ret_parts)
{
    double sum = 0.0;
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
        largest = weights[i] > weights[largest] ? i : largest;
    }
    int64_t left = total;
    for (size_t i = 0; i < count; i++) {
        /* Rounded down, so that the remainder is never negative. */
        ret_parts[i] = sum > 0.0 ? (int64_t)((double)total * (weights[i] / sum)) : 0;
        if (ret_parts[i] > left) {
            ret_parts[i] = left;
        }
        left -= ret_parts[i];
    }
    ret_parts[largest] += left;
}

double weekday_weight(int32_t day)
{
    static const double weights[] = {1.25, 1.0, 1.0, 0.95, 1.15, 0.6, 0.05};
    return weights[day_of_week(day) - 1];
}
