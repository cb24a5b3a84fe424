/* An ingest turn without sockets: what the hub's one writer costs a report.
 *
 *   turn BATCH REPORTS                   small nil reports
 *   turn BATCH REPORTS BYTES             LIQUIDITY reports of at least so many bytes, of 64 senders
 *   turn BATCH REPORTS BYTES HUB_FOLDER SENDERS FIRST
 *                                        the same at a store that bench-fill made: its first
 *                                        SENDERS institutions, each from its report FIRST on
 *
 * Distinct reports, signed beforehand, are judged and committed BATCH at a time; those of BYTES
 * each sender's oldest first, so that each is judged beside the one before it. Prints per_s and
 * cpu_us, as raw does. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hub/hub_open.h"
#include "tests/sim/shots.h"
#include "tests/unit/hub/hub_support.h"

#define DAYS    40000 /* places back from BENCH_DAY before a vintage would be rejected */
#define SENDERS 64

struct turns {
    struct bench bench;
    size_t batch;
    size_t count;
    size_t bytes;
    size_t senders;
    size_t first;
    char keys[128];
    struct shooter *shooters;
    struct peer *peers; /* one a sender */
    struct buffer *sessions;
    struct buffer *frames; /* frame i is of sender i % senders */
};

static double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- making ready ---- */

static void make_frame(struct turns *turns, size_t index, struct bytes envelope)
{
    Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
    assert(turns->senders > 0);
    submit.session = pb_of_bytes(buffer_bytes(&turns->sessions[index % turns->senders]));
    submit.number = index;
    submit.envelope = pb_of_bytes(envelope);
    OK(frame_pack(VERB_SUBMIT, &submit.base, &turns->frames[index]));
}

static void make_nil_frames(struct turns *turns)
{
    for (size_t i = 0; i < turns->count; i++) {
        AUTO(buffer_close) struct buffer envelope = {0};
        nil_envelope(&(struct nil_report){"A-1", BENCH_DAY - (int32_t)i, 1, false, NULL, NULL}, 1,
                     &envelope);
        make_frame(turns, i, buffer_bytes(&envelope));
    }
}

static void make_frames(struct turns *turns)
{
    struct complaint complaint = {{0}};
    struct load_options options = {.report_bytes = turns->bytes, .first = turns->first};
    assert(turns->senders > 0);
    size_t each = (turns->count + turns->senders - 1) / turns->senders;
    for (size_t i = 0; i < turns->senders; i++) {
        OK(shooter_load(&turns->shooters[i], &options, turns->bench.now_us, false, each,
                        &complaint));
    }
    for (size_t i = 0; i < turns->count; i++) {
        make_frame(
            turns, i,
            shooter_shot(&turns->shooters[i % turns->senders], each - 1 - i / turns->senders));
    }
}

/* A member of the sender's id and keys. */
static void enrol(struct turns *turns, const struct shooter *shooter)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    party.has_role = 1;
    party.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    party.name = (char *)(uintptr_t) "a member";
    party.category = (char *)(uintptr_t) "USACCO";
    party.currency = (char *)(uintptr_t) "RWF";
    bench_begin(&turns->bench);
    event.subject = (char *)(uintptr_t)shooter->id;
    event.party = &party;
    bench_act(&turns->bench, &event);
    keys.has_signing_key = 1;
    keys.signing_key =
        pb_of_bytes(bytes_of(signing_key_public(shooter->signing_key), PUBLIC_KEY_BYTES));
    keys.has_transport_key = 1;
    keys.transport_key =
        pb_of_bytes(bytes_of(transport_key_public(shooter->transport_key), PUBLIC_KEY_BYTES));
    event.party = NULL;
    event.keys = &keys;
    bench_act(&turns->bench, &event);
    bench_end(&turns->bench);
}

static void open_shooters(struct turns *turns)
{
    struct complaint complaint = {{0}};
    OK(shooters_open(turns->keys, turns->senders, true, &complaint, &turns->shooters));
    for (size_t i = 0; i < turns->senders; i++) {
        const struct shooter *shooter = &turns->shooters[i];
        if (registry_find(writer_registry(turns->bench.writer), shooter->id) == NULL) {
            enrol(turns, shooter);
        }
        turns->peers[i] = peer_of((uint8_t)i, 0);
        memcpy(turns->peers[i].user, transport_key_public(shooter->transport_key),
               PUBLIC_KEY_BYTES);
    }
}

/* The hub of bench-fill in place of one in a temporary folder. */
static void open_folder(struct turns *turns, const char *folder)
{
    struct bench *bench = &turns->bench;
    struct hub hub = {0};
    struct complaint complaint = {{0}};
    char path[128];
    OK(snprintf(path, sizeof path, "%s/hub.conf", folder) < 100 ? ERR_OK : ERR_RANGE);
    OK(hub_config_read(path, &hub.config, &complaint));
    OK(hub_open(&hub, HUB_WRITE, &complaint));
    bench->now_us = hub_now_us(&hub);
    bench->identity = hub.identity;
    bench->log_key = STEAL(hub.log_key);
    hub_release(&hub);
    (void)snprintf(bench->store_path, sizeof bench->store_path, "%s/store", folder);
    (void)snprintf(bench->acts_path, sizeof bench->acts_path, "%s/acts.log", folder);
    (void)snprintf(turns->keys, sizeof turns->keys, "%s/load-keys", folder);
    bench_start(bench);
}

static void open_turns(struct turns *turns, const char *folder)
{
    struct bench *bench = &turns->bench;
    turns->peers = calloc(turns->senders, sizeof *turns->peers);
    turns->sessions = calloc(turns->senders, sizeof *turns->sessions);
    turns->frames = calloc(turns->count, sizeof *turns->frames);
    assert_true(turns->peers != NULL && turns->sessions != NULL && turns->frames != NULL);
    if (folder != NULL) {
        open_folder(turns, folder);
    } else {
        bench_open(bench);
        (void)snprintf(turns->keys, sizeof turns->keys, "%s/load-keys", bench->folder);
    }
    quota_close(&bench->ingest.quota);
    OK(quota_make(1000000, 1000, &bench->ingest.quota));
    if (turns->bytes == 0) {
        bench_member(bench, "A-1", 1, 11);
        turns->peers[0] = peer_of(1, 11);
    } else {
        open_shooters(turns);
    }
    for (size_t i = 0; i < turns->senders; i++) {
        bench_hello(bench, turns->peers[i], bytes_of(NULL, 0), &turns->sessions[i]);
    }
    turns->bytes == 0 ? make_nil_frames(turns) : make_frames(turns);
}

static void close_turns(struct turns *turns, const char *folder)
{
    for (size_t i = 0; i < turns->count; i++) {
        buffer_close(&turns->frames[i]);
    }
    for (size_t i = 0; i < turns->senders; i++) {
        buffer_close(&turns->sessions[i]);
    }
    shooters_close(&turns->shooters, turns->senders);
    free(turns->frames);
    free(turns->sessions);
    free(turns->peers);
    if (folder == NULL) {
        bench_close(&turns->bench);
    } else {
        bench_stop(&turns->bench);
        signing_key_close(&turns->bench.log_key);
    }
}

/* ---- the measurement ---- */

static void hear(void *context, const struct peer *peer, struct bytes frame)
{
    size_t *bytes = context;
    (void)peer;
    *bytes += frame.size;
}

static void run_turns(struct turns *turns)
{
    struct bench *bench = &turns->bench;
    size_t answered = 0;
    for (size_t i = 0; i < turns->count;) {
        const struct checkpoint *checkpoint = NULL;
        bench_begin(bench);
        for (size_t n = 0; n < turns->batch && i < turns->count; n++, i++) {
            OK(ingest_message(&bench->ingest, &turns->peers[i % turns->senders],
                              buffer_bytes(&turns->frames[i])));
        }
        OK(ingest_end(&bench->ingest, &checkpoint));
        answers_deliver(bench->ingest.answers, hear, &answered);
    }
    if (bench->counters.accepted + bench->counters.warned != turns->count || answered == 0) {
        fprintf(stderr, "turn: %zu of %zu reports were accepted\n",
                (size_t)(bench->counters.accepted + bench->counters.warned), turns->count);
        exit(1);
    }
}

static size_t number_of(int argc, char **argv, int index)
{
    return argc > index ? strtoul(argv[index], NULL, 10) : 0;
}

int main(int argc, char **argv)
{
    static struct turns turns;
    const char *folder = argc == 7 ? argv[4] : NULL;
    turns.batch = number_of(argc, argv, 1);
    turns.count = number_of(argc, argv, 2);
    turns.bytes = number_of(argc, argv, 3);
    turns.senders = folder != NULL ? number_of(argc, argv, 5) : turns.bytes > 0 ? SENDERS : 1;
    turns.first = number_of(argc, argv, 6);
    bool is_right = argc == 3 || argc == 4 || argc == 7;
    if (!is_right || turns.batch == 0 || turns.count == 0 || turns.senders == 0 ||
        turns.count / turns.senders > DAYS || keys_init() != ERR_OK) {
        fprintf(stderr,
                "usage: turn BATCH REPORTS [BYTES [HUB_FOLDER SENDERS FIRST]] (at most %d "
                "of each sender)\n",
                DAYS);
        return 2;
    }
    open_turns(&turns, folder);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double wall = seconds_of(CLOCK_MONOTONIC);
    run_turns(&turns);
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    printf("per_s=%.0f cpu_us=%.2f\n", (double)turns.count / wall, cpu * 1e6 / (double)turns.count);
    close_turns(&turns, folder);
    return 0;
}
