/* The wires. A connection is first in, first out; connections are served in any order; a cut loses
 * what is on its way. Dropped and repeated frames are more than TCP does: the protocol must bear
 * them all the same. */
#include "tests/simulation/world.h"

#include <string.h>

static void wire_clear(struct wire *wire)
{
    AUTO(buffer_close) struct buffer frame = {0};
    while (line_pull(wire, &frame)) {
        buffer_close(&frame);
    }
}

void lines_open(struct world *world)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        STAILQ_INIT(&world->lines[i].up.frames);
        STAILQ_INIT(&world->lines[i].down.frames);
    }
}

void world_lines_close(struct world *world)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        wire_clear(&world->lines[i].up);
        wire_clear(&world->lines[i].down);
        world->lines[i].state = LINE_FREE;
    }
}

void line_push(struct world *world, struct wire *wire, struct bytes bytes)
{
    struct wire_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL || buffer_append(&frame->bytes, bytes.data, bytes.size) != ERR_OK) {
        free(frame);
        world_break(world, "there is no memory for a frame");
        return;
    }
    STAILQ_INSERT_TAIL(&wire->frames, frame, entry);
    wire->count++;
}

bool line_pull(struct wire *wire, struct buffer *ret_frame)
{
    struct wire_frame *frame = STAILQ_FIRST(&wire->frames);
    if (frame == NULL) {
        return false;
    }
    STAILQ_REMOVE_HEAD(&wire->frames, entry);
    wire->count--;
    *ret_frame = frame->bytes;
    free(frame);
    return true;
}

void line_name(struct world *world, struct line *line)
{
    line->peer.routing_id_size = 5;
    line->peer.routing_id[0] = 0;
    put_u32(line->peer.routing_id + 1, (uint32_t)++world->hub.peers);
}

struct line *line_reach(struct world *world, enum line_door door, size_t owner, uint8_t user)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        struct line *line = &world->lines[i];
        if (line->state != LINE_FREE) {
            continue;
        }
        line->state = LINE_REACHING;
        line->door = door;
        line->owner = owner;
        memset(line->peer.user, user, sizeof line->peer.user);
        line_name(world, line);
        return line;
    }
    return NULL;
}

void line_leave(struct world *world, struct line **line, bool may_arrive)
{
    struct line *left = STEAL(*line);
    if (left == NULL) {
        return;
    }
    wire_clear(&left->down);
    bool was_up = left->state == LINE_UP || left->state == LINE_BROKEN;
    if (may_arrive && was_up && left->up.count > 0 && chance_is(&world->chance, 2)) {
        left->state = LINE_ORPHAN;
        return;
    }
    wire_clear(&left->up);
    left->state = LINE_FREE;
}

struct line *line_of_peer(struct world *world, const struct peer *peer)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        struct line *line = &world->lines[i];
        if (line->state == LINE_UP && line->peer.routing_id_size == peer->routing_id_size &&
            memcmp(line->peer.routing_id, peer->routing_id, peer->routing_id_size) == 0) {
            return line;
        }
    }
    return NULL;
}

struct line *lines_any_up(struct world *world, enum line_door door)
{
    size_t from = chance_below(&world->chance, LINES_MAX);
    for (size_t i = 0; i < LINES_MAX; i++) {
        struct line *line = &world->lines[(from + i) % LINES_MAX];
        bool may_arrive =
            line->state == LINE_UP || line->state == LINE_BROKEN || line->state == LINE_ORPHAN;
        if (may_arrive && line->door == door && line->up.count > 0) {
            return line;
        }
    }
    return NULL;
}

/* Most break. Some are renewed below the program, which does not notice: what it sent, or was sent
 * before, may arrive under the next process. */
void lines_after_hub_end(struct world *world)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        struct line *line = &world->lines[i];
        if (line->state == LINE_ORPHAN) {
            wire_clear(&line->up);
            line->state = LINE_FREE;
        }
        if (line->state != LINE_UP) {
            continue;
        }
        if (chance_is(&world->chance, 3)) {
            if (chance_is(&world->chance, 2)) {
                wire_clear(&line->up);
            }
            line_name(world, line);
            continue;
        }
        wire_clear(&line->up);
        line->state = LINE_BROKEN;
    }
}

/* ---- faults ---- */

/* A wire with frames on it, chosen by chance. */
static struct wire *any_wire(struct world *world)
{
    size_t from = chance_below(&world->chance, LINES_MAX);
    for (size_t i = 0; i < LINES_MAX; i++) {
        struct line *line = &world->lines[(from + i) % LINES_MAX];
        bool down_first = chance_is(&world->chance, 2);
        struct wire *first = down_first ? &line->down : &line->up;
        struct wire *second = down_first ? &line->up : &line->down;
        if (first->count > 0 || second->count > 0) {
            return first->count > 0 ? first : second;
        }
    }
    return NULL;
}

int line_verb(struct bytes frame)
{
    int verb = 0;
    struct bytes body;
    return frame_open(frame, &verb, &body) == ERR_OK ? verb : 0;
}

bool lines_drop(struct world *world)
{
    AUTO(buffer_close) struct buffer frame = {0};
    struct wire *wire = any_wire(world);
    if (wire == NULL || !line_pull(wire, &frame)) {
        return false;
    }
    world_say(world, "a %s is lost", verb_name(line_verb(buffer_bytes(&frame))));
    return true;
}

/* A copy comes behind all that is on the wire. No hello comes twice: its tag is new each time, and
 * the wire is encrypted with a counter. */
bool lines_repeat(struct world *world)
{
    struct wire *wire = any_wire(world);
    if (wire == NULL) {
        return false;
    }
    struct bytes frame = buffer_bytes(&STAILQ_FIRST(&wire->frames)->bytes);
    int verb = line_verb(frame);
    if (verb == VERB_HELLO) {
        return false;
    }
    line_push(world, wire, frame);
    world_say(world, "a %s will come again", verb_name(verb));
    return true;
}

bool lines_cut(struct world *world)
{
    size_t from = chance_below(&world->chance, LINES_MAX);
    for (size_t i = 0; i < LINES_MAX; i++) {
        struct line *line = &world->lines[(from + i) % LINES_MAX];
        if (line->state != LINE_UP) {
            continue;
        }
        if (chance_is(&world->chance, 2)) {
            wire_clear(&line->up);
        }
        line->state = LINE_BROKEN;
        world_say(world, "line %zu is cut", (size_t)(line - world->lines));
        return true;
    }
    return false;
}
