/* A folder of queries: pack.cfg, and a NAME.sql for each extract. */
#ifndef IHURIRO_AGENTS_QUERY_PACK_H
#define IHURIRO_AGENTS_QUERY_PACK_H

#include "conf/config.h"
#include "proto/bytes.h"

/* The extracts that a query may make, in the order in which they are listed. */
#define PACK_QUERIES 7
extern const char *const pack_names[PACK_QUERIES];

struct pack {
    char *system;                /* "Apache Fineract" */
    char *version;               /* "fineract-postgresql 1" */
    struct config_texts begin;   /* statements that open a transaction which only reads */
    char *queries[PACK_QUERIES]; /* NULL: the folder has none */
    char checksum[9];            /* of pack.cfg and all queries, as they are: 8 digits */
};

void pack_close(struct pack *pack);
/* ERR_CONFIG, ERR_NOT_FOUND or ERR_IO; each names the file. */
MUST_USE enum err pack_read(const char *folder, struct complaint *complaint, struct pack *ret_pack);
/* Its place in pack_names, or -1. */
int pack_find(const char *name);

/* What a query asks of: days as YYYY-MM-DD, a currency as RWF. Only checked values get in. */
struct pack_values {
    char as_of[11];
    char period_start[11];
    char currency[4];
};
MUST_USE enum err pack_values_make(const char *as_of, const char *period_start,
                                   const char *currency, struct complaint *complaint,
                                   struct pack_values *ret_values);

/* Appends the text of a query with :as_of, :period_start and :currency replaced by literals, NUL at
 * its end. What stands in quotation marks or comments stays. An unknown :name is ERR_CONFIG. */
MUST_USE enum err pack_fill(const struct pack *pack, int query, const struct pack_values *values,
                            struct complaint *complaint, struct buffer *text);

#endif
