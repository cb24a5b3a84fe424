/* A database as a source: mfi-query runs the queries, and their results are read as extracts are.
 * In a process of its own, so that a driver which hangs or breaks down stops nothing here. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_QUERY_H
#define IHURIRO_AGENTS_MFI_BOOK_QUERY_H

#include "agents/mfi/book.h"
#include "agents/mfi/book_manifest.h"

struct book_query;

/* Starts it, waits until the database has let it in, and takes the list of queries. ERR_BUSY: away
 * or slow, to be tried again; else ERR_REFUSED; with a complaint. */
MUST_USE enum err book_query_open(const struct book_query_source *source,
                                  const struct book_manifest *manifest, struct complaint *complaint,
                                  struct book_query **ret_query);
/* Ends the process. */
void book_query_close(struct book_query **query);

/* "loans.csv" is made by loans.sql: is there such a query? "result of loans.sql", or NULL. */
const char *book_query_file(const struct book_query *query, const char *extract);
const char *book_query_system(const struct book_query *query);
const char *book_query_version(const struct book_query *query);

/* Asks for the result of a query of the list; one at a time, and read to its end or given up with
 * the source. */
MUST_USE enum err book_query_ask(struct book_query *query, const char *file,
                                 struct complaint *complaint);
/* *ret_got 0: the end of the result. */
MUST_USE enum err book_query_read(struct book_query *query, uint8_t *at, size_t size,
                                  struct complaint *complaint, size_t *ret_got);

#endif
