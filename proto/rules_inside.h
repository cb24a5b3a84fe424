/* What the files of the rules share. Nobody else includes it. */
#ifndef IHURIRO_PROTO_RULES_INSIDE_H
#define IHURIRO_PROTO_RULES_INSIDE_H

#include "proto/rules.h"

/* Sums and products of amounts: 1,024 rows of int64 cannot overflow it. */
__extension__ typedef __int128 wide;

#define DEFAULT_UTC_OFFSET_MINUTES 120 /* Africa/Kigali, no summer time */

/* One report under judgement. The first failure sticks and is returned at the end. */
struct judging {
    const PbReport *report;
    const struct rules_context *context;
    struct findings *findings;
    enum severity worst; /* 0: none yet */
    enum err err;
};

/* Adds a finding, unless the settings switch the rule off. severity is that of the case; the
 * settings' severity, if they give one, stands over it. */
void judging_find(struct judging *judging, const struct rule *rule, enum severity severity,
                  const char *path);
void judging_find_values(struct judging *judging, const struct rule *rule, enum severity severity,
                         const char *path, wide expected, wide got);
/* "portfolio.aging[3].outstanding" */
void row_path(const char *rows, size_t index, const char *field, char ret_path[static 160]);
int64_t judging_tolerance_bp(const struct judging *judging, const struct rule *rule);
/* |got - expected| is at most tolerance_bp of base. */
bool is_within(wide expected, wide got, wide base, int64_t tolerance_bp);
/* got equals expected within the rule's tolerance of expected; else a finding at path. */
void judging_expect_equal(struct judging *judging, const struct rule *rule, const char *path,
                          wide expected, wide got);
/* got is at most limit, and the rule's tolerance of it more. */
bool judging_is_at_most(const struct judging *judging, const struct rule *rule, wide limit,
                        wide got);
/* The same; else a finding at path. */
void judging_expect_at_most(struct judging *judging, const struct rule *rule, const char *path,
                            wide limit, wide got);
/* An ERROR that comes from comparing with an earlier period is a WARNING where the report explains
 * the rule (D40): the earlier one may have been wrong. */
enum severity judging_softened(const struct judging *judging, const struct rule *rule,
                               enum severity severity);
/* got equals expected within the tolerance of base; else a WARNING, above gross_bp of it an ERROR.
 */
void judging_expect_rolled(struct judging *judging, const struct rule *rule, const char *path,
                           wide expected, wide got, int64_t gross_bp);
/* A report of the same end as the one judged; NULL otherwise. */
const PbReport *judging_same_end(const struct judging *judging, const PbReport *report);
/* Does a field note say why this field is absent? */
bool judging_is_noted(const struct judging *judging, const char *path);

void evaluate_schema_and_notes(struct judging *judging, const struct rule *rule);
void evaluate_validity(struct judging *judging, const struct rule *rule);
void evaluate_vintage(struct judging *judging, const struct rule *rule);
void evaluate_period(struct judging *judging, const struct rule *rule);
void evaluate_as_of(struct judging *judging, const struct rule *rule);
void evaluate_produced_at(struct judging *judging, const struct rule *rule);
void evaluate_currency(struct judging *judging, const struct rule *rule);
void evaluate_signoff(struct judging *judging, const struct rule *rule);
void evaluate_reason(struct judging *judging, const struct rule *rule);
void evaluate_body(struct judging *judging, const struct rule *rule);
void evaluate_rejected_rows(struct judging *judging, const struct rule *rule);
void evaluate_final_stands(struct judging *judging, const struct rule *rule);

void evaluate_aging_sum(struct judging *judging, const struct rule *rule);
void evaluate_aging_edges(struct judging *judging, const struct rule *rule);
void evaluate_aging_parts(struct judging *judging, const struct rule *rule);
void evaluate_overdue(struct judging *judging, const struct rule *rule);
void evaluate_loans_exist(struct judging *judging, const struct rule *rule);
void evaluate_borrowers(struct judging *judging, const struct rule *rule);
void evaluate_women(struct judging *judging, const struct rule *rule);
void evaluate_breakdown_sums(struct judging *judging, const struct rule *rule);
void evaluate_breakdown_rows(struct judging *judging, const struct rule *rule);
void evaluate_class_sum(struct judging *judging, const struct rule *rule);
void evaluate_class_days(struct judging *judging, const struct rule *rule);
void evaluate_restructured_sum(struct judging *judging, const struct rule *rule);
void evaluate_moratorium(struct judging *judging, const struct rule *rule);

void evaluate_allowance(struct judging *judging, const struct rule *rule);
void evaluate_allowance_size(struct judging *judging, const struct rule *rule);
void evaluate_portfolio_rolls(struct judging *judging, const struct rule *rule);
void evaluate_adjustment(struct judging *judging, const struct rule *rule);
void evaluate_exposures(struct judging *judging, const struct rule *rule);
void evaluate_on_due(struct judging *judging, const struct rule *rule);
void evaluate_average_loan(struct judging *judging, const struct rule *rule);
void evaluate_disbursed(struct judging *judging, const struct rule *rule);
void evaluate_unknown_codes(struct judging *judging, const struct rule *rule);

void evaluate_jump(struct judging *judging, const struct rule *rule);
void evaluate_frozen(struct judging *judging, const struct rule *rule);
void evaluate_evergreening(struct judging *judging, const struct rule *rule);
void evaluate_impossible_aging(struct judging *judging, const struct rule *rule);
void evaluate_npl_drop(struct judging *judging, const struct rule *rule);
void evaluate_round_numbers(struct judging *judging, const struct rule *rule);

void evaluate_deposits_roll(struct judging *judging, const struct rule *rule);
void evaluate_liquid_assets(struct judging *judging, const struct rule *rule);
void evaluate_own_ratio(struct judging *judging, const struct rule *rule);
void evaluate_run(struct judging *judging, const struct rule *rule);
void evaluate_unmet(struct judging *judging, const struct rule *rule);
void evaluate_encumbered(struct judging *judging, const struct rule *rule);
void evaluate_collections(struct judging *judging, const struct rule *rule);

void evaluate_branches(struct judging *judging, const struct rule *rule);
void evaluate_pending(struct judging *judging, const struct rule *rule);
void evaluate_digital(struct judging *judging, const struct rule *rule);
void evaluate_trained_women(struct judging *judging, const struct rule *rule);
void evaluate_fund_split(struct judging *judging, const struct rule *rule);
void evaluate_fund_size(struct judging *judging, const struct rule *rule);
void evaluate_fund_approval(struct judging *judging, const struct rule *rule);
void evaluate_renegotiated(struct judging *judging, const struct rule *rule);
void evaluate_staff(struct judging *judging, const struct rule *rule);

void evaluate_balance(struct judging *judging, const struct rule *rule);
void evaluate_net_loans(struct judging *judging, const struct rule *rule);
void evaluate_tier1(struct judging *judging, const struct rule *rule);
void evaluate_risk_weighted(struct judging *judging, const struct rule *rule);
void evaluate_result_falls(struct judging *judging, const struct rule *rule);

void evaluate_gross_loans(struct judging *judging, const struct rule *rule);
void evaluate_same_deposits(struct judging *judging, const struct rule *rule);
void evaluate_recovered(struct judging *judging, const struct rule *rule);
void evaluate_branch_loans(struct judging *judging, const struct rule *rule);
void evaluate_vintages(struct judging *judging, const struct rule *rule);

void evaluate_deposit_sum(struct judging *judging, const struct rule *rule);
void evaluate_term_maturities(struct judging *judging, const struct rule *rule);
void evaluate_borrowing_maturities(struct judging *judging, const struct rule *rule);
void evaluate_largest(struct judging *judging, const struct rule *rule);
void evaluate_peak(struct judging *judging, const struct rule *rule);
void evaluate_negatives(struct judging *judging, const struct rule *rule);

#endif
