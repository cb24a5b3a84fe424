/* The command line, as a person types it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/options.h"

struct target {
    const char *config;
    struct option_texts types;
    int64_t seed;
    bool is_new;
};

static const struct option_row rows[] = {
    {"config", 'c', OPTION_TEXT, offsetof(struct target, config), "FILE", "the configuration", 0,
     0},
    {"type", 0, OPTION_TEXTS, offsetof(struct target, types), "T", "a type; may be repeated", 0, 0},
    {"seed", 's', OPTION_INTEGER, offsetof(struct target, seed), "N", "the seed", 0, 1000},
    {"new", 0, OPTION_FLAG, offsetof(struct target, is_new), NULL, "only new ones", 0, 0},
    {0},
};

static const struct options options = {
    "mfi-thing do", "FOLDER...", "Does the thing.", rows, 1, 2, NULL};

/* Parses up to eight words; stdout and stderr go to output. */
static char output[8192];
static FILE *captured;
static int saved[2];

static void capture_begin(void)
{
    captured = tmpfile();
    assert_non_null(captured);
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(1 + i);
        assert_true(dup2(fileno(captured), 1 + i) >= 0);
    }
}

static void capture_end(void)
{
    fflush(stdout);
    fflush(stderr);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], 1 + i);
        close(saved[i]);
    }
    rewind(captured);
    size_t size = fread(output, 1, sizeof output - 1, captured);
    output[size] = 0;
    fclose(captured);
}

static int parse(const char *const *arguments, struct target *target, struct words *words)
{
    static char copies[10][64];
    static char *argv[10];
    int argc = 0;
    snprintf(copies[0], sizeof copies[0], "do");
    argv[argc++] = copies[0];
    for (; arguments[argc - 1] != NULL && argc < 10; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", arguments[argc - 1]);
        argv[argc] = copies[argc];
    }
    capture_begin();
    int code = options_parse(&options, argc, argv, target, words);
    capture_end();
    return code;
}

#define PARSE(target, words, ...) parse((const char *const[]){__VA_ARGS__, NULL}, target, words)

static void refuses_with(const char *part, int code)
{
    assert_int_equal(code, 2);
    if (strstr(output, part) == NULL) {
        fail_msg("'%s' is not in: %s", part, output);
    }
}

static void options_and_words_may_stand_in_any_order(void **state)
{
    (void)state;
    struct target target = {0};
    struct words words = {0};
    assert_int_equal(PARSE(&target, &words, "one", "-c", "a.conf", "--type=X", "two", "--type", "Y",
                           "--new", "-s7"),
                     -1);
    assert_string_equal(target.config, "a.conf");
    assert_int_equal(target.types.count, 2);
    assert_string_equal(target.types.items[0], "X");
    assert_string_equal(target.types.items[1], "Y");
    assert_int_equal(target.seed, 7);
    assert_true(target.is_new);
    assert_int_equal(words.count, 2);
    assert_string_equal(words.items[0], "one");
    assert_string_equal(words.items[1], "two");
}

static void what_follows_two_dashes_is_no_option(void **state)
{
    (void)state;
    struct target target = {0};
    struct words words = {0};
    assert_int_equal(PARSE(&target, &words, "--", "--new", "-"), -1);
    assert_false(target.is_new);
    assert_int_equal(words.count, 2);
    assert_string_equal(words.items[0], "--new");
}

static void mistakes_are_named_and_end_with_two(void **state)
{
    (void)state;
    struct target target = {0};
    refuses_with("There is no option '--newt'", PARSE(&target, NULL, "--newt", "a"));
    refuses_with("There is no option '-x'", PARSE(&target, NULL, "-x", "a"));
    refuses_with("--config needs a value: FILE", PARSE(&target, NULL, "a", "--config"));
    refuses_with("--new takes no value", PARSE(&target, NULL, "a", "--new=1"));
    refuses_with("--config is given twice", PARSE(&target, NULL, "-c", "a", "-c", "b"));
    refuses_with("from 0 to 1000, not '1001'", PARSE(&target, NULL, "a", "--seed", "1001"));
    refuses_with("from 0 to 1000, not '7x'", PARSE(&target, NULL, "a", "--seed", "7x"));
    refuses_with("from 0 to 1000, not ''", PARSE(&target, NULL, "a", "--seed="));
    refuses_with("Something is missing: FOLDER...", PARSE(&target, NULL, "--new"));
    refuses_with("'c' is one word too many", PARSE(&target, NULL, "a", "b", "c"));
}

static void help_and_version_are_everywhere(void **state)
{
    (void)state;
    struct target target = {0};
    assert_int_equal(PARSE(&target, NULL, "--help"), 0);
    assert_non_null(strstr(output, "Usage: mfi-thing do [OPTION]... FOLDER..."));
    assert_non_null(strstr(output, "  -c, --config FILE           the configuration\n"));
    assert_non_null(strstr(output, "      --type T                a type; may be repeated\n"));
    assert_int_equal(PARSE(&target, NULL, "--version"), 0);
    assert_string_equal(output, "mfi-thing " IHURIRO_VERSION "\n");
}

static int ran;
static int run_first(int argc, char **argv)
{
    ran = argc * 10 + (argc > 2 && strcmp(argv[1], "-c") == 0 && strcmp(argv[2], "f") == 0);
    return 5;
}

static void a_command_gets_its_own_words_and_a_configuration_named_before_it(void **state)
{
    (void)state;
    const struct command commands[] = {{"first", run_first, "does it"}, {0}};
    char text[][10] = {"mfi", "-c", "f", "first", "x"};
    char *argv[] = {text[0], text[1], text[2], text[3], text[4], NULL};
    assert_int_equal(commands_run("mfi", "About.", commands, 5, argv), 5);
    assert_int_equal(ran, 41);
    char other[][10] = {"mfi", "second"};
    char *wrong[] = {other[0], other[1], NULL};
    capture_begin();
    int code = commands_run("mfi", "About.", commands, 2, wrong);
    capture_end();
    refuses_with("There is no command 'second'", code);
    capture_begin();
    code = commands_run("mfi", "About.", commands, 1, wrong);
    capture_end();
    refuses_with("Which command?", code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_may_stand_in_any_order),
        cmocka_unit_test(what_follows_two_dashes_is_no_option),
        cmocka_unit_test(mistakes_are_named_and_end_with_two),
        cmocka_unit_test(help_and_version_are_everywhere),
        cmocka_unit_test(a_command_gets_its_own_words_and_a_configuration_named_before_it),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
