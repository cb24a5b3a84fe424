/* Who names a key: rows in order of key, so that one is found among a hundred thousand in a moment,
 * and an act moves only those of its party. */
#include "proto/registry_keys.h"

#include <stdlib.h>
#include <string.h>

static int row_compare(const void *left, const void *right)
{
    const struct key_row *a = left;
    const struct key_row *b = right;
    const int order = memcmp(a->key, b->key, PUBLIC_KEY_BYTES);
    if (order != 0) {
        return order;
    }
    if (a->good_until_us != b->good_until_us) {
        return a->good_until_us > b->good_until_us ? -1 : 1;
    }
    return strcmp(a->party->id, b->party->id);
}

/* First row that is not before the given one. */
static size_t place_of(const struct key_rows *rows, const struct key_row *row)
{
    size_t low = 0;
    size_t high = rows->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const bool is_before = row_compare(&rows->rows[middle], row) < 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    return low;
}

size_t key_rows_find(const struct key_rows *rows, const uint8_t key[static PUBLIC_KEY_BYTES])
{
    static const struct party nobody; /* before all others */
    struct key_row first = {.good_until_us = INT64_MAX, .party = &nobody};
    memcpy(first.key, key, PUBLIC_KEY_BYTES);
    return place_of(rows, &first);
}

bool key_rows_name(const struct key_rows *rows, size_t index,
                   const uint8_t key[static PUBLIC_KEY_BYTES])
{
    return index < rows->count && memcmp(rows->rows[index].key, key, PUBLIC_KEY_BYTES) == 0;
}

static enum err reserve(struct key_rows *rows)
{
    if (rows->count < rows->capacity) {
        return ERR_OK;
    }
    const size_t wanted = rows->capacity == 0 ? 16 : rows->capacity * 2;
    struct key_row *grown = realloc(rows->rows, wanted * sizeof grown[0]);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    rows->rows = grown;
    const struct party **parties = realloc(rows->parties, wanted * sizeof parties[0]);
    if (parties == NULL) {
        return ERR_MEMORY;
    }
    rows->parties = parties;
    rows->capacity = wanted;
    return ERR_OK;
}

enum err key_rows_push(struct key_rows *rows, const struct key_row *row)
{
    enum err err = reserve(rows);
    if (err == ERR_OK) {
        rows->rows[rows->count++] = *row;
    }
    return err;
}

void key_rows_sort(struct key_rows *rows)
{
    if (rows->count > 1) {
        qsort(rows->rows, rows->count, sizeof rows->rows[0], row_compare);
    }
    for (size_t i = 0; i < rows->count; i++) {
        rows->parties[i] = rows->rows[i].party;
    }
}

enum err key_rows_insert(struct key_rows *rows, const struct key_row *row)
{
    enum err err = reserve(rows);
    if (err != ERR_OK) {
        return err;
    }
    const size_t place = place_of(rows, row);
    const size_t behind = rows->count - place;
    memmove(&rows->rows[place + 1], &rows->rows[place], behind * sizeof rows->rows[0]);
    memmove(&rows->parties[place + 1], &rows->parties[place], behind * sizeof rows->parties[0]);
    rows->rows[place] = *row;
    rows->parties[place] = row->party;
    rows->count++;
    return ERR_OK;
}

void key_rows_remove(struct key_rows *rows, const uint8_t key[static PUBLIC_KEY_BYTES],
                     const struct party *party)
{
    size_t at = key_rows_find(rows, key);
    while (key_rows_name(rows, at, key)) {
        if (rows->parties[at] != party) {
            at++;
            continue;
        }
        const size_t behind = rows->count - at - 1;
        memmove(&rows->rows[at], &rows->rows[at + 1], behind * sizeof rows->rows[0]);
        memmove(&rows->parties[at], &rows->parties[at + 1], behind * sizeof rows->parties[0]);
        rows->count--;
    }
}

void key_rows_close(struct key_rows *rows)
{
    free(rows->rows);
    free(rows->parties);
    *rows = (struct key_rows){0};
}
