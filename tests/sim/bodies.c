#include "tests/sim/bodies.h"

#include "tests/sim/rows.h"

static Ihuriro__V1__SignOff *signoff_make(struct arena *arena, const struct report_head *head,
                                          bool is_approved);

PbReport *report_make(struct arena *arena, const struct report_head *head)
{
    PbReport *report = arena_take(arena, sizeof(*report));
    PbPeriod *period = arena_take(arena, sizeof(*period));
    Ihuriro__V1__Source *source = arena_take(arena, sizeof(*source));
    char key[PERIOD_KEY_MAX + 1];
    if (report == NULL || period == NULL || source == NULL) {
        return NULL;
    }
    ihuriro__v1__report__init(report);
    ihuriro__v1__period__init(period);
    ihuriro__v1__source__init(source);
    period_format(&head->period, key);
    period->frequency = (Ihuriro__V1__Period__Frequency)head->period.frequency;
    period->key = arena_text(arena, key);
    period->start_day = head->period.start_day;
    period->end_day = head->period.end_day;
    period->as_of_day = head->period.end_day;
    SET(source, kind, IHURIRO__V1__SOURCE__KIND__API);
    source->system = arena_text(arena, "mfi-sim");
    bool is_approved = head->type != TYPE_LIQUIDITY && head->period.frequency == FREQUENCY_M;
    report->schema_version = SCHEMA_VERSION;
    report->institution = arena_text(arena, head->institution);
    report->type = (Ihuriro__V1__ReportType)head->type;
    report->period = period;
    report->vintage = head->vintage;
    report->status =
        is_approved ? IHURIRO__V1__REPORT__STATUS__FINAL : IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    report->produced_at_us = head->produced_at_us;
    report->currency = arena_text(arena, "RWF");
    report->source = source;
    report->signoff = signoff_make(arena, head, is_approved);
    SET(report, test_data, true);
    if (head->reason != 0) {
        SET(report, reason, (Ihuriro__V1__Report__Reason)head->reason);
    }
    bool is_whole = period->key != NULL && report->institution != NULL &&
                    report->currency != NULL && report->signoff != NULL && source->system != NULL;
    return is_whole ? report : NULL;
}

static Ihuriro__V1__SignOff *signoff_make(struct arena *arena, const struct report_head *head,
                                          bool is_approved)
{
    Ihuriro__V1__SignOff *signoff = arena_take(arena, sizeof(*signoff));
    if (signoff == NULL) {
        return NULL;
    }
    ihuriro__v1__sign_off__init(signoff);
    SET(signoff, level,
        is_approved ? IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED : IHURIRO__V1__SIGN_OFF__LEVEL__AUTO);
    if (is_approved) {
        signoff->prepared_role = arena_text(arena, "ACCOUNTANT");
        signoff->prepared_code = arena_text(arena, "ACC-01");
        signoff->approved_role = arena_text(arena, "MANAGER");
        signoff->approved_code = arena_text(arena, "MGR-01");
        SET(signoff, approved_at_us, head->produced_at_us);
    }
    return signoff;
}

/* ---- PORTFOLIO ---- */

static bool add_aging(struct arena *arena, const struct snapshot *s, PbPortfolio *portfolio)
{
    portfolio->aging = arena_take(arena, AGING_ROWS * sizeof(*portfolio->aging));
    for (size_t i = 0; portfolio->aging != NULL && i < AGING_ROWS; i++) {
        PbAgingRow *row = arena_take(arena, sizeof(*row));
        if (row == NULL) {
            return false;
        }
        ihuriro__v1__aging_row__init(row);
        row->min_days = aging_edges[i].least;
        row->max_days = aging_edges[i].most;
        SET_COUNT(row, loans, s->loans_in[i]);
        SET(row, outstanding, s->outstanding[i]);
        SET(row, overdue_principal, s->overdue[i]);
        SET(row, restructured, s->restructured[i]);
        SET(row, moratorium, s->moratorium[i]);
        SET(row, moratorium_restructured, s->moratorium_restructured[i]);
        portfolio->aging[portfolio->n_aging++] = row;
    }
    return portfolio->aging != NULL;
}

static bool add_classes(struct arena *arena, const struct snapshot *s, PbPortfolio *portfolio)
{
    double weights[LOAN_CLASSES] = {0};
    int64_t outstanding[LOAN_CLASSES] = {0};
    int64_t required[LOAN_CLASSES] = {0};
    int64_t held[LOAN_CLASSES] = {0};
    for (size_t i = 0; i < AGING_ROWS; i++) {
        outstanding[aging_row_class(i)] += s->outstanding[i];
    }
    for (size_t i = 0; i < LOAN_CLASSES; i++) {
        required[i] = (outstanding[i] * loan_class_rates_bp[i] + 9999) / 10000;
        weights[i] = (double)required[i];
    }
    spread(s->allowance, weights, LOAN_CLASSES, held);
    portfolio->classes = arena_take(arena, LOAN_CLASSES * sizeof(*portfolio->classes));
    for (size_t i = 0; portfolio->classes != NULL && i < LOAN_CLASSES; i++) {
        PbClassRow *row = arena_take(arena, sizeof(*row));
        char *code = arena_text(arena, loan_class_codes[i]);
        if (row == NULL || code == NULL) {
            return false;
        }
        ihuriro__v1__class_row__init(row);
        row->code = code;
        SET(row, outstanding, outstanding[i]);
        SET(row, required_provision, required[i]);
        SET(row, held_provision, held[i]);
        portfolio->classes[portfolio->n_classes++] = row;
    }
    return portfolio->classes != NULL;
}

static bool add_moratoria(struct arena *arena, const struct snapshot *s, PbPortfolio *portfolio)
{
    int64_t within_30 = s->ending[0];
    int64_t within_90 = s->ending[1] + s->ending[2];
    SET(portfolio, moratorium_outstanding, s->moratorium[0]);
    SET_COUNT(portfolio, moratorium_loans, s->moratorium_loans);
    SET(portfolio, moratorium_ending_30, within_30);
    SET(portfolio, moratorium_ending_31_90, within_90);
    SET(portfolio, moratorium_ending_over_90, s->moratorium[0] - within_30 - within_90);
    SET(portfolio, moratorium_ended, s->moratorium_ended);
    SET(portfolio, moratorium_ended_paying, s->moratorium_ended_paying);
    double weights[MORATORIA_MONTHS];
    int64_t loans[MORATORIA_MONTHS];
    for (size_t i = 0; i < MORATORIA_MONTHS; i++) {
        weights[i] = (double)s->ending[i];
    }
    spread(s->moratorium_loans, weights, MORATORIA_MONTHS, loans);
    portfolio->moratorium_by_month =
        arena_take(arena, MORATORIA_MONTHS * sizeof(*portfolio->moratorium_by_month));
    for (size_t i = 0; portfolio->moratorium_by_month != NULL && i < MORATORIA_MONTHS; i++) {
        PbMoratoriumMonth *row = arena_take(arena, sizeof(*row));
        struct period period = month_period(s->month + 1 + (int32_t)i);
        char key[PERIOD_KEY_MAX + 1];
        period_format(&period, key);
        char *month = arena_text(arena, i + 1 == MORATORIA_MONTHS ? "LATER" : key);
        if (row == NULL || month == NULL) {
            return false;
        }
        ihuriro__v1__moratorium_month__init(row);
        row->month = month;
        SET(row, outstanding, s->ending[i]);
        SET_COUNT(row, loans, loans[i]);
        portfolio->moratorium_by_month[portfolio->n_moratorium_by_month++] = row;
    }
    return portfolio->moratorium_by_month != NULL;
}

static void set_stocks(const struct snapshot *s, PbPortfolio *portfolio)
{
    int64_t restructured = 0;
    for (size_t i = 0; i < AGING_ROWS; i++) {
        restructured += s->restructured[i];
    }
    SET(portfolio, glp, s->glp);
    SET_COUNT(portfolio, loans_outstanding, s->loans);
    SET_COUNT(portfolio, active_borrowers, s->borrowers);
    SET_COUNT(portfolio, women_borrowers, s->women);
    SET(portfolio, restructured_outstanding, restructured);
    SET_COUNT(portfolio, restructured_loans, s->restructured_loans);
    SET(portfolio, written_off_stock, s->written_off_stock);
    SET(portfolio, allowance, s->allowance);
    SET(portfolio, accrued_interest_receivable, s->interest / 3);
}

static void set_flows(const struct snapshot *s, PbPortfolio *portfolio)
{
    SET(portfolio, restructured_in_period, s->restructured_new);
    SET_COUNT(portfolio, restructured_in_period_loans, s->restructured_new_loans);
    SET(portfolio, written_off, s->written_off);
    SET_COUNT(portfolio, written_off_loans, s->written_off_loans);
    SET(portfolio, recovered, s->recovered);
    SET(portfolio, provision_expense, s->provision_expense);
    SET(portfolio, disbursed, s->disbursed);
    SET_COUNT(portfolio, disbursed_loans, s->disbursed_loans);
    SET_COUNT(portfolio, disbursed_first_time, s->disbursed_first);
    SET(portfolio, principal_collected, s->collected);
    SET(portfolio, principal_due, s->due);
    SET(portfolio, principal_collected_on_due, s->collected_on_due);
    SET(portfolio, interest_collected, s->interest);
    SET(portfolio, penalties_waived, s->interest / 90);
    SET(portfolio, glp_adjustment, 0);
    SET(portfolio, cured_in_period, s->cured);
    SET_COUNT(portfolio, cured_in_period_loans, s->cured_loans);
}

PbPortfolio *portfolio_make(struct arena *arena, const struct member *member,
                            const struct traits *traits, const struct snapshot *snapshot)
{
    PbPortfolio *portfolio = arena_take(arena, sizeof(*portfolio));
    if (portfolio == NULL) {
        return NULL;
    }
    ihuriro__v1__portfolio__init(portfolio);
    set_stocks(snapshot, portfolio);
    set_flows(snapshot, portfolio);
    bool is_whole = add_aging(arena, snapshot, portfolio) &&
                    add_classes(arena, snapshot, portfolio) &&
                    add_moratoria(arena, snapshot, portfolio) &&
                    add_breakdown(arena, member, traits, snapshot, portfolio);
    return is_whole ? portfolio : NULL;
}

/* ---- EXPOSURES ---- */

PbExposures *exposures_make(struct arena *arena, const struct snapshot *snapshot)
{
    PbExposures *exposures = arena_take(arena, sizeof(*exposures));
    if (exposures == NULL) {
        return NULL;
    }
    ihuriro__v1__exposures__init(exposures);
    SET(exposures, largest_borrower, snapshot->largest_borrower);
    SET(exposures, top20_borrowers, snapshot->top20_borrowers);
    SET(exposures, related_party, snapshot->related);
    SET(exposures, insider, snapshot->insider);
    SET(exposures, largest_depositor, snapshot->largest_depositor);
    SET(exposures, top20_depositors, snapshot->top20_depositors);
    return exposures;
}
