#include <inttypes.h>
#include <string.h>

#include "agents/verify/verify.h"
#include "proto/checkpoint.h"
#include "proto/record.h"

typedef Ihuriro__V1__Proof PbProof;
typedef Ihuriro__V1__RecordView PbRecordView;

/* The two ends, both signed by the hub. */
struct ends {
    struct checkpoint from;
    struct checkpoint to;
};

static enum err open_end(struct bytes text, const char *what, const struct hub_identity *hub,
                         struct complaint *complaint, struct checkpoint *ret_checkpoint);
static enum err open_proof(struct bytes file, struct arena *arena, struct complaint *complaint,
                           const PbProof **ret_proof);
static void state_ends(const struct ends *ends, struct statement *statement);
static enum err check_consistent(const struct ends *ends, const PbProof *proof,
                                 struct statement *statement, struct complaint *complaint);
static enum err check_declared(const struct ends *ends, const PbRecordView *view,
                               const struct hub_identity *hub, struct statement *statement,
                               struct complaint *complaint);
static enum err say_undeclared(const struct ends *ends, const char *why,
                               struct complaint *complaint);

enum err verify_consistency(struct bytes from, struct bytes file, const struct hub_identity *hub,
                            struct statement *statement, struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    struct ends ends;
    const PbProof *proof = NULL;
    struct checkpoint asked;
    enum err err = open_end(from, "The checkpoint", hub, complaint, &ends.from);
    err = err != ERR_OK ? err : open_proof(file, &arena, complaint, &proof);
    if (err != ERR_OK) {
        return err;
    }
    if (checkpoint_parse(bytes_of_pb(proof->from), &asked) != ERR_OK ||
        !position_equal(&asked.position, &ends.from.position)) {
        return complain(complaint, ERR_MALFORMED,
                        "The proof is about another checkpoint than the one given; ask for one "
                        "with `mfi-pull prove` and this checkpoint.");
    }
    if (proof->has_consistency && proof->declared != NULL) {
        return complain(complaint, ERR_MALFORMED,
                        "The proof says two things at once: that history stands, and that a record "
                        "declares it lost. Ask for another with `mfi-pull prove`, and keep this "
                        "file.");
    }
    err = open_end(bytes_of_pb(proof->to), "The newest checkpoint in the proof", hub, complaint,
                   &ends.to);
    if (err != ERR_OK) {
        return err;
    }
    state_ends(&ends, statement);
    if (proof->has_consistency) {
        return check_consistent(&ends, proof, statement, complaint);
    }
    if (proof->declared != NULL) {
        return check_declared(&ends, proof->declared, hub, statement, complaint);
    }
    return say_undeclared(&ends, "and the proof names no record that says why", complaint);
}

static enum err open_end(struct bytes text, const char *what, const struct hub_identity *hub,
                         struct complaint *complaint, struct checkpoint *ret_checkpoint)
{
    if (checkpoint_parse(text, ret_checkpoint) != ERR_OK) {
        return complain(complaint, ERR_MALFORMED, "%s is no signed checkpoint.", what);
    }
    if (checkpoint_verify(ret_checkpoint, hub) != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "%s is not signed by %s: it was changed, or hub.pub is another hub's.",
                        what, hub->origin);
    }
    return ERR_OK;
}

static enum err open_proof(struct bytes file, struct arena *arena, struct complaint *complaint,
                           const PbProof **ret_proof)
{
    enum err err = MESSAGE_UNPACK(proof, MESSAGE_TOLERANT, file, arena, ret_proof);
    if (err == ERR_MEMORY) { /* what there was no memory to read is not judged */
        return err;
    }
    if (err != ERR_OK) {
        return complain(complaint, ERR_MALFORMED,
                        "The file is no proof, or is damaged; write it again with `mfi-pull prove "
                        "A --out FILE`.");
    }
    return ERR_OK;
}

static void state_end(const char *key, const struct checkpoint *checkpoint,
                      struct statement *statement)
{
    char text[TIME_TEXT_MAX + 1];
    char hex[2 * SHA256_BYTES + 1];
    time_format(checkpoint->time_us, text);
    hex_encode(bytes_of(checkpoint->position.root.bytes, SHA256_BYTES), hex);
    statement_fact(statement, key, "%" PRIu64 " records, of %s, root %s", checkpoint->position.size,
                   text, hex);
}

static void state_ends(const struct ends *ends, struct statement *statement)
{
    state_end("checkpoint", &ends->from, statement);
    state_end("newest", &ends->to, statement);
    statement_proven(statement, "both checkpoints are signed by %s", ends->to.origin);
}

/* ---- consistent ---- */

static enum err check_consistent(const struct ends *ends, const PbProof *message,
                                 struct statement *statement, struct complaint *complaint)
{
    struct proof proof;
    const struct position *from = &ends->from.position;
    const struct position *to = &ends->to.position;
    if (from->size > to->size) {
        return say_undeclared(ends, "which is shorter", complaint);
    }
    if (proof_parse(bytes_of_pb(message->consistency), &proof) != ERR_OK ||
        merkle_verify_consistency(from->size, &from->root, to->size, &to->root, &proof) != ERR_OK) {
        return from->size == to->size
                   ? say_undeclared(ends, "of the same length", complaint)
                   : complain(complaint, ERR_SIGNATURE,
                              "The proof does not lead from the checkpoint to the newest one: the "
                              "file is damaged, or the hub has replaced its history without saying "
                              "so. Ask for the proof again; keep both files.");
    }
    statement_fact(statement, "result", "consistent");
    statement_proven(statement,
                     "the first %" PRIu64 " of the %" PRIu64
                     " records are those that the checkpoint was signed for",
                     from->size, to->size);
    statement_conclude(statement,
                       "Consistent: nothing of what the checkpoint covers was changed or removed.");
    return ERR_OK;
}

static enum err say_undeclared(const struct ends *ends, const char *why,
                               struct complaint *complaint)
{
    return complain(complaint, ERR_LOST,
                    "UNDECLARED FORK: %s signed a history of %" PRIu64
                    " records and now signs one of %" PRIu64
                    " that does not contain it, %s. Keep both files: together they prove it.",
                    ends->to.origin, ends->from.position.size, ends->to.position.size, why);
}

/* ---- a declared fork ---- */

struct declaration {
    struct header header;
    const PbEvent *event;
};

/* The record is genuine and lies in the newest checkpoint's tree. */
static enum err open_declaration(const struct ends *ends, const PbRecordView *view,
                                 struct arena *arena, struct complaint *complaint,
                                 struct declaration *ret_declaration)
{
    struct bytes raw_header = bytes_of_pb(view->header);
    struct bytes body = bytes_of_pb(view->body);
    struct header header;
    struct proof proof;
    struct hash leaf;
    if (!view->has_body || !view->has_judgement || !view->has_proof ||
        header_decode(raw_header, &header) != ERR_OK ||
        proof_parse(bytes_of_pb(view->proof), &proof) != ERR_OK) {
        return complain(complaint, ERR_MALFORMED,
                        "The record in the proof cannot be read: the file is damaged.");
    }
    merkle_leaf(raw_header, &leaf);
    if (header.seq > ends->to.position.size ||
        merkle_verify_inclusion(&leaf, header.seq - 1, ends->to.position.size, &proof,
                                &ends->to.position.root) != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "The record in the proof does not lie in the newest checkpoint's tree: the "
                        "file was changed or damaged.");
    }
    enum err err = record_check(raw_header, bytes_of_pb(view->judgement), body, arena, complaint);
    if (err != ERR_OK) {
        return err;
    }
    ret_declaration->header = header;
    return MESSAGE_UNPACK(event, MESSAGE_TOLERANT, body, arena, &ret_declaration->event);
}

/* What was larger than what survived is what the restore lost. */
static bool restored_covers(const struct ends *ends, const PbEvent *event)
{
    return event->restored != NULL && event->restored->survived != NULL &&
           event->restored->survived->size < ends->from.position.size;
}

/* It names the highest checkpoint that is lost: it covers what is not larger. The hub must have
 * signed that one, else it declares nothing. */
static bool lost_covers(const struct ends *ends, const PbEvent *event,
                        const struct hub_identity *hub)
{
    struct checkpoint lost;
    return event->history_lost != NULL &&
           checkpoint_parse(bytes_of_pb(event->history_lost->checkpoint), &lost) == ERR_OK &&
           checkpoint_verify(&lost, hub) == ERR_OK &&
           lost.position.size >= ends->from.position.size;
}

/* Signed after the declaration, it is not what was declared lost. A test hub's clock goes back with
 * its store, so there it says nothing. */
static bool is_before(const struct ends *ends, const struct declaration *declaration,
                      const struct hub_identity *hub)
{
    return hub->is_test || ends->from.time_us <= declaration->header.received_at_us +
                                                     (int64_t)CLOCK_BEHIND_MAX_S * 1000000;
}

static enum err check_declared(const struct ends *ends, const PbRecordView *view,
                               const struct hub_identity *hub, struct statement *statement,
                               struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    struct declaration declaration;
    enum err err = open_declaration(ends, view, &arena, complaint, &declaration);
    if (err != ERR_OK) {
        return err;
    }
    const bool covers =
        restored_covers(ends, declaration.event) || lost_covers(ends, declaration.event, hub);
    if (!covers || !is_before(ends, &declaration, hub)) {
        return say_undeclared(ends, "and the record in the proof does not speak of that",
                              complaint);
    }
    const char *kind = declaration.event->restored != NULL ? "RESTORED" : "HISTORY_LOST";
    char text[TIME_TEXT_MAX + 1];
    time_format(declaration.header.received_at_us, text);
    statement_fact(statement, "result", "declared fork");
    statement_fact(statement, "declared_by", "%s, record %" PRIu64 ", of %s", kind,
                   declaration.header.seq, text);
    if (declaration.event->restored != NULL) {
        statement_fact(statement, "survived", "%" PRIu64 " records",
                       declaration.event->restored->survived->size);
    }
    statement_proven(statement, "the record %s lies in the newest checkpoint's tree, at %" PRIu64,
                     kind, declaration.header.seq);
    statement_note(statement, "The checkpoint's history is gone from the hub. Whoever holds "
                              "receipts of it offers those reports again.");
    statement_conclude(statement,
                       "Declared fork: the hub says itself, in record %" PRIu64
                       " (%s), that history was lost.",
                       declaration.header.seq, kind);
    return ERR_OK;
}
