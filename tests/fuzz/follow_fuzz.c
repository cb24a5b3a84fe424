/* The reader's step function: what is put out was verified, and the cursor goes only where an
 * answer that starts at it leads. Answers come as they are, or made genuine around what the input
 * says: records, a checkpoint signed with the hub's key, numbers and positions as asked. */
#include "tests/fuzz/chunks.h"

#include "agents/client/follow.h"
#include "proto/frames.h"
#include "proto/merkle.h"

#define ORIGIN  "hub.test"
#define RECORDS 12

struct history {
    struct hash stored[4 * RECORDS];
    uint8_t headers[RECORDS][HEADER_BYTES];
    struct buffer bodies[RECORDS];
};

static struct history history;
static struct signing_key *log_key;
static struct hub_identity hub;

static enum err read_stored(void *context, uint64_t index, struct hash *ret_hash)
{
    (void)context;
    *ret_hash = history.stored[index];
    return ERR_OK;
}

static void add_record(uint64_t n)
{
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__Back back = IHURIRO__V1__BACK__INIT;
    uint8_t nonce[16] = {(uint8_t)n};
    struct hash leaf;
    struct hash fresh[64];
    size_t count = 0;
    struct header header = {.version = HEADER_VERSION,
                            .header_bytes = HEADER_BYTES,
                            .kind = KIND_BACK,
                            .seq = n + 1,
                            .institution = "A-1",
                            .received_at_us = 5,
                            .first_received_at_us = 5};
    event.time_us = 5;
    event.nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    event.subject = (char *)(uintptr_t) "A-1";
    event.back = &back;
    HOLD_OK(message_pack(&event.base, &history.bodies[n]));
    sha256(buffer_bytes(&history.bodies[n]), header.id);
    sha256(bytes_of("", 0), header.judgement_hash);
    header.body_bytes = (uint32_t)history.bodies[n].size;
    header_encode(&header, history.headers[n]);
    record_leaf_hash(bytes_of(history.headers[n], HEADER_BYTES), leaf.bytes);
    HOLD_OK(merkle_append(n, &leaf, read_stored, NULL, fresh, &count));
    memcpy(&history.stored[merkle_stored_count(n)], fresh, count * sizeof fresh[0]);
}

static void set_up(void)
{
    if (log_key != NULL) {
        return;
    }
    log_key = fuzz_key(200);
    strcpy(hub.origin, ORIGIN);
    memcpy(hub.log_keys[0], signing_key_public(log_key), PUBLIC_KEY_BYTES);
    hub.log_key_count = 1;
    for (uint64_t n = 0; n < RECORDS; n++) {
        add_record(n);
    }
}

static struct position position_at(uint64_t size)
{
    struct position position = {.size = size};
    HOLD_OK(merkle_root(size, read_stored, NULL, &position.root));
    return position;
}

/* ---- what was asked ---- */

struct asked {
    int verb;
    uint64_t number;
    struct position position;
};

static void hear(struct bytes frame, struct asked *ret_asked)
{
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__Fetch *fetch = NULL;
    const Ihuriro__V1__Older *older = NULL;
    struct bytes body;
    HOLD_OK(frame_open(frame, &ret_asked->verb, &body));
    const PbPosition *position = NULL;
    if (ret_asked->verb == VERB_FETCH) {
        HOLD_OK(message_unpack(verb_body(VERB_FETCH), MESSAGE_CANONICAL, body, &arena,
                               (const ProtobufCMessage **)(void *)&fetch));
        ret_asked->number = fetch->number;
        position = fetch->position;
    } else {
        HOLD(ret_asked->verb == VERB_OLDER);
        HOLD_OK(message_unpack(verb_body(VERB_OLDER), MESSAGE_CANONICAL, body, &arena,
                               (const ProtobufCMessage **)(void *)&older));
        ret_asked->number = older->number;
        position = older->cursor;
    }
    ret_asked->position = (struct position){.size = position->size};
    if (position->root.len == SHA256_BYTES) {
        memcpy(ret_asked->position.root.bytes, position->root.data, SHA256_BYTES);
    } else {
        merkle_empty(&ret_asked->position.root);
    }
}

/* ---- genuine answers, with what the input makes wrong ---- */

static PbPosition message_of(const struct position *position)
{
    PbPosition message = IHURIRO__V1__POSITION__INIT;
    message.size = position->size;
    message.root = pb_of_bytes(bytes_of(position->root.bytes, SHA256_BYTES));
    return message;
}

static void make_records(const struct asked *asked, struct input *input, struct buffer *frame)
{
    AUTO(buffer_close) struct buffer note = {0};
    Ihuriro__V1__Records message = IHURIRO__V1__RECORDS__INIT;
    Ihuriro__V1__RecordView views[RECORDS];
    Ihuriro__V1__RecordView *rows[RECORDS];
    uint8_t rights[SHA256_BYTES] = {input_byte(input)};
    struct position head = position_at(RECORDS);
    struct position to = position_at(input_byte(input) % (RECORDS + 1));
    uint8_t wrong = input_byte(input);
    HOLD_OK(checkpoint_sign(ORIGIN, &head, 7, log_key, &note));
    for (uint64_t n = asked->position.size; n < to.size; n++) {
        Ihuriro__V1__RecordView *view = &views[message.n_records];
        uint64_t which = (wrong & 1) ? input_byte(input) % RECORDS : n;
        *view = (Ihuriro__V1__RecordView)IHURIRO__V1__RECORD_VIEW__INIT;
        view->header = pb_of_bytes(bytes_of(history.headers[which], HEADER_BYTES));
        view->has_judgement = view->has_body = !(wrong & 2) || (n & 1);
        view->body = pb_of_bytes(buffer_bytes(&history.bodies[which]));
        rows[message.n_records++] = view;
    }
    PbPosition from = message_of(&asked->position);
    PbPosition reached = message_of(&to);
    from.size += wrong & 4;
    message.number = asked->number + ((wrong & 8) ? 1 : 0);
    message.from = &from;
    message.to = &reached;
    message.records = rows;
    message.checkpoint = pb_of_bytes(buffer_bytes(&note));
    message.rights = pb_of_bytes(bytes_of(rights, sizeof rights));
    message.head = head.size;
    HOLD_OK(frame_pack(VERB_RECORDS, &message.base, frame));
    if (wrong & 16) {
        frame->data[input_number(input, 2) % frame->size] ^= input_byte(input);
    }
}

static void make_lost(const struct asked *asked, struct buffer *frame)
{
    Ihuriro__V1__NotInHistory message = IHURIRO__V1__NOT_IN_HISTORY__INIT;
    PbPosition position = message_of(&asked->position);
    message.number = asked->number;
    message.position = &position;
    HOLD_OK(frame_pack(VERB_NOT_IN_HISTORY, &message.base, frame));
}

static void make_stands(const struct asked *asked, struct input *input, struct buffer *frame)
{
    Ihuriro__V1__Stands message = IHURIRO__V1__STANDS__INIT;
    struct position to = position_at(input_byte(input) % (RECORDS + 1));
    PbPosition cursor = message_of(&asked->position);
    PbPosition position = message_of(&to);
    message.number = asked->number;
    message.cursor = &cursor;
    message.position = &position;
    HOLD_OK(frame_pack(VERB_STANDS, &message.base, frame));
}

static void make_answer(const struct asked *asked, struct bytes chunk, struct buffer *frame)
{
    struct input input = {chunk.data, chunk.size};
    switch (input_byte(&input) % 4) {
    case 0:
        make_records(asked, &input, frame);
        break;
    case 1:
        make_lost(asked, frame);
        break;
    case 2:
        make_stands(asked, &input, frame);
        break;
    default:
        HOLD_OK(buffer_append(frame, input.at, input.left));
        break;
    }
}

/* ---- the promise ---- */

static void check_step(const struct follow_step *step, const struct cursor_state *cursor)
{
    if (step->kind == FOLLOW_REWIND) {
        HOLD(step->to.size == 0 || cursor_names(cursor, &step->to));
    }
    uint64_t last = cursor->position.size;
    for (size_t i = 0; step->kind == FOLLOW_RECORDS && i < step->count; i++) {
        const struct follow_record *record = &step->records[i];
        uint8_t hash[SHA256_BYTES];
        HOLD(record->header.seq > last && record->header.seq <= step->to.size);
        last = record->header.seq;
        if (record->body.data != NULL && record->header.kind != KIND_REPORT) {
            sha256(record->body, hash);
            HOLD(memcmp(hash, record->header.id, sizeof hash) == 0);
        }
    }
}

static void take(struct follow *follow, struct cursor_state *cursor, struct asked *asked,
                 struct bytes chunk)
{
    AUTO(buffer_close) struct buffer request = {0};
    AUTO(buffer_close) struct buffer answer = {0};
    struct complaint complaint = {{0}};
    struct follow_step step = {.kind = FOLLOW_NOTHING};
    struct cursor_state before = *cursor;
    if (follow_ask(follow, &request) == ERR_OK) {
        hear(buffer_bytes(&request), asked);
    }
    make_answer(asked, chunk, &answer);
    enum err err = follow_take(follow, buffer_bytes(&answer), &complaint, &step);
    HOLD(memcmp(&before, cursor, sizeof before) == 0 || before.is_bare || err == ERR_OK);
    if (err != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        follow_forget(follow);
        return;
    }
    check_step(&step, cursor);
    if (step.kind == FOLLOW_RECORDS || step.kind == FOLLOW_REWIND) {
        follow_apply(follow, &step);
        HOLD(position_equal(&cursor->position, &step.to));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct cursor_state cursor = {.older_count = 0};
    struct follow_options options = {.hub = &hub, .wait_ms = 1000};
    struct follow *follow = NULL;
    struct asked asked = {.verb = 0};
    set_up();
    struct bytes first = input_chunk(&input);
    if (first.size > 1 && first.data[0] % 4 == 1) {
        cursor.is_bare = true;
        cursor.position.size = first.data[1];
    }
    HOLD_OK(follow_make(&options, &cursor, &follow));
    if (first.size > 0 && first.data[0] % 4 == 2) {
        follow_from_end(follow);
    }
    for (int i = 0; input.left > 0 && i < 24; i++) {
        take(follow, &cursor, &asked, input_chunk(&input));
    }
    follow_close(&follow);
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
    static const size_t sizes[] = {2, 4, 4, 1, 2, 4};
    seed_row("forward", (const char *const[]){"\0\0", "\0\1\5\0", "\0\1\x0A\0"}, sizes, 3);
    seed_row("back",
             (const char *const[]){"\0\0", "\0\1\5\0", "\0\1\x0A\0", "\1", "\2\5", "\0\2\x0C\0"},
             sizes, 6);
    seed_row("bare", (const char *const[]){"\1\3", "\0\1\7\0", "\0\1\x0B\2"}, sizes, 3);
    seed_row("end", (const char *const[]){"\2\0", "\0\1\0\0", "\0\1\x0B\0"}, sizes, 3);
}
