/* DESIGN section 4, "Agent", points 2, 3 and 5: receipts, marks, what HELLO shows, what waits. */
#include "tests/unit/storage/outbox_support.h"

static struct entry_key sent(struct outbox_test *test, int month, int verdict, int64_t first_us)
{
    struct entry_key key;
    struct figures figures = june(month);
    figures.month = month;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    exchange(test, &key, verdict, first_us, false);
    return key;
}

static size_t mark(struct outbox_test *test, uint64_t stands)
{
    size_t marked = 99;
    assert_ok(outbox_mark(test->outbox, stands, &marked));
    return marked;
}

static bool is_marked(struct outbox_test *test, const struct entry_key *key)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    return entry_of(test, key, &bytes).to_offer;
}

/* Sizes of the checkpoints that a hello would show. */
static size_t shown(struct outbox_test *test, uint64_t sizes[static HELLO_CHECKPOINTS_MAX])
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(buffer_close) struct buffer texts = {0};
    size_t ends[HELLO_CHECKPOINTS_MAX];
    size_t count = 0;
    assert_ok(txn_begin(outbox_env(test->outbox), false, &txn));
    assert_ok(outbox_checkpoints(&txn, &texts, ends, &count));
    for (size_t i = 0; i < count; i++) {
        size_t from = i == 0 ? 0 : ends[i - 1];
        struct checkpoint checkpoint;
        assert_ok(checkpoint_parse(bytes_of(texts.data + from, ends[i] - from), &checkpoint));
        sizes[i] = checkpoint.position.size;
    }
    return count;
}

static void a_receipt_takes_its_report_out_of_what_is_to_send(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    struct entry_key key = sent(test, 6, VERDICT_ACCEPTED, NOW_US);
    reopen(test);
    struct entry entry = entry_of(test, &key, &bytes);
    assert_int_equal(entry.state, ENTRY_RECEIPTED);
    assert_false(entry.to_offer);
    assert_true(bytes_equal(entry.best, entry.latest));
    assert_true(entry.report.size > 0);
    assert_int_equal(list_of(test, outbox_to_send, NULL).count, 0);
    assert_int_equal(list_of(test, outbox_to_offer, NULL).count, 0);
    assert_int_equal(receipted_of(test, "MFI-ONE"), 1);
    assert_int_equal(receipted_of(test, "OTHER"), 0);
}

static void
the_best_receipt_is_the_accepted_then_the_earliest_and_the_latest_is_the_last(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer kept = {0};
    struct entry_key key = sent(test, 6, VERDICT_REJECTED, NOW_US);
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US + DAY_US, false); /* later, but accepted */
    struct entry entry = entry_of(test, &key, &bytes);
    assert_true(bytes_equal(entry.best, entry.latest));
    exchange(test, &key, VERDICT_REJECTED, NOW_US - DAY_US, false); /* earlier, but rejected */
    struct entry after = entry_of(test, &key, &kept);
    assert_true(bytes_equal(after.best, entry.best));
    assert_false(bytes_equal(after.latest, entry.latest));
    exchange(test, &key, VERDICT_ACCEPTED_WITH_WARNINGS, NOW_US, false); /* accepted, earlier */
    entry = entry_of(test, &key, &bytes);
    assert_true(bytes_equal(entry.best, entry.latest));
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US, false); /* as good: the first is kept */
    after = entry_of(test, &key, &kept);
    assert_true(bytes_equal(after.best, entry.best));
}

static void what_was_receipted_after_the_position_that_stands_is_marked_on_disk(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key first = sent(test, 4, VERDICT_ACCEPTED, NOW_US);
    struct entry_key second = sent(test, 5, VERDICT_REJECTED, NOW_US);
    struct entry_key third = sent(test, 6, VERDICT_ACCEPTED, NOW_US);
    assert_int_equal(mark(test, 3), 0);
    assert_int_equal(mark(test, 1), 2);
    assert_int_equal(mark(test, 1), 0); /* they are marked already */
    reopen(test);
    assert_false(is_marked(test, &first));
    assert_true(is_marked(test, &second));
    assert_true(is_marked(test, &third));
    assert_int_equal(receipted_of(test, "MFI-ONE"), 1);
    assert_int_equal(counts_of(test).to_offer, 2);
    assert_int_equal(counts_of(test).receipted, 3);
}

static void a_mark_is_cleared_by_the_answer_to_the_best_receipt_as_kept(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key = sent(test, 6, VERDICT_ACCEPTED, NOW_US);
    assert_int_equal(mark(test, 0), 1);
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US, false); /* it carried no receipt */
    assert_true(is_marked(test, &key));
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US, true);
    assert_false(is_marked(test, &key));
    assert_int_equal(mark(test, 0), 1); /* latest says where it lies now */
}

static void an_answer_to_a_receipt_that_is_no_longer_the_best_leaves_the_mark(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    struct entry_key key = sent(test, 6, VERDICT_ACCEPTED, NOW_US);
    struct entry_key at;
    assert_int_equal(mark(test, 0), 1);
    struct entry entry = entry_of(test, &key, &bytes);
    uint8_t offered[SHA256_BYTES];
    sha256(entry.best, offered);
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US - DAY_US, false); /* a better one came */
    hub_takes(test, &entry, VERDICT_ACCEPTED, NOW_US, &receipt);
    struct receipt_came came = {.receipt = buffer_bytes(&receipt), .offered_best = offered};
    assert_ok(store_receipt(test, &came, &at));
    assert_true(is_marked(test, &key));
    /* And an answer that is itself better than what was offered. */
    hub_takes(test, &entry, VERDICT_ACCEPTED, NOW_US - 2 * DAY_US, &receipt);
    entry = entry_of(test, &key, &bytes);
    sha256(entry.best, offered);
    came.receipt = buffer_bytes(&receipt);
    assert_ok(store_receipt(test, &came, &at));
    assert_true(is_marked(test, &key));
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US - 2 * DAY_US, true);
    assert_false(is_marked(test, &key));
}

static void a_receipt_under_an_earlier_session_is_stored_and_its_entry_marked(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    struct entry_key key;
    struct entry_key at;
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    struct entry entry = entry_of(test, &key, &bytes);
    hub_takes(test, &entry, VERDICT_ACCEPTED, NOW_US, &receipt);
    struct receipt_came came = {.receipt = buffer_bytes(&receipt), .earlier_session = true};
    assert_ok(store_receipt(test, &came, &at));
    entry = entry_of(test, &key, &bytes);
    assert_int_equal(entry.state, ENTRY_RECEIPTED);
    assert_true(entry.to_offer);
    assert_int_equal(list_of(test, outbox_to_offer, NULL).count, 1);
    /* Late once more, for a request that carried the best: still marked. */
    uint8_t best[SHA256_BYTES];
    sha256(entry.best, best);
    came.offered_best = best;
    assert_ok(store_receipt(test, &came, &at));
    assert_true(is_marked(test, &key));
}

static void hello_shows_unmarked_entries_newest_first_at_doubling_distances(void **state)
{
    struct outbox_test *test = *state;
    uint64_t sizes[HELLO_CHECKPOINTS_MAX];
    assert_int_equal(shown(test, sizes), 0);
    struct figures figures = june(0);
    struct entry_key key;
    for (int i = 0; i < 40; i++) { /* sizes 1 to 40 */
        figures.amount = i;
        assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
        exchange(test, &key, VERDICT_ACCEPTED, NOW_US + i, false);
    }
    static const uint64_t expected[] = {40, 39, 38, 36, 32, 24, 8};
    assert_int_equal(shown(test, sizes), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(sizes[i], expected[i]);
    }
    hub_grows(test, 200);
    figures.amount = 41;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US, false); /* size 241 */
    assert_int_equal(shown(test, sizes), 2);
    assert_int_equal(sizes[0], 241);
    assert_int_equal(sizes[1], 40);
    assert_int_equal(mark(test, 38), 3);
    assert_true(shown(test, sizes) >= 2);
    assert_int_equal(sizes[0], 38);
}

static void receipts_of_one_frame_are_shown_once(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    uint64_t sizes[HELLO_CHECKPOINTS_MAX];
    struct entry_key key = sent(test, 6, VERDICT_ACCEPTED, NOW_US);
    struct entry entry = entry_of(test, &key, &bytes);
    struct receipt_came came = {.receipt = entry.latest};
    assert_ok(store_receipt(test, &came, &key)); /* the same once more */
    assert_int_equal(shown(test, sizes), 1);
}

static void offers_go_oldest_first(void **state)
{
    struct outbox_test *test = *state;
    sent(test, 4, VERDICT_ACCEPTED, NOW_US + 3);
    sent(test, 5, VERDICT_ACCEPTED, NOW_US + 1);
    sent(test, 6, VERDICT_ACCEPTED, NOW_US + 2);
    assert_int_equal(mark(test, 0), 3);
    struct listed listed = list_of(test, outbox_to_offer, "MFI-ONE");
    assert_int_equal(listed.count, 3);
    assert_true(listed.keys[0].period_end_day < listed.keys[1].period_end_day);
    assert_true(listed.keys[2].period_end_day < listed.keys[0].period_end_day);
}

static void what_has_no_receipt_waits_while_anything_of_its_place_is_marked(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key correction;
    struct entry_key other;
    struct entry_key first = sent(test, 6, VERDICT_ACCEPTED, NOW_US);
    struct figures figures = june(20);
    assert_int_equal(queue_figures(test, &figures, NOW_US, &correction), QUEUED_NEW);
    figures.month = 7;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &other), QUEUED_NEW);
    assert_int_equal(list_of(test, outbox_to_send, NULL).count, 2);
    assert_int_equal(mark(test, 0), 1);
    struct listed listed = list_of(test, outbox_to_send, NULL);
    assert_int_equal(listed.count, 1);
    assert_int_equal(listed.keys[0].period_end_day, other.period_end_day);
    exchange(test, &first, VERDICT_ACCEPTED, NOW_US, true);
    assert_int_equal(list_of(test, outbox_to_send, NULL).count, 2);
}

static void a_report_that_the_hub_holds_and_we_do_not_becomes_an_entry(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    struct entry_key key;
    struct entry_key at;
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    struct entry entry = entry_of(test, &key, &bytes);
    hub_takes(test, &entry, VERDICT_ACCEPTED, NOW_US, &receipt);
    assert_ok(envelope_pack(entry.report, entry.signer, entry.signature, &envelope));
    assert_ok(outbox_drop(test->outbox, &key)); /* as on a disk that was put back */
    struct receipt_came came = {.receipt = buffer_bytes(&receipt), .now_us = NOW_US + 7};
    assert_int_equal(store_receipt(test, &came, &at), ERR_NOT_FOUND);
    came.envelope = buffer_bytes(&envelope);
    assert_ok(store_receipt(test, &came, &at));
    struct entry fetched = entry_of(test, &at, &bytes);
    assert_int_equal(fetched.state, ENTRY_RECEIPTED);
    assert_int_equal(fetched.vintage, 1);
    assert_int_equal(fetched.queued_at_us, NOW_US + 7);
    assert_int_equal(receipted_of(test, "MFI-ONE"), 1);
    assert_int_equal(queue_june(test, 10, &key), QUEUED_UNCHANGED); /* its figures are known */
    assert_int_equal(queue_june(test, 20, &key), QUEUED_NEW);
    assert_int_equal(entry_of(test, &key, &bytes).vintage, 2);
    /* An envelope of another report is refused, and nothing sticks. */
    AUTO(buffer_close) struct buffer other = {0};
    AUTO(txn_end) struct txn txn = {0};
    entry = entry_of(test, &key, &bytes);
    assert_ok(envelope_pack(entry.report, entry.signer, entry.signature, &other));
    assert_ok(outbox_drop(test->outbox, &key));
    hub_takes(test, &entry, VERDICT_ACCEPTED, NOW_US, &receipt);
    came = (struct receipt_came){.receipt = buffer_bytes(&receipt),
                                 .envelope = buffer_bytes(&envelope)};
    assert_ok(txn_begin(outbox_env(test->outbox), true, &txn));
    assert_int_equal(outbox_receipt(&txn, &came, &at), ERR_MALFORMED);
    came.envelope = buffer_bytes(&other);
    assert_ok(outbox_receipt(&txn, &came, &at));
    assert_ok(txn_commit(&txn));
}

static void an_offer_that_is_refused_keeps_its_receipt_and_its_mark(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    struct entry_key key = sent(test, 6, VERDICT_ACCEPTED, NOW_US);
    struct txn txn = {0};
    assert_int_equal(mark(test, 0), 1);
    assert_ok(txn_begin(outbox_env(test->outbox), true, &txn));
    assert_ok(outbox_refused(&txn, &key, "ENV-02", "Unknown institution.", true, NOW_US));
    assert_ok(txn_commit(&txn));
    struct entry entry = entry_of(test, &key, &bytes);
    assert_int_equal(entry.state, ENTRY_RECEIPTED);
    assert_true(entry.to_offer);
    assert_string_equal(entry.refused_rule, "ENV-02");
}

static void after_400_days_the_bytes_go_and_what_is_left_still_counts_unmarked(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    uint64_t sizes[HELLO_CHECKPOINTS_MAX];
    size_t pruned = 0;
    struct entry_key old = sent(test, 5, VERDICT_ACCEPTED, NOW_US);
    struct figures figures = june(6);
    struct entry_key young;
    assert_int_equal(queue_figures(test, &figures, NOW_US + DAY_US, &young), QUEUED_NEW);
    exchange(test, &young, VERDICT_ACCEPTED, NOW_US + DAY_US, false);
    assert_ok(outbox_prune(test->outbox, NOW_US + 400 * DAY_US, &pruned));
    assert_int_equal(pruned, 0);
    assert_ok(outbox_prune(test->outbox, NOW_US + 400 * DAY_US + 1, &pruned));
    assert_int_equal(pruned, 1);
    struct entry entry = entry_of(test, &old, &bytes);
    assert_int_equal(entry.report.size, 0);
    assert_true(entry.best.size > 0);
    assert_int_equal(receipted_of(test, "MFI-ONE"), 2);
    assert_int_equal(shown(test, sizes), 2);
    assert_int_equal(mark(test, 0), 1); /* the young one */
    assert_false(is_marked(test, &old));
    struct receipt_came came = {.receipt = entry.latest, .earlier_session = true};
    assert_ok(store_receipt(test, &came, &old));
    assert_false(is_marked(test, &old));
    assert_ok(outbox_prune(test->outbox, NOW_US + 500 * DAY_US, &pruned));
    assert_int_equal(pruned, 0); /* what is marked keeps its bytes */
    figures.month = 5;
    figures.amount = 7;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &young), QUEUED_NEW);
    assert_int_equal(entry_of(test, &young, &bytes).vintage, 2); /* its vintage still counts */
}

static void a_receipt_that_was_not_committed_is_not_there(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    struct entry_key key;
    struct entry_key at;
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    struct entry entry = entry_of(test, &key, &bytes);
    hub_takes(test, &entry, VERDICT_ACCEPTED, NOW_US, &receipt);
    struct receipt_came came = {.receipt = buffer_bytes(&receipt)};
    {
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(outbox_env(test->outbox), true, &txn));
        assert_ok(outbox_receipt(&txn, &came, &at));
    }
    assert_int_equal(list_of(test, outbox_to_send, NULL).count, 1);
    assert_int_equal(counts_of(test).receipted, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_outbox, leave_outbox)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_receipt_takes_its_report_out_of_what_is_to_send),
        TEST(the_best_receipt_is_the_accepted_then_the_earliest_and_the_latest_is_the_last),
        TEST(what_was_receipted_after_the_position_that_stands_is_marked_on_disk),
        TEST(a_mark_is_cleared_by_the_answer_to_the_best_receipt_as_kept),
        TEST(an_answer_to_a_receipt_that_is_no_longer_the_best_leaves_the_mark),
        TEST(a_receipt_under_an_earlier_session_is_stored_and_its_entry_marked),
        TEST(hello_shows_unmarked_entries_newest_first_at_doubling_distances),
        TEST(receipts_of_one_frame_are_shown_once),
        TEST(offers_go_oldest_first),
        TEST(what_has_no_receipt_waits_while_anything_of_its_place_is_marked),
        TEST(a_report_that_the_hub_holds_and_we_do_not_becomes_an_entry),
        TEST(an_offer_that_is_refused_keeps_its_receipt_and_its_mark),
        TEST(after_400_days_the_bytes_go_and_what_is_left_still_counts_unmarked),
        TEST(a_receipt_that_was_not_committed_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
