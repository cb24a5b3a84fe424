#include "hub/prove.h"

#include <string.h>

struct proving {
    const struct reading *reading;
    const struct party *reader;
    struct checkpoint shown;
    struct checkpoint newest;
    struct arena arena;
    uint64_t declared; /* seq of the record found, 0: none yet */
    bool is_exact;     /* it names the very checkpoint */
};

static enum err answer_consistent(const struct proving *proving, Ihuriro__V1__Proof *message,
                                  struct buffer *frame);
/* ERR_REFUSED where the reader may not see the record. */
static enum err answer_declared(const struct proving *proving, Ihuriro__V1__Proof *message,
                                struct buffer *frame);
static enum err find_declaration(struct proving *proving);

static enum err proof_for(struct proving *proving, const struct hub_identity *identity,
                          const Ihuriro__V1__Prove *prove, struct complaint *complaint,
                          struct buffer *frame)
{
    struct txn *txn = proving->reading->txn;
    if (checkpoint_parse(bytes_of_pb(prove->checkpoint), &proving->shown) != ERR_OK) {
        return complain(complaint, ERR_REFUSED, "The file is no signed checkpoint.");
    }
    if (checkpoint_verify(&proving->shown, identity) != ERR_OK) {
        return complain(complaint, ERR_REFUSED, "The checkpoint was not signed by this hub (%s).",
                        identity->origin);
    }
    enum err err = heads_newest(txn, &proving->newest);
    if (err == ERR_NOT_FOUND) {
        return complain(complaint, ERR_LOST,
                        "The hub's journal is empty, but it signed this checkpoint. Keep the "
                        "checkpoint: it is evidence.");
    }
    err = err != ERR_OK ? err : journal_stands(txn, &proving->shown.position);
    if (err != ERR_OK && err != ERR_LOST) {
        return err;
    }
    Ihuriro__V1__Proof message = IHURIRO__V1__PROOF__INIT;
    message.from = prove->checkpoint;
    message.to = pb_of_bytes(proving->newest.text);
    message.has_number = 1;
    message.number = prove->number;
    if (err == ERR_OK) {
        return answer_consistent(proving, &message, frame);
    }
    err = find_declaration(proving);
    if (err == ERR_OK && proving->declared == 0) {
        return complain(complaint, ERR_LOST,
                        "This hub signed the checkpoint, but it is not in its history, and no "
                        "record declares that history was lost. Keep the checkpoint: it is "
                        "evidence.");
    }
    err = err != ERR_OK ? err : answer_declared(proving, &message, frame);
    return err != ERR_REFUSED
               ? err
               : complain(complaint, err,
                          "This hub declared that history was lost; the record of it is for "
                          "members, the association's staff and regulators.");
}

enum err prove_answer(const struct reading *reading, const struct party *reader,
                      const struct hub_identity *identity, const Ihuriro__V1__Prove *prove,
                      struct complaint *complaint, struct buffer *frame)
{
    struct proving proving = {.reading = reading, .reader = reader};
    enum err err = proof_for(&proving, identity, prove, complaint, frame);
    arena_close(&proving.arena);
    return err;
}

static enum err answer_consistent(const struct proving *proving, Ihuriro__V1__Proof *message,
                                  struct buffer *frame)
{
    struct proof proof = {.count = 0};
    if (proving->shown.position.size > 0) {
        enum err err = journal_consistency(proving->reading->txn, proving->shown.position.size,
                                           proving->newest.position.size, &proof);
        if (err != ERR_OK) {
            return err;
        }
    }
    message->has_consistency = 1;
    message->consistency = pb_of_bytes(proof_bytes(&proof));
    return frame_pack(VERB_PROOF, &message->base, frame);
}

static enum err answer_declared(const struct proving *proving, Ihuriro__V1__Proof *message,
                                struct buffer *frame)
{
    struct record record;
    struct proof proof;
    enum err err = journal_get(proving->reading->txn, proving->declared, &record);
    err = err != ERR_OK ? err
                        : journal_inclusion(proving->reading->txn, proving->declared,
                                            proving->newest.position.size, &proof);
    if (err != ERR_OK) {
        return err;
    }
    if (access_sight(proving->reader, proving->reading->registry, &record.header) != SIGHT_WHOLE) {
        return ERR_REFUSED;
    }
    Ihuriro__V1__RecordView view = IHURIRO__V1__RECORD_VIEW__INIT;
    view.header = pb_of_bytes(record.raw_header);
    view.has_judgement = 1;
    view.judgement = pb_of_bytes(record.judgement);
    view.has_body = 1;
    view.body = pb_of_bytes(record.body);
    view.has_proof = 1;
    view.proof = pb_of_bytes(proof_bytes(&proof));
    message->declared = &view;
    err = frame_pack(VERB_PROOF, &message->base, frame);
    message->declared = NULL;
    return err;
}

/* ---- which record declares it ---- */

static enum err open_event(struct proving *proving, uint64_t seq, const PbEvent **ret_event)
{
    struct record record;
    enum err err = journal_get(proving->reading->txn, seq, &record);
    arena_reset(&proving->arena);
    return err != ERR_OK
               ? err
               : MESSAGE_UNPACK(event, MESSAGE_TOLERANT, record.body, &proving->arena, ret_event);
}

/* A HISTORY_LOST names the highest lost checkpoint: it covers what is not larger. */
static enum err look_at_lost(void *context, uint64_t seq)
{
    struct proving *proving = context;
    const PbEvent *event = NULL;
    struct checkpoint lost;
    enum err err = open_event(proving, seq, &event);
    if (err != ERR_OK || event->history_lost == NULL || proving->is_exact ||
        checkpoint_parse(bytes_of_pb(event->history_lost->checkpoint), &lost) != ERR_OK) {
        return err;
    }
    proving->is_exact = position_equal(&lost.position, &proving->shown.position);
    if (proving->is_exact || lost.position.size >= proving->shown.position.size) {
        proving->declared = seq;
    }
    return ERR_OK;
}

/* A RESTORED says what survived: what was larger than that then is what may have been lost. The
 * newest that fits is taken. */
static enum err look_at_restored(void *context, uint64_t seq)
{
    struct proving *proving = context;
    const PbEvent *event = NULL;
    enum err err = open_event(proving, seq, &event);
    if (err == ERR_OK && event->restored != NULL && event->restored->survived != NULL &&
        event->restored->survived->size < proving->shown.position.size) {
        proving->declared = seq;
    }
    return err;
}

static enum err find_declaration(struct proving *proving)
{
    struct txn *txn = proving->reading->txn;
    enum err err = events_walk(txn, KIND_HISTORY_LOST, NULL, look_at_lost, proving);
    if (err != ERR_OK || proving->is_exact) {
        return err;
    }
    return events_walk(txn, KIND_RESTORED, NULL, look_at_restored, proving);
}
