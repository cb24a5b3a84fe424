/* Parties as a CSV file has them, for `mfi-hub parties import`: a header with the names of columns,
 * in any order, a row a party. */
#ifndef IHURIRO_HUB_PARTY_FILE_H
#define IHURIRO_HUB_PARTY_FILE_H

#include "hub/party_words.h"

#define PARTY_FILE_BYTES_MAX ((size_t)4 * 1024 * 1024)

enum contact_word {
    CONTACT_OFFICE,
    CONTACT_TELEPHONE,
    CONTACT_ADDRESS,
    CONTACT_LANGUAGE,
    CONTACT_WORDS,
};

/* An empty cell is NULL: it says nothing. "-" is "": it takes back. */
struct party_row {
    size_t line;
    const char *id;
    struct party_words words;
    const char *merged_into;
    const char *merged_from;
    const char *contact[CONTACT_WORDS];
};

struct party_file {
    const char *path; /* the caller's */
    struct arena arena;
    struct party_row *rows;
    size_t count;
};
void party_file_close(struct party_file *file);

/* Separator (comma, semicolon, tab) from the header. Rows that are blank or begin with # are passed
 * over. ERR_REFUSED with file, line and reason: an unknown or repeated column, no column `id`, a
 * row of another width, no id, an id twice, a stray quote, what is not UTF-8. AUTO. */
MUST_USE enum err party_file_read(const char *path, struct complaint *complaint,
                                  struct party_file *ret_file);
/* 'parties.csv line 7: ...' */
enum err party_file_refuse(const struct party_file *file, size_t line, struct complaint *complaint,
                           const char *format, ...) PRINTF_LIKE(4, 5);
/* A file to begin with, and what its columns mean. Appends. */
MUST_USE enum err party_file_template(struct buffer *text);

#endif
