/* A reader who asks a hub's query door for the matrix of a month and, with `totals`, for its totals
 * by country, all pages, so many times a second.
 *
 *   asks PULL_CONF MONTH RATE SECONDS [totals]
 *
 * Prints asked, answered, p50_ms, p99_ms (from the question to the last page), rows, late (asked
 * later than it was time, since the one before was not answered yet). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/client/connection.h"
#include "conf/clock.h"
#include "proto/frames.h"

#define WAIT_MS   60000
#define TIMES_MAX 100000

struct asks {
    struct client client;
    struct connection *connection;
    struct arena arena;
    struct buffer frame;
    char *month;
    bool wants_totals;
    uint64_t number;
    size_t rows;
    size_t later; /* RETRY_LATER */
};

static int64_t now_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static enum err ask_page(struct asks *asks, enum verb verb, const ProtobufCMessage *request,
                         enum verb wanted, const ProtobufCMessage **ret_answer)
{
    int got = 0;
    struct bytes frame = {0};
    struct bytes body = {0};
    buffer_clear(&asks->frame);
    arena_reset(&asks->arena);
    enum err err = frame_pack(verb, request, &asks->frame);
    err = err != ERR_OK ? err : connection_send(asks->connection, buffer_bytes(&asks->frame));
    err = err != ERR_OK ? err : connection_receive(asks->connection, WAIT_MS, &frame);
    err = err != ERR_OK ? err : frame_open(frame, &got, &body);
    if (err == ERR_OK && got == VERB_RETRY_LATER) {
        asks->later++;
        return ERR_BUSY;
    }
    if (err == ERR_OK && got != (int)wanted) {
        fprintf(stderr, "asks: %s instead of %s\n", verb_name(got), verb_name(wanted));
        return ERR_REFUSED;
    }
    return err != ERR_OK
               ? err
               : message_unpack(verb_body(got), MESSAGE_TOLERANT, body, &asks->arena, ret_answer);
}

/* All pages, as of the first one's record and time. */
static enum err ask_matrix(struct asks *asks)
{
    Ihuriro__V1__GetMatrix request = IHURIRO__V1__GET_MATRIX__INIT;
    const ProtobufCMessage *message = NULL;
    char after[32] = "";
    request.period = asks->month;
    do {
        request.number = ++asks->number;
        request.after = after[0] != '\0' ? after : NULL;
        enum err err = ask_page(asks, VERB_GET_MATRIX, &request.base, VERB_MATRIX, &message);
        if (err != ERR_OK) {
            return err;
        }
        const Ihuriro__V1__Matrix *answer = (const Ihuriro__V1__Matrix *)message;
        asks->rows += answer->n_rows;
        request.has_at_seq = request.has_known_at_us = 1;
        request.at_seq = answer->position->size;
        request.known_at_us = answer->known_at_us;
        (void)snprintf(after, sizeof after, "%s", answer->next != NULL ? answer->next : "");
    } while (after[0] != '\0');
    return ERR_OK;
}

static enum err ask_totals(struct asks *asks)
{
    Ihuriro__V1__GetTotals request = IHURIRO__V1__GET_TOTALS__INIT;
    const ProtobufCMessage *message = NULL;
    request.period = asks->month;
    do {
        request.number = ++asks->number;
        enum err err = ask_page(asks, VERB_GET_TOTALS, &request.base, VERB_TOTALS, &message);
        if (err != ERR_OK) {
            return err;
        }
        const Ihuriro__V1__Totals *answer = (const Ihuriro__V1__Totals *)message;
        asks->rows += answer->n_rows;
        request.has_at_seq = request.has_known_at_us = 1;
        request.at_seq = answer->position->size;
        request.known_at_us = answer->known_at_us;
        request.has_offset = answer->has_next;
        request.offset = answer->next;
    } while (request.has_offset);
    return ERR_OK;
}

static enum err ask_all(struct asks *asks)
{
    asks->rows = 0;
    enum err err = ask_matrix(asks);
    return err == ERR_OK && asks->wants_totals ? ask_totals(asks) : err;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static enum err run(struct asks *asks, double rate, double seconds)
{
    static double times[TIMES_MAX];
    size_t answered = 0;
    size_t late = 0;
    size_t asked = 0;
    const size_t count = (size_t)(rate * seconds);
    int64_t began_us = now_us();
    for (; asked < count && asked < TIMES_MAX; asked++) {
        int64_t due_us = began_us + (int64_t)((double)asked * 1e6 / rate);
        int64_t wait_us = due_us - now_us();
        if (wait_us > 0) {
            (void)connection_pause(asks->connection, wait_us / 1000);
        } else {
            late += asked > 0;
        }
        int64_t asked_us = now_us();
        enum err err = ask_all(asks);
        if (err == ERR_OK) {
            times[answered++] = (double)(now_us() - asked_us) / 1e3;
        } else if (err != ERR_BUSY) {
            return err;
        }
    }
    qsort(times, answered, sizeof times[0], by_size);
    printf("asked=%zu answered=%zu per_s=%.1f p50_ms=%.2f p99_ms=%.2f rows=%zu late=%zu "
           "retry_later=%zu\n",
           asked, answered, (double)answered * 1e6 / (double)(now_us() - began_us),
           answered > 0 ? times[answered / 2] : -1.0,
           answered > 0 ? times[answered * 99 / 100] : -1.0, asks->rows, late, asks->later);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    struct asks asks = {.arena = {.budget = (size_t)64 << 20}};
    struct complaint complaint = {{0}};
    const bool wants_totals = argc == 6 && strcmp(argv[5], "totals") == 0;
    const double rate = argc >= 5 ? strtod(argv[3], NULL) : 0;
    const double seconds = argc >= 5 ? strtod(argv[4], NULL) : 0;
    if ((argc != 5 && !wants_totals) || rate <= 0 || seconds <= 0) {
        fprintf(stderr, "usage: asks PULL_CONF MONTH RATE SECONDS [totals]\n");
        return 2;
    }
    asks.month = argv[2];
    asks.wants_totals = wants_totals;
    enum err err = client_open(argv[1], &complaint, &asks.client);
    err = err != ERR_OK ? err : connection_open(&asks.client, -1, &asks.connection);
    err = err != ERR_OK ? err : connection_wait(asks.connection, WAIT_MS);
    err = err != ERR_OK ? err : run(&asks, rate, seconds);
    if (err != ERR_OK) {
        fprintf(stderr, "asks: %s %s\n", err_text(err), complaint.text);
    }
    connection_close(&asks.connection);
    client_close(&asks.client);
    buffer_close(&asks.frame);
    arena_close(&asks.arena);
    return err == ERR_OK ? 0 : 1;
}
