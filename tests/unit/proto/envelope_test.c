#include "tests/support/samples.h"

struct sealed {
    struct signing_key *key;
    struct buffer report;
    struct buffer raw;
};

static void sealed_close(struct sealed *sealed)
{
    signing_key_close(&sealed->key);
    buffer_close(&sealed->report);
    buffer_close(&sealed->raw);
}

static void seal(const struct sample_report *sample, struct sealed *sealed)
{
    sealed->key = seeded_key(1);
    sample_pack(sample, &sealed->report);
    assert_int_equal(envelope_make(sealed->key, buffer_bytes(&sealed->report), &sealed->raw),
                     ERR_OK);
}

static enum err open_raw(struct bytes raw, enum message_mode mode)
{
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    return envelope_open(raw, mode, &arena, &envelope);
}

static void a_sealed_report_opens_and_verifies(void **state)
{
    (void)state;
    struct sample_report sample;
    AUTO(sealed_close) struct sealed sealed = {0};
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    uint8_t id[SHA256_BYTES];
    sample_report(&sample);
    seal(&sample, &sealed);
    assert_int_equal(envelope_open(buffer_bytes(&sealed.raw), MESSAGE_CANONICAL, &arena, &envelope),
                     ERR_OK);
    assert_int_equal(envelope_verify(&envelope), ERR_OK);
    assert_true(bytes_equal(envelope.report, buffer_bytes(&sealed.report)));
    sha256(envelope.report, id);
    assert_memory_equal(envelope.id, id, SHA256_BYTES);
    assert_memory_equal(envelope.signer, signing_key_public(sealed.key), PUBLIC_KEY_BYTES);
    assert_int_equal(report_signature_verify(envelope.signer, id, envelope.signature), ERR_OK);
}

static void a_signature_over_anything_but_the_prefix_and_the_id_is_none(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(1);
    uint8_t id[SHA256_BYTES] = {7};
    uint8_t signature[SIGNATURE_BYTES];
    uint8_t message[18 + SHA256_BYTES];
    memcpy(message, "ihuriro.v1 report\n", 18);
    memcpy(message + 18, id, SHA256_BYTES);
    signing_key_sign(key, bytes_of(message, sizeof message), signature);
    assert_int_equal(report_signature_verify(signing_key_public(key), id, signature), ERR_OK);
    signing_key_sign(key, bytes_of(id, sizeof id), signature);
    assert_int_equal(report_signature_verify(signing_key_public(key), id, signature),
                     ERR_SIGNATURE);
}

static void no_flipped_bit_of_an_envelope_goes_unnoticed(void **state)
{
    (void)state;
    struct sample_report sample;
    AUTO(sealed_close) struct sealed sealed = {0};
    AUTO(arena_close) struct arena arena = {0};
    sample_report(&sample);
    seal(&sample, &sealed);
    for (size_t i = 0; i < sealed.raw.size; i++) {
        struct envelope envelope;
        sealed.raw.data[i] ^= (uint8_t)(1U << (i & 7));
        arena_reset(&arena);
        if (envelope_open(buffer_bytes(&sealed.raw), MESSAGE_TOLERANT, &arena, &envelope) ==
            ERR_OK) {
            assert_int_equal(envelope_verify(&envelope), ERR_SIGNATURE);
        }
        sealed.raw.data[i] ^= (uint8_t)(1U << (i & 7));
    }
}

static void a_newer_schema_is_told_apart_from_garbage(void **state)
{
    (void)state;
    uint8_t value = 7;
    ProtobufCMessageUnknownField unknown = {
        .tag = 60, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = &value};
    struct sample_report sample;
    sample_report(&sample);
    sample.report.schema_version = SCHEMA_VERSION + 1;
    for (int has_field = 0; has_field < 2; has_field++) {
        AUTO(sealed_close) struct sealed sealed = {0};
        sample.portfolio.base.n_unknown_fields = (unsigned)has_field;
        sample.portfolio.base.unknown_fields = &unknown;
        seal(&sample, &sealed);
        assert_int_equal(open_raw(buffer_bytes(&sealed.raw), MESSAGE_CANONICAL), ERR_UNSUPPORTED);
        assert_int_equal(open_raw(buffer_bytes(&sealed.raw), MESSAGE_TOLERANT), ERR_OK);
    }
    AUTO(sealed_close) struct sealed old = {0};
    sample.report.schema_version = SCHEMA_VERSION;
    seal(&sample, &old);
    assert_int_equal(open_raw(buffer_bytes(&old.raw), MESSAGE_CANONICAL), ERR_MALFORMED);
    AUTO(sealed_close) struct sealed none = {0};
    sample.portfolio.base.n_unknown_fields = 0;
    sample.report.schema_version = 0;
    seal(&sample, &none);
    assert_int_equal(open_raw(buffer_bytes(&none.raw), MESSAGE_CANONICAL), ERR_MALFORMED);
}

static void an_institution_that_is_no_id_is_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "-A", "sacco", "A B", "ABCDEFGHIJKLMNOPQ", "A_B"};
    static const char *const good[] = {"A", "ABCDEFGHIJKLMNOP", "0-9", "A-"};
    struct sample_report sample;
    char id[32];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(sealed_close) struct sealed sealed = {0};
        sample_report(&sample);
        strcpy(id, bad[i]);
        sample.report.institution = id;
        seal(&sample, &sealed);
        assert_int_equal(open_raw(buffer_bytes(&sealed.raw), MESSAGE_CANONICAL), ERR_MALFORMED);
        assert_false(institution_id_is_valid(bad[i]));
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(institution_id_is_valid(good[i]));
    }
}

static void lengths_are_checked_on_both_levels(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(1);
    AUTO(free_p) uint8_t *large = calloc(1, ENVELOPE_BYTES_MAX + 1);
    AUTO(buffer_close) struct buffer envelope = {0};
    const struct bytes over = bytes_of(large, REPORT_BYTES_MAX + 1);
    assert_int_equal(envelope_make(key, over, &envelope), ERR_TOO_LARGE);
    assert_int_equal(envelope.size, 0);
    assert_int_equal(open_raw(bytes_of(large, ENVELOPE_BYTES_MAX + 1), MESSAGE_CANONICAL),
                     ERR_TOO_LARGE);

    PbSignedReport message = IHURIRO__V1__SIGNED_REPORT__INIT;
    message.report = pb_of_bytes(over);
    message.signer = pb_of_bytes(bytes_of(large, 32));
    message.signature = pb_of_bytes(bytes_of(large, 64));
    assert_int_equal(message_pack(&message.base, &envelope), ERR_OK);
    assert_int_equal(open_raw(buffer_bytes(&envelope), MESSAGE_CANONICAL), ERR_TOO_LARGE);

    static const size_t sizes[][2] = {{31, 64}, {33, 64}, {32, 63}, {32, 65}, {0, 64}, {32, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct sample_report sample;
        AUTO(sealed_close) struct sealed sealed = {0};
        sample_report(&sample);
        seal(&sample, &sealed);
        message.report = pb_of_bytes(buffer_bytes(&sealed.report));
        message.signer.len = sizes[i][0];
        message.signature.len = sizes[i][1];
        buffer_clear(&envelope);
        assert_int_equal(message_pack(&message.base, &envelope), ERR_OK);
        assert_int_equal(open_raw(buffer_bytes(&envelope), MESSAGE_CANONICAL), ERR_MALFORMED);
    }
}

static void bytes_behind_the_envelope_or_the_report_are_refused(void **state)
{
    (void)state;
    struct sample_report sample;
    AUTO(sealed_close) struct sealed outer = {0};
    AUTO(sealed_close) struct sealed inner = {0};
    sample_report(&sample);
    seal(&sample, &outer);
    assert_int_equal(buffer_append(&outer.raw, "\x20\x01", 2), ERR_OK);
    assert_int_equal(open_raw(buffer_bytes(&outer.raw), MESSAGE_CANONICAL), ERR_MALFORMED);
    seal(&sample, &inner);
    assert_int_equal(buffer_append(&inner.report, "\xE0\x03\x01", 3), ERR_OK);
    buffer_clear(&inner.raw);
    assert_int_equal(envelope_make(inner.key, buffer_bytes(&inner.report), &inner.raw), ERR_OK);
    assert_int_equal(open_raw(buffer_bytes(&inner.raw), MESSAGE_CANONICAL), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_report_opens_and_verifies),
        cmocka_unit_test(a_signature_over_anything_but_the_prefix_and_the_id_is_none),
        cmocka_unit_test(no_flipped_bit_of_an_envelope_goes_unnoticed),
        cmocka_unit_test(a_newer_schema_is_told_apart_from_garbage),
        cmocka_unit_test(an_institution_that_is_no_id_is_malformed),
        cmocka_unit_test(lengths_are_checked_on_both_levels),
        cmocka_unit_test(bytes_behind_the_envelope_or_the_report_are_refused),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
