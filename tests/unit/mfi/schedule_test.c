/* The schedule of what is owed: when an extract is made, and that it is made once. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/mfi/platform.h"
#include "agents/mfi/schedule.h"

#define HOUR_US INT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)

/* 30 June 2020 ended at 22:00 UTC, where the clock is two hours ahead. */
#define JUNE_END   18443
#define ENDED_US   ((JUNE_END + 1) * DAY_US - 2 * HOUR_US)
#define ALL_TYPES  (~0U)
#define NOT_CLOSED (-1)

static struct schedule_terms terms_of(const char *institution, int64_t closed_after_hours)
{
    return (struct schedule_terms){.institution = institution,
                                   .utc_offset_minutes = 120,
                                   .closed_after_hours = closed_after_hours,
                                   .types = ALL_TYPES};
}

static void four_hundred_and_sixty_agents_do_not_come_at_once_and_all_come_in_time(void **state)
{
    (void)state;
    int64_t due_us = ENDED_US + 10 * DAY_US;
    size_t hours[240] = {0};
    for (int i = 0; i < 460; i++) {
        char id[20];
        snprintf(id, sizeof id, "SACCO-%d", i);
        struct schedule_terms terms = terms_of(id, NOT_CLOSED);
        int64_t at_us = schedule_instant(&terms, JUNE_END, due_us);
        assert_true(at_us >= ENDED_US + (due_us - ENDED_US) / 4);
        assert_true(at_us < ENDED_US + (due_us - ENDED_US) / 2);
        assert_int_equal(at_us, schedule_instant(&terms, JUNE_END, due_us)); /* its own, always */
        hours[(at_us - ENDED_US) / HOUR_US]++;
    }
    for (size_t i = 0; i < 240; i++) {
        assert_true(hours[i] < 30); /* 460 over 60 hours: some 8 in each */
    }
}

static void nothing_is_made_before_the_books_are_closed(void **state)
{
    (void)state;
    struct schedule_terms terms = terms_of("SACCO-1", 72);
    int64_t at_us = schedule_instant(&terms, JUNE_END, ENDED_US + 4 * DAY_US);
    assert_true(at_us >= ENDED_US + 3 * DAY_US);
    assert_true(at_us < ENDED_US + 4 * DAY_US);
    /* Closed after it is due: as soon as they are. */
    assert_int_equal(schedule_instant(&terms, JUNE_END, ENDED_US + DAY_US), ENDED_US + 3 * DAY_US);
    /* Due before the period's end: at its end. */
    terms.closed_after_hours = NOT_CLOSED;
    assert_int_equal(schedule_instant(&terms, JUNE_END, ENDED_US - DAY_US), ENDED_US);
}

static struct owed_item item_of(int type, const char *period, Ihuriro__V1__OwedRow *row,
                                int64_t due_us)
{
    struct owed_item item = {.row = row, .type = type, .state = OWED_DUE};
    *row = (Ihuriro__V1__OwedRow)IHURIRO__V1__OWED_ROW__INIT;
    row->due_us = row->grace_us = due_us;
    assert_int_equal(period_parse(period, &item.period), ERR_OK);
    return item;
}

static void what_is_due_together_is_made_together_and_nothing_that_is_there(void **state)
{
    (void)state;
    int64_t due_us = ENDED_US + 10 * DAY_US;
    Ihuriro__V1__OwedRow rows[7];
    struct extraction made[EXTRACTIONS_MAX];
    struct owed_item items[] = {
        item_of(TYPE_LIQUIDITY, "2020-06", &rows[0], due_us - DAY_US),
        item_of(TYPE_PORTFOLIO, "2020-06", &rows[1], due_us),
        item_of(TYPE_EXPOSURES, "2020-06", &rows[2], due_us),
        item_of(TYPE_CAPITAL, "2020-06", &rows[3], due_us),
        item_of(TYPE_PORTFOLIO, "2020-05", &rows[4], due_us - 30 * DAY_US),
        item_of(TYPE_CAPITAL, "2020-06-30", &rows[5], due_us), /* of no day */
        item_of(TYPE_PORTFOLIO, "2020-06-30", &rows[6], due_us),
    };
    struct owed owed = {.items = items, .count = 7};
    struct schedule_terms terms = terms_of("SACCO-1", NOT_CLOSED);
    terms.types &= ~(1U << TYPE_CAPITAL); /* the database has no gl.sql */
    items[4].state = OWED_WAIVED;
    items[6].state = OWED_NOT_FOLLOWED;
    assert_int_equal(schedule_extractions(&owed, &terms, made), 2);
    assert_int_equal(made[0].types, 1U << TYPE_LIQUIDITY);
    assert_int_equal(made[1].types, 1U << TYPE_PORTFOLIO | 1U << TYPE_EXPOSURES);
    items[1].is_here = true;
    items[2].state = OWED_RECEIVED;
    items[4].state = OWED_OVERDUE;
    items[6].state = OWED_IN_GRACE;
    assert_int_equal(schedule_extractions(&owed, &terms, made), 3);
    assert_int_equal(made[1].period.end_day, JUNE_END - 30);
    assert_int_equal(made[2].period.frequency, FREQUENCY_D);
}

/* ---- the folder ---- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static bool make(const char *root, unsigned types, int64_t wall_us)
{
    struct schedule_terms terms = terms_of("SACCO-1", NOT_CLOSED);
    struct extraction extraction = {.due_us = ENDED_US + 10 * DAY_US - HOUR_US, .types = types};
    struct complaint complaint = {{0}};
    bool is_written = false;
    assert_int_equal(period_parse("2020-06", &extraction.period), ERR_OK);
    assert_int_equal(
        extraction_make(&extraction, &terms, root, "RWF", wall_us, &complaint, &is_written),
        ERR_OK);
    return is_written;
}

static void read_text(const char *path, char out[static 1024])
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    out[fread(out, 1, 1023, file)] = '\0';
    fclose(file);
}

static void an_extract_is_made_once_and_again_after_a_day_unless_someone_changed_it(void **state)
{
    (void)state;
    char root[] = "/tmp/schedule-test-XXXXXX";
    char path[128];
    char text[1024];
    struct platform_stamp stamp;
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/2020-06-due-2020-07-10/manifest.ini", root);
    assert_true(make(root, 1U << TYPE_PORTFOLIO | 1U << TYPE_EXPOSURES, 0));
    read_text(path, text);
    assert_non_null(strstr(text, "\ninstitution_id = SACCO-1\nas_of = 2020-06-30\nfrequency = M\n"
                                 "currency = RWF\nsource = sql\nreports = PORTFOLIO, EXPOSURES\n"));
    platform_stamp(path, &stamp);
    assert_false(make(root, 1U << TYPE_PORTFOLIO, stamp.modified_us + DAY_US - 1));
    assert_true(make(root, 1U << TYPE_PORTFOLIO, stamp.modified_us + DAY_US));
    read_text(path, text);
    assert_non_null(strstr(text, "\nreports = PORTFOLIO\n"));
    /* A person's file is left alone. */
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("as_of = 2020-06-30\n", file);
    assert_int_equal(fclose(file), 0);
    platform_stamp(path, &stamp);
    assert_false(make(root, 1U << TYPE_PORTFOLIO, stamp.modified_us + 10 * DAY_US));
    assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void a_folder_that_cannot_be_written_says_so(void **state)
{
    (void)state;
    struct schedule_terms terms = terms_of("SACCO-1", NOT_CLOSED);
    struct extraction extraction = {.due_us = ENDED_US, .types = 1U << TYPE_PORTFOLIO};
    struct complaint complaint = {{0}};
    bool is_written = true;
    assert_int_equal(period_parse("2020-06", &extraction.period), ERR_OK);
    assert_int_not_equal(
        extraction_make(&extraction, &terms, "/proc/self/none", "RWF", 0, &complaint, &is_written),
        ERR_OK);
    assert_true(complaint.text[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_hundred_and_sixty_agents_do_not_come_at_once_and_all_come_in_time),
        cmocka_unit_test(nothing_is_made_before_the_books_are_closed),
        cmocka_unit_test(what_is_due_together_is_made_together_and_nothing_that_is_there),
        cmocka_unit_test(an_extract_is_made_once_and_again_after_a_day_unless_someone_changed_it),
        cmocka_unit_test(a_folder_that_cannot_be_written_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
