/* Many agents in one process: the session, the link and the store of mfi-agent, each with its own
 * keys and its own connection. What a hub meets when everyone comes back at once.
 *
 *   herd HUB.PUB INGEST ADMIN_SOCKET FOLDER COUNT
 *
 * Enrols them, then obeys lines on stdin: "queue" gives each one report more and says "queued";
 * "wait" says "back ..." once every agent is greeted and has a receipt for each of its reports;
 * the end of stdin ends it. FOLDER had better lie in memory: the agents' disks are not what is
 * tried here. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "agents/mfi/link.h"
#include "agents/mfi/platform.h"
#include "conf/clock.h"
#include "conf/hub_pub.h"
#include "proto/period.h"
#include "tests/sim/admin.h"
#include "tests/sim/shots.h"

#define TURN_PAUSE_MS 10
#define FILES_EACH    8 /* descriptors of one agent: its store, its sockets and their signals */

struct animal {
    struct herd *herd;
    const struct shooter *shooter;
    const char *institution;
    struct outbox *outbox;
    struct session *session;
    struct link *link;
    size_t receipts;
};

struct herd {
    struct hub_identity hub;
    struct shooter *shooters;
    struct animal *animals;
    size_t count;
    size_t queued; /* reports of each */
    void *context;
    bool is_waiting;
    bool is_over;
    int64_t waits_since_ms;
    uint64_t greetings;
    uint64_t troubles;
};

static const struct signing_key *key_of(void *context, const char *institution)
{
    struct animal *animal = context;
    (void)institution;
    return animal->shooter->signing_key;
}

static void hear(void *context, const struct session_news *news)
{
    struct animal *animal = context;
    animal->herd->greetings += news->kind == NEWS_GREETED;
    animal->herd->troubles += news->kind == NEWS_TROUBLE;
    animal->receipts += news->kind == NEWS_RECEIPT;
}

/* ---- reports ---- */

static enum err queue_one(struct animal *animal, size_t number)
{
    char id[INSTITUTION_ID_MAX + 1];
    char key[PERIOD_KEY_MAX + 1];
    char currency[] = "RWF";
    struct period period;
    struct entry_key entry;
    enum queued queued = QUEUED_NEW;
    PbReport report = IHURIRO__V1__REPORT__INIT;
    PbPeriod message = IHURIRO__V1__PERIOD__INIT;
    PbOperations body = IHURIRO__V1__OPERATIONS__INIT;
    snprintf(id, sizeof id, "%s", animal->institution);
    snprintf(key, sizeof key, "2025-%02zu", 1 + number % 12);
    enum err err = period_parse(key, &period);
    message.frequency = IHURIRO__V1__PERIOD__FREQUENCY__M;
    message.key = key;
    message.start_day = period.start_day;
    message.end_day = message.as_of_day = period.end_day;
    report.schema_version = 1;
    report.institution = id;
    report.type = IHURIRO__V1__REPORT_TYPE__OPERATIONS;
    report.period = &message;
    report.vintage = 1;
    report.status = IHURIRO__V1__REPORT__STATUS__PROVISIONAL;
    report.produced_at_us = clock_wall_us();
    report.currency = currency;
    report.operations = &body;
    body.has_branches_total = true;
    body.branches_total = 1 + number;
    return err != ERR_OK ? err
                         : outbox_queue(animal->outbox, &report, animal->shooter->signing_key,
                                        clock_wall_us(), &queued, &entry);
}

static enum err queue_all(struct herd *herd)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < herd->count; i++) {
        err = queue_one(&herd->animals[i], herd->queued);
        link_wake(herd->animals[i].link);
    }
    herd->queued++;
    printf("queued\n");
    return err;
}

/* ---- making ready ---- */

static enum err begin(struct animal *animal, const char *ingest, const char *folder,
                      struct complaint *complaint)
{
    struct session_time now = {.monotonic_ms = clock_monotonic_ms(), .wall_us = clock_wall_us()};
    struct session_options session = {.hub = &animal->herd->hub,
                                      .institutions = &animal->institution,
                                      .institution_count = 1,
                                      .key_of = key_of,
                                      .keys = animal,
                                      .stays = true,
                                      .random = platform_random,
                                      .tell = hear,
                                      .tell_context = animal};
    struct link_options link = {.endpoint = ingest,
                                .key = animal->shooter->transport_key,
                                .server = animal->herd->hub.transport,
                                .context = animal->herd->context};
    char store[4096];
    snprintf(store, sizeof store, "%s/%s", folder, animal->institution);
    enum err err = outbox_create(store, complaint);
    err = err != ERR_OK ? err : outbox_open(store, complaint, &animal->outbox);
    session.outbox = animal->outbox;
    err = err != ERR_OK ? err : session_open(&session, now, &animal->session);
    return err != ERR_OK ? err : link_open(&link, complaint, &animal->link);
}

static enum err allow_files(size_t count, struct complaint *complaint)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)count * FILES_EACH + 100;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < wanted) {
        return complain(complaint, ERR_CONFIG, "%zu agents need %llu open files (ulimit -Hn).",
                        count, (unsigned long long)wanted);
    }
    limit.rlim_cur = wanted;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? ERR_OK : ERR_CONFIG;
}

static enum err enrol(struct herd *herd, const char *socket, struct complaint *complaint)
{
    AUTO(admin_close) struct admin *admin = NULL;
    AUTO(free_p) struct enrolment *enrolments = calloc(herd->count, sizeof *enrolments);
    enum err err = enrolments == NULL ? ERR_MEMORY : admin_open(socket, complaint, &admin);
    for (size_t i = 0; err == ERR_OK && i < herd->count; i++) {
        const struct shooter *shooter = &herd->shooters[i];
        enrolments[i] = (struct enrolment){.id = shooter->id,
                                           .name = shooter->id,
                                           .role = ROLE_MEMBER,
                                           .category = "USACCO",
                                           .district = "403",
                                           .valid_from_day = INT32_MIN,
                                           .has_signing_key = true};
        memcpy(enrolments[i].transport_key, transport_key_public(shooter->transport_key),
               PUBLIC_KEY_BYTES);
        memcpy(enrolments[i].signing_key, signing_key_public(shooter->signing_key),
               PUBLIC_KEY_BYTES);
    }
    return err != ERR_OK ? err : admin_enrol(admin, enrolments, herd->count, complaint);
}

static enum err gather(struct herd *herd, char **words, struct complaint *complaint)
{
    char keys[4096];
    snprintf(keys, sizeof keys, "%s/keys", words[4]);
    herd->context = zmq_ctx_new();
    herd->animals = calloc(herd->count, sizeof *herd->animals);
    if (herd->context == NULL || herd->animals == NULL) {
        return ERR_MEMORY;
    }
    zmq_ctx_set(herd->context, ZMQ_MAX_SOCKETS, (int)herd->count * 4 + 16);
    enum err err = allow_files(herd->count, complaint);
    err = err != ERR_OK ? err : hub_pub_read(words[1], complaint, &herd->hub);
    err = err != ERR_OK ? err : shooters_open(keys, herd->count, true, complaint, &herd->shooters);
    err = err != ERR_OK ? err : enrol(herd, words[3], complaint);
    for (size_t i = 0; err == ERR_OK && i < herd->count; i++) {
        struct animal *animal = &herd->animals[i];
        *animal = (struct animal){
            .herd = herd, .shooter = &herd->shooters[i], .institution = herd->shooters[i].id};
        err = begin(animal, words[2], words[4], complaint);
    }
    return err;
}

static void disperse(struct herd *herd)
{
    for (size_t i = 0; herd->animals != NULL && i < herd->count; i++) {
        link_close(&herd->animals[i].link);
        session_close(&herd->animals[i].session);
        outbox_close(&herd->animals[i].outbox);
    }
    free(herd->animals);
    shooters_close(&herd->shooters, herd->count);
    if (herd->context != NULL) {
        zmq_ctx_term(herd->context);
    }
}

/* ---- turns ---- */

static enum err obey(struct herd *herd)
{
    struct pollfd item = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[64] = "";
    if (poll(&item, 1, TURN_PAUSE_MS) <= 0) {
        return ERR_OK;
    }
    if (fgets(line, sizeof line, stdin) == NULL) {
        herd->is_over = true;
    } else if (strcmp(line, "queue\n") == 0) {
        return queue_all(herd);
    } else if (strcmp(line, "wait\n") == 0) {
        herd->is_waiting = true;
        herd->waits_since_ms = clock_monotonic_ms();
        herd->greetings = herd->troubles = 0;
    }
    return ERR_OK;
}

static void look(struct herd *herd)
{
    size_t back = 0;
    for (size_t i = 0; i < herd->count; i++) {
        const struct animal *animal = &herd->animals[i];
        back += session_is_greeted(animal->session) && animal->receipts >= herd->queued;
    }
    if (herd->is_waiting && back == herd->count) {
        printf("back agents=%zu ms=%" PRId64 " greetings=%" PRIu64 " troubles=%" PRIu64 "\n", back,
               clock_monotonic_ms() - herd->waits_since_ms, herd->greetings, herd->troubles);
        herd->is_waiting = false;
    }
}

static enum err run(struct herd *herd)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && !herd->is_over) {
        for (size_t i = 0; err == ERR_OK && i < herd->count; i++) {
            err = link_turn(herd->animals[i].link, herd->animals[i].session, 0, -1);
        }
        look(herd);
        err = err != ERR_OK ? err : obey(herd);
    }
    return err;
}

int main(int argc, char **argv)
{
    struct herd herd = {.count = argc == 6 ? strtoul(argv[5], NULL, 10) : 0};
    struct complaint complaint = {{0}};
    setvbuf(stdin, NULL, _IONBF, 0); /* poll sees what fgets left */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (herd.count == 0) {
        fprintf(stderr, "Usage: herd HUB.PUB INGEST ADMIN_SOCKET FOLDER COUNT\n");
        return 2;
    }
    enum err err = gather(&herd, argv, &complaint);
    err = err != ERR_OK ? err : run(&herd);
    if (err != ERR_OK) {
        fprintf(stderr, "herd: %s %s\n", err_text(err), complaint.text);
    }
    disperse(&herd);
    return err == ERR_OK ? 0 : 1;
}
