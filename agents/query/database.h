/* A database through unixODBC: one transaction that only reads, and the results of queries as CSV.
 * The only files that include <sql.h> are database.c and trouble.c. */
#ifndef IHURIRO_AGENTS_QUERY_DATABASE_H
#define IHURIRO_AGENTS_QUERY_DATABASE_H

#include "agents/query/login.h"
#include "agents/query/pack.h"

struct database_options {
    const char *dsn;           /* a name of odbc.ini */
    const struct login *login; /* NULL: what the data source says */
    const struct pack *pack;
    int64_t seconds; /* how long a login and a query may take */
};

struct database;

/* Connects and opens the transaction with the statements of the pack. ERR_BUSY: away or slow, what
 * time may put right. ERR_CONFIG, ERR_REFUSED: a person has to. */
MUST_USE enum err database_open(const struct database_options *options, struct complaint *complaint,
                                struct database **ret_database);
void database_close(struct database **database); /* nothing was changed: rolls back */

typedef enum err (*database_put)(void *context, struct bytes text);
struct database_sink {
    database_put put;
    void *context;
};

/* Puts the result's header line and rows into the sink, as CSV in UTF-8 (RFC 4180), a part at a
 * time. */
MUST_USE enum err database_query(struct database *database, int query,
                                 const struct pack_values *values, const struct database_sink *sink,
                                 struct complaint *complaint);

#endif
