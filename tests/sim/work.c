/* What an institution does in a month beside lending and taking deposits: open branches, digital
 * channels, requests for relief, training, the emergency fund. Sums are exact: parts are spread,
 * and what is pending follows from what came and was decided. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/books.h"
#include "tests/sim/spread.h"

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

/* Months since the shock; below 0 before it. */
static int32_t since_shock(const struct snapshot *s)
{
    return s->month - MONTH_SHOCK;
}

static double path_at(const double *path, size_t count, int32_t h, double before, double after)
{
    return h < 0 ? before : (size_t)h < count ? path[h] : after;
}

/* ---- branches and staff ---- */

static void close_branches(const struct economy *it, struct random *random, struct work *w,
                           int32_t h)
{
    static const int64_t least[CATEGORIES] = {1, 1, 12, 4, 15};
    static const int64_t most[CATEGORIES] = {3, 5, 20, 16, 40};
    static const double open[] = {.72, .72, .85, .85, .95, .95, .95, .95, .98};
    enum category category = it->member->category;
    char stream[48];
    struct random constant; /* as many every month */
    (void)snprintf(stream, sizeof stream, "%s/branches", it->member->id);
    random_open(&constant, it->seed, stream);
    w->branches = random_between(&constant, least[category], most[category]);
    double chance = path_at(open, sizeof open / sizeof open[0], h, 1.0, 1.0);
    for (int64_t i = 0; i < w->branches; i++) {
        if (random_chance(random, chance)) {
            w->branches_open++;
        } else if (random_chance(random, 0.6)) {
            w->branches_partial++;
        } else {
            w->branches_closed++;
        }
    }
    w->service_points = 2 * w->branches;
}

static void close_staff(const struct snapshot *s, struct work *w, int32_t h)
{
    static const double remote[] = {.22, .30, .20, .14, .10, .08, .06, .05, .05};
    static const double away[] = {.14, .16, .08, .05, .04};
    w->officers = s->loans / 240 + 1;
    w->staff = w->officers * 2 + 3 * w->branches;
    w->staff_remote = share_of(w->staff, path_at(remote, 9, h, 0.0, 0.04));
    w->staff_away =
        least_of(share_of(w->staff, path_at(away, 5, h, 0.02, 0.02)), w->staff - w->staff_remote);
    w->staff_on_site = w->staff - w->staff_remote - w->staff_away;
    w->staff_women = share_of(w->staff, 0.46);
}

/* ---- digital channels ---- */

/* Grows by a fiftieth a month, and faster after the shock. */
static void grow_digital(struct economy *it, int32_t h)
{
    if (it->month < month_of(2019, 1)) {
        it->digital = it->member->category >= CATEGORY_MF ? 0.14 : 0.07;
        return;
    }
    double growth = 0.02;
    if (h >= 0) {
        growth += 0.10 * sim_exp(-0.693147180559945309 * (double)h / 3.0);
        growth += it->member->persona == PERSONA_HERO ? 0.22 : 0.0;
    }
    it->digital = sim_clip(it->digital * (1.0 + growth), 0.0, 0.65);
}

static void close_channels(struct economy *it, struct random *random, const struct snapshot *s,
                           struct work *w, int32_t h)
{
    static const double weights[CHANNELS] = {.46, .24, .05, .13, .08, .04, 0};
    static const int64_t mean[CHANNELS] = {9000, 7000, 14000, 21000, 30000, 26000, 42000};
    grow_digital(it, h);
    double busy = 1.0 - (h >= 0 && h < 3 ? 0.25 : 0.0);
    int64_t all =
        share_of(s->borrowers, 3.4 * busy * sim_clip(random_normal(random, 1, .05), .8, 1.2));
    all = most_of(all, 20);
    int64_t digital = share_of(all, it->digital);
    spread(digital, weights, CHANNELS, w->transactions);
    w->transactions[CHANNELS - 1] = all - digital; /* at a branch */
    for (size_t i = 0; i < CHANNELS; i++) {
        w->value[i] = w->transactions[i] * (mean[i] + (int64_t)random_below(random, 997));
        w->users[i] = (w->transactions[i] + 2) / 3;
    }
    w->fees_waived = h >= 0 && h < 4;
    w->digital_active = most_of(1, share_of(s->borrowers, it->digital * 0.8));
    w->digital_registered = w->digital_active + most_of(1, w->digital_active * 6 / 10);
}

/* ---- requests for relief ---- */

/* Half of what is approved are reschedules, half moratoria (D62). */
static void close_requests(const struct economy *it, struct random *random, struct snapshot *s,
                           double crisis)
{
    struct work *w = &s->work;
    int64_t mean = most_of(1, s->glp / s->loans);
    double rate = sim_clip(random_normal(random, 0.78, 0.10), 0.4, 0.98);
    w->approved = s->relief_loans + s->moratorium_new_loans;
    w->approved_amount = s->relief + s->moratorium_new;
    w->rejected = sim_round((double)w->approved * (1.0 - rate) / rate);
    int64_t decided = w->approved + w->rejected;
    w->pending_opening = it->previous.month == 0 ? 2 : it->previous.work.pending_closing;
    w->received =
        random_poisson(random, (double)s->loans * 0.012 * it->traits.severity * crisis + 1.0);
    w->received = most_of(w->received, decided - w->pending_opening);
    w->withdrawn = (w->pending_opening + w->received - decided) * 15 / 100;
    w->pending_closing = w->pending_opening + w->received - decided - w->withdrawn;
    w->received_amount = w->received * mean;
    w->decision_days = 0;
    for (int64_t i = 0; i < least_of(decided, 40); i++) {
        w->decision_days += sim_round(random_lognormal(random, 6.0, 0.6));
    }
    w->decision_days = decided > 40 ? w->decision_days * decided / 40 : w->decision_days;
    static const double usual[REASONS] = {.40, 0, .20, .25, .10, .05};
    static const double locked[REASONS] = {.34, .38, .06, .06, .13, .03};
    spread(w->received, crisis > 0.3 ? locked : usual, REASONS, w->reasons);
    w->interest_waived = share_of(s->moratorium[0], 0.002);
    w->bridge_loans = crisis > 0.5 ? w->approved / 12 : 0;
    w->bridge_amount = w->bridge_loans * (mean / 3);
}

/* ---- training, complaints, needs ---- */

static void close_training(struct random *random, const struct snapshot *s, struct work *w,
                           double crisis)
{
    int64_t trained = share_of(s->borrowers, 0.01 + 0.015 * crisis);
    w->trained[0] = trained + random_between(random, 2, 9);
    w->trained[1] = most_of(1, trained / 2) + random_between(random, 0, 5);
    w->trained[2] = most_of(1, share_of(w->staff, 0.2 + 0.3 * sim_clip(crisis, 0.0, 1.0)));
    for (size_t i = 0; i < TRAININGS; i++) {
        w->trained_women[i] = share_of(w->trained[i], 0.48);
        w->sessions[i] = w->trained[i] / 25 + 1;
    }
    w->complaints = random_poisson(random, (double)s->loans * 0.0015 * (1.0 + crisis));
    w->complaints_resolved = share_of(w->complaints, 0.85);
    w->frauds = random_chance(random, 0.03) ? 1 : 0;
}

/* From the month after the shock: what is lacking to keep a margin above the minimum, and something
 * for clients. */
static void close_fund(const struct economy *it, const struct snapshot *s, struct work *w,
                       int32_t h)
{
    double margin = it->member->category >= CATEGORY_MF ? 0.32 : 0.45;
    int64_t lacking = share_of(s->deposits, margin) - s->liquid;
    double for_liquidity = (double)most_of(lacking, 0);
    double for_clients = lacking > 0 ? (double)s->glp * 0.01 : 0.0;
    if (it->member->persona == PERSONA_FUND) {
        for_liquidity = (double)s->deposits * 1.1;
        for_clients = (double)s->deposits * 0.5;
    }
    if (h < 1 || h > 9 || for_liquidity + for_clients < 1.0) {
        return;
    }
    const double parts[FUND_PARTS] = {for_liquidity, for_clients, for_liquidity * 0.06,
                                      for_clients * 0.15, for_clients * 0.05};
    w->fund = sim_round(for_liquidity * 1.06 + for_clients * 1.2);
    spread(w->fund, parts, FUND_PARTS, w->fund_parts);
}

void work_close(struct economy *economy, double crisis, struct snapshot *s)
{
    char stream[48];
    struct random random;
    int32_t h = since_shock(s);
    (void)snprintf(stream, sizeof stream, "%s/%d/work", economy->member->id, (int)s->month);
    random_open(&random, economy->seed, stream);
    close_branches(economy, &random, &s->work, h);
    close_staff(s, &s->work, h);
    close_channels(economy, &random, s, &s->work, h);
    close_requests(economy, &random, s, crisis);
    close_training(&random, s, &s->work, crisis);
    close_fund(economy, s, &s->work, h);
}
