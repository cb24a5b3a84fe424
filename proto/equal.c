#include "proto/equal.h"

#include "proto/fields.h"

#include <string.h>

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
