/* Messages compared value by value: alike as their bytes are. */
#include "proto/equal.h"
#include "tests/support/samples.h"

/* Packs it and unpacks it again: the same in other memory. */
static const PbReport *twin_of(const PbReport *report, struct arena *arena)
{
    AUTO(buffer_close) struct buffer raw = {0};
    const PbReport *twin = NULL;
    assert_int_equal(message_pack(&report->base, &raw), ERR_OK);
    assert_int_equal(MESSAGE_UNPACK(report, MESSAGE_CANONICAL, buffer_bytes(&raw), arena, &twin),
                     ERR_OK);
    return twin;
}

static bool are_equal(const PbReport *one, const PbReport *other)
{
    const bool is_equal = messages_are_equal(&one->base, &other->base);
    assert_int_equal(messages_are_equal(&other->base, &one->base), is_equal);
    return is_equal;
}

static void what_was_packed_and_unpacked_is_equal(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct sample_report sample;
    sample_report(&sample);
    sample.report.note = sample.note;
    assert_true(are_equal(&sample.report, twin_of(&sample.report, &arena)));
}

static void any_value_that_differs_is_seen(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct sample_report sample;
    sample_report(&sample);
    const PbReport *twin = twin_of(&sample.report, &arena);
    sample.report.vintage++;
    assert_false(are_equal(&sample.report, twin));
    sample.report.vintage--;
    sample.currency[0]++; /* a text */
    assert_false(are_equal(&sample.report, twin));
    sample.currency[0]--;
    sample.period.end_day++; /* in a message */
    assert_false(are_equal(&sample.report, twin));
    sample.period.end_day--;
    sample.rows[1].max_days++; /* in the last of its rows */
    assert_false(are_equal(&sample.report, twin));
    sample.rows[1].max_days--;
    assert_true(are_equal(&sample.report, twin));
}

static void a_value_that_is_only_there_in_one_is_seen(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct sample_report sample;
    sample_report(&sample);
    const PbReport *twin = twin_of(&sample.report, &arena);
    sample.report.note = sample.note;
    assert_false(are_equal(&sample.report, twin));
    sample.report.note = NULL;
    sample.report.has_test_data = 1; /* false, and said */
    assert_false(are_equal(&sample.report, twin));
    sample.report.has_test_data = 0;
    sample.portfolio.n_aging--;
    assert_false(are_equal(&sample.report, twin));
    sample.portfolio.n_aging++;
    sample.report.portfolio = NULL;
    assert_false(are_equal(&sample.report, twin));
}

/* What lies behind a flag that says "not there" is not looked at. */
static void what_is_not_there_is_equal_whatever_its_memory_holds(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct sample_report sample;
    sample_report(&sample);
    const PbReport *twin = twin_of(&sample.report, &arena);
    assert_false(sample.portfolio.has_provision_expense);
    sample.portfolio.provision_expense = 77;
    assert_true(are_equal(&sample.report, twin));
}

static void messages_of_two_kinds_are_not_equal(void **state)
{
    (void)state;
    const PbPeriod period = IHURIRO__V1__PERIOD__INIT;
    const PbPortfolio portfolio = IHURIRO__V1__PORTFOLIO__INIT;
    assert_false(messages_are_equal(&period.base, &portfolio.base));
}

static void bytes_are_compared_to_their_end(void **state)
{
    (void)state;
    static uint8_t one[] = {1, 0, 2};
    static uint8_t other[] = {1, 0, 3};
    Ihuriro__V1__Back unlike[2] = {IHURIRO__V1__BACK__INIT, IHURIRO__V1__BACK__INIT};
    PbEvent first = IHURIRO__V1__EVENT__INIT;
    PbEvent second = IHURIRO__V1__EVENT__INIT;
    first.back = &unlike[0];
    second.back = &unlike[1];
    first.nonce = pb_of_bytes(bytes_of(one, sizeof one));
    second.nonce = pb_of_bytes(bytes_of(other, sizeof other));
    assert_false(messages_are_equal(&first.base, &second.base));
    second.nonce = pb_of_bytes(bytes_of(one, sizeof one - 1));
    assert_false(messages_are_equal(&first.base, &second.base));
    second.nonce = first.nonce;
    assert_true(messages_are_equal(&first.base, &second.base));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_and_unpacked_is_equal),
        cmocka_unit_test(any_value_that_differs_is_seen),
        cmocka_unit_test(a_value_that_is_only_there_in_one_is_seen),
        cmocka_unit_test(what_is_not_there_is_equal_whatever_its_memory_holds),
        cmocka_unit_test(messages_of_two_kinds_are_not_equal),
        cmocka_unit_test(bytes_are_compared_to_their_end),
    };
    return cmocka_run_group_tests_name("equal", tests, setup_keys, NULL);
}
