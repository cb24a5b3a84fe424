/* A message grown from the input by reflection: whatever the bytes, it keeps to its schema, so that
 * what lies behind the parser is reached. Lives in the arena. */
#ifndef IHURIRO_TESTS_FUZZ_GROW_H
#define IHURIRO_TESTS_FUZZ_GROW_H

#include "tests/fuzz/fuzz.h"

#define GROW_DEPTH_MAX 6
#define GROW_ROWS_MAX  5

static inline ProtobufCMessage *grow_message(const ProtobufCMessageDescriptor *descriptor,
                                             struct input *input, struct arena *arena,
                                             unsigned depth);

static inline void *grow_take(struct arena *arena, size_t size)
{
    void *taken = arena_take(arena, size + 1);
    HOLD(taken != NULL);
    return taken;
}

/* Small ones, powers of two, or any: sums shall sometimes fit, and sometimes overflow. */
static inline int64_t grow_number(struct input *input)
{
    uint8_t how = input_byte(input);
    if (how < 128) {
        return how;
    }
    if (how < 192) {
        return (int64_t)input_number(input, 2);
    }
    return how < 224 ? (int64_t)(UINT64_C(1) << (how % 64)) : (int64_t)input_number(input, 8);
}

static inline char *grow_text(struct input *input, struct arena *arena)
{
    static const char *const words[] = {
        "RWF",     "A-1",           "B-1",       "M1",
        "2020-06", "2020-06-30",    "2020-W1",   "2020-Q2",
        "USACCO",  "portfolio.glp", "KIGALI",    "L01",
        "AGRI",    "0788123456",    "portfolio", "portfolio.aging[1].outstanding",
        "F",       "caf\xC3\xA9"};
    uint8_t how = input_byte(input);
    if (how < 128) {
        const char *word = words[how % (sizeof words / sizeof words[0])];
        return strcpy(grow_take(arena, strlen(word) + 1), word);
    }
    struct bytes bytes = input_take(input, how % 32);
    char *text = grow_take(arena, bytes.size + 1);
    for (size_t i = 0; i < bytes.size; i++) {
        text[i] = (char)(bytes.data[i] % 95 + 32);
    }
    return text;
}

static inline void grow_bytes(struct input *input, struct arena *arena, ProtobufCBinaryData *at)
{
    static const size_t sizes[] = {0, 16, 32, 32, 64, 16, 3, 32};
    size_t size = sizes[input_byte(input) % 8];
    uint8_t *data = grow_take(arena, size);
    struct bytes given = input_take(input, size);
    if (given.size > 0) {
        memcpy(data, given.data, given.size);
    }
    *at = (ProtobufCBinaryData){size, data};
}

static inline void grow_value(const ProtobufCFieldDescriptor *field, struct input *input,
                              struct arena *arena, unsigned depth, void *at)
{
    int64_t number = 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)at = grow_message(field->descriptor, input, arena, depth + 1);
        return;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)at = grow_text(input, arena);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        grow_bytes(input, arena, at);
        return;
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumDescriptor *names = field->descriptor;
        *(int *)at = names->values[input_byte(input) % names->n_values].value;
        return;
    }
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)at = input_byte(input) & 1;
        return;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        number = grow_number(input);
        memcpy(at, &number, 8);
        return;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        number = grow_number(input);
        memcpy(at, &number, 4);
        return;
    }
}

static inline size_t grow_size(const ProtobufCFieldDescriptor *field)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return sizeof(int);
    default:
        return sizeof(int64_t);
    }
}

static inline void grow_rows(const ProtobufCFieldDescriptor *field, struct input *input,
                             struct arena *arena, unsigned depth, uint8_t *message)
{
    size_t count = input_byte(input) % (GROW_ROWS_MAX + 1);
    size_t size = grow_size(field);
    uint8_t *rows = grow_take(arena, count * size);
    for (size_t i = 0; i < count; i++) {
        grow_value(field, input, arena, depth, rows + i * size);
    }
    *(void **)(message + field->offset) = rows;
    memcpy(message + field->quantifier_offset, &count, sizeof count);
}

static inline ProtobufCMessage *grow_message(const ProtobufCMessageDescriptor *descriptor,
                                             struct input *input, struct arena *arena,
                                             unsigned depth)
{
    uint8_t *message = grow_take(arena, descriptor->sizeof_message);
    descriptor->message_init((ProtobufCMessage *)(void *)message);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        bool is_wanted = field->label == PROTOBUF_C_LABEL_REQUIRED || (input_byte(input) & 1);
        bool is_deep = field->type == PROTOBUF_C_TYPE_MESSAGE && depth >= GROW_DEPTH_MAX;
        if (!is_wanted || (is_deep && field->label != PROTOBUF_C_LABEL_REQUIRED)) {
            continue;
        }
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            grow_rows(field, input, arena, depth, message);
            continue;
        }
        grow_value(field, input, arena, depth, message + field->offset);
        bool has_flag = field->label == PROTOBUF_C_LABEL_OPTIONAL &&
                        field->type != PROTOBUF_C_TYPE_MESSAGE &&
                        field->type != PROTOBUF_C_TYPE_STRING && field->quantifier_offset != 0;
        if (has_flag) {
            *(protobuf_c_boolean *)(message + field->quantifier_offset) = 1;
        }
    }
    return (ProtobufCMessage *)(void *)message;
}

#endif
