#include "proto/fields.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static enum err walk(const ProtobufCMessage *message, const char *path, field_visit visit,
                     void *context);

enum err fields_walk(const ProtobufCMessage *message, field_visit visit, void *context)
{
    return walk(message, "", visit, context);
}

static enum err visit_value(const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *descriptor, size_t index,
                            const char *parent, field_visit visit, void *context)
{
    char path[FIELD_PATH_MAX];
    const char *dot = parent[0] == '\0' ? "" : ".";
    int length =
        descriptor->label == PROTOBUF_C_LABEL_REPEATED
            ? snprintf(path, sizeof path, "%s%s%s[%zu]", parent, dot, descriptor->name, index)
            : snprintf(path, sizeof path, "%s%s%s", parent, dot, descriptor->name);
    assert(length > 0 && (size_t)length < sizeof path); /* the schema is not that deep */
    struct field field;
    field_read(message, descriptor, index, &field);
    field.path = path;
    enum err err = visit(context, &field);
    if (err == ERR_OK && field.kind == FIELD_MESSAGE) {
        err = walk(field.message, path, visit, context);
    }
    return err;
}

static enum err walk(const ProtobufCMessage *message, const char *path, field_visit visit,
                     void *context)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *descriptor = &message->descriptor->fields[i];
        size_t count = field_count(message, descriptor);
        for (size_t k = 0; k < count; k++) {
            enum err err = visit_value(message, descriptor, k, path, visit, context);
            if (err != ERR_OK) {
                return err;
            }
        }
    }
    return ERR_OK;
}

static const void *member_at(const ProtobufCMessage *message, size_t offset)
{
    return (const uint8_t *)message + offset;
}

static bool is_pointer(const ProtobufCFieldDescriptor *descriptor)
{
    return descriptor->type == PROTOBUF_C_TYPE_STRING ||
           descriptor->type == PROTOBUF_C_TYPE_MESSAGE;
}

size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor)
{
    if (descriptor->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)member_at(message, descriptor->quantifier_offset);
    }
    if (is_pointer(descriptor)) {
        const void *const *value = member_at(message, descriptor->offset);
        return *value != NULL && *value != descriptor->default_value ? 1 : 0;
    }
    if (descriptor->label == PROTOBUF_C_LABEL_REQUIRED) {
        return 1;
    }
    return *(const protobuf_c_boolean *)member_at(message, descriptor->quantifier_offset) ? 1 : 0;
}

/* How each type lies in memory, and what it becomes. The schema has no floating point (size 0). */
struct type_row {
    enum field_kind kind;
    size_t size;
};

static const struct type_row type_rows[] = {
    [PROTOBUF_C_TYPE_INT32] = {FIELD_INTEGER, 4},
    [PROTOBUF_C_TYPE_SINT32] = {FIELD_INTEGER, 4},
    [PROTOBUF_C_TYPE_SFIXED32] = {FIELD_INTEGER, 4},
    [PROTOBUF_C_TYPE_INT64] = {FIELD_INTEGER, 8},
    [PROTOBUF_C_TYPE_SINT64] = {FIELD_INTEGER, 8},
    [PROTOBUF_C_TYPE_SFIXED64] = {FIELD_INTEGER, 8},
    [PROTOBUF_C_TYPE_UINT32] = {FIELD_UNSIGNED, 4},
    [PROTOBUF_C_TYPE_FIXED32] = {FIELD_UNSIGNED, 4},
    [PROTOBUF_C_TYPE_UINT64] = {FIELD_UNSIGNED, 8},
    [PROTOBUF_C_TYPE_FIXED64] = {FIELD_UNSIGNED, 8},
    [PROTOBUF_C_TYPE_BOOL] = {FIELD_BOOL, sizeof(protobuf_c_boolean)},
    [PROTOBUF_C_TYPE_ENUM] = {FIELD_ENUM, 4},
    [PROTOBUF_C_TYPE_STRING] = {FIELD_TEXT, sizeof(char *)},
    [PROTOBUF_C_TYPE_BYTES] = {FIELD_BYTES, sizeof(ProtobufCBinaryData)},
    [PROTOBUF_C_TYPE_MESSAGE] = {FIELD_MESSAGE, sizeof(ProtobufCMessage *)},
};

size_t field_size(const ProtobufCFieldDescriptor *descriptor)
{
    assert(type_rows[descriptor->type].size > 0);
    return type_rows[descriptor->type].size;
}

static int64_t read_signed(const void *at, size_t size)
{
    return size == 4 ? *(const int32_t *)at : *(const int64_t *)at;
}

static void read_value(const void *at, const struct type_row *type, struct field *field)
{
    switch (type->kind) {
    case FIELD_INTEGER:
        field->integer = read_signed(at, type->size);
        break;
    case FIELD_UNSIGNED:
        field->number = type->size == 4 ? *(const uint32_t *)at : *(const uint64_t *)at;
        break;
    case FIELD_BOOL:
        field->integer = *(const protobuf_c_boolean *)at != 0;
        break;
    case FIELD_ENUM: {
        field->integer = *(const int *)at;
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(field->descriptor->descriptor, *(const int *)at);
        field->text = value == NULL ? NULL : value->name;
        break;
    }
    case FIELD_TEXT:
        field->text = *(const char *const *)at;
        break;
    case FIELD_BYTES:
        field->bytes = bytes_of_pb(*(const ProtobufCBinaryData *)at);
        break;
    case FIELD_MESSAGE:
        field->message = *(const ProtobufCMessage *const *)at;
        break;
    }
}

void field_read(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor,
                size_t index, struct field *ret_field)
{
    const struct type_row *type = &type_rows[descriptor->type];
    assert(type->size > 0);
    const void *at = member_at(message, descriptor->offset);
    if (descriptor->label == PROTOBUF_C_LABEL_REPEATED) {
        const uint8_t *rows = *(const uint8_t *const *)at;
        at = rows + index * type->size;
    }
    *ret_field = (struct field){.descriptor = descriptor, .kind = type->kind};
    read_value(at, type, ret_field);
}

/* One step of a path: "aging[3]" or "aging". */
struct step {
    const ProtobufCFieldDescriptor *descriptor;
    bool has_index;
    size_t index;
};

static bool parse_index(const char *text, const char *end, size_t *ret_index)
{
    size_t index = 0;
    if (text == end || end - text > 6) {
        return false;
    }
    for (; text < end; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        index = index * 10 + (size_t)(*text - '0');
    }
    *ret_index = index;
    return true;
}

/* Takes the first step off a path; what follows is behind the dot, or empty. */
static bool take_step(const ProtobufCMessageDescriptor *type, const char **path,
                      struct step *ret_step)
{
    size_t length = strcspn(*path, ".");
    size_t name_length = strcspn(*path, ".[");
    char name[FIELD_PATH_MAX];
    if (name_length == 0 || name_length >= sizeof name) {
        return false;
    }
    memcpy(name, *path, name_length);
    name[name_length] = '\0';
    struct step step = {.descriptor = protobuf_c_message_descriptor_get_field_by_name(type, name)};
    if (step.descriptor == NULL) {
        return false;
    }
    if (name_length < length) {
        const char *end = *path + length - 1;
        step.has_index = true;
        if (step.descriptor->label != PROTOBUF_C_LABEL_REPEATED || *end != ']' ||
            !parse_index(*path + name_length + 1, end, &step.index)) {
            return false;
        }
    }
    *path += length;
    if (**path == '.') {
        (*path)++;
        if (**path == '\0') {
            return false;
        }
    }
    *ret_step = step;
    return true;
}

static bool path_is_set(const ProtobufCMessage *message, const char *path)
{
    struct step step;
    if (!take_step(message->descriptor, &path, &step)) {
        return false;
    }
    size_t count = field_count(message, step.descriptor);
    size_t first = step.has_index ? step.index : 0;
    size_t end = step.has_index && step.index < count ? step.index + 1 : count;
    if (*path == '\0') {
        return first < count;
    }
    for (size_t i = first; i < end; i++) {
        struct field field;
        field_read(message, step.descriptor, i, &field);
        if (field.kind == FIELD_MESSAGE && path_is_set(field.message, path)) {
            return true;
        }
    }
    return false;
}

const ProtobufCFieldDescriptor *field_of_path(const PbReport *report, const char *path)
{
    const ProtobufCMessageDescriptor *type = report->base.descriptor;
    while (type != NULL) {
        struct step step;
        if (!take_step(type, &path, &step)) {
            return NULL;
        }
        if (*path == '\0') {
            return step.descriptor;
        }
        type =
            step.descriptor->type == PROTOBUF_C_TYPE_MESSAGE ? step.descriptor->descriptor : NULL;
    }
    return NULL;
}

bool field_path_exists(const PbReport *report, const char *path)
{
    return field_of_path(report, path) != NULL;
}

/* Of the schema: is there such a field, at any depth? */
static bool can_hold(const ProtobufCFieldDescriptor *field, ProtobufCType type)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return field->type == type;
    }
    const ProtobufCMessageDescriptor *below = field->descriptor;
    for (unsigned i = 0; i < below->n_fields; i++) {
        if (can_hold(&below->fields[i], type)) {
            return true;
        }
    }
    return false;
}

typedef bool (*field_test)(void *context, const struct field *field);

static bool any_below(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor,
                      ProtobufCType type, field_test test, void *context)
{
    size_t count = field_count(message, descriptor);
    if (count == 0 || !can_hold(descriptor, type)) {
        return false;
    }
    const void *at = member_at(message, descriptor->offset);
    const ProtobufCMessage *const *rows = descriptor->label == PROTOBUF_C_LABEL_REPEATED
                                              ? *(const ProtobufCMessage *const *const *)at
                                              : at;
    for (size_t i = 0; i < count; i++) {
        if (fields_any(rows[i], type, test, context)) {
            return true;
        }
    }
    return false;
}

bool fields_any(const ProtobufCMessage *message, ProtobufCType type, field_test test, void *context)
{
    for (unsigned n = 0; n < message->descriptor->n_fields; n++) {
        const ProtobufCFieldDescriptor *at = &message->descriptor->fields[n];
        if (at->type == PROTOBUF_C_TYPE_MESSAGE) {
            if (any_below(message, at, type, test, context)) {
                return true;
            }
            continue;
        }
        size_t count = at->type == type ? field_count(message, at) : 0;
        for (size_t i = 0; i < count; i++) {
            struct field field;
            field_read(message, at, i, &field);
            if (test(context, &field)) {
                return true;
            }
        }
    }
    return false;
}

bool field_is_set(const PbReport *report, const char *path)
{
    return path_is_set(&report->base, path);
}

bool field_is_signed(const ProtobufCFieldDescriptor *descriptor)
{
    static const char *const names[] = {
        "provision_expense",
        "glp_adjustment",
        "deposit_adjustment",
        "expected_collections_bp",
        "expected_deposits_bp",
        "expected_disbursements_bp",
        "retained_earnings",
        "current_result",
        "other_equity",
        "impairment",
        "tax",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(descriptor->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}
