#include "conf/catalogue.h"

#include <stdio.h>
#include <string.h>

#include "conf/config.h"
#include "conf/data_path.h"

struct entry_row {
    int64_t line;
    char *key;
    char *zero;
    char *one;
    char *other;
    char *reviewed;
};

struct file {
    char *language;
    char *beneath;
    struct config_groups texts;
};

static const char *check_text(const void *value)
{
    for (const char *at = value; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return "must be one line, without tabs or other control characters";
        }
        if (*at == '{' && at[1 + strcspn(at + 1, "{}")] != '}') {
            return "has a { without its }";
        }
    }
    return NULL;
}

static const char *check_language(const void *value)
{
    const char *text = value;
    return text[0] >= 'a' && text[0] <= 'z' && text[1] >= 'a' && text[1] <= 'z'
               ? NULL
               : "must be two small letters (ISO 639): fr";
}

#define ROW(of, name, field, required, least, most, check_, help_)                                 \
    {                                                                                              \
        .key = (name), .kind = CONFIG_TEXT, .offset = offsetof(struct of, field),                  \
        .is_required = (required), .min = (least), .max = (most), .check = check_, .help = (help_) \
    }

static const struct config_row entry_rows[] = {
    {.key = "", .kind = CONFIG_LINE, .offset = offsetof(struct entry_row, line)},
    ROW(entry_row, "key", key, true, 1, CATALOGUE_KEY_MAX - 1, NULL, "as in en.cfg"),
    ROW(entry_row, "zero", zero, false, 1, 1000, check_text, "the text for none"),
    ROW(entry_row, "one", one, false, 1, 1000, check_text, "the text for one"),
    ROW(entry_row, "other", other, true, 1, 1000, check_text, "the text"),
    ROW(entry_row, "reviewed", reviewed, false, 1, 100, NULL,
        "who reads the language and found it right"),
    {0},
};

static const struct config_row file_rows[] = {
    ROW(file, "language", language, true, 2, 2, check_language, "its two letters: fr"),
    ROW(file, "beneath", beneath, false, 2, 2, check_language,
        "the language shown beneath what obliges and nobody reviewed"),
    {.key = "texts",
     .kind = CONFIG_GROUPS,
     .offset = offsetof(struct file, texts),
     .is_required = true,
     .rows = entry_rows,
     .group_bytes = sizeof(struct entry_row),
     .help = "one group a text"},
    {0},
};

static void release_file(struct file *file)
{
    config_release(file_rows, file);
}

struct checking {
    const char *path;
    const struct file *file;
    struct complaint *complaint;
};

static enum err check_entries(const struct checking *checking);
static enum err check_complete(const struct checking *checking);
static enum err make_texts(const struct file *file, struct arena *arena,
                           struct catalogue *catalogue);
static enum err load_beneath(const char *path, const struct file *file, struct arena *arena,
                             struct complaint *complaint, struct catalogue *catalogue);

static enum err load(const char *path, bool may_have_beneath, struct arena *arena,
                     struct complaint *complaint, const struct catalogue **ret_catalogue)
{
    AUTO(release_file) struct file file = {0};
    struct catalogue *catalogue = arena_take(arena, sizeof *catalogue);
    if (catalogue == NULL) {
        return ERR_MEMORY;
    }
    enum err err = config_read(path, file_rows, &file, sizeof file, complaint);
    const struct checking checking = {path, &file, complaint};
    err = err != ERR_OK ? err : check_entries(&checking);
    err = err != ERR_OK ? err : check_complete(&checking);
    err = err != ERR_OK ? err : make_texts(&file, arena, catalogue);
    if (err == ERR_OK && may_have_beneath && file.beneath != NULL) {
        err = load_beneath(path, &file, arena, complaint, catalogue);
    }
    if (err == ERR_OK) {
        *ret_catalogue = catalogue;
    }
    return err;
}

enum err catalogue_load(const char *path, struct arena *arena, struct complaint *complaint,
                        const struct catalogue **ret_catalogue)
{
    return load(path, true, arena, complaint, ret_catalogue);
}

enum err catalogue_of(const char *language, struct arena *arena, struct complaint *complaint,
                      const struct catalogue **ret_catalogue)
{
    AUTO(free_p) char *path = NULL;
    if (strcmp(language, "en") == 0) {
        *ret_catalogue = NULL;
        return ERR_OK;
    }
    enum err err = data_path("catalogue", "IHURIRO_CATALOGUES", language, &path);
    if (err == ERR_USAGE) {
        return complain(complaint, ERR_CONFIG,
                        "The language is two letters: en, fr or rw, and whatever else lies beside "
                        "them.");
    }
    return err != ERR_OK ? err : catalogue_load(path, arena, complaint, ret_catalogue);
}

/* ---- against the English ---- */

/* The English text of a key, or NULL. */
static const struct catalogue_text *
english_of(const char *key, char ret_key[static CATALOGUE_KEY_MAX], struct catalogue_text *ret_text)
{
    for (size_t i = 0; catalogue_english_at(i, ret_key, ret_text); i++) {
        if (strcmp(ret_key, key) == 0) {
            return ret_text;
        }
    }
    return NULL;
}

/* The first placeholder of `text` that `other` lacks, as it stands there with its braces; size 0:
 * there is none. */
static struct bytes missing_placeholder(const char *text, const char *other)
{
    for (const char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{')) {
        size_t size = 2 + strcspn(at + 1, "}");
        if (memmem(other, strlen(other), at, size) == NULL) {
            return bytes_of(at, size);
        }
    }
    return (struct bytes){0};
}

static enum err check_form(const struct checking *checking, const struct entry_row *row,
                           const char *form, const char *english)
{
    struct bytes strange = form == NULL ? (struct bytes){0} : missing_placeholder(form, english);
    if (strange.size > 0) {
        return complain(checking->complaint, ERR_CONFIG,
                        "%s:%d: %s has the placeholder %.*s, which the English text does not have; "
                        "use those of en.cfg.",
                        checking->path, (int)row->line, row->key, (int)strange.size,
                        (const char *)strange.data);
    }
    return ERR_OK;
}

/* Numbers, days and times have their room in other texts; SIZE_MAX: it is no part of one. */
static size_t part_bytes_max(const char *key)
{
    static const struct {
        const char *begin;
        size_t bytes_max;
    } parts[] = {{"number.", 8}, {"month.", 32}, {"date", 32}, {"time", 32}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strncmp(key, parts[i].begin, strlen(parts[i].begin)) == 0) {
            return parts[i].bytes_max;
        }
    }
    return SIZE_MAX;
}

static enum err check_entry(const struct checking *checking, const struct entry_row *row)
{
    char key[CATALOGUE_KEY_MAX];
    struct catalogue_text english;
    if (english_of(row->key, key, &english) == NULL) {
        return complain(checking->complaint, ERR_CONFIG,
                        "%s:%d: there is no text %s; correct the key, or take the group out.",
                        checking->path, (int)row->line, row->key);
    }
    if (strlen(row->other) > part_bytes_max(row->key)) {
        return complain(checking->complaint, ERR_CONFIG,
                        "%s:%d: %s is a part of other texts, of %zu bytes at most; shorten it.",
                        checking->path, (int)row->line, row->key, part_bytes_max(row->key));
    }
    bool counts = english.zero != NULL || english.one != NULL;
    if (!counts && (row->zero != NULL || row->one != NULL)) {
        return complain(checking->complaint, ERR_CONFIG,
                        "%s:%d: %s counts nothing, so it has no forms zero and one; leave `other` "
                        "only.",
                        checking->path, (int)row->line, row->key);
    }
    struct bytes lacking = missing_placeholder(english.other, row->other);
    if (lacking.size > 0) {
        return complain(checking->complaint, ERR_CONFIG,
                        "%s:%d: %s lacks the placeholder %.*s of the English text; put it where "
                        "the value belongs.",
                        checking->path, (int)row->line, row->key, (int)lacking.size,
                        (const char *)lacking.data);
    }
    enum err err = check_form(checking, row, row->other, english.other);
    err = err != ERR_OK ? err : check_form(checking, row, row->zero, english.other);
    return err != ERR_OK ? err : check_form(checking, row, row->one, english.other);
}

static enum err check_entries(const struct checking *checking)
{
    const struct entry_row *rows = checking->file->texts.items;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < checking->file->texts.count; i++) {
        err = check_entry(checking, &rows[i]);
        for (size_t k = 0; err == ERR_OK && k < i; k++) {
            if (strcmp(rows[i].key, rows[k].key) == 0) {
                err = complain(checking->complaint, ERR_CONFIG,
                               "%s:%d: %s stands on line %d already; keep one of them.",
                               checking->path, (int)rows[i].line, rows[i].key, (int)rows[k].line);
            }
        }
    }
    return err;
}

static enum err check_complete(const struct checking *checking)
{
    const struct config_groups *texts = &checking->file->texts;
    const struct entry_row *rows = texts->items;
    struct catalogue_text english;
    char key[CATALOGUE_KEY_MAX];
    for (size_t i = 0; catalogue_english_at(i, key, &english); i++) {
        bool is_there = false;
        for (size_t k = 0; k < texts->count && !is_there; k++) {
            is_there = strcmp(rows[k].key, key) == 0;
        }
        if (!is_there) {
            int line = texts->count > 0 ? (int)rows[texts->count - 1].line : 1;
            return complain(checking->complaint, ERR_CONFIG,
                            "%s:%d: the text %s is missing; in English it is: %.300s",
                            checking->path, line, key, english.other);
        }
    }
    return ERR_OK;
}

/* ---- in the arena ---- */

static int compare_texts(const void *a, const void *b)
{
    const struct catalogue_text *first = a;
    const struct catalogue_text *second = b;
    return strcmp(first->key, second->key);
}

static const char *copy(struct arena *arena, const char *text, bool *ok)
{
    const char *copied = text == NULL ? NULL : arena_text(arena, text);
    *ok = *ok && (text == NULL || copied != NULL);
    return copied;
}

static enum err make_texts(const struct file *file, struct arena *arena,
                           struct catalogue *catalogue)
{
    const struct entry_row *rows = file->texts.items;
    size_t count = file->texts.count;
    struct catalogue_text *texts = arena_take(arena, (count + 1) * sizeof *texts);
    bool ok = texts != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        texts[i].key = copy(arena, rows[i].key, &ok);
        texts[i].zero = copy(arena, rows[i].zero, &ok);
        texts[i].one = copy(arena, rows[i].one, &ok);
        texts[i].other = copy(arena, rows[i].other, &ok);
        texts[i].reviewed = copy(arena, rows[i].reviewed, &ok);
    }
    catalogue->language = copy(arena, file->language, &ok);
    if (!ok || texts == NULL) {
        return ERR_MEMORY;
    }
    qsort(texts, count, sizeof *texts, compare_texts);
    catalogue->texts = texts;
    catalogue->count = count;
    return ERR_OK;
}

/* What stands beneath has nothing beneath it: two files that name each other end here. */
static enum err load_beneath(const char *path, const struct file *file, struct arena *arena,
                             struct complaint *complaint, struct catalogue *catalogue)
{
    const char *slash = strrchr(path, '/');
    AUTO(free_p) char *beside = NULL;
    if (asprintf(&beside, "%.*s%s.cfg", slash == NULL ? 0 : (int)(slash - path) + 1, path,
                 file->beneath) < 0) {
        return ERR_MEMORY;
    }
    return load(beside, false, arena, complaint, &catalogue->beneath);
}

/* ---- the English as a file ---- */

static enum err write_field(struct buffer *text, const char *name, const char *value)
{
    enum err err = value == NULL ? ERR_OK : buffer_printf(text, "    %s = \"", name);
    for (const char *at = value; at != NULL && err == ERR_OK && *at != '\0'; at++) {
        bool is_special = *at == '"' || *at == '\\';
        err = buffer_printf(text, "%s%c", is_special ? "\\" : "", *at);
    }
    return err != ERR_OK || value == NULL ? err : buffer_printf(text, "\";\n");
}

enum err catalogue_write_english(struct buffer *text)
{
    char key[CATALOGUE_KEY_MAX];
    struct catalogue_text english;
    enum err err =
        buffer_printf(text, "# The English texts: what `mfi-agent explain --all --format "
                            "catalogue` prints. They are built "
                            "in; this file is for\n# whoever writes them in another language.\n"
                            "language = \"en\";\n\ntexts = (\n");
    for (size_t i = 0; err == ERR_OK && catalogue_english_at(i, key, &english); i++) {
        err = buffer_printf(text, "%s  {\n    key = \"%s\";\n", i == 0 ? "" : ",\n", key);
        err = err != ERR_OK ? err : write_field(text, "zero", english.zero);
        err = err != ERR_OK ? err : write_field(text, "one", english.one);
        err = err != ERR_OK ? err : write_field(text, "other", english.other);
        err = err != ERR_OK ? err : buffer_printf(text, "  }");
    }
    return err != ERR_OK ? err : buffer_printf(text, "\n);\n");
}
