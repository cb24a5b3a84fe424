/* CAP: the balance sheet; XRP-01 and XRP-02: what two reports say of the same thing. */
#include "proto/ratios.h"
#include "proto/rules_inside.h"

#define BALANCE_UNITS 7 /* one for each row that was rounded */

static const PbCapital *body(const struct judging *judging)
{
    return judging->report->capital;
}

const PbReport *judging_same_end(const struct judging *judging, const PbReport *report)
{
    return report != NULL && report->period->end_day == judging->report->period->end_day ? report
                                                                                         : NULL;
}

/* CAP-01. Equity must be given by its parts here, or nothing is compared. */
void evaluate_balance(struct judging *judging, const struct rule *rule)
{
    const PbCapital *capital = body(judging);
    if (capital == NULL || !capital->has_total_assets || !capital->has_total_liabilities ||
        !capital->has_paid_in_capital || !capital->has_reserves ||
        !capital->has_retained_earnings || !capital->has_donated || !capital->has_current_result) {
        return;
    }
    wide expected = (wide)capital->total_liabilities + capital->paid_in_capital +
                    capital->reserves + capital->retained_earnings + capital->donated +
                    capital->current_result +
                    (capital->has_other_equity ? capital->other_equity : 0);
    wide difference = capital->total_assets - expected;
    if (difference >= -BALANCE_UNITS && difference <= BALANCE_UNITS) {
        return;
    }
    bool is_near = is_within(expected, capital->total_assets, capital->total_assets,
                             judging_tolerance_bp(judging, rule));
    judging_find_values(judging, rule, is_near ? SEVERITY_WARNING : SEVERITY_ERROR,
                        "capital.total_assets", expected, capital->total_assets);
}

/* The two reports, whichever of them is judged; the other is of the same end. */
struct pair {
    const PbPortfolio *portfolio;
    const PbLiquidity *liquidity;
    const PbCapital *capital;
};

static struct pair pair_of(const struct judging *judging)
{
    const PbReport *own = judging->report;
    const PbReport *portfolio = judging_same_end(judging, judging->context->portfolio);
    const PbReport *liquidity = judging_same_end(judging, judging->context->liquidity);
    const PbReport *capital = judging_same_end(judging, judging->context->capital);
    return (struct pair){
        .portfolio = own->portfolio != NULL ? own->portfolio
                     : portfolio != NULL    ? portfolio->portfolio
                                            : NULL,
        .liquidity = own->liquidity != NULL ? own->liquidity
                     : liquidity != NULL    ? liquidity->liquidity
                                            : NULL,
        .capital = own->capital != NULL ? own->capital
                   : capital != NULL    ? capital->capital
                                        : NULL,
    };
}

/* CAP-02 */
void evaluate_net_loans(struct judging *judging, const struct rule *rule)
{
    struct pair pair = pair_of(judging);
    if (judging->report->capital == NULL || pair.portfolio == NULL ||
        !pair.capital->has_net_loans || !pair.portfolio->has_glp ||
        !pair.portfolio->has_allowance) {
        return;
    }
    judging_expect_equal(judging, rule, "capital.net_loans",
                         (wide)pair.portfolio->glp - pair.portfolio->allowance,
                         pair.capital->net_loans);
}

/* CAP-03 */
void evaluate_tier1(struct judging *judging, const struct rule *rule)
{
    const PbCapital *capital = body(judging);
    int64_t equity = 0;
    if (capital != NULL && capital->has_tier1 && equity_of(capital, &equity)) {
        judging_expect_at_most(judging, rule, "capital.tier1", equity, capital->tier1);
    }
}

/* CAP-04 */
void evaluate_risk_weighted(struct judging *judging, const struct rule *rule)
{
    const PbCapital *capital = body(judging);
    if (capital == NULL || !capital->has_tier1) {
        return;
    }
    if (!capital->has_rwa) {
        if (!judging_is_noted(judging, "capital.rwa")) {
            judging_find(judging, rule, SEVERITY_ERROR, "capital.rwa");
        }
    } else if (capital->rwa <= 0) {
        judging_find_values(judging, rule, SEVERITY_ERROR, "capital.rwa", 1, capital->rwa);
    } else if (capital->has_total_assets &&
               !judging_is_at_most(judging, rule, capital->total_assets, capital->rwa)) {
        wide most = (wide)capital->total_assets * (10000 + judging_tolerance_bp(judging, rule));
        judging_find_values(judging, rule, SEVERITY_WARNING, "capital.rwa", most / 10000,
                            capital->rwa);
    }
}

/* XRP-01: the same loans, before provisions, in both. */
void evaluate_gross_loans(struct judging *judging, const struct rule *rule)
{
    struct pair pair = pair_of(judging);
    bool is_either = judging->report->portfolio != NULL || judging->report->capital != NULL;
    if (!is_either || pair.portfolio == NULL || pair.capital == NULL ||
        !pair.capital->has_net_loans || !pair.portfolio->has_glp ||
        !pair.portfolio->has_allowance) {
        return;
    }
    wide gross = (wide)pair.capital->net_loans + pair.portfolio->allowance;
    if (judging->report->portfolio != NULL) {
        judging_expect_equal(judging, rule, "portfolio.glp", gross, pair.portfolio->glp);
    } else {
        judging_expect_equal(judging, rule, "capital.net_loans", pair.portfolio->glp, gross);
    }
}

/* XRP-02 */
void evaluate_same_deposits(struct judging *judging, const struct rule *rule)
{
    struct pair pair = pair_of(judging);
    bool is_either = judging->report->liquidity != NULL || judging->report->capital != NULL;
    int64_t deposits = 0;
    if (!is_either || pair.liquidity == NULL || pair.capital == NULL ||
        !pair.capital->has_deposits || !deposits_total(pair.liquidity, &deposits)) {
        return;
    }
    if (judging->report->liquidity != NULL) {
        judging_expect_equal(judging, rule, "liquidity.deposits", pair.capital->deposits, deposits);
    } else {
        judging_expect_equal(judging, rule, "capital.deposits", deposits, pair.capital->deposits);
    }
}
