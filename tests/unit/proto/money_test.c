#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/money.h"

#define NBSP   "\xC2\xA0"
#define NARROW "\xE2\x80\xAF"
#define THIN   "\xE2\x80\x89"

struct row {
    const char *text;
    unsigned exponent;
    enum err err;
    int64_t amount;
};

static const struct row rows[] = {
    {"0", 0, ERR_OK, 0},
    {"1500000", 0, ERR_OK, 1500000},
    {"1500000", 2, ERR_OK, 150000000},
    {"1,500,000", 0, ERR_OK, 1500000},
    {"1,500,000.00", 2, ERR_OK, 150000000},
    {"1,500,000.00", 0, ERR_OK, 1500000},
    {"1 500 000", 0, ERR_OK, 1500000},
    {"1" NBSP "500" NBSP "000", 0, ERR_OK, 1500000},
    {"1" NARROW "500" NARROW "000.5", 1, ERR_OK, 15000005},
    {"12" THIN "500", 0, ERR_OK, 12500},
    {"-12.5", 2, ERR_OK, -1250},
    {"(1,200)", 0, ERR_OK, -1200},
    {"(1,200.50)", 2, ERR_OK, -120050},
    {" 42 ", 0, ERR_OK, 42},
    {NBSP "42" NBSP, 0, ERR_OK, 42},
    {".5", 1, ERR_OK, 5},
    {"0.05", 2, ERR_OK, 5},
    {"600000.000000", 0, ERR_OK, 600000},
    {"600000.120000", 2, ERR_OK, 60000012},
    {"00012", 0, ERR_OK, 12},
    {"0000000000000000000000000000001", 0, ERR_OK, 1},
    {"-0", 0, ERR_OK, 0},
    {"9223372036854775807", 0, ERR_OK, INT64_MAX},
    {"-9223372036854775808", 0, ERR_OK, INT64_MIN},
    {"92233720368547758.07", 2, ERR_OK, INT64_MAX},
    {"9,223,372,036,854,775,807", 0, ERR_OK, INT64_MAX},
    {"9.223372036854775807", 18, ERR_OK, INT64_MAX},

    {"9223372036854775808", 0, ERR_RANGE, 0},
    {"-9223372036854775809", 0, ERR_RANGE, 0},
    {"92233720368547758.08", 2, ERR_RANGE, 0},
    {"9223372036854775807", 2, ERR_RANGE, 0},
    {"99999999999999999999999999999999999999999999", 0, ERR_RANGE, 0},
    {"12.5", 0, ERR_RANGE, 0},
    {"12.505", 2, ERR_RANGE, 0},
    {"0.000001", 2, ERR_RANGE, 0},
    {"1", 19, ERR_RANGE, 0},

    {"", 0, ERR_MALFORMED, 0},
    {" ", 0, ERR_MALFORMED, 0},
    {"-", 0, ERR_MALFORMED, 0},
    {".", 2, ERR_MALFORMED, 0},
    {"12.", 2, ERR_MALFORMED, 0},
    {"1,50", 0, ERR_MALFORMED, 0},
    {"1,5000", 0, ERR_MALFORMED, 0},
    {"1500,000", 0, ERR_MALFORMED, 0},
    {",500", 0, ERR_MALFORMED, 0},
    {"1,500,", 0, ERR_MALFORMED, 0},
    {"1,,500", 0, ERR_MALFORMED, 0},
    {"1,500 000", 0, ERR_MALFORMED, 0},
    {"1 500" NBSP "000", 0, ERR_MALFORMED, 0},
    {"1  500", 0, ERR_MALFORMED, 0},
    {"1 50", 0, ERR_MALFORMED, 0},
    {"1.500.000", 0, ERR_MALFORMED, 0},
    {"1.000,50", 2, ERR_MALFORMED, 0},
    {"1,000.5,0", 2, ERR_MALFORMED, 0},
    {"12.5 00", 2, ERR_MALFORMED, 0},
    {"--5", 0, ERR_MALFORMED, 0},
    {"+5", 0, ERR_MALFORMED, 0},
    {"5-", 0, ERR_MALFORMED, 0},
    {"- 5", 0, ERR_MALFORMED, 0},
    {"(5", 0, ERR_MALFORMED, 0},
    {"5)", 0, ERR_MALFORMED, 0},
    {"(-5)", 0, ERR_MALFORMED, 0},
    {"()", 0, ERR_MALFORMED, 0},
    {"1e5", 0, ERR_MALFORMED, 0},
    {"0x10", 0, ERR_MALFORMED, 0},
    {"12a", 0, ERR_MALFORMED, 0},
    {"a12", 0, ERR_MALFORMED, 0},
    {"RWF 12", 0, ERR_MALFORMED, 0},
    {"12 RWF", 0, ERR_MALFORMED, 0},
    {"#N/A", 0, ERR_MALFORMED, 0},
    {"inf", 0, ERR_MALFORMED, 0},
    {"1\xC2", 0, ERR_MALFORMED, 0},
    {"99999999999999999999999999999x", 0, ERR_MALFORMED, 0},
    {"1.5\xA0", 2, ERR_MALFORMED, 0},
};

static void each_text_is_one_amount_or_refused_for_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t amount = 77;
        enum err err = money_parse(rows[i].text, strlen(rows[i].text), rows[i].exponent, &amount);
        int64_t wanted = rows[i].err == ERR_OK ? rows[i].amount : 77;
        if (err != rows[i].err || amount != wanted) {
            fail_msg("'%s': %s, %lld", rows[i].text, err_text(err), (long long)amount);
        }
    }
}

static void a_zero_byte_is_no_end_of_an_amount(void **state)
{
    (void)state;
    int64_t amount = 0;
    assert_int_equal(money_parse("12\0", 3, 0, &amount), ERR_MALFORMED);
    assert_int_equal(money_parse("129", 2, 0, &amount), ERR_OK);
    assert_int_equal(amount, 12);
}

static void what_is_formatted_parses_to_the_same_amount(void **state)
{
    static const int64_t amounts[] = {0,   1,    -1,       9,        -9,        10,       99,
                                      100, -100, 12345678, -1234567, INT64_MAX, INT64_MIN};
    (void)state;
    for (unsigned exponent = 0; exponent <= 18; exponent++) {
        for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
            char text[32];
            int64_t back = 0;
            money_format(amounts[i], exponent, text);
            assert_int_equal(money_parse(text, strlen(text), exponent, &back), ERR_OK);
            assert_int_equal(back, amounts[i]);
        }
    }
}

static void amounts_are_formatted_with_the_minor_unit(void **state)
{
    static const struct {
        int64_t amount;
        unsigned exponent;
        const char *text;
    } formats[] = {
        {1500000, 0, "1500000"},
        {1500000, 2, "15000.00"},
        {-5, 2, "-0.05"},
        {0, 2, "0.00"},
        {INT64_MIN, 0, "-9223372036854775808"},
        {INT64_MIN, 18, "-9.223372036854775808"},
        {7, 4000000000U, "7"}, /* of a foreign report */
    };
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char text[32];
        money_format(formats[i].amount, formats[i].exponent, text);
        assert_string_equal(text, formats[i].text);
    }
}

static void sums_stop_at_the_bounds(void **state)
{
    (void)state;
    int64_t sum = 77;
    assert_int_equal(money_add(INT64_MAX, 1, &sum), ERR_RANGE);
    assert_int_equal(money_add(INT64_MIN, -1, &sum), ERR_RANGE);
    assert_int_equal(sum, 77);
    assert_int_equal(money_add(INT64_MAX, INT64_MIN, &sum), ERR_OK);
    assert_int_equal(sum, -1);
}

static void ratios_are_rounded_half_away_from_zero_or_null(void **state)
{
    static const struct {
        int64_t numerator;
        int64_t denominator;
        bool is_null;
        int64_t bp;
    } ratios[] = {
        {600000, 1500000, false, 4000},
        {200000, 1500000, false, 1333},
        {1, 3, false, 3333},
        {2, 3, false, 6667},
        {1, 20000, false, 1}, /* 0.5 */
        {-1, 20000, false, -1},
        {1, -20000, false, -1},
        {-1, -20000, false, 1},
        {1, 20001, false, 0},
        {-1, 20001, false, 0},
        {3, 20000, false, 2}, /* 1.5 */
        {0, 5, false, 0},
        {5, 0, true, 0},
        {0, 0, true, 0},
        {INT64_MAX, INT64_MAX, false, 10000},
        {INT64_MIN, INT64_MIN, false, 10000},
        {INT64_MAX, INT64_MIN, false, -10000},
        {INT64_MAX, 10000, false, INT64_MAX},
        {INT64_MAX, 9999, true, 0},
        {INT64_MIN, 1, true, 0},
        {INT64_MIN, 10000, false, INT64_MIN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++) {
        struct ratio_value value = ratio_bp(ratios[i].numerator, ratios[i].denominator);
        if (value.is_null != ratios[i].is_null || value.value != ratios[i].bp) {
            fail_msg("row %zu: %d %lld", i, value.is_null, (long long)value.value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_is_one_amount_or_refused_for_its_reason),
        cmocka_unit_test(a_zero_byte_is_no_end_of_an_amount),
        cmocka_unit_test(what_is_formatted_parses_to_the_same_amount),
        cmocka_unit_test(amounts_are_formatted_with_the_minor_unit),
        cmocka_unit_test(sums_stop_at_the_bounds),
        cmocka_unit_test(ratios_are_rounded_half_away_from_zero_or_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
