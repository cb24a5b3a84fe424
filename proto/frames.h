/* A frame: version octet, verb (2 octets, big-endian), body (a message of wire.proto). Numbers are
 * part of the format. */
#ifndef IHURIRO_PROTO_FRAMES_H
#define IHURIRO_PROTO_FRAMES_H

#include "proto/messages.h"

enum verb {
    /* every door: 1 to 15 */
    VERB_REFUSED = 1,
    VERB_RETRY_LATER = 2,
    VERB_GET_SETTINGS = 3,
    VERB_SETTINGS_PAGE = 4,
    /* ingest: 16 to 63 */
    VERB_HELLO = 16,
    VERB_HELLO_ANSWER = 17,
    VERB_HELLO_FIRST = 18,
    VERB_SUBMIT = 19,
    VERB_ANSWERS = 20,
    VERB_OWN = 21,
    VERB_OWN_ANSWER = 22,
    VERB_SETTLED = 23, /* no answer */
    VERB_GET_OWED = 24,
    VERB_OWED = 25,
    /* feed: 64 to 95 (FETCH also at the query door) */
    VERB_FETCH = 64,
    VERB_RECORDS = 65,
    VERB_NOT_IN_HISTORY = 66,
    VERB_OLDER = 67,
    VERB_STANDS = 68,
    /* query: 96 to 127 */
    VERB_SNAPSHOT = 96,
    VERB_SNAPSHOT_ANSWER = 97,
    VERB_PROVE = 98,
    VERB_PROOF = 99,
    VERB_GET_MATRIX = 100,
    VERB_MATRIX = 101,
    VERB_GET_CONTACTS = 102,
    VERB_CONTACTS = 103,
    VERB_GET_RECEIPT = 104,
    VERB_RECEIPT = 105,
    /* admin: 128 to 159 */
    VERB_ACT = 128,
    VERB_ACT_DONE = 129,
    VERB_GET_STATUS = 130,
    VERB_STATUS = 131,
    VERB_CLOCK_IS_RIGHT = 132,
    VERB_TEST_TIME = 133,
    VERB_DONE = 134,
    VERB_SET_CONTACT = 135,
    /* enrol: 160 to 191; reserved */
    /* notices, at the feed door */
    VERB_GET_NOTICES = 192,
    VERB_NOTICES = 193,
    /* totals, at the query door */
    VERB_GET_TOTALS = 208,
    VERB_TOTALS = 209,
};

#define FRAME_HEAD_BYTES 3

const char *verb_name(int verb);
/* Appends a frame's version and verb, for a body that the caller appends itself. */
MUST_USE enum err frame_begin(enum verb verb, struct buffer *frame);
/* Appends a whole frame. */
MUST_USE enum err frame_pack(enum verb verb, const ProtobufCMessage *body, struct buffer *frame);
/* Splits; ERR_UNSUPPORTED for another version, ERR_MALFORMED for a short frame. body is a view. */
MUST_USE enum err frame_open(struct bytes frame, int *ret_verb, struct bytes *ret_body);
/* The body's descriptor, or NULL for a verb that is not known. */
const ProtobufCMessageDescriptor *verb_body(int verb);

#endif
