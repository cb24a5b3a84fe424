#include "tests/unit/storage/store_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "storage/acts.h"

static void log_path(struct place_of_test *here, char path[static 128])
{
    snprintf(path, 128, "%s/acts.log", here->folder);
}

static struct acts *open_acts(struct place_of_test *here)
{
    struct acts *acts = NULL;
    struct complaint complaint = {0};
    char path[128];
    log_path(here, path);
    enum err err = acts_open(path, &complaint, &acts);
    if (err != ERR_OK) {
        print_error("%s\n", complaint.text);
    }
    assert_ok(err);
    return acts;
}

static off_t file_size(struct place_of_test *here)
{
    struct stat about;
    char path[128];
    log_path(here, path);
    assert_int_equal(stat(path, &about), 0);
    return about.st_size;
}

static void add_bytes(struct place_of_test *here, const char *text)
{
    char path[128];
    log_path(here, path);
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void acts_are_there_in_order_after_reopening(void **state)
{
    AUTO(acts_close) struct acts *acts = open_acts(*state);
    const struct bytes events[] = {text_bytes("one"), text_bytes("two"), text_bytes("")};
    uint8_t id[SHA256_BYTES];
    sha256(events[1], id);
    assert_int_equal(acts_count(acts), 0);
    assert_false(acts_hold(acts, id));
    assert_ok(acts_append(acts, events, 2));
    assert_ok(acts_append(acts, events + 2, 1));
    assert_true(acts_hold(acts, id));
    acts_close(&acts);
    acts = open_acts(*state);
    assert_int_equal(acts_count(acts), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(bytes_equal(acts_at(acts, i), events[i]));
    }
    assert_true(acts_hold(acts, id));
}

static void a_line_is_as_its_header_says(void **state)
{
    AUTO(acts_close) struct acts *acts = open_acts(*state);
    const struct bytes event = text_bytes("abc");
    assert_ok(acts_append(acts, &event, 1));
    char path[128];
    char line[64] = "";
    log_path(*state, path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    assert_string_equal(line, "1 YWJj ba7816bf8f01cfea\n");
}

static void a_torn_last_line_is_cut_at_open(void **state)
{
    AUTO(acts_close) struct acts *acts = open_acts(*state);
    const struct bytes event = text_bytes("whole");
    assert_ok(acts_append(acts, &event, 1));
    acts_close(&acts);
    off_t whole = file_size(*state);
    add_bytes(*state, "1 dG9ybg== 0123");
    acts = open_acts(*state);
    assert_int_equal(acts_count(acts), 1);
    assert_int_equal(file_size(*state), whole);
    const struct bytes next = text_bytes("next");
    assert_ok(acts_append(acts, &next, 1));
    acts_close(&acts);
    acts = open_acts(*state);
    assert_int_equal(acts_count(acts), 2);
}

/* Wherever an append of several acts is broken off, or loses a sector on its way to the disk, all
 * of it is there or nothing. */
static void acts_appended_together_are_there_together(void **state)
{
    struct place_of_test *here = *state;
    static char names[3][1000];
    struct bytes events[3];
    for (size_t i = 0; i < 3; i++) {
        memset(names[i], 'a' + (int)i, sizeof names[i]);
        events[i] = bytes_of(names[i], sizeof names[i]);
    }
    AUTO(acts_close) struct acts *acts = open_acts(here);
    const struct bytes first = text_bytes("first");
    assert_ok(acts_append(acts, &first, 1));
    off_t before = file_size(here);
    assert_ok(acts_append(acts, events, 3));
    off_t after = file_size(here);
    acts_close(&acts);
    static char whole[8192];
    char path[128];
    log_path(here, path);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && after < (off_t)sizeof whole);
    assert_int_equal(pread(fd, whole, sizeof whole, 0), after);
    for (off_t size = before; size <= after; size += size + 50 < after ? 50 : 1) {
        assert_int_equal(pwrite(fd, whole, (size_t)after, 0), after);
        assert_int_equal(ftruncate(fd, size), 0);
        acts = open_acts(here);
        assert_int_equal(acts_count(acts), size == after ? 4 : 1);
        assert_int_equal(file_size(here), size == after ? after : before);
        acts_close(&acts);
    }
    for (off_t lost = before; lost < after; lost += 512 - lost % 512) {
        static const char zeros[512];
        size_t size = (size_t)(512 - lost % 512);
        size = size < (size_t)(after - lost) ? size : (size_t)(after - lost);
        assert_int_equal(pwrite(fd, whole, (size_t)after, 0), after);
        assert_int_equal(pwrite(fd, zeros, size, lost), size);
        acts = open_acts(here);
        assert_int_equal(acts_count(acts), 1);
        assert_ok(acts_append(acts, &events[1], 1));
        acts_close(&acts);
        acts = open_acts(here);
        assert_int_equal(acts_count(acts), 2);
        acts_close(&acts);
        assert_int_equal(ftruncate(fd, before), 0);
    }
    close(fd);
}

/* Zeros in what others follow were no crash. */
static void zeros_before_the_last_append_refuse_the_start(void **state)
{
    struct place_of_test *here = *state;
    AUTO(acts_close) struct acts *acts = open_acts(here);
    const struct bytes events[] = {text_bytes("one"), text_bytes("two"), text_bytes("three")};
    assert_ok(acts_append(acts, events, 2));
    assert_ok(acts_append(acts, events + 2, 1));
    acts_close(&acts);
    off_t before = file_size(here);
    char path[128];
    struct complaint complaint = {0};
    log_path(here, path);
    for (off_t at = 0; at < 40; at += 5) {
        char kept;
        int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, &kept, 1, at), 1);
        assert_int_equal(pwrite(fd, "", 1, at), 1);
        assert_int_not_equal(acts_open(path, &complaint, &acts), ERR_OK);
        assert_non_null(strstr(complaint.text, "damaged"));
        assert_int_equal(file_size(here), before);
        assert_int_equal(pwrite(fd, &kept, 1, at), 1);
        close(fd);
    }
}

static void a_bad_line_refuses_the_start_and_is_named(void **state)
{
    static const struct {
        const char *line;
        enum err err;
    } bad[] = {
        {"1 YWJj ba7816bf8f01cfeb\n", ERR_CORRUPT},
        {"1 YWJk ba7816bf8f01cfea\n", ERR_CORRUPT},
        {"2 YWJj ba7816bf8f01cfea\n", ERR_UNSUPPORTED},
        {"1 YW*j ba7816bf8f01cfea\n", ERR_MALFORMED},
        {"1 YWJjba7816bf8f01cfea\n", ERR_MALFORMED},
        {"\n", ERR_MALFORMED},
        {"1 YWJj BA7816BF8F01CFEA\n", ERR_CORRUPT},
    };
    struct place_of_test *here = *state;
    char path[128];
    log_path(here, path);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(acts_close) struct acts *acts = open_acts(here);
        const struct bytes event = text_bytes("good");
        assert_ok(acts_append(acts, &event, 1));
        acts_close(&acts);
        add_bytes(here, bad[i].line);
        add_bytes(here, "1 YWJj ba7816bf8f01cfea\n");
        off_t before = file_size(here);
        struct complaint complaint = {0};
        assert_int_equal(acts_open(path, &complaint, &acts), bad[i].err);
        assert_non_null(strstr(complaint.text, "line 2"));
        assert_non_null(strstr(complaint.text, "backup"));
        assert_int_equal(file_size(here), before);
        assert_int_equal(unlink(path), 0);
    }
}

static void the_same_act_is_held_once(void **state)
{
    AUTO(acts_close) struct acts *acts = open_acts(*state);
    const struct bytes events[] = {text_bytes("new"), text_bytes("abc")};
    assert_ok(acts_append(acts, events + 1, 1));
    off_t before = file_size(*state);
    assert_int_equal(acts_append(acts, events, 2), ERR_EXISTS); /* none of them */
    assert_int_equal(file_size(*state), before);
    assert_int_equal(acts_count(acts), 1);
    acts_close(&acts);
    add_bytes(*state, "1 YWJj ba7816bf8f01cfea\n");
    acts = open_acts(*state);
    assert_int_equal(acts_count(acts), 1);
}

static void many_acts_are_found_by_id(void **state)
{
    AUTO(acts_close) struct acts *acts = open_acts(*state);
    char text[16];
    for (int i = 0; i < 500; i++) {
        snprintf(text, sizeof text, "act %d", i);
        const struct bytes event = text_bytes(text);
        assert_ok(acts_append(acts, &event, 1));
    }
    for (int i = 0; i < 1000; i++) {
        uint8_t id[SHA256_BYTES];
        snprintf(text, sizeof text, "act %d", i);
        sha256(text_bytes(text), id);
        assert_int_equal(acts_hold(acts, id), i < 500);
    }
}

static void a_failed_write_leaves_none_of_its_acts(void **state)
{
    AUTO(acts_close) struct acts *acts = open_acts(*state);
    static uint8_t large[EVENT_BYTES_MAX];
    const struct bytes first = text_bytes("first");
    assert_ok(acts_append(acts, &first, 1));
    off_t before = file_size(*state);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {.rlim_cur = (rlim_t)before + 1000, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const struct bytes events[] = {text_bytes("second"), bytes_of(large, sizeof large)};
    enum err err = acts_append(acts, events, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(err, ERR_FULL);
    assert_int_equal(file_size(*state), before);
    assert_int_equal(acts_count(acts), 1);
    assert_ok(acts_append(acts, events, 2)); /* there is room again */
    acts_close(&acts);
    acts = open_acts(*state);
    assert_int_equal(acts_count(acts), 3);
}

static void an_event_over_its_limit_is_refused(void **state)
{
    AUTO(acts_close) struct acts *acts = open_acts(*state);
    static uint8_t large[EVENT_BYTES_MAX + 1];
    const struct bytes event = bytes_of(large, sizeof large);
    assert_int_equal(acts_append(acts, &event, 1), ERR_TOO_LARGE);
    assert_int_equal(acts_count(acts), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(acts_are_there_in_order_after_reopening),
        TEST(a_line_is_as_its_header_says),
        TEST(a_torn_last_line_is_cut_at_open),
        TEST(acts_appended_together_are_there_together),
        TEST(zeros_before_the_last_append_refuse_the_start),
        TEST(a_bad_line_refuses_the_start_and_is_named),
        TEST(the_same_act_is_held_once),
        TEST(many_acts_are_found_by_id),
        TEST(a_failed_write_leaves_none_of_its_acts),
        TEST(an_event_over_its_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
