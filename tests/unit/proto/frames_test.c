#include "proto/frames.h"

#include "tests/support/samples.h"

/* Doors own ranges of numbers; numbers are part of the format. */
static const struct {
    int from;
    int to;
    size_t verbs;
} doors[] = {
    {1, 15, 4},    {16, 63, 10},  {64, 95, 5},   {96, 127, 10},   {128, 159, 8},
    {160, 191, 0}, {192, 207, 2}, {208, 223, 2}, {224, 65535, 0},
};

static void each_door_has_its_verbs_and_each_verb_a_body(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
        size_t verbs = 0;
        for (int verb = doors[i].from; verb <= doors[i].to; verb++) {
            const bool is_known = verb_body(verb) != NULL;
            assert_true(is_known == (strcmp(verb_name(verb), "?") != 0));
            verbs += is_known ? 1 : 0;
        }
        assert_int_equal(verbs, doors[i].verbs);
    }
    assert_null(verb_body(0));
    assert_null(verb_body(-1));
    assert_string_equal(verb_name(VERB_NOT_IN_HISTORY), "NOT_IN_HISTORY");
    assert_ptr_equal(verb_body(VERB_SUBMIT), &ihuriro__v1__submit__descriptor);
}

static void a_frame_is_version_verb_and_body(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer frame = {0};
    Ihuriro__V1__TestTime body = IHURIRO__V1__TEST_TIME__INIT;
    int verb = 0;
    struct bytes rest;
    body.time_us = 5;
    assert_int_equal(frame_pack(VERB_TEST_TIME, &body.base, &frame), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&frame), bytes_of("\x01\x00\x85\x08\x05", 5)));
    assert_int_equal(frame_open(buffer_bytes(&frame), &verb, &rest), ERR_OK);
    assert_int_equal(verb, VERB_TEST_TIME);
    assert_true(bytes_equal(rest, bytes_of("\x08\x05", 2)));
}

static void a_body_may_be_empty(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer frame = {0};
    Ihuriro__V1__GetStatus body = IHURIRO__V1__GET_STATUS__INIT;
    int verb = 0;
    struct bytes rest;
    assert_int_equal(frame_pack(VERB_GET_STATUS, &body.base, &frame), ERR_OK);
    assert_int_equal(frame_open(buffer_bytes(&frame), &verb, &rest), ERR_OK);
    assert_int_equal(verb, VERB_GET_STATUS);
    assert_int_equal(rest.size, 0);
}

static void short_frames_and_other_versions_are_told_apart(void **state)
{
    (void)state;
    int verb = 0;
    struct bytes rest;
    assert_int_equal(frame_open(bytes_of(NULL, 0), &verb, &rest), ERR_MALFORMED);
    assert_int_equal(frame_open(bytes_of("\x01\x00", 2), &verb, &rest), ERR_MALFORMED);
    assert_int_equal(frame_open(bytes_of("\x02\x00\x10", 3), &verb, &rest), ERR_UNSUPPORTED);
    assert_int_equal(frame_open(bytes_of("\x01\xFF\xFF", 3), &verb, &rest), ERR_OK);
    assert_int_equal(verb, 0xFFFF);
}

static void a_frame_that_does_not_fit_leaves_nothing_behind(void **state)
{
    (void)state;
    AUTO(buffer_close) struct buffer frame = {.limit = 10};
    Ihuriro__V1__Done body = IHURIRO__V1__DONE__INIT;
    char text[] = "longer than the limit";
    body.text = text;
    assert_int_equal(buffer_append(&frame, "abc", 3), ERR_OK);
    assert_int_equal(frame_pack(VERB_DONE, &body.base, &frame), ERR_TOO_LARGE);
    assert_int_equal(frame.size, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_door_has_its_verbs_and_each_verb_a_body),
        cmocka_unit_test(a_frame_is_version_verb_and_body),
        cmocka_unit_test(a_body_may_be_empty),
        cmocka_unit_test(short_frames_and_other_versions_are_told_apart),
        cmocka_unit_test(a_frame_that_does_not_fit_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
