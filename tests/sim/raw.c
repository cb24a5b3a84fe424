#include "tests/sim/raw.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "proto/limits.h"
#include "proto/record.h"
#include "proto/text.h"

#define SESSION_ID_MAX 256

struct raw {
    void *socket;
    bool is_test;
    uint8_t session[SESSION_ID_MAX];
    size_t session_size; /* 0: not greeted */
    int64_t hub_time_us;
    uint64_t received;
    struct buffer frame;
    struct arena arena;
};

static bool set_options(void *socket)
{
    static const struct {
        int option;
        int value;
    } options[] = {
        {ZMQ_LINGER, 0}, {ZMQ_RCVHWM, 1024},          {ZMQ_SNDHWM, 1024},
        {ZMQ_IPV6, 1},   {ZMQ_HANDSHAKE_IVL, 120000},
    };
    bool is_ok = true;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        is_ok =
            is_ok && zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int)) == 0;
    }
    return is_ok;
}

enum err raw_open(void *zmq_context, const char *endpoint, const struct transport_key *key,
                  const struct hub_identity *hub, struct raw **ret_raw)
{
    AUTO(raw_close) struct raw *raw = calloc(1, sizeof(*raw));
    if (raw == NULL) {
        return ERR_MEMORY;
    }
    raw->is_test = hub->is_test;
    raw->socket = zmq_socket(zmq_context, ZMQ_DEALER);
    if (raw->socket == NULL || !set_options(raw->socket) ||
        transport_key_connect(key, hub->transport, raw->socket) != ERR_OK ||
        zmq_connect(raw->socket, endpoint) != 0) {
        return ERR_NETWORK;
    }
    *ret_raw = STEAL(raw);
    return ERR_OK;
}

void raw_close(struct raw **raw)
{
    if (*raw == NULL) {
        return;
    }
    if ((*raw)->socket != NULL) {
        zmq_close((*raw)->socket);
    }
    buffer_close(&(*raw)->frame);
    arena_close(&(*raw)->arena);
    free(*raw);
    *raw = NULL;
}

void *raw_socket(struct raw *raw)
{
    return raw->socket;
}

bool raw_is_greeted(const struct raw *raw)
{
    return raw->session_size > 0;
}

int64_t raw_hub_time_us(const struct raw *raw)
{
    return raw->hub_time_us;
}

uint64_t raw_received(const struct raw *raw)
{
    return raw->received;
}

static enum err send_frame(struct raw *raw, enum verb verb, const ProtobufCMessage *body)
{
    buffer_clear(&raw->frame);
    enum err err = frame_pack(verb, body, &raw->frame);
    if (err == ERR_OK &&
        zmq_send(raw->socket, raw->frame.data, raw->frame.size, ZMQ_DONTWAIT) < 0) {
        err = zmq_errno() == EAGAIN ? ERR_BUSY : ERR_NETWORK;
    }
    return err;
}

enum err raw_hello(struct raw *raw)
{
    Ihuriro__V1__Hello hello = IHURIRO__V1__HELLO__INIT;
    uint8_t tag[16];
    static char program[] = "mfi-sim " IHURIRO_VERSION;
    randombytes_buf(tag, sizeof(tag));
    hello.tag = pb_of_bytes(bytes_of(tag, sizeof(tag)));
    hello.schema_version = SCHEMA_VERSION;
    hello.has_test = true;
    hello.test = raw->is_test;
    hello.program = program;
    return send_frame(raw, VERB_HELLO, &hello.base);
}

enum err raw_submit(struct raw *raw, uint64_t number, struct bytes envelope)
{
    Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
    submit.session = pb_of_bytes(bytes_of(raw->session, raw->session_size));
    submit.number = number;
    submit.envelope = pb_of_bytes(envelope);
    return send_frame(raw, VERB_SUBMIT, &submit.base);
}

static enum err take_hello(struct raw *raw, struct bytes body)
{
    const Ihuriro__V1__HelloAnswer *answer = NULL;
    enum err err = MESSAGE_UNPACK(hello_answer, MESSAGE_TOLERANT, body, &raw->arena, &answer);
    if (err != ERR_OK || answer->session.len == 0 || answer->session.len > SESSION_ID_MAX) {
        return err != ERR_OK ? err : ERR_MALFORMED;
    }
    memcpy(raw->session, answer->session.data, answer->session.len);
    raw->session_size = answer->session.len;
    raw->hub_time_us = answer->now_us;
    return ERR_OK;
}

static enum err take_answers(struct raw *raw, struct bytes body, raw_visit visit, void *context)
{
    const Ihuriro__V1__Answers *answers = NULL;
    enum err err = MESSAGE_UNPACK(answers, MESSAGE_TOLERANT, body, &raw->arena, &answers);
    for (size_t i = 0; err == ERR_OK && i < answers->n_answers; i++) {
        const Ihuriro__V1__Answer *answer = answers->answers[i];
        struct raw_answer came = {.number = answer->number};
        struct header header = {0};
        if (answer->has_header) {
            err = header_decode(bytes_of_pb(answer->header), &header);
            came.verdict = header.verdict;
            came.seq = header.seq;
        } else if (answer->refused != NULL) {
            (void)snprintf(came.rule, sizeof(came.rule), "%s", answer->refused->rule);
        } else {
            came.is_put_off = true;
        }
        if (err == ERR_OK) {
            visit(context, &came);
        }
    }
    return err;
}

static enum err take_frame(struct raw *raw, struct bytes frame, raw_visit visit, void *context,
                           struct complaint *complaint)
{
    int verb = 0;
    struct bytes body = {0};
    const Ihuriro__V1__Refused *refused = NULL;
    const Ihuriro__V1__RetryLater *later = NULL;
    arena_reset(&raw->arena);
    enum err err = frame_open(frame, &verb, &body);
    if (err != ERR_OK) {
        return complain(complaint, err, "The hub's answer cannot be understood.");
    }
    switch (verb) {
    case VERB_HELLO_ANSWER:
        return take_hello(raw, body);
    case VERB_ANSWERS:
        return take_answers(raw, body, visit, context);
    case VERB_HELLO_FIRST:
        raw->session_size = 0;
        return raw_hello(raw);
    case VERB_REFUSED:
        err = MESSAGE_UNPACK(refused, MESSAGE_TOLERANT, body, &raw->arena, &refused);
        return complain(complaint, ERR_REFUSED, "The hub refused (%s): %s",
                        err == ERR_OK ? refused->rule : "?",
                        err == ERR_OK && refused->text != NULL ? refused->text : "");
    case VERB_RETRY_LATER:
        err = MESSAGE_UNPACK(retry_later, MESSAGE_TOLERANT, body, &raw->arena, &later);
        return complain(complaint, ERR_TIMEOUT, "The hub asks to wait: %s",
                        err == ERR_OK && later->text != NULL ? later->text : "no reason");
    default:
        return ERR_OK;
    }
}

enum err raw_receive(struct raw *raw, raw_visit visit, void *context, struct complaint *complaint)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    enum err err = ERR_NOT_FOUND;
    if (zmq_msg_recv(&message, raw->socket, ZMQ_DONTWAIT) >= 0) {
        struct bytes frame = bytes_of(zmq_msg_data(&message), zmq_msg_size(&message));
        raw->received += frame.size;
        err = take_frame(raw, frame, visit, context, complaint);
    }
    zmq_msg_close(&message);
    return err;
}
