/* DESIGN section 4, "Agent", points 1, 6 and 7: queueing, drafts, vintages, refusals, keys. */
#include "tests/unit/storage/outbox_support.h"

#include <sys/wait.h>

static void a_first_report_gets_vintage_one_and_the_institutions_signature(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(arena_close) struct arena arena = {0};
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    reopen(test); /* it is on disk */
    struct entry entry = entry_of(test, &key, &bytes);
    const PbReport *report = NULL;
    assert_int_equal(key.number, 1);
    assert_int_equal(entry.state, ENTRY_QUEUED);
    assert_int_equal(entry.vintage, 1);
    assert_int_equal(entry.queued_at_us, NOW_US);
    assert_ok(MESSAGE_UNPACK(report, MESSAGE_CANONICAL, entry.report, &arena, &report));
    assert_int_equal(report->vintage, 1);
    assert_false(report->has_reason);
    assert_ok(
        report_signature_verify(signing_key_public(test->here->key), entry.id, entry.signature));
    AUTO(txn_end) struct txn txn = {0};
    struct entry found;
    assert_ok(txn_begin(outbox_env(test->outbox), false, &txn));
    assert_ok(outbox_find(&txn, entry.id, &found));
    assert_int_equal(found.key.number, 1);
}

static void figures_that_did_not_change_are_not_queued_again(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    struct entry_key again;
    struct figures figures = june(10);
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    figures.produced_at_us += SECOND_US; /* no figure */
    assert_int_equal(queue_figures(test, &figures, NOW_US, &again), QUEUED_UNCHANGED);
    assert_int_equal(again.number, key.number);
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US, false);
    assert_int_equal(queue_figures(test, &figures, NOW_US, &again), QUEUED_UNCHANGED);
    assert_int_equal(again.number, key.number);
    assert_int_equal(counts_of(test).receipted, 1);
    assert_int_equal(counts_of(test).queued, 0);
}

static void rejected_figures_are_not_sent_again_unchanged(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    struct entry_key again;
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    exchange(test, &key, VERDICT_REJECTED, NOW_US, false);
    assert_int_equal(queue_june(test, 10, &again), QUEUED_UNCHANGED);
    assert_int_equal(again.number, key.number);
}

static void rejected_figures_are_queued_again_when_that_is_asked_for(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    struct entry_key again;
    struct figures figures = june(10);
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    exchange(test, &key, VERDICT_REJECTED, NOW_US, false);
    test->is_again = true;
    figures.produced_at_us += SECOND_US;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &again), QUEUED_NEW);
    assert_int_not_equal(again.number, key.number);
    assert_int_equal(queue_figures(test, &figures, NOW_US, &again), QUEUED_UNCHANGED);
    exchange(test, &again, VERDICT_ACCEPTED, NOW_US, false);
    figures.produced_at_us += SECOND_US; /* what is accepted is there, whoever asks */
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_UNCHANGED);
    assert_int_equal(key.number, again.number);
}

static void a_correction_that_went_back_to_the_accepted_figures_is_not_sent(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key first;
    struct entry_key second;
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &first), QUEUED_NEW);
    exchange(test, &first, VERDICT_ACCEPTED, NOW_US, false);
    assert_int_equal(queue_june(test, 20, &second), QUEUED_NEW);
    exchange(test, &second, VERDICT_REJECTED, NOW_US, false);
    assert_int_equal(queue_june(test, 10, &key), QUEUED_UNCHANGED);
    assert_int_equal(key.number, first.number);
}

static void a_rejected_report_takes_no_vintage_and_its_repair_states_the_same_one(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    exchange(test, &key, VERDICT_REJECTED, NOW_US, false);
    assert_int_equal(queue_june(test, 20, &key), QUEUED_NEW);
    assert_int_equal(key.number, 2);
    assert_int_equal(entry_of(test, &key, &bytes).vintage, 1);
    exchange(test, &key, VERDICT_ACCEPTED_WITH_WARNINGS, NOW_US, false);
    assert_int_equal(queue_june(test, 30, &key), QUEUED_NEW);
    assert_int_equal(entry_of(test, &key, &bytes).vintage, 2);
}

static int reason_of(struct outbox_test *test, const struct entry_key *key)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(arena_close) struct arena arena = {0};
    const PbReport *report = NULL;
    struct entry entry = entry_of(test, key, &bytes);
    assert_ok(MESSAGE_UNPACK(report, MESSAGE_TOLERANT, entry.report, &arena, &report));
    return report->has_reason ? (int)report->reason : 0;
}

static void a_correction_says_error_unless_only_its_status_became_final(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    struct figures figures = june(10);
    figures.status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    assert_int_equal(reason_of(test, &key), 0);
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US, false);
    figures.status = IHURIRO__V1__REPORT__STATUS__FINAL;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    assert_int_equal(reason_of(test, &key), IHURIRO__V1__REPORT__REASON__FINALISED);
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US, false);
    figures.amount = 20;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    assert_int_equal(reason_of(test, &key), IHURIRO__V1__REPORT__REASON__ERROR);
}

static void figures_that_come_before_the_receipt_wait_as_one_draft(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    struct entry_key first;
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &first), QUEUED_NEW);
    assert_int_equal(queue_june(test, 20, &key), QUEUED_DRAFT);
    assert_int_equal(queue_june(test, 20, &key), QUEUED_UNCHANGED);
    assert_int_equal(key.number, 2);
    assert_int_equal(queue_june(test, 30, &key), QUEUED_DRAFT);
    assert_int_equal(key.number, 2); /* it replaced the older draft */
    assert_int_equal(counts_of(test).drafts, 1);
    assert_int_equal(entry_of(test, &key, &bytes).vintage, 0);
    struct listed listed = list_of(test, outbox_to_send, "MFI-ONE");
    assert_int_equal(listed.count, 1);
    assert_int_equal(listed.keys[0].number, first.number);
    assert_int_equal(promote(test, same_key), 0); /* the first has no receipt yet */
}

static void a_draft_gets_the_next_vintage_when_its_turn_comes(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    struct entry_key first;
    struct entry_key draft;
    assert_int_equal(queue_june(test, 10, &first), QUEUED_NEW);
    assert_int_equal(queue_june(test, 20, &draft), QUEUED_DRAFT);
    exchange(test, &first, VERDICT_ACCEPTED, NOW_US, false);
    assert_int_equal(promote(test, same_key), 1);
    struct entry entry = entry_of(test, &draft, &bytes);
    assert_int_equal(entry.state, ENTRY_QUEUED);
    assert_int_equal(entry.vintage, 2);
    assert_int_equal(reason_of(test, &draft), IHURIRO__V1__REPORT__REASON__ERROR);
    assert_ok(report_signature_verify(entry.signer, entry.id, entry.signature));
    assert_int_equal(promote(test, same_key), 0);
    assert_int_equal(counts_of(test).drafts, 0);
}

static void a_draft_behind_a_rejected_report_takes_its_vintage(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    struct entry_key first;
    struct entry_key draft;
    assert_int_equal(queue_june(test, 10, &first), QUEUED_NEW);
    assert_int_equal(queue_june(test, 20, &draft), QUEUED_DRAFT);
    exchange(test, &first, VERDICT_REJECTED, NOW_US, false);
    assert_int_equal(promote(test, same_key), 1);
    assert_int_equal(entry_of(test, &draft, &bytes).vintage, 1);
}

static void figures_that_went_back_to_the_queued_ones_leave_no_draft(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    assert_int_equal(queue_june(test, 20, &key), QUEUED_DRAFT);
    assert_int_equal(queue_june(test, 10, &key), QUEUED_UNCHANGED);
    assert_int_equal(key.number, 1);
    assert_int_equal(counts_of(test).drafts, 0);
}

static void exposures_are_sent_last_and_the_rest_in_order_queued(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    static const int types[] = {TYPE_EXPOSURES, TYPE_LIQUIDITY, TYPE_PORTFOLIO};
    for (int month = 3; month > 1; month--) {
        for (size_t i = 0; i < 3; i++) {
            struct figures figures = june(10);
            figures.type = types[i];
            figures.month = month;
            assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
        }
    }
    static const int expected[][2] = {{2, 3}, {1, 3}, {2, 2}, {1, 2}, {5, 3}, {5, 2}};
    struct listed listed = list_of(test, outbox_to_send, NULL);
    assert_int_equal(listed.count, 6);
    for (size_t i = 0; i < 6; i++) {
        int year = 0;
        int month = 0;
        int day = 0;
        day_to_date(listed.keys[i].period_end_day, &year, &month, &day);
        assert_int_equal(listed.keys[i].type, expected[i][0]);
        assert_int_equal(month, expected[i][1]);
    }
}

static void each_institution_has_its_own_queue(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    static const char *const names[] = {"B", "A", "AA", "B"};
    for (int i = 0; i < 4; i++) {
        struct figures figures = june(i);
        figures.institution = names[i];
        figures.month = i + 1;
        assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    }
    struct listed listed = list_of(test, outbox_to_send, "B");
    assert_int_equal(listed.count, 2);
    assert_int_equal(list_of(test, outbox_to_send, "A").count, 1);
    assert_int_equal(list_of(test, outbox_walk, "AA").count, 1);
    assert_int_equal(list_of(test, outbox_walk, "C").count, 0);
    assert_int_equal(list_of(test, outbox_walk, NULL).count, 4);
}

static void refuse(struct outbox_test *test, const struct entry_key *key, bool may_pass)
{
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(outbox_env(test->outbox), true, &txn));
    assert_ok(
        outbox_refused(&txn, key, "ENV-03", "The key is not in force.", may_pass, NOW_US + 5));
    assert_ok(txn_commit(&txn));
}

static void a_refused_report_is_held_with_its_reason_and_does_not_block_its_place(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    struct entry_key held;
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &held), QUEUED_NEW);
    assert_int_equal(queue_june(test, 20, &key), QUEUED_DRAFT);
    refuse(test, &held, false);
    assert_int_equal(promote(test, same_key), 1); /* the draft's turn has come */
    struct entry entry = entry_of(test, &held, &bytes);
    assert_int_equal(entry.state, ENTRY_REFUSED);
    assert_string_equal(entry.refused_rule, "ENV-03");
    assert_string_equal(entry.refused_text, "The key is not in force.");
    assert_int_equal(entry.tried_at_us, NOW_US + 5);
    assert_int_equal(entry_of(test, &key, &bytes).vintage, 1);
    assert_int_equal(list_of(test, outbox_to_send, "MFI-ONE").count, 1);
    assert_int_equal(list_of(test, outbox_to_retry, "MFI-ONE").count, 0);
    assert_int_equal(counts_of(test).refused, 1);
}

static void a_refused_report_that_may_pass_is_tried_again_until_newer_figures_come(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key held;
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &held), QUEUED_NEW);
    refuse(test, &held, true);
    assert_int_equal(list_of(test, outbox_to_retry, NULL).count, 1);
    assert_int_equal(queue_june(test, 10, &key), QUEUED_UNCHANGED);
    assert_int_equal(key.number, held.number);
    assert_int_equal(queue_june(test, 20, &key), QUEUED_NEW);
    assert_int_equal(list_of(test, outbox_to_retry, NULL).count, 0);
    exchange(test, &held, VERDICT_ACCEPTED, NOW_US, false); /* it had been sent before */
    assert_int_equal(counts_of(test).refused, 0);
    assert_int_equal(counts_of(test).receipted, 1);
}

/* Its answer may be lost: newer figures must not take its vintage meanwhile. */
static void new_figures_wait_while_a_refused_report_is_tried_again(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    struct entry_key held;
    struct entry_key key;
    size_t requeued = 0;
    assert_int_equal(queue_june(test, 10, &held), QUEUED_NEW);
    refuse(test, &held, true);
    assert_ok(outbox_requeue(test->outbox, "MFI-TWO", &requeued));
    assert_int_equal(requeued, 0);
    assert_ok(outbox_requeue(test->outbox, "MFI-ONE", &requeued));
    assert_int_equal(requeued, 1);
    assert_int_equal(list_of(test, outbox_to_send, "MFI-ONE").count, 1);
    assert_int_equal(queue_june(test, 20, &key), QUEUED_DRAFT);
    exchange(test, &held, VERDICT_ACCEPTED, NOW_US, false);
    assert_int_equal(promote(test, same_key), 1);
    assert_int_equal(entry_of(test, &key, &bytes).vintage, 2);
}

static void what_was_refused_for_its_note_is_queued_with_another_note(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    char note[] = "call 0788123456";
    struct figures figures = june(10);
    figures.note = note;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    refuse(test, &key, false);
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_UNCHANGED);
    figures.note = NULL;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    assert_int_equal(key.number, 2);
}

static void drop_takes_away_what_has_no_receipt_and_nothing_else(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key first;
    struct entry_key draft;
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &first), QUEUED_NEW);
    assert_int_equal(queue_june(test, 20, &draft), QUEUED_DRAFT);
    assert_ok(outbox_drop(test->outbox, &draft));
    refuse(test, &first, false);
    assert_ok(outbox_drop(test->outbox, &first));
    assert_int_equal(outbox_drop(test->outbox, &first), ERR_NOT_FOUND);
    struct outbox_counts counts = counts_of(test);
    assert_int_equal(counts.queued + counts.drafts + counts.refused + counts.receipted, 0);
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    exchange(test, &key, VERDICT_ACCEPTED, NOW_US, false);
    assert_int_equal(outbox_drop(test->outbox, &key), ERR_REFUSED);
    assert_int_equal(counts_of(test).receipted, 1);
}

struct two_keys {
    struct signing_key *of_b;
    struct signing_key *of_all;
};

static const struct signing_key *key_by_name(void *context, const char *institution)
{
    const struct two_keys *keys = context;
    return strcmp(institution, "B") == 0 ? keys->of_b : keys->of_all;
}

static void what_has_no_receipt_is_signed_again_with_a_new_key_and_keeps_its_id(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer old_bytes = {0};
    AUTO(signing_key_close) struct signing_key *new_key = seeded_key(7);
    struct two_keys keys = {.of_b = NULL, .of_all = new_key};
    struct entry_key sent;
    struct entry_key queued;
    struct entry_key held;
    struct entry_key other;
    struct figures figures = june(10);
    assert_int_equal(queue_figures(test, &figures, NOW_US, &sent), QUEUED_NEW);
    exchange(test, &sent, VERDICT_ACCEPTED, NOW_US, false);
    figures.month = 7;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &queued), QUEUED_NEW);
    figures.month = 8;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &held), QUEUED_NEW);
    refuse(test, &held, true);
    figures.institution = "B";
    assert_int_equal(queue_figures(test, &figures, NOW_US, &other), QUEUED_NEW);
    struct entry old = entry_of(test, &queued, &old_bytes);
    size_t resigned = 0;
    assert_ok(outbox_resign(test->outbox, key_by_name, &keys, &resigned));
    assert_int_equal(resigned, 2);
    struct entry entry = entry_of(test, &queued, &bytes);
    assert_memory_equal(entry.id, old.id, SHA256_BYTES);
    assert_memory_equal(entry.signer, signing_key_public(new_key), PUBLIC_KEY_BYTES);
    assert_ok(report_signature_verify(entry.signer, entry.id, entry.signature));
    entry = entry_of(test, &sent, &bytes);
    assert_memory_equal(entry.signer, signing_key_public(test->here->key), PUBLIC_KEY_BYTES);
    entry = entry_of(test, &other, &bytes); /* its key is not here */
    assert_memory_equal(entry.signer, signing_key_public(test->here->key), PUBLIC_KEY_BYTES);
    assert_ok(outbox_resign(test->outbox, key_by_name, &keys, &resigned));
    assert_int_equal(resigned, 0);
}

/* A copy of the agent sent the same report before, under the key of then: what is offered is what
 * the receipt vouches for. */
static void the_signature_is_that_of_which_the_best_receipt_speaks(void **state)
{
    struct outbox_test *test = *state;
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    AUTO(signing_key_close) struct signing_key *new_key = seeded_key(7);
    struct two_keys keys = {.of_b = NULL, .of_all = new_key};
    struct figures figures = june(10);
    struct entry_key key;
    size_t resigned = 0;
    assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    struct entry entry = entry_of(test, &key, &bytes);
    hub_takes(test, &entry, VERDICT_ACCEPTED, NOW_US, &receipt);
    assert_ok(outbox_resign(test->outbox, key_by_name, &keys, &resigned));
    assert_int_equal(resigned, 1);
    struct receipt_came came = {.receipt = buffer_bytes(&receipt), .now_us = NOW_US};
    assert_ok(store_receipt(test, &came, &key));
    entry = entry_of(test, &key, &bytes);
    assert_memory_equal(entry.signer, signing_key_public(test->here->key), PUBLIC_KEY_BYTES);
    assert_ok(report_signature_verify(entry.signer, entry.id, entry.signature));
}

static void send_beside_a_running_agent_queues_and_the_running_one_sees_it(void **state)
{
    struct outbox_test *test = *state;
    struct entry_key key;
    assert_int_equal(queue_june(test, 10, &key), QUEUED_NEW);
    pid_t child = fork();
    if (child == 0) {
        struct outbox_test beside = {.here = test->here};
        struct figures figures = june(10);
        figures.month = 7;
        enum err err = outbox_open(test->path, NULL, &beside.outbox);
        AUTO(arena_close) struct arena arena = {0};
        enum queued queued = QUEUED_UNCHANGED;
        PbReport *report = make_report(&arena, &figures);
        err = err != ERR_OK
                  ? err
                  : outbox_queue(beside.outbox, report, test->here->key, NOW_US, &queued, &key);
        outbox_close(&beside.outbox);
        _exit(err == ERR_OK && queued == QUEUED_NEW ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(list_of(test, outbox_to_send, NULL).count, 2);
}

static void a_full_map_grows_and_nothing_is_lost(void **state)
{
    struct outbox_test *test = *state;
    enum { REPORTS = 1200, NOTE = 60000 };
    struct entry_key key;
    char *note = malloc(NOTE + 1);
    assert_non_null(note);
    memset(note, 'n', NOTE);
    note[NOTE] = '\0';
    for (int i = 0; i < REPORTS; i++) {
        char name[8];
        struct figures figures = june(i);
        snprintf(name, sizeof name, "I%d", i);
        figures.institution = name;
        figures.note = note;
        assert_int_equal(queue_figures(test, &figures, NOW_US, &key), QUEUED_NEW);
    }
    free(note);
    uint64_t used = 0;
    uint64_t map = 0;
    uint64_t disk = 0;
    assert_ok(env_space(outbox_env(test->outbox), &used, &map, &disk));
    assert_int_equal(map, (uint64_t)128 << 20);
    reopen(test);
    assert_int_equal(counts_of(test).queued, REPORTS);
    assert_int_equal(queue_june(test, 1, &key), QUEUED_NEW);
}

static void notes_survive(void **state)
{
    struct outbox_test *test = *state;
    struct txn txn = {0};
    struct bytes value = {0};
    assert_ok(txn_begin(outbox_env(test->outbox), true, &txn));
    assert_int_equal(outbox_note_get(&txn, "last_error", &value), ERR_NOT_FOUND);
    assert_ok(outbox_note_put(&txn, "last_error", text_bytes("no network")));
    assert_ok(txn_commit(&txn));
    reopen(test);
    assert_ok(txn_begin(outbox_env(test->outbox), false, &txn));
    assert_ok(outbox_note_get(&txn, "last_error", &value));
    assert_true(bytes_equal(value, text_bytes("no network")));
    txn_end(&txn);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_outbox, leave_outbox)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_first_report_gets_vintage_one_and_the_institutions_signature),
        TEST(figures_that_did_not_change_are_not_queued_again),
        TEST(rejected_figures_are_not_sent_again_unchanged),
        TEST(rejected_figures_are_queued_again_when_that_is_asked_for),
        TEST(a_correction_that_went_back_to_the_accepted_figures_is_not_sent),
        TEST(a_rejected_report_takes_no_vintage_and_its_repair_states_the_same_one),
        TEST(a_correction_says_error_unless_only_its_status_became_final),
        TEST(figures_that_come_before_the_receipt_wait_as_one_draft),
        TEST(a_draft_gets_the_next_vintage_when_its_turn_comes),
        TEST(a_draft_behind_a_rejected_report_takes_its_vintage),
        TEST(figures_that_went_back_to_the_queued_ones_leave_no_draft),
        TEST(exposures_are_sent_last_and_the_rest_in_order_queued),
        TEST(each_institution_has_its_own_queue),
        TEST(a_refused_report_is_held_with_its_reason_and_does_not_block_its_place),
        TEST(a_refused_report_that_may_pass_is_tried_again_until_newer_figures_come),
        TEST(new_figures_wait_while_a_refused_report_is_tried_again),
        TEST(what_was_refused_for_its_note_is_queued_with_another_note),
        TEST(drop_takes_away_what_has_no_receipt_and_nothing_else),
        TEST(what_has_no_receipt_is_signed_again_with_a_new_key_and_keeps_its_id),
        TEST(the_signature_is_that_of_which_the_best_receipt_speaks),
        TEST(send_beside_a_running_agent_queues_and_the_running_one_sees_it),
        TEST(a_full_map_grows_and_nothing_is_lost),
        TEST(notes_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
