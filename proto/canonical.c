#include "proto/canonical.h"

#include "proto/limits.h"
#include "proto/text.h"

#include <assert.h>
#include <string.h>

/* What is left of the bytes. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

/* A message that is being filled: fields come in order of their numbers. */
struct filling {
    struct arena *arena;
    uint8_t *message;
    const ProtobufCFieldDescriptor *field; /* that is next or repeats */
    const ProtobufCFieldDescriptor *end;
    size_t rows; /* of that field so far */
    size_t room; /* for so many */
};

MUST_USE static enum err step_to(struct filling *filling, uint64_t number);
MUST_USE static enum err fill(struct filling *filling, uint64_t tag, struct reader *reader);
static bool read_long(struct reader *reader, uint64_t *ret_value);
MUST_USE static enum err take(struct arena *arena, size_t size, void *ret_memory);

/* In as few bytes as it takes; most take one. */
static inline bool read_varint(struct reader *reader, uint64_t *ret_value)
{
    if (reader->at < reader->end && *reader->at < 0x80) {
        *ret_value = *reader->at++;
        return true;
    }
    return read_long(reader, ret_value);
}

enum err canonical_unpack(const ProtobufCMessageDescriptor *descriptor, struct bytes raw,
                          struct arena *arena, ProtobufCMessage **ret_message)
{
    struct reader reader = {raw.data, raw.size == 0 ? raw.data : raw.data + raw.size};
    struct filling filling = {.arena = arena, .field = descriptor->fields};
    ProtobufCMessage *message = NULL;
    enum err err = take(arena, descriptor->sizeof_message, &message);
    if (err == ERR_OK) {
        descriptor->message_init(message);
        filling.message = (uint8_t *)message;
        filling.end = descriptor->n_fields == 0 ? filling.field /* none: NULL */
                                                : filling.field + descriptor->n_fields;
    }
    while (err == ERR_OK && reader.at < reader.end) {
        uint64_t tag = 0;
        err = read_varint(&reader, &tag) ? step_to(&filling, tag >> 3) : ERR_MALFORMED;
        err = err != ERR_OK ? err : fill(&filling, tag, &reader);
    }
    err = err != ERR_OK ? err : step_to(&filling, UINT64_MAX);
    if (err == ERR_OK) {
        *ret_message = message;
    }
    return err;
}

static enum err take(struct arena *arena, size_t size, void *ret_memory)
{
    void *memory = arena_take(arena, size);
    if (memory == NULL) {
        return arena_affords(arena, size) ? ERR_MEMORY : ERR_MALFORMED;
    }
    memcpy(ret_memory, &memory, sizeof memory);
    return ERR_OK;
}

/* On to the field of that number, which may be the same one if it repeats. UINT64_MAX: to the end.
 * Over a required one that is not there, nobody steps. */
static enum err step_to(struct filling *filling, uint64_t number)
{
    const ProtobufCFieldDescriptor *field = filling->field;
    for (; field < filling->end && field->id < number; field++) {
        if (field->label == PROTOBUF_C_LABEL_REQUIRED && filling->rows == 0) {
            return ERR_MALFORMED;
        }
        filling->rows = 0;
    }
    filling->field = field;
    if (number == UINT64_MAX) {
        return ERR_OK;
    }
    if (field == filling->end || field->id != number) {
        return ERR_MALFORMED; /* unknown, or out of order */
    }
    if (++filling->rows == 1) {
        return ERR_OK;
    }
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        return ERR_MALFORMED;
    }
    return filling->rows > REPEATED_ROWS_MAX ? ERR_TOO_LARGE : ERR_OK;
}

/* ---- values ---- */

static bool read_long(struct reader *reader, uint64_t *ret_value)
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

enum number {
    NUMBER_NONE, /* written with its length ahead */
    NUMBER_64,
    NUMBER_SIGNED_32, /* the sign goes on through all 64 bits */
    NUMBER_ZIGZAG_32,
    NUMBER_UNSIGNED_32,
    NUMBER_BOOL,
    NUMBER_ENUM,
};

/* How each type is written, and how much it takes in memory. Size 0: a type that the schema has
 * not. */
struct form {
    enum number number;
    size_t size;
};

static const struct form forms[] = {
    [PROTOBUF_C_TYPE_INT32] = {NUMBER_SIGNED_32, sizeof(int32_t)},
    [PROTOBUF_C_TYPE_SINT32] = {NUMBER_ZIGZAG_32, sizeof(int32_t)},
    [PROTOBUF_C_TYPE_INT64] = {NUMBER_64, sizeof(int64_t)},
    [PROTOBUF_C_TYPE_UINT32] = {NUMBER_UNSIGNED_32, sizeof(uint32_t)},
    [PROTOBUF_C_TYPE_UINT64] = {NUMBER_64, sizeof(uint64_t)},
    [PROTOBUF_C_TYPE_BOOL] = {NUMBER_BOOL, sizeof(protobuf_c_boolean)},
    [PROTOBUF_C_TYPE_ENUM] = {NUMBER_ENUM, sizeof(int)},
    [PROTOBUF_C_TYPE_STRING] = {NUMBER_NONE, sizeof(char *)},
    [PROTOBUF_C_TYPE_BYTES] = {NUMBER_NONE, sizeof(ProtobufCBinaryData)},
    [PROTOBUF_C_TYPE_MESSAGE] = {NUMBER_NONE, sizeof(ProtobufCMessage *)},
};
#define FORMS (sizeof forms / sizeof forms[0])

/* A value of at most 32 bits, at its place; the sign of one goes on through all 64. */
static enum err put_signed_32(uint64_t value, void *at)
{
    const int32_t number = (int32_t)(uint32_t)value;
    if ((uint64_t)(int64_t)number != value) {
        return ERR_MALFORMED;
    }
    memcpy(at, &number, sizeof number);
    return ERR_OK;
}

static enum err put_unsigned_32(uint64_t value, uint64_t most, void *at)
{
    const uint32_t number = (uint32_t)value;
    if (value > most) {
        return ERR_MALFORMED;
    }
    memcpy(at, &number, sizeof number);
    return ERR_OK;
}

static enum err put_enum(const ProtobufCEnumDescriptor *descriptor, uint64_t value, void *at)
{
    enum err err = put_signed_32(value, at);
    if (err != ERR_OK) {
        return err;
    }
    return protobuf_c_enum_descriptor_get_value(descriptor, (int)(int64_t)value) != NULL
               ? ERR_OK
               : ERR_MALFORMED;
}

static uint64_t without_zigzag(uint64_t value)
{
    return (value >> 1) ^ (0 - (value & 1));
}

static enum err fill_varint(const ProtobufCFieldDescriptor *field, struct reader *reader, void *at)
{
    static_assert(sizeof(protobuf_c_boolean) == sizeof(uint32_t), "a bool lies as 32 bits");
    uint64_t value = 0;
    if (!read_varint(reader, &value)) {
        return ERR_MALFORMED;
    }
    switch (forms[field->type].number) {
    case NUMBER_SIGNED_32:
        return put_signed_32(value, at);
    case NUMBER_ZIGZAG_32:
        return value > UINT32_MAX ? ERR_MALFORMED : put_signed_32(without_zigzag(value), at);
    case NUMBER_UNSIGNED_32:
        return put_unsigned_32(value, UINT32_MAX, at);
    case NUMBER_BOOL:
        return put_unsigned_32(value, 1, at);
    case NUMBER_ENUM:
        return put_enum(field->descriptor, value, at);
    case NUMBER_64:
        memcpy(at, &value, sizeof value);
        return ERR_OK;
    case NUMBER_NONE:
        break;
    }
    return ERR_MALFORMED;
}

static enum err fill_text(struct bytes text, struct arena *arena, void *at)
{
    if (text.size > TEXT_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    if (!text_is_utf8(text)) {
        return ERR_MALFORMED;
    }
    char *copy = NULL;
    enum err err = take(arena, text.size + 1, &copy);
    if (err == ERR_OK && text.size > 0) {
        memcpy(copy, text.data, text.size);
    }
    memcpy(at, &copy, sizeof copy);
    return err;
}

static enum err fill_bytes(struct bytes bytes, struct arena *arena, void *at)
{
    ProtobufCBinaryData copy = {.len = bytes.size};
    enum err err = bytes.size == 0 ? ERR_OK : take(arena, bytes.size, &copy.data);
    if (err == ERR_OK && bytes.size > 0) {
        memcpy(copy.data, bytes.data, bytes.size);
    }
    memcpy(at, &copy, sizeof copy);
    return err;
}

static enum err fill_prefixed(const ProtobufCFieldDescriptor *field, struct reader *reader,
                              struct arena *arena, void *at)
{
    uint64_t size = 0;
    if (!read_varint(reader, &size) || size > (size_t)(reader->end - reader->at)) {
        return ERR_MALFORMED;
    }
    const struct bytes value = bytes_of(reader->at, (size_t)size);
    reader->at += size;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) { /* no deeper than the schema */
        return canonical_unpack(field->descriptor, value, arena, at);
    }
    return field->type == PROTOBUF_C_TYPE_STRING ? fill_text(value, arena, at)
                                                 : fill_bytes(value, arena, at);
}

/* ---- rows ---- */

/* Rows of a field lie one behind the other: as many as begin with the same tag. What of them cannot
 * be read is told when they are filled. */
static size_t count_rows(uint64_t tag, struct reader reader)
{
    size_t count = 0;
    uint64_t number = tag;
    while (count < REPEATED_ROWS_MAX && number == tag) {
        count++;
        if (!read_varint(&reader, &number)) {
            break;
        }
        if ((tag & 7) == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
            if (number > (size_t)(reader.end - reader.at)) {
                break;
            }
            reader.at += number;
        }
        if (!read_varint(&reader, &number)) {
            break;
        }
    }
    return count;
}

/* Where the row that begins here belongs. */
static enum err row_at(struct filling *filling, uint64_t tag, const struct reader *reader,
                       void **ret_at)
{
    const ProtobufCFieldDescriptor *field = filling->field;
    uint8_t *rows = NULL;
    if (filling->rows == 1) {
        filling->room = count_rows(tag, *reader);
        enum err err = take(filling->arena, filling->room * forms[field->type].size, &rows);
        if (err != ERR_OK) {
            return err;
        }
        memcpy(filling->message + field->offset, &rows, sizeof rows);
    }
    assert(filling->rows <= filling->room);
    memcpy(&rows, filling->message + field->offset, sizeof rows);
    memcpy(filling->message + field->quantifier_offset, &filling->rows, sizeof filling->rows);
    *ret_at = rows + (filling->rows - 1) * forms[field->type].size;
    return ERR_OK;
}

static bool is_plain(const ProtobufCFieldDescriptor *field)
{
    const uint32_t special = PROTOBUF_C_FIELD_FLAG_PACKED | PROTOBUF_C_FIELD_FLAG_ONEOF;
    return (size_t)field->type < FORMS && forms[field->type].size > 0 &&
           (field->flags & special) == 0 && field->label != PROTOBUF_C_LABEL_NONE;
}

#define WIRE_NONE 8 /* which no tag says */

static unsigned wire_of(const ProtobufCFieldDescriptor *field)
{
    if (!is_plain(field)) {
        return WIRE_NONE;
    }
    return forms[field->type].number != NUMBER_NONE ? PROTOBUF_C_WIRE_TYPE_VARINT
                                                    : PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
}

static enum err fill(struct filling *filling, uint64_t tag, struct reader *reader)
{
    static const protobuf_c_boolean has = 1;
    const ProtobufCFieldDescriptor *field = filling->field;
    void *at = filling->message + field->offset;
    const unsigned wire = wire_of(field);
    if ((tag & 7) != wire) {
        return ERR_MALFORMED;
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        enum err err = row_at(filling, tag, reader, &at);
        if (err != ERR_OK) {
            return err;
        }
    } else if (field->quantifier_offset != 0) {
        memcpy(filling->message + field->quantifier_offset, &has, sizeof has);
    }
    return wire == PROTOBUF_C_WIRE_TYPE_VARINT ? fill_varint(field, reader, at)
                                               : fill_prefixed(field, reader, filling->arena, at);
}

bool canonical_covers(const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const bool is_in_order = i == 0 || descriptor->fields[i - 1].id < field->id;
        if (!is_in_order || !is_plain(field) || field->default_value != NULL ||
            (field->type == PROTOBUF_C_TYPE_MESSAGE && !canonical_covers(field->descriptor))) {
            return false;
        }
    }
    return descriptor->message_init != NULL;
}
