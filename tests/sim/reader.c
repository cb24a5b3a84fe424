#include "tests/sim/reader.h"

#include <string.h>
#include <zmq.h>

#include "proto/limits.h"
#include "proto/record.h"

#define WAIT_MS 5000

struct reader {
    void *socket;
    struct position position;
    bool is_ready;
    uint64_t number;
    uint64_t delivered;
    struct arena arena;
    struct buffer frame;
};

static enum err fetch(struct reader *reader)
{
    Ihuriro__V1__Fetch fetch = IHURIRO__V1__FETCH__INIT;
    PbPosition position = IHURIRO__V1__POSITION__INIT;
    PbFilter filter = IHURIRO__V1__FILTER__INIT;
    uint32_t reports_only = KIND_REPORT; /* that a feed was opened is a record too */
    filter.kinds = &reports_only;
    filter.n_kinds = 1;
    fetch.filter = &filter;
    position.size = reader->position.size;
    position.root = pb_of_bytes(bytes_of(&reader->position.root, SHA256_BYTES));
    fetch.position = &position;
    fetch.has_max_bytes = true;
    fetch.max_bytes = reader->is_ready ? ANSWER_MAX / 2 : 4096;
    fetch.has_wait_ms = true;
    fetch.wait_ms = reader->is_ready ? WAIT_MS : 0;
    fetch.number = ++reader->number;
    buffer_clear(&reader->frame);
    enum err err = frame_pack(VERB_FETCH, &fetch.base, &reader->frame);
    if (err == ERR_OK && zmq_send(reader->socket, reader->frame.data, reader->frame.size, 0) < 0) {
        err = ERR_NETWORK;
    }
    return err;
}

enum err reader_open(void *zmq_context, const char *endpoint, const struct transport_key *key,
                     const struct hub_identity *hub, struct reader **ret_reader)
{
    AUTO(reader_close) struct reader *reader = calloc(1, sizeof(*reader));
    int no_linger = 0;
    if (reader == NULL) {
        return ERR_MEMORY;
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

uint64_t reader_delivered(const struct reader *reader)
{
    return reader->delivered;
}

static enum err take_records(struct reader *reader, struct bytes body)
{
    const Ihuriro__V1__Records *records = NULL;
    struct checkpoint newest;
    enum err err = MESSAGE_UNPACK(records, MESSAGE_TOLERANT, body, &reader->arena, &records);
    if (err != ERR_OK) {
        return err;
    }
    if (!reader->is_ready) {
        err = checkpoint_parse(bytes_of_pb(records->checkpoint), &newest);
        if (err != ERR_OK) {
            return err;
        }
        reader->position = newest.position;
        reader->is_ready = true;
        return fetch(reader);
    }
    if (records->to->root.len != SHA256_BYTES) {
        return ERR_MALFORMED;
    }
    reader->delivered += records->n_records;
    reader->position.size = records->to->size;
    memcpy(&reader->position.root, records->to->root.data, SHA256_BYTES);
    return fetch(reader);
}

static enum err take_frame(struct reader *reader, struct bytes frame, struct complaint *complaint)
{
    int verb = 0;
    struct bytes body = {0};
    const Ihuriro__V1__Refused *refused = NULL;
    arena_reset(&reader->arena);
    enum err err = frame_open(frame, &verb, &body);
    if (err == ERR_OK && verb == VERB_RECORDS) {
        return take_records(reader, body);
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
