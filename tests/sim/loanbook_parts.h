/* What the files of one loan book share while it is being written: loanbook.c (loans.csv),
 * loanbook_money.c (deposits, flows, ledger, manifest). */
#ifndef IHURIRO_TESTS_SIM_LOANBOOK_PARTS_H
#define IHURIRO_TESTS_SIM_LOANBOOK_PARTS_H

#include "tests/sim/loanbook.h"
#include "tests/sim/random.h"
#include "tests/sim/sheet.h"

/* Counts and amounts of each day of the period. */
struct daily {
    int64_t count[LOANBOOK_DAYS_MAX];
    int64_t amount[LOANBOOK_DAYS_MAX];
    int64_t total;
};

enum deposit_type {
    DEPOSIT_DEMAND,
    DEPOSIT_SAVINGS,
    DEPOSIT_COMPULSORY,
    DEPOSIT_TERM,
    DEPOSIT_TYPES
};

struct book {
    const struct loanbook_options *options;
    const struct loanbook_fault *fault; /* never NULL */
    struct sheet_style style;
    int32_t days; /* of the period */
    struct loanbook_sums sums;
    int64_t provision;
    struct daily disbursed;
    struct daily written_off;
    struct daily restructured;
    int64_t deposits[DEPOSIT_TYPES];
    struct daily repaid, interest, recovered, deposited, withdrawn, credited, fees;
    struct daily requested, rejected, withdrew;
};

MUST_USE enum err deposits_write(struct book *book, struct complaint *complaint);
MUST_USE enum err flows_write(struct book *book, struct complaint *complaint);
MUST_USE enum err ledger_write(struct book *book, struct complaint *complaint);
MUST_USE enum err manifest_write(struct book *book, struct complaint *complaint);

void daily_add(struct daily *daily, int32_t day, int64_t count, int64_t amount);

#endif
