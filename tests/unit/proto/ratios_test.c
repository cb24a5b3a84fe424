#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "proto/ratios.h"
#include "tests/support/reports.h"

struct bench {
    struct arena arena;
    struct ratio_inputs inputs;
    PbPortfolio *portfolio;
    PbLiquidity *liquidity;
    PbExposures *exposures;
};

static void bench_close(struct bench *bench)
{
    arena_close(&bench->arena);
}

static void bench_open(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    PbReport *portfolio = report_of_portfolio(&bench->arena, "RW-MF-412", "2020-06", 1);
    PbReport *liquidity = report_of_liquidity(&bench->arena, "RW-MF-412", "2020-06", 1);
    PbReport *exposures = report_of_exposures(&bench->arena, "RW-MF-412", "2020-06", 1);
    bench->portfolio = portfolio->portfolio;
    bench->liquidity = liquidity->liquidity;
    bench->exposures = exposures->exposures;
    bench->inputs = (struct ratio_inputs){
        .portfolio = portfolio, .liquidity = liquidity, .exposures = exposures};
}

static struct ratio_value compute(const struct bench *bench, const char *id)
{
    const struct ratio *ratio = ratio_find(id);
    assert_non_null(ratio);
    return ratio_compute(ratio, &bench->inputs);
}

static void assert_bp(const struct bench *bench, const char *id, int64_t bp)
{
    struct ratio_value value = compute(bench, id);
    if (value.is_null || value.value != bp) {
        fail_msg("%s is %s %lld", id, value.is_null ? "null" : "", (long long)value.value);
    }
}

static void assert_null_ratio(const struct bench *bench, const char *id)
{
    struct ratio_value value = compute(bench, id);
    if (!value.is_null) {
        fail_msg("%s is %lld", id, (long long)value.value);
    }
}

static void the_example_of_the_domain_gives_its_ratios(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    assert_bp(&bench, "R01", 4000);       /* 600,000 of 1,500,000 */
    assert_bp(&bench, "R02", 6000);       /* and 300,000 restructured */
    assert_bp(&bench, "R03.PAR90", 1333); /* 200,000 */
    assert_bp(&bench, "R03.NPL", 1333);
    assert_bp(&bench, "R04.RESTRUCTURED", 2000); /* 300,000 */
    assert_bp(&bench, "R04.MORATORIUM", 667);    /* 100,000 */
    assert_bp(&bench, "R07", 2000);              /* 120,000 of 600,000 */
    assert_bp(&bench, "R11", 4500);              /* 900,000 of 2,000,000 */
    assert_bp(&bench, "R12", 4000);              /* 800,000 */
    assert_bp(&bench, "R15.LTD", 7500);
    assert_bp(&bench, "R20", 4500);
}

/* One loan in each row: which of them count over and from a number of days. */
static void edges_are_exact_on_both_sides_of_30_60_90_180_and_360(void **state)
{
    static const struct {
        int days;
        int32_t first_over; /* min_days of the first row that is over */
        int32_t first_from;
    } rows[] = {
        {0, 1, 0},      {29, 30, -1},    {30, 31, 30},   {31, -1, 31},   {59, 60, -1},
        {60, 61, 60},   {61, -1, 61},    {89, 90, -1},   {90, 91, 90},   {91, -1, 91},
        {179, 180, -1}, {180, 181, 180}, {181, -1, 181}, {359, 360, -1}, {360, 361, 360},
        {361, -1, 361}, {45, -1, -1},    {400, -1, -1},  {-1, 0, -1},
    };
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < bench.portfolio->n_aging; i++) {
        bench.portfolio->aging[i]->outstanding = INT64_C(1) << i; /* sums tell who is in them */
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t over = -1;
        int64_t from = -1;
        bool is_over = par_over(bench.portfolio, rows[i].days, &over);
        bool is_from = par_from(bench.portfolio, rows[i].days, &from);
        /* -1 where a row holds days on both sides. From -1 on is all of the book, as from 0. */
        assert_int_equal(is_over, rows[i].first_over != -1);
        assert_int_equal(is_from, rows[i].first_from != -1 || rows[i].days < 0);
        int64_t wanted_over = 0;
        int64_t wanted_from = 0;
        for (size_t k = 0; k < bench.portfolio->n_aging; k++) {
            const PbAgingRow *row = bench.portfolio->aging[k];
            wanted_over += row->min_days >= rows[i].first_over ? row->outstanding : 0;
            wanted_from += row->min_days >= rows[i].first_from ? row->outstanding : 0;
        }
        assert_true(!is_over || over == wanted_over);
        assert_true(!is_from || from == wanted_from);
    }
}

static void a_loan_30_days_late_is_not_over_30_but_from_30(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    int64_t over = 0;
    int64_t from = 0;
    bench.portfolio->aging[2]->outstanding = 7;
    assert_true(par_over(bench.portfolio, 30, &over));
    assert_true(par_from(bench.portfolio, 30, &from));
    assert_int_equal(over, 600000);
    assert_int_equal(from, 600007);
    bench.portfolio->aging[6]->outstanding = 9;
    assert_true(par_over(bench.portfolio, 90, &over));
    assert_true(par_from(bench.portfolio, 90, &from));
    assert_int_equal(over, 200000);
    assert_int_equal(from, 200009);
}

static void coarser_rows_give_what_lies_on_their_edges_and_nothing_else(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    int64_t amount = 0;
    bench.portfolio->n_aging = 3; /* 0, 1 to 30, 31 and more */
    bench.portfolio->aging[1]->max_days = 30;
    bench.portfolio->aging[2]->min_days = 31;
    bench.portfolio->aging[2]->max_days = -1;
    assert_true(par_over(bench.portfolio, 30, &amount));
    assert_false(par_from(bench.portfolio, 30, &amount));
    assert_false(par_over(bench.portfolio, 90, &amount));
    assert_bp(&bench, "R01", 0);
    assert_null_ratio(&bench, "R03.NPL");
    assert_null_ratio(&bench, "R03.PAR90");
    bench.portfolio->n_aging = 0;
    assert_null_ratio(&bench, "R01");
    assert_false(par30r(bench.portfolio, &amount));
}

static void restructured_loans_over_30_days_are_counted_once(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    int64_t amount = 0;
    bench.portfolio->aging[3]->restructured = 400000; /* 31 to 59 days: in PAR30 already */
    bench.portfolio->aging[2]->outstanding = 50;      /* exactly 30 days */
    bench.portfolio->aging[2]->restructured = 50;
    assert_true(par30r(bench.portfolio, &amount));
    assert_int_equal(amount, 600000 + 300000 + 50);
    bench.portfolio->aging[11]->has_restructured = 0; /* not needed there */
    assert_true(par30r(bench.portfolio, &amount));
    bench.portfolio->aging[0]->has_restructured = 0;
    assert_false(par30r(bench.portfolio, &amount));
    assert_null_ratio(&bench, "R02");
}

static void an_absent_input_or_a_zero_denominator_is_null(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    bench.portfolio->glp = 0;
    assert_null_ratio(&bench, "R01");
    assert_null_ratio(&bench, "R04.RESTRUCTURED");
    bench.portfolio->has_glp = 0;
    assert_null_ratio(&bench, "R04.MORATORIUM");
    assert_null_ratio(&bench, "R15.LTD");
    assert_bp(&bench, "R07", 2000);
    bench.portfolio->has_allowance = 0;
    assert_null_ratio(&bench, "R07");
    bench.liquidity->has_emoney = 0;
    assert_null_ratio(&bench, "R11");
    assert_null_ratio(&bench, "R12");
    bench.exposures->has_top20_depositors = 0;
    assert_null_ratio(&bench, "R20");
    bench_close(&bench);
    bench_open(&bench);
    bench.portfolio->aging[3]->outstanding = 0;
    bench.portfolio->aging[7]->outstanding = 0;
    assert_bp(&bench, "R01", 0);
    assert_null_ratio(&bench, "R07"); /* no portfolio at risk */
}

static void without_reports_every_ratio_is_null(void **state)
{
    (void)state;
    size_t count = 0;
    (void)ratios_at(0, &count);
    struct ratio_inputs none = {0};
    for (size_t i = 0; i < count; i++) {
        const struct ratio *ratio = ratios_at(i, &count);
        assert_true(ratio_compute(ratio, &none).is_null);
        assert_ptr_equal(ratio_find(ratio->id), ratio);
        assert_true(strlen(ratio->name) > 0 && strlen(ratio->definition) > 0);
    }
    assert_true(count > 50);
    assert_null(ratios_at(count, &count));
    assert_null(ratio_find("R99"));
}

static void sums_that_do_not_fit_are_null(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    bench.portfolio->aging[7]->outstanding = INT64_MAX;
    assert_null_ratio(&bench, "R01");
    bench.liquidity->cash = INT64_MAX;
    assert_null_ratio(&bench, "R11");
    assert_null_ratio(&bench, "R12");
}

static void deposits_are_the_sum_of_their_rows_or_else_the_total(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    int64_t amount = 0;
    bench.liquidity->deposits_total = 5;
    assert_true(deposits_total(bench.liquidity, &amount));
    assert_int_equal(amount, 2000000);
    bench.liquidity->deposits[1]->has_balance = 0;
    assert_true(deposits_total(bench.liquidity, &amount));
    assert_int_equal(amount, 5);
    bench.liquidity->n_deposits = 0;
    assert_true(deposits_total(bench.liquidity, &amount));
    assert_int_equal(amount, 5);
    bench.liquidity->has_deposits_total = 0;
    assert_false(deposits_total(bench.liquidity, &amount));
}

/* ---- Weights ---- */

struct base {
    Ihuriro__V1__LiquidityBase row;
    Ihuriro__V1__LiquidityWeight weight;
    Ihuriro__V1__LiquidityWeight *weights[1];
    char *categories[1];
};

/* A row that counts only cash, by so much. */
static void make_base(struct base *base, char *category, uint32_t percent)
{
    static char cash[] = "cash";
    ihuriro__v1__liquidity_base__init(&base->row);
    ihuriro__v1__liquidity_weight__init(&base->weight);
    base->weight.field = cash;
    base->weight.percent = percent;
    base->weights[0] = &base->weight;
    base->row.weights = base->weights;
    base->row.n_weights = 1;
    base->categories[0] = category;
    base->row.categories = base->categories;
    base->row.n_categories = category == NULL ? 0 : 1;
}

static void weights_are_those_of_the_category_and_the_day(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    char mf[] = "MF";
    char sacco[] = "USACCO";
    struct base bases[4];
    make_base(&bases[0], NULL, 100);
    make_base(&bases[1], mf, 50);
    make_base(&bases[2], mf, 33);
    bases[2].row.has_from_day = 1;
    bases[2].row.from_day = 18443; /* 2020-06-30 */
    make_base(&bases[3], sacco, 0);
    Ihuriro__V1__LiquidityBase *rows[] = {&bases[0].row, &bases[1].row, &bases[2].row,
                                          &bases[3].row};
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    settings.liquidity = rows;
    settings.n_liquidity = 4;
    bench.inputs.settings = &settings;
    assert_bp(&bench, "R11", 1000); /* 200,000 of 2,000,000 */
    bench.inputs.category = "OTHER";
    assert_bp(&bench, "R11", 1000);
    bench.inputs.category = mf;
    assert_bp(&bench, "R11", 330);
    bases[2].row.from_day = 18444;
    assert_bp(&bench, "R11", 500);
    bench.inputs.category = sacco;
    bench.liquidity->has_cash = 0; /* a weight of 0 asks for nothing */
    assert_bp(&bench, "R11", 0);
    char gold[] = "gold";
    bases[3].weight.field = gold;
    bases[3].weight.percent = 1;
    assert_null_ratio(&bench, "R11");
    char rows_of[] = "deposits";
    bases[3].weight.field = rows_of;
    assert_null_ratio(&bench, "R11");
}

static void settings_without_weights_use_the_defaults(void **state)
{
    (void)state;
    AUTO(bench_close) struct bench bench;
    bench_open(&bench);
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    bench.inputs.settings = &settings;
    assert_bp(&bench, "R11", 4500);
    bench.liquidity->bank_term_over_90 = INT64_MAX; /* not counted */
    assert_bp(&bench, "R11", 4500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_domain_gives_its_ratios),
        cmocka_unit_test(edges_are_exact_on_both_sides_of_30_60_90_180_and_360),
        cmocka_unit_test(a_loan_30_days_late_is_not_over_30_but_from_30),
        cmocka_unit_test(coarser_rows_give_what_lies_on_their_edges_and_nothing_else),
        cmocka_unit_test(restructured_loans_over_30_days_are_counted_once),
        cmocka_unit_test(an_absent_input_or_a_zero_denominator_is_null),
        cmocka_unit_test(without_reports_every_ratio_is_null),
        cmocka_unit_test(sums_that_do_not_fit_are_null),
        cmocka_unit_test(deposits_are_the_sum_of_their_rows_or_else_the_total),
        cmocka_unit_test(weights_are_those_of_the_category_and_the_day),
        cmocka_unit_test(settings_without_weights_use_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
