#include "proto/copy.h"

#include "proto/fields.h"

#include <string.h>

static enum err take(struct arena *arena, size_t size, void **ret_memory)
{
    void *memory = arena_take(arena, size);
    if (memory == NULL) {
        return arena_affords(arena, size) ? ERR_MEMORY : ERR_MALFORMED;
    }
    *ret_memory = memory;
    return ERR_OK;
}

static enum err copy_memory(const void *from, size_t size, struct arena *arena, void **ret_memory)
{
    enum err err = take(arena, size, ret_memory);
    if (err == ERR_OK && size > 0) {
        memcpy(*ret_memory, from, size);
    }
    return err;
}

static enum err copy_bytes(ProtobufCBinaryData *bytes, struct arena *arena)
{
    void *copy = NULL;
    enum err err = bytes->len == 0 ? ERR_OK : copy_memory(bytes->data, bytes->len, arena, &copy);
    bytes->data = copy;
    return err;
}

static enum err copy_text(char **text, struct arena *arena)
{
    void *copy = NULL;
    enum err err = *text == NULL ? ERR_OK : copy_memory(*text, strlen(*text) + 1, arena, &copy);
    *text = copy;
    return err;
}

static bool lies_elsewhere(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES ||
           field->type == PROTOBUF_C_TYPE_MESSAGE;
}

/* In place of the pointer at a value, one to a copy of its own. */
static enum err copy_value(const ProtobufCFieldDescriptor *field, void *at, struct arena *arena)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return copy_text(at, arena);
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        return copy_bytes(at, arena);
    }
    ProtobufCMessage **message = at;
    return *message == NULL ? ERR_OK : message_copy(*message, arena, message);
}

static enum err copy_rows(const ProtobufCFieldDescriptor *field, size_t count, void *at,
                          struct arena *arena)
{
    const size_t size = field_size(field);
    void **rows = at;
    enum err err = copy_memory(*rows, count * size, arena, rows);
    for (size_t i = 0; err == ERR_OK && i < count && lies_elsewhere(field); i++) {
        err = copy_value(field, (uint8_t *)*rows + i * size, arena);
    }
    return err;
}

enum err message_copy(const ProtobufCMessage *message, struct arena *arena,
                      ProtobufCMessage **ret_copy)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    void *memory = NULL;
    enum err err = copy_memory(message, descriptor->sizeof_message, arena, &memory);
    if (err != ERR_OK) {
        return err;
    }
    ProtobufCMessage *copy = memory;
    copy->n_unknown_fields = 0;
    copy->unknown_fields = NULL;
    const ProtobufCFieldDescriptor *end = descriptor->fields + descriptor->n_fields;
    for (const ProtobufCFieldDescriptor *at = descriptor->fields; at < end && err == ERR_OK; at++) {
        void *value = (uint8_t *)copy + at->offset;
        if (at->label != PROTOBUF_C_LABEL_REPEATED) {
            err = lies_elsewhere(at) ? copy_value(at, value, arena) : ERR_OK;
            continue;
        }
        const size_t count = field_count(copy, at);
        err = count > 0 ? copy_rows(at, count, value, arena) : ERR_OK;
    }
    if (err == ERR_OK) {
        *ret_copy = copy;
    }
    return err;
}

/* ---- comparing ---- */

static bool values_are_equal(const ProtobufCFieldDescriptor *field, const void *one,
                             const void *other)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return strcmp(*(const char *const *)one, *(const char *const *)other) == 0;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        return bytes_equal(bytes_of_pb(*(const ProtobufCBinaryData *)one),
                           bytes_of_pb(*(const ProtobufCBinaryData *)other));
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return messages_are_equal(*(const ProtobufCMessage *const *)one,
                                  *(const ProtobufCMessage *const *)other);
    }
    return memcmp(one, other, field_size(field)) == 0;
}

static bool fields_are_equal(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *one,
                             const ProtobufCMessage *other)
{
    const size_t count = field_count(one, field);
    const uint8_t *mine = (const uint8_t *)one + field->offset;
    const uint8_t *theirs = (const uint8_t *)other + field->offset;
    if (count != field_count(other, field)) {
        return false;
    }
    if (count > 0 && field->label == PROTOBUF_C_LABEL_REPEATED) {
        mine = *(const uint8_t *const *)(const void *)mine;
        theirs = *(const uint8_t *const *)(const void *)theirs;
    }
    for (size_t i = 0; i < count; i++) {
        if (!values_are_equal(field, mine + i * field_size(field),
                              theirs + i * field_size(field))) {
            return false;
        }
    }
    return true;
}

bool messages_are_equal(const ProtobufCMessage *one, const ProtobufCMessage *other)
{
    if (one->descriptor != other->descriptor) {
        return false;
    }
    for (unsigned i = 0; i < one->descriptor->n_fields; i++) {
        if (!fields_are_equal(&one->descriptor->fields[i], one, other)) {
            return false;
        }
    }
    return true;
}
