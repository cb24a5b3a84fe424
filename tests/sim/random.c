#include "tests/sim/random.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void random_open(struct random *random, uint64_t seed, const char *stream)
{
    uint64_t state = seed;
    for (const char *at = stream; *at != '\0'; at++) {
        state ^= (uint64_t)(unsigned char)*at;
        state = splitmix(&state);
    }
    for (size_t i = 0; i < 4; i++) {
        random->state[i] = splitmix(&state);
    }
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

uint64_t random_u64(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t random_below(struct random *random, uint64_t below)
{
    assert(below > 0);
    /* The bias of a remainder of 64 bits is below 2^-32 for what is asked here. */
    return random_u64(random) % below;
}

int64_t random_between(struct random *random, int64_t least, int64_t most)
{
    assert(least <= most);
    return least + (int64_t)random_below(random, (uint64_t)(most - least) + 1);
}

bool random_one_in(struct random *random, uint64_t n)
{
    return random_below(random, n) == 0;
}

double random_unit(struct random *random)
{
    return (double)(random_u64(random) >> 11) * 0x1.0p-53;
}

bool random_chance(struct random *random, double probability)
{
    return random_unit(random) < probability;
}

double random_normal(struct random *random, double mean, double sd)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++) {
        sum += random_unit(random);
    }
    return mean + sd * sum;
}

double random_lognormal(struct random *random, double median, double sigma)
{
    return median * sim_exp(random_normal(random, 0.0, sigma));
}

int64_t random_poisson(struct random *random, double mean)
{
    if (mean <= 0.0) {
        return 0;
    }
    if (mean > 50.0) {
        int64_t n = sim_round(random_normal(random, mean, sqrt(mean)));
        return n < 0 ? 0 : n;
    }
    double least = sim_exp(-mean);
    double product = random_unit(random);
    int64_t n = 0;
    while (product > least && n < 1000) {
        product *= random_unit(random);
        n++;
    }
    return n;
}

int64_t random_geometric(struct random *random, double mean)
{
    double stop = 1.0 / (1.0 + mean);
    int64_t n = 0;
    while (n < 1000 && !random_chance(random, stop)) {
        n++;
    }
    return n;
}

size_t random_pick(struct random *random, const uint16_t *weights, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    uint64_t at = random_below(random, sum);
    for (size_t i = 0; i < count; i++) {
        if (at < weights[i]) {
            return i;
        }
        at -= weights[i];
    }
    return count - 1;
}

double sim_exp(double x)
{
    if (x < -40.0) {
        return 0.0;
    }
    assert(x < 40.0);
    /* exp(x) = exp(x / 1024)^1024: eight terms of the series are enough there. */
    double y = x / 1024.0;
    double term = 1.0;
    double sum = 1.0;
    for (int i = 1; i <= 8; i++) {
        term = term * y / (double)i;
        sum += term;
    }
    for (int i = 0; i < 10; i++) {
        sum *= sum;
    }
    return sum;
}

int64_t sim_round(double x)
{
    if (x >= 9.2e18) {
        return INT64_MAX;
    }
    if (x <= -9.2e18) {
        return INT64_MIN;
    }
    return x >= 0.0 ? (int64_t)(x + 0.5) : -(int64_t)(0.5 - x);
}

double sim_clip(double x, double least, double most)
{
    if (x < least) {
        return least;
    }
    return x > most ? most : x;
}
