/* Subscribers that replay the journal of a running hub, and nothing else:
 *
 *   readers HUB_PUB FEED KEYS ADMIN READERS SECONDS BYTES
 *
 * READERS connections, each a regulator of its own with keys in KEYS (enrolled at the socket ADMIN,
 * unless it is "-"), ask from the first record on for answers of BYTES at most, until SECONDS are
 * over or all of them have reached the journal's end. Prints per_s and cpu_us (of this process, a
 * record), records, frames, frame_bytes (mean), record_bytes (mean, of the frame), at_end. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/clock.h"
#include "conf/hub_pub.h"
#include "tests/sim/reader.h"
#include "tests/sim/shots.h"

#define CONNECT_MS 60000

struct bench {
    struct hub_identity hub;
    struct shooter *keys;
    void *context;
    size_t count;
    struct reader **readers;
    zmq_pollitem_t *items;
    struct complaint complaint;
};

static enum err open_readers(struct bench *bench, char **words)
{
    uint32_t bytes = (uint32_t)strtoul(words[6], NULL, 10);
    struct reader_options options = {.from_start = true, .bytes_max = bytes};
    enum err err = hub_pub_read(words[0], &bench->complaint, &bench->hub);
    err = err != ERR_OK
              ? err
              : shooters_open(words[2], bench->count, false, &bench->complaint, &bench->keys);
    if (err == ERR_OK && words[3][0] != '-') {
        err = shooters_enrol(words[3], bench->keys, bench->count, bench->count, &bench->complaint);
    }
    bench->readers = calloc(bench->count, sizeof(struct reader *));
    bench->items = calloc(bench->count, sizeof *bench->items);
    bench->context = zmq_ctx_new();
    if (bench->readers == NULL || bench->items == NULL || bench->context == NULL) {
        return ERR_MEMORY;
    }
    (void)zmq_ctx_set(bench->context, ZMQ_MAX_SOCKETS, (int)bench->count + 16);
    for (size_t i = 0; err == ERR_OK && i < bench->count; i++) {
        err = reader_open(bench->context, words[1], bench->keys[i].transport_key, &bench->hub,
                          &options, &bench->readers[i]);
        if (err == ERR_OK) {
            bench->items[i] =
                (zmq_pollitem_t){.socket = reader_socket(bench->readers[i]), .events = ZMQ_POLLIN};
        }
    }
    return err;
}

static enum err take_all(struct bench *bench)
{
    zmq_poll(bench->items, (int)bench->count, 100);
    for (size_t i = 0; i < bench->count; i++) {
        enum err err = (bench->items[i].revents & ZMQ_POLLIN) != 0 ? ERR_OK : ERR_NOT_FOUND;
        while (err == ERR_OK) {
            err = reader_receive(bench->readers[i], &bench->complaint);
        }
        if (err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

static bool are_ready(const struct bench *bench)
{
    bool are = true;
    for (size_t i = 0; i < bench->count; i++) {
        are = are && reader_is_ready(bench->readers[i]);
    }
    return are;
}

static struct reader_got got_in_all(const struct bench *bench, bool *ret_is_at_end)
{
    struct reader_got all = {0};
    *ret_is_at_end = true;
    for (size_t i = 0; i < bench->count; i++) {
        struct reader_got got = reader_got(bench->readers[i]);
        all.records += got.records;
        all.frames += got.frames;
        all.bytes += got.bytes;
        *ret_is_at_end = *ret_is_at_end && got.frames > 0 && got.at >= got.head;
    }
    return all;
}

static int64_t spent_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Counts from when everybody has an answer, so that handshakes are not counted. */
static enum err measure(struct bench *bench, int64_t seconds)
{
    bool is_at_end = false;
    enum err err = ERR_OK;
    int64_t until_ms = clock_monotonic_ms() + CONNECT_MS;
    while (err == ERR_OK && !are_ready(bench)) {
        err = clock_monotonic_ms() < until_ms ? take_all(bench) : ERR_TIMEOUT;
    }
    struct reader_got before = got_in_all(bench, &is_at_end);
    struct reader_got after = before;
    int64_t began_us = clock_boot_us();
    int64_t cpu_us = spent_us();
    while (err == ERR_OK && !is_at_end && clock_boot_us() - began_us < seconds * 1000000) {
        err = take_all(bench);
        after = got_in_all(bench, &is_at_end);
    }
    double took_s = (double)(clock_boot_us() - began_us) / 1e6;
    double records = (double)(after.records - before.records);
    double frames = (double)(after.frames - before.frames);
    if (err == ERR_OK && records > 0) {
        printf("per_s=%.0f cpu_us=%.2f records=%.0f frames=%.0f frame_bytes=%.0f record_bytes=%.0f "
               "seconds=%.2f at_end=%d\n",
               records / took_s, (double)(spent_us() - cpu_us) / records, records, frames,
               (double)(after.bytes - before.bytes) / frames,
               (double)(after.bytes - before.bytes) / records, took_s, is_at_end);
    }
    return err == ERR_OK && records == 0 ? ERR_NOT_FOUND : err;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    if (argc != 8) {
        fprintf(stderr, "usage: see the head of tests/bench/readers.c\n");
        return 2;
    }
    bench.count = strtoul(argv[5], NULL, 10);
    enum err err = keys_init();
    err = err != ERR_OK ? err : open_readers(&bench, argv + 1);
    err = err != ERR_OK ? err : measure(&bench, strtol(argv[6], NULL, 10));
    if (err != ERR_OK) {
        fprintf(stderr, "readers: %s\n",
                bench.complaint.text[0] != '\0' ? bench.complaint.text : err_text(err));
        return 1;
    }
    _exit(fflush(stdout)); /* nothing here is worth a graceful end */
}
