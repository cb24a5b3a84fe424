/* What was said, kept outside of whoever may crash; and what can be judged at once. */
#include <string.h>

#include "tests/simulation/world.h"

/* ---- submitted ---- */

static uint16_t content_of(const PbReport *report)
{
    return report->operations != NULL ? (uint16_t)report->operations->branches_total : 0;
}

static bool is_submitted(const struct ledger *ledger, const uint8_t id[static SHA256_BYTES])
{
    for (size_t i = 0; i < ledger->submitted_count; i++) {
        if (memcmp(ledger->submitted[i].id, id, SHA256_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* A frame that an agent put on the wire. */
void ledger_sent(struct world *world, const struct agent_side *agent, struct bytes frame)
{
    struct ledger *ledger = &world->ledger;
    const Ihuriro__V1__Submit *submit = NULL;
    struct envelope envelope;
    struct bytes body;
    int verb = 0;
    if (frame_open(frame, &verb, &body) != ERR_OK || verb != VERB_SUBMIT) {
        return;
    }
    arena_reset(&world->arena);
    if (MESSAGE_UNPACK(submit, MESSAGE_TOLERANT, body, &world->arena, &submit) != ERR_OK ||
        envelope_open(bytes_of_pb(submit->envelope), MESSAGE_CANONICAL, &world->arena, &envelope) !=
            ERR_OK) {
        world_break(world, "agent %zu sends what cannot be read", agent->number);
        return;
    }
    world_say(world, "agent %zu %s figures %u, vintage %u", agent->number,
              submit->has_receipt ? "offers" : "sends", content_of(envelope.message),
              envelope.message->vintage);
    if (is_submitted(ledger, envelope.id)) {
        return;
    }
    if (ledger->submitted_count == sizeof ledger->submitted / sizeof ledger->submitted[0]) {
        world_break(world, "the ledger has no room for another report");
        return;
    }
    struct submitted *row = &ledger->submitted[ledger->submitted_count++];
    memcpy(row->id, envelope.id, SHA256_BYTES);
    row->content = content_of(envelope.message);
    for (size_t i = 0; i < INSTITUTIONS_MAX; i++) {
        if (strcmp(world_institution(i), envelope.message->institution) == 0) {
            row->institution = i;
        }
    }
}

/* ---- checkpoints ---- */

void ledger_saw(struct world *world, const struct position *position)
{
    struct ledger *ledger = &world->ledger;
    for (size_t i = ledger->seen_count; i > 0; i--) {
        struct seen_checkpoint *seen = &ledger->seen[i - 1];
        if (seen->era == ledger->loss_count && position_equal(&seen->position, position)) {
            return;
        }
    }
    if (ledger->seen_count == SEEN_MAX) {
        world_break(world, "the ledger has no room for another checkpoint");
        return;
    }
    ledger->seen[ledger->seen_count++] =
        (struct seen_checkpoint){.position = *position, .era = (uint32_t)ledger->loss_count};
}

static void saw_text(struct world *world, struct bytes text)
{
    struct checkpoint checkpoint;
    if (checkpoint_parse(text, &checkpoint) != ERR_OK) {
        world_break(world, "the hub gave a checkpoint that cannot be read");
        return;
    }
    ledger_saw(world, &checkpoint.position);
}

/* ---- what the hub says: every record that it speaks of must be on its disk ---- */

static void check_committed(struct world *world, struct txn *txn, struct bytes raw_header)
{
    struct header header;
    struct record record;
    if (header_decode(raw_header, &header) != ERR_OK) {
        world_break(world, "the hub gave a header that cannot be read");
        return;
    }
    if (journal_get(txn, header.seq, &record) != ERR_OK ||
        !bytes_equal(record.raw_header, raw_header)) {
        world_break(world, "the hub spoke of record %llu, which is not committed",
                    (unsigned long long)header.seq);
    }
}

void ledger_answered(struct world *world, struct bytes frame)
{
    const Ihuriro__V1__Answers *answers = NULL;
    AUTO(txn_end) struct txn txn = {0};
    struct bytes body;
    int verb = 0;
    if (frame_open(frame, &verb, &body) != ERR_OK || verb != VERB_ANSWERS) {
        return;
    }
    arena_reset(&world->arena);
    if (!WELL(world, MESSAGE_UNPACK(answers, MESSAGE_TOLERANT, body, &world->arena, &answers)) ||
        !WELL(world, txn_begin(store_env(world->hub.store), false, &txn))) {
        return;
    }
    if (answers->has_checkpoint) {
        saw_text(world, bytes_of_pb(answers->checkpoint));
    }
    for (size_t i = 0; i < answers->n_answers; i++) {
        if (answers->answers[i]->has_header) {
            check_committed(world, &txn, bytes_of_pb(answers->answers[i]->header));
        }
    }
}

/* Nothing is sent to whom the right was taken from. */
static void check_sight(struct world *world, const struct reader_side *reader,
                        const Ihuriro__V1__RecordView *view)
{
    struct header header;
    if (header_decode(bytes_of_pb(view->header), &header) != ERR_OK) {
        world_break(world, "the hub gave a header that cannot be read");
        return;
    }
    bool is_report = header.kind == KIND_REPORT || header.kind == KIND_EARLIER_RECEIPT;
    for (size_t i = 0; i < world->institution_count && is_report; i++) {
        bool is_its = strcmp(header.institution, world_institution(i)) == 0;
        bool may_whole = reader->role == READER_REGULATOR ||
                         (reader->role == READER_STAFF && world->hub.standing.shares[i]) ||
                         (reader->role == READER_MEMBER && i == 0);
        bool may_header = may_whole || reader->role == READER_STAFF;
        if (is_its && ((view->has_body && !may_whole) || !may_header)) {
            world_break(world, "record %llu was sent to a reader who may not see it",
                        (unsigned long long)header.seq);
        }
        if (is_its && may_whole && !view->has_body) {
            world_break(world, "of record %llu only the header was sent to who may see it",
                        (unsigned long long)header.seq);
        }
    }
}

void ledger_records(struct world *world, const struct reader_side *reader, struct bytes frame)
{
    const Ihuriro__V1__Records *records = NULL;
    AUTO(txn_end) struct txn txn = {0};
    struct bytes body;
    int verb = 0;
    if (frame_open(frame, &verb, &body) != ERR_OK || verb != VERB_RECORDS) {
        return;
    }
    arena_reset(&world->arena);
    if (!WELL(world, MESSAGE_UNPACK(records, MESSAGE_TOLERANT, body, &world->arena, &records)) ||
        !WELL(world, txn_begin(store_env(world->hub.store), false, &txn))) {
        return;
    }
    saw_text(world, bytes_of_pb(records->checkpoint));
    for (size_t i = 0; i < records->n_records; i++) {
        check_committed(world, &txn, bytes_of_pb(records->records[i]->header));
        check_sight(world, reader, records->records[i]);
    }
}

/* ---- receipts that an agent counted ---- */

static bool is_worse(bool is_accepted, int64_t first_us, const struct held_receipt *than)
{
    return (than->is_accepted && !is_accepted) ||
           (than->is_accepted == is_accepted && first_us > than->first_us);
}

static struct held_receipt *held_of(struct world *world, struct agent_books *books,
                                    const uint8_t id[static SHA256_BYTES])
{
    for (size_t i = 0; i < books->receipt_count; i++) {
        if (memcmp(books->receipts[i].id, id, SHA256_BYTES) == 0) {
            return &books->receipts[i];
        }
    }
    if (books->receipt_count == HELD_RECEIPTS) {
        world_break(world, "the ledger has no room for another receipt");
        return &books->receipts[0];
    }
    struct held_receipt *held = &books->receipts[books->receipt_count++];
    *held = (struct held_receipt){.first_us = INT64_MAX};
    memcpy(held->id, id, SHA256_BYTES);
    return held;
}

/* A lone agent's report is never rejected for its vintage. */
static void check_vintage(struct world *world, const struct receipt *receipt)
{
    const PbJudgement *judgement = NULL;
    /* What one history rejected or refused another may have accepted. */
    bool is_alone =
        !world->rules_changed && !(world->ledger.was_refused && world->ledger.loss_count > 0);
    for (size_t i = 0; i < world->institution_count; i++) {
        is_alone = is_alone && !(strcmp(receipt->header.institution, world_institution(i)) == 0 &&
                                 world->ledger.has_copies[i]);
    }
    if (!is_alone || receipt->header.verdict != VERDICT_REJECTED ||
        !WELL(world, MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, receipt->judgement, &world->arena,
                                    &judgement))) {
        return;
    }
    for (size_t i = 0; i < judgement->n_findings; i++) {
        if (strcmp(judgement->findings[i]->rule, "ENV-04") == 0) {
            world_break(world, "an only agent's report was rejected for its vintage (%u)",
                        receipt->header.vintage);
        }
    }
}

void ledger_receipt(struct world *world, struct agent_side *agent, const struct entry_key *key)
{
    AUTO(txn_end) struct txn txn = {0};
    struct entry entry;
    struct receipt best;
    struct receipt latest;
    arena_reset(&world->arena);
    world->ledger.receipts++;
    if (!WELL(world, txn_begin(outbox_env(agent->outbox), false, &txn)) ||
        !WELL(world, outbox_get(&txn, key, &entry))) {
        return;
    }
    if (entry.best.size == 0 || entry.latest.size == 0) {
        world_break(world, "agent %zu counts a receipt that it did not store", agent->number);
        return;
    }
    if (!WELL(world, receipt_open(entry.best, &world->arena, &best)) ||
        !WELL(world, receipt_open(entry.latest, &world->arena, &latest)) ||
        !WELL(world, receipt_verify(&latest, &world->hub.identity, entry.id, NULL)) ||
        !WELL(world, receipt_verify(&best, &world->hub.identity, entry.id, NULL))) {
        return;
    }
    struct held_receipt *held = held_of(world, &agent->books, entry.id);
    bool is_accepted = verdict_accepts(latest.header.verdict);
    if (!is_worse(is_accepted, latest.header.first_received_at_us, held)) {
        held->is_accepted = is_accepted;
        held->first_us = latest.header.first_received_at_us;
    }
    held->position = latest.checkpoint.position;
    held->era = (uint32_t)world->ledger.loss_count;
    if (is_worse(verdict_accepts(best.header.verdict), best.header.first_received_at_us, held)) {
        world_break(world, "agent %zu threw away a receipt better than the one kept",
                    agent->number);
    }
    check_vintage(world, &latest);
}

/* ---- the tree, computed here from the headers alone ---- */

void roots_close(struct roots *roots)
{
    free(roots->items);
    *roots = (struct roots){0};
}

static void root_of(const struct hash subtrees[static 64], uint64_t size, struct hash *ret_root)
{
    bool has_root = false;
    for (unsigned level = 0; level < 64; level++) {
        if ((size >> level & 1) != 0 && has_root) {
            merkle_node(&subtrees[level], ret_root, ret_root);
        } else if ((size >> level & 1) != 0) {
            *ret_root = subtrees[level];
            has_root = true;
        }
    }
}

bool ledger_roots(struct world *world, struct roots *ret_roots)
{
    AUTO(txn_end) struct txn txn = {0};
    struct hash subtrees[64];
    struct roots roots = {0};
    if (!WELL(world, txn_begin(store_env(world->hub.store), false, &txn))) {
        return false;
    }
    roots.size = journal_size(&txn);
    roots.items = calloc(roots.size + 1, sizeof *roots.items);
    if (roots.items == NULL) {
        return WELL(world, ERR_MEMORY);
    }
    merkle_empty(&roots.items[0]);
    for (uint64_t n = 0; n < roots.size; n++) {
        struct record record;
        struct hash node;
        unsigned level = 0;
        if (!WELL(world, journal_get(&txn, n + 1, &record))) {
            roots_close(&roots);
            return false;
        }
        merkle_leaf(record.raw_header, &node);
        for (; (n >> level & 1) != 0; level++) {
            merkle_node(&subtrees[level], &node, &node);
        }
        subtrees[level] = node;
        root_of(subtrees, n + 1, &roots.items[n + 1]);
    }
    *ret_roots = roots;
    return true;
}

bool roots_hold(const struct roots *roots, const struct position *position)
{
    return position->size <= roots->size &&
           memcmp(roots->items[position->size].bytes, position->root.bytes, SHA256_BYTES) == 0;
}

struct looking {
    const struct roots *before;
    const struct roots *after;
    bool has_lost;
    struct position known; /* where it has: the largest that is lost */
};

static enum err visit_shown(void *context, const struct entry *entry)
{
    struct looking *looking = context;
    AUTO(arena_close) struct arena arena = {0};
    struct receipt latest;
    if (entry->latest.size == 0 || entry->to_offer || entry->report.size == 0) {
        return ERR_OK;
    }
    enum err err = receipt_open(entry->latest, &arena, &latest);
    const struct position *position = &latest.checkpoint.position;
    if (err == ERR_OK && roots_hold(looking->before, position) &&
        !roots_hold(looking->after, position)) {
        looking->has_lost = true;
        looking->known = position->size > looking->known.size ? *position : looking->known;
    }
    return err;
}

void ledger_lost(struct world *world, const struct roots *before)
{
    struct roots after = {0};
    struct looking looking = {.before = before, .after = &after};
    struct ledger *ledger = &world->ledger;
    uint64_t kept = 0;
    if (world->is_broken || !ledger_roots(world, &after)) {
        return;
    }
    while (kept < before->size && kept < after.size &&
           memcmp(before->items[kept + 1].bytes, after.items[kept + 1].bytes, SHA256_BYTES) == 0) {
        kept++;
    }
    for (size_t i = 0; i < world->agent_count; i++) {
        AUTO(txn_end) struct txn txn = {0};
        if (WELL(world, txn_begin(outbox_env(world->agents[i].outbox), false, &txn))) {
            (void)WELL(world, outbox_walk(&txn, NULL, visit_shown, &looking));
        }
    }
    for (size_t i = 0; i < ledger->loss_count; i++) {
        ledger->losses[i].must_be_known = false; /* the record that tells may be gone itself */
    }
    if (ledger->loss_count == LOSSES_MAX) {
        world_break(world, "the ledger has no room for another loss");
    } else {
        ledger->losses[ledger->loss_count++] =
            (struct loss){.kept = kept, .must_be_known = looking.has_lost, .known = looking.known};
    }
    world_say(world, "    %llu records stand; what is lost is %sknown to a living agent",
              (unsigned long long)kept, looking.has_lost ? "" : "not ");
    roots_close(&after);
}

/* ---- what a turn has committed: nothing fresh is signed by a key that is revoked ---- */

static bool was_receipted(const struct world *world, const uint8_t id[static SHA256_BYTES])
{
    for (size_t i = 0; i < world->agent_count; i++) {
        const struct agent_books *books = &world->agents[i].books;
        for (size_t k = 0; k < books->receipt_count; k++) {
            if (memcmp(books->receipts[k].id, id, SHA256_BYTES) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void check_fresh(struct world *world, const struct header *header)
{
    const struct standing *standing = &world->hub.standing;
    for (size_t i = 0; i < world->institution_count; i++) {
        for (size_t k = 0; k < GENERATIONS; k++) {
            if (standing->is_revoked[i][k] &&
                memcmp(header->signer, signing_key_public(world_key(i, k)), PUBLIC_KEY_BYTES) ==
                    0) {
                world_break(world, "record %llu: a key signed something fresh after its revocation",
                            (unsigned long long)header->seq);
            }
        }
    }
}

/* A fresh report is accepted only with the next vintage. */
static void check_next(struct world *world, struct txn *txn, const struct header *header)
{
    struct record record;
    for (uint64_t seq = 1; seq < header->seq && verdict_accepts(header->verdict); seq++) {
        if (!WELL(world, journal_get(txn, seq, &record))) {
            return;
        }
        const struct header *before = &record.header;
        bool is_report = before->kind == KIND_REPORT || before->kind == KIND_EARLIER_RECEIPT;
        if (is_report && verdict_accepts(before->verdict) && before->vintage >= header->vintage &&
            before->type == header->type && before->period_end_day == header->period_end_day &&
            strcmp(before->institution, header->institution) == 0) {
            world_break(world, "record %llu was accepted with a vintage that record %llu has",
                        (unsigned long long)header->seq, (unsigned long long)seq);
        }
    }
}

void ledger_committed(struct world *world, uint64_t before, uint64_t size)
{
    AUTO(txn_end) struct txn txn = {0};
    if (!WELL(world, txn_begin(store_env(world->hub.store), false, &txn))) {
        return;
    }
    for (uint64_t seq = before + 1; seq <= size; seq++) {
        struct record record;
        enum err err = journal_get(&txn, seq, &record);
        if (err == ERR_NOT_FOUND) {
            world_break(world, "the hub counts record %llu, which is not committed",
                        (unsigned long long)seq);
            return;
        }
        if (WELL(world, err) && record.header.kind == KIND_REPORT &&
            record.header.first_received_at_us == world->hub.ingest.now_us &&
            !was_receipted(world, record.header.id)) {
            check_fresh(world, &record.header);
            check_next(world, &txn, &record.header);
        }
    }
}
