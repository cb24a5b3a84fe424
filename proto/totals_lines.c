/* The lines that a sector has a total of: every ratio that is more than one institution's, and
 * every amount and count of the glossary, rows by their codes and edges. */
#include <stdio.h>
#include <string.h>

#include "proto/fields.h"
#include "proto/glossary.h"
#include "proto/totals_inside.h"

typedef bool (*parts_function)(const struct line *line, const struct ratio_inputs *inputs,
                               struct ratio_parts *ret_parts);

struct making {
    const PbSettings *settings;
    const struct period *month;
    struct lines *lines;
};

MUST_USE static enum err add_ratios(struct lines *lines);
MUST_USE static enum err add_fields(const struct making *making, int type);

enum err lines_make(const PbSettings *settings, const struct period *month, struct lines *ret_lines)
{
    AUTO(lines_close) struct lines lines = {0};
    struct making making = {settings, month, &lines};
    enum err err = add_ratios(&lines);
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST && err == ERR_OK; type++) {
        err = add_fields(&making, type);
    }
    if (err == ERR_OK) {
        *ret_lines = lines;
        lines = (struct lines){0};
    }
    return err;
}

void lines_close(struct lines *lines)
{
    free(lines->items);
    *lines = (struct lines){0};
}

static enum err add(struct lines *lines, const struct line *line)
{
    if (lines->count == lines->capacity) {
        size_t wanted = lines->capacity == 0 ? 512 : lines->capacity * 2;
        struct line *grown = reallocarray(lines->items, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        lines->items = grown;
        lines->capacity = wanted;
    }
    lines->items[lines->count++] = *line;
    return ERR_OK;
}

static enum err add_ratios(struct lines *lines)
{
    size_t count = 1;
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        const struct ratio *ratio = ratios_at(i, &count);
        struct line line = {
            .unit = ratio->unit,
            .is_ratio = !ratio->is_amount,
            .needs_before = ratio->needs_before,
            .is_yearly = ratio->is_yearly,
            .is_exposed = ratio->is_exposed,
            .ratio = ratio,
        };
        snprintf(line.name, sizeof line.name, "%s", ratio->id);
        err = ratio->is_single ? ERR_OK : add(lines, &line);
    }
    return err;
}

/* ---- what one member reported of a line ---- */

static const ProtobufCMessage *body_of(const struct ratio_inputs *inputs, int type)
{
    switch (type) {
    case TYPE_PORTFOLIO:
        return (const ProtobufCMessage *)portfolio_of(inputs);
    case TYPE_LIQUIDITY:
        return (const ProtobufCMessage *)liquidity_of(inputs);
    case TYPE_OPERATIONS:
        return (const ProtobufCMessage *)operations_of(inputs);
    case TYPE_CAPITAL:
        return (const ProtobufCMessage *)capital_of(inputs);
    default:
        return (const ProtobufCMessage *)exposures_of(inputs);
    }
}

static const void *at(const void *message, size_t offset)
{
    return (const uint8_t *)message + offset;
}

/* An optional number of a message or row. */
static void add_value(struct sum *sum, const void *message, const ProtobufCFieldDescriptor *field)
{
    const void *value = at(message, field->offset);
    bool has = *(const protobuf_c_boolean *)at(message, field->quantifier_offset) != 0;
    if (field->type == PROTOBUF_C_TYPE_UINT64) {
        sum_add_count(sum, has, *(const uint64_t *)value);
    } else {
        sum_add(sum, has, *(const int64_t *)value);
    }
}

static bool field_parts(const struct line *line, const struct ratio_inputs *inputs,
                        struct ratio_parts *ret_parts)
{
    const void *message = body_of(inputs, line->type);
    if (message != NULL && line->within != NULL) {
        message = *(const void *const *)at(message, line->within->offset);
    }
    struct sum sum = {.is_unknown = message == NULL};
    if (message != NULL) {
        add_value(&sum, message, line->field);
    }
    return parts_single(&sum, ret_parts);
}

static bool deposits_parts(const struct line *line, const struct ratio_inputs *inputs,
                           struct ratio_parts *ret_parts)
{
    struct sum sum = deposits_of(inputs);
    (void)line;
    return parts_single(&sum, ret_parts);
}

struct rows {
    const void *const *items;
    size_t count;
};

static struct rows rows_of(const struct line *line, const struct ratio_inputs *inputs)
{
    const void *body = body_of(inputs, line->type);
    struct rows rows = {NULL, 0};
    if (body != NULL) {
        rows.items = *(const void *const *const *)at(body, line->within->offset);
        rows.count = *(const size_t *)at(body, line->within->quantifier_offset);
    }
    return rows;
}

static bool row_is_of(const struct row_key *key, const void *row)
{
    if (key->text != NULL) {
        const char *text = *(const char *const *)at(row, key->offset);
        return text[0] == key->text[0] && strcmp(text, key->text) == 0;
    }
    return *(const int *)at(row, key->offset) == key->value &&
           (key->offset2 == 0 || *(const int *)at(row, key->offset2) == key->value2);
}

/* Σ of the rows of a code; who has no row of it has not said how much it is. */
static bool coded_parts(const struct line *line, const struct ratio_inputs *inputs,
                        struct ratio_parts *ret_parts)
{
    struct rows rows = rows_of(line, inputs);
    struct sum sum = {0};
    size_t found = 0;
    for (size_t i = 0; i < rows.count; i++) {
        if (row_is_of(&line->key, rows.items[i])) {
            add_value(&sum, rows.items[i], line->field);
            found++;
        }
    }
    return found > 0 && parts_single(&sum, ret_parts);
}

static bool rows_parts(const struct line *line, const struct ratio_inputs *inputs,
                       struct ratio_parts *ret_parts)
{
    struct rows rows = rows_of(line, inputs);
    struct sum sum = {.is_unknown = rows.count == 0};
    for (size_t i = 0; i < rows.count; i++) {
        add_value(&sum, rows.items[i], line->field);
    }
    return parts_single(&sum, ret_parts);
}

/* As PAR: the rows are all of the book, so a bucket without a row is empty, and one that a row lies
 * across is not known. */
static bool aging_parts(const struct line *line, const struct ratio_inputs *inputs,
                        struct ratio_parts *ret_parts)
{
    const PbPortfolio *portfolio = portfolio_of(inputs);
    const struct row_key *key = &line->key;
    struct sum sum = {.is_unknown = portfolio == NULL || portfolio->n_aging == 0};
    for (size_t i = 0; !sum.is_unknown && i < portfolio->n_aging; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        bool is_before = row->max_days != -1 && row->max_days < key->from_day;
        bool is_behind = key->to_day != -1 && row->min_days > key->to_day;
        bool ends_within =
            key->to_day == -1 || (row->max_days != -1 && row->max_days <= key->to_day);
        if (is_before || is_behind) {
            continue;
        }
        if (row->min_days >= key->from_day && ends_within) {
            add_value(&sum, row, line->field);
        } else {
            sum.is_unknown = true;
        }
    }
    return parts_single(&sum, ret_parts);
}

static bool maturity_parts(const struct line *line, const struct ratio_inputs *inputs,
                           struct ratio_parts *ret_parts)
{
    const struct row_key *key = &line->key;
    struct sum sum = maturing(liquidity_of(inputs), key->item, key->from_day, key->to_day);
    return parts_single(&sum, ret_parts);
}

#define PRIORITY_LEAST 5

/* D63: 6 - priority, so that the most urgent of one member weighs five. */
static bool weight_parts(const struct line *line, const struct ratio_inputs *inputs,
                         struct ratio_parts *ret_parts)
{
    struct rows rows = rows_of(line, inputs);
    struct sum sum = {.is_unknown = rows.count == 0};
    size_t found = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const Ihuriro__V1__AdvocacyRow *row = rows.items[i];
        if (row_is_of(&line->key, row)) {
            bool is_known =
                row->has_priority && row->priority >= 1 && row->priority <= PRIORITY_LEAST;
            sum_add(&sum, is_known, is_known ? PRIORITY_LEAST + 1 - (int64_t)row->priority : 0);
            found++;
        }
    }
    return found > 0 && parts_single(&sum, ret_parts);
}

bool line_parts(const struct line *line, const struct ratio_inputs *inputs,
                struct ratio_parts *ret_parts)
{
    return line->parts != NULL ? line->parts(line, inputs, ret_parts)
                               : line->ratio->parts(inputs, ret_parts);
}

/* ---- fields of the glossary ---- */

static bool unit_of(const char *unit, enum ratio_unit *ret_unit)
{
    static const struct {
        const char *text;
        enum ratio_unit unit;
    } units[] = {
        {"money", RATIO_MONEY},
        {"money ±", RATIO_MONEY},
        {"count", RATIO_COUNT},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i].text, unit) == 0) {
            *ret_unit = units[i].unit;
            return true;
        }
    }
    return false;
}

/* Each has a reason: highest days fall on different days, a cap is none of a sector, and districts
 * would be counted as often as somebody serves them. */
static bool is_left_out(const char *field)
{
    static const char *const fields[] = {"peak_day_withdrawal", "withdrawal_cap_amount",
                                         "districts_served"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i], field) == 0) {
            return true;
        }
    }
    return false;
}

static const ProtobufCMessageDescriptor *descriptor_of(int type)
{
    static const ProtobufCMessageDescriptor *const descriptors[] = {
        [TYPE_PORTFOLIO] = &ihuriro__v1__portfolio__descriptor,
        [TYPE_LIQUIDITY] = &ihuriro__v1__liquidity__descriptor,
        [TYPE_OPERATIONS] = &ihuriro__v1__operations__descriptor,
        [TYPE_CAPITAL] = &ihuriro__v1__capital__descriptor,
        [TYPE_EXPOSURES] = &ihuriro__v1__exposures__descriptor,
    };
    return descriptors[type];
}

static const ProtobufCFieldDescriptor *row_field(const struct line *line, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(line->within->descriptor, name);
}

/* One line like it, of a key; its name goes on with the key's. */
static enum err add_keyed(struct lines *lines, const struct line *like, const struct row_key *key,
                          parts_function parts, const char *key_name)
{
    struct line line = *like;
    line.key = *key;
    line.parts = parts;
    line.is_of_rows = true;
    int length = snprintf(line.name, sizeof line.name, "%s.%s", like->name, key_name);
    return length < 0 || (size_t)length >= sizeof line.name ? ERR_TOO_LARGE : add(lines, &line);
}

static enum err add_enum(struct lines *lines, const struct line *like, const char *key_field,
                         parts_function parts)
{
    const ProtobufCFieldDescriptor *field = row_field(like, key_field);
    const ProtobufCEnumDescriptor *codes = field->descriptor;
    enum err err = ERR_OK;
    for (unsigned i = 0; i < codes->n_values && err == ERR_OK; i++) {
        struct row_key key = {.offset = field->offset, .value = codes->values[i].value};
        err = add_keyed(lines, like, &key, parts, codes->values[i].name);
    }
    return err;
}

static enum err add_aging(const struct making *making, const struct line *like)
{
    static const struct {
        const char *name;
        int32_t from_day;
        int32_t to_day;
    } buckets[] = {
        {"0", 0, 0},       {"1-29", 1, 29},       {"30", 30, 30},    {"31-59", 31, 59},
        {"60", 60, 60},    {"61-89", 61, 89},     {"90", 90, 90},    {"91-179", 91, 179},
        {"180", 180, 180}, {"181-359", 181, 359}, {"360", 360, 360}, {"361+", 361, -1},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0] && err == ERR_OK; i++) {
        struct row_key key = {.from_day = buckets[i].from_day, .to_day = buckets[i].to_day};
        err = add_keyed(making->lines, like, &key, aging_parts, buckets[i].name);
    }
    return err;
}

static enum err add_class(const struct making *making, const struct line *like, const char *code)
{
    struct row_key key = {.offset = row_field(like, "code")->offset, .text = code};
    return add_keyed(making->lines, like, &key, coded_parts, code);
}

/* The settings' classes, each once; their rows may change with time. */
static enum err add_classes(const struct making *making, const struct line *like)
{
    static const char *const usual[] = {"NL", "WL", "SL", "DL", "LL"};
    const PbSettings *settings = making->settings;
    size_t count = settings == NULL ? 0 : settings->n_classes;
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        bool is_new = strlen(settings->classes[i]->code) <= 16;
        for (size_t k = 0; k < i && is_new; k++) {
            is_new = strcmp(settings->classes[i]->code, settings->classes[k]->code) != 0;
        }
        err = is_new ? add_class(making, like, settings->classes[i]->code) : ERR_OK;
    }
    for (size_t i = 0; i < sizeof usual / sizeof usual[0] && count == 0 && err == ERR_OK; i++) {
        err = add_class(making, like, usual[i]);
    }
    return err;
}

#define MONTHS_AHEAD 12

/* A month's text lives as long as the lines: in the name, behind its last dot. */
static enum err add_months(const struct making *making, const struct line *like)
{
    enum err err = ERR_OK;
    for (int i = 1; i <= MONTHS_AHEAD + 1 && err == ERR_OK; i++) {
        struct period month;
        char name[PERIOD_KEY_MAX + 1] = "LATER";
        struct row_key key = {.offset = row_field(like, "month")->offset, .value = 1};
        if (i <= MONTHS_AHEAD) {
            err =
                period_containing(FREQUENCY_M, day_add_months(making->month->start_day, i), &month);
            if (err == ERR_OK) {
                period_format(&month, name);
            }
        }
        err = err != ERR_OK ? err : add_keyed(making->lines, like, &key, NULL, name);
    }
    return err;
}

static bool month_parts(const struct line *line, const struct ratio_inputs *inputs,
                        struct ratio_parts *ret_parts)
{
    struct line own = *line;
    own.key.text = strrchr(line->name, '.') + 1;
    return coded_parts(&own, inputs, ret_parts);
}

static enum err add_item(const struct making *making, const struct line *like, int item,
                         const char *id, const char *item_name)
{
    static const struct {
        const char *name;
        int32_t from_day;
        int32_t to_day;
    } buckets[] = {
        {"0-7", 0, 7},       {"8-30", 8, 30},       {"0-30", 0, 30},   {"31-90", 31, 90},
        {"91-180", 91, 180}, {"181-365", 181, 365}, {"366+", 366, -1},
    };
    struct line of_item = *like;
    struct row_key key = {.item = item, .from_day = 0, .to_day = -1};
    snprintf(of_item.name, sizeof of_item.name, "%s.maturities.amount.%s", id, item_name);
    of_item.key = key;
    of_item.is_of_rows = true;
    of_item.parts = maturity_parts;
    enum err err = add(making->lines, &of_item);
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0] && err == ERR_OK; i++) {
        key.from_day = buckets[i].from_day;
        key.to_day = buckets[i].to_day;
        err = add_keyed(making->lines, &of_item, &key, maturity_parts, buckets[i].name);
    }
    return err;
}

static enum err add_maturities(const struct making *making, const struct line *like)
{
    enum err err = add_item(making, like, IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, "L11",
                            "TERM_DEPOSITS");
    err = err != ERR_OK ? err
                        : add_item(making, like, IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, "L17",
                                   "BORROWINGS");
    return err != ERR_OK ? err
                         : add_item(making, like, IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS,
                                    "L18", "COLLECTIONS");
}

static enum err add_training(const struct making *making, const struct line *like)
{
    const ProtobufCFieldDescriptor *topic = row_field(like, "topic");
    const ProtobufCFieldDescriptor *audience = row_field(like, "audience");
    const ProtobufCEnumDescriptor *topics = topic->descriptor;
    const ProtobufCEnumDescriptor *audiences = audience->descriptor;
    enum err err = ERR_OK;
    for (unsigned i = 0; i < topics->n_values * audiences->n_values && err == ERR_OK; i++) {
        const ProtobufCEnumValue *first = &topics->values[i / audiences->n_values];
        const ProtobufCEnumValue *second = &audiences->values[i % audiences->n_values];
        char name[LINE_NAME_MAX];
        struct row_key key = {.offset = topic->offset,
                              .value = first->value,
                              .offset2 = audience->offset,
                              .value2 = second->value};
        snprintf(name, sizeof name, "%s.%s", first->name, second->name);
        err = add_keyed(making->lines, like, &key, coded_parts, name);
    }
    return err;
}

static enum err add_rows(const struct making *making, struct line *line)
{
    static const struct {
        const char *list;
        const char *key_field; /* an enum, or NULL */
        enum err (*add)(const struct making *making, const struct line *like);
        bool has_no_sum; /* of all rows */
    } families[] = {
        {.list = "aging", .add = add_aging},
        {.list = "classes", .add = add_classes},
        {.list = "moratorium_by_month", .add = add_months},
        {.list = "deposits", .key_field = "type"},
        {.list = "maturities", .add = add_maturities, .has_no_sum = true},
        {.list = "borrowings", .key_field = "lender"},
        {.list = "channels", .key_field = "channel"},
        {.list = "training", .add = add_training},
        {.list = "reneg_reasons", .key_field = "code"},
    };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (strcmp(families[i].list, line->within->name) != 0) {
            continue;
        }
        size_t first = making->lines->count;
        line->parts = rows_parts;
        enum err err = families[i].has_no_sum ? ERR_OK : add(making->lines, line);
        if (err == ERR_OK) {
            err = families[i].add != NULL
                      ? families[i].add(making, line)
                      : add_enum(making->lines, line, families[i].key_field, coded_parts);
        }
        for (size_t k = first; k < making->lines->count; k++) {
            if (making->lines->items[k].parts == NULL) {
                making->lines->items[k].parts = month_parts;
            }
        }
        return err;
    }
    return ERR_OK; /* the breakdown has groups of its own */
}

static enum err add_field(const struct making *making, int type, const struct field_text *text)
{
    struct line line = {.type = type, .is_exposed = type == TYPE_EXPOSURES, .parts = field_parts};
    const char *dot = strchr(text->field, '.');
    size_t length = dot == NULL ? strlen(text->field) : (size_t)(dot - text->field);
    char first[LINE_NAME_MAX];
    if (!unit_of(text->unit, &line.unit) || is_left_out(text->field)) {
        return ERR_OK;
    }
    snprintf(first, sizeof first, "%.*s", (int)length, text->field);
    snprintf(line.name, sizeof line.name, "%.3s.%s", text->id, text->field);
    line.field = protobuf_c_message_descriptor_get_field_by_name(descriptor_of(type), first);
    if (strcmp(first, "deposits_total") == 0) {
        line.parts = deposits_parts;
    }
    if (dot == NULL) {
        return add(making->lines, &line);
    }
    line.within = line.field;
    line.field = row_field(&line, dot + 1);
    return line.within->label == PROTOBUF_C_LABEL_REPEATED ? add_rows(making, &line)
                                                           : add(making->lines, &line);
}

static enum err add_advocacy(const struct making *making)
{
    struct line line = {.type = TYPE_OPERATIONS, .unit = RATIO_COUNT};
    line.within = protobuf_c_message_descriptor_get_field_by_name(
        &ihuriro__v1__operations__descriptor, "advocacy");
    snprintf(line.name, sizeof line.name, "O08.advocacy.weight");
    return add_enum(making->lines, &line, "code", weight_parts);
}

static enum err add_fields(const struct making *making, int type)
{
    enum err err = ERR_OK;
    for (const struct field_text *text = glossary_of(type); text->id != NULL && err == ERR_OK;
         text++) {
        err = add_field(making, type, text);
    }
    return err == ERR_OK && type == TYPE_OPERATIONS ? add_advocacy(making) : err;
}
