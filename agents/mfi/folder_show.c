/* What was examined, in words and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/mfi/folder.h"
#include "proto/json.h"

static const char *severity_word(enum severity severity)
{
    return severity == SEVERITY_ERROR ? "ERROR" : severity == SEVERITY_WARNING ? "WARNING" : "INFO";
}

enum err findings_print(const PbReport *report, const PbFinding *const *findings, size_t count,
                        FILE *file)
{
    AUTO(buffer_close) struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_clear(&text);
        enum err err = finding_sentence(findings[i], report, &text);
        if (err != ERR_OK) {
            return err;
        }
        fprintf(file, "  %-7s %s: %.*s\n", severity_word((enum severity)findings[i]->severity),
                findings[i]->rule, (int)text.size, (const char *)text.data);
    }
    return ferror(file) ? ERR_IO : ERR_OK;
}

static const char *verdict_line(const struct examined_report *examined)
{
    if (examined->is_refused) {
        return "would be refused, and not kept by the hub";
    }
    switch (examined->verdict) {
    case VERDICT_ACCEPTED:
        return "would be ACCEPTED";
    case VERDICT_ACCEPTED_WITH_WARNINGS:
        return "would be ACCEPTED WITH WARNINGS: each needs an explanation before the report can "
               "be approved";
    case VERDICT_REJECTED:
        return "would be REJECTED: correct the errors below and check again";
    case VERDICT_NONE:
    default:
        return "has no verdict";
    }
}

static enum err print_report(const struct examined_report *examined, FILE *file)
{
    const PbReport *report = examined->report;
    char name[REPORT_NAME_MAX];
    report_name((int)report->type, (int)report->period->frequency, report->period->end_day, name);
    fprintf(file, "%s of %s, vintage %" PRIu32 ": %s.\n", name, report->institution,
            report->vintage, verdict_line(examined));
    if (examined->is_unchanged) {
        fprintf(file, "  Its figures did not change since it was last queued or accepted: it would "
                      "not be sent again.\n");
    }
    if (examined->is_approval_void) {
        fprintf(file, "  It was approved with other figures: that approval is void. `mfi-agent "
                      "approve` gives a new one.\n");
    }
    const PbFinding *rows[FINDINGS_MAX];
    for (size_t i = 0; i < examined->findings->count; i++) {
        rows[i] = &examined->findings->rows[i];
    }
    return findings_print(report, rows, examined->findings->count, file);
}

static void print_hub_rules(FILE *file)
{
    size_t count = 0;
    const struct rule *rules = rules_at(0, &count);
    fprintf(file, "What only the hub can find:\n");
    for (size_t i = 0; i < count; i++) {
        if (rules[i].needs_hub) {
            fprintf(file, "  %s: %s\n", rules[i].id, rules[i].summary);
        }
    }
}

enum err examined_print(const struct examined *examined, FILE *file)
{
    enum err err = book_print(examined->book, file);
    for (size_t i = 0; i < book_note_count(examined->book); i++) {
        fprintf(file, "  %-7s %s\n", severity_word(book_note_severity(examined->book, i)),
                book_note_at(examined->book, i));
    }
    fprintf(file, "\n%s\n\n", examined->settings.source);
    for (size_t i = 0; err == ERR_OK && i < examined->count; i++) {
        err = print_report(&examined->reports[i], file);
    }
    fprintf(file, "\n");
    print_hub_rules(file);
    return err == ERR_OK && ferror(file) ? ERR_IO : err;
}

/* ---- JSON ---- */

static json_t *finding_json(const PbFinding *finding, const PbReport *report)
{
    AUTO(buffer_close) struct buffer text = {0};
    json_t *json = json_of_message(&finding->base);
    if (json != NULL && finding_sentence(finding, report, &text) == ERR_OK) {
        json_object_set_new(json, "text", json_stringn((const char *)text.data, text.size));
    }
    return json;
}

static json_t *report_json(const struct examined_report *examined)
{
    const PbReport *report = examined->report;
    json_t *findings = json_array();
    for (size_t i = 0; i < examined->findings->count; i++) {
        json_array_append_new(findings, finding_json(&examined->findings->rows[i], report));
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:b, s:o, s:o}", "institution", report->institution,
                     "type", report_type_name((int)report->type), "period", report->period->key,
                     "vintage", (json_int_t)report->vintage, "verdict",
                     examined->is_refused ? "REFUSED" : verdict_name(examined->verdict),
                     "unchanged", examined->is_unchanged, "findings", findings, "report",
                     json_of_message(&report->base));
}

static json_t *hub_rules_json(void)
{
    size_t count = 0;
    const struct rule *rules = rules_at(0, &count);
    json_t *ids = json_array();
    for (size_t i = 0; i < count; i++) {
        if (rules[i].needs_hub) {
            json_array_append_new(ids, json_string(rules[i].id));
        }
    }
    return ids;
}

json_t *examined_json(const struct examined *examined)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < book_note_count(examined->book); i++) {
        json_array_append_new(notes, json_pack("{s:s, s:s}", "severity",
                                               severity_word(book_note_severity(examined->book, i)),
                                               "text", book_note_at(examined->book, i)));
    }
    json_t *reports = json_array();
    for (size_t i = 0; i < examined->count; i++) {
        json_array_append_new(reports, report_json(&examined->reports[i]));
    }
    char id[2 * SHA256_BYTES + 1] = "";
    if (examined->settings.is_from_hub) {
        hex_encode(bytes_of(examined->settings.id, SHA256_BYTES), id);
    }
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:b, s:s}, s:o, s:o, s:o}", "institution",
                     book_institution(examined->book), "period", book_period_key(examined->book),
                     "settings", "version", examined->settings.settings->version, "id", id,
                     "from_hub", examined->settings.is_from_hub, "text", examined->settings.source,
                     "notes", notes, "reports", reports, "only_the_hub", hub_rules_json());
}
