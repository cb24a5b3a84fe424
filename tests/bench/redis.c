/* The load of tests/sim/load.c, sent to a Redis server:
 *
 *   redis PORT CERTIFICATE KEY KEYS AGENTS OUTSTANDING SUBSCRIBERS SECONDS BYTES
 *
 * AGENTS connections over TLS, each side showing CERTIFICATE (its key in KEY), add the same signed
 * reports to one stream, with OUTSTANDING commands under way each; Redis' reply is the
 * acknowledgement. SUBSCRIBERS connections read all of the stream, each from its own position. One
 * thread. Prints what mfi-sim load prints under the same names: acked_per_s, acked, p50_ms, p99_ms,
 * delivered_per_s, delivered, cpu_us (of this process, an acknowledgement), bytes.
 *
 * Redis keeps what it is given, whatever it is, so the signed reports are used again and again. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "conf/clock.h"
#include "tests/sim/reader.h"
#include "tests/sim/shots.h"

#define OUTSTANDING_MAX 256
#define SHOTS           200 /* of each agent */
#define LATENCIES_MAX   20000000
#define POSITION_MAX    48
#define LAST_MS         30000

struct line {
    SSL *ssl;
    redisReader *reader;
    struct buffer out;
    size_t out_at;
    const struct shooter *shooter; /* NULL: a subscriber */
    size_t next;
    size_t in_flight;
    int64_t sent_us[OUTSTANDING_MAX]; /* a ring: replies come in order */
    size_t answered;
    char position[POSITION_MAX]; /* a subscriber's: the last entry it has */
};

struct bench {
    SSL_CTX *tls;
    struct shooter *shooters;
    struct line *lines; /* agents, then subscribers */
    struct pollfd *items;
    size_t agents;
    size_t count;
    size_t outstanding;
    size_t report_bytes;
    int port;
    uint32_t *latencies_us;
    uint64_t acknowledged;
    uint64_t delivered;
    struct complaint complaint;
};

static enum err open_bench(struct bench *bench, char **words);
static enum err fire(struct bench *bench, int64_t seconds);

int main(int argc, char **argv)
{
    static struct bench bench;
    if (argc != 10) {
        fprintf(stderr, "usage: see the head of tests/bench/redis.c\n");
        return 2;
    }
    enum err err = keys_init();
    err = err != ERR_OK ? err : open_bench(&bench, argv + 1);
    err = err != ERR_OK ? err : fire(&bench, strtol(argv[8], NULL, 10));
    if (err != ERR_OK) {
        fprintf(stderr, "redis: %s\n",
                bench.complaint.text[0] != '\0' ? bench.complaint.text : err_text(err));
        return 1;
    }
    _exit(fflush(stdout)); /* nothing here is worth a graceful end */
}

static enum err tls_fails(struct bench *bench, const char *what)
{
    char reason[256] = "";
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    return complain(&bench->complaint, ERR_NETWORK, "%s: %s (%s). Look at the server's log.", what,
                    reason, strerror(errno));
}

/* ---- bytes out ---- */

static enum err flush_line(struct bench *bench, struct line *line)
{
    while (line->out_at < line->out.size) {
        int wrote = SSL_write(line->ssl, line->out.data + line->out_at,
                              (int)(line->out.size - line->out_at));
        if (wrote <= 0) {
            int why = SSL_get_error(line->ssl, wrote);
            return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ
                       ? ERR_OK
                       : tls_fails(bench, "Sending fails");
        }
        line->out_at += (size_t)wrote;
    }
    buffer_clear(&line->out);
    line->out_at = 0;
    return ERR_OK;
}

static enum err ask_add(struct line *line)
{
    struct bytes shot = shooter_shot(line->shooter, line->next % line->shooter->count);
    enum err err = buffer_printf(
        &line->out, "*5\r\n$4\r\nXADD\r\n$7\r\nreports\r\n$1\r\n*\r\n$1\r\ne\r\n$%zu\r\n",
        shot.size);
    err = err != ERR_OK ? err : buffer_append(&line->out, shot.data, shot.size);
    err = err != ERR_OK ? err : buffer_append(&line->out, "\r\n", 2);
    line->sent_us[line->next % OUTSTANDING_MAX] = clock_boot_us();
    line->next++;
    line->in_flight++;
    return err;
}

static enum err reload(struct bench *bench, struct line *line)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && line->in_flight < bench->outstanding) {
        err = ask_add(line);
    }
    return err != ERR_OK ? err : flush_line(bench, line);
}

static enum err ask_more(struct bench *bench, struct line *line)
{
    char count[24];
    int digits = snprintf(count, sizeof count, "%zu", READER_BYTES / bench->report_bytes);
    enum err err =
        buffer_printf(&line->out,
                      "*8\r\n$5\r\nXREAD\r\n$5\r\nCOUNT\r\n$%d\r\n%s\r\n$5\r\nBLOCK\r\n$1\r\n0\r\n"
                      "$7\r\nSTREAMS\r\n$7\r\nreports\r\n$%zu\r\n%s\r\n",
                      digits, count, strlen(line->position), line->position);
    return err != ERR_OK ? err : flush_line(bench, line);
}

/* ---- bytes in ---- */

/* The entries of the one stream that was asked for; NULL: the reply is something else. */
static const redisReply *entries_of(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 ||
        reply->element[0]->type != REDIS_REPLY_ARRAY || reply->element[0]->elements != 2) {
        return NULL;
    }
    const redisReply *entries = reply->element[0]->element[1];
    return entries->type == REDIS_REPLY_ARRAY && entries->elements > 0 ? entries : NULL;
}

static enum err take_entries(struct bench *bench, struct line *line, const redisReply *reply)
{
    const redisReply *entries = entries_of(reply);
    if (entries == NULL) {
        return complain(&bench->complaint, ERR_NETWORK, "XREAD was answered by: %s.",
                        reply->type == REDIS_REPLY_ERROR ? reply->str : "no entries");
    }
    const redisReply *last = entries->element[entries->elements - 1];
    bench->delivered += entries->elements;
    (void)snprintf(line->position, sizeof line->position, "%s", last->element[0]->str);
    return ask_more(bench, line);
}

static enum err take_reply(struct bench *bench, struct line *line, const redisReply *reply)
{
    if (line->shooter == NULL) {
        return take_entries(bench, line, reply);
    }
    if (reply->type != REDIS_REPLY_STRING) {
        return complain(&bench->complaint, ERR_NETWORK, "XADD was answered by: %s.",
                        reply->type == REDIS_REPLY_ERROR ? reply->str : "no number");
    }
    int64_t waited_us = clock_boot_us() - line->sent_us[line->answered++ % OUTSTANDING_MAX];
    line->in_flight--;
    if (bench->acknowledged == LATENCIES_MAX) {
        return complain(&bench->complaint, ERR_TOO_LARGE,
                        "More than %d acknowledgements; give fewer SECONDS.", LATENCIES_MAX);
    }
    bench->latencies_us[bench->acknowledged++] = (uint32_t)waited_us;
    return ERR_OK;
}

static enum err take_replies(struct bench *bench, struct line *line)
{
    enum err err = ERR_OK;
    void *reply = NULL;
    while (err == ERR_OK) {
        if (redisReaderGetReply(line->reader, &reply) != REDIS_OK) {
            return complain(&bench->complaint, ERR_NETWORK, "A reply cannot be read: %s.",
                            line->reader->errstr);
        }
        if (reply == NULL) {
            return ERR_OK;
        }
        err = take_reply(bench, line, reply);
        freeReplyObject(reply);
    }
    return err;
}

static enum err receive(struct bench *bench, struct line *line)
{
    static char bytes[64 * 1024];
    for (;;) {
        int got = SSL_read(line->ssl, bytes, sizeof bytes);
        if (got <= 0) {
            return SSL_get_error(line->ssl, got) == SSL_ERROR_WANT_READ
                       ? ERR_OK
                       : tls_fails(bench, "Receiving fails");
        }
        if (redisReaderFeed(line->reader, bytes, (size_t)got) != REDIS_OK) {
            return ERR_MEMORY;
        }
        enum err err = take_replies(bench, line);
        if (err != ERR_OK) {
            return err;
        }
    }
}

/* One wait, and all that has come. */
static enum err take_all(struct bench *bench)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < bench->count; i++) {
        bool is_waiting = bench->lines[i].out_at < bench->lines[i].out.size;
        bench->items[i].events = (short)(POLLIN | (is_waiting ? POLLOUT : 0));
    }
    if (poll(bench->items, bench->count, 10) < 0 && errno != EINTR) {
        return complain(&bench->complaint, ERR_NETWORK, "Waiting fails: %s.", strerror(errno));
    }
    for (size_t i = 0; err == ERR_OK && i < bench->count; i++) {
        if (bench->items[i].revents != 0) {
            err = flush_line(bench, &bench->lines[i]);
            err = err != ERR_OK ? err : receive(bench, &bench->lines[i]);
        }
    }
    return err;
}

/* ---- making ready ---- */

static enum err open_tls(struct bench *bench, const char *certificate, const char *key)
{
    bench->tls = SSL_CTX_new(TLS_client_method());
    if (bench->tls == NULL || SSL_CTX_load_verify_locations(bench->tls, certificate, NULL) != 1 ||
        SSL_CTX_use_certificate_file(bench->tls, certificate, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(bench->tls, key, SSL_FILETYPE_PEM) != 1) {
        return tls_fails(bench, "The certificate cannot be used");
    }
    SSL_CTX_set_verify(bench->tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(bench->tls,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return ERR_OK;
}

static enum err open_line(struct bench *bench, size_t index)
{
    struct line *line = &bench->lines[index];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)bench->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    line->shooter = index < bench->agents ? &bench->shooters[index] : NULL;
    line->reader = redisReaderCreate();
    line->ssl = SSL_new(bench->tls);
    if (fd < 0 || line->reader == NULL || line->ssl == NULL ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        SSL_set_fd(line->ssl, fd) != 1 || SSL_connect(line->ssl) != 1 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        return tls_fails(bench, "The server cannot be reached");
    }
    line->reader->maxbuf = 0; /* its memory is kept */
    bench->items[index] = (struct pollfd){.fd = fd};
    (void)snprintf(line->position, sizeof line->position, "0-0");
    return line->shooter == NULL ? ask_more(bench, line) : ERR_OK;
}

static enum err prepare_shots(struct bench *bench, const char *keys)
{
    struct load_options options = {.report_bytes = bench->report_bytes};
    enum err err = shooters_open(keys, bench->agents, true, &bench->complaint, &bench->shooters);
    for (size_t i = 0; err == ERR_OK && i < bench->agents; i++) {
        err = shooter_load(&bench->shooters[i], &options, clock_wall_us(), true, SHOTS,
                           &bench->complaint);
    }
    return err;
}

static enum err open_bench(struct bench *bench, char **words)
{
    bench->port = (int)strtol(words[0], NULL, 10);
    bench->agents = strtoul(words[4], NULL, 10);
    bench->outstanding = strtoul(words[5], NULL, 10);
    bench->count = bench->agents + strtoul(words[6], NULL, 10);
    bench->report_bytes = strtoul(words[8], NULL, 10);
    if (bench->agents == 0 || bench->report_bytes == 0 || bench->outstanding == 0 ||
        bench->outstanding > OUTSTANDING_MAX) {
        return complain(&bench->complaint, ERR_RANGE,
                        "AGENTS and BYTES must be more than 0, and OUTSTANDING 1 to %d.",
                        OUTSTANDING_MAX);
    }
    bench->lines = calloc(bench->count, sizeof *bench->lines);
    bench->items = calloc(bench->count, sizeof *bench->items);
    bench->latencies_us = calloc(LATENCIES_MAX, sizeof *bench->latencies_us);
    if (bench->lines == NULL || bench->items == NULL || bench->latencies_us == NULL) {
        return ERR_MEMORY;
    }
    enum err err = prepare_shots(bench, words[3]);
    err = err != ERR_OK ? err : open_tls(bench, words[1], words[2]);
    for (size_t i = 0; err == ERR_OK && i < bench->count; i++) {
        err = open_line(bench, i);
    }
    return err;
}

/* ---- the measurement ---- */

static int64_t spent_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void show(struct bench *bench, int64_t took_us, int64_t cpu_us)
{
    uint64_t count = bench->acknowledged;
    double seconds = (double)took_us / 1e6;
    size_t bytes = bench->shooters[0].envelopes.size / SHOTS;
    qsort(bench->latencies_us, count, sizeof *bench->latencies_us, compare_u32);
    uint32_t p50_us = bench->latencies_us[count / 2];
    uint32_t p99_us = bench->latencies_us[count - 1 - count / 100];
    printf("acked_per_s=%.0f p50_ms=%.3f p99_ms=%.3f delivered_per_s=%.0f acked=%" PRIu64
           " delivered=%" PRIu64 " cpu_us=%.2f bytes=%zu seconds=%.3f\n",
           (double)count / seconds, p50_us / 1e3, p99_us / 1e3, (double)bench->delivered / seconds,
           count, bench->delivered, (double)cpu_us / (double)count, bytes, seconds);
}

/* Acknowledgements after the time are waited for, but do not count. */
static enum err finish(struct bench *bench)
{
    int64_t until_ms = clock_monotonic_ms() + LAST_MS;
    enum err err = ERR_OK;
    size_t left = 1;
    while (err == ERR_OK && left > 0 && clock_monotonic_ms() < until_ms) {
        err = take_all(bench);
        left = 0;
        for (size_t i = 0; i < bench->agents; i++) {
            left += bench->lines[i].in_flight;
        }
    }
    return err == ERR_OK && left > 0
               ? complain(&bench->complaint, ERR_TIMEOUT, "%zu commands have no reply after %d s.",
                          left, LAST_MS / 1000)
               : err;
}

static enum err fire(struct bench *bench, int64_t seconds)
{
    int64_t spent = spent_us();
    int64_t began_us = clock_boot_us();
    int64_t until_us = began_us + seconds * 1000000;
    enum err err = ERR_OK;
    while (err == ERR_OK && clock_boot_us() < until_us) {
        for (size_t i = 0; err == ERR_OK && i < bench->agents; i++) {
            err = reload(bench, &bench->lines[i]);
        }
        err = err != ERR_OK ? err : take_all(bench);
    }
    if (err == ERR_OK && bench->acknowledged == 0) {
        return complain(&bench->complaint, ERR_TIMEOUT, "Nothing was acknowledged in time.");
    }
    if (err == ERR_OK) {
        show(bench, clock_boot_us() - began_us, spent_us() - spent);
        err = finish(bench);
    }
    return err;
}
