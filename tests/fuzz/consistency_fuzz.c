/* `mfi-verify consistency` and what mfi-pull keeps of a proof: both say the same of the same bytes,
 * and a history is called consistent only when its proof is the true one. */
#include "tests/fuzz/fuzz.h"

#include "agents/pull/pull_talk.h"
#include "agents/verify/verify.h"
#include "proto/merkle.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    if (input_byte(&input) % 2 == 0) {
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
    fuzz_seed("declared", bytes_of("\x01\x06\x1D\1\3abcdefgh", 13));
}
