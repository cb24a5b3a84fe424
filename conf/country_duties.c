/* Duties and holidays of a country's file: what must hold between their rows. */
#include <string.h>

#include "conf/country_inside.h"
#include "proto/period.h"

struct checking {
    const char *path;
    const struct country *country;
    struct complaint *complaint;
};

static enum err check_obligations(const struct checking *checking);
static enum err check_holidays(const struct checking *checking);

enum err country_check_duties(const char *path, const struct country *country,
                              struct complaint *complaint)
{
    const struct checking checking = {path, country, complaint};
    enum err err = check_obligations(&checking);
    return err != ERR_OK ? err : check_holidays(&checking);
}

/* Dates as they are written sort as they follow each other. */
static bool ends_before(const char *until, const char *from)
{
    return until != NULL && from != NULL && strcmp(until, from) < 0;
}

/* ---- obligations ---- */

static bool is_listed(const struct config_texts *list, const char *code)
{
    bool is_listed = list->count == 0;
    for (size_t i = 0; !is_listed && i < list->count; i++) {
        is_listed = strcmp(list->items[i], code) == 0;
    }
    return is_listed;
}

/* One institution would owe one report twice, by two rules. */
static const char *shared_category(const struct checking *checking, const struct obligation *a,
                                   const struct obligation *b)
{
    const struct category *categories = checking->country->categories.items;
    for (size_t i = 0; i < checking->country->categories.count; i++) {
        const char *code = categories[i].head.key;
        if (is_listed(&a->categories, code) && is_listed(&b->categories, code)) {
            return code;
        }
    }
    return NULL;
}

static enum err check_pair(const struct checking *checking, const struct obligation *old,
                           const struct obligation *new)
{
    if (strcmp(old->head.key, new->head.key) == 0 &&
        (old->head.second == NULL || new->head.second == NULL ||
         strcmp(old->head.second, new->head.second) == 0)) {
        return complain(checking->complaint, ERR_CONFIG,
                        "%s:%d: obligations says %s again, which stands on line %d; keep one of "
                        "them, or give the new one another `from`.",
                        checking->path, (int)new->head.line, new->head.key, (int)old->head.line);
    }
    bool is_same = !old->is_off && !new->is_off &&strcmp(old->type, new->type) == 0 &&
                   strcmp(old->frequency, new->frequency) == 0 &&
                   !ends_before(old->until, new->head.second) &&
                   !ends_before(new->until, old->head.second);
    const char *category = is_same ? shared_category(checking, old, new) : NULL;
    return category == NULL
               ? ERR_OK
               : complain(checking->complaint, ERR_CONFIG,
                          "%s:%d: obligations: %s and %s (line %d) both ask %s for %s of "
                          "frequency %s at the same time; end one with `until` before the other "
                          "begins, or take the category out of one.",
                          checking->path, (int)new->head.line, new->head.key, old->head.key,
                          (int)old->head.line, category, new->type, new->frequency);
}

static enum err check_categories(const struct checking *checking, const struct obligation *row)
{
    const struct category *categories = checking->country->categories.items;
    for (size_t i = 0; i < row->categories.count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < checking->country->categories.count; k++) {
            is_known = is_known || strcmp(categories[k].head.key, row->categories.items[i]) == 0;
        }
        if (!is_known) {
            return complain(checking->complaint, ERR_CONFIG,
                            "%s:%d: obligations.categories names %s, which is not in categories; "
                            "add it there or correct it.",
                            checking->path, (int)row->head.line, row->categories.items[i]);
        }
    }
    return ERR_OK;
}

static enum err check_obligations(const struct checking *checking)
{
    const struct obligation *rows = checking->country->obligations.items;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < checking->country->obligations.count; i++) {
        err = check_categories(checking, &rows[i]);
        if (err == ERR_OK && ends_before(rows[i].until, rows[i].head.second)) {
            err = complain(checking->complaint, ERR_CONFIG,
                           "%s:%d: obligations: %s ends before it begins; correct from or until.",
                           checking->path, (int)rows[i].head.line, rows[i].head.key);
        }
        for (size_t k = 0; err == ERR_OK && k < i; k++) {
            err = check_pair(checking, &rows[k], &rows[i]);
        }
    }
    return err;
}

/* ---- holidays ---- */

static enum err check_holiday(const struct checking *checking, const struct holiday *row)
{
    const char *wrong = NULL;
    if (row->date == NULL && row->each_year == NULL) {
        wrong = "has no day; give it a date, or each_year = \"07-04\"";
    } else if (row->date != NULL && row->each_year != NULL) {
        wrong = "has a date and each_year; keep one of them";
    } else if (row->date != NULL && (row->head.second != NULL || row->until != NULL)) {
        wrong = "is one day; from and until belong to each_year, leave them out";
    } else if (ends_before(row->until, row->head.second)) {
        wrong = "ends before it begins; correct from or until";
    }
    return wrong == NULL ? ERR_OK
                         : complain(checking->complaint, ERR_CONFIG, "%s:%d: holidays: %s %s.",
                                    checking->path, (int)row->head.line, row->head.key, wrong);
}

/* A business day is looked for: there must be one in each week. */
static enum err check_weekend(const struct checking *checking)
{
    unsigned days = 0;
    for (size_t i = 0; i < checking->country->weekend.count; i++) {
        days |= 1U << week_day_of(checking->country->weekend.items[i]);
    }
    return days != 0xFE ? ERR_OK
                        : complain(checking->complaint, ERR_CONFIG,
                                   "%s:1: weekend: no day of the week is a business day; leave "
                                   "one out.",
                                   checking->path);
}

static enum err check_holidays(const struct checking *checking)
{
    const struct holiday *rows = checking->country->holidays.items;
    enum err err = check_weekend(checking);
    for (size_t i = 0; err == ERR_OK && i < checking->country->holidays.count; i++) {
        err = check_holiday(checking, &rows[i]);
    }
    return err;
}
