#include "proto/docket.h"

#include "tests/support/decisions.h"

#include <stdio.h>

#define ONLY(type) (1U << (type))

static bool is_waived(const struct docket *docket, const char *institution, int type,
                      const char *key)
{
    const struct period period = period_of(key);
    return docket_waiver(docket, institution, type, &period) != NULL;
}

/* ---- waivers ---- */

static void a_waiver_is_of_its_institution_types_and_period(void **state)
{
    (void)state;
    const struct decision rows[] = {
        {.time_us = 5, .subject = "A", .waived = "2020-W27", .types = ONLY(TYPE_LIQUIDITY)},
        {.time_us = 6, .subject = "C", .waived = "2020-06-30", .types = 0},
    };
    AUTO(docket_close) struct docket *docket = docket_of(rows, 2);
    const struct period week = period_of("2020-W27");
    const struct waiver *waiver = docket_waiver(docket, "A", TYPE_LIQUIDITY, &week);
    assert_non_null(waiver);
    assert_string_equal(waiver->reason, "because");
    assert_null(waiver->by);
    assert_int_equal(waiver->time_us, 5);
    assert_false(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-W28"));
    assert_false(is_waived(docket, "A", TYPE_PORTFOLIO, "2020-W27"));
    assert_false(is_waived(docket, "B", TYPE_LIQUIDITY, "2020-W27"));
    for (int type = 1; type <= TYPE_LAST; type++) {
        assert_true(is_waived(docket, "C", type, "2020-06-30"));
    }
    assert_false(is_waived(docket, "C", TYPE_LIQUIDITY, "2020-06"));
    assert_false(is_waived(docket, "C", 0, "2020-06-30"));
    assert_false(is_waived(docket, "C", TYPE_LAST + 1, "2020-06-30"));
}

static void a_waiver_of_a_month_stands_for_the_shorter_keys_that_end_in_it(void **state)
{
    (void)state;
    const struct decision rows[] = {{.time_us = 5, .subject = "A", .waived = "2020-06"}};
    AUTO(docket_close) struct docket *docket = docket_of(rows, 1);
    assert_true(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-06"));
    assert_true(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-06-01"));
    assert_true(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-06-30"));
    assert_true(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-W23"));  /* 1 to 7 June */
    assert_true(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-W26"));  /* to 28 June */
    assert_false(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-W27")); /* to 5 July */
    assert_false(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-05-31"));
    assert_false(is_waived(docket, "A", TYPE_LIQUIDITY, "2020-Q2"));
}

static void a_withdrawn_waiver_is_none_and_others_stay(void **state)
{
    (void)state;
    const struct decision rows[] = {
        {.time_us = 5, .subject = "A", .waived = "2020-06"},
        {.time_us = 6,
         .subject = "A",
         .waived = "2020-06",
         .types = ONLY(TYPE_CAPITAL),
         .is_withdrawn = true},
        {.time_us = 7, .subject = "A", .waived = "2020-06-30"},
        {.time_us = 8, .subject = "A", .waived = "2020-06-30", .is_withdrawn = true},
    };
    AUTO(docket_close) struct docket *docket = docket_of(rows, 4);
    assert_false(is_waived(docket, "A", TYPE_CAPITAL, "2020-06"));
    assert_true(is_waived(docket, "A", TYPE_PORTFOLIO, "2020-06"));
    /* the month's still stands for the day */
    assert_true(is_waived(docket, "A", TYPE_PORTFOLIO, "2020-06-30"));
    assert_false(is_waived(docket, "A", TYPE_CAPITAL, "2020-06-30"));
    /* and as known before: */
    assert_int_equal(docket_seal(docket, 5), ERR_OK);
    assert_true(is_waived(docket, "A", TYPE_CAPITAL, "2020-06"));
    assert_int_equal(docket_seal(docket, 4), ERR_OK);
    assert_false(is_waived(docket, "A", TYPE_PORTFOLIO, "2020-06"));
}

/* ---- closing ---- */

static void a_month_is_closed_with_all_keys_that_end_in_it_and_reopened(void **state)
{
    (void)state;
    const struct decision rows[] = {
        {.time_us = 10, .closed = "2020-06"},
        {.time_us = 20, .reopened = "2020-06", .reason = "an error at A"},
        {.time_us = 30, .closed = "2020-06", .despite = "A never answered"},
        {.time_us = 15, .reopened = "2020-05"}, /* was never closed */
    };
    AUTO(docket_close) struct docket *docket = docket_of(rows, 4);
    assert_int_equal(docket_closed(docket, day_of("2020-06-01")).state, PERIOD_CLOSED);
    assert_int_equal(docket_closed(docket, day_of("2020-06-30")).state, PERIOD_CLOSED);
    assert_string_equal(docket_closed(docket, day_of("2020-06-30")).act->despite,
                        "A never answered");
    assert_int_equal(docket_closed(docket, day_of("2020-07-01")).state, PERIOD_OPEN);
    assert_int_equal(docket_closed(docket, day_of("2020-05-31")).state, PERIOD_OPEN);
    assert_int_equal(docket_seal(docket, 29), ERR_OK);
    const struct closed reopened = docket_closed(docket, day_of("2020-06-07"));
    assert_int_equal(reopened.state, PERIOD_REOPENED);
    assert_int_equal(reopened.time_us, 20);
    assert_int_equal(reopened.act->known_at_us, 10);
    assert_string_equal(reopened.reason, "an error at A");
    assert_int_equal(docket_seal(docket, 9), ERR_OK);
    assert_int_equal(docket_closed(docket, day_of("2020-06-30")).state, PERIOD_OPEN);
    assert_string_equal(closing_name(PERIOD_OPEN), "open");
    assert_string_equal(closing_name(PERIOD_CLOSED), "closed");
    assert_string_equal(closing_name(PERIOD_REOPENED), "reopened");
}

/* ---- orders ---- */

static PbOrder order_of(const char *id, const char *replaces)
{
    PbOrder order = IHURIRO__V1__ORDER__INIT;
    order.id = text_of(id);
    order.replaces = text_of(replaces);
    order.from_day = day_of("2020-03-15");
    order.until_day = day_of("2020-06-30");
    order.reason = text_of("a crisis");
    order.authority = text_of("BNR");
    return order;
}

static void orders_stand_in_their_own_order_and_one_that_is_replaced_ends(void **state)
{
    (void)state;
    PbOrderRow row = IHURIRO__V1__ORDER_ROW__INIT;
    PbOrderRow *rows[] = {&row};
    row.action = IHURIRO__V1__ORDER_ROW__ACTION__SUSPEND;
    PbOrder first = order_of("BNR-1", NULL);
    PbOrder second = order_of("BNR-2", "BNR-1");
    PbOrder third = order_of("BNR-3", "BNR-9");
    first.rows = rows;
    first.n_rows = 1;
    const struct decision decisions[] = {
        {.time_us = 30, .order = &third},
        {.time_us = 20, .order = &second},
        {.time_us = 10, .order = &first},
    };
    size_t count = 0;
    AUTO(docket_close) struct docket *docket = docket_of(decisions, 3);
    const struct order *orders = docket_orders(docket, &count);
    assert_int_equal(count, 3);
    assert_string_equal(orders[0].order->id, "BNR-1");
    assert_int_equal(orders[0].given_us, 10);
    assert_int_equal(orders[0].replaced_us, 20);
    assert_int_equal(orders[1].replaced_us, INT64_MAX);
    assert_int_equal(orders[2].replaced_us, INT64_MAX);
    assert_int_equal(docket_seal(docket, 19), ERR_OK);
    orders = docket_orders(docket, &count);
    assert_int_equal(count, 1);
    assert_int_equal(orders[0].replaced_us, INT64_MAX);
}

static void an_order_with_any_bit_changed_is_refused(void **state)
{
    (void)state;
    PbOrder order = order_of("BNR-1", "BNR-0");
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__SignedOrder *made = order_signed(&order, &arena);
    const PbOrder *opened = NULL;
    assert_int_equal(order_open(made, &arena, &opened), ERR_OK);
    assert_string_equal(opened->reason, "a crisis");
    for (size_t bit = 0; bit < made->order.len * 8; bit++) {
        made->order.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(order_open(made, &arena, &opened), ERR_SIGNATURE);
        made->order.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    made->signature.data[0] ^= 1;
    assert_int_equal(order_open(made, &arena, &opened), ERR_SIGNATURE);
    made->signature.data[0] ^= 1;
    Ihuriro__V1__SignedOrder cut = *made;
    cut.signature.len--;
    assert_int_equal(order_open(&cut, &arena, &opened), ERR_MALFORMED);
    cut = *made;
    cut.signer.len--;
    assert_int_equal(order_open(&cut, &arena, &opened), ERR_MALFORMED);
    cut = *made;
    cut.order.len = ORDER_BYTES_MAX + 1;
    assert_int_equal(order_open(&cut, &arena, &opened), ERR_MALFORMED);
}

/* A signature of the same key over the same hash, as a report's would be. */
static void a_signature_made_for_something_else_is_none_of_an_order(void **state)
{
    (void)state;
    PbOrder order = order_of("BNR-1", "BNR-0");
    AUTO(arena_close) struct arena arena = {0};
    AUTO(signing_key_close) struct signing_key *key = seeded_key(7);
    const Ihuriro__V1__SignedOrder *made = order_signed(&order, &arena);
    const PbOrder *opened = NULL;
    uint8_t id[SHA256_BYTES];
    sha256(bytes_of_pb(made->order), id);
    report_sign(key, id, made->signature.data);
    assert_int_equal(order_open(made, &arena, &opened), ERR_SIGNATURE);
}

/* ---- in whatever order they come ---- */

static void dump(const struct docket *docket, struct buffer *text)
{
    static const char *const keys[] = {"2020-06", "2020-06-30", "2020-W26", "2020-05"};
    size_t count = 0;
    const struct order *orders = docket_orders(docket, &count);
    for (size_t i = 0; i < 4; i++) {
        const struct period period = period_of(keys[i]);
        const struct closed closed = docket_closed(docket, period.end_day);
        assert_int_equal(buffer_printf(text, "%s %s %lld", keys[i], closing_name(closed.state),
                                       (long long)closed.time_us),
                         ERR_OK);
        for (int type = 1; type <= TYPE_LAST; type++) {
            const struct waiver *a = docket_waiver(docket, "A", type, &period);
            const struct waiver *b = docket_waiver(docket, "B", type, &period);
            assert_int_equal(buffer_printf(text, " %lld %lld",
                                           a == NULL ? -1LL : (long long)a->time_us,
                                           b == NULL ? -1LL : (long long)b->time_us),
                             ERR_OK);
        }
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(
            buffer_printf(text, " %s %lld", orders[i].order->id, (long long)orders[i].replaced_us),
            ERR_OK);
    }
}

static void acts_make_the_same_docket_in_whatever_order_they_come(void **state)
{
    (void)state;
    PbOrder first = order_of("BNR-1", NULL);
    PbOrder second = order_of("BNR-2", "BNR-1");
    const struct decision rows[] = {
        {.time_us = 1, .subject = "A", .waived = "2020-06"},
        {.time_us = 2, .closed = "2020-06"},
        {.time_us = 3, .reopened = "2020-06"},
        {.time_us = 4, .subject = "A", .waived = "2020-06", .is_withdrawn = true, .types = 4},
        {.time_us = 5, .subject = "B", .waived = "2020-06-30"},
        {.time_us = 6, .order = &first},
        {.time_us = 7, .order = &second},
        {.time_us = 8, .closed = "2020-05"},
        {.time_us = 9, .subject = "A", .waived = "2020-W26", .types = 4},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    AUTO(docket_close) struct docket *straight = docket_of(rows, count);
    AUTO(buffer_close) struct buffer wanted = {0};
    dump(straight, &wanted);
    uint32_t seed = 1;
    for (int round = 0; round < 50; round++) {
        size_t order[sizeof rows / sizeof rows[0]];
        AUTO(docket_close) struct docket *docket = NULL;
        AUTO(buffer_close) struct buffer got = {0};
        assert_int_equal(docket_make(&docket), ERR_OK);
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1664525U + 1013904223U;
            const size_t k = (seed >> 8) % (i + 1);
            order[i] = order[k];
            order[k] = i;
        }
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(decision_apply(docket, &rows[order[i]]), ERR_OK);
            assert_int_equal(decision_apply(docket, &rows[order[i / 2]]), ERR_OK); /* again */
            if (i % 3 == 0) {
                assert_int_equal(docket_seal(docket, INT64_MAX), ERR_OK);
            }
        }
        assert_int_equal(docket_seal(docket, INT64_MAX), ERR_OK);
        dump(docket, &got);
        assert_true(bytes_equal(buffer_bytes(&wanted), buffer_bytes(&got)));
    }
    printf("50 orders of %zu acts, each act twice: one docket\n", count);
}

static void what_no_hub_writes_is_malformed_and_other_kinds_are_passed_over(void **state)
{
    (void)state;
    AUTO(docket_close) struct docket *docket = NULL;
    assert_int_equal(docket_make(&docket), ERR_OK);
    const struct decision wrong[] = {
        {.subject = "a", .waived = "2020-06"},
        {.waived = "2020-06"},
        {.subject = "A", .waived = "2020-13"},
        {.subject = "A", .waived = "2200-01"},
        {.closed = "2020-W27"},
        {.closed = ""},
        {.reopened = "2020-Q2"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(decision_apply(docket, &wrong[i]), ERR_MALFORMED);
    }
    PbEvent settings = IHURIRO__V1__EVENT__INIT;
    PbSettings part = IHURIRO__V1__SETTINGS__INIT;
    const uint8_t id[SHA256_BYTES] = {0};
    settings.settings = &part;
    assert_int_equal(docket_apply(docket, &settings, id), ERR_OK);
    assert_int_equal(docket_seal(docket, INT64_MAX), ERR_OK);
    size_t count = 1;
    (void)docket_orders(docket, &count);
    assert_int_equal(count, 0);
}

/* What each says of two dockets, over all that the acts are about. */
static void assert_same(const struct docket *a, const struct docket *b)
{
    static const char *const institutions[] = {"A", "B", "C"};
    static const char *const keys[] = {"2020-05", "2020-06", "2020-06-30", "2020-W26"};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        const struct period period = period_of(keys[k]);
        for (size_t i = 0; i < sizeof institutions / sizeof institutions[0]; i++) {
            for (int type = 1; type <= TYPE_LAST; type++) {
                const struct waiver *left = docket_waiver(a, institutions[i], type, &period);
                const struct waiver *right = docket_waiver(b, institutions[i], type, &period);
                assert_int_equal(left == NULL ? -1 : left->time_us,
                                 right == NULL ? -1 : right->time_us);
            }
        }
        const struct closed left = docket_closed(a, period.end_day);
        const struct closed right = docket_closed(b, period.end_day);
        assert_int_equal(left.state, right.state);
        assert_int_equal(left.time_us, right.time_us);
    }
}

static void acts_that_come_one_by_one_make_the_same_as_all_at_once(void **state)
{
    (void)state;
    static const char *const institutions[] = {"A", "B", "C"};
    static const char *const keys[] = {"2020-05", "2020-06", "2020-06-30", "2020-W26"};
    uint32_t number = 1;
    for (int run = 0; run < 200; run++) {
        struct decision rows[40];
        AUTO(docket_close) struct docket *steps = docket_of(NULL, 0);
        for (size_t i = 0; i < 40; i++) {
            number = number * 1103515245 + 12345;
            const uint32_t pick = number >> 16;
            const char *key = keys[pick % 4];
            /* mostly in their order; a restore brings some late, some twice */
            rows[i] = (struct decision){.time_us =
                                            pick % 7 == 0 ? (int64_t)(pick % 40) : 10 + (int64_t)i};
            if (pick % 3 == 0 && strlen(key) == 7) {
                rows[i].closed = pick % 2 == 0 ? key : NULL;
                rows[i].reopened = pick % 2 == 0 ? NULL : key;
            } else {
                rows[i].subject = institutions[pick / 4 % 3];
                rows[i].waived = key;
                rows[i].types = pick / 16 % 8 == 0 ? 0 : ONLY(1 + pick / 16 % TYPE_LAST);
                rows[i].is_withdrawn = pick / 128 % 4 == 0;
            }
            assert_int_equal(decision_apply(steps, &rows[i]), ERR_OK);
            if (pick % 5 != 0) {
                assert_int_equal(docket_seal(steps, INT64_MAX), ERR_OK);
            }
            if (pick % 11 == 0) {
                assert_int_equal(decision_apply(steps, &rows[i]), ERR_OK);
            }
        }
        assert_int_equal(docket_seal(steps, INT64_MAX), ERR_OK);
        AUTO(docket_close) struct docket *whole = docket_of(rows, 40);
        assert_same(steps, whole);
    }
}

static void the_first_closed_month_of_some_days_is_found(void **state)
{
    (void)state;
    const struct decision rows[] = {{.time_us = 10, .closed = "2020-06"},
                                    {.time_us = 11, .closed = "2020-04"},
                                    {.time_us = 12, .closed = "2020-05"},
                                    {.time_us = 13, .reopened = "2020-05"}};
    AUTO(docket_close) struct docket *docket = docket_of(rows, 4);
    int32_t end_day = 0;
    assert_true(docket_closed_within(docket, INT32_MIN, INT32_MAX, &end_day));
    assert_int_equal(end_day, day_of("2020-04-30"));
    assert_true(docket_closed_within(docket, day_of("2020-05-01"), day_of("2020-06-01"), &end_day));
    assert_int_equal(end_day, day_of("2020-06-30"));
    assert_false(
        docket_closed_within(docket, day_of("2020-05-01"), day_of("2020-05-31"), &end_day));
    assert_false(docket_closed_within(docket, day_of("2020-07-01"), INT32_MAX, &end_day));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_waiver_is_of_its_institution_types_and_period),
        cmocka_unit_test(a_waiver_of_a_month_stands_for_the_shorter_keys_that_end_in_it),
        cmocka_unit_test(a_withdrawn_waiver_is_none_and_others_stay),
        cmocka_unit_test(a_month_is_closed_with_all_keys_that_end_in_it_and_reopened),
        cmocka_unit_test(orders_stand_in_their_own_order_and_one_that_is_replaced_ends),
        cmocka_unit_test(an_order_with_any_bit_changed_is_refused),
        cmocka_unit_test(a_signature_made_for_something_else_is_none_of_an_order),
        cmocka_unit_test(acts_make_the_same_docket_in_whatever_order_they_come),
        cmocka_unit_test(what_no_hub_writes_is_malformed_and_other_kinds_are_passed_over),
        cmocka_unit_test(acts_that_come_one_by_one_make_the_same_as_all_at_once),
        cmocka_unit_test(the_first_closed_month_of_some_days_is_found),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
