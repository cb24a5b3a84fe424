/* One row of loans.csv: read, checked, and judged as of the report's day (DOMAIN.md 4.4, D5 to
 * D12).
 */
#ifndef IHURIRO_AGENTS_MFI_BOOK_LOAN_H
#define IHURIRO_AGENTS_MFI_BOOK_LOAN_H

#include "agents/mfi/book_breakdown.h"

#define BOOK_CLASSES_MAX 16

enum book_loan_column {
    LOAN_REF,
    LOAN_BORROWER,
    LOAN_BRANCH,
    LOAN_DISTRICT,
    LOAN_PRODUCT,
    LOAN_SECTOR,
    LOAN_GENDER,
    LOAN_BIRTH_YEAR,
    LOAN_BIRTH_DATE,
    LOAN_MEMBERS,
    LOAN_CURRENCY,
    LOAN_DISBURSED_ON,
    LOAN_MATURES_ON,
    LOAN_DISBURSED,
    LOAN_OUTSTANDING,
    LOAN_OVERDUE,
    LOAN_OVERDUE_SINCE,
    LOAN_DAYS_OVERDUE,
    LOAN_TIMES_RESTRUCTURED,
    LOAN_RESTRUCTURED_ON,
    LOAN_MORATORIUM_UNTIL,
    LOAN_WRITTEN_OFF_ON,
    LOAN_WRITTEN_OFF,
    LOAN_CLASS,
    LOAN_PROVISION,
    LOAN_COLLATERAL,
    LOAN_RELATED,
    LOAN_NEXT_DUE_ON,
    LOAN_NEXT_DUE,
    LOAN_COLUMNS,
};

extern const struct book_table book_loan_table;

struct book_class {
    const char *code;
    int32_t from_days;
    int32_t rate_bp;
};

/* The settings' classes in force on the day, or unofficial ones without settings; returns how many.
 */
size_t book_classes_take(const PbSettings *settings, int32_t end_day,
                         struct book_class ret_classes[static BOOK_CLASSES_MAX]);

enum book_relation {
    RELATION_NONE,
    RELATION_INSIDER, /* STAFF, DIR, MGT (D18) */
    RELATION_RELATED, /* SHAREHOLDER */
};

struct book_loan {
    /* as read */
    struct book_amount disbursed;
    struct book_amount outstanding;
    struct book_amount overdue;
    struct book_amount written_off;
    struct book_amount provision;
    struct book_amount collateral;
    struct book_amount days_overdue;
    struct book_amount times_restructured;
    struct book_amount birth_year;
    struct book_amount members;
    int32_t disbursed_on;
    int32_t matures_on;
    int32_t overdue_since;
    int32_t restructured_on;
    int32_t moratorium_until;
    int32_t written_off_on;
    int32_t birth_date;
    uint8_t codes[BOOK_DIMENSIONS];
    enum book_relation relation;

    /* as judged */
    bool is_counted; /* in the stocks (D5) */
    int32_t days;    /* overdue; of a loan that is counted, as what follows */
    bool is_restructured;
    bool is_cured_in_period;
    bool is_in_moratorium;
    uint8_t class_index;
};

/* What was met in many rows. */
struct book_loan_tallies {
    struct book_tally gender;
    struct book_tally product;
    struct book_tally sector;
    struct book_tally district;
    struct book_tally age;
    struct book_tally two_genders;
    struct book_tally no_overdue_amount;
    struct book_tally no_provision;
    struct book_tally no_written_off;
    struct book_tally not_counted;
};

struct book_loan_reader {
    struct book_work *work;
    const struct book_rows *rows;
    struct book_breakdown *breakdown;
    struct book_loan_tallies tallies;
    struct book_class classes[BOOK_CLASSES_MAX];
    size_t classes_count;
    int cure_months;
    bool moratorium_is_restructuring;
};

/* Everything but the two references. */
MUST_USE enum err book_loan_read(struct book_loan_reader *reader, const struct book_cell *cells,
                                 struct book_loan *ret_loan);

#endif
