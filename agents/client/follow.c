#include "agents/client/follow.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "agents/client/pace.h"
#include "agents/client/parts.h"
#include "proto/access.h"
#include "proto/frames.h"

enum asking {
    ASKING_FETCH,
    ASKING_OLDER,
    ASKING_END, /* --new: where does the journal end? */
};

struct follow {
    struct follow_options options;
    struct cursor_state *cursor;
    struct position next; /* where the next FETCH starts */
    int64_t next_time_us;
    char next_after[INSTITUTION_ID_MAX + 1];
    bool next_is_bare;
    enum asking asking;
    bool is_outstanding;
    uint64_t number; /* of the request outstanding, or the last */
    struct pace pace;
    struct arena arena;
    struct follow_record *records;
    size_t record_capacity;
};

static enum err take_records(struct follow *follow, struct bytes body, struct complaint *complaint,
                             struct follow_step *step);
static enum err take_notices(struct follow *follow, struct bytes body, struct complaint *complaint,
                             struct follow_step *step);
static enum err take_not_in_history(struct follow *follow, struct bytes body,
                                    struct complaint *complaint, struct follow_step *step);
static enum err take_stands(struct follow *follow, struct bytes body, struct complaint *complaint,
                            struct follow_step *step);
static enum err take_refused(struct follow *follow, struct bytes body, struct complaint *complaint,
                             struct follow_step *step);
static enum err take_retry_later(struct follow *follow, struct bytes body,
                                 struct complaint *complaint, struct follow_step *step);

static const struct {
    enum verb verb;
    enum err (*take)(struct follow *follow, struct bytes body, struct complaint *complaint,
                     struct follow_step *step);
} verbs[] = {
    {VERB_RECORDS, take_records},         {VERB_NOT_IN_HISTORY, take_not_in_history},
    {VERB_STANDS, take_stands},           {VERB_REFUSED, take_refused},
    {VERB_RETRY_LATER, take_retry_later}, {VERB_NOTICES, take_notices},
};

static void from_cursor(struct follow *follow)
{
    follow->next = follow->cursor->position;
    follow->next_is_bare = follow->cursor->is_bare;
    follow->next_time_us = follow->cursor->time_us;
    memcpy(follow->next_after, follow->cursor->after, sizeof follow->next_after);
}

enum err follow_make(const struct follow_options *options, struct cursor_state *cursor,
                     struct follow **ret_follow)
{
    struct follow *follow = calloc(1, sizeof *follow);
    if (follow == NULL) {
        return ERR_MEMORY;
    }
    follow->options = *options;
    follow->cursor = cursor;
    pace_begin(&follow->pace);
    follow->arena.budget = (size_t)16 * ANSWER_MAX;
    from_cursor(follow);
    *ret_follow = follow;
    return ERR_OK;
}

void follow_close(struct follow **follow)
{
    if (*follow != NULL) {
        arena_close(&(*follow)->arena);
        free((*follow)->records);
        free(*follow);
        *follow = NULL;
    }
}

void follow_from_end(struct follow *follow)
{
    follow->asking = ASKING_END;
}

void follow_forget(struct follow *follow)
{
    if (follow->is_outstanding) {
        pace_lost(&follow->pace);
    }
    follow->is_outstanding = false;
}

/* ---- asking ---- */

static PbPosition message_of(const struct position *position, bool is_bare)
{
    PbPosition message = IHURIRO__V1__POSITION__INIT;
    message.size = position->size;
    message.root = pb_of_bytes(bytes_of(position->root.bytes, is_bare ? 0 : SHA256_BYTES));
    return message;
}

static enum err ask_older(struct follow *follow, struct buffer *frame)
{
    const struct cursor_state *cursor = follow->cursor;
    Ihuriro__V1__Older older = IHURIRO__V1__OLDER__INIT;
    PbPosition at = message_of(&cursor->position, cursor->is_bare);
    PbPosition positions[OLDER_POSITIONS_MAX];
    PbPosition *pointers[OLDER_POSITIONS_MAX];
    for (size_t i = 0; i < cursor->older_count; i++) {
        positions[i] = message_of(&cursor->older[i], false);
        pointers[i] = &positions[i];
    }
    older.number = follow->number + 1;
    older.cursor = &at;
    older.positions = pointers;
    older.n_positions = cursor->older_count;
    return frame_pack(VERB_OLDER, &older.base, frame);
}

static enum err ask_fetch(struct follow *follow, struct buffer *frame)
{
    bool is_end = follow->asking == ASKING_END;
    struct position zero = {0};
    PbPosition from = message_of(is_end ? &zero : &follow->next, is_end || follow->next_is_bare);
    Ihuriro__V1__Fetch fetch = IHURIRO__V1__FETCH__INIT;
    fetch.position = &from;
    fetch.filter = (PbFilter *)(uintptr_t)follow->options.filter; /* packed only */
    fetch.has_max_bytes = 1;
    fetch.max_bytes = is_end ? 1 : follow->pace.bytes;
    fetch.has_wait_ms = 1;
    fetch.wait_ms = is_end ? 0 : follow->options.wait_ms;
    fetch.has_until = is_end;
    fetch.until = 1;
    fetch.number = follow->number + 1;
    return frame_pack(VERB_FETCH, &fetch.base, frame);
}

static enum err ask_notices(struct follow *follow, struct buffer *frame)
{
    bool is_end = follow->asking == ASKING_END;
    struct position zero = {0};
    PbPosition from = message_of(is_end ? &zero : &follow->next, is_end || follow->next_is_bare);
    Ihuriro__V1__GetNotices request = IHURIRO__V1__GET_NOTICES__INIT;
    request.number = follow->number + 1;
    request.position = &from;
    request.time_us = is_end ? 0 : follow->next_time_us;
    request.after = is_end || follow->next_after[0] == '\0' ? NULL : follow->next_after;
    request.filter = (PbFilter *)(uintptr_t)follow->options.filter; /* packed only */
    request.kinds = (Ihuriro__V1__Notice__Kind *)(uintptr_t)follow->options.kinds;
    request.n_kinds = follow->options.kind_count;
    request.has_wait_ms = 1;
    request.wait_ms = is_end ? 0 : follow->options.wait_ms;
    request.has_from_end = request.from_end = is_end;
    request.has_max_bytes = 1;
    request.max_bytes = follow->pace.bytes;
    return frame_pack(VERB_GET_NOTICES, &request.base, frame);
}

enum err follow_ask(struct follow *follow, struct buffer *frame)
{
    if (follow->is_outstanding) {
        return ERR_NOT_FOUND;
    }
    enum err err = follow->asking == ASKING_OLDER  ? ask_older(follow, frame)
                   : follow->options.wants_notices ? ask_notices(follow, frame)
                                                   : ask_fetch(follow, frame);
    if (err == ERR_OK) {
        follow->number++;
        follow->is_outstanding = true;
    }
    return err;
}

/* ---- answers ---- */

enum err follow_take(struct follow *follow, struct bytes frame, struct complaint *complaint,
                     struct follow_step *ret_step)
{
    int verb = 0;
    struct bytes body = {0};
    struct follow_step step = {.kind = FOLLOW_NOTHING};
    enum err err = frame_open(frame, &verb, &body);
    if (err != ERR_OK) {
        return complain(complaint, err,
                        "The hub's answer is no frame of version 1. Is this "
                        "program older than the hub?");
    }
    arena_reset(&follow->arena);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if ((int)verbs[i].verb == verb) {
            err = verbs[i].take(follow, body, complaint, &step);
        }
    }
    if (err == ERR_OK) {
        *ret_step = step;
    }
    return err;
}

static enum err unreadable(struct complaint *complaint)
{
    return complain(complaint, ERR_MALFORMED, "The hub's answer cannot be read.");
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

/* Does an answer speak of our cursor? */
static bool is_at_cursor(const struct follow *follow, const struct position *from)
{
    const struct cursor_state *cursor = follow->cursor;
    if (cursor->is_bare || cursor->position.size == 0) {
        return from->size == cursor->position.size;
    }
    return position_equal(from, &cursor->position);
}

static bool is_answer(struct follow *follow, uint64_t number)
{
    if (!follow->is_outstanding || number != follow->number) {
        return false;
    }
    follow->is_outstanding = false;
    return true;
}

/* The newest checkpoint: signed by a pinned key, and not another tree than the answer's. */
static enum err check_checkpoint(const struct follow *follow, struct bytes text,
                                 const struct position *to, struct complaint *complaint,
                                 struct position *ret_position)
{
    struct checkpoint checkpoint;
    if (text.size == 0 && to->size == 0) {
        *ret_position = *to; /* an empty journal has none yet */
        return ERR_OK;
    }
    enum err err = checkpoint_parse(text, &checkpoint);
    err = err != ERR_OK ? err : checkpoint_verify(&checkpoint, follow->options.hub);
    if (err != ERR_OK) {
        return complain(complaint, err,
                        "The hub's checkpoint does not verify against hub.pub (%s). Nothing of "
                        "this answer is used.",
                        follow->options.hub->origin);
    }
    if (to->size > checkpoint.position.size ||
        (to->size == checkpoint.position.size && !position_equal(to, &checkpoint.position))) {
        return complain(complaint, ERR_CORRUPT,
                        "The hub's answer does not agree with its own signed checkpoint of %llu "
                        "records.",
                        (unsigned long long)checkpoint.position.size);
    }
    *ret_position = checkpoint.position;
    return ERR_OK;
}

static enum err take_record(struct follow *follow, const Ihuriro__V1__RecordView *view,
                            uint64_t after, uint64_t to, struct complaint *complaint,
                            struct follow_record *record)
{
    struct bytes header = bytes_of_pb(view->header);
    record->judgement = view->has_judgement ? bytes_of_pb(view->judgement) : (struct bytes){0};
    record->body = view->has_body ? bytes_of_pb(view->body) : (struct bytes){0};
    if (view->has_judgement && record->judgement.data == NULL) {
        record->judgement = bytes_of("", 0); /* empty is not absent */
    }
    enum err err = header_decode(header, &record->header);
    if (err != ERR_OK) {
        return unreadable(complaint);
    }
    if (record->header.seq <= after || record->header.seq > to ||
        !filter_takes(follow->options.filter, &record->header)) {
        return complain(complaint, ERR_CORRUPT,
                        "The hub answered with record %llu, which was not asked for.",
                        (unsigned long long)record->header.seq);
    }
    return ERR_OK;
}

struct verifying {
    const struct follow *follow;
    const Ihuriro__V1__Records *message;
};

static enum err verify_record(void *context, size_t index, struct arena *arena,
                              struct complaint *complaint)
{
    const struct verifying *verifying = context;
    const struct follow_record *record = &verifying->follow->records[index];
    struct complaint why = {{0}};
    enum err err = record_check(bytes_of_pb(verifying->message->records[index]->header),
                                record->judgement, record->body, arena, &why);
    return err == ERR_OK ? ERR_OK
                         : complain(complaint, err, "Record %llu does not verify: %s",
                                    (unsigned long long)record->header.seq, why.text);
}

static enum err take_all(struct follow *follow, const Ihuriro__V1__Records *message,
                         const struct position *from, struct complaint *complaint,
                         struct follow_step *step)
{
    if (message->n_records > follow->record_capacity) {
        struct follow_record *grown =
            reallocarray(follow->records, message->n_records, sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        follow->records = grown;
        follow->record_capacity = message->n_records;
    }
    uint64_t after = from->size;
    for (size_t i = 0; i < message->n_records; i++) {
        enum err err = take_record(follow, message->records[i], after, step->to.size, complaint,
                                   &follow->records[i]);
        if (err != ERR_OK) {
            return err;
        }
        after = follow->records[i].header.seq;
    }
    struct verifying verifying = {.follow = follow, .message = message};
    enum err err =
        parts_work(message->n_records, parts_by_cores(message->n_records, PARTS_LEAST_CHECKS),
                   verify_record, &verifying, complaint);
    if (err != ERR_OK) {
        return err;
    }
    step->records = follow->records;
    step->count = message->n_records;
    return ERR_OK;
}

static void take_rights(const struct follow *follow, struct bytes rights, struct follow_step *step)
{
    memcpy(step->rights, rights.data, SHA256_BYTES);
    step->rights_changed = follow->cursor->has_rights &&
                           memcmp(step->rights, follow->cursor->rights, SHA256_BYTES) != 0;
}

/* --new: the cursor goes to the newest checkpoint; nothing is put out. */
static void begin_at_end(struct follow *follow, const struct position *end,
                         struct follow_step *step)
{
    follow->asking = ASKING_FETCH;
    step->kind = FOLLOW_RECORDS;
    step->to = *end;
    step->count = 0;
}

static enum err take_records(struct follow *follow, struct bytes body, struct complaint *complaint,
                             struct follow_step *step)
{
    const Ihuriro__V1__Records *message = NULL;
    struct position from;
    struct position newest;
    if (MESSAGE_UNPACK(records, MESSAGE_TOLERANT, body, &follow->arena, &message) != ERR_OK ||
        !position_of(message->from, &from) || !position_of(message->to, &step->to) ||
        message->rights.len != SHA256_BYTES || step->to.size < from.size ||
        (step->to.size == from.size && !position_equal(&step->to, &from))) {
        return unreadable(complaint);
    }
    if (!is_answer(follow, message->number) || follow->asking == ASKING_OLDER ||
        !(follow->asking == ASKING_END || is_at_cursor(follow, &from))) {
        return ERR_OK; /* late, or not from where we stand: ignored (1) */
    }
    pace_came(&follow->pace, body.size);
    enum err err =
        check_checkpoint(follow, bytes_of_pb(message->checkpoint), &step->to, complaint, &newest);
    err = err != ERR_OK ? err : take_all(follow, message, &from, complaint, step);
    if (err != ERR_OK) {
        return err;
    }
    step->kind = FOLLOW_RECORDS;
    step->head = message->head;
    step->now_us = message->has_now_us ? message->now_us : 0;
    take_rights(follow, bytes_of_pb(message->rights), step);
    if (follow->asking == ASKING_END) {
        begin_at_end(follow, &newest, step);
    }
    follow->next = step->to;
    follow->next_is_bare = false;
    return ERR_OK;
}

/* Notices begin where the cursor stands, in time too. */
static bool is_at_time(const struct follow *follow, const Ihuriro__V1__Notices *message)
{
    const struct cursor_state *cursor = follow->cursor;
    return message->from_time_us == cursor->time_us &&
           strcmp(message->from_after != NULL ? message->from_after : "", cursor->after) == 0;
}

static bool notices_are_whole(const Ihuriro__V1__Notices *message, const struct position *from,
                              const struct position *to)
{
    const char *after = message->to_after != NULL ? message->to_after : "";
    return message->rights.len == SHA256_BYTES && to->size >= from->size &&
           message->to_time_us >= message->from_time_us &&
           (to->size != from->size || position_equal(to, from)) &&
           (after[0] == '\0' || institution_id_is_valid(after));
}

static void begin_at(struct follow *follow, const Ihuriro__V1__Notices *message,
                     struct follow_step *step)
{
    step->to_time_us = message->to_time_us;
    (void)snprintf(step->to_after, sizeof step->to_after, "%s",
                   message->to_after != NULL ? message->to_after : "");
    follow->asking = ASKING_FETCH;
    follow->next = step->to;
    follow->next_is_bare = false;
    follow->next_time_us = step->to_time_us;
    memcpy(follow->next_after, step->to_after, sizeof follow->next_after);
}

static enum err take_notices(struct follow *follow, struct bytes body, struct complaint *complaint,
                             struct follow_step *step)
{
    const Ihuriro__V1__Notices *message = NULL;
    struct position from;
    struct position newest;
    if (MESSAGE_UNPACK(notices, MESSAGE_TOLERANT, body, &follow->arena, &message) != ERR_OK ||
        !position_of(message->from, &from) || !position_of(message->to, &step->to) ||
        !notices_are_whole(message, &from, &step->to)) {
        return unreadable(complaint);
    }
    if (!is_answer(follow, message->number) || follow->asking == ASKING_OLDER ||
        !(follow->asking == ASKING_END ||
          (is_at_cursor(follow, &from) && is_at_time(follow, message)))) {
        return ERR_OK; /* late, or not from where we stand: ignored (1) */
    }
    pace_came(&follow->pace, body.size);
    enum err err =
        check_checkpoint(follow, bytes_of_pb(message->checkpoint), &step->to, complaint, &newest);
    if (err != ERR_OK) {
        return err;
    }
    step->kind = FOLLOW_RECORDS;
    step->notices = message->notices;
    step->count = message->n_notices;
    step->head = newest.size;
    step->now_us = message->now_us;
    step->has_caught_up = message->has_caught_up && message->caught_up;
    take_rights(follow, bytes_of_pb(message->rights), step);
    begin_at(follow, message, step);
    return ERR_OK;
}

static enum err take_not_in_history(struct follow *follow, struct bytes body,
                                    struct complaint *complaint, struct follow_step *step)
{
    const Ihuriro__V1__NotInHistory *message = NULL;
    if (MESSAGE_UNPACK(not_in_history, MESSAGE_TOLERANT, body, &follow->arena, &message) !=
            ERR_OK ||
        message->position == NULL) {
        return unreadable(complaint);
    }
    if (!is_answer(follow, message->number) || follow->asking != ASKING_FETCH ||
        message->position->size != follow->cursor->position.size) {
        from_cursor(follow);
        return ERR_OK;
    }
    if (follow->cursor->position.size == 0) {
        return complain(complaint, ERR_CORRUPT,
                        "The hub says that its history has no beginning. It is broken; nothing of "
                        "this answer is used.");
    }
    if (follow->cursor->is_bare) {
        step->kind = FOLLOW_BEHIND;
        return ERR_OK;
    }
    follow->asking = ASKING_OLDER;
    return ERR_OK;
}

static enum err take_stands(struct follow *follow, struct bytes body, struct complaint *complaint,
                            struct follow_step *step)
{
    const Ihuriro__V1__Stands *message = NULL;
    struct position cursor;
    if (MESSAGE_UNPACK(stands, MESSAGE_TOLERANT, body, &follow->arena, &message) != ERR_OK ||
        !position_of(message->cursor, &cursor) || !position_of(message->position, &step->to)) {
        return unreadable(complaint);
    }
    if (!is_answer(follow, message->number) || follow->asking != ASKING_OLDER) {
        return ERR_OK;
    }
    follow->asking = ASKING_FETCH;
    from_cursor(follow);
    if (!is_at_cursor(follow, &cursor) || !cursor_names(follow->cursor, &step->to)) {
        return ERR_OK; /* not asked from here, or none of ours (1): asked again */
    }
    step->kind = FOLLOW_REWIND;
    step->to_time_us = cursor_time_of(follow->cursor, &step->to);
    follow->next = step->to;
    follow->next_time_us = step->to_time_us;
    follow->next_after[0] = '\0';
    return ERR_OK;
}

static enum err take_refused(struct follow *follow, struct bytes body, struct complaint *complaint,
                             struct follow_step *step)
{
    const Ihuriro__V1__Refused *message = NULL;
    if (MESSAGE_UNPACK(refused, MESSAGE_TOLERANT, body, &follow->arena, &message) != ERR_OK) {
        return unreadable(complaint);
    }
    follow->is_outstanding = false;
    from_cursor(follow);
    step->kind = FOLLOW_REFUSED;
    strncpy(step->rule, message->rule, sizeof step->rule - 1);
    strncpy(step->text, message->text != NULL ? message->text : "", sizeof step->text - 1);
    return ERR_OK;
}

static enum err take_retry_later(struct follow *follow, struct bytes body,
                                 struct complaint *complaint, struct follow_step *step)
{
    const Ihuriro__V1__RetryLater *message = NULL;
    if (MESSAGE_UNPACK(retry_later, MESSAGE_TOLERANT, body, &follow->arena, &message) != ERR_OK) {
        return unreadable(complaint);
    }
    follow->is_outstanding = false;
    from_cursor(follow);
    step->kind = FOLLOW_LATER;
    step->retry_s = message->seconds;
    strncpy(step->text, message->text != NULL ? message->text : "", sizeof step->text - 1);
    return ERR_OK;
}

void follow_apply(struct follow *follow, const struct follow_step *step)
{
    struct cursor_state *cursor = follow->cursor;
    assert(step->kind == FOLLOW_RECORDS || step->kind == FOLLOW_REWIND);
    if (step->kind == FOLLOW_REWIND) {
        cursor_rewind(cursor, &step->to);
        return;
    }
    cursor_advance_to(cursor, &step->to, step->to_time_us, step->to_after);
    cursor->has_rights = true;
    memcpy(cursor->rights, step->rights, SHA256_BYTES);
}
