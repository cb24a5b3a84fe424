#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/mfi/book_ops_inside.h"
#include "proto/glossary.h"
#include "proto/limits.h"

#define KEYS_MAX  600
#define KEY_MAX   96
#define ROWS_MAX  64 /* of a list: training.64.topic */
#define ROW_NONE  0  /* the field is the body's own */
#define MANDATORY (BOOK_IN_HEADER | BOOK_IN_ROW)

enum ops_column { OPS_KEY, OPS_VALUE, OPS_COLUMNS };

static const struct book_column columns[OPS_COLUMNS] = {
    [OPS_KEY] = {"key", MANDATORY},
    [OPS_VALUE] = {"value", BOOK_IN_HEADER},
};

static const struct book_table table = {
    columns, OPS_COLUMNS,
    "Fill in what is known (a row without a value is passed over), or take ops.csv out."};

struct book_ops {
    char *note; /* of OPERATIONS, where the manifest has none */
    size_t note_line;
    size_t count;
    struct ops_key keys[KEYS_MAX];
};

/* ---- which field a key names ---- */

struct body {
    int type;
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
};

static const struct body bodies[] = {
    {TYPE_OPERATIONS, "operations", &ihuriro__v1__operations__descriptor},
    {TYPE_PORTFOLIO, "portfolio", &ihuriro__v1__portfolio__descriptor},
    {TYPE_LIQUIDITY, "liquidity", &ihuriro__v1__liquidity__descriptor},
    {TYPE_CAPITAL, "capital", &ihuriro__v1__capital__descriptor},
    {TYPE_EXPOSURES, "exposures", &ihuriro__v1__exposures__descriptor},
};
#define BODIES (sizeof bodies / sizeof bodies[0])

/* Lists by the name of one of their rows. */
static const struct {
    const char *word;
    const char *list;
} singulars[] = {
    {"channel", "channels"},
    {"reason", "reneg_reasons"},
    {"fund", "emergency_fund"},
    {"class", "classes"},
};

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor,
                                                  const char *name)
{
    const char *full = name;
    for (size_t i = 0; i < sizeof singulars / sizeof singulars[0]; i++) {
        full = strcmp(singulars[i].word, name) == 0 ? singulars[i].list : full;
    }
    return protobuf_c_message_descriptor_get_field_by_name(descriptor, full);
}

/* The one required field of a row that tells rows apart, if it is an enum; NULL: rows are numbered.
 */
static const ProtobufCFieldDescriptor *code_of(const ProtobufCMessageDescriptor *row)
{
    const ProtobufCFieldDescriptor *code = NULL;
    for (unsigned i = 0; i < row->n_fields; i++) {
        if (row->fields[i].label != PROTOBUF_C_LABEL_REQUIRED) {
            continue;
        }
        if (code != NULL || row->fields[i].type != PROTOBUF_C_TYPE_ENUM) {
            return NULL;
        }
        code = &row->fields[i];
    }
    return code;
}

static bool parse_row(const ProtobufCMessageDescriptor *row, const char *word, int *ret_row)
{
    const ProtobufCFieldDescriptor *code = code_of(row);
    if (code != NULL) {
        const ProtobufCEnumDescriptor *values = code->descriptor;
        for (unsigned i = 0; i < values->n_values; i++) {
            if (strcasecmp(values->values[i].name, word) == 0) {
                *ret_row = values->values[i].value;
                return true;
            }
        }
        return false;
    }
    char *end = NULL;
    long number = strtol(word, &end, 10);
    *ret_row = (int)number;
    return end != word && *end == '\0' && number >= 1 && number <= ROWS_MAX;
}

/* "glp", "channel.USSD.n_tx", "fund.requested", "reason.LOCKDOWN" (its only figure). */
static bool resolve_in(const ProtobufCMessageDescriptor *descriptor, char *key,
                       struct ops_key *ret_key)
{
    char *rest = strchr(key, '.');
    if (rest != NULL) {
        *rest++ = '\0';
    }
    const ProtobufCFieldDescriptor *field = find_field(descriptor, key);
    if (field == NULL || (field->type == PROTOBUF_C_TYPE_MESSAGE) != (rest != NULL)) {
        return false;
    }
    ret_key->list = NULL;
    ret_key->field = field;
    ret_key->row = ROW_NONE;
    if (rest == NULL) {
        return true;
    }
    const ProtobufCMessageDescriptor *row = field->descriptor;
    ret_key->list = field;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        char *name = strchr(rest, '.');
        if (name != NULL) {
            *name++ = '\0';
        }
        if (!parse_row(row, rest, &ret_key->row)) {
            return false;
        }
        if (name == NULL && row->n_fields == 2 && code_of(row) != NULL) {
            ret_key->field = &row->fields[1];
            return true;
        }
        rest = name;
    }
    ret_key->field =
        rest == NULL ? NULL : protobuf_c_message_descriptor_get_field_by_name(row, rest);
    return ret_key->field != NULL && ret_key->field->type != PROTOBUF_C_TYPE_MESSAGE &&
           ret_key->field != code_of(row);
}

/* How many reports have such a field; the last one is in ret_key. */
static size_t resolve(const char *key, struct ops_key *ret_key)
{
    size_t found = 0;
    for (size_t i = 0; i < BODIES; i++) {
        char word[KEY_MAX + 1];
        size_t length = strlen(bodies[i].name);
        bool is_prefixed = strncasecmp(key, bodies[i].name, length) == 0 && key[length] == '.';
        struct ops_key resolved = *ret_key;
        (void)snprintf(word, sizeof word, "%.*s", KEY_MAX, is_prefixed ? key + length + 1 : key);
        if (!resolve_in(bodies[i].descriptor, word, &resolved)) {
            continue;
        }
        *ret_key = resolved;
        ret_key->type = bodies[i].type;
        if (is_prefixed) {
            return 1;
        }
        found++;
    }
    return found;
}

/* ---- reading ---- */

static enum err refuse_again(const struct book_rows *rows, size_t line)
{
    return book_rows_refuse(rows, OPS_KEY, ERR_REFUSED,
                            "is on line %zu already. Keep one of the two.", line);
}

static enum err take_note(const struct book_work *work, const struct book_rows *rows,
                          const struct book_cell *cells, struct book_ops *ops)
{
    if (ops->note != NULL) {
        return refuse_again(rows, ops->note_line);
    }
    if (cells[OPS_VALUE].size > TEXT_BYTES_MAX) {
        return book_rows_refuse(rows, OPS_VALUE, ERR_TOO_LARGE,
                                "is longer than %d bytes. Shorten it.", TEXT_BYTES_MAX);
    }
    ops->note = arena_text(work->arena, cells[OPS_VALUE].text);
    ops->note_line = book_rows_line(rows);
    return ops->note == NULL ? book_no_memory(work) : ERR_OK;
}

static enum err take_row(const struct book_work *work, const struct book_rows *rows,
                         const struct book_cell *cells, struct book_ops *ops)
{
    struct ops_key key = {.line = book_rows_line(rows)};
    if (cells[OPS_VALUE].size == 0) { /* a template's row that was not filled in */
        return ERR_OK;
    }
    if (strcmp(cells[OPS_KEY].text, "note") == 0) {
        return take_note(work, rows, cells, ops);
    }
    size_t found = cells[OPS_KEY].size <= KEY_MAX ? resolve(cells[OPS_KEY].text, &key) : 0;
    if (found == 0) {
        return book_rows_refuse(
            rows, OPS_KEY, ERR_MALFORMED,
            "names no field. Keys are listed in the ops-template.csv that `mfi-agent "
            "init` writes; `mfi-agent explain --all` says what each is.");
    }
    if (found > 1) {
        return book_rows_refuse(rows, OPS_KEY, ERR_MALFORMED,
                                "names a field of more than one report. Write the report's name "
                                "before it: liquidity.%s or capital.%s.",
                                cells[OPS_KEY].text, cells[OPS_KEY].text);
    }
    for (size_t i = 0; i < ops->count; i++) {
        const struct ops_key *other = &ops->keys[i];
        if (other->type == key.type && other->list == key.list && other->field == key.field &&
            other->row == key.row) {
            return refuse_again(rows, other->line);
        }
    }
    if (ops->count == KEYS_MAX) {
        return book_rows_refuse(rows, OPS_KEY, ERR_TOO_LARGE, "is one key too many: %d at most.",
                                KEYS_MAX);
    }
    key.key = arena_text(work->arena, cells[OPS_KEY].text);
    key.value = arena_text(work->arena, cells[OPS_VALUE].text);
    if (key.key == NULL || key.value == NULL) {
        return book_no_memory(work);
    }
    ops->keys[ops->count++] = key;
    return ERR_OK;
}

enum err book_ops_read(const struct book_work *work, struct book_ops **ret_ops)
{
    AUTO(book_extract_close) struct book_extract extract = {0};
    const struct book_cell *cells = NULL;
    struct book_ops *ops = arena_take(work->arena, sizeof *ops);
    if (ops == NULL) {
        return book_no_memory(work);
    }
    enum err err = book_extract_open(work, OPS_FILE, &table, &extract);
    while (err == ERR_OK) {
        err = book_rows_next(extract.rows, &cells);
        if (err != ERR_OK || cells == NULL) {
            break;
        }
        err = take_row(work, extract.rows, cells, ops);
    }
    if (err == ERR_OK) {
        *ret_ops = ops;
    }
    return err;
}

bool book_ops_has(const struct book_ops *ops, int report_type)
{
    for (size_t i = 0; ops != NULL && i < ops->count; i++) {
        if (ops->keys[i].type == report_type) {
            return true;
        }
    }
    return false;
}

/* ---- into the body ---- */

static ProtobufCMessage *make_message(const struct book_work *work,
                                      const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_take(work->arena, descriptor->sizeof_message);
    if (message != NULL) {
        descriptor->message_init(message);
    }
    return message;
}

static int code_in(const ProtobufCMessage *row, const ProtobufCFieldDescriptor *code)
{
    return *(const int *)(const void *)((const char *)row + code->offset);
}

/* How many numbered rows of the list the keys before this one have made. */
static size_t rows_made(const struct book_ops *ops, const struct ops_key *key)
{
    int most = 0;
    for (const struct ops_key *other = ops->keys; other < key; other++) {
        most = other->type == key->type && other->list == key->list && other->row > most
                   ? other->row
                   : most;
    }
    return (size_t)most;
}

/* The row of a list, made where it is not there. Numbers count from behind what files made: those
 * rows are not to be changed. */
static ProtobufCMessage *row_of(const struct book_work *work, const struct book_ops *ops,
                                const struct ops_key *key, ProtobufCMessage *body)
{
    size_t *count = (size_t *)(void *)((char *)body + key->list->quantifier_offset);
    ProtobufCMessage ***rows = (ProtobufCMessage ***)(void *)((char *)body + key->list->offset);
    const ProtobufCFieldDescriptor *code = code_of(key->list->descriptor);
    size_t made = code == NULL ? rows_made(ops, key) : 0;
    for (size_t i = 0; i < *count; i++) {
        if (code != NULL ? code_in((*rows)[i], code) == key->row
                         : i + 1 == *count - made + (size_t)key->row) {
            return (*rows)[i];
        }
    }
    if (code == NULL && (size_t)key->row != made + 1) {
        return NULL;
    }
    ProtobufCMessage **more = arena_take(work->arena, (*count + 1) * sizeof *more);
    ProtobufCMessage *row = make_message(work, key->list->descriptor);
    if (more == NULL || row == NULL) {
        return NULL;
    }
    if (*count > 0) {
        memcpy(more, *rows, *count * sizeof *more);
    }
    if (code != NULL) {
        *(int *)(void *)((char *)row + code->offset) = key->row;
    }
    more[(*count)++] = row;
    *rows = more;
    return row;
}

static ProtobufCMessage *holder_of(const struct book_work *work, const struct book_ops *ops,
                                   const struct ops_key *key, ProtobufCMessage *body)
{
    if (key->list == NULL) {
        return body;
    }
    if (key->list->label == PROTOBUF_C_LABEL_REPEATED) {
        return row_of(work, ops, key, body);
    }
    ProtobufCMessage **one = (ProtobufCMessage **)(void *)((char *)body + key->list->offset);
    *one = *one != NULL ? *one : make_message(work, key->list->descriptor);
    return *one;
}

/* D59: what loans.csv computes of these, ops.csv may say better. */
static bool may_replace(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {"restructured_in_period", "restructured_in_period_loans",
                                        "moratorium_ended", "moratorium_ended_paying"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum err put_key(const struct book_work *work, const struct book_ops *ops,
                        const struct ops_key *key, ProtobufCMessage *body)
{
    ProtobufCMessage *holder = holder_of(work, ops, key, body);
    if (holder == NULL) {
        return ops_refuse(
            work, key,
            "stands in a row whose number does not follow. Number the rows 1, 2, 3, each "
            "with its own fields, in that order.");
    }
    char *base = (char *)holder;
    bool is_text = key->field->type == PROTOBUF_C_TYPE_STRING;
    protobuf_c_boolean *has =
        is_text || key->field->label == PROTOBUF_C_LABEL_REQUIRED
            ? NULL
            : (protobuf_c_boolean *)(void *)(base + key->field->quantifier_offset);
    if (has != NULL && *has && !may_replace(key->field)) {
        return complain(work->complaint, ERR_REFUSED,
                        OPS_FILE " line %zu: %s is computed from the other files of the folder. "
                                 "Take this row out, or the file that it comes from.",
                        key->line, key->key);
    }
    enum err err = ops_put_value(work, key, base + key->field->offset);
    if (err == ERR_OK && has != NULL) {
        *has = true;
    }
    return err;
}

/* Rows that are numbered must have what tells them apart. */
static enum err check_rows(const struct book_work *work, const struct book_ops *ops, int type)
{
    for (size_t i = 0; i < ops->count; i++) {
        const struct ops_key *key = &ops->keys[i];
        if (key->type != type || key->list == NULL ||
            key->list->label != PROTOBUF_C_LABEL_REPEATED ||
            code_of(key->list->descriptor) != NULL) {
            continue;
        }
        const ProtobufCMessageDescriptor *row = key->list->descriptor;
        for (unsigned k = 0; k < row->n_fields; k++) {
            bool is_given = row->fields[k].label != PROTOBUF_C_LABEL_REQUIRED;
            for (size_t n = 0; n < ops->count && !is_given; n++) {
                is_given = ops->keys[n].list == key->list && ops->keys[n].row == key->row &&
                           ops->keys[n].field == &row->fields[k];
            }
            if (!is_given) {
                return complain(work->complaint, ERR_REFUSED,
                                OPS_FILE " line %zu: %s stands alone: give %s of that row too.",
                                key->line, key->key, row->fields[k].name);
            }
        }
    }
    return ERR_OK;
}

static ProtobufCMessage *body_in(PbReport *report, int type)
{
    switch (type) {
    case TYPE_PORTFOLIO:
        return report->portfolio == NULL ? NULL : &report->portfolio->base;
    case TYPE_LIQUIDITY:
        return report->liquidity == NULL ? NULL : &report->liquidity->base;
    case TYPE_OPERATIONS:
        return report->operations == NULL ? NULL : &report->operations->base;
    case TYPE_CAPITAL:
        return report->capital == NULL ? NULL : &report->capital->base;
    default:
        return report->exposures == NULL ? NULL : &report->exposures->base;
    }
}

enum err book_ops_put(const struct book_work *work, const struct book_ops *ops, PbReport *report)
{
    int type = (int)report->type;
    ProtobufCMessage *body = body_in(report, type);
    if (ops == NULL || body == NULL) {
        return ERR_OK;
    }
    if (type == TYPE_OPERATIONS && report->note == NULL) {
        report->note = ops->note;
    }
    enum err err = check_rows(work, ops, type);
    for (size_t i = 0; err == ERR_OK && i < ops->count; i++) {
        if (ops->keys[i].type == type) {
            err = put_key(work, ops, &ops->keys[i], body);
        }
    }
    return err;
}

/* ---- the template ---- */

static enum err add_template_row(struct buffer *text, const char *prefix, const char *key,
                                 const struct field_text *field)
{
    char definition[400];
    size_t used = 0;
    for (const char *at = field->definition; *at != '\0' && used + 2 < sizeof definition; at++) {
        if (*at == '"') {
            definition[used++] = '"';
        }
        definition[used++] = *at;
    }
    definition[used] = '\0';
    return buffer_printf(text, "%s%s,,%s,\"%s\"\n", prefix, key, field->unit, definition);
}

/* Of a list, the rows of each code, or the first one. */
static enum err add_list(struct buffer *text, const char *prefix,
                         const ProtobufCFieldDescriptor *list, int type)
{
    const ProtobufCMessageDescriptor *row = list->descriptor;
    const ProtobufCFieldDescriptor *code = code_of(row);
    const ProtobufCEnumDescriptor *values = code == NULL ? NULL : code->descriptor;
    unsigned rows = values == NULL ? 1 : values->n_values;
    enum err err = ERR_OK;
    for (unsigned i = 0; i < rows; i++) {
        for (unsigned k = 0; err == ERR_OK && k < row->n_fields; k++) {
            char name[KEY_MAX];
            char key[KEY_MAX];
            (void)snprintf(name, sizeof name, "%s.%s", list->name, row->fields[k].name);
            const struct field_text *field = glossary_find(type, name);
            if (&row->fields[k] == code || field == NULL) {
                continue;
            }
            if (list->label != PROTOBUF_C_LABEL_REPEATED) {
                (void)snprintf(key, sizeof key, "%s", name);
            } else {
                (void)snprintf(key, sizeof key, "%s.%s.%s", list->name,
                               values == NULL ? "1" : values->values[i].name, row->fields[k].name);
            }
            err = add_template_row(text, prefix, key, field);
        }
    }
    return err;
}

/* Of CAPITAL what no account tells; its other fields come from gl.csv, or may be written too. */
enum err book_ops_template(struct buffer *text)
{
    static const struct {
        int type;
        const char *prefix;
        const ProtobufCMessageDescriptor *descriptor;
    } shown[] = {
        {TYPE_OPERATIONS, "", &ihuriro__v1__operations__descriptor},
        {TYPE_CAPITAL, "capital.", &ihuriro__v1__capital__descriptor},
    };
    enum err err = buffer_printf(text, "key,value,unit,what it is\n");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        for (unsigned k = 0; err == ERR_OK && k < shown[i].descriptor->n_fields; k++) {
            const ProtobufCFieldDescriptor *field = &shown[i].descriptor->fields[k];
            const struct field_text *words = glossary_find(shown[i].type, field->name);
            if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
                err = add_list(text, shown[i].prefix, field, shown[i].type);
            } else if (words != NULL) {
                err = add_template_row(text, shown[i].prefix, field->name, words);
            }
        }
    }
    return err;
}
