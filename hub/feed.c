#include "hub/feed.h"

#include <string.h>
#include <sys/queue.h>

/* One FETCH that waits. */
struct parked {
    TAILQ_ENTRY(parked) entry;
    LIST_ENTRY(parked) of_peer;   /* by routing id */
    LIST_ENTRY(parked) of_reader; /* by the party's id */
    struct peer peer;
    char reader[INSTITUTION_ID_MAX + 1];
    uint64_t number;
    struct position from;
    uint64_t scanned; /* how far it has looked */
    uint64_t until;   /* 0: no bound */
    size_t bytes_max;
    int64_t deadline_ms;
    uint64_t generation; /* of the roster that rights are of */
    uint8_t rights[SHA256_BYTES];
    PbFilter *filter; /* owned; NULL: all */
};

TAILQ_HEAD(parked_list, parked);
LIST_HEAD(parked_chain, parked);
#define CHAINS 1024

/* Rights of readers under one generation of the roster: many FETCHes, few readers. */
#define RIGHTS_KEPT 256
struct rights_kept {
    uint64_t generation;
    char reader[INSTITUTION_ID_MAX + 1];
    uint8_t rights[SHA256_BYTES];
};

struct feed {
    struct reading_out out;
    struct parked_list parked; /* whom to serve next first */
    size_t count;
    int64_t due_ms; /* no parked request's time is up before this */
    struct parked_chain by_peer[CHAINS];
    struct parked_chain by_reader[CHAINS];
    struct scanner *scanner;
    struct accesses *accesses;
    struct arena arena; /* the message in hand */
    struct rights_kept rights[RIGHTS_KEPT];
};

static enum err take_fetch(struct feed *feed, const struct reading *reading,
                           const struct peer *peer, const struct party *reader, struct bytes body);
static enum err take_older(struct feed *feed, const struct reading *reading,
                           const struct peer *peer, struct bytes body);
static enum err serve(struct feed *feed, const struct reading *reading, struct parked *parked,
                      size_t *budget, bool *ret_is_done);
static void parked_close(struct parked **parked);
static void find_due(struct feed *feed);

enum err feed_make(const struct reading_out *out, struct feed **ret_feed)
{
    AUTO(feed_close) struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) {
        return ERR_MEMORY;
    }
    feed->out = *out;
    TAILQ_INIT(&feed->parked);
    enum err err = scanner_make(&feed->scanner);
    err = err != ERR_OK ? err : accesses_make(&feed->accesses);
    if (err == ERR_OK) {
        *ret_feed = STEAL(feed);
    }
    return err;
}

void feed_close(struct feed **feed)
{
    if (*feed == NULL) {
        return;
    }
    while (!TAILQ_EMPTY(&(*feed)->parked)) {
        struct parked *parked = TAILQ_FIRST(&(*feed)->parked);
        TAILQ_REMOVE(&(*feed)->parked, parked, entry);
        parked_close(&parked);
    }
    scanner_close(&(*feed)->scanner);
    accesses_close(&(*feed)->accesses);
    arena_close(&(*feed)->arena);
    free(*feed);
    *feed = NULL;
}

static void remove_parked(struct feed *feed, struct parked *parked)
{
    LIST_REMOVE(parked, of_peer);
    LIST_REMOVE(parked, of_reader);
    TAILQ_REMOVE(&feed->parked, parked, entry);
    feed->count--;
    parked_close(&parked);
}

enum err feed_take(struct feed *feed, const struct reading *reading, const struct peer *peer,
                   struct bytes frame)
{
    int verb = 0;
    struct bytes body = {0};
    if (frame_open(frame, &verb, &body) != ERR_OK) {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST", "This is no frame of version 1.");
        return ERR_OK;
    }
    const struct party *reader = reading_party(reading, &feed->out, peer);
    if (reader == NULL) {
        return ERR_OK;
    }
    arena_reset(&feed->arena);
    enum err err = ERR_OK;
    if (verb == VERB_FETCH) {
        err = take_fetch(feed, reading, peer, reader, body);
    } else if (verb == VERB_OLDER) {
        err = take_older(feed, reading, peer, body);
    } else if (verb == VERB_GET_SETTINGS) {
        err = reading_settings(reading, &feed->out, peer, reader, body);
    } else {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST",
                       "The feed door takes FETCH, OLDER and GET_SETTINGS.");
    }
    if (err != ERR_OK) {
        reading_retry_later(reading, &feed->out, peer, 60, "The hub could not read its store.");
    }
    return err;
}

enum err feed_turn(struct feed *feed, const struct reading *reading, bool *ret_is_behind)
{
    size_t budget = (size_t)READ_TXN_RECORDS_MAX * SCAN_COST_RECORD;
    enum err first = ERR_OK;
    bool is_behind = false;
    for (size_t left = feed->count; left > 0 && budget > 0; left--) {
        struct parked *parked = TAILQ_FIRST(&feed->parked);
        bool is_done = false;
        enum err err = serve(feed, reading, parked, &budget, &is_done);
        scanner_end(feed->scanner);
        if (err != ERR_OK) {
            first = first != ERR_OK ? first : err;
            reading_retry_later(reading, &feed->out, &parked->peer, 60,
                                "The hub could not read its store.");
            is_done = true;
        }
        if (is_done) {
            remove_parked(feed, parked);
            continue;
        }
        is_behind = is_behind || parked->scanned < journal_size(reading->txn);
        TAILQ_REMOVE(&feed->parked, parked, entry);
        TAILQ_INSERT_TAIL(&feed->parked, parked, entry);
    }
    if (reading->now_ms >= feed->due_ms) {
        find_due(feed);
    }
    *ret_is_behind = is_behind || (budget == 0 && feed->count > 0);
    return first;
}

/* When the earliest time was up, the next earliest is looked for. */
static void find_due(struct feed *feed)
{
    const struct parked *parked = NULL;
    feed->due_ms = INT64_MAX;
    TAILQ_FOREACH(parked, &feed->parked, entry)
    {
        feed->due_ms = parked->deadline_ms < feed->due_ms ? parked->deadline_ms : feed->due_ms;
    }
}

int64_t feed_wait_ms(const struct feed *feed, int64_t now_ms)
{
    if (feed->count == 0) {
        return -1;
    }
    return feed->due_ms > now_ms ? feed->due_ms - now_ms : 0;
}

size_t feed_parked(const struct feed *feed)
{
    return feed->count;
}

/* ---- rights ---- */

static enum err rights_of(struct feed *feed, const struct reading *reading,
                          const struct party *reader, uint8_t ret_rights[static SHA256_BYTES])
{
    unsigned at = 0;
    for (const char *c = reader->id; *c != '\0'; c++) {
        at = at * 31 + (unsigned char)*c;
    }
    struct rights_kept *kept = &feed->rights[at % RIGHTS_KEPT];
    if (kept->generation != reading->generation || strcmp(kept->reader, reader->id) != 0) {
        enum err err = access_rights(reader, reading->registry, kept->rights);
        if (err != ERR_OK) {
            kept->generation = 0;
            return err;
        }
        kept->generation = reading->generation;
        memcpy(kept->reader, reader->id, sizeof kept->reader);
    }
    memcpy(ret_rights, kept->rights, SHA256_BYTES);
    return ERR_OK;
}

/* ---- a parked request's turn ---- */

static enum err answer_records(struct feed *feed, const struct reading *reading,
                               const struct parked *parked)
{
    struct bytes frame = {0};
    struct scan_answer answer = {
        .number = parked->number,
        .from = parked->from,
        .to = parked->scanned,
        .rights = parked->rights,
    };
    enum err err = scanner_pack(feed->scanner, reading, &answer, &frame);
    if (err == ERR_OK) {
        feed->out.answer(feed->out.context, &parked->peer, frame);
    }
    return err;
}

/* Looks at what is new, up to goal, until the answer is full or the budget spent. */
static enum err scan_on(struct feed *feed, const struct reading *reading, struct parked *parked,
                        uint64_t goal, size_t *budget, bool *ret_is_full)
{
    enum err err = ERR_OK;
    *ret_is_full = false;
    while (err == ERR_OK && scanner_spent(feed->scanner) < *budget && parked->scanned < goal) {
        err = scanner_look(feed->scanner, reading, parked->scanned + 1);
        parked->scanned += err == ERR_OK;
    }
    size_t spent = scanner_spent(feed->scanner);
    *budget -= spent < *budget ? spent : *budget;
    *ret_is_full = err == ERR_TOO_LARGE;
    return err == ERR_TOO_LARGE ? ERR_OK : err;
}

static enum err serve(struct feed *feed, const struct reading *reading, struct parked *parked,
                      size_t *budget, bool *ret_is_done)
{
    bool is_due = reading->now_ms >= parked->deadline_ms;
    uint64_t head = journal_size(reading->txn);
    uint64_t goal = parked->until != 0 && parked->until < head ? parked->until : head;
    bool is_complete = parked->until != 0 && parked->scanned >= parked->until;
    if (!is_due && !is_complete && parked->scanned >= goal &&
        parked->generation == reading->generation) {
        return ERR_OK;
    }
    const struct party *reader = reading_party(reading, &feed->out, &parked->peer);
    if (reader == NULL) {
        *ret_is_done = true;
        return ERR_OK;
    }
    uint8_t rights[SHA256_BYTES];
    enum err err = rights_of(feed, reading, reader, rights);
    if (err != ERR_OK) {
        return err;
    }
    bool is_changed = memcmp(rights, parked->rights, SHA256_BYTES) != 0;
    memcpy(parked->rights, rights, SHA256_BYTES);
    parked->generation = reading->generation;
    struct scan scan = {.reader = reader, .filter = parked->filter, .bytes_max = parked->bytes_max};
    bool is_full = false;
    scanner_begin(feed->scanner, &scan);
    err = scan_on(feed, reading, parked, goal, budget, &is_full);
    if (err != ERR_OK) {
        return err;
    }
    is_complete = parked->until != 0 && parked->scanned >= parked->until;
    if (scanner_count(feed->scanner) > 0 || is_full || is_due || is_changed || is_complete) {
        *ret_is_done = true;
        return answer_records(feed, reading, parked);
    }
    return ERR_OK;
}

/* ---- parking ---- */

static void parked_close(struct parked **parked)
{
    if (*parked != NULL) {
        free((*parked)->filter);
        free(*parked);
        *parked = NULL;
    }
}

/* Copies a filter into one block. */
static enum err filter_keep(const PbFilter *filter, PbFilter **ret_kept)
{
    size_t kinds = filter->n_kinds * sizeof filter->kinds[0];
    size_t types = filter->n_types * sizeof filter->types[0];
    size_t pointers = filter->n_institutions * sizeof filter->institutions[0];
    size_t texts = filter->period != NULL ? strlen(filter->period) + 1 : 0;
    for (size_t i = 0; i < filter->n_institutions; i++) {
        texts += strlen(filter->institutions[i]) + 1;
    }
    PbFilter *kept = calloc(1, sizeof *kept + pointers + kinds + types + texts);
    if (kept == NULL) {
        return ERR_MEMORY;
    }
    *kept = *filter;
    kept->base.n_unknown_fields = 0;
    kept->base.unknown_fields = NULL;
    kept->institutions = (char **)(void *)(kept + 1);
    kept->kinds = (uint32_t *)(void *)((char *)kept->institutions + pointers);
    kept->types = (void *)((char *)kept->kinds + kinds);
    char *text = (char *)kept->types + types;
    if (kinds > 0) {
        memcpy(kept->kinds, filter->kinds, kinds);
    }
    if (types > 0) {
        memcpy(kept->types, filter->types, types);
    }
    for (size_t i = 0; i < filter->n_institutions; i++) {
        kept->institutions[i] = text;
        text = stpcpy(text, filter->institutions[i]) + 1;
    }
    if (filter->period != NULL) {
        kept->period = text;
        (void)stpcpy(text, filter->period);
    }
    *ret_kept = kept;
    return ERR_OK;
}

/* FNV-1a. */
static size_t chain_of(const void *bytes, size_t size)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 16777619U;
    }
    return hash % CHAINS;
}

/* A connection has one request outstanding, a party 8: the older end without an answer. */
static void end_older(struct feed *feed, const struct reading *reading, const struct peer *peer,
                      const char *reader)
{
    size_t of_party = 0;
    struct parked *oldest = NULL;
    struct parked *parked = NULL;
    LIST_FOREACH(parked, &feed->by_peer[chain_of(peer->routing_id, peer->routing_id_size)], of_peer)
    {
        if (parked->peer.routing_id_size == peer->routing_id_size &&
            memcmp(parked->peer.routing_id, peer->routing_id, peer->routing_id_size) == 0) {
            remove_parked(feed, parked);
            reading->counters->superseded++;
            break; /* there is one at most */
        }
    }
    LIST_FOREACH(parked, &feed->by_reader[chain_of(reader, strlen(reader))], of_reader)
    {
        if (strcmp(parked->reader, reader) == 0) {
            of_party++;
            oldest = oldest == NULL || parked->deadline_ms < oldest->deadline_ms ? parked : oldest;
        }
    }
    if (of_party >= FETCHES_PER_PARTY) {
        remove_parked(feed, oldest);
        reading->counters->superseded++;
    }
}

static void link_parked(struct feed *feed, struct parked *parked)
{
    const struct peer *peer = &parked->peer;
    size_t reader_chain = chain_of(parked->reader, strlen(parked->reader));
    LIST_INSERT_HEAD(&feed->by_peer[chain_of(peer->routing_id, peer->routing_id_size)], parked,
                     of_peer);
    LIST_INSERT_HEAD(&feed->by_reader[reader_chain], parked, of_reader);
    TAILQ_INSERT_HEAD(&feed->parked, parked, entry);
    feed->due_ms =
        feed->count == 0 || parked->deadline_ms < feed->due_ms ? parked->deadline_ms : feed->due_ms;
    feed->count++;
}

static enum err park(struct feed *feed, const struct reading *reading, const struct peer *peer,
                     const struct party *reader, const Ihuriro__V1__Fetch *fetch,
                     const struct position *from)
{
    AUTO(parked_close) struct parked *parked = calloc(1, sizeof *parked);
    if (parked == NULL) {
        return ERR_MEMORY;
    }
    uint32_t wait_ms = fetch->has_wait_ms ? fetch->wait_ms : 0;
    wait_ms = wait_ms < FETCH_WAIT_MS_MAX ? wait_ms : FETCH_WAIT_MS_MAX;
    *parked = (struct parked){
        .peer = *peer,
        .number = fetch->number,
        .from = *from,
        .scanned = from->size,
        .until = fetch->has_until ? fetch->until : 0,
        .bytes_max = fetch->has_max_bytes ? fetch->max_bytes : 0,
        .deadline_ms = reading->now_ms + wait_ms,
        .generation = reading->generation,
    };
    memcpy(parked->reader, reader->id, sizeof parked->reader);
    enum err err = rights_of(feed, reading, reader, parked->rights);
    if (err == ERR_OK && fetch->filter != NULL) {
        err = filter_keep(fetch->filter, &parked->filter);
    }
    if (err == ERR_OK) {
        end_older(feed, reading, peer, reader->id);
        link_parked(feed, parked);
        parked = NULL;
    }
    return err;
}

/* ---- what comes ---- */

/* A feed that is opened or re-filtered, and one that stands for a day, is written down. */
static enum err write_access(struct feed *feed, const struct reading *reading,
                             const struct party *reader, const PbFilter *filter,
                             const struct position *from)
{
    struct access_key key;
    enum err err = access_key_of(reader->id, filter, 0, NULL, &key);
    if (err != ERR_OK) {
        return err;
    }
    int act = accesses_feed(feed->accesses, &key, reading->now_ms);
    if (act == 0) {
        accesses_saw(feed->accesses, &key, false, reading->now_ms);
        return ERR_OK;
    }
    err = accesses_take(feed->accesses, reader->id, reading->now_ms);
    if (err != ERR_OK) {
        return err;
    }
    uint8_t rights[SHA256_BYTES];
    AUTO(buffer_close) struct buffer event = {0};
    struct access_event access = {
        .act = (enum access_act)act,
        .reader = reader->id,
        .filter = filter,
        .position = from,
        .rights = rights,
        .time_us = reading->now_us,
    };
    feed->out.nonce(feed->out.context, access.nonce);
    err = rights_of(feed, reading, reader, rights);
    err = err != ERR_OK ? err : access_event_pack(&access, &event);
    err = err != ERR_OK ? err : reading_journal(reading, &feed->out, 0, buffer_bytes(&event));
    if (err == ERR_OK) {
        accesses_saw(feed->accesses, &key, true, reading->now_ms);
    }
    return err;
}

static void answer_not_in_history(struct feed *feed, const struct peer *peer,
                                  const Ihuriro__V1__Fetch *fetch)
{
    Ihuriro__V1__NotInHistory lost = IHURIRO__V1__NOT_IN_HISTORY__INIT;
    lost.number = fetch->number;
    lost.position = fetch->position;
    reading_answer(&feed->out, peer, VERB_NOT_IN_HISTORY, &lost.base);
}

/* Does it stand? A bare one (a number that a user typed) gets the root that stands there now. */
static enum err stand(struct txn *txn, struct position *position, bool is_bare)
{
    if (!is_bare) {
        return journal_stands(txn, position);
    }
    return position->size > journal_size(txn) ? ERR_LOST
                                              : journal_root(txn, position->size, &position->root);
}

static enum err take_fetch(struct feed *feed, const struct reading *reading,
                           const struct peer *peer, const struct party *reader, struct bytes body)
{
    const Ihuriro__V1__Fetch *fetch = NULL;
    struct position from;
    bool is_bare = false;
    struct complaint complaint = {{0}};
    if (MESSAGE_UNPACK(fetch, MESSAGE_TOLERANT, body, &feed->arena, &fetch) != ERR_OK ||
        position_of_message(fetch->position, &from, &is_bare) != ERR_OK) {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST", "This FETCH cannot be read.");
        return ERR_OK;
    }
    if (fetch->filter != NULL && filter_check(fetch->filter, &complaint) != ERR_OK) {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST", complaint.text);
        return ERR_OK;
    }
    if (fetch->has_proofs && fetch->proofs) {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST",
                       "Proofs are given at the query door.");
        return ERR_OK;
    }
    enum err err = stand(reading->txn, &from, is_bare);
    if (err == ERR_LOST) {
        reading->counters->not_in_history++;
        answer_not_in_history(feed, peer, fetch);
        return ERR_OK;
    }
    err = err != ERR_OK ? err : write_access(feed, reading, reader, fetch->filter, &from);
    if (err == ERR_BUSY) {
        reading_busy(reading, &feed->out, peer);
        return ERR_OK;
    }
    if (err == ERR_RANGE) {
        reading_too_often(reading, &feed->out, peer);
        return ERR_OK;
    }
    reading->counters->fetches++;
    return err != ERR_OK ? err : park(feed, reading, peer, reader, fetch, &from);
}

static enum err take_older(struct feed *feed, const struct reading *reading,
                           const struct peer *peer, struct bytes body)
{
    const Ihuriro__V1__Older *older = NULL;
    if (MESSAGE_UNPACK(older, MESSAGE_TOLERANT, body, &feed->arena, &older) != ERR_OK ||
        older->n_positions > OLDER_POSITIONS_MAX) {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST", "This OLDER cannot be read.");
        return ERR_OK;
    }
    struct position best = {0};
    merkle_empty(&best.root);
    for (size_t i = 0; i < older->n_positions; i++) {
        struct position shown;
        bool is_bare = false;
        if (position_of_message(older->positions[i], &shown, &is_bare) != ERR_OK || is_bare ||
            shown.size <= best.size) {
            continue;
        }
        enum err err = journal_stands(reading->txn, &shown);
        if (err == ERR_OK) {
            best = shown;
        } else if (err != ERR_LOST) {
            return err;
        }
    }
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    Ihuriro__V1__Stands stands = IHURIRO__V1__STANDS__INIT;
    position_to_message(&best, &position);
    stands.number = older->number;
    stands.cursor = older->cursor;
    stands.position = &position;
    reading_answer(&feed->out, peer, VERB_STANDS, &stands.base);
    return ERR_OK;
}
