/* The feed and query doors, without sockets, over a journal of two members: frames as they come,
 * and FETCH, OLDER, SNAPSHOT and PROVE whose positions, checkpoints and rights are genuine where
 * the input asks for it. The journal only grows by what a SNAPSHOT writes down, which is caught.
 *
 * Holds: whatever comes is answered by frames that can be read and are small enough; nobody sees
 * more than its rights: no stranger anything, no member another's reports, staff no body of whom
 * shares nothing. */
#include "tests/fuzz/chunks.h"

#include "tests/unit/hub/reading_support.h"

#define M1        0x10
#define M2        0x20
#define FRAMES_IN 10
#define SIZES     64

enum op { OP_FEED, OP_QUERY, OP_FETCH, OP_OLDER, OP_SNAPSHOT, OP_PULL, OP_PROVE, OP_TIME, OPS };

static struct readers *readers;
static struct buffer note; /* a genuine checkpoint */

static void leave(void)
{
    remove_tree(readers->bench.folder);
}

static void set_up(void)
{
    void *state = NULL;
    if (readers != NULL) {
        return;
    }
    HOLD(readers_open(&state) == 0);
    readers = state;
    HOLD(atexit(leave) == 0);
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    add_report(readers, "M2", 0x20, BENCH_DAY, 1);
    add_report(readers, "M1", 0x10, BENCH_DAY, 2);
    set_agreement(readers, "M1", true);
    add_report(readers, "M2", 0x20, BENCH_DAY - 1, 1);
    AUTO(txn_end) struct txn txn = {0};
    struct checkpoint checkpoint;
    HOLD_OK(txn_begin(store_env(readers->bench.store), false, &txn));
    HOLD_OK(heads_at_most(&txn, journal_size(&txn) - 2, &checkpoint));
    HOLD_OK(buffer_append(&note, checkpoint.text.data, checkpoint.text.size));
}

static struct peer who(uint8_t how)
{
    static const uint8_t users[] = {STAFF, REGULATOR, M1, M2, STRANGER};
    uint8_t user = users[how % sizeof users];
    return peer_of((uint8_t)(user + how / 128), user);
}

/* ---- what is asked ---- */

static struct position some_position(struct input *input, uint8_t root[static SHA256_BYTES])
{
    uint8_t how = input_byte(input);
    uint64_t head = head_now(readers);
    struct position position = position_now(readers, input_byte(input) % (head + 1));
    position.size += how & 1 ? 7 : 0;
    position.root.bytes[0] ^= how & 2;
    memcpy(root, position.root.bytes, SHA256_BYTES);
    return position;
}

static void say_fetch(struct peer peer, struct input *input, bool is_pull)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__Fetch fetch = IHURIRO__V1__FETCH__INIT;
    PbPosition message = IHURIRO__V1__POSITION__INIT;
    uint8_t root[SHA256_BYTES];
    uint8_t rights[SHA256_BYTES];
    struct position position = some_position(input, root);
    uint8_t how = input_byte(input);
    message.size = position.size;
    message.root = pb_of_bytes(bytes_of(root, how & 1 ? 0 : sizeof root));
    fetch.position = &message;
    fetch.number = input_byte(input);
    fetch.has_max_bytes = (how >> 1) & 1;
    fetch.max_bytes = (uint32_t)input_number(input, 2);
    fetch.has_wait_ms = 1;
    fetch.wait_ms = how & 4 ? 1000 : 0;
    if (is_pull || (how & 8)) {
        const struct party *reader =
            registry_reader(readers->registry, peer.user, readers->bench.now_us);
        fetch.has_until = fetch.has_proofs = fetch.has_rights = 1;
        fetch.until = input_byte(input);
        fetch.proofs = 1;
        memset(rights, 3, sizeof rights);
        if (reader != NULL) {
            HOLD_OK(access_rights(reader, readers->registry, rights));
        }
        fetch.rights = pb_of_bytes(bytes_of(rights, sizeof rights));
    }
    struct bytes filter = input_rest(input);
    if (filter.size > 0) {
        (void)message_unpack(&ihuriro__v1__filter__descriptor, MESSAGE_TOLERANT, filter, &arena,
                             (const ProtobufCMessage **)(void *)&fetch.filter);
    }
    (is_pull ? say_to_query : say_to_feed)(readers, peer, VERB_FETCH, &fetch.base);
}

static void say_older(struct peer peer, struct input *input)
{
    Ihuriro__V1__Older older = IHURIRO__V1__OLDER__INIT;
    PbPosition cursor = IHURIRO__V1__POSITION__INIT;
    PbPosition rows[4];
    PbPosition *pointers[4];
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
    say_to_feed(readers, peer, VERB_OLDER, &older.base);
}

static void written(void)
{
    for (size_t i = 0; i < readers->event_count; i++) {
        AUTO(txn_end) struct txn txn = {0};
        struct reading reading = reading_of(readers, &txn);
        struct written written = {.ticket = readers->tickets[i], .first_seq = 5, .last_seq = 5};
        query_written(readers->query, &reading, &written);
    }
    readers->event_count = 0;
}

static void say_snapshot(struct peer peer, struct input *input)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__Snapshot snapshot = IHURIRO__V1__SNAPSHOT__INIT;
    PbFilter all = IHURIRO__V1__FILTER__INIT;
    PbFilter *filter = NULL;
    uint8_t how = input_byte(input);
    snapshot.number = how;
    snapshot.has_at_seq = how & 1;
    snapshot.at_seq = input_byte(input);
    struct bytes raw = input_rest(input);
    enum err err = message_unpack(&ihuriro__v1__filter__descriptor, MESSAGE_TOLERANT, raw, &arena,
                                  (const ProtobufCMessage **)(void *)&filter);
    snapshot.filter = err == ERR_OK ? filter : &all;
    say_to_query(readers, peer, VERB_SNAPSHOT, &snapshot.base);
    written();
}

static void say_prove(struct peer peer, struct input *input)
{
    Ihuriro__V1__Prove prove = IHURIRO__V1__PROVE__INIT;
    struct bytes given = input_rest(input);
    prove.number = 1;
    prove.checkpoint = pb_of_bytes(given.size > 8 ? given : buffer_bytes(&note));
    say_to_query(readers, peer, VERB_PROVE, &prove.base);
}

static void say_raw(struct peer peer, struct bytes frame, bool is_feed)
{
    AUTO(txn_end) struct txn txn = {0};
    struct reading reading = reading_of(readers, &txn);
    if (is_feed) {
        (void)feed_take(readers->feed, &reading, &peer, frame);
    } else {
        (void)query_take(readers->query, &reading, &peer, frame);
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
    case OP_TIME:
        readers->now_ms += (int64_t)input_number(&input, 2);
        break;
    default:
        say_raw(peer, input_rest(&input), op % OPS == OP_FEED);
        written();
        break;
    }
    (void)turn_feed(readers);
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
        HOLD(readers->heard[i].size <= ANSWER_MAX);
        HOLD_OK(frame_open(buffer_bytes(&readers->heard[i]), &verb, &body));
        HOLD_OK(message_unpack(verb_body(verb), MESSAGE_TOLERANT, body, &readers->arena, &message));
        if (verb == VERB_RECORDS) {
            const Ihuriro__V1__Records *records = (const void *)message;
            for (size_t k = 0; k < records->n_records; k++) {
                check_view(readers->to[i].user[0], records->records[k]);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    struct reading_out out = {readers, catch_answer, catch_event, no_nonce};
    forget(readers);
    readers->now_ms = 1000000;
    for (size_t i = 0; i < FRAMES_IN && input.left > 0; i++) {
        say(input_chunk(&input));
        if (readers->heard_count > HEARD_MAX / 2 || readers->event_count > HEARD_MAX / 2) {
            break;
        }
    }
    check_frames();
    feed_close(&readers->feed);
    query_close(&readers->query);
    HOLD_OK(feed_make(&out, &readers->feed));
    HOLD_OK(query_make(&out, &readers->bench.identity, &readers->query));
    return 0;
}

static void seed_row(const char *name, const char *const *chunks, const size_t *sizes, size_t count)
{
    AUTO(buffer_close) struct buffer seed = {0};
    for (size_t i = 0; i < count; i++) {
        put_chunk(&seed, bytes_of(chunks[i], sizes[i]));
    }
    fuzz_seed(name, buffer_bytes(&seed));
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(buffer_close) struct buffer chunk = {0};
    Ihuriro__V1__GetSettings settings = IHURIRO__V1__GET_SETTINGS__INIT;
    static const size_t feed_sizes[] = {8, 8, 3, 12};
    static const size_t pull_sizes[] = {6, 9, 2, 9};
    seed_row("feed",
             (const char *const[]){"\2\0\0\0\0\1\0\0", "\2\2\0\5\4\1\1\0", "\7\0\x7F",
                                   "\3\1\0\1\0\2\0\3\0\4\0\5"},
             feed_sizes, 4);
    seed_row("pull",
             (const char *const[]){"\4\1\0\0\x08\1", "\5\1\0\0\0\1\0\0\x0C", "\6\1",
                                   "\5\1\0\0\0\1\0\0\x0A"},
             pull_sizes, 4);
    settings.id = pb_of_bytes(bytes_of("", 0));
    put_byte(&chunk, OP_FEED);
    put_byte(&chunk, 2);
    HOLD_OK(frame_pack(VERB_GET_SETTINGS, &settings.base, &chunk));
    put_chunk(&raw, buffer_bytes(&chunk));
    fuzz_seed("raw", buffer_bytes(&raw));
}
