/* The shipped texts of every language, and what a file of texts is refused for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/catalogue.h"
#include "tests/support/rules_bench.h"

#define FOLDER IHURIRO_SOURCE "/conf/catalogue/"

static void read_file(const char *path, struct buffer *text)
{
    FILE *file = fopen(path, "rb");
    char piece[4096];
    size_t got = 0;
    assert_non_null(file);
    while ((got = fread(piece, 1, sizeof piece, file)) > 0) {
        assert_int_equal(buffer_append(text, piece, got), ERR_OK);
    }
    assert_int_equal(fclose(file), 0);
}

static const struct catalogue *shipped(const char *language, struct arena *arena)
{
    struct complaint complaint = {""};
    const struct catalogue *catalogue = NULL;
    enum err err = catalogue_of(language, arena, &complaint, &catalogue);
    assert_string_equal(complaint.text, "");
    assert_int_equal(err, ERR_OK);
    return catalogue;
}

static void the_english_file_is_what_is_built_in(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer file = {0};
    AUTO(buffer_close) struct buffer built_in = {0};
    AUTO(arena_close) struct arena arena = {0};
    const struct catalogue *catalogue = NULL;
    read_file(FOLDER "en.cfg", &file);
    assert_int_equal(catalogue_write_english(&built_in), ERR_OK);
    if (!bytes_equal(buffer_bytes(&file), buffer_bytes(&built_in))) {
        fail_msg("conf/catalogue/en.cfg is not what the programs say; write it again: "
                 "mfi-agent explain --all --format catalogue >conf/catalogue/en.cfg");
    }
    assert_int_equal(catalogue_load(FOLDER "en.cfg", &arena, NULL, &catalogue), ERR_OK);
    for (size_t i = 0; i < catalogue->count; i++) {
        struct catalogue_text english;
        catalogue_find(NULL, catalogue->texts[i].key, &english);
        assert_string_equal(catalogue->texts[i].other, english.other);
    }
}

static void french_and_kinyarwanda_hold_every_text_and_no_english_one(void **state)
{
    (void)state;
    static const char *const languages[] = {"fr", "rw"};
    for (size_t i = 0; i < 2; i++) {
        AUTO(arena_close) struct arena arena = {0};
        const struct catalogue *catalogue = shipped(languages[i], &arena);
        char key[CATALOGUE_KEY_MAX];
        struct catalogue_text english;
        assert_string_equal(catalogue->language, languages[i]);
        for (size_t k = 0; catalogue_english_at(k, key, &english); k++) {
            struct catalogue_text text;
            catalogue_find(catalogue, key, &text);
            if (strlen(english.other) > 40 && strcmp(text.other, english.other) == 0) {
                fail_msg("%s: %s is still English", languages[i], key);
            }
        }
    }
}

static void kinyarwanda_has_french_beneath_and_french_nothing(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    const struct catalogue *kinyarwanda = shipped("rw", &arena);
    assert_string_equal(kinyarwanda->beneath->language, "fr");
    assert_null(kinyarwanda->beneath->beneath);
    assert_null(shipped("fr", &arena)->beneath);
    assert_null(shipped("en", &arena));
}

static void aging_is_off(struct bench *bench)
{
    bench->report->portfolio->aging[0]->outstanding += 1;
}

static void findings_are_told_in_each_language_with_its_numbers_and_days(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        const char *amount;
        const char *beneath;
        const char *day;
    } rows[] = {
        {"en", "add up to 1,500,001 RWF", NULL, "30 June 2020"},
        {"fr", "font ensemble 1\u202f500\u202f001 RWF", NULL, "30 juin 2020"},
        {"rw", "hamwe ni 1.500.001 RWF", "font ensemble 1\u202f500\u202f001 RWF", "30 Kamena 2020"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(arena_close) struct arena arena = {0};
        AUTO(bench_close) struct bench bench;
        AUTO(buffer_close) struct buffer text = {0};
        const struct catalogue *catalogue = shipped(rows[i].language, &arena);
        char day[CATALOGUE_VALUE_MAX];
        bench_open(&bench, TYPE_PORTFOLIO);
        aging_is_off(&bench);
        assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
        assert_string_equal(bench.findings.rows[0].rule, "POR-01");
        assert_int_equal(
            finding_words(catalogue, &bench.findings.rows[0], bench.report, "\n", &text), ERR_OK);
        assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
        assert_non_null(strstr((const char *)text.data, rows[i].amount));
        const char *beneath = strchr((const char *)text.data, '\n');
        assert_int_equal(beneath != NULL, rows[i].beneath != NULL);
        assert_true(beneath == NULL || strstr(beneath, rows[i].beneath) != NULL);
        catalogue_day(catalogue, JUNE_30, day);
        assert_string_equal(day, rows[i].day);
    }
}

/* ---- files that are refused ---- */

/* The English file with a part of it replaced, as a file of its own. */
static enum err load_changed(const char *from, const char *to, struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(buffer_close) struct buffer changed = {0};
    char path[] = "/tmp/ihuriro-catalogue-XXXXXX";
    const struct catalogue *catalogue = NULL;
    read_file(FOLDER "en.cfg", &text);
    assert_int_equal(buffer_append(&text, "", 1), ERR_OK);
    const char *at = strstr((const char *)text.data, from);
    assert_non_null(at);
    assert_int_equal(buffer_printf(&changed, "%.*s%s%s", (int)(at - (const char *)text.data),
                                   (const char *)text.data, to, at + strlen(from)),
                     ERR_OK);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, changed.data, changed.size), (ssize_t)changed.size);
    assert_int_equal(close(fd), 0);
    enum err err = catalogue_load(path, &arena, complaint, &catalogue);
    assert_int_equal(unlink(path), 0);
    return err;
}

static void a_file_that_does_not_fit_the_english_is_refused_with_line_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *part;
    } rows[] = {
        {"key = \"check.accepted\"", "key = \"check.acepted\"", "there is no text check.acepted"},
        {"key = \"check.accepted\"", "key = \"check.none\"", "check.none stands on line"},
        {"other = \"at most three vintages\"", "otter = \"x\"", "there is no key"},
        {"other = \"at most three vintages\"", "other = 3", "must be a text in quotes"},
        {"other = \"What only the hub can find:\";",
         "other = \"What only the hub can find:\"; one = \"This\";", "counts nothing"},
        {"Judged by the hub's settings \\\"{version}\\\" of {time}, as last heard from it.",
         "Judged by the hub's settings of {time}.", "lacks the placeholder {version}"},
        {"What only the hub can find:", "What only {who} can find:",
         "has the placeholder {who}, which the English text does not have"},
        {"What only the hub can find:", "What only {the hub can find:", "has a { without its }"},
        {"What only the hub can find:", "What only\\nthe hub can find:", "must be one line"},
        {"What only the hub can find:", "", "must have 1 to 1000 characters"},
        {"other = \"January\"", "other = \"January, the first of all the months\"",
         "is a part of other texts"},
        {"language = \"en\"", "language = \"EN\"", "must be two small letters"},
        {"language = \"en\"", "language = \"en\"; tongue = 1", "there is no key 'tongue'"},
        {"language = \"en\"", "language = \"en\"; beneath = \"xx\"", "xx.cfg cannot be read"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct complaint complaint = {""};
        enum err err = load_changed(rows[i].from, rows[i].to, &complaint);
        if (err != ERR_CONFIG || strstr(complaint.text, rows[i].part) == NULL ||
            strncmp(complaint.text, "/tmp/", 5) != 0) { /* file, line: conf/config.c */
            fail_msg("row %zu: %s: %s", i, err_text(err), complaint.text);
        }
    }
}

static void a_text_that_is_missing_is_named_with_its_english(void **state)
{
    (void)state;
    struct complaint complaint = {""};
    assert_int_equal(load_changed("  {\n    key = \"check.accepted\";\n    other = \"would be "
                                  "ACCEPTED\";\n  },\n",
                                  "", &complaint),
                     ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "the text check.accepted is missing"));
    assert_non_null(strstr(complaint.text, "would be ACCEPTED"));
}

static void a_language_that_is_not_there_is_refused_with_its_path(void **state)
{
    (void)state;
    static const char *const strange[] = {"xx", "", "french", "../f"};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        AUTO(arena_close) struct arena arena = {0};
        struct complaint complaint = {""};
        const struct catalogue *catalogue = NULL;
        assert_int_equal(catalogue_of(strange[i], &arena, &complaint, &catalogue), ERR_CONFIG);
        assert_non_null(strstr(complaint.text, i == 0 ? "catalogue/xx.cfg" : "two letters"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_english_file_is_what_is_built_in),
        cmocka_unit_test(french_and_kinyarwanda_hold_every_text_and_no_english_one),
        cmocka_unit_test(kinyarwanda_has_french_beneath_and_french_nothing),
        cmocka_unit_test(findings_are_told_in_each_language_with_its_numbers_and_days),
        cmocka_unit_test(a_file_that_does_not_fit_the_english_is_refused_with_line_and_reason),
        cmocka_unit_test(a_text_that_is_missing_is_named_with_its_english),
        cmocka_unit_test(a_language_that_is_not_there_is_refused_with_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
