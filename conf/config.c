/* First: conf/config.h gives the name config_read to our own. */
#include <libconfig.h>

#include "conf/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "proto/own.h"
#include "proto/text.h"

#define FILE_BYTES_MAX (1024 * 1024)
#define ROWS_MAX       64 /* a bit each */

/* What all steps of one reading need. */
struct reading {
    const char *path;
    struct complaint *complaint;
};

/* One table applied to one group of the file. where: the path to it, for complaints, "" at the top.
 */
struct table {
    const struct reading *reading;
    const struct config_row *rows;
    const char *where;
};

static enum err read_group(const struct table *table, const config_setting_t *group, void *target,
                           uint64_t *ret_set);

static void release_value(const struct config_row *row, void *at)
{
    if (row->kind == CONFIG_TEXT || row->kind == CONFIG_PATH) {
        free_p(at);
    } else if (row->kind == CONFIG_TEXTS) {
        struct config_texts *texts = at;
        for (size_t i = 0; i < texts->count; i++) {
            free(texts->items[i]);
        }
        free(texts->items);
        *texts = (struct config_texts){NULL, 0};
    } else if (row->kind == CONFIG_GROUPS) {
        struct config_groups *groups = at;
        for (size_t i = 0; i < groups->count; i++) {
            config_release(row->rows, (char *)groups->items + i * row->group_bytes);
        }
        free(groups->items);
        *groups = (struct config_groups){NULL, 0};
    }
}

void config_release(const struct config_row *rows, void *target)
{
    for (const struct config_row *row = rows; row->key != NULL; row++) {
        release_value(row, (char *)target + row->offset);
    }
}

static void release_set(const struct config_row *rows, void *target, uint64_t set)
{
    for (size_t i = 0; rows[i].key != NULL; i++) {
        if ((set & (UINT64_C(1) << i)) != 0) {
            release_value(&rows[i], (char *)target + rows[i].offset);
        }
    }
}

/* The keys of a table, for "allowed are: ...". */
static const char *allowed_keys(const struct config_row *rows, char *out, size_t out_size)
{
    size_t size = 0;
    out[0] = 0;
    for (const struct config_row *row = rows; row->key != NULL && size + 1 < out_size; row++) {
        if (row->kind == CONFIG_LINE) {
            continue;
        }
        int written =
            snprintf(out + size, out_size - size, "%s%s", size == 0 ? "" : ", ", row->key);
        size += written < 0 ? 0 : (size_t)written;
    }
    return out;
}

static const char *kind_text(enum config_kind kind)
{
    switch (kind) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        return "a text in quotes";
    case CONFIG_INTEGER:
        return "a whole number";
    case CONFIG_BOOL:
        return "true or false";
    case CONFIG_TEXTS:
        return "a list of texts: [ \"a\", \"b\" ]";
    case CONFIG_GROUPS:
        return "a list of groups: ( { ... }, { ... } )";
    case CONFIG_LINE:
        break;
    }
    return "?";
}

static enum err wrong_kind(const struct table *table, const struct config_row *row,
                           const config_setting_t *setting)
{
    return complain(table->reading->complaint, ERR_CONFIG, "%s:%u: %s%s must be %s (%s).",
                    table->reading->path, config_setting_source_line(setting), table->where,
                    row->key, kind_text(row->kind), row->help == NULL ? "" : row->help);
}

/* What the row's own check says, as a complaint. */
static enum err check_value(const struct table *table, const struct config_row *row,
                            const config_setting_t *setting, const void *value)
{
    const char *allowed = row->check == NULL ? NULL : row->check(value);
    if (allowed == NULL) {
        return ERR_OK;
    }
    return complain(table->reading->complaint, ERR_CONFIG, "%s:%u: %s%s %s.", table->reading->path,
                    config_setting_source_line(setting), table->where, row->key, allowed);
}

/* A text for min to max characters (max 0: any length). A copy. */
static enum err copy_text(const struct table *table, const struct config_row *row,
                          const config_setting_t *setting, char **ret_text)
{
    const char *text = config_setting_get_string(setting);
    if (text == NULL) {
        return wrong_kind(table, row, setting);
    }
    size_t size = strlen(text);
    if (!text_is_utf8(bytes_of(text, size))) {
        return complain(table->reading->complaint, ERR_CONFIG,
                        "%s:%u: %s%s is not valid UTF-8; save the file as UTF-8.",
                        table->reading->path, config_setting_source_line(setting), table->where,
                        row->key);
    }
    if (row->max > 0 && (size < (size_t)row->min || size > (size_t)row->max)) {
        return complain(table->reading->complaint, ERR_CONFIG,
                        "%s:%u: %s%s must have %" PRId64 " to %" PRId64 " characters, and has %zu.",
                        table->reading->path, config_setting_source_line(setting), table->where,
                        row->key, row->min, row->max, size);
    }
    enum err err = check_value(table, row, setting, text);
    if (err != ERR_OK) {
        return err;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    *ret_text = copy;
    return ERR_OK;
}

static enum err read_text(const struct table *table, const struct config_row *row,
                          const config_setting_t *setting, void *at)
{
    return copy_text(table, row, setting, at);
}

static enum err read_path(const struct table *table, const struct config_row *row,
                          const config_setting_t *setting, void *at)
{
    AUTO(free_p) char *text = NULL;
    enum err err = copy_text(table, row, setting, &text);
    if (err != ERR_OK) {
        return err;
    }
    const char *slash = strrchr(table->reading->path, '/');
    if (text[0] == '/' || text[0] == 0 || slash == NULL) {
        *(char **)at = STEAL(text);
        return ERR_OK;
    }
    char *joined = NULL;
    if (asprintf(&joined, "%.*s/%s", (int)(slash - table->reading->path), table->reading->path,
                 text) < 0) {
        return ERR_MEMORY;
    }
    *(char **)at = joined;
    return ERR_OK;
}

static enum err read_integer(const struct table *table, const struct config_row *row,
                             const config_setting_t *setting, void *at)
{
    int type = config_setting_type(setting);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
        return wrong_kind(table, row, setting);
    }
    int64_t value = config_setting_get_int64(setting);
    bool is_bounded = row->min != 0 || row->max != 0;
    if (is_bounded && (value < row->min || value > row->max)) {
        return complain(table->reading->complaint, ERR_CONFIG,
                        "%s:%u: %s%s must be from %" PRId64 " to %" PRId64 ", and is %" PRId64
                        " (%s).",
                        table->reading->path, config_setting_source_line(setting), table->where,
                        row->key, row->min, row->max, value, row->help == NULL ? "" : row->help);
    }
    *(int64_t *)at = value;
    return ERR_OK;
}

static enum err read_bool(const struct table *table, const struct config_row *row,
                          const config_setting_t *setting, void *at)
{
    if (config_setting_type(setting) != CONFIG_TYPE_BOOL) {
        return wrong_kind(table, row, setting);
    }
    *(bool *)at = config_setting_get_bool(setting) != 0;
    return ERR_OK;
}

static enum err read_texts(const struct table *table, const struct config_row *row,
                           const config_setting_t *setting, void *at)
{
    int type = config_setting_type(setting);
    if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST) {
        return wrong_kind(table, row, setting);
    }
    struct config_texts texts = {NULL, 0};
    size_t count = (size_t)config_setting_length(setting);
    texts.items = calloc(count + 1, sizeof *texts.items);
    enum err err = texts.items == NULL ? ERR_MEMORY : ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = copy_text(table, row, config_setting_get_elem(setting, (unsigned)i), &texts.items[i]);
        texts.count += err == ERR_OK;
    }
    if (err != ERR_OK) {
        release_value(row, &texts);
        return err;
    }
    *(struct config_texts *)at = texts;
    return ERR_OK;
}

/* Before a group of a list is read: what its table says of absent keys, and its line. */
static void preset_group(const struct config_row *rows, const config_setting_t *group, void *target)
{
    for (const struct config_row *row = rows; row->key != NULL; row++) {
        if (row->kind == CONFIG_INTEGER || row->kind == CONFIG_LINE) {
            int64_t value =
                row->kind == CONFIG_LINE ? (int64_t)config_setting_source_line(group) : row->preset;
            *(int64_t *)(void *)((char *)target + row->offset) = value;
        }
    }
}

static enum err read_groups(const struct table *table, const struct config_row *row,
                            const config_setting_t *setting, void *at)
{
    if (config_setting_type(setting) != CONFIG_TYPE_LIST) {
        return wrong_kind(table, row, setting);
    }
    struct config_groups groups = {NULL, 0};
    size_t count = (size_t)config_setting_length(setting);
    groups.items = calloc(count + 1, row->group_bytes);
    enum err err = groups.items == NULL ? ERR_MEMORY : ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        char where[256];
        snprintf(where, sizeof where, "%s%s[%zu].", table->where, row->key, i);
        const struct table inner = {table->reading, row->rows, where};
        const config_setting_t *group = config_setting_get_elem(setting, (unsigned)i);
        uint64_t set = 0;
        char *item = (char *)groups.items + i * row->group_bytes;
        preset_group(row->rows, group, item);
        err = config_setting_type(group) == CONFIG_TYPE_GROUP
                  ? read_group(&inner, group, item, &set)
                  : wrong_kind(table, row, group);
        groups.count += err == ERR_OK;
    }
    if (err == ERR_OK) {
        err = check_value(table, row, setting, &groups);
    }
    if (err != ERR_OK) {
        release_value(row, &groups);
        return err;
    }
    *(struct config_groups *)at = groups;
    return ERR_OK;
}

typedef enum err (*read_kind)(const struct table *table, const struct config_row *row,
                              const config_setting_t *setting, void *at);
static const read_kind readers[] = {
    [CONFIG_TEXT] = read_text, [CONFIG_PATH] = read_path,   [CONFIG_INTEGER] = read_integer,
    [CONFIG_BOOL] = read_bool, [CONFIG_TEXTS] = read_texts, [CONFIG_GROUPS] = read_groups,
};

static enum err read_setting(const struct table *table, const config_setting_t *setting,
                             void *target, uint64_t *set)
{
    const char *name = config_setting_name(setting);
    for (size_t i = 0; table->rows[i].key != NULL; i++) {
        const struct config_row *row = &table->rows[i];
        if (name != NULL && row->kind != CONFIG_LINE && strcmp(row->key, name) == 0) {
            enum err err = readers[row->kind](table, row, setting, (char *)target + row->offset);
            *set |= err == ERR_OK ? UINT64_C(1) << i : 0;
            return err;
        }
    }
    char escaped[80];
    char allowed[512];
    return complain(
        table->reading->complaint, ERR_CONFIG,
        "%s:%u: there is no key '%s%s' here; allowed are: %s.", table->reading->path,
        config_setting_source_line(setting), table->where,
        text_escape(bytes_of(name, name == NULL ? 0 : strlen(name)), escaped, sizeof escaped),
        allowed_keys(table->rows, allowed, sizeof allowed));
}

/* Sets what stands in the group; what was set is told by ret_set, bit by row. On an error nothing
 * is left behind in target. */
static enum err read_group(const struct table *table, const config_setting_t *group, void *target,
                           uint64_t *ret_set)
{
    for (size_t i = 0; table->rows[i].key != NULL; i++) {
        assert(i < ROWS_MAX);
    }
    uint64_t set = 0;
    enum err err = ERR_OK;
    int count = config_setting_length(group);
    for (int i = 0; err == ERR_OK && i < count; i++) {
        err = read_setting(table, config_setting_get_elem(group, (unsigned)i), target, &set);
    }
    for (size_t i = 0; err == ERR_OK && table->rows[i].key != NULL; i++) {
        if (table->rows[i].is_required && (set & (UINT64_C(1) << i)) == 0) {
            err = complain(table->reading->complaint, ERR_CONFIG,
                           "%s:%u: %s%s is missing; it must be %s (%s).", table->reading->path,
                           config_setting_source_line(group), table->where, table->rows[i].key,
                           kind_text(table->rows[i].kind),
                           table->rows[i].help == NULL ? "" : table->rows[i].help);
        }
    }
    if (err != ERR_OK) {
        release_set(table->rows, target, set);
        return err;
    }
    *ret_set = set;
    return ERR_OK;
}

/* @include would read files that nobody named; it is refused before the parser sees it. */
static enum err refuse_include(const char *path, const char *text, struct complaint *complaint)
{
    unsigned line = 1;
    for (const char *at = text; at != NULL; line++) {
        at += strspn(at, " \t\r\f\v");
        if (*at == '@') {
            return complain(complaint, ERR_CONFIG,
                            "%s:%u: @include is not allowed; write the keys into this file.", path,
                            line);
        }
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    return ERR_OK;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

/* The whole text, from a regular file of at most FILE_BYTES_MAX. */
static enum err read_file(const char *path, struct complaint *complaint, struct buffer *text)
{
    /* O_NONBLOCK: a FIFO must not hang us before we can see that it is one. */
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        return complain(complaint, ERR_CONFIG, "%s cannot be read: %s.", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return complain(complaint, ERR_CONFIG,
                        "%s is not a regular file; name a configuration file.", path);
    }
    for (;;) {
        uint8_t *at = NULL;
        enum err err = buffer_reserve(text, 65536, &at);
        if (err != ERR_OK) {
            return err;
        }
        ssize_t got = read(fd, at, 65535);
        if (got < 0) {
            return complain(complaint, ERR_CONFIG, "%s cannot be read: %s.", path, strerror(errno));
        }
        text->size += (size_t)got;
        if (text->size > FILE_BYTES_MAX) {
            return complain(complaint, ERR_CONFIG,
                            "%s is larger than 1 MiB; this is no configuration file.", path);
        }
        if (got == 0) {
            at[0] = 0;
            return ERR_OK;
        }
    }
}

static enum err parse(const char *path, config_t *config, struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = read_file(path, complaint, &text);
    if (err != ERR_OK) {
        return err;
    }
    if (memchr(text.data, 0, text.size) != NULL) {
        return complain(complaint, ERR_CONFIG,
                        "%s holds a zero byte; it is not a text file (save it as UTF-8).", path);
    }
    err = refuse_include(path, (const char *)text.data, complaint);
    if (err != ERR_OK) {
        return err;
    }
    if (config_read_string(config, (const char *)text.data) != CONFIG_TRUE) {
        return complain(complaint, ERR_CONFIG, "%s:%d: %s.", path, config_error_line(config),
                        config_error_text(config));
    }
    return ERR_OK;
}

enum err config_load(const char *path, const struct config_row *rows, void *target,
                     size_t target_bytes, struct complaint *complaint)
{
    config_t config __attribute__((cleanup(config_destroy)));
    config_init(&config);
    enum err err = parse(path, &config, complaint);
    if (err != ERR_OK) {
        return err;
    }
    AUTO(free_p) char *scratch = malloc(target_bytes);
    if (scratch == NULL) {
        return ERR_MEMORY;
    }
    memcpy(scratch, target, target_bytes);
    const struct reading reading = {path, complaint};
    const struct table table = {&reading, rows, ""};
    uint64_t set = 0;
    err = read_group(&table, config_root_setting(&config), scratch, &set);
    if (err != ERR_OK) {
        return err;
    }
    release_set(rows, target, set); /* the defaults that were replaced */
    memcpy(target, scratch, target_bytes);
    return ERR_OK;
}
