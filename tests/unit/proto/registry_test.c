#include "proto/registry.h"

#include "tests/support/acts.h"

#include <stdio.h>

#define DAY_US INT64_C(86400000000)

static enum key_standing standing(const struct registry *registry, const char *id, uint8_t number,
                                  int64_t now_us)
{
    uint8_t key[PUBLIC_KEY_BYTES];
    fill_key(number, key);
    const struct party *party = registry_find(registry, id);
    assert_non_null(party);
    return party_signing_key(party, key, now_us);
}

static size_t named_by(const struct registry *registry, uint8_t number, int64_t now_us,
                       const struct party *const **ret_parties)
{
    uint8_t key[PUBLIC_KEY_BYTES];
    size_t count = 0;
    fill_key(number, key);
    assert_int_equal(registry_by_transport(registry, key, now_us, ret_parties, &count), ERR_OK);
    return count;
}

/* All that can be asked of a registry, as text. */
static void dump_keys(const struct party_key *keys, size_t count, struct buffer *text)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(buffer_printf(text, " %u@%lld-%lld!%lld", keys[i].key[0],
                                       (long long)keys[i].from_us, (long long)keys[i].replaced_us,
                                       (long long)keys[i].revoked_us),
                         ERR_OK);
    }
}

static void dump_successions(const struct registry *registry, struct buffer *text)
{
    size_t count = 0;
    const struct succession *rows = registry_successions(registry, &count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(buffer_printf(text, "%d %s %s", rows[i].from_day,
                                       rows[i].is_split ? "split" : "merged", rows[i].one),
                         ERR_OK);
        for (size_t j = 0; j < rows[i].many_count; j++) {
            assert_int_equal(buffer_printf(text, " %s", rows[i].many[j]), ERR_OK);
        }
        assert_int_equal(buffer_printf(text, "\n"), ERR_OK);
    }
}

static void dump(const struct registry *registry, struct buffer *text)
{
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct party *party = registry_at(registry, i);
        assert_ptr_equal(registry_find(registry, party->id), party);
        assert_int_equal(buffer_printf(text, "%s %d '%s' '%s' %s %d..%d shares=%d s:", party->id,
                                       (int)party->role, party->name, party->category,
                                       party->currency, party->valid_from_day, party->valid_to_day,
                                       party->shares),
                         ERR_OK);
        assert_int_equal(buffer_printf(text, " %s@%d <%d >%d since %lld reports %d '%s' '%s'",
                                       party_status_name(party->status), party->status_from_day,
                                       party->ended_day, party->took_over_day,
                                       (long long)party->enrolled_us, party->reports_from_day,
                                       party->le_book, party->lei),
                         ERR_OK);
        for (int32_t day = 0; day < 200; day += 10) {
            assert_int_equal(buffer_printf(text, " %s", registry_name_on(registry, party, day)),
                             ERR_OK);
        }
        dump_keys(party->signing_keys, party->signing_key_count, text);
        assert_int_equal(buffer_printf(text, " t:"), ERR_OK);
        dump_keys(party->transport_keys, party->transport_key_count, text);
        assert_int_equal(buffer_printf(text, "\n"), ERR_OK);
    }
    dump_successions(registry, text);
    for (unsigned number = 1; number < 256; number++) {
        for (int64_t day = 0; day < 90; day += 15) {
            const struct party *const *parties = NULL;
            const size_t count = named_by(registry, (uint8_t)number, day * DAY_US, &parties);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(
                    buffer_printf(text, "%u %d %s\n", number, (int)day, parties[i]->id), ERR_OK);
            }
        }
    }
}

static void a_party_is_what_its_acts_made_it(void **state)
{
    (void)state;
    const struct act_row rows[] = {
        MEMBER(1, "A"),
        {.time_us = 2, .subject = "A", .kind = KIND_PARTY, .name = "Umurenge"},
        AGREEMENT(3, "A", 1),
        KEYS(4, "A", .signing = 1, .transport = 2),
        READER(5, "BNR", ROLE_REGULATOR),
    };
    AUTO(registry_close) struct registry *registry = registry_of(rows, 5);
    const struct party *party = registry_find(registry, "A");
    assert_int_equal(registry_count(registry), 2);
    assert_string_equal(party->name, "Umurenge");
    assert_string_equal(party->currency, "RWF");
    assert_string_equal(party->district, "");
    assert_int_equal(party->role, ROLE_MEMBER);
    assert_true(party->shares);
    assert_true(party_is_valid_on(party, INT32_MIN));
    assert_null(registry_find(registry, "B"));
    assert_null(registry_at(registry, 2));
    const struct party *const *parties = NULL;
    assert_int_equal(named_by(registry, 2, 10, &parties), 1);
    assert_ptr_equal(parties[0], party);
    assert_int_equal(named_by(registry, 1, 10, &parties), 0);
}

static void what_no_act_enrolled_is_no_party(void **state)
{
    (void)state;
    const struct act_row rows[] = {KEYS(1, "A", .transport = 2), AGREEMENT(2, "A", 1)};
    const struct act_row enrolment = MEMBER(3, "A");
    const struct party *const *parties = NULL;
    AUTO(registry_close) struct registry *registry = registry_of(rows, 2);
    assert_int_equal(registry_count(registry), 0);
    assert_null(registry_find(registry, "A"));
    assert_int_equal(named_by(registry, 2, 9, &parties), 0);
    apply(registry, &enrolment);
    assert_int_equal(registry_seal(registry), ERR_OK);
    assert_true(registry_find(registry, "A")->shares);
    assert_int_equal(named_by(registry, 2, 9, &parties), 1);
}

static void a_replaced_key_is_good_for_thirty_more_days(void **state)
{
    (void)state;
    const struct act_row rows[] = {
        MEMBER(0, "A"),
        KEYS(5 * DAY_US, "A", .signing = 1, .transport = 11),
        KEYS(10 * DAY_US, "A", .signing = 2, .transport = 12),
    };
    const struct party *const *parties = NULL;
    AUTO(registry_close) struct registry *registry = registry_of(rows, 3);
    assert_int_equal(standing(registry, "A", 1, 5 * DAY_US - 1), KEY_NOT_YET);
    assert_int_equal(standing(registry, "A", 1, 5 * DAY_US), KEY_GOOD);
    assert_int_equal(standing(registry, "A", 1, 40 * DAY_US), KEY_GOOD);
    assert_int_equal(standing(registry, "A", 1, 40 * DAY_US + 1), KEY_EXPIRED);
    assert_int_equal(standing(registry, "A", 2, 10 * DAY_US - 1), KEY_NOT_YET);
    assert_int_equal(standing(registry, "A", 2, 4000 * DAY_US), KEY_GOOD);
    assert_int_equal(standing(registry, "A", 3, 20 * DAY_US), KEY_UNKNOWN);
    assert_int_equal(named_by(registry, 11, 40 * DAY_US, &parties), 1);
    assert_int_equal(named_by(registry, 11, 40 * DAY_US + 1, &parties), 0);
    assert_int_equal(named_by(registry, 12, 40 * DAY_US + 1, &parties), 1);
}

static void a_key_given_back_is_in_force_again(void **state)
{
    (void)state;
    const struct act_row rows[] = {
        MEMBER(0, "A"),
        KEYS(1 * DAY_US, "A", .signing = 1),
        KEYS(2 * DAY_US, "A", .signing = 2),
        KEYS(3 * DAY_US, "A", .signing = 1),
    };
    AUTO(registry_close) struct registry *registry = registry_of(rows, 4);
    assert_int_equal(standing(registry, "A", 1, 900 * DAY_US), KEY_GOOD);
    assert_int_equal(standing(registry, "A", 2, 33 * DAY_US), KEY_GOOD);
    assert_int_equal(standing(registry, "A", 2, 34 * DAY_US), KEY_EXPIRED);
}

static void a_revoked_key_never_comes_back(void **state)
{
    (void)state;
    const struct act_row rows[] = {
        MEMBER(0, "A"),
        KEYS(1, "A", .signing = 1, .transport = 11),
        KEYS(2, "A", .revoked = 1),
        KEYS(3, "A", .signing = 1), /* given again */
        KEYS(4, "A", .revoked = 7), /* before it was ever given */
        KEYS(5, "A", .signing = 7, .transport = 7),
        KEYS(6, "A", .revoked = 11),
        KEYS(7, "A", .transport = 11),
    };
    const struct party *const *parties = NULL;
    AUTO(registry_close) struct registry *registry = registry_of(rows, 8);
    assert_int_equal(standing(registry, "A", 1, 100), KEY_REVOKED);
    assert_int_equal(standing(registry, "A", 1, 0), KEY_REVOKED);
    assert_int_equal(standing(registry, "A", 7, 100), KEY_REVOKED);
    assert_int_equal(named_by(registry, 7, 100, &parties), 0);
    assert_int_equal(named_by(registry, 11, 100, &parties), 0);
}

static void giving_a_revoked_key_does_not_replace_the_one_in_force(void **state)
{
    (void)state;
    const struct act_row rows[] = {
        MEMBER(0, "A"),
        KEYS(1, "A", .signing = 1),
        KEYS(2, "A", .signing = 2, .revoked = 1),
        KEYS(3, "A", .signing = 1),
    };
    AUTO(registry_close) struct registry *registry = registry_of(rows, 4);
    assert_int_equal(standing(registry, "A", 2, 4000 * DAY_US), KEY_GOOD);
    assert_int_equal(standing(registry, "A", 1, 2), KEY_REVOKED);
}

static void revoking_a_row_cuts_only_that_institution(void **state)
{
    (void)state;
    const struct act_row rows[] = {
        MEMBER(0, "A"),
        MEMBER(0, "B"),
        MEMBER(0, "C"),
        KEYS(1, "A", .transport = 9),
        KEYS(1, "B", .transport = 9),
        KEYS(1, "C", .transport = 9),
        KEYS(2, "B", .revoked = 9),
    };
    const struct party *const *parties = NULL;
    AUTO(registry_close) struct registry *registry = registry_of(rows, 7);
    assert_int_equal(named_by(registry, 9, 5, &parties), 2);
    assert_string_equal(parties[0]->id, "A");
    assert_string_equal(parties[1]->id, "C");
}

static void a_reader_is_the_one_row_that_a_key_reads_for(void **state)
{
    (void)state;
    const struct act_row rows[] = {
        MEMBER(0, "A"),
        MEMBER(0, "B"),
        READER(0, "AMIR", ROLE_ASSOCIATION),
        READER(0, "BNR", ROLE_REGULATOR),
        KEYS(1, "A", .transport = 1),
        KEYS(1, "B", .transport = 2),
        KEYS(1, "AMIR", .transport = 2),
        KEYS(1, "BNR", .transport = 3),
        KEYS(2, "AMIR", .transport = 3),
        KEYS(3, "A", .transport = 4),
        KEYS(3, "B", .transport = 4),
    };
    static const struct {
        uint8_t key;
        const char *reader;
    } wanted[] = {{1, "A"}, {2, "AMIR"}, {3, NULL}, {4, NULL}, {5, NULL}};
    AUTO(registry_close) struct registry *registry = registry_of(rows, 11);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        uint8_t key[PUBLIC_KEY_BYTES];
        fill_key(wanted[i].key, key);
        const struct party *reader = registry_reader(registry, key, 10);
        if (wanted[i].reader == NULL) {
            assert_null(reader);
        } else {
            assert_string_equal(reader->id, wanted[i].reader);
        }
    }
}

/* ---- orders ---- */

static uint64_t random_state;

static uint32_t random_below(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % below;
}

static void shuffle(struct act_row *rows, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        const size_t j = random_below((uint32_t)i + 1);
        const struct act_row row = rows[i];
        rows[i] = rows[j];
        rows[j] = row;
    }
}

static const char *const ids[] = {"A", "B", "C-1", "D"};

static void random_change(struct act_row *row)
{
    static const char *const names[] = {"x", "y", "z"};
    static const char *const pairs[][3] = {{"A", "B"}, {"C-1"}, {"D", "E"}, {"B"}};
    static const int kinds[] = {KIND_RENAMED, KIND_MERGED, KIND_SPLIT};
    row->kind = kinds[random_below(3)];
    row->from_day = (int32_t)random_below(6) * 31 + 1;
    row->name = names[random_below(3)];
    row->many = pairs[random_below(4)];
}

static void random_party(struct act_row *row)
{
    static const char *const names[] = {"x", "y", "z"};
    static const char *const books[] = {"001", "002", "", NULL};
    row->kind = KIND_PARTY;
    row->role = (int)random_below(5);
    row->name = names[random_below(3)];
    row->le_book = books[random_below(4)];
    row->status = (int)random_below(4);
    row->status_from_day = row->status != 0 ? (int32_t)random_below(100) : 0;
    row->reports_from_day = random_below(3) == 0 ? (int32_t)random_below(100) : 0;
}

/* Few parties, keys and days, so that acts meet: rotations, revocations before and after, bureaus,
 * mergers and splits, names, acts of one instant. */
static void random_act(struct act_row *row)
{
    *row = (struct act_row){.time_us = random_below(30) * DAY_US, .subject = ids[random_below(4)]};
    switch (random_below(6)) {
    case 0:
        random_party(row);
        break;
    case 1:
        row->kind = KIND_AGREEMENT;
        row->shares = (int)random_below(2);
        break;
    case 2:
        random_change(row);
        break;
    default:
        row->kind = KIND_KEYS;
        row->signing = (uint8_t)random_below(5);
        row->transport = (uint8_t)random_below(5);
        row->revoked = (uint8_t)(random_below(4) == 0 ? random_below(5) : 0);
        break;
    }
}

static void every_order_of_the_same_acts_gives_the_same_registry(void **state)
{
    (void)state;
    enum { ACTS = 40 };
    for (uint64_t seed = 1; seed <= 120; seed++) {
        struct act_row rows[ACTS];
        AUTO(buffer_close) struct buffer expected = {0};
        random_state = seed;
        for (size_t i = 0; i < ACTS; i++) {
            random_act(&rows[i]);
        }
        AUTO(registry_close) struct registry *at_once = registry_of(rows, ACTS);
        dump(at_once, &expected);
        for (int order = 0; order < 4; order++) {
            AUTO(buffer_close) struct buffer text = {0};
            AUTO(registry_close) struct registry *registry = registry_of(rows, 0);
            for (size_t i = 0; i < ACTS; i++) {
                apply(registry, &rows[i]);
                if (random_below(3) == 0) {
                    apply(registry, &rows[random_below((uint32_t)i + 1)]); /* again */
                }
                if (order > 0 && random_below((uint32_t)order) == 0) {
                    assert_int_equal(registry_seal(registry), ERR_OK);
                }
            }
            assert_int_equal(registry_seal(registry), ERR_OK);
            dump(registry, &text);
            assert_true(bytes_equal(buffer_bytes(&expected), buffer_bytes(&text)));
            shuffle(rows, ACTS);
        }
    }
}

static int act_row_compare(const void *left, const void *right)
{
    const struct act_row *a = left;
    const struct act_row *b = right;
    return a->time_us < b->time_us ? -1 : a->time_us > b->time_us;
}

/* The way of a running hub: acts come in order and each is folded onto what there is. */
static void folding_one_by_one_in_order_is_folding_all(void **state)
{
    (void)state;
    enum { ACTS = 60 };
    for (uint64_t seed = 1000; seed < 1100; seed++) {
        struct act_row rows[ACTS];
        AUTO(buffer_close) struct buffer expected = {0};
        AUTO(buffer_close) struct buffer text = {0};
        random_state = seed;
        for (size_t i = 0; i < ACTS; i++) {
            random_act(&rows[i]);
            rows[i].time_us += (int64_t)i; /* no two of one instant */
        }
        qsort(rows, ACTS, sizeof rows[0], act_row_compare);
        AUTO(registry_close) struct registry *at_once = registry_of(rows, ACTS);
        AUTO(registry_close) struct registry *registry = registry_of(rows, 1);
        for (size_t i = 1; i < ACTS; i++) {
            apply(registry, &rows[i]);
            assert_int_equal(registry_seal(registry), ERR_OK);
        }
        dump(at_once, &expected);
        dump(registry, &text);
        assert_true(bytes_equal(buffer_bytes(&expected), buffer_bytes(&text)));
    }
}

/* What readers get: equal, and untouched by what comes after. */
static void a_copy_is_equal_and_stays_as_it_was(void **state)
{
    (void)state;
    enum { ACTS = 40 };
    for (uint64_t seed = 2000; seed < 2050; seed++) {
        AUTO(registry_close) struct registry *registry = registry_of(NULL, 0);
        random_state = seed;
        for (int32_t i = 0; i < ACTS; i++) {
            AUTO(registry_close) struct registry *copy = NULL;
            AUTO(buffer_close) struct buffer before = {0};
            AUTO(buffer_close) struct buffer after = {0};
            struct act_row row;
            dump(registry, &before);
            assert_int_equal(registry_copy(registry, &copy), ERR_OK);
            random_act(&row);
            row.time_us += i;
            apply(registry, &row);
            assert_int_equal(registry_seal(registry), ERR_OK);
            dump(copy, &after);
            assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
            if (i == ACTS - 1) { /* and nothing of it hangs on the one that it was made from */
                registry_close(&registry);
                buffer_clear(&after);
                dump(copy, &after);
                assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
            }
        }
    }
}

static void other_kinds_are_ignored_and_acts_need_a_subject(void **state)
{
    (void)state;
    uint8_t id[SHA256_BYTES] = {0};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__Back back = IHURIRO__V1__BACK__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    AUTO(registry_close) struct registry *registry = registry_of(NULL, 0);
    event.back = &back;
    assert_int_equal(registry_apply(registry, &event, id), ERR_OK);
    event.back = NULL;
    event.keys = &keys;
    assert_int_equal(registry_apply(registry, &event, id), ERR_MALFORMED);
    assert_int_equal(registry_seal(registry), ERR_OK);
    assert_int_equal(registry_count(registry), 0);
}

static void many_parties_are_found_by_key_and_id(void **state)
{
    (void)state;
    enum { PARTIES = 5000 };
    AUTO(registry_close) struct registry *registry = registry_of(NULL, 0);
    for (int i = 0; i < PARTIES; i++) {
        char name[INSTITUTION_ID_MAX + 1];
        struct event_box box;
        uint8_t id[SHA256_BYTES];
        (void)snprintf(name, sizeof name, "SACCO-%05d", i);
        const struct act_row party = MEMBER(i, name);
        const struct act_row keys = KEYS(i, name, .transport = 1);
        apply(registry, &party);
        fill_event(&keys, &box);
        put_u32(box.bytes[1], (uint32_t)i);
        act_id(&box, id);
        assert_int_equal(registry_apply(registry, &box.event, id), ERR_OK);
    }
    assert_int_equal(registry_seal(registry), ERR_OK);
    assert_int_equal(registry_count(registry), PARTIES);
    for (int i = 0; i < PARTIES; i++) {
        uint8_t key[PUBLIC_KEY_BYTES];
        char name[INSTITUTION_ID_MAX + 1];
        fill_key(1, key);
        put_u32(key, (uint32_t)i);
        (void)snprintf(name, sizeof name, "SACCO-%05d", i);
        assert_ptr_equal(registry_reader(registry, key, PARTIES), registry_find(registry, name));
        assert_ptr_equal(registry_at(registry, (size_t)i), registry_find(registry, name));
    }
}

static void roles_are_known_by_name(void **state)
{
    (void)state;
    for (int role = ROLE_MEMBER; role <= ROLE_PUBLIC; role++) {
        int parsed = 0;
        assert_int_equal(role_parse(role_name(role), &parsed), ERR_OK);
        assert_int_equal(parsed, role);
    }
    int parsed = 0;
    assert_int_equal(role_parse("none", &parsed), ERR_MALFORMED);
    assert_int_equal(role_parse("admin", &parsed), ERR_MALFORMED);
    assert_string_equal(role_name(5), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_party_is_what_its_acts_made_it),
        cmocka_unit_test(what_no_act_enrolled_is_no_party),
        cmocka_unit_test(a_replaced_key_is_good_for_thirty_more_days),
        cmocka_unit_test(a_key_given_back_is_in_force_again),
        cmocka_unit_test(a_revoked_key_never_comes_back),
        cmocka_unit_test(giving_a_revoked_key_does_not_replace_the_one_in_force),
        cmocka_unit_test(revoking_a_row_cuts_only_that_institution),
        cmocka_unit_test(a_reader_is_the_one_row_that_a_key_reads_for),
        cmocka_unit_test(every_order_of_the_same_acts_gives_the_same_registry),
        cmocka_unit_test(folding_one_by_one_in_order_is_folding_all),
        cmocka_unit_test(a_copy_is_equal_and_stays_as_it_was),
        cmocka_unit_test(other_kinds_are_ignored_and_acts_need_a_subject),
        cmocka_unit_test(many_parties_are_found_by_key_and_id),
        cmocka_unit_test(roles_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
