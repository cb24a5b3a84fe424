/* GET_OWED: what an institution owes, whose answer it is, in pages, and no more often than it may.
 */
#include "tests/unit/hub/hub_support.h"

#include "hub/owed.h"
#include "proto/cells.h"
#include "tests/support/reports.h"

#define SACCO "SACCO-1"
/* The bench's day is 30 June 2020, three days before its now: 3 July 2020, 00:00 UTC. */
#define DUE_MINUTES 600

static char *words(const char *text)
{
    return (char *)(uintptr_t)text; /* packed only */
}

/* LIQUIDITY of each day, due on the next at 10:00, overdue half a day later; OPERATIONS of months,
 * five days later. */
static void settle(struct bench *bench)
{
    PbObligation daily = IHURIRO__V1__OBLIGATION__INIT;
    PbObligation monthly = IHURIRO__V1__OBLIGATION__INIT;
    PbObligation *list[] = {&daily, &monthly};
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__Currency francs = IHURIRO__V1__CURRENCY__INIT;
    Ihuriro__V1__Currency *currencies[] = {&francs};
    francs.code = words("RWF");
    daily.id = words("LIQUIDITY-D");
    daily.type = words("LIQUIDITY");
    daily.frequency = words("D");
    daily.wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
    daily.due_days = 1;
    daily.due_minutes = DUE_MINUTES;
    daily.has_grace_hours = true;
    daily.grace_hours = 12;
    monthly = daily;
    monthly.id = words("OPERATIONS-M");
    monthly.type = words("OPERATIONS");
    monthly.frequency = words("M");
    monthly.due_days = 5;
    settings.format = 1;
    settings.country = words("RW");
    settings.version = words("for tests");
    settings.currencies = currencies;
    settings.n_currencies = 1;
    Ihuriro__V1__PrudentialLimit npl = IHURIRO__V1__PRUDENTIAL_LIMIT__INIT;
    Ihuriro__V1__PrudentialLimit equity = IHURIRO__V1__PRUDENTIAL_LIMIT__INIT;
    Ihuriro__V1__PrudentialLimit insider = IHURIRO__V1__PRUDENTIAL_LIMIT__INIT;
    Ihuriro__V1__PrudentialLimit *limits[] = {&npl, &equity, &insider};
    npl.id = words("NPL");
    npl.ratio = words("R03.NPL");
    npl.direction = IHURIRO__V1__PRUDENTIAL_LIMIT__DIRECTION__MAX;
    npl.has_amber = npl.has_red = true;
    npl.amber = 500;
    npl.red = 1000;
    npl.confirmed = words("the authority, on 1 March, of its circular");
    equity = npl;
    equity.id = words("EQUITY");
    equity.ratio = words("R22");
    equity.direction = IHURIRO__V1__PRUDENTIAL_LIMIT__DIRECTION__MIN;
    equity.amber = 3500;
    equity.red = 1500;
    equity.confirmed = NULL;
    insider = equity;
    insider.id = words("INSIDER");
    insider.ratio = words("R32.INSIDER");
    insider.direction = IHURIRO__V1__PRUDENTIAL_LIMIT__DIRECTION__MAX;
    settings.limits = limits;
    settings.n_limits = 3;
    settings.obligations = list;
    settings.n_obligations = 2;
    event.settings = &settings;
    uint64_t seq = 0;
    bench_begin(bench);
    OK(writer_new_event(bench->writer, &event, &seq));
    bench_end(bench);
}

/* Enrolled on 24 June: what begins after that day is owed. */
static void open_bench(struct bench *bench, struct buffer *session)
{
    bench_open(bench);
    bench->now_us -= 9 * DAY_US;
    settle(bench);
    bench_member(bench, SACCO, 1, 1);
    bench_member(bench, "SACCO-2", 2, 2);
    bench->now_us += 9 * DAY_US;
    bench_hello(bench, peer_of(1, 1), (struct bytes){0}, session);
}

static void ask(struct bench *bench, const struct buffer *session, const char *institution,
                uint32_t offset)
{
    Ihuriro__V1__GetOwed get = IHURIRO__V1__GET_OWED__INIT;
    get.session = pb_of_bytes(buffer_bytes(session));
    get.number = 7;
    get.institution = words(institution);
    get.has_offset = true;
    get.offset = offset;
    bench_begin(bench);
    bench_say(bench, peer_of(1, 1), VERB_GET_OWED, &get.base);
    bench_end(bench);
}

static const Ihuriro__V1__Owed *owed(struct bench *bench, const struct buffer *session)
{
    ask(bench, session, SACCO, 0);
    const Ihuriro__V1__Owed *answer = bench_answer(bench, 0, VERB_OWED);
    assert_int_equal(answer->number, 7);
    assert_string_equal(answer->institution, SACCO);
    return answer;
}

static const Ihuriro__V1__OwedRow *row(const Ihuriro__V1__Owed *answer, const char *period)
{
    for (size_t i = 0; i < answer->n_rows; i++) {
        if (strcmp(answer->rows[i]->period, period) == 0) {
            return answer->rows[i];
        }
    }
    fail_msg("there is no row of %s", period);
    return NULL;
}

static void is(const Ihuriro__V1__OwedRow *row, enum progress progress, enum timeliness timeliness)
{
    assert_string_equal(row->progress, progress_name(progress));
    assert_string_equal(row->timeliness, timeliness_name(timeliness));
}

static void send_day(struct bench *bench, const struct buffer *session, int32_t day,
                     uint32_t vintage, const char *currency)
{
    AUTO(buffer_close) struct buffer envelope = {0};
    struct nil_report nil = {
        .institution = SACCO, .day = day, .vintage = vintage, .currency = currency};
    nil_envelope(&nil, 1, &envelope);
    (void)bench_submit_one(bench, peer_of(1, 1), session, &envelope, (struct bytes){0}, NULL);
}

static void an_institution_hears_what_it_owes_by_when_and_what_is_overdue(void **state)
{
    (void)state;
    struct bench bench;
    AUTO(buffer_close) struct buffer session = {0};
    open_bench(&bench, &session);
    send_day(&bench, &session, BENCH_DAY - 1, 1, "RWF"); /* two days late */
    send_day(&bench, &session, BENCH_DAY + 1, 1, "RWF"); /* in time */
    send_day(&bench, &session, BENCH_DAY, 1, "BIF");     /* rejected */
    const Ihuriro__V1__Owed *answer = owed(&bench, &session);
    for (size_t i = 1; i < answer->n_rows; i++) {
        assert_true(answer->rows[i - 1]->due_us <= answer->rows[i]->due_us);
    }
    is(answer->rows[0], PROGRESS_EXPECTED, TIMELINESS_OVERDUE);
    is(row(answer, "2020-06-29"), PROGRESS_NIL, TIMELINESS_LATE);
    is(row(answer, "2020-06-30"), PROGRESS_REJECTED, TIMELINESS_OVERDUE);
    is(row(answer, "2020-07-01"), PROGRESS_NIL, TIMELINESS_LATE);
    is(row(answer, "2020-07-02"), PROGRESS_EXPECTED, TIMELINESS_OPEN);
    is(row(answer, "2020-07-03"), PROGRESS_NOT_DUE, TIMELINESS_OPEN);
    is(row(answer, "2020-07"), PROGRESS_NOT_DUE, TIMELINESS_OPEN);
    const Ihuriro__V1__OwedRow *june = row(answer, "2020-06-30");
    assert_int_equal(june->due_us, (BENCH_DAY + 1) * DAY_US + DUE_MINUTES * INT64_C(60000000));
    assert_int_equal(june->grace_us, june->due_us + DAY_US / 2);
    assert_string_equal(june->obligation, "LIQUIDITY-D");
    assert_int_equal(answer->now_us, bench.now_us);
    /* Enrolled on the 24th: nothing before, and nothing that is far ahead. */
    for (size_t i = 0; i < answer->n_rows; i++) {
        assert_true(strcmp(answer->rows[i]->period, "2020-06-25") >= 0);
        assert_true(strcmp(answer->rows[i]->period, "2020-07-11") < 0);
    }
    assert_false(answer->has_next);
    bench_close(&bench);
}

static void a_waived_report_is_none_that_is_overdue(void **state)
{
    (void)state;
    struct bench bench;
    AUTO(buffer_close) struct buffer session = {0};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__Waived waived = IHURIRO__V1__WAIVED__INIT;
    open_bench(&bench, &session);
    is(row(owed(&bench, &session), "2020-06-28"), PROGRESS_EXPECTED, TIMELINESS_OVERDUE);
    waived.period = words("2020-06-28");
    waived.reason = words("the line was cut");
    event.subject = words(SACCO);
    event.waived = &waived;
    bench_begin(&bench);
    bench_act(&bench, &event);
    bench_end(&bench);
    is(row(owed(&bench, &session), "2020-06-28"), PROGRESS_WAIVED, TIMELINESS_EXCUSED);
    is(row(owed(&bench, &session), "2020-06-29"), PROGRESS_EXPECTED, TIMELINESS_OVERDUE);
    bench_close(&bench);
}

static void send_report(struct bench *bench, const struct buffer *session, PbReport *report)
{
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    struct signing_key *key = key_of_byte(1);
    report_pack(report, &raw);
    OK(envelope_make(key, buffer_bytes(&raw), &envelope));
    signing_key_close(&key);
    (void)bench_submit_one(bench, peer_of(1, 1), session, &envelope, (struct bytes){0}, &receipt);
    assert_true(verdict_accepts(bench_verified(bench, &receipt).header.verdict));
}

/* Of the book of reports.h 13.33 % do not perform, and equity is 30 % of assets; of insiders
 * nothing is known. */
static void the_limits_that_the_last_reports_breached_or_came_near_are_said(void **state)
{
    (void)state;
    struct bench bench;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer session = {0};
    open_bench(&bench, &session);
    assert_int_equal(owed(&bench, &session)->n_breaches, 0);
    send_report(&bench, &session, report_of_capital(&arena, SACCO, "2020-05", 1));
    send_report(&bench, &session, report_of_portfolio(&arena, SACCO, "2020-06", 1));
    const Ihuriro__V1__Owed *answer = owed(&bench, &session);
    assert_int_equal(answer->n_breaches, 2);
    assert_string_equal(answer->breaches[0]->limit, "NPL");
    assert_string_equal(answer->breaches[0]->period, "2020-06");
    assert_int_equal(answer->breaches[0]->value, 1333);
    assert_int_equal(answer->breaches[0]->bound, 1000);
    assert_true(answer->breaches[0]->is_breach && answer->breaches[0]->is_confirmed);
    assert_string_equal(answer->breaches[1]->limit, "EQUITY");
    assert_string_equal(answer->breaches[1]->period, "2020-05"); /* the last that is known of it */
    assert_int_equal(answer->breaches[1]->value, 3000);
    assert_int_equal(answer->breaches[1]->bound, 3500);
    assert_false(answer->breaches[1]->is_breach || answer->breaches[1]->is_confirmed);
    bench.now_us += 100 * DAY_US; /* of three months ago nothing is said */
    assert_int_equal(owed(&bench, &session)->n_breaches, 0);
    bench_close(&bench);
}

static void what_is_settled_is_said_for_a_while_and_what_is_lacking_for_a_year(void **state)
{
    (void)state;
    struct bench bench;
    AUTO(buffer_close) struct buffer session = {0};
    open_bench(&bench, &session);
    send_day(&bench, &session, BENCH_DAY, 1, "RWF");
    bench.now_us += 60 * DAY_US;
    const Ihuriro__V1__Owed *answer = owed(&bench, &session);
    is(row(answer, "2020-06-29"), PROGRESS_EXPECTED, TIMELINESS_OVERDUE);
    for (size_t i = 0; i < answer->n_rows; i++) {
        assert_string_not_equal(answer->rows[i]->period, "2020-06-30");
    }
    bench_close(&bench);
}

static void many_rows_come_in_pages_that_make_one_whole(void **state)
{
    (void)state;
    struct bench bench;
    AUTO(buffer_close) struct buffer session = {0};
    open_bench(&bench, &session);
    bench.now_us += 800 * DAY_US; /* 400 days are overdue, and 13 months: some 40 KB */
    size_t rows = 0;
    uint32_t offset = 0;
    for (;;) {
        ask(&bench, &session, SACCO, offset);
        assert_true(bench.frames[0].size <= INGEST_ANSWER_MAX);
        const Ihuriro__V1__Owed *answer = bench_answer(&bench, 0, VERB_OWED);
        rows += answer->n_rows;
        assert_true(answer->n_rows > 0);
        if (!answer->has_next) {
            break;
        }
        assert_true(answer->next > offset);
        offset = answer->next;
    }
    assert_true(rows > 400 && rows < 440);
    ask(&bench, &session, SACCO, 100000);
    const Ihuriro__V1__Owed *beyond = bench_answer(&bench, 0, VERB_OWED);
    assert_int_equal(beyond->n_rows, 0);
    assert_false(beyond->has_next);
    bench_close(&bench);
}

static void it_is_told_to_nobody_else_and_under_no_other_session(void **state)
{
    (void)state;
    struct bench bench;
    AUTO(buffer_close) struct buffer session = {0};
    open_bench(&bench, &session);
    ask(&bench, &session, "SACCO-2", 0);
    const Ihuriro__V1__Refused *refused = bench_answer(&bench, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "NOT_ENTITLED");
    ask(&bench, &session, "SACCO-9", 0);
    refused = bench_answer(&bench, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "NOT_ENTITLED");
    session.data[20] ^= 1;
    ask(&bench, &session, SACCO, 0);
    (void)bench_answer(&bench, 0, VERB_HELLO_FIRST);
    bench_close(&bench);
}

static void who_asks_too_often_is_told_to_come_later(void **state)
{
    (void)state;
    struct bench bench;
    AUTO(buffer_close) struct buffer session = {0};
    open_bench(&bench, &session);
    for (int i = 0; i < OWED_BUCKET; i++) {
        (void)owed(&bench, &session);
    }
    ask(&bench, &session, SACCO, 0);
    const Ihuriro__V1__RetryLater *later = bench_answer(&bench, 0, VERB_RETRY_LATER);
    assert_string_equal(later->institution, SACCO);
    assert_true(later->seconds > 0 && later->seconds <= 60);
    bench.now_us += later->seconds * INT64_C(1000000);
    (void)owed(&bench, &session);
    assert_int_equal(bench.counters.owed, OWED_BUCKET + 1);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_institution_hears_what_it_owes_by_when_and_what_is_overdue),
        cmocka_unit_test(a_waived_report_is_none_that_is_overdue),
        cmocka_unit_test(the_limits_that_the_last_reports_breached_or_came_near_are_said),
        cmocka_unit_test(what_is_settled_is_said_for_a_while_and_what_is_lacking_for_a_year),
        cmocka_unit_test(many_rows_come_in_pages_that_make_one_whole),
        cmocka_unit_test(it_is_told_to_nobody_else_and_under_no_other_session),
        cmocka_unit_test(who_asks_too_often_is_told_to_come_later),
    };
    return keys_init() == ERR_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
