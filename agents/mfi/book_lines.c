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

static enum err check(const struct book_lines *lines, const struct book_line *line)
{
    if (memchr(line->text, 0, line->size) != NULL) {
        return refuse(lines, lines->number,
                      "there are NUL bytes. The file is damaged, or saved as UTF-16 (\"Unicode "
                      "text\"): save it again as \"CSV UTF-8\".");
    }
    if (has_high_byte(line->text, line->size) && !text_is_utf8(bytes_of(line->text, line->size))) {
        return refuse(lines, lines->number,
                      "a letter is not written in UTF-8. Save the file again as \"CSV UTF-8\" (in "
                      "Excel: Save As, CSV UTF-8).");
    }
    return ERR_OK;
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
        *ret_line = (struct book_line){(char *)start, size};
        return size > 0 ? check(lines, ret_line) : ERR_OK;
    }
}

void book_lines_back(struct book_lines *lines, const struct book_line *line)
{
    lines->at -= line->size;
    lines->number--;
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
    }
    free(*lines);
    *lines = NULL;
}
