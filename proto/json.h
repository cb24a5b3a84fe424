/* Messages and records as JSON, in one stable form: fields in schema order, enums by name, bytes as
 * lower-case hex, a period by its key, times as RFC 3339 text ("produced_at_us" under the key
 * "produced_at"), days ("peak_day") as YYYY-MM-DD. Absent fields are left out. An enum that this
 * program does not know, and a time or day outside the years 1900 to 2199, is its number; a count
 * above int64 is decimal text; of a text that is no UTF-8 each odd byte is \xNN. */
#ifndef IHURIRO_PROTO_JSON_H
#define IHURIRO_PROTO_JSON_H

#include <jansson.h>

#include "proto/messages.h"
#include "proto/record.h"

/* New reference, or NULL without memory. */
json_t *json_of_message(const ProtobufCMessage *message);
/* {"kind","seq","id","institution","type","period","vintage","status","verdict","received_at",
 * "first_received_at"} and, where they are given, "settings" (id of those it was judged under),
 * "findings" (rule, severity, path, expected, got) and "report" or "event"; of an order also
 * "order", what it says. Of an event, institution is its subject, if it has one. judgement, body:
 * data NULL when not to be seen. NULL also when one of them does not parse. */
json_t *json_of_record(const struct header *header, struct bytes judgement, struct bytes body,
                       struct arena *arena);
/* One compact line with its newline. */
MUST_USE enum err json_line(const json_t *value, struct buffer *line);

#endif
