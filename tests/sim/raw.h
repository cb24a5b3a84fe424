/* A bare connection to the ingest door, beside the agent's session: for what an agent would never
 * send (a broken signature, the same bytes once more), and for load. Nothing is kept. */
#ifndef IHURIRO_TESTS_SIM_RAW_H
#define IHURIRO_TESTS_SIM_RAW_H

#include "proto/envelope.h"
#include "proto/frames.h"

struct raw;

MUST_USE enum err raw_open(void *zmq_context, const char *endpoint, const struct transport_key *key,
                           const struct hub_identity *hub, struct raw **ret_raw);
void raw_close(struct raw **raw);
void *raw_socket(struct raw *raw);
bool raw_is_greeted(const struct raw *raw);
int64_t raw_hub_time_us(const struct raw *raw); /* as its greeting told */
uint64_t raw_received(const struct raw *raw);   /* bytes */

/* None of these blocks; ERR_BUSY when the socket takes no more now. */
MUST_USE enum err raw_hello(struct raw *raw);
MUST_USE enum err raw_submit(struct raw *raw, uint64_t number, struct bytes envelope);

/* What came for a request. */
struct raw_answer {
    uint64_t number;
    int verdict;     /* enum verdict; VERDICT_NONE: refused or put off */
    char rule[16];   /* of a refusal */
    bool is_put_off; /* RETRY_LATER */
    uint64_t seq;
};
typedef void (*raw_visit)(void *context, const struct raw_answer *answer);
/* Takes one frame, and visits the answers in it. ERR_NOT_FOUND: there was none. HELLO's answer
 * opens the session; ERR_REFUSED with a complaint when the hub refuses the connection. */
MUST_USE enum err raw_receive(struct raw *raw, raw_visit visit, void *context,
                              struct complaint *complaint);

#endif
