/* The feed door's decisions: parked or answered, who may see what, how far an answer has looked. */
#include "tests/unit/hub/reading_support.h"

struct wanted {
    uint8_t user;
    uint8_t routing;
    struct position from;
    bool is_bare;
    uint32_t wait_ms;
    uint32_t max_bytes;
    uint64_t until;
    const PbFilter *filter;
};

static void fetch(struct readers *readers, const struct wanted *wanted)
{
    PbPosition from = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Fetch message = IHURIRO__V1__FETCH__INIT;
    position_to_message(&wanted->from, &from);
    from.root.len = wanted->is_bare ? 0 : from.root.len;
    message.position = &from;
    message.filter = (PbFilter *)(uintptr_t)wanted->filter;
    message.has_wait_ms = 1;
    message.wait_ms = wanted->wait_ms;
    message.has_max_bytes = wanted->max_bytes > 0;
    message.max_bytes = wanted->max_bytes;
    message.has_until = wanted->until > 0;
    message.until = wanted->until;
    message.number = 7;
    say_to_feed(readers, peer_of(wanted->routing, wanted->user), VERB_FETCH, &message.base);
}

static struct header header_of(const Ihuriro__V1__RecordView *view)
{
    struct header header;
    OK(header_decode(bytes_of_pb(view->header), &header));
    return header;
}

static void a_fetch_from_the_past_is_answered_in_the_same_turn(void **state)
{
    struct readers *readers = *state;
    fetch(readers, &(struct wanted){.user = REGULATOR, .wait_ms = 30000});
    turn_feed(readers);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    uint64_t head = head_now(readers);
    assert_int_equal(records->number, 7);
    assert_int_equal(records->n_records, head); /* a regulator sees all */
    assert_int_equal(records->head, head);
    assert_int_equal(records->to->size, head);
    struct position end = position_now(readers, head);
    assert_memory_equal(records->to->root.data, end.root.bytes, SHA256_BYTES);
    assert_true(records->checkpoint.len > 0);
    for (uint64_t i = 0; i < head; i++) {
        assert_int_equal(header_of(records->records[i]).seq, i + 1);
    }
    assert_int_equal(feed_parked(readers->feed), 0);
}

static void a_fetch_at_the_head_waits_for_the_next_record(void **state)
{
    struct readers *readers = *state;
    struct position head = position_now(readers, head_now(readers));
    fetch(readers, &(struct wanted){.user = STAFF, .from = head, .wait_ms = 30000});
    assert_false(turn_feed(readers));
    assert_int_equal(readers->heard_count, 0);
    assert_int_equal(feed_parked(readers->feed), 1);
    assert_int_equal(feed_wait_ms(readers->feed, readers->now_ms), 30000);
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    turn_feed(readers);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    assert_int_equal(records->n_records, 1);
    assert_int_equal(records->from->size, head.size);
    assert_int_equal(records->to->size, head.size + 1);
    assert_int_equal(feed_wait_ms(readers->feed, readers->now_ms), -1);
}

static void when_the_time_is_up_the_cursor_has_moved_over_what_is_not_for_the_reader(void **state)
{
    struct readers *readers = *state;
    struct position head = position_now(readers, head_now(readers));
    fetch(readers, &(struct wanted){.user = STAFF, .from = head, .wait_ms = 5000});
    add_accesses(readers, 3);
    turn_feed(readers);
    assert_int_equal(readers->heard_count, 0); /* nothing of it is for staff */
    readers->now_ms += 5000;
    turn_feed(readers);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    assert_int_equal(records->n_records, 0);
    assert_int_equal(records->from->size, head.size);
    assert_int_equal(records->to->size, head.size + 3);
}

static void a_wait_is_never_longer_than_thirty_seconds(void **state)
{
    struct readers *readers = *state;
    struct position head = position_now(readers, head_now(readers));
    fetch(readers, &(struct wanted){.user = STAFF, .from = head, .wait_ms = 4000000000U});
    assert_int_equal(feed_wait_ms(readers->feed, readers->now_ms), FETCH_WAIT_MS_MAX);
}

static void a_position_of_another_history_is_answered_not_in_history(void **state)
{
    struct readers *readers = *state;
    struct position other = position_now(readers, 3);
    other.root.bytes[5] ^= 1;
    fetch(readers, &(struct wanted){.user = STAFF, .from = other});
    const Ihuriro__V1__NotInHistory *lost = heard(readers, 0, VERB_NOT_IN_HISTORY);
    assert_int_equal(lost->number, 7);
    assert_int_equal(lost->position->size, 3);
    forget(readers);
    other = position_now(readers, 3);
    other.size = head_now(readers) + 10;
    fetch(readers, &(struct wanted){.user = STAFF, .from = other});
    heard(readers, 0, VERB_NOT_IN_HISTORY);
    assert_int_equal(feed_parked(readers->feed), 0);
}

static void a_number_alone_means_what_stands_there_now(void **state)
{
    struct readers *readers = *state;
    struct position there = position_now(readers, 4);
    fetch(readers, &(struct wanted){.user = REGULATOR, .from.size = 4, .is_bare = true});
    turn_feed(readers);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    assert_int_equal(records->from->size, 4);
    assert_memory_equal(records->from->root.data, there.root.bytes, SHA256_BYTES);
    assert_int_equal(header_of(records->records[0]).seq, 5);
    forget(readers);
    fetch(readers, &(struct wanted){.user = REGULATOR, .from.size = 4000, .is_bare = true});
    heard(readers, 0, VERB_NOT_IN_HISTORY);
}

static const Ihuriro__V1__Stands *ask_older(struct readers *readers,
                                            const struct position *positions, size_t count)
{
    PbPosition cursor = IHURIRO__V1__POSITION__INIT;
    PbPosition messages[8];
    PbPosition *pointers[8];
    Ihuriro__V1__Older older = IHURIRO__V1__OLDER__INIT;
    for (size_t i = 0; i < count; i++) {
        messages[i] = (PbPosition)IHURIRO__V1__POSITION__INIT;
        position_to_message(&positions[i], &messages[i]);
        pointers[i] = &messages[i];
    }
    position_to_message(&positions[0], &cursor);
    older.number = 9;
    older.cursor = &cursor;
    older.positions = pointers;
    older.n_positions = count;
    forget(readers);
    say_to_feed(readers, peer_of(1, STAFF), VERB_OLDER, &older.base);
    return heard(readers, 0, VERB_STANDS);
}

static void of_older_positions_the_newest_that_stands_is_named(void **state)
{
    struct readers *readers = *state;
    struct position shown[3] = {position_now(readers, 7), position_now(readers, 5),
                                position_now(readers, 2)};
    shown[0].root.bytes[0] ^= 1;
    const Ihuriro__V1__Stands *stands = ask_older(readers, shown, 3);
    assert_int_equal(stands->number, 9);
    assert_int_equal(stands->cursor->size, 7);
    assert_int_equal(stands->position->size, 5);
    shown[1].root.bytes[0] ^= 1;
    shown[2].root.bytes[0] ^= 1;
    assert_int_equal(ask_older(readers, shown, 3)->position->size, 0);
}

static void a_change_of_rights_ends_the_wait(void **state)
{
    struct readers *readers = *state;
    struct position head = position_now(readers, head_now(readers));
    fetch(readers, &(struct wanted){.user = STAFF, .from = head, .wait_ms = 30000});
    turn_feed(readers);
    assert_int_equal(readers->heard_count, 0);
    readers->generation++; /* another registry, the same rights: not a reason to answer */
    turn_feed(readers);
    assert_int_equal(readers->heard_count, 0);
    set_agreement(readers, "M1", true);
    turn_feed(readers);
    heard(readers, 0, VERB_RECORDS);
}

static void revoke_reader(struct readers *readers, const char *id, uint8_t user)
{
    uint8_t key[PUBLIC_KEY_BYTES];
    memset(key, user, sizeof key);
    bench_revoke(&readers->bench, id, key);
    reload_registry(readers);
}

static void who_is_unknown_or_revoked_hears_why(void **state)
{
    struct readers *readers = *state;
    struct position head = position_now(readers, head_now(readers));
    fetch(readers, &(struct wanted){.user = STRANGER});
    const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "NOT_ENTITLED");
    assert_non_null(strstr(refused->text, "operator"));
    forget(readers);
    fetch(readers, &(struct wanted){.user = STAFF, .from = head, .wait_ms = 30000});
    revoke_reader(readers, "AMIR", STAFF);
    turn_feed(readers); /* one that is parked hears it too */
    refused = heard(readers, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "NOT_ENTITLED");
    assert_int_equal(feed_parked(readers->feed), 0);
}

static void a_newer_fetch_of_a_connection_ends_the_older_without_an_answer(void **state)
{
    struct readers *readers = *state;
    struct position head = position_now(readers, head_now(readers));
    fetch(readers, &(struct wanted){.user = STAFF, .routing = 1, .from = head, .wait_ms = 9000});
    fetch(readers, &(struct wanted){.user = STAFF, .routing = 1, .from = head, .wait_ms = 9000});
    assert_int_equal(feed_parked(readers->feed), 1);
    for (uint8_t i = 0; i < FETCHES_PER_PARTY + 3; i++) {
        fetch(readers,
              &(struct wanted){.user = STAFF, .routing = i, .from = head, .wait_ms = 9000});
    }
    assert_int_equal(feed_parked(readers->feed), FETCHES_PER_PARTY);
    fetch(readers, &(struct wanted){.user = REGULATOR, .routing = 99, .from = head, .wait_ms = 1});
    assert_int_equal(feed_parked(readers->feed), FETCHES_PER_PARTY + 1);
    assert_int_equal(readers->heard_count, 0);
}

static const Ihuriro__V1__RecordView *last_record(struct readers *readers, uint8_t user)
{
    struct position before = position_now(readers, head_now(readers) - 1);
    forget(readers);
    fetch(readers, &(struct wanted){.user = user, .from = before});
    turn_feed(readers);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    return records->n_records > 0 ? records->records[0] : NULL;
}

static void staff_see_the_header_alone_without_an_agreement(void **state)
{
    struct readers *readers = *state;
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    const Ihuriro__V1__RecordView *view = last_record(readers, STAFF);
    assert_non_null(view);
    assert_false(view->has_body);
    assert_false(view->has_judgement);
    assert_true(last_record(readers, REGULATOR)->has_body);
    assert_true(last_record(readers, 0x10)->has_body); /* the member itself */
    assert_null(last_record(readers, 0x20));           /* another one */
    set_agreement(readers, "M1", true);
    add_report(readers, "M1", 0x10, BENCH_DAY, 2);
    assert_true(last_record(readers, STAFF)->has_body);
}

static void answers_are_bounded_and_follow_one_another_without_a_gap(void **state)
{
    struct readers *readers = *state;
    struct position at = {0};
    uint64_t next = 1;
    uint64_t head = head_now(readers);
    for (int i = 0; i < 100 && at.size < head; i++) {
        forget(readers);
        fetch(readers, &(struct wanted){.user = REGULATOR, .from = at, .max_bytes = 1800});
        turn_feed(readers);
        const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
        assert_true(readers->heard[0].size <= 1800 || records->n_records == 1);
        for (size_t k = 0; k < records->n_records; k++) {
            assert_int_equal(header_of(records->records[k]).seq, next++);
        }
        assert_int_equal(records->from->size, at.size);
        at = position_now(readers, records->to->size);
    }
    assert_int_equal(next, head + 1);
}

/* Follows from the beginning in small answers; before the fifth of them something happens. Returns
 * how many of M1's bodies came in and after the fifth. */
static unsigned follow_as_staff(struct readers *readers, void (*before_fifth)(struct readers *))
{
    struct position at = {0};
    unsigned bodies = 0;
    uint64_t last = 0;
    merkle_empty(&at.root);
    for (unsigned asked = 1; at.size < head_now(readers); asked++) {
        if (asked == 5) {
            before_fifth(readers);
        }
        forget(readers);
        fetch(readers, &(struct wanted){.user = STAFF, .from = at, .max_bytes = 2600});
        turn_feed(readers);
        const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
        for (size_t i = 0; i < records->n_records; i++) {
            struct header header = header_of(records->records[i]);
            assert_true(header.seq > last);
            last = header.seq;
            bodies += asked >= 5 && header.kind == KIND_REPORT && records->records[i]->has_body;
        }
        at.size = records->to->size;
        memcpy(at.root.bytes, records->to->root.data, SHA256_BYTES);
    }
    return bodies;
}

static void withdraw(struct readers *readers)
{
    set_agreement(readers, "M1", false);
}

static void leave_all_as_it_is(struct readers *readers)
{
    (void)readers;
}

static void what_was_made_ready_ahead_is_not_given_to_other_rights(void **state)
{
    struct readers *readers = *state;
    set_agreement(readers, "M1", true);
    for (int32_t day = 0; day < 30; day++) {
        add_report(readers, "M1", 0x10, BENCH_DAY - day, 1);
    }
    assert_true(follow_as_staff(readers, leave_all_as_it_is) > 10);
    assert_int_equal(follow_as_staff(readers, withdraw), 0);
}

static void one_turn_looks_at_a_thousand_records_and_serves_the_others_meanwhile(void **state)
{
    struct readers *readers = *state;
    add_accesses(readers, 1900);
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    fetch(readers,
          &(struct wanted){
              .user = STAFF, .wait_ms = 30000, .until = 0, .from = position_now(readers, 9)});
    assert_true(turn_feed(readers)); /* behind: nothing found yet */
    assert_int_equal(readers->heard_count, 0);
    assert_int_equal(feed_parked(readers->feed), 1);
    fetch(readers, &(struct wanted){.user = REGULATOR, .routing = 2, .max_bytes = 1000});
    turn_feed(readers);
    turn_feed(readers);
    assert_int_equal(readers->heard_count, 2); /* in the order in which they asked */
    assert_int_equal(readers->to[1].routing_id[1], 2);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    assert_int_equal(records->to->size, head_now(readers));
    assert_int_equal(records->n_records, 1);
}

static void who_asks_again_and_again_does_not_go_before_who_waits(void **state)
{
    struct readers *readers = *state;
    bool is_heard = false;
    add_accesses(readers, 1900);
    fetch(readers, &(struct wanted){.user = REGULATOR, .routing = 9, .max_bytes = 1000});
    for (int turn = 0; turn < 6 && !is_heard; turn++) {
        for (uint8_t greedy = 2; greedy < 6;
             greedy++) { /* each takes a half of what a turn reads */
            fetch(readers, &(struct wanted){.user = REGULATOR, .routing = greedy});
        }
        (void)turn_feed(readers);
        for (size_t i = 0; i < readers->heard_count; i++) {
            is_heard = is_heard || readers->to[i].routing_id[1] == 9;
        }
    }
    assert_true(is_heard);
}

static void a_fetch_with_a_bound_is_answered_when_it_is_reached(void **state)
{
    struct readers *readers = *state;
    fetch(readers, &(struct wanted){.user = 0x20, .wait_ms = 30000, .until = 3});
    turn_feed(readers);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    assert_int_equal(records->to->size, 3);
}

static void a_filter_is_the_readers_own_and_kept_while_it_waits(void **state)
{
    struct readers *readers = *state;
    char institution[] = "M2";
    char *institutions[] = {institution};
    uint32_t kinds[] = {KIND_REPORT};
    Ihuriro__V1__ReportType types[] = {IHURIRO__V1__REPORT_TYPE__LIQUIDITY};
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    filter.institutions = institutions;
    filter.n_institutions = 1;
    filter.kinds = kinds;
    filter.n_kinds = 1;
    filter.types = types;
    filter.n_types = 1;
    struct position head = position_now(readers, head_now(readers));
    fetch(readers,
          &(struct wanted){.user = REGULATOR, .from = head, .wait_ms = 30000, .filter = &filter});
    memset(institution, 'X', 2); /* what was asked with is gone */
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    turn_feed(readers);
    assert_int_equal(readers->heard_count, 0);
    add_report(readers, "M2", 0x20, BENCH_DAY, 1);
    turn_feed(readers);
    const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
    assert_int_equal(records->n_records, 1);
    assert_string_equal(header_of(records->records[0]).institution, "M2");
}

static const PbAccess *access_at(struct readers *readers, size_t i)
{
    const PbEvent *event = NULL;
    assert_true(i < readers->event_count);
    OK(MESSAGE_UNPACK(event, MESSAGE_CANONICAL, buffer_bytes(&readers->events[i]), &readers->arena,
                      &event));
    assert_int_equal(event_kind(event), KIND_ACCESS);
    return event->access;
}

static void an_opened_feed_is_written_down_once_and_then_once_a_day(void **state)
{
    struct readers *readers = *state;
    struct wanted wanted = {.user = STAFF};
    fetch(readers, &wanted);
    const PbAccess *access = access_at(readers, 0);
    assert_int_equal(access->act, ACCESS_FEED_OPENED);
    assert_string_equal(access->reader, "AMIR");
    forget(readers);
    for (int i = 0; i < 24 * 60 - 1; i++) {
        readers->now_ms += 60000;
        fetch(readers, &wanted);
        turn_feed(readers);
        readers->heard_count = 0;
    }
    assert_int_equal(readers->event_count, 0);
    readers->now_ms += 60000;
    fetch(readers, &wanted);
    assert_int_equal(access_at(readers, 0)->act, ACCESS_FEED_STANDING);
    forget(readers);
    readers->now_ms += ACCESS_EQUAL_MS + 1; /* it was away: opened again */
    fetch(readers, &wanted);
    assert_int_equal(access_at(readers, 0)->act, ACCESS_FEED_OPENED);
}

/* Fields that no schema knows are a stranger's bytes: they make no new act, and are not journaled.
 */
static void what_the_hub_does_not_know_of_a_filter_is_not_written_down(void **state)
{
    struct readers *readers = *state;
    uint8_t number[] = "\x0b+250788123456";
    ProtobufCMessageUnknownField unknown = {.tag = 99, .wire_type = 2, .len = 12, .data = number};
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    uint32_t kinds[] = {KIND_REPORT};
    filter.kinds = kinds;
    filter.n_kinds = 1;
    fetch(readers, &(struct wanted){.user = STAFF, .filter = &filter});
    filter.base.n_unknown_fields = 1;
    filter.base.unknown_fields = &unknown;
    fetch(readers, &(struct wanted){.user = STAFF, .filter = &filter});
    assert_int_equal(readers->event_count, 1);
    fetch(readers, &(struct wanted){.user = REGULATOR, .filter = &filter});
    assert_int_equal(readers->event_count, 2);
    (void)access_at(readers, 1); /* which takes nothing that the schema does not know */
}

static void a_reader_cannot_fill_the_journal_with_what_it_reads(void **state)
{
    struct readers *readers = *state;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    filter.has_known_at_us = 1;
    size_t written = 0;
    for (int64_t i = 1; i <= 2 * ACCESSES_BUCKET; i++) {
        filter.known_at_us = i;
        forget(readers);
        fetch(readers, &(struct wanted){.user = STAFF, .wait_ms = 30000, .filter = &filter});
        written += readers->event_count;
    }
    assert_int_equal(written, ACCESSES_BUCKET);
    heard(readers, 0, VERB_RETRY_LATER);
    forget(readers);
    fetch(readers, &(struct wanted){.user = REGULATOR, .wait_ms = 30000, .filter = &filter});
    assert_int_equal(readers->event_count, 1); /* another reader's share is its own */
    readers->now_ms += 60000;
    filter.known_at_us++;
    fetch(readers, &(struct wanted){.user = STAFF, .wait_ms = 30000, .filter = &filter});
    assert_int_equal(readers->event_count, 2);
}

static void where_the_access_cannot_be_written_nothing_is_read(void **state)
{
    struct readers *readers = *state;
    readers->journal_err = ERR_BUSY;
    fetch(readers, &(struct wanted){.user = STAFF});
    turn_feed(readers);
    assert_int_equal(readers->heard_count, 1);
    heard(readers, 0, VERB_RETRY_LATER);
    assert_int_equal(feed_parked(readers->feed), 0);
}

static void near_the_disk_floor_no_reading_begins_and_what_was_written_down_goes_on(void **state)
{
    struct readers *readers = *state;
    fetch(readers, &(struct wanted){.user = STAFF});
    turn_feed(readers);
    forget(readers);
    readers->is_short_of_disk = true;
    fetch(readers, &(struct wanted){.user = REGULATOR});
    const Ihuriro__V1__RetryLater *later = heard(readers, 0, VERB_RETRY_LATER);
    assert_non_null(strstr(later->text, "disk"));
    fetch(readers, &(struct wanted){.user = STAFF});
    turn_feed(readers);
    heard(readers, 1, VERB_RECORDS);
}

static void what_cannot_be_read_is_refused_with_a_reason(void **state)
{
    struct readers *readers = *state;
    AUTO(txn_end) struct txn txn = {0};
    struct reading reading = reading_of(readers, &txn);
    struct peer peer = peer_of(1, STAFF);
    static const struct {
        const char *bytes;
        size_t size;
    } frames[] = {{"", 0},
                  {"\x01", 1},
                  {"\x02\x00\x40", 3},
                  {"\x01\x00\x40\xff\xff", 5},
                  {"\x01\x00\x13", 3},
                  {"\x01\x00\x43\x08", 4}};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        forget(readers);
        OK(feed_take(readers->feed, &reading, &peer, bytes_of(frames[i].bytes, frames[i].size)));
        const Ihuriro__V1__Refused *refused = heard(readers, 0, VERB_REFUSED);
        assert_string_equal(refused->rule, "BAD_REQUEST");
    }
}

static void settings_come_with_a_receipt_that_verifies(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetSettings asked = IHURIRO__V1__GET_SETTINGS__INIT;
    struct receipt receipt;
    struct complaint complaint = {{0}};
    say_to_feed(readers, peer_of(1, STAFF), VERB_GET_SETTINGS, &asked.base);
    const Ihuriro__V1__SettingsPage *page = heard(readers, 0, VERB_SETTINGS_PAGE);
    assert_int_equal(page->total, page->page.len);
    OK(receipt_open(bytes_of_pb(page->receipt), &readers->arena, &receipt));
    OK(receipt_verify(&receipt, &readers->bench.identity, NULL, &complaint));
    uint8_t id[SHA256_BYTES];
    sha256(bytes_of_pb(page->page), id);
    assert_memory_equal(id, receipt.header.id, SHA256_BYTES);
    readers->heard_count = 0;
    uint8_t unknown[SHA256_BYTES] = {1};
    asked.id = pb_of_bytes(bytes_of(unknown, sizeof unknown));
    say_to_feed(readers, peer_of(1, STAFF), VERB_GET_SETTINGS, &asked.base);
    assert_string_equal(((const Ihuriro__V1__Refused *)heard(readers, 0, VERB_REFUSED))->rule,
                        "NOT_FOUND");
}

static void settings_are_not_for_the_public(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetSettings asked = IHURIRO__V1__GET_SETTINGS__INIT;
    add_reader(readers, "PRESS", ROLE_PUBLIC, STRANGER);
    say_to_feed(readers, peer_of(1, STRANGER), VERB_GET_SETTINGS, &asked.base);
    assert_string_equal(((const Ihuriro__V1__Refused *)heard(readers, 0, VERB_REFUSED))->rule,
                        "NOT_ENTITLED");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, readers_open, readers_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fetch_from_the_past_is_answered_in_the_same_turn),
        TEST(a_fetch_at_the_head_waits_for_the_next_record),
        TEST(when_the_time_is_up_the_cursor_has_moved_over_what_is_not_for_the_reader),
        TEST(a_wait_is_never_longer_than_thirty_seconds),
        TEST(a_position_of_another_history_is_answered_not_in_history),
        TEST(a_number_alone_means_what_stands_there_now),
        TEST(of_older_positions_the_newest_that_stands_is_named),
        TEST(a_change_of_rights_ends_the_wait),
        TEST(who_is_unknown_or_revoked_hears_why),
        TEST(a_newer_fetch_of_a_connection_ends_the_older_without_an_answer),
        TEST(staff_see_the_header_alone_without_an_agreement),
        TEST(answers_are_bounded_and_follow_one_another_without_a_gap),
        TEST(what_was_made_ready_ahead_is_not_given_to_other_rights),
        TEST(who_asks_again_and_again_does_not_go_before_who_waits),
        TEST(one_turn_looks_at_a_thousand_records_and_serves_the_others_meanwhile),
        TEST(a_fetch_with_a_bound_is_answered_when_it_is_reached),
        TEST(a_filter_is_the_readers_own_and_kept_while_it_waits),
        TEST(an_opened_feed_is_written_down_once_and_then_once_a_day),
        TEST(what_the_hub_does_not_know_of_a_filter_is_not_written_down),
        TEST(a_reader_cannot_fill_the_journal_with_what_it_reads),
        TEST(where_the_access_cannot_be_written_nothing_is_read),
        TEST(near_the_disk_floor_no_reading_begins_and_what_was_written_down_goes_on),
        TEST(what_cannot_be_read_is_refused_with_a_reason),
        TEST(settings_are_not_for_the_public),
        TEST(settings_come_with_a_receipt_that_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
