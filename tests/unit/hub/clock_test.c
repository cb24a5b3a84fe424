/* The hub's clock, with clocks of the test's own: nothing is ever stamped with a time that is in
 * doubt, since what is stamped too late holds up every report until the clock has caught up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/clock.h"
#include "hub/hub_clock.h"

#define S   INT64_C(1000000)
#define DAY (86400 * S)
#define NOW (18446 * DAY)

static int64_t wall_us;
static int64_t boot_us;

/* In place of conf/clock.c. */
int64_t clock_wall_us(void)
{
    return wall_us;
}

int64_t clock_boot_us(void)
{
    return boot_us;
}

int64_t clock_monotonic_ms(void)
{
    return boot_us / 1000;
}

static struct hub_clock *started(int64_t last_record_us)
{
    struct hub_clock *clock = NULL;
    wall_us = NOW;
    boot_us = 1000 * S;
    assert_int_equal(hub_clock_make(false, last_record_us, &clock), ERR_OK);
    return clock;
}

static void pass(int64_t us)
{
    wall_us += us;
    boot_us += us;
}

static void time_that_passes_is_believed(void **state)
{
    (void)state;
    struct hub_clock *clock = started(NOW - DAY);
    pass(DAY);
    assert_int_equal(hub_clock_check(clock), CLOCK_RIGHT);
    assert_int_equal(hub_clock_now_us(clock), NOW + DAY);
    wall_us += 10 * S; /* a small step */
    assert_int_equal(hub_clock_check(clock), CLOCK_RIGHT);
    assert_int_equal(hub_clock_now_us(clock), NOW + DAY + 10 * S);
    hub_clock_close(&clock);
}

/* Whoever looks first, a door or the writer: none sees the jump as the time. */
static void after_a_jump_the_time_goes_on_as_if_there_had_been_none(void **state)
{
    (void)state;
    struct hub_clock *clock = started(NOW - DAY);
    pass(60 * S);
    assert_int_equal(hub_clock_now_us(clock), NOW + 60 * S);
    wall_us += 3650 * DAY;
    assert_int_equal(hub_clock_now_us(clock), NOW + 60 * S);
    assert_int_equal(hub_clock_check(clock), CLOCK_JUMPED);
    pass(60 * S);
    assert_int_equal(hub_clock_now_us(clock), NOW + 120 * S);
    wall_us -= 3650 * DAY; /* the operator set it right, and says so */
    hub_clock_is_right(clock);
    assert_int_equal(hub_clock_check(clock), CLOCK_RIGHT);
    assert_int_equal(hub_clock_now_us(clock), NOW + 120 * S);
    hub_clock_close(&clock);
}

static void a_jump_that_was_right_counts_from_when_the_operator_says_so(void **state)
{
    (void)state;
    struct hub_clock *clock = started(NOW - DAY);
    wall_us += DAY;
    assert_int_equal(hub_clock_check(clock), CLOCK_JUMPED);
    hub_clock_is_right(clock);
    assert_int_equal(hub_clock_check(clock), CLOCK_RIGHT);
    assert_int_equal(hub_clock_now_us(clock), NOW + DAY);
    hub_clock_close(&clock);
}

static void after_a_long_silence_the_time_goes_on_from_the_last_record(void **state)
{
    (void)state;
    struct hub_clock *clock = started(NOW - 91 * DAY);
    assert_int_equal(hub_clock_check(clock), CLOCK_DOUBTED);
    assert_int_equal(hub_clock_now_us(clock), NOW - 91 * DAY);
    pass(60 * S);
    assert_int_equal(hub_clock_now_us(clock), NOW - 91 * DAY + 60 * S);
    assert_int_equal(hub_clock_check(clock), CLOCK_DOUBTED);
    hub_clock_is_right(clock);
    assert_int_equal(hub_clock_check(clock), CLOCK_RIGHT);
    assert_int_equal(hub_clock_now_us(clock), NOW + 60 * S);
    hub_clock_close(&clock);
}

static void a_clock_behind_the_last_record_waits_until_it_has_caught_up(void **state)
{
    (void)state;
    struct hub_clock *clock = started(NOW + 301 * S);
    assert_int_equal(hub_clock_check(clock), CLOCK_BEHIND);
    pass(2 * S);
    assert_int_equal(hub_clock_check(clock), CLOCK_RIGHT);
    hub_clock_close(&clock);
}

/* Acts fold in the order of their own times: one that is said later must not sort before. */
static void time_never_goes_back_behind_the_last_record(void **state)
{
    (void)state;
    struct hub_clock *clock = started(NOW - DAY);
    hub_clock_recorded(clock, NOW);
    wall_us -= 3600 * S;
    assert_int_equal(hub_clock_now_us(clock), NOW);
    assert_int_equal(hub_clock_check(clock), CLOCK_BEHIND);
    pass(3700 * S);
    assert_int_equal(hub_clock_check(clock), CLOCK_RIGHT);
    assert_int_equal(hub_clock_now_us(clock), NOW + 100 * S);
    hub_clock_close(&clock);
}

static void up_to_a_settled_time_no_record_comes_any_more(void **state)
{
    struct hub_clock *clock = started(NOW - S);
    (void)state;
    assert_int_equal(hub_clock_settled_us(clock), NOW);
    assert_int_equal(hub_clock_begin(clock), NOW); /* a turn stamps this, and is not committed */
    pass(5 * S);
    assert_int_equal(hub_clock_settled_us(clock), NOW);
    hub_clock_end(clock);
    assert_int_equal(hub_clock_settled_us(clock), NOW + 5 * S);
    wall_us -= 3 * S; /* set back a little: what was told stands */
    assert_int_equal(hub_clock_settled_us(clock), NOW + 5 * S);
    assert_int_equal(hub_clock_begin(clock), NOW + 5 * S);
    hub_clock_end(clock);
    hub_clock_close(&clock);
}

static void a_test_hubs_time_only_moves_when_it_is_told_and_forward(void **state)
{
    (void)state;
    struct hub_clock *clock = NULL;
    struct complaint complaint = {{0}};
    wall_us = NOW;
    boot_us = 1000 * S;
    assert_int_equal(hub_clock_make(true, NOW - 400 * DAY, &clock), ERR_OK);
    pass(DAY);
    assert_int_equal(hub_clock_check(clock), CLOCK_RIGHT);
    assert_int_equal(hub_clock_now_us(clock), NOW - 400 * DAY);
    assert_int_equal(hub_clock_set(clock, NOW - 399 * DAY, &complaint), ERR_OK);
    assert_int_equal(hub_clock_set(clock, NOW - 401 * DAY, &complaint), ERR_REFUSED);
    assert_int_equal(hub_clock_set(clock, INT64_MAX, &complaint), ERR_REFUSED);
    assert_int_equal(hub_clock_now_us(clock), NOW - 399 * DAY);
    hub_clock_close(&clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_that_passes_is_believed),
        cmocka_unit_test(after_a_jump_the_time_goes_on_as_if_there_had_been_none),
        cmocka_unit_test(a_jump_that_was_right_counts_from_when_the_operator_says_so),
        cmocka_unit_test(after_a_long_silence_the_time_goes_on_from_the_last_record),
        cmocka_unit_test(a_clock_behind_the_last_record_waits_until_it_has_caught_up),
        cmocka_unit_test(time_never_goes_back_behind_the_last_record),
        cmocka_unit_test(up_to_a_settled_time_no_record_comes_any_more),
        cmocka_unit_test(a_test_hubs_time_only_moves_when_it_is_told_and_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
