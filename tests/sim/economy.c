#include "tests/sim/economy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/books.h"

#define CRISIS_START 1.75
#define CRISIS_HALF  3.8
#define LN_2         0.693147180559945309

int32_t month_of(int year, int month)
{
    return (year - 1970) * 12 + month - 1;
}

struct period month_period(int32_t month)
{
    struct period period = {.frequency = FREQUENCY_M};
    int32_t next = 0;
    /* Months are within the years that period.h takes: the simulator's own. */
    if (day_from_date(1970 + month / 12, month % 12 + 1, 1, &period.start_day) != ERR_OK ||
        day_from_date(1970 + (month + 1) / 12, (month + 1) % 12 + 1, 1, &next) != ERR_OK) {
        abort();
    }
    period.end_day = next - 1;
    return period;
}

/* ---- what an institution is ---- */

static void draw_weights(struct random *random, const double *means, size_t count, double sd,
                         double *ret_weights)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        ret_weights[i] = means[i] * sim_exp(random_normal(random, 0.0, sd));
        sum += ret_weights[i];
    }
    for (size_t i = 0; i < count; i++) {
        ret_weights[i] /= sum;
    }
}

/* Tourism and the border: those districts are hit harder. */
static double district_factor(const struct member *member, uint64_t seed)
{
    static const char *const hard_hit[] = {"303", "101", "102", "103", "306"};
    char stream[32];
    (void)snprintf(stream, sizeof(stream), "district/%s", member->district);
    struct random random;
    random_open(&random, seed, stream);
    double factor = random_normal(&random, 0.0, 0.2);
    for (size_t i = 0; i < sizeof(hard_hit) / sizeof(hard_hit[0]); i++) {
        factor += strcmp(hard_hit[i], member->district) == 0 ? 0.3 : 0.0;
    }
    return factor;
}

static void draw_exposures(struct random *random, const struct member *member,
                           struct traits *traits)
{
    bool is_small = member->category == CATEGORY_USACCO;
    traits->largest_share = (is_small ? 0.025 : 0.015) * random_lognormal(random, 1.0, 0.3);
    traits->top20_share = traits->largest_share * (is_small ? 7.0 : 9.0);
    traits->related_share = 0.012 * random_lognormal(random, 1.0, 0.4);
    traits->insider_share = traits->related_share * (0.3 + 0.4 * random_unit(random));
    if (member->persona == PERSONA_INSIDER) {
        traits->related_share = 0.14;
        traits->insider_share = 0.11;
    }
    traits->largest_depositor_share = 0.03 * random_lognormal(random, 1.0, 0.4);
    traits->top20_depositor_share = traits->largest_depositor_share * 6.0;
    traits->largest_depositor_share = sim_clip(traits->largest_depositor_share, 0.005, 0.10);
    traits->top20_depositor_share = sim_clip(traits->top20_depositor_share, 0.05, 0.55);
    traits->largest_share = sim_clip(traits->largest_share, 0.004, 0.06);
    traits->top20_share = sim_clip(traits->top20_share, 0.05, 0.5);
}

static void draw_traits(struct random *random, const struct member *member, uint64_t seed,
                        struct traits *traits)
{
    static const double sacco_sectors[] = {.30, .35, .07, .05, .03, .10, .04, .04, .02};
    static const double company_sectors[] = {.14, .38, .12, .08, .05, .11, .05, .05, .02};
    static const double products[] = {.42, .22, .12, .06, .08, .03, .05, .02};
    static const double sizes[] = {.06, .22, .18, .30, .16, .08};
    static const double deposit_split[] = {.20, .52, .12, .16};
    static const double liquid_split[] = {.09, .38, .20, .18, .04, .11};
    const struct category_traits *category = &category_traits[member->category];
    bool is_company = member->category >= CATEGORY_MF;
    traits->quality = random_normal(random, category->quality, 0.95);
    traits->severity =
        sim_clip(random_normal(random, 1.0, 0.3), 0.2, 3.0) + district_factor(member, seed);
    /* 0.9: with three banks in the capital, the sector's sums stay in the ranges of D62. */
    traits->severity = sim_clip(traits->severity, 0.2, 3.0) * category->shock * 0.9;
    if (member->persona == PERSONA_HERO) {
        traits->severity = 0.35;
    }
    traits->liquidity_target = sim_clip(
        random_normal(random, category->liquidity_mean, category->liquidity_sd), 0.22, 1.6);
    traits->moratorium =
        0.85 * category->moratorium * sim_clip(random_normal(random, 1.0, 0.5), 0.1, 3.0);
    traits->women =
        sim_clip(random_normal(random, category->women_mean, category->women_sd), 0.15, 0.9);
    draw_weights(random, is_company ? company_sectors : sacco_sectors, 9, 0.35, traits->sectors);
    draw_weights(random, products, 8, 0.35, traits->products);
    draw_weights(random, sizes, 6, 0.25, traits->sizes);
    draw_weights(random, deposit_split, 4, 0.25, traits->deposit_split);
    draw_weights(random, liquid_split, 6, 0.30, traits->liquid_split);
    draw_exposures(random, member, traits);
}

enum err economy_open(const struct member *member, uint64_t seed, struct economy **ret_economy)
{
    struct economy *economy = calloc(1, sizeof(*economy));
    if (economy == NULL) {
        return ERR_MEMORY;
    }
    const struct category_traits *category = &category_traits[member->category];
    struct random *random = &economy->random;
    random_open(random, seed, member->id);
    economy->member = member;
    economy->seed = seed;
    economy->month = MONTH_FIRST;
    draw_traits(random, member, seed, &economy->traits);
    static const double start[BUCKETS] = {.86, .045, .02, .015, .025, .02, .015};
    /* Clipped, so that no single company is half of the sector. */
    double glp = sim_clip(random_lognormal(random, category->glp_median, category->glp_sigma),
                          category->glp_median / 6.0, category->glp_median * 5.0);
    if (member->persona == PERSONA_FUND) {
        glp = 110e6; /* small among its like */
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        economy->bucket[i] = glp * start[i];
    }
    economy->loan_average =
        sim_clip(category->loan_average * random_lognormal(random, 1.0, 0.15), 150e3, 3e6);
    economy->deposits = glp * category->deposits_share * random_lognormal(random, 1.0, 0.35);
    economy->liquidity = economy->traits.liquidity_target;
    economy->written_off_stock = sim_round(glp * 0.02);
    *ret_economy = economy;
    return ERR_OK;
}

void economy_close(struct economy **economy)
{
    free(*economy);
    *economy = NULL;
}

const struct traits *economy_traits(const struct economy *economy)
{
    return &economy->traits;
}

/* ---- a month ---- */

static double least_of(double a, double b)
{
    return a < b ? a : b;
}

/* The crisis's weight, 0 before it. */
static double crisis_at(int32_t month)
{
    int32_t h = month - MONTH_SHOCK;
    return h < 0 ? 0.0 : CRISIS_START * sim_exp(-LN_2 * (double)h / CRISIS_HALF);
}

static double season_at(int32_t month)
{
    /* sin(2 pi (m - 1) / 12), written out: libm's sin differs between versions. */
    static const double sines[] = {-0.5, 0.0, 0.5,  0.8660254037844386,  1.0,  0.8660254037844386,
                                   0.5,  0.0, -0.5, -0.8660254037844386, -1.0, -0.8660254037844386};
    return 1.0 + 0.18 * sines[month % 12];
}

static double total_of(const double *bucket)
{
    double sum = 0.0;
    for (size_t i = 0; i < BUCKETS; i++) {
        sum += bucket[i];
    }
    return sum;
}

/* Renegotiations: half reschedules, which stay in the book as current, half moratoria (D62). */
static void grant_relief(struct economy *it, struct month_flows *flows)
{
    static const double weights[] = {.40, .25, .18, .10, .07};
    static const int32_t terms[] = {3, 6, 6, 9, 12};
    int32_t h = it->month - MONTH_SHOCK;
    double total = total_of(it->bucket);
    double share = 0.0006;
    if (h >= 0 && h <= 4) {
        share += it->traits.moratorium * weights[h];
    }
    if (it->member->persona == PERSONA_EVERGREENING && h >= 0) {
        /* What goes bad is written anew. */
        double hidden = it->bucket[2] * 0.85 + it->bucket[3] * 0.85 + it->bucket[4] * 0.25;
        it->bucket[2] *= 0.15;
        it->bucket[3] *= 0.15;
        it->bucket[4] *= 0.75;
        it->bucket[0] += hidden;
        flows->restructured += hidden;
    }
    double take = share * total;
    double from_1 = least_of(it->bucket[1] * 0.6, take * 0.45);
    double from_31 = least_of(it->bucket[2] * 0.5, take * 0.20);
    it->bucket[1] -= from_1;
    it->bucket[2] -= from_31;
    it->bucket[0] -= take - from_1 - from_31;
    it->bucket[0] += take / 2;
    flows->restructured += take / 2;
    flows->relief = take / 2;
    flows->moratorium_new = take / 2;
    int32_t term = terms[random_below(&it->random, 5)];
    if (it->moratoria_count < MORATORIA_KEPT) {
        it->moratoria[it->moratoria_count++] =
            (struct pool){.month = it->month + term, .amount = take / 2};
    } else {
        it->bucket[0] += take / 2;
    }
}

static void end_moratoria(struct economy *it, struct month_flows *flows)
{
    size_t kept = 0;
    for (size_t i = 0; i < it->moratoria_count; i++) {
        struct pool *pool = &it->moratoria[i];
        if (pool->month > it->month) {
            it->moratoria[kept++] = *pool;
            continue;
        }
        double late = least_of(0.9, 0.22 * sqrt(it->traits.severity)) * pool->amount;
        it->bucket[1] += late;
        it->bucket[0] += pool->amount - late;
        flows->moratorium_ended += pool->amount;
        flows->moratorium_paying += pool->amount - late;
    }
    it->moratoria_count = kept;
}

/* Ageing by the monthly transitions of DOMAIN section 8. */
static void age_book(struct economy *it, struct month_flows *flows)
{
    double g = crisis_at(it->month);
    double s = it->traits.severity;
    double f = sim_exp(0.35 * it->traits.quality);
    double root_f = sim_exp(0.175 * it->traits.quality);
    double noise = sim_exp(random_normal(&it->random, 0.0, 0.10));
    double fall = least_of(0.5, 0.0245 * f * (1.0 + s * g) * noise);
    double cure = sim_clip(1.0 - 0.16 * s * g, 0.35, 1.0);
    double p1 = least_of(0.80, 0.36 * root_f * (1.0 + 0.25 * g * s));
    double p2 = least_of(0.85, 0.62 * (1.0 + 0.10 * g * s));
    double p3 = least_of(0.90, 0.72 * (1.0 + 0.05 * g * s));
    const double *x = it->bucket;
    double c1 = least_of(0.50 * cure, 1.0 - p1);
    double c2 = least_of(0.24 * cure, 1.0 - p2);
    double c3 = least_of(0.14 * cure, 1.0 - p3);
    double y[BUCKETS] = {0};
    y[0] =
        x[0] * (1.0 - fall) + x[1] * c1 + x[2] * c2 + x[3] * c3 + x[4] * 0.08 * cure + x[5] * 0.05;
    y[1] = x[0] * fall + x[1] * (1.0 - c1 - p1);
    y[2] = x[1] * p1 + x[2] * (1.0 - c2 - p2);
    y[3] = x[2] * p2 + x[3] * (1.0 - c3 - p3);
    y[4] = x[3] * p3 + x[4] * 0.64 + x[4] * 0.08 * (1.0 - cure);
    y[5] = x[4] * 0.28 + x[5] * 0.78;
    y[6] = x[5] * 0.17 + x[6] * 0.85;
    flows->written_off = x[6] * 0.12;
    memcpy(it->bucket, y, sizeof(y));
}

static void lend(struct economy *it, struct month_flows *flows)
{
    static const double after_shock[] = {.35, .30, .55, .75, .85};
    int32_t h = it->month - MONTH_SHOCK;
    double season = season_at(it->month);
    double performing = it->bucket[0];
    double repaid = performing * 0.085 * (1.0 - 0.12 * crisis_at(it->month));
    double slump = h < 0 ? 1.0 : h < 5 ? after_shock[h] : 0.95;
    double noise = sim_exp(random_normal(&it->random, 0.0, 0.08));
    it->bucket[0] -= repaid;
    flows->disbursed =
        (repaid + 0.0125 * total_of(it->bucket) + flows->written_off) * season * noise * slump;
    it->bucket[0] += flows->disbursed;
}

static void move_deposits(struct economy *it)
{
    int32_t h = it->month - MONTH_SHOCK;
    double root_s = sqrt(it->traits.severity);
    double season = season_at(it->month);
    double growth = 0.011 * season + random_normal(&it->random, 0.0, 0.012);
    if (h >= 0) {
        static const double fixed[] = {-0.055, -0.03, -0.005};
        double mean = h < 2 ? fixed[h] * root_s : h == 2 ? fixed[2] : 0.009 * season;
        growth = mean + random_normal(&it->random, 0.0, 0.015);
    }
    if (it->member->persona == PERSONA_HERO && h > 1) {
        growth += 0.02;
    }
    if (it->member->persona == PERSONA_RUN && h == 1) {
        growth = -0.18;
    }
    it->deposits *= 1.0 + sim_clip(growth, -0.3, 0.3);
    static const double hits[] = {0.12, 0.07, 0.027};
    double hit = h >= 0 && h < 3 ? hits[h] * it->traits.severity : 0.0;
    it->liquidity += 0.18 * (it->traits.liquidity_target - it->liquidity) +
                     random_normal(&it->random, 0.0, 0.035) - hit;
    it->liquidity = sim_clip(it->liquidity, 0.04, 1.8);
}

void economy_next(struct economy *economy, struct snapshot *ret_snapshot)
{
    struct month_flows flows = {.crisis = crisis_at(economy->month)};
    grant_relief(economy, &flows);
    age_book(economy, &flows);
    end_moratoria(economy, &flows);
    lend(economy, &flows);
    move_deposits(economy);
    books_close(economy, &flows, ret_snapshot);
    economy->previous = *ret_snapshot;
    economy->month++;
}
