/* What a change of a country's settings may do to periods that have ended (D45). */
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

#include "tests/support/decisions.h"

#define TODAY_US INT64_C(1593763200000000) /* 3 July 2020, 08:00 UTC */

/* One of each list that holds from a day on. */
#define CLASSES "classes = ( { code = \"NL\"; from_days = 0; rate_bp = 100; } );\n"
#define LIQUIDITY                                                                                \
    "liquidity = ( { categories = [ \"MF\" ]; weights = ( { field = \"cash\"; percent = 100; } " \
    "); from = \"2020-01-01\"; } );\n"
#define BANDS                                                                                      \
    "capital_bands = ( { code = \"UNDER\"; ratio = \"R22\"; below = 1500; from = \"2020-01-01\"; " \
    "} );\n"
#define LIMIT(more) \
    "limits = ( { id = \"A\"; ratio = \"R11\"; dir = \"MIN\"; red = 2000; " more " } );\n"
#define DUTY(more)                                                                               \
    "obligations = ( { id = \"P\"; type = \"PORTFOLIO\"; frequency = \"M\"; wants = \"FINAL\"; " \
    "due_days = 10; due_time = \"17:00\"; " more " } );\n"
#define HOLIDAY(more) DUTY(FROM) "holidays = ( { name = \"Feast\"; " more " } );\n"
#define YEARLY        "each_year = \"08-15\"; "
#define FROM          "from = \"2020-01-01\";"
#define REST                                                                                     \
    "country = \"RW\"; version = \"test\"; time_zone = \"Africa/Kigali\"; utc_offset_minutes = " \
    "120; cure_months = 12;\n"                                                                   \
    "currencies = ( { code = \"RWF\"; exponent = 0; } );\n"                                      \
    "categories = ( { code = \"MF\"; name = \"Company\"; } );\n"                                 \
    "size_bands = ( { currency = \"RWF\"; code = \"ALL\"; } );\n"                                \
    "codes = ( { name = \"SECTOR\"; codes = [ \"AGRI\" ]; } );\n"                                \
    "private_patterns = [ \"[0-9]{16}\" ];\n"
#define WHOLE(limits) REST CLASSES LIQUIDITY BANDS limits

static const struct docket *closings; /* what was closed before the change */

static enum err compile(const char *text, const PbSettings *in_force, struct arena *arena,
                        struct complaint *complaint, PbSettings **ret_settings)
{
    char path[] = "/tmp/ihuriro-change-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    const struct country_ground ground = {in_force, closings, TODAY_US};
    enum err err = country_compile_over(path, &ground, arena, complaint, ret_settings);
    assert_int_equal(unlink(path), 0);
    return err;
}

/* From one file to another: the complaint, "" where it is taken. */
static const char *change(const char *from, const char *to)
{
    static struct complaint complaint;
    AUTO(arena_close) struct arena arena = {0};
    PbSettings *in_force = NULL;
    PbSettings *settings = NULL;
    complaint.text[0] = '\0';
    enum err err = compile(from, NULL, &arena, &complaint, &in_force);
    if (err != ERR_OK) {
        fail_msg("%s", complaint.text);
    }
    err = compile(to, in_force, &arena, &complaint, &settings);
    assert_int_equal(err == ERR_OK, complaint.text[0] == '\0');
    assert_true(err == ERR_OK || err == ERR_CONFIG);
    return complaint.text;
}

static void what_does_not_touch_an_ended_period_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
    } rows[] = {
        {WHOLE(LIMIT(FROM)), WHOLE(LIMIT(FROM))},
        /* a limit is added from today on, or ends yesterday */
        {WHOLE(""), WHOLE(LIMIT("from = \"2020-07-03\";"))},
        {WHOLE(LIMIT(FROM)), WHOLE(LIMIT(FROM " until = \"2020-07-02\";"))},
        {WHOLE(LIMIT(FROM " until = \"2020-12-31\";")), WHOLE(LIMIT(FROM))},
        /* what was to come is taken back */
        {WHOLE(LIMIT("from = \"2020-07-03\";")), WHOLE("")},
        /* words, sources, confirmations */
        {WHOLE(LIMIT(FROM)),
         WHOLE(LIMIT(FROM " ref = \"art 3\"; certainty = \"V\"; confirmed = \"me\"; red_words = "
                          "\"low\";"))},
        /* what is kept for the record only */
        {WHOLE(""), WHOLE(LIMIT(FROM " off = true;"))},
        {WHOLE(LIMIT(FROM " off = true;")), WHOLE("")},
        /* with its reason */
        {WHOLE(""), WHOLE(LIMIT(FROM " retroactive = \"the Gazette came late\";"))},
        {WHOLE(LIMIT(FROM)),
         WHOLE("limits = ( { id = \"A\"; ratio = \"R11\"; dir = \"MIN\"; red = 3000; " FROM
               " retroactive = \"misread\"; } );\n")},
        {WHOLE(LIMIT(FROM)), WHOLE(LIMIT(FROM " off = true; retroactive = \"never in force\";"))},
        /* the first duties and holidays that there are */
        {WHOLE(""), WHOLE(DUTY(""))},
        {WHOLE(""), WHOLE(HOLIDAY("date = \"2020-01-01\";"))},
        {WHOLE(DUTY(FROM)), WHOLE(DUTY(FROM " until = \"2020-07-02\"; ref = \"art 5\";"))},
        {WHOLE(DUTY(FROM)), WHOLE(DUTY(FROM " grace_hours = 24; retroactive = \"the flood\";"))},
        /* a holiday that is to come, though a report of last month may be due on it */
        {WHOLE(DUTY(FROM)), WHOLE(HOLIDAY("date = \"2020-07-03\";"))},
        {WHOLE(HOLIDAY("date = \"2020-07-03\";")), WHOLE(DUTY(FROM))},
        {WHOLE(DUTY(FROM)), WHOLE(HOLIDAY(YEARLY "from = \"2020-07-03\";"))},
        {WHOLE(HOLIDAY(YEARLY)), WHOLE(HOLIDAY(YEARLY "until = \"2020-12-31\";"))},
        {WHOLE(DUTY(FROM)), WHOLE(HOLIDAY("date = \"2020-07-01\"; retroactive = \"forgotten\";"))},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *complaint = change(rows[i].from, rows[i].to);
        if (complaint[0] != '\0') {
            fail_msg("row %zu: %s", i, complaint);
        }
    }
}

static void what_changes_an_ended_period_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *part;
    } rows[] = {
        {WHOLE(""), WHOLE(LIMIT(FROM)), ":10: limits: the row A is new or says something else"},
        {WHOLE(""), WHOLE(LIMIT("")), "limits: the row A"},
        {WHOLE(""), WHOLE(LIMIT("from = \"2020-07-02\";")), "from = \"2020-07-03\" or later"},
        {WHOLE(""), WHOLE(LIMIT("from = \"2020-07-03\"; applied_back_to = \"2019-01-01\";")),
         "limits: the row A"},
        {WHOLE(LIMIT(FROM)),
         WHOLE("limits = ( { id = \"A\"; ratio = \"R11\"; dir = \"MIN\"; red = 3000; " FROM
               " } );\n"),
         "limits: the row A is new or says something else"},
        {WHOLE(LIMIT(FROM)), WHOLE(LIMIT(FROM " until = \"2020-06-30\";")), "limits: the row A"},
        {WHOLE(LIMIT(FROM " until = \"2020-06-30\";")), WHOLE(LIMIT(FROM)), "limits: the row A"},
        {WHOLE(LIMIT(FROM)), WHOLE(""), "limits: the row A is gone"},
        {WHOLE(LIMIT(FROM)), WHOLE(LIMIT(FROM " off = true;")), "limits: the row A is gone"},
        {WHOLE(LIMIT(FROM " off = true;")), WHOLE(LIMIT(FROM)), "limits: the row A"},
        {WHOLE(""),
         REST "classes = ( { code = \"NL\"; from_days = 0; rate_bp = 200; } );\n" LIQUIDITY BANDS,
         ":7: classes: the row NL"},
        {WHOLE(""), REST CLASSES LIQUIDITY, "capital_bands: the row UNDER is gone"},
        {WHOLE(""),
         REST CLASSES BANDS
         "liquidity = ( { categories = [ \"MF\" ]; weights = ( { field = \"cash\"; percent = 90; } "
         "); from = \"2020-01-01\"; } );\n",
         "liquidity: the row MF"},
        {WHOLE(DUTY(FROM)), WHOLE(DUTY(FROM " grace_hours = 24;")),
         ":10: obligations: the row P is new or says something else"},
        {WHOLE(DUTY(FROM)), WHOLE(""), "obligations: the row P is gone"},
        {WHOLE(DUTY(FROM)), WHOLE(DUTY(FROM " off = true;")), "obligations: the row P is gone"},
        {WHOLE(DUTY(FROM)), WHOLE(DUTY(FROM " until = \"2020-07-01\";")), "obligations: the row P"},
        {WHOLE(DUTY(FROM " until = \"2020-05-31\";")), WHOLE(DUTY(FROM)), "obligations: the row P"},
        {WHOLE(DUTY(FROM)), WHOLE(HOLIDAY("date = \"2020-07-02\";")),
         ":11: holidays: the row Feast is new"},
        {WHOLE(HOLIDAY("date = \"2020-07-02\";")), WHOLE(DUTY(FROM)),
         "holidays: the row Feast is gone"},
        {WHOLE(DUTY(FROM)), WHOLE(HOLIDAY(YEARLY)), "holidays: the row Feast is new"},
        {WHOLE(HOLIDAY(YEARLY)), WHOLE(HOLIDAY(YEARLY "until = \"2019-12-31\";")),
         "holidays: the row Feast"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *complaint = change(rows[i].from, rows[i].to);
        if (strstr(complaint, rows[i].part) == NULL) {
            fail_msg("row %zu: %s", i, complaint[0] == '\0' ? "it was taken" : complaint);
        }
    }
}

#define BACK "retroactive = \"the Gazette came late\"; "

static void what_looks_back_into_a_closed_month_is_refused_until_it_is_reopened(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *part; /* NULL: it is taken */
    } rows[] = {
        {WHOLE(""), WHOLE(LIMIT(BACK FROM)), ":10: limits: the row A looks back into 2020-04"},
        {WHOLE(""), WHOLE(LIMIT(BACK "from = \"2020-04-30\";")), "into 2020-04, which is closed"},
        {WHOLE(""), WHOLE(LIMIT(BACK "from = \"2020-05-01\";")), NULL},
        {WHOLE(""), WHOLE(LIMIT(BACK FROM " until = \"2020-03-31\";")), NULL},
        {WHOLE(""), WHOLE(LIMIT(BACK FROM " off = true;")), NULL},
        {WHOLE(LIMIT(BACK FROM)), WHOLE(LIMIT(BACK FROM)), NULL},
        {WHOLE(LIMIT(FROM)), WHOLE(LIMIT(BACK FROM " until = \"2020-04-15\";")),
         "limits: the row A looks back into 2020-04"},
        {WHOLE(LIMIT(FROM)), WHOLE(LIMIT(BACK FROM " until = \"2020-04-30\";")), NULL},
        {WHOLE(LIMIT(FROM)), WHOLE(LIMIT(BACK "from = \"2020-06-01\";")),
         ":1: limits: the row A looks back into 2020-04"},
        {WHOLE(DUTY(FROM)), WHOLE(DUTY(BACK FROM " grace_hours = 24;")),
         "obligations: the row P looks back into 2020-04"},
        /* due on 10 May: */
        {WHOLE(DUTY(FROM)), WHOLE(HOLIDAY(BACK "date = \"2020-05-08\";")),
         ":11: holidays: the row Feast looks back into 2020-04"},
        {WHOLE(DUTY(FROM)), WHOLE(HOLIDAY(BACK "date = \"2020-07-01\";")), NULL},
    };
    const struct decision acts[] = {{.time_us = 10, .closed = "2020-04"},
                                    {.time_us = 10, .closed = "2020-02"},
                                    {.time_us = 20, .reopened = "2020-02"}};
    AUTO(docket_close) struct docket *docket = docket_of(acts, 3);
    closings = docket;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *complaint = change(rows[i].from, rows[i].to);
        if (rows[i].part == NULL ? complaint[0] != '\0' : strstr(complaint, rows[i].part) == NULL) {
            fail_msg("row %zu: %s", i, complaint[0] == '\0' ? "it was taken" : complaint);
        }
    }
    closings = NULL;
    assert_string_equal(change(WHOLE(""), WHOLE(LIMIT(BACK FROM))), "");
}

static void the_reason_goes_with_the_settings(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    PbSettings *settings = NULL;
    assert_int_equal(compile(WHOLE(LIMIT(FROM " retroactive = \"the Gazette came late\";")), NULL,
                             &arena, NULL, &settings),
                     ERR_OK);
    assert_string_equal(settings->limits[0]->retroactive, "the Gazette came late");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_touch_an_ended_period_is_taken),
        cmocka_unit_test(what_changes_an_ended_period_is_refused_with_its_line),
        cmocka_unit_test(what_looks_back_into_a_closed_month_is_refused_until_it_is_reopened),
        cmocka_unit_test(the_reason_goes_with_the_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
