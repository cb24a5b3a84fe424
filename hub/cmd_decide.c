/* mfi-hub waive, reopen: what is decided about single reports and about a closed month. */
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/commands.h"

struct decide_arguments {
    struct common_arguments common;
    struct option_texts types;
    const char *reason;
    const char *by;
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
    .words = "PERIOD ID...",
    .about = "Excuses institutions (up to 16, all or none) from reports of a period: such a report "
             "need not come, and is never late. A month stands for all days and weeks that end in "
             "it.",
    .rows = waive_rows,
    .words_min = 2,
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
    PbEvent events[WRITE_EVENTS_MAX];
    PbEvent *list[WRITE_EVENTS_MAX];
    size_t count;
};

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

static enum err fill_waiving(const struct words *words, const struct decide_arguments *arguments,
                             struct waiving *waiving, struct complaint *complaint)
{
    struct period period;
    *waiving = (struct waiving){.waived = IHURIRO__V1__WAIVED__INIT};
    if (period_parse(words->items[0], &period) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "\"%.40s\" is no period: write a month (2020-06), a quarter (2020-Q2), a "
                        "week (2020-W27) or a day (2020-06-30); the institutions come after it.",
                        words->items[0]);
    }
    waiving->waived.period = words->items[0];
    waiving->waived.reason = (char *)(uintptr_t)arguments->reason; /* packed only */
    waiving->waived.by = (char *)(uintptr_t)arguments->by;
    waiving->waived.has_withdrawn = arguments->is_withdrawn;
    waiving->waived.withdrawn = arguments->is_withdrawn;
    for (size_t i = 1; i < words->count; i++) {
        PbEvent *event = &waiving->events[waiving->count];
        *event = (PbEvent)IHURIRO__V1__EVENT__INIT;
        event->subject = words->items[i];
        event->waived = &waiving->waived;
        waiving->list[waiving->count++] = event;
    }
    return fill_types(&arguments->types, waiving, complaint);
}

int cmd_waive(int argc, char **argv)
{
    struct decide_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    struct waiving waiving;
    uint64_t seq = 0;
    int code = options_parse(&waive_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    if (arguments.reason == NULL) {
        return options_refuse("mfi-hub waive",
                              "A waiver needs --reason: it stands in the journal.");
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
