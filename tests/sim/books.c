#include "tests/sim/books.h"

#include <stddef.h>

#include "tests/sim/spread.h"

const struct aging_edges aging_edges[AGING_ROWS] = {
    {0, 0},   {1, 29},   {30, 30},   {31, 59},   {60, 60},   {61, 89},
    {90, 90}, {91, 179}, {180, 180}, {181, 359}, {360, 360}, {361, -1},
};

const char *const loan_class_codes[LOAN_CLASSES] = {"NL", "WL", "SL", "DL", "LL"};
const int32_t loan_class_rates_bp[LOAN_CLASSES] = {100, 300, 2000, 5000, 10000};

size_t aging_row_class(size_t row)
{
    static const int32_t from[LOAN_CLASSES] = {0, 30, 90, 180, 360};
    size_t at = 0;
    while (at + 1 < LOAN_CLASSES && aging_edges[row].least >= from[at + 1]) {
        at++;
    }
    return at;
}

static int64_t share_of(int64_t amount, double share)
{
    return sim_round((double)amount * share);
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Seven buckets of the process to twelve rows: a thirtieth (or ninetieth ...) on the edge's day. */
static void close_aging(const struct economy *it, struct snapshot *s)
{
    static const struct {
        size_t row;
        size_t bucket;
        double share;
    } cells[AGING_ROWS] = {
        {0, 0, 1.0},   {1, 1, 0.965}, {2, 1, 0.035}, {3, 2, 0.965}, {4, 2, 0.035},  {5, 3, 0.965},
        {6, 3, 0.035}, {7, 4, 0.987}, {8, 4, 0.013}, {9, 5, 0.993}, {10, 5, 0.007}, {11, 6, 1.0},
    };
    static const double overdue[AGING_ROWS] = {0,   .12, .16, .21, .26, .31,
                                               .36, .52, .65, .78, .85, .95};
    for (size_t i = 0; i < AGING_ROWS; i++) {
        s->outstanding[i] = most_of(101, sim_round(it->bucket[cells[i].bucket] * cells[i].share));
        s->overdue[i] = most_of(i == 0 ? 0 : 1, share_of(s->outstanding[i], overdue[i]));
    }
}

static void close_moratoria(const struct economy *it, const struct month_flows *flows,
                            struct snapshot *s)
{
    int64_t total = 0;
    for (size_t i = 0; i < it->moratoria_count; i++) {
        int32_t ahead = it->moratoria[i].month - it->month - 1;
        size_t slot =
            ahead < MORATORIA_MONTHS - 1 ? (size_t)most_of(ahead, 0) : MORATORIA_MONTHS - 1;
        int64_t amount = sim_round(it->moratoria[i].amount);
        s->ending[slot] += amount;
        total += amount;
    }
    s->outstanding[0] += total;
    s->moratorium[0] = total;
    s->moratorium_ended = sim_round(flows->moratorium_ended);
    s->moratorium_ended_paying = least_of(s->moratorium_ended, sim_round(flows->moratorium_paying));
}

/* Pools by age; the oldest is cured, all shrink by what is repaid. */
static void close_restructured(struct economy *it, const struct month_flows *flows,
                               struct snapshot *s)
{
    double cured = it->restructured[RESTRUCTURED_MONTHS - 1];
    double total = 0.0;
    for (size_t i = RESTRUCTURED_MONTHS - 1; i > 0; i--) {
        it->restructured[i] = it->restructured[i - 1] * 0.95;
        total += it->restructured[i];
    }
    it->restructured[0] = flows->restructured;
    total += flows->restructured;
    s->restructured_new = sim_round(flows->restructured);
    s->relief = least_of(sim_round(flows->relief), s->restructured_new);
    s->moratorium_new = sim_round(flows->moratorium_new);
    s->cured = sim_round(cured * 0.95);
    static const double places[AGING_ROWS] = {.84, .08, 0, .04, 0, .02, 0, .02, 0, 0, 0, 0};
    int64_t left = sim_round(total);
    for (size_t i = AGING_ROWS; i-- > 1;) {
        s->restructured[i] = least_of(sim_round(total * places[i]), s->outstanding[i]);
        left -= s->restructured[i];
    }
    /* A tenth of what is in moratorium was rescheduled too. */
    int64_t overlap = least_of(s->moratorium[0] / 10, left);
    s->restructured[0] = least_of(left, s->outstanding[0] - s->moratorium[0] + overlap);
    s->moratorium_restructured[0] = least_of(overlap, s->restructured[0]);
}

/* What was collected is what the balances leave: the roll-forward is exact. */
static void close_flows(struct economy *it, const struct month_flows *flows, struct snapshot *s)
{
    s->glp = 0;
    for (size_t i = 0; i < AGING_ROWS; i++) {
        s->glp += s->outstanding[i];
    }
    s->written_off = sim_round(flows->written_off);
    s->disbursed = most_of(1000, sim_round(flows->disbursed));
    int64_t before = it->previous.month == 0 ? s->glp : it->previous.glp;
    s->collected = before + s->disbursed - s->written_off - s->glp;
    if (s->collected < 0) {
        s->disbursed -= s->collected;
        s->collected = 0;
    }
    s->due =
        share_of(s->collected,
                 1.0 + 0.02 + 0.06 * it->traits.severity * (it->month >= MONTH_SHOCK ? 1.0 : 0.3));
    s->collected_on_due = share_of(s->collected, 0.93);
    /* Who is late or in moratorium pays none. */
    double rate = it->member->category >= CATEGORY_MF ? 0.0275 : 0.0195;
    s->interest = share_of(s->outstanding[0] - s->moratorium[0], rate);
    s->recovered = least_of(share_of(s->written_off, 0.18), it->written_off_stock);
    s->written_off_stock = it->written_off_stock + s->written_off - s->recovered;
    it->written_off_stock = s->written_off_stock;
}

static void close_counts(const struct economy *it, struct snapshot *s)
{
    s->loans = most_of(40, sim_round((double)s->glp / it->loan_average));
    double weights[AGING_ROWS];
    for (size_t i = 0; i < AGING_ROWS; i++) {
        weights[i] = (double)s->outstanding[i];
    }
    spread(s->loans, weights, AGING_ROWS, s->loans_in);
    for (size_t i = 1; i < AGING_ROWS; i++) {
        if (s->loans_in[i] == 0) {
            s->loans_in[i] = 1;
            s->loans_in[0]--;
        }
    }
    s->borrowers = share_of(s->loans, 0.96);
    s->women = least_of(share_of(s->borrowers, it->traits.women), s->borrowers);
    int64_t mean = most_of(1, s->glp / s->loans);
    s->disbursed_loans = most_of(1, s->disbursed / mean);
    s->disbursed_first = share_of(s->disbursed_loans, 0.3);
    s->written_off_loans = s->written_off > 0 ? most_of(1, s->written_off / mean) : 0;
    /* Of what was approved half are reschedules, half moratoria, in loans too (D62). */
    s->relief_loans = s->relief > 0 ? most_of(1, s->relief / mean) : 0;
    s->moratorium_new_loans = s->relief_loans;
    s->restructured_new_loans = s->relief_loans + (s->restructured_new - s->relief) / mean;
    int64_t restructured = 0;
    for (size_t i = 0; i < AGING_ROWS; i++) {
        restructured += s->restructured[i];
    }
    s->restructured_loans = restructured > 0 ? most_of(1, restructured / mean) : 0;
    s->moratorium_loans = s->moratorium[0] > 0 ? most_of(1, s->moratorium[0] / mean) : 0;
    s->cured_loans = s->cured > 0 ? most_of(1, s->cured / mean) : 0;
}

/* The allowance always covers what the classes require; the charge is what makes it so. */
static void close_allowance(const struct economy *it, struct snapshot *s)
{
    int64_t required = 0;
    for (size_t i = 0; i < AGING_ROWS; i++) {
        required += s->outstanding[i] * loan_class_rates_bp[aging_row_class(i)] / 10000 + 1;
    }
    s->allowance = least_of(required + required / 40, s->glp);
    int64_t before = it->previous.month == 0 ? s->allowance : it->previous.allowance;
    s->provision_expense = s->allowance - before + s->written_off;
}

static void close_deposits(struct economy *it, struct snapshot *s)
{
    struct random *random = &it->random;
    s->deposits = most_of(100000, sim_round(it->deposits));
    s->deposits_opening = it->previous.month == 0 ? s->deposits : it->previous.deposits;
    s->credited = share_of(s->deposits_opening, 0.0021);
    double share = sim_clip(random_normal(random, 0.12, 0.012), 0.06, 0.2);
    s->inflow = share_of(s->deposits_opening, share);
    s->withdrawal = s->deposits_opening + s->inflow + s->credited - s->deposits;
    int64_t least = share_of(s->deposits_opening, 0.02);
    if (s->withdrawal < least) {
        s->inflow += least - s->withdrawal;
        s->withdrawal = least;
    }
    s->liquid = most_of(1000, sim_round(it->liquidity * (double)s->deposits));
    s->liquid_opening = it->previous.month == 0 ? s->liquid : it->previous.liquid;
    bool is_run = it->member->persona == PERSONA_RUN && s->month == MONTH_SHOCK + 1;
    s->unmet = is_run ? share_of(s->deposits_opening, 0.06) : 0;
    s->unmet_requests = is_run ? 140 : 0;
    int64_t need = s->glp - share_of(s->deposits, 0.85);
    s->borrowed = most_of(need > 0 ? need : 0, share_of(s->glp, 0.02));
}

static void close_exposures(const struct economy *it, struct snapshot *s)
{
    const struct traits *traits = &it->traits;
    double grown = it->member->persona == PERSONA_INSIDER
                       ? sim_clip((double)(s->month - month_of(2019, 6)) / 12.0, 0.1, 1.0)
                       : 1.0;
    s->largest_borrower = share_of(s->glp, traits->largest_share);
    s->top20_borrowers = most_of(share_of(s->glp, traits->top20_share), s->largest_borrower);
    s->related = share_of(s->glp, traits->related_share * grown);
    s->insider = least_of(share_of(s->glp, traits->insider_share * grown), s->related);
    s->largest_depositor = share_of(s->deposits, traits->largest_depositor_share);
    s->top20_depositors =
        most_of(share_of(s->deposits, traits->top20_depositor_share), s->largest_depositor);
}

void books_close(struct economy *economy, const struct month_flows *flows,
                 struct snapshot *ret_snapshot)
{
    struct snapshot snapshot = {.month = economy->month, .period = month_period(economy->month)};
    close_aging(economy, &snapshot);
    close_moratoria(economy, flows, &snapshot);
    close_restructured(economy, flows, &snapshot);
    close_flows(economy, flows, &snapshot);
    close_counts(economy, &snapshot);
    close_allowance(economy, &snapshot);
    close_deposits(economy, &snapshot);
    close_exposures(economy, &snapshot);
    balance_close(economy, &snapshot);
    work_close(economy, flows->crisis, &snapshot);
    *ret_snapshot = snapshot;
}

void snapshot_add(struct snapshot *sum, const struct snapshot *more)
{
    static const size_t first = offsetof(struct snapshot, outstanding);
    struct snapshot before = *sum;
    int64_t *to = (int64_t *)(void *)((char *)sum + first);
    const int64_t *from = (const int64_t *)(const void *)((const char *)more + first);
    for (size_t i = 0; i < (sizeof *sum - first) / sizeof *to; i++) {
        to[i] += from[i];
    }
    sum->largest_borrower = most_of(before.largest_borrower, more->largest_borrower);
    sum->top20_borrowers = most_of(before.top20_borrowers, more->top20_borrowers);
    sum->largest_depositor = most_of(before.largest_depositor, more->largest_depositor);
    sum->top20_depositors = most_of(before.top20_depositors, more->top20_depositors);
}
