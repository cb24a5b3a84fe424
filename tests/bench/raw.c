/* Raw limits, each measured alone in the same run as what is compared with them:
 *
 *   raw echo CLIENTS WINDOW BYTES ANSWER SECONDS
 *                              bare CURVE ROUTER that answers each message with ANSWER bytes, both
 *                              ends in this process, each with a context of its own
 *   raw fanout READERS FRAME_BYTES SECONDS N
 *                              the same with answers of so many bytes, each counted as N records
 *   raw verify SECONDS         Ed25519 verifications, one thread
 *   raw sign SECONDS           Ed25519 signatures
 *   raw append BATCH BYTES SECONDS FOLDER
 *                              LMDB: BATCH appends of BYTES, one durable commit
 *   raw scan STORE PERIOD      LMDB: the reports of a period by the index, every byte of them read
 *   raw sync SECONDS FOLDER    write + fdatasync of 4 KiB at the end of a file
 *
 * Prints name=value lines: per_s, cpu_us (processor time an item, both ends together); of sync
 * p50_us, of scan rows and seconds (the best of ten). */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/envelope.h"
#include "proto/period.h"
#include "storage/journal.h"

#define CLIENTS_MAX 1024

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void must(bool is_ok, const char *what)
{
    if (!is_ok) {
        fprintf(stderr, "raw: %s failed\n", what);
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(double items, double seconds, double cpu)
{
    printf("per_s=%.0f cpu_us=%.2f\n", items / seconds, cpu * 1e6 / items);
}

/* ---- CURVE ---- */

struct server {
    void *context;
    char public_key[41];
    char endpoint[200];
    size_t answer_bytes;
    atomic_bool is_ready;
    atomic_bool is_over;
};

static void *serve(void *argument)
{
    struct server *server = argument;
    char *answer = calloc(1, server->answer_bytes);
    char id[256];
    int wait_ms = 200;
    int one = 1;
    void *socket = zmq_socket(server->context, ZMQ_ROUTER);
    must(answer != NULL && socket != NULL, "server");
    /* CURVE without ZAP, since nobody binds its handler here: what is measured is the cipher and
     * the sockets. */
    char secret[41];
    zmq_curve_keypair(server->public_key, secret);
    zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &one, sizeof one);
    must(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, 41) == 0, "server key");
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    must(zmq_bind(socket, "tcp://127.0.0.1:*") == 0, "bind");
    size_t size = sizeof server->endpoint;
    must(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, server->endpoint, &size) == 0, "endpoint");
    server->is_ready = true;
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (!server->is_over) {
        int id_size = zmq_recv(socket, id, sizeof id, 0);
        if (id_size < 0 || zmq_msg_recv(&message, socket, 0) < 0) {
            continue;
        }
        zmq_send(socket, id, (size_t)id_size, ZMQ_SNDMORE);
        zmq_send(socket, answer, server->answer_bytes, 0);
    }
    zmq_msg_close(&message);
    zmq_close(socket);
    free(answer);
    return NULL;
}

static void *connect_client(void *context, const char *server_public, const char *endpoint)
{
    char secret[41];
    char public[41];
    void *socket = zmq_socket(context, ZMQ_DEALER);
    must(socket != NULL && zmq_curve_keypair(public, secret) == 0, "client");
    zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_public, 41);
    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, 41);
    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, 41);
    must(zmq_connect(socket, endpoint) == 0, "connect");
    return socket;
}

/* Clients with a window of requests each; counts answers until the time is over. */
static void exchange(size_t clients, size_t window, size_t request_bytes, size_t answer_bytes,
                     double seconds, size_t items_per_answer)
{
    struct server server = {.context = zmq_ctx_new(), .answer_bytes = answer_bytes};
    pthread_t thread;
    void *sockets[CLIENTS_MAX];
    zmq_pollitem_t items[CLIENTS_MAX];
    char *request = calloc(1, request_bytes);
    /* Of their own, as two programs have: else one I/O thread would do the work of both ends. */
    void *context = zmq_ctx_new();
    zmq_msg_t message;
    must(clients <= CLIENTS_MAX && request != NULL && context != NULL, "arguments");
    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 2 * CLIENTS_MAX);
    must(pthread_create(&thread, NULL, serve, &server) == 0, "thread");
    while (!server.is_ready) {
        usleep(1000);
    }
    for (size_t i = 0; i < clients; i++) {
        sockets[i] = connect_client(context, server.public_key, server.endpoint);
        items[i] = (zmq_pollitem_t){.socket = sockets[i], .events = ZMQ_POLLIN};
        for (size_t n = 0; n < window; n++) {
            zmq_send(sockets[i], request, request_bytes, 0);
        }
    }
    zmq_msg_init(&message);
    double answers = 0;
    double warm = now_s() + 1; /* handshakes are not counted */
    double begin = 0;
    double cpu = 0;
    while (begin == 0 || now_s() - begin < seconds) {
        if (begin == 0 && now_s() > warm) {
            begin = now_s();
            cpu = cpu_s();
            answers = 0;
        }
        zmq_poll(items, (int)clients, 100);
        for (size_t i = 0; i < clients; i++) {
            while ((items[i].revents & ZMQ_POLLIN) &&
                   zmq_msg_recv(&message, sockets[i], ZMQ_DONTWAIT) >= 0) {
                answers++;
                zmq_send(sockets[i], request, request_bytes, 0);
            }
        }
    }
    report(answers * (double)items_per_answer, now_s() - begin, cpu_s() - cpu);
    server.is_over = true;
    _exit(fflush(stdout)); /* nothing here is worth a graceful end */
}

/* ---- the parts ---- */

static void verify(double seconds)
{
    struct signing_key *key = NULL;
    uint8_t id[SHA256_BYTES] = {1};
    uint8_t signature[SIGNATURE_BYTES];
    must(signing_key_make(&key) == ERR_OK, "key");
    report_sign(key, id, signature);
    double count = 0;
    double begin = now_s();
    double cpu = cpu_s();
    while (now_s() - begin < seconds) {
        for (int i = 0; i < 100; i++) {
            must(report_signature_verify(signing_key_public(key), id, signature) == ERR_OK,
                 "verify");
        }
        count += 100;
    }
    report(count, now_s() - begin, cpu_s() - cpu);
    signing_key_close(&key);
}

static void sign(double seconds)
{
    struct signing_key *key = NULL;
    uint8_t id[SHA256_BYTES] = {1};
    uint8_t signature[SIGNATURE_BYTES];
    must(signing_key_make(&key) == ERR_OK, "key");
    double count = 0;
    double begin = now_s();
    double cpu = cpu_s();
    while (now_s() - begin < seconds) {
        for (int i = 0; i < 100; i++) {
            report_sign(key, id, signature);
        }
        count += 100;
    }
    report(count, now_s() - begin, cpu_s() - cpu);
    signing_key_close(&key);
}

static void append(size_t batch, size_t bytes, double seconds, const char *folder)
{
    static const char *const databases[] = {"meta", "journal"};
    char path[4096];
    struct complaint complaint = {{0}};
    struct env *env = NULL;
    uint8_t *value = calloc(1, bytes);
    uint8_t key[8];
    uint64_t seq = 0;
    snprintf(path, sizeof path, "%s/raw-append", folder);
    must(env_create(path, databases, 2, (size_t)16 << 30, &complaint) == ERR_OK, complaint.text);
    must(env_open(path, ENV_WRITE, databases, 2, (size_t)16 << 30, &complaint, &env) == ERR_OK,
         complaint.text);
    double begin = now_s();
    double cpu = cpu_s();
    while (now_s() - begin < seconds) {
        struct txn txn = {0};
        txn_begin(env, true, &txn);
        for (size_t i = 0; i < batch; i++) {
            put_u64(key, ++seq);
            txn_append(&txn, 1, bytes_of(key, 8), bytes_of(value, bytes));
        }
        must(txn_commit(&txn) == ERR_OK, "commit");
    }
    report((double)seq, now_s() - begin, cpu_s() - cpu);
    env_close(&env);
    free(value);
}

/* Every report of a period, by the index and then its record, each byte of it looked at. */
struct scan {
    struct txn *txn;
    double rows;
    uint64_t sum;
};

static enum err scan_row(void *context, const struct report_row *row)
{
    struct scan *scan = context;
    struct record record;
    must(journal_get(scan->txn, row->seq, &record) == ERR_OK, "journal_get");
    for (size_t i = 0; i + 8 <= record.raw.size; i += 8) {
        scan->sum += get_u64(record.raw.data + i);
    }
    scan->rows++;
    return ERR_OK;
}

static void scan_period(const char *path, const char *key)
{
    struct complaint complaint = {{0}};
    struct store *store = NULL;
    struct period period;
    must(period_parse(key, &period) == ERR_OK, "the period");
    must(store_open(path, ENV_READ, &complaint, &store) == ERR_OK, complaint.text);
    double best = 0;
    struct scan scan = {.rows = 0};
    for (int times = 0; times < 10; times++) { /* warm */
        struct txn txn = {0};
        double begin = now_s();
        scan = (struct scan){.txn = &txn, .sum = scan.sum};
        must(txn_begin(store_env(store), false, &txn) == ERR_OK, "txn_begin");
        for (int type = TYPE_PORTFOLIO; type <= TYPE_LAST; type++) {
            must(reports_walk(&txn, type, (int)period.frequency, period.end_day, NULL, scan_row,
                              &scan) == ERR_OK,
                 "reports_walk");
        }
        txn_end(&txn);
        double took = now_s() - begin;
        best = times == 0 || took < best ? took : best;
    }
    printf("rows=%.0f seconds=%.6f sum=%llu\n", scan.rows, best, (unsigned long long)scan.sum);
    store_close(&store);
}

#define SYNCS_MAX 100000

static void sync_alone(double seconds, const char *folder)
{
    static char block[4096];
    static double took_us[SYNCS_MAX];
    char path[4096];
    snprintf(path, sizeof path, "%s/raw-sync", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    size_t count = 0;
    double begin = now_s();
    double cpu = cpu_s();
    for (double last = begin; last - begin < seconds && count < SYNCS_MAX; count++) {
        must(write(fd, block, sizeof block) == sizeof block && fdatasync(fd) == 0, "sync");
        double now = now_s();
        took_us[count] = (now - last) * 1e6;
        last = now;
    }
    report((double)count, now_s() - begin, cpu_s() - cpu);
    qsort(took_us, count, sizeof took_us[0], compare);
    printf("p50_us=%.1f\n", took_us[count / 2]);
    close(fd);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (keys_init() != ERR_OK) {
        return 1;
    }
    if (strcmp(what, "echo") == 0 && argc == 7) {
        exchange(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
                 strtoul(argv[5], NULL, 10), strtod(argv[6], NULL), 1);
    } else if (strcmp(what, "fanout") == 0 && argc == 6) {
        exchange(strtoul(argv[2], NULL, 10), 1, 100, strtoul(argv[3], NULL, 10),
                 strtod(argv[4], NULL), strtoul(argv[5], NULL, 10));
    } else if (strcmp(what, "verify") == 0 && argc == 3) {
        verify(strtod(argv[2], NULL));
    } else if (strcmp(what, "sign") == 0 && argc == 3) {
        sign(strtod(argv[2], NULL));
    } else if (strcmp(what, "append") == 0 && argc == 6) {
        append(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), strtod(argv[4], NULL),
               argv[5]);
    } else if (strcmp(what, "scan") == 0 && argc == 4) {
        scan_period(argv[2], argv[3]);
    } else if (strcmp(what, "sync") == 0 && argc == 4) {
        sync_alone(strtod(argv[2], NULL), argv[3]);
    } else {
        fprintf(stderr, "usage: see the head of tests/bench/raw.c\n");
        return 2;
    }
    return 0;
}
