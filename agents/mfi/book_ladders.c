#include "agents/mfi/book_ladders.h"

#include <string.h>
#include <strings.h>

#include "proto/money.h"

#define BORROWINGS_FILE "borrowings.csv"
#define PLACEMENTS_FILE "placements.csv"
#define SCHEDULE_FILE   "schedule.csv"
#define MANDATORY       (BOOK_IN_HEADER | BOOK_IN_ROW)

const int32_t book_ladder_edges[BOOK_LADDER_BUCKETS] = {0, 8, 31, 91, 181, 366};

/* One file while it is read. */
struct pass {
    const struct book_work *work;
    struct book_extract extract;
    const struct book_cell *cells;
};

static void pass_close(struct pass *pass)
{
    book_extract_close(&pass->extract);
}

/* false: behind the last row, or an error. */
static bool next_row(struct pass *pass, enum err *err)
{
    *err = *err != ERR_OK ? *err : book_rows_next(pass->extract.rows, &pass->cells);
    return *err == ERR_OK && pass->cells != NULL;
}

/* ---- values ---- */

static enum err read_amount(const struct pass *pass, size_t column, int64_t *ret_amount)
{
    const struct book_amount_format format = {pass->work->manifest.exponent, false};
    struct book_amount amount = {0};
    enum err err = book_cell_amount(pass->extract.rows, column, pass->cells, format, &amount);
    *ret_amount = amount.value;
    return err;
}

/* Days from the period's end; BOOK_NO_DAY where the cell is empty. */
static enum err read_remaining(const struct pass *pass, size_t column, int32_t *ret_days)
{
    const struct book_manifest *manifest = &pass->work->manifest;
    int32_t day = BOOK_NO_DAY;
    enum err err = book_cell_day(pass->extract.rows, column, pass->cells, &manifest->dates, &day);
    *ret_days = day == BOOK_NO_DAY ? BOOK_NO_DAY : day - manifest->period.end_day;
    return err;
}

static enum err read_flag(const struct pass *pass, size_t column, bool *ret_flag)
{
    static const struct {
        const char *word;
        bool flag;
    } words[] = {
        {"", false},    {"0", false},   {"no", false},  {"n", false},  {"false", false},
        {"non", false}, {"oya", false}, {"1", true},    {"yes", true}, {"y", true},
        {"true", true}, {"oui", true},  {"yego", true},
    };
    struct book_cell cell = {0};
    enum err err = book_cell_word(pass->extract.rows, column, pass->cells, &cell);
    for (size_t i = 0; err == ERR_OK && i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(words[i].word, cell.text == NULL ? "" : cell.text) == 0) {
            *ret_flag = words[i].flag;
            return ERR_OK;
        }
    }
    return err != ERR_OK ? err
                         : book_rows_refuse(pass->extract.rows, column, ERR_MALFORMED,
                                            "is neither yes nor no. Write one of the two.");
}

/* One of several words; allowed says which for a person. */
static enum err read_choice(const struct pass *pass, size_t column, const char *const *words,
                            size_t count, const char *allowed, size_t *ret_choice)
{
    struct book_cell cell = {0};
    enum err err = book_cell_word(pass->extract.rows, column, pass->cells, &cell);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        if (strcasecmp(words[i], cell.text) == 0) {
            *ret_choice = i;
            return ERR_OK;
        }
    }
    return err != ERR_OK ? err
                         : book_rows_refuse(pass->extract.rows, column, ERR_MALFORMED,
                                            "is not known here. Write %s.", allowed);
}

static enum err add(const struct pass *pass, size_t column, int64_t amount, int64_t *sum)
{
    return money_add(*sum, amount, sum) == ERR_OK
               ? ERR_OK
               : book_rows_refuse(pass->extract.rows, column, ERR_RANGE,
                                  "makes a sum larger than can be. Correct it.");
}

static size_t bucket_of(int32_t days)
{
    size_t bucket = 0;
    while (bucket + 1 < BOOK_LADDER_BUCKETS && days >= book_ladder_edges[bucket + 1]) {
        bucket++;
    }
    return bucket;
}

/* ---- borrowings.csv ---- */

enum borrowing_column {
    BORROWING_LENDER,
    BORROWING_KIND,
    BORROWING_DUE_ON,
    BORROWING_AMOUNT,
    BORROWING_FX,
    BORROWING_COLUMNS
};

static const struct book_column borrowing_columns[BORROWING_COLUMNS] = {
    [BORROWING_LENDER] = {"lender", MANDATORY},
    [BORROWING_KIND] = {"kind", MANDATORY},
    [BORROWING_DUE_ON] = {"due_on", BOOK_IN_HEADER},
    [BORROWING_AMOUNT] = {"amount", MANDATORY},
    [BORROWING_FX] = {"fx", 0},
};

static const struct book_table borrowing_table = {
    borrowing_columns, BORROWING_COLUMNS,
    "If nothing is borrowed, give one row BANK, DRAWN, the period's last day, 0; else extract it "
    "again."};

static enum err take_drawn(const struct pass *pass, size_t lender, int64_t amount,
                           struct book_borrowings *sums)
{
    int32_t days = BOOK_NO_DAY;
    bool is_fx = false;
    enum err err = read_remaining(pass, BORROWING_DUE_ON, &days);
    if (err == ERR_OK && days == BOOK_NO_DAY) {
        err = book_rows_refuse(pass->extract.rows, BORROWING_DUE_ON, ERR_MALFORMED,
                               "is empty, and what is DRAWN falls due on a day. Give it.");
    }
    err = err != ERR_OK ? err : read_flag(pass, BORROWING_FX, &is_fx);
    if (err != ERR_OK) {
        return err;
    }
    sums->lenders[lender].is_there = true;
    err = add(pass, BORROWING_AMOUNT, amount, &sums->lenders[lender].outstanding);
    if (err == ERR_OK && is_fx) {
        err = add(pass, BORROWING_AMOUNT, amount, &sums->lenders[lender].fx_part);
    }
    return err != ERR_OK ? err
                         : add(pass, BORROWING_AMOUNT, amount,
                               days < 0 ? &sums->overdue : &sums->due[bucket_of(days)]);
}

static enum err take_borrowing(const struct pass *pass, struct book_borrowings *sums)
{
    static const char *const lenders[] = {"BANK",        "DFI_MIV", "GOVT",
                                          "SHAREHOLDER", "APEX",    "OTHER"};
    static const char *const kinds[] = {"DRAWN", "LINE_COMMITTED", "LINE_UNCOMMITTED"};
    size_t lender = 0;
    size_t kind = 0;
    int64_t amount = 0;
    enum err err = read_choice(pass, BORROWING_LENDER, lenders, BOOK_LENDERS,
                               "BANK, DFI_MIV, GOVT, SHAREHOLDER, APEX or OTHER", &lender);
    err = err != ERR_OK ? err
                        : read_choice(pass, BORROWING_KIND, kinds, 3,
                                      "DRAWN, LINE_COMMITTED or LINE_UNCOMMITTED", &kind);
    err = err != ERR_OK ? err : read_amount(pass, BORROWING_AMOUNT, &amount);
    if (err != ERR_OK) {
        return err;
    }
    return kind == 0 ? take_drawn(pass, lender, amount, sums)
                     : add(pass, BORROWING_AMOUNT, amount,
                           kind == 1 ? &sums->committed : &sums->uncommitted);
}

enum err book_borrowings_read(const struct book_work *work, struct book_borrowings *ret_borrowings)
{
    AUTO(pass_close) struct pass pass = {.work = work};
    enum err err = book_extract_open(work, BORROWINGS_FILE, &borrowing_table, &pass.extract);
    while (next_row(&pass, &err)) {
        err = take_borrowing(&pass, ret_borrowings);
    }
    if (err != ERR_OK) {
        return err;
    }
    ret_borrowings->rows = book_rows_count(pass.extract.rows);
    ret_borrowings->has_fx = book_rows_has(pass.extract.rows, BORROWING_FX);
    return ERR_OK;
}

/* ---- placements.csv ---- */

enum placement_column {
    PLACEMENT_KIND,
    PLACEMENT_BALANCE,
    PLACEMENT_MATURES_ON,
    PLACEMENT_ENCUMBERED,
    PLACEMENT_COLUMNS
};

static const struct book_column placement_columns[PLACEMENT_COLUMNS] = {
    [PLACEMENT_KIND] = {"kind", MANDATORY},
    [PLACEMENT_BALANCE] = {"balance", MANDATORY},
    [PLACEMENT_MATURES_ON] = {"matures_on", BOOK_IN_HEADER},
    [PLACEMENT_ENCUMBERED] = {"encumbered", 0},
};

static const struct book_table placement_table = {
    placement_columns, PLACEMENT_COLUMNS,
    "If nothing is placed, give one row TERM, 0, the period's last day; else extract it again."};

static enum err take_placement(const struct pass *pass, struct book_placements *sums)
{
    static const char *const kinds[] = {"DEMAND", "TERM", "GOVT", "OTHER"};
    size_t kind = 0;
    int64_t balance = 0;
    int32_t days = BOOK_NO_DAY;
    bool is_encumbered = false;
    enum err err = read_choice(pass, PLACEMENT_KIND, kinds, BOOK_PLACEMENTS,
                               "DEMAND, TERM, GOVT or OTHER", &kind);
    err = err != ERR_OK ? err : read_amount(pass, PLACEMENT_BALANCE, &balance);
    err = err != ERR_OK ? err : read_remaining(pass, PLACEMENT_MATURES_ON, &days);
    err = err != ERR_OK ? err : read_flag(pass, PLACEMENT_ENCUMBERED, &is_encumbered);
    if (err != ERR_OK) {
        return err;
    }
    if (kind == PLACEMENT_TERM && days == BOOK_NO_DAY) {
        return book_rows_refuse(pass->extract.rows, PLACEMENT_MATURES_ON, ERR_MALFORMED,
                                "is empty, and a TERM placement matures on a day. Give it.");
    }
    sums->kinds[kind].is_there = true;
    if (is_encumbered) {
        return add(pass, PLACEMENT_BALANCE, balance, &sums->kinds[kind].encumbered);
    }
    if (kind == PLACEMENT_TERM) { /* what has matured can be called today */
        err = add(pass, PLACEMENT_BALANCE, balance,
                  &sums->term[days <= 30   ? 0
                              : days <= 90 ? 1
                                           : 2]);
    }
    return err != ERR_OK ? err : add(pass, PLACEMENT_BALANCE, balance, &sums->kinds[kind].free);
}

enum err book_placements_read(const struct book_work *work, struct book_placements *ret_placements)
{
    AUTO(pass_close) struct pass pass = {.work = work};
    enum err err = book_extract_open(work, PLACEMENTS_FILE, &placement_table, &pass.extract);
    while (next_row(&pass, &err)) {
        err = take_placement(&pass, ret_placements);
    }
    if (err != ERR_OK) {
        return err;
    }
    ret_placements->rows = book_rows_count(pass.extract.rows);
    return ERR_OK;
}

/* ---- schedule.csv ---- */

enum schedule_column { SCHEDULE_DUE_ON, SCHEDULE_PRINCIPAL, SCHEDULE_INTEREST, SCHEDULE_COLUMNS };

static const struct book_column schedule_columns[SCHEDULE_COLUMNS] = {
    [SCHEDULE_DUE_ON] = {"due_on", MANDATORY},
    [SCHEDULE_PRINCIPAL] = {"principal", MANDATORY},
    [SCHEDULE_INTEREST] = {"interest", BOOK_IN_HEADER},
};

static const struct book_table schedule_table = {
    schedule_columns, SCHEDULE_COLUMNS,
    "If nothing falls due any more, give one row with the period's last day, 0 and 0; else extract "
    "it again."};

static enum err take_instalment(const struct pass *pass, struct book_tally *past,
                                struct book_schedule *sums)
{
    int64_t principal = 0;
    int64_t interest = 0;
    int32_t days = 0;
    enum err err = read_remaining(pass, SCHEDULE_DUE_ON, &days);
    err = err != ERR_OK ? err : read_amount(pass, SCHEDULE_PRINCIPAL, &principal);
    err = err != ERR_OK ? err : read_amount(pass, SCHEDULE_INTEREST, &interest);
    if (err == ERR_OK && days < 0) { /* it was due before: no inflow to come */
        book_tally_add(past, book_rows_line(pass->extract.rows));
        return ERR_OK;
    }
    err =
        err != ERR_OK ? err : add(pass, SCHEDULE_PRINCIPAL, principal, &sums->due[bucket_of(days)]);
    return err != ERR_OK ? err
                         : add(pass, SCHEDULE_INTEREST, interest, &sums->due[bucket_of(days)]);
}

enum err book_schedule_read(const struct book_work *work, struct book_schedule *ret_schedule)
{
    AUTO(pass_close) struct pass pass = {.work = work};
    struct book_tally past = {0};
    enum err err = book_extract_open(work, SCHEDULE_FILE, &schedule_table, &pass.extract);
    while (next_row(&pass, &err)) {
        err = take_instalment(&pass, &past, ret_schedule);
    }
    if (err != ERR_OK) {
        return err;
    }
    ret_schedule->rows = book_rows_count(pass.extract.rows);
    book_notes_tally(work->notes, SEVERITY_INFO, book_rows_file(pass.extract.rows), &past,
                     "due before the period's end, left out");
    return ERR_OK;
}

/* ---- into the report ---- */

#define SET(message, field, value_) ((message)->has_##field = true, (message)->field = (value_))

static enum err put_buckets(const struct book_work *work, int item, const int64_t *amounts,
                            PbLiquidity *liquidity)
{
    for (size_t i = 0; i < BOOK_LADDER_BUCKETS; i++) {
        PbMaturityRow *row = arena_take(work->arena, sizeof *row);
        if (row == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__maturity_row__init(row);
        row->item = (Ihuriro__V1__MaturityRow__Item)item;
        row->from_day = book_ladder_edges[i];
        row->to_day = i + 1 == BOOK_LADDER_BUCKETS ? -1 : book_ladder_edges[i + 1] - 1;
        SET(row, amount, amounts[i]);
        liquidity->maturities[liquidity->n_maturities++] = row;
    }
    return ERR_OK;
}

static enum err put_borrowings(const struct book_work *work, const struct book_borrowings *sums,
                               PbLiquidity *liquidity)
{
    liquidity->borrowings = arena_take(work->arena, BOOK_LENDERS * sizeof *liquidity->borrowings);
    for (size_t i = 0; liquidity->borrowings != NULL && i < BOOK_LENDERS; i++) {
        PbBorrowingRow *row =
            sums->lenders[i].is_there ? arena_take(work->arena, sizeof *row) : NULL;
        if (row == NULL) {
            continue;
        }
        ihuriro__v1__borrowing_row__init(row);
        row->lender = (Ihuriro__V1__BorrowingRow__Lender)(i + 1);
        SET(row, outstanding, sums->lenders[i].outstanding);
        if (sums->has_fx) {
            SET(row, fx_part, sums->lenders[i].fx_part);
        }
        liquidity->borrowings[liquidity->n_borrowings++] = row;
    }
    if (liquidity->borrowings == NULL) {
        return ERR_MEMORY;
    }
    SET(liquidity, borrowings_overdue, sums->overdue);
    SET(liquidity, committed_undrawn, sums->committed);
    SET(liquidity, uncommitted_undrawn, sums->uncommitted);
    return put_buckets(work, IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, sums->due, liquidity);
}

/* A kind without a row is left to the accounts, but for TERM, which the file is for. */
static void put_placements(const struct book_placements *sums, PbLiquidity *liquidity)
{
    int64_t encumbered = 0;
    SET(liquidity, bank_term_30, sums->term[0]);
    SET(liquidity, bank_term_31_90, sums->term[1]);
    SET(liquidity, bank_term_over_90, sums->term[2]);
    if (sums->kinds[PLACEMENT_DEMAND].is_there) {
        SET(liquidity, bank_demand, sums->kinds[PLACEMENT_DEMAND].free);
    }
    if (sums->kinds[PLACEMENT_GOVT].is_there) {
        SET(liquidity, govt_unencumbered, sums->kinds[PLACEMENT_GOVT].free);
        SET(liquidity, govt_encumbered, sums->kinds[PLACEMENT_GOVT].encumbered);
    }
    if (sums->kinds[PLACEMENT_OTHER].is_there) {
        SET(liquidity, other_liquid, sums->kinds[PLACEMENT_OTHER].free);
    }
    bool fits = true;
    for (size_t i = 0; i < BOOK_PLACEMENTS; i++) {
        fits = fits && money_add(encumbered, sums->kinds[i].encumbered, &encumbered) == ERR_OK;
    }
    liquidity->has_encumbered_total = fits;
    liquidity->encumbered_total = fits ? encumbered : 0;
}

enum err book_ladders_put(const struct book_work *work, const struct book_ladders *ladders,
                          PbLiquidity *liquidity)
{
    size_t held = liquidity->n_maturities;
    PbMaturityRow **rows =
        arena_take(work->arena, (held + 2 * (size_t)BOOK_LADDER_BUCKETS) * sizeof *rows);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    if (held > 0) {
        memcpy(rows, liquidity->maturities, held * sizeof *rows);
    }
    liquidity->maturities = rows;
    enum err err = ERR_OK;
    if (ladders->borrowings != NULL) {
        err = put_borrowings(work, ladders->borrowings, liquidity);
    }
    if (err == ERR_OK && ladders->schedule != NULL) {
        err = put_buckets(work, IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS,
                          ladders->schedule->due, liquidity);
    }
    if (err == ERR_OK && ladders->placements != NULL) {
        put_placements(ladders->placements, liquidity);
    }
    return err;
}
