/* proto/README.md is the wire protocol: what it says of numbers, names and bytes is held to the
 * code here. */
#include "proto/frames.h"
#include "proto/glossary.h"
#include "proto/receipt.h"
#include "proto/rules.h"

#include "tests/support/samples.h"

#include <stdio.h>

static char *readme;

static int read_readme(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer text = {0};
    FILE *file = fopen(IHURIRO_SOURCE "/proto/README.md", "rb");
    size_t got = 0;
    char piece[4096];
    if (file == NULL || keys_init() != ERR_OK) {
        return -1;
    }
    while ((got = fread(piece, 1, sizeof piece, file)) > 0) {
        assert_int_equal(buffer_append(&text, piece, got), ERR_OK);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
    readme = (char *)text.data;
    text.data = NULL;
    return 0;
}

static int free_readme(void **state)
{
    (void)state;
    free(readme);
    return 0;
}

/* Tells all that is missing before the test fails. */
static size_t missing;

static int forget_missing(void **state)
{
    (void)state;
    missing = 0;
    return 0;
}

static void expect(const char *text)
{
    if (strstr(readme, text) == NULL) {
        (void)fprintf(stderr, "proto/README.md should say:\n%s\n", text);
        missing++;
    }
}

/* ---- the worked example ---- */

/* NAME, then the bytes in lines of 32. */
static void add_hex(struct buffer *text, const char *name, struct bytes bytes)
{
    char hex[2 * 32 + 1];
    assert_int_equal(buffer_printf(text, "%s (%zu bytes)\n", name, bytes.size), ERR_OK);
    for (size_t at = 0; at < bytes.size; at += 32) {
        const size_t size = bytes.size - at < 32 ? bytes.size - at : 32;
        hex_encode(bytes_of(bytes.data + at, size), hex);
        assert_int_equal(buffer_printf(text, "    %s\n", hex), ERR_OK);
    }
}

static void add_key(struct buffer *text, const char *name, const struct signing_key *key)
{
    add_hex(text, name, bytes_of(signing_key_public(key), PUBLIC_KEY_BYTES));
}

static void add_report(struct buffer *text, const struct signing_key *key, struct buffer *envelope)
{
    struct sample_report sample;
    uint8_t id[SHA256_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
    AUTO(buffer_close) struct buffer report = {0};
    sample_report(&sample);
    sample.report.portfolio = NULL;
    sample.report.has_nil = 1;
    sample.report.nil = 1;
    sample_pack(&sample, &report);
    report_id(buffer_bytes(&report), id);
    report_sign(key, id, signature);
    assert_int_equal(envelope_make(key, buffer_bytes(&report), envelope), ERR_OK);
    add_hex(text, "Report", buffer_bytes(&report));
    add_hex(text, "id", bytes_of(id, sizeof id));
    add_hex(text, "signature", bytes_of(signature, sizeof signature));
    add_hex(text, "SignedReport", buffer_bytes(envelope));
}

static void add_frames(struct buffer *text, struct bytes envelope)
{
    uint8_t session[48];
    Ihuriro__V1__Hello hello = IHURIRO__V1__HELLO__INIT;
    Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
    AUTO(buffer_close) struct buffer first = {0};
    AUTO(buffer_close) struct buffer second = {0};
    memset(session, 0x05, sizeof session);
    hello.tag = pb_of_bytes(bytes_of(session, 16));
    hello.schema_version = SCHEMA_VERSION;
    assert_int_equal(frame_pack(VERB_HELLO, &hello.base, &first), ERR_OK);
    submit.session = pb_of_bytes(bytes_of(session, sizeof session));
    submit.number = 1;
    submit.envelope = pb_of_bytes(envelope);
    assert_int_equal(frame_pack(VERB_SUBMIT, &submit.base, &second), ERR_OK);
    add_hex(text, "HELLO frame", buffer_bytes(&first));
    add_hex(text, "SUBMIT frame", buffer_bytes(&second));
}

/* The record, first of three, and the tree. */
static void add_record(struct buffer *text, struct bytes envelope_raw, struct bytes judgement,
                       uint8_t ret_raw_header[static HEADER_BYTES], struct sample_tree *tree)
{
    struct header header;
    struct envelope envelope;
    struct hash leaf;
    AUTO(arena_close) struct arena arena = {0};
    assert_int_equal(envelope_open(envelope_raw, MESSAGE_CANONICAL, &arena, &envelope), ERR_OK);
    sample_header(&envelope, judgement, 1, &header);
    header_encode(&header, ret_raw_header);
    add_hex(text, "Judgement", judgement);
    add_hex(text, "header", bytes_of(ret_raw_header, HEADER_BYTES));
    merkle_leaf(bytes_of(ret_raw_header, HEADER_BYTES), &leaf);
    add_hex(text, "leaf of record 1", bytes_of(leaf.bytes, SHA256_BYTES));
    sample_tree_add(tree, &leaf);
    merkle_leaf(bytes_of("second", 6), &leaf);
    add_hex(text, "leaf of record 2", bytes_of(leaf.bytes, SHA256_BYTES));
    sample_tree_add(tree, &leaf);
    merkle_leaf(bytes_of("third", 5), &leaf);
    add_hex(text, "leaf of record 3", bytes_of(leaf.bytes, SHA256_BYTES));
    sample_tree_add(tree, &leaf);
}

static void add_proofs(struct buffer *text, struct sample_tree *tree, struct proof *inclusion,
                       struct position *ret_position)
{
    struct hash root;
    struct proof consistency;
    assert_int_equal(merkle_root(2, sample_tree_read, tree, &root), ERR_OK);
    add_hex(text, "root of size 2", bytes_of(root.bytes, SHA256_BYTES));
    assert_int_equal(merkle_root(3, sample_tree_read, tree, &root), ERR_OK);
    add_hex(text, "root of size 3", bytes_of(root.bytes, SHA256_BYTES));
    assert_int_equal(merkle_prove_inclusion(0, 3, sample_tree_read, tree, inclusion), ERR_OK);
    add_hex(text, "inclusion proof of record 1 in size 3", proof_bytes(inclusion));
    assert_int_equal(merkle_prove_consistency(2, 3, sample_tree_read, tree, &consistency), ERR_OK);
    add_hex(text, "consistency proof from size 2 to size 3", proof_bytes(&consistency));
    *ret_position = (struct position){.size = 3, .root = root};
}

static void the_worked_example_is_what_the_code_computes(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(0x01);
    AUTO(signing_key_close) struct signing_key *log_key = seeded_key(0x02);
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer judgement = {0};
    AUTO(buffer_close) struct buffer checkpoint = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    PbJudgement message = IHURIRO__V1__JUDGEMENT__INIT;
    struct sample_tree tree = {.count = 0};
    struct proof proof;
    struct position position;
    uint8_t raw_header[HEADER_BYTES];
    uint8_t hash[SHA256_BYTES];
    add_key(&text, "signer", key);
    add_key(&text, "log key", log_key);
    add_report(&text, key, &envelope);
    add_frames(&text, buffer_bytes(&envelope));
    assert_int_equal(message_pack(&message.base, &judgement), ERR_OK);
    add_record(&text, buffer_bytes(&envelope), buffer_bytes(&judgement), raw_header, &tree);
    add_proofs(&text, &tree, &proof, &position);
    assert_int_equal(
        checkpoint_sign("hub.example", &position, INT64_C(1593764100000000), log_key, &checkpoint),
        ERR_OK);
    assert_int_equal(buffer_printf(&text, "checkpoint (%zu bytes)\n%.*s", checkpoint.size,
                                   (int)checkpoint.size, (const char *)checkpoint.data),
                     ERR_OK);
    assert_int_equal(receipt_pack(bytes_of(raw_header, HEADER_BYTES), proof_bytes(&proof),
                                  buffer_bytes(&checkpoint), buffer_bytes(&judgement), &receipt),
                     ERR_OK);
    sha256(buffer_bytes(&receipt), hash);
    assert_int_equal(
        buffer_printf(&text, "Receipt: %zu bytes, of which the SHA-256 is\n", receipt.size),
        ERR_OK);
    add_hex(&text, "hash", bytes_of(hash, sizeof hash));
    assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
    expect((const char *)text.data);
    assert_int_equal(missing, 0);
}

/* ---- names and numbers ---- */

static void every_verb_stands_there_with_its_number_and_body(void **state)
{
    (void)state;
    for (int verb = 0; verb < 256; verb++) {
        char row[128];
        if (verb_body(verb) != NULL) {
            (void)snprintf(row, sizeof row, "| %d | %s | %s |", verb, verb_name(verb),
                           verb_body(verb)->short_name);
            expect(row);
        }
    }
    assert_int_equal(missing, 0);
}

static void every_kind_of_record_stands_there_with_its_number(void **state)
{
    (void)state;
    for (int kind = 0; kind < 256; kind++) {
        char row[64];
        if (strcmp(record_kind_name(kind), "?") != 0) {
            (void)snprintf(row, sizeof row, "| %d | %s |", kind, record_kind_name(kind));
            expect(row);
        }
    }
    assert_int_equal(missing, 0);
}

/* A body's own fields, and those of its rows as `row.field`, have each their text, which stands
 * there. */
static void assert_fields(int type, const ProtobufCMessageDescriptor *descriptor,
                          const char *prefix)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        AUTO(buffer_close) struct buffer row = {0};
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", prefix, field->name);
        const struct field_text *text = glossary_find(type, name);
        if (text == NULL) {
            fail_msg("proto/glossary_*.c has no text for %s", name);
        }
        assert_int_equal(glossary_field_row(text, &row), ERR_OK);
        assert_int_equal(buffer_append(&row, "", 1), ERR_OK);
        expect((const char *)row.data);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            char below[96];
            (void)snprintf(below, sizeof below, "%s%s.", prefix, field->name);
            assert_fields(type, field->descriptor, below);
        }
    }
}

static void every_field_of_every_report_is_defined(void **state)
{
    (void)state;
    assert_fields(TYPE_PORTFOLIO, &ihuriro__v1__portfolio__descriptor, "");
    assert_fields(TYPE_LIQUIDITY, &ihuriro__v1__liquidity__descriptor, "");
    assert_fields(TYPE_OPERATIONS, &ihuriro__v1__operations__descriptor, "");
    assert_fields(TYPE_CAPITAL, &ihuriro__v1__capital__descriptor, "");
    assert_fields(TYPE_EXPOSURES, &ihuriro__v1__exposures__descriptor, "");
    assert_null(glossary_find(TYPE_EXPOSURES, "glp"));
    assert_int_equal(missing, 0);
}

static void every_ratio_stands_there_with_its_definition(void **state)
{
    (void)state;
    size_t count = 0;
    (void)ratios_at(0, &count);
    for (size_t i = 0; i < count; i++) {
        AUTO(buffer_close) struct buffer row = {0};
        assert_int_equal(glossary_ratio_row(ratios_at(i, &count), &row), ERR_OK);
        assert_int_equal(buffer_append(&row, "", 1), ERR_OK);
        expect((const char *)row.data);
    }
    assert_int_equal(missing, 0);
}

static void limits_are_those_of_the_code(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int limit;
    } rows[] = {
        {"Report, bytes", REPORT_BYTES_MAX},
        {"SignedReport, bytes", ENVELOPE_BYTES_MAX},
        {"text field, bytes", TEXT_BYTES_MAX},
        {"rows of a repeated field of a report", REPEATED_ROWS_MAX},
        {"findings of a judgement", FINDINGS_MAX},
        {"Judgement, bytes", JUDGEMENT_BYTES_MAX},
        {"Event, bytes", EVENT_BYTES_MAX},
        {"Receipt, bytes", RECEIPT_BYTES_MAX},
        {"request frame at the ingest door, bytes", INGEST_REQUEST_MAX},
        {"request frame at the feed and query doors, bytes", REQUEST_MAX},
        {"answer frame of the ingest door, bytes", INGEST_ANSWER_MAX},
        {"answer frame of the other doors, bytes", ANSWER_MAX},
        {"SUBMITs without an answer, an institution", IN_FLIGHT_MAX},
        {"checkpoints in a HELLO", HELLO_CHECKPOINTS_MAX},
        {"institutions of one transport key", INSTITUTIONS_PER_KEY_MAX},
        {"positions in an OLDER", OLDER_POSITIONS_MAX},
        {"wait of a FETCH, ms", FETCH_WAIT_MS_MAX},
        {"FETCHes outstanding, a party", FETCHES_PER_PARTY},
        {"entries in one list of a Filter", FILTER_TERMS_MAX},
        {"days a replaced key stays good", KEY_OVERLAP_S / 86400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char row[128];
        (void)snprintf(row, sizeof row, "| %s | %d |", rows[i].what, rows[i].limit);
        expect(row);
    }
    assert_int_equal(missing, 0);
}

static void every_rule_stands_there_with_what_must_hold(void **state)
{
    (void)state;
    size_t count = 0;
    const struct rule *rules = rules_at(0, &count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        AUTO(buffer_close) struct buffer row = {0};
        assert_int_equal(glossary_rule_row(&rules[i], &row), ERR_OK);
        assert_int_equal(buffer_append(&row, "", 1), ERR_OK);
        expect((const char *)row.data);
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_worked_example_is_what_the_code_computes, forget_missing),
        cmocka_unit_test_setup(every_verb_stands_there_with_its_number_and_body, forget_missing),
        cmocka_unit_test_setup(every_kind_of_record_stands_there_with_its_number, forget_missing),
        cmocka_unit_test_setup(every_field_of_every_report_is_defined, forget_missing),
        cmocka_unit_test_setup(limits_are_those_of_the_code, forget_missing),
        cmocka_unit_test_setup(every_rule_stands_there_with_what_must_hold, forget_missing),
        cmocka_unit_test_setup(every_ratio_stands_there_with_its_definition, forget_missing),
    };
    return cmocka_run_group_tests(tests, read_readme, free_readme);
}
