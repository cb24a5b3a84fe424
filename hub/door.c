#include "hub/door.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

struct door {
    void *socket;
    zmq_msg_t payload;
    struct counters *counters;
    struct door_counts *counts; /* of this door, among them */
    bool is_admin;
};

struct socket_option {
    int option;
    int value;
};

/* RELIABILITY section 1.4, the hub's column. */
static const struct socket_option fixed_options[] = {
    {ZMQ_ROUTER_MANDATORY, 1},     {ZMQ_ROUTER_HANDOVER, 0},   {ZMQ_LINGER, 0},
    {ZMQ_HANDSHAKE_IVL, 15000},    {ZMQ_HEARTBEAT_IVL, 30000}, {ZMQ_HEARTBEAT_TIMEOUT, 90000},
    {ZMQ_HEARTBEAT_TTL, 120000},   {ZMQ_TCP_KEEPALIVE, 1},     {ZMQ_TCP_KEEPALIVE_IDLE, 120},
    {ZMQ_TCP_KEEPALIVE_INTVL, 30}, {ZMQ_TCP_KEEPALIVE_CNT, 4}, {ZMQ_TCP_MAXRT, 120000},
    {ZMQ_BACKLOG, 1024},
};

static bool set_options(void *socket, const struct door_options *options)
{
    const struct socket_option own_options[] = {
        {ZMQ_RCVHWM, options->receive_hwm},
        {ZMQ_SNDHWM, options->send_hwm},
    };
    bool is_ok = true;
    for (size_t i = 0; i < sizeof fixed_options / sizeof fixed_options[0]; i++) {
        is_ok = is_ok && zmq_setsockopt(socket, fixed_options[i].option, &fixed_options[i].value,
                                        sizeof(int)) == 0;
    }
    for (size_t i = 0; i < sizeof own_options / sizeof own_options[0]; i++) {
        is_ok = is_ok && zmq_setsockopt(socket, own_options[i].option, &own_options[i].value,
                                        sizeof(int)) == 0;
    }
    int64_t message_max = options->request_max + 64; /* CURVE adds 33 bytes a frame */
    uint64_t affinity = (uint64_t)options->io_thread;
    return is_ok && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max) == 0 &&
           zmq_setsockopt(socket, ZMQ_AFFINITY, &affinity, sizeof affinity) == 0;
}

enum err door_open(void *zmq_context, const struct door_options *options,
                   struct complaint *complaint, struct door **ret_door)
{
    AUTO(door_close) struct door *door = calloc(1, sizeof *door);
    if (door == NULL) {
        return ERR_MEMORY;
    }
    zmq_msg_init(&door->payload);
    door->is_admin = options->key == NULL;
    door->counters = options->counters;
    door->counts = &options->counters->doors[options->name];
    door->socket = zmq_socket(zmq_context, ZMQ_ROUTER);
    if (door->socket == NULL || !set_options(door->socket, options)) {
        return complain(complaint, ERR_NETWORK, "The door %s cannot be made: %s.",
                        options->endpoint, zmq_strerror(zmq_errno()));
    }
    if (!door->is_admin &&
        transport_key_serve(options->key, options->domain, door->socket) != ERR_OK) {
        return complain(complaint, ERR_KEY, "CURVE cannot be set up for the door %s.",
                        options->endpoint);
    }
    if (zmq_bind(door->socket, options->endpoint) != 0) {
        return complain(complaint, ERR_NETWORK,
                        "The hub cannot listen on %s: %s. Is another hub running there? Change the "
                        "endpoint in the configuration or stop the other one.",
                        options->endpoint, zmq_strerror(zmq_errno()));
    }
    *ret_door = STEAL(door);
    return ERR_OK;
}

void door_close(struct door **door)
{
    if (*door == NULL) {
        return;
    }
    zmq_msg_close(&(*door)->payload);
    if ((*door)->socket != NULL) {
        zmq_close((*door)->socket);
    }
    free(*door);
    *door = NULL;
}

void *door_socket(const struct door *door)
{
    return door->socket;
}

enum err door_fd(const struct door *door, int *ret_fd)
{
    size_t size = sizeof *ret_fd;
    return zmq_getsockopt(door->socket, ZMQ_FD, ret_fd, &size) == 0 ? ERR_OK : ERR_NETWORK;
}

bool door_has_arrived(const struct door *door)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(door->socket, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

/* Reads the frames behind the second one to their end, keeping none. */
static void drain_rest(struct door *door)
{
    int more = 1;
    size_t more_size = sizeof more;
    while (zmq_getsockopt(door->socket, ZMQ_RCVMORE, &more, &more_size) == 0 && more) {
        zmq_msg_t extra;
        zmq_msg_init(&extra);
        if (zmq_msg_recv(&extra, door->socket, ZMQ_DONTWAIT) < 0) {
            more = 0;
        }
        zmq_msg_close(&extra);
    }
}

/* The key that ZAP vouched for: read from the payload frame, since 4.3.4 may lose it on the first.
 */
static bool user_of(struct door *door, uint8_t ret_user[static PUBLIC_KEY_BYTES])
{
    if (door->is_admin) {
        memset(ret_user, 0, PUBLIC_KEY_BYTES);
        return true;
    }
    const char *user_id = zmq_msg_gets(&door->payload, "User-Id");
    return user_id != NULL && transport_key_parse(user_id, ret_user) == ERR_OK;
}

static enum err receive_one(struct door *door, struct incoming *incoming)
{
    int size = zmq_recv(door->socket, incoming->peer.routing_id, ROUTING_ID_MAX, ZMQ_DONTWAIT);
    if (size < 0) {
        return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? ERR_NOT_FOUND : ERR_NETWORK;
    }
    incoming->peer.routing_id_size = (uint8_t)(size > ROUTING_ID_MAX ? 0 : size);
    zmq_msg_close(&door->payload);
    zmq_msg_init(&door->payload);
    int more = 0;
    size_t more_size = sizeof more;
    if (zmq_getsockopt(door->socket, ZMQ_RCVMORE, &more, &more_size) != 0 || !more ||
        zmq_msg_recv(&door->payload, door->socket, ZMQ_DONTWAIT) < 0) {
        return ERR_MALFORMED;
    }
    if (zmq_msg_more(&door->payload)) {
        drain_rest(door);
        return ERR_MALFORMED;
    }
    if (size == 0 || size > ROUTING_ID_MAX || !user_of(door, incoming->peer.user)) {
        return ERR_MALFORMED;
    }
    incoming->frame = bytes_of(zmq_msg_data(&door->payload), zmq_msg_size(&door->payload));
    return ERR_OK;
}

enum err door_receive(struct door *door, struct incoming *ret_incoming)
{
    struct incoming incoming = {0};
    enum err err = ERR_MALFORMED;
    /* Bounded: a peer that sends only what is dropped does not hold the door for ever. */
    for (int i = 0; i < 1000 && err == ERR_MALFORMED; i++) {
        err = receive_one(door, &incoming);
        door->counters->odd_frames += err == ERR_MALFORMED;
        door->counts->odd_frames += err == ERR_MALFORMED;
    }
    if (err == ERR_OK) {
        door->counts->received++;
        door->counts->received_bytes += incoming.frame.size;
        *ret_incoming = incoming;
    }
    return err == ERR_MALFORMED ? ERR_NOT_FOUND : err;
}

static bool send_address(struct door *door, const struct peer *peer)
{
    return zmq_send(door->socket, peer->routing_id, peer->routing_id_size,
                    ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0;
}

/* A pipe may only seem full: libzmq looks at most once in a millisecond whether the other side has
 * taken something, unless it is asked for its events. */
static bool look_again(struct door *door)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_errno() == EAGAIN && zmq_getsockopt(door->socket, ZMQ_EVENTS, &events, &size) == 0;
}

enum err door_send(struct door *door, const struct peer *peer, struct bytes frame)
{
    if (!send_address(door, peer) && !(look_again(door) && send_address(door, peer))) {
        door->counters->undelivered++;
        door->counts->undelivered++;
        return zmq_errno() == EAGAIN ? ERR_BUSY : ERR_NETWORK;
    }
    if (zmq_send(door->socket, frame.data, frame.size, ZMQ_DONTWAIT) < 0) {
        door->counters->undelivered++;
        door->counts->undelivered++;
        return ERR_NETWORK;
    }
    door->counts->answered++;
    door->counts->answered_bytes += frame.size;
    return ERR_OK;
}

enum err door_answer(struct door *door, const struct peer *peer, enum verb verb,
                     const ProtobufCMessage *body)
{
    AUTO(buffer_close) struct buffer frame = {0};
    enum err err = frame_pack(verb, body, &frame);
    return err != ERR_OK ? err : door_send(door, peer, buffer_bytes(&frame));
}
