/* A sector (proto/sector.h) from the store, through the indexes: all events that it is folded from,
 * and the reports of one month, of the months before, and of what these look at.
 *
 * It goes in steps, each in a read transaction of its own, since no such transaction is to be long:
 * what was committed up to the bound does not change between them, and what comes behind it is left
 * alone. A command, which is a process of its own, takes all in one. */
#ifndef IHURIRO_HUB_SECTOR_READ_H
#define IHURIRO_HUB_SECTOR_READ_H

#include "proto/sector.h"
#include "storage/journal.h"

struct sector_wanted {
    struct period month;
    int months_before;   /* that ratios compare with; -1: states only, no body will be asked for */
    bool without_facts;  /* whether approved, whether nil is not asked: no cells will be */
    uint64_t until;      /* N */
    int64_t known_at_us; /* T */
};

/* The two facts of a body, by seq: a look at the record is spared. Bounded; where it is full, the
 * older of two in one place is forgotten. */
struct facts_cache;
MUST_USE enum err facts_cache_make(struct facts_cache **ret_cache);
void facts_cache_close(struct facts_cache **cache);

/* A read that is under way, and then the sector. */
struct sector_read;

/* cache: or NULL; it stays the caller's. */
MUST_USE enum err sector_read_make(const struct sector_wanted *wanted, struct facts_cache *cache,
                                   struct sector_read **ret_read);
/* Feeds all events up to until to a sector of the caller's, which stays the caller's, and no
 * reports: for a walk that goes on from there. */
MUST_USE enum err sector_read_events(struct sector *sector, uint64_t until,
                                     struct sector_read **ret_read);
void sector_read_close(struct sector_read **read);
/* Looks at so many rows of the indexes at most. ret_is_done: all is read, and sealed. */
MUST_USE enum err sector_read_step(struct sector_read *read, struct txn *txn, size_t rows_max,
                                   bool *ret_is_done);
/* Once it is done; belongs to the read. Bodies are read in the transaction that it was given last,
 * so give it one before asking for inputs. */
const struct sector *sector_read_sector(const struct sector_read *read);
void sector_read_use(struct sector_read *read, struct txn *txn);
const struct sector_wanted *sector_read_wanted(const struct sector_read *read);
/* How much it holds: what a bounded number of kept ones is chosen by. */
size_t sector_read_sightings(const struct sector_read *read);

/* What a report's record says. Lives in the arena. */
MUST_USE enum err report_of_record(const struct record *record, struct arena *arena,
                                   const PbReport **ret_report);

/* The position and the time that are meant: at_seq NULL, the end of the journal; known_at_us NULL,
 * now, or with at_seq the received_at of record N. at_seq is taken down to a checkpoint, as a
 * pull's. ERR_REFUSED with the sentence: behind the end, before the first checkpoint, or before the
 * first settings. ret_checkpoint's text is a view into the transaction. */
struct sector_moment {
    uint64_t until;
    int64_t known_at_us;
};
MUST_USE enum err sector_moment_find(struct txn *txn, const uint64_t *at_seq,
                                     const int64_t *known_at_us, int64_t now_us,
                                     struct complaint *complaint, struct checkpoint *ret_checkpoint,
                                     struct sector_moment *ret_moment);

#endif
