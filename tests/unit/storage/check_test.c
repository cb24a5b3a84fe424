#include "tests/unit/storage/store_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "storage/check.h"

struct told {
    char sentences[8][512];
    size_t count;
};

static void tell(void *context, const char *sentence)
{
    struct told *told = context;
    if (told->count < 8) {
        snprintf(told->sentences[told->count], sizeof told->sentences[0], "%s", sentence);
    }
    told->count++;
}

/* 40 records in four turns: reports of three institutions, events, an earlier receipt. */
static void fill(struct place_of_test *here)
{
    static const char *const institutions[] = {"A", "BB", "CCC"};
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    for (int turn = 0; turn < 4; turn++) {
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(store_env(store), true, &txn));
        for (int i = 0; i < 10; i++) {
            int64_t now_us = NOW_US + turn * 10 + i;
            if (i == 9) {
                append_event(&txn, KIND_BACK, "BB", (uint8_t)turn, now_us);
                continue;
            }
            struct figures figures = {.institution = institutions[i % 3],
                                      .type = TYPE_PORTFOLIO,
                                      .month = i + 1,
                                      .vintage = (uint32_t)turn + 1,
                                      .amount = i,
                                      .produced_at_us = NOW_US};
            append_report(&txn, here->key, &figures, VERDICT_ACCEPTED, now_us);
        }
        struct refusal refusal = {.sender = "A", .time_us = NOW_US, .rule = "ENV-01"};
        assert_ok(refusals_put(&txn, &refusal));
        seal_and_commit(&txn, here->log_key, NOW_US + turn);
    }
}

static struct check_report check(struct place_of_test *here, struct told *told)
{
    AUTO(store_close) struct store *store = open_store(here, ENV_READ);
    struct check_report report = {0};
    *told = (struct told){0};
    assert_ok(check_store(store, NULL, tell, told, NULL, &report));
    assert_int_equal(told->count, report.problems);
    return report;
}

/* The problem is found, told in a few sentences that name what is given. */
static void expect_problem(struct place_of_test *here, const char *name)
{
    struct told told;
    struct check_report report = check(here, &told);
    bool is_named = false;
    for (size_t i = 0; i < told.count && i < 8; i++) {
        is_named |= strstr(told.sentences[i], name) != NULL;
    }
    if (report.problems == 0 || report.problems > 8 || !is_named) {
        for (size_t i = 0; i < told.count && i < 8; i++) {
            print_error("%s\n", told.sentences[i]);
        }
        fail_msg("%u problems, and none of them names: %s", (unsigned)report.problems, name);
    }
}

static void a_store_as_written_has_no_problem(void **state)
{
    struct place_of_test *here = *state;
    fill(here);
    struct told told;
    struct check_report report = check(here, &told);
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.records, 40);
    assert_int_equal(report.reports, 36);
    assert_int_equal(report.events, 4);
    assert_int_equal(report.heads, 4);
    AUTO(store_close) struct store *store = open_store(here, ENV_READ);
    AUTO(txn_end) struct txn txn = {0};
    struct hash root;
    assert_ok(txn_begin(store_env(store), false, &txn));
    assert_ok(journal_root(&txn, 40, &root));
    assert_memory_equal(root.bytes, report.root.bytes, SHA256_BYTES);
}

static void an_empty_store_has_no_problem(void **state)
{
    struct place_of_test *here = *state;
    struct told told;
    create_store(here);
    struct check_report report = check(here, &told);
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.records, 0);
}

/* What is changed of a row: a bit of the byte at `at` of its value or key, or all of it. */
enum change { CHANGE_VALUE, CHANGE_KEY, REMOVE_ROW };

struct tamper {
    enum store_database database;
    size_t row; /* in order of keys */
    enum change change;
    size_t at;
    const char *named;
};

static void tamper(struct place_of_test *here, const struct tamper *how)
{
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    struct cursor cursor = {0};
    struct bytes key = {0};
    struct bytes value = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    assert_ok(cursor_open(&txn, how->database, &cursor));
    assert_ok(cursor_to(&cursor, CURSOR_FIRST, &key, &value));
    for (size_t i = 0; i < how->row; i++) {
        assert_ok(cursor_to(&cursor, CURSOR_NEXT, &key, &value));
    }
    uint8_t new_key[64];
    uint8_t new_value[4096];
    struct bytes row_key = bytes_of(new_key, key.size);
    struct bytes row_value = bytes_of(new_value, value.size);
    assert_true(key.size <= sizeof new_key && value.size <= sizeof new_value);
    memcpy(new_key, key.data, key.size);
    memcpy(new_value, value.data, value.size);
    cursor_close(&cursor);
    if (how->change != CHANGE_VALUE) {
        assert_ok(txn_delete(&txn, how->database, row_key));
    }
    if (how->change == CHANGE_KEY) {
        new_key[how->at] ^= 0x10;
    } else if (how->change == CHANGE_VALUE) {
        assert_true(how->at < value.size);
        new_value[how->at] ^= 0x10;
    }
    if (how->change != REMOVE_ROW) {
        assert_ok(txn_put(&txn, how->database, row_key, row_value));
    }
    assert_ok(txn_commit(&txn));
}

static void every_change_of_a_byte_is_found_and_named(void **state)
{
    static const struct tamper tampers[] = {
        {DB_JOURNAL, 4, CHANGE_VALUE, 40, "Record 5"},   /* institution */
        {DB_JOURNAL, 4, CHANGE_VALUE, 31, "Record 5"},   /* received_at */
        {DB_JOURNAL, 4, CHANGE_VALUE, 23, "Record 5"},   /* vintage */
        {DB_JOURNAL, 4, CHANGE_VALUE, 130, "Record 5"},  /* signature */
        {DB_JOURNAL, 4, CHANGE_VALUE, 191, "Record 5"},  /* previous_seq */
        {DB_JOURNAL, 4, CHANGE_VALUE, 195, "Record 5"},  /* judgement length */
        {DB_JOURNAL, 4, CHANGE_VALUE, 233, "Record 5"},  /* judgement */
        {DB_JOURNAL, 4, CHANGE_VALUE, 260, "Record 5"},  /* body */
        {DB_JOURNAL, 9, CHANGE_VALUE, 240, "Record 10"}, /* an event's body */
        {DB_JOURNAL, 4, REMOVE_ROW, 0, "Record 5 is missing"},
        {DB_NODES, 4, CHANGE_VALUE, 3, "node 4"},
        {DB_NODES, 6, CHANGE_VALUE, 0, "node 6"},
        {DB_NODES, 60, REMOVE_ROW, 0, "node 60"},
        {DB_HEADS, 1, CHANGE_VALUE, 20, "head of size 20"},
        {DB_HEADS, 1, CHANGE_VALUE, 130, "head of size 20"},
        {DB_HEADS, 3, REMOVE_ROW, 0, "newest head is of size 30"},
        {DB_HEADS, 1, CHANGE_KEY, 7, "head"},
        {DB_REPORTS, 7, CHANGE_VALUE, 0, "reports"},
        {DB_REPORTS, 7, CHANGE_VALUE, 6, "reports"},
        {DB_REPORTS, 7, CHANGE_VALUE, 14, "reports"},
        {DB_REPORTS, 7, CHANGE_VALUE, 20, "reports"},
        {DB_REPORTS, 7, CHANGE_KEY, 5, "reports"},
        {DB_REPORTS, 7, CHANGE_KEY, 29, "reports"},
        {DB_REPORTS, 7, REMOVE_ROW, 0, "reports is missing"},
        {DB_OWNERS, 1, CHANGE_VALUE, 7, "BB"},
        {DB_OWNERS, 1, CHANGE_VALUE, 15, "BB"},
        {DB_OWNERS, 1, CHANGE_KEY, 15, "owners"},
        {DB_OWNERS, 1, REMOVE_ROW, 0, "owners has no row for BB"},
        {DB_EVENTS, 2, CHANGE_KEY, 2, "events"},
        {DB_EVENTS, 2, CHANGE_KEY, 24, "events"},
        {DB_EVENTS, 2, REMOVE_ROW, 0, "events is missing"},
        {DB_REFUSALS, 0, CHANGE_KEY, 3, ""},
    };
    struct place_of_test *here = *state;
    for (size_t i = 0; i < sizeof tampers / sizeof tampers[0]; i++) {
        char command[128];
        fill(here);
        tamper(here, &tampers[i]);
        if (tampers[i].database != DB_REFUSALS) { /* nothing else says what they should be */
            expect_problem(here, tampers[i].named);
        }
        snprintf(command, sizeof command, "%s/data.mdb", here->store);
        assert_int_equal(unlink(command), 0);
    }
}

static void a_row_that_no_record_calls_for_is_found(void **state)
{
    struct place_of_test *here = *state;
    static const enum store_database databases[] = {DB_REPORTS, DB_EVENTS, DB_OWNERS, DB_NODES,
                                                    DB_HEADS};
    static const size_t sizes[] = {REPORT_KEY_BYTES, EVENT_KEY_BYTES, OWNER_KEY_BYTES, 8, 8};
    static const size_t value_sizes[] = {REPORT_VALUE_BYTES, 0, OWNER_VALUE_BYTES, 32, 80};
    for (size_t i = 0; i < 5; i++) {
        char path[128];
        static const uint8_t value[128] = {1};
        uint8_t key[REPORT_KEY_BYTES];
        memset(key, i < 3 ? 'Q' : 0, sizeof key);
        key[7] = i < 3 ? 'Q' : 200;
        fill(here);
        AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(store_env(store), true, &txn));
        assert_ok(
            txn_put(&txn, databases[i], bytes_of(key, sizes[i]), bytes_of(value, value_sizes[i])));
        assert_ok(txn_commit(&txn));
        store_close(&store);
        expect_problem(here, "");
        snprintf(path, sizeof path, "%s/data.mdb", here->store);
        assert_int_equal(unlink(path), 0);
    }
}

static void an_id_that_was_journaled_twice_is_found(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    struct figures figures = {.institution = "A",
                              .type = TYPE_PORTFOLIO,
                              .month = 6,
                              .vintage = 1,
                              .produced_at_us = NOW_US};
    assert_ok(txn_begin(store_env(store), true, &txn));
    append_report(&txn, here->key, &figures, VERDICT_ACCEPTED, NOW_US);
    append_report(&txn, here->key, &figures, VERDICT_REJECTED, NOW_US);
    seal_and_commit(&txn, here->log_key, NOW_US);
    store_close(&store);
    expect_problem(here, "Record 2 has the id of an earlier report");
}

static void heads_of_another_key_are_a_problem(void **state)
{
    struct place_of_test *here = *state;
    fill(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_READ);
    struct hub_identity hub = {.origin = ORIGIN, .log_key_count = 1};
    struct told told = {0};
    struct check_report report = {0};
    memcpy(hub.log_keys[0], signing_key_public(here->key), PUBLIC_KEY_BYTES);
    assert_ok(check_store(store, &hub, tell, &told, NULL, &report));
    assert_int_equal(report.problems, 4);
    assert_non_null(strstr(told.sentences[0], "not signed by " ORIGIN));
}

static void problems_beyond_a_hundred_are_counted_and_not_told(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    for (int i = 0; i < 120; i++) {
        AUTO(txn_end) struct txn txn = {0};
        assert_ok(txn_begin(store_env(store), true, &txn));
        append_event(&txn, KIND_BACK, "A", (uint8_t)i, NOW_US);
        seal_and_commit(&txn, here->key, NOW_US); /* a wrong key */
    }
    struct told told = {0};
    struct check_report report = {0};
    assert_ok(check_store(store, NULL, tell, &told, NULL, &report));
    assert_int_equal(report.problems, 120);
    assert_int_equal(told.count, 100);
}

/* More than the check has in hand at once: what its threads find is told in the order of records.
 */
static void a_long_journal_is_checked_to_its_end_and_told_in_order(void **state)
{
    static const size_t damaged[] = {0, 999, 1000, 1999, 2000, 2345, 2499};
    struct place_of_test *here = *state;
    create_store(here);
    AUTO(store_close) struct store *store = open_store(here, ENV_WRITE);
    AUTO(txn_end) struct txn txn = {0};
    assert_ok(txn_begin(store_env(store), true, &txn));
    for (int i = 0; i < 2500; i++) {
        append_event(&txn, KIND_BACK, "A", (uint8_t)i, NOW_US + i);
    }
    seal_and_commit(&txn, here->log_key, NOW_US);
    store_close(&store);
    struct told told;
    struct check_report report = check(here, &told);
    assert_int_equal(report.records, 2500);
    assert_int_equal(report.problems, 0);
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        tamper(here, &(struct tamper){DB_JOURNAL, damaged[i], CHANGE_VALUE, 240, NULL});
    }
    report = check(here, &told);
    assert_int_equal(report.records, 2500);
    assert_int_equal(told.count, sizeof damaged / sizeof damaged[0]);
    for (size_t i = 0; i < told.count; i++) {
        char name[32];
        snprintf(name, sizeof name, "Record %zu: ", damaged[i] + 1);
        assert_memory_equal(told.sentences[i], name, strlen(name));
    }
}

static int null_device(void)
{
    int fd = open("/dev/null", O_WRONLY);
    assert_true(fd >= 0);
    return fd;
}

static void a_child_checks_and_reports(void **state)
{
    struct place_of_test *here = *state;
    fill(here);
    struct check_report report = {0};
    int fd = null_device();
    assert_ok(check_store_forked(here->store, NULL, fd, &report));
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.records, 40);
    char nowhere[128];
    snprintf(nowhere, sizeof nowhere, "%s/nowhere", here->folder);
    assert_int_equal(check_store_forked(nowhere, NULL, fd, &report), ERR_NOT_FOUND);
    close(fd);
}

/* Every page behind the two meta pages is overwritten in turn: whatever LMDB makes of it, even a
 * crash, is a problem told by the parent. */
static void a_damaged_page_is_a_problem_whatever_the_child_dies_of(void **state)
{
    struct place_of_test *here = *state;
    char path[128];
    uint8_t garbage[4096];
    uint8_t page[4096];
    struct stat about;
    fill(here);
    snprintf(path, sizeof path, "%s/data.mdb", here->store);
    memset(garbage, 0xA5, sizeof garbage);
    assert_int_equal(stat(path, &about), 0);
    int null = null_device();
    int found = 0;
    for (off_t at = 2 * 4096; at < about.st_size; at += 4096) {
        int fd = open(path, O_RDWR);
        assert_int_equal(pread(fd, page, sizeof page, at), sizeof page);
        assert_int_equal(pwrite(fd, garbage, sizeof garbage, at), sizeof garbage);
        struct check_report report = {0};
        enum err err = check_store_forked(here->store, NULL, null, &report);
        assert_true(err == ERR_OK || err == ERR_CORRUPT || err == ERR_IO);
        found += err != ERR_OK || report.problems > 0;
        assert_int_equal(pwrite(fd, page, sizeof page, at), sizeof page);
        close(fd);
    }
    print_message("%d damaged pages were found\n", found);
    assert_true(found > 10); /* the others were free pages */
    struct check_report report = {0};
    assert_ok(check_store_forked(here->store, NULL, null, &report));
    assert_int_equal(report.problems, 0);
    close(null);
}

/* Commits turns and says each size to the pipe after its commit, until it is killed. */
static void write_until_killed(struct place_of_test *here, uint8_t nonce, int pipe_fd)
{
    struct store *store = open_store(here, ENV_WRITE);
    for (int turn = 0; turn < 100000; turn++) {
        struct txn txn = {0};
        assert_ok(txn_begin(store_env(store), true, &txn));
        for (int i = 0; i < 3; i++) {
            append_event(&txn, KIND_ACCESS, "A", nonce, NOW_US + turn * 3 + i);
        }
        struct figures figures = {.institution = "A",
                                  .type = TYPE_PORTFOLIO,
                                  .month = 6,
                                  .vintage = (uint32_t)turn + 1,
                                  .amount = turn,
                                  .produced_at_us = NOW_US + nonce};
        append_report(&txn, here->key, &figures, VERDICT_REJECTED, NOW_US);
        uint64_t size = journal_size(&txn);
        seal_and_commit(&txn, here->log_key, NOW_US);
        if (write(pipe_fd, &size, sizeof size) != (ssize_t)sizeof size) {
            break;
        }
    }
    _exit(1);
}

static void a_writer_killed_at_any_instant_loses_nothing_that_it_said(void **state)
{
    struct place_of_test *here = *state;
    create_store(here);
    for (uint8_t round = 0; round < 10; round++) {
        int ends[2];
        uint64_t said = 0;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            write_until_killed(here, round, ends[1]);
        }
        close(ends[1]);
        for (int i = 0; i <= round * 3; i++) {
            assert_int_equal(read(ends[0], &said, sizeof said), sizeof said);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(ends[0], &said, sizeof said) == (ssize_t)sizeof said) {
        }
        close(ends[0]);
        struct told told;
        struct check_report report = check(here, &told);
        assert_int_equal(report.problems, 0);
        assert_true(report.records >= said);
        assert_int_equal(report.records % 4, 0); /* whole turns */
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_store_as_written_has_no_problem),
        TEST(an_empty_store_has_no_problem),
        TEST(every_change_of_a_byte_is_found_and_named),
        TEST(a_row_that_no_record_calls_for_is_found),
        TEST(an_id_that_was_journaled_twice_is_found),
        TEST(heads_of_another_key_are_a_problem),
        TEST(a_long_journal_is_checked_to_its_end_and_told_in_order),
        TEST(problems_beyond_a_hundred_are_counted_and_not_told),
        TEST(a_child_checks_and_reports),
        TEST(a_writer_killed_at_any_instant_loses_nothing_that_it_said),
        TEST(a_damaged_page_is_a_problem_whatever_the_child_dies_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
