/* The feed door's thread: sockets, clocks and short read transactions around hub/feed.c. */
#include <sodium.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/clock.h"
#include "conf/log.h"
#include "hub/disk_floor.h"
#include "hub/feed.h"

#define MESSAGES_PER_TURN 64
#define IDLE_MS           1000

struct feed_door {
    struct hub *hub;
    struct door *door;
    struct feed *feed;
    int head_fd;
};

static void answer(void *context, const struct peer *peer, struct bytes frame)
{
    struct feed_door *self = context;
    (void)door_send(self->door, peer, frame); /* what does not leave is asked again; counted */
}

/* The writer tells nobody: a feed does not wait for its line. */
static enum err journal(void *context, uint64_t ticket, struct bytes event)
{
    struct feed_door *self = context;
    return writer_queue_push(self->hub->writes, NULL, ticket, WRITE_ACCESSES, &event, 1);
}

static void nonce(void *context, uint8_t ret_nonce[static ACCESS_NONCE_BYTES])
{
    (void)context;
    randombytes_buf(ret_nonce, ACCESS_NONCE_BYTES);
}

static void tell(enum err err)
{
    if (err != ERR_OK) {
        log_event_limited(LOG_ERROR, "feed_read_failed", 10,
                          "error=\"%s\" next=\"the subscriber "
                          "is told to come later\"",
                          err_text(err));
    }
}

static enum err take_messages(struct feed_door *self, const struct reading *reading)
{
    struct incoming incoming;
    enum err err = ERR_OK;
    for (int i = 0; i < MESSAGES_PER_TURN && err == ERR_OK; i++) {
        err = door_receive(self->door, &incoming);
        if (err == ERR_OK) {
            tell(feed_take(self->feed, reading, &incoming.peer, incoming.frame));
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* One transaction, one registry, one instant. */
static enum err turn(struct feed_door *self, bool *ret_is_behind)
{
    AUTO(txn_end) struct txn txn = {0};
    const int64_t settled_us = hub_clock_settled_us(self->hub->clock); /* before it begins */
    enum err err = txn_begin(store_env(self->hub->store), false, &txn);
    if (err != ERR_OK) {
        return err;
    }
    struct reading reading = {
        .txn = &txn,
        .now_us = hub_clock_now_us(self->hub->clock),
        .settled_us = settled_us,
        .now_ms = clock_monotonic_ms(),
        .is_short_of_disk = disk_is_short(&txn, self->hub->config.disk_floor_mb),
        .counters = &self->hub->counters,
        .subscribers = self->hub->subscribers,
    };
    reading.registry = roster_take_numbered(self->hub->roster, &reading.generation);
    err = take_messages(self, &reading);
    tell(feed_turn(self->feed, &reading, ret_is_behind));
    roster_give(self->hub->roster, reading.registry);
    return err;
}

static void loop(struct feed_door *self)
{
    zmq_pollitem_t items[] = {
        {.socket = door_socket(self->door), .events = ZMQ_POLLIN},
        {.fd = self->head_fd, .events = ZMQ_POLLIN},
        {.fd = self->hub->stop_fd, .events = ZMQ_POLLIN},
    };
    bool is_behind = false;
    while (!self->hub->is_stopping) {
        int64_t wait_ms = feed_wait_ms(self->feed, clock_monotonic_ms());
        wait_ms = is_behind ? 0 : wait_ms < 0 || wait_ms > IDLE_MS ? IDLE_MS : wait_ms;
        zmq_poll(items, 3, (long)wait_ms);
        (void)head_get(self->hub->head, self->head_fd); /* only to clear it */
        enum err err = turn(self, &is_behind);
        if (err != ERR_OK) {
            log_event(LOG_ERROR, "feed_door_failed", "error=\"%s\" next=exit", err_text(err));
            _exit(1);
        }
    }
}

void *feed_door_run(void *argument)
{
    struct hub *hub = argument;
    struct feed_door self = {.hub = hub};
    struct complaint complaint = {{0}};
    struct reading_out out = {&self, answer, journal, nonce};
    struct door_options options = {
        .endpoint = hub->config.feed,
        .domain = "feed",
        .key = hub->transport_key,
        .request_max = REQUEST_MAX,
        .counters = &hub->counters,
        .name = AT_FEED,
        .receive_hwm = 8,
        .send_hwm = 2,
        /* An I/O thread of its own, where the context has a second one. */
        .io_thread = zmq_ctx_get(hub->zmq, ZMQ_IO_THREADS) > 1 ? 2 : 0,
    };
    enum err err = door_open(hub->zmq, &options, &complaint, &self.door);
    err = err != ERR_OK ? err : head_watch(hub->head, &self.head_fd);
    err = err != ERR_OK ? err : feed_make(&out, &self.feed);
    if (err != ERR_OK) {
        log_event(LOG_ERROR, "feed_door_not_opened", "error=\"%s\" text=\"%s\"", err_text(err),
                  complaint.text);
        _exit(2);
    }
    log_event(LOG_INFO, "door_open", "door=feed endpoint=%s", hub->config.feed);
    loop(&self);
    feed_close(&self.feed);
    door_close(&self.door);
    return NULL;
}
