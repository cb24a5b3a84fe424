/* What the loader takes and what it refuses, with the complaint that a person gets to read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/config.h"

struct district {
    char *name;
    int64_t weight;
};

struct target {
    char *title;
    char *store;
    int64_t port;
    bool is_test;
    struct config_texts words;
    struct config_groups districts;
};

static const struct config_row district_rows[] = {
    {.key = "name",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct district, name),
     .is_required = true},
    {.key = "weight", .kind = CONFIG_INTEGER, .offset = offsetof(struct district, weight)},
    {0},
};

static const struct config_row rows[] = {
    {.key = "title",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct target, title),
     .is_required = true,
     .min = 1,
     .max = 10},
    {.key = "store", .kind = CONFIG_PATH, .offset = offsetof(struct target, store)},
    {.key = "port",
     .kind = CONFIG_INTEGER,
     .offset = offsetof(struct target, port),
     .min = 1,
     .max = 65535,
     .help = "the port to listen at"},
    {.key = "test", .kind = CONFIG_BOOL, .offset = offsetof(struct target, is_test)},
    {.key = "words", .kind = CONFIG_TEXTS, .offset = offsetof(struct target, words)},
    {.key = "districts",
     .kind = CONFIG_GROUPS,
     .offset = offsetof(struct target, districts),
     .rows = district_rows,
     .group_bytes = sizeof(struct district)},
    {0},
};

static char folder[64];
static char path[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/ihuriro-config-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.conf", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_bytes(const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

/* Every refusal leaves the target as it was. */
static void refuses_with(const char *text, const char *part)
{
    write_bytes(text, strlen(text));
    struct target target = {.port = 7};
    struct complaint complaint = {{0}};
    assert_int_equal(config_load(path, rows, &target, sizeof target, &complaint), ERR_CONFIG);
    if (strstr(complaint.text, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, complaint.text);
    }
    assert_non_null(strstr(complaint.text, path));
    const struct target untouched = {.port = 7};
    assert_memory_equal(&target, &untouched, sizeof target);
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    const char *text = "# a comment\n"
                       "title = \"Hub\";\nstore = \"data/hub\";\nport = 5555;\ntest = true;\n"
                       "words = [ \"a\", \"b\" ];\n"
                       "districts = ( { name = \"Gasabo\"; weight = 5000000000L; },\n"
                       "              { name = \"Huye\"; } );\n";
    write_bytes(text, strlen(text));
    struct target target = {.title = strdup("default"), .port = 1};
    struct complaint complaint = {{0}};
    assert_int_equal(config_load(path, rows, &target, sizeof target, &complaint), ERR_OK);
    char expected[128];
    snprintf(expected, sizeof expected, "%s/data/hub", folder);
    assert_string_equal(target.title, "Hub");
    assert_string_equal(target.store, expected);
    assert_int_equal(target.port, 5555);
    assert_true(target.is_test);
    assert_int_equal(target.words.count, 2);
    assert_string_equal(target.words.items[1], "b");
    assert_int_equal(target.districts.count, 2);
    const struct district *districts = target.districts.items;
    assert_string_equal(districts[0].name, "Gasabo");
    assert_true(districts[0].weight == INT64_C(5000000000));
    assert_string_equal(districts[1].name, "Huye");
    config_release(rows, &target);
    assert_null(target.title);
}

static void an_absolute_path_stays_as_it_is(void **state)
{
    (void)state;
    const char *text = "title = \"x\"; store = \"/var/lib/hub\";";
    write_bytes(text, strlen(text));
    struct target target = {0};
    assert_int_equal(config_load(path, rows, &target, sizeof target, NULL), ERR_OK);
    assert_string_equal(target.store, "/var/lib/hub");
    config_release(rows, &target);
}

static void an_unknown_key_is_refused_with_those_that_are_allowed(void **state)
{
    (void)state;
    refuses_with("title = \"x\";\nprot = 1;\n", ":2: there is no key 'prot' here; allowed are: "
                                                "title, store, port, test, words, districts.");
    refuses_with("title = \"x\";\ndistricts = (\n{ name = \"a\"; color = 1; } );\n",
                 ":3: there is no key 'districts[0].color' here; allowed are: name, weight.");
}

static void a_repeated_key_is_refused(void **state)
{
    (void)state;
    refuses_with("title = \"x\";\ntitle = \"y\";\n", ":2: ");
}

static void a_missing_key_is_named(void **state)
{
    (void)state;
    refuses_with("port = 5;\n", "title is missing");
    refuses_with("", "title is missing");
    refuses_with("title = \"x\"; districts = ( { weight = 1; } );", "districts[0].name is missing");
}

static void a_value_of_another_kind_or_out_of_range_is_refused(void **state)
{
    (void)state;
    refuses_with("title = 5;\n", ":1: title must be a text in quotes");
    refuses_with("title = \"x\";\nport = \"5555\";\n", ":2: port must be a whole number");
    refuses_with("title = \"x\";\nport = 1.5;\n", "port must be a whole number");
    refuses_with("title = \"x\";\nport = 65536;\n", "port must be from 1 to 65535, and is 65536");
    refuses_with("title = \"x\";\nport = 99999999999999999999;\n", ":2: port must be");
    refuses_with("title = \"x\";\ntest = 1;\n", ":2: test must be true or false");
    refuses_with("title = \"x\";\nwords = \"a\";\n", ":2: words must be a list of texts");
    refuses_with("title = \"x\";\nwords = [ 1, 2 ];\n", ":2: words must be a list of texts");
    refuses_with("title = \"x\";\ndistricts = ( 5 );\n", "districts must be a list of groups");
    refuses_with("title = \"\";\n", "title must have 1 to 10 characters, and has 0");
    refuses_with("title = \"12345678901\";\n", "title must have 1 to 10 characters");
    refuses_with("title = \"\xff\";\n", "title is not valid UTF-8");
}

static void includes_are_refused_before_the_parser_sees_them(void **state)
{
    (void)state;
    refuses_with("title = \"x\";\n  @include \"/etc/passwd\"\n", ":2: @include is not allowed");
    refuses_with("\r\t@include \"a\"\n", ":1: @include is not allowed");
}

static void a_syntax_error_names_its_line(void **state)
{
    (void)state;
    refuses_with("title = \"x\";\nport = ;\n", ":2: ");
    refuses_with("title = \"x", ": ");
}

static void what_is_no_text_file_is_refused(void **state)
{
    (void)state;
    write_bytes("title = \"x\";\0", 13);
    struct target target = {0};
    struct complaint complaint = {{0}};
    assert_int_equal(config_load(path, rows, &target, sizeof target, &complaint), ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "zero byte"));
    assert_int_equal(config_load(folder, rows, &target, sizeof target, &complaint), ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "not a regular file"));
    assert_int_equal(config_load("/nonexistent/a", rows, &target, sizeof target, &complaint),
                     ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "cannot be read"));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(config_load(path, rows, &target, sizeof target, &complaint), ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "not a regular file"));
    unlink(path); /* writing to it would wait for a reader */
}

static void a_file_of_more_than_one_mebibyte_is_refused(void **state)
{
    (void)state;
    size_t size = 1024 * 1024 + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, ' ', size);
    write_bytes(text, size);
    free(text);
    struct target target = {0};
    struct complaint complaint = {{0}};
    assert_int_equal(config_load(path, rows, &target, sizeof target, &complaint), ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "larger than 1 MiB"));
}

static void deep_nesting_is_an_error_and_no_crash(void **state)
{
    (void)state;
    size_t size = 1000000;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '(', size);
    memcpy(text, "title = ", 8);
    write_bytes(text, size);
    free(text);
    struct target target = {0};
    struct complaint complaint = {{0}};
    assert_int_equal(config_load(path, rows, &target, sizeof target, &complaint), ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(an_absolute_path_stays_as_it_is),
        cmocka_unit_test(an_unknown_key_is_refused_with_those_that_are_allowed),
        cmocka_unit_test(a_repeated_key_is_refused),
        cmocka_unit_test(a_missing_key_is_named),
        cmocka_unit_test(a_value_of_another_kind_or_out_of_range_is_refused),
        cmocka_unit_test(includes_are_refused_before_the_parser_sees_them),
        cmocka_unit_test(a_syntax_error_names_its_line),
        cmocka_unit_test(what_is_no_text_file_is_refused),
        cmocka_unit_test(a_file_of_more_than_one_mebibyte_is_refused),
        cmocka_unit_test(deep_nesting_is_an_error_and_no_crash),
    };
    return cmocka_run_group_tests_name("config", tests, make_folder, remove_folder);
}
