/* An agent's session over a real outbox in a temporary folder, talking to the scripted hub in
 * passed time. */
#ifndef IHURIRO_TESTS_UNIT_MFI_SESSION_RIG_H
#define IHURIRO_TESTS_UNIT_MFI_SESSION_RIG_H

#include <stdlib.h>
#include <unistd.h>

#include "agents/mfi/notes.h"
#include "agents/mfi/session.h"
#include "tests/unit/mfi/scripted_hub.h"

struct rig {
    char folder[64];
    char store[96];
    struct outbox *outbox;
    struct session *session;
    struct scripted_hub *hub;
    struct signing_key *keys[2];
    struct session_time now;
    enum session_link link;
    size_t news[NEWS_TROUBLE + 1];
    uint64_t marked; /* of the last greeting */
    uint64_t passed_over;
    char trouble[512];
    bool is_test;
    bool stays;
};

static const char *const rig_institutions[] = {"SACCO-1", "SACCO-2"};

static inline void rig_tell(void *context, const struct session_news *news)
{
    struct rig *rig = context;
    rig->news[news->kind]++;
    rig->marked = news->kind == NEWS_GREETED ? news->count : rig->marked;
    rig->passed_over += news->kind == NEWS_PASSED_OVER ? news->count : 0;
    if (news->kind == NEWS_TROUBLE) {
        snprintf(rig->trouble, sizeof rig->trouble, "%s", news->text);
    }
}

static inline void rig_random(void *context, void *bytes, size_t size)
{
    (void)context;
    memset(bytes, 0, size); /* no jitter */
}

static inline const struct signing_key *rig_key(void *context, const char *institution)
{
    struct rig *rig = context;
    return rig->keys[strcmp(institution, "SACCO-2") == 0];
}

/* A process starts: the store is opened, the session begins. */
static inline void rig_start(struct rig *rig)
{
    struct complaint complaint = {{0}};
    assert_int_equal(outbox_open(rig->store, &complaint, &rig->outbox), ERR_OK);
    struct session_options options = {.outbox = rig->outbox,
                                      .hub = &rig->hub->identity,
                                      .institutions = rig_institutions,
                                      .institution_count = 2,
                                      .key_of = rig_key,
                                      .keys = rig,
                                      .is_test = rig->is_test,
                                      .stays = rig->stays,
                                      .random = rig_random,
                                      .tell = rig_tell,
                                      .tell_context = rig};
    assert_int_equal(session_open(&options, rig->now, &rig->session), ERR_OK);
}

/* kill -9: all that was not on disk is gone. */
static inline void rig_kill(struct rig *rig)
{
    session_close(&rig->session);
    outbox_close(&rig->outbox);
}

static inline void rig_open(struct rig *rig, struct scripted_hub *hub)
{
    struct complaint complaint = {{0}};
    *rig = (struct rig){
        .hub = hub, .stays = true, .now = {.monotonic_ms = 1000000, .wall_us = hub->now_us}};
    snprintf(rig->folder, sizeof rig->folder, "/tmp/session-test-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    snprintf(rig->store, sizeof rig->store, "%s/store", rig->folder);
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t seed[32] = {(uint8_t)(40 + i)};
        assert_int_equal(signing_key_from_seed(seed, &rig->keys[i]), ERR_OK);
    }
    assert_int_equal(outbox_create(rig->store, &complaint), ERR_OK);
    rig_start(rig);
}

static inline void rig_remove(const char *store, const char *folder)
{
    char path[256];
    const char *const files[] = {"data.mdb", "lock", "lock.mdb", "data.mdb-lock"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", store, files[i]);
        unlink(path);
    }
    rmdir(store);
    rmdir(folder);
}

static inline void rig_close(struct rig *rig)
{
    rig_kill(rig);
    signing_key_close(&rig->keys[0]);
    signing_key_close(&rig->keys[1]);
    rig_remove(rig->store, rig->folder);
}

/* The agent's disk as it is now, for a clone or to be put back; the process must not run. */
static inline void rig_copy_disk(const char *from, const char *to)
{
    char path[2][256];
    char bytes[65536];
    snprintf(path[0], sizeof path[0], "%s/data.mdb", from);
    snprintf(path[1], sizeof path[1], "%s/data.mdb", to);
    FILE *in = fopen(path[0], "rb");
    FILE *out = fopen(path[1], "wb");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t size = fread(bytes, 1, sizeof bytes, in); size > 0;
         size = fread(bytes, 1, sizeof bytes, in)) {
        assert_int_equal(fwrite(bytes, 1, size, out), size);
    }
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* Queues OPERATIONS of 2020-MM with a figure; 0: the key of the entry. */
static inline enum queued rig_queue(struct rig *rig, const char *institution, int month,
                                    uint64_t figure, struct entry_key *ret_key)
{
    char id[INSTITUTION_ID_MAX + 1];
    char key[PERIOD_KEY_MAX + 1];
    char currency[] = "RWF";
    struct period period;
    PbReport report = IHURIRO__V1__REPORT__INIT;
    PbPeriod message = IHURIRO__V1__PERIOD__INIT;
    PbOperations body = IHURIRO__V1__OPERATIONS__INIT;
    enum queued queued = QUEUED_NEW;
    struct entry_key entry = {0};
    snprintf(id, sizeof id, "%s", institution);
    snprintf(key, sizeof key, "2020-%02d", month % 100);
    assert_int_equal(period_parse(key, &period), ERR_OK);
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
    report.produced_at_us = rig->now.wall_us;
    report.currency = currency;
    report.operations = &body;
    body.has_branches_total = true;
    body.branches_total = figure;
    assert_int_equal(outbox_queue(rig->outbox, &report, rig_key(rig, institution), rig->now.wall_us,
                                  &queued, &entry),
                     ERR_OK);
    if (ret_key != NULL) {
        *ret_key = entry;
    }
    return queued;
}

static inline void rig_step(struct rig *rig, struct session_step step)
{
    rig->link = step.link != SESSION_KEEP ? step.link : rig->link;
}

static inline void rig_tick(struct rig *rig)
{
    rig_step(rig, session_tick(rig->session, rig->now));
}

static inline void rig_pass(struct rig *rig, int64_t ms)
{
    rig->now.monotonic_ms += ms;
    rig->now.wall_us += ms * 1000;
    rig->hub->now_us += ms * 1000;
    rig_tick(rig);
}

/* What the agent has to say reaches the hub; the hub's answers stay in its list. */
static inline void rig_to_hub(struct rig *rig)
{
    struct bytes frame;
    while (session_frame_next(rig->session, &frame)) {
        hub_hear(rig->hub, frame);
        session_frame_sent(rig->session);
    }
}

/* The oldest answer reaches the agent, or is lost. */
static inline void rig_answer(struct rig *rig, bool is_lost)
{
    struct scripted_hub *hub = rig->hub;
    assert_true(hub->answer_count > 0);
    struct buffer frame = hub->answers[0];
    memmove(&hub->answers[0], &hub->answers[1], --hub->answer_count * sizeof hub->answers[0]);
    if (!is_lost) {
        rig_step(rig, session_frame(rig->session, rig->now, buffer_bytes(&frame)));
    }
    buffer_close(&frame);
}

/* Until nobody has anything to say. */
static inline void rig_talk(struct rig *rig)
{
    for (int i = 0; i < 1000; i++) {
        rig_to_hub(rig);
        hub_flush(rig->hub);
        if (rig->hub->answer_count == 0) {
            return;
        }
        while (rig->hub->answer_count > 0) {
            rig_answer(rig, false);
        }
    }
    fail_msg("They never stop talking.");
}

static inline void rig_forget_answers(struct rig *rig)
{
    while (rig->hub->answer_count > 0) {
        rig_answer(rig, true);
    }
    rig->hub->batch_count = 0;
}

/* Connected, HELLO not yet delivered. */
static inline void rig_connect(struct rig *rig)
{
    rig->link = SESSION_KEEP;
    rig_tick(rig);
    for (int i = 0; i < 400 && rig->link != SESSION_CONNECT; i++) {
        rig_pass(rig, 1000);
    }
    assert_int_equal(rig->link, SESSION_CONNECT);
    rig_step(rig, session_connected(rig->session, rig->now));
}

static inline void rig_meet(struct rig *rig)
{
    rig_connect(rig);
    rig_talk(rig);
}

static inline void rig_cut(struct rig *rig)
{
    rig_forget_answers(rig);
    rig_step(rig, session_disconnected(rig->session, rig->now, "The line was cut."));
}

static inline struct outbox_counts rig_counts(struct rig *rig)
{
    AUTO(txn_end) struct txn txn = {0};
    struct outbox_counts counts = {0};
    assert_int_equal(txn_begin(outbox_env(rig->outbox), false, &txn), ERR_OK);
    assert_int_equal(outbox_count(&txn, &counts), ERR_OK);
    return counts;
}

/* The kept receipt's header. */
static inline struct header rig_receipt(struct rig *rig, const struct entry_key *key,
                                        char ret_rule[16])
{
    AUTO(txn_end) struct txn txn = {0};
    AUTO(arena_close) struct arena arena = {0};
    struct entry entry;
    struct receipt receipt;
    PbJudgement *judgement = NULL;
    assert_int_equal(txn_begin(outbox_env(rig->outbox), false, &txn), ERR_OK);
    assert_int_equal(outbox_get(&txn, key, &entry), ERR_OK);
    assert_true(entry.best.size > 0);
    assert_int_equal(receipt_open(entry.best, &arena, &receipt), ERR_OK);
    assert_int_equal(receipt_verify(&receipt, &rig->hub->identity, entry.id, NULL), ERR_OK);
    assert_int_equal(
        MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, receipt.judgement, &arena, &judgement), ERR_OK);
    snprintf(ret_rule, 16, "%s", judgement->n_findings > 0 ? judgement->findings[0]->rule : "");
    return receipt.header;
}

static inline bool rig_is_marked(struct rig *rig, const struct entry_key *key)
{
    AUTO(txn_end) struct txn txn = {0};
    struct entry entry;
    assert_int_equal(txn_begin(outbox_env(rig->outbox), false, &txn), ERR_OK);
    assert_int_equal(outbox_get(&txn, key, &entry), ERR_OK);
    return entry.to_offer;
}

#endif
