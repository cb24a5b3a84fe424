/* The files of a pull as mfi-verify reads them: manifest.json and records.pb as they are; and pulls
 * made genuine around events and reports from the input, which must verify, be the same bytes when
 * made again, and not verify with a byte of records.pb changed. */
#include "tests/fuzz/chunks.h"

#include "agents/client/snapshot.h"
#include "agents/verify/verify.h"
#include "proto/access.h"
#include "proto/envelope.h"
#include "proto/merkle.h"
#include "tests/support/reports.h"

#define ORIGIN      "hub.test"
#define RECORDS_MAX 16

static struct signing_key *log_key;
static struct signing_key *signer;
static struct hub_identity hub;

static void set_up(void)
{
    if (log_key == NULL) {
        log_key = fuzz_key(200);
        signer = fuzz_key(7);
        strcpy(hub.origin, ORIGIN);
        memcpy(hub.log_keys[0], signing_key_public(log_key), PUBLIC_KEY_BYTES);
        hub.log_key_count = 1;
    }
}

/* ---- raw ---- */

static enum err verify_folder(void)
{
    AUTO(statement_close) struct statement *statement = NULL;
    struct complaint complaint = {{0}};
    HOLD_OK(statement_make("pull", &statement));
    enum err err = verify_pull(fuzz_folder, &hub, statement, &complaint);
    HOLD(err == ERR_OK || complaint.text[0] != '\0');
    return err;
}

static void take_raw(struct bytes manifest, struct bytes records_pb)
{
    char path[128];
    struct snapshot_terms terms;
    struct snapshot_records records = {.count = 0};
    struct complaint complaint = {{0}};
    AUTO(buffer_close) struct buffer copy = {0};
    HOLD_OK(buffer_append(&copy, manifest.data, manifest.size));
    enum err err = manifest_read(buffer_bytes(&copy), &complaint, &terms);
    HOLD(err == ERR_OK || complaint.text[0] != '\0');
    if (snapshot_records_open(records_pb, &complaint, &records) == ERR_OK && err == ERR_OK) {
        (void)snapshot_verify(&terms, &records, &hub, &complaint);
    }
    snapshot_records_close(&records);
    if (err == ERR_OK) {
        fuzz_write(fuzz_path("manifest.json", path), manifest, 0644);
        fuzz_write(fuzz_path("records.pb", path), records_pb, 0644);
        (void)verify_folder();
    }
}

/* ---- made ---- */

struct made {
    uint8_t headers[RECORDS_MAX][HEADER_BYTES];
    struct buffer judgements[RECORDS_MAX];
    struct buffer bodies[RECORDS_MAX];
    struct hash stored[4 * RECORDS_MAX];
    size_t count;
    struct snapshot_terms terms;
    struct buffer records_pb;
    struct snapshot_records records;
    struct snapshot_files files;
    struct snapshot_files again;
};

static void made_close(struct made **made)
{
    for (size_t i = 0; i < RECORDS_MAX; i++) {
        buffer_close(&(*made)->judgements[i]);
        buffer_close(&(*made)->bodies[i]);
    }
    snapshot_records_close(&(*made)->records);
    snapshot_files_close(&(*made)->files);
    snapshot_files_close(&(*made)->again);
    buffer_close(&(*made)->records_pb);
    free(*made);
}

static enum err read_stored(void *context, uint64_t index, struct hash *ret_hash)
{
    *ret_hash = ((struct made *)context)->stored[index];
    return ERR_OK;
}

static bool describe_report(struct made *made, struct bytes report, struct header *header)
{
    AUTO(arena_close) struct arena arena = {0};
    struct buffer *body = &made->bodies[made->count];
    struct envelope envelope;
    PbJudgement judgement = IHURIRO__V1__JUDGEMENT__INIT;
    judgement.settings = pb_of_bytes(bytes_of("", 0));
    buffer_clear(body);
    if (envelope_make(signer, report, body) != ERR_OK ||
        envelope_open(buffer_bytes(body), MESSAGE_TOLERANT, &arena, &envelope) != ERR_OK ||
        !institution_id_is_valid(envelope.message->institution)) {
        return false;
    }
    buffer_clear(&made->judgements[made->count]);
    HOLD_OK(message_pack(&judgement.base, &made->judgements[made->count]));
    const PbReport *message = envelope.message;
    header->kind = KIND_REPORT;
    header->type = (uint8_t)message->type;
    header->frequency = (uint8_t)message->period->frequency;
    header->status = (uint8_t)message->status;
    header->period_end_day = message->period->end_day;
    header->vintage = message->vintage;
    memcpy(header->institution, message->institution, strlen(message->institution));
    memcpy(header->id, envelope.id, SHA256_BYTES);
    memcpy(header->signer, envelope.signer, PUBLIC_KEY_BYTES);
    memcpy(header->signature, envelope.signature, SIGNATURE_BYTES);
    return true;
}

static bool describe_event(struct made *made, struct bytes event, struct header *header)
{
    AUTO(arena_close) struct arena arena = {0};
    const PbEvent *message = NULL;
    if (message_unpack(&ihuriro__v1__event__descriptor, MESSAGE_TOLERANT, event, &arena,
                       (const ProtobufCMessage **)(void *)&message) != ERR_OK ||
        event_kind(message) == 0 ||
        (message->subject != NULL && !institution_id_is_valid(message->subject))) {
        return false;
    }
    header->kind = (uint8_t)event_kind(message);
    header->verdict = VERDICT_NONE;
    header->first_received_at_us = message->time_us;
    if (message->subject != NULL) {
        memcpy(header->institution, message->subject, strlen(message->subject));
    }
    sha256(event, header->id);
    buffer_clear(&made->bodies[made->count]);
    buffer_clear(&made->judgements[made->count]);
    HOLD_OK(buffer_append(&made->bodies[made->count], event.data, event.size));
    return true;
}

static void add(struct made *made, struct bytes chunk)
{
    struct input input = {chunk.data, chunk.size};
    uint8_t how = input_byte(&input);
    struct header header = {.version = HEADER_VERSION,
                            .header_bytes = HEADER_BYTES,
                            .seq = made->count + 1,
                            .verdict = 1 + how / 2 % 3,
                            .received_at_us = INT64_C(1593764100000000),
                            .first_received_at_us = INT64_C(1593764100000000) - how};
    bool is_good = how % 2 == 0 ? describe_report(made, input_rest(&input), &header)
                                : describe_event(made, input_rest(&input), &header);
    if (!is_good || header.type > TYPE_LAST) {
        return;
    }
    struct hash leaf;
    struct hash fresh[64];
    size_t count = 0;
    struct bytes judgement = buffer_bytes(&made->judgements[made->count]);
    sha256(judgement, header.judgement_hash);
    header.judgement_bytes = (uint32_t)judgement.size;
    header.body_bytes = (uint32_t)made->bodies[made->count].size;
    header_encode(&header, made->headers[made->count]);
    record_leaf_hash(bytes_of(made->headers[made->count], HEADER_BYTES), leaf.bytes);
    HOLD_OK(merkle_append(made->count, &leaf, read_stored, made, fresh, &count));
    memcpy(&made->stored[merkle_stored_count(made->count)], fresh, count * sizeof fresh[0]);
    made->count++;
}

static void seal(struct made *made, uint8_t how)
{
    AUTO(buffer_close) struct buffer note = {0};
    made->terms.format = how & 1 ? SNAPSHOT_JSON : SNAPSHOT_CSV;
    made->terms.types = (how & 2) ? 2U << TYPE_LAST : 0;
    made->terms.types = made->terms.types != 0 ? made->terms.types - 2 : 1U << TYPE_PORTFOLIO;
    HOLD_OK(period_parse("2020-06", &made->terms.period));
    made->terms.position.size = made->count;
    HOLD_OK(merkle_root(made->count, read_stored, made, &made->terms.position.root));
    HOLD_OK(checkpoint_sign(ORIGIN, &made->terms.position, 7, log_key, &note));
    memcpy(made->terms.checkpoint, note.data, note.size);
}

/* Only what the filter takes, as the hub does. */
static void pack(struct made *made)
{
    AUTO(arena_close) struct arena arena = {0};
    PbFilter *filter = NULL;
    HOLD_OK(snapshot_filter(&made->terms, &arena, &filter));
    for (size_t i = 0; i < made->count; i++) {
        struct header header;
        struct proof proof;
        Ihuriro__V1__RecordView view = IHURIRO__V1__RECORD_VIEW__INIT;
        if (header_decode(bytes_of(made->headers[i], HEADER_BYTES), &header) != ERR_OK ||
            !filter_takes(filter, &header)) {
            continue;
        }
        HOLD_OK(merkle_prove_inclusion(i, made->count, read_stored, made, &proof));
        view.header = pb_of_bytes(bytes_of(made->headers[i], HEADER_BYTES));
        view.has_judgement = view.has_body = view.has_proof = 1;
        view.judgement = pb_of_bytes(buffer_bytes(&made->judgements[i]));
        view.body = pb_of_bytes(buffer_bytes(&made->bodies[i]));
        view.proof = pb_of_bytes(proof_bytes(&proof));
        HOLD_OK(snapshot_records_append(&made->records_pb, &view));
    }
}

static void write_files(const struct snapshot_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        char path[192];
        (void)snprintf(path, sizeof path, "%s/%s", fuzz_folder, files->items[i].name);
        fuzz_write(path, buffer_bytes(&files->items[i].bytes), 0644);
    }
}

static void spoil(const struct made *made, size_t at, uint8_t by)
{
    AUTO(buffer_close) struct buffer changed = {0};
    char path[128];
    if (by == 0 || made->records_pb.size == 0) {
        return;
    }
    HOLD_OK(buffer_append(&changed, made->records_pb.data, made->records_pb.size));
    changed.data[at % changed.size] ^= by;
    fuzz_write(fuzz_path("records.pb", path), buffer_bytes(&changed), 0644);
    HOLD(verify_folder() != ERR_OK);
}

static void take_made(struct input *input, struct bytes first)
{
    AUTO(made_close) struct made *made = calloc(1, sizeof *made);
    struct complaint complaint = {{0}};
    struct input head = {first.data, first.size};
    HOLD(made != NULL);
    (void)input_byte(&head);
    uint8_t how = input_byte(&head);
    size_t at = input_number(&head, 2);
    uint8_t by = input_byte(&head);
    while (input->left > 0 && made->count < RECORDS_MAX) {
        add(made, input_chunk(input));
    }
    seal(made, how);
    pack(made);
    struct bytes records_pb = buffer_bytes(&made->records_pb);
    HOLD_OK(snapshot_records_open(records_pb, &complaint, &made->records));
    if (snapshot_verify(&made->terms, &made->records, &hub, &complaint) != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return;
    }
    enum err err =
        snapshot_build(&made->terms, records_pb, &made->records, &complaint, &made->files);
    if (err != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return;
    }
    HOLD_OK(snapshot_build(&made->terms, records_pb, &made->records, &complaint, &made->again));
    for (size_t i = 0; i < made->files.count; i++) {
        HOLD(bytes_equal(buffer_bytes(&made->files.items[i].bytes),
                         buffer_bytes(&made->again.items[i].bytes)));
    }
    write_files(&made->files);
    HOLD_OK(verify_folder());
    spoil(made, at, by);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    struct bytes first = input_chunk(&input);
    if (first.size > 0 && first.data[0] % 2 == 1) {
        take_made(&input, first);
    } else {
        struct bytes manifest = input_chunk(&input);
        take_raw(manifest, input_chunk(&input));
    }
    return 0;
}

static void seed_party(struct buffer *seed)
{
    AUTO(buffer_close) struct buffer chunk = {0};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPartyAct act = IHURIRO__V1__PARTY_ACT__INIT;
    act.has_role = 1;
    act.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    act.name = (char *)(uintptr_t) "Abahuje, \"=1\"";
    act.currency = (char *)(uintptr_t) "RWF";
    event.time_us = 1;
    event.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    event.subject = (char *)(uintptr_t) "A-1";
    event.party = &act;
    put_byte(&chunk, 1);
    HOLD_OK(message_pack(&event.base, &chunk));
    put_chunk(seed, buffer_bytes(&chunk));
}

static void seed_made(const char *name, const char *first)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer seed = {0};
    AUTO(buffer_close) struct buffer chunk = {0};
    put_chunk(&seed, bytes_of(first, 5));
    seed_party(&seed);
    put_byte(&chunk, 0);
    report_pack(report_of_portfolio(&arena, "A-1", "2020-06", 1), &chunk);
    put_chunk(&seed, buffer_bytes(&chunk));
    buffer_clear(&chunk);
    put_byte(&chunk, 2);
    report_pack(report_of_liquidity(&arena, "A-1", "2020-06", 1), &chunk);
    put_chunk(&seed, buffer_bytes(&chunk));
    fuzz_seed(name, buffer_bytes(&seed));
    struct input input = {seed.data, seed.size};
    struct bytes head = input_chunk(&input);
    take_made(&input, head); /* leaves its files in the folder */
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(buffer_close) struct buffer part = {0};
    char path[128];
    set_up();
    seed_made("made-json", "\1\3\0\0\0");
    seed_made("made-csv", "\1\2\0\0\0");
    put_chunk(&raw, bytes_of("\0", 1));
    fuzz_read(fuzz_path("manifest.json", path), &part);
    put_chunk(&raw, buffer_bytes(&part));
    fuzz_read(fuzz_path("records.pb", path), &part);
    put_chunk(&raw, buffer_bytes(&part));
    fuzz_seed("raw", buffer_bytes(&raw));
}
