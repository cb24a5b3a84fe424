/* What must hold once faults have stopped and all is drained: L1 to L7. */
#include <string.h>

#include "hub/current.h"
#include "storage/check.h"
#include "tests/simulation/world.h"

/* A record of the journal, as the oracle reads it. */
struct fact {
    struct header header;
    size_t institution; /* INSTITUTIONS_MAX: none of ours */
    uint16_t content;
};

struct oracle {
    struct world *world;
    struct fact *facts; /* facts[seq - 1] */
    size_t count;
    struct roots roots;
};

static void oracle_close(struct oracle *oracle)
{
    free(oracle->facts);
    roots_close(&oracle->roots);
}

static bool is_report(int kind)
{
    return kind == KIND_REPORT || kind == KIND_EARLIER_RECEIPT;
}

/* ---- reading ---- */

static bool read_fact(struct oracle *oracle, const struct record *record, struct fact *ret_fact)
{
    struct world *world = oracle->world;
    struct envelope envelope;
    *ret_fact = (struct fact){.header = record->header, .institution = INSTITUTIONS_MAX};
    for (size_t i = 0; i < world->institution_count; i++) {
        if (strcmp(record->header.institution, world_institution(i)) == 0) {
            ret_fact->institution = i;
        }
    }
    if (!is_report(record->header.kind)) {
        return true;
    }
    arena_reset(&world->arena);
    if (!WELL(world, envelope_open(record->body, MESSAGE_TOLERANT, &world->arena, &envelope))) {
        return false;
    }
    ret_fact->content = envelope.message->operations != NULL
                            ? (uint16_t)envelope.message->operations->branches_total
                            : 0;
    if (memcmp(envelope.id, record->header.id, SHA256_BYTES) != 0) {
        world_break(world, "record %llu holds other bytes than its id says",
                    (unsigned long long)record->header.seq);
    }
    return true;
}

static bool read_journal(struct oracle *oracle)
{
    struct world *world = oracle->world;
    AUTO(txn_end) struct txn txn = {0};
    if (!ledger_roots(world, &oracle->roots) ||
        !WELL(world, txn_begin(store_env(world->hub.store), false, &txn))) {
        return false;
    }
    oracle->facts = calloc(oracle->roots.size + 1, sizeof *oracle->facts);
    if (oracle->facts == NULL) {
        return WELL(world, ERR_MEMORY);
    }
    for (uint64_t seq = 1; seq <= oracle->roots.size; seq++) {
        struct record record;
        if (!WELL(world, journal_get(&txn, seq, &record)) ||
            !read_fact(oracle, &record, &oracle->facts[oracle->count])) {
            return false;
        }
        if (record.header.seq != seq) {
            world_break(world, "record %llu says that it is %llu", (unsigned long long)seq,
                        (unsigned long long)record.header.seq);
        }
        oracle->count++;
    }
    return !world->is_broken;
}

/* ---- L2, L3, L4: the journal holds what was submitted, signed by a key in force, once ---- */

static bool was_submitted(const struct oracle *oracle, const struct fact *fact)
{
    const struct ledger *ledger = &oracle->world->ledger;
    for (size_t i = 0; i < ledger->submitted_count; i++) {
        const struct submitted *row = &ledger->submitted[i];
        if (memcmp(row->id, fact->header.id, SHA256_BYTES) == 0) {
            return row->institution == fact->institution && row->content == fact->content;
        }
    }
    return false;
}

static void judge_key(const struct oracle *oracle, const struct fact *fact)
{
    size_t generation = 0;
    while (generation < GENERATIONS &&
           memcmp(fact->header.signer, signing_key_public(world_key(fact->institution, generation)),
                  PUBLIC_KEY_BYTES) != 0) {
        generation++;
    }
    if (generation == GENERATIONS) {
        world_break(oracle->world, "record %llu is signed by a key that is not its institution's",
                    (unsigned long long)fact->header.seq);
    }
}

static void judge_once(const struct oracle *oracle, size_t at)
{
    const struct header *header = &oracle->facts[at].header;
    for (size_t i = 0; i < at; i++) {
        const struct header *before = &oracle->facts[i].header;
        if (before->kind == header->kind && header->kind != KIND_EARLIER_RECEIPT &&
            memcmp(before->id, header->id, SHA256_BYTES) == 0) {
            world_break(oracle->world, "records %llu and %llu have one id",
                        (unsigned long long)before->seq, (unsigned long long)header->seq);
        }
    }
}

static void judge_records(const struct oracle *oracle)
{
    uint64_t last[INSTITUTIONS_MAX] = {0};
    for (size_t i = 0; i < oracle->count && !oracle->world->is_broken; i++) {
        const struct fact *fact = &oracle->facts[i];
        judge_once(oracle, i);
        if (!is_report(fact->header.kind)) {
            continue;
        }
        if (fact->institution == INSTITUTIONS_MAX || !was_submitted(oracle, fact)) {
            world_break(oracle->world, "record %llu was never submitted",
                        (unsigned long long)fact->header.seq);
            return;
        }
        judge_key(oracle, fact);
        if (fact->header.previous_seq != last[fact->institution] &&
            fact->header.kind == KIND_REPORT) {
            world_break(oracle->world, "record %llu links to %llu instead of %llu",
                        (unsigned long long)fact->header.seq,
                        (unsigned long long)fact->header.previous_seq,
                        (unsigned long long)last[fact->institution]);
        }
        if (fact->header.kind == KIND_REPORT) {
            last[fact->institution] = fact->header.seq;
        }
    }
}

/* ---- L1: what a living agent holds a receipt for is in the history, no later, no worse ---- */

/* What the journal says of an id: false: nothing. */
static bool fold_id(const struct oracle *oracle, const uint8_t id[static SHA256_BYTES],
                    bool *ret_is_accepted, int64_t *ret_first_us)
{
    bool is_held = false;
    *ret_is_accepted = false;
    *ret_first_us = INT64_MAX;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct header *header = &oracle->facts[i].header;
        if (!is_report(header->kind) || memcmp(header->id, id, SHA256_BYTES) != 0) {
            continue;
        }
        is_held = is_held || header->kind == KIND_REPORT;
        *ret_is_accepted = *ret_is_accepted || verdict_accepts(header->verdict);
        if (header->first_received_at_us < *ret_first_us) {
            *ret_first_us = header->first_received_at_us;
        }
    }
    return is_held;
}

static void judge_receipt(const struct oracle *oracle, const struct agent_side *agent,
                          struct txn *txn, const struct held_receipt *held)
{
    struct world *world = oracle->world;
    struct entry entry;
    bool is_accepted = false;
    int64_t first_us = 0;
    if (outbox_find(txn, held->id, &entry) != ERR_OK || entry.best.size == 0) {
        world_break(world, "a receipted report left the table of agent %zu", agent->number);
    } else if (!fold_id(oracle, held->id, &is_accepted, &first_us)) {
        world_break(world, "a report that agent %zu holds a receipt for is not in the journal",
                    agent->number);
    } else if (first_us > held->first_us || (held->is_accepted && !is_accepted)) {
        world_break(world, "a report of agent %zu counts from %lld, %s; its receipt says %lld, %s",
                    agent->number, (long long)first_us, is_accepted ? "accepted" : "rejected",
                    (long long)held->first_us, held->is_accepted ? "accepted" : "rejected");
    }
}

/* The journal, or the agent's table where it was refused for its key. */
static void judge_queued(const struct oracle *oracle, const struct agent_side *agent,
                         uint16_t content)
{
    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->facts[i].header.kind == KIND_REPORT && oracle->facts[i].content == content) {
            return;
        }
    }
    world_break(oracle->world, "figures %u, which agent %zu queued, never came", content,
                agent->number);
}

struct refused_search {
    const struct oracle *oracle;
    uint16_t refused[CONTENTS_MAX];
    size_t count;
};

/* Only for its key, and only where trying again cannot help, or something newer took its place. */
static enum err visit_refused(void *context, const struct entry *entry)
{
    struct refused_search *search = context;
    struct world *world = search->oracle->world;
    AUTO(arena_close) struct arena arena = {0};
    const PbReport *report = NULL;
    if (entry->state != ENTRY_REFUSED) {
        return ERR_OK;
    }
    if (strcmp(entry->refused_rule, "ENV-03") != 0) {
        world_break(world, "a report stays refused by %s: %.200s", entry->refused_rule,
                    entry->refused_text);
    }
    enum err err = MESSAGE_UNPACK(report, MESSAGE_TOLERANT, entry->report, &arena, &report);
    if (err == ERR_OK && report->operations != NULL && search->count < CONTENTS_MAX) {
        search->refused[search->count++] = (uint16_t)report->operations->branches_total;
    }
    return err;
}

static bool is_refused(const struct refused_search *search, uint16_t content)
{
    for (size_t i = 0; i < search->count; i++) {
        if (search->refused[i] == content) {
            return true;
        }
    }
    return false;
}

/* Each copy has what the others sent. */
static void judge_counts(const struct oracle *oracle, const struct agent_side *agent,
                         struct txn *txn)
{
    struct world *world = oracle->world;
    for (size_t i = 0; i < agent->institution_count; i++) {
        uint64_t receipted = 0;
        uint64_t held = 0;
        for (size_t k = 0; k < oracle->count; k++) {
            held += oracle->facts[k].header.kind == KIND_REPORT &&
                    oracle->facts[k].institution == agent->institution_indexes[i];
        }
        if (WELL(world, outbox_receipted(txn, agent->institutions[i], &receipted)) &&
            receipted != held) {
            world_break(world, "agent %zu has %llu receipts of %s, the hub %llu reports",
                        agent->number, (unsigned long long)receipted, agent->institutions[i],
                        (unsigned long long)held);
        }
    }
}

static void judge_agent(const struct oracle *oracle, struct agent_side *agent)
{
    struct world *world = oracle->world;
    AUTO(txn_end) struct txn txn = {0};
    struct refused_search search = {.oracle = oracle};
    struct outbox_counts counts = agent_counts(agent);
    if (counts.queued + counts.drafts + counts.to_offer > 0) {
        world_break(world,
                    "the outbox of agent %zu is not empty: %llu queued, %llu drafts, %llu to offer",
                    agent->number, (unsigned long long)counts.queued,
                    (unsigned long long)counts.drafts, (unsigned long long)counts.to_offer);
    }
    if (!WELL(world, txn_begin(outbox_env(agent->outbox), false, &txn)) ||
        !WELL(world, outbox_walk(&txn, NULL, visit_refused, &search))) {
        return;
    }
    for (size_t i = 0; i < agent->books.receipt_count && !world->is_broken; i++) {
        judge_receipt(oracle, agent, &txn, &agent->books.receipts[i]);
    }
    for (size_t i = 0; i < agent->books.queued_count && !world->is_broken; i++) {
        if (!is_refused(&search, agent->books.queued[i])) {
            judge_queued(oracle, agent, agent->books.queued[i]);
        }
    }
    judge_counts(oracle, agent, &txn);
}

/* ---- the current report: the highest accepted vintage; of two, the one first received ---- */

static uint16_t current_content(const struct oracle *oracle, size_t institution, int32_t end_day)
{
    const struct header *best = NULL;
    uint16_t content = 0;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct header *header = &oracle->facts[i].header;
        if (!is_report(header->kind) || oracle->facts[i].institution != institution ||
            header->period_end_day != end_day || !verdict_accepts(header->verdict)) {
            continue;
        }
        bool is_better = best == NULL || header->vintage > best->vintage ||
                         (header->vintage == best->vintage &&
                          header->first_received_at_us < best->first_received_at_us);
        if (is_better) {
            best = header;
            content = oracle->facts[i].content;
        }
    }
    return content;
}

static void judge_current(const struct oracle *oracle, size_t institution, unsigned place)
{
    struct world *world = oracle->world;
    AUTO(txn_end) struct txn txn = {0};
    char key[PERIOD_KEY_MAX + 1];
    struct period period;
    PbPeriod message = IHURIRO__V1__PERIOD__INIT;
    const PbReport *report = NULL;
    snprintf(key, sizeof key, "2020-%02u", 4 + place);
    arena_reset(&world->arena);
    if (!WELL(world, period_parse(key, &period)) ||
        !WELL(world, txn_begin(store_env(world->hub.store), false, &txn))) {
        return;
    }
    message.frequency = IHURIRO__V1__PERIOD__FREQUENCY__M;
    message.end_day = period.end_day;
    uint16_t expected = current_content(oracle, institution, period.end_day);
    if (!WELL(world, current_report(&txn, TYPE_OPERATIONS, &message, world_institution(institution),
                                    &world->arena, &report))) {
        return;
    }
    uint16_t is = report == NULL ? 0 : (uint16_t)report->operations->branches_total;
    if (is != expected) {
        world_break(world, "the current report of %s %s has figures %u and should have %u",
                    world_institution(institution), key, is, expected);
    }
}

/* ---- L6: every checkpoint that was ever seen ---- */

static bool knows_of_loss(const struct oracle *oracle, uint64_t behind)
{
    for (size_t i = 0; i < oracle->count; i++) {
        int kind = oracle->facts[i].header.kind;
        if ((kind == KIND_RESTORED || kind == KIND_HISTORY_LOST) &&
            oracle->facts[i].header.seq > behind) {
            return true;
        }
    }
    return false;
}

static void judge_checkpoints(const struct oracle *oracle)
{
    const struct ledger *ledger = &oracle->world->ledger;
    for (size_t i = 0; i < ledger->seen_count; i++) {
        const struct position *position = &ledger->seen[i].position;
        bool must_stand = true;
        for (size_t k = ledger->seen[i].era; k < ledger->loss_count; k++) {
            must_stand = must_stand && position->size <= ledger->losses[k].kept;
        }
        bool does_stand = position->size <= oracle->roots.size &&
                          memcmp(oracle->roots.items[position->size].bytes, position->root.bytes,
                                 SHA256_BYTES) == 0;
        if (must_stand && !does_stand) {
            world_break(oracle->world, "a signed checkpoint of %llu records is not of this tree",
                        (unsigned long long)position->size);
        }
    }
    for (size_t k = 0; k < ledger->loss_count; k++) {
        const struct loss *loss = &ledger->losses[k];
        /* The same records again, of the same microseconds, are the same history. */
        if (loss->must_be_known && !roots_hold(&oracle->roots, &loss->known) &&
            !knows_of_loss(oracle, loss->kept)) {
            world_break(oracle->world,
                        "history behind record %llu was lost, a living agent knew, and the "
                        "journal does not say so",
                        (unsigned long long)ledger->losses[k].kept);
        }
    }
}

/* ---- L5: what each reader put out ---- */

static bool sees(const struct reader_side *reader, const struct fact *fact)
{
    switch (fact->header.kind) {
    case KIND_REPORT:
    case KIND_EARLIER_RECEIPT:
        return reader->role != READER_MEMBER || fact->institution == 0;
    case KIND_ACCESS:
        return reader->role == READER_REGULATOR ||
               (reader->role == READER_MEMBER && fact->header.institution[0] == '\0');
    case KIND_KEYS:
        if (reader->role == READER_STAFF) {
            return strcmp(fact->header.institution, "AMIR") == 0;
        }
        return reader->role == READER_REGULATOR || fact->institution == 0;
    case KIND_AGREEMENT:
        return reader->role != READER_MEMBER || fact->institution == 0;
    default:
        return true;
    }
}

static void judge_reader(const struct oracle *oracle, const struct reader_side *reader)
{
    struct world *world = oracle->world;
    const struct position *position = &reader->cursor.position;
    size_t at = 0;
    if (position->size != oracle->roots.size ||
        memcmp(position->root.bytes, oracle->roots.items[position->size].bytes, SHA256_BYTES) !=
            0) {
        world_break(world, "reader %zu stands at %llu, not at the journal's end %llu",
                    reader->number, (unsigned long long)position->size,
                    (unsigned long long)oracle->roots.size);
        return;
    }
    for (size_t i = 0; i < oracle->count; i++) {
        const struct fact *fact = &oracle->facts[i];
        if (!sees(reader, fact)) {
            continue;
        }
        if (at >= reader->line_count || reader->lines[at].seq != fact->header.seq ||
            memcmp(reader->lines[at].id, fact->header.id, SHA256_BYTES) != 0) {
            world_break(world, "reader %zu: line %zu is not record %llu", reader->number, at + 1,
                        (unsigned long long)fact->header.seq);
            return;
        }
        at++;
    }
    if (at != reader->line_count) {
        world_break(world, "reader %zu put out %zu lines, and may see %zu records", reader->number,
                    reader->line_count, at);
    }
}

/* ---- whose institutions are back ---- */

static void judge_back(const struct oracle *oracle)
{
    struct world *world = oracle->world;
    if (!WELL(world, writer_begin(world->hub.writer, world->wall_us))) {
        return;
    }
    for (size_t i = 0; i < world->institution_count; i++) {
        bool is_missing = false;
        if (WELL(world, writer_is_missing(world->hub.writer, world_institution(i), &is_missing)) &&
            is_missing) {
            world_break(world, "%s has nothing left to offer, and is not called back",
                        world_institution(i));
        }
    }
    writer_abort(world->hub.writer);
}

static void tell_problem(void *context, const char *sentence)
{
    world_break(context, "the store's check: %.400s", sentence);
}

void oracle_judge(struct world *world)
{
    AUTO(oracle_close) struct oracle oracle = {.world = world};
    struct check_report report = {0};
    if (!read_journal(&oracle)) {
        return;
    }
    judge_records(&oracle);
    for (size_t i = 0; i < world->agent_count && !world->is_broken; i++) {
        judge_agent(&oracle, &world->agents[i]);
        judge_owed(world, &world->agents[i]);
    }
    for (size_t i = 0; i < world->institution_count * PLACES && !world->is_broken; i++) {
        judge_current(&oracle, i / PLACES, (unsigned)(i % PLACES));
    }
    judge_checkpoints(&oracle);
    for (size_t i = 0; i < world->reader_count && !world->is_broken; i++) {
        judge_reader(&oracle, &world->readers[i]);
    }
    judge_back(&oracle);
    (void)WELL(world, check_store(world->hub.store, &world->hub.identity, tell_problem, world, NULL,
                                  &report));
    if (report.records != oracle.count && !world->is_broken) {
        world_break(world, "the store's check counts %llu records, the oracle %zu",
                    (unsigned long long)report.records, oracle.count);
    }
}
