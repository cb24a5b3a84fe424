#include "proto/messages.h"

#include "proto/limits.h"
#include "proto/text.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>
#include <strings.h>

#define BLOCK_BYTES ((size_t)16 * 1024)

/* ---- unpacking ---- */

struct allocation {
    struct arena *arena;
    bool is_out_of_memory; /* malloc failed, as opposed to a budget that is spent */
};

static bool arena_affords(const struct arena *arena, size_t size);

static void *allocation_take(void *data, size_t size)
{
    struct allocation *allocation = data;
    void *memory = arena_take(allocation->arena, size);
    if (memory == NULL && arena_affords(allocation->arena, size)) {
        allocation->is_out_of_memory = true;
    }
    return memory;
}

static void allocation_free(void *data, void *memory)
{
    (void)data; /* the arena's memory dies together */
    (void)memory;
}

/* Compares what is packed with what was received, as it is packed. */
struct comparison {
    ProtobufCBuffer base;
    struct bytes rest;
    bool differs;
};

static void comparison_append(ProtobufCBuffer *base, size_t size, const uint8_t *data)
{
    struct comparison *comparison = (struct comparison *)base;
    if (comparison->differs || size > comparison->rest.size ||
        (size > 0 && memcmp(comparison->rest.data, data, size) != 0)) {
        comparison->differs = true;
        return;
    }
    comparison->rest = bytes_of(comparison->rest.data + size, comparison->rest.size - size);
}

static bool repacks_to(const ProtobufCMessage *message, struct bytes raw)
{
    struct comparison comparison = {.base = {.append = comparison_append}, .rest = raw};
    (void)protobuf_c_message_pack_to_buffer(message, &comparison.base);
    return !comparison.differs && comparison.rest.size == 0;
}

static enum err message_check(const ProtobufCMessage *message);

static enum err element_check(const ProtobufCFieldDescriptor *field, const void *at)
{
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        int value = 0;
        memcpy(&value, at, sizeof value);
        return protobuf_c_enum_descriptor_get_value(field->descriptor, value) != NULL
                   ? ERR_OK
                   : ERR_MALFORMED;
    }
    if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return ERR_OK;
    }
    const void *target = NULL;
    memcpy(&target, at, sizeof target);
    if (target == NULL) {
        return field->label == PROTOBUF_C_LABEL_OPTIONAL ? ERR_OK : ERR_MALFORMED;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return message_check(target);
    }
    const size_t length = strlen(target);
    if (length > TEXT_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    return text_is_utf8(bytes_of(target, length)) ? ERR_OK : ERR_MALFORMED;
}

static size_t element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    }
    return 4;
}

static enum err repeated_check(const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    size_t count = 0;
    memcpy(&count, base + field->quantifier_offset, sizeof count);
    if (count > REPEATED_ROWS_MAX) {
        return ERR_TOO_LARGE;
    }
    const uint8_t *elements = NULL;
    memcpy(&elements, base + field->offset, sizeof elements);
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = element_check(field, elements + i * element_size(field->type));
    }
    return err;
}

static bool field_is_absent(const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    if (field->label != PROTOBUF_C_LABEL_OPTIONAL || field->type == PROTOBUF_C_TYPE_STRING ||
        field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return false;
    }
    protobuf_c_boolean has = 0;
    memcpy(&has, base + field->quantifier_offset, sizeof has);
    return !has;
}

/* No unknown field, known enums, good text, limits kept: here and in every message below. The
 * schema is not recursive, so neither is the depth. */
static enum err message_check(const ProtobufCMessage *message)
{
    if (message->n_unknown_fields > 0) {
        return ERR_MALFORMED;
    }
    const uint8_t *base = (const uint8_t *)message;
    enum err err = ERR_OK;
    for (unsigned i = 0; i < message->descriptor->n_fields && err == ERR_OK; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            err = repeated_check(field, base);
        } else if (!field_is_absent(field, base)) {
            err = element_check(field, base + field->offset);
        }
    }
    return err;
}

enum err message_unpack(const ProtobufCMessageDescriptor *descriptor, enum message_mode mode,
                        struct bytes raw, struct arena *arena, const ProtobufCMessage **ret_message)
{
    static const uint8_t nothing[1];
    struct allocation allocation = {.arena = arena};
    ProtobufCAllocator allocator = {allocation_take, allocation_free, &allocation};
    const ProtobufCMessage *message = protobuf_c_message_unpack(
        descriptor, &allocator, raw.size, raw.data == NULL ? nothing : raw.data);
    if (message == NULL) {
        return allocation.is_out_of_memory ? ERR_MEMORY : ERR_MALFORMED;
    }
    if (mode == MESSAGE_CANONICAL) {
        enum err err = message_check(message);
        if (err != ERR_OK) {
            return err;
        }
        if (!repacks_to(message, raw)) {
            return ERR_MALFORMED;
        }
    }
    *ret_message = message;
    return ERR_OK;
}

enum err message_pack(const ProtobufCMessage *message, struct buffer *buffer)
{
    const size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *at = NULL;
    enum err err = buffer_reserve(buffer, size, &at);
    if (err == ERR_OK) {
        buffer->size += protobuf_c_message_pack(message, at);
    }
    return err;
}

ProtobufCBinaryData pb_of_bytes(struct bytes bytes)
{
    return (ProtobufCBinaryData){.len = bytes.size, .data = (uint8_t *)(uintptr_t)bytes.data};
}

/* ---- the arena ---- */

struct block {
    struct block *older;
    size_t size;
    alignas(max_align_t) uint8_t data[];
};

static size_t rounded(size_t size)
{
    const size_t to = alignof(max_align_t);
    return (size + to - 1) / to * to;
}

static bool arena_affords(const struct arena *arena, size_t size)
{
    const size_t budget = arena->budget == 0 ? UNPACK_BUDGET : arena->budget;
    return size <= budget && arena->spent <= budget && rounded(size) <= budget - arena->spent;
}

void arena_close(struct arena *arena)
{
    struct block *block = arena->blocks;
    while (block != NULL) {
        struct block *older = block->older;
        free(block);
        block = older;
    }
    *arena = (struct arena){.budget = arena->budget};
}

void arena_reset(struct arena *arena)
{
    struct block *block = arena->blocks;
    while (block != NULL && block->older != NULL) {
        struct block *older = block->older;
        free(block);
        block = older;
    }
    *arena = (struct arena){.blocks = block, .budget = arena->budget};
}

void *arena_take(struct arena *arena, size_t size)
{
    if (!arena_affords(arena, size)) {
        return NULL;
    }
    const size_t needed = rounded(size == 0 ? 1 : size);
    struct block *block = arena->blocks;
    if (block == NULL || needed > block->size - arena->used) {
        const size_t capacity = needed > BLOCK_BYTES ? needed : BLOCK_BYTES;
        struct block *newest = malloc(sizeof *newest + capacity);
        if (newest == NULL) {
            return NULL;
        }
        newest->older = block;
        newest->size = capacity;
        arena->blocks = newest;
        arena->used = 0;
        block = newest;
    }
    void *memory = block->data + arena->used;
    arena->used += needed;
    arena->spent += needed;
    return memset(memory, 0, needed);
}

char *arena_text(struct arena *arena, const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = arena_take(arena, size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

/* ---- names ---- */

static const char *const type_names[] = {
    [TYPE_PORTFOLIO] = "PORTFOLIO",   [TYPE_LIQUIDITY] = "LIQUIDITY",
    [TYPE_OPERATIONS] = "OPERATIONS", [TYPE_CAPITAL] = "CAPITAL",
    [TYPE_EXPOSURES] = "EXPOSURES",
};

const char *report_type_name(int type)
{
    return type >= TYPE_PORTFOLIO && type <= TYPE_LAST ? type_names[type] : "?";
}

enum err report_type_parse(const char *name, int *ret_type)
{
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        if (strcasecmp(name, type_names[type]) == 0) {
            *ret_type = type;
            return ERR_OK;
        }
    }
    return ERR_MALFORMED;
}
