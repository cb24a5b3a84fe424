/* What the settings change of the rules: severity, tolerance, on and off, by category and day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "tests/support/rules_bench.h"

static PbPortfolio *book(struct bench *bench)
{
    return bench->report->portfolio;
}

static Ihuriro__V1__RuleSetting *make_setting(struct bench *bench, PbSettings *settings,
                                              const char *rule, const char *category)
{
    Ihuriro__V1__RuleSetting *row = arena_take(&bench->arena, sizeof *row);
    assert_non_null(row);
    ihuriro__v1__rule_setting__init(row);
    row->rule = arena_text(&bench->arena, rule);
    row->category = category == NULL ? NULL : arena_text(&bench->arena, category);
    Ihuriro__V1__RuleSetting **rows =
        arena_take(&bench->arena, (settings->n_rules + 1) * sizeof(Ihuriro__V1__RuleSetting *));
    assert_non_null(rows);
    for (size_t i = 0; i < settings->n_rules; i++) {
        rows[i] = settings->rules[i];
    }
    rows[settings->n_rules++] = row;
    settings->rules = rows;
    bench->context.settings = settings;
    return row;
}

static void allow_rwf(PbSettings *settings)
{
    static char code[] = "RWF";
    static Ihuriro__V1__Currency currency = IHURIRO__V1__CURRENCY__INIT;
    static Ihuriro__V1__Currency *currencies[] = {&currency};
    currency.code = code;
    settings->currencies = currencies;
    settings->n_currencies = 1;
}

static void settings_switch_a_rule_off_or_change_its_severity(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    allow_rwf(&settings);
    Ihuriro__V1__RuleSetting *row = make_setting(&bench, &settings, "POR-10", NULL);
    row->has_severity = 1;
    row->severity = IHURIRO__V1__SEVERITY__WARNING;
    book(&bench)->classes[4]->outstanding = 1;
    assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED_WITH_WARNINGS);
    row->has_off = 1;
    row->off = 1;
    assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED);
    assert_int_equal(bench.findings.count, 0);
}

static void a_tolerance_holds_for_its_category_only(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    allow_rwf(&settings);
    Ihuriro__V1__RuleSetting *row = make_setting(&bench, &settings, "POR-10", "USACCO");
    row->has_tolerance_bp = 1;
    row->tolerance_bp = 1;
    char other[] = "MF";
    char same[] = "USACCO";
    book(&bench)->classes[4]->outstanding = 150; /* one basis point of 1,500,000 */
    bench.party.category = other;
    assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
    bench.party.category = same;
    assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED);
    book(&bench)->classes[4]->outstanding = 151;
    assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
}

/* What may be at most so much may be a little more where the settings say so. */
static void a_tolerance_holds_for_what_is_at_most(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    allow_rwf(&settings);
    Ihuriro__V1__RuleSetting *row = make_setting(&bench, &settings, "POR-15", NULL);
    book(&bench)->allowance = 1500150; /* one basis point above the portfolio */
    assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
    row->has_tolerance_bp = 1;
    row->tolerance_bp = 1;
    assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED);
    book(&bench)->allowance++;
    assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
}

static void a_small_fall_of_deposits(struct bench *bench)
{
    PbReport *before = with_the_month_before(bench);
    before->liquidity->deposits[1]->balance += 4000; /* by 0.2 % */
    before->liquidity->deposits_total += 4000;
    bench->report->liquidity->deposit_withdrawal += 53000;
}

static void a_fund_whose_parts_lack_a_franc(struct bench *bench)
{
    static Ihuriro__V1__EmergencyFund fund;
    ihuriro__v1__emergency_fund__init(&fund);
    fund.has_requested = fund.has_for_liquidity = fund.has_for_client_relief = 1;
    fund.has_for_capital = fund.has_for_digital = fund.has_for_health = 1;
    fund.requested = 100001;
    fund.for_liquidity = 100000;
    fund.has_board_approved = fund.board_approved = 1;
    bench->report->operations->emergency_fund = &fund;
}

static void a_fund_of_a_tenth_of_deposits(struct bench *bench)
{
    a_fund_whose_parts_lack_a_franc(bench);
    bench->report->operations->emergency_fund->requested = 200000;
    bench->report->operations->emergency_fund->for_liquidity = 200000;
    with_the_other_reports(bench);
}

static void a_balance_that_is_far_off(struct bench *bench)
{
    bench->report->capital->total_liabilities -= 400000;
}

static void a_little_more_weighted_than_all_assets(struct bench *bench)
{
    bench->report->capital->rwa = bench->report->capital->total_assets + 4000;
}

/* The shares that rules look at are their tolerances: another one of the settings has an effect. */
static void shares_that_rules_look_at_are_settings(void **state)
{
    (void)state;
    static const struct {
        int type;
        void (*change)(struct bench *bench);
        const char *rule;
        int64_t tolerance_bp;
    } rows[] = {
        {TYPE_LIQUIDITY, a_small_fall_of_deposits, "LIQ-10", 5},
        {TYPE_OPERATIONS, a_fund_whose_parts_lack_a_franc, "OPS-05", 1},
        {TYPE_OPERATIONS, a_fund_of_a_tenth_of_deposits, "OPS-06", 999},
        {TYPE_CAPITAL, a_balance_that_is_far_off, "CAP-01", 10000},
        {TYPE_CAPITAL, a_little_more_weighted_than_all_assets, "CAP-04", 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(bench_close) struct bench bench;
        bench_open(&bench, rows[i].type);
        PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
        allow_rwf(&settings);
        rows[i].change(&bench);
        enum verdict as_shipped = bench_judge(&bench);
        Ihuriro__V1__RuleSetting *row = make_setting(&bench, &settings, rows[i].rule, NULL);
        row->has_tolerance_bp = 1;
        row->tolerance_bp = rows[i].tolerance_bp;
        if (bench_judge(&bench) == as_shipped) {
            fail_msg("%s with another tolerance: the verdict is the same, %s", rows[i].rule,
                     verdict_name(as_shipped));
        }
    }
}

static void a_row_for_the_category_stands_over_one_for_all(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    allow_rwf(&settings);
    char category[] = "MF";
    bench.party.category = category;
    Ihuriro__V1__RuleSetting *own = make_setting(&bench, &settings, "POR-10", "MF");
    own->has_severity = 1;
    own->severity = IHURIRO__V1__SEVERITY__INFO;
    Ihuriro__V1__RuleSetting *all = make_setting(&bench, &settings, "POR-10", NULL);
    all->has_off = 1;
    all->off = 1;
    book(&bench)->classes[4]->outstanding = 1;
    assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED);
    assert_int_equal(bench.findings.count, 1);
    assert_int_equal(bench.findings.rows[0].severity, SEVERITY_INFO);
}

static void other_figures_held(struct bench *bench)
{
    bench->context.highest_vintage = 1;
    bench->context.highest_since_us = INT64_C(1593764100000000);
}

static void rules_that_the_journal_depends_on_cannot_be_switched_off(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    allow_rwf(&settings);
    Ihuriro__V1__RuleSetting *row = make_setting(&bench, &settings, "ENV-04", NULL);
    row->has_off = 1;
    row->off = 1;
    other_figures_held(&bench);
    assert_int_equal(bench_judge(&bench), VERDICT_REJECTED);
}

static void classes_follow_the_settings_in_force_at_the_periods_end(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench, TYPE_PORTFOLIO);
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    allow_rwf(&settings);
    Ihuriro__V1__LoanClass rows[6];
    Ihuriro__V1__LoanClass *pointers[6];
    char codes[][3] = {"NL", "WL", "SL", "DL", "LL", "WL"};
    const int32_t days[] = {0, 30, 90, 180, 360, 60}; /* from July, watch begins at 60 days */
    char from[] = "2020-07-31";
    for (size_t i = 0; i < 6; i++) {
        ihuriro__v1__loan_class__init(&rows[i]);
        rows[i].code = codes[i];
        rows[i].from_days = days[i];
        pointers[i] = &rows[i];
    }
    rows[5].from = from;
    settings.classes = pointers;
    settings.n_classes = 6;
    bench.context.settings = &settings;
    assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED);
    from[6] = '6'; /* 2020-06-30 cannot be written as 2020-06-31, but it is before */
    from[9] = '0';
    assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED_WITH_WARNINGS);
    assert_string_equal(bench.findings.rows[0].rule, "POR-11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_switch_a_rule_off_or_change_its_severity),
        cmocka_unit_test(a_tolerance_holds_for_its_category_only),
        cmocka_unit_test(a_tolerance_holds_for_what_is_at_most),
        cmocka_unit_test(shares_that_rules_look_at_are_settings),
        cmocka_unit_test(a_row_for_the_category_stands_over_one_for_all),
        cmocka_unit_test(rules_that_the_journal_depends_on_cannot_be_switched_off),
        cmocka_unit_test(classes_follow_the_settings_in_force_at_the_periods_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
