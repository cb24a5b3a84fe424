/* The state machine of a cell, row by row: proto/README.md "Cells" has the same table in words. */
#include "proto/cells.h"

#include "tests/support/samples.h"

#define HOUR  INT64_C(3600000000)
#define ENDED INT64_C(1000000000000000) /* of the period */
#define DUE   (ENDED + 240 * HOUR)
#define GRACE (DUE + 24 * HOUR)

#define ACCEPTED    VERDICT_ACCEPTED
#define WARNINGS    VERDICT_ACCEPTED_WITH_WARNINGS
#define REJECTED    VERDICT_REJECTED
#define FINAL       IHURIRO__V1__REPORT__STATUS__FINAL
#define PROVISIONAL IHURIRO__V1__REPORT__STATUS__PROVISIONAL

struct seen {
    int verdict;
    int status;
    uint32_t vintage;
    int64_t first_us;
    uint8_t id;
    bool is_nil;
    bool is_approved;
};

struct world {
    bool wants_final;
    bool is_waived;
    bool is_suspended;
    int64_t closed_known_at_us; /* 0: never closed */
    int64_t grace_us;           /* 0: GRACE */
    struct seen seen[6];        /* until one without a verdict */
};

static struct sighting sightings[6];

static struct cell cell_at(const struct world *world, int64_t at_us)
{
    static PbObligation obligation;
    static PbOrder order;
    static Ihuriro__V1__Closed closed;
    static const struct waiver waiver = {"because", NULL, 1};
    obligation = (PbObligation)IHURIRO__V1__OBLIGATION__INIT;
    order = (PbOrder)IHURIRO__V1__ORDER__INIT;
    closed = (Ihuriro__V1__Closed)IHURIRO__V1__CLOSED__INIT;
    obligation.wants = world->wants_final ? IHURIRO__V1__OBLIGATION__WANTS__FINAL
                                          : IHURIRO__V1__OBLIGATION__WANTS__ANY;
    closed.known_at_us = world->closed_known_at_us;
    const struct duty duty = {
        .type = TYPE_PORTFOLIO,
        .ended_us = ENDED,
        .due_us = DUE,
        .grace_us = world->grace_us == 0 ? GRACE : world->grace_us,
        .obligation = &obligation,
        .suspended_by = world->is_suspended ? &order : NULL,
    };
    struct cell_inputs inputs = {
        .duty = &duty,
        .sightings = sightings,
        .waiver = world->is_waived ? &waiver : NULL,
        .at_us = at_us,
    };
    if (world->closed_known_at_us != 0) {
        inputs.closed = (struct closed){PERIOD_CLOSED, world->closed_known_at_us, &closed, NULL};
    }
    while (inputs.count < 6 && world->seen[inputs.count].verdict != 0) {
        const struct seen *seen = &world->seen[inputs.count];
        sightings[inputs.count] = (struct sighting){
            .seq = inputs.count + 1,
            .kind = KIND_REPORT,
            .type = TYPE_PORTFOLIO,
            .verdict = (uint8_t)seen->verdict,
            .status = (uint8_t)seen->status,
            .is_nil = seen->is_nil,
            .is_approved = seen->is_approved,
            .vintage = seen->vintage,
            .first_received_at_us = seen->first_us,
            .id = {seen->id},
        };
        inputs.count++;
    }
    struct cell cell;
    cell_fold(&inputs, &cell);
    return cell;
}

/* ---- the table ---- */

struct row {
    struct world world;
    int64_t at_us;
    enum progress progress;
    enum timeliness timeliness;
    int64_t late_s;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct cell cell = cell_at(&rows[i].world, rows[i].at_us);
        if (cell.progress != rows[i].progress || cell.timeliness != rows[i].timeliness ||
            cell.late_s != rows[i].late_s) {
            fail_msg("row %zu is %s, %s, late %lld s; should be %s, %s, late %lld s", i,
                     progress_name(cell.progress), timeliness_name(cell.timeliness),
                     (long long)cell.late_s, progress_name(rows[i].progress),
                     timeliness_name(rows[i].timeliness), (long long)rows[i].late_s);
        }
    }
}
#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void where_nothing_came_time_alone_moves_a_cell(void **state)
{
    (void)state;
    const struct world grace = {0};
    const struct world none = {.grace_us = DUE};
    const struct row rows[] = {
        {grace, ENDED - 1, PROGRESS_NOT_DUE, TIMELINESS_OPEN, 0},
        {grace, ENDED, PROGRESS_EXPECTED, TIMELINESS_OPEN, 0},
        {grace, DUE, PROGRESS_EXPECTED, TIMELINESS_OPEN, 0},
        {grace, DUE + 1, PROGRESS_EXPECTED, TIMELINESS_IN_GRACE, 0},
        {grace, GRACE - 1, PROGRESS_EXPECTED, TIMELINESS_IN_GRACE, 0},
        {grace, GRACE, PROGRESS_EXPECTED, TIMELINESS_OVERDUE, 86400},
        {grace, GRACE + 1, PROGRESS_EXPECTED, TIMELINESS_OVERDUE, 86401},
        {none, DUE, PROGRESS_EXPECTED, TIMELINESS_OPEN, 0},
        {none, DUE + 1, PROGRESS_EXPECTED, TIMELINESS_OVERDUE, 1},
        {none, DUE + 1000000, PROGRESS_EXPECTED, TIMELINESS_OVERDUE, 1},
        {none, DUE + 1000001, PROGRESS_EXPECTED, TIMELINESS_OVERDUE, 2},
    };
    CHECK(rows);
}

#define CAME(time, ...)                                        \
    {                                                          \
        .seen = { {ACCEPTED, FINAL, 1, time, 1, __VA_ARGS__} } \
    }

static void what_is_accepted_is_on_time_to_the_last_microsecond_and_late_after_it(void **state)
{
    (void)state;
    const struct row rows[] = {
        {CAME(ENDED, 0), ENDED, PROGRESS_ACCEPTED, TIMELINESS_ON_TIME, 0},
        {CAME(DUE, 0), DUE, PROGRESS_ACCEPTED, TIMELINESS_ON_TIME, 0},
        {CAME(DUE, 0), GRACE + HOUR, PROGRESS_ACCEPTED, TIMELINESS_ON_TIME, 0},
        {CAME(DUE + 1, 0), DUE + 1, PROGRESS_ACCEPTED, TIMELINESS_LATE, 1},
        {CAME(DUE + 1000000, 0), GRACE, PROGRESS_ACCEPTED, TIMELINESS_LATE, 1},
        {CAME(DUE + 1000001, 0), GRACE, PROGRESS_ACCEPTED, TIMELINESS_LATE, 2},
        {CAME(GRACE - 1, 0), GRACE, PROGRESS_ACCEPTED, TIMELINESS_LATE, 86400},
        {CAME(GRACE, 0), GRACE, PROGRESS_ACCEPTED, TIMELINESS_LATE, 86400},
        /* before its period ended: what it says is not this machine's question */
        {CAME(ENDED - 1, 0), ENDED - 1, PROGRESS_ACCEPTED, TIMELINESS_ON_TIME, 0},
    };
    CHECK(rows);
}

static void what_was_accepted_says_how(void **state)
{
    (void)state;
    const struct row rows[] = {
        {{.seen = {{WARNINGS, FINAL, 1, DUE, 1, 0, 0}}},
         DUE,
         PROGRESS_ACCEPTED_WITH_WARNINGS,
         TIMELINESS_ON_TIME,
         0},
        {{.seen = {{WARNINGS, FINAL, 1, DUE, 1, 0, 1}}},
         DUE,
         PROGRESS_APPROVED,
         TIMELINESS_ON_TIME,
         0},
        {{.seen = {{ACCEPTED, FINAL, 1, DUE, 1, 0, 1}}},
         DUE,
         PROGRESS_APPROVED,
         TIMELINESS_ON_TIME,
         0},
        {{.seen = {{ACCEPTED, FINAL, 1, DUE, 1, 1, 1}}}, DUE, PROGRESS_NIL, TIMELINESS_ON_TIME, 0},
        /* the current one says it, the first one when */
        {{.seen = {{ACCEPTED, FINAL, 1, DUE, 1, 0, 1}, {WARNINGS, FINAL, 2, GRACE, 2, 0, 0}}},
         GRACE,
         PROGRESS_ACCEPTED_WITH_WARNINGS,
         TIMELINESS_ON_TIME,
         0},
    };
    CHECK(rows);
}

static void an_attempt_that_was_rejected_makes_nothing_timely(void **state)
{
    (void)state;
    const struct world attempt = {.seen = {{REJECTED, FINAL, 1, ENDED, 1, 0, 0}}};
    const struct world repaired = {
        .seen = {{REJECTED, FINAL, 1, ENDED, 1, 0, 0}, {ACCEPTED, FINAL, 1, DUE + 1, 2, 0, 0}}};
    const struct world spoilt = {
        .seen = {{ACCEPTED, FINAL, 1, DUE, 1, 0, 0}, {REJECTED, FINAL, 2, GRACE, 2, 0, 0}}};
    const struct row rows[] = {
        {attempt, ENDED, PROGRESS_REJECTED, TIMELINESS_OPEN, 0},
        {attempt, DUE + 1, PROGRESS_REJECTED, TIMELINESS_IN_GRACE, 0},
        {attempt, GRACE, PROGRESS_REJECTED, TIMELINESS_OVERDUE, 86400},
        {repaired, GRACE, PROGRESS_ACCEPTED, TIMELINESS_LATE, 1},
        {spoilt, GRACE, PROGRESS_ACCEPTED, TIMELINESS_ON_TIME, 0},
    };
    CHECK(rows);
    assert_true(cell_at(&attempt, GRACE).has_rejected_attempt);
    assert_true(cell_at(&repaired, GRACE).has_rejected_attempt);
    assert_true(cell_at(&spoilt, GRACE).has_rejected_attempt);
    assert_int_equal(cell_at(&spoilt, GRACE).current->vintage, 1);
    const struct world clean = CAME(DUE, 0);
    assert_false(cell_at(&clean, GRACE).has_rejected_attempt);
}

static void where_final_is_wanted_the_first_final_one_is_judged(void **state)
{
    (void)state;
    const struct world flash = {.wants_final = true,
                                .seen = {{ACCEPTED, PROVISIONAL, 1, ENDED, 1, 0, 0}}};
    const struct world both = {.wants_final = true,
                               .seen = {{ACCEPTED, PROVISIONAL, 1, ENDED, 1, 0, 0},
                                        {ACCEPTED, FINAL, 2, DUE + 1, 2, 0, 1},
                                        {ACCEPTED, FINAL, 3, GRACE, 3, 0, 1}}};
    const struct world any = {.seen = {{ACCEPTED, PROVISIONAL, 1, ENDED, 1, 0, 0}}};
    const struct row rows[] = {
        {flash, DUE, PROGRESS_ACCEPTED, TIMELINESS_OPEN, 0},
        {flash, DUE + 1, PROGRESS_ACCEPTED, TIMELINESS_IN_GRACE, 0},
        {flash, GRACE, PROGRESS_ACCEPTED, TIMELINESS_OVERDUE, 86400},
        {both, GRACE, PROGRESS_APPROVED, TIMELINESS_LATE, 1},
        {any, GRACE, PROGRESS_ACCEPTED, TIMELINESS_ON_TIME, 0},
    };
    CHECK(rows);
    assert_true(cell_at(&flash, DUE).is_provisional_only);
    assert_null(cell_at(&flash, DUE).satisfying);
    assert_false(cell_at(&both, DUE).is_provisional_only);
    assert_int_equal(cell_at(&both, GRACE).satisfying->vintage, 2);
    assert_int_equal(cell_at(&both, GRACE).current->vintage, 3);
    assert_false(cell_at(&any, DUE).is_provisional_only);
}

static void what_is_waived_is_excused_whatever_comes(void **state)
{
    (void)state;
    const struct world nothing = {.is_waived = true};
    const struct world late = {.is_waived = true, .seen = {{ACCEPTED, FINAL, 1, GRACE, 1, 0, 0}}};
    const struct world attempt = {.is_waived = true,
                                  .seen = {{REJECTED, FINAL, 1, GRACE, 1, 0, 0}}};
    const struct row rows[] = {
        {nothing, ENDED - 1, PROGRESS_WAIVED, TIMELINESS_EXCUSED, 0},
        {nothing, GRACE, PROGRESS_WAIVED, TIMELINESS_EXCUSED, 0},
        {late, GRACE, PROGRESS_ACCEPTED, TIMELINESS_EXCUSED, 0},
        {attempt, GRACE, PROGRESS_WAIVED, TIMELINESS_EXCUSED, 0},
    };
    CHECK(rows);
    assert_true(cell_at(&attempt, GRACE).has_rejected_attempt);
}

static void what_an_order_suspends_is_excused_and_keeps_its_progress(void **state)
{
    (void)state;
    const struct world nothing = {.is_suspended = true};
    const struct world late = {.is_suspended = true,
                               .seen = {{ACCEPTED, FINAL, 1, GRACE, 1, 0, 0}}};
    const struct world attempt = {.is_suspended = true,
                                  .seen = {{REJECTED, FINAL, 1, GRACE, 1, 0, 0}}};
    const struct row rows[] = {
        {nothing, ENDED - 1, PROGRESS_NOT_DUE, TIMELINESS_EXCUSED, 0},
        {nothing, GRACE, PROGRESS_EXPECTED, TIMELINESS_EXCUSED, 0},
        {late, GRACE, PROGRESS_ACCEPTED, TIMELINESS_EXCUSED, 0},
        {attempt, GRACE, PROGRESS_REJECTED, TIMELINESS_EXCUSED, 0},
    };
    CHECK(rows);
}

/* ---- the place ---- */

static void the_highest_accepted_vintage_is_current_and_of_two_the_earlier(void **state)
{
    (void)state;
    const struct world contested = {.seen = {{ACCEPTED, FINAL, 1, ENDED, 1, 0, 0},
                                             {ACCEPTED, FINAL, 2, ENDED + 9, 2, 0, 0},
                                             {ACCEPTED, FINAL, 2, ENDED + 5, 3, 0, 0},
                                             {REJECTED, FINAL, 3, ENDED + 1, 4, 0, 0}}};
    /* one report, rejected here and accepted elsewhere: an earlier receipt */
    const struct world twice = {.seen = {{REJECTED, FINAL, 1, ENDED + 7, 1, 0, 0},
                                         {ACCEPTED, FINAL, 1, ENDED + 5, 1, 0, 0},
                                         {ACCEPTED, FINAL, 1, ENDED + 3, 1, 0, 0}}};
    struct cell cell = cell_at(&contested, DUE);
    assert_int_equal(cell.current->id[0], 3);
    assert_true(cell.is_contested);
    cell = cell_at(&twice, DUE);
    assert_int_equal(cell.current->seq, 3);
    assert_int_equal(cell.satisfying->seq, 3);
    assert_false(cell.is_contested);
    assert_null(place_current(NULL, 0));
    assert_false(place_is_contested(NULL, 0));
}

/* ---- closing ---- */

static void corrections_are_what_was_accepted_after_the_close(void **state)
{
    (void)state;
    const struct world corrected = {.closed_known_at_us = DUE,
                                    .seen = {{ACCEPTED, FINAL, 1, DUE, 1, 0, 0},
                                             {ACCEPTED, FINAL, 2, DUE + 1, 2, 0, 0},
                                             {REJECTED, FINAL, 3, DUE + 2, 3, 0, 0},
                                             {ACCEPTED, FINAL, 3, DUE + 3, 4, 0, 0},
                                             {ACCEPTED, FINAL, 3, DUE + 4, 4, 0, 0}}};
    const struct world late = {
        .closed_known_at_us = DUE,
        .seen = {{ACCEPTED, FINAL, 1, DUE + 1, 1, 0, 0}, {ACCEPTED, FINAL, 2, DUE + 2, 2, 0, 0}}};
    const struct world open = {
        .seen = {{ACCEPTED, FINAL, 1, DUE, 1, 0, 0}, {ACCEPTED, FINAL, 2, DUE + 1, 2, 0, 0}}};
    const struct world nothing = {.closed_known_at_us = DUE};
    struct cell cell = cell_at(&corrected, GRACE);
    assert_int_equal(cell.corrections, 2);
    assert_false(cell.is_after_close);
    cell = cell_at(&late, GRACE);
    assert_int_equal(cell.corrections, 1);
    assert_true(cell.is_after_close);
    assert_int_equal(cell.timeliness, TIMELINESS_LATE);
    assert_int_equal(cell_at(&open, GRACE).corrections, 0);
    cell = cell_at(&nothing, GRACE);
    assert_int_equal(cell.corrections, 0);
    assert_false(cell.is_after_close);
    assert_int_equal(cell.progress, PROGRESS_EXPECTED);
}

static void a_duty_of_the_last_day_itself_is_expected_when_it_is_due(void **state)
{
    (void)state;
    static PbObligation obligation = IHURIRO__V1__OBLIGATION__INIT;
    const struct duty duty = {.ended_us = ENDED,
                              .due_us = ENDED - 7 * HOUR,
                              .grace_us = ENDED,
                              .obligation = &obligation};
    struct cell_inputs inputs = {.duty = &duty, .at_us = ENDED - 7 * HOUR};
    struct cell cell;
    cell_fold(&inputs, &cell);
    assert_int_equal(cell.progress, PROGRESS_NOT_DUE);
    assert_int_equal(cell.timeliness, TIMELINESS_OPEN);
    inputs.at_us++;
    cell_fold(&inputs, &cell);
    assert_int_equal(cell.progress, PROGRESS_EXPECTED);
    assert_int_equal(cell.timeliness, TIMELINESS_IN_GRACE);
}

static void every_state_has_a_name(void **state)
{
    (void)state;
    for (int i = PROGRESS_NOT_DUE; i <= PROGRESS_WAIVED; i++) {
        assert_true(strlen(progress_name((enum progress)i)) >= 3);
    }
    for (int i = TIMELINESS_OPEN; i <= TIMELINESS_EXCUSED; i++) {
        assert_true(strlen(timeliness_name((enum timeliness)i)) >= 4);
    }
    assert_string_equal(progress_name(PROGRESS_EXPECTED), "EXPECTED");
    assert_string_equal(timeliness_name(TIMELINESS_IN_GRACE), "IN_GRACE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_nothing_came_time_alone_moves_a_cell),
        cmocka_unit_test(what_is_accepted_is_on_time_to_the_last_microsecond_and_late_after_it),
        cmocka_unit_test(what_was_accepted_says_how),
        cmocka_unit_test(an_attempt_that_was_rejected_makes_nothing_timely),
        cmocka_unit_test(where_final_is_wanted_the_first_final_one_is_judged),
        cmocka_unit_test(what_is_waived_is_excused_whatever_comes),
        cmocka_unit_test(what_an_order_suspends_is_excused_and_keeps_its_progress),
        cmocka_unit_test(the_highest_accepted_vintage_is_current_and_of_two_the_earlier),
        cmocka_unit_test(corrections_are_what_was_accepted_after_the_close),
        cmocka_unit_test(a_duty_of_the_last_day_itself_is_expected_when_it_is_due),
        cmocka_unit_test(every_state_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
