#include "agents/mfi/book_cell.h"

#include <string.h>
#include <strings.h>

#include "proto/money.h"

/* Days from 1899-12-30, a spreadsheet's day 0, to 1970-01-01, and the serial numbers that are taken
 * for dates: 1954 to 2119. */
#define SERIAL_ZERO  25569
#define SERIAL_FIRST 20000
#define SERIAL_LAST  80000

/* ---- what every value goes through ---- */

/* "#N/A", "#REF!", "#DIV/0!", "#NOM?": what a spreadsheet writes where a formula failed (D29). */
static bool is_error_value(const struct book_cell *cell)
{
    if (cell->size < 3 || cell->text[0] != '#') {
        return false;
    }
    char last = cell->text[cell->size - 1];
    return last == '!' || last == '?' || strcasecmp(cell->text, "#N/A") == 0 ||
           strcasecmp(cell->text, "#N/D") == 0;
}

/* *ret_is_empty: nothing is known, and that is allowed. */
static enum err check_presence(const struct book_rows *rows, size_t column, unsigned flags,
                               const struct book_cell *cell, bool *ret_is_empty)
{
    bool is_error = is_error_value(cell);
    *ret_is_empty = cell->size == 0 || is_error;
    if (is_error && (flags & (BOOK_IN_HEADER | BOOK_IN_ROW | BOOK_WHOLE)) != 0) {
        return book_rows_refuse(rows, column, ERR_MALFORMED,
                                "is a spreadsheet's error. Repair the formula, or give the value.");
    }
    if (cell->size == 0 && (flags & BOOK_IN_ROW) != 0) {
        return book_rows_refuse(rows, column, ERR_MALFORMED,
                                "is empty, and every row needs a value here. Give it.");
    }
    return ERR_OK;
}

enum err book_cell_word(const struct book_rows *rows, size_t column, const struct book_cell *cells,
                        struct book_cell *ret_word)
{
    const struct book_cell *cell = &cells[column];
    bool is_empty = cell->size == 0;
    if (is_empty || cell->text[0] == '#') {
        enum err err = check_presence(rows, column, book_rows_flags(rows, column), cell, &is_empty);
        if (err != ERR_OK) {
            return err;
        }
    }
    *ret_word = is_empty ? (struct book_cell){"", 0} : *cell;
    return ERR_OK;
}

/* ---- amounts ---- */

/* Digits only, up to 15: most cells. */
static bool plain_digits(const char *text, size_t size, int64_t *ret_value)
{
    int64_t value = 0;
    if (size == 0 || size > 15) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9) {
            return false;
        }
        value = value * 10 + (int64_t)digit;
    }
    *ret_value = value;
    return true;
}

static enum err parse_amount(const char *text, size_t size, unsigned exponent, int64_t *ret_amount)
{
    int64_t value = 0;
    if (exponent <= 3 && plain_digits(text, size, &value)) {
        static const int64_t powers[] = {1, 10, 100, 1000};
        *ret_amount = value * powers[exponent];
        return ERR_OK;
    }
    if (size > 2 && text[0] == '(' && text[size - 1] == ')' && text[1] != '-') {
        enum err err = money_parse(text + 1, size - 2, exponent, &value);
        *ret_amount = err == ERR_OK ? -value : *ret_amount;
        return err;
    }
    return money_parse(text, size, exponent, ret_amount);
}

enum err book_cell_amount(const struct book_rows *rows, size_t column,
                          const struct book_cell *cells, struct book_amount_format format,
                          struct book_amount *ret_amount)
{
    struct book_cell cell = {0};
    int64_t value = 0;
    enum err err = book_cell_word(rows, column, cells, &cell);
    if (err != ERR_OK) {
        return err;
    }
    if (cell.size == 0) {
        *ret_amount = (struct book_amount){0, false};
        return ERR_OK;
    }
    err = parse_amount(cell.text, cell.size, format.exponent, &value);
    if (err == ERR_RANGE) {
        return book_rows_refuse(rows, column, err,
                                "has digits below the smallest unit of the currency, or is too "
                                "large. Give it in whole units%s.",
                                format.exponent > 0 ? " with the cents that exist" : "");
    }
    if (err != ERR_OK) {
        return book_rows_refuse(rows, column, err,
                                "is no amount. Write digits with a point before the cents, as "
                                "1500000 or 1,500,000.00.");
    }
    if (value < 0 && !format.may_be_negative) {
        return book_rows_refuse(rows, column, ERR_RANGE,
                                "is negative, and that cannot be here. Correct it in the source.");
    }
    *ret_amount = (struct book_amount){value, true};
    return ERR_OK;
}

enum err book_cell_count(const struct book_rows *rows, size_t column, const struct book_cell *cells,
                         int64_t max, struct book_amount *ret_count)
{
    struct book_cell cell = {0};
    int64_t value = 0;
    enum err err = book_cell_word(rows, column, cells, &cell);
    if (err != ERR_OK || cell.size == 0) {
        *ret_count = (struct book_amount){0, false};
        return err;
    }
    err = parse_amount(cell.text, cell.size, 0, &value);
    if (err != ERR_OK || value < 0 || value > max) {
        return book_rows_refuse(rows, column, ERR_MALFORMED,
                                "is no whole number from 0 to %lld. Correct it in the source.",
                                (long long)max);
    }
    *ret_count = (struct book_amount){value, true};
    return ERR_OK;
}

/* ---- dates ---- */

enum err book_dates_init(const char *format, struct book_dates *ret_dates)
{
    static const struct {
        const char *name;
        enum book_date_order order;
    } orders[] = {{"dd/mm/yyyy", BOOK_ORDER_DAY_FIRST},
                  {"mm/dd/yyyy", BOOK_ORDER_MONTH_FIRST},
                  {"yyyy-mm-dd", BOOK_ORDER_UNKNOWN}};
    enum book_date_order order = BOOK_ORDER_UNKNOWN;
    bool is_known = format == NULL;
    for (size_t i = 0; format != NULL && i < sizeof orders / sizeof orders[0]; i++) {
        if (strcasecmp(format, orders[i].name) == 0) {
            order = orders[i].order;
            is_known = true;
        }
    }
    if (!is_known) {
        return ERR_MALFORMED;
    }
    ret_dates->order = order;
    for (int i = 0; i < BOOK_YEAR_MONTHS; i++) {
        enum err err = day_from_date(BOOK_FIRST_YEAR + i / 12, i % 12 + 1, 1, &ret_dates->first[i]);
        if (err != ERR_OK) {
            return err;
        }
    }
    ret_dates->first[BOOK_YEAR_MONTHS] = ret_dates->first[BOOK_YEAR_MONTHS - 1] + 31;
    return ERR_OK;
}

static enum err day_at(const struct book_dates *dates, const int parts[3], int32_t *ret_day)
{
    int year = parts[0];
    int month = parts[1];
    int day = parts[2];
    if (year < BOOK_FIRST_YEAR || year > BOOK_LAST_YEAR || month < 1 || month > 12 || day < 1) {
        return ERR_RANGE;
    }
    int at = (year - BOOK_FIRST_YEAR) * 12 + month - 1;
    if (day > dates->first[at + 1] - dates->first[at]) {
        return ERR_RANGE;
    }
    *ret_day = dates->first[at] + day - 1;
    return ERR_OK;
}

/* "30/06/2020": day and month as the order says, or as a day above 12 decides. */
static enum err day_of_short(const struct book_dates *dates, int first, int second, int year,
                             int32_t *ret_day)
{
    enum book_date_order order = dates->order;
    if (order == BOOK_ORDER_UNKNOWN && first != second) {
        if (first <= 12 && second <= 12) {
            return ERR_REFUSED;
        }
        order = first > 12 ? BOOK_ORDER_DAY_FIRST : BOOK_ORDER_MONTH_FIRST;
    }
    bool is_month_first = order == BOOK_ORDER_MONTH_FIRST;
    const int parts[3] = {year, is_month_first ? first : second, is_month_first ? second : first};
    return day_at(dates, parts, ret_day);
}

/* Three numbers with one of / - . between them, and how many digits each has. */
static bool split_date(const char *text, size_t size, int parts[3], size_t widths[3])
{
    size_t part = 0;
    char separator = '\0';
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            if (++widths[part] > 4) {
                return false;
            }
            parts[part] = parts[part] * 10 + (c - '0');
            continue;
        }
        if (strchr("/-.", c) == NULL || c == '\0' || widths[part] == 0 || part == 2 ||
            (part == 1 && c != separator)) {
            return false;
        }
        separator = c;
        part++;
    }
    return part == 2 && widths[2] > 0;
}

enum err book_date_parse(const struct book_dates *dates, const char *text, size_t size,
                         int32_t *ret_day)
{
    int parts[3] = {0};
    size_t widths[3] = {0};
    int64_t serial = 0;
    if (size == 5 && plain_digits(text, size, &serial)) {
        if (serial < SERIAL_FIRST || serial > SERIAL_LAST) {
            return ERR_MALFORMED;
        }
        *ret_day = (int32_t)serial - SERIAL_ZERO;
        return ERR_OK;
    }
    /* "2020-06-30T00:00:00" and "30/06/2020 00:00": the time of a database is passed over */
    if (size > 11) {
        const char *time = memchr(text, ' ', size);
        time = time == NULL ? memchr(text, 'T', size) : time;
        size = time != NULL && strchr(time, ':') != NULL ? (size_t)(time - text) : size;
    }
    if (!split_date(text, size, parts, widths)) {
        return ERR_MALFORMED;
    }
    if (widths[0] == 4 && widths[1] <= 2 && widths[2] <= 2) {
        return day_at(dates, parts, ret_day);
    }
    if (widths[2] == 4 && widths[0] <= 2 && widths[1] <= 2) {
        return day_of_short(dates, parts[0], parts[1], parts[2], ret_day);
    }
    return ERR_MALFORMED;
}

/* "2020-06-30", most cells: one look-up. */
static bool plain_date(const struct book_dates *dates, const char *text, int32_t *ret_day)
{
    int d[8];
    static const uint8_t places[8] = {0, 1, 2, 3, 5, 6, 8, 9};
    for (size_t i = 0; i < 8; i++) {
        d[i] = text[places[i]] - '0';
        if (d[i] < 0 || d[i] > 9) {
            return false;
        }
    }
    const int parts[3] = {d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3], d[4] * 10 + d[5],
                          d[6] * 10 + d[7]};
    return text[4] == '-' && text[7] == '-' && day_at(dates, parts, ret_day) == ERR_OK;
}

enum err book_cell_day(const struct book_rows *rows, size_t column, const struct book_cell *cells,
                       const struct book_dates *dates, int32_t *ret_day)
{
    struct book_cell cell = {0};
    enum err err = book_cell_word(rows, column, cells, &cell);
    if (err != ERR_OK || cell.size == 0) {
        *ret_day = BOOK_NO_DAY;
        return err;
    }
    if (cell.size == 10 && plain_date(dates, cell.text, ret_day)) {
        return ERR_OK;
    }
    err = book_date_parse(dates, cell.text, cell.size, ret_day);
    if (err == ERR_REFUSED) {
        return book_rows_refuse(rows, column, err,
                                "can be two dates. Write 2020-06-30, or set date_format in "
                                "manifest.ini to dd/mm/yyyy or mm/dd/yyyy.");
    }
    if (err == ERR_RANGE) {
        return book_rows_refuse(
            rows, column, err, "is no day of the calendar. Correct it%s.",
            dates->order == BOOK_ORDER_UNKNOWN ? "" : ", or date_format in manifest.ini");
    }
    return err == ERR_OK
               ? err
               : book_rows_refuse(rows, column, err, "is no date. Write it as 2020-06-30.");
}

/* ---- references ---- */

/* "1.23E+15", "1,23E+15": a spreadsheet cut the digits off. */
static bool is_scientific(const struct book_cell *cell)
{
    const char *at = cell->text;
    size_t digits = strspn(at, "0123456789");
    at += digits;
    if (digits != 0 && (*at == '.' || *at == ',')) {
        at++;
        at += strspn(at, "0123456789");
    }
    if (digits == 0 || (*at != 'E' && *at != 'e') || at[1] != '+') {
        return false;
    }
    return at[2] != '\0' && at[2 + strspn(at + 2, "0123456789")] == '\0';
}

enum err book_cell_reference(const struct book_rows *rows, size_t column,
                             const struct book_cell *cells)
{
    const struct book_cell *cell = &cells[column];
    struct book_cell word = {0};
    enum err err = book_cell_word(rows, column, cells, &word);
    if (err != ERR_OK) {
        return err;
    }
    if (cell->text[0] <= '9' && memchr(cell->text, '+', cell->size) != NULL &&
        is_scientific(cell)) {
        return book_rows_refuse(rows, column, ERR_MALFORMED,
                                "is in scientific notation (as 1.23E+15): a spreadsheet lost its "
                                "digits. Format the column as text and extract again.");
    }
    return ERR_OK;
}
