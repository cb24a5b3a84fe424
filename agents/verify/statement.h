/* What was found out about one thing: facts in order, sentences on what was verified, and the
 * conclusion; printed as text or as one JSON object. */
#ifndef IHURIRO_VERIFY_STATEMENT_H
#define IHURIRO_VERIFY_STATEMENT_H

#include <stdbool.h>

#include "proto/bytes.h"

struct statement;

void statement_close(struct statement **statement);
/* what: "receipt", "pull", "consistency", "store". */
MUST_USE enum err statement_make(const char *what, struct statement **ret_statement);
/* A fact: key and value. The first error of memory sticks and shows at statement_print. */
void statement_fact(struct statement *statement, const char *key, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* "The hub's checkpoint is signed by ...". */
void statement_proven(struct statement *statement, const char *format, ...) PRINTF_LIKE(2, 3);
/* What a reader has to know, and was not proven. */
void statement_note(struct statement *statement, const char *format, ...) PRINTF_LIKE(2, 3);
/* "The receipt is valid." */
void statement_conclude(struct statement *statement, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends what was stated when it is valid; when it is not, only the reason. */
MUST_USE enum err statement_print(const struct statement *statement, bool is_valid,
                                  const char *reason, bool as_json, struct buffer *text);

#endif
