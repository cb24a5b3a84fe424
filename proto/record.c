#include "proto/record.h"

#include "proto/envelope.h"
#include "proto/merkle.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

static_assert(HEADER_BYTES == 200 + SHA256_BYTES, "the judgement's hash ends version 1");

void header_encode(const struct header *header, uint8_t ret_bytes[static HEADER_BYTES])
{
    memset(ret_bytes, 0, HEADER_BYTES);
    ret_bytes[0] = HEADER_VERSION;
    ret_bytes[1] = header->kind;
    put_u16(ret_bytes + 2, HEADER_BYTES);
    put_u64(ret_bytes + 4, header->seq);
    ret_bytes[12] = header->type;
    ret_bytes[13] = header->frequency;
    ret_bytes[14] = header->verdict;
    ret_bytes[15] = header->status;
    put_u32(ret_bytes + 16, (uint32_t)header->period_end_day);
    put_u32(ret_bytes + 20, header->vintage);
    put_u64(ret_bytes + 24, (uint64_t)header->received_at_us);
    put_u64(ret_bytes + 32, (uint64_t)header->first_received_at_us);
    memcpy(ret_bytes + 40, header->institution, strnlen(header->institution, INSTITUTION_ID_MAX));
    memcpy(ret_bytes + 56, header->id, sizeof header->id);
    memcpy(ret_bytes + 88, header->signer, sizeof header->signer);
    memcpy(ret_bytes + 120, header->signature, sizeof header->signature);
    put_u64(ret_bytes + 184, header->previous_seq);
    put_u32(ret_bytes + 192, header->judgement_bytes);
    put_u32(ret_bytes + 196, header->body_bytes);
    memcpy(ret_bytes + 200, header->judgement_hash, sizeof header->judgement_hash);
}

static void header_read(const uint8_t *at, struct header *ret_header)
{
    *ret_header = (struct header){
        .version = at[0],
        .kind = at[1],
        .header_bytes = get_u16(at + 2),
        .seq = get_u64(at + 4),
        .type = at[12],
        .frequency = at[13],
        .verdict = at[14],
        .status = at[15],
        .period_end_day = (int32_t)get_u32(at + 16),
        .vintage = get_u32(at + 20),
        .received_at_us = (int64_t)get_u64(at + 24),
        .first_received_at_us = (int64_t)get_u64(at + 32),
        .previous_seq = get_u64(at + 184),
        .judgement_bytes = get_u32(at + 192),
        .body_bytes = get_u32(at + 196),
    };
    memcpy(ret_header->institution, at + 40, INSTITUTION_ID_MAX);
    memcpy(ret_header->id, at + 56, sizeof ret_header->id);
    memcpy(ret_header->signer, at + 88, sizeof ret_header->signer);
    memcpy(ret_header->signature, at + 120, sizeof ret_header->signature);
    memcpy(ret_header->judgement_hash, at + 200, sizeof ret_header->judgement_hash);
}

/* A valid id, or blank; NULs to the end. */
static bool institution_field_is_valid(const uint8_t field[static INSTITUTION_ID_MAX],
                                       const char *institution)
{
    const size_t length = strlen(institution);
    for (size_t i = length; i < INSTITUTION_ID_MAX; i++) {
        if (field[i] != 0) {
            return false;
        }
    }
    return length == 0 || institution_id_is_valid(institution);
}

enum err header_decode(struct bytes raw_header, struct header *ret_header)
{
    if (raw_header.size < HEADER_BYTES || raw_header.size > HEADER_BYTES_MAX) {
        return ERR_MALFORMED;
    }
    struct header header;
    header_read(raw_header.data, &header);
    const bool fits = header.version > HEADER_VERSION ||
                      (header.version == HEADER_VERSION && raw_header.size == HEADER_BYTES);
    if (!fits || header.header_bytes != raw_header.size || header.kind == 0 || header.seq == 0 ||
        header.previous_seq >= header.seq || header.verdict > VERDICT_REJECTED ||
        header.judgement_bytes > JUDGEMENT_BYTES_MAX || header.body_bytes > EVENT_BYTES_MAX ||
        !institution_field_is_valid(raw_header.data + 40, header.institution)) {
        return ERR_MALFORMED;
    }
    *ret_header = header;
    return ERR_OK;
}

enum err record_open(struct bytes raw, struct record *ret_record)
{
    if (raw.size < HEADER_BYTES) {
        return ERR_CORRUPT;
    }
    const size_t header_size = get_u16(raw.data + 2);
    if (header_size < HEADER_BYTES || header_size > raw.size) {
        return ERR_CORRUPT;
    }
    struct record record = {.raw = raw, .raw_header = bytes_of(raw.data, header_size)};
    if (header_decode(record.raw_header, &record.header) != ERR_OK) {
        return ERR_CORRUPT;
    }
    const size_t judgement_size = record.header.judgement_bytes;
    const size_t body_size = record.header.body_bytes;
    if (raw.size != header_size + judgement_size + body_size) {
        return ERR_CORRUPT;
    }
    record.judgement = bytes_of(raw.data + header_size, judgement_size);
    record.body = bytes_of(raw.data + header_size + judgement_size, body_size);
    *ret_record = record;
    return ERR_OK;
}

void record_leaf_hash(struct bytes raw_header, uint8_t ret_hash[static SHA256_BYTES])
{
    struct hash hash;
    merkle_leaf(raw_header, &hash);
    memcpy(ret_hash, hash.bytes, SHA256_BYTES);
}

/* ---- the check of one record ---- */

static bool is_report(const struct header *header)
{
    return header->kind == KIND_REPORT || header->kind == KIND_EARLIER_RECEIPT;
}

static enum err damaged(struct complaint *complaint, const struct header *header, const char *what)
{
    return complain(complaint, ERR_CORRUPT, "Record %llu: %s.", (unsigned long long)header->seq,
                    what);
}

static enum err judgement_check(const struct header *header, struct bytes judgement,
                                struct arena *arena, struct complaint *complaint)
{
    uint8_t hash[SHA256_BYTES];
    sha256(judgement, hash);
    if (judgement.size != header->judgement_bytes ||
        memcmp(hash, header->judgement_hash, SHA256_BYTES) != 0) {
        return damaged(complaint, header,
                       "its judgement is not the one that its header commits to");
    }
    const PbJudgement *message = NULL;
    if (is_report(header) &&
        MESSAGE_UNPACK(judgement, MESSAGE_TOLERANT, judgement, arena, &message) != ERR_OK) {
        return damaged(complaint, header, "its judgement cannot be read");
    }
    return ERR_OK;
}

static bool header_is_of(const struct header *header, const PbReport *report)
{
    return strcmp(header->institution, report->institution) == 0 && header->type == report->type &&
           header->frequency == report->period->frequency &&
           header->period_end_day == report->period->end_day &&
           header->vintage == report->vintage && header->status == report->status;
}

static enum err report_body_check(const struct header *header, struct bytes body,
                                  struct arena *arena, struct complaint *complaint)
{
    struct envelope envelope;
    if (envelope_open(body, MESSAGE_TOLERANT, arena, &envelope) != ERR_OK) {
        return damaged(complaint, header, "its body is not a signed report");
    }
    if (memcmp(envelope.id, header->id, SHA256_BYTES) != 0 ||
        memcmp(envelope.signer, header->signer, sizeof header->signer) != 0 ||
        memcmp(envelope.signature, header->signature, sizeof header->signature) != 0) {
        return damaged(complaint, header, "its body is another report than its header names");
    }
    if (!header_is_of(header, envelope.message)) {
        return damaged(complaint, header,
                       "institution, type, period, vintage or status in its header differ from "
                       "those that were signed");
    }
    return ERR_OK;
}

static enum err event_body_check(const struct header *header, struct bytes body,
                                 struct arena *arena, struct complaint *complaint)
{
    uint8_t id[SHA256_BYTES];
    sha256(body, id);
    const PbEvent *event = NULL;
    if (memcmp(id, header->id, SHA256_BYTES) != 0) {
        return damaged(complaint, header, "its body is another event than its header names");
    }
    if (MESSAGE_UNPACK(event, MESSAGE_TOLERANT, body, arena, &event) != ERR_OK) {
        return damaged(complaint, header, "its body is not an event");
    }
    /* A newer hub's kinds have parts that this program does not know. */
    const bool kind_is_known = strcmp(record_kind_name(header->kind), "?") != 0;
    const char *subject = event->subject == NULL ? "" : event->subject;
    if ((kind_is_known && event_kind(event) != header->kind) ||
        event->time_us != header->first_received_at_us ||
        strcmp(subject, header->institution) != 0) {
        return damaged(complaint, header,
                       "kind, subject or time in its header differ from the event's");
    }
    return ERR_OK;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

static bool event_header_is_plain(const struct header *header)
{
    return header->type == 0 && header->frequency == 0 && header->verdict == VERDICT_NONE &&
           header->status == 0 && header->period_end_day == 0 && header->vintage == 0 &&
           header->previous_seq == 0 && is_zero(header->signer, sizeof header->signer) &&
           is_zero(header->signature, sizeof header->signature);
}

static enum err header_check(const struct header *header, struct complaint *complaint)
{
    if (!is_report(header)) {
        return event_header_is_plain(header)
                   ? ERR_OK
                   : damaged(complaint, header, "an event's header has a report's fields set");
    }
    if (header->institution[0] == '\0' || header->verdict == VERDICT_NONE || header->type == 0 ||
        header->vintage == 0 || header->first_received_at_us > header->received_at_us) {
        return damaged(complaint, header, "a report's header lacks what every report has");
    }
    if (report_signature_verify(header->signer, header->id, header->signature) != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "Record %llu: the institution's signature does not verify.",
                        (unsigned long long)header->seq);
    }
    return ERR_OK;
}

enum err record_check(struct bytes raw_header, struct bytes judgement, struct bytes body,
                      struct arena *arena, struct complaint *complaint)
{
    struct header header;
    if (header_decode(raw_header, &header) != ERR_OK) {
        return complain(complaint, ERR_CORRUPT, "A record's header cannot be read.");
    }
    enum err err = header_check(&header, complaint);
    if (err == ERR_OK && judgement.data != NULL) {
        err = judgement_check(&header, judgement, arena, complaint);
    }
    if (err != ERR_OK || body.data == NULL) {
        return err;
    }
    if (body.size != header.body_bytes) {
        return damaged(complaint, &header, "its body has another length than its header says");
    }
    return is_report(&header) ? report_body_check(&header, body, arena, complaint)
                              : event_body_check(&header, body, arena, complaint);
}

/* ---- names and kinds ---- */

static const struct {
    enum record_kind kind;
    const char *name;
} kinds[] = {
    {KIND_REPORT, "report"},       {KIND_EARLIER_RECEIPT, "earlier_receipt"},
    {KIND_PARTY, "party"},         {KIND_KEYS, "keys"},
    {KIND_AGREEMENT, "agreement"}, {KIND_WAIVED, "waived"},
    {KIND_CLOSED, "closed"},       {KIND_REOPENED, "reopened"},
    {KIND_MERGED, "merged"},       {KIND_RENAMED, "renamed"},
    {KIND_SPLIT, "split"},         {KIND_SETTINGS, "settings"},
    {KIND_ORDER, "order"},         {KIND_ACCESS, "access"},
    {KIND_RESTORED, "restored"},   {KIND_HISTORY_LOST, "history_lost"},
    {KIND_BACK, "back"},
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

const char *record_kind_name(int kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if ((int)kinds[i].kind == kind) {
            return kinds[i].name;
        }
    }
    return "?";
}

enum err record_kind_parse(const char *name, int *ret_kind)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcasecmp(kinds[i].name, name) == 0) {
            *ret_kind = (int)kinds[i].kind;
            return ERR_OK;
        }
    }
    return ERR_MALFORMED;
}

const char *verdict_name(int verdict)
{
    static const char *const names[] = {"NONE", "ACCEPTED", "ACCEPTED_WITH_WARNINGS", "REJECTED"};
    return verdict >= VERDICT_NONE && verdict <= VERDICT_REJECTED ? names[verdict] : "?";
}

int event_kind(const PbEvent *event)
{
    const struct {
        const void *part;
        int kind;
    } parts[] = {
        {event->party, KIND_PARTY},         {event->keys, KIND_KEYS},
        {event->agreement, KIND_AGREEMENT}, {event->waived, KIND_WAIVED},
        {event->closed, KIND_CLOSED},       {event->reopened, KIND_REOPENED},
        {event->merged, KIND_MERGED},       {event->renamed, KIND_RENAMED},
        {event->split, KIND_SPLIT},         {event->settings, KIND_SETTINGS},
        {event->order, KIND_ORDER},         {event->access, KIND_ACCESS},
        {event->restored, KIND_RESTORED},   {event->history_lost, KIND_HISTORY_LOST},
        {event->back, KIND_BACK},
    };
    int kind = 0;
    size_t count = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].part != NULL) {
            kind = parts[i].kind;
            count++;
        }
    }
    return count == 1 ? kind : 0;
}

bool institution_id_is_valid(const char *id)
{
    const size_t length = strnlen(id, INSTITUTION_ID_MAX + 1);
    if (length == 0 || length > INSTITUTION_ID_MAX || id[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        const char at = id[i];
        if (!(at >= 'A' && at <= 'Z') && !(at >= '0' && at <= '9') && at != '-') {
            return false;
        }
    }
    return true;
}
