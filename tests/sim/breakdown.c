#include "tests/sim/rows.h"

#define TABLE_ROWS_MAX 9
#define BREAKDOWN_MAX  32

struct table {
    Ihuriro__V1__BreakdownRow__Dimension dimension;
    size_t count;
    const char *const *codes;
    const double *weights;
    double worse; /* the last row is that much more often late than the first */
};

struct measures {
    int64_t outstanding[TABLE_ROWS_MAX];
    int64_t loans[TABLE_ROWS_MAX];
    int64_t borrowers[TABLE_ROWS_MAX];
    int64_t par30[TABLE_ROWS_MAX];
    int64_t par90[TABLE_ROWS_MAX];
    int64_t restructured[TABLE_ROWS_MAX];
    int64_t disbursed[TABLE_ROWS_MAX];
    int64_t written_off[TABLE_ROWS_MAX];
};

static int64_t sum_over(const int64_t *rows, const struct snapshot *s, int32_t days)
{
    int64_t sum = 0;
    for (size_t i = 0; i < AGING_ROWS; i++) {
        sum += rows == s->restructured || aging_edges[i].least > days ? rows[i] : 0;
    }
    return sum;
}

/* No part above its cap: what is too much goes to whichever has room. The caps' sum is enough. */
static void keep_within(int64_t *parts, const int64_t *caps, size_t count)
{
    int64_t excess = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] > caps[i]) {
            excess += parts[i] - caps[i];
            parts[i] = caps[i];
        }
    }
    for (size_t i = 0; i < count && excess > 0; i++) {
        int64_t room = caps[i] - parts[i];
        int64_t moved = room < excess ? room : excess;
        parts[i] += moved;
        excess -= moved;
    }
}

static void measure(const struct table *table, const struct snapshot *s, struct measures *m)
{
    double late[TABLE_ROWS_MAX];
    for (size_t i = 0; i < table->count; i++) {
        double position = table->count > 1 ? (double)i / (double)(table->count - 1) : 0.0;
        late[i] = table->weights[i] * (1.0 + table->worse * position);
    }
    spread(s->glp, table->weights, table->count, m->outstanding);
    spread(s->loans, table->weights, table->count, m->loans);
    spread(s->borrowers, table->weights, table->count, m->borrowers);
    spread(s->disbursed, table->weights, table->count, m->disbursed);
    spread(sum_over(s->outstanding, s, 30), late, table->count, m->par30);
    spread(sum_over(s->outstanding, s, 90), late, table->count, m->par90);
    spread(sum_over(s->restructured, s, 0), late, table->count, m->restructured);
    spread(s->written_off, late, table->count, m->written_off);
    keep_within(m->par30, m->outstanding, table->count);
    keep_within(m->par90, m->par30, table->count);
    keep_within(m->restructured, m->outstanding, table->count);
}

static bool add_table(struct arena *arena, const struct table *table, const struct snapshot *s,
                      PbPortfolio *portfolio)
{
    struct measures m = {0};
    measure(table, s, &m);
    for (size_t i = 0; i < table->count && portfolio->n_breakdown < BREAKDOWN_MAX; i++) {
        PbBreakdownRow *row = arena_take(arena, sizeof(*row));
        char *code = arena_text(arena, table->codes[i]);
        if (row == NULL || code == NULL) {
            return false;
        }
        ihuriro__v1__breakdown_row__init(row);
        row->dim = table->dimension;
        row->code = code;
        SET(row, outstanding, m.outstanding[i]);
        SET_COUNT(row, loans, m.loans[i]);
        SET_COUNT(row, borrowers, m.borrowers[i]);
        SET(row, par30, m.par30[i]);
        SET(row, par90, m.par90[i]);
        SET(row, restructured, m.restructured[i]);
        SET(row, disbursed, m.disbursed[i]);
        SET(row, written_off, m.written_off[i]);
        portfolio->breakdown[portfolio->n_breakdown++] = row;
    }
    return true;
}

bool add_breakdown(struct arena *arena, const struct member *member, const struct traits *traits,
                   const struct snapshot *snapshot, PbPortfolio *portfolio)
{
    static const char *const genders[] = {"F", "M", "E"};
    static const char *const sectors[] = {"AGRI",      "COMMERCE",    "SERVICES",
                                          "TRANSPORT", "MANUF",       "CONSTR_HOUSING",
                                          "EDUCATION", "CONSUMPTION", "OTHER"};
    static const char *const products[] = {"INDIV",   "AGRI",      "SALARY",  "ASSET",
                                           "HOUSING", "EMERGENCY", "DIGITAL", "OTHER"};
    static const char *const sizes[] = {"LE100K", "LE500K", "LE1M", "LE5M", "LE20M", "GT20M"};
    const double gender[] = {traits->women * 0.94, (1.0 - traits->women) * 0.97, 0.04};
    const double all[] = {1.0};
    const struct table tables[] = {
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER, 3, genders, gender, 0.35},
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SECTOR, 9, sectors, traits->sectors, 0.25},
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__PRODUCT, 8, products, traits->products, 0.30},
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SIZE, 6, sizes, traits->sizes, -0.20},
        {IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__DISTRICT, 1, &member->district, all, 0.0},
    };
    portfolio->breakdown = arena_take(arena, BREAKDOWN_MAX * sizeof(*portfolio->breakdown));
    bool is_whole = portfolio->breakdown != NULL;
    for (size_t i = 0; is_whole && i < sizeof(tables) / sizeof(tables[0]); i++) {
        is_whole = add_table(arena, &tables[i], snapshot, portfolio);
    }
    return is_whole;
}
