/* The ingest door: receives what has arrived; examines it ahead; a turn decides, commits once, and
 * answers all. Its threads are a crew (crew.h), of which one at a time is the writer. */
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/clock.h"
#include "conf/log.h"
#include "hub/contacts.h"
#include "hub/crew.h"
#include "hub/ingest.h"

#define WRITES_PER_TURN 64
#define IDLE_MS         1000

struct ingest_door {
    struct hub *hub;
    struct door *door;
    struct ingest ingest;
    struct crew *crew;
    pthread_mutex_t socket; /* who sends or receives holds it */
    int socket_fd;
    int nudge_fd;
    bool has_worked; /* since memory was given back */
    bool is_waiting; /* somebody waits for the socket, and would not hear of what a sender woke */
    int64_t readers_checked_ms;
    enum clock_state told_state;
    uint64_t size_before; /* records before this turn */
    /* the doors' requests of this turn, told once it is committed */
    struct write_request requests[WRITES_PER_TURN];
    struct written written[WRITES_PER_TURN];
    size_t request_count;
};

/* Where nothing can be acknowledged any more: end at once, the unit starts us again. */
static _Noreturn void give_up(const char *event, enum err err)
{
    log_event(
        LOG_ERROR, event,
        "error=\"%s\" text=\"nothing of this turn was acknowledged; exiting. If the disk is full, "
        "make room\"",
        err_text(err));
    _exit(1);
}

/* ---- a turn ---- */

/* Bounded also in time: a report can be made to take long to judge, and everybody else waits for
 * the end of the turn. */
static bool is_turn_full(const struct ingest_door *self, size_t messages, size_t bytes)
{
    return messages >= TURN_REPORTS_MAX || bytes >= TURN_BYTES_MAX ||
           answers_bytes(self->ingest.answers) >= TURN_BYTES_MAX ||
           (messages > 0 && clock_monotonic_ms() - self->ingest.now_ms >= TURN_MS_MAX);
}

static enum err decide_one(struct ingest_door *self, struct unit *unit)
{
    size_t i = unit->decided++;
    return unit->is_final[i] ? ingest_examined(&self->ingest, &unit->peers[i], &unit->examined[i])
                             : ingest_message(&self->ingest, &unit->peers[i], unit_frame(unit, i));
}

static enum err take_messages(struct ingest_door *self, size_t *ret_count)
{
    size_t count = 0;
    size_t bytes = 0;
    struct unit *unit = NULL;
    enum err err = ERR_OK;
    while (err == ERR_OK && !is_turn_full(self, count, bytes) &&
           (unit = crew_next(self->crew)) != NULL) {
        while (err == ERR_OK && unit->decided < unit->count && !is_turn_full(self, count, bytes)) {
            bytes += unit_frame(unit, unit->decided).size;
            count++;
            err = decide_one(self, unit);
        }
    }
    *ret_count = count;
    return err;
}

/* Acts and contacts are validated; a refused one changes nothing and does not end the turn.
 * Accesses are journaled as they come. */
static enum err write_one(struct ingest_door *self, const struct write_request *request,
                          struct written *written)
{
    struct writer *writer = self->ingest.writer;
    if (request->kind != WRITE_ACCESSES) {
        written->err =
            request->kind == WRITE_ACTS
                ? writer_acts(writer, request->events, request->count, &written->complaint,
                              &written->first_seq, &written->last_seq)
                : contact_write(writer, self->ingest.now_us, request->events[0],
                                &written->complaint);
        return written->err == ERR_REFUSED ? ERR_OK : written->err;
    }
    for (size_t i = 0; i < request->count; i++) {
        enum err err = writer_event(writer, request->events[i], &written->last_seq);
        if (err != ERR_OK) {
            return err;
        }
        written->first_seq = i == 0 ? written->last_seq : written->first_seq;
    }
    return ERR_OK;
}

static enum err take_writes(struct ingest_door *self)
{
    self->request_count = 0;
    while (self->request_count < WRITES_PER_TURN) {
        struct write_request *request = &self->requests[self->request_count];
        struct written *written = &self->written[self->request_count];
        if (writer_queue_take(self->hub->writes, request) != ERR_OK) {
            break;
        }
        *written = (struct written){0};
        self->request_count++;
        enum err err = write_one(self, request, written);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static void send_frame(void *context, const struct peer *peer, struct bytes frame)
{
    struct ingest_door *self = context;
    (void)door_send(self->door, peer, frame); /* what does not leave is asked again; counted */
}

/* Sending may take in the sign that something has arrived, for which somebody else waits. */
static void deliver(struct ingest_door *self)
{
    pthread_mutex_lock(&self->socket);
    answers_deliver(self->ingest.answers, send_frame, self);
    if (self->is_waiting && door_has_arrived(self->door)) {
        (void)eventfd_write(self->nudge_fd, 1); /* fails only when it is readable already */
    }
    pthread_mutex_unlock(&self->socket);
}

/* After commit, and only then: the registry others read, the head, the answers. */
static void publish(struct ingest_door *self)
{
    struct registry *registry = NULL;
    enum err err = writer_new_registry(self->ingest.writer, &registry);
    err = err != ERR_OK ? err : roster_swap(self->hub->roster, registry);
    if (err != ERR_OK && err != ERR_NOT_FOUND) { /* a revocation that the doors would not know of */
        give_up("registry_not_swapped", err);
    }
    hub_clock_recorded(self->hub->clock, writer_last_received_us(self->ingest.writer));
    head_set(self->hub->head, writer_size(self->ingest.writer));
    for (size_t i = 0; i < self->request_count; i++) {
        write_request_done(&self->requests[i], &self->written[i]);
    }
    deliver(self);
}

static enum err end_turn(struct ingest_door *self)
{
    struct counters *counters = &self->hub->counters;
    const struct checkpoint *checkpoint = NULL;
    uint64_t commits = counters->commits;
    int64_t began_us = clock_monotonic_us();
    enum err err = ingest_end(&self->ingest, &checkpoint);
    if (err == ERR_OK && counters->commits > commits) {
        uint64_t size = writer_size(self->ingest.writer);
        histogram_add(&counters->commit_us, commit_us_bounds,
                      (uint64_t)(clock_monotonic_us() - began_us));
        histogram_add(&counters->batch_records, batch_records_bounds, size - self->size_before);
    }
    return err;
}

static void turn(void *context)
{
    struct ingest_door *self = context;
    size_t count = 0;
    enum clock_state state = hub_clock_check(self->hub->clock);
    if (state != self->told_state) {
        log_event(state == CLOCK_RIGHT ? LOG_INFO : LOG_ERROR, "clock", "text=\"%s\"",
                  clock_state_text(state));
        self->told_state = state;
    }
    enum err err =
        ingest_begin(&self->ingest, hub_clock_begin(self->hub->clock), clock_monotonic_ms(), state);
    self->size_before = writer_size(self->ingest.writer);
    err = err != ERR_OK ? err : take_messages(self, &count);
    err = err != ERR_OK ? err : take_writes(self);
    if (count > 1) { /* where one came alone, nobody else is awaited */
        crew_hand_over(self->crew);
    }
    err = err != ERR_OK ? err : end_turn(self);
    if (err != ERR_OK) {
        give_up("ingest_commit_failed", err);
    }
    hub_clock_end(self->hub->clock);
    publish(self);
}

/* ---- what goes on beside the turns ---- */

static void look_after(struct ingest_door *self)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - self->readers_checked_ms >= 60000) {
        env_check_readers(store_env(self->hub->store));
        self->readers_checked_ms = now_ms;
    }
}

/* After a second of silence: malloc keeps what a busy hour took (tune_malloc), and this is not one.
 */
static void rest(struct ingest_door *self)
{
    if (self->has_worked) {
        malloc_trim(0);
        self->has_worked = false;
    }
}

static void fill(struct ingest_door *self, struct unit *unit)
{
    struct incoming incoming;
    pthread_mutex_lock(&self->socket);
    self->is_waiting = false;
    while (!unit_is_full(unit) && door_receive(self->door, &incoming) == ERR_OK) {
        if (unit_add(unit, &incoming) != ERR_OK) {
            give_up("ingest_out_of_memory", ERR_MEMORY);
        }
    }
    self->is_waiting = unit->count == 0;
    /* What was dropped may have hidden what comes behind it, and took the sign of it in. */
    if (self->is_waiting && door_has_arrived(self->door)) {
        (void)eventfd_write(self->nudge_fd, 1); /* as in deliver */
    }
    self->has_worked = self->has_worked || unit->count > 0;
    pthread_mutex_unlock(&self->socket);
}

static bool receive(void *context, struct unit *unit)
{
    struct ingest_door *self = context;
    struct pollfd items[] = {
        {.fd = self->socket_fd, .events = POLLIN},
        {.fd = writer_queue_fd(self->hub->writes), .events = POLLIN},
        {.fd = self->hub->stop_fd, .events = POLLIN},
        {.fd = self->nudge_fd, .events = POLLIN},
    };
    for (;;) {
        fill(self, unit);
        if (unit->count > 0 || self->hub->is_stopping) {
            return false;
        }
        look_after(self);
        int ready = poll(items, sizeof items / sizeof items[0], IDLE_MS);
        if (ready == 0) {
            rest(self);
        }
        if (ready <= 0) {
            continue;
        }
        if (items[3].revents != 0) {
            eventfd_t told;
            (void)eventfd_read(self->nudge_fd, &told);
        }
        if (items[1].revents != 0) {
            return true;
        }
    }
}

static void examine_unit(void *context, struct unit *unit)
{
    const struct ingest_door *self = context;
    unit->arena.budget = UNIT_ARENA;
    for (size_t i = 0; i < unit->count; i++) {
        examine(&self->ingest, &unit->peers[i], unit_frame(unit, i), &unit->arena,
                &unit->examined[i]);
        unit->is_final[i] = examined_is_final(&unit->examined[i]);
    }
}

static bool is_over(void *context)
{
    const struct ingest_door *self = context;
    return self->hub->is_stopping;
}

static enum err make_crew(struct ingest_door *self)
{
    const struct crew_jobs jobs = {
        .context = self,
        .receive = receive,
        .examine = examine_unit,
        .turn = turn,
        .is_over = is_over,
    };
    pthread_mutex_init(&self->socket, NULL);
    self->nudge_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum err err = self->nudge_fd < 0 ? ERR_MEMORY : door_fd(self->door, &self->socket_fd);
    return err != ERR_OK ? err : crew_make(&jobs, &self->crew);
}

void *ingest_door_run(void *argument)
{
    struct hub *hub = argument;
    struct complaint complaint = {{0}};
    struct ingest_door *self = calloc(1, sizeof *self);
    struct door_options options = {
        .endpoint = hub->config.ingest,
        .domain = "ingest",
        .key = hub->transport_key,
        .request_max = INGEST_REQUEST_MAX,
        .counters = &hub->counters,
        .name = AT_INGEST,
        .receive_hwm = 64,
        .io_thread = 1, /* agents on the first, subscribers on the second */
        .send_hwm = 64,
    };
    if (self == NULL) {
        give_up("ingest_door_not_opened", ERR_MEMORY);
    }
    self->hub = hub;
    self->ingest.writer = hub->writer;
    self->ingest.identity = &hub->identity;
    self->ingest.counters = &hub->counters;
    self->ingest.disk_floor_mb = hub->config.disk_floor_mb;
    randombytes_buf(self->ingest.session_key, sizeof self->ingest.session_key);
    enum err err = door_open(hub->zmq, &options, &complaint, &self->door);
    err = err != ERR_OK ? err : answers_make(&self->ingest.answers);
    err = err != ERR_OK ? err : make_crew(self);
    err = err != ERR_OK ? err
                        : quota_make(hub->config.quota_bucket, hub->config.quota_per_hour,
                                     &self->ingest.quota);
    err =
        err != ERR_OK ? err : quota_make(REFUSALS_KEPT, REFUSALS_PER_HOUR, &self->ingest.refusals);
    err = err != ERR_OK ? err : quota_make(OWED_BUCKET, OWED_PER_HOUR, &self->ingest.owed);
    if (err != ERR_OK) {
        log_event(LOG_ERROR, "ingest_door_not_opened", "error=\"%s\" text=\"%s\"", err_text(err),
                  complaint.text);
        _exit(2);
    }
    log_event(LOG_INFO, "door_open", "door=ingest endpoint=%s", hub->config.ingest);
    crew_run(self->crew);
    crew_close(&self->crew);
    close(self->nudge_fd);
    pthread_mutex_destroy(&self->socket);
    door_close(&self->door);
    answers_close(&self->ingest.answers);
    quota_close(&self->ingest.quota);
    quota_close(&self->ingest.refusals);
    quota_close(&self->ingest.owed);
    arena_close(&self->ingest.arena);
    arena_close(&self->ingest.words);
    arena_close(&self->ingest.beside);
    free(self);
    return NULL;
}
