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

static const char *severity_shown(const struct voice *voice, enum severity severity)
{
    return phrase(voice, severity == SEVERITY_ERROR     ? "severity.ERROR"
                         : severity == SEVERITY_WARNING ? "severity.WARNING"
                                                        : "severity.INFO");
}

enum err findings_print(const PbReport *report, const PbFinding *const *findings, size_t count,
                        const struct voice *voice)
{
    AUTO(buffer_close) struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_clear(&text);
        enum err err = finding_words(voice->catalogue, findings[i], report, SAY_BENEATH, &text);
        if (err != ERR_OK) {
            return err;
        }
        fprintf(voice->file, "  %-7s %s: %.*s\n",
                severity_shown(voice, (enum severity)findings[i]->severity), findings[i]->rule,
                (int)text.size, (const char *)text.data);
    }
    return ferror(voice->file) ? ERR_IO : ERR_OK;
}

static const char *verdict_key(const struct examined_report *examined)
{
    if (examined->is_refused) {
        return "check.refused";
    }
    switch (examined->verdict) {
    case VERDICT_ACCEPTED:
        return "check.accepted";
    case VERDICT_ACCEPTED_WITH_WARNINGS:
        return "check.warnings";
    case VERDICT_REJECTED:
        return "check.rejected";
    case VERDICT_NONE:
    default:
        return "check.none";
    }
}

/* The line of the verdict; of one that obliges, the language beneath too. */
static void print_verdict(const struct examined_report *examined, const struct voice *voice)
{
    const PbReport *report = examined->report;
    const char *key = verdict_key(examined);
    const struct voice beneath = {voice->file, catalogue_beneath(voice->catalogue, key)};
    char name[REPORT_NAME_MAX];
    char vintage[16];
    report_name((int)report->type, (int)report->period->frequency, report->period->end_day, name);
    (void)snprintf(vintage, sizeof vintage, "%" PRIu32, report->vintage);
    struct word words[] = {{"name", name},
                           {"institution", report->institution},
                           {"vintage", vintage},
                           {"verdict", phrase(voice, key)},
                           {0}};
    say(voice, "", "check.report", words);
    if (beneath.catalogue != NULL) {
        words[3].value = phrase(&beneath, key);
        say(&beneath, "          ", "check.report", words);
    }
}

static enum err print_report(const struct examined_report *examined, const struct voice *voice)
{
    print_verdict(examined, voice);
    if (examined->is_unchanged) {
        say(voice, "  ", "check.unchanged", NULL);
    }
    if (examined->is_approval_void) {
        say(voice, "  ", "check.approval_void", NULL);
    }
    const PbFinding *rows[FINDINGS_MAX];
    for (size_t i = 0; i < examined->findings->count; i++) {
        rows[i] = &examined->findings->rows[i];
    }
    return findings_print(examined->report, rows, examined->findings->count, voice);
}

static void print_hub_rules(const struct voice *voice)
{
    size_t count = 0;
    const struct rule *rules = rules_at(0, &count);
    say(voice, "", "check.hub_only", NULL);
    for (size_t i = 0; i < count; i++) {
        if (rules[i].needs_hub) {
            char key[CATALOGUE_KEY_MAX];
            (void)snprintf(key, sizeof key, "%s.summary", rules[i].id);
            fprintf(voice->file, "  %s: %s\n", rules[i].id, phrase(voice, key));
        }
    }
}

enum err examined_print(const struct examined *examined, const struct voice *voice)
{
    enum err err = book_print(examined->book, examined->category, voice->file);
    for (size_t i = 0; i < book_note_count(examined->book); i++) {
        fprintf(voice->file, "  %-7s %s\n",
                severity_shown(voice, book_note_severity(examined->book, i)),
                book_note_at(examined->book, i));
    }
    fprintf(voice->file, "\n%s\n\n", examined->settings.source);
    for (size_t i = 0; err == ERR_OK && i < examined->count; i++) {
        err = print_report(&examined->reports[i], voice);
    }
    fprintf(voice->file, "\n");
    print_hub_rules(voice);
    return err == ERR_OK && ferror(voice->file) ? ERR_IO : err;
}

/* ---- JSON ---- */

static json_t *finding_json(const PbFinding *finding, const PbReport *report,
                            const struct catalogue *catalogue)
{
    AUTO(buffer_close) struct buffer text = {0};
    json_t *json = json_of_message(&finding->base);
    if (json != NULL && finding_words(catalogue, finding, report, "\n", &text) == ERR_OK) {
        json_object_set_new(json, "text", json_stringn((const char *)text.data, text.size));
    }
    return json;
}

static json_t *report_json(const struct examined_report *examined,
                           const struct catalogue *catalogue)
{
    const PbReport *report = examined->report;
    json_t *findings = json_array();
    for (size_t i = 0; i < examined->findings->count; i++) {
        json_array_append_new(findings,
                              finding_json(&examined->findings->rows[i], report, catalogue));
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

json_t *examined_json(const struct examined *examined, const struct catalogue *catalogue)
{
    json_t *notes = json_array();
    for (size_t i = 0; i < book_note_count(examined->book); i++) {
        json_array_append_new(notes, json_pack("{s:s, s:s}", "severity",
                                               severity_word(book_note_severity(examined->book, i)),
                                               "text", book_note_at(examined->book, i)));
    }
    json_t *reports = json_array();
    for (size_t i = 0; i < examined->count; i++) {
        json_array_append_new(reports, report_json(&examined->reports[i], catalogue));
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
