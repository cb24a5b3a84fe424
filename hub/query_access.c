/* What the query door answers is written down first: who read what, once an act. */
#include <string.h>

#include "hub/query_inside.h"

/* A free place; one answer of a connection waits at a time. NULL: come later. */
static struct waiting *waiting_place(struct query *query, const struct peer *peer)
{
    struct waiting *free_place = NULL;
    for (size_t i = 0; i < SNAPSHOTS_WAITING_MAX; i++) {
        struct waiting *waiting = &query->waiting[i];
        if (waiting->ticket == 0) {
            free_place = free_place != NULL ? free_place : waiting;
        } else if (query_is_peer(&waiting->peer, peer)) {
            return NULL;
        }
    }
    return free_place;
}

/* Hands the access to the writer; the answer leaves when it is committed. */
static enum err wait_for_writer(const struct asked *asked, const struct access_key *key,
                                const struct access_key *also, struct access_event *access,
                                struct buffer *answer)
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
        waiting->also = also != NULL ? *also : *key;
        waiting->answer = *answer;
        *answer = (struct buffer){0};
        query->waiting_count++;
    }
    return err;
}

enum err query_answer(const struct asked *asked, const struct access_key *key,
                      const struct access_key *also, struct access_event *access,
                      struct buffer *answer)
{
    struct query *query = asked->query;
    if (accesses_wrote_lately(query->accesses, key, asked->reading->now_ms)) {
        accesses_saw(query->accesses, key, false, asked->reading->now_ms);
        if (also != NULL && !accesses_wrote_lately(query->accesses, also, asked->reading->now_ms)) {
            accesses_saw(query->accesses, also, true, asked->reading->now_ms);
        }
        query->out.answer(query->out.context, asked->peer, buffer_bytes(answer));
        return ERR_OK;
    }
    enum err err = accesses_take(query->accesses, asked->reader->id, asked->reading->now_ms);
    if (err == ERR_RANGE) {
        reading_too_often(asked->reading, &query->out, asked->peer);
        return ERR_OK;
    }
    err = err != ERR_OK ? err : wait_for_writer(asked, key, also, access, answer);
    if (err == ERR_BUSY) {
        reading_busy(asked->reading, &query->out, asked->peer);
        return ERR_OK;
    }
    return err;
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
            accesses_saw(query->accesses, &waiting->also, true, reading->now_ms);
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
