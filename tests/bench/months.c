/* Makes a store that holds months of a sector of any size: the simulator's flawless members, again
 * and again under other names, journaled by the hub's own writer. One key signs for all, and
 * nothing is judged: it is for readers, which look at neither.
 *
 *   months HUB_FOLDER INSTITUTIONS FIRST_MONTH MONTHS
 *
 * HUB_FOLDER was made by `mfi-hub init --test --test-time T`, with T behind the last month; the hub
 * must not run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/hub_open.h"
#include "proto/envelope.h"
#include "tests/sim/sector.h"

#define BATCH        1024 /* records a commit */
#define ACTS_AT_ONCE 256

struct months {
    struct hub hub;
    struct sector *sector;
    struct signing_key *key;
    struct complaint complaint;
    struct arena arena;
    size_t institutions;
    int64_t now_us;
    size_t in_turn;
    size_t done;
    uint64_t bytes;
};

static void name_of(size_t number, char ret_id[static INSTITUTION_ID_MAX + 1])
{
    (void)snprintf(ret_id, INSTITUTION_ID_MAX + 1, "MANY-%07u", (unsigned)(number % 10000000));
}

static const struct member *template_of(const struct months *months, size_t number)
{
    return &months->sector->members[number % months->sector->member_count];
}

static enum err end_turn(struct months *months)
{
    const struct checkpoint *checkpoint = NULL;
    months->in_turn = 0;
    enum err err = writer_seal(months->hub.writer, &checkpoint);
    return err != ERR_OK ? err : writer_commit(months->hub.writer);
}

static enum err begin_turn(struct months *months)
{
    return months->in_turn++ > 0 ? ERR_OK : writer_begin(months->hub.writer, months->now_us);
}

static enum err count_turn(struct months *months)
{
    return months->in_turn < BATCH ? ERR_OK : end_turn(months);
}

/* ---- parties ---- */

static enum err pack_act(struct months *months, size_t number, struct buffer *raw)
{
    char id[INSTITUTION_ID_MAX + 1];
    uint8_t nonce[16] = {0};
    const struct member *like = template_of(months, number);
    PbPartyAct party = IHURIRO__V1__PARTY_ACT__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    name_of(number, id);
    put_u64(nonce, number + 1);
    party.has_role = 1;
    party.role = IHURIRO__V1__PARTY_ACT__ROLE__MEMBER;
    party.name = id;
    party.category = (char *)(uintptr_t)category_traits[like->category].code; /* packed only */
    party.district = (char *)(uintptr_t)like->district;
    party.currency = (char *)(uintptr_t) "RWF";
    party.has_reports_from_day = 1;
    event.party = &party;
    event.subject = id;
    event.time_us = months->now_us;
    event.nonce = pb_of_bytes(bytes_of(nonce, sizeof nonce));
    buffer_clear(raw);
    return message_pack(&event.base, raw);
}

/* So many acts are one fsync. */
static enum err enrol_some(struct months *months, size_t first, size_t count)
{
    static struct buffer raw[ACTS_AT_ONCE];
    struct bytes events[ACTS_AT_ONCE];
    uint64_t first_seq = 0;
    uint64_t last_seq = 0;
    enum err err = begin_turn(months);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = pack_act(months, first + i, &raw[i]);
        events[i] = buffer_bytes(&raw[i]);
    }
    err = err != ERR_OK ? err
                        : writer_acts(months->hub.writer, events, count, &months->complaint,
                                      &first_seq, &last_seq);
    return err != ERR_OK ? err : end_turn(months);
}

static enum err enrol_all(struct months *months)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < months->institutions && err == ERR_OK; i += ACTS_AT_ONCE) {
        size_t left = months->institutions - i;
        err = enrol_some(months, i, left < ACTS_AT_ONCE ? left : ACTS_AT_ONCE);
    }
    return err;
}

/* ---- reports ---- */

static void fill_header(const struct envelope *envelope, struct header *header)
{
    const PbReport *report = envelope->message;
    header->kind = KIND_REPORT;
    header->verdict = VERDICT_ACCEPTED;
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

static enum err append(struct months *months, struct bytes raw)
{
    AUTO(buffer_close) struct buffer judgement = {0};
    struct findings findings = {.arena = &months->arena};
    struct append append = {.body = raw};
    struct envelope envelope;
    struct header header;
    enum err err = envelope_open(raw, MESSAGE_TOLERANT, &months->arena, &envelope);
    err = err != ERR_OK
              ? err
              : judgement_pack(writer_settings_id(months->hub.writer), &findings, &judgement);
    err = err != ERR_OK ? err : begin_turn(months);
    if (err != ERR_OK) {
        return err;
    }
    fill_header(&envelope, &append.header);
    append.header.first_received_at_us = months->now_us;
    append.judgement = buffer_bytes(&judgement);
    months->bytes += raw.size;
    months->done++;
    err = writer_report(months->hub.writer, &append, &header);
    return err != ERR_OK ? err : count_turn(months);
}

/* The template's report, under another name. */
static enum err report(struct months *months, const struct submission *like, size_t number)
{
    AUTO(buffer_close) struct buffer packed = {0};
    AUTO(buffer_close) struct buffer raw = {0};
    char id[INSTITUTION_ID_MAX + 1];
    PbReport *message = NULL;
    arena_reset(&months->arena);
    name_of(number, id);
    enum err err = MESSAGE_UNPACK(report, MESSAGE_TOLERANT, submission_report(months->sector, like),
                                  &months->arena, &message);
    if (err == ERR_OK) {
        message->institution = id;
        err = message_pack(&message->base, &packed);
    }
    err = err != ERR_OK ? err : envelope_make(months->key, buffer_bytes(&packed), &raw);
    return err != ERR_OK ? err : append(months, buffer_bytes(&raw));
}

/* As they would come: month by month, type by type. */
static enum err report_all(struct months *months)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < months->sector->count && err == ERR_OK; i++) {
        const struct submission *like = &months->sector->submissions[i];
        if (like->period.frequency != FREQUENCY_M || like->expected != EXPECT_ACCEPTED) {
            continue;
        }
        for (size_t number = like->member; number < months->institutions && err == ERR_OK;
             number += months->sector->member_count) {
            err = report(months, like, number);
        }
    }
    return err == ERR_OK && months->in_turn > 0 ? end_turn(months) : err;
}

static enum err make_all(struct months *months)
{
    enum err err = enrol_all(months);
    return err != ERR_OK ? err : report_all(months);
}

static enum err open_all(struct months *months, const char *folder, int32_t first_month,
                         int32_t count)
{
    char path[1024];
    const uint8_t seed[32] = {7};
    struct sector_options options = {
        .seed = 1,
        .first_month = first_month,
        .months = count,
        .members = months->institutions < MEMBERS_WHOLE ? months->institutions : MEMBERS_WHOLE,
        .is_flawless = true,
    };
    (void)snprintf(path, sizeof path, "%s/hub.conf", folder);
    enum err err = hub_config_read(path, &months->hub.config, &months->complaint);
    err = err != ERR_OK ? err : hub_open(&months->hub, HUB_WRITE, &months->complaint);
    err = err != ERR_OK ? err : signing_key_from_seed(seed, &months->key);
    err = err != ERR_OK ? err : sector_make(&options, &months->sector);
    months->now_us = err == ERR_OK ? hub_now_us(&months->hub) : 0;
    return err;
}

int main(int argc, char **argv)
{
    static struct months months;
    struct period first;
    bool is_right = argc == 5 && period_parse(argv[3], &first) == ERR_OK;
    months.institutions = is_right ? strtoul(argv[2], NULL, 10) : 0;
    long count = is_right ? strtol(argv[4], NULL, 10) : 0;
    if (months.institutions == 0 || count <= 0 || count > 120 || keys_init() != ERR_OK) {
        fprintf(stderr, "usage: months HUB_FOLDER INSTITUTIONS FIRST_MONTH MONTHS\n");
        return 2;
    }
    int year = 0;
    int month = 0;
    int day = 0;
    day_to_date(first.start_day, &year, &month, &day);
    enum err err =
        open_all(&months, argv[1], (int32_t)((year - 1970) * 12 + month - 1), (int32_t)count);
    err = err != ERR_OK ? err : make_all(&months);
    if (err != ERR_OK) {
        fprintf(stderr, "months: %s\n",
                months.complaint.text[0] != 0 ? months.complaint.text : err_text(err));
        return 1;
    }
    printf("records=%llu reports=%zu signed_bytes=%llu\n",
           (unsigned long long)writer_size(months.hub.writer), months.done,
           (unsigned long long)months.bytes);
    sector_close(&months.sector);
    signing_key_close(&months.key);
    arena_close(&months.arena);
    hub_release(&months.hub);
    return 0;
}
