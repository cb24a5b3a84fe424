/* mfi-hub waive, reopen: what is decided about single reports and about a closed month. */
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/commands.h"
#include "hub/decisions.h"

struct decide_arguments {
    struct common_arguments common;
    struct option_texts types;
    const char *reason;
    const char *by;
    const char *bureau;
    bool is_withdrawn;
};

#define DECIDE(field) offsetof(struct decide_arguments, field)
#define REASON_ROW                                                                                \
    {                                                                                             \
        "reason", 0, OPTION_TEXT, DECIDE(reason), "REASON", "why; it stands in the journal", 0, 0 \
    }
#define BY_ROW                                                                   \
    {                                                                            \
        "by", 0, OPTION_TEXT, DECIDE(by), "CODE", "staff code of who asks", 0, 0 \
    }

static const struct option_row waive_rows[] = {
    COMMON_ROWS(struct decide_arguments),
    {"type", 0, OPTION_TEXTS, DECIDE(types), "TYPE",
     "only this type (default: all that are owed); may be repeated", 0, 0},
    {"bureau", 0, OPTION_TEXT, DECIDE(bureau), "B",
     "in place of ID: all that report through this bureau and owe it", 0, 0},
    REASON_ROW,
    BY_ROW,
    {"withdraw", 0, OPTION_FLAG, DECIDE(is_withdrawn), NULL,
     "take an earlier waiver of the same types and period back", 0, 0},
    {0},
};

static const struct option_row reopen_rows[] = {
    COMMON_ROWS(struct decide_arguments), REASON_ROW, BY_ROW, {0}};

static const struct options waive_options = {
    .program = "mfi-hub waive",
    .words = "PERIOD [ID...]",
    .about = "Excuses institutions (all that are named, or none) from reports of a period: such a "
             "report "
             "need not come, and is never late. A month stands for all days and weeks that end in "
             "it.",
    .rows = waive_rows,
    .words_min = 1,
    .words_max = 1 + WRITE_EVENTS_MAX,
};

static const struct options reopen_options = {
    .program = "mfi-hub reopen",
    .words = "PERIOD",
    .about = "Opens a closed month again: corrections of any size are taken until it is closed "
             "anew. What was frozen stays on record.",
    .rows = reopen_rows,
    .words_min = 1,
    .words_max = 1,
};

enum err month_parse(const char *text, struct complaint *complaint, struct period *ret_month)
{
    struct period month;
    if (period_parse(text, &month) != ERR_OK || month.frequency != FREQUENCY_M) {
        return complain(complaint, ERR_USAGE,
                        "\"%.40s\" is no month: write one like 2020-06. The days, weeks and "
                        "quarters that end in it go with it.",
                        text);
    }
    *ret_month = month;
    return ERR_OK;
}

static enum err submit(const struct common_arguments *common, PbEvent *const *events, size_t count,
                       struct complaint *complaint, uint64_t *ret_seq)
{
    AUTO(hub_release) struct hub hub = {0};
    enum err err = hub_config_read(common->config, &hub.config, complaint);
    return err != ERR_OK ? err : acts_submit(&hub, events, count, complaint, ret_seq);
}

/* ---- waive ---- */

struct waiving {
    Ihuriro__V1__Waived waived;
    Ihuriro__V1__ReportType types[TYPE_LAST];
    PbEvent *events;
    PbEvent **list;
    size_t count;
};

static void waiving_close(struct waiving *waiving)
{
    for (size_t i = 0; i < waiving->count; i++) {
        free(waiving->events[i].subject);
    }
    free(waiving->events);
    free(waiving->list);
}

static enum err fill_types(const struct option_texts *names, struct waiving *waiving,
                           struct complaint *complaint)
{
    for (size_t i = 0; i < names->count; i++) {
        int type = 0;
        bool is_new = report_type_parse(names->items[i], &type) == ERR_OK;
        for (size_t k = 0; is_new && k < waiving->waived.n_types; k++) {
            is_new = (int)waiving->types[k] != type;
        }
        if (!is_new) {
            return complain(complaint, ERR_USAGE,
                            "--type is PORTFOLIO, LIQUIDITY, OPERATIONS, CAPITAL or EXPOSURES, "
                            "each once, not \"%.40s\".",
                            names->items[i]);
        }
        waiving->types[waiving->waived.n_types++] = (Ihuriro__V1__ReportType)type;
    }
    waiving->waived.types = waiving->types;
    return ERR_OK;
}

static enum err fill_waived(const char *key, const struct decide_arguments *arguments,
                            struct waiving *waiving, struct complaint *complaint)
{
    struct period period;
    if (period_parse(key, &period) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "\"%.40s\" is no period: write a month (2020-06), a quarter (2020-Q2), a "
                        "week (2020-W27) or a day (2020-06-30); the institutions come after it.",
                        key);
    }
    waiving->waived = (Ihuriro__V1__Waived)IHURIRO__V1__WAIVED__INIT;
    waiving->waived.period = (char *)(uintptr_t)key; /* packed only */
    waiving->waived.reason = (char *)(uintptr_t)arguments->reason;
    waiving->waived.by = (char *)(uintptr_t)arguments->by;
    waiving->waived.has_withdrawn = arguments->is_withdrawn;
    waiving->waived.withdrawn = arguments->is_withdrawn;
    return fill_types(&arguments->types, waiving, complaint);
}

static enum err add_institution(struct waiving *waiving, const char *id,
                                struct complaint *complaint)
{
    if (waiving->count == WRITE_EVENTS_MAX) {
        return complain(complaint, ERR_USAGE, "At most %d institutions at once.", WRITE_EVENTS_MAX);
    }
    PbEvent *event = &waiving->events[waiving->count];
    *event = (PbEvent)IHURIRO__V1__EVENT__INIT;
    event->subject = strdup(id);
    event->waived = &waiving->waived;
    waiving->list[waiving->count++] = event;
    return event->subject != NULL ? ERR_OK : ERR_MEMORY;
}

/* Those that report through a bureau, and owe something of this (D60). */
static enum err add_bureau(const struct decide_arguments *arguments, struct waiving *waiving,
                           struct complaint *complaint)
{
    AUTO(hub_release) struct hub hub = {0};
    AUTO(txn_end) struct txn txn = {0};
    AUTO(registry_close) struct registry *registry = NULL;
    AUTO(docket_close) struct docket *docket = NULL;
    AUTO(arena_close) struct arena arena = {0};
    struct decision_ground ground = {.txn = &txn};
    uint8_t id[SHA256_BYTES];
    enum err err = hub_config_read(arguments->common.config, &hub.config, complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, complaint);
    err = err != ERR_OK ? err : txn_begin(store_env(hub.store), false, &txn);
    err = err != ERR_OK ? err : registry_load(&txn, &registry);
    err = err != ERR_OK ? err : docket_load(&txn, &docket);
    err = err != ERR_OK ? err : settings_load(&txn, &arena, &ground.settings, id);
    ground.registry = registry;
    ground.docket = docket;
    for (size_t i = 0; err == ERR_OK && i < registry_count(registry); i++) {
        const struct party *party = registry_at(registry, i);
        bool owes = false;
        if (party->role == ROLE_MEMBER && strcmp(party->bureau, arguments->bureau) == 0) {
            err = decision_owes(&ground, party, &waiving->waived, &owes);
        }
        if (err == ERR_OK && owes) {
            err = add_institution(waiving, party->id, complaint);
        }
    }
    txn_end(&txn); /* before the store closes */
    if (err == ERR_OK && waiving->count == 0) {
        err = complain(complaint, ERR_REFUSED,
                       "No institution that reports through the bureau %.40s owes this: look at "
                       "`mfi-hub parties list`.",
                       arguments->bureau);
    }
    return err;
}

static enum err fill_waiving(const struct words *words, const struct decide_arguments *arguments,
                             struct waiving *waiving, struct complaint *complaint)
{
    waiving->events = calloc(WRITE_EVENTS_MAX, sizeof *waiving->events);
    waiving->list = calloc(WRITE_EVENTS_MAX, sizeof(PbEvent *));
    if (waiving->events == NULL || waiving->list == NULL) {
        return ERR_MEMORY;
    }
    enum err err = fill_waived(words->items[0], arguments, waiving, complaint);
    for (size_t i = 1; err == ERR_OK && i < words->count; i++) {
        err = add_institution(waiving, words->items[i], complaint);
    }
    return err != ERR_OK || arguments->bureau == NULL ? err
                                                      : add_bureau(arguments, waiving, complaint);
}

int cmd_waive(int argc, char **argv)
{
    struct decide_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    AUTO(waiving_close) struct waiving waiving = {.count = 0};
    uint64_t seq = 0;
    int code = options_parse(&waive_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (arguments.reason == NULL) {
        return options_refuse("mfi-hub waive",
                              "A waiver needs --reason: it stands in the journal.");
    }
    if ((words.count > 1) == (arguments.bureau != NULL)) {
        return options_refuse("mfi-hub waive",
                              "Say whom it excuses: institutions after the period, or --bureau.");
    }
    enum err err = fill_waiving(&words, &arguments, &waiving, &complaint);
    err = err != ERR_OK ? err
                        : submit(&arguments.common, waiving.list, waiving.count, &complaint, &seq);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    printf("%s: %s for %zu institution%s, up to record %llu\n", words.items[0],
           arguments.is_withdrawn ? "the waiver is taken back" : "waived", waiving.count,
           waiving.count == 1 ? "" : "s", (unsigned long long)seq);
    return 0;
}

/* ---- reopen ---- */

int cmd_reopen(int argc, char **argv)
{
    struct decide_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    struct period month;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__Reopened reopened = IHURIRO__V1__REOPENED__INIT;
    PbEvent *events[] = {&event};
    uint64_t seq = 0;
    int code = options_parse(&reopen_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (arguments.reason == NULL) {
        return options_refuse("mfi-hub reopen",
                              "A month is opened again for a reason: --reason REASON.");
    }
    reopened.period = words.items[0];
    reopened.reason = (char *)(uintptr_t)arguments.reason; /* packed only */
    reopened.by = (char *)(uintptr_t)arguments.by;
    event.reopened = &reopened;
    enum err err = month_parse(words.items[0], &complaint, &month);
    err = err != ERR_OK ? err : submit(&arguments.common, events, 1, &complaint, &seq);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    printf("%s: open again from record %llu on\n", words.items[0], (unsigned long long)seq);
    return 0;
}
