/* mfi-hub refusals: who, which report, which rule, when; never what was in it. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "hub/commands.h"

struct refusals_arguments {
    struct common_arguments common;
};

static const struct option_row refusals_rows[] = {
    COMMON_ROWS(struct refusals_arguments), FORMAT_ROW(struct refusals_arguments), {0}};

static const struct options refusals_options = {
    .program = "mfi-hub refusals",
    .words = "[PARTY]",
    .about =
        "Prints the last refused messages of each sender (at most 100), or of one, oldest first.",
    .rows = refusals_rows,
    .words_max = 1,
};

struct printing {
    bool is_json;
    size_t count;
};

static enum err print_one(void *context, const struct refusal *refusal)
{
    struct printing *printing = context;
    char time[TIME_TEXT_MAX + 1];
    char id[2 * SHA256_BYTES + 1];
    const struct rule *rule = rule_find(refusal->rule);
    time_format(refusal->time_us, time);
    hex_encode(bytes_of(refusal->id, SHA256_BYTES), id);
    printing->count++;
    if (!printing->is_json) {
        printf("%s  %-16s %-8s %-20s %.16s  %s\n", time, refusal->sender, refusal->rule,
               refusal->path, id, rule != NULL ? rule->summary : "");
        return ERR_OK;
    }
    json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s}", "time", time, "sender", refusal->sender,
                             "rule", refusal->rule, "path", refusal->path, "id", id);
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
    return ERR_OK;
}

int cmd_refusals(int argc, char **argv)
{
    struct refusals_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    AUTO(hub_release) struct hub hub = {0};
    AUTO(txn_end) struct txn txn = {0};
    struct printing printing = {0};
    int code = options_parse(&refusals_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    enum err err = wants_json(&arguments.common, &complaint, &printing.is_json);
    err = err != ERR_OK ? err : hub_config_read(arguments.common.config, &hub.config, &complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, &complaint);
    err = err != ERR_OK ? err : txn_begin(store_env(hub.store), false, &txn);
    err = err != ERR_OK
              ? err
              : refusals_walk(&txn, words.count > 0 ? words.items[0] : NULL, print_one, &printing);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    if (printing.count == 0 && !printing.is_json) {
        printf("Nothing was refused.\n");
    }
    return 0;
}
