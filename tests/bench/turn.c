/* An ingest turn without sockets: what the hub's one writer costs a report.
 *
 *   turn BATCH REPORTS      distinct small reports, signed beforehand, judged and committed BATCH
 * at a time
 *
 * Prints per_s and cpu_us, as raw does. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/hub/hub_support.h"

#define DAYS 40000 /* places back from BENCH_DAY before a vintage would be rejected */

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void make_frames(const struct buffer *session, struct buffer *frames, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(buffer_close) struct buffer envelope = {0};
        Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
        nil_envelope(&(struct nil_report){"A-1", BENCH_DAY - (int32_t)i, 1, false, NULL, NULL}, 1,
                     &envelope);
        submit.session = pb_of_bytes(buffer_bytes(session));
        submit.number = i;
        submit.envelope = pb_of_bytes(buffer_bytes(&envelope));
        OK(frame_pack(VERB_SUBMIT, &submit.base, &frames[i]));
    }
}

static void run_turns(struct bench *bench, struct peer peer, const struct buffer *frames,
                      size_t count, size_t batch)
{
    for (size_t i = 0; i < count;) {
        bench_begin(bench);
        for (size_t n = 0; n < batch && i < count; n++, i++) {
            OK(ingest_message(&bench->ingest, &peer, buffer_bytes(&frames[i])));
        }
        bench_end(bench);
    }
}

int main(int argc, char **argv)
{
    size_t batch = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (batch == 0 || count == 0 || count > DAYS || keys_init() != ERR_OK) {
        fprintf(stderr, "usage: turn BATCH REPORTS (at most %d)\n", DAYS);
        return 2;
    }
    static struct bench bench;
    AUTO(buffer_close) struct buffer session = {0};
    struct peer peer = peer_of(1, 11);
    struct buffer *frames = calloc(count, sizeof *frames);
    assert_non_null(frames);
    bench_open(&bench);
    bench_member(&bench, "A-1", 1, 11);
    quota_close(&bench.ingest.quota);
    OK(quota_make(1000000, 1000, &bench.ingest.quota));
    bench_hello(&bench, peer, bytes_of(NULL, 0), &session);
    make_frames(&session, frames, count);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double wall = seconds_of(CLOCK_MONOTONIC);
    run_turns(&bench, peer, frames, count, batch);
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    printf("per_s=%.0f cpu_us=%.2f\n", (double)count / wall, cpu * 1e6 / (double)count);
    for (size_t i = 0; i < count; i++) {
        buffer_close(&frames[i]);
    }
    free(frames);
    bench_close(&bench);
    return 0;
}
