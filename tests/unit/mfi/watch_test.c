/* Watched folders: when a folder is ready. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/mfi/watch.h"

struct place {
    char root[64];
    char inner[96];
    const char *roots[1];
    struct watch *watch;
    size_t ready;
    enum err answer; /* of ready */
    char last[128];
};

static enum err ready(void *context, const char *folder, size_t root)
{
    struct place *place = context;
    assert_int_equal(root, 0);
    place->ready++;
    snprintf(place->last, sizeof place->last, "%s", folder);
    return place->answer;
}

static void open_place(struct place *place)
{
    *place = (struct place){0};
    snprintf(place->root, sizeof place->root, "/tmp/watch-test-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    snprintf(place->inner, sizeof place->inner, "%s/2020-06", place->root);
    assert_int_equal(mkdir(place->inner, 0700), 0);
    place->roots[0] = place->root;
    assert_int_equal(watch_open(place->roots, 1, 10000, &place->watch), ERR_OK);
}

static void remove_manifest(const char *folder)
{
    char path[160];
    snprintf(path, sizeof path, "%s/manifest.ini", folder);
    unlink(path);
}

static void close_place(struct place *place)
{
    watch_close(&place->watch);
    remove_manifest(place->root);
    remove_manifest(place->inner);
    rmdir(place->inner);
    rmdir(place->root);
}

static void write_manifest(const char *folder, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/manifest.ini", folder);
    struct complaint complaint;
    assert_int_equal(platform_write(path, bytes_of(text, strlen(text)), 0600, &complaint), ERR_OK);
}

static void look(struct place *place, int64_t now_ms)
{
    assert_int_equal(watch_look(place->watch, now_ms, ready, place), ERR_OK);
}

static void a_folder_is_ready_once_its_manifest_has_settled(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    look(&place, 0);
    assert_int_equal(place.ready, 0); /* no manifest yet */
    write_manifest(place.inner, "as_of = 2020-06-30\n");
    look(&place, 1000);
    look(&place, 10999);
    assert_int_equal(place.ready, 0);
    look(&place, 11000);
    assert_int_equal(place.ready, 1);
    assert_string_equal(place.last, place.inner);
    look(&place, 60000);
    assert_int_equal(place.ready, 1); /* once */
    close_place(&place);
}

static void a_manifest_written_again_makes_the_folder_ready_again(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    write_manifest(place.root, "as_of = 2020-06-30\n");
    look(&place, 0);
    look(&place, 10000);
    assert_int_equal(place.ready, 1);
    assert_string_equal(place.last, place.root);
    write_manifest(place.root, "as_of = 2020-07-31\n"); /* the same size: another file */
    look(&place, 20000);
    assert_int_equal(place.ready, 1);
    look(&place, 30000);
    assert_int_equal(place.ready, 2);
    close_place(&place);
}

static void a_folder_that_went_away_is_not_ready(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    write_manifest(place.inner, "as_of = 2020-06-30\n");
    look(&place, 0);
    remove_manifest(place.inner);
    look(&place, 20000);
    look(&place, 40000);
    assert_int_equal(place.ready, 0);
    close_place(&place);
}

static void a_folder_whose_database_was_away_is_ready_again_after_five_minutes(void **state)
{
    (void)state;
    struct place place;
    open_place(&place);
    place.answer = ERR_BUSY;
    write_manifest(place.inner, "source = sql\n");
    look(&place, 0);
    look(&place, 10000);
    assert_int_equal(place.ready, 1);
    look(&place, 10000 + 299999);
    assert_int_equal(place.ready, 1);
    place.answer = ERR_OK;
    look(&place, 10000 + 300000);
    assert_int_equal(place.ready, 2);
    look(&place, 10000000);
    assert_int_equal(place.ready, 2);
    close_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_ready_once_its_manifest_has_settled),
        cmocka_unit_test(a_manifest_written_again_makes_the_folder_ready_again),
        cmocka_unit_test(a_folder_that_went_away_is_not_ready),
        cmocka_unit_test(a_folder_whose_database_was_away_is_ready_again_after_five_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
