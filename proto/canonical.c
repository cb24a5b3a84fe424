#include "proto/canonical.h"

#include "proto/limits.h"
#include "proto/text.h"

#include <string.h>

/* What is left of the bytes. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

/* Where a message is in its schema: fields come in order of their numbers. */
struct place {
    const ProtobufCMessageDescriptor *descriptor;
    unsigned index; /* of the field that is next or repeats */
    size_t rows;    /* of that field so far */
};

static enum err step_to(struct place *place, uint64_t number);
static enum err check_value(const ProtobufCFieldDescriptor *field, unsigned wire,
                            struct reader *reader);
static bool read_varint(struct reader *reader, uint64_t *ret_value);

enum err canonical_check(const ProtobufCMessageDescriptor *descriptor, struct bytes raw)
{
    struct reader reader = {raw.data, raw.size == 0 ? raw.data : raw.data + raw.size};
    struct place place = {.descriptor = descriptor};
    enum err err = ERR_OK;
    while (err == ERR_OK && reader.at < reader.end) {
        uint64_t tag = 0;
        err = read_varint(&reader, &tag) ? step_to(&place, tag >> 3) : ERR_MALFORMED;
        if (err == ERR_OK) {
            err = check_value(&descriptor->fields[place.index], (unsigned)tag & 7, &reader);
        }
    }
    return err != ERR_OK ? err : step_to(&place, UINT64_MAX);
}

/* Past the field that is there, if it is; over a required one that is not, nobody steps. */
static enum err step_over(struct place *place)
{
    const ProtobufCFieldDescriptor *field = &place->descriptor->fields[place->index];
    if (field->label == PROTOBUF_C_LABEL_REQUIRED && place->rows == 0) {
        return ERR_MALFORMED;
    }
    place->index++;
    place->rows = 0;
    return ERR_OK;
}

/* On to the field of that number, which may be the same one if it repeats. UINT64_MAX: to the end.
 */
static enum err step_to(struct place *place, uint64_t number)
{
    const ProtobufCMessageDescriptor *descriptor = place->descriptor;
    while (place->index < descriptor->n_fields && descriptor->fields[place->index].id < number) {
        enum err err = step_over(place);
        if (err != ERR_OK) {
            return err;
        }
    }
    if (number == UINT64_MAX) {
        return ERR_OK;
    }
    if (place->index == descriptor->n_fields || descriptor->fields[place->index].id != number) {
        return ERR_MALFORMED; /* unknown, or out of order */
    }
    if (++place->rows == 1) {
        return ERR_OK;
    }
    if (descriptor->fields[place->index].label != PROTOBUF_C_LABEL_REPEATED) {
        return ERR_MALFORMED;
    }
    return place->rows > REPEATED_ROWS_MAX ? ERR_TOO_LARGE : ERR_OK;
}

/* ---- values ---- */

/* In as few bytes as it takes. */
static bool read_varint(struct reader *reader, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        const uint8_t byte = *reader->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *ret_value = value;
            return byte != 0 || shift == 0;
        }
    }
    return false;
}

enum range {
    RANGE_NONE, /* a type that the schema has not */
    RANGE_64,
    RANGE_SIGNED_32, /* the sign goes on through all 64 bits */
    RANGE_UNSIGNED_32,
    RANGE_BOOL,
};

/* How each type is written. */
struct form {
    unsigned wire;
    enum range range; /* of a varint */
    size_t size;      /* of a fixed one */
};

static const struct form forms[] = {
    [PROTOBUF_C_TYPE_INT32] = {PROTOBUF_C_WIRE_TYPE_VARINT, RANGE_SIGNED_32, 0},
    [PROTOBUF_C_TYPE_SINT32] = {PROTOBUF_C_WIRE_TYPE_VARINT, RANGE_UNSIGNED_32, 0},
    [PROTOBUF_C_TYPE_SFIXED32] = {PROTOBUF_C_WIRE_TYPE_32BIT, RANGE_NONE, 4},
    [PROTOBUF_C_TYPE_INT64] = {PROTOBUF_C_WIRE_TYPE_VARINT, RANGE_64, 0},
    [PROTOBUF_C_TYPE_SINT64] = {PROTOBUF_C_WIRE_TYPE_VARINT, RANGE_64, 0},
    [PROTOBUF_C_TYPE_SFIXED64] = {PROTOBUF_C_WIRE_TYPE_64BIT, RANGE_NONE, 8},
    [PROTOBUF_C_TYPE_UINT32] = {PROTOBUF_C_WIRE_TYPE_VARINT, RANGE_UNSIGNED_32, 0},
    [PROTOBUF_C_TYPE_FIXED32] = {PROTOBUF_C_WIRE_TYPE_32BIT, RANGE_NONE, 4},
    [PROTOBUF_C_TYPE_UINT64] = {PROTOBUF_C_WIRE_TYPE_VARINT, RANGE_64, 0},
    [PROTOBUF_C_TYPE_FIXED64] = {PROTOBUF_C_WIRE_TYPE_64BIT, RANGE_NONE, 8},
    [PROTOBUF_C_TYPE_FLOAT] = {PROTOBUF_C_WIRE_TYPE_32BIT, RANGE_NONE, 4},
    [PROTOBUF_C_TYPE_DOUBLE] = {PROTOBUF_C_WIRE_TYPE_64BIT, RANGE_NONE, 8},
    [PROTOBUF_C_TYPE_BOOL] = {PROTOBUF_C_WIRE_TYPE_VARINT, RANGE_BOOL, 0},
    [PROTOBUF_C_TYPE_ENUM] = {PROTOBUF_C_WIRE_TYPE_VARINT, RANGE_SIGNED_32, 0},
    [PROTOBUF_C_TYPE_STRING] = {PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, RANGE_NONE, 0},
    [PROTOBUF_C_TYPE_BYTES] = {PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, RANGE_NONE, 0},
    [PROTOBUF_C_TYPE_MESSAGE] = {PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, RANGE_NONE, 0},
};

static bool is_in_range(uint64_t value, enum range range)
{
    switch (range) {
    case RANGE_64:
        return true;
    case RANGE_SIGNED_32:
        return value <= INT32_MAX || value >= (uint64_t)(int64_t)INT32_MIN;
    case RANGE_UNSIGNED_32:
        return value <= UINT32_MAX;
    case RANGE_BOOL:
        return value <= 1;
    case RANGE_NONE:
        break;
    }
    return false;
}

static enum err check_varint(const ProtobufCFieldDescriptor *field, struct reader *reader)
{
    uint64_t value = 0;
    if (!read_varint(reader, &value) || !is_in_range(value, forms[field->type].range)) {
        return ERR_MALFORMED;
    }
    if (field->type != PROTOBUF_C_TYPE_ENUM) {
        return ERR_OK;
    }
    return protobuf_c_enum_descriptor_get_value(field->descriptor, (int)(int64_t)value) != NULL
               ? ERR_OK
               : ERR_MALFORMED;
}

static enum err check_text(struct bytes text)
{
    if (text.size > TEXT_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    return text_is_utf8(text) ? ERR_OK : ERR_MALFORMED;
}

static enum err check_prefixed(const ProtobufCFieldDescriptor *field, struct reader *reader)
{
    uint64_t size = 0;
    if (!read_varint(reader, &size) || size > (size_t)(reader->end - reader->at)) {
        return ERR_MALFORMED;
    }
    const struct bytes value = bytes_of(reader->at, (size_t)size);
    reader->at += size;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return canonical_check(field->descriptor, value); /* no deeper than the schema */
    }
    return field->type == PROTOBUF_C_TYPE_STRING ? check_text(value) : ERR_OK;
}

static enum err check_value(const ProtobufCFieldDescriptor *field, unsigned wire,
                            struct reader *reader)
{
    const struct form *form = &forms[field->type];
    if (wire != form->wire) {
        return ERR_MALFORMED;
    }
    if (form->range != RANGE_NONE) {
        return check_varint(field, reader);
    }
    if (form->size == 0) {
        return check_prefixed(field, reader);
    }
    if (form->size > (size_t)(reader->end - reader->at)) {
        return ERR_MALFORMED;
    }
    reader->at += form->size;
    return ERR_OK;
}

bool canonical_covers(const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const bool is_in_order = i == 0 || descriptor->fields[i - 1].id < field->id;
        const bool is_plain =
            (field->flags & (PROTOBUF_C_FIELD_FLAG_PACKED | PROTOBUF_C_FIELD_FLAG_ONEOF)) == 0 &&
            field->label != PROTOBUF_C_LABEL_NONE && field->default_value == NULL;
        if (!is_in_order || !is_plain ||
            (field->type == PROTOBUF_C_TYPE_MESSAGE && !canonical_covers(field->descriptor))) {
            return false;
        }
    }
    return true;
}
