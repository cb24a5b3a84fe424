#include "hub/feed_inside.h"

#include <string.h>

static enum err take_fetch(struct feed *feed, const struct reading *reading,
                           const struct peer *peer, const struct party *reader, struct bytes body);
static enum err take_older(struct feed *feed, const struct reading *reading,
                           const struct peer *peer, struct bytes body);
static enum err serve(struct feed *feed, const struct reading *reading, struct parked *parked,
                      size_t *budget, bool *ret_is_done);
static enum err build_ahead(struct feed *feed, const struct reading *reading, size_t budget);
static void find_due(struct feed *feed);

enum err feed_make(const struct reading_out *out, struct feed **ret_feed)
{
    AUTO(feed_close) struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) {
        return ERR_MEMORY;
    }
    feed->out = *out;
    TAILQ_INIT(&feed->parked);
    TAILQ_INIT(&feed->notices);
    enum err err = scanner_make(&feed->scanner);
    err = err != ERR_OK ? err : accesses_make(&feed->accesses);
    err = err != ERR_OK ? err : walks_make(&feed->walks);
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
    feed_notices_close(*feed);
    aheads_close(&(*feed)->aheads);
    scanner_close(&(*feed)->scanner);
    accesses_close(&(*feed)->accesses);
    arena_close(&(*feed)->arena);
    filter_words_close(&(*feed)->words);
    free(*feed);
    *feed = NULL;
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
    } else if (verb == VERB_GET_NOTICES) {
        err = feed_take_notices(feed, reading, peer, reader, body);
    } else if (verb == VERB_GET_SETTINGS) {
        err = reading_settings(reading, &feed->out, peer, reader, body);
    } else {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST",
                       "The feed door takes FETCH, OLDER, GET_NOTICES and GET_SETTINGS.");
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
            feed_unpark(feed, parked);
            continue;
        }
        followed_looked(parked->followed, parked->scanned);
        is_behind = is_behind || parked->scanned < journal_size(reading->txn);
        TAILQ_REMOVE(&feed->parked, parked, entry);
        TAILQ_INSERT_TAIL(&feed->parked, parked, entry);
    }
    if (reading->now_ms >= feed->due_ms) {
        find_due(feed);
    }
    reading->counters->waiting = feed->count;
    aheads_forget(&feed->aheads, reading->now_ms);
    *ret_is_behind = is_behind || (budget == 0 && feed->count > 0);
    if (!*ret_is_behind && first == ERR_OK) {
        first = build_ahead(feed, reading, budget);
    }
    enum err err = feed_notices_turn(feed, reading, ret_is_behind);
    return first != ERR_OK ? first : err;
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
        return aheads_count(&feed->aheads) > 0 ? AHEAD_MS_MAX : -1;
    }
    return feed->due_ms > now_ms ? feed->due_ms - now_ms : 0;
}

size_t feed_parked(const struct feed *feed)
{
    return feed->count;
}

/* ---- a parked request's turn ---- */

/* Sends what was scanned; ret_to: where the peer will stand then. */
static enum err answer_records(struct feed *feed, const struct reading *reading,
                               const struct parked *parked, struct position *ret_to)
{
    struct bytes frame = {0};
    struct scan_answer answer = {
        .number = parked->number,
        .from = parked->from,
        .to = parked->scanned,
        .rights = parked->rights,
    };
    enum err err = scanner_pack(feed->scanner, reading, &answer, ret_to, &frame);
    if (err == ERR_OK) {
        feed->out.answer(feed->out.context, &parked->peer, frame);
    }
    return err;
}

/* Looks at what is new, up to goal, until the answer is full or the budget spent. */
static enum err scan_on(struct feed *feed, const struct reading *reading, uint64_t goal,
                        uint64_t *scanned, size_t *budget, bool *ret_is_full)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && scanner_spent(feed->scanner) < *budget && *scanned < goal) {
        err = scanner_look(feed->scanner, reading, *scanned + 1);
        *scanned += err == ERR_OK;
    }
    size_t spent = scanner_spent(feed->scanner);
    *budget -= spent < *budget ? spent : *budget;
    *ret_is_full = err == ERR_TOO_LARGE;
    return err == ERR_TOO_LARGE ? ERR_OK : err;
}

/* What was made ready, or what is found now. */
static enum err scan_for(struct feed *feed, const struct reading *reading, struct parked *parked,
                         const struct party *reader, uint64_t goal, size_t *budget,
                         bool *ret_is_full)
{
    struct scan scan = {.reader = reader, .filter = parked->filter, .bytes_max = parked->bytes_max};
    scanner_begin(feed->scanner, &scan);
    if (parked->kept.count > 0) {
        scanner_resume(feed->scanner, &parked->kept);
        *ret_is_full = parked->scanned < journal_size(reading->txn);
        return ERR_OK;
    }
    return scan_on(feed, reading, goal, &parked->scanned, budget, ret_is_full);
}

/* After a full answer its peer will ask for the next. Takes the filter over. */
static void foresee(struct feed *feed, const struct reading *reading, struct parked *parked,
                    const struct position *to)
{
    struct ahead ahead = {
        .peer = parked->peer,
        .from = *to,
        .bytes_max = parked->bytes_max,
        .filter = STEAL(parked->filter),
        .generation = reading->generation,
        .made_ms = reading->now_ms,
        .is_following = parked->was_foreseen,
    };
    aheads_foresee(&feed->aheads, &ahead);
}

/* Of another roster: another eye would have looked. */
static void drop_stale(const struct reading *reading, struct parked *parked)
{
    if (parked->kept.count > 0 && parked->generation != reading->generation) {
        scan_kept_close(&parked->kept);
        parked->scanned = parked->from.size;
    }
}

static enum err serve(struct feed *feed, const struct reading *reading, struct parked *parked,
                      size_t *budget, bool *ret_is_done)
{
    bool is_due = reading->now_ms >= parked->deadline_ms;
    uint64_t head = journal_size(reading->txn);
    uint64_t goal = parked->until != 0 && parked->until < head ? parked->until : head;
    bool is_complete = parked->until != 0 && parked->scanned >= parked->until;
    drop_stale(reading, parked);
    if (!is_due && !is_complete && parked->scanned >= goal && parked->kept.count == 0 &&
        parked->generation == reading->generation) {
        return ERR_OK;
    }
    const struct party *reader = reading_party(reading, &feed->out, &parked->peer);
    if (reader == NULL) {
        *ret_is_done = true;
        return ERR_OK;
    }
    uint8_t rights[SHA256_BYTES];
    enum err err = rights_of(&feed->rights, reading, reader, rights);
    if (err != ERR_OK) {
        return err;
    }
    bool is_changed = memcmp(rights, parked->rights, SHA256_BYTES) != 0;
    bool is_full = false;
    memcpy(parked->rights, rights, SHA256_BYTES);
    parked->generation = reading->generation;
    err = scan_for(feed, reading, parked, reader, goal, budget, &is_full);
    is_complete = parked->until != 0 && parked->scanned >= parked->until;
    if (err != ERR_OK ||
        !(scanner_count(feed->scanner) > 0 || is_full || is_due || is_changed || is_complete)) {
        return err;
    }
    struct position to;
    *ret_is_done = true;
    err = answer_records(feed, reading, parked, &to);
    if (err == ERR_OK && is_full && parked->until == 0) {
        foresee(feed, reading, parked, &to);
    }
    return err;
}

/* Nobody waits: the answer is made ready that will be asked for next. */
static enum err build_ahead(struct feed *feed, const struct reading *reading, size_t budget)
{
    struct ahead *ahead = aheads_unbuilt(&feed->aheads);
    const struct party *reader =
        ahead == NULL ? NULL
                      : registry_reader(reading->registry, ahead->peer.user, reading->now_us);
    if (ahead == NULL) {
        return ERR_OK;
    }
    if (reader == NULL || ahead->generation != reading->generation) {
        ahead->is_following = false;
        return ERR_OK;
    }
    bool is_full = false;
    struct scan scan = {.reader = reader, .filter = ahead->filter, .bytes_max = ahead->bytes_max};
    scanner_begin(feed->scanner, &scan);
    ahead->scanned = ahead->from.size;
    enum err err =
        scan_on(feed, reading, journal_size(reading->txn), &ahead->scanned, &budget, &is_full);
    scanner_end(feed->scanner);
    if (err == ERR_OK && is_full) {
        scanner_keep(feed->scanner, &ahead->kept);
    } else {
        ahead->is_following = false; /* not a whole answer: it is not worth it */
    }
    return err;
}

/* ---- what comes ---- */

static void answer_not_in_history(struct feed *feed, const struct peer *peer,
                                  const Ihuriro__V1__Fetch *fetch)
{
    Ihuriro__V1__NotInHistory lost = IHURIRO__V1__NOT_IN_HISTORY__INIT;
    lost.number = fetch->number;
    lost.position = fetch->position;
    reading_answer(&feed->out, peer, VERB_NOT_IN_HISTORY, &lost.base);
}

enum err feed_stand(struct txn *txn, struct position *position, bool is_bare)
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
    struct access_key key;
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
    enum err err = feed_stand(reading->txn, &from, is_bare);
    if (err == ERR_LOST) {
        reading->counters->not_in_history++;
        answer_not_in_history(feed, peer, fetch);
        return ERR_OK;
    }
    err = err != ERR_OK ? err : feed_open(feed, reading, peer, reader, fetch->filter, &from, &key);
    if (err == ERR_REFUSED) {
        return ERR_OK;
    }
    if (err == ERR_BUSY) {
        reading_busy(reading, &feed->out, peer);
        return ERR_OK;
    }
    if (err == ERR_RANGE) {
        reading_too_often(reading, &feed->out, peer);
        return ERR_OK;
    }
    reading->counters->fetches++;
    return err != ERR_OK ? err : feed_park(feed, reading, peer, reader, fetch, &from, &key);
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
