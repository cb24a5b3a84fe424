/* Faults have stopped: everything that is under way comes to its end, in bounded steps. */
#include "tests/simulation/world.h"

#define ROUNDS_MAX 3000
#define DAYS_LEAST 3
#define DAYS_MAX   12
#define HOUR_MS    (INT64_C(3600) * 1000)

/* What was received while the hub's clock was ahead is waited for, as the hub itself does. */
static void pass_to_newest(struct world *world)
{
    int64_t newest_us = writer_last_received_us(world->hub.writer);
    for (size_t i = 0; i < world->agent_count; i++) {
        const struct agent_books *books = &world->agents[i].books;
        for (size_t k = 0; k < books->receipt_count; k++) {
            int64_t first_us = books->receipts[k].first_us;
            newest_us = first_us > newest_us ? first_us : newest_us;
        }
    }
    if (newest_us > world->wall_us) {
        world_pass_ms(world, (newest_us - world->wall_us) / 1000 + 1);
    }
}

/* The operator looks at the hub: time, disk, and acts that a put-back undid. */
static void put_right(struct world *world)
{
    struct hub_side *hub = &world->hub;
    hub->skew_us = 0;
    pass_to_newest(world);
    hub->is_short_of_disk = false;
    hub_clock_is_right(hub->clock);
    hub_repeat_acts(world);
    for (size_t i = 0; i < world->agent_count; i++) {
        for (size_t k = 0; k < INSTITUTIONS_MAX; k++) {
            world->agents[i].generation[k] = world->wanted.generation[k];
        }
    }
}

static bool hear_all(struct world *world)
{
    bool has_heard = false;
    for (size_t i = 0; i < LINES_MAX && !world->is_broken; i++) {
        struct line *line = &world->lines[i];
        AUTO(buffer_close) struct buffer frame = {0};
        if ((line->state != LINE_UP && line->state != LINE_BROKEN) ||
            !line_pull(&line->down, &frame)) {
            continue;
        }
        has_heard = true;
        if (line->door == DOOR_INGEST) {
            agent_hear(&world->agents[line->owner], buffer_bytes(&frame));
        } else {
            reader_hear(world, &world->readers[line->owner], buffer_bytes(&frame));
        }
    }
    return has_heard;
}

static void step_agents(struct world *world)
{
    for (size_t i = 0; i < world->agent_count && !world->is_broken; i++) {
        struct agent_side *agent = &world->agents[i];
        if (agent->line != NULL && agent->line->state == LINE_BROKEN) {
            agent_disconnected(agent);
        } else if (agent->line != NULL && agent->line->state == LINE_REACHING) {
            agent_connected(agent);
        } else {
            agent_tick(agent);
        }
    }
}

static bool has_frames_up(const struct world *world)
{
    for (size_t i = 0; i < LINES_MAX; i++) {
        if (world->lines[i].up.count > 0) {
            return true;
        }
    }
    return false;
}

static bool is_still(struct world *world)
{
    for (size_t i = 0; i < world->agent_count; i++) {
        if (!agent_is_still(&world->agents[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < world->reader_count; i++) {
        if (!reader_is_at_head(world, &world->readers[i])) {
            return false;
        }
    }
    return !has_frames_up(world);
}

/* L7. Nothing moves: time is passed, further each time, below what counts as silence. */
static void settle(struct world *world)
{
    int64_t pass_ms = 1000;
    for (size_t round = 0; round < ROUNDS_MAX && !world->is_broken; round++) {
        uint64_t before = world->digest;
        world->steps++;
        step_agents(world);
        hub_turn(world, LINES_MAX * 8, HUB_GOES_ON);
        for (size_t i = 0; i < world->reader_count && !world->is_broken; i++) {
            reader_step(world, &world->readers[i]);
        }
        hub_read_turn(world);
        bool has_heard = hear_all(world);
        if (has_heard || world->digest != before) {
            pass_ms = 1000;
            continue;
        }
        if (is_still(world)) {
            return;
        }
        world_pass_ms(world, pass_ms);
        pass_ms = pass_ms * 2 < QUIET_PUSHED_MS ? pass_ms * 2 : QUIET_PUSHED_MS;
    }
    if (!world->is_broken) {
        for (size_t i = 0; i < world->agent_count; i++) {
            struct outbox_counts counts = agent_counts(&world->agents[i]);
            world_say(world, "agent %zu: %llu queued, %llu drafts, %llu refused, %llu to offer", i,
                      (unsigned long long)counts.queued, (unsigned long long)counts.drafts,
                      (unsigned long long)counts.refused, (unsigned long long)counts.to_offer);
        }
        world_break(world, "after %d rounds without a fault not all is settled", ROUNDS_MAX);
    }
}

void drain(struct world *world)
{
    world->is_draining = true;
    world_say(world, "---- faults stop");
    put_right(world);
    uint64_t receipts = UINT64_MAX;
    for (size_t day = 0; day < DAYS_MAX && !world->is_broken; day++) {
        if (day >= DAYS_LEAST && receipts == world->ledger.receipts) {
            break; /* a day on which nobody heard anything new */
        }
        receipts = world->ledger.receipts;
        settle(world);
        world_pass_ms(world, 25 * HOUR_MS); /* everyone says hello again */
        world_say(world, "---- a day later");
    }
    settle(world);
}
