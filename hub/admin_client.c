#include "hub/admin_client.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "hub/contacts.h"
#include "hub/hub_open.h"

#define ANSWER_WAIT_MS 10000

static enum err open_answer(struct bytes frame, enum verb wanted, struct arena *arena,
                            struct complaint *complaint, const ProtobufCMessage **ret_answer)
{
    int verb = 0;
    struct bytes body = {0};
    enum err err = frame_open(frame, &verb, &body);
    if (err == ERR_OK && verb == VERB_REFUSED) {
        const Ihuriro__V1__Refused *refused = NULL;
        err = MESSAGE_UNPACK(refused, MESSAGE_TOLERANT, body, arena, &refused);
        return err != ERR_OK ? err
                             : complain(complaint, ERR_REFUSED, "%s",
                                        refused->text != NULL ? refused->text : refused->rule);
    }
    if (err != ERR_OK || verb != (int)wanted) {
        return complain(complaint, ERR_NETWORK, "The hub's answer cannot be understood.");
    }
    return message_unpack(verb_body(verb), MESSAGE_TOLERANT, body, arena, ret_answer);
}

static enum err exchange(void *socket, struct bytes request, enum verb wanted, struct arena *arena,
                         struct complaint *complaint, const ProtobufCMessage **ret_answer)
{
    zmq_msg_t answer;
    zmq_msg_init(&answer);
    enum err err = ERR_NETWORK;
    if (zmq_send(socket, request.data, request.size, 0) >= 0 &&
        zmq_msg_recv(&answer, socket, 0) >= 0) {
        err = open_answer(bytes_of(zmq_msg_data(&answer), zmq_msg_size(&answer)), wanted, arena,
                          complaint, ret_answer);
    } else {
        err = complain(
            complaint, ERR_NETWORK,
            "The hub does not answer at its admin socket. Is it running? Look at its log.");
    }
    zmq_msg_close(&answer);
    return err;
}

enum err admin_ask(const char *socket_path, enum verb verb, const ProtobufCMessage *body,
                   enum verb wanted, struct arena *arena, struct complaint *complaint,
                   const ProtobufCMessage **ret_answer)
{
    AUTO(buffer_close) struct buffer frame = {0};
    char endpoint[256];
    int wait_ms = ANSWER_WAIT_MS;
    int no_linger = 0;
    if (access(socket_path, F_OK) != 0) {
        return complain(complaint, ERR_NETWORK, "No hub is running here (there is no %s).",
                        socket_path);
    }
    snprintf(endpoint, sizeof endpoint, "ipc://%s", socket_path);
    enum err err = frame_pack(verb, body, &frame);
    if (err != ERR_OK) {
        return err;
    }
    void *context = zmq_ctx_new();
    void *socket = context == NULL ? NULL : zmq_socket(context, ZMQ_DEALER);
    if (socket != NULL && zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms) == 0 &&
        zmq_setsockopt(socket, ZMQ_SNDTIMEO, &wait_ms, sizeof wait_ms) == 0 &&
        zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof no_linger) == 0 &&
        zmq_connect(socket, endpoint) == 0) {
        err = exchange(socket, buffer_bytes(&frame), wanted, arena, complaint, ret_answer);
    } else {
        err = complain(complaint, ERR_NETWORK, "The admin socket %s cannot be opened: %s.",
                       socket_path, zmq_strerror(zmq_errno()));
    }
    if (socket != NULL) {
        zmq_close(socket);
    }
    if (context != NULL) {
        zmq_ctx_term(context);
    }
    return err;
}

/* A hub that was killed leaves its socket behind: nobody listens there, and nobody is waited for.
 */
static bool is_left_behind(const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    if (strlen(socket_path) >= sizeof address.sun_path) {
        close(fd);
        return false;
    }
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    bool is_refused = connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
                      errno == ECONNREFUSED;
    close(fd);
    return is_refused;
}

int64_t admin_now_us(const struct hub *hub)
{
    AUTO(arena_close) struct arena arena = {0};
    struct complaint unused = {{0}};
    Ihuriro__V1__GetStatus request = IHURIRO__V1__GET_STATUS__INIT;
    const ProtobufCMessage *answer = NULL;
    return !is_left_behind(hub->config.admin) &&
                   admin_ask(hub->config.admin, VERB_GET_STATUS, &request.base, VERB_STATUS, &arena,
                             &unused, &answer) == ERR_OK
               ? ((const Ihuriro__V1__Status *)answer)->now_us
               : hub_now_us(hub);
}

/* ---- acts ---- */

struct packed_acts {
    struct buffer bytes; /* of all, one behind the other */
    struct bytes *views;
    ProtobufCBinaryData *datas; /* the same, as a message has them */
};

static void packed_acts_close(struct packed_acts *acts)
{
    buffer_close(&acts->bytes);
    free(acts->views);
    free(acts->datas);
}

/* One moment for all: acts of different kinds do not depend on their order. */
static enum err pack_act(PbEvent *event, int64_t now_us, struct buffer *bytes)
{
    uint8_t nonce[16];
    randombytes_buf(nonce, sizeof nonce);
    event->time_us = now_us;
    event->nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    return message_pack(&event->base, bytes);
}

static enum err pack_acts(PbEvent *const *events, size_t count, int64_t now_us,
                          struct packed_acts *acts)
{
    acts->views = calloc(count, sizeof acts->views[0]);
    acts->datas = calloc(count, sizeof acts->datas[0]);
    enum err err = acts->views == NULL || acts->datas == NULL ? ERR_MEMORY : ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        const size_t before = acts->bytes.size;
        err = pack_act(events[i], now_us, &acts->bytes);
        acts->views[i].size = acts->bytes.size - before;
    }
    size_t at = 0; /* only now: the buffer moves as it grows */
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        acts->views[i].data = acts->bytes.data + at;
        acts->datas[i] = pb_of_bytes(acts->views[i]);
        at += acts->views[i].size;
    }
    return err;
}

static enum err by_running_hub(struct hub *hub, PbEvent *const *events, size_t count,
                               struct complaint *complaint, uint64_t *ret_last_seq)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(packed_acts_close) struct packed_acts acts = {0};
    Ihuriro__V1__GetStatus get_status = IHURIRO__V1__GET_STATUS__INIT;
    Ihuriro__V1__Act act = IHURIRO__V1__ACT__INIT;
    const ProtobufCMessage *answer = NULL;
    enum err err = admin_ask(hub->config.admin, VERB_GET_STATUS, &get_status.base, VERB_STATUS,
                             &arena, complaint, &answer);
    if (err != ERR_OK) {
        return err;
    }
    err = pack_acts(events, count, ((const Ihuriro__V1__Status *)answer)->now_us, &acts);
    if (err == ERR_OK && acts.bytes.size + count * 8 > ADMIN_REQUEST_MAX) {
        err = complain(complaint, ERR_TOO_LARGE,
                       "That is more than a running hub takes at once: do it in parts.");
    }
    act.events = acts.datas;
    act.n_events = count;
    err = err != ERR_OK ? err
                        : admin_ask(hub->config.admin, VERB_ACT, &act.base, VERB_ACT_DONE, &arena,
                                    complaint, &answer);
    if (err == ERR_OK) {
        *ret_last_seq = ((const Ihuriro__V1__ActDone *)answer)->last_seq;
    }
    return err;
}

/* Once, also where more is to be done one after the other. ERR_BUSY: a hub runs, and is asked. */
static enum err open_to_write(struct hub *hub, struct complaint *complaint)
{
    if (hub->writer != NULL) {
        return ERR_OK;
    }
    return hub->log_key != NULL ? ERR_BUSY : hub_open(hub, HUB_WRITE, complaint);
}

/* Ends a turn of our own, as the writer's thread would. */
static enum err commit_ourselves(struct hub *hub, enum err err)
{
    const struct checkpoint *checkpoint = NULL;
    err = err != ERR_OK ? err : writer_seal(hub->writer, &checkpoint);
    err = err != ERR_OK ? err : writer_commit(hub->writer);
    if (err != ERR_OK) {
        writer_abort(hub->writer);
    }
    return err;
}

static enum err by_ourselves(struct hub *hub, PbEvent *const *events, size_t count,
                             struct complaint *complaint, uint64_t *ret_last_seq)
{
    AUTO(packed_acts_close) struct packed_acts acts = {0};
    uint64_t first = 0;
    int64_t now_us = hub_now_us(hub);
    enum err err = pack_acts(events, count, now_us, &acts);
    err = err != ERR_OK ? err : writer_begin(hub->writer, now_us);
    err = err != ERR_OK
              ? err
              : writer_acts(hub->writer, acts.views, count, complaint, &first, ret_last_seq);
    return commit_ourselves(hub, err);
}

enum err acts_submit(struct hub *hub, PbEvent *const *events, size_t count,
                     struct complaint *complaint, uint64_t *ret_last_seq)
{
    if (count > WRITE_EVENTS_MAX) {
        return complain(complaint, ERR_TOO_LARGE,
                        "That is %zu acts, and %d at once is the most: do it in parts.", count,
                        WRITE_EVENTS_MAX);
    }
    enum err err = open_to_write(hub, complaint);
    if (err == ERR_BUSY) {
        return by_running_hub(hub, events, count, complaint, ret_last_seq);
    }
    return err != ERR_OK ? err : by_ourselves(hub, events, count, complaint, ret_last_seq);
}

/* ---- contacts ---- */

static enum err set_contact_ourselves(struct hub *hub, const Ihuriro__V1__SetContact *request,
                                      struct complaint *complaint)
{
    AUTO(buffer_close) struct buffer raw = {0};
    int64_t now_us = hub_now_us(hub);
    enum err err = message_pack(&request->base, &raw);
    err = err != ERR_OK ? err : writer_begin(hub->writer, now_us);
    err = err != ERR_OK ? err : contact_write(hub->writer, now_us, buffer_bytes(&raw), complaint);
    return commit_ourselves(hub, err);
}

enum err contact_submit(struct hub *hub, const Ihuriro__V1__SetContact *request,
                        struct complaint *complaint)
{
    AUTO(arena_close) struct arena arena = {0};
    const ProtobufCMessage *answer = NULL;
    enum err err = open_to_write(hub, complaint);
    if (err == ERR_BUSY) {
        return admin_ask(hub->config.admin, VERB_SET_CONTACT, &request->base, VERB_DONE, &arena,
                         complaint, &answer);
    }
    return err != ERR_OK ? err : set_contact_ourselves(hub, request, complaint);
}
