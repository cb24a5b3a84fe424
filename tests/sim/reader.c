#include "tests/sim/reader.h"

#include <string.h>
#include <zmq.h>

#include "proto/limits.h"
#include "proto/record.h"

#define WAIT_MS 5000

struct reader {
    void *socket;
    struct reader_options options;
    struct position position;
    bool is_ready;
    uint64_t number;
    struct reader_got got;
    struct arena arena;
    struct buffer frame;
};

static enum err fetch(struct reader *reader)
{
    Ihuriro__V1__Fetch fetch = IHURIRO__V1__FETCH__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    uint32_t reports_only = KIND_REPORT; /* that a feed was opened is a record too */
    char *institution = (char *)(uintptr_t)reader->options.institution; /* packed only */
    bool asks_for_end = !reader->is_ready && !reader->options.from_start;
    filter.kinds = &reports_only;
    filter.n_kinds = 1;
    filter.institutions = &institution;
    filter.n_institutions = institution != NULL ? 1 : 0;
    fetch.filter = &filter;
    position.size = reader->position.size;
    position.root = pb_of_bytes(bytes_of(&reader->position.root, SHA256_BYTES));
    fetch.position = &position;
    fetch.has_max_bytes = true;
    fetch.max_bytes = asks_for_end ? 4096 : reader->options.bytes_max;
    fetch.has_wait_ms = true;
    fetch.wait_ms = asks_for_end ? 0 : WAIT_MS;
    fetch.number = ++reader->number;
    buffer_clear(&reader->frame);
    enum err err = frame_pack(VERB_FETCH, &fetch.base, &reader->frame);
    if (err == ERR_OK && zmq_send(reader->socket, reader->frame.data, reader->frame.size, 0) < 0) {
        err = ERR_NETWORK;
    }
    return err;
}

enum err reader_open(void *zmq_context, const char *endpoint, const struct transport_key *key,
                     const struct hub_identity *hub, const struct reader_options *options,
                     struct reader **ret_reader)
{
    AUTO(reader_close) struct reader *reader = calloc(1, sizeof(*reader));
    int no_linger = 0;
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    reader->options = *options;
    if (options->bytes_max == 0) {
        reader->options.bytes_max = READER_BYTES;
    }
    reader->arena.budget = 16 * 1024 * 1024;
    /* Nothing at all has the root of the empty tree. */
    sha256(bytes_of("", 0), (uint8_t *)&reader->position.root);
    reader->socket = zmq_socket(zmq_context, ZMQ_DEALER);
    if (reader->socket == NULL ||
        zmq_setsockopt(reader->socket, ZMQ_LINGER, &no_linger, sizeof(no_linger)) != 0 ||
        transport_key_connect(key, hub->transport, reader->socket) != ERR_OK ||
        zmq_connect(reader->socket, endpoint) != 0) {
        return ERR_NETWORK;
    }
    enum err err = fetch(reader);
    if (err == ERR_OK) {
        *ret_reader = STEAL(reader);
    }
    return err;
}

void reader_close(struct reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    if ((*reader)->socket != NULL) {
        zmq_close((*reader)->socket);
    }
    arena_close(&(*reader)->arena);
    buffer_close(&(*reader)->frame);
    free(*reader);
    *reader = NULL;
}

void *reader_socket(struct reader *reader)
{
    return reader->socket;
}

bool reader_is_ready(const struct reader *reader)
{
    return reader->is_ready;
}

struct reader_got reader_got(const struct reader *reader)
{
    return reader->got;
}

/* ---- RECORDS, field by field ---- */

struct field {
    uint64_t number;
    uint64_t value;     /* of a number */
    struct bytes bytes; /* of anything else */
};

static bool take_varint(struct bytes *from, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && from->size > 0; shift += 7) {
        uint8_t byte = *from->data;
        *from = bytes_of(from->data + 1, from->size - 1);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static bool take_field(struct bytes *from, struct field *field)
{
    uint64_t tag = 0;
    if (!take_varint(from, &tag) || ((tag & 7) != 0 && (tag & 7) != 2) ||
        !take_varint(from, &field->value)) {
        return false;
    }
    field->number = tag >> 3;
    if ((tag & 7) == 0) {
        return true;
    }
    if (field->value > from->size) {
        return false;
    }
    field->bytes = bytes_of(from->data, field->value);
    *from = bytes_of(from->data + field->value, from->size - field->value);
    return true;
}

struct answer {
    uint64_t number;
    struct bytes to;
    struct bytes checkpoint;
    uint64_t head;
    uint64_t records;
};

static bool read_answer(struct bytes body, struct answer *answer)
{
    struct field field = {0};
    while (body.size > 0) {
        if (!take_field(&body, &field)) {
            return false;
        }
        switch (field.number) {
        case 1:
            answer->number = field.value;
            break;
        case 3:
            answer->to = field.bytes;
            break;
        case 4:
            answer->records++;
            break;
        case 5:
            answer->checkpoint = field.bytes;
            break;
        case 7:
            answer->head = field.value;
            break;
        default:
            break;
        }
    }
    return answer->to.data != NULL;
}

static bool read_position(struct bytes body, struct position *position)
{
    struct field field = {0};
    bool has_root = false;
    while (body.size > 0) {
        if (!take_field(&body, &field)) {
            return false;
        }
        if (field.number == 1) {
            position->size = field.value;
        } else if (field.number == 2 && field.bytes.size == SHA256_BYTES) {
            memcpy(&position->root, field.bytes.data, SHA256_BYTES);
            has_root = true;
        }
    }
    return has_root;
}

static enum err take_records(struct reader *reader, struct bytes body)
{
    struct answer answer = {0};
    struct checkpoint newest;
    if (!read_answer(body, &answer)) {
        return ERR_MALFORMED;
    }
    if (answer.number != reader->number) {
        return ERR_OK; /* of a question that was asked again */
    }
    if (!reader->is_ready && !reader->options.from_start) {
        enum err err = checkpoint_parse(answer.checkpoint, &newest);
        if (err != ERR_OK) {
            return err;
        }
        reader->position = newest.position;
        reader->is_ready = true;
        return fetch(reader);
    }
    if (!read_position(answer.to, &reader->position)) {
        return ERR_MALFORMED;
    }
    enum err err = fetch(reader);
    reader->is_ready = true;
    reader->got.records += answer.records;
    reader->got.frames++;
    reader->got.bytes += body.size;
    reader->got.at = reader->position.size;
    reader->got.head = answer.head;
    return err;
}

static enum err take_frame(struct reader *reader, struct bytes frame, struct complaint *complaint)
{
    int verb = 0;
    struct bytes body = {0};
    const Ihuriro__V1__Refused *refused = NULL;
    arena_reset(&reader->arena);
    enum err err = frame_open(frame, &verb, &body);
    if (err == ERR_OK && verb == VERB_RECORDS) {
        err = take_records(reader, body);
        return err != ERR_MALFORMED
                   ? err
                   : complain(complaint, err, "The feed's records cannot be understood.");
    }
    if (err == ERR_OK && verb == VERB_RETRY_LATER) {
        return fetch(reader);
    }
    if (err == ERR_OK && verb == VERB_REFUSED &&
        MESSAGE_UNPACK(refused, MESSAGE_TOLERANT, body, &reader->arena, &refused) == ERR_OK) {
        return complain(complaint, ERR_REFUSED, "The feed refuses the subscriber (%s): %s",
                        refused->rule, refused->text != NULL ? refused->text : "");
    }
    return complain(complaint, ERR_NETWORK, "The feed's answer %s cannot be understood.",
                    err == ERR_OK ? verb_name(verb) : err_text(err));
}

enum err reader_receive(struct reader *reader, struct complaint *complaint)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    enum err err = ERR_NOT_FOUND;
    if (zmq_msg_recv(&message, reader->socket, ZMQ_DONTWAIT) >= 0) {
        struct bytes frame = bytes_of(zmq_msg_data(&message), zmq_msg_size(&message));
        err = take_frame(reader, frame, complaint);
    }
    zmq_msg_close(&message);
    return err;
}
