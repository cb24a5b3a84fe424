/* The ingest door around its socket: what it takes in, and what it does not sleep over. Its source
 * is part of this test, since the step is its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hub/ingest_door.c"

#define OK(call) assert_int_equal((call), ERR_OK)
#define ODD      2500 /* of three frames: more than are dropped in one go */

struct scene {
    void *zmq;
    void *client;
    struct counters counters;
    struct ingest_door door;
    struct unit unit;
};

/* Within one process what was sent is there at once. */
static void open_scene(struct scene *scene)
{
    static const int none = 0;
    struct complaint complaint = {{0}};
    struct door_options options = {
        .endpoint = "inproc://ingest",
        .request_max = INGEST_REQUEST_MAX,
        .counters = &scene->counters,
    };
    scene->zmq = zmq_ctx_new();
    OK(door_open(scene->zmq, &options, &complaint, &scene->door.door));
    OK(door_fd(scene->door.door, &scene->door.socket_fd));
    scene->door.nudge_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_true(scene->door.nudge_fd >= 0);
    pthread_mutex_init(&scene->door.socket, NULL);
    scene->client = zmq_socket(scene->zmq, ZMQ_DEALER);
    zmq_setsockopt(scene->client, ZMQ_SNDHWM, &none, sizeof none);
    zmq_setsockopt(scene->client, ZMQ_LINGER, &none, sizeof none);
    assert_int_equal(zmq_connect(scene->client, options.endpoint), 0);
}

static void close_scene(struct scene *scene)
{
    zmq_close(scene->client);
    door_close(&scene->door.door);
    close(scene->door.nudge_fd);
    pthread_mutex_destroy(&scene->door.socket);
    buffer_close(&scene->unit.frames);
    zmq_ctx_term(scene->zmq);
}

static void send_frames(struct scene *scene, int count, const char *text)
{
    for (int i = 0; i < count; i++) {
        assert_true(zmq_send(scene->client, text, strlen(text), i + 1 < count ? ZMQ_SNDMORE : 0) >=
                    0);
    }
}

/* Would the thread that waits for the door be woken? Takes the sign in, as it does. */
static bool is_woken(struct scene *scene)
{
    struct pollfd item = {.fd = scene->door.nudge_fd, .events = POLLIN};
    eventfd_t told;
    return poll(&item, 1, 0) == 1 && eventfd_read(scene->door.nudge_fd, &told) == 0;
}

static void a_message_behind_thousands_of_odd_ones_is_not_slept_over(void **state)
{
    (void)state;
    static struct scene scene;
    open_scene(&scene);
    for (int i = 0; i < ODD; i++) {
        send_frames(&scene, 3, "odd");
    }
    send_frames(&scene, 1, "good");
    size_t fills = 1;
    for (fill(&scene.door, &scene.unit); scene.unit.count == 0; fill(&scene.door, &scene.unit)) {
        assert_true(is_woken(&scene)); /* else up to a second is slept here */
        fills++;
    }
    assert_true(fills > 1); /* others had their turn in between */
    assert_int_equal(scene.unit.count, 1);
    assert_true(bytes_equal(unit_frame(&scene.unit, 0), bytes_of("good", 4)));
    assert_int_equal(scene.counters.odd_frames, ODD);
    close_scene(&scene);
}

static void a_door_where_nothing_comes_sleeps(void **state)
{
    (void)state;
    static struct scene scene;
    open_scene(&scene);
    fill(&scene.door, &scene.unit);
    assert_int_equal(scene.unit.count, 0);
    assert_false(is_woken(&scene));
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_behind_thousands_of_odd_ones_is_not_slept_over),
        cmocka_unit_test(a_door_where_nothing_comes_sleeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
