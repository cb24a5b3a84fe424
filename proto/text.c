#include "proto/text.h"

#include <regex.h>
#include <string.h>

/* A number shorter than this is neither a telephone number nor an id: the patterns are not tried.
 */
#define PRIVATE_DIGITS_MIN 6

/* Well-formed sequences by their first byte (Unicode, table 3-7). */
struct utf8_row {
    uint8_t first_low;
    uint8_t first_high;
    uint8_t second_low;
    uint8_t second_high;
    uint8_t length;
};

static const struct utf8_row utf8_rows[] = {
    {0x01, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

/* Length of the well-formed character at the beginning; 0 if there is none. */
static size_t utf8_length(struct bytes text)
{
    for (size_t i = 0; i < sizeof utf8_rows / sizeof utf8_rows[0]; i++) {
        const struct utf8_row *row = &utf8_rows[i];
        if (text.data[0] < row->first_low || text.data[0] > row->first_high) {
            continue;
        }
        if (text.size < row->length || (row->length > 1 && (text.data[1] < row->second_low ||
                                                            text.data[1] > row->second_high))) {
            return 0;
        }
        for (size_t k = 2; k < row->length; k++) {
            if ((text.data[k] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return row->length;
    }
    return 0;
}

bool text_is_utf8(struct bytes text)
{
    while (text.size > 0) {
        size_t length = utf8_length(text);
        if (length == 0) {
            return false;
        }
        text = bytes_of(text.data + length, text.size - length);
    }
    return true;
}

static size_t escape_byte(uint8_t byte, char out[static 4])
{
    static const char hex[] = "0123456789ABCDEF";
    if (byte >= 0x20 && byte < 0x7F && byte != '\\') {
        out[0] = (char)byte;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[byte >> 4];
    out[3] = hex[byte & 15];
    return 4;
}

const char *text_escape(struct bytes text, char *out, size_t out_size)
{
    size_t used = 0;
    size_t keep = 0; /* where "..." still fits */
    if (out_size == 0) {
        return "";
    }
    for (size_t i = 0; i < text.size; i++) {
        char piece[4] = {0};
        size_t length = escape_byte(text.data[i], piece);
        if (used + length + 1 > out_size) {
            size_t dots = out_size - 1 - keep < 3 ? out_size - 1 - keep : 3;
            memcpy(out + keep, "...", dots);
            used = keep + dots;
            break;
        }
        memcpy(out + used, piece, length);
        used += length;
        if (used + 4 <= out_size) {
            keep = used;
        }
    }
    out[used] = '\0';
    return out;
}

/* U+00C0 to U+00FF without accents and in lower case; NULL: kept as it is. */
static const char *const latin1[64] = {
    "a", "a", "a", "a", "a", "a", "ae", "c",  "e", "e", "e", "e", "i", "i", "i",  "i",
    "d", "n", "o", "o", "o", "o", "o",  NULL, "o", "u", "u", "u", "u", "y", "th", "ss",
    "a", "a", "a", "a", "a", "a", "ae", "c",  "e", "e", "e", "e", "i", "i", "i",  "i",
    "d", "n", "o", "o", "o", "o", "o",  NULL, "o", "u", "u", "u", "u", "y", "th", "y",
};

/* What one character becomes; views into text or a constant. */
static struct bytes fold_one(struct bytes character, char *lower)
{
    const uint8_t *c = character.data;
    if (character.size == 1) {
        *lower = (char)(c[0] >= 'A' && c[0] <= 'Z' ? c[0] + 32 : c[0]);
        return bytes_of(lower, 1);
    }
    if (character.size == 2 && c[0] == 0xC3 && latin1[c[1] & 63] != NULL) {
        return bytes_of(latin1[c[1] & 63], strlen(latin1[c[1] & 63]));
    }
    bool is_combining = character.size == 2 && (c[0] == 0xCC || (c[0] == 0xCD && c[1] < 0xB0));
    return is_combining ? bytes_of(NULL, 0) : character;
}

void text_fold(const char *text, char *out, size_t out_size)
{
    size_t used = 0;
    struct bytes rest = bytes_of(text, strlen(text));
    if (out_size == 0) {
        return;
    }
    while (rest.size > 0) {
        size_t length = utf8_length(rest);
        length = length == 0 ? 1 : length; /* not UTF-8: byte by byte */
        char lower = 0;
        struct bytes folded = fold_one(bytes_of(rest.data, length), &lower);
        if (used + folded.size >= out_size) {
            break;
        }
        if (folded.size > 0) {
            memcpy(out + used, folded.data, folded.size);
        }
        used += folded.size;
        rest = bytes_of(rest.data + length, rest.size - length);
    }
    out[used] = '\0';
}

/* Length of what people put between the digits of a number: blanks, dots, hyphens and dashes,
 * brackets. 0: the character stays. */
static size_t filler_length(const char *text)
{
    static const char *const wide_fillers[] = {
        "\xC2\xA0",     "\xC2\xAD",     "\xE2\x80\x89", "\xE2\x80\xAF", "\xE2\x80\x90",
        "\xE2\x80\x91", "\xE2\x80\x92", "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x80\x95",
    };
    if (strchr(" \t\r\n.-()[]{}", *text) != NULL) {
        return 1;
    }
    for (size_t i = 0; i < sizeof wide_fillers / sizeof wide_fillers[0]; i++) {
        size_t length = strlen(wide_fillers[i]);
        if (strncmp(text, wide_fillers[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

static size_t count_digits(const char *text)
{
    size_t digits = 0;
    for (; *text != '\0'; text++) {
        digits += *text >= '0' && *text <= '9';
    }
    return digits;
}

/* Copies without fillers. */
static void squeeze(const char *text, char *out)
{
    while (*text != '\0') {
        size_t filler = filler_length(text);
        if (filler > 0) {
            text += filler;
            continue;
        }
        *out++ = *text++;
    }
    *out = '\0';
}

/* A pattern that cannot be compiled matches: what cannot be ruled out is refused. (The compiler of
 * the settings refuses such a pattern.) */
static bool matches(const char *pattern, const char *text)
{
    regex_t compiled;
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        return true;
    }
    bool found = regexec(&compiled, text, 0, NULL, 0) != REG_NOMATCH;
    regfree(&compiled);
    return found;
}

bool text_has_private_number(const char *text, const PbSettings *settings)
{
    static const char *const rwanda[] = {"07[0-9]{8}", "(\\+|00)250[0-9]{9}", "[0-9]{16}"};
    if (count_digits(text) < PRIVATE_DIGITS_MIN) {
        return false;
    }
    AUTO(free_p) char *squeezed = malloc(strlen(text) + 1);
    if (squeezed == NULL) {
        return true;
    }
    squeeze(text, squeezed);
    if (settings != NULL) {
        for (size_t i = 0; i < settings->n_private_patterns; i++) {
            if (matches(settings->private_patterns[i], squeezed)) {
                return true;
            }
        }
        return false;
    }
    for (size_t i = 0; i < sizeof rwanda / sizeof rwanda[0]; i++) {
        if (matches(rwanda[i], squeezed)) {
            return true;
        }
    }
    return false;
}
