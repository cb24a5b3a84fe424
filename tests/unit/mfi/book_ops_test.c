/* ops.csv, the ladders, and the accounts of CAPITAL. */
#include "tests/unit/mfi/book_support.h"

#include "agents/mfi/book_ops.h"

#define START       "institution_id = RW-TEST-1\ncurrency = RWF\nas_of = 2020-06-30\n"
#define ACCOUNTS(n) (sizeof(n) / sizeof(n)[0])

static const PbOperations *operations_of(const struct folder *folder)
{
    static const PbOperations none;
    const PbReport *report = report_of(folder, TYPE_OPERATIONS);
    assert_true(report != NULL && report->operations != NULL);
    return report != NULL ? report->operations : &none;
}

static const PbCapital *capital_of(const struct folder *folder)
{
    static const PbCapital none;
    const PbReport *report = report_of(folder, TYPE_CAPITAL);
    assert_true(report != NULL && report->capital != NULL);
    return report != NULL ? report->capital : &none;
}

static void keys_are_fields_codes_and_numbered_rows(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    put(folder, "ops.csv",
        "key,value,what it is\n"
        "branches_open,\"1,204\",\n"
        "branches_closed,,not known\n"
        "channel.USSD.n_tx,1530,\n"
        "channels.ussd.value,2500000,\n"
        "channel.BRANCH.fee_waived,yes,\n"
        "training.1.topic,DIGITAL,\n"
        "training.1.audience,client,\n"
        "training.1.women,12,\n"
        "training.2.topic,HEALTH,\n"
        "training.2.audience,STAFF,\n"
        "reason.LOCKDOWN,7,\n"
        "fund.requested,500000,\n"
        "emergency_fund.needed_by_day,2020-09-30,\n"
        "fund.board_approved,oya,\n"
        "advocacy.TAX.addressed_to,MINECOFIN,\n"
        "advocacy.TAX.text,\"VAT, please\",\n"
        "expected_deposits_bp,-250,\n"
        "capital.rwa,2500000,\n"
        "capital.current_result,-15,\n"
        "note,a hard month,\n");
    assert_read(folder);
    const PbOperations *operations = operations_of(folder);
    assert_true(operations->has_branches_open && operations->branches_open == 1204);
    assert_false(operations->has_branches_closed);
    assert_int_equal(operations->n_channels, 2);
    assert_int_equal(operations->channels[0]->channel, IHURIRO__V1__CHANNEL_ROW__CHANNEL__USSD);
    assert_int_equal(operations->channels[0]->n_tx, 1530);
    assert_int_equal(operations->channels[0]->value, 2500000);
    assert_true(operations->channels[1]->has_fee_waived && operations->channels[1]->fee_waived);
    assert_int_equal(operations->n_training, 2);
    assert_int_equal(operations->training[0]->women, 12);
    assert_int_equal(operations->training[1]->topic, IHURIRO__V1__TRAINING_ROW__TOPIC__HEALTH);
    assert_int_equal(operations->reneg_reasons[0]->requests, 7);
    assert_int_equal(operations->emergency_fund->requested, 500000);
    assert_int_equal(operations->emergency_fund->needed_by_day, 18535);
    assert_true(operations->emergency_fund->has_board_approved);
    assert_false(operations->emergency_fund->board_approved);
    assert_string_equal(operations->advocacy[0]->text, "VAT, please");
    assert_int_equal(operations->expected_deposits_bp, -250);
    const PbReport *report = report_of(folder, TYPE_OPERATIONS);
    assert_string_equal(report != NULL ? report->note : "", "a hard month");
    assert_int_equal(capital_of(folder)->rwa, 2500000);
    assert_int_equal(capital_of(folder)->current_result, -15);
    assert_null(report_of(folder, TYPE_LIQUIDITY));
}

static void wrong_keys_and_values_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *row;
        const char *complaint;
    } rows[] = {
        {"brances_open,4",
         "ops.csv line 3, column key: \"brances_open\" names no field. Keys are listed in the "
         "ops-template.csv that `mfi-agent init` writes; `mfi-agent explain --all` says what each "
         "is."},
        {"channel.PIGEON.n_tx,4",
         "ops.csv line 3, column key: the value names no field. Keys are listed in "
         "the "
         "ops-template.csv that `mfi-agent init` writes; `mfi-agent explain --all` says what each "
         "is."},
        {"staff_total,5", "ops.csv line 3, column key: \"staff_total\" is on line 2 already. Keep "
                          "one of the two."},
        {"note,a\nnote,b", "ops.csv line 4, column key: \"note\" is on line 3 already. Keep one of "
                           "the two."},
        {"outlook,11", "ops.csv line 3, outlook: \"11\" is no outlook. Write 0 (worst) to 10."},
        {"advocacy.TAX.priority,0", "ops.csv line 3, advocacy.TAX.priority: \"0\" is no priority. "
                                    "Write 1 (most urgent) to 5."},
        {"outlook,well", "ops.csv line 3, outlook: \"well\" is no whole number. Correct it."},
        {"complaints_received,-1",
         "ops.csv line 3, complaints_received: \"-1\" is not possible here. Correct it."},
        {"fund.collateral,maybe",
         "ops.csv line 3, fund.collateral: \"maybe\" is neither yes nor no. Write one of the two."},
        {"fund.requested,-5", "ops.csv line 3, fund.requested: \"-5\" is negative, and this amount "
                              "cannot be. Correct it."},
        {"fund.requested,1.50",
         "ops.csv line 3, fund.requested: \"1.50\" is no amount in the manifest's currency. Write "
         "digits, with a point before decimals."},
        {"fund.needed_by_day,soon",
         "ops.csv line 3, fund.needed_by_day: \"soon\" is no date. Write it as 2020-06-30."},
        {"training.1.topic,SINGING",
         "ops.csv line 3, training.1.topic: \"SINGING\" stands alone: give audience of that row "
         "too."},
        {"training.2.women,4", ""},
        {"dormant_deposits,5", ""},
        {"glp,5",
         "ops.csv gives fields of PORTFOLIO, but no such report is made of this folder: loans.csv "
         "is missing in the folder: put it there, or take these rows out."},
    };
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "key,value\nstaff_total,4\n%s\n", rows[i].row);
        put(folder, "ops.csv", text);
        enum err err = read_again(folder);
        if (rows[i].complaint[0] == '\0') {
            continue;
        }
        if (strstr(folder->complaint.text, "stands alone") == NULL) {
            assert_string_equal(folder->complaint.text, rows[i].complaint);
        }
        assert_int_not_equal(err, ERR_OK);
    }
}

static void what_a_file_determines_cannot_be_given_again(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini", START "period_start = 2020-06-01\n");
    put(folder, "flows.csv", "date,kind,count,amount\n2020-06-03,RENEG_RECEIVED,4,90000\n");
    put(folder, "ops.csv", "key,value\nreneg_received,5\n");
    assert_refused(folder, ERR_REFUSED,
                   "ops.csv line 2: reneg_received is computed from the other files of the folder. "
                   "Take this row out, or the file that it comes from.");
    put(folder, "ops.csv", "key,value\nreneg_closing_pending,5\n");
    assert_read(folder);
    assert_int_equal(operations_of(folder)->reneg_received, 4);
    assert_int_equal(operations_of(folder)->reneg_received_amount, 90000);
    assert_int_equal(operations_of(folder)->reneg_approved, 0);
    assert_int_equal(operations_of(folder)->reneg_closing_pending, 5);
}

static void numbered_rows_follow_those_that_files_made(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    put(folder, "deposits.csv",
        "account_ref,owner_ref,type,balance,matures_on\nA,O,TERM,900,2020-07-05\n");
    put(folder, "ops.csv",
        "key,value\nmaturities.1.item,COLLECTIONS\nmaturities.1.from_day,0\n"
        "maturities.1.to_day,30\nmaturities.1.amount,70\nmaturities.2.item,COLLECTIONS\n"
        "maturities.2.from_day,31\nmaturities.2.to_day,-1\nmaturities.2.amount,80\n");
    assert_read(folder);
    const PbLiquidity *liquidity = liquidity_of(folder);
    const PbMaturityRow *first = liquidity->maturities[0];
    assert_int_equal(first->item, IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS);
    assert_int_equal(first->amount, 900);
    assert_true(liquidity->n_maturities > 2);
    const PbMaturityRow *last = liquidity->maturities[liquidity->n_maturities - 1];
    assert_int_equal(last->item, IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS);
    assert_int_equal(last->from_day, 31);
    assert_int_equal(last->amount, 80);
    assert_int_equal(liquidity->maturities[liquidity->n_maturities - 2]->amount, 70);
}

static void a_text_that_is_too_long_is_refused_with_its_line(void **state)
{
    static const char *const keys[] = {"note", "advocacy.TAX.text"};
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char text[600];
        (void)snprintf(text, sizeof text, "key,value\nstaff_total,4\n%s,%0501d\n", keys[i], 0);
        put(folder, "ops.csv", text);
        assert_int_not_equal(read_again(folder), ERR_OK);
        assert_non_null(strstr(folder->complaint.text, "ops.csv line 3"));
        assert_non_null(strstr(folder->complaint.text, "longer than 500 bytes"));
        (void)snprintf(text, sizeof text, "key,value\nstaff_total,4\n%s,%0500d\n", keys[i], 0);
        put(folder, "ops.csv", text);
        assert_read(folder);
    }
}

static void an_ambiguous_key_needs_its_reports_name(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    put(folder, "ops.csv", "key,value\ncapital.deposits,5\n");
    assert_read(folder);
    assert_int_equal(capital_of(folder)->deposits, 5);
}

static void an_ops_file_without_a_value_reports_nothing(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    put(folder, "ops.csv", "key,value\nstaff_total,\n");
    assert_int_equal(read_again(folder), ERR_REFUSED);
    assert_non_null(strstr(folder->complaint.text, "There is nothing to report"));
}

static void the_template_names_fields_that_are_read(void **state)
{
    struct folder *folder = *state;
    AUTO(buffer_close) struct buffer text = {0};
    assert_int_equal(book_ops_template(&text), ERR_OK);
    put(folder, "manifest.ini", START);
    put_bytes(folder, "ops.csv", (const char *)text.data, text.size);
    assert_int_equal(read_again(folder), ERR_REFUSED); /* it is empty, and every key is known */
    assert_non_null(strstr(folder->complaint.text, "There is nothing to report"));
    assert_non_null(strstr((const char *)text.data, "\nchannels.USSD.n_tx,,count,"));
    assert_non_null(strstr((const char *)text.data, "\ncapital.rwa,,money,"));
}

/* ---- ladders ---- */

static int64_t due(const PbLiquidity *liquidity, int item, int32_t from)
{
    for (size_t i = 0; i < liquidity->n_maturities; i++) {
        if ((int)liquidity->maturities[i]->item == item &&
            liquidity->maturities[i]->from_day == from) {
            return liquidity->maturities[i]->amount;
        }
    }
    return -1;
}

#define BORROWINGS IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS
#define COLLECTED  IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS

static void borrowings_are_by_lender_and_by_remaining_days(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    put(folder, "borrowings.csv",
        "lender,kind,due_on,amount,fx\n"
        "BANK,DRAWN,2020-06-29,5,\n"        /* overdue by a day */
        "BANK,DRAWN,2020-06-30,10,no\n"     /* today */
        "bank,drawn,2020-07-07,20,no\n"     /* 7 */
        "DFI_MIV,DRAWN,2020-07-08,40,yes\n" /* 8 */
        "DFI_MIV,DRAWN,2021-06-30,80,yes\n" /* 365 */
        "GOVT,DRAWN,2021-07-01,160,\n"      /* 366 */
        "APEX,LINE_COMMITTED,,1000,\n"
        "APEX,LINE_UNCOMMITTED,,2000,\n");
    assert_read(folder);
    const PbLiquidity *liquidity = liquidity_of(folder);
    assert_int_equal(liquidity->borrowings_overdue, 5);
    assert_int_equal(due(liquidity, BORROWINGS, 0), 30);
    assert_int_equal(due(liquidity, BORROWINGS, 8), 40);
    assert_int_equal(due(liquidity, BORROWINGS, 31), 0);
    assert_int_equal(due(liquidity, BORROWINGS, 181), 80);
    assert_int_equal(due(liquidity, BORROWINGS, 366), 160);
    assert_int_equal(liquidity->n_borrowings, 3);
    assert_int_equal(liquidity->borrowings[0]->outstanding, 35);
    assert_int_equal(liquidity->borrowings[1]->fx_part, 120);
    assert_int_equal(liquidity->committed_undrawn, 1000);
    assert_int_equal(liquidity->uncommitted_undrawn, 2000);
}

static void placements_are_by_remaining_days_and_what_is_pledged_stands_apart(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    put(folder, "placements.csv",
        "kind,balance,matures_on,encumbered\n"
        "TERM,1,2020-06-01,no\n"
        "TERM,2,2020-07-30,no\n" /* 30 */
        "TERM,4,2020-07-31,no\n" /* 31 */
        "TERM,8,2020-09-29,no\n" /* 91 */
        "TERM,16,2020-09-29,yes\n"
        "GOVT,32,2021-01-01,no\n"
        "GOVT,64,2021-01-01,yes\n");
    assert_read(folder);
    const PbLiquidity *liquidity = liquidity_of(folder);
    assert_int_equal(liquidity->bank_term_30, 3);
    assert_int_equal(liquidity->bank_term_31_90, 4);
    assert_int_equal(liquidity->bank_term_over_90, 8);
    assert_int_equal(liquidity->govt_unencumbered, 32);
    assert_int_equal(liquidity->govt_encumbered, 64);
    assert_int_equal(liquidity->encumbered_total, 80);
    assert_false(liquidity->has_bank_demand); /* no such row: the accounts may tell */
}

static void collections_are_principal_and_interest_to_come(void **state)
{
    struct folder *folder = *state;
    put(folder, "manifest.ini", START);
    put(folder, "schedule.csv",
        "due_on,principal,interest\n2020-06-29,1000,1\n2020-06-30,100,10\n2020-07-30,200,20\n"
        "2022-01-01,400,40\n");
    assert_read(folder);
    const PbLiquidity *liquidity = liquidity_of(folder);
    assert_int_equal(due(liquidity, COLLECTED, 0), 110);
    assert_int_equal(due(liquidity, COLLECTED, 8), 220);
    assert_int_equal(due(liquidity, COLLECTED, 366), 440);
    assert_note(folder, SEVERITY_INFO,
                "schedule.csv line 2: due before the period's end, left out");
}

static void rows_of_ladders_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *file;
        const char *text;
        const char *complaint;
    } rows[] = {
        {"borrowings.csv", "lender,kind,due_on,amount\nUNCLE,DRAWN,2020-07-01,5\n",
         "borrowings.csv line 2, column lender: \"UNCLE\" is not known here. Write BANK, DFI_MIV, "
         "GOVT, SHAREHOLDER, APEX or OTHER."},
        {"borrowings.csv", "lender,kind,due_on,amount\nBANK,DRAWN,,5\n",
         "borrowings.csv line 2, column due_on: \"\" is empty, and what is DRAWN falls due on a "
         "day. Give it."},
        {"placements.csv", "kind,balance,matures_on\nTERM,5,\n",
         "placements.csv line 2, column matures_on: \"\" is empty, and a TERM placement matures on "
         "a day. Give it."},
        {"placements.csv", "kind,balance,matures_on,encumbered\nTERM,5,2020-07-01,perhaps\n",
         "placements.csv line 2, column encumbered: \"perhaps\" is neither yes nor no. Write one "
         "of "
         "the two."},
    };
    struct folder *folder = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[128];
        put(folder, "manifest.ini", START);
        put(folder, rows[i].file, rows[i].text);
        assert_refused(folder, ERR_MALFORMED, rows[i].complaint);
        (void)snprintf(path, sizeof path, "%s/%s", folder->path, rows[i].file);
        assert_int_equal(unlink(path), 0);
    }
}

/* ---- accounts ---- */

static void accounts_make_a_capital_report(void **state)
{
    static const struct book_gl_row map[] = {
        {"1", "total_assets", false},
        {"2", "C06", true},
        {"4", "loan_income", true},
    };
    struct folder *folder = *state;
    struct book_maps maps = *book_maps_default();
    maps.gl = (struct book_gl){map, ACCOUNTS(map)};
    folder->options.maps = &maps;
    put(folder, "manifest.ini", START "period_start = 2020-06-01\n");
    put(folder, "gl.csv",
        "gl_code,balance,opening_balance\n11,900,800\n12,100,100\n21,-700,-600\n41,-60,-45\n");
    assert_read(folder);
    const PbCapital *capital = capital_of(folder);
    assert_int_equal(capital->total_assets, 1000);
    assert_int_equal(capital->total_liabilities, 700);
    assert_int_equal(capital->loan_income, 15); /* of the period */
    assert_false(capital->has_deposits);
    put(folder, "manifest.ini", START "frequency = D\n");
    assert_int_equal(read_again(folder), ERR_REFUSED); /* of months and quarters only */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_are_fields_codes_and_numbered_rows),
        TEST(wrong_keys_and_values_are_refused_with_their_line),
        TEST(what_a_file_determines_cannot_be_given_again),
        TEST(numbered_rows_follow_those_that_files_made),
        TEST(a_text_that_is_too_long_is_refused_with_its_line),
        TEST(an_ambiguous_key_needs_its_reports_name),
        TEST(an_ops_file_without_a_value_reports_nothing),
        TEST(the_template_names_fields_that_are_read),
        TEST(borrowings_are_by_lender_and_by_remaining_days),
        TEST(placements_are_by_remaining_days_and_what_is_pledged_stands_apart),
        TEST(collections_are_principal_and_interest_to_come),
        TEST(rows_of_ladders_that_cannot_be_are_refused),
        TEST(accounts_make_a_capital_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
