/* Reports by reflection: a walk over every field that is set, with its path
 * ("portfolio.aging[3].outstanding"), used by the rules that look at all fields, by JSON and CSV
 * output, and by ops.csv. */
#ifndef IHURIRO_PROTO_FIELDS_H
#define IHURIRO_PROTO_FIELDS_H

#include "proto/messages.h"

#define FIELD_PATH_MAX 160

enum field_kind {
    FIELD_INTEGER,
    FIELD_UNSIGNED,
    FIELD_BOOL,
    FIELD_ENUM,
    FIELD_TEXT,
    FIELD_BYTES,
    FIELD_MESSAGE
};

struct field {
    const ProtobufCFieldDescriptor *descriptor;
    const char *path;
    enum field_kind kind;
    int64_t integer;                 /* FIELD_INTEGER, FIELD_BOOL, FIELD_ENUM */
    uint64_t number;                 /* FIELD_UNSIGNED */
    const char *text;                /* FIELD_TEXT; of FIELD_ENUM its name, NULL if unknown */
    struct bytes bytes;              /* FIELD_BYTES */
    const ProtobufCMessage *message; /* FIELD_MESSAGE, called before its own fields */
};

/* Depth first in field order; stops at the first error, which it returns. */
typedef enum err (*field_visit)(void *context, const struct field *field);
MUST_USE enum err fields_walk(const ProtobufCMessage *message, field_visit visit, void *context);

/* How many values of a field are set: 0 or 1, of a repeated field the number of its rows. */
size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor);
/* How much a value of it takes in the memory of its message. */
size_t field_size(const ProtobufCFieldDescriptor *descriptor);
/* The value with that index (below field_count); path is left NULL. */
void field_read(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor,
                size_t index, struct field *ret_field);

/* Is there a set field of this type, at any depth, that the test accepts? Visits without paths
 * (path NULL), and only what is or can hold such a field: for what is asked of every report and is
 * rarely true. */
bool fields_any(const ProtobufCMessage *message, ProtobufCType type,
                bool (*test)(void *context, const struct field *field), void *context);

/* Does the path name a field of the report's schema, and is it set? "portfolio.allowance";
 * "portfolio.aging[3].moratorium", or without an index: in any row. For field notes. */
bool field_path_exists(const PbReport *report, const char *path);
bool field_is_set(const PbReport *report, const char *path);
/* The descriptor that a path of the report's schema names, or NULL. */
const ProtobufCFieldDescriptor *field_of_path(const PbReport *report, const char *path);
/* Signed (±) fields may be negative; all other amounts may not (LIQ-14). */
bool field_is_signed(const ProtobufCFieldDescriptor *descriptor);

#endif
