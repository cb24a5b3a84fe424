/* The admin door: acts and status, over a socket in a folder of mode 0700. Acts go to the writer;
 * the answer waits for its commit. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/clock.h"
#include "conf/log.h"
#include "hub/hub.h"
#include "hub/subscribers.h"

#define PENDING_MAX              64
#define STATUS_SUBSCRIBERS_BYTES (512 * 1024) /* of an answer of 1 MiB */

struct pending {
    bool is_used;
    uint64_t ticket;
    enum write_kind kind;
    struct peer peer;
};

struct admin {
    struct hub *hub;
    struct door *door;
    struct mailbox *mailbox;
    struct arena arena;
    uint64_t next_ticket;
    struct pending pending[PENDING_MAX];
};

static void refuse(struct admin *admin, const struct peer *peer, const char *rule, const char *text)
{
    Ihuriro__V1__Refused message = IHURIRO__V1__REFUSED__INIT;
    message.rule = (char *)(uintptr_t)rule; /* packed only */
    message.text = (char *)(uintptr_t)text;
    counters_refused(&admin->hub->counters, rule);
    (void)door_answer(admin->door, peer, VERB_REFUSED, &message.base);
}

static void done(struct admin *admin, const struct peer *peer, const char *text)
{
    Ihuriro__V1__Done message = IHURIRO__V1__DONE__INIT;
    message.text = (char *)(uintptr_t)text; /* packed only */
    (void)door_answer(admin->door, peer, VERB_DONE, &message.base);
}

/* ---- acts ---- */

static struct pending *free_slot(struct admin *admin)
{
    for (size_t i = 0; i < PENDING_MAX; i++) {
        if (!admin->pending[i].is_used) {
            return &admin->pending[i];
        }
    }
    return NULL;
}

/* To the writer; its answer comes by mail. */
static void hand_over(struct admin *admin, const struct peer *peer, enum write_kind kind,
                      const struct bytes *events, size_t count)
{
    struct pending *slot = free_slot(admin);
    uint64_t ticket = ++admin->next_ticket;
    if (slot == NULL || writer_queue_push(admin->hub->writes, admin->mailbox, ticket, kind, events,
                                          count) != ERR_OK) {
        refuse(admin, peer, "BUSY", "The hub has many acts to write; try again in a second.");
        return;
    }
    *slot = (struct pending){.is_used = true, .ticket = ticket, .kind = kind, .peer = *peer};
}

static void take_act(struct admin *admin, const struct peer *peer, struct bytes body)
{
    const Ihuriro__V1__Act *act = NULL;
    if (MESSAGE_UNPACK(act, MESSAGE_TOLERANT, body, &admin->arena, &act) != ERR_OK ||
        act->n_events == 0 || act->n_events > WRITE_EVENTS_MAX) {
        refuse(admin, peer, "BAD_REQUEST", "An act has 1 to 4,096 events.");
        return;
    }
    struct bytes *events = arena_take(&admin->arena, act->n_events * sizeof events[0]);
    if (events == NULL) {
        refuse(admin, peer, "BUSY", "The hub has no memory for so much at once.");
        return;
    }
    for (size_t i = 0; i < act->n_events; i++) {
        events[i] = bytes_of_pb(act->events[i]);
    }
    hand_over(admin, peer, WRITE_ACTS, events, act->n_events);
}

/* The writer reads it again: what is stored is what was validated. */
static void take_contact(struct admin *admin, const struct peer *peer, struct bytes body)
{
    hand_over(admin, peer, WRITE_CONTACT, &body, 1);
}

static void tell_written(struct admin *admin, const struct pending *slot,
                         const struct written *written)
{
    if (written->err != ERR_OK) {
        refuse(admin, &slot->peer, "ACT",
               written->complaint.text[0] != 0 ? written->complaint.text : err_text(written->err));
        return;
    }
    if (slot->kind == WRITE_CONTACT) {
        done(admin, &slot->peer, NULL);
        return;
    }
    Ihuriro__V1__ActDone message = IHURIRO__V1__ACT_DONE__INIT;
    message.first_seq = written->first_seq;
    message.last_seq = written->last_seq;
    (void)door_answer(admin->door, &slot->peer, VERB_ACT_DONE, &message.base);
}

static void take_mail(struct admin *admin)
{
    struct written written;
    while (mailbox_take(admin->mailbox, &written) == ERR_OK) {
        for (size_t i = 0; i < PENDING_MAX; i++) {
            struct pending *slot = &admin->pending[i];
            if (slot->is_used && slot->ticket == written.ticket) {
                tell_written(admin, slot, &written);
                slot->is_used = false;
            }
        }
    }
}

/* ---- status ---- */

/* Who is farthest behind, as far as an answer holds them. Views into the list. */
static enum err add_subscribers(struct admin *admin, const struct subscriber_list *list,
                                Ihuriro__V1__Status *status)
{
    Ihuriro__V1__Subscriber *rows = arena_take(&admin->arena, (list->count + 1) * sizeof *rows);
    Ihuriro__V1__Subscriber **pointers =
        arena_take(&admin->arena, (list->count + 1) * sizeof(void *));
    size_t bytes = 0;
    if (rows == NULL || pointers == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < list->count && bytes <= STATUS_SUBSCRIBERS_BYTES; i++) {
        const struct subscriber *subscriber = &list->items[i];
        rows[i] = (Ihuriro__V1__Subscriber)IHURIRO__V1__SUBSCRIBER__INIT;
        rows[i].party = (char *)(uintptr_t)subscriber->party; /* packed only */
        rows[i].position = subscriber->position;
        rows[i].lag =
            status->records > subscriber->reached ? status->records - subscriber->reached : 0;
        rows[i].since_us = subscriber->since_us;
        rows[i].asked_us = subscriber->asked_us;
        rows[i].has_parked = 1;
        rows[i].parked = subscriber->is_waiting;
        rows[i].filter = (PbFilter *)(uintptr_t)subscriber->filter;
        bytes += protobuf_c_message_get_packed_size(&rows[i].base) + 8;
        pointers[i] = &rows[i];
        status->n_subscribers += bytes <= STATUS_SUBSCRIBERS_BYTES;
    }
    status->subscribers = pointers;
    status->has_feeds = 1;
    status->feeds = list->count;
    return ERR_OK;
}

static enum err answer_status(struct admin *admin, const struct peer *peer)
{
    struct hub *hub = admin->hub;
    AUTO(txn_end) struct txn txn = {0};
    AUTO(subscriber_list_close) struct subscriber_list list = {0};
    struct checkpoint checkpoint;
    enum err err = subscribers_list(hub->subscribers, &list); /* before the journal's end is read */
    err = err != ERR_OK ? err : txn_begin(store_env(hub->store), false, &txn);
    err = err != ERR_OK ? err : heads_newest(&txn, &checkpoint);
    if (err != ERR_OK) {
        return err;
    }
    Ihuriro__V1__Counter rows[COUNTERS_MAX];
    Ihuriro__V1__Counter *row_pointers[COUNTERS_MAX];
    for (size_t i = 0; i < COUNTERS_MAX; i++) {
        rows[i] = (Ihuriro__V1__Counter)IHURIRO__V1__COUNTER__INIT;
        rows[i].name = (char *)(uintptr_t)counter_rows[i].name; /* packed only */
        rows[i].value = counter_value(&hub->counters, &counter_rows[i]);
        row_pointers[i] = &rows[i];
    }
    Ihuriro__V1__Status status = IHURIRO__V1__STATUS__INIT;
    status.now_us = hub_clock_now_us(hub->clock);
    status.records = journal_size(&txn);
    status.checkpoint = pb_of_bytes(checkpoint.text);
    status.started_at_us = hub->started_at_us;
    status.has_test = 1;
    status.test = hub->identity.is_test;
    status.clock = (char *)(uintptr_t)clock_state_text(hub_clock_check(hub->clock));
    status.counters = row_pointers;
    status.n_counters = COUNTERS_MAX;
    err = add_subscribers(admin, &list, &status);
    return err != ERR_OK ? err : door_answer(admin->door, peer, VERB_STATUS, &status.base);
}

static void take_status(struct admin *admin, const struct peer *peer, struct bytes body)
{
    const Ihuriro__V1__GetStatus *request = NULL;
    if (MESSAGE_UNPACK(get_status, MESSAGE_TOLERANT, body, &admin->arena, &request) != ERR_OK) {
        refuse(admin, peer, "BAD_REQUEST", "The question cannot be read.");
        return;
    }
    enum err err = answer_status(admin, peer);
    if (err != ERR_OK && err != ERR_NETWORK && err != ERR_BUSY) {
        refuse(admin, peer, "STORE", err_text(err));
    }
}

/* ---- clocks ---- */

static void take_clock_is_right(struct admin *admin, const struct peer *peer, struct bytes body)
{
    const Ihuriro__V1__ClockIsRight *request = NULL;
    if (MESSAGE_UNPACK(clock_is_right, MESSAGE_TOLERANT, body, &admin->arena, &request) != ERR_OK) {
        refuse(admin, peer, "BAD_REQUEST", "What is said of the clock cannot be read.");
        return;
    }
    if (hub_clock_is_test(admin->hub->clock)) {
        refuse(admin, peer, "CLOCK", "A test hub has no clock checks.");
        return;
    }
    if (hub_clock_check(admin->hub->clock) == CLOCK_BEHIND) {
        refuse(admin, peer, "CLOCK",
               "The clock is more than five minutes behind the last record. Set it right; reports "
               "are taken again by themselves when it has caught up.");
        return;
    }
    hub_clock_is_right(admin->hub->clock);
    log_event(LOG_INFO, "clock_is_right", "by=operator");
    done(admin, peer, "The clock is taken as right; the hub takes reports.");
}

static void take_test_time(struct admin *admin, const struct peer *peer, struct bytes body)
{
    const Ihuriro__V1__TestTime *request = NULL;
    struct complaint complaint = {{0}};
    if (MESSAGE_UNPACK(test_time, MESSAGE_TOLERANT, body, &admin->arena, &request) != ERR_OK) {
        refuse(admin, peer, "BAD_REQUEST", "The time cannot be read.");
        return;
    }
    if (hub_clock_set(admin->hub->clock, request->time_us, &complaint) != ERR_OK) {
        refuse(admin, peer, "CLOCK", complaint.text);
        return;
    }
    done(admin, peer, NULL);
}

/* ---- the door ---- */

struct admin_verb {
    int verb;
    void (*take)(struct admin *admin, const struct peer *peer, struct bytes body);
};

static const struct admin_verb admin_verbs[] = {
    {VERB_ACT, take_act},
    {VERB_SET_CONTACT, take_contact},
    {VERB_GET_STATUS, take_status},
    {VERB_CLOCK_IS_RIGHT, take_clock_is_right},
    {VERB_TEST_TIME, take_test_time},
};

static void take_frame(struct admin *admin, const struct incoming *incoming)
{
    int verb = 0;
    struct bytes body = {0};
    arena_reset(&admin->arena);
    if (frame_open(incoming->frame, &verb, &body) == ERR_OK) {
        for (size_t i = 0; i < sizeof admin_verbs / sizeof admin_verbs[0]; i++) {
            if (admin_verbs[i].verb == verb) {
                admin_verbs[i].take(admin, &incoming->peer, body);
                return;
            }
        }
    }
    refuse(admin, &incoming->peer, "BAD_REQUEST", "The admin door knows no such verb.");
}

static void loop(struct admin *admin)
{
    zmq_pollitem_t items[] = {
        {.socket = door_socket(admin->door), .events = ZMQ_POLLIN},
        {.fd = mailbox_fd(admin->mailbox), .events = ZMQ_POLLIN},
        {.fd = admin->hub->stop_fd, .events = ZMQ_POLLIN},
    };
    while (!admin->hub->is_stopping) {
        if (zmq_poll(items, 3, 1000) <= 0) {
            continue;
        }
        take_mail(admin);
        struct incoming incoming;
        /* A few at a time, so that mail is read before more is asked for. */
        for (int i = 0; i < PENDING_MAX && door_receive(admin->door, &incoming) == ERR_OK; i++) {
            take_frame(admin, &incoming);
        }
    }
}

void *admin_door_run(void *argument)
{
    struct hub *hub = argument;
    struct complaint complaint = {{0}};
    struct admin *admin = calloc(1, sizeof *admin);
    char endpoint[256];
    enum err err = admin == NULL ? ERR_MEMORY : ERR_OK;
    snprintf(endpoint, sizeof endpoint, "ipc://%s", hub->config.admin);
    struct door_options options = {
        .endpoint = endpoint,
        .request_max = ADMIN_REQUEST_MAX,
        .counters = &hub->counters,
        .name = AT_ADMIN,
        .receive_hwm = 64,
        .send_hwm = 64,
    };
    err = err != ERR_OK ? err : door_open(hub->zmq, &options, &complaint, &admin->door);
    if (err != ERR_OK || chmod(hub->config.admin, 0600) != 0) {
        log_event(LOG_ERROR, "admin_door_not_opened", "error=\"%s\" text=\"%s\"", err_text(err),
                  complaint.text);
        _exit(2);
    }
    admin->hub = hub;
    admin->mailbox = hub->admin_mail;
    log_event(LOG_INFO, "door_open", "door=admin endpoint=%s", options.endpoint);
    loop(admin);
    door_close(&admin->door);
    arena_close(&admin->arena);
    free(admin);
    return NULL;
}
