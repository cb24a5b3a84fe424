/* History that was lost, as the hub learns of it and is made whole again: DESIGN section 4. */
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

struct lost {
    struct buffer envelope;
    struct buffer receipt;
    int64_t first_us;
};

static void receipt_one(struct bench *bench, int32_t day, struct lost *lost)
{
    AUTO(buffer_close) struct buffer session = {0};
    bench_hello(bench, peer_of(1, 11), none, &session);
    nil_envelope(&(struct nil_report){"A-1", day, 1, false, NULL, NULL}, 1, &lost->envelope);
    bench_submit_one(bench, peer_of(1, 11), &session, &lost->envelope, none, &lost->receipt);
    lost->first_us = bench->now_us;
}

/* A report is receipted; then the hub starts again from an empty store, by another clock: its disk
 * was put back. */
static void lose_history_at(struct bench *bench, struct lost *lost, int64_t later_us)
{
    struct complaint complaint = {{0}};
    char command[256];
    struct store_meta meta = *store_meta(bench->store);
    receipt_one(bench, BENCH_DAY, lost);
    bench_stop(bench);
    snprintf(command, sizeof command, "rm -rf '%s'", bench->store_path);
    assert_int_equal(system(command), 0);
    OK(store_create(bench->store_path, &meta, &complaint));
    bench->now_us += later_us;
    bench_start(bench); /* the acts come back from acts.log */
}

static void lose_history(struct bench *bench, struct lost *lost)
{
    lose_history_at(bench, lost, DAY_US);
}

static void lost_close(struct lost *lost)
{
    buffer_close(&lost->envelope);
    buffer_close(&lost->receipt);
}

static void a_reoffer_keeps_time_and_verdict_and_outlives_the_key(void **state)
{
    struct bench *bench = *state;
    AUTO(lost_close) struct lost lost = {0};
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    struct signing_key *key = key_of_byte(1);
    lose_history(bench, &lost);
    bench_revoke(bench, "A-1", signing_key_public(key));
    bench_hello(bench, peer_of(1, 11), none, &session);
    bench_submit_one(bench, peer_of(1, 11), &session, &lost.envelope, buffer_bytes(&lost.receipt),
                     &packed);
    struct receipt receipt = bench_verified(bench, &packed);
    assert_int_equal(receipt.header.first_received_at_us, lost.first_us);
    assert_int_equal(receipt.header.received_at_us, bench->now_us);
    assert_int_equal(receipt.header.verdict, VERDICT_ACCEPTED);
    signing_key_close(&key);
}

/* The machine that the backup was restored on has a clock that is a little behind the old one's. */
static void a_reoffer_is_never_received_before_it_first_came(void **state)
{
    struct bench *bench = *state;
    AUTO(lost_close) struct lost lost = {0};
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    struct record record;
    lose_history_at(bench, &lost, INT64_C(-120) * 1000000);
    bench_hello(bench, peer_of(1, 11), none, &session);
    bench_submit_one(bench, peer_of(1, 11), &session, &lost.envelope, buffer_bytes(&lost.receipt),
                     &packed);
    struct receipt receipt = bench_verified(bench, &packed);
    assert_int_equal(receipt.header.first_received_at_us, lost.first_us);
    assert_int_equal(receipt.header.received_at_us, lost.first_us);
    AUTO(txn_end) struct txn txn = {0};
    OK(txn_begin(store_env(bench->store), false, &txn));
    OK(journal_get(&txn, receipt.header.seq, &record));
    OK(record_check(record.raw_header, record.judgement, record.body, &bench->arena, NULL));
}

static void a_reoffer_of_a_clock_far_ahead_waits_until_ours_has_caught_up(void **state)
{
    struct bench *bench = *state;
    AUTO(lost_close) struct lost lost = {0};
    AUTO(buffer_close) struct buffer session = {0};
    lose_history_at(bench, &lost, -DAY_US);
    bench_hello(bench, peer_of(1, 11), none, &session);
    const Ihuriro__V1__Answer *answer = bench_submit_one(
        bench, peer_of(1, 11), &session, &lost.envelope, buffer_bytes(&lost.receipt), NULL);
    assert_non_null(answer->retry_later);
    assert_int_equal(answer->retry_later->scope, IHURIRO__V1__RETRY_LATER__SCOPE__HUB);
    bench->now_us = lost.first_us;
    answer = bench_submit_one(bench, peer_of(1, 11), &session, &lost.envelope,
                              buffer_bytes(&lost.receipt), NULL);
    assert_true(answer->has_header);
    assert_int_equal(bench_count(bench, KIND_REPORT), 1);
}

static void a_genuine_checkpoint_outside_the_history_journals_history_lost_once(void **state)
{
    struct bench *bench = *state;
    AUTO(lost_close) struct lost lost = {0};
    AUTO(buffer_close) struct buffer session = {0};
    struct receipt receipt;
    lose_history(bench, &lost);
    OK(receipt_open(buffer_bytes(&lost.receipt), &bench->arena, &receipt));
    char text[CHECKPOINT_BYTES_MAX];
    size_t size = receipt.checkpoint.text.size;
    memcpy(text, receipt.checkpoint.text.data, size);
    bench_hello(bench, peer_of(1, 11), bytes_of(text, size), &session);
    const Ihuriro__V1__HelloAnswer *answer = bench_answer(bench, 0, VERB_HELLO_ANSWER);
    assert_int_equal(answer->stands->size, 0);
    bench_hello(bench, peer_of(1, 11), bytes_of(text, size), &session);
    bench_submit_one(bench, peer_of(1, 11), &session, &lost.envelope, buffer_bytes(&lost.receipt),
                     NULL);
    assert_int_equal(bench_count(bench, KIND_HISTORY_LOST), 1);
    text[size - 10] = text[size - 10] == 'A' ? 'B' : 'A'; /* a forged one says nothing */
    bench_stop(bench);
    bench_start(bench);
    bench_hello(bench, peer_of(1, 11), bytes_of(text, size), &session);
    assert_int_equal(bench_count(bench, KIND_HISTORY_LOST), 1);
}

/* Says hello with the checkpoint of a receipt, as an agent that holds it does; is it asked to
 * settle? */
static bool is_asked_to_settle(struct bench *bench, const struct lost *shown, bool settles)
{
    AUTO(buffer_close) struct buffer session = {0};
    struct receipt receipt;
    struct bytes text = none;
    if (shown != NULL) {
        OK(receipt_open(buffer_bytes(&shown->receipt), &bench->arena, &receipt));
        text = receipt.checkpoint.text;
    }
    bench_hello(bench, peer_of(1, 11), text, &session);
    const Ihuriro__V1__HelloAnswer *answer = bench_answer(bench, 0, VERB_HELLO_ANSWER);
    bool is_asked = answer->settle;
    if (settles) {
        Ihuriro__V1__Settled settled = IHURIRO__V1__SETTLED__INIT;
        char *names[] = {(char *)(uintptr_t) "A-1"};
        settled.institutions = names;
        settled.n_institutions = 1;
        settled.session = pb_of_bytes(buffer_bytes(&session));
        bench_begin(bench);
        bench_say(bench, peer_of(1, 11), VERB_SETTLED, &settled.base);
        bench_end(bench);
    }
    return is_asked;
}

static void a_higher_position_of_the_same_loss_asks_nobody_again_who_is_back(void **state)
{
    struct bench *bench = *state;
    AUTO(lost_close) struct lost lower = {0};
    AUTO(lost_close) struct lost higher = {0};
    receipt_one(bench, BENCH_DAY - 1, &lower);
    lose_history(bench, &higher);
    assert_true(is_asked_to_settle(bench, &lower, true));
    assert_int_equal(bench_count(bench, KIND_BACK), 1);
    assert_false(is_asked_to_settle(bench, &higher, false));
    assert_int_equal(bench_count(bench, KIND_HISTORY_LOST), 2);
    bench_stop(bench);
    bench_start(bench);
    assert_false(is_asked_to_settle(bench, NULL, false)); /* it is known after a start, too */
    AUTO(lost_close) struct lost another = {0};
    lose_history(bench, &another);
    assert_true(is_asked_to_settle(bench, &another, true)); /* another loss: all are asked */
}

static void settled_journals_back_once_an_institution_after_lost_history(void **state)
{
    struct bench *bench = *state;
    AUTO(lost_close) struct lost lost = {0};
    AUTO(buffer_close) struct buffer session = {0};
    Ihuriro__V1__Settled settled = IHURIRO__V1__SETTLED__INIT;
    char *names[] = {(char *)(uintptr_t) "A-1", (char *)(uintptr_t) "B-1"};
    settled.institutions = names;
    settled.n_institutions = 2;
    lose_history(bench, &lost);
    bench_hello(bench, peer_of(1, 11), none, &session);
    bench_submit_one(bench, peer_of(1, 11), &session, &lost.envelope, buffer_bytes(&lost.receipt),
                     NULL);
    for (int i = 0; i < 2; i++) {
        bench_hello(bench, peer_of(1, 11), none, &session);
        const Ihuriro__V1__HelloAnswer *answer = bench_answer(bench, 0, VERB_HELLO_ANSWER);
        assert_int_equal(answer->settle, i == 0);
        settled.session = pb_of_bytes(buffer_bytes(&session));
        bench_begin(bench);
        bench_say(bench, peer_of(1, 11), VERB_SETTLED, &settled.base);
        bench_end(bench);
    }
    assert_int_equal(bench_count(bench, KIND_BACK), 1); /* A-1's; B-1 is not this key's to say */
}

static void a_better_receipt_for_what_is_held_journals_earlier_receipt(void **state)
{
    struct bench *bench = *state;
    AUTO(lost_close) struct lost lost = {0};
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer later = {0};
    lose_history(bench, &lost);
    bench_hello(bench, peer_of(1, 11), none, &session);
    bench_submit_one(bench, peer_of(1, 11), &session, &lost.envelope, none,
                     &later); /* fresh, a day later */
    assert_int_equal(bench_verified(bench, &later).header.first_received_at_us, bench->now_us);
    for (int i = 0; i < 2; i++) {
        bench_submit_one(bench, peer_of(1, 11), &session, &lost.envelope,
                         buffer_bytes(&lost.receipt), NULL);
        assert_int_equal(bench_count(bench, KIND_EARLIER_RECEIPT), 1);
    }
    assert_int_equal(bench_count(bench, KIND_REPORT), 1);
}

static void a_forged_or_foreign_receipt_is_as_good_as_none(void **state)
{
    struct bench *bench = *state;
    AUTO(lost_close) struct lost lost = {0};
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer other = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    lose_history(bench, &lost);
    bench_hello(bench, peer_of(1, 11), none, &session);
    lost.receipt.data[lost.receipt.size / 2] ^= 1;
    bench_submit_one(bench, peer_of(1, 11), &session, &lost.envelope, buffer_bytes(&lost.receipt),
                     &packed);
    assert_int_equal(bench_verified(bench, &packed).header.first_received_at_us, bench->now_us);
    lost.receipt.data[lost.receipt.size / 2] ^= 1;
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY - 1, 1, false, NULL, NULL}, 1, &other);
    bench_submit_one(bench, peer_of(1, 11), &session, &other, buffer_bytes(&lost.receipt), &packed);
    assert_int_equal(bench_verified(bench, &packed).header.first_received_at_us, bench->now_us);
    assert_int_equal(bench_count(bench, KIND_EARLIER_RECEIPT), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reoffer_keeps_time_and_verdict_and_outlives_the_key),
        TEST(a_reoffer_is_never_received_before_it_first_came),
        TEST(a_reoffer_of_a_clock_far_ahead_waits_until_ours_has_caught_up),
        TEST(a_genuine_checkpoint_outside_the_history_journals_history_lost_once),
        TEST(a_higher_position_of_the_same_loss_asks_nobody_again_who_is_back),
        TEST(settled_journals_back_once_an_institution_after_lost_history),
        TEST(a_better_receipt_for_what_is_held_journals_earlier_receipt),
        TEST(a_forged_or_foreign_receipt_is_as_good_as_none),
    };
    return keys_init() != ERR_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
