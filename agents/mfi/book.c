/* A folder becomes reports: manifest, extracts, sums, messages. */
#include "agents/mfi/book.h"

#include <sodium.h>
#include <string.h>

#include "agents/mfi/book_reports.h"

struct book {
    const PbSettings *settings;
    struct book_manifest manifest;
    struct book_notes notes;
    PbReport *reports[TYPE_LAST];
    size_t count;
};

/* The order in which reports are made and sent: EXPOSURES last (D43). */
static const struct {
    int type;
    enum err (*put)(const struct book_work *work, const struct book_sources *sources,
                    PbReport *report);
} report_rows[] = {
    {TYPE_PORTFOLIO, book_portfolio_put},   {TYPE_LIQUIDITY, book_liquidity_put},
    {TYPE_OPERATIONS, book_operations_put}, {TYPE_CAPITAL, book_capital_put},
    {TYPE_EXPOSURES, book_exposures_put},
};

#define REPORT_ROWS (sizeof report_rows / sizeof report_rows[0])

/* ---- which files, which reports (D24, D30, D59) ---- */

struct files {
    bool loans;
    bool deposits;
    bool flows;
    bool gl;
    bool ops;
    bool borrowings;
    bool placements;
    bool schedule;
    bool explanations;
};

static struct files find_files(const struct book_work *work)
{
    struct files files = {
        .loans = book_extract_is_there(work, "loans.csv"),
        .deposits = book_extract_is_there(work, "deposits.csv"),
        .flows = book_extract_is_there(work, "flows.csv"),
        .gl = book_extract_is_there(work, "gl.csv"),
        .ops = book_extract_is_there(work, "ops.csv"),
        .borrowings = book_extract_is_there(work, "borrowings.csv"),
        .placements = book_extract_is_there(work, "placements.csv"),
        .schedule = book_extract_is_there(work, "schedule.csv"),
        .explanations = book_extract_is_there(work, "explain.csv"),
    };
    if (files.gl && work->maps->gl.count == 0) {
        book_notes_add(work->notes, SEVERITY_WARNING,
                       "gl.csv: not read, as the agent's configuration maps no account: fill "
                       "`gl` there");
        files.gl = false;
    }
    return files;
}

/* Is there anything that the report could be made of? */
static bool has_source(const struct book_work *work, const struct files *files,
                       const struct book_sources *sources, int type)
{
    bool has_accounts = files->gl && book_gl_has(&work->maps->gl, type);
    bool has_ladder = files->borrowings || files->placements || files->schedule;
    bool has_keys = book_ops_has(sources->ops, type);
    switch (type) {
    case TYPE_PORTFOLIO:
        return files->loans;
    case TYPE_LIQUIDITY:
        return files->deposits || has_accounts || has_ladder || has_keys;
    case TYPE_OPERATIONS:
        return has_keys || (sources->flows != NULL && sources->flows->has_renegotiation);
    case TYPE_CAPITAL:
        return has_accounts || has_keys;
    default:
        return files->loans || files->deposits;
    }
}

static bool is_of_months(int type)
{
    return type == TYPE_EXPOSURES || type == TYPE_CAPITAL;
}

/* EXPOSURES are of months, CAPITAL of months or quarters. */
static bool fits_period(const struct book_work *work, int type)
{
    enum frequency frequency = work->manifest.period.frequency;
    return !is_of_months(type) || frequency == FREQUENCY_M ||
           (type == TYPE_CAPITAL && frequency == FREQUENCY_Q);
}

/* What the files that are there give. */
static void wish_by_files(struct book_work *work, const struct files *files,
                          const struct book_sources *sources)
{
    for (int type = TYPE_PORTFOLIO; !work->manifest.names_reports && type <= TYPE_LAST; type++) {
        if (has_source(work, files, sources, type) && fits_period(work, type)) {
            work->manifest.reports[type] = BOOK_WISHED;
        }
    }
}

/* A file is never passed over in silence. */
static enum err check_unwished(const struct book_work *work, const struct files *files)
{
    const enum book_wish *wishes = work->manifest.reports;
    bool is_portfolio = wishes[TYPE_PORTFOLIO] == BOOK_WISHED;
    bool is_liquidity = wishes[TYPE_LIQUIDITY] == BOOK_WISHED;
    bool is_exposures = wishes[TYPE_EXPOSURES] == BOOK_WISHED;
    bool is_capital = wishes[TYPE_CAPITAL] == BOOK_WISHED;
    bool is_operations = wishes[TYPE_OPERATIONS] == BOOK_WISHED;
    const struct {
        bool is_there;
        bool is_read;
        const char *file;
        int type; /* what it is above all, or 0: of several */
    } rows[] = {
        {files->loans, is_portfolio || is_exposures, "loans.csv", TYPE_PORTFOLIO},
        {files->deposits, is_liquidity || is_exposures, "deposits.csv", TYPE_LIQUIDITY},
        {files->flows, is_portfolio || is_liquidity || is_operations, "flows.csv", 0},
        {files->gl, is_portfolio || is_liquidity || is_capital, "gl.csv", 0},
        {files->borrowings, is_liquidity, "borrowings.csv", TYPE_LIQUIDITY},
        {files->placements, is_liquidity, "placements.csv", TYPE_LIQUIDITY},
        {files->schedule, is_liquidity, "schedule.csv", TYPE_LIQUIDITY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!rows[i].is_there) {
            continue;
        }
        if (rows[i].type != 0 && wishes[rows[i].type] == BOOK_WISHED_NIL) {
            return complain(work->complaint, ERR_REFUSED,
                            "manifest.ini says NIL %s, but %s is in the folder. Take one of the "
                            "two out.",
                            report_type_name(rows[i].type), rows[i].file);
        }
        if (!rows[i].is_read) {
            book_notes_add(work->notes, SEVERITY_INFO,
                           "%s: not read, as manifest.ini asks for no report of it", rows[i].file);
        }
    }
    return ERR_OK;
}

/* What is missing, for a report that manifest.ini asks for. */
static const char *const needed[] = {
    [TYPE_PORTFOLIO] = "loans.csv is missing in the folder: put it there",
    [TYPE_LIQUIDITY] = "neither deposits.csv nor a gl.csv with mapped accounts is in the folder: "
                       "put one there",
    [TYPE_OPERATIONS] =
        "neither ops.csv nor RENEG rows in flows.csv are in the folder: fill in the "
        "ops-template.csv that `mfi-agent init` wrote, as ops.csv",
    [TYPE_CAPITAL] = "neither a gl.csv with accounts mapped to its items nor capital fields in "
                     "ops.csv are in the folder: put one there",
    [TYPE_EXPOSURES] = "loans.csv is missing in the folder: put it there",
};

static enum err check_wish(const struct book_work *work, const struct files *files,
                           const struct book_sources *sources, int type)
{
    enum book_wish wish = work->manifest.reports[type];
    if (wish == BOOK_WISHED && !has_source(work, files, sources, type)) {
        return complain(work->complaint, ERR_NOT_FOUND, "manifest.ini asks for %s, but %s.",
                        report_type_name(type), needed[type]);
    }
    if (wish != BOOK_NOT_WISHED && !fits_period(work, type)) {
        return complain(work->complaint, ERR_REFUSED,
                        "manifest.ini asks for %s, which is a report of a month%s, but the period "
                        "is %s. Take it out of reports.",
                        report_type_name(type), type == TYPE_CAPITAL ? " or a quarter" : "",
                        work->manifest.key);
    }
    if (wish != BOOK_WISHED && book_ops_has(sources->ops, type)) {
        return complain(
            work->complaint, ERR_REFUSED,
            "ops.csv gives fields of %s, but no such report is made of this folder: %s, "
            "or take these rows out.",
            report_type_name(type),
            has_source(work, files, sources, type) ? "ask for it in manifest.ini" : needed[type]);
    }
    return ERR_OK;
}

static enum err check_wishes(const struct book_work *work, const struct files *files,
                             const struct book_sources *sources)
{
    bool is_any = false;
    for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
        is_any |= work->manifest.reports[type] != BOOK_NOT_WISHED;
    }
    if (!is_any) {
        return complain(work->complaint, ERR_REFUSED,
                        "There is nothing to report: the folder holds no loans.csv, no "
                        "deposits.csv, no ops.csv with values, and no gl.csv with mapped accounts. "
                        "Put the extracts there, or write reports = NIL and a type in "
                        "manifest.ini.");
    }
    enum err err = ERR_OK;
    for (int type = TYPE_PORTFOLIO; err == ERR_OK && type <= TYPE_LAST; type++) {
        err = check_wish(work, files, sources, type);
    }
    return err;
}

/* ---- reading ---- */

/* Room for what the extracts make. */
struct read_sums {
    struct book_loans loans;
    struct book_deposits deposits;
    struct book_flows flows;
    struct book_gl_sums gl;
    struct book_ops *ops;
    struct book_explanations *explanations;
    struct book_borrowings borrowings;
    struct book_placements placements;
    struct book_schedule schedule;
};

static bool is_wished(const struct book_work *work, int type)
{
    return work->manifest.reports[type] == BOOK_WISHED;
}

/* May the report be made: is it asked for, or nothing in particular? */
static bool may_be_wished(const struct book_work *work, int type)
{
    return !work->manifest.names_reports || is_wished(work, type);
}

/* The small files first: what is in them tells which reports there are. */
static enum err read_small(struct book_work *work, const struct files *files,
                           struct read_sums *sums, struct book_sources *sources)
{
    enum err err = ERR_OK;
    if (files->ops) {
        err = book_ops_read(work, &sums->ops);
        sources->ops = sums->ops;
    }
    if (err == ERR_OK && files->explanations) {
        err = book_explain_read(work, &sums->explanations);
        sources->explanations = sums->explanations;
    }
    if (err == ERR_OK && files->flows &&
        (may_be_wished(work, TYPE_PORTFOLIO) || may_be_wished(work, TYPE_LIQUIDITY) ||
         may_be_wished(work, TYPE_OPERATIONS))) {
        err = book_flows_read(work, &sums->flows);
        sources->flows = &sums->flows;
    }
    return err;
}

static enum err read_ladders(struct book_work *work, const struct files *files,
                             struct read_sums *sums, struct book_ladders *ladders)
{
    enum err err = ERR_OK;
    if (files->borrowings) {
        err = book_borrowings_read(work, &sums->borrowings);
        ladders->borrowings = &sums->borrowings;
    }
    if (err == ERR_OK && files->placements) {
        err = book_placements_read(work, &sums->placements);
        ladders->placements = &sums->placements;
    }
    if (err == ERR_OK && files->schedule) {
        err = book_schedule_read(work, &sums->schedule);
        ladders->schedule = &sums->schedule;
    }
    return err;
}

/* A file whose reports are not wished is not read. */
static enum err read_extracts(struct book_work *work, const struct files *files,
                              struct read_sums *sums, struct book_sources *sources)
{
    bool is_portfolio = is_wished(work, TYPE_PORTFOLIO);
    bool is_liquidity = is_wished(work, TYPE_LIQUIDITY);
    bool is_exposures = is_wished(work, TYPE_EXPOSURES);
    enum err err = ERR_OK;
    if (files->loans && (is_portfolio || is_exposures)) {
        err = book_loans_read(work, &sums->loans);
        sources->loans = &sums->loans;
    }
    if (err == ERR_OK && files->deposits && (is_liquidity || is_exposures)) {
        err = book_deposits_read(work, &sums->deposits);
        sources->deposits = &sums->deposits;
    }
    if (err == ERR_OK && files->gl &&
        (is_portfolio || is_liquidity || is_wished(work, TYPE_CAPITAL))) {
        err = book_gl_read(work, &sums->gl);
        sources->gl = &sums->gl;
    }
    return err == ERR_OK && is_liquidity ? read_ladders(work, files, sums, &sources->ladders) : err;
}

static enum err make_reports(const struct book_work *work, const struct book_sources *sources,
                             struct book *book)
{
    for (size_t i = 0; i < REPORT_ROWS; i++) {
        enum book_wish wish = work->manifest.reports[report_rows[i].type];
        PbReport *report = NULL;
        if (wish == BOOK_NOT_WISHED) {
            continue;
        }
        enum err err = book_report_make(work, report_rows[i].type, &report);
        if (err == ERR_OK && wish == BOOK_WISHED) {
            err = report_rows[i].put(work, sources, report);
            err = err != ERR_OK ? err : book_ops_put(work, sources->ops, report);
        }
        err = err != ERR_OK ? err : book_explain_put(work, sources->explanations, report);
        if (err != ERR_OK) {
            return err;
        }
        report->has_nil = wish == BOOK_WISHED_NIL;
        report->nil = report->has_nil;
        book->reports[book->count++] = report;
    }
    return ERR_OK;
}

static enum err prepare(struct book_work *work)
{
    if (sodium_init() < 0) {
        return complain(work->complaint, ERR_IO, "The system gives no random numbers.");
    }
    randombytes_buf(work->secret, sizeof work->secret);
    enum err err = book_gl_check(&work->maps->gl, work->complaint);
    return err != ERR_OK ? err
                         : book_vocabulary_make(work->maps, work->options->settings, work->arena,
                                                work->complaint, &work->words);
}

/* One thing in two places: neither is taken in silence. */
static enum err check_once(const struct book_work *work)
{
    static const char *const names[] = {"loans.csv",      "deposits.csv",   "flows.csv",   "gl.csv",
                                        "borrowings.csv", "placements.csv", "schedule.csv"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (book_query_file(work->query, names[i]) != NULL &&
            book_folder_has(work->folder, names[i])) {
            return complain(work->complaint, ERR_REFUSED,
                            "%s is in the folder, and the database makes it, too (source = sql). "
                            "Take the file out, or the query out of a copy of the queries.",
                            names[i]);
        }
    }
    return ERR_OK;
}

static enum err open_source(struct book_work *work)
{
    const struct book_options *options = work->options;
    struct book_query_source *source = arena_take(work->arena, sizeof *source);
    if (source == NULL) {
        return book_no_memory(work);
    }
    if (options->find_source == NULL ||
        !options->find_source(options->source_context, work->manifest.institution, source)) {
        return complain(work->complaint, ERR_CONFIG,
                        "manifest.ini says source = sql, but agent.conf names no database for %s. "
                        "Give its group there dsn and queries.",
                        work->manifest.institution);
    }
    enum err err = book_query_open(source, &work->manifest, work->complaint, &work->query);
    return err == ERR_OK ? check_once(work) : err;
}

static enum err read_folder(struct book_work *work, struct book *book)
{
    struct book_sources sources = {0};
    struct files files = find_files(work);
    struct read_sums *sums = arena_take(work->arena, sizeof *sums);
    if (sums == NULL) {
        return book_no_memory(work);
    }
    enum err err = read_small(work, &files, sums, &sources);
    if (err == ERR_OK) {
        wish_by_files(work, &files, &sources);
        err = check_wishes(work, &files, &sources);
    }
    if (err == ERR_OK) {
        err = check_unwished(work, &files);
    }
    if (err == ERR_OK) {
        err = read_extracts(work, &files, sums, &sources);
    }
    if (err == ERR_OK) {
        book_sources_compare(work, &sources);
        err = make_reports(work, &sources, book);
    }
    return err;
}

enum err book_read(const char *path, const struct book_options *options, struct arena *arena,
                   struct complaint *complaint, struct book **ret_book)
{
    AUTO(book_folder_close) struct book_folder *folder = NULL;
    struct book *book = arena_take(arena, sizeof *book);
    struct book_work *work = arena_take(arena, sizeof *work);
    if (book == NULL || work == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory.");
    }
    book->settings = options->settings;
    book->notes.arena = arena;
    work->options = options;
    work->maps = options->maps != NULL ? options->maps : book_maps_default();
    work->arena = arena;
    work->complaint = complaint;
    work->notes = &book->notes;
    enum err err = book_folder_open(path, complaint, &folder);
    work->folder = folder;
    if (err == ERR_OK) {
        err = prepare(work);
    }
    if (err == ERR_OK) {
        err = book_manifest_read(folder, options, arena, complaint, &book->notes, &work->manifest);
    }
    if (err == ERR_OK && work->manifest.is_sql) {
        err = open_source(work);
    }
    if (err == ERR_OK) {
        err = read_folder(work, book);
    }
    book_query_close(&work->query);
    sodium_memzero(work->secret, sizeof work->secret);
    work->folder = NULL;
    book->manifest = work->manifest;
    if (err == ERR_OK) {
        *ret_book = book;
    }
    return err;
}

/* ---- what was read ---- */

size_t book_report_count(const struct book *book)
{
    return book->count;
}

PbReport *book_report_at(const struct book *book, size_t index)
{
    return book->reports[index];
}

const char *book_institution(const struct book *book)
{
    return book->manifest.institution;
}

const char *book_period_key(const struct book *book)
{
    return book->manifest.key;
}

const PbSettings *book_settings(const struct book *book)
{
    return book->settings;
}

bool book_reason(const struct book *book, Ihuriro__V1__Report__Reason *ret_reason)
{
    if (book->manifest.has_reason) {
        *ret_reason = book->manifest.reason;
    }
    return book->manifest.has_reason;
}

size_t book_note_count(const struct book *book)
{
    return book->notes.count;
}

const char *book_note_at(const struct book *book, size_t index)
{
    return book->notes.rows[index].text;
}

enum severity book_note_severity(const struct book *book, size_t index)
{
    return book->notes.rows[index].severity;
}
