#include "agents/mfi/session_inside.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agents/mfi/notes.h"
#include "proto/text.h"

static enum err make_lanes(struct session *session)
{
    size_t count = session->options.institution_count;
    session->lanes = calloc(count > 0 ? count : 1, sizeof *session->lanes);
    if (session->lanes == NULL) {
        return ERR_MEMORY;
    }
    session->lane_count = count;
    for (size_t i = 0; i < count; i++) {
        session->lanes[i].institution = session->options.institutions[i];
    }
    return ERR_OK;
}

enum err session_open(const struct session_options *options, struct session_time now,
                      struct session **ret_session)
{
    assert(options->outbox != NULL && options->hub != NULL && options->random != NULL);
    AUTO(session_close) struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return ERR_MEMORY;
    }
    session->options = *options;
    if (session->options.back_off_ms == 0) {
        session->options.back_off_ms = SESSION_BACK_OFF_MS;
    }
    if (session->options.back_off_max_ms == 0) {
        session->options.back_off_max_ms = SESSION_BACK_OFF_MAX;
    }
    session->settings.limit = EVENT_BYTES_MAX;
    for (size_t i = 0; i < SESSION_OWED_MAX; i++) {
        session->owed[i].pages.limit = OWED_BYTES_MAX;
    }
    session->next_number = 1;
    session->connect_at_ms = now.monotonic_ms;
    enum err err = make_lanes(session);
    if (err == ERR_OK) {
        *ret_session = STEAL(session);
    }
    return err;
}

static void drop_frames(struct session *session)
{
    while (session->frames != NULL) {
        session_frame_sent(session);
    }
}

void session_close(struct session **session)
{
    if (*session == NULL) {
        return;
    }
    drop_frames(*session);
    buffer_close(&(*session)->settings);
    buffer_close(&(*session)->settings_receipt);
    for (size_t i = 0; i < SESSION_OWED_MAX; i++) {
        buffer_close(&(*session)->owed[i].pages);
    }
    free((*session)->lanes);
    free(*session);
    *session = NULL;
}

/* ---- what every part uses ---- */

void session_tell(struct session *session, const struct session_news *news)
{
    if (session->options.tell != NULL) {
        session->options.tell(session->options.tell_context, news);
    }
}

const char *session_words(const char *text, char out[static HUB_WORDS_MAX])
{
    return text_escape(bytes_of(text, text != NULL ? strlen(text) : 0), out, HUB_WORDS_MAX);
}

int64_t session_random_below(struct session *session, int64_t limit)
{
    if (limit <= 1) {
        return 0;
    }
    uint8_t raw[8];
    session->options.random(session->options.random_context, raw, sizeof raw);
    return (int64_t)(get_u64(raw) % (uint64_t)limit);
}

struct lane *session_lane(struct session *session, const char *institution)
{
    for (size_t i = 0; i < session->lane_count; i++) {
        if (strcmp(session->lanes[i].institution, institution) == 0) {
            return &session->lanes[i];
        }
    }
    return NULL;
}

ProtobufCBinaryData session_id_pb(const struct session *session)
{
    return pb_of_bytes(bytes_of(session->session_id, session->session_id_size));
}

static bool awaits_an_answer(const struct session *session)
{
    bool awaits = session->phase == PHASE_REACHING || session->phase == PHASE_GREETING ||
                  session->in_flight_count > 0 || session->settings_asked ||
                  session_awaits_owed(session);
    for (size_t i = 0; !awaits && i < session->lane_count; i++) {
        awaits = session->lanes[i].own_number != 0;
    }
    return awaits;
}

bool session_send(struct session *session, enum verb verb, const ProtobufCMessage *body)
{
    struct waiting_frame *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL || frame_pack(verb, body, &waiting->frame) != ERR_OK) {
        if (waiting != NULL) {
            buffer_close(&waiting->frame);
        }
        free(waiting);
        session_fail(session, ERR_MEMORY, "There is no memory for a message to the hub.");
        return false;
    }
    if (!awaits_an_answer(session)) {
        session->heard_at_ms = session->now_ms; /* the silence begins now */
    }
    *(session->frames == NULL ? &session->frames : &session->last_frame->next) = waiting;
    session->last_frame = waiting;
    session->frame_bytes += waiting->frame.size;
    session->worked_at_ms = session->now_ms;
    return true;
}

bool session_frame_next(const struct session *session, struct bytes *ret_frame)
{
    if (session->frames == NULL) {
        return false;
    }
    *ret_frame = buffer_bytes(&session->frames->frame);
    return true;
}

void session_frame_sent(struct session *session)
{
    struct waiting_frame *sent = session->frames;
    assert(sent != NULL);
    session->frames = sent->next;
    session->frame_bytes -= sent->frame.size;
    buffer_close(&sent->frame);
    free(sent);
}

/* ---- connections that end ---- */

/* All that belongs to one connection. What was in flight is in the store, and is sent again. */
static void forget_connection(struct session *session)
{
    drop_frames(session);
    while (session->in_flight_count > 0) {
        session_forget_in_flight(session, session->in_flight_count - 1);
    }
    for (size_t i = 0; i < session->lane_count; i++) {
        session->lanes[i].own_number = 0;
    }
    session_forget_owed(session, NULL, true);
    session->session_id_size = 0;
    session->settings_asked = false;
    session->hello_wanted = false;
    session->phase = PHASE_APART;
    session->link = SESSION_LEAVE;
}

/* Full jitter: anywhere between now and the end of the window, which doubles with each failure. */
static int64_t back_off_ms(struct session *session)
{
    int64_t window = session->options.back_off_ms;
    for (unsigned i = 0; i < session->failures && window < session->options.back_off_max_ms; i++) {
        window *= 2;
    }
    window = window < session->options.back_off_max_ms ? window : session->options.back_off_max_ms;
    session->failures += session->failures < 30;
    return session_random_below(session, window + 1);
}

static void keep_error(struct session *session, const char *text)
{
    AUTO(txn_end) struct txn txn = {0};
    struct contact contact = {0};
    if (txn_begin(outbox_env(session->options.outbox), true, &txn) != ERR_OK ||
        contact_get(&txn, &contact) != ERR_OK) {
        return;
    }
    contact.last_error_us = session->wall_us;
    snprintf(contact.last_error, sizeof contact.last_error, "%s", text);
    contact_put(&txn, &contact);
    /* Only a note for `status`: what it would tell was told already. */
    enum err err = txn_commit(&txn);
    (void)err;
}

void session_fail(struct session *session, enum err err, const char *format, ...)
{
    if (session->phase == PHASE_APART) {
        return; /* it failed already in this step */
    }
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    forget_connection(session);
    if (err == ERR_FULL && outbox_grow(session->options.outbox) == ERR_OK) {
        err = ERR_BUSY; /* there is room now: what came is asked for again */
    }
    enum { FAILURES_OF_A_REFUSAL = 6 };
    if (err == ERR_REFUSED && session->failures < FAILURES_OF_A_REFUSAL) {
        session->failures = FAILURES_OF_A_REFUSAL; /* the same again at once would not help */
    }
    session->connect_at_ms = session->now_ms + back_off_ms(session);
    keep_error(session, text);
    session_tell(session, &(struct session_news){.kind = NEWS_TROUBLE, .err = err, .text = text});
}

/* Nothing to do: connect, send, leave. A change of the outbox or the daily hello brings it back. */
static void rest(struct session *session)
{
    forget_connection(session);
    session->connect_at_ms = session->hello_at_ms;
    session_tell(session, &(struct session_news){.kind = NEWS_LEFT});
}

/* ---- events ---- */

static void begin_step(struct session *session, struct session_time now)
{
    session->now_ms = now.monotonic_ms;
    session->wall_us = now.wall_us;
    session->link = SESSION_KEEP;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct session_step end_step(struct session *session)
{
    enum { TICK_MS = 1000 }; /* often enough to notice that another process queued something */
    int64_t due = session->now_ms + TICK_MS;
    if (session->phase == PHASE_APART) {
        due = earlier(due, session->connect_at_ms);
    }
    if (session->phase == PHASE_WAITING) {
        due = earlier(due, session->hello_at_ms);
    }
    if (session->hub_held_until_ms > session->now_ms) {
        due = earlier(due, session->hub_held_until_ms);
    }
    int64_t wait = due - session->now_ms;
    return (struct session_step){.link = session->link, .tick_ms = wait > 0 ? wait : 0};
}

/* Another process queued or dropped something, or we did. */
static bool outbox_changed(struct session *session)
{
    AUTO(txn_end) struct txn txn = {0};
    if (txn_begin(outbox_env(session->options.outbox), false, &txn) != ERR_OK) {
        return false;
    }
    uint64_t snapshot = txn_snapshot(&txn);
    bool changed = snapshot != session->snapshot;
    session->snapshot = snapshot;
    return changed;
}

static void tick_apart(struct session *session)
{
    bool is_resting = session->failures == 0 && session->connect_at_ms > session->now_ms;
    if (is_resting && outbox_changed(session) && session_has_work(session)) {
        session->connect_at_ms = session->now_ms;
    }
    if (is_resting && session->now_ms - session->retried_at_ms >= SESSION_HOUR_MS) {
        session->connect_at_ms =
            session_gather_retries(session) ? session->now_ms : session->connect_at_ms;
    }
    if (session->now_ms >= session->connect_at_ms) {
        session->phase = PHASE_REACHING;
        session->link = SESSION_CONNECT;
        session->heard_at_ms = session->now_ms;
    }
}

static void tick_open(struct session *session)
{
    if (outbox_changed(session)) {
        session_look_again(session);
    }
    if (session->now_ms - session->retried_at_ms >= SESSION_HOUR_MS) {
        (void)session_gather_retries(session);
    }
    session_pump(session);
    bool hello_due = session->hello_wanted || session->now_ms >= session->hello_at_ms;
    if (session->phase == PHASE_OPEN && hello_due && session->in_flight_count == 0) {
        session_say_hello(session);
    }
    if (session->phase == PHASE_OPEN && !session->options.stays && session_is_idle(session) &&
        session->now_ms - session->worked_at_ms >= SESSION_IDLE_MS) {
        rest(session);
    }
}

struct session_step session_tick(struct session *session, struct session_time now)
{
    begin_step(session, now);
    if (awaits_an_answer(session) && session->now_ms - session->heard_at_ms >= SESSION_SILENCE_MS) {
        session_fail(session, ERR_TIMEOUT,
                     "The hub did not answer for two minutes; a new connection is made.");
        return end_step(session);
    }
    switch (session->phase) {
    case PHASE_APART:
        tick_apart(session);
        break;
    case PHASE_WAITING:
        if (session->now_ms >= session->hello_at_ms) {
            session_say_hello(session);
        }
        break;
    case PHASE_OPEN:
        tick_open(session);
        break;
    case PHASE_REACHING:
    case PHASE_GREETING:
    default:
        break;
    }
    return end_step(session);
}

struct session_step session_connected(struct session *session, struct session_time now)
{
    begin_step(session, now);
    if (session->phase == PHASE_REACHING) {
        session->hellos_in_a_row = 0;
        session_say_hello(session);
    }
    return end_step(session);
}

struct session_step session_disconnected(struct session *session, struct session_time now,
                                         const char *why)
{
    begin_step(session, now);
    session_fail(session, ERR_NETWORK, "%s", why);
    return end_step(session);
}

/* The hub lost its sessions (it was started anew), or never had this one. */
static void on_hello_first(struct session *session)
{
    enum { HELLOS_IN_A_ROW_MAX = 4 };
    if (session->phase != PHASE_OPEN) {
        return; /* HELLO is out already, or is held back */
    }
    if (++session->hellos_in_a_row > HELLOS_IN_A_ROW_MAX) {
        session_fail(session, ERR_NETWORK,
                     "The hub does not keep the session that it opened; a new connection is made.");
        return;
    }
    session_say_hello(session);
}

/* Settings, OWN and what is owed are asked for again after the next hello. */
static bool skip_refused_question(struct session *session)
{
    bool was_asked = session->settings_asked;
    session->settings_asked = session->settings_wanted = false;
    for (size_t i = 0; !was_asked && i < session->lane_count; i++) {
        struct lane *lane = &session->lanes[i];
        if (lane->own_number != 0) {
            lane->own_number = lane->own_left = 0;
            was_asked = true;
        }
    }
    return was_asked || session_owed_is_refused(session);
}

static void on_refused(struct session *session, struct bytes body)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__Refused *refused = NULL;
    if (MESSAGE_UNPACK(refused, MESSAGE_TOLERANT, body, &arena, &refused) != ERR_OK) {
        session_fail(session, ERR_MALFORMED, "The hub's refusal cannot be read.");
        return;
    }
    if (session->phase == PHASE_OPEN && skip_refused_question(session)) {
        return;
    }
    char rule[HUB_WORDS_MAX];
    char text[HUB_WORDS_MAX];
    session_fail(session, ERR_REFUSED, "The hub refused (%.40s): %s",
                 session_words(refused->rule, rule),
                 refused->text != NULL ? session_words(refused->text, text) : "it gave no reason.");
}

static void on_retry_later(struct session *session, struct bytes body)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__RetryLater *later = NULL;
    if (MESSAGE_UNPACK(retry_later, MESSAGE_TOLERANT, body, &arena, &later) != ERR_OK) {
        session_fail(session, ERR_MALFORMED, "The hub's answer cannot be read.");
        return;
    }
    bool is_hub =
        later->scope == IHURIRO__V1__RETRY_LATER__SCOPE__HUB || later->institution == NULL;
    session_hold(session, is_hub ? NULL : later->institution, later->seconds, later->text);
    session_forget_owed(session, is_hub ? NULL : later->institution, true);
    if (is_hub) {
        char text[HELD_MAX];
        session_held_words(later->text, text);
        keep_error(session, text);
    }
}

/* What an answer of each verb does, and whether it is understood before the greeting. */
static void dispatch(struct session *session, int verb, struct bytes body)
{
    switch (verb) {
    case VERB_HELLO_ANSWER:
        session_on_hello_answer(session, body);
        break;
    case VERB_HELLO_FIRST:
        on_hello_first(session);
        break;
    case VERB_ANSWERS:
        session_on_answers(session, body);
        break;
    case VERB_OWN_ANSWER:
        session_on_own(session, body);
        break;
    case VERB_SETTINGS_PAGE:
        session_on_settings(session, body);
        break;
    case VERB_OWED:
        session_on_owed(session, body);
        break;
    case VERB_REFUSED:
        on_refused(session, body);
        break;
    case VERB_RETRY_LATER:
        on_retry_later(session, body);
        break;
    default: /* a newer hub may say what we do not know */
        break;
    }
}

struct session_step session_frame(struct session *session, struct session_time now,
                                  struct bytes frame)
{
    begin_step(session, now);
    if (session->phase == PHASE_APART || session->phase == PHASE_REACHING) {
        return end_step(session);
    }
    int verb = 0;
    struct bytes body = {0};
    session->heard_at_ms = session->now_ms;
    session->worked_at_ms = session->now_ms;
    if (frame_open(frame, &verb, &body) != ERR_OK) {
        session_fail(session, ERR_MALFORMED,
                     "The hub speaks a version of the protocol that this agent does not know; "
                     "install a newer mfi-agent.");
        return end_step(session);
    }
    dispatch(session, verb, body);
    if (session->phase == PHASE_OPEN) {
        tick_open(session);
    }
    return end_step(session);
}

/* ---- what is known from outside ---- */

bool session_is_greeted(const struct session *session)
{
    return session->phase == PHASE_OPEN;
}

bool session_is_idle(const struct session *session)
{
    if (session->phase != PHASE_OPEN || session->frames != NULL || session->hello_wanted ||
        session->settings_wanted || awaits_an_answer(session) || session_wants_owed(session)) {
        return false;
    }
    for (size_t i = 0; i < session->lane_count; i++) {
        if (session->lanes[i].stage != STAGE_SEND || session->lanes[i].has_work) {
            return false;
        }
    }
    return true;
}

int64_t session_hub_time_us(const struct session *session)
{
    return session->hub_time_us;
}
