/* A folder examined: the hub's verdict, before anything is queued. */
#include "tests/unit/mfi/book_support.h"

#include "agents/mfi/folder.h"

static void examine(struct folder *folder, struct examined **ret_examined)
{
    AUTO(agent_close) struct agent *agent = NULL;
    struct folder_options options = {.now_us = folder->options.now_us};
    assert_int_equal(agent_open_or_default(NULL, &folder->complaint, &agent), ERR_OK);
    enum err err = folder_examine(agent, folder->path, &options, &folder->arena, &folder->complaint,
                                  ret_examined);
    if (err != ERR_OK) {
        fail_msg("%s: %s", err_text(err), folder->complaint.text);
    }
}

static void good_figures_would_be_accepted(void **state)
{
    struct folder *folder = *state;
    struct examined *examined = NULL;
    put_manifest(folder, 1, "600000", "note = three loans of 600 000 were sold");
    put(folder, "loans.csv", HEADER "\n" LOAN("L1", "600000", "") "\n");
    examine(folder, &examined);
    assert_int_equal(examined->count, 2); /* PORTFOLIO and EXPOSURES */
    assert_false(examined_has_errors(examined));
    assert_int_equal(examined->reports[0].verdict, VERDICT_ACCEPTED);
    assert_int_equal(examined->reports[1].verdict, VERDICT_ACCEPTED);
}

static void a_note_with_a_telephone_number_is_refused_before_it_is_queued(void **state)
{
    struct folder *folder = *state;
    struct examined *examined = NULL;
    put_manifest(folder, 1, "600000", "note = ask the manager, 0788 123-456");
    put(folder, "loans.csv", HEADER "\n" LOAN("L1", "600000", "") "\n");
    examine(folder, &examined);
    assert_true(examined_has_errors(examined));
    assert_true(examined->reports[0].is_refused);
    assert_int_equal(examined->reports[0].findings->count, 1);
    assert_string_equal(examined->reports[0].findings->rows[0].rule, "ENV-14");
    assert_string_equal(examined->reports[0].findings->rows[0].path, "note");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_figures_would_be_accepted),
        TEST(a_note_with_a_telephone_number_is_refused_before_it_is_queued),
    };
    return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
