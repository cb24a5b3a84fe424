/* Views of bytes, and the one growing buffer. */
#ifndef IHURIRO_PROTO_BYTES_H
#define IHURIRO_PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/errors.h"

/* A view: somebody else owns the bytes. {NULL, 0} is "none". */
struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){(const uint8_t *)data, size};
}

bool bytes_equal(struct bytes a, struct bytes b);

/* An owned, growing buffer. Zero-initialise it; AUTO(buffer_close). Growth stops at limit (0: 1
 * GiB) with ERR_TOO_LARGE. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
};

void buffer_close(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* size 0, memory kept */
MUST_USE enum err buffer_append(struct buffer *buffer, const void *data, size_t size);
MUST_USE enum err buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* Makes room for size more bytes and returns where they begin; the caller adds to buffer->size. */
MUST_USE enum err buffer_reserve(struct buffer *buffer, size_t size, uint8_t **ret_at);
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->size);
}

/* Big-endian numbers. */
void put_u16(uint8_t at[static 2], uint16_t value);
void put_u32(uint8_t at[static 4], uint32_t value);
void put_u64(uint8_t at[static 8], uint64_t value);
uint16_t get_u16(const uint8_t at[static 2]);
uint32_t get_u32(const uint8_t at[static 4]);
uint64_t get_u64(const uint8_t at[static 8]);

/* Lower-case hex. out holds 2 * size + 1. */
void hex_encode(struct bytes bytes, char *out);
/* Exactly size bytes, upper or lower case, nothing behind. */
MUST_USE enum err hex_decode(const char *text, uint8_t *ret_bytes, size_t size);

#define SHA256_BYTES 32
void sha256(struct bytes bytes, uint8_t ret_hash[static SHA256_BYTES]);

#endif
