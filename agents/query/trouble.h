/* What a driver answers, in words: what is wrong, and what to do. */
#ifndef IHURIRO_AGENTS_QUERY_TROUBLE_H
#define IHURIRO_AGENTS_QUERY_TROUBLE_H

#include <sql.h>

#include "proto/errors.h"

struct trouble_place {
    SQLSMALLINT kind; /* SQL_HANDLE_DBC, ... */
    SQLHANDLE handle;
    const char *dsn;
    const char *query; /* its file; NULL: connecting */
    long long seconds; /* how long it was given */
};

/* No value of a row is repeated. Returns the error, never ERR_OK. */
MUST_USE enum err trouble_complain(const struct trouble_place *place, struct complaint *complaint);

#endif
