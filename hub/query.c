#include "hub/query.h"

#include <string.h>

#include "hub/prove.h"

#define SCOPES_KEPT 4

/* The records of a pull that is being fetched: what they are does not change, since the journal
 * only grows, the bound is fixed, and other rights are another key. */
struct scope_kept {
    struct access_key key;
    uint64_t used;
    struct scope scope;
};

/* A SNAPSHOT whose access waits for its commit. */
struct waiting {
    uint64_t ticket; /* 0: free */
    struct peer peer;
    struct access_key key;
    struct buffer answer;
};

struct query {
    struct reading_out out;
    const struct hub_identity *identity;
    struct scanner *scanner;
    struct accesses *accesses;
    struct arena arena; /* the message in hand */
    uint64_t tickets;
    size_t waiting_count;
    struct waiting waiting[SNAPSHOTS_WAITING_MAX];
    uint64_t uses;
    struct scope_kept scopes[SCOPES_KEPT];
};

/* One request in hand. */
struct asked {
    struct query *query;
    const struct reading *reading;
    const struct peer *peer;
    const struct party *reader;
    struct bytes body;
    uint8_t rights[SHA256_BYTES];
};

static enum err take_snapshot(struct asked *asked);
static enum err take_fetch(struct asked *asked);
static enum err take_prove(struct asked *asked);
static enum err take_settings(struct asked *asked);

static const struct {
    enum verb verb;
    enum err (*take)(struct asked *asked);
} verbs[] = {
    {VERB_SNAPSHOT, take_snapshot},
    {VERB_FETCH, take_fetch},
    {VERB_PROVE, take_prove},
    {VERB_GET_SETTINGS, take_settings},
};

static void refuse(const struct asked *asked, const char *rule, const char *text)
{
    reading_refuse(asked->reading, &asked->query->out, asked->peer, rule, text);
}

static enum err malformed(const struct asked *asked, const char *text)
{
    refuse(asked, "BAD_REQUEST", text);
    return ERR_OK;
}

enum err query_make(const struct reading_out *out, const struct hub_identity *identity,
                    struct query **ret_query)
{
    AUTO(query_close) struct query *query = calloc(1, sizeof *query);
    if (query == NULL) {
        return ERR_MEMORY;
    }
    query->out = *out;
    query->identity = identity;
    enum err err = scanner_make(&query->scanner);
    err = err != ERR_OK ? err : accesses_make(&query->accesses);
    if (err == ERR_OK) {
        *ret_query = STEAL(query);
    }
    return err;
}

void query_close(struct query **query)
{
    if (*query == NULL) {
        return;
    }
    for (size_t i = 0; i < SNAPSHOTS_WAITING_MAX; i++) {
        buffer_close(&(*query)->waiting[i].answer);
    }
    for (size_t i = 0; i < SCOPES_KEPT; i++) {
        scope_close(&(*query)->scopes[i].scope);
    }
    scanner_close(&(*query)->scanner);
    accesses_close(&(*query)->accesses);
    arena_close(&(*query)->arena);
    free(*query);
    *query = NULL;
}

size_t query_waiting(const struct query *query)
{
    return query->waiting_count;
}

enum err query_take(struct query *query, const struct reading *reading, const struct peer *peer,
                    struct bytes frame)
{
    struct asked asked = {.query = query, .reading = reading, .peer = peer};
    int verb = 0;
    if (frame_open(frame, &verb, &asked.body) != ERR_OK) {
        return malformed(&asked, "This is no frame of version 1.");
    }
    asked.reader = reading_party(reading, &query->out, peer);
    if (asked.reader == NULL) {
        return ERR_OK;
    }
    arena_reset(&query->arena);
    enum err err = access_rights(asked.reader, reading->registry, asked.rights);
    size_t at = 0;
    while (at < sizeof verbs / sizeof verbs[0] && (int)verbs[at].verb != verb) {
        at++;
    }
    if (err == ERR_OK && at == sizeof verbs / sizeof verbs[0]) {
        return malformed(&asked, "The query door takes SNAPSHOT, FETCH, PROVE and GET_SETTINGS.");
    }
    err = err != ERR_OK ? err : verbs[at].take(&asked);
    if (err != ERR_OK) {
        reading_retry_later(reading, &query->out, peer, 60, "The hub could not read its store.");
    }
    return err;
}

static enum err take_settings(struct asked *asked)
{
    return reading_settings(asked->reading, &asked->query->out, asked->peer, asked->reader,
                            asked->body);
}

static enum err take_prove(struct asked *asked)
{
    const Ihuriro__V1__Prove *prove = NULL;
    struct complaint complaint = {{0}};
    AUTO(buffer_close) struct buffer frame = {0};
    if (MESSAGE_UNPACK(prove, MESSAGE_TOLERANT, asked->body, &asked->query->arena, &prove) !=
        ERR_OK) {
        return malformed(asked, "This PROVE cannot be read.");
    }
    enum err err = prove_answer(asked->reading, asked->reader, asked->query->identity, prove,
                                &complaint, &frame);
    if (err == ERR_REFUSED || err == ERR_LOST) {
        refuse(asked, err == ERR_LOST ? "UNDECLARED_FORK" : "BAD_REQUEST", complaint.text);
        return ERR_OK;
    }
    if (err == ERR_OK) {
        asked->query->out.answer(asked->query->out.context, asked->peer, buffer_bytes(&frame));
    }
    return err;
}

/* ---- SNAPSHOT ---- */

/* Where a pull stands. ERR_REFUSED with the sentence. */
static enum err place(const struct asked *asked, const Ihuriro__V1__Snapshot *snapshot,
                      const struct scope *scope, struct complaint *complaint,
                      struct checkpoint *ret_checkpoint)
{
    struct txn *txn = asked->reading->txn;
    uint64_t head = journal_size(txn);
    if (head == 0) {
        return complain(complaint, ERR_REFUSED,
                        "The hub's journal is empty: there is nothing to "
                        "pull yet.");
    }
    if (!snapshot->has_at_seq) {
        uint64_t last = scope->count > 0 ? scope->items[scope->count - 1].seq : 1;
        return heads_covering(txn, last, ret_checkpoint);
    }
    if (snapshot->at_seq > head) {
        return complain(complaint, ERR_REFUSED,
                        "The journal ends at record %llu; --at-seq %llu lies behind it.",
                        (unsigned long long)head, (unsigned long long)snapshot->at_seq);
    }
    enum err err = heads_at_most(txn, snapshot->at_seq, ret_checkpoint);
    return err != ERR_NOT_FOUND
               ? err
               : complain(complaint, ERR_REFUSED,
                          "There is no checkpoint at or before record %llu. Take a larger number.",
                          (unsigned long long)snapshot->at_seq);
}

/* "As known at" begins with the first settings: before them nothing was judged by known rules. */
static enum err first_settings(void *context, uint64_t seq)
{
    *(uint64_t *)context = seq;
    return ERR_REFUSED; /* ends the walk at the first */
}

static enum err check_known_at(const struct asked *asked, const PbFilter *filter,
                               struct complaint *complaint)
{
    uint64_t seq = 0;
    struct record record;
    if (!filter->has_known_at_us) {
        return ERR_OK;
    }
    enum err err = events_walk(asked->reading->txn, KIND_SETTINGS, NULL, first_settings, &seq);
    if (err != ERR_REFUSED || seq == 0) {
        return err != ERR_OK && err != ERR_REFUSED
                   ? err
                   : complain(complaint, ERR_REFUSED, "The hub's journal holds no settings yet.");
    }
    err = journal_get(asked->reading->txn, seq, &record);
    if (err != ERR_OK || filter->known_at_us >= record.header.first_received_at_us) {
        return err;
    }
    char text[TIME_TEXT_MAX + 1];
    time_format(record.header.first_received_at_us, text);
    return complain(complaint, ERR_REFUSED,
                    "Nothing was known at that time: the hub's first settings are of %s. Ask as "
                    "known at that time or later.",
                    text);
}

static enum err pack_snapshot_answer(const struct asked *asked,
                                     const Ihuriro__V1__Snapshot *snapshot,
                                     const struct checkpoint *checkpoint,
                                     const struct access_event *access, struct buffer *frame)
{
    Ihuriro__V1__SnapshotAnswer answer = IHURIRO__V1__SNAPSHOT_ANSWER__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    position_to_message(&checkpoint->position, &position);
    answer.number = snapshot->number;
    answer.position = &position;
    answer.checkpoint = pb_of_bytes(checkpoint->text);
    answer.rights = pb_of_bytes(bytes_of(access->rights, SHA256_BYTES));
    answer.records = access->records;
    answer.ids_hash = pb_of_bytes(bytes_of(access->ids_hash, SHA256_BYTES));
    answer.has_asked_at_seq = snapshot->has_at_seq;
    answer.asked_at_seq = snapshot->at_seq;
    answer.has_now_us = 1;
    answer.now_us = asked->reading->now_us;
    answer.reader = (char *)(uintptr_t)asked->reader->id; /* packed only */
    answer.has_role = 1;
    answer.role = (Ihuriro__V1__PartyAct__Role)asked->reader->role;
    return frame_pack(VERB_SNAPSHOT_ANSWER, &answer.base, frame);
}

/* A free place; one SNAPSHOT of a connection waits at a time. NULL: come later. */
static struct waiting *waiting_place(struct query *query, const struct peer *peer)
{
    struct waiting *free_place = NULL;
    for (size_t i = 0; i < SNAPSHOTS_WAITING_MAX; i++) {
        struct waiting *waiting = &query->waiting[i];
        if (waiting->ticket == 0) {
            free_place = free_place != NULL ? free_place : waiting;
        } else if (waiting->peer.routing_id_size == peer->routing_id_size &&
                   memcmp(waiting->peer.routing_id, peer->routing_id, peer->routing_id_size) == 0) {
            return NULL;
        }
    }
    return free_place;
}

/* Hands the access to the writer; the answer leaves when it is committed. */
static enum err wait_for_writer(const struct asked *asked, const struct access_key *key,
                                struct access_event *access, struct buffer *answer)
{
    struct query *query = asked->query;
    AUTO(buffer_close) struct buffer event = {0};
    struct waiting *waiting = waiting_place(query, asked->peer);
    if (waiting == NULL) {
        return ERR_BUSY;
    }
    query->out.nonce(query->out.context, access->nonce);
    enum err err = access_event_pack(access, &event);
    err = err != ERR_OK ? err
                        : reading_journal(asked->reading, &query->out, query->tickets + 1,
                                          buffer_bytes(&event));
    if (err == ERR_OK) {
        waiting->ticket = ++query->tickets;
        waiting->peer = *asked->peer;
        waiting->key = *key;
        waiting->answer = *answer;
        *answer = (struct buffer){0};
        query->waiting_count++;
    }
    return err;
}

static enum err open_pull(const struct asked *asked, const Ihuriro__V1__Snapshot *snapshot,
                          const struct checkpoint *checkpoint, const struct scope *scope)
{
    struct query *query = asked->query;
    uint8_t ids_hash[SHA256_BYTES];
    struct access_key key;
    AUTO(buffer_close) struct buffer answer = {0};
    struct access_event access = {
        .act = ACCESS_PULL,
        .reader = asked->reader->id,
        .filter = snapshot->filter,
        .position = &checkpoint->position,
        .rights = asked->rights,
        .ids_hash = ids_hash,
        .records = scope->count,
        .time_us = asked->reading->now_us,
    };
    enum err err = scope_ids_hash(scope, ids_hash);
    err = err != ERR_OK ? err
                        : access_key_of(asked->reader->id, snapshot->filter,
                                        checkpoint->position.size, asked->rights, &key);
    err = err != ERR_OK ? err : pack_snapshot_answer(asked, snapshot, checkpoint, &access, &answer);
    if (err != ERR_OK) {
        return err;
    }
    asked->reading->counters->pulls++;
    if (accesses_wrote_lately(query->accesses, &key, asked->reading->now_ms)) {
        accesses_saw(query->accesses, &key, false, asked->reading->now_ms);
        query->out.answer(query->out.context, asked->peer, buffer_bytes(&answer));
        return ERR_OK;
    }
    err = accesses_take(query->accesses, asked->reader->id, asked->reading->now_ms);
    if (err == ERR_RANGE) {
        reading_too_often(asked->reading, &query->out, asked->peer);
        return ERR_OK;
    }
    err = err != ERR_OK ? err : wait_for_writer(asked, &key, &access, &answer);
    if (err == ERR_BUSY) {
        reading_busy(asked->reading, &query->out, asked->peer);
        return ERR_OK;
    }
    return err;
}

static enum err take_snapshot(struct asked *asked)
{
    const Ihuriro__V1__Snapshot *snapshot = NULL;
    struct complaint complaint = {{0}};
    struct checkpoint checkpoint;
    AUTO(scope_close) struct scope scope = {0};
    if (MESSAGE_UNPACK(snapshot, MESSAGE_TOLERANT, asked->body, &asked->query->arena, &snapshot) !=
        ERR_OK) {
        return malformed(asked, "This SNAPSHOT cannot be read.");
    }
    if (scope_check(snapshot->filter, &complaint) != ERR_OK) {
        return malformed(asked, complaint.text);
    }
    enum err err = check_known_at(asked, snapshot->filter, &complaint);
    err = err != ERR_OK
              ? err
              : scope_collect(asked->reading, asked->reader, snapshot->filter,
                              snapshot->has_at_seq ? snapshot->at_seq : UINT64_MAX, &scope);
    err = err != ERR_OK ? err : place(asked, snapshot, &scope, &complaint, &checkpoint);
    if (err == ERR_REFUSED) {
        refuse(asked, "BAD_REQUEST", complaint.text);
        return ERR_OK;
    }
    if (err == ERR_OK && scope.count > 0 &&
        scope.items[scope.count - 1].seq > checkpoint.position.size) {
        scope_close(&scope); /* at_seq that was taken down */
        err = scope_collect(asked->reading, asked->reader, snapshot->filter,
                            checkpoint.position.size, &scope);
    }
    return err != ERR_OK ? err : open_pull(asked, snapshot, &checkpoint, &scope);
}

void query_written(struct query *query, const struct reading *reading,
                   const struct written *written)
{
    for (size_t i = 0; i < SNAPSHOTS_WAITING_MAX; i++) {
        struct waiting *waiting = &query->waiting[i];
        if (waiting->ticket == 0 || waiting->ticket != written->ticket) {
            continue;
        }
        if (written->err == ERR_OK) {
            accesses_saw(query->accesses, &waiting->key, true, reading->now_ms);
            query->out.answer(query->out.context, &waiting->peer, buffer_bytes(&waiting->answer));
        } else {
            reading_retry_later(reading, &query->out, &waiting->peer, 60,
                                "The hub could not write down this access.");
        }
        buffer_close(&waiting->answer);
        *waiting = (struct waiting){0};
        query->waiting_count--;
        return;
    }
}

/* ---- FETCH ---- */

/* The scope of a pull: kept, or collected in place of the one that was used longest ago. */
static enum err scope_of(const struct asked *asked, const Ihuriro__V1__Fetch *fetch,
                         const struct access_key *key, const struct scope **ret_scope)
{
    struct query *query = asked->query;
    struct scope_kept *oldest = &query->scopes[0];
    for (size_t i = 0; i < SCOPES_KEPT; i++) {
        struct scope_kept *kept = &query->scopes[i];
        if (kept->used > 0 && memcmp(kept->key.hash, key->hash, SHA256_BYTES) == 0) {
            kept->used = ++query->uses;
            *ret_scope = &kept->scope;
            return ERR_OK;
        }
        oldest = kept->used < oldest->used ? kept : oldest;
    }
    struct scope scope = {0};
    enum err err =
        scope_collect(asked->reading, asked->reader, fetch->filter, fetch->until, &scope);
    if (err == ERR_OK) {
        scope_close(&oldest->scope);
        *oldest = (struct scope_kept){.key = *key, .used = ++query->uses, .scope = scope};
        *ret_scope = &oldest->scope;
    }
    return err;
}

/* The first of the scope behind a seq. */
static size_t first_behind(const struct scope *scope, uint64_t seq)
{
    size_t low = 0;
    size_t high = scope->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (scope->items[middle].seq <= seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Takes what fits, and says how far it came where that is not all. */
static enum err scan_scope(const struct asked *asked, const struct scope *scope, size_t begin,
                           uint64_t *to)
{
    for (size_t i = begin; i < scope->count; i++) {
        enum err err =
            i - begin < READ_TXN_RECORDS_MAX
                ? scanner_look(asked->query->scanner, asked->reading, scope->items[i].seq)
                : ERR_TOO_LARGE;
        if (err == ERR_TOO_LARGE) {
            *to = scope->items[i - 1].seq; /* never the first: i > begin */
            return ERR_OK;
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err answer_fetch(const struct asked *asked, const Ihuriro__V1__Fetch *fetch,
                             const struct position *from, const struct scope *scope)
{
    struct query *query = asked->query;
    struct scan scan = {
        .reader = asked->reader,
        .filter = fetch->filter,
        .bytes_max = fetch->has_max_bytes ? fetch->max_bytes : 0,
        .proof_size = fetch->has_proofs && fetch->proofs ? fetch->until : 0,
    };
    struct scan_answer answer = {
        .number = fetch->number,
        .from = *from,
        .to = fetch->until,
        .rights = asked->rights,
    };
    scanner_begin(query->scanner, &scan);
    enum err err = scan_scope(asked, scope, first_behind(scope, from->size), &answer.to);
    struct bytes frame = {0};
    struct position to;
    err = err != ERR_OK ? err : scanner_pack(query->scanner, asked->reading, &answer, &to, &frame);
    scanner_end(query->scanner);
    if (err == ERR_OK) {
        asked->reading->counters->fetches++;
        query->out.answer(query->out.context, asked->peer, frame);
    }
    return err;
}

/* What a pull's FETCH must be. ERR_REFUSED when the peer was told. */
static enum err check_fetch(const struct asked *asked, const Ihuriro__V1__Fetch *fetch,
                            const struct position *from)
{
    if (!fetch->has_until || fetch->until == 0 ||
        fetch->until > journal_size(asked->reading->txn) || from->size > fetch->until) {
        refuse(asked, "POSITION_LOST",
               "The bound of this pull is not in the hub's history. Pull again: the history was "
               "replaced, or the bound is missing.");
        return ERR_REFUSED;
    }
    if (!fetch->has_rights ||
        !bytes_equal(bytes_of_pb(fetch->rights), bytes_of(asked->rights, SHA256_BYTES))) {
        refuse(asked, "RIGHTS_CHANGED",
               "Your rights are others now than when this pull began. Pull again.");
        return ERR_REFUSED;
    }
    enum err err = journal_stands(asked->reading->txn, from);
    if (err == ERR_LOST) {
        refuse(asked, "POSITION_LOST",
               "The position of this pull is not in the hub's history any more: the history was "
               "replaced. Pull again.");
        return ERR_REFUSED;
    }
    return err;
}

static enum err take_fetch(struct asked *asked)
{
    struct query *query = asked->query;
    const Ihuriro__V1__Fetch *fetch = NULL;
    const struct scope *scope = NULL;
    struct position from;
    struct access_key key;
    bool is_bare = false;
    struct complaint complaint = {{0}};
    if (MESSAGE_UNPACK(fetch, MESSAGE_TOLERANT, asked->body, &query->arena, &fetch) != ERR_OK ||
        position_of_message(fetch->position, &from, &is_bare) != ERR_OK || is_bare) {
        return malformed(asked, "This FETCH cannot be read.");
    }
    if (scope_check(fetch->filter, &complaint) != ERR_OK) {
        return malformed(asked, complaint.text);
    }
    enum err err = check_fetch(asked, fetch, &from);
    if (err == ERR_REFUSED) {
        return ERR_OK;
    }
    err = err != ERR_OK
              ? err
              : access_key_of(asked->reader->id, fetch->filter, fetch->until, asked->rights, &key);
    if (err != ERR_OK) {
        return err;
    }
    if (!accesses_know(query->accesses, &key)) {
        refuse(asked, "SNAPSHOT_FIRST",
               "A pull begins with SNAPSHOT, so that it is written down before its first record "
               "leaves. Pull again.");
        return ERR_OK;
    }
    accesses_saw(query->accesses, &key, false, asked->reading->now_ms);
    err = scope_of(asked, fetch, &key, &scope);
    return err != ERR_OK ? err : answer_fetch(asked, fetch, &from, scope);
}
