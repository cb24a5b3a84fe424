#include "agents/pull/pull_talk.h"

#include <stdio.h>
#include <string.h>

#include "agents/client/pace.h"
#include "conf/clock.h"
#include "conf/terminal.h"
#include "proto/frames.h"

#define PATIENCE_MS 10000  /* with connections that come to nothing */
#define LOSSES_MAX  6      /* in a row: of one answer, by a line that is too slow or breaks */
#define BUSY_MAX_MS 600000 /* of RETRY_LATER, for one answer */

/* One question until its answer; RETRY_LATER is waited out. ret_body is good until the next call.
 * The hub's refusal: ERR_REFUSED, or ERR_BUSY for one that beginning again helps with. */
static enum err ask(struct connection *connection, enum verb verb, const ProtobufCMessage *message,
                    enum verb expected, struct complaint *complaint, struct bytes *ret_body);

/* Refusals after which the pull begins again. */
static bool begins_again(const char *rule)
{
    static const char *const rules[] = {"RIGHTS_CHANGED", "POSITION_LOST", "SNAPSHOT_FIRST"};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(rule, rules[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum err refused(struct bytes body, struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__Refused *message = NULL;
    if (MESSAGE_UNPACK(refused, MESSAGE_TOLERANT, body, &arena, &message) != ERR_OK) {
        return complain(complaint, ERR_MALFORMED, "The hub's answer cannot be read.");
    }
    return complain(complaint, begins_again(message->rule) ? ERR_BUSY : ERR_REFUSED,
                    "The hub refuses (%s): %s", message->rule,
                    message->text != NULL ? message->text : "");
}

/* Waits as long as the hub asked for. */
static enum err wait_out(struct connection *connection, struct bytes body, int64_t until_ms,
                         struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__RetryLater *message = NULL;
    if (MESSAGE_UNPACK(retry_later, MESSAGE_TOLERANT, body, &arena, &message) != ERR_OK) {
        return complain(complaint, ERR_MALFORMED, "The hub's answer cannot be read.");
    }
    int64_t wait_ms = message->seconds > 0 ? (int64_t)message->seconds * 1000 : 100;
    if (clock_monotonic_ms() + wait_ms > until_ms) {
        return complain(complaint, ERR_REFUSED, "The hub asks to come back in %u seconds: %s",
                        message->seconds, message->text != NULL ? message->text : "");
    }
    return connection_pause(connection, wait_ms);
}

static enum err ask(struct connection *connection, enum verb verb, const ProtobufCMessage *message,
                    enum verb expected, struct complaint *complaint, struct bytes *ret_body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    int64_t busy_until_ms = clock_monotonic_ms() + BUSY_MAX_MS;
    enum err err = frame_pack(verb, message, &frame);
    while (err == ERR_OK) {
        struct bytes answer = {0};
        int answered = 0;
        err = connection_ask(connection, buffer_bytes(&frame), clock_monotonic_ms() + PATIENCE_MS,
                             complaint, &answer);
        if (err != ERR_OK) {
            return err;
        }
        if (frame_open(answer, &answered, ret_body) != ERR_OK) {
            return complain(complaint, ERR_UNSUPPORTED,
                            "The hub's answer is no frame of version 1. Is this program older than "
                            "the hub?");
        }
        if (answered == (int)expected) {
            return ERR_OK;
        }
        if (answered == VERB_REFUSED) {
            return refused(*ret_body, complaint);
        }
        if (answered == VERB_RETRY_LATER) {
            err = wait_out(connection, *ret_body, busy_until_ms, complaint);
        }
        /* Anything else is the late answer of an earlier question: asked again. */
    }
    return err;
}

static bool position_of(const PbPosition *message, struct position *position)
{
    if (message == NULL || message->root.len != SHA256_BYTES) {
        return false;
    }
    position->size = message->size;
    memcpy(position->root.bytes, message->root.data, SHA256_BYTES);
    return true;
}

/* ---- SNAPSHOT ---- */

static enum err take_opened(const Ihuriro__V1__SnapshotAnswer *answer,
                            const struct hub_identity *hub, struct snapshot_terms *terms,
                            struct complaint *complaint, struct pull_opened *ret_opened)
{
    struct checkpoint checkpoint;
    if (!position_of(answer->position, &terms->position) ||
        answer->checkpoint.len >= sizeof terms->checkpoint || answer->rights.len != SHA256_BYTES ||
        answer->ids_hash.len != SHA256_BYTES) {
        return complain(complaint, ERR_MALFORMED, "The hub's answer cannot be read.");
    }
    enum err err = checkpoint_parse(bytes_of_pb(answer->checkpoint), &checkpoint);
    err = err != ERR_OK ? err : checkpoint_verify(&checkpoint, hub);
    if (err != ERR_OK || !position_equal(&checkpoint.position, &terms->position)) {
        return complain(complaint, ERR_SIGNATURE,
                        "The hub's checkpoint does not verify against hub.pub (%s).", hub->origin);
    }
    memcpy(terms->checkpoint, answer->checkpoint.data, answer->checkpoint.len);
    terms->checkpoint[answer->checkpoint.len] = '\0';
    memcpy(terms->rights, answer->rights.data, SHA256_BYTES);
    if (answer->reader != NULL && institution_id_is_valid(answer->reader) && answer->has_role) {
        memcpy(terms->reader, answer->reader, strlen(answer->reader) + 1);
        terms->role = (int)answer->role;
    }
    ret_opened->records = answer->records;
    memcpy(ret_opened->ids_hash, answer->ids_hash.data, SHA256_BYTES);
    return ERR_OK;
}

enum err pull_open(struct connection *connection, const struct hub_identity *hub,
                   struct snapshot_terms *terms, struct complaint *complaint,
                   struct pull_opened *ret_opened)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__Snapshot snapshot = IHURIRO__V1__SNAPSHOT__INIT;
    const Ihuriro__V1__SnapshotAnswer *answer = NULL;
    struct bytes body = {0};
    enum err err = snapshot_filter(terms, &arena, &snapshot.filter);
    if (err != ERR_OK) {
        return err;
    }
    snapshot.number = 1;
    snapshot.has_at_seq = terms->has_at_seq;
    snapshot.at_seq = terms->at_seq;
    err = ask(connection, VERB_SNAPSHOT, &snapshot.base, VERB_SNAPSHOT_ANSWER, complaint, &body);
    if (err != ERR_OK) {
        return err;
    }
    err = MESSAGE_UNPACK(snapshot_answer, MESSAGE_TOLERANT, body, &arena, &answer);
    return err != ERR_OK ? complain(complaint, err, "The hub's answer cannot be read.")
                         : take_opened(answer, hub, terms, complaint, ret_opened);
}

/* ---- FETCH ---- */

static enum err fetch_one(struct connection *connection, const struct snapshot_terms *terms,
                          PbFilter *filter, uint64_t number, struct pace *pace, struct position *at,
                          struct complaint *complaint, struct buffer *records_pb)
{
    AUTO(arena_close) struct arena arena = {.budget = (size_t)16 * ANSWER_MAX};
    Ihuriro__V1__Fetch fetch = IHURIRO__V1__FETCH__INIT;
    PbPosition from = IHURIRO__V1__POSITION__INIT;
    const Ihuriro__V1__Records *records = NULL;
    struct position start;
    struct bytes body = {0};
    from.size = at->size;
    from.root = pb_of_bytes(bytes_of(at->root.bytes, SHA256_BYTES));
    fetch.position = &from;
    fetch.filter = filter;
    fetch.has_until = 1;
    fetch.until = terms->position.size;
    fetch.has_proofs = 1;
    fetch.proofs = 1;
    fetch.has_rights = 1;
    fetch.rights = pb_of_bytes(bytes_of(terms->rights, SHA256_BYTES));
    fetch.number = number;
    fetch.has_max_bytes = 1;
    fetch.max_bytes = pace->bytes;
    enum err err = ask(connection, VERB_FETCH, &fetch.base, VERB_RECORDS, complaint, &body);
    if (err != ERR_OK) {
        return err;
    }
    pace_came(pace, body.size);
    if (MESSAGE_UNPACK(records, MESSAGE_TOLERANT, body, &arena, &records) != ERR_OK ||
        !position_of(records->from, &start)) {
        return complain(complaint, ERR_MALFORMED, "The hub's answer cannot be read.");
    }
    if (records->number != number || start.size != at->size) {
        return ERR_OK; /* a late answer: asked again */
    }
    if (!position_of(records->to, at) || at->size <= start.size) {
        return complain(complaint, ERR_MALFORMED, "The hub's answer does not move on.");
    }
    for (size_t i = 0; i < records->n_records && err == ERR_OK; i++) {
        err = snapshot_records_append(records_pb, records->records[i]);
    }
    return err;
}

/* An answer that did not come is asked for again, as a shorter one, over another connection: what
 * might still come over the old one answers nothing any more. */
static enum err after_loss(struct connection *connection, struct pace *pace, unsigned *losses,
                           enum err err)
{
    if (err != ERR_NETWORK || ++*losses > LOSSES_MAX || connection_is_hopeless(connection)) {
        return err;
    }
    pace_lost(pace);
    return connection_renew(connection);
}

enum err pull_fetch(struct connection *connection, const struct snapshot_terms *terms,
                    const struct pull_opened *opened, struct complaint *complaint,
                    struct buffer *records_pb)
{
    AUTO(arena_close) struct arena arena = {0};
    struct position at = {.size = 0};
    struct progress progress;
    struct pace pace;
    unsigned losses = 0; /* in a row */
    PbFilter *filter = NULL;
    enum err err = snapshot_filter(terms, &arena, &filter);
    merkle_empty(&at.root);
    progress_begin(&progress, "Pulling");
    pace_begin(&pace);
    for (uint64_t number = 2; err == ERR_OK && at.size < terms->position.size; number++) {
        err = fetch_one(connection, terms, filter, number, &pace, &at, complaint, records_pb);
        losses = err == ERR_OK ? 0 : losses;
        err = err == ERR_OK ? ERR_OK : after_loss(connection, &pace, &losses, err);
        progress_step(&progress, at.size, terms->position.size);
    }
    progress_end(&progress);
    if (err != ERR_OK) {
        return err;
    }
    AUTO(snapshot_records_close) struct snapshot_records records = {0};
    err = snapshot_records_open(buffer_bytes(records_pb), complaint, &records);
    if (err == ERR_OK && (records.count != opened->records ||
                          memcmp(records.ids_hash, opened->ids_hash, SHA256_BYTES) != 0)) {
        return complain(complaint, ERR_CORRUPT,
                        "The records that came are not those that the hub announced (%llu came, "
                        "%llu were announced).",
                        (unsigned long long)records.count, (unsigned long long)opened->records);
    }
    return err;
}

/* ---- PROVE ---- */

static enum err check_declared(const Ihuriro__V1__Proof *proof, const struct checkpoint *to,
                               struct complaint *complaint, uint64_t *ret_declared)
{
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__RecordView *view = proof->declared;
    struct header header;
    struct hash leaf;
    struct proof inclusion;
    enum err err = header_decode(bytes_of_pb(view->header), &header);
    err = err != ERR_OK ? err : proof_parse(bytes_of_pb(view->proof), &inclusion);
    if (err != ERR_OK || header.seq == 0 || header.seq > to->position.size ||
        (header.kind != KIND_RESTORED && header.kind != KIND_HISTORY_LOST)) {
        return complain(complaint, ERR_MALFORMED, "The proof cannot be read.");
    }
    merkle_leaf(bytes_of_pb(view->header), &leaf);
    err = merkle_verify_inclusion(&leaf, header.seq - 1, to->position.size, &inclusion,
                                  &to->position.root);
    err = err != ERR_OK ? err
                        : record_check(bytes_of_pb(view->header), bytes_of_pb(view->judgement),
                                       bytes_of_pb(view->body), &arena, complaint);
    if (err != ERR_OK) {
        return complain(complaint, err, "The record that declares the fork does not verify.");
    }
    *ret_declared = header.seq;
    return ERR_OK;
}

static enum err check_consistent(const Ihuriro__V1__Proof *message, const struct checkpoint *from,
                                 const struct checkpoint *to, struct complaint *complaint)
{
    struct proof proof;
    enum err err = proof_parse(bytes_of_pb(message->consistency), &proof);
    err = err != ERR_OK ? err
                        : merkle_verify_consistency(from->position.size, &from->position.root,
                                                    to->position.size, &to->position.root, &proof);
    return err == ERR_OK ? ERR_OK
                         : complain(complaint, ERR_SIGNATURE,
                                    "The proof does not verify: the two "
                                    "checkpoints are not consistent.");
}

enum err pull_proof_check(struct bytes proof, struct bytes asked, const struct hub_identity *hub,
                          struct complaint *complaint, uint64_t *ret_declared)
{
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__Proof *message = NULL;
    struct checkpoint from;
    struct checkpoint to;
    struct checkpoint wanted;
    enum err err = MESSAGE_UNPACK(proof, MESSAGE_TOLERANT, proof, &arena, &message);
    err = err != ERR_OK ? err : checkpoint_parse(bytes_of_pb(message->from), &from);
    err = err != ERR_OK ? err : checkpoint_parse(bytes_of_pb(message->to), &to);
    if (err != ERR_OK || message->has_consistency == (message->declared != NULL)) {
        return complain(complaint, ERR_MALFORMED, "The proof cannot be read.");
    }
    if (checkpoint_parse(asked, &wanted) != ERR_OK ||
        !position_equal(&wanted.position, &from.position)) {
        return complain(complaint, ERR_CORRUPT,
                        "The hub's proof is of another checkpoint than the one that was asked for. "
                        "It proves nothing about yours; keep your checkpoint.");
    }
    if (checkpoint_verify(&from, hub) != ERR_OK || checkpoint_verify(&to, hub) != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "A checkpoint of the proof was not signed by %s (hub.pub).", hub->origin);
    }
    if (message->declared != NULL) {
        return check_declared(message, &to, complaint, ret_declared);
    }
    err = check_consistent(message, &from, &to, complaint);
    if (err == ERR_OK) {
        *ret_declared = 0;
    }
    return err;
}

enum err pull_prove(struct connection *connection, const struct hub_identity *hub,
                    struct bytes checkpoint, struct complaint *complaint, struct buffer *proof)
{
    Ihuriro__V1__Prove prove = IHURIRO__V1__PROVE__INIT;
    struct bytes body = {0};
    uint64_t declared = 0;
    prove.number = 1;
    prove.checkpoint = pb_of_bytes(checkpoint);
    enum err err = ask(connection, VERB_PROVE, &prove.base, VERB_PROOF, complaint, &body);
    err = err != ERR_OK ? err : pull_proof_check(body, checkpoint, hub, complaint, &declared);
    return err != ERR_OK ? err : buffer_append(proof, body.data, body.size);
}

/* ---- GET_TOTALS ---- */

enum err pull_totals(struct connection *connection, const struct hub_identity *hub,
                     const Ihuriro__V1__GetTotals *request, struct arena *arena,
                     struct complaint *complaint, const Ihuriro__V1__Totals **ret_page)
{
    const Ihuriro__V1__Totals *page = NULL;
    struct bytes body = {0};
    struct position position;
    struct checkpoint checkpoint;
    enum err err = ask(connection, VERB_GET_TOTALS, &request->base, VERB_TOTALS, complaint, &body);
    if (err != ERR_OK) {
        return err;
    }
    if (MESSAGE_UNPACK(totals, MESSAGE_TOLERANT, body, arena, &page) != ERR_OK ||
        !position_of(page->position, &position)) {
        return complain(complaint, ERR_MALFORMED, "The hub's answer cannot be read.");
    }
    err = checkpoint_parse(bytes_of_pb(page->checkpoint), &checkpoint);
    err = err != ERR_OK ? err : checkpoint_verify(&checkpoint, hub);
    if (err != ERR_OK || !position_equal(&checkpoint.position, &position)) {
        return complain(complaint, ERR_SIGNATURE,
                        "The hub's checkpoint does not verify against hub.pub (%s).", hub->origin);
    }
    *ret_page = page;
    return ERR_OK;
}
