/* Refusals, RETRY_LATER, silence, hubs that are not ours. */
#include "tests/unit/mfi/session_rig.h"

static void retry_later_of_an_institution_holds_that_one_only(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.retry_seconds = 60;
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    assert_int_equal(hub.submits, 1);
    assert_int_equal(rig.news[NEWS_RETRY_LATER], 1);
    hub.retry_seconds = 0;
    rig_queue(&rig, "SACCO-1", 2, 1, NULL);
    rig_queue(&rig, "SACCO-2", 2, 1, NULL);
    rig_pass(&rig, 1000);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1); /* SACCO-2's */
    assert_int_equal(rig_counts(&rig).queued, 2);
    rig_pass(&rig, 60000);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 3);
    assert_int_equal(rig.news[NEWS_TROUBLE], 0);
    rig_close(&rig);
    hub_close(&hub);
}

static void retry_later_of_the_hub_holds_all(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.retry_seconds = 60;
    hub.retry_hub = true;
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    hub.retry_seconds = 0;
    rig_queue(&rig, "SACCO-2", 2, 1, NULL);
    rig_pass(&rig, 1000);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 0);
    rig_pass(&rig, 60000);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 2);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_refused_report_stays_with_its_reason_and_is_tried_again_hourly(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.refuses_everything = true;
    rig_queue(&rig, "SACCO-1", 1, 1, &key);
    rig_meet(&rig);
    assert_int_equal(rig_counts(&rig).refused, 1);
    assert_int_equal(hub.submits, 1);
    {
        AUTO(txn_end) struct txn txn = {0};
        struct entry entry;
        assert_int_equal(txn_begin(outbox_env(rig.outbox), false, &txn), ERR_OK);
        assert_int_equal(outbox_get(&txn, &key, &entry), ERR_OK);
        assert_string_equal(entry.refused_rule, "ENV-03");
        assert_string_equal(entry.refused_text, "The key is not in force.");
    }
    rig_pass(&rig, 1000);
    rig_talk(&rig);
    assert_int_equal(hub.submits, 1); /* not at once */
    rig_queue(&rig, "SACCO-1", 2, 1, NULL);
    rig_pass(&rig, SESSION_HOUR_MS);
    rig_talk(&rig);
    assert_int_equal(hub.submits, 3); /* it, and the other */
    hub.refuses_everything = false;   /* the key came into force */
    rig_pass(&rig, SESSION_HOUR_MS);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 2);
    assert_int_equal(rig_counts(&rig).refused, 0);
    rig_close(&rig);
    hub_close(&hub);
}

/* They are shown on terminals, and printed as JSON. */
static void words_of_the_hub_are_kept_without_what_a_terminal_would_obey(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key;
    AUTO(txn_end) struct txn txn = {0};
    struct entry entry;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.refuses_everything = true;
    hub.refusal_text = "\x1B[2Jcl\xC3\xA9 refus\xC3\xA9"
                       "e\n";
    rig_queue(&rig, "SACCO-1", 1, 1, &key);
    rig_meet(&rig);
    assert_int_equal(txn_begin(outbox_env(rig.outbox), false, &txn), ERR_OK);
    assert_int_equal(outbox_get(&txn, &key, &entry), ERR_OK);
    assert_string_equal(entry.refused_text, "\\x1B[2Jcl\\xC3\\xA9 refus\\xC3\\xA9e\\x0A");
    txn_end(&txn);
    rig_close(&rig);
    hub_close(&hub);
}

static void an_answer_to_another_hello_is_passed_over(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.spoils_tags = true;
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    assert_int_equal(hub.hellos, 1);
    assert_int_equal(hub.submits, 0);
    assert_false(session_is_greeted(rig.session));
    rig_close(&rig);
    hub_close(&hub);
}

static void silence_of_two_minutes_ends_the_connection(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    rig_to_hub(&rig);
    rig.link = SESSION_KEEP;
    rig_pass(&rig, SESSION_SILENCE_MS - 1);
    assert_int_equal(rig.link, SESSION_KEEP);
    rig_pass(&rig, 1);
    assert_int_equal(rig.link, SESSION_LEAVE);
    assert_int_equal(rig.news[NEWS_TROUBLE], 1);
    rig_forget_answers(&rig);
    rig_meet(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    assert_int_equal(hub.count, 1);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_long_idle_connection_is_not_silence(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_meet(&rig);
    rig_pass(&rig, 10 * SESSION_SILENCE_MS);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_pass(&rig, 1000);
    rig_pass(&rig, 1000);
    assert_int_equal(rig.news[NEWS_TROUBLE], 0);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    rig_close(&rig);
    hub_close(&hub);
}

static void hello_first_is_answered_with_hello_and_what_was_out_is_sent_again(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    for (int month = 1; month <= 3; month++) {
        rig_queue(&rig, "SACCO-1", month, 1, NULL);
    }
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    hub_put_back(&hub, 0); /* the hub was started anew */
    rig_to_hub(&rig);
    assert_int_equal(hub.answer_count, 4); /* with the question what SACCO-2 owes */
    rig_talk(&rig);
    assert_int_equal(hub.hellos, 2); /* one, not three */
    assert_int_equal(rig_counts(&rig).receipted, 3);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_hub_that_keeps_no_session_is_left_alone_for_a_while(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.knows_no_session = true;
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    assert_int_equal(rig.news[NEWS_TROUBLE], 1);
    assert_true(hub.hellos < 10);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_receipt_that_does_not_verify_is_not_kept(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.spoils_receipts = true;
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    assert_int_equal(rig.news[NEWS_TROUBLE], 1);
    assert_non_null(strstr(rig.trouble, "does not verify"));
    assert_int_equal(rig_counts(&rig).receipted, 0);
    hub.spoils_receipts = false;
    rig_meet(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_test_hub_and_a_real_agent_do_not_talk(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.is_test = true;
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    assert_int_equal(hub.submits, 0);
    assert_non_null(strstr(rig.trouble, "test hub"));
    rig_kill(&rig);
    rig.is_test = true;
    rig_start(&rig);
    rig_forget_answers(&rig);
    rig_meet(&rig);
    assert_int_equal(hub.submits, 1);
    assert_true(session_hub_time_us(rig.session) > 0);
    rig_close(&rig);
    hub_close(&hub);
}

static void troubles_are_kept_for_status_and_contact_clears_them(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_connect(&rig);
    rig_cut(&rig);
    struct contact contact = {0};
    AUTO(txn_end) struct txn txn = {0};
    assert_int_equal(txn_begin(outbox_env(rig.outbox), false, &txn), ERR_OK);
    assert_int_equal(contact_get(&txn, &contact), ERR_OK);
    txn_end(&txn);
    assert_string_equal(contact.last_error, "The line was cut.");
    assert_int_equal(contact.last_contact_us, 0);
    rig_meet(&rig);
    assert_int_equal(txn_begin(outbox_env(rig.outbox), false, &txn), ERR_OK);
    assert_int_equal(contact_get(&txn, &contact), ERR_OK);
    txn_end(&txn);
    assert_string_equal(contact.last_error, "");
    assert_true(contact.last_contact_us > 0);
    rig_close(&rig);
    hub_close(&hub);
}

static void frames_that_cannot_be_read_end_the_connection_and_nothing_else(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    const uint8_t frames[][6] = {
        {1, 0, 20, 0xff, 0xff, 0xff}, {9, 0, 20, 0, 0, 0}, {1, 0, 22, 8, 1, 1}};
    for (size_t i = 0; i < 3; i++) {
        rig_connect(&rig);
        rig_to_hub(&rig);
        rig_answer(&rig, false);
        rig_step(&rig, session_frame(rig.session, rig.now, bytes_of(frames[i], sizeof frames[i])));
        assert_int_equal(rig.link, SESSION_LEAVE);
        rig_forget_answers(&rig);
    }
    rig_meet(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    rig_close(&rig);
    hub_close(&hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_later_of_an_institution_holds_that_one_only),
        cmocka_unit_test(retry_later_of_the_hub_holds_all),
        cmocka_unit_test(a_refused_report_stays_with_its_reason_and_is_tried_again_hourly),
        cmocka_unit_test(words_of_the_hub_are_kept_without_what_a_terminal_would_obey),
        cmocka_unit_test(an_answer_to_another_hello_is_passed_over),
        cmocka_unit_test(silence_of_two_minutes_ends_the_connection),
        cmocka_unit_test(a_long_idle_connection_is_not_silence),
        cmocka_unit_test(hello_first_is_answered_with_hello_and_what_was_out_is_sent_again),
        cmocka_unit_test(a_hub_that_keeps_no_session_is_left_alone_for_a_while),
        cmocka_unit_test(a_receipt_that_does_not_verify_is_not_kept),
        cmocka_unit_test(a_test_hub_and_a_real_agent_do_not_talk),
        cmocka_unit_test(troubles_are_kept_for_status_and_contact_clears_them),
        cmocka_unit_test(frames_that_cannot_be_read_end_the_connection_and_nothing_else),
    };
    return keys_init() == ERR_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
