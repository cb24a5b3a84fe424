/* The agent's one table: what was queued, sent, receipted, to be offered again; kept 400 days.
 * DESIGN section 4, "Agent".
 *
 * Entries (institution, type, period, local number) -> struct entry. In the same transaction: what
 * is to send, what is to offer, and latest checkpoint size -> entry. Several processes may open it
 * (`send` beside a running `run`). */
#ifndef IHURIRO_STORAGE_OUTBOX_H
#define IHURIRO_STORAGE_OUTBOX_H

#include "proto/envelope.h"
#include "proto/receipt.h"
#include "storage/env.h"

struct outbox;

MUST_USE enum err outbox_create(const char *path, struct complaint *complaint);
MUST_USE enum err outbox_open(const char *path, struct complaint *complaint,
                              struct outbox **ret_outbox);
void outbox_close(struct outbox **outbox);
struct env *outbox_env(struct outbox *outbox);
/* Doubles the map while the disk has room: after ERR_FULL of a transaction of the caller's own,
 * which then begins again. ERR_BUSY while a transaction is open. Functions that take the outbox do
 * it themselves. */
MUST_USE enum err outbox_grow(struct outbox *outbox);

struct entry_key {
    char institution[INSTITUTION_ID_MAX + 1];
    int type;
    int frequency;
    int32_t period_end_day;
    uint32_t number; /* local, from 1 within the place */
};

enum entry_state {
    ENTRY_QUEUED, /* no receipt yet */
    ENTRY_RECEIPTED,
    ENTRY_REFUSED, /* held, with its reason; does not block its place */
    ENTRY_DRAFT,   /* figures that wait for the entry before them; no vintage yet */
};

/* Views into the store, good until the transaction ends. */
struct entry {
    struct entry_key key;
    enum entry_state state;
    uint8_t id[SHA256_BYTES]; /* zeros for a draft */
    uint8_t
        figures[SHA256_BYTES]; /* hash of all but produced_at, source, vintage, reason (and note) */
    struct bytes report;       /* bytes; empty after 400 days */
    uint8_t signer[PUBLIC_KEY_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
    uint32_t vintage;
    struct bytes best;   /* Receipt, or empty */
    struct bytes latest; /* Receipt, or empty */
    bool to_offer;
    int64_t queued_at_us;
    int64_t tried_at_us;
    char refused_rule[16];
    char refused_text[256];
    bool may_pass; /* trying again can help */
};

/* The hash over a report's figures: the report repacked without produced_at, source, vintage,
 * reason, note. */
MUST_USE enum err report_figures_hash(const PbReport *report,
                                      uint8_t ret_hash[static SHA256_BYTES]);

/* What queueing did. */
enum queued {
    QUEUED_NEW,       /* will be sent */
    QUEUED_DRAFT,     /* waits for the one before it */
    QUEUED_UNCHANGED, /* equal figures are there already (drafted, queued, accepted last, rejected
                         last, or held refused with an equal note): nothing was added */
};
/* Gives the report its vintage (1 + highest accepted in the table), packs, signs and stores it;
 * fsynced on return. ret_key names the new or the equal entry. reason is set to ERROR for a vintage
 * above 1 that has none. */
MUST_USE enum err outbox_queue(struct outbox *outbox, PbReport *report,
                               const struct signing_key *key, int64_t now_us,
                               enum queued *ret_queued, struct entry_key *ret_key);

/* The same, but figures that were rejected last are queued once more: what was wrong may have been
 * the registration, the settings or a clock. */
MUST_USE enum err outbox_queue_again(struct outbox *outbox, PbReport *report,
                                     const struct signing_key *key, int64_t now_us,
                                     enum queued *ret_queued, struct entry_key *ret_key);

/* A receipt that came: stored as latest, and as best if it is better; to_offer as DESIGN says:
 * cleared only if the answered request carried the best receipt as kept (offered_best: its bytes'
 * SHA-256, or NULL), set if it came under an earlier session. A draft of the place becomes an entry
 * of its own when nothing of the place is without a receipt. Unknown ids with report bytes (OWN)
 * become entries. Storage errors stick in txn; ERR_NOT_FOUND (an id that was dropped meanwhile, and
 * no envelope) and ERR_MALFORMED (a receipt that is not of that report) do not. */
struct receipt_came {
    struct bytes receipt;  /* packed Receipt; verified by the caller */
    struct bytes envelope; /* SignedReport for an unknown id (OWN), else empty */
    const uint8_t *offered_best;
    bool earlier_session;
    int64_t now_us;
};
enum err outbox_receipt(struct txn *txn, const struct receipt_came *came,
                        struct entry_key *ret_key);
/* The hub refused it: held with the reason. One with a receipt (an offer) keeps state and mark.
 * ERR_NOT_FOUND does not stick. */
MUST_USE enum err outbox_refused(struct txn *txn, const struct entry_key *key, const char *rule,
                                 const char *text, bool may_pass, int64_t now_us);
/* Turns ready drafts into queued entries, signing with key_of(institution); returns how many. */
typedef const struct signing_key *(*outbox_key_of)(void *context, const char *institution);
MUST_USE enum err outbox_promote(struct outbox *outbox, outbox_key_of key_of, void *context,
                                 int64_t now_us, size_t *ret_promoted);
/* Refused ones that may pass (outbox_to_retry) become queued again: so that figures that come while
 * they are tried wait behind them, on whatever process's way. */
MUST_USE enum err outbox_requeue(struct outbox *outbox, const char *institution,
                                 size_t *ret_requeued);
/* Signs again what has no receipt and another signer than key_of says; ids stay. */
MUST_USE enum err outbox_resign(struct outbox *outbox, outbox_key_of key_of, void *context,
                                size_t *ret_resigned);

/* After HELLO: everything receipted by a checkpoint larger than stands is marked to_offer, on disk
 * when it returns. */
MUST_USE enum err outbox_mark(struct outbox *outbox, uint64_t stands_size, size_t *ret_marked);
/* Latest checkpoints of up to 32 unmarked entries, newest first, at doubling distances. Texts are
 * appended to buffer; sizes gives where each ends. */
MUST_USE enum err outbox_checkpoints(struct txn *txn, struct buffer *texts,
                                     size_t ret_ends[static HELLO_CHECKPOINTS_MAX],
                                     size_t *ret_count);

/* Walks; what they show is not to be changed before they end. What is marked of an (institution,
 * type, period) holds back its others from outbox_to_send and outbox_to_retry. visit returns ERR_OK
 * to go on; ERR_NOT_FOUND ends the walk with ERR_OK. */
typedef enum err (*entry_visit)(void *context, const struct entry *entry);
MUST_USE enum err outbox_walk(struct txn *txn, const char *institution, entry_visit visit,
                              void *context); /* all; NULL: every */
MUST_USE enum err outbox_to_offer(struct txn *txn, const char *institution, entry_visit visit,
                                  void *context); /* oldest first */
MUST_USE enum err outbox_to_send(struct txn *txn, const char *institution, entry_visit visit,
                                 void *context); /* in order queued */
/* Refused ones that may pass, while nothing newer of their place is there: at each hello and
 * hourly; tried_at_us says when last. */
MUST_USE enum err outbox_to_retry(struct txn *txn, const char *institution, entry_visit visit,
                                  void *context);
MUST_USE enum err outbox_get(struct txn *txn, const struct entry_key *key, struct entry *ret_entry);
MUST_USE enum err outbox_find(struct txn *txn, const uint8_t id[static SHA256_BYTES],
                              struct entry *ret_entry);
/* Unmarked entries with a receipt, of an institution. */
MUST_USE enum err outbox_receipted(struct txn *txn, const char *institution, uint64_t *ret_count);

struct outbox_counts {
    uint64_t queued;
    uint64_t drafts;
    uint64_t refused;
    uint64_t receipted;
    uint64_t to_offer;
};
MUST_USE enum err outbox_count(struct txn *txn, struct outbox_counts *ret_counts);

/* Takes a queued, drafted or refused entry away. ERR_REFUSED for one with a receipt. */
MUST_USE enum err outbox_drop(struct outbox *outbox, const struct entry_key *key);
/* Report bytes older than 400 days go; id, place and receipts stay. */
MUST_USE enum err outbox_prune(struct outbox *outbox, int64_t now_us, size_t *ret_pruned);

/* Small named values that survive: last error, settings record, notes. */
enum err outbox_note_put(struct txn *txn, const char *name, struct bytes value);
enum err outbox_note_get(struct txn *txn, const char *name, struct bytes *ret_value);

#endif
