#include "tests/sim/load.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <zmq.h>

#include "conf/clock.h"
#include "conf/hub_pub.h"
#include "conf/terminal.h"
#include "proto/record.h"
#include "tests/sim/reader.h"
#include "tests/sim/shots.h"

#define GREETING_MS 120000
#define LAST_MS     30000 /* for what is in flight when the time is up */

/* One agent. Its requests are numbered so that connections may be shared: shot * agents + agent
 * + 1.
 */
struct gun {
    struct raw *raw; /* of range->raws */
    const struct shooter *shooter;
    size_t next;
    size_t in_flight;
    int64_t *sent_us; /* by shot */
};

struct range {
    const struct load_options *options;
    struct complaint *complaint;
    struct hub_identity hub;
    void *context;
    struct shooter *shooters;
    struct shooter *readers_keys;
    struct gun *guns;
    struct raw **raws;
    struct reader **readers;
    zmq_pollitem_t *items;
    uint32_t *latencies_us;
    size_t latency_count;
    size_t shots;
    int64_t now_us;
    struct load_result result;
};

static enum err open_range(struct range *range);
static void close_range(struct range *range);
static enum err greet(struct range *range);
static enum err fire(struct range *range);
static void sum_up(struct range *range);

enum err load(const struct load_options *options, struct complaint *complaint,
              struct load_result *ret_result)
{
    struct range range = {.options = options, .complaint = complaint};
    enum err err = open_range(&range);
    err = err != ERR_OK ? err : greet(&range);
    err = err != ERR_OK ? err : fire(&range);
    if (err == ERR_OK) {
        sum_up(&range);
        *ret_result = range.result;
    }
    close_range(&range);
    return err;
}

/* ---- making ready ---- */

static enum err prepare_shots(struct range *range)
{
    const struct load_options *options = range->options;
    size_t each = options->reports / options->agents + 1;
    struct progress progress;
    enum err err = ERR_OK;
    uint64_t bytes = 0;
    progress_begin(&progress, "Signing reports");
    for (size_t i = 0; err == ERR_OK && i < options->agents; i++) {
        struct gun *gun = &range->guns[i];
        err = shooter_load(&range->shooters[i], options, range->now_us, range->hub.is_test, each,
                           range->complaint);
        gun->shooter = &range->shooters[i];
        gun->sent_us = calloc(each, sizeof(*gun->sent_us));
        err = err == ERR_OK && gun->sent_us == NULL ? ERR_MEMORY : err;
        bytes += range->shooters[i].envelopes.size;
        progress_step(&progress, i + 1, options->agents);
    }
    progress_end(&progress);
    range->shots = each * options->agents;
    range->result.report_bytes = bytes / range->shots;
    range->latencies_us = calloc(range->shots, sizeof(*range->latencies_us));
    return err == ERR_OK && range->latencies_us == NULL ? ERR_MEMORY : err;
}

static enum err open_guns(struct range *range)
{
    const struct load_options *options = range->options;
    struct reader_options follow = {.bytes_max = READER_BYTES};
    enum err err = ERR_OK;
    assert(options->connections > 0 && options->agents > 0);
    for (size_t i = 0; err == ERR_OK && i < options->connections; i++) {
        err = raw_open(range->context, options->ingest, range->shooters[i].transport_key,
                       &range->hub, &range->raws[i]);
        err = err != ERR_OK ? err : raw_hello(range->raws[i]);
    }
    for (size_t i = 0; err == ERR_OK && i < options->agents; i++) {
        range->guns[i].raw = range->raws[i % options->connections];
    }
    for (size_t i = 0; err == ERR_OK && i < options->subscribers; i++) {
        follow.institution = options->are_filtered ? range->shooters[i % options->agents].id : NULL;
        err = reader_open(range->context, options->feed, range->readers_keys[i].transport_key,
                          &range->hub, &follow, &range->readers[i]);
    }
    return err == ERR_OK ? err
                         : complain(range->complaint, err, "A connection cannot be made: %s.",
                                    zmq_strerror(zmq_errno()));
}

static void set_items(struct range *range)
{
    size_t connections = range->options->connections;
    for (size_t i = 0; i < connections; i++) {
        range->items[i] =
            (zmq_pollitem_t){.socket = raw_socket(range->raws[i]), .events = ZMQ_POLLIN};
    }
    for (size_t i = 0; i < range->options->subscribers; i++) {
        range->items[connections + i] =
            (zmq_pollitem_t){.socket = reader_socket(range->readers[i]), .events = ZMQ_POLLIN};
    }
}

static enum err open_keys(struct range *range)
{
    const struct load_options *options = range->options;
    struct complaint *complaint = range->complaint;
    enum err err = hub_pub_read(options->hub, complaint, &range->hub);
    err = err != ERR_OK
              ? err
              : shooters_open(options->keys, options->agents, true, complaint, &range->shooters);
    err = err != ERR_OK ? err
                        : shooters_open(options->keys, options->subscribers, false, complaint,
                                        &range->readers_keys);
    if (err == ERR_OK && options->admin != NULL) {
        err = shooters_enrol(options->admin, range->shooters, options->agents, options->connections,
                             complaint);
        err = err != ERR_OK ? err
                            : shooters_enrol(options->admin, range->readers_keys,
                                             options->subscribers, options->subscribers, complaint);
    }
    return err;
}

static enum err open_range(struct range *range)
{
    const struct load_options *options = range->options;
    enum err err = open_keys(range);
    if (err != ERR_OK) {
        return err;
    }
    size_t sockets = options->connections + options->subscribers;
    range->guns = calloc(options->agents, sizeof(*range->guns));
    range->raws = calloc(options->connections, sizeof(*range->raws));
    range->readers = calloc(options->subscribers + 1, sizeof(*range->readers));
    range->items = calloc(sockets, sizeof(*range->items));
    range->context = zmq_ctx_new();
    if (range->guns == NULL || range->raws == NULL || range->readers == NULL ||
        range->items == NULL || range->context == NULL) {
        return ERR_MEMORY;
    }
    if (zmq_ctx_set(range->context, ZMQ_MAX_SOCKETS, (int)(sockets + 16)) != 0) {
        return complain(range->complaint, ERR_NETWORK, "ZeroMQ does not allow that many sockets.");
    }
    err = open_guns(range);
    if (err == ERR_OK) {
        set_items(range);
    }
    return err;
}

static void close_range(struct range *range)
{
    for (size_t i = 0; range->guns != NULL && i < range->options->agents; i++) {
        free(range->guns[i].sent_us);
    }
    for (size_t i = 0; range->raws != NULL && i < range->options->connections; i++) {
        raw_close(&range->raws[i]);
    }
    for (size_t i = 0; range->readers != NULL && i < range->options->subscribers; i++) {
        reader_close(&range->readers[i]);
    }
    if (range->context != NULL) {
        zmq_ctx_term(range->context);
    }
    shooters_close(&range->shooters, range->options->agents);
    shooters_close(&range->readers_keys, range->options->subscribers);
    free(range->guns);
    free(range->raws);
    free(range->readers);
    free(range->items);
    free(range->latencies_us);
}

/* ---- what comes ---- */

static void take_answer(void *context, const struct raw_answer *answer)
{
    struct range *range = context;
    size_t agents = range->options->agents;
    if (answer->number == 0) {
        return;
    }
    struct gun *gun = &range->guns[(answer->number - 1) % agents];
    size_t shot = (answer->number - 1) / agents;
    if (shot >= gun->next) {
        return; /* nothing of the kind was sent */
    }
    int64_t waited_us = clock_boot_us() - gun->sent_us[shot];
    gun->in_flight -= gun->in_flight > 0 ? 1 : 0;
    if (answer->verdict == VERDICT_NONE) {
        *(answer->is_put_off ? &range->result.put_off : &range->result.refused) += 1;
        return;
    }
    range->result.acknowledged++;
    range->result.rejected += answer->verdict == VERDICT_REJECTED ? 1 : 0;
    range->latencies_us[range->latency_count++] =
        (uint32_t)(waited_us < UINT32_MAX ? waited_us : UINT32_MAX);
}

/* One wait, and all that has come. */
static enum err take_all(struct range *range, long wait_ms)
{
    size_t connections = range->options->connections;
    size_t count = connections + range->options->subscribers;
    if (zmq_poll(range->items, (int)count, wait_ms) < 0 && zmq_errno() != EINTR) {
        return complain(range->complaint, ERR_NETWORK, "Waiting fails: %s.",
                        zmq_strerror(zmq_errno()));
    }
    for (size_t i = 0; i < count; i++) {
        enum err err = (range->items[i].revents & ZMQ_POLLIN) != 0 ? ERR_OK : ERR_NOT_FOUND;
        while (err == ERR_OK) {
            err = i < connections
                      ? raw_receive(range->raws[i], take_answer, range, range->complaint)
                      : reader_receive(range->readers[i - connections], range->complaint);
        }
        if (err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

static size_t count_ready(const struct range *range)
{
    size_t ready = 0;
    for (size_t i = 0; i < range->options->connections; i++) {
        ready += raw_is_greeted(range->raws[i]) ? 1 : 0;
    }
    for (size_t i = 0; i < range->options->subscribers; i++) {
        ready += reader_is_ready(range->readers[i]) ? 1 : 0;
    }
    return ready;
}

static enum err greet(struct range *range)
{
    size_t wanted = range->options->connections + range->options->subscribers;
    int64_t until_ms = clock_monotonic_ms() + GREETING_MS;
    struct progress progress;
    enum err err = ERR_OK;
    progress_begin(&progress, "Connecting");
    while (err == ERR_OK && count_ready(range) < wanted) {
        err = take_all(range, 100);
        progress_step(&progress, count_ready(range), wanted);
        if (err == ERR_OK && clock_monotonic_ms() > until_ms) {
            err = complain(range->complaint, ERR_NETWORK,
                           "Only %zu of %zu connections were greeted in %d s. Is the hub running "
                           "at %s, and are the parties enrolled (--enrol SOCKET)?",
                           count_ready(range), wanted, GREETING_MS / 1000, range->options->ingest);
        }
    }
    progress_end(&progress);
    /* Reports lie in the past of the hub's clock, which the greeting told. */
    range->now_us = err == ERR_OK ? raw_hub_time_us(range->raws[0]) : 0;
    return err != ERR_OK ? err : prepare_shots(range);
}

/* ---- the measurement ---- */

static enum err reload(struct range *range, size_t agent)
{
    struct gun *gun = &range->guns[agent];
    while (gun->in_flight < range->options->outstanding && gun->next < gun->shooter->count) {
        gun->sent_us[gun->next] = clock_boot_us();
        enum err err = raw_submit(gun->raw, gun->next * range->options->agents + agent + 1,
                                  shooter_shot(gun->shooter, gun->next));
        if (err != ERR_OK) {
            return err == ERR_BUSY ? ERR_OK : err;
        }
        gun->next++;
        gun->in_flight++;
    }
    return ERR_OK;
}

static size_t left_in_flight(const struct range *range)
{
    size_t left = 0;
    for (size_t i = 0; i < range->options->agents; i++) {
        left += range->guns[i].in_flight;
    }
    return left;
}

static struct reader_got count_delivered(const struct range *range)
{
    struct reader_got all = {0};
    for (size_t i = 0; i < range->options->subscribers; i++) {
        struct reader_got got = reader_got(range->readers[i]);
        all.records += got.records;
        all.frames += got.frames;
        all.bytes += got.bytes;
    }
    return all;
}

static uint64_t count_received(const struct range *range)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < range->options->connections; i++) {
        bytes += raw_received(range->raws[i]);
    }
    return bytes;
}

static int64_t spent_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Acknowledgements after the time are waited for, but do not count. */
static enum err finish(struct range *range)
{
    struct load_result result = range->result;
    size_t latencies = range->latency_count;
    int64_t until_ms = clock_monotonic_ms() + LAST_MS;
    enum err err = ERR_OK;
    while (err == ERR_OK && left_in_flight(range) > 0 && clock_monotonic_ms() < until_ms) {
        err = take_all(range, 100);
    }
    if (err == ERR_OK && left_in_flight(range) > 0) {
        err = complain(range->complaint, ERR_TIMEOUT,
                       "%zu reports have no answer after %d s; look at the hub's log.",
                       left_in_flight(range), LAST_MS / 1000);
    }
    range->result = result;
    range->latency_count = latencies;
    return err;
}

static enum err fire(struct range *range)
{
    const struct load_options *options = range->options;
    struct reader_got before = count_delivered(range);
    uint64_t received = count_received(range);
    int64_t spent = spent_us();
    int64_t began_us = clock_boot_us();
    int64_t until_us = began_us + options->seconds * 1000000;
    enum err err = ERR_OK;
    struct progress progress;
    progress_begin(&progress, "Submitting");
    while (err == ERR_OK && clock_boot_us() < until_us) {
        for (size_t i = 0; err == ERR_OK && i < options->agents; i++) {
            err = reload(range, i);
        }
        if (left_in_flight(range) == 0) {
            range->result.ran_out = true;
            break;
        }
        err = err != ERR_OK ? err : take_all(range, 10);
        progress_step(&progress, range->result.acknowledged, range->shots);
    }
    progress_end(&progress);
    range->result.elapsed_us = clock_boot_us() - began_us;
    struct reader_got after = count_delivered(range);
    range->result.delivered = after.records - before.records;
    range->result.delivered_frames = after.frames - before.frames;
    range->result.delivered_bytes = after.bytes - before.bytes;
    range->result.answer_bytes = count_received(range) - received;
    range->result.cpu_us = spent_us() - spent;
    return err != ERR_OK ? err : finish(range);
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void sum_up(struct range *range)
{
    size_t count = range->latency_count;
    if (count == 0) {
        return;
    }
    qsort(range->latencies_us, count, sizeof(*range->latencies_us), compare_u32);
    range->result.p50_us = range->latencies_us[count / 2];
    range->result.p99_us = range->latencies_us[count - 1 - count / 100];
    range->result.most_us = range->latencies_us[count - 1];
}
