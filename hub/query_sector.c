/* What is known at (N, T), for the query door: kept ones, and the steps of those that are read. */
#include <string.h>

#include "hub/query_inside.h"

#define SECOND_US INT64_C(1000000)

static bool is_same(const struct sector_wanted *a, const struct sector_wanted *b)
{
    return a->until == b->until && a->known_at_us == b->known_at_us &&
           a->month.frequency == b->month.frequency && a->month.end_day == b->month.end_day &&
           a->months_before == b->months_before;
}

static struct sector_kept *find_kept(struct query *query, const struct sector_wanted *wanted)
{
    for (size_t i = 0; i < SECTORS_KEPT; i++) {
        struct sector_kept *kept = &query->sectors[i];
        if (kept->used > 0 && is_same(sector_read_wanted(kept->read), wanted)) {
            return kept;
        }
    }
    return NULL;
}

static struct sector_kept *oldest_kept(struct query *query, bool wants_used)
{
    struct sector_kept *oldest = NULL;
    for (size_t i = 0; i < SECTORS_KEPT; i++) {
        struct sector_kept *kept = &query->sectors[i];
        if ((kept->used > 0 || !wants_used) && (oldest == NULL || kept->used < oldest->used)) {
            oldest = kept;
        }
    }
    return oldest;
}

static void kept_close(struct sector_kept *kept)
{
    sector_read_close(&kept->read);
    kept->used = 0;
}

/* In place of the one that was used longest ago; and no more than memory has room for. */
static struct sector_kept *keep(struct query *query, struct sector_read *read)
{
    size_t sum = sector_read_sightings(read);
    for (size_t i = 0; i < SECTORS_KEPT; i++) {
        const struct sector_kept *kept = &query->sectors[i];
        sum += kept->used > 0 ? sector_read_sightings(kept->read) : 0;
    }
    struct sector_kept *oldest = oldest_kept(query, true);
    while (oldest != NULL && sum > SECTORS_SIGHTINGS_MAX) {
        sum -= sector_read_sightings(oldest->read);
        kept_close(oldest);
        oldest = oldest_kept(query, true);
    }
    struct sector_kept *place = oldest_kept(query, false);
    kept_close(place);
    place->read = read;
    return place;
}

void query_sectors_close(struct query *query)
{
    for (size_t i = 0; i < SECTORS_KEPT; i++) {
        kept_close(&query->sectors[i]);
    }
}

/* One step of its own read. */
static enum err read_on(struct asked *asked, const struct sector_wanted *wanted,
                        struct sector_read **ret_read)
{
    AUTO(sector_read_close) struct sector_read *read = NULL;
    struct job *job = NULL;
    bool is_done = false;
    enum err err = ERR_OK;
    if (asked->job != NULL && asked->job->read != NULL) {
        read = STEAL(asked->job->read);
    } else {
        err = sector_read_make(wanted, asked->query->facts, &read);
    }
    err = err != ERR_OK
              ? err
              : sector_read_step(read, asked->reading->txn, READ_TXN_RECORDS_MAX, &is_done);
    if (err != ERR_OK) {
        return err;
    }
    if (is_done) {
        *ret_read = STEAL(read);
        return ERR_OK;
    }
    err = query_job(asked, &job);
    if (err == ERR_OK) {
        job->read = STEAL(read);
        asked->is_unfinished = true;
    }
    return err;
}

enum err query_sector(struct asked *asked, const struct sector_wanted *wanted,
                      const struct sector **ret_sector)
{
    struct query *query = asked->query;
    struct sector_kept *kept = find_kept(query, wanted);
    if (kept == NULL) {
        struct sector_read *read = NULL;
        enum err err = read_on(asked, wanted, &read);
        if (err != ERR_OK || asked->is_unfinished) {
            return err;
        }
        kept = keep(query, read);
    }
    kept->used = ++query->uses;
    sector_read_use(kept->read, asked->reading->txn);
    *ret_sector = sector_read_sector(kept->read);
    return ERR_OK;
}

enum err query_moment(const struct asked *asked, const uint64_t *at_seq, const int64_t *known_at_us,
                      struct complaint *complaint, struct checkpoint *ret_checkpoint,
                      struct sector_moment *ret_moment)
{
    struct txn *txn = asked->reading->txn;
    struct sector_moment moment = {0};
    struct record last;
    if (asked->job != NULL && asked->job->read != NULL) {
        const struct sector_wanted *wanted = sector_read_wanted(asked->job->read);
        moment = (struct sector_moment){wanted->until, wanted->known_at_us};
        enum err err = heads_at_most(txn, moment.until, ret_checkpoint);
        if (err == ERR_OK) {
            *ret_moment = moment;
        }
        return err;
    }
    enum err err = sector_moment_find(txn, at_seq, known_at_us, asked->reading->now_us, complaint,
                                      ret_checkpoint, &moment);
    if (err == ERR_OK && at_seq == NULL && known_at_us == NULL) {
        err = journal_get(txn, moment.until, &last);
        int64_t second_us = moment.known_at_us - moment.known_at_us % SECOND_US;
        int64_t last_us = err == ERR_OK ? last.header.received_at_us : 0;
        moment.known_at_us = second_us > last_us ? second_us : last_us;
    }
    if (err == ERR_OK) {
        *ret_moment = moment;
    }
    return err;
}
