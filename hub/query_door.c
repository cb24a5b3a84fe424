/* The query door's thread: sockets, clocks and short read transactions around hub/query.c. */
#include <sodium.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/clock.h"
#include "conf/log.h"
#include "hub/disk_floor.h"
#include "hub/query.h"

#define MESSAGES_PER_TURN 8 /* each may look at 1,000 records */
#define IDLE_MS           1000

struct query_door {
    struct hub *hub;
    struct door *door;
    struct query *query;
    struct mailbox *mailbox;
    struct incoming incoming; /* the message in hand */
    bool is_behind;           /* pulls are being collected */
};

static void answer(void *context, const struct peer *peer, struct bytes frame)
{
    struct query_door *self = context;
    (void)door_send(self->door, peer, frame); /* what does not leave is asked again; counted */
}

static enum err journal(void *context, uint64_t ticket, struct bytes event)
{
    struct query_door *self = context;
    return writer_queue_push(self->hub->writes, self->mailbox, ticket, WRITE_ACCESSES, &event, 1);
}

static void nonce(void *context, uint8_t ret_nonce[static ACCESS_NONCE_BYTES])
{
    (void)context;
    randombytes_buf(ret_nonce, ACCESS_NONCE_BYTES);
}

/* What is done in one transaction, with one registry, at one instant. */
static enum err in_a_transaction(struct query_door *self,
                                 enum err (*act)(struct query_door *self,
                                                 const struct reading *reading))
{
    AUTO(txn_end) struct txn txn = {0};
    enum err err = txn_begin(store_env(self->hub->store), false, &txn);
    if (err != ERR_OK) {
        return err;
    }
    struct reading reading = {
        .txn = &txn,
        .now_us = hub_clock_now_us(self->hub->clock),
        .now_ms = clock_monotonic_ms(),
        .is_short_of_disk = disk_is_short(&txn, self->hub->config.disk_floor_mb),
        .counters = &self->hub->counters,
    };
    reading.registry = roster_take_numbered(self->hub->roster, &reading.generation);
    enum err read_err = act(self, &reading);
    roster_give(self->hub->roster, reading.registry);
    if (read_err != ERR_OK) {
        log_event_limited(LOG_ERROR, "query_read_failed", 10,
                          "error=\"%s\" next=\"the reader is told to come later\"",
                          err_text(read_err));
    }
    return ERR_OK;
}

static enum err act_on_message(struct query_door *self, const struct reading *reading)
{
    return query_take(self->query, reading, &self->incoming.peer, self->incoming.frame);
}

static enum err act_on_turn(struct query_door *self, const struct reading *reading)
{
    return query_turn(self->query, reading, &self->is_behind);
}

/* ERR_NOT_FOUND: none is there. */
static enum err take_message(struct query_door *self)
{
    enum err err = door_receive(self->door, &self->incoming);
    err = err != ERR_OK ? err : in_a_transaction(self, act_on_message);
    self->is_behind = query_collecting(self->query) > 0;
    return err;
}

static void take_mail(struct query_door *self)
{
    struct written written;
    while (mailbox_take(self->mailbox, &written) == ERR_OK) {
        struct reading reading = {
            .now_us = hub_clock_now_us(self->hub->clock),
            .now_ms = clock_monotonic_ms(),
            .counters = &self->hub->counters,
        };
        query_written(self->query, &reading, &written);
    }
}

static void loop(struct query_door *self)
{
    zmq_pollitem_t items[] = {
        {.socket = door_socket(self->door), .events = ZMQ_POLLIN},
        {.fd = mailbox_fd(self->mailbox), .events = ZMQ_POLLIN},
        {.fd = self->hub->stop_fd, .events = ZMQ_POLLIN},
    };
    while (!self->hub->is_stopping) {
        zmq_poll(items, 3, self->is_behind ? 0 : IDLE_MS);
        take_mail(self);
        enum err err = ERR_OK;
        for (int i = 0; i < MESSAGES_PER_TURN && err == ERR_OK; i++) {
            err = take_message(self);
        }
        if (self->is_behind && (err == ERR_OK || err == ERR_NOT_FOUND)) {
            err = in_a_transaction(self, act_on_turn);
        }
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            log_event(LOG_ERROR, "query_door_failed", "error=\"%s\" next=exit", err_text(err));
            _exit(1);
        }
    }
}

void *query_door_run(void *argument)
{
    struct hub *hub = argument;
    struct query_door self = {.hub = hub, .mailbox = hub->query_mail};
    struct complaint complaint = {{0}};
    struct reading_out out = {&self, answer, journal, nonce};
    struct door_options options = {
        .endpoint = hub->config.query,
        .domain = "query",
        .key = hub->transport_key,
        .request_max = REQUEST_MAX,
        .counters = &hub->counters,
        .name = AT_QUERY,
        .receive_hwm = 8,
        .send_hwm = 2,
    };
    enum err err = door_open(hub->zmq, &options, &complaint, &self.door);
    err = err != ERR_OK ? err : query_make(&out, &hub->identity, &self.query);
    if (err != ERR_OK) {
        log_event(LOG_ERROR, "query_door_not_opened", "error=\"%s\" text=\"%s\"", err_text(err),
                  complaint.text);
        _exit(2);
    }
    log_event(LOG_INFO, "door_open", "door=query endpoint=%s", hub->config.query);
    loop(&self);
    query_close(&self.query);
    door_close(&self.door);
    return NULL;
}
