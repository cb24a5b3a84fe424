#include "proto/keys.h"

#include "proto/key_file.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <zmq.h>

/* The library takes it (since 4.3.0); its header names it for draft builds only. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

static_assert(PUBLIC_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519");
static_assert(PUBLIC_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "X25519");
static_assert(SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519");

#define SEED_BYTES crypto_sign_SEEDBYTES

enum err keys_init(void)
{
    if (sodium_init() < 0) {
        return ERR_UNSUPPORTED;
    }
#ifndef __SANITIZE_ADDRESS__ /* the leak checker has to look into the process */
    if (prctl(PR_SET_DUMPABLE, 0) != 0) {
        return ERR_UNSUPPORTED;
    }
#endif
    return ERR_OK;
}

/* ---- Ed25519 ---- */

struct signing_key {
    uint8_t secret[crypto_sign_SECRETKEYBYTES]; /* seed, then the public key */
    uint8_t public_key[PUBLIC_KEY_BYTES];
};

static const char *const kind_words[] = {
    [KEY_SIGNING] = "ihuriro-signing-key",
    [KEY_LOG] = "ihuriro-log-key",
    [KEY_AUTHORITY] = "ihuriro-authority-key",
};

void signing_key_close(struct signing_key **key)
{
    sodium_free(*key); /* wipes */
    *key = NULL;
}

enum err signing_key_make(struct signing_key **ret_key)
{
    struct signing_key *key = sodium_malloc(sizeof *key);
    if (key == NULL) {
        return ERR_MEMORY;
    }
    (void)crypto_sign_keypair(key->public_key, key->secret);
    *ret_key = key;
    return ERR_OK;
}

enum err signing_key_from_seed(const uint8_t seed[static 32], struct signing_key **ret_key)
{
    struct signing_key *key = sodium_malloc(sizeof *key);
    if (key == NULL) {
        return ERR_MEMORY;
    }
    (void)crypto_sign_seed_keypair(key->public_key, key->secret, seed);
    *ret_key = key;
    return ERR_OK;
}

static enum err not_a_key(const char *path, const char *word, struct complaint *complaint)
{
    return complain(complaint, ERR_KEY,
                    "The file %s does not hold a key of the kind that is wanted here (%s): check "
                    "the path, or put the file back from the copy that you keep.",
                    path, word);
}

/* What stands behind "WORD "; NULL if the line begins otherwise. */
static const char *after_word(const char *line, const char *word)
{
    const size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

enum err signing_key_read(const char *path, enum key_kind kind, struct complaint *complaint,
                          struct signing_key **ret_key)
{
    char line[KEY_LINE_MAX];
    enum err err = key_file_read(path, complaint, line);
    if (err != ERR_OK) {
        return err;
    }
    uint8_t seed[SEED_BYTES];
    const char *hex = after_word(line, kind_words[kind]);
    const bool is_key = hex != NULL && hex_decode(hex, seed, sizeof seed) == ERR_OK;
    sodium_memzero(line, sizeof line);
    err = is_key ? signing_key_from_seed(seed, ret_key)
                 : not_a_key(path, kind_words[kind], complaint);
    sodium_memzero(seed, sizeof seed);
    return err;
}

enum err signing_key_write(const struct signing_key *key, enum key_kind kind, const char *path,
                           struct complaint *complaint)
{
    char hex[2 * SEED_BYTES + 1];
    char line[KEY_LINE_MAX];
    hex_encode(bytes_of(key->secret, SEED_BYTES), hex);
    (void)snprintf(line, sizeof line, "%s %s", kind_words[kind], hex);
    enum err err = key_file_write(path, line, complaint);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(line, sizeof line);
    return err;
}

const uint8_t *signing_key_public(const struct signing_key *key)
{
    return key->public_key;
}

void signing_key_sign(const struct signing_key *key, struct bytes message,
                      uint8_t ret_signature[static SIGNATURE_BYTES])
{
    (void)crypto_sign_detached(ret_signature, NULL, message.data, message.size, key->secret);
}

enum err signature_verify(const uint8_t public_key[static PUBLIC_KEY_BYTES], struct bytes message,
                          const uint8_t signature[static SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(signature, message.data, message.size, public_key) == 0
               ? ERR_OK
               : ERR_SIGNATURE;
}

/* ---- X25519, for CURVE ---- */

#define TRANSPORT_WORD "ihuriro-transport-key"

struct transport_key {
    uint8_t secret[crypto_box_SECRETKEYBYTES];
    uint8_t public_key[PUBLIC_KEY_BYTES];
};

void transport_key_close(struct transport_key **key)
{
    sodium_free(*key);
    *key = NULL;
}

enum err transport_key_make(struct transport_key **ret_key)
{
    struct transport_key *key = sodium_malloc(sizeof *key);
    if (key == NULL) {
        return ERR_MEMORY;
    }
    (void)crypto_box_keypair(key->public_key, key->secret);
    *ret_key = key;
    return ERR_OK;
}

/* Two Z85 keys with a space between, the second of which is the secret of the first. */
static bool parse_pair(const char *pair, struct transport_key *key)
{
    char text[Z85_KEY_CHARS + 1] = {0};
    uint8_t derived[PUBLIC_KEY_BYTES];
    if (strlen(pair) != 2 * Z85_KEY_CHARS + 1 || pair[Z85_KEY_CHARS] != ' ') {
        return false;
    }
    memcpy(text, pair, Z85_KEY_CHARS);
    bool is_pair = transport_key_parse(text, key->public_key) == ERR_OK;
    memcpy(text, pair + Z85_KEY_CHARS + 1, Z85_KEY_CHARS);
    is_pair = is_pair && transport_key_parse(text, key->secret) == ERR_OK &&
              crypto_scalarmult_base(derived, key->secret) == 0 &&
              memcmp(derived, key->public_key, sizeof derived) == 0;
    sodium_memzero(text, sizeof text);
    return is_pair;
}

enum err transport_key_read(const char *path, struct complaint *complaint,
                            struct transport_key **ret_key)
{
    char line[KEY_LINE_MAX];
    enum err err = key_file_read(path, complaint, line);
    if (err != ERR_OK) {
        return err;
    }
    AUTO(transport_key_close) struct transport_key *key = sodium_malloc(sizeof *key);
    const char *pair = after_word(line, TRANSPORT_WORD);
    const bool is_key = key != NULL && pair != NULL && parse_pair(pair, key);
    sodium_memzero(line, sizeof line);
    if (key == NULL) {
        return ERR_MEMORY;
    }
    if (!is_key) {
        return not_a_key(path, TRANSPORT_WORD, complaint);
    }
    *ret_key = STEAL(key);
    return ERR_OK;
}

enum err transport_key_write(const struct transport_key *key, const char *path,
                             struct complaint *complaint)
{
    char public_text[Z85_KEY_CHARS + 1];
    char secret_text[Z85_KEY_CHARS + 1];
    char line[KEY_LINE_MAX];
    transport_key_z85(key->public_key, public_text);
    transport_key_z85(key->secret, secret_text);
    (void)snprintf(line, sizeof line, TRANSPORT_WORD " %s %s", public_text, secret_text);
    enum err err = key_file_write(path, line, complaint);
    sodium_memzero(secret_text, sizeof secret_text);
    sodium_memzero(line, sizeof line);
    return err;
}

const uint8_t *transport_key_public(const struct transport_key *key)
{
    return key->public_key;
}

void transport_key_z85(const uint8_t public_key[static PUBLIC_KEY_BYTES],
                       char ret_text[static Z85_KEY_CHARS + 1])
{
    const char *text = zmq_z85_encode(ret_text, public_key, PUBLIC_KEY_BYTES);
    assert(text != NULL); /* 32 is a multiple of 4 */
    (void)text;
}

enum err transport_key_parse(const char *z85, uint8_t ret_public_key[static PUBLIC_KEY_BYTES])
{
    uint8_t key[PUBLIC_KEY_BYTES];
    char again[Z85_KEY_CHARS + 1];
    if (strlen(z85) != Z85_KEY_CHARS || zmq_z85_decode(key, z85) == NULL) {
        return ERR_MALFORMED;
    }
    /* The decoder lets through what overflows a group of five. */
    transport_key_z85(key, again);
    const bool is_same = strcmp(again, z85) == 0;
    if (is_same) {
        memcpy(ret_public_key, key, sizeof key);
    }
    sodium_memzero(key, sizeof key);
    sodium_memzero(again, sizeof again);
    return is_same ? ERR_OK : ERR_MALFORMED;
}

struct socket_option {
    int option;
    const void *value;
    size_t size;
};

static enum err set_options(void *socket, const struct socket_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (zmq_setsockopt(socket, options[i].option, options[i].value, options[i].size) != 0) {
            return zmq_errno() == EINVAL ? ERR_UNSUPPORTED : ERR_NETWORK;
        }
    }
    return ERR_OK;
}

enum err transport_key_serve(const struct transport_key *key, const char *domain, void *socket)
{
    /* Without a domain that is enforced, libzmq lets everybody in who knows the server's key. */
    assert(domain[0] != '\0');
    const int yes = 1;
    const struct socket_option options[] = {
        {ZMQ_CURVE_SERVER, &yes, sizeof yes},
        {ZMQ_CURVE_SECRETKEY, key->secret, sizeof key->secret},
        {ZMQ_ZAP_DOMAIN, domain, strlen(domain)},
        {ZMQ_ZAP_ENFORCE_DOMAIN, &yes, sizeof yes},
    };
    return set_options(socket, options, sizeof options / sizeof options[0]);
}

enum err transport_key_connect(const struct transport_key *key,
                               const uint8_t server[static PUBLIC_KEY_BYTES], void *socket)
{
    const struct socket_option options[] = {
        {ZMQ_CURVE_SERVERKEY, server, PUBLIC_KEY_BYTES},
        {ZMQ_CURVE_PUBLICKEY, key->public_key, PUBLIC_KEY_BYTES},
        {ZMQ_CURVE_SECRETKEY, key->secret, sizeof key->secret},
    };
    return set_options(socket, options, sizeof options / sizeof options[0]);
}
