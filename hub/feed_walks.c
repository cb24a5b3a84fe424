#include "hub/feed_walks.h"

#include <string.h>

#include "hub/current.h"
#include "hub/sector_read.h"
#include "proto/sighting.h"

#define ABANDONED_MS 5000 /* one that is being made, and nobody has asked for since */

/* What a source reads from, for one step. */
struct store_source {
    struct txn *txn;
    struct journal_cursor cursor; /* of the records, one after another */
    bool has_cursor;
};

/* Invariant of one that is made: it holds the events up to `folded`, and between `same_from` and
 * there is none, so it may go on from any record in between, too. */
struct walk {
    uint64_t used; /* 0: free */
    int64_t used_ms;
    struct notice_walk *walk;
    struct sector_read *read; /* NULL: it is made */
    uint64_t same_from;
    uint64_t folded;
};

struct walks {
    struct walk items[WALKS_KEPT];
    uint64_t uses;
};

/* ---- where the records are ---- */

static enum err record_of(void *context, uint64_t seq, struct record *ret_record)
{
    struct store_source *source = context;
    if (!source->has_cursor) {
        enum err err = journal_cursor_open(source->txn, &source->cursor);
        if (err != ERR_OK) {
            return err;
        }
        source->has_cursor = true;
    }
    return journal_cursor_get(&source->cursor, seq, ret_record);
}

struct place_walk {
    struct sightings *place;
    uint64_t until;
};

static enum err take_row(void *context, const struct report_row *row)
{
    const struct place_walk *walk = context;
    if (row->seq > walk->until) {
        return ERR_OK;
    }
    struct sighting sighting = sighting_of_row(row);
    return sightings_add(walk->place, &sighting);
}

static enum err place_of(void *context, const char *institution, int type, int frequency,
                         int32_t end_day, uint64_t until, struct sightings *place)
{
    const struct store_source *source = context;
    struct place_walk walk = {place, until};
    return reports_walk(source->txn, type, frequency, end_day, institution, take_row, &walk);
}

static enum err body_of(void *context, uint64_t seq, struct arena *arena,
                        const PbReport **ret_report)
{
    const struct store_source *source = context;
    struct record record;
    enum err err = journal_get(source->txn, seq, &record);
    return err != ERR_OK ? err : report_of_record(&record, arena, ret_report);
}

/* ---- finding and making ---- */

static void walk_free(struct walk *walk)
{
    sector_read_close(&walk->read);
    notice_walk_close(&walk->walk);
    *walk = (struct walk){.used = 0};
}

enum err walks_make(struct walks **ret_walks)
{
    struct walks *walks = calloc(1, sizeof *walks);
    if (walks == NULL) {
        return ERR_MEMORY;
    }
    *ret_walks = walks;
    return ERR_OK;
}

void walks_close(struct walks **walks)
{
    for (size_t i = 0; *walks != NULL && i < WALKS_KEPT; i++) {
        walk_free(&(*walks)->items[i]);
    }
    free(*walks);
    *walks = NULL;
}

static struct walk *find_kept(struct walks *walks, uint64_t seq)
{
    for (size_t i = 0; i < WALKS_KEPT; i++) {
        struct walk *walk = &walks->items[i];
        if (walk->used > 0 && walk->same_from <= seq && seq <= walk->folded) {
            return walk;
        }
    }
    return NULL;
}

/* In place of the one that was used longest ago; one that is being made is left alone. */
static struct walk *find_place(struct walks *walks, int64_t now_ms)
{
    struct walk *oldest = NULL;
    for (size_t i = 0; i < WALKS_KEPT; i++) {
        struct walk *walk = &walks->items[i];
        bool is_busy = walk->read != NULL && now_ms - walk->used_ms < ABANDONED_MS;
        if (!is_busy && (oldest == NULL || walk->used < oldest->used)) {
            oldest = walk;
        }
    }
    return oldest;
}

static enum err begin(struct walk *walk, uint64_t seq)
{
    struct notice_source source = {NULL, record_of, place_of, body_of};
    walk_free(walk);
    enum err err = notice_walk_make(&source, &walk->walk);
    err =
        err != ERR_OK ? err : sector_read_events(notice_walk_sector(walk->walk), seq, &walk->read);
    if (err != ERR_OK) {
        walk_free(walk);
        return err;
    }
    walk->same_from = walk->folded = seq;
    return ERR_OK;
}

enum err walks_find(struct walks *walks, struct txn *txn, uint64_t seq, int64_t now_ms,
                    size_t *budget, struct walk **ret_walk)
{
    struct walk *walk = find_kept(walks, seq);
    bool is_done = true;
    enum err err = ERR_OK;
    *ret_walk = NULL;
    if (walk == NULL) {
        walk = find_place(walks, now_ms);
        err = walk == NULL ? ERR_OK : begin(walk, seq);
        if (walk == NULL || err != ERR_OK) {
            return err;
        }
    }
    walk->used = ++walks->uses;
    walk->used_ms = now_ms;
    if (walk->read != NULL) {
        err = sector_read_step(walk->read, txn, *budget, &is_done);
        *budget -= is_done && *budget > 0 ? 1 : *budget; /* all of it, where it did not suffice */
    }
    if (err != ERR_OK) {
        walk_free(walk);
        return err;
    }
    if (is_done) {
        sector_read_close(&walk->read);
        *ret_walk = walk;
    }
    return ERR_OK;
}

enum err walk_step(struct walk *walk, struct txn *txn, const struct notice_end *end,
                   notice_sink sink, void *sink_context, size_t *budget,
                   struct notice_cursor *cursor, bool *ret_is_full, int64_t *ret_next_us)
{
    struct store_source source = {.txn = txn};
    notice_walk_use(walk->walk, &source);
    enum err err = notice_walk_step(walk->walk, end, sink, sink_context, budget, cursor,
                                    ret_is_full, ret_next_us);
    if (source.has_cursor) {
        journal_cursor_close(&source.cursor);
    }
    notice_walk_use(walk->walk, NULL);
    if (err != ERR_OK) {
        walk_free(walk); /* what it holds may be half fed */
        return err;
    }
    uint64_t last = notice_walk_last_event(walk->walk);
    walk->same_from = last > walk->same_from ? last : walk->same_from;
    walk->folded = cursor->seq > walk->folded ? cursor->seq : walk->folded;
    return ERR_OK;
}
