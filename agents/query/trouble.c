#include "agents/query/trouble.h"

#include <sqlext.h>
#include <stdio.h>
#include <string.h>

#include "proto/text.h"

#define LOOK_AGAIN "Is it the right database, and are these the queries for its version?"

/* A row fits when all that it names fits; the first that fits is taken. Drivers differ: one has the
 * state of the standard, one the number of its server, one only words. */
static const struct kind {
    const char *state; /* its beginning */
    int native;        /* 0: any */
    const char *words; /* in the driver's text; NULL: any */
    enum err err;
    bool is_silent; /* the driver's text may repeat what stands in a row */
    const char *text;
} kinds[] = {
    {"IM002", 0, NULL, ERR_CONFIG, false,
     "there is no data source of this name. Describe it in /etc/odbc.ini, or correct `dsn` in "
     "agent.conf"},
    {"", 0, "open lib", ERR_CONFIG, false,
     "the driver of the data source cannot be loaded. Install it (Debian: odbc-postgresql, "
     "odbc-mariadb), or correct Driver in odbc.ini"},
    {"IM", 0, NULL, ERR_CONFIG, false,
     "the data source does not work with its driver. Correct it in odbc.ini"},
    {"28", 0, NULL, ERR_REFUSED, false,
     "the login was refused. Correct user and password in the file of credentials, or let this "
     "user in at the server"},
    {"", 1045, NULL, ERR_REFUSED, false,
     "the login was refused. Correct user and password in the file of credentials, or let this "
     "user in at the server"},
    {"", 0, "authentication failed", ERR_REFUSED, false,
     "the login was refused. Correct user and password in the file of credentials, or let this "
     "user in at the server"},
    {"", 0, "no password supplied", ERR_REFUSED, false,
     "the login was refused, as there is no password. Name a file of credentials in agent.conf"},
    {"42P01", 0, NULL, ERR_REFUSED, false, "the database lacks a table. " LOOK_AGAIN},
    {"42S02", 0, NULL, ERR_REFUSED, false, "the database lacks a table. " LOOK_AGAIN},
    {"", 1146, NULL, ERR_REFUSED, false, "the database lacks a table. " LOOK_AGAIN},
    {"42703", 0, NULL, ERR_REFUSED, false, "a table lacks a column. " LOOK_AGAIN},
    {"42S22", 0, NULL, ERR_REFUSED, false, "a table lacks a column. " LOOK_AGAIN},
    {"", 1054, NULL, ERR_REFUSED, false, "a table lacks a column. " LOOK_AGAIN},
    {"42501", 0, NULL, ERR_REFUSED, false,
     "this user may not read a table. Give it the right to (GRANT SELECT), and no other"},
    {"", 1142, NULL, ERR_REFUSED, false,
     "this user may not read a table. Give it the right to (GRANT SELECT), and no other"},
    {"25006", 0, NULL, ERR_REFUSED, false,
     "the query would change something, and may only read. Correct the query"},
    {"", 1792, NULL, ERR_REFUSED, false,
     "the query would change something, and may only read. Correct the query"},
    {"HYT00", 0, NULL, ERR_BUSY, false, "it took too long"},
    {"57014", 0, NULL, ERR_BUSY, false, "it took too long"},
    {"70100", 0, NULL, ERR_BUSY, false, "it took too long"},
    {"", 1969, NULL, ERR_BUSY, false, "it took too long"},
    {"", 1317, NULL, ERR_BUSY, false, "it took too long"},
    {"22", 0, NULL, ERR_REFUSED, true,
     "a value is not of the type that the query takes it for. Run the query by hand and correct "
     "the value, or the query"},
    {"08", 0, NULL, ERR_BUSY, false,
     "the server cannot be reached, or the connection broke. Does it run, and do Servername and "
     "Port in odbc.ini name it?"},
    {"HYT01", 0, NULL, ERR_BUSY, false, "the server does not answer. Does it run?"},
    {"57P", 0, NULL, ERR_BUSY, false, "the server is being stopped or started. Try again"},
    {"", 2002, NULL, ERR_BUSY, false,
     "the server cannot be reached. Does it run, and do Servername and Port in odbc.ini name it?"},
    {"", 2003, NULL, ERR_BUSY, false,
     "the server cannot be reached. Does it run, and do Servername and Port in odbc.ini name it?"},
    {"", 2006, NULL, ERR_BUSY, false, "the connection broke. Try again"},
    {"", 2013, NULL, ERR_BUSY, false, "the connection broke. Try again"},
    {"42", 0, NULL, ERR_REFUSED, false,
     "the server does not understand the query. Correct it, or take the queries for this kind of "
     "database"},
    {"", 0, NULL, ERR_REFUSED, true, "it failed. Run it by hand to see why"},
};

static bool fits(const struct kind *kind, const char *state, int native, const char *words)
{
    return strncmp(kind->state, state, strlen(kind->state)) == 0 &&
           (kind->native == 0 || kind->native == native) &&
           (kind->words == NULL || strstr(words, kind->words) != NULL);
}

enum err trouble_complain(const struct trouble_place *place, struct complaint *complaint)
{
    SQLCHAR state[6] = "";
    SQLCHAR words[512] = "";
    SQLINTEGER native = 0;
    SQLSMALLINT size = 0;
    char shown[400];
    char what[128];
    SQLRETURN got = SQLGetDiagRec(place->kind, place->handle, 1, state, &native, words,
                                  (SQLSMALLINT)sizeof words, &size);
    if (!SQL_SUCCEEDED(got)) {
        state[0] = words[0] = '\0';
    }
    char *text = (char *)words;
    text[strcspn(text, "\r\n")] = '\0';
    const struct kind *kind = kinds;
    while (!fits(kind, (const char *)state, (int)native, text)) {
        kind++;
    }
    (void)snprintf(what, sizeof what, "%s%s", place->query == NULL ? "connecting" : place->query,
                   place->query == NULL ? "" : ".sql");
    return complain(
        complaint, kind->err,
        "The database of the data source %s, %s: %s (time limit: %lld s). The driver "
        "says %s%s%s.",
        place->dsn, what, kind->text, place->seconds,
        state[0] == '\0' ? "nothing" : (const char *)state, kind->is_silent ? "" : " ",
        kind->is_silent ? "" : text_escape(bytes_of(text, strlen(text)), shown, sizeof shown));
}
