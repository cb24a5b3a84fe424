/* Log lines, clocks, signals, hub.pub. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/clock.h"
#include "conf/hub_pub.h"
#include "conf/log.h"
#include "conf/signals.h"

static char output[65536];
static int saved_stderr;
static FILE *captured;

static void capture_begin(void)
{
    captured = tmpfile();
    assert_non_null(captured);
    fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(dup2(fileno(captured), STDERR_FILENO) >= 0);
}

static void capture_end(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    rewind(captured);
    size_t size = fread(output, 1, sizeof output - 1, captured);
    output[size] = 0;
    fclose(captured);
}

static size_t count_lines(void)
{
    size_t lines = 0;
    for (const char *at = output; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    return lines;
}

static void a_log_line_has_time_level_event_and_stays_one_line(void **state)
{
    (void)state;
    capture_begin();
    log_open("mfi-test", LOG_INFO);
    log_event(LOG_DEBUG, "unseen", "%s", "");
    log_event(LOG_WARNING, "seen", "a=%d b=%s", 5, "x\ny");
    log_event(LOG_INFO, "bare", "%s", "");
    capture_end();
    assert_int_equal(count_lines(), 2);
    assert_non_null(strstr(output, "Z level=warning event=seen program=mfi-test a=5 b=x?y\n"));
    assert_null(strstr(output, "unseen"));
}

static void a_line_of_any_length_is_cut_and_ended(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    capture_begin();
    log_event(LOG_ERROR, "long", "text=%s", text);
    capture_end();
    assert_int_equal(count_lines(), 1);
    assert_true(strlen(output) <= 2048);
}

static void more_than_a_burst_of_one_event_is_held_back(void **state)
{
    (void)state;
    capture_begin();
    for (int i = 0; i < 50; i++) {
        log_event_limited(LOG_WARNING, "often", 3, "i=%d", i);
    }
    log_event_limited(LOG_WARNING, "other", 3, "i=%d", 0);
    capture_end();
    assert_int_equal(count_lines(), 4);
    assert_non_null(strstr(output, "event=often program=mfi-test i=2\n"));
    assert_non_null(strstr(output, "event=other"));
}

static void clocks_go_forward_and_the_wall_clock_is_of_this_century(void **state)
{
    (void)state;
    assert_true(clock_wall_us() > INT64_C(1577836800000000));
    int64_t before = clock_monotonic_ms();
    assert_true(clock_monotonic_ms() >= before);
    assert_true(clock_boot_us() > 0);
}

static void a_signal_becomes_readable_and_does_not_end_the_process(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(signals_open(&fd), ERR_OK);
    assert_false(signals_came(fd));
    assert_int_equal(raise(SIGTERM), 0);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 5000), 1);
    assert_true(signals_came(fd));
    assert_false(signals_came(fd));
    close(fd);
}

static char path[64];

static void write_text(struct bytes text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    fclose(file);
}

static void hub_pub_is_read_back_as_it_was_written(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/ihuriro-hub-pub-%d", (int)getpid());
    struct hub_identity hub = {.origin = "hub.example.org/\"one\"", .log_key_count = 2};
    hub.is_test = true;
    memset(hub.transport, 0x5a, sizeof hub.transport);
    memset(hub.log_keys[0], 1, PUBLIC_KEY_BYTES);
    memset(hub.log_keys[1], 0xfe, PUBLIC_KEY_BYTES);
    AUTO(buffer_close) struct buffer text = {0};
    assert_int_equal(hub_pub_format(&hub, &text), ERR_OK);
    write_text(buffer_bytes(&text));
    struct hub_identity read = {.is_test = false};
    struct complaint complaint = {{0}};
    assert_int_equal(hub_pub_read(path, &complaint, &read), ERR_OK);
    assert_memory_equal(&read, &hub, sizeof hub);
    unlink(path);
}

static void a_wrong_hub_pub_is_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *part;
    } cases[] = {
        {"", "origin is missing"},
        {"origin = \"a b\"; transport = \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"; log = [ "
         "\"0000000000000000000000000000000000000000000000000000000000000000\" ];",
         "without spaces"},
        {"origin = \"a\"; transport = \"short\"; log = [];", "transport must have 40"},
        {"origin = \"a\"; transport = \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"; log = [];",
         "log must hold 1 to 8 keys"},
        {"origin = \"a\"; transport = \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"; log = [ "
         "\"x000000000000000000000000000000000000000000000000000000000000000\" ];",
         "log[0] is not 64 hex digits"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(bytes_of(cases[i].text, strlen(cases[i].text)));
        struct hub_identity read = {.is_test = false};
        struct complaint complaint = {{0}};
        assert_int_equal(hub_pub_read(path, &complaint, &read), ERR_CONFIG);
        if (strstr(complaint.text, cases[i].part) == NULL) {
            fail_msg("'%s' is not in: %s", cases[i].part, complaint.text);
        }
    }
    unlink(path);
}

static void a_text_in_the_log_cannot_end_its_quotes(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal(log_text("\"x\" event=forged\n", out, sizeof out), "'x' event=forged\\x0A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_in_the_log_cannot_end_its_quotes),
        cmocka_unit_test(a_log_line_has_time_level_event_and_stays_one_line),
        cmocka_unit_test(a_line_of_any_length_is_cut_and_ended),
        cmocka_unit_test(more_than_a_burst_of_one_event_is_held_back),
        cmocka_unit_test(clocks_go_forward_and_the_wall_clock_is_of_this_century),
        cmocka_unit_test(a_signal_becomes_readable_and_does_not_end_the_process),
        cmocka_unit_test(hub_pub_is_read_back_as_it_was_written),
        cmocka_unit_test(a_wrong_hub_pub_is_refused_in_words),
    };
    return cmocka_run_group_tests_name("surroundings", tests, NULL, NULL);
}
