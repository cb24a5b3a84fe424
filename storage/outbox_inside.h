/* The agent's table as bytes, shared by the outbox's files.
 *
 *   entries  institution 16, type u8, frequency u8, period end u32 (biased), number u32 -> entry
 *   ids      id                                                -> entry key
 *   send     institution 16, EXPOSURES last u8, order u64      -> entry key
 *   offers   institution 16, first received u64, entry key     -> empty
 *   latest   size of the latest receipt's checkpoint u64, key  -> empty; unmarked entries only
 *   drafts   entry key                                         -> empty
 *   refused  entry key                                         -> empty
 *   counts   institution 16                                    -> queued, drafts, refused,
 *                                                                 receipted, to offer u64
 *   notes    name                                              -> value
 *   meta     format words
 *
 * Every row but entries, notes and meta follows from the entry: rows_save is the one place that
 * writes them. */
#ifndef IHURIRO_STORAGE_OUTBOX_INSIDE_H
#define IHURIRO_STORAGE_OUTBOX_INSIDE_H

#include "storage/outbox.h"

enum outbox_database {
    OUTBOX_ENTRIES,
    OUTBOX_IDS,
    OUTBOX_SEND,
    OUTBOX_OFFERS,
    OUTBOX_LATEST,
    OUTBOX_DRAFTS,
    OUTBOX_REFUSED,
    OUTBOX_COUNTS,
    OUTBOX_NOTES,
    OUTBOX_META,
    OUTBOX_DATABASES,
};
extern const char *const outbox_databases[OUTBOX_DATABASES];

#define OUTBOX_MAP_BYTES ((size_t)64 << 20)
#define ENTRY_KEY_BYTES  26
#define ENTRY_PLACE      22 /* the prefix that is a place */
#define OFFER_KEY_BYTES  (16 + 8 + ENTRY_KEY_BYTES)
#define LATEST_KEY_BYTES (8 + ENTRY_KEY_BYTES)

/* An entry and what its rows are made from. */
struct kept {
    struct entry entry;
    uint64_t order;        /* in `send` */
    uint64_t latest_size;  /* of the latest receipt's checkpoint */
    int64_t best_first_us; /* first_received_at of the best receipt */
    uint8_t best_verdict;  /* of the best receipt, 0: none */
};

static inline bool kept_has_receipt(const struct kept *kept)
{
    return kept->entry.state == ENTRY_RECEIPTED;
}

void entry_key_encode(const struct entry_key *key, uint8_t ret_bytes[static ENTRY_KEY_BYTES]);
MUST_USE enum err entry_key_decode(struct bytes bytes, struct entry_key *ret_key);
MUST_USE enum err entry_decode(struct bytes key, struct bytes value, struct kept *ret_kept);

MUST_USE enum err rows_load(struct txn *txn, const struct entry_key *key, struct kept *ret_kept);
MUST_USE enum err rows_find(struct txn *txn, const uint8_t id[static SHA256_BYTES],
                            struct kept *ret_kept);
/* was: as loaded, or NULL for a new one; now: NULL to take it away. Errors stick. */
enum err rows_save(struct txn *txn, const struct kept *was, const struct kept *now);

/* What there is of an entry's (institution, type, period). */
struct place_view {
    uint32_t newest_number; /* 0: nothing */
    uint32_t queued_number; /* the one without a receipt, 0: none */
    uint32_t draft_number;
    uint32_t accepted_number; /* of the highest accepted vintage */
    uint32_t highest_vintage; /* accepted */
    bool has_marked;
};
MUST_USE enum err place_look(struct txn *txn, const struct entry_key *of,
                             struct place_view *ret_place);

/* All that is queued, whether or not it must wait. */
MUST_USE enum err outbox_queued(struct txn *txn, entry_visit visit, void *context);

/* Entry keys gathered before what they point to is changed. AUTO(keys_close). */
struct keys {
    struct entry_key *items;
    size_t count;
    size_t capacity;
};
void keys_close(struct keys *keys);
MUST_USE enum err keys_add(struct keys *keys, const struct entry_key *key);
/* From a key on, to the end; entry keys begin at an offset in the keys. */
MUST_USE enum err keys_gather(struct txn *txn, size_t database, struct bytes from, size_t at,
                              struct keys *keys);

/* Runs step in a write transaction and commits; grows the map and runs it again when it is full.
 * An error of step, sticky or not, commits nothing. */
typedef enum err (*outbox_step)(struct txn *txn, void *context);
MUST_USE enum err outbox_write(struct outbox *outbox, outbox_step step, void *context);

#endif
