/* Acts: validated, to acts.log, journaled; all or none. */
#include "hub/decisions.h"
#include "hub/writer_inside.h"

enum err fold_act(struct writer *writer, const PbEvent *event,
                  const uint8_t id[static SHA256_BYTES])
{
    if (docket_folds(event_kind(event))) {
        enum err err = docket_apply(writer->docket, event, id);
        return err != ERR_OK ? err : docket_seal(writer->docket, INT64_MAX);
    }
    enum err err = registry_apply(writer->registry, event, id);
    return err != ERR_OK ? err : registry_seal(writer->registry);
}

static enum err validate(struct writer *writer, const PbEvent *event, struct complaint *complaint)
{
    const struct decision_ground ground = {&writer->txn, writer->registry, writer->docket,
                                           writer->settings, writer->parts.authority};
    if (docket_folds(event_kind(event))) {
        return decision_check(&ground, event, complaint);
    }
    enum err err = registry_validate(writer->registry, event, complaint);
    return err != ERR_OK ? err : decision_of_members(&ground, event, complaint);
}

/* Validates each act against registry and docket as the ones before it make them, and applies it
 * there. has_changed: so much came of it that they are no longer what they were. */
static enum err apply_acts(struct writer *writer, const struct bytes *events, size_t count,
                           struct complaint *complaint, bool *has_changed)
{
    AUTO(arena_close) struct arena arena = {0};
    for (size_t i = 0; i < count; i++) {
        const PbEvent *event = NULL;
        uint8_t id[SHA256_BYTES];
        sha256(events[i], id);
        arena_reset(&arena);
        enum err err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, events[i], &arena, &event);
        if (err != ERR_OK || !is_act_kind(event_kind(event))) {
            return complain(complaint, ERR_REFUSED, "This is not an act that the hub knows.");
        }
        err = validate(writer, event, complaint);
        *has_changed = *has_changed || err == ERR_OK;
        err = err != ERR_OK ? err : fold_act(writer, event, id);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

/* After acts that came to nothing: registry and docket as the transaction has them. */
static enum err reload(struct writer *writer)
{
    AUTO(registry_close) struct registry *registry = NULL;
    struct docket *docket = NULL;
    enum err err = registry_load(&writer->txn, &registry);
    err = err != ERR_OK ? err : docket_load(&writer->txn, &docket);
    if (err == ERR_OK) {
        registry_close(&writer->registry);
        docket_close(&writer->docket);
        writer->registry = STEAL(registry);
        writer->docket = docket;
    }
    return err;
}

enum err writer_acts(struct writer *writer, const struct bytes *events, size_t count,
                     struct complaint *complaint, uint64_t *ret_first_seq, uint64_t *ret_last_seq)
{
    bool has_changed = false;
    enum err err = apply_acts(writer, events, count, complaint, &has_changed);
    if (err == ERR_OK && acts_append(writer->parts.acts, events, count) != ERR_OK) {
        err = complain(complaint, ERR_REFUSED,
                       "acts.log could not be written; nothing was changed. Is the disk full?");
    }
    if (err != ERR_OK) {
        enum err reloaded = !has_changed ? ERR_OK : reload(writer);
        return reloaded != ERR_OK ? reloaded : ERR_REFUSED;
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
