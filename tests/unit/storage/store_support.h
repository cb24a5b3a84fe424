/* What the storage tests share: a folder that goes away, keys from seeds, reports, events, and a
 * store with records in it. */
#ifndef IHURIRO_TESTS_STORE_SUPPORT_H
#define IHURIRO_TESTS_STORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/envelope.h"
#include "storage/journal.h"
#include "storage/layout.h"

#define NOW_US    INT64_C(1593763200000000) /* 2020-07-03 */
#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)
#define ORIGIN    "hub.example"

#define assert_ok(call) assert_int_equal((call), ERR_OK)

struct place_of_test {
    char folder[64];
    char store[96];
    struct signing_key *key; /* the institution's */
    struct signing_key *log_key;
};

static inline struct signing_key *seeded_key(uint8_t first)
{
    uint8_t seed[32] = {first};
    struct signing_key *key = NULL;
    assert_ok(signing_key_from_seed(seed, &key));
    return key;
}

static inline int enter(void **state)
{
    struct place_of_test *here = calloc(1, sizeof *here);
    assert_non_null(here);
    snprintf(here->folder, sizeof here->folder, "/tmp/ihuriro-storage-XXXXXX");
    assert_non_null(mkdtemp(here->folder));
    snprintf(here->store, sizeof here->store, "%s/store", here->folder);
    assert_ok(keys_init());
    here->key = seeded_key(1);
    here->log_key = seeded_key(2);
    *state = here;
    return 0;
}

static inline int remove_one(const char *path, const struct stat *about, int type, struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int leave(void **state)
{
    struct place_of_test *here = *state;
    nftw(here->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    signing_key_close(&here->key);
    signing_key_close(&here->log_key);
    free(here);
    return 0;
}

static inline struct bytes text_bytes(const char *text)
{
    return bytes_of(text, strlen(text));
}

/* ---- reports ---- */

struct figures {
    const char *institution;
    int type;
    int month; /* of 2020 */
    uint32_t vintage;
    int status; /* 0: FINAL */
    int64_t amount;
    int64_t produced_at_us;
    char *note;
};

/* Fills a report whose parts live in the arena. */
static inline PbReport *make_report(struct arena *arena, const struct figures *figures)
{
    PbReport *report = arena_take(arena, sizeof *report);
    PbPeriod *period = arena_take(arena, sizeof *period);
    assert_non_null(report);
    assert_non_null(period);
    char key[PERIOD_KEY_MAX + 1];
    struct period month;
    snprintf(key, sizeof key, "2020-%02d", figures->month);
    assert_ok(period_parse(key, &month));
    ihuriro__v1__period__init(period);
    period->frequency = IHURIRO__V1__PERIOD__FREQUENCY__M;
    period->key = arena_text(arena, key);
    period->start_day = month.start_day;
    period->end_day = month.end_day;
    period->as_of_day = month.end_day;
    ihuriro__v1__report__init(report);
    report->schema_version = SCHEMA_VERSION;
    report->institution = arena_text(arena, figures->institution);
    report->type = (Ihuriro__V1__ReportType)figures->type;
    report->period = period;
    report->vintage = figures->vintage;
    report->status = figures->status != 0 ? (Ihuriro__V1__Report__Status)figures->status
                                          : IHURIRO__V1__REPORT__STATUS__FINAL;
    report->produced_at_us = figures->produced_at_us;
    report->currency = arena_text(arena, "RWF");
    report->note = figures->note;
    PbPortfolio *portfolio = arena_take(arena, sizeof *portfolio);
    PbLiquidity *liquidity = arena_take(arena, sizeof *liquidity);
    PbExposures *exposures = arena_take(arena, sizeof *exposures);
    if (figures->type == TYPE_PORTFOLIO) {
        ihuriro__v1__portfolio__init(portfolio);
        portfolio->has_glp = 1;
        portfolio->glp = figures->amount;
        report->portfolio = portfolio;
    } else if (figures->type == TYPE_LIQUIDITY) {
        ihuriro__v1__liquidity__init(liquidity);
        liquidity->has_cash = 1;
        liquidity->cash = figures->amount;
        report->liquidity = liquidity;
    } else {
        ihuriro__v1__exposures__init(exposures);
        report->exposures = exposures;
    }
    return report;
}

/* ---- records ---- */

/* A record to append; body and judgement live in the buffers. */
struct material {
    struct append append;
    struct buffer body;
    struct buffer judgement;
};

static inline void material_close(struct material *material)
{
    buffer_close(&material->body);
    buffer_close(&material->judgement);
}

static inline void make_judgement(struct material *material)
{
    PbJudgement judgement = IHURIRO__V1__JUDGEMENT__INIT;
    assert_ok(message_pack(&judgement.base, &material->judgement));
    material->append.judgement = buffer_bytes(&material->judgement);
}

static inline void make_report_record(const struct signing_key *key, const struct figures *figures,
                                      int verdict, int64_t now_us, struct material *material)
{
    AUTO(arena_close) struct arena arena = {0};
    AUTO(buffer_close) struct buffer packed = {0};
    PbReport *report = make_report(&arena, figures);
    assert_ok(message_pack(&report->base, &packed));
    assert_ok(envelope_make(key, buffer_bytes(&packed), &material->body));
    make_judgement(material);
    struct header *header = &material->append.header;
    *header = (struct header){
        .kind = KIND_REPORT,
        .type = (uint8_t)report->type,
        .frequency = (uint8_t)report->period->frequency,
        .verdict = (uint8_t)verdict,
        .status = (uint8_t)report->status,
        .period_end_day = report->period->end_day,
        .vintage = report->vintage,
        .received_at_us = now_us,
        .first_received_at_us = now_us,
    };
    snprintf(header->institution, sizeof header->institution, "%s", figures->institution);
    report_id(buffer_bytes(&packed), header->id);
    memcpy(header->signer, signing_key_public(key), sizeof header->signer);
    report_sign(key, header->id, header->signature);
    material->append.body = buffer_bytes(&material->body);
}

static inline void make_event_record(int kind, const char *subject, uint8_t nonce, int64_t now_us,
                                     struct material *material)
{
    uint8_t nonces[16] = {nonce};
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    Ihuriro__V1__Back back = IHURIRO__V1__BACK__INIT;
    PbAccess access = IHURIRO__V1__ACCESS__INIT;
    char name[INSTITUTION_ID_MAX + 1];
    snprintf(name, sizeof name, "%s", subject);
    access.act = IHURIRO__V1__ACCESS__ACT__PULL;
    access.reader = name;
    event.time_us = now_us;
    event.nonce = pb_of_bytes(bytes_of(nonces, sizeof nonces));
    event.subject = name[0] != '\0' ? name : NULL;
    event.back = kind == KIND_BACK ? &back : NULL;
    event.access = kind == KIND_ACCESS ? &access : NULL;
    assert_ok(message_pack(&event.base, &material->body));
    material->append.body = buffer_bytes(&material->body);
    struct header *header = &material->append.header;
    *header = (struct header){
        .kind = (uint8_t)kind, .received_at_us = now_us, .first_received_at_us = now_us};
    snprintf(header->institution, sizeof header->institution, "%s", subject);
    sha256(material->append.body, header->id);
}

static inline void create_store(struct place_of_test *here)
{
    struct store_meta meta = {.origin = ORIGIN, .created_us = NOW_US, .is_test = true};
    struct complaint complaint = {0};
    memcpy(meta.log_key, signing_key_public(here->log_key), PUBLIC_KEY_BYTES);
    assert_ok(store_create(here->store, &meta, &complaint));
}

static inline struct store *open_store(struct place_of_test *here, enum env_mode mode)
{
    struct store *store = NULL;
    struct complaint complaint = {0};
    enum err err = store_open(here->store, mode, &complaint, &store);
    if (err != ERR_OK) {
        print_error("%s\n", complaint.text);
    }
    assert_ok(err);
    return store;
}

/* Appends one report. */
static inline struct header append_report(struct txn *txn, const struct signing_key *key,
                                          const struct figures *figures, int verdict,
                                          int64_t now_us)
{
    AUTO(material_close) struct material material = {0};
    struct header header;
    make_report_record(key, figures, verdict, now_us, &material);
    assert_ok(journal_append(txn, &material.append, &header));
    return header;
}

static inline struct header append_event(struct txn *txn, int kind, const char *subject,
                                         uint8_t nonce, int64_t now_us)
{
    AUTO(material_close) struct material material = {0};
    struct header header;
    make_event_record(kind, subject, nonce, now_us, &material);
    assert_ok(journal_append(txn, &material.append, &header));
    return header;
}

static inline void seal_and_commit(struct txn *txn, const struct signing_key *log_key,
                                   int64_t now_us)
{
    AUTO(buffer_close) struct buffer text = {0};
    struct checkpoint checkpoint;
    assert_ok(journal_seal(txn, ORIGIN, log_key, now_us, &text, &checkpoint));
    assert_ok(txn_commit(txn));
}

#endif
