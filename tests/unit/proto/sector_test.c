/* What is known at (N, T), by hand-made histories: which reports count, who is missing, which
 * settings are in force, who owes. */
#include "tests/support/histories.h"

#include <stdio.h>

static struct history history;

#define JUNE "2020-06"

static const struct obligation_row monthly[] = {
    {.type = "PORTFOLIO", .frequency = "M", .due_days = 10, .grace_hours = 24},
};

static int set_up(void **state)
{
    (void)state;
    history.now_us = time_of("2020-01-01T00:00:00Z");
    settings_come(&history, monthly, 1);
    member_comes(&history, "A", "USACCO", "2020-01-01");
    member_comes(&history, "B", "MF", "2020-01-01");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    history_close(&history);
    return 0;
}

/* ---- cells as text: "A PORTFOLIO 2020-06 ACCEPTED ON_TIME" ---- */

static char shown[1 << 16];

static enum err show_cell(void *context, const struct party *party, const struct duty *duty,
                          const struct cell *cell)
{
    char key[PERIOD_KEY_MAX + 1];
    size_t *used = context;
    period_format(&duty->period, key);
    int length =
        snprintf(shown + *used, sizeof shown - *used, "%s %s %s %s %s%s\n", party->id,
                 report_type_name(duty->type), key, progress_name(cell->progress),
                 timeliness_name(cell->timeliness), cell->is_contested ? " contested" : "");
    assert_true(length > 0 && *used + (size_t)length < sizeof shown);
    *used += (size_t)length;
    return ERR_OK;
}

static const char *cells_of_sector(const struct sector *sector, const char *month)
{
    struct period period = key_of(month);
    size_t used = 0;
    shown[0] = '\0';
    assert_int_equal(sector_cells(sector, &period, show_cell, &used), ERR_OK);
    return shown;
}

static const char *cells_at(size_t until, const char *known_at)
{
    struct sector *sector = sector_of(&history, until, time_of(known_at), NULL);
    const char *text = cells_of_sector(sector, JUNE);
    sector_close(&sector);
    return text;
}

static void report(const char *institution, uint32_t vintage, const char *time)
{
    history.now_us = time_of(time);
    report_comes(&history, &(struct report_row_of){.institution = institution,
                                                   .type = TYPE_PORTFOLIO,
                                                   .key = JUNE,
                                                   .vintage = vintage});
}

/* ---- reports ---- */

static void each_member_has_its_cells_and_what_came_is_in_them(void **state)
{
    (void)state;
    report("B", 1, "2020-07-05T10:00:00Z");
    assert_string_equal(cells_at(SIZE_MAX, "2020-06-15T00:00:00Z"),
                        "A PORTFOLIO 2020-06 NOT_DUE OPEN\nB PORTFOLIO 2020-06 NOT_DUE OPEN\n");
    assert_string_equal(
        cells_at(SIZE_MAX, "2020-07-20T00:00:00Z"),
        "A PORTFOLIO 2020-06 EXPECTED OVERDUE\nB PORTFOLIO 2020-06 ACCEPTED ON_TIME\n");
}

static void as_of_a_record_what_came_later_is_not_there(void **state)
{
    (void)state;
    report("A", 1, "2020-07-05T10:00:00Z");
    report("B", 1, "2020-07-06T10:00:00Z");
    assert_string_equal(
        cells_at(history.count - 1, "2020-07-20T00:00:00Z"),
        "A PORTFOLIO 2020-06 ACCEPTED ON_TIME\nB PORTFOLIO 2020-06 EXPECTED OVERDUE\n");
}

static void as_known_at_a_time_what_was_received_later_is_not_there(void **state)
{
    (void)state;
    report("A", 1, "2020-07-05T10:00:00Z");
    report("B", 1, "2020-07-06T10:00:00Z");
    assert_string_equal(
        cells_at(SIZE_MAX, "2020-07-05T12:00:00Z"),
        "A PORTFOLIO 2020-06 ACCEPTED ON_TIME\nB PORTFOLIO 2020-06 EXPECTED OPEN\n");
}

static void two_accepted_reports_of_one_vintage_are_contested_until_the_next_one(void **state)
{
    (void)state;
    report("A", 1, "2020-07-05T10:00:00Z");
    report("A", 1, "2020-07-06T10:00:00Z"); /* of another history, offered again */
    report("B", 1, "2020-07-06T10:00:00Z");
    assert_non_null(strstr(cells_at(SIZE_MAX, "2020-07-20T00:00:00Z"),
                           "A PORTFOLIO 2020-06 ACCEPTED ON_TIME contested"));
    report("A", 2, "2020-07-21T10:00:00Z");
    assert_non_null(strstr(cells_at(SIZE_MAX, "2020-07-22T00:00:00Z"),
                           "A PORTFOLIO 2020-06 ACCEPTED ON_TIME\n"));
}

static void an_earlier_receipt_counts_with_its_time_and_verdict(void **state)
{
    (void)state;
    struct report_row_of row = {.institution = "A", .type = TYPE_PORTFOLIO, .key = JUNE, .id = 7};
    history.now_us = time_of("2020-07-15T10:00:00Z");
    row.verdict = VERDICT_REJECTED;
    report_comes(&history, &row);
    assert_non_null(
        strstr(cells_at(SIZE_MAX, "2020-07-20T00:00:00Z"), "A PORTFOLIO 2020-06 REJECTED OVERDUE"));
    row.verdict = VERDICT_ACCEPTED;
    row.is_earlier = true;
    row.first_us = time_of("2020-07-05T10:00:00Z");
    report_comes(&history, &row);
    assert_non_null(
        strstr(cells_at(SIZE_MAX, "2020-07-20T00:00:00Z"), "A PORTFOLIO 2020-06 ACCEPTED ON_TIME"));
}

static void a_report_that_is_offered_again_after_a_restore_counts_from_its_first_time(void **state)
{
    (void)state;
    history.now_us = time_of("2020-08-01T10:00:00Z");
    report_comes(&history, &(struct report_row_of){.institution = "A",
                                                   .type = TYPE_PORTFOLIO,
                                                   .key = JUNE,
                                                   .first_us = time_of("2020-07-05T10:00:00Z")});
    assert_non_null(
        strstr(cells_at(SIZE_MAX, "2020-07-06T00:00:00Z"), "A PORTFOLIO 2020-06 ACCEPTED ON_TIME"));
}

static void the_order_in_which_it_is_fed_changes_nothing_and_twice_is_once(void **state)
{
    (void)state;
    size_t order[HISTORY_MAX];
    unsigned seed = 1;
    for (uint32_t vintage = 1; vintage <= 3; vintage++) {
        report("B", vintage, "2020-07-05T10:00:00Z");
        report("A", vintage, "2020-07-06T10:00:00Z");
    }
    char expected[sizeof shown];
    strcpy(expected, cells_at(SIZE_MAX, "2020-07-20T00:00:00Z"));
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < history.count; i++) {
            order[i] = i;
        }
        for (size_t i = history.count - 1; i > 0; i--) {
            seed = seed * 1103515245 + 12345;
            size_t with = (seed >> 8) % (i + 1);
            size_t other = order[i];
            order[i] = order[with];
            order[with] = other;
        }
        struct sector_terms terms = {.known_at_us = time_of("2020-07-20T00:00:00Z")};
        struct sector *sector = NULL;
        assert_int_equal(sector_make(&terms, &sector), ERR_OK);
        for (size_t i = 0; i < 2 * history.count; i++) {
            feed_one(sector, &history, order[i % history.count]);
        }
        assert_int_equal(sector_seal(sector), ERR_OK);
        assert_string_equal(cells_of_sector(sector, JUNE), expected);
        size_t count = 0;
        int32_t end_day = key_of(JUNE).end_day;
        const struct sighting *place =
            sector_place(sector, "A", TYPE_PORTFOLIO, FREQUENCY_M, end_day, &count);
        assert_int_equal(count, 3);
        assert_int_equal(place[0].vintage, 1);
        assert_int_equal(place[2].vintage, 3);
        assert_null(sector_place(sector, "AA", TYPE_PORTFOLIO, FREQUENCY_M, end_day, &count));
        assert_null(sector_place(sector, "A", TYPE_CAPITAL, FREQUENCY_M, end_day, &count));
        assert_int_equal(count, 0);
        sector_close(&sector);
    }
}

/* ---- settings ---- */

static void the_last_settings_that_are_known_are_in_force(void **state)
{
    (void)state;
    static const struct obligation_row two[] = {
        {.type = "PORTFOLIO", .frequency = "M", .due_days = 10},
        {.type = "CAPITAL", .frequency = "M", .due_days = 10, .category = "MF"},
    };
    history.now_us = time_of("2020-07-01T00:00:00Z");
    settings_come(&history, two, 2);
    assert_string_equal(cells_at(SIZE_MAX, "2020-07-01T00:00:00Z"),
                        "A PORTFOLIO 2020-06 EXPECTED OPEN\nB PORTFOLIO 2020-06 EXPECTED OPEN\n"
                        "B CAPITAL 2020-06 EXPECTED OPEN\n");
    assert_string_equal(cells_at(SIZE_MAX, "2020-06-30T00:00:00Z"),
                        "A PORTFOLIO 2020-06 NOT_DUE OPEN\nB PORTFOLIO 2020-06 NOT_DUE OPEN\n");
    assert_string_equal(cells_at(history.count - 1, "2020-07-01T00:00:00Z"),
                        "A PORTFOLIO 2020-06 EXPECTED OPEN\nB PORTFOLIO 2020-06 EXPECTED OPEN\n");
}

static void without_settings_nobody_owes_anything(void **state)
{
    (void)state;
    assert_string_equal(cells_at(0, "2020-07-01T00:00:00Z"), "");
    assert_string_equal(cells_at(SIZE_MAX, "2019-07-01T00:00:00Z"), "");
}

/* ---- history that was replaced ---- */

static void restored(const char *time)
{
    Ihuriro__V1__Restored part = IHURIRO__V1__RESTORED__INIT;
    PbPosition survived = IHURIRO__V1__POSITION__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    part.survived = &survived;
    event.restored = &part;
    history.now_us = time_of(time);
    happens(&history, NULL, &event);
}

static void says_back(const char *institution, const char *time)
{
    Ihuriro__V1__Back part = IHURIRO__V1__BACK__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    event.back = &part;
    history.now_us = time_of(time);
    happens(&history, institution, &event);
}

static const char *missing_at(size_t until, const char *known_at)
{
    struct sector *sector = sector_of(&history, until, time_of(known_at), NULL);
    size_t used = 0;
    shown[0] = '\0';
    for (size_t i = 0; i < registry_count(sector_registry(sector)); i++) {
        const struct party *party = registry_at(sector_registry(sector), i);
        if (sector_is_missing(sector, party)) {
            used += (size_t)snprintf(shown + used, sizeof shown - used, "%s ", party->id);
        }
    }
    sector_close(&sector);
    return shown;
}

static void after_a_restore_who_has_not_said_back_is_missing(void **state)
{
    (void)state;
    assert_string_equal(missing_at(SIZE_MAX, "2020-07-01T00:00:00Z"), "");
    restored("2020-07-02T00:00:00Z");
    says_back("B", "2020-07-03T00:00:00Z");
    assert_string_equal(missing_at(SIZE_MAX, "2020-07-01T00:00:00Z"), "");
    assert_string_equal(missing_at(SIZE_MAX, "2020-07-02T12:00:00Z"), "A B ");
    assert_string_equal(missing_at(history.count - 1, "2020-07-04T00:00:00Z"), "A B ");
    assert_string_equal(missing_at(SIZE_MAX, "2020-07-04T00:00:00Z"), "A ");
    restored("2020-07-05T00:00:00Z"); /* again: everybody is asked anew */
    assert_string_equal(missing_at(SIZE_MAX, "2020-07-06T00:00:00Z"), "A B ");
}

static void who_was_enrolled_after_the_loss_has_lost_nothing(void **state)
{
    (void)state;
    restored("2020-07-02T00:00:00Z");
    history.now_us = time_of("2020-07-03T00:00:00Z");
    member_comes(&history, "C", "MF", "2020-01-01");
    assert_string_equal(missing_at(SIZE_MAX, "2020-07-04T00:00:00Z"), "A B ");
}

/* ---- who owes ---- */

static void a_merger_moves_what_is_owed_from_its_day_on(void **state)
{
    (void)state;
    Ihuriro__V1__Merged merged = IHURIRO__V1__MERGED__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    char *predecessors[] = {words("A"), words("B")};
    history.now_us = time_of("2020-06-20T00:00:00Z");
    member_comes(&history, "D", "OSACCO", "2020-07-01");
    merged.predecessors = predecessors;
    merged.n_predecessors = 2;
    merged.from_day = date_of("2020-07-01");
    event.merged = &merged;
    happens(&history, "D", &event);
    assert_string_equal(cells_at(SIZE_MAX, "2020-07-01T00:00:00Z"),
                        "A PORTFOLIO 2020-06 EXPECTED OPEN\nB PORTFOLIO 2020-06 EXPECTED OPEN\n");
    struct sector *sector = sector_of(&history, SIZE_MAX, time_of("2020-08-01T00:00:00Z"), NULL);
    assert_string_equal(cells_of_sector(sector, "2020-07"), "D PORTFOLIO 2020-07 EXPECTED OPEN\n");
    sector_close(&sector);
}

/* ---- the number of cells ---- */

static unsigned random_seed;

static unsigned pick(unsigned below)
{
    random_seed = random_seed * 1103515245 + 12345;
    return (random_seed >> 8) % below;
}

static void random_party_act(const char *id)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    party.has_role = 1;
    party.role = pick(5) == 0 ? IHURIRO__V1__PARTY_ACT__ROLE__REGULATOR
                              : IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    party.category = words(pick(2) == 0 ? "USACCO" : "MF");
    party.has_valid_from_day = pick(3) == 0;
    party.valid_from_day = date_of("2020-01-01") + (int32_t)pick(400);
    party.has_valid_to_day = pick(3) == 0;
    party.valid_to_day = party.valid_from_day + (int32_t)pick(400);
    party.has_status = pick(3) == 0;
    party.status = (Ihuriro__V1__PartyAct__Status)(1 + pick(3));
    party.has_status_from_day = party.has_status;
    party.status_from_day = date_of("2020-01-01") + (int32_t)pick(400);
    party.has_reports_from_day = pick(2) == 0;
    party.reports_from_day = date_of("2020-01-01") + (int32_t)pick(400);
    event.party = &party;
    happens(&history, id, &event);
}

struct counting {
    size_t cells;
    size_t members;
    const struct party *last;
    const struct sector *sector;
    struct period month;
};

static enum err count_cell(void *context, const struct party *party, const struct duty *duty,
                           const struct cell *cell)
{
    struct counting *counting = context;
    (void)cell;
    counting->cells++;
    counting->members += party != counting->last;
    counting->last = party;
    assert_true(party->role == ROLE_MEMBER);
    assert_true(party_is_valid_on(party, duty->period.end_day));
    assert_true(duty->period.end_day >= counting->month.start_day &&
                duty->period.end_day <= counting->month.end_day);
    return ERR_OK;
}

/* Days, weeks, the month and perhaps the quarter that end in it. */
static size_t periods_of(const struct obligation_row *row, const struct period *month)
{
    enum frequency frequency = row->frequency[0] == 'D'   ? FREQUENCY_D
                               : row->frequency[0] == 'W' ? FREQUENCY_W
                               : row->frequency[0] == 'M' ? FREQUENCY_M
                                                          : FREQUENCY_Q;
    size_t count = 0;
    struct period period;
    for (int32_t day = month->start_day; day <= month->end_day; day++) {
        count += period_ending(frequency, day, &period) == ERR_OK;
    }
    return count;
}

static void the_cells_of_a_month_are_never_more_than_members_by_duties(void **state)
{
    (void)state;
    static const char *const types[] = {"PORTFOLIO", "LIQUIDITY", "CAPITAL", "OPERATIONS"};
    static const char *const frequencies[] = {"D", "W", "M", "Q"};
    size_t looked = 0;
    size_t cells = 0;
    for (unsigned round = 1; round <= 400; round++) {
        struct obligation_row rows[4] = {{0}};
        size_t row_count = 1 + pick(4);
        char id[8];
        random_seed = round;
        history_close(&history);
        history.now_us = time_of("2019-12-01T00:00:00Z");
        for (size_t i = 0; i < row_count; i++) {
            rows[i].type = types[i];
            rows[i].frequency = frequencies[pick(4)];
            rows[i].due_days = pick(30);
            rows[i].category = pick(3) == 0 ? "MF" : NULL;
        }
        settings_come(&history, rows, row_count);
        for (unsigned i = 0; i < 30; i++) {
            history.now_us += (int64_t)pick(20) * DAY_OF_US;
            snprintf(id, sizeof id, "M%u", pick(10));
            random_party_act(id);
        }
        struct sector *sector =
            sector_of(&history, 1 + pick((unsigned)history.count), history.now_us, NULL);
        static const char *const months[] = {"2020-02", "2020-06", "2020-09", "2021-01"};
        for (size_t i = 0; i < 4; i++) {
            struct counting counting = {.sector = sector, .month = key_of(months[i])};
            size_t duties = 0;
            size_t members = 0;
            for (size_t k = 0; k < row_count; k++) {
                duties += periods_of(&rows[k], &counting.month);
            }
            for (size_t k = 0; k < registry_count(sector_registry(sector)); k++) {
                members += registry_at(sector_registry(sector), k)->role == ROLE_MEMBER;
            }
            assert_int_equal(sector_cells(sector, &counting.month, count_cell, &counting), ERR_OK);
            assert_true(counting.members <= members);
            assert_true(counting.cells <= members * duties);
            cells += counting.cells;
            looked++;
        }
        sector_close(&sector);
    }
    assert_true(cells > 1000);
    printf("%zu months of 400 random histories, %zu cells\n", looked, cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_A_SECTOR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        IN_A_SECTOR(each_member_has_its_cells_and_what_came_is_in_them),
        IN_A_SECTOR(as_of_a_record_what_came_later_is_not_there),
        IN_A_SECTOR(as_known_at_a_time_what_was_received_later_is_not_there),
        IN_A_SECTOR(two_accepted_reports_of_one_vintage_are_contested_until_the_next_one),
        IN_A_SECTOR(an_earlier_receipt_counts_with_its_time_and_verdict),
        IN_A_SECTOR(a_report_that_is_offered_again_after_a_restore_counts_from_its_first_time),
        IN_A_SECTOR(the_order_in_which_it_is_fed_changes_nothing_and_twice_is_once),
        IN_A_SECTOR(the_last_settings_that_are_known_are_in_force),
        IN_A_SECTOR(without_settings_nobody_owes_anything),
        IN_A_SECTOR(after_a_restore_who_has_not_said_back_is_missing),
        IN_A_SECTOR(who_was_enrolled_after_the_loss_has_lost_nothing),
        IN_A_SECTOR(a_merger_moves_what_is_owed_from_its_day_on),
        IN_A_SECTOR(the_cells_of_a_month_are_never_more_than_members_by_duties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
