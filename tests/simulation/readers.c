/* Readers of the feed: the product's follow and cursor; what feed_run.c and output.c do around them
 * is done here. Output and cursor are one durable step: what no cursor was written for is cut. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/simulation/world.h"

#define WAIT_MS  30000
#define SLACK_MS 15000

bool reader_create(struct world *world, size_t number, enum reader_role role)
{
    static const uint32_t sizes[] = {0, 1, 900, 4000};
    struct reader_side *reader = &world->readers[number];
    reader->is_alive = true;
    reader->number = number;
    reader->role = role;
    snprintf(reader->cursor_path, sizeof reader->cursor_path, "%s/cursor-%zu", world->folder,
             number);
    reader->options = (struct follow_options){
        .hub = &world->hub.identity,
        .wait_ms = WAIT_MS,
    };
    reader->bytes_max = sizes[chance_below(&world->chance, 4)];
    return WELL(world, follow_make(&reader->options, &reader->cursor, &reader->follow));
}

void reader_close(struct reader_side *reader)
{
    follow_close(&reader->follow);
    free(reader->lines);
}

uint8_t reader_user(const struct world *world, const struct reader_side *reader)
{
    return reader->role == READER_REGULATOR ? 0xB0
           : reader->role == READER_STAFF   ? 0xA0
                                            : world->transport[0];
}

/* ---- asking ---- */

/* A journal of a few dozen records comes in one answer, unless a smaller one is asked for. */
static bool ask_for_less(struct world *world, uint32_t bytes_max, struct buffer *frame)
{
    Ihuriro__V1__Fetch *fetch = NULL;
    struct bytes body;
    int verb = 0;
    arena_reset(&world->arena);
    if (!WELL(world, frame_open(buffer_bytes(frame), &verb, &body)) || verb != VERB_FETCH ||
        bytes_max == 0 ||
        !WELL(world, MESSAGE_UNPACK(fetch, MESSAGE_TOLERANT, body, &world->arena, &fetch))) {
        return !world->is_broken;
    }
    fetch->max_bytes = bytes_max;
    AUTO(buffer_close) struct buffer smaller = {0};
    if (!WELL(world, frame_pack(VERB_FETCH, &fetch->base, &smaller))) {
        return false;
    }
    buffer_clear(frame);
    return WELL(world, buffer_append(frame, smaller.data, smaller.size));
}

static void ask(struct world *world, struct reader_side *reader)
{
    AUTO(buffer_close) struct buffer frame = {0};
    enum err err = follow_ask(reader->follow, &frame);
    if (err == ERR_NOT_FOUND) {
        return; /* one is outstanding */
    }
    if (!WELL(world, err) || reader->line == NULL || reader->line->state != LINE_UP ||
        !ask_for_less(world, reader->bytes_max, &frame)) {
        return;
    }
    line_push(world, &reader->line->up, buffer_bytes(&frame));
    reader->is_outstanding = true;
    reader->asked_at_ms = world->mono_ms;
}

static void leave(struct world *world, struct reader_side *reader)
{
    line_leave(world, &reader->line, true);
    follow_forget(reader->follow);
    reader->is_outstanding = false;
}

void reader_step(struct world *world, struct reader_side *reader)
{
    bool is_late =
        reader->is_outstanding && world->mono_ms - reader->asked_at_ms > WAIT_MS + SLACK_MS;
    if (world->mono_ms < reader->pause_until_ms) {
        return;
    }
    if (is_late || (reader->line != NULL && reader->line->state == LINE_BROKEN)) {
        world_say(world, "reader %zu begins a new connection", reader->number);
        leave(world, reader);
    }
    if (reader->line == NULL) {
        reader->line = line_reach(world, DOOR_FEED, reader->number, reader_user(world, reader));
    } else if (reader->line->state == LINE_REACHING) {
        reader->line->state = LINE_UP;
    }
    if (reader->line != NULL && reader->line->state == LINE_UP) {
        ask(world, reader);
    }
}

/* ---- putting out ---- */

static bool put(struct world *world, struct reader_side *reader, const struct follow_record *record)
{
    if (reader->line_count == reader->line_capacity) {
        size_t capacity = reader->line_capacity == 0 ? 64 : 2 * reader->line_capacity;
        struct read_line *grown = reallocarray(reader->lines, capacity, sizeof *grown);
        if (grown == NULL) {
            return WELL(world, ERR_MEMORY);
        }
        reader->lines = grown;
        reader->line_capacity = capacity;
    }
    struct read_line *line = &reader->lines[reader->line_count++];
    line->seq = record->header.seq;
    memcpy(line->id, record->header.id, SHA256_BYTES);
    world->ledger.records_read++;
    return true;
}

/* The consumer of the list forgets what came after N. In the file the line is appended; the cursor
 * counts lines of the list here, so a rewind is durable with its cursor. */
static void forget_after(struct reader_side *reader, uint64_t size)
{
    while (reader->line_count > 0 && reader->lines[reader->line_count - 1].seq > size) {
        reader->line_count--;
    }
}

static void keep_cursor(struct world *world, struct reader_side *reader)
{
    struct complaint complaint = {{0}};
    reader->cursor.has_output = true;
    reader->cursor.output_bytes = reader->line_count;
    (void)WELL(world, cursor_write(reader->cursor_path, &reader->cursor, &complaint));
}

static void take_step(struct world *world, struct reader_side *reader,
                      const struct follow_step *step)
{
    if (step->kind == FOLLOW_RECORDS && chance_is(&world->chance, 2)) {
        ask(world, reader); /* the next are under way while these are worked on */
    }
    for (size_t i = 0; i < step->count && !world->is_broken; i++) {
        (void)put(world, reader, &step->records[i]);
    }
    world_say(world, "reader %zu %s %llu, %zu records", reader->number,
              step->kind == FOLLOW_REWIND ? "REWINDS to" : "reads to",
              (unsigned long long)step->to.size, step->count);
    if (step->kind == FOLLOW_RECORDS && !world->is_draining && world->scenario != NULL &&
        chance_is(&world->chance, 64)) {
        reader_kill(world, reader); /* lines are out, the cursor is not */
        return;
    }
    follow_apply(reader->follow, step);
    if (step->kind == FOLLOW_REWIND) {
        reader->rewinds++;
        forget_after(reader, step->to.size);
    }
    keep_cursor(world, reader);
}

void reader_hear(struct world *world, struct reader_side *reader, struct bytes frame)
{
    struct follow_step step = {.kind = FOLLOW_NOTHING};
    struct complaint complaint = {{0}};
    enum err err = follow_take(reader->follow, frame, &complaint, &step);
    if (err != ERR_OK) {
        world_break(world, "reader %zu cannot take an answer (%s): %.300s", reader->number,
                    err_text(err), complaint.text);
        return;
    }
    if (step.kind != FOLLOW_NOTHING) {
        reader->is_outstanding = false;
    }
    switch (step.kind) {
    case FOLLOW_RECORDS:
    case FOLLOW_REWIND:
        take_step(world, reader, &step);
        break;
    case FOLLOW_LATER:
        reader->pause_until_ms = world->mono_ms + 1000 * (int64_t)step.retry_s;
        break;
    case FOLLOW_REFUSED:
    case FOLLOW_BEHIND:
        world_break(world, "reader %zu is refused: %.40s %.300s", reader->number, step.rule,
                    step.text);
        break;
    case FOLLOW_NOTHING:
    default:
        break;
    }
}

/* ---- killed, and started again from its cursor ---- */

void reader_kill(struct world *world, struct reader_side *reader)
{
    struct complaint complaint = {{0}};
    struct cursor_state cursor = {0};
    world_say(world, "reader %zu is killed", reader->number);
    leave(world, reader);
    follow_close(&reader->follow);
    enum err err = cursor_read(reader->cursor_path, &complaint, &cursor);
    if (err != ERR_NOT_FOUND && !WELL(world, err)) {
        return;
    }
    if (cursor.output_bytes > reader->line_count) {
        world_break(world, "reader %zu: the output is shorter than its cursor says",
                    reader->number);
        return;
    }
    reader->cursor = cursor;
    reader->line_count = cursor.output_bytes;
    reader->pause_until_ms = 0;
    (void)WELL(world, follow_make(&reader->options, &reader->cursor, &reader->follow));
}

static struct reader_side *any_reader(struct world *world)
{
    return &world->readers[chance_below(&world->chance, world->reader_count)];
}

bool readers_kill(struct world *world)
{
    if (world->reader_count > 0) {
        reader_kill(world, any_reader(world));
    }
    return world->reader_count > 0;
}

/* It goes on from a cursor with one older position or none: those that it had were thinned away, or
 * whoever runs it wrote the file anew. Where no older one stands, 0 does. */
bool readers_lose_list(struct world *world)
{
    struct reader_side *reader = world->reader_count > 0 ? any_reader(world) : NULL;
    if (reader == NULL || reader->cursor.older_count == 0) {
        return false;
    }
    reader_kill(world, reader);
    size_t kept = chance_below(&world->chance, 2);
    if (kept < reader->cursor.older_count) {
        reader->cursor.older_count = kept;
        world_say(world, "reader %zu has %zu older positions left", reader->number, kept);
        keep_cursor(world, reader);
    }
    return true;
}

bool reader_is_at_head(struct world *world, const struct reader_side *reader)
{
    return reader->cursor.position.size == writer_size(world->hub.writer);
}
