#include "tests/sim/admin.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define ANSWER_WAIT_MS 20000
#define EVENTS_AN_ACT  8

struct admin {
    void *context;
    void *socket;
    int64_t now_us;
};

static enum err ask(struct admin *admin, enum verb verb, const ProtobufCMessage *body,
                    enum verb wanted, struct arena *arena, struct complaint *complaint,
                    const ProtobufCMessage **ret_answer);

enum err admin_open(const char *socket_path, struct complaint *complaint, struct admin **ret_admin)
{
    AUTO(admin_close) struct admin *admin = calloc(1, sizeof(*admin));
    char endpoint[256];
    int wait_ms = ANSWER_WAIT_MS;
    int no_linger = 0;
    int length = snprintf(endpoint, sizeof(endpoint), "ipc://%s", socket_path);
    if (admin == NULL || length < 0 || (size_t)length >= sizeof(endpoint)) {
        return complain(complaint, ERR_USAGE, "The path of the admin socket is too long.");
    }
    admin->context = zmq_ctx_new();
    admin->socket = admin->context == NULL ? NULL : zmq_socket(admin->context, ZMQ_DEALER);
    if (admin->socket == NULL ||
        zmq_setsockopt(admin->socket, ZMQ_RCVTIMEO, &wait_ms, sizeof(wait_ms)) != 0 ||
        zmq_setsockopt(admin->socket, ZMQ_SNDTIMEO, &wait_ms, sizeof(wait_ms)) != 0 ||
        zmq_setsockopt(admin->socket, ZMQ_LINGER, &no_linger, sizeof(no_linger)) != 0 ||
        zmq_connect(admin->socket, endpoint) != 0) {
        return complain(complaint, ERR_NETWORK, "The admin socket %s cannot be opened: %s.",
                        socket_path, zmq_strerror(zmq_errno()));
    }
    enum err err = admin_now(admin, complaint, &admin->now_us);
    if (err == ERR_OK) {
        *ret_admin = STEAL(admin);
    }
    return err;
}

void admin_close(struct admin **admin)
{
    if (*admin == NULL) {
        return;
    }
    if ((*admin)->socket != NULL) {
        zmq_close((*admin)->socket);
    }
    if ((*admin)->context != NULL) {
        zmq_ctx_term((*admin)->context);
    }
    free(*admin);
    *admin = NULL;
}

enum err admin_now(struct admin *admin, struct complaint *complaint, int64_t *ret_now_us)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__GetStatus body = IHURIRO__V1__GET_STATUS__INIT;
    const ProtobufCMessage *answer = NULL;
    enum err err = ask(admin, VERB_GET_STATUS, &body.base, VERB_STATUS, &arena, complaint, &answer);
    if (err == ERR_OK) {
        *ret_now_us = ((const Ihuriro__V1__Status *)answer)->now_us;
    }
    return err;
}

enum err admin_set_time(struct admin *admin, int64_t time_us, struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__TestTime body = IHURIRO__V1__TEST_TIME__INIT;
    const ProtobufCMessage *answer = NULL;
    body.time_us = time_us;
    if (time_us <= admin->now_us) {
        return ERR_OK;
    }
    enum err err = ask(admin, VERB_TEST_TIME, &body.base, VERB_DONE, &arena, complaint, &answer);
    if (err == ERR_OK) {
        admin->now_us = time_us;
    }
    return err;
}

static enum err open_answer(struct bytes frame, enum verb wanted, struct arena *arena,
                            struct complaint *complaint, const ProtobufCMessage **ret_answer)
{
    int verb = 0;
    struct bytes body = {0};
    const Ihuriro__V1__Refused *refused = NULL;
    enum err err = frame_open(frame, &verb, &body);
    if (err == ERR_OK && verb == VERB_REFUSED &&
        MESSAGE_UNPACK(refused, MESSAGE_TOLERANT, body, arena, &refused) == ERR_OK) {
        return complain(complaint, ERR_REFUSED, "The hub refused: %s",
                        refused->text != NULL ? refused->text : refused->rule);
    }
    if (err != ERR_OK || verb != (int)wanted) {
        return complain(complaint, ERR_NETWORK, "The hub's answer (%s) cannot be understood.",
                        err == ERR_OK ? verb_name(verb) : err_text(err));
    }
    return message_unpack(verb_body(verb), MESSAGE_TOLERANT, body, arena, ret_answer);
}

static enum err ask(struct admin *admin, enum verb verb, const ProtobufCMessage *body,
                    enum verb wanted, struct arena *arena, struct complaint *complaint,
                    const ProtobufCMessage **ret_answer)
{
    AUTO(buffer_close) struct buffer frame = {0};
    zmq_msg_t answer;
    enum err err = frame_pack(verb, body, &frame);
    if (err != ERR_OK) {
        return complain(complaint, err, "There is not enough memory to ask the hub.");
    }
    zmq_msg_init(&answer);
    if (zmq_send(admin->socket, frame.data, frame.size, 0) < 0 ||
        zmq_msg_recv(&answer, admin->socket, 0) < 0) {
        err = complain(complaint, ERR_NETWORK,
                       "The hub does not answer at its admin socket. Is it running?");
    } else {
        err = open_answer(bytes_of(zmq_msg_data(&answer), zmq_msg_size(&answer)), wanted, arena,
                          complaint, ret_answer);
    }
    zmq_msg_close(&answer);
    return err;
}

/* ---- enrolment ---- */

struct batch {
    struct admin *admin;
    struct complaint *complaint;
    struct buffer events[EVENTS_AN_ACT];
    size_t count;
    int64_t time_us; /* of the next event: acts fold in the order of their own time */
};

static void batch_close(struct batch *batch)
{
    for (size_t i = 0; i < EVENTS_AN_ACT; i++) {
        buffer_close(&batch->events[i]);
    }
}

static enum err batch_send(struct batch *batch)
{
    AUTO(arena_close) struct arena arena = {0};
    Ihuriro__V1__Act act = IHURIRO__V1__ACT__INIT;
    ProtobufCBinaryData events[EVENTS_AN_ACT];
    const ProtobufCMessage *answer = NULL;
    if (batch->count == 0) {
        return ERR_OK;
    }
    for (size_t i = 0; i < batch->count; i++) {
        events[i] = pb_of_bytes(buffer_bytes(&batch->events[i]));
    }
    act.events = events;
    act.n_events = batch->count;
    batch->count = 0;
    return ask(batch->admin, VERB_ACT, &act.base, VERB_ACT_DONE, &arena, batch->complaint, &answer);
}

static enum err batch_add(struct batch *batch, PbEvent *event)
{
    uint8_t nonce[16];
    enum err err = batch->count == EVENTS_AN_ACT ? batch_send(batch) : ERR_OK;
    if (err != ERR_OK) {
        return err;
    }
    randombytes_buf(nonce, sizeof(nonce));
    event->time_us = batch->time_us++;
    event->nonce = pb_of_bytes(bytes_of(nonce, sizeof(nonce)));
    struct buffer *buffer = &batch->events[batch->count];
    buffer_clear(buffer);
    err = message_pack(&event->base, buffer);
    batch->count += err == ERR_OK ? 1 : 0;
    return err;
}

/* The generated fields are not const; they are only packed. */
static char *text_for_packing(const char *text)
{
    return (char *)(uintptr_t)text;
}

static enum err add_party(struct batch *batch, const struct enrolment *enrolment)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    Ihuriro__V1__AgreementAct agreement = IHURIRO__V1__AGREEMENT_ACT__INIT;
    PbEvent events[3] = {IHURIRO__V1__EVENT__INIT, IHURIRO__V1__EVENT__INIT,
                         IHURIRO__V1__EVENT__INIT};
    bool is_member = enrolment->role == ROLE_MEMBER;
    party.has_role = true;
    party.role = (Ihuriro__V1__PartyAct__Role)enrolment->role;
    party.name = text_for_packing(enrolment->name);
    party.category = text_for_packing(enrolment->category);
    party.district = text_for_packing(enrolment->district);
    party.currency = is_member ? text_for_packing("RWF") : NULL;
    party.has_valid_from_day = enrolment->valid_from_day != INT32_MIN;
    party.valid_from_day = enrolment->valid_from_day;
    party.has_valid_to_day = enrolment->has_valid_to;
    party.valid_to_day = enrolment->valid_to_day;
    party.has_reports_from_day = enrolment->reports_from_day != 0;
    party.reports_from_day = enrolment->reports_from_day;
    keys.has_signing_key = enrolment->has_signing_key;
    keys.signing_key = pb_of_bytes(bytes_of(enrolment->signing_key, PUBLIC_KEY_BYTES));
    keys.has_transport_key = true;
    keys.transport_key = pb_of_bytes(bytes_of(enrolment->transport_key, PUBLIC_KEY_BYTES));
    agreement.shares = enrolment->shares;
    events[0].party = &party;
    events[1].keys = &keys;
    events[2].agreement = &agreement;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < (is_member ? 3U : 2U); i++) {
        events[i].subject = text_for_packing(enrolment->id);
        err = batch_add(batch, &events[i]);
    }
    return err;
}

enum err admin_enrol(struct admin *admin, const struct enrolment *enrolments, size_t count,
                     struct complaint *complaint)
{
    AUTO(batch_close) struct batch batch = {.admin = admin, .complaint = complaint};
    enum err err = admin_now(admin, complaint, &batch.time_us);
    /* Up to now, not from now on: a test hub's clock stands still, and a key is in force from its
     * event's time. */
    batch.time_us -= (int64_t)(3 * count);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = add_party(&batch, &enrolments[i]);
    }
    return err != ERR_OK ? err : batch_send(&batch);
}

enum err admin_merge(struct admin *admin, const char *successor, const char *const *predecessors,
                     size_t count, int32_t from_day, struct complaint *complaint)
{
    AUTO(batch_close) struct batch batch = {.admin = admin, .complaint = complaint};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbMerged merged = IHURIRO__V1__MERGED__INIT;
    AUTO(free_p) char **ids = calloc(count, sizeof(*ids));
    enum err err = ids == NULL ? ERR_MEMORY : admin_now(admin, complaint, &batch.time_us);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        ids[i] = text_for_packing(predecessors[i]);
    }
    merged.predecessors = ids;
    merged.n_predecessors = count;
    merged.from_day = from_day;
    event.subject = text_for_packing(successor);
    event.merged = &merged;
    err = err != ERR_OK ? err : batch_add(&batch, &event);
    return err != ERR_OK ? err : batch_send(&batch);
}
