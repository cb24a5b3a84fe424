#include "agents/mfi/book_explain.h"

#include <string.h>
#include <strings.h>

#include "proto/limits.h"
#include "proto/rules.h"

#define FILE_NAME "explain.csv"
#define ROWS_MAX  200
#define MANDATORY (BOOK_IN_HEADER | BOOK_IN_ROW)

enum explain_column { EXPLAIN_RULE, EXPLAIN_CODE, EXPLAIN_TEXT, EXPLAIN_TYPE, EXPLAIN_COLUMNS };

static const struct book_column columns[EXPLAIN_COLUMNS] = {
    [EXPLAIN_RULE] = {"rule_id", MANDATORY},
    [EXPLAIN_CODE] = {"code", MANDATORY},
    [EXPLAIN_TEXT] = {"text", 0},
    [EXPLAIN_TYPE] = {"type", 0},
};

static const struct book_table table = {columns, EXPLAIN_COLUMNS,
                                        "Take explain.csv out where there is nothing to explain."};

/* The first four make an ERROR that comes from an earlier period a WARNING (D40). */
static const char *const codes[] = {
    "PREVIOUS_WRONG", "REAL_CHANGE", "MERGER",     "SALE",          "TIMING",
    "SEASON",         "POLICY",      "DEFINITION", "SYSTEM_CHANGE", "OTHER",
};

struct book_explanations {
    size_t count;
    struct {
        int type; /* 0: all */
        char *rule;
        char *code;
        char *text; /* or NULL */
    } rows[ROWS_MAX];
};

/* The report that a family of rules is of; others speak of any. */
static const struct {
    const char *family;
    int type;
} families[] = {
    {"POR-", TYPE_PORTFOLIO},
    {"LIQ-", TYPE_LIQUIDITY},
    {"OPS-", TYPE_OPERATIONS},
    {"CAP-", TYPE_CAPITAL},
};

/* LIQ-05, LIQ-14 and POR-18 speak of other reports too. */
static bool is_of_one(const char *rule)
{
    return strcmp(rule, "LIQ-05") != 0 && strcmp(rule, "LIQ-14") != 0 &&
           strcmp(rule, "POR-18") != 0;
}

static bool is_limit(const struct book_work *work, const char *id)
{
    const PbSettings *settings = work->options->settings;
    for (size_t i = 0; settings != NULL && i < settings->n_limits; i++) {
        if (strcmp(settings->limits[i]->id, id) == 0) {
            return true;
        }
    }
    return false;
}

static const char *find_code(const char *text)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcasecmp(codes[i], text) == 0) {
            return codes[i];
        }
    }
    return NULL;
}

static enum err check_row(const struct book_work *work, const struct book_rows *rows,
                          const struct book_cell *cells, int *ret_type)
{
    const char *rule = cells[EXPLAIN_RULE].text;
    *ret_type = 0;
    if (rule_find(rule) == NULL && !is_limit(work, rule)) {
        return book_rows_refuse(rows, EXPLAIN_RULE, ERR_MALFORMED,
                                "is neither a rule nor a limit of the settings. `mfi-agent explain "
                                "--all` lists the rules.");
    }
    if (find_code(cells[EXPLAIN_CODE].text) == NULL) {
        return book_rows_refuse(rows, EXPLAIN_CODE, ERR_MALFORMED,
                                "is no code. Write PREVIOUS_WRONG, REAL_CHANGE, MERGER, SALE, "
                                "TIMING, SEASON, POLICY, DEFINITION, SYSTEM_CHANGE or OTHER.");
    }
    if (strcasecmp(cells[EXPLAIN_CODE].text, "OTHER") == 0 && cells[EXPLAIN_TEXT].size == 0) {
        return book_rows_refuse(rows, EXPLAIN_TEXT, ERR_MALFORMED,
                                "is empty, and OTHER says nothing by itself. Write a sentence.");
    }
    if (cells[EXPLAIN_TEXT].size > TEXT_BYTES_MAX) {
        return book_rows_refuse(rows, EXPLAIN_TEXT, ERR_TOO_LARGE,
                                "is longer than %d bytes. Shorten it.", TEXT_BYTES_MAX);
    }
    if (cells[EXPLAIN_TYPE].size > 0 &&
        report_type_parse(cells[EXPLAIN_TYPE].text, ret_type) != ERR_OK) {
        return book_rows_refuse(rows, EXPLAIN_TYPE, ERR_MALFORMED,
                                "is no report. Write PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL or "
                                "EXPOSURES.");
    }
    for (size_t i = 0; *ret_type == 0 && i < sizeof families / sizeof families[0]; i++) {
        if (strncmp(rule, families[i].family, 4) == 0 && is_of_one(rule)) {
            *ret_type = families[i].type;
        }
    }
    return ERR_OK;
}

static enum err take_row(const struct book_work *work, const struct book_rows *rows,
                         const struct book_cell *cells, struct book_explanations *explanations)
{
    int type = 0;
    enum err err = check_row(work, rows, cells, &type);
    if (err != ERR_OK) {
        return err;
    }
    if (explanations->count == ROWS_MAX) {
        return book_rows_refuse(rows, EXPLAIN_RULE, ERR_TOO_LARGE,
                                "is one explanation too many: %d at most.", ROWS_MAX);
    }
    bool has_text = cells[EXPLAIN_TEXT].size > 0;
    size_t at = explanations->count++;
    explanations->rows[at].type = type;
    explanations->rows[at].rule = arena_text(work->arena, cells[EXPLAIN_RULE].text);
    explanations->rows[at].code = arena_text(work->arena, find_code(cells[EXPLAIN_CODE].text));
    explanations->rows[at].text =
        has_text ? arena_text(work->arena, cells[EXPLAIN_TEXT].text) : NULL;
    bool is_whole = explanations->rows[at].rule != NULL && explanations->rows[at].code != NULL &&
                    (!has_text || explanations->rows[at].text != NULL);
    return is_whole ? ERR_OK : book_no_memory(work);
}

enum err book_explain_read(const struct book_work *work,
                           struct book_explanations **ret_explanations)
{
    AUTO(book_extract_close) struct book_extract extract = {0};
    const struct book_cell *cells = NULL;
    struct book_explanations *explanations = arena_take(work->arena, sizeof *explanations);
    if (explanations == NULL) {
        return book_no_memory(work);
    }
    enum err err = book_extract_open(work, FILE_NAME, &table, &extract);
    while (err == ERR_OK) {
        err = book_rows_next(extract.rows, &cells);
        if (err != ERR_OK || cells == NULL) {
            break;
        }
        err = take_row(work, extract.rows, cells, explanations);
    }
    if (err == ERR_OK) {
        *ret_explanations = explanations;
    }
    return err;
}

enum err book_explain_put(const struct book_work *work,
                          const struct book_explanations *explanations, PbReport *report)
{
    if (explanations == NULL) {
        return ERR_OK;
    }
    report->explanations =
        arena_take(work->arena, (explanations->count + 1) * sizeof *report->explanations);
    for (size_t i = 0; report->explanations != NULL && i < explanations->count; i++) {
        if (explanations->rows[i].type != 0 && explanations->rows[i].type != (int)report->type) {
            continue;
        }
        Ihuriro__V1__Explanation *row = arena_take(work->arena, sizeof *row);
        if (row == NULL) {
            return book_no_memory(work);
        }
        ihuriro__v1__explanation__init(row);
        row->rule = explanations->rows[i].rule;
        row->code = explanations->rows[i].code;
        row->text = explanations->rows[i].text;
        report->explanations[report->n_explanations++] = row;
    }
    return report->explanations == NULL ? book_no_memory(work) : ERR_OK;
}
