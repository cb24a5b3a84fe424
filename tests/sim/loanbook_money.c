#include <stdio.h>
#include <string.h>

#include "tests/sim/loanbook_parts.h"
#include "tests/sim/spread.h"

/* ---- deposits.csv ---- */

struct deposit_kind {
    const char *code;
    uint16_t weight;
    double median;
};
static const struct deposit_kind deposit_kinds[DEPOSIT_TYPES] = {
    {"DEMAND", 18, 180000.0},
    {"SAVINGS", 60, 110000.0},
    {"COMPULSORY", 14, 70000.0},
    {"TERM", 8, 1100000.0},
};

#define DEPOSIT_COLUMNS "account_ref|owner_ref|type|balance|matures_on|gender|branch|last_tx_on"
#define BALANCE_COLUMN  3

static void write_deposit(struct book *book, struct random *random, struct sheet *sheet,
                          int64_t number)
{
    static const char *const genders[] = {"F", "M", "E"};
    static const uint16_t gender_weights[] = {46, 50, 4};
    static const char *const branches[] = {"B01", "B02", "B03", "B04", "B05"};
    static const uint16_t branch_weights[] = {60, 14, 12, 8, 6};
    int32_t as_of = book->options->period.end_day;
    uint16_t weights[DEPOSIT_TYPES];
    for (size_t i = 0; i < DEPOSIT_TYPES; i++) {
        weights[i] = deposit_kinds[i].weight;
    }
    size_t type = random_pick(random, weights, DEPOSIT_TYPES);
    double size = random_lognormal(random, deposit_kinds[type].median, 1.1);
    int64_t balance = random_one_in(random, 100) ? 0 : sim_round(sim_clip(size, 300.0, 9e7));
    bool is_dormant = random_one_in(random, 20);
    int64_t quiet = is_dormant ? random_between(random, 366, 1500) : random_between(random, 0, 90);
    sheet_reference(sheet, "D", (uint64_t)number, 7);
    sheet_reference(sheet, "M", (uint64_t)(1 + number * 4 / 5), 7);
    sheet_text(sheet, deposit_kinds[type].code);
    sheet_amount(sheet, balance);
    int32_t matures_on = as_of + (int32_t)random_between(random, -10, 500);
    sheet_day(sheet, type == DEPOSIT_TERM ? matures_on : SHEET_NO_DAY);
    sheet_text(sheet, genders[random_pick(random, gender_weights, 3)]);
    sheet_text(sheet, branches[random_pick(random, branch_weights, 5)]);
    sheet_day(sheet, as_of - (int32_t)quiet);
    sheet_end_row(sheet);
    book->deposits[type] += balance;
    book->sums.deposits += balance;
}

enum err deposits_write(struct book *book, struct complaint *complaint)
{
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err =
        sheet_open(book->options->folder, "deposits.csv", &book->style, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    struct random random;
    random_open(&random, book->options->seed, "deposits");
    sheet_line(sheet, DEPOSIT_COLUMNS);
    int64_t accounts = book->options->loans + book->options->loans / 2;
    for (int64_t number = 1; number <= accounts; number++) {
        if (number == 1 && book->fault->place == FAULT_DEPOSIT) {
            sheet_override(sheet, BALANCE_COLUMN, book->fault->text);
        }
        write_deposit(book, &random, sheet, number);
    }
    return sheet_finish(&sheet, complaint);
}

/* ---- flows.csv ---- */

static void spread_daily(struct random *random, const struct period *period, int64_t count,
                         int64_t amount, struct daily *daily)
{
    size_t days = (size_t)period->end_day - (size_t)period->start_day + 1;
    double weights[LOANBOOK_DAYS_MAX] = {0};
    for (size_t i = 0; i < days; i++) {
        weights[i] = weekday_weight(period->start_day + (int32_t)i) *
                     sim_clip(random_normal(random, 1.0, 0.1), 0.2, 2.0);
    }
    spread(count, weights, days, daily->count);
    spread(amount, weights, days, daily->amount);
    for (size_t i = 0; i < days; i++) {
        /* An amount has at least one transaction behind it. */
        daily->count[i] = daily->amount[i] > 0 && daily->count[i] == 0 ? 1 : daily->count[i];
    }
    daily->total = amount;
}

static void make_flows(struct book *book)
{
    const struct period *period = &book->options->period;
    int64_t loans = book->options->loans;
    int64_t glp = book->sums.outstanding;
    int64_t deposits = book->sums.deposits;
    int64_t accounts = loans + loans / 2;
    /* Shares are of a month of thirty days. */
    int64_t days = book->days;
    struct random random;
    random_open(&random, book->options->seed, "flows");
    spread_daily(&random, period, loans * 8 * days / 300, glp * 7 / 100 * days / 30, &book->repaid);
    spread_daily(&random, period, loans * 9 * days / 300, glp * 18 / 1000 * days / 30,
                 &book->interest);
    spread_daily(&random, period, loans / 500, book->written_off.total / 5, &book->recovered);
    spread_daily(&random, period, accounts * 12 * days / 300, deposits * 13 / 100 * days / 30,
                 &book->deposited);
    spread_daily(&random, period, accounts * 9 * days / 300, deposits * 12 / 100 * days / 30,
                 &book->withdrawn);
    spread_daily(&random, period, accounts / 3, deposits * 2 / 1000 * days / 30, &book->credited);
    spread_daily(&random, period, accounts / 10, deposits / 5000 * days / 30, &book->fees);
    int64_t restructured = book->restructured.total;
    spread_daily(&random, period, loans / 150, restructured * 13 / 10, &book->requested);
    spread_daily(&random, period, loans / 900, restructured * 2 / 10, &book->rejected);
    spread_daily(&random, period, loans / 5000, restructured / 100, &book->withdrew);
}

static void write_flow(const struct book *book, struct sheet *sheet, const char *kind,
                       const struct daily *daily)
{
    for (int32_t i = 0; i < book->days; i++) {
        if (daily->count[i] == 0 && daily->amount[i] == 0) {
            continue;
        }
        sheet_day(sheet, book->options->period.start_day + i);
        sheet_text(sheet, kind);
        sheet_number(sheet, daily->count[i]);
        sheet_amount(sheet, daily->amount[i]);
        sheet_end_row(sheet);
    }
}

enum err flows_write(struct book *book, struct complaint *complaint)
{
    make_flows(book);
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err = sheet_open(book->options->folder, "flows.csv", &book->style, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    sheet_line(sheet, "date|kind|count|amount");
    write_flow(book, sheet, "DISB", &book->disbursed);
    write_flow(book, sheet, "REPAY_P", &book->repaid);
    write_flow(book, sheet, "REPAY_I", &book->interest);
    write_flow(book, sheet, "WRITEOFF", &book->written_off);
    write_flow(book, sheet, "RECOVERY", &book->recovered);
    write_flow(book, sheet, "DEP_IN", &book->deposited);
    write_flow(book, sheet, "DEP_OUT", &book->withdrawn);
    write_flow(book, sheet, "DEP_INTEREST", &book->credited);
    write_flow(book, sheet, "DEP_FEES", &book->fees);
    write_flow(book, sheet, "RENEG_RECEIVED", &book->requested);
    write_flow(book, sheet, "RENEG_APPROVED", &book->restructured);
    write_flow(book, sheet, "RENEG_REJECTED", &book->rejected);
    write_flow(book, sheet, "RENEG_WITHDRAWN", &book->withdrew);
    return sheet_finish(&sheet, complaint);
}

/* ---- gl.csv ---- */

/* debit - credit, at the close of the period and of the day before it. */
struct account {
    const char *code;
    const char *name;
    int64_t closing;
    int64_t opening;
};

enum account_row {
    ROW_CASH,
    ROW_BANK,
    ROW_TERM_30,
    ROW_TERM_90,
    ROW_EMONEY,
    ROW_BILLS,
    ROW_LOANS,
    ROW_ALLOWANCE,
    ROW_FIXED,
    ROW_LAND,
    ROW_ACCRUED,
    ROW_DEMAND,
    ROW_SAVINGS,
    ROW_COMPULSORY,
    ROW_TERM,
    ROW_BORROWED,
    ROW_SHARES,
    ROW_RESERVES,
    ROW_RETAINED,
    ROW_LOAN_INCOME,
    ROW_OTHER_INCOME,
    ROW_INTEREST_PAID,
    ROW_IMPAIRMENT,
    ROW_STAFF,
    ROW_OPEX,
    ACCOUNT_ROWS
};

static void set_assets(struct account *rows, const struct book *book)
{
    int64_t deposits = book->sums.deposits;
    rows[ROW_CASH] = (struct account){"111", "Cash in vault and tills", deposits * 6 / 100, 0};
    rows[ROW_BANK] = (struct account){"1121", "Current accounts at banks", deposits * 28 / 100, 0};
    rows[ROW_TERM_30] =
        (struct account){"1122", "Placements up to 30 days", deposits * 15 / 100, 0};
    rows[ROW_TERM_90] =
        (struct account){"1123", "Placements of 31 to 90 days", deposits * 14 / 100, 0};
    rows[ROW_EMONEY] = (struct account){"1131", "Mobile money float", deposits * 3 / 100, 0};
    rows[ROW_BILLS] = (struct account){"1141", "Treasury bills", deposits * 8 / 100, 0};
    for (size_t i = ROW_CASH; i <= ROW_BILLS; i++) {
        rows[i].opening = rows[i].closing;
    }
    int64_t glp = book->sums.outstanding;
    rows[ROW_LOANS] = (struct account){"1310", "Loans to members", glp,
                                       glp - book->disbursed.total + book->repaid.total +
                                           book->written_off.total};
    rows[ROW_ALLOWANCE] = (struct account){"1390", "Allowance for impaired loans", 0, 0};
    rows[ROW_ALLOWANCE].closing = -(book->provision + book->provision / 50 + 1);
    rows[ROW_ALLOWANCE].opening = -(book->provision - book->provision / 100);
    rows[ROW_FIXED] = (struct account){"1510", "Fixed assets", glp / 20, glp / 20};
    rows[ROW_LAND] = (struct account){"1520", "Land and buildings", glp / 25, glp / 25};
    rows[ROW_ACCRUED] = (struct account){"1610", "Accrued interest on loans", glp / 90, glp / 90};
    if (book->fault->place == FAULT_LEDGER) {
        rows[ROW_LOANS].closing += glp * 3 / 100;
    }
}

static void set_funding(struct account *rows, const struct book *book)
{
    const int64_t *deposits = book->deposits;
    rows[ROW_DEMAND] = (struct account){"2110", "Demand deposits", -deposits[DEPOSIT_DEMAND], 0};
    rows[ROW_SAVINGS] = (struct account){"2120", "Savings deposits", -deposits[DEPOSIT_SAVINGS], 0};
    rows[ROW_COMPULSORY] =
        (struct account){"2130", "Compulsory savings", -deposits[DEPOSIT_COMPULSORY], 0};
    rows[ROW_TERM] = (struct account){"2140", "Term deposits", -deposits[DEPOSIT_TERM], 0};
    for (size_t i = ROW_DEMAND; i <= ROW_TERM; i++) {
        rows[i].opening = rows[i].closing;
    }
    rows[ROW_SAVINGS].opening +=
        book->deposited.total - book->withdrawn.total + book->credited.total - book->fees.total;
    int64_t glp = book->sums.outstanding;
    rows[ROW_BORROWED] = (struct account){"2210", "Borrowings from banks", -glp / 12, -glp / 12};
    rows[ROW_SHARES] = (struct account){"3110", "Members' shares", -glp / 4, -glp / 4};
    rows[ROW_RESERVES] = (struct account){"3120", "Reserves", -glp / 10, -glp / 10};
    rows[ROW_RETAINED] = (struct account){"3130", "Retained earnings", 0, 0};
}

/* Income and expense since the start of the year: opening is what stood a period before, 0 in its
 * first. */
static void set_result(struct account *rows, const struct book *book)
{
    int year = 0;
    int month = 0;
    int day = 0;
    day_to_date(book->options->period.start_day, &year, &month, &day);
    int64_t before = month - 1;
    int64_t income = book->interest.total;
    int64_t impairment =
        rows[ROW_ALLOWANCE].opening - rows[ROW_ALLOWANCE].closing + book->written_off.total;
    const struct {
        enum account_row row;
        const char *code;
        const char *name;
        int64_t month;
    } results[] = {
        {ROW_LOAN_INCOME, "4110", "Interest and fees on loans", -income},
        {ROW_OTHER_INCOME, "4190", "Other income", -(income / 20 + book->fees.total)},
        {ROW_INTEREST_PAID, "5110", "Interest on deposits", book->credited.total},
        {ROW_IMPAIRMENT, "5210", "Impairment of loans", impairment},
        {ROW_STAFF, "5310", "Staff", income * 4 / 10},
        {ROW_OPEX, "5320", "Other operating expense", income / 4},
    };
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        int64_t opening = results[i].month * before;
        rows[results[i].row] =
            (struct account){results[i].code, results[i].name, opening + results[i].month, opening};
    }
}

/* Both columns sum to zero: what is left over is retained earnings, and cash at the bank before
 * the period. */
static void balance_rows(struct account *rows)
{
    int64_t closing = 0;
    int64_t opening = 0;
    for (size_t i = 0; i < ACCOUNT_ROWS; i++) {
        closing += rows[i].closing;
        opening += rows[i].opening;
    }
    rows[ROW_RETAINED].closing -= closing;
    rows[ROW_RETAINED].opening -= closing;
    rows[ROW_BANK].opening -= opening - closing;
}

enum err ledger_write(struct book *book, struct complaint *complaint)
{
    struct account rows[ACCOUNT_ROWS];
    set_assets(rows, book);
    set_funding(rows, book);
    set_result(rows, book);
    balance_rows(rows);
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err = sheet_open(book->options->folder, "gl.csv", &book->style, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    sheet_line(sheet, "gl_code|name|debit|credit|opening_balance");
    for (size_t i = 0; i < ACCOUNT_ROWS; i++) {
        sheet_text(sheet, rows[i].code);
        sheet_text(sheet, rows[i].name);
        sheet_amount(sheet, rows[i].closing > 0 ? rows[i].closing : 0);
        sheet_amount(sheet, rows[i].closing < 0 ? -rows[i].closing : 0);
        sheet_amount(sheet, rows[i].opening);
        sheet_end_row(sheet);
    }
    return sheet_finish(&sheet, complaint);
}

/* ---- manifest.ini ---- */

struct manifest_line {
    const char *key;
    char value[64]; /* empty: left out */
};

static void write_manifest_lines(struct sheet *sheet, const struct book *book,
                                 const struct manifest_line *lines, size_t count)
{
    const struct loanbook_fault *fault = book->fault;
    bool is_faulted = fault->place == FAULT_MANIFEST;
    char line[640];
    for (size_t i = 0; i < count; i++) {
        bool is_this = is_faulted && strcmp(fault->column, lines[i].key) == 0;
        const char *value = is_this ? fault->text : lines[i].value;
        if (value == NULL || value[0] == '\0') {
            continue;
        }
        int length = snprintf(line, sizeof(line), "%s = %s\n", lines[i].key, value);
        sheet_raw(sheet, line, (size_t)length);
    }
}

enum err manifest_write(struct book *book, struct complaint *complaint)
{
    const struct loanbook_options *options = book->options;
    struct manifest_line lines[] = {
        {"institution_id", ""},
        {"as_of", ""},
        {"period_start", ""},
        {"frequency", ""},
        {"currency", "RWF"},
        {"rows", ""},
        {"sum_principal_outstanding", ""},
        {"produced_at", ""},
        {"overdue_basis", "ANY"},
        {"status", ""},
        {"prepared_code", ""},
        {"approved_code", ""},
        {"date_format", ""},
        {"note", ""},
    };
    static const char *const letters[] = {"", "D", "W", "M", "Q"};
    int64_t total = book->sums.outstanding + (book->fault->place == FAULT_TOTAL ? 1 : 0);
    int64_t rows = book->sums.rows + (book->fault->place == FAULT_COUNT ? 1 : 0);
    char date[11];
    (void)snprintf(lines[0].value, sizeof(lines[0].value), "%s", options->institution);
    day_format(options->period.end_day, date);
    (void)snprintf(lines[1].value, sizeof(lines[1].value), "%s", date);
    day_format(options->period.start_day, date);
    (void)snprintf(lines[2].value, sizeof(lines[2].value), "%s", date);
    (void)snprintf(lines[3].value, sizeof(lines[3].value), "%s",
                   letters[options->period.frequency]);
    (void)snprintf(lines[5].value, sizeof(lines[5].value), "%lld", (long long)rows);
    (void)snprintf(lines[6].value, sizeof(lines[6].value), "%lld", (long long)total);
    day_format(options->period.end_day + 1, date);
    (void)snprintf(lines[7].value, sizeof(lines[7].value), "%sT05:30:00Z", date);
    if (options->is_final) {
        (void)snprintf(lines[9].value, sizeof(lines[9].value), "FINAL");
        (void)snprintf(lines[10].value, sizeof(lines[10].value), "ACC-01");
        (void)snprintf(lines[11].value, sizeof(lines[11].value), "MGR-01");
    }
    if (book->style.day_first) {
        (void)snprintf(lines[12].value, sizeof(lines[12].value), "dd/mm/yyyy");
    }
    struct sheet_style plain = {.separator = ',', .line_end = "\n"};
    AUTO(sheet_close) struct sheet *sheet = NULL;
    enum err err = sheet_open(options->folder, "manifest.ini", &plain, complaint, &sheet);
    if (err != ERR_OK) {
        return err;
    }
    write_manifest_lines(sheet, book, lines, sizeof(lines) / sizeof(lines[0]));
    return sheet_finish(&sheet, complaint);
}
