/* What is sent, in which order, and what comes of it. */
#include "tests/unit/mfi/session_rig.h"

static void a_queued_report_gets_its_receipt(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key;
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 6, 10, &key);
    rig_meet(&rig);
    assert_string_equal(hub.order, "HS");
    assert_int_equal(rig.news[NEWS_RECEIPT], 1);
    struct header header = rig_receipt(&rig, &key, rule);
    assert_int_equal(header.verdict, VERDICT_ACCEPTED);
    assert_int_equal(header.seq, 1);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    assert_true(session_is_idle(rig.session));
    rig_close(&rig);
    hub_close(&hub);
}

static void at_most_32_of_an_institution_are_in_flight(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    for (int month = 1; month <= 12; month++) {
        rig_queue(&rig, "SACCO-1", month, 1, NULL);
        rig_queue(&rig, "SACCO-2", month, 1, NULL);
    }
    hub.batches = true;
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false); /* the greeting */
    rig_to_hub(&rig);
    assert_int_equal(hub.submits, 24); /* both institutions at once, over one connection */
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 24);
    assert_int_equal(hub.submits, 24);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_lost_acknowledgement_brings_the_same_receipt(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key;
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 6, 10, &key);
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    rig_to_hub(&rig);
    assert_int_equal(hub.count, 1);
    struct header first = hub.records[0].header;
    rig_cut(&rig); /* the receipt is lost with the line */
    assert_int_equal(rig_counts(&rig).queued, 1);
    rig_meet(&rig);
    assert_int_equal(hub.count, 1);
    struct header header = rig_receipt(&rig, &key, rule);
    assert_int_equal(header.seq, first.seq);
    assert_int_equal(header.first_received_at_us, first.first_received_at_us);
    rig_close(&rig);
    hub_close(&hub);
}

static void what_was_passed_over_is_sent_again_at_once(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    for (int month = 1; month <= 4; month++) {
        rig_queue(&rig, "SACCO-1", month, 1, NULL);
    }
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    rig_to_hub(&rig);
    assert_int_equal(hub.submits, 4);
    rig_answer(&rig, true); /* number 1 and 2 are lost */
    rig_answer(&rig, true);
    rig_answer(&rig, false); /* number 3 */
    rig_to_hub(&rig);
    assert_int_equal(hub.submits, 6); /* without waiting, the two again */
    assert_int_equal(rig.passed_over, 2);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 4);
    assert_int_equal(hub.count, 4);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_rejected_report_in_the_middle_of_thirty_blocks_none(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key = {0};
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.rejects_period = "2020-06";
    for (int i = 0; i < 12; i++) {
        struct entry_key queued;
        rig_queue(&rig, "SACCO-1", i + 1, 1, &queued);
        key = i == 5 ? queued : key;
        rig_queue(&rig, "SACCO-2", i + 1, 1, NULL);
    }
    hub.batches = true;
    rig_meet(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 24);
    assert_int_equal(rig_receipt(&rig, &key, rule).verdict, VERDICT_REJECTED);
    assert_string_equal(rule, "POR-01");
    rig_close(&rig);
    hub_close(&hub);
}

static void a_repair_of_a_rejected_report_states_the_same_vintage(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key;
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.rejects_period = "2020-06";
    rig_queue(&rig, "SACCO-1", 6, 1, NULL);
    rig_meet(&rig);
    hub.rejects_period = NULL;
    rig_queue(&rig, "SACCO-1", 6, 2, &key);
    rig_tick(&rig);
    rig_talk(&rig);
    struct header header = rig_receipt(&rig, &key, rule);
    assert_int_equal(header.verdict, VERDICT_ACCEPTED);
    assert_int_equal(header.vintage, 1);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_draft_goes_out_when_the_one_before_has_its_receipt(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key;
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 6, 1, NULL);
    assert_int_equal(rig_queue(&rig, "SACCO-1", 6, 2, &key), QUEUED_DRAFT);
    rig_meet(&rig);
    struct outbox_counts counts = rig_counts(&rig);
    assert_int_equal(counts.receipted, 2);
    assert_int_equal(counts.drafts, 0);
    assert_int_equal(hub.records[1].header.vintage, 2);
    assert_int_equal(hub.records[1].header.verdict, VERDICT_ACCEPTED);
    rig_receipt(&rig, &key, rule);
    rig_close(&rig);
    hub_close(&hub);
}

static void what_another_process_queued_is_noticed(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_meet(&rig);
    assert_true(session_is_idle(rig.session));
    rig_queue(&rig, "SACCO-2", 3, 1, NULL);
    rig_pass(&rig, 1000);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    assert_string_equal(hub.order, "HS");
    rig_close(&rig);
    hub_close(&hub);
}

static void with_nothing_to_do_it_leaves_and_a_new_report_brings_it_back(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_kill(&rig);
    rig.stays = false;
    rig_start(&rig);
    rig_meet(&rig);
    rig_pass(&rig, 30000);
    assert_int_equal(rig.news[NEWS_LEFT], 0);
    rig.link = SESSION_KEEP;
    rig_pass(&rig, 31000);
    assert_int_equal(rig.link, SESSION_LEAVE);
    rig_pass(&rig, 1000);
    assert_int_equal(rig.link, SESSION_LEAVE);
    rig_queue(&rig, "SACCO-1", 3, 1, NULL);
    rig_meet(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    rig_close(&rig);
    hub_close(&hub);
}

static void hello_is_said_daily(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_meet(&rig);
    for (int hour = 0; hour < 23; hour++) {
        rig_pass(&rig, SESSION_HOUR_MS);
    }
    rig_talk(&rig);
    assert_int_equal(hub.hellos, 1);
    rig_pass(&rig, SESSION_HOUR_MS);
    rig_talk(&rig);
    assert_int_equal(hub.hellos, 2);
    assert_int_equal(rig.news[NEWS_TROUBLE], 0);
    rig_close(&rig);
    hub_close(&hub);
}

static void settings_that_are_not_known_are_fetched_and_kept(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub_set_settings(&hub, "rw 2026-11");
    rig_meet(&rig);
    assert_int_equal(rig.news[NEWS_SETTINGS], 1);
    rig_cut(&rig);
    rig_meet(&rig);
    assert_int_equal(rig.news[NEWS_SETTINGS], 1); /* known now */
    AUTO(txn_end) struct txn txn = {0};
    AUTO(arena_close) struct arena arena = {0};
    const PbSettings *settings = NULL;
    uint8_t id[SHA256_BYTES];
    int64_t since = 0;
    assert_int_equal(txn_begin(outbox_env(rig.outbox), false, &txn), ERR_OK);
    assert_int_equal(settings_note_get(&txn, &arena, &settings, id, &since), ERR_OK);
    assert_string_equal(settings->version, "rw 2026-11");
    txn_end(&txn);
    rig_close(&rig);
    hub_close(&hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queued_report_gets_its_receipt),
        cmocka_unit_test(at_most_32_of_an_institution_are_in_flight),
        cmocka_unit_test(a_lost_acknowledgement_brings_the_same_receipt),
        cmocka_unit_test(what_was_passed_over_is_sent_again_at_once),
        cmocka_unit_test(a_rejected_report_in_the_middle_of_thirty_blocks_none),
        cmocka_unit_test(a_repair_of_a_rejected_report_states_the_same_vintage),
        cmocka_unit_test(a_draft_goes_out_when_the_one_before_has_its_receipt),
        cmocka_unit_test(what_another_process_queued_is_noticed),
        cmocka_unit_test(with_nothing_to_do_it_leaves_and_a_new_report_brings_it_back),
        cmocka_unit_test(hello_is_said_daily),
        cmocka_unit_test(settings_that_are_not_known_are_fetched_and_kept),
    };
    return keys_init() == ERR_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
