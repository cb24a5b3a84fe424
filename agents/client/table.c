#include "agents/client/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/text.h"

static void put(struct table *table, const char *text, size_t size)
{
    if (table->err == ERR_OK) {
        table->err = buffer_append(table->out, text, size);
    }
}

static void put_text(struct table *table, const char *text)
{
    put(table, text, strlen(text));
}

void table_begin(struct table *table, enum snapshot_format format, struct buffer *out)
{
    *table = (struct table){.format = format, .out = out};
}

void table_column(struct table *table, const char *name)
{
    assert(table->column_count < TABLE_COLUMNS_MAX && strlen(name) <= TABLE_COLUMN_NAME_MAX);
    memcpy(table->names[table->column_count++], name, strlen(name) + 1);
}

void table_columns_end(struct table *table)
{
    if (table->format == SNAPSHOT_JSON) {
        put_text(table, "[");
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        put_text(table, i > 0 ? "," : "");
        put_text(table, table->names[i]);
    }
    put_text(table, "\n");
}

/* Before a cell that is not absent. */
static void open_cell(struct table *table)
{
    assert(table->at < table->column_count);
    const char *name = table->names[table->at++];
    if (table->format == SNAPSHOT_CSV) {
        put_text(table, table->at > 1 ? "," : "");
        return;
    }
    if (table->row_cells++ == 0) {
        put_text(table, table->rows > 0 ? ",\n{\"" : "\n{\"");
    } else {
        put_text(table, ",\"");
    }
    put_text(table, name);
    put_text(table, "\":");
}

void table_none(struct table *table)
{
    assert(table->at < table->column_count);
    table->at++;
    if (table->format == SNAPSHOT_CSV && table->at > 1) {
        put_text(table, ",");
    }
}

/* What is no UTF-8 is shown as \xNN, as in the feed: the file stays JSON. */
static void put_json_text(struct table *table, const char *text)
{
    bool is_utf8 = text_is_utf8(bytes_of(text, strlen(text)));
    put_text(table, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        char escaped[8];
        if (!is_utf8 && (unsigned char)*c >= 0x7F) {
            snprintf(escaped, sizeof escaped, "\\\\x%02X", (unsigned)(unsigned char)*c);
            put_text(table, escaped);
        } else if (*c == '"' || *c == '\\') {
            snprintf(escaped, sizeof escaped, "\\%c", *c);
            put_text(table, escaped);
        } else if ((unsigned char)*c < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(unsigned char)*c);
            put_text(table, escaped);
        } else {
            put(table, c, 1);
        }
    }
    put_text(table, "\"");
}

static void put_csv_text(struct table *table, const char *text)
{
    bool is_formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
    if (!is_formula && strpbrk(text, ",\"\r\n") == NULL) {
        put_text(table, text);
        return;
    }
    put_text(table, is_formula ? "\"'" : "\"");
    for (const char *c = text; *c != '\0'; c++) {
        put_text(table, *c == '"' ? "\"" : "");
        put(table, c, 1);
    }
    put_text(table, "\"");
}

void table_text(struct table *table, const char *text)
{
    open_cell(table);
    if (table->format == SNAPSHOT_JSON) {
        put_json_text(table, text);
    } else {
        put_csv_text(table, text);
    }
}

void table_integer(struct table *table, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    open_cell(table);
    put_text(table, text);
}

void table_unsigned(struct table *table, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    open_cell(table);
    put_text(table, text);
}

void table_bool(struct table *table, bool value)
{
    open_cell(table);
    put_text(table, value ? "true" : "false");
}

void table_hex(struct table *table, struct bytes bytes)
{
    char text[2 * 64 + 1];
    assert(bytes.size <= 64);
    hex_encode(bytes, text);
    table_text(table, text);
}

void table_time(struct table *table, int64_t time_us)
{
    char text[TIME_TEXT_MAX + 1];
    time_format(time_us, text);
    table_text(table, text);
}

/* Is an optional scalar set? Pointers say it themselves. */
static bool has(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0) {
        return *(const protobuf_c_boolean *)((const char *)message + field->quantifier_offset) != 0;
    }
    return true;
}

static void put_enum(struct table *table, const ProtobufCFieldDescriptor *field, int value)
{
    const ProtobufCEnumValue *known =
        protobuf_c_enum_descriptor_get_value(field->descriptor, value);
    if (known != NULL) {
        table_text(table, known->name);
    } else {
        table_integer(table, value); /* of a newer schema */
    }
}

void table_field(struct table *table, const ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field)
{
    const char *at = (const char *)message + field->offset;
    assert(field->label != PROTOBUF_C_LABEL_REPEATED);
    if (!has(message, field)) {
        table_none(table);
        return;
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        table_integer(table, *(const int32_t *)(const void *)at);
        return;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        table_integer(table, *(const int64_t *)(const void *)at);
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        table_unsigned(table, *(const uint32_t *)(const void *)at);
        return;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        table_unsigned(table, *(const uint64_t *)(const void *)at);
        return;
    case PROTOBUF_C_TYPE_BOOL:
        table_bool(table, *(const protobuf_c_boolean *)(const void *)at != 0);
        return;
    case PROTOBUF_C_TYPE_ENUM:
        put_enum(table, field, *(const int *)(const void *)at);
        return;
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)(const void *)at;
        if (text == NULL) {
            table_none(table);
        } else {
            table_text(table, text);
        }
        return;
    }
    case PROTOBUF_C_TYPE_BYTES:
        table_hex(table, bytes_of_pb(*(const ProtobufCBinaryData *)(const void *)at));
        return;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_MESSAGE:
    default:
        assert(!"no such field in the schema");
    }
}

void table_row_end(struct table *table)
{
    assert(table->at == table->column_count);
    put_text(table, table->format == SNAPSHOT_CSV ? "\n" : "}");
    table->at = 0;
    table->row_cells = 0;
    table->rows++;
}

void table_part(const struct table *table, struct buffer *out, struct table *ret_part)
{
    *ret_part = *table;
    ret_part->out = out;
    ret_part->rows = 0;
}

void table_join(struct table *table, const struct table *part)
{
    assert(table->at == 0 && part->at == 0);
    table->err = table->err != ERR_OK ? table->err : part->err;
    if (table->format == SNAPSHOT_JSON && table->rows > 0 && part->rows > 0) {
        put_text(table, ","); /* the first row of each begins without */
    }
    put(table, (const char *)part->out->data, part->out->size);
    table->rows += part->rows;
}

enum err table_end(struct table *table)
{
    if (table->format == SNAPSHOT_JSON) {
        put_text(table, "\n]\n");
    }
    return table->err;
}
