/* The one writer: all that is journaled goes through here, at run time, at start and in commands
 * that work without a running hub.
 *
 * A turn is writer_begin, any number of appends, writer_seal, writer_commit. After ERR_OK from
 * writer_commit everything of the turn is on disk under one signed checkpoint. After any other
 * result nothing is, and the process must not acknowledge anything. */
#ifndef IHURIRO_HUB_WRITER_H
#define IHURIRO_HUB_WRITER_H

#include "proto/rules.h"
#include "storage/acts.h"
#include "storage/journal.h"

struct writer;

struct writer_parts {
    struct store *store;
    struct acts *acts;
    const struct signing_key *log_key;
    const struct hub_identity *identity;
};

/* Reads the registry, the settings in force and what is known of lost history from the store;
 * reconciles the journal with acts.log, each side getting what it lacks. The parts stay the
 * caller's. */
MUST_USE enum err writer_make(const struct writer_parts *parts, int64_t now_us,
                              struct complaint *complaint, struct writer **ret_writer);
void writer_close(struct writer **writer);

MUST_USE enum err writer_begin(struct writer *writer, int64_t now_us);
/* Ends a turn without a trace (but for acts that reached acts.log: the next start journals them).
 */
void writer_abort(struct writer *writer);
struct txn *writer_txn(struct writer *writer);

/* Appends; received_at is the greatest of now, the last record's, and a report's
 * first_received_at. Storage errors stick in the transaction. */
enum err writer_report(struct writer *writer, struct append *append, struct header *ret_header);
/* An event as packed bytes. Its kind, subject and time are read from it. */
MUST_USE enum err writer_event(struct writer *writer, struct bytes event, uint64_t *ret_seq);
/* Packs, with a fresh nonce and a time that is not before now, and appends. */
MUST_USE enum err writer_new_event(struct writer *writer, PbEvent *event, uint64_t *ret_seq);
/* Acts: validated one after the other against the registry as it becomes, appended to acts.log
 * (fsync), journaled. All or none. ERR_REFUSED: nothing was changed, the turn goes on, and the
 * complaint says why; anything else is the storage's, and ends the turn. */
MUST_USE enum err writer_acts(struct writer *writer, const struct bytes *events, size_t count,
                              struct complaint *complaint, uint64_t *ret_first_seq,
                              uint64_t *ret_last_seq);
/* Something that is not a record was written in this turn (a refusal): commit, though there may be
 * no new head. */
void writer_touch(struct writer *writer);

/* Signs the head over what was appended; with nothing appended, reads the newest. Good until the
 * next writer_seal. */
MUST_USE enum err writer_seal(struct writer *writer, const struct checkpoint **ret_checkpoint);
MUST_USE enum err writer_commit(struct writer *writer);
bool writer_has_written(const struct writer *writer); /* in this turn */

const struct registry *writer_registry(const struct writer *writer);
/* Did this turn change the registry? Reset by the call; a fresh copy for the roster comes with it.
 */
MUST_USE enum err writer_new_registry(struct writer *writer, struct registry **ret_registry);
const PbSettings *writer_settings(const struct writer *writer); /* NULL before the first */
const uint8_t *writer_settings_id(const struct writer *writer);
int64_t writer_last_received_us(const struct writer *writer);
uint64_t writer_size(const struct writer *writer); /* with what was appended in this turn */

/* HISTORY_LOST: a genuine checkpoint that is not in the history. Journals the event when it says
 * something new. */
MUST_USE enum err writer_history_lost(struct writer *writer, const struct checkpoint *lost,
                                      bool *ret_journaled);
/* Was history replaced, and is this institution not back yet? */
MUST_USE enum err writer_is_missing(struct writer *writer, const char *institution,
                                    bool *ret_is_missing);
MUST_USE enum err writer_back(struct writer *writer, const char *institution);

/* The registry from the acts in the journal. For commands and folds. */
MUST_USE enum err registry_load(struct txn *txn, struct registry **ret_registry);
/* The newest SETTINGS event: its id, and the message in the arena. ERR_NOT_FOUND. */
MUST_USE enum err settings_load(struct txn *txn, struct arena *arena,
                                const PbSettings **ret_settings,
                                uint8_t ret_id[static SHA256_BYTES]);

#endif
