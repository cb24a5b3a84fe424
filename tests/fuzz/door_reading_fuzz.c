/* The feed and query doors, without sockets, over a journal of two members: frames as they come,
 * and FETCH, OLDER, SNAPSHOT and PROVE whose positions, checkpoints and rights are genuine where
 * the input asks for it. The journal only grows by what a SNAPSHOT writes down, which is caught.
 *
 * Holds: whatever comes is answered by frames that can be read and are small enough; nobody sees
 * more than its rights: no stranger anything, no member another's reports, staff no body of whom
 * shares nothing. */
#include "tests/fuzz/chunks.h"
#include "tests/fuzz/starve.h"

#include "tests/fuzz/reading_world.h"

#define FRAMES_IN 12

enum op {
    OP_FEED,
    OP_QUERY,
    OP_FETCH,
    OP_OLDER,
    OP_SNAPSHOT,
    OP_PULL,
    OP_PROVE,
    OP_TIME,
    OP_SETTINGS,
    OP_WORLD,
    OP_TURN,
    OP_CROWD,
    OP_OFTEN,
    OPS
};

/* ---- what comes out: as in reading_support.h, but no more than there is room for ---- */

static void hear_answer(void *context, const struct peer *peer, struct bytes frame)
{
    size_t held = starving_hold();
    if (readers->heard_count < HEARD_MAX) {
        catch_answer(context, peer, frame);
    }
    starving_go_on(held);
}

static enum err hear_event(void *context, uint64_t ticket, struct bytes event)
{
    if (readers->event_count == HEARD_MAX) {
        return ERR_BUSY;
    }
    size_t held = starving_hold();
    enum err err = catch_event(context, ticket, event);
    starving_go_on(held);
    return err;
}

/* ---- into the doors ---- */

static enum err take_once(struct peer peer, struct bytes frame, bool is_feed)
{
    AUTO(txn_end) struct txn txn = {0};
    size_t held = starving_hold();
    struct reading reading = reading_of(readers, &txn);
    starving_go_on(held);
    enum err err = is_feed ? feed_take(readers->feed, &reading, &peer, frame)
                           : query_take(readers->query, &reading, &peer, frame);
    starving_rest(); /* of the transaction nothing is to fail */
    return err;
}

/* Is answered, unless the store is broken. */
static void take_frame(struct peer peer, struct bytes frame, bool is_feed)
{
    for (struct starving starving = starving_of(frame); starving_next(&starving);) {
        (void)take_once(peer, frame, is_feed);
    }
    enum err err = take_once(peer, frame, is_feed);
    HOLD(err == ERR_OK || (world & WORLD_BROKEN));
}

static void say_to(bool is_feed, struct peer peer, enum verb verb, const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    HOLD_OK(frame_pack(verb, body, &frame));
    take_frame(peer, buffer_bytes(&frame), is_feed);
}

/* ---- what is asked ---- */

/* In a journal of thousands the first few and the last few places are of interest. */
static struct position some_position(struct input *input, uint8_t root[static SHA256_BYTES])
{
    uint8_t how = input_byte(input);
    uint64_t head = head_now(readers);
    uint64_t size = input_byte(input);
    if (size >= 64 && size != 0xFF) {
        size = size < 128 ? head - (size - 64) : head * (size - 128) / 128;
    }
    struct position position = size == 0xFF ? stood : position_now(readers, size);
    position.size += how & 1 ? 7 : 0;
    position.root.bytes[0] ^= how & 2;
    memcpy(root, position.root.bytes, SHA256_BYTES);
    return position;
}

/* With 0 what a pull asks for; "how" takes one thing away, or adds one. */
static struct bytes some_filter(struct input *input, struct arena *arena, PbFilter *ret_filter)
{
    static uint32_t kinds[] = {KIND_REPORT,    KIND_EARLIER_RECEIPT, KIND_PARTY,
                               KIND_AGREEMENT, KIND_SETTINGS,        KIND_ACCESS};
    static const char *const periods[] = {"2020-06-30", "2020-06-29", "2020-06", "2020-Q2", "x"};
    uint8_t how = input_byte(input);
    struct bytes rest = input_rest(input);
    const PbFilter *raw = NULL;
    *ret_filter = (PbFilter)IHURIRO__V1__FILTER__INIT;
    if (rest.size > 0 && MESSAGE_UNPACK(filter, MESSAGE_TOLERANT, rest, arena, &raw) == ERR_OK) {
        *ret_filter = *raw;
    }
    if (how != 0xFF) {
        ret_filter->kinds = kinds;
        ret_filter->n_kinds = how & 16 ? 0 : how & 32 ? 6 : 5;
        ret_filter->period = (char *)(uintptr_t)periods[how % 8 < 5 ? how % 8 : 0];
        ret_filter->has_known_at_us = how & 64 ? 1 : 0;
        ret_filter->known_at_us = how & 128 ? readers->bench.now_us : 1000;
    }
    return rest;
}

static void say_fetch(struct peer peer, struct input *input, bool is_pull)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__Fetch fetch = IHURIRO__V1__FETCH__INIT;
    PbPosition message = IHURIRO__V1__POSITION__INIT;
    PbFilter filter;
    uint8_t root[SHA256_BYTES];
    uint8_t rights[SHA256_BYTES];
    struct position position = some_position(input, root);
    uint8_t how = input_byte(input);
    message.size = position.size;
    message.root = pb_of_bytes(bytes_of(root, how & 1 ? 0 : how & 32 ? 31 : sizeof root));
    fetch.position = &message;
    fetch.number = input_byte(input);
    fetch.has_max_bytes = (how >> 1) & 1;
    fetch.max_bytes = (uint32_t)input_number(input, 2);
    fetch.has_wait_ms = !(how & 64);
    fetch.wait_ms = how & 128 ? 100000 : how & 4 ? 1000 : 0;
    if (is_pull || (how & 8)) {
        const struct party *reader =
            registry_reader(readers->registry, peer.user, readers->bench.now_us);
        uint8_t until = input_byte(input);
        fetch.has_until = !(is_pull && (how & 4));
        fetch.has_proofs = is_pull || (how & 2);
        fetch.proofs = is_pull || (how & 64);
        fetch.has_rights = !(how & 64);
        fetch.until = until == 191  ? answered
                      : until < 192 ? until
                                    : head_now(readers) - (until - 192);
        memset(rights, 3, sizeof rights);
        if (reader != NULL && !(how & 16)) {
            HOLD_OK(access_rights(reader, readers->registry, rights));
        }
        fetch.rights = pb_of_bytes(bytes_of(rights, sizeof rights));
    }
    struct bytes given = some_filter(input, &arena, &filter);
    fetch.filter = is_pull || given.size > 0 || (how & 16) ? &filter : NULL;
    say_to(!is_pull, peer, VERB_FETCH, &fetch.base);
}

static void say_older(struct peer peer, struct input *input)
{
    Ihuriro__V1__Older older = IHURIRO__V1__OLDER__INIT;
    PbPosition cursor = IHURIRO__V1__POSITION__INIT;
    PbPosition rows[4];
    PbPosition *pointers[40];
    uint8_t roots[5][SHA256_BYTES];
    cursor.size = some_position(input, roots[4]).size;
    cursor.root = pb_of_bytes(bytes_of(roots[4], SHA256_BYTES));
    older.cursor = &cursor;
    older.positions = pointers;
    for (size_t i = 0; i < 4; i++) {
        rows[i] = (PbPosition)IHURIRO__V1__POSITION__INIT;
        rows[i].size = some_position(input, roots[i]).size;
        rows[i].root = pb_of_bytes(bytes_of(roots[i], SHA256_BYTES));
        pointers[older.n_positions++] = &rows[i];
    }
    rows[2].root.len = input_byte(input) & 1 ? 0 : SHA256_BYTES;
    rows[3].root.len = input_byte(input) & 1 ? 5 : SHA256_BYTES;
    while ((input_byte(input) & 1) && older.n_positions < 40) {
        pointers[older.n_positions++] = &rows[0];
    }
    say_to(true, peer, VERB_OLDER, &older.base);
}

static void written(void)
{
    for (size_t i = 0; i < readers->event_count && !(world & WORLD_UNWRITTEN); i++) {
        AUTO(txn_end) struct txn txn = {0};
        struct reading reading = reading_of(readers, &txn);
        struct written written = {.ticket = readers->tickets[i], .first_seq = 5, .last_seq = 5};
        written.err = world & WORLD_LOST_WRITES ? ERR_FULL : ERR_OK;
        query_written(readers->query, &reading, &written);
    }
    readers->event_count = 0;
}

static void say_snapshot(struct peer peer, struct input *input)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__Snapshot snapshot = IHURIRO__V1__SNAPSHOT__INIT;
    PbFilter filter;
    uint8_t how = input_byte(input);
    uint64_t at = input_byte(input);
    snapshot.number = how;
    snapshot.has_at_seq = how & 1;
    snapshot.at_seq = how & 2 ? head_now(readers) + at : at;
    (void)some_filter(input, &arena, &filter);
    snapshot.filter = how & 4 ? NULL : &filter;
    if (snapshot.filter != NULL) {
        say_to(false, peer, VERB_SNAPSHOT, &snapshot.base);
    }
    written();
}

static void say_prove(struct peer peer, struct input *input)
{
    Ihuriro__V1__Prove prove = IHURIRO__V1__PROVE__INIT;
    uint8_t which = input_byte(input);
    struct bytes given = input_rest(input);
    prove.number = 1;
    prove.checkpoint = pb_of_bytes(which < NOTES ? buffer_bytes(&notes[which]) : given);
    say_to(false, peer, VERB_PROVE, &prove.base);
}

static void say_settings(struct peer peer, struct input *input)
{
    static uint8_t other[SHA256_BYTES] = {1};
    uint8_t how = input_byte(input);
    Ihuriro__V1__GetSettings asked = IHURIRO__V1__GET_SETTINGS__INIT;
    AUTO(txn_end) struct txn txn = {0};
    struct record record;
    uint8_t id[SHA256_BYTES];
    HOLD_OK(txn_begin(store_env(readers->bench.store), false, &txn));
    HOLD_OK(journal_get(&txn, 1, &record)); /* the first settings */
    memcpy(id, record.header.id, sizeof id);
    txn_end(&txn);
    asked.id = pb_of_bytes(bytes_of(how & 1 ? id : other, how & 2 ? 0 : how & 4 ? 9 : sizeof id));
    asked.offset = (uint32_t)input_number(input, 2);
    say_to(how & 8, peer, VERB_GET_SETTINGS, &asked.base);
}

static void take_turns(uint8_t how)
{
    for (int i = 0; i < 1 + how % 8; i++) {
        AUTO(txn_end) struct txn txn = {0};
        struct reading reading = reading_of(readers, &txn);
        bool is_behind = false;
        enum err err = query_turn(readers->query, &reading, &is_behind);
        HOLD(err == ERR_OK || (world & WORLD_BROKEN));
        HOLD(is_behind == (query_collecting(readers->query) > 0));
    }
    written();
    HOLD(query_waiting(readers->query) <= SNAPSHOTS_WAITING_MAX);
}

/* A party with so many connections, each of which waits. */
static void crowd(struct peer peer, uint8_t count)
{
    for (uint8_t i = 0; i < count % 16; i++) {
        uint8_t fetch[] = {2, 0, 0, 0x40, 4, 1, 0, 0};
        struct input input = {fetch + 2, sizeof fetch - 2};
        peer.routing_id[2] = i;
        say_fetch(peer, &input, false);
    }
}

/* Pulls that differ: each is to be written down. */
static void pull_often(struct peer peer, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        uint8_t snapshot[] = {1, (uint8_t)(6 + i % 200), (uint8_t)(i / 200)};
        struct input input = {snapshot, sizeof snapshot};
        say_snapshot(peer, &input);
        readers->heard_count = 0;
    }
}

static void change_world(uint8_t to)
{
    world = to;
    readers->is_short_of_disk = to & WORLD_NO_DISK;
    readers->journal_err = to & WORLD_BROKEN ? ERR_IO : to & WORLD_BUSY ? ERR_BUSY : ERR_OK;
    readers->generation += to & WORLD_ROSTER ? 1 : 0;
}

static void turn_starved(struct bytes chunk)
{
    for (struct starving starving = starving_of(chunk); starving_next(&starving);) {
        AUTO(txn_end) struct txn txn = {0};
        size_t held = starving_hold();
        struct reading reading = reading_of(readers, &txn);
        bool is_behind = false;
        starving_go_on(held);
        (void)feed_turn(readers->feed, &reading, &is_behind);
        starving_rest();
    }
}

static void say(struct bytes chunk)
{
    struct input input = {chunk.data, chunk.size};
    uint8_t op = input_byte(&input);
    struct peer peer = who(input_byte(&input));
    switch (op % OPS) {
    case OP_FETCH:
    case OP_PULL:
        say_fetch(peer, &input, op % OPS == OP_PULL);
        break;
    case OP_OLDER:
        say_older(peer, &input);
        break;
    case OP_SNAPSHOT:
        say_snapshot(peer, &input);
        break;
    case OP_PROVE:
        say_prove(peer, &input);
        break;
    case OP_SETTINGS:
        say_settings(peer, &input);
        break;
    case OP_WORLD:
        change_world(input_byte(&input));
        break;
    case OP_CROWD:
        crowd(peer, input_byte(&input));
        break;
    case OP_OFTEN:
        pull_often(peer, input_byte(&input));
        break;
    case OP_TURN:
        take_turns(input_byte(&input));
        break;
    case OP_TIME:
        readers->now_ms += (int64_t)input_number(&input, 3);
        HOLD(feed_wait_ms(readers->feed, readers->now_ms) >= -1);
        break;
    default:
        take_frame(peer, input_rest(&input), op % OPS == OP_FEED);
        written();
        break;
    }
    turn_starved(chunk);
    (void)turn_feed(readers);
    HOLD(feed_parked(readers->feed) <= 4096);
}

/* ---- what is heard ---- */

static void check_view(uint8_t user, const Ihuriro__V1__RecordView *view)
{
    struct header header;
    HOLD_OK(header_decode(bytes_of_pb(view->header), &header));
    bool is_report = header.kind == KIND_REPORT || header.kind == KIND_EARLIER_RECEIPT;
    HOLD(user != STRANGER);
    if (is_report && user == M1) {
        HOLD(strcmp(header.institution, "M1") == 0);
    }
    if (is_report && user == M2) {
        HOLD(strcmp(header.institution, "M2") == 0);
    }
    if (is_report && user == STAFF && strcmp(header.institution, "M1") != 0) {
        HOLD(!view->has_body && !view->has_judgement);
    }
}

static void check_frames(void)
{
    for (size_t i = 0; i < readers->heard_count; i++) {
        int verb = 0;
        struct bytes body;
        const ProtobufCMessage *message = NULL;
        arena_reset(&readers->arena);
        HOLD(readers->heard[i].size <= ANSWER_MAX);
        HOLD_OK(frame_open(buffer_bytes(&readers->heard[i]), &verb, &body));
        HOLD_OK(message_unpack(verb_body(verb), MESSAGE_TOLERANT, body, &readers->arena, &message));
        if (verb == VERB_SNAPSHOT_ANSWER) {
            answered = ((const Ihuriro__V1__SnapshotAnswer *)(const void *)message)->position->size;
        }
        if (verb == VERB_RECORDS) {
            const Ihuriro__V1__Records *records = (const void *)message;
            bool is_bare = false;
            HOLD_OK(position_of_message(records->to, &stood, &is_bare));
            for (size_t k = 0; k < records->n_records; k++) {
                check_view(readers->to[i].user[0], records->records[k]);
            }
        }
    }
}

static void begin(void)
{
    struct reading_out out = {readers, hear_answer, hear_event, no_nonce};
    feed_close(&readers->feed);
    query_close(&readers->query);
    HOLD_OK(feed_make(&out, &readers->feed));
    HOLD_OK(query_make(&out, &readers->bench.identity, &readers->query));
    forget(readers);
    readers->now_ms = 1000000;
    answered = 0;
    change_world(0);
}

static void make_starved(struct bytes input)
{
    struct reading_out out = {readers, hear_answer, hear_event, no_nonce};
    for (struct starving starving = starving_of(input); starving_next(&starving);) {
        AUTO(feed_close) struct feed *feed = NULL;
        AUTO(query_close) struct query *query = NULL;
        (void)feed_make(&out, &feed);
        (void)query_make(&out, &readers->bench.identity, &query);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    begin();
    for (size_t i = 0; i < FRAMES_IN && input.left > 0; i++) {
        say(input_chunk(&input));
        check_frames();
        readers->heard_count = 0;
    }
    if (size == 0) {
        make_starved(bytes_of(data, size));
    }
    return 0;
}

struct seed_chunk {
    const char *text;
    size_t size;
};
#define CHUNK(text_)             \
    {                            \
        text_, sizeof(text_) - 1 \
    }
#define SEED(name_, ...)                                                 \
    do {                                                                 \
        static const struct seed_chunk chunks_[] = {__VA_ARGS__};        \
        seed_chunks(name_, chunks_, sizeof chunks_ / sizeof chunks_[0]); \
    } while (0)

static void seed_chunks(const char *name, const struct seed_chunk *chunks, size_t count)
{
    AUTO(buffer_close) struct buffer seed = {0};
    for (size_t i = 0; i < count; i++) {
        put_chunk(&seed, bytes_of(chunks[i].text, chunks[i].size));
    }
    fuzz_seed(name, buffer_bytes(&seed));
}

/* Who: 0 staff, 1 the regulator, 2 and 3 the members, 4 a stranger, 5 the press. */
static void seed_feeds(void)
{
    SEED("feed", CHUNK("\2\0\0\0\0\1\0\0"), CHUNK("\2\2\0\5\4\1\1\0"), CHUNK("\7\0\0\x7F\0"),
         CHUNK("\3\1\0\1\0\2\0\3\0\4\0\5"));
    SEED("feed-all", CHUNK("\2\1\0\0\0\1\0\0"), CHUNK("\2\1\0\xC0\0\1\0\0"),
         CHUNK("\2\1\0\x41\0\1\0\0"));
    SEED("feed-small", CHUNK("\2\1\0\0\2\1\0\x40"), CHUNK("\2\1\0\1\2\1\0\x40"),
         CHUNK("\2\1\0\2\2\1\0\x40"), CHUNK("\2\1\0\3\2\1\0\x40"));
    SEED("feed-chain", CHUNK("\2\1\0\0\2\1\2\0"), CHUNK("\2\1\0\xFF\2\1\2\0"),
         CHUNK("\2\1\0\xFF\2\1\2\0"), CHUNK("\2\1\0\xFF\2\1\2\0"), CHUNK("\7\0\0\0\5"),
         CHUNK("\2\1\0\xFF\2\1\2\0"), CHUNK("\x09\0\x08"), CHUNK("\2\1\0\xFF\2\1\2\0"),
         CHUNK("\2\1\0\xFF\2\1\2\0"));
    SEED("feed-chain-press", CHUNK("\2\5\0\0\2\1\2\0"), CHUNK("\2\5\0\xFF\2\1\2\0"),
         CHUNK("\2\5\0\xFF\2\1\2\0"), CHUNK("\2\5\0\xFF\2\1\2\0"));
    SEED("feed-many", CHUNK("\2\4\0\x40\4\1\0\0"), CHUNK("\x0B\1\x0A"));
    SEED("feed-often", CHUNK("\x0C\1\xFF"));
    SEED("feed-waits", CHUNK("\2\1\0\x40\4\1\0\0"), CHUNK("\2\1\0\x40\x80\1\0\0"),
         CHUNK("\7\0\0\x7F\0"), CHUNK("\7\0\xFF\xFF\xFF"));
    SEED("feed-two", CHUNK("\2\1\0\x40\4\1\0\0"), CHUNK("\2\x81\0\x40\4\1\0\0"),
         CHUNK("\2\3\0\x40\x44\1\0\0"), CHUNK("\x09\0\x08"), CHUNK("\7\0\0\x7F\0"));
    SEED("feed-until", CHUNK("\2\1\0\0\x08\1\0\0\5"), CHUNK("\2\1\0\x40\x0C\1\0\0\xC0"),
         CHUNK("\2\1\0\5\x0C\1\0\0\3"));
    SEED("feed-lost", CHUNK("\2\1\2\5\0\1\0\0"), CHUNK("\2\1\1\x40\1\1\0\0"),
         CHUNK("\2\1\0\5\x20\1\0\0"), CHUNK("\2\1\0\5\1\1\0\0"));
    SEED("feed-filter", CHUNK("\2\1\0\0\x10\1\0\0\0"), CHUNK("\2\1\0\0\x10\1\0\0\4"),
         CHUNK("\2\1\0\0\x10\1\0\0\x40"));
    SEED("feed-world", CHUNK("\x09\0\1"), CHUNK("\2\1\0\0\0\1\0\0"), CHUNK("\x09\0\2"),
         CHUNK("\2\2\0\0\0\1\0\0"), CHUNK("\x09\0\4"), CHUNK("\2\3\0\0\0\1\0\0"),
         CHUNK("\2\4\0\0\0\1\0\0"));
    SEED("older", CHUNK("\3\1\0\1\2\2\0\3\2\4\0\5\1\1\0"), CHUNK("\3\1\0\1\1\x40\0\3\0\2\0\1"),
         CHUNK("\3\1\0\1\0\2\0\3\0\4\0\5\0\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
               "\1\1\1"));
}

static void seed_pulls(void)
{
    SEED("pull", CHUNK("\4\1\0\0\0"), CHUNK("\x0A\1\7"), CHUNK("\5\1\0\0\0\1\0\0\xBF\0"),
         CHUNK("\5\1\0\3\2\1\0\x40\xBF\0"), CHUNK("\5\1\0\5\2\1\0\x40\xBF\0"),
         CHUNK("\5\1\2\5\0\1\0\0\xBF\0"), CHUNK("\5\1\0\x41\0\1\0\0\xBF\0"), CHUNK("\6\1\0"));
    SEED("pull-at", CHUNK("\4\1\1\x09\0"), CHUNK("\x0A\1\1"), CHUNK("\5\1\0\0\0\1\0\0\xBF\0"),
         CHUNK("\5\1\0\3\2\1\0\x10\xBF\0"), CHUNK("\5\1\0\1\0\1\0\0\x08\0"), CHUNK("\4\1\1\0\0"),
         CHUNK("\4\1\3\5\0"));
    SEED("pull-member", CHUNK("\4\2\0\0\0"), CHUNK("\x0A\1\7"), CHUNK("\4\2\0\0\0"),
         CHUNK("\4\3\0\0\1"), CHUNK("\x0A\1\7"));
    SEED("pull-wrong", CHUNK("\4\1\0\0\4"), CHUNK("\4\1\0\0\x10"), CHUNK("\4\1\0\0\x20"),
         CHUNK("\4\1\4\0\0"), CHUNK("\4\1\0\0\x40"), CHUNK("\4\1\0\0\xC0"), CHUNK("\4\1\0\0\2"),
         CHUNK("\4\1\0\0\3"));
    SEED("pull-fetch-wrong", CHUNK("\5\1\0\0\0\1\0\0\5\0"), CHUNK("\5\1\0\0\4\1\0\0\5\0"),
         CHUNK("\5\1\0\0\0\1\0\0\0\0"), CHUNK("\5\1\0\6\0\1\0\0\5\0"),
         CHUNK("\5\1\2\3\0\1\0\0\5\0"), CHUNK("\5\1\0\1\x10\1\0\0\5\0"),
         CHUNK("\5\1\0\1\1\1\0\0\5\0"), CHUNK("\5\1\0\1\0\1\0\0\5\4"),
         CHUNK("\5\4\0\1\0\1\0\0\5\4"));
    SEED("pull-many", CHUNK("\4\1\0\0\0"), CHUNK("\4\x81\0\0\0"), CHUNK("\4\0\0\0\0"),
         CHUNK("\4\x80\0\0\0"), CHUNK("\4\2\0\0\0"), CHUNK("\4\x82\0\0\0"), CHUNK("\4\3\0\0\0"),
         CHUNK("\4\5\0\0\0"), CHUNK("\x0A\0\7"), CHUNK("\x0A\0\7"));
    SEED("pull-roster", CHUNK("\4\1\0\0\0"), CHUNK("\x09\0\x08"), CHUNK("\x0A\0\7"),
         CHUNK("\4\1\0\0\0"), CHUNK("\4\1\0\0\0"));
    SEED("pull-unwritten", CHUNK("\x09\0\x10"), CHUNK("\4\1\1\x09\0"), CHUNK("\4\1\1\x09\1"),
         CHUNK("\x09\0\x20"), CHUNK("\4\x81\1\x09\0"), CHUNK("\x0A\0\1"));
    SEED("pull-world", CHUNK("\x09\0\1"), CHUNK("\4\1\1\x09\0"), CHUNK("\x09\0\2"),
         CHUNK("\4\1\1\x09\0"), CHUNK("\x09\0\4"), CHUNK("\4\1\1\x09\0"), CHUNK("\6\1\0"));
    SEED("pull-scopes", CHUNK("\4\1\1\x09\0"), CHUNK("\5\1\0\0\0\1\0\0\xBF\0"),
         CHUNK("\4\1\1\x08\0"), CHUNK("\5\1\0\0\0\1\0\0\xBF\0"), CHUNK("\4\1\1\x07\0"),
         CHUNK("\5\1\0\0\0\1\0\0\xBF\0"), CHUNK("\4\1\1\x06\0"), CHUNK("\5\1\0\0\0\1\0\0\xBF\0"),
         CHUNK("\4\1\1\x0A\0"), CHUNK("\5\1\0\0\0\1\0\0\xBF\0"));
    SEED("pull-later", CHUNK("\4\1\0\0\0"), CHUNK("\x0A\1\7"), CHUNK("\7\0\x20\0\0"),
         CHUNK("\5\1\0\0\0\1\0\0\xBF\0"), CHUNK("\x0A\1\7"), CHUNK("\5\1\0\x10\0\1\0\0\xBF\0"));
    SEED("pull-busy", CHUNK("\4\1\0\0\0"), CHUNK("\x0A\1\7"), CHUNK("\4\0\0\0\0"),
         CHUNK("\4\x80\0\0\0"), CHUNK("\4\2\0\0\0"), CHUNK("\4\x82\0\0\0"), CHUNK("\4\3\0\0\0"),
         CHUNK("\4\x83\0\0\0"), CHUNK("\4\5\0\0\0"), CHUNK("\4\x85\0\0\0"),
         CHUNK("\5\1\0\0\0\1\0\0\xBF\0"));
}

static void seed_wrong_frames(void)
{
    SEED("feed-proofs", CHUNK("\2\1\0\0\x4A\1\0\0\5"), CHUNK("\2\1\0\0\x0A\1\0\0\5"));
    SEED("verbs", CHUNK("\0\1\1\0\x01"), CHUNK("\1\1\1\0\x01"), CHUNK("\1\1\1\0\x40"),
         CHUNK("\0\1\1\0\x40"), CHUNK("\0\1\1\0\x41"));
}

static void fuzz_seeds(void)
{
    seed_wrong_frames();
    seed_feeds();
    seed_pulls();
    fuzz_seed("nothing", bytes_of("", 0));
    SEED("prove", CHUNK("\6\1\0"), CHUNK("\6\1\1"), CHUNK("\6\1\2"), CHUNK("\6\1\3"),
         CHUNK("\6\1\4"), CHUNK("\6\1\5"), CHUNK("\6\5\1"), CHUNK("\6\4\1"),
         CHUNK("\6\1\xFFnothing"), CHUNK("\6\5\3"));
    SEED("settings", CHUNK("\x08\1\1\0\0"), CHUNK("\x08\1\x09\0\0"), CHUNK("\x08\1\2\0\0"),
         CHUNK("\x08\1\4\0\0"), CHUNK("\x08\1\0\0\0"), CHUNK("\x08\4\1\0\0"),
         CHUNK("\x08\5\1\xFF\xFF"), CHUNK("\x08\1\1\0\4"));
    SEED("raw", CHUNK("\0\1\0\1\0\x33"), CHUNK("\0\1\0\1\xFF"), CHUNK("\1\1\0\1\0\x33"),
         CHUNK("\0\4\0\1\0\x33"), CHUNK("\1\1nothing"), CHUNK("\1\1\0\1\xFF"));
}
