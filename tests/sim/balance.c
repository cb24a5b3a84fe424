/* The balance sheet and the result of a month, in whole francs: assets are liabilities and equity
 * to the franc, the result of the year is the sum of its months, equity moves by results and new
 * shares alone. */
#include <stdio.h>

#include "tests/sim/books.h"

/* What differs between those who take deposits from members and the companies. */
struct prices {
    double opex;         /* of the portfolio, a month */
    double holdings;     /* shares in others, of loans and liquid assets */
    int64_t tax_percent; /* of a month's profit */
};

static const struct prices sacco_prices = {.opex = 0.0113, .holdings = 0.001, .tax_percent = 0};
static const struct prices company_prices = {.opex = 0.0140, .holdings = 0.006, .tax_percent = 30};

static const struct prices *prices_of(const struct member *member)
{
    return member->category >= CATEGORY_MF ? &company_prices : &sacco_prices;
}

static int64_t share_of(int64_t amount, double share)
{
    return sim_round((double)amount * share);
}

static int64_t most_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t balance_equity(const struct balance *balance)
{
    return balance->paid_in + balance->reserves + balance->retained + balance->donated +
           balance->result;
}

/* Everything but placements that are longer than the books need. */
static int64_t assets_without_surplus(const struct snapshot *s)
{
    const struct balance *b = &s->balance;
    return s->liquid + b->long_placements + b->pledged + b->net_loans + b->accrued + b->fixed +
           b->other_assets + b->holdings;
}

void balance_derive(const struct member *member, struct snapshot *s)
{
    struct balance *b = &s->balance;
    b->total_assets = assets_without_surplus(s);
    b->total_liabilities = s->deposits + s->borrowed + b->other_liabilities;
    if (member->category < CATEGORY_MF) {
        return; /* SACCOs are judged by equity to assets */
    }
    /* A fifth for banks and the state, the whole for all others. */
    b->rwa = (s->liquid + b->long_placements + b->pledged) / 5 + b->net_loans + b->accrued +
             b->fixed + b->other_assets + b->holdings;
    b->tier1 = b->paid_in + b->reserves + b->retained + least_of(b->result, 0);
    b->tier2 = least_of(s->allowance / 8, b->rwa / 80);
}

/* ---- the first month: how it is financed ---- */

/* Equity is the category's share of all assets; what deposits and it do not pay for is borrowed,
 * for as long as the institution exists. */
static int64_t open_equity(struct economy *it, struct snapshot *s)
{
    char stream[48];
    struct random random;
    (void)snprintf(stream, sizeof stream, "%s/balance", it->member->id);
    random_open(&random, it->seed, stream);
    double share = category_traits[it->member->category].equity_share;
    share = sim_clip(share * random_lognormal(&random, 1.0, 0.2), 0.14, 0.6);
    int64_t assets = assets_without_surplus(s);
    int64_t equity = share_of(assets, share);
    int64_t payables = share_of(assets, 0.06);
    int64_t gap = assets - s->deposits - s->borrowed - equity - payables;
    if (gap >= 0) {
        it->borrowed_share = (double)gap / (double)s->glp;
        s->borrowed += gap;
        return equity;
    }
    return sim_round((double)(s->deposits + s->borrowed + payables) * share / (1.0 - share));
}

static void open_parts(int64_t equity, int32_t month, struct balance *b)
{
    b->paid_in = share_of(equity, 0.50);
    b->reserves = share_of(equity, 0.24);
    b->donated = share_of(equity, 0.03);
    /* The year began before. */
    b->result = month % 12 == 0 ? 0 : share_of(equity, 0.01);
    b->retained = equity - b->paid_in - b->reserves - b->donated - b->result;
}

/* ---- each month ---- */

static void close_assets(const struct economy *it, struct snapshot *s)
{
    struct balance *b = &s->balance;
    const struct balance *before = &it->previous.balance;
    int64_t earning = s->liquid + s->glp;
    bool is_first = it->previous.month == 0;
    b->net_loans = s->glp - s->allowance;
    b->accrued = s->interest / 3;
    b->pledged = share_of(s->borrowed, 0.05);
    b->long_placements = share_of(s->liquid, 0.06);
    b->fixed = is_first ? share_of(earning, 0.045) : before->fixed + before->fixed / 250;
    b->land = share_of(b->fixed, 0.40);
    b->other_assets = share_of(earning, 0.018);
    b->holdings = is_first ? share_of(earning, prices_of(it->member)->holdings) : before->holdings;
}

static void close_borrowings(const struct economy *it, struct snapshot *s)
{
    int64_t before = it->previous.month == 0 ? s->borrowed : it->previous.borrowed;
    int64_t repaid = before / 40;
    if (s->borrowed < before - repaid) {
        repaid = before - s->borrowed;
    }
    s->borrowings_received = s->borrowed - before + repaid;
    s->borrowing_interest = share_of(before, 0.0085);
    s->debt_service = repaid + s->borrowing_interest;
}

static void close_result(struct economy *it, struct snapshot *s)
{
    struct balance *b = &s->balance;
    const struct prices *prices = prices_of(it->member);
    char stream[48];
    struct random random;
    (void)snprintf(stream, sizeof stream, "%s/%d/result", it->member->id, (int)s->month);
    random_open(&random, it->seed, stream);
    int64_t accrued_before = it->previous.month == 0 ? b->accrued : it->previous.balance.accrued;
    int64_t opex =
        share_of(s->glp, prices->opex * sim_clip(random_normal(&random, 1.0, 0.03), 0.9, 1.1));
    b->loan_income = s->interest + b->accrued - accrued_before;
    b->other_income = s->recovered + share_of(s->liquid, 0.0038) + share_of(s->withdrawal, 0.0012);
    b->financial_expense = s->credited + s->borrowing_interest;
    b->impairment = s->provision_expense;
    b->staff_cost = share_of(opex, 0.56);
    b->other_opex = opex - b->staff_cost;
    int64_t profit = b->loan_income + b->other_income - b->financial_expense - b->impairment -
                     b->staff_cost - b->other_opex;
    b->tax = most_of(profit, 0) * prices->tax_percent / 100;
}

int64_t balance_net(const struct balance *b)
{
    return b->loan_income + b->other_income - b->financial_expense - b->impairment - b->staff_cost -
           b->other_opex - b->tax + b->grants;
}

/* A year that ended is shared out: a fifth of a profit to the reserves. */
static void close_equity(const struct economy *it, struct snapshot *s)
{
    struct balance *b = &s->balance;
    const struct balance *before = &it->previous.balance;
    bool begins_year = s->month % 12 == 0;
    int64_t to_reserves = begins_year ? most_of(before->result, 0) / 5 : 0;
    b->paid_in = before->paid_in + before->paid_in / 400;
    b->donated = before->donated;
    b->reserves = before->reserves + to_reserves;
    b->retained = before->retained + (begins_year ? before->result - to_reserves : 0);
    b->result = (begins_year ? 0 : before->result) + balance_net(b);
}

/* What is missing on one side is owed; what is too much on the other is placed for long. */
static void close_gap(struct snapshot *s)
{
    struct balance *b = &s->balance;
    int64_t assets = assets_without_surplus(s);
    int64_t least = assets / 100;
    int64_t gap = assets - s->deposits - s->borrowed - balance_equity(b);
    b->other_liabilities = most_of(gap, least);
    b->long_placements += b->other_liabilities - gap;
}

void balance_close(struct economy *economy, struct snapshot *s)
{
    bool is_first = economy->previous.month == 0;
    s->borrowed += share_of(s->glp, economy->borrowed_share);
    close_assets(economy, s);
    int64_t equity = is_first ? open_equity(economy, s) : 0;
    if (is_first) { /* what is pledged follows what was borrowed */
        close_assets(economy, s);
    }
    close_borrowings(economy, s);
    close_result(economy, s);
    if (is_first) {
        open_parts(equity, s->month, &s->balance);
    } else {
        close_equity(economy, s);
    }
    close_gap(s);
    balance_derive(economy->member, s);
}
