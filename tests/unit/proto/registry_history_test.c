/* Random histories of enrolments, mergers, splits, renamings and closings: whoever is counted is
 * counted once, and what was before a merger stays as it was. */
#include "proto/calendar.h"
#include "proto/registry.h"

#include "tests/support/acts.h"

#include <stdio.h>

#define DAY_US    INT64_C(86400000000)
#define FIRST_DAY 18262 /* 2020-01-01 */
#define MONTHS    30
#define IDS       14
#define ACTS      60
#define OFFSET    120 /* minutes: Kigali */

static uint64_t random_state;

static uint32_t random_below(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % below;
}

/* ---- acts at random ---- */

static const char *const ids[IDS] = {"M00", "M01", "M02", "M03", "M04", "M05", "M06",
                                     "M07", "M08", "M09", "M10", "M11", "M12", "M13"};

/* An act, with the list that it points to. */
struct chance {
    struct act_row row;
    const char *many[ACT_MANY];
};

struct history {
    struct chance acts[ACTS];
    size_t count;
    size_t refused;
    size_t mergers;
    size_t splits;
};

static struct period month_of(int index)
{
    struct period period;
    int32_t day = FIRST_DAY;
    for (int i = 0; i <= index; i++) {
        assert_int_equal(period_containing(FREQUENCY_M, day, &period), ERR_OK);
        day = period.end_day + 1;
    }
    return period;
}

static void random_enrolment(struct act_row *row)
{
    row->kind = KIND_PARTY;
    row->role = ROLE_MEMBER;
    row->name = "Ikigega";
    row->currency = "RWF";
    row->reports_from_day =
        random_below(4) == 0 ? month_of((int)random_below(MONTHS)).start_day : 0;
}

static void random_status(struct act_row *row)
{
    row->kind = KIND_PARTY;
    row->status = 1 + (int)random_below(3);
    row->status_from_day = FIRST_DAY + (int32_t)random_below(900);
}

/* Sometimes with itself, with one twice, or in the middle of a month: what must be refused. */
static void random_succession(struct chance *chance)
{
    const size_t count = 1 + random_below(ACT_MANY / 2);
    chance->row.kind = random_below(3) == 0 ? KIND_SPLIT : KIND_MERGED;
    for (size_t i = 0; i < count; i++) {
        chance->many[i] = ids[random_below(IDS)];
    }
    chance->many[count] = NULL;
    chance->row.many = chance->many;
    chance->row.from_day =
        month_of((int)random_below(MONTHS)).start_day + (random_below(8) == 0 ? 3 : 0);
}

static void random_act(struct chance *chance, int64_t time_us)
{
    *chance = (struct chance){.row = {.time_us = time_us, .subject = ids[random_below(IDS)]}};
    switch (random_below(8)) {
    case 0:
    case 1:
    case 2:
        random_enrolment(&chance->row);
        break;
    case 3:
        random_status(&chance->row);
        break;
    case 4:
        chance->row.kind = KIND_RENAMED;
        chance->row.name = "Iriba";
        chance->row.from_day = FIRST_DAY + (int32_t)random_below(900);
        break;
    default:
        random_succession(chance);
    }
}

/* ---- what is counted ---- */

static size_t place_of(const char *id)
{
    size_t at = 0;
    while (at < IDS && strcmp(ids[at], id) != 0) {
        at++;
    }
    assert_true(at < IDS);
    return at;
}

/* Who stands for a member on a day, by the mergers and splits alone; a bit each. depth: a circle
 * would never end. */
static uint32_t standing_for(const struct registry *registry, const char *id, int32_t day,
                             int depth)
{
    size_t count = 0;
    const struct succession *rows = registry_successions(registry, &count);
    uint32_t found = 0;
    bool is_gone = false;
    assert_true(depth < IDS);
    for (size_t i = 0; i < count; i++) {
        const struct succession *row = &rows[i];
        bool ends = row->is_split && strcmp(row->one, id) == 0;
        for (size_t j = 0; j < row->many_count && !row->is_split; j++) {
            ends = ends || strcmp(row->many[j], id) == 0;
        }
        if (!ends || row->from_day > day) {
            continue;
        }
        is_gone = true;
        for (size_t j = 0; j < row->many_count && row->is_split; j++) {
            found |= standing_for(registry, row->many[j], day, depth + 1);
        }
        found |= row->is_split ? 0 : standing_for(registry, row->one, day, depth + 1);
    }
    return is_gone ? found : UINT32_C(1) << place_of(id);
}

/* A bit for each that owes the month. */
static uint32_t expected(const struct registry *registry, const struct period *month)
{
    uint32_t found = 0;
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct party *party = registry_at(registry, i);
        const uint32_t bit = UINT32_C(1) << place_of(party->id);
        assert_int_equal(found & bit, 0); /* a party is there once */
        found |= party_owes(party, month, OFFSET) ? bit : 0;
    }
    return found;
}

/* Every reporter of a month stands for somebody, and whoever went into it is none beside it: so the
 * reporters are at most as many as those who stand. */
static void nobody_is_counted_twice(const struct registry *registry, const struct period *month)
{
    uint32_t standing = 0;
    for (size_t i = 0; i < registry_count(registry); i++) {
        standing |= standing_for(registry, registry_at(registry, i)->id, month->end_day, 0);
    }
    const uint32_t owing = expected(registry, month);
    assert_int_equal(owing & ~standing, 0);
    assert_true(__builtin_popcount(owing) <= __builtin_popcount(standing));
    size_t count = 0;
    const struct succession *rows = registry_successions(registry, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < rows[i].many_count && rows[i].from_day <= month->end_day; j++) {
            const char *gone = rows[i].is_split ? rows[i].one : rows[i].many[j];
            assert_int_equal(owing & (UINT32_C(1) << place_of(gone)), 0);
        }
    }
}

static bool owes(const struct registry *registry, const char *id, const struct period *month)
{
    const struct party *party = registry_find(registry, id);
    return party != NULL && party_owes(party, month, OFFSET);
}

/* Whose reports were owed until then are owed by who took over, unless that was told otherwise. */
static void somebody_goes_on(const struct registry *registry, const struct act_row *row,
                             const struct period *month, uint32_t owed_before)
{
    for (size_t i = 0; row->many[i] != NULL; i++) {
        const char *gone = row->kind == KIND_SPLIT ? row->subject : row->many[i];
        const char *heir = row->kind == KIND_SPLIT ? row->many[i] : row->subject;
        const struct party *party = registry_find(registry, heir);
        const bool is_told = party->reports_from_day != INT32_MIN ||
                             party->status == PARTY_LIQUIDATED || party->ended_day != INT32_MAX;
        if ((owed_before & (UINT32_C(1) << place_of(gone))) != 0 && !is_told) {
            assert_true(owes(registry, heir, month));
        }
    }
}

/* ---- one history ---- */

/* What a succession leaves as it was: every month before its day, and all that may be asked of
 * whoever ended. */
static void take_succession(struct registry *registry, const struct chance *chance)
{
    uint32_t before[MONTHS];
    const struct act_row *row = &chance->row;
    for (int i = 0; i < MONTHS; i++) {
        const struct period month = month_of(i);
        before[i] = expected(registry, &month);
    }
    apply(registry, row);
    assert_int_equal(registry_seal(registry), ERR_OK);
    for (int i = 0; i < MONTHS; i++) {
        const struct period month = month_of(i);
        if (month.end_day < row->from_day) {
            assert_int_equal(expected(registry, &month), before[i]);
        } else if (month.start_day == row->from_day) {
            somebody_goes_on(registry, row, &month, before[i]);
        }
    }
    for (size_t i = 0; row->many[i] != NULL; i++) {
        const char *gone = row->kind == KIND_SPLIT ? row->subject : row->many[i];
        const struct party *party = registry_find(registry, gone);
        assert_non_null(party);
        assert_int_equal(party->ended_day, row->from_day);
        assert_string_equal(registry_name_on(registry, party, INT32_MIN), "Ikigega");
    }
}

static void run_history(uint64_t seed, struct history *history, struct registry *registry)
{
    random_state = seed;
    for (int i = 0; i < ACTS; i++) {
        struct chance *chance = &history->acts[history->count];
        struct event_box box;
        struct complaint complaint = {{0}};
        random_act(chance, (FIRST_DAY - 100 + i * 15) * DAY_US);
        chance->row.many = chance->row.many != NULL ? chance->many : NULL;
        fill_event(&chance->row, &box);
        if (registry_validate(registry, &box.event, &complaint) != ERR_OK) {
            assert_true(complaint.text[0] != '\0');
            history->refused++;
            continue;
        }
        if (chance->row.many != NULL) {
            take_succession(registry, chance);
            history->mergers += chance->row.kind == KIND_MERGED;
            history->splits += chance->row.kind == KIND_SPLIT;
        } else {
            apply(registry, &chance->row);
            assert_int_equal(registry_seal(registry), ERR_OK);
        }
        history->count++;
        for (int month = 0; month < MONTHS; month++) {
            const struct period period = month_of(month);
            nobody_is_counted_twice(registry, &period);
        }
    }
}

static struct registry *shuffled(const struct history *history)
{
    struct registry *registry = NULL;
    size_t order[ACTS];
    assert_int_equal(registry_make(&registry), ERR_OK);
    for (size_t i = 0; i < history->count; i++) {
        const size_t j = random_below((uint32_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (size_t i = 0; i < history->count; i++) {
        apply(registry, &history->acts[order[i]].row);
    }
    assert_int_equal(registry_seal(registry), ERR_OK);
    return registry;
}

static void the_number_of_expected_reporters_is_never_exceeded(void **state)
{
    (void)state;
    const uint64_t histories = getenv("LONG") != NULL ? 5000 : 500;
    struct history total = {.count = 0};
    for (uint64_t seed = 1; seed <= histories; seed++) {
        struct history history = {.count = 0};
        AUTO(registry_close) struct registry *registry = NULL;
        assert_int_equal(registry_make(&registry), ERR_OK);
        run_history(seed, &history, registry);
        AUTO(registry_close) struct registry *other = shuffled(&history);
        for (int month = 0; month < MONTHS; month++) {
            const struct period period = month_of(month);
            assert_int_equal(expected(other, &period), expected(registry, &period));
        }
        total.count += history.count;
        total.refused += history.refused;
        total.mergers += history.mergers;
        total.splits += history.splits;
    }
    print_message("%llu histories: %zu acts (%zu mergers, %zu splits), %zu refused\n",
                  (unsigned long long)histories, total.count, total.mergers, total.splits,
                  total.refused);
    assert_true(total.mergers > histories && total.splits > histories / 10 &&
                total.refused > histories);
}

/* Fifteen become one, and each month has fifteen reporters or one. */
static void fifteen_that_merge_are_fifteen_before_and_one_after(void **state)
{
    (void)state;
    struct act_row rows[16];
    char names[16][INSTITUTION_ID_MAX];
    AUTO(registry_close) struct registry *registry = NULL;
    assert_int_equal(registry_make(&registry), ERR_OK);
    for (int i = 0; i < 16; i++) {
        snprintf(names[i], sizeof names[i], "S%02d", i);
        rows[i] = (struct act_row)MEMBER((FIRST_DAY - 1) * DAY_US, names[i]);
        rows[i].reports_from_day = i == 15 ? month_of(6).start_day : 0;
        apply(registry, &rows[i]);
    }
    struct act_row first =
        MERGED((FIRST_DAY + 150) * DAY_US, names[15], month_of(6).start_day, names[0], names[1],
               names[2], names[3], names[4], names[5], names[6]);
    struct act_row second =
        MERGED((FIRST_DAY + 151) * DAY_US, names[15], month_of(6).start_day, names[7], names[8],
               names[9], names[10], names[11], names[12], names[13]);
    struct act_row third =
        MERGED((FIRST_DAY + 152) * DAY_US, names[15], month_of(6).start_day, names[14]);
    apply(registry, &first);
    apply(registry, &second);
    apply(registry, &third);
    assert_int_equal(registry_seal(registry), ERR_OK);
    for (int month = 0; month < 12; month++) {
        const struct period period = month_of(month);
        size_t count = 0;
        for (size_t i = 0; i < registry_count(registry); i++) {
            count += party_owes(registry_at(registry, i), &period, OFFSET);
        }
        assert_int_equal(count, month < 6 ? 15 : 1);
    }
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_number_of_expected_reporters_is_never_exceeded),
        TEST(fifteen_that_merge_are_fifteen_before_and_one_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
