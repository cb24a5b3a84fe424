/* The admin door's steps on a real hub without threads: frames as they come, and acts made from the
 * input, which the writer takes in a turn that is never committed. Answers go to a real socket on
 * which nobody listens.
 *
 * Holds: whatever comes leaves a sealed registry and an acts.log that agree, and no turn is lost.
 */
#include "tests/fuzz/chunks.h"
#include "tests/fuzz/grow.h"

#include "hub/admin_door.c" /* its steps, with nothing replaced: the loop around them is a thread's */
#include "hub/ingest.h"
#include "tests/unit/hub/hub_support.h"

enum op { OP_RAW, OP_ACT, OP_GROWN, OPS };

static struct bench bench;
static struct hub hub;
static struct admin admin;

static void leave(void)
{
    if (bench.store != NULL) {
        remove_tree(bench.folder);
    }
}

/* A hub with two members; it begins anew when enough acts were added to slow it down. */
static void open_hub(void)
{
    char endpoint[160];
    char path[128];
    struct complaint complaint = {{0}};
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", fuzz_path("admin", path));
    struct door_options options = {.endpoint = endpoint,
                                   .request_max = ADMIN_REQUEST_MAX,
                                   .counters = &hub.counters,
                                   .receive_hwm = 64,
                                   .send_hwm = 64};
    bench_open(&bench);
    bench_member(&bench, "A-1", 0x11, 0x10);
    bench_member(&bench, "B-1", 0x21, 0x20);
    hub.store = bench.store;
    hub.identity = bench.identity;
    if (hub.zmq == NULL) {
        HOLD(atexit(leave) == 0);
        hub.zmq = zmq_ctx_new();
        HOLD_OK(hub_clock_make(true, bench.now_us, &hub.clock));
        HOLD_OK(mailbox_make(&hub.admin_mail));
        HOLD_OK(writer_queue_make(&hub.writes));
        HOLD_OK(door_open(hub.zmq, &options, &complaint, &admin.door));
        admin.hub = &hub;
        admin.mailbox = hub.admin_mail;
    }
}

static void say(const uint8_t *data, size_t size)
{
    struct incoming incoming = {.peer = peer_of(3, 0), .frame = bytes_of(data, size)};
    take_frame(&admin, &incoming);
}

static void say_act(struct bytes event)
{
    AUTO(buffer_close) struct buffer frame = {0};
    Ihuriro__V1__Act act = IHURIRO__V1__ACT__INIT;
    ProtobufCBinaryData row = pb_of_bytes(event);
    act.events = &row;
    act.n_events = 1;
    HOLD_OK(frame_pack(VERB_ACT, &act.base, &frame));
    say(frame.data, frame.size);
}

/* About one of the two members, or a new party. */
static void say_grown(struct input *input)
{
    static const char *const subjects[] = {"A-1", "B-1", "C-1", NULL};
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    const char *subject = subjects[input_byte(input) % 4];
    PbEvent *event = (PbEvent *)grow_message(&ihuriro__v1__event__descriptor, input, &arena, 0);
    event->subject = (char *)(uintptr_t)subject;
    event->time_us = bench.now_us;
    event->nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    HOLD_OK(message_pack(&event->base, &raw));
    say_act(buffer_bytes(&raw));
}

/* What the ingest thread does with the queue, in a turn. */
static void take_writes(void)
{
    struct write_request request;
    while (writer_queue_take(hub.writes, &request) == ERR_OK) {
        struct written written = {.ticket = request.ticket};
        written.err = writer_acts(bench.writer, request.events, request.count, &written.complaint,
                                  &written.first_seq, &written.last_seq);
        HOLD(written.err == ERR_OK || written.err == ERR_REFUSED);
        HOLD(written.err == ERR_OK || written.complaint.text[0] != '\0');
        write_request_done(&request, &written);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    const struct checkpoint *checkpoint = NULL;
    if (bench.store == NULL) {
        open_hub();
    }
    size_t before = acts_count(bench.acts);
    HOLD_OK(writer_begin(bench.writer, bench.now_us));
    for (int i = 0; i < 16 && input.left > 0; i++) {
        struct bytes chunk = input_chunk(&input);
        struct input part = {chunk.data, chunk.size};
        uint8_t op = input_byte(&part);
        if (op % OPS == OP_GROWN) {
            say_grown(&part);
        } else if (op % OPS == OP_ACT) {
            say_act(input_rest(&part));
        } else {
            say(part.at, part.left);
        }
        take_writes();
        take_mail(&admin);
    }
    HOLD(registry_count(writer_registry(bench.writer)) >= 2);
    HOLD_OK(writer_seal(bench.writer, &checkpoint));
    writer_abort(bench.writer);
    if (acts_count(bench.acts) != before) { /* every input meets the same hub */
        bench_close(&bench);
        bench.store = NULL;
    }
    return 0;
}

static void seed_frame(const char *name, enum verb verb, const ProtobufCMessage *message)
{
    AUTO(buffer_close) struct buffer chunk = {0};
    AUTO(buffer_close) struct buffer seed = {0};
    put_byte(&chunk, OP_RAW);
    HOLD_OK(frame_pack(verb, message, &chunk));
    put_chunk(&seed, buffer_bytes(&chunk));
    fuzz_seed(name, buffer_bytes(&seed));
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer chunk = {0};
    AUTO(buffer_close) struct buffer seed = {0};
    Ihuriro__V1__GetStatus status = IHURIRO__V1__GET_STATUS__INIT;
    Ihuriro__V1__TestTime time = IHURIRO__V1__TEST_TIME__INIT;
    Ihuriro__V1__ClockIsRight right = IHURIRO__V1__CLOCK_IS_RIGHT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    uint8_t key[PUBLIC_KEY_BYTES];
    time.time_us = 1;
    seed_frame("status", VERB_GET_STATUS, &status.base);
    seed_frame("time", VERB_TEST_TIME, &time.base);
    seed_frame("clock", VERB_CLOCK_IS_RIGHT, &right.base);
    memset(key, 0x33, sizeof key);
    event.time_us = 1;
    event.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    event.subject = (char *)(uintptr_t) "A-1";
    event.keys = &keys;
    keys.has_transport_key = 1;
    keys.transport_key = pb_of_bytes(bytes_of(key, sizeof key));
    put_byte(&chunk, OP_ACT);
    HOLD_OK(message_pack(&event.base, &chunk));
    put_chunk(&seed, buffer_bytes(&chunk));
    fuzz_seed("keys", buffer_bytes(&seed));
    for (uint8_t i = 0; i < 4; i++) {
        uint8_t choices[200];
        char name[16];
        for (size_t k = 0; k < sizeof choices; k++) {
            choices[k] = (uint8_t)(k * (size_t)(2 * i + 5) + i);
        }
        choices[0] = OP_GROWN;
        buffer_clear(&seed);
        put_chunk(&seed, bytes_of(choices, sizeof choices));
        (void)snprintf(name, sizeof name, "grown-%d", i);
        fuzz_seed(name, buffer_bytes(&seed));
    }
}
