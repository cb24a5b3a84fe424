/* POR-14 to POR-22 and XRP-05: provisions, flows, exposures, sizes and codes of the loan book. */
#include <string.h>

#include "proto/fields.h"
#include "proto/ratios.h"
#include "proto/rules_inside.h"

static const PbPortfolio *body(const struct judging *judging)
{
    return judging->report->portfolio;
}

/* POR-14. Within 2 % of what is required it is only shown. */
void evaluate_allowance(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio == NULL || !portfolio->has_allowance || portfolio->n_classes == 0) {
        return;
    }
    wide required = 0;
    for (size_t i = 0; i < portfolio->n_classes; i++) {
        const PbClassRow *row = portfolio->classes[i];
        if (strcmp(row->code, "WO") == 0) { /* a memo: no longer part of the portfolio */
            continue;
        }
        if (!row->has_required_provision) {
            return;
        }
        required += row->required_provision;
    }
    if (portfolio->allowance < required) {
        bool is_near = is_within(required, portfolio->allowance, required,
                                 judging_tolerance_bp(judging, rule));
        judging_find_values(judging, rule, is_near ? SEVERITY_INFO : rule->severity,
                            "portfolio.allowance", required, portfolio->allowance);
    }
}

/* POR-15 */
void evaluate_allowance_size(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio != NULL && portfolio->has_allowance && portfolio->has_glp) {
        judging_expect_at_most(judging, rule, "portfolio.allowance", portfolio->glp,
                               portfolio->allowance);
    }
}

/* POR-17 */
void evaluate_adjustment(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    const char *note = judging->report->note;
    if (portfolio != NULL && portfolio->has_glp_adjustment && portfolio->has_glp &&
        (note == NULL || note[0] == '\0') &&
        !is_within(0, portfolio->glp_adjustment, portfolio->glp,
                   judging_tolerance_bp(judging, rule))) {
        judging_find_values(judging, rule, rule->severity, "portfolio.glp_adjustment", 0,
                            portfolio->glp_adjustment);
    }
}

/* POR-18, D30, D43: the largest <= the twenty largest <= all; insiders <= related <= all. */
void evaluate_exposures(struct judging *judging, const struct rule *rule)
{
    const PbExposures *exposures = judging->report->exposures;
    const PbReport *beside = judging_same_end(judging, judging->context->portfolio);
    if (exposures == NULL) {
        return;
    }
    if (exposures->has_largest_borrower && exposures->has_top20_borrowers) {
        judging_expect_at_most(judging, rule, "exposures.largest_borrower",
                               exposures->top20_borrowers, exposures->largest_borrower);
    }
    if (exposures->has_insider && exposures->has_related_party) {
        judging_expect_at_most(judging, rule, "exposures.insider", exposures->related_party,
                               exposures->insider);
    }
    if (beside == NULL || beside->portfolio == NULL || !beside->portfolio->has_glp) {
        return;
    }
    int64_t glp = beside->portfolio->glp;
    if (exposures->has_top20_borrowers) {
        judging_expect_at_most(judging, rule, "exposures.top20_borrowers", glp,
                               exposures->top20_borrowers);
    } else if (exposures->has_largest_borrower) {
        judging_expect_at_most(judging, rule, "exposures.largest_borrower", glp,
                               exposures->largest_borrower);
    }
    if (exposures->has_related_party) {
        judging_expect_at_most(judging, rule, "exposures.related_party", glp,
                               exposures->related_party);
    } else if (exposures->has_insider) {
        judging_expect_at_most(judging, rule, "exposures.insider", glp, exposures->insider);
    }
}

/* POR-19 */
void evaluate_on_due(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    static const char path[] = "portfolio.principal_collected_on_due";
    if (portfolio == NULL || !portfolio->has_principal_collected_on_due) {
        return;
    }
    int64_t on_due = portfolio->principal_collected_on_due;
    if (portfolio->has_principal_collected &&
        !judging_is_at_most(judging, rule, portfolio->principal_collected, on_due)) {
        judging_find_values(judging, rule, SEVERITY_ERROR, path, portfolio->principal_collected,
                            on_due);
    } else if (portfolio->has_principal_due &&
               !judging_is_at_most(judging, rule, portfolio->principal_due, on_due)) {
        judging_find_values(judging, rule, SEVERITY_WARNING, path, portfolio->principal_due,
                            on_due);
    }
}

static bool is_for(const Ihuriro__V1__AverageLoan *row, const struct judging *judging)
{
    const struct party *party = judging->context->party;
    bool is_named = row->n_categories == 0;
    for (size_t i = 0; i < row->n_categories && party != NULL && party->category != NULL; i++) {
        is_named = is_named || strcmp(row->categories[i], party->category) == 0;
    }
    return is_named && strcmp(row->currency, judging->report->currency) == 0;
}

/* POR-20. An average that is far off says that thousands were taken for ones, or the reverse. */
void evaluate_average_loan(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    const PbSettings *settings = judging->context->settings;
    if (portfolio == NULL || settings == NULL || !portfolio->has_glp ||
        !portfolio->has_loans_outstanding || portfolio->loans_outstanding == 0) {
        return;
    }
    /* The category's own band stands over the one for all. */
    const Ihuriro__V1__AverageLoan *band = NULL;
    for (size_t i = 0; i < settings->n_average_loans; i++) {
        const Ihuriro__V1__AverageLoan *row = settings->average_loans[i];
        bool is_better = band == NULL || (band->n_categories == 0 && row->n_categories > 0);
        band = is_better && is_for(row, judging) ? row : band;
    }
    wide average = (wide)portfolio->glp / portfolio->loans_outstanding;
    if (band != NULL && (average < band->least || average > band->most)) {
        judging_find_values(judging, rule, rule->severity, "portfolio.glp",
                            average < band->least ? band->least : band->most, average);
    }
}

/* POR-21 */
void evaluate_disbursed(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio == NULL || !portfolio->has_disbursed_loans) {
        return;
    }
    if (portfolio->has_disbursed &&
        (portfolio->disbursed > 0) != (portfolio->disbursed_loans > 0)) {
        judging_find_values(judging, rule, rule->severity, "portfolio.disbursed_loans",
                            portfolio->disbursed, portfolio->disbursed_loans);
    }
    if (portfolio->has_disbursed_first_time) {
        judging_expect_at_most(judging, rule, "portfolio.disbursed_first_time",
                               portfolio->disbursed_loans, portfolio->disbursed_first_time);
    }
}

static bool is_unknown_code(const char *code)
{
    return strcmp(code, "UNK") == 0 || strcmp(code, "U") == 0 || strcmp(code, "XXX") == 0;
}

/* POR-22, of each dimension that stands alone. */
void evaluate_unknown_codes(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    for (size_t i = 0; portfolio != NULL && portfolio->has_glp && i < portfolio->n_breakdown; i++) {
        const PbBreakdownRow *row = portfolio->breakdown[i];
        if (row->has_dim2 || !row->has_outstanding || !is_unknown_code(row->code) ||
            is_within(0, row->outstanding, portfolio->glp, judging_tolerance_bp(judging, rule))) {
            continue;
        }
        char path[FIELD_PATH_MAX];
        row_path("portfolio.breakdown", i, "outstanding", path);
        judging_find_values(judging, rule, rule->severity, path,
                            (wide)portfolio->glp * judging_tolerance_bp(judging, rule) / 10000,
                            row->outstanding);
    }
}

/* XRP-05: what the branches say together, beside what the institution says. */
void evaluate_branch_loans(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    wide loans = 0;
    size_t rows = 0;
    for (size_t i = 0; portfolio != NULL && i < portfolio->n_breakdown; i++) {
        const PbBreakdownRow *row = portfolio->breakdown[i];
        if (row->dim != IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__BRANCH || row->has_dim2) {
            continue;
        }
        if (!row->has_loans || (row->has_suppressed && row->suppressed)) {
            return;
        }
        loans += row->loans;
        rows++;
    }
    if (rows > 0 && portfolio->has_loans_outstanding) {
        judging_expect_equal(judging, rule, "portfolio.loans_outstanding", loans,
                             portfolio->loans_outstanding);
    }
}
