#include "agents/client/connection.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "agents/client/pace.h"
#include "conf/clock.h"
#include "proto/limits.h"

#define BACK_OFF_BASE_MS 250
#define BACK_OFF_MAX_MS  300000
#define CONNECT_WAIT_MS  30000 /* a handshake takes six ways: 18 s where a way takes three */
#define TRY_TCP_MS       3000
#define SWALLOWED_MS     10000
#define HANDSHAKES_TRIED 3 /* a hub that stops breaks one off too */

enum trouble {
    TROUBLE_NONE,
    TROUBLE_UNREACHED,   /* no TCP connection came about */
    TROUBLE_LOST,        /* there was one */
    TROUBLE_HANDSHAKE,   /* the peer broke off: another key than hub.pub says, or no hub at all */
    TROUBLE_KEY_REFUSED, /* the hub said no to our key */
};

struct connection {
    const struct client *client;
    int stop_fd;
    void *socket;
    void *monitor;
    zmq_msg_t answer;
    bool is_ready;
    enum trouble trouble;
    unsigned failures;
    unsigned opened; /* names the monitors */
    int64_t opened_at_ms;
};

struct socket_option {
    int option;
    int value;
};

/* RELIABILITY section 1.4, the subscriber's column. */
static const struct socket_option options[] = {
    {ZMQ_RCVHWM, 32},
    {ZMQ_SNDHWM, 32},
    {ZMQ_IMMEDIATE, 1},
    {ZMQ_LINGER, 0},
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

static void close_sockets(struct connection *connection)
{
    if (connection->socket != NULL) {
        (void)zmq_socket_monitor(connection->socket, NULL, 0);
        zmq_close(connection->socket);
    }
    if (connection->monitor != NULL) {
        zmq_close(connection->monitor);
    }
    connection->socket = NULL;
    connection->monitor = NULL;
    connection->is_ready = false;
}

static bool set_options(void *socket)
{
    bool is_ok = true;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        is_ok =
            is_ok && zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof(int)) == 0;
    }
    int64_t message_max = ANSWER_MAX + 4096; /* "1 MiB and a little": CURVE adds 33 bytes a frame */
    return is_ok && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max) == 0;
}

static enum err watch(struct connection *connection)
{
    char name[64];
    snprintf(name, sizeof name, "inproc://monitor-%p-%u", (void *)connection, connection->opened++);
    connection->monitor = zmq_socket(connection->client->zmq, ZMQ_PAIR);
    if (connection->monitor == NULL) {
        return ERR_MEMORY;
    }
    int linger = 0;
    return zmq_setsockopt(connection->monitor, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
                   zmq_socket_monitor(connection->socket, name, ZMQ_EVENT_ALL) == 0 &&
                   zmq_connect(connection->monitor, name) == 0
               ? ERR_OK
               : ERR_NETWORK;
}

static enum err open_sockets(struct connection *connection)
{
    const struct client *client = connection->client;
    connection->opened_at_ms = clock_monotonic_ms();
    connection->socket = zmq_socket(client->zmq, ZMQ_DEALER);
    if (connection->socket == NULL) {
        return ERR_MEMORY;
    }
    enum err err = set_options(connection->socket) ? ERR_OK : ERR_NETWORK;
    err = err != ERR_OK
              ? err
              : transport_key_connect(client->key, client->hub.transport, connection->socket);
    err = err != ERR_OK ? err : watch(connection);
    if (err == ERR_OK && zmq_connect(connection->socket, client->endpoint) != 0) {
        err = ERR_NETWORK;
    }
    if (err != ERR_OK) {
        close_sockets(connection);
    }
    return err;
}

enum err connection_open(const struct client *client, int stop_fd,
                         struct connection **ret_connection)
{
    AUTO(connection_close) struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return ERR_MEMORY;
    }
    connection->client = client;
    connection->stop_fd = stop_fd;
    zmq_msg_init(&connection->answer);
    enum err err = open_sockets(connection);
    if (err == ERR_OK) {
        *ret_connection = STEAL(connection);
    }
    return err;
}

void connection_close(struct connection **connection)
{
    if (*connection == NULL) {
        return;
    }
    close_sockets(*connection);
    zmq_msg_close(&(*connection)->answer);
    free(*connection);
    *connection = NULL;
}

/* ---- the monitor ---- */

/* Another hub, or none, breaks off at once; what takes long is a line that swallows or crawls. */
static enum trouble broken_off(const struct connection *connection)
{
    bool is_late = clock_monotonic_ms() - connection->opened_at_ms >= SWALLOWED_MS;
    return is_late ? TROUBLE_UNREACHED : TROUBLE_HANDSHAKE;
}

static void note(struct connection *connection, uint16_t event)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        connection->is_ready = true;
        connection->trouble = TROUBLE_NONE;
        return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        connection->trouble = TROUBLE_KEY_REFUSED;
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        connection->trouble = connection->trouble == TROUBLE_KEY_REFUSED ? TROUBLE_KEY_REFUSED
                                                                         : broken_off(connection);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        connection->trouble =
            connection->trouble == TROUBLE_NONE ? TROUBLE_LOST : connection->trouble;
        break;
    case ZMQ_EVENT_CLOSED:
    case ZMQ_EVENT_CONNECT_RETRIED: /* all there is where the name is not resolved */
        connection->trouble =
            connection->trouble == TROUBLE_NONE ? TROUBLE_UNREACHED : connection->trouble;
        break;
    default:
        return;
    }
    connection->is_ready = false;
}

/* Takes in what the monitor has to say; does not block. Two frames an event: number and value, then
 * the address. */
static void listen_to_monitor(struct connection *connection)
{
    for (;;) {
        uint8_t event[6] = {0};
        char address[256];
        uint16_t number = 0;
        if (zmq_recv(connection->monitor, event, sizeof event, ZMQ_DONTWAIT) < 0) {
            return;
        }
        (void)zmq_recv(connection->monitor, address, sizeof address, ZMQ_DONTWAIT);
        memcpy(&number, event, sizeof number); /* in this machine's order */
        note(connection, number);
    }
}

bool connection_is_ready(const struct connection *connection)
{
    return connection->is_ready;
}

/* Polls once. ERR_TIMEOUT: stop_fd became readable, or the time is up. */
static enum err poll_once(struct connection *connection, int64_t deadline_ms, bool *ret_is_input)
{
    zmq_pollitem_t items[] = {
        {.socket = connection->socket, .events = ZMQ_POLLIN},
        {.socket = connection->monitor, .events = ZMQ_POLLIN},
        {.fd = connection->stop_fd, .events = ZMQ_POLLIN},
    };
    int64_t left_ms = deadline_ms - clock_monotonic_ms();
    if (left_ms < 0) {
        left_ms = 0;
    }
    int ready = zmq_poll(items, connection->stop_fd >= 0 ? 3 : 2, (long)left_ms);
    listen_to_monitor(connection);
    *ret_is_input = ready > 0 && (items[0].revents & ZMQ_POLLIN) != 0;
    bool is_stopped = ready > 0 && connection->stop_fd >= 0 && (items[2].revents & ZMQ_POLLIN) != 0;
    return is_stopped || (ready <= 0 && clock_monotonic_ms() >= deadline_ms) ? ERR_TIMEOUT : ERR_OK;
}

enum err connection_wait(struct connection *connection, int64_t wait_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
    bool is_input = false;
    listen_to_monitor(connection);
    while (!connection->is_ready) {
        if (connection->trouble != TROUBLE_NONE) {
            return ERR_NETWORK;
        }
        enum err err = poll_once(connection, deadline_ms, &is_input);
        if (err != ERR_OK) {
            return connection->is_ready ? ERR_OK : err;
        }
    }
    return ERR_OK;
}

enum err connection_send(struct connection *connection, struct bytes frame)
{
    return zmq_send(connection->socket, frame.data, frame.size, ZMQ_DONTWAIT) < 0 ? ERR_NETWORK
                                                                                  : ERR_OK;
}

enum err connection_receive(struct connection *connection, int64_t wait_ms, struct bytes *ret_frame)
{
    int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
    bool is_input = false;
    for (;;) {
        enum err err = poll_once(connection, deadline_ms, &is_input);
        if (is_input) {
            zmq_msg_close(&connection->answer);
            zmq_msg_init(&connection->answer);
            if (zmq_msg_recv(&connection->answer, connection->socket, ZMQ_DONTWAIT) >= 0) {
                connection->failures = 0;
                *ret_frame =
                    bytes_of(zmq_msg_data(&connection->answer), zmq_msg_size(&connection->answer));
                return ERR_OK;
            }
        }
        if (!connection->is_ready) {
            return ERR_NETWORK;
        }
        if (err != ERR_OK) {
            return err;
        }
    }
}

/* ---- failing, and trying again ---- */

static void wait_out(const struct connection *connection, int64_t wait_ms)
{
    struct pollfd stop = {.fd = connection->stop_fd, .events = POLLIN};
    (void)poll(&stop, connection->stop_fd >= 0 ? 1 : 0, (int)wait_ms);
}

enum err connection_pause(struct connection *connection, int64_t wait_ms)
{
    wait_out(connection, wait_ms);
    listen_to_monitor(connection);
    return ERR_OK;
}

enum err connection_renew(struct connection *connection)
{
    int64_t most_ms = BACK_OFF_BASE_MS;
    for (unsigned i = 0; i < connection->failures && most_ms < BACK_OFF_MAX_MS; i++) {
        most_ms *= 2;
    }
    most_ms = most_ms < BACK_OFF_MAX_MS ? most_ms : BACK_OFF_MAX_MS;
    connection->failures++;
    close_sockets(connection);
    connection->trouble = TROUBLE_NONE;
    wait_out(connection, randombytes_uniform((uint32_t)most_ms));
    return open_sockets(connection);
}

/* Host and port of tcp://HOST:PORT or tcp://[HOST]:PORT. */
static bool split(const char *endpoint, char host[static 256], char port[static 8])
{
    const char *begin = endpoint + strlen("tcp://");
    const char *colon = strrchr(begin, ':');
    if (colon == NULL || strlen(colon + 1) > 7) {
        return false;
    }
    const char *end = colon;
    if (*begin == '[' && end[-1] == ']') {
        begin++;
        end--;
    }
    if (end - begin > 255) {
        return false;
    }
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

/* errno of a plain TCP connection, or 0. */
static int try_address(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int error = 0;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        error = errno;
        struct pollfd item = {.fd = fd, .events = POLLOUT};
        if (error == EINPROGRESS) {
            socklen_t size = sizeof error;
            error = poll(&item, 1, TRY_TCP_MS) > 0 ? 0 : ETIMEDOUT;
            if (error == 0) {
                (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
            }
        }
    }
    close(fd);
    return error;
}

static enum err why_unreached(const char *endpoint, struct complaint *complaint)
{
    char host[256];
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    if (!split(endpoint, host, port)) {
        return complain(complaint, ERR_NETWORK, "%s is no address.", endpoint);
    }
    int code = getaddrinfo(host, port, &hints, &addresses);
    if (code != 0) {
        return complain(complaint, ERR_NETWORK,
                        "The name %s cannot be resolved (%s). Is the network up, and is the "
                        "endpoint in the configuration right?",
                        host, gai_strerror(code));
    }
    int error = try_address(addresses);
    freeaddrinfo(addresses);
    if (error == ECONNREFUSED) {
        return complain(complaint, ERR_NETWORK,
                        "%s refuses connections: is the hub running, and is the port right?",
                        endpoint);
    }
    if (error != 0) {
        return complain(complaint, ERR_NETWORK,
                        "%s cannot be reached (%s). Is the network up, and does a firewall let it "
                        "through?",
                        endpoint, strerror(error));
    }
    return complain(complaint, ERR_NETWORK,
                    "%s takes connections but does not answer. Is it the hub's port for this "
                    "program?",
                    endpoint);
}

bool connection_is_hopeless(const struct connection *connection)
{
    return connection->trouble == TROUBLE_KEY_REFUSED ||
           (connection->trouble == TROUBLE_HANDSHAKE &&
            connection->failures >= HANDSHAKES_TRIED - 1);
}

enum err connection_why(struct connection *connection, struct complaint *complaint)
{
    listen_to_monitor(connection);
    const char *endpoint = connection->client->endpoint;
    switch (connection->trouble) {
    case TROUBLE_KEY_REFUSED:
        return complain(complaint, ERR_NETWORK,
                        "The hub at %s does not know this program's transport key, or it was "
                        "revoked. Ask the hub's operator to add it (the line that `init` printed).",
                        endpoint);
    case TROUBLE_HANDSHAKE:
        return complain(complaint, ERR_NETWORK,
                        "%s breaks off the handshake: either hub.pub is of another hub, or this is "
                        "no hub's port. Compare hub.pub with the operator's.",
                        endpoint);
    case TROUBLE_LOST:
        return complain(complaint, ERR_NETWORK, "The connection to %s was lost.", endpoint);
    case TROUBLE_NONE:
        return connection->is_ready
                   ? complain(complaint, ERR_NETWORK,
                              "The hub at %s did not answer in time: the line is slow, or swallows "
                              "what is sent.",
                              endpoint)
                   : why_unreached(endpoint, complaint);
    case TROUBLE_UNREACHED:
    default:
        return why_unreached(endpoint, complaint);
    }
}

static enum err ask_once(struct connection *connection, struct bytes request,
                         struct bytes *ret_frame)
{
    enum err err = connection_wait(connection, CONNECT_WAIT_MS);
    err = err != ERR_OK ? err : connection_send(connection, request);
    return err != ERR_OK ? err : connection_receive(connection, PACE_ANSWER_MS, ret_frame);
}

enum err connection_ask(struct connection *connection, struct bytes request, int64_t deadline_ms,
                        struct complaint *complaint, struct bytes *ret_frame)
{
    for (;;) {
        enum err err = ask_once(connection, request, ret_frame);
        if (err == ERR_OK) {
            return ERR_OK;
        }
        struct pollfd stop = {.fd = connection->stop_fd, .events = POLLIN};
        bool is_stopped = connection->stop_fd >= 0 && poll(&stop, 1, 0) > 0;
        if (is_stopped) {
            return complain(complaint, ERR_TIMEOUT, "Stopped before the hub had answered.");
        }
        if (clock_monotonic_ms() >= deadline_ms || connection_is_hopeless(connection)) {
            return connection_why(connection, complaint);
        }
        err = connection_renew(connection);
        if (err != ERR_OK) {
            return complain(complaint, err, "No socket can be made for %s.",
                            connection->client->endpoint);
        }
    }
}
