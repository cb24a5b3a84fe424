/* mfi-hub order: takes an order that the authority signed, or lists those that were taken. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "conf/small_file.h"
#include "hub/admin_client.h"
#include "hub/commands.h"
#include "hub/decisions.h"
#include "proto/order_words.h"

struct order_arguments {
    struct common_arguments common;
};

static const struct option_row order_rows[] = {
    COMMON_ROWS(struct order_arguments), FORMAT_ROW(struct order_arguments), {0}};

static const struct options order_options = {
    .program = "mfi-hub order",
    .words = "[FILE]",
    .about = "Takes an order of the authority (`mfi-pull order sign` makes the file): verified "
             "against the keys that `authority` in hub.conf pins, it changes for a time who owes "
             "what, and reverts by itself. Without FILE: the orders that were taken.",
    .rows = order_rows,
    .words_max = 1,
};

/* ---- taking one ---- */

static enum err read_order(const char *path, struct arena *arena, struct complaint *complaint,
                           const Ihuriro__V1__SignedOrder **ret_signed)
{
    AUTO(buffer_close) struct buffer raw = {0};
    enum err err = small_file_read(path, SIGNED_ORDER_BYTES_MAX, complaint, &raw);
    if (err != ERR_OK) {
        return err;
    }
    if (MESSAGE_UNPACK(signed_order, MESSAGE_CANONICAL, buffer_bytes(&raw), arena, ret_signed) !=
        ERR_OK) {
        return complain(complaint, ERR_REFUSED,
                        "%s is no signed order: take the file that `mfi-pull order sign` wrote, "
                        "and not the one that it was made from.",
                        path);
    }
    return ERR_OK;
}

static int take_order(const struct common_arguments *common, const char *path)
{
    AUTO(hub_release) struct hub hub = {0};
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer words = {0};
    struct complaint complaint = {{0}};
    const Ihuriro__V1__SignedOrder *signed_order = NULL;
    const PbOrder *order = NULL;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbEvent *events[] = {&event};
    uint64_t seq = 0;
    enum err err = hub_config_read(common->config, &hub.config, &complaint);
    err = err != ERR_OK ? err : read_order(path, &arena, &complaint, &signed_order);
    event.order = (Ihuriro__V1__SignedOrder *)(uintptr_t)signed_order; /* packed only */
    err = err != ERR_OK ? err : acts_submit(&hub, events, 1, &complaint, &seq);
    err = err != ERR_OK ? err : order_open(signed_order, &arena, &order);
    err = err != ERR_OK ? err : order_words(order, &words);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    printf("%.*sTaken with record %llu.\n", (int)words.size, (char *)words.data,
           (unsigned long long)seq);
    return 0;
}

/* ---- listing ---- */

struct listing {
    int64_t now_us;
    int32_t today;
};

static const char *state_of(const struct listing *listing, const struct order *order)
{
    return order->replaced_us <= listing->now_us      ? "replaced"
           : order->order->until_day < listing->today ? "over"
           : order->order->from_day > listing->today  ? "to come"
                                                      : "in force";
}

static void print_json(const struct listing *listing, const struct order *order)
{
    char from[11];
    char until[11];
    char given[TIME_TEXT_MAX + 1];
    day_format(order->order->from_day, from);
    day_format(order->order->until_day, until);
    time_format(order->given_us, given);
    json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:s}", "id", order->order->id,
                             "authority", order->order->authority, "from", from, "until", until,
                             "given", given, "reason", order->order->reason, "rows",
                             (json_int_t)order->order->n_rows, "state", state_of(listing, order));
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
}

static enum err print_text(const struct listing *listing, const struct order *order)
{
    AUTO(buffer_close) struct buffer words = {0};
    char given[TIME_TEXT_MAX + 1];
    enum err err = order_words(order->order, &words);
    if (err == ERR_OK) {
        time_format(order->given_us, given);
        printf("%.*s  taken %s; %s\n", (int)words.size, (char *)words.data, given,
               state_of(listing, order));
    }
    return err;
}

static enum err print_orders(struct txn *txn, int64_t now_us, bool is_json)
{
    AUTO(docket_close) struct docket *docket = NULL;
    AUTO(arena_close) struct arena arena = {0};
    const PbSettings *settings = NULL;
    uint8_t id[SHA256_BYTES];
    size_t count = 0;
    enum err err = docket_load(txn, &docket);
    err = err != ERR_OK ? err : settings_load(txn, &arena, &settings, id);
    if (err != ERR_OK) {
        return err;
    }
    const struct listing listing = {now_us, decision_day(settings, now_us)};
    const struct order *orders = docket_orders(docket, &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        if (is_json) {
            print_json(&listing, &orders[i]);
        } else {
            err = print_text(&listing, &orders[i]);
        }
    }
    return err;
}

static int list_orders(const struct common_arguments *common)
{
    AUTO(hub_release) struct hub hub = {0};
    AUTO(txn_end) struct txn txn = {0};
    struct complaint complaint = {{0}};
    bool is_json = false;
    enum err err = wants_json(common, &complaint, &is_json);
    err = err != ERR_OK ? err : hub_config_read(common->config, &hub.config, &complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, &complaint);
    err = err != ERR_OK ? err : txn_begin(store_env(hub.store), false, &txn);
    err = err != ERR_OK ? err : print_orders(&txn, admin_now_us(&hub), is_json);
    txn_end(&txn); /* before the store closes */
    return err != ERR_OK ? command_failed(err, &complaint) : 0;
}

int cmd_order(int argc, char **argv)
{
    struct order_arguments arguments = {0};
    struct words words = {0};
    int code = options_parse(&order_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    return words.count == 0 ? list_orders(&arguments.common)
                            : take_order(&arguments.common, words.items[0]);
}
