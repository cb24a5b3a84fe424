/* Messages as they lie in memory, compared value by value. */
#ifndef IHURIRO_PROTO_EQUAL_H
#define IHURIRO_PROTO_EQUAL_H

#include "proto/messages.h"

/* Is all that the schema knows set alike, with equal values? As equal bytes would be, but it ends
 * at the first difference. */
bool messages_are_equal(const ProtobufCMessage *one, const ProtobufCMessage *other);

#endif
