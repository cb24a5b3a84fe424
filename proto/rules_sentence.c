/* A finding in words, built where it is shown. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/fields.h"
#include "proto/money.h"
#include "proto/rules_inside.h"
#include "proto/text.h"

#define VALUE_TEXT_MAX 80

/* ENV-04 when nothing is held: there is no time to name. */
static const char nothing_held[] =
    "The hub holds no accepted {type} {period}, so the next is vintage {expected}, and this one "
    "says "
    "{vintage}. Send it as vintage {expected}; the agent does so by itself, unless its store was "
    "copied from another one.";

static const char unknown_rule[] =
    "{path} is {got}, against {expected}. This program is older than the rule that says so: update "
    "it to read more.";

struct filling {
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

/* POR-05 sets an amount beside a count. */
static enum value_kind kind_of(const PbFinding *finding, bool is_expected)
{
    if (strcmp(finding->rule, "ENV-04") == 0) {
        return is_expected ? VALUE_NUMBER : VALUE_TIME;
    }
    if (strcmp(finding->rule, "POR-05") == 0) {
        return is_expected ? VALUE_AMOUNT : VALUE_NUMBER;
    }
    return finding->path == NULL ? VALUE_NUMBER : kind_of_path(finding->path);
}

/* "30 June 2020" */
static void format_day(int64_t day, char out[static VALUE_TEXT_MAX])
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int year = 0;
    int month = 0;
    int of_month = 0;
    if (day < -719528 || day > 2932896) { /* not in a year of four digits */
        (void)snprintf(out, VALUE_TEXT_MAX, "day %" PRId64, day);
        return;
    }
    day_to_date((int32_t)day, &year, &month, &of_month);
    (void)snprintf(out, VALUE_TEXT_MAX, "%d %s %d", of_month, months[month - 1], year);
}

/* "3 July 2020, 08:15 UTC" */
static void format_time(int64_t time_us, char out[static VALUE_TEXT_MAX])
{
    char text[TIME_TEXT_MAX + 1];
    char day[VALUE_TEXT_MAX];
    time_format(time_us, text);
    format_day(time_day(time_us, 0), day);
    (void)snprintf(out, VALUE_TEXT_MAX, "%.50s, %.5s UTC", day, text + 11);
}

/* "1,500,000.00": groups of three before the point. */
static void format_grouped(int64_t value, unsigned exponent, char out[static VALUE_TEXT_MAX])
{
    char plain[32];
    money_format(value, exponent, plain);
    size_t whole = strcspn(plain, ".");
    size_t sign = plain[0] == '-' ? 1 : 0;
    size_t used = 0;
    for (size_t i = 0; plain[i] != '\0'; i++) {
        if (i > sign && i < whole && (whole - i) % 3 == 0) {
            out[used++] = ',';
        }
        out[used++] = plain[i];
    }
    out[used] = '\0';
}

static void format_amount(const PbReport *report, int64_t value, char out[static VALUE_TEXT_MAX])
{
    if (report == NULL) {
        format_grouped(value, 0, out);
        return;
    }
    char grouped[VALUE_TEXT_MAX];
    char currency[16];
    format_grouped(value, report->currency_exponent, grouped);
    (void)text_escape(bytes_of(report->currency, strlen(report->currency)), currency,
                      sizeof currency);
    (void)snprintf(out, VALUE_TEXT_MAX, "%.60s %.15s", grouped, currency);
}

static enum err append_value(const struct filling *filling, bool is_expected, struct buffer *text)
{
    const PbFinding *finding = filling->finding;
    int64_t value = is_expected ? finding->expected : finding->got;
    char out[VALUE_TEXT_MAX] = "";
    if (is_expected ? !finding->has_expected : !finding->has_got) {
        return buffer_printf(text, "%s", is_expected ? "something else" : "not as it should be");
    }
    switch (kind_of(finding, is_expected)) {
    case VALUE_AMOUNT:
        format_amount(filling->report, value, out);
        break;
    case VALUE_DAY:
        format_day(value, out);
        break;
    case VALUE_TIME:
        format_time(value, out);
        break;
    case VALUE_NUMBER:
        format_grouped(value, 0, out);
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
    return append_escaped(path == NULL ? "the report" : path, text);
}

static enum err fill_type(const struct filling *filling, struct buffer *text)
{
    return buffer_printf(text, "%s",
                         filling->report == NULL ? "report"
                                                 : report_type_name((int)filling->report->type));
}

static enum err fill_period(const struct filling *filling, struct buffer *text)
{
    return append_escaped(filling->report == NULL ? "of this period" : filling->report->period->key,
                          text);
}

static enum err fill_vintage(const struct filling *filling, struct buffer *text)
{
    if (filling->report == NULL) {
        return buffer_printf(text, "another");
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

enum err finding_sentence(const PbFinding *finding, const PbReport *report, struct buffer *text)
{
    struct filling filling = {finding, report};
    const struct rule *rule = rule_find(finding->rule);
    const char *template = rule == NULL ? unknown_rule : rule->sentence;
    if (rule != NULL && strcmp(rule->id, "ENV-04") == 0 && !finding->has_got) {
        template = nothing_held;
    }
    enum err err = ERR_OK;
    while (*template != '\0' && err == ERR_OK) {
        err = append_next(&filling, &template, text);
    }
    return err;
}
