/* Pulls, each whole between two steps of the others: what was promised by SNAPSHOT is what comes,
 * and asked again it is the same, or refused. */
#include <string.h>

#include "tests/simulation/world.h"

struct pulling {
    struct world *world;
    struct peer peer;
    PbFilter filter;
    uint32_t kinds[4];
    char period[PERIOD_KEY_MAX + 1];
    struct pull_made made;
    struct buffer ids;
    bool is_refused;
};

static bool position_of(const PbPosition *message, struct position *ret_position)
{
    if (message == NULL || message->root.len != SHA256_BYTES) {
        return false;
    }
    ret_position->size = message->size;
    memcpy(ret_position->root.bytes, message->root.data, SHA256_BYTES);
    return true;
}

static void begin(struct world *world, enum reader_role role, struct pulling *pulling)
{
    *pulling = (struct pulling){
        .world = world,
        .filter = IHURIRO__V1__FILTER__INIT,
        .kinds = {KIND_REPORT, KIND_EARLIER_RECEIPT, KIND_PARTY, KIND_SETTINGS},
        .period = "2020-05",
        .made.role = role,
    };
    pulling->filter.kinds = pulling->kinds;
    pulling->filter.n_kinds = 4;
    pulling->filter.period = pulling->period;
    pulling->peer.routing_id_size = 5;
    put_u32(pulling->peer.routing_id + 1, (uint32_t)++world->hub.peers);
    memset(pulling->peer.user, role == READER_REGULATOR ? 0xB0 : 0xA0, PUBLIC_KEY_BYTES);
}

/* false: the hub cannot now, or the position is gone. */
static bool open_snapshot(struct pulling *pulling, uint64_t at_seq)
{
    struct world *world = pulling->world;
    Ihuriro__V1__Snapshot snapshot = IHURIRO__V1__SNAPSHOT__INIT;
    snapshot.number = 1;
    snapshot.filter = &pulling->filter;
    snapshot.has_at_seq = at_seq > 0;
    snapshot.at_seq = at_seq;
    hub_ask(world, &pulling->peer, VERB_SNAPSHOT, &snapshot.base);
    arena_reset(&world->arena);
    const Ihuriro__V1__SnapshotAnswer *answer = hub_heard(world, VERB_SNAPSHOT_ANSWER);
    if (answer == NULL) {
        return false;
    }
    if (!position_of(answer->position, &pulling->made.position) ||
        answer->rights.len != SHA256_BYTES || answer->ids_hash.len != SHA256_BYTES) {
        world_break(world, "the answer to SNAPSHOT cannot be read");
        return false;
    }
    memcpy(pulling->made.rights, answer->rights.data, SHA256_BYTES);
    memcpy(pulling->made.ids_hash, answer->ids_hash.data, SHA256_BYTES);
    pulling->made.records = answer->records;
    ledger_saw(world, &pulling->made.position);
    return true;
}

static void take_records(struct pulling *pulling, const Ihuriro__V1__Records *records,
                         struct position *at)
{
    struct world *world = pulling->world;
    for (size_t i = 0; i < records->n_records; i++) {
        struct header header;
        if (!WELL(world, header_decode(bytes_of_pb(records->records[i]->header), &header)) ||
            !WELL(world, buffer_append(&pulling->ids, header.id, SHA256_BYTES))) {
            return;
        }
    }
    uint64_t before = at->size;
    if (!position_of(records->to, at) || at->size <= before) {
        world_break(world, "a pull does not move on from %llu", (unsigned long long)before);
    }
}

static void fetch_all(struct pulling *pulling)
{
    struct world *world = pulling->world;
    struct position at = {0};
    merkle_empty(&at.root);
    for (uint64_t number = 1; at.size < pulling->made.position.size && !world->is_broken;
         number++) {
        Ihuriro__V1__Fetch fetch = IHURIRO__V1__FETCH__INIT;
        PbPosition from = IHURIRO__V1__POSITION__INIT;
        from.size = at.size;
        from.root = pb_of_bytes(bytes_of(at.root.bytes, SHA256_BYTES));
        fetch.position = &from;
        fetch.filter = &pulling->filter;
        fetch.has_until = 1;
        fetch.until = pulling->made.position.size;
        fetch.has_rights = 1;
        fetch.rights = pb_of_bytes(bytes_of(pulling->made.rights, SHA256_BYTES));
        fetch.number = number;
        fetch.has_max_bytes = 1;
        fetch.max_bytes = 1500;
        hub_ask(world, &pulling->peer, VERB_FETCH, &fetch.base);
        arena_reset(&world->arena);
        const Ihuriro__V1__Records *records = hub_heard(world, VERB_RECORDS);
        if (records == NULL) {
            pulling->is_refused = true;
            return;
        }
        take_records(pulling, records, &at);
    }
    if (!pulling->is_refused && !position_equal(&at, &pulling->made.position)) {
        world_break(world, "a pull ends at another position than it was promised");
    }
}

static void check_ids(struct pulling *pulling)
{
    uint8_t hash[SHA256_BYTES];
    sha256(buffer_bytes(&pulling->ids), hash);
    if (pulling->ids.size != pulling->made.records * SHA256_BYTES ||
        memcmp(hash, pulling->made.ids_hash, SHA256_BYTES) != 0) {
        world_break(pulling->world, "a pull gave other records than it was promised");
    }
}

bool pull_once(struct world *world)
{
    struct pulling pulling;
    enum reader_role role = chance_is(&world->chance, 2) ? READER_REGULATOR : READER_STAFF;
    begin(world, role, &pulling);
    if (open_snapshot(&pulling, 0)) {
        fetch_all(&pulling);
        if (pulling.is_refused) {
            world_break(world, "a pull was refused in the middle, and nothing had changed");
        } else if (!world->is_broken) {
            check_ids(&pulling);
        }
        world_say(world, "a pull at %llu: %llu records",
                  (unsigned long long)pulling.made.position.size,
                  (unsigned long long)pulling.made.records);
        world->pulls[world->pull_count++ % PULLS_MAX] = pulling.made;
    }
    buffer_close(&pulling.ids);
    return true;
}

bool pull_again(struct world *world)
{
    struct pulling pulling;
    size_t kept = world->pull_count < PULLS_MAX ? world->pull_count : PULLS_MAX;
    if (kept == 0) {
        return false;
    }
    const struct pull_made *made = &world->pulls[chance_below(&world->chance, kept)];
    begin(world, made->role, &pulling);
    if (!open_snapshot(&pulling, made->position.size) ||
        !position_equal(&pulling.made.position, &made->position)) {
        world_say(world, "a pull asked again: its position is lost");
    } else if (memcmp(pulling.made.rights, made->rights, SHA256_BYTES) != 0) {
        world_say(world, "a pull asked again: other rights");
    } else {
        fetch_all(&pulling);
        check_ids(&pulling);
        if (pulling.made.records != made->records ||
            memcmp(pulling.made.ids_hash, made->ids_hash, SHA256_BYTES) != 0) {
            world_break(world, "a pull at one position gave other rows than before");
        }
        world_say(world, "a pull asked again: the same %llu records",
                  (unsigned long long)made->records);
    }
    buffer_close(&pulling.ids);
    return true;
}
