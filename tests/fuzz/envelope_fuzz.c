/* An envelope: what is taken is, put together again, the same bytes, and a signature is good only
 * over exactly the report that was signed. The harness signs with a key it knows, so that changed
 * reports get past the signature; no check is left out. */
#include "tests/fuzz/fuzz.h"

#include "proto/envelope.h"
#include "proto/limits.h"
#include "tests/support/reports.h"

/* Foreign bytes as they are. */
static void open_raw(struct bytes raw, enum message_mode mode)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer again = {0};
    struct envelope envelope = {0};
    uint8_t id[SHA256_BYTES];
    if (envelope_open(raw, mode, &arena, &envelope) != ERR_OK) {
        HOLD(envelope.message == NULL);
        return;
    }
    report_id(envelope.report, id);
    HOLD(memcmp(id, envelope.id, sizeof id) == 0);
    HOLD(raw.size <= ENVELOPE_BYTES_MAX);
    HOLD_OK(envelope_pack(envelope.report, envelope.signer, envelope.signature, &again));
    HOLD(mode != MESSAGE_CANONICAL || bytes_equal(raw, buffer_bytes(&again)));
    bool is_signed = envelope_verify(&envelope) == ERR_OK;
    HOLD(is_signed == (report_signature_verify(envelope.signer, id, envelope.signature) == ERR_OK));
}

/* The same report bytes, signed. Then with one bit of the signature changed. */
static void open_signed(struct bytes report, unsigned bit)
{
    static struct signing_key *key;
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(arena_close) struct arena arena = {0};
    struct envelope envelope;
    uint8_t signature[SIGNATURE_BYTES];
    if (key == NULL) {
        key = fuzz_key(7);
    }
    if (envelope_make(key, report, &raw) != ERR_OK) {
        return;
    }
    open_raw(buffer_bytes(&raw), MESSAGE_CANONICAL);
    if (envelope_open(buffer_bytes(&raw), MESSAGE_TOLERANT, &arena, &envelope) != ERR_OK) {
        return;
    }
    HOLD_OK(envelope_verify(&envelope));
    memcpy(signature, envelope.signature, sizeof signature);
    signature[bit / 8 % sizeof signature] ^= (uint8_t)(1U << bit % 8);
    HOLD(report_signature_verify(envelope.signer, envelope.id, signature) == ERR_SIGNATURE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t how = input_byte(&input);
    if (how % 4 < 2) {
        open_raw(input_rest(&input), how % 4 == 0 ? MESSAGE_CANONICAL : MESSAGE_TOLERANT);
    } else {
        unsigned bit = (unsigned)input_number(&input, 2);
        open_signed(input_rest(&input), bit);
    }
    return 0;
}

static void fuzz_seeds(void)
{
    AUTO(arena_close) struct arena arena = {0};
    struct signing_key *key = fuzz_key(7);
    const PbReport *const reports[] = {report_of_portfolio(&arena, "A-1", "2020-06", 1),
                                       report_of_liquidity(&arena, "A-1", "2020-W27", 2),
                                       report_of_exposures(&arena, "A-1", "2020-Q2", 1)};
    for (uint8_t i = 0; i < 3; i++) {
        AUTO(buffer_close) struct buffer report = {0};
        AUTO(buffer_close) struct buffer raw = {0};
        AUTO(buffer_close) struct buffer to_sign = {0};
        char name[16];
        report_pack(reports[i], &report);
        put_byte(&raw, i % 2);
        HOLD_OK(envelope_make(key, buffer_bytes(&report), &raw));
        (void)snprintf(name, sizeof name, "raw-%d", i);
        fuzz_seed(name, buffer_bytes(&raw));
        put_byte(&to_sign, 2);
        put_byte(&to_sign, 1);
        put_byte(&to_sign, i);
        HOLD_OK(buffer_append(&to_sign, report.data, report.size));
        (void)snprintf(name, sizeof name, "signed-%d", i);
        fuzz_seed(name, buffer_bytes(&to_sign));
    }
    signing_key_close(&key);
}
