/* The hub's store: the journal, its Merkle nodes, signed heads and indexes, written by one commit.
 *
 * The journal, with its heads, is the truth; reports, owners and events are derived and can be
 * rebuilt with an equal result (storage/check.h). Folder layout: STORE/data.mdb, STORE/lock; beside
 * it acts.log (storage/acts.h).
 *
 *   journal   seq u64                                  -> record
 *   nodes     index u64                                -> 32 bytes
 *   heads     tree size u64                            -> signed checkpoint
 *   reports   type u8, frequency u8, period end u32    -> struct report_row, encoded
 *             (biased), institution 16, seq u64
 *   owners    institution 16                           -> reports held u64, seq of the last u64
 *   events    kind u8, subject 16, seq u64             -> empty
 *   refusals  sender 16, time u64, number u32          -> id 32, rule 16, path 160
 *   contacts  institution 16                           -> Contact (proto/record.proto)
 *   meta      name                                     -> value
 */
#ifndef IHURIRO_STORAGE_JOURNAL_H
#define IHURIRO_STORAGE_JOURNAL_H

#include "proto/checkpoint.h"
#include "proto/record.h"
#include "storage/env.h"

#define STORE_MAP_BYTES ((size_t)256 << 30)

struct store; /* an env with the hub's databases, opened */

struct store_meta {
    char origin[HUB_ORIGIN_MAX + 1];
    uint8_t log_key[PUBLIC_KEY_BYTES];
    bool is_test;
    int64_t created_us;
};

MUST_USE enum err store_create(const char *path, const struct store_meta *meta,
                               struct complaint *complaint);
MUST_USE enum err store_open(const char *path, enum env_mode mode, struct complaint *complaint,
                             struct store **ret_store);
void store_close(struct store **store);
struct env *store_env(struct store *store);
const struct store_meta *store_meta(const struct store *store);

/* ---- writing: one turn ---- */

/* What the journal gives a record: seq, previous_seq, header_bytes, version, lengths and judgement
 * hash are filled in here. */
struct append {
    struct header header; /* kind, type, period, vintage, verdict, times, institution, id, signer,
                             signature are the caller's */
    struct bytes judgement;
    struct bytes body;
};

/* Puts the record, its Merkle nodes and its index rows. Errors stick in the transaction. ret_header
 * is the header as stored. */
enum err journal_append(struct txn *txn, const struct append *append, struct header *ret_header);
/* Signs and puts the head over all that was appended; once, last, before txn_commit.
 * ret_checkpoint's text lives in text. */
enum err journal_seal(struct txn *txn, const char *origin, const struct signing_key *log_key,
                      int64_t now_us, struct buffer *text, struct checkpoint *ret_checkpoint);

/* ---- reading ---- */

uint64_t journal_size(struct txn *txn);
MUST_USE enum err journal_get(struct txn *txn, uint64_t seq,
                              struct record *ret_record); /* ERR_NOT_FOUND, ERR_CORRUPT */

/* Reads records one after another: the next one costs less than with journal_get. AUTO, within the
 * transaction. */
struct journal_cursor {
    struct cursor cursor;
    uint64_t at; /* the record it stands at; 0: none */
};
enum err journal_cursor_open(struct txn *txn, struct journal_cursor *ret_cursor);
void journal_cursor_close(struct journal_cursor *cursor);
MUST_USE enum err journal_cursor_get(struct journal_cursor *cursor, uint64_t seq,
                                     struct record *ret_record);

MUST_USE enum err journal_root(struct txn *txn, uint64_t size, struct hash *ret_root);
MUST_USE enum err journal_inclusion(struct txn *txn, uint64_t seq, uint64_t size,
                                    struct proof *ret_proof);
MUST_USE enum err journal_consistency(struct txn *txn, uint64_t old_size, uint64_t size,
                                      struct proof *ret_proof);
/* Does (N, R) lie in the history? ERR_OK, ERR_LOST, or a storage error. Size 0 always stands. */
MUST_USE enum err journal_stands(struct txn *txn, const struct position *position);

/* Heads. The newest; the first that covers seq (size >= seq); the last at or below size. Views.
 * ERR_NOT_FOUND. */
MUST_USE enum err heads_newest(struct txn *txn, struct checkpoint *ret_checkpoint);
MUST_USE enum err heads_covering(struct txn *txn, uint64_t seq, struct checkpoint *ret_checkpoint);
MUST_USE enum err heads_at_most(struct txn *txn, uint64_t size, struct checkpoint *ret_checkpoint);

/* A row of `reports`. */
struct report_row {
    uint64_t seq;
    uint8_t kind;
    uint8_t verdict;
    uint8_t status;
    uint32_t vintage;
    int64_t first_received_at_us;
    uint8_t id[SHA256_BYTES];
    char institution[INSTITUTION_ID_MAX + 1];
    int32_t period_end_day;
    uint8_t frequency;
    uint8_t type;
};

/* Rows of a place (type, frequency, period end, institution), or, with institution NULL, of a
 * period; in key order. visit returns ERR_OK to go on; anything else ends the walk and is returned.
 */
typedef enum err (*report_visit)(void *context, const struct report_row *row);
MUST_USE enum err reports_walk(struct txn *txn, int type, int frequency, int32_t period_end_day,
                               const char *institution, report_visit visit, void *context);

/* The same from behind a row of that range (NULL: from its beginning), for walks that are longer
 * than a read transaction may be. */
MUST_USE enum err reports_walk_on(struct txn *txn, int type, int frequency, int32_t period_end_day,
                                  const char *institution, const struct report_row *after,
                                  report_visit visit, void *context);

/* Those of a type and frequency whose period ends in [first_day, last_day], in key order, from
 * behind a row of that range (NULL: from its beginning): one range of the index, however many days.
 */
MUST_USE enum err reports_walk_days(struct txn *txn, int type, int frequency, int32_t first_day,
                                    int32_t last_day, const struct report_row *after,
                                    report_visit visit, void *context);

/* What the ingest turn asks of a place, in one range. */
struct place {
    bool holds_id;            /* a record of kind REPORT with this id */
    uint64_t seq;             /* of it */
    bool id_is_accepted;      /* by it or by an EARLIER_RECEIPT of it */
    int64_t id_first_us;      /* earliest first_received_at of it, EARLIER_RECEIPTs included */
    uint32_t highest_vintage; /* of those accepted; 0: none */
    int64_t highest_since_us;
    bool has_final; /* an accepted one that is FINAL */
};
MUST_USE enum err reports_place(struct txn *txn, int type, int frequency, int32_t period_end_day,
                                const char *institution, const uint8_t id[static SHA256_BYTES],
                                struct place *ret_place);

/* Zeros for one that is not there. */
MUST_USE enum err owners_get(struct txn *txn, const char *institution, uint64_t *ret_reports,
                             uint64_t *ret_last_seq);
/* Events of a kind (and subject, unless NULL), in order of seq. */
typedef enum err (*event_visit)(void *context, uint64_t seq);
MUST_USE enum err events_walk(struct txn *txn, int kind, const char *subject, event_visit visit,
                              void *context);
/* Events of a kind, subject by subject, from behind one of them (seq 0: from the first). */
struct event_row {
    char subject[INSTITUTION_ID_MAX + 1];
    uint64_t seq;
};
typedef enum err (*event_row_visit)(void *context, const struct event_row *row);
MUST_USE enum err events_walk_on(struct txn *txn, int kind, const struct event_row *after,
                                 event_row_visit visit, void *context);
/* The last event of a kind. ERR_NOT_FOUND. */
MUST_USE enum err events_last(struct txn *txn, int kind, uint64_t *ret_seq);

/* ---- refusals: bounded, the last REFUSALS_KEPT of each sender ---- */

struct refusal {
    char sender[INSTITUTION_ID_MAX + 1]; /* party id, or "?" */
    int64_t time_us;
    uint8_t id[SHA256_BYTES]; /* of the report, zeros if it could not be read */
    char rule[16];
    char path[160];
};
enum err refusals_put(struct txn *txn, const struct refusal *refusal);
/* sender NULL: all. */
typedef enum err (*refusal_visit)(void *context, const struct refusal *refusal);
MUST_USE enum err refusals_walk(struct txn *txn, const char *sender, refusal_visit visit,
                                void *context);

/* ---- contacts: how to reach a party; its row is replaced, or erased ---- */

enum err contacts_put(struct txn *txn, const char *institution, struct bytes contact);
enum err contacts_erase(struct txn *txn, const char *institution); /* ERR_NOT_FOUND: none */
MUST_USE enum err contacts_get(struct txn *txn, const char *institution,
                               struct bytes *ret_contact); /* a view; ERR_NOT_FOUND */
/* In order of institution, from behind one of them (NULL: from the first). */
typedef enum err (*contact_visit)(void *context, const char *institution, struct bytes contact);
MUST_USE enum err contacts_walk(struct txn *txn, const char *after, contact_visit visit,
                                void *context);
/* All of a store that may be damaged, read in a child of this process, as rows for
 * contacts_replace. Whole, or an error. Appends. */
MUST_USE enum err contacts_read_forked(const char *path, struct buffer *rows);
/* They come in the place of all that there are. */
MUST_USE enum err contacts_replace(struct txn *txn, struct bytes rows);

#endif
