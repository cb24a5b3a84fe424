/* GET_NOTICES: the notices on the way from the peer's cursor, as far as its rights and its filter
 * go. Nothing of it is stored: the peer keeps the cursor. */
#include <string.h>

#include "hub/feed_inside.h"
#include "proto/frames.h"

#define NOTICES_WAITING_MAX 1024
#define NOTICES_A_PAGE      1000
#define NOTICES_LEAST       16  /* as many as one record may bring */
#define NOTICE_BYTES        128 /* about */
#define PAGE_MEMORY_MAX     ((size_t)4 << 20)

/* ---- who may see which ---- */

/* As of a report of that place: what a notice tells stands in its header, or in its body. A waiver
 * is seen like a header, what was told of to the regulator by the regulator. */
static bool may_see(const struct reading *reading, const struct party *reader,
                    const struct notice *notice, const struct header *header)
{
    struct header seen = *header;
    seen.type = (uint8_t)notice->sight_type;
    enum sight sight = access_sight(reader, reading->registry, &seen);
    if (notice->kind == IHURIRO__V1__NOTICE__KIND__ESCALATED && reader->role != ROLE_REGULATOR) {
        return false;
    }
    return notice->is_of_body ? sight == SIGHT_WHOLE : sight != SIGHT_NONE;
}

/* A notice of all types is for whoever asked for some of them. */
static int type_for(const PbFilter *filter, const struct notice *notice)
{
    return notice->type == 0 && filter != NULL && filter->n_types > 0 ? (int)filter->types[0]
                                                                      : notice->type;
}

static bool is_taken(const struct reading *reading, const struct waiting_notices *waiting,
                     const struct party *reader, const struct notice *notice)
{
    struct header header = {
        .kind = KIND_REPORT,
        .type = (uint8_t)type_for(waiting->filter, notice),
        .frequency = (uint8_t)notice->frequency,
        .period_end_day = notice->end_day,
        .first_received_at_us = notice->time_us,
    };
    memcpy(header.institution, notice->institution, sizeof header.institution);
    return (waiting->kinds == 0 || (waiting->kinds & 1U << notice->kind) != 0) &&
           filter_takes(waiting->filter, &header) &&
           (!filter_has_groups(waiting->filter) ||
            filter_takes_party(waiting->filter,
                               registry_find(reading->registry, notice->institution))) &&
           may_see(reading, reader, notice, &header);
}

/* ---- one answer ---- */

struct notice_page {
    const struct reading *reading;
    const struct waiting_notices *waiting;
    const struct party *reader;
    struct arena arena;
    Ihuriro__V1__Notice *rows[NOTICES_A_PAGE];
    size_t count;
};

static char *text_of(struct notice_page *page, const char *text)
{
    return text == NULL ? NULL : arena_text(&page->arena, text);
}

static enum err add_row(struct notice_page *page, const struct notice *notice)
{
    if (page->count == NOTICES_A_PAGE) {
        return ERR_MEMORY; /* of one record: settings with more limits than that are refused */
    }
    Ihuriro__V1__Notice *row = arena_take(&page->arena, sizeof *row);
    if (row == NULL) {
        return ERR_MEMORY;
    }
    *row = (Ihuriro__V1__Notice)IHURIRO__V1__NOTICE__INIT;
    row->kind = (Ihuriro__V1__Notice__Kind)notice->kind;
    row->time_us = notice->time_us;
    row->has_seq = notice->seq != 0;
    row->seq = notice->seq;
    row->has_type = notice->type != 0;
    row->type = (Ihuriro__V1__ReportType)notice->type;
    row->institution = text_of(page, notice->institution);
    row->period = text_of(page, notice->period);
    row->limit = text_of(page, notice->limit);
    row->ratio = text_of(page, notice->ratio);
    row->text = text_of(page, notice->text);
    row->has_value = row->has_bound = notice->limit != NULL;
    row->value = notice->value;
    row->bound = notice->bound;
    row->has_due_us = notice->due_us != 0;
    row->due_us = notice->due_us;
    row->has_late_s = notice->late_s != 0;
    row->late_s = notice->late_s;
    page->rows[page->count++] = row;
    return row->institution == NULL || row->period == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err put(void *context, const struct notice *notices, size_t count)
{
    struct notice_page *page = context;
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        taken += is_taken(page->reading, page->waiting, page->reader, &notices[i]);
    }
    if (page->count > 0 && page->count + taken > page->waiting->count_max) {
        return ERR_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        enum err err = is_taken(page->reading, page->waiting, page->reader, &notices[i])
                           ? add_row(page, &notices[i])
                           : ERR_OK;
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err answer_notices(struct feed *feed, struct notice_page *page)
{
    struct waiting_notices *waiting = (struct waiting_notices *)(uintptr_t)page->waiting;
    struct txn *txn = page->reading->txn;
    Ihuriro__V1__Notices answer = IHURIRO__V1__NOTICES__INIT;
    PbPosition from = IHURIRO__V1__POSITION__INIT;
    PbPosition to = IHURIRO__V1__POSITION__INIT;
    struct position reached = {.size = waiting->cursor.seq};
    struct checkpoint newest = {.position = {0}};
    enum err err = journal_root(txn, reached.size, &reached.root);
    err = err != ERR_OK ? err : heads_newest(txn, &newest);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    position_to_message(&waiting->from, &from);
    position_to_message(&reached, &to);
    answer.number = waiting->number;
    answer.from = &from;
    answer.from_time_us = waiting->began.time_us;
    answer.from_after = waiting->began.after;
    answer.to = &to;
    answer.to_time_us = waiting->cursor.time_us;
    answer.to_after = waiting->cursor.after;
    answer.notices = page->rows;
    answer.n_notices = page->count;
    answer.checkpoint = pb_of_bytes(newest.text);
    answer.rights = pb_of_bytes(bytes_of(waiting->rights, SHA256_BYTES));
    answer.now_us = page->reading->now_us;
    answer.has_caught_up = 1;
    answer.caught_up = waiting->next_us != INT64_MIN;
    reading_answer(&feed->out, &waiting->peer, VERB_NOTICES, &answer.base);
    return ERR_OK;
}

/* ---- a waiting request's turn ---- */

static bool is_at_rest(const struct waiting_notices *waiting, const struct reading *reading)
{
    return waiting->next_us != INT64_MIN && waiting->cursor.seq == journal_size(reading->txn) &&
           reading->settled_us < waiting->next_us && reading->now_ms < waiting->deadline_ms &&
           waiting->generation == reading->generation;
}

/* ret_is_done: it was answered. */
static enum err go_on(struct feed *feed, const struct reading *reading,
                      struct waiting_notices *waiting, struct notice_page *page, size_t *budget,
                      bool *ret_is_done)
{
    struct walk *walk = NULL;
    uint8_t rights[SHA256_BYTES];
    bool is_full = false;
    struct notice_end end = {journal_size(reading->txn), reading->settled_us};
    enum err err = rights_of(&feed->rights, reading, page->reader, rights);
    err = err != ERR_OK ? err
                        : walks_find(feed->walks, reading->txn, waiting->cursor.seq,
                                     reading->now_ms, budget, &walk);
    if (err != ERR_OK || walk == NULL) {
        return err;
    }
    bool is_changed = memcmp(rights, waiting->rights, SHA256_BYTES) != 0;
    memcpy(waiting->rights, rights, SHA256_BYTES);
    waiting->generation = reading->generation;
    err = walk_step(walk, reading->txn, &end, put, page, budget, &waiting->cursor, &is_full,
                    &waiting->next_us);
    if (err != ERR_OK ||
        !(page->count > 0 || is_full || is_changed || reading->now_ms >= waiting->deadline_ms)) {
        return err;
    }
    *ret_is_done = true;
    return answer_notices(feed, page);
}

static enum err serve(struct feed *feed, const struct reading *reading,
                      struct waiting_notices *waiting, size_t *budget, bool *ret_is_done)
{
    if (is_at_rest(waiting, reading)) {
        return ERR_OK;
    }
    struct notice_page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        return ERR_MEMORY;
    }
    page->reading = reading;
    page->waiting = waiting;
    page->arena.budget = PAGE_MEMORY_MAX;
    page->reader = reading_party(reading, &feed->out, &waiting->peer);
    enum err err =
        page->reader != NULL ? go_on(feed, reading, waiting, page, budget, ret_is_done) : ERR_OK;
    *ret_is_done = *ret_is_done || page->reader == NULL;
    arena_close(&page->arena);
    free(page);
    return err;
}

static void end_waiting(struct feed *feed, struct waiting_notices *waiting)
{
    TAILQ_REMOVE(&feed->notices, waiting, entry);
    feed->notices_count--;
    followed_close(&waiting->followed);
    free(waiting->filter);
    free(waiting);
}

enum err feed_notices_turn(struct feed *feed, const struct reading *reading, bool *is_behind)
{
    size_t budget = READ_TXN_RECORDS_MAX;
    enum err first = ERR_OK;
    for (size_t left = feed->notices_count; left > 0 && budget > 0; left--) {
        struct waiting_notices *waiting = TAILQ_FIRST(&feed->notices);
        bool is_done = false;
        enum err err = serve(feed, reading, waiting, &budget, &is_done);
        if (err != ERR_OK) {
            first = first != ERR_OK ? first : err;
            reading_retry_later(reading, &feed->out, &waiting->peer, 60,
                                "The hub could not read its store.");
            is_done = true;
        }
        if (is_done) {
            end_waiting(feed, waiting);
            continue;
        }
        followed_looked(waiting->followed, waiting->cursor.seq);
        *is_behind = *is_behind || waiting->next_us == INT64_MIN;
        TAILQ_REMOVE(&feed->notices, waiting, entry);
        TAILQ_INSERT_TAIL(&feed->notices, waiting, entry);
    }
    *is_behind = *is_behind || (budget == 0 && feed->notices_count > 0);
    return first;
}

void feed_notices_close(struct feed *feed)
{
    while (!TAILQ_EMPTY(&feed->notices)) {
        end_waiting(feed, TAILQ_FIRST(&feed->notices));
    }
    walks_close(&feed->walks);
}

/* ---- what comes ---- */

/* A connection has one outstanding, a party 8: the older end without an answer. */
static void end_older(struct feed *feed, const struct reading *reading, const struct peer *peer,
                      const char *reader)
{
    size_t of_party = 0;
    struct waiting_notices *waiting = NULL;
    struct waiting_notices *next = NULL;
    struct waiting_notices *oldest = NULL;
    for (waiting = TAILQ_FIRST(&feed->notices); waiting != NULL; waiting = next) {
        next = TAILQ_NEXT(waiting, entry);
        if (waiting->peer.routing_id_size == peer->routing_id_size &&
            memcmp(waiting->peer.routing_id, peer->routing_id, peer->routing_id_size) == 0) {
            end_waiting(feed, waiting);
            reading->counters->superseded++;
        } else if (strcmp(waiting->reader, reader) == 0) {
            of_party++;
            oldest =
                oldest == NULL || waiting->deadline_ms < oldest->deadline_ms ? waiting : oldest;
        }
    }
    if (of_party >= FETCHES_PER_PARTY) {
        end_waiting(feed, oldest);
        reading->counters->superseded++;
    }
}

static enum err wait(struct feed *feed, const struct reading *reading, const struct peer *peer,
                     const struct party *reader, const Ihuriro__V1__GetNotices *request,
                     const struct access_key *key, const struct waiting_notices *begin)
{
    struct waiting_notices *waiting = NULL;
    end_older(feed, reading, peer, reader->id);
    if (feed->notices_count == NOTICES_WAITING_MAX) {
        reading_retry_later(reading, &feed->out, peer, 1,
                            "The hub has many that wait for notices.");
        return ERR_OK;
    }
    waiting = malloc(sizeof *waiting);
    if (waiting == NULL) {
        return ERR_MEMORY;
    }
    *waiting = *begin;
    memcpy(waiting->reader, reader->id, sizeof waiting->reader);
    enum err err = rights_of(&feed->rights, reading, reader, waiting->rights);
    err = err == ERR_OK && request->filter != NULL ? filter_keep(request->filter, &waiting->filter)
                                                   : err;
    if (err != ERR_OK) {
        free(waiting);
        return err;
    }
    struct asking asking = {.key = key,
                            .party = reader->id,
                            .filter = request->filter,
                            .is_of_notices = true,
                            .position = waiting->from.size,
                            .now_us = reading->now_us};
    waiting->followed = subscribers_asked(reading->subscribers, &asking);
    TAILQ_INSERT_TAIL(&feed->notices, waiting, entry);
    feed->notices_count++;
    return ERR_OK;
}

/* Without a time, that of the position's record: no instant before it is still to come. */
static enum err find_begin(const struct reading *reading, const Ihuriro__V1__GetNotices *request,
                           struct waiting_notices *waiting)
{
    struct record record;
    struct notice_cursor *cursor = &waiting->cursor;
    enum err err = ERR_OK;
    if (request->has_from_end && request->from_end) {
        waiting->from.size = journal_size(reading->txn);
        err = journal_root(reading->txn, waiting->from.size, &waiting->from.root);
        cursor->time_us = reading->settled_us;
    }
    cursor->seq = waiting->from.size;
    if (err == ERR_OK && cursor->seq > 0) {
        err = journal_get(reading->txn, cursor->seq, &record);
    }
    if (err == ERR_OK && cursor->seq > 0 && record.header.received_at_us > cursor->time_us) {
        cursor->time_us = record.header.received_at_us;
        cursor->after[0] = '\0';
    }
    waiting->began = *cursor;
    waiting->began.time_us = request->time_us; /* as it was asked */
    return err;
}

static bool read_request(const Ihuriro__V1__GetNotices *request, struct waiting_notices *waiting,
                         bool *ret_is_bare)
{
    if (position_of_message(request->position, &waiting->from, ret_is_bare) != ERR_OK ||
        (request->after != NULL && request->after[0] != '\0' &&
         !institution_id_is_valid(request->after))) {
        return false;
    }
    for (size_t i = 0; i < request->n_kinds; i++) {
        if ((int)request->kinds[i] < 1 || (int)request->kinds[i] > 31) {
            return false;
        }
        waiting->kinds |= 1U << request->kinds[i];
    }
    uint32_t count_max =
        request->has_max_bytes ? request->max_bytes / NOTICE_BYTES : NOTICES_A_PAGE;
    waiting->count_max = count_max < NOTICES_LEAST    ? NOTICES_LEAST
                         : count_max < NOTICES_A_PAGE ? count_max
                                                      : NOTICES_A_PAGE;
    waiting->number = request->number;
    waiting->cursor.time_us = request->time_us;
    if (request->after != NULL) {
        memcpy(waiting->cursor.after, request->after, strlen(request->after) + 1);
    }
    return true;
}

static enum err open_and_wait(struct feed *feed, const struct reading *reading,
                              const struct peer *peer, const struct party *reader,
                              const Ihuriro__V1__GetNotices *request,
                              struct waiting_notices *waiting)
{
    uint32_t wait_ms = request->has_wait_ms ? request->wait_ms : 0;
    wait_ms = wait_ms < FETCH_WAIT_MS_MAX ? wait_ms : FETCH_WAIT_MS_MAX;
    struct access_key key;
    waiting->peer = *peer;
    waiting->next_us = INT64_MIN;
    waiting->deadline_ms = reading->now_ms + wait_ms;
    waiting->generation = reading->generation;
    enum err err = feed_open(feed, reading, peer, reader, request->filter, &waiting->from, &key);
    if (err == ERR_BUSY) {
        reading_busy(reading, &feed->out, peer);
    } else if (err == ERR_RANGE) {
        reading_too_often(reading, &feed->out, peer);
    }
    if (err != ERR_OK) {
        return err == ERR_REFUSED || err == ERR_BUSY || err == ERR_RANGE ? ERR_OK : err;
    }
    reading->counters->notices++;
    err = find_begin(reading, request, waiting);
    return err != ERR_OK ? err : wait(feed, reading, peer, reader, request, &key, waiting);
}

enum err feed_take_notices(struct feed *feed, const struct reading *reading,
                           const struct peer *peer, const struct party *reader, struct bytes body)
{
    const Ihuriro__V1__GetNotices *request = NULL;
    struct waiting_notices waiting = {.number = 0};
    bool is_bare = false;
    struct complaint complaint = {{0}};
    if (MESSAGE_UNPACK(get_notices, MESSAGE_TOLERANT, body, &feed->arena, &request) != ERR_OK ||
        !read_request(request, &waiting, &is_bare)) {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST",
                       "This GET_NOTICES cannot be read.");
        return ERR_OK;
    }
    if (request->filter != NULL && request->filter->n_kinds > 0) {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST",
                       "Notices are of no kind of record: name kinds of notices instead.");
        return ERR_OK;
    }
    if (request->filter != NULL && filter_check(request->filter, &complaint) != ERR_OK) {
        reading_refuse(reading, &feed->out, peer, "BAD_REQUEST", complaint.text);
        return ERR_OK;
    }
    enum err err = feed_stand(reading->txn, &waiting.from, is_bare);
    if (err == ERR_LOST) {
        Ihuriro__V1__NotInHistory lost = IHURIRO__V1__NOT_IN_HISTORY__INIT;
        lost.number = request->number;
        lost.position = request->position;
        reading->counters->not_in_history++;
        reading_answer(&feed->out, peer, VERB_NOT_IN_HISTORY, &lost.base);
        return ERR_OK;
    }
    return err != ERR_OK ? err : open_and_wait(feed, reading, peer, reader, request, &waiting);
}
