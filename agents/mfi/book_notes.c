#include "agents/mfi/book_notes.h"

#include <stdarg.h>
#include <stdio.h>

void book_notes_add(struct book_notes *notes, enum severity severity, const char *format, ...)
{
    char text[512];
    if (notes->count == BOOK_NOTES_MAX) {
        notes->rows[BOOK_NOTES_MAX - 1] =
            (struct book_note){SEVERITY_WARNING, "there are more notes than are kept"};
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char *kept = arena_text(notes->arena, text);
    if (kept != NULL) {
        notes->rows[notes->count++] = (struct book_note){severity, kept};
    }
}

void book_notes_tally(struct book_notes *notes, enum severity severity, const char *file,
                      const struct book_tally *tally, const char *what)
{
    if (tally->count == 1) {
        book_notes_add(notes, severity, "%s line %zu: %s", file, tally->first_line, what);
    } else if (tally->count > 1) {
        book_notes_add(notes, severity, "%s line %zu and %zu more: %s", file, tally->first_line,
                       tally->count - 1, what);
    }
}
