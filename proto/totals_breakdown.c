/* Totals by sector, product and gender: of the rows of PORTFOLIO's breakdown, code by code. */
#include <string.h>

#include "proto/totals_inside.h"

#define AMOUNT(field_)                                                                   \
    static bool field_##_parts(const PbBreakdownRow *row, struct ratio_parts *ret_parts) \
    {                                                                                    \
        struct sum sum = {0};                                                            \
        ADD(&sum, row, field_);                                                          \
        return parts_single(&sum, ret_parts);                                            \
    }
#define AMOUNT_COUNT(field_)                                                             \
    static bool field_##_parts(const PbBreakdownRow *row, struct ratio_parts *ret_parts) \
    {                                                                                    \
        struct sum sum = {0};                                                            \
        ADD_COUNT(&sum, row, field_);                                                    \
        return parts_single(&sum, ret_parts);                                            \
    }

AMOUNT(outstanding)
AMOUNT_COUNT(loans)
AMOUNT_COUNT(borrowers)
AMOUNT(par30)
AMOUNT(par90)
AMOUNT(restructured)
AMOUNT(disbursed)
AMOUNT(written_off)

static bool share(const PbBreakdownRow *row, bool has_part, int64_t amount,
                  struct ratio_parts *ret_parts)
{
    struct sum part = {0};
    struct sum all = {0};
    sum_add(&part, has_part, amount);
    ADD(&all, row, outstanding);
    return parts_of(&part, &all, ret_parts);
}

static bool par30_share(const PbBreakdownRow *row, struct ratio_parts *ret_parts)
{
    return share(row, row->has_par30, row->par30, ret_parts);
}

static bool par90_share(const PbBreakdownRow *row, struct ratio_parts *ret_parts)
{
    return share(row, row->has_par90, row->par90, ret_parts);
}

static bool restructured_share(const PbBreakdownRow *row, struct ratio_parts *ret_parts)
{
    return share(row, row->has_restructured, row->restructured, ret_parts);
}

static bool average_loan(const PbBreakdownRow *row, struct ratio_parts *ret_parts)
{
    struct sum all = {0};
    struct sum loans = {0};
    ADD(&all, row, outstanding);
    ADD_COUNT(&loans, row, loans);
    return parts_of(&all, &loans, ret_parts);
}

/* A row's par30 is over 30 days and its par90 over 90 (DOMAIN D16), as R01 and R03.PAR90. */
const struct measure measures[MEASURES] = {
    {"R01", RATIO_BASIS_POINTS, true, par30_share},
    {"R03.PAR90", RATIO_BASIS_POINTS, true, par90_share},
    {"R04.RESTRUCTURED", RATIO_BASIS_POINTS, true, restructured_share},
    {"R28.LOAN", RATIO_MONEY, true, average_loan},
    {"P24.breakdown.outstanding", RATIO_MONEY, false, outstanding_parts},
    {"P24.breakdown.loans", RATIO_COUNT, false, loans_parts},
    {"P24.breakdown.borrowers", RATIO_COUNT, false, borrowers_parts},
    {"P24.breakdown.par30", RATIO_MONEY, false, par30_parts},
    {"P24.breakdown.par90", RATIO_MONEY, false, par90_parts},
    {"P24.breakdown.restructured", RATIO_MONEY, false, restructured_parts},
    {"P24.breakdown.disbursed", RATIO_MONEY, false, disbursed_parts},
    {"P24.breakdown.written_off", RATIO_MONEY, false, written_off_parts},
};

int breakdown_dimension(enum total_by by)
{
    static const int dimensions[BY_KINDS] = {
        [BY_SECTOR] = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__SECTOR,
        [BY_PRODUCT] = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__PRODUCT,
        [BY_GENDER] = IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER,
    };
    return dimensions[by];
}

/* ---- one member ---- */

static bool is_in(const char *const *codes, size_t count, const char *code)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(codes[i], code) == 0) {
            return true;
        }
    }
    return false;
}

/* A code that the settings list (of gender: that there is) stands for itself; all others stand
 * together, so that nobody makes rows by inventing codes. */
static const char *listed(const struct totals *totals, enum total_by by, const char *code)
{
    static const char *const genders[] = {"F", "M", "E", "G", "U"};
    const PbSettings *settings = totals->settings;
    if (by == BY_GENDER) {
        return is_in(genders, sizeof genders / sizeof genders[0], code) ? code : CODE_UNLISTED;
    }
    for (size_t i = 0; settings != NULL && i < settings->n_codes; i++) {
        const Ihuriro__V1__CodeList *list = settings->codes[i];
        if (strcmp(list->name, total_by_name(by)) == 0 &&
            is_in((const char *const *)list->codes, list->n_codes, code)) {
            return code;
        }
    }
    return CODE_UNLISTED;
}

/* Its code's number; a new code gets its columns. */
static enum err code_of(struct totals *totals, enum total_by by, const char *code, size_t *ret_code)
{
    for (size_t i = 0; i < totals->code_count; i++) {
        if (totals->codes[i].by == by && strcmp(totals->codes[i].code, code) == 0) {
            *ret_code = i;
            return ERR_OK;
        }
    }
    if (totals->code_count == totals->code_capacity) {
        size_t wanted = totals->code_capacity == 0 ? 32 : totals->code_capacity * 2;
        struct breakdown_code *grown = reallocarray(totals->codes, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        totals->codes = grown;
        totals->code_capacity = wanted;
    }
    struct breakdown_code made = {
        .by = by,
        .code = arena_text(&totals->arena, code),
        .first_column = totals->column_count,
    };
    enum err err = made.code == NULL ? ERR_MEMORY : ERR_OK;
    for (size_t i = 0; i < MEASURES && err == ERR_OK; i++) {
        struct column column = {.measure = &measures[i]};
        err = column_add(totals, &column);
    }
    if (err == ERR_OK) {
        *ret_code = totals->code_count;
        totals->codes[totals->code_count++] = made;
    }
    return err;
}

static enum err room_for(struct totals *totals, size_t code)
{
    size_t wanted = (code + 1) * MEASURES;
    if (wanted <= totals->codes_of_member_count) {
        return ERR_OK;
    }
    struct both *grown = reallocarray(totals->codes_of_member, wanted, sizeof *grown);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    memset(&grown[totals->codes_of_member_count], 0,
           (wanted - totals->codes_of_member_count) * sizeof *grown);
    totals->codes_of_member = grown;
    totals->codes_of_member_count = wanted;
    return ERR_OK;
}

/* Two rows of one code are added up. */
static void take_part(bool *has, struct ratio_parts *sum, const struct ratio_parts *parts,
                      bool is_ratio)
{
    if (!*has) {
        *has = true;
        *sum = *parts;
        return;
    }
    bool overflows = __builtin_add_overflow(sum->numerator, parts->numerator, &sum->numerator);
    overflows = (is_ratio &&
                 __builtin_add_overflow(sum->denominator, parts->denominator, &sum->denominator)) ||
                overflows;
    *has = !overflows;
}

enum end { END_NOW, END_BEFORE, END_ESTIMATE };

static void take_row(struct totals *totals, size_t code, const PbBreakdownRow *row, enum end end)
{
    for (size_t i = 0; i < MEASURES; i++) {
        struct both *both = &totals->codes_of_member[code * MEASURES + i];
        struct ratio_parts parts;
        if (!measures[i].parts(row, &parts)) {
            continue;
        }
        switch (end) {
        case END_NOW:
            take_part(&both->has_now, &both->now, &parts, measures[i].is_ratio);
            break;
        case END_BEFORE:
            take_part(&both->has_before, &both->before, &parts, measures[i].is_ratio);
            break;
        case END_ESTIMATE:
            take_part(&both->has_estimate, &both->estimate, &parts, measures[i].is_ratio);
            break;
        }
    }
}

/* Crossed rows say what others say already, and a suppressed one says nothing. */
static bool is_of(const PbBreakdownRow *row, enum total_by by)
{
    return (int)row->dim == breakdown_dimension(by) && !row->has_dim2 &&
           !(row->has_suppressed && row->suppressed);
}

static enum err take_rows(struct totals *totals, const PbPortfolio *portfolio, enum end end)
{
    enum err err = ERR_OK;
    for (size_t i = 0; portfolio != NULL && i < portfolio->n_breakdown && err == ERR_OK; i++) {
        const PbBreakdownRow *row = portfolio->breakdown[i];
        for (enum total_by by = BY_SECTOR; by <= BY_GENDER && err == ERR_OK; by++) {
            size_t code = 0;
            if ((totals->by & 1U << by) == 0 || !is_of(row, by)) {
                continue;
            }
            err = code_of(totals, by, listed(totals, by, row->code), &code);
            err = err != ERR_OK ? err : room_for(totals, code);
            if (err == ERR_OK) {
                take_row(totals, code, row, end);
            }
        }
    }
    return err;
}

static enum err take_member(struct totals *totals, const struct member *member,
                            const struct totals_fed *fed, const struct ratio_inputs *estimate)
{
    bool has_come = fed->now != NULL && fed->now->portfolio != NULL;
    enum err err = ERR_OK;
    if (member->owes) {
        err = take_rows(totals, portfolio_of(fed->now), END_NOW);
    }
    if (err == ERR_OK && member->owes_before) {
        err = take_rows(totals, portfolio_of(fed->before), END_BEFORE);
    }
    if (err == ERR_OK && member->owes && !has_come && estimate != NULL) {
        err = take_rows(totals, portfolio_of(estimate), END_ESTIMATE);
    }
    return err;
}

enum err breakdown_feed(struct totals *totals, size_t index, const struct totals_fed *fed,
                        const struct ratio_inputs *estimate)
{
    if ((totals->by >> BY_SECTOR) == 0) {
        return ERR_OK;
    }
    if (totals->codes_of_member_count > 0) {
        memset(totals->codes_of_member, 0,
               totals->codes_of_member_count * sizeof *totals->codes_of_member);
    }
    enum err err = take_member(totals, &totals->members[index], fed, estimate);
    size_t count = totals->codes_of_member_count / MEASURES;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        for (size_t k = 0; k < MEASURES && err == ERR_OK; k++) {
            const struct both *both = &totals->codes_of_member[i * MEASURES + k];
            if (both->has_now || both->has_before || both->has_estimate) {
                err = column_feed(totals, totals->codes[i].first_column + k, index, both);
            }
        }
    }
    return err;
}
