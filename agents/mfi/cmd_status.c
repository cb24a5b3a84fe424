/* mfi-agent status: queue, drafts, refused ones with what to do, last receipt, last error, last
 * contact. */
#include <inttypes.h>
#include <string.h>

#include "agents/mfi/commands.h"
#include "agents/mfi/folder.h"
#include "conf/hub_pub.h"
#include "proto/json.h"
#include "proto/receipt.h"

static const char program[] = "mfi-agent status";

struct status_arguments {
    const char *config;
    const char *format;
};

static const struct option_row status_rows[] = {
    CONFIG_ROW(struct status_arguments),
    FORMAT_ROW(struct status_arguments),
    {0},
};

static const struct options status_options = {
    .program = program,
    .about = "Shows, for each institution, what is queued, what the hub refused and what to do "
             "about it, the last receipt, "
             "and when the hub was last heard.",
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
    struct folder_trouble trouble;
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

static void print_time(const char *label, int64_t time_us)
{
    char time[TIME_TEXT_MAX + 1] = "never";
    if (time_us > 0) {
        time_format(time_us, time);
    }
    printf("%s: %s\n", label, time);
}

/* ---- in words ---- */

static const char *json_text(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "?";
}

static void print_refused(const char *institution, const json_t *refused)
{
    size_t i = 0;
    json_t *json = NULL;
    json_array_foreach(refused, i, json)
    {
        int64_t number = json_integer_value(json_object_get(json, "number"));
        printf("  refused: %s %s (%s) %s\n", json_text(json, "type"), json_text(json, "period"),
               json_text(json, "rule"), json_text(json, "text"));
        if (json_is_true(json_object_get(json, "tried_again"))) {
            printf(
                "    It is tried again by itself. To give it up: mfi-agent drop %s %s %s %" PRId64
                "\n",
                institution, json_text(json, "type"), json_text(json, "period"), number);
        } else {
            printf("    Trying again does not help. Correct the extract and send the folder again, "
                   "and take this one "
                   "away: mfi-agent drop %s %s %s %" PRId64 "\n",
                   institution, json_text(json, "type"), json_text(json, "period"), number);
        }
    }
}

static void print_summary(const struct summary *summary)
{
    printf("\n%s: %" PRIu64 " queued, %" PRIu64 " waiting as draft, %" PRIu64 " refused, %" PRIu64
           " with receipt",
           summary->institution, summary->counts.queued, summary->counts.drafts,
           summary->counts.refused, summary->counts.receipted);
    printf(" (%" PRIu64 " rejected), %" PRIu64 " to be offered again\n", summary->rejected,
           summary->counts.to_offer);
    if (summary->last != NULL) {
        printf("  last receipt: %s %s %s at %s, position %" PRId64 "\n",
               json_text(summary->last, "type"), json_text(summary->last, "period"),
               json_text(summary->last, "verdict"), json_text(summary->last, "first_received_at"),
               (int64_t)json_integer_value(json_object_get(summary->last, "seq")));
    }
    size_t i = 0;
    json_t *json = NULL;
    json_array_foreach(summary->waiting, i, json)
    {
        printf("  %s: %s %s\n", json_is_true(json_object_get(json, "draft")) ? "draft" : "queued",
               json_text(json, "type"), json_text(json, "period"));
    }
    print_refused(summary->institution, summary->refused);
    if (summary->trouble.text[0] != '\0') {
        printf("  last folder not queued: %s\n", summary->trouble.text);
    }
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
    if (summary->last != NULL) {
        json_object_set(json, "last_receipt", summary->last);
    }
    if (summary->trouble.text[0] != '\0') {
        json_object_set_new(json, "folder_error", json_string(summary->trouble.text));
    }
    return json;
}

/* ---- all ---- */

static enum err summarise(struct txn *txn, const char *institution, bool is_json, json_t *list)
{
    struct summary summary = {
        .institution = institution, .refused = json_array(), .waiting = json_array()};
    enum err err = outbox_walk(txn, institution, visit_entry, &summary);
    if (err == ERR_OK) {
        err = folder_trouble_get(txn, institution, &summary.trouble);
    }
    if (err == ERR_OK && is_json) {
        json_array_append_new(list, summary_json(&summary));
    } else if (err == ERR_OK) {
        print_summary(&summary);
    }
    json_decref(summary.refused);
    json_decref(summary.waiting);
    json_decref(summary.last);
    return err;
}

static void print_contact(struct agent *agent, const struct contact *contact, bool is_running,
                          const struct complaint *hub_trouble)
{
    bool has_hub = agent->hub.origin[0] != '\0';
    printf("Hub: %s at %s%s\n", has_hub ? agent->hub.origin : "not known yet", agent->conf.ingest,
           agent->conf.is_test ? " (test)" : "");
    if (!has_hub) {
        printf("  %s\n", hub_trouble->text);
    }
    printf("Sending: %s\n", is_running ? "an mfi-agent is running"
                                       : "no mfi-agent is running; start `mfi-agent run`");
    print_time("Last contact", contact->last_contact_us);
    if (contact->last_error[0] != '\0') {
        char time[TIME_TEXT_MAX + 1];
        time_format(contact->last_error_us, time);
        printf("Last error: %s (%s)\n", contact->last_error, time);
    }
}

static enum err print_json(const struct contact *contact, const struct agent *agent,
                           bool is_running, json_t *list)
{
    AUTO(buffer_close) struct buffer line = {0};
    json_t *json = json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:s, s:O}", "hub", agent->hub.origin,
                             "ingest", agent->conf.ingest, "test", agent->conf.is_test, "running",
                             is_running, "last_contact_us", (json_int_t)contact->last_contact_us,
                             "last_error_us", (json_int_t)contact->last_error_us, "last_error",
                             contact->last_error, "institutions", list);
    enum err err = json != NULL ? json_line(json, &line) : ERR_MEMORY;
    json_decref(json);
    if (err == ERR_OK && fwrite(line.data, 1, line.size, stdout) != line.size) {
        err = ERR_IO;
    }
    return err;
}

static enum err show(struct agent *agent, bool is_json)
{
    AUTO(txn_end) struct txn txn = {0};
    struct contact contact = {0};
    bool is_running = false;
    struct complaint hub_trouble = {{0}};
    if (hub_pub_read(agent->conf.hub, &hub_trouble, &agent->hub) != ERR_OK) {
        agent->hub.origin[0] =
            '\0'; /* nothing is sent before it is there; the rest is worth showing */
    }
    enum err err = agent_is_talking(agent, &is_running);
    if (err == ERR_OK) {
        err = txn_begin(outbox_env(agent->outbox), false, &txn);
    }
    if (err == ERR_OK) {
        err = contact_get(&txn, &contact);
    }
    if (err == ERR_OK && !is_json) {
        print_contact(agent, &contact, is_running, &hub_trouble);
    }
    json_t *list = json_array();
    for (size_t i = 0; err == ERR_OK && i < agent->conf.institutions.count; i++) {
        err = summarise(&txn, agent->institutions[i], is_json, list);
    }
    if (err == ERR_OK && is_json) {
        err = print_json(&contact, agent, is_running, list);
    } else if (err == ERR_OK && contact.last_contact_us == 0) {
        printf("\nThe hub was not reached yet. Its operator runs (words in capitals filled in):\n");
        operator_lines_print(agent, &(struct operator_line){0}, stdout);
    }
    json_decref(list);
    return err;
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
    if (err == ERR_OK) {
        err = show(agent, is_json);
    }
    return err == ERR_OK ? 0 : fail(program, err, &complaint);
}
