/* PORTFOLIO and EXPOSURES from loans.csv: the example book of DOMAIN.md 4.3, edges, decisions. */
#include "proto/money.h"
#include "proto/ratios.h"
#include "tests/unit/mfi/book_support.h"

#define FULL                                                                           \
    "loan_ref,borrower_ref,branch,district,product,sector,gender,birth_year,members,"  \
    "currency,disbursed_on,matures_on,principal_disbursed,principal_outstanding,"      \
    "principal_overdue,overdue_since,days_overdue,times_restructured,restructured_on," \
    "moratorium_until,written_off_on,written_off_amount,class,provision,"              \
    "eligible_collateral,related_party\n"

static const char example[] = FULL
    "L1,B1,HQ,101,INDIV,COMMERCE,Umugore,1990,,RWF,2020-01-10,2021-01-10,1000000,600000,0,,0,0,,,,,"
    ",6000,,NONE\n"
    "L2,B2,HQ,101,INDIV,AGRI,M,1950,,RWF,2019-11-16,2020-11-16,800000,400000,200000,2020-05-16,45,"
    "0,,,,,,12000,,STAFF\n"
    "L3,B3,HQ,102,INDIV,AGRI,M,1985,,RWF,2019-01-01,2020-01-01,500000,300000,300000,2019-09-01,303,"
    "0,,,2020-06-20,300000,,0,,\n"
    "L4,B4,EAST,507,GROUP,SERVICES,F,1999,,RWF,2020-02-20,2021-02-20,500000,300000,50000,2020-06-"
    "20,10,1,2020-04-01,,,,,3000,,SHAREHOLDER\n"
    "L5,B1,HQ,101,INDIV,COMMERCE,F,1990,,RWF,2020-07-05,2021-07-05,200000,200000,0,,0,0,,,,,,0,,\n"
    "L6,B5,EAST,507,INDIV,AGRI,M,1975,,RWF,2019-06-01,2020-06-01,400000,200000,200000,2020-03-01,"
    "121,0,,,2020-07-31,200000,,40000,100000,NONE\n"
    "L7,B6,HQ,101,INDIV,AGRI,F,1980,,RWF,2019-01-01,2020-01-01,100000,0,0,,0,0,,,,,,0,,\n";

static void put_example(const struct folder *folder)
{
    put_manifest(folder, 7, "2000000", "overdue_basis = ANY\nproduced_at = 2020-07-03T08:15:00Z\n");
    put(folder, "loans.csv", example);
}

static int64_t ratio_of(const struct folder *folder, const char *id)
{
    struct ratio_inputs inputs = {.portfolio = report_of(folder, TYPE_PORTFOLIO)};
    const struct ratio *ratio = ratio_find(id);
    assert_true(ratio != NULL);
    struct ratio_value value = ratio_compute(ratio, &inputs);
    assert_false(value.is_null);
    return value.value;
}

static void the_example_book_gives_its_known_figures(void **state)
{
    struct folder *folder = *state;
    int64_t amount = 0;
    put_example(folder);
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    assert_int_equal(portfolio->glp, 1500000);
    assert_int_equal(portfolio->loans_outstanding, 4);
    assert_int_equal(portfolio->active_borrowers, 4);
    assert_int_equal(portfolio->women_borrowers, 2);
    assert_true(par_over(portfolio, 30, &amount));
    assert_int_equal(amount, 600000);
    assert_int_equal(ratio_of(folder, "R01"), 4000);
    assert_true(par30r(portfolio, &amount));
    assert_int_equal(amount, 900000);
    assert_int_equal(ratio_of(folder, "R02"), 6000);
    assert_true(par_from(portfolio, 90, &amount));
    assert_int_equal(amount, 200000);
    assert_int_equal(ratio_of(folder, "R03.NPL"), 1333);
}

static void what_surrounds_the_figures_is_filled(void **state)
{
    struct folder *folder = *state;
    put_example(folder);
    assert_read(folder);
    const PbReport *report = report_of(folder, TYPE_PORTFOLIO);
    assert_true(report != NULL && report->source != NULL);
    if (report == NULL || report->source == NULL) {
        return;
    }
    assert_string_equal(report->institution, "RW-TEST-1");
    assert_string_equal(report->period->key, "2020-06");
    assert_string_equal(report->currency, "RWF");
    assert_int_equal(report->currency_exponent, 0);
    assert_int_equal(report->vintage, 1);
    assert_int_equal(report->status, IHURIRO__V1__REPORT__STATUS__PROVISIONAL);
    assert_int_equal(report->produced_at_us, folder->options.now_us);
    assert_int_equal(report->source->kind, IHURIRO__V1__SOURCE__KIND__CSV);
    assert_int_equal(report->source->rows, 7);
    assert_int_equal(report->source->control_total, 2000000);
    assert_int_equal(report->source->overdue_basis, IHURIRO__V1__SOURCE__OVERDUE_BASIS__ANY);
    assert_int_equal(report->source->extracted_at_us, INT64_C(1593764100000000));
}

static void the_example_book_gives_provisions_by_class(void **state)
{
    struct folder *folder = *state;
    put_example(folder);
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    static const int64_t outstanding[] = {900000, 400000, 200000, 0, 0};
    static const int64_t required[] = {9000, 12000, 20000, 0, 0}; /* SL: half is secured */
    assert_int_equal(portfolio->n_classes, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(portfolio->classes[i]->outstanding, outstanding[i]);
        assert_int_equal(portfolio->classes[i]->required_provision, required[i]);
    }
    assert_int_equal(portfolio->classes[2]->eligible_collateral, 100000);
    assert_int_equal(portfolio->classes[2]->held_provision, 40000);
    assert_int_equal(portfolio->allowance, 61000); /* no accounts: the sum of provisions (D14) */
}

static void exposures_hold_the_largest_and_the_related(void **state)
{
    struct folder *folder = *state;
    put_example(folder);
    assert_read(folder);
    const PbReport *report = report_of(folder, TYPE_EXPOSURES);
    assert_true(report != NULL && report->exposures != NULL);
    if (report == NULL || report->exposures == NULL) {
        return;
    }
    assert_int_equal(report->exposures->largest_borrower, 600000);
    assert_int_equal(report->exposures->top20_borrowers, 1500000);
    assert_int_equal(report->exposures->insider, 400000); /* D18 */
    assert_int_equal(report->exposures->related_party, 700000);
    assert_false(report->exposures->has_largest_depositor);
    assert_ptr_equal(report, book_report_at(folder->book, book_report_count(folder->book) - 1));
}

static void breakdowns_are_complete_for_each_dimension(void **state)
{
    struct folder *folder = *state;
    put_example(folder);
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    int64_t sums[8] = {0};
    for (size_t i = 0; i < portfolio->n_breakdown; i++) {
        if (!portfolio->breakdown[i]->has_dim2) {
            sums[portfolio->breakdown[i]->dim] += portfolio->breakdown[i]->outstanding;
        }
    }
    for (int dim = GENDER; dim <= AGE; dim++) {
        assert_int_equal(sums[dim], 1500000);
    }
    assert_row(folder, GENDER, "F", 900000, 2);
    assert_row(folder, SECTOR, "AGRI", 600000, 2);
    assert_row(folder, PRODUCT, "GROUP", 300000, 1);
    assert_row(folder, SIZE, "LE500K", 500000, 2);
    assert_row(folder, SIZE, "LE1M", 1000000, 2);
    assert_row(folder, DISTRICT, "507", 500000, 2);
    assert_row(folder, BRANCH, "EAST", 500000, 2);
    assert_row(folder, AGE, "<30", 300000, 1);
    assert_row(folder, AGE, "60+", 400000, 1);
    const PbBreakdownRow *men = row_of(portfolio, GENDER, "M", NULL);
    assert_true(men != NULL);
    if (men != NULL) {
        assert_int_equal(men->par30, 600000);
        assert_int_equal(men->par90, 200000);
        assert_int_equal(men->written_off, 300000); /* L3, in June */
    }
}

static void aging_has_twelve_buckets_exact_at_each_edge(void **state)
{
    struct folder *folder = *state;
    static const int days[] = {0,  1,  29,  30,  31,  59,  60,  61,  89,
                               90, 91, 179, 180, 181, 359, 360, 361, 1000};
    static const size_t bucket[] = {0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 9, 10, 11, 11};
    int32_t as_of = 0;
    assert_int_equal(day_parse("2020-06-30", &as_of), ERR_OK);
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        char text[1024];
        char since[11];
        day_format(as_of - days[i], since);
        put_manifest(folder, 1, "100", "");
        (void)snprintf(text, sizeof text,
                       HEADER "\nL1,B1,INDIV,AGRI,F,2015-06-01,2021-06-01,100,100,%s,0,\n", since);
        put(folder, "loans.csv", text);
        assert_read(folder);
        const PbPortfolio *portfolio = portfolio_of(folder);
        assert_int_equal(portfolio->n_aging, 12);
        for (size_t k = 0; k < 12; k++) {
            assert_int_equal(portfolio->aging[k]->outstanding, k == bucket[i] ? 100 : 0);
            assert_false(portfolio->aging[k]->has_overdue_principal);
        }
        const PbBreakdownRow *row = row_of(portfolio, GENDER, "F", NULL);
        assert_true(row != NULL);
        if (row != NULL) {
            assert_int_equal(row->par30, days[i] > 30 ? 100 : 0); /* D16 */
            assert_int_equal(row->par90, days[i] > 90 ? 100 : 0);
        }
    }
}

#define RESCHEDULED(ref, since, times, on, until) \
    ref "," ref ",INDIV,AGRI,F,2015-06-01,2021-06-01,100,100," since "," times "," on "," until "\n"

static void a_restructured_loan_is_cured_after_twelve_months_without_arrears(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 6, "600", "");
    put(folder, "loans.csv",
        HEADER ",moratorium_until\n"                           /* D7 */
        RESCHEDULED("A1", "", "1", "2019-06-30", "")           /* cured today */
        RESCHEDULED("A2", "", "1", "2019-07-01", "")           /* not yet */
        RESCHEDULED("A3", "2020-06-29", "1", "2015-06-30", "") /* late: not cured */
        RESCHEDULED("A4", "", "1", "", "")                     /* no date: never */
        RESCHEDULED("A5", "", "1", "2020-07-01", "")           /* after as_of: not yet one */
        RESCHEDULED("A6", "", "2", "2020-06-01", ""));         /* in the period */
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    assert_int_equal(portfolio->restructured_loans, 4);
    assert_int_equal(portfolio->restructured_outstanding, 400);
    assert_int_equal(portfolio->cured_in_period_loans, 1);
    assert_int_equal(portfolio->cured_in_period, 100);
    assert_int_equal(portfolio->restructured_in_period_loans, 1); /* P07, D59 */
    assert_int_equal(portfolio->aging[0]->restructured, 300);
    assert_int_equal(portfolio->aging[1]->restructured, 100);
}

static void a_cure_date_is_clamped_to_the_months_end(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini",
        "institution_id = RW-TEST-1\nas_of = 2021-02-28\ncurrency = RWF\nrows = 1\n"
        "sum_principal_outstanding = 100\n");
    put(folder, "loans.csv",
        HEADER ",moratorium_until\n" RESCHEDULED("A1", "", "1", "2020-02-29", ""));
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->restructured_loans, 0);
    assert_int_equal(portfolio_of(folder)->cured_in_period_loans, 1);
}

static void moratoria_are_active_through_their_last_day(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 9, "900", "");
    put(folder, "loans.csv",
        HEADER ",moratorium_until\n" /* D8 */
        RESCHEDULED("A1", "", "0", "", "2020-06-30") RESCHEDULED("A2", "", "0", "", "2020-07-30")
            RESCHEDULED("A3", "", "0", "", "2020-07-31")
                RESCHEDULED("A4", "", "0", "", "2020-09-28")
                    RESCHEDULED("A5", "", "0", "", "2020-09-29")
                        RESCHEDULED("A6", "", "0", "", "2021-06-01")
                            RESCHEDULED("A7", "", "0", "", "2020-06-29") /* ended, paying */
        RESCHEDULED("A8", "2020-06-20", "1", "2020-03-01", "2020-05-31") /* ended, late */
        RESCHEDULED("A9", "", "0", "", "2020-05-30")); /* ended before the period */
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    assert_int_equal(portfolio->moratorium_loans, 6);
    assert_int_equal(portfolio->moratorium_ending_30, 200);
    assert_int_equal(portfolio->moratorium_ending_31_90, 200);
    assert_int_equal(portfolio->moratorium_ending_over_90, 200);
    assert_int_equal(portfolio->moratorium_ended, 200); /* P10 */
    assert_int_equal(portfolio->moratorium_ended_paying, 100);
    assert_int_equal(portfolio->restructured_outstanding, 100);
    assert_int_equal(portfolio->aging[0]->moratorium, 600);
    assert_int_equal(portfolio->n_moratorium_by_month, 13); /* P25 */
    assert_string_equal(portfolio->moratorium_by_month[0]->month, "2020-06");
    assert_int_equal(portfolio->moratorium_by_month[0]->outstanding, 100);
    assert_int_equal(portfolio->moratorium_by_month[1]->outstanding, 200);
    assert_string_equal(portfolio->moratorium_by_month[12]->month, "LATER");
    assert_int_equal(portfolio->moratorium_by_month[12]->outstanding, 100);
}

static void a_moratorium_counts_as_restructuring_where_the_settings_say_so(void **state)
{
    struct folder *folder = *state;
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    Ihuriro__V1__Currency francs = IHURIRO__V1__CURRENCY__INIT;
    Ihuriro__V1__Currency *currencies[] = {&francs};
    char code[] = "RWF";
    francs.code = code;
    settings.currencies = currencies;
    settings.n_currencies = 1;
    settings.has_moratorium_is_restructuring = settings.moratorium_is_restructuring = true;
    folder->options.settings = &settings;
    put_manifest(folder, 1, "100", "");
    put(folder, "loans.csv",
        HEADER ",moratorium_until\n" RESCHEDULED("A1", "", "0", "", "2020-07-30"));
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->restructured_outstanding, 100);
    assert_int_equal(portfolio_of(folder)->aging[0]->moratorium_restructured, 100);
}

/* A rate that changed stands behind the rows that were there. */
static void classes_go_by_their_days_in_whatever_order_they_stand(void **state)
{
    struct folder *folder = *state;
    static const struct {
        const char *code;
        int32_t from_days;
        const char *from;
    } rows[] = {{"NL", 0, NULL}, {"LL", 90, NULL}, {"WL", 30, NULL}, {"NL", 0, "2020-01-01"}};
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    Ihuriro__V1__Currency francs = IHURIRO__V1__CURRENCY__INIT;
    Ihuriro__V1__Currency *currencies[] = {&francs};
    Ihuriro__V1__LoanClass classes[4];
    Ihuriro__V1__LoanClass *list[4];
    char code[] = "RWF";
    francs.code = code;
    settings.currencies = currencies;
    settings.n_currencies = 1;
    for (size_t i = 0; i < 4; i++) {
        ihuriro__v1__loan_class__init(&classes[i]);
        classes[i].code = (char *)(uintptr_t)rows[i].code;
        classes[i].from = (char *)(uintptr_t)rows[i].from;
        classes[i].from_days = rows[i].from_days;
        list[i] = &classes[i];
    }
    settings.classes = list;
    settings.n_classes = 4;
    folder->options.settings = &settings;
    put_manifest(folder, 3, "700", "");
    put(folder, "loans.csv",
        HEADER "\n" LOAN("A1", "100", "") "\n" LOAN("A2", "200", "2020-05-01") "\n" LOAN(
            "A3", "400", "2020-01-01") "\n");
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    assert_int_equal(portfolio->n_classes, 3);
    for (size_t i = 0; i < 3; i++) {
        const PbClassRow *row = portfolio->classes[i];
        assert_int_equal(row->outstanding, row->code[0] == 'N'   ? 100
                                           : row->code[0] == 'W' ? 200
                                                                 : 400);
    }
}

static void without_the_column_moratoria_are_absent_not_zero(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 1, "100", "");
    put(folder, "loans.csv", HEADER "\n" LOAN("L1", "100", "") "\n");
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    assert_false(portfolio->has_moratorium_outstanding);
    assert_false(portfolio->has_moratorium_ended);
    assert_int_equal(portfolio->n_moratorium_by_month, 0);
    assert_false(portfolio->has_disbursed); /* no flows.csv (D4) */
    assert_false(portfolio->has_written_off);
    assert_false(portfolio->has_allowance);
    assert_null(row_of(portfolio, DISTRICT, "XXX", NULL));
}

static void days_overdue_that_contradict_or_lie_ahead_are_refused(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 1, "100", "");
    put(folder, "loans.csv", HEADER "\n" LOAN("L1", "100", "2020-07-01") "\n"); /* D6 */
    assert_refused(
        folder, ERR_RANGE,
        "loans.csv line 2, column overdue_since: \"2020-07-01\" lies after as_of. Extract "
        "the loans as of that day, or correct the date.");
    put(folder, "loans.csv", HEADER ",days_overdue\n" LOAN("L1", "100", "2020-06-20") ",11\n");
    assert_refused(folder, ERR_REFUSED,
                   "loans.csv line 2, column days_overdue: \"11\" contradicts overdue_since, which "
                   "makes 10 days at as_of. Correct one, or give only one of the two columns.");
    put(folder, "loans.csv", HEADER ",principal_overdue\n" LOAN("L1", "100", "") ",5\n");
    assert_refused(
        folder, ERR_REFUSED,
        "loans.csv line 2, column principal_overdue: \"5\" is overdue, but the loan is 0 "
        "days overdue. Give overdue_since or days_overdue, or 0 here.");
    put(folder, "loans.csv",
        HEADER ",principal_overdue\n" LOAN("L1", "100", "2020-06-20") ",101\n");
    assert_refused(folder, ERR_RANGE,
                   "loans.csv line 2, column principal_overdue: \"101\" is more than "
                   "principal_outstanding. Give the part of it that is overdue, without interest.");
}

static void a_late_loan_without_its_overdue_amount_leaves_that_column_absent(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 2, "200", "");
    put(folder, "loans.csv",
        HEADER
        ",principal_overdue\n" LOAN("L1", "100", "2020-06-20") ",\n" LOAN("L2", "100", "") ",\n");
    assert_read(folder);
    assert_false(portfolio_of(folder)->aging[1]->has_overdue_principal);
    assert_note(folder, SEVERITY_WARNING,
                "loans.csv line 2: principal_overdue is empty for a late loan: the report is made "
                "without it");
}

static void a_row_in_another_currency_is_refused(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 1, "100", "");
    put(folder, "loans.csv", HEADER ",currency\n" LOAN("L1", "100", "") ",USD\n"); /* D11 */
    assert_refused(
        folder, ERR_REFUSED,
        "loans.csv line 2, column currency: \"USD\" is not the manifest's currency, RWF. "
        "An institution reports in one currency: convert the row, or leave it out.");
}

static void a_given_class_stands_over_the_days(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 2, "200", "");
    put(folder, "loans.csv",
        HEADER ",class\n" LOAN("L1", "100", "") ",LL\n" LOAN("L2", "100", "") ",\n");
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->classes[4]->outstanding, 100);
    assert_int_equal(portfolio_of(folder)->classes[4]->required_provision, 100);
    put(folder, "loans.csv", HEADER ",class\n" LOAN("L1", "100", "") ",A1\n");
    put_manifest(folder, 1, "100", "");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2, column class: \"A1\" is no class of a loan with a balance. "
                   "Write NL, WL, SL, DL or LL, or leave it empty.");
}

/* Absent is not zero: a sum that lacks a part is not known. */
static void a_provision_or_write_off_that_is_missing_makes_its_sum_absent(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 2, "200", "");
    put(folder, "loans.csv",
        HEADER ",provision\n" LOAN("L1", "100", "") ",3\n" LOAN("L2", "100", "") ",\n");
    assert_read(folder);
    assert_false(portfolio_of(folder)->has_allowance);
    assert_false(portfolio_of(folder)->classes[0]->has_held_provision);
    assert_note(folder, SEVERITY_WARNING,
                "loans.csv line 3: provision is empty: the report is made without what is held");
    put(folder, "loans.csv",
        HEADER ",written_off_on,written_off_amount\n" LOAN("L1", "200", "") ",,\n" LOAN(
            "L2", "0", "") ",2020-06-10,\n");
    assert_read(folder);
    const PbBreakdownRow *row = row_of(portfolio_of(folder), GENDER, "F", NULL);
    assert_true(row != NULL && !row->has_written_off);
    assert_false(portfolio_of(folder)->has_written_off_loans);
    assert_note(folder, SEVERITY_WARNING,
                "loans.csv line 3: written_off_amount is empty for a loan written off in the "
                "period: the report is made without what loans.csv says of write-offs");
}

static void a_person_prints_the_main_figures(void **state)
{
    struct folder *folder = *state;
    char *text = NULL;
    size_t size = 0;
    put_example(folder);
    assert_read(folder);
    FILE *file = open_memstream(&text, &size);
    assert_true(file != NULL);
    if (file == NULL) {
        return;
    }
    assert_int_equal(book_print(folder->book, NULL, file), ERR_OK);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(text, "PORTFOLIO 2020-06 of RW-TEST-1\n"));
    assert_non_null(strstr(text, "1,500,000 RWF\n"));
    assert_non_null(strstr(text, "40.0 %   R01"));
    assert_non_null(strstr(text, "60.0 %   R02"));
    assert_null(strstr(text, "B1"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_example_book_gives_its_known_figures),
        TEST(a_provision_or_write_off_that_is_missing_makes_its_sum_absent),
        TEST(what_surrounds_the_figures_is_filled),
        TEST(the_example_book_gives_provisions_by_class),
        TEST(exposures_hold_the_largest_and_the_related),
        TEST(breakdowns_are_complete_for_each_dimension),
        TEST(aging_has_twelve_buckets_exact_at_each_edge),
        TEST(a_restructured_loan_is_cured_after_twelve_months_without_arrears),
        TEST(a_cure_date_is_clamped_to_the_months_end),
        TEST(moratoria_are_active_through_their_last_day),
        TEST(a_moratorium_counts_as_restructuring_where_the_settings_say_so),
        TEST(without_the_column_moratoria_are_absent_not_zero),
        TEST(classes_go_by_their_days_in_whatever_order_they_stand),
        TEST(days_overdue_that_contradict_or_lie_ahead_are_refused),
        TEST(a_late_loan_without_its_overdue_amount_leaves_that_column_absent),
        TEST(a_row_in_another_currency_is_refused),
        TEST(a_given_class_stands_over_the_days),
        TEST(a_person_prints_the_main_figures),
    };
    return cmocka_run_group_tests_name("book_loans", tests, NULL, NULL);
}
