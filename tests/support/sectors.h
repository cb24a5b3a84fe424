/* Small sectors as unit tests of totals write them down: who there is, and a few figures of each.
 */
#ifndef IHURIRO_TESTS_SUPPORT_SECTORS_H
#define IHURIRO_TESTS_SUPPORT_SECTORS_H

#include "proto/totals.h"

#include "tests/support/histories.h"
#include "tests/support/reports.h"

#define ABSENT INT64_MIN

struct member_row {
    const char *id;
    const char *category;
    const char *district;
    const char *peer_group;
    const char *currency; /* NULL: RWF */
    int64_t assets;       /* 0: not given */
    const char *reports_from;
};

static inline void enrols(struct history *history, const struct member_row *row)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    party.has_role = 1;
    party.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    party.name = words(row->id);
    party.category = words(row->category);
    party.district = words(row->district);
    party.peer_group = words(row->peer_group);
    party.currency = words(row->currency == NULL ? "RWF" : row->currency);
    party.has_assets = party.has_assets_on_day = row->assets > 0;
    party.assets = row->assets;
    party.assets_on_day = date_of("2019-12-31");
    party.has_reports_from_day = 1;
    party.reports_from_day = date_of(row->reports_from == NULL ? "2019-01-01" : row->reports_from);
    event.party = &party;
    happens(history, row->id, &event);
}

/* Monthly PORTFOLIO, LIQUIDITY and CAPITAL are owed; sectors and products have lists. */
static inline void rules_come(struct history *history)
{
    char *sectors[] = {words("AGRI"), words("COMMERCE")};
    PbObligation rows[3] = {IHURIRO__V1__OBLIGATION__INIT, IHURIRO__V1__OBLIGATION__INIT,
                            IHURIRO__V1__OBLIGATION__INIT};
    static const char *const types[] = {"PORTFOLIO", "LIQUIDITY", "CAPITAL"};
    PbObligation *list[3];
    Ihuriro__V1__CodeList codes = IHURIRO__V1__CODE_LIST__INIT;
    Ihuriro__V1__CodeList *code_lists[] = {&codes};
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    for (size_t i = 0; i < 3; i++) {
        list[i] = &rows[i];
        rows[i].id = rows[i].type = words(types[i]);
        rows[i].frequency = words("M");
        rows[i].wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
        rows[i].due_days = 10;
    }
    codes.name = words("SECTOR");
    codes.codes = sectors;
    codes.n_codes = 2;
    settings.format = 1;
    settings.country = words("RW");
    settings.version = words("for tests");
    settings.n_obligations = 3;
    settings.obligations = list;
    settings.n_codes = 1;
    settings.codes = code_lists;
    event.settings = &settings;
    happens(history, NULL, &event);
}

static inline void merges(struct history *history, const char *into, const char *day,
                          const char *const *predecessors, size_t count)
{
    char *many[16];
    PbMerged merged = IHURIRO__V1__MERGED__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        many[i] = words(predecessors[i]);
    }
    merged.predecessors = many;
    merged.n_predecessors = count;
    merged.from_day = date_of(day);
    event.merged = &merged;
    happens(history, into, &event);
}

static inline PbReport *says(struct history *history, struct arena *arena, PbReport *report)
{
    struct report_row_of row = {.institution = report->institution,
                                .type = (int)report->type,
                                .key = report->period->key,
                                .vintage = report->vintage};
    uint64_t seq = report_comes(history, &row);
    (void)arena;
    history->bodies[seq - 1] = report;
    return report;
}

/* A PORTFOLIO of nothing but GLP and what of it is over 30 days late; either may be ABSENT. */
static inline PbReport *says_book(struct history *history, struct arena *arena, const char *id,
                                  const char *month, int64_t glp, int64_t written_off)
{
    PbReport *report = report_of_portfolio(arena, id, month, 1);
    PbPortfolio *portfolio = arena_take(arena, sizeof *portfolio);
    assert_non_null(portfolio);
    *portfolio = (PbPortfolio)IHURIRO__V1__PORTFOLIO__INIT;
    portfolio->has_glp = glp != ABSENT;
    portfolio->glp = glp;
    portfolio->has_written_off = written_off != ABSENT;
    portfolio->written_off = written_off;
    report->portfolio = portfolio;
    return says(history, arena, report);
}

static inline PbReport *says_deposits(struct history *history, struct arena *arena, const char *id,
                                      const char *month, int64_t deposits)
{
    PbReport *report = report_of_liquidity(arena, id, month, 1);
    Ihuriro__V1__Liquidity *liquidity = arena_take(arena, sizeof *liquidity);
    assert_non_null(liquidity);
    *liquidity = (Ihuriro__V1__Liquidity)IHURIRO__V1__LIQUIDITY__INIT;
    liquidity->has_deposits_total = deposits != ABSENT;
    liquidity->deposits_total = deposits;
    report->liquidity = liquidity;
    return says(history, arena, report);
}

static inline PbReport *says_assets(struct history *history, struct arena *arena, const char *id,
                                    const char *month, int64_t assets)
{
    PbReport *report = report_of_capital(arena, id, month, 1);
    Ihuriro__V1__Capital *capital = arena_take(arena, sizeof *capital);
    assert_non_null(capital);
    *capital = (Ihuriro__V1__Capital)IHURIRO__V1__CAPITAL__INIT;
    capital->has_total_assets = assets != ABSENT;
    capital->total_assets = assets;
    report->capital = capital;
    return says(history, arena, report);
}

static inline PbBreakdownRow *says_part(struct arena *arena, PbReport *report, int dimension,
                                        const char *code, int64_t outstanding, int64_t par30)
{
    PbPortfolio *portfolio = report->portfolio;
    PbBreakdownRow **rows = arena_take(arena, (portfolio->n_breakdown + 1) * sizeof *rows);
    PbBreakdownRow *row = arena_take(arena, sizeof *row);
    assert_true(rows != NULL && row != NULL);
    for (size_t i = 0; i < portfolio->n_breakdown; i++) {
        rows[i] = portfolio->breakdown[i];
    }
    *row = (PbBreakdownRow)IHURIRO__V1__BREAKDOWN_ROW__INIT;
    row->dim = (Ihuriro__V1__BreakdownRow__Dimension)dimension;
    row->code = words(code);
    row->has_outstanding = 1;
    row->outstanding = outstanding;
    row->has_par30 = 1;
    row->par30 = par30;
    rows[portfolio->n_breakdown++] = row;
    portfolio->breakdown = rows;
    return row;
}

/* ---- what every test of totals has ---- */

static struct history history;
static struct arena reports;

static inline int set_up(void **state)
{
    (void)state;
    history.now_us = time_of("2020-01-01T00:00:00Z");
    reports.budget = (size_t)64 << 20;
    rules_come(&history);
    history.now_us = time_of("2020-07-05T00:00:00Z");
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    history_close(&history);
    arena_close(&reports);
    return 0;
}

static inline void member(const char *id, const char *category, const char *district,
                          int64_t assets)
{
    struct member_row row = {
        .id = id, .category = category, .district = district, .assets = assets};
    enrols(&history, &row);
}

static inline void book(const char *id, const char *month, int64_t glp)
{
    says_book(&history, &reports, id, month, glp, ABSENT);
}

static inline void deposits(const char *id, const char *month, int64_t amount)
{
    says_deposits(&history, &reports, id, month, amount);
}

struct question {
    char *by[8];
    char *lines[8];
    bool has_estimates;
    bool is_for_staff;
};

struct asked {
    struct sector *sector;
    struct totals *totals;
};

/* In these sectors those whose id ends in 0 do not share. */
static inline bool shares(void *context, const char *institution)
{
    (void)context;
    return institution[strlen(institution) - 1] != '0';
}

static inline struct totals_terms terms_of(const struct question *question)
{
    struct totals_terms terms = {
        .month = key_of("2020-06"),
        .by = question->by,
        .lines = question->lines,
        .has_estimates = question->has_estimates,
        .is_for_staff = question->is_for_staff,
        .shares = shares,
    };
    while (terms.by_count < 8 && question->by[terms.by_count] != NULL) {
        terms.by_count++;
    }
    while (terms.line_count < 8 && question->lines[terms.line_count] != NULL) {
        terms.line_count++;
    }
    return terms;
}

static inline struct asked ask(const struct question *question)
{
    struct asked asked = {.sector = sector_of(&history, SIZE_MAX, INT64_MAX / 2, NULL)};
    struct totals_terms terms = terms_of(question);
    assert_int_equal(totals_check(&terms, sector_settings(asked.sector), NULL), ERR_OK);
    assert_int_equal(totals_of_sector(asked.sector, &terms, &asked.totals), ERR_OK);
    return asked;
}

static inline void answered(struct asked *asked)
{
    totals_close(&asked->totals);
    sector_close(&asked->sector);
}

static inline struct total_row row_of(const struct asked *asked, const char *group,
                                      const char *line)
{
    struct total_row row = {.line = NULL};
    for (size_t i = 0; i < totals_rows(asked->totals); i++) {
        row = *totals_row(asked->totals, i);
        if (strcmp(row.group, group) == 0 && strcmp(row.line, line) == 0) {
            return row;
        }
    }
    fail_msg("no row %s %s", group, line);
    return row;
}

#endif
