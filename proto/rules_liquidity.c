/* LIQ: deposits, funding, exposures; and the sign of every amount. */
#include <string.h>

#include "proto/fields.h"
#include "proto/ratios.h"
#include "proto/rules_inside.h"

/* LIQ-01 */
void evaluate_deposit_sum(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = judging->report->liquidity;
    if (liquidity == NULL || !liquidity->has_deposits_total || liquidity->n_deposits == 0) {
        return;
    }
    wide sum = 0;
    for (size_t i = 0; i < liquidity->n_deposits; i++) {
        if (!liquidity->deposits[i]->has_balance) {
            return;
        }
        sum += liquidity->deposits[i]->balance;
    }
    judging_expect_equal(judging, rule, "liquidity.deposits_total", sum, liquidity->deposits_total);
}

/* Σ of one item's buckets; false when there is none, or one lacks its amount. */
static bool sum_maturities(const PbLiquidity *liquidity, int item, wide *ret_sum)
{
    wide sum = 0;
    size_t rows = 0;
    for (size_t i = 0; i < liquidity->n_maturities; i++) {
        const PbMaturityRow *row = liquidity->maturities[i];
        if ((int)row->item != item) {
            continue;
        }
        if (!row->has_amount) {
            return false;
        }
        rows++;
        sum += row->amount;
    }
    *ret_sum = sum;
    return rows > 0;
}

/* LIQ-03 */
void evaluate_term_maturities(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = judging->report->liquidity;
    wide buckets = 0;
    if (liquidity == NULL ||
        !sum_maturities(liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS, &buckets)) {
        return;
    }
    wide term = 0;
    size_t rows = 0;
    for (size_t i = 0; i < liquidity->n_deposits; i++) {
        const PbDepositRow *row = liquidity->deposits[i];
        if (row->type == IHURIRO__V1__DEPOSIT_ROW__TYPE__TERM && row->has_balance) {
            term += row->balance;
            rows++;
        }
    }
    if (rows > 0) {
        judging_expect_equal(judging, rule, "liquidity.maturities", term, buckets);
    }
}

/* LIQ-04, D37: by lender = by remaining days + what is overdue. */
void evaluate_borrowing_maturities(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = judging->report->liquidity;
    wide buckets = 0;
    if (liquidity == NULL || liquidity->n_borrowings == 0 ||
        !sum_maturities(liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS, &buckets)) {
        return;
    }
    wide lenders = 0;
    for (size_t i = 0; i < liquidity->n_borrowings; i++) {
        if (!liquidity->borrowings[i]->has_outstanding) {
            return;
        }
        lenders += liquidity->borrowings[i]->outstanding;
    }
    buckets += liquidity->has_borrowings_overdue ? liquidity->borrowings_overdue : 0;
    judging_expect_equal(judging, rule, "liquidity.maturities", lenders, buckets);
}

/* LIQ-05, D30, D43: the largest <= the 20 largest <= all. Borrowers: POR-18. */
void evaluate_largest(struct judging *judging, const struct rule *rule)
{
    const PbExposures *exposures = judging->report->exposures;
    const PbReport *liquidity = judging_same_end(judging, judging->context->liquidity);
    if (exposures == NULL) {
        return;
    }
    if (exposures->has_largest_depositor && exposures->has_top20_depositors) {
        judging_expect_at_most(judging, rule, "exposures.largest_depositor",
                               exposures->top20_depositors, exposures->largest_depositor);
    }
    int64_t deposits = 0;
    if (liquidity == NULL || liquidity->liquidity == NULL ||
        !deposits_total(liquidity->liquidity, &deposits)) {
        return;
    }
    if (exposures->has_top20_depositors) {
        judging_expect_at_most(judging, rule, "exposures.top20_depositors", deposits,
                               exposures->top20_depositors);
    } else if (exposures->has_largest_depositor) {
        judging_expect_at_most(judging, rule, "exposures.largest_depositor", deposits,
                               exposures->largest_depositor);
    }
}

/* LIQ-06 */
void evaluate_peak(struct judging *judging, const struct rule *rule)
{
    const PbLiquidity *liquidity = judging->report->liquidity;
    const PbPeriod *period = judging->report->period;
    if (liquidity == NULL) {
        return;
    }
    if (liquidity->has_peak_day_withdrawal && liquidity->has_deposit_withdrawal) {
        judging_expect_at_most(judging, rule, "liquidity.peak_day_withdrawal",
                               liquidity->deposit_withdrawal, liquidity->peak_day_withdrawal);
    }
    if (liquidity->has_peak_day && liquidity->peak_day < period->start_day) {
        judging_find_values(judging, rule, rule->severity, "liquidity.peak_day", period->start_day,
                            liquidity->peak_day);
    } else if (liquidity->has_peak_day) {
        judging_expect_at_most(judging, rule, "liquidity.peak_day", period->end_day,
                               liquidity->peak_day);
    }
}

/* Amounts are the int64 fields that are no time. */
static bool is_negative_amount(void *context, const struct field *field)
{
    (void)context;
    if (field->descriptor->type != PROTOBUF_C_TYPE_INT64 || field->integer >= 0) {
        return false;
    }
    const char *name = field->descriptor->name;
    size_t length = strlen(name);
    return !field_is_signed(field->descriptor) &&
           !(length > 3 && strcmp(name + length - 3, "_us") == 0);
}

struct negatives {
    struct judging *judging;
    const struct rule *rule;
};

static enum err name_negative(void *context, const struct field *field)
{
    const struct negatives *negatives = context;
    if (is_negative_amount(NULL, field)) {
        judging_find_values(negatives->judging, negatives->rule, negatives->rule->severity,
                            field->path, 0, field->integer);
    }
    return ERR_OK;
}

/* LIQ-14, of every report. Paths are built only when there is something to name. */
void evaluate_negatives(struct judging *judging, const struct rule *rule)
{
    const ProtobufCMessage *report = &judging->report->base;
    struct negatives negatives = {judging, rule};
    if (fields_any(report, PROTOBUF_C_TYPE_INT64, is_negative_amount, NULL)) {
        enum err err = fields_walk(report, name_negative, &negatives);
        judging->err = judging->err == ERR_OK ? err : judging->err;
    }
}
