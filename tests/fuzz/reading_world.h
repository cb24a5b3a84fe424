/* The journal that the reading doors are fuzzed over: two members, the association's staff, a
 * regulator, a public reader; thousands of records; a loss of history that is declared, and one
 * that is not. */
#ifndef IHURIRO_TESTS_FUZZ_READING_WORLD_H
#define IHURIRO_TESTS_FUZZ_READING_WORLD_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/hub/reading_support.h"

#define M1    0x10
#define M2    0x20
#define PRESS 0x40

/* Of this input: what the hub is like. */
enum world {
    WORLD_NO_DISK = 1,
    WORLD_BUSY = 2,         /* the writer's queue is full */
    WORLD_BROKEN = 4,       /* it takes nothing more */
    WORLD_ROSTER = 8,       /* is another */
    WORLD_UNWRITTEN = 16,   /* what waits for the writer goes on waiting */
    WORLD_LOST_WRITES = 32, /* the writer could not */
};

#define NOTES 6

static struct readers *readers;
static struct buffer notes[NOTES]; /* see make_notes */
static uint8_t world;
static struct position stood; /* where the last RECORDS led */
static uint64_t answered;     /* where the last SNAPSHOT was told that it stands */

static inline void leave(void)
{
    remove_tree(readers->bench.folder);
}

static inline void sign_note(const struct position *position, struct buffer *note)
{
    HOLD_OK(
        checkpoint_sign(readers->bench.identity.origin, position, 7, readers->bench.log_key, note));
}

/* 0: of the history; 1: the very one that a HISTORY_LOST names; 2: smaller, of the same fork; 3: a
 * larger one, of which only a RESTORED may speak; 4: signed by nobody; 5: small, lost by nobody's
 * word. */
static inline void make_notes(void)
{
    struct position position = position_now(readers, 6);
    struct checkpoint lost;
    bool is_journaled = false;
    sign_note(&position, &notes[0]);
    position.root.bytes[3] ^= 1;
    sign_note(&position, &notes[1]);
    HOLD_OK(checkpoint_parse(buffer_bytes(&notes[1]), &lost));
    bench_begin(&readers->bench);
    HOLD_OK(writer_history_lost(readers->bench.writer, &lost, &is_journaled));
    bench_end(&readers->bench);
    HOLD(is_journaled);
    position.size = 5;
    sign_note(&position, &notes[2]);
    position.size = head_now(readers) - 1;
    sign_note(&position, &notes[3]);
    HOLD_OK(buffer_append(&notes[4], notes[0].data, notes[0].size));
    notes[4].data[notes[4].size - 5] ^= 1;
    position.size = 7;
    sign_note(&position, &notes[5]);
}

/* What survived a restore: 9 records. */
static inline void restore(void)
{
    Ihuriro__V1__Restored restored = IHURIRO__V1__RESTORED__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPosition survived = IHURIRO__V1__POSITION__INIT;
    struct position position = position_now(readers, 9);
    uint64_t seq = 0;
    survived.size = position.size;
    survived.root = pb_of_bytes(bytes_of(position.root.bytes, SHA256_BYTES));
    restored.survived = &survived;
    event.restored = &restored;
    bench_begin(&readers->bench);
    HOLD_OK(writer_new_event(readers->bench.writer, &event, &seq));
    bench_end(&readers->bench);
}

/* All in one commit. */
static inline void add_many_settings(unsigned count)
{
    bench_begin(&readers->bench);
    for (unsigned i = 0; i < count; i++) {
        PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
        PbEvent event = IHURIRO__V1__EVENT__INIT;
        uint64_t seq = 0;
        char version[16];
        (void)snprintf(version, sizeof version, "number %u", i);
        settings.format = 1;
        settings.country = (char *)(uintptr_t) "RW";
        settings.version = version;
        event.settings = &settings;
        HOLD_OK(writer_new_event(readers->bench.writer, &event, &seq));
    }
    bench_end(&readers->bench);
}

/* The journal is long enough for a pull to be collected in steps, and has settings twice. */
static inline void set_up(void)
{
    void *state = NULL;
    if (readers != NULL) {
        return;
    }
    HOLD(readers_open(&state) == 0);
    readers = state;
    HOLD(atexit(leave) == 0);
    add_report(readers, "M1", 0x10, BENCH_DAY, 1);
    add_report(readers, "M2", 0x20, BENCH_DAY, 1);
    add_report(readers, "M1", 0x10, BENCH_DAY, 2);
    set_agreement(readers, "M1", true);
    add_reader(readers, "PRESS", ROLE_PUBLIC, PRESS);
    make_notes();
    add_many_settings(2200);
    restore();
    add_report(readers, "M2", 0x20, BENCH_DAY - 1, 1);
    reload_registry(readers);
}

static inline struct peer who(uint8_t how)
{
    static const uint8_t users[] = {STAFF, REGULATOR, M1, M2, STRANGER, PRESS};
    uint8_t user = users[how % sizeof users];
    return peer_of((uint8_t)(user + how / 128), user);
}

#endif
