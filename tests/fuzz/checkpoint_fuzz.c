/* Signed notes: what parses says, signed again, the same text; the signature is good if, and only
 * if, it is the pinned key's over that text. The harness signs changed texts with the pinned key.
 */
#include "tests/fuzz/fuzz.h"

#include <sodium.h>

#include "proto/checkpoint.h"
#include "proto/limits.h"

#define ORIGIN "hub.test"

static struct signing_key *key;
static struct hub_identity hub;

static void set_up(void)
{
    if (key == NULL) {
        key = fuzz_key(200);
        strcpy(hub.origin, ORIGIN);
        memcpy(hub.log_keys[0], signing_key_public(key), PUBLIC_KEY_BYTES);
        hub.log_key_count = 1;
    }
}

/* Is it what the pinned key would have written? Ed25519 is deterministic. */
static bool is_ours(const struct checkpoint *checkpoint, struct bytes note)
{
    AUTO(buffer_close) struct buffer again = {0};
    HOLD_OK(checkpoint_sign(ORIGIN, &checkpoint->position, checkpoint->time_us, key, &again));
    return bytes_equal(note, buffer_bytes(&again));
}

static void take(struct bytes note)
{
    struct checkpoint checkpoint = {0};
    AUTO(buffer_close) struct buffer again = {0};
    if (checkpoint_parse(note, &checkpoint) != ERR_OK) {
        HOLD(checkpoint.text.data == NULL);
        return;
    }
    HOLD(note.size <= CHECKPOINT_BYTES_MAX);
    HOLD_OK(
        checkpoint_sign(checkpoint.origin, &checkpoint.position, checkpoint.time_us, key, &again));
    const uint8_t *end = memmem(again.data, again.size, "\n\n", 2);
    size_t body = (size_t)(end - again.data) + 2;
    HOLD(note.size >= body && memcmp(note.data, again.data, body) == 0);
    enum err err = checkpoint_verify(&checkpoint, &hub);
    HOLD((err == ERR_OK) == is_ours(&checkpoint, note));
}

/* The text before the blank line comes from the input; the signature line is made here. */
static void take_signed(struct bytes body)
{
    AUTO(buffer_close) struct buffer note = {0};
    uint8_t message[sizeof ORIGIN + 1 + PUBLIC_KEY_BYTES] = ORIGIN "\n\x01";
    uint8_t hash[SHA256_BYTES];
    uint8_t line[4 + SIGNATURE_BYTES];
    char text[128];
    memcpy(message + sizeof ORIGIN + 1, signing_key_public(key), PUBLIC_KEY_BYTES);
    sha256(bytes_of(message, sizeof message), hash);
    memcpy(line, hash, 4);
    signing_key_sign(key, body, line + 4);
    sodium_bin2base64(text, sizeof text, line, sizeof line, sodium_base64_VARIANT_ORIGINAL);
    HOLD_OK(buffer_append(&note, body.data, body.size));
    HOLD_OK(buffer_printf(&note, "\n\xE2\x80\x94 %s %s\n", ORIGIN, text));
    struct checkpoint checkpoint;
    if (checkpoint_parse(buffer_bytes(&note), &checkpoint) == ERR_OK &&
        strcmp(checkpoint.origin, ORIGIN) == 0) {
        HOLD_OK(checkpoint_verify(&checkpoint, &hub));
    }
    take(buffer_bytes(&note));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    if (input_byte(&input) % 2 == 0) {
        take(input_rest(&input));
    } else {
        take_signed(input_rest(&input));
    }
    return 0;
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer note = {0};
    AUTO(buffer_close) struct buffer body = {0};
    struct position position = {.size = 1234567};
    set_up();
    memset(position.root.bytes, 0x5A, sizeof position.root.bytes);
    put_byte(&note, 'r' & ~1);
    HOLD_OK(checkpoint_sign(ORIGIN, &position, INT64_C(1593764100000000), key, &note));
    fuzz_seed("raw", buffer_bytes(&note));
    const uint8_t *end = memmem(note.data, note.size, "\n\n", 2);
    put_byte(&body, 's');
    HOLD_OK(buffer_append(&body, note.data + 1, (size_t)(end - note.data)));
    fuzz_seed("signed", buffer_bytes(&body));
}
