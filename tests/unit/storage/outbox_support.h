/* For the outbox tests: an outbox, and a small hub that gives genuine receipts. */
#ifndef IHURIRO_TESTS_OUTBOX_SUPPORT_H
#define IHURIRO_TESTS_OUTBOX_SUPPORT_H

#include "tests/unit/storage/store_support.h"

#include "storage/outbox.h"

struct outbox_test {
    struct place_of_test *here;
    struct outbox *outbox;
    struct store *hub;
    char path[128];
    bool is_again; /* figures are queued with outbox_queue_again */
};

static inline int enter_outbox(void **state)
{
    struct outbox_test *test = calloc(1, sizeof *test);
    void *here = NULL;
    assert_non_null(test);
    assert_int_equal(enter(&here), 0);
    test->here = here;
    snprintf(test->path, sizeof test->path, "%s/outbox", test->here->folder);
    assert_ok(outbox_create(test->path, NULL));
    assert_ok(outbox_open(test->path, NULL, &test->outbox));
    create_store(test->here);
    test->hub = open_store(test->here, ENV_WRITE);
    *state = test;
    return 0;
}

static inline int leave_outbox(void **state)
{
    struct outbox_test *test = *state;
    void *here = test->here;
    outbox_close(&test->outbox);
    store_close(&test->hub);
    free(test);
    return leave(&here);
}

static inline void reopen(struct outbox_test *test)
{
    outbox_close(&test->outbox);
    assert_ok(outbox_open(test->path, NULL, &test->outbox));
}

/* ---- the agent ---- */

static inline struct figures june(int64_t amount)
{
    return (struct figures){.institution = "MFI-ONE",
                            .type = TYPE_PORTFOLIO,
                            .month = 6,
                            .amount = amount,
                            .produced_at_us = NOW_US + amount};
}

static inline enum queued queue_figures(struct outbox_test *test, const struct figures *figures,
                                        int64_t now_us, struct entry_key *ret_key)
{
    AUTO(arena_close) struct arena arena = {0};
    enum queued queued = QUEUED_NEW;
    PbReport *report = make_report(&arena, figures);
    assert_ok((test->is_again ? outbox_queue_again : outbox_queue)(
        test->outbox, report, test->here->key, now_us, &queued, ret_key));
    return queued;
}

static inline enum queued queue_june(struct outbox_test *test, int64_t amount,
                                     struct entry_key *ret_key)
{
    struct figures figures = june(amount);
    return queue_figures(test, &figures, NOW_US, ret_key);
}

/* A copy of the entry whose bytes live in the buffer. */
static inline struct entry entry_of(struct outbox_test *test, const struct entry_key *key,
                                    struct buffer *bytes)
{
    AUTO(txn_end) struct txn txn = {0};
    struct entry entry;
    assert_ok(txn_begin(outbox_env(test->outbox), false, &txn));
    assert_ok(outbox_get(&txn, key, &entry));
    struct bytes *parts[] = {&entry.report, &entry.best, &entry.latest};
    buffer_clear(bytes);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(buffer_append(bytes, parts[i]->data, parts[i]->size));
    }
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t size = parts[i]->size;
        *parts[i] = bytes_of(bytes->data + at, size);
        at += size;
    }
    return entry;
}

static inline struct outbox_counts counts_of(struct outbox_test *test)
{
    AUTO(txn_end) struct txn txn = {0};
    struct outbox_counts counts = {0};
    assert_ok(txn_begin(outbox_env(test->outbox), false, &txn));
    assert_ok(outbox_count(&txn, &counts));
    return counts;
}

static inline uint64_t receipted_of(struct outbox_test *test, const char *institution)
{
    AUTO(txn_end) struct txn txn = {0};
    uint64_t count = 0;
    assert_ok(txn_begin(outbox_env(test->outbox), false, &txn));
    assert_ok(outbox_receipted(&txn, institution, &count));
    return count;
}

/* ---- walks, as lists of keys ---- */

struct listed {
    struct entry_key keys[64];
    size_t count;
};

static inline enum err list_entry(void *context, const struct entry *entry)
{
    struct listed *listed = context;
    assert_true(listed->count < 64);
    listed->keys[listed->count++] = entry->key;
    return ERR_OK;
}

typedef enum err (*walk_of_outbox)(struct txn *txn, const char *institution, entry_visit visit,
                                   void *context);

static inline struct listed list_of(struct outbox_test *test, walk_of_outbox walk,
                                    const char *institution)
{
    AUTO(txn_end) struct txn txn = {0};
    struct listed listed = {0};
    assert_ok(txn_begin(outbox_env(test->outbox), false, &txn));
    assert_ok(walk(&txn, institution, list_entry, &listed));
    return listed;
}

/* ---- the hub ---- */

/* Journals an envelope with this verdict and first time, and packs the receipt. */
static inline void hub_takes(struct outbox_test *test, const struct entry *entry, int verdict,
                             int64_t first_us, struct buffer *receipt)
{
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(arena_close) struct arena arena = {0};
    AUTO(material_close) struct material material = {0};
    AUTO(txn_end) struct txn txn = {0};
    struct envelope opened;
    struct checkpoint head;
    struct proof proof;
    struct header header;
    uint8_t raw[HEADER_BYTES];
    assert_ok(envelope_pack(entry->report, entry->signer, entry->signature, &envelope));
    assert_ok(envelope_open(buffer_bytes(&envelope), MESSAGE_CANONICAL, &arena, &opened));
    assert_ok(envelope_verify(&opened));
    make_judgement(&material);
    material.append.body = buffer_bytes(&envelope);
    material.append.header = (struct header){
        .kind = KIND_REPORT,
        .type = (uint8_t)entry->key.type,
        .frequency = (uint8_t)entry->key.frequency,
        .verdict = (uint8_t)verdict,
        .status = (uint8_t)opened.message->status,
        .period_end_day = entry->key.period_end_day,
        .vintage = opened.message->vintage,
        .received_at_us = first_us,
        .first_received_at_us = first_us,
    };
    struct header *fields = &material.append.header;
    memcpy(fields->institution, entry->key.institution, sizeof fields->institution);
    memcpy(fields->id, opened.id, SHA256_BYTES);
    memcpy(fields->signer, opened.signer, PUBLIC_KEY_BYTES);
    memcpy(fields->signature, opened.signature, SIGNATURE_BYTES);
    assert_ok(txn_begin(store_env(test->hub), true, &txn));
    assert_ok(journal_append(&txn, &material.append, &header));
    assert_ok(journal_seal(&txn, ORIGIN, test->here->log_key, first_us, &text, &head));
    assert_ok(journal_inclusion(&txn, header.seq, head.position.size, &proof));
    assert_ok(txn_commit(&txn));
    header_encode(&header, raw);
    buffer_clear(receipt);
    assert_ok(receipt_pack(bytes_of(raw, sizeof raw), proof_bytes(&proof), head.text,
                           material.append.judgement, receipt));
}

/* The hub's journal grows by other institutions' records. */
static inline void hub_grows(struct outbox_test *test, int records)
{
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(test->hub), true, &txn));
    for (int i = 0; i < records; i++) {
        append_event(&txn, KIND_BACK, "OTHER", (uint8_t)i, NOW_US + i);
    }
    seal_and_commit(&txn, test->here->log_key, NOW_US);
}

static inline enum err store_receipt(struct outbox_test *test, const struct receipt_came *came,
                                     struct entry_key *ret_key)
{
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(outbox_env(test->outbox), true, &txn));
    enum err err = outbox_receipt(&txn, came, ret_key);
    return err != ERR_OK ? err : txn_commit(&txn);
}

/* Sends the entry (offered: with its best receipt), and stores the receipt. */
static inline void exchange(struct outbox_test *test, const struct entry_key *key, int verdict,
                            int64_t first_us, bool is_offered)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    struct entry entry = entry_of(test, key, &bytes);
    struct entry_key at;
    uint8_t best[SHA256_BYTES];
    sha256(entry.best, best);
    hub_takes(test, &entry, verdict, first_us, &receipt);
    struct receipt_came came = {.receipt = buffer_bytes(&receipt),
                                .offered_best = is_offered ? best : NULL,
                                .now_us = NOW_US};
    assert_ok(store_receipt(test, &came, &at));
    assert_int_equal(at.number, key->number);
}

static inline size_t promote(struct outbox_test *test, outbox_key_of key_of)
{
    size_t promoted = 0;
    assert_ok(outbox_promote(test->outbox, key_of, test, NOW_US, &promoted));
    return promoted;
}

static inline const struct signing_key *same_key(void *context, const char *institution)
{
    const struct outbox_test *test = context;
    (void)institution;
    return test->here->key;
}

#endif
