/* Rules that compare with an earlier period of the same institution: POR-16, LIQ-02, LIQ-10,
 * XRP-04, CAP-05, TIM-01 to TIM-05; and TIM-06, DEL-03.
 *
 * A roll-forward begins at `opening`, what stood the day before this period, whatever the
 * frequency; a change is against `preceding`, the period before of the same frequency. Where there
 * is none the rule does not fire (D39). */
#include <string.h>

#include "proto/equal.h"
#include "proto/fields.h"
#include "proto/period.h"
#include "proto/ratios.h"
#include "proto/rules_inside.h"

#define GROSS_BP 500 /* a roll-forward that is off by more than 5 % is an ERROR */

static const char *const explained_by[] = {"PREVIOUS_WRONG", "REAL_CHANGE", "MERGER", "SALE"};

enum severity judging_softened(const struct judging *judging, const struct rule *rule,
                               enum severity severity)
{
    const PbReport *report = judging->report;
    for (size_t i = 0; severity == SEVERITY_ERROR && i < report->n_explanations; i++) {
        for (size_t k = 0; k < sizeof explained_by / sizeof explained_by[0]; k++) {
            if (strcmp(report->explanations[i]->rule, rule->id) == 0 &&
                strcmp(report->explanations[i]->code, explained_by[k]) == 0) {
                return SEVERITY_WARNING;
            }
        }
    }
    return severity;
}

void judging_expect_rolled(struct judging *judging, const struct rule *rule, const char *path,
                           wide expected, wide got, int64_t gross_bp)
{
    if (is_within(expected, got, expected, judging_tolerance_bp(judging, rule))) {
        return;
    }
    bool is_gross = !is_within(expected, got, expected, gross_bp);
    judging_find_values(judging, rule,
                        is_gross ? judging_softened(judging, rule, SEVERITY_ERROR)
                                 : SEVERITY_WARNING,
                        path, expected, got);
}

static const PbPortfolio *portfolio_in(const PbReport *report)
{
    return report == NULL ? NULL : report->portfolio;
}

static const PbLiquidity *liquidity_in(const PbReport *report)
{
    return report == NULL ? NULL : report->liquidity;
}

/* ---- roll-forwards ---- */

/* POR-16 */
void evaluate_portfolio_rolls(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *now = judging->report->portfolio;
    const PbPortfolio *then = portfolio_in(judging->context->opening);
    if (now == NULL || then == NULL || !now->has_glp || !then->has_glp || !now->has_disbursed ||
        !now->has_principal_collected || !now->has_written_off) {
        return;
    }
    wide expected = (wide)then->glp + now->disbursed - now->principal_collected - now->written_off +
                    (now->has_glp_adjustment ? now->glp_adjustment : 0);
    judging_expect_rolled(judging, rule, "portfolio.glp", expected, now->glp, GROSS_BP);
}

/* LIQ-02 */
void evaluate_deposits_roll(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *now = judging->report->liquidity;
    const PbLiquidity *then = liquidity_in(judging->context->opening);
    int64_t closing = 0;
    int64_t opening = 0;
    if (now == NULL || then == NULL || !deposits_total(now, &closing) ||
        !deposits_total(then, &opening) || !now->has_deposit_inflow ||
        !now->has_deposit_withdrawal) {
        return;
    }
    wide expected = (wide)opening + now->deposit_inflow - now->deposit_withdrawal +
                    (now->has_interest_credited ? now->interest_credited : 0) +
                    (now->has_deposit_adjustment ? now->deposit_adjustment : 0);
    judging_expect_rolled(judging, rule, "liquidity.deposits", expected, closing, GROSS_BP);
}

/* XRP-04: nothing comes back that was not written off. */
void evaluate_recovered(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *now = judging->report->portfolio;
    const PbPortfolio *then = portfolio_in(judging->context->opening);
    if (now != NULL && then != NULL && now->has_recovered && then->has_written_off_stock) {
        judging_expect_at_most(judging, rule, "portfolio.recovered", then->written_off_stock,
                               now->recovered);
    }
}

/* ---- changes ---- */

#define JUMP_GROSS_BP  9000
#define SCALE_SLACK_BP 300

/* Is one about a thousand or a hundred times the other: were units mixed up? */
static bool is_scaled(wide then, wide now)
{
    return is_within(then * 1000, now, then * 1000, SCALE_SLACK_BP) ||
           is_within(then * 100, now, then * 100, SCALE_SLACK_BP) ||
           is_within(then, now * 1000, then, SCALE_SLACK_BP);
}

/* TIM-01 */
void evaluate_jump(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *now = judging->report->portfolio;
    const PbPortfolio *then = portfolio_in(judging->context->preceding);
    if (now == NULL || then == NULL || !now->has_glp || !then->has_glp || then->glp <= 0) {
        return;
    }
    int64_t tolerance = judging_tolerance_bp(judging, rule);
    if (is_within(then->glp, now->glp, then->glp, tolerance)) {
        return;
    }
    bool is_gross =
        !is_within(then->glp, now->glp, then->glp, JUMP_GROSS_BP) || is_scaled(then->glp, now->glp);
    judging_find_values(judging, rule,
                        is_gross ? judging_softened(judging, rule, SEVERITY_ERROR)
                                 : SEVERITY_WARNING,
                        "portfolio.glp", then->glp, now->glp);
}

struct amounts {
    const ProtobufCMessage *other;
    uint64_t non_zero;
    uint64_t round;
};

/* Counts amounts: all that are not zero, and those of them that are whole thousands. */
static bool count_amount(void *context, const struct field *field)
{
    struct amounts *amounts = context;
    size_t length = strlen(field->descriptor->name);
    if (field->integer != 0 &&
        !(length > 3 && strcmp(field->descriptor->name + length - 3, "_us") == 0)) {
        amounts->non_zero++;
        amounts->round += field->integer % 1000 == 0;
    }
    return false;
}

static const ProtobufCMessage *body_of(const PbReport *report)
{
    const ProtobufCMessage *bodies[] = {
        report->portfolio == NULL ? NULL : &report->portfolio->base,
        report->liquidity == NULL ? NULL : &report->liquidity->base,
        report->operations == NULL ? NULL : &report->operations->base,
        report->capital == NULL ? NULL : &report->capital->base,
        report->exposures == NULL ? NULL : &report->exposures->base,
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (bodies[i] != NULL) {
            return bodies[i];
        }
    }
    return NULL;
}

/* A body without what names its own period: that differs in a copy, too. */
union undated {
    PbPortfolio portfolio;
    PbLiquidity liquidity;
};

static const ProtobufCMessage *undate(const ProtobufCMessage *body, union undated *undated)
{
    if (body->descriptor == &ihuriro__v1__portfolio__descriptor) {
        undated->portfolio = *(const PbPortfolio *)(const void *)body;
        undated->portfolio.n_moratorium_by_month = 0;
        return &undated->portfolio.base;
    }
    if (body->descriptor == &ihuriro__v1__liquidity__descriptor) {
        undated->liquidity = *(const PbLiquidity *)(const void *)body;
        undated->liquidity.has_peak_day = 0;
        return &undated->liquidity.base;
    }
    return body;
}

/* Equal in all but their dates. */
static bool are_same(const ProtobufCMessage *one, const ProtobufCMessage *other)
{
    union undated bodies[2];
    return messages_are_equal(undate(one, &bodies[0]), undate(other, &bodies[1]));
}

#define AMOUNTS_LEAST 50 /* fewer say nothing about how a report was made */

/* TIM-02: a system that stands still sends the same figures again. */
void evaluate_frozen(struct judging *judging, const struct rule *rule)
{
    const PbReport *then = judging->context->preceding;
    const ProtobufCMessage *now_body = body_of(judging->report);
    const ProtobufCMessage *then_body = then == NULL ? NULL : body_of(then);
    if (now_body == NULL || then_body == NULL || !are_same(now_body, then_body)) {
        return;
    }
    /* Nothing but zeros is the same every month where there is nothing. */
    struct amounts amounts = {0};
    (void)fields_any(now_body, PROTOBUF_C_TYPE_INT64, count_amount, &amounts);
    if (amounts.non_zero > 1) {
        judging_find(judging, rule, rule->severity, now_body->descriptor->short_name);
    }
}

/* TIM-03: arrears that were not paid, but rescheduled. */
void evaluate_evergreening(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *now = judging->report->portfolio;
    const PbPortfolio *then = portfolio_in(judging->context->preceding);
    int64_t par_now = 0;
    int64_t par_then = 0;
    if (now == NULL || then == NULL || !now->has_restructured_in_period ||
        !par_over(now, 30, &par_now) || !par_over(then, 30, &par_then)) {
        return;
    }
    wide fall = (wide)par_then - par_now;
    if (fall > 0 && !is_within(0, fall, par_then, judging_tolerance_bp(judging, rule)) &&
        (wide)now->restructured_in_period * 2 > fall) {
        judging_find_values(judging, rule, rule->severity, "portfolio.restructured_in_period",
                            fall / 2, now->restructured_in_period);
    }
}

/* TIM-04, D55: what is 61 to 90 days late now was at least 30 days late a month ago. */
void evaluate_impossible_aging(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *now = judging->report->portfolio;
    const PbPortfolio *then = portfolio_in(judging->context->preceding);
    int64_t from_61 = 0;
    int64_t over_90 = 0;
    int64_t possible = 0;
    if (now == NULL || then == NULL ||
        (int)judging->report->period->frequency != IHURIRO__V1__PERIOD__FREQUENCY__M ||
        !par_from(now, 61, &from_61) || !par_over(now, 90, &over_90) ||
        !par_from(then, 30, &possible)) {
        return;
    }
    judging_expect_at_most(judging, rule, "portfolio.aging", possible, (wide)from_61 - over_90);
}

/* TIM-05 */
void evaluate_npl_drop(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *now = judging->report->portfolio;
    const PbPortfolio *then = portfolio_in(judging->context->preceding);
    int64_t npl_now = 0;
    int64_t npl_then = 0;
    if (now == NULL || then == NULL || !now->has_written_off || !now->has_recovered ||
        !now->has_principal_collected || !par_from(now, 90, &npl_now) ||
        !par_from(then, 90, &npl_then)) {
        return;
    }
    wide possible = (wide)now->written_off + now->recovered + now->principal_collected;
    judging_expect_at_most(judging, rule, "portfolio.aging", possible, (wide)npl_then - npl_now);
}

/* TIM-06: real books do not consist of whole thousands. */
void evaluate_round_numbers(struct judging *judging, const struct rule *rule)
{
    const ProtobufCMessage *body = body_of(judging->report);
    struct amounts amounts = {0};
    if (body == NULL || judging->report->currency_exponent != 0) {
        return;
    }
    (void)fields_any(body, PROTOBUF_C_TYPE_INT64, count_amount, &amounts);
    int64_t share_bp = judging_tolerance_bp(judging, rule);
    if (amounts.non_zero >= AMOUNTS_LEAST &&
        !is_within(0, amounts.round, amounts.non_zero, share_bp)) {
        judging_find_values(judging, rule, rule->severity, body->descriptor->short_name,
                            (wide)amounts.non_zero * share_bp / 10000, amounts.round);
    }
}

/* Did deposits fall by more than a share of what they were? */
static bool find_fall(struct judging *judging, const struct rule *rule, const PbReport *earlier,
                      int64_t most_bp)
{
    const PbLiquidity *now = judging->report->liquidity;
    const PbLiquidity *then = liquidity_in(earlier);
    int64_t closing = 0;
    int64_t before = 0;
    if (now == NULL || then == NULL || !deposits_total(now, &closing) ||
        !deposits_total(then, &before) || closing >= before ||
        is_within(before, closing, before, most_bp)) {
        return false;
    }
    judging_find_values(judging, rule, rule->severity, "liquidity.deposits", before, closing);
    return true;
}

/* LIQ-10: a fall of deposits within thirty days, or of half as much within a day; a week is a part
 * of these. */
void evaluate_run(struct judging *judging, const struct rule *rule)
{
    const struct rules_context *context = judging->context;
    int frequency = (int)judging->report->period->frequency;
    if (frequency == IHURIRO__V1__PERIOD__FREQUENCY__Q) {
        return;
    }
    bool is_day = frequency == IHURIRO__V1__PERIOD__FREQUENCY__D;
    int64_t month_bp = judging_tolerance_bp(judging, rule);
    if (!find_fall(judging, rule, context->preceding, is_day ? month_bp / 2 : month_bp)) {
        (void)find_fall(judging, rule, context->month_ago, month_bp);
    }
}

/* CAP-05: within a year the result falls only by what the period lost. */
void evaluate_result_falls(struct judging *judging, const struct rule *rule)
{
    const PbCapital *now = judging->report->capital;
    const PbReport *preceding = judging->context->preceding;
    if (now == NULL || preceding == NULL || preceding->capital == NULL ||
        !now->has_current_result || !preceding->capital->has_current_result) {
        return;
    }
    int year = 0;
    int year_before = 0;
    int month = 0;
    int day = 0;
    day_to_date(judging->report->period->end_day, &year, &month, &day);
    day_to_date(preceding->period->end_day, &year_before, &month, &day);
    bool is_known = now->has_loan_income && now->has_other_income && now->has_financial_expense &&
                    now->has_impairment && now->has_staff_cost && now->has_other_opex;
    wide net = is_known ? (wide)now->loan_income + now->other_income - now->financial_expense -
                              now->impairment - now->staff_cost - now->other_opex -
                              (now->has_tax ? now->tax : 0) + (now->has_grants ? now->grants : 0)
                        : 0;
    wide least = (wide)preceding->capital->current_result + (net < 0 ? net : 0);
    if (year == year_before && now->current_result < least) {
        judging_find_values(judging, rule, rule->severity, "capital.current_result", least,
                            now->current_result);
    }
}

bool report_is_silent(const PbReport *report)
{
    return report->has_reason && ((int)report->reason == IHURIRO__V1__REPORT__REASON__FINALISED ||
                                  (int)report->reason == IHURIRO__V1__REPORT__REASON__EXPLAINED);
}

/* DEL-03, D48: making figures final or explaining them is no correction. */
void evaluate_vintages(struct judging *judging, const struct rule *rule)
{
    const PbReport *report = judging->report;
    wide counted = (wide)report->vintage - judging->context->silent_vintages;
    if (!report_is_silent(report) && judging->context->knows_history &&
        counted > VINTAGES_WITHOUT_A_WORD) {
        judging_find_values(judging, rule, rule->severity, "vintage", VINTAGES_WITHOUT_A_WORD,
                            report->vintage);
    }
}
