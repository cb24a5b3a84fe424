#include "tests/support/acts.h"

static void acts_are_validated_in_words(void **state)
{
    (void)state;
    static char long_name[TEXT_BYTES_MAX + 2];
    memset(long_name, 'n', sizeof long_name - 1);
    const struct act_row rows[] = {
        MEMBER(1, "A"),
        MEMBER(1, "B"),
        READER(1, "AMIR", ROLE_ASSOCIATION),
        KEYS(2, "A", .signing = 1, .transport = 11),
        KEYS(3, "A", .signing = 2),
        KEYS(4, "A", .revoked = 2),
    };
    const struct {
        struct act_row act;
        const char *says; /* NULL: valid */
    } cases[] = {
        {MEMBER(9, "C"), NULL},
        {{.subject = "A", .kind = KIND_PARTY, .name = "New name"}, NULL},
        {READER(9, "BNR", ROLE_REGULATOR), NULL},
        {AGREEMENT(9, "A", 1), NULL},
        {KEYS(9, "B", .signing = 5, .transport = 11), NULL},
        {KEYS(9, "A", .signing = 6, .revoked = 1), NULL},
        {KEYS(9, "A", .revoked = 11), NULL},
        {MEMBER(9, "c"), "capital letters"},
        {MEMBER(9, NULL), "capital letters"},
        {MEMBER(-1, "C"), "its time"},
        {{.subject = "C"}, "not one act"},
        {{.subject = "C", .kind = KIND_PARTY, .name = "n"}, "--role"},
        {{.subject = "C", .kind = KIND_PARTY, .role = 5}, "member, association"},
        {{.subject = "C", .kind = KIND_PARTY, .role = ROLE_MEMBER}, "--currency"},
        {{.subject = "A", .kind = KIND_PARTY, .currency = "rwf"}, "three capital letters"},
        {{.subject = "A", .kind = KIND_PARTY, .currency = "RWFX"}, "three capital letters"},
        {{.subject = "A", .kind = KIND_PARTY, .name = ""}, "name is empty"},
        {{.subject = "A", .kind = KIND_PARTY, .name = "a\nb"}, "on one line"},
        {{.subject = "A", .kind = KIND_PARTY, .name = "\xFF"}, "UTF-8"},
        {{.subject = "A", .kind = KIND_PARTY, .name = long_name}, "longer than 500"},
        {AGREEMENT(9, "C", 1), "no party C"},
        {AGREEMENT(9, "AMIR", 1), "not a member"},
        {KEYS(9, "C", .signing = 5), "no party C"},
        {KEYS(9, "A", .signing = 0), "neither gives nor revokes"},
        {KEYS(9, "B", .signing = 1), "that of A"},
        {KEYS(9, "B", .signing = 2), "that of A"},
        {KEYS(9, "A", .signing = 2), "never comes back"},
        {KEYS(9, "A", .transport = 2), "never comes back"},
        {KEYS(9, "A", .signing = 6, .revoked = 6), "never comes back"},
        {KEYS(9, "A", .signing = 6, .transport = 6), "are the same"},
        {KEYS(9, "A", .revoked = 77), "no such key"},
    };
    AUTO(registry_close) struct registry *registry = registry_of(rows, 6);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event_box box;
        struct complaint complaint = {""};
        fill_event(&cases[i].act, &box);
        enum err err = registry_validate(registry, &box.event, &complaint);
        if (cases[i].says == NULL) {
            assert_string_equal(complaint.text, "");
            assert_int_equal(err, ERR_OK);
        } else {
            assert_int_equal(err, ERR_REFUSED);
            assert_non_null(strstr(complaint.text, cases[i].says));
        }
    }
}

static void dates_keys_and_nonces_of_a_wrong_shape_are_refused(void **state)
{
    (void)state;
    const struct act_row rows[] = {MEMBER(1, "A")};
    const struct act_row change = {.subject = "A", .kind = KIND_PARTY};
    const struct act_row keys = KEYS(9, "A", .signing = 1);
    struct event_box box;
    AUTO(registry_close) struct registry *registry = registry_of(rows, 1);
    static const struct {
        int32_t from;
        int32_t to;
        enum err err;
    } dates[] = {
        {18000, 19000, ERR_OK},          {19000, 19000, ERR_OK},      {19001, 19000, ERR_REFUSED},
        {INT32_MIN, 19000, ERR_OK},      {18000, INT32_MAX, ERR_OK},  {-25568, 19000, ERR_REFUSED},
        {INT32_MAX, 19000, ERR_REFUSED}, {18000, 84006, ERR_REFUSED},
    };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        fill_event(&change, &box);
        box.party.has_valid_from_day = 1;
        box.party.valid_from_day = dates[i].from;
        box.party.has_valid_to_day = 1;
        box.party.valid_to_day = dates[i].to;
        assert_int_equal(registry_validate(registry, &box.event, NULL), dates[i].err);
    }
    fill_event(&keys, &box);
    assert_int_equal(registry_validate(registry, &box.event, NULL), ERR_OK);
    box.keys.signing_key.len = 31;
    assert_int_equal(registry_validate(registry, &box.event, NULL), ERR_REFUSED);
    box.keys.signing_key.len = 32;
    memset(box.bytes[0], 0, PUBLIC_KEY_BYTES);
    assert_int_equal(registry_validate(registry, &box.event, NULL), ERR_REFUSED);
    fill_event(&keys, &box);
    box.event.nonce.len = 15;
    assert_int_equal(registry_validate(registry, &box.event, NULL), ERR_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acts_are_validated_in_words),
        cmocka_unit_test(dates_keys_and_nonces_of_a_wrong_shape_are_refused),
    };
    return cmocka_run_group_tests(tests, setup_keys, NULL);
}
