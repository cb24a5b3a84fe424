/* The values of a row: amounts, dates, counts, references. What cannot be read is refused with
 * file, line, column, value and what to do (D1, D11, D12, D29). */
#ifndef IHURIRO_AGENTS_MFI_BOOK_CELL_H
#define IHURIRO_AGENTS_MFI_BOOK_CELL_H

#include "agents/mfi/book_rows.h"
#include "proto/period.h"

#define BOOK_NO_DAY      INT32_MIN
#define BOOK_FIRST_YEAR  1900
#define BOOK_LAST_YEAR   2199
#define BOOK_YEAR_MONTHS ((BOOK_LAST_YEAR - BOOK_FIRST_YEAR + 1) * 12)

enum book_date_order {
    BOOK_ORDER_UNKNOWN, /* day and month are judged value by value (D12) */
    BOOK_ORDER_DAY_FIRST,
    BOOK_ORDER_MONTH_FIRST,
};

/* The first day of each month: a date is one look-up. */
struct book_dates {
    enum book_date_order order;
    int32_t first[BOOK_YEAR_MONTHS + 1];
};

/* "dd/mm/yyyy", "mm/dd/yyyy", "yyyy-mm-dd" (case ignored), or NULL. ERR_MALFORMED. */
MUST_USE enum err book_dates_init(const char *format, struct book_dates *ret_dates);
/* ERR_MALFORMED: no date; ERR_RANGE: no such day; ERR_REFUSED: ambiguous. */
MUST_USE enum err book_date_parse(const struct book_dates *dates, const char *text, size_t size,
                                  int32_t *ret_day);

struct book_amount {
    int64_t value; /* 0 where nothing is known */
    bool is_known;
};

/* What follows returns ERR_OK with "not known" (0, BOOK_NO_DAY) for an empty cell of an optional
 * column, and for an error value of a spreadsheet in one. */
struct book_amount_format {
    unsigned exponent;
    bool may_be_negative;
};

MUST_USE enum err book_cell_amount(const struct book_rows *rows, size_t column,
                                   const struct book_cell *cells, struct book_amount_format format,
                                   struct book_amount *ret_amount);
MUST_USE enum err book_cell_day(const struct book_rows *rows, size_t column,
                                const struct book_cell *cells, const struct book_dates *dates,
                                int32_t *ret_day);
MUST_USE enum err book_cell_count(const struct book_rows *rows, size_t column,
                                  const struct book_cell *cells, int64_t max,
                                  struct book_amount *ret_count);
/* Never empty, no error value, not in scientific notation. */
MUST_USE enum err book_cell_reference(const struct book_rows *rows, size_t column,
                                      const struct book_cell *cells);
/* For words and codes: is there a value? Refuses an empty one where the row must have it. */
MUST_USE enum err book_cell_word(const struct book_rows *rows, size_t column,
                                 const struct book_cell *cells, struct book_cell *ret_word);

#endif
