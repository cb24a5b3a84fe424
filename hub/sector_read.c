#include "hub/sector_read.h"

#include <string.h>

#include "hub/current.h"
#include "proto/sighting.h"

/* ---- facts of bodies ---- */

#define FACTS_KEPT 65536

/* seq << 2 | approved << 1 | nil; 0: none. */
struct facts_cache {
    uint64_t items[FACTS_KEPT];
};

enum err facts_cache_make(struct facts_cache **ret_cache)
{
    struct facts_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return ERR_MEMORY;
    }
    *ret_cache = cache;
    return ERR_OK;
}

void facts_cache_close(struct facts_cache **cache)
{
    free(*cache);
    *cache = NULL;
}

static bool facts_known(const struct facts_cache *cache, struct sighting *sighting)
{
    uint64_t item = cache == NULL ? 0 : cache->items[sighting->seq % FACTS_KEPT];
    if (item >> 2 != sighting->seq) {
        return false;
    }
    sighting->is_nil = (item & 1) != 0;
    sighting->is_approved = (item & 2) != 0;
    return true;
}

static void facts_keep(struct facts_cache *cache, const struct sighting *sighting)
{
    if (cache != NULL) {
        cache->items[sighting->seq % FACTS_KEPT] =
            sighting->seq << 2 | (sighting->is_approved ? 2 : 0) | (sighting->is_nil ? 1 : 0);
    }
}

/* ---- the read ---- */

/* A stretch of the index of reports. */
struct stretch {
    int type;
    int frequency;
    int32_t first_day;
    int32_t last_day;
};

struct sector_read {
    struct sector_wanted wanted;
    struct facts_cache *cache;
    struct txn *txn; /* of the step, or of who asks for bodies */
    struct journal_cursor cursor;
    bool has_cursor;
    struct sector *sector;
    bool is_borrowed;   /* the caller's, and fed with events only */
    struct arena arena; /* the event in hand */
    size_t rows_left;
    size_t range; /* of sector_kinds, then types and frequencies */
    bool is_within;
    struct event_row last_event;
    struct report_row last_report;
    size_t sightings;
    bool is_done;
};

MUST_USE static enum err walk_events(struct sector_read *read, int kind);
MUST_USE static enum err walk_reports(struct sector_read *read, size_t number);
MUST_USE static enum err read_body(void *context, uint64_t seq, struct arena *arena,
                                   const PbReport **ret_report);

static size_t count_kinds(void)
{
    size_t count = 0;
    while (sector_kinds[count] != 0) {
        count++;
    }
    return count;
}

/* Type after type and within it frequency after frequency: the order that a sector sorts by. */
#define STRETCHES ((size_t)(TYPE_LAST - TYPE_PORTFOLIO + 1) * FREQUENCY_Q)

enum err sector_read_step(struct sector_read *read, struct txn *txn, size_t rows_max,
                          bool *ret_is_done)
{
    size_t kinds = count_kinds();
    enum err err = ERR_OK;
    read->txn = txn;
    read->rows_left = rows_max;
    while (err == ERR_OK && read->range < kinds + (read->is_borrowed ? 0 : STRETCHES)) {
        err = read->range < kinds ? walk_events(read, sector_kinds[read->range])
                                  : walk_reports(read, read->range - kinds);
        if (err == ERR_OK) {
            read->range++;
            read->is_within = false;
        }
    }
    if (read->has_cursor) {
        journal_cursor_close(&read->cursor);
        read->has_cursor = false;
    }
    if (err == ERR_OK && !read->is_done) {
        err = sector_seal(read->sector);
        read->is_done = err == ERR_OK;
    }
    *ret_is_done = read->is_done;
    return err == ERR_BUSY ? ERR_OK : err;
}

enum err sector_read_make(const struct sector_wanted *wanted, struct facts_cache *cache,
                          struct sector_read **ret_read)
{
    AUTO(sector_read_close) struct sector_read *read = calloc(1, sizeof *read);
    if (read == NULL) {
        return ERR_MEMORY;
    }
    read->wanted = *wanted;
    read->cache = cache;
    struct sector_terms terms = {
        .known_at_us = wanted->known_at_us, .body = read_body, .body_context = read};
    enum err err = sector_make(&terms, &read->sector);
    if (err == ERR_OK) {
        *ret_read = STEAL(read);
    }
    return err;
}

enum err sector_read_events(struct sector *sector, uint64_t until, struct sector_read **ret_read)
{
    struct sector_read *read = calloc(1, sizeof *read);
    if (read == NULL) {
        return ERR_MEMORY;
    }
    read->wanted.until = until;
    read->sector = sector;
    read->is_borrowed = true;
    *ret_read = read;
    return ERR_OK;
}

void sector_read_close(struct sector_read **read)
{
    if (*read != NULL) {
        if (!(*read)->is_borrowed) {
            sector_close(&(*read)->sector);
        }
        arena_close(&(*read)->arena);
        free(*read);
        *read = NULL;
    }
}

const struct sector *sector_read_sector(const struct sector_read *read)
{
    return read->is_done ? read->sector : NULL;
}

void sector_read_use(struct sector_read *read, struct txn *txn)
{
    read->txn = txn;
}

const struct sector_wanted *sector_read_wanted(const struct sector_read *read)
{
    return &read->wanted;
}

size_t sector_read_sightings(const struct sector_read *read)
{
    return read->sightings;
}

/* ---- events ---- */

static bool row_is_due(struct sector_read *read)
{
    if (read->rows_left == 0) {
        return false;
    }
    read->rows_left--;
    return true;
}

/* One after another costs less with a cursor. */
static enum err record_at(struct sector_read *read, uint64_t seq, struct record *ret_record)
{
    if (!read->has_cursor) {
        enum err err = journal_cursor_open(read->txn, &read->cursor);
        if (err != ERR_OK) {
            return err;
        }
        read->has_cursor = true;
    }
    return journal_cursor_get(&read->cursor, seq, ret_record);
}

static enum err take_event(void *context, const struct event_row *row)
{
    struct sector_read *read = context;
    struct record record;
    const PbEvent *event = NULL;
    if (!row_is_due(read)) {
        return ERR_BUSY;
    }
    read->last_event = *row;
    read->is_within = true;
    if (row->seq > read->wanted.until) {
        return ERR_OK;
    }
    arena_reset(&read->arena);
    enum err err = record_at(read, row->seq, &record);
    err = err != ERR_OK
              ? err
              : MESSAGE_UNPACK(event, MESSAGE_TOLERANT, record.body, &read->arena, &event);
    return err != ERR_OK ? err : sector_event(read->sector, &record.header, event);
}

static enum err walk_events(struct sector_read *read, int kind)
{
    if (!read->is_within) {
        read->last_event = (struct event_row){.seq = 0};
    }
    return events_walk_on(read->txn, kind, &read->last_event, take_event, read);
}

/* ---- reports ---- */

static enum err look_at_body(struct sector_read *read, struct sighting *sighting)
{
    struct record record;
    if (read->wanted.without_facts || !verdict_accepts(sighting->verdict) ||
        facts_known(read->cache, sighting)) {
        return ERR_OK; /* of a rejected one nobody asks */
    }
    enum err err = record_at(read, sighting->seq, &record);
    err = err != ERR_OK ? err
                        : sighting_facts(record.body, &sighting->is_nil, &sighting->is_approved);
    if (err == ERR_OK) {
        facts_keep(read->cache, sighting);
    }
    return err == ERR_MALFORMED ? ERR_CORRUPT : err;
}

static enum err take_report(void *context, const struct report_row *row)
{
    struct sector_read *read = context;
    if (!row_is_due(read)) {
        return ERR_BUSY;
    }
    read->last_report = *row;
    read->is_within = true;
    if (row->seq > read->wanted.until || row->first_received_at_us > read->wanted.known_at_us) {
        return ERR_OK;
    }
    struct sighting sighting = sighting_of_row(row);
    enum err err = look_at_body(read, &sighting);
    read->sightings++;
    return err != ERR_OK ? err : sector_report(read->sector, &sighting);
}

/* Of the days before the earliest month only quarters are looked at. */
static struct stretch stretch_of(const struct sector_read *read, size_t number)
{
    const struct period *month = &read->wanted.month;
    struct stretch stretch = {
        .type = TYPE_PORTFOLIO + (int)(number / FREQUENCY_Q),
        .frequency = FREQUENCY_D + (int)(number % FREQUENCY_Q),
        .first_day = month->start_day,
        .last_day = month->end_day,
    };
    if (read->wanted.months_before < 0) {
        return stretch;
    }
    if (stretch.frequency == FREQUENCY_Q) {
        sector_inputs_days(month, read->wanted.months_before, &stretch.first_day,
                           &stretch.last_day);
    } else {
        stretch.first_day = day_add_months(month->start_day, -read->wanted.months_before);
    }
    return stretch;
}

static enum err walk_reports(struct sector_read *read, size_t number)
{
    struct stretch stretch = stretch_of(read, number);
    return reports_walk_days(read->txn, stretch.type, stretch.frequency, stretch.first_day,
                             stretch.last_day, read->is_within ? &read->last_report : NULL,
                             take_report, read);
}

enum err report_of_record(const struct record *record, struct arena *arena,
                          const PbReport **ret_report)
{
    const PbSignedReport *envelope = NULL;
    enum err err = MESSAGE_UNPACK(signed_report, MESSAGE_TOLERANT, record->body, arena, &envelope);
    return err != ERR_OK ? err
                         : MESSAGE_UNPACK(report, MESSAGE_TOLERANT, bytes_of_pb(envelope->report),
                                          arena, ret_report);
}

static enum err read_body(void *context, uint64_t seq, struct arena *arena,
                          const PbReport **ret_report)
{
    const struct sector_read *read = context;
    struct record record;
    enum err err = journal_get(read->txn, seq, &record);
    return err != ERR_OK ? err : report_of_record(&record, arena, ret_report);
}

/* ---- when ---- */

static enum err first_seq(void *context, uint64_t seq)
{
    *(uint64_t *)context = seq;
    return ERR_EXISTS; /* ends the walk at the first */
}

/* Before the first settings nothing was owed by known rules. */
static enum err check_settings(struct txn *txn, int64_t known_at_us, uint64_t until,
                               struct complaint *complaint)
{
    uint64_t seq = 0;
    struct record record;
    char text[TIME_TEXT_MAX + 1];
    enum err err = events_walk(txn, KIND_SETTINGS, NULL, first_seq, &seq);
    if (err != ERR_EXISTS) {
        return err != ERR_OK
                   ? err
                   : complain(complaint, ERR_REFUSED, "The hub's journal holds no settings yet.");
    }
    err = journal_get(txn, seq, &record);
    if (err != ERR_OK || (known_at_us >= record.header.first_received_at_us && seq <= until)) {
        return err;
    }
    time_format(record.header.first_received_at_us, text);
    return complain(complaint, ERR_REFUSED,
                    "Nothing was known then: the hub's first settings are record %llu, of %s. Ask "
                    "as known at that time or later.",
                    (unsigned long long)seq, text);
}

enum err sector_moment_find(struct txn *txn, const uint64_t *at_seq, const int64_t *known_at_us,
                            int64_t now_us, struct complaint *complaint,
                            struct checkpoint *ret_checkpoint, struct sector_moment *ret_moment)
{
    uint64_t head = journal_size(txn);
    struct sector_moment moment = {.until = head, .known_at_us = now_us};
    struct record record;
    if (head == 0) {
        return complain(complaint, ERR_REFUSED, "The hub's journal is empty.");
    }
    if (at_seq != NULL && *at_seq > head) {
        return complain(complaint, ERR_REFUSED,
                        "The journal ends at record %llu; record %llu lies behind it.",
                        (unsigned long long)head, (unsigned long long)*at_seq);
    }
    if (known_at_us != NULL && *known_at_us > now_us) {
        return complain(complaint, ERR_REFUSED,
                        "What will be known at a time to come cannot be said. Ask as known now or "
                        "earlier.");
    }
    const uint64_t asked = at_seq != NULL ? *at_seq : head;
    enum err err = heads_at_most(txn, asked, ret_checkpoint);
    if (err == ERR_NOT_FOUND) {
        return complain(complaint, ERR_REFUSED,
                        "There is no checkpoint at or before record %llu. Take a larger number.",
                        (unsigned long long)asked);
    }
    if (err != ERR_OK) {
        return err;
    }
    moment.until = ret_checkpoint->position.size;
    if (known_at_us != NULL) {
        moment.known_at_us = *known_at_us;
    } else if (at_seq != NULL) {
        err = journal_get(txn, moment.until, &record);
        moment.known_at_us = err == ERR_OK ? record.header.received_at_us : 0;
    }
    err = err != ERR_OK ? err : check_settings(txn, moment.known_at_us, moment.until, complaint);
    if (err == ERR_OK) {
        *ret_moment = moment;
    }
    return err;
}
