#include "tests/sim/totals.h"

#include <string.h>

#include "proto/ratios.h"

#define TYPES 3
static const int types[TYPES] = {TYPE_PORTFOLIO, TYPE_LIQUIDITY, TYPE_EXPOSURES};

const char *const figure_names[TYPE_LAST + 1][FIGURES_MAX] = {
    [TYPE_PORTFOLIO] = {"glp", "par30", "npl", "restructured_outstanding", "moratorium_outstanding",
                        "written_off", "disbursed", "allowance"},
    [TYPE_LIQUIDITY] = {"deposits", "liquid_assets", "deposit_inflow", "deposit_withdrawal",
                        "requests_unmet"},
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
