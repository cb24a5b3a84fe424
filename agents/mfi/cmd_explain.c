/* mfi-agent explain [ID|FIELD…] | --all: what a rule, a ratio or a field means. */
#include <jansson.h>
#include <string.h>

#include "agents/mfi/commands.h"
#include "conf/catalogue.h"
#include "proto/glossary.h"
#include "proto/json.h"
#include "proto/rules.h"

static const char program[] = "mfi-agent explain";

struct explain_arguments {
    const char *format;
    const char *language;
    bool is_all;
};

#define EXPLAIN(field) offsetof(struct explain_arguments, field)
static const struct option_row explain_rows[] = {
    {"all", 0, OPTION_FLAG, EXPLAIN(is_all), NULL, "every rule, ratio and field", 0, 0},
    {"format", 0, OPTION_TEXT, EXPLAIN(format), "text|json|markdown|catalogue",
     "how to print (text); catalogue: the English texts, to begin another language with", 0, 0},
    {"language", 0, OPTION_TEXT, EXPLAIN(language), "en|fr|rw", "of the rules (en)", 0, 0},
    {0},
};

static const struct options explain_options = {
    .program = program,
    .words = "[ID|FIELD ...]",
    .about =
        "Says what a rule (POR-01), a ratio (R02), an item (P06) or a field (glp, "
        "portfolio.aging.restructured) means, how it is computed and what to do. Nothing but the "
        "program itself is needed.",
    .rows = explain_rows,
    .words_min = 0,
    .words_max = 64,
};

enum form { FORM_TEXT, FORM_JSON, FORM_MARKDOWN, FORM_CATALOGUE };

struct telling {
    enum form form;
    struct voice voice;
    const char *word; /* NULL: all */
    size_t told;
    enum err err;
};

static bool is_named(const struct telling *telling, const char *id)
{
    if (telling->word == NULL) {
        return true;
    }
    size_t length = strlen(telling->word);
    /* R03 names R03.NPL too. */
    return strcmp(id, telling->word) == 0 ||
           (strncmp(id, telling->word, length) == 0 && id[length] == '.');
}

/* ---- one of each ---- */

static void print_json(struct telling *telling, json_t *json)
{
    AUTO(buffer_close) struct buffer line = {0};
    enum err err = json != NULL ? json_line(json, &line) : ERR_MEMORY;
    json_decref(json);
    if (err == ERR_OK && fwrite(line.data, 1, line.size, stdout) != line.size) {
        err = ERR_IO;
    }
    telling->err = telling->err == ERR_OK ? err : telling->err;
}

static void print_row(struct telling *telling, enum err err, const struct buffer *row)
{
    if (err == ERR_OK) {
        printf("%.*s\n", (int)row->size, (const char *)row->data);
    }
    telling->err = telling->err == ERR_OK ? err : telling->err;
}

/* The rule's text of a kind, "summary" or "sentence". */
static const char *rule_text(const struct voice *voice, const struct rule *rule, const char *what)
{
    char key[CATALOGUE_KEY_MAX];
    (void)snprintf(key, sizeof key, "%s.%s", rule->id, what);
    return phrase(voice, key);
}

static void print_rule(const struct voice *voice, const struct rule *rule)
{
    static const char *const severities[] = {"", "severity.INFO", "severity.WARNING",
                                             "severity.ERROR"};
    char key[CATALOGUE_KEY_MAX];
    (void)snprintf(key, sizeof key, "%s.sentence", rule->id);
    printf("%s  %s: %s.\n", rule->id, phrase(voice, severities[rule->severity]),
           rule_text(voice, rule, "summary"));
    printf("  %s\n", phrase(voice, key));
    const struct voice beneath = {stdout, catalogue_beneath(voice->catalogue, key)};
    if (beneath.catalogue != NULL) {
        printf("  %s\n", phrase(&beneath, key));
    }
    if (rule->needs_hub) {
        say(voice, "  ", "explain.hub_only", NULL);
    }
    if (!rule->is_fixed) {
        say(voice, "  ", "explain.configurable", NULL);
    }
    printf("\n");
}

static void tell_rule(struct telling *telling, const struct rule *rule)
{
    static const char *const severities[] = {"", "INFO", "WARNING", "ERROR"};
    AUTO(buffer_close) struct buffer row = {0};
    telling->told++;
    switch (telling->form) {
    case FORM_MARKDOWN:
        print_row(telling, glossary_rule_row(rule, &row), &row);
        return;
    case FORM_JSON:
        print_json(telling, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o}", "kind", "rule",
                                      "id", rule->id, "severity", severities[rule->severity],
                                      "holds", rule_text(&telling->voice, rule, "summary"),
                                      "sentence", rule_text(&telling->voice, rule, "sentence"),
                                      "hub_only", (int)rule->needs_hub, "configurable",
                                      (int)!rule->is_fixed, "tolerance_bp",
                                      rule->tolerance_bp == NO_TOLERANCE
                                          ? json_null()
                                          : json_integer((json_int_t)rule->tolerance_bp)));
        return;
    case FORM_TEXT:
    case FORM_CATALOGUE: /* printed as a whole */
        break;
    }
    print_rule(&telling->voice, rule);
}

static void tell_ratio(struct telling *telling, const struct ratio *ratio)
{
    AUTO(buffer_close) struct buffer row = {0};
    telling->told++;
    switch (telling->form) {
    case FORM_MARKDOWN:
        print_row(telling, glossary_ratio_row(ratio, &row), &row);
        return;
    case FORM_JSON:
        print_json(telling, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "kind", "ratio", "id",
                                      ratio->id, "name", ratio->name, "definition",
                                      ratio->definition, "unit", ratio_unit_name(ratio->unit),
                                      "needs_before", (int)ratio->needs_before));
        return;
    case FORM_TEXT:
    case FORM_CATALOGUE: /* printed as a whole */
        break;
    }
    printf(
        "%s  %s, in %s\n  = %s.\n%s  It is computed, never sent; n/a where a figure is absent or "
        "the denominator is zero.\n\n",
        ratio->id, ratio->name, ratio_unit_name(ratio->unit), ratio->definition,
        ratio->needs_before ? "  It compares with earlier periods.\n" : "");
}

static void tell_field(struct telling *telling, int type, const struct field_text *text)
{
    AUTO(buffer_close) struct buffer row = {0};
    telling->told++;
    switch (telling->form) {
    case FORM_MARKDOWN:
        print_row(telling, glossary_field_row(text, &row), &row);
        return;
    case FORM_JSON:
        print_json(telling,
                   json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kind", "field", "id", text->id,
                             "report", report_type_name(type), "field", text->field, "definition",
                             text->definition, "unit", text->unit, "stock_or_flow", text->kind));
        return;
    case FORM_TEXT:
    case FORM_CATALOGUE: /* printed as a whole */
        break;
    }
    printf("%s  %s %s, %s%s\n  %s.\n\n", text->id, report_type_name(type), text->field, text->unit,
           text->kind[0] == 'S'   ? ", at the period's end"
           : text->kind[0] == 'F' ? ", over the period"
                                  : "",
           text->definition);
}

/* ---- all of a kind ---- */

static void tell_rules(struct telling *telling)
{
    size_t count = 0;
    const struct rule *rules = rules_at(0, &count);
    if (telling->form == FORM_MARKDOWN && telling->word == NULL) {
        printf("## Rules\n\n| id | severity | what must hold | tried by | settings |\n"
               "|---|---|---|---|---|\n");
    }
    for (size_t i = 0; i < count; i++) {
        if (is_named(telling, rules[i].id)) {
            tell_rule(telling, &rules[i]);
        }
    }
}

static void tell_ratios(struct telling *telling)
{
    size_t count = 0;
    (void)ratios_at(0, &count);
    if (telling->form == FORM_MARKDOWN && telling->word == NULL) {
        printf("\n## Ratios\n\n| id | ratio | definition | unit | compares with earlier periods |\n"
               "|---|---|---|---|---|\n");
    }
    for (size_t i = 0; i < count; i++) {
        const struct ratio *ratio = ratios_at(i, &count);
        if (is_named(telling, ratio->id)) {
            tell_ratio(telling, ratio);
        }
    }
}

/* "glp", "portfolio.glp", "aging.restructured", "portfolio.aging[3].restructured", "P05". */
static bool names_field(const struct telling *telling, int type, const struct field_text *text)
{
    if (telling->word == NULL || glossary_has_id(text, telling->word) ||
        strcmp(text->field, telling->word) == 0) {
        return true;
    }
    char plain[128] = "";
    size_t used = 0;
    bool is_index = false;
    for (const char *at = telling->word; *at != '\0' && used + 1 < sizeof plain; at++) {
        is_index = is_index || *at == '[';
        if (!is_index) {
            plain[used++] = *at;
        }
        is_index = is_index && *at != ']';
    }
    const char *dot = strchr(plain, '.');
    const char *name = report_type_name(type);
    return (dot != NULL && (size_t)(dot - plain) == strlen(name) &&
            strncasecmp(plain, name, strlen(name)) == 0 && strcmp(text->field, dot + 1) == 0) ||
           strcmp(text->field, plain) == 0;
}

static void tell_fields(struct telling *telling)
{
    if (telling->form == FORM_MARKDOWN && telling->word == NULL) {
        printf("\n## Fields\n");
    }
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        if (telling->form == FORM_MARKDOWN && telling->word == NULL) {
            printf("\n### %s\n\n| id | field | definition | unit | S/F |\n|---|---|---|---|---|\n",
                   report_type_name(type));
        }
        for (const struct field_text *text = glossary_of(type); text->id != NULL; text++) {
            if (names_field(telling, type, text)) {
                tell_field(telling, type, text);
            }
        }
    }
}

static bool parse_form(const char *format, enum form *ret_form)
{
    static const char *const names[] = {[FORM_TEXT] = "text",
                                        [FORM_JSON] = "json",
                                        [FORM_MARKDOWN] = "markdown",
                                        [FORM_CATALOGUE] = "catalogue"};
    for (int i = FORM_TEXT; i <= FORM_CATALOGUE; i++) {
        if (format == NULL || strcmp(format, names[i]) == 0) {
            *ret_form = (enum form)i;
            return true;
        }
    }
    return false;
}

static void tell(struct telling *telling, const char *word)
{
    telling->word = word;
    telling->told = 0;
    tell_rules(telling);
    tell_ratios(telling);
    tell_fields(telling);
}

static void print_catalogue(struct telling *telling)
{
    AUTO(buffer_close) struct buffer text = {0};
    telling->err = catalogue_write_english(&text);
    if (telling->err == ERR_OK && fwrite(text.data, 1, text.size, stdout) != text.size) {
        telling->err = ERR_IO;
    }
}

/* 1: a word that nothing is called. */
static int tell_words(struct telling *telling, const struct words *words)
{
    int unknown = 0;
    for (size_t i = 0; i < words->count; i++) {
        tell(telling, words->items[i]);
        if (telling->told == 0) {
            fprintf(stderr,
                    "%s: there is no rule, ratio or field \"%.60s\"; --all lists what there is.\n",
                    program, words->items[i]);
            unknown = 1;
        }
    }
    return unknown;
}

int explain_command(int argc, char **argv)
{
    AUTO(arena_close) struct arena arena = {0};
    struct explain_arguments arguments = {.language = "en"};
    struct words words = {0};
    struct telling telling = {.voice = {stdout, NULL}};
    struct complaint complaint = {{0}};
    int unknown = 0;
    int code = options_parse(&explain_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (!parse_form(arguments.format, &telling.form)) {
        return options_refuse(program, "--format is text, json, markdown or catalogue.");
    }
    if (arguments.is_all == (words.count > 0)) {
        return options_refuse(program,
                              "Name what is to be explained (POR-01, R02, glp), or --all.");
    }
    enum err err = catalogue_of(arguments.language, &arena, &complaint, &telling.voice.catalogue);
    if (err != ERR_OK) {
        return fail(program, err, &complaint);
    }
    if (telling.form == FORM_CATALOGUE) {
        print_catalogue(&telling);
    } else if (arguments.is_all) {
        tell(&telling, NULL);
    } else {
        unknown = tell_words(&telling, &words);
    }
    if (telling.err != ERR_OK || fflush(stdout) != 0) {
        fprintf(stderr, "%s: it could not be printed: %s.\n", program,
                err_text(telling.err != ERR_OK ? telling.err : ERR_IO));
        return 1;
    }
    return unknown;
}
