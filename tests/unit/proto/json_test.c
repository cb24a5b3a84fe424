#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <string.h>

#include "proto/envelope.h"
#include "proto/json.h"
#include "proto/rules.h"
#include "tests/support/reports.h"

static void assert_line(json_t *value, const char *wanted)
{
    AUTO(buffer_close) struct buffer line = {0};
    assert_non_null(value);
    assert_int_equal(json_line(value, &line), ERR_OK);
    json_decref(value);
    assert_int_equal(buffer_append(&line, "", 1), ERR_OK);
    assert_string_equal((const char *)line.data, wanted);
}

static void a_report_has_one_line_in_schema_order(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    PbReport *report = report_of_exposures(&arena, "RW-MF-412", "2020-06", 2);
    report_make_final(&arena, report);
    report->note = arena_text(&arena, "caf\xC3\xA9 \"x\"\n");
    assert_line(
        json_of_message(&report->base),
        "{\"schema_version\":1,\"institution\":\"RW-MF-412\",\"type\":\"EXPOSURES\","
        "\"period\":\"2020-06\",\"vintage\":2,\"status\":\"FINAL\","
        "\"produced_at\":\"2020-07-02T08:15:00Z\",\"currency\":\"RWF\","
        "\"currency_exponent\":0,\"reason\":\"ERROR\",\"note\":\"caf\xC3\xA9 \\\"x\\\"\\n\","
        "\"source\":{\"kind\":\"CSV\",\"agent_version\":\"0.1.0\",\"rows\":4,\"rejected_rows\":0,"
        "\"overdue_basis\":\"ANY\",\"control_total\":1500000},"
        "\"signoff\":{\"level\":\"APPROVED\",\"prepared_role\":\"accountant\","
        "\"prepared_code\":\"A-07\",\"approved_role\":\"manager\",\"approved_code\":\"M-01\","
        "\"approved_at\":\"2020-07-02T08:15:00Z\"},"
        "\"exposures\":{\"largest_borrower\":600000,\"top20_borrowers\":1500000,"
        "\"related_party\":100000,\"insider\":50000,\"largest_depositor\":150000,"
        "\"top20_depositors\":900000}}\n");
}

static void days_are_dates_but_days_to_maturity_are_numbers(void **state)
{
    (void)state;
    PbLiquidity liquidity = IHURIRO__V1__LIQUIDITY__INIT;
    PbMaturityRow row = IHURIRO__V1__MATURITY_ROW__INIT;
    PbMaturityRow *rows[] = {&row};
    row.item = IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS;
    row.from_day = 366;
    row.to_day = -1;
    row.has_behavioural = 1;
    liquidity.maturities = rows;
    liquidity.n_maturities = 1;
    liquidity.has_peak_day = 1;
    liquidity.peak_day = 18443;
    assert_line(json_of_message(&liquidity.base),
                "{\"maturities\":[{\"item\":\"BORROWINGS\",\"from_day\":366,\"to_day\":-1,"
                "\"behavioural\":false}],\"peak_day\":\"2020-06-30\"}\n");
}

static void what_has_no_text_is_a_number_and_what_has_no_number_is_text(void **state)
{
    (void)state;
    PbPortfolio portfolio = IHURIRO__V1__PORTFOLIO__INIT;
    portfolio.has_loans_outstanding = 1;
    portfolio.loans_outstanding = UINT64_MAX;
    portfolio.has_glp = 1;
    portfolio.glp = INT64_MIN;
    assert_line(json_of_message(&portfolio.base),
                "{\"glp\":-9223372036854775808,\"loans_outstanding\":\"18446744073709551615\"}\n");
    PbLiquidity liquidity = IHURIRO__V1__LIQUIDITY__INIT;
    liquidity.has_peak_day = 1;
    liquidity.peak_day = INT32_MAX;
    assert_line(json_of_message(&liquidity.base), "{\"peak_day\":2147483647}\n");
    Ihuriro__V1__SignOff signoff = IHURIRO__V1__SIGN_OFF__INIT;
    signoff.has_level = 1;
    signoff.level = (Ihuriro__V1__SignOff__Level)99;
    signoff.has_approved_at_us = 1;
    signoff.approved_at_us = INT64_MAX;
    assert_line(json_of_message(&signoff.base),
                "{\"level\":99,\"approved_at\":9223372036854775807}\n");
}

/* A header as the journal has it; hashes and keys are what the case needs. */
static struct header make_header(int kind)
{
    struct header header = {.version = HEADER_VERSION,
                            .kind = (uint8_t)kind,
                            .header_bytes = HEADER_BYTES,
                            .seq = 417,
                            .institution = "RW-MF-412",
                            .received_at_us = INT64_C(1593764100000000),
                            .first_received_at_us = INT64_C(1593764100000001)};
    memset(header.id, 0xAB, sizeof header.id);
    if (kind == KIND_REPORT) {
        header.type = TYPE_PORTFOLIO;
        header.frequency = FREQUENCY_M;
        header.verdict = VERDICT_REJECTED;
        header.status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
        header.period_end_day = 18443;
        header.vintage = 1;
    }
    return header;
}

#define ID "abababababababababababababababababababababababababababababababab"
#define OF_REPORT                                                                             \
    "{\"kind\":\"report\",\"seq\":417,\"id\":\"" ID "\",\"institution\":\"RW-MF-412\","       \
    "\"type\":\"PORTFOLIO\",\"period\":\"2020-06\",\"vintage\":1,\"status\":\"PROVISIONAL\"," \
    "\"verdict\":\"REJECTED\",\"received_at\":\"2020-07-03T08:15:00Z\","                      \
    "\"first_received_at\":\"2020-07-03T08:15:00.000001Z\""

/* Of a hub that took it: one such text must not stop a reader. */
static void a_text_that_is_not_utf8_is_shown_escaped(void **state)
{
    Ihuriro__V1__Done done = IHURIRO__V1__DONE__INIT;
    (void)state;
    done.text = (char *)(uintptr_t) "caf\xE9";
    assert_line(json_of_message(&done.base), "{\"text\":\"caf\\\\xE9\"}\n");
    done.text = (char *)(uintptr_t) "caf\xC3\xA9";
    assert_line(json_of_message(&done.base), "{\"text\":\"caf\xC3\xA9\"}\n");
}

static void a_record_without_judgement_and_body_shows_its_header(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct header header = make_header(KIND_REPORT);
    assert_line(json_of_record(&header, bytes_of(NULL, 0), bytes_of(NULL, 0), &arena),
                OF_REPORT "}\n");
}

static void findings_show_their_values_like_the_fields_they_are_of(void **state)
{
    static char sums[] = "POR-01";
    static char aging[] = "portfolio.aging";
    static char held[] = "ENV-04";
    static char vintage[] = "vintage";
    static char dates[] = "ENV-06";
    static char as_of[] = "period.as_of_day";
    static char made[] = "ENV-07";
    static char produced[] = "produced_at_us";
    static char reason[] = "ENV-10";
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer judgement = {0};
    const struct {
        char *rule;
        char *path;
        int severity;
        bool has_values;
        int64_t expected;
        int64_t got;
    } rows[] = {
        {sums, aging, SEVERITY_ERROR, true, 1500000, 1500001},
        {held, vintage, SEVERITY_ERROR, true, 2, INT64_C(1593764100000000)},
        {dates, as_of, SEVERITY_ERROR, true, 18442, 18443},
        {made, produced, SEVERITY_WARNING, true, 0, 1},
        {reason, NULL, SEVERITY_INFO, false, 0, 0},
    };
    struct findings findings = {.arena = &arena};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PbFinding *finding = &findings.rows[findings.count++];
        ihuriro__v1__finding__init(finding);
        finding->rule = rows[i].rule;
        finding->path = rows[i].path;
        finding->severity = (Ihuriro__V1__Severity)rows[i].severity;
        finding->has_expected = finding->has_got = rows[i].has_values;
        finding->expected = rows[i].expected;
        finding->got = rows[i].got;
    }
    uint8_t settings[SHA256_BYTES];
    memset(settings, 0xAB, sizeof settings);
    assert_int_equal(judgement_pack(settings, &findings, &judgement), ERR_OK);
    struct header header = make_header(KIND_REPORT);
    assert_line(json_of_record(&header, buffer_bytes(&judgement), bytes_of(NULL, 0), &arena),
                OF_REPORT
                ",\"settings\":\"" ID "\",\"findings\":["
                "{\"rule\":\"POR-01\",\"severity\":\"ERROR\",\"path\":\"portfolio.aging\","
                "\"expected\":1500000,\"got\":1500001},"
                "{\"rule\":\"ENV-04\",\"severity\":\"ERROR\",\"path\":\"vintage\",\"expected\":2,"
                "\"got\":\"2020-07-03T08:15:00Z\"},"
                "{\"rule\":\"ENV-06\",\"severity\":\"ERROR\",\"path\":\"period.as_of_day\","
                "\"expected\":\"2020-06-29\",\"got\":\"2020-06-30\"},"
                "{\"rule\":\"ENV-07\",\"severity\":\"WARNING\",\"path\":\"produced_at_us\","
                "\"expected\":\"1970-01-01T00:00:00Z\",\"got\":\"1970-01-01T00:00:00.000001Z\"},"
                "{\"rule\":\"ENV-10\",\"severity\":\"INFO\"}]}\n");
}

/* The report's bytes in an envelope; the signature is not looked at here. */
static void pack_envelope(const PbReport *report, struct buffer *envelope)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    const uint8_t signer[PUBLIC_KEY_BYTES] = {0};
    const uint8_t signature[SIGNATURE_BYTES] = {0};
    report_pack(report, &bytes);
    assert_int_equal(envelope_pack(buffer_bytes(&bytes), signer, signature, envelope), ERR_OK);
}

static void a_record_with_its_body_holds_the_report(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    PbReport *report = report_of_nil(&arena, TYPE_PORTFOLIO, "RW-MF-412", "2020-06", 1);
    report->source = NULL;
    report->signoff = NULL;
    pack_envelope(report, &envelope);
    struct header header = make_header(KIND_REPORT);
    assert_line(json_of_record(&header, bytes_of("", 0), buffer_bytes(&envelope), &arena),
                OF_REPORT ",\"findings\":[],\"report\":{\"schema_version\":1,"
                          "\"institution\":\"RW-MF-412\",\"type\":\"PORTFOLIO\","
                          "\"period\":\"2020-06\",\"vintage\":1,\"status\":\"PROVISIONAL\","
                          "\"produced_at\":\"2020-07-02T08:15:00Z\",\"currency\":\"RWF\","
                          "\"currency_exponent\":0,\"nil\":true}}\n");
}

static void an_event_has_its_subject_and_no_place(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    uint8_t nonce[16] = {0xFF};
    char subject[] = "RW-MF-412";
    PbPartyAct act = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    act.has_role = 1;
    act.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    act.has_valid_from_day = 1;
    act.valid_from_day = 18262;
    event.time_us = INT64_C(1593764100000001);
    event.nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    event.subject = subject;
    event.party = &act;
    assert_int_equal(message_pack(&event.base, &packed), ERR_OK);
    struct header header = make_header(KIND_PARTY);
    assert_line(json_of_record(&header, bytes_of(NULL, 0), buffer_bytes(&packed), &arena),
                "{\"kind\":\"party\",\"seq\":417,\"id\":\"" ID "\",\"institution\":\"RW-MF-412\","
                "\"received_at\":\"2020-07-03T08:15:00Z\","
                "\"first_received_at\":\"2020-07-03T08:15:00.000001Z\","
                "\"event\":{\"time\":\"2020-07-03T08:15:00.000001Z\","
                "\"nonce\":\"ff000000000000000000000000000000\",\"subject\":\"RW-MF-412\","
                "\"party\":{\"role\":\"MEMBER\",\"valid_from_day\":\"2020-01-01\"}}}\n");
    header.institution[0] = '\0';
    assert_line(json_of_record(&header, bytes_of(NULL, 0), bytes_of(NULL, 0), &arena),
                "{\"kind\":\"party\",\"seq\":417,\"id\":\"" ID "\","
                "\"received_at\":\"2020-07-03T08:15:00Z\","
                "\"first_received_at\":\"2020-07-03T08:15:00.000001Z\"}\n");
}

static void an_order_shows_what_it_says(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer order_bytes = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    PbOrder order = IHURIRO__V1__ORDER__INIT;
    Ihuriro__V1__SignedOrder signed_order = IHURIRO__V1__SIGNED_ORDER__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    char id[] = "X-1";
    char reason[] = "a flood";
    char authority[] = "BNR";
    order.id = id;
    order.reason = reason;
    order.authority = authority;
    order.from_day = 18353;
    order.until_day = 18535;
    order.signed_us = INT64_C(1593764100000000);
    assert_int_equal(message_pack(&order.base, &order_bytes), ERR_OK);
    signed_order.order = pb_of_bytes(buffer_bytes(&order_bytes));
    event.order = &signed_order;
    assert_int_equal(message_pack(&event.base, &packed), ERR_OK);
    struct header header = make_header(KIND_ORDER);
    json_t *value = json_of_record(&header, bytes_of(NULL, 0), buffer_bytes(&packed), &arena);
    AUTO(buffer_close) struct buffer line = {0};
    assert_non_null(value);
    assert_int_equal(json_line(json_object_get(value, "order"), &line), ERR_OK);
    assert_int_equal(buffer_append(&line, "", 1), ERR_OK);
    assert_string_equal((const char *)line.data,
                        "{\"id\":\"X-1\",\"from_day\":\"2020-04-01\",\"until_day\":\"2020-09-30\","
                        "\"reason\":\"a flood\",\"signed\":\"2020-07-03T08:15:00Z\","
                        "\"authority\":\"BNR\"}\n");
    json_decref(value);
    /* bytes that are none are shown as they are */
    signed_order.order = pb_of_bytes(bytes_of("\xFF", 1));
    buffer_clear(&packed);
    assert_int_equal(message_pack(&event.base, &packed), ERR_OK);
    value = json_of_record(&header, bytes_of(NULL, 0), buffer_bytes(&packed), &arena);
    assert_non_null(value);
    assert_null(json_object_get(value, "order"));
    json_decref(value);
}

static void a_rejected_period_that_is_none_is_null(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct header header = make_header(KIND_REPORT);
    header.period_end_day = 18442;
    json_t *value = json_of_record(&header, bytes_of(NULL, 0), bytes_of(NULL, 0), &arena);
    assert_non_null(value);
    assert_true(json_is_null(json_object_get(value, "period")));
    json_decref(value);
}

static void parts_that_do_not_parse_give_no_record(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct header report = make_header(KIND_REPORT);
    struct header event = make_header(KIND_PARTY);
    struct bytes bad = bytes_of("\xFF\xFF\xFF", 3);
    assert_null(json_of_record(&report, bad, bytes_of(NULL, 0), &arena));
    assert_null(json_of_record(&report, bytes_of(NULL, 0), bad, &arena));
    assert_null(json_of_record(&event, bytes_of(NULL, 0), bad, &arena));
}

static void a_line_over_the_buffers_limit_leaves_it_as_it_was(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer line = {.limit = 8};
    json_t *value = json_string("longer than eight");
    assert_int_equal(buffer_append(&line, "abc", 3), ERR_OK);
    assert_int_not_equal(json_line(value, &line), ERR_OK);
    assert_int_equal(line.size, 3);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_has_one_line_in_schema_order),
        cmocka_unit_test(days_are_dates_but_days_to_maturity_are_numbers),
        cmocka_unit_test(what_has_no_text_is_a_number_and_what_has_no_number_is_text),
        cmocka_unit_test(a_text_that_is_not_utf8_is_shown_escaped),
        cmocka_unit_test(a_record_without_judgement_and_body_shows_its_header),
        cmocka_unit_test(findings_show_their_values_like_the_fields_they_are_of),
        cmocka_unit_test(a_record_with_its_body_holds_the_report),
        cmocka_unit_test(an_event_has_its_subject_and_no_place),
        cmocka_unit_test(an_order_shows_what_it_says),
        cmocka_unit_test(a_rejected_period_that_is_none_is_null),
        cmocka_unit_test(parts_that_do_not_parse_give_no_record),
        cmocka_unit_test(a_line_over_the_buffers_limit_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
