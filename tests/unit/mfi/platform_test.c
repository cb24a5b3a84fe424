/* The agent's operating-system calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agents/mfi/platform.h"

/* `status` beside a starting `run`. */
static void who_looks_at_a_lock_does_not_take_it(void **state)
{
    char folder[] = "/tmp/ihuriro-lock-XXXXXX";
    char path[64];
    AUTO(platform_unlock) struct platform_lock *lock = NULL;
    AUTO(platform_unlock) struct platform_lock *second = NULL;
    struct complaint complaint = {{0}};
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/talks", folder);
    assert_false(platform_is_locked(path));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(platform_lock(path, &complaint, &lock), ERR_OK);
    assert_true(platform_is_locked(path));
    assert_int_equal(platform_lock(path, &complaint, &second), ERR_BUSY);
    platform_unlock(&lock);
    assert_false(platform_is_locked(path));
    assert_int_equal(platform_lock(path, &complaint, &second), ERR_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_looks_at_a_lock_does_not_take_it)};
    return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
