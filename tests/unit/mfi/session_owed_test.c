/* What is owed: asked for after a hello and after receipts, kept whole or not at all. */
#include "agents/mfi/owed.h"
#include "tests/unit/mfi/session_rig.h"

/* 2020-07-03 08:00 */
#define NOW_US INT64_C(1593763200000000)
#define DAY_US (INT64_C(86400) * 1000000)

static char accepted[] = "ACCEPTED";
static char expected[] = "EXPECTED";
static char open_word[] = "OPEN";
static char excused[] = "EXCUSED";

static Ihuriro__V1__OwedRow row_of(char *period, int64_t due_us)
{
    Ihuriro__V1__OwedRow row = IHURIRO__V1__OWED_ROW__INIT;
    row.type = IHURIRO__V1__REPORT_TYPE__OPERATIONS;
    row.period = period;
    row.due_us = due_us;
    row.grace_us = due_us + DAY_US;
    row.progress = expected;
    row.timeliness = open_word;
    return row;
}

static void add_row(struct scripted_hub *hub, Ihuriro__V1__OwedRow *row)
{
    hub->owed[hub->owed_count++] = row;
}

static bool is_kept(struct rig *rig, const char *institution, struct arena *arena,
                    const struct owed **ret_owed)
{
    static const struct authority_keys nobody;
    AUTO(txn_end) struct txn txn = {0};
    struct owed_terms terms = {.now_us = NOW_US, .utc_offset_minutes = 120, .authority = &nobody};
    assert_int_equal(txn_begin(outbox_env(rig->outbox), false, &txn), ERR_OK);
    enum err err = owed_get(&txn, institution, &terms, arena, ret_owed);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK;
}

static size_t kept_rows(struct rig *rig, const char *institution)
{
    AUTO(arena_close) struct arena arena = {0};
    const struct owed *owed = NULL;
    return is_kept(rig, institution, &arena, &owed) ? owed->count : SIZE_MAX;
}

static void after_the_greeting_each_institution_asks_once_and_keeps_all_pages(void **state)
{
    (void)state;
    static char periods[3][8] = {"2020-04", "2020-05", "2020-06"};
    struct scripted_hub hub;
    struct rig rig;
    Ihuriro__V1__OwedRow rows[3];
    hub_open(&hub);
    rig_open(&rig, &hub);
    for (size_t i = 0; i < 3; i++) {
        rows[i] = row_of(periods[i], NOW_US + (int64_t)i * DAY_US);
        add_row(&hub, &rows[i]);
    }
    rig_meet(&rig);
    assert_int_equal(hub.owed_asked, 6); /* three pages each */
    assert_int_equal(rig.news[NEWS_OWED], 2);
    assert_int_equal(kept_rows(&rig, "SACCO-1"), 3);
    assert_int_equal(kept_rows(&rig, "SACCO-2"), 3);
    assert_true(session_is_idle(rig.session));
    /* A killed agent has it still, without asking: status works offline. */
    rig_kill(&rig);
    rig_start(&rig);
    assert_int_equal(kept_rows(&rig, "SACCO-1"), 3);
    rig_close(&rig);
    hub_close(&hub);
}

static void what_is_fresh_is_not_asked_for_at_the_next_greeting_and_is_a_day_later(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_meet(&rig);
    assert_int_equal(hub.owed_asked, 2);
    rig_cut(&rig);
    rig_meet(&rig);
    assert_int_equal(hub.hellos, 2);
    assert_int_equal(hub.owed_asked, 2);
    rig_pass(&rig, SESSION_DAY_MS);
    rig_talk(&rig);
    assert_int_equal(hub.hellos, 3);
    assert_int_equal(hub.owed_asked, 4);
    rig_close(&rig);
    hub_close(&hub);
}

static void
a_receipt_changes_what_is_owed_and_it_is_asked_again_but_not_with_each_of_many(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_meet(&rig);
    for (int month = 1; month <= 5; month++) {
        rig_queue(&rig, "SACCO-1", month, 1, NULL);
        rig_pass(&rig, 1000);
        rig_talk(&rig);
    }
    assert_int_equal(rig_counts(&rig).receipted, 5);
    assert_int_equal(hub.owed_asked, 2); /* half a minute has not passed since the first */
    assert_true(session_is_idle(rig.session));
    rig_pass(&rig, SESSION_OWED_PAUSE_MS);
    rig_talk(&rig);
    assert_int_equal(hub.owed_asked, 3); /* once, for SACCO-1 */
    rig_pass(&rig, SESSION_OWED_PAUSE_MS);
    rig_talk(&rig);
    assert_int_equal(hub.owed_asked, 3);
    rig_close(&rig);
    hub_close(&hub);
}

static void reports_go_out_before_anything_is_asked(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_queue(&rig, "SACCO-2", 1, 1, NULL);
    rig_connect(&rig);
    rig_to_hub(&rig);
    rig_answer(&rig, false);
    rig_to_hub(&rig);
    assert_int_equal(hub.submits, 2);
    assert_int_equal(hub.owed_asked, 0);
    rig_talk(&rig);
    assert_int_equal(hub.owed_asked, 2); /* after the receipts, and once each */
    rig_close(&rig);
    hub_close(&hub);
}

static void
a_hub_that_does_not_know_the_question_is_not_asked_again_before_the_next_greeting(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.knows_no_owed = true;
    rig_meet(&rig);
    size_t asked = hub.owed_asked;
    assert_true(asked <= 2);
    assert_int_equal(rig.news[NEWS_TROUBLE], 0);
    rig_queue(&rig, "SACCO-1", 1, 1, NULL);
    rig_pass(&rig, SESSION_OWED_PAUSE_MS + 1000);
    rig_talk(&rig);
    assert_int_equal(rig_counts(&rig).receipted, 1);
    assert_int_equal(hub.owed_asked, asked);
    assert_true(session_is_idle(rig.session));
    assert_int_equal(kept_rows(&rig, "SACCO-1"), SIZE_MAX);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_hub_that_puts_it_off_is_asked_again_when_it_said(void **state)
{
    (void)state;
    struct scripted_hub hub;
    struct rig rig;
    hub_open(&hub);
    rig_open(&rig, &hub);
    hub.owed_later_s = 60;
    rig_meet(&rig);
    assert_int_equal(hub.owed_asked, 2);
    rig_pass(&rig, 30000);
    rig_talk(&rig);
    assert_int_equal(hub.owed_asked, 2);
    hub.owed_later_s = 0;
    rig_pass(&rig, 50000);
    rig_talk(&rig);
    assert_int_equal(hub.owed_asked, 4);
    assert_int_equal(rig.news[NEWS_TROUBLE], 0);
    assert_int_equal(kept_rows(&rig, "SACCO-1"), 0);
    rig_close(&rig);
    hub_close(&hub);
}

static void half_an_answer_is_none_and_what_was_kept_stays(void **state)
{
    (void)state;
    static char periods[2][8] = {"2020-05", "2020-06"};
    struct scripted_hub hub;
    struct rig rig;
    Ihuriro__V1__OwedRow rows[2] = {row_of(periods[0], NOW_US), row_of(periods[1], NOW_US)};
    hub_open(&hub);
    rig_open(&rig, &hub);
    add_row(&hub, &rows[0]);
    rig_meet(&rig);
    assert_int_equal(kept_rows(&rig, "SACCO-1"), 1);
    add_row(&hub, &rows[1]);
    rig_pass(&rig, SESSION_DAY_MS);
    for (int i = 0; i < 3; i++) { /* HELLO's answer, the first page of both */
        rig_to_hub(&rig);
        rig_answer(&rig, false);
    }
    rig_cut(&rig);
    assert_int_equal(kept_rows(&rig, "SACCO-1"), 1);
    rig_meet(&rig);
    assert_int_equal(kept_rows(&rig, "SACCO-1"), 2);
    rig_close(&rig);
    hub_close(&hub);
}

static void a_list_without_an_end_ends_the_connection_and_keeps_nothing(void **state)
{
    (void)state;
    static char periods[2][8] = {"2020-05", "2020-06"};
    struct scripted_hub hub;
    struct rig rig;
    Ihuriro__V1__OwedRow rows[2] = {row_of(periods[0], NOW_US), row_of(periods[1], NOW_US)};
    hub_open(&hub);
    rig_open(&rig, &hub);
    add_row(&hub, &rows[0]);
    add_row(&hub, &rows[1]);
    hub.owed_has_no_end = true;
    rig_connect(&rig);
    for (int i = 0; i < 2; i++) {
        rig_to_hub(&rig);
        rig_answer(&rig, false);
    }
    assert_int_equal(rig.news[NEWS_TROUBLE], 1);
    assert_non_null(strstr(rig.trouble, "has no end"));
    assert_int_equal(kept_rows(&rig, "SACCO-1"), SIZE_MAX);
    rig_close(&rig);
    hub_close(&hub);
}

/* ---- what is read of it ---- */

static struct owed *read_rows(Ihuriro__V1__OwedRow *row, Ihuriro__V1__SignedOrder *order,
                              const struct owed_terms *terms, struct arena *arena)
{
    AUTO(buffer_close) struct buffer raw = {0};
    static char institution[] = "SACCO-1";
    static uint8_t session[1];
    Ihuriro__V1__Owed message = IHURIRO__V1__OWED__INIT;
    struct owed *owed = NULL;
    message.session = pb_of_bytes(bytes_of(session, sizeof session));
    message.institution = institution;
    message.rows = &row;
    message.n_rows = 1;
    message.orders = &order;
    message.n_orders = order != NULL;
    message.now_us = NOW_US;
    assert_int_equal(message_pack(&message.base, &raw), ERR_OK);
    uint8_t *copy = arena_take(arena, raw.size);
    memcpy(copy, raw.data, raw.size);
    assert_int_equal(owed_read(bytes_of(copy, raw.size), "SACCO-1", terms, arena, &owed), ERR_OK);
    return owed;
}

static enum owed_state state_at(Ihuriro__V1__OwedRow *row, int64_t now_us)
{
    static const struct authority_keys nobody;
    AUTO(arena_close) struct arena arena = {0};
    struct owed_terms terms = {.now_us = now_us, .utc_offset_minutes = 120, .authority = &nobody};
    const struct owed *owed = read_rows(row, NULL, &terms, &arena);
    return owed->count == 1 ? owed->items[0].state : OWED_NOT_FOLLOWED;
}

/* Offline the hub's word ages, and what it says of time is said by the agent. */
static void time_goes_on_without_the_hub(void **state)
{
    (void)state;
    static char june[] = "2020-06";
    static char july[] = "2020-07";
    static char on_time[] = "ON_TIME";
    Ihuriro__V1__OwedRow row = row_of(june, NOW_US + 5 * DAY_US);
    assert_int_equal(state_at(&row, NOW_US), OWED_DUE);
    assert_int_equal(state_at(&row, row.due_us), OWED_DUE);
    assert_int_equal(state_at(&row, row.due_us + 1), OWED_IN_GRACE);
    assert_int_equal(state_at(&row, row.grace_us), OWED_OVERDUE);
    row.timeliness = on_time;
    row.progress = accepted;
    assert_int_equal(state_at(&row, row.grace_us), OWED_RECEIVED);
    row.timeliness = excused;
    assert_int_equal(state_at(&row, row.grace_us), OWED_WAIVED);
    row = row_of(july, NOW_US + 40 * DAY_US);
    assert_int_equal(state_at(&row, NOW_US), OWED_RUNNING);
}

/* A receipt that came after the hub's last word counts at once. */
static void a_receipt_that_the_hubs_word_does_not_know_yet_counts(void **state)
{
    (void)state;
    static char june[] = "2020-06";
    AUTO(arena_close) struct arena arena = {0};
    const struct owed *owed = NULL;
    struct scripted_hub hub;
    struct rig rig;
    Ihuriro__V1__OwedRow row = row_of(june, INT64_MAX / 2);
    hub_open(&hub);
    rig_open(&rig, &hub);
    add_row(&hub, &row);
    rig_meet(&rig);
    rig_queue(&rig, "SACCO-1", 6, 1, NULL);
    assert_true(is_kept(&rig, "SACCO-1", &arena, &owed));
    assert_int_equal(owed->items[0].state, OWED_DUE);
    assert_true(owed->items[0].is_here);
    rig_pass(&rig, 1000);
    rig_talk(&rig);
    assert_true(is_kept(&rig, "SACCO-1", &arena, &owed));
    assert_int_equal(owed->items[0].state, OWED_RECEIVED);
    rig_close(&rig);
    hub_close(&hub);
}

/* ---- orders ---- */

struct made_order {
    struct signing_key *key;
    struct authority_keys pinned;
    struct buffer raw;
    struct arena arena;
    Ihuriro__V1__SignedOrder *signed_order;
};

static void close_order(struct made_order *made)
{
    signing_key_close(&made->key);
    buffer_close(&made->raw);
    arena_close(&made->arena);
}

/* Adds OPERATIONS of days, or suspends OPERATIONS, from 1 to 31 July. */
static void make_order(struct made_order *made, bool adds)
{
    static char id[] = "BNR-2020-07";
    static char authority[] = "BNR";
    static char reason[] = "The crisis.";
    static char type[] = "OPERATIONS";
    static char daily[] = "D";
    static Ihuriro__V1__ReportType types[] = {IHURIRO__V1__REPORT_TYPE__OPERATIONS};
    uint8_t seed[32] = {77};
    PbOrder order = IHURIRO__V1__ORDER__INIT;
    PbOrderRow row = IHURIRO__V1__ORDER_ROW__INIT;
    PbOrderRow *rows[] = {&row};
    PbObligation add = IHURIRO__V1__OBLIGATION__INIT;
    *made = (struct made_order){.key = NULL};
    assert_int_equal(signing_key_from_seed(seed, &made->key), ERR_OK);
    memcpy(made->pinned.keys[0], signing_key_public(made->key), PUBLIC_KEY_BYTES);
    made->pinned.count = 1;
    assert_int_equal(day_parse("2020-07-01", &order.from_day), ERR_OK);
    assert_int_equal(day_parse("2020-07-31", &order.until_day), ERR_OK);
    order.id = id;
    order.authority = authority;
    order.reason = reason;
    order.signed_us = NOW_US;
    order.rows = rows;
    order.n_rows = 1;
    row.action =
        adds ? IHURIRO__V1__ORDER_ROW__ACTION__ADD : IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    add.id = id;
    add.type = type;
    add.frequency = daily;
    add.wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
    add.due_days = 1;
    add.due_minutes = 600;
    row.add = adds ? &add : NULL;
    row.types = adds ? NULL : types;
    row.n_types = adds ? 0 : 1;
    assert_int_equal(order_sign(made->key, &order, &made->raw), ERR_OK);
    assert_int_equal(MESSAGE_UNPACK(signed_order, MESSAGE_TOLERANT, buffer_bytes(&made->raw),
                                    &made->arena, &made->signed_order),
                     ERR_OK);
}

static struct owed_item item_under(struct made_order *made, Ihuriro__V1__OwedRow *row)
{
    AUTO(arena_close) struct arena arena = {0};
    struct owed_terms terms = {
        .now_us = NOW_US, .utc_offset_minutes = 120, .authority = &made->pinned};
    const struct owed *owed = read_rows(row, made->signed_order, &terms, &arena);
    assert_int_equal(owed->count, 1);
    struct owed_item item = owed->items[0];
    item.row = NULL; /* dies with the arena */
    return item;
}

static void an_order_of_the_pinned_key_is_followed_within_its_days_only(void **state)
{
    (void)state;
    static char id[] = "BNR-2020-07";
    static char july[] = "2020-07-02";
    static char august[] = "2020-08-01";
    struct made_order made;
    make_order(&made, true);
    Ihuriro__V1__OwedRow row = row_of(july, NOW_US + DAY_US);
    row.order = id;
    assert_int_equal(item_under(&made, &row).state, OWED_DUE);
    row.period = august; /* past its end nothing is ordered, whatever the hub says */
    assert_int_equal(item_under(&made, &row).state, OWED_NOT_FOLLOWED);
    assert_int_equal(item_under(&made, &row).trust, ORDER_SAYS_OTHERWISE);
    row.period = july;
    row.type = IHURIRO__V1__REPORT_TYPE__CAPITAL; /* not what it says */
    assert_int_equal(item_under(&made, &row).trust, ORDER_SAYS_OTHERWISE);
    close_order(&made);
}

static void an_order_that_is_not_genuine_adds_nothing_and_excuses_nothing(void **state)
{
    (void)state;
    static char id[] = "BNR-2020-07";
    static char july[] = "2020-07-02";
    struct made_order made;
    for (int adds = 0; adds < 2; adds++) {
        make_order(&made, adds == 1);
        Ihuriro__V1__OwedRow row = row_of(july, NOW_US + DAY_US);
        row.order = id;
        row.timeliness = adds == 1 ? open_word : excused;
        enum owed_state without = adds == 1 ? OWED_NOT_FOLLOWED : OWED_DUE;
        assert_int_equal(item_under(&made, &row).state, adds == 1 ? OWED_DUE : OWED_SUSPENDED);
        made.pinned.keys[0][5] ^= 1;
        assert_int_equal(item_under(&made, &row).trust, ORDER_OTHER_SIGNER);
        assert_int_equal(item_under(&made, &row).state, without);
        made.pinned.count = 0;
        assert_int_equal(item_under(&made, &row).trust, ORDER_NOT_PINNED);
        assert_int_equal(item_under(&made, &row).state, without);
        made.pinned.count = 1;
        made.pinned.keys[0][5] ^= 1;
        made.signed_order->signature.data[3] ^= 1;
        assert_int_equal(item_under(&made, &row).trust, ORDER_BAD_SIGNATURE);
        assert_int_equal(item_under(&made, &row).state, without);
        made.signed_order = NULL;
        assert_int_equal(item_under(&made, &row).trust, ORDER_NOT_SHOWN);
        assert_int_equal(item_under(&made, &row).state, without);
        close_order(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_the_greeting_each_institution_asks_once_and_keeps_all_pages),
        cmocka_unit_test(what_is_fresh_is_not_asked_for_at_the_next_greeting_and_is_a_day_later),
        cmocka_unit_test(
            a_receipt_changes_what_is_owed_and_it_is_asked_again_but_not_with_each_of_many),
        cmocka_unit_test(reports_go_out_before_anything_is_asked),
        cmocka_unit_test(
            a_hub_that_does_not_know_the_question_is_not_asked_again_before_the_next_greeting),
        cmocka_unit_test(a_hub_that_puts_it_off_is_asked_again_when_it_said),
        cmocka_unit_test(half_an_answer_is_none_and_what_was_kept_stays),
        cmocka_unit_test(a_list_without_an_end_ends_the_connection_and_keeps_nothing),
        cmocka_unit_test(time_goes_on_without_the_hub),
        cmocka_unit_test(a_receipt_that_the_hubs_word_does_not_know_yet_counts),
        cmocka_unit_test(an_order_of_the_pinned_key_is_followed_within_its_days_only),
        cmocka_unit_test(an_order_that_is_not_genuine_adds_nothing_and_excuses_nothing),
    };
    return keys_init() == ERR_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
