#include "hub/zap.h"

#include <string.h>
#include <zmq.h>

#include "conf/log.h"

#define ZAP_ENDPOINT    "inproc://zeromq.zap.01"
#define FRAMES_MAX      8
#define FRAME_BYTES_MAX 256

enum {
    FRAME_VERSION,
    FRAME_REQUEST,
    FRAME_DOMAIN,
    FRAME_ADDRESS,
    FRAME_IDENTITY,
    FRAME_MECHANISM,
    FRAME_KEY,
    FRAMES
};

struct zap_request {
    uint8_t frames[FRAMES_MAX][FRAME_BYTES_MAX];
    size_t sizes[FRAMES_MAX];
    size_t count;
};

bool zap_allows(const struct registry *registry, const char *domain,
                const uint8_t key[static PUBLIC_KEY_BYTES], int64_t now_us)
{
    const struct party *const *parties = NULL;
    size_t count = 0;
    bool is_ingest = strcmp(domain, "ingest") == 0;
    if (!is_ingest && strcmp(domain, "feed") != 0 && strcmp(domain, "query") != 0) {
        return false;
    }
    if (registry_by_transport(registry, key, now_us, &parties, &count) != ERR_OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_ingest || parties[i]->role == ROLE_MEMBER) {
            return true;
        }
    }
    return false;
}

/* All frames of one request; those too many or too long are read and spoil it. */
static bool receive_request(void *socket, struct zap_request *request)
{
    bool is_good = true;
    int more = 1;
    request->count = 0;
    while (more) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, socket, 0) < 0) {
            zmq_msg_close(&frame);
            return false;
        }
        size_t size = zmq_msg_size(&frame);
        if (request->count < FRAMES_MAX && size < FRAME_BYTES_MAX) {
            memcpy(request->frames[request->count], zmq_msg_data(&frame), size);
            request->frames[request->count][size] = 0;
            request->sizes[request->count++] = size;
        } else {
            is_good = false;
        }
        more = zmq_msg_more(&frame);
        zmq_msg_close(&frame);
    }
    return is_good;
}

static bool decide(struct hub *hub, const struct zap_request *request)
{
    if (request->count != FRAMES ||
        strcmp((const char *)request->frames[FRAME_VERSION], "1.0") != 0 ||
        strcmp((const char *)request->frames[FRAME_MECHANISM], "CURVE") != 0 ||
        request->sizes[FRAME_KEY] != PUBLIC_KEY_BYTES) {
        return false;
    }
    const struct registry *registry = roster_take(hub->roster);
    bool is_allowed = zap_allows(registry, (const char *)request->frames[FRAME_DOMAIN],
                                 request->frames[FRAME_KEY], hub_clock_now_us(hub->clock));
    roster_give(hub->roster, registry);
    return is_allowed;
}

static void answer(void *socket, const struct zap_request *request, bool is_allowed)
{
    char user[Z85_KEY_CHARS + 1] = "";
    if (is_allowed) {
        transport_key_z85(request->frames[FRAME_KEY], user);
    }
    const char *code = is_allowed ? "200" : "400";
    const char *text = is_allowed ? "OK" : "key not known here, or not in force";
    zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
    zmq_send(socket, request->frames[FRAME_REQUEST],
             request->count > FRAME_REQUEST ? request->sizes[FRAME_REQUEST] : 0, ZMQ_SNDMORE);
    zmq_send(socket, code, 3, ZMQ_SNDMORE);
    zmq_send(socket, text, strlen(text), ZMQ_SNDMORE);
    zmq_send(socket, user, strlen(user), ZMQ_SNDMORE);
    zmq_send(socket, "", 0, 0);
}

enum err zap_bind(struct hub *hub, void **ret_socket)
{
    int no_linger = 0;
    void *socket = zmq_socket(hub->zmq, ZMQ_REP);
    if (socket == NULL || zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof no_linger) != 0 ||
        zmq_bind(socket, ZAP_ENDPOINT) != 0) {
        if (socket != NULL) {
            zmq_close(socket);
        }
        return ERR_NETWORK;
    }
    *ret_socket = socket;
    return ERR_OK;
}

void *zap_run(void *argument)
{
    struct zap_thread *thread = argument;
    struct hub *hub = thread->hub;
    zmq_pollitem_t items[] = {
        {.socket = thread->socket, .events = ZMQ_POLLIN},
        {.fd = hub->stop_fd, .events = ZMQ_POLLIN},
    };
    struct zap_request request;
    while (!hub->is_stopping) {
        if (zmq_poll(items, 2, 1000) <= 0 || !(items[0].revents & ZMQ_POLLIN)) {
            continue;
        }
        bool is_allowed = receive_request(thread->socket, &request) && decide(hub, &request);
        hub->counters.admitted += is_allowed;
        if (!is_allowed) {
            hub->counters.zap_refused++;
            log_event_limited(LOG_WARNING, "connection_refused", 10,
                              "text=\"a key that is not known here, or not in force\"");
        }
        answer(thread->socket, &request, is_allowed);
    }
    zmq_close(thread->socket);
    return NULL;
}
