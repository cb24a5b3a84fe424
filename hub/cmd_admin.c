/* Commands that speak to the admin door: status, clock-is-right, test-time. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/clock.h"
#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/commands.h"
#include "hub/show_subscribers.h"

struct admin_arguments {
    struct common_arguments common;
};

struct status_arguments {
    struct common_arguments common;
    struct period_arguments period;
};

#define STATUS(field) offsetof(struct status_arguments, period.field)
static const struct option_row status_rows[] = {
    COMMON_ROWS(struct status_arguments),
    {"format", 0, OPTION_TEXT, offsetof(struct status_arguments, common.format), "text|json|csv",
     "how to print; csv with --period only", 0, 0},
    {"period", 0, OPTION_TEXT, STATUS(period), "MONTH",
     "who owes what of that month, such as 2020-06, and whom to remind", 0, 0},
    {"known-at", 0, OPTION_TEXT, STATUS(known_at), "TIME", "with --period: as known at that time",
     0, 0},
    {"at-seq", 0, OPTION_INTEGER, STATUS(at_seq), "N",
     "with --period: as of record N, at the time when it came", 1, INT64_MAX},
    {0},
};
static const struct option_row plain_rows[] = {COMMON_ROWS(struct admin_arguments), {0}};

static const struct options status_options = {
    .program = "mfi-hub status",
    .about =
        "Prints records, position, clock, counters and subscribers of the running hub; with none "
        "running, what "
        "the store holds. With --period, the state of a month: what each institution owes, how far "
        "it is, and who is to be reminded; also of an earlier time.",
    .rows = status_rows,
};
static const struct options clock_options = {
    .program = "mfi-hub clock-is-right",
    .about =
        "After a forward jump of the clock, or 90 days without a record: says that the clock is "
        "right now, so that the hub takes reports again.",
    .rows = plain_rows,
};
static const struct options test_time_options = {
    .program = "mfi-hub test-time",
    .words = "TIME",
    .about = "Moves a test hub's clock forward to TIME (2020-07-03T08:15:00Z, a date, or `now`).",
    .rows = plain_rows,
    .words_min = 1,
    .words_max = 1,
};

/* ---- status ---- */

static json_t *status_json(const Ihuriro__V1__Status *status, const struct checkpoint *checkpoint,
                           bool is_running)
{
    char now[TIME_TEXT_MAX + 1];
    char root[2 * SHA256_BYTES + 1];
    time_format(status->now_us, now);
    hex_encode(bytes_of(checkpoint->position.root.bytes, SHA256_BYTES), root);
    json_t *json = json_pack("{s:b,s:s,s:s,s:b,s:I,s:s,s:s?}", "running", is_running, "origin",
                             checkpoint->origin, "now", now, "test", status->test, "records",
                             (json_int_t)status->records, "root", root, "clock", status->clock);
    json_t *counters = json_object();
    for (size_t i = 0; i < status->n_counters; i++) {
        json_object_set_new(counters, status->counters[i]->name,
                            json_integer((json_int_t)status->counters[i]->value));
    }
    json_object_set_new(json, "counters", counters);
    if (is_running) {
        json_object_set_new(json, "subscribers", json_of_subscribers(status));
    }
    return json;
}

static void print_status(const Ihuriro__V1__Status *status, const struct checkpoint *checkpoint,
                         bool is_running)
{
    char text[TIME_TEXT_MAX + 1];
    char root[2 * SHA256_BYTES + 1];
    time_format(status->now_us, text);
    hex_encode(bytes_of(checkpoint->position.root.bytes, SHA256_BYTES), root);
    printf("hub        %s%s, %s\n", checkpoint->origin, status->test ? " (test)" : "",
           is_running ? "running" : "not running");
    printf("time       %s\n", text);
    if (is_running) {
        printf("clock      %s\n", status->clock);
        time_format(status->started_at_us, text);
        printf("since      %s\n", text);
    }
    printf("position   %llu %s\n", (unsigned long long)status->records, root);
    for (size_t i = 0; i < status->n_counters; i++) {
        printf("%-15s %llu\n", status->counters[i]->name,
               (unsigned long long)status->counters[i]->value);
    }
    if (is_running) {
        print_subscribers(status);
    }
}

static int show_status(const Ihuriro__V1__Status *status, bool is_running, bool is_json)
{
    struct checkpoint checkpoint;
    if (checkpoint_parse(bytes_of_pb(status->checkpoint), &checkpoint) != ERR_OK) {
        return command_failed(ERR_CORRUPT, NULL);
    }
    if (!is_json) {
        print_status(status, &checkpoint, is_running);
        return 0;
    }
    json_t *json = status_json(status, &checkpoint, is_running);
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
    return 0;
}

/* With no hub running: from the store. */
static int status_of_store(struct hub *hub, bool is_json, struct complaint *complaint)
{
    AUTO(txn_end) struct txn txn = {0};
    Ihuriro__V1__Status status = IHURIRO__V1__STATUS__INIT;
    struct checkpoint checkpoint;
    enum err err = hub_open(hub, HUB_READ, complaint);
    err = err != ERR_OK ? err : txn_begin(store_env(hub->store), false, &txn);
    err = err != ERR_OK ? err : heads_newest(&txn, &checkpoint);
    if (err != ERR_OK) {
        return command_failed(err, complaint);
    }
    status.now_us = hub_now_us(hub);
    status.records = journal_size(&txn);
    status.checkpoint = pb_of_bytes(checkpoint.text);
    status.test = hub->identity.is_test;
    return show_status(&status, false, is_json);
}

int cmd_status(int argc, char **argv)
{
    struct status_arguments arguments = {0};
    struct complaint complaint = {{0}};
    AUTO(hub_release) struct hub hub = {0};
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__GetStatus request = IHURIRO__V1__GET_STATUS__INIT;
    const ProtobufCMessage *answer = NULL;
    bool is_json = false;
    int code = options_parse(&status_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    enum err err = arguments.period.period != NULL
                       ? ERR_OK /* it has one format more */
                       : wants_json(&arguments.common, &complaint, &is_json);
    err = err != ERR_OK ? err : hub_config_read(arguments.common.config, &hub.config, &complaint);
    if (err == ERR_OK && arguments.period.period == NULL &&
        (arguments.period.known_at != NULL || arguments.period.at_seq != 0)) {
        err =
            complain(&complaint, ERR_USAGE,
                     "--known-at and --at-seq go with --period: they ask for a month as it stood.");
    }
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    if (arguments.period.period != NULL) {
        return period_status(&hub, &arguments.period, arguments.common.format);
    }
    err = admin_ask(hub.config.admin, VERB_GET_STATUS, &request.base, VERB_STATUS, &arena,
                    &complaint, &answer);
    return err == ERR_OK ? show_status((const Ihuriro__V1__Status *)answer, true, is_json)
                         : status_of_store(&hub, is_json, &complaint);
}

/* ---- clocks ---- */

static int ask_done(const char *config, enum verb verb, const ProtobufCMessage *request)
{
    struct complaint complaint = {{0}};
    AUTO(hub_release) struct hub hub = {0};
    AUTO(arena_close) struct arena arena = {0};
    const ProtobufCMessage *answer = NULL;
    enum err err = hub_config_read(config, &hub.config, &complaint);
    err = err != ERR_OK
              ? err
              : admin_ask(hub.config.admin, verb, request, VERB_DONE, &arena, &complaint, &answer);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    const char *text = ((const Ihuriro__V1__Done *)answer)->text;
    if (text != NULL && text[0] != 0) {
        printf("%s\n", text);
    }
    return 0;
}

int cmd_clock_is_right(int argc, char **argv)
{
    struct admin_arguments arguments = {0};
    Ihuriro__V1__ClockIsRight request = IHURIRO__V1__CLOCK_IS_RIGHT__INIT;
    int code = options_parse(&clock_options, argc, argv, &arguments, NULL);
    return code >= 0 ? code : ask_done(arguments.common.config, VERB_CLOCK_IS_RIGHT, &request.base);
}

int cmd_test_time(int argc, char **argv)
{
    struct admin_arguments arguments = {0};
    struct words words = {0};
    Ihuriro__V1__TestTime request = IHURIRO__V1__TEST_TIME__INIT;
    int code = options_parse(&test_time_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    request.time_us = clock_wall_us();
    if (strcmp(words.items[0], "now") != 0 &&
        time_parse(words.items[0], &request.time_us) != ERR_OK) {
        return options_refuse("mfi-hub test-time", "\"%s\" is no time like 2020-07-03T08:15:00Z.",
                              words.items[0]);
    }
    return ask_done(arguments.common.config, VERB_TEST_TIME, &request.base);
}
