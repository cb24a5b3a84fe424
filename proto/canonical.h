/* Canonical form, checked on the bytes as they came: the one walk over a foreign message. */
#ifndef IHURIRO_PROTO_CANONICAL_H
#define IHURIRO_PROTO_CANONICAL_H

#include <protobuf-c/protobuf-c.h>

#include "proto/bytes.h"

/* Would pack(unpack(raw)) give raw again, and does it keep to the schema: no unknown field, nothing
 * required absent, enums known, text valid UTF-8 without NUL, limits kept? ERR_MALFORMED, or
 * ERR_TOO_LARGE for a text or repeated field over its limit. For schemas without packed fields,
 * groups and maps (canonical_covers). Takes no memory. */
MUST_USE enum err canonical_check(const ProtobufCMessageDescriptor *descriptor, struct bytes raw);
/* Is every field of the schema, at every depth, of a kind that the check knows? For tests. */
bool canonical_covers(const ProtobufCMessageDescriptor *descriptor);

#endif
