/* Totals, by hand-made sectors: who is in them, change, mergers; and a second computation. */
#include "proto/totals.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/sectors.h"

/* ---- who ---- */

static void estimates_are_flagged_and_count_for_nothing_but_the_sum(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P01", "R15.LTD", "R16"}, .has_estimates = true};
    member("A", "MF", "101", 10);
    member("B", "MF", "101", 30);
    member("C", "MF", "101", 0);
    book("A", "2020-06", 100);
    deposits("A", "2020-06", 100);
    book("B", "2020-05", 70);
    deposits("B", "2020-05", 10);
    deposits("B", "2020-06", 35); /* this one has come */
    says(&history, &reports, report_of_nil(&reports, TYPE_PORTFOLIO, "C", "2020-06", 1));
    book("C", "2020-05", 9000); /* it has nothing to report now: no estimate */
    struct asked asked = ask(&question);
    struct total_row row = row_of(&asked, "RW", "P01.glp");
    assert_int_equal(row.value, 170);
    assert_int_equal(row.reported, 1);
    assert_int_equal(row.estimated, 1);
    assert_int_equal(row.assets_bp, 2500);
    assert_int_equal(row.quartiles[2], 100);
    assert_false(row.has_matched);
    struct total_row ratio = row_of(&asked, "RW", "R15.LTD");
    assert_int_equal(ratio.parts.numerator, 170);
    assert_int_equal(ratio.parts.denominator, 135);
    assert_int_equal(ratio.estimated, 1);
    assert_int_equal(row_of(&asked, "RW", "R16.NET").estimated, 0); /* compares itself */
    answered(&asked);
    question.has_estimates = false;
    asked = ask(&question);
    assert_int_equal(row_of(&asked, "RW", "P01.glp").value, 100);
    assert_int_equal(row_of(&asked, "RW", "P01.glp").estimated, 0);
    answered(&asked);
}

static void staffs_totals_are_over_those_who_share(void **state)
{
    (void)state;
    static struct question question = {.by = {"COUNTRY"}, .is_for_staff = true};
    member("A1", "MF", "101", 10);
    member("A0", "MF", "101", 90);
    member("B2", "MF", "101", 30);
    book("A1", "2020-06", 1);
    book("A0", "2020-06", 100);
    struct asked asked = ask(&question);
    struct total_row row = row_of(&asked, "RW", "P01.glp");
    assert_int_equal(row.value, 1);
    assert_int_equal(row.reported, 1);
    assert_int_equal(row.expected, 3);
    assert_int_equal(row.not_shared, 1);
    assert_int_equal(row.assets_bp, 2500); /* of those that share */
    for (size_t i = 0; i < totals_rows(asked.totals); i++) {
        row = *totals_row(asked.totals, i);
        assert_string_not_equal(row.line, "R20");
        assert_true(strncmp(row.line, "P23", 3) != 0 && strncmp(row.line, "R32", 3) != 0);
    }
    struct totals_terms terms = terms_of(&question);
    struct totals *made = NULL;
    assert_int_equal(
        totals_make(&terms, sector_registry(asked.sector), sector_settings(asked.sector), &made),
        ERR_OK);
    for (size_t i = 0; i < totals_members(made); i++) {
        struct totals_member at = totals_member(made, i);
        assert_int_equal(at.may_be_read, strcmp(at.party->id, "A0") != 0);
    }
    totals_close(&made);
    answered(&asked);
}

static void what_a_new_member_owes_later_is_not_expected(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P01"}};
    struct member_row late = {.id = "B", .category = "MF", .reports_from = "2020-07-01"};
    member("A", "MF", "101", 0);
    enrols(&history, &late);
    book("A", "2020-06", 1);
    book("B", "2020-06", 100);
    struct asked asked = ask(&question);
    assert_int_equal(row_of(&asked, "RW", "P01.glp").expected, 1);
    assert_int_equal(row_of(&asked, "RW", "P01.glp").value, 1);
    answered(&asked);
}

/* ---- change ---- */

static void a_change_is_over_those_who_reported_at_both_ends(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P01", "R15.LTD", "R16.NET"}};
    member("A", "MF", "101", 0);
    member("B", "MF", "101", 0);
    member("C", "MF", "101", 0);
    book("A", "2020-05", 100);
    book("A", "2020-06", 150);
    deposits("A", "2020-05", 1000);
    deposits("A", "2020-06", 500);
    book("B", "2020-05", 7000);
    book("C", "2020-06", 70000);
    struct asked asked = ask(&question);
    struct total_row row = row_of(&asked, "RW", "P01.glp");
    assert_int_equal(row.value, 70150);
    assert_true(row.has_matched);
    assert_int_equal(row.before, 100);
    assert_int_equal(row.matched, 150);
    assert_int_equal(row.matched_count, 1);
    struct total_row ratio = row_of(&asked, "RW", "R15.LTD");
    assert_int_equal(ratio.before, 1000);
    assert_int_equal(ratio.matched, 3000);
    assert_false(row_of(&asked, "RW", "R16.NET").has_matched); /* it is a change itself */
    answered(&asked);
}

static void merging(void)
{
    static const char *const predecessors[] = {"A", "B"};
    struct member_row successor = {
        .id = "D", .category = "DSACCO", .district = "102", .reports_from = "2020-06-01"};
    member("A", "USACCO", "101", 0);
    member("B", "USACCO", "102", 0);
    member("C", "USACCO", "102", 0);
    enrols(&history, &successor);
    merges(&history, "D", "2020-06-01", predecessors, 2);
    book("A", "2020-05", 100);
    book("C", "2020-05", 5);
    book("C", "2020-06", 6);
    book("D", "2020-06", 330);
    deposits("A", "2020-05", 400);
    deposits("B", "2020-05", 600);
    Ihuriro__V1__Liquidity *now = says_deposits(&history, &reports, "D", "2020-06", 900)->liquidity;
    now->has_deposit_withdrawal = 1;
    now->deposit_withdrawal = 50;
    says_assets(&history, &reports, "A", "2020-05", 40);
    says_assets(&history, &reports, "B", "2020-05", 60);
}

static void what_merged_is_compared_as_the_sum_of_what_it_was(void **state)
{
    (void)state;
    static struct question question = {.by = {"COUNTRY", "DISTRICT"},
                                       .lines = {"P01", "R16.GROSS", "C01"}};
    merging();
    book("B", "2020-05", 200);
    struct asked asked = ask(&question);
    struct total_row row = row_of(&asked, "RW", "P01.glp");
    assert_int_equal(row.expected, 2);
    assert_int_equal(row.before, 305);
    assert_int_equal(row.matched, 336);
    assert_int_equal(row.matched_count, 2);
    assert_int_equal(row.assets_unknown, 1); /* C's; D's are what its predecessors' were */
    struct total_row there = row_of(&asked, "102", "P01.glp");
    assert_int_equal(there.before, 305); /* the unit stands where all that it is now stands */
    assert_int_equal(there.expected, 2);
    struct total_row run_off = row_of(&asked, "RW", "R16.GROSS");
    assert_int_equal(run_off.reported, 1);
    assert_int_equal(run_off.parts.numerator, 50);
    assert_int_equal(run_off.parts.denominator, 1000); /* of both predecessors */
    answered(&asked);
}

static void a_merged_unit_of_which_one_had_not_reported_is_not_compared(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P01"}};
    merging();
    struct asked asked = ask(&question);
    struct total_row row = row_of(&asked, "RW", "P01.glp");
    assert_int_equal(row.matched_count, 1);
    assert_int_equal(row.before, 5);
    assert_int_equal(row.matched, 6);
    assert_int_equal(row.value, 336);
    answered(&asked);
}

/* ---- a second computation ---- */

static int ascending(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static int64_t quartile(const int64_t *sorted, size_t count, size_t k)
{
    size_t at = k * (count - 1) / 4;
    int64_t quarters = (int64_t)(k * (count - 1) % 4);
    int64_t next = quarters > 0 ? sorted[at + 1] : sorted[at];
    int64_t sum = sorted[at] * (4 - quarters) + next * quarters;
    return sum < 0 ? -((-sum + 2) / 4) : (sum + 2) / 4;
}

static void feed_at_random(struct totals *totals, const struct sector *sector, uint64_t *drawn)
{
    size_t order[64];
    size_t count = totals_members(totals);
    for (size_t i = 0; i < count; i++) {
        *drawn = *drawn * 6364136223846793005U + 1442695040888963407U;
        size_t other = (*drawn >> 33) % (i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(totals_feed_from(totals, sector, order[i], NULL, NULL), ERR_OK);
        assert_int_equal(totals_feed_from(totals, sector, order[i], NULL, NULL), ERR_OK);
    }
    assert_int_equal(totals_seal(totals), ERR_OK);
}

static void the_order_of_feeding_changes_nothing_and_quartiles_are_those_of_sorting(void **state)
{
    (void)state;
    static struct question question = {.lines = {"P22"}};
    uint64_t drawn = 7;
    for (size_t round = 0; round < 40; round++) {
        int64_t values[64];
        size_t count = 1 + round;
        for (size_t i = 0; i < count; i++) {
            char id[8];
            snprintf(id, sizeof id, "M%02zu", i);
            drawn = drawn * 6364136223846793005U + 1442695040888963407U;
            values[i] = (int64_t)(drawn >> 33) % (round % 3 == 0 ? 4 : 100000) - 50;
            member(id, "MF", "101", 0);
            PbReport *report = says_book(&history, &reports, id, "2020-06", 1, 0);
            report->portfolio->has_glp_adjustment = 1;
            report->portfolio->glp_adjustment = values[i];
        }
        struct asked asked = ask(&question);
        struct total_row row = row_of(&asked, "RW", "P22.glp_adjustment");
        qsort(values, count, sizeof values[0], ascending);
        for (size_t k = 1; k <= 3; k++) {
            assert_int_equal(row.quartiles[k - 1], quartile(values, count, k));
        }
        struct totals *again = NULL;
        struct totals_terms terms = terms_of(&question);
        assert_int_equal(totals_make(&terms, sector_registry(asked.sector),
                                     sector_settings(asked.sector), &again),
                         ERR_OK);
        feed_at_random(again, asked.sector, &drawn);
        struct total_row other;
        other = *totals_row(again, 0);
        assert_int_equal(other.value, row.value);
        assert_int_equal(other.reported, count);
        assert_memory_equal(other.quartiles, row.quartiles, sizeof row.quartiles);
        totals_close(&again);
        answered(&asked);
        tear_down(state);
        set_up(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(estimates_are_flagged_and_count_for_nothing_but_the_sum,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(staffs_totals_are_over_those_who_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_new_member_owes_later_is_not_expected, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_change_is_over_those_who_reported_at_both_ends, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_merged_is_compared_as_the_sum_of_what_it_was, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_merged_unit_of_which_one_had_not_reported_is_not_compared,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_order_of_feeding_changes_nothing_and_quartiles_are_those_of_sorting, set_up,
            tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
