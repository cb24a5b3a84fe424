#include "hub/answers.h"

#include <assert.h>
#include <string.h>

enum item_kind { ITEM_SUBMIT, ITEM_OWN, ITEM_FRAME };

#define NONE UINT32_MAX

struct item {
    enum item_kind kind;
    uint32_t next; /* of the same peer */
    struct submit_answer submit;
    const char *institution; /* ITEM_OWN */
    uint64_t before;
    struct bytes frame; /* ITEM_FRAME */
};

struct addressee {
    struct peer peer;
    uint32_t first;
    uint32_t last;
};

struct built {
    uint32_t addressee;
    size_t begin;
    size_t end;
};

struct answers {
    struct arena arena; /* texts, sessions, ready frames; dies with the turn */
    struct item *items;
    size_t item_count;
    size_t item_capacity;
    size_t own_count;
    struct addressee *addressees;
    size_t addressee_count;
    size_t addressee_capacity;
    struct buffer frames;
    struct built *built;
    size_t built_count;
    size_t built_capacity;
};

#define GROW(array, count, capacity) grow((void **)&(array), sizeof *(array), count, &(capacity))

static enum err grow(void **array, size_t item_bytes, size_t count, size_t *capacity)
{
    if (count < *capacity) {
        return ERR_OK;
    }
    size_t wanted = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = reallocarray(*array, wanted, item_bytes);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    *array = grown;
    *capacity = wanted;
    return ERR_OK;
}

enum err answers_make(struct answers **ret_answers)
{
    struct answers *answers = calloc(1, sizeof *answers);
    if (answers == NULL) {
        return ERR_MEMORY;
    }
    /* Far above what a turn takes: it ends at TURN_BYTES_MAX of answers and one message more. */
    answers->arena.budget = (size_t)16 * TURN_BYTES_MAX;
    *ret_answers = answers;
    return ERR_OK;
}

void answers_close(struct answers **answers)
{
    if (*answers == NULL) {
        return;
    }
    arena_close(&(*answers)->arena);
    buffer_close(&(*answers)->frames);
    free((*answers)->items);
    free((*answers)->addressees);
    free((*answers)->built);
    free(*answers);
    *answers = NULL;
}

size_t answers_bytes(const struct answers *answers)
{
    return answers->arena.spent + answers->own_count * ANSWER_FRAME_TARGET;
}

void answers_clear(struct answers *answers)
{
    answers->own_count = 0;
    arena_reset(&answers->arena);
    buffer_clear(&answers->frames);
    answers->item_count = 0;
    answers->addressee_count = 0;
    answers->built_count = 0;
}

/* ---- collecting ---- */

/* Connections of one turn are few in most turns and at most TURN_REPORTS_MAX; the newest is asked
 * first. */
static enum err addressee_of(struct answers *answers, const struct peer *peer, uint32_t *ret_at)
{
    for (size_t i = answers->addressee_count; i-- > 0;) {
        const struct peer *known = &answers->addressees[i].peer;
        if (known->routing_id_size == peer->routing_id_size &&
            memcmp(known->routing_id, peer->routing_id, peer->routing_id_size) == 0) {
            *ret_at = (uint32_t)i;
            return ERR_OK;
        }
    }
    enum err err = GROW(answers->addressees, answers->addressee_count, answers->addressee_capacity);
    if (err == ERR_OK) {
        *ret_at = (uint32_t)answers->addressee_count++;
        answers->addressees[*ret_at] = (struct addressee){*peer, NONE, NONE};
    }
    return err;
}

static enum err add(struct answers *answers, const struct peer *peer, const struct item *item)
{
    uint32_t to = 0;
    enum err err = addressee_of(answers, peer, &to);
    err = err != ERR_OK ? err : GROW(answers->items, answers->item_count, answers->item_capacity);
    if (err != ERR_OK) {
        return err;
    }
    uint32_t at = (uint32_t)answers->item_count++;
    answers->items[at] = *item;
    answers->items[at].next = NONE;
    struct addressee *addressee = &answers->addressees[to];
    if (addressee->first == NONE) {
        addressee->first = at;
    } else {
        answers->items[addressee->last].next = at;
    }
    addressee->last = at;
    return ERR_OK;
}

static enum err keep_bytes(struct answers *answers, struct bytes *bytes)
{
    uint8_t *copy = arena_take(&answers->arena, bytes->size > 0 ? bytes->size : 1);
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    if (bytes->size > 0) {
        memcpy(copy, bytes->data, bytes->size);
    }
    bytes->data = copy;
    return ERR_OK;
}

static enum err keep_text(struct answers *answers, const char **text)
{
    if (*text != NULL) {
        *text = arena_text(&answers->arena, *text);
        return *text == NULL ? ERR_MEMORY : ERR_OK;
    }
    return ERR_OK;
}

enum err answers_submit(struct answers *answers, const struct peer *peer,
                        const struct submit_answer *answer)
{
    struct item item = {.kind = ITEM_SUBMIT, .submit = *answer};
    enum err err = keep_bytes(answers, &item.submit.session);
    err = err != ERR_OK ? err : keep_text(answers, &item.submit.rule);
    err = err != ERR_OK ? err : keep_text(answers, &item.submit.path);
    err = err != ERR_OK ? err : keep_text(answers, &item.submit.text);
    err = err != ERR_OK ? err : keep_text(answers, &item.submit.institution);
    return err != ERR_OK ? err : add(answers, peer, &item);
}

enum err answers_own(struct answers *answers, const struct peer *peer, struct bytes session,
                     uint64_t number, const char *institution, uint64_t before)
{
    struct item item = {.kind = ITEM_OWN, .institution = institution, .before = before};
    item.submit.session = session;
    item.submit.number = number;
    enum err err = keep_bytes(answers, &item.submit.session);
    err = err != ERR_OK ? err : keep_text(answers, &item.institution);
    answers->own_count++;
    return err != ERR_OK ? err : add(answers, peer, &item);
}

enum err answers_raw(struct answers *answers, const struct peer *peer, struct bytes frame)
{
    struct item item = {.kind = ITEM_FRAME, .frame = frame};
    enum err err = keep_bytes(answers, &item.frame);
    return err != ERR_OK ? err : add(answers, peer, &item);
}

enum err answers_frame(struct answers *answers, const struct peer *peer, enum verb verb,
                       const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    enum err err = frame_pack(verb, body, &frame);
    return err != ERR_OK ? err : answers_raw(answers, peer, buffer_bytes(&frame));
}

/* ---- building ---- */

struct builder {
    struct answers *answers;
    struct txn *txn;
    const struct checkpoint *checkpoint;
    int64_t now_us;
    uint32_t to;
    struct arena arena; /* the messages of the frame being built */
};

static enum err finish_frame(struct builder *builder, enum verb verb, const ProtobufCMessage *body)
{
    struct answers *answers = builder->answers;
    size_t begin = answers->frames.size;
    enum err err = frame_pack(verb, body, &answers->frames);
    err = err != ERR_OK ? err : GROW(answers->built, answers->built_count, answers->built_capacity);
    if (err == ERR_OK) {
        answers->built[answers->built_count++] =
            (struct built){builder->to, begin, answers->frames.size};
    }
    return err;
}

/* Header, proof and judgement of a record; the proof's bytes live in the arena, the others in the
 * map. */
static enum err evidence(struct builder *builder, uint64_t seq, struct record *ret_record,
                         struct bytes *ret_proof)
{
    struct proof *proof = arena_take(&builder->arena, sizeof *proof);
    if (proof == NULL) {
        return ERR_MEMORY;
    }
    enum err err = journal_get(builder->txn, seq, ret_record);
    err = err != ERR_OK
              ? err
              : journal_inclusion(builder->txn, seq, builder->checkpoint->position.size, proof);
    if (err == ERR_OK) {
        *ret_proof = proof_bytes(proof);
    }
    return err;
}

static enum err fill_receipt(struct builder *builder, uint64_t seq, Ihuriro__V1__Answer *answer,
                             size_t *size)
{
    struct record record;
    struct bytes proof = {0};
    enum err err = evidence(builder, seq, &record, &proof);
    if (err != ERR_OK) {
        return err;
    }
    answer->has_header = 1;
    answer->header = pb_of_bytes(record.raw_header);
    answer->has_proof = 1;
    answer->proof = pb_of_bytes(proof);
    answer->has_judgement = 1;
    answer->judgement = pb_of_bytes(record.judgement);
    *size += record.raw_header.size + proof.size + record.judgement.size + 64;
    return ERR_OK;
}

static enum err fill_answer(struct builder *builder, const struct submit_answer *from,
                            Ihuriro__V1__Answer *answer, size_t *size)
{
    *answer = (Ihuriro__V1__Answer)IHURIRO__V1__ANSWER__INIT;
    answer->number = from->number;
    if (from->seq != 0) {
        return fill_receipt(builder, from->seq, answer, size);
    }
    *size += 1024;
    if (from->rule != NULL) {
        Ihuriro__V1__Refused *refused = arena_take(&builder->arena, sizeof *refused);
        if (refused == NULL) {
            return ERR_MEMORY;
        }
        *refused = (Ihuriro__V1__Refused)IHURIRO__V1__REFUSED__INIT;
        refused->rule = (char *)(uintptr_t)from->rule; /* packed only */
        refused->path = (char *)(uintptr_t)from->path;
        refused->text = (char *)(uintptr_t)from->text;
        refused->has_may_pass = 1;
        refused->may_pass = from->may_pass;
        answer->refused = refused;
        return ERR_OK;
    }
    Ihuriro__V1__RetryLater *later = arena_take(&builder->arena, sizeof *later);
    if (later == NULL) {
        return ERR_MEMORY;
    }
    *later = (Ihuriro__V1__RetryLater)IHURIRO__V1__RETRY_LATER__INIT;
    later->seconds = from->retry_after_s;
    later->scope = from->is_hub_wide ? IHURIRO__V1__RETRY_LATER__SCOPE__HUB
                                     : IHURIRO__V1__RETRY_LATER__SCOPE__INSTITUTION;
    later->institution = (char *)(uintptr_t)from->institution;
    later->text = (char *)(uintptr_t)from->text;
    answer->retry_later = later;
    return ERR_OK;
}

/* One frame from item `at` on; ret_next is the first item that is not in it. */
static enum err build_submits(struct builder *builder, uint32_t at, uint32_t *ret_next)
{
    struct answers *answers = builder->answers;
    struct bytes session = answers->items[at].submit.session;
    size_t most = 0;
    for (uint32_t i = at; i != NONE && answers->items[i].kind == ITEM_SUBMIT; most++) {
        i = answers->items[i].next;
    }
    Ihuriro__V1__Answer *rows = arena_take(&builder->arena, most * sizeof *rows);
    Ihuriro__V1__Answer **row_pointers = arena_take(&builder->arena, most * sizeof *row_pointers);
    if (rows == NULL || row_pointers == NULL) {
        return ERR_MEMORY;
    }
    Ihuriro__V1__Answers message = IHURIRO__V1__ANSWERS__INIT;
    size_t size = CHECKPOINT_BYTES_MAX;
    enum err err = ERR_OK;
    for (; at != NONE && err == ERR_OK && size < ANSWER_FRAME_TARGET;
         at = answers->items[at].next) {
        const struct item *item = &answers->items[at];
        if (item->kind != ITEM_SUBMIT || !bytes_equal(item->submit.session, session)) {
            break;
        }
        row_pointers[message.n_answers] = &rows[message.n_answers];
        err = fill_answer(builder, &item->submit, &rows[message.n_answers++], &size);
    }
    message.answers = row_pointers;
    message.session = pb_of_bytes(session);
    message.has_checkpoint = 1;
    message.checkpoint = pb_of_bytes(builder->checkpoint->text);
    message.has_now_us = 1;
    message.now_us = builder->now_us;
    *ret_next = at;
    return err != ERR_OK ? err : finish_frame(builder, VERB_ANSWERS, &message.base);
}

#define OWN_REPORTS_MAX 256

/* Where a walk begins: below `before`, which must be a report of the institution itself; 0: the
 * newest. */
static enum err own_start(struct builder *builder, const struct item *item, uint64_t *ret_seq)
{
    uint64_t held = 0;
    *ret_seq = 0;
    if (item->before == 0) {
        enum err err = owners_get(builder->txn, item->institution, &held, ret_seq);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct record record;
    enum err err = journal_get(builder->txn, item->before, &record);
    if (err == ERR_OK && record.header.kind == KIND_REPORT &&
        strcmp(record.header.institution, item->institution) == 0) {
        *ret_seq = record.header.previous_seq;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err build_own(struct builder *builder, const struct item *item)
{
    Ihuriro__V1__OwnReport *rows =
        arena_take(&builder->arena, OWN_REPORTS_MAX * (sizeof *rows + sizeof rows));
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    Ihuriro__V1__OwnReport **row_pointers = (void *)(rows + OWN_REPORTS_MAX);
    Ihuriro__V1__OwnAnswer message = IHURIRO__V1__OWN_ANSWER__INIT;
    uint64_t seq = 0;
    size_t size = CHECKPOINT_BYTES_MAX;
    enum err err = own_start(builder, item, &seq);
    while (err == ERR_OK && seq != 0 && message.n_reports < OWN_REPORTS_MAX) {
        struct record record;
        struct bytes proof = {0};
        err = evidence(builder, seq, &record, &proof);
        if (err != ERR_OK) {
            break;
        }
        size_t more = record.raw.size + proof.size + 64;
        if (message.n_reports > 0 && size + more > ANSWER_FRAME_TARGET) {
            break;
        }
        size += more;
        Ihuriro__V1__OwnReport *row = &rows[message.n_reports];
        *row = (Ihuriro__V1__OwnReport)IHURIRO__V1__OWN_REPORT__INIT;
        row->header = pb_of_bytes(record.raw_header);
        row->proof = pb_of_bytes(proof);
        row->judgement = pb_of_bytes(record.judgement);
        row->envelope = pb_of_bytes(record.body);
        row_pointers[message.n_reports++] = row;
        message.next = record.header.previous_seq == 0 ? 0 : seq;
        seq = record.header.previous_seq;
    }
    message.reports = row_pointers;
    message.session = pb_of_bytes(item->submit.session);
    message.number = item->submit.number;
    message.institution = (char *)(uintptr_t)item->institution; /* packed only */
    message.checkpoint = pb_of_bytes(builder->checkpoint->text);
    return err != ERR_OK ? err : finish_frame(builder, VERB_OWN_ANSWER, &message.base);
}

static enum err build_ready(struct builder *builder, const struct item *item)
{
    struct answers *answers = builder->answers;
    size_t begin = answers->frames.size;
    enum err err = buffer_append(&answers->frames, item->frame.data, item->frame.size);
    err = err != ERR_OK ? err : GROW(answers->built, answers->built_count, answers->built_capacity);
    if (err == ERR_OK) {
        answers->built[answers->built_count++] =
            (struct built){builder->to, begin, answers->frames.size};
    }
    return err;
}

static enum err build_for(struct builder *builder)
{
    struct answers *answers = builder->answers;
    uint32_t at = answers->addressees[builder->to].first;
    enum err err = ERR_OK;
    while (at != NONE && err == ERR_OK) {
        const struct item *item = &answers->items[at];
        uint32_t next = item->next;
        arena_reset(&builder->arena);
        switch (item->kind) {
        case ITEM_SUBMIT:
            err = build_submits(builder, at, &next);
            break;
        case ITEM_OWN:
            err = build_own(builder, item);
            break;
        case ITEM_FRAME:
            err = build_ready(builder, item);
            break;
        }
        at = next;
    }
    return err;
}

enum err answers_build(struct answers *answers, struct txn *txn,
                       const struct checkpoint *checkpoint, int64_t now_us)
{
    struct builder builder = {
        .answers = answers, .txn = txn, .checkpoint = checkpoint, .now_us = now_us};
    enum err err = ERR_OK;
    for (size_t i = 0; i < answers->addressee_count && err == ERR_OK; i++) {
        builder.to = (uint32_t)i;
        err = build_for(&builder);
    }
    arena_close(&builder.arena);
    return err;
}

void answers_deliver(const struct answers *answers, answers_send send, void *context)
{
    for (size_t i = 0; i < answers->built_count; i++) {
        const struct built *built = &answers->built[i];
        send(context, &answers->addressees[built->addressee].peer,
             bytes_of(answers->frames.data + built->begin, built->end - built->begin));
    }
}
