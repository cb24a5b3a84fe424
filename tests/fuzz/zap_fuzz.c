/* ZAP requests, frame by frame through a real inproc socket: allowed is only a known key, by a door
 * that it may come in by, in a well-formed request; every other has "400". */
#include "tests/fuzz/chunks.h"

#include <errno.h>
#include <zmq.h>

/* libFuzzer's alarm, every 11 s, may interrupt a call of ZeroMQ in this thread; nothing has been
 * sent or taken then. The hub has no handler of any signal: conf/signals.c. */
static int send_again(void *socket, const void *data, size_t size, int flags)
{
    int rc;
    do {
        rc = zmq_send(socket, data, size, flags);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc;
}

static int recv_again(void *socket, void *data, size_t size, int flags)
{
    int rc;
    do {
        rc = zmq_recv(socket, data, size, flags);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc;
}

static int msg_recv_again(zmq_msg_t *frame, void *socket, int flags)
{
    int rc;
    do {
        rc = zmq_msg_recv(frame, socket, flags);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc;
}

#define zmq_send     send_again
#define zmq_recv     recv_again
#define zmq_msg_recv msg_recv_again
#include "hub/zap.c" /* its steps, with nothing else replaced: the loop around them is a thread's */

#define ENDPOINT "inproc://zap-fuzz"

static struct hub hub;
static void *server;
static void *client;
static uint8_t member[PUBLIC_KEY_BYTES];
static uint8_t regulator[PUBLIC_KEY_BYTES];

static void enrol(struct registry *registry, const char *id, int role, uint8_t *key)
{
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    uint8_t act_id[SHA256_BYTES];
    event.time_us = 5;
    event.nonce = pb_of_bytes(bytes_of("0123456789abcdef", 16));
    event.subject = (char *)(uintptr_t)id;
    party.has_role = 1;
    party.role = (Ihuriro__V1__PartyAct__Role)role;
    event.party = &party;
    sha256(bytes_of(id, strlen(id)), act_id);
    HOLD_OK(registry_apply(registry, &event, act_id));
    keys.has_transport_key = 1;
    keys.transport_key = pb_of_bytes(bytes_of(key, PUBLIC_KEY_BYTES));
    event.party = NULL;
    event.keys = &keys;
    act_id[0] ^= 1;
    HOLD_OK(registry_apply(registry, &event, act_id));
}

static void set_up(void)
{
    struct registry *registry = NULL;
    int no_linger = 0;
    if (server != NULL) {
        return;
    }
    memset(member, 'm', sizeof member);
    memset(regulator, 'r', sizeof regulator);
    HOLD_OK(registry_make(&registry));
    enrol(registry, "A-1", ROLE_MEMBER, member);
    enrol(registry, "BNR", ROLE_REGULATOR, regulator);
    HOLD_OK(registry_seal(registry));
    HOLD_OK(roster_make(registry, &hub.roster));
    HOLD_OK(hub_clock_make(false, 0, &hub.clock));
    hub.zmq = zmq_ctx_new();
    server = zmq_socket(hub.zmq, ZMQ_REP);
    client = zmq_socket(hub.zmq, ZMQ_DEALER);
    HOLD(server != NULL && client != NULL);
    HOLD(zmq_setsockopt(client, ZMQ_LINGER, &no_linger, sizeof no_linger) == 0);
    HOLD(zmq_bind(server, ENDPOINT) == 0 && zmq_connect(client, ENDPOINT) == 0);
}

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

/* What RFC 27 and the registry above say of it; a frame of 256 octets or more spoils it. */
static bool may_come(const struct chunks *frames)
{
    const struct bytes *items = frames->items;
    for (size_t i = 0; i < frames->count; i++) {
        if (items[i].size >= 256) {
            return false;
        }
    }
    if (frames->count != 7 || !is_text(items[0], "1.0") || !is_text(items[5], "CURVE")) {
        return false;
    }
    bool is_reading = is_text(items[2], "feed") || is_text(items[2], "query");
    bool is_member = bytes_equal(items[6], bytes_of(member, sizeof member));
    bool is_regulator = bytes_equal(items[6], bytes_of(regulator, sizeof regulator));
    return is_text(items[2], "ingest") ? is_member : is_reading && (is_member || is_regulator);
}

/* A text with a zero byte is the same text to a C program; it says no more than that text. */
static bool has_zero(const struct chunks *frames)
{
    for (size_t i = 0; i < frames->count; i++) {
        if (i != 6 && memchr(frames->items[i].data, 0, frames->items[i].size) != NULL) {
            return true;
        }
    }
    return false;
}

static size_t hear(char heard[6][256])
{
    size_t count = 0;
    int more = 1;
    size_t size = sizeof more;
    HOLD(zmq_recv(client, heard[0], 256, ZMQ_DONTWAIT) == 0); /* the delimiter */
    while (more) {
        HOLD(count < 6);
        int got = zmq_recv(client, heard[count], 255, ZMQ_DONTWAIT);
        HOLD(got >= 0 && got < 256);
        heard[count++][got] = '\0';
        HOLD(zmq_getsockopt(client, ZMQ_RCVMORE, &more, &size) == 0);
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chunks frames;
    struct zap_request request;
    char heard[6][256];
    set_up();
    chunks_split(bytes_of(data, size), &frames);
    if (frames.count == 0) {
        return 0;
    }
    HOLD(zmq_send(client, "", 0, ZMQ_SNDMORE) == 0);
    for (size_t i = 0; i < frames.count; i++) {
        HOLD(zmq_send(client, frames.items[i].data, frames.items[i].size,
                      i + 1 < frames.count ? ZMQ_SNDMORE : 0) >= 0);
    }
    bool is_allowed = receive_request(server, &request) && decide(&hub, &request);
    answer(server, &request, is_allowed);
    HOLD(hear(heard) == 6);
    HOLD(is_allowed == (strcmp(heard[2], "200") == 0));
    HOLD(is_allowed == may_come(&frames) || (is_allowed && has_zero(&frames)));
    uint8_t user[PUBLIC_KEY_BYTES];
    HOLD(!is_allowed || (transport_key_parse(heard[4], user) == ERR_OK &&
                         memcmp(user, frames.items[6].data, sizeof user) == 0));
    HOLD(is_allowed || heard[4][0] == '\0');
    return 0;
}

static void fuzz_seeds(void)
{
    static const char *const domains[] = {"ingest", "feed", "query", "admin", ""};
    set_up();
    for (size_t i = 0; i < 10; i++) {
        AUTO(buffer_close) struct buffer seed = {0};
        char name[16];
        const char *const texts[] = {"1.0", "1", domains[i / 2], "127.0.0.1", "", "CURVE"};
        for (size_t k = 0; k < 6; k++) {
            put_chunk(&seed, bytes_of(texts[k], strlen(texts[k])));
        }
        put_chunk(&seed, bytes_of(i % 2 == 0 ? member : regulator, PUBLIC_KEY_BYTES));
        (void)snprintf(name, sizeof name, "request-%zu", i);
        fuzz_seed(name, buffer_bytes(&seed));
    }
}
