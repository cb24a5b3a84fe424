/* What earlier reports say of a later one's beginning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/mfi/history.h"
#include "proto/keys.h"
#include "tests/support/reports.h"

#define NOW_US INT64_C(1596268800000000) /* 1 August 2020, 08:00 UTC */

struct rig {
    char folder[64];
    char path[96];
    struct outbox *outbox;
    struct signing_key *key;
    struct arena arena;
};

static int enter(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    if (rig == NULL || keys_init() != ERR_OK) {
        return -1;
    }
    memcpy(rig->folder, "/tmp/ihuriro-history-XXXXXX", 28);
    assert_non_null(mkdtemp(rig->folder));
    (void)snprintf(rig->path, sizeof rig->path, "%s/outbox", rig->folder);
    assert_int_equal(outbox_create(rig->path, NULL), ERR_OK);
    assert_int_equal(outbox_open(rig->path, NULL, &rig->outbox), ERR_OK);
    assert_int_equal(signing_key_make(&rig->key), ERR_OK);
    *state = rig;
    return 0;
}

static int leave(void **state)
{
    struct rig *rig = *state;
    char command[128];
    outbox_close(&rig->outbox);
    signing_key_close(&rig->key);
    arena_close(&rig->arena);
    (void)snprintf(command, sizeof command, "rm -r '%s'", rig->folder);
    assert_int_equal(system(command), 0); /* the folder is this test's own */
    free(rig);
    return 0;
}

static void queue(struct rig *rig, const char *period, uint64_t closing)
{
    enum queued queued = QUEUED_UNCHANGED;
    struct entry_key key;
    PbReport *report = report_of_operations(&rig->arena, "RW-MF-412", period, 1);
    report->operations->reneg_closing_pending = closing;
    assert_int_equal(outbox_queue(rig->outbox, report, rig->key, NOW_US, &queued, &key), ERR_OK);
    assert_int_equal(queued, QUEUED_NEW);
}

/* A report that does not say how many were pending before. */
static PbOperations *opened(struct rig *rig, const char *period)
{
    AUTO(txn_end) struct txn txn = {0};
    PbReport *report = report_of_operations(&rig->arena, "RW-MF-412", period, 1);
    report->operations->has_reneg_opening_pending = 0;
    assert_int_equal(txn_begin(outbox_env(rig->outbox), false, &txn), ERR_OK);
    assert_int_equal(history_open_pending(&txn, &rig->arena, report), ERR_OK);
    return report->operations;
}

static void what_was_pending_at_the_end_is_pending_at_the_beginning(void **state)
{
    struct rig *rig = *state;
    queue(rig, "2020-06", 8);
    PbOperations *july = opened(rig, "2020-07");
    assert_true(july->has_reneg_opening_pending);
    assert_int_equal(july->reneg_opening_pending, 8);
}

static void a_report_of_another_frequency_opens_it_too_its_own_first(void **state)
{
    struct rig *rig = *state;
    queue(rig, "2020-05", 3);                     /* ends on a Sunday, as the week does */
    PbOperations *week = opened(rig, "2020-W23"); /* 1 to 7 June */
    assert_int_equal(week->reneg_opening_pending, 3);
    queue(rig, "2020-W22", 4);
    week = opened(rig, "2020-W23");
    assert_int_equal(week->reneg_opening_pending, 4);
}

static void without_a_report_that_ends_the_day_before_it_stays_absent(void **state)
{
    struct rig *rig = *state;
    assert_false(opened(rig, "2020-07")->has_reneg_opening_pending);
    queue(rig, "2020-05", 3);
    assert_false(opened(rig, "2020-07")->has_reneg_opening_pending);
}

static void what_the_report_says_stands_and_one_without_requests_is_left_alone(void **state)
{
    struct rig *rig = *state;
    AUTO(txn_end) struct txn txn = {0};
    queue(rig, "2020-06", 8);
    assert_int_equal(txn_begin(outbox_env(rig->outbox), false, &txn), ERR_OK);
    PbReport *report = report_of_operations(&rig->arena, "RW-MF-412", "2020-07", 1);
    assert_int_equal(history_open_pending(&txn, &rig->arena, report), ERR_OK);
    assert_int_equal(report->operations->reneg_opening_pending, 5);
    PbOperations *operations = report->operations;
    operations->has_reneg_opening_pending = operations->has_reneg_received = 0;
    operations->has_reneg_approved = operations->has_reneg_rejected = 0;
    operations->has_reneg_withdrawn = operations->has_reneg_closing_pending = 0;
    assert_int_equal(history_open_pending(&txn, &rig->arena, report), ERR_OK);
    assert_false(operations->has_reneg_opening_pending);
    report = report_of_portfolio(&rig->arena, "RW-MF-412", "2020-07", 1);
    assert_int_equal(history_open_pending(&txn, &rig->arena, report), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_pending_at_the_end_is_pending_at_the_beginning,
                                        enter, leave),
        cmocka_unit_test_setup_teardown(a_report_of_another_frequency_opens_it_too_its_own_first,
                                        enter, leave),
        cmocka_unit_test_setup_teardown(without_a_report_that_ends_the_day_before_it_stays_absent,
                                        enter, leave),
        cmocka_unit_test_setup_teardown(
            what_the_report_says_stands_and_one_without_requests_is_left_alone, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
