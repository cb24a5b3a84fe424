#include "hub/examine.h"

#include "hub/ingest.h"

/* A receipt counts if it is this hub's own and of this id; a forged one, or another hub's, is as
 * good as none. */
static void examine_receipt(const struct ingest *ingest, struct arena *arena,
                            struct examined *examined)
{
    struct receipt *receipt = &examined->receipt;
    examined->has_receipt =
        examined->message->has_receipt &&
        receipt_open(bytes_of_pb(examined->message->receipt), arena, receipt) == ERR_OK &&
        receipt_verify(receipt, ingest->identity, examined->envelope.id, NULL) == ERR_OK &&
        (receipt->header.kind == KIND_REPORT || receipt->header.kind == KIND_EARLIER_RECEIPT);
}

static void examine_submit(const struct ingest *ingest, const struct peer *peer,
                           struct arena *arena, struct examined *examined)
{
    examined->submit =
        MESSAGE_UNPACK(submit, MESSAGE_TOLERANT, examined->body, arena, &examined->message);
    if (examined->submit != ERR_OK) {
        return;
    }
    examined->is_in_session =
        session_is_good(ingest, peer, bytes_of_pb(examined->message->session));
    if (!examined->is_in_session) {
        return; /* whoever has not said hello costs no more than this */
    }
    examined->opened = envelope_open(bytes_of_pb(examined->message->envelope), MESSAGE_CANONICAL,
                                     arena, &examined->envelope);
    if (examined->opened != ERR_OK) {
        return;
    }
    examined->is_signed = envelope_verify(&examined->envelope) == ERR_OK;
    if (examined->is_signed) {
        examine_receipt(ingest, arena, examined);
    }
}

void examine(const struct ingest *ingest, const struct peer *peer, struct bytes frame,
             struct arena *arena, struct examined *ret_examined)
{
    *ret_examined = (struct examined){0};
    ret_examined->frame = frame_open(frame, &ret_examined->verb, &ret_examined->body);
    if (ret_examined->frame == ERR_OK && ret_examined->verb == VERB_SUBMIT) {
        examine_submit(ingest, peer, arena, ret_examined);
    }
}

bool examined_is_final(const struct examined *examined)
{
    bool has_receipt_left = examined->message != NULL && examined->message->has_receipt &&
                            examined->is_signed && !examined->has_receipt;
    return examined->submit == ERR_OK && examined->opened == ERR_OK && !has_receipt_left;
}
