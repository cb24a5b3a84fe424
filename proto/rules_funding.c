/* LIQ-07 to LIQ-13: liquid assets, the institution's own ratio, a run, what is pledged. */
#include "proto/ratios.h"
#include "proto/rules_inside.h"

static const PbLiquidity *body(const struct judging *judging)
{
    return judging->report->liquidity;
}

/* LIQ-07 */
void evaluate_liquid_assets(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = body(judging);
    const PbReport *capital = judging->context->capital;
    if (liquidity == NULL || capital == NULL || capital->capital == NULL ||
        !capital->capital->has_total_assets) {
        return;
    }
    wide sum = 0;
    sum += liquidity->has_cash ? liquidity->cash : 0;
    sum += liquidity->has_central_bank ? liquidity->central_bank : 0;
    sum += liquidity->has_bank_demand ? liquidity->bank_demand : 0;
    sum += liquidity->has_bank_term_30 ? liquidity->bank_term_30 : 0;
    sum += liquidity->has_bank_term_31_90 ? liquidity->bank_term_31_90 : 0;
    sum += liquidity->has_bank_term_over_90 ? liquidity->bank_term_over_90 : 0;
    sum += liquidity->has_emoney ? liquidity->emoney : 0;
    sum += liquidity->has_govt_unencumbered ? liquidity->govt_unencumbered : 0;
    judging_expect_at_most(judging, rule, "liquidity.bank_demand", capital->capital->total_assets,
                           sum);
}

/* LIQ-09: within 100 basis points of what the hub computes. */
void evaluate_own_ratio(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = body(judging);
    const struct party *party = judging->context->party;
    if (liquidity == NULL || !liquidity->has_regulatory_liquid_assets ||
        !liquidity->has_regulatory_liquidity_base) {
        return;
    }
    struct ratio_inputs inputs = {
        .liquidity = judging->report,
        .settings = judging->context->settings,
        .category = party == NULL ? NULL : party->category,
    };
    struct ratio_value ours = ratio_compute(ratio_find("R11"), &inputs);
    struct ratio_value own =
        ratio_bp(liquidity->regulatory_liquid_assets, liquidity->regulatory_liquidity_base);
    int64_t most = judging_tolerance_bp(judging, rule);
    if (!ours.is_null && !own.is_null &&
        ((wide)own.value - ours.value > most || (wide)ours.value - own.value > most)) {
        judging_find_values(judging, rule, rule->severity, "liquidity.regulatory_liquidity_base",
                            (wide)ours.value, own.value);
    }
}

/* LIQ-11 */
void evaluate_unmet(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = body(judging);
    if (liquidity == NULL) {
        return;
    }
    if (liquidity->has_requests_unmet && liquidity->requests_unmet > 0) {
        judging_find_values(judging, rule, rule->severity, "liquidity.requests_unmet", 0,
                            liquidity->requests_unmet);
    } else if (liquidity->has_requests_unmet_count && liquidity->requests_unmet_count > 0) {
        judging_find_values(judging, rule, rule->severity, "liquidity.requests_unmet_count", 0,
                            liquidity->requests_unmet_count);
    }
    if (liquidity->has_withdrawal_cap_in_force && liquidity->withdrawal_cap_in_force) {
        judging_find_values(judging, rule, rule->severity, "liquidity.withdrawal_cap_in_force", 0,
                            1);
    }
}

/* LIQ-12: what is pledged of government paper is part of all that is pledged. */
void evaluate_encumbered(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = body(judging);
    if (liquidity != NULL && liquidity->has_encumbered_total && liquidity->has_govt_encumbered) {
        judging_expect_at_most(judging, rule, "liquidity.govt_encumbered",
                               liquidity->encumbered_total, liquidity->govt_encumbered);
    }
}

/* LIQ-13 */
void evaluate_collections(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = body(judging);
    const PbReport *portfolio = judging_same_end(judging, judging->context->portfolio);
    wide sum = 0;
    if (liquidity == NULL || portfolio == NULL || portfolio->portfolio == NULL ||
        !portfolio->portfolio->has_glp) {
        return;
    }
    for (size_t i = 0; i < liquidity->n_maturities; i++) {
        const PbMaturityRow *row = liquidity->maturities[i];
        bool is_within_30 = row->to_day != -1 && row->to_day <= 30;
        if ((int)row->item == IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS && is_within_30 &&
            row->has_amount) {
            sum += row->amount;
        }
    }
    int64_t share_bp = judging_tolerance_bp(judging, rule);
    if (sum > 0 && !is_within(0, sum, portfolio->portfolio->glp, share_bp)) {
        judging_find_values(judging, rule, rule->severity, "liquidity.maturities",
                            (wide)portfolio->portfolio->glp * share_bp / 10000, sum);
    }
}
