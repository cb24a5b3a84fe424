/* deposits.csv: balances by type, remaining days, depositors (D15). */
#ifndef IHURIRO_AGENTS_MFI_BOOK_DEPOSITS_H
#define IHURIRO_AGENTS_MFI_BOOK_DEPOSITS_H

#include "agents/mfi/book_work.h"

#define BOOK_DEPOSIT_TYPES 5 /* the schema's numbers less 1 */
#define BOOK_TERM_BUCKETS  5

struct book_deposit_sum {
    int64_t balance;
    uint64_t accounts;
    uint64_t depositors;
    uint64_t women;
};

struct book_deposits {
    uint64_t rows;
    bool has_gender;
    bool has_maturity;
    bool has_last_tx;
    int64_t total;
    struct book_deposit_sum types[BOOK_DEPOSIT_TYPES];
    int64_t term_due[BOOK_TERM_BUCKETS]; /* 0-30, 31-90, 91-180, 181-365, later */
    int64_t dormant;
    struct book_top top; /* depositors */
};

extern const int32_t book_term_edges[BOOK_TERM_BUCKETS + 1]; /* first days; behind: open */

MUST_USE enum err book_deposits_read(const struct book_work *work,
                                     struct book_deposits *ret_deposits);

#endif
