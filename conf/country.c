#include <string.h>

#include "conf/country_inside.h"
#include "conf/data_path.h"
#include "proto/period.h"
#include "proto/rules.h"

/* A file under check. */
struct checking {
    const char *path;
    const struct country *country;
    struct complaint *complaint;
};

static enum err check_country_file(const struct checking *checking);

static void release_country(struct country *country)
{
    config_release(country_rows, country);
}

enum err country_compile(const char *path, struct arena *arena, struct complaint *complaint,
                         PbSettings **ret_settings)
{
    return country_compile_over(path, NULL, 0, arena, complaint, ret_settings);
}

enum err country_compile_over(const char *path, const PbSettings *in_force, int64_t now_us,
                              struct arena *arena, struct complaint *complaint,
                              PbSettings **ret_settings)
{
    PbSettings *settings = NULL;
    AUTO(release_country) struct country country = {0};
    enum err err = config_read(path, country_rows, &country, sizeof country, complaint);
    if (err != ERR_OK) {
        return err;
    }
    const struct checking checking = {path, &country, complaint};
    err = check_country_file(&checking);
    err = err != ERR_OK ? err : country_make(arena, &country, &settings);
    if (err == ERR_OK && in_force != NULL) {
        int offset_minutes = (int)country.utc_offset_minutes;
        const struct country_change change = {in_force, settings, time_day(now_us, offset_minutes)};
        err = country_check_change(path, &country, &change, complaint);
    }
    if (err == ERR_OK) {
        *ret_settings = settings;
    }
    return err;
}

/* ---- What must hold between rows ---- */

static const struct head *head_at(const struct config_groups *groups, size_t bytes, size_t index)
{
    return (const struct head *)(const void *)((const char *)groups->items + index * bytes);
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum err require_unique(const struct checking *checking, const char *list,
                               const struct config_groups *groups, size_t bytes)
{
    for (size_t i = 1; i < groups->count; i++) {
        const struct head *head = head_at(groups, bytes, i);
        for (size_t k = 0; k < i; k++) {
            const struct head *other = head_at(groups, bytes, k);
            if (is_same(head->key, other->key) && is_same(head->second, other->second)) {
                return complain(checking->complaint, ERR_CONFIG,
                                "%s:%d: %s[%zu] says %s again, which stands on line %d; keep one "
                                "of them.",
                                checking->path, (int)head->line, list, i, head->key,
                                (int)other->line);
            }
        }
    }
    return ERR_OK;
}

static enum err require_known(const struct checking *checking, int64_t line, const char *key,
                              const char *code, const struct config_groups *groups, size_t bytes,
                              const char *list)
{
    for (size_t i = 0; i < groups->count; i++) {
        if (is_same(head_at(groups, bytes, i)->key, code)) {
            return ERR_OK;
        }
    }
    return complain(checking->complaint, ERR_CONFIG,
                    "%s:%d: %s names %s, which is not in %s; add it there or correct it.",
                    checking->path, (int)line, key, code, list);
}

static enum err require_category(const struct checking *checking, int64_t line, const char *key,
                                 const char *code)
{
    return require_known(checking, line, key, code, &checking->country->categories,
                         sizeof(struct category), "categories");
}

static enum err check_rules(const struct checking *checking)
{
    const struct rule_setting *rules = checking->country->rules.items;
    enum err err = require_unique(checking, "rules", &checking->country->rules, sizeof *rules);
    for (size_t i = 0; err == ERR_OK && i < checking->country->rules.count; i++) {
        const struct rule *rule = rule_find(rules[i].head.key);
        if (rules[i].tolerance_bp != ABSENT && rule != NULL && rule->tolerance_bp == NO_TOLERANCE) {
            err = complain(checking->complaint, ERR_CONFIG,
                           "%s:%d: rules: %s has no tolerance, so this would change nothing; leave "
                           "tolerance_bp out (severity and off have an effect).",
                           checking->path, (int)rules[i].head.line, rules[i].head.key);
        }
        if (err == ERR_OK && rules[i].head.second != NULL) {
            err = require_category(checking, rules[i].head.line, "rules.category",
                                   rules[i].head.second);
        }
    }
    return err;
}

/* Without one that begins at 0 days a loan that is paid would have no class. */
static enum err check_classes(const struct checking *checking)
{
    const struct loan_class *classes = checking->country->classes.items;
    bool has_first = false;
    for (size_t i = 0; i < checking->country->classes.count; i++) {
        has_first = has_first || classes[i].from_days == 0;
    }
    return has_first ? ERR_OK
                     : complain(checking->complaint, ERR_CONFIG,
                                "%s:%d: classes: none begins at 0 days, so a loan that is not late "
                                "would have no class; give the first one from_days = 0.",
                                checking->path, (int)classes[0].head.line);
}

/* Rows for the same institutions: both for all others, or with a category in common. */
static bool are_for_the_same(const struct config_texts *one, const struct config_texts *other)
{
    bool is_shared = one->count == 0 && other->count == 0;
    for (size_t i = 0; i < one->count; i++) {
        for (size_t k = 0; k < other->count; k++) {
            is_shared = is_shared || strcmp(one->items[i], other->items[k]) == 0;
        }
    }
    return is_shared;
}

/* A band ends above the one before it of its currency; the one without an end is the last. */
static enum err check_bands(const struct checking *checking)
{
    const struct config_groups *groups = &checking->country->size_bands;
    const struct size_band *bands = groups->items;
    enum err err = require_unique(checking, "size_bands", groups, sizeof *bands);
    for (size_t i = 0; err == ERR_OK && i < groups->count; i++) {
        err =
            require_known(checking, bands[i].head.line, "size_bands.currency", bands[i].head.second,
                          &checking->country->currencies, sizeof(struct currency), "currencies");
        for (size_t k = 0; err == ERR_OK && k < i; k++) {
            bool is_above = bands[k].up_to != ABSENT &&
                            (bands[i].up_to == ABSENT || bands[i].up_to > bands[k].up_to);
            if (is_same(bands[i].head.second, bands[k].head.second) && !is_above) {
                err = complain(checking->complaint, ERR_CONFIG,
                               "%s:%d: size_bands: %s does not end above %s (line %d); write the "
                               "bands of a currency upwards, the one without up_to last.",
                               checking->path, (int)bands[i].head.line, bands[i].head.key,
                               bands[k].head.key, (int)bands[k].head.line);
            }
        }
    }
    return err;
}

static enum err check_liquidity(const struct checking *checking)
{
    const struct liquidity_base *bases = checking->country->liquidity.items;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < checking->country->liquidity.count; i++) {
        err =
            require_unique(checking, "liquidity.weights", &bases[i].weights, sizeof(struct weight));
        for (size_t k = 0; err == ERR_OK && k < bases[i].categories.count; k++) {
            err = require_category(checking, bases[i].head.line, "liquidity.categories",
                                   bases[i].categories.items[k]);
        }
        for (size_t k = 0; err == ERR_OK && k < i; k++) {
            if (is_same(bases[i].head.second, bases[k].head.second) &&
                are_for_the_same(&bases[i].categories, &bases[k].categories)) {
                err =
                    complain(checking->complaint, ERR_CONFIG,
                             "%s:%d: liquidity: this row and the one on line %d are for the same "
                             "institutions from the same day; keep one, or give the newer a later "
                             "from.",
                             checking->path, (int)bases[i].head.line, (int)bases[k].head.line);
            }
        }
    }
    return err;
}

static enum err require_categories(const struct checking *checking, int64_t line, const char *key,
                                   const struct config_texts *categories)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < categories->count; i++) {
        err = require_category(checking, line, key, categories->items[i]);
    }
    return err;
}

/* Of a ratio one limit holds for an institution and a day. */
static enum err check_contradictions(const struct checking *checking, size_t index)
{
    const struct prudential_limit *limits = checking->country->limits.items;
    const struct prudential_limit *limit = &limits[index];
    for (size_t i = 0; i < index && !limit->is_off; i++) {
        if (!limits[i].is_off && strcmp(limits[i].ratio, limit->ratio) == 0 &&
            is_same(limits[i].head.second, limit->head.second) &&
            are_for_the_same(&limits[i].categories, &limit->categories)) {
            return complain(
                checking->complaint, ERR_CONFIG,
                "%s:%d: limits: %s and %s (line %d) are of %s for the same institutions "
                "from the same day, and only one of them could hold; keep one, or give "
                "the newer a later from.",
                checking->path, (int)limit->head.line, limit->head.key, limits[i].head.key,
                (int)limits[i].head.line, limit->ratio);
        }
    }
    return ERR_OK;
}

/* Near comes before breached, and a limit has at least one of the two. */
static enum err check_limits(const struct checking *checking)
{
    const struct prudential_limit *limits = checking->country->limits.items;
    enum err err = require_unique(checking, "limits", &checking->country->limits, sizeof *limits);
    for (size_t i = 0; err == ERR_OK && i < checking->country->limits.count; i++) {
        const struct prudential_limit *limit = &limits[i];
        bool is_minimum = strcmp(limit->direction, "MIN") == 0;
        err =
            require_categories(checking, limit->head.line, "limits.categories", &limit->categories);
        if (err == ERR_OK && limit->red == ABSENT && limit->amber == ABSENT) {
            err = complain(checking->complaint, ERR_CONFIG,
                           "%s:%d: limits: %s has neither amber nor red; say at least one.",
                           checking->path, (int)limit->head.line, limit->head.key);
        } else if (err == ERR_OK && limit->red != ABSENT && limit->amber != ABSENT &&
                   (is_minimum ? limit->amber < limit->red : limit->amber > limit->red)) {
            err = complain(checking->complaint, ERR_CONFIG,
                           "%s:%d: limits: %s would be breached before it is near; amber must be "
                           "%s red where dir is %s.",
                           checking->path, (int)limit->head.line, limit->head.key,
                           is_minimum ? "above" : "below", limit->direction);
        } else if (err == ERR_OK && limit->head.second != NULL && limit->until != NULL &&
                   strcmp(limit->until, limit->head.second) < 0) {
            err = complain(checking->complaint, ERR_CONFIG,
                           "%s:%d: limits: %s ends before it begins; correct from or until.",
                           checking->path, (int)limit->head.line, limit->head.key);
        }
        err = err != ERR_OK ? err : check_contradictions(checking, i);
    }
    return err;
}

static enum err check_capital_bands(const struct checking *checking)
{
    const struct capital_band *bands = checking->country->capital_bands.items;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < checking->country->capital_bands.count; i++) {
        err = require_categories(checking, bands[i].head.line, "capital_bands.categories",
                                 &bands[i].categories);
    }
    return err;
}

static enum err check_average_loans(const struct checking *checking)
{
    const struct average_loan *rows = checking->country->average_loans.items;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < checking->country->average_loans.count; i++) {
        err = require_categories(checking, rows[i].head.line, "average_loans.categories",
                                 &rows[i].categories);
        if (err == ERR_OK && rows[i].least >= rows[i].most) {
            err = complain(checking->complaint, ERR_CONFIG,
                           "%s:%d: average_loans: least is not below most; correct them.",
                           checking->path, (int)rows[i].head.line);
        }
    }
    return err;
}

static enum err check_score(const struct checking *checking)
{
    const struct score_row *rows = checking->country->score.items;
    enum err err = require_unique(checking, "score", &checking->country->score, sizeof *rows);
    for (size_t i = 0; err == ERR_OK && i < checking->country->score.count; i++) {
        if (rows[i].green == rows[i].red) {
            err = complain(checking->complaint, ERR_CONFIG,
                           "%s:%d: score: %s has the same green and red; they are the ends of a "
                           "line.",
                           checking->path, (int)rows[i].head.line, rows[i].head.key);
        }
    }
    return err;
}

static enum err check_country_file(const struct checking *checking)
{
    const struct country *country = checking->country;
    const struct {
        const char *list;
        const struct config_groups *groups;
        size_t bytes;
    } lists[] = {
        {"currencies", &country->currencies, sizeof(struct currency)},
        {"categories", &country->categories, sizeof(struct category)},
        {"classes", &country->classes, sizeof(struct loan_class)},
        {"codes", &country->codes, sizeof(struct code_list)},
        {"run_off", &country->run_off, sizeof(struct run_off)},
        {"scenarios", &country->scenarios, sizeof(struct scenario)},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof lists / sizeof lists[0]; i++) {
        err = require_unique(checking, lists[i].list, lists[i].groups, lists[i].bytes);
    }
    err = err != ERR_OK ? err : check_rules(checking);
    err = err != ERR_OK ? err : check_classes(checking);
    err = err != ERR_OK ? err : check_bands(checking);
    err = err != ERR_OK ? err : check_limits(checking);
    err = err != ERR_OK ? err : check_capital_bands(checking);
    err = err != ERR_OK ? err : check_average_loans(checking);
    err = err != ERR_OK ? err : check_score(checking);
    return err != ERR_OK ? err : check_liquidity(checking);
}

enum err country_path(const char *country, char **ret_path)
{
    return data_path("countries", "IHURIRO_COUNTRIES", country, ret_path);
}
