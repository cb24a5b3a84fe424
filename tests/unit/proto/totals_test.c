/* Totals, by hand-made sectors: sums and ratios of sums, groups, and what may be asked. */
#include "proto/totals.h"

#include <string.h>

#include "tests/support/sectors.h"

/* ---- sums ---- */

/* Loan-to-deposit: A 100 / 200, B 300 / 400, C no deposits, D no book, E nothing at all. */
static void a_sectors_ratio_is_of_those_who_reported_both(void **state)
{
    (void)state;
    static struct question question = {.lines = {"R15.LTD", "P01"}};
    for (const char *id = "ABCDE"; *id != '\0'; id++) {
        member((char[]){*id, '\0'}, "USACCO", "101", 1000 * (*id - 'A' + 1));
    }
    book("A", "2020-06", 100);
    deposits("A", "2020-06", 200);
    book("B", "2020-06", 300);
    deposits("B", "2020-06", 400);
    book("C", "2020-06", 5000);
    deposits("C", "2020-06", ABSENT);
    deposits("D", "2020-06", 7000);
    struct asked asked = ask(&question);
    struct total_row ratio = row_of(&asked, "RW", "R15.LTD");
    assert_true(ratio.has_value && ratio.has_parts);
    assert_int_equal(ratio.parts.numerator, 400);
    assert_int_equal(ratio.parts.denominator, 600);
    assert_int_equal(ratio.value, 6667);
    assert_int_equal(ratio.reported, 2);
    assert_int_equal(ratio.expected, 5);
    assert_int_equal(ratio.assets_bp, 2000); /* 3,000 of 15,000 */
    assert_int_equal(ratio.quartiles[0], 5625);
    assert_int_equal(ratio.quartiles[1], 6250);
    assert_int_equal(ratio.quartiles[2], 6875);
    struct total_row sum = row_of(&asked, "RW", "P01.glp");
    assert_int_equal(sum.value, 5400);
    assert_int_equal(sum.reported, 3);
    assert_int_equal(sum.assets_bp, 4000);
    assert_false(sum.has_parts);
    assert_string_equal(sum.currency, "RWF");
    assert_string_equal(total_unit_name(sum.unit), "MONEY");
    assert_int_equal(totals_rows(asked.totals), 2);
    answered(&asked);
}

static void absent_is_never_zero(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P01", "P11.written_off"}};
    member("A", "USACCO", "101", 0);
    member("B", "USACCO", "101", 0);
    says_book(&history, &reports, "A", "2020-06", 0, ABSENT);
    struct asked asked = ask(&question);
    struct total_row zero = row_of(&asked, "RW", "P01.glp");
    assert_true(zero.has_value && zero.has_quartiles);
    assert_int_equal(zero.value, 0);
    assert_int_equal(zero.reported, 1);
    struct total_row absent = row_of(&asked, "RW", "P11.written_off");
    assert_false(absent.has_value);
    assert_false(absent.has_quartiles);
    assert_false(absent.has_assets); /* nobody's are known */
    assert_int_equal(absent.assets_unknown, 2);
    assert_int_equal(absent.reported, 0);
    assert_int_equal(absent.expected, 2);
    Ihuriro__V1__TotalRow message;
    total_row_message(&absent, &message);
    assert_false(message.has_value);
    assert_false(message.has_median);
    assert_false(message.has_matched);
    assert_int_equal(message.reported, 0);
    answered(&asked);
}

static void a_denominator_of_zero_has_parts_and_no_value(void **state)
{
    (void)state;
    static struct question question = {.lines = {"R15.LTD"}};
    member("A", "USACCO", "101", 0);
    book("A", "2020-06", 100);
    deposits("A", "2020-06", 0);
    struct asked asked = ask(&question);
    struct total_row row = row_of(&asked, "RW", "R15.LTD");
    assert_false(row.has_value);
    assert_false(row.is_too_large);
    assert_true(row.has_parts);
    assert_int_equal(row.parts.numerator, 100);
    assert_int_equal(row.reported, 1);
    assert_false(row.has_quartiles);
    answered(&asked);
}

static void nobody_makes_no_rows_and_nothing_said_makes_rows_without_values(void **state)
{
    (void)state;
    static struct question question = {.by = {"COUNTRY", "DISTRICT", "SECTOR"}};
    struct asked asked = ask(&question);
    assert_int_equal(totals_rows(asked.totals), 0);
    answered(&asked);
    member("A", "USACCO", "101", 0);
    asked = ask(&question);
    assert_true(totals_rows(asked.totals) > 800);
    for (size_t i = 0; i < totals_rows(asked.totals); i++) {
        struct total_row row;
        row = *totals_row(asked.totals, i);
        assert_false(row.has_value || row.has_quartiles || row.has_matched || row.is_too_large);
        assert_int_equal(row.reported, 0);
        assert_int_equal(row.expected, 1);
    }
    answered(&asked);
}

static void one_institution_is_its_own_total_and_median(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P01"}};
    member("A", "USACCO", "101", 0);
    book("A", "2020-06", 12345);
    says_assets(&history, &reports, "A", "2020-06", 99);
    struct asked asked = ask(&question);
    sector_close(&asked.sector); /* rows do not need it */
    struct total_row row = row_of(&asked, "RW", "P01.glp");
    assert_int_equal(row.value, 12345);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(row.quartiles[i], 12345);
    }
    assert_int_equal(row.assets_bp, 10000);
    answered(&asked);
}

static void a_sum_that_does_not_fit_is_refused_not_wrapped(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P01", "R15.LTD"}};
    member("A", "USACCO", "101", INT64_MAX);
    member("B", "USACCO", "101", INT64_MAX);
    book("A", "2020-06", INT64_MAX);
    book("B", "2020-06", 1);
    deposits("A", "2020-06", INT64_MAX);
    deposits("B", "2020-06", INT64_MAX);
    struct asked asked = ask(&question);
    struct total_row row = row_of(&asked, "RW", "P01.glp");
    assert_true(row.is_too_large);
    assert_false(row.has_value);
    assert_int_equal(row.reported, 2);
    assert_int_equal(row.assets_bp, 10000);
    assert_true(row.has_quartiles); /* of what each said, and that fits */
    assert_int_equal(row.quartiles[1], INT64_MAX / 2 + 1);
    Ihuriro__V1__TotalRow message;
    total_row_message(&row, &message);
    assert_string_equal(message.refused, "TOO_LARGE");
    assert_false(message.has_value);
    assert_true(row_of(&asked, "RW", "R15.LTD").is_too_large);
    answered(&asked);
}

static void quartiles_lie_between_the_extremes_of_what_can_be_said(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P22", "R15.LTD"}};
    member("A", "USACCO", "101", 0);
    member("B", "USACCO", "101", 0);
    static const int64_t extremes[] = {INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < 2; i++) {
        PbReport *report = says_book(&history, &reports, i == 0 ? "A" : "B", "2020-06", 1, 0);
        report->portfolio->has_glp_adjustment = 1;
        report->portfolio->glp_adjustment = extremes[i];
    }
    struct asked asked = ask(&question);
    struct total_row row = row_of(&asked, "RW", "P22.glp_adjustment");
    assert_int_equal(row.value, -1);
    assert_int_equal(row.quartiles[0], INT64_MIN / 2);
    assert_int_equal(row.quartiles[1], -1); /* -0.5, half away from zero */
    assert_int_equal(row.quartiles[2], INT64_MAX / 2);
    answered(&asked);
}

static void amounts_of_two_currencies_are_never_summed(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P01"}};
    struct member_row foreign = {.id = "B", .category = "MF", .currency = "USD"};
    member("A", "MF", "101", 0);
    enrols(&history, &foreign);
    book("A", "2020-06", 10);
    says_book(&history, &reports, "B", "2020-06", 7, 0)->currency = words("USD");
    member("C", "MF", "101", 0);
    says_book(&history, &reports, "C", "2020-06", 500, 0)->currency = words("USD");
    struct asked asked = ask(&question);
    struct total_row rows[2];
    assert_int_equal(totals_rows(asked.totals), 2);
    rows[0] = *totals_row(asked.totals, 0);
    rows[1] = *totals_row(asked.totals, 1);
    assert_string_equal(rows[0].currency, "RWF");
    assert_int_equal(rows[0].value, 10); /* C's is not in its currency, and left out */
    assert_int_equal(rows[0].reported, 1);
    assert_int_equal(rows[0].expected, 2);
    assert_string_equal(rows[1].currency, "USD");
    assert_int_equal(rows[1].value, 7);
    answered(&asked);
}

/* ---- groups ---- */

static void each_member_stands_in_its_groups(void **state)
{
    (void)state;
    static struct question question = {.by = {"category", "DISTRICT"}, .lines = {"P01"}};
    member("A", "MF", "101", 0);
    member("B", "USACCO", "101", 0);
    member("C", "USACCO", NULL, 0);
    book("A", "2020-06", 1);
    book("B", "2020-06", 10);
    book("C", "2020-06", 100);
    struct asked asked = ask(&question);
    assert_int_equal(totals_rows(asked.totals), 4);
    assert_int_equal(row_of(&asked, "MF", "P01.glp").value, 1);
    assert_int_equal(row_of(&asked, "USACCO", "P01.glp").value, 110);
    assert_int_equal(row_of(&asked, "101", "P01.glp").value, 11);
    assert_int_equal(row_of(&asked, GROUP_NONE, "P01.glp").value, 100);
    answered(&asked);
}

static void a_peer_group_of_fewer_than_five_is_all_of_its_kind(void **state)
{
    (void)state;
    static struct question question = {.by = {"PEER_GROUP"}, .lines = {"P01"}};
    for (int i = 0; i < 5; i++) {
        struct member_row row = {
            .id = (char[]){'L', (char)('1' + i), '\0'}, .category = "USACCO", .peer_group = "LAKE"};
        enrols(&history, &row);
        book(row.id, "2020-06", 1);
    }
    struct member_row hill = {.id = "H1", .category = "USACCO", .peer_group = "HILL"};
    enrols(&history, &hill);
    book("H1", "2020-06", 10);
    member("O1", "OSACCO", NULL, 0);
    book("O1", "2020-06", 100);
    member("M1", "MF", NULL, 0);
    book("M1", "2020-06", 1000);
    struct asked asked = ask(&question);
    assert_int_equal(totals_rows(asked.totals), 3);
    assert_int_equal(row_of(&asked, "LAKE", "P01.glp").value, 5);
    assert_int_equal(row_of(&asked, PEERS_SACCOS, "P01.glp").value, 110);
    assert_int_equal(row_of(&asked, PEERS_COMPANIES, "P01.glp").value, 1000);
    answered(&asked);
}

static void a_breakdown_is_summed_by_the_codes_that_are_listed(void **state)
{
    (void)state;
    enum { SECTOR = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SECTOR };
    static struct question question = {.by = {"SECTOR"}, .lines = {"R01", "P24"}};
    member("A", "MF", "101", 10);
    member("B", "MF", "101", 30);
    PbReport *first = says_book(&history, &reports, "A", "2020-06", 1000, 0);
    PbReport *second = says_book(&history, &reports, "B", "2020-06", 1000, 0);
    says_part(&reports, first, SECTOR, "AGRI", 100, 10);
    says_part(&reports, first, SECTOR, "FISHING", 5, 1);
    says_part(&reports, first, SECTOR, "AGRI", 50, 0)->has_suppressed = 1;
    says_part(&reports, first, SECTOR, "HUNTING", 6, 1);
    says_part(&reports, second, SECTOR, "AGRI", 300, 90);
    PbBreakdownRow *hidden = says_part(&reports, second, SECTOR, "AGRI", 7000, 0);
    hidden->has_suppressed = hidden->suppressed = 1;
    PbBreakdownRow *crossed = says_part(&reports, second, SECTOR, "AGRI", 7000, 0);
    crossed->has_dim2 = 1;
    crossed->dim2 = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER;
    says_part(&reports, second, IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__PRODUCT, "AGRI", 9, 9);
    struct asked asked = ask(&question);
    struct total_row agri = row_of(&asked, "AGRI", "R01");
    assert_int_equal(agri.parts.numerator, 100);
    assert_int_equal(agri.parts.denominator, 450);
    assert_int_equal(agri.reported, 2);
    assert_int_equal(agri.expected, 2);
    assert_int_equal(agri.assets_bp, 10000);
    assert_int_equal(agri.quartiles[1], (667 + 3000 + 1) / 2);
    assert_int_equal(row_of(&asked, "AGRI", "P24.breakdown.outstanding").value, 450);
    struct total_row others = row_of(&asked, CODE_UNLISTED, "P24.breakdown.outstanding");
    assert_int_equal(others.value, 11);
    assert_int_equal(others.reported, 1);
    assert_int_equal(others.assets_bp, 2500);
    assert_false(row_of(&asked, "AGRI", "P24.breakdown.loans").has_value);
    assert_int_equal(totals_rows(asked.totals), 18);
    answered(&asked);
}

/* ---- what may be asked ---- */

static void refuses(const struct question *question, const char *sentence)
{
    struct complaint complaint = {{0}};
    struct totals_terms terms = terms_of(question);
    assert_int_equal(totals_check(&terms, NULL, &complaint), ERR_MALFORMED);
    if (strstr(complaint.text, sentence) == NULL) {
        fail_msg("%s", complaint.text);
    }
}

static void what_cannot_be_asked_is_refused_in_words(void **state)
{
    (void)state;
    struct question nowhere = {.by = {"VILLAGE"}};
    struct question nothing = {.lines = {"P99"}};
    struct question half = {.lines = {"P0"}};
    struct question single = {.lines = {"R17"}};
    struct question exposed = {.lines = {"R20"}, .is_for_staff = true};
    struct question elsewhere = {.by = {"GENDER"}, .lines = {"R15"}};
    struct question inside = {.lines = {"P24"}};
    refuses(&nowhere, "not by VILLAGE");
    refuses(&nothing, "no total of a line P99");
    refuses(&half, "no total of a line P0");
    refuses(&single, "no total of a line R17");
    refuses(&exposed, "made from EXPOSURES");
    refuses(&elsewhere, "not known by sector");
    refuses(&inside, "breakdown");
    struct totals_terms terms = {.month = key_of("2020-Q2")};
    struct complaint complaint = {{0}};
    assert_int_equal(totals_check(&terms, NULL, &complaint), ERR_MALFORMED);
    assert_non_null(strstr(complaint.text, "of a month"));
    exposed.is_for_staff = false;
    terms = terms_of(&exposed);
    assert_int_equal(totals_check(&terms, NULL, NULL), ERR_OK);
}

static void ratios_of_twelve_months_are_made_when_asked_for_by_name(void **state)
{
    (void)state;
    static struct question all;
    static struct question yearly = {.lines = {"R05"}};
    struct totals_terms terms = terms_of(&all);
    assert_int_equal(totals_months_before(&terms), 1);
    terms = terms_of(&yearly);
    assert_int_equal(totals_months_before(&terms), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sectors_ratio_is_of_those_who_reported_both, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(absent_is_never_zero, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_denominator_of_zero_has_parts_and_no_value, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            nobody_makes_no_rows_and_nothing_said_makes_rows_without_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_institution_is_its_own_total_and_median, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sum_that_does_not_fit_is_refused_not_wrapped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(quartiles_lie_between_the_extremes_of_what_can_be_said,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(amounts_of_two_currencies_are_never_summed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_member_stands_in_its_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_group_of_fewer_than_five_is_all_of_its_kind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_breakdown_is_summed_by_the_codes_that_are_listed, set_up,
                                        tear_down),
        cmocka_unit_test(what_cannot_be_asked_is_refused_in_words),
        cmocka_unit_test(ratios_of_twelve_months_are_made_when_asked_for_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
