#include "hub/writer_inside.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* ---- a turn ---- */

enum err writer_begin(struct writer *writer, int64_t now_us)
{
    assert(!writer->is_open);
    enum err err = txn_begin(store_env(writer->parts.store), true, &writer->txn);
    writer->is_open = err == ERR_OK;
    writer->now_us = now_us > writer->last_received_us ? now_us : writer->last_received_us;
    writer->appended = 0;
    writer->is_touched = false;
    return err;
}

void writer_abort(struct writer *writer)
{
    if (!writer->is_open) {
        return;
    }
    txn_end(&writer->txn);
    writer->is_open = false;
    writer->size -= writer->appended;
    writer->appended = 0;
}

struct txn *writer_txn(struct writer *writer)
{
    assert(writer->is_open);
    return &writer->txn;
}

void writer_touch(struct writer *writer)
{
    writer->is_touched = true;
}

bool writer_has_written(const struct writer *writer)
{
    return writer->appended > 0 || writer->is_touched;
}

/* Nothing is received before it came first: a receipt may be of a clock that was a little ahead of
 * ours, as the last record may. */
static void catch_up(struct writer *writer, const struct header *header)
{
    bool is_report = header->kind == KIND_REPORT || header->kind == KIND_EARLIER_RECEIPT;
    if (is_report && header->first_received_at_us > writer->now_us) {
        writer->now_us = header->first_received_at_us;
    }
}

enum err writer_report(struct writer *writer, struct append *append, struct header *ret_header)
{
    catch_up(writer, &append->header);
    append->header.received_at_us = writer->now_us;
    enum err err = journal_append(&writer->txn, append, ret_header);
    if (err == ERR_OK) {
        writer->appended++;
        writer->size++;
    }
    return err;
}

/* What the writer itself keeps of an event. */
static enum err keep_event(struct writer *writer, const PbEvent *event, struct bytes raw,
                           const struct header *header)
{
    if (header->kind == KIND_SETTINGS) {
        const PbEvent *copy = NULL;
        arena_reset(&writer->settings_arena);
        enum err err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, raw, &writer->settings_arena, &copy);
        if (err != ERR_OK) {
            return err;
        }
        writer->settings = copy->settings;
        memcpy(writer->settings_id, header->id, SHA256_BYTES);
    }
    if (header->kind == KIND_RESTORED || header->kind == KIND_HISTORY_LOST) {
        lost_take(&writer->lost, header->seq, event);
    }
    if (!is_act_kind(header->kind)) {
        return ERR_OK;
    }
    writer->has_new_registry = true;
    enum err err = registry_apply(writer->registry, event, header->id);
    return err != ERR_OK ? err : registry_seal(writer->registry);
}

enum err writer_event(struct writer *writer, struct bytes event, uint64_t *ret_seq)
{
    AUTO(arena_close) struct arena arena = {0};
    const PbEvent *message = NULL;
    enum err err = event.size > EVENT_BYTES_MAX ? ERR_TOO_LARGE : ERR_OK;
    err = err != ERR_OK ? err : MESSAGE_UNPACK(event, MESSAGE_TOLERANT, event, &arena, &message);
    int kind = err == ERR_OK ? event_kind(message) : 0;
    if (err != ERR_OK || kind == 0) {
        return err != ERR_OK ? err : ERR_MALFORMED;
    }
    struct append append = {.body = event};
    append.header.kind = (uint8_t)kind;
    append.header.first_received_at_us = message->time_us;
    if (message->subject != NULL) {
        if (!institution_id_is_valid(message->subject)) {
            return ERR_MALFORMED;
        }
        memcpy(append.header.institution, message->subject, strlen(message->subject));
    }
    sha256(event, append.header.id);
    struct header header;
    err = writer_report(writer, &append, &header);
    err = err != ERR_OK ? err : keep_event(writer, message, event, &header);
    if (err == ERR_OK) {
        *ret_seq = header.seq;
    }
    return err;
}

enum err writer_new_event(struct writer *writer, PbEvent *event, uint64_t *ret_seq)
{
    uint8_t nonce[16];
    AUTO(buffer_close) struct buffer raw = {0};
    randombytes_buf(nonce, sizeof nonce);
    if (event->time_us < writer->now_us) {
        event->time_us = writer->now_us;
    }
    event->nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    enum err err = message_pack(&event->base, &raw);
    return err != ERR_OK ? err : writer_event(writer, buffer_bytes(&raw), ret_seq);
}

/* Validates each act against the registry as the ones before it make it, and applies it there.
 * has_changed: so much came of it that the registry is no longer what it was. */
static enum err apply_acts(struct registry *registry, const struct bytes *events, size_t count,
                           struct complaint *complaint, bool *has_changed)
{
    AUTO(arena_close) struct arena arena = {0};
    for (size_t i = 0; i < count; i++) {
        const PbEvent *event = NULL;
        uint8_t id[SHA256_BYTES];
        sha256(events[i], id);
        arena_reset(&arena);
        enum err err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, events[i], &arena, &event);
        int kind = err == ERR_OK ? event_kind(event) : 0;
        if (!is_act_kind(kind)) {
            return complain(complaint, ERR_REFUSED, "This is not an act that the hub knows.");
        }
        err = registry_validate(registry, event, complaint);
        *has_changed = *has_changed || err == ERR_OK;
        err = err != ERR_OK ? err : registry_apply(registry, event, id);
        err = err != ERR_OK ? err : registry_seal(registry);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* After acts that came to nothing: the registry as the transaction has it. */
static enum err reload_registry(struct writer *writer)
{
    struct registry *registry = NULL;
    enum err err = registry_load(&writer->txn, &registry);
    if (err == ERR_OK) {
        registry_close(&writer->registry);
        writer->registry = registry;
    }
    return err;
}

enum err writer_acts(struct writer *writer, const struct bytes *events, size_t count,
                     struct complaint *complaint, uint64_t *ret_first_seq, uint64_t *ret_last_seq)
{
    bool has_changed = false;
    enum err err = apply_acts(writer->registry, events, count, complaint, &has_changed);
    if (err == ERR_OK && acts_append(writer->parts.acts, events, count) != ERR_OK) {
        err = complain(complaint, ERR_REFUSED,
                       "acts.log could not be written; nothing was changed. Is the disk full?");
    }
    if (err != ERR_OK) {
        enum err reload = !has_changed ? ERR_OK : reload_registry(writer);
        return reload != ERR_OK ? reload : ERR_REFUSED;
    }
    uint64_t first = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = writer_event(writer, events[i], &last);
        first = i == 0 ? last : first;
    }
    if (err == ERR_OK) {
        *ret_first_seq = first;
        *ret_last_seq = last;
    }
    return err;
}

enum err writer_seal(struct writer *writer, const struct checkpoint **ret_checkpoint)
{
    buffer_clear(&writer->checkpoint_text);
    enum err err;
    if (writer->appended > 0) {
        err = journal_seal(&writer->txn, writer->parts.identity->origin, writer->parts.log_key,
                           writer->now_us, &writer->checkpoint_text, &writer->checkpoint);
    } else {
        err = heads_newest(&writer->txn, &writer->checkpoint);
        if (err == ERR_OK) { /* a copy: the view dies with the transaction */
            err = buffer_append(&writer->checkpoint_text, writer->checkpoint.text.data,
                                writer->checkpoint.text.size);
            writer->checkpoint.text = buffer_bytes(&writer->checkpoint_text);
        }
    }
    if (err == ERR_OK) {
        *ret_checkpoint = &writer->checkpoint;
    }
    return err;
}

enum err writer_commit(struct writer *writer)
{
    assert(writer->is_open);
    writer->is_open = false;
    enum err err = txn_commit(&writer->txn);
    if (err == ERR_OK && writer->appended > 0) {
        writer->last_received_us = writer->now_us;
    }
    if (err != ERR_OK) {
        writer->size -= writer->appended;
    }
    writer->appended = 0;
    return err;
}

/* ---- what it knows ---- */

const struct registry *writer_registry(const struct writer *writer)
{
    return writer->registry;
}

enum err writer_new_registry(struct writer *writer, struct registry **ret_registry)
{
    if (!writer->has_new_registry) {
        return ERR_NOT_FOUND;
    }
    enum err err = registry_copy(writer->registry, ret_registry);
    writer->has_new_registry = err != ERR_OK;
    return err;
}

const PbSettings *writer_settings(const struct writer *writer)
{
    return writer->settings;
}

const uint8_t *writer_settings_id(const struct writer *writer)
{
    return writer->settings_id;
}

int64_t writer_last_received_us(const struct writer *writer)
{
    return writer->last_received_us;
}

uint64_t writer_size(const struct writer *writer)
{
    return writer->size;
}

enum err writer_history_lost(struct writer *writer, const struct checkpoint *lost,
                             bool *ret_journaled)
{
    *ret_journaled = false;
    if (writer->lost.seq != 0 && lost->time_us <= writer->lost.time_us &&
        lost->position.size <= writer->lost.highest_size) {
        return ERR_OK; /* it says nothing new */
    }
    Ihuriro__V1__HistoryLost part = IHURIRO__V1__HISTORY_LOST__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    part.checkpoint = pb_of_bytes(lost->text);
    event.time_us =
        lost->time_us; /* not before what it speaks of, so that the same one says nothing new */
    event.history_lost = &part;
    uint64_t seq = 0;
    enum err err = writer_new_event(writer, &event, &seq);
    if (err == ERR_OK) {
        *ret_journaled = true;
    }
    return err;
}

static enum err last_of(void *context, uint64_t seq)
{
    uint64_t *last = context;
    *last = seq;
    return ERR_OK;
}

enum err writer_is_missing(struct writer *writer, const char *institution, bool *ret_is_missing)
{
    uint64_t back = 0;
    *ret_is_missing = false;
    if (writer->lost.seq == 0) {
        return ERR_OK;
    }
    enum err err = events_walk(&writer->txn, KIND_BACK, institution, last_of, &back);
    if (err == ERR_OK) {
        *ret_is_missing = back < writer->lost.seq;
    }
    return err;
}

enum err writer_back(struct writer *writer, const char *institution)
{
    uint64_t held = 0;
    uint64_t last = 0;
    enum err err = owners_get(&writer->txn, institution, &held, &last);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    Ihuriro__V1__Back part = IHURIRO__V1__BACK__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    char subject[INSTITUTION_ID_MAX + 1];
    memcpy(subject, institution, strlen(institution) + 1);
    part.has_held = 1;
    part.held = held;
    event.subject = subject;
    event.back = &part;
    uint64_t seq = 0;
    return writer_new_event(writer, &event, &seq);
}
