/* Acts as unit tests write them down, one a row, and registries made of them. */
#ifndef IHURIRO_TESTS_SUPPORT_ACTS_H
#define IHURIRO_TESTS_SUPPORT_ACTS_H

#include "proto/registry.h"

#include "tests/support/samples.h"

/* An act as a test writes it; key numbers make keys of 32 equal bytes, 0 is none. */
struct act_row {
    int64_t time_us;
    const char *subject;
    int kind;
    int role;
    const char *name;
    const char *currency;
    uint8_t signing;
    uint8_t transport;
    uint8_t revoked;
    int shares;
    int32_t from_day;        /* of MERGED, SPLIT, RENAMED */
    const char *const *many; /* of MERGED, SPLIT; NULL ends it */
    int status;
    int32_t status_from_day; /* 0: not given */
    int32_t reports_from_day;
    const char *le_book;
    const char *lei;
};
#define ACT_MANY 8

static inline void fill_key(uint8_t number, uint8_t key[static PUBLIC_KEY_BYTES])
{
    memset(key, number, PUBLIC_KEY_BYTES);
}

/* The event, its parts and the memory that they point into. */
struct event_box {
    PbEvent event;
    PbPartyAct party;
    PbKeysAct keys;
    Ihuriro__V1__AgreementAct agreement;
    ProtobufCBinaryData revoked[1];
    uint8_t bytes[3][PUBLIC_KEY_BYTES];
    PbMerged merged;
    PbSplit split;
    PbRenamed renamed;
    char *many[ACT_MANY];
    size_t many_count;
    char ids[ACT_MANY][INSTITUTION_ID_MAX + 8];
    char le_book[40];
    char lei[40];
    uint8_t nonce[16];
    char subject[INSTITUTION_ID_MAX + 8];
    char name[600];
    char currency[8];
};

static inline void fill_keys(const struct act_row *row, struct event_box *box)
{
    fill_key(row->signing, box->bytes[0]);
    fill_key(row->transport, box->bytes[1]);
    fill_key(row->revoked, box->bytes[2]);
    box->keys = (PbKeysAct)IHURIRO__V1__KEYS_ACT__INIT;
    box->keys.has_signing_key = row->signing != 0;
    box->keys.signing_key = pb_of_bytes(bytes_of(box->bytes[0], PUBLIC_KEY_BYTES));
    box->keys.has_transport_key = row->transport != 0;
    box->keys.transport_key = pb_of_bytes(bytes_of(box->bytes[1], PUBLIC_KEY_BYTES));
    box->revoked[0] = pb_of_bytes(bytes_of(box->bytes[2], PUBLIC_KEY_BYTES));
    box->keys.n_revoked = row->revoked != 0;
    box->keys.revoked = box->revoked;
    box->event.keys = &box->keys;
}

static inline void fill_party(const struct act_row *row, struct event_box *box)
{
    box->party = (PbPartyAct)IHURIRO__V1__PARTY_ACT__INIT;
    box->party.has_role = row->role != 0;
    box->party.role = (Ihuriro__V1__PartyAct__Role)row->role;
    if (row->name != NULL) {
        strcpy(box->name, row->name);
        box->party.name = box->name;
    }
    if (row->currency != NULL) {
        strcpy(box->currency, row->currency);
        box->party.currency = box->currency;
    }
    if (row->le_book != NULL) {
        strcpy(box->le_book, row->le_book);
        box->party.le_book = box->le_book;
    }
    if (row->lei != NULL) {
        strcpy(box->lei, row->lei);
        box->party.lei = box->lei;
    }
    box->party.has_status = row->status != 0;
    box->party.status = (Ihuriro__V1__PartyAct__Status)row->status;
    box->party.has_status_from_day = row->status_from_day != 0;
    box->party.status_from_day = row->status_from_day;
    box->party.has_reports_from_day = row->reports_from_day != 0;
    box->party.reports_from_day = row->reports_from_day;
    box->event.party = &box->party;
}

static inline void fill_many(const struct act_row *row, struct event_box *box)
{
    for (size_t i = 0; row->many != NULL && row->many[i] != NULL && i < ACT_MANY; i++) {
        strcpy(box->ids[i], row->many[i]);
        box->many[i] = box->ids[i];
        box->many_count++;
    }
}

static inline void fill_change(const struct act_row *row, struct event_box *box)
{
    fill_many(row, box);
    if (row->kind == KIND_MERGED) {
        box->merged = (PbMerged)IHURIRO__V1__MERGED__INIT;
        box->merged.predecessors = box->many;
        box->merged.n_predecessors = box->many_count;
        box->merged.from_day = row->from_day;
        box->event.merged = &box->merged;
    } else if (row->kind == KIND_SPLIT) {
        box->split = (PbSplit)IHURIRO__V1__SPLIT__INIT;
        box->split.successors = box->many;
        box->split.n_successors = box->many_count;
        box->split.from_day = row->from_day;
        box->event.split = &box->split;
    } else if (row->kind == KIND_RENAMED) {
        box->renamed = (PbRenamed)IHURIRO__V1__RENAMED__INIT;
        strcpy(box->name, row->name);
        box->renamed.name = box->name;
        box->renamed.from_day = row->from_day;
        box->event.renamed = &box->renamed;
    }
}

static inline void fill_event(const struct act_row *row, struct event_box *box)
{
    *box = (struct event_box){.event = IHURIRO__V1__EVENT__INIT};
    box->event.time_us = row->time_us;
    box->event.nonce = pb_of_bytes(bytes_of(box->nonce, sizeof box->nonce));
    if (row->subject != NULL) {
        strcpy(box->subject, row->subject);
        box->event.subject = box->subject;
    }
    if (row->kind == KIND_PARTY) {
        fill_party(row, box);
    } else if (row->kind == KIND_KEYS) {
        fill_keys(row, box);
    } else if (row->kind == KIND_AGREEMENT) {
        box->agreement = (Ihuriro__V1__AgreementAct)IHURIRO__V1__AGREEMENT_ACT__INIT;
        box->agreement.shares = row->shares;
        box->event.agreement = &box->agreement;
    } else {
        fill_change(row, box);
    }
}

static inline void act_id(const struct event_box *box, uint8_t ret_id[static SHA256_BYTES])
{
    AUTO(buffer_close) struct buffer raw = {0};
    assert_int_equal(message_pack(&box->event.base, &raw), ERR_OK);
    sha256(buffer_bytes(&raw), ret_id);
}

static inline void apply(struct registry *registry, const struct act_row *row)
{
    struct event_box box;
    uint8_t id[SHA256_BYTES];
    fill_event(row, &box);
    act_id(&box, id);
    assert_int_equal(registry_apply(registry, &box.event, id), ERR_OK);
    memset(&box, 0xEE, sizeof box); /* it was copied */
}

static inline struct registry *registry_of(const struct act_row *rows, size_t count)
{
    struct registry *registry = NULL;
    assert_int_equal(registry_make(&registry), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        apply(registry, &rows[i]);
    }
    assert_int_equal(registry_seal(registry), ERR_OK);
    return registry;
}

#define MEMBER(time, id)                                                             \
    {                                                                                \
        .time_us = (time), .subject = (id), .kind = KIND_PARTY, .role = ROLE_MEMBER, \
        .name = "Ikigega", .currency = "RWF"                                         \
    }
#define READER(time, id, as)                                                 \
    {                                                                        \
        .time_us = (time), .subject = (id), .kind = KIND_PARTY, .role = (as) \
    }
#define KEYS(time, id, ...)                                                \
    {                                                                      \
        .time_us = (time), .subject = (id), .kind = KIND_KEYS, __VA_ARGS__ \
    }
#define AGREEMENT(time, id, yes)                                                    \
    {                                                                               \
        .time_us = (time), .subject = (id), .kind = KIND_AGREEMENT, .shares = (yes) \
    }

#define MERGED(time, id, day, ...)                                                  \
    {                                                                               \
        .time_us = (time), .subject = (id), .kind = KIND_MERGED, .from_day = (day), \
        .many = (const char *const[])                                               \
        {                                                                           \
            __VA_ARGS__, NULL                                                       \
        }                                                                           \
    }
#define SPLIT(time, id, day, ...)                                                  \
    {                                                                              \
        .time_us = (time), .subject = (id), .kind = KIND_SPLIT, .from_day = (day), \
        .many = (const char *const[])                                              \
        {                                                                          \
            __VA_ARGS__, NULL                                                      \
        }                                                                          \
    }
#define RENAMED(time, id, day, to)                                                                \
    {                                                                                             \
        .time_us = (time), .subject = (id), .kind = KIND_RENAMED, .from_day = (day), .name = (to) \
    }

#endif
