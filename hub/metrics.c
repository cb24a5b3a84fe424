#include "hub/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/clock.h"
#include "conf/log.h"
#include "hub/accept.h"
#include "hub/hub.h"

#define LOOK_MS 250 /* whether a connection is old */

/* A connection, from when it was taken. */
struct scrape {
    bool is_used;
    bool is_ended;
    int fd;
    int64_t began_ms;
};

struct metrics {
    struct hub *hub;
    struct MHD_Daemon *daemon;
    struct scrape scrapes[METRICS_CONNECTIONS_MAX];
    struct MHD_Response *made[2]; /* by form; NULL: none yet */
    int64_t made_ms[2];
};

/* ---- the address ---- */

static bool parse_address(const char *host, uint16_t port, struct sockaddr_storage *address,
                          socklen_t *size)
{
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
    *address = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        *size = sizeof *four;
        return true;
    }
    *size = sizeof *six;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    size_t length = strlen(host);
    char inside[INET6_ADDRSTRLEN + 2];
    if (length < 3 || length >= sizeof inside || host[0] != '[' || host[length - 1] != ']') {
        return false;
    }
    memcpy(inside, host + 1, length - 2);
    inside[length - 2] = '\0';
    return inet_pton(AF_INET6, inside, &six->sin6_addr) == 1;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    }
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

enum err metrics_address(const char *text, struct complaint *complaint,
                         struct sockaddr_storage *ret_address, socklen_t *ret_size)
{
    char host[64] = "";
    char *end = NULL;
    struct sockaddr_storage address;
    socklen_t size = 0;
    if (text == NULL || text[0] == '\0') {
        *ret_size = 0;
        return ERR_OK;
    }
    const char *colon = strrchr(text, ':');
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);
    if (colon != NULL && (size_t)(colon - text) < sizeof host) {
        memcpy(host, text, (size_t)(colon - text));
        host[colon - text] = '\0';
    }
    if (port == 0 || port > UINT16_MAX || *end != '\0' || colon[1] < '0' || colon[1] > '9' ||
        !parse_address(host, (uint16_t)port, &address, &size)) {
        return complain(complaint, ERR_CONFIG,
                        "metrics = \"%s\" is no address with a port, such as 127.0.0.1:9464.",
                        text);
    }
    if (!is_loopback(&address)) {
        return complain(complaint, ERR_CONFIG,
                        "metrics = \"%s\" could be reached from other machines, and nothing guards "
                        "it. Use 127.0.0.1 or [::1]; a monitoring system elsewhere comes through "
                        "one on this machine, or a tunnel.",
                        text);
    }
    *ret_address = address;
    *ret_size = size;
    return ERR_OK;
}

/* ---- answers ---- */

static const char *const content_types[] = {
    [METRICS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
    [METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

static struct MHD_Response *response_of(struct bytes text, const char *type)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        text.size, (void *)(uintptr_t)text.data, MHD_RESPMEM_MUST_COPY);
    if (response != NULL &&
        (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES ||
         /* One answer a connection: nobody keeps a place. */
         MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES)) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

static void make(struct metrics *metrics, enum metrics_form form, int64_t now_ms)
{
    AUTO(subscriber_list_close) struct subscriber_list list = {0};
    AUTO(buffer_close) struct buffer text = {0};
    struct metrics_sample sample;
    enum err err = metrics_gather(metrics->hub, &list, &sample);
    err = err != ERR_OK ? err : metrics_text(&sample, form, &text);
    struct MHD_Response *made =
        err == ERR_OK ? response_of(buffer_bytes(&text), content_types[form]) : NULL;
    if (metrics->made[form] != NULL) {
        MHD_destroy_response(metrics->made[form]); /* whoever still sends it has it still */
    }
    metrics->made[form] = made;
    metrics->made_ms[form] = now_ms;
    if (made == NULL) {
        log_event_limited(LOG_ERROR, "metrics_not_made", 1, "error=\"%s\" next=\"asked again\"",
                          err_text(err != ERR_OK ? err : ERR_MEMORY));
    }
}

static enum MHD_Result answer_words(struct MHD_Connection *connection, unsigned status,
                                    const char *words)
{
    struct MHD_Response *response =
        response_of(bytes_of(words, strlen(words)), "text/plain; charset=utf-8");
    if (response == NULL) {
        return MHD_NO;
    }
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    struct metrics *metrics = context;
    int64_t now_ms = clock_monotonic_ms();
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return answer_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
    }
    if (strcmp(url, "/metrics") != 0) {
        return answer_words(connection, MHD_HTTP_NOT_FOUND, "The metrics are at /metrics.\n");
    }
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
    enum metrics_form form =
        accept != NULL && strstr(accept, "application/openmetrics-text") != NULL
            ? METRICS_OPENMETRICS
            : METRICS_PROMETHEUS;
    if (metrics->made[form] == NULL || now_ms - metrics->made_ms[form] >= METRICS_FRESH_MS) {
        make(metrics, form, now_ms);
    }
    return metrics->made[form] == NULL
               ? answer_words(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "Not now; ask again.\n")
               : MHD_queue_response(connection, MHD_HTTP_OK, metrics->made[form]);
}

/* ---- connections ---- */

static void notice(void *context, struct MHD_Connection *connection, void **socket_context,
                   enum MHD_ConnectionNotificationCode code)
{
    struct metrics *metrics = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct scrape *scrape = *socket_context;
        if (scrape != NULL) {
            *scrape = (struct scrape){.is_used = false};
        }
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    for (size_t i = 0; info != NULL && i < METRICS_CONNECTIONS_MAX; i++) {
        if (!metrics->scrapes[i].is_used) {
            metrics->scrapes[i] = (struct scrape){
                .is_used = true, .fd = info->connect_fd, .began_ms = clock_monotonic_ms()};
            *socket_context = &metrics->scrapes[i];
            return;
        }
    }
}

/* Who sends a byte now and then, or reads one, would keep its place for ever: time-outs of MHD are
 * between two bytes. Shut, not closed: the descriptor is MHD's. */
static void end_old(struct metrics *metrics, int64_t now_ms)
{
    size_t used = 0;
    for (size_t i = 0; i < METRICS_CONNECTIONS_MAX; i++) {
        used += metrics->scrapes[i].is_used;
    }
    int64_t most_ms = used < METRICS_CONNECTIONS_MAX ? METRICS_CONNECTION_MS : METRICS_CROWDED_MS;
    for (size_t i = 0; i < METRICS_CONNECTIONS_MAX; i++) {
        struct scrape *scrape = &metrics->scrapes[i];
        if (scrape->is_used && !scrape->is_ended && now_ms - scrape->began_ms >= most_ms) {
            (void)shutdown(scrape->fd, SHUT_RDWR);
            scrape->is_ended = true;
        }
    }
}

static int listen_at(const struct sockaddr_storage *address, socklen_t size)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0 &&
        bind(fd, (const struct sockaddr *)address, size) == 0 &&
        listen(fd, METRICS_WAITING_MAX) == 0) {
        return fd;
    }
    int failed = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = failed;
    return -1;
}

static bool open_port(struct metrics *metrics, const struct sockaddr_storage *address,
                      socklen_t size)
{
    int fd = listen_at(address, size);
    if (fd < 0) {
        log_event_limited(LOG_ERROR, "metrics_not_opened", 1,
                          "endpoint=%s error=\"%s\" text=\"the hub serves without metrics, and "
                          "tries again; is the port another program's?\"",
                          metrics->hub->config.metrics, strerror(errno));
        return false;
    }
    accept_is_no_door(fd);
    metrics->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, metrics, MHD_OPTION_LISTEN_SOCKET,
                         fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)METRICS_CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)METRICS_REQUEST_BYTES,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(METRICS_CONNECTION_MS / 1000),
                         MHD_OPTION_NOTIFY_CONNECTION, notice, metrics, MHD_OPTION_END);
    if (metrics->daemon == NULL) {
        close(fd);
        log_event_limited(LOG_ERROR, "metrics_not_opened", 1,
                          "endpoint=%s error=\"the HTTP server cannot be made\"",
                          metrics->hub->config.metrics);
        return false;
    }
    log_event(LOG_INFO, "metrics_open", "endpoint=%s", metrics->hub->config.metrics);
    return true;
}

/* ---- the thread ---- */

/* Until the hub stops, or so long. */
static void pause_for(const struct metrics *metrics, int wait_ms)
{
    struct pollfd item = {.fd = metrics->hub->stop_fd, .events = POLLIN};
    (void)poll(&item, 1, wait_ms);
}

static int wait_ms(const struct metrics *metrics)
{
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    return MHD_get_timeout(metrics->daemon, &timeout) == MHD_YES && timeout < LOOK_MS ? (int)timeout
                                                                                      : LOOK_MS;
}

static void serve(struct metrics *metrics)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(metrics->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd items[] = {
        {.fd = info == NULL ? -1 : info->epoll_fd, .events = POLLIN},
        {.fd = metrics->hub->stop_fd, .events = POLLIN},
    };
    while (!metrics->hub->is_stopping) {
        (void)poll(items, 2, wait_ms(metrics));
        (void)MHD_run(metrics->daemon);
        end_old(metrics, clock_monotonic_ms());
        pause_for(metrics,
                  METRICS_STEP_MS); /* so that no flood takes more than a little of a core */
    }
}

void *metrics_run(void *argument)
{
    struct metrics metrics = {.hub = argument};
    struct sockaddr_storage address;
    socklen_t size = 0;
    struct complaint complaint = {{0}};
    if (metrics_address(metrics.hub->config.metrics, &complaint, &address, &size) != ERR_OK ||
        size == 0) {
        return NULL; /* off; what is wrong was refused before */
    }
    while (!metrics.hub->is_stopping && !open_port(&metrics, &address, size)) {
        pause_for(&metrics, METRICS_AGAIN_MS);
    }
    if (metrics.daemon != NULL) {
        serve(&metrics);
        MHD_stop_daemon(metrics.daemon);
    }
    for (size_t i = 0; i < sizeof metrics.made / sizeof metrics.made[0]; i++) {
        if (metrics.made[i] != NULL) {
            MHD_destroy_response(metrics.made[i]);
        }
    }
    return NULL;
}
