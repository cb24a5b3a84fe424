#include "proto/receipt.h"

#include "proto/envelope.h"

#include <string.h>

enum err receipt_pack(struct bytes raw_header, struct bytes proof, struct bytes checkpoint,
                      struct bytes judgement, struct buffer *receipt)
{
    PbReceipt message = IHURIRO__V1__RECEIPT__INIT;
    message.header = pb_of_bytes(raw_header);
    message.proof = pb_of_bytes(proof);
    message.checkpoint = pb_of_bytes(checkpoint);
    message.judgement = pb_of_bytes(judgement);
    return message_pack(&message.base, receipt);
}

enum err receipt_open(struct bytes raw, struct arena *arena, struct receipt *ret_receipt)
{
    if (raw.size > RECEIPT_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    const PbReceipt *message = NULL;
    enum err err = MESSAGE_UNPACK(receipt, MESSAGE_TOLERANT, raw, arena, &message);
    if (err != ERR_OK) {
        return err;
    }
    struct receipt receipt = {
        .raw_header = bytes_of_pb(message->header),
        .raw_proof = bytes_of_pb(message->proof),
        .judgement = bytes_of_pb(message->judgement),
    };
    struct proof proof;
    err = header_decode(receipt.raw_header, &receipt.header);
    err = err != ERR_OK ? err : proof_parse(receipt.raw_proof, &proof);
    err = err != ERR_OK ? err
                        : checkpoint_parse(bytes_of_pb(message->checkpoint), &receipt.checkpoint);
    if (err != ERR_OK) {
        return err;
    }
    if (receipt.header.seq > receipt.checkpoint.position.size ||
        receipt.judgement.size != receipt.header.judgement_bytes) {
        return ERR_MALFORMED;
    }
    *ret_receipt = receipt;
    return ERR_OK;
}

static enum err inclusion_verify(const struct receipt *receipt)
{
    struct proof proof;
    struct hash leaf;
    merkle_leaf(receipt->raw_header, &leaf);
    const struct position *position = &receipt->checkpoint.position;
    if (proof_parse(receipt->raw_proof, &proof) != ERR_OK) {
        return ERR_SIGNATURE;
    }
    return merkle_verify_inclusion(&leaf, receipt->header.seq - 1, position->size, &proof,
                                   &position->root);
}

static bool judgement_is_of(const struct header *header, struct bytes judgement)
{
    uint8_t hash[SHA256_BYTES];
    sha256(judgement, hash);
    return judgement.size == header->judgement_bytes &&
           memcmp(hash, header->judgement_hash, SHA256_BYTES) == 0;
}

enum err receipt_verify(const struct receipt *receipt, const struct hub_identity *hub,
                        const uint8_t *id, struct complaint *complaint)
{
    /* header is what callers read, raw_header what is proven. */
    struct header header;
    if (header_decode(receipt->raw_header, &header) != ERR_OK ||
        header.seq != receipt->header.seq) {
        return complain(complaint, ERR_SIGNATURE, "The receipt's header cannot be read.");
    }
    if (id != NULL && memcmp(header.id, id, SHA256_BYTES) != 0) {
        return complain(complaint, ERR_SIGNATURE, "The receipt is of another report.");
    }
    if (checkpoint_verify(&receipt->checkpoint, hub) != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "The receipt's checkpoint is not signed by %s: check that hub.pub is that "
                        "of the hub which gave the receipt.",
                        hub->origin);
    }
    if (inclusion_verify(receipt) != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "The receipt's proof does not lead from its header to the checkpoint: the "
                        "receipt was changed or damaged.");
    }
    if (!judgement_is_of(&header, receipt->judgement)) {
        return complain(complaint, ERR_SIGNATURE,
                        "The receipt's judgement is not the one that its header commits to.");
    }
    if ((header.kind == KIND_REPORT || header.kind == KIND_EARLIER_RECEIPT) &&
        report_signature_verify(header.signer, header.id, header.signature) != ERR_OK) {
        return complain(complaint, ERR_SIGNATURE,
                        "The institution's signature in the receipt does not verify.");
    }
    return ERR_OK;
}

int receipt_compare(const struct header *a, const struct header *b)
{
    const bool a_accepts = verdict_accepts(a->verdict);
    const bool b_accepts = verdict_accepts(b->verdict);
    if (a_accepts != b_accepts) {
        return a_accepts ? -1 : 1;
    }
    if (a->first_received_at_us != b->first_received_at_us) {
        return a->first_received_at_us < b->first_received_at_us ? -1 : 1;
    }
    return 0;
}
