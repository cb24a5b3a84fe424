#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "proto/fields.h"
#include "tests/support/reports.h"

/* What a walk sees, a line a field. */
static enum err write_line(void *context, const struct field *field)
{
    struct buffer *lines = context;
    switch (field->kind) {
    case FIELD_INTEGER:
    case FIELD_BOOL:
        return buffer_printf(lines, "%s = %lld\n", field->path, (long long)field->integer);
    case FIELD_UNSIGNED:
        return buffer_printf(lines, "%s = %llu\n", field->path, (unsigned long long)field->number);
    case FIELD_ENUM:
        return buffer_printf(lines, "%s = %s\n", field->path, field->text);
    case FIELD_TEXT:
        return buffer_printf(lines, "%s = '%s'\n", field->path, field->text);
    case FIELD_BYTES:
        return buffer_printf(lines, "%s = %zu bytes\n", field->path, field->bytes.size);
    case FIELD_MESSAGE:
        return buffer_printf(lines, "%s:\n", field->path);
    }
    return ERR_MALFORMED;
}

static void a_walk_sees_every_set_field_in_schema_order_with_its_path(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer lines = {0};
    PbReport *report = report_of_nil(&arena, TYPE_CAPITAL, "RW-MF-412", "2020-Q2", 2);
    report->source = NULL;
    report_note_absent(&arena, report, "capital.rwa");
    assert_int_equal(fields_walk(&report->base, write_line, &lines), ERR_OK);
    assert_int_equal(buffer_append(&lines, "", 1), ERR_OK);
    assert_string_equal((const char *)lines.data, "schema_version = 1\n"
                                                  "institution = 'RW-MF-412'\n"
                                                  "type = CAPITAL\n"
                                                  "period:\n"
                                                  "period.frequency = Q\n"
                                                  "period.key = '2020-Q2'\n"
                                                  "period.start_day = 18353\n"
                                                  "period.end_day = 18443\n"
                                                  "period.as_of_day = 18443\n"
                                                  "vintage = 2\n"
                                                  "status = PROVISIONAL\n"
                                                  "produced_at_us = 1593677700000000\n"
                                                  "currency = 'RWF'\n"
                                                  "currency_exponent = 0\n"
                                                  "reason = ERROR\n"
                                                  "signoff:\n"
                                                  "signoff.level = PREPARED\n"
                                                  "signoff.prepared_role = 'accountant'\n"
                                                  "signoff.prepared_code = 'A-07'\n"
                                                  "field_notes[0]:\n"
                                                  "field_notes[0].path = 'capital.rwa'\n"
                                                  "field_notes[0].why = NOT_AVAILABLE\n"
                                                  "nil = 1\n");
}

static enum err stop_at_third(void *context, const struct field *field)
{
    int *seen = context;
    (void)field;
    return ++*seen == 3 ? ERR_REFUSED : ERR_OK;
}

static void a_walk_stops_at_the_first_error_and_returns_it(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    int seen = 0;
    PbReport *report = report_of_portfolio(&arena, "RW-MF-412", "2020-06", 1);
    assert_int_equal(fields_walk(&report->base, stop_at_third, &seen), ERR_REFUSED);
    assert_int_equal(seen, 3);
}

static void bytes_and_repeated_scalars_are_walked_too(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer lines = {0};
    uint8_t nonce[16] = {0};
    uint32_t kinds[] = {1, UINT32_MAX};
    Ihuriro__V1__ReportType types[] = {IHURIRO__V1__REPORT_TYPE__PORTFOLIO,
                                       IHURIRO__V1__REPORT_TYPE__CAPITAL};
    char institution[] = "RW-1";
    char *institutions[] = {institution};
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    PbAccess access = IHURIRO__V1__ACCESS__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    filter.kinds = kinds;
    filter.n_kinds = 2;
    filter.types = types;
    filter.n_types = 2;
    filter.institutions = institutions;
    filter.n_institutions = 1;
    access.act = IHURIRO__V1__ACCESS__ACT__PULL;
    access.reader = institution;
    access.filter = &filter;
    event.nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    event.access = &access;
    assert_int_equal(fields_walk(&event.base, write_line, &lines), ERR_OK);
    assert_int_equal(buffer_append(&lines, "", 1), ERR_OK);
    assert_string_equal((const char *)lines.data, "time_us = 0\n"
                                                  "nonce = 16 bytes\n"
                                                  "access:\n"
                                                  "access.act = PULL\n"
                                                  "access.reader = 'RW-1'\n"
                                                  "access.filter:\n"
                                                  "access.filter.kinds[0] = 1\n"
                                                  "access.filter.kinds[1] = 4294967295\n"
                                                  "access.filter.types[0] = PORTFOLIO\n"
                                                  "access.filter.types[1] = CAPITAL\n"
                                                  "access.filter.institutions[0] = 'RW-1'\n");
}

static void paths_are_found_as_the_schema_has_them(void **state)
{
    static const struct {
        const char *path;
        bool exists;
        bool is_set;
    } rows[] = {
        {"institution", true, true},
        {"note", true, false},
        {"portfolio", true, true},
        {"portfolio.glp", true, true},
        {"portfolio.written_off_stock", true, false},
        {"liquidity", true, false},
        {"liquidity.cash", true, false},
        {"portfolio.aging", true, true},
        {"portfolio.aging[0]", true, true},
        {"portfolio.aging[11].outstanding", true, true},
        {"portfolio.aging[12].outstanding", true, false},
        {"portfolio.aging[999999].outstanding", true, false},
        {"portfolio.aging.outstanding", true, true}, /* in any row */
        {"portfolio.aging.min_days", true, true},
        {"portfolio.breakdown.written_off", true, false},
        {"portfolio.breakdown[0].par30", true, true},
        {"operations.emergency_fund.for_health", true, false},
        {"period.key", true, true},

        {"", false, false},
        {".", false, false},
        {"gold", false, false},
        {"portfolio.", false, false},
        {".portfolio", false, false},
        {"portfolio..glp", false, false},
        {"portfolio.gold", false, false},
        {"portfolio.glp.more", false, false},
        {"portfolio.glp[0]", false, false},
        {"portfolio.aging[]", false, false},
        {"portfolio.aging[-1]", false, false},
        {"portfolio.aging[x]", false, false},
        {"portfolio.aging[0", false, false},
        {"portfolio.aging[0]x", false, false},
        {"portfolio.aging[9999999]", false, false},
        {"portfolio.aging[0][0]", false, false},
        {"PORTFOLIO.GLP", false, false},
    };
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    PbReport *report = report_of_portfolio(&arena, "RW-MF-412", "2020-06", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (field_path_exists(report, rows[i].path) != rows[i].exists ||
            field_is_set(report, rows[i].path) != rows[i].is_set) {
            fail_msg("%s", rows[i].path);
        }
    }
    char long_path[1000];
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_false(field_path_exists(report, long_path));
    assert_false(field_is_set(report, long_path));
}

static enum err check_path(void *context, const struct field *field)
{
    const PbReport *report = context;
    assert_true(field_path_exists(report, field->path));
    assert_true(field_is_set(report, field->path));
    assert_ptr_equal(field_of_path(report, field->path), field->descriptor);
    return ERR_OK;
}

static void every_path_of_a_walk_is_found_again(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    PbReport *report = report_of_liquidity(&arena, "RW-MF-412", "2020-06", 1);
    assert_int_equal(fields_walk(&report->base, check_path, report), ERR_OK);
}

/* The table of signed fields goes by name, so a name must mean the same everywhere. */
static void signed_fields_are_those_of_the_domain_and_no_others(void **state)
{
    static const ProtobufCMessageDescriptor *const bodies[] = {
        &ihuriro__v1__portfolio__descriptor,      &ihuriro__v1__liquidity__descriptor,
        &ihuriro__v1__operations__descriptor,     &ihuriro__v1__capital__descriptor,
        &ihuriro__v1__exposures__descriptor,      &ihuriro__v1__aging_row__descriptor,
        &ihuriro__v1__class_row__descriptor,      &ihuriro__v1__breakdown_row__descriptor,
        &ihuriro__v1__deposit_row__descriptor,    &ihuriro__v1__borrowing_row__descriptor,
        &ihuriro__v1__maturity_row__descriptor,   &ihuriro__v1__channel_row__descriptor,
        &ihuriro__v1__emergency_fund__descriptor, &ihuriro__v1__moratorium_month__descriptor,
        &ihuriro__v1__report__descriptor,         &ihuriro__v1__source__descriptor,
    };
    (void)state;
    size_t found = 0;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        for (unsigned k = 0; k < bodies[i]->n_fields; k++) {
            found += field_is_signed(&bodies[i]->fields[k]);
        }
    }
    assert_int_equal(found, 11);
    static const char *const names[] = {"glp", "equity_holdings", "tier1", "cash", "outstanding"};
    for (size_t i = 0; i < 5; i++) {
        ProtobufCFieldDescriptor descriptor = {.name = names[i]};
        assert_false(field_is_signed(&descriptor));
    }
}

static void an_enum_value_of_a_newer_schema_has_no_name(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    PbReport *report = report_of_nil(&arena, TYPE_PORTFOLIO, "RW-MF-412", "2020-06", 1);
    report->type = (Ihuriro__V1__ReportType)99;
    struct field field;
    field_read(&report->base, field_of_path(report, "type"), 0, &field);
    assert_int_equal(field.kind, FIELD_ENUM);
    assert_int_equal(field.integer, 99);
    assert_null(field.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_sees_every_set_field_in_schema_order_with_its_path),
        cmocka_unit_test(a_walk_stops_at_the_first_error_and_returns_it),
        cmocka_unit_test(bytes_and_repeated_scalars_are_walked_too),
        cmocka_unit_test(paths_are_found_as_the_schema_has_them),
        cmocka_unit_test(every_path_of_a_walk_is_found_again),
        cmocka_unit_test(signed_fields_are_those_of_the_domain_and_no_others),
        cmocka_unit_test(an_enum_value_of_a_newer_schema_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
