/* The agent's session: frames as they come, and genuine answers of a scripted hub with a real tree
 * and real signatures, some with a byte changed, lost, or said twice, to an agent with three
 * reports and its outbox on disk. The hub refuses, puts off, forgets and changes its settings as
 * the input says; a copy of the agent sends reports, too; answers are grown under the session in
 * force.
 *
 * Holds: the agent never counts a report as received without a receipt that verifies; whatever
 * comes, it goes on, and after an undisturbed talk each report has its
 * receipt, or the no that came. */
#include "tests/fuzz/chunks.h"

#include "tests/fuzz/grow.h"
#include "tests/support/reports.h"
#include "tests/unit/mfi/session_rig.h"

#define ENTRIES 3

enum op {
    OP_RAW,
    OP_ANSWER,
    OP_CHANGED,
    OP_LOST,
    OP_TWICE,
    OP_PASS,
    OP_CUT,
    OP_TALK,
    OP_MOOD,
    OP_SETTINGS,
    OP_PUT_BACK,
    OP_QUEUE,
    OP_COPY,
    OP_GROWN,
    OP_SAY,
    OP_RESTART,
    OPS
};

static struct scripted_hub hub;
static struct rig rig;
static struct entry_key keys[ENTRIES];

static void set_up(void)
{
    struct complaint complaint = {{0}};
    char folder[64];
    (void)snprintf(folder, sizeof folder, "%.48s/agent", fuzz_folder);
    hub_open(&hub);
    rig = (struct rig){
        .hub = &hub, .stays = true, .now = {.monotonic_ms = 1000000, .wall_us = hub.now_us}};
    memcpy(rig.folder, folder, sizeof folder);
    (void)snprintf(rig.store, sizeof rig.store, "%s/store", rig.folder);
    HOLD(mkdir(rig.folder, 0700) == 0);
    rig.keys[0] = fuzz_key(40);
    rig.keys[1] = fuzz_key(41);
    HOLD_OK(outbox_create(rig.store, &complaint));
    rig_start(&rig);
    for (int i = 0; i < ENTRIES; i++) {
        (void)rig_queue(&rig, i == 2 ? "SACCO-2" : "SACCO-1", 1 + i, 5, &keys[i]);
    }
    rig_connect(&rig);
}

static void connect_again(void)
{
    if (rig.link == SESSION_LEAVE) {
        rig_connect(&rig);
    } else if (rig.link == SESSION_CONNECT) {
        rig.link = SESSION_KEEP;
        rig_step(&rig, session_connected(rig.session, rig.now));
    }
}

/* What the hub does from here on; a byte of zeros: all well. */
static void take_mood(uint8_t how, uint8_t more)
{
    static const uint32_t seconds[] = {0, 1, 30, 9999};
    hub.refuses_everything = how & 1;
    hub.retry_seconds = seconds[(how >> 1) & 3];
    hub.retry_hub = how & 8;
    hub.spoils_receipts = how & 16;
    hub.knows_no_session = how & 32;
    hub.asks_to_settle = how & 64;
    hub.batches = how & 128;
    hub.rejects_period = more & 1 ? "2020-02" : NULL;
    hub.spoils_tags = more & 2;
    hub.refusal_text = more & 4 ? "no\nmore \xFF" : NULL;
}

/* The agent hears of either in its next hello. */
static void put_back(size_t size)
{
    rig_cut(&rig);
    rig_forget_answers(&rig);
    hub_put_back(&hub, size);
    buffer_clear(&hub.settings_event);
}

static void change_settings(uint8_t version)
{
    char text[16];
    (void)snprintf(text, sizeof text, "v%u", version);
    rig_cut(&rig);
    rig_forget_answers(&rig);
    hub_set_settings(&hub, text);
}

/* A report of the agent's institution, signed with its key, that this agent does not know. */
static void send_from_copy(struct input *input)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    char period[16];
    uint8_t how = input_byte(input);
    (void)snprintf(period, sizeof period, "2020-%02u", 1 + how % 6);
    PbReport *report = report_of_operations(&arena, how & 64 ? "SACCO-2" : "SACCO-1", period,
                                            1 + input_byte(input) % 3);
    report_pack(report, &raw);
    HOLD_OK(envelope_make(rig.keys[how & 64 ? 1 : 0], buffer_bytes(&raw), &envelope));
    if (hub.count < HUB_RECORDS_MAX / 2) {
        (void)hub_take(&hub, buffer_bytes(&envelope), (struct bytes){0});
    }
}

/* Of its schema, and in the session's name. */
static void take_grown(struct input *input)
{
    static const enum verb verbs[] = {VERB_ANSWERS,      VERB_OWN_ANSWER,  VERB_HELLO_ANSWER,
                                      VERB_HELLO_FIRST,  VERB_RETRY_LATER, VERB_REFUSED,
                                      VERB_SETTINGS_PAGE};
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer frame = {0};
    uint8_t room[HUB_SESSION_BYTES];
    enum verb verb = verbs[input_byte(input) % (sizeof verbs / sizeof verbs[0])];
    bool is_ours = input_byte(input) % 4 != 0;
    ProtobufCMessage *message = grow_message(verb_body((int)verb), input, &arena, 0);
    if (is_ours && verb == VERB_ANSWERS) {
        ((Ihuriro__V1__Answers *)(void *)message)->session = hub_session(&hub, room);
    } else if (is_ours && verb == VERB_OWN_ANSWER) {
        ((Ihuriro__V1__OwnAnswer *)(void *)message)->session = hub_session(&hub, room);
    } else if (is_ours && verb == VERB_HELLO_ANSWER) {
        ((Ihuriro__V1__HelloAnswer *)(void *)message)->session = hub_session(&hub, room);
    }
    HOLD_OK(frame_pack(verb, message, &frame));
    rig_step(&rig, session_frame(rig.session, rig.now, buffer_bytes(&frame)));
}

/* No or not now, to a request in flight or to none. */
static void say_no(struct input *input)
{
    Ihuriro__V1__Refused refused = IHURIRO__V1__REFUSED__INIT;
    Ihuriro__V1__RetryLater later = IHURIRO__V1__RETRY_LATER__INIT;
    uint8_t how = input_byte(input);
    uint64_t number = input_byte(input);
    refused.rule = (char *)(uintptr_t) "ENV-03";
    refused.path = (char *)(uintptr_t)(how & 1 ? "signer" : NULL);
    refused.text = (char *)(uintptr_t)(how & 2 ? "words" : NULL);
    refused.has_may_pass = (how & 4) != 0;
    refused.may_pass = (how & 8) != 0;
    later.seconds = (uint32_t)input_number(input, 2);
    later.scope = how & 1 ? IHURIRO__V1__RETRY_LATER__SCOPE__HUB
                          : IHURIRO__V1__RETRY_LATER__SCOPE__INSTITUTION;
    later.institution = (char *)(uintptr_t)(how & 2 ? "SACCO-1" : how & 4 ? "SACCO-9" : NULL);
    later.text = (char *)(uintptr_t)(how & 8 ? "words" : NULL);
    bool is_later = (how & 16) != 0;
    if (hub.answer_count < HUB_ANSWERS_MAX / 2) {
        hub_say_other(&hub, number, is_later ? NULL : &refused, is_later ? &later : NULL);
    }
}

static void restart(uint8_t how)
{
    rig_forget_answers(&rig);
    rig_kill(&rig);
    rig.is_test = hub.is_test = how & 1;
    hub.is_test = how & 2 ? !hub.is_test : hub.is_test;
    rig_start(&rig);
    rig_connect(&rig);
}

static void take_frame(struct bytes frame)
{
    rig_step(&rig, session_frame(rig.session, rig.now, frame));
}

/* The oldest answer, with a byte changed or said twice. */
static void take_answer(enum op op, struct input *input)
{
    AUTO(buffer_close) struct buffer copy = {0};
    if (hub.answer_count == 0) {
        return;
    }
    HOLD_OK(buffer_append(&copy, hub.answers[0].data, hub.answers[0].size));
    if (op == OP_CHANGED) {
        copy.data[input_number(input, 2) % copy.size] ^= input_byte(input);
        take_frame(buffer_bytes(&copy));
        rig_answer(&rig, true);
        return;
    }
    rig_answer(&rig, op == OP_LOST);
    if (op == OP_TWICE) {
        take_frame(buffer_bytes(&copy));
    }
}

static void take(struct bytes chunk)
{
    struct input input = {chunk.data, chunk.size};
    enum op op = input_byte(&input) % OPS;
    rig_to_hub(&rig);
    hub_flush(&hub);
    switch (op) {
    case OP_RAW:
        take_frame(input_rest(&input));
        break;
    case OP_PASS:
        rig_pass(&rig, (int64_t)input_number(&input, 2) * 8);
        break;
    case OP_CUT:
        rig_cut(&rig);
        break;
    case OP_TALK:
        rig_talk(&rig);
        break;
    case OP_MOOD: {
        uint8_t how = input_byte(&input);
        take_mood(how, input_byte(&input));
        break;
    }
    case OP_SETTINGS:
        change_settings(input_byte(&input));
        break;
    case OP_PUT_BACK:
        put_back(input_byte(&input) % (hub.count + 1));
        break;
    case OP_QUEUE: {
        uint8_t how = input_byte(&input);
        (void)rig_queue(&rig, how & 8 ? "SACCO-2" : "SACCO-1", 1 + how % 6, input_byte(&input),
                        NULL);
        break;
    }
    case OP_COPY:
        send_from_copy(&input);
        break;
    case OP_GROWN:
        take_grown(&input);
        break;
    case OP_SAY:
        say_no(&input);
        break;
    case OP_RESTART:
        restart(input_byte(&input));
        break;
    case OP_ANSWER:
    case OP_CHANGED:
    case OP_LOST:
    case OP_TWICE:
    case OPS:
        take_answer(op, &input);
        break;
    }
    connect_again();
}

/* Each receipt that is kept verifies, against what the hub signed. */
static void check_kept(bool is_end)
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(arena_close) struct arena arena = {0};
    HOLD_OK(txn_begin(outbox_env(rig.outbox), false, &txn));
    for (int i = 0; i < ENTRIES; i++) {
        struct entry entry;
        struct receipt receipt;
        enum err err = outbox_get(&txn, &keys[i], &entry);
        HOLD_OK(err);
        HOLD(!is_end || entry.state == ENTRY_RECEIPTED || entry.state == ENTRY_REFUSED);
        if (entry.best.size > 0) {
            HOLD_OK(receipt_open(entry.best, &arena, &receipt));
            HOLD_OK(receipt_verify(&receipt, &hub.identity, entry.id, NULL));
        }
        HOLD(entry.state != ENTRY_RECEIPTED || entry.best.size > 0);
    }
}

/* A new connection on which nothing goes wrong; an hour, for what was refused by a forged word. */
static void end_well(void)
{
    take_mood(0, 0);
    hub.is_test = rig.is_test;
    for (int i = 0; i < 3; i++) {
        rig_cut(&rig);
        rig_pass(&rig, SESSION_HOUR_MS + 1000);
        connect_again();
        if (!session_is_greeted(rig.session)) {
            rig_connect(&rig);
        }
        rig_talk(&rig);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    set_up();
    for (int i = 0; i < 16 && input.left > 0; i++) {
        take(input_chunk(&input));
    }
    check_kept(false);
    end_well();
    check_kept(true);
    rig_close(&rig);
    hub_close(&hub);
    return 0;
}

struct seed_chunk {
    const char *text;
    size_t size;
};
#define CHUNK(text_)             \
    {                            \
        text_, sizeof(text_) - 1 \
    }
#define SEED(name_, ...)                                                 \
    do {                                                                 \
        static const struct seed_chunk chunks_[] = {__VA_ARGS__};        \
        seed_chunks(name_, chunks_, sizeof chunks_ / sizeof chunks_[0]); \
    } while (0)

static void seed_chunks(const char *name, const struct seed_chunk *chunks, size_t count)
{
    AUTO(buffer_close) struct buffer seed = {0};
    for (size_t i = 0; i < count; i++) {
        put_chunk(&seed, bytes_of(chunks[i].text, chunks[i].size));
    }
    fuzz_seed(name, buffer_bytes(&seed));
}

static void fuzz_seeds(void)
{
    SEED("talk", CHUNK("\1"), CHUNK("\1"), CHUNK("\2\0\x30\1"), CHUNK("\4"), CHUNK("\3"),
         CHUNK("\5\x10\0"), CHUNK("\6"), CHUNK("\7"));
    SEED("raw", CHUNK("\1"), CHUNK("\0\1\0\x14"), CHUNK("\7"));
    SEED("refuses", CHUNK("\x08\1\0"), CHUNK("\7"), CHUNK("\x08\1\4"), CHUNK("\5\xFF\xFF"),
         CHUNK("\7"), CHUNK("\x08\0\0"), CHUNK("\7"));
    SEED("later", CHUNK("\x08\4\0"), CHUNK("\7"), CHUNK("\5\x20\0"), CHUNK("\x08\x0E\0"),
         CHUNK("\7"), CHUNK("\x08\x0A\0"), CHUNK("\5\xFF\xFF"), CHUNK("\7"));
    SEED("spoils", CHUNK("\1"), CHUNK("\x08\x10\0"), CHUNK("\7"), CHUNK("\x08\x20\0"),
         CHUNK("\5\x20\0"), CHUNK("\7"), CHUNK("\x08\0\2"), CHUNK("\6"), CHUNK("\7"));
    SEED("settings", CHUNK("\x09\1"), CHUNK("\7"), CHUNK("\x09\2"), CHUNK("\1"), CHUNK("\1"),
         CHUNK("\2\0\x40\1"), CHUNK("\1"), CHUNK("\7"));
    SEED("settings-again", CHUNK("\x09\1"), CHUNK("\1"), CHUNK("\4"), CHUNK("\4"), CHUNK("\4"),
         CHUNK("\4"), CHUNK("\7"));
    SEED("forgets", CHUNK("\7"), CHUNK("\x0A\1"), CHUNK("\x08\x40\0"), CHUNK("\7"), CHUNK("\x0A\0"),
         CHUNK("\x08\1\0"), CHUNK("\7"), CHUNK("\x08\0\0"), CHUNK("\6"), CHUNK("\7"));
    SEED("copy", CHUNK("\x0C\0\0"), CHUNK("\x0C\5\0"), CHUNK("\x0C\3\0"), CHUNK("\6"), CHUNK("\7"),
         CHUNK("\x0B\0\x20"), CHUNK("\x0C\x41\0"), CHUNK("\7"));
    SEED("copy-late", CHUNK("\1"), CHUNK("\x0C\0\0"), CHUNK("\7"), CHUNK("\x0B\0\x09"), CHUNK("\7"),
         CHUNK("\x0B\0\x08"), CHUNK("\7"));
    SEED("rejects", CHUNK("\x08\0\1"), CHUNK("\7"), CHUNK("\x0B\1\x09"), CHUNK("\7"),
         CHUNK("\x08\0\0"), CHUNK("\x0B\1\x0A"), CHUNK("\7"));
    SEED("no", CHUNK("\1"), CHUNK("\x0E\x0F\1"), CHUNK("\x0E\3\2"), CHUNK("\x0E\x11\3\0\5"),
         CHUNK("\x0E\x12\4\0\0"), CHUNK("\x0E\x14\xFF\x20\0"), CHUNK("\x0E\x1F\5\0\1"),
         CHUNK("\7"));
    SEED("grown", CHUNK("\7"), CHUNK("\x0D\0\1\1\1\1\3\1\1\1\1\1\1\1\1"), CHUNK("\x0D\1\1\1\1\1\1"),
         CHUNK("\x0D\2\1\1\1"), CHUNK("\x0D\3\1\1"), CHUNK("\x0D\4\1\1\1"), CHUNK("\x0D\5\1"),
         CHUNK("\x0D\6\1"));
    SEED("test-hub", CHUNK("\x0F\1"), CHUNK("\7"), CHUNK("\x0B\0\5"), CHUNK("\x0B\0\6"),
         CHUNK("\7"), CHUNK("\x0F\3"), CHUNK("\7"), CHUNK("\x0F\2"), CHUNK("\7"));
}
