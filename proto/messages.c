#include "proto/messages.h"

#include "proto/canonical.h"
#include "proto/limits.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>
#include <strings.h>

#define BLOCK_BYTES ((size_t)16 * 1024)

/* ---- unpacking ---- */

static void arena_rewind(struct arena *arena, const struct arena *before);

struct allocation {
    struct arena *arena;
    bool is_out_of_memory; /* malloc failed, as opposed to a budget that is spent */
};

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

/* Whatever protobuf-c takes: fields in any order, unknown ones among them. */
static enum err unpack_tolerantly(const ProtobufCMessageDescriptor *descriptor, struct bytes raw,
                                  struct arena *arena, ProtobufCMessage **ret_message)
{
    static const uint8_t nothing[1];
    struct allocation allocation = {.arena = arena};
    ProtobufCAllocator allocator = {allocation_take, allocation_free, &allocation};
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, raw.size,
                                                          raw.data == NULL ? nothing : raw.data);
    if (message == NULL) {
        return allocation.is_out_of_memory ? ERR_MEMORY : ERR_MALFORMED;
    }
    *ret_message = message;
    return ERR_OK;
}

enum err message_unpack(const ProtobufCMessageDescriptor *descriptor, enum message_mode mode,
                        struct bytes raw, struct arena *arena, const ProtobufCMessage **ret_message)
{
    const struct arena before = *arena;
    ProtobufCMessage *message = NULL;
    enum err err = canonical_unpack(descriptor, raw, arena, &message);
    if (err != ERR_OK) { /* it costs nobody the memory that the next one needs */
        arena_rewind(arena, &before);
    }
    if (err != ERR_OK && err != ERR_MEMORY && mode == MESSAGE_TOLERANT) {
        err = unpack_tolerantly(descriptor, raw, arena, &message);
    }
    if (err == ERR_OK) {
        *ret_message = message;
    }
    return err;
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

bool arena_affords(const struct arena *arena, size_t size)
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

/* Back to what it was. */
static void arena_rewind(struct arena *arena, const struct arena *before)
{
    struct block *block = arena->blocks;
    while (block != before->blocks) {
        struct block *older = block->older;
        free(block);
        block = older;
    }
    *arena = *before;
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
