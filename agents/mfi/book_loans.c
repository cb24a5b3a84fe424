#include "agents/mfi/book_loans.h"

#include <stdio.h>
#include <string.h>

#include "proto/money.h"

#define FILE_NAME "loans.csv"

const int32_t book_bucket_edges[BOOK_BUCKETS + 1] = {0,  1,   30,  31,  60,  61,       90,
                                                     91, 180, 181, 360, 361, INT32_MAX};

/* What one pass holds. */
struct pass {
    struct book_work *work;
    struct book_extract extract;
    struct book_loan_reader reader;
    struct book_refs *refs;
    struct book_parties *borrowers;
    struct book_hash borrower; /* of the row */
    struct book_loans *loans;
    int64_t control; /* Σ principal_outstanding of all rows */
    /* Totals of whole columns. Each other sum is a part of one of them, so these are the only ones
     * that can overflow first. */
    int64_t disbursed_total;
    int64_t written_off_total;
    int64_t provision_total;
    int64_t collateral_total;
};

static void pass_close(struct pass *pass)
{
    book_extract_close(&pass->extract);
    book_refs_close(&pass->refs);
    book_parties_close(&pass->borrowers);
}

/* ---- sums ---- */

static enum err add_totals(struct pass *pass, const struct book_loan *loan)
{
    const struct {
        int64_t *total;
        int64_t amount;
        enum book_loan_column column;
    } rows[] = {
        {&pass->control, loan->outstanding.value, LOAN_OUTSTANDING},
        {&pass->disbursed_total, loan->disbursed.value, LOAN_DISBURSED},
        {&pass->written_off_total, loan->written_off.value, LOAN_WRITTEN_OFF},
        {&pass->provision_total, loan->provision.value, LOAN_PROVISION},
        {&pass->collateral_total, loan->collateral.value, LOAN_COLLATERAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (money_add(*rows[i].total, rows[i].amount, rows[i].total) != ERR_OK) {
            return book_rows_refuse(pass->extract.rows, rows[i].column, ERR_RANGE,
                                    "makes the column's sum larger than can be. Look for amounts "
                                    "with too many digits.");
        }
    }
    return ERR_OK;
}

static void add_sum(struct book_sum *sum, int64_t amount)
{
    sum->amount += amount;
    sum->loans++;
}

static size_t bucket_of(int32_t overdue)
{
    size_t bucket = BOOK_BUCKETS - 1;
    while (book_bucket_edges[bucket] > overdue) {
        bucket--;
    }
    return bucket;
}

static size_t month_of(int32_t as_of, int32_t day)
{
    int from[3] = {0};
    int to[3] = {0};
    day_to_date(as_of, &from[0], &from[1], &from[2]);
    day_to_date(day, &to[0], &to[1], &to[2]);
    int months = (to[0] - from[0]) * 12 + to[1] - from[1];
    return months < BOOK_MONTHS - 1 ? (size_t)months : BOOK_MONTHS - 1;
}

void book_month_name(int32_t as_of, size_t index, char ret_name[static 8])
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (index == BOOK_MONTHS - 1) {
        memcpy(ret_name, "LATER", 6);
        return;
    }
    day_to_date(day_add_months(as_of, (int)index), &year, &month, &day);
    (void)snprintf(ret_name, 8, "%04u-%02u", (unsigned)year % 10000, (unsigned)month % 100);
}

static void add_aging(struct book_loans *loans, const struct book_loan *loan)
{
    int64_t amount = loan->outstanding.value;
    struct book_bucket *bucket = &loans->buckets[bucket_of(loan->days)];
    add_sum(&loans->outstanding, amount);
    bucket->loans++;
    bucket->outstanding += amount;
    bucket->overdue += loan->overdue.value;
    if (loan->is_restructured) {
        bucket->restructured += amount;
        add_sum(&loans->restructured, amount);
    }
    if (loan->is_in_moratorium) {
        bucket->moratorium += amount;
        bucket->moratorium_restructured += loan->is_restructured ? amount : 0;
    }
}

/* P07 to P10, P25, P26 (D7, D8, D59). */
static void add_relief(const struct book_manifest *manifest, struct book_loans *loans,
                       const struct book_loan *loan)
{
    int32_t as_of = manifest->period.end_day;
    int32_t until = loan->moratorium_until;
    int64_t amount = loan->outstanding.value;
    if (loan->is_in_moratorium) {
        int32_t left = until - as_of;
        add_sum(&loans->moratorium, amount);
        loans->moratorium_ending[left <= 30 ? 0 : left <= 90 ? 1 : 2] += amount;
        add_sum(&loans->moratorium_months[month_of(as_of, until)], amount);
    }
    if (until != BOOK_NO_DAY && until >= manifest->period.start_day - 1 && until < as_of) {
        loans->moratorium_ended += amount;
        loans->moratorium_ended_paying += loan->days == 0 ? amount : 0;
    }
    bool was_restructured =
        !loan->times_restructured.is_known || loan->times_restructured.value > 0;
    if (was_restructured && loan->restructured_on != BOOK_NO_DAY &&
        book_in_period(manifest, loan->restructured_on)) {
        add_sum(&loans->restructured_in_period, amount);
    }
    if (loan->is_cured_in_period) {
        add_sum(&loans->cured_in_period, amount);
    }
}

static void add_class(struct book_loans *loans, const struct book_loan *loan)
{
    struct book_class_sum *sum = &loans->class_sums[loan->class_index];
    int64_t uncovered = loan->outstanding.value - loan->collateral.value;
    sum->outstanding += loan->outstanding.value;
    sum->collateral += loan->collateral.value;
    sum->held += loan->provision.value;
    sum->uncovered += uncovered > 0 ? uncovered : 0;
    loans->provision += loan->provision.value;
    if (loan->relation != RELATION_NONE) {
        loans->related += loan->outstanding.value;
        loans->insiders += loan->relation == RELATION_INSIDER ? loan->outstanding.value : 0;
    }
}

/* The borrower's gender and age are those of the first counted row (D9), and the loan is shown
 * under them. */
static enum err add_borrower(struct pass *pass, struct book_loan *loan)
{
    uint32_t index = 0;
    struct book_party *party = NULL;
    if (book_parties_at(pass->borrowers, pass->borrower, &index, &party) != ERR_OK) {
        return book_no_memory(pass->work);
    }
    uint32_t members = loan->members.value > 1 ? (uint32_t)loan->members.value : 1;
    party->amount += loan->outstanding.value;
    if (party->members == 0) {
        party->members = members;
        memcpy(party->codes, loan->codes, sizeof loan->codes);
        return ERR_OK;
    }
    party->members = members > party->members ? members : party->members;
    if (party->codes[BOOK_GENDER] != loan->codes[BOOK_GENDER]) {
        book_tally_add(&pass->reader.tallies.two_genders, book_rows_line(pass->extract.rows));
    }
    loan->codes[BOOK_GENDER] = party->codes[BOOK_GENDER];
    loan->codes[BOOK_AGE] = party->codes[BOOK_AGE];
    for (unsigned i = 1; i < BOOK_DIMENSIONS; i++) {
        if (loan->codes[i] != party->codes[i] &&
            book_parties_add_code(pass->borrowers, index, i, loan->codes[i]) != ERR_OK) {
            return book_no_memory(pass->work);
        }
    }
    return ERR_OK;
}

static void add_breakdown(struct book_loans *loans, const struct book_loan *loan, bool is_disbursed,
                          bool is_written_off)
{
    struct book_measures measures = {0};
    if (loan->is_counted) {
        int64_t amount = loan->outstanding.value;
        measures.loans = 1;
        measures.outstanding = amount;
        measures.par30 = loan->days > 30 ? amount : 0;
        measures.par90 = loan->days > 90 ? amount : 0;
        measures.restructured = loan->is_restructured ? amount : 0;
    }
    measures.disbursed = is_disbursed ? loan->disbursed.value : 0;
    measures.written_off = is_written_off ? loan->written_off.value : 0;
    if (loan->is_counted || measures.disbursed > 0 || measures.written_off > 0) {
        book_breakdown_add(loans->breakdown, loan->codes, &measures);
    }
}

static enum err add_loan(struct pass *pass, struct book_loan *loan)
{
    const struct book_manifest *manifest = &pass->work->manifest;
    struct book_loans *loans = pass->loans;
    bool is_disbursed = book_in_period(manifest, loan->disbursed_on);
    bool is_written_off =
        loan->written_off_on != BOOK_NO_DAY && book_in_period(manifest, loan->written_off_on);
    if (is_disbursed) {
        add_sum(&loans->disbursed, loan->disbursed.value);
    }
    if (is_written_off) {
        add_sum(&loans->written_off, loan->written_off.value);
        if (!loan->written_off.is_known && book_rows_has(pass->extract.rows, LOAN_WRITTEN_OFF)) {
            book_tally_add(&pass->reader.tallies.no_written_off,
                           book_rows_line(pass->extract.rows));
        }
    }
    if (loan->is_counted) {
        enum err err = add_borrower(pass, loan);
        if (err != ERR_OK) {
            return err;
        }
        add_aging(loans, loan);
        add_relief(manifest, loans, loan);
        add_class(loans, loan);
    } else {
        book_tally_add(&pass->reader.tallies.not_counted, book_rows_line(pass->extract.rows));
    }
    add_breakdown(loans, loan, is_disbursed, is_written_off);
    return ERR_OK;
}

/* ---- the pass ---- */

/* The tables are larger than the processor's cache: their places are brought near while the row is
 * read. */
static enum err take_row(struct pass *pass, const struct book_cell *cells)
{
    const struct book_rows *rows = pass->extract.rows;
    const struct book_cell *ref = &cells[LOAN_REF];
    const struct book_cell *borrower = &cells[LOAN_BORROWER];
    struct book_loan loan;
    enum err err = book_cell_reference(rows, LOAN_REF, cells);
    if (err == ERR_OK) {
        err = book_cell_reference(rows, LOAN_BORROWER, cells);
    }
    if (err != ERR_OK) {
        return err;
    }
    struct book_seen seen = {pass->refs, book_hash_of(pass->work->secret, ref->text, ref->size)};
    pass->borrower = book_hash_of(pass->work->secret, borrower->text, borrower->size);
    book_refs_prefetch(pass->refs, seen.hash);
    book_parties_prefetch_index(pass->borrowers, pass->borrower);
    err = book_loan_read(&pass->reader, cells, &loan);
    if (err == ERR_OK) {
        book_parties_prefetch(pass->borrowers, pass->borrower);
        err = book_extract_add_reference(pass->work, &pass->extract, &book_loan_table, ref, seen);
    }
    if (err == ERR_OK) {
        err = add_totals(pass, &loan);
    }
    return err == ERR_OK ? add_loan(pass, &loan) : err;
}

static void visit_borrower(void *context, const struct book_party *party)
{
    struct book_loans *loans = context;
    loans->borrowers += party->members;
    loans->women += party->codes[BOOK_GENDER] == BOOK_GENDER_F ? party->members : 0;
    book_top_add(&loans->top, party->amount);
    book_breakdown_add_party(loans->breakdown, party);
}

static void visit_code(void *context, const struct book_party *party, unsigned dimension,
                       uint8_t code)
{
    struct book_loans *loans = context;
    book_breakdown_add_code(loans->breakdown, party, dimension, code);
}

/* D2. */
static enum err check_control(const struct pass *pass)
{
    const struct book_manifest *manifest = &pass->work->manifest;
    char stated[32];
    char found[32];
    if (manifest->rows != pass->loans->rows) {
        return complain(pass->work->complaint, ERR_REFUSED,
                        "manifest.ini says rows = %llu, but %s holds %llu data rows. The "
                        "extract is cut off or not the one that was counted: extract it again.",
                        (unsigned long long)manifest->rows, book_rows_file(pass->extract.rows),
                        (unsigned long long)pass->loans->rows);
    }
    if (manifest->sum != pass->control) {
        money_format(manifest->sum, manifest->exponent, stated);
        money_format(pass->control, manifest->exponent, found);
        return complain(
            pass->work->complaint, ERR_REFUSED,
            "manifest.ini says sum_principal_outstanding = %s, but the rows of %s make %s. Extract "
            "both again from the same data.",
            stated, book_rows_file(pass->extract.rows), found);
    }
    return ERR_OK;
}

static void note_tallies(const struct pass *pass)
{
    const struct book_loan_tallies *tallies = &pass->reader.tallies;
    const struct {
        enum severity severity;
        const struct book_tally *tally;
        const char *what;
    } rows[] = {
        {SEVERITY_WARNING, &tallies->gender, "gender not given or not known, counted as U"},
        {SEVERITY_WARNING, &tallies->product,
         "product is in no map, counted as UNK: add it to `products` in agent.conf"},
        {SEVERITY_WARNING, &tallies->sector,
         "sector is in no map, counted as UNK: add it to `sectors` in agent.conf"},
        {SEVERITY_WARNING, &tallies->district, "district not given or not known, counted as XXX"},
        {SEVERITY_WARNING, &tallies->age, "year of birth cannot be, age counted as U"},
        {SEVERITY_WARNING, &tallies->two_genders,
         "the borrower had another gender on an earlier line; the first is taken"},
        {SEVERITY_WARNING, &tallies->no_overdue_amount,
         "principal_overdue is empty for a late loan: the report is made without it"},
        {SEVERITY_WARNING, &tallies->no_provision,
         "provision is empty: the report is made without what is held"},
        {SEVERITY_WARNING, &tallies->no_written_off,
         "written_off_amount is empty for a loan written off in the period: the report is made "
         "without what loans.csv says of write-offs"},
        {SEVERITY_INFO, &tallies->not_counted,
         "no balance, disbursed after as_of or written off by then: not in the stocks"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        book_notes_tally(pass->work->notes, rows[i].severity, book_rows_file(pass->extract.rows),
                         rows[i].tally, rows[i].what);
    }
}

static enum err begin(struct pass *pass)
{
    struct book_work *work = pass->work;
    const struct book_rows *rows = pass->extract.rows;
    const PbSettings *settings = work->options->settings;
    struct book_loan_reader *reader = &pass->reader;
    bool has_branch = book_rows_has(rows, LOAN_BRANCH);
    const bool is_present[BOOK_DIMENSIONS] = {
        [BOOK_GENDER] = true,
        [BOOK_SECTOR] = true,
        [BOOK_PRODUCT] = true,
        [BOOK_SIZE] = true,
        [BOOK_DISTRICT] =
            book_rows_has(rows, LOAN_DISTRICT) || (has_branch && work->words.branches != NULL),
        [BOOK_BRANCH] = has_branch,
        [BOOK_AGE] = book_rows_has(rows, LOAN_BIRTH_YEAR) || book_rows_has(rows, LOAN_BIRTH_DATE),
    };
    if (!book_rows_has(rows, LOAN_OVERDUE_SINCE) && !book_rows_has(rows, LOAN_DAYS_OVERDUE)) {
        return complain(work->complaint, ERR_MALFORMED,
                        "%s line 1: the header lacks overdue_since, and days_overdue in its place. "
                        "Add one of the two to the extract.",
                        book_rows_file(rows));
    }
    enum err err = book_breakdown_open(work, is_present, &pass->loans->breakdown);
    uint64_t expected = book_extract_expected(&pass->extract, work->manifest.rows);
    if (err == ERR_OK && (book_refs_open(expected, &pass->refs) != ERR_OK ||
                          book_parties_open(expected, &pass->borrowers) != ERR_OK)) {
        err = book_no_memory(work);
    }
    reader->work = work;
    reader->rows = rows;
    reader->breakdown = pass->loans->breakdown;
    reader->classes_count =
        book_classes_take(settings, work->manifest.period.end_day, reader->classes);
    reader->cure_months =
        settings != NULL && settings->has_cure_months ? (int)settings->cure_months : 12;
    reader->moratorium_is_restructuring = settings != NULL && settings->moratorium_is_restructuring;
    return err;
}

static void end(struct pass *pass)
{
    struct book_loans *loans = pass->loans;
    const struct book_rows *rows = pass->extract.rows;
    loans->rows = book_rows_count(rows);
    loans->has_overdue =
        book_rows_has(rows, LOAN_OVERDUE) && pass->reader.tallies.no_overdue_amount.count == 0;
    loans->has_moratorium = book_rows_has(rows, LOAN_MORATORIUM_UNTIL);
    loans->has_provision =
        book_rows_has(rows, LOAN_PROVISION) && pass->reader.tallies.no_provision.count == 0;
    loans->has_collateral = book_rows_has(rows, LOAN_COLLATERAL);
    loans->has_related = book_rows_has(rows, LOAN_RELATED);
    loans->has_written_off = book_rows_has(rows, LOAN_WRITTEN_OFF_ON) &&
                             book_rows_has(rows, LOAN_WRITTEN_OFF) &&
                             pass->reader.tallies.no_written_off.count == 0;
    loans->classes_count = pass->reader.classes_count;
    memcpy(loans->classes, pass->reader.classes, sizeof loans->classes);
    book_parties_walk(pass->borrowers, visit_borrower, visit_code, loans);
    note_tallies(pass);
}

enum err book_loans_read(struct book_work *work, struct book_loans *ret_loans)
{
    const struct book_cell *cells = NULL;
    AUTO(pass_close) struct pass pass = {.work = work, .loans = ret_loans};
    if (!work->manifest.has_control && !work->manifest.is_sql) {
        return complain(work->complaint, ERR_MALFORMED,
                        "manifest.ini lacks rows or sum_principal_outstanding. Give the number of "
                        "data rows of " FILE_NAME " and the sum of that column.");
    }
    enum err err = book_extract_open(work, FILE_NAME, &book_loan_table, &pass.extract);
    if (err == ERR_OK) {
        err = begin(&pass);
    }
    while (err == ERR_OK) {
        err = book_rows_next(pass.extract.rows, &cells);
        if (err != ERR_OK || cells == NULL) {
            break;
        }
        err = take_row(&pass, cells);
    }
    if (err == ERR_OK) {
        end(&pass);
        err = work->manifest.has_control ? check_control(&pass) : ERR_OK;
    }
    return err;
}
