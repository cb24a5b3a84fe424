/* The folder of a pull: whole or not there, and never somebody else's destroyed. */
#include "agents/client/durable.h"
#include "agents/pull/pull_folder.h"
#include "tests/support/samples.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define OK(call) assert_int_equal((call), ERR_OK)

struct bench {
    char above[32];
    char folder[64];
    struct snapshot_terms terms;
    struct snapshot_files files;
    struct complaint complaint;
};

static int open_bench(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    strcpy(bench->above, "/tmp/ihuriro-place-XXXXXX");
    assert_non_null(mkdtemp(bench->above));
    snprintf(bench->folder, sizeof bench->folder, "%s/june", bench->above);
    bench->terms.types = 1U << TYPE_PORTFOLIO;
    bench->terms.position.size = 10;
    OK(period_parse("2020-06", &bench->terms.period));
    *state = bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    char command[128];
    snapshot_files_close(&bench->files);
    snprintf(command, sizeof command, "rm -rf '%s'", bench->above);
    assert_int_equal(system(command), 0);
    free(bench);
    return 0;
}

static void build(struct bench *bench)
{
    struct snapshot_records none = {.count = 0};
    snapshot_files_close(&bench->files);
    OK(snapshot_build(&bench->terms, (struct bytes){0}, &none, &bench->complaint, &bench->files));
}

static enum err place(struct bench *bench, enum pull_placed *placed)
{
    return pull_folder_place(bench->folder, &bench->terms, &bench->files, &bench->complaint,
                             placed);
}

static void put(const struct bench *bench, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    OK(durable_replace(path, bytes_of(text, strlen(text)), NULL));
}

/* Nothing but the pull lies in the folder above: no temporary one was left. */
static void assert_alone(const struct bench *bench)
{
    char command[160];
    snprintf(command, sizeof command, "test \"$(ls '%s')\" = june", bench->above);
    assert_int_equal(system(command), 0);
}

static void a_pull_is_made_and_then_found_unchanged(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed = PULL_UNCHANGED;
    build(bench);
    OK(place(bench, &placed));
    assert_int_equal(placed, PULL_MADE);
    OK(place(bench, &placed));
    assert_int_equal(placed, PULL_UNCHANGED);
    strcat(bench->folder, "/"); /* "june/" is the same folder */
    OK(place(bench, &placed));
    assert_int_equal(placed, PULL_UNCHANGED);
    assert_alone(bench);
}

/* Killed before it was named, or after the exchange: beside it lies a folder with files of a pull.
 */
static void what_a_killed_pull_left_goes_with_the_next_one(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed = PULL_UNCHANGED;
    char kept[64];
    build(bench);
    memcpy(kept, bench->folder, sizeof kept);
    strcat(bench->folder, ".tmpaB3dE6");
    assert_int_equal(mkdir(bench->folder, 0700), 0);
    put(bench, bench->files.items[0].name, "half a fi");
    memcpy(bench->folder, kept, sizeof kept);
    OK(place(bench, &placed));
    assert_int_equal(placed, PULL_MADE);
    assert_alone(bench);
}

static void what_looks_like_it_but_is_in_use_or_holds_other_files_stays(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed = PULL_UNCHANGED;
    struct stat status;
    char kept[64];
    char other[2][64];
    build(bench);
    memcpy(kept, bench->folder, sizeof kept);
    for (size_t i = 0; i < 2; i++) {
        snprintf(bench->folder, sizeof bench->folder, "%.40s.tmpaB3dE%zu", kept, i);
        memcpy(other[i], bench->folder, sizeof other[i]);
        assert_int_equal(mkdir(bench->folder, 0700), 0);
        put(bench, i == 0 ? bench->files.items[0].name : "mine.txt", "text");
    }
    memcpy(bench->folder, kept, sizeof kept);
    int lock = open(other[0], O_RDONLY | O_DIRECTORY);
    assert_true(lock >= 0 && flock(lock, LOCK_EX) == 0);
    OK(place(bench, &placed));
    close(lock);
    assert_int_equal(stat(other[0], &status), 0);
    assert_int_equal(stat(other[1], &status), 0);
}

static void an_empty_folder_is_filled(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed = PULL_UNCHANGED;
    assert_int_equal(mkdir(bench->folder, 0755), 0);
    build(bench);
    OK(place(bench, &placed));
    assert_int_equal(placed, PULL_MADE);
    assert_alone(bench);
}

static void newer_data_takes_the_place_of_the_older_pull(void **state)
{
    struct bench *bench = *state;
    struct snapshot_terms there;
    enum pull_placed placed = PULL_UNCHANGED;
    build(bench);
    OK(place(bench, &placed));
    bench->terms.position.size = 20;
    build(bench);
    OK(place(bench, &placed));
    assert_int_equal(placed, PULL_REPLACED);
    OK(pull_folder_look(bench->folder, &bench->terms, &bench->complaint, &there));
    assert_int_equal(there.position.size, 20);
    assert_alone(bench);
}

static void a_link_to_a_folder_stays_a_link(void **state)
{
    struct bench *bench = *state;
    struct stat status;
    char link[96];
    enum pull_placed placed = PULL_UNCHANGED;
    build(bench);
    OK(place(bench, &placed));
    snprintf(link, sizeof link, "%s/link", bench->above);
    assert_int_equal(symlink("june", link), 0);
    bench->terms.position.size = 20;
    build(bench);
    OK(pull_folder_place(link, &bench->terms, &bench->files, &bench->complaint, &placed));
    assert_int_equal(placed, PULL_REPLACED);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    unlink(link);
    assert_alone(bench);
}

static void where_it_cannot_be_placed_nothing_is_left_beside(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed = PULL_UNCHANGED;
    assert_int_equal(symlink("nowhere", bench->folder), 0);
    build(bench);
    assert_int_equal(place(bench, &placed), ERR_IO);
    assert_alone(bench);
}

static void what_is_no_pull_of_this_question_is_left_alone(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed;
    assert_int_equal(mkdir(bench->folder, 0755), 0);
    put(bench, "notes.txt", "mine");
    build(bench);
    assert_int_equal(place(bench, &placed), ERR_EXISTS);
    put(bench, SNAPSHOT_MANIFEST_NAME, "{\"format_version\": 1}");
    assert_int_equal(place(bench, &placed), ERR_EXISTS);
    assert_alone(bench);
}

static void another_question_does_not_overwrite_an_answer(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed;
    build(bench);
    OK(place(bench, &placed));
    bench->terms.format = SNAPSHOT_JSON;
    build(bench);
    assert_int_equal(place(bench, &placed), ERR_EXISTS);
    bench->terms.format = SNAPSHOT_CSV;
    OK(period_parse("2020-07", &bench->terms.period));
    build(bench);
    assert_int_equal(place(bench, &placed), ERR_EXISTS);
    assert_alone(bench);
}

static void a_changed_file_and_a_stranger_are_noticed(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed;
    build(bench);
    OK(place(bench, &placed));
    put(bench, "notes.txt", "mine");
    OK(place(bench, &placed)); /* unchanged: nothing is touched */
    bench->terms.position.size = 20;
    build(bench);
    assert_int_equal(place(bench, &placed), ERR_EXISTS);
    assert_non_null(strstr(bench->complaint.text, "notes.txt"));
    bench->terms.position.size = 10;
    build(bench);
    put(bench, "portfolio.csv", "edited");
    assert_int_equal(place(bench, &placed), ERR_EXISTS);
    assert_non_null(strstr(bench->complaint.text, "portfolio.csv"));
    assert_alone(bench);
}

static void a_lost_position_and_other_rights_are_told_apart(void **state)
{
    struct bench *bench = *state;
    enum pull_placed placed;
    build(bench);
    OK(place(bench, &placed));
    bench->terms.position.root.bytes[0] = 1;
    build(bench);
    assert_int_equal(place(bench, &placed), ERR_REFUSED);
    assert_non_null(strstr(bench->complaint.text, "POSITION_LOST"));
    bench->terms.position.root.bytes[0] = 0;
    bench->terms.rights[0] = 1;
    build(bench);
    assert_int_equal(place(bench, &placed), ERR_REFUSED);
    assert_non_null(strstr(bench->complaint.text, "RIGHTS_CHANGED"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pull_is_made_and_then_found_unchanged),
        TEST(what_a_killed_pull_left_goes_with_the_next_one),
        TEST(what_looks_like_it_but_is_in_use_or_holds_other_files_stays),
        TEST(an_empty_folder_is_filled),
        TEST(newer_data_takes_the_place_of_the_older_pull),
        TEST(a_link_to_a_folder_stays_a_link),
        TEST(where_it_cannot_be_placed_nothing_is_left_beside),
        TEST(what_is_no_pull_of_this_question_is_left_alone),
        TEST(another_question_does_not_overwrite_an_answer),
        TEST(a_changed_file_and_a_stranger_are_noticed),
        TEST(a_lost_position_and_other_rights_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
