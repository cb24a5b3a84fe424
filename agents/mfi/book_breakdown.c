#include "agents/mfi/book_breakdown.h"

#include <assert.h>
#include <string.h>

#include "proto/limits.h"

#define BRANCH_SLOTS   1024
#define BRANCH_ID_MAX  64
#define SIZE_BANDS_MAX 16

static_assert(BOOK_DIMENSIONS <= BOOK_PARTY_DIMS, "a party keeps a code of each dimension");
static_assert(BRANCH_SLOTS > 2 * BOOK_BRANCHES_MAX, "a free slot is found soon");

static const char *const age_codes[] = {"<30", "30-59", "60+", "U"};

struct size_band {
    const char *code;
    int64_t up_to; /* inclusive */
};

static const struct size_band built_in_bands[] = {
    {"LE100K", 100000}, {"LE500K", 500000},  {"LE1M", 1000000},
    {"LE5M", 5000000},  {"LE20M", 20000000}, {"GT20M", INT64_MAX},
};

struct book_breakdown {
    const struct book_work *work;
    bool is_present[BOOK_DIMENSIONS];
    struct book_measures *rows[BOOK_DIMENSIONS]; /* by code */
    size_t counts[BOOK_DIMENSIONS];
    struct book_measures cells[BOOK_CODES_MAX][BOOK_GENDERS]; /* district by gender */
    struct size_band bands[SIZE_BANDS_MAX];
    const char *branches[BOOK_BRANCHES_MAX];
    uint16_t branch_slots[BRANCH_SLOTS]; /* branch + 1; 0: empty */
    bool has_too_many_branches;
};

/* ---- making ---- */

static size_t take_bands(struct book_breakdown *breakdown)
{
    const PbSettings *settings = breakdown->work->options->settings;
    const char *currency = breakdown->work->manifest.currency;
    size_t count = 0;
    if (settings == NULL && strcmp(currency, "RWF") == 0) {
        count = sizeof built_in_bands / sizeof built_in_bands[0];
        memcpy(breakdown->bands, built_in_bands, sizeof built_in_bands);
    }
    for (size_t i = 0; settings != NULL && i < settings->n_size_bands; i++) {
        const Ihuriro__V1__SizeBand *band = settings->size_bands[i];
        if (strcmp(band->currency, currency) == 0 && count < SIZE_BANDS_MAX) {
            breakdown->bands[count].code = band->code;
            breakdown->bands[count].up_to = band->has_up_to ? band->up_to : INT64_MAX;
            count++;
        }
    }
    return count;
}

enum err book_breakdown_open(const struct book_work *work,
                             const bool is_present[static BOOK_DIMENSIONS],
                             struct book_breakdown **ret_breakdown)
{
    struct book_breakdown *made = arena_take(work->arena, sizeof *made);
    if (made == NULL) {
        return book_no_memory(work);
    }
    made->work = work;
    memcpy(made->is_present, is_present, sizeof made->is_present);
    made->counts[BOOK_GENDER] = BOOK_GENDERS;
    made->counts[BOOK_SECTOR] = book_dictionary_count(work->words.sectors);
    made->counts[BOOK_PRODUCT] = book_dictionary_count(work->words.products);
    made->counts[BOOK_DISTRICT] = book_dictionary_count(work->words.districts);
    made->counts[BOOK_AGE] = sizeof age_codes / sizeof age_codes[0];
    made->counts[BOOK_SIZE] = take_bands(made);
    made->is_present[BOOK_SIZE] = made->counts[BOOK_SIZE] > 0;
    for (size_t i = 1; i < BOOK_DIMENSIONS; i++) {
        size_t room = i == BOOK_BRANCH ? BOOK_BRANCHES_MAX : made->counts[i] + 1;
        made->rows[i] = arena_take(work->arena, room * sizeof *made->rows[i]);
        if (made->rows[i] == NULL) {
            return book_no_memory(work);
        }
    }
    *ret_breakdown = made;
    return ERR_OK;
}

/* ---- codes ---- */

enum err book_breakdown_branch(struct book_breakdown *breakdown, const struct book_cell *cell,
                               uint8_t *ret_code)
{
    struct book_cell name = cell->size > 0 ? *cell : (struct book_cell){"UNK", 3};
    uint32_t mix = 0;
    if (name.size > BRANCH_ID_MAX) {
        return ERR_TOO_LARGE;
    }
    for (size_t i = 0; i < name.size; i++) {
        mix = mix * 31 + (uint8_t)name.text[i];
    }
    size_t at = (mix * UINT32_C(2654435761)) >> 22;
    for (; breakdown->branch_slots[at] != 0; at = (at + 1) % BRANCH_SLOTS) {
        uint8_t code = (uint8_t)(breakdown->branch_slots[at] - 1);
        if (strcmp(breakdown->branches[code], name.text) == 0) {
            *ret_code = code;
            return ERR_OK;
        }
    }
    if (breakdown->counts[BOOK_BRANCH] == BOOK_BRANCHES_MAX) {
        breakdown->has_too_many_branches = true;
        *ret_code = 0;
        return ERR_OK;
    }
    uint8_t code = (uint8_t)breakdown->counts[BOOK_BRANCH];
    breakdown->branches[code] = arena_text(breakdown->work->arena, name.text);
    if (breakdown->branches[code] == NULL) {
        return ERR_MEMORY;
    }
    breakdown->branch_slots[at] = (uint16_t)(code + 1);
    breakdown->counts[BOOK_BRANCH]++;
    *ret_code = code;
    return ERR_OK;
}

/* The first band that reaches so far; the last takes what none does. */
uint8_t book_breakdown_size(const struct book_breakdown *breakdown, int64_t principal)
{
    size_t count = breakdown->counts[BOOK_SIZE];
    for (size_t i = 0; i + 1 < count; i++) {
        if (principal <= breakdown->bands[i].up_to) {
            return (uint8_t)i;
        }
    }
    return (uint8_t)(count == 0 ? 0 : count - 1);
}

uint8_t book_breakdown_age(int age)
{
    return age < 0 ? 3 : age < 30 ? 0 : age < 60 ? 1 : 2;
}

static const char *code_text(const struct book_breakdown *breakdown, size_t dimension, size_t code)
{
    const struct book_vocabulary *words = &breakdown->work->words;
    switch (dimension) {
    case BOOK_GENDER:
        return book_dictionary_code(words->genders, code);
    case BOOK_SECTOR:
        return book_dictionary_code(words->sectors, code);
    case BOOK_PRODUCT:
        return book_dictionary_code(words->products, code);
    case BOOK_DISTRICT:
        return book_dictionary_code(words->districts, code);
    case BOOK_SIZE:
        return breakdown->bands[code].code;
    case BOOK_BRANCH:
        return breakdown->branches[code];
    default:
        return age_codes[code];
    }
}

/* ---- adding ---- */

/* No sum can overflow: each is a part of a column's total, and those are checked. */
static void add(struct book_measures *row, const struct book_measures *measures)
{
    row->outstanding += measures->outstanding;
    row->par30 += measures->par30;
    row->par90 += measures->par90;
    row->restructured += measures->restructured;
    row->disbursed += measures->disbursed;
    row->written_off += measures->written_off;
    row->loans += measures->loans;
}

void book_breakdown_add(struct book_breakdown *breakdown,
                        const uint8_t codes[static BOOK_DIMENSIONS],
                        const struct book_measures *measures)
{
    for (size_t i = 1; i < BOOK_DIMENSIONS; i++) {
        if (breakdown->is_present[i]) {
            add(&breakdown->rows[i][codes[i]], measures);
        }
    }
    if (breakdown->is_present[BOOK_DISTRICT]) {
        add(&breakdown->cells[codes[BOOK_DISTRICT]][codes[BOOK_GENDER]], measures);
    }
}

void book_breakdown_add_code(struct book_breakdown *breakdown, const struct book_party *party,
                             unsigned dimension, uint8_t code)
{
    if (!breakdown->is_present[dimension]) {
        return;
    }
    breakdown->rows[dimension][code].borrowers += party->members;
    if (dimension == BOOK_DISTRICT) {
        breakdown->cells[code][party->codes[BOOK_GENDER]].borrowers += party->members;
    }
}

void book_breakdown_add_party(struct book_breakdown *breakdown, const struct book_party *party)
{
    for (unsigned i = 1; i < BOOK_DIMENSIONS; i++) {
        book_breakdown_add_code(breakdown, party, i, party->codes[i]);
    }
}

/* ---- hiding small cells ---- */

struct hidden {
    bool is[BOOK_CODES_MAX][BOOK_GENDERS];
};

/* One line of the table: a district over genders, or a gender over districts. */
struct line {
    bool is_district;
    size_t at;
    size_t length;
};

static uint64_t people(const struct book_breakdown *breakdown, const struct line *line, size_t i)
{
    return line->is_district ? breakdown->cells[line->at][i].borrowers
                             : breakdown->cells[i][line->at].borrowers;
}

static bool *mark(struct hidden *hidden, const struct line *line, size_t i)
{
    return line->is_district ? &hidden->is[line->at][i] : &hidden->is[i][line->at];
}

/* A line's total is public, so one hidden cell could be told from the others: hides the smallest of
 * them too. */
static bool complement(const struct book_breakdown *breakdown, const struct line *line,
                       struct hidden *hidden)
{
    size_t count = 0;
    size_t smallest = line->length;
    for (size_t i = 0; i < line->length; i++) {
        uint64_t here = people(breakdown, line, i);
        if (*mark(hidden, line, i)) {
            count++;
        } else if (here > 0 &&
                   (smallest == line->length || here < people(breakdown, line, smallest))) {
            smallest = i;
        }
    }
    if (count != 1 || smallest == line->length) {
        return false;
    }
    *mark(hidden, line, smallest) = true;
    return true;
}

/* A hidden cell is told by sums and differences of lines unless it lies on a circle of hidden cells
 * (district to gender by a cell, and back by others). */
#define CIRCLE_PLACES (BOOK_CODES_MAX + BOOK_GENDERS)

struct ways {
    uint64_t costs[CIRCLE_PLACES]; /* people who would be hidden on the way there */
    size_t from[CIRCLE_PLACES];    /* the place before it */
};

static bool shorten(struct ways *ways, size_t from, size_t to, uint64_t cost)
{
    if (ways->costs[from] == UINT64_MAX || ways->costs[from] + cost >= ways->costs[to]) {
        return false;
    }
    ways->costs[to] = ways->costs[from] + cost;
    ways->from[to] = from;
    return true;
}

/* From a district to all places, without its cell of the gender; what is hidden costs nothing. */
static void find_ways(const struct book_breakdown *breakdown, const struct hidden *hidden,
                      size_t district, size_t gender, struct ways *ways)
{
    memset(ways->costs, 0xFF, sizeof ways->costs);
    ways->costs[district] = 0;
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (size_t d = 0; d < breakdown->counts[BOOK_DISTRICT]; d++) {
            for (size_t g = 0; g < BOOK_GENDERS; g++) {
                uint64_t here = breakdown->cells[d][g].borrowers;
                if (here == 0 || (d == district && g == gender)) {
                    continue;
                }
                uint64_t cost = hidden->is[d][g] ? 0 : here;
                is_changed |= shorten(ways, d, BOOK_CODES_MAX + g, cost);
                is_changed |= shorten(ways, BOOK_CODES_MAX + g, d, cost);
            }
        }
    }
}

/* Hides what closes the cheapest circle through the cell. Where there is none, the cell is all of a
 * line, which the table of one dimension shows anyway. */
static bool close_circle(const struct book_breakdown *breakdown, struct hidden *hidden,
                         size_t district, size_t gender)
{
    struct ways ways;
    size_t at = BOOK_CODES_MAX + gender;
    bool is_changed = false;
    find_ways(breakdown, hidden, district, gender, &ways);
    while (ways.costs[at] != UINT64_MAX && at != district) {
        size_t before = ways.from[at];
        size_t d = at < BOOK_CODES_MAX ? at : before;
        size_t g = (at < BOOK_CODES_MAX ? before : at) - BOOK_CODES_MAX;
        is_changed |= !hidden->is[d][g];
        hidden->is[d][g] = true;
        at = before;
    }
    return is_changed;
}

static void hide_small(const struct book_breakdown *breakdown, struct hidden *hidden)
{
    for (size_t d = 0; d < breakdown->counts[BOOK_DISTRICT]; d++) {
        for (size_t g = 0; g < BOOK_GENDERS; g++) {
            uint64_t here = breakdown->cells[d][g].borrowers;
            hidden->is[d][g] = here > 0 && here <= BOOK_SMALL_CELL_MAX;
        }
    }
}

static bool hide_complements(const struct book_breakdown *breakdown, struct hidden *hidden)
{
    size_t districts = breakdown->counts[BOOK_DISTRICT];
    bool is_changed = false;
    for (size_t d = 0; d < districts; d++) {
        struct line line = {true, d, BOOK_GENDERS};
        is_changed |= complement(breakdown, &line, hidden);
    }
    for (size_t g = 0; g < BOOK_GENDERS; g++) {
        struct line line = {false, g, districts};
        is_changed |= complement(breakdown, &line, hidden);
    }
    return is_changed;
}

static bool close_circles(const struct book_breakdown *breakdown, struct hidden *hidden)
{
    bool is_changed = false;
    for (size_t d = 0; d < breakdown->counts[BOOK_DISTRICT]; d++) {
        for (size_t g = 0; g < BOOK_GENDERS; g++) {
            is_changed |= hidden->is[d][g] && close_circle(breakdown, hidden, d, g);
        }
    }
    return is_changed;
}

/* Ends: each turn hides at least one more. */
static void hide(const struct book_breakdown *breakdown, struct hidden *hidden)
{
    hide_small(breakdown, hidden);
    while (hide_complements(breakdown, hidden) || close_circles(breakdown, hidden)) {
    }
}

/* ---- the report's rows ---- */

struct putting {
    const struct book_breakdown *breakdown;
    PbPortfolio *portfolio;
    bool has_written_off;
    size_t room;
};

static PbBreakdownRow *put_row(struct putting *putting, size_t dimension, size_t code)
{
    struct arena *arena = putting->breakdown->work->arena;
    PbBreakdownRow *row = arena_take(arena, sizeof *row);
    char *text = arena_text(arena, code_text(putting->breakdown, dimension, code));
    assert(putting->portfolio->n_breakdown < putting->room);
    if (row == NULL || text == NULL) {
        return NULL;
    }
    ihuriro__v1__breakdown_row__init(row);
    row->dim = (Ihuriro__V1__BreakdownRow__Dimension)dimension;
    row->code = text;
    putting->portfolio->breakdown[putting->portfolio->n_breakdown++] = row;
    return row;
}

static void put_stocks(PbBreakdownRow *row, const struct book_measures *measures)
{
    row->has_outstanding = row->has_loans = row->has_borrowers = true;
    row->has_par30 = row->has_par90 = row->has_restructured = true;
    row->outstanding = measures->outstanding;
    row->loans = measures->loans;
    row->borrowers = measures->borrowers;
    row->par30 = measures->par30;
    row->par90 = measures->par90;
    row->restructured = measures->restructured;
}

static bool is_empty(const struct book_measures *measures)
{
    return measures->loans == 0 && measures->disbursed == 0 && measures->written_off == 0;
}

static enum err put_dimension(struct putting *putting, size_t dimension)
{
    const struct book_breakdown *breakdown = putting->breakdown;
    for (size_t code = 0; code < breakdown->counts[dimension]; code++) {
        const struct book_measures *measures = &breakdown->rows[dimension][code];
        if (is_empty(measures)) {
            continue;
        }
        PbBreakdownRow *row = put_row(putting, dimension, code);
        if (row == NULL) {
            return ERR_MEMORY;
        }
        put_stocks(row, measures);
        row->has_disbursed = true;
        row->disbursed = measures->disbursed;
        row->has_written_off = putting->has_written_off;
        row->written_off = putting->has_written_off ? measures->written_off : 0;
    }
    return ERR_OK;
}

/* Stocks only: one person's loan or write-off of the month would stand alone in a cell of many. */
static enum err put_cells(struct putting *putting)
{
    const struct book_breakdown *breakdown = putting->breakdown;
    struct hidden hidden = {0};
    hide(breakdown, &hidden);
    for (size_t d = 0; d < breakdown->counts[BOOK_DISTRICT]; d++) {
        for (size_t g = 0; g < BOOK_GENDERS; g++) {
            if (breakdown->cells[d][g].loans == 0) {
                continue;
            }
            PbBreakdownRow *row = put_row(putting, BOOK_DISTRICT, d);
            if (row == NULL) {
                return ERR_MEMORY;
            }
            row->has_dim2 = true;
            row->dim2 = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER;
            row->code2 = arena_text(breakdown->work->arena, code_text(breakdown, BOOK_GENDER, g));
            if (row->code2 == NULL) {
                return ERR_MEMORY;
            }
            if (hidden.is[d][g]) {
                row->has_suppressed = true;
                row->suppressed = true;
            } else {
                put_stocks(row, &breakdown->cells[d][g]);
            }
        }
    }
    return ERR_OK;
}

enum err book_breakdown_put(const struct book_breakdown *breakdown, bool has_written_off,
                            PbPortfolio *portfolio)
{
    struct putting putting = {breakdown, portfolio, has_written_off, 0};
    for (size_t i = 1; i < BOOK_DIMENSIONS; i++) {
        putting.room += breakdown->counts[i];
    }
    putting.room += breakdown->counts[BOOK_DISTRICT] * BOOK_GENDERS;
    assert(putting.room <= REPEATED_ROWS_MAX);
    portfolio->breakdown =
        arena_take(breakdown->work->arena, putting.room * sizeof *portfolio->breakdown);
    enum err err = portfolio->breakdown == NULL ? ERR_MEMORY : ERR_OK;
    for (size_t i = 1; err == ERR_OK && i < BOOK_DIMENSIONS; i++) {
        bool is_left_out = i == BOOK_BRANCH && breakdown->has_too_many_branches;
        if (is_left_out) {
            book_notes_add(breakdown->work->notes, SEVERITY_WARNING,
                           "loans.csv: more than %d branches: the report is made without the "
                           "breakdown by branch",
                           BOOK_BRANCHES_MAX);
        } else if (breakdown->is_present[i]) {
            err = put_dimension(&putting, i);
        }
    }
    if (err == ERR_OK && breakdown->is_present[BOOK_DISTRICT]) {
        err = put_cells(&putting);
    }
    return err == ERR_OK ? err : book_no_memory(breakdown->work);
}
