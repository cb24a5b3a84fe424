#include "tests/support/samples.h"

/* A whole record of a report, or of an event. */
struct whole {
    struct signing_key *key;
    struct buffer judgement;
    struct buffer body;
    struct header header;
    uint8_t raw_header[HEADER_BYTES];
};

static void whole_close(struct whole *whole)
{
    signing_key_close(&whole->key);
    buffer_close(&whole->judgement);
    buffer_close(&whole->body);
}

static void pack_judgement(struct buffer *judgement)
{
    uint8_t settings[SHA256_BYTES] = {9};
    PbFinding finding = IHURIRO__V1__FINDING__INIT;
    PbFinding *findings[] = {&finding};
    char rule[] = "POR-01";
    PbJudgement message = IHURIRO__V1__JUDGEMENT__INIT;
    finding.rule = rule;
    finding.severity = IHURIRO__V1__SEVERITY__WARNING;
    message.settings = pb_of_bytes(bytes_of(settings, sizeof settings));
    message.n_findings = 1;
    message.findings = findings;
    assert_int_equal(message_pack(&message.base, judgement), ERR_OK);
}

static void make_report(struct whole *whole)
{
    struct sample_report sample;
    AUTO(buffer_close) struct buffer report = {0};
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    whole->key = seeded_key(1);
    sample_report(&sample);
    sample_pack(&sample, &report);
    assert_int_equal(envelope_make(whole->key, buffer_bytes(&report), &whole->body), ERR_OK);
    assert_int_equal(
        envelope_open(buffer_bytes(&whole->body), MESSAGE_CANONICAL, &arena, &envelope), ERR_OK);
    pack_judgement(&whole->judgement);
    sample_header(&envelope, buffer_bytes(&whole->judgement), 5, &whole->header);
    whole->header.previous_seq = 3;
    header_encode(&whole->header, whole->raw_header);
}

static void make_event(struct whole *whole)
{
    uint8_t nonce[16] = {1};
    char subject[] = "SACCO-001";
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    event.time_us = 77;
    event.nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    event.subject = subject;
    event.keys = &keys;
    assert_int_equal(message_pack(&event.base, &whole->body), ERR_OK);
    whole->header = (struct header){
        .kind = KIND_KEYS,
        .seq = 6,
        .received_at_us = 80,
        .first_received_at_us = 77,
        .institution = "SACCO-001",
        .body_bytes = (uint32_t)whole->body.size,
    };
    sha256(buffer_bytes(&whole->body), whole->header.id);
    sha256(bytes_of(NULL, 0), whole->header.judgement_hash);
    header_encode(&whole->header, whole->raw_header);
}

static enum err check(const struct whole *whole)
{
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint = {""};
    const void *judgement = whole->judgement.data; /* without: empty, which is not absent */
    enum err err = record_check(bytes_of(whole->raw_header, HEADER_BYTES),
                                bytes_of(judgement == NULL ? "" : judgement, whole->judgement.size),
                                buffer_bytes(&whole->body), &arena, &complaint);
    assert_true((err == ERR_OK) == (complaint.text[0] == '\0'));
    return err;
}

static void every_field_of_a_header_has_its_place(void **state)
{
    (void)state;
    struct header header = {
        .kind = 0x02,
        .seq = UINT64_C(0x0405060708090A0B),
        .type = 5,
        .frequency = 3,
        .verdict = 2,
        .status = 1,
        .period_end_day = -2,
        .vintage = 0x14151617,
        .received_at_us = INT64_C(0x18191A1B1C1D1E1F),
        .first_received_at_us = INT64_C(0x2021222324252627),
        .institution = "ABCDEFGHIJKLMNOP",
        .previous_seq = UINT64_C(0x0102030405060708),
        .judgement_bytes = 0x1000,
        .body_bytes = 0x20000,
    };
    memset(header.id, 0x56, sizeof header.id);
    memset(header.signer, 0x88, sizeof header.signer);
    memset(header.signature, 0x12, sizeof header.signature);
    memset(header.judgement_hash, 0xC8, sizeof header.judgement_hash);
    uint8_t raw[HEADER_BYTES];
    uint8_t again[HEADER_BYTES];
    char hex[2 * HEADER_BYTES + 1];
    header_encode(&header, raw);
    hex_encode(bytes_of(raw, sizeof raw), hex);
    assert_string_equal(hex,
                        "010200e8"
                        "0405060708090a0b05030201fffffffe1415161718191a1b1c1d1e1f2021222324252627"
                        "4142434445464748494a4b4c4d4e4f50"
                        "5656565656565656565656565656565656565656565656565656565656565656"
                        "8888888888888888888888888888888888888888888888888888888888888888"
                        "1212121212121212121212121212121212121212121212121212121212121212"
                        "1212121212121212121212121212121212121212121212121212121212121212"
                        "01020304050607080000100000020000"
                        "c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8");
    struct header decoded;
    assert_int_equal(header_decode(bytes_of(raw, sizeof raw), &decoded), ERR_OK);
    assert_string_equal(decoded.institution, "ABCDEFGHIJKLMNOP");
    assert_int_equal(decoded.period_end_day, -2);
    header_encode(&decoded, again);
    assert_memory_equal(again, raw, sizeof raw);
}

/* What decodes encodes to the same bytes: nothing hides in a header. */
static void no_changed_header_decodes_to_less_than_it_says(void **state)
{
    (void)state;
    AUTO(whole_close) struct whole whole = {0};
    make_report(&whole);
    for (size_t i = 0; i < HEADER_BYTES; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct header header;
            uint8_t again[HEADER_BYTES];
            whole.raw_header[i] ^= (uint8_t)(1U << bit);
            if (header_decode(bytes_of(whole.raw_header, HEADER_BYTES), &header) == ERR_OK &&
                header.version == HEADER_VERSION) {
                header_encode(&header, again);
                assert_memory_equal(again, whole.raw_header, HEADER_BYTES);
            }
            whole.raw_header[i] ^= (uint8_t)(1U << bit);
        }
    }
}

static void impossible_headers_are_malformed(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t byte;
    } rows[] = {
        {0, 0},   {1, 0},     {3, 0xE7},  {3, 0xE9},   {11, 0},    {14, 4},
        {40, 0},  {40, '-'},  {41, 'a'},  {48, 0},     {55, 'A'},  {191, 5},
        {191, 6}, {192, 255}, {194, 255}, {196, 0x10}, {197, 255},
    };
    AUTO(whole_close) struct whole whole = {0};
    struct header header;
    make_report(&whole);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t before = whole.raw_header[rows[i].at];
        whole.raw_header[rows[i].at] = rows[i].byte;
        const bool is_same_length = rows[i].at == 48; /* "SACCO-00" is an id, too */
        assert_int_equal(header_decode(bytes_of(whole.raw_header, HEADER_BYTES), &header),
                         is_same_length ? ERR_OK : ERR_MALFORMED);
        whole.raw_header[rows[i].at] = before;
    }
    for (size_t size = 0; size < HEADER_BYTES; size++) {
        assert_int_equal(header_decode(bytes_of(whole.raw_header, size), &header), ERR_MALFORMED);
    }
}

static void a_newer_header_is_read_as_far_as_it_is_known(void **state)
{
    (void)state;
    uint8_t longer[HEADER_BYTES + 40] = {0};
    AUTO(whole_close) struct whole whole = {0};
    struct header header;
    make_report(&whole);
    memcpy(longer, whole.raw_header, HEADER_BYTES);
    put_u16(longer + 2, sizeof longer);
    assert_int_equal(header_decode(bytes_of(longer, sizeof longer), &header), ERR_MALFORMED);
    longer[0] = HEADER_VERSION + 1;
    assert_int_equal(header_decode(bytes_of(longer, sizeof longer), &header), ERR_OK);
    assert_int_equal(header.seq, 5);
    assert_int_equal(header.header_bytes, sizeof longer);
}

static void a_record_opens_only_at_its_exact_length(void **state)
{
    (void)state;
    AUTO(whole_close) struct whole whole = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    struct record record;
    make_report(&whole);
    assert_int_equal(buffer_append(&raw, whole.raw_header, HEADER_BYTES), ERR_OK);
    assert_int_equal(buffer_append(&raw, whole.judgement.data, whole.judgement.size), ERR_OK);
    assert_int_equal(buffer_append(&raw, whole.body.data, whole.body.size), ERR_OK);
    assert_int_equal(record_open(buffer_bytes(&raw), &record), ERR_OK);
    assert_true(bytes_equal(record.judgement, buffer_bytes(&whole.judgement)));
    assert_true(bytes_equal(record.body, buffer_bytes(&whole.body)));
    assert_true(bytes_equal(record.raw_header, bytes_of(whole.raw_header, HEADER_BYTES)));
    for (size_t size = 0; size < raw.size; size++) {
        assert_int_equal(record_open(bytes_of(raw.data, size), &record), ERR_CORRUPT);
    }
    assert_int_equal(buffer_append(&raw, "x", 1), ERR_OK);
    assert_int_equal(record_open(buffer_bytes(&raw), &record), ERR_CORRUPT);
}

static void whole_records_check_and_parts_may_be_absent(void **state)
{
    (void)state;
    AUTO(whole_close) struct whole report = {0};
    AUTO(whole_close) struct whole event = {0};
    AUTO(arena_close) struct arena arena = {0};
    make_report(&report);
    make_event(&event);
    assert_int_equal(check(&report), ERR_OK);
    assert_int_equal(check(&event), ERR_OK);
    const struct bytes none = bytes_of(NULL, 0);
    const struct bytes header = bytes_of(report.raw_header, HEADER_BYTES);
    assert_int_equal(record_check(header, none, none, &arena, NULL), ERR_OK);
    assert_int_equal(record_check(header, buffer_bytes(&report.judgement), none, &arena, NULL),
                     ERR_OK);
    assert_int_equal(record_check(header, none, buffer_bytes(&report.body), &arena, NULL), ERR_OK);
    report.header.kind = KIND_EARLIER_RECEIPT;
    header_encode(&report.header, report.raw_header);
    assert_int_equal(check(&report), ERR_OK);
}

/* Of a header alone, these follow from signature, judgement and body; seq, verdict, times and the
 * link back are held by the tree. */
static bool follows_from_the_rest(size_t at)
{
    return (at >= 12 && at < 14) || (at >= 15 && at < 24) || (at >= 40 && at < 184) || at >= 192;
}

static void a_report_that_differs_from_its_header_is_found(void **state)
{
    (void)state;
    AUTO(whole_close) struct whole whole = {0};
    make_report(&whole);
    for (size_t i = 0; i < HEADER_BYTES; i++) {
        whole.raw_header[i] ^= 0x01;
        if (follows_from_the_rest(i)) {
            assert_int_not_equal(check(&whole), ERR_OK);
        }
        whole.raw_header[i] ^= 0x01;
    }
    for (size_t i = 0; i < whole.judgement.size; i++) {
        whole.judgement.data[i] ^= 0x10;
        assert_int_equal(check(&whole), ERR_CORRUPT);
        whole.judgement.data[i] ^= 0x10;
    }
    for (size_t i = 0; i < whole.body.size; i++) {
        whole.body.data[i] ^= 0x10;
        assert_int_not_equal(check(&whole), ERR_OK);
        whole.body.data[i] ^= 0x10;
    }
    assert_int_equal(check(&whole), ERR_OK);
}

static void a_forged_signature_is_told_as_such(void **state)
{
    (void)state;
    AUTO(whole_close) struct whole whole = {0};
    make_report(&whole);
    whole.raw_header[130] ^= 1;
    assert_int_equal(check(&whole), ERR_SIGNATURE);
}

static void an_event_that_differs_from_its_header_is_found(void **state)
{
    (void)state;
    AUTO(whole_close) struct whole whole = {0};
    make_event(&whole);
    for (size_t i = 0; i < HEADER_BYTES; i++) {
        /* seq (4 to 11) and received_at (24 to 31) are held by the tree */
        const bool is_free = (i >= 4 && i < 12) || (i >= 24 && i < 32);
        whole.raw_header[i] ^= 0x01;
        if (!is_free && i > 3) {
            assert_int_not_equal(check(&whole), ERR_OK);
        }
        whole.raw_header[i] ^= 0x01;
    }
    whole.raw_header[1] = KIND_AGREEMENT;
    assert_int_equal(check(&whole), ERR_CORRUPT);
    whole.raw_header[1] = 19; /* a kind of a newer hub: its part is not known here */
    assert_int_equal(check(&whole), ERR_OK);
}

static void an_event_is_of_exactly_one_kind(void **state)
{
    (void)state;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    Ihuriro__V1__Back back = IHURIRO__V1__BACK__INIT;
    assert_int_equal(event_kind(&event), 0);
    event.keys = &keys;
    assert_int_equal(event_kind(&event), KIND_KEYS);
    event.back = &back;
    assert_int_equal(event_kind(&event), 0);
    event.keys = NULL;
    assert_int_equal(event_kind(&event), KIND_BACK);
}

static void kinds_and_verdicts_are_known_by_name(void **state)
{
    (void)state;
    size_t known = 0;
    for (int kind = 0; kind < 256; kind++) {
        int parsed = 0;
        if (strcmp(record_kind_name(kind), "?") != 0) {
            assert_int_equal(record_kind_parse(record_kind_name(kind), &parsed), ERR_OK);
            assert_int_equal(parsed, kind);
            known++;
        }
    }
    assert_int_equal(known, 17);
    int parsed = 0;
    assert_int_equal(record_kind_parse("?", &parsed), ERR_MALFORMED);
    assert_string_equal(verdict_name(VERDICT_REJECTED), "REJECTED");
    assert_string_equal(verdict_name(4), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_a_header_has_its_place),
        cmocka_unit_test(no_changed_header_decodes_to_less_than_it_says),
        cmocka_unit_test(impossible_headers_are_malformed),
        cmocka_unit_test(a_newer_header_is_read_as_far_as_it_is_known),
        cmocka_unit_test(a_record_opens_only_at_its_exact_length),
        cmocka_unit_test(whole_records_check_and_parts_may_be_absent),
        cmocka_unit_test(a_report_that_differs_from_its_header_is_found),
        cmocka_unit_test(a_forged_signature_is_told_as_such),
        cmocka_unit_test(an_event_that_differs_from_its_header_is_found),
        cmocka_unit_test(an_event_is_of_exactly_one_kind),
        cmocka_unit_test(kinds_and_verdicts_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
