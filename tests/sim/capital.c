/* A month's balance sheet and result as CAPITAL. */
#include "tests/sim/rows.h"

static void set_balances(const struct snapshot *s, PbCapital *capital)
{
    const struct balance *b = &s->balance;
    SET(capital, total_assets, b->total_assets);
    SET(capital, net_loans, b->net_loans);
    SET(capital, fixed_assets, b->fixed);
    SET(capital, land_buildings, b->land);
    SET(capital, non_earning_assets, b->fixed + b->other_assets);
    SET(capital, equity_holdings, b->holdings);
    SET(capital, total_liabilities, b->total_liabilities);
    SET(capital, deposits, s->deposits);
    SET(capital, borrowings, s->borrowed);
    SET(capital, paid_in_capital, b->paid_in);
    SET(capital, reserves, b->reserves);
    SET(capital, retained_earnings, b->retained);
    SET(capital, donated, b->donated);
    SET(capital, current_result, b->result);
    SET(capital, other_equity, 0);
}

static void set_flows(const struct balance *b, PbCapital *capital)
{
    SET(capital, loan_income, b->loan_income);
    SET(capital, other_income, b->other_income);
    SET(capital, financial_expense, b->financial_expense);
    SET(capital, impairment, b->impairment);
    SET(capital, staff_cost, b->staff_cost);
    SET(capital, other_opex, b->other_opex);
    SET(capital, tax, b->tax);
    SET(capital, grants, b->grants);
}

/* Of companies only. */
static void set_regulated(const struct snapshot *s, PbCapital *capital)
{
    int64_t foreign = borrowed_in_foreign_currency(s->borrowed);
    SET(capital, tier1, s->balance.tier1);
    SET(capital, tier2, s->balance.tier2);
    SET(capital, deductions, s->balance.holdings);
    SET(capital, rwa, s->balance.rwa);
    SET(capital, fx_assets, foreign * 4 / 5);
    SET(capital, fx_liabilities, foreign);
}

PbCapital *capital_make(const struct member *member, struct arena *arena,
                        const struct snapshot *snapshot)
{
    PbCapital *capital = arena_take(arena, sizeof *capital);
    if (capital == NULL) {
        return NULL;
    }
    ihuriro__v1__capital__init(capital);
    set_balances(snapshot, capital);
    set_flows(&snapshot->balance, capital);
    if (member->category >= CATEGORY_MF) {
        set_regulated(snapshot, capital);
    }
    return capital;
}
