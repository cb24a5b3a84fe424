/* The ingest door, without sockets: HELLO, SUBMIT, OWN, SETTLED, GET_SETTINGS and whatever else
 * comes, of two agents, in one turn that is sealed and answered but never committed, so that every
 * input meets the same journal. Sessions are good and reports are signed here where the input asks
 * for it, so that what lies behind is reached.
 *
 * Holds: a receipt is given only for a report of the sender's own institution, signed by its key,
 * and it verifies; every SUBMIT in a session is answered once; whatever comes is answered by frames
 * that can be read. */
#include "tests/fuzz/chunks.h"

#include "tests/support/reports.h"
#include "tests/unit/hub/hub_support.h"

#define SIGNING(party)   (uint8_t)(0x11 + 0x10 * (party)) /* seeds of the two members' keys */
#define TRANSPORT(party) (uint8_t)(0x10 + 0x10 * (party))
#define SUBMITS_MAX      48

enum op { OP_RAW, OP_HELLO, OP_SUBMIT, OP_SUBMIT_RAW, OP_OFFER, OP_OWN, OP_SETTLED, OP_OWED, OPS };

static struct bench bench;
static struct buffer sessions[2];
static struct buffer held;          /* a receipt of this hub, of a record that it holds */
static struct buffer held_envelope; /* and the report */
static struct buffer others_envelope;
static struct buffer lost; /* a genuine one of a record that it lost */
static struct buffer lost_envelope;
static bool is_told;        /* of lost history, perhaps: the writer keeps that in memory */
static uint64_t submits[2]; /* of this input, in a session */

/* ---- a hub that holds one report of A-1, and lost another ---- */

static void submit_committed(const char *institution, int party, int32_t day,
                             struct buffer *envelope, struct buffer *receipt)
{
    struct nil_report nil = {.institution = institution, .day = day, .vintage = 1};
    struct peer peer = peer_of(TRANSPORT(party), TRANSPORT(party));
    AUTO(buffer_close) struct buffer session = {0};
    nil_envelope(&nil, SIGNING(party), envelope);
    bench_hello(&bench, peer, (struct bytes){0}, &session);
    HOLD(
        bench_submit_one(&bench, peer, &session, envelope, (struct bytes){0}, receipt)->has_header);
}

static void leave(void)
{
    remove_tree(bench.folder);
}

static void open_hub(void)
{
    bench_open(&bench);
    bench_member(&bench, "A-1", SIGNING(0), TRANSPORT(0));
    bench_member(&bench, "B-1", SIGNING(1), TRANSPORT(1));
}

static void set_up(void)
{
    if (bench.store != NULL) {
        return;
    }
    open_hub();
    for (int32_t i = 0; i < 3; i++) {
        buffer_clear(&lost_envelope);
        submit_committed("A-1", 0, BENCH_DAY - i, &lost_envelope, &lost);
    }
    bench_close(&bench); /* the disk is put back */
    open_hub();
    HOLD(atexit(leave) == 0);
    submit_committed("A-1", 0, BENCH_DAY, &held_envelope, &held);
    submit_committed("B-1", 1, BENCH_DAY, &others_envelope, NULL);
    for (int party = 0; party < 2; party++) {
        bench_hello(&bench, peer_of(TRANSPORT(party), TRANSPORT(party)), (struct bytes){0},
                    &sessions[party]);
    }
}

/* What a turn leaves in memory goes: quotas, and what is known of lost history. */
static void forget_turn(void)
{
    struct complaint complaint = {{0}};
    struct writer_parts parts = {bench.store, bench.acts, bench.log_key, &bench.identity, NULL};
    if (is_told) {
        writer_close(&bench.writer);
        HOLD_OK(writer_make(&parts, bench.now_us, &complaint, &bench.writer));
        bench.ingest.writer = bench.writer;
    }
    is_told = false;
    quota_close(&bench.ingest.quota);
    quota_close(&bench.ingest.refusals);
    quota_close(&bench.ingest.owed);
    HOLD_OK(quota_make(QUOTA_BUCKET, QUOTA_REFILL_PER_HOUR, &bench.ingest.quota));
    HOLD_OK(quota_make(REFUSALS_KEPT, REFUSALS_PER_HOUR, &bench.ingest.refusals));
    HOLD_OK(quota_make(OWED_BUCKET, OWED_PER_HOUR, &bench.ingest.owed));
}

/* ---- what the agents say ---- */

static void say_submit(int party, struct bytes envelope, struct bytes receipt)
{
    struct buffer view = {.data = (uint8_t *)(uintptr_t)envelope.data, .size = envelope.size};
    bench_submit(&bench, peer_of(TRANSPORT(party), TRANSPORT(party)), &sessions[party],
                 submits[party]++, &view, receipt);
}

static void say_signed(int party, struct bytes report, struct bytes receipt)
{
    AUTO(buffer_close) struct buffer envelope = {0};
    struct signing_key *key = fuzz_key(SIGNING(party));
    if (envelope_make(key, report, &envelope) == ERR_OK && envelope.size < INGEST_REQUEST_MAX) {
        say_submit(party, buffer_bytes(&envelope), receipt);
    }
    signing_key_close(&key);
}

static void say_offer(int party, struct input *input)
{
    AUTO(buffer_close) struct buffer receipt = {0};
    uint8_t how = input_byte(input);
    const struct buffer *genuine = how % 2 == 0 ? &held : &lost;
    const struct buffer *envelope = how % 4 < 2 ? &held_envelope : &lost_envelope;
    HOLD_OK(buffer_append(&receipt, genuine->data, genuine->size));
    if (how & 8) {
        receipt.data[input_number(input, 2) % receipt.size] ^= input_byte(input);
    }
    if (how & 16) {
        say_signed(party, input_rest(input), buffer_bytes(&receipt));
    } else {
        say_submit(party, buffer_bytes(envelope), buffer_bytes(&receipt));
    }
}

static void say_own(int party, struct input *input)
{
    Ihuriro__V1__Own own = IHURIRO__V1__OWN__INIT;
    uint8_t how = input_byte(input);
    own.session = pb_of_bytes(buffer_bytes(&sessions[party]));
    own.number = 7;
    own.before = how < 128 ? how : input_number(input, 8);
    AUTO(free_p) char *institution = text_of(input_rest(input));
    own.institution = institution;
    bench_say(&bench, peer_of(TRANSPORT(party), TRANSPORT(party)), VERB_OWN, &own.base);
}

static void say_owed(int party, struct input *input)
{
    Ihuriro__V1__GetOwed get = IHURIRO__V1__GET_OWED__INIT;
    get.session = pb_of_bytes(buffer_bytes(&sessions[party]));
    get.number = 9;
    get.has_offset = true;
    get.offset = (uint32_t)input_number(input, 2);
    AUTO(free_p) char *institution = text_of(input_rest(input));
    get.institution = institution;
    bench_say(&bench, peer_of(TRANSPORT(party), TRANSPORT(party)), VERB_GET_OWED, &get.base);
}

static void say_settled(int party, struct input *input)
{
    Ihuriro__V1__Settled settled = IHURIRO__V1__SETTLED__INIT;
    AUTO(free_p) char *institution = text_of(input_rest(input));
    char *row = institution;
    settled.session = pb_of_bytes(buffer_bytes(&sessions[party]));
    settled.institutions = &row;
    settled.n_institutions = 1;
    bench_say(&bench, peer_of(TRANSPORT(party), TRANSPORT(party)), VERB_SETTLED, &settled.base);
}

static void say_hello(int party, struct input *input)
{
    Ihuriro__V1__Hello hello = IHURIRO__V1__HELLO__INIT;
    ProtobufCBinaryData shown[4];
    uint8_t tag[SESSION_TAG_BYTES] = {input_byte(input)};
    struct receipt receipt;
    AUTO(arena_close) struct arena arena = {0};
    HOLD_OK(receipt_open(buffer_bytes(&lost), &arena, &receipt));
    hello.tag = pb_of_bytes(bytes_of(tag, sizeof tag));
    hello.schema_version = SCHEMA_VERSION;
    hello.checkpoints = shown;
    shown[hello.n_checkpoints++] = pb_of_bytes(receipt.checkpoint.text);
    shown[hello.n_checkpoints++] = pb_of_bytes(input_rest(input));
    bench_say(&bench, peer_of(TRANSPORT(party), TRANSPORT(party)), VERB_HELLO, &hello.base);
}

static void say_raw(int party, struct input *input)
{
    struct peer peer = peer_of(TRANSPORT(party), TRANSPORT(party));
    HOLD_OK(ingest_message(&bench.ingest, &peer, input_rest(input)));
}

static void say(struct bytes chunk)
{
    struct input input = {chunk.data, chunk.size};
    uint8_t how = input_byte(&input);
    int party = how >> 7;
    is_told = is_told || (how % OPS != OP_SUBMIT && how % OPS != OP_OWN);
    switch (how % OPS) {
    case OP_HELLO:
        say_hello(party, &input);
        break;
    case OP_SUBMIT:
        say_signed(party, input_rest(&input), (struct bytes){0});
        break;
    case OP_SUBMIT_RAW:
        say_submit(party, input_rest(&input), (struct bytes){0});
        break;
    case OP_OFFER:
        say_offer(party, &input);
        break;
    case OP_OWN:
        say_own(party, &input);
        break;
    case OP_SETTLED:
        say_settled(party, &input);
        break;
    case OP_OWED:
        say_owed(party, &input);
        break;
    default:
        say_raw(party, &input);
        break;
    }
}

/* ---- what they hear ---- */

static void check_receipt(int party, const Ihuriro__V1__Answers *answers,
                          const Ihuriro__V1__Answer *answer)
{
    AUTO(buffer_close) struct buffer packed = {0};
    struct signing_key *key = fuzz_key(SIGNING(party));
    HOLD_OK(receipt_pack(bytes_of_pb(answer->header), bytes_of_pb(answer->proof),
                         bytes_of_pb(answers->checkpoint), bytes_of_pb(answer->judgement),
                         &packed));
    struct receipt receipt = bench_verified(&bench, &packed);
    HOLD(strcmp(receipt.header.institution, party == 0 ? "A-1" : "B-1") == 0);
    HOLD(memcmp(receipt.header.signer, signing_key_public(key), PUBLIC_KEY_BYTES) == 0);
    HOLD(receipt.header.kind == KIND_REPORT);
    signing_key_close(&key);
}

static uint64_t check_answers(int party, const Ihuriro__V1__Answers *answers)
{
    for (size_t i = 0; i < answers->n_answers; i++) {
        const Ihuriro__V1__Answer *answer = answers->answers[i];
        HOLD((answer->has_header != 0) + (answer->refused != NULL) +
                 (answer->retry_later != NULL) ==
             1);
        if (answer->has_header) {
            check_receipt(party, answers, answer);
        }
    }
    return answers->n_answers;
}

static void check_frames(void)
{
    uint64_t answered[2] = {0, 0};
    for (size_t i = 0; i < bench.frame_count; i++) {
        int verb = 0;
        struct bytes body;
        const ProtobufCMessage *message = NULL;
        int party = bench.to[i].user[0] == TRANSPORT(1);
        HOLD(bench.frames[i].size <= INGEST_ANSWER_MAX);
        HOLD_OK(frame_open(buffer_bytes(&bench.frames[i]), &verb, &body));
        HOLD_OK(message_unpack(verb_body(verb), MESSAGE_CANONICAL, body, &bench.arena, &message));
        if (verb == VERB_ANSWERS) {
            const void *answers = message;
            answered[party] += check_answers(party, answers);
        } else if (verb == VERB_OWED) {
            const Ihuriro__V1__Owed *owed = (const void *)message;
            HOLD(strcmp(owed->institution, party == 0 ? "A-1" : "B-1") == 0);
        }
    }
    HOLD(answered[0] >= submits[0] && answered[1] >= submits[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const struct checkpoint *checkpoint = NULL;
    set_up();
    submits[0] = submits[1] = 0;
    bench_begin(&bench);
    for (size_t i = 0; i < SUBMITS_MAX && input.left > 0; i++) {
        say(input_chunk(&input));
    }
    HOLD_OK(writer_seal(bench.writer, &checkpoint));
    HOLD_OK(answers_build(bench.ingest.answers, writer_txn(bench.writer), checkpoint,
                          bench.ingest.now_us));
    answers_deliver(bench.ingest.answers, bench_hear, &bench);
    check_frames();
    writer_abort(bench.writer);
    forget_turn();
    return 0;
}

/* ---- seeds ---- */

static void seed_op(struct buffer *seed, uint8_t op, struct bytes bytes)
{
    AUTO(buffer_close) struct buffer chunk = {0};
    put_byte(&chunk, op);
    HOLD_OK(buffer_append(&chunk, bytes.data, bytes.size));
    put_chunk(seed, buffer_bytes(&chunk));
}

static void fuzz_seeds(void)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer report = {0};
    AUTO(buffer_close) struct buffer submit = {0};
    AUTO(buffer_close) struct buffer offer = {0};
    AUTO(buffer_close) struct buffer others = {0};
    AUTO(buffer_close) struct buffer frame = {0};
    Ihuriro__V1__GetSettings settings = IHURIRO__V1__GET_SETTINGS__INIT;
    report_pack(report_of_portfolio(&arena, "A-1", "2020-06", 1), &report);
    seed_op(&submit, OP_SUBMIT, buffer_bytes(&report));
    seed_op(&submit, OP_SUBMIT, buffer_bytes(&report));
    buffer_clear(&report);
    report_pack(report_of_exposures(&arena, "A-1", "2020-06", 1), &report);
    seed_op(&submit, OP_SUBMIT, buffer_bytes(&report));
    fuzz_seed("submit", buffer_bytes(&submit));
    seed_op(&offer, OP_OFFER, bytes_of("\0", 1));
    seed_op(&offer, OP_OFFER, bytes_of("\3", 1));
    seed_op(&offer, OP_OFFER, bytes_of("\x0B\0\x80\1", 4));
    seed_op(&offer, OP_SETTLED, bytes_of("A-1", 3));
    fuzz_seed("offer", buffer_bytes(&offer));
    settings.id = pb_of_bytes(bytes_of("", 0));
    HOLD_OK(frame_pack(VERB_GET_SETTINGS, &settings.base, &frame));
    seed_op(&others, OP_HELLO, bytes_of("tag", 3));
    seed_op(&others, OP_OWN, bytes_of("\0A-1", 4));
    seed_op(&others, OP_RAW, buffer_bytes(&frame));
    seed_op(&others, 128 + OP_OWN, bytes_of("\0B-1", 4));
    seed_op(&others, OP_OWED, bytes_of("\0\0A-1", 5));
    seed_op(&others, 128 + OP_OWED, bytes_of("\0\0A-1", 5));
    fuzz_seed("others", buffer_bytes(&others));
}
