/* The hub without sockets, whose n-th allocation fails: at the start, and in a turn of a HELLO,
 * reports, an offer and acts. For each n a child does it, and another opens what it left.
 *
 *   LD_PRELOAD=starve.so starved start|turn STRIDE      every STRIDE-th n, until none fails
 *
 * Whatever fails: no crash, nothing that was acknowledged is missing, and the store is whole. */
#include "hub/answers.h"
#include "storage/check.h"
#include "tests/unit/hub/hub_support.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACKNOWLEDGED_MAX 16

/* Of tests/fault/starve.c, when it is preloaded. */
extern void starve_begin(unsigned long at) __attribute__((weak));
extern unsigned long starve_end(void) __attribute__((weak));

/* What the starved child leaves for the one after it. */
struct left {
    struct bench bench;
    unsigned long counted;
    bool has_failed; /* an error came back */
    size_t acknowledged;
    struct {
        uint64_t seq;
        uint8_t id[SHA256_BYTES];
    } reports[ACKNOWLEDGED_MAX];
    uint8_t act[SHA256_BYTES];
    bool is_act_done;
};

/* ---- a turn ---- */

#define FRAMES_MAX 8

struct turn {
    struct buffer frames[FRAMES_MAX];
    size_t count;
    struct buffer act;
    struct buffer second_act;
};

static void add_frame(struct turn *turn, enum verb verb, const ProtobufCMessage *body)
{
    OK(frame_pack(verb, body, &turn->frames[turn->count++]));
}

static void add_submit(struct turn *turn, const struct buffer *session, int32_t day,
                       struct bytes receipt)
{
    AUTO(buffer_close) struct buffer envelope = {0};
    Ihuriro__V1__Submit submit = IHURIRO__V1__SUBMIT__INIT;
    nil_envelope(&(struct nil_report){"A-1", day, 1, false, NULL, NULL}, 1, &envelope);
    submit.session = pb_of_bytes(buffer_bytes(session));
    submit.number = turn->count;
    submit.envelope = pb_of_bytes(buffer_bytes(&envelope));
    submit.has_receipt = receipt.size > 0;
    submit.receipt = pb_of_bytes(receipt);
    add_frame(turn, VERB_SUBMIT, &submit.base);
}

static void pack_act(const char *name, uint8_t nonce, struct buffer *act)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    uint8_t bytes[16] = {nonce, 99};
    party.name = (char *)(uintptr_t)name;
    event.subject = (char *)(uintptr_t) "A-1";
    event.party = &party;
    event.time_us = BENCH_DAY * DAY_US + 4 * DAY_US;
    event.nonce = pb_of_bytes(bytes_of(bytes, sizeof bytes));
    OK(message_pack(&event.base, act));
}

static void prepare(struct bench *bench, struct turn *turn)
{
    AUTO(buffer_close) struct buffer session = {0};
    AUTO(buffer_close) struct buffer envelope = {0};
    AUTO(buffer_close) struct buffer receipt = {0};
    uint8_t tag[SESSION_TAG_BYTES] = {42};
    Ihuriro__V1__Hello hello = IHURIRO__V1__HELLO__INIT;
    bench_member(bench, "A-1", 1, 11);
    bench_hello(bench, peer_of(1, 11), (struct bytes){0}, &session);
    nil_envelope(&(struct nil_report){"A-1", BENCH_DAY, 1, false, NULL, NULL}, 1, &envelope);
    bench_submit_one(bench, peer_of(1, 11), &session, &envelope, (struct bytes){0}, &receipt);
    hello.tag = pb_of_bytes(bytes_of(tag, sizeof tag));
    hello.schema_version = SCHEMA_VERSION;
    add_frame(turn, VERB_HELLO, &hello.base);
    for (int32_t day = 1; day <= 4; day++) {
        add_submit(turn, &session, BENCH_DAY - day, (struct bytes){0});
    }
    add_submit(turn, &session, BENCH_DAY, buffer_bytes(&receipt)); /* held, with its receipt */
    pack_act("another name", 1, &turn->act);
    pack_act("a third name", 2, &turn->second_act);
    /* In a hub that has just started, and grew nothing yet; the session is of this process. */
    uint8_t kept[sizeof bench->ingest.session_key];
    memcpy(kept, bench->ingest.session_key, sizeof kept);
    bench_stop(bench);
    bench_start(bench);
    memcpy(bench->ingest.session_key, kept, sizeof kept);
}

static enum err run_turn(struct bench *bench, const struct turn *turn)
{
    struct ingest *ingest = &bench->ingest;
    struct peer peer = peer_of(1, 11);
    struct complaint complaint = {{0}};
    const struct checkpoint *checkpoint = NULL;
    struct bytes acts[] = {buffer_bytes(&turn->act), buffer_bytes(&turn->second_act)};
    uint64_t first = 0;
    uint64_t last = 0;
    enum err err = ingest_begin(ingest, bench->now_us, bench->now_us / 1000, CLOCK_RIGHT);
    for (size_t i = 0; i < turn->count && err == ERR_OK; i++) {
        err = ingest_message(ingest, &peer, buffer_bytes(&turn->frames[i]));
    }
    err = err != ERR_OK ? err : writer_acts(bench->writer, acts, 2, &complaint, &first, &last);
    return err != ERR_OK ? err : ingest_end(ingest, &checkpoint);
}

/* What went out: receipts are promises. */
static void hear(struct left *left)
{
    struct bench *bench = &left->bench;
    bench->frame_count = 0;
    answers_deliver(bench->ingest.answers, bench_hear, bench);
    for (size_t i = 0; i < bench->frame_count; i++) {
        int verb = 0;
        struct bytes body;
        const Ihuriro__V1__Answers *answers = NULL;
        OK(frame_open(buffer_bytes(&bench->frames[i]), &verb, &body));
        if (verb != VERB_ANSWERS) {
            continue;
        }
        OK(MESSAGE_UNPACK(answers, MESSAGE_TOLERANT, body, &bench->arena, &answers));
        for (size_t j = 0; j < answers->n_answers; j++) {
            struct header header;
            if (answers->answers[j]->has_header) {
                OK(header_decode(bytes_of_pb(answers->answers[j]->header), &header));
                left->reports[left->acknowledged].seq = header.seq;
                memcpy(left->reports[left->acknowledged++].id, header.id, SHA256_BYTES);
            }
        }
    }
    left->is_act_done = true;
}

static void starve_a_turn(struct left *left, unsigned long at)
{
    struct turn turn = {.count = 0};
    prepare(&left->bench, &turn);
    sha256(buffer_bytes(&turn.second_act), left->act);
    starve_begin(at);
    enum err err = run_turn(&left->bench, &turn);
    left->counted = starve_end();
    left->has_failed = err != ERR_OK;
    if (err == ERR_OK) {
        hear(left);
    }
}

/* ---- a start ---- */

static void starve_a_start(struct left *left, unsigned long at)
{
    struct bench *bench = &left->bench;
    struct complaint complaint = {{0}};
    bench_member(bench, "A-1", 1, 11);
    bench_stop(bench);
    struct writer_parts parts = {.log_key = bench->log_key, .identity = &bench->identity};
    starve_begin(at);
    enum err err = store_open(bench->store_path, ENV_WRITE, &complaint, &parts.store);
    err = err != ERR_OK ? err : acts_open(bench->acts_path, &complaint, &parts.acts);
    err = err != ERR_OK ? err : writer_make(&parts, bench->now_us, &complaint, &bench->writer);
    left->counted = starve_end();
    left->has_failed = err != ERR_OK;
}

/* ---- what is left ---- */

static void tell(void *context, const char *sentence)
{
    (void)context;
    printf("%s\n", sentence);
}

/* Exits 0 where all is there and whole. */
static int look(struct left *left)
{
    struct bench fresh = {.now_us = left->bench.now_us, .identity = left->bench.identity};
    struct bench *bench = &fresh; /* of the other process only the names */
    struct check_report report = {0};
    int code = 0;
    memcpy(fresh.folder, left->bench.folder, sizeof fresh.folder);
    memcpy(fresh.store_path, left->bench.store_path, sizeof fresh.store_path);
    memcpy(fresh.acts_path, left->bench.acts_path, sizeof fresh.acts_path);
    fresh.log_key = key_of_byte(200);
    bench_start(bench);
    OK(check_store(bench->store, &bench->identity, tell, NULL, NULL, &report));
    code |= report.problems > 0;
    AUTO(txn_end) struct txn txn = {0};
    OK(txn_begin(store_env(bench->store), false, &txn));
    for (size_t i = 0; i < left->acknowledged; i++) {
        struct record record = {0};
        enum err err = journal_get(&txn, left->reports[i].seq, &record);
        if (err != ERR_OK || memcmp(record.header.id, left->reports[i].id, SHA256_BYTES) != 0) {
            printf("record %llu was acknowledged, and is not there\n",
                   (unsigned long long)left->reports[i].seq);
            code = 1;
        }
    }
    if (left->is_act_done && !acts_hold(bench->acts, left->act)) {
        printf("an act was done, and is not there\n");
        code = 1;
    }
    txn_end(&txn);
    bench_close(bench);
    return code;
}

/* ---- every n ---- */

static int in_child(void (*starve)(struct left *left, unsigned long at), struct left *left,
                    unsigned long at)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (starve != NULL) {
            bench_open(&left->bench);
            starve(left, at);
            _exit(0);
        }
        _exit(look(left));
    }
    return child < 0 || waitpid(child, &status, 0) != child ? -1 : status;
}

static int once(void (*starve)(struct left *left, unsigned long at), struct left *left,
                unsigned long at)
{
    memset(left, 0, sizeof *left);
    int starved = in_child(starve, left, at);
    if (starved != 0) {
        printf("allocation %lu: the hub crashed (wait status %d); its store: %s\n", at, starved,
               left->bench.folder);
        return 1;
    }
    int whole = in_child(NULL, left, at);
    if (whole != 0) {
        printf("allocation %lu: afterwards it is not whole (wait status %d): %s\n", at, whole,
               left->bench.folder);
    }
    return whole != 0;
}

int main(int argc, char **argv)
{
    unsigned long stride = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    bool is_start = argc == 3 && strcmp(argv[1], "start") == 0;
    struct left *left =
        mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (stride == 0 || starve_begin == NULL || left == MAP_FAILED || keys_init() != ERR_OK) {
        fprintf(stderr, "LD_PRELOAD=starve.so starved start|turn STRIDE\n");
        return 2;
    }
    unsigned long done = 0;
    unsigned long refused = 0;
    int code = 0;
    for (unsigned long at = 1; code == 0; at += stride) {
        code = once(is_start ? starve_a_start : starve_a_turn, left, at);
        if (code != 0 || left->counted < at) {
            break; /* the last one: nothing failed any more */
        }
        done++;
        refused += left->has_failed;
    }
    printf("%s: %lu of %lu allocations failed, one a run; %lu of the runs ended in an error\n",
           argv[1], done, left->counted, refused);
    return code;
}
