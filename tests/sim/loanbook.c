#include "tests/sim/loanbook_parts.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define LOAN_COLUMNS                                                                           \
    "loan_ref|borrower_ref|branch|district|product|sector|gender|birth_year|members|currency|" \
    "disbursed_on|matures_on|principal_disbursed|principal_outstanding|principal_overdue|"     \
    "overdue_since|days_overdue|times_restructured|restructured_on|moratorium_until|"          \
    "written_off_on|written_off_amount|class|provision|eligible_collateral|related_party|"     \
    "next_due_on|next_due_principal"

static enum err loans_write(struct book *book, struct complaint *complaint);

enum err loanbook_write(const struct loanbook_options *options, struct complaint *complaint,
                        struct loanbook_sums *ret_sums)
{
    AUTO(free_p) struct book *book = calloc(1, sizeof(*book));
    if (book == NULL) {
        return complain(complaint, ERR_MEMORY, "There is not enough memory for a loan book.");
    }
    book->options = options;
    book->fault = loanbook_fault_find(options->fault == NULL ? "none" : options->fault);
    if (book->fault == NULL) {
        return complain(complaint, ERR_USAGE,
                        "There is no fault of that name. `mfi-sim loanbook --faults list` shows "
                        "them all.");
    }
    book->days = options->period.end_day - options->period.start_day + 1;
    book->style = (struct sheet_style){.separator = ',', .line_end = "\n"};
    if (book->fault->place == FAULT_EXCEL) {
        book->style = (struct sheet_style){';', true, true, true, "\r\n"};
    }
    if (mkdir(options->folder, 0755) != 0 && errno != EEXIST) {
        return complain(complaint, ERR_IO, "The folder %s cannot be made: %s.", options->folder,
                        strerror(errno));
    }
    enum err err = loans_write(book, complaint);
    err = err != ERR_OK ? err : deposits_write(book, complaint);
    err = err != ERR_OK ? err : flows_write(book, complaint);
    err = err != ERR_OK ? err : ledger_write(book, complaint);
    err = err != ERR_OK ? err : manifest_write(book, complaint);
    if (err == ERR_OK) {
        *ret_sums = book->sums;
    }
    return err;
}

/* ---- one loan ---- */

struct borrower {
    uint64_t number;
    size_t gender;
    int64_t birth_year; /* 0: none */
    int64_t members;    /* 0: none */
    size_t related;
    size_t branch;
};

struct loan {
    struct borrower borrower;
    size_t product;
    size_t sector;
    int32_t disbursed_on;
    int32_t matures_on;
    int64_t principal;
    int64_t outstanding;
    int64_t overdue;
    int32_t days_overdue;
    int64_t times_restructured;
    int32_t restructured_on;
    int32_t moratorium_until;
    int32_t written_off_on;
    int64_t written_off_amount;
    size_t class_code; /* CLASS_BLANK: an empty cell */
    int64_t provision;
    int64_t collateral;
    int32_t next_due_on;
    int64_t next_due;
};

/* Days overdue, with the one-day cells at the edges, and loans written off in the period. */
struct days_band {
    int32_t least;
    int32_t most;
    uint16_t weight;
};
static const struct days_band bands[] = {
    {0, 0, 8560},   {1, 29, 440},    {30, 30, 12},   {31, 59, 190},  {60, 60, 12},
    {61, 89, 140},  {90, 90, 12},    {91, 179, 240}, {180, 180, 10}, {181, 359, 190},
    {360, 360, 10}, {361, 900, 140}, {361, 700, 44},
};
#define BANDS        (sizeof(bands) / sizeof(bands[0]))
#define BAND_WRITTEN (BANDS - 1)

static const char *const genders[] = {"F", "M", "G", "E"};
static const uint16_t gender_weights[] = {45, 48, 5, 2};
#define GENDER_GROUP  2
#define GENDER_ENTITY 3

static const char *const products[] = {"INDIV",   "GROUP",     "AGRI",    "SALARY", "ASSET",
                                       "HOUSING", "EMERGENCY", "DIGITAL", "OTHER"};
static const uint16_t product_weights[] = {40, 0, 22, 12, 6, 8, 3, 5, 4};
#define PRODUCT_GROUP 1

static const char *const sectors[] = {"AGRI",      "COMMERCE",    "SERVICES",
                                      "TRANSPORT", "MANUF",       "CONSTR_HOUSING",
                                      "EDUCATION", "CONSUMPTION", "OTHER"};
static const uint16_t sector_weights[] = {30, 35, 7, 5, 3, 10, 4, 4, 2};

static const char *const relations[] = {"NONE", "STAFF", "DIR", "MGT", "SHAREHOLDER"};
static const uint16_t relation_weights[] = {1994, 3, 1, 1, 1};

static const char *const branches[] = {"B01", "B02", "B03", "B04", "B05"};
static const char *const districts[] = {"403", "404", "402", "401", "405"};
static const uint16_t branch_weights[] = {60, 14, 12, 8, 6};

/* Regulatory classes from days, the unofficial default of DOMAIN 2.2. */
struct class_row {
    const char *code;
    int32_t from_days;
    int64_t rate_bp;
};
static const struct class_row classes[] = {
    {"NL", 0, 100}, {"WL", 30, 300}, {"SL", 90, 2000}, {"DL", 180, 5000}, {"LL", 360, 10000}};
#define CLASSES     (sizeof(classes) / sizeof(classes[0]))
#define CLASS_BLANK CLASSES

static const int terms_months[] = {6, 9, 12, 18, 24, 36};
static const uint16_t term_weights[] = {18, 10, 38, 14, 15, 5};

static void next_borrower(struct random *random, int year, struct borrower *borrower)
{
    borrower->number++;
    borrower->gender = random_pick(random, gender_weights, 4);
    bool is_person = borrower->gender < GENDER_GROUP;
    borrower->birth_year = is_person ? random_between(random, year - 70, year - 19) : 0;
    borrower->members = borrower->gender == GENDER_GROUP ? random_between(random, 5, 25) : 0;
    borrower->related =
        borrower->gender == GENDER_GROUP ? 0 : random_pick(random, relation_weights, 5);
    borrower->branch = random_pick(random, branch_weights, 5);
}

static size_t class_of(int32_t days)
{
    size_t at = 0;
    while (at + 1 < CLASSES && days >= classes[at + 1].from_days) {
        at++;
    }
    return at;
}

/* What is owed and late: equal instalments of principal each thirty days, with odd francs. */
static void set_balance(struct random *random, struct loan *loan, int32_t as_of, int term)
{
    int64_t elapsed = (as_of - loan->disbursed_on) / 30;
    int64_t instalment = loan->principal / term + 1;
    int64_t late = loan->days_overdue > 0 ? loan->days_overdue / 30 + 1 : 0;
    int64_t paid = elapsed > late ? elapsed - late : 0;
    paid = paid < term ? paid : term - 1;
    loan->outstanding = loan->principal - paid * instalment;
    if (loan->disbursed_on < as_of - 10) {
        loan->outstanding -= random_between(random, 0, instalment / 7);
    }
    if (loan->outstanding < 500) {
        loan->outstanding = 500 + random_between(random, 0, 499);
    }
    if (loan->outstanding > loan->principal) {
        loan->outstanding = loan->principal;
    }
    if (late > 0) {
        bool is_matured = loan->matures_on <= as_of;
        loan->overdue = is_matured ? loan->outstanding : late * instalment;
        loan->overdue = loan->overdue < loan->outstanding ? loan->overdue : loan->outstanding;
    }
    loan->next_due = loan->outstanding - loan->overdue;
    loan->next_due = loan->next_due < instalment ? loan->next_due : instalment;
}

static void set_relief(struct random *random, struct loan *loan, int32_t as_of)
{
    int32_t age = as_of - loan->disbursed_on;
    bool is_restructured =
        age > 120 &&
        random_chance(random, loan->days_overdue > 0 && loan->days_overdue < 90 ? 0.2 : 0.05);
    if (is_restructured) {
        loan->times_restructured = random_one_in(random, 8) ? 2 : 1;
        int32_t since = age - 60 < 500 ? age - 60 : 500;
        loan->restructured_on = as_of - (int32_t)random_between(random, 0, since);
    }
    if (age > 60 && loan->days_overdue < 30 && random_chance(random, 0.04)) {
        loan->moratorium_until = as_of + (int32_t)random_between(random, -40, 210);
    }
}

static void set_written_off(struct random *random, const struct period *period, struct loan *loan)
{
    loan->written_off_on = (int32_t)random_between(random, period->start_day, period->end_day);
    loan->written_off_amount = loan->outstanding;
    loan->outstanding = 0;
    loan->overdue = 0;
    loan->next_due = 0;
    loan->next_due_on = SHEET_NO_DAY;
    loan->times_restructured = 0;
    loan->restructured_on = SHEET_NO_DAY;
    loan->moratorium_until = SHEET_NO_DAY;
    loan->class_code = CLASS_BLANK;
    loan->provision = 0;
    loan->collateral = 0;
}

static void set_class(struct random *random, struct loan *loan)
{
    size_t code = class_of(loan->days_overdue);
    if (random_one_in(random, 10)) {
        loan->collateral = loan->outstanding * random_between(random, 20, 80) / 100;
    }
    int64_t exposed = loan->outstanding - loan->collateral;
    loan->provision = (exposed * classes[code].rate_bp + 9999) / 10000;
    loan->class_code = random_one_in(random, 50) ? CLASS_BLANK : code;
}

static void next_loan(struct random *random, const struct period *period, int year,
                      struct loan *loan)
{
    struct borrower borrower = loan->borrower;
    if (borrower.number == 0 || !random_one_in(random, 25)) {
        next_borrower(random, year, &borrower);
    }
    *loan = (struct loan){.borrower = borrower,
                          .restructured_on = SHEET_NO_DAY,
                          .moratorium_until = SHEET_NO_DAY,
                          .written_off_on = SHEET_NO_DAY};
    int32_t as_of = period->end_day;
    uint16_t weights[BANDS];
    for (size_t i = 0; i < BANDS; i++) {
        weights[i] = bands[i].weight;
    }
    size_t band = random_pick(random, weights, BANDS);
    loan->days_overdue = (int32_t)random_between(random, bands[band].least, bands[band].most);
    int term = terms_months[random_pick(random, term_weights, 6)];
    int32_t least_age = loan->days_overdue > 0 ? loan->days_overdue + 30 : 0;
    int32_t most_age = least_age > term * 30 - 1 ? least_age + 60 : term * 30 - 1;
    loan->disbursed_on = as_of - (int32_t)random_between(random, least_age, most_age);
    loan->matures_on = day_add_months(loan->disbursed_on, term);
    bool is_group = borrower.gender == GENDER_GROUP;
    double median = is_group ? 900000.0 : borrower.gender == GENDER_ENTITY ? 2500000.0 : 320000.0;
    double size = sim_clip(random_lognormal(random, median, 0.75), 20000.0, 18000000.0);
    loan->principal = sim_round(size / 1000.0) * 1000;
    loan->product = is_group ? PRODUCT_GROUP : random_pick(random, product_weights, 9);
    loan->sector = random_pick(random, sector_weights, 9);
    loan->next_due_on = as_of + (int32_t)random_between(random, 1, 30);
    set_balance(random, loan, as_of, term);
    set_relief(random, loan, as_of);
    set_class(random, loan);
    if (band == BAND_WRITTEN) {
        set_written_off(random, period, loan);
    }
}

/* ---- the file ---- */

static void number_or_blank(struct sheet *sheet, int64_t number)
{
    if (number == 0) {
        sheet_day(sheet, SHEET_NO_DAY);
    } else {
        sheet_number(sheet, number);
    }
}

static void write_loan(struct sheet *sheet, const struct loan *loan, uint64_t number, int32_t as_of)
{
    const struct borrower *borrower = &loan->borrower;
    bool is_written_off = loan->written_off_on != SHEET_NO_DAY;
    sheet_reference(sheet, "L", number, 7);
    sheet_reference(sheet, "M", borrower->number, 7);
    sheet_text(sheet, branches[borrower->branch]);
    sheet_text(sheet, districts[borrower->branch]);
    sheet_text(sheet, products[loan->product]);
    sheet_text(sheet, sectors[loan->sector]);
    sheet_text(sheet, genders[borrower->gender]);
    number_or_blank(sheet, borrower->birth_year);
    number_or_blank(sheet, borrower->members);
    sheet_text(sheet, "RWF");
    sheet_day(sheet, loan->disbursed_on);
    sheet_day(sheet, loan->matures_on);
    sheet_amount(sheet, loan->principal);
    sheet_amount(sheet, loan->outstanding);
    sheet_amount(sheet, loan->overdue);
    sheet_day(sheet, loan->days_overdue > 0 ? as_of - loan->days_overdue : SHEET_NO_DAY);
    sheet_number(sheet, loan->days_overdue);
    sheet_number(sheet, loan->times_restructured);
    sheet_day(sheet, loan->restructured_on);
    sheet_day(sheet, loan->moratorium_until);
    sheet_day(sheet, loan->written_off_on);
    number_or_blank(sheet, loan->written_off_amount);
    sheet_text(sheet, loan->class_code == CLASS_BLANK ? "" : classes[loan->class_code].code);
    sheet_amount(sheet, loan->provision);
    sheet_amount(sheet, loan->collateral);
    sheet_text(sheet, relations[borrower->related]);
    sheet_day(sheet, is_written_off ? SHEET_NO_DAY : loan->next_due_on);
    number_or_blank(sheet, loan->next_due);
    sheet_end_row(sheet);
}

static void count_loan(struct book *book, const struct loan *loan)
{
    const struct period *period = &book->options->period;
    book->sums.rows++;
    book->sums.outstanding += loan->outstanding;
    book->provision += loan->provision;
    if (loan->disbursed_on >= period->start_day) {
        daily_add(&book->disbursed, loan->disbursed_on - period->start_day, 1, loan->principal);
    }
    if (loan->written_off_on != SHEET_NO_DAY) {
        daily_add(&book->written_off, loan->written_off_on - period->start_day, 1,
                  loan->written_off_amount);
    }
    if (loan->restructured_on != SHEET_NO_DAY && loan->restructured_on >= period->start_day) {
        daily_add(&book->restructured, loan->restructured_on - period->start_day, 1,
                  loan->outstanding);
    }
}

void daily_add(struct daily *daily, int32_t day, int64_t count, int64_t amount)
{
    daily->count[day] += count;
    daily->amount[day] += amount;
    daily->total += amount;
}

/* The place of a name among the columns. */
static size_t column_of(const char *columns, const char *name)
{
    size_t at = 0;
    size_t length = strlen(name);
    for (const char *cell = columns; cell != NULL; at++) {
        cell += *cell == '|' ? 1 : 0;
        if (strncmp(cell, name, length) == 0 && (cell[length] == '|' || cell[length] == '\0')) {
            return at;
        }
        cell = strchr(cell, '|');
    }
    return SIZE_MAX;
}

/* The first late one from the middle on, so that faults in its days mean something. */
static bool is_fit_for_fault(const struct loanbook_options *options, const struct loan *loan,
                             int64_t number)
{
    bool is_late = loan->days_overdue > 0 && loan->written_off_on == SHEET_NO_DAY;
    return number == options->loans || (number > options->loans / 2 && is_late);
}

static void write_rows(struct book *book, struct sheet *sheet)
{
    const struct loanbook_options *options = book->options;
    const struct loanbook_fault *fault = book->fault;
    struct random random;
    random_open(&random, options->seed, "loans");
    int year = 0;
    int month = 0;
    int day = 0;
    day_to_date(options->period.end_day, &year, &month, &day);
    struct loan loan = {0};
    bool is_pending = true;
    for (int64_t number = 1; number <= options->loans; number++) {
        next_loan(&random, &options->period, year, &loan);
        bool is_chosen = is_pending && is_fit_for_fault(options, &loan, number);
        is_pending = is_pending && !is_chosen;
        if (is_chosen && fault->place == FAULT_CELL) {
            sheet_override(sheet, column_of(LOAN_COLUMNS, fault->column), fault->text);
        }
        write_loan(sheet, &loan, (uint64_t)number, options->period.end_day);
        count_loan(book, &loan);
        if (is_chosen && fault->place == FAULT_REPEAT) {
            write_loan(sheet, &loan, (uint64_t)number, options->period.end_day);
            count_loan(book, &loan);
        }
        if (is_chosen && fault->place == FAULT_EXCEL) {
            sheet_line(sheet, LOAN_COLUMNS);
        }
    }
}

static enum err loans_write(struct book *book, struct complaint *complaint)
{
    enum fault_place place = book->fault->place;
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err = sheet_open(book->options->folder, "loans.csv", &book->style, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    if (place == FAULT_HEADER) {
        sheet_override(sheet, column_of(LOAN_COLUMNS, book->fault->column), book->fault->text);
    }
    if (place != FAULT_NO_BYTES) {
        sheet_line(sheet, LOAN_COLUMNS);
    }
    if (place != FAULT_NO_BYTES && place != FAULT_NO_ROWS) {
        write_rows(book, sheet);
    }
    if (place == FAULT_NUL) {
        sheet_raw(sheet, "\0", 1);
    }
    if (place == FAULT_EXCEL) {
        sheet_text(sheet, "TOTAL");
        for (int i = 0; i < 12; i++) {
            sheet_text(sheet, "");
        }
        sheet_amount(sheet, book->sums.outstanding);
        sheet_end_row(sheet);
    }
    return sheet_finish(&sheet, complaint);
}
