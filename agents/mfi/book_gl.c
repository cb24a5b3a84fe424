#include "agents/mfi/book_gl.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agents/mfi/book_cell.h"
#include "proto/money.h"
#include "proto/text.h"

#define FILE_NAME "gl.csv"

enum gl_column {
    GL_CODE,
    GL_NAME,
    GL_BALANCE,
    GL_DEBIT,
    GL_CREDIT,
    GL_OPENING,
    GL_DEBIT_TURNOVER,
    GL_CREDIT_TURNOVER,
    GL_COLUMNS,
};

static const struct book_column columns[GL_COLUMNS] = {
    [GL_CODE] = {"gl_code", BOOK_IN_HEADER | BOOK_IN_ROW},
    [GL_NAME] = {"name", 0},
    [GL_BALANCE] = {"balance", BOOK_WHOLE},
    [GL_DEBIT] = {"debit", BOOK_WHOLE},
    [GL_CREDIT] = {"credit", BOOK_WHOLE},
    [GL_OPENING] = {"opening_balance", BOOK_WHOLE},
    [GL_DEBIT_TURNOVER] = {"debit_turnover", 0},
    [GL_CREDIT_TURNOVER] = {"credit_turnover", 0},
};

static const struct book_table table = {
    columns, GL_COLUMNS, "Extract the balances again, or take gl.csv out of the folder."};

/* What an account can add to. A flow is closing less opening; all of these are income or expense,
 * so the opening is 0 where the fiscal year starts with the period (D38). A dotted item is the
 * amount of a row: deposits by type, borrowings by lender. glp is compared only. */
struct item {
    const char *code;
    const char *name;
    int type;
    bool is_flow;
};

static const struct item items[] = {
    {"P01", "glp", TYPE_PORTFOLIO, false},
    {"P13", "written_off_stock", TYPE_PORTFOLIO, false},
    {"P14", "allowance", TYPE_PORTFOLIO, false},
    {"", "allowance_stage1", TYPE_PORTFOLIO, false},
    {"", "allowance_stage2", TYPE_PORTFOLIO, false},
    {"", "allowance_stage3", TYPE_PORTFOLIO, false},
    {"P15", "provision_expense", TYPE_PORTFOLIO, true},
    {"P12", "recovered", TYPE_PORTFOLIO, true},
    {"P20", "interest_collected", TYPE_PORTFOLIO, true},
    {"P21", "accrued_interest_receivable", TYPE_PORTFOLIO, false},
    {"L01", "cash", TYPE_LIQUIDITY, false},
    {"L02", "central_bank", TYPE_LIQUIDITY, false},
    {"L03", "bank_demand", TYPE_LIQUIDITY, false},
    {"L04", "bank_term_30", TYPE_LIQUIDITY, false},
    {"", "bank_term_31_90", TYPE_LIQUIDITY, false},
    {"", "bank_term_over_90", TYPE_LIQUIDITY, false},
    {"L05", "emoney", TYPE_LIQUIDITY, false},
    {"L06", "govt_unencumbered", TYPE_LIQUIDITY, false},
    {"", "govt_encumbered", TYPE_LIQUIDITY, false},
    {"L07", "other_liquid", TYPE_LIQUIDITY, false},
    {"L08", "encumbered_total", TYPE_LIQUIDITY, false},
    {"L09", "committed_undrawn", TYPE_LIQUIDITY, false},
    {"", "uncommitted_undrawn", TYPE_LIQUIDITY, false},
    {"L10", "deposits_total", TYPE_LIQUIDITY, false},
    {"L13", "dormant_deposits", TYPE_LIQUIDITY, false},
    {"", "interest_credited", TYPE_LIQUIDITY, true},
    {"", "deposits.DEMAND", TYPE_LIQUIDITY, false},
    {"", "deposits.SAVINGS", TYPE_LIQUIDITY, false},
    {"", "deposits.COMPULSORY", TYPE_LIQUIDITY, false},
    {"", "deposits.TERM", TYPE_LIQUIDITY, false},
    {"", "deposits.OTHER", TYPE_LIQUIDITY, false},
    {"", "borrowings.BANK", TYPE_LIQUIDITY, false},
    {"", "borrowings.DFI_MIV", TYPE_LIQUIDITY, false},
    {"", "borrowings.GOVT", TYPE_LIQUIDITY, false},
    {"", "borrowings.SHAREHOLDER", TYPE_LIQUIDITY, false},
    {"", "borrowings.APEX", TYPE_LIQUIDITY, false},
    {"", "borrowings.OTHER", TYPE_LIQUIDITY, false},
    {"L21", "regulatory_liquid_assets", TYPE_LIQUIDITY, false},
    {"", "regulatory_liquidity_base", TYPE_LIQUIDITY, false},
    {"C01", "total_assets", TYPE_CAPITAL, false},
    {"C02", "net_loans", TYPE_CAPITAL, false},
    {"C03", "fixed_assets", TYPE_CAPITAL, false},
    {"", "land_buildings", TYPE_CAPITAL, false},
    {"C04", "non_earning_assets", TYPE_CAPITAL, false},
    {"C05", "equity_holdings", TYPE_CAPITAL, false},
    {"C06", "total_liabilities", TYPE_CAPITAL, false},
    {"C07", "deposits", TYPE_CAPITAL, false},
    {"C08", "borrowings", TYPE_CAPITAL, false},
    {"C09", "paid_in_capital", TYPE_CAPITAL, false},
    {"C10", "reserves", TYPE_CAPITAL, false},
    {"C11", "retained_earnings", TYPE_CAPITAL, false},
    {"C12", "donated", TYPE_CAPITAL, false},
    {"C13", "current_result", TYPE_CAPITAL, false},
    {"C18", "fx_assets", TYPE_CAPITAL, false},
    {"", "fx_liabilities", TYPE_CAPITAL, false},
    {"C19", "other_equity", TYPE_CAPITAL, false},
    {"C20", "loan_income", TYPE_CAPITAL, true},
    {"C21", "other_income", TYPE_CAPITAL, true},
    {"C22", "financial_expense", TYPE_CAPITAL, true},
    {"C23", "impairment", TYPE_CAPITAL, true},
    {"C24", "staff_cost", TYPE_CAPITAL, true},
    {"C25", "other_opex", TYPE_CAPITAL, true},
    {"C26", "tax", TYPE_CAPITAL, true},
    {"C27", "grants", TYPE_CAPITAL, true},
};

#define ITEMS (sizeof items / sizeof items[0])
static_assert(ITEMS <= BOOK_GL_ITEMS_MAX, "a sum for each item");

static int find_item(const char *name)
{
    for (size_t i = 0; i < ITEMS; i++) {
        if (strcasecmp(items[i].name, name) == 0 ||
            (items[i].code[0] != '\0' && strcasecmp(items[i].code, name) == 0)) {
            return (int)i;
        }
    }
    return -1;
}

enum err book_gl_check(const struct book_gl *map, struct complaint *complaint)
{
    char allowed[1600] = "";
    char shown[64];
    for (size_t i = 0; i < map->count; i++) {
        const char *item = map->items[i].item;
        if (find_item(item) >= 0 && map->items[i].prefix[0] != '\0') {
            continue;
        }
        for (size_t k = 0; k < ITEMS; k++) {
            size_t used = strlen(allowed);
            (void)snprintf(allowed + used, sizeof allowed - used, " %s", items[k].name);
        }
        return complain(
            complaint, ERR_CONFIG,
            "`gl` in agent.conf maps accounts to \"%s\", which is no item, or has an empty "
            "prefix. The items are:%s.",
            text_escape(bytes_of(item, strlen(item)), shown, sizeof shown), allowed);
    }
    return ERR_OK;
}

bool book_gl_has(const struct book_gl *map, int type)
{
    for (size_t i = 0; i < map->count; i++) {
        int item = find_item(map->items[i].item);
        if (item >= 0 && items[item].type == type) {
            return true;
        }
    }
    return false;
}

/* ---- reading ---- */

struct balances {
    int64_t closing;
    int64_t opening;
};

static enum err read_balances(const struct book_work *work, const struct book_rows *rows,
                              const struct book_cell *cells, struct balances *ret_balances)
{
    const struct book_amount_format format = {work->manifest.exponent, true};
    struct book_amount values[GL_COLUMNS] = {0};
    static const enum gl_column wanted[] = {GL_BALANCE, GL_DEBIT, GL_CREDIT, GL_OPENING};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        enum err err = book_cell_amount(rows, wanted[i], cells, format, &values[wanted[i]]);
        if (err != ERR_OK) {
            return err;
        }
    }
    ret_balances->closing = values[GL_BALANCE].value;
    ret_balances->opening = values[GL_OPENING].value;
    if (!book_rows_has(rows, GL_BALANCE) &&
        __builtin_sub_overflow(values[GL_DEBIT].value, values[GL_CREDIT].value,
                               &ret_balances->closing)) {
        return book_rows_refuse(rows, GL_DEBIT, ERR_RANGE, "is too large. Correct it.");
    }
    return ERR_OK;
}

static size_t prefix_length(const struct book_gl_row *row, const char *code)
{
    size_t length = strlen(row->prefix);
    return strncmp(row->prefix, code, length) == 0 ? length : 0;
}

static enum err add(const struct book_rows *rows, const struct book_gl_row *row,
                    const struct balances *balances, struct book_gl_sum *sum)
{
    struct balances turned = *balances;
    if (row->is_negative && (__builtin_sub_overflow(0, balances->closing, &turned.closing) ||
                             __builtin_sub_overflow(0, balances->opening, &turned.opening))) {
        return book_rows_refuse(rows, GL_BALANCE, ERR_RANGE, "is too large. Correct it.");
    }
    if (money_add(sum->closing, turned.closing, &sum->closing) != ERR_OK ||
        money_add(sum->opening, turned.opening, &sum->opening) != ERR_OK) {
        return book_rows_refuse(rows, GL_BALANCE, ERR_RANGE,
                                "makes the item's sum larger than can be. Correct it.");
    }
    return ERR_OK;
}

/* The longest prefix wins; two items of that same prefix both take the account. */
static enum err take_account(const struct book_work *work, const struct book_rows *rows,
                             const struct book_cell *cells, struct book_gl_sums *sums)
{
    const struct book_gl *map = &work->maps->gl;
    struct balances balances = {0};
    size_t longest = 0;
    enum err err = book_cell_reference(rows, GL_CODE, cells);
    if (err == ERR_OK) {
        err = read_balances(work, rows, cells, &balances);
    }
    for (size_t i = 0; i < map->count; i++) {
        size_t length = prefix_length(&map->items[i], cells[GL_CODE].text);
        longest = length > longest ? length : longest;
    }
    for (size_t i = 0; err == ERR_OK && longest > 0 && i < map->count; i++) {
        if (prefix_length(&map->items[i], cells[GL_CODE].text) == longest) {
            int item = find_item(map->items[i].item);
            assert(item >= 0); /* book_gl_check */
            err = add(rows, &map->items[i], &balances, &sums->items[item]);
        }
    }
    return err;
}

static bool starts_fiscal_year(const struct book_work *work)
{
    int first = work->options->fiscal_year_month == 0 ? 1 : work->options->fiscal_year_month;
    int date[3] = {0};
    day_to_date(work->manifest.period.start_day, &date[0], &date[1], &date[2]);
    return date[1] == first && date[2] == 1;
}

static enum err check_columns(const struct book_work *work, const struct book_rows *rows)
{
    bool has_sides = book_rows_has(rows, GL_DEBIT) && book_rows_has(rows, GL_CREDIT);
    if (book_rows_has(rows, GL_BALANCE) || has_sides) {
        return ERR_OK;
    }
    return complain(work->complaint, ERR_MALFORMED,
                    "%s line 1: the header lacks balance, or debit and credit (the balances; "
                    "turnover is debit_turnover and credit_turnover). Add them to the extract.",
                    book_rows_file(rows));
}

enum err book_gl_read(const struct book_work *work, struct book_gl_sums *ret_sums)
{
    AUTO(book_extract_close) struct book_extract extract = {0};
    const struct book_gl *map = &work->maps->gl;
    const struct book_cell *cells = NULL;
    for (size_t i = 0; i < map->count; i++) {
        int item = find_item(map->items[i].item);
        assert(item >= 0);
        ret_sums->items[item].is_mapped = true;
    }
    enum err err = book_extract_open(work, FILE_NAME, &table, &extract);
    if (err == ERR_OK) {
        err = check_columns(work, extract.rows);
    }
    while (err == ERR_OK) {
        err = book_rows_next(extract.rows, &cells);
        if (err != ERR_OK || cells == NULL) {
            break;
        }
        err = take_account(work, extract.rows, cells, ret_sums);
    }
    if (err != ERR_OK) {
        return err;
    }
    bool is_year_start = starts_fiscal_year(work);
    ret_sums->rows = book_rows_count(extract.rows);
    ret_sums->has_opening = is_year_start || book_rows_has(extract.rows, GL_OPENING);
    for (size_t i = 0; is_year_start && i < ITEMS; i++) {
        ret_sums->items[i].opening = 0;
    }
    return ERR_OK;
}

/* ---- putting ---- */

/* An optional int64 field that is not set yet. */
static void set_field(ProtobufCMessage *body, const char *name, int64_t amount)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(body->descriptor, name);
    assert(field != NULL && field->type == PROTOBUF_C_TYPE_INT64);
    char *base = (char *)body;
    protobuf_c_boolean *has = (protobuf_c_boolean *)(void *)(base + field->quantifier_offset);
    if (!*has) {
        *has = true;
        *(int64_t *)(void *)(base + field->offset) = amount;
    }
}

static enum err put_deposit(PbLiquidity *liquidity, const char *type, int64_t amount,
                            struct arena *arena)
{
    PbDepositRow *row = arena_take(arena, sizeof *row);
    if (row == NULL) {
        return ERR_MEMORY;
    }
    ihuriro__v1__deposit_row__init(row);
    row->type = (Ihuriro__V1__DepositRow__Type)protobuf_c_enum_descriptor_get_value_by_name(
                    &ihuriro__v1__deposit_row__type__descriptor, type)
                    ->value;
    row->has_balance = true;
    row->balance = amount;
    liquidity->deposits[liquidity->n_deposits++] = row;
    return ERR_OK;
}

static enum err put_borrowing(PbLiquidity *liquidity, const char *lender, int64_t amount,
                              struct arena *arena)
{
    PbBorrowingRow *row = arena_take(arena, sizeof *row);
    if (row == NULL) {
        return ERR_MEMORY;
    }
    ihuriro__v1__borrowing_row__init(row);
    row->lender = (Ihuriro__V1__BorrowingRow__Lender)protobuf_c_enum_descriptor_get_value_by_name(
                      &ihuriro__v1__borrowing_row__lender__descriptor, lender)
                      ->value;
    row->has_outstanding = true;
    row->outstanding = amount;
    liquidity->borrowings[liquidity->n_borrowings++] = row;
    return ERR_OK;
}

/* Rows only where deposits.csv and borrowings.csv gave none: then they are this file's. */
static enum err put_rows(const struct book_gl_sums *sums, struct arena *arena,
                         PbLiquidity *liquidity)
{
    bool has_deposits = liquidity->n_deposits > 0;
    bool has_borrowings = liquidity->n_borrowings > 0;
    enum err err = ERR_OK;
    if (!has_deposits) {
        liquidity->deposits = arena_take(arena, ITEMS * sizeof *liquidity->deposits);
    }
    if (!has_borrowings) {
        liquidity->borrowings = arena_take(arena, ITEMS * sizeof *liquidity->borrowings);
    }
    if (liquidity->deposits == NULL || liquidity->borrowings == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; err == ERR_OK && i < ITEMS; i++) {
        const char *dot = strchr(items[i].name, '.');
        if (dot == NULL || !sums->items[i].is_mapped) {
            continue;
        }
        int64_t amount = sums->items[i].closing;
        if (items[i].name[0] == 'b' && has_borrowings) {
            continue;
        }
        if (items[i].name[0] == 'b') {
            err = put_borrowing(liquidity, dot + 1, amount, arena);
        } else if (!has_deposits) {
            err = put_deposit(liquidity, dot + 1, amount, arena);
        }
    }
    return err;
}

enum err book_gl_put(const struct book_gl_sums *sums, int type, struct arena *arena,
                     ProtobufCMessage *body)
{
    for (size_t i = 0; i < ITEMS; i++) {
        const struct book_gl_sum *sum = &sums->items[i];
        bool is_total = strcmp(items[i].name, "deposits_total") == 0;
        if (items[i].type != type || !sum->is_mapped || strchr(items[i].name, '.') != NULL ||
            strcmp(items[i].name, "glp") == 0 ||
            (is_total && ((PbLiquidity *)body)->n_deposits > 0)) {
            continue;
        }
        int64_t amount = sum->closing;
        if (items[i].is_flow &&
            (!sums->has_opening || __builtin_sub_overflow(sum->closing, sum->opening, &amount))) {
            continue;
        }
        set_field(body, items[i].name, amount);
    }
    return type == TYPE_LIQUIDITY ? put_rows(sums, arena, (PbLiquidity *)body) : ERR_OK;
}

bool book_gl_deposits(const struct book_gl_sums *sums, int64_t *ret_amount)
{
    int64_t total = 0;
    bool is_mapped = book_gl_closing(sums, "deposits_total", &total);
    bool is_total = is_mapped;
    for (size_t i = 0; !is_total && i < ITEMS; i++) {
        if (strncmp(items[i].name, "deposits.", 9) == 0 && sums->items[i].is_mapped) {
            is_mapped = true; /* to no account that is there: a measured 0 */
            if (money_add(total, sums->items[i].closing, &total) != ERR_OK) {
                return false;
            }
        }
    }
    if (is_mapped) {
        *ret_amount = total;
    }
    return is_mapped;
}

bool book_gl_closing(const struct book_gl_sums *sums, const char *item, int64_t *ret_amount)
{
    int found = find_item(item);
    assert(found >= 0);
    *ret_amount = sums->items[found].closing;
    return sums->items[found].is_mapped;
}
