/* POR: the loan book. A sum over rows is compared only where every row has its amount: absent is
 * not zero. */
#include <string.h>

#include "proto/fields.h"
#include "proto/rules_inside.h"

/* The body, or NULL when there is none to judge (ENV-11 says so). */
static const PbPortfolio *body(const struct judging *judging)
{
    return judging->report->portfolio;
}

/* POR-01. The gross loan portfolio is the one figure without which nothing else means anything. */
void evaluate_aging_sum(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio == NULL) {
        return;
    }
    if (!portfolio->has_glp) {
        if (!judging_is_noted(judging, "portfolio.glp")) {
            judging_find(judging, rule, rule->severity, "portfolio.glp");
        }
        return;
    }
    if (portfolio->n_aging == 0 && judging_is_noted(judging, "portfolio.aging")) {
        return;
    }
    wide sum = 0;
    for (size_t i = 0; i < portfolio->n_aging; i++) {
        if (!portfolio->aging[i]->has_outstanding) {
            return;
        }
        sum += portfolio->aging[i]->outstanding;
    }
    judging_expect_equal(judging, rule, "portfolio.aging", portfolio->glp, sum);
}

/* POR-02. Rows may be fewer than twelve, but leave no day out and count none twice. */
void evaluate_aging_edges(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    char path[FIELD_PATH_MAX];
    int64_t next = 0;
    for (size_t i = 0; portfolio != NULL && i < portfolio->n_aging; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        bool is_last = i + 1 == portfolio->n_aging;
        if (row->min_days != next) {
            row_path("portfolio.aging", i, "min_days", path);
            judging_find_values(judging, rule, rule->severity, path, next, row->min_days);
            return;
        }
        if (is_last ? row->max_days != -1 : row->max_days < row->min_days) {
            row_path("portfolio.aging", i, "max_days", path);
            judging_find_values(judging, rule, rule->severity, path, is_last ? -1 : row->min_days,
                                row->max_days);
            return;
        }
        next = (int64_t)row->max_days + 1;
    }
}

/* A part of a row lies between 0 and the whole; both must be there. */
static void expect_part(struct judging *judging, const struct rule *rule, size_t index,
                        const char *field, bool are_known, int64_t whole, int64_t part)
{
    if (!are_known || (part >= 0 && judging_is_at_most(judging, rule, whole, part))) {
        return;
    }
    char path[FIELD_PATH_MAX];
    row_path("portfolio.aging", index, field, path);
    judging_find_values(judging, rule, rule->severity, path, part < 0 ? 0 : whole, part);
}

/* POR-03, with the parts of D36. */
void evaluate_aging_parts(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    for (size_t i = 0; portfolio != NULL && i < portfolio->n_aging; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        expect_part(judging, rule, i, "restructured", row->has_outstanding && row->has_restructured,
                    row->outstanding, row->restructured);
        expect_part(judging, rule, i, "overdue_principal",
                    row->has_outstanding && row->has_overdue_principal, row->outstanding,
                    row->overdue_principal);
        expect_part(judging, rule, i, "moratorium", row->has_outstanding && row->has_moratorium,
                    row->outstanding, row->moratorium);
        expect_part(judging, rule, i, "moratorium_restructured",
                    row->has_moratorium && row->has_restructured &&
                        row->has_moratorium_restructured,
                    row->moratorium < row->restructured ? row->moratorium : row->restructured,
                    row->moratorium_restructured);
    }
}

/* POR-04. A row that begins at 0 and goes on (coarse data) may hold overdue principal. */
void evaluate_overdue(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    for (size_t i = 0; portfolio != NULL && i < portfolio->n_aging; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        char path[FIELD_PATH_MAX];
        if (!row->has_overdue_principal) {
            continue;
        }
        row_path("portfolio.aging", i, "overdue_principal", path);
        if (row->min_days == 0 && row->max_days == 0 && row->overdue_principal != 0) {
            judging_find_values(judging, rule, SEVERITY_ERROR, path, 0, row->overdue_principal);
        } else if (row->min_days > 0 && row->has_outstanding && row->outstanding > 0 &&
                   row->overdue_principal == 0) {
            judging_find_values(judging, rule, SEVERITY_WARNING, path, row->outstanding, 0);
        }
    }
}

/* POR-05 */
void evaluate_loans_exist(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio != NULL && portfolio->has_glp && portfolio->has_loans_outstanding &&
        (portfolio->glp > 0) != (portfolio->loans_outstanding > 0)) {
        judging_find_values(judging, rule, rule->severity, "portfolio.loans_outstanding",
                            portfolio->glp, portfolio->loans_outstanding);
    }
}

/* Members of a group are counted singly, so borrowers may then outnumber loans. */
static bool has_group_loans(const PbPortfolio *portfolio)
{
    for (size_t i = 0; i < portfolio->n_breakdown; i++) {
        const PbBreakdownRow *row = portfolio->breakdown[i];
        bool is_group = (row->dim == IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__GENDER &&
                         strcmp(row->code, "G") == 0) ||
                        (row->dim == IHURIRO__V1__BREAKDOWN_ROW__DIMENSION__PRODUCT &&
                         strcmp(row->code, "GROUP") == 0);
        if (is_group && ((row->has_loans && row->loans > 0) ||
                         (row->has_outstanding && row->outstanding > 0))) {
            return true;
        }
    }
    return false;
}

/* POR-06 */
void evaluate_borrowers(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio == NULL || !portfolio->has_active_borrowers ||
        !portfolio->has_loans_outstanding) {
        return;
    }
    uint64_t borrowers = portfolio->active_borrowers;
    uint64_t loans = portfolio->loans_outstanding;
    if (borrowers == 0 && loans > 0) {
        judging_find_values(judging, rule, SEVERITY_ERROR, "portfolio.active_borrowers", loans, 0);
    } else if (borrowers > loans && !has_group_loans(portfolio)) {
        judging_find_values(judging, rule, SEVERITY_WARNING, "portfolio.active_borrowers", loans,
                            borrowers);
    }
}

/* POR-07 */
void evaluate_women(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio != NULL && portfolio->has_women_borrowers && portfolio->has_active_borrowers) {
        judging_expect_at_most(judging, rule, "portfolio.women_borrowers",
                               portfolio->active_borrowers, portfolio->women_borrowers);
    }
}

/* Rows of one table: the same dimension, or the same pair of them. */
static bool is_same_table(const PbBreakdownRow *a, const PbBreakdownRow *b)
{
    return a->dim == b->dim && a->has_dim2 == b->has_dim2 && (!a->has_dim2 || a->dim2 == b->dim2);
}

static bool is_first_of_table(const PbPortfolio *portfolio, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (is_same_table(portfolio->breakdown[i], portfolio->breakdown[index])) {
            return false;
        }
    }
    return true;
}

/* false when a row lacks its amount (a suppressed cell): the table is not complete. */
static bool sum_table(const PbPortfolio *portfolio, const PbBreakdownRow *first, wide *ret_sum)
{
    wide sum = 0;
    for (size_t i = 0; i < portfolio->n_breakdown; i++) {
        const PbBreakdownRow *row = portfolio->breakdown[i];
        if (!is_same_table(row, first)) {
            continue;
        }
        if (!row->has_outstanding) {
            return false;
        }
        sum += row->outstanding;
    }
    *ret_sum = sum;
    return true;
}

/* POR-08 */
void evaluate_breakdown_sums(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio == NULL || !portfolio->has_glp) {
        return;
    }
    for (size_t i = 0; i < portfolio->n_breakdown; i++) {
        wide sum = 0;
        if (!is_first_of_table(portfolio, i) ||
            !sum_table(portfolio, portfolio->breakdown[i], &sum) || sum == portfolio->glp) {
            continue;
        }
        bool is_near =
            is_within(portfolio->glp, sum, portfolio->glp, judging_tolerance_bp(judging, rule));
        char path[FIELD_PATH_MAX];
        row_path("portfolio.breakdown", i, "outstanding", path);
        judging_find_values(judging, rule, is_near ? SEVERITY_WARNING : SEVERITY_ERROR, path,
                            portfolio->glp, sum);
    }
}

/* POR-09 */
void evaluate_breakdown_rows(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    for (size_t i = 0; portfolio != NULL && i < portfolio->n_breakdown; i++) {
        const PbBreakdownRow *row = portfolio->breakdown[i];
        char path[FIELD_PATH_MAX];
        if (row->has_par30 && row->has_outstanding) {
            row_path("portfolio.breakdown", i, "par30", path);
            judging_expect_at_most(judging, rule, path, row->outstanding, row->par30);
        }
        if (row->has_par90 && (row->has_par30 || row->has_outstanding)) {
            row_path("portfolio.breakdown", i, "par90", path);
            judging_expect_at_most(judging, rule, path,
                                   row->has_par30 ? row->par30 : row->outstanding, row->par90);
        }
    }
}

/* POR-10. Written-off loans may stand as a memo; they are not part of the portfolio. */
void evaluate_class_sum(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio == NULL || !portfolio->has_glp || portfolio->n_classes == 0) {
        return;
    }
    wide sum = 0;
    for (size_t i = 0; i < portfolio->n_classes; i++) {
        const PbClassRow *row = portfolio->classes[i];
        if (strcmp(row->code, "WO") == 0) {
            continue;
        }
        if (!row->has_outstanding) {
            return;
        }
        sum += row->outstanding;
    }
    judging_expect_equal(judging, rule, "portfolio.classes", portfolio->glp, sum);
}

/* The days of a class: from, up to but not including to. */
struct class_days {
    const char *code;
    int32_t from;
    int32_t to; /* INT32_MAX: open */
};

#define CLASSES_MAX 16

/* Is the settings' row in force for this period, and not replaced by a later one of its code? */
static bool class_is_in_force(const PbSettings *settings, size_t index, const char *end_text)
{
    const Ihuriro__V1__LoanClass *row = settings->classes[index];
    const char *from = row->from == NULL ? "" : row->from;
    if (strcmp(from, end_text) > 0) {
        return false;
    }
    for (size_t i = 0; i < settings->n_classes; i++) {
        const Ihuriro__V1__LoanClass *other = settings->classes[i];
        const char *other_from = other->from == NULL ? "" : other->from;
        if (strcmp(other->code, row->code) == 0 && strcmp(other_from, end_text) <= 0 &&
            strcmp(other_from, from) > 0) {
            return false;
        }
    }
    return true;
}

/* The classes in force, without their ends. */
static size_t collect_classes(const struct judging *judging,
                              struct class_days ret_classes[static CLASSES_MAX])
{
    static const struct class_days unofficial[] = {
        {"NL", 0, 0}, {"WL", 30, 0}, {"SL", 90, 0}, {"DL", 180, 0}, {"LL", 360, 0},
    };
    const PbSettings *settings = judging->context->settings;
    size_t count = 0;
    if (settings == NULL) {
        memcpy(ret_classes, unofficial, sizeof unofficial);
        return sizeof unofficial / sizeof unofficial[0];
    }
    char end_text[11];
    day_format(judging->report->period->end_day, end_text);
    for (size_t i = 0; i < settings->n_classes && count < CLASSES_MAX; i++) {
        if (class_is_in_force(settings, i, end_text)) {
            ret_classes[count++] =
                (struct class_days){settings->classes[i]->code, settings->classes[i]->from_days, 0};
        }
    }
    return count;
}

static void set_ends(struct class_days *classes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        classes[i].to = INT32_MAX;
        for (size_t k = 0; k < count; k++) {
            if (classes[k].from > classes[i].from && classes[k].from < classes[i].to) {
                classes[i].to = classes[k].from;
            }
        }
    }
}

/* Outstanding of a class by days; false when a row lies across its edge or lacks its amount. */
static bool sum_class(const PbPortfolio *portfolio, const struct class_days *days, wide *ret_sum)
{
    wide sum = 0;
    for (size_t i = 0; i < portfolio->n_aging; i++) {
        const PbAgingRow *row = portfolio->aging[i];
        int32_t last = row->max_days == -1 ? INT32_MAX : row->max_days;
        if (last < days->from || row->min_days >= days->to) {
            continue;
        }
        if (row->min_days < days->from || (last >= days->to && days->to != INT32_MAX) ||
            !row->has_outstanding) {
            return false;
        }
        sum += row->outstanding;
    }
    *ret_sum = sum;
    return portfolio->n_aging > 0;
}

/* POR-11. A class may be worse than its days say, for other reasons; it is to be explained. */
void evaluate_class_days(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    struct class_days classes[CLASSES_MAX];
    if (portfolio == NULL || !portfolio->has_glp || portfolio->n_classes == 0) {
        return;
    }
    size_t count = collect_classes(judging, classes);
    set_ends(classes, count);
    for (size_t i = 0; i < portfolio->n_classes; i++) {
        const PbClassRow *row = portfolio->classes[i];
        for (size_t k = 0; k < count; k++) {
            wide sum = 0;
            if (!row->has_outstanding || strcmp(classes[k].code, row->code) != 0 ||
                !sum_class(portfolio, &classes[k], &sum) ||
                is_within(sum, row->outstanding, portfolio->glp,
                          judging_tolerance_bp(judging, rule))) {
                continue;
            }
            char path[FIELD_PATH_MAX];
            row_path("portfolio.classes", i, "outstanding", path);
            judging_find_values(judging, rule, rule->severity, path, sum, row->outstanding);
        }
    }
}

/* POR-12 */
void evaluate_restructured_sum(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio == NULL || !portfolio->has_restructured_outstanding || portfolio->n_aging == 0) {
        return;
    }
    wide sum = 0;
    for (size_t i = 0; i < portfolio->n_aging; i++) {
        if (!portfolio->aging[i]->has_restructured) {
            return;
        }
        sum += portfolio->aging[i]->restructured;
    }
    judging_expect_equal(judging, rule, "portfolio.restructured_outstanding", sum,
                         portfolio->restructured_outstanding);
}

static void expect_moratorium_by_aging(struct judging *judging, const struct rule *rule,
                                       const PbPortfolio *portfolio)
{
    wide sum = 0;
    for (size_t i = 0; i < portfolio->n_aging; i++) {
        if (!portfolio->aging[i]->has_moratorium) {
            return;
        }
        sum += portfolio->aging[i]->moratorium;
    }
    if (portfolio->n_aging > 0) {
        judging_expect_equal(judging, rule, "portfolio.aging", portfolio->moratorium_outstanding,
                             sum);
    }
}

static void expect_moratorium_by_month(struct judging *judging, const struct rule *rule,
                                       const PbPortfolio *portfolio)
{
    wide sum = 0;
    for (size_t i = 0; i < portfolio->n_moratorium_by_month; i++) {
        if (!portfolio->moratorium_by_month[i]->has_outstanding) {
            return;
        }
        sum += portfolio->moratorium_by_month[i]->outstanding;
    }
    if (portfolio->n_moratorium_by_month > 0) {
        judging_expect_equal(judging, rule, "portfolio.moratorium_by_month",
                             portfolio->moratorium_outstanding, sum);
    }
}

/* Where the settings say that a payment holiday is a restructuring, it is a part of those. */
static void expect_moratorium_restructured(struct judging *judging, const struct rule *rule,
                                           const PbPortfolio *portfolio)
{
    const PbSettings *settings = judging->context->settings;
    if (settings != NULL && settings->has_moratorium_is_restructuring &&
        settings->moratorium_is_restructuring && portfolio->has_restructured_outstanding) {
        judging_expect_at_most(judging, rule, "portfolio.moratorium_outstanding",
                               portfolio->restructured_outstanding,
                               portfolio->moratorium_outstanding);
    }
}

/* POR-13 */
void evaluate_moratorium(struct judging *judging, const struct rule *rule)
{
    const PbPortfolio *portfolio = body(judging);
    if (portfolio == NULL || !portfolio->has_moratorium_outstanding) {
        return;
    }
    if (portfolio->has_glp) {
        judging_expect_at_most(judging, rule, "portfolio.moratorium_outstanding", portfolio->glp,
                               portfolio->moratorium_outstanding);
    }
    if (portfolio->has_moratorium_ending_30 && portfolio->has_moratorium_ending_31_90 &&
        portfolio->has_moratorium_ending_over_90) {
        wide sum = (wide)portfolio->moratorium_ending_30 + portfolio->moratorium_ending_31_90 +
                   portfolio->moratorium_ending_over_90;
        judging_expect_equal(judging, rule, "portfolio.moratorium_ending_30",
                             portfolio->moratorium_outstanding, sum);
    }
    expect_moratorium_by_aging(judging, rule, portfolio);
    expect_moratorium_by_month(judging, rule, portfolio);
    expect_moratorium_restructured(judging, rule, portfolio);
}
