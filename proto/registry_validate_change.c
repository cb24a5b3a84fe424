/* Mergers, splits and renamings that may not be. */
#include "proto/registry_validate.h"

#include "proto/record.h"

#include <string.h>

/* A succession that is proposed: those that end, and those that take over. */
struct proposal {
    const struct registry *registry;
    const char *word; /* "merger", "split" */
    int32_t from_day;
    char day[11];
};

static enum err validate_day(struct proposal *proposal, struct complaint *complaint)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!day_is_bounded(proposal->from_day)) {
        return complain(complaint, ERR_REFUSED,
                        "The day of the %s lies outside 1900 to 2199: correct --from.",
                        proposal->word);
    }
    day_to_date(proposal->from_day, &year, &month, &day);
    day_format(proposal->from_day, proposal->day);
    return day == 1 ? ERR_OK
                    : complain(complaint, ERR_REFUSED,
                               "A %s takes effect on the first of a month, not on %s: give that "
                               "day as --from.",
                               proposal->word, proposal->day);
}

static bool names(const struct succession *row, const char *id)
{
    for (size_t i = 0; i < row->many_count; i++) {
        if (strcmp(row->many[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static enum err complain_ended(const struct proposal *proposal, const struct party *party,
                               struct complaint *complaint)
{
    size_t count = 0;
    const struct succession *rows = registry_successions(proposal->registry, &count);
    const char *into = "others";
    char day[11];
    for (size_t i = 0; i < count; i++) {
        into = !rows[i].is_split && names(&rows[i], party->id) ? rows[i].one : into;
    }
    day_format(party->ended_day, day);
    return complain(complaint, ERR_REFUSED,
                    "%s went into %s on %s: who has ended takes no part in another %s.", party->id,
                    into, day, proposal->word);
}

/* A member that has not ended yet; so there are no circles. ret_party: it; left alone when it is
 * refused. */
static enum err standing_member(const struct proposal *proposal, const char *id,
                                struct complaint *complaint, const struct party **ret_party)
{
    const struct party *party = registry_find(proposal->registry, id);
    if (party == NULL) {
        return complain_unknown(id, complaint);
    }
    if (party->role != ROLE_MEMBER) {
        return complain(complaint, ERR_REFUSED, "%s is not a member: a %s is between members.", id,
                        proposal->word);
    }
    if (party->ended_day != INT32_MAX) {
        return complain_ended(proposal, party, complaint);
    }
    *ret_party = party;
    return ERR_OK;
}

/* Who ends: not one that takes over others on that day or later, whose reports nobody would owe. */
static enum err validate_ending(const struct proposal *proposal, const struct party *party,
                                struct complaint *complaint)
{
    size_t count = 0;
    const struct succession *rows = registry_successions(proposal->registry, &count);
    char day[11];
    for (size_t i = 0; i < count; i++) {
        const bool takes_over =
            rows[i].is_split ? names(&rows[i], party->id) : strcmp(rows[i].one, party->id) == 0;
        if (takes_over && rows[i].from_day >= proposal->from_day) {
            day_format(rows[i].from_day, day);
            return complain(complaint, ERR_REFUSED,
                            "%s takes over others itself from %s: it cannot end by then. Give a "
                            "later --from.",
                            party->id, day);
        }
    }
    return ERR_OK;
}

static enum err validate_successor(const struct proposal *proposal, const struct party *party,
                                   struct complaint *complaint)
{
    if (party->status == PARTY_LIQUIDATED) {
        return complain(complaint, ERR_REFUSED, "%s is liquidated: it cannot take over anybody.",
                        party->id);
    }
    return party_is_valid_on(party, proposal->from_day)
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "%s is not valid on %s, when it would take over: correct --from, or its "
                          "--valid-from and --valid-to with `mfi-hub parties set`.",
                          party->id, proposal->day);
}

static enum err validate_currency(const struct party *one, const struct party *other,
                                  struct complaint *complaint)
{
    return strcmp(one->currency, other->currency) == 0
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "%s reports in %s and %s in %s: sums over both would mean nothing.",
                          one->id, one->currency, other->id, other->currency);
}

/* Who is named beside the subject. */
static enum err validate_list(const char *subject, char *const *ids, size_t count, size_t least,
                              const char *word, struct complaint *complaint)
{
    if (count < least || count > REPEATED_ROWS_MAX) {
        return complain(complaint, ERR_REFUSED, "A %s names %zu to %d others: correct the list.",
                        word, least, REPEATED_ROWS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (!institution_id_is_valid(ids[i])) {
            return complain(complaint, ERR_REFUSED,
                            "The list of the %s names what is no id: an id is 1 to 16 capital "
                            "letters, digits and hyphens.",
                            word);
        }
        if (strcmp(ids[i], subject) == 0) {
            return complain(complaint, ERR_REFUSED,
                            "%s cannot take over itself: name it on one side of the %s only.",
                            subject, word);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(ids[i], ids[j]) == 0) {
                return complain(complaint, ERR_REFUSED, "%s is named twice: name it once.", ids[i]);
            }
        }
    }
    return ERR_OK;
}

enum err validate_merged(const struct registry *registry, const PbEvent *event,
                         struct complaint *complaint)
{
    const PbMerged *merged = event->merged;
    struct proposal proposal = {
        .registry = registry, .word = "merger", .from_day = merged->from_day};
    const struct party *successor = NULL;
    enum err err = validate_list(event->subject, merged->predecessors, merged->n_predecessors, 1,
                                 "merger", complaint);
    err = err != ERR_OK ? err : validate_day(&proposal, complaint);
    err = err != ERR_OK ? err : standing_member(&proposal, event->subject, complaint, &successor);
    if (successor == NULL) {
        return err;
    }
    err = validate_successor(&proposal, successor, complaint);
    for (size_t i = 0; i < merged->n_predecessors && err == ERR_OK; i++) {
        const struct party *party = NULL;
        err = standing_member(&proposal, merged->predecessors[i], complaint, &party);
        if (party == NULL) {
            return err;
        }
        err = validate_currency(successor, party, complaint);
        err = err != ERR_OK ? err : validate_ending(&proposal, party, complaint);
    }
    return err;
}

enum err validate_split(const struct registry *registry, const PbEvent *event,
                        struct complaint *complaint)
{
    const PbSplit *split = event->split;
    struct proposal proposal = {.registry = registry, .word = "split", .from_day = split->from_day};
    const struct party *party = NULL;
    enum err err = validate_list(event->subject, split->successors, split->n_successors, 2, "split",
                                 complaint);
    err = err != ERR_OK ? err : validate_day(&proposal, complaint);
    err = err != ERR_OK ? err : standing_member(&proposal, event->subject, complaint, &party);
    if (party == NULL) {
        return err;
    }
    err = validate_ending(&proposal, party, complaint);
    for (size_t i = 0; i < split->n_successors && err == ERR_OK; i++) {
        const struct party *successor = NULL;
        err = standing_member(&proposal, split->successors[i], complaint, &successor);
        if (successor == NULL) {
            return err;
        }
        err = validate_currency(party, successor, complaint);
        err = err != ERR_OK ? err : validate_successor(&proposal, successor, complaint);
    }
    return err;
}

enum err validate_renamed(const struct registry *registry, const PbEvent *event,
                          struct complaint *complaint)
{
    const PbRenamed *renamed = event->renamed;
    const struct party *party = registry_find(registry, event->subject);
    if (party == NULL) {
        return complain_unknown(event->subject, complaint);
    }
    if (!day_is_bounded(renamed->from_day)) {
        return complain(complaint, ERR_REFUSED,
                        "The day of the new name lies outside 1900 to 2199: correct --from.");
    }
    enum err err = validate_text(renamed->name, "name", complaint);
    if (err == ERR_OK &&
        strcmp(registry_name_on(registry, party, renamed->from_day), renamed->name) == 0) {
        err = complain(complaint, ERR_REFUSED,
                       "%s is called that on this day already: nothing is to change.", party->id);
    }
    return err;
}
