#include "agents/query/pack.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/period.h"
#include "proto/text.h"

#define QUERY_BYTES_MAX (256 * 1024)

const char *const pack_names[PACK_QUERIES] = {"loans",      "deposits",   "flows",   "gl",
                                              "borrowings", "placements", "schedule"};

int pack_find(const char *name)
{
    for (int i = 0; i < PACK_QUERIES; i++) {
        if (strcmp(pack_names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---- the folder ---- */

static const struct config_row rows[] = {
    {.key = "system",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct pack, system),
     .is_required = true,
     .min = 1,
     .max = 64,
     .help = "the system whose tables the queries read"},
    {.key = "version",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct pack, version),
     .is_required = true,
     .min = 1,
     .max = 48,
     .help = "name and version of the queries"},
    {.key = "begin",
     .kind = CONFIG_TEXTS,
     .offset = offsetof(struct pack, begin),
     .is_required = true,
     .min = 1,
     .max = 500,
     .help = "statements that open a transaction which reads only, and one state of the data"},
    {.key = NULL},
};

void pack_close(struct pack *pack)
{
    for (size_t i = 0; i < PACK_QUERIES; i++) {
        free(pack->queries[i]);
        pack->queries[i] = NULL;
    }
    config_release(rows, pack);
}

static void close_file(const int *file)
{
    if (*file >= 0) {
        (void)close(*file);
    }
}

/* The whole file, NUL behind it. ERR_NOT_FOUND is no complaint: a pack need not have them all. */
static enum err read_text(const char *path, struct complaint *complaint, struct buffer *text)
{
    AUTO(close_file) int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (file < 0 && errno == ENOENT) {
        return ERR_NOT_FOUND;
    }
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        return complain(complaint, ERR_IO, "The query %s cannot be read: %s.", path,
                        file < 0 ? strerror(errno) : "it is not a regular file");
    }
    for (ssize_t got = 1; got > 0 && text->size <= QUERY_BYTES_MAX;) {
        uint8_t *at = NULL;
        enum err err = buffer_reserve(text, 4096, &at);
        if (err != ERR_OK) {
            return err;
        }
        got = read(file, at, 4096);
        if (got < 0) {
            return complain(complaint, ERR_IO, "The query %s cannot be read: %s.", path,
                            strerror(errno));
        }
        text->size += (size_t)got;
    }
    bool is_text = text->size <= QUERY_BYTES_MAX && text_is_utf8(buffer_bytes(text)) &&
                   (text->size == 0 || memchr(text->data, 0, text->size) == NULL);
    return is_text ? buffer_append(text, "", 1)
                   : complain(complaint, ERR_CONFIG,
                              "The query %s is longer than %d bytes or not written in UTF-8.", path,
                              QUERY_BYTES_MAX);
}

static enum err add_sum(struct buffer *sums, const char *name, const struct buffer *text)
{
    uint8_t hash[SHA256_BYTES];
    sha256(buffer_bytes(text), hash);
    enum err err = buffer_append(sums, name, strlen(name) + 1);
    return err == ERR_OK ? buffer_append(sums, hash, sizeof hash) : err;
}

static enum err read_query(const char *folder, size_t query, struct complaint *complaint,
                           struct buffer *sums, struct pack *pack)
{
    AUTO(buffer_close) struct buffer text = {0};
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s.sql", folder, pack_names[query]);
    enum err err = read_text(path, complaint, &text);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = add_sum(sums, pack_names[query], &text);
    }
    if (err == ERR_OK) {
        pack->queries[query] = (char *)STEAL(text.data);
    }
    return err;
}

/* pack.cfg is of the sum, too: its statements are part of what was asked. */
static enum err read_config(const char *folder, struct complaint *complaint, struct buffer *sums,
                            struct pack *pack)
{
    AUTO(buffer_close) struct buffer text = {0};
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/pack.cfg", folder);
    enum err err = read_text(path, complaint, &text);
    if (err == ERR_NOT_FOUND) {
        return complain(complaint, err,
                        "There is no %s: `queries` in agent.conf must be a folder of queries, such "
                        "as one of " IHURIRO_DATA "/queries.",
                        path);
    }
    if (err == ERR_OK) {
        err = add_sum(sums, "pack", &text);
    }
    return err == ERR_OK ? config_read(path, rows, pack, sizeof *pack, complaint) : err;
}

enum err pack_read(const char *folder, struct complaint *complaint, struct pack *ret_pack)
{
    AUTO(pack_close) struct pack pack = {0};
    AUTO(buffer_close) struct buffer sums = {0};
    bool is_any = false;
    enum err err = read_config(folder, complaint, &sums, &pack);
    for (size_t i = 0; err == ERR_OK && i < PACK_QUERIES; i++) {
        err = read_query(folder, i, complaint, &sums, &pack);
        is_any |= pack.queries[i] != NULL;
    }
    if (err != ERR_OK) {
        return err;
    }
    if (!is_any) {
        return complain(complaint, ERR_CONFIG,
                        "The folder %s holds no query: put loans.sql, deposits.sql, flows.sql, "
                        "gl.sql or schedule.sql there.",
                        folder);
    }
    uint8_t hash[SHA256_BYTES];
    sha256(buffer_bytes(&sums), hash);
    hex_encode(bytes_of(hash, 4), pack.checksum);
    *ret_pack = pack;
    pack = (struct pack){0};
    return ERR_OK;
}

/* ---- the values of a query ---- */

enum err pack_values_make(const char *as_of, const char *period_start, const char *currency,
                          struct complaint *complaint, struct pack_values *ret_values)
{
    int32_t end = 0;
    int32_t start = 0;
    bool is_currency = currency != NULL && strlen(currency) == 3 &&
                       strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
    if (as_of == NULL || period_start == NULL || day_parse(as_of, &end) != ERR_OK ||
        day_parse(period_start, &start) != ERR_OK || start > end) {
        return complain(complaint, ERR_USAGE,
                        "Give --as-of and --period-start as days, 2020-06-30, the second not after "
                        "the first.");
    }
    if (!is_currency) {
        return complain(complaint, ERR_USAGE, "Give --currency as three capitals, such as RWF.");
    }
    day_format(end, ret_values->as_of);
    day_format(start, ret_values->period_start);
    memcpy(ret_values->currency, currency, 4);
    return ERR_OK;
}

static bool is_name(char c)
{
    return c == '_' || isalnum((unsigned char)c) != 0;
}

/* How long what begins here is, if it is passed over whole: a quotation, a comment, a "::". */
static size_t passed_over(const char *text)
{
    const struct {
        const char *from;
        const char *to;
    } pairs[] = {{"'", "'"}, {"\"", "\""}, {"`", "`"}, {"--", "\n"}, {"/*", "*/"}, {"::", ""}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        size_t size = strlen(pairs[i].from);
        if (strncmp(text, pairs[i].from, size) == 0) {
            const char *end = strstr(text + size, pairs[i].to);
            return end == NULL ? strlen(text) : (size_t)(end - text) + strlen(pairs[i].to);
        }
    }
    return 0;
}

/* Behind the comments at the head of a query: psqlODBC reads through a cursor (UseDeclareFetch),
 * and not the whole result into memory, only what begins with its verb. */
static const char *verb_of(const char *text)
{
    size_t passed = 1;
    while (passed > 0) {
        bool is_comment = strncmp(text, "--", 2) == 0 || strncmp(text, "/*", 2) == 0;
        passed = is_comment ? passed_over(text) : strspn(text, " \t\r\n");
        text += passed;
    }
    return text;
}

static enum err put_value(const char *name, size_t size, const struct pack_values *values,
                          struct buffer *text)
{
    const struct {
        const char *name;
        const char *type;
        const char *value;
    } known[] = {{"as_of", "DATE ", values->as_of},
                 {"period_start", "DATE ", values->period_start},
                 {"currency", "", values->currency}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].name) == size && strncmp(known[i].name, name, size) == 0) {
            return buffer_printf(text, "%s'%s'", known[i].type, known[i].value);
        }
    }
    return ERR_CONFIG;
}

enum err pack_fill(const struct pack *pack, int query, const struct pack_values *values,
                   struct complaint *complaint, struct buffer *text)
{
    const char *at = verb_of(pack->queries[query]);
    enum err err = ERR_OK;
    while (err == ERR_OK && *at != '\0') {
        size_t passed = passed_over(at);
        size_t name = 0;
        while (passed == 0 && *at == ':' && is_name(at[1 + name])) {
            name++;
        }
        if (name == 0) {
            passed = passed == 0 ? 1 : passed;
            err = buffer_append(text, at, passed);
            at += passed;
            continue;
        }
        err = put_value(at + 1, name, values, text);
        if (err == ERR_CONFIG) {
            return complain(complaint, err,
                            "%s.sql asks for :%.*s, and there are only :as_of, :period_start and "
                            ":currency. Correct the query.",
                            pack_names[query], (int)(name < 40 ? name : 40), at + 1);
        }
        at += name + 1;
    }
    while (text->size > 0 && strchr("; \t\r\n", text->data[text->size - 1]) != NULL) {
        text->size--;
    }
    return err == ERR_OK ? buffer_append(text, "", 1) : err;
}
