#include "hub/party_file.h"

#include <csv.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

#define COLUMNS_MAX   64
#define NAME_MAX_SHOW 40

/* ---- the columns ---- */

#define COLUMN(name, field)                     \
    {                                           \
        name, offsetof(struct party_row, field) \
    }

/* Beside the words of a party. */
static const struct {
    const char *name;
    size_t offset;
} own_columns[] = {
    COLUMN("id", id),
    COLUMN("merged-into", merged_into),
    COLUMN("merged-from", merged_from),
    COLUMN("office", contact[CONTACT_OFFICE]),
    COLUMN("telephone", contact[CONTACT_TELEPHONE]),
    COLUMN("address", contact[CONTACT_ADDRESS]),
    COLUMN("language", contact[CONTACT_LANGUAGE]),
};
#define OWN_COLUMNS (sizeof own_columns / sizeof own_columns[0])
#define COLUMNS     (OWN_COLUMNS + PARTY_WORDS)

static const char *column_name(size_t column)
{
    return column < OWN_COLUMNS ? own_columns[column].name
                                : party_word_name((enum party_word)(column - OWN_COLUMNS));
}

static const char **column_of(struct party_row *row, size_t column)
{
    const size_t offset = column < OWN_COLUMNS ? own_columns[column].offset
                                               : offsetof(struct party_row, words) +
                                                     (column - OWN_COLUMNS) * sizeof(const char *);
    return (const char **)(void *)((char *)row + offset);
}

/* Case, blanks and what joins two words do not matter. */
static bool is_same_name(const char *cell, const char *name)
{
    while (*cell != '\0' && *name != '\0') {
        const char is = *cell == '_' || *cell == ' ' ? '-' : *cell;
        const char lower = is >= 'A' && is <= 'Z' ? (char)(is + 'a' - 'A') : is;
        if (lower != *name) {
            return false;
        }
        cell++;
        name++;
    }
    return *cell == *name;
}

/* ---- reading ---- */

struct reading_file {
    struct party_file *file;
    struct complaint *complaint;
    struct csv_parser parser;
    size_t line; /* where the bytes are that the parser gets */
    size_t row_line;
    size_t cells[COLUMNS_MAX]; /* of the header: which column each is */
    size_t width;              /* 0: the header is still to come */
    const char *row[COLUMNS_MAX];
    size_t row_cells;
    bool is_in_row;
    size_t capacity;
    enum err err;
};

enum err party_file_refuse(const struct party_file *file, size_t line, struct complaint *complaint,
                           const char *format, ...)
{
    char what[sizeof complaint->text];
    const char *name = strrchr(file->path, '/');
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return complain(complaint, ERR_REFUSED, "%s line %zu: %s", name == NULL ? file->path : name + 1,
                    line, what);
}

static enum err refuse(struct reading_file *reading, const char *what, const char *value)
{
    return party_file_refuse(reading->file, reading->row_line, reading->complaint, "%s \"%.*s\".",
                             what, NAME_MAX_SHOW, value);
}

static enum err known_columns(struct reading_file *reading, const char *cell)
{
    char known[400] = "";
    for (size_t i = 0; i < COLUMNS; i++) {
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", column_name(i));
    }
    return party_file_refuse(reading->file, reading->row_line, reading->complaint,
                             "There is no column \"%.*s\". Those there are: %s.", NAME_MAX_SHOW,
                             cell, known);
}

static enum err take_header(struct reading_file *reading)
{
    bool has_id = false;
    for (size_t i = 0; i < reading->row_cells; i++) {
        const char *cell = reading->row[i] == NULL ? "" : reading->row[i];
        size_t column = 0;
        while (column < COLUMNS && !is_same_name(cell, column_name(column))) {
            column++;
        }
        if (column == COLUMNS) {
            return known_columns(reading, cell);
        }
        for (size_t j = 0; j < i; j++) {
            if (reading->cells[j] == column) {
                return refuse(reading, "There are two columns", cell);
            }
        }
        reading->cells[i] = column;
        has_id = has_id || column == 0;
    }
    reading->width = reading->row_cells;
    return has_id ? ERR_OK
                  : party_file_refuse(reading->file, reading->row_line, reading->complaint,
                                      "The header has no column id: see `mfi-hub parties import "
                                      "--template`.");
}

static enum err take_data(struct reading_file *reading)
{
    struct party_file *file = reading->file;
    if (reading->row_cells != reading->width) {
        return party_file_refuse(file, reading->row_line, reading->complaint,
                                 "The row has %zu cells and the header %zu: is a text with the "
                                 "separator in it without quotes?",
                                 reading->row_cells, reading->width);
    }
    if (file->count == reading->capacity) {
        const size_t wanted = reading->capacity == 0 ? 512 : reading->capacity * 2;
        struct party_row *rows = realloc(file->rows, wanted * sizeof rows[0]);
        if (rows == NULL) {
            return ERR_MEMORY;
        }
        file->rows = rows;
        reading->capacity = wanted;
    }
    struct party_row *row = &file->rows[file->count];
    *row = (struct party_row){.line = reading->row_line};
    for (size_t i = 0; i < reading->width; i++) {
        *column_of(row, reading->cells[i]) = reading->row[i];
    }
    if (row->id == NULL || row->id[0] == '\0') {
        return party_file_refuse(file, row->line, reading->complaint, "The row has no id.");
    }
    file->count++;
    return ERR_OK;
}

static void on_cell(void *text, size_t size, void *context)
{
    struct reading_file *reading = context;
    const char *cell = text;
    if (reading->err != ERR_OK || reading->row_cells == COLUMNS_MAX) {
        reading->err = reading->err != ERR_OK
                           ? reading->err
                           : party_file_refuse(reading->file, reading->row_line, reading->complaint,
                                               "The row has more than %d cells.", COLUMNS_MAX);
        return;
    }
    while (size > 0 && (*cell == ' ' || *cell == '\t')) {
        cell++;
        size--;
    }
    while (size > 0 && (cell[size - 1] == ' ' || cell[size - 1] == '\t')) {
        size--;
    }
    char *copy = arena_take(&reading->file->arena, size + 1);
    if (copy == NULL) {
        reading->err = ERR_MEMORY;
        return;
    }
    memcpy(copy, cell, size);
    copy[size] = '\0';
    copy[0] = strcmp(copy, "-") == 0 ? '\0' : copy[0];
    reading->row[reading->row_cells++] = size == 0 ? NULL : copy;
}

/* Nothing in it, or a remark. */
static bool is_passed_over(const struct reading_file *reading)
{
    bool is_blank = true;
    for (size_t i = 0; i < reading->row_cells; i++) {
        is_blank = is_blank && reading->row[i] == NULL;
    }
    return is_blank || (reading->row[0] != NULL && reading->row[0][0] == '#');
}

static void on_row(int end, void *context)
{
    struct reading_file *reading = context;
    (void)end;
    if (reading->err == ERR_OK && !is_passed_over(reading)) {
        reading->err = reading->width == 0 ? take_header(reading) : take_data(reading);
    }
    reading->row_cells = 0;
    reading->is_in_row = false;
}

/* The separator that the first line has most often. */
static unsigned char separator_of(const char *text, size_t size)
{
    static const char separators[] = {',', ';', '\t'};
    size_t counts[sizeof separators] = {0};
    for (size_t i = 0; i < size && text[i] != '\n'; i++) {
        for (size_t j = 0; j < sizeof separators; j++) {
            counts[j] += text[i] == separators[j];
        }
    }
    size_t best = 0;
    for (size_t j = 1; j < sizeof separators; j++) {
        best = counts[j] > counts[best] ? j : best;
    }
    return (unsigned char)separators[best];
}

/* Of LF, CRLF, and the CR of old Macs. */
static bool ends_line(struct bytes text, size_t at)
{
    const bool is_before_lf = at + 1 < text.size && text.data[at + 1] == '\n';
    return text.data[at] == '\n' || (text.data[at] == '\r' && !is_before_lf);
}

/* Byte by byte, so that a row's line is known also behind quoted line breaks. */
static enum err parse(struct reading_file *reading, const char *text, size_t size)
{
    reading->line = 1;
    reading->row_line = 1;
    for (size_t i = 0; i < size && reading->err == ERR_OK; i++) {
        if (!reading->is_in_row && text[i] != '\n' && text[i] != '\r') {
            reading->row_line = reading->line;
            reading->is_in_row = true;
        }
        if (csv_parse(&reading->parser, &text[i], 1, on_cell, on_row, reading) != 1) {
            return party_file_refuse(reading->file, reading->line, reading->complaint,
                                     "A quote stands where none may be: a text with quotes is "
                                     "quoted whole, and its own are doubled.");
        }
        reading->line += ends_line(bytes_of(text, size), i);
    }
    if (reading->err == ERR_OK && csv_fini(&reading->parser, on_cell, on_row, reading) != 0) {
        return party_file_refuse(reading->file, reading->row_line, reading->complaint,
                                 "A quote that begins here does not end.");
    }
    return reading->err;
}

static int order_of_id(const void *left, const void *right)
{
    const struct party_row *const *a = left;
    const struct party_row *const *b = right;
    const int order = strcmp((*a)->id, (*b)->id);
    return order != 0 ? order : ((*a)->line > (*b)->line) - ((*a)->line < (*b)->line);
}

static enum err check_ids(const struct party_file *file, struct complaint *complaint)
{
    AUTO(free_p)
    const struct party_row **rows = malloc((file->count + 1) * sizeof(struct party_row *));
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < file->count; i++) {
        rows[i] = &file->rows[i];
    }
    qsort(rows, file->count, sizeof rows[0], order_of_id);
    for (size_t i = 1; i < file->count; i++) {
        if (strcmp(rows[i]->id, rows[i - 1]->id) == 0) {
            return party_file_refuse(file, rows[i]->line, complaint,
                                     "%.*s stands in line %zu already: one row a party.",
                                     NAME_MAX_SHOW, rows[i]->id, rows[i - 1]->line);
        }
    }
    return ERR_OK;
}

static enum err read_bytes(const char *path, struct complaint *complaint, struct buffer *bytes)
{
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL) {
        return complain(complaint, ERR_REFUSED, "%s cannot be read: %s.", path, strerror(errno));
    }
    enum err err = ERR_OK;
    size_t got = 1;
    while (err == ERR_OK && got > 0 && bytes->size <= PARTY_FILE_BYTES_MAX) {
        uint8_t block[16384];
        got = fread(block, 1, sizeof block, stream);
        err = buffer_append(bytes, block, got);
    }
    if (err == ERR_OK && ferror(stream) != 0) {
        err = complain(complaint, ERR_REFUSED, "%s cannot be read: %s.", path, strerror(errno));
    }
    fclose(stream);
    return err == ERR_OK && bytes->size > PARTY_FILE_BYTES_MAX
               ? complain(complaint, ERR_REFUSED, "%s is larger than 4 MiB: import it in parts.",
                          path)
               : err;
}

static enum err check_bytes(const struct party_file *file, struct bytes bytes,
                            struct complaint *complaint)
{
    size_t line = 1;
    size_t begin = 0;
    for (size_t i = 0; i <= bytes.size; i++) {
        if (i < bytes.size && !ends_line(bytes, i)) {
            continue;
        }
        if (!text_is_utf8(bytes_of(bytes.data + begin, i - begin))) {
            return party_file_refuse(file, line, complaint,
                                     "The line is not UTF-8: save the file as CSV in UTF-8.");
        }
        begin = i + 1;
        line++;
    }
    return ERR_OK;
}

void party_file_close(struct party_file *file)
{
    arena_close(&file->arena);
    free(file->rows);
    file->rows = NULL;
    file->count = 0;
}

enum err party_file_read(const char *path, struct complaint *complaint, struct party_file *ret_file)
{
    static const uint8_t byte_order_mark[] = {0xEF, 0xBB, 0xBF};
    AUTO(buffer_close) struct buffer bytes = {0};
    AUTO(party_file_close) struct party_file file = {.path = path};
    struct reading_file reading = {.file = &file, .complaint = complaint};
    file.arena.budget = 4 * PARTY_FILE_BYTES_MAX;
    enum err err = read_bytes(path, complaint, &bytes);
    err = err != ERR_OK ? err : check_bytes(&file, buffer_bytes(&bytes), complaint);
    if (err != ERR_OK) {
        return err;
    }
    struct bytes text = buffer_bytes(&bytes);
    if (text.size >= 3 && memcmp(text.data, byte_order_mark, 3) == 0) {
        text = bytes_of(text.data + 3, text.size - 3);
    }
    if (csv_init(&reading.parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) {
        return ERR_MEMORY;
    }
    csv_set_delim(&reading.parser, separator_of((const char *)text.data, text.size));
    err = parse(&reading, (const char *)text.data, text.size);
    csv_free(&reading.parser);
    if (err == ERR_OK && file.count == 0) {
        err = party_file_refuse(&file, 1, complaint,
                                "There is no party in the file: it has a header and a row for each "
                                "(`mfi-hub parties import --template`).");
    }
    err = err != ERR_OK ? err : check_ids(&file, complaint);
    if (err == ERR_OK) {
        *ret_file = file;
        file = (struct party_file){.path = path};
    }
    return err;
}

enum err party_file_template(struct buffer *text)
{
    static const char remarks[] =
        "\n# One row a party; any columns in any order; id is needed; and name, category and\n"
        "# currency for a new member. An empty cell says nothing; - takes back what stands.\n"
        "# Days like 2020-06-30. lei with its check digits. le-book: three digits. assets: of\n"
        "# a day, in the currency. merged-into, merged-from: it went into another, on the first\n"
        "# of a month. office to language: how to reach it; kept beside the journal, erasable.\n";
    enum err err = ERR_OK;
    for (size_t i = 0; i < COLUMNS && err == ERR_OK; i++) {
        err = buffer_printf(text, "%s%s", i == 0 ? "" : ",", column_name(i));
    }
    return err != ERR_OK ? err : buffer_append(text, remarks, sizeof remarks - 1);
}
