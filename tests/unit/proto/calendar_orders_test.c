/* Orders of the authority change for a time who owes what. */
#include "tests/support/land.h"

/* ---- orders ---- */

/* A daily liquidity report of everybody, and nothing of OPERATIONS, from 15 March to 30 June. */
struct ordered {
    PbOrder order;
    PbOrderRow rows[2];
    PbOrderRow *row_list[2];
    PbObligation add;
    Ihuriro__V1__ReportType types[1];
    char *lists[3];
};

static void order_make(struct ordered *ordered, const char *id, const char *replaces)
{
    *ordered = (struct ordered){
        .order = IHURIRO__V1__ORDER__INIT,
        .rows = {IHURIRO__V1__ORDER_ROW__INIT, IHURIRO__V1__ORDER_ROW__INIT},
        .add = IHURIRO__V1__OBLIGATION__INIT,
        .types = {IHURIRO__V1__REPORT_TYPE__OPERATIONS},
    };
    ordered->order.id = text_of(id);
    ordered->order.replaces = text_of(replaces);
    ordered->order.from_day = day_of("2020-03-15");
    ordered->order.until_day = day_of("2020-06-30");
    ordered->order.reason = text_of("a crisis");
    ordered->order.authority = text_of("BNR");
    ordered->order.rows = ordered->row_list;
    ordered->order.n_rows = 2;
    ordered->row_list[0] = &ordered->rows[0];
    ordered->row_list[1] = &ordered->rows[1];
    ordered->rows[0].action = IHURIRO__V1__ORDER_ROW__ACTION__ADD;
    ordered->rows[0].add = &ordered->add;
    ordered->add.id = text_of("BNR-D");
    ordered->add.type = text_of("LIQUIDITY");
    ordered->add.frequency = text_of("D");
    ordered->add.wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
    ordered->add.due_days = 1;
    ordered->add.due_minutes = 600;
    ordered->rows[1].action = IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    ordered->rows[1].types = ordered->types;
    ordered->rows[1].n_types = 1;
}

static void settings_of_peace(void)
{
    owe("LIQUIDITY", "M", 10, 0);
    owe("OPERATIONS", "M", 10, 0);
}

static void added_duties_begin_the_day_after_and_suspensions_reach_back(void **state)
{
    (void)state;
    struct ordered crisis;
    settings_of_peace();
    order_make(&crisis, "BNR-1", NULL);
    /* on 18 June, local; at 22:00 UTC it is the 19th */
    const struct decision rows[] = {
        {.time_us = at("2020-06-18T21:59:59Z"), .order = &crisis.order}};
    decide(rows, 1);
    assert_string_equal(owed("2020-06-16", "2020-06-20"),
                        "LIQUIDITY 2020-06-19 due 2020-06-20T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-06-20 due 2020-06-21T08:00:00Z added by BNR-1\n");
    /* the monthly is owed all the same; OPERATIONS of March to June are excused */
    assert_string_equal(owed("2020-03-31", "2020-03-31"),
                        "LIQUIDITY 2020-03 due 2020-04-09T22:00:00Z\n"
                        "OPERATIONS 2020-03 due 2020-04-09T22:00:00Z suspended\n");
    assert_string_equal(owed("2020-02-29", "2020-02-29"),
                        "LIQUIDITY 2020-02 due 2020-03-09T22:00:00Z\n"
                        "OPERATIONS 2020-02 due 2020-03-09T22:00:00Z\n");
    const struct decision later[] = {
        {.time_us = at("2020-06-18T22:00:00Z"), .order = &crisis.order}};
    decide(later, 1);
    assert_string_equal(owed("2020-06-19", "2020-06-20"),
                        "LIQUIDITY 2020-06-20 due 2020-06-21T08:00:00Z added by BNR-1\n");
}

static void an_order_reverts_by_itself_after_its_last_day(void **state)
{
    (void)state;
    struct ordered crisis;
    settings_of_peace();
    order_make(&crisis, "BNR-1", NULL);
    const struct decision rows[] = {{.time_us = at("2020-03-14"), .order = &crisis.order}};
    decide(rows, 1);
    assert_string_equal(owed("2020-03-14", "2020-03-15"),
                        "LIQUIDITY 2020-03-15 due 2020-03-16T08:00:00Z added by BNR-1\n");
    assert_string_equal(owed("2020-06-29", "2020-07-02"),
                        "LIQUIDITY 2020-06-29 due 2020-06-30T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-06-30 due 2020-07-01T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-06 due 2020-07-09T22:00:00Z\n"
                        "OPERATIONS 2020-06 due 2020-07-09T22:00:00Z suspended\n");
    assert_string_equal(owed("2020-07-31", "2020-07-31"),
                        "LIQUIDITY 2020-07 due 2020-08-09T22:00:00Z\n"
                        "OPERATIONS 2020-07 due 2020-08-09T22:00:00Z\n");
}

static void of_two_orders_the_later_counts_for_each_type(void **state)
{
    (void)state;
    struct ordered first;
    struct ordered second;
    settings_of_peace();
    order_make(&first, "BNR-1", NULL);
    order_make(&second, "BNR-2", NULL);
    /* the second asks for LIQUIDITY by week and says nothing of OPERATIONS */
    second.add.frequency = text_of("W");
    second.order.n_rows = 1;
    const struct decision rows[] = {
        {.time_us = at("2020-04-01"), .order = &first.order},
        {.time_us = at("2020-05-10T12:00:00Z"), .order = &second.order},
    };
    decide(rows, 2);
    /* until the second begins, on 11 May, the first one's days stand */
    assert_string_equal(owed("2020-05-09", "2020-05-17"),
                        "LIQUIDITY 2020-05-09 due 2020-05-10T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-05-10 due 2020-05-11T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-W20 due 2020-05-18T08:00:00Z added by BNR-2\n");
    assert_string_equal(owed("2020-05-31", "2020-05-31"),
                        "LIQUIDITY 2020-W22 due 2020-06-01T08:00:00Z added by BNR-2\n"
                        "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z suspended\n");
}

static void an_order_that_is_replaced_governs_only_what_ended_before(void **state)
{
    (void)state;
    struct ordered first;
    PbOrder end = IHURIRO__V1__ORDER__INIT;
    settings_of_peace();
    order_make(&first, "BNR-1", NULL);
    end.id = text_of("BNR-2");
    end.replaces = text_of("BNR-1");
    end.from_day = first.order.from_day;
    end.until_day = first.order.until_day;
    end.reason = text_of("it is over");
    end.authority = text_of("BNR");
    const struct decision rows[] = {
        {.time_us = at("2020-04-01"), .order = &first.order},
        {.time_us = at("2020-05-10T12:00:00Z"), .order = &end},
    };
    decide(rows, 2);
    assert_string_equal(owed("2020-05-10", "2020-05-12"),
                        "LIQUIDITY 2020-05-10 due 2020-05-11T08:00:00Z added by BNR-1\n");
    assert_string_equal(owed("2020-04-30", "2020-04-30"),
                        "LIQUIDITY 2020-04-30 due 2020-05-01T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-04 due 2020-05-09T22:00:00Z\n"
                        "OPERATIONS 2020-04 due 2020-05-09T22:00:00Z suspended\n");
    assert_string_equal(owed("2020-05-31", "2020-05-31"),
                        "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z\n");
}

static void an_added_row_stands_for_the_settings_own_of_its_type_and_frequency(void **state)
{
    (void)state;
    struct ordered crisis;
    settings_of_peace();
    order_make(&crisis, "BNR-1", NULL);
    crisis.add.frequency = text_of("M");
    crisis.add.due_days = 3;
    /* and it suspends all of LIQUIDITY that the settings ask for: not what it asks for itself */
    crisis.types[0] = IHURIRO__V1__REPORT_TYPE__LIQUIDITY;
    const struct decision rows[] = {{.time_us = at("2020-04-02"), .order = &crisis.order}};
    decide(rows, 1);
    assert_string_equal(owed("2020-03-31", "2020-04-30"),
                        "LIQUIDITY 2020-03 due 2020-04-09T22:00:00Z suspended\n"
                        "LIQUIDITY 2020-04 due 2020-05-03T08:00:00Z added by BNR-1\n"
                        "OPERATIONS 2020-03 due 2020-04-09T22:00:00Z\n"
                        "OPERATIONS 2020-04 due 2020-05-09T22:00:00Z\n");
}

static void an_order_concerns_only_whom_it_names(void **state)
{
    (void)state;
    struct ordered crisis;
    settings_of_peace();
    order_make(&crisis, "BNR-1", NULL);
    crisis.lists[0] = text_of("MF");
    crisis.lists[1] = text_of("B");
    crisis.lists[2] = text_of("W");
    crisis.add.categories = &crisis.lists[0];
    crisis.add.n_categories = 1;
    crisis.rows[1].institutions = &crisis.lists[1];
    crisis.rows[1].n_institutions = 1;
    const struct decision rows[] = {{.time_us = at("2020-04-01"), .order = &crisis.order}};
    decide(rows, 1);
    const char *peace = "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z\n";
    assert_string_equal(owed("2020-05-31", "2020-05-31"), peace);
    land.party.category = text_of("MF");
    memcpy(land.party.id, "B", 2);
    assert_string_equal(owed("2020-05-31", "2020-05-31"),
                        "LIQUIDITY 2020-05-31 due 2020-06-01T08:00:00Z added by BNR-1\n"
                        "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z suspended\n");
    /* a suspension of weekly reports leaves the monthly */
    crisis.rows[1].frequencies = &crisis.lists[2];
    crisis.rows[1].n_frequencies = 1;
    crisis.order.id = text_of("BNR-2");
    decide(rows, 1);
    assert_string_equal(owed("2020-05-31", "2020-05-31"),
                        "LIQUIDITY 2020-05-31 due 2020-06-01T08:00:00Z added by BNR-2\n"
                        "LIQUIDITY 2020-05 due 2020-06-09T22:00:00Z\n"
                        "OPERATIONS 2020-05 due 2020-06-09T22:00:00Z\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(added_duties_begin_the_day_after_and_suspensions_reach_back),
        TEST(an_order_reverts_by_itself_after_its_last_day),
        TEST(of_two_orders_the_later_counts_for_each_type),
        TEST(an_order_that_is_replaced_governs_only_what_ended_before),
        TEST(an_added_row_stands_for_the_settings_own_of_its_type_and_frequency),
        TEST(an_order_concerns_only_whom_it_names),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
