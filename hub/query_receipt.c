/* GET_RECEIPT: the receipt of a record that the reader may see whole, under the newest checkpoint
 * (DOMAIN D65). What it is of, the reader has seen: it names seq and id. */
#include <string.h>

#include "hub/query_inside.h"
#include "proto/receipt.h"

static enum err pack_receipt(const struct asked *asked, const Ihuriro__V1__GetReceipt *request,
                             const struct record *record, struct position *ret_position,
                             struct buffer *frame)
{
    Ihuriro__V1__ReceiptAnswer answer = IHURIRO__V1__RECEIPT_ANSWER__INIT;
    AUTO(buffer_close) struct buffer receipt = {0};
    struct checkpoint newest;
    struct proof proof;
    enum err err = heads_newest(asked->reading->txn, &newest);
    err = err != ERR_OK ? err
                        : journal_inclusion(asked->reading->txn, record->header.seq,
                                            newest.position.size, &proof);
    err = err != ERR_OK ? err
                        : receipt_pack(record->raw_header, proof_bytes(&proof), newest.text,
                                       record->judgement, &receipt);
    if (err != ERR_OK) {
        return err;
    }
    answer.number = request->number;
    answer.receipt = pb_of_bytes(buffer_bytes(&receipt));
    answer.envelope = pb_of_bytes(record->body);
    *ret_position = newest.position;
    return frame_pack(VERB_RECEIPT, &answer.base, frame);
}

/* One act for all receipts of an institution, as for its records in a feed. */
static enum err answer_receipt(const struct asked *asked, const Ihuriro__V1__GetReceipt *request,
                               const struct record *record)
{
    AUTO(buffer_close) struct buffer answer = {0};
    struct position position;
    struct access_key key;
    char institution[INSTITUTION_ID_MAX + 1];
    char *institutions[] = {institution};
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    memcpy(institution, record->header.institution, sizeof institution);
    filter.institutions = institutions;
    filter.n_institutions = institution[0] != '\0';
    struct access_event access = {
        .act = ACCESS_RECEIPT,
        .reader = asked->reader->id,
        .filter = &filter,
        .position = &position,
        .rights = asked->rights,
        .time_us = asked->reading->now_us,
    };
    enum err err = pack_receipt(asked, request, record, &position, &answer);
    err = err != ERR_OK ? err
                        : access_key_of_act(ACCESS_RECEIPT, asked->reader->id, &filter, 0,
                                            asked->rights, &key);
    return err != ERR_OK ? err : query_answer(asked, &key, NULL, &access, &answer);
}

enum err query_take_receipt(struct asked *asked)
{
    const Ihuriro__V1__GetReceipt *request = NULL;
    struct record record;
    if (MESSAGE_UNPACK(get_receipt, MESSAGE_TOLERANT, asked->body, &asked->query->arena,
                       &request) != ERR_OK ||
        request->id.len != SHA256_BYTES) {
        return query_malformed(asked, "This GET_RECEIPT cannot be read.");
    }
    enum err err = journal_get(asked->reading->txn, request->seq, &record);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_NOT_FOUND || memcmp(record.header.id, request->id.data, SHA256_BYTES) != 0) {
        query_refuse(asked, "POSITION_LOST",
                     "That record is not at that place of the hub's history: the history was "
                     "replaced. Fetch the record again; its receipt is asked for by where it is "
                     "then.");
        return ERR_OK;
    }
    if (access_sight(asked->reader, asked->reading->registry, &record.header) != SIGHT_WHOLE) {
        query_refuse(asked, "NOT_ENTITLED",
                     "A receipt is given of a record that you may see whole.");
        return ERR_OK;
    }
    return answer_receipt(asked, request, &record);
}
