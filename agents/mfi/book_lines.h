/* The lines of an extract, in one block of bounded size: found, and checked for what no extract may
 * hold. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_LINES_H
#define IHURIRO_AGENTS_MFI_BOOK_LINES_H

#include "agents/mfi/book_file.h"

#define BOOK_ROW_BYTES_MAX (64 * 1024)

struct book_lines;

/* Reads the first block: passes a byte order mark, tells whether lines end in LF or (old Macs) CR,
 * refuses UTF-16. The file stays the caller's. */
MUST_USE enum err book_lines_open(struct book_file *file, struct complaint *complaint,
                                  struct book_lines **ret_lines);
void book_lines_close(struct book_lines **lines);

/* A line with its end. It lies in the block until the next call, and may be written to, as may the
 * byte behind it. */
struct book_line {
    char *text;
    size_t size; /* 0: behind the last */
};

/* Refuses a line over BOOK_ROW_BYTES_MAX, NUL bytes, and what is neither UTF-8 nor, in a file
 * without a byte order mark, Windows-1252, which is turned into UTF-8. */
MUST_USE enum err book_lines_next(struct book_lines *lines, struct book_line *ret_line);
/* The next call gives the line just given again; only if it was not written to. */
void book_lines_back(struct book_lines *lines);
/* The first line that was turned from Windows-1252 into UTF-8; 0: none was. */
size_t book_lines_converted(const struct book_lines *lines);
size_t book_lines_number(const struct book_lines *lines); /* of the line just given, from 1 */

#endif
