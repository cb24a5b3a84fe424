#include "agents/mfi/commands.h"

#include <inttypes.h>
#include <string.h>

#include "agents/mfi/folder.h"
#include "proto/receipt.h"

bool format_is_json(const char *program, const char *format, bool *ret_is_json)
{
    if (format == NULL || strcmp(format, "text") == 0) {
        *ret_is_json = false;
        return true;
    }
    if (strcmp(format, "json") == 0) {
        *ret_is_json = true;
        return true;
    }
    int code = options_refuse(program, "--format is text or json.");
    (void)code; /* always 2: the caller knows */
    return false;
}

int fail(const char *program, enum err err, const struct complaint *complaint)
{
    fprintf(stderr, "%s: %s\n", program,
            complaint->text[0] != '\0' ? complaint->text : err_text(err));
    return err_exit_code(err);
}

/* The key in single quotes: Z85 has characters that a shell would take. */
void operator_line_print(const char *institution, const struct operator_line *line,
                         const struct signing_key *signing_key,
                         const struct transport_key *transport_key, FILE *file)
{
    char transport[Z85_KEY_CHARS + 1];
    char signing[2 * PUBLIC_KEY_BYTES + 1];
    transport_key_z85(transport_key_public(transport_key), transport);
    hex_encode(bytes_of(signing_key_public(signing_key), PUBLIC_KEY_BYTES), signing);
    fprintf(file,
            "mfi-hub parties add %s --role member --name '%s' --category %s --district %s "
            "--currency %s "
            "--signing-key %s --transport-key '%s'\n",
            institution, line->name != NULL ? line->name : "NAME",
            line->category != NULL ? line->category : "CATEGORY",
            line->district != NULL ? line->district : "DISTRICT",
            line->currency != NULL ? line->currency : "CURRENCY", signing, transport);
}

void operator_lines_print(const struct agent *agent, const struct operator_line *line, FILE *file)
{
    const struct conf_institution *items = agent->conf.institutions.items;
    for (size_t i = 0; i < agent->conf.institutions.count; i++) {
        struct operator_line own = *line;
        own.category = line->category != NULL ? line->category : items[i].category;
        operator_line_print(items[i].id, &own, agent->signing_keys[i], agent->transport_key, file);
    }
}

const char *verdict_words(const struct voice *voice, int verdict)
{
    static const struct {
        int verdict;
        const char *key;
    } rows[] = {
        {VERDICT_ACCEPTED, "verdict.ACCEPTED"},
        {VERDICT_ACCEPTED_WITH_WARNINGS, "verdict.ACCEPTED_WITH_WARNINGS"},
        {VERDICT_REJECTED, "verdict.REJECTED"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].verdict == verdict) {
            return phrase(voice, rows[i].key);
        }
    }
    return phrase(voice, "verdict.NONE");
}

static enum err print_findings(const struct receipt *receipt, struct bytes raw_report,
                               struct arena *arena, const struct voice *voice)
{
    PbJudgement *judgement = NULL;
    PbReport *report = NULL;
    enum err err =
        MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, receipt->judgement, arena, &judgement);
    if (err == ERR_OK && raw_report.size > 0) {
        err = MESSAGE_UNPACK(report, MESSAGE_TOLERANT, raw_report, arena, &report);
    }
    if (err != ERR_OK) {
        return err;
    }
    return findings_print(report, (const PbFinding *const *)judgement->findings,
                          judgement->n_findings, voice);
}

enum err receipt_print(const struct entry *entry, const struct voice *voice)
{
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt = {0};
    enum err err = receipt_open(entry->best, &arena, &receipt);
    if (err != ERR_OK) {
        return err;
    }
    char name[REPORT_NAME_MAX];
    char time[TIME_TEXT_MAX + 1];
    char id[2 * SHA256_BYTES + 1];
    report_name(entry->key.type, entry->key.frequency, entry->key.period_end_day, name);
    time_format(receipt.header.first_received_at_us, time);
    hex_encode(bytes_of(entry->id, SHA256_BYTES), id);
    char vintage[16];
    char position[24];
    (void)snprintf(vintage, sizeof vintage, "%" PRIu32, entry->vintage);
    (void)snprintf(position, sizeof position, "%" PRIu64, receipt.header.seq);
    say(voice, "", "receipt.line",
        (const struct word[]){{"name", name},
                              {"institution", entry->key.institution},
                              {"vintage", vintage},
                              {"verdict", verdict_words(voice, receipt.header.verdict)},
                              {"time", time},
                              {"position", position},
                              {0}});
    fprintf(voice->file, "  id %s\n", id);
    return print_findings(&receipt, entry->report, &arena, voice);
}
