/* A receipt file, and every way to spoil it. */
#include "agents/verify/verify.h"
#include "proto/receipt.h"
#include "tests/support/samples.h"

#include <stdlib.h>
#include <unistd.h>

#define ORIGIN "hub.example.org"

/* A receipt file as an agent writes it, with the hub that gave it. */
struct world {
    struct hub_identity hub;
    struct signing_key *log_key;
    struct signing_key *institution_key;
    struct buffer file;
};

/* Record number 5 of 7 is the report; the others are any leaves. */
static void make_receipt(const struct signing_key *log_key, struct bytes envelope,
                         const struct header *header, struct bytes judgement,
                         struct buffer *receipt)
{
    uint8_t raw_header[HEADER_BYTES];
    struct sample_tree tree = {.count = 0};
    struct position position = {.size = 7};
    struct proof proof;
    struct buffer note = {0};
    (void)envelope;
    header_encode(header, raw_header);
    for (uint64_t i = 0; i < 7; i++) {
        struct hash leaf;
        merkle_leaf(i == 4 ? bytes_of(raw_header, HEADER_BYTES) : bytes_of(&i, sizeof i), &leaf);
        sample_tree_add(&tree, &leaf);
    }
    assert_int_equal(merkle_root(7, sample_tree_read, &tree, &position.root), ERR_OK);
    assert_int_equal(merkle_prove_inclusion(4, 7, sample_tree_read, &tree, &proof), ERR_OK);
    assert_int_equal(checkpoint_sign(ORIGIN, &position, INT64_C(1593764200000000), log_key, &note),
                     ERR_OK);
    assert_int_equal(receipt_pack(bytes_of(raw_header, HEADER_BYTES), proof_bytes(&proof),
                                  buffer_bytes(&note), judgement, receipt),
                     ERR_OK);
    buffer_close(&note);
}

static void pack_judgement(struct buffer *judgement)
{
    PbFinding finding = IHURIRO__V1__FINDING__INIT;
    PbFinding *findings[] = {&finding};
    PbJudgement message = IHURIRO__V1__JUDGEMENT__INIT;
    char rule[] = "POR-01";
    char path[] = "portfolio.glp";
    finding.rule = rule;
    finding.severity = IHURIRO__V1__SEVERITY__WARNING;
    finding.path = path;
    finding.has_expected = finding.has_got = 1;
    finding.expected = 1600000;
    finding.got = 1700000;
    message.settings = pb_of_bytes(bytes_of("12345678901234567890123456789012", 32));
    message.n_findings = 1;
    message.findings = findings;
    assert_int_equal(message_pack(&message.base, judgement), ERR_OK);
}

static void pack_file(struct bytes envelope, struct bytes receipt, struct buffer *file)
{
    PbReceiptFile message = IHURIRO__V1__RECEIPT_FILE__INIT;
    message.envelope = pb_of_bytes(envelope);
    message.receipt = pb_of_bytes(receipt);
    assert_int_equal(message_pack(&message.base, file), ERR_OK);
}

/* change may alter the header before the hub signs over it. */
static void make_world(struct world *world, void (*change)(struct header *header))
{
    struct sample_report sample;
    struct buffer report = {0};
    struct buffer raw = {0};
    struct buffer judgement = {0};
    struct buffer receipt = {0};
    struct arena arena = {0};
    struct envelope envelope;
    struct header header;
    *world = (struct world){.log_key = seeded_key(1), .institution_key = seeded_key(2)};
    memcpy(world->hub.origin, ORIGIN, sizeof ORIGIN);
    memcpy(world->hub.log_keys[0], signing_key_public(world->log_key), PUBLIC_KEY_BYTES);
    world->hub.log_key_count = 1;
    sample_report(&sample);
    sample_pack(&sample, &report);
    assert_int_equal(envelope_make(world->institution_key, buffer_bytes(&report), &raw), ERR_OK);
    assert_int_equal(envelope_open(buffer_bytes(&raw), MESSAGE_CANONICAL, &arena, &envelope),
                     ERR_OK);
    pack_judgement(&judgement);
    sample_header(&envelope, buffer_bytes(&judgement), 5, &header);
    header.verdict = VERDICT_ACCEPTED_WITH_WARNINGS;
    if (change != NULL) {
        change(&header);
    }
    make_receipt(world->log_key, buffer_bytes(&raw), &header, buffer_bytes(&judgement), &receipt);
    pack_file(buffer_bytes(&raw), buffer_bytes(&receipt), &world->file);
    arena_close(&arena);
    buffer_close(&report);
    buffer_close(&raw);
    buffer_close(&judgement);
    buffer_close(&receipt);
}

static void close_world(struct world *world)
{
    signing_key_close(&world->log_key);
    signing_key_close(&world->institution_key);
    buffer_close(&world->file);
}

/* What the program would print. */
static enum err run(struct bytes file, const struct hub_identity *hub, bool as_json, char *out,
                    size_t out_size)
{
    struct statement *statement = NULL;
    struct complaint complaint = {{0}};
    struct buffer text = {0};
    assert_int_equal(statement_make("receipt", &statement), ERR_OK);
    enum err err = verify_receipt(file, hub, statement, &complaint);
    if (err != ERR_OK) {
        assert_true(complaint.text[0] != 0);
    }
    assert_int_equal(statement_print(statement, err == ERR_OK, complaint.text, as_json, &text),
                     ERR_OK);
    assert_true(text.size < out_size);
    memcpy(out, text.data, text.size);
    out[text.size] = 0;
    buffer_close(&text);
    statement_close(&statement);
    return err;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, text);
    }
}

static void a_good_receipt_is_told_in_words(void **state)
{
    (void)state;
    struct world world;
    char text[8192];
    make_world(&world, NULL);
    assert_int_equal(run(buffer_bytes(&world.file), &world.hub, false, text, sizeof text), ERR_OK);
    has(text, "The receipt is valid: hub.example.org holds this report of SACCO-001 as record 5.");
    has(text, "PORTFOLIO");
    has(text, "2020-06");
    has(text, "ACCEPTED_WITH_WARNINGS");
    has(text, "2020-07-03T08:15:00Z");
    has(text, "the institution's signature over the report is good");
    has(text, "the hub's checkpoint of 7 records, of 2020-07-03T08:16:40Z, is signed by hub");
    has(text, "POR-01: ");
    assert_int_equal(run(buffer_bytes(&world.file), &world.hub, true, text, sizeof text), ERR_OK);
    has(text, "\"valid\":true");
    has(text, "\"position\":\"5\"");
    close_world(&world);
}

static void every_changed_bit_is_noticed(void **state)
{
    (void)state;
    struct world world;
    char text[8192];
    make_world(&world, NULL);
    for (size_t i = 0; i < world.file.size; i++) {
        for (int bit = 0; bit < 8; bit += 3) {
            world.file.data[i] ^= (uint8_t)(1 << bit);
            if (run(buffer_bytes(&world.file), &world.hub, true, text, sizeof text) == ERR_OK) {
                fail_msg("bit %d of byte %zu may be changed", bit, i);
            }
            world.file.data[i] ^= (uint8_t)(1 << bit);
        }
    }
    close_world(&world);
}

static void a_cut_file_is_refused_at_every_length(void **state)
{
    (void)state;
    struct world world;
    char text[8192];
    make_world(&world, NULL);
    for (size_t size = 0; size < world.file.size; size++) {
        assert_int_not_equal(
            run(bytes_of(world.file.data, size), &world.hub, false, text, sizeof text), ERR_OK);
        has(text, "NOT VALID: ");
    }
    close_world(&world);
}

static void another_hubs_keys_or_name_do_not_verify_it(void **state)
{
    (void)state;
    struct world world;
    char text[8192];
    make_world(&world, NULL);
    world.hub.log_keys[0][0] ^= 1;
    assert_int_equal(run(buffer_bytes(&world.file), &world.hub, false, text, sizeof text),
                     ERR_SIGNATURE);
    has(text, "not signed by hub.example.org");
    world.hub.log_keys[0][0] ^= 1;
    world.hub.origin[0] = 'H';
    assert_int_equal(run(buffer_bytes(&world.file), &world.hub, false, text, sizeof text),
                     ERR_SIGNATURE);
    close_world(&world);
}

static void change_vintage(struct header *header)
{
    header->vintage = 2;
}

static void change_institution(struct header *header)
{
    memcpy(header->institution, "SACCO-002", 10);
}

static void change_kind(struct header *header)
{
    header->kind = KIND_PARTY;
}

static void change_signature(struct header *header)
{
    header->signature[5] ^= 1;
}

static void a_hub_that_signs_another_header_than_the_report_is_caught(void **state)
{
    (void)state;
    void (*const changes[])(struct header *) = {change_vintage, change_institution, change_kind,
                                                change_signature};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct world world;
        char text[8192];
        make_world(&world, changes[i]);
        assert_int_not_equal(run(buffer_bytes(&world.file), &world.hub, false, text, sizeof text),
                             ERR_OK);
        close_world(&world);
    }
}

static void a_receipt_of_another_report_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct arena arena = {0};
    struct sample_report sample;
    struct buffer report = {0};
    struct buffer other = {0};
    struct buffer file = {0};
    const PbReceiptFile *message = NULL;
    char text[8192];
    make_world(&world, NULL);
    sample_report(&sample);
    sample.portfolio.glp = 1;
    sample_pack(&sample, &report);
    assert_int_equal(envelope_make(world.institution_key, buffer_bytes(&report), &other), ERR_OK);
    assert_int_equal(
        MESSAGE_UNPACK(receipt_file, MESSAGE_TOLERANT, buffer_bytes(&world.file), &arena, &message),
        ERR_OK);
    pack_file(buffer_bytes(&other), bytes_of_pb(message->receipt), &file);
    assert_int_not_equal(run(buffer_bytes(&file), &world.hub, false, text, sizeof text), ERR_OK);
    has(text, "another report");
    arena_close(&arena);
    buffer_close(&report);
    buffer_close(&other);
    buffer_close(&file);
    close_world(&world);
}

static void a_file_that_cannot_be_read_is_told_apart_from_one_that_is_wrong(void **state)
{
    (void)state;
    struct complaint complaint = {{0}};
    struct buffer bytes = {0};
    char path[] = "/tmp/ihuriro-verify-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(input_read(path, 10, &complaint, &bytes), ERR_MALFORMED);
    has(complaint.text, "is empty");
    assert_int_equal(write(fd, "12345678901", 11), 11);
    assert_int_equal(input_read(path, 10, &complaint, &bytes), ERR_TOO_LARGE);
    assert_int_equal(input_read(path, 11, &complaint, &bytes), ERR_OK);
    assert_int_equal(bytes.size, 11);
    buffer_close(&bytes);
    close(fd);
    unlink(path);
    assert_int_equal(input_read(path, 10, &complaint, &bytes), ERR_USAGE);
    assert_int_equal(input_read("/tmp", 10, &complaint, &bytes), ERR_USAGE);
    has(complaint.text, "not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_receipt_is_told_in_words),
        cmocka_unit_test(every_changed_bit_is_noticed),
        cmocka_unit_test(a_cut_file_is_refused_at_every_length),
        cmocka_unit_test(another_hubs_keys_or_name_do_not_verify_it),
        cmocka_unit_test(a_hub_that_signs_another_header_than_the_report_is_caught),
        cmocka_unit_test(a_receipt_of_another_report_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_read_is_told_apart_from_one_that_is_wrong),
    };
    return cmocka_run_group_tests_name("verify receipt", tests, setup_keys, NULL);
}
