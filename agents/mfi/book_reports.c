#include "agents/mfi/book_reports.h"

#include <assert.h>

#include "proto/limits.h"

static Ihuriro__V1__SignOff *make_signoff(const struct book_work *work)
{
    const struct book_manifest *manifest = &work->manifest;
    Ihuriro__V1__SignOff *signoff = arena_take(work->arena, sizeof *signoff);
    if (signoff == NULL) {
        return NULL;
    }
    ihuriro__v1__sign_off__init(signoff);
    signoff->has_level = true;
    signoff->level = manifest->approved_code != NULL   ? IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED
                     : manifest->prepared_code != NULL ? IHURIRO__V1__SIGN_OFF__LEVEL__PREPARED
                                                       : IHURIRO__V1__SIGN_OFF__LEVEL__AUTO;
    if (manifest->prepared_code != NULL) {
        signoff->prepared_code = arena_text(work->arena, manifest->prepared_code);
    }
    if (manifest->approved_code != NULL) {
        signoff->approved_code = arena_text(work->arena, manifest->approved_code);
    }
    return signoff;
}

static PbPeriod *make_period(const struct book_work *work)
{
    const struct period *from = &work->manifest.period;
    PbPeriod *period = arena_take(work->arena, sizeof *period);
    if (period == NULL) {
        return NULL;
    }
    ihuriro__v1__period__init(period);
    period->frequency = (Ihuriro__V1__Period__Frequency)from->frequency;
    period->key = arena_text(work->arena, work->manifest.key);
    period->start_day = from->start_day;
    period->end_day = from->end_day;
    period->as_of_day = from->end_day;
    return period->key == NULL ? NULL : period;
}

enum err book_report_make(const struct book_work *work, int type, PbReport **ret_report)
{
    const struct book_manifest *manifest = &work->manifest;
    PbReport *report = arena_take(work->arena, sizeof *report);
    if (report == NULL) {
        return book_no_memory(work);
    }
    ihuriro__v1__report__init(report);
    report->schema_version = SCHEMA_VERSION;
    report->institution = arena_text(work->arena, manifest->institution);
    report->type = (Ihuriro__V1__ReportType)type;
    report->period = make_period(work);
    report->vintage = 1;
    report->status = manifest->status;
    report->produced_at_us = work->options->now_us;
    report->currency = arena_text(work->arena, manifest->currency);
    report->currency_exponent = manifest->exponent;
    report->has_reason = manifest->has_reason;
    report->reason = manifest->has_reason ? manifest->reason : report->reason;
    if (manifest->note != NULL) {
        report->note = arena_text(work->arena, manifest->note);
    }
    report->signoff = make_signoff(work);
    report->has_test_data = work->options->test_data;
    report->test_data = work->options->test_data;
    if (report->institution == NULL || report->period == NULL || report->currency == NULL ||
        report->signoff == NULL) {
        return book_no_memory(work);
    }
    *ret_report = report;
    return ERR_OK;
}

/* rows: of the extract that the report is mostly of. */
static enum err put_source(const struct book_work *work, uint64_t rows, PbReport *report)
{
    const struct book_manifest *manifest = &work->manifest;
    Ihuriro__V1__Source *source = arena_take(work->arena, sizeof *source);
    char *version = arena_text(work->arena, IHURIRO_VERSION);
    if (source == NULL || version == NULL) {
        return book_no_memory(work);
    }
    ihuriro__v1__source__init(source);
    source->has_kind = true;
    source->kind =
        work->query == NULL ? IHURIRO__V1__SOURCE__KIND__CSV : IHURIRO__V1__SOURCE__KIND__SQL;
    if (work->query != NULL) {
        source->system = arena_text(work->arena, book_query_system(work->query));
        source->query_version = arena_text(work->arena, book_query_version(work->query));
        if (source->system == NULL || source->query_version == NULL) {
            return book_no_memory(work);
        }
    }
    source->agent_version = version;
    source->has_rows = true;
    source->rows = rows;
    source->has_rejected_rows = true;
    source->has_extracted_at_us = manifest->has_extracted_at || work->query != NULL;
    source->extracted_at_us =
        manifest->has_extracted_at ? manifest->extracted_at_us : work->options->now_us;
    if (report->type == IHURIRO__V1__REPORT_TYPE__PORTFOLIO ||
        report->type == IHURIRO__V1__REPORT_TYPE__EXPOSURES) {
        source->has_overdue_basis = true;
        source->overdue_basis = manifest->overdue_basis;
        source->has_control_total = manifest->has_control;
        source->control_total = manifest->sum;
    }
    report->source = source;
    return ERR_OK;
}

/* ---- LIQUIDITY ---- */

static enum err put_deposit_rows(const struct book_work *work, const struct book_deposits *deposits,
                                 PbLiquidity *liquidity)
{
    liquidity->deposits = arena_take(work->arena, BOOK_DEPOSIT_TYPES * sizeof *liquidity->deposits);
    for (size_t i = 0; i < BOOK_DEPOSIT_TYPES; i++) {
        const struct book_deposit_sum *sum = &deposits->types[i];
        int type = (int)i + 1;
        if (type == IHURIRO__V1__DEPOSIT_ROW__TYPE__OTHER && sum->accounts == 0) {
            continue; /* no type of an institution's own: not a measured zero */
        }
        PbDepositRow *row = arena_take(work->arena, sizeof *row);
        if (row == NULL || liquidity->deposits == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__deposit_row__init(row);
        row->type = (Ihuriro__V1__DepositRow__Type)type;
        row->has_balance = row->has_accounts = row->has_depositors = true;
        row->balance = sum->balance;
        row->accounts = sum->accounts;
        row->depositors = sum->depositors;
        row->has_women_depositors = deposits->has_gender;
        row->women_depositors = deposits->has_gender ? sum->women : 0;
        liquidity->deposits[liquidity->n_deposits++] = row;
    }
    return ERR_OK;
}

static enum err put_term_rows(const struct book_work *work, const struct book_deposits *deposits,
                              PbLiquidity *liquidity)
{
    if (!deposits->has_maturity) {
        return ERR_OK;
    }
    liquidity->maturities =
        arena_take(work->arena, BOOK_TERM_BUCKETS * sizeof *liquidity->maturities);
    for (size_t i = 0; i < BOOK_TERM_BUCKETS; i++) {
        PbMaturityRow *row = arena_take(work->arena, sizeof *row);
        if (row == NULL || liquidity->maturities == NULL) {
            return ERR_MEMORY;
        }
        ihuriro__v1__maturity_row__init(row);
        row->item = IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS;
        row->from_day = book_term_edges[i];
        row->to_day = i + 1 == BOOK_TERM_BUCKETS ? -1 : book_term_edges[i + 1] - 1;
        row->has_amount = true;
        row->amount = deposits->term_due[i];
        liquidity->maturities[liquidity->n_maturities++] = row;
    }
    return ERR_OK;
}

/* D59: fees count as an adjustment downwards. */
static void put_deposit_flows(const struct book_flows *flows, PbLiquidity *liquidity)
{
    const struct book_flow_sum *sums = flows->sums;
    liquidity->has_deposit_inflow = liquidity->has_deposit_inflow_count = true;
    liquidity->deposit_inflow = sums[FLOW_DEP_IN].amount;
    liquidity->deposit_inflow_count = sums[FLOW_DEP_IN].count;
    liquidity->has_deposit_withdrawal = liquidity->has_deposit_withdrawal_count = true;
    liquidity->deposit_withdrawal = sums[FLOW_DEP_OUT].amount;
    liquidity->deposit_withdrawal_count = sums[FLOW_DEP_OUT].count;
    liquidity->has_interest_credited = true;
    liquidity->interest_credited = sums[FLOW_DEP_INTEREST].amount;
    liquidity->has_deposit_adjustment = !__builtin_sub_overflow(
        sums[FLOW_DEP_ADJ].amount, sums[FLOW_DEP_FEES].amount, &liquidity->deposit_adjustment);
    liquidity->has_peak_day_withdrawal = true;
    liquidity->peak_day_withdrawal = flows->peak_out;
    if (flows->peak_out > 0) {
        liquidity->has_peak_day = true;
        liquidity->peak_day = flows->peak_day;
    }
}

enum err book_liquidity_put(const struct book_work *work, const struct book_sources *sources,
                            PbReport *report)
{
    PbLiquidity *liquidity = arena_take(work->arena, sizeof *liquidity);
    if (liquidity == NULL) {
        return book_no_memory(work);
    }
    ihuriro__v1__liquidity__init(liquidity);
    report->liquidity = liquidity;
    enum err err = ERR_OK;
    if (sources->deposits != NULL) {
        err = put_deposit_rows(work, sources->deposits, liquidity);
        if (err == ERR_OK) {
            err = put_term_rows(work, sources->deposits, liquidity);
        }
        liquidity->has_dormant_deposits = sources->deposits->has_last_tx;
        liquidity->dormant_deposits = sources->deposits->dormant;
    }
    if (err == ERR_OK) {
        err = book_ladders_put(work, &sources->ladders, liquidity);
    }
    if (sources->flows != NULL) {
        put_deposit_flows(sources->flows, liquidity);
    }
    if (err == ERR_OK && sources->gl != NULL) {
        err = book_gl_put(sources->gl, TYPE_LIQUIDITY, work->arena, &liquidity->base);
    }
    if (err != ERR_OK) {
        return book_no_memory(work);
    }
    uint64_t rows = sources->deposits != NULL ? sources->deposits->rows
                    : sources->gl != NULL     ? sources->gl->rows
                                              : 0;
    return put_source(work, rows, report);
}

/* ---- OPERATIONS ---- */

/* O06: the requests of the period. */
static void put_renegotiation(const struct book_flows *flows, PbOperations *operations)
{
    const struct book_flow_sum *sums = flows->sums;
    operations->has_reneg_received = operations->has_reneg_approved = true;
    operations->has_reneg_rejected = operations->has_reneg_withdrawn = true;
    operations->has_reneg_received_amount = operations->has_reneg_approved_amount = true;
    operations->reneg_received = sums[FLOW_RENEG_RECEIVED].count;
    operations->reneg_approved = sums[FLOW_RENEG_APPROVED].count;
    operations->reneg_rejected = sums[FLOW_RENEG_REJECTED].count;
    operations->reneg_withdrawn = sums[FLOW_RENEG_WITHDRAWN].count;
    operations->reneg_received_amount = sums[FLOW_RENEG_RECEIVED].amount;
    operations->reneg_approved_amount = sums[FLOW_RENEG_APPROVED].amount;
}

enum err book_operations_put(const struct book_work *work, const struct book_sources *sources,
                             PbReport *report)
{
    PbOperations *operations = arena_take(work->arena, sizeof *operations);
    if (operations == NULL) {
        return book_no_memory(work);
    }
    ihuriro__v1__operations__init(operations);
    report->operations = operations;
    if (sources->flows != NULL && sources->flows->has_renegotiation) {
        put_renegotiation(sources->flows, operations);
    }
    return put_source(work, sources->flows != NULL ? sources->flows->rows : 0, report);
}

/* ---- CAPITAL ---- */

enum err book_capital_put(const struct book_work *work, const struct book_sources *sources,
                          PbReport *report)
{
    PbCapital *capital = arena_take(work->arena, sizeof *capital);
    if (capital == NULL) {
        return book_no_memory(work);
    }
    ihuriro__v1__capital__init(capital);
    report->capital = capital;
    if (sources->gl != NULL &&
        book_gl_put(sources->gl, TYPE_CAPITAL, work->arena, &capital->base) != ERR_OK) {
        return book_no_memory(work);
    }
    return put_source(work, sources->gl != NULL ? sources->gl->rows : 0, report);
}

/* ---- EXPOSURES ---- */

enum err book_exposures_put(const struct book_work *work, const struct book_sources *sources,
                            PbReport *report)
{
    const struct book_loans *loans = sources->loans;
    PbExposures *exposures = arena_take(work->arena, sizeof *exposures);
    if (exposures == NULL) {
        return book_no_memory(work);
    }
    ihuriro__v1__exposures__init(exposures);
    report->exposures = exposures;
    if (loans != NULL) {
        exposures->has_largest_borrower = exposures->has_top20_borrowers = true;
        exposures->largest_borrower = loans->top.amounts[0];
        exposures->top20_borrowers = book_top_sum(&loans->top);
        exposures->has_related_party = exposures->has_insider = loans->has_related;
        exposures->related_party = loans->related;
        exposures->insider = loans->insiders;
    }
    if (sources->deposits != NULL) {
        exposures->has_largest_depositor = exposures->has_top20_depositors = true;
        exposures->largest_depositor = sources->deposits->top.amounts[0];
        exposures->top20_depositors = book_top_sum(&sources->deposits->top);
    }
    assert(loans != NULL || sources->deposits != NULL);
    return put_source(work, loans != NULL ? loans->rows : sources->deposits->rows, report);
}

/* ---- PORTFOLIO: the body is book_portfolio.c's ---- */

enum err book_portfolio_put(const struct book_work *work, const struct book_sources *sources,
                            PbReport *report)
{
    enum err err = book_portfolio_body(work, sources, &report->portfolio);
    return err == ERR_OK ? put_source(work, sources->loans->rows, report) : err;
}
