#include "tests/unit/storage/store_support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "storage/disk.h"

enum { DB_A, DB_B, DB_M, DB_ALL };
static const char *const names[DB_ALL] = {"a", "b", "meta"};
#define MAP ((size_t)1 << 20)

static struct env *create_and_open(struct place_of_test *here, enum env_mode mode)
{
    struct env *env = NULL;
    assert_ok(env_create(here->store, names, DB_ALL, MAP, NULL));
    assert_ok(env_open(here->store, mode, names, DB_ALL, MAP, NULL, &env));
    return env;
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    struct place_of_test *here = *state;
    struct txn txn = {0};
    struct bytes value = {0};
    assert_ok(txn_begin(env, true, &txn));
    assert_ok(txn_put(&txn, DB_A, text_bytes("key"), text_bytes("value")));
    assert_ok(txn_commit(&txn));
    assert_ok(txn_begin(env, true, &txn));
    assert_ok(txn_put(&txn, DB_A, text_bytes("other"), text_bytes("value")));
    txn_end(&txn); /* not committed */
    txn_end(&txn);
    env_close(&env);
    assert_ok(env_open(here->store, ENV_READ, names, DB_ALL, MAP, NULL, &env));
    assert_ok(txn_begin(env, false, &txn));
    assert_ok(txn_get(&txn, DB_A, text_bytes("key"), &value));
    assert_true(bytes_equal(value, text_bytes("value")));
    assert_int_equal(txn_get(&txn, DB_A, text_bytes("other"), &value), ERR_NOT_FOUND);
    assert_int_equal(txn_get(&txn, DB_B, text_bytes("key"), &value), ERR_NOT_FOUND);
    assert_int_equal(txn_entries(&txn, DB_A), 1);
    txn_end(&txn);
}

static void a_store_is_not_made_over_another(void **state)
{
    struct place_of_test *here = *state;
    struct complaint complaint = {0};
    assert_ok(env_create(here->store, names, DB_ALL, MAP, NULL));
    assert_int_equal(env_create(here->store, names, DB_ALL, MAP, &complaint), ERR_EXISTS);
    assert_non_null(strstr(complaint.text, "already"));
}

static void a_killed_creation_leaves_no_store_and_can_be_repeated(void **state)
{
    struct place_of_test *here = *state;
    char path[160];
    struct env *env = NULL;
    assert_int_equal(mkdir(here->store, 0700), 0);
    snprintf(path, sizeof path, "%s/.making", here->store);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/.making/data.mdb", here->store);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(env_open(here->store, ENV_WRITE, names, DB_ALL, MAP, NULL, &env),
                     ERR_NOT_FOUND);
    assert_ok(env_create(here->store, names, DB_ALL, MAP, NULL));
    assert_ok(env_open(here->store, ENV_WRITE, names, DB_ALL, MAP, NULL, &env));
    env_close(&env);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void the_first_error_sticks_and_the_commit_tells_it(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    struct bytes value = {0};
    assert_ok(txn_begin(env, true, &txn));
    assert_ok(txn_append(&txn, DB_A, text_bytes("b"), text_bytes("1")));
    assert_int_equal(txn_append(&txn, DB_A, text_bytes("a"), text_bytes("2")), ERR_EXISTS);
    assert_int_equal(txn_put(&txn, DB_A, text_bytes("c"), text_bytes("3")), ERR_EXISTS);
    assert_int_equal(txn_get(&txn, DB_A, text_bytes("b"), &value), ERR_EXISTS);
    assert_int_equal(txn_entries(&txn, DB_A), 0);
    assert_string_equal(txn.failed, "mdb_put (append)");
    assert_int_equal(txn_commit(&txn), ERR_EXISTS);
    assert_ok(txn_begin(env, false, &txn));
    assert_int_equal(txn_entries(&txn, DB_A), 0);
}

static void absence_and_presence_do_not_stick(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    struct bytes value = {0};
    assert_ok(txn_begin(env, true, &txn));
    assert_int_equal(txn_get(&txn, DB_A, text_bytes("a"), &value), ERR_NOT_FOUND);
    assert_int_equal(txn_delete(&txn, DB_A, text_bytes("a")), ERR_NOT_FOUND);
    assert_ok(txn_insert(&txn, DB_A, text_bytes("a"), text_bytes("1")));
    assert_int_equal(txn_insert(&txn, DB_A, text_bytes("a"), text_bytes("2")), ERR_EXISTS);
    assert_ok(txn_commit(&txn));
    assert_ok(txn_begin(env, false, &txn));
    assert_ok(txn_get(&txn, DB_A, text_bytes("a"), &value));
    assert_true(bytes_equal(value, text_bytes("1")));
}

static void a_full_map_commits_nothing_and_is_told_as_full(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    static const uint8_t large[20000] = {1};
    enum err err = txn_begin(env, true, &txn);
    for (uint8_t i = 0; err == ERR_OK && i < 200; i++) {
        err = txn_put(&txn, DB_A, bytes_of(&i, 1), bytes_of(large, sizeof large));
    }
    assert_int_equal(err, ERR_FULL);
    assert_int_equal(txn_commit(&txn), ERR_FULL);
    assert_ok(txn_begin(env, false, &txn));
    assert_int_equal(txn_entries(&txn, DB_A), 0);
    assert_int_equal(env_grow(env, MAP * 8), ERR_BUSY); /* a transaction is open */
    txn_end(&txn);
    assert_ok(env_grow(env, MAP * 8));
    assert_ok(txn_begin(env, true, &txn));
    for (uint8_t i = 0; i < 200; i++) {
        assert_ok(txn_put(&txn, DB_A, bytes_of(&i, 1), bytes_of(large, sizeof large)));
    }
    assert_ok(txn_commit(&txn));
    uint64_t used = 0;
    uint64_t map = 0;
    uint64_t disk = 0;
    assert_ok(env_space(env, &used, &map, &disk));
    assert_int_equal(map, MAP * 8);
    assert_in_range(used, 200 * sizeof large, map);
}

static void a_commit_that_the_disk_refuses_leaves_nothing_and_says_so(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    static const uint8_t large[200000] = {1};
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {.rlim_cur = 60000, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_ok(txn_begin(env, true, &txn));
    assert_ok(txn_put(&txn, DB_A, text_bytes("key"), bytes_of(large, sizeof large)));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err err = txn_commit(&txn);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(err, ERR_IO);
    assert_string_equal(txn.failed, "mdb_txn_commit");
    assert_int_equal(txn_put(&txn, DB_A, text_bytes("key"), text_bytes("1")), ERR_IO); /* over */
    assert_int_equal(txn_commit(&txn), ERR_IO);
    assert_ok(txn_begin(env, false, &txn));
    assert_int_equal(txn_entries(&txn, DB_A), 0);
}

static void a_store_is_opened_once_in_a_process(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    struct place_of_test *here = *state;
    struct env *again = NULL;
    struct complaint complaint = {0};
    assert_int_equal(env_open(here->store, ENV_READ, names, DB_ALL, MAP, &complaint, &again),
                     ERR_BUSY);
    assert_non_null(strstr(complaint.text, "open in this process"));
    env_close(&env);
    assert_ok(env_open(here->store, ENV_READ, names, DB_ALL, MAP, NULL, &again));
    env_close(&again);
}

static int open_in_child(const char *path, enum env_mode mode, struct complaint *complaint)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct env *env = NULL;
        int result = (int)env_open(path, mode, names, DB_ALL, MAP, complaint, &env);
        env_close(&env);
        ssize_t wrote = write(ends[1], complaint, sizeof *complaint);
        _exit(wrote == (ssize_t)sizeof *complaint ? result : 99);
    }
    int status = 0;
    close(ends[1]);
    assert_int_equal(read(ends[0], complaint, sizeof *complaint), sizeof *complaint);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void two_processes_do_not_both_write_a_hubs_store(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    struct place_of_test *here = *state;
    struct complaint complaint = {0};
    char pid[24];
    assert_int_equal(open_in_child(here->store, ENV_WRITE, &complaint), ERR_BUSY);
    snprintf(pid, sizeof pid, "(%ld)", (long)getpid());
    assert_non_null(strstr(complaint.text, pid));
    assert_non_null(strstr(complaint.text, "admin door"));
    assert_int_equal(open_in_child(here->store, ENV_READ, &complaint), ERR_OK);
    env_close(&env);
    assert_int_equal(open_in_child(here->store, ENV_WRITE, &complaint), ERR_OK);
}

static void processes_share_a_store_and_follow_its_growth(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_SHARED);
    struct place_of_test *here = *state;
    AUTO(txn_end) struct txn txn = {0};
    pid_t child = fork();
    if (child == 0) {
        struct env *other = NULL;
        static const uint8_t large[20000] = {1};
        enum err err = env_open(here->store, ENV_SHARED, names, DB_ALL, MAP * 8, NULL, &other);
        err = err != ERR_OK ? err : txn_begin(other, true, &txn);
        for (uint8_t i = 0; err == ERR_OK && i < 200; i++) {
            err = txn_put(&txn, DB_A, bytes_of(&i, 1), bytes_of(large, sizeof large));
        }
        err = err != ERR_OK ? err : txn_commit(&txn);
        env_close(&other);
        _exit((int)err);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(txn_begin(env, true, &txn));
    assert_int_equal(txn_entries(&txn, DB_A), 200);
    assert_ok(txn_put(&txn, DB_B, text_bytes("more"), text_bytes("1")));
    assert_ok(txn_commit(&txn));
}

static void an_unknown_format_is_refused(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    struct place_of_test *here = *state;
    struct complaint complaint = {0};
    const uint8_t newer[4] = {0, 0, 0, 1};
    struct txn txn = {0};
    assert_ok(txn_begin(env, true, &txn));
    assert_ok(txn_put(&txn, DB_M, text_bytes("ro_compat"), bytes_of(newer, 4)));
    assert_ok(txn_put(&txn, DB_M, text_bytes("compat"), bytes_of(newer, 4)));
    assert_ok(txn_commit(&txn));
    env_close(&env);
    assert_int_equal(env_open(here->store, ENV_WRITE, names, DB_ALL, MAP, &complaint, &env),
                     ERR_UNSUPPORTED);
    assert_non_null(strstr(complaint.text, "Update"));
    assert_ok(env_open(here->store, ENV_READ, names, DB_ALL, MAP, NULL, &env));
    env_close(&env);
}

static void a_folder_with_another_kind_of_store_is_refused(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    struct place_of_test *here = *state;
    struct complaint complaint = {0};
    static const char *const others[] = {"x", "meta"};
    env_close(&env);
    assert_int_equal(env_open(here->store, ENV_READ, others, 2, MAP, &complaint, &env),
                     ERR_CORRUPT);
    assert_non_null(strstr(complaint.text, "no store of this kind"));
}

static void a_file_that_others_may_write_is_refused(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    struct place_of_test *here = *state;
    struct complaint complaint = {0};
    char data[128];
    env_close(&env);
    snprintf(data, sizeof data, "%s/data.mdb", here->store);
    assert_int_equal(chmod(data, 0666), 0);
    assert_int_equal(env_open(here->store, ENV_WRITE, names, DB_ALL, MAP, &complaint, &env),
                     ERR_REFUSED);
    assert_non_null(strstr(complaint.text, "chmod"));
}

static void a_copy_made_while_a_writer_writes_opens_with_what_was_committed(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    struct place_of_test *here = *state;
    AUTO(env_close) struct env *copy = NULL;
    AUTO(txn_end) struct txn txn = {0};
    char folder[128];
    struct bytes value = {0};
    struct complaint complaint = {0};
    snprintf(folder, sizeof folder, "%s/copy", here->folder);
    assert_ok(txn_begin(env, true, &txn));
    assert_ok(txn_put(&txn, DB_A, text_bytes("key"), text_bytes("value")));
    assert_ok(txn_commit(&txn));
    assert_ok(env_copy(env, folder, &complaint));
    assert_int_equal(env_copy(env, folder, &complaint), ERR_EXISTS);
    assert_ok(env_open(folder, ENV_WRITE, names, DB_ALL, MAP, NULL, &copy));
    assert_ok(txn_begin(copy, false, &txn));
    assert_ok(txn_get(&txn, DB_A, text_bytes("key"), &value));
    txn_end(&txn);
}

static void a_renewed_reader_sees_what_came_since(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    AUTO(txn_end) struct txn reader = {0};
    AUTO(txn_end) struct txn writer = {0};
    assert_ok(txn_begin(env, false, &reader));
    uint64_t snapshot = txn_snapshot(&reader);
    assert_ok(txn_begin(env, true, &writer));
    assert_ok(txn_put(&writer, DB_A, text_bytes("key"), text_bytes("value")));
    assert_ok(txn_commit(&writer));
    assert_int_equal(txn_entries(&reader, DB_A), 0);
    assert_ok(txn_renew(&reader));
    assert_int_equal(txn_entries(&reader, DB_A), 1);
    assert_true(txn_snapshot(&reader) > snapshot);
}

static void cursors_walk_in_order_seek_and_delete(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    AUTO(cursor_close) struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    assert_ok(txn_begin(env, true, &txn));
    for (uint8_t i = 10; i < 20; i++) {
        assert_ok(txn_append(&txn, DB_A, bytes_of(&i, 1), bytes_of(&i, 1)));
    }
    assert_ok(cursor_open(&txn, DB_A, &cursor));
    assert_ok(cursor_to(&cursor, CURSOR_LAST, &key, &value));
    assert_int_equal(key.data[0], 19);
    assert_int_equal(cursor_to(&cursor, CURSOR_NEXT, &key, &value), ERR_NOT_FOUND);
    const uint8_t five = 5;
    assert_ok(cursor_seek(&cursor, bytes_of(&five, 1), &key, &value));
    assert_int_equal(key.data[0], 10);
    assert_ok(cursor_delete(&cursor));
    assert_ok(cursor_to(&cursor, CURSOR_FIRST, &key, &value));
    assert_int_equal(key.data[0], 11);
    assert_ok(txn_commit(&txn)); /* the cursor outlives it */
}

static void values_are_put_together_from_parts(void **state)
{
    AUTO(env_close) struct env *env = create_and_open(*state, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    struct bytes value = {0};
    const struct bytes parts[] = {text_bytes("one "), {NULL, 0}, text_bytes("two")};
    assert_ok(txn_begin(env, true, &txn));
    assert_ok(txn_append_parts(&txn, DB_A, text_bytes("k"), parts, 3));
    assert_ok(txn_get(&txn, DB_A, text_bytes("k"), &value));
    assert_true(bytes_equal(value, text_bytes("one two")));
    assert_int_equal(txn_append_parts(&txn, DB_A, text_bytes("j"), parts, 3), ERR_EXISTS);
}

static void a_store_that_is_held_is_opened_by_nobody_until_it_is_let_go(void **state)
{
    struct place_of_test *here = *state;
    struct complaint complaint = {0};
    int lock = -2;
    assert_ok(env_hold("/nowhere/at/all", &complaint, &lock));
    assert_int_equal(lock, -1); /* no store, nothing to hold */
    assert_ok(env_create(here->store, names, DB_ALL, MAP, NULL));
    assert_ok(env_hold(here->store, &complaint, &lock));
    assert_true(lock >= 0);
    assert_int_equal(open_in_child(here->store, ENV_WRITE, &complaint), ERR_BUSY);
    close(lock);
    assert_ok(open_in_child(here->store, ENV_WRITE, &complaint));
}

static void system_errors_are_mapped(void **state)
{
    (void)state;
    assert_int_equal(disk_error(ENOSPC), ERR_FULL);
    assert_int_equal(disk_error(EDQUOT), ERR_FULL);
    assert_int_equal(disk_error(EIO), ERR_IO);
    assert_int_equal(disk_error(ENOENT), ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_committed_is_there_after_reopening),
        TEST(a_store_is_not_made_over_another),
        TEST(a_killed_creation_leaves_no_store_and_can_be_repeated),
        TEST(the_first_error_sticks_and_the_commit_tells_it),
        TEST(absence_and_presence_do_not_stick),
        TEST(a_full_map_commits_nothing_and_is_told_as_full),
        TEST(a_commit_that_the_disk_refuses_leaves_nothing_and_says_so),
        TEST(a_store_is_opened_once_in_a_process),
        TEST(two_processes_do_not_both_write_a_hubs_store),
        TEST(a_store_that_is_held_is_opened_by_nobody_until_it_is_let_go),
        TEST(processes_share_a_store_and_follow_its_growth),
        TEST(an_unknown_format_is_refused),
        TEST(a_folder_with_another_kind_of_store_is_refused),
        TEST(a_file_that_others_may_write_is_refused),
        TEST(a_copy_made_while_a_writer_writes_opens_with_what_was_committed),
        TEST(a_renewed_reader_sees_what_came_since),
        TEST(cursors_walk_in_order_seek_and_delete),
        TEST(values_are_put_together_from_parts),
        TEST(system_errors_are_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
