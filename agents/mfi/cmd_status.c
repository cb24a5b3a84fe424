/* mfi-agent status: queue, drafts, refused ones with what to do, last receipt, last error, last
 * contact. */
#include <inttypes.h>
#include <string.h>

#include "agents/mfi/commands.h"
#include "agents/mfi/folder.h"
#include "agents/mfi/owed_show.h"
#include "agents/mfi/troubles.h"
#include "conf/hub_pub.h"
#include "proto/json.h"
#include "proto/receipt.h"

static const char program[] = "mfi-agent status";

struct status_arguments {
    const char *config;
    const char *format;
    const char *language;
    bool is_check;
};

static const struct option_row status_rows[] = {
    CONFIG_ROW(struct status_arguments),
    FORMAT_ROW(struct status_arguments),
    LANGUAGE_ROW(struct status_arguments),
    {"check", 0, OPTION_FLAG, offsetof(struct status_arguments, is_check), NULL,
     "only what needs a person; exit 0: nothing does, 1: something does, 3: the hub was not heard "
     "for two days",
     0, 0},
    {0},
};

static const struct options status_options = {
    .program = program,
    .about = "Shows, for each institution, what is queued, what the hub refused and what to do "
             "about it, the last receipt, what it owes by when, what is overdue and which limits "
             "its last reports breached, as the hub said when it was last heard.",
    .rows = status_rows,
};

/* What is told of one institution. */
struct summary {
    const char *institution;
    struct outbox_counts counts;
    uint64_t rejected; /* among the receipted */
    json_t *refused;
    json_t *waiting;
    int64_t last_us; /* received_at of the newest receipt */
    json_t *last;
    struct folder_troubles troubles;
    const struct owed *owed; /* NULL: the hub never said */
};

/* What all of them share. */
struct status {
    struct agent *agent;
    struct txn *txn;
    int utc_offset_minutes;
    int64_t now_us;
    struct voice voice;
    json_t *list;     /* NULL: for a person */
    json_t *troubles; /* sentences; NULL: not asked for */
};

static json_t *entry_json(const struct entry *entry)
{
    char name[REPORT_NAME_MAX];
    report_name(entry->key.type, entry->key.frequency, entry->key.period_end_day, name);
    const char *period = strchr(name, ' ');
    return json_pack("{s:s, s:s, s:I}", "type", report_type_name(entry->key.type), "period",
                     period != NULL ? period + 1 : "?", "number", (json_int_t)entry->key.number);
}

static void add_receipt(struct summary *summary, const struct entry *entry)
{
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt = {0};
    if (receipt_open(entry->best, &arena, &receipt) != ERR_OK) {
        return;
    }
    summary->counts.receipted++;
    summary->rejected += receipt.header.verdict == VERDICT_REJECTED;
    if (receipt.header.received_at_us < summary->last_us) {
        return;
    }
    char time[TIME_TEXT_MAX + 1];
    char id[2 * SHA256_BYTES + 1];
    time_format(receipt.header.first_received_at_us, time);
    hex_encode(bytes_of(entry->id, SHA256_BYTES), id);
    json_decref(summary->last);
    summary->last = entry_json(entry);
    json_object_set_new(summary->last, "verdict",
                        json_string(verdict_name(receipt.header.verdict)));
    json_object_set_new(summary->last, "seq", json_integer((json_int_t)receipt.header.seq));
    json_object_set_new(summary->last, "first_received_at", json_string(time));
    json_object_set_new(summary->last, "id", json_string(id));
    summary->last_us = receipt.header.received_at_us;
}

static void add_refused(struct summary *summary, const struct entry *entry)
{
    json_t *json = entry_json(entry);
    json_object_set_new(json, "rule", json_string(entry->refused_rule));
    json_object_set_new(json, "text", json_string(entry->refused_text));
    json_object_set_new(json, "tried_again", json_boolean(entry->may_pass));
    json_array_append_new(summary->refused, json);
    summary->counts.refused++;
}

static enum err visit_entry(void *context, const struct entry *entry)
{
    struct summary *summary = context;
    summary->counts.to_offer += entry->to_offer;
    if (entry->best.size > 0) {
        add_receipt(summary, entry);
    } else if (entry->state == ENTRY_REFUSED) {
        add_refused(summary, entry);
    } else {
        bool is_draft = entry->state == ENTRY_DRAFT;
        summary->counts.drafts += is_draft;
        summary->counts.queued += !is_draft;
        json_t *json = entry_json(entry);
        json_object_set_new(json, "draft", json_boolean(is_draft));
        json_array_append_new(summary->waiting, json);
    }
    return ERR_OK;
}

/* ---- in words ---- */

static const char *json_text(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "?";
}

static void print_refused(const struct voice *voice, const char *institution, const json_t *refused)
{
    size_t i = 0;
    json_t *json = NULL;
    json_array_foreach(refused, i, json)
    {
        char command[128];
        const char *type = json_text(json, "type");
        const char *period = json_text(json, "period");
        (void)snprintf(command, sizeof command, "mfi-agent drop %s %s %s %" PRId64, institution,
                       type, period, (int64_t)json_integer_value(json_object_get(json, "number")));
        say(voice, "  ", "status.refused",
            (const struct word[]){{"type", type},
                                  {"period", period},
                                  {"rule", json_text(json, "rule")},
                                  {"text", json_text(json, "text")},
                                  {0}});
        bool is_tried = json_is_true(json_object_get(json, "tried_again"));
        say(voice, "    ", is_tried ? "status.tried_again" : "status.no_use",
            (const struct word[]){{"command", command}, {0}});
    }
}

static void print_counts(const struct voice *voice, const struct summary *summary)
{
    char texts[6][CATALOGUE_VALUE_MAX];
    const uint64_t counts[6] = {summary->counts.queued,  summary->counts.drafts,
                                summary->counts.refused, summary->counts.receipted,
                                summary->rejected,       summary->counts.to_offer};
    for (size_t i = 0; i < 6; i++) {
        catalogue_number(voice->catalogue, (int64_t)counts[i], 0, texts[i]);
    }
    say(voice, "\n", "status.counts",
        (const struct word[]){{"institution", summary->institution},
                              {"queued", texts[0]},
                              {"drafts", texts[1]},
                              {"refused", texts[2]},
                              {"receipted", texts[3]},
                              {"rejected", texts[4]},
                              {"to_offer", texts[5]},
                              {0}});
}

static int verdict_of(const json_t *receipt)
{
    const char *name = json_text(receipt, "verdict");
    for (int verdict = VERDICT_NONE; verdict <= VERDICT_REJECTED; verdict++) {
        if (strcmp(verdict_name(verdict), name) == 0) {
            return verdict;
        }
    }
    return VERDICT_NONE;
}

static void print_last(const struct voice *voice, const json_t *receipt)
{
    char position[24];
    (void)snprintf(position, sizeof position, "%" PRId64,
                   (int64_t)json_integer_value(json_object_get(receipt, "seq")));
    say(voice, "  ", "status.receipt",
        (const struct word[]){{"type", json_text(receipt, "type")},
                              {"period", json_text(receipt, "period")},
                              {"verdict", verdict_words(voice, verdict_of(receipt))},
                              {"time", json_text(receipt, "first_received_at")},
                              {"position", position},
                              {0}});
}

static void print_summary(const struct status *status, const struct summary *summary)
{
    const struct voice *voice = &status->voice;
    print_counts(voice, summary);
    if (summary->last != NULL) {
        print_last(voice, summary->last);
    }
    size_t i = 0;
    json_t *json = NULL;
    json_array_foreach(summary->waiting, i, json)
    {
        bool is_draft = json_is_true(json_object_get(json, "draft"));
        say(voice, "  ", is_draft ? "status.draft" : "status.queued",
            (const struct word[]){
                {"type", json_text(json, "type")}, {"period", json_text(json, "period")}, {0}});
    }
    print_refused(voice, summary->institution, summary->refused);
    for (size_t k = 0; k < summary->troubles.count; k++) {
        char text[TROUBLE_TEXT_MAX];
        say(voice, "  ", "status.folder",
            (const struct word[]){{"text", trouble_text(&summary->troubles.items[k], text)}, {0}});
    }
    owed_print(summary->owed, status->utc_offset_minutes, voice);
}

static json_t *summary_json(const struct summary *summary)
{
    json_t *json = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:O}", "institution", summary->institution,
        "queued", (json_int_t)summary->counts.queued, "drafts", (json_int_t)summary->counts.drafts,
        "refused", (json_int_t)summary->counts.refused, "receipted",
        (json_int_t)summary->counts.receipted, "rejected", (json_int_t)summary->rejected,
        "to_offer", (json_int_t)summary->counts.to_offer, "waiting", summary->waiting,
        "refused_reports", summary->refused);
    json_t *folders = json_array();
    for (size_t i = 0; i < summary->troubles.count; i++) {
        char text[TROUBLE_TEXT_MAX];
        json_array_append_new(folders,
                              json_string(trouble_text(&summary->troubles.items[i], text)));
    }
    if (summary->last != NULL) {
        json_object_set(json, "last_receipt", summary->last);
    }
    if (summary->troubles.count > 0) {
        json_object_set(json, "folder_error", json_array_get(folders, 0));
        json_object_set(json, "folder_errors", folders);
    }
    if (summary->owed != NULL) {
        json_object_set_new(json, "owed", owed_json(summary->owed));
    }
    json_decref(folders);
    return json;
}

/* ---- all ---- */

static void close_summary(struct summary *summary)
{
    json_decref(summary->refused);
    json_decref(summary->waiting);
    json_decref(summary->last);
}

static void show_summary(const struct status *status, const struct summary *summary)
{
    if (status->troubles != NULL) {
        troubles_of_folders(&status->voice, summary->institution, &summary->troubles,
                            status->troubles);
        troubles_of_refused(&status->voice, summary->institution, summary->refused,
                            status->troubles);
        troubles_of_owed(&status->voice, summary->institution, summary->owed,
                         status->utc_offset_minutes, status->troubles);
    }
    if (status->list != NULL) {
        json_array_append_new(status->list, summary_json(summary));
    } else if (status->troubles == NULL) {
        print_summary(status, summary);
    }
}

static enum err summarise(struct status *status, const char *institution)
{
    AUTO(arena_close) struct arena arena = {.budget = (size_t)8 * UNPACK_BUDGET};
    AUTO(close_summary)
    struct summary summary = {
        .institution = institution, .refused = json_array(), .waiting = json_array()};
    enum err err = outbox_walk(status->txn, institution, visit_entry, &summary);
    err = err != ERR_OK ? err : folder_troubles_get(status->txn, institution, &summary.troubles);
    err = err != ERR_OK
              ? err
              : agent_owed(status->agent, status->txn, institution, status->utc_offset_minutes,
                           status->now_us, &arena, &summary.owed);
    if (err == ERR_OK) {
        troubles_drop_gone(&summary.troubles);
        show_summary(status, &summary);
    }
    return err;
}

static void print_time(const struct voice *voice, const char *key, const char *text,
                       int64_t time_us)
{
    char time[TIME_TEXT_MAX + 1];
    time_format(time_us, time);
    say(voice, "", key,
        (const struct word[]){
            {"time", time_us > 0 ? time : phrase(voice, "status.never")}, {"text", text}, {0}});
}

static void print_contact(const struct voice *voice, struct agent *agent,
                          const struct contact *contact, bool is_running,
                          const struct complaint *hub_trouble)
{
    bool has_hub = agent->hub.origin[0] != '\0';
    say(voice, "", agent->conf.is_test ? "status.test_hub" : "status.hub",
        (const struct word[]){
            {"origin", has_hub ? agent->hub.origin : phrase(voice, "status.no_origin")},
            {"endpoint", agent->conf.ingest},
            {0}});
    if (!has_hub) {
        fprintf(voice->file, "  %s\n", hub_trouble->text);
    }
    say(voice, "", is_running ? "status.running" : "status.not_running", NULL);
    print_time(voice, "status.contact", "", contact->last_contact_us);
    if (contact->last_error[0] != '\0') {
        print_time(voice, "status.error", contact->last_error, contact->last_error_us);
    }
}

static enum err print_json(const struct contact *contact, const struct status *status,
                           bool is_running)
{
    AUTO(buffer_close) struct buffer line = {0};
    const struct agent *agent = status->agent;
    json_t *json = json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:s, s:O}", "hub", agent->hub.origin,
                             "ingest", agent->conf.ingest, "test", agent->conf.is_test, "running",
                             is_running, "last_contact_us", (json_int_t)contact->last_contact_us,
                             "last_error_us", (json_int_t)contact->last_error_us, "last_error",
                             contact->last_error, "institutions", status->list);
    if (json != NULL && status->troubles != NULL) {
        json_object_set(json, "troubles", status->troubles);
    }
    enum err err = json != NULL ? json_line(json, &line) : ERR_MEMORY;
    json_decref(json);
    if (err == ERR_OK && fwrite(line.data, 1, line.size, stdout) != line.size) {
        err = ERR_IO;
    }
    return err;
}

static enum err print_all(struct status *status, const struct contact *contact, bool is_running,
                          bool is_silent)
{
    if (status->list != NULL) {
        return print_json(contact, status, is_running);
    }
    if (status->troubles != NULL) {
        troubles_print(&status->voice, status->troubles, is_silent);
    } else if (contact->last_contact_us == 0) {
        say(&status->voice, "\n", "status.enrol", NULL);
        operator_lines_print(status->agent, &(struct operator_line){0}, stdout);
    }
    return ERR_OK;
}

/* Where the institution is; as long as no settings are known, times are UTC. */
static int find_utc_offset(struct agent *agent)
{
    AUTO(arena_close) struct arena arena = {0};
    struct agent_settings settings = {0};
    struct complaint complaint = {{0}};
    return agent_settings(agent, &arena, &complaint, &settings) == ERR_OK
               ? settings.settings->utc_offset_minutes
               : 0;
}

static enum err open_status(struct status *status, struct contact *ret_contact)
{
    status->utc_offset_minutes = find_utc_offset(status->agent);
    enum err err = agent_now(status->agent, &status->now_us);
    err = err != ERR_OK ? err : txn_begin(outbox_env(status->agent->outbox), false, status->txn);
    return err != ERR_OK ? err : contact_get(status->txn, ret_contact);
}

/* ret_code: what --check ends with. */
static enum err show(struct status *status, int *ret_code)
{
    struct agent *agent = status->agent;
    struct contact contact = {0};
    bool is_running = false;
    struct complaint hub_trouble = {{0}};
    if (hub_pub_read(agent->conf.hub, &hub_trouble, &agent->hub) != ERR_OK) {
        agent->hub.origin[0] =
            '\0'; /* nothing is sent before it is there; the rest is worth showing */
    }
    enum err err = agent_is_talking(agent, &is_running);
    err = err != ERR_OK ? err : open_status(status, &contact);
    if (err == ERR_OK && status->list == NULL && status->troubles == NULL) {
        print_contact(&status->voice, agent, &contact, is_running, &hub_trouble);
    }
    for (size_t i = 0; err == ERR_OK && i < agent->conf.institutions.count; i++) {
        err = summarise(status, agent->institutions[i]);
    }
    bool is_silent = false;
    if (err == ERR_OK && status->troubles != NULL) {
        *ret_code = json_array_size(status->troubles) > 0 ? 1 : 0;
        is_silent = troubles_of_silence(&status->voice, &contact, status->troubles);
        *ret_code = is_silent && *ret_code == 0 ? 3 : *ret_code;
    }
    return err != ERR_OK ? err : print_all(status, &contact, is_running, is_silent);
}

static void close_status(struct status *status)
{
    json_decref(status->list);
    json_decref(status->troubles);
}

int status_command(int argc, char **argv)
{
    struct status_arguments arguments = {0};
    bool is_json = false;
    int code = options_parse(&status_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    if (!format_is_json(program, arguments.format, &is_json)) {
        return 2;
    }
    AUTO(agent_close) struct agent *agent = NULL;
    struct complaint complaint = {{0}};
    enum err err = agent_open(arguments.config, AGENT_STORE | AGENT_KEYS, &complaint, &agent);
    err = err != ERR_OK ? err : agent_speak(agent, arguments.language, &complaint);
    AUTO(txn_end) struct txn txn = {0};
    AUTO(close_status) struct status status = {.agent = agent, .txn = &txn};
    if (err == ERR_OK) {
        status.voice = (struct voice){stdout, agent->catalogue};
        status.list = is_json ? json_array() : NULL;
        status.troubles = arguments.is_check ? json_array() : NULL;
        err = show(&status, &code);
    }
    return err == ERR_OK ? (code > 0 ? code : 0) : fail(program, err, &complaint);
}
