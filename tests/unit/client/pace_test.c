/* How much a reader asks for at once, over fast lines and slow ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agents/client/pace.h"

static void a_fast_line_is_soon_asked_for_all_that_an_answer_holds(void **state)
{
    (void)state;
    struct pace pace;
    int asked = 0;
    for (pace_begin(&pace); pace.bytes < ANSWER_MAX; asked++) {
        pace_came(&pace, pace.bytes);
    }
    assert_int_equal(asked, 4);
    pace_came(&pace, pace.bytes);
    assert_int_equal(pace.bytes, ANSWER_MAX);
}

static void an_answer_that_was_not_full_says_nothing_of_the_line(void **state)
{
    (void)state;
    struct pace pace;
    pace_begin(&pace);
    pace_came(&pace, 300);
    assert_int_equal(pace.bytes, PACE_FIRST_BYTES);
}

/* A line that loses whatever takes longer than the patience: it goes on, and most of its time is
 * not lost. */
static void a_slow_line_brings_everything_in_answers_that_fit_it(void **state)
{
    (void)state;
    struct pace pace;
    int64_t patience_bytes = (int64_t)PACE_LINE_BYTES_PER_S * PACE_ANSWER_MS / 1000;
    int64_t came_bytes = 0;
    int64_t lost_ms = 0;
    pace_begin(&pace);
    for (int i = 0; i < 1000; i++) {
        if (pace.bytes > patience_bytes) {
            lost_ms += PACE_ANSWER_MS;
            pace_lost(&pace);
        } else {
            came_bytes += pace.bytes;
            pace_came(&pace, pace.bytes);
        }
    }
    assert_true(came_bytes * 1000 / PACE_LINE_BYTES_PER_S > 2 * lost_ms);
}

static void however_much_is_lost_something_is_asked_for(void **state)
{
    (void)state;
    struct pace pace;
    pace_begin(&pace);
    for (int i = 0; i < 100; i++) {
        pace_lost(&pace);
    }
    assert_int_equal(pace.bytes, PACE_LEAST_BYTES);
    pace_came(&pace, pace.bytes);
    assert_int_equal(pace.bytes, PACE_LEAST_BYTES + PACE_STEP_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_line_is_soon_asked_for_all_that_an_answer_holds),
        cmocka_unit_test(an_answer_that_was_not_full_says_nothing_of_the_line),
        cmocka_unit_test(a_slow_line_brings_everything_in_answers_that_fit_it),
        cmocka_unit_test(however_much_is_lost_something_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
