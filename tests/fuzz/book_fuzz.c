/* A folder of extracts: files behind lines "=== NAME"; of a file called "options", the first byte
 * says how the agent is set up. Whatever is in them, the folder is refused with a sentence, or
 * gives reports that pack, are canonical, fit a report, and are judged; and where memory or the
 * disk fails, too. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/starve.h"

#include "agents/mfi/book.h"
#include "agents/mfi/book_ops.h"
#include "conf/country.h"
#include "proto/limits.h"
#include "proto/period.h"
#include "proto/rules.h"
#include "proto/text.h"

#define MARK "\n=== "

static const char *const names[] = {
    "manifest.ini", "loans.csv",   "deposits.csv",   "flows.csv",      "gl.csv",
    "ops.csv",      "explain.csv", "borrowings.csv", "placements.csv", "schedule.csv"};

/* What the first byte of "options" turns on. */
enum set_up {
    WITH_SETTINGS = 1, /* of Rwanda; else what is built in */
    WITH_WORDS = 2,
    WITH_FISCAL_YEAR = 4, /* from June */
    WITH_BASIS = 8,
    WITH_DATES = 16,
    WITH_FEW_ACCOUNTS = 32, /* else every item has one */
    WITH_NONSENSE = 64,     /* a basis, a date format and words that are none */
    WITHOUT_MAPS = 128,
};
static uint8_t set_up_as;
static PbSettings *settings;
static struct book_gl_row accounts[80];
static size_t account_count;

/* Where the input says nothing of them, these stand, so that one file at a time is worked on. */
static const char manifest[] = "institution_id = A-1\nas_of = 2020-06-30\ncurrency = RWF\n";
static unsigned long long rows; /* the control total that goes behind it */
static char sum[32];
static const char loans[] =
    "loan_ref,borrower_ref,product,sector,gender,disbursed_on,matures_on,principal_disbursed,"
    "principal_outstanding,overdue_since,times_restructured,restructured_on\n"
    "L-1,B-1,INDIV,AGRI,F,2019-06-01,2021-06-01,1000000,600000,,0,\n"
    "L-2,B-2,GROUP,TRADE,M,13/07/2019,30/06/2021,\"1,000,000\",400000,15/05/2020,1,2020-01-01\n";

static void put_file(const char *name, struct bytes bytes)
{
    char path[128];
    fuzz_write(fuzz_path(name, path), bytes, 0644);
}

/* Only names of a book: whatever else the input calls a file is passed over. */
static void put_named(struct bytes part)
{
    const uint8_t *end = part.size > 0 ? memchr(part.data, '\n', part.size) : NULL;
    size_t length = end == NULL ? 0 : (size_t)(end - part.data);
    if (length == 7 && part.size > 8 && memcmp(part.data, "options", 7) == 0) {
        set_up_as = end[1];
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (length == strlen(names[i]) && memcmp(part.data, names[i], length) == 0) {
            put_file(names[i], bytes_of(end + 1, part.size - length - 1));
        }
    }
}

static void put_files(struct bytes input)
{
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(fuzz_path(names[i], path));
    }
    char text[256];
    int size = snprintf(text, sizeof text, "%srows = %llu\nsum_principal_outstanding = %s\n",
                        manifest, rows, sum);
    put_file("manifest.ini", bytes_of(text, (size_t)size));
    put_file("loans.csv", bytes_of(loans, strlen(loans)));
    while (input.size > 0) {
        const uint8_t *mark = memmem(input.data, input.size, MARK, strlen(MARK));
        size_t here = mark == NULL ? input.size : (size_t)(mark - input.data);
        put_named(bytes_of(input.data, here));
        size_t step = mark == NULL ? here : here + strlen(MARK);
        input = bytes_of(input.data + step, input.size - step);
    }
}

static void check_report(const PbReport *report)
{
    const PbReport *again = NULL;
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    struct rules_context context = {.received_at_us = report->produced_at_us};
    struct findings findings = {.arena = &arena};
    enum verdict verdict = VERDICT_NONE;
    HOLD_OK(message_pack(&report->base, &raw));
    HOLD(raw.size <= REPORT_BYTES_MAX);
    HOLD_OK(MESSAGE_UNPACK(report, MESSAGE_CANONICAL, buffer_bytes(&raw), &arena, &again));
    HOLD_OK(rules_judge(report, &context, &findings, &verdict));
}

static void check_notes(const struct book *book)
{
    for (size_t i = 0; i < book_note_count(book); i++) {
        const char *note = book_note_at(book, i);
        HOLD(note[0] != '\0' && text_is_utf8(bytes_of(note, strlen(note))));
    }
}

/* Does the complaint say what the control total should have been? Then it is, so that what lies
 * behind that check is reached: the institution corrects its manifest. */
static bool correct_total(const char *complaint)
{
    unsigned long long said = 0;
    char given[32];
    if (sscanf(complaint, "manifest.ini says rows = %llu, but loans.csv holds %llu", &said,
               &rows) == 2) {
        return true;
    }
    return sscanf(complaint,
                  "manifest.ini says sum_principal_outstanding = %31[^,], but the rows of "
                  "loans.csv make %31[-0-9]",
                  given, sum) == 2;
}

/* An account for every item of gl.csv that there is; 1000 is the first's. */
static void find_accounts(void)
{
    static const char *const named[] = {
        "allowance_stage1",         "allowance_stage2",    "allowance_stage3",
        "bank_term_31_90",          "bank_term_over_90",   "govt_encumbered",
        "uncommitted_undrawn",      "interest_credited",   "deposits.DEMAND",
        "deposits.SAVINGS",         "deposits.COMPULSORY", "deposits.TERM",
        "deposits.OTHER",           "borrowings.BANK",     "borrowings.DFI_MIV",
        "borrowings.GOVT",          "borrowings.APEX",     "borrowings.OTHER",
        "borrowings.SHAREHOLDER",   "land_buildings",      "fx_liabilities",
        "regulatory_liquidity_base"};
    static char texts[80][2][8];
    for (size_t i = 0; i < 3 * 28 + sizeof named / sizeof named[0] && account_count < 80; i++) {
        struct complaint complaint = {{0}};
        struct book_maps maps = *book_maps_default();
        char *prefix = texts[account_count][0];
        char *code = texts[account_count][1];
        (void)snprintf(prefix, sizeof texts[0][0], "%u", (unsigned)(1000 + account_count) % 10000);
        (void)snprintf(code, sizeof texts[0][1], "%c%02u", "PLC"[i % 3], (unsigned)(i / 3) % 100);
        accounts[account_count] = (struct book_gl_row){
            prefix, i < 3 * 28 ? code : named[i - 3 * 28], account_count % 7 == 3};
        maps.gl = (struct book_gl){&accounts[account_count], 1};
        account_count += book_maps_check(&maps, NULL, &complaint) == ERR_OK;
    }
    HOLD(account_count > 50);
}

static void set_up(void)
{
    static struct arena arena;
    struct complaint complaint = {{0}};
    if (settings == NULL) {
        HOLD_OK(country_compile(IHURIRO_SOURCE "/conf/countries/rw.cfg", &arena, &complaint,
                                &settings));
        find_accounts();
    }
}

static void take_options(struct book_maps *maps, struct book_options *options)
{
    static const struct book_gl_row few[] = {
        {"10", "cash", false}, {"11", "bank_demand", false}, {"2", "deposits.SAVINGS", true}};
    static const struct book_word branches[] = {{"HQ", "GASABO"}, {"Nyamata", "BUGESERA"}};
    static const struct book_word products[] = {{"Inguzanyo", "INDIV"}, {"itsinda", "GROUP"}};
    static const struct book_word nonsense[] = {{"HQ", "NOWHERE"}};
    bool is_nonsense = set_up_as & WITH_NONSENSE;
    *maps = *book_maps_default();
    *options = (struct book_options){.now_us = INT64_C(1593763200000000), .maps = maps};
    options->maps = set_up_as & WITHOUT_MAPS ? NULL : maps;
    options->settings = set_up_as & WITH_SETTINGS ? settings : NULL;
    options->fiscal_year_month = set_up_as & WITH_FISCAL_YEAR ? 6 : 0;
    if (set_up_as & WITH_BASIS) {
        options->overdue_basis = is_nonsense ? "SOME" : "PRINCIPAL";
    }
    if (set_up_as & WITH_DATES) {
        options->date_format = is_nonsense ? "dd.mm" : "mm/dd/yyyy";
    }
    if (set_up_as & WITH_WORDS) {
        maps->branches = (struct book_words){branches, 2};
        maps->products = (struct book_words){products, 2};
        maps->branches = is_nonsense ? (struct book_words){nonsense, 1} : maps->branches;
    }
    maps->gl = set_up_as & WITH_FEW_ACCOUNTS ? (struct book_gl){few, 3}
                                             : (struct book_gl){accounts, account_count};
}

static void read_starved(struct bytes input, const struct book_options *options)
{
    for (struct starving starving = starving_of(input); starving_next(&starving);) {
        AUTO(arena_close) struct arena arena = {.budget = (size_t)64 << 20};
        struct complaint complaint = {{0}};
        struct book *book = NULL;
        enum err err = book_read(fuzz_folder, options, &arena, &complaint, &book);
        HOLD((err == ERR_OK) == (book != NULL));
        HOLD(err == ERR_OK || complaint.text[0] != '\0');
    }
}

static enum err read_folder(struct bytes input, struct arena *arena, struct book **ret_book)
{
    struct complaint complaint = {{0}};
    struct book_options options;
    struct book_maps maps;
    enum err err = ERR_REFUSED;
    for (int i = 0; i < 3 && err != ERR_OK; i++) {
        put_files(input);
        take_options(&maps, &options);
        arena_reset(arena);
        complaint.text[0] = '\0';
        err = book_read(fuzz_folder, &options, arena, &complaint, ret_book);
        HOLD(err == ERR_OK || (*ret_book == NULL && complaint.text[0] != '\0'));
        if (err != ERR_OK && !correct_total(complaint.text)) {
            break;
        }
    }
    read_starved(input, &options);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_close) struct arena arena = {.budget = (size_t)64 << 20};
    struct book *book = NULL;
    set_up();
    rows = 2;
    set_up_as = 0;
    strcpy(sum, "1000000");
    if (read_folder(bytes_of(data, size), &arena, &book) != ERR_OK) {
        return 0;
    }
    for (size_t i = 0; i < book_report_count(book); i++) {
        check_report(book_report_at(book, i));
    }
    check_notes(book);
    return 0;
}

static void seed_text(const char *name, const char *text)
{
    fuzz_seed(name, bytes_of(text, strlen(text)));
}

/* With the agent set up in several ways. */
static void seed_set_up(const char *name, const char *text)
{
    static const uint8_t ways[] = {WITH_SETTINGS | WITH_WORDS,
                                   WITH_FISCAL_YEAR,
                                   WITH_BASIS | WITH_DATES | WITHOUT_MAPS,
                                   WITH_NONSENSE | WITH_WORDS | WITH_SETTINGS,
                                   WITH_NONSENSE | WITH_BASIS,
                                   WITH_NONSENSE | WITH_DATES};
    for (size_t i = 0; i < sizeof ways; i++) {
        AUTO(buffer_close) struct buffer seed = {0};
        char seed_name[64];
        HOLD_OK(buffer_printf(&seed, "options\n%c" MARK "%s", ways[i], text));
        (void)snprintf(seed_name, sizeof seed_name, "%s-%zu", name, i);
        fuzz_seed(seed_name, buffer_bytes(&seed));
    }
}

static void seed_ops(void)
{
    AUTO(buffer_close) struct buffer seed = {0};
    HOLD_OK(buffer_printf(&seed, "ops.csv\n"));
    HOLD_OK(book_ops_template(&seed));
    fuzz_seed("ops-template", buffer_bytes(&seed));
    seed_text("ops",
              "ops.csv\nkey,value\nbranches_open,4\nchannel.USSD.n_tx,1530\n"
              "channel.USSD.amount,12\ntraining.1.topic,DIGITAL\ntraining.1.participants,3\n"
              "capital.deposits,1500000\nreason.LOCKDOWN,5\nnote,all is well\nfund.requested,7\n"
              "outlook,5\npriority,1\nneeded_by_day,2020-07-30\nliquidity.cash,10\n"
              "portfolio.moratorium_ended,2\nexposures.cash,1\n");
    seed_text("ops-wrong", "ops.csv\nkey,value\ntraining.2.topic,DIGITAL\ntraining.1.topic,NONE\n");
    seed_text("ops-row", "ops.csv\nkey,value\ntraining.1.topic,DIGITAL\n");
    seed_text("ops-twice", "ops.csv\nkey,value\nnote,a\nnote,b\n");
    seed_text("ops-key-twice", "ops.csv\nkey,value\nbranches_open,1\nbranches_open,2\n");
    seed_text("ops-both", "ops.csv\nkey,value\nborrowings,1\ncash,2\ndeposits,3\n");
    seed_text("ops-of-files", "ops.csv\nkey,value\nglp,1\nportfolio.glp,1\n");
}

static void seed_explain(void)
{
    static const char head[] = "explain.csv\nrule_id,code,text,type\n";
    static const char *const rows_of[] = {
        ("TIM-01,MERGER,three joined,\nPOR-18,OTHER,words,PORTFOLIO\nLIQ-05,season,,\n"
         "LIQ-14,SALE,,LIQUIDITY\nCAP-01,POLICY,,\nOPS-01,TIMING,,\nRW-LIQ,OTHER,limit,\n"),
        "NO-01,MERGER,,\n", "TIM-01,BECAUSE,,\n", "TIM-01,OTHER,,\n", "TIM-01,SALE,,REPORT\n"};
    for (size_t i = 0; i < sizeof rows_of / sizeof rows_of[0]; i++) {
        char name[32];
        char text[1024];
        (void)snprintf(name, sizeof name, "explain-%zu", i);
        (void)snprintf(text, sizeof text, "%s%s", head, rows_of[i]);
        seed_set_up(name, text);
    }
}

static void seed_gl(void)
{
    AUTO(buffer_close) struct buffer seed = {0};
    find_accounts();
    HOLD_OK(buffer_printf(&seed,
                          "options\n%c" MARK "gl.csv\ngl_code,name,balance,opening_balance\n",
                          WITH_SETTINGS | WITH_FISCAL_YEAR));
    for (size_t i = 0; i < account_count; i++) {
        HOLD_OK(buffer_printf(&seed, "%s,an account,%zu,%zu\n", accounts[i].prefix, 1000 + 7 * i,
                              500 + i));
    }
    fuzz_seed("gl-all", buffer_bytes(&seed));
    seed_text("gl-large", "gl.csv\ngl_code,balance\n1000,92233720368547758\n1000,9\n"
                          "1000,92233720368547757\n");
    seed_text("gl", "gl.csv\ngl_code,name,debit,credit\n1000,Cash,500,0\n2000,Savings,0,700\n"
                    "1100,Bank,\"1,000\",0\n\n=== flows.csv\ndate,kind,count,amount\n"
                    "2020-06-15,DEP_OUT,,100\n");
}

/* Every column that loans.csv may have. */
static void seed_loans(void)
{
    char text[4096];
    (void)snprintf(text, sizeof text, "loans.csv\n%s", loans);
    seed_text("loans", text);
    seed_set_up("loans", text);
    seed_text("loans-other",
              "loans.csv\n\xEF\xBB\xBF"
              "loan_ref;borrower_ref;product;sector;gender;disbursed_on;matures_on;"
              "principal_disbursed;principal_outstanding;overdue_since;times_restructured;"
              "restructured_on;birth_year;branch;district;class\r\n"
              "L1;B1;INDIV;AGRI;female;16/06/2019;16/06/2021;1 000 000;600 000;;0;;1986;HQ;"
              "GASABO;\r\nTotal;;;;;;;;600000;;;;;;;\r\n");
}

static void fuzz_seeds(void)
{
    char text[4096];
    seed_loans();
    seed_ops();
    seed_explain();
    seed_gl();
    (void)snprintf(text, sizeof text,
                   "manifest.ini\n[book]\n%srows = 2\nsum_principal_outstanding = 1000000\n"
                   "frequency = M\noverdue_basis = ANY\ndate_format = dd/mm/yyyy\nstatus = FINAL\n"
                   "prepared_code = AB1\napproved_code = CD2 ; words\nnote = all is well\n"
                   "reports = PORTFOLIO, EXPOSURES\nproduced_at = "
                   "2020-07-01T08:00:00Z\n",
                   manifest);
    seed_set_up("manifest", text);
    seed_text(
        "deposits",
        "deposits.csv\naccount_ref,owner_ref,type,balance,matures_on,gender,last_tx_on\n"
        "A1,C1,SAVINGS,1000,,F,2020-06-01\nA2,C2,TERM,5000,2020-09-30,M,\n"
        "\n=== flows.csv\ndate,kind,count,amount\n2020-06-15,DISB,2,100\n2020-06-16,GLP_ADJ,,-5\n");
}
