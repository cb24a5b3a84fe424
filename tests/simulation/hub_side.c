/* The hub without sockets: the product's writer, ingest turn, feed and query over its own store;
 * what ingest_door.c, feed_door.c and query_door.c do around them is done here. */
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "tests/simulation/world.h"

/* ---- answers ---- */

static void keep_heard(struct world *world, struct bytes frame)
{
    struct hub_side *hub = &world->hub;
    if (hub->heard_count == HEARD_MAX) {
        return;
    }
    struct buffer *heard = &hub->heard[hub->heard_count++];
    buffer_clear(heard);
    (void)WELL(world, buffer_append(heard, frame.data, frame.size));
}

static bool is_caller(const struct world *world, const struct peer *peer)
{
    const struct peer *caller = world->hub.caller;
    return caller != NULL && caller->routing_id_size == peer->routing_id_size &&
           memcmp(caller->routing_id, peer->routing_id, peer->routing_id_size) == 0;
}

static void answer_agent(void *context, const struct peer *peer, struct bytes frame)
{
    struct world *world = context;
    struct line *line = line_of_peer(world, peer);
    ledger_answered(world, frame);
    if (is_caller(world, peer)) {
        keep_heard(world, frame);
    } else if (line != NULL) {
        line_push(world, &line->down, frame);
    }
}

static void answer_reader(void *context, const struct peer *peer, struct bytes frame)
{
    struct world *world = context;
    struct line *line = line_of_peer(world, peer);
    if (line != NULL) {
        ledger_records(world, &world->readers[line->owner], frame);
        line_push(world, &line->down, frame);
    }
}

static void answer_pull(void *context, const struct peer *peer, struct bytes frame)
{
    struct world *world = context;
    if (is_caller(world, peer)) {
        keep_heard(world, frame);
    }
}

static enum err journal_feed(void *context, uint64_t ticket, struct bytes event)
{
    struct world *world = context;
    return writer_queue_push(world->hub.writes, NULL, ticket, WRITE_ACCESSES, &event, 1);
}

static enum err journal_pull(void *context, uint64_t ticket, struct bytes event)
{
    struct world *world = context;
    return writer_queue_push(world->hub.writes, world->hub.query_mail, ticket, WRITE_ACCESSES,
                             &event, 1);
}

static void nonce(void *context, uint8_t ret_nonce[static ACCESS_NONCE_BYTES])
{
    (void)context;
    randombytes_buf(ret_nonce, ACCESS_NONCE_BYTES);
}

/* ---- start and end of the process ---- */

static enum err last_record_us(struct hub_side *hub, int64_t *ret_us)
{
    AUTO(txn_end) struct txn txn = {0};
    struct record last;
    enum err err = txn_begin(store_env(hub->store), false, &txn);
    uint64_t size = err == ERR_OK ? journal_size(&txn) : 0;
    *ret_us = 0;
    if (err == ERR_OK && size > 0) {
        err = journal_get(&txn, size, &last);
        *ret_us = err == ERR_OK ? last.header.received_at_us : 0;
    }
    return err;
}

static enum err start_doors(struct world *world)
{
    struct hub_side *hub = &world->hub;
    struct registry *registry = NULL;
    struct reading_out feed_out = {world, answer_reader, journal_feed, nonce};
    struct reading_out query_out = {world, answer_pull, journal_pull, nonce};
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(store_env(hub->store), false, &txn);
    err = err != ERR_OK ? err : registry_load(&txn, &registry);
    err = err != ERR_OK ? err : roster_make(registry, &hub->roster);
    err = err != ERR_OK ? err : writer_queue_make(&hub->writes);
    err = err != ERR_OK ? err : mailbox_make(&hub->query_mail);
    err = err != ERR_OK ? err : feed_make(&feed_out, &hub->feed);
    return err != ERR_OK ? err : query_make(&query_out, &hub->identity, &hub->query);
}

static enum err start_ingest(struct world *world)
{
    struct hub_side *hub = &world->hub;
    hub->ingest = (struct ingest){
        .writer = hub->writer, .identity = &hub->identity, .counters = &hub->counters};
    randombytes_buf(hub->ingest.session_key, sizeof hub->ingest.session_key);
    enum err err = answers_make(&hub->ingest.answers);
    err = err != ERR_OK ? err
                        : quota_make(hub->quota_bucket, QUOTA_REFILL_PER_HOUR, &hub->ingest.quota);
    err = err != ERR_OK ? err : quota_make(OWED_BUCKET, OWED_PER_HOUR, &hub->ingest.owed);
    return err != ERR_OK ? err
                         : quota_make(REFUSALS_KEPT, REFUSALS_PER_HOUR, &hub->ingest.refusals);
}

bool hub_start(struct world *world)
{
    struct hub_side *hub = &world->hub;
    struct complaint complaint = {{0}};
    int64_t last_us = 0;
    enum err err = store_open(hub->store_path, ENV_WRITE, &complaint, &hub->store);
    err = err != ERR_OK ? err : last_record_us(hub, &last_us);
    err = err != ERR_OK ? err : hub_clock_make(false, last_us, &hub->clock);
    err = err != ERR_OK ? err : acts_open(hub->acts_path, &complaint, &hub->acts);
    struct writer_parts parts = {hub->store, hub->acts, world_log_key(), &hub->identity, NULL};
    err = err != ERR_OK
              ? err
              : writer_make(&parts, hub_clock_now_us(hub->clock), &complaint, &hub->writer);
    err = err != ERR_OK ? err : start_ingest(world);
    err = err != ERR_OK ? err : start_doors(world);
    if (err != ERR_OK) {
        world_break(world, "the hub does not start (%s): %.300s", err_text(err), complaint.text);
        return false;
    }
    hub->journal_acts |= hub->log_acts; /* each side has got what it lacked */
    hub->log_acts |= hub->journal_acts;
    acts_fold(world, hub->journal_acts, &hub->standing);
    hub->size = writer_size(hub->writer);
    hub_clock_recorded(hub->clock, writer_last_received_us(hub->writer));
    world_say(world, "hub starts on %llu records", (unsigned long long)writer_size(hub->writer));
    return true;
}

void hub_stop(struct world *world)
{
    struct hub_side *hub = &world->hub;
    feed_close(&hub->feed);
    query_close(&hub->query);
    roster_close(&hub->roster);
    writer_queue_close(&hub->writes);
    mailbox_close(&hub->query_mail);
    writer_close(&hub->writer);
    answers_close(&hub->ingest.answers);
    quota_close(&hub->ingest.quota);
    quota_close(&hub->ingest.refusals);
    quota_close(&hub->ingest.owed);
    arena_close(&hub->ingest.arena);
    arena_close(&hub->ingest.words);
    arena_close(&hub->ingest.beside);
    acts_close(&hub->acts);
    hub_clock_close(&hub->clock);
    store_close(&hub->store);
}

/* Half a line that nobody was told of. */
static void tear_acts(struct world *world)
{
    int fd = open(world->hub.acts_path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, "1 QUJD", 6) != 6) {
        world_break(world, "acts.log cannot be torn");
    }
    if (fd >= 0) {
        close(fd);
    }
}

void hub_end_and_start(struct world *world)
{
    world_say(world, "hub is killed");
    hub_stop(world);
    lines_after_hub_end(world);
    if (chance_is(&world->chance, 8)) {
        tear_acts(world);
    }
    (void)hub_start(world);
}

/* ---- a turn of the writer ---- */

bool hub_begin(struct world *world)
{
    struct hub_side *hub = &world->hub;
    enum clock_state state = hub_clock_check(hub->clock);
    hub->ingest.disk_floor_mb = hub->is_short_of_disk ? INT32_MAX : 0;
    return WELL(world,
                ingest_begin(&hub->ingest, hub_clock_now_us(hub->clock), world->mono_ms, state));
}

static void take_messages(struct world *world, size_t most)
{
    for (size_t i = 0; i < most && !world->is_broken; i++) {
        AUTO(buffer_close) struct buffer frame = {0};
        struct line *line = lines_any_up(world, DOOR_INGEST);
        if (line == NULL || !line_pull(&line->up, &frame)) {
            return;
        }
        world_say(world, "hub takes %s of line %zu", verb_name(line_verb(buffer_bytes(&frame))),
                  (size_t)(line - world->lines));
        (void)WELL(world, ingest_message(&world->hub.ingest, &line->peer, buffer_bytes(&frame)));
        if (line->state == LINE_ORPHAN && line->up.count == 0) {
            line->state = LINE_FREE;
        }
    }
}

static void take_writes(struct world *world, struct turn_writes *turn)
{
    struct hub_side *hub = &world->hub;
    while (turn->count < WRITES_PER_TURN &&
           writer_queue_take(hub->writes, &turn->requests[turn->count]) == ERR_OK) {
        const struct write_request *request = &turn->requests[turn->count];
        struct written *written = &turn->written[turn->count++];
        *written = (struct written){0};
        for (size_t i = 0; i < request->count; i++) {
            (void)WELL(world, writer_event(hub->writer, request->events[i], &written->last_seq));
        }
    }
}

static void tell_written(struct world *world, struct turn_writes *turn)
{
    struct hub_side *hub = &world->hub;
    struct written written;
    for (size_t i = 0; i < turn->count; i++) {
        write_request_done(&turn->requests[i], &turn->written[i]);
    }
    turn->count = 0;
    while (hub->query_mail != NULL && mailbox_take(hub->query_mail, &written) == ERR_OK) {
        struct reading reading = {.now_us = hub_clock_now_us(hub->clock),
                                  .now_ms = world->mono_ms,
                                  .counters = &hub->counters};
        query_written(hub->query, &reading, &written);
    }
}

/* As ingest_door.c: nothing is heard of before the commit has returned. */
static void publish(struct world *world, struct turn_writes *turn, bool with_answers)
{
    struct hub_side *hub = &world->hub;
    struct registry *registry = NULL;
    enum err err = writer_new_registry(hub->writer, &registry);
    err = err != ERR_OK ? err : roster_swap(hub->roster, registry);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        world_break(world, "the registry is not swapped: %s", err_text(err));
    }
    hub_clock_recorded(hub->clock, writer_last_received_us(hub->writer));
    tell_written(world, turn);
    if (with_answers) {
        answers_deliver(hub->ingest.answers, answer_agent, world);
    }
}

void hub_end(struct world *world, struct turn_writes *turn, enum hub_end end)
{
    struct hub_side *hub = &world->hub;
    const struct checkpoint *checkpoint = NULL;
    if (world->is_broken || end == HUB_DIES_BEFORE_COMMIT) {
        struct written failed = {.err = ERR_IO};
        for (size_t i = 0; i < turn->count; i++) {
            write_request_done(&turn->requests[i], &failed);
        }
        hub_end_and_start(world);
        return;
    }
    uint64_t size_before = hub->size;
    if (!WELL(world, ingest_end(&hub->ingest, &checkpoint))) {
        return;
    }
    hub->size = checkpoint->position.size;
    if (hub->size != size_before) {
        world_say(world, "hub has %llu records, head %02x%02x%02x%02x",
                  (unsigned long long)checkpoint->position.size, checkpoint->position.root.bytes[0],
                  checkpoint->position.root.bytes[1], checkpoint->position.root.bytes[2],
                  checkpoint->position.root.bytes[3]);
        ledger_saw(world, &checkpoint->position);
    }
    ledger_committed(world, size_before, hub->size);
    publish(world, turn, end == HUB_GOES_ON);
    if (end == HUB_DIES_AFTER_COMMIT) {
        hub_end_and_start(world);
    }
}

void hub_turn(struct world *world, size_t most, enum hub_end end)
{
    struct turn_writes *turn = calloc(1, sizeof *turn);
    if (turn != NULL && hub_begin(world)) {
        take_messages(world, most);
        take_writes(world, turn);
        hub_end(world, turn, end);
    }
    free(turn);
}

/* ---- the reading doors ---- */

bool hub_reading(struct world *world, struct txn *txn, struct reading *ret_reading)
{
    struct hub_side *hub = &world->hub;
    if (!WELL(world, txn_begin(store_env(hub->store), false, txn))) {
        return false;
    }
    *ret_reading = (struct reading){
        .txn = txn,
        .now_us = hub_clock_now_us(hub->clock),
        .now_ms = world->mono_ms,
        .is_short_of_disk = hub->is_short_of_disk,
        .counters = &hub->counters,
    };
    ret_reading->registry = roster_take_numbered(hub->roster, &ret_reading->generation);
    return true;
}

void hub_reading_end(struct world *world, struct reading *reading)
{
    roster_give(world->hub.roster, reading->registry);
    txn_end(reading->txn);
}

void hub_read_turn(struct world *world)
{
    struct txn txn = {0};
    struct reading reading;
    bool is_behind = true;
    if (!hub_reading(world, &txn, &reading)) {
        return;
    }
    for (size_t i = 0; i < LINES_MAX; i++) {
        AUTO(buffer_close) struct buffer frame = {0};
        struct line *line = lines_any_up(world, DOOR_FEED);
        if (line == NULL || !line_pull(&line->up, &frame)) {
            break;
        }
        (void)WELL(world, feed_take(world->hub.feed, &reading, &line->peer, buffer_bytes(&frame)));
        if (line->state == LINE_ORPHAN && line->up.count == 0) {
            line->state = LINE_FREE;
        }
    }
    for (size_t i = 0; i < 16 && is_behind; i++) {
        (void)WELL(world, feed_turn(world->hub.feed, &reading, &is_behind));
    }
    hub_reading_end(world, &reading);
}

/* ---- whoever talks between two steps of the others ---- */

static void begin_call(struct world *world, const struct peer *peer)
{
    world->hub.caller = peer;
    world->hub.heard_count = 0;
}

void hub_call(struct world *world, const struct peer *peer, enum verb verb,
              const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    struct turn_writes turn = {.count = 0};
    begin_call(world, peer);
    if (WELL(world, frame_pack(verb, body, &frame)) && hub_begin(world)) {
        (void)WELL(world, ingest_message(&world->hub.ingest, peer, buffer_bytes(&frame)));
        hub_end(world, &turn, HUB_GOES_ON);
    }
    world->hub.caller = NULL;
}

void hub_ask(struct world *world, const struct peer *peer, enum verb verb,
             const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    struct txn txn = {0};
    struct reading reading;
    begin_call(world, peer);
    if (WELL(world, frame_pack(verb, body, &frame)) && hub_reading(world, &txn, &reading)) {
        (void)WELL(world, query_take(world->hub.query, &reading, peer, buffer_bytes(&frame)));
        hub_reading_end(world, &reading);
        hub_turn(world, 0, HUB_GOES_ON); /* the access is journaled; then the answer leaves */
    }
    world->hub.caller = NULL;
}

const void *hub_heard(struct world *world, enum verb verb)
{
    for (size_t i = 0; i < world->hub.heard_count; i++) {
        int got = 0;
        struct bytes body;
        const ProtobufCMessage *message = NULL;
        if (frame_open(buffer_bytes(&world->hub.heard[i]), &got, &body) == ERR_OK &&
            got == (int)verb &&
            message_unpack(verb_body(got), MESSAGE_TOLERANT, body, &world->arena, &message) ==
                ERR_OK) {
            return message;
        }
    }
    return NULL;
}
