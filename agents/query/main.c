/* mfi-query: what the queries of a source give, as CSV; for mfi-agent, and for a person. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agents/query/database.h"
#include "agents/query/wire.h"
#include "conf/options.h"
#include "proto/keys.h"

static const char program[] = "mfi-query";

struct arguments {
    const char *dsn;
    const char *queries;
    const char *credentials;
    const char *as_of;
    const char *period_start;
    const char *currency;
    int64_t seconds;
    bool serves;
};

#define AT(field) offsetof(struct arguments, field)
static const struct option_row rows[] = {
    {"dsn", 0, OPTION_TEXT, AT(dsn), "NAME", "the data source, a name of odbc.ini", 0, 0},
    {"queries", 0, OPTION_TEXT, AT(queries), "FOLDER", "the folder of queries", 0, 0},
    {"credentials", 0, OPTION_TEXT, AT(credentials), "FILE",
     "user = NAME and password = SECRET, mode 0400", 0, 0},
    {"as-of", 0, OPTION_TEXT, AT(as_of), "DATE", "the day that is asked for, 2020-06-30", 0, 0},
    {"period-start", 0, OPTION_TEXT, AT(period_start), "DATE", "the period's first day", 0, 0},
    {"currency", 0, OPTION_TEXT, AT(currency), "CODE", "the one currency, RWF", 0, 0},
    {"seconds", 0, OPTION_INTEGER, AT(seconds), "N", "how long a query may take (300)", 1, 86400},
    {"serve", 0, OPTION_FLAG, AT(serves), NULL, "for mfi-agent: answers names on its input", 0, 0},
    {0},
};

static const struct options options = {
    .program = program,
    .words = "[NAME]",
    .about = "Runs the query NAME of a folder of queries (loans, deposits, flows, gl, borrowings, "
             "placements or schedule) and prints its result as CSV. Without NAME it lists the "
             "queries. It changes nothing in the database. What it prints names clients: keep it "
             "as the database is kept.",
    .rows = rows,
    .words_max = 1,
};

struct querying {
    const struct arguments *arguments;
    struct pack pack;
    struct login login;
    struct pack_values values;
    struct database *database;
};

static void querying_close(struct querying *querying)
{
    database_close(&querying->database);
    login_forget(&querying->login);
    pack_close(&querying->pack);
}

/* A connection string could hold a password, and would show it in the list of processes. */
static enum err check_names(const struct arguments *arguments, struct complaint *complaint)
{
    bool is_dsn = arguments->dsn != NULL && arguments->dsn[0] != '\0' &&
                  strlen(arguments->dsn) <= 64 && strpbrk(arguments->dsn, "=;{}[]") == NULL;
    if (!is_dsn || arguments->queries == NULL) {
        return complain(complaint, ERR_USAGE,
                        "Give --dsn as a name of odbc.ini, not as a connection string, and "
                        "--queries.");
    }
    return ERR_OK;
}

static enum err begin(struct querying *querying, bool connects, struct complaint *complaint)
{
    const struct arguments *arguments = querying->arguments;
    enum err err = check_names(arguments, complaint);
    if (err == ERR_OK) {
        err = pack_read(arguments->queries, complaint, &querying->pack);
    }
    if (err != ERR_OK || !connects) {
        return err;
    }
    err = pack_values_make(arguments->as_of, arguments->period_start, arguments->currency,
                           complaint, &querying->values);
    if (err == ERR_OK && arguments->credentials != NULL) {
        err = login_read(arguments->credentials, complaint, &querying->login);
    }
    struct database_options database = {.dsn = arguments->dsn,
                                        .login = arguments->credentials == NULL ? NULL
                                                                                : &querying->login,
                                        .pack = &querying->pack,
                                        .seconds = arguments->seconds};
    if (err == ERR_OK) {
        err = database_open(&database, complaint, &querying->database);
    }
    login_forget(&querying->login);
    return err;
}

/* ---- for a person ---- */

static enum err put_text(void *context, struct bytes text)
{
    (void)context;
    return fwrite(text.data, 1, text.size, stdout) == text.size ? ERR_OK : ERR_IO;
}

static void print_list(const struct pack *pack)
{
    printf("%s, queries %s (%s)\n", pack->system, pack->version, pack->checksum);
    for (size_t i = 0; i < PACK_QUERIES; i++) {
        if (pack->queries[i] != NULL) {
            printf("%s\n", pack_names[i]);
        }
    }
}

static enum err print(struct querying *querying, const char *name, struct complaint *complaint)
{
    static const struct database_sink sink = {put_text, NULL};
    enum err err = begin(querying, name != NULL, complaint);
    if (err != ERR_OK) {
        return err;
    }
    if (name == NULL) {
        print_list(&querying->pack);
        return ERR_OK;
    }
    int query = pack_find(name);
    if (query < 0 || querying->pack.queries[query] == NULL) {
        return complain(complaint, ERR_USAGE, "There is no query of this name in %s.",
                        querying->arguments->queries);
    }
    err = database_query(querying->database, query, &querying->values, &sink, complaint);
    return err == ERR_OK && fflush(stdout) != 0
               ? complain(complaint, ERR_IO, "The result cannot be written.")
               : err;
}

/* ---- for mfi-agent ---- */

static enum err write_all(const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t wrote = write(STDOUT_FILENO, at, size);
        if (wrote < 0 && errno != EINTR) {
            return ERR_IO;
        }
        at += wrote > 0 ? wrote : 0;
        size -= wrote > 0 ? (size_t)wrote : 0;
    }
    return ERR_OK;
}

static enum err put_frame(enum query_frame kind, const void *data, size_t size)
{
    uint8_t head[QUERY_HEAD_BYTES] = {(uint8_t)kind};
    put_u32(head + 1, (uint32_t)size);
    enum err err = write_all(head, sizeof head);
    return err == ERR_OK ? write_all(data, size) : err;
}

static enum err put_part(void *context, struct bytes text)
{
    (void)context;
    return put_frame(QUERY_PART, text.data, text.size);
}

static enum err put_trouble(enum err err, const struct complaint *complaint)
{
    return put_frame(err == ERR_BUSY ? QUERY_LATER : QUERY_TROUBLE, complaint->text,
                     strlen(complaint->text));
}

/* What there is: system, version and sum, and the names, a line each. */
static enum err put_list(const struct pack *pack)
{
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = buffer_printf(&text, "%s\n%s %s\n", pack->system, pack->version, pack->checksum);
    for (size_t i = 0; err == ERR_OK && i < PACK_QUERIES; i++) {
        if (pack->queries[i] != NULL) {
            err = buffer_printf(&text, "%s\n", pack_names[i]);
        }
    }
    return err == ERR_OK ? put_frame(QUERY_LIST, text.data, text.size) : err;
}

static enum err answer(struct querying *querying, const char *name)
{
    static const struct database_sink sink = {put_part, NULL};
    struct complaint complaint = {{0}};
    int query = pack_find(name);
    if (query < 0 || querying->pack.queries[query] == NULL) {
        return ERR_USAGE;
    }
    enum err err = database_query(querying->database, query, &querying->values, &sink, &complaint);
    return err == ERR_OK ? put_frame(QUERY_END, NULL, 0) : put_trouble(err, &complaint);
}

/* Names come in a line each; it ends with its input, and with whoever started it. */
static enum err serve(struct querying *querying)
{
    struct complaint complaint = {{0}};
    char line[64];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    enum err err = begin(querying, true, &complaint);
    if (err != ERR_OK) {
        return put_trouble(err, &complaint);
    }
    err = put_list(&querying->pack);
    while (err == ERR_OK && fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        err = answer(querying, line);
    }
    return err;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.seconds = 300};
    struct words words = {0};
    struct complaint complaint = {{0}};
    if (keys_init() != ERR_OK) {
        fprintf(stderr, "%s: libsodium cannot be started.\n", program);
        return 1;
    }
    int code = options_parse(&options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    AUTO(querying_close) struct querying querying = {.arguments = &arguments};
    enum err err = arguments.serves
                       ? serve(&querying)
                       : print(&querying, words.count == 0 ? NULL : words.items[0], &complaint);
    if (err != ERR_OK) {
        fprintf(stderr, "%s: %s\n", program,
                complaint.text[0] != '\0' ? complaint.text : err_text(err));
    }
    return err == ERR_OK ? 0 : err_exit_code(err);
}
