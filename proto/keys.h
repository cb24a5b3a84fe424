/* Keys of the five kinds (DESIGN: hub transport, party transport, institution signing, hub log,
 * authority), never mixed.
 *
 * Secret keys live in sodium_malloc memory and in files of mode 0400 that hold one line:
 * "ihuriro-signing-key HEX" or "ihuriro-transport-key Z85PUBLIC Z85SECRET" or "ihuriro-log-key
 * HEX" or "ihuriro-authority-key HEX". Opening refuses links, other owners than the caller or root,
 * and group or other permission bits, with a complaint that says which and what to do. */
#ifndef IHURIRO_PROTO_KEYS_H
#define IHURIRO_PROTO_KEYS_H

#include "proto/bytes.h"

#define PUBLIC_KEY_BYTES 32
#define SIGNATURE_BYTES  64
#define Z85_KEY_CHARS    40

/* Once, before anything else: libsodium, and no core dumps with keys in them (PR_SET_DUMPABLE 0).
 */
MUST_USE enum err keys_init(void);

enum key_kind {
    KEY_SIGNING,   /* an institution's; signs reports */
    KEY_LOG,       /* the hub's; signs checkpoints */
    KEY_AUTHORITY, /* a regulator's; signs orders */
};

struct signing_key; /* Ed25519 secret key */

void signing_key_close(struct signing_key **key);
MUST_USE enum err signing_key_make(struct signing_key **ret_key);
/* Deterministic, for simulators and tests only. */
MUST_USE enum err signing_key_from_seed(const uint8_t seed[static 32],
                                        struct signing_key **ret_key);
MUST_USE enum err signing_key_read(const char *path, enum key_kind kind,
                                   struct complaint *complaint, struct signing_key **ret_key);
/* Creates the file (never overwrites: ERR_EXISTS), mode 0400, fsynced with its folder. */
MUST_USE enum err signing_key_write(const struct signing_key *key, enum key_kind kind,
                                    const char *path, struct complaint *complaint);
const uint8_t *
signing_key_public(const struct signing_key *key); /* 32 bytes, live as long as the key */
void signing_key_sign(const struct signing_key *key, struct bytes message,
                      uint8_t ret_signature[static SIGNATURE_BYTES]);
MUST_USE enum err signature_verify(const uint8_t public_key[static PUBLIC_KEY_BYTES],
                                   struct bytes message,
                                   const uint8_t signature[static SIGNATURE_BYTES]);

struct transport_key; /* CURVE: X25519 */

void transport_key_close(struct transport_key **key);
MUST_USE enum err transport_key_make(struct transport_key **ret_key);
MUST_USE enum err transport_key_read(const char *path, struct complaint *complaint,
                                     struct transport_key **ret_key);
MUST_USE enum err transport_key_write(const struct transport_key *key, const char *path,
                                      struct complaint *complaint);
const uint8_t *transport_key_public(const struct transport_key *key); /* 32 bytes */
void transport_key_z85(const uint8_t public_key[static PUBLIC_KEY_BYTES],
                       char ret_text[static Z85_KEY_CHARS + 1]);
MUST_USE enum err transport_key_parse(const char *z85,
                                      uint8_t ret_public_key[static PUBLIC_KEY_BYTES]);

/* CURVE on a ZeroMQ socket; the only socket calls in proto/. domain is the ZAP domain (enforced),
 * never empty. */
MUST_USE enum err transport_key_serve(const struct transport_key *key, const char *domain,
                                      void *socket);
MUST_USE enum err transport_key_connect(const struct transport_key *key,
                                        const uint8_t server[static PUBLIC_KEY_BYTES],
                                        void *socket);

/* What `mfi-hub init` prints as hub.pub and every client pins. */
#define HUB_LOG_KEYS_MAX 8
#define HUB_ORIGIN_MAX   64
struct hub_identity {
    char origin[HUB_ORIGIN_MAX + 1]; /* the name in checkpoints */
    uint8_t transport[PUBLIC_KEY_BYTES];
    uint8_t log_keys[HUB_LOG_KEYS_MAX][PUBLIC_KEY_BYTES];
    size_t log_key_count;
    bool is_test;
};

#endif
