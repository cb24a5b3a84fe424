/* What the institutions owe, asked of the hub: after a hello, where what is kept is old, and after
 * receipts, which change it. Whatever else there is to do comes first.
 *
 * What came whole is kept for `status` and for the schedule of `run`; half an answer is none. */
#include "agents/mfi/session_inside.h"

#include <stdio.h>
#include <string.h>

#include "agents/mfi/notes.h"

static bool is_asked(const struct session *session, size_t lane)
{
    bool is = false;
    for (size_t i = 0; !is && i < SESSION_OWED_MAX; i++) {
        is = session->owed[i].number != 0 && session->owed[i].lane == lane;
    }
    return is;
}

/* May it be asked for now, as far as time goes? */
static bool is_ready(const struct session *session, const struct lane *lane)
{
    return lane->is_known && lane->owed_wanted && !session->owed_refused &&
           session->now_ms >= lane->owed_not_before_ms;
}

static bool has_nothing_else_to_do(const struct session *session, const struct lane *lane)
{
    return lane->stage == STAGE_SEND && !lane->has_work && lane->in_flight == 0 &&
           lane->held_until_ms <= session->now_ms;
}

static bool say_question(struct session *session, struct owed_question *question)
{
    struct lane *lane = &session->lanes[question->lane];
    Ihuriro__V1__GetOwed get = IHURIRO__V1__GET_OWED__INIT;
    char institution[INSTITUTION_ID_MAX + 1];
    snprintf(institution, sizeof institution, "%s", lane->institution);
    question->number = session->next_number++;
    get.session = session_id_pb(session);
    get.number = question->number;
    get.institution = institution;
    get.has_offset = true;
    get.offset = question->offset;
    return session_send(session, VERB_GET_OWED, &get.base);
}

static struct owed_question *free_question(struct session *session)
{
    for (size_t i = 0; i < SESSION_OWED_MAX; i++) {
        if (session->owed[i].number == 0) {
            return &session->owed[i];
        }
    }
    return NULL;
}

void session_ask_owed(struct session *session)
{
    struct owed_question *question = free_question(session);
    bool hello_is_due = session->hello_wanted || session->now_ms >= session->hello_at_ms;
    bool is_held = session->hub_held_until_ms > session->now_ms;
    for (size_t i = 0; session->phase == PHASE_OPEN && question != NULL && !hello_is_due &&
                       !is_held && i < session->lane_count;
         i++) {
        struct lane *lane = &session->lanes[i];
        if (!is_ready(session, lane) || !has_nothing_else_to_do(session, lane) ||
            is_asked(session, i)) {
            continue;
        }
        lane->owed_wanted = false;
        lane->owed_not_before_ms = session->now_ms + SESSION_OWED_PAUSE_MS;
        question->lane = i;
        question->offset = 0;
        buffer_clear(&question->pages);
        if (!say_question(session, question)) {
            return;
        }
        question = free_question(session);
    }
}

bool session_awaits_owed(const struct session *session)
{
    bool awaits = false;
    for (size_t i = 0; !awaits && i < SESSION_OWED_MAX; i++) {
        awaits = session->owed[i].number != 0;
    }
    return awaits;
}

bool session_wants_owed(const struct session *session)
{
    bool wants = false;
    for (size_t i = 0; !wants && i < session->lane_count; i++) {
        wants = is_ready(session, &session->lanes[i]);
    }
    return wants;
}

void session_forget_owed(struct session *session, const char *institution, bool again)
{
    for (size_t i = 0; i < SESSION_OWED_MAX; i++) {
        struct owed_question *question = &session->owed[i];
        struct lane *lane = &session->lanes[question->lane];
        if (question->number == 0 ||
            (institution != NULL && strcmp(lane->institution, institution) != 0)) {
            continue;
        }
        question->number = 0;
        buffer_clear(&question->pages);
        lane->owed_wanted = lane->owed_wanted || again;
        lane->owed_not_before_ms = again ? session->now_ms : lane->owed_not_before_ms;
    }
}

bool session_owed_is_refused(struct session *session)
{
    if (session->owed_refusals > 0) {
        session->owed_refusals--;
        return true;
    }
    for (size_t i = 0; i < SESSION_OWED_MAX; i++) {
        session->owed_refusals += session->owed[i].number != 0;
    }
    if (session->owed_refusals == 0) {
        return false;
    }
    session->owed_refusals--;
    session->owed_refused = true;
    session_forget_owed(session, NULL, false);
    return true;
}

/* Each connection would ask for all of a bureau's hundreds otherwise, to send one report. */
enum err session_look_at_owed(struct session *session, struct txn *txn)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < session->lane_count; i++) {
        struct lane *lane = &session->lanes[i];
        struct owed_note note = {0};
        err = owed_note_get(txn, lane->institution, &note);
        int64_t age_us = session->hub_time_us - note.at_us;
        bool is_old = err == ERR_NOT_FOUND || age_us < 0 || age_us >= SESSION_OWED_FRESH_US;
        /* Other settings may ask for other reports. */
        lane->owed_wanted = lane->owed_wanted || is_old || session->settings_wanted;
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return err;
}

/* ---- the answer ---- */

static struct owed_question *question_of(struct session *session, const Ihuriro__V1__Owed *owed)
{
    bool is_current = session->session_id_size > 0 &&
                      bytes_equal(bytes_of_pb(owed->session),
                                  bytes_of(session->session_id, session->session_id_size));
    for (size_t i = 0; is_current && i < SESSION_OWED_MAX; i++) {
        struct owed_question *question = &session->owed[i];
        if (question->number != 0 && question->number == owed->number &&
            strcmp(session->lanes[question->lane].institution, owed->institution) == 0) {
            return question;
        }
    }
    return NULL;
}

static enum err keep(struct session *session, const struct owed_question *question)
{
    AUTO(txn_end) struct txn txn = {0};
    const char *institution = session->lanes[question->lane].institution;
    enum err err = txn_begin(outbox_env(session->options.outbox), true, &txn);
    if (err != ERR_OK) {
        return err;
    }
    struct contact contact = {0};
    err = contact_get(&txn, &contact);
    if (err != ERR_OK) {
        return err;
    }
    contact.last_contact_us = session->wall_us;
    contact.hub_time_us = session->hub_time_us;
    contact_put(&txn, &contact);
    err = owed_note_put(
        &txn, institution,
        &(struct owed_note){.at_us = session->hub_time_us, .raw = buffer_bytes(&question->pages)});
    return err != ERR_OK ? err : txn_commit(&txn);
}

/* Another page, or all of it. */
static void go_on(struct session *session, struct owed_question *question,
                  const Ihuriro__V1__Owed *page)
{
    const char *institution = session->lanes[question->lane].institution;
    if (page->has_next) {
        question->offset = page->next;
        (void)say_question(session, question); /* without memory the session has failed */
        return;
    }
    enum err err = keep(session, question);
    question->number = 0;
    buffer_clear(&question->pages);
    if (err != ERR_OK) {
        session_fail(session, err, "The agent's store failed: %s. What came is asked for again.",
                     err_text(err));
        return;
    }
    session_tell(session, &(struct session_news){.kind = NEWS_OWED, .text = institution});
}

void session_on_owed(struct session *session, struct bytes body)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__Owed *page = NULL;
    if (MESSAGE_UNPACK(owed, MESSAGE_TOLERANT, body, &arena, &page) != ERR_OK) {
        session_fail(session, ERR_MALFORMED, "The hub's list of what is owed cannot be read.");
        return;
    }
    struct owed_question *question = question_of(session, page);
    if (question == NULL) {
        return; /* of an earlier session: asked for anew */
    }
    session->hub_time_us = page->now_us;
    bool goes_on = !page->has_next || page->next > question->offset;
    enum err err = goes_on ? buffer_append(&question->pages, body.data, body.size) : ERR_MALFORMED;
    if (err != ERR_OK) {
        session_forget_owed(session, session->lanes[question->lane].institution, false);
        session_fail(session, err,
                     "The hub's list of what is owed has no end. Tell the hub's operator.");
        return;
    }
    go_on(session, question, page);
}
