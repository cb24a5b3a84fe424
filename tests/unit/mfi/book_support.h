/* A folder of extracts made by a test, and what the book side says to it. */
#ifndef IHURIRO_TESTS_UNIT_MFI_BOOK_SUPPORT_H
#define IHURIRO_TESTS_UNIT_MFI_BOOK_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/mfi/book.h"
#include "proto/period.h"

#define HEADER                                                                    \
    "loan_ref,borrower_ref,product,sector,gender,disbursed_on,matures_on,"        \
    "principal_disbursed,principal_outstanding,overdue_since,times_restructured," \
    "restructured_on"
/* A row of it: reference, outstanding, overdue_since. */
#define LOAN(ref, amount, since) \
    ref ",B-" ref ",INDIV,AGRI,F,2019-06-01,2021-06-01,1000000," amount "," since ",0,"

struct folder {
    char path[64];
    struct arena arena;
    struct complaint complaint;
    struct book *book;
    struct book_options options;
};

static inline int folder_setup(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    assert_non_null(folder);
    memcpy(folder->path, "/tmp/ihuriro-book-XXXXXX", 25);
    assert_non_null(mkdtemp(folder->path));
    folder->options.now_us = INT64_C(1593763200000000); /* 2020-07-03 08:00 */
    *state = folder;
    return 0;
}

static inline int folder_teardown(void **state)
{
    static const char *const names[] = {"manifest.ini",   "loans.csv",      "deposits.csv",
                                        "flows.csv",      "gl.csv",         "ops.csv",
                                        "borrowings.csv", "placements.csv", "schedule.csv"};
    struct folder *folder = *state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", folder->path, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder->path), 0);
    arena_close(&folder->arena);
    free(folder);
    return 0;
}

static inline void put_bytes(const struct folder *folder, const char *name, const char *text,
                             size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void put(const struct folder *folder, const char *name, const char *text)
{
    put_bytes(folder, name, text, strlen(text));
}

/* A manifest of June 2020 with its control total, and more lines. */
static inline void put_manifest(const struct folder *folder, int rows, const char *sum,
                                const char *more)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "institution_id = RW-TEST-1\nas_of = 2020-06-30\ncurrency = RWF\nrows = %d\n"
                   "sum_principal_outstanding = %s\n%s",
                   rows, sum, more);
    put(folder, "manifest.ini", text);
}

static inline enum err read_again(struct folder *folder)
{
    arena_reset(&folder->arena);
    folder->book = NULL;
    folder->complaint.text[0] = '\0';
    return book_read(folder->path, &folder->options, &folder->arena, &folder->complaint,
                     &folder->book);
}

static inline void assert_read(struct folder *folder)
{
    enum err err = read_again(folder);
    if (err != ERR_OK) {
        fail_msg("%s: %s", err_text(err), folder->complaint.text);
    }
}

static inline void assert_refused(struct folder *folder, enum err expected, const char *complaint)
{
    enum err err = read_again(folder);
    assert_string_equal(folder->complaint.text, complaint);
    assert_int_equal(err, expected);
    assert_null(folder->book);
}

static inline const PbReport *report_of(const struct folder *folder, int type)
{
    for (size_t i = 0; i < book_report_count(folder->book); i++) {
        if ((int)book_report_at(folder->book, i)->type == type) {
            return book_report_at(folder->book, i);
        }
    }
    return NULL;
}

static inline const PbPortfolio *portfolio_of(const struct folder *folder)
{
    static const PbPortfolio none; /* not reached: assert does not return */
    const PbReport *report = report_of(folder, TYPE_PORTFOLIO);
    assert_true(report != NULL && report->portfolio != NULL);
    return report != NULL ? report->portfolio : &none;
}

static inline const PbLiquidity *liquidity_of(const struct folder *folder)
{
    static const PbLiquidity none; /* not reached: assert does not return */
    const PbReport *report = report_of(folder, TYPE_LIQUIDITY);
    assert_true(report != NULL && report->liquidity != NULL);
    return report != NULL ? report->liquidity : &none;
}

enum { GENDER = 1, SECTOR, PRODUCT, SIZE, DISTRICT, BRANCH, AGE };

static inline const PbBreakdownRow *row_of(const PbPortfolio *portfolio, int dim, const char *code,
                                           const char *code2)
{
    for (size_t i = 0; i < portfolio->n_breakdown; i++) {
        const PbBreakdownRow *row = portfolio->breakdown[i];
        bool is_second =
            code2 == NULL ? !row->has_dim2 : row->has_dim2 && strcmp(row->code2, code2) == 0;
        if ((int)row->dim == dim && strcmp(row->code, code) == 0 && is_second) {
            return row;
        }
    }
    return NULL;
}

static inline void assert_row(const struct folder *folder, int dim, const char *code,
                              int64_t outstanding, uint64_t borrowers)
{
    const PbBreakdownRow *row = row_of(portfolio_of(folder), dim, code, NULL);
    if (row == NULL) {
        fail_msg("no row %s", code);
        return;
    }
    assert_int_equal(row->outstanding, outstanding);
    assert_int_equal(row->borrowers, borrowers);
}

static inline bool has_note(const struct folder *folder, enum severity severity, const char *text)
{
    for (size_t i = 0; i < book_note_count(folder->book); i++) {
        if (strcmp(book_note_at(folder->book, i), text) == 0 &&
            book_note_severity(folder->book, i) == severity) {
            return true;
        }
    }
    return false;
}

static inline void assert_note(const struct folder *folder, enum severity severity,
                               const char *text)
{
    if (!has_note(folder, severity, text)) {
        for (size_t i = 0; i < book_note_count(folder->book); i++) {
            print_message("note: %s\n", book_note_at(folder->book, i));
        }
        fail_msg("no note: %s", text);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

#endif
