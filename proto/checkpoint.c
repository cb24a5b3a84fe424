#include "proto/checkpoint.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define DASH               "\xE2\x80\x94 " /* U+2014 and a space begin a signature line */
#define KEY_HASH_BYTES     4
#define SIGNED_NOTE_BYTES  (KEY_HASH_BYTES + SIGNATURE_BYTES)
#define BASE64_CHARS(size) (((size) + 2) / 3 * 4)
#define ROOT_CHARS         BASE64_CHARS(SHA256_BYTES)
#define NOTE_CHARS         BASE64_CHARS(SIGNED_NOTE_BYTES)

/* A note taken apart. */
struct note {
    struct checkpoint checkpoint;
    struct bytes signed_text; /* what the signature is over */
    uint8_t key_hash[KEY_HASH_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
};

/* Visible ASCII without space or '+', as C2SP signed notes want key names. */
static bool origin_is_valid(struct bytes origin)
{
    if (origin.size == 0 || origin.size > HUB_ORIGIN_MAX) {
        return false;
    }
    for (size_t i = 0; i < origin.size; i++) {
        if (origin.data[i] <= ' ' || origin.data[i] >= 0x7F || origin.data[i] == '+') {
            return false;
        }
    }
    return true;
}

static void key_hash(const char *origin, const uint8_t public_key[static PUBLIC_KEY_BYTES],
                     uint8_t ret_hash[static KEY_HASH_BYTES])
{
    uint8_t message[HUB_ORIGIN_MAX + 2 + PUBLIC_KEY_BYTES];
    const size_t length = strnlen(origin, HUB_ORIGIN_MAX);
    memcpy(message, origin, length);
    message[length] = '\n';
    message[length + 1] = 0x01; /* Ed25519 */
    memcpy(message + length + 2, public_key, PUBLIC_KEY_BYTES);
    uint8_t hash[SHA256_BYTES];
    sha256(bytes_of(message, length + 2 + PUBLIC_KEY_BYTES), hash);
    memcpy(ret_hash, hash, KEY_HASH_BYTES);
}

static enum err write_text(const char *origin, const struct position *position, int64_t time_us,
                           struct buffer *text)
{
    char root[ROOT_CHARS + 1];
    (void)sodium_bin2base64(root, sizeof root, position->root.bytes, SHA256_BYTES,
                            sodium_base64_VARIANT_ORIGINAL);
    return buffer_printf(text, "%s\n%" PRIu64 "\n%s\ntime %" PRId64 "\n", origin, position->size,
                         root, time_us);
}

enum err checkpoint_sign(const char *origin, const struct position *position, int64_t time_us,
                         const struct signing_key *log_key, struct buffer *text)
{
    if (!origin_is_valid(bytes_of(origin, strlen(origin))) || time_us < 0) {
        return ERR_RANGE;
    }
    AUTO(buffer_close) struct buffer note = {.limit = CHECKPOINT_BYTES_MAX};
    enum err err = write_text(origin, position, time_us, &note);
    if (err != ERR_OK) {
        return err;
    }
    uint8_t line[SIGNED_NOTE_BYTES];
    key_hash(origin, signing_key_public(log_key), line);
    signing_key_sign(log_key, buffer_bytes(&note), line + KEY_HASH_BYTES);
    char encoded[NOTE_CHARS + 1];
    (void)sodium_bin2base64(encoded, sizeof encoded, line, sizeof line,
                            sodium_base64_VARIANT_ORIGINAL);
    err = buffer_printf(&note, "\n" DASH "%s %s\n", origin, encoded);
    return err != ERR_OK ? err : buffer_append(text, note.data, note.size);
}

/* Takes the next line off the text, without its newline. */
static bool take_line(struct bytes *text, struct bytes *ret_line)
{
    const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    if (end == NULL) {
        return false;
    }
    const size_t length = (size_t)(end - text->data);
    *ret_line = bytes_of(text->data, length);
    *text = bytes_of(end + 1, text->size - length - 1);
    return true;
}

static bool take_prefix(struct bytes *text, struct bytes prefix)
{
    if (text->size < prefix.size || memcmp(text->data, prefix.data, prefix.size) != 0) {
        return false;
    }
    *text = bytes_of(text->data + prefix.size, text->size - prefix.size);
    return true;
}

/* Digits only, no leading zero. */
static bool parse_number(struct bytes text, uint64_t *ret_number)
{
    if (text.size == 0 || (text.size > 1 && text.data[0] == '0')) {
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        const unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number)) {
            return false;
        }
    }
    *ret_number = number;
    return true;
}

/* Exactly size bytes, in the one form that encodes them. */
static bool parse_base64(struct bytes text, uint8_t *ret_bytes, size_t size)
{
    char again[NOTE_CHARS + 1];
    size_t length = 0;
    if (text.size != BASE64_CHARS(size) || text.size >= sizeof again ||
        sodium_base642bin(ret_bytes, size, (const char *)text.data, text.size, NULL, &length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        length != size) {
        return false;
    }
    (void)sodium_bin2base64(again, sizeof again, ret_bytes, size, sodium_base64_VARIANT_ORIGINAL);
    return memcmp(again, text.data, text.size) == 0;
}

static bool parse_head(struct bytes *rest, struct checkpoint *checkpoint)
{
    struct bytes line;
    uint64_t time_us = 0;
    if (!take_line(rest, &line) || !origin_is_valid(line)) {
        return false;
    }
    memcpy(checkpoint->origin, line.data, line.size);
    if (!take_line(rest, &line) || !parse_number(line, &checkpoint->position.size) ||
        !take_line(rest, &line) ||
        !parse_base64(line, checkpoint->position.root.bytes, SHA256_BYTES) ||
        !take_line(rest, &line) || !take_prefix(&line, bytes_of("time ", 5)) ||
        !parse_number(line, &time_us) || time_us > INT64_MAX) {
        return false;
    }
    checkpoint->time_us = (int64_t)time_us;
    return true;
}

static bool parse_signature(struct bytes *rest, struct note *note)
{
    struct bytes line;
    uint8_t decoded[SIGNED_NOTE_BYTES];
    const char *origin = note->checkpoint.origin;
    if (!take_line(rest, &line) || line.size != 0 || !take_line(rest, &line) || rest->size != 0 ||
        !take_prefix(&line, bytes_of(DASH, sizeof DASH - 1)) ||
        !take_prefix(&line, bytes_of(origin, strlen(origin))) ||
        !take_prefix(&line, bytes_of(" ", 1)) || !parse_base64(line, decoded, SIGNED_NOTE_BYTES)) {
        return false;
    }
    memcpy(note->key_hash, decoded, KEY_HASH_BYTES);
    memcpy(note->signature, decoded + KEY_HASH_BYTES, SIGNATURE_BYTES);
    return true;
}

static bool note_parse(struct bytes text, struct note *ret_note)
{
    struct note note = {.checkpoint = {.text = text}};
    struct bytes rest = text;
    if (text.size > CHECKPOINT_BYTES_MAX || !parse_head(&rest, &note.checkpoint)) {
        return false;
    }
    note.signed_text = bytes_of(text.data, text.size - rest.size);
    if (!parse_signature(&rest, &note)) {
        return false;
    }
    *ret_note = note;
    return true;
}

enum err checkpoint_parse(struct bytes text, struct checkpoint *ret_checkpoint)
{
    struct note note;
    if (!note_parse(text, &note)) {
        return ERR_MALFORMED;
    }
    *ret_checkpoint = note.checkpoint;
    return ERR_OK;
}

enum err checkpoint_verify(const struct checkpoint *checkpoint, const struct hub_identity *hub)
{
    struct note note;
    if (!note_parse(checkpoint->text, &note) || strcmp(note.checkpoint.origin, hub->origin) != 0 ||
        !position_equal(&note.checkpoint.position, &checkpoint->position) ||
        note.checkpoint.time_us != checkpoint->time_us) {
        return ERR_SIGNATURE;
    }
    for (size_t i = 0; i < hub->log_key_count && i < HUB_LOG_KEYS_MAX; i++) {
        uint8_t hash[KEY_HASH_BYTES];
        key_hash(hub->origin, hub->log_keys[i], hash);
        if (memcmp(hash, note.key_hash, KEY_HASH_BYTES) == 0 &&
            signature_verify(hub->log_keys[i], note.signed_text, note.signature) == ERR_OK) {
            return ERR_OK;
        }
    }
    return ERR_SIGNATURE;
}

bool position_equal(const struct position *a, const struct position *b)
{
    return a->size == b->size && memcmp(a->root.bytes, b->root.bytes, SHA256_BYTES) == 0;
}
