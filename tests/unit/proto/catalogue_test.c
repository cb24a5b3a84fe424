/* Texts by key, their forms, and numbers and days as a language writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/catalogue.h"
#include "proto/rules.h"

static const struct catalogue_text beneath_texts[] = {
    {"check.rejected", NULL, NULL, "serait rejeté", NULL},
};
static const struct catalogue beneath = {"fr", beneath_texts, 1, NULL};

/* In the order of the keys; all else is English. */
static const struct catalogue_text texts[] = {
    {"MORE.sentence", "rien", "encore {got}", "encore {got} autres", NULL},
    {"POR-01.sentence", NULL, NULL, "{path}: {got} et {expected}", "who reads it"},
    {"check.accepted", NULL, NULL, "reçu", NULL},
    {"check.rejected", NULL, NULL, "si bon", NULL},
    {"date", NULL, "{day}er {month} {year}", "{day} {month} {year}", NULL},
    {"month.07", NULL, NULL, "juillet", NULL},
    {"number.group", NULL, NULL, "\u202f", NULL},
    {"number.point", NULL, NULL, ",", NULL},
    {"time", NULL, NULL, "{date} à {time}", NULL},
};
static const struct catalogue catalogue = {"xx", texts, sizeof texts / sizeof texts[0], &beneath};

static const char *said(const struct catalogue *in, const char *key, int64_t count,
                        const struct word *words, struct buffer *text)
{
    buffer_clear(text);
    assert_int_equal(catalogue_say(in, key, count, words, text), ERR_OK);
    assert_int_equal(buffer_append(text, "", 1), ERR_OK);
    return (const char *)text->data;
}

static void every_english_text_is_found_by_its_key(void **state)
{
    (void)state;
    char key[CATALOGUE_KEY_MAX];
    struct catalogue_text text;
    size_t count = 0;
    size_t rules = 0;
    (void)rules_at(0, &rules);
    for (; catalogue_english_at(count, key, &text); count++) {
        struct catalogue_text found;
        catalogue_find(NULL, key, &found);
        assert_string_equal(found.other, text.other);
        assert_string_equal(found.key, key);
    }
    assert_true(count > 2 * rules + 12);
}

static void what_a_catalogue_lacks_is_english(void **state)
{
    (void)state;
    struct catalogue_text text;
    catalogue_find(&catalogue, "check.none", &text);
    assert_string_equal(text.other, "has no verdict");
    catalogue_find(&catalogue, "check.accepted", &text);
    assert_string_equal(text.other, "reçu");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        catalogue_find(&catalogue, texts[i].key, &text);
        assert_string_equal(text.other, texts[i].other);
    }
}

static void words_stand_where_their_names_were(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer text = {0};
    const struct word words[] = {{"when", "to be sent then"}, {"how", "by {when} itself"}, {0}};
    assert_string_equal(
        said(NULL, "send.kept", 1200, words, &text),
        "1,200 reports are without a receipt yet. Kept safely, to be sent then: by {when} itself.");
    assert_string_equal(
        said(NULL, "send.kept", 1, words, &text),
        "1 report is without a receipt yet. Kept safely, to be sent then: by {when} itself.");
}

static void a_count_chooses_the_form(void **state)
{
    (void)state;
    struct catalogue_text text;
    catalogue_find(&catalogue, "MORE.sentence", &text);
    assert_string_equal(catalogue_form(&text, 0), "rien");
    assert_string_equal(catalogue_form(&text, 1), "encore {got}");
    assert_string_equal(catalogue_form(&text, 2), "encore {got} autres");
    assert_string_equal(catalogue_form(&text, -1), "encore {got} autres");
    catalogue_find(&catalogue, "check.accepted", &text);
    assert_string_equal(catalogue_form(&text, 0), "reçu");
    assert_string_equal(catalogue_form(&text, 1), "reçu");
}

static void numbers_and_days_are_written_as_the_language_does(void **state)
{
    (void)state;
    char text[CATALOGUE_VALUE_MAX];
    catalogue_number(&catalogue, 150000001, 2, text);
    assert_string_equal(text, "1\u202f500\u202f000,01");
    catalogue_number(&catalogue, INT64_MIN, 0, text);
    assert_string_equal(text, "-9\u202f223\u202f372\u202f036\u202f854\u202f775\u202f808");
    catalogue_number(NULL, -1500, 2, text);
    assert_string_equal(text, "-15.00");
    catalogue_day(&catalogue, 18444, text);
    assert_string_equal(text, "1er juillet 2020");
    catalogue_day(&catalogue, 18445, text);
    assert_string_equal(text, "2 juillet 2020");
    catalogue_day(NULL, 18443, text);
    assert_string_equal(text, "30 June 2020");
    catalogue_day(NULL, INT64_MAX, text);
    assert_string_equal(text, "day 9223372036854775807");
    catalogue_time(&catalogue, INT64_C(1593763200000000), text);
    assert_string_equal(text, "3 juillet 2020 à 08:00");
    catalogue_time(NULL, INT64_C(1593763200000000), text);
    assert_string_equal(text, "3 July 2020, 08:00 UTC");
}

static void only_what_obliges_and_nobody_reviewed_has_another_language_beneath(void **state)
{
    (void)state;
    assert_ptr_equal(catalogue_beneath(&catalogue, "check.rejected"), &beneath);
    assert_ptr_equal(catalogue_beneath(&catalogue, "MORE.sentence"), &beneath);
    assert_null(catalogue_beneath(&catalogue, "check.accepted"));  /* obliges nobody */
    assert_null(catalogue_beneath(&catalogue, "POR-01.sentence")); /* reviewed */
    assert_null(catalogue_beneath(&catalogue, "ENV-01.sentence")); /* shown in English anyway */
    assert_null(catalogue_beneath(NULL, "check.rejected"));
    assert_null(catalogue_beneath(&beneath, "check.rejected"));
    assert_false(catalogue_obliges("POR-01.summary"));
    assert_true(catalogue_obliges("POR-01.sentence"));
}

static void a_finding_is_followed_by_the_language_beneath(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer text = {0};
    char rule[] = "MORE";
    PbFinding finding = IHURIRO__V1__FINDING__INIT;
    finding.rule = rule;
    finding.has_got = 1;
    finding.got = 1;
    assert_int_equal(finding_words(&catalogue, &finding, NULL, " | ", &text), ERR_OK);
    assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
    assert_string_equal((const char *)text.data,
                        "encore 1 | 1 more finding is not shown. Correct those above first; it "
                        "often goes with them.");
    buffer_clear(&text);
    assert_int_equal(finding_words(NULL, &finding, NULL, " | ", &text), ERR_OK);
    assert_null(memchr(text.data, '|', text.size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_english_text_is_found_by_its_key),
        cmocka_unit_test(what_a_catalogue_lacks_is_english),
        cmocka_unit_test(words_stand_where_their_names_were),
        cmocka_unit_test(a_count_chooses_the_form),
        cmocka_unit_test(numbers_and_days_are_written_as_the_language_does),
        cmocka_unit_test(only_what_obliges_and_nobody_reviewed_has_another_language_beneath),
        cmocka_unit_test(a_finding_is_followed_by_the_language_beneath),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
