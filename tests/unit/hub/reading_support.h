/* A feed and a query without sockets, over the journal of hub_support.h: two members, staff, a
 * regulator, and answers caught in memory. */
#ifndef IHURIRO_TESTS_UNIT_HUB_READING_SUPPORT_H
#define IHURIRO_TESTS_UNIT_HUB_READING_SUPPORT_H

#include "tests/unit/hub/hub_support.h"

#include "hub/feed.h"
#include "hub/query.h"

#define STAFF     0x50 /* transport keys are this byte 32 times */
#define REGULATOR 0x60
#define STRANGER  0x70
#define HEARD_MAX 64

struct readers {
    struct bench bench;
    struct feed *feed;
    struct query *query;
    struct registry *registry;
    uint64_t generation;
    int64_t now_ms;
    bool is_short_of_disk;
    struct counters counters;
    struct subscribers *subscribers; /* NULL, but where a test looks */
    struct buffer heard[HEARD_MAX];
    struct peer to[HEARD_MAX];
    size_t heard_count;
    struct buffer events[HEARD_MAX]; /* handed to the writer */
    uint64_t tickets[HEARD_MAX];
    size_t event_count;
    enum err journal_err; /* what the writer's queue says */
    struct buffer session;
    struct arena arena;
};

static inline void catch_answer(void *context, const struct peer *peer, struct bytes frame)
{
    struct readers *readers = context;
    assert_true(readers->heard_count < HEARD_MAX);
    buffer_clear(&readers->heard[readers->heard_count]);
    OK(buffer_append(&readers->heard[readers->heard_count], frame.data, frame.size));
    readers->to[readers->heard_count++] = *peer;
}

static inline enum err catch_event(void *context, uint64_t ticket, struct bytes event)
{
    struct readers *readers = context;
    if (readers->journal_err != ERR_OK) {
        return readers->journal_err;
    }
    assert_true(readers->event_count < HEARD_MAX);
    buffer_clear(&readers->events[readers->event_count]);
    OK(buffer_append(&readers->events[readers->event_count], event.data, event.size));
    readers->tickets[readers->event_count++] = ticket;
    return ERR_OK;
}

static inline void no_nonce(void *context, uint8_t ret_nonce[static ACCESS_NONCE_BYTES])
{
    (void)context;
    memset(ret_nonce, 9, ACCESS_NONCE_BYTES);
}

/* ---- the journal ---- */

static inline void reload_registry(struct readers *readers)
{
    AUTO(txn_end) struct txn txn = {0};
    OK(txn_begin(store_env(readers->bench.store), false, &txn));
    registry_close(&readers->registry);
    OK(registry_load(&txn, &readers->registry));
    readers->generation++;
}

static inline void add_reader(struct readers *readers, const char *id, int role, uint8_t transport)
{
    uint8_t user[PUBLIC_KEY_BYTES];
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    memset(user, transport, sizeof user);
    party.has_role = 1;
    party.role = (Ihuriro__V1__PartyAct__Role)role;
    party.name = (char *)(uintptr_t) "a reader";
    event.subject = (char *)(uintptr_t)id;
    event.party = &party;
    bench_begin(&readers->bench);
    bench_act(&readers->bench, &event);
    keys.has_transport_key = 1;
    keys.transport_key = pb_of_bytes(bytes_of(user, sizeof user));
    event.party = NULL;
    event.keys = &keys;
    bench_act(&readers->bench, &event);
    bench_end(&readers->bench);
    reload_registry(readers);
}

static inline void set_agreement(struct readers *readers, const char *id, bool shares)
{
    Ihuriro__V1__AgreementAct agreement = IHURIRO__V1__AGREEMENT_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    agreement.shares = shares;
    event.subject = (char *)(uintptr_t)id;
    event.agreement = &agreement;
    readers->bench.now_us += 1000000;
    bench_begin(&readers->bench);
    bench_act(&readers->bench, &event);
    bench_end(&readers->bench);
    reload_registry(readers);
}

static inline void add_settings(struct readers *readers)
{
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    uint64_t seq = 0;
    settings.format = 1;
    settings.country = (char *)(uintptr_t) "RW";
    settings.version = (char *)(uintptr_t) "for tests";
    event.settings = &settings;
    bench_begin(&readers->bench);
    OK(writer_new_event(readers->bench.writer, &event, &seq));
    bench_end(&readers->bench);
}

/* Records that only the regulator sees, all in one commit. */
static inline void add_accesses(struct readers *readers, unsigned count)
{
    bench_begin(&readers->bench);
    for (unsigned i = 0; i < count; i++) {
        PbAccess access = IHURIRO__V1__ACCESS__INIT;
        PbEvent event = IHURIRO__V1__EVENT__INIT;
        uint64_t seq = 0;
        access.act = IHURIRO__V1__ACCESS__ACT__FEED_OPENED;
        access.reader = (char *)(uintptr_t) "BNR";
        event.access = &access;
        OK(writer_new_event(readers->bench.writer, &event, &seq));
    }
    bench_end(&readers->bench);
}

/* A nil report of a day; its institution's signing byte is its transport byte + 1. */
static inline void add_report(struct readers *readers, const char *institution, uint8_t transport,
                              int32_t day, uint32_t vintage)
{
    AUTO(buffer_close) struct buffer envelope = {0};
    struct nil_report nil = {.institution = institution, .day = day, .vintage = vintage};
    struct peer peer = peer_of(transport, transport);
    nil_envelope(&nil, (uint8_t)(transport + 1), &envelope);
    bench_hello(&readers->bench, peer, (struct bytes){0}, &readers->session);
    const Ihuriro__V1__Answer *answer = bench_submit_one(&readers->bench, peer, &readers->session,
                                                         &envelope, (struct bytes){0}, NULL);
    assert_null(answer->refused);
    assert_null(answer->retry_later);
}

static inline int readers_open(void **state)
{
    struct readers *readers = calloc(1, sizeof *readers);
    assert_non_null(readers);
    OK(keys_init());
    bench_open(&readers->bench);
    readers->now_ms = 1000000;
    struct reading_out out = {readers, catch_answer, catch_event, no_nonce};
    OK(feed_make(&out, &readers->feed));
    OK(query_make(&out, &readers->bench.identity, &readers->query));
    add_settings(readers);
    bench_member(&readers->bench, "M1", 0x11, 0x10);
    bench_member(&readers->bench, "M2", 0x21, 0x20);
    add_reader(readers, "AMIR", ROLE_ASSOCIATION, STAFF);
    add_reader(readers, "BNR", ROLE_REGULATOR, REGULATOR);
    *state = readers;
    return 0;
}

static inline int readers_close(void **state)
{
    struct readers *readers = *state;
    feed_close(&readers->feed);
    query_close(&readers->query);
    registry_close(&readers->registry);
    subscribers_close(&readers->subscribers);
    bench_close(&readers->bench);
    for (size_t i = 0; i < HEARD_MAX; i++) {
        buffer_close(&readers->heard[i]);
        buffer_close(&readers->events[i]);
    }
    buffer_close(&readers->session);
    arena_close(&readers->arena);
    free(readers);
    return 0;
}

/* ---- one step ---- */

static inline struct reading reading_of(struct readers *readers, struct txn *txn)
{
    OK(txn_begin(store_env(readers->bench.store), false, txn));
    return (struct reading){
        .txn = txn,
        .registry = readers->registry,
        .generation = readers->generation,
        .now_us = readers->bench.now_us,
        .settled_us = readers->bench.now_us,
        .now_ms = readers->now_ms,
        .is_short_of_disk = readers->is_short_of_disk,
        .counters = &readers->counters,
        .subscribers = readers->subscribers,
    };
}

static inline void say_to_feed(struct readers *readers, struct peer peer, enum verb verb,
                               const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    AUTO(txn_end) struct txn txn = {0};
    struct reading reading = reading_of(readers, &txn);
    OK(frame_pack(verb, body, &frame));
    OK(feed_take(readers->feed, &reading, &peer, buffer_bytes(&frame)));
}

static inline bool turn_feed(struct readers *readers)
{
    bool is_behind = false;
    AUTO(txn_end) struct txn txn = {0};
    struct reading reading = reading_of(readers, &txn);
    OK(feed_turn(readers->feed, &reading, &is_behind));
    return is_behind;
}

static inline void say_to_query(struct readers *readers, struct peer peer, enum verb verb,
                                const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    AUTO(txn_end) struct txn txn = {0};
    struct reading reading = reading_of(readers, &txn);
    OK(frame_pack(verb, body, &frame));
    OK(query_take(readers->query, &reading, &peer, buffer_bytes(&frame)));
}

/* The i-th frame heard, as the message of that verb; lives until forget. */
static inline const void *heard(struct readers *readers, size_t i, enum verb verb)
{
    int got = 0;
    struct bytes body;
    const ProtobufCMessage *message = NULL;
    assert_true(i < readers->heard_count);
    OK(frame_open(buffer_bytes(&readers->heard[i]), &got, &body));
    assert_int_equal(got, verb);
    OK(message_unpack(verb_body(got), MESSAGE_TOLERANT, body, &readers->arena, &message));
    return message;
}

static inline void forget(struct readers *readers)
{
    readers->heard_count = 0;
    readers->event_count = 0;
    arena_reset(&readers->arena);
}

static inline struct position position_now(struct readers *readers, uint64_t size)
{
    AUTO(txn_end) struct txn txn = {0};
    struct position position = {.size = size};
    OK(txn_begin(store_env(readers->bench.store), false, &txn));
    OK(journal_root(&txn, size, &position.root));
    return position;
}

static inline uint64_t head_now(struct readers *readers)
{
    AUTO(txn_end) struct txn txn = {0};
    OK(txn_begin(store_env(readers->bench.store), false, &txn));
    return journal_size(&txn);
}

#endif
