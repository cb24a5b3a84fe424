/* What book_ops.c and book_ops_value.c share. Nobody else includes it. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_OPS_INSIDE_H
#define IHURIRO_AGENTS_MFI_BOOK_OPS_INSIDE_H

#include "agents/mfi/book_ops.h"

#define OPS_FILE "ops.csv"

/* One row: where its value goes. */
struct ops_key {
    int type;
    const ProtobufCFieldDescriptor *list; /* NULL: the body's own field */
    const ProtobufCFieldDescriptor *field;
    int row; /* of a list: its number from 1, or the value of its code */
    size_t line;
    const char *key;
    const char *value;
};

/* Refuses the row: 'ops.csv line 7, channel.USSD.n_tx: "many" is no whole number.' */
enum err ops_refuse(const struct book_work *work, const struct ops_key *key, const char *why);
/* Into the field's place, by its type. */
MUST_USE enum err ops_put_value(const struct book_work *work, const struct ops_key *key, void *at);

#endif
