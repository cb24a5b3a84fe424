#include "proto/sighting.h"

#include <string.h>

/* Numbers of report.proto. */
enum {
    FIELD_ENVELOPE_REPORT = 1,
    FIELD_REPORT_SIGNOFF = 13,
    FIELD_REPORT_NIL = 17,
    FIELD_SIGNOFF_LEVEL = 1,
};

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* One field of a message: its number, and its value or its bytes. */
struct token {
    uint64_t number;
    uint64_t value;
    struct bytes bytes;
};

static bool take_varint(struct bytes *left, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && left->size > 0; shift += 7) {
        uint8_t byte = *left->data++;
        left->size--;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct bytes *left, uint64_t size, struct bytes *ret_bytes)
{
    if (size > left->size) {
        return false;
    }
    *ret_bytes = bytes_of(left->data, (size_t)size);
    left->data += size;
    left->size -= (size_t)size;
    return true;
}

static bool take_token(struct bytes *left, struct token *ret_token)
{
    uint64_t tag = 0;
    uint64_t size = 0;
    if (!take_varint(left, &tag)) {
        return false;
    }
    *ret_token = (struct token){.number = tag >> 3};
    switch (tag & 7) {
    case WIRE_VARINT:
        return take_varint(left, &ret_token->value);
    case WIRE_64:
        return take_bytes(left, 8, &ret_token->bytes);
    case WIRE_32:
        return take_bytes(left, 4, &ret_token->bytes);
    case WIRE_BYTES:
        return take_varint(left, &size) && take_bytes(left, size, &ret_token->bytes);
    default:
        return false;
    }
}

static enum err level_of(struct bytes signoff, uint64_t *ret_level)
{
    while (signoff.size > 0) {
        struct token token;
        if (!take_token(&signoff, &token)) {
            return ERR_MALFORMED;
        }
        *ret_level = token.number == FIELD_SIGNOFF_LEVEL ? token.value : *ret_level;
    }
    return ERR_OK;
}

enum err sighting_facts(struct bytes raw, bool *ret_is_nil, bool *ret_is_approved)
{
    struct token token = {0};
    uint64_t level = 0;
    bool is_nil = false;
    if (!take_token(&raw, &token) || token.number != FIELD_ENVELOPE_REPORT) {
        return ERR_MALFORMED;
    }
    struct bytes report = token.bytes;
    while (report.size > 0) {
        if (!take_token(&report, &token)) {
            return ERR_MALFORMED;
        }
        if (token.number == FIELD_REPORT_NIL) {
            is_nil = token.value != 0;
        } else if (token.number == FIELD_REPORT_SIGNOFF) {
            enum err err = level_of(token.bytes, &level);
            if (err != ERR_OK) {
                return err;
            }
        }
    }
    *ret_is_nil = is_nil;
    *ret_is_approved = level == IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED;
    return ERR_OK;
}

void sighting_of_header(const struct header *header, struct sighting *ret_sighting)
{
    *ret_sighting = (struct sighting){
        .seq = header->seq,
        .kind = header->kind,
        .type = header->type,
        .frequency = header->frequency,
        .verdict = header->verdict,
        .status = header->status,
        .vintage = header->vintage,
        .end_day = header->period_end_day,
        .first_received_at_us = header->first_received_at_us,
    };
    memcpy(ret_sighting->id, header->id, SHA256_BYTES);
    memcpy(ret_sighting->institution, header->institution, sizeof ret_sighting->institution);
}
