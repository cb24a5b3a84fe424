#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/text.h"

struct utf8_row {
    const char *text;
    size_t size;
    bool is_good;
};

#define GOOD(text)                   \
    {                                \
        text, sizeof(text) - 1, true \
    }
#define BAD(text)                     \
    {                                 \
        text, sizeof(text) - 1, false \
    }

static const struct utf8_row utf8_rows[] = {
    GOOD(""),
    GOOD("Umurenge"),
    GOOD("\x01\x7F"),
    GOOD("\xC2\x80"),         /* the first of two bytes */
    GOOD("\xDF\xBF"),         /* the last */
    GOOD("\xE0\xA0\x80"),     /* the first of three */
    GOOD("\xED\x9F\xBF"),     /* before the surrogates */
    GOOD("\xEE\x80\x80"),     /* behind them */
    GOOD("\xEF\xBF\xBF"),     /* the last */
    GOOD("\xF0\x90\x80\x80"), /* the first of four */
    GOOD("\xF4\x8F\xBF\xBF"), /* U+10FFFF */
    GOOD("Rwanda \xE2\x82\xA3 \xF0\x9F\x8C\x8D"),

    BAD("\0"), /* NUL */
    BAD("a\0b"),
    BAD("\x80"), /* a tail alone */
    BAD("\xBF"),
    BAD("\xC0\x80"),                 /* overlong NUL */
    BAD("\xC1\xBF"),                 /* overlong DEL */
    BAD("\xE0\x80\x80"),             /* overlong NUL */
    BAD("\xE0\x9F\xBF"),             /* overlong U+07FF */
    BAD("\xF0\x80\x80\x80"),         /* overlong NUL */
    BAD("\xF0\x8F\xBF\xBF"),         /* overlong U+FFFF */
    BAD("\xED\xA0\x80"),             /* U+D800 */
    BAD("\xED\xBF\xBF"),             /* U+DFFF */
    BAD("\xED\xA0\xBD\xED\xB8\x80"), /* a pair of surrogates (CESU-8) */
    BAD("\xF4\x90\x80\x80"),         /* U+110000 */
    BAD("\xF5\x80\x80\x80"),
    BAD("\xF8\x88\x80\x80\x80"), /* five bytes */
    BAD("\xFE"),
    BAD("\xFF"),
    BAD("\xC2"), /* cut short */
    BAD("\xE2\x82"),
    BAD("\xF0\x9F\x8C"),
    BAD("\xC2 "), /* a tail that is none */
    BAD("\xE2\x82 "),
    BAD("\xE2 \x82"),
    BAD("\xF0\x9F\x8C "),
    BAD("caf\xE9"), /* Latin-1 */
    BAD("good\xC2\xA0 then \xFF"),
};

static void only_shortest_forms_without_surrogates_and_nul_are_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof utf8_rows / sizeof utf8_rows[0]; i++) {
        /* A copy of exactly that size, so that a read past its end is seen. */
        uint8_t *copy = malloc(utf8_rows[i].size + 1);
        assert_non_null(copy);
        uint8_t *exact = copy + 1;
        memcpy(exact, utf8_rows[i].text, utf8_rows[i].size);
        if (text_is_utf8(bytes_of(exact, utf8_rows[i].size)) != utf8_rows[i].is_good) {
            fail_msg("row %zu", i);
        }
        free(copy);
    }
}

static void every_code_point_is_judged_as_unicode_says(void **state)
{
    (void)state;
    for (uint32_t point = 1; point <= 0x110010; point++) {
        uint8_t text[4];
        size_t size = 0;
        if (point < 0x80) {
            text[size++] = (uint8_t)point;
        } else if (point < 0x800) {
            text[size++] = (uint8_t)(0xC0 | point >> 6);
        } else if (point < 0x10000) {
            text[size++] = (uint8_t)(0xE0 | point >> 12);
            text[size++] = (uint8_t)(0x80 | (point >> 6 & 63));
        } else {
            text[size++] = (uint8_t)(0xF0 | point >> 18);
            text[size++] = (uint8_t)(0x80 | (point >> 12 & 63));
            text[size++] = (uint8_t)(0x80 | (point >> 6 & 63));
        }
        if (point >= 0x80) {
            text[size++] = (uint8_t)(0x80 | (point & 63));
        }
        bool is_good = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
        if (text_is_utf8(bytes_of(text, size)) != is_good) {
            fail_msg("U+%X", point);
        }
    }
}

static void what_is_escaped_is_printable_and_cut_with_dots(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        size_t out_size;
        const char *escaped;
    } rows[] = {
        {"plain text", 10, 64, "plain text"},
        {"a\nb\x1b[2J", 7, 64, "a\\x0Ab\\x1B[2J"},
        {"back\\slash", 10, 64, "back\\x5Cslash"},
        {"\0", 1, 64, "\\x00"},
        {"caf\xC3\xA9", 5, 64, "caf\\xC3\\xA9"},
        {"", 0, 64, ""},
        {"abcdefgh", 8, 9, "abcdefgh"},
        {"abcdefghi", 9, 9, "abcde..."},
        {"abcdef\x01", 7, 9, "abcde..."},
        {"\x01\x01\x01", 3, 9, "\\x01..."},
        {"abc", 3, 4, "abc"},
        {"abcd", 4, 4, "..."},
        {"abcd", 4, 3, ".."},
        {"abcd", 4, 1, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];
        memset(out, '#', sizeof out);
        const char *returned =
            text_escape(bytes_of(rows[i].text, rows[i].size), out, rows[i].out_size);
        assert_ptr_equal(returned, out);
        assert_string_equal(out, rows[i].escaped);
        assert_true(rows[i].out_size == 64 || out[rows[i].out_size] == '#');
    }
    assert_string_equal(text_escape(bytes_of("abc", 3), NULL, 0), "");
}

static void words_fold_to_the_same_whatever_their_case_and_accents(void **state)
{
    static const struct {
        const char *text;
        size_t out_size;
        const char *folded;
    } rows[] = {
        {"Total", 32, "total"},
        {"TOTAL G\xC3\x89N\xC3\x89RAL", 32, "total general"},
        {"Total g\xC3\xA9n\xC3\xA9ral", 32, "total general"},
        {"Total ge\xCC\x81ne\xCC\x81ral", 32, "total general"}, /* combining accents */
        {"F\xC3\xA9minin", 32, "feminin"},
        {"\xC3\x86\xC3\x9F\xC3\xBF", 32, "aessy"},
        {"\xC3\x97", 32, "\xC3\x97"}, /* a multiplication sign is no letter */
        {"Gore", 32, "gore"},
        {"\xE2\x82\xA3", 32, "\xE2\x82\xA3"},
        {"\xFF"
         "A",
         32,
         "\xFF"
         "a"},
        {"abcdef", 4, "abc"},
        {"ab\xE2\x82\xA3", 5, "ab"}, /* no half of a character */
        {"abc", 1, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[32];
        text_fold(rows[i].text, out, rows[i].out_size);
        assert_string_equal(out, rows[i].folded);
    }
    text_fold("abc", NULL, 0);
}

static void telephone_numbers_and_ids_are_found_however_they_are_written(void **state)
{
    static const struct {
        const char *text;
        bool is_private;
    } rows[] = {
        {"call 0788123456", true},
        {"0788 123 456", true},
        {"07 88-12.34-56", true},
        {"(078) 812-3456", true},
        {"tel:0722123456.", true},
        {"+250788123456", true},
        {"+250 788 123 456", true},
        {"00250788123456", true},
        {"00250 (0) 788 123 456", true},
        {"+250 252 123 456", true}, /* a fixed line */
        {"0788\xC2\xA0"
         "123\xE2\x80\xAF"
         "456",
         true},
        {"0788\xE2\x80\x93"
         "123456",
         true},
        {"id 1198780012345678", true},
        {"1 1987 8 0012345 6 78", true},
        {"ID[1-1987-8-0012345-6-78]", true},

        {"", false},
        {"no number at all", false},
        {"GLP fell by 1,071,234,567", false}, /* commas are kept */
        {"restated as of 2020-06-30", false},
        {"from 2020-07-01 to 2020-12-31", false},
        {"branch 101, 12 loans", false},
        {"RWF 1 500 000", false},
        {"078812345", false}, /* a digit short */
        {"ref 20200630/12345678", false},
        {"119878001234567", false}, /* 15 digits */
        {"vintage 2 of 2020-W27", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_has_private_number(rows[i].text, NULL) != rows[i].is_private) {
            fail_msg("'%s'", rows[i].text);
        }
    }
}

static void patterns_come_from_the_settings(void **state)
{
    (void)state;
    char kenyan[] = "(\\+|00)254[0-9]{9}";
    char broken[] = "([0-9";
    char *patterns[] = {kenyan};
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    assert_false(text_has_private_number("0788 123 456", &settings));
    settings.private_patterns = patterns;
    settings.n_private_patterns = 1;
    assert_true(text_has_private_number("+254 712-345-678", &settings));
    assert_false(text_has_private_number("0788 123 456", &settings));
    patterns[0] = broken; /* what cannot be ruled out is refused */
    assert_true(text_has_private_number("0788 123 456", &settings));
    assert_false(text_has_private_number("branch 101", &settings));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_shortest_forms_without_surrogates_and_nul_are_utf8),
        cmocka_unit_test(every_code_point_is_judged_as_unicode_says),
        cmocka_unit_test(what_is_escaped_is_printable_and_cut_with_dots),
        cmocka_unit_test(words_fold_to_the_same_whatever_their_case_and_accents),
        cmocka_unit_test(telephone_numbers_and_ids_are_found_however_they_are_written),
        cmocka_unit_test(patterns_come_from_the_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
