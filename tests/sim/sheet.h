/* A CSV file being written, fast: a million rows a second or so. The first error sticks; it is
 * checked once, at sheet_close. */
#ifndef IHURIRO_TESTS_SIM_SHEET_H
#define IHURIRO_TESTS_SIM_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/errors.h"

/* How the cells are written. The plain one is what DOMAIN 4.4 calls canonical. */
struct sheet_style {
    char separator;       /* ',' */
    bool has_mark;        /* byte order mark first */
    bool day_first;       /* dd/mm/yyyy */
    bool has_thousands;   /* amounts as "1 234 567" */
    const char *line_end; /* "\n" */
};

struct sheet;

MUST_USE enum err sheet_open(const char *folder, const char *name, const struct sheet_style *style,
                             struct complaint *complaint, struct sheet **ret_sheet);
/* Flushes and closes; what went wrong first, if anything did. Sets the pointer to NULL. */
MUST_USE enum err sheet_finish(struct sheet **sheet, struct complaint *complaint);
void sheet_close(struct sheet **sheet);

/* Cells, in order; the separator is put by itself. A day of SHEET_NO_DAY is an empty cell. */
#define SHEET_NO_DAY INT32_MIN
void sheet_text(struct sheet *sheet, const char *text);
void sheet_number(struct sheet *sheet, int64_t number);
void sheet_amount(struct sheet *sheet, int64_t amount);
void sheet_day(struct sheet *sheet, int32_t day);
/* A letter (or two) and a number of fixed width: L0000017. */
void sheet_reference(struct sheet *sheet, const char *prefix, uint64_t number, int width);
void sheet_end_row(struct sheet *sheet);
/* In the row that comes next, cell number column (from 0) is text instead, whatever is written. */
void sheet_override(struct sheet *sheet, size_t column, const char *text);
/* A whole line of cells, separated by '|'. */
void sheet_line(struct sheet *sheet, const char *cells);
/* Bytes as they are. */
void sheet_raw(struct sheet *sheet, const void *data, size_t size);

#endif
