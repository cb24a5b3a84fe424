#include "agents/verify/statement.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "proto/json.h"

struct statement {
    enum err error;
    const char *what;
    json_t *facts;  /* object, in order */
    json_t *proven; /* array of sentences */
    json_t *notes;  /* array of sentences */
    char conclusion[512];
};

void statement_close(struct statement **statement)
{
    if (*statement != NULL) {
        json_decref((*statement)->facts);
        json_decref((*statement)->proven);
        json_decref((*statement)->notes);
        free(*statement);
        *statement = NULL;
    }
}

enum err statement_make(const char *what, struct statement **ret_statement)
{
    AUTO(statement_close) struct statement *statement = calloc(1, sizeof *statement);
    if (statement == NULL) {
        return ERR_MEMORY;
    }
    statement->what = what;
    statement->facts = json_object();
    statement->proven = json_array();
    statement->notes = json_array();
    if (statement->facts == NULL || statement->proven == NULL || statement->notes == NULL) {
        return ERR_MEMORY;
    }
    *ret_statement = STEAL(statement);
    return ERR_OK;
}

/* Text that came out of verified bytes may still not be UTF-8: then it is left as it is known to be
 * printable, by json_string refusing it. */
static json_t *format_text(const char *format, va_list arguments)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, arguments);
    json_t *value = json_string(text);
    return value != NULL ? value : json_string("(not valid UTF-8)");
}

void statement_fact(struct statement *statement, const char *key, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_t *value = format_text(format, arguments);
    va_end(arguments);
    if (json_object_set_new(statement->facts, key, value) != 0) {
        statement->error = ERR_MEMORY;
    }
}

static void append_sentence(struct statement *statement, json_t *list, const char *format,
                            va_list arguments)
{
    if (json_array_append_new(list, format_text(format, arguments)) != 0) {
        statement->error = ERR_MEMORY;
    }
}

void statement_proven(struct statement *statement, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append_sentence(statement, statement->proven, format, arguments);
    va_end(arguments);
}

void statement_note(struct statement *statement, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append_sentence(statement, statement->notes, format, arguments);
    va_end(arguments);
}

void statement_conclude(struct statement *statement, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(statement->conclusion, sizeof statement->conclusion, format, arguments);
    va_end(arguments);
}

static enum err print_sentences(const char *title, const json_t *list, struct buffer *text)
{
    enum err err = json_array_size(list) == 0 ? ERR_OK : buffer_printf(text, "%s\n", title);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        err = buffer_printf(text, "  - %s\n", json_string_value(json_array_get(list, i)));
    }
    return err;
}

static enum err print_text(const struct statement *statement, struct buffer *text)
{
    enum err err = buffer_printf(text, "%s\n", statement->conclusion);
    const char *key;
    json_t *value;
    json_object_foreach(statement->facts, key, value)
    {
        char label[40];
        snprintf(label, sizeof label, "%s", key);
        for (char *at = label; *at != 0; at++) {
            *at = *at == '_' ? ' ' : *at;
        }
        err = err != ERR_OK ? err
                            : buffer_printf(text, "  %-16s %s\n", label, json_string_value(value));
    }
    err = err != ERR_OK ? err : print_sentences("Verified:", statement->proven, text);
    return err != ERR_OK ? err : print_sentences("Please note:", statement->notes, text);
}

static enum err print_json(const struct statement *statement, bool is_valid, const char *reason,
                           struct buffer *text)
{
    json_t *object =
        is_valid
            ? json_pack("{s:s, s:b, s:s, s:O, s:O, s:O}", "what", statement->what, "valid", 1,
                        "conclusion", statement->conclusion, "facts", statement->facts, "verified",
                        statement->proven, "notes", statement->notes)
            : json_pack("{s:s, s:b, s:s}", "what", statement->what, "valid", 0, "reason", reason);
    enum err err = object == NULL ? ERR_MEMORY : json_line(object, text);
    json_decref(object);
    return err;
}

enum err statement_print(const struct statement *statement, bool is_valid, const char *reason,
                         bool as_json, struct buffer *text)
{
    if (statement->error != ERR_OK) {
        return statement->error;
    }
    if (as_json) {
        return print_json(statement, is_valid, reason, text);
    }
    return is_valid ? print_text(statement, text) : buffer_printf(text, "NOT VALID: %s\n", reason);
}
