/* mfi-hub status --period: the state of a month, beside a running hub or without one. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "hub/admin_client.h"
#include "hub/commands.h"
#include "hub/period_view.h"
#include "hub/sector_read.h"

static enum err find_moment(struct hub *hub, struct txn *txn,
                            const struct period_arguments *arguments, struct complaint *complaint,
                            struct sector_moment *ret_moment)
{
    struct checkpoint checkpoint;
    int64_t known_at_us = 0;
    uint64_t at_seq = (uint64_t)arguments->at_seq;
    if (arguments->known_at != NULL && time_parse(arguments->known_at, &known_at_us) != ERR_OK) {
        return complain(complaint, ERR_USAGE,
                        "--known-at is a time like 2020-07-03T08:15:00Z or a date, not \"%s\".",
                        arguments->known_at);
    }
    return sector_moment_find(txn, arguments->at_seq > 0 ? &at_seq : NULL,
                              arguments->known_at != NULL ? &known_at_us : NULL, admin_now_us(hub),
                              complaint, &checkpoint, ret_moment);
}

static enum err print_view(const struct period_view *view, const struct contacts_of *contacts,
                           bool is_json)
{
    AUTO(buffer_close) struct buffer text = {0};
    json_t *json = NULL;
    if (is_json) {
        enum err err = period_view_json(view, contacts, &json);
        if (err == ERR_OK) {
            json_dumpf(json, stdout, JSON_COMPACT);
            putchar('\n');
            json_decref(json);
        }
        return err;
    }
    enum err err = period_view_text(view, contacts, &text);
    if (err == ERR_OK) {
        fwrite(text.data, 1, text.size, stdout);
    }
    return err;
}

static enum err show(struct hub *hub, const struct period_arguments *arguments, bool is_json,
                     struct complaint *complaint)
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(sector_read_close) struct sector_read *read = NULL;
    AUTO(period_view_close) struct period_view view = {0};
    struct sector_wanted wanted = {.months_before = -1};
    struct sector_moment moment = {0};
    struct contacts_of contacts = {NULL, NULL};
    bool is_done = false;
    enum err err = month_parse(arguments->period, complaint, &wanted.month);
    err = err != ERR_OK ? err : hub_open(hub, HUB_READ, complaint);
    err = err != ERR_OK ? err : txn_begin(store_env(hub->store), false, &txn);
    err = err != ERR_OK ? err : find_moment(hub, &txn, arguments, complaint, &moment);
    if (err != ERR_OK) {
        return err;
    }
    wanted.until = moment.until;
    wanted.known_at_us = moment.known_at_us;
    err = sector_read_make(&wanted, NULL, &read);
    err = err != ERR_OK ? err : sector_read_step(read, &txn, SIZE_MAX, &is_done);
    err = err != ERR_OK ? err
                        : period_view_make(sector_read_sector(read), &wanted.month, moment.until,
                                           complaint, &view);
    return err != ERR_OK ? err : print_view(&view, &contacts, is_json);
}

int period_status(struct hub *hub, const struct period_arguments *arguments, bool is_json)
{
    struct complaint complaint = {{0}};
    enum err err = show(hub, arguments, is_json, &complaint);
    return err == ERR_OK ? 0 : command_failed(err, &complaint);
}
