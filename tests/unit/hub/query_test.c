/* The query door's decisions: where a pull stands, that it is written down before it is answered,
 * what its records are, and what a checkpoint that somebody kept is worth. */
#include "tests/unit/hub/reading_support.h"

struct pull {
    uint8_t user;
    uint64_t at_seq; /* 0: none */
    int64_t known_at_us;
    bool is_unfiltered;
};

static uint32_t kinds[] = {KIND_REPORT, KIND_EARLIER_RECEIPT, KIND_PARTY, KIND_SETTINGS};
static char period[] = "2020-06-30"; /* BENCH_DAY */

static PbFilter filter_of(const struct pull *pull)
{
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    filter.kinds = kinds;
    filter.n_kinds = pull->is_unfiltered ? 0 : sizeof kinds / sizeof kinds[0];
    filter.period = period;
    filter.has_known_at_us = pull->known_at_us != 0;
    filter.known_at_us = pull->known_at_us;
    return filter;
}

static void ask_snapshot(struct readers *readers, const struct pull *pull)
{
    PbFilter filter = filter_of(pull);
    Ihuriro__V1__Snapshot snapshot = IHURIRO__V1__SNAPSHOT__INIT;
    snapshot.number = 3;
    snapshot.filter = &filter;
    snapshot.has_at_seq = pull->at_seq > 0;
    snapshot.at_seq = pull->at_seq;
    forget(readers);
    say_to_query(readers, peer_of(1, pull->user), VERB_SNAPSHOT, &snapshot.base);
}

/* The writer journals what was handed to it, and tells. */
static void commit(struct readers *readers)
{
    for (size_t i = 0; i < readers->event_count; i++) {
        struct written written = {.ticket = readers->tickets[i]};
        AUTO(txn_end) struct txn txn = {0};
        bench_begin(&readers->bench);
        OK(writer_event(readers->bench.writer, buffer_bytes(&readers->events[i]),
                        &written.last_seq));
        bench_end(&readers->bench);
        struct reading reading = reading_of(readers, &txn);
        query_written(readers->query, &reading, &written);
    }
}

static const Ihuriro__V1__SnapshotAnswer *open_pull(struct readers *readers,
                                                    const struct pull *pull)
{
    ask_snapshot(readers, pull);
    commit(readers);
    return heard(readers, 0, VERB_SNAPSHOT_ANSWER);
}

static const Ihuriro__V1__Refused *refused(struct readers *readers)
{
    return heard(readers, 0, VERB_REFUSED);
}

struct fetching {
    struct pull pull;
    struct position from;
    uint64_t until;
    const uint8_t *rights;
    uint32_t max_bytes;
};

static void fetch(struct readers *readers, const struct fetching *fetching)
{
    PbFilter filter = filter_of(&fetching->pull);
    PbPosition from = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Fetch message = IHURIRO__V1__FETCH__INIT;
    position_to_message(&fetching->from, &from);
    message.position = &from;
    message.filter = &filter;
    message.has_until = fetching->until > 0;
    message.until = fetching->until;
    message.has_proofs = 1;
    message.proofs = 1;
    message.has_rights = 1;
    message.rights = pb_of_bytes(bytes_of(fetching->rights, SHA256_BYTES));
    message.has_max_bytes = fetching->max_bytes > 0;
    message.max_bytes = fetching->max_bytes;
    message.number = 4;
    readers->heard_count = 0;
    say_to_query(readers, peer_of(1, fetching->pull.user), VERB_FETCH, &message.base);
}

static void a_pull_is_answered_only_when_its_access_is_committed(void **state)
{
    struct readers *readers = *state;
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    ask_snapshot(readers, &(struct pull){.user = REGULATOR});
    assert_int_equal(readers->heard_count, 0);
    assert_int_equal(query_waiting(readers->query), 1);
    const PbEvent *event = NULL;
    OK(MESSAGE_UNPACK(event, MESSAGE_CANONICAL, buffer_bytes(&readers->events[0]), &readers->arena,
                      &event));
    assert_int_equal(event->access->act, ACCESS_PULL);
    assert_string_equal(event->access->reader, "BNR");
    assert_string_equal(event->access->filter->period, period);
    assert_null(event->subject); /* it concerns every member */
    commit(readers);
    const Ihuriro__V1__SnapshotAnswer *answer = heard(readers, 0, VERB_SNAPSHOT_ANSWER);
    assert_int_equal(answer->number, 3);
    assert_string_equal(answer->reader, "BNR");
    assert_int_equal(answer->role, ROLE_REGULATOR);
    assert_int_equal(event->access->records, answer->records);
    assert_memory_equal(event->access->ids_hash.data, answer->ids_hash.data, SHA256_BYTES);
    assert_int_equal(event->access->position->size, answer->position->size);
    assert_int_equal(query_waiting(readers->query), 0);
}

static void a_pull_that_cannot_be_written_down_is_not_answered(void **state)
{
    struct readers *readers = *state;
    readers->journal_err = ERR_BUSY;
    ask_snapshot(readers, &(struct pull){.user = REGULATOR});
    heard(readers, 0, VERB_RETRY_LATER);
    readers->journal_err = ERR_OK;
    ask_snapshot(readers, &(struct pull){.user = REGULATOR});
    struct written failed = {.ticket = readers->tickets[0], .err = ERR_IO};
    struct reading reading = {.counters = &readers->counters};
    query_written(readers->query, &reading, &failed);
    heard(readers, 0, VERB_RETRY_LATER);
}

static void an_equal_pull_within_ten_minutes_writes_nothing(void **state)
{
    struct readers *readers = *state;
    struct pull pull = {.user = REGULATOR};
    (void)open_pull(readers, &pull);
    ask_snapshot(readers, &pull);
    assert_int_equal(readers->event_count, 0);
    heard(readers, 0, VERB_SNAPSHOT_ANSWER);
    readers->now_ms += ACCESS_EQUAL_MS + 1;
    ask_snapshot(readers, &pull);
    assert_int_equal(readers->event_count, 1);
    commit(readers);
    pull.user = STAFF; /* another reader's is another act */
    ask_snapshot(readers, &pull);
    assert_int_equal(readers->event_count, 1);
}

/* Renamings of M1, all in one commit: each concerns every pull. */
static void rename_often(struct readers *readers, unsigned times)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    char name[32];
    event.subject = (char *)(uintptr_t) "M1";
    event.party = &party;
    party.name = name;
    bench_begin(&readers->bench);
    for (unsigned i = 0; i < times; i++) {
        snprintf(name, sizeof name, "name number %u", i);
        bench_act(&readers->bench, &event);
    }
    bench_end(&readers->bench);
    reload_registry(readers);
}

static bool turn_query(struct readers *readers)
{
    bool is_behind = false;
    AUTO(txn_end) struct txn txn = {0};
    struct reading reading = reading_of(readers, &txn);
    OK(query_turn(readers->query, &reading, &is_behind));
    return is_behind;
}

static void a_long_pull_is_collected_in_steps_and_others_are_answered_meanwhile(void **state)
{
    struct readers *readers = *state;
    Ihuriro__V1__GetSettings settings = IHURIRO__V1__GET_SETTINGS__INIT;
    uint64_t before = open_pull(readers, &(struct pull){.user = REGULATOR})->records;
    unsigned turns = 1;
    rename_often(readers, 2500);
    ask_snapshot(readers, &(struct pull){.user = REGULATOR});
    assert_int_equal(readers->heard_count + readers->event_count, 0);
    assert_int_equal(query_collecting(readers->query), 1);
    add_report(readers, "M1", 0x10, BENCH_DAY, 1); /* behind its bound: not in it */
    say_to_query(readers, peer_of(2, STAFF), VERB_GET_SETTINGS, &settings.base);
    heard(readers, 0, VERB_SETTINGS_PAGE);
    forget(readers);
    while (turn_query(readers)) {
        turns++;
    }
    assert_int_equal(turns, 2);
    commit(readers);
    const Ihuriro__V1__SnapshotAnswer *answer = heard(readers, 0, VERB_SNAPSHOT_ANSWER);
    assert_int_equal(answer->records, before + 2500);
    assert_int_equal(query_collecting(readers->query), 0);
}

static void who_asks_anew_while_it_is_collected_for_gets_the_newer_alone(void **state)
{
    struct readers *readers = *state;
    rename_often(readers, 1500);
    ask_snapshot(readers, &(struct pull){.user = REGULATOR});
    ask_snapshot(readers, &(struct pull){.user = REGULATOR, .known_at_us = readers->bench.now_us});
    assert_int_equal(query_collecting(readers->query), 1);
    assert_false(turn_query(readers));
    assert_int_equal(readers->event_count, 1);
    /* One key has half of the places; the rest is for others. */
    for (unsigned i = 0; i < COLLECTING_MAX + 1; i++) {
        PbFilter filter = filter_of(&(struct pull){.user = REGULATOR});
        Ihuriro__V1__Snapshot snapshot = IHURIRO__V1__SNAPSHOT__INIT;
        snapshot.filter = &filter;
        say_to_query(readers, peer_of((uint8_t)(10 + i), REGULATOR), VERB_SNAPSHOT, &snapshot.base);
    }
    assert_int_equal(query_collecting(readers->query), COLLECTING_MAX / 2);
    heard(readers, 0, VERB_RETRY_LATER);
}

static void unrelated_records_do_not_move_a_pull(void **state)
{
    struct readers *readers = *state;
    struct pull pull = {.user = REGULATOR};
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    uint64_t last = head_now(readers);
    uint64_t size = open_pull(readers, &pull)->position->size;
    assert_int_equal(size, last); /* the checkpoint of that report's commit */
    add_report(readers, "M1", 0x10, BENCH_DAY - 1, 1);
    add_accesses(readers, 5);
    set_agreement(readers, "M2", true);
    add_reader(readers, "BNR2", ROLE_REGULATOR, 0x77); /* no institution */
    assert_int_equal(open_pull(readers, &pull)->position->size, size);
    add_report(readers, "M2", 0x20, BENCH_DAY, 1);
    last = head_now(readers);
    assert_int_equal(open_pull(readers, &pull)->position->size, last);
}

static void another_members_reports_do_not_move_a_members_pull(void **state)
{
    struct readers *readers = *state;
    struct pull pull = {.user = 0x10};
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    uint64_t size = open_pull(readers, &pull)->position->size;
    add_report(readers, "M2", 0x20, BENCH_DAY, 1);
    const Ihuriro__V1__SnapshotAnswer *answer = open_pull(readers, &pull);
    assert_int_equal(answer->position->size, size);
    assert_int_equal(answer->records, 1 + 1 + 2); /* own report, settings, members */
}

static void a_number_that_is_no_checkpoint_is_taken_down_to_the_one_before(void **state)
{
    struct readers *readers = *state;
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    uint64_t before = head_now(readers);
    add_accesses(readers, 6); /* one commit, one checkpoint */
    struct pull pull = {.user = REGULATOR, .at_seq = before + 3};
    const Ihuriro__V1__SnapshotAnswer *answer = open_pull(readers, &pull);
    assert_int_equal(answer->position->size, before);
    assert_int_equal(answer->asked_at_seq, before + 3);
    pull.at_seq = head_now(readers) + 1;
    ask_snapshot(readers, &pull);
    assert_non_null(strstr(refused(readers)->text, "ends at record"));
}

static void records_behind_the_checkpoint_that_was_taken_are_not_in_the_pull(void **state)
{
    struct readers *readers = *state;
    uint64_t before = head_now(readers);
    bench_begin(&readers->bench); /* two enrolments in one commit */
    for (int i = 0; i < 2; i++) {
        PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
        PbEvent event = IHURIRO__V1__EVENT__INIT;
        party.name = (char *)(uintptr_t) "renamed";
        event.subject = (char *)(uintptr_t) "M1";
        event.party = &party;
        bench_act(&readers->bench, &event);
    }
    bench_end(&readers->bench);
    struct pull pull = {.user = REGULATOR, .at_seq = before + 1};
    const Ihuriro__V1__SnapshotAnswer *answer = open_pull(readers, &pull);
    assert_int_equal(answer->position->size, before);
    assert_int_equal(answer->records, 1 + 2); /* settings, members */
}

static void nothing_was_known_before_the_first_settings(void **state)
{
    struct readers *readers = *state;
    struct pull pull = {.user = REGULATOR, .known_at_us = 1000};
    ask_snapshot(readers, &pull);
    assert_non_null(strstr(refused(readers)->text, "first settings"));
    int64_t then_us = readers->bench.now_us;
    readers->bench.now_us += 3600000000;
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    pull.known_at_us = then_us + 1000000;
    uint64_t without = open_pull(readers, &pull)->records;
    pull.known_at_us = 0;
    assert_int_equal(open_pull(readers, &pull)->records, without + 1);
}

static void a_pull_needs_a_period_and_kinds_and_may_not_be_of_accesses(void **state)
{
    struct readers *readers = *state;
    ask_snapshot(readers, &(struct pull){.user = REGULATOR, .is_unfiltered = true});
    assert_string_equal(refused(readers)->rule, "BAD_REQUEST");
    kinds[1] = KIND_ACCESS;
    ask_snapshot(readers, &(struct pull){.user = REGULATOR});
    kinds[1] = KIND_EARLIER_RECEIPT;
    assert_non_null(strstr(refused(readers)->text, "Accesses"));
    ask_snapshot(readers, &(struct pull){.user = STRANGER});
    assert_string_equal(refused(readers)->rule, "NOT_ENTITLED");
}

/* ---- FETCH ---- */

static void check_record(struct readers *readers, const Ihuriro__V1__RecordView *view,
                         const struct position *position, struct buffer *ids)
{
    struct header header;
    struct hash leaf;
    struct proof proof;
    struct complaint complaint = {{0}};
    OK(header_decode(bytes_of_pb(view->header), &header));
    merkle_leaf(bytes_of_pb(view->header), &leaf);
    OK(proof_parse(bytes_of_pb(view->proof), &proof));
    OK(merkle_verify_inclusion(&leaf, header.seq - 1, position->size, &proof, &position->root));
    OK(record_check(bytes_of_pb(view->header), bytes_of_pb(view->judgement),
                    bytes_of_pb(view->body), &readers->arena, &complaint));
    OK(buffer_append(ids, header.id, SHA256_BYTES));
}

static void a_pulls_records_come_whole_in_order_and_proven(void **state)
{
    struct readers *readers = *state;
    AUTO(buffer_close) struct buffer ids = {0};
    uint8_t rights[SHA256_BYTES];
    uint8_t announced[SHA256_BYTES];
    uint8_t hash[SHA256_BYTES];
    for (uint32_t vintage = 1; vintage <= 5; vintage++) {
        add_report(readers, "M1", 0x10, BENCH_DAY, vintage);
        add_report(readers, "M2", 0x20, BENCH_DAY, vintage);
        add_report(readers, "M2", 0x20, BENCH_DAY - 1, vintage);
    }
    struct pull pull = {.user = REGULATOR};
    const Ihuriro__V1__SnapshotAnswer *answer = open_pull(readers, &pull);
    uint64_t expected = answer->records;
    struct position position = position_now(readers, answer->position->size);
    memcpy(rights, answer->rights.data, SHA256_BYTES);
    memcpy(announced, answer->ids_hash.data, SHA256_BYTES);
    assert_int_equal(expected, 10 + 1 + 2); /* reports, settings, members */
    struct position at = {0};
    uint64_t got = 0;
    for (int i = 0; i < 50 && at.size < position.size; i++) {
        fetch(readers, &(struct fetching){pull, at, position.size, rights, 3000});
        const Ihuriro__V1__Records *records = heard(readers, 0, VERB_RECORDS);
        assert_true(readers->heard[0].size <= 3000);
        for (size_t k = 0; k < records->n_records; k++) {
            check_record(readers, records->records[k], &position, &ids);
        }
        got += records->n_records;
        assert_true(records->to->size > at.size);
        at = position_now(readers, records->to->size);
    }
    sha256(buffer_bytes(&ids), hash);
    assert_int_equal(got, expected);
    assert_memory_equal(hash, announced, SHA256_BYTES);
}

static void a_fetch_without_a_snapshot_before_it_is_refused(void **state)
{
    struct readers *readers = *state;
    uint8_t rights[SHA256_BYTES];
    struct pull pull = {.user = REGULATOR};
    const Ihuriro__V1__SnapshotAnswer *answer = open_pull(readers, &pull);
    uint64_t until = answer->position->size;
    memcpy(rights, answer->rights.data, SHA256_BYTES);
    fetch(readers, &(struct fetching){pull, {0}, until - 1, rights, 0});
    assert_string_equal(refused(readers)->rule, "SNAPSHOT_FIRST");
    fetch(readers, &(struct fetching){pull, {0}, until, rights, 0});
    heard(readers, 0, VERB_RECORDS);
    fetch(readers, &(struct fetching){pull, {0}, 0, rights, 0});
    assert_string_equal(refused(readers)->rule, "POSITION_LOST"); /* no bound */
}

static void other_rights_and_another_history_break_a_pull_off(void **state)
{
    struct readers *readers = *state;
    uint8_t rights[SHA256_BYTES];
    struct pull pull = {.user = STAFF};
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    const Ihuriro__V1__SnapshotAnswer *answer = open_pull(readers, &pull);
    uint64_t until = answer->position->size;
    memcpy(rights, answer->rights.data, SHA256_BYTES);
    struct position lost = position_now(readers, 2);
    lost.root.bytes[1] ^= 1;
    fetch(readers, &(struct fetching){pull, lost, until, rights, 0});
    assert_string_equal(refused(readers)->rule, "POSITION_LOST");
    set_agreement(readers, "M1", true);
    fetch(readers, &(struct fetching){pull, {0}, until, rights, 0});
    assert_string_equal(refused(readers)->rule, "RIGHTS_CHANGED");
}

/* ---- PROVE ---- */

static void prove(struct readers *readers, struct bytes checkpoint)
{
    Ihuriro__V1__Prove message = IHURIRO__V1__PROVE__INIT;
    message.number = 5;
    message.checkpoint = pb_of_bytes(checkpoint);
    forget(readers);
    say_to_query(readers, peer_of(1, STAFF), VERB_PROVE, &message.base);
}

static void sign(const struct readers *readers, const struct position *position,
                 struct buffer *text)
{
    buffer_clear(text);
    OK(checkpoint_sign("hub.test", position, readers->bench.now_us, readers->bench.log_key, text));
}

static void a_checkpoint_of_this_history_is_proven_consistent(void **state)
{
    struct readers *readers = *state;
    AUTO(buffer_close) struct buffer text = {0};
    struct position old = position_now(readers, 4);
    struct checkpoint newest;
    struct proof proof;
    sign(readers, &old, &text);
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    prove(readers, buffer_bytes(&text));
    const Ihuriro__V1__Proof *answer = heard(readers, 0, VERB_PROOF);
    assert_null(answer->declared);
    OK(checkpoint_parse(bytes_of_pb(answer->to), &newest));
    assert_int_equal(newest.position.size, head_now(readers));
    OK(proof_parse(bytes_of_pb(answer->consistency), &proof));
    OK(merkle_verify_consistency(4, &old.root, newest.position.size, &newest.position.root,
                                 &proof));
}

static void a_checkpoint_of_nobody_or_of_a_lost_history_is_told_apart(void **state)
{
    struct readers *readers = *state;
    AUTO(buffer_close) struct buffer text = {0};
    struct position lost = position_now(readers, 4);
    prove(readers, bytes_of("nonsense", 8));
    assert_string_equal(refused(readers)->rule, "BAD_REQUEST");
    lost.root.bytes[3] ^= 1;
    sign(readers, &lost, &text);
    text.data[text.size - 5] = text.data[text.size - 5] == 'A' ? 'B' : 'A';
    prove(readers, buffer_bytes(&text));
    assert_non_null(strstr(refused(readers)->text, "not signed by this hub"));
    sign(readers, &lost, &text);
    prove(readers, buffer_bytes(&text));
    assert_string_equal(refused(readers)->rule, "UNDECLARED_FORK");
}

static void a_declared_loss_is_shown_with_its_proof(void **state)
{
    struct readers *readers = *state;
    AUTO(buffer_close) struct buffer text = {0};
    struct checkpoint checkpoint;
    struct position lost = position_now(readers, 6);
    bool journaled = false;
    lost.root.bytes[3] ^= 1;
    sign(readers, &lost, &text);
    OK(checkpoint_parse(buffer_bytes(&text), &checkpoint));
    bench_begin(&readers->bench);
    OK(writer_history_lost(readers->bench.writer, &checkpoint, &journaled));
    bench_end(&readers->bench);
    assert_true(journaled);
    add_accesses(readers, 2);
    prove(readers, buffer_bytes(&text));
    const Ihuriro__V1__Proof *answer = heard(readers, 0, VERB_PROOF);
    assert_non_null(answer->declared);
    AUTO(buffer_close) struct buffer ids = {0};
    struct position head = position_now(readers, head_now(readers));
    check_record(readers, answer->declared, &head, &ids);
    /* The public may prove, but that record is not for it. */
    Ihuriro__V1__Prove message = IHURIRO__V1__PROVE__INIT;
    message.checkpoint = pb_of_bytes(buffer_bytes(&text));
    add_reader(readers, "PRESS", ROLE_PUBLIC, STRANGER);
    readers->heard_count = 0;
    say_to_query(readers, peer_of(1, STRANGER), VERB_PROVE, &message.base);
    assert_string_equal(refused(readers)->rule, "BAD_REQUEST");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, readers_open, readers_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pull_is_answered_only_when_its_access_is_committed),
        TEST(a_pull_that_cannot_be_written_down_is_not_answered),
        TEST(an_equal_pull_within_ten_minutes_writes_nothing),
        TEST(a_long_pull_is_collected_in_steps_and_others_are_answered_meanwhile),
        TEST(who_asks_anew_while_it_is_collected_for_gets_the_newer_alone),
        TEST(unrelated_records_do_not_move_a_pull),
        TEST(another_members_reports_do_not_move_a_members_pull),
        TEST(a_number_that_is_no_checkpoint_is_taken_down_to_the_one_before),
        TEST(records_behind_the_checkpoint_that_was_taken_are_not_in_the_pull),
        TEST(nothing_was_known_before_the_first_settings),
        TEST(a_pull_needs_a_period_and_kinds_and_may_not_be_of_accesses),
        TEST(a_pulls_records_come_whole_in_order_and_proven),
        TEST(a_fetch_without_a_snapshot_before_it_is_refused),
        TEST(other_rights_and_another_history_break_a_pull_off),
        TEST(a_checkpoint_of_this_history_is_proven_consistent),
        TEST(a_checkpoint_of_nobody_or_of_a_lost_history_is_told_apart),
        TEST(a_declared_loss_is_shown_with_its_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
