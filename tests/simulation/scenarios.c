/* What may happen, how often, and in which scenario: two tables. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/simulation/world.h"

/* ---- what may happen: one row, one kind of step. false: there was nothing to do ---- */

static bool do_tick(struct world *world)
{
    struct agent_side *agent = &world->agents[chance_below(&world->chance, world->agent_count)];
    if (agent->line != NULL && agent->line->state == LINE_BROKEN) {
        agent_disconnected(agent);
    } else if (agent->line != NULL && agent->line->state == LINE_REACHING) {
        agent_connected(agent);
    } else {
        agent_tick(agent);
    }
    return true;
}

static bool do_hear(struct world *world)
{
    size_t from = chance_below(&world->chance, LINES_MAX);
    for (size_t i = 0; i < LINES_MAX; i++) {
        struct line *line = &world->lines[(from + i) % LINES_MAX];
        AUTO(buffer_close) struct buffer frame = {0};
        if ((line->state != LINE_UP && line->state != LINE_BROKEN) ||
            !line_pull(&line->down, &frame)) {
            continue;
        }
        if (line->door == DOOR_INGEST) {
            agent_hear(&world->agents[line->owner], buffer_bytes(&frame));
        } else {
            reader_hear(world, &world->readers[line->owner], buffer_bytes(&frame));
        }
        return true;
    }
    return false;
}

static bool do_turn(struct world *world)
{
    hub_turn(world, 1 + chance_below(&world->chance, 6), HUB_GOES_ON);
    return true;
}

static bool do_read(struct world *world)
{
    if (world->reader_count > 0) {
        reader_step(world, &world->readers[chance_below(&world->chance, world->reader_count)]);
    }
    hub_read_turn(world);
    return true;
}

static bool do_pass(struct world *world)
{
    world_pass_ms(world, (int64_t)chance_below(&world->chance, 6000));
    return true;
}

static bool do_wait(struct world *world)
{
    world_pass_ms(world, 20000 + (int64_t)chance_below(&world->chance, 200000));
    return true;
}

static bool do_day(struct world *world)
{
    world_say(world, "hours pass");
    world_pass_ms(world, INT64_C(3600000) * (1 + (int64_t)chance_below(&world->chance, 30)));
    return true;
}

static struct agent_side *any_agent(struct world *world)
{
    return &world->agents[chance_below(&world->chance, world->agent_count)];
}

static bool do_queue(struct world *world)
{
    return agent_queue(any_agent(world), false);
}

static bool do_queue_wrong(struct world *world)
{
    return agent_queue(any_agent(world), true);
}

static bool do_kill_agent(struct world *world)
{
    struct agent_side *agent = any_agent(world);
    world_say(world, "agent %zu is killed", agent->number);
    agent_stop(agent);
    return agent_start(agent);
}

static bool do_kill_hub(struct world *world)
{
    hub_turn(world, chance_below(&world->chance, 6),
             chance_is(&world->chance, 2) ? HUB_DIES_BEFORE_COMMIT : HUB_DIES_AFTER_COMMIT);
    return true;
}

static bool do_take_key(struct world *world)
{
    struct agent_side *agent = any_agent(world);
    size_t institution = agent->institution_indexes[0];
    uint8_t next = (uint8_t)(agent->generation[institution] + 1);
    if (next >= GENERATIONS || next > world->wanted.generation[institution] + 1) {
        return false;
    }
    agent->generation[institution] = next;
    world_say(world, "agent %zu signs with key %u", agent->number, next);
    return true;
}

static bool do_put_back(struct world *world)
{
    return copies_put_back(world, false);
}

static bool do_put_back_whole(struct world *world)
{
    return copies_put_back(world, true);
}

static bool do_jump(struct world *world)
{
    static const int64_t seconds[] = {400, 3600, 86400, 91 * 86400, 3650 * 86400};
    int64_t by_us = seconds[chance_below(&world->chance, 5)] * 1000000;
    world->hub.skew_us = chance_is(&world->chance, 2) ? by_us : -by_us;
    world_say(world, "the hub's clock is wrong by %lld s",
              (long long)(world->hub.skew_us / 1000000));
    return true;
}

/* The operator sets the clock right, and says so. */
static bool do_clock(struct world *world)
{
    world->hub.skew_us = 0;
    hub_clock_is_right(world->hub.clock);
    world_say(world, "the hub's clock is right");
    return true;
}

static bool do_disk(struct world *world)
{
    world->hub.is_short_of_disk = !world->hub.is_short_of_disk;
    world_say(world, "the hub's disk is %s", world->hub.is_short_of_disk ? "full" : "not full");
    return true;
}

enum activity {
    TICK,
    HEAR,
    TURN,
    READ,
    PASS,
    WAIT,
    QUEUE,
    WRONG,
    DROP,
    REPEAT,
    CUT,
    KILL_AGENT,
    KILL_HUB,
    DAY,
    BACKUP,
    RESTORE,
    PUT_BACK,
    PUT_BACK_WHOLE,
    PUT_ACTS_BACK,
    IMAGE,
    SET_BACK,
    CLONE,
    ROTATE,
    TAKE_KEY,
    REVOKE,
    THIEF,
    SHARE,
    CURRENCY,
    JUMP,
    CLOCK,
    DISK,
    KILL_READER,
    PULL,
    PULL_AGAIN,
    LIST_GONE,
    ACTIVITIES,
};
static_assert(ACTIVITIES <= ACTIVITIES_MAX, "each has its count of what is left");

static const struct {
    uint8_t weight; /* against the others */
    bool is_fault;  /* at most as often as the scenario says */
    bool (*act)(struct world *world);
} activities[ACTIVITIES] = {
    [TICK] = {24, false, do_tick},
    [HEAR] = {30, false, do_hear},
    [TURN] = {20, false, do_turn},
    [READ] = {14, false, do_read},
    [PASS] = {8, false, do_pass},
    [WAIT] = {1, false, do_wait},
    [QUEUE] = {8, true, do_queue},
    [WRONG] = {4, true, do_queue_wrong},
    [DROP] = {3, true, lines_drop},
    [REPEAT] = {3, true, lines_repeat},
    [CUT] = {3, true, lines_cut},
    [KILL_AGENT] = {3, true, do_kill_agent},
    [KILL_HUB] = {3, true, do_kill_hub},
    [DAY] = {2, true, do_day},
    [BACKUP] = {5, true, copies_backup},
    [RESTORE] = {3, true, copies_restore},
    [PUT_BACK] = {3, true, do_put_back},
    [PUT_BACK_WHOLE] = {3, true, do_put_back_whole},
    [PUT_ACTS_BACK] = {2, true, copies_put_acts_back},
    [IMAGE] = {4, true, copies_image},
    [SET_BACK] = {3, true, copies_set_back},
    [CLONE] = {3, true, copies_clone},
    [ROTATE] = {3, true, operator_rotates},
    [TAKE_KEY] = {3, true, do_take_key},
    [REVOKE] = {2, true, operator_revokes},
    [THIEF] = {3, true, thief_tries},
    [SHARE] = {3, true, operator_shares},
    [CURRENCY] = {3, true, operator_registers},
    [JUMP] = {2, true, do_jump},
    [CLOCK] = {3, true, do_clock},
    [DISK] = {2, true, do_disk},
    [KILL_READER] = {3, true, readers_kill},
    [PULL] = {3, true, pull_once},
    [PULL_AGAIN] = {3, true, pull_again},
    [LIST_GONE] = {3, true, readers_lose_list},
};

/* ---- scenarios: those of the protocol's model, by its names, and some of the code's own ---- */

struct scenario {
    const char *name;
    uint8_t institutions;
    uint8_t agents;
    uint8_t readers;
    int64_t quota_bucket; /* 0: large */
    uint8_t limits[ACTIVITIES];
};

#define LOSSES [DROP] = 6, [REPEAT] = 3, [CUT] = 3, [KILL_AGENT] = 2, [KILL_HUB] = 2
#define CUTS   [CUT] = 4, [KILL_AGENT] = 2, [KILL_HUB] = 2

static const struct scenario scenarios[] = {
    {"no-loss", 1, 1, 1, 0, {[QUEUE] = 8, [REPEAT] = 8}},
    {"restored-twice", 1, 1, 1, 0, {[QUEUE] = 6, LOSSES, [BACKUP] = 2, [RESTORE] = 2}},
    {"correction", 1, 1, 1, 0, {[QUEUE] = 12, LOSSES, [BACKUP] = 1, [RESTORE] = 1}},
    {"put-back-twice", 1, 1, 1, 0, {[QUEUE] = 6, LOSSES, [BACKUP] = 2, [PUT_BACK_WHOLE] = 2}},
    {"put-back-forward",
     1,
     1,
     1,
     0,
     {[QUEUE] = 6, CUTS, [BACKUP] = 3, [RESTORE] = 1, [PUT_BACK_WHOLE] = 2}},
    {"rejected",
     1,
     1,
     1,
     0,
     {[QUEUE] = 5, [WRONG] = 4, LOSSES, [BACKUP] = 2, [RESTORE] = 2, [CURRENCY] = 2}},
    {"agent-set-back",
     1,
     1,
     1,
     0,
     {[QUEUE] = 6,
      LOSSES,
      [IMAGE] = 2,
      [SET_BACK] = 2,
      [BACKUP] = 1,
      [PUT_BACK_WHOLE] = 1,
      [DAY] = 1}},
    {"clone",
     1,
     1,
     1,
     0,
     {[QUEUE] = 6, CUTS, [IMAGE] = 1, [CLONE] = 1, [BACKUP] = 1, [RESTORE] = 1, [DAY] = 2}},
    {"clone-late",
     1,
     1,
     0,
     0,
     {[QUEUE] = 3, CUTS, [IMAGE] = 2, [CLONE] = 1, [BACKUP] = 1, [RESTORE] = 1, [DAY] = 3}},
    {"clone-rejected",
     1,
     1,
     0,
     0,
     {[QUEUE] = 3,
      [WRONG] = 3,
      CUTS,
      [IMAGE] = 1,
      [CLONE] = 1,
      [BACKUP] = 1,
      [RESTORE] = 1,
      [CURRENCY] = 2,
      [DAY] = 1}},
    {"clone-twice",
     1,
     1,
     0,
     0,
     {[QUEUE] = 4, CUTS, [REPEAT] = 2, [IMAGE] = 1, [CLONE] = 1, [BACKUP] = 2, [RESTORE] = 2}},
    {"clone-put-back",
     1,
     1,
     0,
     0,
     {[QUEUE] = 5, CUTS, [IMAGE] = 1, [CLONE] = 1, [BACKUP] = 2, [PUT_BACK_WHOLE] = 2}},
    {"keys",
     2,
     2,
     1,
     0,
     {[QUEUE] = 8,
      CUTS,
      [BACKUP] = 2,
      [RESTORE] = 2,
      [PUT_BACK_WHOLE] = 1,
      [PUT_BACK] = 1,
      [PUT_ACTS_BACK] = 1,
      [ROTATE] = 2,
      [TAKE_KEY] = 3,
      [REVOKE] = 2,
      [THIEF] = 6}},
    {"read-crash", 2, 1, 3, 0, {[QUEUE] = 8, LOSSES, [KILL_READER] = 6}},
    {"read-restored",
     2,
     1,
     3,
     0,
     {[QUEUE] = 8, CUTS, [BACKUP] = 2, [RESTORE] = 2, [KILL_READER] = 2}},
    {"read-stale", 1, 1, 2, 0, {[QUEUE] = 6, LOSSES, [BACKUP] = 1, [RESTORE] = 1, [PUT_BACK] = 1}},
    {"read-rights",
     2,
     2,
     3,
     0,
     {[QUEUE] = 8, CUTS, [SHARE] = 6, [BACKUP] = 1, [RESTORE] = 1, [KILL_READER] = 3}},
    {"read-rights-twice",
     2,
     1,
     2,
     0,
     {[QUEUE] = 6,
      CUTS,
      [SHARE] = 4,
      [BACKUP] = 3,
      [PUT_BACK_WHOLE] = 1,
      [PUT_ACTS_BACK] = 1,
      [RESTORE] = 2}},
    {"pull",
     2,
     2,
     0,
     0,
     {[QUEUE] = 10,
      CUTS,
      [SHARE] = 2,
      [BACKUP] = 1,
      [RESTORE] = 1,
      [PUT_BACK_WHOLE] = 1,
      [PULL] = 6,
      [PULL_AGAIN] = 8}},
    {"clocks", 2, 2, 1, 0, {[QUEUE] = 8, CUTS, [JUMP] = 4, [CLOCK] = 6, [DAY] = 3}},
    {"refusing", 2, 2, 1, 3, {[QUEUE] = 12, [WRONG] = 2, LOSSES, [DISK] = 6, [DAY] = 2}},
    {"herd", 3, 3, 2, 0, {[QUEUE] = 20, [WRONG] = 4, LOSSES, [DAY] = 1}},
    {"read-list-gone",
     1,
     1,
     2,
     0,
     {[QUEUE] = 10,
      CUTS,
      [BACKUP] = 3,
      [RESTORE] = 1,
      [PUT_BACK] = 2,
      [LIST_GONE] = 6,
      [KILL_READER] = 2}},
    {"overdue", 1, 1, 0, 0, {[QUEUE] = 6, LOSSES, [BACKUP] = 2, [RESTORE] = 1, [DAY] = 4}},
    {"overdue-put-back",
     1,
     1,
     0,
     0,
     {[QUEUE] = 6, LOSSES, [BACKUP] = 2, [PUT_BACK] = 1, [DAY] = 4}},
    {"overdue-twice",
     2,
     2,
     0,
     0,
     {[QUEUE] = 8, CUTS, [BACKUP] = 3, [PUT_BACK_WHOLE] = 2, [IMAGE] = 1, [CLONE] = 1, [DAY] = 6}},
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])
#define MIXTURE   SCENARIOS

size_t scenarios_count(void)
{
    return SCENARIOS + 1;
}

const char *scenario_name(size_t index)
{
    return index < SCENARIOS ? scenarios[index].name : "mixture";
}

size_t scenario_find(const char *name)
{
    size_t index = 0;
    while (index < scenarios_count() && strcmp(scenario_name(index), name) != 0) {
        index++;
    }
    return index < scenarios_count() ? index : SIZE_MAX;
}

/* Anything may happen, each kind in about half of the seeds. */
static void draw_mixture(struct chance *chance, struct scenario *ret_scenario)
{
    *ret_scenario = (struct scenario){.name = "mixture"};
    ret_scenario->institutions = (uint8_t)(1 + chance_below(chance, INSTITUTIONS_MAX));
    ret_scenario->agents = (uint8_t)(1 + chance_below(chance, ret_scenario->institutions));
    ret_scenario->readers = (uint8_t)chance_below(chance, READERS_MAX + 1);
    ret_scenario->quota_bucket = chance_is(chance, 4) ? 3 : 0;
    for (size_t i = 0; i < ACTIVITIES; i++) {
        ret_scenario->limits[i] = chance_is(chance, 2) ? 0 : (uint8_t)(1 + chance_below(chance, 4));
    }
    ret_scenario->limits[QUEUE] = (uint8_t)(4 + chance_below(chance, 16));
}

/* ---- one seed ---- */

static enum activity choose(struct world *world)
{
    unsigned total = 0;
    for (size_t i = 0; i < ACTIVITIES; i++) {
        total += !activities[i].is_fault || world->left[i] > 0 ? activities[i].weight : 0;
    }
    unsigned at = (unsigned)chance_below(&world->chance, total);
    for (size_t i = 0; i < ACTIVITIES; i++) {
        unsigned weight = !activities[i].is_fault || world->left[i] > 0 ? activities[i].weight : 0;
        if (at < weight) {
            return (enum activity)i;
        }
        at -= weight;
    }
    return PASS;
}

static bool build(struct world *world, const struct scenario *scenario)
{
    struct hub_side *hub = &world->hub;
    world->institution_count = scenario->institutions;
    for (size_t i = 0; i < world->institution_count; i++) {
        world->transport[i] = (uint8_t)(0x40 + i % scenario->agents);
    }
    hub->quota_bucket = scenario->quota_bucket > 0 ? scenario->quota_bucket : QUOTA_BUCKET;
    snprintf(hub->store_path, sizeof hub->store_path, "%s/hub", world->folder);
    snprintf(hub->acts_path, sizeof hub->acts_path, "%s/acts.log", world->folder);
    memcpy(world->left, scenario->limits, sizeof scenario->limits);
    if (!hub_create(world) || !copies_backup(world)) {
        return false;
    }
    for (size_t i = 0; i < scenario->agents; i++) {
        world->agent_count++;
        if (!agent_create(world, i)) {
            return false;
        }
    }
    /* A member reads only where its key speaks for it alone. */
    bool has_member = scenario->agents == scenario->institutions;
    for (size_t i = 0; i < scenario->readers && (i < READER_MEMBER || has_member); i++) {
        world->reader_count++;
        if (!reader_create(world, i, (enum reader_role)i)) {
            return false;
        }
    }
    return true;
}

static void play(struct world *world)
{
    uint64_t most = 250 + chance_below(&world->chance, 350);
    for (uint64_t i = 0; i < most && !world->is_broken; i++) {
        enum activity activity = choose(world);
        if (activities[activity].act(world)) {
            world->steps++;
            world->left[activity] -= activities[activity].is_fault;
        }
    }
}

static void unmake(struct world *world)
{
    for (size_t i = 0; i < world->agent_count; i++) {
        session_close(&world->agents[i].session);
        outbox_close(&world->agents[i].outbox);
    }
    for (size_t i = 0; i < world->reader_count; i++) {
        reader_close(&world->readers[i]);
    }
    hub_stop(world);
    for (size_t i = 0; i < HEARD_MAX; i++) {
        buffer_close(&world->hub.heard[i]);
    }
    world_lines_close(world);
    arena_close(&world->arena);
}

void scenario_run(size_t number, uint64_t seed, const char *folder, FILE *trace,
                  struct run_result *ret_result)
{
    struct world *world = calloc(1, sizeof *world);
    struct scenario drawn;
    *ret_result = (struct run_result){.is_broken = true, .broken = "there is no memory"};
    if (world == NULL) {
        return;
    }
    world->seed = seed;
    world->trace = trace;
    world->chance.state = seed * 1000003 + number;
    world->library_chance.state = ~world->chance.state;
    world->digest = UINT64_C(14695981039346656037);
    world->mono_ms = 1000000;
    world->wall_us = INT64_C(1593763200000000); /* 2020-07-03 08:00 */
    snprintf(world->folder, sizeof world->folder, "%s", folder);
    world_is_current(world);
    chance_for_libraries(&world->library_chance);
    lines_open(world);
    world->scenario = &scenarios[number < SCENARIOS ? number : 0];
    if (number == MIXTURE) {
        draw_mixture(&world->chance, &drawn);
        world->scenario = &drawn;
    }
    if (build(world, world->scenario)) {
        play(world);
    }
    if (!world->is_broken) {
        drain(world);
    }
    if (!world->is_broken) {
        oracle_judge(world);
    }
    unmake(world);
    chance_for_libraries(NULL);
    world_is_current(NULL);
    *ret_result = (struct run_result){.is_broken = world->is_broken,
                                      .steps = world->steps,
                                      .receipts = world->ledger.receipts,
                                      .digest = world->digest};
    memcpy(ret_result->broken, world->broken, sizeof ret_result->broken);
    free(world);
}
