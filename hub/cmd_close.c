/* mfi-hub close: the checklist of a month, and the act that freezes it. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "hub/admin_client.h"
#include "hub/closing.h"
#include "hub/commands.h"
#include "hub/decisions.h"
#include "hub/sector_read.h"

struct close_arguments {
    struct common_arguments common;
    const char *despite;
    const char *by;
    int64_t at_seq;
    bool is_dry;
};

static const struct option_row close_rows[] = {
    COMMON_ROWS(struct close_arguments),
    FORMAT_ROW(struct close_arguments),
    {"despite", 0, OPTION_TEXT, offsetof(struct close_arguments, despite), "REASON",
     "close it although something is lacking, and say why", 0, 0},
    {"at-seq", 0, OPTION_INTEGER, offsetof(struct close_arguments, at_seq), "N",
     "freeze what stood at record N (default: now)", 1, INT64_MAX},
    {"by", 0, OPTION_TEXT, offsetof(struct close_arguments, by), "CODE", "staff code of who asks",
     0, 0},
    {"dry-run", 0, OPTION_FLAG, offsetof(struct close_arguments, is_dry), NULL,
     "print the checklist, close nothing; exit code 1 if something is lacking", 0, 0},
    {0},
};

static const struct options close_options = {
    .program = "mfi-hub close",
    .words = "PERIOD",
    .about =
        "Closes a month: prints what is lacking (reports that are neither there nor excused, "
        "errors "
        "left open, approvals), refuses if there is any, and freezes the reports that are current. "
        "Corrections that come later are journaled and marked, and change no figure as closed; "
        "those above materiality are rejected.",
    .rows = close_rows,
    .words_min = 1,
    .words_max = 1,
};

/* What one closing is made of. The act points into it. */
struct closing_act {
    PbEvent event;
    Ihuriro__V1__Closed closed;
    Ihuriro__V1__Position position;
    uint8_t root[SHA256_BYTES];
    struct frozen frozen;
    uint8_t nonce[16]; /* drawn anew when it is submitted */
};

static void fill_act(const char *key, const struct close_arguments *arguments, int64_t now_us,
                     const struct checkpoint *checkpoint, const struct sector_moment *moment,
                     struct closing_act *act)
{
    act->event = (PbEvent)IHURIRO__V1__EVENT__INIT;
    act->closed = (Ihuriro__V1__Closed)IHURIRO__V1__CLOSED__INIT;
    act->position = (Ihuriro__V1__Position)IHURIRO__V1__POSITION__INIT;
    memcpy(act->root, checkpoint->position.root.bytes, SHA256_BYTES);
    act->position.size = checkpoint->position.size;
    act->position.root = pb_of_bytes(bytes_of(act->root, SHA256_BYTES));
    act->closed.period = (char *)(uintptr_t)key; /* packed only */
    act->closed.known_at_us = moment->known_at_us;
    act->closed.position = &act->position;
    act->closed.count = act->frozen.count;
    act->closed.ids_hash = pb_of_bytes(bytes_of(act->frozen.ids_hash, SHA256_BYTES));
    act->closed.by = (char *)(uintptr_t)arguments->by;
    act->closed.has_asked_at_seq = arguments->at_seq > 0;
    act->closed.asked_at_seq = (uint64_t)arguments->at_seq;
    act->event.time_us = now_us;
    act->event.nonce = pb_of_bytes(bytes_of(act->nonce, sizeof act->nonce));
    act->event.closed = &act->closed;
}

/* ---- printing ---- */

static const char *name_of(const struct sector *sector, const struct party *party, int32_t day)
{
    return registry_name_on(sector_registry(sector), party, day);
}

static void print_checklist(const struct sector *sector, const struct period *month,
                            const struct closing_act *act, const struct checklist *checklist)
{
    printf("%s: %zu institutions owe %zu reports; %zu came, %zu are excused; as of record %llu "
           "%llu reports are current\n",
           act->closed.period, checklist->institutions, checklist->owed, checklist->received,
           checklist->excused, (unsigned long long)act->position.size,
           (unsigned long long)act->closed.count);
    for (size_t i = 0; i < checklist->count; i++) {
        const struct lack *lack = &checklist->lacks[i];
        char key[PERIOD_KEY_MAX + 1] = "";
        if (lack->kind != LACK_RETURN) {
            period_format(&lack->duty.period, key);
        }
        printf("  %-16s %-11s %-10s %s (%s)\n", lack->party->id,
               lack->kind == LACK_RETURN ? "" : report_type_name(lack->duty.type), key,
               lack_text(lack->kind), name_of(sector, lack->party, month->end_day));
    }
}

static json_t *lack_json(const struct sector *sector, const struct period *month,
                         const struct lack *lack)
{
    json_t *json = json_pack("{s:s,s:s?,s:s,s:s}", "institution", lack->party->id, "name",
                             name_of(sector, lack->party, month->end_day), "lacks",
                             lack_word(lack->kind), "text", lack_text(lack->kind));
    if (lack->kind != LACK_RETURN) {
        char key[PERIOD_KEY_MAX + 1];
        period_format(&lack->duty.period, key);
        json_object_set_new(json, "type", json_string(report_type_name(lack->duty.type)));
        json_object_set_new(json, "period", json_string(key));
    }
    return json;
}

static json_t *checklist_json(const struct sector *sector, const struct period *month,
                              const struct closing_act *act, const struct checklist *checklist)
{
    char root[2 * SHA256_BYTES + 1];
    char ids_hash[2 * SHA256_BYTES + 1];
    char known_at[TIME_TEXT_MAX + 1];
    json_t *lacking = json_array();
    hex_encode(bytes_of(act->root, SHA256_BYTES), root);
    hex_encode(bytes_of(act->frozen.ids_hash, SHA256_BYTES), ids_hash);
    time_format(act->closed.known_at_us, known_at);
    for (size_t i = 0; i < checklist->count; i++) {
        json_array_append_new(lacking, lack_json(sector, month, &checklist->lacks[i]));
    }
    return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:s,s:s,s:I,s:s,s:o}", "period", act->closed.period,
                     "institutions", (json_int_t)checklist->institutions, "owed",
                     (json_int_t)checklist->owed, "received", (json_int_t)checklist->received,
                     "excused", (json_int_t)checklist->excused, "at_seq",
                     (json_int_t)act->position.size, "root", root, "known_at", known_at, "count",
                     (json_int_t)act->closed.count, "ids_hash", ids_hash, "lacking", lacking);
}

/* ---- closing ---- */

struct closing_run {
    const char *key;
    const struct close_arguments *arguments;
    struct period month;
    struct closing_act act;
    json_t *json; /* NULL: text */
    size_t lacking;
};

/* All that the hub would refuse it for is said before the checklist. */
static enum err check_act(struct txn *txn, const struct sector *sector, const PbEvent *event,
                          struct complaint *complaint)
{
    const struct decision_ground ground = {txn, sector_registry(sector), sector_docket(sector),
                                           sector_settings(sector), NULL};
    return decision_check(&ground, event, complaint);
}

static enum err show(struct closing_run *closing, const struct sector *sector, bool is_json)
{
    AUTO(checklist_close) struct checklist checklist = {0};
    enum err err = checklist_make(sector, &closing->month, &checklist);
    if (err != ERR_OK) {
        return err;
    }
    closing->lacking = checklist.count;
    if (is_json) {
        closing->json = checklist_json(sector, &closing->month, &closing->act, &checklist);
    } else {
        print_checklist(sector, &closing->month, &closing->act, &checklist);
    }
    return ERR_OK;
}

/* From the store, beside a running hub or without one. What came while it was read is not in it. */
static enum err look(struct closing_run *closing, bool is_json, struct complaint *complaint)
{
    AUTO(hub_release) struct hub hub = {0};
    AUTO(txn_end) struct txn txn = {0};
    AUTO(sector_read_close) struct sector_read *read = NULL;
    struct sector_wanted wanted = {.month = closing->month, .months_before = -1};
    struct sector_moment moment = {0};
    struct checkpoint checkpoint;
    int64_t now_us = 0;
    bool is_done = false;
    enum err err = hub_config_read(closing->arguments->common.config, &hub.config, complaint);
    err = err != ERR_OK ? err : hub_open(&hub, HUB_READ, complaint);
    err = err != ERR_OK ? err : txn_begin(store_env(hub.store), false, &txn);
    if (err != ERR_OK) {
        return err;
    }
    /* Not as known now: a record that comes in this moment would be known, and not in the list. */
    uint64_t at_seq =
        closing->arguments->at_seq > 0 ? (uint64_t)closing->arguments->at_seq : journal_size(&txn);
    now_us = admin_now_us(&hub);
    err = sector_moment_find(&txn, &at_seq, NULL, now_us, complaint, &checkpoint, &moment);
    wanted.until = moment.until;
    wanted.known_at_us = moment.known_at_us;
    err = err != ERR_OK ? err : sector_read_make(&wanted, NULL, &read);
    err = err != ERR_OK ? err : sector_read_step(read, &txn, SIZE_MAX, &is_done);
    err = err != ERR_OK ? err
                        : frozen_find(&txn, &closing->month, moment.until, moment.known_at_us,
                                      &closing->act.frozen);
    if (err == ERR_OK) {
        fill_act(closing->key, closing->arguments, now_us, &checkpoint, &moment, &closing->act);
        err = check_act(&txn, sector_read_sector(read), &closing->act.event, complaint);
    }
    err = err != ERR_OK ? err : show(closing, sector_read_sector(read), is_json);
    txn_end(&txn); /* before the store closes */
    return err;
}

static enum err submit(struct closing_run *closing, struct complaint *complaint, uint64_t *ret_seq)
{
    AUTO(hub_release) struct hub hub = {0};
    PbEvent *events[] = {&closing->act.event};
    /* Nothing was lacking: there is nothing that it was closed in spite of. */
    closing->act.closed.despite =
        closing->lacking > 0 ? (char *)(uintptr_t)closing->arguments->despite : NULL;
    enum err err = hub_config_read(closing->arguments->common.config, &hub.config, complaint);
    return err != ERR_OK ? err : acts_submit(&hub, events, 1, complaint, ret_seq);
}

static enum err close_month(struct closing_run *closing, bool is_json, struct complaint *complaint)
{
    const struct close_arguments *arguments = closing->arguments;
    uint64_t seq = 0;
    enum err err = look(closing, is_json, complaint);
    if (err == ERR_OK && closing->lacking > 0 &&
        (arguments->despite == NULL || arguments->is_dry)) {
        err = complain(complaint, ERR_REFUSED,
                       "%s was not closed: %zu thing%s lacking. See to %s, or excuse the "
                       "institution (`mfi-hub waive`), or say why it is closed all the same: "
                       "--despite REASON.",
                       closing->key, closing->lacking, closing->lacking == 1 ? " is" : "s are",
                       closing->lacking == 1 ? "it" : "them");
    } else if (err == ERR_OK && !arguments->is_dry) {
        err = submit(closing, complaint, &seq);
    }
    if (closing->json != NULL) {
        json_object_set_new(closing->json, "closed", json_boolean(seq > 0));
        if (seq > 0) {
            json_object_set_new(closing->json, "record", json_integer((json_int_t)seq));
        }
        json_dumpf(closing->json, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(closing->json);
    } else if (err == ERR_OK) {
        printf(seq > 0 ? "%s: closed by record %llu\n" : "%s: nothing is lacking\n", closing->key,
               (unsigned long long)seq);
    }
    return err;
}

int cmd_close(int argc, char **argv)
{
    struct close_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct words words = {0};
    bool is_json = false;
    int code = options_parse(&close_options, argc, argv, &arguments, &words);
    if (code >= 0) {
        return code;
    }
    struct closing_run closing = {.key = words.items[0], .arguments = &arguments};
    enum err err = wants_json(&arguments.common, &complaint, &is_json);
    err = err != ERR_OK ? err : month_parse(closing.key, &complaint, &closing.month);
    err = err != ERR_OK ? err : close_month(&closing, is_json, &complaint);
    return err != ERR_OK ? command_failed(err, &complaint) : 0;
}
