/* A bare subscriber: one connection to the feed door, asking for what comes after its position. */
#ifndef IHURIRO_TESTS_SIM_READER_H
#define IHURIRO_TESTS_SIM_READER_H

#include "proto/checkpoint.h"
#include "proto/frames.h"

struct reader;

/* Connects, and asks where the journal ends; it begins there. */
MUST_USE enum err reader_open(void *zmq_context, const char *endpoint,
                              const struct transport_key *key, const struct hub_identity *hub,
                              struct reader **ret_reader);
void reader_close(struct reader **reader);
void *reader_socket(struct reader *reader);
/* At the journal's end, and counting. */
bool reader_is_ready(const struct reader *reader);
/* Takes one frame and asks on. ERR_NOT_FOUND: there was none. */
MUST_USE enum err reader_receive(struct reader *reader, struct complaint *complaint);
/* Records that came since it was ready. */
uint64_t reader_delivered(const struct reader *reader);

#endif
