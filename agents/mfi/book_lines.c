#include "agents/mfi/book_lines.h"

#include <string.h>

#include "proto/text.h"

#define BLOCK_BYTES (256 * 1024)

struct book_lines {
    struct book_file *file;
    struct complaint *complaint;
    uint8_t *block; /* one byte longer than BLOCK_BYTES */
    size_t at;      /* what is not yet given */
    size_t filled;
    bool is_read; /* to the end of the file */
    char end;     /* of lines */
    size_t number;
    bool has_mark;         /* a byte order mark: the file says that it is UTF-8 */
    size_t converted;      /* the first line that was Windows-1252 */
    struct buffer as_utf8; /* the line just given, if it was */
    size_t given;          /* bytes of the line just given in the file */
};

static enum err refuse(const struct book_lines *lines, size_t number, const char *what)
{
    return complain(lines->complaint, ERR_MALFORMED, "%s line %zu: %s", book_file_name(lines->file),
                    number, what);
}

static enum err refuse_long(const struct book_lines *lines)
{
    return complain(lines->complaint, ERR_TOO_LARGE,
                    "%s line %zu: the row is longer than %d bytes. Look for a quotation mark that "
                    "is not closed, or a file that is no CSV.",
                    book_file_name(lines->file), lines->number + 1, BOOK_ROW_BYTES_MAX);
}

static bool has_high_byte(const char *text, size_t size)
{
    uint64_t seen = 0;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, text + i, 8);
        seen |= word;
    }
    for (; i < size; i++) {
        seen |= (uint8_t)text[i];
    }
    return (seen & UINT64_C(0x8080808080808080)) != 0;
}

/* What Windows-1252 has between 0x80 and 0x9F; 0: nothing. The rest is Latin-1. */
static const uint16_t windows_1252[32] = {
    0x20AC, 0x0000, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x0000, 0x017D, 0x0000, 0x0000, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x0000, 0x017E, 0x0178,
};

/* ERR_MALFORMED: a byte that is no letter of it. */
static enum err convert(struct book_lines *lines, struct book_line *line)
{
    buffer_clear(&lines->as_utf8);
    for (size_t i = 0; i < line->size; i++) {
        uint8_t byte = (uint8_t)line->text[i];
        unsigned letter = byte >= 0x80 && byte < 0xA0 ? windows_1252[byte - 0x80] : byte;
        uint8_t bytes[3] = {byte};
        size_t size = 1;
        if (letter == 0) {
            return ERR_MALFORMED;
        }
        if (letter >= 0x800) {
            bytes[0] = (uint8_t)(0xE0 | (letter >> 12));
            bytes[1] = (uint8_t)(0x80 | ((letter >> 6) & 0x3F));
            bytes[2] = (uint8_t)(0x80 | (letter & 0x3F));
            size = 3;
        } else if (letter >= 0x80) {
            bytes[0] = (uint8_t)(0xC0 | (letter >> 6));
            bytes[1] = (uint8_t)(0x80 | (letter & 0x3F));
            size = 2;
        }
        enum err err = buffer_append(&lines->as_utf8, bytes, size);
        if (err != ERR_OK) {
            return err;
        }
    }
    enum err err = buffer_append(&lines->as_utf8, "", 1); /* the byte behind it may be written to */
    if (err == ERR_OK) {
        *line = (struct book_line){(char *)lines->as_utf8.data, lines->as_utf8.size - 1};
        lines->converted = lines->converted == 0 ? lines->number : lines->converted;
    }
    return err;
}

static enum err check(struct book_lines *lines, struct book_line *line)
{
    if (memchr(line->text, 0, line->size) != NULL) {
        return refuse(lines, lines->number,
                      "there are NUL bytes. The file is damaged, or saved as UTF-16 (\"Unicode "
                      "text\"): save it again as \"CSV UTF-8\".");
    }
    if (!has_high_byte(line->text, line->size) || text_is_utf8(bytes_of(line->text, line->size))) {
        return ERR_OK;
    }
    enum err err = lines->has_mark ? ERR_MALFORMED : convert(lines, line);
    if (err == ERR_MALFORMED) {
        return refuse(lines, lines->number,
                      "a letter is written neither in UTF-8 nor as Excel writes it. Save the file "
                      "again as \"CSV UTF-8\" (in Excel: Save As, CSV UTF-8).");
    }
    return err == ERR_MEMORY ? complain(lines->complaint, ERR_MEMORY, "There is not enough memory.")
                             : err;
}

/* Moves what is left to the front and reads more. */
static enum err fill(struct book_lines *lines)
{
    if (lines->filled - lines->at > BOOK_ROW_BYTES_MAX) {
        return refuse_long(lines);
    }
    memmove(lines->block, lines->block + lines->at, lines->filled - lines->at);
    lines->filled -= lines->at;
    lines->at = 0;
    size_t got = 0;
    enum err err = book_file_read(lines->file, lines->block + lines->filled,
                                  BLOCK_BYTES - lines->filled, lines->complaint, &got);
    lines->filled += got;
    lines->is_read = err == ERR_OK && got == 0;
    return err;
}

enum err book_lines_next(struct book_lines *lines, struct book_line *ret_line)
{
    for (;;) {
        size_t left = lines->filled - lines->at;
        uint8_t *start = lines->block + lines->at;
        const uint8_t *end = left == 0 ? NULL : memchr(start, lines->end, left);
        if (end == NULL && !lines->is_read) {
            enum err err = fill(lines);
            if (err != ERR_OK) {
                return err;
            }
            continue;
        }
        size_t size = end == NULL ? left : (size_t)(end - start) + 1;
        if (size > BOOK_ROW_BYTES_MAX) {
            return refuse_long(lines);
        }
        lines->at += size;
        lines->number += size > 0;
        lines->given = size;
        *ret_line = (struct book_line){(char *)start, size};
        return size > 0 ? check(lines, ret_line) : ERR_OK;
    }
}

void book_lines_back(struct book_lines *lines)
{
    lines->at -= lines->given;
    lines->number--;
}

size_t book_lines_converted(const struct book_lines *lines)
{
    return lines->converted;
}

size_t book_lines_number(const struct book_lines *lines)
{
    return lines->number;
}

static enum err begin(struct book_lines *lines)
{
    enum err err = fill(lines);
    if (err != ERR_OK) {
        return err;
    }
    const uint8_t *block = lines->block;
    if (lines->filled >= 2 &&
        (memcmp(block, "\xFF\xFE", 2) == 0 || memcmp(block, "\xFE\xFF", 2) == 0)) {
        return refuse(lines, 1,
                      "the file is saved as UTF-16 (\"Unicode text\"). Save it again as \"CSV "
                      "UTF-8\".");
    }
    if (lines->filled >= 3 && memcmp(block, "\xEF\xBB\xBF", 3) == 0) {
        lines->at = 3;
        lines->has_mark = true;
    }
    bool has_cr_only = lines->filled > 0 && memchr(block, '\n', lines->filled) == NULL &&
                       memchr(block, '\r', lines->filled) != NULL;
    lines->end = has_cr_only ? '\r' : '\n';
    return ERR_OK;
}

enum err book_lines_open(struct book_file *file, struct complaint *complaint,
                         struct book_lines **ret_lines)
{
    AUTO(book_lines_close) struct book_lines *lines = calloc(1, sizeof *lines);
    if (lines == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    lines->file = file;
    lines->complaint = complaint;
    lines->block = malloc(BLOCK_BYTES + 1);
    if (lines->block == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    enum err err = begin(lines);
    if (err == ERR_OK) {
        *ret_lines = STEAL(lines);
    }
    return err;
}

void book_lines_close(struct book_lines **lines)
{
    if (*lines != NULL) {
        free((*lines)->block);
        buffer_close(&(*lines)->as_utf8);
    }
    free(*lines);
    *lines = NULL;
}
