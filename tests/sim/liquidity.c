#include <stdio.h>

#include "tests/sim/rows.h"

/* The nine days of the run: the sixth to the fourteenth. */
#define RUN_FIRST 5
#define RUN_LAST  13

void month_days_make(const struct member *member, uint64_t seed, const struct snapshot *snapshot,
                     struct month_days *ret_days)
{
    struct month_days days = {0};
    double in[DAYS_MAX] = {0};
    double out[DAYS_MAX] = {0};
    double unmet[DAYS_MAX] = {0};
    char stream[64];
    (void)snprintf(stream, sizeof(stream), "%s/%d/days", member->id, (int)snapshot->month);
    struct random random;
    random_open(&random, seed, stream);
    days.count = (size_t)snapshot->period.end_day - (size_t)snapshot->period.start_day + 1;
    for (size_t i = 0; i < days.count; i++) {
        double weight = weekday_weight(snapshot->period.start_day + (int32_t)i);
        in[i] = weight * sim_clip(random_normal(&random, 1.0, 0.15), 0.3, 2.0);
        out[i] = weight * sim_clip(random_normal(&random, 1.0, 0.15), 0.3, 2.0);
        if (snapshot->unmet > 0 && i >= RUN_FIRST && i <= RUN_LAST) {
            in[i] *= 0.5;
            out[i] *= 6.0;
            unmet[i] = weight;
        }
    }
    spread(snapshot->inflow, in, days.count, days.inflow);
    spread(snapshot->withdrawal, out, days.count, days.withdrawal);
    spread(snapshot->unmet, unmet, days.count, days.unmet);
    int64_t deposits = snapshot->deposits_opening;
    for (size_t i = 0; i < days.count; i++) {
        bool is_last = i + 1 == days.count;
        deposits += days.inflow[i] - days.withdrawal[i] + (is_last ? snapshot->credited : 0);
        days.deposits[i] = deposits;
        int64_t moved = snapshot->liquid - snapshot->liquid_opening;
        days.liquid[i] = snapshot->liquid_opening + moved * (int64_t)(i + 1) / (int64_t)days.count;
    }
    *ret_days = days;
}

/* What a month's end is known to bring; its flows fall on the last day. */
static void set_funding(const struct snapshot *s, bool is_last, struct liquidity_figures *figures)
{
    int64_t days = s->period.end_day - s->period.start_day + 1;
    figures->performing = s->outstanding[0] + s->outstanding[1] - s->moratorium[0];
    figures->borrowed = s->borrowed;
    figures->borrowings_received = is_last ? s->borrowings_received : 0;
    figures->debt_service = is_last ? s->debt_service : 0;
    figures->long_placements = s->balance.long_placements;
    figures->pledged = s->balance.pledged;
    figures->opex_30d = (s->balance.staff_cost + s->balance.other_opex) * 30 / days;
    figures->committed_30d = s->disbursed / 4;
}

struct liquidity_figures liquidity_of_month(const struct snapshot *snapshot,
                                            const struct month_days *days)
{
    struct liquidity_figures figures = {
        .period = snapshot->period,
        .deposits = snapshot->deposits,
        .inflow = snapshot->inflow,
        .withdrawal = snapshot->withdrawal,
        .credited = snapshot->credited,
        .liquid = snapshot->liquid,
        .peak = days->withdrawal[0],
        .peak_day = snapshot->period.start_day,
        .unmet = snapshot->unmet,
        .unmet_requests = snapshot->unmet_requests,
    };
    set_funding(snapshot, true, &figures);
    for (size_t i = 1; i < days->count; i++) {
        if (days->withdrawal[i] > figures.peak) {
            figures.peak = days->withdrawal[i];
            figures.peak_day = snapshot->period.start_day + (int32_t)i;
        }
    }
    return figures;
}

struct liquidity_figures liquidity_of_day(const struct snapshot *snapshot,
                                          const struct month_days *days, size_t day)
{
    bool is_last = day + 1 == days->count;
    int32_t date = snapshot->period.start_day + (int32_t)day;
    struct liquidity_figures figures = {
        .period = {.frequency = FREQUENCY_D, .start_day = date, .end_day = date},
        .deposits = days->deposits[day],
        .inflow = days->inflow[day],
        .withdrawal = days->withdrawal[day],
        .credited = is_last ? snapshot->credited : 0,
        .liquid = days->liquid[day],
        .peak = days->withdrawal[day],
        .peak_day = date,
        .unmet = days->unmet[day],
        .unmet_requests = days->unmet[day] > 0 ? 15 : 0,
    };
    set_funding(snapshot, is_last, &figures);
    return figures;
}

static int64_t part(int64_t amount, double share)
{
    return sim_round((double)amount * share);
}

static void set_assets(const struct traits *traits, const struct liquidity_figures *f,
                       PbLiquidity *liquidity)
{
    int64_t parts[6];
    spread(f->liquid, traits->liquid_split, 6, parts);
    SET(liquidity, cash, parts[0]);
    SET(liquidity, central_bank, 0);
    SET(liquidity, bank_demand, parts[1]);
    SET(liquidity, bank_term_30, parts[2]);
    SET(liquidity, bank_term_31_90, parts[3]);
    SET(liquidity, bank_term_over_90, f->long_placements);
    SET(liquidity, emoney, parts[4]);
    SET(liquidity, govt_unencumbered, parts[5]);
    SET(liquidity, govt_encumbered, f->pledged);
    SET(liquidity, encumbered_total, f->pledged);
    SET(liquidity, committed_undrawn, part(f->borrowed, 0.10));
    SET(liquidity, uncommitted_undrawn, part(f->borrowed, 0.15));
}

static void set_movements(const struct liquidity_figures *f, PbLiquidity *liquidity)
{
    SET(liquidity, deposits_total, f->deposits);
    SET(liquidity, dormant_deposits, part(f->deposits, 0.037));
    SET(liquidity, deposit_inflow, f->inflow);
    SET_COUNT(liquidity, deposit_inflow_count, f->inflow / 21000 + (f->inflow > 0 ? 1 : 0));
    SET(liquidity, deposit_withdrawal, f->withdrawal);
    SET_COUNT(liquidity, deposit_withdrawal_count,
              f->withdrawal / 34000 + (f->withdrawal > 0 ? 1 : 0));
    SET(liquidity, interest_credited, f->credited);
    SET(liquidity, deposit_adjustment, 0);
    SET(liquidity, early_term_withdrawal, part(f->withdrawal, 0.013));
    SET(liquidity, peak_day_withdrawal, f->peak);
    SET(liquidity, peak_day, f->peak_day);
    SET(liquidity, requests_unmet, f->unmet);
    SET_COUNT(liquidity, requests_unmet_count, f->unmet_requests);
    SET(liquidity, withdrawal_cap_in_force, f->unmet > 0);
    if (f->unmet > 0) {
        SET(liquidity, withdrawal_cap_amount, 50000);
    }
    SET(liquidity, borrowings_overdue, 0);
    SET_COUNT(liquidity, covenants_breached, 0);
    SET(liquidity, opex_30d, f->opex_30d);
    SET(liquidity, committed_disbursements_30d, f->committed_30d);
    SET(liquidity, debt_service_paid, f->debt_service);
    SET(liquidity, borrowings_received, f->borrowings_received);
}

static bool add_deposits(struct arena *arena, const int64_t *balances, PbLiquidity *liquidity)
{
    static const struct {
        Ihuriro__V1__DepositRow__Type type;
        int64_t average;
    } kinds[] = {
        {IHURIRO__V1__DEPOSIT_ROW__TYPE__DEMAND, 95000},
        {IHURIRO__V1__DEPOSIT_ROW__TYPE__SAVINGS, 62000},
        {IHURIRO__V1__DEPOSIT_ROW__TYPE__COMPULSORY, 41000},
        {IHURIRO__V1__DEPOSIT_ROW__TYPE__TERM, 820000},
    };
    liquidity->deposits = arena_take(arena, 4 * sizeof(*liquidity->deposits));
    for (size_t i = 0; liquidity->deposits != NULL && i < 4; i++) {
        PbDepositRow *row = arena_take(arena, sizeof(*row));
        if (row == NULL) {
            return false;
        }
        ihuriro__v1__deposit_row__init(row);
        int64_t accounts = balances[i] / kinds[i].average + 1;
        row->type = kinds[i].type;
        SET(row, balance, balances[i]);
        SET_COUNT(row, accounts, accounts);
        SET_COUNT(row, depositors, accounts * 9 / 10 + 1);
        SET_COUNT(row, women_depositors, accounts * 4 / 10);
        liquidity->deposits[liquidity->n_deposits++] = row;
    }
    return liquidity->deposits != NULL;
}

struct bucket {
    int32_t from;
    int32_t to;
};

static bool add_maturities(struct arena *arena, PbLiquidity *liquidity,
                           Ihuriro__V1__MaturityRow__Item item, const struct bucket *buckets,
                           const int64_t *amounts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PbMaturityRow *row = arena_take(arena, sizeof(*row));
        if (row == NULL) {
            return false;
        }
        ihuriro__v1__maturity_row__init(row);
        row->item = item;
        row->from_day = buckets[i].from;
        row->to_day = buckets[i].to;
        SET(row, amount, amounts[i]);
        liquidity->maturities[liquidity->n_maturities++] = row;
    }
    return true;
}

/* L11 in five buckets, L17 and L18 in six, all disjoint (D15, D37). */
static bool add_ladders(struct arena *arena, const struct liquidity_figures *f, int64_t term,
                        PbLiquidity *liquidity)
{
    static const struct bucket five[] = {{0, 30}, {31, 90}, {91, 180}, {181, 365}, {366, -1}};
    static const struct bucket six[] = {{0, 7},    {8, 30},    {31, 90},
                                        {91, 180}, {181, 365}, {366, -1}};
    static const double term_shares[] = {.18, .27, .28, .22, .05};
    static const double borrowed_shares[] = {.01, .03, .08, .13, .25, .50};
    static const double collected_shares[] = {.03, .08, .19, .25, .30, .15};
    int64_t amounts[6];
    liquidity->maturities = arena_take(arena, 17 * sizeof(*liquidity->maturities));
    if (liquidity->maturities == NULL) {
        return false;
    }
    spread(term, term_shares, 5, amounts);
    bool is_whole = add_maturities(arena, liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__TERM_DEPOSITS,
                                   five, amounts, 5);
    spread(f->borrowed, borrowed_shares, 6, amounts);
    is_whole =
        is_whole && add_maturities(arena, liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__BORROWINGS,
                                   six, amounts, 6);
    /* Principal, and interest on top. */
    spread(part(f->performing, 1.12), collected_shares, 6, amounts);
    return is_whole &&
           add_maturities(arena, liquidity, IHURIRO__V1__MATURITY_ROW__ITEM__COLLECTIONS, six,
                          amounts, 6);
}

#define LENDERS 3

static void spread_borrowed(int64_t borrowed, int64_t *ret_amounts)
{
    static const double shares[LENDERS] = {.55, .30, .15};
    spread(borrowed, shares, LENDERS, ret_amounts);
}

/* Half of what came from abroad. */
int64_t borrowed_in_foreign_currency(int64_t borrowed)
{
    int64_t amounts[LENDERS];
    spread_borrowed(borrowed, amounts);
    return amounts[1] / 2;
}

static bool add_borrowings(struct arena *arena, int64_t borrowed, PbLiquidity *liquidity)
{
    static const Ihuriro__V1__BorrowingRow__Lender lenders[] = {
        IHURIRO__V1__BORROWING_ROW__LENDER__BANK, IHURIRO__V1__BORROWING_ROW__LENDER__DFI_MIV,
        IHURIRO__V1__BORROWING_ROW__LENDER__APEX};
    int64_t amounts[LENDERS];
    spread_borrowed(borrowed, amounts);
    liquidity->borrowings = arena_take(arena, LENDERS * sizeof(*liquidity->borrowings));
    for (size_t i = 0; liquidity->borrowings != NULL && i < LENDERS; i++) {
        PbBorrowingRow *row = arena_take(arena, sizeof(*row));
        if (row == NULL) {
            return false;
        }
        ihuriro__v1__borrowing_row__init(row);
        row->lender = lenders[i];
        SET(row, outstanding, amounts[i]);
        SET(row, fx_part, i == 1 ? borrowed_in_foreign_currency(borrowed) : 0);
        liquidity->borrowings[liquidity->n_borrowings++] = row;
    }
    return liquidity->borrowings != NULL;
}

PbLiquidity *liquidity_make(struct arena *arena, const struct traits *traits,
                            const struct liquidity_figures *figures)
{
    PbLiquidity *liquidity = arena_take(arena, sizeof(*liquidity));
    if (liquidity == NULL) {
        return NULL;
    }
    ihuriro__v1__liquidity__init(liquidity);
    int64_t balances[4];
    spread(figures->deposits, traits->deposit_split, 4, balances);
    set_assets(traits, figures, liquidity);
    set_movements(figures, liquidity);
    bool is_whole = add_deposits(arena, balances, liquidity) &&
                    add_ladders(arena, figures, balances[3], liquidity) &&
                    add_borrowings(arena, figures->borrowed, liquidity);
    return is_whole ? liquidity : NULL;
}
