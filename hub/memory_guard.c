#include "hub/memory_guard.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/log.h"
#include "hub/accept.h"

#define LOOK_MS      100
#define LOOK_NEAR_MS 10 /* a gigabyte a second comes in on a fast network */

struct memory_guard {
    uint64_t max_bytes;
    uint64_t last_bytes;
    struct counters *counters;
    int statm;
    int files_max;
    bool was_near;
    int trims_left;     /* what a connection that was cut off held is freed bit by bit */
    uint64_t *received; /* of each descriptor, up to the look before */
    uint64_t *brought;  /* between that look and this one */
};

static uint64_t bytes_in_use(int statm);
static void cut_loudest(struct memory_guard *guard, uint64_t grown_bytes);

enum err memory_guard_make(int64_t max_mb, int files_max, struct counters *counters,
                           struct memory_guard **ret_guard)
{
    AUTO(memory_guard_close) struct memory_guard *guard = calloc(1, sizeof *guard);
    if (guard == NULL) {
        return ERR_MEMORY;
    }
    guard->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    guard->max_bytes = (uint64_t)max_mb << 20;
    guard->counters = counters;
    guard->files_max = files_max;
    /* Pages of them that are never touched cost nothing. */
    guard->received = calloc((size_t)files_max, sizeof *guard->received);
    guard->brought = calloc((size_t)files_max, sizeof *guard->brought);
    if (guard->received == NULL || guard->brought == NULL) {
        return ERR_MEMORY;
    }
    *ret_guard = STEAL(guard);
    return ERR_OK;
}

void memory_guard_close(struct memory_guard **guard)
{
    if (*guard != NULL) {
        if ((*guard)->statm >= 0) {
            close((*guard)->statm);
        }
        free((*guard)->received);
        free((*guard)->brought);
        free(*guard);
        *guard = NULL;
    }
}

enum err memory_guard_look(struct memory_guard *guard)
{
    uint64_t bytes = bytes_in_use(guard->statm);
    if (bytes > guard->max_bytes) {
        log_event(LOG_ERROR, "memory_exceeded",
                  "bytes=%llu memory_max_mb=%llu text=\"ending, to be started again; nothing that "
                  "was acknowledged is lost. If the hub needs so much, raise memory_max_mb, and "
                  "MemoryMax in the unit\"",
                  (unsigned long long)bytes, (unsigned long long)(guard->max_bytes >> 20));
        return ERR_MEMORY;
    }
    bool is_near = bytes > guard->max_bytes / 4 * 3;
    if (is_near && !guard->was_near) {
        guard->trims_left = 1; /* what is free already need not be near anything */
    }
    if (is_near) {
        cut_loudest(guard,
                    guard->was_near && bytes > guard->last_bytes ? bytes - guard->last_bytes : 0);
    }
    if (guard->trims_left > 0) {
        guard->trims_left--;
        malloc_trim(0);
    }
    guard->was_near = is_near;
    guard->last_bytes = bytes;
    return ERR_OK;
}

int memory_guard_wait_ms(const struct memory_guard *guard)
{
    return guard->was_near || guard->trims_left > 0 ? LOOK_NEAR_MS : LOOK_MS;
}

int memory_loudest(const uint64_t brought[], int count, uint64_t grown_bytes)
{
    int loudest = -1;
    uint64_t most = 0;
    for (int i = 0; i < count; i++) {
        if (brought[i] > most) {
            most = brought[i];
            loudest = i;
        }
    }
    /* A quarter: frames of a byte take more memory than they took on the way. */
    return grown_bytes > 0 && most >= grown_bytes / 4 ? loudest : -1;
}

/* Resident and of no file: the map of the store is not counted. 0 where nobody says. */
static uint64_t bytes_in_use(int statm)
{
    char text[128];
    char *rest = NULL;
    ssize_t size = pread(statm, text, sizeof text - 1, 0);
    if (size <= 0) {
        return 0;
    }
    text[size] = '\0';
    (void)strtoull(text, &rest, 10); /* address space */
    uint64_t resident = strtoull(rest, &rest, 10);
    uint64_t of_files = strtoull(rest, &rest, 10);
    return resident > of_files ? (resident - of_files) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static uint64_t received_by(int descriptor)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) == 0
               ? info.tcpi_bytes_received
               : 0;
}

static void tell(int descriptor, uint64_t bytes)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    char host[INET6_ADDRSTRLEN + 32] = "";
    if (getpeername(descriptor, (struct sockaddr *)&name, &size) != 0 ||
        getnameinfo((struct sockaddr *)&name, size, host, sizeof host, NULL, 0, NI_NUMERICHOST) !=
            0) {
        strcpy(host, "unknown");
    }
    log_event_limited(LOG_WARNING, "connection_cut_off", 10,
                      "peer=%s bytes=%llu text=\"it brought the most while the memory grew near "
                      "memory_max_mb\"",
                      host, (unsigned long long)bytes);
}

/* Shut, not closed: the descriptor stays libzmq's, which sees a peer that has gone, and frees what
 * it kept of it. Another connection that has the descriptor by now brought less: it is left alone,
 * or at worst connects again. */
static void cut_loudest(struct memory_guard *guard, uint64_t grown_bytes)
{
    int end =
        accept_descriptors_end() < guard->files_max ? accept_descriptors_end() : guard->files_max;
    for (int i = 0; i < end; i++) {
        uint64_t received = received_by(i);
        guard->brought[i] = received > guard->received[i] ? received - guard->received[i] : 0;
        guard->received[i] = received;
    }
    int loudest = memory_loudest(guard->brought, end, grown_bytes);
    if (loudest >= 0 && received_by(loudest) >= guard->received[loudest] &&
        shutdown(loudest, SHUT_RDWR) == 0) {
        guard->counters->cut_off++;
        guard->trims_left = 1000 / LOOK_NEAR_MS;
        tell(loudest, guard->brought[loudest]);
    }
}
