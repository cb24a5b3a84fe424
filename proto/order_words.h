/* What an order says, for a person: where it is signed, taken, listed. */
#ifndef IHURIRO_PROTO_ORDER_WORDS_H
#define IHURIRO_PROTO_ORDER_WORDS_H

#include "proto/messages.h"

/* Several lines, each with its end: the order, then a line a row, indented. The order is one that
 * order_validate takes. Appends. */
MUST_USE enum err order_words(const PbOrder *order, struct buffer *text);

#endif
