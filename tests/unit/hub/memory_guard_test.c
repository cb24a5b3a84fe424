/* Whom the guard of the memory cuts off, and when the hub ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hub/memory_guard.h"

#define OK(call) assert_int_equal((call), ERR_OK)

static void the_connection_that_brought_the_most_is_cut_off_if_it_explains_the_growth(void **state)
{
    (void)state;
    const uint64_t brought[] = {0, 0, 5000, 90000, 700};
    assert_int_equal(memory_loudest(brought, 5, 100000), 3);
    assert_int_equal(memory_loudest(brought, 5, 360000),
                     3); /* small frames take more than they are */
    assert_int_equal(memory_loudest(brought, 5, 360004), -1); /* it was something else */
    assert_int_equal(memory_loudest(brought, 3, 100), 2);
}

static void nobody_is_cut_off_while_the_memory_does_not_grow(void **state)
{
    (void)state;
    const uint64_t brought[] = {10, 1000000};
    const uint64_t nothing[] = {0, 0};
    assert_int_equal(memory_loudest(brought, 2, 0), -1);
    assert_int_equal(memory_loudest(nothing, 2, 3), -1);
    assert_int_equal(memory_loudest(nothing, 0, 3), -1);
}

static void more_than_may_be_ends_the_process(void **state)
{
    (void)state;
    struct counters counters = {0};
    AUTO(memory_guard_close) struct memory_guard *wide = NULL;
    AUTO(memory_guard_close) struct memory_guard *narrow = NULL;
    OK(memory_guard_make(1 << 20, 64, &counters, &wide));
    OK(memory_guard_make(8, 64, &counters, &narrow));
    OK(memory_guard_look(wide));
    size_t size = 64 << 20;
    volatile uint8_t *taken = malloc(size);
    assert_non_null(taken);
    for (size_t i = 0; i < size; i += 4096) {
        taken[i] = 1;
    }
    OK(memory_guard_look(wide));
    assert_int_equal(memory_guard_wait_ms(wide), 100);
    assert_int_equal(memory_guard_look(narrow), ERR_MEMORY);
    free((void *)(uintptr_t)taken);
    assert_int_equal(counters.cut_off, 0);
}

static void each_refusal_counts_under_its_rule(void **state)
{
    (void)state;
    struct counters counters = {0};
    counters_refused(&counters, "BAD_REQUEST");
    counters_refused(&counters, "UNSUPPORTED");
    counters_refused(&counters, "NOT_ENTITLED");
    counters_refused(&counters, "POSITION_LOST");
    counters_refused(&counters, "RIGHTS_CHANGED");
    assert_int_equal(counters.malformed, 2);
    assert_int_equal(counters.not_entitled, 1);
    assert_int_equal(counters.not_in_history, 1);
    assert_int_equal(counters.refused, 1);
    uint64_t sum = 0;
    for (size_t i = 0; i < COUNTERS_MAX; i++) {
        assert_true(strlen(counter_rows[i].name) < 16); /* they stand in a column */
        sum += counter_value(&counters, &counter_rows[i]);
    }
    assert_int_equal(sum, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_that_brought_the_most_is_cut_off_if_it_explains_the_growth),
        cmocka_unit_test(nobody_is_cut_off_while_the_memory_does_not_grow),
        cmocka_unit_test(more_than_may_be_ends_the_process),
        cmocka_unit_test(each_refusal_counts_under_its_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
