/* ZAP fails closed: whatever happens to the handler, nobody comes in whom it did not let in. The
 * door is the hub's own; the handler is played here. */
#include "tests/unit/hub/hub_support.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "hub/zap.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define QUIET_MS     400   /* nobody came in */
#define PATIENCE_MS  20000 /* for what must come */

struct entrance {
    void *zmq;
    void *handler; /* NULL: none is bound */
    void *client;
    void *monitor;
    struct counters counters;
    struct transport_key *hub_key;
    struct transport_key *client_key;
    struct door *door;
};

static void open_entrance(struct entrance *entrance, bool has_handler)
{
    char endpoint[128];
    size_t size = sizeof endpoint;
    int no_linger = 0;
    struct complaint complaint = {{0}};
    *entrance = (struct entrance){.zmq = zmq_ctx_new()};
    OK(transport_key_make(&entrance->hub_key));
    OK(transport_key_make(&entrance->client_key));
    if (has_handler) {
        entrance->handler = zmq_socket(entrance->zmq, ZMQ_ROUTER);
        zmq_setsockopt(entrance->handler, ZMQ_LINGER, &no_linger, sizeof no_linger);
        assert_int_equal(zmq_bind(entrance->handler, ZAP_ENDPOINT), 0);
    }
    struct door_options options = {
        .endpoint = "tcp://127.0.0.1:*",
        .domain = "ingest",
        .key = entrance->hub_key,
        .request_max = REQUEST_MAX,
        .counters = &entrance->counters,
        .receive_hwm = 8,
        .send_hwm = 8,
    };
    OK(door_open(entrance->zmq, &options, &complaint, &entrance->door));
    assert_int_equal(
        zmq_getsockopt(door_socket(entrance->door), ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    entrance->client = zmq_socket(entrance->zmq, ZMQ_DEALER);
    zmq_setsockopt(entrance->client, ZMQ_LINGER, &no_linger, sizeof no_linger);
    OK(transport_key_connect(entrance->client_key, transport_key_public(entrance->hub_key),
                             entrance->client));
    zmq_socket_monitor(entrance->client, "inproc://events", ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    entrance->monitor = zmq_socket(entrance->zmq, ZMQ_PAIR);
    zmq_connect(entrance->monitor, "inproc://events");
    assert_int_equal(zmq_connect(entrance->client, endpoint), 0);
}

static void close_entrance(struct entrance *entrance)
{
    zmq_socket_monitor(entrance->client, NULL, 0);
    zmq_close(entrance->monitor);
    zmq_close(entrance->client);
    if (entrance->handler != NULL) {
        zmq_close(entrance->handler);
    }
    door_close(&entrance->door);
    zmq_ctx_term(entrance->zmq);
    transport_key_close(&entrance->hub_key);
    transport_key_close(&entrance->client_key);
}

static bool comes_in(struct entrance *entrance, long wait_ms)
{
    zmq_pollitem_t item = {.socket = entrance->monitor, .events = ZMQ_POLLIN};
    return zmq_poll(&item, 1, wait_ms) > 0;
}

/* One request of ZAP: the frames that lead back, and its id. */
struct request {
    zmq_msg_t frames[16];
    int count;
};

static void hear(struct entrance *entrance, struct request *request)
{
    zmq_pollitem_t item = {.socket = entrance->handler, .events = ZMQ_POLLIN};
    assert_true(zmq_poll(&item, 1, PATIENCE_MS) > 0);
    request->count = 0;
    do {
        assert_true(request->count < 16);
        zmq_msg_init(&request->frames[request->count]);
        assert_true(zmq_msg_recv(&request->frames[request->count], entrance->handler, 0) >= 0);
    } while (zmq_msg_more(&request->frames[request->count++]));
    assert_int_equal(request->count, 2 + 7); /* id, delimiter; version to key */
    assert_int_equal(zmq_msg_size(&request->frames[2 + 2]), strlen("ingest"));
    assert_memory_equal(zmq_msg_data(&request->frames[2 + 2]), "ingest", strlen("ingest"));
}

/* fields: up to "", of which NULL stands for the id of the request. */
static void say(struct entrance *entrance, struct request *request, const char *const fields[],
                size_t count)
{
    zmq_msg_send(&request->frames[0], entrance->handler, ZMQ_SNDMORE);
    zmq_msg_send(&request->frames[1], entrance->handler, ZMQ_SNDMORE);
    for (size_t i = 0; i < count; i++) {
        int more = i + 1 < count ? ZMQ_SNDMORE : 0;
        if (fields[i] == NULL) {
            zmq_send(entrance->handler, zmq_msg_data(&request->frames[3]),
                     zmq_msg_size(&request->frames[3]), more);
        } else {
            zmq_send(entrance->handler, fields[i], strlen(fields[i]), more);
        }
    }
    for (int i = 2; i < request->count; i++) {
        zmq_msg_close(&request->frames[i]);
    }
}

/* ---- the door ---- */

static void without_a_handler_nobody_comes_in(void **state)
{
    (void)state;
    struct entrance entrance;
    open_entrance(&entrance, false);
    assert_false(comes_in(&entrance, QUIET_MS));
    close_entrance(&entrance);
}

static void while_the_handler_is_silent_nobody_comes_in(void **state)
{
    (void)state;
    const char *const yes[] = {"1.0", NULL, "200", "OK", "user", ""};
    struct entrance entrance;
    struct request request;
    open_entrance(&entrance, true);
    hear(&entrance, &request);
    assert_false(comes_in(&entrance, QUIET_MS));
    say(&entrance, &request, yes, 6); /* it was this that was waited for */
    assert_true(comes_in(&entrance, PATIENCE_MS));
    close_entrance(&entrance);
}

static void when_the_handler_ends_in_the_middle_nobody_comes_in(void **state)
{
    (void)state;
    struct entrance entrance;
    struct request request;
    open_entrance(&entrance, true);
    hear(&entrance, &request);
    for (int i = 0; i < request.count; i++) {
        zmq_msg_close(&request.frames[i]);
    }
    zmq_close(entrance.handler);
    entrance.handler = NULL;
    assert_false(comes_in(&entrance, QUIET_MS));
    close_entrance(&entrance);
}

static void whatever_is_no_plain_yes_lets_nobody_in(void **state)
{
    (void)state;
    static const struct {
        const char *fields[6];
        size_t count;
    } answers[] = {
        {{"1.0", NULL, "400", "no", "user", ""}, 6},  {{"1.0", NULL, "300", "later", "", ""}, 6},
        {{"1.0", NULL, "500", "broken", "", ""}, 6},  {{"2.0", NULL, "200", "OK", "user", ""}, 6},
        {{"1.0", "x", "200", "OK", "user", ""}, 6},   {{"1.0", NULL, "20", "OK", "user", ""}, 6},
        {{"1.0", NULL, "2000", "OK", "user", ""}, 6}, {{"1.0", NULL, "200", "OK", "user"}, 5},
        {{"1.0", NULL, "999", "OK", "user", ""}, 6},  {{"", "", "", "", "", ""}, 6},
        {{"1.0", NULL, "100", "OK", "user", ""}, 6},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct entrance entrance;
        struct request request;
        open_entrance(&entrance, true);
        hear(&entrance, &request);
        say(&entrance, &request, answers[i].fields, answers[i].count);
        assert_false(comes_in(&entrance, QUIET_MS / 4));
        close_entrance(&entrance);
    }
}

/* Without a domain libzmq would let in whoever knows the hub's public key. */
static void a_door_without_a_domain_is_never_opened(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct transport_key *key = NULL;
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO); /* the assertion says so there */
        void *socket = zmq_socket(zmq_ctx_new(), ZMQ_ROUTER);
        _exit(transport_key_make(&key) == ERR_OK && transport_key_serve(key, "", socket) == ERR_OK);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- the decision ---- */

static void only_a_key_in_force_comes_in_and_only_by_its_doors(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    uint8_t member[PUBLIC_KEY_BYTES];
    uint8_t stranger[PUBLIC_KEY_BYTES];
    (void)state;
    assert_non_null(bench);
    bench_open(bench);
    bench_member(bench, "A-1", 1, 11);
    memset(member, 11, sizeof member);
    memset(stranger, 12, sizeof stranger);
    const struct registry *registry = writer_registry(bench->writer);
    const char *const doors[] = {"ingest", "feed", "query"};
    const char *const others[] = {"", "admin", "INGEST", "ingest ", "ingestion", "enrol"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(zap_allows(registry, doors[i], member, bench->now_us));
        assert_false(zap_allows(registry, doors[i], stranger, bench->now_us));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(zap_allows(registry, others[i], member, bench->now_us));
    }
    bench_close(bench);
    free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_handler_nobody_comes_in),
        cmocka_unit_test(while_the_handler_is_silent_nobody_comes_in),
        cmocka_unit_test(when_the_handler_ends_in_the_middle_nobody_comes_in),
        cmocka_unit_test(whatever_is_no_plain_yes_lets_nobody_in),
        cmocka_unit_test(a_door_without_a_domain_is_never_opened),
        cmocka_unit_test(only_a_key_in_force_comes_in_and_only_by_its_doors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
