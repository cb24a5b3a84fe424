/* loans.csv: what PORTFOLIO and EXPOSURES take from it, in one pass. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_LOANS_H
#define IHURIRO_AGENTS_MFI_BOOK_LOANS_H

#include "agents/mfi/book_loan.h"

#define BOOK_BUCKETS 12
#define BOOK_MONTHS  13 /* that of as_of and eleven more, then later */

struct book_sum {
    int64_t amount;
    uint64_t loans;
};

struct book_bucket {
    uint64_t loans;
    int64_t outstanding;
    int64_t overdue;
    int64_t restructured;
    int64_t moratorium;
    int64_t moratorium_restructured;
};

struct book_class_sum {
    int64_t outstanding;
    int64_t collateral;
    int64_t held;
    int64_t uncovered; /* outstanding less collateral, loan by loan, at least 0 */
};

struct book_loans {
    uint64_t rows;
    /* which columns the extract has */
    bool has_overdue; /* and every late loan a value in it */
    bool has_moratorium;
    bool has_provision;
    bool has_collateral;
    bool has_related;
    bool has_written_off;

    struct book_sum outstanding;
    uint64_t borrowers;
    uint64_t women;
    struct book_bucket buckets[BOOK_BUCKETS];
    struct book_sum restructured;
    struct book_sum restructured_in_period;
    struct book_sum cured_in_period;
    struct book_sum moratorium;
    int64_t moratorium_ending[3]; /* 0 to 30 days left, 31 to 90, more */
    int64_t moratorium_ended;
    int64_t moratorium_ended_paying;
    struct book_sum moratorium_months[BOOK_MONTHS];
    struct book_sum disbursed;   /* in the period */
    struct book_sum written_off; /* in the period */
    int64_t provision;
    struct book_class classes[BOOK_CLASSES_MAX];
    struct book_class_sum class_sums[BOOK_CLASSES_MAX];
    size_t classes_count;
    int64_t insiders;
    int64_t related;     /* insiders among them (D18) */
    struct book_top top; /* borrowers */
    struct book_breakdown *breakdown;
};

extern const int32_t book_bucket_edges[BOOK_BUCKETS + 1]; /* first days; behind the last: open */

/* A first day of month + index, "2020-07", or "LATER". */
void book_month_name(int32_t as_of, size_t index, char ret_name[static 8]);

MUST_USE enum err book_loans_read(struct book_work *work, struct book_loans *ret_loans);

#endif
