/* One table as a file: CSV (RFC 4180, lines end with a line feed) or a JSON array of objects, a row
 * a line. Columns first, then rows, a cell for each column in order. The first error sticks.
 *
 * In CSV an absent value is an empty cell, and a text that a spreadsheet would take for a formula
 * gets an apostrophe before it. In JSON an absent value is left out. */
#ifndef IHURIRO_CLIENT_TABLE_H
#define IHURIRO_CLIENT_TABLE_H

#include "agents/client/snapshot.h"

#define TABLE_COLUMNS_MAX     128
#define TABLE_COLUMN_NAME_MAX 63

struct table {
    enum snapshot_format format;
    struct buffer *out;
    enum err err;
    char names[TABLE_COLUMNS_MAX][TABLE_COLUMN_NAME_MAX + 1];
    size_t column_count;
    size_t at;        /* the next cell's column */
    size_t row_cells; /* of this row, that are in JSON already */
    uint64_t rows;
};

void table_begin(struct table *table, enum snapshot_format format, struct buffer *out);
void table_column(struct table *table, const char *name);
void table_columns_end(struct table *table);

void table_none(struct table *table);
void table_text(struct table *table, const char *text);
void table_integer(struct table *table, int64_t value);
void table_unsigned(struct table *table, uint64_t value);
void table_bool(struct table *table, bool value);
void table_hex(struct table *table, struct bytes bytes);
/* ISO 8601, UTC. */
void table_time(struct table *table, int64_t time_us);
/* A field of a message: by its type; absent as none. Not for messages and repeated fields. */
void table_field(struct table *table, const ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field);
void table_row_end(struct table *table);

/* Rows of a table that are written apart from it, and put behind those that it has. */
void table_part(const struct table *table, struct buffer *out, struct table *ret_part);
void table_join(struct table *table, const struct table *part);

/* Closes the array, and returns the first error. */
MUST_USE enum err table_end(struct table *table);

#endif
