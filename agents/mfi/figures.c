#include "agents/mfi/figures.h"

#include <inttypes.h>

#include "agents/mfi/approval.h"
#include "agents/mfi/history.h"
#include "proto/money.h"
#include "proto/ratios.h"

struct figure_value {
    bool is_known;
    int64_t value;
};

enum figure_unit { FIGURE_MONEY, FIGURE_COUNT, FIGURE_BASIS_POINTS };

struct figure {
    int type;
    const char *words;
    enum figure_unit unit;
    const char *ratio; /* NULL: by read */
    struct figure_value (*read)(const PbReport *report);
};

#define READ(name, body, field)                                                                \
    static struct figure_value name(const PbReport *report)                                    \
    {                                                                                          \
        return (struct figure_value){report->body->has_##field, (int64_t)report->body->field}; \
    }

READ(read_glp, portfolio, glp)
READ(read_loans, portfolio, loans_outstanding)
READ(read_borrowers, portfolio, active_borrowers)
READ(read_restructured, portfolio, restructured_outstanding)
READ(read_written_off, portfolio, written_off)
READ(read_allowance, portfolio, allowance)
READ(read_result, capital, current_result)

static struct figure_value read_deposits(const PbReport *report)
{
    struct figure_value value = {0};
    value.is_known = deposits_total(report->liquidity, &value.value);
    return value;
}

static struct figure_value read_equity(const PbReport *report)
{
    struct figure_value value = {0};
    value.is_known = equity_of(report->capital, &value.value);
    return value;
}

static const struct figure figures[] = {
    {TYPE_PORTFOLIO, "Gross loan portfolio", FIGURE_MONEY, NULL, read_glp},
    {TYPE_PORTFOLIO, "Loans", FIGURE_COUNT, NULL, read_loans},
    {TYPE_PORTFOLIO, "Borrowers", FIGURE_COUNT, NULL, read_borrowers},
    {TYPE_PORTFOLIO, "PAR30", FIGURE_BASIS_POINTS, "R01", NULL},
    {TYPE_PORTFOLIO, "PAR30 with restructured", FIGURE_BASIS_POINTS, "R02", NULL},
    {TYPE_PORTFOLIO, "Restructured", FIGURE_MONEY, NULL, read_restructured},
    {TYPE_PORTFOLIO, "Written off", FIGURE_MONEY, NULL, read_written_off},
    {TYPE_PORTFOLIO, "Allowance", FIGURE_MONEY, NULL, read_allowance},
    {TYPE_LIQUIDITY, "Deposits", FIGURE_MONEY, NULL, read_deposits},
    {TYPE_LIQUIDITY, "Liquidity ratio", FIGURE_BASIS_POINTS, "R11", NULL},
    {TYPE_CAPITAL, "Equity", FIGURE_MONEY, NULL, read_equity},
    {TYPE_CAPITAL, "Result of the year", FIGURE_MONEY, NULL, read_result},
};

static bool has_body(const PbReport *report)
{
    return report != NULL &&
           (report->portfolio != NULL || report->liquidity != NULL || report->capital != NULL);
}

static struct figure_value value_of(const struct figure *figure, const PbReport *report,
                                    const struct examined *examined)
{
    if (!has_body(report)) {
        return (struct figure_value){0};
    }
    if (figure->ratio == NULL) {
        return figure->read(report);
    }
    struct ratio_inputs inputs = {
        .portfolio = report->portfolio != NULL ? report : NULL,
        .liquidity = report->liquidity != NULL ? report : NULL,
        .settings = examined->settings.settings,
        .category = examined->category,
    };
    struct ratio_value value = ratio_compute(ratio_find(figure->ratio), &inputs);
    return (struct figure_value){!value.is_null, value.value};
}

static void format(const struct figure *figure, const PbReport *report, struct figure_value value,
                   char ret_text[static 40])
{
    char plain[32];
    if (!value.is_known) {
        (void)snprintf(ret_text, 40, "n/a");
        return;
    }
    unsigned exponent = figure->unit == FIGURE_MONEY          ? report->currency_exponent
                        : figure->unit == FIGURE_BASIS_POINTS ? 2
                                                              : 0;
    money_format(value.value, exponent, plain);
    (void)snprintf(ret_text, 40, "%s%s", plain, figure->unit == FIGURE_BASIS_POINTS ? " %" : "");
}

static void print_one(const struct figure *figure, const PbReport *report, const PbReport *before,
                      const struct examined *examined, FILE *file)
{
    struct figure_value now = value_of(figure, report, examined);
    struct figure_value then = value_of(figure, before, examined);
    struct figure_value change = {now.is_known && then.is_known, 0};
    char texts[3][40];
    change.is_known =
        change.is_known && !__builtin_sub_overflow(now.value, then.value, &change.value);
    format(figure, report, now, texts[0]);
    format(figure, report, then, texts[1]);
    format(figure, report, change, texts[2]);
    (void)fprintf(file, "  %-26s %20s   before %20s   change %s%s\n", figure->words, texts[0],
                  texts[1], change.is_known && change.value > 0 ? "+" : "", texts[2]);
}

enum err figures_print(struct agent *agent, const struct examined *examined, size_t index,
                       FILE *file)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(txn_end) struct txn txn = {0};
    const PbReport *report = examined->reports[index].report;
    struct rules_context context = {0};
    char hash[APPROVAL_HASH_CHARS + 1];
    char name[REPORT_NAME_MAX];
    enum err err = txn_begin(outbox_env(agent->outbox), false, &txn);
    err = err != ERR_OK ? err : history_beside(&txn, report, &arena, &context);
    err = err != ERR_OK ? err : approval_hash(report, hash);
    if (err != ERR_OK) {
        return err;
    }
    (void)fprintf(file, "%s of %s, hash %.8s%s\n",
                  report_name((int)report->type, (int)report->period->frequency,
                              report->period->end_day, name),
                  report->institution, hash, report->nil ? ": nothing to report (NIL)" : "");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        if (figures[i].type == (int)report->type && has_body(report)) {
            print_one(&figures[i], report, context.preceding, examined, file);
        }
    }
    return ferror(file) ? ERR_IO : ERR_OK;
}
