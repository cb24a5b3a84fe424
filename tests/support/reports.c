#include "tests/support/reports.h"

#include <assert.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/period.h"

#define US_PER_HOUR INT64_C(3600000000)
#define US_PER_DAY  (24 * US_PER_HOUR)

static void *take(struct arena *arena, size_t size)
{
    void *memory = arena_take(arena, size);
    assert(memory != NULL);
    return memory;
}

static char *text(struct arena *arena, const char *from)
{
    char *copy = arena_text(arena, from);
    assert(copy != NULL);
    return copy;
}

static PbPeriod *make_period(struct arena *arena, const char *key)
{
    struct period exact;
    enum err err = period_parse(key, &exact);
    assert(err == ERR_OK);
    PbPeriod *period = take(arena, sizeof *period);
    ihuriro__v1__period__init(period);
    period->frequency = (Ihuriro__V1__Period__Frequency)exact.frequency;
    period->key = text(arena, key);
    period->start_day = exact.start_day;
    period->end_day = exact.end_day;
    period->as_of_day = exact.end_day;
    return period;
}

static Ihuriro__V1__Source *make_source(struct arena *arena)
{
    Ihuriro__V1__Source *source = take(arena, sizeof *source);
    ihuriro__v1__source__init(source);
    source->has_kind = 1;
    source->kind = IHURIRO__V1__SOURCE__KIND__CSV;
    source->agent_version = text(arena, "0.1.0");
    source->has_rows = 1;
    source->rows = 4;
    source->has_rejected_rows = 1;
    source->has_overdue_basis = 1;
    source->overdue_basis = IHURIRO__V1__SOURCE__OVERDUE_BASIS__ANY;
    source->has_control_total = 1;
    source->control_total = 1500000;
    return source;
}

static Ihuriro__V1__SignOff *make_signoff(struct arena *arena)
{
    Ihuriro__V1__SignOff *signoff = take(arena, sizeof *signoff);
    ihuriro__v1__sign_off__init(signoff);
    signoff->has_level = 1;
    signoff->level = IHURIRO__V1__SIGN_OFF__LEVEL__PREPARED;
    signoff->prepared_role = text(arena, "accountant");
    signoff->prepared_code = text(arena, "A-07");
    return signoff;
}

static PbReport *make_report(struct arena *arena, int type, const char *institution,
                             const char *period, uint32_t vintage)
{
    PbReport *report = take(arena, sizeof *report);
    ihuriro__v1__report__init(report);
    report->schema_version = SCHEMA_VERSION;
    report->institution = text(arena, institution);
    report->type = (Ihuriro__V1__ReportType)type;
    report->period = make_period(arena, period);
    report->vintage = vintage;
    report->status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    report->produced_at_us =
        (report->period->end_day + 2) * US_PER_DAY + 8 * US_PER_HOUR + US_PER_HOUR / 4;
    report->currency = text(arena, "RWF");
    report->currency_exponent = 0;
    report->has_reason = vintage > 1;
    report->reason = IHURIRO__V1__REPORT__REASON__ERROR;
    report->source = make_source(arena);
    report->signoff = make_signoff(arena);
    return report;
}

/* Sets optional fields: SET(body, glp, 1500000). */
#define SET(message, field, value)  \
    do {                            \
        (message)->has_##field = 1; \
        (message)->field = (value); \
    } while (0)

static const struct {
    int32_t min_days;
    int32_t max_days;
    uint64_t loans;
    int64_t outstanding;
    int64_t overdue;
    int64_t restructured;
    int64_t moratorium;
} aging[] = {
    {0, 0, 1, 600000, 0, 0, 100000}, {1, 29, 1, 300000, 50000, 300000, 0},
    {30, 30, 0, 0, 0, 0, 0},         {31, 59, 1, 400000, 200000, 0, 0},
    {60, 60, 0, 0, 0, 0, 0},         {61, 89, 0, 0, 0, 0, 0},
    {90, 90, 0, 0, 0, 0, 0},         {91, 179, 1, 200000, 200000, 0, 0},
    {180, 180, 0, 0, 0, 0, 0},       {181, 359, 0, 0, 0, 0, 0},
    {360, 360, 0, 0, 0, 0, 0},       {361, -1, 0, 0, 0, 0, 0},
};
#define AGING_ROWS (sizeof aging / sizeof aging[0])

static void add_aging(struct arena *arena, PbPortfolio *portfolio)
{
    portfolio->aging = take(arena, AGING_ROWS * sizeof(PbAgingRow *));
    for (size_t i = 0; i < AGING_ROWS; i++) {
        PbAgingRow *row = take(arena, sizeof *row);
        ihuriro__v1__aging_row__init(row);
        row->min_days = aging[i].min_days;
        row->max_days = aging[i].max_days;
        SET(row, loans, aging[i].loans);
        SET(row, outstanding, aging[i].outstanding);
        SET(row, overdue_principal, aging[i].overdue);
        SET(row, restructured, aging[i].restructured);
        SET(row, moratorium, aging[i].moratorium);
        SET(row, moratorium_restructured, 0);
        portfolio->aging[i] = row;
    }
    portfolio->n_aging = AGING_ROWS;
}

static void add_classes(struct arena *arena, PbPortfolio *portfolio)
{
    static const struct {
        const char *code;
        int64_t outstanding;
        int64_t required;
    } classes[] = {
        {"NL", 900000, 9000}, {"WL", 400000, 12000}, {"SL", 200000, 40000},
        {"DL", 0, 0},         {"LL", 0, 0},
    };
    const size_t count = sizeof classes / sizeof classes[0];
    portfolio->classes = take(arena, count * sizeof(PbClassRow *));
    for (size_t i = 0; i < count; i++) {
        PbClassRow *row = take(arena, sizeof *row);
        ihuriro__v1__class_row__init(row);
        row->code = text(arena, classes[i].code);
        SET(row, outstanding, classes[i].outstanding);
        SET(row, required_provision, classes[i].required);
        SET(row, held_provision, classes[i].required);
        portfolio->classes[i] = row;
    }
    portfolio->n_classes = count;
}

static void add_breakdown(struct arena *arena, PbPortfolio *portfolio)
{
    static const struct {
        Ihuriro__V1__BreakdownRow__Dimension dim;
        const char *code;
        uint64_t loans;
        int64_t outstanding;
        int64_t par30;
        int64_t par90;
    } rows[] = {
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER, "F", 2, 900000, 200000, 200000},
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER, "M", 2, 600000, 400000, 0},
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SECTOR, "AGRI", 3, 1100000, 600000, 200000},
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SECTOR, "COMMERCE", 1, 400000, 0, 0},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    portfolio->breakdown = take(arena, count * sizeof(PbBreakdownRow *));
    for (size_t i = 0; i < count; i++) {
        PbBreakdownRow *row = take(arena, sizeof *row);
        ihuriro__v1__breakdown_row__init(row);
        row->dim = rows[i].dim;
        row->code = text(arena, rows[i].code);
        SET(row, loans, rows[i].loans);
        SET(row, borrowers, rows[i].loans);
        SET(row, outstanding, rows[i].outstanding);
        SET(row, par30, rows[i].par30);
        SET(row, par90, rows[i].par90);
        portfolio->breakdown[i] = row;
    }
    portfolio->n_breakdown = count;
}

static void set_stocks(PbPortfolio *portfolio)
{
    SET(portfolio, glp, 1500000);
    SET(portfolio, loans_outstanding, 4);
    SET(portfolio, active_borrowers, 4);
    SET(portfolio, women_borrowers, 2);
    SET(portfolio, restructured_outstanding, 300000);
    SET(portfolio, restructured_loans, 1);
    SET(portfolio, moratorium_outstanding, 100000);
    SET(portfolio, moratorium_loans, 1);
    SET(portfolio, moratorium_ending_30, 0);
    SET(portfolio, moratorium_ending_31_90, 100000);
    SET(portfolio, moratorium_ending_over_90, 0);
    SET(portfolio, allowance, 120000);
}

static void set_flows(PbPortfolio *portfolio)
{
    SET(portfolio, written_off, 300000);
    SET(portfolio, written_off_loans, 1);
    SET(portfolio, recovered, 50000);
    SET(portfolio, provision_expense, -5000); /* signed: a release */
    SET(portfolio, disbursed, 400000);
    SET(portfolio, disbursed_loans, 1);
    SET(portfolio, principal_collected, 200000);
    SET(portfolio, glp_adjustment, 0);
}

PbReport *report_of_portfolio(struct arena *arena, const char *institution, const char *period,
                              uint32_t vintage)
{
    PbReport *report = make_report(arena, TYPE_PORTFOLIO, institution, period, vintage);
    PbPortfolio *portfolio = take(arena, sizeof *portfolio);
    ihuriro__v1__portfolio__init(portfolio);
    set_stocks(portfolio);
    set_flows(portfolio);
    add_aging(arena, portfolio);
    add_classes(arena, portfolio);
    add_breakdown(arena, portfolio);
    report->portfolio = portfolio;
    return report;
}

static void add_deposits(struct arena *arena, PbLiquidity *liquidity)
{
    static const struct {
        Ihuriro__V1__DepositRow__Type type;
        int64_t balance;
        uint64_t accounts;
    } rows[] = {
        {IHURIRO__V1__DEPOSIT_ROW__TYPE__DEMAND, 300000, 12},
        {IHURIRO__V1__DEPOSIT_ROW__TYPE__SAVINGS, 1000000, 60},
        {IHURIRO__V1__DEPOSIT_ROW__TYPE__COMPULSORY, 200000, 4},
        {IHURIRO__V1__DEPOSIT_ROW__TYPE__TERM, 500000, 5},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    liquidity->deposits = take(arena, count * sizeof(PbDepositRow *));
    for (size_t i = 0; i < count; i++) {
        PbDepositRow *row = take(arena, sizeof *row);
        ihuriro__v1__deposit_row__init(row);
        row->type = rows[i].type;
        SET(row, balance, rows[i].balance);
        SET(row, accounts, rows[i].accounts);
        liquidity->deposits[i] = row;
    }
    liquidity->n_deposits = count;
}

static void add_borrowings(struct arena *arena, PbLiquidity *liquidity)
{
    static const struct {
        Ihuriro__V1__BorrowingRow__Lender lender;
        int64_t outstanding;
    } rows[] = {
        {IHURIRO__V1__BORROWING_ROW__LENDER__BANK, 400000},
        {IHURIRO__V1__BORROWING_ROW__LENDER__DFI_MIV, 200000},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    liquidity->borrowings = take(arena, count * sizeof(PbBorrowingRow *));
    for (size_t i = 0; i < count; i++) {
        PbBorrowingRow *row = take(arena, sizeof *row);
        ihuriro__v1__borrowing_row__init(row);
        row->lender = rows[i].lender;
        SET(row, outstanding, rows[i].outstanding);
        liquidity->borrowings[i] = row;
    }
    liquidity->n_borrowings = count;
    SET(liquidity, borrowings_overdue, 50000);
}

static void add_maturities(struct arena *arena, PbLiquidity *liquidity)
{
    static const struct {
        Ihuriro__V1__MaturityRow__Item item;
        int32_t from_day;
        int32_t to_day;
        int64_t amount;
    } rows[] = {
        {IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, 0, 30, 100000},
        {IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, 31, 90, 150000},
        {IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, 91, 180, 150000},
        {IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, 181, 365, 100000},
        {IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, 366, -1, 0},
        {IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, 0, 7, 0},
        {IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, 8, 30, 100000},
        {IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, 31, 90, 100000},
        {IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, 91, 180, 100000},
        {IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, 181, 365, 100000},
        {IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, 366, -1, 150000},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    liquidity->maturities = take(arena, count * sizeof(PbMaturityRow *));
    for (size_t i = 0; i < count; i++) {
        PbMaturityRow *row = take(arena, sizeof *row);
        ihuriro__v1__maturity_row__init(row);
        row->item = rows[i].item;
        row->from_day = rows[i].from_day;
        row->to_day = rows[i].to_day;
        SET(row, amount, rows[i].amount);
        liquidity->maturities[i] = row;
    }
    liquidity->n_maturities = count;
}

PbReport *report_of_liquidity(struct arena *arena, const char *institution, const char *period,
                              uint32_t vintage)
{
    PbReport *report = make_report(arena, TYPE_LIQUIDITY, institution, period, vintage);
    PbLiquidity *liquidity = take(arena, sizeof *liquidity);
    ihuriro__v1__liquidity__init(liquidity);
    SET(liquidity, cash, 200000);
    SET(liquidity, central_bank, 0);
    SET(liquidity, bank_demand, 500000);
    SET(liquidity, bank_term_30, 100000);
    SET(liquidity, bank_term_31_90, 0);
    SET(liquidity, bank_term_over_90, 50000);
    SET(liquidity, emoney, 100000);
    SET(liquidity, govt_unencumbered, 0);
    SET(liquidity, deposits_total, 2000000);
    SET(liquidity, deposit_inflow, 300000);
    SET(liquidity, deposit_withdrawal, 250000);
    SET(liquidity, interest_credited, 0);
    SET(liquidity, deposit_adjustment, -1000); /* signed */
    SET(liquidity, peak_day_withdrawal, 60000);
    SET(liquidity, peak_day, report->period->end_day);
    add_deposits(arena, liquidity);
    add_borrowings(arena, liquidity);
    add_maturities(arena, liquidity);
    report->liquidity = liquidity;
    return report;
}

PbReport *report_of_exposures(struct arena *arena, const char *institution, const char *period,
                              uint32_t vintage)
{
    PbReport *report = make_report(arena, TYPE_EXPOSURES, institution, period, vintage);
    PbExposures *exposures = take(arena, sizeof *exposures);
    ihuriro__v1__exposures__init(exposures);
    SET(exposures, largest_borrower, 600000);
    SET(exposures, top20_borrowers, 1500000);
    SET(exposures, related_party, 100000);
    SET(exposures, insider, 50000);
    SET(exposures, largest_depositor, 150000);
    SET(exposures, top20_depositors, 900000);
    report->exposures = exposures;
    return report;
}

PbReport *report_of_capital(struct arena *arena, const char *institution, const char *period,
                            uint32_t vintage)
{
    PbReport *report = make_report(arena, TYPE_CAPITAL, institution, period, vintage);
    PbCapital *capital = take(arena, sizeof *capital);
    ihuriro__v1__capital__init(capital);
    SET(capital, total_assets, 4000000);
    SET(capital, net_loans, 1380000);
    SET(capital, fixed_assets, 400000);
    SET(capital, land_buildings, 150000);
    SET(capital, non_earning_assets, 300000);
    SET(capital, total_liabilities, 2800000);
    SET(capital, deposits, 2000000);
    SET(capital, borrowings, 600000);
    SET(capital, paid_in_capital, 700000);
    SET(capital, reserves, 200000);
    SET(capital, retained_earnings, 150000);
    SET(capital, donated, 50000);
    SET(capital, current_result, 100000);
    SET(capital, tier1, 1000000);
    SET(capital, tier2, 100000);
    SET(capital, deductions, 50000);
    SET(capital, rwa, 2500000);
    SET(capital, loan_income, 60000);
    SET(capital, other_income, 10000);
    SET(capital, financial_expense, 15000);
    SET(capital, impairment, -5000); /* signed: a release */
    SET(capital, staff_cost, 20000);
    SET(capital, other_opex, 12000);
    SET(capital, tax, 3000);
    SET(capital, grants, 2000);
    report->capital = capital;
    return report;
}

static void add_channels(struct arena *arena, PbOperations *operations)
{
    static const struct {
        Ihuriro__V1__ChannelRow__Channel channel;
        uint64_t n_tx;
    } rows[] = {
        {IHURIRO__V1__CHANNEL_ROW__CHANNEL__USSD, 30},
        {IHURIRO__V1__CHANNEL_ROW__CHANNEL__BRANCH, 70},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    operations->channels = take(arena, count * sizeof(Ihuriro__V1__ChannelRow *));
    for (size_t i = 0; i < count; i++) {
        Ihuriro__V1__ChannelRow *row = take(arena, sizeof *row);
        ihuriro__v1__channel_row__init(row);
        row->channel = rows[i].channel;
        SET(row, n_tx, rows[i].n_tx);
        operations->channels[i] = row;
    }
    operations->n_channels = count;
}

PbReport *report_of_operations(struct arena *arena, const char *institution, const char *period,
                               uint32_t vintage)
{
    PbReport *report = make_report(arena, TYPE_OPERATIONS, institution, period, vintage);
    PbOperations *operations = take(arena, sizeof *operations);
    Ihuriro__V1__EmergencyFund *fund = take(arena, sizeof *fund);
    ihuriro__v1__operations__init(operations);
    ihuriro__v1__emergency_fund__init(fund);
    SET(operations, branches_total, 5);
    SET(operations, branches_open, 3);
    SET(operations, branches_partial, 1);
    SET(operations, branches_closed, 1);
    SET(operations, staff_total, 12);
    SET(operations, staff_on_site, 8);
    SET(operations, staff_remote, 3);
    SET(operations, staff_unavailable, 1);
    SET(operations, loan_officers, 3);
    SET(operations, digital_registered, 200);
    SET(operations, digital_active_30d, 40);
    SET(operations, reneg_opening_pending, 5);
    SET(operations, reneg_received, 30);
    SET(operations, reneg_approved, 18);
    SET(operations, reneg_rejected, 6);
    SET(operations, reneg_withdrawn, 3);
    SET(operations, reneg_closing_pending, 8);
    SET(fund, requested, 500000);
    SET(fund, for_liquidity, 300000);
    SET(fund, for_client_relief, 100000);
    SET(fund, for_capital, 50000);
    SET(fund, for_digital, 30000);
    SET(fund, for_health, 20000);
    SET(fund, board_approved, 1);
    operations->emergency_fund = fund;
    add_channels(arena, operations);
    report->operations = operations;
    return report;
}

PbReport *report_of_nil(struct arena *arena, int type, const char *institution, const char *period,
                        uint32_t vintage)
{
    PbReport *report = make_report(arena, type, institution, period, vintage);
    SET(report, nil, 1);
    return report;
}

void report_make_final(struct arena *arena, PbReport *report)
{
    report->status = IHURIRO__V1__REPORT__STATUS__FINAL;
    report->signoff->level = IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED;
    report->signoff->approved_role = text(arena, "manager");
    report->signoff->approved_code = text(arena, "M-01");
    SET(report->signoff, approved_at_us, report->produced_at_us);
}

void report_note_absent(struct arena *arena, PbReport *report, const char *path)
{
    Ihuriro__V1__FieldNote *note = take(arena, sizeof *note);
    ihuriro__v1__field_note__init(note);
    note->path = text(arena, path);
    note->why = IHURIRO__V1__FIELD_NOTE__WHY__NOT_AVAILABLE;
    Ihuriro__V1__FieldNote **notes = take(arena, (report->n_field_notes + 1) * sizeof *notes);
    if (report->n_field_notes > 0) {
        memcpy(notes, report->field_notes, report->n_field_notes * sizeof *notes);
    }
    notes[report->n_field_notes++] = note;
    report->field_notes = notes;
}

int64_t report_received_at_us(const PbReport *report)
{
    return report->produced_at_us + US_PER_HOUR;
}

void report_pack(const PbReport *report, struct buffer *bytes)
{
    enum err err = message_pack(&report->base, bytes);
    assert(err == ERR_OK);
}
