/* The book side of the agent: a folder of extracts becomes reports.
 *
 * A folder holds manifest.ini, loans.csv and optionally deposits.csv, flows.csv and gl.csv; or a
 * database makes them (source = sql). One pass over each file; nothing that identifies a client
 * leaves this module: references are kept only as keyed hashes while the folder is read, and no
 * complaint or note repeats one. A bad row refuses the folder (D1): the complaint names file, line,
 * column, the value where it may be shown, and what to do. */
#ifndef IHURIRO_AGENTS_MFI_BOOK_H
#define IHURIRO_AGENTS_MFI_BOOK_H

#include <stdio.h>

#include "proto/messages.h"

/* One word of the institution and the code it stands for. Words are compared without case and
 * accents. */
struct book_word {
    const char *word;
    const char *code;
};

struct book_words {
    const struct book_word *items;
    size_t count;
};

/* An account prefix of gl.csv and the report field it adds to: "L01" or its schema name, "cash".
 * balance = debit - credit (D38), so an item that has credit balances (P14, allowance) is negative
 * here. Of overlapping prefixes the longest wins (D13). */
struct book_gl_row {
    const char *prefix;
    const char *item;
    bool is_negative;
};

struct book_gl {
    const struct book_gl_row *items;
    size_t count;
};

/* What the institution's words mean: agent.conf fills it. book_maps_default gives
 * what holds without configuration; give an empty list to keep a default out. */
struct book_maps {
    struct book_words genders;     /* to F M E G U (D10) */
    struct book_words products;    /* to the codes of P24 PRODUCT; a code stands for itself */
    struct book_words sectors;     /* to the codes of P24 SECTOR; a code stands for itself */
    struct book_words branches;    /* a branch to its district, where a row has no district */
    struct book_words total_words; /* first cells of a totals row (D3); code is not used */
    struct book_gl gl;             /* no default: a chart of accounts is the institution's own */
};

/* Static; the caller copies it and replaces lists. */
const struct book_maps *book_maps_default(void);
/* ERR_CONFIG with what is allowed, when a code or item of the maps is not one of the schema. */
MUST_USE enum err book_maps_check(const struct book_maps *maps, const PbSettings *settings,
                                  struct complaint *complaint);

/* A database that is asked in place of files (manifest.ini: source = sql). */
struct book_query_source {
    const char *dsn;         /* a name of odbc.ini */
    const char *queries;     /* a folder: pack.cfg, loans.sql, ... */
    const char *credentials; /* a file of mode 0400; NULL: what the data source says */
    int64_t seconds;         /* how long a login or a query may take */
};

/* false: the institution has none. */
typedef bool (*book_find_source)(const void *context, const char *institution,
                                 struct book_query_source *ret_source);

struct book_options {
    const PbSettings *settings;   /* in force; NULL: exponents, classes and bands built in */
    const struct book_maps *maps; /* NULL: book_maps_default() */
    const char *date_format;   /* "dd/mm/yyyy", "mm/dd/yyyy", or NULL; the manifest's wins (D12) */
    const char *overdue_basis; /* "ANY", "PRINCIPAL", or NULL: ANY; the manifest's wins */
    int fiscal_year_month;     /* its first month, 1 to 12; 0: 1 (D38) */
    int64_t now_us;            /* Report.produced_at (D20) */
    bool test_data;            /* marks each report */
    book_find_source find_source; /* NULL: no institution has a database */
    const void *source_context;
};

/* The computed reports, the notes, and who and when they are of. Lives in the arena, as all it
 * gives out does. */
struct book;

/* Reads the folder. ERR_BUSY: a database is away or slow, to be tried again. ERR_MALFORMED,
 * ERR_RANGE, ERR_REFUSED, ERR_NOT_FOUND, ERR_IO or ERR_MEMORY with a complaint that a bookkeeper
 * understands; then nothing is made. Blocks while it reads. */
MUST_USE enum err book_read(const char *folder, const struct book_options *options,
                            struct arena *arena, struct complaint *complaint,
                            struct book **ret_book);

/* PORTFOLIO, LIQUIDITY, EXPOSURES, as far as they are made (D24, D30, D59). Unsigned, vintage 1:
 * the caller sets the vintage, and a reason where that is above 1 (book_reason). At least one. */
size_t book_report_count(const struct book *book);
PbReport *book_report_at(const struct book *book, size_t index);

const char *book_institution(const struct book *book);
const char *book_period_key(const struct book *book);
const PbSettings *book_settings(const struct book *book); /* those of the options; may be NULL */
/* The manifest's reason for a correction; false: it gives none. */
bool book_reason(const struct book *book, Ihuriro__V1__Report__Reason *ret_reason);

/* What is worth knowing and refuses nothing: "loans.csv line 7: ...". */
size_t book_note_count(const struct book *book);
const char *book_note_at(const struct book *book, size_t index);
enum severity book_note_severity(const struct book *book, size_t index); /* INFO or WARNING */

/* The computed reports for a person: who, when, main figures and ratios, these by the settings of
 * the institution's category (or NULL). ERR_IO. */
MUST_USE enum err book_print(const struct book *book, const char *category, FILE *file);

#endif
