/* The identities of CAPITAL and OPERATIONS over months, what is known of survival, and the merger.
 */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/country.h"
#include "proto/ratios.h"
#include "tests/sim/sector.h"

#define MONTHS 42

static void check_balance(const struct member *member, const struct snapshot *s)
{
    const struct balance *b = &s->balance;
    int64_t assets = s->liquid + b->long_placements + b->pledged + s->glp - s->allowance +
                     s->interest / 3 + b->fixed + b->other_assets + b->holdings;
    assert_int_equal(b->total_assets, assets);
    assert_int_equal(b->total_assets, b->total_liabilities + balance_equity(b));
    assert_int_equal(b->total_liabilities, s->deposits + s->borrowed + b->other_liabilities);
    assert_int_equal(b->impairment, s->provision_expense);
    assert_true(b->other_liabilities > 0 && b->long_placements >= 0 && b->land <= b->fixed);
    assert_true(s->borrowed > 0 && s->borrowings_received >= 0 && s->debt_service >= 0);
    assert_true((b->tier1 > 0) == (member->category >= CATEGORY_MF));
    assert_true(b->tier1 <= balance_equity(b));
}

/* Equity moves by the result and by new shares alone, borrowings by what came and was repaid. */
static void check_roll(const struct snapshot *before, const struct snapshot *now)
{
    bool begins_year = now->month % 12 == 0;
    int64_t result = begins_year ? 0 : before->balance.result;
    assert_int_equal(now->balance.result, result + balance_net(&now->balance));
    assert_int_equal(balance_equity(&now->balance),
                     balance_equity(&before->balance) + balance_net(&now->balance) +
                         now->balance.paid_in - before->balance.paid_in);
    assert_int_equal(now->borrowed, before->borrowed + now->borrowings_received +
                                        now->borrowing_interest - now->debt_service);
}

static int64_t sum_of(const int64_t *parts, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += parts[i];
    }
    return sum;
}

static void check_work(const struct member *member, const struct snapshot *before,
                       const struct snapshot *now)
{
    const struct work *w = &now->work;
    assert_int_equal(w->branches_open + w->branches_partial + w->branches_closed, w->branches);
    assert_int_equal(w->branches, before->work.branches);
    assert_int_equal(w->staff_on_site + w->staff_remote + w->staff_away, w->staff);
    assert_int_equal(w->pending_opening, before->work.pending_closing);
    assert_int_equal(w->pending_closing,
                     w->pending_opening + w->received - w->approved - w->rejected - w->withdrawn);
    assert_int_equal(sum_of(w->reasons, REASONS), w->received);
    assert_int_equal(sum_of(w->fund_parts, FUND_PARTS), w->fund);
    assert_true(w->pending_closing >= 0 && w->received >= 0 && w->withdrawn >= 0);
    assert_true(w->digital_active < w->digital_registered);
    /* Half of what is approved are reschedules, half moratoria. */
    assert_int_equal(w->approved_amount, now->relief + now->moratorium_new);
    assert_int_equal(now->relief, now->moratorium_new);
    assert_int_equal(w->approved, 2 * now->relief_loans);
    assert_true(member->persona == PERSONA_EVERGREENING || now->restructured_new == now->relief);
}

static void every_month_balances_and_follows_from_the_one_before(void **state)
{
    (void)state;
    struct member members[MEMBERS_MAX];
    size_t count = members_make(MEMBERS_WHOLE, members);
    for (size_t i = 0; i < count; i += 5) {
        AUTO(economy_close) struct economy *economy = NULL;
        struct snapshot before = {0};
        struct snapshot now = {0};
        assert_int_equal(economy_open(&members[i], 9, &economy), ERR_OK);
        economy_next(economy, &before);
        for (int month = 0; month < MONTHS; month++) {
            economy_next(economy, &now);
            check_balance(&members[i], &now);
            check_roll(&before, &now);
            check_work(&members[i], &before, &now);
            before = now;
        }
    }
}

static void open_month(const struct member *member, int32_t month, struct economy **ret_economy,
                       struct snapshot *ret_snapshot)
{
    assert_int_equal(economy_open(member, 1, ret_economy), ERR_OK);
    do {
        economy_next(*ret_economy, ret_snapshot);
    } while (ret_snapshot->month < month);
}

static PbReport *report_of(struct arena *arena, const struct member *member,
                           const struct snapshot *snapshot, int type)
{
    struct report_head head = {
        .institution = member->id, .type = type, .period = snapshot->period, .vintage = 1};
    PbReport *report = report_make(arena, &head);
    assert_non_null(report);
    return report;
}

/* The five reports of a month. */
static void make_inputs(struct arena *arena, const struct member *member, int32_t month,
                        struct ratio_inputs *inputs)
{
    AUTO(economy_close) struct economy *economy = NULL;
    struct snapshot now = {0};
    struct month_days days;
    open_month(member, month, &economy, &now);
    month_days_make(member, 1, &now, &days);
    struct liquidity_figures figures = liquidity_of_month(&now, &days);
    PbReport *portfolio = report_of(arena, member, &now, TYPE_PORTFOLIO);
    PbReport *liquidity = report_of(arena, member, &now, TYPE_LIQUIDITY);
    PbReport *operations = report_of(arena, member, &now, TYPE_OPERATIONS);
    PbReport *capital = report_of(arena, member, &now, TYPE_CAPITAL);
    portfolio->portfolio = portfolio_make(arena, member, economy_traits(economy), &now);
    liquidity->liquidity = liquidity_make(arena, economy_traits(economy), &figures);
    operations->operations = operations_make(arena, &now);
    capital->capital = capital_make(member, arena, &now);
    inputs->portfolio = portfolio;
    inputs->liquidity = liquidity;
    inputs->operations = operations;
    inputs->capital = capital;
    inputs->category = category_traits[member->category].code;
}

static void assert_known(const char *id, const struct ratio_inputs *inputs, const char *member)
{
    if (ratio_compute(ratio_find(id), inputs).is_null) {
        fail_msg("%s of %s is not known", id, member);
    }
}

static void every_ratio_of_liquidity_survival_and_capital_is_known(void **state)
{
    (void)state;
    static const char *const ids[] = {"R11",       "R12",        "R13", "R14", "R15.LTD", "R17",
                                      "R18.BASE",  "R18.STRESS", "R22", "R23", "R24",     "R25",
                                      "R29.SHARE", "R33",        "R34", "R35", "R36"};
    static const char *const companies[] = {"R21.CAR", "R21.T1"};
    AUTO(arena_close) struct arena settings_arena = {0};
    AUTO(free_p) char *path = NULL;
    PbSettings *settings = NULL;
    struct member members[MEMBERS_MAX];
    size_t count = members_make(MEMBERS_WHOLE, members);
    assert_int_equal(country_path("rw", &path), ERR_OK);
    assert_int_equal(country_compile(path, &settings_arena, NULL, &settings), ERR_OK);
    for (size_t i = 0; i < settings->n_limits; i++) { /* those of 2023, as the demo applies them */
        settings->limits[i]->has_applied_back_to_day = true;
        settings->limits[i]->applied_back_to_day = 0;
    }
    for (size_t i = 0; i + 1 < count; i += 9) {
        AUTO(arena_close) struct arena arena = {.budget = 4 * 1024 * 1024};
        struct ratio_inputs inputs = {.settings = settings};
        make_inputs(&arena, &members[i], MONTH_SHOCK + 1, &inputs);
        for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++) {
            if (ratio_find(ids[k]) == NULL) {
                fail_msg("%s is no ratio", ids[k]);
            }
            assert_known(ids[k], &inputs, members[i].id);
        }
        for (size_t k = 0; k < 2 && members[i].category >= CATEGORY_MF; k++) {
            assert_known(companies[k], &inputs, members[i].id);
        }
    }
}

/* Nothing is lost and nothing added on the day that fifteen become one. */
static void merged_saccos_go_on_as_one(void **state)
{
    (void)state;
    struct sector_options options = {.seed = 1,
                                     .first_month = MONTH_MERGER - 1,
                                     .months = 2,
                                     .members = MEMBERS_WHOLE,
                                     .is_flawless = true};
    AUTO(sector_close) struct sector *sector = NULL;
    int64_t before = 0;
    int64_t after = 0;
    size_t parts = 0;
    assert_int_equal(sector_make(&options, &sector), ERR_OK);
    for (size_t i = 0; i < sector->count; i++) {
        const struct submission *submission = &sector->submissions[i];
        const struct member *member = &sector->members[submission->member];
        AUTO(arena_close) struct arena arena = {0};
        PbReport *report = NULL;
        if (submission->type != TYPE_LIQUIDITY || submission->period.frequency != FREQUENCY_M) {
            continue;
        }
        assert_int_equal(MESSAGE_UNPACK(report, MESSAGE_CANONICAL,
                                        submission_report(sector, submission), &arena, &report),
                         ERR_OK);
        if (member_merges(member)) {
            assert_true(submission->period.end_day <= member->valid_to_day);
            before += report->liquidity->deposits_total;
            parts++;
        } else if (member->persona == PERSONA_MERGER) {
            assert_string_equal(member->id, "RW-DS-403");
            after = report->liquidity->deposits_total - report->liquidity->deposit_inflow +
                    report->liquidity->deposit_withdrawal - report->liquidity->interest_credited;
        }
    }
    assert_int_equal(parts, 15);
    assert_int_equal(after, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_month_balances_and_follows_from_the_one_before),
        cmocka_unit_test(every_ratio_of_liquidity_survival_and_capital_is_known),
        cmocka_unit_test(merged_saccos_go_on_as_one),
    };
    if (keys_init() != ERR_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
