/* Duties and holidays of a country's file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/country.h"
#include "proto/calendar.h"

#define REST                                                                                      \
    "country = \"RW\"; version = \"test\"; time_zone = \"Africa/Kigali\"; utc_offset_minutes = "  \
    "120; cure_months = 12;\n"                                                                    \
    "currencies = ( { code = \"RWF\"; exponent = 0; } );\n"                                       \
    "categories = ( { code = \"MF\"; name = \"Company\"; }, { code = \"SACCO\"; name = \"S\"; } " \
    ");\n"                                                                                        \
    "classes = ( { code = \"NL\"; from_days = 0; rate_bp = 100; } );\n"                           \
    "size_bands = ( { currency = \"RWF\"; code = \"ALL\"; } );\n"                                 \
    "liquidity = ( { weights = ( { field = \"cash\"; percent = 100; } ); } );\n"                  \
    "codes = ( { name = \"SECTOR\"; codes = [ \"AGRI\" ]; } );\n"                                 \
    "private_patterns = [ \"[0-9]{16}\" ];\n"
/* Line 9. */
#define DUTY(id, more)                                                                         \
    "{ id = \"" id "\"; type = \"LIQUIDITY\"; frequency = \"W\"; wants = \"ANY\"; due_days = " \
    "1; due_time = \"10:00\"; " more " }"
#define DUTIES(rows)  REST "obligations = ( " rows " );\n"
#define HOLIDAY(more) REST "holidays = ( { name = \"Feast\"; " more " } );\n"

static enum err compile(const char *text, struct arena *arena, struct complaint *complaint,
                        PbSettings **ret_settings)
{
    char path[] = "/tmp/ihuriro-duties-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    enum err err = country_compile(path, arena, complaint, ret_settings);
    assert_int_equal(unlink(path), 0);
    return err;
}

static void what_a_row_says_is_in_the_settings(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint = {""};
    PbSettings *settings = NULL;
    enum err err = compile(
        DUTIES("{ id = \"CAPITAL-Q\"; type = \"CAPITAL\"; frequency = \"Q\"; categories = [ "
               "\"MF\" ]; wants = \"FINAL\"; due_days = 15; business_days = true; due_time = "
               "\"23:59\"; roll = \"PREVIOUS\"; grace_hours = 0; remind_hours = 24; "
               "escalate_hours = 120; from = \"2020-01-01\"; until = \"2020-12-31\"; ref = "
               "\"art 5\"; certainty = \"M\"; off = true; retroactive = \"why\"; }, " DUTY(
                   "L", "")) "holidays = ( { name = \"Easter Monday\"; date = \"2026-04-06\"; "
                             "certainty = \"S\"; },\n"
                             "{ name = \"Liberation Day\"; each_year = \"07-04\"; from = "
                             "\"1995-01-01\"; } );\n"
                             "weekend = [ \"SATURDAY\", \"SUNDAY\" ]; materiality_bp = 0;\n",
        &arena, &complaint, &settings);
    assert_string_equal(complaint.text, "");
    assert_int_equal(err, ERR_OK);
    const PbObligation *row = settings->obligations[0];
    assert_string_equal(row->id, "CAPITAL-Q");
    assert_string_equal(row->type, "CAPITAL");
    assert_string_equal(row->frequency, "Q");
    assert_int_equal(row->n_categories, 1);
    assert_int_equal(row->wants, IHURIRO__V1__OBLIGATION__WANTS__FINAL);
    assert_int_equal(row->due_days, 15);
    assert_true(row->business_days);
    assert_int_equal(row->due_minutes, 1439);
    assert_int_equal(row->roll, IHURIRO__V1__OBLIGATION__ROLL__PREVIOUS);
    assert_true(row->has_grace_hours);
    assert_int_equal(row->grace_hours, 0);
    assert_int_equal(row->remind_hours, 24);
    assert_int_equal(row->escalate_hours, 120);
    assert_int_equal(row->until_day - row->from_day, 365);
    assert_string_equal(row->certainty, "M");
    assert_true(row->off);
    assert_string_equal(row->retroactive, "why");
    row = settings->obligations[1];
    assert_int_equal(row->wants, IHURIRO__V1__OBLIGATION__WANTS__ANY);
    assert_false(row->has_roll || row->has_grace_hours || row->has_remind_hours ||
                 row->has_escalate_hours || row->has_from_day || row->has_until_day ||
                 row->has_off || row->has_business_days);
    assert_int_equal(settings->holidays[0]->day, 20549); /* 2026-04-06 */
    assert_false(settings->holidays[0]->has_month);
    assert_string_equal(settings->holidays[0]->certainty, "S");
    assert_int_equal(settings->holidays[1]->month, 7);
    assert_int_equal(settings->holidays[1]->day_of_month, 4);
    assert_false(settings->holidays[1]->has_day);
    assert_true(settings->holidays[1]->has_from_day);
    assert_int_equal(settings->n_weekend, 2);
    assert_int_equal(settings->weekend[0], 6);
    assert_int_equal(settings->weekend[1], 7);
    assert_true(settings->has_materiality_bp);
    assert_int_equal(settings->materiality_bp, 0);
}

static void what_is_left_out_is_absent(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    PbSettings *settings = NULL;
    assert_int_equal(compile(REST, &arena, NULL, &settings), ERR_OK);
    assert_int_equal(settings->n_obligations + settings->n_holidays + settings->n_weekend, 0);
    assert_false(settings->has_materiality_bp);
    assert_false(settings->has_collections_percent);
}

static void rows_that_do_not_meet_are_taken(void **state)
{
    (void)state;
    static const char *const files[] = {
        DUTIES(DUTY("L", "until = \"2020-06-30\";") ", " DUTY("L2", "from = \"2020-07-01\";")),
        /* a row of one id, changed from a day on */
        DUTIES(DUTY("L", "from = \"2020-01-01\"; until = \"2020-06-30\";") ", " DUTY(
            "L", "from = \"2020-07-01\";")),
        DUTIES(
            DUTY("L", "categories = [ \"MF\" ];") ", " DUTY("L2", "categories = [ \"SACCO\" ];")),
        DUTIES(DUTY("L", "") ", " DUTY("L2", "off = true;")),
        DUTIES(DUTY("L", "") ", { id = \"M\"; type = \"LIQUIDITY\"; frequency = \"M\"; wants = "
                             "\"ANY\"; due_days = 0; due_time = \"00:00\"; }"),
        HOLIDAY("each_year = \"02-29\";"),
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        AUTO(arena_close) struct arena arena = {0};
        struct complaint complaint = {""};
        PbSettings *settings = NULL;
        if (compile(files[i], &arena, &complaint, &settings) != ERR_OK) {
            fail_msg("file %zu: %s", i, complaint.text);
        }
    }
}

static void what_contradicts_itself_is_refused_with_file_line_and_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *where;
        const char *why;
    } rows[] = {
        {DUTIES(DUTY("L", "") ",\n" DUTY("L2", "")), ":10: obligations: L2 and L (line 9)",
         "both ask MF for LIQUIDITY of frequency W"},
        {DUTIES(DUTY("L", "categories = [ \"SACCO\" ];") ",\n" DUTY("L2", "")), ":10: obligations",
         "both ask SACCO"},
        {DUTIES(DUTY("L", "until = \"2020-06-30\";") ",\n" DUTY("L2", "from = \"2020-06-30\";")),
         ":10: obligations: L2 and L", "end one with `until`"},
        {DUTIES(DUTY("L", "off = true;") ",\n" DUTY("L", "")), ":10: obligations says L again",
         "line 9"},
        {DUTIES(DUTY("L", "from = \"2020-07-02\"; until = \"2020-07-01\";")),
         ":9: obligations: L ends before it begins", "correct from or until"},
        {DUTIES(DUTY("L", "grace_hours = -1;")), ":9: obligations[0].grace_hours", "from 0 to"},
        {DUTIES(DUTY("L", "grace_hours = 8785;")), ":9: obligations[0].grace_hours", "8784"},
        {DUTIES(DUTY("L", "categories = [ \"BANK\" ];")), ":9: obligations.categories names BANK",
         "not in categories"},
        {DUTIES(DUTY("L", "roll = \"UP\";")), ":9: obligations[0].roll", "\"PREVIOUS\""},
        {DUTIES(DUTY("L", "from = \"2020-02-30\";")), ":9: obligations[0].from", "date"},
        {DUTIES("{ id = \"L\"; type = \"WEATHER\"; frequency = \"W\"; wants = \"ANY\"; due_days = "
                "1; due_time = \"10:00\"; }"),
         ":9: obligations[0].type", "EXPOSURES"},
        {DUTIES("{ id = \"L\"; type = \"CAPITAL\"; frequency = \"Y\"; wants = \"ANY\"; due_days = "
                "1; due_time = \"10:00\"; }"),
         ":9: obligations[0].frequency", "(quarter)"},
        {DUTIES("{ id = \"L\"; type = \"CAPITAL\"; frequency = \"M\"; wants = \"SOME\"; due_days "
                "= 1; due_time = \"10:00\"; }"),
         ":9: obligations[0].wants", "FINAL"},
        {DUTIES("{ id = \"L\"; type = \"CAPITAL\"; frequency = \"M\"; wants = \"ANY\"; due_days = "
                "1; due_time = \"24:00\"; }"),
         ":9: obligations[0].due_time", "23:59"},
        {DUTIES("{ id = \"L\"; type = \"CAPITAL\"; frequency = \"M\"; wants = \"ANY\"; due_days = "
                "1; due_time = \"1000\"; }"),
         ":9: obligations[0].due_time", "23:59"},
        {DUTIES("{ id = \"L\"; type = \"CAPITAL\"; frequency = \"M\"; wants = \"ANY\"; due_time = "
                "\"10:00\"; }"),
         "obligations[0].due_days is missing", "whole number"},
        {HOLIDAY(""), ":9: holidays: Feast has no day", "each_year = \"07-04\""},
        {HOLIDAY("date = \"2020-07-04\"; each_year = \"07-04\";"),
         ":9: holidays: Feast has a date and each_year", "keep one"},
        {HOLIDAY("date = \"2020-07-04\"; from = \"2020-01-01\";"), ":9: holidays: Feast is one day",
         "leave them out"},
        {HOLIDAY("each_year = \"07-04\"; from = \"2020-01-02\"; until = \"2020-01-01\";"),
         ":9: holidays: Feast ends before it begins", "correct"},
        {HOLIDAY("each_year = \"02-30\";"), ":9: holidays[0].each_year", "07-04"},
        {HOLIDAY("date = \"2020-02-30\";"), ":9: holidays[0].date", "date"},
        {REST "weekend = [ \"CATURDAY\" ];\n", ":9: weekend", "SUNDAY"},
        {REST "weekend = [ \"MONDAY\", \"TUESDAY\", \"WEDNESDAY\", \"THURSDAY\", \"FRIDAY\", "
              "\"SATURDAY\", \"SUNDAY\" ];\n",
         "weekend: no day of the week", "leave one out"},
        {REST "materiality_bp = -1;\n", ":9: materiality_bp", "from 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(arena_close) struct arena arena = {0};
        struct complaint complaint = {""};
        PbSettings *settings = NULL;
        assert_int_equal(compile(rows[i].text, &arena, &complaint, &settings), ERR_CONFIG);
        assert_null(settings);
        if (strstr(complaint.text, rows[i].where) == NULL ||
            strstr(complaint.text, rows[i].why) == NULL) {
            fail_msg("case %zu says: %s", i, complaint.text);
        }
    }
}

/* What the two shipped countries ask of each category: one duty a place, nothing before it ends. */
static enum err count_duty(void *context, const struct duty *duty)
{
    size_t *count = context;
    assert_true(duty->due_us > duty->ended_us);
    assert_true(duty->due_us - duty->ended_us < INT64_C(20) * 86400 * 1000000);
    assert_true(duty->remind_us < duty->due_us && duty->due_us < duty->escalate_us);
    ++*count;
    return ERR_OK;
}

static void the_shipped_countries_ask_for_five_reports_a_month(void **state)
{
    (void)state;
    static const char *const paths[] = {IHURIRO_SOURCE "/conf/countries/rw.cfg",
                                        IHURIRO_SOURCE "/conf/countries/ke.cfg"};
    for (size_t i = 0; i < 2; i++) {
        AUTO(arena_close) struct arena arena = {0};
        AUTO(docket_close) struct docket *docket = NULL;
        struct complaint complaint = {""};
        PbSettings *settings = NULL;
        if (country_compile(paths[i], &arena, &complaint, &settings) != ERR_OK) {
            fail_msg("%s", complaint.text);
        }
        assert_int_equal(docket_make(&docket), ERR_OK);
        assert_int_equal(docket_seal(docket, INT64_MAX), ERR_OK);
        const struct calendar calendar = {settings, docket};
        struct party party = {.id = "A",
                              .role = ROLE_MEMBER,
                              .valid_from_day = INT32_MIN,
                              .valid_to_day = INT32_MAX,
                              .status = PARTY_ACTIVE,
                              .ended_day = INT32_MAX};
        for (size_t k = 0; k < settings->n_categories; k++) {
            size_t count = 0;
            int32_t first = 0;
            assert_int_equal(day_parse("2025-01-01", &first), ERR_OK);
            party.category = settings->categories[k]->code;
            assert_int_equal(
                calendar_duties(&calendar, &party, first, first + 3 * 365 - 1, count_duty, &count),
                ERR_OK);
            assert_int_equal(count, 36 * 5);
        }
        for (size_t k = 0; k < settings->n_obligations; k++) {
            assert_string_equal(settings->obligations[k]->certainty, "M"); /* not law */
        }
        assert_int_equal(settings->materiality_bp, 10);
        assert_int_equal(settings->n_weekend, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_row_says_is_in_the_settings),
        cmocka_unit_test(what_is_left_out_is_absent),
        cmocka_unit_test(rows_that_do_not_meet_are_taken),
        cmocka_unit_test(what_contradicts_itself_is_refused_with_file_line_and_reason),
        cmocka_unit_test(the_shipped_countries_ask_for_five_reports_a_month),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
