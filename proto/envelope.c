#include "proto/envelope.h"

#include "proto/limits.h"
#include "proto/record.h"

#include <string.h>

/* What makes a report's signature one of a report, and of nothing else that a key may sign. */
#define SIGNED_PREFIX      "ihuriro.v1 report\n"
#define SIGNED_PREFIX_SIZE (sizeof SIGNED_PREFIX - 1)
#define SIGNED_SIZE        (SIGNED_PREFIX_SIZE + SHA256_BYTES)

void report_id(struct bytes report, uint8_t ret_id[static SHA256_BYTES])
{
    sha256(report, ret_id);
}

static void signed_message(const uint8_t id[static SHA256_BYTES],
                           uint8_t ret_message[static SIGNED_SIZE])
{
    memcpy(ret_message, SIGNED_PREFIX, SIGNED_PREFIX_SIZE);
    memcpy(ret_message + SIGNED_PREFIX_SIZE, id, SHA256_BYTES);
}

void report_sign(const struct signing_key *key, const uint8_t id[static SHA256_BYTES],
                 uint8_t ret_signature[static SIGNATURE_BYTES])
{
    uint8_t message[SIGNED_SIZE];
    signed_message(id, message);
    signing_key_sign(key, bytes_of(message, sizeof message), ret_signature);
}

enum err report_signature_verify(const uint8_t signer[static PUBLIC_KEY_BYTES],
                                 const uint8_t id[static SHA256_BYTES],
                                 const uint8_t signature[static SIGNATURE_BYTES])
{
    uint8_t message[SIGNED_SIZE];
    signed_message(id, message);
    return signature_verify(signer, bytes_of(message, sizeof message), signature);
}

enum err envelope_make(const struct signing_key *key, struct bytes report, struct buffer *envelope)
{
    uint8_t id[SHA256_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
    report_id(report, id);
    report_sign(key, id, signature);
    return envelope_pack(report, signing_key_public(key), signature, envelope);
}

enum err envelope_pack(struct bytes report, const uint8_t signer[static PUBLIC_KEY_BYTES],
                       const uint8_t signature[static SIGNATURE_BYTES], struct buffer *envelope)
{
    if (report.size > REPORT_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    PbSignedReport message = IHURIRO__V1__SIGNED_REPORT__INIT;
    message.report = pb_of_bytes(report);
    message.signer = pb_of_bytes(bytes_of(signer, PUBLIC_KEY_BYTES));
    message.signature = pb_of_bytes(bytes_of(signature, SIGNATURE_BYTES));
    return message_pack(&message.base, envelope);
}

/* A report that is not canonical to this schema may be so to a newer one, which says its number. */
static enum err report_refusal(enum err err, struct bytes report, struct arena *arena)
{
    const PbReport *message = NULL;
    if (MESSAGE_UNPACK(report, MESSAGE_TOLERANT, report, arena, &message) == ERR_OK &&
        message->schema_version > SCHEMA_VERSION) {
        return ERR_UNSUPPORTED;
    }
    return err;
}

static enum err report_open(struct bytes report, enum message_mode mode, struct arena *arena,
                            const PbReport **ret_message)
{
    const PbReport *message = NULL;
    enum err err = MESSAGE_UNPACK(report, mode, report, arena, &message);
    if (err != ERR_OK) {
        return err == ERR_MEMORY ? err : report_refusal(err, report, arena);
    }
    if (mode == MESSAGE_CANONICAL && message->schema_version > SCHEMA_VERSION) {
        return ERR_UNSUPPORTED;
    }
    if (message->schema_version == 0 || !institution_id_is_valid(message->institution)) {
        return ERR_MALFORMED;
    }
    *ret_message = message;
    return ERR_OK;
}

enum err envelope_open(struct bytes raw, enum message_mode mode, struct arena *arena,
                       struct envelope *ret_envelope)
{
    if (raw.size > ENVELOPE_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    const PbSignedReport *message = NULL;
    enum err err = MESSAGE_UNPACK(signed_report, mode, raw, arena, &message);
    if (err != ERR_OK) {
        return err;
    }
    if (message->report.len > REPORT_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    if (message->signer.len != PUBLIC_KEY_BYTES || message->signature.len != SIGNATURE_BYTES) {
        return ERR_MALFORMED;
    }
    struct envelope envelope = {
        .raw = raw,
        .report = bytes_of_pb(message->report),
        .signer = message->signer.data,
        .signature = message->signature.data,
    };
    err = report_open(envelope.report, mode, arena, &envelope.message);
    if (err != ERR_OK) {
        return err;
    }
    report_id(envelope.report, envelope.id);
    *ret_envelope = envelope;
    return ERR_OK;
}

enum err envelope_verify(const struct envelope *envelope)
{
    return report_signature_verify(envelope->signer, envelope->id, envelope->signature);
}
