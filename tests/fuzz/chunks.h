/* For inputs that are a row of chunks, each behind its length: a mutator that changes one chunk and
 * keeps the lengths right, takes one away, says one twice, or changes the order. */
#ifndef IHURIRO_TESTS_FUZZ_CHUNKS_H
#define IHURIRO_TESTS_FUZZ_CHUNKS_H

#include "tests/fuzz/fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#define CHUNKS_MAX 32

struct chunks {
    struct bytes items[CHUNKS_MAX];
    size_t count;
};

static inline void chunks_split(struct bytes raw, struct chunks *ret_chunks)
{
    struct input input = {raw.data, raw.size};
    ret_chunks->count = 0;
    while (input.left > 0 && ret_chunks->count < CHUNKS_MAX) {
        ret_chunks->items[ret_chunks->count++] = input_chunk(&input);
    }
}

/* Where all fits; else the input stays as it was. */
static inline size_t chunks_join(const struct chunks *chunks, uint8_t *data, size_t size,
                                 size_t max_size)
{
    AUTO(buffer_close) struct buffer joined = {0};
    for (size_t i = 0; i < chunks->count; i++) {
        put_chunk(&joined, chunks->items[i]);
    }
    if (joined.size == 0 || joined.size > max_size) {
        return size;
    }
    memcpy(data, joined.data, joined.size);
    return joined.size;
}

static inline void chunks_shuffle(struct chunks *chunks, size_t at, unsigned how)
{
    struct bytes chunk = chunks->items[at];
    if (how == 0 && chunks->count > 1) { /* away */
        memmove(&chunks->items[at], &chunks->items[at + 1], (--chunks->count - at) * sizeof chunk);
    } else if (how == 1 && chunks->count < CHUNKS_MAX) { /* twice */
        chunks->items[chunks->count++] = chunk;
    } else { /* with the first */
        chunks->items[at] = chunks->items[0];
        chunks->items[0] = chunk;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static uint8_t changed[1 << 16];
    struct chunks chunks;
    chunks_split(bytes_of(data, size), &chunks);
    if (chunks.count == 0 || seed % 16 == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    size_t at = seed / 16 % chunks.count;
    unsigned how = seed / 4096 % 8;
    if (how < 3) {
        chunks_shuffle(&chunks, at, how);
        return chunks_join(&chunks, data, size, max_size);
    }
    size_t chunk_size = chunks.items[at].size;
    size_t room = max_size > size ? chunk_size + (max_size - size) : chunk_size;
    room = room < sizeof changed - 1 ? room : sizeof changed - 1;
    if (room == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    chunk_size = chunk_size < room ? chunk_size : room;
    if (chunk_size > 0) {
        memcpy(changed, chunks.items[at].data, chunk_size);
    }
    chunks.items[at] = bytes_of(changed, LLVMFuzzerMutate(changed, chunk_size, room));
    return chunks_join(&chunks, data, size, max_size);
}

#endif
