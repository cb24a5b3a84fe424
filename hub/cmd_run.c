/* mfi-hub run: the start-up steps, in order. */
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "conf/clock.h"
#include "conf/log.h"
#include "conf/options.h"
#include "conf/signals.h"
#include "hub/accept.h"
#include "hub/commands.h"
#include "hub/memory_guard.h"
#include "hub/metrics.h"
#include "hub/subscribers.h"
#include "hub/zap.h"

struct run_arguments {
    struct common_arguments common;
};

static const struct option_row run_rows[] = {COMMON_ROWS(struct run_arguments), {0}};

static const struct options run_options = {
    .program = "mfi-hub run",
    .about = "Serves agents, subscribers and regulators until SIGTERM. kill -9 at any moment loses "
             "nothing: whoever has no receipt sends again. With `metrics` in hub.conf it tells its "
             "figures on loopback, as OpenMetrics.",
    .rows = run_rows,
};

/* Three thresholds, worth half of the time at wide windows (LIMITS f), for some 30 MB. */
static void tune_malloc(void)
{
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_TOP_PAD, 16 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

/* Some container runtimes set a thousand million: what is kept for each file must not follow. */
static rlim_t at_most_useful(rlim_t files)
{
    const rlim_t most = (rlim_t)PEERS_MOST + OPEN_FILES_BESIDE_PEERS;
    return files < most ? files : most;
}

/* The soft limit is raised as far as the hard one allows: 1,024, the usual one, is too few. */
static enum err allow_open_files(struct hub *hub, struct complaint *complaint)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)hub->config.peers_max + OPEN_FILES_BESIDE_PEERS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return ERR_OK;
    }
    bool is_enough = limit.rlim_cur >= wanted;
    limit.rlim_cur = is_enough ? limit.rlim_cur : wanted;
    accept_at_most(at_most_useful(limit.rlim_cur), &hub->counters);
    if (!is_enough && (limit.rlim_max < wanted || setrlimit(RLIMIT_NOFILE, &limit) != 0)) {
        return complain(complaint, ERR_CONFIG,
                        "At most %llu open files are allowed, too few for peers_max = %lld. Raise "
                        "the limit (LimitNOFILE in the unit, ulimit -Hn) or lower peers_max.",
                        (unsigned long long)limit.rlim_max, (long long)hub->config.peers_max);
    }
    return ERR_OK;
}

static enum err make_shared(struct hub *hub)
{
    struct registry *registry = NULL;
    enum err err = registry_copy(writer_registry(hub->writer), &registry);
    err = err != ERR_OK ? err : roster_make(registry, &hub->roster);
    err = err != ERR_OK ? err : head_make(writer_size(hub->writer), &hub->head);
    err = err != ERR_OK ? err : writer_queue_make(&hub->writes);
    err = err != ERR_OK ? err : subscribers_make(&hub->subscribers);
    err = err != ERR_OK ? err : mailbox_make(&hub->query_mail);
    err = err != ERR_OK ? err : mailbox_make(&hub->admin_mail);
    hub->stop_fd = eventfd(0, EFD_CLOEXEC);
    hub->zmq = zmq_ctx_new();
    if (err != ERR_OK || hub->stop_fd < 0 || hub->zmq == NULL) {
        return err != ERR_OK ? err : ERR_MEMORY;
    }
    /* Two I/O threads: agents on the first, subscribers on the second (LIMITS f). */
    zmq_ctx_set(hub->zmq, ZMQ_IO_THREADS, 2);
    zmq_ctx_set(hub->zmq, ZMQ_MAX_SOCKETS, 64);
    zmq_ctx_set(hub->zmq, ZMQ_BLOCKY, 0);
    return ERR_OK;
}

struct thread_row {
    const char *name;
    void *(*run)(void *argument);
    bool is_patient; /* does not push aside what runs when it wakes: a receipt comes first */
};

static const struct thread_row doors[] = {
    {"ingest", ingest_door_run, false}, {"feed", feed_door_run, true},
    {"query", query_door_run, true},    {"admin", admin_door_run, false},
    {"metrics", metrics_run, true},
};
#define DOORS (sizeof doors / sizeof doors[0])

/* The main thread has nothing else to do: it looks after the memory. */
static enum err wait_for_signal(struct hub *hub, int signal_fd)
{
    struct pollfd item = {.fd = signal_fd, .events = POLLIN};
    struct rlimit files = {0};
    AUTO(memory_guard_close) struct memory_guard *guard = NULL;
    (void)getrlimit(RLIMIT_NOFILE, &files);
    enum err err = memory_guard_make(hub->config.memory_max_mb, (int)at_most_useful(files.rlim_cur),
                                     &hub->counters, &guard);
    if (err != ERR_OK) {
        log_event(LOG_ERROR, "memory_guard_not_made",
                  "error=\"%s\" text=\"there is too little memory to watch over it; exiting\"",
                  err_text(err));
    }
    while (err == ERR_OK &&
           (poll(&item, 1, memory_guard_wait_ms(guard)) <= 0 || !signals_came(signal_fd))) {
        err = memory_guard_look(guard);
    }
    return err;
}

/* ZAP is bound before a door opens; what a door cannot do ends the process from its own thread. */
static enum err serve(struct hub *hub, int signal_fd)
{
    pthread_t threads[DOORS + 1];
    uint64_t records = writer_size(hub->writer); /* the writer is its door's from then on */
    struct zap_thread zap = {.hub = hub};
    enum err err = zap_bind(hub, &zap.socket);
    if (err != ERR_OK || pthread_create(&threads[DOORS], NULL, zap_run, &zap) != 0) {
        return err != ERR_OK ? err : ERR_MEMORY;
    }
    for (size_t i = 0; i < DOORS; i++) {
        if (pthread_create(&threads[i], NULL, doors[i].run, hub) != 0) {
            return ERR_MEMORY;
        }
        pthread_setname_np(threads[i], doors[i].name);
        if (doors[i].is_patient) { /* where it is not allowed, they are not */
            (void)pthread_setschedparam(threads[i], SCHED_BATCH, &(struct sched_param){0});
        }
    }
    log_event(LOG_INFO, "started", "origin=%s records=%llu test=%s", hub->identity.origin,
              (unsigned long long)records, hub->identity.is_test ? "yes" : "no");
    if (wait_for_signal(hub, signal_fd) != ERR_OK) {
        _exit(1); /* as after kill -9: nothing that was acknowledged is lost */
    }
    hub->is_stopping = true;
    (void)eventfd_write(hub->stop_fd, 1);
    for (size_t i = 0; i <= DOORS; i++) {
        pthread_join(threads[i], NULL);
    }
    log_event(LOG_INFO, "stopped", "records=%llu", (unsigned long long)writer_size(hub->writer));
    return ERR_OK;
}

static enum err start(struct hub *hub, const char *config, struct complaint *complaint)
{
    bool is_new = false;
    enum err err = hub_config_read(config, &hub->config, complaint);
    err = err != ERR_OK ? err : hub_check_endpoints(hub, complaint);
    err = err != ERR_OK ? err : allow_open_files(hub, complaint);
    err = err != ERR_OK ? err : hub_open(hub, HUB_WRITE, complaint);
    err = err != ERR_OK ? err : hub_settings_journal(hub, hub_now_us(hub), &is_new, complaint);
    if (err == ERR_OK && is_new) {
        log_event(LOG_INFO, "settings", "country=%s text=\"new settings are in force\"",
                  writer_settings(hub->writer)->country);
    }
    return err != ERR_OK ? err : make_shared(hub);
}

int cmd_run(int argc, char **argv)
{
    static struct hub hub; /* its threads may outlive this frame when the process ends early */
    struct run_arguments arguments = {0};
    struct complaint complaint = {{0}};
    int signal_fd = -1;
    int code = options_parse(&run_options, argc, argv, &arguments, NULL);
    if (code >= 0) {
        return code;
    }
    tune_malloc();
    umask(0077); /* the admin socket is nobody else's from its first moment */
    hub.started_at_us = clock_wall_us();
    enum err err = signals_open(&signal_fd);
    err = err != ERR_OK ? err : start(&hub, arguments.common.config, &complaint);
    err = err != ERR_OK ? err : serve(&hub, signal_fd);
    if (err != ERR_OK) {
        return command_failed(err, &complaint);
    }
    roster_close(&hub.roster);
    head_close(&hub.head);
    writer_queue_close(&hub.writes);
    subscribers_close(&hub.subscribers);
    mailbox_close(&hub.query_mail);
    mailbox_close(&hub.admin_mail);
    zmq_ctx_term(hub.zmq);
    close(hub.stop_fd);
    hub_release(&hub);
    return 0;
}
