/* mfi-hub parties merge, split, rename, close: what becomes of a member in time. */
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/parties.h"

struct succession_arguments {
    struct common_arguments common;
    struct option_texts into;
    const char *from;
    const char *name;
    const char *on;
};

#define ARGUMENT(field) offsetof(struct succession_arguments, field)
#define FROM_ROW(help)                                             \
    {                                                              \
        "from", 0, OPTION_TEXT, ARGUMENT(from), "DATE", help, 0, 0 \
    }
static const struct option_row merge_rows[] = {
    COMMON_ROWS(struct succession_arguments),
    {"into", 0, OPTION_TEXTS, ARGUMENT(into), "ID", "who takes over", 0, 0},
    FROM_ROW("the first of a month: from then on only the successor owes"),
    {0},
};
static const struct option_row split_rows[] = {
    COMMON_ROWS(struct succession_arguments),
    {"into", 0, OPTION_TEXTS, ARGUMENT(into), "ID", "a successor; give at least two", 0, 0},
    FROM_ROW("the first of a month: from then on the successors owe"),
    {0},
};
static const struct option_row rename_rows[] = {
    COMMON_ROWS(struct succession_arguments),
    {"name", 0, OPTION_TEXT, ARGUMENT(name), "NAME", "the new name", 0, 0},
    FROM_ROW("the first day of the new name"),
    {0},
};
static const struct option_row close_rows[] = {
    COMMON_ROWS(struct succession_arguments),
    {"on", 0, OPTION_TEXT, ARGUMENT(on), "DATE",
     "the day, today or later; it owes no period that ends on it or after", 0, 0},
    {0},
};

static const struct options merge_options = {
    .program = "mfi-hub parties merge",
    .words = "ID...",
    .about = "The members named go into another, which is a party already. They owe, and may "
             "correct, all periods that ended before; their history stays, and comparisons follow "
             "it.",
    .rows = merge_rows,
    .words_min = 1,
    .words_max = REPEATED_ROWS_MAX,
};
static const struct options split_options = {
    .program = "mfi-hub parties split",
    .words = "ID",
    .about = "A member ends, and others, which are parties already, take over.",
    .rows = split_rows,
    .words_min = 1,
    .words_max = 1,
};
static const struct options rename_options = {
    .program = "mfi-hub parties rename",
    .words = "ID",
    .about = "The id stays; the name is another from a day on. For a name that was written wrong "
             "from the beginning, use `parties set ID --name`.",
    .rows = rename_rows,
    .words_min = 1,
    .words_max = 1,
};
static const struct options close_options = {
    .program = "mfi-hub parties close",
    .words = "ID",
    .about = "A member is liquidated on a day. It owes no period that ends then or later; its "
             "reports stay, and its keys stay good until `parties revoke`.",
    .rows = close_rows,
    .words_min = 1,
    .words_max = 1,
};

static enum err read_day(const char *text, const char *option, struct complaint *complaint,
                         int32_t *ret_day)
{
    if (text == NULL) {
        return complain(complaint, ERR_USAGE, "From which day on? Give %s DATE.", option);
    }
    return day_parse(text, ret_day) == ERR_OK
               ? ERR_OK
               : complain(complaint, ERR_USAGE, "%s is a date like 2020-07-01, not \"%.40s\".",
                          option, text);
}

static int submit_one(const struct succession_arguments *arguments, PbEvent *event, char *id,
                      struct complaint *complaint)
{
    PbEvent *list[] = {event};
    event->subject = id;
    return parties_submit(&arguments->common, id, list, 1, complaint);
}

int parties_merge(int argc, char **argv)
{
    struct succession_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    PbMerged merged = IHURIRO__V1__MERGED__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    int code = options_parse(&merge_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (arguments.into.count != 1) {
        return options_refuse(merge_options.program, "Into whom? Give one --into ID.");
    }
    enum err err = read_day(arguments.from, "--from", &complaint, &merged.from_day);
    merged.predecessors = words.items;
    merged.n_predecessors = words.count;
    event.merged = &merged;
    return err != ERR_OK ? command_failed(err, &complaint)
                         : submit_one(&arguments, &event,
                                      (char *)(uintptr_t)arguments.into.items[0], &complaint);
}

int parties_split(int argc, char **argv)
{
    struct succession_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    PbSplit split = IHURIRO__V1__SPLIT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    char *successors[OPTION_TEXTS_MAX];
    int code = options_parse(&split_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    for (size_t i = 0; i < arguments.into.count; i++) {
        successors[i] = (char *)(uintptr_t)arguments.into.items[i]; /* packed only */
    }
    enum err err = read_day(arguments.from, "--from", &complaint, &split.from_day);
    split.successors = successors;
    split.n_successors = arguments.into.count;
    event.split = &split;
    return err != ERR_OK ? command_failed(err, &complaint)
                         : submit_one(&arguments, &event, words.items[0], &complaint);
}

int parties_rename(int argc, char **argv)
{
    struct succession_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    PbRenamed renamed = IHURIRO__V1__RENAMED__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    int code = options_parse(&rename_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (arguments.name == NULL) {
        return options_refuse(rename_options.program, "What is it called then? Give --name NAME.");
    }
    enum err err = read_day(arguments.from, "--from", &complaint, &renamed.from_day);
    renamed.name = (char *)(uintptr_t)arguments.name; /* packed only */
    event.renamed = &renamed;
    return err != ERR_OK ? command_failed(err, &complaint)
                         : submit_one(&arguments, &event, words.items[0], &complaint);
}

/* ---- close ---- */

/* A member that stands, and a day that is not past: what was owed is not taken back by the way. */
static enum err check_close(const char *config, const char *id, int32_t day,
                            struct complaint *complaint)
{
    AUTO(parties_reading_end) struct parties_reading reading = {0};
    const struct party *party = NULL;
    enum err err = parties_read(config, complaint, &reading);
    err = err != ERR_OK ? err : parties_find(&reading, id, complaint, &party);
    if (err != ERR_OK) {
        return err;
    }
    const int offset = reading.settings == NULL ? 0 : reading.settings->utc_offset_minutes;
    const int32_t today = time_day(admin_now_us(&reading.hub), offset);
    char text[11];
    day_format(today, text);
    if (party->role != ROLE_MEMBER) {
        return complain(complaint, ERR_REFUSED,
                        "%s is not a member. Who shall not read any more: `mfi-hub parties revoke "
                        "%s`.",
                        id, id);
    }
    if (party->ended_day != INT32_MAX || party->status == PARTY_LIQUIDATED) {
        return complain(complaint, ERR_REFUSED,
                        "%s has ended already; see `mfi-hub parties show %s`.", id, id);
    }
    return day >= today
               ? ERR_OK
               : complain(complaint, ERR_REFUSED,
                          "That day is past (today is %s), and would take back what %s owed since. "
                          "If that is meant: `mfi-hub parties set %s --status liquidated "
                          "--status-from DATE`.",
                          text, id, id);
}

int parties_close(int argc, char **argv)
{
    struct succession_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    int code = options_parse(&close_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = read_day(arguments.on, "--on", &complaint, &party.status_from_day);
    err = err != ERR_OK ? err
                        : check_close(arguments.common.config, words.items[0],
                                      party.status_from_day, &complaint);
    party.has_status = 1;
    party.status = IHURIRO__V1__PARTY_ACT__STATUS__LIQUIDATED;
    party.has_status_from_day = 1;
    event.party = &party;
    return err != ERR_OK ? command_failed(err, &complaint)
                         : submit_one(&arguments, &event, words.items[0], &complaint);
}
