/* What mfi-pull makes of the hub's answer to PROVE. */
#include "agents/pull/pull_talk.h"
#include "tests/support/samples.h"

#define ORIGIN "hub.example.org"
#define SIZE   20

struct world {
    struct hub_identity hub;
    struct signing_key *log_key;
    struct sample_tree tree;
    struct buffer checkpoints[SIZE + 1]; /* one at each size */
    struct buffer proof;
};

static void open_world(struct world *world)
{
    assert_int_equal(keys_init(), ERR_OK);
    *world = (struct world){.log_key = seeded_key(1)};
    memcpy(world->hub.origin, ORIGIN, sizeof ORIGIN);
    memcpy(world->hub.log_keys[0], signing_key_public(world->log_key), PUBLIC_KEY_BYTES);
    world->hub.log_key_count = 1;
    for (uint64_t i = 1; i <= SIZE; i++) {
        struct position position = {.size = i};
        struct hash leaf;
        merkle_leaf(bytes_of(&i, sizeof i), &leaf);
        sample_tree_add(&world->tree, &leaf);
        assert_int_equal(merkle_root(i, sample_tree_read, &world->tree, &position.root), ERR_OK);
        assert_int_equal(
            checkpoint_sign(ORIGIN, &position, (int64_t)i, world->log_key, &world->checkpoints[i]),
            ERR_OK);
    }
}

static void close_world(struct world *world)
{
    signing_key_close(&world->log_key);
    buffer_close(&world->proof);
    for (size_t i = 1; i <= SIZE; i++) {
        buffer_close(&world->checkpoints[i]);
    }
}

static void prove_from(struct world *world, uint64_t from)
{
    Ihuriro__V1__Proof message = IHURIRO__V1__PROOF__INIT;
    struct proof proof = {.count = 0};
    assert_int_equal(merkle_prove_consistency(from, SIZE, sample_tree_read, &world->tree, &proof),
                     ERR_OK);
    message.from = pb_of_bytes(buffer_bytes(&world->checkpoints[from]));
    message.to = pb_of_bytes(buffer_bytes(&world->checkpoints[SIZE]));
    message.has_consistency = 1;
    message.consistency = pb_of_bytes(proof_bytes(&proof));
    buffer_clear(&world->proof);
    assert_int_equal(message_pack(&message.base, &world->proof), ERR_OK);
}

static void a_proof_of_another_checkpoint_than_the_one_asked_for_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct complaint complaint = {{0}};
    uint64_t declared = 99;
    open_world(&world);
    prove_from(&world, 7);
    assert_int_equal(pull_proof_check(buffer_bytes(&world.proof),
                                      buffer_bytes(&world.checkpoints[7]), &world.hub, &complaint,
                                      &declared),
                     ERR_OK);
    assert_int_equal(declared, 0);
    assert_int_equal(pull_proof_check(buffer_bytes(&world.proof),
                                      buffer_bytes(&world.checkpoints[12]), &world.hub, &complaint,
                                      &declared),
                     ERR_CORRUPT);
    assert_non_null(strstr(complaint.text, "another checkpoint"));
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_of_another_checkpoint_than_the_one_asked_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
