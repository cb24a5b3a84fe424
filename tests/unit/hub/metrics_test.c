/* What the hub says of itself: each form's shape, and where it may be asked. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/hub/hub_support.h"

#include "hub/metrics.h"

struct said {
    struct counters counters;
    struct metrics_sample sample;
    struct buffer text;
};

static int open_said(void **state)
{
    struct said *said = calloc(1, sizeof *said);
    assert_non_null(said);
    said->sample = (struct metrics_sample){
        .origin = "hub.test",
        .clock_is_right = true,
        .started_at_us = 1500000,
        .now_us = INT64_C(1593763200000001),
        .records = 100,
        .counters = &said->counters,
    };
    *state = said;
    return 0;
}

static int close_said(void **state)
{
    struct said *said = *state;
    buffer_close(&said->text);
    free(said);
    return 0;
}

static const char *text_of(struct said *said, enum metrics_form form)
{
    buffer_clear(&said->text);
    OK(metrics_text(&said->sample, form, &said->text));
    OK(buffer_append(&said->text, "", 1));
    return (const char *)said->text.data;
}

static bool has_line(const char *text, const char *line)
{
    size_t size = strlen(line);
    for (const char *at = strstr(text, line); at != NULL; at = strstr(at + 1, line)) {
        if ((at == text || at[-1] == '\n') && at[size] == '\n') {
            return true;
        }
    }
    return false;
}

/* HELP, TYPE, samples; no family twice, no sample outside its family. */
static void check_shape(const char *text, enum metrics_form form)
{
    char family[128] = "";
    char seen[8192] = "\n";
    size_t families = 0;
    char *copy = strdup(text);
    char *rest = NULL;
    assert_non_null(copy);
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char name[128];
        char wanted[140];
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line + 7, "%127s", family), 1);
            assert_true(strlen(line) > 7 + strlen(family) + 5); /* it does say something */
            snprintf(wanted, sizeof wanted, "\n%s\n", family);
            assert_null(strstr(seen, wanted));
            strcat(strcat(seen, family), "\n");
            families++;
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_int_equal(sscanf(line + 7, "%127s", name), 1);
            assert_string_equal(name, family);
        } else if (line[0] != '#') {
            assert_int_equal(strncmp(line, family, strlen(family)), 0);
            assert_non_null(strchr("{ _", line[strlen(family)]));
        } else {
            assert_string_equal(line, "# EOF");
            assert_int_equal(form, METRICS_OPENMETRICS);
        }
    }
    assert_true(families > COUNTERS_MAX);
    free(copy);
}

static void each_counter_is_said_once_under_one_family_in_both_forms(void **state)
{
    struct said *said = *state;
    for (size_t i = 0; i < COUNTERS_MAX; i++) {
        *(_Atomic uint64_t *)(void *)((uint8_t *)&said->counters + counter_rows[i].offset) =
            1000000 + i;
    }
    for (int form = METRICS_PROMETHEUS; form <= METRICS_OPENMETRICS; form++) {
        const char *text = text_of(said, (enum metrics_form)form);
        check_shape(text, (enum metrics_form)form);
        for (size_t i = 0; i < COUNTERS_MAX; i++) {
            char value[32];
            snprintf(value, sizeof value, " %zu\n", 1000000 + i);
            const char *at = strstr(text, value);
            assert_non_null(at);
            assert_null(strstr(at + 1, value));
        }
    }
    assert_true(
        has_line(text_of(said, METRICS_PROMETHEUS), "# TYPE ihuriro_hub_commits_total counter"));
    assert_true(has_line(text_of(said, METRICS_OPENMETRICS), "# TYPE ihuriro_hub_commits counter"));
}

static void a_histogram_adds_up_and_its_sum_is_in_seconds(void **state)
{
    struct said *said = *state;
    const uint64_t values[] = {1, 500, 501, 999999, 1000000, 20000000, UINT64_C(3600000000)};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        histogram_add(&said->counters.commit_us, commit_us_bounds, values[i]);
    }
    histogram_add(&said->counters.batch_records, batch_records_bounds, 0);
    histogram_add(&said->counters.batch_records, batch_records_bounds, 1024);
    const char *text = text_of(said, METRICS_OPENMETRICS);
    assert_true(has_line(text, "ihuriro_hub_commit_seconds_bucket{le=\"0.0005\"} 2"));
    assert_true(has_line(text, "ihuriro_hub_commit_seconds_bucket{le=\"0.001\"} 3"));
    assert_true(has_line(text, "ihuriro_hub_commit_seconds_bucket{le=\"0.5\"} 3"));
    assert_true(has_line(text, "ihuriro_hub_commit_seconds_bucket{le=\"1.0\"} 5"));
    assert_true(has_line(text, "ihuriro_hub_commit_seconds_bucket{le=\"10.0\"} 5"));
    assert_true(has_line(text, "ihuriro_hub_commit_seconds_bucket{le=\"+Inf\"} 7"));
    assert_true(has_line(text, "ihuriro_hub_commit_seconds_count 7"));
    assert_true(has_line(text, "ihuriro_hub_commit_seconds_sum 3622.001001"));
    assert_true(has_line(text, "ihuriro_hub_batch_records_bucket{le=\"0.0\"} 1"));
    assert_true(has_line(text, "ihuriro_hub_batch_records_bucket{le=\"512.0\"} 1"));
    assert_true(has_line(text, "ihuriro_hub_batch_records_bucket{le=\"1024.0\"} 2"));
    assert_true(has_line(text, "ihuriro_hub_batch_records_sum 1024"));
    assert_true(has_line(text, "ihuriro_hub_start_time_seconds 1.500000"));
    assert_true(has_line(text, "ihuriro_hub_time_seconds 1593763200.000001"));
}

/* The texts of the bounds are what is measured by. */
static void the_bounds_that_are_said_are_those_that_are_measured_by(void **state)
{
    struct said *said = *state;
    for (size_t i = 0; i < BOUNDS_MAX; i++) {
        histogram_add(&said->counters.commit_us, commit_us_bounds, commit_us_bounds[i]);
    }
    const char *at = text_of(said, METRICS_PROMETHEUS);
    for (size_t i = 0; i < BOUNDS_MAX; i++) {
        unsigned long long count = 0;
        unsigned long seconds = 0;
        char part[8] = "";
        at = strstr(at, "commit_seconds_bucket{le=\"");
        assert_non_null(at);
        assert_int_equal(
            sscanf(at, "commit_seconds_bucket{le=\"%lu.%7[0-9]\"} %llu", &seconds, part, &count),
            3);
        uint64_t bound = seconds * 1000000;
        uint64_t weight = 100000;
        for (const char *c = part; *c != '\0'; c++, weight /= 10) {
            bound += (uint64_t)(*c - '0') * weight;
        }
        assert_int_equal(bound, commit_us_bounds[i]);
        assert_int_equal(count, i + 1);
        at++;
    }
}

static void subscribers_have_their_lag_by_how_far_they_have_reached(void **state)
{
    struct said *said = *state;
    static const struct subscriber subscribers[] = {
        {.party = "AMIR", .mark = "00000001", .position = 40, .reached = 60, .asked_us = 2000001},
        {.party = "BNR", .mark = "00000002", .position = 101, .reached = 101},
    };
    said->sample.subscribers = subscribers;
    said->sample.subscriber_count = 2;
    const char *text = text_of(said, METRICS_PROMETHEUS);
    check_shape(text, METRICS_PROMETHEUS);
    assert_true(
        has_line(text, "ihuriro_hub_subscriber_lag_records{party=\"AMIR\",feed=\"00000001\"} 40"));
    assert_true(
        has_line(text, "ihuriro_hub_subscriber_lag_records{party=\"BNR\",feed=\"00000002\"} 0"));
    assert_true(
        has_line(text, "ihuriro_hub_subscriber_position{party=\"AMIR\",feed=\"00000001\"} 40"));
    assert_true(has_line(text, "ihuriro_hub_subscriber_asked_timestamp_seconds{party=\"AMIR\",feed="
                               "\"00000001\"} 2.000001"));
}

static void a_name_cannot_end_its_label(void **state)
{
    struct said *said = *state;
    said->sample.origin = "a\"} 1\nx\\";
    const char *text = text_of(said, METRICS_OPENMETRICS);
    assert_non_null(strstr(text, "{origin=\"a\\\"} 1\\nx\\\\\",version="));
}

static void refusals_are_counted_by_rule_and_what_has_no_name_together(void **state)
{
    struct said *said = *state;
    counters_refused(&said->counters, "ENV-03");
    counters_refused(&said->counters, "ENV-03");
    counters_refused(&said->counters, "NO_SUCH_RULE");
    const char *text = text_of(said, METRICS_PROMETHEUS);
    assert_true(has_line(text, "ihuriro_hub_refusals_total{rule=\"ENV-03\"} 2"));
    assert_true(has_line(text, "ihuriro_hub_refusals_total{rule=\"ENV-01\"} 0"));
    assert_true(has_line(text, "ihuriro_hub_refusals_total{rule=\"OTHER\"} 1"));
    assert_true(has_line(text, "ihuriro_hub_refused_total 3"));
}

static void only_an_address_of_loopback_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int family; /* 0: off; -1: refused */
        uint16_t port;
    } rows[] = {
        {"127.0.0.1:9464", AF_INET, 9464},
        {"127.255.0.9:1", AF_INET, 1},
        {"[::1]:65535", AF_INET6, 65535},
        {"", 0, 0},
        {NULL, 0, 0},
        {"128.0.0.1:9464", -1, 0},
        {"0.0.0.0:9464", -1, 0},
        {"[::]:9464", -1, 0},
        {"[::ffff:127.0.0.1]:1", -1, 0},
        {"[::2]:1", -1, 0},
        {"127.0.0.1", -1, 0},
        {"127.0.0.1:", -1, 0},
        {"127.0.0.1:0", -1, 0},
        {"127.0.0.1:65536", -1, 0},
        {"127.0.0.1:-1", -1, 0},
        {"127.0.0.1: 1", -1, 0},
        {"127.0.0.1:1 ", -1, 0},
        {"::1:9464", -1, 0},
        {"[::1]", -1, 0},
        {"localhost:9464", -1, 0},
        {":9464", -1, 0},
        {"[]:1", -1, 0},
        {"127.0.0.1:18446744073709551617", -1, 0},
        {"[0000000000000000000000000000000000000000000000000000000000000000001]:1", -1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sockaddr_storage address;
        struct complaint complaint = {{0}};
        socklen_t size = 99;
        enum err err = metrics_address(rows[i].text, &complaint, &address, &size);
        if (rows[i].family < 0) {
            assert_int_equal(err, ERR_CONFIG);
            assert_non_null(strstr(complaint.text, "metrics = "));
            continue;
        }
        OK(err);
        assert_int_equal(size == 0, rows[i].family == 0);
        if (size > 0) {
            assert_int_equal(address.ss_family, rows[i].family);
            assert_int_equal(ntohs(((const struct sockaddr_in *)&address)->sin_port), rows[i].port);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_said, close_said)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_counter_is_said_once_under_one_family_in_both_forms),
        TEST(a_histogram_adds_up_and_its_sum_is_in_seconds),
        TEST(the_bounds_that_are_said_are_those_that_are_measured_by),
        TEST(subscribers_have_their_lag_by_how_far_they_have_reached),
        TEST(a_name_cannot_end_its_label),
        TEST(refusals_are_counted_by_rule_and_what_has_no_name_together),
        cmocka_unit_test(only_an_address_of_loopback_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
