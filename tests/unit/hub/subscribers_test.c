/* Who follows the feed, and how far it has come, as the operator sees it. */
#include "tests/unit/hub/reading_support.h"

#include "hub/subscribers.h"

static struct access_key key_of(unsigned number)
{
    struct access_key key = {{0}};
    put_u32(key.hash, number * 2654435761U);
    put_u32(key.hash + 4, number);
    return key;
}

static int listening_open(void **state)
{
    int failed = readers_open(state);
    OK(subscribers_make(&((struct readers *)*state)->subscribers));
    return failed;
}

static void fetch_from(struct readers *readers, uint8_t user, uint8_t routing, uint64_t from,
                       const PbFilter *filter)
{
    struct position position = position_now(readers, from);
    PbPosition message_from = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Fetch message = IHURIRO__V1__FETCH__INIT;
    position_to_message(&position, &message_from);
    message.position = &message_from;
    message.filter = (PbFilter *)(uintptr_t)filter;
    message.has_wait_ms = 1;
    message.wait_ms = 5000;
    say_to_feed(readers, peer_of(routing, user), VERB_FETCH, &message.base);
    turn_feed(readers);
}

static struct subscriber_list listed(struct readers *readers)
{
    struct subscriber_list list;
    OK(subscribers_list(readers->subscribers, &list));
    return list;
}

static void a_subscriber_is_listed_with_what_it_asked_for_last(void **state)
{
    struct readers *readers = *state;
    uint64_t head = head_now(readers);
    fetch_from(readers, STAFF, 1, 2, NULL); /* answered at once */
    {
        AUTO(subscriber_list_close) struct subscriber_list list = listed(readers);
        assert_int_equal(list.count, 1);
        assert_string_equal(list.items[0].party, "AMIR");
        assert_int_equal(list.items[0].position, 2);
        assert_false(list.items[0].is_waiting);
        assert_null(list.items[0].filter);
    }
    int64_t began_us = readers->bench.now_us;
    readers->bench.now_us += 1000000;
    fetch_from(readers, STAFF, 1, head, NULL);
    AUTO(subscriber_list_close) struct subscriber_list list = listed(readers);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].position, head);
    assert_true(list.items[0].is_waiting);
    assert_int_equal(list.items[0].since_us, began_us);
    assert_int_equal(list.items[0].asked_us, began_us + 1000000);
    readers->now_ms += 5000;
    turn_feed(readers);
    AUTO(subscriber_list_close) struct subscriber_list later = listed(readers);
    assert_false(later.items[0].is_waiting);
    assert_int_equal(readers->counters.waiting, 0);
}

static void each_filter_of_a_party_is_a_line_and_who_is_farthest_behind_is_first(void **state)
{
    struct readers *readers = *state;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    uint32_t kinds[] = {KIND_REPORT};
    char id[] = "M1";
    char *institutions[] = {id};
    uint64_t head = head_now(readers);
    filter.kinds = kinds;
    filter.n_kinds = 1;
    fetch_from(readers, STAFF, 1, head, NULL);
    fetch_from(readers, STAFF, 2, head - 2, &filter);
    filter.institutions = institutions;
    filter.n_institutions = 1;
    fetch_from(readers, REGULATOR, 3, head - 1, &filter);
    readers->now_ms += 5000;
    turn_feed(readers); /* all are answered, and nobody asks again */
    id[1] = '2';        /* what is listed is a copy */
    AUTO(subscriber_list_close) struct subscriber_list list = listed(readers);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0].position, head - 2);
    assert_string_equal(list.items[1].party, "BNR");
    assert_string_equal(list.items[1].filter->institutions[0], "M1");
    assert_string_equal(list.items[0].party, list.items[2].party);
    assert_string_not_equal(list.items[0].mark, list.items[2].mark);
    subscribers_close(&readers->subscribers); /* a list outlives what it was taken from */
    assert_string_equal(list.items[1].filter->institutions[0], "M1");
}

static void who_is_refused_is_not_listed(void **state)
{
    struct readers *readers = *state;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    char id[] = "NOBODY";
    char *institutions[] = {id};
    filter.institutions = institutions;
    filter.n_institutions = 1;
    fetch_from(readers, STAFF, 1, 0, &filter);
    fetch_from(readers, STRANGER, 2, 0, NULL);
    AUTO(subscriber_list_close) struct subscriber_list list = listed(readers);
    assert_int_equal(list.count, 0);
}

/* A feed that waits for what seldom comes is not behind: the hub has looked for it. */
static void while_it_waits_what_is_not_for_it_is_no_lag(void **state)
{
    struct readers *readers = *state;
    uint64_t head = head_now(readers);
    fetch_from(readers, STAFF, 1, head, NULL);
    add_accesses(readers, 3); /* not for staff */
    turn_feed(readers);
    AUTO(subscriber_list_close) struct subscriber_list list = listed(readers);
    assert_true(list.items[0].is_waiting);
    assert_int_equal(list.items[0].position, head);
    assert_int_equal(list.items[0].reached, head + 3);
    feed_close(&readers->feed); /* it goes */
    AUTO(subscriber_list_close) struct subscriber_list later = listed(readers);
    assert_false(later.items[0].is_waiting);
    assert_int_equal(later.items[0].reached, head);
}

static void asked_and_answered(struct readers *readers, const struct access_key *key,
                               uint64_t position, int64_t now_us)
{
    struct followed *waits =
        subscribers_asked(readers->subscribers, key, "BNR", NULL, position, now_us);
    assert_non_null(waits);
    followed_close(&waits);
}

static void where_it_is_full_who_asked_longest_ago_is_forgotten(void **state)
{
    struct readers *readers = *state;
    for (unsigned i = 0; i < SUBSCRIBERS_KEPT + 100; i++) {
        struct access_key key = key_of(i);
        struct access_key first = key_of(0);
        asked_and_answered(readers, &key, i, 1000 + i);
        asked_and_answered(readers, &first, 0, 1000 + i); /* stays */
    }
    AUTO(subscriber_list_close) struct subscriber_list list = listed(readers);
    assert_int_equal(list.count, SUBSCRIBERS_KEPT);
    assert_int_equal(list.items[0].position, 0);
    assert_int_equal(list.items[1].position, 101);
}

static void who_has_not_asked_for_a_week_is_forgotten(void **state)
{
    struct readers *readers = *state;
    struct access_key a = key_of(1);
    struct access_key b = key_of(2);
    struct followed *waits = subscribers_asked(readers->subscribers, &a, "A", NULL, 5, 1000);
    asked_and_answered(readers, &b, 6, 1001 + SUBSCRIBER_KEPT_US);
    AUTO(subscriber_list_close) struct subscriber_list list = listed(readers);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].position, 6);
    followed_looked(waits, 7); /* who is not listed any more may still be answered */
    followed_close(&waits);
    assert_null(waits);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, listening_open, readers_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_subscriber_is_listed_with_what_it_asked_for_last),
        TEST(each_filter_of_a_party_is_a_line_and_who_is_farthest_behind_is_first),
        TEST(who_is_refused_is_not_listed),
        TEST(while_it_waits_what_is_not_for_it_is_no_lag),
        TEST(where_it_is_full_who_asked_longest_ago_is_forgotten),
        TEST(who_has_not_asked_for_a_week_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
