/* What the scripted hub (scripted_hub.h) keeps: its script, its journal with a real tree, what
 * came. */
#ifndef IHURIRO_TESTS_UNIT_MFI_SCRIPTED_JOURNAL_H
#define IHURIRO_TESTS_UNIT_MFI_SCRIPTED_JOURNAL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/envelope.h"
#include "proto/frames.h"
#include "proto/receipt.h"

enum { HUB_RECORDS_MAX = 256, HUB_ANSWERS_MAX = 512, HUB_TAG_BYTES = 16, HUB_SESSION_BYTES = 24 };

struct hub_record {
    struct header header;
    struct buffer raw_header;
    struct buffer judgement;
    struct buffer body;
    char first_rule[16]; /* of its findings */
};

struct scripted_hub {
    struct signing_key *log_key;
    struct hub_identity identity;
    struct hub_record records[HUB_RECORDS_MAX];
    size_t count;
    struct hash hashes[2 * HUB_RECORDS_MAX + 64];
    int64_t now_us;
    uint64_t sessions; /* the newest session's number */
    uint64_t session_asked;
    uint8_t tag[HUB_TAG_BYTES]; /* of the newest hello */

    /* The script. */
    bool is_test;
    bool asks_to_settle;
    bool knows_no_session;      /* HELLO_FIRST to everything but HELLO */
    bool refuses_everything;    /* ENV-03, may pass */
    const char *refusal_text;   /* NULL: a sentence about the key */
    uint32_t retry_seconds;     /* > 0: RETRY_LATER to each SUBMIT */
    bool retry_hub;             /* of the hub; else of the institution */
    const char *rejects_period; /* key: REJECTED with POR-01 */
    bool spoils_tags;           /* answers a hello that was never said */
    bool spoils_receipts;       /* flips a bit in each proof's checkpoint */
    bool batches;               /* answers of SUBMITs are kept until hub_flush */
    struct buffer settings_event;
    /* What is owed: a row a page, orders with the first. */
    Ihuriro__V1__OwedRow *owed[8];
    size_t owed_count;
    Ihuriro__V1__SignedOrder *orders[4];
    size_t order_count;
    bool knows_no_owed;    /* REFUSED, as a hub of an earlier version */
    uint32_t owed_later_s; /* > 0: RETRY_LATER */
    bool owed_has_no_end;  /* the next page is this one */

    struct buffer answers[HUB_ANSWERS_MAX];
    size_t answer_count;
    /* of a batch */
    uint64_t batch_numbers[HUB_RECORDS_MAX];
    size_t batch_seqs[HUB_RECORDS_MAX];
    size_t batch_count;

    /* What came. */
    size_t hellos;
    size_t submits;
    size_t offers; /* SUBMITs with a receipt */
    size_t owns;
    size_t owed_asked;
    size_t settled; /* institutions named in SETTLED */
    size_t checkpoints_shown;
    char last_period[16]; /* of the last SUBMIT */
    char
        order[1024]; /* "H" hello, "S" fresh, "O" offer, "W" own, in the order in which they came */
};

static inline enum err hub_read_hash(void *context, uint64_t index, struct hash *ret_hash)
{
    *ret_hash = ((struct scripted_hub *)context)->hashes[index];
    return ERR_OK;
}

static inline void hub_open(struct scripted_hub *hub)
{
    uint8_t seed[32] = {7};
    memset(hub, 0, sizeof *hub);
    assert_int_equal(signing_key_from_seed(seed, &hub->log_key), ERR_OK);
    snprintf(hub->identity.origin, sizeof hub->identity.origin, "hub.test");
    memcpy(hub->identity.log_keys[0], signing_key_public(hub->log_key), PUBLIC_KEY_BYTES);
    hub->identity.log_key_count = 1;
    hub->now_us = INT64_C(1600000000000000);
}

static inline void hub_close_record(struct hub_record *record)
{
    buffer_close(&record->raw_header);
    buffer_close(&record->judgement);
    buffer_close(&record->body);
}

static inline void hub_close(struct scripted_hub *hub)
{
    for (size_t i = 0; i < hub->count; i++) {
        hub_close_record(&hub->records[i]);
    }
    for (size_t i = 0; i < hub->answer_count; i++) {
        buffer_close(&hub->answers[i]);
    }
    buffer_close(&hub->settings_event);
    signing_key_close(&hub->log_key);
}

/* The disk is put back: the first size records stand, sessions are gone. */
static inline void hub_put_back(struct scripted_hub *hub, size_t size)
{
    while (hub->count > size) {
        hub_close_record(&hub->records[--hub->count]);
    }
    hub->sessions += 100;
    hub->session_asked = 0;
}

static inline void hub_journal(struct scripted_hub *hub, struct header *header, const char *rule,
                               struct bytes body)
{
    struct hub_record *record = &hub->records[hub->count];
    assert_true(hub->count < HUB_RECORDS_MAX);
    *record = (struct hub_record){0};
    Ihuriro__V1__Finding finding = IHURIRO__V1__FINDING__INIT;
    Ihuriro__V1__Finding *findings[] = {&finding};
    Ihuriro__V1__Judgement judgement = IHURIRO__V1__JUDGEMENT__INIT;
    static uint8_t nothing[1];
    judgement.settings = (ProtobufCBinaryData){0, nothing};
    char text[16];
    if (rule != NULL) {
        snprintf(text, sizeof text, "%s", rule);
        snprintf(record->first_rule, sizeof record->first_rule, "%s", rule);
        finding.rule = text;
        finding.severity = IHURIRO__V1__SEVERITY__ERROR;
        judgement.findings = findings;
        judgement.n_findings = 1;
    }
    assert_int_equal(message_pack(&judgement.base, &record->judgement), ERR_OK);
    assert_int_equal(buffer_append(&record->body, body.data, body.size), ERR_OK);
    header->version = HEADER_VERSION;
    header->header_bytes = HEADER_BYTES;
    header->seq = hub->count + 1;
    header->received_at_us = hub->now_us;
    header->judgement_bytes = (uint32_t)record->judgement.size;
    header->body_bytes = (uint32_t)record->body.size;
    sha256(buffer_bytes(&record->judgement), header->judgement_hash);
    for (size_t i = 0; i < hub->count; i++) {
        const struct header *other = &hub->records[i].header;
        if (other->kind == KIND_REPORT && strcmp(other->institution, header->institution) == 0) {
            header->previous_seq = other->seq;
        }
    }
    uint8_t raw[HEADER_BYTES];
    header_encode(header, raw);
    assert_int_equal(buffer_append(&record->raw_header, raw, sizeof raw), ERR_OK);
    record->header = *header;
    struct hash leaf;
    struct hash fresh[64];
    size_t fresh_count = 0;
    record_leaf_hash(bytes_of(raw, sizeof raw), leaf.bytes);
    assert_int_equal(merkle_append(hub->count, &leaf, hub_read_hash, hub, fresh, &fresh_count),
                     ERR_OK);
    memcpy(&hub->hashes[merkle_stored_count(hub->count)], fresh, fresh_count * sizeof fresh[0]);
    hub->count++;
}

static inline void hub_checkpoint(struct scripted_hub *hub, struct buffer *text)
{
    struct position position = {.size = hub->count};
    assert_int_equal(merkle_root(hub->count, hub_read_hash, hub, &position.root), ERR_OK);
    assert_int_equal(
        checkpoint_sign(hub->identity.origin, &position, hub->now_us, hub->log_key, text), ERR_OK);
}

static inline bool hub_stands(struct scripted_hub *hub, const struct position *position)
{
    struct hash root;
    if (position->size > hub->count) {
        return false;
    }
    assert_int_equal(merkle_root(position->size, hub_read_hash, hub, &root), ERR_OK);
    return memcmp(root.bytes, position->root.bytes, sizeof root.bytes) == 0;
}

#endif
