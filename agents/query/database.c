#include "agents/query/database.h"

#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <string.h>

#include "agents/query/trouble.h"

#define COLUMNS_MAX 64
#define CELL_MAX    2048          /* letters of a value, in UTF-16 */
#define PART_BYTES  (size_t)65536 /* of CSV, before it goes to the sink */

struct database {
    struct database_options options;
    SQLHENV environment;
    SQLHDBC connection;
    bool is_connected;
};

struct column {
    SQLWCHAR value[CELL_MAX];
    SQLLEN size; /* in bytes, or SQL_NULL_DATA */
};

/* One query's result while it is fetched. */
struct result {
    struct database *database;
    const char *name;
    SQLHSTMT statement;
    SQLSMALLINT count;
    struct column *columns;
    struct buffer text;
    const struct database_sink *sink;
    struct complaint *complaint;
};

static enum err no_memory(struct complaint *complaint)
{
    return complain(complaint, ERR_MEMORY, "There is not enough memory.");
}

static enum err complain_of(const struct database *database, SQLHSTMT statement, const char *query,
                            struct complaint *complaint)
{
    bool is_query = statement != NULL;
    struct trouble_place place = {
        is_query ? (SQLSMALLINT)SQL_HANDLE_STMT : (SQLSMALLINT)SQL_HANDLE_DBC,
        is_query ? (SQLHANDLE)statement : (SQLHANDLE)database->connection, database->options.dsn,
        query, (long long)database->options.seconds};
    return trouble_complain(&place, complaint);
}

/* ODBC takes numbers as pointers. */
static SQLPOINTER as_pointer(SQLULEN value)
{
    return (SQLPOINTER)value;
}

/* ---- rows ---- */

static enum err put_letter(struct buffer *text, uint32_t letter)
{
    uint8_t bytes[4] = {(uint8_t)letter};
    size_t size = 1;
    if (letter >= 0x10000) {
        bytes[0] = (uint8_t)(0xF0 | (letter >> 18));
        bytes[1] = (uint8_t)(0x80 | ((letter >> 12) & 0x3F));
        bytes[2] = (uint8_t)(0x80 | ((letter >> 6) & 0x3F));
        bytes[3] = (uint8_t)(0x80 | (letter & 0x3F));
        size = 4;
    } else if (letter >= 0x800) {
        bytes[0] = (uint8_t)(0xE0 | (letter >> 12));
        bytes[1] = (uint8_t)(0x80 | ((letter >> 6) & 0x3F));
        bytes[2] = (uint8_t)(0x80 | (letter & 0x3F));
        size = 3;
    } else if (letter >= 0x80) {
        bytes[0] = (uint8_t)(0xC0 | (letter >> 6));
        bytes[1] = (uint8_t)(0x80 | (letter & 0x3F));
        size = 2;
    }
    return buffer_append(text, bytes, size);
}

static bool needs_quotes(const SQLWCHAR *value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (value[i] == '"' || value[i] == ',' || value[i] < ' ' || value[i] == ';') {
            return true;
        }
    }
    return false;
}

/* UTF-16 to UTF-8; half a pair becomes U+FFFD. */
static enum err put_value(struct buffer *text, const SQLWCHAR *value, size_t count)
{
    bool is_quoted = needs_quotes(value, count);
    enum err err = is_quoted ? buffer_append(text, "\"", 1) : ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        uint32_t letter = value[i];
        bool is_high = letter >= 0xD800 && letter < 0xDC00;
        if (is_high && i + 1 < count && value[i + 1] >= 0xDC00 && value[i + 1] < 0xE000) {
            letter = 0x10000 + ((letter - 0xD800) << 10) + (value[++i] - 0xDC00U);
        } else if (letter >= 0xD800 && letter < 0xE000) {
            letter = 0xFFFD;
        }
        err = letter == '"' ? buffer_append(text, "\"\"", 2) : put_letter(text, letter);
    }
    return err == ERR_OK && is_quoted ? buffer_append(text, "\"", 1) : err;
}

static enum err put_part(struct result *result, size_t least)
{
    if (result->text.size < least || result->text.size == 0) {
        return ERR_OK;
    }
    enum err err = result->sink->put(result->sink->context, buffer_bytes(&result->text));
    buffer_clear(&result->text);
    return err;
}

static enum err put_row(struct result *result)
{
    enum err err = ERR_OK;
    for (SQLSMALLINT i = 0; err == ERR_OK && i < result->count; i++) {
        const struct column *column = &result->columns[i];
        size_t count = column->size > 0 ? (size_t)column->size / sizeof(SQLWCHAR) : 0;
        if (column->size != SQL_NULL_DATA && (column->size < 0 || count >= CELL_MAX)) {
            return complain(result->complaint, ERR_REFUSED,
                            "%s.sql, column %d of the result: a value is longer than %d letters. "
                            "Shorten it in the query.",
                            result->name, i + 1, CELL_MAX - 1);
        }
        err = put_value(&result->text, column->value, count);
        err = err == ERR_OK ? buffer_append(&result->text, i + 1 == result->count ? "\n" : ",", 1)
                            : err;
    }
    return err == ERR_OK ? put_part(result, PART_BYTES) : err;
}

/* ---- columns ---- */

/* Types whose text is not what is stored, or is none. */
static const char *wrong_type(SQLSMALLINT type)
{
    switch (type) {
    case SQL_REAL:
    case SQL_FLOAT:
    case SQL_DOUBLE:
        return "a floating-point number, which is no exact amount: CAST it to DECIMAL(19,6) in the "
               "query";
    case SQL_BINARY:
    case SQL_VARBINARY:
    case SQL_LONGVARBINARY:
        return "binary: CAST it to CHAR in the query";
    default:
        return NULL;
    }
}

static enum err take_column(struct result *result, SQLSMALLINT index)
{
    SQLWCHAR name[128] = {0};
    SQLSMALLINT size = 0;
    SQLSMALLINT type = 0;
    struct column *column = &result->columns[index];
    SQLUSMALLINT number = (SQLUSMALLINT)(index + 1);
    SQLRETURN got =
        SQLDescribeColW(result->statement, number, name, 127, &size, &type, NULL, NULL, NULL);
    if (SQL_SUCCEEDED(got)) {
        got = SQLBindCol(result->statement, number, SQL_C_WCHAR, column->value,
                         sizeof column->value, &column->size);
    }
    if (!SQL_SUCCEEDED(got)) {
        return complain_of(result->database, result->statement, result->name, result->complaint);
    }
    size_t letters = size < 0 ? 0 : size > 127 ? 127 : (size_t)size;
    size_t begin = result->text.size;
    enum err err = put_value(&result->text, name, letters);
    if (err == ERR_OK && wrong_type(type) != NULL) {
        return complain(result->complaint, ERR_REFUSED, "%s.sql: the column %.*s is %s.",
                        result->name, (int)(result->text.size - begin),
                        (const char *)result->text.data + begin, wrong_type(type));
    }
    const char *end = index + 1 == result->count ? "\n" : ",";
    return err == ERR_OK ? buffer_append(&result->text, end, 1) : err;
}

static enum err take_columns(struct result *result)
{
    if (!SQL_SUCCEEDED(SQLNumResultCols(result->statement, &result->count))) {
        return complain_of(result->database, result->statement, result->name, result->complaint);
    }
    if (result->count < 1 || result->count > COLUMNS_MAX) {
        return complain(result->complaint, ERR_REFUSED,
                        "%s.sql gives %d columns; it must be one SELECT with 1 to %d.",
                        result->name, result->count, COLUMNS_MAX);
    }
    result->columns = calloc((size_t)result->count, sizeof *result->columns);
    enum err err = result->columns == NULL ? no_memory(result->complaint) : ERR_OK;
    for (SQLSMALLINT i = 0; err == ERR_OK && i < result->count; i++) {
        err = take_column(result, i);
    }
    return err;
}

/* ---- a query ---- */

static void result_close(struct result *result)
{
    if (result->statement != NULL) {
        (void)SQLFreeHandle(SQL_HANDLE_STMT, result->statement);
    }
    free(result->columns);
    buffer_close(&result->text);
}

static enum err execute(struct result *result, const char *text)
{
    const struct database *database = result->database;
    SQLRETURN got = SQLAllocHandle(SQL_HANDLE_STMT, database->connection, &result->statement);
    if (SQL_SUCCEEDED(got)) {
        /* A driver that cannot keep time is kept to it by whoever waits for this program. */
        (void)SQLSetStmtAttr(result->statement, SQL_ATTR_QUERY_TIMEOUT,
                             as_pointer((SQLULEN)database->options.seconds), 0);
        union {
            const char *in;
            SQLCHAR *out;
        } sql = {.in = text}; /* ODBC takes what it does not change as not const */
        got = SQLExecDirect(result->statement, sql.out, SQL_NTS);
    }
    return SQL_SUCCEEDED(got) || got == SQL_NO_DATA
               ? ERR_OK
               : complain_of(database, result->statement, result->name, result->complaint);
}

enum err database_query(struct database *database, int query, const struct pack_values *values,
                        const struct database_sink *sink, struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(result_close)
    struct result result = {
        .database = database, .name = pack_names[query], .sink = sink, .complaint = complaint};
    enum err err = pack_fill(database->options.pack, query, values, complaint, &text);
    if (err == ERR_OK) {
        err = execute(&result, (const char *)text.data);
    }
    if (err == ERR_OK) {
        err = take_columns(&result);
    }
    while (err == ERR_OK) {
        SQLRETURN got = SQLFetch(result.statement);
        if (got == SQL_NO_DATA) {
            break;
        }
        err = SQL_SUCCEEDED(got) ? put_row(&result)
                                 : complain_of(database, result.statement, result.name, complaint);
    }
    return err == ERR_OK ? put_part(&result, 0) : err;
}

/* ---- the connection ---- */

void database_close(struct database **database)
{
    struct database *closing = *database;
    if (closing == NULL) {
        return;
    }
    if (closing->is_connected) {
        (void)SQLEndTran(SQL_HANDLE_DBC, closing->connection, SQL_ROLLBACK);
        (void)SQLDisconnect(closing->connection);
    }
    if (closing->connection != NULL) {
        (void)SQLFreeHandle(SQL_HANDLE_DBC, closing->connection);
    }
    if (closing->environment != NULL) {
        (void)SQLFreeHandle(SQL_HANDLE_ENV, closing->environment);
    }
    free(closing);
    *database = NULL;
}

static bool prepare(struct database *database)
{
    SQLULEN seconds = (SQLULEN)database->options.seconds;
    return SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, NULL, &database->environment)) &&
           SQL_SUCCEEDED(SQLSetEnvAttr(database->environment, SQL_ATTR_ODBC_VERSION,
                                       as_pointer(SQL_OV_ODBC3), 0)) &&
           SQL_SUCCEEDED(
               SQLAllocHandle(SQL_HANDLE_DBC, database->environment, &database->connection)) &&
           SQL_SUCCEEDED(SQLSetConnectAttr(database->connection, SQL_ATTR_LOGIN_TIMEOUT,
                                           as_pointer(seconds), 0));
}

static enum err connect_to(struct database *database, struct complaint *complaint)
{
    const struct login *login = database->options.login;
    /* Copies: ODBC takes what it does not change as not const. */
    char dsn[128];
    struct login own = {{0}, {0}};
    (void)snprintf(dsn, sizeof dsn, "%s", database->options.dsn);
    if (login != NULL) {
        own = *login;
    }
    SQLRETURN got = SQLConnect(database->connection, (SQLCHAR *)dsn, SQL_NTS,
                               login == NULL ? NULL : (SQLCHAR *)own.user, SQL_NTS,
                               own.password[0] == '\0' ? NULL : (SQLCHAR *)own.password, SQL_NTS);
    login_forget(&own);
    if (!SQL_SUCCEEDED(got)) {
        return complain_of(database, NULL, NULL, complaint);
    }
    database->is_connected = true;
    got = SQLSetConnectAttr(database->connection, SQL_ATTR_AUTOCOMMIT,
                            as_pointer(SQL_AUTOCOMMIT_OFF), 0);
    return SQL_SUCCEEDED(got) ? ERR_OK : complain_of(database, NULL, NULL, complaint);
}

static enum err begin(struct database *database, struct complaint *complaint)
{
    const struct config_texts *statements = &database->options.pack->begin;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < statements->count; i++) {
        AUTO(result_close)
        struct result result = {
            .database = database, .name = "the beginning in pack", .complaint = complaint};
        err = execute(&result, statements->items[i]);
    }
    return err;
}

enum err database_open(const struct database_options *options, struct complaint *complaint,
                       struct database **ret_database)
{
    AUTO(database_close) struct database *database = calloc(1, sizeof *database);
    if (database == NULL) {
        return no_memory(complaint);
    }
    database->options = *options;
    if (!prepare(database)) {
        return complain(complaint, ERR_MEMORY, "unixODBC cannot be started.");
    }
    enum err err = connect_to(database, complaint);
    if (err == ERR_OK) {
        err = begin(database, complaint);
    }
    if (err == ERR_OK) {
        *ret_database = STEAL(database);
    }
    return err;
}
