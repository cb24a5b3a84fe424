/* Receipts, offline: what verifies is what was signed. The harness makes genuine receipts around
 * reports and judgements from the input, changes one byte anywhere, and signs the checkpoint of
 * changed headers, so that what lies behind the hub's signature is reached too. */
#include "tests/fuzz/fuzz.h"

#include "agents/verify/verify.h"
#include "proto/envelope.h"
#include "proto/receipt.h"
#include "tests/support/reports.h"

static struct signing_key *log_key;
static struct signing_key *signer;
static struct hub_identity hub;

static void set_up(void)
{
    if (log_key == NULL) {
        log_key = fuzz_key(200);
        signer = fuzz_key(7);
        strcpy(hub.origin, "hub.test");
        memcpy(hub.log_keys[0], signing_key_public(log_key), PUBLIC_KEY_BYTES);
        hub.log_key_count = 1;
    }
}

/* What mfi-verify does with such a file, and both ways to print it. */
static enum err verify_file(struct bytes file)
{
    AUTO(statement_close) struct statement *statement = NULL;
    AUTO(buffer_close) struct buffer text = {0};
    AUTO(buffer_close) struct buffer json = {0};
    struct complaint complaint = {{0}};
    HOLD_OK(statement_make("receipt", &statement));
    enum err err = verify_receipt(file, &hub, statement, &complaint);
    HOLD(err == ERR_OK || complaint.text[0] != '\0');
    HOLD_OK(statement_print(statement, err == ERR_OK, complaint.text, false, &text));
    HOLD_OK(statement_print(statement, err == ERR_OK, complaint.text, true, &json));
    HOLD(text.size > 0 && json.size > 0);
    return err;
}

static void take_raw(struct bytes raw)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer again = {0};
    struct receipt receipt;
    struct complaint complaint = {{0}};
    if (receipt_open(raw, &arena, &receipt) == ERR_OK) {
        enum err err = receipt_verify(&receipt, &hub, NULL, &complaint);
        HOLD(err == ERR_OK || complaint.text[0] != '\0');
        HOLD_OK(receipt_pack(receipt.raw_header, receipt.raw_proof, receipt.checkpoint.text,
                             receipt.judgement, &again));
    }
    (void)verify_file(raw);
}

struct made {
    struct buffer envelope;
    struct buffer receipt;
    struct buffer file;
};

static void made_close(struct made *made)
{
    buffer_close(&made->envelope);
    buffer_close(&made->receipt);
    buffer_close(&made->file);
}

static void fill_header(const struct envelope *envelope, struct bytes judgement,
                        struct header *header)
{
    const PbReport *report = envelope->message;
    *header = (struct header){.version = HEADER_VERSION,
                              .header_bytes = HEADER_BYTES,
                              .kind = KIND_REPORT,
                              .seq = 1,
                              .type = (uint8_t)report->type,
                              .frequency = (uint8_t)report->period->frequency,
                              .verdict = VERDICT_ACCEPTED,
                              .status = (uint8_t)report->status,
                              .period_end_day = report->period->end_day,
                              .vintage = report->vintage,
                              .received_at_us = 5,
                              .first_received_at_us = 5,
                              .judgement_bytes = (uint32_t)judgement.size,
                              .body_bytes = (uint32_t)envelope->raw.size};
    if (institution_id_is_valid(report->institution)) {
        memcpy(header->institution, report->institution, strlen(report->institution));
    }
    memcpy(header->id, envelope->id, SHA256_BYTES);
    memcpy(header->signer, envelope->signer, PUBLIC_KEY_BYTES);
    memcpy(header->signature, envelope->signature, SIGNATURE_BYTES);
    sha256(judgement, header->judgement_hash);
}

/* A journal of one record, sealed with the hub's key. */
static void pack(const uint8_t *encoded, struct bytes judgement, struct made *made)
{
    AUTO(buffer_close) struct buffer note = {0};
    struct position position = {.size = 1};
    PbReceiptFile file = IHURIRO__V1__RECEIPT_FILE__INIT;
    merkle_leaf(bytes_of(encoded, HEADER_BYTES), &position.root);
    HOLD_OK(checkpoint_sign(hub.origin, &position, 7, log_key, &note));
    HOLD_OK(receipt_pack(bytes_of(encoded, HEADER_BYTES), bytes_of("", 0), buffer_bytes(&note),
                         judgement, &made->receipt));
    file.envelope = pb_of_bytes(buffer_bytes(&made->envelope));
    file.receipt = pb_of_bytes(buffer_bytes(&made->receipt));
    HOLD_OK(message_pack(&file.base, &made->file));
}

static bool make(struct bytes report, struct bytes judgement, unsigned change, struct made *made)
{
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    struct header header;
    uint8_t encoded[HEADER_BYTES];
    if (envelope_make(signer, report, &made->envelope) != ERR_OK ||
        envelope_open(buffer_bytes(&made->envelope), MESSAGE_CANONICAL, &arena, &envelope) !=
            ERR_OK) {
        return false;
    }
    fill_header(&envelope, judgement, &header);
    header_encode(&header, encoded);
    if (change % 65536 >= 256) {
        encoded[change / 256 % HEADER_BYTES] ^= (uint8_t)change;
    }
    pack(encoded, judgement, made);
    return true;
}

static void take_made(struct input *input)
{
    AUTO(made_close) struct made made = {0};
    AUTO(arena_close) struct arena arena = {0};
    unsigned change = (unsigned)input_number(input, 2);
    size_t spoil_at = input_number(input, 2);
    uint8_t spoil = input_byte(input);
    struct bytes judgement = input_chunk(input);
    struct bytes report = input_rest(input);
    struct receipt receipt;
    if (!make(report, judgement, change, &made)) {
        return;
    }
    (void)verify_file(buffer_bytes(&made.file));
    if (receipt_open(buffer_bytes(&made.receipt), &arena, &receipt) == ERR_OK && change < 256) {
        HOLD_OK(receipt_verify(&receipt, &hub, NULL, NULL));
    }
    if (spoil != 0) { /* one byte of the whole: no longer what was signed */
        made.file.data[spoil_at % made.file.size] ^= spoil;
        (void)verify_file(buffer_bytes(&made.file));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    if (input_byte(&input) % 2 == 0) {
        take_raw(input_rest(&input));
    } else {
        take_made(&input);
    }
    return 0;
}

static void fuzz_seeds(void)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer report = {0};
    AUTO(buffer_close) struct buffer seed = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(buffer_close) struct buffer raw_file = {0};
    AUTO(buffer_close) struct buffer judgement = {0};
    AUTO(made_close) struct made made = {0};
    PbJudgement message = IHURIRO__V1__JUDGEMENT__INIT;
    message.settings = pb_of_bytes(bytes_of("", 0));
    set_up();
    HOLD_OK(message_pack(&message.base, &judgement));
    report_pack(report_of_portfolio(&arena, "A-1", "2020-06", 1), &report);
    HOLD(make(buffer_bytes(&report), buffer_bytes(&judgement), 0, &made));
    HOLD_OK(verify_file(buffer_bytes(&made.file)));
    put_byte(&raw, 0);
    HOLD_OK(buffer_append(&raw, made.receipt.data, made.receipt.size));
    fuzz_seed("raw", buffer_bytes(&raw));
    put_byte(&raw_file, 0);
    HOLD_OK(buffer_append(&raw_file, made.file.data, made.file.size));
    fuzz_seed("raw-file", buffer_bytes(&raw_file));
    HOLD_OK(buffer_append(&seed, "\x01\0\0\x01\x02\x04", 6));
    put_chunk(&seed, buffer_bytes(&judgement));
    HOLD_OK(buffer_append(&seed, report.data, report.size));
    fuzz_seed("made", buffer_bytes(&seed));
}
