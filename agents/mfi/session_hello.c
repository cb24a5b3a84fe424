/* HELLO and its answer: what still stands of our receipts, what the hub holds, which settings are
 * in force. */
#include "agents/mfi/session_inside.h"

#include <stdio.h>
#include <string.h>

#include "agents/mfi/notes.h"

enum { SESSION_ID_MAX = 64 };

/* The checkpoints that the hello shows, and their sizes: the hub may only name one of them. */
static enum err gather_checkpoints(struct session *session, struct buffer *texts,
                                   ProtobufCBinaryData ret_shown[static HELLO_CHECKPOINTS_MAX])
{
    size_t ends[HELLO_CHECKPOINTS_MAX] = {0};
    size_t count = 0;
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(session->options.outbox), false, &txn);
    if (err == ERR_OK) {
        err = outbox_checkpoints(&txn, texts, ends, &count);
    }
    for (size_t i = 0, from = 0; err == ERR_OK && i < count; from = ends[i++]) {
        struct checkpoint checkpoint = {0};
        struct bytes text = bytes_of(texts->data + from, ends[i] - from);
        err = checkpoint_parse(text, &checkpoint);
        ret_shown[i] = pb_of_bytes(text);
        session->shown[i] = checkpoint.position.size;
    }
    session->shown_count = err == ERR_OK ? count : 0;
    return err;
}

void session_say_hello(struct session *session)
{
    /* From here on nothing is of the session that there was: what comes late under it is marked. */
    while (session->in_flight_count > 0) {
        session_forget_in_flight(session, session->in_flight_count - 1);
    }
    while (session->frames != NULL) {
        session_frame_sent(session);
    }
    session_forget_owed(session, NULL, true);
    session->session_id_size = 0;
    session->settings_asked = false;
    session->hello_wanted = false;
    session->owed_refused = false;
    session->owed_refusals = 0;
    AUTO(buffer_close) struct buffer texts = {0};
    ProtobufCBinaryData shown[HELLO_CHECKPOINTS_MAX];
    enum err err = gather_checkpoints(session, &texts, shown);
    if (err != ERR_OK) {
        session_fail(session, err, "The agent's store cannot be read: %s.", err_text(err));
        return;
    }
    session->options.random(session->options.random_context, session->tag, sizeof session->tag);
    Ihuriro__V1__Hello hello = IHURIRO__V1__HELLO__INIT;
    hello.tag = pb_of_bytes(bytes_of(session->tag, sizeof session->tag));
    hello.schema_version = SCHEMA_VERSION;
    hello.n_checkpoints = session->shown_count;
    hello.checkpoints = shown;
    hello.has_test = true;
    hello.test = session->options.is_test;
    static char program[] = "mfi-agent " IHURIRO_VERSION;
    hello.program = program;
    session->phase = PHASE_GREETING;
    session->heard_at_ms = session->now_ms;
    session_send(session, VERB_HELLO, &hello.base);
}

/* ---- the answer ---- */

static bool was_shown(const struct session *session, uint64_t size)
{
    bool was = size == 0;
    for (size_t i = 0; !was && i < session->shown_count; i++) {
        was = session->shown[i] == size;
    }
    return was;
}

/* An answer to an earlier hello is passed over: it speaks of other checkpoints. */
static bool answers_this_hello(const struct session *session,
                               const Ihuriro__V1__HelloAnswer *answer)
{
    return answer->session.len >= SESSION_TAG_BYTES &&
           memcmp(answer->session.data, session->tag, SESSION_TAG_BYTES) == 0;
}

/* false: this hub is not to be talked to, and the session has failed. */
static bool answer_is_sound(struct session *session, const Ihuriro__V1__HelloAnswer *answer)
{
    bool hub_is_test = answer->has_test && answer->test;
    if (hub_is_test != session->options.is_test) {
        session_fail(
            session, ERR_REFUSED, "%s",
            hub_is_test
                ? "This is a test hub, and the agent is set up for real reports. Nothing was "
                  "sent. For tests set test = true in a configuration of its own."
                : "This is a real hub, and the agent is set up for tests (test = true). Nothing "
                  "was sent.");
        return false;
    }
    if (answer->session.len > SESSION_ID_MAX || answer->settings.len > SHA256_BYTES ||
        answer->schema_version == 0 || !was_shown(session, answer->stands->size)) {
        session_fail(session, ERR_MALFORMED,
                     "The hub's answer to the greeting cannot be understood.");
        return false;
    }
    return true;
}

static enum err keep_contact(struct session *session, uint32_t schema)
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(session->options.outbox), true, &txn);
    if (err != ERR_OK) {
        return err;
    }
    contact_put(&txn, &(struct contact){.last_contact_us = session->wall_us,
                                        .hub_time_us = session->hub_time_us,
                                        .hub_schema = schema});
    return txn_commit(&txn);
}

/* What is on disk before anything else is sent: the marks, the signatures of today, drafts that may
 * go. */
static enum err settle_store(struct session *session, const Ihuriro__V1__HelloAnswer *answer,
                             size_t *ret_marked)
{
    const struct session_options *options = &session->options;
    size_t marked = 0;
    size_t changed = 0;
    enum err err = outbox_mark(options->outbox, answer->stands->size, &marked);
    if (err == ERR_OK) {
        err = outbox_resign(options->outbox, options->key_of, options->keys, &changed);
    }
    if (err == ERR_OK) {
        int64_t now_us = options->is_test ? session->hub_time_us : session->wall_us;
        err = outbox_promote(options->outbox, options->key_of, options->keys, now_us, &changed);
    }
    if (err == ERR_OK) {
        err = keep_contact(session, answer->schema_version);
    }
    *ret_marked = marked;
    return err;
}

static const Ihuriro__V1__Held *held_by_hub(const Ihuriro__V1__HelloAnswer *answer,
                                            const char *institution)
{
    for (size_t i = 0; i < answer->n_held; i++) {
        if (strcmp(answer->held[i]->institution, institution) == 0) {
            return answer->held[i];
        }
    }
    return NULL;
}

static enum err open_lane(struct lane *lane, struct txn *txn, const Ihuriro__V1__Held *named)
{
    uint64_t receipted = 0;
    uint64_t held = named != NULL ? named->reports : 0;
    enum err err = outbox_receipted(txn, lane->institution, &receipted);
    *lane = (struct lane){.institution = lane->institution,
                          .stage = STAGE_OFFER,
                          .has_work = true,
                          .is_known = named != NULL,
                          .hub_held_more = held > receipted,
                          .own_left = held > receipted ? held - receipted : 0,
                          .in_flight = lane->in_flight,
                          .held_until_ms = lane->held_until_ms,
                          .owed_wanted = lane->owed_wanted,
                          .owed_not_before_ms = lane->owed_not_before_ms};
    return err;
}

static enum err open_lanes(struct session *session, const Ihuriro__V1__HelloAnswer *answer)
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(session->options.outbox), false, &txn);
    for (size_t i = 0; err == ERR_OK && i < session->lane_count; i++) {
        err =
            open_lane(&session->lanes[i], &txn, held_by_hub(answer, session->lanes[i].institution));
    }
    bool has_settings = answer->settings.len == SHA256_BYTES;
    if (err == ERR_OK && has_settings && !settings_note_is(&txn, answer->settings.data)) {
        memcpy(session->settings_id, answer->settings.data, SHA256_BYTES);
        session->settings_wanted = true;
        buffer_clear(&session->settings);
    }
    return err == ERR_OK ? session_look_at_owed(session, &txn) : err;
}

static void open_session(struct session *session, const Ihuriro__V1__HelloAnswer *answer)
{
    memcpy(session->session_id, answer->session.data, answer->session.len);
    session->session_id_size = answer->session.len;
    session->hub_asked_to_settle = answer->has_settle && answer->settle;
    session->phase = PHASE_OPEN;
    session->failures = 0;
    session->skipped_count = 0;
    /* An hour early at most, so that not everyone who greeted at eight greets at eight again. */
    session->hello_at_ms =
        session->now_ms + SESSION_DAY_MS - session_random_below(session, SESSION_HOUR_MS);
}

void session_on_hello_answer(struct session *session, struct bytes body)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__HelloAnswer *answer = NULL;
    if (session->phase != PHASE_GREETING) {
        return;
    }
    if (MESSAGE_UNPACK(hello_answer, MESSAGE_TOLERANT, body, &arena, &answer) != ERR_OK) {
        session_fail(session, ERR_MALFORMED, "The hub's answer to the greeting cannot be read.");
        return;
    }
    if (!answers_this_hello(session, answer) || !answer_is_sound(session, answer)) {
        return;
    }
    session->hub_time_us = answer->now_us;
    size_t marked = 0;
    enum err err = settle_store(session, answer, &marked);
    if (err == ERR_OK) {
        err = open_lanes(session, answer);
    }
    if (err != ERR_OK) {
        session_fail(session, err, "The agent's store failed: %s. Nothing was sent.",
                     err_text(err));
        return;
    }
    open_session(session, answer);
    (void)session_gather_retries(session);
    session_tell(session, &(struct session_news){.kind = NEWS_GREETED, .count = marked});
    session_ask_settings(session);
}
