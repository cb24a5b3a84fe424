/* Messages and records as JSON, in one stable form: fields in schema order, enums by name, bytes as
 * lower-case hex, times and days as numbers. Absent fields are left out. */
#ifndef IHURIRO_PROTO_JSON_H
#define IHURIRO_PROTO_JSON_H

#include <jansson.h>

#include "proto/messages.h"
#include "proto/record.h"

/* New reference, or NULL without memory. */
json_t *json_of_message(const ProtobufCMessage *message);
/* {"kind","seq","id","institution","type","period","vintage","verdict","received_at","first_received_at",
 * ...} and, where they are given, "findings" and "report" or "event". judgement, body: data NULL
 * when not to be seen. */
json_t *json_of_record(const struct header *header, struct bytes judgement, struct bytes body,
                       struct arena *arena);
/* One compact line with its newline. */
MUST_USE enum err json_line(const json_t *value, struct buffer *line);

#endif
