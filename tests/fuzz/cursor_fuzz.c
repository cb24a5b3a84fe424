/* A feed's cursor file: refused with a sentence, or read, written again and read as the same. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/starve.h"

#include "agents/client/cursor.h"

static bool states_equal(const struct cursor_state *a, const struct cursor_state *b)
{
    bool is_same = position_equal(&a->position, &b->position) && a->is_bare == b->is_bare &&
                   a->has_output == b->has_output && a->output_bytes == b->output_bytes &&
                   a->has_rights == b->has_rights && a->older_count == b->older_count &&
                   memcmp(a->rights, b->rights, SHA256_BYTES) == 0 &&
                   memcmp(a->filter, b->filter, SHA256_BYTES) == 0;
    for (size_t i = 0; is_same && i < a->older_count; i++) {
        is_same = position_equal(&a->older[i], &b->older[i]);
    }
    return is_same;
}

static void move(struct cursor_state *state)
{
    struct position to = {.size = state->position.size};
    for (int i = 0; i < 3; i++) { /* a full list thins out */
        to.size += i == 1 ? 1 : 10;
        cursor_advance(state, &to);
    }
    HOLD(state->older_count <= OLDER_POSITIONS_MAX && position_equal(&state->position, &to));
    if (state->older_count > 0) {
        struct position back = state->older[state->older_count - 1];
        HOLD(cursor_names(state, &back));
        cursor_rewind(state, &back);
        HOLD(position_equal(&state->position, &back));
    }
}

/* Where memory or the disk fails, the file is the old one or the new one. */
static void take_starved(const char *path, struct bytes file)
{
    for (struct starving starving = starving_of(file); starving_next(&starving);) {
        struct complaint complaint = {{0}};
        struct cursor_state state = {.older_count = 0};
        struct cursor_state again = {.older_count = 0};
        fuzz_write(path, file, 0600);
        enum err err = cursor_read(path, &complaint, &state);
        struct cursor_state moved = state;
        moved.output_bytes++;
        err = err != ERR_OK ? err : cursor_write(path, &moved, &complaint);
        starving_rest();
        if (cursor_read(path, &complaint, &again) == ERR_OK && err == ERR_OK) {
            HOLD(states_equal(&moved, &again) || !state.has_output);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct complaint complaint = {{0}};
    struct cursor_state state = {.older_count = 0};
    struct cursor_state again = {.older_count = 0};
    char path[128];
    fuzz_write(fuzz_path("cursor", path), bytes_of(data, size), 0600);
    take_starved(path, bytes_of(data, size));
    fuzz_write(path, bytes_of(data, size), 0600);
    if (cursor_read(path, &complaint, &state) != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return 0;
    }
    HOLD_OK(cursor_write(path, &state, &complaint));
    HOLD_OK(cursor_read(path, &complaint, &again));
    HOLD(states_equal(&state, &again));
    if (state.position.size < UINT64_MAX - 30) {
        move(&state);
    }
    return 0;
}

static void fuzz_seeds(void)
{
    AUTO(buffer_close) struct buffer bytes = {0};
    struct complaint complaint = {{0}};
    struct cursor_state state = {.position = {.size = 1000},
                                 .has_output = true,
                                 .output_bytes = 12345,
                                 .has_rights = true,
                                 .older_count = 3};
    char path[128];
    memset(state.position.root.bytes, 7, SHA256_BYTES);
    for (size_t i = 0; i < state.older_count; i++) {
        state.older[i].size = 900 - 100 * i;
        memset(state.older[i].root.bytes, (int)i, SHA256_BYTES);
    }
    HOLD_OK(cursor_write(fuzz_path("cursor", path), &state, &complaint));
    fuzz_read(path, &bytes);
    fuzz_seed("whole", buffer_bytes(&bytes));
    state.older_count = OLDER_POSITIONS_MAX;
    for (size_t i = 0; i < state.older_count; i++) {
        state.older[i].size = 990 - 30 * i - (i % 3);
    }
    HOLD_OK(cursor_write(path, &state, &complaint));
    fuzz_read(path, &bytes);
    fuzz_seed("full", buffer_bytes(&bytes));
    state = (struct cursor_state){.position = {.size = 5}, .is_bare = true};
    HOLD_OK(cursor_write(path, &state, &complaint));
    fuzz_read(path, &bytes);
    fuzz_seed("bare", buffer_bytes(&bytes));
}
