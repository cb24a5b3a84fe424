#include "agents/mfi/book_rows.h"

#include <assert.h>
#include <csv.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/text.h"

struct book_rows {
    struct book_file *file;
    const struct book_table *table;
    struct book_rows_options options;
    struct csv_parser parser;
    bool has_parser;
    struct book_lines *lines;
    char separator;
    size_t row_line; /* where the row begins */
    bool is_open;    /* a row has begun and goes on in the next line */

    /* the row as it comes */
    size_t cell;      /* the next one */
    bool is_blank;    /* so far */
    bool is_complete; /* its end was seen */
    bool is_double;   /* and something behind it in the same line */
    bool has_extra;   /* a value right of the header's last column */
    bool is_too_long;
    char *text;
    size_t used;
    struct book_cell cells[BOOK_TABLE_COLUMNS_MAX];

    /* the header */
    bool is_header;
    size_t header_cells;
    int16_t column_of[BOOK_HEADER_CELLS_MAX]; /* -1: not ours */
    bool has[BOOK_TABLE_COLUMNS_MAX];
    int twice; /* a column that the header names twice, or -1 */
    char unknown[160];

    uint64_t count;
    struct book_tally totals;
    struct book_tally headers;
};

/* ---- what libcsv calls ---- */

/* libcsv grows one cell's buffer through this: where it would pass the limit of a row, there is no
 * memory for it. */
static void *bounded_realloc(void *at, size_t size)
{
    return size > BOOK_ROW_BYTES_MAX + 4096 ? NULL : realloc(at, size);
}

static int find_column(const struct book_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcasecmp(table->columns[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static struct book_cell trimmed(const char *text, size_t size)
{
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t')) {
        size--;
    }
    while (size > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        size--;
    }
    return (struct book_cell){text, size};
}

static void take_header_cell(struct book_rows *rows, size_t index, const char *text, size_t size)
{
    char name[64];
    char shown[40];
    struct book_cell cell = trimmed(text, size);
    (void)snprintf(name, sizeof name, "%.*s", (int)(cell.size < 63 ? cell.size : 63), cell.text);
    if (index >= BOOK_HEADER_CELLS_MAX) {
        rows->is_too_long = true;
        return;
    }
    rows->column_of[index] = -1;
    if (cell.size == 0) {
        return;
    }
    rows->header_cells = index + 1;
    int column = find_column(rows->table, name);
    if (column >= 0) {
        rows->twice = rows->has[column] ? column : rows->twice;
        rows->has[column] = true;
        rows->column_of[index] = (int16_t)column;
        return;
    }
    size_t used = strlen(rows->unknown);
    (void)snprintf(rows->unknown + used, sizeof rows->unknown - used, "%s%s", used == 0 ? "" : ", ",
                   text_escape(bytes_of(cell.text, cell.size), shown, sizeof shown));
}

static void on_cell(void *data, size_t size, void *context)
{
    struct book_rows *rows = context;
    const char *text = data == NULL ? "" : data;
    size_t index = rows->cell++;
    if (rows->is_complete) {
        rows->is_double = true;
        return;
    }
    if (size > 0) {
        rows->is_blank = false;
    }
    if (rows->is_header) {
        take_header_cell(rows, index, text, size);
        return;
    }
    if (index >= rows->header_cells) {
        rows->has_extra |= size > 0;
        return;
    }
    int column = rows->column_of[index];
    if (column < 0) {
        return;
    }
    if (rows->used + size + 1 > BOOK_ROW_BYTES_MAX) {
        rows->is_too_long = true;
        return;
    }
    char *kept = rows->text + rows->used;
    memcpy(kept, text, size);
    kept[size] = '\0';
    rows->used += size + 1;
    struct book_cell cell = {kept, size};
    if (size > 0 && (*kept == ' ' || kept[size - 1] == ' ' || *kept == '\t')) {
        cell = trimmed(kept, size);
        kept[(size_t)(cell.text - kept) + cell.size] = '\0';
    }
    rows->cells[column] = cell;
}

static void on_row(int end, void *context)
{
    struct book_rows *rows = context;
    (void)end;
    rows->is_double |= rows->is_complete;
    rows->is_complete = true;
}

/* ---- rows ---- */

static enum err refuse_row(const struct book_rows *rows, const char *what)
{
    return complain(rows->options.complaint, ERR_MALFORMED, "%s line %zu: %s",
                    book_file_name(rows->file), rows->row_line, what);
}

static enum err refuse_long(const struct book_rows *rows)
{
    return complain(rows->options.complaint, ERR_TOO_LARGE,
                    "%s line %zu: the row is longer than %d bytes. Look for a quotation mark that "
                    "is not closed, or a file that is no CSV.",
                    book_file_name(rows->file), rows->row_line, BOOK_ROW_BYTES_MAX);
}

static bool line_is_blank(const struct book_line *line)
{
    size_t i = 0;
    while (i < line->size && line->text[i] <= ' ' && line->text[i] > 0) {
        i++;
    }
    return i == line->size;
}

static void begin_row(struct book_rows *rows)
{
    rows->cell = 0;
    rows->is_blank = true;
    rows->is_complete = false;
    rows->has_extra = false;
    rows->used = 0;
    /* A row that counts has a cell for each column of the header; one that may have fewer is told
     * by its first column. */
    rows->cells[0] = (struct book_cell){"", 0};
}

static enum err refuse_parse(struct book_rows *rows)
{
    if (csv_error(&rows->parser) == CSV_ENOMEM) {
        return refuse_long(rows);
    }
    return refuse_row(rows,
                      "a quotation mark stands where none may. A cell with a comma, quotation "
                      "mark or line break must be in quotation marks, and those inside doubled.");
}

static enum err feed(struct book_rows *rows, const struct book_line *line)
{
    bool is_end = line->size == 0;
    bool is_bad = is_end ? csv_fini(&rows->parser, on_cell, on_row, rows) != 0
                         : csv_parse(&rows->parser, line->text, line->size, on_cell, on_row,
                                     rows) != line->size;
    if (rows->is_too_long) {
        return refuse_long(rows);
    }
    if (is_bad) {
        return refuse_parse(rows);
    }
    if (rows->is_double) {
        return refuse_row(rows,
                          "there is a carriage return in the middle of the line. Save the file "
                          "again with ordinary line ends.");
    }
    return ERR_OK;
}

static void keep_cell(struct book_rows *rows, size_t index, char *text, size_t size)
{
    rows->is_blank &= size == 0;
    if (index >= rows->header_cells) {
        rows->has_extra |= size > 0;
        return;
    }
    if (rows->column_of[index] < 0) {
        return;
    }
    struct book_cell cell = {text, size};
    text[size] = '\0';
    if (size > 0 && (*text <= ' ' || text[size - 1] <= ' ')) {
        cell = trimmed(text, size);
        text[(size_t)(cell.text - text) + cell.size] = '\0';
    }
    rows->cells[rows->column_of[index]] = cell;
}

/* Most lines are a row without quotation marks: its cells are cut where they lie in the block,
 * which has room for a NUL behind its last byte. All others are the parser's; false: this is one.
 */
static bool split_plain(struct book_rows *rows, const struct book_line *line)
{
    char *text = line->text;
    size_t size = line->size;
    size -= text[size - 1] == '\n';
    size -= size > 0 && text[size - 1] == '\r';
    if (rows->is_header || memchr(text, '"', size) != NULL || memchr(text, '\r', size) != NULL) {
        return false;
    }
    size_t start = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i == size || text[i] == rows->separator) {
            keep_cell(rows, rows->cell++, text + start, i - start);
            start = i + 1;
        }
    }
    rows->is_complete = true;
    return true;
}

/* Lines until a row is complete. *ret_is_end: there was none. */
static enum err take_row(struct book_rows *rows, bool *ret_is_end)
{
    begin_row(rows);
    for (;;) {
        struct book_line line = {0};
        enum err err = book_lines_next(rows->lines, &line);
        if (err != ERR_OK) {
            return err;
        }
        if (line.size > 0 && !rows->is_open) {
            if (line_is_blank(&line)) {
                continue;
            }
            rows->row_line = book_lines_number(rows->lines);
            rows->is_open = !split_plain(rows, &line);
            if (!rows->is_open) {
                *ret_is_end = false;
                return ERR_OK;
            }
        }
        err = feed(rows, &line);
        if (err != ERR_OK) {
            return err;
        }
        if (rows->is_complete || line.size == 0) {
            rows->is_open = false;
            *ret_is_end = !rows->is_complete;
            return ERR_OK;
        }
    }
}

static enum err finish(struct book_rows *rows)
{
    const char *name = book_file_name(rows->file);
    if (rows->count == 0) {
        return complain(rows->options.complaint, ERR_REFUSED,
                        "%s holds no data row: an empty extract is never reported as zero. %s",
                        name,
                        book_file_is_result(rows->file)
                            ? "Are currency, as_of and the data source the right ones? A query "
                              "that does not apply is left out of a copy of the queries."
                            : rows->table->when_empty);
    }
    book_notes_tally(rows->options.notes, SEVERITY_INFO, name, &rows->totals,
                     "a totals row, left out");
    book_notes_tally(rows->options.notes, SEVERITY_INFO, name, &rows->headers,
                     "the header again, left out");
    size_t converted = book_lines_converted(rows->lines);
    if (converted > 0) {
        book_notes_add(rows->options.notes, SEVERITY_INFO,
                       "%s line %zu: not written in UTF-8, read as Windows-1252 (what Excel saves)",
                       name, converted);
    }
    return book_file_check_unchanged(rows->file, rows->options.complaint);
}

static bool is_left_out(struct book_rows *rows)
{
    const struct book_cell *first = &rows->cells[0];
    if (rows->is_blank) {
        return true;
    }
    const char *name = rows->table->columns[0].name; /* lower case */
    if ((first->text[0] | 0x20) == name[0] && strcasecmp(first->text, name) == 0) {
        book_tally_add(&rows->headers, rows->row_line);
        return true;
    }
    if (rows->options.is_total(rows->options.total_context, first)) {
        book_tally_add(&rows->totals, rows->row_line);
        return true;
    }
    return false;
}

enum err book_rows_next(struct book_rows *rows, const struct book_cell **ret_cells)
{
    for (;;) {
        bool is_end = false;
        enum err err = take_row(rows, &is_end);
        if (err != ERR_OK) {
            return err;
        }
        if (is_end) {
            *ret_cells = NULL;
            return finish(rows);
        }
        if (is_left_out(rows)) {
            continue;
        }
        if (rows->has_extra || rows->cell < rows->header_cells) {
            return complain(rows->options.complaint, ERR_MALFORMED,
                            "%s line %zu: the row has %zu cells, the header %zu. A cell that "
                            "holds the separator must be in quotation marks; a row that is cut "
                            "off must be extracted again.",
                            book_file_name(rows->file), rows->row_line, rows->cell,
                            rows->header_cells);
        }
        rows->count++;
        *ret_cells = rows->cells;
        return ERR_OK;
    }
}

/* ---- the header ---- */

/* The one that occurs most outside quotation marks; a comma if none does. */
static unsigned char find_separator(const struct book_line *line)
{
    static const char separators[] = ",;\t";
    size_t counts[3] = {0};
    bool is_quoted = false;
    for (size_t i = 0; i < line->size; i++) {
        is_quoted ^= line->text[i] == '"';
        const char *found = line->text[i] == 0 ? NULL : strchr(separators, line->text[i]);
        if (found != NULL && !is_quoted) {
            counts[found - separators]++;
        }
    }
    size_t best = 0;
    for (size_t i = 1; i < 3; i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return (unsigned char)separators[best];
}

static enum err check_header(const struct book_rows *rows, unsigned char separator)
{
    const char *name = book_file_name(rows->file);
    char missing[400] = "";
    if (rows->twice >= 0) {
        return complain(rows->options.complaint, ERR_MALFORMED,
                        "%s line %zu: the header names the column %s twice. Keep one.", name,
                        rows->row_line, rows->table->columns[rows->twice].name);
    }
    for (size_t i = 0; i < rows->table->count; i++) {
        if ((rows->table->columns[i].flags & BOOK_IN_HEADER) != 0 && !rows->has[i]) {
            size_t used = strlen(missing);
            (void)snprintf(missing + used, sizeof missing - used, "%s%s", used == 0 ? "" : ", ",
                           rows->table->columns[i].name);
        }
    }
    if (missing[0] != '\0') {
        return complain(rows->options.complaint, ERR_MALFORMED,
                        "%s line %zu: the header lacks the column %s. The separator was taken to "
                        "be %s. Add the column to the extract.",
                        name, rows->row_line, missing,
                        separator == ';'    ? "a semicolon"
                        : separator == '\t' ? "a tab"
                                            : "a comma");
    }
    if (rows->unknown[0] != '\0') {
        book_notes_add(rows->options.notes, SEVERITY_INFO,
                       "%s line %zu: columns that are not known are not read: %s", name,
                       rows->row_line, rows->unknown);
    }
    return ERR_OK;
}

/* The first line that is not blank. "sep=;" is what Excel writes to name its separator. */
static enum err take_header(struct book_rows *rows)
{
    struct book_line line = {0};
    do {
        enum err err = book_lines_next(rows->lines, &line);
        if (err != ERR_OK) {
            return err;
        }
        bool is_hint = line.size >= 5 && strncasecmp(line.text, "sep=", 4) == 0;
        if (line.size > 0 && !line_is_blank(&line) && !is_hint) {
            break;
        }
    } while (line.size > 0);
    if (line.size == 0) {
        return finish(rows);
    }
    unsigned char separator = find_separator(&line);
    csv_set_delim(&rows->parser, separator);
    rows->separator = (char)separator;
    book_lines_back(rows->lines); /* the parser takes it, with what a quoted break adds */
    rows->is_header = true;
    bool is_end = false;
    enum err err = take_row(rows, &is_end);
    rows->is_header = false;
    return err != ERR_OK ? err : check_header(rows, separator);
}

enum err book_rows_open(struct book_file *file, const struct book_table *table,
                        const struct book_rows_options *options, struct book_rows **ret_rows)
{
    assert(table->count <= BOOK_TABLE_COLUMNS_MAX);
    AUTO(book_rows_close) struct book_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        return complain(options->complaint, ERR_MEMORY, "There is not enough memory.");
    }
    rows->file = file;
    rows->table = table;
    for (size_t i = 0; i < table->count; i++) {
        rows->cells[i] = (struct book_cell){"", 0};
    }
    rows->options = *options;
    rows->twice = -1;
    rows->text = malloc(BOOK_ROW_BYTES_MAX);
    rows->has_parser = csv_init(&rows->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0;
    if (rows->text == NULL || !rows->has_parser) {
        return complain(options->complaint, ERR_MEMORY, "There is not enough memory.");
    }
    csv_set_realloc_func(&rows->parser, bounded_realloc);
    csv_set_blk_size(&rows->parser, 4096);
    enum err err = book_lines_open(file, options->complaint, &rows->lines);
    if (err == ERR_OK) {
        err = take_header(rows);
    }
    if (err == ERR_OK) {
        *ret_rows = STEAL(rows);
    }
    return err;
}

void book_rows_close(struct book_rows **rows)
{
    if (*rows == NULL) {
        return;
    }
    if ((*rows)->has_parser) {
        csv_free(&(*rows)->parser);
    }
    book_lines_close(&(*rows)->lines);
    free((*rows)->text);
    free(*rows);
    *rows = NULL;
}

bool book_rows_has(const struct book_rows *rows, size_t column)
{
    return rows->has[column];
}

unsigned book_rows_flags(const struct book_rows *rows, size_t column)
{
    return rows->table->columns[column].flags;
}

size_t book_rows_line(const struct book_rows *rows)
{
    return rows->row_line;
}

uint64_t book_rows_count(const struct book_rows *rows)
{
    return rows->count;
}

const char *book_rows_file(const struct book_rows *rows)
{
    return book_file_name(rows->file);
}

struct complaint *book_rows_complaint(const struct book_rows *rows)
{
    return rows->options.complaint;
}

/* Columns get mixed up, and then a name or a telephone number stands where a date should:
 * complaints go to a log. A value is shown if it is like a number, a date or a code. */
static bool may_be_shown(const struct book_cell *cell)
{
    size_t letters = 0;
    size_t others = 0; /* digits and blanks: no part of a code in words */
    for (size_t i = 0; i < cell->size; i++) {
        unsigned char c = (unsigned char)cell->text[i];
        letters += c >= 0x80 || isalpha(c);
        others += isdigit(c) || c == ' ';
    }
    bool is_like_code = others == 0 && cell->size <= 16;
    return (letters <= 3 || is_like_code) && !text_has_private_number(cell->text, NULL);
}

enum err book_rows_refuse(const struct book_rows *rows, size_t column, enum err err,
                          const char *format, ...)
{
    char what[600];
    char shown[BOOK_VALUE_SHOWN_MAX];
    const struct book_column *named = &rows->table->columns[column];
    const struct book_cell *cell = &rows->cells[column];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if ((named->flags & BOOK_SECRET) != 0 || !may_be_shown(cell)) {
        return complain(rows->options.complaint, err, "%s line %zu, column %s: the value %s",
                        book_file_name(rows->file), rows->row_line, named->name, what);
    }
    return complain(rows->options.complaint, err, "%s line %zu, column %s: \"%s\" %s",
                    book_file_name(rows->file), rows->row_line, named->name,
                    text_escape(bytes_of(cell->text, cell->size), shown, sizeof shown), what);
}
