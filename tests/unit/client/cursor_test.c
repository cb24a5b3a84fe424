/* The cursor file, the output that goes with it, and older positions at doubling distances. */
#include "agents/client/cursor.h"
#include "agents/client/durable.h"
#include "agents/feed/output.h"
#include "tests/support/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK(call) assert_int_equal((call), ERR_OK)

static char folder[32];
static char out_path[64];
static char cursor_path[64];
static char lock_path[64];
static uint8_t filter[SHA256_BYTES] = {7};

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ihuriro-cursor-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(out_path, sizeof out_path, "%s/out", folder);
    snprintf(cursor_path, sizeof cursor_path, "%s/cursor", folder);
    snprintf(lock_path, sizeof lock_path, "%s/cursor.lock", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(out_path);
    unlink(cursor_path);
    unlink(lock_path);
    return rmdir(folder);
}

static struct position position_of(uint64_t size)
{
    struct position position = {.size = size};
    put_u64(position.root.bytes, size);
    return position;
}

static void older_positions_lie_at_about_doubling_distances(void **state)
{
    (void)state;
    struct cursor_state cursor = {0};
    for (uint64_t size = 1; size <= 200000; size++) {
        struct position to = position_of(size);
        cursor_advance(&cursor, &to);
    }
    assert_int_equal(cursor.older_count, OLDER_POSITIONS_MAX);
    assert_int_equal(cursor.older[0].size, 199999);
    assert_int_equal(cursor.older[OLDER_POSITIONS_MAX - 1].size, 1);
    for (size_t i = 1; i < cursor.older_count; i++) {
        uint64_t near = 200000 - cursor.older[i - 1].size;
        uint64_t far = 200000 - cursor.older[i].size;
        assert_true(far > near);
        assert_true(far <= 4 * near); /* no hole that costs much to fetch again */
    }
}

static void a_rewind_drops_what_came_after_it(void **state)
{
    (void)state;
    struct cursor_state cursor = {0};
    for (uint64_t size = 10; size <= 50; size += 10) {
        struct position to = position_of(size);
        cursor_advance(&cursor, &to);
    }
    struct position thirty = position_of(30);
    assert_true(cursor_names(&cursor, &thirty));
    cursor_rewind(&cursor, &thirty);
    assert_int_equal(cursor.position.size, 30);
    assert_int_equal(cursor.older_count, 2);
    assert_int_equal(cursor.older[0].size, 20);
    struct position other = position_of(20);
    other.root.bytes[31] = 1;
    assert_false(cursor_names(&cursor, &other));
    struct position zero = {.size = 0};
    assert_true(cursor_names(&cursor, &zero));
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    struct cursor_state cursor = {.has_rights = true, .rights = {1, 2}, .filter = {3}};
    struct cursor_state read;
    struct complaint complaint = {{0}};
    for (uint64_t size = 1; size <= 100; size++) {
        struct position to = position_of(size);
        cursor_advance(&cursor, &to);
    }
    cursor.has_output = true;
    cursor.output_bytes = UINT64_C(5000000000);
    OK(cursor_write(cursor_path, &cursor, &complaint));
    OK(cursor_read(cursor_path, &complaint, &read));
    assert_true(position_equal(&read.position, &cursor.position));
    assert_int_equal(read.older_count, cursor.older_count);
    assert_memory_equal(read.older, cursor.older, cursor.older_count * sizeof cursor.older[0]);
    assert_int_equal(read.output_bytes, cursor.output_bytes);
    assert_memory_equal(read.rights, cursor.rights, SHA256_BYTES);
    assert_false(read.is_bare);
    cursor.is_bare = true;
    cursor.has_rights = false;
    OK(cursor_write(cursor_path, &cursor, &complaint));
    OK(cursor_read(cursor_path, &complaint, &read));
    assert_true(read.is_bare);
    assert_false(read.has_rights);
}

static void a_damaged_cursor_is_refused_with_what_to_do(void **state)
{
    (void)state;
    struct cursor_state cursor;
    struct complaint complaint = {{0}};
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"format\":1}",
        "{\"format\":2,\"position\":{\"size\":1,\"root\":\"\"}}",
        "{\"format\":1,\"position\":{\"size\":-1,\"root\":\"\"},\"older\":[],\"filter\":\"00\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        OK(durable_replace(cursor_path, bytes_of(texts[i], strlen(texts[i])), &complaint));
        assert_int_equal(cursor_read(cursor_path, &complaint, &cursor), ERR_MALFORMED);
        assert_non_null(strstr(complaint.text, "begin again"));
    }
    unlink(cursor_path);
    assert_int_equal(cursor_read(cursor_path, &complaint, &cursor), ERR_NOT_FOUND);
}

/* ---- output and cursor: one durable step ---- */

static enum err open_output(struct output **ret_output, struct cursor_state *cursor, bool *is_new)
{
    struct complaint complaint = {{0}};
    struct output_options options = {.file = out_path, .cursor = cursor_path, .filter = filter};
    return output_open(&options, &complaint, ret_output, cursor, is_new);
}

static void put(struct output *output, struct cursor_state *cursor, const char *lines,
                uint64_t size)
{
    struct complaint complaint = {{0}};
    struct position to = position_of(size);
    cursor_advance(cursor, &to);
    OK(output_put(output, bytes_of(lines, strlen(lines)), cursor, &complaint));
}

static void append_to_out(const char *text)
{
    FILE *file = fopen(out_path, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_out(const char *text)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    OK(durable_read(out_path, 4096, NULL, &bytes));
    assert_int_equal(bytes.size, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.size);
}

static void lines_whose_cursor_was_not_written_are_cut_away(void **state)
{
    (void)state;
    struct output *output = NULL;
    struct cursor_state cursor;
    bool is_new = false;
    OK(open_output(&output, &cursor, &is_new));
    assert_true(is_new);
    put(output, &cursor, "one\ntwo\n", 2);
    output_close(&output);
    append_to_out("three\nfo"); /* killed before the cursor was written */
    OK(open_output(&output, &cursor, &is_new));
    assert_false(is_new);
    assert_int_equal(cursor.position.size, 2);
    put(output, &cursor, "three\n", 3);
    output_close(&output);
    assert_out("one\ntwo\nthree\n");
}

static void an_output_that_lost_lines_or_has_no_cursor_is_refused(void **state)
{
    (void)state;
    struct output *output = NULL;
    struct cursor_state cursor;
    bool is_new = false;
    OK(open_output(&output, &cursor, &is_new));
    put(output, &cursor, "one\ntwo\n", 2);
    output_close(&output);
    assert_int_equal(truncate(out_path, 3), 0);
    assert_int_equal(open_output(&output, &cursor, &is_new), ERR_CORRUPT);
    unlink(cursor_path);
    assert_int_equal(open_output(&output, &cursor, &is_new), ERR_EXISTS);
    assert_null(output);
}

static void a_cursor_goes_with_its_filter_and_its_beginning(void **state)
{
    (void)state;
    struct output *output = NULL;
    struct cursor_state cursor;
    struct complaint complaint = {{0}};
    bool is_new = false;
    uint8_t other[SHA256_BYTES] = {8};
    OK(open_output(&output, &cursor, &is_new));
    put(output, &cursor, "one\n", 1);
    output_close(&output);
    struct output_options options = {.file = out_path, .cursor = cursor_path, .filter = other};
    assert_int_equal(output_open(&options, &complaint, &output, &cursor, &is_new), ERR_USAGE);
    options.filter = filter;
    options.has_beginning = true;
    assert_int_equal(output_open(&options, &complaint, &output, &cursor, &is_new), ERR_USAGE);
    assert_non_null(strstr(complaint.text, "--from"));
}

static void two_that_write_one_output_exclude_each_other(void **state)
{
    (void)state;
    struct output *output = NULL;
    struct output *second = NULL;
    struct cursor_state cursor;
    bool is_new = false;
    OK(open_output(&output, &cursor, &is_new));
    assert_int_equal(open_output(&second, &cursor, &is_new), ERR_BUSY);
    output_close(&output);
}

static void two_that_keep_one_cursor_exclude_each_other(void **state)
{
    (void)state;
    struct output *output = NULL;
    struct output *second = NULL;
    struct cursor_state cursor;
    struct complaint complaint = {{0}};
    bool is_new = false;
    struct output_options options = {.cursor = cursor_path, .filter = filter};
    OK(output_open(&options, &complaint, &output, &cursor, &is_new));
    assert_int_equal(output_open(&options, &complaint, &second, &cursor, &is_new), ERR_BUSY);
    assert_non_null(strstr(complaint.text, cursor_path));
    output_close(&output);
    OK(output_open(&options, &complaint, &second, &cursor, &is_new));
    output_close(&second);
}

/* Its lines would go to the pipe, and be missing in the file for ever. */
static void a_cursor_with_an_output_is_not_used_without_it(void **state)
{
    (void)state;
    struct output *output = NULL;
    struct cursor_state cursor;
    struct complaint complaint = {{0}};
    bool is_new = false;
    struct output_options options = {.cursor = cursor_path, .filter = filter};
    OK(open_output(&output, &cursor, &is_new));
    put(output, &cursor, "one\n", 1);
    output_close(&output);
    assert_int_equal(output_open(&options, &complaint, &output, &cursor, &is_new), ERR_USAGE);
    assert_non_null(strstr(complaint.text, "--out"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_positions_lie_at_about_doubling_distances),
        cmocka_unit_test(a_rewind_drops_what_came_after_it),
        TEST(what_was_written_is_read_back),
        TEST(a_damaged_cursor_is_refused_with_what_to_do),
        TEST(lines_whose_cursor_was_not_written_are_cut_away),
        TEST(an_output_that_lost_lines_or_has_no_cursor_is_refused),
        TEST(a_cursor_goes_with_its_filter_and_its_beginning),
        TEST(two_that_write_one_output_exclude_each_other),
        TEST(two_that_keep_one_cursor_exclude_each_other),
        TEST(a_cursor_with_an_output_is_not_used_without_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
