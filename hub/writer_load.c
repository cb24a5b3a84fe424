/* Opening the writer: what the journal says, and each of journal and acts.log given what it lacks.
 */
#include "hub/writer_inside.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the journal says ---- */

struct events_of {
    struct txn *txn;
    struct registry *registry;
    struct arena *arena;
};

static enum err open_event(struct txn *txn, uint64_t seq, struct arena *arena,
                           struct record *ret_record, const PbEvent **ret_event)
{
    enum err err = journal_get(txn, seq, ret_record);
    if (err != ERR_OK) {
        return err;
    }
    return MESSAGE_UNPACK(event, MESSAGE_TOLERANT, ret_record->body, arena, ret_event);
}

static enum err apply_event(void *context, uint64_t seq)
{
    struct events_of *of = context;
    struct record record;
    const PbEvent *event = NULL;
    arena_reset(of->arena);
    enum err err = open_event(of->txn, seq, of->arena, &record, &event);
    return err != ERR_OK ? err : registry_apply(of->registry, event, record.header.id);
}

static const int act_kinds[] = {KIND_PARTY, KIND_KEYS, KIND_AGREEMENT};
#define ACT_KINDS (sizeof act_kinds / sizeof act_kinds[0])

bool is_act_kind(int kind)
{
    for (size_t i = 0; i < ACT_KINDS; i++) {
        if (act_kinds[i] == kind) {
            return true;
        }
    }
    return false;
}

enum err registry_load(struct txn *txn, struct registry **ret_registry)
{
    AUTO(registry_close) struct registry *registry = NULL;
    AUTO(arena_close) struct arena arena = {0};
    enum err err = registry_make(&registry);
    struct events_of of = {.txn = txn, .registry = registry, .arena = &arena};
    for (size_t i = 0; i < ACT_KINDS && err == ERR_OK; i++) {
        err = events_walk(txn, act_kinds[i], NULL, apply_event, &of);
    }
    err = err != ERR_OK ? err : registry_seal(registry);
    if (err == ERR_OK) {
        *ret_registry = STEAL(registry);
    }
    return err;
}

enum err settings_load(struct txn *txn, struct arena *arena, const PbSettings **ret_settings,
                       uint8_t ret_id[static SHA256_BYTES])
{
    uint64_t seq = 0;
    struct record record;
    const PbEvent *event = NULL;
    enum err err = events_last(txn, KIND_SETTINGS, &seq);
    err = err != ERR_OK ? err : open_event(txn, seq, arena, &record, &event);
    if (err == ERR_OK && event->settings == NULL) {
        err = ERR_CORRUPT;
    }
    if (err == ERR_OK) {
        *ret_settings = event->settings;
        memcpy(ret_id, record.header.id, SHA256_BYTES);
    }
    return err;
}

void lost_take(struct lost_history *lost, uint64_t seq, const PbEvent *event)
{
    struct checkpoint named = {0};
    bool has_named =
        event->history_lost != NULL &&
        checkpoint_parse(bytes_of_pb(event->history_lost->checkpoint), &named) == ERR_OK;
    bool is_same_loss = has_named && lost->seq != 0 && named.time_us <= lost->time_us;
    lost->seq = is_same_loss ? lost->seq : seq;
    lost->time_us = event->time_us;
    if (has_named && named.position.size > lost->highest_size) {
        lost->highest_size = named.position.size;
    }
}

/* They lie by kind, and are taken in by seq: they are few. */
static enum err add_seq(void *context, uint64_t seq)
{
    struct buffer *seqs = context;
    return buffer_append(seqs, &seq, sizeof seq);
}

static int compare_seqs(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static enum err load_lost(struct txn *txn, struct lost_history *lost)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    enum err err = events_walk(txn, KIND_RESTORED, NULL, add_seq, &raw);
    err = err != ERR_OK ? err : events_walk(txn, KIND_HISTORY_LOST, NULL, add_seq, &raw);
    uint64_t *seqs = (void *)raw.data;
    size_t count = raw.size / sizeof *seqs;
    if (count > 1) {
        qsort(seqs, count, sizeof *seqs, compare_seqs);
    }
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        struct record record;
        const PbEvent *event = NULL;
        arena_reset(&arena);
        err = open_event(txn, seqs[i], &arena, &record, &event);
        if (err == ERR_OK) {
            lost_take(lost, seqs[i], event);
        }
    }
    return err;
}

static enum err load(struct writer *writer)
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(store_env(writer->parts.store), false, &txn);
    if (err != ERR_OK) {
        return err;
    }
    writer->size = journal_size(&txn);
    if (writer->size > 0) {
        struct record last;
        err = journal_get(&txn, writer->size, &last);
        writer->last_received_us = err == ERR_OK ? last.header.received_at_us : 0;
    }
    err = err != ERR_OK ? err : registry_load(&txn, &writer->registry);
    err = err != ERR_OK ? err : load_lost(&txn, &writer->lost);
    if (err == ERR_OK) {
        err = settings_load(&txn, &writer->settings_arena, &writer->settings, writer->settings_id);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* a new store has no settings yet */
}

/* ---- journal and acts.log: each side gets what it lacks, by id ---- */

struct reconcile {
    struct writer *writer;
    struct arena *arena;
    struct buffer bodies;
    size_t ends[1024];
    size_t count;
};

static enum err flush_to_log(struct reconcile *reconcile)
{
    struct bytes events[1024];
    size_t begin = 0;
    for (size_t i = 0; i < reconcile->count; i++) {
        events[i] = bytes_of(reconcile->bodies.data + begin, reconcile->ends[i] - begin);
        begin = reconcile->ends[i];
    }
    enum err err = reconcile->count == 0
                       ? ERR_OK
                       : acts_append(reconcile->writer->parts.acts, events, reconcile->count);
    reconcile->count = 0;
    buffer_clear(&reconcile->bodies);
    return err;
}

static enum err log_lacks(void *context, uint64_t seq)
{
    struct reconcile *reconcile = context;
    struct record record;
    enum err err = journal_get(&reconcile->writer->txn, seq, &record);
    if (err != ERR_OK || acts_hold(reconcile->writer->parts.acts, record.header.id)) {
        return err;
    }
    err = buffer_append(&reconcile->bodies, record.body.data, record.body.size);
    reconcile->ends[reconcile->count++] = reconcile->bodies.size;
    if (err == ERR_OK && reconcile->count == 1024) {
        err = flush_to_log(reconcile);
    }
    return err;
}

struct id_search {
    struct txn *txn;
    const uint8_t *id;
};

static enum err has_id(void *context, uint64_t seq)
{
    struct id_search *search = context;
    struct record record;
    enum err err = journal_get(search->txn, seq, &record);
    if (err != ERR_OK) {
        return err;
    }
    return memcmp(record.header.id, search->id, SHA256_BYTES) == 0 ? ERR_EXISTS : ERR_OK;
}

/* Journals the acts of acts.log that the journal lacks. */
static enum err journal_lacks(struct writer *writer, struct arena *arena)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < acts_count(writer->parts.acts) && err == ERR_OK; i++) {
        struct bytes bytes = acts_at(writer->parts.acts, i);
        const PbEvent *event = NULL;
        uint8_t id[SHA256_BYTES];
        sha256(bytes, id);
        arena_reset(arena);
        err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, bytes, arena, &event);
        if (err != ERR_OK) {
            return err;
        }
        struct id_search search = {.txn = &writer->txn, .id = id};
        err = events_walk(&writer->txn, event_kind(event), event->subject, has_id, &search);
        if (err == ERR_OK) {
            uint64_t seq;
            err = writer_event(writer, bytes, &seq);
        } else if (err == ERR_EXISTS) {
            err = ERR_OK;
        }
    }
    return err;
}

static enum err reconcile(struct writer *writer, int64_t now_us)
{
    AUTO(arena_close) struct arena arena = {0};
    struct reconcile state = {.writer = writer, .arena = &arena};
    enum err err = writer_begin(writer, now_us);
    for (size_t i = 0; i < ACT_KINDS && err == ERR_OK; i++) {
        err = events_walk(&writer->txn, act_kinds[i], NULL, log_lacks, &state);
    }
    err = err != ERR_OK ? err : flush_to_log(&state);
    buffer_close(&state.bodies);
    err = err != ERR_OK ? err : journal_lacks(writer, &arena);
    const struct checkpoint *checkpoint = NULL;
    if (err == ERR_OK && writer_has_written(writer)) {
        err = writer_seal(writer, &checkpoint);
        return err != ERR_OK ? err : writer_commit(writer);
    }
    writer_abort(writer);
    return err;
}

enum err writer_make(const struct writer_parts *parts, int64_t now_us, struct complaint *complaint,
                     struct writer **ret_writer)
{
    AUTO(writer_close) struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return ERR_MEMORY;
    }
    writer->parts = *parts;
    enum err err = load(writer);
    if (err != ERR_OK) {
        return complain(
            complaint, err,
            "The store %s cannot be read (%s). Check it with `mfi-hub verify`; a backup "
            "is brought back with `mfi-hub restore`.",
            env_path(store_env(parts->store)), err_text(err));
    }
    err = reconcile(writer, now_us);
    if (err != ERR_OK) {
        return complain(complaint, err, "The journal and acts.log cannot be brought together (%s).",
                        err_text(err));
    }
    *ret_writer = STEAL(writer);
    return ERR_OK;
}

void writer_close(struct writer **writer)
{
    if (*writer == NULL) {
        return;
    }
    writer_abort(*writer);
    registry_close(&(*writer)->registry);
    arena_close(&(*writer)->settings_arena);
    buffer_close(&(*writer)->checkpoint_text);
    free(*writer);
    *writer = NULL;
}
