#include "tests/support/samples.h"

#define ORIGIN  "hub.example/demo"
#define TIME_US INT64_C(1593764100000000)

static void fill_hub(struct hub_identity *hub, const struct signing_key *key)
{
    *hub = (struct hub_identity){.origin = ORIGIN, .log_key_count = 1};
    memcpy(hub->log_keys[0], signing_key_public(key), PUBLIC_KEY_BYTES);
}

static void sign_sample(const struct signing_key *key, uint64_t size, struct buffer *text)
{
    struct position position = {.size = size};
    memset(position.root.bytes, 0xAB, SHA256_BYTES);
    assert_int_equal(checkpoint_sign(ORIGIN, &position, TIME_US, key, text), ERR_OK);
}

static void a_checkpoint_is_a_signed_note_and_verifies(void **state)
{
    (void)state;
    static const char head[] =
        ORIGIN "\n1234\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\ntime 1593764100000000\n\n"
               "\xE2\x80\x94 " ORIGIN " ";
    AUTO(signing_key_close) struct signing_key *key = seeded_key(2);
    AUTO(buffer_close) struct buffer text = {0};
    struct checkpoint checkpoint;
    struct hub_identity hub;
    fill_hub(&hub, key);
    sign_sample(key, 1234, &text);
    assert_int_equal(text.size, sizeof head - 1 + 92 + 1);
    assert_memory_equal(text.data, head, sizeof head - 1);
    assert_int_equal(text.data[text.size - 1], '\n');
    assert_int_equal(checkpoint_parse(buffer_bytes(&text), &checkpoint), ERR_OK);
    assert_string_equal(checkpoint.origin, ORIGIN);
    assert_int_equal(checkpoint.position.size, 1234);
    assert_int_equal(checkpoint.position.root.bytes[31], 0xAB);
    assert_true(checkpoint.time_us == TIME_US);
    assert_int_equal(checkpoint_verify(&checkpoint, &hub), ERR_OK);
}

static void another_origin_and_another_key_do_not_verify(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(2);
    AUTO(signing_key_close) struct signing_key *other = seeded_key(3);
    AUTO(buffer_close) struct buffer text = {0};
    struct checkpoint checkpoint;
    struct hub_identity hub;
    sign_sample(key, 9, &text);
    assert_int_equal(checkpoint_parse(buffer_bytes(&text), &checkpoint), ERR_OK);
    fill_hub(&hub, key);
    strcpy(hub.origin, "hub.example/other");
    assert_int_equal(checkpoint_verify(&checkpoint, &hub), ERR_SIGNATURE);
    fill_hub(&hub, other);
    assert_int_equal(checkpoint_verify(&checkpoint, &hub), ERR_SIGNATURE);
    hub.log_key_count = 0;
    assert_int_equal(checkpoint_verify(&checkpoint, &hub), ERR_SIGNATURE);
    fill_hub(&hub, other); /* the list may hold older and newer keys */
    hub.log_key_count = 2;
    memcpy(hub.log_keys[1], signing_key_public(key), PUBLIC_KEY_BYTES);
    assert_int_equal(checkpoint_verify(&checkpoint, &hub), ERR_OK);
}

static void what_was_parsed_must_be_what_was_signed(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(2);
    AUTO(buffer_close) struct buffer text = {0};
    struct checkpoint checkpoint;
    struct hub_identity hub;
    fill_hub(&hub, key);
    sign_sample(key, 9, &text);
    assert_int_equal(checkpoint_parse(buffer_bytes(&text), &checkpoint), ERR_OK);
    checkpoint.position.size = 10;
    assert_int_equal(checkpoint_verify(&checkpoint, &hub), ERR_SIGNATURE);
    checkpoint.position.size = 9;
    checkpoint.time_us++;
    assert_int_equal(checkpoint_verify(&checkpoint, &hub), ERR_SIGNATURE);
}

static void no_flipped_bit_of_a_checkpoint_goes_unnoticed(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(2);
    AUTO(buffer_close) struct buffer text = {0};
    struct hub_identity hub;
    fill_hub(&hub, key);
    sign_sample(key, 77, &text);
    for (size_t i = 0; i < text.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct checkpoint checkpoint;
            text.data[i] ^= (uint8_t)(1U << bit);
            if (checkpoint_parse(buffer_bytes(&text), &checkpoint) == ERR_OK) {
                assert_int_equal(checkpoint_verify(&checkpoint, &hub), ERR_SIGNATURE);
            }
            text.data[i] ^= (uint8_t)(1U << bit);
        }
    }
}

#define ROOT "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="
#define NOTE                                                                                   \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
    "AAA="
#define DASH "\xE2\x80\x94 "

static enum err parse_text(const char *text)
{
    struct checkpoint checkpoint;
    return checkpoint_parse(bytes_of(text, strlen(text)), &checkpoint);
}

static void only_the_one_form_parses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "o\n",
        "o\n1\n" ROOT "\n\n" DASH "o " NOTE "\n",                            /* no time */
        "\n1\n" ROOT "\ntime 5\n\n" DASH " " NOTE "\n",                      /* no origin */
        "o o\n1\n" ROOT "\ntime 5\n\n" DASH "o o " NOTE "\n",                /* a space in it */
        "o+o\n1\n" ROOT "\ntime 5\n\n" DASH "o+o " NOTE "\n",                /* a plus in it */
        "o\n01\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n",                   /* a leading zero */
        "o\n\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n",                     /* no size */
        "o\n-1\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n",                   /* a sign */
        "o\n+1\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n",                   /* a sign */
        "o\n18446744073709551616\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n", /* over 64 bits */
        "o\n1\n" ROOT "\ntime 9223372036854775808\n\n" DASH "o " NOTE "\n",  /* over 63 bits */
        "o\n1\n" ROOT "\ntime  5\n\n" DASH "o " NOTE "\n",                   /* two spaces */
        "o\n1\n" ROOT "\nTime 5\n\n" DASH "o " NOTE "\n",                    /* another word */
        "o\n1\n" ROOT "\ntime 5\nx 1\n\n" DASH "o " NOTE "\n",               /* one more line */
        "o\r\n1\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n",                  /* a carriage return */
        "o\n1\n" ROOT "\ntime 5\n" DASH "o " NOTE "\n",                      /* no blank line */
        "o\n1\n" ROOT "\ntime 5\n\n- o " NOTE "\n",                          /* a hyphen */
        "o\n1\n" ROOT "\ntime 5\n\n" DASH "p " NOTE "\n",                    /* another signer */
        "o\n1\n" ROOT "\ntime 5\n\n" DASH "o " NOTE,                         /* no newline */
        "o\n1\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n\n",                  /* one too many */
        "o\n1\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n" DASH "o " NOTE "\n", /* two signatures */
        "o\n1\n" ROOT "\ntime 5\n\n" DASH "o AAAA\n",                         /* too short */
        "o\n1\nq6urq6s=\ntime 5\n\n" DASH "o " NOTE "\n",                     /* a short root */
        /* base64 whose unused bits are set: the same 32 bytes in another form */
        "o\n1\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6t=\ntime 5\n\n" DASH "o " NOTE "\n",
    };
    assert_int_equal(parse_text("o\n1\n" ROOT "\ntime 5\n\n" DASH "o " NOTE "\n"), ERR_OK);
    assert_int_equal(parse_text("o\n0\n" ROOT "\ntime 0\n\n" DASH "o " NOTE "\n"), ERR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse_text(bad[i]), ERR_MALFORMED);
    }
}

static void what_cannot_be_a_checkpoint_is_not_signed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "a b",      "a+b",
        "a\n", "\xC3\xA9", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    AUTO(signing_key_close) struct signing_key *key = seeded_key(2);
    AUTO(buffer_close) struct buffer text = {0};
    struct position position = {.size = 1};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(checkpoint_sign(bad[i], &position, 1, key, &text), ERR_RANGE);
    }
    assert_int_equal(checkpoint_sign("o", &position, -1, key, &text), ERR_RANGE);
    assert_int_equal(text.size, 0);
}

static void the_longest_checkpoint_fits_its_limit(void **state)
{
    (void)state;
    char origin[HUB_ORIGIN_MAX + 1] = {0};
    AUTO(signing_key_close) struct signing_key *key = seeded_key(2);
    AUTO(buffer_close) struct buffer text = {0};
    struct position position = {.size = UINT64_MAX};
    struct checkpoint checkpoint;
    memset(origin, 'o', HUB_ORIGIN_MAX);
    assert_int_equal(checkpoint_sign(origin, &position, INT64_MAX, key, &text), ERR_OK);
    assert_true(text.size <= CHECKPOINT_BYTES_MAX);
    assert_int_equal(checkpoint_parse(buffer_bytes(&text), &checkpoint), ERR_OK);
    assert_true(checkpoint.position.size == UINT64_MAX);
}

static void positions_are_equal_by_size_and_root(void **state)
{
    (void)state;
    struct position a = {.size = 4};
    struct position b = a;
    assert_true(position_equal(&a, &b));
    b.root.bytes[31] = 1;
    assert_false(position_equal(&a, &b));
    b = a;
    b.size = 5;
    assert_false(position_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_is_a_signed_note_and_verifies),
        cmocka_unit_test(another_origin_and_another_key_do_not_verify),
        cmocka_unit_test(what_was_parsed_must_be_what_was_signed),
        cmocka_unit_test(no_flipped_bit_of_a_checkpoint_goes_unnoticed),
        cmocka_unit_test(only_the_one_form_parses),
        cmocka_unit_test(what_cannot_be_a_checkpoint_is_not_signed),
        cmocka_unit_test(the_longest_checkpoint_fits_its_limit),
        cmocka_unit_test(positions_are_equal_by_size_and_root),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
