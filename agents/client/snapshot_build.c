/* The files of a pull: for each type one wide table of scalars and one long table a repeated field,
 * institutions, ratios, records.pb, manifest.json. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "agents/client/parts.h"
#include "agents/client/snapshot_fold.h"
#include "agents/client/table.h"
#include "proto/ratios.h"

#define SHEETS_MAX 48
#define STRETCHES  16 /* of institutions, whose rows are made at once */

/* A table of rows of reports: of one type, a row a report or a row of a repeated field; or of
 * ratios, a row an institution. */
struct sheet {
    int type;                             /* 0: ratios */
    const ProtobufCFieldDescriptor *body; /* of the type, in the report */
    const ProtobufCFieldDescriptor *rows; /* NULL: a row a report */
    bool is_of_body;                      /* lie the rows there, or in the report itself? */
    struct table table;
};

struct building {
    struct snapshot_fold fold;
    const struct snapshot_terms *terms;
    struct snapshot_files *files;
    struct complaint *complaint;
    char period[PERIOD_KEY_MAX + 1];
    struct sheet *sheets; /* in the order of their files */
    size_t sheet_count;
};

static void begin_type(struct building *building, int type);
static void begin_ratios(struct building *building);
static enum err build_institutions(struct building *building);
static enum err build_sheets(struct building *building);

static struct snapshot_file *add_file(struct building *building, const char *name)
{
    struct snapshot_files *files = building->files;
    assert(files->count < SNAPSHOT_FILES_MAX && strlen(name) < sizeof files->items[0].name);
    struct snapshot_file *file = &files->items[files->count++];
    *file = (struct snapshot_file){{0}, {0}};
    memcpy(file->name, name, strlen(name) + 1);
    return file;
}

static void begin_file(struct building *building, const char *name, struct table *ret_table)
{
    char whole[80];
    enum snapshot_format format = building->terms->format;
    snprintf(whole, sizeof whole, "%s.%s", name, format == SNAPSHOT_CSV ? "csv" : "json");
    table_begin(ret_table, format, &add_file(building, whole)->bytes);
}

static struct sheet *begin_sheet(struct building *building, const char *name, int type)
{
    assert(building->sheet_count < SHEETS_MAX);
    struct sheet *sheet = &building->sheets[building->sheet_count++];
    sheet->type = type;
    begin_file(building, name, &sheet->table);
    return sheet;
}

static enum err build_all(struct building *building, struct bytes records_pb,
                          const struct snapshot_records *records)
{
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        if (building->terms->types & (1U << type)) {
            begin_type(building, type);
        }
    }
    enum err err = build_institutions(building);
    if (err == ERR_OK) {
        begin_ratios(building);
        err = build_sheets(building);
    }
    err = err != ERR_OK ? err
                        : buffer_append(&add_file(building, SNAPSHOT_RECORDS_NAME)->bytes,
                                        records_pb.data, records_pb.size);
    if (err != ERR_OK) {
        return err;
    }
    AUTO(buffer_close) struct buffer manifest = {0};
    err = manifest_write(&building->fold, records, building->files, &manifest);
    if (err == ERR_OK) {
        add_file(building, SNAPSHOT_MANIFEST_NAME)->bytes = manifest;
        manifest = (struct buffer){0};
    }
    return err;
}

enum err snapshot_build(const struct snapshot_terms *terms, struct bytes records_pb,
                        const struct snapshot_records *records, struct complaint *complaint,
                        struct snapshot_files *ret_files)
{
    AUTO(snapshot_files_close) struct snapshot_files files = {.count = 0};
    struct building building = {.terms = terms, .files = &files, .complaint = complaint};
    period_format(&terms->period, building.period);
    building.sheets = calloc(SHEETS_MAX, sizeof *building.sheets);
    enum err err = building.sheets == NULL
                       ? ERR_MEMORY
                       : snapshot_fold(terms, records, complaint, &building.fold);
    err = err != ERR_OK ? err : build_all(&building, records_pb, records);
    snapshot_fold_close(&building.fold);
    free(building.sheets);
    if (err == ERR_OK) {
        *ret_files = files;
        files.count = 0;
    }
    return err;
}

/* ---- the rows of all reports ---- */

/* Institutions in a row, and what they give each sheet. */
struct stretch {
    size_t begin; /* of the cells */
    size_t end;
    struct sheet *sheets; /* as the building's, but for where their rows go */
    struct buffer rows[SHEETS_MAX];
};

struct stretching {
    const struct building *building;
    struct stretch all[STRETCHES];
};

static void put_rows(struct sheet *sheet, const struct building *building, const char *institution,
                     const struct ratio_inputs *inputs);

static enum err build_stretch(void *context, size_t index, struct arena *arena,
                              struct complaint *complaint)
{
    struct stretching *stretching = context;
    const struct building *building = stretching->building;
    struct stretch *stretch = &stretching->all[index];
    const char *last = "";
    arena->budget = (size_t)(TYPE_LAST + 1) * UNPACK_BUDGET;
    for (size_t i = stretch->begin; i < stretch->end; i++) {
        const char *institution = building->fold.cells[i].institution;
        struct ratio_inputs inputs = {0};
        if (strcmp(institution, last) == 0) {
            continue;
        }
        last = institution;
        arena_reset(arena);
        enum err err = snapshot_inputs(&building->fold, institution, arena, complaint, &inputs);
        if (err != ERR_OK) {
            return err;
        }
        for (size_t k = 0; k < building->sheet_count; k++) {
            put_rows(&stretch->sheets[k], building, institution, &inputs);
        }
    }
    return ERR_OK;
}

/* The next cell that is of another institution than the one before it. */
static size_t next_institution(const struct snapshot_fold *fold, size_t at)
{
    while (at > 0 && at < fold->cell_count &&
           strcmp(fold->cells[at].institution, fold->cells[at - 1].institution) == 0) {
        at++;
    }
    return at;
}

static enum err open_stretch(struct stretching *stretching, size_t index)
{
    const struct building *building = stretching->building;
    const struct snapshot_fold *fold = &building->fold;
    struct stretch *stretch = &stretching->all[index];
    stretch->begin = next_institution(fold, fold->cell_count * index / STRETCHES);
    stretch->end = next_institution(fold, fold->cell_count * (index + 1) / STRETCHES);
    stretch->sheets = calloc(SHEETS_MAX, sizeof *stretch->sheets);
    if (stretch->sheets == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < building->sheet_count; i++) {
        stretch->sheets[i] = building->sheets[i];
        table_part(&building->sheets[i].table, &stretch->rows[i], &stretch->sheets[i].table);
    }
    return ERR_OK;
}

static void stretching_close(struct stretching *stretching)
{
    for (size_t i = 0; i < STRETCHES; i++) {
        for (size_t k = 0; k < SHEETS_MAX; k++) {
            buffer_close(&stretching->all[i].rows[k]);
        }
        free(stretching->all[i].sheets);
    }
}

/* Each report is unpacked once, by whichever thread has its institution. */
static enum err build_sheets(struct building *building)
{
    AUTO(stretching_close) struct stretching stretching = {.building = building};
    enum err err = ERR_OK;
    for (size_t i = 0; i < STRETCHES && err == ERR_OK; i++) {
        err = open_stretch(&stretching, i);
    }
    err = err != ERR_OK ? err
                        : parts_work(STRETCHES, parts_by_cores(STRETCHES, 1), build_stretch,
                                     &stretching, building->complaint);
    for (size_t k = 0; k < building->sheet_count && err == ERR_OK; k++) {
        for (size_t i = 0; i < STRETCHES; i++) {
            table_join(&building->sheets[k].table, &stretching.all[i].sheets[k].table);
            buffer_close(&stretching.all[i].rows[k]);
        }
        err = table_end(&building->sheets[k].table);
    }
    return err;
}

/* ---- reports ---- */

static bool is_scalar(const ProtobufCFieldDescriptor *field)
{
    return field->type != PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED;
}

/* What the first columns say already, or the header does. */
static bool is_in_first_columns(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {"institution", "type", "vintage", "status"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const ProtobufCMessage *part_of(const ProtobufCMessage *message,
                                       const ProtobufCFieldDescriptor *field)
{
    return *(ProtobufCMessage *const *)(const void *)((const char *)message + field->offset);
}

/* Columns of a message's scalars, and, one level down, of its messages: "source.kind". */
static void columns_of(struct table *table, const ProtobufCMessageDescriptor *descriptor,
                       const char *prefix)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        char name[2 * TABLE_COLUMN_NAME_MAX];
        snprintf(name, sizeof name, "%s%s", prefix, field->name);
        if (is_scalar(field)) {
            table_column(table, name);
        } else if (field->label != PROTOBUF_C_LABEL_REPEATED && prefix[0] == '\0') {
            snprintf(name, sizeof name, "%s.", field->name);
            columns_of(table, field->descriptor, name);
        }
    }
}

/* Cells for columns_of. message NULL: none of them is there. */
static void cells_of(struct table *table, const ProtobufCMessageDescriptor *descriptor,
                     const ProtobufCMessage *message, bool is_top)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (is_scalar(field)) {
            if (message == NULL) {
                table_none(table);
            } else {
                table_field(table, message, field);
            }
        } else if (field->label != PROTOBUF_C_LABEL_REPEATED && is_top) {
            cells_of(table, field->descriptor, message == NULL ? NULL : part_of(message, field),
                     false);
        }
    }
}

static const char *const report_parts[] = {"source", "signoff"};

static const ProtobufCFieldDescriptor *report_field(const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(&ihuriro__v1__report__descriptor, name);
}

/* The field of Report that holds the body of a type: its name in small letters. */
static const ProtobufCFieldDescriptor *body_field(int type, char ret_name[static 32])
{
    snprintf(ret_name, 32, "%s", report_type_name(type));
    for (char *c = ret_name; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return report_field(ret_name);
}

static void wide_columns(struct table *table, const ProtobufCMessageDescriptor *body)
{
    static const char *const first[] = {"institution", "period",    "vintage",           "status",
                                        "verdict",     "contested", "first_received_at", "seq",
                                        "id"};
    const ProtobufCMessageDescriptor *report = &ihuriro__v1__report__descriptor;
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        table_column(table, first[i]);
    }
    for (unsigned i = 0; i < report->n_fields; i++) {
        if (is_scalar(&report->fields[i]) && !is_in_first_columns(&report->fields[i])) {
            table_column(table, report->fields[i].name);
        }
    }
    for (size_t i = 0; i < sizeof report_parts / sizeof report_parts[0]; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "%s.", report_parts[i]);
        columns_of(table, report_field(report_parts[i])->descriptor, prefix);
    }
    columns_of(table, body, "");
    table_columns_end(table);
}

static void wide_row(struct sheet *sheet, const struct building *building,
                     const struct snapshot_cell *cell, const PbReport *report)
{
    struct table *table = &sheet->table;
    const struct header *header = &cell->current->header;
    const ProtobufCMessageDescriptor *descriptor = &ihuriro__v1__report__descriptor;
    table_text(table, cell->institution);
    table_text(table, building->period);
    table_unsigned(table, header->vintage);
    table_field(table, &report->base, report_field("status"));
    table_text(table, verdict_name(header->verdict));
    table_bool(table, cell->is_contested);
    table_time(table, header->first_received_at_us);
    table_unsigned(table, header->seq);
    table_hex(table, bytes_of(header->id, SHA256_BYTES));
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        if (is_scalar(&descriptor->fields[i]) && !is_in_first_columns(&descriptor->fields[i])) {
            table_field(table, &report->base, &descriptor->fields[i]);
        }
    }
    for (size_t i = 0; i < sizeof report_parts / sizeof report_parts[0]; i++) {
        const ProtobufCFieldDescriptor *field = report_field(report_parts[i]);
        cells_of(table, field->descriptor, part_of(&report->base, field), false);
    }
    cells_of(table, sheet->body->descriptor, part_of(&report->base, sheet->body), true);
    table_row_end(table);
}

/* The rows of one repeated field. */
static void long_rows(struct sheet *sheet, const struct building *building, const char *institution,
                      const PbReport *report)
{
    const ProtobufCFieldDescriptor *field = sheet->rows;
    const ProtobufCMessage *message =
        sheet->is_of_body ? part_of(&report->base, sheet->body) : &report->base;
    if (message == NULL) {
        return; /* a nil report has no body */
    }
    const char *at = (const char *)message;
    size_t count = *(const size_t *)(const void *)(at + field->quantifier_offset);
    ProtobufCMessage *const *rows =
        *(ProtobufCMessage *const *const *)(const void *)(at + field->offset);
    for (size_t i = 0; i < count; i++) {
        table_text(&sheet->table, institution);
        table_text(&sheet->table, building->period);
        table_unsigned(&sheet->table, i + 1);
        cells_of(&sheet->table, field->descriptor, rows[i], true);
        table_row_end(&sheet->table);
    }
}

static void begin_longs(struct building *building, int type, const char *type_name,
                        const ProtobufCFieldDescriptor *body, bool is_of_body)
{
    const ProtobufCMessageDescriptor *descriptor =
        is_of_body ? body->descriptor : &ihuriro__v1__report__descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        char name[48 + 32];
        if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        snprintf(name, sizeof name, "%s-%s", type_name, field->name);
        struct sheet *sheet = begin_sheet(building, name, type);
        sheet->body = body;
        sheet->rows = field;
        sheet->is_of_body = is_of_body;
        table_column(&sheet->table, "institution");
        table_column(&sheet->table, "period");
        table_column(&sheet->table, "row");
        columns_of(&sheet->table, field->descriptor, "");
        table_columns_end(&sheet->table);
    }
}

static void begin_type(struct building *building, int type)
{
    char name[32];
    const ProtobufCFieldDescriptor *body = body_field(type, name);
    struct sheet *sheet = begin_sheet(building, name, type);
    sheet->body = body;
    wide_columns(&sheet->table, body->descriptor);
    begin_longs(building, type, name, body, true);
    begin_longs(building, type, name, body, false);
}

/* ---- institutions ---- */

static void institution_columns(struct table *table, const struct snapshot_terms *terms)
{
    static const char *const first[] = {"institution", "name",       "category", "district",
                                        "currency",    "valid_from", "valid_to"};
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        table_column(table, first[i]);
    }
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        char name[32];
        char column[64];
        if ((terms->types & (1U << type)) == 0) {
            continue;
        }
        (void)body_field(type, name);
        table_column(table, name);
        snprintf(column, sizeof column, "%s_vintage", name);
        table_column(table, column);
        snprintf(column, sizeof column, "%s_first_received_at", name);
        table_column(table, column);
    }
    table_columns_end(table);
}

static void optional_text(struct table *table, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        table_none(table);
    } else {
        table_text(table, text);
    }
}

static void optional_day(struct table *table, int32_t day)
{
    char text[11];
    if (day == INT32_MIN || day == INT32_MAX) {
        table_none(table);
        return;
    }
    day_format(day, text);
    table_text(table, text);
}

static void status_cells(struct table *table, const struct snapshot_fold *fold,
                         const char *institution, int type)
{
    const struct snapshot_cell *cell = snapshot_cell_find(fold, institution, type);
    table_text(table, cell_status_name(snapshot_status(fold, institution, type)));
    if (cell == NULL || cell->current == NULL) {
        table_none(table);
        table_none(table);
        return;
    }
    table_unsigned(table, cell->current->header.vintage);
    table_time(table, cell->current->header.first_received_at_us);
}

/* Every member that is valid at the period's end, whether it reported or not. */
static enum err build_institutions(struct building *building)
{
    struct table table;
    begin_file(building, "institutions", &table);
    institution_columns(&table, building->terms);
    for (size_t i = 0; i < building->fold.member_count; i++) {
        const struct party *party = building->fold.members[i];
        table_text(&table, party->id);
        optional_text(&table, party->name);
        optional_text(&table, party->category);
        optional_text(&table, party->district);
        optional_text(&table, party->currency);
        optional_day(&table, party->valid_from_day);
        optional_day(&table, party->valid_to_day);
        for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
            if (building->terms->types & (1U << type)) {
                status_cells(&table, &building->fold, party->id, type);
            }
        }
        table_row_end(&table);
    }
    return table_end(&table);
}

/* ---- ratios ---- */

static void ratio_row(struct table *table, const struct building *building, const char *institution,
                      const struct ratio_inputs *inputs)
{
    size_t count = 0;
    table_text(table, institution);
    table_text(table, building->period);
    (void)ratios_at(0, &count);
    for (size_t i = 0; i < count; i++) {
        const struct ratio *ratio = ratios_at(i, &count);
        if (ratio->needs_before) {
            continue;
        }
        struct ratio_value value = ratio_compute(ratio, inputs);
        if (value.is_null) {
            table_none(table);
        } else {
            table_integer(table, value.value);
        }
    }
    table_row_end(table);
}

/* A column a ratio, in its unit, a row for each institution of whose reports any may be seen. A
 * pull is of one period: ratios that compare with earlier ones are not in it. */
static void begin_ratios(struct building *building)
{
    size_t count = 0;
    struct table *table = &begin_sheet(building, "ratios", 0)->table;
    table_column(table, "institution");
    table_column(table, "period");
    (void)ratios_at(0, &count);
    for (size_t i = 0; i < count; i++) {
        const struct ratio *ratio = ratios_at(i, &count);
        if (!ratio->needs_before) {
            table_column(table, ratio->id);
        }
    }
    table_columns_end(table);
}

/* ---- an institution's rows ---- */

static const PbReport *report_in(const struct ratio_inputs *inputs, int type)
{
    switch (type) {
    case TYPE_PORTFOLIO:
        return inputs->portfolio;
    case TYPE_LIQUIDITY:
        return inputs->liquidity;
    case TYPE_OPERATIONS:
        return inputs->operations;
    case TYPE_CAPITAL:
        return inputs->capital;
    default:
        assert(type == TYPE_EXPOSURES);
        return inputs->exposures;
    }
}

static bool has_any(const struct ratio_inputs *inputs)
{
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        if (report_in(inputs, type) != NULL) {
            return true;
        }
    }
    return false;
}

static void put_rows(struct sheet *sheet, const struct building *building, const char *institution,
                     const struct ratio_inputs *inputs)
{
    if (sheet->type == 0) {
        if (has_any(inputs)) {
            ratio_row(&sheet->table, building, institution, inputs);
        }
        return;
    }
    const PbReport *report = report_in(inputs, sheet->type);
    if (report == NULL) {
        return;
    }
    if (sheet->rows != NULL) {
        long_rows(sheet, building, institution, report);
    } else {
        wide_row(sheet, building, snapshot_cell_find(&building->fold, institution, sheet->type),
                 report);
    }
}
