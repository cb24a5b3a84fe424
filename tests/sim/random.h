/* The simulator's own randomness: equal on every machine from one 64-bit seed.
 *
 * xoshiro256** seeded by splitmix64; normal variates are sums of twelve uniforms, and exp is
 * ours: only IEEE addition, multiplication, division and square root are used, which C17 without
 * contraction makes exact to the bit, where libm's exp, log and sin may differ between versions.
 * A stream is named, so that adding one changes no other. */
#ifndef IHURIRO_TESTS_SIM_RANDOM_H
#define IHURIRO_TESTS_SIM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

void random_open(struct random *random, uint64_t seed, const char *stream);
uint64_t random_u64(struct random *random);
/* 0 <= n < below; below > 0. */
uint64_t random_below(struct random *random, uint64_t below);
/* least <= n <= most */
int64_t random_between(struct random *random, int64_t least, int64_t most);
bool random_one_in(struct random *random, uint64_t n);
/* True with that probability. */
bool random_chance(struct random *random, double probability);
double random_unit(struct random *random);                           /* [0, 1) */
double random_normal(struct random *random, double mean, double sd); /* |z| <= 6 */
double random_lognormal(struct random *random, double median, double sigma);
int64_t random_poisson(struct random *random, double mean);
/* Failures before the first success, with that mean. */
int64_t random_geometric(struct random *random, double mean);
/* An index, by weights that need not sum to anything. */
size_t random_pick(struct random *random, const uint16_t *weights, size_t count);

double sim_exp(double x);
/* Half away from zero; clipped to the range of int64. */
int64_t sim_round(double x);
double sim_clip(double x, double least, double most);

#endif
