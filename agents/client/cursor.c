#include "agents/client/cursor.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agents/client/durable.h"
#include "proto/record.h"

#define CURSOR_FORMAT    1
#define CURSOR_BYTES_MAX (64 * 1024)

/* Distance from the cursor to the older position i; to itself for i < 0. */
static unsigned long long distance(const struct cursor_state *cursor, size_t index)
{
    return cursor->position.size - cursor->older[index].size;
}

/* Takes out the one that is needed least: where the gap that it leaves, as a factor of distance, is
 * smallest. The newest and the oldest stay. */
static void thin(struct cursor_state *cursor)
{
    size_t least = 1;
    for (size_t i = 2; i + 1 < cursor->older_count; i++) {
        /* distance(i + 1) / distance(i - 1) against the least so far, without division */
        __extension__ unsigned __int128 here =
            (unsigned __int128)distance(cursor, i + 1) * distance(cursor, least - 1);
        __extension__ unsigned __int128 there =
            (unsigned __int128)distance(cursor, least + 1) * distance(cursor, i - 1);
        least = here < there ? i : least;
    }
    memmove(&cursor->older[least], &cursor->older[least + 1],
            (cursor->older_count - least - 1) * sizeof cursor->older[0]);
    memmove(&cursor->older_time_us[least], &cursor->older_time_us[least + 1],
            (cursor->older_count - least - 1) * sizeof cursor->older_time_us[0]);
    cursor->older_count--;
}

void cursor_advance(struct cursor_state *cursor, const struct position *to)
{
    cursor_advance_to(cursor, to, 0, "");
}

void cursor_advance_to(struct cursor_state *cursor, const struct position *to, int64_t time_us,
                       const char *after)
{
    struct position left = cursor->position;
    int64_t left_us = cursor->after[0] == '\0' ? cursor->time_us : cursor->time_us - 1;
    bool was_bare = cursor->is_bare;
    cursor->position = *to;
    cursor->is_bare = false;
    cursor->time_us = time_us;
    (void)snprintf(cursor->after, sizeof cursor->after, "%s", after);
    if (was_bare || left.size == 0 || position_equal(&left, to)) {
        return; /* size 0 always stands, and need not be kept */
    }
    if (cursor->older_count == OLDER_POSITIONS_MAX) {
        thin(cursor);
    }
    memmove(&cursor->older[1], &cursor->older[0], cursor->older_count * sizeof cursor->older[0]);
    memmove(&cursor->older_time_us[1], &cursor->older_time_us[0],
            cursor->older_count * sizeof cursor->older_time_us[0]);
    cursor->older[0] = left;
    cursor->older_time_us[0] = left_us;
    cursor->older_count++;
}

void cursor_rewind(struct cursor_state *cursor, const struct position *to)
{
    size_t drop = 0;
    cursor->time_us = cursor_time_of(cursor, to);
    cursor->after[0] = '\0';
    while (drop < cursor->older_count && cursor->older[drop].size >= to->size) {
        drop++;
    }
    memmove(&cursor->older[0], &cursor->older[drop],
            (cursor->older_count - drop) * sizeof cursor->older[0]);
    memmove(&cursor->older_time_us[0], &cursor->older_time_us[drop],
            (cursor->older_count - drop) * sizeof cursor->older_time_us[0]);
    cursor->older_count -= drop;
    cursor->position = *to;
    cursor->is_bare = false;
}

int64_t cursor_time_of(const struct cursor_state *cursor, const struct position *position)
{
    for (size_t i = 0; i < cursor->older_count; i++) {
        if (position_equal(&cursor->older[i], position)) {
            return cursor->older_time_us[i];
        }
    }
    return 0;
}

bool cursor_names(const struct cursor_state *cursor, const struct position *position)
{
    for (size_t i = 0; i < cursor->older_count; i++) {
        if (position_equal(&cursor->older[i], position)) {
            return true;
        }
    }
    return position->size == 0;
}

/* ---- the file ---- */

static json_t *json_of_position(const struct position *position, bool is_bare, int64_t time_us)
{
    char hex[2 * SHA256_BYTES + 1];
    hex_encode(bytes_of(position->root.bytes, SHA256_BYTES), hex);
    json_t *json =
        json_pack("{s:I, s:s}", "size", (json_int_t)position->size, "root", is_bare ? "" : hex);
    if (json != NULL && time_us != 0) {
        json_object_set_new(json, "time_us", json_integer(time_us));
    }
    return json;
}

static bool position_of_json(const json_t *value, struct position *position, bool *is_bare,
                             int64_t *time_us)
{
    const json_t *size = json_object_get(value, "size");
    const char *root = json_string_value(json_object_get(value, "root"));
    if (!json_is_integer(size) || json_integer_value(size) < 0 || root == NULL) {
        return false;
    }
    position->size = (uint64_t)json_integer_value(size);
    *is_bare = root[0] == '\0';
    *time_us = json_integer_value(json_object_get(value, "time_us"));
    return *is_bare || hex_decode(root, position->root.bytes, SHA256_BYTES) == ERR_OK;
}

static json_t *json_of_cursor(const struct cursor_state *cursor)
{
    char hex[2 * SHA256_BYTES + 1];
    json_t *older = json_array();
    for (size_t i = 0; i < cursor->older_count; i++) {
        json_array_append_new(older,
                              json_of_position(&cursor->older[i], false, cursor->older_time_us[i]));
    }
    hex_encode(bytes_of(cursor->filter, SHA256_BYTES), hex);
    json_t *root = json_pack("{s:i, s:o, s:o, s:s}", "format", CURSOR_FORMAT, "position",
                             json_of_position(&cursor->position, cursor->is_bare, cursor->time_us),
                             "older", older, "filter", hex);
    if (root != NULL && cursor->after[0] != '\0') {
        json_object_set_new(root, "after", json_string(cursor->after));
    }
    if (root != NULL && cursor->has_rights) {
        hex_encode(bytes_of(cursor->rights, SHA256_BYTES), hex);
        json_object_set_new(root, "rights", json_string(hex));
    }
    if (root != NULL && cursor->has_output) {
        json_object_set_new(root, "output_bytes", json_integer((json_int_t)cursor->output_bytes));
    }
    return root;
}

enum err cursor_write(const char *path, const struct cursor_state *cursor,
                      struct complaint *complaint)
{
    json_t *root = json_of_cursor(cursor);
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(root);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    enum err err = durable_replace(path, bytes_of(text, strlen(text)), complaint);
    free(text);
    return err;
}

static bool hash_of_json(const json_t *value, uint8_t hash[static SHA256_BYTES])
{
    const char *text = json_string_value(value);
    return text != NULL && hex_decode(text, hash, SHA256_BYTES) == ERR_OK;
}

static bool cursor_of_json(const json_t *root, struct cursor_state *cursor)
{
    const json_t *older = json_object_get(root, "older");
    const json_t *rights = json_object_get(root, "rights");
    const json_t *output = json_object_get(root, "output_bytes");
    if (json_integer_value(json_object_get(root, "format")) != CURSOR_FORMAT ||
        !position_of_json(json_object_get(root, "position"), &cursor->position, &cursor->is_bare,
                          &cursor->time_us) ||
        !hash_of_json(json_object_get(root, "filter"), cursor->filter) || !json_is_array(older) ||
        json_array_size(older) > OLDER_POSITIONS_MAX) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(older); i++) {
        bool is_bare = false;
        if (!position_of_json(json_array_get(older, i), &cursor->older[i], &is_bare,
                              &cursor->older_time_us[i]) ||
            is_bare) {
            return false;
        }
    }
    const char *after = json_string_value(json_object_get(root, "after"));
    if (after != NULL && !institution_id_is_valid(after)) {
        return false;
    }
    (void)snprintf(cursor->after, sizeof cursor->after, "%s", after != NULL ? after : "");
    cursor->older_count = json_array_size(older);
    cursor->has_rights = rights != NULL;
    cursor->has_output = output != NULL;
    cursor->output_bytes = (uint64_t)json_integer_value(output);
    return (rights == NULL || hash_of_json(rights, cursor->rights)) &&
           json_integer_value(output) >= 0;
}

enum err cursor_read(const char *path, struct complaint *complaint, struct cursor_state *ret_cursor)
{
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = durable_read(path, CURSOR_BYTES_MAX, complaint, &text);
    if (err != ERR_OK) {
        return err;
    }
    struct cursor_state cursor = {0};
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    bool is_ok = cursor_of_json(root, &cursor);
    json_decref(root);
    if (!is_ok) {
        return complain(complaint, ERR_MALFORMED,
                        "%s is no cursor of this program. If it was damaged, take it and the "
                        "output that goes with it away, and begin again.",
                        path);
    }
    *ret_cursor = cursor;
    return ERR_OK;
}
