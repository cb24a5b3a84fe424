/* mfi-agent receipts: a list, or ID.receipt files that anyone can check with mfi-verify. */
#include <inttypes.h>
#include <string.h>

#include "agents/mfi/commands.h"
#include "agents/mfi/folder.h"
#include "proto/json.h"
#include "proto/receipt.h"

static const char program[] = "mfi-agent receipts";

struct receipts_arguments {
    const char *config;
    const char *format;
    const char *out;
    const char *institution;
};

#define RECEIPTS(field) offsetof(struct receipts_arguments, field)
static const struct option_row receipts_rows[] = {
    CONFIG_ROW(struct receipts_arguments),
    {"out", 0, OPTION_TEXT, RECEIPTS(out), "DIR",
     "write ID.receipt files there: report and receipt, for mfi-verify", 0, 0},
    {"institution", 0, OPTION_TEXT, RECEIPTS(institution), "ID", "only this institution's", 0, 0},
    FORMAT_ROW(struct receipts_arguments),
    {0},
};

static const struct options receipts_options = {
    .program = program,
    .about =
        "Lists the receipts that the agent holds; with --out, writes each to a file of its own.",
    .rows = receipts_rows,
};

struct listing {
    const struct receipts_arguments *arguments;
    bool is_json;
    uint64_t count;
    uint64_t written;
    uint64_t without_report; /* older than 400 days: the report's bytes are gone */
    struct complaint *complaint;
};

static enum err print_line(struct listing *listing, const struct entry *entry,
                           const struct receipt *receipt)
{
    char name[REPORT_NAME_MAX];
    char time[TIME_TEXT_MAX + 1];
    char id[2 * SHA256_BYTES + 1];
    const struct header *header = &receipt->header;
    report_name(entry->key.type, entry->key.frequency, entry->key.period_end_day, name);
    time_format(header->first_received_at_us, time);
    hex_encode(bytes_of(entry->id, SHA256_BYTES), id);
    if (!listing->is_json) {
        printf("%s  %-16s %-22s v%-3" PRIu32 " %-22s position %-8" PRIu64 " %s\n", time,
               entry->key.institution, name, entry->vintage, verdict_name(header->verdict),
               header->seq, id);
        return ERR_OK;
    }
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer line = {0};
    json_t *json = json_of_record(header, receipt->judgement, (struct bytes){0}, &arena);
    enum err err = json != NULL ? json_line(json, &line) : ERR_MEMORY;
    json_decref(json);
    if (err == ERR_OK && fwrite(line.data, 1, line.size, stdout) != line.size) {
        err = ERR_IO;
    }
    return err;
}

static enum err write_file(struct listing *listing, const struct entry *entry)
{
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer content = {0};
    AUTO(buffer_close) struct buffer path = {0};
    if (entry->report.size == 0) {
        listing->without_report++;
        return ERR_OK;
    }
    char id[2 * SHA256_BYTES + 1];
    hex_encode(bytes_of(entry->id, SHA256_BYTES), id);
    enum err err = envelope_pack(entry->report, entry->signer, entry->signature, &envelope);
    PbReceiptFile file = IHURIRO__V1__RECEIPT_FILE__INIT;
    file.envelope = pb_of_bytes(buffer_bytes(&envelope));
    file.receipt = pb_of_bytes(entry->best);
    if (err == ERR_OK) {
        err = message_pack(&file.base, &content);
    }
    if (err == ERR_OK) {
        err = buffer_printf(&path, "%s/%s.receipt%c", listing->arguments->out, id, '\0');
    }
    if (err == ERR_OK) {
        err = platform_write((const char *)path.data, buffer_bytes(&content), 0644,
                             listing->complaint);
    }
    listing->written += err == ERR_OK;
    return err;
}

static enum err visit_receipt(void *context, const struct entry *entry)
{
    struct listing *listing = context;
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt = {0};
    if (entry->best.size == 0) {
        return ERR_OK;
    }
    enum err err = receipt_open(entry->best, &arena, &receipt);
    if (err != ERR_OK) {
        return err;
    }
    listing->count++;
    err = print_line(listing, entry, &receipt);
    return err == ERR_OK && listing->arguments->out != NULL ? write_file(listing, entry) : err;
}

static enum err list(struct agent *agent, struct listing *listing)
{
    AUTO(txn_end) struct txn txn = {0};
    const char *out = listing->arguments->out;
    enum err err = ERR_OK;
    if (out != NULL && !platform_is_folder(out)) {
        err = platform_make_folder(out, listing->complaint);
    }
    if (err == ERR_OK) {
        err = txn_begin(outbox_env(agent->outbox), false, &txn);
    }
    if (err == ERR_OK) {
        err = outbox_walk(&txn, listing->arguments->institution, visit_receipt, listing);
    }
    return err;
}

static void say_sums(const struct listing *listing)
{
    if (listing->count == 0) {
        fprintf(stderr, "There are no receipts yet.\n");
    }
    if (listing->arguments->out != NULL) {
        fprintf(stderr,
                "%" PRIu64
                " files are in %s; check one with: mfi-verify receipt FILE --hub hub.pub\n",
                listing->written, listing->arguments->out);
    }
    if (listing->without_report > 0) {
        fprintf(stderr,
                "%" PRIu64 " are older than 400 days: their reports are no longer here, and no "
                "file was written.\n",
                listing->without_report);
    }
}

int receipts_command(int argc, char **argv)
{
    struct receipts_arguments arguments = {0};
    struct complaint complaint = {{0}};
    struct listing listing = {.arguments = &arguments, .complaint = &complaint};
    int code = options_parse(&receipts_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    if (!format_is_json(program, arguments.format, &listing.is_json)) {
        return 2;
    }
    AUTO(agent_close) struct agent *agent = NULL;
    enum err err = agent_open(arguments.config, AGENT_STORE, &complaint, &agent);
    if (err == ERR_OK) {
        err = list(agent, &listing);
    }
    if (err == ERR_OK && listing.count == 0 && arguments.institution != NULL &&
        agent_conf_institution(&agent->conf, arguments.institution) == NULL) {
        err = complain(&complaint, ERR_NOT_FOUND,
                       "There is no institution %.40s in %s, and no receipt of it.",
                       arguments.institution, agent->config);
    }
    if (err != ERR_OK) {
        return fail(program, err, &complaint);
    }
    say_sums(&listing);
    return 0;
}
