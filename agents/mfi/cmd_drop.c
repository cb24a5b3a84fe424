/* mfi-agent drop INSTITUTION TYPE PERIOD [NUMBER]: takes what has no receipt out of the queue. */
#include <inttypes.h>
#include <string.h>

#include "agents/mfi/commands.h"
#include "agents/mfi/folder.h"
#include "proto/record.h"

static const char program[] = "mfi-agent drop";

struct drop_arguments {
    const char *config;
};

static const struct option_row drop_rows[] = {
    CONFIG_ROW(struct drop_arguments),
    {0},
};

static const struct options drop_options = {
    .program = program,
    .words = "INSTITUTION TYPE PERIOD [NUMBER]",
    .about = "Takes a queued, drafted or refused report away, so that it is not sent: mfi-agent "
             "drop SACCO-1 PORTFOLIO "
             "2020-06. NUMBER is needed where there is more than one; `mfi-agent status` shows it. "
             "What has a receipt is "
             "never taken away.",
    .rows = drop_rows,
    .words_min = 3,
    .words_max = 4,
};

/* The one entry that the words name. */
struct choosing {
    struct entry_key key; /* number 0: any */
    size_t found;
    size_t receipted;
    struct entry_key chosen;
};

static enum err visit_entry(void *context, const struct entry *entry)
{
    struct choosing *choosing = context;
    const struct entry_key *wanted = &choosing->key;
    if (entry->key.type != wanted->type || entry->key.frequency != wanted->frequency ||
        entry->key.period_end_day != wanted->period_end_day ||
        (wanted->number != 0 && entry->key.number != wanted->number)) {
        return ERR_OK;
    }
    if (entry->best.size > 0) {
        choosing->receipted++;
        return ERR_OK;
    }
    choosing->found++;
    choosing->chosen = entry->key;
    return ERR_OK;
}

static enum err parse_words(const struct words *words, struct entry_key *ret_key,
                            struct complaint *complaint)
{
    struct entry_key key = {0};
    struct period period = {0};
    if (!institution_id_is_valid(words->items[0])) {
        return complain(complaint, ERR_USAGE, "\"%.40s\" is no institution id.", words->items[0]);
    }
    if (report_type_parse(words->items[1], &key.type) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "\"%.40s\" is no report type: PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL or "
                        "EXPOSURES.",
                        words->items[1]);
    }
    if (period_parse(words->items[2], &period) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "\"%.40s\" is no period: 2020-06, 2020-06-30, 2020-W27 or 2020-Q2.",
                        words->items[2]);
    }
    char *end = NULL;
    unsigned long number = words->count > 3 ? strtoul(words->items[3], &end, 10) : 0;
    if (words->count > 3 && (*end != '\0' || number == 0 || number > UINT32_MAX)) {
        return complain(complaint, ERR_USAGE,
                        "\"%.40s\" is no number of a report; see `mfi-agent status`.",
                        words->items[3]);
    }
    snprintf(key.institution, sizeof key.institution, "%s", words->items[0]);
    key.frequency = (int)period.frequency;
    key.period_end_day = period.end_day;
    key.number = (uint32_t)number;
    *ret_key = key;
    return ERR_OK;
}

static enum err choose(struct agent *agent, struct choosing *choosing, struct complaint *complaint)
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(agent->outbox), false, &txn);
    if (err == ERR_OK) {
        err = outbox_walk(&txn, choosing->key.institution, visit_entry, choosing);
    }
    if (err != ERR_OK) {
        return err;
    }
    if (choosing->found == 0) {
        return complain(
            complaint, ERR_NOT_FOUND, "%s",
            choosing->receipted > 0
                ? "That report has its receipt: the hub holds it. Send corrected figures "
                  "as a new folder instead."
                : "There is no such report in the queue; see `mfi-agent status`.");
    }
    if (choosing->found > 1) {
        return complain(complaint, ERR_USAGE,
                        "There is more than one such report: name its NUMBER, as `mfi-agent status "
                        "--format json` shows it.");
    }
    return ERR_OK;
}

int drop_command(int argc, char **argv)
{
    struct drop_arguments arguments = {0};
    struct words words = {0};
    int code = options_parse(&drop_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    AUTO(agent_close) struct agent *agent = NULL;
    struct complaint complaint = {{0}};
    struct choosing choosing = {0};
    enum err err = parse_words(&words, &choosing.key, &complaint);
    if (err == ERR_OK) {
        err = agent_open(arguments.config, AGENT_STORE, &complaint, &agent);
    }
    if (err == ERR_OK) {
        err = choose(agent, &choosing, &complaint);
    }
    if (err == ERR_OK) {
        err = outbox_drop(agent->outbox, &choosing.chosen);
    }
    if (err != ERR_OK) {
        return fail(program, err, &complaint);
    }
    printf("Taken away: %s %s of %s.\n", words.items[1], words.items[2], words.items[0]);
    return 0;
}
