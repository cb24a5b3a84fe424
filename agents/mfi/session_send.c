/* What is sent next. Per institution: 1. what is marked, oldest first, with its best receipt; 2.
 * OWN, while the hub holds more than we have; 3. what has no receipt. DESIGN section 4, "Agent" 3
 * and 4. */
#include "agents/mfi/session_inside.h"

#include <stdio.h>
#include <string.h>

/* One lane being filled from the store. */
struct filling {
    struct session *session;
    struct lane *lane;
    struct txn *txn;
    size_t seen;    /* marked entries there are */
    size_t waiting; /* of them, sent or to be sent: the lane stays at its offers */
    size_t sent;
    bool is_full;
};

static bool is_full(const struct session *session, const struct lane *lane)
{
    return session->in_flight_count >= SESSION_IN_FLIGHT_MAX || lane->in_flight >= IN_FLIGHT_MAX ||
           session->frame_bytes >= SESSION_QUEUED_BYTES || session->phase != PHASE_OPEN;
}

static bool is_in_flight(const struct session *session, const uint8_t id[static SHA256_BYTES])
{
    for (size_t i = 0; i < session->in_flight_count; i++) {
        if (memcmp(session->in_flight[i].id, id, SHA256_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_held(const struct session *session, const struct lane *lane)
{
    return session->hub_held_until_ms > session->now_ms || lane->held_until_ms > session->now_ms;
}

/* A hello is due: nothing new goes out, so that what is in flight can come home before it. */
static bool waits_for_hello(const struct session *session)
{
    return session->hello_wanted || session->now_ms >= session->hello_at_ms;
}

static enum err submit(struct filling *filling, const struct entry *entry, bool with_receipt)
{
    struct session *session = filling->session;
    AUTO(buffer_close) struct buffer envelope = {0};
    enum err err = envelope_pack(entry->report, entry->signer, entry->signature, &envelope);
    if (err != ERR_OK) {
        return err;
    }
    Ihuriro__V1__Submit message = IHURIRO__V1__SUBMIT__INIT;
    message.session = session_id_pb(session);
    message.number = session->next_number;
    message.envelope = pb_of_bytes(buffer_bytes(&envelope));
    message.has_receipt = with_receipt;
    if (with_receipt) {
        message.receipt = pb_of_bytes(entry->best);
    }
    if (!session_send(session, VERB_SUBMIT, &message.base)) {
        return ERR_MEMORY;
    }
    struct in_flight *sent = &session->in_flight[session->in_flight_count++];
    *sent = (struct in_flight){.number = session->next_number++,
                               .lane = (size_t)(filling->lane - session->lanes),
                               .key = entry->key,
                               .carried_receipt = with_receipt};
    memcpy(sent->id, entry->id, SHA256_BYTES);
    if (with_receipt) {
        sha256(entry->best, sent->carried);
    }
    filling->lane->in_flight++;
    filling->sent++;
    return ERR_OK;
}

static enum err visit_marked(void *context, const struct entry *entry)
{
    struct filling *filling = context;
    filling->seen++;
    if (session_is_skipped(filling->session, entry->id) || entry->report.size == 0) {
        return ERR_OK;
    }
    filling->waiting++;
    if (is_in_flight(filling->session, entry->id)) {
        return ERR_OK;
    }
    if (is_full(filling->session, filling->lane)) {
        filling->is_full = true;
        return ERR_NOT_FOUND;
    }
    return submit(filling, entry, true);
}

/* What has no receipt waits while anything of its place is marked: outbox_to_send leaves it out. */
static enum err visit_unsent(void *context, const struct entry *entry)
{
    struct filling *filling = context;
    if (is_in_flight(filling->session, entry->id)) {
        return ERR_OK;
    }
    if (is_full(filling->session, filling->lane)) {
        filling->is_full = true;
        return ERR_NOT_FOUND;
    }
    return submit(filling, entry, false);
}

/* ---- one lane ---- */

static void ask_own(struct session *session, struct lane *lane)
{
    Ihuriro__V1__Own own = IHURIRO__V1__OWN__INIT;
    char institution[INSTITUTION_ID_MAX + 1];
    snprintf(institution, sizeof institution, "%s", lane->institution);
    own.session = session_id_pb(session);
    own.number = session->next_number++;
    own.institution = institution;
    own.before = lane->own_before;
    if (session_send(session, VERB_OWN, &own.base)) {
        lane->own_number = own.number;
    }
}

/* After the offers. The hub's count was taken before them, and some of what was offered may have
 * been among it: only a new hello tells how many of its reports are unknown here. */
static enum stage stage_after_offers(const struct lane *lane)
{
    return lane->hub_held_more && lane->has_offered ? STAGE_COUNT_AGAIN : STAGE_OWN;
}

static enum err fill_offers(struct filling *filling)
{
    struct lane *lane = filling->lane;
    enum err err = outbox_to_offer(filling->txn, lane->institution, visit_marked, filling);
    lane->has_skipped = filling->seen > filling->waiting;
    if (filling->waiting > 0 || filling->is_full) {
        return err;
    }
    if (err == ERR_OK && lane->stage == STAGE_OFFER) {
        lane->stage = stage_after_offers(lane);
    }
    return err;
}

static enum err fill_unsent(struct filling *filling)
{
    enum err err = outbox_to_send(filling->txn, filling->lane->institution, visit_unsent, filling);
    if (err == ERR_OK && !filling->is_full && filling->lane->in_flight == 0) {
        filling->lane->has_work = false;
    }
    return err;
}

static enum err fill_lane(struct filling *filling)
{
    struct lane *lane = filling->lane;
    enum err err = fill_offers(filling);
    if (err != ERR_OK || filling->waiting > 0 || filling->is_full ||
        waits_for_hello(filling->session)) {
        return err;
    }
    if (lane->stage == STAGE_OWN && lane->own_left == 0) {
        lane->stage = STAGE_SEND;
    }
    if (lane->stage == STAGE_OWN && lane->own_number == 0) {
        ask_own(filling->session, lane);
    }
    return lane->stage == STAGE_SEND ? fill_unsent(filling) : ERR_OK;
}

/* ---- all lanes ---- */

/* A new hello counts again, once nobody is still offering. */
static void want_count(struct session *session)
{
    bool wanted = false;
    for (size_t i = 0; i < session->lane_count; i++) {
        const struct lane *lane = &session->lanes[i];
        if (lane->stage == STAGE_OFFER && !is_held(session, lane)) {
            return;
        }
        wanted = wanted || lane->stage == STAGE_COUNT_AGAIN;
    }
    session->hello_wanted = session->hello_wanted || wanted;
}

static bool may_settle(const struct lane *lane)
{
    return lane->is_known && lane->stage != STAGE_OFFER && !lane->is_settled && !lane->has_skipped;
}

static void say_settled(struct session *session)
{
    AUTO(free_p) char **names = calloc(session->lane_count + 1, sizeof *names);
    if (names == NULL || !session->hub_asked_to_settle || session->phase != PHASE_OPEN) {
        return;
    }
    Ihuriro__V1__Settled settled = IHURIRO__V1__SETTLED__INIT;
    for (size_t i = 0; i < session->lane_count; i++) {
        struct lane *lane = &session->lanes[i];
        if (may_settle(lane)) {
            /* For packing only: protobuf-c has no const. */
            memcpy(&names[settled.n_institutions++], &lane->institution, sizeof *names);
            lane->is_settled = true;
        }
    }
    settled.session = session_id_pb(session);
    settled.institutions = names;
    if (settled.n_institutions > 0) {
        session_send(session, VERB_SETTLED, &settled.base);
    }
}

static enum err fill_lanes(struct session *session, struct txn *txn)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < session->lane_count; i++) {
        struct lane *lane = &session->lanes[(session->first_lane + i) % session->lane_count];
        if (!lane->has_work || is_held(session, lane)) {
            continue;
        }
        struct filling filling = {.session = session, .lane = lane, .txn = txn};
        err = fill_lane(&filling);
        if (session->in_flight_count >= SESSION_IN_FLIGHT_MAX) {
            session->first_lane = (session->first_lane + i + 1) % session->lane_count;
            break;
        }
    }
    return err;
}

void session_pump(struct session *session)
{
    if (session->phase != PHASE_OPEN || session->frame_bytes >= SESSION_QUEUED_BYTES) {
        return;
    }
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(outbox_env(session->options.outbox), false, &txn);
    if (err == ERR_OK) {
        err = fill_lanes(session, &txn);
    }
    txn_end(&txn);
    if (err != ERR_OK) {
        session_fail(session, err, "The agent's store cannot be read: %s.", err_text(err));
        return;
    }
    want_count(session);
    say_settled(session);
    session_ask_owed(session);
}

void session_look_again(struct session *session)
{
    for (size_t i = 0; i < session->lane_count; i++) {
        session->lanes[i].has_work = true;
    }
}

/* Something to send or to offer. */
static enum err visit_any_work(void *context, const struct entry *entry)
{
    (void)entry;
    *(bool *)context = true;
    return ERR_NOT_FOUND; /* one is enough */
}

bool session_has_work(struct session *session)
{
    AUTO(txn_end) struct txn txn = {0};
    bool has_work = false;
    enum err err = txn_begin(outbox_env(session->options.outbox), false, &txn);
    for (size_t i = 0; err == ERR_OK && !has_work && i < session->lane_count; i++) {
        const char *institution = session->lanes[i].institution;
        err = outbox_to_send(&txn, institution, visit_any_work, &has_work);
        if (err == ERR_OK && !has_work) {
            err = outbox_to_offer(&txn, institution, visit_any_work, &has_work);
        }
    }
    return has_work;
}

/* What was refused and may pass is queued again. A storage error is met again by whoever sends. */
bool session_gather_retries(struct session *session)
{
    AUTO(txn_end) struct txn txn = {0};
    struct outbox_counts counts = {0};
    size_t gathered = 0;
    session->retried_at_ms = session->now_ms;
    enum err err = txn_begin(outbox_env(session->options.outbox), false, &txn);
    if (err == ERR_OK) {
        err = outbox_count(&txn, &counts);
    }
    txn_end(&txn);
    for (size_t i = 0; err == ERR_OK && counts.refused > 0 && i < session->lane_count; i++) {
        size_t requeued = 0;
        err = outbox_requeue(session->options.outbox, session->lanes[i].institution, &requeued);
        gathered += requeued;
    }
    if (gathered > 0) {
        session_look_again(session);
    }
    return gathered > 0;
}
