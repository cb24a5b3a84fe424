/* Messages as they lie in memory: copied whole, compared value by value. */
#ifndef IHURIRO_PROTO_COPY_H
#define IHURIRO_PROTO_COPY_H

#include "proto/messages.h"

/* A deep copy in the arena, of all that the schema knows. ERR_MALFORMED when the arena's budget is
 * spent, ERR_MEMORY. */
MUST_USE enum err message_copy(const ProtobufCMessage *message, struct arena *arena,
                               ProtobufCMessage **ret_copy);
/* Is all that the schema knows set alike, with equal values? As equal bytes would be, but it ends at
 * the first difference. */
bool messages_are_equal(const ProtobufCMessage *one, const ProtobufCMessage *other);

#endif
