#include "proto/frames.h"

#include "proto/limits.h"

static const struct verb_row {
    enum verb verb;
    const char *name;
    const ProtobufCMessageDescriptor *body;
} verbs[] = {
    {VERB_REFUSED, "REFUSED", &ihuriro__v1__refused__descriptor},
    {VERB_RETRY_LATER, "RETRY_LATER", &ihuriro__v1__retry_later__descriptor},
    {VERB_GET_SETTINGS, "GET_SETTINGS", &ihuriro__v1__get_settings__descriptor},
    {VERB_SETTINGS_PAGE, "SETTINGS_PAGE", &ihuriro__v1__settings_page__descriptor},
    {VERB_HELLO, "HELLO", &ihuriro__v1__hello__descriptor},
    {VERB_HELLO_ANSWER, "HELLO_ANSWER", &ihuriro__v1__hello_answer__descriptor},
    {VERB_HELLO_FIRST, "HELLO_FIRST", &ihuriro__v1__hello_first__descriptor},
    {VERB_SUBMIT, "SUBMIT", &ihuriro__v1__submit__descriptor},
    {VERB_ANSWERS, "ANSWERS", &ihuriro__v1__answers__descriptor},
    {VERB_OWN, "OWN", &ihuriro__v1__own__descriptor},
    {VERB_OWN_ANSWER, "OWN_ANSWER", &ihuriro__v1__own_answer__descriptor},
    {VERB_SETTLED, "SETTLED", &ihuriro__v1__settled__descriptor},
    {VERB_GET_OWED, "GET_OWED", &ihuriro__v1__get_owed__descriptor},
    {VERB_OWED, "OWED", &ihuriro__v1__owed__descriptor},
    {VERB_FETCH, "FETCH", &ihuriro__v1__fetch__descriptor},
    {VERB_RECORDS, "RECORDS", &ihuriro__v1__records__descriptor},
    {VERB_NOT_IN_HISTORY, "NOT_IN_HISTORY", &ihuriro__v1__not_in_history__descriptor},
    {VERB_OLDER, "OLDER", &ihuriro__v1__older__descriptor},
    {VERB_STANDS, "STANDS", &ihuriro__v1__stands__descriptor},
    {VERB_SNAPSHOT, "SNAPSHOT", &ihuriro__v1__snapshot__descriptor},
    {VERB_SNAPSHOT_ANSWER, "SNAPSHOT_ANSWER", &ihuriro__v1__snapshot_answer__descriptor},
    {VERB_PROVE, "PROVE", &ihuriro__v1__prove__descriptor},
    {VERB_PROOF, "PROOF", &ihuriro__v1__proof__descriptor},
    {VERB_GET_MATRIX, "GET_MATRIX", &ihuriro__v1__get_matrix__descriptor},
    {VERB_MATRIX, "MATRIX", &ihuriro__v1__matrix__descriptor},
    {VERB_GET_CONTACTS, "GET_CONTACTS", &ihuriro__v1__get_contacts__descriptor},
    {VERB_CONTACTS, "CONTACTS", &ihuriro__v1__contacts__descriptor},
    {VERB_GET_RECEIPT, "GET_RECEIPT", &ihuriro__v1__get_receipt__descriptor},
    {VERB_RECEIPT, "RECEIPT", &ihuriro__v1__receipt_answer__descriptor},
    {VERB_ACT, "ACT", &ihuriro__v1__act__descriptor},
    {VERB_ACT_DONE, "ACT_DONE", &ihuriro__v1__act_done__descriptor},
    {VERB_GET_STATUS, "GET_STATUS", &ihuriro__v1__get_status__descriptor},
    {VERB_STATUS, "STATUS", &ihuriro__v1__status__descriptor},
    {VERB_CLOCK_IS_RIGHT, "CLOCK_IS_RIGHT", &ihuriro__v1__clock_is_right__descriptor},
    {VERB_TEST_TIME, "TEST_TIME", &ihuriro__v1__test_time__descriptor},
    {VERB_DONE, "DONE", &ihuriro__v1__done__descriptor},
    {VERB_SET_CONTACT, "SET_CONTACT", &ihuriro__v1__set_contact__descriptor},
    {VERB_GET_NOTICES, "GET_NOTICES", &ihuriro__v1__get_notices__descriptor},
    {VERB_NOTICES, "NOTICES", &ihuriro__v1__notices__descriptor},
    {VERB_GET_TOTALS, "GET_TOTALS", &ihuriro__v1__get_totals__descriptor},
    {VERB_TOTALS, "TOTALS", &ihuriro__v1__totals__descriptor},
};

static const struct verb_row *verb_find(int verb)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if ((int)verbs[i].verb == verb) {
            return &verbs[i];
        }
    }
    return NULL;
}

const char *verb_name(int verb)
{
    const struct verb_row *row = verb_find(verb);
    return row == NULL ? "?" : row->name;
}

enum err frame_begin(enum verb verb, struct buffer *frame)
{
    uint8_t head[FRAME_HEAD_BYTES] = {WIRE_VERSION};
    put_u16(head + 1, (uint16_t)verb);
    return buffer_append(frame, head, sizeof head);
}

enum err frame_pack(enum verb verb, const ProtobufCMessage *body, struct buffer *frame)
{
    const size_t before = frame->size;
    enum err err = frame_begin(verb, frame);
    err = err != ERR_OK ? err : message_pack(body, frame);
    if (err != ERR_OK) {
        frame->size = before; /* no half frame */
    }
    return err;
}

enum err frame_open(struct bytes frame, int *ret_verb, struct bytes *ret_body)
{
    if (frame.size < FRAME_HEAD_BYTES) {
        return ERR_MALFORMED;
    }
    if (frame.data[0] != WIRE_VERSION) {
        return ERR_UNSUPPORTED;
    }
    *ret_verb = get_u16(frame.data + 1);
    *ret_body = bytes_of(frame.data + FRAME_HEAD_BYTES, frame.size - FRAME_HEAD_BYTES);
    return ERR_OK;
}

const ProtobufCMessageDescriptor *verb_body(int verb)
{
    const struct verb_row *row = verb_find(verb);
    return row == NULL ? NULL : row->body;
}
