/* The reader's step function against a scripted hub with histories that are replaced: what
 * shared/model explored, on the real messages. */
#include "agents/client/follow.h"
#include "proto/frames.h"
#include "tests/support/samples.h"

#include <stdio.h>

#define ORIGIN      "hub.example.org"
#define RECORDS_MAX 64
#define OK(call)    assert_int_equal((call), ERR_OK)

/* One history: events whose nonce says which history and number they are. */
struct history {
    struct sample_tree tree;
    uint8_t headers[RECORDS_MAX][HEADER_BYTES];
    struct buffer bodies[RECORDS_MAX];
};

struct world {
    struct hub_identity hub;
    struct signing_key *log_key;
    struct history *history; /* the hub's now */
    struct history *made[4];
    size_t made_count;
    uint8_t rights[SHA256_BYTES];
    struct cursor_state cursor;
    struct follow *follow;
    struct follow_step step;
    uint64_t number; /* of the request that was asked last */
    int verb;
    struct position asked; /* the position in it */
    struct buffer request;
    struct buffer answer;
    struct arena arena;
};

static void add(struct history *history, uint8_t name)
{
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__Back back = IHURIRO__V1__BACK__INIT;
    uint8_t nonce[16] = {name};
    uint64_t n = history->tree.size;
    struct hash leaf;
    struct header header = {.version = HEADER_VERSION,
                            .header_bytes = HEADER_BYTES,
                            .kind = KIND_BACK,
                            .seq = n + 1,
                            .institution = "SACCO-001",
                            .received_at_us = 5,
                            .first_received_at_us = 5};
    char subject[] = "SACCO-001";
    event.time_us = 5;
    event.nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    event.subject = subject;
    event.back = &back;
    OK(message_pack(&event.base, &history->bodies[n]));
    sha256(buffer_bytes(&history->bodies[n]), header.id);
    sha256(bytes_of("", 0), header.judgement_hash);
    header.body_bytes = (uint32_t)history->bodies[n].size;
    header_encode(&header, history->headers[n]);
    merkle_leaf(bytes_of(history->headers[n], HEADER_BYTES), &leaf);
    sample_tree_add(&history->tree, &leaf);
}

static struct position position_at(struct history *history, uint64_t size)
{
    struct position position = {.size = size};
    OK(merkle_root(size, sample_tree_read, &history->tree, &position.root));
    return position;
}

/* A history that shares its first records with the one before it. */
static struct history *fork_history(struct world *world, uint64_t shared, uint64_t size)
{
    struct history *history = calloc(1, sizeof *history);
    assert_non_null(history);
    uint8_t name = (uint8_t)world->made_count;
    for (uint64_t i = 0; i < size; i++) {
        add(history, i < shared ? 0 : name);
    }
    world->made[world->made_count++] = history;
    world->history = history;
    return history;
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    OK(keys_init());
    world->log_key = seeded_key(1);
    strcpy(world->hub.origin, ORIGIN);
    memcpy(world->hub.log_keys[0], signing_key_public(world->log_key), PUBLIC_KEY_BYTES);
    world->hub.log_key_count = 1;
    world->rights[0] = 1;
    fork_history(world, 0, 10);
    struct follow_options options = {.hub = &world->hub, .wait_ms = 1000};
    OK(follow_make(&options, &world->cursor, &world->follow));
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < world->made_count; i++) {
        for (size_t k = 0; k < RECORDS_MAX; k++) {
            buffer_close(&world->made[i]->bodies[k]);
        }
        free(world->made[i]);
    }
    follow_close(&world->follow);
    signing_key_close(&world->log_key);
    buffer_close(&world->request);
    buffer_close(&world->answer);
    arena_close(&world->arena);
    free(world);
    return 0;
}

/* ---- the hub ---- */

static void ask(struct world *world)
{
    struct bytes body;
    buffer_clear(&world->request);
    arena_reset(&world->arena);
    OK(follow_ask(world->follow, &world->request));
    OK(frame_open(buffer_bytes(&world->request), &world->verb, &body));
    const PbPosition *position = NULL;
    if (world->verb == VERB_FETCH) {
        const Ihuriro__V1__Fetch *fetch = NULL;
        OK(MESSAGE_UNPACK(fetch, MESSAGE_CANONICAL, body, &world->arena, &fetch));
        world->number = fetch->number;
        position = fetch->position;
    } else {
        const Ihuriro__V1__Older *older = NULL;
        assert_int_equal(world->verb, VERB_OLDER);
        OK(MESSAGE_UNPACK(older, MESSAGE_CANONICAL, body, &world->arena, &older));
        world->number = older->number;
        position = older->cursor;
    }
    world->asked = (struct position){.size = position->size};
    if (position->root.len == SHA256_BYTES) {
        memcpy(world->asked.root.bytes, position->root.data, SHA256_BYTES);
    }
}

static PbPosition message_of(const struct position *position)
{
    PbPosition message = IHURIRO__V1__POSITION__INIT;
    message.size = position->size;
    message.root = pb_of_bytes(bytes_of(position->root.bytes, SHA256_BYTES));
    return message;
}

/* What a test makes wrong in an answer. */
struct spoil {
    bool record;     /* a byte of a body */
    bool checkpoint; /* a byte of the signature */
    bool root;       /* where it says that it has scanned to */
    bool twice;      /* the first record again */
};

static void pack_records(struct world *world, struct position from, uint64_t to,
                         const struct spoil *spoil)
{
    struct history *history = world->history;
    AUTO(buffer_close) struct buffer checkpoint = {0};
    Ihuriro__V1__Records records = IHURIRO__V1__RECORDS__INIT;
    Ihuriro__V1__RecordView views[RECORDS_MAX];
    Ihuriro__V1__RecordView *pointers[RECORDS_MAX];
    struct position head = position_at(history, history->tree.size);
    struct position reached = position_at(history, to);
    OK(checkpoint_sign(ORIGIN, &head, 7, world->log_key, &checkpoint));
    checkpoint.data[checkpoint.size - 10] ^= spoil->checkpoint ? 1 : 0;
    reached.root.bytes[0] ^= spoil->root ? 1 : 0;
    for (uint64_t i = from.size; i < to; i++) {
        uint64_t n = spoil->twice ? from.size : i;
        Ihuriro__V1__RecordView *view = &views[records.n_records];
        *view = (Ihuriro__V1__RecordView)IHURIRO__V1__RECORD_VIEW__INIT;
        view->header = pb_of_bytes(bytes_of(history->headers[n], HEADER_BYTES));
        view->has_judgement = view->has_body = 1;
        view->body = pb_of_bytes(buffer_bytes(&history->bodies[n]));
        pointers[records.n_records++] = view;
    }
    if (spoil->record) {
        history->bodies[from.size].data[4] ^= 1;
    }
    PbPosition from_message = message_of(&from);
    PbPosition to_message = message_of(&reached);
    records.number = world->number;
    records.from = &from_message;
    records.to = &to_message;
    records.records = pointers;
    records.checkpoint = pb_of_bytes(buffer_bytes(&checkpoint));
    records.rights = pb_of_bytes(bytes_of(world->rights, SHA256_BYTES));
    records.head = head.size;
    buffer_clear(&world->answer);
    OK(frame_pack(VERB_RECORDS, &records.base, &world->answer));
}

static enum err take(struct world *world)
{
    struct complaint complaint = {{0}};
    return follow_take(world->follow, buffer_bytes(&world->answer), &complaint, &world->step);
}

static void answer_records(struct world *world, uint64_t to)
{
    pack_records(world, world->asked.size == 0 ? position_at(world->history, 0) : world->asked, to,
                 &(struct spoil){false, false, false, false});
    OK(take(world));
}

static void answer_lost(struct world *world)
{
    Ihuriro__V1__NotInHistory lost = IHURIRO__V1__NOT_IN_HISTORY__INIT;
    PbPosition position = message_of(&world->asked);
    lost.number = world->number;
    lost.position = &position;
    buffer_clear(&world->answer);
    OK(frame_pack(VERB_NOT_IN_HISTORY, &lost.base, &world->answer));
    OK(take(world));
}

static void answer_stands(struct world *world, struct position position)
{
    Ihuriro__V1__Stands stands = IHURIRO__V1__STANDS__INIT;
    PbPosition cursor = message_of(&world->asked);
    PbPosition message = message_of(&position);
    stands.number = world->number;
    stands.cursor = &cursor;
    stands.position = &message;
    buffer_clear(&world->answer);
    OK(frame_pack(VERB_STANDS, &stands.base, &world->answer));
    OK(take(world));
}

static void follow_to(struct world *world, uint64_t to)
{
    ask(world);
    answer_records(world, to);
    assert_int_equal(world->step.kind, FOLLOW_RECORDS);
    follow_apply(world->follow, &world->step);
    assert_int_equal(world->cursor.position.size, to);
}

/* ---- ---- */

static void records_are_put_out_in_order_and_the_cursor_moves(void **state)
{
    struct world *world = *state;
    ask(world);
    assert_int_equal(world->asked.size, 0);
    answer_records(world, 4);
    assert_int_equal(world->step.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(world->step.records[i].header.seq, i + 1);
    }
    assert_int_equal(world->cursor.position.size, 0); /* until it was put out */
    follow_apply(world->follow, &world->step);
    assert_int_equal(world->cursor.position.size, 4);
}

static void the_next_is_asked_for_before_the_last_was_put_out(void **state)
{
    struct world *world = *state;
    ask(world);
    answer_records(world, 4);
    struct follow_step first = world->step;
    ask(world);
    assert_int_equal(world->asked.size, 4);
    follow_apply(world->follow, &first);
    answer_records(world, 7);
    assert_int_equal(world->step.kind, FOLLOW_RECORDS);
    assert_int_equal(world->step.count, 3);
}

static void one_request_is_outstanding_at_a_time(void **state)
{
    struct world *world = *state;
    AUTO(buffer_close) struct buffer frame = {0};
    ask(world);
    assert_int_equal(follow_ask(world->follow, &frame), ERR_NOT_FOUND);
    follow_forget(world->follow);
    ask(world);
}

static void an_answer_that_does_not_start_at_the_cursor_is_ignored(void **state)
{
    struct world *world = *state;
    follow_to(world, 4);
    ask(world);
    pack_records(world, position_at(world->history, 2), 6, &(struct spoil){.twice = false});
    OK(take(world));
    assert_int_equal(world->step.kind, FOLLOW_NOTHING);
    assert_int_equal(world->cursor.position.size, 4);
}

static void the_answer_to_an_earlier_request_is_ignored(void **state)
{
    struct world *world = *state;
    follow_to(world, 4);
    ask(world);
    uint64_t old = world->number;
    follow_forget(world->follow);
    ask(world);
    world->number = old;
    answer_records(world, 6);
    assert_int_equal(world->step.kind, FOLLOW_NOTHING);
    world->number = old + 1;
    answer_records(world, 6);
    assert_int_equal(world->step.kind, FOLLOW_RECORDS);
}

static void a_cursor_moves_over_records_that_are_not_for_the_reader(void **state)
{
    struct world *world = *state;
    ask(world);
    struct position zero = position_at(world->history, 0);
    pack_records(world, zero, 0, &(struct spoil){.twice = false});
    /* the same answer, scanned to 6 without a record */
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__Records *empty = NULL;
    struct position reached = position_at(world->history, 6);
    PbPosition to = message_of(&reached);
    OK(MESSAGE_UNPACK(
        records, MESSAGE_TOLERANT,
        bytes_of(world->answer.data + FRAME_HEAD_BYTES, world->answer.size - FRAME_HEAD_BYTES),
        &arena, &empty));
    Ihuriro__V1__Records changed = *empty;
    changed.to = &to;
    buffer_clear(&world->answer);
    OK(frame_pack(VERB_RECORDS, &changed.base, &world->answer));
    OK(take(world));
    assert_int_equal(world->step.count, 0);
    follow_apply(world->follow, &world->step);
    assert_int_equal(world->cursor.position.size, 6);
}

static void what_does_not_verify_is_not_put_out(void **state)
{
    struct world *world = *state;
    static const struct spoil spoils[] = {
        {.checkpoint = true}, {.root = true}, {.twice = true}, {.record = true}};
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        ask(world);
        pack_records(world, position_at(world->history, 0), world->history->tree.size, &spoils[i]);
        if (spoils[i].record) { /* packed from the spoilt body */
            pack_records(world, position_at(world->history, 0), world->history->tree.size,
                         &(struct spoil){.twice = false});
        }
        assert_int_not_equal(take(world), ERR_OK);
        assert_int_equal(world->cursor.position.size, 0);
        follow_forget(world->follow);
    }
}

static void an_answer_that_goes_nowhere_keeps_its_root(void **state)
{
    struct world *world = *state;
    follow_to(world, 4);
    ask(world);
    pack_records(world, world->asked, 4, &(struct spoil){.root = true});
    assert_int_not_equal(take(world), ERR_OK);
}

static void the_beginning_cannot_be_lost(void **state)
{
    struct world *world = *state;
    Ihuriro__V1__NotInHistory lost = IHURIRO__V1__NOT_IN_HISTORY__INIT;
    ask(world);
    PbPosition position = message_of(&world->asked);
    lost.number = world->number;
    lost.position = &position;
    buffer_clear(&world->answer);
    OK(frame_pack(VERB_NOT_IN_HISTORY, &lost.base, &world->answer));
    assert_int_equal(take(world), ERR_CORRUPT);
}

static void a_lost_position_leads_back_to_the_newest_older_one_that_stands(void **state)
{
    struct world *world = *state;
    follow_to(world, 3);
    follow_to(world, 5);
    follow_to(world, 8);
    struct position five = position_at(world->history, 5);
    fork_history(world, 6, 9); /* restored to 6 records, and grown since */
    ask(world);
    answer_lost(world);
    assert_int_equal(world->step.kind, FOLLOW_NOTHING);
    ask(world);
    assert_int_equal(world->verb, VERB_OLDER);
    assert_int_equal(world->asked.size, 8);
    answer_stands(world, five);
    assert_int_equal(world->step.kind, FOLLOW_REWIND);
    assert_int_equal(world->step.to.size, 5);
    follow_apply(world->follow, &world->step);
    assert_int_equal(world->cursor.older_count, 1); /* 3 stays; 5 and what came after it went */
    ask(world);
    assert_int_equal(world->verb, VERB_FETCH);
    assert_int_equal(world->asked.size, 5);
    answer_records(world, 9);
    assert_int_equal(world->step.count, 4);
}

static void a_rewind_to_a_position_that_is_not_one_of_ours_is_not_taken(void **state)
{
    struct world *world = *state;
    follow_to(world, 3);
    follow_to(world, 8);
    ask(world);
    answer_lost(world);
    ask(world);
    answer_stands(world, position_at(world->history, 5));
    assert_int_equal(world->step.kind, FOLLOW_NOTHING);
    assert_int_equal(world->cursor.position.size, 8);
    ask(world); /* it begins again */
    assert_int_equal(world->verb, VERB_FETCH);
    answer_lost(world);
    ask(world);
    answer_stands(world, position_at(world->history, 0)); /* 0 always stands */
    assert_int_equal(world->step.kind, FOLLOW_REWIND);
    assert_int_equal(world->step.to.size, 0);
}

static void other_rights_are_said_before_the_records_read_under_them(void **state)
{
    struct world *world = *state;
    follow_to(world, 3); /* the first rights are no change */
    assert_false(world->step.rights_changed);
    world->rights[0] = 2;
    ask(world);
    answer_records(world, 5);
    assert_true(world->step.rights_changed);
    follow_apply(world->follow, &world->step);
    ask(world);
    answer_records(world, 6);
    assert_false(world->step.rights_changed);
}

static void a_number_alone_takes_the_root_that_the_hub_says(void **state)
{
    struct world *world = *state;
    world->cursor.position.size = 4;
    world->cursor.is_bare = true;
    follow_close(&world->follow);
    struct follow_options options = {.hub = &world->hub};
    OK(follow_make(&options, &world->cursor, &world->follow));
    ask(world);
    assert_int_equal(world->asked.size, 4);
    pack_records(world, position_at(world->history, 4), 6, &(struct spoil){.twice = false});
    OK(take(world));
    assert_int_equal(world->step.kind, FOLLOW_RECORDS);
    follow_apply(world->follow, &world->step);
    assert_false(world->cursor.is_bare);
    assert_int_equal(world->cursor.older_count, 0);
}

static void a_number_behind_the_journals_end_is_said(void **state)
{
    struct world *world = *state;
    world->cursor.position.size = 400;
    world->cursor.is_bare = true;
    follow_close(&world->follow);
    struct follow_options options = {.hub = &world->hub};
    OK(follow_make(&options, &world->cursor, &world->follow));
    ask(world);
    answer_lost(world);
    assert_int_equal(world->step.kind, FOLLOW_BEHIND);
}

static void from_the_end_begins_at_the_newest_checkpoint(void **state)
{
    struct world *world = *state;
    follow_from_end(world->follow);
    ask(world);
    answer_records(world, 1);
    assert_int_equal(world->step.count, 0);
    follow_apply(world->follow, &world->step);
    struct position end = position_at(world->history, 10);
    assert_true(position_equal(&world->cursor.position, &end));
    add(world->history, 0);
    ask(world);
    assert_int_equal(world->asked.size, 10);
    answer_records(world, 11);
    assert_int_equal(world->step.count, 1);
}

static void refusals_and_delays_come_with_their_words(void **state)
{
    struct world *world = *state;
    Ihuriro__V1__Refused refused = IHURIRO__V1__REFUSED__INIT;
    Ihuriro__V1__RetryLater later = IHURIRO__V1__RETRY_LATER__INIT;
    refused.rule = (char *)(uintptr_t) "NOT_ENTITLED";
    refused.text = (char *)(uintptr_t) "Ask the operator.";
    ask(world);
    buffer_clear(&world->answer);
    OK(frame_pack(VERB_REFUSED, &refused.base, &world->answer));
    OK(take(world));
    assert_int_equal(world->step.kind, FOLLOW_REFUSED);
    assert_string_equal(world->step.text, "Ask the operator.");
    later.seconds = 9;
    later.scope = IHURIRO__V1__RETRY_LATER__SCOPE__HUB;
    ask(world);
    buffer_clear(&world->answer);
    OK(frame_pack(VERB_RETRY_LATER, &later.base, &world->answer));
    OK(take(world));
    assert_int_equal(world->step.kind, FOLLOW_LATER);
    assert_int_equal(world->step.retry_s, 9);
    ask(world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_are_put_out_in_order_and_the_cursor_moves),
        TEST(the_next_is_asked_for_before_the_last_was_put_out),
        TEST(one_request_is_outstanding_at_a_time),
        TEST(an_answer_that_does_not_start_at_the_cursor_is_ignored),
        TEST(the_answer_to_an_earlier_request_is_ignored),
        TEST(a_cursor_moves_over_records_that_are_not_for_the_reader),
        TEST(what_does_not_verify_is_not_put_out),
        TEST(an_answer_that_goes_nowhere_keeps_its_root),
        TEST(the_beginning_cannot_be_lost),
        TEST(a_lost_position_leads_back_to_the_newest_older_one_that_stands),
        TEST(a_rewind_to_a_position_that_is_not_one_of_ours_is_not_taken),
        TEST(other_rights_are_said_before_the_records_read_under_them),
        TEST(a_number_alone_takes_the_root_that_the_hub_says),
        TEST(a_number_behind_the_journals_end_is_said),
        TEST(from_the_end_begins_at_the_newest_checkpoint),
        TEST(refusals_and_delays_come_with_their_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
