/* Figures become reports: vintage, reason, bytes, signature. */
#include <string.h>

#include "storage/outbox_inside.h"

struct queueing {
    PbReport *report;
    const struct signing_key *key;
    int64_t now_us;
    bool is_again; /* what was rejected does not hold back its equal */
    enum queued queued;
    struct entry_key entry_key;
};

static enum err queue_step(struct txn *txn, void *context);
MUST_USE static enum err begin_entry(const struct queueing *queueing, struct kept *ret_kept);
MUST_USE static enum err drop_needless_draft(struct txn *txn, const struct kept *wanted,
                                             const PbReport *report, struct place_view *place);
MUST_USE static enum err pass_rejected(struct txn *txn, const struct queueing *queueing,
                                       const struct place_view *place, const struct kept *wanted,
                                       uint32_t *equal);
MUST_USE static enum err find_equal(struct txn *txn, const struct place_view *place,
                                    const struct kept *wanted, const PbReport *report,
                                    uint32_t *ret_number);
MUST_USE static enum err is_equal_to(struct txn *txn, const struct kept *wanted, uint32_t number,
                                     const PbReport *report, bool *ret_is_equal);
MUST_USE static enum err put_draft(struct txn *txn, const struct place_view *place,
                                   const PbReport *report, struct kept *draft);
MUST_USE static enum err put_queued(struct txn *txn, const struct place_view *place,
                                    const struct signing_key *key, PbReport *report,
                                    const struct kept *was, struct kept *now, bool *ret_is_new);
MUST_USE static enum err give_vintage(struct txn *txn, const struct place_view *place,
                                      const struct entry_key *key, PbReport *report);
MUST_USE static enum err next_order(struct txn *txn, const struct entry_key *key,
                                    uint64_t *ret_order);
MUST_USE static enum err hash_without(const PbReport *report, bool is_status_left_out,
                                      uint8_t ret_hash[static SHA256_BYTES]);

MUST_USE static enum err queue(struct outbox *outbox, struct queueing *queueing,
                               enum queued *ret_queued, struct entry_key *ret_key)
{
    PbReport as_given = *queueing->report;
    enum err err = outbox_write(outbox, queue_step, queueing);
    if (err != ERR_OK) {
        *queueing->report = as_given;
        return err;
    }
    *ret_queued = queueing->queued;
    *ret_key = queueing->entry_key;
    return ERR_OK;
}

enum err outbox_queue(struct outbox *outbox, PbReport *report, const struct signing_key *key,
                      int64_t now_us, enum queued *ret_queued, struct entry_key *ret_key)
{
    struct queueing queueing = {.report = report, .key = key, .now_us = now_us};
    return queue(outbox, &queueing, ret_queued, ret_key);
}

enum err outbox_queue_again(struct outbox *outbox, PbReport *report, const struct signing_key *key,
                            int64_t now_us, enum queued *ret_queued, struct entry_key *ret_key)
{
    struct queueing queueing = {.report = report, .key = key, .now_us = now_us, .is_again = true};
    return queue(outbox, &queueing, ret_queued, ret_key);
}

static enum err queue_step(struct txn *txn, void *context)
{
    struct queueing *queueing = context;
    struct kept kept;
    struct place_view place;
    uint32_t equal = 0;
    enum err err;
    if ((err = begin_entry(queueing, &kept)) != ERR_OK ||
        (err = place_look(txn, &kept.entry.key, &place)) != ERR_OK ||
        (err = drop_needless_draft(txn, &kept, queueing->report, &place)) != ERR_OK ||
        (err = find_equal(txn, &place, &kept, queueing->report, &equal)) != ERR_OK ||
        (err = pass_rejected(txn, queueing, &place, &kept, &equal)) != ERR_OK) {
        return err;
    }
    queueing->entry_key = kept.entry.key;
    queueing->entry_key.number = equal;
    queueing->queued = QUEUED_UNCHANGED;
    if (equal != 0) {
        return ERR_OK;
    }
    if (place.queued_number != 0) {
        err = put_draft(txn, &place, queueing->report, &kept);
        queueing->queued = QUEUED_DRAFT;
    } else {
        bool is_new = false;
        kept.entry.key.number = place.newest_number + 1;
        err = put_queued(txn, &place, queueing->key, queueing->report, NULL, &kept, &is_new);
        queueing->queued = is_new ? QUEUED_NEW : QUEUED_UNCHANGED;
    }
    queueing->entry_key = kept.entry.key;
    return err;
}

/* An equal one that was rejected does not count when it is to be sent again. */
static enum err pass_rejected(struct txn *txn, const struct queueing *queueing,
                              const struct place_view *place, const struct kept *wanted,
                              uint32_t *equal)
{
    struct kept there;
    struct entry_key key = wanted->entry.key;
    key.number = *equal;
    if (!queueing->is_again || *equal == 0 || *equal == place->accepted_number) {
        return ERR_OK;
    }
    enum err err = rows_load(txn, &key, &there);
    if (err == ERR_OK && there.entry.state == ENTRY_RECEIPTED &&
        !verdict_accepts(there.best_verdict)) {
        *equal = 0;
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* Figures that went back to those that are queued leave nothing to wait. */
static enum err drop_needless_draft(struct txn *txn, const struct kept *wanted,
                                    const PbReport *report, struct place_view *place)
{
    struct kept draft;
    bool is_equal = false;
    if (place->draft_number == 0 || place->queued_number == 0) {
        return ERR_OK;
    }
    enum err err = is_equal_to(txn, wanted, place->queued_number, report, &is_equal);
    if (err != ERR_OK || !is_equal) {
        return err;
    }
    struct entry_key key = wanted->entry.key;
    key.number = place->draft_number;
    if ((err = rows_load(txn, &key, &draft)) == ERR_OK &&
        (err = rows_save(txn, &draft, NULL)) == ERR_OK) {
        place->draft_number = 0;
    }
    return err;
}

static enum err begin_entry(const struct queueing *queueing, struct kept *ret_kept)
{
    const PbReport *report = queueing->report;
    struct kept kept = {.entry.queued_at_us = queueing->now_us};
    if (report->institution == NULL || report->period == NULL ||
        !institution_id_is_valid(report->institution)) {
        return ERR_MALFORMED;
    }
    kept.entry.key = (struct entry_key){
        .type = (int)report->type,
        .frequency = (int)report->period->frequency,
        .period_end_day = report->period->end_day,
    };
    memcpy(kept.entry.key.institution, report->institution, strlen(report->institution));
    enum err err = report_figures_hash(report, kept.entry.figures);
    if (err == ERR_OK) {
        *ret_kept = kept;
    }
    return err;
}

/* ---- is it there already ---- */

MUST_USE static enum err unpack(struct bytes raw, struct arena *arena, const PbReport **ret_report)
{
    enum err err = MESSAGE_UNPACK(report, MESSAGE_TOLERANT, raw, arena, ret_report);
    return err == ERR_MALFORMED ? ERR_CORRUPT : err;
}

/* A note is no figure, but what was refused may have been refused for its note. */
MUST_USE static enum err has_equal_note(const struct kept *held, const PbReport *report,
                                        bool *ret_is_equal)
{
    AUTO(arena_close) struct arena arena = {0};
    const PbReport *old = NULL;
    enum err err = unpack(held->entry.report, &arena, &old);
    if (err == ERR_OK) {
        *ret_is_equal = strcmp(old->note != NULL ? old->note : "",
                               report->note != NULL ? report->note : "") == 0;
    }
    return err;
}

static enum err is_equal_to(struct txn *txn, const struct kept *wanted, uint32_t number,
                            const PbReport *report, bool *ret_is_equal)
{
    struct kept there;
    struct entry_key key = wanted->entry.key;
    key.number = number;
    enum err err = rows_load(txn, &key, &there);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    bool is_equal = memcmp(there.entry.figures, wanted->entry.figures, SHA256_BYTES) == 0;
    if (is_equal && there.entry.state == ENTRY_REFUSED) {
        err = has_equal_note(&there, report, &is_equal);
    }
    if (err == ERR_OK) {
        *ret_is_equal = is_equal;
    }
    return err;
}

/* What came last decides: the draft; else what is queued; else the current accepted one, or what
 * came after it and was rejected or refused. */
static enum err find_equal(struct txn *txn, const struct place_view *place,
                           const struct kept *wanted, const PbReport *report, uint32_t *ret_number)
{
    uint32_t candidates[2] = {place->newest_number, place->accepted_number};
    if (place->draft_number != 0) {
        candidates[0] = candidates[1] = place->draft_number;
    } else if (place->queued_number != 0) {
        candidates[0] = candidates[1] = place->queued_number;
    }
    uint32_t number = 0;
    for (size_t i = 0; i < 2 && number == 0; i++) {
        bool is_equal = false;
        if (candidates[i] != 0) {
            enum err err = is_equal_to(txn, wanted, candidates[i], report, &is_equal);
            if (err != ERR_OK) {
                return err;
            }
        }
        number = is_equal ? candidates[i] : 0;
    }
    *ret_number = number;
    return ERR_OK;
}

/* ---- storing ---- */

/* One draft a place: the newest figures replace it. Its vintage is given when its turn comes. */
static enum err put_draft(struct txn *txn, const struct place_view *place, const PbReport *report,
                          struct kept *draft)
{
    AUTO(buffer_close) struct buffer packed = {.limit = REPORT_BYTES_MAX};
    PbReport without = *report;
    struct kept was;
    without.vintage = 0;
    enum err err = message_pack(&without.base, &packed);
    draft->entry.state = ENTRY_DRAFT;
    draft->entry.report = buffer_bytes(&packed);
    draft->entry.key.number =
        place->draft_number != 0 ? place->draft_number : place->newest_number + 1;
    if (err == ERR_OK && place->draft_number != 0) {
        err = rows_load(txn, &draft->entry.key, &was);
    }
    return err != ERR_OK ? err : rows_save(txn, place->draft_number != 0 ? &was : NULL, draft);
}

/* The same bytes once more (a clock that stood still) are the same report. */
static enum err put_queued(struct txn *txn, const struct place_view *place,
                           const struct signing_key *key, PbReport *report, const struct kept *was,
                           struct kept *now, bool *ret_is_new)
{
    AUTO(buffer_close) struct buffer packed = {.limit = REPORT_BYTES_MAX};
    struct kept same;
    enum err err;
    if ((err = give_vintage(txn, place, &now->entry.key, report)) != ERR_OK ||
        (err = message_pack(&report->base, &packed)) != ERR_OK ||
        (err = next_order(txn, &now->entry.key, &now->order)) != ERR_OK) {
        return err;
    }
    struct entry *entry = &now->entry;
    entry->state = ENTRY_QUEUED;
    entry->vintage = report->vintage;
    entry->report = buffer_bytes(&packed);
    report_id(entry->report, entry->id);
    memcpy(entry->signer, signing_key_public(key), PUBLIC_KEY_BYTES);
    report_sign(key, entry->id, entry->signature);
    err = rows_find(txn, entry->id, &same);
    if (err == ERR_OK) {
        *ret_is_new = false;
        entry->key = same.entry.key;
        return was == NULL ? ERR_OK : rows_save(txn, was, NULL);
    }
    if (err == ERR_NOT_FOUND && (err = rows_save(txn, was, now)) == ERR_OK) {
        *ret_is_new = true;
    }
    return err;
}

/* 1 + the highest accepted. A correction has a reason: FINALISED where only the status became
 * FINAL, else ERROR, unless the caller says better. */
static enum err give_vintage(struct txn *txn, const struct place_view *place,
                             const struct entry_key *key, PbReport *report)
{
    report->vintage = place->highest_vintage + 1;
    if (report->vintage == 1 || report->has_reason) {
        return ERR_OK;
    }
    report->has_reason = 1;
    report->reason = IHURIRO__V1__REPORT__REASON__ERROR;
    AUTO(arena_close) struct arena arena = {0};
    struct entry_key before_key = *key;
    struct kept before;
    const PbReport *old = NULL;
    uint8_t old_hash[SHA256_BYTES];
    uint8_t new_hash[SHA256_BYTES];
    before_key.number = place->accepted_number;
    enum err err = rows_load(txn, &before_key, &before);
    if (err != ERR_OK || before.entry.report.size == 0) {
        return err;
    }
    if ((err = unpack(before.entry.report, &arena, &old)) != ERR_OK ||
        (err = hash_without(old, true, old_hash)) != ERR_OK ||
        (err = hash_without(report, true, new_hash)) != ERR_OK) {
        return err;
    }
    if (memcmp(old_hash, new_hash, SHA256_BYTES) == 0 &&
        old->status == IHURIRO__V1__REPORT__STATUS__PROVISIONAL &&
        report->status == IHURIRO__V1__REPORT__STATUS__FINAL) {
        report->reason = IHURIRO__V1__REPORT__REASON__FINALISED;
    }
    return ERR_OK;
}

/* One above the last of this institution's class in `send`. */
static enum err next_order(struct txn *txn, const struct entry_key *key, uint64_t *ret_order)
{
    AUTO(cursor_close) struct cursor cursor = {0};
    uint8_t beyond[25];
    uint8_t raw[ENTRY_KEY_BYTES];
    struct bytes at = {0};
    struct bytes value = {0};
    entry_key_encode(key, raw);
    memcpy(beyond, raw, INSTITUTION_ID_MAX);
    beyond[16] = key->type == TYPE_EXPOSURES;
    memset(beyond + 17, 0xFF, 8);
    enum err err = cursor_open(txn, OUTBOX_SEND, &cursor);
    if (err == ERR_OK) {
        err = cursor_seek(&cursor, bytes_of(beyond, sizeof beyond), &at, &value);
        err = err == ERR_NOT_FOUND ? cursor_to(&cursor, CURSOR_LAST, &at, &value)
              : err == ERR_OK      ? cursor_to(&cursor, CURSOR_PREVIOUS, &at, &value)
                                   : err;
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    bool has_last = err == ERR_OK && at.size == sizeof beyond && memcmp(at.data, beyond, 17) == 0;
    *ret_order = has_last ? get_u64(at.data + 17) + 1 : 1;
    return ERR_OK;
}

/* ---- figures ---- */

enum err report_figures_hash(const PbReport *report, uint8_t ret_hash[static SHA256_BYTES])
{
    return hash_without(report, false, ret_hash);
}

static enum err hash_without(const PbReport *report, bool is_status_left_out,
                             uint8_t ret_hash[static SHA256_BYTES])
{
    AUTO(buffer_close) struct buffer packed = {0};
    PbReport figures = *report;
    figures.base.n_unknown_fields = 0;
    figures.vintage = 0;
    figures.produced_at_us = 0;
    figures.source = NULL;
    figures.has_reason = 0;
    figures.note = NULL;
    if (is_status_left_out) {
        figures.status = IHURIRO__V1__REPORT__STATUS__FINAL;
    }
    enum err err = message_pack(&figures.base, &packed);
    if (err == ERR_OK) {
        sha256(buffer_bytes(&packed), ret_hash);
    }
    return err;
}

/* ---- drafts whose turn has come; keys that changed ---- */

struct signing {
    outbox_key_of key_of;
    void *context;
    int64_t now_us;
    size_t done;
};

MUST_USE static enum err promote_one(struct txn *txn, const struct signing *signing,
                                     const struct entry_key *key, bool *ret_is_promoted)
{
    AUTO(arena_close) struct arena arena = {0};
    struct place_view place;
    struct kept was;
    const PbReport *stored = NULL;
    uint32_t equal = 0;
    const struct signing_key *signing_key = signing->key_of(signing->context, key->institution);
    enum err err = place_look(txn, key, &place);
    *ret_is_promoted = false;
    if (err != ERR_OK || signing_key == NULL || place.queued_number != 0) {
        return err;
    }
    if ((err = rows_load(txn, key, &was)) != ERR_OK ||
        (err = unpack(was.entry.report, &arena, &stored)) != ERR_OK) {
        return err;
    }
    struct place_view others = place;
    others.draft_number = 0;
    others.newest_number = 0; /* only what is accepted can have made the draft needless */
    if ((err = find_equal(txn, &others, &was, stored, &equal)) != ERR_OK) {
        return err;
    }
    if (equal != 0) {
        return rows_save(txn, &was, NULL);
    }
    struct kept now = was;
    PbReport report = *stored;
    return put_queued(txn, &place, signing_key, &report, &was, &now, ret_is_promoted);
}

static enum err promote_step(struct txn *txn, void *context)
{
    struct signing *signing = context;
    AUTO(keys_close) struct keys keys = {0};
    enum err err = keys_gather(txn, OUTBOX_DRAFTS, (struct bytes){0}, 0, &keys);
    signing->done = 0;
    for (size_t i = 0; err == ERR_OK && i < keys.count; i++) {
        bool is_promoted = false;
        err = promote_one(txn, signing, &keys.items[i], &is_promoted);
        signing->done += is_promoted;
    }
    return err;
}

enum err outbox_promote(struct outbox *outbox, outbox_key_of key_of, void *context, int64_t now_us,
                        size_t *ret_promoted)
{
    struct signing signing = {.key_of = key_of, .context = context, .now_us = now_us};
    enum err err = outbox_write(outbox, promote_step, &signing);
    if (err == ERR_OK) {
        *ret_promoted = signing.done;
    }
    return err;
}

MUST_USE static enum err resign_one(struct txn *txn, struct signing *signing,
                                    const struct entry_key *entry_key)
{
    struct kept was;
    enum err err = rows_load(txn, entry_key, &was);
    const struct signing_key *key = signing->key_of(signing->context, entry_key->institution);
    if (err != ERR_OK || key == NULL ||
        memcmp(was.entry.signer, signing_key_public(key), PUBLIC_KEY_BYTES) == 0) {
        return err;
    }
    struct kept now = was;
    memcpy(now.entry.signer, signing_key_public(key), PUBLIC_KEY_BYTES);
    report_sign(key, now.entry.id, now.entry.signature);
    signing->done++;
    return rows_save(txn, &was, &now);
}

static enum err add_key(void *context, const struct entry *entry)
{
    return keys_add(context, &entry->key);
}

static enum err resign_step(struct txn *txn, void *context)
{
    struct signing *signing = context;
    AUTO(keys_close) struct keys keys = {0};
    signing->done = 0;
    enum err err = keys_gather(txn, OUTBOX_REFUSED, (struct bytes){0}, 0, &keys);
    if (err == ERR_OK) {
        err = outbox_queued(txn, add_key, &keys);
    }
    for (size_t i = 0; err == ERR_OK && i < keys.count; i++) {
        err = resign_one(txn, signing, &keys.items[i]);
    }
    return err;
}

enum err outbox_resign(struct outbox *outbox, outbox_key_of key_of, void *context,
                       size_t *ret_resigned)
{
    struct signing signing = {.key_of = key_of, .context = context};
    enum err err = outbox_write(outbox, resign_step, &signing);
    if (err == ERR_OK) {
        *ret_resigned = signing.done;
    }
    return err;
}

/* ---- what was refused is tried again ---- */

struct requeueing {
    const char *institution;
    size_t done;
};

static enum err requeue_step(struct txn *txn, void *context)
{
    struct requeueing *requeueing = context;
    AUTO(keys_close) struct keys keys = {0};
    requeueing->done = 0;
    enum err err = outbox_to_retry(txn, requeueing->institution, add_key, &keys);
    for (size_t i = 0; err == ERR_OK && i < keys.count; i++) {
        struct kept was;
        if ((err = rows_load(txn, &keys.items[i], &was)) != ERR_OK) {
            break;
        }
        struct kept now = was;
        now.entry.state = ENTRY_QUEUED;
        if ((err = next_order(txn, &now.entry.key, &now.order)) == ERR_OK) {
            err = rows_save(txn, &was, &now);
        }
        requeueing->done++;
    }
    return err;
}

enum err outbox_requeue(struct outbox *outbox, const char *institution, size_t *ret_requeued)
{
    struct requeueing requeueing = {.institution = institution};
    enum err err = outbox_write(outbox, requeue_step, &requeueing);
    if (err == ERR_OK) {
        *ret_requeued = requeueing.done;
    }
    return err;
}
