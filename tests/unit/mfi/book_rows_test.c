/* The hazards of a CSV extract, each with the complaint that a bookkeeper reads. */
#include "tests/unit/mfi/book_support.h"

static void put_loans(const struct folder *folder, const char *text)
{
    put_manifest(folder, 1, "100", "");
    put(folder, "loans.csv", text);
}

static void assert_hundred(struct folder *folder)
{
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->glp, 100);
    assert_int_equal(portfolio_of(folder)->loans_outstanding, 1);
}

static void a_plain_extract_is_read(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\n" LOAN("L1", "100", "") "\n");
    assert_hundred(folder);
    put_loans(folder, HEADER "\n" LOAN("L1", "100", "")); /* without the last line end */
    assert_hundred(folder);
}

static void a_byte_order_mark_and_windows_line_ends_are_passed_over(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, "\xEF\xBB\xBF" HEADER "\r\n" LOAN("L1", "100", "") "\r\n");
    assert_hundred(folder);
    put_loans(folder, HEADER "\r" LOAN("L1", "100", "") "\r"); /* of old Macs */
    assert_hundred(folder);
}

static void replace(char *text, char from, char to)
{
    for (; *text != '\0'; text++) {
        *text = *text == from ? to : *text;
    }
}

static void semicolons_and_tabs_are_found_from_the_header(void **state)
{
    struct folder *folder = *state;
    char text[] = HEADER "\n" LOAN("L1", "100", "") "\n";
    replace(text, ',', ';');
    put_loans(folder, text);
    assert_hundred(folder);
    replace(text, ';', '\t');
    put_loans(folder, text);
    assert_hundred(folder);
    put_loans(folder, "sep=,\n" HEADER "\n" LOAN("L1", "100", "") "\n");
    assert_hundred(folder);
}

static void columns_may_come_in_any_order_and_case(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, "Overdue_Since, GENDER ,colour,loan_ref,borrower_ref,product,sector,"
                      "disbursed_on,matures_on,principal_disbursed,principal_outstanding,"
                      "times_restructured,restructured_on\n"
                      ", F ,red,L1,B1,INDIV,AGRI,2019-06-01,2021-06-01,1000,100,0,\n");
    assert_hundred(folder);
    assert_int_equal(portfolio_of(folder)->women_borrowers, 1);
    assert_note(folder, SEVERITY_INFO,
                "loans.csv line 1: columns that are not known are not read: colour");
}

static void a_missing_mandatory_column_is_named(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, "loan_ref;borrower_ref;product\nL1;B1;INDIV\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 1: the header lacks the column sector, gender, disbursed_on, "
                   "matures_on, principal_disbursed, principal_outstanding, times_restructured, "
                   "restructured_on. The separator was taken to be a semicolon. Add the column to "
                   "the extract.");
    put_loans(folder, "loan_ref,borrower_ref,product,sector,gender,disbursed_on,matures_on,"
                      "principal_disbursed,principal_outstanding,times_restructured,"
                      "restructured_on\nL1,B1,INDIV,AGRI,F,2019-06-01,2021-06-01,100,100,0,\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 1: the header lacks overdue_since, and days_overdue in its "
                   "place. Add one of the two to the extract.");
    put_loans(folder, HEADER ",loan_ref\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 1: the header names the column loan_ref twice. Keep one.");
}

static void a_quoted_line_break_stays_in_its_cell_and_lines_are_still_counted(void **state)
{
    struct folder *folder = *state;
    put_loans(folder,
              HEADER ",remark\n" LOAN("L1", "100", "") ",\"two\nlines, and \"\"more\"\"\"\n");
    assert_hundred(folder);
    put_loans(folder, HEADER
              ",remark\n" LOAN("L1", "100", "") ",\"two\nlines\"\n\n" LOAN("L2", "1x", "") ",\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 5, column principal_outstanding: \"1x\" is no amount. Write "
                   "digits with a point before the cents, as 1500000 or 1,500,000.00.");
}

static void thousands_separators_are_read(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 3, "4,500,000", "");
    put(folder, "loans.csv",
        HEADER "\n" LOAN("L1", "\"1,500,000.00\"", "") "\n" LOAN("L2", "1 500 000",
                                                                 "") "\n" LOAN("L3",
                                                                               "1\xC2\xA0"
                                                                               "500\xC2\xA0"
                                                                               "000",
                                                                               "") "\n");
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->glp, 4500000);
}

static void a_comma_that_groups_no_thousands_is_refused(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\n" LOAN("L1", "\"1234,56\"", "") "\n");
    assert_refused(
        folder, ERR_MALFORMED,
        "loans.csv line 2, column principal_outstanding: \"1234,56\" is no amount. Write "
        "digits with a point before the cents, as 1500000 or 1,500,000.00.");
    put_loans(folder, HEADER "\n" LOAN("L1", "100.50", "") "\n");
    assert_refused(
        folder, ERR_RANGE,
        "loans.csv line 2, column principal_outstanding: \"100.50\" has digits below the "
        "smallest unit of the currency, or is too large. Give it in whole units.");
    put_loans(folder, HEADER "\n" LOAN("L1", "-5", "") "\n");
    assert_refused(folder, ERR_RANGE,
                   "loans.csv line 2, column principal_outstanding: \"-5\" is negative, and that "
                   "cannot be here. Correct it in the source.");
    put_loans(folder, HEADER "\n" LOAN("L1", "(5)", "") "\n");
    assert_refused(folder, ERR_RANGE,
                   "loans.csv line 2, column principal_outstanding: \"(5)\" is negative, and that "
                   "cannot be here. Correct it in the source.");
}

static void dates_are_judged_value_by_value(void **state)
{
    struct folder *folder = *state;
    static const char *const forms[] = {"17/06/2020", "06/17/2020",          "17-06-2020",
                                        "17.6.2020",  "2020-06-17T00:00:00", "2020-06-17 08:30:00",
                                        "43999"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       "%s\nL1,B1,INDIV,AGRI,F,2019-06-01,06/06/2021,100,100,%s,0,\n", HEADER,
                       forms[i]);
        put_loans(folder, text);
        assert_hundred(folder);
        assert_int_equal(portfolio_of(folder)->aging[1]->loans, 1); /* 13 days */
    }
}

static void an_ambiguous_date_is_refused_unless_date_format_is_set(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\n" LOAN("L1", "100", "03/04/2020") "\n");
    assert_refused(folder, ERR_REFUSED,
                   "loans.csv line 2, column overdue_since: \"03/04/2020\" can be two dates. Write "
                   "2020-06-30, or set date_format in manifest.ini to dd/mm/yyyy or mm/dd/yyyy.");
    put_manifest(folder, 1, "100", "date_format = dd/mm/yyyy\n");
    assert_hundred(folder);
    assert_int_equal(portfolio_of(folder)->aging[5]->loans, 1); /* 3 April: 88 days */
    put_manifest(folder, 1, "100", "date_format = mm/dd/yyyy\n");
    assert_hundred(folder);
    assert_int_equal(portfolio_of(folder)->aging[7]->loans, 1); /* 4 March: 118 days */
    put(folder, "loans.csv", HEADER "\n" LOAN("L1", "100", "17/04/2020") "\n");
    assert_refused(folder, ERR_RANGE,
                   "loans.csv line 2, column overdue_since: \"17/04/2020\" is no day of the "
                   "calendar. Correct it, or date_format in manifest.ini.");
}

static void what_is_no_date_is_refused(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\n" LOAN("L1", "100", "31/06/2020") "\n");
    assert_refused(folder, ERR_RANGE,
                   "loans.csv line 2, column overdue_since: \"31/06/2020\" is no day of the "
                   "calendar. Correct it.");
    put_loans(folder, HEADER "\n" LOAN("L1", "100", "17/06/20") "\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2, column overdue_since: \"17/06/20\" is no date. Write it as "
                   "2020-06-30.");
}

static void totals_rows_repeated_headers_and_blank_rows_are_left_out(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 2, "300", "");
    put(folder, "loans.csv",
        HEADER "\n\n" LOAN("L1", "100", "") "\n,,,,,,,,,,,\n" HEADER "\n" LOAN(
            "L2", "200",
            "") "\n"
                "Totaux,,,,,,,,300,,,\nTOTAL G\xC3\x89N\xC3\x89RAL,,,,,,,,300\nIgiteranyo\n   \n");
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->glp, 300);
    assert_note(folder, SEVERITY_INFO, "loans.csv line 7 and 2 more: a totals row, left out");
    assert_note(folder, SEVERITY_INFO, "loans.csv line 5: the header again, left out");
}

static void total_words_are_configurable(void **state)
{
    struct folder *folder = *state;
    static const struct book_word words[] = {{"Gesamt", ""}};
    struct book_maps maps = *book_maps_default();
    maps.total_words = (struct book_words){words, 1};
    folder->options.maps = &maps;
    put_loans(folder, HEADER "\n" LOAN("L1", "100", "") "\ngesamt,,,,,,,,100,,,\n");
    assert_hundred(folder);
}

static void
a_loan_that_stands_twice_is_refused_with_both_lines_and_without_its_reference(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 3, "600", "");
    put(folder, "loans.csv",
        HEADER
        "\n" LOAN("L1", "100", "") "\n" LOAN("L2", "200", "") "\n" LOAN("L1", "300", "") "\n");
    assert_refused(
        folder, ERR_EXISTS,
        "loans.csv line 4, column loan_ref: the value is the same as on line 2. Each may "
        "stand once: take one of the two rows out of the extract.");
}

static void a_control_total_that_does_not_match_is_refused(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 2, "100", "");
    put(folder, "loans.csv", HEADER "\n" LOAN("L1", "100", "") "\n");
    assert_refused(
        folder, ERR_REFUSED,
        "manifest.ini says rows = 2, but loans.csv holds 1 data rows. The extract is cut "
        "off or not the one that was counted: extract it again.");
    put_manifest(folder, 1, "101", "");
    assert_refused(folder, ERR_REFUSED,
                   "manifest.ini says sum_principal_outstanding = 101, but the rows of loans.csv "
                   "make 100. Extract both again from the same data.");
}

static void a_line_of_a_hundred_megabytes_is_refused_in_bounded_memory(void **state)
{
    struct folder *folder = *state;
    char path[128];
    char block[64 * 1024];
    put_loans(folder, HEADER "\n");
    (void)snprintf(path, sizeof path, "%s/loans.csv", folder->path);
    FILE *file = fopen(path, "ab");
    assert_non_null(file);
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 1600; i++) {
        assert_int_equal(fwrite(block, 1, sizeof block, file), sizeof block);
    }
    assert_int_equal(fclose(file), 0);
    assert_refused(
        folder, ERR_TOO_LARGE,
        "loans.csv line 2: the row is longer than 65536 bytes. Look for a quotation mark "
        "that is not closed, or a file that is no CSV.");
}

static void a_quotation_mark_that_is_not_closed_is_refused(void **state)
{
    struct folder *folder = *state;
    char *text = malloc(200 * 1024);
    assert_non_null(text);
    size_t size = (size_t)snprintf(text, 1024, "%s\nL1,\"B1,INDIV\n", HEADER);
    for (int i = 0; i < 3000; i++) { /* many short lines, one endless cell */
        size += (size_t)snprintf(text + size, 64, "L%d,x,y,z,some more of the line\n", i);
    }
    put_loans(folder, text);
    free(text);
    assert_refused(
        folder, ERR_TOO_LARGE,
        "loans.csv line 2: the row is longer than 65536 bytes. Look for a quotation mark "
        "that is not closed, or a file that is no CSV.");
    put_loans(folder, HEADER "\nL1,\"B1,INDIV\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2: a quotation mark stands where none may. A cell with a comma, "
                   "quotation mark or line break must be in quotation marks, and those inside "
                   "doubled.");
}

static void a_carriage_return_inside_a_line_is_refused(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\n" LOAN("L1", "100", "") "\r" LOAN("L2", "100", "") "\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2: there is a carriage return in the middle of the line. Save "
                   "the file again with ordinary line ends.");
}

static void nul_bytes_and_utf_16_refuse_the_file(void **state)
{
    struct folder *folder = *state;
    static const char nul[] = HEADER "\nL1,B\0001,INDIV\n";
    put_manifest(folder, 1, "100", "");
    put_bytes(folder, "loans.csv", nul, sizeof nul - 1);
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2: there are NUL bytes. The file is damaged, or saved as UTF-16 "
                   "(\"Unicode text\"): save it again as \"CSV UTF-8\".");
    put_bytes(folder, "loans.csv", "\xFF\xFEl\0o\0", 6);
    assert_refused(
        folder, ERR_MALFORMED,
        "loans.csv line 1: the file is saved as UTF-16 (\"Unicode text\"). Save it again "
        "as \"CSV UTF-8\".");
}

static void what_is_not_utf_8_is_refused_with_what_to_do(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER ",officer\n" LOAN("L1", "100", "") ",Andr\x81\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2: a letter is written neither in UTF-8 nor as Excel writes it. "
                   "Save the file again as \"CSV UTF-8\" (in Excel: Save As, CSV UTF-8).");
    put_loans(folder, "\xEF\xBB\xBF" HEADER ",officer\n" LOAN("L1", "100", "") ",Andr\xE9\n");
    assert_int_equal(read_again(folder), ERR_MALFORMED); /* it says that it is UTF-8 */
    put_loans(folder, HEADER ",officer\n" LOAN("L1", "100", "") ",Andr\xC3\xA9\n");
    assert_hundred(folder);
}

static void what_excel_saves_as_windows_1252_is_read(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER ",officer\nL1,B-1,INDIV,AGRI,F\xE9minin,2019-06-01,2021-06-01,1000000,"
                             "100,,0,,\"Andr\xE9 \x80 \x93x\x94\"\n");
    assert_hundred(folder);
    assert_int_equal(portfolio_of(folder)->women_borrowers, 1);
    assert_note(folder, SEVERITY_INFO,
                "loans.csv line 2: not written in UTF-8, read as Windows-1252 (what Excel saves)");
}

static void a_reference_in_scientific_notation_is_refused(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\n" LOAN("1.23E+15", "100", "") "\n");
    assert_refused(
        folder, ERR_MALFORMED,
        "loans.csv line 2, column loan_ref: the value is in scientific notation (as "
        "1.23E+15): a spreadsheet lost its digits. Format the column as text and extract "
        "again.");
    put_loans(folder, HEADER "\nL1,\"1,23E+15\",INDIV,AGRI,F,2019-06-01,2021-06-01,1,100,,0,\n");
    assert_refused(
        folder, ERR_MALFORMED,
        "loans.csv line 2, column borrower_ref: the value is in scientific notation (as "
        "1.23E+15): a spreadsheet lost its digits. Format the column as text and extract "
        "again.");
}

static void
a_spreadsheets_error_is_refused_where_a_value_is_needed_and_absent_elsewhere(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\n" LOAN("L1", "#N/A", "") "\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2, column principal_outstanding: \"#N/A\" is a spreadsheet's "
                   "error. Repair the formula, or give the value.");
    put_loans(folder, HEADER "\n" LOAN("#REF!", "100", "") "\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2, column loan_ref: the value is a spreadsheet's error. Repair "
                   "the formula, or give the value.");
    put_loans(folder,
              HEADER ",birth_year,moratorium_until\n" LOAN("L1", "100", "") ",#N/A,#VALUE!\n");
    assert_hundred(folder);
}

static void an_empty_extract_is_refused_and_never_zero(void **state)
{
    struct folder *folder = *state;
    static const char complaint[] =
        "loans.csv holds no data row: an empty extract is never reported as zero. Extract it "
        "again; "
        "if the institution has no loan at all, write reports = NIL PORTFOLIO in manifest.ini and "
        "take loans.csv out of the folder.";
    static const char *const texts[] = {"", "\n\n", HEADER "\n",
                                        HEADER "\n,,,,,,,,,,,\nTotal,,,,,,,,0,,,\n"};
    put_manifest(folder, 0, "0", "");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put(folder, "loans.csv", texts[i]);
        assert_refused(folder, ERR_REFUSED, complaint);
    }
}

static void a_row_with_another_number_of_cells_is_refused(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\nL1,B1,INDIV\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2: the row has 3 cells, the header 12. A cell that holds the "
                   "separator must be in quotation marks; a row that is cut off must be extracted "
                   "again.");
    put_loans(folder, HEADER "\n" LOAN("L1", "1,500,000", "") "\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2: the row has 14 cells, the header 12. A cell that holds the "
                   "separator must be in quotation marks; a row that is cut off must be extracted "
                   "again.");
    put_loans(folder, HEADER ",,\n" LOAN("L1", "100", "") ",,\n"); /* trailing blanks */
    assert_hundred(folder);
}

static void an_empty_cell_of_a_mandatory_column_is_refused(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER "\n" LOAN("L1", "", "") "\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2, column principal_outstanding: \"\" is empty, and every row "
                   "needs a value here. Give it.");
}

static void a_value_is_escaped_and_cut_in_a_complaint(void **state)
{
    struct folder *folder = *state;
    put_loans(folder, HEADER
              "\n" LOAN("L1", "\x1B[2J**********************************************", "") "\n");
    assert_refused(
        folder, ERR_MALFORMED,
        "loans.csv line 2, column principal_outstanding: "
        "\"\\x1B[2J*************************************...\" is no amount. Write digits "
        "with a point before the cents, as 1500000 or 1,500,000.00.");
}

static void what_is_no_regular_file_is_refused(void **state)
{
    struct folder *folder = *state;
    char path[128];
    put_manifest(folder, 1, "100", "");
    (void)snprintf(path, sizeof path, "%s/loans.csv", folder->path);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_refused(folder, ERR_REFUSED,
                   "loans.csv is not a regular file: save the extract itself in the folder.");
}

static void sums_that_overflow_are_refused(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 2, "100", "");
    put(folder, "loans.csv",
        HEADER "\n" LOAN("L1", "9223372036854775807", "") "\n" LOAN("L2", "1", "") "\n");
    assert_refused(folder, ERR_RANGE,
                   "loans.csv line 3, column principal_outstanding: \"1\" makes the column's sum "
                   "larger than can be. Look for amounts with too many digits.");
}

static void a_value_that_may_be_of_a_person_is_not_repeated(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 1, "600000", "");
    put(folder, "loans.csv",
        HEADER "\nL1,B1,INDIV,AGRI,F,Uwase Jeanne,2021-06-01,1000000,600000,,0,\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2, column disbursed_on: the value is no date. Write it as "
                   "2020-06-30.");
    put(folder, "loans.csv",
        HEADER "\nL1,B1,INDIV,AGRI,F,0788 123 456,2021-06-01,1000000,600000,,0,\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2, column disbursed_on: the value is no date. Write it as "
                   "2020-06-30.");
    put(folder, "loans.csv",
        HEADER "\nL1,B1,INDIV,AGRI,F,yesterday,2021-06-01,1000000,600000,,0,\n");
    assert_refused(folder, ERR_MALFORMED,
                   "loans.csv line 2, column disbursed_on: \"yesterday\" is no date. Write it as "
                   "2020-06-30.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_that_may_be_of_a_person_is_not_repeated),
        TEST(a_plain_extract_is_read),
        TEST(a_byte_order_mark_and_windows_line_ends_are_passed_over),
        TEST(semicolons_and_tabs_are_found_from_the_header),
        TEST(columns_may_come_in_any_order_and_case),
        TEST(a_missing_mandatory_column_is_named),
        TEST(a_quoted_line_break_stays_in_its_cell_and_lines_are_still_counted),
        TEST(thousands_separators_are_read),
        TEST(a_comma_that_groups_no_thousands_is_refused),
        TEST(dates_are_judged_value_by_value),
        TEST(an_ambiguous_date_is_refused_unless_date_format_is_set),
        TEST(what_is_no_date_is_refused),
        TEST(totals_rows_repeated_headers_and_blank_rows_are_left_out),
        TEST(total_words_are_configurable),
        TEST(a_loan_that_stands_twice_is_refused_with_both_lines_and_without_its_reference),
        TEST(a_control_total_that_does_not_match_is_refused),
        TEST(a_line_of_a_hundred_megabytes_is_refused_in_bounded_memory),
        TEST(a_quotation_mark_that_is_not_closed_is_refused),
        TEST(a_carriage_return_inside_a_line_is_refused),
        TEST(nul_bytes_and_utf_16_refuse_the_file),
        TEST(what_is_not_utf_8_is_refused_with_what_to_do),
        TEST(what_excel_saves_as_windows_1252_is_read),
        TEST(a_reference_in_scientific_notation_is_refused),
        TEST(a_spreadsheets_error_is_refused_where_a_value_is_needed_and_absent_elsewhere),
        TEST(an_empty_extract_is_refused_and_never_zero),
        TEST(a_row_with_another_number_of_cells_is_refused),
        TEST(an_empty_cell_of_a_mandatory_column_is_refused),
        TEST(a_value_is_escaped_and_cut_in_a_complaint),
        TEST(what_is_no_regular_file_is_refused),
        TEST(sums_that_overflow_are_refused),
    };
    return cmocka_run_group_tests_name("book_rows", tests, NULL, NULL);
}
