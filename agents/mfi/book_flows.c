#include "agents/mfi/book_flows.h"

#include <string.h>
#include <strings.h>

#include "proto/money.h"

#define FILE_NAME       "flows.csv"
#define PERIOD_DAYS_MAX 93 /* a quarter has 92 */

enum flow_column { FLOW_DATE, FLOW_KIND, FLOW_COUNT, FLOW_AMOUNT, FLOW_COLUMNS };

#define MANDATORY (BOOK_IN_HEADER | BOOK_IN_ROW)

static const struct book_column columns[FLOW_COLUMNS] = {
    [FLOW_DATE] = {"date", MANDATORY},
    [FLOW_KIND] = {"kind", MANDATORY},
    [FLOW_COUNT] = {"count", BOOK_IN_HEADER},
    [FLOW_AMOUNT] = {"amount", MANDATORY},
};

static const struct book_table table = {
    columns, FLOW_COLUMNS,
    "If nothing moved in the period, give one row with count 0 and amount 0; else extract it "
    "again."};

static const struct {
    const char *name;
    bool may_be_negative;
} kinds[BOOK_FLOWS] = {
    [FLOW_DISB] = {"DISB", false},
    [FLOW_REPAY_P] = {"REPAY_P", false},
    [FLOW_REPAY_I] = {"REPAY_I", false},
    [FLOW_WRITEOFF] = {"WRITEOFF", false},
    [FLOW_RECOVERY] = {"RECOVERY", false},
    [FLOW_GLP_ADJ] = {"GLP_ADJ", true},
    [FLOW_DEP_IN] = {"DEP_IN", false},
    [FLOW_DEP_OUT] = {"DEP_OUT", false},
    [FLOW_DEP_INTEREST] = {"DEP_INTEREST", false},
    [FLOW_DEP_FEES] = {"DEP_FEES", false},
    [FLOW_DEP_ADJ] = {"DEP_ADJ", true},
    [FLOW_RENEG_RECEIVED] = {"RENEG_RECEIVED", false},
    [FLOW_RENEG_APPROVED] = {"RENEG_APPROVED", false},
    [FLOW_RENEG_REJECTED] = {"RENEG_REJECTED", false},
    [FLOW_RENEG_WITHDRAWN] = {"RENEG_WITHDRAWN", false},
};

struct flow_pass {
    const struct book_work *work;
    struct book_extract extract;
    struct book_flows *flows;
    int64_t out_by_day[PERIOD_DAYS_MAX];
    struct book_tally outside;
};

static enum err read_kind(const struct flow_pass *pass, const struct book_cell *cells,
                          enum book_flow *ret_kind)
{
    struct book_cell cell = {0};
    enum err err = book_cell_word(pass->extract.rows, FLOW_KIND, cells, &cell);
    if (err != ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < BOOK_FLOWS; i++) {
        if (strcasecmp(kinds[i].name, cell.text) == 0) {
            *ret_kind = (enum book_flow)i;
            return ERR_OK;
        }
    }
    return book_rows_refuse(pass->extract.rows, FLOW_KIND, ERR_MALFORMED,
                            "is no kind of flow. Write DISB, REPAY_P, REPAY_I, WRITEOFF, RECOVERY, "
                            "GLP_ADJ, DEP_IN, DEP_OUT, DEP_INTEREST, DEP_FEES, DEP_ADJ or one of "
                            "RENEG_RECEIVED, _APPROVED, _REJECTED, _WITHDRAWN.");
}

static enum err add_flow(struct flow_pass *pass, enum book_flow kind, int32_t day,
                         struct book_flow_sum flow)
{
    struct book_flow_sum *sum = &pass->flows->sums[kind];
    if (money_add(sum->amount, flow.amount, &sum->amount) != ERR_OK) {
        return book_rows_refuse(pass->extract.rows, FLOW_AMOUNT, ERR_RANGE,
                                "makes the sum of its kind larger than can be. Correct it.");
    }
    sum->count += flow.count;
    if (kind == FLOW_DEP_OUT) {
        pass->out_by_day[day - pass->work->manifest.period.start_day] += flow.amount;
    }
    return ERR_OK;
}

static enum err take_flow(struct flow_pass *pass, const struct book_cell *cells)
{
    const struct book_manifest *manifest = &pass->work->manifest;
    const struct book_rows *rows = pass->extract.rows;
    struct book_amount_format format = {manifest->exponent, false};
    struct book_amount amount = {0};
    struct book_amount count = {0};
    enum book_flow kind = FLOW_DISB;
    int32_t day = 0;
    enum err err = book_cell_day(rows, FLOW_DATE, cells, &manifest->dates, &day);
    if (err == ERR_OK) {
        err = read_kind(pass, cells, &kind);
    }
    if (err == ERR_OK) {
        format.may_be_negative = kinds[kind].may_be_negative;
        err = book_cell_amount(rows, FLOW_AMOUNT, cells, format, &amount);
    }
    if (err == ERR_OK) {
        err = book_cell_count(rows, FLOW_COUNT, cells, INT32_MAX, &count);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (!book_in_period(manifest, day)) {
        book_tally_add(&pass->outside, book_rows_line(rows));
        return ERR_OK;
    }
    if (kind >= FLOW_RENEG_RECEIVED) {
        pass->flows->has_renegotiation = true;
    }
    return add_flow(pass, kind, day, (struct book_flow_sum){amount.value, (uint64_t)count.value});
}

static void finish(struct flow_pass *pass)
{
    struct book_flows *flows = pass->flows;
    const struct period *period = &pass->work->manifest.period;
    flows->rows = book_rows_count(pass->extract.rows);
    flows->peak_day = period->start_day;
    for (int32_t day = period->start_day; day <= period->end_day; day++) {
        int64_t out = pass->out_by_day[day - period->start_day];
        if (out > flows->peak_out) {
            flows->peak_out = out;
            flows->peak_day = day;
        }
    }
    book_notes_tally(pass->work->notes, SEVERITY_INFO, book_rows_file(pass->extract.rows),
                     &pass->outside, "a date outside the period, left out");
}

enum err book_flows_read(const struct book_work *work, struct book_flows *ret_flows)
{
    struct flow_pass pass = {.work = work, .flows = ret_flows};
    const struct book_cell *cells = NULL;
    enum err err = book_extract_open(work, FILE_NAME, &table, &pass.extract);
    while (err == ERR_OK) {
        err = book_rows_next(pass.extract.rows, &cells);
        if (err != ERR_OK || cells == NULL) {
            break;
        }
        err = take_flow(&pass, cells);
    }
    if (err == ERR_OK) {
        finish(&pass);
    }
    book_extract_close(&pass.extract);
    return err;
}
