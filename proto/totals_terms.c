/* Totals: what was asked, in words. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/totals_inside.h"

static const char *const names[BY_KINDS] = {
    [BY_COUNTRY] = "COUNTRY",       [BY_CATEGORY] = "CATEGORY", [BY_DISTRICT] = "DISTRICT",
    [BY_PEER_GROUP] = "PEER_GROUP", [BY_SECTOR] = "SECTOR",     [BY_PRODUCT] = "PRODUCT",
    [BY_GENDER] = "GENDER",
};

const char *total_by_name(enum total_by by)
{
    return names[by];
}

enum err total_by_parse(const char *name, enum total_by *ret_by)
{
    for (enum total_by by = BY_COUNTRY; by < BY_KINDS; by++) {
        if (strcasecmp(name, names[by]) == 0) {
            *ret_by = by;
            return ERR_OK;
        }
    }
    return ERR_MALFORMED;
}

const char *total_unit_name(enum ratio_unit unit)
{
    static const char *const units[] = {
        [RATIO_BASIS_POINTS] = "BP",
        [RATIO_DAYS] = "DAYS",
        [RATIO_MONEY] = "MONEY",
        [RATIO_COUNT] = "COUNT",
    };
    return units[unit];
}

bool word_takes(const char *word, const char *name)
{
    size_t length = strlen(word);
    return strncmp(word, name, length) == 0 && (name[length] == '\0' || name[length] == '.');
}

bool line_is_asked(const struct totals_terms *terms, const char *name, bool is_yearly)
{
    for (size_t i = 0; i < terms->line_count; i++) {
        if (word_takes(terms->lines[i], name)) {
            return true;
        }
    }
    return terms->line_count == 0 && !is_yearly;
}

int totals_months_before(const struct totals_terms *terms)
{
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        const struct ratio *ratio = ratios_at(i, &count);
        if (ratio->is_yearly && !ratio->is_single && line_is_asked(terms, ratio->id, true)) {
            return 12;
        }
    }
    return 1;
}

/* ---- what may be asked ---- */

enum found {
    FOUND_NONE,
    FOUND_NOT_YOURS,
    FOUND_NOT_IN_GROUP,
    FOUND,
};

struct groups_asked {
    bool has_parties;   /* one of the first four */
    bool has_breakdown; /* one of the last three */
};

static enum found find_word(const struct lines *lines, const char *word,
                            const struct groups_asked *asked, bool is_for_staff)
{
    enum found found = FOUND_NONE;
    for (size_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->items[i];
        enum found as = !asked->has_parties                ? FOUND_NOT_IN_GROUP
                        : line->is_exposed && is_for_staff ? FOUND_NOT_YOURS
                                                           : FOUND;
        found = word_takes(word, line->name) && as > found ? as : found;
    }
    for (size_t i = 0; i < MEASURES; i++) {
        enum found as = asked->has_breakdown ? FOUND : FOUND_NOT_IN_GROUP;
        found = word_takes(word, measures[i].name) && as > found ? as : found;
    }
    return found;
}

static enum err check_word(const struct lines *lines, const char *word,
                           const struct groups_asked *asked, bool is_for_staff,
                           struct complaint *complaint)
{
    switch (find_word(lines, word, asked, is_for_staff)) {
    case FOUND:
        return ERR_OK;
    case FOUND_NOT_YOURS:
        return complain(complaint, ERR_MALFORMED,
                        "%.64s is made from EXPOSURES, which only the institution and the "
                        "regulator see. Leave it out.",
                        word);
    case FOUND_NOT_IN_GROUP:
        return complain(complaint, ERR_MALFORMED,
                        asked->has_parties
                            ? "%.64s is of the portfolio's breakdown: ask for it by SECTOR, "
                              "PRODUCT or GENDER."
                            : "%.64s is not known by sector, product or gender. Ask for it by "
                              "COUNTRY, CATEGORY, DISTRICT or PEER_GROUP.",
                        word);
    case FOUND_NONE:
        break;
    }
    return complain(complaint, ERR_MALFORMED,
                    "There is no total of a line %.64s. `mfi-agent explain --all` lists fields and "
                    "ratios: R02, or P01.glp.",
                    word);
}

static enum err check_by(const struct totals_terms *terms, struct complaint *complaint,
                         struct groups_asked *ret_asked)
{
    struct groups_asked asked = {.has_parties = terms->by_count == 0};
    for (size_t i = 0; i < terms->by_count; i++) {
        enum total_by by = BY_COUNTRY;
        if (total_by_parse(terms->by[i], &by) != ERR_OK) {
            return complain(complaint, ERR_MALFORMED,
                            "Totals are made by COUNTRY, CATEGORY, DISTRICT, PEER_GROUP, SECTOR, "
                            "PRODUCT or GENDER, not by %.64s.",
                            terms->by[i]);
        }
        asked.has_parties = asked.has_parties || breakdown_dimension(by) == 0;
        asked.has_breakdown = asked.has_breakdown || breakdown_dimension(by) != 0;
    }
    *ret_asked = asked;
    return ERR_OK;
}

enum err totals_check(const struct totals_terms *terms, const PbSettings *settings,
                      struct complaint *complaint)
{
    AUTO(lines_close) struct lines lines = {0};
    struct groups_asked asked = {.has_parties = false};
    if (terms->month.frequency != FREQUENCY_M) {
        return complain(complaint, ERR_MALFORMED, "Totals are of a month, like 2020-06.");
    }
    enum err err = check_by(terms, complaint, &asked);
    err = err != ERR_OK ? err : lines_make(settings, &terms->month, &lines);
    for (size_t i = 0; i < terms->line_count && err == ERR_OK; i++) {
        err = check_word(&lines, terms->lines[i], &asked, terms->is_for_staff, complaint);
    }
    return err;
}
