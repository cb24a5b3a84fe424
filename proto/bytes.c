#include "proto/bytes.h"

#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_LIMIT_DEFAULT ((size_t)1 << 30)
#define BUFFER_FIRST         256

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

void buffer_close(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.limit = buffer->limit};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

enum err buffer_reserve(struct buffer *buffer, size_t size, uint8_t **ret_at)
{
    const size_t limit = buffer->limit == 0 ? BUFFER_LIMIT_DEFAULT : buffer->limit;
    if (buffer->size > limit || size > limit - buffer->size) {
        return ERR_TOO_LARGE;
    }
    const size_t needed = buffer->size + size;
    if (needed > buffer->capacity || buffer->data == NULL) {
        size_t capacity = buffer->capacity < BUFFER_FIRST ? BUFFER_FIRST : buffer->capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        uint8_t *data = realloc(buffer->data, capacity);
        if (data == NULL) {
            return ERR_MEMORY;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    *ret_at = buffer->data + buffer->size;
    return ERR_OK;
}

enum err buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    uint8_t *at = NULL;
    enum err err = buffer_reserve(buffer, size, &at);
    if (err == ERR_OK && size > 0) {
        memcpy(at, data, size);
        buffer->size += size;
    }
    return err;
}

enum err buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return ERR_MALFORMED;
    }
    const size_t limit = buffer->limit == 0 ? BUFFER_LIMIT_DEFAULT : buffer->limit;
    if (buffer->size > limit || (size_t)length > limit - buffer->size) {
        return ERR_TOO_LARGE;
    }

    /* vsnprintf writes a NUL behind the text; it is room, not content, so the limit is lifted by
     * it. */
    struct buffer roomy = *buffer;
    roomy.limit = limit + 1;
    uint8_t *at = NULL;
    enum err err = buffer_reserve(&roomy, (size_t)length + 1, &at);
    roomy.limit = buffer->limit;
    if (err != ERR_OK) {
        return err;
    }
    *buffer = roomy;
    va_start(arguments, format);
    (void)vsnprintf((char *)at, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
    return ERR_OK;
}

void put_u16(uint8_t at[static 2], uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void put_u32(uint8_t at[static 4], uint32_t value)
{
    put_u16(at, (uint16_t)(value >> 16));
    put_u16(at + 2, (uint16_t)value);
}

void put_u64(uint8_t at[static 8], uint64_t value)
{
    put_u32(at, (uint32_t)(value >> 32));
    put_u32(at + 4, (uint32_t)value);
}

uint16_t get_u16(const uint8_t at[static 2])
{
    return (uint16_t)((uint16_t)(at[0] << 8) | at[1]);
}

uint32_t get_u32(const uint8_t at[static 4])
{
    return (uint32_t)get_u16(at) << 16 | get_u16(at + 2);
}

uint64_t get_u64(const uint8_t at[static 8])
{
    return (uint64_t)get_u32(at) << 32 | get_u32(at + 4);
}

void hex_encode(struct bytes bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        out[2 * i] = digits[bytes.data[i] >> 4];
        out[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    out[2 * bytes.size] = '\0';
}

#define NO_DIGIT 16U

/* The value of a hex digit, or NO_DIGIT. */
static unsigned hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return (unsigned)(digit - 'a') + 10;
    }
    return digit >= 'A' && digit <= 'F' ? (unsigned)(digit - 'A') + 10 : NO_DIGIT;
}

enum err hex_decode(const char *text, uint8_t *ret_bytes, size_t size)
{
    if (strlen(text) != 2 * size) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < 2 * size; i++) {
        if (hex_digit(text[i]) == NO_DIGIT) {
            return ERR_MALFORMED;
        }
    }
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    return ERR_OK;
}

void sha256(struct bytes bytes, uint8_t ret_hash[static SHA256_BYTES])
{
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, bytes.size, bytes.data);
    sha256_digest(&state, SHA256_BYTES, ret_hash);
}
