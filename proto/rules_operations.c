/* OPS: branches, staff, channels, training, renegotiation, the emergency fund. */
#include "proto/fields.h"
#include "proto/ratios.h"
#include "proto/rules_inside.h"

static const PbOperations *body(const struct judging *judging)
{
    return judging->report->operations;
}

/* OPS-01 */
void evaluate_branches(struct judging *judging, const struct rule *rule)
{
    const PbOperations *operations = body(judging);
    if (operations != NULL && operations->has_branches_total && operations->has_branches_open &&
        operations->has_branches_partial && operations->has_branches_closed) {
        judging_expect_equal(judging, rule, "operations.branches_total",
                             (wide)operations->branches_open + operations->branches_partial +
                                 operations->branches_closed,
                             operations->branches_total);
    }
}

/* OPS-02 */
void evaluate_pending(struct judging *judging, const struct rule *rule)
{
    const PbOperations *operations = body(judging);
    if (operations == NULL || !operations->has_reneg_opening_pending ||
        !operations->has_reneg_received || !operations->has_reneg_approved ||
        !operations->has_reneg_rejected || !operations->has_reneg_closing_pending) {
        return;
    }
    wide expected = (wide)operations->reneg_opening_pending + operations->reneg_received -
                    operations->reneg_approved - operations->reneg_rejected;
    if (operations->has_reneg_withdrawn) {
        judging_expect_equal(judging, rule, "operations.reneg_closing_pending",
                             expected - operations->reneg_withdrawn,
                             operations->reneg_closing_pending);
    } else { /* some may have been withdrawn: no more than these are left */
        judging_expect_at_most(judging, rule, "operations.reneg_closing_pending", expected,
                               operations->reneg_closing_pending);
    }
}

/* OPS-03 */
void evaluate_digital(struct judging *judging, const struct rule *rule)
{
    const PbOperations *operations = body(judging);
    if (operations != NULL && operations->has_digital_registered &&
        operations->has_digital_active_30d) {
        judging_expect_at_most(judging, rule, "operations.digital_active_30d",
                               operations->digital_registered, operations->digital_active_30d);
    }
}

/* OPS-04 */
void evaluate_trained_women(struct judging *judging, const struct rule *rule)
{
    const PbOperations *operations = body(judging);
    for (size_t i = 0; operations != NULL && i < operations->n_training; i++) {
        const Ihuriro__V1__TrainingRow *row = operations->training[i];
        char path[FIELD_PATH_MAX];
        if (row->has_women && row->has_participants) {
            row_path("operations.training", i, "women", path);
            judging_expect_at_most(judging, rule, path, row->participants, row->women);
        }
    }
}

static const Ihuriro__V1__EmergencyFund *fund_of(const struct judging *judging)
{
    const PbOperations *operations = body(judging);
    const Ihuriro__V1__EmergencyFund *fund = operations == NULL ? NULL : operations->emergency_fund;
    return fund != NULL && fund->has_requested ? fund : NULL;
}

/* OPS-05 */
void evaluate_fund_split(struct judging *judging, const struct rule *rule)
{
    const Ihuriro__V1__EmergencyFund *fund = fund_of(judging);
    if (fund == NULL) {
        return;
    }
    const struct {
        bool is_known;
        int64_t amount;
    } parts[] = {
        {fund->has_for_liquidity, fund->for_liquidity},
        {fund->has_for_client_relief, fund->for_client_relief},
        {fund->has_for_capital, fund->for_capital},
        {fund->has_for_digital, fund->for_digital},
        {fund->has_for_health, fund->for_health},
    };
    wide sum = 0;
    bool are_known = true;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        are_known = are_known && parts[i].is_known;
        sum += parts[i].is_known ? parts[i].amount : 0;
    }
    /* Parts that are not known may be any: only what is above the whole is wrong then. */
    bool is_near = is_within(sum, fund->requested, sum, judging_tolerance_bp(judging, rule));
    if (!is_near && (are_known || sum > fund->requested)) {
        judging_find_values(judging, rule, rule->severity, "operations.emergency_fund.requested",
                            sum, fund->requested);
    }
}

/* OPS-06 */
void evaluate_fund_size(struct judging *judging, const struct rule *rule)
{
    const Ihuriro__V1__EmergencyFund *fund = fund_of(judging);
    const PbReport *liquidity = judging_same_end(judging, judging->context->liquidity);
    int64_t deposits = 0;
    if (fund == NULL) {
        return;
    }
    if (liquidity != NULL && liquidity->liquidity != NULL &&
        deposits_total(liquidity->liquidity, &deposits)) {
        int64_t share_bp = judging_tolerance_bp(judging, rule);
        if (fund->requested > 0 && !is_within(0, fund->requested, deposits, share_bp)) {
            judging_find_values(judging, rule, rule->severity,
                                "operations.emergency_fund.requested",
                                (wide)deposits * share_bp / 10000, fund->requested);
        }
    }
    if (fund->has_needed_by_day && fund->needed_by_day < judging->report->period->as_of_day) {
        judging_find_values(judging, rule, rule->severity,
                            "operations.emergency_fund.needed_by_day",
                            judging->report->period->as_of_day, fund->needed_by_day);
    }
}

/* OPS-07 */
void evaluate_fund_approval(struct judging *judging, const struct rule *rule)
{
    const Ihuriro__V1__EmergencyFund *fund = fund_of(judging);
    bool is_final = (int)judging->report->status == IHURIRO__V1__REPORT__STATUS__FINAL;
    if (fund != NULL && is_final && fund->requested > 0 && fund->has_board_approved &&
        !fund->board_approved) {
        judging_find_values(judging, rule, rule->severity,
                            "operations.emergency_fund.board_approved", 1, 0);
    }
}

/* OPS-08. What was approved was restructured or, where a payment holiday is no restructuring, given
 * one: at least the first, at most both. */
void evaluate_renegotiated(struct judging *judging, const struct rule *rule)
{
    const PbOperations *operations = body(judging);
    const PbReport *portfolio = judging->context->portfolio;
    if (operations == NULL || portfolio == NULL || portfolio->portfolio == NULL ||
        portfolio->period->start_day != judging->report->period->start_day ||
        portfolio->period->end_day != judging->report->period->end_day ||
        !operations->has_reneg_approved_amount ||
        !portfolio->portfolio->has_restructured_in_period) {
        return;
    }
    const PbPortfolio *loans = portfolio->portfolio;
    const PbSettings *settings = judging->context->settings;
    bool is_restructuring = settings != NULL && settings->moratorium_is_restructuring;
    wide least = loans->restructured_in_period;
    wide most = least + (!is_restructuring && loans->has_moratorium_outstanding
                             ? loans->moratorium_outstanding
                             : 0);
    wide approved = operations->reneg_approved_amount;
    if (approved < least || approved > most) {
        judging_expect_equal(judging, rule, "operations.reneg_approved_amount",
                             approved < least ? least : most, approved);
    }
}

/* OPS-09 */
void evaluate_staff(struct judging *judging, const struct rule *rule)
{
    const PbOperations *operations = body(judging);
    if (operations != NULL && operations->has_staff_total && operations->has_staff_on_site &&
        operations->has_staff_remote && operations->has_staff_unavailable) {
        judging_expect_equal(judging, rule, "operations.staff_total",
                             (wide)operations->staff_on_site + operations->staff_remote +
                                 operations->staff_unavailable,
                             operations->staff_total);
    }
}
