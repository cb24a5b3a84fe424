/* `mfi-verify consistency` and what mfi-pull keeps of a proof: both say the same of the same bytes,
 * and a history is called consistent only when its proof is the true one. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/starve.h"

#include "agents/pull/pull_talk.h"
#include "agents/verify/verify.h"
#include "proto/merkle.h"
#include "proto/record.h"

#define ORIGIN  "hub.test"
#define RECORDS 40

static struct hash stored[4 * RECORDS];
static struct signing_key *log_key;
static struct hub_identity hub;

static enum err read_stored(void *context, uint64_t index, struct hash *ret_hash)
{
    (void)context;
    *ret_hash = stored[index];
    return ERR_OK;
}

static void set_up(void)
{
    for (uint64_t n = 0; log_key == NULL && n < RECORDS; n++) {
        uint8_t byte = (uint8_t)n;
        struct hash leaf;
        struct hash fresh[64];
        size_t count = 0;
        merkle_leaf(bytes_of(&byte, 1), &leaf);
        HOLD_OK(merkle_append(n, &leaf, read_stored, NULL, fresh, &count));
        memcpy(&stored[merkle_stored_count(n)], fresh, count * sizeof fresh[0]);
    }
    if (log_key == NULL) {
        log_key = fuzz_key(200);
        strcpy(hub.origin, ORIGIN);
        memcpy(hub.log_keys[0], signing_key_public(log_key), PUBLIC_KEY_BYTES);
        hub.log_key_count = 1;
    }
}

static void sign(uint64_t size, uint8_t fork, struct buffer *note)
{
    struct position position = {.size = size};
    HOLD_OK(merkle_root(size, read_stored, NULL, &position.root));
    position.root.bytes[0] ^= fork;
    HOLD_OK(checkpoint_sign(ORIGIN, &position, (int64_t)(5 + size), log_key, note));
}

/* Returns what mfi-verify says. is_whole: both signatures in the file are genuine, so that
 * mfi-pull, which looks at both, must say the same. */
static enum err take(struct bytes from, struct bytes file, bool is_whole)
{
    AUTO(statement_close) struct statement *statement = NULL;
    AUTO(buffer_close) struct buffer text = {0};
    struct complaint complaint = {{0}};
    uint64_t declared = 0;
    for (struct starving starving = starving_of(file); starving_next(&starving);) {
        AUTO(statement_close) struct statement *starved = NULL;
        if (statement_make("consistency", &starved) == ERR_OK) {
            (void)verify_consistency(from, file, &hub, starved, &complaint);
        }
        (void)pull_proof_check(file, from, &hub, &complaint, &declared);
    }
    complaint.text[0] = '\0';
    HOLD_OK(statement_make("consistency", &statement));
    enum err err = verify_consistency(from, file, &hub, statement, &complaint);
    HOLD(err == ERR_OK || complaint.text[0] != '\0');
    HOLD_OK(statement_print(statement, err == ERR_OK, complaint.text, true, &text));
    enum err pulled = pull_proof_check(file, from, &hub, &complaint, &declared);
    HOLD(!is_whole || err != ERR_OK || pulled == ERR_OK);
    return err;
}

/* Signed checkpoints of any sizes, with the proof from the input or the true one. */
static void take_made(struct input *input)
{
    AUTO(buffer_close) struct buffer from = {0};
    AUTO(buffer_close) struct buffer to = {0};
    AUTO(buffer_close) struct buffer file = {0};
    Ihuriro__V1__Proof message = IHURIRO__V1__PROOF__INIT;
    struct proof proof = {.count = 0};
    uint64_t old_size = 1 + input_byte(input) % RECORDS;
    uint64_t size = 1 + input_byte(input) % RECORDS;
    uint8_t fork = input_byte(input);
    uint8_t how = input_byte(input);
    sign(old_size, fork, &from);
    sign(size, 0, &to);
    if (old_size <= size) {
        HOLD_OK(merkle_prove_consistency(old_size, size, read_stored, NULL, &proof));
    }
    struct bytes given = input_rest(input);
    bool is_true = (how & 1) == 0 && fork == 0 && old_size <= size;
    message.from = pb_of_bytes(buffer_bytes(&from));
    message.to = pb_of_bytes(buffer_bytes(&to));
    message.has_consistency = 1;
    message.consistency = pb_of_bytes((how & 1) == 0 ? proof_bytes(&proof) : given);
    Ihuriro__V1__RecordView view = IHURIRO__V1__RECORD_VIEW__INIT;
    if (how & 2) {
        view.header = pb_of_bytes(given);
        view.has_body = 1;
        view.body = pb_of_bytes(given);
        message.declared = &view;
    }
    HOLD_OK(message_pack(&message.base, &file));
    enum err err = take(buffer_bytes(&from), buffer_bytes(&file), true);
    HOLD(!is_true || (how & 2) || err == ERR_OK);
    bool is_same = bytes_equal(given, proof_bytes(&proof)) || (how & 1) == 0;
    HOLD(err != ERR_OK || (fork == 0 && is_same && old_size <= size));
}

/* ---- a fork that the hub declared ---- */

enum declared {
    DECLARED_RESTORED, /* else HISTORY_LOST */
    DECLARED_NOTHING,
    DECLARED_NO_BODY,
    DECLARED_NO_JUDGEMENT,
    DECLARED_NO_PROOF,
    DECLARED_WRONG_PROOF,
    DECLARED_BEHIND_END,
    DECLARED_SIGNED_BY_NOBODY,
    DECLARED_CHANGED,
    DECLARED_EARLY,
    DECLARED_TEST,
    DECLARED_NO_PART,
    DECLARED_SHORT_PROOF,
};
#define IS(how, what) (((how) >> (what)) & 1)

static void make_event(unsigned how, uint64_t size, struct buffer *event)
{
    AUTO(buffer_close) struct buffer note = {0};
    struct signing_key *nobody = fuzz_key(201);
    PbEvent message = IHURIRO__V1__EVENT__INIT;
    PbPosition survived = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Restored restored = IHURIRO__V1__RESTORED__INIT;
    Ihuriro__V1__HistoryLost history_lost = IHURIRO__V1__HISTORY_LOST__INIT;
    struct position position = {.size = size};
    survived.size = size;
    survived.root = pb_of_bytes(bytes_of(position.root.bytes, SHA256_BYTES));
    restored.survived = IS(how, DECLARED_NO_PART) ? NULL : &survived;
    HOLD_OK(checkpoint_sign(ORIGIN, &position, 5,
                            IS(how, DECLARED_SIGNED_BY_NOBODY) ? nobody : log_key, &note));
    history_lost.checkpoint =
        pb_of_bytes(IS(how, DECLARED_NO_PART) ? bytes_of("x", 1) : buffer_bytes(&note));
    message.time_us = 5;
    message.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    if (!IS(how, DECLARED_NOTHING)) {
        message.restored = IS(how, DECLARED_RESTORED) ? &restored : NULL;
        message.history_lost = IS(how, DECLARED_RESTORED) ? NULL : &history_lost;
    }
    HOLD_OK(message_pack(&message.base, event));
    signing_key_close(&nobody);
}

static void make_header(unsigned how, struct bytes event, uint64_t seq,
                        uint8_t encoded[static HEADER_BYTES])
{
    struct header header = {.version = HEADER_VERSION,
                            .header_bytes = HEADER_BYTES,
                            .kind = IS(how, DECLARED_RESTORED) ? KIND_RESTORED : KIND_HISTORY_LOST,
                            .seq = IS(how, DECLARED_BEHIND_END) ? 4 * RECORDS : seq,
                            .verdict = VERDICT_NONE,
                            .received_at_us = IS(how, DECLARED_EARLY) ? 5 : INT64_C(86400000000),
                            .first_received_at_us = 5,
                            .body_bytes = (uint32_t)event.size};
    sha256((struct bytes){0}, header.judgement_hash);
    sha256(event, header.id);
    header_encode(&header, encoded);
}

/* The checkpoint of a fork; the record that speaks of it is the last of the journal. */
static void take_declared(struct input *input)
{
    AUTO(buffer_close) struct buffer from = {0};
    AUTO(buffer_close) struct buffer to = {0};
    AUTO(buffer_close) struct buffer file = {0};
    AUTO(buffer_close) struct buffer event = {0};
    uint8_t encoded[HEADER_BYTES];
    struct hash kept[4 * RECORDS];
    struct hash fresh[64];
    struct hash leaf;
    struct proof proof;
    size_t count = 0;
    unsigned how = (unsigned)input_number(input, 2);
    uint64_t old_size = 1 + input_byte(input) % RECORDS;
    uint64_t seq = 1 + input_byte(input) % RECORDS;
    Ihuriro__V1__Proof message = IHURIRO__V1__PROOF__INIT;
    Ihuriro__V1__RecordView view = IHURIRO__V1__RECORD_VIEW__INIT;
    memcpy(kept, stored, sizeof kept);
    make_event(how, input_byte(input), &event);
    make_header(how, buffer_bytes(&event), seq, encoded);
    record_leaf_hash(bytes_of(encoded, HEADER_BYTES), leaf.bytes);
    HOLD_OK(merkle_append(seq - 1, &leaf, read_stored, NULL, fresh, &count));
    memcpy(&stored[merkle_stored_count(seq - 1)], fresh, count * sizeof fresh[0]);
    sign(old_size < seq ? old_size : seq, 1, &from);
    sign(seq, 0, &to);
    HOLD_OK(merkle_prove_inclusion(seq - 1, seq, read_stored, NULL, &proof));
    proof.hashes[0].bytes[0] ^= IS(how, DECLARED_WRONG_PROOF);
    encoded[HEADER_BYTES - 1] ^= IS(how, DECLARED_CHANGED);
    view.header = pb_of_bytes(bytes_of(encoded, HEADER_BYTES));
    view.has_body = !IS(how, DECLARED_NO_BODY);
    view.body = pb_of_bytes(buffer_bytes(&event));
    view.has_judgement = !IS(how, DECLARED_NO_JUDGEMENT);
    view.has_proof = !IS(how, DECLARED_NO_PROOF);
    view.proof = pb_of_bytes(proof_bytes(&proof));
    view.proof.len -= IS(how, DECLARED_SHORT_PROOF) && view.proof.len > 0;
    message.from = pb_of_bytes(buffer_bytes(&from));
    message.to = pb_of_bytes(buffer_bytes(&to));
    message.declared = &view;
    HOLD_OK(message_pack(&message.base, &file));
    hub.is_test = IS(how, DECLARED_TEST);
    (void)take(buffer_bytes(&from), buffer_bytes(&file), true);
    hub.is_test = false;
    memcpy(stored, kept, sizeof kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    uint8_t op = input_byte(&input);
    if (op == 2) {
        take_declared(&input);
    } else if (op % 2 == 0) {
        struct bytes from = input_chunk(&input);
        (void)take(from, input_rest(&input), false);
    } else {
        take_made(&input);
    }
    return 0;
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer from = {0};
    AUTO(buffer_close) struct buffer to = {0};
    AUTO(buffer_close) struct buffer seed = {0};
    Ihuriro__V1__Proof message = IHURIRO__V1__PROOF__INIT;
    struct proof proof;
    set_up();
    sign(7, 0, &from);
    sign(30, 0, &to);
    HOLD_OK(merkle_prove_consistency(7, 30, read_stored, NULL, &proof));
    message.from = pb_of_bytes(buffer_bytes(&from));
    message.to = pb_of_bytes(buffer_bytes(&to));
    message.has_consistency = 1;
    message.consistency = pb_of_bytes(proof_bytes(&proof));
    put_byte(&seed, 0);
    put_chunk(&seed, buffer_bytes(&from));
    HOLD_OK(message_pack(&message.base, &seed));
    fuzz_seed("raw", buffer_bytes(&seed));
    fuzz_seed("made", bytes_of("\x01\x06\x1D\0\0", 5));
    fuzz_seed("fork", bytes_of("\x01\x06\x1D\1\0", 5));
    static const uint8_t hows[][2] = {
        {0, 0}, {0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {0, 32}, {0, 64}, {0, 128}, {1, 0},
        {2, 0}, {2, 1}, {4, 0}, {4, 1}, {6, 1}, {6, 0},  {8, 0},  {8, 1},  {16, 0},  {16, 1},
    };
    for (size_t i = 0; i < 2 * sizeof hows / sizeof hows[0]; i++) {
        char name[32];
        uint8_t size = i < sizeof hows / sizeof hows[0] ? 6 : 30;
        uint8_t declared[] = {2, hows[i / 2][0], hows[i / 2][1], 11, 29, i % 2 ? 3 : 12};
        declared[5] = i % 2 ? size : 12;
        (void)snprintf(name, sizeof name, "declared-%zu", i);
        fuzz_seed(name, bytes_of(declared, sizeof declared));
    }
    fuzz_seed("declared", bytes_of("\x01\x06\x1D\1\3abcdefgh", 13));
}
