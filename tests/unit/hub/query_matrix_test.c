/* GET_MATRIX and GET_RECEIPT at the query door, and GET_NOTICES at the feed door: who sees what of
 * the cells, as of when, that it is written down before it is answered, and what is refused. */
#include "tests/unit/hub/reading_support.h"

#include "proto/notices.h"
#include "proto/receipt.h"

#define MEMBER_1 0x10

static char june[] = "2020-06";

/* Owed: LIQUIDITY of June's last day and EXPOSURES of June. */
static void add_obligations(struct readers *readers)
{
    PbObligation rows[2] = {IHURIRO__V1__OBLIGATION__INIT, IHURIRO__V1__OBLIGATION__INIT};
    PbObligation *list[] = {&rows[0], &rows[1]};
    char *texts[][3] = {{"LIQUIDITY-D", "LIQUIDITY", "D"}, {"EXPOSURES-M", "EXPOSURES", "M"}};
    Ihuriro__V1__Currency exponent = IHURIRO__V1__CURRENCY__INIT;
    Ihuriro__V1__Currency *exponents = &exponent;
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    uint64_t seq = 0;
    for (size_t i = 0; i < 2; i++) {
        rows[i].id = texts[i][0];
        rows[i].type = texts[i][1];
        rows[i].frequency = texts[i][2];
        rows[i].wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
        rows[i].due_days = 5;
        rows[i].due_minutes = 600;
        rows[i].has_remind_hours = rows[i].has_escalate_hours = 1;
        rows[i].remind_hours = rows[i].escalate_hours = 24;
        rows[i].has_from_day = rows[i].has_until_day = 1;
        rows[i].from_day = rows[i].until_day = BENCH_DAY;
    }
    settings.format = 1;
    settings.country = (char *)(uintptr_t) "RW";
    settings.version = (char *)(uintptr_t) "with obligations";
    exponent.code = (char *)(uintptr_t) "RWF";
    settings.currencies = &exponents;
    settings.n_currencies = 1;
    settings.n_obligations = 2;
    settings.obligations = list;
    event.settings = &settings;
    bench_begin(&readers->bench);
    OK(writer_new_event(readers->bench.writer, &event, &seq));
    bench_end(&readers->bench);
}

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

/* M1 has reported the last day of June, M2 nothing. */
static int set_up(void **state)
{
    readers_open(state);
    struct readers *readers = *state;
    add_obligations(readers);
    reports_from_june(readers, "M1");
    reports_from_june(readers, "M2");
    readers->bench.now_us += 1000000;
    add_report(readers, "M1", MEMBER_1, BENCH_DAY, 1);
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

static const Ihuriro__V1__GetMatrix anything = {
    .base = PROTOBUF_C_MESSAGE_INIT(&ihuriro__v1__get_matrix__descriptor),
    .number = 3,
    .period = june,
};

static void ask(struct readers *readers, uint8_t user, const Ihuriro__V1__GetMatrix *request)
{
    forget(readers);
    say_to_query(readers, peer_of(1, user), VERB_GET_MATRIX, &request->base);
}

static const Ihuriro__V1__Matrix *matrix(struct readers *readers, uint8_t user,
                                         const Ihuriro__V1__GetMatrix *request)
{
    ask(readers, user, request);
    commit(readers);
    return heard(readers, 0, VERB_MATRIX);
}

static char shown[4096];

/* "M1 LIQUIDITY 2020-06-30 NIL ON_TIME; ..." */
static const char *show(const Ihuriro__V1__Matrix *answer)
{
    size_t used = 0;
    shown[0] = '\0';
    for (size_t i = 0; i < answer->n_rows; i++) {
        for (size_t k = 0; k < answer->rows[i]->n_cells; k++) {
            const Ihuriro__V1__Cell *cell = answer->rows[i]->cells[k];
            used += (size_t)snprintf(
                shown + used, sizeof shown - used, "%s %s %s %s %s; ", answer->rows[i]->institution,
                report_type_name((int)cell->type), cell->period, cell->progress, cell->timeliness);
            assert_true(used < sizeof shown);
        }
    }
    return shown;
}

/* ---- who sees what ---- */

static void the_regulator_sees_all_cells(void **state)
{
    const Ihuriro__V1__Matrix *answer = matrix(*state, REGULATOR, &anything);
    assert_string_equal(show(answer), "M1 LIQUIDITY 2020-06-30 NIL ON_TIME; "
                                      "M1 EXPOSURES 2020-06 EXPECTED OPEN; "
                                      "M2 LIQUIDITY 2020-06-30 EXPECTED OPEN; "
                                      "M2 EXPOSURES 2020-06 EXPECTED OPEN; ");
    assert_int_equal(answer->expected, 2);
    assert_int_equal(answer->missing, 0);
    assert_string_equal(answer->period_state, "open");
    assert_int_equal(answer->known_at_us % 1000000, 0);
}

static void
staff_see_headers_of_all_and_no_exposures_and_what_a_body_says_with_the_agreement(void **state)
{
    struct readers *readers = *state;
    assert_string_equal(show(matrix(readers, STAFF, &anything)),
                        "M1 LIQUIDITY 2020-06-30 ACCEPTED ON_TIME; "
                        "M2 LIQUIDITY 2020-06-30 EXPECTED OPEN; ");
    set_agreement(readers, "M1", true);
    assert_string_equal(show(matrix(readers, STAFF, &anything)),
                        "M1 LIQUIDITY 2020-06-30 NIL ON_TIME; "
                        "M2 LIQUIDITY 2020-06-30 EXPECTED OPEN; ");
}

static void a_member_sees_its_own(void **state)
{
    const Ihuriro__V1__Matrix *answer = matrix(*state, MEMBER_1, &anything);
    assert_string_equal(show(answer), "M1 LIQUIDITY 2020-06-30 NIL ON_TIME; "
                                      "M1 EXPOSURES 2020-06 EXPECTED OPEN; ");
    assert_int_equal(answer->expected, 1);
}

static void a_stranger_is_told_so(void **state)
{
    ask(*state, STRANGER, &anything);
    const Ihuriro__V1__Refused *refused = heard(*state, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "NOT_ENTITLED");
}

static void it_is_written_down_before_it_is_answered_and_not_again_within_ten_minutes(void **state)
{
    struct readers *readers = *state;
    const PbEvent *event = NULL;
    ask(readers, STAFF, &anything);
    assert_int_equal(readers->heard_count, 0);
    assert_int_equal(readers->event_count, 1);
    OK(MESSAGE_UNPACK(event, MESSAGE_TOLERANT, buffer_bytes(&readers->events[0]), &readers->arena,
                      &event));
    assert_int_equal(event->access->act, ACCESS_MATRIX);
    assert_string_equal(event->access->reader, "AMIR");
    assert_string_equal(event->access->filter->period, june);
    commit(readers);
    assert_int_equal(readers->heard_count, 1);
    ask(readers, STAFF, &anything);
    assert_int_equal(readers->event_count, 0);
    assert_int_equal(readers->heard_count, 1);
}

/* ---- as of when ---- */

static void as_known_before_it_came_a_report_is_not_there(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetMatrix request = anything;
    request.has_known_at_us = 1;
    request.known_at_us = readers->bench.now_us - 1500000;
    const Ihuriro__V1__Matrix *answer = matrix(readers, REGULATOR, &request);
    assert_int_equal(answer->known_at_us, request.known_at_us);
    assert_non_null(strstr(show(answer), "M1 LIQUIDITY 2020-06-30 EXPECTED OPEN; "));
}

static void as_of_an_earlier_record_what_came_later_is_not_there(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetMatrix request = anything;
    request.has_at_seq = 1;
    request.at_seq = head_now(readers) - 1;
    const Ihuriro__V1__Matrix *answer = matrix(readers, REGULATOR, &request);
    assert_int_equal(answer->position->size, request.at_seq);
    assert_non_null(strstr(show(answer), "M1 LIQUIDITY 2020-06-30 EXPECTED OPEN; "));
}

static void later_it_is_overdue_by_the_time_alone(void **state)
{
    struct readers *readers = *state;
    readers->bench.now_us += 10 * DAY_US;
    assert_non_null(strstr(show(matrix(readers, REGULATOR, &anything)),
                           "M2 LIQUIDITY 2020-06-30 EXPECTED OVERDUE; "));
}

static void pages_follow_one_another(void **state)
{
    Ihuriro__V1__GetMatrix request = anything;
    char after[] = "M1";
    char named[] = "M2";
    char *names[] = {named};
    request.after = after;
    const Ihuriro__V1__Matrix *answer = matrix(*state, REGULATOR, &request);
    assert_int_equal(answer->n_rows, 1);
    assert_string_equal(answer->rows[0]->institution, "M2");
    assert_false(answer->has_expected); /* the first page says it */
    assert_null(answer->next);
    request = anything;
    request.institutions = names;
    request.n_institutions = 1;
    answer = matrix(*state, REGULATOR, &request);
    assert_int_equal(answer->n_rows, 1);
    assert_int_equal(answer->expected, 1);
}

static void what_cannot_be_known_is_refused_in_words(void **state)
{
    struct readers *readers = *state;
    static const struct {
        char *period;
        int64_t known_at_us;
        uint64_t at_seq;
        const char *words;
    } rows[] = {
        {.period = "2020-06-30", .words = "of one month"},
        {.period = "nonsense", .words = "of one month"},
        {.period = "2020-09", .words = "has not begun"},
        {.period = june, .known_at_us = INT64_MAX, .words = "a time to come"},
        {.period = june, .known_at_us = 1, .words = "Nothing was known then"},
        {.period = june, .at_seq = 1000000, .words = "lies behind it"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Ihuriro__V1__GetMatrix request = anything;
        request.period = rows[i].period;
        request.has_known_at_us = rows[i].known_at_us != 0;
        request.known_at_us = rows[i].known_at_us;
        request.has_at_seq = rows[i].at_seq != 0;
        request.at_seq = rows[i].at_seq;
        ask(readers, REGULATOR, &request);
        const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
        assert_string_equal(refused->rule, "BAD_REQUEST");
        assert_non_null(strstr(refused->text, rows[i].words));
        assert_int_equal(readers->event_count, 0);
    }
}

/* ---- receipts ---- */

static Ihuriro__V1__GetReceipt receipt_of(struct readers *readers, uint64_t seq)
{
    AUTO(txn_end) struct txn txn = {0};
    Ihuriro__V1__GetReceipt request = IHURIRO__V1__GET_RECEIPT__INIT;
    static uint8_t id[SHA256_BYTES];
    struct record record;
    OK(txn_begin(store_env(readers->bench.store), false, &txn));
    OK(journal_get(&txn, seq, &record));
    memcpy(id, record.header.id, sizeof id);
    request.number = 4;
    request.seq = seq;
    request.id = pb_of_bytes(bytes_of(id, sizeof id));
    return request;
}

static void ask_receipt(struct readers *readers, uint8_t user,
                        const Ihuriro__V1__GetReceipt *request)
{
    forget(readers);
    say_to_query(readers, peer_of(1, user), VERB_GET_RECEIPT, &request->base);
    commit(readers);
}

static void a_receipt_is_given_of_what_may_be_seen_whole_and_verifies(void **state)
{
    struct readers *readers = *state;
    struct receipt receipt;
    struct complaint complaint = {{0}};
    Ihuriro__V1__GetReceipt request = receipt_of(readers, head_now(readers));
    ask_receipt(readers, REGULATOR, &request);
    const Ihuriro__V1__ReceiptAnswer *answer = heard(readers, 0, VERB_RECEIPT);
    OK(receipt_open(bytes_of_pb(answer->receipt), &readers->arena, &receipt));
    OK(receipt_verify(&receipt, &readers->bench.identity, request.id.data, &complaint));
    assert_int_equal(receipt.header.seq, request.seq);
    ask_receipt(readers, STAFF, &request);
    const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "NOT_ENTITLED");
}

static void a_record_that_is_not_where_it_was_seen_has_no_receipt(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetReceipt request = receipt_of(readers, head_now(readers));
    request.seq--;
    ask_receipt(readers, REGULATOR, &request);
    const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "POSITION_LOST");
    request.seq += 1000;
    ask_receipt(readers, REGULATOR, &request);
    refused = heard(readers, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "POSITION_LOST");
}

/* ---- notices ---- */

static const Ihuriro__V1__Notices *notices(struct readers *readers, uint8_t user)
{
    Ihuriro__V1__GetNotices request = IHURIRO__V1__GET_NOTICES__INIT;
    PbPosition zero = IHURIRO__V1__POSITION__INIT;
    request.number = 5;
    request.position = &zero;
    forget(readers);
    say_to_feed(readers, peer_of(1, user), VERB_GET_NOTICES, &request.base);
    for (int i = 0; i < 10 && readers->heard_count == 0; i++) {
        turn_feed(readers);
    }
    return heard(readers, 0, VERB_NOTICES);
}

static void check_notices(const Ihuriro__V1__Notices *answer, const char *const *wanted)
{
    size_t count = 0;
    for (; wanted[count] != NULL; count++) {
        assert_true(count < answer->n_notices);
        const Ihuriro__V1__Notice *notice = answer->notices[count];
        char text[128];
        (void)snprintf(text, sizeof text, "%s %s %s", notice_kind_name((int)notice->kind),
                       notice->institution, report_type_name((int)notice->type));
        assert_string_equal(text, wanted[count]);
    }
    assert_int_equal(answer->n_notices, count);
    assert_true(answer->caught_up);
}

static void each_reader_has_the_notices_of_what_it_may_see(void **state)
{
    struct readers *readers = *state;
    readers->bench.now_us += 10 * DAY_US;
    check_notices(notices(readers, REGULATOR),
                  (const char *const[]){"due_soon M1 EXPOSURES", "due_soon M2 LIQUIDITY",
                                        "due_soon M2 EXPOSURES", "overdue M1 EXPOSURES",
                                        "overdue M2 LIQUIDITY", "overdue M2 EXPOSURES",
                                        "escalated M1 EXPOSURES", "escalated M2 LIQUIDITY",
                                        "escalated M2 EXPOSURES", NULL});
    check_notices(notices(readers, STAFF),
                  (const char *const[]){"due_soon M2 LIQUIDITY", "overdue M2 LIQUIDITY", NULL});
    check_notices(notices(readers, MEMBER_1),
                  (const char *const[]){"due_soon M1 EXPOSURES", "overdue M1 EXPOSURES", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_READERS(test) cmocka_unit_test_setup_teardown(test, set_up, readers_close)
        WITH_READERS(the_regulator_sees_all_cells),
        WITH_READERS(
            staff_see_headers_of_all_and_no_exposures_and_what_a_body_says_with_the_agreement),
        WITH_READERS(a_member_sees_its_own),
        WITH_READERS(a_stranger_is_told_so),
        WITH_READERS(it_is_written_down_before_it_is_answered_and_not_again_within_ten_minutes),
        WITH_READERS(as_known_before_it_came_a_report_is_not_there),
        WITH_READERS(as_of_an_earlier_record_what_came_later_is_not_there),
        WITH_READERS(later_it_is_overdue_by_the_time_alone),
        WITH_READERS(pages_follow_one_another),
        WITH_READERS(what_cannot_be_known_is_refused_in_words),
        WITH_READERS(a_receipt_is_given_of_what_may_be_seen_whole_and_verifies),
        WITH_READERS(a_record_that_is_not_where_it_was_seen_has_no_receipt),
        WITH_READERS(each_reader_has_the_notices_of_what_it_may_see),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
