/* SNAPSHOT: where a pull stands and what it concerns, once its access is in the journal. */
#include <string.h>

#include "hub/query_inside.h"

/* Up to where a pull looks: with at_seq, the checkpoint that this is taken down to; else the end of
 * the journal, as it was when the pull came. ERR_REFUSED with the sentence. */
static enum err bound_of(const struct asked *asked, const Ihuriro__V1__Snapshot *snapshot,
                         struct complaint *complaint, struct checkpoint *checkpoint,
                         uint64_t *ret_until)
{
    struct txn *txn = asked->reading->txn;
    uint64_t head = journal_size(txn);
    if (head == 0) {
        return complain(complaint, ERR_REFUSED,
                        "The hub's journal is empty: there is nothing to "
                        "pull yet.");
    }
    if (!snapshot->has_at_seq) {
        *ret_until = asked->job != NULL ? asked->job->walk.until : head;
        return ERR_OK;
    }
    if (snapshot->at_seq > head) {
        return complain(complaint, ERR_REFUSED,
                        "The journal ends at record %llu; --at-seq %llu lies behind it.",
                        (unsigned long long)head, (unsigned long long)snapshot->at_seq);
    }
    enum err err = heads_at_most(txn, snapshot->at_seq, checkpoint);
    if (err == ERR_NOT_FOUND) {
        return complain(complaint, ERR_REFUSED,
                        "There is no checkpoint at or before record %llu. Take a larger number.",
                        (unsigned long long)snapshot->at_seq);
    }
    *ret_until = err == ERR_OK ? checkpoint->position.size : 0;
    return err;
}

/* Where it stands: at the checkpoint that covers the last record that it concerns. */
static enum err place(const struct asked *asked, const Ihuriro__V1__Snapshot *snapshot,
                      const struct scope *scope, struct checkpoint *checkpoint)
{
    uint64_t last = scope->count > 0 ? scope->items[scope->count - 1].seq : 1;
    return snapshot->has_at_seq ? ERR_OK : heads_covering(asked->reading->txn, last, checkpoint);
}

/* "As known at" begins with the first settings: before them nothing was judged by known rules. */
static enum err first_settings(void *context, uint64_t seq)
{
    *(uint64_t *)context = seq;
    return ERR_REFUSED; /* ends the walk at the first */
}

static enum err check_known_at(const struct asked *asked, const PbFilter *filter,
                               struct complaint *complaint)
{
    uint64_t seq = 0;
    struct record record;
    if (!filter->has_known_at_us) {
        return ERR_OK;
    }
    enum err err = events_walk(asked->reading->txn, KIND_SETTINGS, NULL, first_settings, &seq);
    if (err != ERR_REFUSED || seq == 0) {
        return err != ERR_OK && err != ERR_REFUSED
                   ? err
                   : complain(complaint, ERR_REFUSED, "The hub's journal holds no settings yet.");
    }
    err = journal_get(asked->reading->txn, seq, &record);
    if (err != ERR_OK || filter->known_at_us >= record.header.first_received_at_us) {
        return err;
    }
    char text[TIME_TEXT_MAX + 1];
    time_format(record.header.first_received_at_us, text);
    return complain(complaint, ERR_REFUSED,
                    "Nothing was known at that time: the hub's first settings are of %s. Ask as "
                    "known at that time or later.",
                    text);
}

static enum err pack_snapshot_answer(const struct asked *asked,
                                     const Ihuriro__V1__Snapshot *snapshot,
                                     const struct checkpoint *checkpoint,
                                     const struct access_event *access, struct buffer *frame)
{
    Ihuriro__V1__SnapshotAnswer answer = IHURIRO__V1__SNAPSHOT_ANSWER__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    position_to_message(&checkpoint->position, &position);
    answer.number = snapshot->number;
    answer.position = &position;
    answer.checkpoint = pb_of_bytes(checkpoint->text);
    answer.rights = pb_of_bytes(bytes_of(access->rights, SHA256_BYTES));
    answer.records = access->records;
    answer.ids_hash = pb_of_bytes(bytes_of(access->ids_hash, SHA256_BYTES));
    answer.has_asked_at_seq = snapshot->has_at_seq;
    answer.asked_at_seq = snapshot->at_seq;
    answer.has_now_us = 1;
    answer.now_us = asked->reading->now_us;
    answer.reader = (char *)(uintptr_t)asked->reader->id; /* packed only */
    answer.has_role = 1;
    answer.role = (Ihuriro__V1__PartyAct__Role)asked->reader->role;
    return frame_pack(VERB_SNAPSHOT_ANSWER, &answer.base, frame);
}

static enum err open_pull(const struct asked *asked, const Ihuriro__V1__Snapshot *snapshot,
                          const struct checkpoint *checkpoint, const struct scope *scope)
{
    uint8_t ids_hash[SHA256_BYTES];
    struct access_key key;
    AUTO(buffer_close) struct buffer answer = {0};
    struct access_event access = {
        .act = ACCESS_PULL,
        .reader = asked->reader->id,
        .filter = snapshot->filter,
        .position = &checkpoint->position,
        .rights = asked->rights,
        .ids_hash = ids_hash,
        .records = scope->count,
        .time_us = asked->reading->now_us,
    };
    enum err err = scope_ids_hash(scope, ids_hash);
    err = err != ERR_OK ? err
                        : access_key_of(asked->reader->id, snapshot->filter,
                                        checkpoint->position.size, asked->rights, &key);
    err = err != ERR_OK ? err : pack_snapshot_answer(asked, snapshot, checkpoint, &access, &answer);
    if (err != ERR_OK) {
        return err;
    }
    asked->reading->counters->pulls++;
    return query_answer(asked, &key, NULL, &access, &answer);
}

enum err query_take_snapshot(struct asked *asked)
{
    const Ihuriro__V1__Snapshot *snapshot = NULL;
    struct complaint complaint = {{0}};
    struct checkpoint checkpoint;
    uint64_t until = 0;
    AUTO(scope_close) struct scope scope = {0};
    if (MESSAGE_UNPACK(snapshot, MESSAGE_TOLERANT, asked->body, &asked->query->arena, &snapshot) !=
        ERR_OK) {
        return query_malformed(asked, "This SNAPSHOT cannot be read.");
    }
    if (scope_check(snapshot->filter, &complaint) != ERR_OK) {
        return query_malformed(asked, complaint.text);
    }
    enum err err = check_known_at(asked, snapshot->filter, &complaint);
    err = err != ERR_OK ? err : bound_of(asked, snapshot, &complaint, &checkpoint, &until);
    if (err == ERR_REFUSED) {
        query_refuse(asked, "BAD_REQUEST", complaint.text);
        return ERR_OK;
    }
    err = err != ERR_OK ? err : query_collect(asked, snapshot->filter, until, &scope);
    if (err == ERR_BUSY) {
        return query_busy_collecting(asked);
    }
    if (err != ERR_OK || asked->is_unfinished) {
        return err;
    }
    err = place(asked, snapshot, &scope, &checkpoint);
    return err != ERR_OK ? err : open_pull(asked, snapshot, &checkpoint, &scope);
}
