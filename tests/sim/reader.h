/* A bare subscriber: one connection to the feed door, asking for what comes after its position.
 *
 * As cheap as it can be and still be honest, since it shares the cores with the hub: it asks for
 * the next as soon as it knows where an answer ends, goes over the answer field by field, and
 * counts the records, without looking into them. What verifies them is mfi-feed. */
#ifndef IHURIRO_TESTS_SIM_READER_H
#define IHURIRO_TESTS_SIM_READER_H

#include "proto/checkpoint.h"
#include "proto/frames.h"

struct reader;

struct reader_options {
    bool from_start;         /* else from the journal's end, which is asked for first */
    uint32_t bytes_max;      /* of an answer; 0: READER_BYTES */
    const char *institution; /* reports of this one only; NULL: all reports */
};

#define READER_BYTES (512 * 1024)

/* Connects, and asks. */
MUST_USE enum err reader_open(void *zmq_context, const char *endpoint,
                              const struct transport_key *key, const struct hub_identity *hub,
                              const struct reader_options *options, struct reader **ret_reader);
void reader_close(struct reader **reader);
void *reader_socket(struct reader *reader);
/* Its first answer is there, and it is counting. */
bool reader_is_ready(const struct reader *reader);
/* Takes one frame and asks on. ERR_NOT_FOUND: there was none. */
MUST_USE enum err reader_receive(struct reader *reader, struct complaint *complaint);

/* Since it was ready. */
struct reader_got {
    uint64_t records;
    uint64_t frames;
    uint64_t bytes;
    uint64_t at;   /* how far it has come */
    uint64_t head; /* the journal's end, as the last answer said */
};
struct reader_got reader_got(const struct reader *reader);

#endif
