/* What the metrics are of: gathered in one moment, without a lock that the writer takes. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hub/accept.h"
#include "hub/hub.h"
#include "hub/metrics.h"

static enum err gather_store(struct hub *hub, struct metrics_sample *sample)
{
    AUTO(txn_end) struct txn txn = {0};
    struct record last;
    enum err err = txn_begin(store_env(hub->store), false, &txn);
    err = err != ERR_OK ? err
                        : env_space(store_env(hub->store), &sample->map_used_bytes,
                                    &sample->map_bytes, &sample->disk_free_bytes);
    if (err == ERR_OK) {
        sample->records = journal_size(&txn);
    }
    if (err == ERR_OK && sample->records > 0) {
        err = journal_get(&txn, sample->records, &last);
        sample->last_record_us = err == ERR_OK ? last.header.received_at_us : 0;
    }
    return err;
}

static uint64_t resident_bytes(void)
{
    char text[128];
    char *rest = NULL;
    int statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t size = statm < 0 ? -1 : read(statm, text, sizeof text - 1);
    if (statm >= 0) {
        close(statm);
    }
    if (size <= 0) {
        return 0;
    }
    text[size] = '\0';
    (void)strtoull(text, &rest, 10); /* address space */
    return strtoull(rest, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool is_connected(int descriptor)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           info.tcpi_state == TCP_ESTABLISHED;
}

/* Of this end; 0: none. */
static unsigned port_of(int descriptor)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    if (getsockname(descriptor, (struct sockaddr *)&name, &size) != 0) {
        return 0;
    }
    if (name.ss_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)&name)->sin_port);
    }
    return name.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)&name)->sin6_port) : 0;
}

static unsigned long port_in(const char *endpoint)
{
    const char *port = strrchr(endpoint, ':');
    return port == NULL ? 0 : strtoul(port + 1, NULL, 10);
}

/* libzmq does not say; the kernel does. Two calls a descriptor, once a second at most. */
static void count_connections(const struct hub *hub, uint64_t counts[static DOORS_COUNT])
{
    const unsigned long ports[AT_ADMIN] = {
        [AT_INGEST] = port_in(hub->config.ingest),
        [AT_FEED] = port_in(hub->config.feed),
        [AT_QUERY] = port_in(hub->config.query),
    };
    int end = accept_descriptors_end();
    for (int descriptor = 0; descriptor < end; descriptor++) {
        unsigned port = is_connected(descriptor) ? port_of(descriptor) : 0;
        for (size_t door = 0; port != 0 && door < AT_ADMIN; door++) {
            counts[door] += ports[door] == port;
        }
    }
}

enum err metrics_gather(struct hub *hub, struct subscriber_list *ret_list,
                        struct metrics_sample *ret_sample)
{
    AUTO(subscriber_list_close) struct subscriber_list list = {0};
    struct metrics_sample sample = {
        .origin = hub->identity.origin,
        .is_test = hub->identity.is_test,
        .clock_is_right = hub_clock_check(hub->clock) == CLOCK_RIGHT,
        .started_at_us = hub->started_at_us,
        .now_us = hub_clock_now_us(hub->clock),
        .disk_floor_bytes = (uint64_t)hub->config.disk_floor_mb << 20,
        .resident_bytes = resident_bytes(),
        .counters = &hub->counters,
    };
    enum err err = subscribers_list(hub->subscribers, &list); /* before the journal's end is read */
    err = err != ERR_OK ? err : gather_store(hub, &sample);
    if (err != ERR_OK) {
        return err;
    }
    count_connections(hub, sample.open_connections);
    sample.subscribers = list.items;
    sample.subscriber_count = list.count;
    *ret_sample = sample;
    *ret_list = list;
    list = (struct subscriber_list){.count = 0};
    return ERR_OK;
}
