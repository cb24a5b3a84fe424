/* manifest.json: what a pull is of, where it stands, how complete it is, and a hash of each file.
 * No wall clock, no host name: pulled again, it is the same bytes. */
#include <jansson.h>
#include <string.h>

#include "agents/client/snapshot_fold.h"
#include "proto/json.h"

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value); /* a lost value shows when it is read back */
}

static json_t *hex_text(const uint8_t *bytes)
{
    char text[2 * SHA256_BYTES + 1];
    hex_encode(bytes_of(bytes, SHA256_BYTES), text);
    return json_string(text);
}

static void set_terms(json_t *root, const struct snapshot_terms *terms)
{
    char period[PERIOD_KEY_MAX + 1];
    char time[TIME_TEXT_MAX + 1];
    json_t *types = json_array();
    period_format(&terms->period, period);
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        if (terms->types & (1U << type)) {
            json_array_append_new(types, json_string(report_type_name(type)));
        }
    }
    set(root, "program", json_string("mfi-pull"));
    set(root, "format_version", json_integer(SNAPSHOT_FORMAT_VERSION));
    set(root, "format", json_string(terms->format == SNAPSHOT_CSV ? "csv" : "json"));
    set(root, "period", json_string(period));
    set(root, "types", types);
    if (terms->has_known_at) {
        time_format(terms->known_at_us, time);
        set(root, "known_at", json_string(time));
    }
    if (terms->has_at_seq) {
        set(root, "asked_at_seq", json_integer((json_int_t)terms->at_seq));
    }
    set(root, "position",
        json_pack("{s:I, s:o}", "size", (json_int_t)terms->position.size, "root",
                  hex_text(terms->position.root.bytes)));
    set(root, "checkpoint", json_string(terms->checkpoint));
    set(root, "rights", hex_text(terms->rights));
    if (terms->role != ROLE_NONE) {
        set(root, "reader", json_string(terms->reader));
        set(root, "role", json_string(role_name(terms->role)));
    }
}

/* n of N: N are the members that are valid at the period's end. */
static json_t *coverage(const struct snapshot_fold *fold)
{
    json_t *rows = json_array();
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        json_int_t counts[CELL_REPORTED + 1] = {0};
        if ((fold->terms->types & (1U << type)) == 0) {
            continue;
        }
        for (size_t i = 0; i < fold->member_count; i++) {
            counts[snapshot_status(fold, fold->members[i]->id, type)]++;
        }
        json_array_append_new(
            rows, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "type", report_type_name(type),
                            "reporting", counts[CELL_REPORTED] + counts[CELL_NOT_SHARED], "of",
                            (json_int_t)fold->member_count, "not_shared", counts[CELL_NOT_SHARED],
                            "rejected", counts[CELL_REJECTED], "not_seen", counts[CELL_NOT_SEEN]));
    }
    return rows;
}

static json_t *file_list(const struct snapshot_files *files)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < files->count; i++) {
        uint8_t hash[SHA256_BYTES];
        sha256(buffer_bytes(&files->items[i].bytes), hash);
        json_array_append_new(rows, json_pack("{s:s, s:I, s:o}", "name", files->items[i].name,
                                              "bytes", (json_int_t)files->items[i].bytes.size,
                                              "sha256", hex_text(hash)));
    }
    return rows;
}

enum err manifest_write(const struct snapshot_fold *fold, const struct snapshot_records *records,
                        const struct snapshot_files *files, struct buffer *ret_text)
{
    AUTO(arena_close) struct arena arena = {0};
    PbFilter *filter = NULL;
    enum err err = snapshot_filter(fold->terms, &arena, &filter);
    json_t *root = json_object();
    if (err != ERR_OK || root == NULL) {
        json_decref(root);
        return err != ERR_OK ? err : ERR_MEMORY;
    }
    set_terms(root, fold->terms);
    set(root, "filter", json_of_message(&filter->base));
    set(root, "members", json_integer((json_int_t)fold->member_count));
    set(root, "coverage", coverage(fold));
    set(root, "records", json_integer((json_int_t)records->count));
    set(root, "ids_sha256", hex_text(records->ids_hash));
    set(root, "files", file_list(files));
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(root);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    err = buffer_printf(ret_text, "%s\n", text);
    free(text);
    return err;
}

/* ---- reading ---- */

static const char *text_at(const json_t *root, const char *key)
{
    return json_string_value(json_object_get(root, key));
}

static bool hash_at(const json_t *root, const char *key, uint8_t hash[static SHA256_BYTES])
{
    const char *text = text_at(root, key);
    return text != NULL && hex_decode(text, hash, SHA256_BYTES) == ERR_OK;
}

static bool size_at(const json_t *root, const char *key, uint64_t *ret_value)
{
    const json_t *value = json_object_get(root, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return false;
    }
    *ret_value = (uint64_t)json_integer_value(value);
    return true;
}

static bool read_format(const json_t *root, struct snapshot_terms *terms)
{
    const char *format = text_at(root, "format");
    terms->format = format != NULL && strcmp(format, "json") == 0 ? SNAPSHOT_JSON : SNAPSHOT_CSV;
    return format != NULL && (strcmp(format, "csv") == 0 || strcmp(format, "json") == 0);
}

static bool read_period(const json_t *root, struct snapshot_terms *terms)
{
    const char *period = text_at(root, "period");
    return period != NULL && period_parse(period, &terms->period) == ERR_OK;
}

static bool read_types(const json_t *root, struct snapshot_terms *terms)
{
    const json_t *types = json_object_get(root, "types");
    for (size_t i = 0; i < json_array_size(types); i++) {
        const char *name = json_string_value(json_array_get(types, i));
        int type = 0;
        if (name == NULL || report_type_parse(name, &type) != ERR_OK) {
            return false;
        }
        terms->types |= 1U << type;
    }
    return terms->types != 0;
}

static bool read_times(const json_t *root, struct snapshot_terms *terms)
{
    const char *known_at = text_at(root, "known_at");
    terms->has_known_at = json_object_get(root, "known_at") != NULL;
    terms->has_at_seq = json_object_get(root, "asked_at_seq") != NULL;
    return (!terms->has_known_at ||
            (known_at != NULL && time_parse(known_at, &terms->known_at_us) == ERR_OK)) &&
           (!terms->has_at_seq || size_at(root, "asked_at_seq", &terms->at_seq));
}

static bool read_position(const json_t *root, struct snapshot_terms *terms)
{
    const json_t *position = json_object_get(root, "position");
    return size_at(position, "size", &terms->position.size) &&
           hash_at(position, "root", terms->position.root.bytes);
}

static bool read_checkpoint(const json_t *root, struct snapshot_terms *terms)
{
    const char *checkpoint = text_at(root, "checkpoint");
    if (checkpoint == NULL || strlen(checkpoint) >= sizeof terms->checkpoint) {
        return false;
    }
    memcpy(terms->checkpoint, checkpoint, strlen(checkpoint) + 1);
    return hash_at(root, "rights", terms->rights);
}

static bool read_reader(const json_t *root, struct snapshot_terms *terms)
{
    const char *reader = text_at(root, "reader");
    const char *role = text_at(root, "role");
    if (json_object_get(root, "reader") == NULL && json_object_get(root, "role") == NULL) {
        return true; /* the hub did not say */
    }
    if (reader == NULL || role == NULL || !institution_id_is_valid(reader) ||
        role_parse(role, &terms->role) != ERR_OK) {
        return false;
    }
    memcpy(terms->reader, reader, strlen(reader) + 1);
    return true;
}

static const struct {
    const char *what;
    bool (*read)(const json_t *root, struct snapshot_terms *terms);
} parts[] = {
    {"format", read_format},         {"period", read_period},
    {"types", read_types},           {"known_at or asked_at_seq", read_times},
    {"position", read_position},     {"checkpoint or rights", read_checkpoint},
    {"reader or role", read_reader},
};

enum err manifest_read(struct bytes text, struct complaint *complaint,
                       struct snapshot_terms *ret_terms)
{
    struct snapshot_terms terms = {.types = 0};
    uint64_t version = 0;
    json_error_t error;
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    enum err err = ERR_OK;
    if (root == NULL) {
        return complain(complaint, ERR_MALFORMED, "%s is no JSON (line %d).",
                        SNAPSHOT_MANIFEST_NAME, error.line);
    }
    if (!size_at(root, "format_version", &version) || version != SNAPSHOT_FORMAT_VERSION) {
        err = complain(complaint, ERR_UNSUPPORTED,
                       "%s is of another format version than %d, which this program knows.",
                       SNAPSHOT_MANIFEST_NAME, SNAPSHOT_FORMAT_VERSION);
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && err == ERR_OK; i++) {
        if (!parts[i].read(root, &terms)) {
            err = complain(complaint, ERR_MALFORMED, "%s: %s is missing or wrong.",
                           SNAPSHOT_MANIFEST_NAME, parts[i].what);
        }
    }
    json_decref(root);
    if (err == ERR_OK) {
        *ret_terms = terms;
    }
    return err;
}
