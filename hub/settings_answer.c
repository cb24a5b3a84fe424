/* GET_SETTINGS, alike at every door: the SETTINGS record's receipt, and a page of the event. */
#include <string.h>

#include "hub/hub.h"
#include "proto/receipt.h"

#define PAGE_BYTES (64 * 1024)

static_assert(PAGE_BYTES + RECEIPT_BYTES_MAX + 256 <= INGEST_ANSWER_MAX,
              "a page fits the smallest answer");

struct wanted {
    struct txn *txn;
    struct bytes id;
    uint64_t seq;
};

static enum err match(void *context, uint64_t seq)
{
    struct wanted *wanted = context;
    struct record record;
    enum err err = journal_get(wanted->txn, seq, &record);
    if (err == ERR_OK && bytes_equal(bytes_of(record.header.id, SHA256_BYTES), wanted->id)) {
        wanted->seq = seq;
    }
    return err;
}

/* The seq of the record asked for. ERR_NOT_FOUND. */
static enum err find(struct txn *txn, struct bytes id, uint64_t *ret_seq)
{
    if (id.size == 0) {
        return events_last(txn, KIND_SETTINGS, ret_seq);
    }
    struct wanted wanted = {.txn = txn, .id = id};
    enum err err = events_walk(txn, KIND_SETTINGS, NULL, match, &wanted);
    if (err == ERR_OK && wanted.seq == 0) {
        return ERR_NOT_FOUND;
    }
    if (err == ERR_OK) {
        *ret_seq = wanted.seq;
    }
    return err;
}

static enum err refuse(struct counters *counters, const char *rule, const char *text,
                       struct buffer *frame)
{
    counters_refused(counters, rule);
    Ihuriro__V1__Refused refused = IHURIRO__V1__REFUSED__INIT;
    refused.rule = (char *)(uintptr_t)rule; /* packed only */
    refused.text = (char *)(uintptr_t)text;
    return frame_pack(VERB_REFUSED, &refused.base, frame);
}

static enum err page(struct txn *txn, struct counters *counters, uint64_t seq, uint32_t offset,
                     struct buffer *frame)
{
    AUTO(buffer_close) struct buffer receipt = {0};
    struct record record;
    struct checkpoint newest;
    struct proof proof;
    enum err err = journal_get(txn, seq, &record);
    err = err != ERR_OK ? err : heads_newest(txn, &newest);
    err = err != ERR_OK ? err : journal_inclusion(txn, seq, newest.position.size, &proof);
    err = err != ERR_OK ? err
                        : receipt_pack(record.raw_header, proof_bytes(&proof), newest.text,
                                       record.judgement, &receipt);
    if (err != ERR_OK) {
        return err;
    }
    if (offset > record.body.size) {
        return refuse(counters, "BAD_REQUEST", "The offset lies behind the end of the settings.",
                      frame);
    }
    size_t left = record.body.size - offset;
    Ihuriro__V1__SettingsPage answer = IHURIRO__V1__SETTINGS_PAGE__INIT;
    answer.receipt = pb_of_bytes(buffer_bytes(&receipt));
    answer.page =
        pb_of_bytes(bytes_of(record.body.data + offset, left < PAGE_BYTES ? left : PAGE_BYTES));
    answer.total = (uint32_t)record.body.size;
    answer.offset = offset;
    return frame_pack(VERB_SETTINGS_PAGE, &answer.base, frame);
}

enum err settings_answer(struct txn *txn, struct counters *counters, struct bytes raw_body,
                         struct buffer *frame)
{
    AUTO(arena_close) struct arena arena = {0};
    const Ihuriro__V1__GetSettings *asked = NULL;
    if (MESSAGE_UNPACK(get_settings, MESSAGE_TOLERANT, raw_body, &arena, &asked) != ERR_OK ||
        (asked->id.len != 0 && asked->id.len != SHA256_BYTES)) {
        return refuse(counters, "BAD_REQUEST", "This GET_SETTINGS cannot be read.", frame);
    }
    uint64_t seq = 0;
    enum err err = find(txn, bytes_of_pb(asked->id), &seq);
    if (err == ERR_NOT_FOUND) {
        return refuse(counters, "NOT_FOUND", "The hub's journal holds no settings with this id.",
                      frame);
    }
    return err != ERR_OK ? err : page(txn, counters, seq, asked->offset, frame);
}
