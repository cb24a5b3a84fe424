#include <inttypes.h>
#include <string.h>

#include "agents/verify/verify.h"
#include "proto/envelope.h"
#include "proto/receipt.h"
#include "proto/rules.h"
#include "proto/text.h"

static enum err open_file(struct bytes file, struct arena *arena, struct complaint *complaint,
                          struct envelope *ret_envelope, struct receipt *ret_receipt);
static enum err check_belongs(const struct envelope *envelope, const struct receipt *receipt,
                              struct arena *arena, struct complaint *complaint);
static void state_facts(const struct envelope *envelope, const struct receipt *receipt,
                        struct statement *statement);
static void state_proofs(const struct receipt *receipt, const struct hub_identity *hub,
                         struct statement *statement);
static enum err state_findings(const struct envelope *envelope, const struct receipt *receipt,
                               struct arena *arena, struct statement *statement);

enum err verify_receipt(struct bytes file, const struct hub_identity *hub,
                        struct statement *statement, struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    struct receipt receipt;
    enum err err = open_file(file, &arena, complaint, &envelope, &receipt);
    if (err == ERR_OK) {
        err = receipt_verify(&receipt, hub, envelope.id, complaint);
    }
    if (err == ERR_OK) {
        err = check_belongs(&envelope, &receipt, &arena, complaint);
    }
    if (err != ERR_OK) {
        return err;
    }
    state_facts(&envelope, &receipt, statement);
    state_proofs(&receipt, hub, statement);
    statement_conclude(statement,
                       "The receipt is valid: %s holds this report of %s as record %" PRIu64 ".",
                       hub->origin, receipt.header.institution, receipt.header.seq);
    err = state_findings(&envelope, &receipt, &arena, statement);
    return err == ERR_OK ? ERR_OK
                         : complain(complaint, err,
                                    "The hub's judgement in the receipt cannot be shown: %s. The "
                                    "signatures and proofs are good.",
                                    err_text(err));
}

/* What there was no memory to read is not judged. */
static enum err unreadable(enum err err, struct complaint *complaint, const char *text)
{
    return err == ERR_MEMORY ? err : complain(complaint, ERR_MALFORMED, "%s", text);
}

static enum err open_file(struct bytes file, struct arena *arena, struct complaint *complaint,
                          struct envelope *ret_envelope, struct receipt *ret_receipt)
{
    const PbReceiptFile *message = NULL;
    enum err err = MESSAGE_UNPACK(receipt_file, MESSAGE_TOLERANT, file, arena, &message);
    if (err != ERR_OK) {
        return unreadable(err, complaint,
                          "The file is no receipt, or is damaged; write it again with `mfi-agent "
                          "receipts --out DIR`.");
    }
    err = envelope_open(bytes_of_pb(message->envelope), MESSAGE_TOLERANT, arena, ret_envelope);
    if (err != ERR_OK) {
        return unreadable(err, complaint,
                          "The report in the file cannot be read: it was changed or damaged.");
    }
    err = receipt_open(bytes_of_pb(message->receipt), arena, ret_receipt);
    if (err != ERR_OK) {
        return unreadable(err, complaint,
                          "The receipt in the file cannot be read: it was changed or damaged.");
    }
    return ERR_OK;
}

/* The receipt speaks of this very report: everything in its header is what was signed. */
static enum err check_belongs(const struct envelope *envelope, const struct receipt *receipt,
                              struct arena *arena, struct complaint *complaint)
{
    if (receipt->header.kind != KIND_REPORT && receipt->header.kind != KIND_EARLIER_RECEIPT) {
        return complain(complaint, ERR_SIGNATURE, "The receipt is of an event, not of a report.");
    }
    if (envelope_verify(envelope) != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "The institution's signature over the report does not verify.");
    }
    return record_check(receipt->raw_header, receipt->judgement, envelope->raw, arena, complaint);
}

static void state_facts(const struct envelope *envelope, const struct receipt *receipt,
                        struct statement *statement)
{
    const struct header *header = &receipt->header;
    const PbReport *report = envelope->message;
    char hex[2 * SHA256_BYTES + 1];
    char text[TIME_TEXT_MAX + 1];
    char key[64];
    statement_fact(statement, "institution", "%s", header->institution);
    statement_fact(statement, "type", "%s", report_type_name(header->type));
    statement_fact(
        statement, "period", "%s",
        text_escape(bytes_of(report->period->key, strlen(report->period->key)), key, sizeof key));
    statement_fact(statement, "vintage", "%" PRIu32, header->vintage);
    statement_fact(statement, "verdict", "%s", verdict_name(header->verdict));
    time_format(header->first_received_at_us, text);
    statement_fact(statement, "first_received", "%s", text);
    time_format(header->received_at_us, text);
    statement_fact(statement, "recorded", "%s", text);
    statement_fact(statement, "position", "%" PRIu64, header->seq);
    hex_encode(bytes_of(header->id, sizeof header->id), hex);
    statement_fact(statement, "id", "%s", hex);
    hex_encode(bytes_of(header->signer, sizeof header->signer), hex);
    statement_fact(statement, "signed_with", "%s", hex);
}

static void state_proofs(const struct receipt *receipt, const struct hub_identity *hub,
                         struct statement *statement)
{
    const struct header *header = &receipt->header;
    const struct checkpoint *checkpoint = &receipt->checkpoint;
    char text[TIME_TEXT_MAX + 1];
    time_format(checkpoint->time_us, text);
    statement_proven(statement, "the institution's signature over the report is good");
    statement_proven(statement,
                     "the hub's checkpoint of %" PRIu64 " records, of %s, is signed by %s",
                     checkpoint->position.size, text, hub->origin);
    statement_proven(statement, "record %" PRIu64 " lies in the tree of that checkpoint",
                     header->seq);
    statement_proven(statement,
                     "the verdict and its findings are those that the record commits to");
    statement_note(statement,
                   "Whether the key in signed_with is that of %s, ask %s: a receipt "
                   "cannot prove whose a key is.",
                   header->institution, header->institution);
    if (hub->is_test) {
        statement_note(statement, "This is a hub for tests; its times are made up.");
    }
}

static enum err state_findings(const struct envelope *envelope, const struct receipt *receipt,
                               struct arena *arena, struct statement *statement)
{
    const PbJudgement *judgement = NULL;
    enum err err =
        MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, receipt->judgement, arena, &judgement);
    for (size_t i = 0; err == ERR_OK && i < judgement->n_findings; i++) {
        const PbFinding *finding = judgement->findings[i];
        AUTO(buffer_close) struct buffer sentence = {0};
        char rule[32];
        char text[600];
        err = finding_sentence(NULL, finding, envelope->message, &sentence);
        if (err == ERR_OK) {
            statement_note(
                statement, "%s: %s",
                text_escape(bytes_of(finding->rule, strlen(finding->rule)), rule, sizeof rule),
                text_escape(buffer_bytes(&sentence), text, sizeof text));
        }
    }
    return err;
}
