/* The dictionary of the domain is whole: each id of its fields, ratios and rules is implemented, or
 * stands in proto/README.md, "Left out", with the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/glossary.h"
#include "proto/rules.h"

/* PREFIX01 to PREFIXcount, as the dictionary numbers them. */
struct series {
    const char *prefix;
    int count;
};

/* Its section 1: PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL. */
static const struct series fields[] = {{"P", 26}, {"L", 23}, {"O", 11}, {"C", 27}};
/* 1.7 */
static const struct series ratios[] = {{"R", 36}};
/* Its section 7 */
static const struct series rules[] = {{"ENV-", 14}, {"POR-", 22}, {"TIM-", 7}, {"LIQ-", 14},
                                      {"OPS-", 9},  {"CAP-", 6},  {"XRP-", 6}, {"DEL-", 3}};

static char *readme;

static int read_readme(void **state)
{
    (void)state;
    FILE *file = fopen(IHURIRO_SOURCE "/proto/README.md", "rb");
    size_t size = 1 << 20;
    readme = calloc(1, size);
    if (file == NULL || readme == NULL) {
        return -1;
    }
    size_t got = fread(readme, 1, size - 1, file);
    return fclose(file) == 0 && got > 0 && got < size - 1 ? 0 : -1;
}

static int free_readme(void **state)
{
    (void)state;
    free(readme);
    return 0;
}

/* The row of the id under "Left out": at least some words of reason. */
static bool is_left_out(const char *id)
{
    char row[32];
    const char *section = strstr(readme, "\n## Left out\n");
    const char *end = section == NULL ? NULL : strstr(section + 1, "\n## ");
    (void)snprintf(row, sizeof row, "\n| %s | ", id);
    const char *found = section == NULL ? NULL : strstr(section, row);
    return found != NULL && end != NULL && found < end &&
           strcspn(found + strlen(row), "|\n") > 20 && strchr(found + strlen(row), '|') < end;
}

static bool has_field(const char *id)
{
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        for (const struct field_text *text = glossary_of(type); text->id != NULL; text++) {
            if (glossary_has_id(text, id)) {
                return true;
            }
        }
    }
    return false;
}

/* R03, or a part of it: R03.NPL. */
static bool has_ratio(const char *id)
{
    size_t count = 0;
    (void)ratios_at(0, &count);
    for (size_t i = 0; i < count; i++) {
        const char *own = ratios_at(i, &count)->id;
        size_t length = strlen(id);
        if (strncmp(own, id, length) == 0 && (own[length] == '\0' || own[length] == '.')) {
            return true;
        }
    }
    return false;
}

static bool has_rule(const char *id)
{
    return rule_find(id) != NULL;
}

/* Tells all that is wrong before the test fails. */
static void hold(const struct series *series, size_t count, bool (*is_there)(const char *id))
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        for (int number = 1; number <= series[i].count; number++) {
            char id[16];
            (void)snprintf(id, sizeof id, "%s%02d", series[i].prefix, number);
            if (is_there(id) == is_left_out(id)) {
                (void)fprintf(stderr, "%s %s\n", id,
                              is_there(id)
                                  ? "is there, and stands under \"Left out\" too"
                                  : "is not there, nor under \"Left out\" with its reason");
                wrong++;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

static void every_field_of_the_dictionary_is_there_or_left_out_with_its_reason(void **state)
{
    (void)state;
    hold(fields, sizeof fields / sizeof fields[0], has_field);
}

static void every_ratio_of_the_dictionary_is_there_or_left_out_with_its_reason(void **state)
{
    (void)state;
    hold(ratios, sizeof ratios / sizeof ratios[0], has_ratio);
}

static void every_rule_of_the_dictionary_is_there_or_left_out_with_its_reason(void **state)
{
    (void)state;
    hold(rules, sizeof rules / sizeof rules[0], has_rule);
}

static void an_id_that_nobody_knows_is_not_there(void **state)
{
    (void)state;
    assert_false(has_field("L99") || has_field("L1") || has_field("P"));
    assert_false(has_ratio("R99") || has_ratio("R0") || has_ratio("R"));
    assert_false(has_rule("POR-99") || is_left_out("POR-99"));
    assert_true(has_field("L18") && has_ratio("R03") && has_rule("ENV-01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_the_dictionary_is_there_or_left_out_with_its_reason),
        cmocka_unit_test(every_ratio_of_the_dictionary_is_there_or_left_out_with_its_reason),
        cmocka_unit_test(every_rule_of_the_dictionary_is_there_or_left_out_with_its_reason),
        cmocka_unit_test(an_id_that_nobody_knows_is_not_there),
    };
    return cmocka_run_group_tests(tests, read_readme, free_readme);
}
