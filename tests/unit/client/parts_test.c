/* Work in parts: every item once, and the first that fails is the one that is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agents/client/parts.h"
#include "proto/limits.h"

#define ITEMS 1000

struct work {
    unsigned done[ITEMS];
    size_t bad[2]; /* items that fail; ITEMS: none */
};

static enum err do_item(void *context, size_t index, struct arena *arena,
                        struct complaint *complaint)
{
    struct work *work = context;
    assert_non_null(arena_take(arena, UNPACK_BUDGET / 2)); /* it is this call's only */
    work->done[index]++;
    return index == work->bad[0] || index == work->bad[1]
               ? complain(complaint, ERR_CORRUPT, "Item %zu.", index)
               : ERR_OK;
}

static void every_item_is_done_once_by_however_many_threads(void **state)
{
    (void)state;
    static const size_t threads[] = {1, 2, 7, PARTS_MAX, 100};
    static const size_t counts[] = {0, 1, 3, 17, ITEMS};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
            struct work work = {.bad = {ITEMS, ITEMS}};
            assert_int_equal(parts_work(counts[k], threads[i], do_item, &work, NULL), ERR_OK);
            for (size_t n = 0; n < ITEMS; n++) {
                assert_int_equal(work.done[n], n < counts[k]);
            }
        }
    }
}

static void the_first_that_fails_is_told_whichever_thread_met_it(void **state)
{
    (void)state;
    static const size_t threads[] = {1, 3, 8};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        struct work work = {.bad = {901, 17}};
        struct complaint complaint = {{0}};
        assert_int_equal(parts_work(ITEMS, threads[i], do_item, &work, &complaint), ERR_CORRUPT);
        assert_string_equal(complaint.text, "Item 17.");
    }
}

static void few_items_are_not_worth_threads(void **state)
{
    (void)state;
    assert_int_equal(parts_by_cores(0, 16), 1);
    assert_int_equal(parts_by_cores(31, 16), 1);
    assert_true(parts_by_cores(1000000, 1) >= 1);
    assert_true(parts_by_cores(2, 1) <= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_done_once_by_however_many_threads),
        cmocka_unit_test(the_first_that_fails_is_told_whichever_thread_met_it),
        cmocka_unit_test(few_items_are_not_worth_threads),
    };
    return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
