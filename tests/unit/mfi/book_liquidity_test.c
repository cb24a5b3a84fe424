/* LIQUIDITY and EXPOSURES from deposits.csv, flows.csv and gl.csv; and the rules over all of it. */
#include "conf/country.h"
#include "proto/rules.h"
#include "tests/unit/mfi/book_support.h"

#define MANIFEST "institution_id = RW-TEST-1\nas_of = 2020-06-30\ncurrency = RWF\n"
#define DEPOSITS "account_ref,owner_ref,type,balance,matures_on,gender,last_tx_on\n"

static void put_deposits(const struct folder *folder, const char *rows)
{
    char text[4096];
    put(folder, "manifest.ini", MANIFEST);
    (void)snprintf(text, sizeof text, DEPOSITS "%s", rows);
    put(folder, "deposits.csv", text);
}

static const PbDepositRow *deposit_of(const struct folder *folder, int type)
{
    static const PbDepositRow none;
    const PbLiquidity *liquidity = liquidity_of(folder);
    for (size_t i = 0; i < liquidity->n_deposits; i++) {
        if ((int)liquidity->deposits[i]->type == type) {
            return liquidity->deposits[i];
        }
    }
    return &none;
}

enum { DEMAND = 1, SAVINGS, COMPULSORY, TERM };

static void deposits_are_summed_by_type_with_their_owners(void **state)
{
    struct folder *folder = *state;
    put_deposits(folder, "A1,O1,SAVINGS,1000,,F,2020-06-01\nA2,O1,savings,500,,F,2020-06-01\n"
                         "A3,O2,SAVINGS,0,,M,\nA4,O2,DEMAND,700,,M,2020-06-01\n"
                         "A5,O1,COMPULSORY,50,,F,\n");
    assert_read(folder);
    assert_int_equal(deposit_of(folder, SAVINGS)->balance, 1500);
    assert_int_equal(deposit_of(folder, SAVINGS)->accounts, 2); /* balances > 0 only (D15) */
    assert_int_equal(deposit_of(folder, SAVINGS)->depositors, 1);
    assert_int_equal(deposit_of(folder, SAVINGS)->women_depositors, 1);
    assert_int_equal(deposit_of(folder, DEMAND)->depositors, 1);
    assert_int_equal(deposit_of(folder, DEMAND)->women_depositors, 0);
    assert_true(deposit_of(folder, TERM)->has_balance); /* none is a measured zero */
    assert_int_equal(deposit_of(folder, TERM)->balance, 0);
    assert_false(liquidity_of(folder)->has_deposit_inflow); /* no flows.csv (D4) */
}

static void an_overdrawn_account_is_left_out_with_a_warning(void **state)
{
    struct folder *folder = *state;
    put_deposits(folder, "A1,O1,DEMAND,-300,,F,\nA2,O2,DEMAND,(5),,F,\nA3,O2,DEMAND,100,,F,\n");
    assert_read(folder);
    assert_int_equal(deposit_of(folder, DEMAND)->balance, 100);
    assert_note(folder, SEVERITY_WARNING,
                "deposits.csv line 2 and 1 more: an overdrawn account, left out");
}

static void term_deposits_fall_in_disjoint_buckets_and_matured_ones_in_the_first(void **state)
{
    struct folder *folder = *state;
    put_deposits(folder, "A1,O1,TERM,1,2020-05-01,F,\nA2,O1,TERM,2,2020-07-30,F,\n"
                         "A3,O1,TERM,4,2020-07-31,F,\nA4,O1,TERM,8,2020-09-28,F,\n"
                         "A5,O1,TERM,16,2020-09-29,F,\nA6,O1,TERM,32,2020-12-27,F,\n"
                         "A7,O1,TERM,64,2020-12-28,F,\nA8,O1,TERM,128,2021-06-30,F,\n"
                         "A9,O1,TERM,256,2021-07-01,F,\n");
    assert_read(folder);
    const PbLiquidity *liquidity = liquidity_of(folder);
    static const int64_t amounts[] = {3, 12, 48, 192, 256};
    static const int32_t from[] = {0, 31, 91, 181, 366};
    static const int32_t to[] = {30, 90, 180, 365, -1};
    assert_int_equal(liquidity->n_maturities, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(liquidity->maturities[i]->amount, amounts[i]);
        assert_int_equal(liquidity->maturities[i]->from_day, from[i]);
        assert_int_equal(liquidity->maturities[i]->to_day, to[i]);
    }
    put_deposits(folder, "A1,O1,TERM,1,,F,\n");
    assert_refused(folder, ERR_MALFORMED,
                   "deposits.csv line 2, column matures_on: \"\" is empty, and a TERM account "
                   "matures on a day. Give it.");
}

static void deposits_without_a_movement_for_a_year_are_dormant(void **state)
{
    struct folder *folder = *state;
    put_deposits(folder, "A1,O1,SAVINGS,1,,F,2019-06-29\nA2,O1,SAVINGS,2,,F,2019-06-30\n"
                         "A3,O1,SAVINGS,4,,F,\n");
    assert_read(folder);
    assert_int_equal(liquidity_of(folder)->dormant_deposits, 1);
}

static void an_account_twice_or_of_no_type_is_refused(void **state)
{
    struct folder *folder = *state;
    put_deposits(folder, "A1,O1,SAVINGS,1,,F,\nA1,O1,SAVINGS,2,,F,\n");
    assert_refused(folder, ERR_EXISTS,
                   "deposits.csv line 3, column account_ref: the value is the same as on line 2. "
                   "Each may stand once: take one of the two rows out of the extract.");
    put_deposits(folder, "A1,O1,CHECKING,1,,F,\n");
    assert_refused(folder, ERR_MALFORMED,
                   "deposits.csv line 2, column type: \"CHECKING\" is no type of deposit. Write "
                   "DEMAND, SAVINGS, COMPULSORY, TERM or OTHER.");
}

static void the_largest_depositors_are_exposures(void **state)
{
    struct folder *folder = *state;
    char text[4096];
    size_t used = 0;
    for (int i = 1; i <= 25; i++) { /* 25 owners with 2 i each */
        used +=
            (size_t)snprintf(text + used, sizeof text - used,
                             "A%d,O%d,SAVINGS,%d,,F,\nB%d,O%d,DEMAND,%d,,F,\n", i, i, i, i, i, i);
    }
    put_deposits(folder, text);
    assert_read(folder);
    const PbReport *report = report_of(folder, TYPE_EXPOSURES);
    assert_true(report != NULL);
    if (report != NULL) {
        assert_int_equal(report->exposures->largest_depositor, 50);
        assert_int_equal(report->exposures->top20_depositors, 2 * (25 * 26 - 5 * 6) / 2);
        assert_false(report->exposures->has_largest_borrower);
    }
}

#define FLOWS "date,kind,count,amount\n"

static void flows_are_summed_over_the_period(void **state)
{
    struct folder *folder = *state;
    put_deposits(folder, "A1,O1,SAVINGS,1000,,F,\n");
    put(folder, "flows.csv",
        FLOWS "2020-06-01,DEP_IN,3,100\n2020-06-30,DEP_IN,,50\n2020-06-10,DEP_OUT,2,40\n"
              "2020-06-20,DEP_OUT,1,30\n2020-06-20,DEP_OUT,1,10\n2020-06-30,dep_interest,9,7\n"
              "2020-06-30,DEP_FEES,1,5\n2020-06-30,DEP_ADJ,1,-2\n2020-05-31,DEP_IN,1,999\n"
              "2020-07-01,DEP_IN,1,999\n2020-06-02,RENEG_RECEIVED,4,0\n");
    assert_read(folder);
    const PbLiquidity *liquidity = liquidity_of(folder);
    assert_int_equal(liquidity->deposit_inflow, 150);
    assert_int_equal(liquidity->deposit_inflow_count, 3);
    assert_int_equal(liquidity->deposit_withdrawal, 80);
    assert_int_equal(liquidity->interest_credited, 7);
    assert_int_equal(liquidity->deposit_adjustment, -7); /* D59 */
    assert_int_equal(liquidity->peak_day_withdrawal, 40);
    int32_t day = 0;
    assert_int_equal(day_parse("2020-06-10", &day), ERR_OK); /* a tie: the earliest (D15) */
    assert_int_equal(liquidity->peak_day, day);
    assert_note(folder, SEVERITY_INFO,
                "flows.csv line 10 and 1 more: a date outside the period, left out");
}

static void flows_of_loans_are_amounts_of_the_portfolio(void **state)
{
    struct folder *folder = *state;
    put_manifest(folder, 2, "700", "");
    put(folder, "loans.csv",
        HEADER ",written_off_on,written_off_amount\n"
               "L1,B1,INDIV,AGRI,F,2020-06-05,2021-06-01,500,500,,0,,,\n"
               "L2,B2,INDIV,AGRI,F,2019-06-05,2021-06-01,500,200,,0,,2020-06-20,200\n");
    put(folder, "flows.csv",
        FLOWS "2020-06-05,DISB,1,500\n2020-06-06,REPAY_P,4,90\n2020-06-06,REPAY_I,4,9\n"
              "2020-06-20,WRITEOFF,1,300\n2020-06-21,RECOVERY,1,3\n2020-06-30,GLP_ADJ,1,-1\n");
    assert_read(folder);
    const PbPortfolio *portfolio = portfolio_of(folder);
    assert_int_equal(portfolio->disbursed, 500);
    assert_int_equal(portfolio->disbursed_loans, 1);
    assert_int_equal(portfolio->principal_collected, 90);
    assert_int_equal(portfolio->interest_collected, 9);
    assert_int_equal(portfolio->written_off, 300); /* D14: the flows' amount, and a warning */
    assert_int_equal(portfolio->written_off_loans, 1);
    assert_int_equal(portfolio->recovered, 3);
    assert_int_equal(portfolio->glp_adjustment, -1);
    assert_false(portfolio->has_disbursed_first_time);
    assert_note(folder, SEVERITY_WARNING,
                "Written off in the period by loans.csv and by flows.csv: 200 and 300. Find out "
                "which is right.");
}

static void a_flow_of_no_kind_or_a_negative_one_is_refused(void **state)
{
    struct folder *folder = *state;
    put_deposits(folder, "A1,O1,SAVINGS,1000,,F,\n");
    put(folder, "flows.csv", FLOWS "2020-06-01,DEP_IN,1,-100\n");
    assert_refused(
        folder, ERR_RANGE,
        "flows.csv line 2, column amount: \"-100\" is negative, and that cannot be here. "
        "Correct it in the source.");
    put(folder, "flows.csv", FLOWS);
    assert_refused(folder, ERR_REFUSED,
                   "flows.csv holds no data row: an empty extract is never reported as zero. If "
                   "nothing moved in the period, give one row with count 0 and amount 0; else "
                   "extract it again.");
}

static const struct book_gl_row accounts[] = {
    {"101", "L01", false},
    {"102", "cash", false},
    {"1121", "bank_demand", false},
    {"1121-9", "L08", false},
    {"13", "glp", false},
    {"139", "P14", true},
    {"21", "L10", true},
    {"22", "borrowings.BANK", true},
    {"66", "P15", false},
    {"105", "emoney", false},
};

static struct book_maps maps_with_accounts(void)
{
    struct book_maps maps = *book_maps_default();
    maps.gl = (struct book_gl){accounts, sizeof accounts / sizeof accounts[0]};
    return maps;
}

static void accounts_become_fields_by_the_longest_prefix_and_the_maps_sign(void **state)
{
    struct folder *folder = *state;
    struct book_maps maps = maps_with_accounts();
    folder->options.maps = &maps;
    put(folder, "manifest.ini", MANIFEST);
    put(folder, "gl.csv",
        "gl_code,name,debit,credit,debit_turnover\n10101,Till,60,10,1\n102,Vault,50,,1\n"
        "1121-1,Bank,500,,1\n1121-9,Pledged,70,,1\n211,Savings,0,900,1\n221,Loan,,300,1\n"
        "999,Else,5,,1\n");
    assert_read(folder);
    const PbLiquidity *liquidity = liquidity_of(folder);
    assert_int_equal(liquidity->cash, 100); /* D13, D38 */
    assert_int_equal(liquidity->bank_demand, 500);
    assert_int_equal(liquidity->encumbered_total, 70);
    assert_true(liquidity->has_emoney); /* mapped, no account: a measured 0 */
    assert_int_equal(liquidity->emoney, 0);
    assert_false(liquidity->has_central_bank);
    assert_int_equal(liquidity->deposits_total, 900);
    assert_int_equal(liquidity->n_borrowings, 1);
    assert_int_equal(liquidity->borrowings[0]->outstanding, 300);
}

static void deposits_are_compared_with_accounts_that_are_not_there_too(void **state)
{
    struct folder *folder = *state;
    static const struct book_gl_row rows[] = {{"211", "deposits.SAVINGS", true}};
    struct book_maps maps = *book_maps_default();
    maps.gl = (struct book_gl){rows, 1};
    folder->options.maps = &maps;
    put(folder, "manifest.ini", MANIFEST);
    put(folder, "deposits.csv", "account_ref,owner_ref,type,balance\nD1,O1,SAVINGS,900\n");
    put(folder, "gl.csv", "gl_code,balance\n101,900\n");
    assert_read(folder);
    assert_note(folder, SEVERITY_WARNING,
                "The deposits by deposits.csv and by gl.csv: 900 and 0. Find out which is right.");
}

static void accounts_give_the_allowance_and_are_compared_with_the_loans(void **state)
{
    struct folder *folder = *state;
    struct book_maps maps = maps_with_accounts();
    folder->options.maps = &maps;
    put_manifest(folder, 1, "1000", "");
    put(folder, "loans.csv", HEADER ",provision\n" LOAN("L1", "1000", "") ",40\n");
    put(folder, "gl.csv", "gl_code,balance\n131,\"2,206\"\n132,\"(1,200)\"\n139,(50)\n661,80\n");
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->allowance, 50);     /* D14: the accounts come first */
    assert_false(portfolio_of(folder)->has_provision_expense); /* no opening_balance (D38) */
    assert_note(folder, SEVERITY_WARNING,
                "The loan portfolio by loans.csv and by gl.csv (XRP-03): 1000 and 1006. Find out "
                "which is right.");
    put(folder, "gl.csv",
        "gl_code,balance,opening_balance\n131,1005,900\n139,-50,-20\n661,80,55\n");
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->provision_expense, 25);
    assert_int_equal(portfolio_of(folder)->glp, 1000);
    folder->options.fiscal_year_month = 6; /* the year starts with the period */
    assert_read(folder);
    assert_int_equal(portfolio_of(folder)->provision_expense, 80);
}

/* The liquidity ratio is that of the institution's category, as at the hub. */
static void the_printed_ratio_goes_by_the_weights_of_the_category(void **state)
{
    struct folder *folder = *state;
    struct book_maps maps = maps_with_accounts();
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    Ihuriro__V1__Currency francs = IHURIRO__V1__CURRENCY__INIT;
    Ihuriro__V1__Currency *currencies[] = {&francs};
    Ihuriro__V1__LiquidityBase bases[2] = {IHURIRO__V1__LIQUIDITY_BASE__INIT,
                                           IHURIRO__V1__LIQUIDITY_BASE__INIT};
    Ihuriro__V1__LiquidityBase *rows[] = {&bases[0], &bases[1]};
    Ihuriro__V1__LiquidityWeight weights[2] = {IHURIRO__V1__LIQUIDITY_WEIGHT__INIT,
                                               IHURIRO__V1__LIQUIDITY_WEIGHT__INIT};
    Ihuriro__V1__LiquidityWeight *lists[2][1] = {{&weights[0]}, {&weights[1]}};
    char code[] = "RWF";
    char field[] = "cash";
    char category[] = "USACCO";
    char *categories[] = {category};
    francs.code = code;
    settings.currencies = currencies;
    settings.n_currencies = 1;
    for (size_t i = 0; i < 2; i++) {
        weights[i].field = field;
        weights[i].percent = i == 0 ? 100 : 50;
        bases[i].weights = lists[i];
        bases[i].n_weights = 1;
    }
    bases[1].categories = categories;
    bases[1].n_categories = 1;
    settings.liquidity = rows;
    settings.n_liquidity = 2;
    folder->options.maps = &maps;
    folder->options.settings = &settings;
    put(folder, "manifest.ini", MANIFEST);
    put(folder, "gl.csv", "gl_code,balance\n101,400\n");
    put(folder, "deposits.csv", "account_ref,owner_ref,type,balance\nA1,O1,SAVINGS,1000\n");
    assert_read(folder);
    const char *const shown[] = {"40.0 %   R11", "20.0 %   R11"};
    for (size_t i = 0; i < 2; i++) {
        char text[8192] = "";
        FILE *file = fmemopen(text, sizeof text, "w");
        assert_true(file != NULL);
        if (file == NULL) {
            return;
        }
        assert_int_equal(book_print(folder->book, i == 0 ? NULL : category, file), ERR_OK);
        assert_int_equal(fclose(file), 0);
        assert_non_null(strstr(text, shown[i]));
    }
}

static void a_gl_without_balances_and_a_map_without_an_item_are_refused(void **state)
{
    struct folder *folder = *state;
    struct book_maps maps = maps_with_accounts();
    static const struct book_gl_row wrong[] = {{"1", "gold", false}};
    folder->options.maps = &maps;
    put(folder, "manifest.ini", MANIFEST);
    put(folder, "gl.csv", "gl_code,balance\n101,#N/A\n");
    assert_refused(folder, ERR_MALFORMED,
                   "gl.csv line 2, column balance: \"#N/A\" is a spreadsheet's error. Repair the "
                   "formula, or give the value.");
    put(folder, "gl.csv", "gl_code,debit,credit\n101,5,#REF!\n");
    assert_refused(folder, ERR_MALFORMED,
                   "gl.csv line 2, column credit: \"#REF!\" is a spreadsheet's error. Repair the "
                   "formula, or give the value.");
    put(folder, "gl.csv", "gl_code,debit_turnover,credit_turnover\n101,1,1\n");
    assert_refused(folder, ERR_MALFORMED,
                   "gl.csv line 1: the header lacks balance, or debit and credit (the balances; "
                   "turnover is debit_turnover and credit_turnover). Add them to the extract.");
    maps.gl = (struct book_gl){wrong, 1};
    assert_int_equal(book_maps_check(&maps, NULL, &folder->complaint), ERR_CONFIG);
    assert_non_null(strstr(folder->complaint.text,
                           "`gl` in agent.conf maps accounts to \"gold\", which is no item"));
}

static void put_consistent_book(const struct folder *folder)
{
    put_manifest(folder, 4, "1500000", "status = FINAL\nprepared_code = A1\napproved_code = B2\n");
    put(folder, "loans.csv",
        HEADER ",principal_overdue,moratorium_until,birth_year,district,branch,related_party,"
               "provision\n"
               "L1,B1,INDIV,COMMERCE,F,2020-06-10,2021-01-10,1000000,600000,,0,,0,2020-08-31,1990,"
               "101,HQ,NONE,6000\n"
               "L2,B2,INDIV,AGRI,M,2019-11-16,2020-11-16,800000,400000,2020-05-16,0,,200000,,1950,"
               "101,HQ,STAFF,12000\n"
               "L4,B4,GROUP,SERVICES,F,2020-02-20,2021-02-20,500000,300000,2020-06-20,1,2020-04-01,"
               "50000,,1999,507,EAST,NONE,3000\n"
               "L6,B5,INDIV,AGRI,M,2019-06-01,2020-06-01,400000,200000,2020-03-01,0,,200000,,1975,"
               "507,EAST,,40000\n");
    put(folder, "deposits.csv",
        DEPOSITS "A1,O1,SAVINGS,900000,,F,2020-06-01\nA2,O2,TERM,300000,2020-12-01,M,2020-01-01\n");
    put(folder, "flows.csv",
        FLOWS "2020-06-10,DISB,1,1000000\n2020-06-06,REPAY_P,4,90000\n2020-06-06,DEP_IN,4,9000\n"
              "2020-06-07,DEP_OUT,1,3000\n");
    put(folder, "gl.csv",
        "gl_code,balance\n131,1500000\n139,-61000\n101,200000\n1121-1,400000\n"
        "21,-1200000\n");
}

static void remove_file(const struct folder *folder, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder->path, name);
    assert_int_equal(unlink(path), 0);
}

static void judge(const struct folder *folder)
{
    for (size_t i = 0; i < book_report_count(folder->book); i++) {
        AUTO(arena_close) struct arena arena = {0};
        struct findings findings = {.arena = &arena};
        struct rules_context context = {.settings = folder->options.settings,
                                        .received_at_us = folder->options.now_us};
        enum verdict verdict = VERDICT_ACCEPTED;
        const PbReport *report = book_report_at(folder->book, i);
        assert_int_equal(rules_judge(report, &context, &findings, &verdict), ERR_OK);
        for (size_t k = 0; k < findings.count; k++) {
            if (findings.rows[k].severity == IHURIRO__V1__SEVERITY__ERROR) {
                fail_msg("%s: %s at %s", report_type_name((int)report->type), findings.rows[k].rule,
                         findings.rows[k].path == NULL ? "" : findings.rows[k].path);
            }
        }
        assert_int_equal(rules_refuse(report, folder->options.settings, false, &findings), ERR_OK);
    }
}

static void a_consistent_book_passes_all_rules(void **state)
{
    struct folder *folder = *state;
    struct book_maps maps = maps_with_accounts();
    AUTO(arena_close) struct arena arena = {0};
    AUTO(free_p) char *path = NULL;
    PbSettings *settings = NULL;
    folder->options.maps = &maps;
    put_consistent_book(folder);
    assert_read(folder);
    assert_int_equal(book_report_count(folder->book), 3);
    judge(folder);
    assert_int_equal(country_path("rw", &path), ERR_OK);
    assert_int_equal(country_compile(path, &arena, &folder->complaint, &settings), ERR_OK);
    folder->options.settings = settings;
    assert_read(folder);
    judge(folder);
    remove_file(folder, "flows.csv");
    remove_file(folder, "gl.csv");
    assert_read(folder);
    judge(folder);
}

static void nothing_that_names_a_client_is_in_a_report_or_note(void **state)
{
    struct folder *folder = *state;
    static const char *const secrets[] = {"CLIENT-77", "LOAN-88", "OWNER-99"};
    put_manifest(folder, 1, "100", "");
    put(folder, "loans.csv",
        HEADER
        ",birth_date\nLOAN-88,CLIENT-77,??,??,??,2015-06-01,2021-06-01,100,100,,0,,1990-01-01\n");
    put(folder, "deposits.csv", DEPOSITS "LOAN-88,OWNER-99,SAVINGS,-1,,?,\n");
    assert_read(folder);
    AUTO(buffer_close) struct buffer all = {0};
    for (size_t i = 0; i < book_report_count(folder->book); i++) {
        assert_int_equal(message_pack(&book_report_at(folder->book, i)->base, &all), ERR_OK);
    }
    for (size_t i = 0; i < book_note_count(folder->book); i++) {
        const char *note = book_note_at(folder->book, i);
        assert_int_equal(buffer_append(&all, note, strlen(note)), ERR_OK);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_null(memmem(all.data, all.size, secrets[i], strlen(secrets[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deposits_are_summed_by_type_with_their_owners),
        TEST(an_overdrawn_account_is_left_out_with_a_warning),
        TEST(term_deposits_fall_in_disjoint_buckets_and_matured_ones_in_the_first),
        TEST(deposits_without_a_movement_for_a_year_are_dormant),
        TEST(an_account_twice_or_of_no_type_is_refused),
        TEST(the_largest_depositors_are_exposures),
        TEST(flows_are_summed_over_the_period),
        TEST(flows_of_loans_are_amounts_of_the_portfolio),
        TEST(a_flow_of_no_kind_or_a_negative_one_is_refused),
        TEST(accounts_become_fields_by_the_longest_prefix_and_the_maps_sign),
        TEST(deposits_are_compared_with_accounts_that_are_not_there_too),
        TEST(accounts_give_the_allowance_and_are_compared_with_the_loans),
        TEST(the_printed_ratio_goes_by_the_weights_of_the_category),
        TEST(a_gl_without_balances_and_a_map_without_an_item_are_refused),
        TEST(a_consistent_book_passes_all_rules),
        TEST(nothing_that_names_a_client_is_in_a_report_or_note),
    };
    return cmocka_run_group_tests_name("book_liquidity", tests, NULL, NULL);
}
