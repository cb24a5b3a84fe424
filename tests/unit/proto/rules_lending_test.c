#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "tests/support/rules_bench.h"

#define SET(message, field, value_) ((message)->has_##field = 1, (message)->field = (value_))

static PbPortfolio *book(struct bench *bench)
{
    return bench->report->portfolio;
}

static void allowance_lacks(struct bench *bench)
{
    book(bench)->allowance = 50000; /* 61,000 required */
}

static void allowance_lacks_a_little(struct bench *bench)
{
    book(bench)->allowance = 60000;
}

static void allowance_unknown(struct bench *bench)
{
    book(bench)->has_allowance = 0;
}

static void allowance_above_the_portfolio(struct bench *bench)
{
    book(bench)->allowance = 1500001;
}

static void portfolio_that_rolls(struct bench *bench)
{
    PbReport *before = with_the_month_before(bench);
    before->portfolio->glp = 1600000; /* + 400,000 - 200,000 - 300,000 */
}

static void portfolio_off_a_little(struct bench *bench)
{
    portfolio_that_rolls(bench);
    book(bench)->disbursed += 10000;
}

static void portfolio_off_within_tolerance(struct bench *bench)
{
    portfolio_that_rolls(bench);
    book(bench)->disbursed += 7500;
}

static void portfolio_off_grossly(struct bench *bench)
{
    portfolio_that_rolls(bench);
    book(bench)->disbursed += 100000;
}

static void adjusted_without_a_word(struct bench *bench)
{
    book(bench)->glp_adjustment = -7501; /* 0.5 % is 7,500 */
}

static void adjusted_a_little(struct bench *bench)
{
    book(bench)->glp_adjustment = 7500;
}

static void adjusted_with_a_note(struct bench *bench)
{
    static char note[] = "exchange rates";
    book(bench)->glp_adjustment = 100000;
    bench->report->note = note;
}

static void largest_borrower_above_twenty(struct bench *bench)
{
    bench->report->exposures->largest_borrower = 1500001;
}

static void twenty_borrowers_above_portfolio(struct bench *bench)
{
    with_the_other_reports(bench);
    bench->report->exposures->top20_borrowers = 1500001;
}

static void insiders_above_related(struct bench *bench)
{
    bench->report->exposures->insider = 100001;
}

static void related_above_portfolio(struct bench *bench)
{
    with_the_other_reports(bench);
    bench->report->exposures->related_party = 1500001;
}

static void collected_on_due(struct bench *bench)
{
    SET(book(bench), principal_due, 150000);
    SET(book(bench), principal_collected_on_due, 150000);
}

static void more_collected_than_due(struct bench *bench)
{
    collected_on_due(bench);
    book(bench)->principal_collected_on_due = 150001;
}

static void more_on_due_than_collected(struct bench *bench)
{
    collected_on_due(bench);
    book(bench)->principal_collected_on_due = 200001;
}

static void with_a_band(struct bench *bench, int64_t least, int64_t most)
{
    static PbSettings settings;
    static Ihuriro__V1__AverageLoan band;
    static Ihuriro__V1__AverageLoan *bands[] = {&band};
    static Ihuriro__V1__Currency money;
    static Ihuriro__V1__Currency *moneys[] = {&money};
    static char currency[] = "RWF";
    ihuriro__v1__settings__init(&settings);
    ihuriro__v1__average_loan__init(&band);
    ihuriro__v1__currency__init(&money);
    money.code = currency;
    settings.currencies = moneys;
    settings.n_currencies = 1;
    band.currency = currency;
    band.least = least;
    band.most = most;
    settings.average_loans = bands;
    settings.n_average_loans = 1;
    bench->context.settings = &settings;
}

static void average_loan_too_small(struct bench *bench)
{
    with_a_band(bench, 375001, 20000000);
}

static void average_loan_too_large(struct bench *bench)
{
    with_a_band(bench, 20000, 374999);
}

/* The category's own row stands over the one for all, wherever it stands. */
static void with_an_own_band(struct bench *bench, bool is_first, int64_t own_most)
{
    static char category[] = "MF";
    static char *categories[] = {category};
    static char currency[] = "RWF";
    static Ihuriro__V1__AverageLoan own;
    static Ihuriro__V1__AverageLoan *bands[2];
    static PbSettings settings;
    with_a_band(bench, 20000, 374999);
    settings = *bench->context.settings;
    ihuriro__v1__average_loan__init(&own);
    own.currency = currency;
    own.least = 20000;
    own.most = own_most;
    own.categories = categories;
    own.n_categories = 1;
    bands[is_first ? 1 : 0] = settings.average_loans[0];
    bands[is_first ? 0 : 1] = &own;
    settings.average_loans = bands;
    settings.n_average_loans = 2;
    bench->party.category = category;
    bench->context.settings = &settings;
}

static void average_loan_of_its_own_band(struct bench *bench)
{
    with_an_own_band(bench, false, 375000);
}

static void average_loan_beyond_its_own_band(struct bench *bench)
{
    with_an_own_band(bench, true, 300000);
}

static void written_off_claims_under_a_class(struct bench *bench)
{
    static char memo[] = "WO";
    book(bench)->classes[4]->code = memo;
    book(bench)->classes[4]->required_provision = book(bench)->allowance;
}

static void the_largest_alone_above_the_portfolio(struct bench *bench)
{
    with_the_other_reports(bench);
    PbExposures *exposures = bench->report->exposures;
    exposures->has_top20_borrowers = 0;
    exposures->largest_borrower = 1500001;
}

static void insiders_alone_above_the_portfolio(struct bench *bench)
{
    with_the_other_reports(bench);
    PbExposures *exposures = bench->report->exposures;
    exposures->has_related_party = 0;
    SET(exposures, insider, 1500001);
}

static void disbursed_without_loans(struct bench *bench)
{
    book(bench)->disbursed_loans = 0;
}

static void more_first_than_all(struct bench *bench)
{
    SET(book(bench), disbursed_first_time, 2);
}

static void much_is_unknown(struct bench *bench)
{
    static char unknown[] = "UNK";
    book(bench)->breakdown[3]->code = unknown; /* 400,000 of 1,500,000 */
}

static void branches_lack_a_loan(struct bench *bench)
{
    for (size_t i = 2; i < 4; i++) {
        book(bench)->breakdown[i]->dim = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__BRANCH;
    }
    book(bench)->breakdown[2]->loans = 2;
}

/* What was written off stands beside the classes, and requires nothing. */
static void too_little_beside_what_was_written_off(struct bench *bench)
{
    static PbClassRow memo = IHURIRO__V1__CLASS_ROW__INIT;
    static PbClassRow *rows[8];
    static char code[] = "WO";
    size_t count = book(bench)->n_classes;
    memcpy(rows, book(bench)->classes, count * sizeof rows[0]);
    memo.code = code;
    rows[count] = &memo;
    book(bench)->classes = rows;
    book(bench)->n_classes = count + 1;
    book(bench)->allowance = 50000; /* 61,000 are required */
}

static const struct rule_case cases[] = {
    OFF(P, too_little_beside_what_was_written_off, "POR-14", W, "portfolio.allowance", 61000,
        50000),
    GOOD(P, nothing),
    GOOD(X, nothing),
    OFF(P, allowance_lacks, "POR-14", W, "portfolio.allowance", 61000, 50000),
    OFF(P, allowance_lacks_a_little, "POR-14", I, "portfolio.allowance", 61000, 60000),
    GOOD(P, allowance_unknown),
    OFF(P, allowance_above_the_portfolio, "POR-15", E, "portfolio.allowance", 1500000, 1500001),
    GOOD(P, portfolio_that_rolls),
    OFF(P, portfolio_off_a_little, "POR-16", W, "portfolio.glp", 1510000, 1500000),
    GOOD(P, portfolio_off_within_tolerance),
    OFF(P, portfolio_off_grossly, "POR-16", E, "portfolio.glp", 1600000, 1500000),
    OFF(P, adjusted_without_a_word, "POR-17", W, "portfolio.glp_adjustment", 0, -7501),
    GOOD(P, adjusted_a_little),
    GOOD(P, adjusted_with_a_note),
    OFF(X, largest_borrower_above_twenty, "POR-18", E, "exposures.largest_borrower", 1500000,
        1500001),
    OFF(X, twenty_borrowers_above_portfolio, "POR-18", E, "exposures.top20_borrowers", 1500000,
        1500001),
    OFF(X, insiders_above_related, "POR-18", E, "exposures.insider", 100000, 100001),
    OFF(X, related_above_portfolio, "POR-18", E, "exposures.related_party", 1500000, 1500001),
    GOOD(P, collected_on_due),
    OFF(P, more_collected_than_due, "POR-19", W, "portfolio.principal_collected_on_due", 150000,
        150001),
    OFF(P, more_on_due_than_collected, "POR-19", E, "portfolio.principal_collected_on_due", 200000,
        200001),
    OFF(P, average_loan_too_small, "POR-20", W, "portfolio.glp", 375001, 375000),
    OFF(P, average_loan_too_large, "POR-20", W, "portfolio.glp", 374999, 375000),
    GOOD(P, average_loan_of_its_own_band),
    OFF(P, average_loan_beyond_its_own_band, "POR-20", W, "portfolio.glp", 300000, 375000),
    GOOD(P, written_off_claims_under_a_class),
    OFF(X, the_largest_alone_above_the_portfolio, "POR-18", E, "exposures.largest_borrower",
        1500000, 1500001),
    OFF(X, insiders_alone_above_the_portfolio, "POR-18", E, "exposures.insider", 1500000, 1500001),
    OFF(P, disbursed_without_loans, "POR-21", E, "portfolio.disbursed_loans", 400000, 0),
    OFF(P, more_first_than_all, "POR-21", E, "portfolio.disbursed_first_time", 1, 2),
    OFF(P, much_is_unknown, "POR-22", I, "portfolio.breakdown[3].outstanding", 150000, 400000),
    OFF(P, branches_lack_a_loan, "XRP-05", I, "portfolio.loans_outstanding", 3, 4),
};
#define CASES (sizeof cases / sizeof cases[0])

static void each_rule_passes_what_is_right_and_finds_what_is_not(void **state)
{
    (void)state;
    assert_string_equal(cases_check(cases, CASES), "");
}

static void every_rule_of_this_family_has_a_failing_case(void **state)
{
    (void)state;
    assert_string_equal(cases_cover(cases, CASES, "POR-14", "POR-22"), "");
    assert_string_equal(cases_cover(cases, CASES, "XRP-05", "XRP-05"), "");
}

static void every_finding_makes_a_whole_sentence(void **state)
{
    (void)state;
    assert_string_equal(cases_speak(cases, CASES), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_passes_what_is_right_and_finds_what_is_not),
        cmocka_unit_test(every_rule_of_this_family_has_a_failing_case),
        cmocka_unit_test(every_finding_makes_a_whole_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
