/* P24: the loan book by one dimension, and districts by gender with small cells hidden
 * (DOMAIN.md 1.3, 3.5). */
#ifndef IHURIRO_AGENTS_MFI_BOOK_BREAKDOWN_H
#define IHURIRO_AGENTS_MFI_BOOK_BREAKDOWN_H

#include "agents/mfi/book_work.h"

#define BOOK_BRANCHES_MAX   256
#define BOOK_SMALL_CELL_MAX 4 /* a cell of 1 to so many people is hidden */

/* The dimensions have the schema's numbers, 1 to 7; a party keeps its first code of each. */
enum book_dimension {
    BOOK_GENDER = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER,
    BOOK_SECTOR = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SECTOR,
    BOOK_PRODUCT = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__PRODUCT,
    BOOK_SIZE = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SIZE,
    BOOK_DISTRICT = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__DISTRICT,
    BOOK_BRANCH = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__BRANCH,
    BOOK_AGE = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__AGE,
    BOOK_DIMENSIONS,
};

/* What a loan adds to the rows of its codes. */
struct book_measures {
    int64_t outstanding;
    int64_t par30;
    int64_t par90;
    int64_t restructured;
    int64_t disbursed;
    int64_t written_off;
    uint64_t loans;
    uint64_t borrowers;
};

struct book_breakdown;

/* is_present: by dimension; which the extract gives. All memory is the arena's. */
MUST_USE enum err book_breakdown_open(const struct book_work *work,
                                      const bool is_present[static BOOK_DIMENSIONS],
                                      struct book_breakdown **ret_breakdown);
/* The codes of a row's values. More branches than BOOK_BRANCHES_MAX: the dimension is left out. */
MUST_USE enum err book_breakdown_branch(struct book_breakdown *breakdown,
                                        const struct book_cell *cell, uint8_t *ret_code);
uint8_t book_breakdown_size(const struct book_breakdown *breakdown, int64_t principal);
uint8_t book_breakdown_age(int age); /* -1: not known */

void book_breakdown_add(struct book_breakdown *breakdown,
                        const uint8_t codes[static BOOK_DIMENSIONS],
                        const struct book_measures *measures);
/* Borrowers, when all loans are in. */
void book_breakdown_add_party(struct book_breakdown *breakdown, const struct book_party *party);
void book_breakdown_add_code(struct book_breakdown *breakdown, const struct book_party *party,
                             unsigned dimension, uint8_t code);

/* has_written_off: the extract says what was written off. */
MUST_USE enum err book_breakdown_put(const struct book_breakdown *breakdown, bool has_written_off,
                                     PbPortfolio *portfolio);

#endif
