/* Makes a big store fast: genuine reports, signed, judged and journaled by the hub's own writer,
 * without sockets and without verifying what was signed a moment before.
 *
 *   fill HUB_FOLDER REPORTS BYTES INSTITUTIONS [KEYS_FOLDER]
 *
 * HUB_FOLDER was made by `mfi-hub init`; the hub must not run. Institutions are enrolled that are
 * not yet; the first SENDERS_MAX of them report, in turn, and their keys lie in KEYS_FOLDER
 * (default HUB_FOLDER/load-keys), where `mfi-sim load --keys` finds them. A second fill goes on
 * where the first ended. Prints what there is, and the --first with which `mfi-sim load` goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hub/hub_open.h"
#include "proto/envelope.h"
#include "proto/registry.h"
#include "tests/sim/shots.h"

#define SENDERS_MAX   1000
#define BATCH         1024 /* records a commit */
#define DAYS_AT_ONCE  16   /* signed beforehand, of each sender */
#define ACTS_AT_ONCE  64
#define OTHERS_PREFIX "IDLE"

struct fill {
    struct hub hub;
    size_t reports;
    size_t bytes;
    size_t institutions;
    size_t senders;
    size_t first; /* days that each sender has reported already */
    struct shooter *shooters;
    struct complaint complaint;
    struct arena arena;
    struct arena words;
    int64_t now_us;
    size_t in_turn;
    size_t done;
    uint64_t signed_bytes;
};

/* ---- turns ---- */

static enum err begin_turn(struct fill *fill)
{
    fill->in_turn = 0;
    return writer_begin(fill->hub.writer, fill->now_us);
}

static enum err end_turn(struct fill *fill)
{
    const struct checkpoint *checkpoint = NULL;
    enum err err = writer_seal(fill->hub.writer, &checkpoint);
    return err != ERR_OK ? err : writer_commit(fill->hub.writer);
}

/* ---- parties ---- */

struct acts_batch {
    struct fill *fill;
    struct buffer raw[ACTS_AT_ONCE];
    struct bytes events[ACTS_AT_ONCE];
    size_t count;
    int64_t time_us;
    uint64_t number;
};

static enum err flush(struct acts_batch *batch)
{
    struct fill *fill = batch->fill;
    uint64_t first = 0;
    uint64_t last = 0;
    if (batch->count == 0) {
        return ERR_OK;
    }
    enum err err = begin_turn(fill);
    err = err != ERR_OK ? err
                        : writer_acts(fill->hub.writer, batch->events, batch->count,
                                      &fill->complaint, &first, &last);
    batch->count = 0;
    return err != ERR_OK ? err : end_turn(fill);
}

static enum err add_event(struct acts_batch *batch, const char *subject, PbEvent *event)
{
    uint8_t nonce[16] = {0};
    put_u64(nonce, ++batch->number);
    event->subject = (char *)(uintptr_t)subject; /* packed only */
    event->time_us = batch->time_us++;
    event->nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    struct buffer *raw = &batch->raw[batch->count];
    buffer_clear(raw);
    enum err err = message_pack(&event->base, raw);
    batch->events[batch->count++] = buffer_bytes(raw);
    return err != ERR_OK || batch->count < ACTS_AT_ONCE ? err : flush(batch);
}

static enum err enrol(struct acts_batch *batch, const char *id, const uint8_t *signing,
                      const uint8_t *transport)
{
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbKeysAct keys = IHURIRO__V1__KEYS_ACT__INIT;
    PbEvent party_event = IHURIRO__V1__EVENT__INIT;
    PbEvent keys_event = IHURIRO__V1__EVENT__INIT;
    party.has_role = 1;
    party.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    party.name = (char *)(uintptr_t)id; /* packed only */
    party.category = (char *)(uintptr_t) "USACCO";
    party.currency = (char *)(uintptr_t) "RWF";
    keys.has_signing_key = 1;
    keys.signing_key = pb_of_bytes(bytes_of(signing, PUBLIC_KEY_BYTES));
    keys.has_transport_key = 1;
    keys.transport_key = pb_of_bytes(bytes_of(transport, PUBLIC_KEY_BYTES));
    party_event.party = &party;
    keys_event.keys = &keys;
    enum err err = add_event(batch, id, &party_event);
    return err != ERR_OK ? err : add_event(batch, id, &keys_event);
}

/* Institutions that are there and say nothing: their keys are numbers, nobody holds them. */
static enum err enrol_idle(struct acts_batch *batch, size_t number)
{
    char id[INSTITUTION_ID_MAX + 1];
    uint8_t transport[PUBLIC_KEY_BYTES] = {1};
    uint8_t seed[32] = {2};
    AUTO(signing_key_close) struct signing_key *key = NULL;
    (void)snprintf(id, sizeof id, OTHERS_PREFIX "-%07u", (unsigned)(number % 10000000));
    if (registry_find(writer_registry(batch->fill->hub.writer), id) != NULL) {
        return ERR_OK;
    }
    put_u64(transport + 8, number);
    put_u64(seed + 8, number);
    enum err err = signing_key_from_seed(seed, &key);
    return err != ERR_OK ? err : enrol(batch, id, signing_key_public(key), transport);
}

static enum err enrol_all(struct fill *fill)
{
    struct acts_batch batch = {.fill = fill, .time_us = fill->now_us};
    enum err err = ERR_OK;
    batch.number = (uint64_t)fill->now_us;
    for (size_t i = 0; i < fill->institutions && err == ERR_OK; i++) {
        if (i >= fill->senders) {
            err = enrol_idle(&batch, i);
            continue;
        }
        const struct shooter *shooter = &fill->shooters[i];
        if (registry_find(writer_registry(fill->hub.writer), shooter->id) == NULL) {
            err = enrol(&batch, shooter->id, signing_key_public(shooter->signing_key),
                        transport_key_public(shooter->transport_key));
        }
    }
    err = err != ERR_OK ? err : flush(&batch);
    for (size_t i = 0; i < ACTS_AT_ONCE; i++) {
        buffer_close(&batch.raw[i]);
    }
    return err;
}

/* ---- reports ---- */

static enum err judge(struct fill *fill, const struct envelope *envelope, const struct party *party,
                      struct buffer *judgement, enum verdict *ret_verdict)
{
    struct rules_context context = {
        .settings = writer_settings(fill->hub.writer),
        .party = party,
        .received_at_us = fill->now_us,
        .knows_history = true,
    };
    struct findings findings = {.arena = &fill->words};
    enum err err = rules_judge(envelope->message, &context, &findings, ret_verdict);
    return err != ERR_OK
               ? err
               : judgement_pack(writer_settings_id(fill->hub.writer), &findings, judgement);
}

static void fill_header(const struct envelope *envelope, struct header *header)
{
    const PbReport *report = envelope->message;
    header->kind = KIND_REPORT;
    header->type = (uint8_t)report->type;
    header->frequency = (uint8_t)report->period->frequency;
    header->status = (uint8_t)report->status;
    header->period_end_day = report->period->end_day;
    header->vintage = report->vintage;
    memcpy(header->institution, report->institution, strlen(report->institution));
    memcpy(header->id, envelope->id, sizeof header->id);
    memcpy(header->signer, envelope->signer, sizeof header->signer);
    memcpy(header->signature, envelope->signature, sizeof header->signature);
}

static enum err append(struct fill *fill, struct bytes raw)
{
    struct envelope envelope;
    struct append append = {.body = raw};
    struct header header;
    enum verdict verdict = VERDICT_NONE;
    AUTO(buffer_close) struct buffer judgement = {0};
    arena_reset(&fill->arena);
    arena_reset(&fill->words);
    enum err err = envelope_open(raw, MESSAGE_TOLERANT, &fill->arena, &envelope);
    if (err != ERR_OK) {
        return err;
    }
    const struct party *party =
        registry_find(writer_registry(fill->hub.writer), envelope.message->institution);
    err = judge(fill, &envelope, party, &judgement, &verdict);
    if (err != ERR_OK) {
        return err;
    }
    fill_header(&envelope, &append.header);
    append.header.verdict = (uint8_t)verdict;
    append.header.first_received_at_us = fill->now_us;
    append.judgement = buffer_bytes(&judgement);
    return writer_report(fill->hub.writer, &append, &header);
}

static enum err append_in_turns(struct fill *fill, struct bytes raw)
{
    enum err err = fill->in_turn == 0 ? begin_turn(fill) : ERR_OK;
    err = err != ERR_OK ? err : append(fill, raw);
    fill->in_turn++;
    fill->done++;
    fill->signed_bytes += raw.size;
    if (err == ERR_OK && (fill->in_turn == BATCH || fill->done == fill->reports)) {
        err = end_turn(fill);
        fill->in_turn = 0;
    }
    return err;
}

/* All senders' next days, then day by day, as they would come. */
static enum err append_days(struct fill *fill, size_t days)
{
    struct load_options options = {.report_bytes = fill->bytes, .first = fill->first};
    enum err err = ERR_OK;
    for (size_t i = 0; i < fill->senders && err == ERR_OK; i++) {
        err = shooter_load(&fill->shooters[i], &options, fill->now_us, fill->hub.identity.is_test,
                           days, &fill->complaint);
    }
    for (size_t day = 0; day < days && err == ERR_OK; day++) {
        for (size_t i = 0; i < fill->senders && err == ERR_OK && fill->done < fill->reports; i++) {
            err = append_in_turns(fill, shooter_shot(&fill->shooters[i], day));
        }
    }
    for (size_t i = 0; i < fill->senders; i++) {
        buffer_clear(&fill->shooters[i].envelopes);
        free(STEAL(fill->shooters[i].ends));
    }
    fill->first += days;
    return err;
}

static enum err append_all(struct fill *fill)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && fill->done < fill->reports) {
        size_t left = (fill->reports - fill->done + fill->senders - 1) / fill->senders;
        err = append_days(fill, left < DAYS_AT_ONCE ? left : DAYS_AT_ONCE);
    }
    return err;
}

/* ---- from and to the outside ---- */

/* The most that a sender has: after a fill that ended within a day the first have one more. */
static enum err find_first(struct fill *fill)
{
    AUTO(txn_end) struct txn txn = {0};
    uint64_t reports = 0;
    uint64_t last = 0;
    enum err err = txn_begin(store_env(fill->hub.store), false, &txn);
    err = err != ERR_OK ? err : owners_get(&txn, fill->shooters[0].id, &reports, &last);
    fill->first = (size_t)reports;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err open_hub(struct fill *fill, const char *folder, const char *keys)
{
    char path[1024];
    char made[1024];
    (void)snprintf(path, sizeof path, "%s/hub.conf", folder);
    (void)snprintf(made, sizeof made, "%s/load-keys", folder);
    fill->senders = fill->institutions < SENDERS_MAX ? fill->institutions : SENDERS_MAX;
    enum err err = hub_config_read(path, &fill->hub.config, &fill->complaint);
    err = err != ERR_OK ? err : hub_open(&fill->hub, HUB_WRITE, &fill->complaint);
    err = err != ERR_OK ? err
                        : shooters_open(keys != NULL ? keys : made, fill->senders, true,
                                        &fill->complaint, &fill->shooters);
    fill->now_us = err == ERR_OK ? hub_now_us(&fill->hub) : 0;
    return err != ERR_OK ? err : find_first(fill);
}

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct fill fill;
    bool is_right = argc == 5 || argc == 6;
    fill.reports = is_right ? strtoul(argv[2], NULL, 10) : 0;
    fill.bytes = is_right ? strtoul(argv[3], NULL, 10) : 0;
    fill.institutions = is_right ? strtoul(argv[4], NULL, 10) : 0;
    if (fill.bytes == 0 || fill.institutions == 0 || keys_init() != ERR_OK) {
        fprintf(stderr, "usage: fill HUB_FOLDER REPORTS BYTES INSTITUTIONS [KEYS_FOLDER]\n");
        return 2;
    }
    double began = seconds();
    enum err err = open_hub(&fill, argv[1], argc == 6 ? argv[5] : NULL);
    err = err != ERR_OK ? err : enrol_all(&fill);
    double enrolled = seconds();
    err = err != ERR_OK ? err : append_all(&fill);
    if (err != ERR_OK) {
        fprintf(stderr, "fill: %s\n",
                fill.complaint.text[0] != 0 ? fill.complaint.text : err_text(err));
        return 1;
    }
    printf("records=%llu reports=%zu signed_bytes=%llu enrol_s=%.1f append_s=%.1f per_s=%.0f "
           "first=%zu\n",
           (unsigned long long)writer_size(fill.hub.writer), fill.done,
           (unsigned long long)fill.signed_bytes, enrolled - began, seconds() - enrolled,
           (double)fill.done / (seconds() - enrolled), fill.first);
    shooters_close(&fill.shooters, fill.senders);
    arena_close(&fill.arena);
    arena_close(&fill.words);
    hub_release(&fill.hub);
    return 0;
}
