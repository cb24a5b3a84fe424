/* Two signed checkpoints of one hub: consistent, a declared fork, or an undeclared one. */
#include "agents/verify/verify.h"
#include "proto/record.h"
#include "tests/support/samples.h"

#define ORIGIN  "hub.example.org"
#define TIME_US INT64_C(1593764100000000)

typedef Ihuriro__V1__Proof PbProof;

struct world {
    struct hub_identity hub;
    struct signing_key *log_key;
    struct sample_tree lost;  /* the history that A was signed for */
    struct sample_tree stays; /* the history that the hub has now */
    struct buffer from;
    struct buffer to;
};

/* Leaves 0 to size - 1; those from `differs` on are others. */
static void grow(struct sample_tree *tree, uint64_t size, uint64_t differs)
{
    for (uint64_t i = tree->size; i < size; i++) {
        uint64_t value = i < differs ? i : i + 1000;
        struct hash leaf;
        merkle_leaf(bytes_of(&value, sizeof value), &leaf);
        sample_tree_add(tree, &leaf);
    }
}

static void sign(struct world *world, struct sample_tree *tree, int64_t time_us,
                 struct buffer *note)
{
    struct position position = {.size = tree->size};
    assert_int_equal(merkle_root(tree->size, sample_tree_read, tree, &position.root), ERR_OK);
    buffer_clear(note);
    assert_int_equal(checkpoint_sign(ORIGIN, &position, time_us, world->log_key, note), ERR_OK);
}

static void open_world(struct world *world)
{
    *world = (struct world){.log_key = seeded_key(1)};
    memcpy(world->hub.origin, ORIGIN, sizeof ORIGIN);
    memcpy(world->hub.log_keys[0], signing_key_public(world->log_key), PUBLIC_KEY_BYTES);
    world->hub.log_key_count = 1;
}

static void close_world(struct world *world)
{
    signing_key_close(&world->log_key);
    buffer_close(&world->from);
    buffer_close(&world->to);
}

static char text[4096];

static enum err run(const struct world *world, struct bytes from, const PbProof *proof)
{
    struct statement *statement = NULL;
    struct complaint complaint = {{0}};
    struct buffer file = {0};
    struct buffer printed = {0};
    assert_int_equal(message_pack(&proof->base, &file), ERR_OK);
    assert_int_equal(statement_make("consistency", &statement), ERR_OK);
    enum err err =
        verify_consistency(from, buffer_bytes(&file), &world->hub, statement, &complaint);
    assert_int_equal(statement_print(statement, err == ERR_OK, complaint.text, false, &printed),
                     ERR_OK);
    assert_true(printed.size < sizeof text);
    memcpy(text, printed.data, printed.size);
    text[printed.size] = 0;
    buffer_close(&file);
    buffer_close(&printed);
    statement_close(&statement);
    return err;
}

static void says(const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, text);
    }
}

static PbProof proof_between(const struct world *world)
{
    PbProof message = IHURIRO__V1__PROOF__INIT;
    message.from = pb_of_bytes(buffer_bytes(&world->from));
    message.to = pb_of_bytes(buffer_bytes(&world->to));
    return message;
}

static enum err run_consistency(struct world *world)
{
    struct proof proof = {.count = 0};
    assert_int_equal(merkle_prove_consistency(world->lost.size, world->stays.size, sample_tree_read,
                                              &world->stays, &proof),
                     ERR_OK);
    PbProof message = proof_between(world);
    message.has_consistency = 1;
    message.consistency = pb_of_bytes(proof_bytes(&proof));
    return run(world, buffer_bytes(&world->from), &message);
}

static void a_history_that_only_grew_is_consistent_at_every_size(void **state)
{
    (void)state;
    for (uint64_t old = 1; old <= 20; old++) {
        struct world world;
        open_world(&world);
        grow(&world.lost, old, UINT64_MAX);
        grow(&world.stays, 20, UINT64_MAX);
        sign(&world, &world.lost, TIME_US, &world.from);
        sign(&world, &world.stays, TIME_US + 1, &world.to);
        assert_int_equal(run_consistency(&world), ERR_OK);
        says("Consistent: nothing of what the checkpoint covers was changed or removed.");
        close_world(&world);
    }
}

static void a_changed_history_is_not_consistent(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    grow(&world.lost, 10, 7);
    grow(&world.stays, 20, UINT64_MAX);
    sign(&world, &world.lost, TIME_US, &world.from);
    sign(&world, &world.stays, TIME_US + 1, &world.to);
    assert_int_equal(run_consistency(&world), ERR_SIGNATURE);
    says("NOT VALID: The proof does not lead");
    close_world(&world);
}

static void a_proof_that_says_both_is_refused(void **state)
{
    (void)state;
    struct world world;
    Ihuriro__V1__RecordView declared = IHURIRO__V1__RECORD_VIEW__INIT;
    struct proof proof = {.count = 0};
    open_world(&world);
    grow(&world.lost, 10, UINT64_MAX);
    grow(&world.stays, 20, UINT64_MAX);
    sign(&world, &world.lost, TIME_US, &world.from);
    sign(&world, &world.stays, TIME_US + 1, &world.to);
    assert_int_equal(merkle_prove_consistency(10, 20, sample_tree_read, &world.stays, &proof),
                     ERR_OK);
    PbProof message = proof_between(&world);
    message.has_consistency = 1;
    message.consistency = pb_of_bytes(proof_bytes(&proof));
    message.declared = &declared;
    assert_int_equal(run(&world, buffer_bytes(&world.from), &message), ERR_MALFORMED);
    says("NOT VALID: The proof says two things at once");
    close_world(&world);
}

static void two_histories_of_one_length_are_an_undeclared_fork(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    grow(&world.lost, 10, 7);
    grow(&world.stays, 10, UINT64_MAX);
    sign(&world, &world.lost, TIME_US, &world.from);
    sign(&world, &world.stays, TIME_US + 1, &world.to);
    assert_int_equal(run_consistency(&world), ERR_LOST);
    says("UNDECLARED FORK");
    close_world(&world);
}

static void a_shorter_history_is_an_undeclared_fork(void **state)
{
    (void)state;
    struct world world;
    open_world(&world);
    grow(&world.lost, 10, UINT64_MAX);
    grow(&world.stays, 5, UINT64_MAX);
    sign(&world, &world.lost, TIME_US, &world.from);
    sign(&world, &world.stays, TIME_US + 1, &world.to);
    PbProof message = proof_between(&world);
    assert_int_equal(run(&world, buffer_bytes(&world.from), &message), ERR_LOST);
    message.has_consistency = 1;
    assert_int_equal(run(&world, buffer_bytes(&world.from), &message), ERR_LOST);
    says("UNDECLARED FORK");
    close_world(&world);
}

/* ---- declared ---- */

struct declaring {
    struct buffer event;
    uint8_t raw_header[HEADER_BYTES];
    struct proof proof;
    Ihuriro__V1__RecordView view;
};

/* The event becomes record number stays.size + 1, and two more follow it. */
static void declare(struct world *world, PbEvent *event, int64_t at_us,
                    struct declaring *ret_declaring)
{
    struct header header = {.version = HEADER_VERSION,
                            .header_bytes = HEADER_BYTES,
                            .kind = (uint8_t)event_kind(event),
                            .seq = world->stays.size + 1,
                            .received_at_us = at_us,
                            .first_received_at_us = at_us};
    struct hash leaf;
    *ret_declaring = (struct declaring){.view = IHURIRO__V1__RECORD_VIEW__INIT};
    event->time_us = at_us;
    event->nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    assert_int_equal(message_pack(&event->base, &ret_declaring->event), ERR_OK);
    sha256(buffer_bytes(&ret_declaring->event), header.id);
    sha256(bytes_of(NULL, 0), header.judgement_hash);
    header.body_bytes = (uint32_t)ret_declaring->event.size;
    header_encode(&header, ret_declaring->raw_header);
    merkle_leaf(bytes_of(ret_declaring->raw_header, HEADER_BYTES), &leaf);
    sample_tree_add(&world->stays, &leaf);
    grow(&world->stays, world->stays.size + 2, UINT64_MAX);
    assert_int_equal(merkle_prove_inclusion(header.seq - 1, world->stays.size, sample_tree_read,
                                            &world->stays, &ret_declaring->proof),
                     ERR_OK);
    ret_declaring->view.header = pb_of_bytes(bytes_of(ret_declaring->raw_header, HEADER_BYTES));
    ret_declaring->view.has_judgement = 1;
    ret_declaring->view.has_body = 1;
    ret_declaring->view.body = pb_of_bytes(buffer_bytes(&ret_declaring->event));
    ret_declaring->view.has_proof = 1;
    ret_declaring->view.proof = pb_of_bytes(proof_bytes(&ret_declaring->proof));
    sign(world, &world->stays, at_us + 1, &world->to);
}

static enum err run_restored(uint64_t survived, int64_t at_us, bool is_test)
{
    struct world world;
    struct declaring declaring;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Restored restored = IHURIRO__V1__RESTORED__INIT;
    open_world(&world);
    world.hub.is_test = is_test;
    grow(&world.lost, 10, 7);
    grow(&world.stays, 5, UINT64_MAX);
    sign(&world, &world.lost, TIME_US, &world.from);
    position.size = survived;
    position.root = pb_of_bytes(bytes_of(world.stays.stored[0].bytes, SHA256_BYTES));
    restored.survived = &position;
    event.restored = &restored;
    declare(&world, &event, at_us, &declaring);
    PbProof message = proof_between(&world);
    message.declared = &declaring.view;
    enum err err = run(&world, buffer_bytes(&world.from), &message);
    buffer_close(&declaring.event);
    close_world(&world);
    return err;
}

static void a_restore_that_the_hub_tells_of_is_a_declared_fork(void **state)
{
    (void)state;
    assert_int_equal(run_restored(5, TIME_US + 1000, false), ERR_OK);
    says("Declared fork: the hub says itself, in record 6 (RESTORED)");
    says("5 records");
}

static void a_restore_that_kept_more_than_the_checkpoint_declares_nothing_of_it(void **state)
{
    (void)state;
    assert_int_equal(run_restored(10, TIME_US + 1000, false), ERR_LOST);
    says("UNDECLARED FORK");
}

static void a_checkpoint_signed_after_the_restore_is_not_excused_by_it(void **state)
{
    (void)state;
    int64_t day_before_us = TIME_US - INT64_C(86400000000);
    assert_int_equal(run_restored(5, day_before_us, false), ERR_LOST);
    assert_int_equal(run_restored(5, day_before_us, true), ERR_OK);
}

/* lost_size: of the checkpoint that the record names; signed by the hub or by somebody. */
static enum err run_history_lost(uint64_t lost_size, bool is_signed, bool is_flipped)
{
    struct world world;
    struct declaring declaring;
    struct buffer named = {0};
    struct sample_tree higher = {.count = 0};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__HistoryLost history_lost = IHURIRO__V1__HISTORY_LOST__INIT;
    open_world(&world);
    grow(&world.lost, 10, 7);
    grow(&world.stays, 5, UINT64_MAX);
    grow(&higher, lost_size, 7);
    sign(&world, &world.lost, TIME_US, &world.from);
    sign(&world, &higher, TIME_US + 5, &named);
    named.data[named.size - 3] ^= is_signed ? 0 : 1;
    history_lost.checkpoint = pb_of_bytes(buffer_bytes(&named));
    event.history_lost = &history_lost;
    declare(&world, &event, TIME_US + 1000, &declaring);
    declaring.event.data[20] ^= is_flipped ? 1 : 0;
    PbProof message = proof_between(&world);
    message.declared = &declaring.view;
    enum err err = run(&world, buffer_bytes(&world.from), &message);
    buffer_close(&declaring.event);
    buffer_close(&named);
    close_world(&world);
    return err;
}

static void a_lost_history_that_the_hub_tells_of_is_a_declared_fork(void **state)
{
    (void)state;
    assert_int_equal(run_history_lost(10, true, false), ERR_OK);
    says("(HISTORY_LOST)");
    assert_int_equal(run_history_lost(15, true, false), ERR_OK);
}

static void a_record_that_is_smaller_unsigned_or_changed_declares_nothing(void **state)
{
    (void)state;
    assert_int_equal(run_history_lost(9, true, false), ERR_LOST);
    assert_int_equal(run_history_lost(10, false, false), ERR_LOST);
    assert_int_equal(run_history_lost(10, true, true), ERR_CORRUPT);
}

static void what_is_not_the_hubs_or_not_about_this_checkpoint_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct buffer other = {0};
    open_world(&world);
    grow(&world.lost, 10, UINT64_MAX);
    grow(&world.stays, 20, UINT64_MAX);
    sign(&world, &world.stays, TIME_US, &other);
    sign(&world, &world.lost, TIME_US, &world.from);
    sign(&world, &world.stays, TIME_US + 1, &world.to);
    PbProof message = proof_between(&world);
    assert_int_equal(run(&world, buffer_bytes(&other), &message), ERR_MALFORMED);
    says("about another checkpoint");
    assert_int_equal(run(&world, bytes_of("no checkpoint", 13), &message), ERR_MALFORMED);
    world.hub.log_keys[0][3] ^= 1;
    assert_int_equal(run(&world, buffer_bytes(&world.from), &message), ERR_SIGNATURE);
    says("not signed by hub.example.org");
    buffer_close(&other);
    close_world(&world);
}

static void a_damaged_file_is_refused_at_every_length(void **state)
{
    (void)state;
    struct world world;
    struct buffer file = {0};
    open_world(&world);
    grow(&world.lost, 3, UINT64_MAX);
    grow(&world.stays, 5, UINT64_MAX);
    sign(&world, &world.lost, TIME_US, &world.from);
    sign(&world, &world.stays, TIME_US + 1, &world.to);
    PbProof message = proof_between(&world);
    assert_int_equal(message_pack(&message.base, &file), ERR_OK);
    for (size_t size = 0; size < file.size; size++) {
        struct statement *statement = NULL;
        struct complaint complaint = {{0}};
        assert_int_equal(statement_make("consistency", &statement), ERR_OK);
        assert_int_not_equal(verify_consistency(buffer_bytes(&world.from),
                                                bytes_of(file.data, size), &world.hub, statement,
                                                &complaint),
                             ERR_OK);
        statement_close(&statement);
    }
    buffer_close(&file);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_that_only_grew_is_consistent_at_every_size),
        cmocka_unit_test(a_changed_history_is_not_consistent),
        cmocka_unit_test(a_proof_that_says_both_is_refused),
        cmocka_unit_test(two_histories_of_one_length_are_an_undeclared_fork),
        cmocka_unit_test(a_shorter_history_is_an_undeclared_fork),
        cmocka_unit_test(a_restore_that_the_hub_tells_of_is_a_declared_fork),
        cmocka_unit_test(a_restore_that_kept_more_than_the_checkpoint_declares_nothing_of_it),
        cmocka_unit_test(a_checkpoint_signed_after_the_restore_is_not_excused_by_it),
        cmocka_unit_test(a_lost_history_that_the_hub_tells_of_is_a_declared_fork),
        cmocka_unit_test(a_record_that_is_smaller_unsigned_or_changed_declares_nothing),
        cmocka_unit_test(what_is_not_the_hubs_or_not_about_this_checkpoint_is_refused),
        cmocka_unit_test(a_damaged_file_is_refused_at_every_length),
    };
    return cmocka_run_group_tests_name("verify consistency", tests, setup_keys, NULL);
}
