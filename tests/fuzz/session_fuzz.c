/* The agent's session: frames as they come, and genuine answers of a scripted hub with a real tree
 * and real signatures, some with a byte changed, lost, or said twice, to an agent with three
 * reports and its outbox on disk.
 *
 * Holds: the agent never counts a report as received without a receipt that verifies; whatever
 * comes, it goes on, and after an undisturbed talk each report has its
 * receipt, or the no that came. */
#include "tests/fuzz/chunks.h"

#include "tests/unit/mfi/session_rig.h"

#define ENTRIES 3

enum op { OP_RAW, OP_ANSWER, OP_CHANGED, OP_LOST, OP_TWICE, OP_PASS, OP_CUT, OP_TALK, OPS };

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

static void seed_row(const char *name, const char *const *chunks, const size_t *sizes, size_t count)
{
    AUTO(buffer_close) struct buffer seed = {0};
    for (size_t i = 0; i < count; i++) {
        put_chunk(&seed, bytes_of(chunks[i], sizes[i]));
    }
    fuzz_seed(name, buffer_bytes(&seed));
}

static void fuzz_seeds(void)
{
    static const size_t sizes[] = {1, 1, 4, 1, 1, 3, 1, 1};
    seed_row("talk",
             (const char *const[]){"\1", "\1", "\2\0\x30\1", "\4", "\3", "\5\x10\0", "\6", "\7"},
             sizes, 8);
    seed_row("raw", (const char *const[]){"\1", "\0\1\0\x14", "\7"}, (const size_t[]){1, 4, 1}, 3);
}
