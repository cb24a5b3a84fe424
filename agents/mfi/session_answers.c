/* What came back: receipts, refusals, reports of ours that we did not have, settings. DESIGN
 * section 4, "Agent" 4 to 6.
 *
 * A receipt counts only after its commit: all of a frame are stored in one transaction, and a frame
 * whose transaction fails is as if it had not come. */
#include "agents/mfi/session_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/mfi/notes.h"

/* A frame of answers being taken in. */
struct taking {
    struct session *session;
    struct txn txn;
    struct arena arena;
    bool is_current; /* under the session that we are in */
    struct bytes checkpoint;
    size_t passed_over;
    size_t told_count;
    struct told {
        struct session_news news;
        struct entry_key key;
        char text[256];
    } told[SESSION_IN_FLIGHT_MAX * 2]; /* said after the commit */
    char held[HELD_MAX];               /* why the hub takes nothing for now; empty: it does */
};

static void will_tell(struct taking *taking, const struct session_news *news,
                      const struct entry_key *key)
{
    if (taking->told_count == sizeof taking->told / sizeof taking->told[0]) {
        return;
    }
    struct told *told = &taking->told[taking->told_count++];
    told->news = *news;
    told->news.key = NULL;
    if (key != NULL) {
        told->key = *key;
        told->news.key = &told->key;
    }
    snprintf(told->text, sizeof told->text, "%s", news->text != NULL ? news->text : "");
    told->news.text = told->text;
}

static void close_taking(struct taking **taking)
{
    if (*taking != NULL) {
        txn_end(&(*taking)->txn);
        arena_close(&(*taking)->arena);
        free(*taking);
        *taking = NULL;
    }
}

static enum err begin_taking(struct session *session, struct taking **ret_taking)
{
    struct taking *taking = calloc(1, sizeof *taking);
    if (taking == NULL) {
        return ERR_MEMORY;
    }
    taking->session = session;
    taking->arena.budget = (size_t)4 * UNPACK_BUDGET;
    enum err err = txn_begin(outbox_env(session->options.outbox), true, &taking->txn);
    *ret_taking = taking;
    return err;
}

/* The transaction ends first: a failure writes a note of its own. */
static void give_up_taking(struct session *session, struct taking *taking, enum err err)
{
    if (taking != NULL) {
        txn_end(&taking->txn);
    }
    session_fail(session, err, "The hub's answer cannot be taken: %s.", err_text(err));
}

/* ---- what is in flight ---- */

void session_forget_in_flight(struct session *session, size_t index)
{
    struct lane *lane = &session->lanes[session->in_flight[index].lane];
    lane->in_flight--;
    lane->has_work = true;
    session->in_flight_count--;
    memmove(&session->in_flight[index], &session->in_flight[index + 1],
            (session->in_flight_count - index) * sizeof session->in_flight[0]);
}

/* Answers come in order: what was asked before this one and is still in flight was passed over, and
 * is sent again at once (the pump finds it in the store). The requests lie in the order of their
 * numbers. */
static void drop_passed_over(struct taking *taking, uint64_t number)
{
    struct session *session = taking->session;
    while (session->in_flight_count > 0 && session->in_flight[0].number < number) {
        session_forget_in_flight(session, 0);
        taking->passed_over++;
    }
}

static bool take_request(struct taking *taking, uint64_t number, struct in_flight *ret_request)
{
    struct session *session = taking->session;
    drop_passed_over(taking, number);
    if (session->in_flight_count == 0 || session->in_flight[0].number != number) {
        return false;
    }
    *ret_request = session->in_flight[0];
    session_forget_in_flight(session, 0);
    return true;
}

bool session_is_skipped(const struct session *session, const uint8_t id[static SHA256_BYTES])
{
    for (size_t i = 0; i < session->skipped_count; i++) {
        if (memcmp(session->skipped[i], id, SHA256_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

void session_held_words(const char *text, char out[static HELD_MAX])
{
    char words[HUB_WORDS_MAX];
    snprintf(out, HELD_MAX, "The hub takes no reports for now: %s",
             text != NULL ? session_words(text, words) : "it gave no reason.");
}

void session_hold(struct session *session, const char *institution, uint32_t seconds,
                  const char *text)
{
    uint32_t capped = seconds < 3600 ? seconds : 3600;
    int64_t wait_ms = (int64_t)(capped > 0 ? capped : 1) * 1000;
    int64_t until_ms = session->now_ms + wait_ms + session_random_below(session, wait_ms / 4);
    struct lane *lane = institution != NULL ? session_lane(session, institution) : NULL;
    if (lane != NULL) {
        lane->held_until_ms = until_ms;
    } else {
        session->hub_held_until_ms = until_ms;
    }
    if (session->phase == PHASE_GREETING) {
        session->phase = PHASE_WAITING;
        session->hello_at_ms = until_ms;
    }
    char words[HUB_WORDS_MAX];
    session_tell(session, &(struct session_news){.kind = NEWS_RETRY_LATER,
                                                 .count = seconds,
                                                 .text = session_words(text, words)});
}

/* ---- receipts ---- */

/* Packs the receipt from its parts, and checks it against hub.pub: signature, proof, judgement, id.
 */
static enum err check_receipt(struct taking *taking, const Ihuriro__V1__Answer *answer,
                              const uint8_t *id, struct buffer *raw, struct receipt *ret_receipt)
{
    struct complaint complaint = {{0}};
    enum err err = receipt_pack(bytes_of_pb(answer->header), bytes_of_pb(answer->proof),
                                taking->checkpoint, bytes_of_pb(answer->judgement), raw);
    if (err == ERR_OK) {
        err = receipt_open(buffer_bytes(raw), &taking->arena, ret_receipt);
    }
    return err == ERR_OK ? receipt_verify(ret_receipt, taking->session->options.hub, id, &complaint)
                         : err;
}

/* The vintage that the hub says comes next, if that is what it rejected: 0 if not. */
static int64_t next_vintage(struct taking *taking, const struct receipt *receipt)
{
    PbJudgement *judgement = NULL;
    if (receipt->header.verdict != VERDICT_REJECTED ||
        MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, receipt->judgement, &taking->arena,
                       &judgement) != ERR_OK) {
        return 0;
    }
    for (size_t i = 0; i < judgement->n_findings; i++) {
        if (strcmp(judgement->findings[i]->rule, "ENV-04") == 0) {
            return judgement->findings[i]->expected;
        }
    }
    return 0;
}

struct vintage_search {
    const struct entry_key *place;
    int64_t vintage;
    bool is_found;
};

static enum err visit_vintage(void *context, const struct entry *entry)
{
    struct vintage_search *search = context;
    const struct entry_key *place = search->place;
    if (entry->key.type != place->type || entry->key.frequency != place->frequency ||
        entry->key.period_end_day != place->period_end_day || entry->best.size == 0 ||
        entry->vintage != search->vintage) {
        return ERR_OK;
    }
    AUTO(arena_close) struct arena arena = {0};
    struct receipt receipt = {0};
    enum err err = receipt_open(entry->best, &arena, &receipt);
    search->is_found = err == ERR_OK && verdict_accepts(receipt.header.verdict);
    return search->is_found ? ERR_NOT_FOUND : err;
}

/* A vintage was rejected because the hub holds one that this store does not know: the store is a
 * copy, or was put back. A new hello says how much the hub holds, and OWN brings it. */
static enum err look_for_unknown_history(struct taking *taking, const struct receipt *receipt,
                                         const struct entry_key *key)
{
    struct vintage_search search = {.place = key, .vintage = next_vintage(taking, receipt) - 1};
    if (search.vintage <= 0) {
        return ERR_OK;
    }
    enum err err = outbox_walk(&taking->txn, key->institution, visit_vintage, &search);
    if (err == ERR_OK && !search.is_found) {
        taking->session->hello_wanted = true;
    }
    return err;
}

static enum err take_receipt(struct taking *taking, const Ihuriro__V1__Answer *answer,
                             const struct in_flight *request)
{
    AUTO(buffer_close) struct buffer raw = {0};
    struct receipt receipt = {0};
    enum err err =
        check_receipt(taking, answer, request != NULL ? request->id : NULL, &raw, &receipt);
    if (err != ERR_OK) {
        return err;
    }
    struct receipt_came came = {
        .receipt = buffer_bytes(&raw),
        .offered_best = request != NULL && request->carried_receipt ? request->carried : NULL,
        .earlier_session = !taking->is_current,
        .now_us = taking->session->wall_us};
    struct entry_key key = {0};
    err = outbox_receipt(&taking->txn, &came, &key);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK; /* dropped meanwhile: OWN brings it back */
    }
    if (err != ERR_OK) {
        return err;
    }
    struct lane *lane = session_lane(taking->session, key.institution);
    if (lane != NULL) {
        lane->has_work = lane->owed_wanted = true;
        lane->has_offered = lane->has_offered || came.offered_best != NULL;
    }
    will_tell(taking,
              &(struct session_news){.kind = NEWS_RECEIPT,
                                     .verdict = receipt.header.verdict,
                                     .count = came.earlier_session},
              &key);
    return look_for_unknown_history(taking, &receipt, &key);
}

/* A refused offer keeps its receipt and its mark, and waits for the next hello. */
static void skip_offer(struct taking *taking, const struct in_flight *request)
{
    struct session *session = taking->session;
    if (session->skipped_count < SKIPPED_MAX) {
        memcpy(session->skipped[session->skipped_count++], request->id, SHA256_BYTES);
        return;
    }
    session->lanes[request->lane].held_until_ms = session->now_ms + SESSION_HOUR_MS;
}

static enum err take_refused(struct taking *taking, const Ihuriro__V1__Refused *refused,
                             const struct in_flight *request)
{
    if (request == NULL) {
        return ERR_OK;
    }
    char words[HUB_WORDS_MAX];
    char path[HUB_WORDS_MAX];
    char rule[HUB_WORDS_MAX];
    char text[2 * HUB_WORDS_MAX];
    snprintf(text, sizeof text, "%s%s%s", session_words(refused->path, path),
             refused->path != NULL ? ": " : "", session_words(refused->text, words));
    session_words(refused->rule, rule);
    enum err err = ERR_OK;
    if (request->carried_receipt) {
        skip_offer(taking, request);
    } else {
        err = outbox_refused(&taking->txn, &request->key, rule, text,
                             refused->has_may_pass && refused->may_pass, taking->session->wall_us);
    }
    char told[512];
    snprintf(told, sizeof told, "%.40s: %.400s", rule, text);
    will_tell(taking, &(struct session_news){.kind = NEWS_REFUSED, .text = told}, &request->key);
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* dropped meanwhile */
}

static enum err take_answer(struct taking *taking, const Ihuriro__V1__Answer *answer)
{
    struct in_flight request = {0};
    bool is_known = taking->is_current && take_request(taking, answer->number, &request);
    if (answer->refused != NULL) {
        return take_refused(taking, answer->refused, is_known ? &request : NULL);
    }
    if (answer->retry_later != NULL) {
        bool is_hub = answer->retry_later->scope == IHURIRO__V1__RETRY_LATER__SCOPE__HUB;
        const char *institution =
            is_known ? request.key.institution : answer->retry_later->institution;
        session_hold(taking->session, is_hub ? NULL : institution, answer->retry_later->seconds,
                     answer->retry_later->text);
        if (is_hub) {
            session_held_words(answer->retry_later->text, taking->held);
        }
        return ERR_OK;
    }
    if (!answer->has_header || !answer->has_proof || !answer->has_judgement) {
        return ERR_MALFORMED;
    }
    return take_receipt(taking, answer, is_known ? &request : NULL);
}

static bool is_current_session(const struct session *session, ProtobufCBinaryData id)
{
    return session->session_id_size > 0 &&
           bytes_equal(bytes_of_pb(id), bytes_of(session->session_id, session->session_id_size));
}

/* The contact note goes with the receipts: one commit. */
static enum err commit_taking(struct taking *taking)
{
    struct session *session = taking->session;
    struct contact contact = {0};
    enum err err = contact_get(&taking->txn, &contact);
    if (err != ERR_OK) {
        return err;
    }
    contact.last_contact_us = session->wall_us;
    contact.last_error_us = taking->held[0] != '\0' ? session->wall_us : 0;
    contact.hub_time_us = session->hub_time_us;
    snprintf(contact.last_error, sizeof contact.last_error, "%s", taking->held);
    contact_put(&taking->txn, &contact);
    return txn_commit(&taking->txn);
}

static bool has_drafts(struct session *session)
{
    AUTO(txn_end) struct txn txn = {0};
    struct outbox_counts counts = {0};
    return txn_begin(outbox_env(session->options.outbox), false, &txn) == ERR_OK &&
           outbox_count(&txn, &counts) == ERR_OK && counts.drafts > 0;
}

static enum err promote(struct session *session)
{
    const struct session_options *options = &session->options;
    size_t promoted = 0;
    int64_t now_us = options->is_test ? session->hub_time_us : session->wall_us;
    enum err err = ERR_OK;
    if (has_drafts(session)) {
        err = outbox_promote(options->outbox, options->key_of, options->keys, now_us, &promoted);
    }
    if (promoted > 0) {
        session_look_again(session);
    }
    return err;
}

static void finish_taking(struct taking *taking, enum err err)
{
    struct session *session = taking->session;
    if (err == ERR_OK) {
        err = commit_taking(taking);
    }
    txn_end(&taking->txn);
    if (err == ERR_OK) {
        err = promote(session);
    }
    if (err != ERR_OK) {
        bool is_ours = err != ERR_SIGNATURE && err != ERR_MALFORMED && err != ERR_CORRUPT;
        session_fail(
            session, err,
            is_ours ? "The agent's store failed: %s. What came is asked for again."
                    : "The hub sent a receipt that is not genuine by hub.pub (it is %s). It was "
                      "not kept; if this goes on, ask the hub's operator for the newest "
                      "hub.pub.",
            err_text(err));
        return;
    }
    session->hellos_in_a_row = 0;
    for (size_t i = 0; i < taking->told_count; i++) {
        session_tell(session, &taking->told[i].news);
    }
    if (taking->passed_over > 0) {
        session_tell(session, &(struct session_news){.kind = NEWS_PASSED_OVER,
                                                     .count = taking->passed_over});
    }
}

void session_on_answers(struct session *session, struct bytes body)
{
    AUTO(close_taking) struct taking *taking = NULL;
    Ihuriro__V1__Answers *answers = NULL;
    enum err err = begin_taking(session, &taking);
    if (err == ERR_OK &&
        MESSAGE_UNPACK(answers, MESSAGE_TOLERANT, body, &taking->arena, &answers) != ERR_OK) {
        err = ERR_MALFORMED;
    }
    if (taking == NULL || err != ERR_OK) {
        give_up_taking(session, taking, err);
        return;
    }
    taking->is_current = is_current_session(session, answers->session);
    if (answers->has_checkpoint) {
        taking->checkpoint = bytes_of_pb(answers->checkpoint);
    }
    if (answers->has_now_us) {
        session->hub_time_us = answers->now_us;
    }
    for (size_t i = 0; err == ERR_OK && i < answers->n_answers; i++) {
        err = take_answer(taking, answers->answers[i]);
    }
    finish_taking(taking, err);
}

/* ---- OWN: what the hub holds of us and we do not ---- */

static bool has_receipt_for(struct taking *taking, const uint8_t id[static SHA256_BYTES])
{
    struct entry entry = {0};
    return outbox_find(&taking->txn, id, &entry) == ERR_OK && entry.best.size > 0;
}

/* ret_found: it was unknown here and is stored now. */
static enum err take_own(struct taking *taking, const struct lane *lane,
                         const Ihuriro__V1__OwnReport *own, bool *ret_found)
{
    AUTO(buffer_close) struct buffer raw = {0};
    Ihuriro__V1__Answer parts = IHURIRO__V1__ANSWER__INIT;
    parts.header = own->header;
    parts.proof = own->proof;
    parts.judgement = own->judgement;
    struct receipt receipt = {0};
    enum err err = check_receipt(taking, &parts, NULL, &raw, &receipt);
    if (err == ERR_OK) {
        err = record_check(bytes_of_pb(own->header), bytes_of_pb(own->judgement),
                           bytes_of_pb(own->envelope), &taking->arena, NULL);
    }
    if (err == ERR_OK && strcmp(receipt.header.institution, lane->institution) != 0) {
        err = ERR_MALFORMED;
    }
    if (err != ERR_OK || has_receipt_for(taking, receipt.header.id)) {
        return err;
    }
    struct receipt_came came = {.receipt = buffer_bytes(&raw),
                                .envelope = bytes_of_pb(own->envelope),
                                .now_us = taking->session->wall_us};
    struct entry_key key = {0};
    err = outbox_receipt(&taking->txn, &came, &key);
    if (err == ERR_OK) {
        *ret_found = true;
        will_tell(taking,
                  &(struct session_news){.kind = NEWS_FETCHED, .verdict = receipt.header.verdict},
                  &key);
    }
    return err;
}

void session_on_own(struct session *session, struct bytes body)
{
    AUTO(close_taking) struct taking *taking = NULL;
    Ihuriro__V1__OwnAnswer *answer = NULL;
    enum err err = begin_taking(session, &taking);
    if (err == ERR_OK &&
        MESSAGE_UNPACK(own_answer, MESSAGE_TOLERANT, body, &taking->arena, &answer) != ERR_OK) {
        err = ERR_MALFORMED;
    }
    if (taking == NULL || err != ERR_OK) {
        give_up_taking(session, taking, err);
        return;
    }
    struct lane *lane = session_lane(session, answer->institution);
    if (lane == NULL || !is_current_session(session, answer->session) ||
        lane->own_number != answer->number) {
        return; /* of an earlier session: asked for anew */
    }
    taking->checkpoint = bytes_of_pb(answer->checkpoint);
    uint64_t left = lane->own_left;
    for (size_t i = 0; err == ERR_OK && left > 0 && i < answer->n_reports; i++) {
        bool found = false;
        err = take_own(taking, lane, answer->reports[i], &found);
        left -= found;
    }
    bool goes_back = answer->next > 0 && (lane->own_before == 0 || answer->next < lane->own_before);
    finish_taking(taking, err);
    if (session->phase == PHASE_OPEN) {
        lane->own_number = 0;
        lane->own_before = answer->next;
        lane->own_left = goes_back ? left : 0;
        lane->has_work = true;
    }
}

/* ---- settings ---- */

void session_ask_settings(struct session *session)
{
    if (!session->settings_wanted || session->settings_asked || session->phase != PHASE_OPEN) {
        return;
    }
    Ihuriro__V1__GetSettings get = IHURIRO__V1__GET_SETTINGS__INIT;
    get.id = pb_of_bytes(bytes_of(session->settings_id, SHA256_BYTES));
    get.offset = (uint32_t)session->settings.size;
    session->settings_asked = session_send(session, VERB_GET_SETTINGS, &get.base);
}

/* The receipt vouches for the id, and the id for the bytes. */
static enum err keep_settings(struct session *session, struct bytes raw_receipt)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(txn_end) struct txn txn = {0};
    struct receipt receipt = {0};
    uint8_t id[SHA256_BYTES];
    sha256(buffer_bytes(&session->settings), id);
    if (memcmp(id, session->settings_id, SHA256_BYTES) != 0) {
        return ERR_SIGNATURE;
    }
    enum err err = receipt_open(raw_receipt, &arena, &receipt);
    if (err == ERR_OK) {
        err = receipt_verify(&receipt, session->options.hub, id, NULL);
    }
    PbEvent *event = NULL;
    if (err == ERR_OK) {
        err = MESSAGE_UNPACK(event, MESSAGE_TOLERANT, buffer_bytes(&session->settings), &arena,
                             &event);
    }
    if (err == ERR_OK && (receipt.header.kind != KIND_SETTINGS || event->settings == NULL)) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_OK) {
        err = txn_begin(outbox_env(session->options.outbox), true, &txn);
    }
    if (err != ERR_OK) {
        return err;
    }
    settings_note_put(&txn, buffer_bytes(&session->settings), raw_receipt);
    err = txn_commit(&txn);
    if (err == ERR_OK) {
        session_tell(session, &(struct session_news){.kind = NEWS_SETTINGS,
                                                     .text = event->settings->version});
    }
    return err;
}

void session_on_settings(struct session *session, struct bytes body)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__SettingsPage *page = NULL;
    if (!session->settings_asked) {
        return;
    }
    session->settings_asked = false;
    enum err err = MESSAGE_UNPACK(settings_page, MESSAGE_TOLERANT, body, &arena, &page);
    if (err == ERR_OK && (page->offset != session->settings.size || page->total > EVENT_BYTES_MAX ||
                          page->page.len == 0)) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_OK) {
        err = buffer_append(&session->settings, page->page.data, page->page.len);
    }
    if (err == ERR_OK && session->settings.size < page->total) {
        session_ask_settings(session);
        return;
    }
    session->settings_wanted = false;
    if (err == ERR_OK) {
        err = keep_settings(session, bytes_of_pb(page->receipt));
    }
    if (err != ERR_OK) {
        session_fail(
            session, err,
            "The hub's settings cannot be taken: %s. `check` goes on with those that it has.",
            err_text(err));
    }
    buffer_clear(&session->settings);
}
