#include "agents/mfi/link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "conf/clock.h"
#include "proto/limits.h"

enum { RECEIVE_MAX = 64 /* frames a turn, so that ticks are not starved */ };

struct link {
    struct link_options options;
    void *context;
    void *socket;
    void *monitor;
    uint64_t connections; /* names the monitor's endpoint */
    int64_t opened_at_ms;
    int64_t tick_at_ms;
    bool is_resolved; /* what the monitor said of this connection so far */
    bool was_closed;
    bool is_connected; /* TCP */
    bool is_up;        /* the handshake is done */
};

struct socket_option {
    int option;
    int value;
};

static const struct socket_option fixed_options[] = {
    {ZMQ_IMMEDIATE, 1},
    {ZMQ_LINGER, 0},
    {ZMQ_RCVHWM, 32},
    {ZMQ_SNDHWM, 32},
    {ZMQ_HANDSHAKE_IVL, 30000},
    {ZMQ_HEARTBEAT_IVL, 30000},
    {ZMQ_HEARTBEAT_TIMEOUT, 90000},
    {ZMQ_HEARTBEAT_TTL, 120000},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_KEEPALIVE_IDLE, 120},
    {ZMQ_TCP_KEEPALIVE_INTVL, 30},
    {ZMQ_TCP_KEEPALIVE_CNT, 4},
    {ZMQ_TCP_MAXRT, 120000},
    {ZMQ_RECONNECT_IVL, 5000},
    {ZMQ_RECONNECT_IVL_MAX, 300000},
    {ZMQ_CONNECT_TIMEOUT, 20000},
    {ZMQ_IPV6, 1},
};

enum err link_open(const struct link_options *options, struct complaint *complaint,
                   struct link **ret_link)
{
    AUTO(link_close) struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return ERR_MEMORY;
    }
    link->options = *options;
    link->context = options->context != NULL ? options->context : zmq_ctx_new();
    if (link->context == NULL || zmq_ctx_set(link->context, ZMQ_BLOCKY, 0) != 0) {
        return complain(complaint, ERR_NETWORK, "ZeroMQ cannot be started: %s.",
                        zmq_strerror(zmq_errno()));
    }
    *ret_link = STEAL(link);
    return ERR_OK;
}

static void leave(struct link *link)
{
    if (link->socket != NULL) {
        zmq_socket_monitor(link->socket, NULL, 0);
        zmq_close(link->socket);
        link->socket = NULL;
    }
    if (link->monitor != NULL) {
        zmq_close(link->monitor);
        link->monitor = NULL;
    }
    link->is_resolved = link->was_closed = link->is_connected = link->is_up = false;
}

void link_close(struct link **link)
{
    if (*link == NULL) {
        return;
    }
    leave(*link);
    if ((*link)->context != NULL && (*link)->options.context == NULL) {
        zmq_ctx_term((*link)->context);
    }
    free(*link);
    *link = NULL;
}

/* ---- a connection ---- */

static bool set_options(void *socket)
{
    bool is_ok = true;
    for (size_t i = 0; i < sizeof fixed_options / sizeof fixed_options[0]; i++) {
        is_ok = is_ok && zmq_setsockopt(socket, fixed_options[i].option, &fixed_options[i].value,
                                        sizeof(int)) == 0;
    }
    int64_t message_max = ANSWER_MAX + 4096; /* a settings page; CURVE adds 33 bytes a frame */
    return is_ok && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max) == 0;
}

static bool watch(struct link *link)
{
    char name[64];
    snprintf(name, sizeof name, "inproc://link-%p-%" PRIu64, (void *)link, ++link->connections);
    int events = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_DELAYED | ZMQ_EVENT_CONNECT_RETRIED |
                 ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                 ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    if (zmq_socket_monitor(link->socket, name, events) != 0) {
        return false;
    }
    link->monitor = zmq_socket(link->context, ZMQ_PAIR);
    return link->monitor != NULL && zmq_connect(link->monitor, name) == 0;
}

/* false: it cannot even be begun. */
static bool reach(struct link *link)
{
    leave(link);
    link->opened_at_ms = clock_monotonic_ms();
    link->socket = zmq_socket(link->context, ZMQ_DEALER);
    return link->socket != NULL && set_options(link->socket) &&
           transport_key_connect(link->options.key, link->options.server, link->socket) == ERR_OK &&
           watch(link) && zmq_connect(link->socket, link->options.endpoint) == 0;
}

static struct session_time time_now(void)
{
    return (struct session_time){.monotonic_ms = clock_monotonic_ms(), .wall_us = clock_wall_us()};
}

static void obey(struct link *link, struct session *session, struct session_step step)
{
    link->tick_at_ms = clock_monotonic_ms() + step.tick_ms;
    if (step.link == SESSION_LEAVE) {
        leave(link);
    }
    if (step.link == SESSION_CONNECT && !reach(link)) {
        char why[256];
        snprintf(why, sizeof why,
                 "A connection to %.100s cannot be begun (%s). Check the key `ingest` in the "
                 "configuration: "
                 "tcp://HOST:PORT.",
                 link->options.endpoint, zmq_strerror(zmq_errno()));
        leave(link);
        step = session_disconnected(session, time_now(), why);
        link->tick_at_ms = clock_monotonic_ms() + step.tick_ms;
    }
}

/* ---- the monitor's events in words ---- */

enum failure {
    FAILED_NONE,
    FAILED_NAME,
    FAILED_REACH,
    FAILED_SILENT,
    FAILED_CLOSED,
    FAILED_PROTOCOL,
    FAILED_KEY,
    FAILED_BROKE
};

static const char *const failure_words[] = {
    [FAILED_NAME] = "The hub's name cannot be resolved (%s). Is there a network? If so, check the "
                    "key `ingest` in the "
                    "configuration.",
    [FAILED_REACH] = "The hub cannot be reached (%s): the connection was refused, or there is no "
                     "way there. Is there a "
                     "network, and is the hub running?",
    [FAILED_SILENT] =
        "The hub does not answer (%s). Is there a network, and does a firewall let the connection "
        "through?",
    [FAILED_CLOSED] =
        "The hub at %s closed the connection before the handshake was done: it is not the hub that "
        "hub.pub "
        "is of, or it does not know this agent's key yet. Compare hub.pub with the operator's, and "
        "ask whether the line that `mfi-agent init` printed was run. If it worked before, the hub "
        "may be full just now; it is tried again by itself.",
    [FAILED_PROTOCOL] = "What answers at %s is not a hub, or not the one that hub.pub is of. "
                        "Compare hub.pub with the "
                        "operator's.",
    [FAILED_KEY] = "The hub at %s does not know this agent's transport key, or it was revoked. Ask "
                   "its operator to run the line that "
                   "`mfi-agent init` printed; it is shown again by `mfi-agent status`.",
    [FAILED_BROKE] = "The connection to the hub (%s) broke.",
};

static enum failure closed_while_reaching(const struct link *link)
{
    enum { SILENT_MS = 15000 };
    if (clock_monotonic_ms() - link->opened_at_ms >= SILENT_MS) {
        return FAILED_SILENT;
    }
    return link->is_resolved || link->was_closed ? FAILED_REACH : FAILED_NAME;
}

/* Another hub, or one that does not know our key, closes at once. What takes this long is a line
 * that swallows or crawls, and a hub that gives up on it after 15 s. */
static enum failure closed_in_handshake(const struct link *link)
{
    enum { SWALLOWED_MS = 10000 };
    bool is_late = clock_monotonic_ms() - link->opened_at_ms >= SWALLOWED_MS;
    return is_late ? FAILED_SILENT : FAILED_CLOSED;
}

static enum failure understand(struct link *link, int event)
{
    switch (event) {
    case ZMQ_EVENT_CONNECT_DELAYED:
        link->is_resolved = true;
        return FAILED_NONE;
    case ZMQ_EVENT_CONNECTED:
        link->is_resolved = link->is_connected = true;
        return FAILED_NONE;
    case ZMQ_EVENT_CLOSED:
        link->was_closed = true; /* CONNECT_RETRIED follows */
        return FAILED_NONE;
    case ZMQ_EVENT_CONNECT_RETRIED:
        return link->is_connected ? closed_in_handshake(link) : closed_while_reaching(link);
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return FAILED_KEY;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return FAILED_PROTOCOL;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return closed_in_handshake(link);
    case ZMQ_EVENT_DISCONNECTED:
        return link->is_up ? FAILED_BROKE : closed_in_handshake(link);
    default:
        return FAILED_NONE;
    }
}

/* One event: [number u16, value u32, host order][address]. false: none there. */
static bool next_event(struct link *link, int *ret_event)
{
    uint8_t head[6];
    char address[256];
    int size =
        link->monitor != NULL ? zmq_recv(link->monitor, head, sizeof head, ZMQ_DONTWAIT) : -1;
    if (size < 0) {
        return false;
    }
    int more = 0;
    size_t more_size = sizeof more;
    if (zmq_getsockopt(link->monitor, ZMQ_RCVMORE, &more, &more_size) == 0 && more) {
        zmq_recv(link->monitor, address, sizeof address, ZMQ_DONTWAIT);
    }
    uint16_t event = 0;
    memcpy(&event, head, sizeof event);
    *ret_event = size == (int)sizeof head ? event : 0;
    return true;
}

static void take_events(struct link *link, struct session *session)
{
    int event = 0;
    while (next_event(link, &event)) {
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            link->is_up = true;
            obey(link, session, session_connected(session, time_now()));
            continue;
        }
        enum failure failure = understand(link, event);
        if (failure != FAILED_NONE) {
            char why[512];
            char endpoint[128];
            snprintf(endpoint, sizeof endpoint, "%.100s", link->options.endpoint);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(why, sizeof why, failure_words[failure], endpoint);
#pragma GCC diagnostic pop
            leave(link);
            obey(link, session, session_disconnected(session, time_now(), why));
        }
    }
}

/* ---- a turn ---- */

static void take_frames(struct link *link, struct session *session)
{
    for (int i = 0; i < RECEIVE_MAX && link->socket != NULL; i++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, link->socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&message);
            return;
        }
        struct bytes frame = bytes_of(zmq_msg_data(&message), zmq_msg_size(&message));
        obey(link, session, session_frame(session, time_now(), frame));
        zmq_msg_close(&message);
    }
}

static void give_frames(struct link *link, struct session *session)
{
    struct bytes frame = {0};
    bool sent = false;
    while (link->is_up && session_frame_next(session, &frame) &&
           zmq_send(link->socket, frame.data, frame.size, ZMQ_DONTWAIT) >= 0) {
        session_frame_sent(session);
        sent = true;
    }
    if (sent && !session_frame_next(session, &frame)) {
        obey(link, session, session_tick(session, time_now())); /* there is room for more */
    }
}

static enum err wait_for_something(struct link *link, struct session *session, int64_t wait_ms,
                                   int stop_fd)
{
    struct bytes frame = {0};
    short wanted = ZMQ_POLLIN;
    if (link->is_up && session_frame_next(session, &frame)) {
        wanted |= ZMQ_POLLOUT;
    }
    zmq_pollitem_t items[3] = {{.fd = stop_fd, .events = ZMQ_POLLIN}};
    int count = stop_fd >= 0 ? 1 : 0;
    if (link->socket != NULL) {
        items[count++] = (zmq_pollitem_t){.socket = link->monitor, .events = ZMQ_POLLIN};
        items[count++] = (zmq_pollitem_t){.socket = link->socket, .events = wanted};
    }
    int64_t until_tick = link->tick_at_ms - clock_monotonic_ms();
    int64_t wait = until_tick < wait_ms ? until_tick : wait_ms;
    int rc = zmq_poll(items, count, wait > 0 ? (long)wait : 0);
    return rc >= 0 || zmq_errno() == EINTR ? ERR_OK : ERR_NETWORK;
}

enum err link_turn(struct link *link, struct session *session, int64_t wait_ms, int stop_fd)
{
    enum err err = wait_for_something(link, session, wait_ms, stop_fd);
    if (err != ERR_OK) {
        return err;
    }
    take_events(link, session);
    take_frames(link, session);
    if (clock_monotonic_ms() >= link->tick_at_ms) {
        obey(link, session, session_tick(session, time_now()));
    }
    give_frames(link, session);
    return ERR_OK;
}

void link_wake(struct link *link)
{
    link->tick_at_ms = clock_monotonic_ms();
}
