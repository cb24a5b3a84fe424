#include "hub/accept.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/log.h"
#include "hub/hub_open.h"

static_assert(FILES_NOT_FOR_PEERS < OPEN_FILES_BESIDE_PEERS, "peers_max peers find room");

static atomic_int descriptors_max = INT_MAX;
static atomic_int descriptors_end;
static atomic_int no_door = -1;
static struct counters *counters;

void accept_at_most(uint64_t files_max, struct counters *count_in)
{
    counters = count_in;
    descriptors_max = files_max > INT_MAX ? INT_MAX : (int)files_max - FILES_NOT_FOR_PEERS;
}

int accept_descriptors_end(void)
{
    return descriptors_end;
}

void accept_is_no_door(int listening_fd)
{
    no_door = listening_fd;
}

/* The operator's socket is always let in. */
static bool is_operator(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    return getsockname(fd, (struct sockaddr *)&name, &size) == 0 && name.ss_family == AF_UNIX;
}

/* In place of the C library's accept4, for libzmq too: there is no option by which a listener of
 * its could be told. The kernel gives the lowest number that is free, so the number says how full
 * it is. */
int accept_or_turn_away(int fd, struct sockaddr *address, socklen_t *size,
                        int flags) __asm__("accept4");

int accept_or_turn_away(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
    int peer = (int)syscall(SYS_accept4, fd, address, size, flags);
    if (peer < 0 || counters == NULL || fd == no_door || is_operator(peer)) {
        return peer;
    }
    if (peer < descriptors_max) {
        int end = descriptors_end; /* two threads accept: it never goes back */
        while (peer >= end && !atomic_compare_exchange_weak(&descriptors_end, &end, peer + 1)) {
        }
        counters->connections++;
        return peer;
    }
    /* At once and without a farewell: nothing of it stays here. */
    (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                     sizeof(struct linger));
    close(peer);
    counters->turned_away++;
    log_event_limited(LOG_WARNING, "connection_turned_away", 2,
                      "text=\"as many connections are open as there is room for; more are closed "
                      "at once until some end. If they are agents, raise peers_max and "
                      "LimitNOFILE; if not, a firewall keeps them off\"");
    errno = EAGAIN; /* to libzmq as if nobody had come */
    return -1;
}
