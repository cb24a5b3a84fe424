#include "proto/catalogue.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/catalogue_inside.h"
#include "proto/money.h"
#include "proto/period.h"
#include "proto/rules.h"

static enum err append_words(const char *template, const struct word *words, const char *count,
                             struct buffer *text);

enum err catalogue_say(const struct catalogue *catalogue, const char *key, int64_t count,
                       const struct word *words, struct buffer *text)
{
    struct catalogue_text found;
    char number[CATALOGUE_VALUE_MAX];
    catalogue_find(catalogue, key, &found);
    catalogue_number(catalogue, count, 0, number);
    return append_words(catalogue_form(&found, count), words, number, text);
}

static const char *value_of(const struct word *words, const char *count, const char *name,
                            size_t length)
{
    for (; words != NULL && words->name != NULL; words++) {
        if (strlen(words->name) == length && strncmp(words->name, name, length) == 0) {
            return words->value;
        }
    }
    assert(length == 5 && strncmp(name, "count", length) == 0);
    return count;
}

static enum err append_words(const char *template, const struct word *words, const char *count,
                             struct buffer *text)
{
    enum err err = ERR_OK;
    while (*template != '\0' && err == ERR_OK) {
        const char *end = *template == '{' ? strchr(template, '}') : NULL;
        if (end != NULL) {
            const char *value = value_of(words, count, template + 1, (size_t)(end - template) - 1);
            err = buffer_append(text, value, strlen(value));
            template = end + 1;
        } else {
            size_t plain = 1 + strcspn(template + 1, "{");
            err = buffer_append(text, template, plain);
            template += plain;
        }
    }
    return err;
}

const char *catalogue_form(const struct catalogue_text *text, int64_t count)
{
    if (count == 0 && text->zero != NULL) {
        return text->zero;
    }
    return count == 1 && text->one != NULL ? text->one : text->other;
}

/* ---- finding a text ---- */

#define SUMMARY  ".summary"
#define SENTENCE ".sentence"

/* The rule whose text a key names; what of it, behind the id. */
static const struct rule *rule_of_key(const char *key, const char **ret_what)
{
    char id[CATALOGUE_KEY_MAX];
    const char *dot = strchr(key, '.');
    if (dot == NULL || (strcmp(dot, SUMMARY) != 0 && strcmp(dot, SENTENCE) != 0)) {
        return NULL;
    }
    (void)snprintf(id, sizeof id, "%.*s", (int)(dot - key), key);
    *ret_what = dot;
    return rule_find(id);
}

static const struct phrase *phrase_in(const struct phrase *phrases, const char *key)
{
    for (; phrases->key != NULL; phrases++) {
        if (strcmp(phrases->key, key) == 0) {
            return phrases;
        }
    }
    return NULL;
}

static struct catalogue_text text_of_phrase(const struct phrase *phrase)
{
    return (struct catalogue_text){phrase->key, phrase->zero, phrase->one, phrase->other, NULL};
}

static struct catalogue_text text_of_rule(const struct rule *rule, const char *key,
                                          const char *what)
{
    const struct phrase *forms = phrase_in(catalogue_rule_forms, key);
    return (struct catalogue_text){
        .key = key,
        .zero = forms == NULL ? NULL : forms->zero,
        .one = forms == NULL ? NULL : forms->one,
        .other = strcmp(what, SUMMARY) == 0 ? rule->summary : rule->sentence,
    };
}

static bool find_english(const char *key, struct catalogue_text *ret_text)
{
    const char *what = NULL;
    const struct phrase *phrase = phrase_in(catalogue_phrases, key);
    const struct rule *rule = phrase == NULL ? rule_of_key(key, &what) : NULL;
    if (phrase != NULL) {
        *ret_text = text_of_phrase(phrase);
    } else if (rule != NULL) {
        *ret_text = text_of_rule(rule, key, what);
    }
    return phrase != NULL || rule != NULL;
}

static const struct catalogue_text *find_in(const struct catalogue *catalogue, const char *key)
{
    size_t first = 0;
    size_t end = catalogue == NULL ? 0 : catalogue->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = strcmp(catalogue->texts[middle].key, key);
        if (order == 0) {
            return &catalogue->texts[middle];
        }
        first = order < 0 ? middle + 1 : first;
        end = order < 0 ? end : middle;
    }
    return NULL;
}

void catalogue_find(const struct catalogue *catalogue, const char *key,
                    struct catalogue_text *ret_text)
{
    const struct catalogue_text *found = find_in(catalogue, key);
    if (found != NULL) {
        *ret_text = *found;
        return;
    }
    bool is_there = find_english(key, ret_text);
    assert(is_there);
}

bool catalogue_english_at(size_t index, char ret_key[static CATALOGUE_KEY_MAX],
                          struct catalogue_text *ret_text)
{
    size_t phrases = 0;
    size_t rules = 0;
    while (catalogue_phrases[phrases].key != NULL) {
        if (phrases == index) {
            *ret_text = text_of_phrase(&catalogue_phrases[index]);
            (void)snprintf(ret_key, CATALOGUE_KEY_MAX, "%s", ret_text->key);
            return true;
        }
        phrases++;
    }
    const struct rule *rule = rules_at((index - phrases) / 2, &rules);
    if (rule == NULL) {
        return false;
    }
    const char *what = (index - phrases) % 2 == 0 ? SUMMARY : SENTENCE;
    (void)snprintf(ret_key, CATALOGUE_KEY_MAX, "%s%s", rule->id, what);
    *ret_text = text_of_rule(rule, ret_key, what);
    return true;
}

bool catalogue_obliges(const char *key)
{
    const char *what = NULL;
    const struct phrase *phrase = phrase_in(catalogue_phrases, key);
    const struct rule *rule = phrase == NULL ? rule_of_key(key, &what) : NULL;
    return phrase != NULL ? phrase->obliges : rule != NULL && strcmp(what, SENTENCE) == 0;
}

const struct catalogue *catalogue_beneath(const struct catalogue *catalogue, const char *key)
{
    const struct catalogue_text *text = find_in(catalogue, key);
    bool is_beneath = text != NULL && text->reviewed == NULL && catalogue_obliges(key);
    return is_beneath ? catalogue->beneath : NULL;
}

/* ---- numbers and days ---- */

static const char *text_at(const struct catalogue *catalogue, const char *key, int64_t count)
{
    struct catalogue_text text;
    catalogue_find(catalogue, key, &text);
    return catalogue_form(&text, count);
}

/* What does not fit is cut: a catalogue's own words may be long. */
static void fill(const char *template, const struct word *words,
                 char ret_text[static CATALOGUE_VALUE_MAX])
{
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = append_words(template, words, "", &text);
    (void)snprintf(ret_text, CATALOGUE_VALUE_MAX, "%.*s", err == ERR_OK ? (int)text.size : 0,
                   err == ERR_OK && text.size > 0 ? (const char *)text.data : "");
}

/* Groups of three before the point. */
void catalogue_number(const struct catalogue *catalogue, int64_t value, unsigned exponent,
                      char ret_text[static CATALOGUE_VALUE_MAX])
{
    char plain[32];
    const char *group = text_at(catalogue, "number.group", -1);
    const char *point = text_at(catalogue, "number.point", -1);
    money_format(value, exponent, plain);
    size_t whole = strcspn(plain, ".");
    size_t sign = plain[0] == '-' ? 1 : 0;
    size_t used = 0;
    for (size_t i = 0; plain[i] != '\0'; i++) {
        bool begins_group = i > sign && i < whole && (whole - i) % 3 == 0;
        int size = snprintf(ret_text + used, CATALOGUE_VALUE_MAX - used, "%.8s%.*s",
                            begins_group ? group
                            : i == whole ? point
                                         : "",
                            i == whole ? 0 : 1, plain + i);
        used += size > 0 ? (size_t)size : 0;
    }
    ret_text[used] = '\0';
}

void catalogue_day(const struct catalogue *catalogue, int64_t day,
                   char ret_text[static CATALOGUE_VALUE_MAX])
{
    int year = 0;
    int month = 0;
    int of_month = 0;
    char numbers[2][24];
    char key[16];
    if (day < -719528 || day > 2932896) { /* not in a year of four digits */
        (void)snprintf(numbers[0], sizeof numbers[0], "%" PRId64, day);
        fill(text_at(catalogue, "date.number", -1), (const struct word[]){{"day", numbers[0]}, {0}},
             ret_text);
        return;
    }
    day_to_date((int32_t)day, &year, &month, &of_month);
    (void)snprintf(numbers[0], sizeof numbers[0], "%d", of_month);
    (void)snprintf(numbers[1], sizeof numbers[1], "%d", year);
    (void)snprintf(key, sizeof key, "month.%02d", month);
    const struct word words[] = {
        {"day", numbers[0]}, {"month", text_at(catalogue, key, -1)}, {"year", numbers[1]}, {0}};
    fill(text_at(catalogue, "date", of_month), words, ret_text);
}

void catalogue_time(const struct catalogue *catalogue, int64_t time_us,
                    char ret_text[static CATALOGUE_VALUE_MAX])
{
    char iso[TIME_TEXT_MAX + 1];
    char date[CATALOGUE_VALUE_MAX];
    char of_day[8];
    time_format(time_us, iso);
    catalogue_day(catalogue, time_day(time_us, 0), date);
    (void)snprintf(of_day, sizeof of_day, "%.5s", iso + 11);
    fill(text_at(catalogue, "time", -1),
         (const struct word[]){{"date", date}, {"time", of_day}, {0}}, ret_text);
}
