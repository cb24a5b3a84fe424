/* A feed's cursor file: refused with a sentence, or read, written again and read as the same. */
#include "tests/fuzz/fuzz.h"

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
    struct position to = {.size = state->position.size + 10};
    cursor_advance(state, &to);
    HOLD(state->older_count <= OLDER_POSITIONS_MAX && position_equal(&state->position, &to));
    if (state->older_count > 0) {
        struct position back = state->older[state->older_count - 1];
        HOLD(cursor_names(state, &back));
        cursor_rewind(state, &back);
        HOLD(position_equal(&state->position, &back));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct complaint complaint = {{0}};
    struct cursor_state state = {.older_count = 0};
    struct cursor_state again = {.older_count = 0};
    char path[128];
    fuzz_write(fuzz_path("cursor", path), bytes_of(data, size), 0600);
    if (cursor_read(path, &complaint, &state) != ERR_OK) {
        HOLD(complaint.text[0] != '\0');
        return 0;
    }
    HOLD_OK(cursor_write(path, &state, &complaint));
    HOLD_OK(cursor_read(path, &complaint, &again));
    HOLD(states_equal(&state, &again));
    if (state.position.size < UINT64_MAX - 10) {
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
    state = (struct cursor_state){.position = {.size = 5}, .is_bare = true};
    HOLD_OK(cursor_write(path, &state, &complaint));
    fuzz_read(path, &bytes);
    fuzz_seed("bare", buffer_bytes(&bytes));
}
