/* Totals: the fold itself, member by member. */
#include "proto/totals.h"

#include <string.h>

#include "proto/calendar.h"
#include "proto/totals_inside.h"

#define NAMES_BUDGET ((size_t)64 << 20) /* units of a history that merges everybody */

MUST_USE static enum err terms_take(struct totals *totals, const struct totals_terms *terms);
MUST_USE static enum err members_make(struct totals *totals, const struct totals_terms *terms);
MUST_USE static enum err columns_make(struct totals *totals);

enum err totals_make(const struct totals_terms *terms, const struct registry *registry,
                     const PbSettings *settings, struct totals **ret_totals)
{
    AUTO(totals_close) struct totals *totals = calloc(1, sizeof *totals);
    if (totals == NULL) {
        return ERR_MEMORY;
    }
    totals->registry = registry;
    totals->settings = settings;
    totals->arena.budget = NAMES_BUDGET;
    enum err err = terms_take(totals, terms);
    err = err != ERR_OK ? err : members_make(totals, terms);
    err = err != ERR_OK ? err : groups_make(totals);
    err = err != ERR_OK ? err : units_make(totals);
    err = err != ERR_OK ? err : columns_make(totals);
    if (err == ERR_OK) {
        *ret_totals = STEAL(totals);
    }
    return err;
}

void fold_close(struct totals *totals)
{
    for (size_t i = 0; i < totals->column_count; i++) {
        free(totals->columns[i].values);
        free(totals->columns[i].has_value);
    }
    for (size_t i = 0; i < totals->group_count; i++) {
        free(totals->groups[i].members);
        free(totals->groups[i].sums);
    }
    for (size_t i = 0; totals->unit_parts != NULL && i < totals->member_count; i++) {
        free(totals->unit_parts[i].items);
    }
    free(STEAL(totals->columns));
    free(STEAL(totals->groups));
    free(STEAL(totals->unit_parts));
    free(STEAL(totals->members));
    free(STEAL(totals->units));
    free(STEAL(totals->codes));
    free(STEAL(totals->codes_of_member));
    free(STEAL(totals->emitted));
    free(STEAL(totals->sorted));
    free(STEAL(totals->may_be_read));
    totals->column_count = totals->group_count = totals->member_count = 0;
    arena_close(&totals->feeding);
}

void totals_close(struct totals **totals)
{
    if (*totals != NULL) {
        fold_close(*totals);
        free((*totals)->rows);
        lines_close(&(*totals)->lines);
        arena_close(&(*totals)->arena);
        free(*totals);
        *totals = NULL;
    }
}

size_t totals_members(const struct totals *totals)
{
    return totals->member_count;
}

struct totals_member totals_member(const struct totals *totals, size_t index)
{
    const struct member *member = &totals->members[index];
    return (struct totals_member){
        .party = member->party,
        .owes = member->owes,
        .owes_before = member->owes_before,
        .may_be_read = member->may_be_read,
    };
}

/* ---- making ---- */

/* Which lines are asked for; the rest is dropped. */
static void lines_choose(struct lines *lines, const struct totals_terms *terms)
{
    size_t kept = 0;
    for (size_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->items[i];
        if (line_is_asked(terms, line->name, line->is_yearly) &&
            !(line->is_exposed && terms->is_for_staff)) {
            lines->items[kept++] = *line;
        }
    }
    lines->count = kept;
}

static enum err terms_take(struct totals *totals, const struct totals_terms *terms)
{
    if (terms->month.frequency != FREQUENCY_M) {
        return ERR_MALFORMED;
    }
    totals->month = terms->month;
    totals->before = period_previous(&terms->month);
    totals->has_estimates = terms->has_estimates;
    totals->months_before = totals_months_before(terms);
    totals->feeding.budget = (size_t)(totals->months_before + 2) * TYPE_LAST * UNPACK_BUDGET;
    totals->by = terms->by_count == 0 ? 1U << BY_COUNTRY : 0;
    for (size_t i = 0; i < terms->by_count; i++) {
        enum total_by by = BY_COUNTRY;
        if (total_by_parse(terms->by[i], &by) != ERR_OK) {
            return ERR_MALFORMED;
        }
        totals->by |= 1U << by;
    }
    for (size_t i = 0; i < MEASURES; i++) {
        totals->is_asked_measure[i] = line_is_asked(terms, measures[i].name, false);
    }
    enum err err = lines_make(totals->settings, &totals->month, &totals->lines);
    if (err == ERR_OK) {
        lines_choose(&totals->lines, terms);
    }
    return err;
}

static enum err members_make(struct totals *totals, const struct totals_terms *terms)
{
    int offset = totals->settings == NULL ? 0 : totals->settings->utc_offset_minutes;
    size_t count = registry_count(totals->registry);
    totals->members = calloc(count + 1, sizeof *totals->members);
    totals->sorted = calloc(count + 1, sizeof *totals->sorted);
    totals->may_be_read = calloc(count + 1, sizeof *totals->may_be_read);
    if (totals->members == NULL || totals->sorted == NULL || totals->may_be_read == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct party *party = registry_at(totals->registry, i);
        totals->may_be_read[i] = !terms->is_for_staff || (terms->shares != NULL &&
                                                          terms->shares(terms->context, party->id));
        struct member member = {
            .party = party,
            .owes = party_owes(party, &totals->month, offset),
            .owes_before = party_owes(party, &totals->before, offset),
            .may_be_read = totals->may_be_read[i],
            .unit = SIZE_MAX,
        };
        if (member.owes || member.owes_before) {
            totals->members[totals->member_count++] = member;
        }
    }
    return ERR_OK;
}

bool party_may_be_read(const struct totals *totals, const struct party *party)
{
    size_t low = 0;
    size_t high = registry_count(totals->registry);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(registry_at(totals->registry, middle)->id, party->id);
        if (order == 0) {
            return totals->may_be_read[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

/* Those of lines come first, in their order. */
static enum err columns_make(struct totals *totals)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < totals->lines.count && err == ERR_OK; i++) {
        struct column column = {.line = &totals->lines.items[i]};
        err = column_add(totals, &column);
    }
    return err;
}

static bool column_is_ratio(const struct column *column)
{
    return column->line != NULL ? column->line->is_ratio : column->measure->is_ratio;
}

/* For all columns so far, with room for those to come. */
static enum err sums_grow(struct totals *totals, const struct column *like)
{
    size_t groups = like->line != NULL ? totals->group_count : totals->country_count;
    for (size_t i = 0; i < groups; i++) {
        struct group *group = &totals->groups[i];
        if (totals->column_count <= group->sum_count) {
            continue;
        }
        size_t wanted = totals->column_capacity;
        struct accumulator *grown = reallocarray(group->sums, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        memset(&grown[group->sum_count], 0, (wanted - group->sum_count) * sizeof *grown);
        group->sums = grown;
        group->sum_count = wanted;
    }
    return ERR_OK;
}

enum err column_add(struct totals *totals, const struct column *like)
{
    bool has_quartiles = like->line != NULL ? !like->line->is_of_rows
                                            : like->measure != NULL && like->measure->is_ratio;
    if (totals->column_count == totals->column_capacity) {
        size_t wanted = totals->column_capacity == 0 ? 512 : totals->column_capacity * 2;
        struct column *grown = reallocarray(totals->columns, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        totals->columns = grown;
        totals->column_capacity = wanted;
    }
    struct column *column = &totals->columns[totals->column_count++];
    *column = *like;
    if (has_quartiles) {
        column->values = calloc(totals->member_count + 1, sizeof *column->values);
        column->has_value = calloc(totals->member_count + 1, sizeof *column->has_value);
    }
    return has_quartiles && (column->values == NULL || column->has_value == NULL)
               ? ERR_MEMORY
               : sums_grow(totals, column);
}

/* ---- feeding ---- */

static bool is_foreign(const PbReport *report, const char *currency)
{
    return report != NULL && currency[0] != '\0' && report->currency != NULL &&
           strcmp(report->currency, currency) != 0;
}

static bool is_any_foreign(const struct ratio_inputs *inputs, const char *currency)
{
    for (; inputs != NULL; inputs = inputs->before) {
        if (is_foreign(inputs->portfolio, currency) || is_foreign(inputs->liquidity, currency) ||
            is_foreign(inputs->operations, currency) || is_foreign(inputs->capital, currency) ||
            is_foreign(inputs->exposures, currency)) {
            return true;
        }
    }
    return false;
}

/* Without what is in another currency than the party row's. */
static enum err own_currency(struct totals *totals, const struct ratio_inputs **inputs,
                             const char *currency)
{
    const struct ratio_inputs **place = inputs;
    if (!is_any_foreign(*inputs, currency)) {
        return ERR_OK;
    }
    for (; *place != NULL;) {
        struct ratio_inputs *own = arena_take(&totals->feeding, sizeof *own);
        if (own == NULL) {
            return ERR_MEMORY;
        }
        *own = **place;
        const PbReport **const reports[] = {&own->portfolio, &own->liquidity, &own->operations,
                                            &own->capital, &own->exposures};
        for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++) {
            *reports[i] = is_foreign(*reports[i], currency) ? NULL : *reports[i];
        }
        *place = own;
        place = &own->before;
    }
    return ERR_OK;
}

/* What has not come, as it was the month before. False: there is nothing to fill. */
static bool estimate_of(const struct totals_fed *fed, struct ratio_inputs *ret_estimate)
{
    struct ratio_inputs filled = {.portfolio = NULL};
    const struct ratio_inputs *before = fed->before;
    if (before == NULL) {
        return false;
    }
    if (fed->now != NULL) {
        filled = *fed->now;
    } else {
        filled.settings = before->settings;
        filled.category = before->category;
    }
    bool is_filled = false;
    const PbReport **const now[] = {&filled.portfolio, &filled.liquidity, &filled.operations,
                                    &filled.capital, &filled.exposures};
    const PbReport *const earlier[] = {before->portfolio, before->liquidity, before->operations,
                                       before->capital, before->exposures};
    for (size_t i = 0; i < sizeof now / sizeof now[0]; i++) {
        bool is_lacking = *now[i] == NULL && earlier[i] != NULL;
        *now[i] = is_lacking ? earlier[i] : *now[i];
        is_filled = is_filled || is_lacking;
    }
    *ret_estimate = filled;
    return is_filled;
}

static enum err feed_lines(struct totals *totals, size_t index, const struct totals_fed *fed,
                           const struct ratio_inputs *estimate)
{
    const struct member *member = &totals->members[index];
    enum err err = ERR_OK;
    for (size_t i = 0; i < totals->lines.count && err == ERR_OK; i++) {
        const struct line *line = &totals->lines.items[i];
        struct both both = {.has_now = false};
        both.has_now = member->owes && fed->now != NULL && line_parts(line, fed->now, &both.now);
        if (!line->needs_before && member->owes_before && fed->before != NULL) {
            both.has_before = line_parts(line, fed->before, &both.before);
        }
        if (!line->needs_before && member->owes && !both.has_now && estimate != NULL) {
            both.has_estimate = line_parts(line, estimate, &both.estimate);
        }
        err = column_feed(totals, i, index, &both);
    }
    return err;
}

/* What a group holds is what its members are last known to hold. */
static void add_assets(struct totals *totals, const struct member *member)
{
    for (size_t i = 0; i < member->group_count; i++) {
        struct group *group = &totals->groups[member->groups[i]];
        group->assets += member->has_assets ? member->assets : 0;
        group->assets_unknown -= member->has_assets; /* counted when the group was made */
    }
}

enum err totals_feed(struct totals *totals, size_t index, const struct totals_fed *fed)
{
    struct member *member = &totals->members[index];
    struct totals_fed own = *fed;
    struct ratio_inputs estimate;
    if (member->was_fed || !member->may_be_read || totals->is_sealed) {
        return ERR_OK;
    }
    enum err err = own_currency(totals, &own.now, member->party->currency);
    err = err != ERR_OK ? err : own_currency(totals, &own.before, member->party->currency);
    if (err != ERR_OK) {
        return err;
    }
    bool is_estimated = totals->has_estimates && member->owes && estimate_of(&own, &estimate);
    member->was_fed = true;
    member->has_assets = own.has_assets && own.assets >= 0;
    member->assets = own.assets;
    add_assets(totals, member);
    err = feed_lines(totals, index, &own, is_estimated ? &estimate : NULL);
    err =
        err != ERR_OK ? err : breakdown_feed(totals, index, &own, is_estimated ? &estimate : NULL);
    arena_reset(&totals->feeding);
    return err;
}

static void add_now(struct accumulator *sum, const struct member *member, const struct both *both)
{
    const struct ratio_parts *parts = both->has_now ? &both->now : &both->estimate;
    if (!both->has_now && !both->has_estimate) {
        return;
    }
    sum->numerator += parts->numerator;
    sum->denominator += parts->denominator;
    sum->reported += both->has_now;
    sum->estimated += !both->has_now;
    sum->assets += both->has_now && member->has_assets ? member->assets : 0;
}

static void add_matched(struct accumulator *sum, const struct both *both)
{
    sum->before_numerator += both->before.numerator;
    sum->before_denominator += both->before.denominator;
    sum->matched_numerator += both->now.numerator;
    sum->matched_denominator += both->now.denominator;
    sum->matched_count++;
}

/* For the unit, when all its members were fed. */
static enum err keep_for_unit(struct totals *totals, size_t column, size_t index,
                              const struct both *both)
{
    struct unit_parts *parts = &totals->unit_parts[index];
    if (column >= parts->count) {
        size_t wanted = column + 1 > totals->column_count ? column + 1 : totals->column_count;
        struct both *grown = reallocarray(parts->items, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        memset(&grown[parts->count], 0, (wanted - parts->count) * sizeof *grown);
        parts->items = grown;
        parts->count = wanted;
    }
    parts->items[column] = *both;
    return ERR_OK;
}

enum err column_feed(struct totals *totals, size_t at, size_t index, const struct both *both)
{
    const struct member *member = &totals->members[index];
    struct column *column = &totals->columns[at];
    if (!both->has_now && !both->has_before && !both->has_estimate) {
        return ERR_OK;
    }
    size_t groups = column->line != NULL || member->group_count == 0 ? member->group_count : 1;
    bool is_matched = member->unit == SIZE_MAX && both->has_now && both->has_before;
    for (size_t i = 0; i < groups; i++) {
        struct accumulator *sum = sum_of(totals, member->groups[i], at);
        add_now(sum, member, both);
        if (is_matched) {
            add_matched(sum, both);
        }
    }
    if (column->values != NULL && both->has_now && groups > 0) {
        struct ratio_parts parts;
        struct ratio_value value;
        column->has_value[index] =
            value_of(column, both->now.numerator, both->now.denominator, &parts, &value) &&
            !value.is_null;
        column->values[index] = column->has_value[index] ? value.value : 0;
    }
    return member->unit == SIZE_MAX ? ERR_OK : keep_for_unit(totals, at, index, both);
}

static bool fits(wide number)
{
    return number >= INT64_MIN && number <= INT64_MAX;
}

bool value_of(const struct column *column, wide numerator, wide denominator,
              struct ratio_parts *ret_parts, struct ratio_value *ret_value)
{
    bool is_ratio = column_is_ratio(column);
    denominator = is_ratio ? denominator : 1;
    if (!fits(numerator) || !fits(denominator)) {
        return false;
    }
    struct ratio_parts parts = {(int64_t)numerator, (int64_t)denominator};
    struct ratio of_measure = {
        .unit = column->line != NULL ? column->line->unit : column->measure->unit,
    };
    struct ratio_value value = is_ratio ? ratio_of_parts(&of_measure, &parts)
                                        : (struct ratio_value){.value = parts.numerator};
    if (value.is_null && parts.denominator != 0) {
        return false;
    }
    *ret_parts = parts;
    *ret_value = value;
    return true;
}
