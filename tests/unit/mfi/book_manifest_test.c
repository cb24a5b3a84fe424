/* manifest.ini: keys, period, what is made of which files. */
#include "tests/unit/mfi/book_support.h"

#define START \
    "institution_id = RW-TEST-1\ncurrency = RWF\nrows = 1\nsum_principal_outstanding = 100\n"

static void put_book(const struct folder *folder, const char *manifest)
{
    put(folder, "manifest.ini", manifest);
    put(folder, "loans.csv", HEADER "\nL1,B1,INDIV,AGRI,F,2015-06-01,2021-06-01,1000000,100,,0,\n");
}

static void the_period_follows_from_its_days(void **state)
{
    struct folder *folder = *state;
    static const struct {
        const char *manifest;
        const char *key;
    } rows[] = {
        {START "as_of = 2020-06-30\n", "2020-06"}, /* D59 */
        {START "as_of = 2020-06-30\nperiod_start = 2020-06-01\n", "2020-06"},
        {START "as_of = 2020-06-30\nperiod_end = 2020-06-30\nperiod_start = 2020-04-01\n",
         "2020-Q2"},
        {START "as_of = 2020-06-28\nperiod_start = 2020-06-22\n", "2020-W26"},
        {START "as_of = 2020-06-28\nperiod_start = 2020-06-28\n", "2020-06-28"},
        {START "as_of = 28/06/2020\nfrequency = w\n", "2020-W26"},
        {START "as_of = 2020-06-30\nfrequency = Q\n", "2020-Q2"},
        {START "as_of = 2020-06-29\nfrequency = D\nperiod_start = 2020-06-27\n", "2020-06-29"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_book(folder, rows[i].manifest);
        assert_read(folder);
        assert_string_equal(book_period_key(folder->book), rows[i].key);
    }
}

static void a_period_that_is_none_is_refused(void **state)
{
    struct folder *folder = *state;
    put_book(folder, START "as_of = 2020-06-29\n");
    assert_refused(
        folder, ERR_REFUSED,
        "manifest.ini: as_of is 2020-06-29, which ends no month. Write frequency = D, W, "
        "M or Q.");
    put_book(folder, START "as_of = 2020-06-30\nperiod_start = 2020-06-02\n");
    assert_refused(folder, ERR_REFUSED,
                   "manifest.ini: as_of is 2020-06-30, and with period_start that is no day, week, "
                   "month or quarter. Correct one of the two, or write frequency.");
    put_book(folder, START "as_of = 2020-06-29\nfrequency = M\n");
    assert_refused(folder, ERR_REFUSED,
                   "manifest.ini: as_of is 2020-06-29, which is not the last day of such a period. "
                   "Correct as_of or frequency.");
    put_book(folder, START "as_of = 2020-06-30\nfrequency = M\nperiod_start = 2020-05-01\n");
    assert_refused(folder, ERR_REFUSED,
                   "manifest.ini: as_of is 2020-06-30, and period_start is not the first day of "
                   "that period. Correct it, or leave it out.");
    put_book(folder, START "as_of = 2020-06-30\nperiod_end = 2020-07-31\n");
    assert_refused(
        folder, ERR_REFUSED,
        "manifest.ini line 6: period_end = \"2020-07-31\" is not right. A period ends on "
        "its as_of day: write the same date, or leave it out.");
}

static void a_missing_wrong_or_double_key_is_named(void **state)
{
    struct folder *folder = *state;
    put_book(folder, "as_of = 2020-06-30\ncurrency = RWF\n");
    assert_refused(folder, ERR_MALFORMED,
                   "manifest.ini lacks institution_id. It is the id that the hub's operator gave: "
                   "up to 16 of A-Z, 0-9 and hyphen.");
    put_book(folder, "institution_id = rwanda\nas_of = 2020-06-30\ncurrency = RWF\n");
    assert_refused(
        folder, ERR_MALFORMED,
        "manifest.ini line 1: institution_id = \"rwanda\" is not right. It is the id that "
        "the hub's operator gave: up to 16 of A-Z, 0-9 and hyphen.");
    put_book(folder, START "as_of = 2020-06-30\ncurrency = RWF\n");
    assert_refused(folder, ERR_MALFORMED,
                   "manifest.ini line 6: currency stands twice, first on line 2. Keep one.");
    put_book(folder, "institution_id = X\nas_of = 2020-06-30\ncurrency = FRW\n");
    assert_refused(folder, ERR_NOT_FOUND,
                   "manifest.ini line 3: currency = \"FRW\" is not right. It is a currency of the "
                   "country's settings, as RWF.");
    put_book(folder, "as_of 2020-06-30\n");
    assert_refused(folder, ERR_MALFORMED,
                   "manifest.ini line 1: there is no \"=\". Write key = value.");
    put_book(folder, "institution_id = X\nas_of = 2020-06-30\ncurrency = RWF\n");
    assert_refused(folder, ERR_MALFORMED,
                   "manifest.ini lacks rows or sum_principal_outstanding. Give the number of data "
                   "rows of loans.csv and the sum of that column.");
}

static void a_key_that_is_not_known_is_noted(void **state)
{
    struct folder *folder = *state;
    put_book(folder, "\xEF\xBB\xBF# the June book\r\n[manifest]\r\n" START
                     "as_of = 2020-06-30\r\nperoid_start = 2020-06-01\r\n");
    assert_read(folder);
    assert_note(folder, SEVERITY_WARNING,
                "manifest.ini line 8: the key peroid_start is not known and not read");
}

static void sign_off_status_reason_and_note_go_into_each_report(void **state)
{
    struct folder *folder = *state;
    Ihuriro__V1__Report__Reason reason = IHURIRO__V1__REPORT__REASON__ERROR;
    put_book(folder, START "as_of = 2020-06-30\nstatus = FINAL\nprepared_code = ACC-1\n"
                           "approved_code = MGR-2\nreason = AUDIT\nnote = \"after the audit\"\n");
    assert_read(folder);
    assert_true(book_reason(folder->book, &reason));
    assert_int_equal(reason, IHURIRO__V1__REPORT__REASON__AUDIT);
    assert_int_equal(book_report_count(folder->book), 2);
    for (size_t i = 0; i < 2; i++) {
        const PbReport *report = book_report_at(folder->book, i);
        assert_int_equal(report->status, IHURIRO__V1__REPORT__STATUS__FINAL);
        assert_int_equal(report->signoff->level, IHURIRO__V1__SIGN_OFF__LEVEL__APPROVED);
        assert_string_equal(report->signoff->prepared_code, "ACC-1");
        assert_string_equal(report->signoff->approved_code, "MGR-2");
        assert_string_equal(report->note, "after the audit");
    }
}

static void a_currency_has_the_exponent_of_the_settings(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini",
        "institution_id = KE-1\nas_of = 2020-06-30\ncurrency = KES\n"
        "rows = 1\nsum_principal_outstanding = 1,234.50\n");
    put(folder, "loans.csv", HEADER "\nL1,B1,INDIV,AGRI,F,2015-06-01,2021-06-01,5000,1234.5,,0,\n");
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->glp, 123450);
    assert_int_equal(book_report_at(folder->book, 0)->currency_exponent, 2);
}

static void nil_reports_need_no_extract(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini",
        "institution_id = X\nas_of = 2020-06-30\ncurrency = RWF\n"
        "reports = NIL LIQUIDITY, nil capital\n");
    assert_read(folder);
    assert_int_equal(book_report_count(folder->book), 2);
    for (size_t i = 0; i < 2; i++) {
        const PbReport *report = book_report_at(folder->book, i);
        assert_true(report->has_nil && report->nil);
        assert_null(report->liquidity);
        assert_null(report->capital);
    }
}

static void a_file_beside_its_nil_report_is_refused_and_one_not_asked_for_is_noted(void **state)
{
    struct folder *folder = *state;
    put_book(folder, START "as_of = 2020-06-30\nreports = NIL PORTFOLIO\n");
    assert_refused(folder, ERR_REFUSED,
                   "manifest.ini says NIL PORTFOLIO, but loans.csv is in the folder. Take one of "
                   "the two out.");
    put_book(folder, START "as_of = 2020-06-30\nreports = PORTFOLIO\n");
    put(folder, "deposits.csv", "account_ref,owner_ref,type,balance\nA1,O1,SAVINGS,1\n");
    assert_read(folder);
    assert_note(folder, SEVERITY_INFO,
                "deposits.csv: not read, as manifest.ini asks for no report of it");
}

static void the_reports_made_are_those_that_the_manifest_names(void **state)
{
    struct folder *folder = *state;
    put_book(folder, START "as_of = 2020-06-30\nreports = PORTFOLIO\n");
    assert_read(folder);
    assert_int_equal(book_report_count(folder->book), 1);
    put(folder, "ops.csv", "key,value\nstaff_total,5\ntier1,7\n");
    put_book(folder, START "as_of = 2020-06-30\nreports = PORTFOLIO, operations, CAPITAL\n");
    assert_read(folder);
    assert_int_equal(book_report_count(folder->book), 3);
    assert_non_null(report_of(folder, TYPE_OPERATIONS));
    assert_non_null(report_of(folder, TYPE_CAPITAL));
    put(folder, "ops.csv", "key,value\nstaff_total,\n");
    static const char *const wrong[] = {"PORTFOLIO, SINGING", "PORTFOLIO, NIL PORTFOLIO"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char manifest[512];
        char complaint[512];
        (void)snprintf(manifest, sizeof manifest, START "as_of = 2020-06-30\nreports = %s\n",
                       wrong[i]);
        (void)snprintf(complaint, sizeof complaint,
                       "manifest.ini line 6: reports = \"%s\" is not right. It lists, with commas "
                       "and each once, what to make of PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL "
                       "and EXPOSURES, or NIL and a type.",
                       wrong[i]);
        put_book(folder, manifest);
        assert_refused(folder, ERR_MALFORMED, complaint);
    }
    put_book(folder, START "as_of = 2020-06-30\nreports = LIQUIDITY\n");
    assert_refused(folder, ERR_NOT_FOUND,
                   "manifest.ini asks for LIQUIDITY, but neither deposits.csv nor a gl.csv with "
                   "mapped accounts is in the folder: put one there.");
    put_book(folder, START "as_of = 2020-06-30\nfrequency = D\nreports = EXPOSURES\n");
    assert_refused(
        folder, ERR_REFUSED,
        "manifest.ini asks for EXPOSURES, which is a report of a month, but the period is "
        "2020-06-30. Take it out of reports.");
}

static void a_file_that_no_report_is_made_of_is_noted(void **state)
{
    struct folder *folder = *state;
    put_book(folder, START "as_of = 2020-06-30\nreports = PORTFOLIO\n");
    put(folder, "borrowings.csv", "lender,kind,due_on,amount\nBANK,DRAWN,2020-07-01,5\n");
    put(folder, "placements.csv", "kind,balance,matures_on\nTERM,5,2020-07-01\n");
    put(folder, "schedule.csv", "due_on,principal,interest\n2020-07-01,5,1\n");
    assert_read(folder);
    static const char *const names[] = {"borrowings.csv", "placements.csv", "schedule.csv"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char note[128];
        (void)snprintf(note, sizeof note, "%s: not read, as manifest.ini asks for no report of it",
                       names[i]);
        assert_note(folder, SEVERITY_INFO, note);
    }
}

static void one_half_of_the_control_total_is_refused(void **state)
{
    struct folder *folder = *state;
    put_book(folder, "institution_id = RW-TEST-1\ncurrency = RWF\nas_of = 2020-06-30\nrows = 1\n");
    assert_refused(folder, ERR_MALFORMED,
                   "manifest.ini gives rows without sum_principal_outstanding. Give both, or none "
                   "where a database is the source or there is no loans.csv.");
    put_book(folder, "institution_id = RW-TEST-1\ncurrency = RWF\nas_of = 2020-06-30\n"
                     "sum_principal_outstanding = 100\n");
    assert_refused(folder, ERR_MALFORMED,
                   "manifest.ini gives sum_principal_outstanding without rows. Give both, or none "
                   "where a database is the source or there is no loans.csv.");
}

static void exposures_are_made_for_months_only(void **state)
{
    struct folder *folder = *state;
    put_book(folder, START "as_of = 2020-06-30\nfrequency = D\n"); /* D59 */
    assert_read(folder);
    assert_int_equal(book_report_count(folder->book), 1);
    assert_null(report_of(folder, TYPE_EXPOSURES));
}

static void accounts_without_a_map_are_noted(void **state)
{
    struct folder *folder = *state;
    put_book(folder, START "as_of = 2020-06-30\n");
    put(folder, "gl.csv", "gl_code,balance\n1,1\n");
    assert_read(folder);
    assert_note(folder, SEVERITY_WARNING,
                "gl.csv: not read, as the agent's configuration maps no account: fill `gl` there");
}

static void an_empty_folder_is_refused(void **state)
{
    struct folder *folder = *state;
    assert_refused(folder, ERR_NOT_FOUND, "manifest.ini is missing in the folder: put it there.");
    put(folder, "manifest.ini", START "as_of = 2020-06-30\n");
    assert_refused(
        folder, ERR_REFUSED,
        "There is nothing to report: the folder holds no loans.csv, no deposits.csv, no ops.csv "
        "with values, and no gl.csv with mapped accounts. Put the extracts there, or write reports "
        "= NIL "
        "and a type in manifest.ini.");
}

static void a_mark_for_test_data_is_set_on_each_report(void **state)
{
    struct folder *folder = *state;
    folder->options.test_data = true;
    put_book(folder, START "as_of = 2020-06-30\n");
    assert_read(folder);
    assert_true(book_report_at(folder->book, 1)->test_data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_period_follows_from_its_days),
        TEST(a_period_that_is_none_is_refused),
        TEST(a_missing_wrong_or_double_key_is_named),
        TEST(a_key_that_is_not_known_is_noted),
        TEST(sign_off_status_reason_and_note_go_into_each_report),
        TEST(a_currency_has_the_exponent_of_the_settings),
        TEST(nil_reports_need_no_extract),
        TEST(a_file_beside_its_nil_report_is_refused_and_one_not_asked_for_is_noted),
        TEST(the_reports_made_are_those_that_the_manifest_names),
        TEST(a_file_that_no_report_is_made_of_is_noted),
        TEST(one_half_of_the_control_total_is_refused),
        TEST(exposures_are_made_for_months_only),
        TEST(accounts_without_a_map_are_noted),
        TEST(an_empty_folder_is_refused),
        TEST(a_mark_for_test_data_is_set_on_each_report),
    };
    return cmocka_run_group_tests_name("book_manifest", tests, NULL, NULL);
}
