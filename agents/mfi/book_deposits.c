#include "agents/mfi/book_deposits.h"

#include <string.h>
#include <strings.h>

#include "proto/money.h"

#define FILE_NAME      "deposits.csv"
#define DORMANT_MONTHS 12
#define TYPE_TERM_AT   (IHURIRO__V1__DEPOSIT_ROW__TYPE__TERM - 1)
#define GENDER_SLOT    1 /* of a party's codes: gender; then, by type, whether it has one */

const int32_t book_term_edges[BOOK_TERM_BUCKETS + 1] = {0, 31, 91, 181, 366, INT32_MAX};

enum deposit_column {
    DEPOSIT_REF,
    DEPOSIT_OWNER,
    DEPOSIT_TYPE,
    DEPOSIT_BALANCE,
    DEPOSIT_MATURES_ON,
    DEPOSIT_GENDER,
    DEPOSIT_BRANCH,
    DEPOSIT_LAST_TX_ON,
    DEPOSIT_CURRENCY,
    DEPOSIT_COLUMNS,
};

#define MANDATORY (BOOK_IN_HEADER | BOOK_IN_ROW)

static const struct book_column columns[DEPOSIT_COLUMNS] = {
    [DEPOSIT_REF] = {"account_ref", MANDATORY | BOOK_SECRET},
    [DEPOSIT_OWNER] = {"owner_ref", MANDATORY | BOOK_SECRET},
    [DEPOSIT_TYPE] = {"type", MANDATORY},
    [DEPOSIT_BALANCE] = {"balance", MANDATORY},
    [DEPOSIT_MATURES_ON] = {"matures_on", 0},
    [DEPOSIT_GENDER] = {"gender", 0},
    [DEPOSIT_BRANCH] = {"branch", 0},
    [DEPOSIT_LAST_TX_ON] = {"last_tx_on", 0},
    [DEPOSIT_CURRENCY] = {"currency", 0},
};

static const struct book_table table = {
    columns, DEPOSIT_COLUMNS,
    "Extract it again; an institution that takes no deposits takes deposits.csv out of the "
    "folder."};

struct account {
    size_t type;
    int64_t balance;
    int32_t matures_on;
    int32_t last_tx_on;
    uint8_t gender;
};

struct deposit_pass {
    const struct book_work *work;
    struct book_extract extract;
    struct book_refs *refs;
    struct book_parties *owners;
    struct book_hash owner; /* of the row */
    struct book_deposits *deposits;
    struct book_tally overdrawn;
    struct book_tally no_gender;
};

static void deposit_pass_close(struct deposit_pass *pass)
{
    book_extract_close(&pass->extract);
    book_refs_close(&pass->refs);
    book_parties_close(&pass->owners);
}

/* ---- one account ---- */

static enum err read_type(const struct deposit_pass *pass, const struct book_cell *cells,
                          size_t *ret_type)
{
    struct book_cell cell = {0};
    enum err err = book_cell_word(pass->extract.rows, DEPOSIT_TYPE, cells, &cell);
    if (err != ERR_OK) {
        return err;
    }
    const ProtobufCEnumDescriptor *types = &ihuriro__v1__deposit_row__type__descriptor;
    for (unsigned i = 0; i < types->n_values; i++) {
        if (strcasecmp(types->values[i].name, cell.text) == 0) {
            *ret_type = (size_t)types->values[i].value - 1;
            return ERR_OK;
        }
    }
    return book_rows_refuse(pass->extract.rows, DEPOSIT_TYPE, ERR_MALFORMED,
                            "is no type of deposit. Write DEMAND, SAVINGS, COMPULSORY, TERM or "
                            "OTHER.");
}

static enum err check_currency(const struct deposit_pass *pass, const struct book_cell *cells)
{
    const char *currency = pass->work->manifest.currency;
    struct book_cell cell = {0};
    enum err err = book_cell_word(pass->extract.rows, DEPOSIT_CURRENCY, cells, &cell);
    if (err != ERR_OK || cell.size == 0 || strcasecmp(cell.text, currency) == 0) {
        return err;
    }
    return book_rows_refuse(pass->extract.rows, DEPOSIT_CURRENCY, ERR_REFUSED,
                            "is not the manifest's currency, %s. An institution reports in one "
                            "currency: convert the row, or leave it out.",
                            currency);
}

static enum err read_gender(struct deposit_pass *pass, const struct book_cell *cells,
                            uint8_t *ret_gender)
{
    struct book_cell cell = {0};
    enum err err = book_cell_word(pass->extract.rows, DEPOSIT_GENDER, cells, &cell);
    if (err != ERR_OK) {
        return err;
    }
    struct book_meaning meaning = book_dictionary_find(pass->work->words.genders, &cell);
    if (!meaning.is_known && pass->deposits->has_gender) {
        book_tally_add(&pass->no_gender, book_rows_line(pass->extract.rows));
    }
    *ret_gender = meaning.code;
    return ERR_OK;
}

static enum err read_account(struct deposit_pass *pass, const struct book_cell *cells,
                             struct account *account)
{
    const struct book_rows *rows = pass->extract.rows;
    const struct book_dates *dates = &pass->work->manifest.dates;
    const struct book_amount_format format = {pass->work->manifest.exponent, true};
    struct book_amount balance = {0};
    enum err err = read_type(pass, cells, &account->type);
    if (err == ERR_OK) {
        err = book_cell_amount(rows, DEPOSIT_BALANCE, cells, format, &balance);
    }
    if (err == ERR_OK) {
        err = book_cell_day(rows, DEPOSIT_MATURES_ON, cells, dates, &account->matures_on);
    }
    if (err == ERR_OK) {
        err = book_cell_day(rows, DEPOSIT_LAST_TX_ON, cells, dates, &account->last_tx_on);
    }
    if (err == ERR_OK) {
        err = read_gender(pass, cells, &account->gender);
    }
    if (err == ERR_OK) {
        err = check_currency(pass, cells);
    }
    account->balance = balance.value;
    bool needs_day =
        account->type == TYPE_TERM_AT && account->balance > 0 && pass->deposits->has_maturity;
    if (err == ERR_OK && needs_day && account->matures_on == BOOK_NO_DAY) {
        return book_rows_refuse(rows, DEPOSIT_MATURES_ON, ERR_MALFORMED,
                                "is empty, and a TERM account matures on a day. Give it.");
    }
    return err;
}

/* ---- sums ---- */

static enum err add_owner(struct deposit_pass *pass, const struct account *account)
{
    struct book_party *party = NULL;
    uint32_t index = 0;
    if (book_parties_at(pass->owners, pass->owner, &index, &party) != ERR_OK) {
        return book_no_memory(pass->work);
    }
    if (party->members == 0) {
        party->members = 1;
        party->codes[GENDER_SLOT] = account->gender;
    }
    party->amount += account->balance;
    party->codes[GENDER_SLOT + 1 + account->type] = 1;
    return ERR_OK;
}

static void add_days(struct deposit_pass *pass, const struct account *account)
{
    struct book_deposits *deposits = pass->deposits;
    int32_t as_of = pass->work->manifest.period.end_day;
    if (account->type == TYPE_TERM_AT && deposits->has_maturity) {
        size_t bucket = BOOK_TERM_BUCKETS - 1;
        while (bucket > 0 && account->matures_on < as_of + book_term_edges[bucket]) {
            bucket--;
        }
        deposits->term_due[bucket] += account->balance;
    }
    if (account->last_tx_on != BOOK_NO_DAY && account->last_tx_on < as_of - 365 &&
        day_add_months(account->last_tx_on, DORMANT_MONTHS) < as_of) {
        deposits->dormant += account->balance;
    }
}

static enum err add_account(struct deposit_pass *pass, const struct account *account)
{
    struct book_deposits *deposits = pass->deposits;
    if (account->balance == 0) {
        return ERR_OK;
    }
    if (account->balance < 0) {
        book_tally_add(&pass->overdrawn, book_rows_line(pass->extract.rows));
        return ERR_OK;
    }
    if (money_add(deposits->total, account->balance, &deposits->total) != ERR_OK) {
        return book_rows_refuse(pass->extract.rows, DEPOSIT_BALANCE, ERR_RANGE,
                                "makes the column's sum larger than can be. Look for amounts with "
                                "too many digits.");
    }
    deposits->types[account->type].balance += account->balance;
    deposits->types[account->type].accounts++;
    add_days(pass, account);
    return add_owner(pass, account);
}

/* As in book_loans.c: the tables' places are brought near while the row is read. */
static enum err take_row(struct deposit_pass *pass, const struct book_cell *cells)
{
    const struct book_cell *ref = &cells[DEPOSIT_REF];
    const struct book_cell *owner = &cells[DEPOSIT_OWNER];
    struct account account = {0};
    enum err err = book_cell_reference(pass->extract.rows, DEPOSIT_REF, cells);
    if (err == ERR_OK) {
        err = book_cell_reference(pass->extract.rows, DEPOSIT_OWNER, cells);
    }
    if (err != ERR_OK) {
        return err;
    }
    struct book_seen seen = {pass->refs, book_hash_of(pass->work->secret, ref->text, ref->size)};
    book_refs_prefetch(pass->refs, seen.hash);
    pass->owner = book_hash_of(pass->work->secret, owner->text, owner->size);
    book_parties_prefetch_index(pass->owners, pass->owner);
    err = read_account(pass, cells, &account);
    if (err == ERR_OK) {
        book_parties_prefetch(pass->owners, pass->owner);
        err = book_extract_add_reference(pass->work, &pass->extract, &table, ref, seen);
    }
    return err == ERR_OK ? add_account(pass, &account) : err;
}

static void visit_owner(void *context, const struct book_party *party)
{
    struct book_deposits *deposits = context;
    book_top_add(&deposits->top, party->amount);
    for (size_t i = 0; i < BOOK_DEPOSIT_TYPES; i++) {
        if (party->codes[GENDER_SLOT + 1 + i] != 0) {
            deposits->types[i].depositors++;
            deposits->types[i].women += party->codes[GENDER_SLOT] == BOOK_GENDER_F;
        }
    }
}

static void visit_nothing(void *context, const struct book_party *party, unsigned dimension,
                          uint8_t code)
{
    (void)context;
    (void)party;
    (void)dimension;
    (void)code;
}

static enum err begin(struct deposit_pass *pass)
{
    const struct book_rows *rows = pass->extract.rows;
    struct book_deposits *deposits = pass->deposits;
    uint64_t expected =
        book_extract_expected(&pass->extract, UINT64_MAX) / 3; /* some 48 bytes a row */
    deposits->has_gender = book_rows_has(rows, DEPOSIT_GENDER);
    deposits->has_maturity = book_rows_has(rows, DEPOSIT_MATURES_ON);
    deposits->has_last_tx = book_rows_has(rows, DEPOSIT_LAST_TX_ON);
    if (book_refs_open(expected, &pass->refs) != ERR_OK ||
        book_parties_open(expected, &pass->owners) != ERR_OK) {
        return book_no_memory(pass->work);
    }
    return ERR_OK;
}

enum err book_deposits_read(const struct book_work *work, struct book_deposits *ret_deposits)
{
    AUTO(deposit_pass_close) struct deposit_pass pass = {.work = work, .deposits = ret_deposits};
    const struct book_cell *cells = NULL;
    enum err err = book_extract_open(work, FILE_NAME, &table, &pass.extract);
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
        ret_deposits->rows = book_rows_count(pass.extract.rows);
        book_parties_walk(pass.owners, visit_owner, visit_nothing, ret_deposits);
        book_notes_tally(work->notes, SEVERITY_WARNING, book_rows_file(pass.extract.rows),
                         &pass.overdrawn, "an overdrawn account, left out");
        book_notes_tally(work->notes, SEVERITY_WARNING, book_rows_file(pass.extract.rows),
                         &pass.no_gender, "gender not given or not known, counted as U");
    }
    return err;
}
