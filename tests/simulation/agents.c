/* Agents: the product's session over its own outbox; what link.c and talk.c do around it is done
 * here. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/simulation/world.h"

/* ---- what the session asks for ---- */

static void random_of(void *context, void *bytes, size_t size)
{
    struct agent_side *agent = context;
    uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)chance_next(&agent->world->library_chance);
    }
}

static size_t index_of(const char *institution)
{
    size_t index = 0;
    while (index < INSTITUTIONS_MAX && strcmp(world_institution(index), institution) != 0) {
        index++;
    }
    return index;
}

static const struct signing_key *key_of(void *context, const char *institution)
{
    struct agent_side *agent = context;
    size_t index = index_of(institution);
    return index == INSTITUTIONS_MAX ? NULL : world_key(index, agent->generation[index]);
}

static void say_key(struct agent_side *agent, const char *what, const struct entry_key *key)
{
    world_say(agent->world, "agent %zu: %s %s %d no. %u", agent->number, what, key->institution,
              key->period_end_day, key->number);
}

static void tell(void *context, const struct session_news *news)
{
    struct agent_side *agent = context;
    struct world *world = agent->world;
    switch (news->kind) {
    case NEWS_GREETED:
        world_say(world, "agent %zu is greeted, to offer again: %llu", agent->number,
                  (unsigned long long)news->count);
        break;
    case NEWS_RECEIPT:
    case NEWS_FETCHED:
        say_key(agent, news->kind == NEWS_RECEIPT ? "receipt for" : "fetched", news->key);
        world_say(world, "    %s%s", verdict_name(news->verdict),
                  news->kind == NEWS_RECEIPT && news->count > 0 ? ", of an earlier session" : "");
        ledger_receipt(world, agent, news->key);
        break;
    case NEWS_REFUSED:
        say_key(agent, "refused", news->key);
        world->ledger.was_refused = true;
        world_say(world, "    %.200s", news->text);
        break;
    case NEWS_TROUBLE:
        world_say(world, "agent %zu: %.200s", agent->number, news->text);
        if (news->err != ERR_NETWORK && news->err != ERR_TIMEOUT && news->err != ERR_REFUSED) {
            world_break(world, "agent %zu: %s (%.300s)", agent->number, err_text(news->err),
                        news->text);
        }
        break;
    case NEWS_RETRY_LATER:
    case NEWS_PASSED_OVER:
    case NEWS_OWED:
        world_say(world, "agent %zu knows what %s owes", agent->number, news->text);
        agent_heard_owed(agent, news->text);
        break;
    case NEWS_SETTINGS:
    case NEWS_LEFT:
    default:
        world_say(world, "agent %zu: %s", agent->number,
                  news->kind == NEWS_RETRY_LATER   ? "come later"
                  : news->kind == NEWS_PASSED_OVER ? "some were passed over"
                  : news->kind == NEWS_SETTINGS    ? "has the settings"
                                                   : "leaves");
        break;
    }
}

/* ---- start and end of the process ---- */

bool agent_start(struct agent_side *agent)
{
    struct complaint complaint = {{0}};
    struct session_options options = {.outbox = NULL,
                                      .hub = &agent->world->hub.identity,
                                      .institutions = agent->institutions,
                                      .institution_count = agent->institution_count,
                                      .key_of = key_of,
                                      .keys = agent,
                                      .stays = agent->stays,
                                      .random = random_of,
                                      .random_context = agent,
                                      .tell = tell,
                                      .tell_context = agent};
    if (!WELL(agent->world, outbox_open(agent->store_path, &complaint, &agent->outbox))) {
        return false;
    }
    options.outbox = agent->outbox;
    agent->tick_at_ms = agent->world->mono_ms;
    return WELL(agent->world, session_open(&options, world_time(agent->world), &agent->session));
}

/* kill -9: what is not on disk is gone. */
void agent_stop(struct agent_side *agent)
{
    session_close(&agent->session);
    outbox_close(&agent->outbox);
    line_leave(agent->world, &agent->line, true);
}

/* Institutions are shared out: the first agent speaks for two where there are more of them. */
bool agent_create(struct world *world, size_t number)
{
    struct agent_side *agent = &world->agents[number];
    struct complaint complaint = {{0}};
    agent->world = world;
    agent->number = number;
    agent->transport = (uint8_t)(0x40 + number);
    agent->stays = chance_is(&world->chance, 2);
    snprintf(agent->store_path, sizeof agent->store_path, "%s/agent-%zu", world->folder, number);
    for (size_t i = 0; i < world->institution_count; i++) {
        if (world->transport[i] == agent->transport) {
            agent->institution_indexes[agent->institution_count] = i;
            agent->institutions[agent->institution_count++] = world_institution(i);
        }
    }
    agent->is_alive = true;
    return WELL(world, outbox_create(agent->store_path, &complaint)) && agent_start(agent);
}

/* ---- steps ---- */

static void send_frames(struct agent_side *agent)
{
    struct bytes frame;
    while (session_frame_next(agent->session, &frame)) {
        if (agent->line != NULL && agent->line->state == LINE_UP) {
            ledger_sent(agent->world, agent, frame);
            line_push(agent->world, &agent->line->up, frame);
        }
        session_frame_sent(agent->session);
    }
}

static void obey(struct agent_side *agent, struct session_step step)
{
    agent->tick_at_ms = agent->world->mono_ms + step.tick_ms;
    if (step.link != SESSION_KEEP) {
        line_leave(agent->world, &agent->line, true);
    }
    if (step.link == SESSION_CONNECT) {
        agent->line = line_reach(agent->world, DOOR_INGEST, agent->number, agent->transport);
        if (agent->line == NULL) {
            agent_disconnected(agent);
            return;
        }
    }
    send_frames(agent);
}

void agent_tick(struct agent_side *agent)
{
    obey(agent, session_tick(agent->session, world_time(agent->world)));
}

void agent_connected(struct agent_side *agent)
{
    agent->line->state = LINE_UP;
    world_say(agent->world, "agent %zu is connected", agent->number);
    obey(agent, session_connected(agent->session, world_time(agent->world)));
}

void agent_disconnected(struct agent_side *agent)
{
    line_leave(agent->world, &agent->line, true);
    obey(agent,
         session_disconnected(agent->session, world_time(agent->world), "The connection is gone."));
}

void agent_hear(struct agent_side *agent, struct bytes frame)
{
    world_say(agent->world, "agent %zu hears %s", agent->number, verb_name(line_verb(frame)));
    obey(agent, session_frame(agent->session, world_time(agent->world), frame));
}

/* ---- queueing ---- */

struct drawn {
    PbReport report;
    PbPeriod period;
    PbOperations operations;
    char key[PERIOD_KEY_MAX + 1];
    char institution[INSTITUTION_ID_MAX + 1];
    char currency[4];
};

/* OPERATIONS of a month whose one figure is the number of the content: no two are alike. */
static bool draw(struct world *world, size_t institution, unsigned place, bool is_wrong,
                 struct drawn *drawn)
{
    struct period period;
    *drawn = (struct drawn){.report = IHURIRO__V1__REPORT__INIT,
                            .period = IHURIRO__V1__PERIOD__INIT,
                            .operations = IHURIRO__V1__OPERATIONS__INIT};
    snprintf(drawn->key, sizeof drawn->key, "2020-%02u", 4 + place % PLACES);
    snprintf(drawn->institution, sizeof drawn->institution, "%s", world_institution(institution));
    bool is_bif = (world->wanted.currency[institution] != 0) != is_wrong;
    snprintf(drawn->currency, sizeof drawn->currency, "%s", is_bif ? "BIF" : "RWF");
    if (!WELL(world, period_parse(drawn->key, &period))) {
        return false;
    }
    drawn->period.frequency = IHURIRO__V1__PERIOD__FREQUENCY__M;
    drawn->period.key = drawn->key;
    drawn->period.start_day = period.start_day;
    drawn->period.end_day = drawn->period.as_of_day = period.end_day;
    drawn->report.schema_version = SCHEMA_VERSION;
    drawn->report.institution = drawn->institution;
    drawn->report.type = IHURIRO__V1__REPORT_TYPE__OPERATIONS;
    drawn->report.period = &drawn->period;
    drawn->report.vintage = 1;
    drawn->report.status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    drawn->report.produced_at_us = world->wall_us;
    drawn->report.currency = drawn->currency;
    drawn->report.operations = &drawn->operations;
    drawn->operations.has_branches_total = 1;
    drawn->operations.branches_total = world->contents;
    return true;
}

bool agent_queue(struct agent_side *agent, bool is_wrong)
{
    struct world *world = agent->world;
    struct agent_books *books = &agent->books;
    struct drawn drawn;
    struct entry_key key = {0};
    enum queued queued = QUEUED_NEW;
    size_t institution =
        agent->institution_indexes[chance_below(&world->chance, agent->institution_count)];
    unsigned place = (unsigned)chance_below(&world->chance, PLACES);
    if (world->contents >= CONTENTS_MAX) {
        return false;
    }
    world->contents++;
    if (!draw(world, institution, place, is_wrong, &drawn) ||
        !WELL(world, outbox_queue(agent->outbox, &drawn.report,
                                  world_key(institution, agent->generation[institution]),
                                  world->wall_us, &queued, &key))) {
        return false;
    }
    if (queued == QUEUED_NEW) {
        books->queued[books->queued_count++] = world->contents;
    }
    world_say(world, "agent %zu queues %s %s, figures %u%s: %s", agent->number, drawn.institution,
              drawn.key, world->contents, is_wrong ? " (wrong)" : "",
              queued == QUEUED_NEW ? "new" : "a draft");
    return true;
}

/* ---- how it stands ---- */

struct outbox_counts agent_counts(struct agent_side *agent)
{
    AUTO(txn_end) struct txn txn = {0};
    struct outbox_counts counts = {0};
    if (WELL(agent->world, txn_begin(outbox_env(agent->outbox), false, &txn))) {
        (void)WELL(agent->world, outbox_count(&txn, &counts));
    }
    return counts;
}

bool agent_is_still(struct agent_side *agent)
{
    struct outbox_counts counts = agent_counts(agent);
    bool is_apart = agent->line == NULL && !session_is_greeted(agent->session);
    return counts.queued == 0 && counts.drafts == 0 && counts.to_offer == 0 &&
           (is_apart || session_is_idle(agent->session));
}
