#include "proto/docket.h"

#include "tests/support/decisions.h"

#define ONLY(type) (1U << (type))

static struct docket *docket;
static struct complaint complaint;

static int set_up(void **state)
{
    (void)state;
    const struct decision rows[] = {
        {.time_us = 10, .subject = "A", .waived = "2020-06", .types = ONLY(TYPE_CAPITAL)},
        {.time_us = 20, .closed = "2020-05"},
        {.time_us = 30, .closed = "2020-04"},
        {.time_us = 40, .reopened = "2020-04"},
    };
    docket = docket_of(rows, 4);
    complaint = (struct complaint){{0}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    docket_close(&docket);
    return 0;
}

static void takes(const struct decision *row)
{
    if (decision_validate(docket, row, &complaint) != ERR_OK) {
        fail_msg("refused: %s", complaint.text);
    }
}

static void refuses(const struct decision *row, const char *words)
{
    assert_int_equal(decision_validate(docket, row, &complaint), ERR_REFUSED);
    if (strstr(complaint.text, words) == NULL) {
        fail_msg("says \"%s\" and not \"%s\"", complaint.text, words);
    }
}

static void a_waiver_names_an_institution_a_period_and_why(void **state)
{
    (void)state;
    takes(&(struct decision){.time_us = 50, .subject = "A", .waived = "2020-06"});
    takes(&(struct decision){.time_us = 50, .subject = "B", .waived = "2020-W27"});
    takes(&(struct decision){.time_us = 50, .subject = "B", .waived = "2020-Q2"});
    refuses(&(struct decision){.time_us = 50, .waived = "2020-06"}, "institution");
    refuses(&(struct decision){.time_us = 50, .subject = "a", .waived = "2020-06"}, "institution");
    refuses(&(struct decision){.time_us = 50, .subject = "A", .waived = "2020-13"}, "period");
    refuses(&(struct decision){.time_us = 50, .subject = "A", .waived = "2019-02-29"}, "period");
    refuses(&(struct decision){.time_us = 50, .subject = "A", .waived = "2020-06", .reason = ""},
            "reason");
    refuses(
        &(struct decision){.time_us = 50, .subject = "A", .waived = "2020-06", .reason = "a\nb"},
        "no line of text");
}

static void
a_waiver_that_stands_is_not_given_again_and_one_that_does_not_not_withdrawn(void **state)
{
    (void)state;
    struct decision row = {
        .time_us = 50, .subject = "A", .waived = "2020-06", .types = ONLY(TYPE_CAPITAL)};
    refuses(&row, "waived already");
    row.is_withdrawn = true;
    takes(&row);
    row.types = ONLY(TYPE_LIQUIDITY);
    refuses(&row, "Nothing of this is waived");
    row.types = 0;
    takes(&row);
    row.waived = "2020-06-30";
    refuses(&row, "Nothing of this is waived");
    row.waived = "2020-06";
    row.time_us = 10;
    refuses(&row, "same moment");
}

static void a_month_is_closed_once_and_again_only_when_it_was_reopened(void **state)
{
    (void)state;
    takes(&(struct decision){.time_us = 50, .closed = "2020-06"});
    takes(&(struct decision){.time_us = 50, .closed = "2020-04", .despite = "one never answers"});
    refuses(&(struct decision){.time_us = 50, .closed = "2020-05"}, "closed already");
    refuses(&(struct decision){.time_us = 40, .closed = "2020-04"}, "same moment");
    refuses(&(struct decision){.time_us = 50, .closed = "2020-Q2"}, "Months are closed");
    refuses(&(struct decision){.time_us = 50, .closed = "2020-00"}, "Months are closed");
    refuses(&(struct decision){.time_us = 50, .closed = "2020-06", .despite = ""}, "reason");
    refuses(&(struct decision){.time_us = 50, .subject = "A", .closed = "2020-06"}, "everybody");
}

static void what_is_closed_is_reopened_with_a_reason(void **state)
{
    (void)state;
    takes(&(struct decision){.time_us = 50, .reopened = "2020-05"});
    refuses(&(struct decision){.time_us = 20, .reopened = "2020-05"}, "same moment");
    refuses(&(struct decision){.time_us = 50, .reopened = "2020-05", .reason = ""}, "reason");
    refuses(&(struct decision){.time_us = 50, .reopened = "2020-04"}, "not closed");
    refuses(&(struct decision){.time_us = 50, .reopened = "2020-06"}, "not closed");
    refuses(&(struct decision){.time_us = 50, .reopened = "2020-06-30"}, "Months");
}

static void a_closing_says_what_it_freezes(void **state)
{
    (void)state;
    AUTO(decision_close) struct decision_box box;
    decision_fill(&(struct decision){.time_us = 50, .closed = "2020-06"}, &box);
    box.closed.ids_hash.len = 31;
    assert_int_equal(docket_validate(docket, &box.event, &complaint), ERR_REFUSED);
    box.closed.ids_hash.len = 32;
    box.closed.known_at_us = 51;
    assert_int_equal(docket_validate(docket, &box.event, &complaint), ERR_REFUSED);
    box.closed.known_at_us = 50;
    assert_int_equal(docket_validate(docket, &box.event, &complaint), ERR_OK);
    box.event.nonce.len = 15;
    assert_int_equal(docket_validate(docket, &box.event, &complaint), ERR_REFUSED);
}

/* ---- orders ---- */

struct ordered {
    PbOrder order;
    PbOrderRow rows[2];
    PbOrderRow *row_list[2];
    PbObligation adds[2];
    Ihuriro__V1__ReportType types[1];
    char *names[2];
};

static void order_fill(struct ordered *ordered)
{
    *ordered = (struct ordered){.order = IHURIRO__V1__ORDER__INIT};
    ordered->order.id = text_of("BNR-2020-03");
    ordered->order.from_day = day_of("2020-03-15");
    ordered->order.until_day = day_of("2020-06-30");
    ordered->order.reason = text_of("withdrawals");
    ordered->order.authority = text_of("BNR");
    ordered->order.signed_us = 1;
    ordered->order.rows = ordered->row_list;
    ordered->order.n_rows = 2;
    for (size_t i = 0; i < 2; i++) {
        ordered->rows[i] = (PbOrderRow)IHURIRO__V1__ORDER_ROW__INIT;
        ordered->row_list[i] = &ordered->rows[i];
        ordered->rows[i].action = IHURIRO__V1__ORDER_ROW__ACTION__ADD;
        ordered->rows[i].add = &ordered->adds[i];
        ordered->adds[i] = (PbObligation)IHURIRO__V1__OBLIGATION__INIT;
        ordered->adds[i].id = text_of("row");
        ordered->adds[i].type = text_of("LIQUIDITY");
        ordered->adds[i].frequency = text_of(i == 0 ? "D" : "W");
        ordered->adds[i].wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
        ordered->adds[i].due_days = 1;
        ordered->adds[i].due_minutes = 600;
    }
}

static void order_is_taken(struct ordered *ordered)
{
    takes(&(struct decision){.time_us = 50, .order = &ordered->order});
}

/* And fills it anew. */
static void order_is_refused(struct ordered *ordered, const char *words)
{
    refuses(&(struct decision){.time_us = 50, .order = &ordered->order}, words);
    order_fill(ordered);
}

static void an_order_has_a_head_that_makes_sense(void **state)
{
    (void)state;
    struct ordered ordered;
    char id[ORDER_ID_MAX + 2];
    memset(id, 'A', sizeof id);
    id[sizeof id - 1] = '\0';
    order_fill(&ordered);
    order_is_taken(&ordered);
    ordered.order.until_day = ordered.order.from_day;
    order_is_taken(&ordered);
    ordered.order.until_day--;
    order_is_refused(&ordered, "end before it begins");
    ordered.order.until_day = 84006;
    order_is_refused(&ordered, "1900 to 2199");
    ordered.order.id = text_of("");
    order_is_refused(&ordered, "order's id");
    ordered.order.id = id;
    order_is_refused(&ordered, "order's id");
    ordered.order.id = text_of("BNR 1");
    order_is_refused(&ordered, "order's id");
    ordered.order.authority = text_of("bnr");
    order_is_refused(&ordered, "authority");
    ordered.order.reason = text_of("");
    order_is_refused(&ordered, "no reason");
    ordered.order.replaces = ordered.order.id;
    order_is_refused(&ordered, "replaces itself");
    ordered.order.replaces = text_of("BNR-2020-02");
    order_is_refused(&ordered, "no order BNR-2020-02");
    ordered.order.n_rows = 0;
    order_is_refused(&ordered, "no rows");
}

static void rows_of_an_order_add_or_suspend_and_not_both(void **state)
{
    (void)state;
    struct ordered ordered;
    order_fill(&ordered);
    ordered.rows[1].add = NULL;
    order_is_refused(&ordered, "Row 2 of the order is to add a duty and has none");
    ordered.rows[0].types = ordered.types;
    ordered.types[0] = IHURIRO__V1__REPORT_TYPE__CAPITAL;
    ordered.rows[0].n_types = 1;
    order_is_refused(&ordered, "Row 1 of the order adds a duty and names types");
    ordered.rows[1].action = IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    order_is_refused(&ordered, "Row 2 of the order suspends and holds a duty");
    ordered.rows[1].action = IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    ordered.rows[1].add = NULL;
    order_is_taken(&ordered);
    ordered.names[0] = text_of("Y");
    ordered.rows[1].frequencies = ordered.names;
    ordered.rows[1].n_frequencies = 1;
    order_is_refused(&ordered, "suspends a frequency that there is not");
}

static void a_duty_that_an_order_adds_is_one_that_can_be_owed(void **state)
{
    (void)state;
    struct ordered ordered;
    order_fill(&ordered);
    ordered.adds[0].type = text_of("WEATHER");
    order_is_refused(&ordered, "of a type or frequency");
    ordered.adds[0].frequency = text_of("DW");
    order_is_refused(&ordered, "of a type or frequency");
    ordered.adds[0].due_minutes = 1440;
    order_is_refused(&ordered, "out of range");
    ordered.adds[0].due_minutes = 1439;
    ordered.adds[0].due_days = 366;
    order_is_taken(&ordered);
    ordered.adds[0].due_days = 367;
    order_is_refused(&ordered, "out of range");
    ordered.adds[0].has_from_day = 1;
    order_is_refused(&ordered, "days of its own");
    ordered.adds[0].has_off = 1;
    order_is_refused(&ordered, "days of its own");
    ordered.names[0] = text_of("a b");
    ordered.rows[0].institutions = ordered.names;
    ordered.rows[0].n_institutions = 1;
    order_is_refused(&ordered, "names an institution");
}

static void two_rows_that_ask_the_same_of_the_same_contradict_each_other(void **state)
{
    (void)state;
    struct ordered ordered;
    order_fill(&ordered);
    ordered.adds[1].frequency = text_of("D");
    order_is_refused(&ordered, "Rows 1 and 2 of the order both add LIQUIDITY of frequency D");
    ordered.adds[1].frequency = text_of("D");
    ordered.names[0] = text_of("MF");
    ordered.names[1] = text_of("USACCO");
    ordered.adds[0].categories = &ordered.names[0];
    ordered.adds[1].categories = &ordered.names[1];
    ordered.adds[0].n_categories = ordered.adds[1].n_categories = 1;
    order_is_taken(&ordered);
    ordered.adds[1].categories = &ordered.names[0];
    ordered.adds[1].n_categories = 2;
    order_is_refused(&ordered, "Rows 1 and 2");
}

static void an_order_stands_once_and_is_signed(void **state)
{
    (void)state;
    struct ordered ordered;
    AUTO(decision_close) struct decision_box box;
    order_fill(&ordered);
    const struct decision row = {.time_us = 50, .order = &ordered.order};
    assert_int_equal(decision_apply(docket, &row), ERR_OK);
    assert_int_equal(docket_seal(docket, INT64_MAX), ERR_OK);
    refuses(&(struct decision){.time_us = 60, .order = &ordered.order}, "stands already");
    ordered.order.replaces = text_of("BNR-2020-03");
    ordered.order.id = text_of("BNR-2020-04");
    takes(&(struct decision){.time_us = 60, .order = &ordered.order});
    refuses(&(struct decision){.time_us = 50, .order = &ordered.order}, "same moment");
    decision_fill(&(struct decision){.time_us = 60, .order = &ordered.order}, &box);
    box.event.order->signature.data[5] ^= 1;
    assert_int_equal(docket_validate(docket, &box.event, &complaint), ERR_REFUSED);
    assert_non_null(strstr(complaint.text, "does not verify"));
}

/* A field that only a later program knows could take half of the order back. */
static void an_order_with_what_this_program_does_not_know_is_refused(void **state)
{
    (void)state;
    struct ordered ordered;
    AUTO(decision_close) struct decision_box box;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(7);
    AUTO(buffer_close) struct buffer raw = {0};
    uint8_t message[17 + SHA256_BYTES] = "ihuriro-order-v1";
    order_fill(&ordered);
    decision_fill(&(struct decision){.time_us = 60, .order = &ordered.order}, &box);
    const uint8_t unknown[] = {0x98, 0x06, 0x01}; /* field 99: 1 */
    assert_int_equal(buffer_append(&raw, box.event.order->order.data, box.event.order->order.len),
                     ERR_OK);
    assert_int_equal(buffer_append(&raw, unknown, sizeof unknown), ERR_OK);
    box.event.order->order = pb_of_bytes(buffer_bytes(&raw));
    sha256(buffer_bytes(&raw), message + 17);
    signing_key_sign(key, bytes_of(message, sizeof message), box.event.order->signature.data);
    assert_int_equal(docket_validate(docket, &box.event, &complaint), ERR_REFUSED);
    assert_non_null(strstr(complaint.text, "cannot be read"));
}

static void other_acts_are_not_the_dockets(void **state)
{
    (void)state;
    refuses(&(struct decision){.time_us = 50}, "not one act about a period");
    refuses(&(struct decision){.time_us = -1, .closed = "2020-06"}, "its time");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_waiver_names_an_institution_a_period_and_why),
        TEST(a_waiver_that_stands_is_not_given_again_and_one_that_does_not_not_withdrawn),
        TEST(a_month_is_closed_once_and_again_only_when_it_was_reopened),
        TEST(what_is_closed_is_reopened_with_a_reason),
        TEST(a_closing_says_what_it_freezes),
        TEST(an_order_has_a_head_that_makes_sense),
        TEST(rows_of_an_order_add_or_suspend_and_not_both),
        TEST(a_duty_that_an_order_adds_is_one_that_can_be_owed),
        TEST(two_rows_that_ask_the_same_of_the_same_contradict_each_other),
        TEST(an_order_stands_once_and_is_signed),
        TEST(an_order_with_what_this_program_does_not_know_is_refused),
        TEST(other_acts_are_not_the_dockets),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
