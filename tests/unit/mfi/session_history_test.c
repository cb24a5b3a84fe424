/* The hub's history was replaced, the agent's disk was put back or copied: all ends whole. */
#include <sys/stat.h>

#include "tests/unit/mfi/session_rig.h"

static void after_a_put_back_what_is_lost_is_marked_before_anything_is_sent(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    struct entry_key keys[4];
    for (int i = 0; i < 4; i++) {
        rig_queue(&rig, "SACCO-1", i + 1, 1, &keys[i]);
        rig_tick(&rig);
        if (i == 0) {
            rig_meet(&rig);
        }
        rig_talk(&rig);
    }
    assert_int_equal(rig_counts(&rig).receipted, 4);
    hub_put_back(&hub, 2);
    rig_queue(&rig, "SACCO-1", 5, 1, NULL);
    rig_cut(&rig);
    hub.order[0] = '\0';
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    assert_int_equal(rig.marked, 2);
    /* The marks are on disk: a killed agent knows them without another hello. */
    rig_kill(&rig);
    rig_start(&rig);
    assert_int_equal(rig_counts(&rig).to_offer, 2);
    assert_true(rig_is_marked(&rig, &keys[2]));
    assert_true(rig_is_marked(&rig, &keys[3]));
    rig_forget_answers(&rig);
    hub.order[0] = '\0';
    rig_meet(&rig);
    assert_string_equal(hub.order, "HOOS"); /* what is marked goes first, oldest first */
    assert_int_equal(hub.count, 5);
    assert_int_equal(rig_counts(&rig).to_offer, 0);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_re_offer_keeps_time_and_verdict(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key;
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 6, 1, &key);
    rig_meet(&rig);
    struct header before = rig_receipt(&rig, &key, rule);
    hub_put_back(&hub, 0);
    hub.rejects_period = "2020-06"; /* the rules changed meanwhile */
    rig_cut(&rig);
    rig_meet(&rig);
    assert_int_equal(hub.offers, 1);
    assert_int_equal(hub.count, 1);
    assert_int_equal(hub.records[0].header.verdict, before.verdict);
    assert_int_equal(hub.records[0].header.first_received_at_us, before.first_received_at_us);
    assert_int_equal(rig_receipt(&rig, &key, rule).verdict, VERDICT_ACCEPTED);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_late_answer_under_an_earlier_session_is_stored_and_marked(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key key;
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 6, 1, &key);
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    rig_to_hub(&rig);                      /* journaled; its answer is on the way */
    assert_int_equal(hub.answer_count, 2); /* and what SACCO-2 owes */
    buffer_close(&hub.answers[1]);
    /* The hub loses its sessions: HELLO_FIRST overtakes nothing, but the agent greets anew before
     * the answer comes. */
    struct buffer late = hub.answers[0];
    hub.answer_count = 0;
    hub_say_hello_first(&hub);
    rig_answer(&rig, false);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    assert_int_equal(hub.hellos, 2);
    rig_step(&rig, session_frame(rig.session, rig.now, buffer_bytes(&late)));
    buffer_close(&late);
    rig_receipt(&rig, &key, rule); /* stored */
    assert_true(rig_is_marked(&rig, &key));
    hub.offers = 0;
    rig_talk(&rig);
    assert_int_equal(hub.offers, 1);
    assert_false(rig_is_marked(&rig, &key));
    assert_int_equal(hub.count, 1);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_correction_waits_while_its_first_vintage_is_offered_again(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct entry_key first;
    struct entry_key second;
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 6, 1, &first);
    rig_meet(&rig);
    hub_put_back(&hub, 0);
    rig_cut(&rig);
    rig_queue(&rig, "SACCO-1", 6, 2, &second);
    hub.order[0] = '\0';
    rig_meet(&rig);
    assert_string_equal(hub.order, "HOS");
    assert_int_equal(hub.count, 2);
    assert_int_equal(rig_receipt(&rig, &second, rule).verdict, VERDICT_ACCEPTED);
    assert_int_equal(hub.records[1].header.vintage, 2);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_copied_agent_with_other_figures_hears_of_the_vintage(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct rig clone;
    struct entry_key key;
    char rule[16];
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_open(&clone, &hub); /* the same keys, an empty disk */
    rig_queue(&clone, "SACCO-1", 6, 99, &key);
    rig_queue(&rig, "SACCO-1", 6, 1, NULL);
    rig_meet(&rig);
    rig_cut(&rig);
    hub.order[0] = '\0';
    rig_meet(&clone);
    assert_string_equal(hub.order, "HWS"); /* it learns what the hub holds, then speaks */
    assert_int_equal(clone.news[NEWS_FETCHED], 1);
    assert_int_equal(rig_receipt(&clone, &key, rule).verdict, VERDICT_REJECTED);
    assert_string_equal(rule, "ENV-04");
    /* From then on its corrections have the right vintage. */
    rig_queue(&clone, "SACCO-1", 6, 100, &key);
    rig_tick(&clone);
    rig_talk(&clone);
    struct header header = rig_receipt(&clone, &key, rule);
    assert_int_equal(header.verdict, VERDICT_ACCEPTED);
    assert_int_equal(header.vintage, 2);
    rig_close(&rig);
    rig_close(&clone);
    hub_close(&hub);
}

static void a_disk_that_was_put_back_fetches_its_own_reports(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    char image[160];
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    rig_kill(&rig);
    snprintf(image, sizeof image, "%s-image", rig.folder);
    assert_int_equal(mkdir(image, 0700), 0);
    rig_copy_disk(rig.store, image);
    rig_start(&rig);
    rig_forget_answers(&rig);
    for (int month = 2; month <= 5; month++) {
        rig_queue(&rig, "SACCO-1", month, 1, NULL);
    }
    rig_meet(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 5);
    rig_kill(&rig);
    rig_copy_disk(image, rig.store);
    rig_start(&rig);
    rig_forget_answers(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    hub.order[0] = '\0';
    rig_meet(&rig);
    assert_string_equal(hub.order, "HWWWW");
    assert_int_equal(rig.news[NEWS_FETCHED], 4);
    assert_int_equal(rig_counts(&rig).receipted, 5);
    assert_int_equal(hub.count, 5);
    rig_remove(image, "");
    rig_close(&rig);
    hub_close(&hub);
}

static void after_offers_the_hub_is_asked_again_how_much_it_holds(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    struct rig other;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_open(&other, &hub);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_queue(&rig, "SACCO-1", 2, 1, NULL);
    rig_meet(&rig);
    rig_cut(&rig);
    hub_put_back(&hub, 1); /* month 2 is lost, and a copy sends month 3 meanwhile */
    rig_queue(&other, "SACCO-1", 3, 1, NULL);
    rig_meet(&other);
    rig_cut(&other);
    assert_int_equal(hub.count, 2);
    hub.order[0] = '\0';
    rig_meet(&rig);
    assert_string_equal(hub.order,
                        "HOHWW"); /* the walk passes its own report, which the hub has now */
    assert_int_equal(rig.news[NEWS_FETCHED], 1);
    assert_int_equal(rig_counts(&rig).receipted, 3);
    rig_close(&rig);
    rig_close(&other);
    hub_close(&hub);
}

static void settled_is_said_when_nothing_is_left_to_offer(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    assert_int_equal(hub.settled, 0); /* not asked for */
    rig_cut(&rig);
    hub_put_back(&hub, 0);
    hub.asks_to_settle = true;
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    rig_to_hub(&rig);
    assert_int_equal(hub.settled, 1); /* SACCO-2 has nothing to offer; SACCO-1 is at it */
    rig_talk(&rig);
    assert_int_equal(hub.settled, 2);
    rig_close(&rig);
    hub_close(&hub);
}

static void checkpoints_shown_are_of_unmarked_entries_only(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_meet(&rig);
    rig_cut(&rig);
    hub_put_back(&hub, 0);
    rig_connect(&rig);
    rig_to_hub(&rig);
    assert_int_equal(hub.checkpoints_shown, 1);
    rig_answer(&rig, false);
    rig_cut(&rig); /* marked, not yet offered */
    rig_connect(&rig);
    rig_to_hub(&rig);
    assert_int_equal(hub.checkpoints_shown, 0);
    rig_talk(&rig);
    assert_int_equal(hub.count, 1);
    rig_close(&rig);
    hub_close(&hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_put_back_what_is_lost_is_marked_before_anything_is_sent),
        cmocka_unit_test(a_re_offer_keeps_time_and_verdict),
        cmocka_unit_test(a_late_answer_under_an_earlier_session_is_stored_and_marked),
        cmocka_unit_test(a_correction_waits_while_its_first_vintage_is_offered_again),
        cmocka_unit_test(a_copied_agent_with_other_figures_hears_of_the_vintage),
        cmocka_unit_test(a_disk_that_was_put_back_fetches_its_own_reports),
        cmocka_unit_test(after_offers_the_hub_is_asked_again_how_much_it_holds),
        cmocka_unit_test(settled_is_said_when_nothing_is_left_to_offer),
        cmocka_unit_test(checkpoints_shown_are_of_unmarked_entries_only),
    };
    return keys_init() == ERR_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
