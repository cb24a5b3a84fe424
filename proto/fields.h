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
    const char *text;                /* FIELD_TEXT; of FIELD_ENUM its name */
    struct bytes bytes;              /* FIELD_BYTES */
    const ProtobufCMessage *message; /* FIELD_MESSAGE, called before its own fields */
};

/* Depth first in field order; stops at the first error, which it returns. */
typedef enum err (*field_visit)(void *context, const struct field *field);
MUST_USE enum err fields_walk(const ProtobufCMessage *message, field_visit visit, void *context);

/* Does the path name a field of the report's schema, and is it set? "portfolio.allowance". For
 * field notes. */
bool field_path_exists(const PbReport *report, const char *path);
bool field_is_set(const PbReport *report, const char *path);
/* Signed (±) fields may be negative; all other amounts may not (LIQ-14). */
bool field_is_signed(const ProtobufCFieldDescriptor *descriptor);

#endif
