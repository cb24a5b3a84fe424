/* manifest.ini: who, when, in which currency, and the control total (D2, D24, D59). */
#ifndef IHURIRO_AGENTS_MFI_BOOK_MANIFEST_H
#define IHURIRO_AGENTS_MFI_BOOK_MANIFEST_H

#include "agents/mfi/book_cell.h"
#include "proto/limits.h"

enum book_wish {
    BOOK_NOT_WISHED,
    BOOK_WISHED,
    BOOK_WISHED_NIL,
};

struct book_manifest {
    char institution[INSTITUTION_ID_MAX + 1];
    char currency[4];
    unsigned exponent;
    struct period period; /* a day's start may lie before it: a day report starts after the last
                             owed day (D39) */
    char key[PERIOD_KEY_MAX + 1];
    bool has_control; /* rows and the sum are given */
    uint64_t rows;
    int64_t sum;
    struct book_dates dates;
    Ihuriro__V1__Source__OverdueBasis overdue_basis;
    Ihuriro__V1__Report__Status status;
    bool has_reason;
    Ihuriro__V1__Report__Reason reason;
    const char *note; /* or NULL, as what follows */
    const char *prepared_code;
    const char *approved_code;
    bool has_extracted_at;
    int64_t extracted_at_us;
    bool is_sql;        /* a database makes the extracts */
    bool names_reports; /* else by the files that are there */
    enum book_wish reports[TYPE_LAST + 1];
};

struct book_options;

MUST_USE enum err book_manifest_read(const struct book_folder *folder,
                                     const struct book_options *options, struct arena *arena,
                                     struct complaint *complaint, struct book_notes *notes,
                                     struct book_manifest *ret_manifest);

#endif
