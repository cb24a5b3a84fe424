/* A hub without sockets for unit tests: a store in a temporary folder, a writer, the ingest turn,
 * and a peer that speaks to it. */
#ifndef IHURIRO_TESTS_UNIT_HUB_HUB_SUPPORT_H
#define IHURIRO_TESTS_UNIT_HUB_HUB_SUPPORT_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hub/ingest.h"
#include "proto/envelope.h"
#include "proto/receipt.h"

#define OK(call)  assert_int_equal((call), ERR_OK)
#define DAY_US    INT64_C(86400000000)
#define BENCH_DAY 18443 /* 2020-06-30 */

struct bench {
    char folder[64];
    char store_path[96];
    char acts_path[96];
    struct store *store;
    struct acts *acts;
    struct writer *writer;
    struct signing_key *log_key;
    struct hub_identity identity;
    struct counters counters;
    struct ingest ingest;
    int64_t now_us;
    enum clock_state clock_state;
    struct arena arena;       /* of the answers heard last */
    struct buffer frames[64]; /* answers of the last turn, in order */
    struct peer to[64];
    size_t frame_count;
    uint64_t number;
};

static inline struct peer peer_of(uint8_t routing, uint8_t user)
{
    struct peer peer = {.routing_id = {0, routing}, .routing_id_size = 5};
    memset(peer.user, user, sizeof peer.user);
    return peer;
}

static inline struct signing_key *key_of_byte(uint8_t byte)
{
    uint8_t seed[32];
    struct signing_key *key = NULL;
    memset(seed, byte, sizeof seed);
    OK(signing_key_from_seed(seed, &key));
    return key;
}

/* ---- opening and closing ---- */

static inline int remove_one(const char *path, const struct stat *status, int kind,
                             struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void bench_start(struct bench *bench)
{
    struct complaint complaint = {{0}};
    OK(store_open(bench->store_path, ENV_WRITE, &complaint, &bench->store));
    OK(acts_open(bench->acts_path, &complaint, &bench->acts));
    struct writer_parts parts = {bench->store, bench->acts, bench->log_key, &bench->identity, NULL};
    OK(writer_make(&parts, bench->now_us, &complaint, &bench->writer));
    bench->ingest = (struct ingest){
        .writer = bench->writer, .identity = &bench->identity, .counters = &bench->counters};
    memset(bench->ingest.session_key, (int)(bench->number + 1), 32);
    OK(answers_make(&bench->ingest.answers));
    OK(quota_make(QUOTA_BUCKET, QUOTA_REFILL_PER_HOUR, &bench->ingest.quota));
    OK(quota_make(REFUSALS_KEPT, REFUSALS_PER_HOUR, &bench->ingest.refusals));
    OK(quota_make(OWED_BUCKET, OWED_PER_HOUR, &bench->ingest.owed));
}

static inline void bench_stop(struct bench *bench)
{
    writer_close(&bench->writer);
    acts_close(&bench->acts);
    store_close(&bench->store);
    answers_close(&bench->ingest.answers);
    quota_close(&bench->ingest.quota);
    quota_close(&bench->ingest.refusals);
    quota_close(&bench->ingest.owed);
    arena_close(&bench->ingest.arena);
    arena_close(&bench->ingest.words);
    arena_close(&bench->ingest.beside);
}

static inline void bench_open(struct bench *bench)
{
    struct complaint complaint = {{0}};
    struct store_meta meta = {.origin = "hub.test", .created_us = 1};
    *bench = (struct bench){.now_us = BENCH_DAY * DAY_US + 3 * DAY_US};
    strcpy(bench->folder, "/tmp/ihuriro-unit-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->store_path, sizeof bench->store_path, "%s/store", bench->folder);
    snprintf(bench->acts_path, sizeof bench->acts_path, "%s/acts.log", bench->folder);
    bench->log_key = key_of_byte(200);
    strcpy(bench->identity.origin, "hub.test");
    memcpy(bench->identity.log_keys[0], signing_key_public(bench->log_key), PUBLIC_KEY_BYTES);
    bench->identity.log_key_count = 1;
    memcpy(meta.log_key, bench->identity.log_keys[0], PUBLIC_KEY_BYTES);
    OK(store_create(bench->store_path, &meta, &complaint));
    bench_start(bench);
}

static inline void bench_close(struct bench *bench)
{
    bench_stop(bench);
    signing_key_close(&bench->log_key);
    arena_close(&bench->arena);
    for (size_t i = 0; i < 64; i++) {
        buffer_close(&bench->frames[i]);
    }
    remove_tree(bench->folder);
}

/* ---- a turn ---- */

static inline void bench_hear(void *context, const struct peer *peer, struct bytes frame)
{
    struct bench *bench = context;
    assert_true(bench->frame_count < 64);
    buffer_clear(&bench->frames[bench->frame_count]);
    OK(buffer_append(&bench->frames[bench->frame_count], frame.data, frame.size));
    bench->to[bench->frame_count++] = *peer;
}

static inline void bench_begin(struct bench *bench)
{
    arena_reset(&bench->arena);
    bench->frame_count = 0;
    OK(ingest_begin(&bench->ingest, bench->now_us, bench->now_us / 1000, bench->clock_state));
}

static inline void bench_say(struct bench *bench, struct peer peer, enum verb verb,
                             const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    OK(frame_pack(verb, body, &frame));
    OK(ingest_message(&bench->ingest, &peer, buffer_bytes(&frame)));
}

static inline void bench_end(struct bench *bench)
{
    const struct checkpoint *checkpoint = NULL;
    OK(ingest_end(&bench->ingest, &checkpoint));
    answers_deliver(bench->ingest.answers, bench_hear, bench);
}

/* The i-th frame heard, as the message of that verb. */
static inline const void *bench_answer(struct bench *bench, size_t i, enum verb verb)
{
    int got = 0;
    struct bytes body;
    const ProtobufCMessage *message = NULL;
    assert_true(i < bench->frame_count);
    OK(frame_open(buffer_bytes(&bench->frames[i]), &got, &body));
    assert_int_equal(got, verb);
    OK(message_unpack(verb_body(got), MESSAGE_TOLERANT, body, &bench->arena, &message));
    return message;
}

/* ---- parties ---- */

static inline void bench_act(struct bench *bench, PbEvent *event)
{
    AUTO(buffer_close) struct buffer raw = {0};
    struct complaint complaint = {{0}};
    uint8_t nonce[16] = {(uint8_t)++bench->number, (uint8_t)(bench->number >> 8), 7};
    uint64_t first;
    uint64_t last;
    event->time_us = bench->now_us;
    event->nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    OK(message_pack(&event->base, &raw));
    struct bytes bytes = buffer_bytes(&raw);
    if (writer_acts(bench->writer, &bytes, 1, &complaint, &first, &last) != ERR_OK) {
        fail_msg("%s", complaint.text);
    }
}

/* A member whose signing key has the seed byte, and whose transport key is that byte 32 times. */
static inline void bench_member(struct bench *bench, const char *id, uint8_t signing,
                                uint8_t transport)
{
    struct signing_key *key = key_of_byte(signing);
    uint8_t user[PUBLIC_KEY_BYTES];
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    memset(user, transport, sizeof user);
    party.has_role = 1;
    party.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    party.name = (char *)(uintptr_t) "a member";
    party.category = (char *)(uintptr_t) "USACCO";
    party.currency = (char *)(uintptr_t) "RWF";
    bench_begin(bench);
    event.subject = (char *)(uintptr_t)id;
    event.party = &party;
    bench_act(bench, &event);
    keys.has_signing_key = 1;
    keys.signing_key = pb_of_bytes(bytes_of(signing_key_public(key), PUBLIC_KEY_BYTES));
    keys.has_transport_key = 1;
    keys.transport_key = pb_of_bytes(bytes_of(user, sizeof user));
    event.party = NULL;
    event.keys = &keys;
    bench_act(bench, &event);
    bench_end(bench);
    signing_key_close(&key);
}

static inline void bench_revoke(struct bench *bench, const char *id, const uint8_t *public_key)
{
    ProtobufCBinaryData revoked = pb_of_bytes(bytes_of(public_key, PUBLIC_KEY_BYTES));
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    keys.revoked = &revoked;
    keys.n_revoked = 1;
    event.subject = (char *)(uintptr_t)id;
    event.keys = &keys;
    bench_begin(bench);
    bench_act(bench, &event);
    bench_end(bench);
}

/* ---- reports: nil ones, which every rule takes ---- */

struct nil_report {
    const char *institution;
    int32_t day;
    uint32_t vintage;
    bool is_test;
    const char *note;
    const char *currency;
};

static inline void nil_envelope(const struct nil_report *nil, uint8_t signing,
                                struct buffer *envelope)
{
    char key[11];
    PbPeriod period = IHURIRO__V1__PERIOD__INIT;
    PbReport report = IHURIRO__V1__REPORT__INIT;
    AUTO(buffer_close) struct buffer raw = {0};
    struct signing_key *signer = key_of_byte(signing);
    day_format(nil->day, key);
    period.frequency = IHURIRO__V1__PERIOD__FREQUENCY__D;
    period.key = key;
    period.start_day = period.end_day = period.as_of_day = nil->day;
    report.schema_version = SCHEMA_VERSION;
    report.institution = (char *)(uintptr_t)nil->institution;
    report.type = IHURIRO__V1__REPORT_TYPE__LIQUIDITY;
    report.period = &period;
    report.vintage = nil->vintage;
    report.status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    report.produced_at_us = (BENCH_DAY + 2) * DAY_US;
    report.currency = (char *)(uintptr_t)(nil->currency != NULL ? nil->currency : "RWF");
    report.has_reason = nil->vintage > 1;
    report.reason = IHURIRO__V1__REPORT__REASON__ERROR;
    report.note = (char *)(uintptr_t)nil->note;
    report.has_nil = 1;
    report.nil = 1;
    report.has_test_data = nil->is_test;
    report.test_data = nil->is_test;
    OK(message_pack(&report.base, &raw));
    OK(envelope_make(signer, buffer_bytes(&raw), envelope));
    signing_key_close(&signer);
}

/* ---- what an agent says ---- */

static inline void bench_hello(struct bench *bench, struct peer peer, struct bytes checkpoint,
                               struct buffer *session)
{
    uint8_t tag[SESSION_TAG_BYTES] = {(uint8_t)++bench->number};
    Ihuriro__V1__Hello hello = IHURIRO__V1__HELLO__INIT;
    ProtobufCBinaryData shown = pb_of_bytes(checkpoint);
    hello.tag = pb_of_bytes(bytes_of(tag, sizeof tag));
    hello.schema_version = SCHEMA_VERSION;
    hello.checkpoints = &shown;
    hello.n_checkpoints = checkpoint.size > 0;
    bench_begin(bench);
    bench_say(bench, peer, VERB_HELLO, &hello.base);
    bench_end(bench);
    const Ihuriro__V1__HelloAnswer *answer = bench_answer(bench, 0, VERB_HELLO_ANSWER);
    buffer_clear(session);
    OK(buffer_append(session, answer->session.data, answer->session.len));
}

static inline void bench_submit(struct bench *bench, struct peer peer, const struct buffer *session,
                                uint64_t number, const struct buffer *envelope,
                                struct bytes receipt)
{
    Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
    submit.session = pb_of_bytes(buffer_bytes(session));
    submit.number = number;
    submit.envelope = pb_of_bytes(buffer_bytes(envelope));
    submit.has_receipt = receipt.size > 0;
    submit.receipt = pb_of_bytes(receipt);
    bench_say(bench, peer, VERB_SUBMIT, &submit.base);
}

/* One SUBMIT in a turn of its own; its answer, and the receipt packed if it is one. */
static inline const Ihuriro__V1__Answer *
bench_submit_one(struct bench *bench, struct peer peer, const struct buffer *session,
                 const struct buffer *envelope, struct bytes offered, struct buffer *receipt)
{
    bench_begin(bench);
    bench_submit(bench, peer, session, 1, envelope, offered);
    bench_end(bench);
    const Ihuriro__V1__Answers *answers = bench_answer(bench, 0, VERB_ANSWERS);
    assert_int_equal(answers->n_answers, 1);
    const Ihuriro__V1__Answer *answer = answers->answers[0];
    if (answer->has_header && receipt != NULL) {
        buffer_clear(receipt);
        OK(receipt_pack(bytes_of_pb(answer->header), bytes_of_pb(answer->proof),
                        bytes_of_pb(answers->checkpoint), bytes_of_pb(answer->judgement), receipt));
    }
    return answer;
}

static inline struct receipt bench_verified(struct bench *bench, const struct buffer *packed)
{
    struct receipt receipt;
    struct complaint complaint = {{0}};
    OK(receipt_open(buffer_bytes(packed), &bench->arena, &receipt));
    if (receipt_verify(&receipt, &bench->identity, NULL, &complaint) != ERR_OK) {
        fail_msg("%s", complaint.text);
    }
    return receipt;
}

static inline uint64_t bench_count(struct bench *bench, int kind)
{
    struct record record;
    uint64_t count = 0;
    AUTO(txn_end) struct txn txn = {0};
    OK(txn_begin(store_env(bench->store), false, &txn));
    for (uint64_t seq = 1; seq <= journal_size(&txn); seq++) {
        OK(journal_get(&txn, seq, &record));
        count += record.header.kind == kind;
    }
    return count;
}

#endif
