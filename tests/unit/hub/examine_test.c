/* What is found out about a message ahead of its turn: it must change nothing but the time it
 * takes.
 */
#include "tests/unit/hub/hub_support.h"

struct ahead {
    struct buffer session;
    struct buffer envelope;
    struct buffer frame;
    struct arena arena;
    struct examined examined;
};

static void close_ahead(struct ahead *ahead)
{
    buffer_close(&ahead->session);
    buffer_close(&ahead->envelope);
    buffer_close(&ahead->frame);
    arena_close(&ahead->arena);
}

/* A SUBMIT of A-1, signed by the key of that byte. */
static void examine_submit_of(struct bench *bench, uint8_t signing, size_t budget,
                              struct ahead *ret_ahead)
{
    struct peer peer = peer_of(1, 11);
    Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
    *ret_ahead = (struct ahead){0};
    bench_hello(bench, peer, bytes_of(NULL, 0), &ret_ahead->session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, signing,
                 &ret_ahead->envelope);
    submit.session = pb_of_bytes(buffer_bytes(&ret_ahead->session));
    submit.number = 1;
    submit.envelope = pb_of_bytes(buffer_bytes(&ret_ahead->envelope));
    OK(frame_pack(VERB_SUBMIT, &submit.base, &ret_ahead->frame));
    ret_ahead->arena.budget = budget;
    examine(&bench->ingest, &peer, buffer_bytes(&ret_ahead->frame), &ret_ahead->arena,
            &ret_ahead->examined);
}

static void decide(struct bench *bench, const struct examined *examined)
{
    struct peer peer = peer_of(1, 11);
    bench_begin(bench);
    OK(ingest_examined(&bench->ingest, &peer, examined));
    bench_end(bench);
}

static int open_bench(void **state)
{
    static struct bench bench;
    bench_open(&bench);
    bench_member(&bench, "A-1", 1, 11);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_close(*state);
    return 0;
}

static void what_was_examined_ahead_gets_its_receipt(void **state)
{
    struct bench *bench = *state;
    struct ahead ahead;
    examine_submit_of(bench, 1, 0, &ahead);
    assert_true(examined_is_final(&ahead.examined));
    decide(bench, &ahead.examined);
    const Ihuriro__V1__Answers *answers = bench_answer(bench, 0, VERB_ANSWERS);
    assert_true(answers->answers[0]->has_header);
    assert_int_equal(bench_count(bench, KIND_REPORT), 1);
    close_ahead(&ahead);
}

static void a_key_revoked_after_it_was_examined_is_refused(void **state)
{
    struct bench *bench = *state;
    struct ahead ahead;
    struct signing_key *key = key_of_byte(1);
    examine_submit_of(bench, 1, 0, &ahead);
    assert_true(ahead.examined.is_signed);
    bench_revoke(bench, "A-1", signing_key_public(key));
    decide(bench, &ahead.examined);
    const Ihuriro__V1__Answers *answers = bench_answer(bench, 0, VERB_ANSWERS);
    assert_string_equal(answers->answers[0]->refused->rule, "ENV-03");
    assert_int_equal(bench_count(bench, KIND_REPORT), 0);
    signing_key_close(&key);
    close_ahead(&ahead);
}

static void a_connection_revoked_after_it_was_examined_is_refused(void **state)
{
    struct bench *bench = *state;
    struct ahead ahead;
    uint8_t user[PUBLIC_KEY_BYTES];
    memset(user, 11, sizeof user);
    examine_submit_of(bench, 1, 0, &ahead);
    bench_revoke(bench, "A-1", user);
    decide(bench, &ahead.examined);
    const Ihuriro__V1__Refused *refused = bench_answer(bench, 0, VERB_REFUSED);
    assert_string_equal(refused->rule, "NOT_ENTITLED");
    close_ahead(&ahead);
}

static void another_connection_s_session_is_not_looked_at_further(void **state)
{
    struct bench *bench = *state;
    struct ahead ahead;
    struct peer other = peer_of(2, 11);
    examine_submit_of(bench, 1, 0, &ahead);
    arena_reset(&ahead.arena);
    examine(&bench->ingest, &other, buffer_bytes(&ahead.frame), &ahead.arena, &ahead.examined);
    assert_false(ahead.examined.is_in_session);
    assert_false(ahead.examined.is_signed);
    assert_null(ahead.examined.envelope.message);
    close_ahead(&ahead);
}

/* What found no room ahead says nothing: the writer must look for itself, with the whole budget. */
static void what_found_no_room_ahead_is_not_final(void **state)
{
    struct bench *bench = *state;
    size_t opened = 0;
    size_t not_opened = 0;
    for (size_t budget = 1; budget < 2000; budget += 10) {
        struct ahead ahead;
        examine_submit_of(bench, 1, budget, &ahead);
        bool is_opened = ahead.examined.submit == ERR_OK && ahead.examined.opened == ERR_OK;
        assert_int_equal(examined_is_final(&ahead.examined), is_opened);
        opened += is_opened;
        not_opened += !is_opened;
        close_ahead(&ahead);
    }
    assert_true(opened > 0 && not_opened > 0);
}

static void a_signature_of_another_key_is_known_ahead(void **state)
{
    struct bench *bench = *state;
    struct ahead ahead;
    examine_submit_of(bench, 1, 0, &ahead);
    ahead.envelope.data[ahead.envelope.size - 1] ^= 1; /* the signature is the last field */
    Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
    struct peer peer = peer_of(1, 11);
    submit.session = pb_of_bytes(buffer_bytes(&ahead.session));
    submit.number = 1;
    submit.envelope = pb_of_bytes(buffer_bytes(&ahead.envelope));
    buffer_clear(&ahead.frame);
    OK(frame_pack(VERB_SUBMIT, &submit.base, &ahead.frame));
    examine(&bench->ingest, &peer, buffer_bytes(&ahead.frame), &ahead.arena, &ahead.examined);
    assert_true(examined_is_final(&ahead.examined));
    assert_false(ahead.examined.is_signed);
    decide(bench, &ahead.examined);
    const Ihuriro__V1__Answers *answers = bench_answer(bench, 0, VERB_ANSWERS);
    assert_string_equal(answers->answers[0]->refused->rule, "ENV-03");
    close_ahead(&ahead);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_examined_ahead_gets_its_receipt),
        TEST(a_key_revoked_after_it_was_examined_is_refused),
        TEST(a_connection_revoked_after_it_was_examined_is_refused),
        TEST(another_connection_s_session_is_not_looked_at_further),
        TEST(what_found_no_room_ahead_is_not_final),
        TEST(a_signature_of_another_key_is_known_ahead),
    };
    return keys_init() != ERR_OK ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
