/* What one reading of a folder holds, and how its extracts are opened. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_WORK_H
#define IHURIRO_AGENTS_MFI_BOOK_WORK_H

#include "agents/mfi/book.h"
#include "agents/mfi/book_keys.h"
#include "agents/mfi/book_manifest.h"
#include "agents/mfi/book_maps.h"
#include "agents/mfi/book_query.h"

struct book_work {
    const struct book_options *options;
    const struct book_maps *maps;
    const struct book_folder *folder;
    struct book_query *query; /* NULL: all is in the folder */
    struct arena *arena;
    struct complaint *complaint;
    struct book_notes *notes;
    struct book_manifest manifest;
    struct book_vocabulary words;
    uint8_t secret[BOOK_SECRET_BYTES]; /* of the hashes of references: random, of this reading */
};

/* An extract while it is read. Zero-initialise; AUTO(book_extract_close). */
struct book_extract {
    struct book_file *file;
    struct book_rows *rows;
};

/* Is there such an extract, made by a query or in the folder? */
bool book_extract_is_there(const struct book_work *work, const char *name);
/* name: "loans.csv", whoever makes it. */
MUST_USE enum err book_extract_open(const struct book_work *work, const char *name,
                                    const struct book_table *table,
                                    struct book_extract *ret_extract);
void book_extract_close(struct book_extract *extract);

/* Where references are noted, and one's hash. */
struct book_seen {
    struct book_refs *refs;
    struct book_hash hash;
};

/* How many rows to make room for: as the manifest says, but not more than the file can hold. */
uint64_t book_extract_expected(const struct book_extract *extract, uint64_t claimed);

/* Notes a row's reference, column 0, whose hash is given: refuses one that was there before. */
MUST_USE enum err book_extract_add_reference(const struct book_work *work,
                                             const struct book_extract *extract,
                                             const struct book_table *table,
                                             const struct book_cell *cell, struct book_seen seen);

static inline bool book_in_period(const struct book_manifest *manifest, int32_t day)
{
    return day >= manifest->period.start_day && day <= manifest->period.end_day;
}

static inline enum err book_no_memory(const struct book_work *work)
{
    return complain(work->complaint, ERR_MEMORY, "There is not enough memory.");
}

#endif
