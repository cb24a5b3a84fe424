/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <math.h>
#include <string.h>

#include "tests/sim/random.h"
#include "tests/sim/spread.h"

static void a_stream_is_the_same_on_every_machine(void **state)
{
    (void)state;
    struct random random;
    random_open(&random, 1, "loans");
    /* Written down once; a change here changes every simulated sector. */
    static const uint64_t first[] = {UINT64_C(0xfee02188e08b4e9e), UINT64_C(0xf46574cfc9f767bf),
                                     UINT64_C(0xca94aa4a7cc72c03)};
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        assert_true(random_u64(&random) == first[i]);
    }
}

static void streams_of_other_names_or_seeds_differ(void **state)
{
    (void)state;
    struct random a;
    struct random b;
    struct random c;
    random_open(&a, 1, "RW-MF-01");
    random_open(&b, 1, "RW-MF-02");
    random_open(&c, 2, "RW-MF-01");
    uint64_t first = random_u64(&a);
    assert_true(first != random_u64(&b));
    assert_true(first != random_u64(&c));
}

static void exp_is_as_good_as_the_library_s(void **state)
{
    (void)state;
    for (double x = -20.0; x < 20.0; x += 0.37) {
        double wanted = exp(x);
        assert_true(fabs(sim_exp(x) - wanted) <= wanted * 1e-11);
    }
}

static void normal_variates_have_their_mean_and_deviation(void **state)
{
    (void)state;
    struct random random;
    random_open(&random, 7, "normal");
    double sum = 0.0;
    double squares = 0.0;
    for (int i = 0; i < 100000; i++) {
        double x = random_normal(&random, 3.0, 2.0);
        sum += x;
        squares += (x - 3.0) * (x - 3.0);
    }
    assert_true(fabs(sum / 100000.0 - 3.0) < 0.03);
    assert_true(fabs(squares / 100000.0 - 4.0) < 0.06);
}

static void counts_have_their_means(void **state)
{
    (void)state;
    struct random random;
    random_open(&random, 7, "counts");
    int64_t few = 0;
    int64_t many = 0;
    int64_t failures = 0;
    for (int i = 0; i < 20000; i++) {
        few += random_poisson(&random, 2.5);
        many += random_poisson(&random, 400.0);
        failures += random_geometric(&random, 4.0);
    }
    assert_true(few > 20000 * 2.4 && few < 20000 * 2.6);
    assert_true(many > 20000.0 * 399.0 && many < 20000.0 * 401.0);
    assert_true(failures > 20000 * 3.8 && failures < 20000 * 4.2);
}

static void rounding_is_half_away_from_zero(void **state)
{
    (void)state;
    assert_int_equal(sim_round(2.5), 3);
    assert_int_equal(sim_round(-2.5), -3);
    assert_int_equal(sim_round(2.4), 2);
    assert_true(sim_round(1e30) == INT64_MAX);
    assert_true(sim_round(-1e30) == INT64_MIN);
}

static void parts_sum_to_the_whole_and_the_largest_takes_the_rest(void **state)
{
    (void)state;
    static const double weights[] = {1.0, 1.0, 4.0, 0.0};
    int64_t parts[4];
    spread(100, weights, 4, parts);
    assert_int_equal(parts[0], 16);
    assert_int_equal(parts[1], 16);
    assert_int_equal(parts[2], 68);
    assert_int_equal(parts[3], 0);
    static const double none[] = {0.0, 0.0};
    spread(5, none, 2, parts);
    assert_int_equal(parts[0] + parts[1], 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_the_same_on_every_machine),
        cmocka_unit_test(streams_of_other_names_or_seeds_differ),
        cmocka_unit_test(exp_is_as_good_as_the_library_s),
        cmocka_unit_test(normal_variates_have_their_mean_and_deviation),
        cmocka_unit_test(counts_have_their_means),
        cmocka_unit_test(rounding_is_half_away_from_zero),
        cmocka_unit_test(parts_sum_to_the_whole_and_the_largest_takes_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
