/* A record of the journal: header || judgement || body. What opens is encoded to the same header;
 * what the harness makes whole (lengths, hashes, signature) is checked to its end. */
#include "tests/fuzz/fuzz.h"

#include "proto/envelope.h"
#include "proto/json.h"
#include "proto/record.h"
#include "tests/support/reports.h"

static void open_raw(struct bytes raw)
{
    AUTO(arena_close) struct arena arena = {0};
    struct record record;
    struct complaint complaint = {{0}};
    uint8_t again[HEADER_BYTES];
    if (record_open(raw, &record) != ERR_OK) {
        return;
    }
    HOLD(record.raw_header.size + record.judgement.size + record.body.size == raw.size);
    header_encode(&record.header, again);
    HOLD(record.header.version != HEADER_VERSION ||
         memcmp(again, record.raw_header.data, HEADER_BYTES) == 0);
    enum err err =
        record_check(record.raw_header, record.judgement, record.body, &arena, &complaint);
    HOLD(err == ERR_OK || complaint.text[0] != '\0' || err == ERR_MEMORY);
    json_t *json = json_of_record(&record.header, record.judgement, record.body, &arena);
    json_decref(json);
}

/* Says of the body what the body says of itself, as far as it can be read. */
static void describe_report(struct bytes body, struct header *header)
{
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    if (envelope_open(body, MESSAGE_TOLERANT, &arena, &envelope) != ERR_OK) {
        return;
    }
    const PbReport *report = envelope.message;
    header->type = (uint8_t)report->type;
    header->frequency = (uint8_t)report->period->frequency;
    header->status = (uint8_t)report->status;
    header->period_end_day = report->period->end_day;
    header->vintage = report->vintage;
    memcpy(header->id, envelope.id, SHA256_BYTES);
    memcpy(header->signer, envelope.signer, PUBLIC_KEY_BYTES);
    memcpy(header->signature, envelope.signature, SIGNATURE_BYTES);
    if (institution_id_is_valid(report->institution)) {
        memcpy(header->institution, report->institution, strlen(report->institution));
    }
}

static void describe_event(struct bytes body, struct header *header)
{
    AUTO(arena_close) struct arena arena = {0};
    const PbEvent *event = NULL;
    sha256(body, header->id);
    if (message_unpack(&ihuriro__v1__event__descriptor, MESSAGE_TOLERANT, body, &arena,
                       (const ProtobufCMessage **)(void *)&event) != ERR_OK) {
        return;
    }
    header->kind = (uint8_t)event_kind(event);
    header->first_received_at_us = event->time_us;
    if (event->subject != NULL && institution_id_is_valid(event->subject)) {
        memcpy(header->institution, event->subject, strlen(event->subject));
    }
}

/* A whole record around a judgement and a body that come from the input, signed here. */
static void open_made(struct input *input)
{
    static struct signing_key *key;
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    struct header header = {.version = HEADER_VERSION,
                            .header_bytes = HEADER_BYTES,
                            .kind = input_byte(input) % 2 == 0 ? KIND_REPORT : 0,
                            .seq = 1,
                            .verdict = input_byte(input) % 4,
                            .received_at_us = 5,
                            .first_received_at_us = 5};
    struct bytes judgement = input_chunk(input);
    struct bytes body = input_rest(input);
    if (key == NULL) {
        key = fuzz_key(7);
    }
    if (header.kind == KIND_REPORT) {
        if (envelope_make(key, body, &envelope) != ERR_OK) {
            return;
        }
        body = buffer_bytes(&envelope);
        describe_report(body, &header);
    } else {
        describe_event(body, &header);
    }
    sha256(judgement, header.judgement_hash);
    header.judgement_bytes = (uint32_t)judgement.size;
    header.body_bytes = (uint32_t)body.size;
    uint8_t encoded[HEADER_BYTES];
    header_encode(&header, encoded);
    HOLD_OK(buffer_append(&raw, encoded, sizeof encoded));
    HOLD_OK(buffer_append(&raw, judgement.data, judgement.size));
    HOLD_OK(buffer_append(&raw, body.data, body.size));
    open_raw(buffer_bytes(&raw));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    if (input_byte(&input) % 2 == 0) {
        open_raw(input_rest(&input));
    } else {
        open_made(&input);
    }
    return 0;
}

static void seed_made(const char *name, uint8_t kind, struct bytes judgement, struct bytes body)
{
    AUTO(buffer_close) struct buffer seed = {0};
    put_byte(&seed, 1);
    put_byte(&seed, kind);
    put_byte(&seed, 1);
    put_chunk(&seed, judgement);
    HOLD_OK(buffer_append(&seed, body.data, body.size));
    fuzz_seed(name, buffer_bytes(&seed));
}

static void fuzz_seeds(void)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer report = {0};
    AUTO(buffer_close) struct buffer event = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    PbEvent back = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__Back part = IHURIRO__V1__BACK__INIT;
    uint8_t encoded[HEADER_BYTES];
    struct header header = {.version = HEADER_VERSION,
                            .header_bytes = HEADER_BYTES,
                            .kind = KIND_BACK,
                            .seq = 9,
                            .institution = "A-1",
                            .first_received_at_us = 5};
    report_pack(report_of_portfolio(&arena, "A-1", "2020-06", 1), &report);
    back.time_us = 5;
    back.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    back.subject = (char *)(uintptr_t) "A-1";
    back.back = &part;
    HOLD_OK(message_pack(&back.base, &event));
    seed_made("report", 0, bytes_of("\n\0", 2), buffer_bytes(&report));
    seed_made("event", 1, bytes_of("", 0), buffer_bytes(&event));
    sha256(buffer_bytes(&event), header.id);
    sha256(bytes_of("", 0), header.judgement_hash);
    header.body_bytes = (uint32_t)event.size;
    header_encode(&header, encoded);
    put_byte(&raw, 0);
    HOLD_OK(buffer_append(&raw, encoded, sizeof encoded));
    HOLD_OK(buffer_append(&raw, event.data, event.size));
    fuzz_seed("raw", buffer_bytes(&raw));
}
