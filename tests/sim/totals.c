#include "tests/sim/totals.h"

#include <string.h>

#include "proto/ratios.h"

#define TYPES 5
static const int types[TYPES] = {TYPE_PORTFOLIO, TYPE_LIQUIDITY, TYPE_OPERATIONS, TYPE_CAPITAL,
                                 TYPE_EXPOSURES};

const char *const figure_names[TYPE_LAST + 1][FIGURES_MAX] = {
    [TYPE_PORTFOLIO] = {"glp", "par30", "npl", "restructured_outstanding", "moratorium_outstanding",
                        "written_off", "disbursed", "allowance"},
    [TYPE_LIQUIDITY] = {"deposits", "liquid_assets", "deposit_inflow", "deposit_withdrawal",
                        "requests_unmet"},
    [TYPE_OPERATIONS] = {"branches_total", "branches_open", "transactions", "digital_transactions",
                         "reneg_received", "reneg_approved", "reneg_approved_amount",
                         "fund_requested"},
    [TYPE_CAPITAL] = {"total_assets", "total_liabilities", "equity", "net_loans", "deposits",
                      "tier1", "rwa", "current_result"},
    [TYPE_EXPOSURES] = {"largest_borrower", "top20_borrowers", "related_party", "insider",
                        "largest_depositor", "top20_depositors"},
};

enum err totals_open(struct sector *sector)
{
    size_t months = (size_t)sector->options.months;
    sector->totals_count = months * TYPES * CATEGORIES;
    sector->totals = calloc(sector->totals_count + 1, sizeof(*sector->totals));
    if (sector->totals == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < sector->totals_count; i++) {
        sector->totals[i].month = sector->options.first_month + (int32_t)(i / (TYPES * CATEGORIES));
        sector->totals[i].type = (uint8_t)types[i / CATEGORIES % TYPES];
        sector->totals[i].category = (uint8_t)(i % CATEGORIES);
    }
    return ERR_OK;
}

struct totals_row *totals_row(struct sector *sector, int32_t month, int type,
                              enum category category)
{
    int32_t ahead = month - sector->options.first_month;
    if (ahead < 0 || ahead >= sector->options.months) {
        return NULL;
    }
    size_t at = 0;
    while (at + 1 < TYPES && types[at] != type) {
        at++;
    }
    return &sector->totals[((size_t)ahead * TYPES + at) * CATEGORIES + category];
}

static void read_operations(const PbOperations *o, int64_t *figures)
{
    figures[0] = (int64_t)o->branches_total;
    figures[1] = (int64_t)o->branches_open;
    for (size_t i = 0; i < o->n_channels; i++) {
        bool is_branch = o->channels[i]->channel == IHURIRO__V1__CHANNEL_ROW__CHANNEL__BRANCH;
        figures[2] += (int64_t)o->channels[i]->n_tx;
        figures[3] += is_branch ? 0 : (int64_t)o->channels[i]->n_tx;
    }
    figures[4] = (int64_t)o->reneg_received;
    figures[5] = (int64_t)o->reneg_approved;
    figures[6] = o->reneg_approved_amount;
    figures[7] = o->emergency_fund->requested;
}

static void read_capital(const PbCapital *c, int64_t *figures)
{
    figures[0] = c->total_assets;
    figures[1] = c->total_liabilities;
    figures[2] = c->paid_in_capital + c->reserves + c->retained_earnings + c->donated +
                 c->current_result + c->other_equity;
    figures[3] = c->net_loans;
    figures[4] = c->deposits;
    figures[5] = c->tier1;
    figures[6] = c->rwa;
    figures[7] = c->current_result;
}

static void read_figures(const PbReport *report, int64_t ret_figures[static FIGURES_MAX])
{
    memset(ret_figures, 0, FIGURES_MAX * sizeof(*ret_figures));
    if (report->portfolio != NULL) {
        const PbPortfolio *p = report->portfolio;
        ret_figures[0] = p->glp;
        (void)par_over(p, 30, &ret_figures[1]);
        (void)par_from(p, 90, &ret_figures[2]);
        ret_figures[3] = p->restructured_outstanding;
        ret_figures[4] = p->moratorium_outstanding;
        ret_figures[5] = p->written_off;
        ret_figures[6] = p->disbursed;
        ret_figures[7] = p->allowance;
    } else if (report->liquidity != NULL) {
        const PbLiquidity *l = report->liquidity;
        ret_figures[0] = l->deposits_total;
        ret_figures[1] = l->cash + l->central_bank + l->bank_demand + l->emoney + l->bank_term_30 +
                         l->bank_term_31_90 + l->govt_unencumbered;
        ret_figures[2] = l->deposit_inflow;
        ret_figures[3] = l->deposit_withdrawal;
        ret_figures[4] = l->requests_unmet;
    } else if (report->operations != NULL) {
        read_operations(report->operations, ret_figures);
    } else if (report->capital != NULL) {
        read_capital(report->capital, ret_figures);
    } else if (report->exposures != NULL) {
        const PbExposures *e = report->exposures;
        ret_figures[0] = e->largest_borrower;
        ret_figures[1] = e->top20_borrowers;
        ret_figures[2] = e->related_party;
        ret_figures[3] = e->insider;
        ret_figures[4] = e->largest_depositor;
        ret_figures[5] = e->top20_depositors;
    }
}

static struct totals_row *row_of(struct sector *sector, uint32_t member, const PbReport *report)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (report->period->frequency != IHURIRO__V1__PERIOD__FREQUENCY__M) {
        return NULL;
    }
    day_to_date(report->period->end_day, &year, &month, &day);
    return totals_row(sector, month_of(year, month), (int)report->type,
                      sector->members[member].category);
}

void totals_take(struct sector *sector, uint32_t member, const PbReport *report,
                 const PbReport *before)
{
    int64_t figures[FIGURES_MAX];
    int64_t replaced[FIGURES_MAX] = {0};
    struct totals_row *row = row_of(sector, member, report);
    if (row == NULL) {
        return;
    }
    read_figures(report, figures);
    if (before != NULL) {
        read_figures(before, replaced);
    }
    row->reports += before == NULL ? 1 : 0;
    for (size_t i = 0; i < FIGURES_MAX; i++) {
        row->sum[i] += figures[i] - replaced[i];
    }
}

void totals_take_truth(struct sector *sector, uint32_t member, const PbReport *report)
{
    int64_t figures[FIGURES_MAX];
    struct totals_row *row = row_of(sector, member, report);
    if (row == NULL) {
        return;
    }
    read_figures(report, figures);
    row->members++;
    for (size_t i = 0; i < FIGURES_MAX; i++) {
        row->true_sum[i] += figures[i];
    }
}
