/* The envelope: SignedReport {report bytes, signer, signature over "ihuriro.v1 report\n" || id}.
 * Never re-encoded. */
#ifndef IHURIRO_PROTO_ENVELOPE_H
#define IHURIRO_PROTO_ENVELOPE_H

#include "proto/keys.h"
#include "proto/messages.h"

/* An opened envelope. raw is a view of what was given; all else lives in the arena. */
struct envelope {
    struct bytes raw;    /* SignedReport */
    struct bytes report; /* Report */
    uint8_t id[SHA256_BYTES];
    const uint8_t *signer;    /* 32 bytes */
    const uint8_t *signature; /* 64 bytes */
    const PbReport *message;
};

/* id = SHA-256 of the report's bytes. */
void report_id(struct bytes report, uint8_t ret_id[static SHA256_BYTES]);
/* What is signed, from the id alone, so that a header can be verified without the body. */
void report_sign(const struct signing_key *key, const uint8_t id[static SHA256_BYTES],
                 uint8_t ret_signature[static SIGNATURE_BYTES]);
MUST_USE enum err report_signature_verify(const uint8_t signer[static PUBLIC_KEY_BYTES],
                                          const uint8_t id[static SHA256_BYTES],
                                          const uint8_t signature[static SIGNATURE_BYTES]);

/* Packs a signed envelope around report bytes. Appends to envelope. */
MUST_USE enum err envelope_make(const struct signing_key *key, struct bytes report,
                                struct buffer *envelope);
/* The same with a signature that is there already. */
MUST_USE enum err envelope_pack(struct bytes report, const uint8_t signer[static PUBLIC_KEY_BYTES],
                                const uint8_t signature[static SIGNATURE_BYTES],
                                struct buffer *envelope);

/* Opens both levels; MESSAGE_CANONICAL at ingest. Checks shapes and lengths, not the signature.
 * ERR_TOO_LARGE (ENV-11), ERR_MALFORMED or ERR_UNSUPPORTED (ENV-01; may_pass when a newer schema).
 */
MUST_USE enum err envelope_open(struct bytes raw, enum message_mode mode, struct arena *arena,
                                struct envelope *ret_envelope);
MUST_USE enum err envelope_verify(const struct envelope *envelope);

#endif
