/* Canonical form, checked on the bytes as they come and unpacked in the same walk. */
#ifndef IHURIRO_PROTO_CANONICAL_H
#define IHURIRO_PROTO_CANONICAL_H

#include "proto/messages.h"

/* Unpacks what pack would give again, byte for byte, and what keeps to the schema: no unknown
 * field, nothing required absent, enums known, text valid UTF-8 without NUL, limits kept.
 * ERR_MALFORMED, also when the arena's budget is spent; ERR_TOO_LARGE for a text or repeated field
 * over its limit; ERR_MEMORY. What was taken of the arena until then is not given back. For schemas
 * without packed fields, groups and maps (canonical_covers). */
MUST_USE enum err canonical_unpack(const ProtobufCMessageDescriptor *descriptor, struct bytes raw,
                                   struct arena *arena, ProtobufCMessage **ret_message);
/* Is every field of the schema, at every depth, of a kind that is known here? For tests. */
bool canonical_covers(const ProtobufCMessageDescriptor *descriptor);

#endif
