/* Keys and the parties that name them. Included only by the registry's own files. */
#ifndef IHURIRO_PROTO_REGISTRY_KEYS_H
#define IHURIRO_PROTO_REGISTRY_KEYS_H

#include "proto/registry.h"

struct key_row {
    uint8_t key[PUBLIC_KEY_BYTES];
    int64_t good_until_us; /* INT64_MAX: in force */
    const struct party *party;
};

/* In order of key, then the longest good first, then id. parties[i] is rows[i].party. */
struct key_rows {
    struct key_row *rows;
    const struct party **parties;
    size_t count;
    size_t capacity;
};

void key_rows_close(struct key_rows *rows);
/* The first row of that key, or where it would be; key_rows_name says which. */
size_t key_rows_find(const struct key_rows *rows, const uint8_t key[static PUBLIC_KEY_BYTES]);
bool key_rows_name(const struct key_rows *rows, size_t index,
                   const uint8_t key[static PUBLIC_KEY_BYTES]);
/* One at its place; or many at the end, and then sorted. */
MUST_USE enum err key_rows_insert(struct key_rows *rows, const struct key_row *row);
MUST_USE enum err key_rows_push(struct key_rows *rows, const struct key_row *row);
void key_rows_sort(struct key_rows *rows);
void key_rows_remove(struct key_rows *rows, const uint8_t key[static PUBLIC_KEY_BYTES],
                     const struct party *party);

#endif
