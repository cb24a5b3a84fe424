/* Notes of one reading: what is worth knowing and refuses nothing. Bounded; they live in the arena.
 */
#ifndef IHURIRO_AGENTS_MFI_BOOK_NOTES_H
#define IHURIRO_AGENTS_MFI_BOOK_NOTES_H

#include "proto/messages.h"

#define BOOK_NOTES_MAX 100

struct book_note {
    enum severity severity;
    const char *text;
};

struct book_notes {
    struct arena *arena;
    size_t count;
    struct book_note rows[BOOK_NOTES_MAX];
};

/* The last slot says that there are more. A note that finds no memory is left out: it refuses
 * nothing. */
void book_notes_add(struct book_notes *notes, enum severity severity, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same thing met in many rows is one note: how often, and where first. */
struct book_tally {
    size_t count;
    size_t first_line;
};

static inline void book_tally_add(struct book_tally *tally, size_t line)
{
    if (tally->count++ == 0) {
        tally->first_line = line;
    }
}

/* "loans.csv line 7 and 11 more: what"; nothing if the tally is empty. */
void book_notes_tally(struct book_notes *notes, enum severity severity, const char *file,
                      const struct book_tally *tally, const char *what);

#endif
