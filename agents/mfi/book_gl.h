/* gl.csv: balances of accounts, by the institution's map, become fields (D13, D38). */
#ifndef IHURIRO_AGENTS_MFI_BOOK_GL_H
#define IHURIRO_AGENTS_MFI_BOOK_GL_H

#include "agents/mfi/book_work.h"

#define BOOK_GL_ITEMS_MAX 80

struct book_gl_sum {
    bool is_mapped;
    int64_t closing;
    int64_t opening;
};

struct book_gl_sums {
    uint64_t rows;
    bool has_opening; /* the column is there, or the fiscal year starts with the period */
    struct book_gl_sum items[BOOK_GL_ITEMS_MAX];
};

/* ERR_CONFIG with what is allowed, when an item is none or a prefix is empty. */
MUST_USE enum err book_gl_check(const struct book_gl *map, struct complaint *complaint);
/* Does the map name an item of that report (enum report_type)? */
bool book_gl_has(const struct book_gl *map, int type);

MUST_USE enum err book_gl_read(const struct book_work *work, struct book_gl_sums *ret_sums);
/* Sets what is mapped and not set yet, in the type's body (PbPortfolio, PbLiquidity, PbCapital). */
MUST_USE enum err book_gl_put(const struct book_gl_sums *sums, int type, struct arena *arena,
                              ProtobufCMessage *body);
/* The closing sum of an item; false: it is not mapped. */
bool book_gl_closing(const struct book_gl_sums *sums, const char *item, int64_t *ret_amount);
/* All deposits by the accounts: the total's item, else the sum of those by type. */
bool book_gl_deposits(const struct book_gl_sums *sums, int64_t *ret_amount);

#endif
