/* The rows of one CSV extract, one after the other, in bounded memory.
 *
 * Separator (comma, semicolon, tab) from the header line; columns in any order; quoted line breaks;
 * LF, CRLF or CR; a byte order mark. Blank rows, repeated headers and totals rows (D3) are left
 * out. Refused: NUL bytes, what is not UTF-8, a row over BOOK_ROW_BYTES_MAX, a stray quote, a row
 * with another number of cells than the header, a missing mandatory column, a file without a data
 * row. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_ROWS_H
#define IHURIRO_AGENTS_MFI_BOOK_ROWS_H

#include "agents/mfi/book_lines.h"
#include "agents/mfi/book_notes.h"

#define BOOK_HEADER_CELLS_MAX  256
#define BOOK_TABLE_COLUMNS_MAX 40
#define BOOK_VALUE_SHOWN_MAX   48

enum book_column_flags {
    BOOK_IN_HEADER = 1, /* the file must have the column */
    BOOK_IN_ROW = 2,    /* and each row a value */
    BOOK_SECRET = 4,    /* a value is never shown */
    BOOK_WHOLE = 8,     /* may be empty, which says 0: a spreadsheet's error does not */
};

struct book_column {
    const char *name;
    unsigned flags;
};

/* The first column is the one whose cell tells a totals row and a repeated header. */
struct book_table {
    const struct book_column *columns;
    size_t count;
    const char *when_empty; /* what to do where there is no data row */
};

/* NUL-terminated, without blanks at its ends; valid until the next row. */
struct book_cell {
    const char *text;
    size_t size;
};

struct book_rows;

typedef bool (*book_is_total)(const void *context, const struct book_cell *cell);

struct book_rows_options {
    struct complaint *complaint;
    struct book_notes *notes;
    book_is_total is_total;
    const void *total_context;
};

/* Reads the header. The file stays the caller's. */
MUST_USE enum err book_rows_open(struct book_file *file, const struct book_table *table,
                                 const struct book_rows_options *options,
                                 struct book_rows **ret_rows);
void book_rows_close(struct book_rows **rows);
/* *ret_cells: the row's cells by the table's columns (what the file has not is empty), or NULL
 * behind the last row; then the notes on what was left out are made. */
MUST_USE enum err book_rows_next(struct book_rows *rows, const struct book_cell **ret_cells);

bool book_rows_has(const struct book_rows *rows, size_t column);
unsigned book_rows_flags(const struct book_rows *rows, size_t column);
size_t book_rows_line(const struct book_rows *rows);    /* where the row begins, from 1 */
uint64_t book_rows_count(const struct book_rows *rows); /* data rows so far */
const char *book_rows_file(const struct book_rows *rows);
struct complaint *book_rows_complaint(const struct book_rows *rows);

/* 'loans.csv line 7, column class: "XX" is no class. Write ...' without the value where the column
 * is secret. */
enum err book_rows_refuse(const struct book_rows *rows, size_t column, enum err err,
                          const char *format, ...) PRINTF_LIKE(4, 5);

#endif
