#include "hub/query_inside.h"

#include <string.h>

#include "hub/prove.h"

static enum err take_prove(struct asked *asked);
static enum err take_settings(struct asked *asked);

static const struct {
    enum verb verb;
    enum err (*take)(struct asked *asked);
} verbs[] = {
    {VERB_SNAPSHOT, query_take_snapshot},
    {VERB_FETCH, query_take_fetch},
    {VERB_PROVE, take_prove},
    {VERB_GET_SETTINGS, take_settings},
    {VERB_GET_MATRIX, query_take_matrix},
    {VERB_GET_RECEIPT, query_take_receipt},
    {VERB_GET_TOTALS, query_take_totals},
    {VERB_GET_CONTACTS, query_take_contacts},
};

void query_refuse(const struct asked *asked, const char *rule, const char *text)
{
    reading_refuse(asked->reading, &asked->query->out, asked->peer, rule, text);
}

enum err query_malformed(const struct asked *asked, const char *text)
{
    query_refuse(asked, "BAD_REQUEST", text);
    return ERR_OK;
}

static void job_close(struct job *job)
{
    buffer_close(&job->frame);
    scope_walk_close(&job->walk);
    totals_close(&job->totals);
    sector_read_close(&job->read);
    *job = (struct job){.is_used = false};
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
    err = err != ERR_OK ? err : facts_cache_make(&query->facts);
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
    for (size_t i = 0; i < COLLECTING_MAX; i++) {
        job_close(&(*query)->jobs[i]);
    }
    query_totals_close(*query);
    query_sectors_close(*query);
    facts_cache_close(&(*query)->facts);
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

size_t query_collecting(const struct query *query)
{
    size_t count = 0;
    for (size_t i = 0; i < COLLECTING_MAX; i++) {
        count += query->jobs[i].is_used;
    }
    return count;
}

bool query_is_peer(const struct peer *a, const struct peer *b)
{
    return a->routing_id_size == b->routing_id_size &&
           memcmp(a->routing_id, b->routing_id, a->routing_id_size) == 0;
}

/* One request, also when it is taken again. */
static enum err take(struct asked *asked)
{
    struct query *query = asked->query;
    int verb = 0;
    if (frame_open(asked->frame, &verb, &asked->body) != ERR_OK) {
        return query_malformed(asked, "This is no frame of version 1.");
    }
    asked->reader = reading_party(asked->reading, &query->out, asked->peer);
    if (asked->reader == NULL) {
        return ERR_OK;
    }
    arena_reset(&query->arena);
    enum err err = access_rights(asked->reader, asked->reading->registry, asked->rights);
    size_t at = 0;
    while (at < sizeof verbs / sizeof verbs[0] && (int)verbs[at].verb != verb) {
        at++;
    }
    if (err == ERR_OK && at == sizeof verbs / sizeof verbs[0]) {
        return query_malformed(asked, "The query door takes SNAPSHOT, FETCH, PROVE, GET_SETTINGS, "
                                      "GET_MATRIX, GET_TOTALS, GET_RECEIPT and GET_CONTACTS.");
    }
    err = err != ERR_OK ? err : verbs[at].take(asked);
    if (err != ERR_OK) {
        reading_retry_later(asked->reading, &query->out, asked->peer, 60,
                            "The hub could not read its store.");
    }
    return err;
}

enum err query_take(struct query *query, const struct reading *reading, const struct peer *peer,
                    struct bytes frame)
{
    struct asked asked = {.query = query, .reading = reading, .peer = peer, .frame = frame};
    for (size_t i = 0; i < COLLECTING_MAX; i++) {
        if (query->jobs[i].is_used && query_is_peer(&query->jobs[i].peer, peer)) {
            job_close(&query->jobs[i]); /* it has asked anew */
            reading->counters->superseded++;
        }
    }
    return take(&asked);
}

enum err query_turn(struct query *query, const struct reading *reading, bool *ret_is_behind)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < COLLECTING_MAX; i++) {
        struct job *job = &query->jobs[query->next_job++ % COLLECTING_MAX];
        if (!job->is_used) {
            continue;
        }
        struct asked asked = {.query = query,
                              .reading = reading,
                              .peer = &job->peer,
                              .frame = buffer_bytes(&job->frame),
                              .job = job};
        err = take(&asked);
        if (!asked.is_unfinished) {
            job_close(job);
        }
        break; /* one a transaction */
    }
    *ret_is_behind = query_collecting(query) > 0;
    return err;
}

/* ---- collecting ---- */

enum err query_job(const struct asked *asked, struct job **ret_job)
{
    struct job *job = asked->job;
    size_t own = 0; /* of the same key: half of the places are for others */
    for (size_t i = 0; asked->job == NULL && i < COLLECTING_MAX; i++) {
        struct job *other = &asked->query->jobs[i];
        own += other->is_used &&
               memcmp(other->peer.user, asked->peer->user, sizeof other->peer.user) == 0;
        job = job == NULL && !other->is_used ? other : job;
    }
    if (job == NULL || own >= COLLECTING_MAX / 2) {
        return ERR_BUSY;
    }
    if (asked->job == NULL) {
        enum err err = buffer_append(&job->frame, asked->frame.data, asked->frame.size);
        if (err != ERR_OK) {
            buffer_close(&job->frame);
            return err;
        }
        job->is_used = true;
        job->peer = *asked->peer;
        memcpy(job->rights, asked->rights, SHA256_BYTES);
    }
    *ret_job = job;
    return ERR_OK;
}

/* Keeps what was collected so far until the next turn. */
static enum err go_on_later(struct asked *asked, struct scope_walk *walk)
{
    struct job *job = NULL;
    enum err err = query_job(asked, &job);
    if (err == ERR_OK) {
        job->walk = *walk;
        *walk = (struct scope_walk){.until = 0};
        asked->is_unfinished = true;
    }
    return err;
}

/* One step; with other rights than before it begins again. asked->is_unfinished: the rest comes
 * later. ERR_BUSY: too many are under way. */
enum err query_collect(struct asked *asked, const PbFilter *filter, uint64_t until,
                       struct scope *ret_scope)
{
    AUTO(scope_walk_close) struct scope_walk walk = {.until = until};
    struct job *job = asked->job;
    if (job != NULL && memcmp(job->rights, asked->rights, SHA256_BYTES) == 0) {
        walk = job->walk;
        job->walk = (struct scope_walk){.until = walk.until};
    } else if (job != NULL) {
        scope_close(&job->walk.scope);
        memcpy(job->rights, asked->rights, SHA256_BYTES);
    }
    enum err err = scope_step(&walk, asked->reading, asked->reader, filter, READ_TXN_RECORDS_MAX);
    if (err == ERR_OK && !walk.is_done) {
        return go_on_later(asked, &walk);
    }
    if (err == ERR_OK) {
        *ret_scope = walk.scope;
        walk.scope = (struct scope){0};
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
        return query_malformed(asked, "This PROVE cannot be read.");
    }
    enum err err = prove_answer(asked->reading, asked->reader, asked->query->identity, prove,
                                &complaint, &frame);
    if (err == ERR_REFUSED || err == ERR_LOST) {
        query_refuse(asked, err == ERR_LOST ? "UNDECLARED_FORK" : "BAD_REQUEST", complaint.text);
        return ERR_OK;
    }
    if (err == ERR_OK) {
        asked->query->out.answer(asked->query->out.context, asked->peer, buffer_bytes(&frame));
    }
    return err;
}

/* ERR_BUSY from collecting: too many pulls at once. */
enum err query_busy_collecting(const struct asked *asked)
{
    reading_retry_later(asked->reading, &asked->query->out, asked->peer, 1,
                        "The hub is busy with other pulls.");
    return ERR_OK;
}
