#include "proto/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

__extension__ typedef __int128 wide;

#define EXPONENT_MAX 18

/* What is left to read. */
struct cursor {
    const char *at;
    const char *end;
};

/* Blanks that spreadsheets put between groups: space, NBSP, narrow NBSP, thin space. Returns its
 * length. */
static size_t blank_length(const struct cursor *cursor)
{
    static const char *const blanks[] = {" ", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"};
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
        size_t length = strlen(blanks[i]);
        if ((size_t)(cursor->end - cursor->at) >= length &&
            memcmp(cursor->at, blanks[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

static bool is_digit(const struct cursor *cursor)
{
    return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

static bool take(struct cursor *cursor, char c)
{
    if (cursor->at < cursor->end && *cursor->at == c) {
        cursor->at++;
        return true;
    }
    return false;
}

static void skip_blanks(struct cursor *cursor)
{
    for (size_t length = blank_length(cursor); length > 0; length = blank_length(cursor)) {
        cursor->at += length;
    }
}

/* Magnitudes stay at most 2^63; one more digit of that fits 128 bits. */
static enum err take_digit(struct cursor *cursor, wide *magnitude)
{
    wide next = *magnitude * 10 + (*cursor->at++ - '0');
    if (next > (wide)INT64_MAX + 1) {
        return ERR_RANGE;
    }
    *magnitude = next;
    return ERR_OK;
}

/* Reads count digits, or as many as there are (count 0). */
static enum err take_digits(struct cursor *cursor, size_t count, wide *magnitude, size_t *ret_read)
{
    size_t read = 0;
    enum err err = ERR_OK;
    while (is_digit(cursor) && (count == 0 || read < count)) {
        enum err digit = take_digit(cursor, magnitude);
        err = err == ERR_OK ? digit : err; /* the rest is still read: malformed comes first */
        read++;
    }
    *ret_read = read;
    return err;
}

/* The separator that stands here, between two digits: a comma or one kind of blank. */
static size_t separator_length(const struct cursor *cursor)
{
    if (cursor->at < cursor->end && *cursor->at == ',') {
        return 1;
    }
    return blank_length(cursor);
}

/* "1500000", "1,500,000": the same separator throughout, groups of three behind the first. */
static enum err take_whole(struct cursor *cursor, wide *magnitude, size_t *ret_digits)
{
    size_t first = 0;
    enum err err = take_digits(cursor, 0, magnitude, &first);
    *ret_digits = first;
    const char *separator = cursor->at;
    size_t length = separator_length(cursor);
    while (length > 0) {
        struct cursor next = {cursor->at + length, cursor->end};
        if (!is_digit(&next)) {
            break; /* trailing blanks, or a comma that the caller finds */
        }
        if (first == 0 || first > 3 || memcmp(separator, cursor->at, length) != 0) {
            return ERR_MALFORMED;
        }
        size_t group = 0;
        enum err digits = take_digits(&next, 3, magnitude, &group);
        if (group != 3 || is_digit(&next)) {
            return ERR_MALFORMED;
        }
        err = err == ERR_OK ? digits : err;
        *cursor = next;
        length = separator_length(cursor);
    }
    return err;
}

/* ".50" into minor units: digits below the minor unit must be zero. */
static enum err take_fraction(struct cursor *cursor, unsigned exponent, wide *magnitude,
                              size_t *ret_digits)
{
    enum err err = ERR_OK;
    size_t read = 0;
    for (; is_digit(cursor); read++) {
        if (read < exponent) {
            enum err digit = take_digit(cursor, magnitude);
            err = err == ERR_OK ? digit : err;
        } else if (*cursor->at++ != '0') {
            err = err == ERR_OK ? ERR_RANGE : err;
        }
    }
    for (size_t i = read; i < exponent && err == ERR_OK; i++) {
        struct cursor zero = {"0", NULL};
        err = take_digit(&zero, magnitude);
    }
    *ret_digits = read;
    return err;
}

static enum err take_magnitude(struct cursor *cursor, unsigned exponent, wide *magnitude)
{
    size_t whole_digits = 0;
    size_t fraction_digits = 0;
    enum err whole = take_whole(cursor, magnitude, &whole_digits);
    if (whole == ERR_MALFORMED) {
        return whole;
    }
    bool has_point = take(cursor, '.');
    enum err fraction = take_fraction(cursor, exponent, magnitude, &fraction_digits);
    if (has_point ? fraction_digits == 0 : fraction_digits > 0 || whole_digits == 0) {
        return ERR_MALFORMED;
    }
    return whole != ERR_OK ? whole : fraction;
}

enum err money_parse(const char *text, size_t size, unsigned exponent, int64_t *ret_amount)
{
    struct cursor cursor = {text, text + size};
    wide magnitude = 0;
    if (exponent > EXPONENT_MAX) {
        return ERR_RANGE;
    }
    skip_blanks(&cursor);
    bool is_bracketed = take(&cursor, '('); /* (1,200): a ledger's way to write -1,200 */
    bool is_negative = is_bracketed || take(&cursor, '-');
    enum err err = take_magnitude(&cursor, exponent, &magnitude);
    if (is_bracketed && !take(&cursor, ')')) {
        return ERR_MALFORMED;
    }
    skip_blanks(&cursor);
    if (cursor.at != cursor.end) {
        return ERR_MALFORMED;
    }
    if (err != ERR_OK) {
        return err;
    }
    wide amount = is_negative ? -magnitude : magnitude;
    if (amount > INT64_MAX) {
        return ERR_RANGE;
    }
    *ret_amount = (int64_t)amount;
    return ERR_OK;
}

void money_format(int64_t amount, unsigned exponent, char ret_text[static 32])
{
    if (exponent == 0 || exponent > EXPONENT_MAX) {
        (void)snprintf(ret_text, 32, "%" PRId64, amount);
        return;
    }
    uint64_t unit = 1;
    for (unsigned i = 0; i < exponent; i++) {
        unit *= 10;
    }
    uint64_t magnitude = amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
    char text[64]; /* at most a sign, 19 digits and the point are used */
    (void)snprintf(text, sizeof text, "%s%" PRIu64 ".%0*" PRIu64, amount < 0 ? "-" : "",
                   magnitude / unit, (int)exponent, magnitude % unit);
    memcpy(ret_text, text, 31);
    ret_text[31] = '\0';
}

enum err money_add(int64_t a, int64_t b, int64_t *ret_sum)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return ERR_RANGE;
    }
    *ret_sum = sum;
    return ERR_OK;
}

struct ratio_value ratio_bp(int64_t numerator, int64_t denominator)
{
    if (denominator == 0) {
        return (struct ratio_value){.is_null = true};
    }
    bool is_negative = (numerator < 0) != (denominator < 0);
    wide scaled = (numerator < 0 ? -(wide)numerator : (wide)numerator) * 10000;
    wide divisor = denominator < 0 ? -(wide)denominator : (wide)denominator;
    wide magnitude = (2 * scaled + divisor) / (2 * divisor); /* half away from zero */
    wide bp = is_negative ? -magnitude : magnitude;
    if (bp > INT64_MAX || bp < INT64_MIN) {
        return (struct ratio_value){.is_null = true};
    }
    return (struct ratio_value){.value = (int64_t)bp};
}
