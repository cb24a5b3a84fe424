#include "agents/mfi/book_loan.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define DAYS_MAX    40000
#define MEMBERS_MAX 100000
#define AGE_MAX     120

#define MANDATORY (BOOK_IN_HEADER | BOOK_IN_ROW)

static const struct book_column columns[LOAN_COLUMNS] = {
    [LOAN_REF] = {"loan_ref", MANDATORY | BOOK_SECRET},
    [LOAN_BORROWER] = {"borrower_ref", MANDATORY | BOOK_SECRET},
    [LOAN_BRANCH] = {"branch", 0},
    [LOAN_DISTRICT] = {"district", 0},
    [LOAN_PRODUCT] = {"product", BOOK_IN_HEADER},
    [LOAN_SECTOR] = {"sector", BOOK_IN_HEADER},
    [LOAN_GENDER] = {"gender", BOOK_IN_HEADER},
    [LOAN_BIRTH_YEAR] = {"birth_year", 0},
    [LOAN_BIRTH_DATE] = {"birth_date", BOOK_SECRET},
    [LOAN_MEMBERS] = {"members", 0},
    [LOAN_CURRENCY] = {"currency", 0},
    [LOAN_DISBURSED_ON] = {"disbursed_on", MANDATORY},
    [LOAN_MATURES_ON] = {"matures_on", MANDATORY},
    [LOAN_DISBURSED] = {"principal_disbursed", MANDATORY},
    [LOAN_OUTSTANDING] = {"principal_outstanding", MANDATORY},
    [LOAN_OVERDUE] = {"principal_overdue", 0},
    [LOAN_OVERDUE_SINCE] = {"overdue_since", 0},
    [LOAN_DAYS_OVERDUE] = {"days_overdue", 0},
    [LOAN_TIMES_RESTRUCTURED] = {"times_restructured", BOOK_IN_HEADER},
    [LOAN_RESTRUCTURED_ON] = {"restructured_on", BOOK_IN_HEADER},
    [LOAN_MORATORIUM_UNTIL] = {"moratorium_until", 0},
    [LOAN_WRITTEN_OFF_ON] = {"written_off_on", 0},
    [LOAN_WRITTEN_OFF] = {"written_off_amount", 0},
    [LOAN_CLASS] = {"class", 0},
    [LOAN_PROVISION] = {"provision", 0},
    [LOAN_COLLATERAL] = {"eligible_collateral", 0},
    [LOAN_RELATED] = {"related_party", 0},
    [LOAN_NEXT_DUE_ON] = {"next_due_on", 0},
    [LOAN_NEXT_DUE] = {"next_due_principal", 0},
};

const struct book_table book_loan_table = {
    columns, LOAN_COLUMNS,
    "Extract it again; if the institution has no loan at all, write reports = NIL PORTFOLIO in "
    "manifest.ini and take loans.csv out of the folder."};

static const struct {
    enum book_loan_column column;
    size_t offset;
} amounts[] = {
    {LOAN_DISBURSED, offsetof(struct book_loan, disbursed)},
    {LOAN_OUTSTANDING, offsetof(struct book_loan, outstanding)},
    {LOAN_OVERDUE, offsetof(struct book_loan, overdue)},
    {LOAN_WRITTEN_OFF, offsetof(struct book_loan, written_off)},
    {LOAN_PROVISION, offsetof(struct book_loan, provision)},
    {LOAN_COLLATERAL, offsetof(struct book_loan, collateral)},
};

static const struct {
    enum book_loan_column column;
    size_t offset;
    int64_t max;
} numbers[] = {
    {LOAN_DAYS_OVERDUE, offsetof(struct book_loan, days_overdue), DAYS_MAX},
    {LOAN_TIMES_RESTRUCTURED, offsetof(struct book_loan, times_restructured), 1000},
    {LOAN_BIRTH_YEAR, offsetof(struct book_loan, birth_year), BOOK_LAST_YEAR},
    {LOAN_MEMBERS, offsetof(struct book_loan, members), MEMBERS_MAX},
};

static const struct {
    enum book_loan_column column;
    size_t offset;
} days[] = {
    {LOAN_DISBURSED_ON, offsetof(struct book_loan, disbursed_on)},
    {LOAN_MATURES_ON, offsetof(struct book_loan, matures_on)},
    {LOAN_OVERDUE_SINCE, offsetof(struct book_loan, overdue_since)},
    {LOAN_RESTRUCTURED_ON, offsetof(struct book_loan, restructured_on)},
    {LOAN_MORATORIUM_UNTIL, offsetof(struct book_loan, moratorium_until)},
    {LOAN_WRITTEN_OFF_ON, offsetof(struct book_loan, written_off_on)},
    {LOAN_BIRTH_DATE, offsetof(struct book_loan, birth_date)},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct book_class built_in_classes[] = {
    {"NL", 0, 100}, {"WL", 30, 300}, {"SL", 90, 2000}, {"DL", 180, 5000}, {"LL", 360, 10000}};

/* In force for a period that ends on the day, and not replaced by a later row of its code. */
static bool class_is_in_force(const PbSettings *settings, size_t index, const char *end)
{
    const Ihuriro__V1__LoanClass *row = settings->classes[index];
    const char *from = row->from == NULL ? "" : row->from;
    for (size_t i = 0; i < settings->n_classes; i++) {
        const Ihuriro__V1__LoanClass *other = settings->classes[i];
        const char *other_from = other->from == NULL ? "" : other->from;
        if (strcmp(other->code, row->code) == 0 && strcmp(other_from, end) <= 0 &&
            strcmp(other_from, from) > 0) {
            return false;
        }
    }
    return strcmp(from, end) <= 0;
}

size_t book_classes_take(const PbSettings *settings, int32_t end_day,
                         struct book_class ret_classes[static BOOK_CLASSES_MAX])
{
    size_t count = 0;
    char end[11];
    day_format(end_day, end);
    if (settings == NULL || settings->n_classes == 0) {
        memcpy(ret_classes, built_in_classes, sizeof built_in_classes);
        return COUNT(built_in_classes);
    }
    for (size_t i = 0; i < settings->n_classes && count < BOOK_CLASSES_MAX; i++) {
        const Ihuriro__V1__LoanClass *class = settings->classes[i];
        if (class_is_in_force(settings, i, end)) {
            ret_classes[count++] =
                (struct book_class){class->code, class->from_days, class->rate_bp};
        }
    }
    return count;
}

/* ---- reading ---- */

static enum err read_values(const struct book_loan_reader *reader, const struct book_cell *cells,
                            struct book_loan *loan)
{
    const struct book_manifest *manifest = &reader->work->manifest;
    const struct book_amount_format format = {manifest->exponent, false};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < COUNT(amounts); i++) {
        void *to = (char *)loan + amounts[i].offset;
        err = book_cell_amount(reader->rows, amounts[i].column, cells, format, to);
    }
    for (size_t i = 0; err == ERR_OK && i < COUNT(numbers); i++) {
        void *to = (char *)loan + numbers[i].offset;
        err = book_cell_count(reader->rows, numbers[i].column, cells, numbers[i].max, to);
    }
    for (size_t i = 0; err == ERR_OK && i < COUNT(days); i++) {
        void *to = (char *)loan + days[i].offset;
        err = book_cell_day(reader->rows, days[i].column, cells, &manifest->dates, to);
    }
    return err;
}

static enum err read_currency(const struct book_loan_reader *reader, const struct book_cell *cells)
{
    struct book_cell cell = {0};
    enum err err = book_cell_word(reader->rows, LOAN_CURRENCY, cells, &cell);
    if (err != ERR_OK || cell.size == 0 ||
        strcasecmp(cell.text, reader->work->manifest.currency) == 0) {
        return err;
    }
    return book_rows_refuse(reader->rows, LOAN_CURRENCY, ERR_REFUSED,
                            "is not the manifest's currency, %s. An institution reports in one "
                            "currency: convert the row, or leave it out.",
                            reader->work->manifest.currency);
}

static enum err read_relation(const struct book_loan_reader *reader, const struct book_cell *cells,
                              enum book_relation *ret_relation)
{
    static const struct {
        const char *code;
        enum book_relation relation;
    } relations[] = {{"NONE", RELATION_NONE},
                     {"STAFF", RELATION_INSIDER},
                     {"DIR", RELATION_INSIDER},
                     {"MGT", RELATION_INSIDER},
                     {"SHAREHOLDER", RELATION_RELATED}};
    struct book_cell cell = {0};
    enum err err = book_cell_word(reader->rows, LOAN_RELATED, cells, &cell);
    *ret_relation = RELATION_NONE;
    if (err != ERR_OK || cell.size == 0) {
        return err;
    }
    for (size_t i = 0; i < COUNT(relations); i++) {
        if (strcasecmp(cell.text, relations[i].code) == 0) {
            *ret_relation = relations[i].relation;
            return ERR_OK;
        }
    }
    return book_rows_refuse(reader->rows, LOAN_RELATED, ERR_MALFORMED,
                            "is not known. Write NONE, STAFF, DIR, MGT or SHAREHOLDER.");
}

/* A word's code, and a tally where it has none. */
static enum err read_code(const struct book_loan_reader *reader, const struct book_cell *cells,
                          enum book_loan_column column, struct book_dictionary *dictionary,
                          struct book_meaning *ret_meaning)
{
    struct book_cell cell = {0};
    enum err err = book_cell_word(reader->rows, column, cells, &cell);
    if (err == ERR_OK) {
        *ret_meaning = book_dictionary_find(dictionary, &cell);
    }
    return err;
}

static enum err read_codes(struct book_loan_reader *reader, const struct book_cell *cells,
                           struct book_loan *loan)
{
    const struct book_vocabulary *words = &reader->work->words;
    struct book_loan_tallies *tallies = &reader->tallies;
    const struct {
        enum book_loan_column column;
        enum book_dimension dimension;
        struct book_dictionary *dictionary;
        struct book_tally *tally;
    } rows[] = {{LOAN_GENDER, BOOK_GENDER, words->genders, &tallies->gender},
                {LOAN_PRODUCT, BOOK_PRODUCT, words->products, &tallies->product},
                {LOAN_SECTOR, BOOK_SECTOR, words->sectors, &tallies->sector}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct book_meaning meaning = {0};
        enum err err = read_code(reader, cells, rows[i].column, rows[i].dictionary, &meaning);
        if (err != ERR_OK) {
            return err;
        }
        loan->codes[rows[i].dimension] = meaning.code;
        if (!meaning.is_known) {
            book_tally_add(rows[i].tally, book_rows_line(reader->rows));
        }
    }
    return ERR_OK;
}

/* The row's district, else that of its branch. */
static enum err read_place(struct book_loan_reader *reader, const struct book_cell *cells,
                           struct book_loan *loan)
{
    const struct book_vocabulary *words = &reader->work->words;
    struct book_cell branch = {0};
    struct book_meaning district = {0};
    enum err err = book_cell_word(reader->rows, LOAN_BRANCH, cells, &branch);
    if (err == ERR_OK) {
        err = read_code(reader, cells, LOAN_DISTRICT, words->districts, &district);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (book_rows_has(reader->rows, LOAN_BRANCH)) {
        err = book_breakdown_branch(reader->breakdown, &branch, &loan->codes[BOOK_BRANCH]);
        if (err == ERR_TOO_LARGE) {
            return book_rows_refuse(reader->rows, LOAN_BRANCH, err,
                                    "is too long for the id of a branch. Use up to 64 bytes.");
        }
        if (err != ERR_OK) {
            return book_no_memory(reader->work);
        }
    }
    if (!district.is_known && cells[LOAN_DISTRICT].size == 0 && words->branches != NULL) {
        district = book_dictionary_find(words->branches, &branch);
    }
    loan->codes[BOOK_DISTRICT] = district.code;
    if (!district.is_known &&
        (book_rows_has(reader->rows, LOAN_DISTRICT) || words->branches != NULL)) {
        book_tally_add(&reader->tallies.district, book_rows_line(reader->rows));
    }
    return ERR_OK;
}

/* Full years at the day, or the difference of the years where only that is known; -1: not known. */
static int age_at(const struct book_loan *loan, int32_t as_of)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (loan->birth_date == BOOK_NO_DAY && !loan->birth_year.is_known) {
        return -1;
    }
    day_to_date(as_of, &year, &month, &day);
    if (loan->birth_date != BOOK_NO_DAY) {
        int born[3] = {0};
        day_to_date(loan->birth_date, &born[0], &born[1], &born[2]);
        bool is_before = month < born[1] || (month == born[1] && day < born[2]);
        return year - born[0] - (is_before ? 1 : 0);
    }
    return year - (int)loan->birth_year.value;
}

static void read_age(struct book_loan_reader *reader, struct book_loan *loan)
{
    int age = age_at(loan, reader->work->manifest.period.end_day);
    bool is_odd = age > AGE_MAX ||
                  (age < 0 && (loan->birth_year.is_known || loan->birth_date != BOOK_NO_DAY));
    if (is_odd) {
        book_tally_add(&reader->tallies.age, book_rows_line(reader->rows));
    }
    loan->codes[BOOK_AGE] = book_breakdown_age(is_odd ? -1 : age);
}

/* ---- judging ---- */

static enum err judge_days(const struct book_loan_reader *reader, struct book_loan *loan)
{
    int32_t as_of = reader->work->manifest.period.end_day;
    loan->days = (int32_t)loan->days_overdue.value;
    if (loan->overdue_since == BOOK_NO_DAY) {
        return ERR_OK;
    }
    if (loan->overdue_since > as_of) {
        return book_rows_refuse(reader->rows, LOAN_OVERDUE_SINCE, ERR_RANGE,
                                "lies after as_of. Extract the loans as of that day, or correct "
                                "the date.");
    }
    loan->days = as_of - loan->overdue_since;
    if (loan->days_overdue.is_known && loan->days_overdue.value != loan->days) {
        return book_rows_refuse(reader->rows, LOAN_DAYS_OVERDUE, ERR_REFUSED,
                                "contradicts overdue_since, which makes %d days at as_of. Correct "
                                "one, or give only one of the two columns.",
                                loan->days);
    }
    return ERR_OK;
}

static enum err judge_amounts(struct book_loan_reader *reader, const struct book_loan *loan)
{
    if (loan->overdue.value > loan->outstanding.value) {
        return book_rows_refuse(reader->rows, LOAN_OVERDUE, ERR_RANGE,
                                "is more than principal_outstanding. Give the part of it that is "
                                "overdue, without interest.");
    }
    if (loan->overdue.value > 0 && loan->days == 0) {
        return book_rows_refuse(reader->rows, LOAN_OVERDUE, ERR_REFUSED,
                                "is overdue, but the loan is 0 days overdue. Give overdue_since or "
                                "days_overdue, or 0 here.");
    }
    if (loan->days > 0 && !loan->overdue.is_known && book_rows_has(reader->rows, LOAN_OVERDUE)) {
        book_tally_add(&reader->tallies.no_overdue_amount, book_rows_line(reader->rows));
    }
    if (!loan->provision.is_known && book_rows_has(reader->rows, LOAN_PROVISION)) {
        book_tally_add(&reader->tallies.no_provision, book_rows_line(reader->rows));
    }
    return ERR_OK;
}

static enum err judge_contradictions(const struct book_loan_reader *reader,
                                     const struct book_loan *loan)
{
    if (loan->times_restructured.is_known && loan->times_restructured.value == 0 &&
        loan->restructured_on != BOOK_NO_DAY) {
        return book_rows_refuse(reader->rows, LOAN_RESTRUCTURED_ON, ERR_REFUSED,
                                "is given, but times_restructured is 0. Correct one of the two.");
    }
    return ERR_OK;
}

/* D7. */
static void judge_restructuring(const struct book_loan_reader *reader, struct book_loan *loan)
{
    const struct book_manifest *manifest = &reader->work->manifest;
    int32_t as_of = manifest->period.end_day;
    bool has_date = loan->restructured_on != BOOK_NO_DAY;
    bool was = loan->times_restructured.is_known ? loan->times_restructured.value > 0 : has_date;
    loan->is_restructured = was && (!has_date || loan->restructured_on <= as_of);
    if (loan->is_restructured && has_date && loan->days == 0) {
        int32_t cured_on = day_add_months(loan->restructured_on, reader->cure_months);
        loan->is_restructured = cured_on > as_of;
        loan->is_cured_in_period = book_in_period(manifest, cured_on);
    }
    loan->is_in_moratorium =
        loan->moratorium_until != BOOK_NO_DAY && loan->moratorium_until >= as_of;
    loan->is_restructured |= loan->is_in_moratorium && reader->moratorium_is_restructuring;
}

/* The highest class that the days reach; classes stand in any order, as the settings replace one by
 * a row behind the others. One begins at 0 days (conf/country.c). */
static uint8_t class_of_days(const struct book_loan_reader *reader, int32_t overdue)
{
    size_t best = 0;
    int32_t reached = INT32_MIN;
    for (size_t i = 0; i < reader->classes_count; i++) {
        int32_t from = reader->classes[i].from_days;
        if (from <= overdue && from >= reached) {
            best = i;
            reached = from;
        }
    }
    return (uint8_t)best;
}

static enum err judge_class(const struct book_loan_reader *reader, const struct book_cell *cells,
                            struct book_loan *loan)
{
    struct book_cell cell = {0};
    enum err err = book_cell_word(reader->rows, LOAN_CLASS, cells, &cell);
    loan->class_index = class_of_days(reader, loan->days);
    if (err != ERR_OK || cell.size == 0) {
        return err;
    }
    for (size_t i = 0; i < reader->classes_count; i++) {
        if (strcasecmp(reader->classes[i].code, cell.text) == 0) {
            loan->class_index = (uint8_t)i;
            return ERR_OK;
        }
    }
    return book_rows_refuse(reader->rows, LOAN_CLASS, ERR_MALFORMED,
                            "is no class of a loan with a balance. Write NL, WL, SL, DL or LL, or "
                            "leave it empty.");
}

/* D5. */
static bool is_counted(const struct book_loan *loan, int32_t as_of)
{
    bool is_gone = loan->written_off_on != BOOK_NO_DAY && loan->written_off_on <= as_of;
    return loan->outstanding.value > 0 && loan->disbursed_on <= as_of && !is_gone;
}

enum err book_loan_read(struct book_loan_reader *reader, const struct book_cell *cells,
                        struct book_loan *ret_loan)
{
    struct book_loan *loan = ret_loan;
    *loan = (struct book_loan){0};
    enum err err = read_values(reader, cells, loan);
    if (err == ERR_OK) {
        err = read_currency(reader, cells);
    }
    if (err == ERR_OK) {
        err = read_codes(reader, cells, loan);
    }
    if (err == ERR_OK) {
        err = read_place(reader, cells, loan);
    }
    if (err == ERR_OK) {
        err = read_relation(reader, cells, &loan->relation);
    }
    if (err != ERR_OK) {
        return err;
    }
    read_age(reader, loan);
    loan->codes[BOOK_SIZE] = book_breakdown_size(reader->breakdown, loan->disbursed.value);
    loan->is_counted = is_counted(loan, reader->work->manifest.period.end_day);
    if (!loan->is_counted) {
        return ERR_OK;
    }
    err = judge_days(reader, loan);
    if (err == ERR_OK) {
        err = judge_amounts(reader, loan);
    }
    if (err == ERR_OK) {
        err = judge_contradictions(reader, loan);
    }
    if (err == ERR_OK) {
        judge_restructuring(reader, loan);
        err = judge_class(reader, cells, loan);
    }
    return err;
}
