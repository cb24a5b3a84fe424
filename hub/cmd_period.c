/* mfi-hub status --period: the state of a month, beside a running hub or without one. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "hub/admin_client.h"
#include "hub/commands.h"
#include "hub/contacts.h"
#include "hub/period_view.h"
#include "hub/sector_read.h"
#include "proto/json.h"

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

static enum err find_contact(void *context, const char *institution, struct arena *arena,
                             const PbContact **ret_contact)
{
    return contact_read(context, institution, arena, ret_contact);
}

static enum err put_json(const struct period_view *view, const struct contacts_of *contacts,
                         struct buffer *text)
{
    json_t *json = NULL;
    enum err err = period_view_json(view, contacts, &json);
    err = err != ERR_OK ? err : json_line(json, text);
    json_decref(json);
    return err;
}

static const struct {
    const char *format;
    enum err (*put)(const struct period_view *view, const struct contacts_of *contacts,
                    struct buffer *text);
} formats[] = {{"text", period_view_text}, {"json", put_json}, {"csv", period_view_csv}};
#define FORMATS (sizeof formats / sizeof formats[0])

static enum err find_format(const char *name, struct complaint *complaint, size_t *ret_format)
{
    size_t at = 0;
    while (name != NULL && at < FORMATS && strcmp(formats[at].format, name) != 0) {
        at++;
    }
    if (at == FORMATS) {
        return complain(complaint, ERR_USAGE, "--format is text, json or csv.");
    }
    *ret_format = at;
    return ERR_OK;
}

static enum err print_view(const struct period_view *view, const struct contacts_of *contacts,
                           size_t format)
{
    AUTO(buffer_close) struct buffer text = {0};
    enum err err = formats[format].put(view, contacts, &text);
    if (err == ERR_OK &&
        (fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0)) {
        err = ERR_IO;
    }
    return err;
}

static enum err show(struct hub *hub, const struct period_arguments *arguments, const char *format,
                     struct complaint *complaint)
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(sector_read_close) struct sector_read *read = NULL;
    AUTO(period_view_close) struct period_view view = {0};
    struct sector_wanted wanted = {.months_before = -1};
    struct sector_moment moment = {0};
    struct contacts_of contacts = {find_contact, &txn};
    size_t format_at = 0;
    bool is_done = false;
    enum err err = find_format(format, complaint, &format_at);
    err = err != ERR_OK ? err : month_parse(arguments->period, complaint, &wanted.month);
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
    return err != ERR_OK ? err : print_view(&view, &contacts, format_at);
}

int period_status(struct hub *hub, const struct period_arguments *arguments, const char *format)
{
    struct complaint complaint = {{0}};
    enum err err = show(hub, arguments, format, &complaint);
    return err == ERR_OK ? 0 : command_failed(err, &complaint);
}
