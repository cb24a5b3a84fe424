/* A folder of extracts: files behind lines "=== NAME". Whatever is in them, the folder is refused
 * with a sentence, or gives reports that pack, are canonical, fit a report, and are judged. */
#include "tests/fuzz/fuzz.h"

#include "agents/mfi/book.h"
#include "proto/limits.h"
#include "proto/period.h"
#include "proto/rules.h"
#include "proto/text.h"

#define MARK "\n=== "

static const char *const names[] = {"manifest.ini", "loans.csv", "deposits.csv",
                                    "flows.csv",    "gl.csv",    "ops.csv"};

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
        size_t size = mark == NULL ? input.size : (size_t)(mark - input.data);
        put_named(bytes_of(input.data, size));
        size_t step = mark == NULL ? size : size + strlen(MARK);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_close) struct arena arena = {.budget = (size_t)64 << 20};
    struct complaint complaint = {{0}};
    static const struct book_gl_row accounts[] = {
        {"10", "cash", false}, {"11", "bank_demand", false}, {"2", "deposits.SAVINGS", true}};
    struct book_maps maps = *book_maps_default();
    struct book_options options = {.now_us = INT64_C(1593763200000000), .maps = &maps};
    struct book *book = NULL;
    maps.gl = (struct book_gl){accounts, sizeof accounts / sizeof accounts[0]};
    rows = 2;
    strcpy(sum, "1000000");
    enum err err = ERR_REFUSED;
    for (int i = 0; i < 3 && err != ERR_OK; i++) {
        put_files(bytes_of(data, size));
        arena_reset(&arena);
        complaint.text[0] = '\0';
        err = book_read(fuzz_folder, &options, &arena, &complaint, &book);
        HOLD(err == ERR_OK || (book == NULL && complaint.text[0] != '\0'));
        if (err != ERR_OK && !correct_total(complaint.text)) {
            return 0;
        }
    }
    if (err != ERR_OK) {
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

static void fuzz_seeds(void)
{
    char text[4096];
    (void)snprintf(text, sizeof text, "loans.csv\n%s", loans);
    seed_text("loans", text);
    seed_text("loans-other",
              "loans.csv\n\xEF\xBB\xBF"
              "loan_ref;borrower_ref;product;sector;gender;disbursed_on;matures_on;"
              "principal_disbursed;principal_outstanding;overdue_since;times_restructured;"
              "restructured_on;birth_year;branch;district;class\r\n"
              "L1;B1;INDIV;AGRI;female;16/06/2019;16/06/2021;1 000 000;600 000;;0;;1986;HQ;"
              "GASABO;\r\nTotal;;;;;;;;600000;;;;;;;\r\n");
    (void)snprintf(text, sizeof text,
                   "manifest.ini\n[book]\n%srows = 2\nsum_principal_outstanding = 1000000\n"
                   "frequency = M\noverdue_basis = ANY\ndate_format = dd/mm/yyyy\nstatus = FINAL\n"
                   "prepared_code = AB1\napproved_code = CD2 ; words\nnote = all is well\n"
                   "reports = PORTFOLIO, EXPOSURES\nproduced_at = "
                   "2020-07-01T08:00:00Z\n",
                   manifest);
    seed_text("manifest", text);
    seed_text(
        "deposits",
        "deposits.csv\naccount_ref,owner_ref,type,balance,matures_on,gender,last_tx_on\n"
        "A1,C1,SAVINGS,1000,,F,2020-06-01\nA2,C2,TERM,5000,2020-09-30,M,\n"
        "\n=== flows.csv\ndate,kind,count,amount\n2020-06-15,DISB,2,100\n2020-06-16,GLP_ADJ,,-5\n");
    seed_text("gl", "gl.csv\ngl_code,name,debit,credit\n1000,Cash,500,0\n2000,Savings,0,700\n"
                    "1100,Bank,\"1,000\",0\n\n=== flows.csv\ndate,kind,count,amount\n"
                    "2020-06-15,DEP_OUT,,100\n");
}
