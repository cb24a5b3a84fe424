/* Totals: which groups there are, who is in them, and which members are one unit of comparison. */
#include <stdio.h>
#include <string.h>

#include "proto/totals_inside.h"

static int group_order(const void *a, const void *b);

static const char *or_none(const char *code)
{
    return code == NULL || code[0] == '\0' ? GROUP_NONE : code;
}

/* Appended, or there already. */
static enum err group_of(struct totals *totals, enum total_by by, const char *code,
                         const char *currency, size_t *ret_group)
{
    for (size_t i = 0; i < totals->group_count; i++) {
        const struct group *group = &totals->groups[i];
        if (group->by == by && strcmp(group->code, code) == 0 &&
            strcmp(group->currency, currency) == 0) {
            *ret_group = i;
            return ERR_OK;
        }
    }
    if (totals->group_count == totals->group_capacity) {
        size_t wanted = totals->group_capacity == 0 ? 64 : totals->group_capacity * 2;
        struct group *grown = reallocarray(totals->groups, wanted, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        totals->groups = grown;
        totals->group_capacity = wanted;
    }
    struct group made = {
        .by = by,
        .code = arena_text(&totals->arena, code), /* rows outlive the registry */
        .currency = arena_text(&totals->arena, currency),
        .place = totals->group_count,
    };
    if (made.code == NULL || made.currency == NULL) {
        return ERR_MEMORY;
    }
    *ret_group = totals->group_count;
    totals->groups[totals->group_count++] = made;
    return ERR_OK;
}

/* ---- peers ---- */

static const char *peers_named(const struct party *party)
{
    return or_none(party->peer_group != NULL && party->peer_group[0] != '\0' ? party->peer_group
                                                                             : party->category);
}

/* By the word in its category's code or name. */
static bool is_sacco(const struct totals *totals, const struct party *party)
{
    const char *category = party->category == NULL ? "" : party->category;
    if (strstr(category, "SACCO") != NULL) {
        return true;
    }
    for (size_t i = 0; totals->settings != NULL && i < totals->settings->n_categories; i++) {
        const Ihuriro__V1__Category *row = totals->settings->categories[i];
        if (strcmp(row->code, category) == 0) {
            return row->name != NULL && strstr(row->name, "SACCO") != NULL;
        }
    }
    return false;
}

struct peers {
    const char *code;
    const char *currency;
    size_t count;
};

static struct peers *find_peers(struct peers *peers, size_t count, const struct party *party)
{
    const char *code = peers_named(party);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(peers[i].code, code) == 0 && strcmp(peers[i].currency, party->currency) == 0) {
            return &peers[i];
        }
    }
    return NULL;
}

static enum err count_peers(const struct totals *totals, struct peers **ret_peers,
                            size_t *ret_count)
{
    AUTO(free_p) struct peers *peers = NULL;
    size_t count = 0;
    for (size_t i = 0; i < totals->member_count; i++) {
        const struct member *member = &totals->members[i];
        struct peers *found = find_peers(peers, count, member->party);
        if (!member->owes) {
            continue;
        }
        if (found != NULL) {
            found->count++;
            continue;
        }
        struct peers *grown = reallocarray(peers, count + 1, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        peers = grown;
        peers[count++] = (struct peers){peers_named(member->party), member->party->currency, 1};
    }
    *ret_peers = STEAL(peers);
    *ret_count = count;
    return ERR_OK;
}

/* ---- groups ---- */

static enum err join(struct totals *totals, size_t index, enum total_by by, const char *code)
{
    struct member *member = &totals->members[index];
    size_t group = 0;
    enum err err = group_of(totals, by, code, member->party->currency, &group);
    if (err == ERR_OK) {
        member->groups[member->group_count++] = group;
        totals->groups[group].expected++;
    }
    return err;
}

/* That of COUNTRY always: what is by sector, product and gender has its N of it. */
static enum err join_all(struct totals *totals, size_t index, struct peers *peers,
                         size_t peers_count)
{
    const struct party *party = totals->members[index].party;
    const struct peers *own = find_peers(peers, peers_count, party);
    const char *country = totals->settings == NULL ? NULL : totals->settings->country;
    const char *codes[] = {
        [BY_COUNTRY] = or_none(country),
        [BY_CATEGORY] = or_none(party->category),
        [BY_DISTRICT] = or_none(party->district),
        [BY_PEER_GROUP] = own != NULL && own->count >= PEERS_MIN ? own->code
                          : is_sacco(totals, party)              ? PEERS_SACCOS
                                                                 : PEERS_COMPANIES,
    };
    enum err err = ERR_OK;
    for (enum total_by by = BY_COUNTRY; by <= BY_PEER_GROUP && err == ERR_OK; by++) {
        if (by == BY_COUNTRY || (totals->by & 1U << by) != 0) {
            err = join(totals, index, by, codes[by]);
        }
    }
    return err;
}

static int group_order(const void *a, const void *b)
{
    const struct group *left = a;
    const struct group *right = b;
    if (left->by != right->by) {
        return left->by < right->by ? -1 : 1;
    }
    int order = strcmp(left->code, right->code);
    return order != 0 ? order : strcmp(left->currency, right->currency);
}

static enum err put_in_order(struct totals *totals)
{
    AUTO(free_p) size_t *places = calloc(totals->group_count + 1, sizeof *places);
    if (places == NULL) {
        return ERR_MEMORY;
    }
    if (totals->group_count > 0) {
        qsort(totals->groups, totals->group_count, sizeof *totals->groups, group_order);
    }
    for (size_t i = 0; i < totals->group_count; i++) {
        places[totals->groups[i].place] = i;
        totals->country_count += totals->groups[i].by == BY_COUNTRY;
    }
    for (size_t i = 0; i < totals->member_count; i++) {
        struct member *member = &totals->members[i];
        for (size_t k = 0; k < member->group_count; k++) {
            member->groups[k] = places[member->groups[k]];
        }
    }
    return ERR_OK;
}

static enum err list_members(struct totals *totals)
{
    for (size_t i = 0; i < totals->group_count; i++) {
        struct group *group = &totals->groups[i];
        group->members = calloc(group->expected, sizeof *group->members);
        if (group->members == NULL) {
            return ERR_MEMORY;
        }
    }
    for (size_t i = 0; i < totals->member_count; i++) {
        const struct member *member = &totals->members[i];
        for (size_t k = 0; k < member->group_count; k++) {
            struct group *group = &totals->groups[member->groups[k]];
            if (member->may_be_read) {
                group->members[group->member_count++] = (uint32_t)i;
                group->assets_unknown++;
            } else {
                group->not_shared++;
            }
        }
    }
    return ERR_OK;
}

enum err groups_make(struct totals *totals)
{
    AUTO(free_p) struct peers *peers = NULL;
    size_t peers_count = 0;
    enum err err = count_peers(totals, &peers, &peers_count);
    for (size_t i = 0; i < totals->member_count && err == ERR_OK; i++) {
        err = totals->members[i].owes ? join_all(totals, i, peers, peers_count) : ERR_OK;
    }
    err = err != ERR_OK ? err : put_in_order(totals);
    return err != ERR_OK ? err : list_members(totals);
}

/* ---- units ---- */

/* SIZE_MAX: it is no member. Members are in order of id, as the registry is. */
static size_t member_of(const struct totals *totals, const char *id)
{
    size_t low = 0;
    size_t high = totals->member_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(totals->members[middle].party->id, id);
        if (order == 0) {
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return SIZE_MAX;
}

static size_t root_of(size_t *parents, size_t index)
{
    while (parents[index] != index) {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    return index;
}

/* Who ended long ago and took nothing over is no member, and links nobody. */
static void link_members(const struct totals *totals, size_t *parents)
{
    size_t count = 0;
    const struct succession *successions = registry_successions(totals->registry, &count);
    for (size_t i = 0; i < count; i++) {
        const struct succession *row = &successions[i];
        size_t one = member_of(totals, row->one);
        if (row->from_day <= totals->before.end_day || row->from_day > totals->month.end_day) {
            continue;
        }
        for (size_t k = 0; k < row->many_count; k++) {
            size_t other = member_of(totals, row->many[k]);
            one = one == SIZE_MAX ? other : one;
            if (other != SIZE_MAX) {
                parents[root_of(parents, other)] = root_of(parents, one);
            }
        }
    }
}

static enum err list_unit(struct totals *totals, const size_t *roots, size_t root, size_t count)
{
    struct unit *unit = &totals->units[totals->unit_count];
    unit->members = arena_take(&totals->arena, count * sizeof *unit->members);
    if (unit->members == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < totals->member_count; i++) {
        if (roots[i] == root) {
            unit->members[unit->count++] = i;
            totals->members[i].unit = totals->unit_count;
        }
    }
    totals->unit_count++;
    return ERR_OK;
}

enum err units_make(struct totals *totals)
{
    size_t count = totals->member_count;
    AUTO(free_p) size_t *roots = calloc(count + 1, sizeof *roots);
    AUTO(free_p) size_t *sizes = calloc(count + 1, sizeof *sizes);
    totals->unit_parts = calloc(count + 1, sizeof *totals->unit_parts);
    totals->units = calloc(count + 1, sizeof *totals->units);
    if (roots == NULL || sizes == NULL || totals->unit_parts == NULL || totals->units == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        roots[i] = i;
    }
    link_members(totals, roots);
    for (size_t i = 0; i < count; i++) {
        roots[i] = root_of(roots, i);
        sizes[roots[i]]++;
    }
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = sizes[i] > 1 ? list_unit(totals, roots, i, sizes[i]) : ERR_OK;
    }
    return err;
}

static void add_parts(struct ratio_parts *sum, const struct ratio_parts *parts, bool *fits)
{
    bool overflows = __builtin_add_overflow(sum->numerator, parts->numerator, &sum->numerator);
    overflows = __builtin_add_overflow(sum->denominator, parts->denominator, &sum->denominator) ||
                overflows;
    *fits = *fits && !overflows;
}

/* All that were active at an end reported it there. */
static bool unit_both(const struct totals *totals, const struct unit *unit, size_t column,
                      struct both *ret_both)
{
    struct both sum = {.has_now = false};
    bool is_whole = true;
    for (size_t i = 0; i < unit->count && is_whole; i++) {
        const struct member *member = &totals->members[unit->members[i]];
        const struct unit_parts *parts = &totals->unit_parts[unit->members[i]];
        static const struct both none;
        const struct both *both = column < parts->count ? &parts->items[column] : &none;
        if (member->owes) {
            is_whole = both->has_now;
            sum.has_now = true;
            add_parts(&sum.now, &both->now, &is_whole);
        }
        if (member->owes_before && is_whole) {
            is_whole = both->has_before;
            sum.has_before = true;
            add_parts(&sum.before, &both->before, &is_whole);
        }
    }
    *ret_both = sum;
    return is_whole && sum.has_now && sum.has_before;
}

/* Is every member of it that owes now in the group? */
static bool unit_is_in(const struct totals *totals, const struct unit *unit, size_t group)
{
    for (size_t i = 0; i < unit->count; i++) {
        const struct member *member = &totals->members[unit->members[i]];
        bool is_in = !member->owes;
        for (size_t k = 0; k < member->group_count; k++) {
            is_in = is_in || member->groups[k] == group;
        }
        if (!is_in) {
            return false;
        }
    }
    return true;
}

static void unit_add(struct totals *totals, const struct unit *unit, size_t group)
{
    for (size_t i = 0; i < totals->column_count; i++) {
        struct both both;
        if ((totals->columns[i].line == NULL && group >= totals->country_count) ||
            !unit_both(totals, unit, i, &both)) {
            continue;
        }
        struct accumulator *sum = sum_of(totals, group, i);
        sum->before_numerator += both.before.numerator;
        sum->before_denominator += both.before.denominator;
        sum->matched_numerator += both.now.numerator;
        sum->matched_denominator += both.now.denominator;
        sum->matched_count++;
    }
}

void units_add(struct totals *totals)
{
    for (size_t i = 0; i < totals->unit_count; i++) {
        const struct unit *unit = &totals->units[i];
        for (size_t k = 0; k < unit->count; k++) {
            const struct member *member = &totals->members[unit->members[k]];
            if (!member->owes) {
                continue;
            }
            for (size_t g = 0; g < member->group_count; g++) {
                if (unit_is_in(totals, unit, member->groups[g])) {
                    unit_add(totals, unit, member->groups[g]);
                }
            }
            break; /* the groups of one are enough: all must be in them */
        }
    }
}
