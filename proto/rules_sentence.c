/* A finding in words, built where it is shown. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/catalogue.h"
#include "proto/fields.h"
#include "proto/rules_inside.h"
#include "proto/text.h"

struct filling {
    const struct catalogue *catalogue;
    const PbFinding *finding;
    const PbReport *report; /* may be NULL */
};

enum value_kind { VALUE_NUMBER, VALUE_AMOUNT, VALUE_DAY, VALUE_TIME };

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* What the values of a finding count follows from the field that it names. */
static enum value_kind kind_of_path(const char *path)
{
    if (ends_with(path, "_us")) {
        return VALUE_TIME;
    }
    if (ends_with(path, "_day") && strstr(path, "maturities") == NULL) {
        return VALUE_DAY;
    }
    PbReport any = IHURIRO__V1__REPORT__INIT;
    const ProtobufCFieldDescriptor *descriptor = field_of_path(&any, path);
    bool is_amount =
        descriptor != NULL && (descriptor->type == PROTOBUF_C_TYPE_INT64 ||
                               descriptor->type == PROTOBUF_C_TYPE_MESSAGE); /* a sum of its rows */
    return is_amount ? VALUE_AMOUNT : VALUE_NUMBER;
}

/* Findings whose values are not what the field at their path holds. */
static const struct {
    const char *rule;
    const char *path; /* NULL: any */
    enum value_kind expected;
    enum value_kind got;
} mixed[] = {
    {"ENV-04", NULL, VALUE_NUMBER, VALUE_TIME},
    {"POR-05", NULL, VALUE_AMOUNT, VALUE_NUMBER}, /* an amount beside a count */
    {"POR-21", "portfolio.disbursed_loans", VALUE_AMOUNT, VALUE_NUMBER},
    {"LIQ-09", NULL, VALUE_NUMBER, VALUE_NUMBER}, /* basis points, from two amounts */
};

static enum value_kind kind_of(const PbFinding *finding, bool is_expected)
{
    const char *path = finding->path;
    for (size_t i = 0; i < sizeof mixed / sizeof mixed[0]; i++) {
        if (strcmp(mixed[i].rule, finding->rule) == 0 &&
            (mixed[i].path == NULL || (path != NULL && strcmp(mixed[i].path, path) == 0))) {
            return is_expected ? mixed[i].expected : mixed[i].got;
        }
    }
    return path == NULL ? VALUE_NUMBER : kind_of_path(path);
}

/* A phrase that stands for what is not known. */
static enum err append_phrase(const struct filling *filling, const char *key, struct buffer *text)
{
    return catalogue_say(filling->catalogue, key, -1, NULL, text);
}

static void format_amount(const struct filling *filling, int64_t value,
                          char out[static CATALOGUE_VALUE_MAX])
{
    const PbReport *report = filling->report;
    if (report == NULL) {
        catalogue_number(filling->catalogue, value, 0, out);
        return;
    }
    char number[CATALOGUE_VALUE_MAX];
    char currency[16];
    catalogue_number(filling->catalogue, value, report->currency_exponent, number);
    (void)text_escape(bytes_of(report->currency, strlen(report->currency)), currency,
                      sizeof currency);
    (void)snprintf(out, CATALOGUE_VALUE_MAX, "%.100s %.15s", number, currency);
}

static enum err append_value(const struct filling *filling, bool is_expected, struct buffer *text)
{
    const PbFinding *finding = filling->finding;
    int64_t value = is_expected ? finding->expected : finding->got;
    char out[CATALOGUE_VALUE_MAX] = "";
    if (is_expected ? !finding->has_expected : !finding->has_got) {
        return append_phrase(filling, is_expected ? "value.expected" : "value.got", text);
    }
    switch (kind_of(finding, is_expected)) {
    case VALUE_AMOUNT:
        format_amount(filling, value, out);
        break;
    case VALUE_DAY:
        catalogue_day(filling->catalogue, value, out);
        break;
    case VALUE_TIME:
        catalogue_time(filling->catalogue, value, out);
        break;
    case VALUE_NUMBER:
        catalogue_number(filling->catalogue, value, 0, out);
        break;
    }
    return buffer_printf(text, "%s", out);
}

static enum err append_escaped(const char *untrusted, struct buffer *text)
{
    char out[FIELD_PATH_MAX];
    return buffer_printf(text, "%s",
                         text_escape(bytes_of(untrusted, strlen(untrusted)), out, sizeof out));
}

static enum err fill_expected(const struct filling *filling, struct buffer *text)
{
    return append_value(filling, true, text);
}

static enum err fill_got(const struct filling *filling, struct buffer *text)
{
    return append_value(filling, false, text);
}

static enum err fill_path(const struct filling *filling, struct buffer *text)
{
    const char *path = filling->finding->path;
    return path == NULL ? append_phrase(filling, "value.path", text) : append_escaped(path, text);
}

static enum err fill_type(const struct filling *filling, struct buffer *text)
{
    return filling->report == NULL
               ? append_phrase(filling, "value.type", text)
               : buffer_printf(text, "%s", report_type_name((int)filling->report->type));
}

static enum err fill_period(const struct filling *filling, struct buffer *text)
{
    return filling->report == NULL ? append_phrase(filling, "value.period", text)
                                   : append_escaped(filling->report->period->key, text);
}

static enum err fill_vintage(const struct filling *filling, struct buffer *text)
{
    if (filling->report == NULL) {
        return append_phrase(filling, "value.vintage", text);
    }
    return buffer_printf(text, "%" PRIu32, filling->report->vintage);
}

static enum err fill_held(const struct filling *filling, struct buffer *text)
{
    return buffer_printf(text, "%" PRId64, filling->finding->expected - 1);
}

static const struct {
    const char *name;
    enum err (*fill)(const struct filling *filling, struct buffer *text);
} placeholders[] = {
    {"{path}", fill_path}, {"{expected}", fill_expected}, {"{got}", fill_got},
    {"{type}", fill_type}, {"{period}", fill_period},     {"{vintage}", fill_vintage},
    {"{held}", fill_held},
};

/* Appends what stands at the template's beginning: a placeholder's value, or one byte. */
static enum err append_next(const struct filling *filling, const char **template,
                            struct buffer *text)
{
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
        size_t length = strlen(placeholders[i].name);
        if (strncmp(*template, placeholders[i].name, length) == 0) {
            *template += length;
            return placeholders[i].fill(filling, text);
        }
    }
    size_t plain = 1 + strcspn(*template + 1, "{");
    enum err err = buffer_append(text, *template, plain);
    *template += plain;
    return err;
}

/* The text that a finding is shown with, and how many it tells of. */
static int64_t find_key(const PbFinding *finding, char ret_key[static CATALOGUE_KEY_MAX])
{
    const struct rule *rule = rule_find(finding->rule);
    if (rule == NULL) {
        (void)snprintf(ret_key, CATALOGUE_KEY_MAX, "rule.unknown");
        return -1;
    }
    bool is_first = strcmp(rule->id, "ENV-04") == 0 && !finding->has_got; /* no time to name */
    (void)snprintf(ret_key, CATALOGUE_KEY_MAX, "%s.%s", rule->id, is_first ? "first" : "sentence");
    return finding->has_got ? finding->got : -1;
}

enum err finding_sentence(const struct catalogue *catalogue, const PbFinding *finding,
                          const PbReport *report, struct buffer *text)
{
    struct filling filling = {catalogue, finding, report};
    struct catalogue_text found;
    char key[CATALOGUE_KEY_MAX];
    int64_t count = find_key(finding, key);
    catalogue_find(catalogue, key, &found);
    const char *template = catalogue_form(&found, count);
    enum err err = ERR_OK;
    while (*template != '\0' && err == ERR_OK) {
        err = append_next(&filling, &template, text);
    }
    return err;
}

enum err finding_words(const struct catalogue *catalogue, const PbFinding *finding,
                       const PbReport *report, const char *between, struct buffer *text)
{
    char key[CATALOGUE_KEY_MAX];
    (void)find_key(finding, key);
    const struct catalogue *beneath = catalogue_beneath(catalogue, key);
    enum err err = finding_sentence(catalogue, finding, report, text);
    if (err == ERR_OK && beneath != NULL) {
        err = buffer_append(text, between, strlen(between));
        err = err != ERR_OK ? err : finding_sentence(beneath, finding, report, text);
    }
    return err;
}
