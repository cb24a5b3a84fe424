#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/country.h"
#include "proto/limits.h"
#include "proto/ratios.h"
#include "tests/support/rules_bench.h"

#define RW IHURIRO_SOURCE "/conf/countries/rw.cfg"

static void the_shipped_file_of_rwanda_compiles_and_fits_an_event(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    struct complaint complaint = {""};
    PbSettings *settings = NULL;
    enum err err = country_compile(RW, &arena, &complaint, &settings);
    assert_string_equal(complaint.text, "");
    assert_int_equal(err, ERR_OK);
    assert_string_equal(settings->country, "RW");
    assert_int_equal(settings->utc_offset_minutes, 120);
    assert_int_equal(settings->cure_months, 12);
    assert_true(settings->has_moratorium_is_restructuring);
    assert_false(settings->moratorium_is_restructuring);
    assert_int_equal(settings->n_classes, 5);
    assert_int_equal(settings->n_categories, 6);
    assert_int_equal(settings->n_liquidity, 3);
    assert_int_equal(settings->n_private_patterns, 3);
    assert_int_equal(message_pack(&settings->base, &packed), ERR_OK);
    assert_true(packed.size < EVENT_BYTES_MAX);
    const PbSettings *again = NULL;
    assert_int_equal(
        MESSAGE_UNPACK(settings, MESSAGE_CANONICAL, buffer_bytes(&packed), &arena, &again), ERR_OK);
}

static void a_second_country_is_only_a_file(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    struct complaint complaint = {""};
    PbSettings *settings = NULL;
    enum err err =
        country_compile(IHURIRO_SOURCE "/conf/countries/ke.cfg", &arena, &complaint, &settings);
    assert_string_equal(complaint.text, "");
    assert_int_equal(err, ERR_OK);
    assert_string_equal(settings->country, "KE");
    assert_int_equal(settings->utc_offset_minutes, 180);
    assert_int_equal(settings->n_capital_bands, 0);
    assert_true(settings->n_limits > 0);
    assert_int_equal(message_pack(&settings->base, &packed), ERR_OK);
    assert_true(packed.size < EVENT_BYTES_MAX);
}

static void the_same_file_compiles_to_the_same_bytes(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer first = {0};
    AUTO(buffer_close) struct buffer second = {0};
    PbSettings *settings = NULL;
    assert_int_equal(country_compile(RW, &arena, NULL, &settings), ERR_OK);
    assert_int_equal(message_pack(&settings->base, &first), ERR_OK);
    assert_int_equal(country_compile(RW, &arena, NULL, &settings), ERR_OK);
    assert_int_equal(message_pack(&settings->base, &second), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
}

static void each_currency_has_bands_and_the_last_has_no_end(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    PbSettings *settings = NULL;
    assert_int_equal(country_compile(RW, &arena, NULL, &settings), ERR_OK);
    for (size_t i = 0; i < settings->n_currencies; i++) {
        size_t bands = 0;
        size_t open = 0;
        for (size_t k = 0; k < settings->n_size_bands; k++) {
            if (strcmp(settings->size_bands[k]->currency, settings->currencies[i]->code) == 0) {
                bands++;
                open += !settings->size_bands[k]->has_up_to;
            }
        }
        assert_int_equal(bands, 6);
        assert_int_equal(open, 1);
    }
    for (size_t i = 0; i < settings->n_codes; i++) {
        if (strcmp(settings->codes[i]->name, "DISTRICT") == 0) {
            assert_int_equal(settings->codes[i]->n_codes, 31);
        }
    }
}

static void valid_reports_of_every_category_pass_under_the_shipped_file(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    PbSettings *settings = NULL;
    assert_int_equal(country_compile(RW, &arena, NULL, &settings), ERR_OK);
    static const int types[] = {TYPE_PORTFOLIO, TYPE_LIQUIDITY, TYPE_EXPOSURES};
    for (size_t i = 0; i < settings->n_categories; i++) {
        for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
            AUTO(bench_close) struct bench bench;
            bench_open(&bench, types[k]);
            bench.context.settings = settings;
            bench.party.category = settings->categories[i]->code;
            assert_int_equal(rules_refuse(bench.report, settings, false, &bench.findings), ERR_OK);
            assert_int_equal(bench_judge(&bench), VERDICT_ACCEPTED);
            assert_int_equal(bench.findings.count, 0);
            struct ratio_inputs inputs = {
                .liquidity = bench.report, .settings = settings, .category = bench.party.category};
            struct ratio_value liquidity = ratio_compute(ratio_find("R11"), &inputs);
            assert_int_equal(liquidity.is_null, types[k] != TYPE_LIQUIDITY);
            assert_int_equal(liquidity.value, types[k] == TYPE_LIQUIDITY ? 4500 : 0);
        }
    }
}

/* A small file that compiles; %s stands where each case puts what is wrong. */
#define GOOD_CURRENCIES "currencies = ( { code = \"RWF\"; exponent = 0; } );\n"
#define GOOD_CATEGORIES "categories = ( { code = \"MF\"; name = \"Company\"; } );\n"
#define GOOD_CLASSES    "classes = ( { code = \"NL\"; from_days = 0; rate_bp = 100; } );\n"
#define GOOD_BANDS      "size_bands = ( { currency = \"RWF\"; code = \"ALL\"; } );\n"
#define GOOD_LIQUIDITY  "liquidity = ( { weights = ( { field = \"cash\"; percent = 100; } ); } );\n"
#define GOOD_CODES      "codes = ( { name = \"SECTOR\"; codes = [ \"AGRI\" ]; } );\n"
#define GOOD_REST                                                                         \
    "version = \"rw test\";\ntime_zone = \"Africa/Kigali\";\nutc_offset_minutes = 120;\n" \
    "cure_months = 12;\n"

/* Writes the text to a file of its own and compiles it. */
static enum err compile_text(const char *text, struct arena *arena, struct complaint *complaint,
                             PbSettings **ret_settings)
{
    char path[] = "/tmp/country_test_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    size_t size = strlen(text);
    assert_int_equal(write(fd, text, size), (ssize_t)size);
    assert_int_equal(close(fd), 0);
    enum err err = country_compile(path, arena, complaint, ret_settings);
    assert_int_equal(unlink(path), 0);
    return err;
}

#define GOOD_ALL                                                                            \
    "country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES GOOD_CLASSES GOOD_BANDS \
        GOOD_LIQUIDITY GOOD_CODES "private_patterns = [ ];\n"

static const struct {
    const char *text;
    const char *where; /* ":LINE: " and what follows */
    const char *allowed;
} bad_files[] = {
    {"country = \"Rwanda\";\n", ":1: country", "two capital letters"},
    {"country = \"RW\";\nperiod = 3;\n", ":2: there is no key 'period'", "currencies"},
    {"country = \"RW\";\n" GOOD_REST, "currencies is missing", "list of groups"},
    {"country = \"RW\";\n" GOOD_REST "currencies = ( { code = \"rwf\"; exponent = 0; } );\n",
     ":6: currencies[0].code", "ISO 4217"},
    {"country = \"RW\";\n" GOOD_REST "currencies = ( { code = \"RWF\"; exponent = 9; } );\n",
     ":6: currencies[0].exponent", "from 0 to 4"},
    {"country = \"RW\";\n" GOOD_REST "currencies = ( );\n", ":6: currencies", "at least one row"},
    {"country = \"RW\";\n" GOOD_REST
     "currencies = ( { code = \"RWF\"; exponent = 0; },\n{ code = \"RWF\"; exponent = 2; } );"
     "\n" GOOD_CATEGORIES GOOD_CLASSES GOOD_BANDS GOOD_LIQUIDITY GOOD_CODES
     "private_patterns = [ ];\n",
     ":7: currencies[1] says RWF again", "line 6"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES
     "rules = ( { rule = \"ENV-99\"; off = true; } );\n",
     ":7: rules[0].rule", "names no rule"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES
     "rules = ( { rule = \"ENV-04\"; off = true; } );\n",
     ":7: rules[0].rule", "cannot be changed"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES
     "rules = ( { rule = \"POR-04\"; severity = \"FATAL\"; } );\n",
     ":7: rules[0].severity", "\"WARNING\""},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES
     "rules = ( { rule = \"POR-04\"; category = \"MFX\"; off = true; } );\n" GOOD_CLASSES GOOD_BANDS
         GOOD_LIQUIDITY GOOD_CODES "private_patterns = [ ];\n",
     ":8: rules.category names MFX", "not in categories"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES
     "classes = ( { code = \"NL\"; from_days = 0; rate_bp = 100; from = \"2023-02-30\"; } );\n",
     ":8: classes[0].from", "date"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES GOOD_CLASSES
     "size_bands = ( { currency = \"RWF\"; code = \"ALL\"; },\n"
     "  { currency = \"RWF\"; code = \"LE1\"; up_to = 1; } );\n" GOOD_LIQUIDITY GOOD_CODES
     "private_patterns = [ ];\n",
     ":10: size_bands: LE1 does not end above ALL", "upwards"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES GOOD_CLASSES GOOD_BANDS
     "liquidity = ( { weights = ( { field = \"gold\"; percent = 100; } ); } );\n",
     ":10: liquidity[0].weights[0].field", "names no amount"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES GOOD_CLASSES GOOD_BANDS
     "liquidity = ( { weights = ( { field = \"peak_day\"; percent = 100; } ); } );\n",
     ":10: liquidity[0].weights[0].field", "names no amount"},
    {"country = \"RW\";\n" GOOD_REST "private_patterns = [ \"07[0-9\" ];\n", ":6: private_patterns",
     "regular expression"},
    {"country = \"RW\";\n" GOOD_REST "private_patterns = [ \"a*\" ];\n", ":6: private_patterns",
     "every text"},
    {"country = \"RW\";\ncure_months = 12\nversion = ;\n", ":3: ", "syntax"},
    {GOOD_ALL "limits = ( { id = \"L\"; ratio = \"R99\"; dir = \"MIN\"; red = 1; } );\n",
     "limits[0].ratio", "names no ratio"},
    {GOOD_ALL "limits = ( { id = \"L\"; ratio = \"R11\"; dir = \"LOW\"; red = 1; } );\n",
     "limits[0].dir", "\"MAX\""},
    {GOOD_ALL "limits = ( { id = \"L\"; ratio = \"R11\"; dir = \"MIN\"; } );\n",
     "limits: L has neither amber nor red", "at least one"},
    {GOOD_ALL "limits = ( { id = \"L\"; ratio = \"R11\"; dir = \"MIN\"; amber = 1; red = 2; } );\n",
     "limits: L would be breached before it is near", "above red"},
    {GOOD_ALL "limits = ( { id = \"L\"; ratio = \"R11\"; dir = \"MAX\"; amber = 2; red = 1; } );\n",
     "limits: L would be breached before it is near", "below red"},
    {GOOD_ALL "limits = ( { id = \"L\"; ratio = \"R11\"; dir = \"MAX\"; red = 1;\n"
              "from = \"2024-01-01\"; until = \"2023-01-01\"; } );\n",
     "limits: L ends before it begins", "correct from or until"},
    {GOOD_ALL "limits = ( { id = \"L\"; ratio = \"R11\"; dir = \"MAX\"; red = 1; },\n"
              "{ id = \"L\"; ratio = \"R12\"; dir = \"MAX\"; red = 1; } );\n",
     "limits[1] says L again", "keep one of them"},
    {GOOD_ALL "score = ( { component = \"LUCK\"; weight = 1; green = 0; red = 1; } );\n",
     "score[0].component", "LATENESS"},
    {GOOD_ALL "score = ( { component = \"PAR30R\"; weight = 1; green = 1; red = 1; } );\n",
     "score: PAR30R has the same green and red", "ends of a line"},
    {GOOD_ALL "rules = ( { rule = \"ENV-07\"; tolerance_bp = 5; } );\n",
     "rules: ENV-07 has no tolerance", "severity"},
    {GOOD_ALL "limits = ( { id = \"L\"; ratio = \"R11\"; dir = \"MIN\"; red = 1; },\n"
              "{ id = \"M\"; ratio = \"R11\"; dir = \"MIN\"; red = 2; } );\n",
     "limits: M and L", "from the same day"},
    {GOOD_ALL
     "limits = ( { id = \"L\"; categories = [ \"MF\" ]; ratio = \"R11\"; dir = \"MIN\"; red = 9; "
     "},\n"
     "{ id = \"M\"; categories = [ \"MF\" ]; ratio = \"R11\"; dir = \"MAX\"; red = 2; } );\n",
     "limits: M and L", "from the same day"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES
     "classes = ( { code = \"WL\"; from_days = 1; rate_bp = 100; } );\n" GOOD_BANDS GOOD_LIQUIDITY
         GOOD_CODES "private_patterns = [ ];\n",
     "classes: none begins at 0 days", "from_days = 0"},
    {"country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES GOOD_CLASSES GOOD_BANDS
     "liquidity = ( { weights = ( { field = \"cash\"; percent = 100; } ); },\n"
     "{ weights = ( { field = \"cash\"; percent = 50; } ); } );\n" GOOD_CODES
     "private_patterns = [ ];\n",
     ":11: liquidity: this row and the one on line 10", "from the same day"},
    {GOOD_ALL "run_off = ( { type = \"GOLD\"; percent = 1; } );\n", "run_off[0].type", "DEMAND"},
    {GOOD_ALL "average_loans = ( { currency = \"RWF\"; least = 5; most = 5; } );\n",
     "average_loans: least is not below most", "correct them"},
};

static void bad_files_are_refused_with_line_key_and_what_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        AUTO(arena_close) struct arena arena = {0};
        struct complaint complaint = {""};
        PbSettings *settings = NULL;
        assert_int_equal(compile_text(bad_files[i].text, &arena, &complaint, &settings),
                         ERR_CONFIG);
        assert_null(settings);
        if (strstr(complaint.text, bad_files[i].where) == NULL ||
            strstr(complaint.text, bad_files[i].allowed) == NULL) {
            fail_msg("case %zu says: %s", i, complaint.text);
        }
    }
}

static void what_a_file_leaves_out_is_absent_in_the_settings(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint = {""};
    PbSettings *settings = NULL;
    enum err err = compile_text(
        "country = \"RW\";\n" GOOD_REST GOOD_CURRENCIES GOOD_CATEGORIES GOOD_CLASSES GOOD_BANDS
            GOOD_LIQUIDITY GOOD_CODES "private_patterns = [ ];\n"
        "rules = ( { rule = \"POR-08\"; tolerance_bp = 0; },\n"
        "          { rule = \"POR-08\"; category = \"MF\"; severity = \"INFO\"; off = true; } );\n",
        &arena, &complaint, &settings);
    assert_string_equal(complaint.text, "");
    assert_int_equal(err, ERR_OK);
    assert_false(settings->size_bands[0]->has_up_to);
    assert_false(settings->liquidity[0]->has_from_day);
    assert_null(settings->classes[0]->from);
    assert_true(settings->rules[0]->has_tolerance_bp);
    assert_int_equal(settings->rules[0]->tolerance_bp, 0);
    assert_false(settings->rules[0]->has_severity);
    assert_false(settings->rules[0]->has_off);
    assert_null(settings->rules[0]->category);
    assert_false(settings->rules[1]->has_tolerance_bp);
    assert_int_equal(settings->rules[1]->severity, SEVERITY_INFO);
    assert_true(settings->rules[1]->off);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    AUTO(arena_close) struct arena arena = {0};
    struct complaint complaint = {""};
    PbSettings *settings = NULL;
    assert_int_equal(country_compile("/nowhere/rw.cfg", &arena, &complaint, &settings), ERR_CONFIG);
    assert_non_null(strstr(complaint.text, "/nowhere/rw.cfg"));
}

static void the_path_follows_the_environment_and_the_build_folder(void **state)
{
    (void)state;
    AUTO(free_p) char *path = NULL;
    AUTO(free_p) char *overridden = NULL;
    assert_int_equal(unsetenv("IHURIRO_COUNTRIES"), 0);
    assert_int_equal(country_path("RW", &path), ERR_OK);
    assert_string_equal(path, RW); /* this test runs from its build folder */
    assert_int_equal(setenv("IHURIRO_COUNTRIES", "/elsewhere", 1), 0);
    assert_int_equal(country_path("ke", &overridden), ERR_OK);
    assert_string_equal(overridden, "/elsewhere/ke.cfg");
    char *none = NULL;
    assert_int_equal(country_path("../x", &none), ERR_USAGE);
    assert_int_equal(country_path("", &none), ERR_USAGE);
    assert_int_equal(country_path("./", &none), ERR_USAGE);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file_of_rwanda_compiles_and_fits_an_event),
        cmocka_unit_test(a_second_country_is_only_a_file),
        cmocka_unit_test(the_same_file_compiles_to_the_same_bytes),
        cmocka_unit_test(each_currency_has_bands_and_the_last_has_no_end),
        cmocka_unit_test(valid_reports_of_every_category_pass_under_the_shipped_file),
        cmocka_unit_test(bad_files_are_refused_with_line_key_and_what_is_allowed),
        cmocka_unit_test(what_a_file_leaves_out_is_absent_in_the_settings),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(the_path_follows_the_environment_and_the_build_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
