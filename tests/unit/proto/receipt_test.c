#include "proto/receipt.h"

#include "tests/support/samples.h"

#define TREE_SIZE 11

/* A journal of eleven headers in memory, of which the fifth is a report. */
struct sample_journal {
    struct signing_key *log_key;
    struct signing_key *key;
    struct hub_identity hub;
    struct sample_tree tree;
    struct buffer judgement;
    struct buffer envelope;
    struct buffer checkpoint;
    struct buffer receipt;
    struct proof proof;
    uint8_t id[SHA256_BYTES];
    uint8_t raw_header[HEADER_BYTES];
};

static void journal_close(struct sample_journal *journal)
{
    signing_key_close(&journal->log_key);
    signing_key_close(&journal->key);
    buffer_close(&journal->judgement);
    buffer_close(&journal->envelope);
    buffer_close(&journal->checkpoint);
    buffer_close(&journal->receipt);
}

static void make_header(struct sample_journal *journal, uint64_t seq)
{
    struct sample_report sample;
    AUTO(buffer_close) struct buffer report = {0};
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    struct header header;
    sample_report(&sample);
    sample_pack(&sample, &report);
    assert_int_equal(envelope_make(journal->key, buffer_bytes(&report), &journal->envelope),
                     ERR_OK);
    assert_int_equal(
        envelope_open(buffer_bytes(&journal->envelope), MESSAGE_CANONICAL, &arena, &envelope),
        ERR_OK);
    PbJudgement judgement = IHURIRO__V1__JUDGEMENT__INIT;
    assert_int_equal(message_pack(&judgement.base, &journal->judgement), ERR_OK);
    sample_header(&envelope, buffer_bytes(&journal->judgement), seq, &header);
    memcpy(journal->id, header.id, SHA256_BYTES);
    header_encode(&header, journal->raw_header);
}

static void make_journal(struct sample_journal *journal)
{
    struct position position = {.size = TREE_SIZE};
    journal->log_key = seeded_key(2);
    journal->key = seeded_key(1);
    journal->hub = (struct hub_identity){.origin = "hub.example", .log_key_count = 1};
    memcpy(journal->hub.log_keys[0], signing_key_public(journal->log_key), PUBLIC_KEY_BYTES);
    make_header(journal, 5);
    for (uint64_t i = 0; i < TREE_SIZE; i++) {
        struct hash leaf;
        merkle_leaf(i == 4 ? bytes_of(journal->raw_header, HEADER_BYTES) : bytes_of(&i, sizeof i),
                    &leaf);
        sample_tree_add(&journal->tree, &leaf);
    }
    assert_int_equal(merkle_root(TREE_SIZE, sample_tree_read, &journal->tree, &position.root),
                     ERR_OK);
    assert_int_equal(checkpoint_sign("hub.example", &position, 1593764100000000, journal->log_key,
                                     &journal->checkpoint),
                     ERR_OK);
    assert_int_equal(
        merkle_prove_inclusion(4, TREE_SIZE, sample_tree_read, &journal->tree, &journal->proof),
        ERR_OK);
    assert_int_equal(receipt_pack(bytes_of(journal->raw_header, HEADER_BYTES),
                                  proof_bytes(&journal->proof), buffer_bytes(&journal->checkpoint),
                                  buffer_bytes(&journal->judgement), &journal->receipt),
                     ERR_OK);
}

static enum err open_and_verify(struct bytes raw, const struct hub_identity *hub, const uint8_t *id,
                                struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt;
    enum err err = receipt_open(raw, &arena, &receipt);
    return err != ERR_OK ? err : receipt_verify(&receipt, hub, id, complaint);
}

static void a_genuine_receipt_verifies_against_the_hubs_public_keys_alone(void **state)
{
    (void)state;
    AUTO(journal_close) struct sample_journal journal = {0};
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt;
    struct complaint complaint;
    make_journal(&journal);
    assert_int_equal(receipt_open(buffer_bytes(&journal.receipt), &arena, &receipt), ERR_OK);
    assert_int_equal(receipt.header.seq, 5);
    assert_int_equal(receipt.header.verdict, VERDICT_ACCEPTED);
    assert_int_equal(receipt.checkpoint.position.size, TREE_SIZE);
    assert_int_equal(receipt_verify(&receipt, &journal.hub, NULL, &complaint), ERR_OK);
    assert_int_equal(receipt_verify(&receipt, &journal.hub, journal.id, NULL), ERR_OK);
    assert_true(journal.receipt.size - journal.judgement.size < 1536);
}

static void no_flipped_bit_of_a_receipt_goes_unnoticed(void **state)
{
    (void)state;
    AUTO(journal_close) struct sample_journal journal = {0};
    make_journal(&journal);
    struct bytes raw = buffer_bytes(&journal.receipt);
    for (size_t i = 0; i < raw.size; i++) {
        for (unsigned bit = 0; bit < 8; bit += 1 + (unsigned)(i % 3)) {
            journal.receipt.data[i] ^= (uint8_t)(1U << bit);
            assert_int_not_equal(open_and_verify(raw, &journal.hub, journal.id, NULL), ERR_OK);
            journal.receipt.data[i] ^= (uint8_t)(1U << bit);
        }
    }
    for (size_t size = 0; size < raw.size; size++) {
        assert_int_not_equal(
            open_and_verify(bytes_of(raw.data, size), &journal.hub, journal.id, NULL), ERR_OK);
    }
    assert_int_equal(open_and_verify(raw, &journal.hub, journal.id, NULL), ERR_OK);
}

static void a_receipt_of_another_report_or_hub_is_refused_in_words(void **state)
{
    (void)state;
    AUTO(journal_close) struct sample_journal journal = {0};
    struct complaint complaint;
    make_journal(&journal);
    struct bytes raw = buffer_bytes(&journal.receipt);
    uint8_t other[SHA256_BYTES] = {1};
    assert_int_equal(open_and_verify(raw, &journal.hub, other, &complaint), ERR_SIGNATURE);
    assert_string_equal(complaint.text, "The receipt is of another report.");
    strcpy(journal.hub.origin, "hub.other");
    assert_int_equal(open_and_verify(raw, &journal.hub, journal.id, &complaint), ERR_SIGNATURE);
    assert_non_null(strstr(complaint.text, "hub.other"));
}

/* The institution's signature in a header, when a hub itself made the header up. */
static void a_hub_cannot_vouch_for_a_signature_that_is_none(void **state)
{
    (void)state;
    AUTO(journal_close) struct sample_journal journal = {0};
    AUTO(buffer_close) struct buffer checkpoint = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    struct position position = {.size = 1};
    struct complaint complaint;
    make_journal(&journal);
    put_u64(journal.raw_header + 4, 1);
    journal.raw_header[140] ^= 1;
    merkle_leaf(bytes_of(journal.raw_header, HEADER_BYTES), &position.root);
    assert_int_equal(checkpoint_sign("hub.example", &position, 1, journal.log_key, &checkpoint),
                     ERR_OK);
    assert_int_equal(receipt_pack(bytes_of(journal.raw_header, HEADER_BYTES), bytes_of(NULL, 0),
                                  buffer_bytes(&checkpoint), buffer_bytes(&journal.judgement),
                                  &receipt),
                     ERR_OK);
    assert_int_equal(open_and_verify(buffer_bytes(&receipt), &journal.hub, NULL, &complaint),
                     ERR_SIGNATURE);
    assert_non_null(strstr(complaint.text, "institution's signature"));
}

static void shapes_are_checked_before_anything_is_believed(void **state)
{
    (void)state;
    AUTO(journal_close) struct sample_journal journal = {0};
    make_journal(&journal);
    struct bytes header = bytes_of(journal.raw_header, HEADER_BYTES);
    struct bytes proof = proof_bytes(&journal.proof);
    struct bytes checkpoint = buffer_bytes(&journal.checkpoint);
    struct bytes judgement = buffer_bytes(&journal.judgement);
    const struct {
        struct bytes header;
        struct bytes proof;
        struct bytes checkpoint;
        struct bytes judgement;
    } rows[] = {
        {bytes_of(header.data, 231), proof, checkpoint, judgement},
        {header, bytes_of(proof.data, proof.size - 1), checkpoint, judgement},
        {header, proof, bytes_of(checkpoint.data, checkpoint.size - 1), judgement},
        {header, proof, checkpoint, bytes_of(judgement.data, judgement.size - 1)},
        {bytes_of(NULL, 0), proof, checkpoint, judgement},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(buffer_close) struct buffer receipt = {0};
        assert_int_equal(receipt_pack(rows[i].header, rows[i].proof, rows[i].checkpoint,
                                      rows[i].judgement, &receipt),
                         ERR_OK);
        assert_int_equal(open_and_verify(buffer_bytes(&receipt), &journal.hub, NULL, NULL),
                         ERR_MALFORMED);
    }
    put_u64(journal.raw_header + 4, TREE_SIZE + 1); /* a leaf that the tree does not have */
    AUTO(buffer_close) struct buffer beyond = {0};
    assert_int_equal(receipt_pack(header, proof, checkpoint, judgement, &beyond), ERR_OK);
    assert_int_equal(open_and_verify(buffer_bytes(&beyond), &journal.hub, NULL, NULL),
                     ERR_MALFORMED);
    AUTO(free_p) uint8_t *large = calloc(1, RECEIPT_BYTES_MAX + 1);
    assert_int_equal(
        open_and_verify(bytes_of(large, RECEIPT_BYTES_MAX + 1), &journal.hub, NULL, NULL),
        ERR_TOO_LARGE);
}

static void accepted_is_better_than_rejected_and_then_the_earliest(void **state)
{
    (void)state;
    const struct header accepted = {.verdict = VERDICT_ACCEPTED, .first_received_at_us = 20};
    const struct header warned = {.verdict = VERDICT_ACCEPTED_WITH_WARNINGS,
                                  .first_received_at_us = 20};
    const struct header later = {.verdict = VERDICT_ACCEPTED, .first_received_at_us = 21};
    const struct header rejected = {.verdict = VERDICT_REJECTED, .first_received_at_us = 10};
    assert_int_equal(receipt_compare(&accepted, &warned), 0);
    assert_true(receipt_compare(&accepted, &later) < 0);
    assert_true(receipt_compare(&later, &accepted) > 0);
    assert_true(receipt_compare(&later, &rejected) < 0);
    assert_true(receipt_compare(&rejected, &accepted) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_genuine_receipt_verifies_against_the_hubs_public_keys_alone),
        cmocka_unit_test(no_flipped_bit_of_a_receipt_goes_unnoticed),
        cmocka_unit_test(a_receipt_of_another_report_or_hub_is_refused_in_words),
        cmocka_unit_test(a_hub_cannot_vouch_for_a_signature_that_is_none),
        cmocka_unit_test(shapes_are_checked_before_anything_is_believed),
        cmocka_unit_test(accepted_is_better_than_rejected_and_then_the_earliest),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
