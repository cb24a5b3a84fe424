/* The computed reports for a person. */
#include <stdio.h>
#include <string.h>

#include "agents/mfi/book.h"
#include "proto/fields.h"
#include "proto/money.h"
#include "proto/period.h"
#include "proto/ratios.h"

struct printing {
    FILE *file;
    const PbReport *report;
};

/* A figure that is shown, and its words; by the name of its field. */
struct figure {
    const char *field;
    const char *words;
    bool is_count;
};

static const struct figure portfolio_figures[] = {
    {"glp", "Gross loan portfolio", false},
    {"loans_outstanding", "Loans", true},
    {"active_borrowers", "Borrowers", true},
    {"women_borrowers", "of them women", true},
    {"restructured_outstanding", "Restructured", false},
    {"moratorium_outstanding", "In moratorium", false},
    {"disbursed", "Disbursed in the period", false},
    {"principal_collected", "Principal collected", false},
    {"written_off", "Written off in the period", false},
    {"recovered", "Recovered", false},
    {"allowance", "Allowance for losses", false},
    {NULL, NULL, false},
};

static const struct figure liquidity_figures[] = {
    {"cash", "Cash", false},
    {"central_bank", "At the central bank", false},
    {"bank_demand", "At banks, callable", false},
    {"emoney", "Mobile money", false},
    {"deposits_total", "Deposits", false},
    {"deposit_inflow", "Deposits received", false},
    {"deposit_withdrawal", "Deposits withdrawn", false},
    {"peak_day_withdrawal", "of it on the largest day", false},
    {"dormant_deposits", "Dormant deposits", false},
    {NULL, NULL, false},
};

static const struct figure exposures_figures[] = {
    {"largest_borrower", "Largest borrower", false},
    {"top20_borrowers", "20 largest borrowers", false},
    {"insider", "Insiders", false},
    {"related_party", "Related parties", false},
    {"largest_depositor", "Largest depositor", false},
    {"top20_depositors", "20 largest depositors", false},
    {NULL, NULL, false},
};

static const char *const portfolio_ratios[] = {
    "R01", "R02", "R03.PAR90", "R03.NPL", "R04.RESTRUCTURED", "R07", NULL};
static const char *const liquidity_ratios[] = {"R11", "R12", NULL};
static const char *const exposures_ratios[] = {NULL};

/* "1 500 000" is ambiguous in print; commas between groups of three: "-1,500,000.00". */
static void group_digits(const char *plain, char out[static 48])
{
    size_t whole = strcspn(plain, ".");
    size_t first = plain[0] == '-';
    size_t used = 0;
    for (size_t i = 0; plain[i] != '\0' && used < 46; i++) {
        if (i > first && i < whole && (whole - i) % 3 == 0) {
            out[used++] = ',';
        }
        out[used++] = plain[i];
    }
    out[used] = '\0';
}

static void print_amount(const struct printing *to, const char *words, int64_t amount,
                         bool is_count)
{
    char plain[32];
    char grouped[48];
    money_format(amount, is_count ? 0 : to->report->currency_exponent, plain);
    group_digits(plain, grouped);
    (void)fprintf(to->file, "  %-28s %20s%s%s\n", words, grouped, is_count ? "" : " ",
                  is_count ? "" : to->report->currency);
}

static void print_ratio(const struct printing *to, const struct ratio *ratio,
                        const struct ratio_inputs *inputs)
{
    struct ratio_value value = ratio_compute(ratio, inputs);
    if (value.is_null) {
        (void)fprintf(to->file, "  %-28s %20s\n", ratio->name, "n/a");
        return;
    }
    char text[32];
    int64_t tenths = value.value / 10 + (value.value % 10 >= 5) - (value.value % 10 <= -5);
    money_format(tenths, 1, text);
    (void)fprintf(to->file, "  %-28s %20s %%   %s = %s\n", ratio->name, text, ratio->id,
                  ratio->definition);
}

/* A figure that is absent is not printed. */
static void print_figures(const struct printing *to, const struct figure *figures,
                          const ProtobufCMessage *body)
{
    for (const struct figure *figure = figures; figure->field != NULL; figure++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(body->descriptor, figure->field);
        const char *base = (const char *)body;
        protobuf_c_boolean is_set = 0;
        int64_t value = 0;
        if (field == NULL) {
            continue;
        }
        memcpy(&is_set, base + field->quantifier_offset, sizeof is_set);
        memcpy(&value, base + field->offset, sizeof value);
        if (is_set) {
            print_amount(to, figure->words, value, figure->is_count);
        }
    }
}

static void print_deposits(const struct printing *to, const PbLiquidity *liquidity)
{
    static const char *const words[] = {"Demand deposits", "Savings", "Compulsory savings",
                                        "Term deposits", "Other deposits"};
    int64_t total = 0;
    for (size_t i = 0; i < liquidity->n_deposits; i++) {
        const PbDepositRow *row = liquidity->deposits[i];
        if (row->has_balance && row->type >= 1 && row->type <= 5) {
            print_amount(to, words[row->type - 1], row->balance, false);
        }
    }
    if (!liquidity->has_deposits_total && deposits_total(liquidity, &total)) {
        print_amount(to, "Deposits", total, false);
    }
}

static void print_aging(const struct printing *to, const PbPortfolio *portfolio)
{
    for (size_t i = 0; i < portfolio->n_aging; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        char words[48];
        if (row->max_days == -1) {
            (void)snprintf(words, sizeof words, "%d days late and more", row->min_days);
        } else if (row->min_days == row->max_days) {
            (void)snprintf(words, sizeof words, row->min_days == 0 ? "not late" : "%d days late",
                           row->min_days);
        } else {
            (void)snprintf(words, sizeof words, "%d to %d days late", row->min_days, row->max_days);
        }
        print_amount(to, words, row->outstanding, false);
    }
}

static void print_report(const struct book *book, const char *category, const PbReport *report,
                         FILE *file)
{
    struct printing to = {file, report};
    struct ratio_inputs inputs = {.settings = book_settings(book), .category = category};
    const char *const *ratios = exposures_ratios;
    (void)fprintf(file, "%s %s of %s%s\n", report_type_name((int)report->type), report->period->key,
                  report->institution, report->nil ? ": nothing to report (NIL)" : "");
    if (report->portfolio != NULL) {
        inputs.portfolio = report;
        ratios = portfolio_ratios;
        print_figures(&to, portfolio_figures, &report->portfolio->base);
        print_aging(&to, report->portfolio);
    } else if (report->liquidity != NULL) {
        inputs.liquidity = report;
        ratios = liquidity_ratios;
        print_figures(&to, liquidity_figures, &report->liquidity->base);
        print_deposits(&to, report->liquidity);
    } else if (report->exposures != NULL) {
        print_figures(&to, exposures_figures, &report->exposures->base);
    }
    for (; *ratios != NULL; ratios++) {
        const struct ratio *ratio = ratio_find(*ratios);
        if (ratio != NULL) {
            print_ratio(&to, ratio, &inputs);
        }
    }
    (void)fprintf(file, "\n");
}

enum err book_print(const struct book *book, const char *category, FILE *file)
{
    for (size_t i = 0; i < book_report_count(book); i++) {
        print_report(book, category, book_report_at(book, i), file);
    }
    return ferror(file) != 0 ? ERR_IO : ERR_OK;
}
