/* Many connections at once, to a hub or to a bare CURVE ROUTER that answers each message:
 *
 *   crowd hub HUB_PUB INGEST KEYS ADMIN COUNT
 *   crowd bare COUNT
 *
 * COUNT connections are spread over processes, since each takes three descriptors. At each line on
 * stdin so many of them as it says are opened at once, those there were having been closed; when
 * every one has heard the answer to its first message (HELLO), it prints seconds= and connected=
 * and holds them until the next line. Ends with its stdin. With the hub, they have the keys of
 * institutions in KEYS, which are enrolled at ADMIN ("-": they are already). */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/clock.h"
#include "conf/hub_pub.h"
#include "tests/sim/raw.h"
#include "tests/sim/shots.h"

#define PROCESSES_MAX 16
#define EACH_MAX      2500 /* connections of a process */
#define KEYS_COUNT    64
#define PATIENCE_MS   300000

struct crowd {
    struct hub_identity hub;
    char endpoint[256];
    struct shooter *keys;
    struct complaint complaint;
};

struct worker {
    pid_t pid;
    int order_fd;
    int done_fd;
};

static void must(bool is_ok, const char *what)
{
    if (!is_ok) {
        fprintf(stderr, "crowd: %s failed\n", what);
        exit(1);
    }
}

/* ---- the bare server ---- */

static void answer_all(void *socket)
{
    char id[256];
    zmq_msg_t message;
    zmq_msg_init(&message);
    for (;;) {
        int size = zmq_recv(socket, id, sizeof id, 0);
        if (size >= 0 && zmq_msg_recv(&message, socket, 0) >= 0) {
            zmq_send(socket, id, (size_t)size, ZMQ_SNDMORE);
            zmq_send(socket, "answer", 6, 0);
        }
    }
}

/* In a process of its own; its endpoint and key come through a pipe. */
static void serve_bare(struct crowd *crowd)
{
    int pipe_fds[2];
    char public[41];
    char secret[41];
    must(pipe(pipe_fds) == 0 && zmq_curve_keypair(public, secret) == 0 &&
             zmq_z85_decode(crowd->hub.transport, public) != NULL,
         "the server's key");
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        size_t size = sizeof crowd->endpoint;
        int backlog = 1024;
        int yes = 1;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        void *context = zmq_ctx_new();
        zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 64);
        zmq_ctx_set(context, ZMQ_IO_THREADS, 2); /* as the hub has */
        void *socket = zmq_socket(context, ZMQ_ROUTER);
        must(socket != NULL && zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0 &&
                 zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, sizeof secret) == 0,
             "server"); /* nobody is asked whether a key is known */
        zmq_setsockopt(socket, ZMQ_BACKLOG, &backlog, sizeof backlog);
        must(zmq_bind(socket, "tcp://127.0.0.1:*") == 0, "bind");
        must(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, crowd->endpoint, &size) == 0, "endpoint");
        must(write(pipe_fds[1], crowd->endpoint, sizeof crowd->endpoint) > 0, "pipe");
        answer_all(socket);
    }
    must(read(pipe_fds[0], crowd->endpoint, sizeof crowd->endpoint) > 0, "the server");
}

/* ---- a worker ---- */

static bool hears(struct raw *raw)
{
    uint8_t frame[4096];
    return zmq_recv(raw_socket(raw), frame, sizeof frame, ZMQ_DONTWAIT) >= 0;
}

static size_t open_all(const struct crowd *crowd, void *context, struct raw **raws, size_t count)
{
    static zmq_pollitem_t items[EACH_MAX];
    static struct raw *of_item[EACH_MAX];
    size_t waiting = count;
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
    for (size_t i = 0; i < count; i++) {
        must(raw_open(context, crowd->endpoint, crowd->keys[i % KEYS_COUNT].transport_key,
                      &crowd->hub, &raws[i]) == ERR_OK &&
                 raw_hello(raws[i]) == ERR_OK,
             "a connection");
        items[i] = (zmq_pollitem_t){.socket = raw_socket(raws[i]), .events = ZMQ_POLLIN};
        of_item[i] = raws[i];
    }
    while (waiting > 0 && clock_monotonic_ms() < until_ms) {
        zmq_poll(items, (int)waiting, 100);
        for (size_t i = waiting; i-- > 0;) {
            if ((items[i].revents & ZMQ_POLLIN) != 0 && hears(of_item[i])) {
                waiting--;
                items[i] = items[waiting];
                of_item[i] = of_item[waiting];
            }
        }
    }
    return count - waiting;
}

static void work(const struct crowd *crowd, int order_fd, int done_fd)
{
    static struct raw *raws[EACH_MAX];
    size_t count = 0;
    size_t open = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *context = zmq_ctx_new();
    must(context != NULL && zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 2 * EACH_MAX) == 0, "context");
    while (read(order_fd, &count, sizeof count) == sizeof count) {
        for (size_t i = 0; i < open; i++) {
            raw_close(&raws[i]);
        }
        open = count;
        size_t connected = open_all(crowd, context, raws, count);
        must(write(done_fd, &connected, sizeof connected) > 0, "pipe");
    }
    _exit(0);
}

static size_t start_workers(const struct crowd *crowd, size_t count, struct worker *workers)
{
    size_t processes = (count + EACH_MAX - 1) / EACH_MAX;
    must(processes > 0 && processes <= PROCESSES_MAX, "so many connections");
    for (size_t i = 0; i < processes; i++) {
        int order[2];
        int done[2];
        must(pipe(order) == 0 && pipe(done) == 0, "pipe");
        workers[i].pid = fork();
        must(workers[i].pid >= 0, "fork");
        if (workers[i].pid == 0) {
            close(order[1]);
            for (size_t k = 0; k < i; k++) {
                close(workers[k].order_fd);
            }
            work(crowd, order[0], done[1]);
        }
        close(order[0]);
        close(done[1]);
        workers[i].order_fd = order[1];
        workers[i].done_fd = done[0];
    }
    return processes;
}

static void connect_once(const struct worker *workers, size_t processes, size_t count)
{
    size_t all = 0;
    int64_t began_us = clock_boot_us();
    for (size_t i = 0; i < processes; i++) {
        size_t part = count * (i + 1) / processes - count * i / processes;
        must(write(workers[i].order_fd, &part, sizeof part) > 0, "pipe");
    }
    for (size_t i = 0; i < processes; i++) {
        size_t connected = 0;
        must(read(workers[i].done_fd, &connected, sizeof connected) > 0, "a worker");
        all += connected;
    }
    printf("seconds=%.3f connected=%zu\n", (double)(clock_boot_us() - began_us) / 1e6, all);
}

static enum err prepare(struct crowd *crowd, int argc, char **argv)
{
    bool is_hub = argc == 7 && strcmp(argv[1], "hub") == 0;
    if (!is_hub) {
        serve_bare(crowd);
        enum err err = ERR_OK;
        crowd->keys = calloc(KEYS_COUNT, sizeof *crowd->keys);
        for (size_t i = 0; crowd->keys != NULL && err == ERR_OK && i < KEYS_COUNT; i++) {
            err = transport_key_make(&crowd->keys[i].transport_key);
        }
        return crowd->keys == NULL ? ERR_MEMORY : err;
    }
    (void)snprintf(crowd->endpoint, sizeof crowd->endpoint, "%s", argv[3]);
    enum err err = hub_pub_read(argv[2], &crowd->complaint, &crowd->hub);
    err = err != ERR_OK ? err
                        : shooters_open(argv[4], KEYS_COUNT, true, &crowd->complaint, &crowd->keys);
    return err != ERR_OK || argv[5][0] == '-'
               ? err
               : shooters_enrol(argv[5], crowd->keys, KEYS_COUNT, KEYS_COUNT, &crowd->complaint);
}

int main(int argc, char **argv)
{
    static struct crowd crowd;
    struct worker workers[PROCESSES_MAX];
    struct rlimit files;
    char line[64];
    if (argc != 3 && argc != 7) {
        fprintf(stderr, "usage: see the head of tests/bench/crowd.c\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    must(getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit");
    files.rlim_cur = files.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &files) == 0 && keys_init() == ERR_OK, "setrlimit");
    if (prepare(&crowd, argc, argv) != ERR_OK) {
        fprintf(stderr, "crowd: %s\n", crowd.complaint.text);
        return 1;
    }
    size_t processes = start_workers(&crowd, strtoul(argv[argc - 1], NULL, 10), workers);
    puts("ready");
    while (fgets(line, sizeof line, stdin) != NULL) {
        connect_once(workers, processes, strtoul(line, NULL, 10));
    }
    return 0;
}
