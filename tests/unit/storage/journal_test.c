#include "tests/unit/storage/store_support.h"

#define RECORDS 3000

static const char *const institutions[] = {"SACCO-1", "SACCO-2", "MFI-ONE", "MFI-TWO", "A"};

/* The tree of RFC 6962, as its text says. */
static void naive_root(const struct hash *leaves, uint64_t count, struct hash *ret_root)
{
    if (count == 0) {
        merkle_empty(ret_root);
        return;
    }
    if (count == 1) {
        *ret_root = leaves[0];
        return;
    }
    uint64_t split = 1;
    while (split * 2 < count) {
        split *= 2;
    }
    struct hash left;
    struct hash right;
    naive_root(leaves, split, &left);
    naive_root(leaves + split, count - split, &right);
    merkle_node(&left, &right, ret_root);
}

static struct figures some_figures(uint64_t i)
{
    return (struct figures){
        .institution = institutions[i % 5],
        .type = i % 3 == 0 ? TYPE_LIQUIDITY : TYPE_PORTFOLIO,
        .month = (int)(i % 12) + 1,
        .vintage = (uint32_t)(i / 60) + 1,
        .amount = (int64_t)i,
        .produced_at_us = NOW_US,
    };
}

/* Reports with an event after every tenth, in turns of many sizes. */
static void fill(struct place_of_test *here, struct store *store, uint64_t records)
{
    uint64_t done = 0;
    for (uint64_t turn = 1; done < records; turn = turn % 300 + 7) {
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(store_env(store), true, &txn));
        for (uint64_t i = 0; i < turn && done < records; i++, done++) {
            int64_t now_us = NOW_US + (int64_t)done;
            if (done % 10 == 9) {
                append_event(&txn, done % 20 == 9 ? KIND_BACK : KIND_ACCESS,
                             done % 3 == 0 ? "" : institutions[done % 5], (uint8_t)done, now_us);
            } else {
                struct figures figures = some_figures(done);
                append_report(&txn, here->key, &figures,
                              done % 7 == 3 ? VERDICT_REJECTED : VERDICT_ACCEPTED, now_us);
            }
        }
        seal_and_commit(&txn, here->log_key, NOW_US + (int64_t)done);
    }
}

static void roots_and_proofs_equal_those_of_a_tree_made_from_the_leaves(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    fill(here, store, RECORDS);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), false, &txn));
    assert_int_equal(journal_size(&txn), RECORDS);
    struct hash *leaves = calloc(RECORDS, sizeof *leaves);
    assert_non_null(leaves);
    for (uint64_t seq = 1; seq <= RECORDS; seq++) {
        struct record record;
        assert_ok(journal_get(&txn, seq, &record));
        assert_int_equal(record.header.seq, seq);
        record_leaf_hash(record.raw_header, leaves[seq - 1].bytes);
    }
    for (uint64_t size = 0; size <= RECORDS; size += size < 40 ? 1 : 37) {
        struct position position = {.size = size};
        struct hash root;
        struct proof proof;
        naive_root(leaves, size, &position.root);
        assert_ok(journal_root(&txn, size, &root));
        assert_memory_equal(root.bytes, position.root.bytes, SHA256_BYTES);
        assert_ok(journal_stands(&txn, &position));
        if (size > 0) {
            assert_ok(journal_inclusion(&txn, size / 2 + 1, size, &proof));
            assert_ok(merkle_verify_inclusion(&leaves[size / 2], size / 2, size, &proof, &root));
            assert_ok(journal_consistency(&txn, size, RECORDS, &proof));
            struct hash whole;
            naive_root(leaves, RECORDS, &whole);
            assert_ok(merkle_verify_consistency(size, &root, RECORDS, &whole, &proof));
            position.root.bytes[0] ^= 1;
            assert_int_equal(journal_stands(&txn, &position), ERR_LOST);
        }
    }
    free(leaves);
}

static void a_position_beyond_the_end_is_lost(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    fill(here, store, 3);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), false, &txn));
    struct position position = {.size = 4};
    struct hash root;
    struct proof proof;
    struct record record;
    assert_int_equal(journal_stands(&txn, &position), ERR_LOST);
    assert_int_equal(journal_root(&txn, 4, &root), ERR_RANGE);
    assert_int_equal(journal_inclusion(&txn, 4, 4, &proof), ERR_RANGE);
    assert_int_equal(journal_inclusion(&txn, 0, 3, &proof), ERR_RANGE);
    assert_int_equal(journal_get(&txn, 4, &record), ERR_NOT_FOUND);
    assert_int_equal(journal_get(&txn, 0, &record), ERR_NOT_FOUND);
    position.size = 0;
    assert_ok(journal_stands(&txn, &position));
    assert_ok(txn.error);
}

static void an_empty_store_has_a_position_and_no_head(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_READ);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), false, &txn));
    struct checkpoint head;
    struct hash root;
    struct hash empty;
    uint64_t seq = 0;
    merkle_empty(&empty);
    assert_int_equal(journal_size(&txn), 0);
    assert_ok(journal_root(&txn, 0, &root));
    assert_memory_equal(root.bytes, empty.bytes, SHA256_BYTES);
    assert_int_equal(heads_newest(&txn, &head), ERR_NOT_FOUND);
    assert_int_equal(heads_covering(&txn, 1, &head), ERR_NOT_FOUND);
    assert_int_equal(events_last(&txn, KIND_BACK, &seq), ERR_NOT_FOUND);
    assert_string_equal(store_meta(store)->origin, ORIGIN);
    assert_true(store_meta(store)->is_test);
    assert_int_equal(store_meta(store)->created_us, NOW_US);
    assert_memory_equal(store_meta(store)->log_key, signing_key_public(here->log_key),
                        PUBLIC_KEY_BYTES);
}

static void heads_are_found_by_what_they_cover(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    for (int turn = 0; turn < 3; turn++) { /* heads of 2, 4, 6 */
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(store_env(store), true, &txn));
        append_event(&txn, KIND_BACK, "", (uint8_t)turn, NOW_US);
        append_event(&txn, KIND_BACK, "", (uint8_t)(turn + 100), NOW_US);
        seal_and_commit(&txn, here->log_key, NOW_US + turn);
    }
    AUTO(txn_end) struct txn txn = {0};
    struct checkpoint head;
    struct hub_identity hub = {.origin = ORIGIN, .log_key_count = 1};
    memcpy(hub.log_keys[0], signing_key_public(here->log_key), PUBLIC_KEY_BYTES);
    assert_ok(txn_begin(store_env(store), false, &txn));
    assert_ok(heads_newest(&txn, &head));
    assert_int_equal(head.position.size, 6);
    assert_int_equal(head.time_us, NOW_US + 2);
    assert_ok(checkpoint_verify(&head, &hub));
    assert_ok(heads_covering(&txn, 3, &head));
    assert_int_equal(head.position.size, 4);
    assert_ok(heads_covering(&txn, 4, &head));
    assert_int_equal(head.position.size, 4);
    assert_int_equal(heads_covering(&txn, 7, &head), ERR_NOT_FOUND);
    assert_ok(heads_at_most(&txn, 5, &head));
    assert_int_equal(head.position.size, 4);
    assert_ok(heads_at_most(&txn, 2, &head));
    assert_int_equal(head.position.size, 2);
    assert_int_equal(heads_at_most(&txn, 1, &head), ERR_NOT_FOUND);
}

static void a_turn_that_is_not_committed_leaves_nothing(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    fill(here, store, 5);
    {
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(store_env(store), true, &txn));
        struct figures figures = some_figures(1);
        append_report(&txn, here->key, &figures, VERDICT_ACCEPTED, NOW_US);
        assert_int_equal(journal_size(&txn), 6);
    }
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), false, &txn));
    assert_int_equal(journal_size(&txn), 5);
    assert_int_equal(txn_entries(&txn, DB_NODES), merkle_stored_count(5));
}

static void a_record_over_its_limit_fails_the_turn(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    static const uint8_t large[ENVELOPE_BYTES_MAX + 1];
    struct append append = {.header.kind = KIND_REPORT, .body = bytes_of(large, sizeof large)};
    struct header header;
    assert_ok(txn_begin(store_env(store), true, &txn));
    assert_int_equal(journal_append(&txn, &append, &header), ERR_TOO_LARGE);
    assert_int_equal(txn_commit(&txn), ERR_TOO_LARGE);
}

struct seen {
    struct report_row rows[16];
    uint64_t seqs[64];
    size_t count;
};

static enum err see_row(void *context, const struct report_row *row)
{
    struct seen *seen = context;
    assert_true(seen->count < 16);
    seen->rows[seen->count++] = *row;
    return ERR_OK;
}

static enum err see_seq(void *context, uint64_t seq)
{
    struct seen *seen = context;
    assert_true(seen->count < 64);
    seen->seqs[seen->count++] = seq;
    return ERR_OK;
}

static struct header put(struct txn *txn, struct place_of_test *here, const char *institution,
                         uint32_t vintage, int64_t amount, int verdict, int64_t now_us)
{
    struct figures figures = {.institution = institution,
                              .type = TYPE_PORTFOLIO,
                              .month = 6,
                              .vintage = vintage,
                              .amount = amount,
                              .produced_at_us = NOW_US};
    return append_report(txn, here->key, &figures, verdict, now_us);
}

static void one_range_answers_what_the_turn_asks_of_a_place(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    struct header first = put(&txn, here, "MFI-ONE", 1, 10, VERDICT_REJECTED, NOW_US);
    struct header second = put(&txn, here, "MFI-ONE", 1, 20, VERDICT_ACCEPTED, NOW_US + 1);
    put(&txn, here, "MFI-TWO", 1, 30, VERDICT_ACCEPTED, NOW_US + 2);
    struct header third =
        put(&txn, here, "MFI-ONE", 2, 40, VERDICT_ACCEPTED_WITH_WARNINGS, NOW_US + 3);
    struct place place;
    int32_t end = first.period_end_day;
    assert_ok(reports_place(&txn, TYPE_PORTFOLIO, FREQUENCY_M, end, "MFI-ONE", first.id, &place));
    assert_true(place.holds_id);
    assert_int_equal(place.seq, 1);
    assert_false(place.id_is_accepted);
    assert_int_equal(place.id_first_us, NOW_US);
    assert_int_equal(place.highest_vintage, 2);
    assert_int_equal(place.highest_since_us, NOW_US + 3);
    assert_true(place.has_final);
    assert_ok(reports_place(&txn, TYPE_PORTFOLIO, FREQUENCY_M, end, "MFI-ONE", second.id, &place));
    assert_true(place.id_is_accepted);
    const uint8_t unknown[SHA256_BYTES] = {9};
    assert_ok(reports_place(&txn, TYPE_PORTFOLIO, FREQUENCY_M, end, "MFI-ONE", unknown, &place));
    assert_false(place.holds_id);
    assert_ok(reports_place(&txn, TYPE_LIQUIDITY, FREQUENCY_M, end, "MFI-ONE", third.id, &place));
    assert_false(place.holds_id);
    assert_int_equal(place.highest_vintage, 0);
    assert_ok(reports_place(&txn, TYPE_PORTFOLIO, FREQUENCY_M, end, "MFI-ONE-BUT-LONGER-THAN-IDS",
                            third.id, &place));
    assert_false(place.holds_id);
}

static void an_earlier_receipt_counts_for_time_and_acceptance_and_not_for_owners(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    struct header header = put(&txn, here, "MFI-ONE", 1, 10, VERDICT_REJECTED, NOW_US);
    AUTO(material_close) struct material material = {0};
    struct figures figures = {.institution = "MFI-ONE",
                              .type = TYPE_PORTFOLIO,
                              .month = 6,
                              .vintage = 1,
                              .amount = 10,
                              .produced_at_us = NOW_US};
    make_report_record(here->key, &figures, VERDICT_ACCEPTED, NOW_US, &material);
    material.append.header.kind = KIND_EARLIER_RECEIPT;
    material.append.header.first_received_at_us = NOW_US - DAY_US;
    struct header earlier;
    assert_ok(journal_append(&txn, &material.append, &earlier));
    struct place place;
    assert_ok(reports_place(&txn, TYPE_PORTFOLIO, FREQUENCY_M, header.period_end_day, "MFI-ONE",
                            header.id, &place));
    assert_true(place.holds_id);
    assert_int_equal(place.seq, 1);
    assert_true(place.id_is_accepted);
    assert_int_equal(place.id_first_us, NOW_US - DAY_US);
    assert_int_equal(place.highest_vintage, 1);
    assert_int_equal(earlier.previous_seq, 0);
    uint64_t reports = 0;
    uint64_t last = 0;
    assert_ok(owners_get(&txn, "MFI-ONE", &reports, &last));
    assert_int_equal(reports, 1);
    assert_int_equal(last, 1);
}

static void reports_of_an_institution_are_linked_backwards(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    assert_int_equal(put(&txn, here, "A", 1, 1, VERDICT_ACCEPTED, NOW_US).previous_seq, 0);
    assert_int_equal(put(&txn, here, "B", 1, 2, VERDICT_ACCEPTED, NOW_US).previous_seq, 0);
    append_event(&txn, KIND_BACK, "A", 1, NOW_US);
    assert_int_equal(put(&txn, here, "A", 2, 3, VERDICT_ACCEPTED, NOW_US).previous_seq, 1);
    assert_int_equal(put(&txn, here, "B", 2, 4, VERDICT_REJECTED, NOW_US).previous_seq, 2);
    assert_int_equal(put(&txn, here, "A", 3, 5, VERDICT_ACCEPTED, NOW_US).previous_seq, 4);
    uint64_t reports = 0;
    uint64_t last = 0;
    assert_ok(owners_get(&txn, "A", &reports, &last));
    assert_int_equal(reports, 3);
    assert_int_equal(last, 6);
    assert_ok(owners_get(&txn, "NOBODY", &reports, &last));
    assert_int_equal(reports, 0);
    assert_int_equal(last, 0);
}

static void a_period_is_walked_in_order_of_institution_then_seq(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    struct header any = put(&txn, here, "MFI-TWO", 1, 1, VERDICT_ACCEPTED, NOW_US);
    put(&txn, here, "MFI-ONE", 1, 2, VERDICT_ACCEPTED, NOW_US);
    put(&txn, here, "MFI-ON", 1, 3, VERDICT_ACCEPTED, NOW_US);
    put(&txn, here, "MFI-ONE", 2, 4, VERDICT_ACCEPTED, NOW_US);
    struct seen seen = {0};
    assert_ok(
        reports_walk(&txn, TYPE_PORTFOLIO, FREQUENCY_M, any.period_end_day, NULL, see_row, &seen));
    assert_int_equal(seen.count, 4);
    assert_string_equal(seen.rows[0].institution, "MFI-ON");
    assert_int_equal(seen.rows[1].seq, 2);
    assert_int_equal(seen.rows[2].seq, 4);
    assert_string_equal(seen.rows[3].institution, "MFI-TWO");
    seen.count = 0;
    assert_ok(reports_walk(&txn, TYPE_PORTFOLIO, FREQUENCY_M, any.period_end_day, "MFI-ONE",
                           see_row, &seen));
    assert_int_equal(seen.count, 2);
    seen.count = 0;
    assert_ok(reports_walk(&txn, TYPE_PORTFOLIO, FREQUENCY_M, any.period_end_day - 30, NULL,
                           see_row, &seen));
    assert_int_equal(seen.count, 0);
}

static void days_before_1970_sort_before(void **state)
{
    (void)state;
    struct report_row before = {.period_end_day = -1};
    struct report_row after = {.period_end_day = 1};
    uint8_t keys[2][REPORT_KEY_BYTES];
    uint8_t value[REPORT_VALUE_BYTES];
    report_row_encode(&before, keys[0], value);
    report_row_encode(&after, keys[1], value);
    assert_true(memcmp(keys[0], keys[1], REPORT_KEY_BYTES) < 0);
    struct report_row back;
    assert_ok(report_row_decode(bytes_of(keys[0], REPORT_KEY_BYTES),
                                bytes_of(value, REPORT_VALUE_BYTES), &back));
    assert_int_equal(back.period_end_day, -1);
}

static void events_are_walked_by_kind_and_subject_in_order_of_seq(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    static const char *const subjects[] = {"B", "A", "", "B", "A"};
    assert_ok(txn_begin(store_env(store), true, &txn));
    for (uint8_t i = 0; i < 5; i++) {
        append_event(&txn, KIND_BACK, subjects[i], i, NOW_US);
    }
    append_event(&txn, KIND_ACCESS, "", 9, NOW_US);
    struct seen seen = {0};
    assert_ok(events_walk(&txn, KIND_BACK, NULL, see_seq, &seen));
    assert_int_equal(seen.count, 5);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(seen.seqs[i], i + 1);
    }
    seen.count = 0;
    assert_ok(events_walk(&txn, KIND_BACK, "B", see_seq, &seen));
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.seqs[1], 4);
    seen.count = 0;
    assert_ok(events_walk(&txn, KIND_BACK, "", see_seq, &seen));
    assert_int_equal(seen.count, 1);
    uint64_t last = 0;
    assert_ok(events_last(&txn, KIND_BACK, &last));
    assert_int_equal(last, 5);
    assert_ok(events_last(&txn, KIND_ACCESS, &last));
    assert_int_equal(last, 6);
    assert_int_equal(events_last(&txn, KIND_SETTINGS, &last), ERR_NOT_FOUND);
}

struct refused {
    size_t count;
    int64_t first_us;
    struct refusal last;
};

static enum err see_refusal(void *context, const struct refusal *refusal)
{
    struct refused *refused = context;
    refused->first_us = refused->count == 0 ? refusal->time_us : refused->first_us;
    refused->last = *refusal;
    refused->count++;
    return ERR_OK;
}

static void of_each_sender_the_last_hundred_refusals_are_kept(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    struct refusal refusal = {.sender = "MFI-ONE", .rule = "ENV-01", .path = "portfolio.glp"};
    for (int i = 0; i < 250; i++) {
        refusal.time_us = NOW_US + i / 2; /* two at each time */
        refusal.id[0] = (uint8_t)i;
        assert_ok(refusals_put(&txn, &refusal));
    }
    snprintf(refusal.sender, sizeof refusal.sender, "?");
    assert_ok(refusals_put(&txn, &refusal));
    struct refused refused = {0};
    assert_ok(refusals_walk(&txn, "MFI-ONE", see_refusal, &refused));
    assert_int_equal(refused.count, REFUSALS_KEPT);
    assert_int_equal(refused.first_us, NOW_US + 75);
    assert_int_equal(refused.last.id[0], 249);
    assert_string_equal(refused.last.rule, "ENV-01");
    assert_string_equal(refused.last.path, "portfolio.glp");
    refused = (struct refused){0};
    assert_ok(refusals_walk(&txn, NULL, see_refusal, &refused));
    assert_int_equal(refused.count, REFUSALS_KEPT + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(roots_and_proofs_equal_those_of_a_tree_made_from_the_leaves),
        TEST(a_position_beyond_the_end_is_lost),
        TEST(an_empty_store_has_a_position_and_no_head),
        TEST(heads_are_found_by_what_they_cover),
        TEST(a_turn_that_is_not_committed_leaves_nothing),
        TEST(a_record_over_its_limit_fails_the_turn),
        TEST(one_range_answers_what_the_turn_asks_of_a_place),
        TEST(an_earlier_receipt_counts_for_time_and_acceptance_and_not_for_owners),
        TEST(reports_of_an_institution_are_linked_backwards),
        TEST(a_period_is_walked_in_order_of_institution_then_seq),
        TEST(days_before_1970_sort_before),
        TEST(events_are_walked_by_kind_and_subject_in_order_of_seq),
        TEST(of_each_sender_the_last_hundred_refusals_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
