/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "tests/sim/loanbook.h"

struct book_folder {
    char path[64];
};

static void remove_book(const char *folder)
{
    static const char *const names[] = {"manifest.ini", "loans.csv", "deposits.csv", "flows.csv",
                                        "gl.csv"};
    char path[128];
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static int make_folder(void **state)
{
    struct book_folder *folder = calloc(1, sizeof(*folder));
    assert_non_null(folder);
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/loanbook-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    *state = folder;
    return 0;
}

static int drop_folder(void **state)
{
    remove_book(((struct book_folder *)*state)->path);
    free(*state);
    return 0;
}

static struct loanbook_options options_of(const char *folder, const char *fault)
{
    struct loanbook_options options = {
        .loans = 500, .seed = 11, .folder = folder, .institution = "RW-US-403-01", .fault = fault};
    assert_int_equal(period_parse("2020-06", &options.period), ERR_OK);
    return options;
}

static char *read_file(const char *folder, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 4 * 1024 * 1024);
    assert_non_null(text);
    assert_true(fread(text, 1, 4 * 1024 * 1024 - 1, file) > 0 || feof(file));
    assert_int_equal(fclose(file), 0);
    return text;
}

/* Σ of a column over the rows behind the header; no cell of ours is quoted. */
static int64_t sum_column(char *text, size_t column, int64_t *ret_rows)
{
    int64_t sum = 0;
    *ret_rows = 0;
    char *rest = NULL;
    char *line = strtok_r(text, "\n", &rest);
    while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
        char *cell = line;
        for (size_t i = 0; i < column; i++) {
            cell = strchr(cell, ',');
            assert_non_null(cell);
            cell++;
        }
        sum += strtoll(cell, NULL, 10);
        (*ret_rows)++;
    }
    return sum;
}

static void control_totals_are_those_of_the_file(void **state)
{
    const struct book_folder *folder = *state;
    struct loanbook_options options = options_of(folder->path, NULL);
    struct loanbook_sums sums = {0};
    assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
    AUTO(free_p) char *loans = read_file(folder->path, "loans.csv");
    AUTO(free_p) char *manifest = read_file(folder->path, "manifest.ini");
    char wanted[64];
    int64_t rows = 0;
    assert_int_equal(sum_column(loans, 13, &rows), sums.outstanding);
    assert_int_equal(rows, 500);
    (void)snprintf(wanted, sizeof(wanted), "sum_principal_outstanding = %lld\n",
                   (long long)sums.outstanding);
    assert_non_null(strstr(manifest, wanted));
    assert_non_null(strstr(manifest, "rows = 500\n"));
    assert_non_null(strstr(manifest, "as_of = 2020-06-30\n"));
}

static void the_ledger_balances_at_both_dates(void **state)
{
    const struct book_folder *folder = *state;
    struct loanbook_options options = options_of(folder->path, NULL);
    struct loanbook_sums sums = {0};
    int64_t rows = 0;
    assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
    AUTO(free_p) char *debit = read_file(folder->path, "gl.csv");
    AUTO(free_p) char *credit = read_file(folder->path, "gl.csv");
    AUTO(free_p) char *opening = read_file(folder->path, "gl.csv");
    assert_int_equal(sum_column(debit, 2, &rows), sum_column(credit, 3, &rows));
    assert_int_equal(sum_column(opening, 4, &rows), 0);
}

static void the_ledger_holds_the_loan_book(void **state)
{
    const struct book_folder *folder = *state;
    struct loanbook_options options = options_of(folder->path, NULL);
    struct loanbook_sums sums = {0};
    char wanted[64];
    assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
    AUTO(free_p) char *ledger = read_file(folder->path, "gl.csv");
    (void)snprintf(wanted, sizeof(wanted), "1310,Loans to members,%lld,0,",
                   (long long)sums.outstanding);
    assert_non_null(strstr(ledger, wanted));
}

static void equal_seeds_give_equal_bytes_and_others_do_not(void **state)
{
    const struct book_folder *folder = *state;
    struct loanbook_options options = options_of(folder->path, NULL);
    struct loanbook_sums sums = {0};
    assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
    AUTO(free_p) char *first = read_file(folder->path, "loans.csv");
    assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
    AUTO(free_p) char *second = read_file(folder->path, "loans.csv");
    assert_string_equal(first, second);
    options.seed++;
    assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
    AUTO(free_p) char *third = read_file(folder->path, "loans.csv");
    assert_string_not_equal(first, third);
}

static void every_fault_changes_some_file_and_only_its_own(void **state)
{
    const struct book_folder *folder = *state;
    static const char *const names[] = {"manifest.ini", "loans.csv", "deposits.csv", "gl.csv"};
    struct loanbook_options options = options_of(folder->path, NULL);
    struct loanbook_sums sums = {0};
    char *right[4];
    assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
    for (size_t i = 0; i < 4; i++) {
        right[i] = read_file(folder->path, names[i]);
    }
    size_t count = 0;
    const struct loanbook_fault *faults = loanbook_faults(&count);
    for (size_t k = 1; k < count; k++) {
        options.fault = faults[k].name;
        assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
        int changed = 0;
        for (size_t i = 0; i < 4; i++) {
            char *wrong = read_file(folder->path, names[i]);
            changed += strcmp(wrong, right[i]) != 0 ? 1 : 0;
            free(wrong);
        }
        if (faults[k].place == FAULT_NUL) {
            continue; /* behind the last line, where strcmp does not look */
        }
        assert_true(changed >= 1);
    }
    for (size_t i = 0; i < 4; i++) {
        free(right[i]);
    }
}

static void a_cell_fault_is_in_the_column_that_it_names(void **state)
{
    const struct book_folder *folder = *state;
    struct loanbook_options options = options_of(folder->path, "ambiguous-date");
    struct loanbook_sums sums = {0};
    assert_int_equal(loanbook_write(&options, NULL, &sums), ERR_OK);
    AUTO(free_p) char *loans = read_file(folder->path, "loans.csv");
    assert_non_null(strstr(loans, ",RWF,03/04/2019,"));
}

static void an_unknown_fault_is_refused_with_a_sentence(void **state)
{
    const struct book_folder *folder = *state;
    struct loanbook_options options = options_of(folder->path, "no-such-thing");
    struct loanbook_sums sums = {0};
    struct complaint complaint = {0};
    assert_int_equal(loanbook_write(&options, &complaint, &sums), ERR_USAGE);
    assert_non_null(strstr(complaint.text, "--faults list"));
}

int main(void)
{
#define BOOK_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)
    const struct CMUnitTest tests[] = {
        BOOK_TEST(control_totals_are_those_of_the_file),
        BOOK_TEST(the_ledger_balances_at_both_dates),
        BOOK_TEST(the_ledger_holds_the_loan_book),
        BOOK_TEST(equal_seeds_give_equal_bytes_and_others_do_not),
        BOOK_TEST(every_fault_changes_some_file_and_only_its_own),
        BOOK_TEST(a_cell_fault_is_in_the_column_that_it_names),
        BOOK_TEST(an_unknown_fault_is_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
