#include "tests/sim/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/period.h"

#define SHEET_BUFFER (1024 * 1024)
#define CELL_MAX     512

struct sheet {
    int fd;
    int error;     /* errno of the first failure */
    size_t column; /* of the cell that comes next */
    size_t override_column;
    const char *override_text; /* NULL: none */
    struct sheet_style style;
    char path[1024];
    size_t size;
    char bytes[SHEET_BUFFER];
};

enum err sheet_open(const char *folder, const char *name, const struct sheet_style *style,
                    struct complaint *complaint, struct sheet **ret_sheet)
{
    AUTO(sheet_close) struct sheet *sheet = malloc(sizeof(*sheet));
    if (sheet == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory to write %s.", name);
    }
    sheet->fd = -1;
    sheet->error = 0;
    sheet->column = 0;
    sheet->override_text = NULL;
    sheet->style = *style;
    sheet->size = 0;
    int length = snprintf(sheet->path, sizeof(sheet->path), "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof(sheet->path)) {
        return complain(complaint, ERR_TOO_LARGE, "The path of %s is too long.", name);
    }
    sheet->fd = open(sheet->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (sheet->fd < 0) {
        return complain(complaint, ERR_IO, "%s cannot be written: %s.", sheet->path,
                        strerror(errno));
    }
    if (style->has_mark) {
        sheet_raw(sheet, "\xef\xbb\xbf", 3);
    }
    *ret_sheet = STEAL(sheet);
    return ERR_OK;
}

static void flush(struct sheet *sheet)
{
    size_t done = 0;
    while (done < sheet->size && sheet->error == 0) {
        ssize_t wrote = write(sheet->fd, sheet->bytes + done, sheet->size - done);
        if (wrote < 0 && errno != EINTR) {
            sheet->error = errno;
        } else if (wrote > 0) {
            done += (size_t)wrote;
        }
    }
    sheet->size = 0;
}

enum err sheet_finish(struct sheet **sheet, struct complaint *complaint)
{
    struct sheet *it = *sheet;
    flush(it);
    int fd = it->fd;
    it->fd = -1;
    if (close(fd) != 0 && it->error == 0) {
        it->error = errno;
    }
    enum err err = ERR_OK;
    if (it->error != 0) {
        err = complain(complaint, it->error == ENOSPC ? ERR_FULL : ERR_IO,
                       "%s was not written: %s. Free some space and try again.", it->path,
                       strerror(it->error));
    }
    sheet_close(sheet);
    return err;
}

void sheet_close(struct sheet **sheet)
{
    if (*sheet == NULL) {
        return;
    }
    if ((*sheet)->fd >= 0) {
        (void)close((*sheet)->fd);
    }
    free(*sheet);
    *sheet = NULL;
}

/* Room for one cell behind its separator; NULL when the cell is overridden, and done. */
static char *begin_cell(struct sheet *sheet)
{
    if (sheet->size + CELL_MAX > sizeof(sheet->bytes)) {
        flush(sheet);
    }
    if (sheet->column > 0) {
        sheet->bytes[sheet->size++] = sheet->style.separator;
    }
    if (sheet->override_column == sheet->column++ && sheet->override_text != NULL) {
        sheet_raw(sheet, sheet->override_text, strlen(sheet->override_text));
        return NULL;
    }
    return sheet->bytes + sheet->size;
}

void sheet_raw(struct sheet *sheet, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        if (sheet->size == sizeof(sheet->bytes)) {
            flush(sheet);
        }
        size_t part = sizeof(sheet->bytes) - sheet->size;
        part = part < size ? part : size;
        memcpy(sheet->bytes + sheet->size, at, part);
        sheet->size += part;
        at += part;
        size -= part;
    }
}

static bool needs_quotes(const struct sheet *sheet, const char *text)
{
    return strchr(text, sheet->style.separator) != NULL || strpbrk(text, "\"\r\n") != NULL;
}

void sheet_text(struct sheet *sheet, const char *text)
{
    if (begin_cell(sheet) == NULL) {
        return;
    }
    if (!needs_quotes(sheet, text)) {
        sheet_raw(sheet, text, strlen(text));
        return;
    }
    sheet_raw(sheet, "\"", 1);
    for (const char *at = text; *at != '\0'; at++) {
        sheet_raw(sheet, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
    }
    sheet_raw(sheet, "\"", 1);
}

/* Digits of number, right to left, a separator between groups of three if it is not 0. */
static size_t put_digits(char *at, uint64_t number, int width, char thousands)
{
    char digits[32];
    size_t count = 0;
    int written = 0;
    do {
        if (thousands != '\0' && written > 0 && written % 3 == 0) {
            digits[count++] = thousands;
        }
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
        written++;
    } while (number > 0 || written < width);
    for (size_t i = 0; i < count; i++) {
        at[i] = digits[count - 1 - i];
    }
    return count;
}

static void put_signed(struct sheet *sheet, int64_t number, char thousands)
{
    char *at = begin_cell(sheet);
    if (at == NULL) {
        return;
    }
    size_t length = 0;
    uint64_t magnitude = (uint64_t)number;
    if (number < 0) {
        at[length++] = '-';
        magnitude = 0 - magnitude;
    }
    length += put_digits(at + length, magnitude, 1, thousands);
    sheet->size += length;
}

void sheet_number(struct sheet *sheet, int64_t number)
{
    put_signed(sheet, number, '\0');
}

void sheet_amount(struct sheet *sheet, int64_t amount)
{
    put_signed(sheet, amount, sheet->style.has_thousands ? ' ' : '\0');
}

void sheet_day(struct sheet *sheet, int32_t day)
{
    char *at = begin_cell(sheet);
    if (at == NULL || day == SHEET_NO_DAY) {
        return;
    }
    int year = 0;
    int month = 0;
    int date = 0;
    day_to_date(day, &year, &month, &date);
    if (sheet->style.day_first) {
        (void)put_digits(at, (uint64_t)date, 2, '\0');
        (void)put_digits(at + 3, (uint64_t)month, 2, '\0');
        (void)put_digits(at + 6, (uint64_t)year, 4, '\0');
        at[2] = '/';
        at[5] = '/';
    } else {
        (void)put_digits(at, (uint64_t)year, 4, '\0');
        (void)put_digits(at + 5, (uint64_t)month, 2, '\0');
        (void)put_digits(at + 8, (uint64_t)date, 2, '\0');
        at[4] = '-';
        at[7] = '-';
    }
    sheet->size += 10;
}

void sheet_reference(struct sheet *sheet, const char *prefix, uint64_t number, int width)
{
    char *at = begin_cell(sheet);
    if (at == NULL) {
        return;
    }
    size_t length = strlen(prefix);
    memcpy(at, prefix, length);
    length += put_digits(at + length, number, width, '\0');
    sheet->size += length;
}

void sheet_end_row(struct sheet *sheet)
{
    sheet->column = 0;
    sheet->override_text = NULL;
    sheet_raw(sheet, sheet->style.line_end, strlen(sheet->style.line_end));
}

void sheet_override(struct sheet *sheet, size_t column, const char *text)
{
    sheet->override_column = column;
    sheet->override_text = text;
}

void sheet_line(struct sheet *sheet, const char *cells)
{
    char cell[CELL_MAX];
    const char *at = cells;
    for (;;) {
        size_t length = strcspn(at, "|");
        if (length >= sizeof(cell)) {
            length = sizeof(cell) - 1;
        }
        memcpy(cell, at, length);
        cell[length] = '\0';
        sheet_text(sheet, cell);
        if (at[length] == '\0') {
            break;
        }
        at += length + 1;
    }
    sheet_end_row(sheet);
}
