/* Somebody who holds the connection of an institution and a key that was revoked, or that is
 * another's: nothing of it may be journaled. */
#include <string.h>

#include "tests/simulation/world.h"

struct theft {
    struct world *world;
    struct peer peer;
    struct buffer session;
    struct buffer envelope;
    struct buffer receipt;
};

static bool say_hello(struct theft *theft)
{
    uint8_t tag[SESSION_TAG_BYTES] = {7, (uint8_t)theft->world->steps};
    Ihuriro__V1__Hello hello = IHURIRO__V1__HELLO__INIT;
    hello.tag = pb_of_bytes(bytes_of(tag, sizeof tag));
    hello.schema_version = SCHEMA_VERSION;
    hub_call(theft->world, &theft->peer, VERB_HELLO, &hello.base);
    arena_reset(&theft->world->arena);
    const Ihuriro__V1__HelloAnswer *answer = hub_heard(theft->world, VERB_HELLO_ANSWER);
    return answer != NULL && WELL(theft->world, buffer_append(&theft->session, answer->session.data,
                                                              answer->session.len));
}

/* A report of a place that nobody reports on. */
static bool make(struct theft *theft, size_t institution, const struct signing_key *key)
{
    AUTO(buffer_close) struct buffer raw = {0};
    char name[] = "2020-01";
    char currency[] = "RWF";
    struct period period;
    PbPeriod message = IHURIRO__V1__PERIOD__INIT;
    PbReport report = IHURIRO__V1__REPORT__INIT;
    if (!WELL(theft->world, period_parse(name, &period))) {
        return false;
    }
    message.frequency = IHURIRO__V1__PERIOD__FREQUENCY__M;
    message.key = name;
    message.start_day = period.start_day;
    message.end_day = message.as_of_day = period.end_day;
    report.schema_version = SCHEMA_VERSION;
    report.institution = (char *)(uintptr_t)world_institution(institution); /* packed only */
    report.type = IHURIRO__V1__REPORT_TYPE__OPERATIONS;
    report.period = &message;
    report.vintage = 1;
    report.status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    report.produced_at_us = theft->world->wall_us;
    report.currency = currency;
    report.has_nil = 1;
    report.nil = 1;
    return WELL(theft->world, message_pack(&report.base, &raw)) &&
           WELL(theft->world, envelope_make(key, buffer_bytes(&raw), &theft->envelope));
}

static enum err visit_receipt(void *context, const struct entry *entry)
{
    struct theft *theft = context;
    if (entry->best.size == 0) {
        return ERR_OK;
    }
    enum err err = buffer_append(&theft->receipt, entry->best.data, entry->best.size);
    return err == ERR_OK ? ERR_NOT_FOUND : err; /* one is enough */
}

/* A genuine receipt, of another report. */
static void steal_receipt(struct theft *theft)
{
    AUTO(txn_end) struct txn txn = {0};
    if (WELL(theft->world, txn_begin(outbox_env(theft->world->agents[0].outbox), false, &txn))) {
        (void)WELL(theft->world, outbox_walk(&txn, NULL, visit_receipt, theft));
    }
}

static void submit(struct theft *theft, const char *what)
{
    struct world *world = theft->world;
    Ihuriro__V1__Submit message = IHURIRO__V1__SUBMIT__INIT;
    message.session = pb_of_bytes(buffer_bytes(&theft->session));
    message.number = 1;
    message.envelope = pb_of_bytes(buffer_bytes(&theft->envelope));
    message.has_receipt = theft->receipt.size > 0;
    message.receipt = pb_of_bytes(buffer_bytes(&theft->receipt));
    hub_call(world, &theft->peer, VERB_SUBMIT, &message.base);
    arena_reset(&world->arena);
    const Ihuriro__V1__Answers *answers = hub_heard(world, VERB_ANSWERS);
    world_say(world, "a thief tries %s", what);
    for (size_t i = 0; answers != NULL && i < answers->n_answers; i++) {
        if (answers->answers[i]->has_header) {
            world_break(world, "a thief's report was taken: %s", what);
        }
    }
}

/* The generation of a key of the institution that is revoked now; GENERATIONS: none. */
static size_t revoked_key(const struct world *world, size_t institution)
{
    size_t generation = 0;
    while (generation < GENERATIONS && !world->hub.standing.is_revoked[institution][generation]) {
        generation++;
    }
    return generation;
}

static void theft_close(struct theft *theft)
{
    buffer_close(&theft->session);
    buffer_close(&theft->envelope);
    buffer_close(&theft->receipt);
}

bool thief_tries(struct world *world)
{
    AUTO(theft_close) struct theft theft = {.world = world};
    size_t institution = chance_below(&world->chance, world->institution_count);
    size_t other = (institution + 1) % world->institution_count;
    size_t revoked = revoked_key(world, institution);
    uint64_t way = chance_below(&world->chance, 5);
    theft.peer.routing_id_size = 5;
    put_u32(theft.peer.routing_id + 1, (uint32_t)++world->hub.peers);
    memset(theft.peer.user, world->transport[institution], PUBLIC_KEY_BYTES);
    if ((way < 2 && revoked == GENERATIONS) || (way > 1 && way < 4 && other == institution) ||
        !say_hello(&theft)) {
        return false;
    }
    if (way == 1) {
        steal_receipt(&theft);
    }
    bool is_of_other = way == 2 && world->transport[other] != world->transport[institution];
    size_t signer = way == 4 ? institution : other;
    const struct signing_key *key = way < 2
                                        ? world_key(institution, revoked)
                                        : world_key(signer, world->hub.standing.generation[signer]);
    if (!make(&theft, is_of_other ? other : institution, key)) {
        return false;
    }
    if (way == 4) {
        theft.envelope.data[theft.envelope.size - 1] ^= 1; /* the signature is its last field */
    }
    submit(&theft, way == 0      ? "a revoked key"
                   : way == 1    ? "a revoked key, with the receipt of another report"
                   : way == 4    ? "a signature that does not fit"
                   : is_of_other ? "another institution's report"
                                 : "another institution's key");
    return true;
}
