/* A synthetic loan book: the folder that `mfi-agent check` and `send` take (DOMAIN 4.4), of any
 * size up to LOANBOOK_LOANS_MAX, equal for equal seeds. Control totals are right, the general
 * ledger equals loans and deposits, flows equal the loans disbursed and written off; a named fault
 * breaks exactly what its row in the table says. */
#ifndef IHURIRO_TESTS_SIM_LOANBOOK_H
#define IHURIRO_TESTS_SIM_LOANBOOK_H

#include "proto/period.h"

#define LOANBOOK_LOANS_MAX 10000000
#define LOANBOOK_DAYS_MAX  92 /* of a quarter */

struct loanbook_options {
    int64_t loans;
    struct period period; /* as_of is its last day */
    uint64_t seed;
    const char *folder; /* made if it is not there */
    const char *institution;
    const char *fault; /* a name in the table, or NULL */
    bool is_final;     /* status = FINAL with its two codes */
};

/* What was written, to compare reports with. */
struct loanbook_sums {
    int64_t rows; /* of loans.csv */
    int64_t outstanding;
    int64_t deposits;
};

MUST_USE enum err loanbook_write(const struct loanbook_options *options,
                                 struct complaint *complaint, struct loanbook_sums *ret_sums);

/* Where in the folder a fault lies. */
enum fault_place {
    FAULT_NOWHERE,
    FAULT_CELL,     /* a cell of the row in the middle of loans.csv is text */
    FAULT_HEADER,   /* a name in the header of loans.csv is text */
    FAULT_DEPOSIT,  /* a cell of deposits.csv is text */
    FAULT_MANIFEST, /* the manifest's key has text as its value; NULL: the key is not there */
    FAULT_REPEAT,   /* the row in the middle stands twice */
    FAULT_NO_ROWS,
    FAULT_NO_BYTES,
    FAULT_TOTAL,  /* the control total is one too high */
    FAULT_COUNT,  /* the row count is one too high */
    FAULT_LEDGER, /* loans in the general ledger are 3 % too high */
    FAULT_NUL,    /* a NUL octet ends loans.csv */
    FAULT_EXCEL,  /* not broken: as a spreadsheet saves it; must be read */
};

struct loanbook_fault {
    const char *name;
    enum fault_place place;
    const char *column; /* or the manifest's key */
    const char *text;
    const char *expect; /* what a reader must do, in words */
};

const struct loanbook_fault *loanbook_faults(size_t *ret_count);
const struct loanbook_fault *loanbook_fault_find(const char *name); /* NULL: none */

#endif
