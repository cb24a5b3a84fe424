/* GET_TOTALS at the query door: for whom, in steps, as of when, kept until something concerns it,
 * and written down before it is answered. What the sums are is proto/totals_test.c's matter. */
#include "tests/unit/hub/reading_support.h"

#define MEMBER_1 0x10
#define MEMBER_2 0x20

static char june[] = "2020-06";
static char glp[] = "P01";

static void reports_from_june(struct readers *readers, const char *id)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    party.has_reports_from_day = 1;
    party.reports_from_day = BENCH_DAY - 29; /* 2020-06-01 */
    event.subject = (char *)(uintptr_t)id;
    event.party = &party;
    readers->bench.now_us += 1000000;
    bench_begin(&readers->bench);
    bench_act(&readers->bench, &event);
    bench_end(&readers->bench);
    reload_registry(readers);
}

/* Without it a report in RWF is rejected. */
static void know_the_franc(struct readers *readers)
{
    Ihuriro__V1__Currency franc = IHURIRO__V1__CURRENCY__INIT;
    Ihuriro__V1__Currency *currencies = &franc;
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    uint64_t seq = 0;
    franc.code = (char *)(uintptr_t) "RWF";
    settings.format = 1;
    settings.country = (char *)(uintptr_t) "RW";
    settings.version = (char *)(uintptr_t) "with a currency";
    settings.currencies = &currencies;
    settings.n_currencies = 1;
    event.settings = &settings;
    bench_begin(&readers->bench);
    OK(writer_new_event(readers->bench.writer, &event, &seq));
    bench_end(&readers->bench);
}

static int set_up(void **state)
{
    readers_open(state);
    struct readers *readers = *state;
    know_the_franc(readers);
    reports_from_june(readers, "M1");
    reports_from_june(readers, "M2");
    readers->bench.now_us += 1000000;
    return 0;
}

static void commit(struct readers *readers)
{
    for (size_t i = 0; i < readers->event_count; i++) {
        struct written written = {.ticket = readers->tickets[i]};
        AUTO(txn_end) struct txn txn = {0};
        bench_begin(&readers->bench);
        OK(writer_event(readers->bench.writer, buffer_bytes(&readers->events[i]),
                        &written.last_seq));
        bench_end(&readers->bench);
        struct reading reading = reading_of(readers, &txn);
        query_written(readers->query, &reading, &written);
    }
}

static Ihuriro__V1__GetTotals question(void)
{
    static char *lines[] = {glp};
    Ihuriro__V1__GetTotals request = IHURIRO__V1__GET_TOTALS__INIT;
    request.number = 3;
    request.period = june;
    request.lines = lines;
    request.n_lines = 1;
    return request;
}

/* The first step of it. */
static void ask(struct readers *readers, uint8_t user, const Ihuriro__V1__GetTotals *request)
{
    forget(readers);
    say_to_query(readers, peer_of(1, user), VERB_GET_TOTALS, &request->base);
}

static bool one_step(struct readers *readers)
{
    AUTO(txn_end) struct txn txn = {0};
    bool is_behind = false;
    struct reading reading = reading_of(readers, &txn);
    OK(query_turn(readers->query, &reading, &is_behind));
    return is_behind;
}

/* Its other steps; how many. */
static size_t go_on(struct readers *readers)
{
    bool is_behind = query_collecting(readers->query) > 0;
    size_t steps = 0;
    for (; is_behind && steps < 100; steps++) {
        is_behind = one_step(readers);
    }
    assert_false(is_behind);
    return steps;
}

static const Ihuriro__V1__Totals *totals(struct readers *readers, uint8_t user,
                                         const Ihuriro__V1__GetTotals *request, size_t *ret_steps)
{
    ask(readers, user, request);
    size_t steps = go_on(readers);
    commit(readers);
    if (ret_steps != NULL) {
        *ret_steps = steps;
    }
    return heard(readers, 0, VERB_TOTALS);
}

static void check_row(const Ihuriro__V1__Totals *answer, uint32_t expected, uint32_t not_shared)
{
    assert_int_equal(answer->n_rows, 1);
    assert_string_equal(answer->rows[0]->line, "P01.glp");
    assert_int_equal(answer->rows[0]->expected, expected);
    assert_int_equal(answer->rows[0]->not_shared, not_shared);
    assert_false(answer->rows[0]->has_value);
}

static void refused(struct readers *readers, const char *rule, const char *words)
{
    const Ihuriro__V1__Refused *message = heard(readers, 0, VERB_REFUSED);
    assert_string_equal(message->rule, rule);
    if (strstr(message->text, words) == NULL) {
        fail_msg("%s", message->text);
    }
    assert_int_equal(readers->event_count, 0);
}

/* ---- for whom ---- */

static void the_regulator_has_all_and_staff_those_who_share(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetTotals request = question();
    check_row(totals(readers, REGULATOR, &request, NULL), 2, 0);
    check_row(totals(readers, STAFF, &request, NULL), 2, 2);
    set_agreement(readers, "M1", true);
    check_row(totals(readers, STAFF, &request, NULL), 2, 1);
}

static void members_and_strangers_have_none(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetTotals request = question();
    ask(readers, MEMBER_1, &request);
    refused(readers, "NOT_ENTITLED", "for the regulator");
    ask(readers, STRANGER, &request);
    refused(readers, "NOT_ENTITLED", "");
}

static void rights_that_change_on_the_way_count_for_all_of_it(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetTotals request = question();
    ask(readers, STAFF, &request);
    assert_true(one_step(readers));
    set_agreement(readers, "M2", true);
    assert_true(go_on(readers) > 0);
    commit(readers);
    check_row(heard(readers, 0, VERB_TOTALS), 2, 1);
}

static void it_is_written_down_before_it_is_answered_and_not_again_within_ten_minutes(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetTotals request = question();
    const PbEvent *event = NULL;
    ask(readers, STAFF, &request);
    go_on(readers);
    assert_int_equal(readers->heard_count, 0);
    assert_int_equal(readers->event_count, 1);
    OK(MESSAGE_UNPACK(event, MESSAGE_TOLERANT, buffer_bytes(&readers->events[0]), &readers->arena,
                      &event));
    assert_int_equal(event->access->act, ACCESS_TOTALS);
    assert_string_equal(event->access->filter->period, june);
    commit(readers);
    assert_int_equal(readers->heard_count, 1);
    ask(readers, STAFF, &request);
    assert_int_equal(readers->event_count, 0);
    assert_int_equal(readers->heard_count, 1);
    assert_int_equal(readers->counters.totals, 2);
}

/* ---- as of when ---- */

static void what_was_made_is_kept_until_a_record_concerns_it(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetTotals request = question();
    size_t steps = 0;
    totals(readers, REGULATOR, &request, &steps);
    assert_true(steps > 0);
    add_accesses(readers, 5);
    readers->bench.now_us += 5000000;
    const Ihuriro__V1__Totals *answer = totals(readers, REGULATOR, &request, &steps);
    assert_int_equal(steps, 0);
    assert_int_equal(answer->position->size, head_now(readers));
    add_report(readers, "M1", MEMBER_1, BENCH_DAY - 400, 1); /* of no month that it looks at */
    totals(readers, REGULATOR, &request, &steps);
    assert_int_equal(steps, 0);
    add_report(readers, "M2", MEMBER_2, BENCH_DAY, 1);
    totals(readers, REGULATOR, &request, &steps);
    assert_true(steps > 0);
    reports_from_june(readers, "M1"); /* an act */
    totals(readers, REGULATOR, &request, &steps);
    assert_true(steps > 0);
}

static void as_of_an_earlier_record_who_came_later_is_not_expected(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetTotals request = question();
    request.has_at_seq = 1;
    request.at_seq = head_now(readers) - 1; /* before M2's reports_from */
    const Ihuriro__V1__Totals *answer = totals(readers, REGULATOR, &request, NULL);
    assert_int_equal(answer->position->size, request.at_seq);
    check_row(answer, 1, 0);
}

static void pages_go_on_where_they_are_told_to(void **state)
{
    struct readers *readers = *state;
    static char country[] = "COUNTRY";
    static char category[] = "CATEGORY";
    static char *by[] = {country, category};
    size_t steps = 0;
    Ihuriro__V1__GetTotals request = question();
    request.by = by;
    request.n_by = 2;
    const Ihuriro__V1__Totals *answer = totals(readers, REGULATOR, &request, NULL);
    assert_int_equal(answer->n_rows, 2);
    assert_false(answer->has_next);
    request.has_offset = request.has_at_seq = request.has_known_at_us = 1;
    request.at_seq = answer->position->size;
    request.known_at_us = answer->known_at_us;
    request.offset = 1;
    answer = totals(readers, REGULATOR, &request, &steps);
    assert_int_equal(steps, 0);
    assert_int_equal(answer->n_rows, 1);
    assert_string_equal(answer->rows[0]->by, category);
    request.offset = UINT32_MAX;
    answer = totals(readers, REGULATOR, &request, NULL);
    assert_int_equal(answer->n_rows, 0);
}

static void what_cannot_be_asked_is_refused_in_words(void **state)
{
    struct readers *readers = *state;
    static char nonsense[] = "NONSENSE";
    static char *words[] = {nonsense};
    Ihuriro__V1__GetTotals request = question();
    request.lines = words;
    ask(readers, REGULATOR, &request);
    go_on(readers);
    refused(readers, "BAD_REQUEST", "no total of a line NONSENSE");
    assert_int_equal(query_collecting(readers->query), 0);
    request = question();
    request.by = words;
    request.n_by = 1;
    ask(readers, REGULATOR, &request);
    go_on(readers);
    refused(readers, "BAD_REQUEST", "not by NONSENSE");
    request = question();
    request.period = nonsense;
    ask(readers, REGULATOR, &request);
    refused(readers, "BAD_REQUEST", "of one month");
    request = question();
    request.has_at_seq = 1;
    request.at_seq = 1000000;
    ask(readers, REGULATOR, &request);
    refused(readers, "BAD_REQUEST", "lies behind it");
}

static void a_newer_question_of_a_connection_ends_the_older(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetTotals request = question();
    ask(readers, REGULATOR, &request);
    assert_int_equal(query_collecting(readers->query), 1);
    request.has_estimates = request.estimates = 1;
    ask(readers, REGULATOR, &request);
    assert_int_equal(query_collecting(readers->query), 1);
    assert_int_equal(readers->counters.superseded, 1);
    go_on(readers);
    commit(readers);
    assert_int_equal(readers->heard_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_regulator_has_all_and_staff_those_who_share, set_up,
                                        readers_close),
        cmocka_unit_test_setup_teardown(members_and_strangers_have_none, set_up, readers_close),
        cmocka_unit_test_setup_teardown(rights_that_change_on_the_way_count_for_all_of_it, set_up,
                                        readers_close),
        cmocka_unit_test_setup_teardown(
            it_is_written_down_before_it_is_answered_and_not_again_within_ten_minutes, set_up,
            readers_close),
        cmocka_unit_test_setup_teardown(what_was_made_is_kept_until_a_record_concerns_it, set_up,
                                        readers_close),
        cmocka_unit_test_setup_teardown(as_of_an_earlier_record_who_came_later_is_not_expected,
                                        set_up, readers_close),
        cmocka_unit_test_setup_teardown(pages_go_on_where_they_are_told_to, set_up, readers_close),
        cmocka_unit_test_setup_teardown(what_cannot_be_asked_is_refused_in_words, set_up,
                                        readers_close),
        cmocka_unit_test_setup_teardown(a_newer_question_of_a_connection_ends_the_older, set_up,
                                        readers_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
