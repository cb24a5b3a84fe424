/* The ingest turn against DESIGN section 4, without sockets. */
#include "tests/support/reports.h"
#include "tests/unit/hub/hub_support.h"

static const struct bytes none = {0};

static int open_bench(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    bench_open(bench);
    bench_member(bench, "A-1", 1, 11);
    bench_member(bench, "B-1", 2, 12);
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    free(*state);
    return 0;
}

static void a_report_is_journaled_and_its_receipt_verifies(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    struct peer peer = peer_of(1, 11);
    bench_hello(bench, peer, none, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    assert_non_null(bench_submit_one(bench, peer, &session, &envelope, none, &packed)->header.data);
    struct receipt receipt = bench_verified(bench, &packed);
    assert_int_equal(receipt.header.verdict, VERDICT_ACCEPTED);
    assert_string_equal(receipt.header.institution, "A-1");
    assert_int_equal(receipt.header.received_at_us, bench->now_us);
    assert_int_equal(bench_count(bench, KIND_REPORT), 1);
}

static void the_same_report_again_gets_the_same_receipt(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer first = {0};
    AUTO(buffer_close) struct buffer again = {0};
    struct peer peer = peer_of(1, 11);
    bench_hello(bench, peer, none, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    bench_submit_one(bench, peer, &session, &envelope, none, &first);
    bench->now_us += DAY_US;
    bench_submit_one(bench, peer, &session, &envelope, none, &again);
    struct bytes a = bench_verified(bench, &first).raw_header;
    assert_true(bytes_equal(a, bench_verified(bench, &again).raw_header));
    /* Twice in one turn, and under another connection, it is still one record. */
    bench_begin(bench);
    bench_submit(bench, peer, &session, 1, &envelope, none);
    bench_submit(bench, peer, &session, 2, &envelope, none);
    bench_end(bench);
    const Ihuriro__V1__Answers *answers = bench_answer(bench, 0, VERB_ANSWERS);
    assert_int_equal(answers->n_answers, 2);
    assert_int_equal(answers->answers[1]->number, 2);
    assert_int_equal(bench_count(bench, KIND_REPORT), 1);
}

static void answers_come_in_the_order_of_the_requests_under_one_checkpoint(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer session_b = {0};
    struct peer a = peer_of(1, 11);
    struct peer b = peer_of(2, 12);
    bench_hello(bench, a, none, &session);
    bench_hello(bench, b, none, &session_b);
    bench_begin(bench);
    for (uint32_t i = 0; i < 30; i++) {
        AUTO(buffer_close) struct buffer envelope = {0};
        bool is_a = i % 2 == 0;
        nil_envelope(&(struct nil_report){is_a ? "A-1" : "B-1", BENCH_DAY - (int32_t)i, 1, false,
                                          NULL, NULL},
                     is_a ? 1 : 2, &envelope);
        bench_submit(bench, is_a ? a : b, is_a ? &session : &session_b, i, &envelope, none);
    }
    bench_end(bench);
    assert_int_equal(bench->frame_count, 2);
    for (size_t f = 0; f < 2; f++) {
        const Ihuriro__V1__Answers *answers = bench_answer(bench, f, VERB_ANSWERS);
        assert_int_equal(answers->n_answers, 15);
        for (size_t i = 0; i < 15; i++) {
            assert_int_equal(answers->answers[i]->number, 2 * i + f);
            assert_true(answers->answers[i]->has_header);
        }
    }
}

static void a_session_is_of_one_connection_and_one_hub_process(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    bench_hello(bench, peer_of(1, 11), none, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    bench_begin(bench);
    bench_submit(bench, peer_of(2, 11), &session, 1, &envelope, none); /* another connection */
    bench_submit(bench, peer_of(1, 12), &session, 1, &envelope, none); /* another key */
    bench_end(bench);
    bench_answer(bench, 0, VERB_HELLO_FIRST);
    bench_answer(bench, 1, VERB_HELLO_FIRST);
    bench_stop(bench);
    bench_start(bench);
    bench_begin(bench);
    bench_submit(bench, peer_of(1, 11), &session, 1, &envelope, none); /* another process */
    bench_end(bench);
    bench_answer(bench, 0, VERB_HELLO_FIRST);
    assert_int_equal(bench_count(bench, KIND_REPORT), 0);
}

struct refusal_case {
    const char *what;
    struct nil_report report;
    uint8_t signing;
    const char *rule;
};

static const struct refusal_case refusal_cases[] = {
    {"another institution's", {"B-1", BENCH_DAY, 1, false, NULL, NULL}, 2, "ENV-02"},
    {"an unknown institution's", {"C-1", BENCH_DAY, 1, false, NULL, NULL}, 1, "ENV-02"},
    {"signed by another key", {"A-1", BENCH_DAY, 1, false, NULL, NULL}, 2, "ENV-03"},
    {"test data on a real hub", {"A-1", BENCH_DAY, 1, true, NULL, NULL}, 1, "ENV-13"},
    {"a telephone number", {"A-1", BENCH_DAY, 1, false, "call 0788 123 456", NULL}, 1, "ENV-14"},
};

static void what_is_not_authentic_is_refused_with_its_rule_and_not_journaled(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    bench_hello(bench, peer_of(1, 11), none, &session);
    for (size_t i = 0; i < sizeof refusal_cases / sizeof refusal_cases[0]; i++) {
        const struct refusal_case *row = &refusal_cases[i];
        AUTO(buffer_close) struct buffer envelope = {0};
        nil_envelope(&row->report, row->signing, &envelope);
        const Ihuriro__V1__Answer *answer =
            bench_submit_one(bench, peer_of(1, 11), &session, &envelope, none, NULL);
        if (answer->refused == NULL || strcmp(answer->refused->rule, row->rule) != 0) {
            fail_msg("%s was not refused by %s", row->what, row->rule);
        }
    }
    assert_int_equal(bench_count(bench, KIND_REPORT), 0);
}

static enum err count_refusal(void *context, const struct refusal *refusal)
{
    size_t *count = context;
    assert_string_equal(refusal->sender, "A-1");
    (*count)++;
    return ERR_OK;
}

static void refusals_are_kept_with_rule_and_sender(void **state)
{
    struct bench *bench = *state;
    size_t count = 0;
    what_is_not_authentic_is_refused_with_its_rule_and_not_journaled(state);
    AUTO(txn_end) struct txn txn = {0};
    OK(txn_begin(store_env(bench->store), false, &txn));
    OK(refusals_walk(&txn, "A-1", count_refusal, &count));
    assert_int_equal(count, sizeof refusal_cases / sizeof refusal_cases[0]);
}

static enum err take_sender(void *context, const struct refusal *refusal)
{
    memcpy(context, refusal->sender, sizeof refusal->sender);
    return ERR_OK;
}

static void a_refusal_is_kept_under_the_institution_that_a_bureau_no_longer_speaks_for(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    struct peer bureau = peer_of(3, 13);
    char sender[INSTITUTION_ID_MAX + 1] = "";
    bench_member(bench, "C-1", 3, 13);
    bench_member(bench, "D-1", 4, 13);
    bench_revoke(bench, "D-1", bureau.user);
    bench_hello(bench, bureau, none, &session);
    nil_envelope(&(struct nil_report){"D-1", BENCH_DAY, 1, false, NULL, NULL}, 4, &envelope);
    assert_string_equal(
        bench_submit_one(bench, bureau, &session, &envelope, none, NULL)->refused->rule, "ENV-02");
    AUTO(txn_end) struct txn txn = {0};
    OK(txn_begin(store_env(bench->store), false, &txn));
    OK(refusals_walk(&txn, NULL, take_sender, sender));
    assert_string_equal(sender, "D-1");
}

static void every_flipped_byte_of_an_envelope_is_refused(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    bench_hello(bench, peer_of(1, 11), none, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    for (size_t i = 0; i < envelope.size; i++) {
        envelope.data[i] ^= 1;
        assert_non_null(
            bench_submit_one(bench, peer_of(1, 11), &session, &envelope, none, NULL)->refused);
        envelope.data[i] ^= 1;
    }
    assert_int_equal(bench_count(bench, KIND_REPORT), 0);
}

static void a_revoked_key_is_refused_from_the_next_message_on(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    struct signing_key *key = key_of_byte(1);
    uint8_t user[PUBLIC_KEY_BYTES];
    memset(user, 11, sizeof user);
    bench_hello(bench, peer_of(1, 11), none, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    bench_revoke(bench, "A-1", signing_key_public(key));
    const Ihuriro__V1__Answer *answer =
        bench_submit_one(bench, peer_of(1, 11), &session, &envelope, none, NULL);
    assert_string_equal(answer->refused->rule, "ENV-03");
    bench_revoke(bench, "A-1", user); /* and the connection itself */
    bench_begin(bench);
    bench_submit(bench, peer_of(1, 11), &session, 1, &envelope, none);
    bench_end(bench);
    assert_string_equal(((const Ihuriro__V1__Refused *)bench_answer(bench, 0, VERB_REFUSED))->rule,
                        "NOT_ENTITLED");
    signing_key_close(&key);
}

static void a_vintage_that_is_not_the_next_is_rejected_and_takes_no_vintage(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    struct peer peer = peer_of(1, 11);
    bench_hello(bench, peer, none, &session);
    struct nil_report reports[] = {
        {"A-1", BENCH_DAY, 1, false, NULL, NULL},     /* accepted */
        {"A-1", BENCH_DAY, 1, false, "other", NULL},  /* a copied agent: vintage 1 again */
        {"A-1", BENCH_DAY, 3, false, NULL, NULL},     /* one is missing */
        {"A-1", BENCH_DAY, 2, false, "mended", NULL}, /* the next one */
    };
    const int verdicts[] = {VERDICT_ACCEPTED, VERDICT_REJECTED, VERDICT_REJECTED, VERDICT_ACCEPTED};
    for (size_t i = 0; i < 4; i++) {
        AUTO(buffer_close) struct buffer envelope = {0};
        AUTO(buffer_close) struct buffer packed = {0};
        nil_envelope(&reports[i], 1, &envelope);
        bench_submit_one(bench, peer, &session, &envelope, none, &packed);
        struct receipt receipt = bench_verified(bench, &packed);
        assert_int_equal(receipt.header.verdict, verdicts[i]);
        if (verdicts[i] == VERDICT_REJECTED) {
            const PbJudgement *judgement = NULL;
            OK(MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, receipt.judgement, &bench->arena,
                              &judgement));
            assert_string_equal(judgement->findings[0]->rule, "ENV-04");
        }
    }
    assert_int_equal(bench_count(bench, KIND_REPORT), 4);
}

/* ---- reports beside one another ---- */

/* Submits a report in a turn of its own; the receipt's header. */
static struct header submit_report(struct bench *bench, const struct buffer *session,
                                   const PbReport *report, const PbJudgement **ret_judgement)
{
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    struct signing_key *key = key_of_byte(1);
    report_pack(report, &raw);
    OK(envelope_make(key, buffer_bytes(&raw), &envelope));
    bench_submit_one(bench, peer_of(1, 11), session, &envelope, none, &packed);
    struct receipt receipt = bench_verified(bench, &packed);
    OK(MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, receipt.judgement, &bench->arena,
                      ret_judgement));
    signing_key_close(&key);
    return receipt.header;
}

static void exposures_are_judged_beside_the_current_liquidity_of_their_period(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(arena_close) struct arena arena = {0};
    const PbJudgement *judgement = NULL;
    PbReport *exposures = report_of_exposures(&arena, "A-1", "2020-06", 1);
    exposures->exposures->has_top20_depositors = 1;
    exposures->exposures->top20_depositors = INT64_C(1000000000000); /* more than all deposits */
    bench->now_us = report_received_at_us(exposures);
    bench_hello(bench, peer_of(1, 11), none, &session);
    assert_int_not_equal(submit_report(bench, &session, exposures, &judgement).verdict,
                         VERDICT_REJECTED);
    PbReport *liquidity = report_of_liquidity(&arena, "A-1", "2020-06", 1);
    assert_int_not_equal(submit_report(bench, &session, liquidity, &judgement).verdict,
                         VERDICT_REJECTED);
    exposures->vintage = 2;
    exposures->has_reason = 1;
    exposures->reason = IHURIRO__V1__REPORT__REASON__ERROR;
    assert_int_equal(submit_report(bench, &session, exposures, &judgement).verdict,
                     VERDICT_REJECTED);
    assert_string_equal(judgement->findings[0]->rule, "LIQ-05");
}

/* D48: a vintage that only explains does not count towards too many. */
static void vintages_that_only_explain_are_not_counted(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(arena_close) struct arena arena = {0};
    const PbJudgement *judgement = NULL;
    const int reasons[] = {0, IHURIRO__V1__REPORT__REASON__EXPLAINED,
                           IHURIRO__V1__REPORT__REASON__ERROR, IHURIRO__V1__REPORT__REASON__ERROR,
                           IHURIRO__V1__REPORT__REASON__ERROR};
    PbReport *report = report_of_portfolio(&arena, "A-1", "2020-06", 1);
    bench->now_us = report_received_at_us(report);
    bench_hello(bench, peer_of(1, 11), none, &session);
    for (uint32_t i = 0; i < 5; i++) {
        report->vintage = i + 1;
        report->has_reason = i > 0;
        report->reason = (Ihuriro__V1__Report__Reason)reasons[i > 0 ? i : 1];
        assert_int_not_equal(submit_report(bench, &session, report, &judgement).verdict,
                             VERDICT_REJECTED);
        assert_int_equal(judgement->n_findings, i < 4 ? 0 : 1);
    }
    assert_string_equal(judgement->findings[0]->rule, "DEL-03");
}

/* ---- OWN ---- */

static void own_walks_back_over_all_reports_of_the_institution_and_no_other(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    struct peer peer = peer_of(1, 11);
    bench_hello(bench, peer, none, &session);
    for (int32_t i = 0; i < 100; i++) {
        AUTO(buffer_close) struct buffer envelope = {0};
        nil_envelope(&(struct nil_report){"A-1", BENCH_DAY - i, 1, false, NULL, NULL}, 1,
                     &envelope);
        bench_submit_one(bench, peer, &session, &envelope, none, NULL);
    }
    uint64_t before = 0;
    size_t got = 0;
    do {
        Ihuriro__V1__Own own = IHURIRO__V1__OWN__INIT;
        own.session = pb_of_bytes(buffer_bytes(&session));
        own.number = 9;
        own.institution = (char *)(uintptr_t) "A-1";
        own.before = before;
        bench_begin(bench);
        bench_say(bench, peer, VERB_OWN, &own.base);
        bench_end(bench);
        assert_true(bench->frames[0].size <= INGEST_ANSWER_MAX);
        const Ihuriro__V1__OwnAnswer *answer = bench_answer(bench, 0, VERB_OWN_ANSWER);
        for (size_t i = 0; i < answer->n_reports; i++) {
            AUTO(buffer_close) struct buffer packed = {0};
            OK(receipt_pack(bytes_of_pb(answer->reports[i]->header),
                            bytes_of_pb(answer->reports[i]->proof), bytes_of_pb(answer->checkpoint),
                            bytes_of_pb(answer->reports[i]->judgement), &packed));
            struct receipt receipt = bench_verified(bench, &packed);
            assert_int_equal(receipt.header.period_end_day, BENCH_DAY - 99 + (int32_t)got++);
        }
        before = answer->next;
    } while (before != 0);
    assert_int_equal(got, 100);
}

static void own_of_another_institution_is_refused(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    Ihuriro__V1__Own own = IHURIRO__V1__OWN__INIT;
    bench_hello(bench, peer_of(1, 11), none, &session);
    own.session = pb_of_bytes(buffer_bytes(&session));
    own.institution = (char *)(uintptr_t) "B-1";
    bench_begin(bench);
    bench_say(bench, peer_of(1, 11), VERB_OWN, &own.base);
    bench_end(bench);
    bench_answer(bench, 0, VERB_REFUSED);
}

/* ---- delays ---- */

static void a_clock_in_doubt_takes_no_report_and_says_for_how_long_to_wait(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    bench_hello(bench, peer_of(1, 11), none, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    bench->clock_state = CLOCK_JUMPED;
    const Ihuriro__V1__Answer *answer =
        bench_submit_one(bench, peer_of(1, 11), &session, &envelope, none, NULL);
    assert_int_equal(answer->retry_later->scope, IHURIRO__V1__RETRY_LATER__SCOPE__HUB);
    assert_int_equal(bench_count(bench, KIND_REPORT), 0);
}

static void the_quota_delays_fresh_reports_and_never_what_is_held(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer first = {0};
    AUTO(buffer_close) struct buffer second = {0};
    quota_close(&bench->ingest.quota);
    OK(quota_make(1, 60, &bench->ingest.quota));
    bench_hello(bench, peer_of(1, 11), none, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &first);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY - 1, 1, false, NULL, NULL}, 1, &second);
    assert_true(bench_submit_one(bench, peer_of(1, 11), &session, &first, none, NULL)->has_header);
    const Ihuriro__V1__Answer *answer =
        bench_submit_one(bench, peer_of(1, 11), &session, &second, none, NULL);
    assert_int_equal(answer->retry_later->scope, IHURIRO__V1__RETRY_LATER__SCOPE__INSTITUTION);
    assert_in_range(answer->retry_later->seconds, 1, 61);
    assert_true(bench_submit_one(bench, peer_of(1, 11), &session, &first, none, NULL)->has_header);
    bench->now_us += 61000000;
    assert_true(bench_submit_one(bench, peer_of(1, 11), &session, &second, none, NULL)->has_header);
}

static void received_at_never_goes_back(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer first = {0};
    AUTO(buffer_close) struct buffer second = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    bench_hello(bench, peer_of(1, 11), none, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &first);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY - 1, 1, false, NULL, NULL}, 1, &second);
    bench_submit_one(bench, peer_of(1, 11), &session, &first, none, NULL);
    int64_t then = bench->now_us;
    bench->now_us -= 1000000;
    bench_submit_one(bench, peer_of(1, 11), &session, &second, none, &packed);
    assert_int_equal(bench_verified(bench, &packed).header.received_at_us, then);
}

/* ---- garbage ---- */

static void garbage_is_answered_and_changes_nothing(void **state)
{
    struct bench *bench = *state;
    static const uint8_t frames[][8] = {
        {0},
        {1},
        {1, 0},
        {1, 0, 19},
        {1, 0, 16, 255, 255},
        {2, 0, 16},
        {1, 255, 255, 1, 2, 3},
        {1, 0, 21, 8},
    };
    struct peer peer = peer_of(1, 11);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        for (size_t size = 0; size <= sizeof frames[0]; size++) {
            bench_begin(bench);
            OK(ingest_message(&bench->ingest, &peer, bytes_of(frames[i], size)));
            bench_end(bench);
            assert_int_equal(bench->frame_count, 1);
        }
    }
    assert_int_equal(bench_count(bench, KIND_REPORT), 0);
}

static void an_act_that_is_refused_changes_nothing(void **state)
{
    struct bench *bench = *state;
    AUTO(buffer_close) struct buffer raw = {0};
    struct complaint complaint = {{0}};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__AgreementAct agreement = IHURIRO__V1__AGREEMENT_ACT__INIT;
    uint64_t first;
    uint64_t last;
    uint64_t before = bench_count(bench, KIND_AGREEMENT);
    event.time_us = bench->now_us;
    event.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    event.subject = (char *)(uintptr_t) "NOBODY";
    event.agreement = &agreement;
    OK(message_pack(&event.base, &raw));
    struct bytes bytes = buffer_bytes(&raw);
    bench_begin(bench);
    size_t acts_before = acts_count(bench->acts);
    assert_int_equal(writer_acts(bench->writer, &bytes, 1, &complaint, &first, &last), ERR_REFUSED);
    assert_true(complaint.text[0] != 0);
    bench_end(bench);
    assert_int_equal(acts_count(bench->acts), acts_before);
    assert_int_equal(bench_count(bench, KIND_AGREEMENT), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_report_is_journaled_and_its_receipt_verifies),
        TEST(the_same_report_again_gets_the_same_receipt),
        TEST(answers_come_in_the_order_of_the_requests_under_one_checkpoint),
        TEST(a_session_is_of_one_connection_and_one_hub_process),
        TEST(what_is_not_authentic_is_refused_with_its_rule_and_not_journaled),
        TEST(refusals_are_kept_with_rule_and_sender),
        TEST(a_refusal_is_kept_under_the_institution_that_a_bureau_no_longer_speaks_for),
        TEST(every_flipped_byte_of_an_envelope_is_refused),
        TEST(a_revoked_key_is_refused_from_the_next_message_on),
        TEST(a_vintage_that_is_not_the_next_is_rejected_and_takes_no_vintage),
        TEST(exposures_are_judged_beside_the_current_liquidity_of_their_period),
        TEST(vintages_that_only_explain_are_not_counted),
        TEST(own_walks_back_over_all_reports_of_the_institution_and_no_other),
        TEST(own_of_another_institution_is_refused),
        TEST(a_clock_in_doubt_takes_no_report_and_says_for_how_long_to_wait),
        TEST(the_quota_delays_fresh_reports_and_never_what_is_held),
        TEST(received_at_never_goes_back),
        TEST(garbage_is_answered_and_changes_nothing),
        TEST(an_act_that_is_refused_changes_nothing),
    };
    return keys_init() != ERR_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
