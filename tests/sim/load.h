/* Load: many agents, each on a connection of its own or sharing a few, submit distinct reports that
 * were signed beforehand, and subscribers read along. Measures what the promise costs: durable
 * acknowledgements a second, and how long one takes. One thread, beside ZeroMQ's own.
 *
 * It is a cheap client, as it shares the cores with the hub: of an answer it looks at the number
 * and the verdict, and verifies no proof. */
#ifndef IHURIRO_TESTS_SIM_LOAD_H
#define IHURIRO_TESTS_SIM_LOAD_H

#include "tests/sim/raw.h"

#define LOAD_AGENTS_MAX      20000
#define LOAD_OUTSTANDING_MAX 256
#define LOAD_SUBSCRIBERS_MAX 1000

struct load_options {
    const char *hub; /* hub.pub */
    const char *ingest;
    const char *feed;  /* NULL without subscribers */
    const char *keys;  /* folder; made, with what is missing in it */
    const char *admin; /* NULL: everyone is enrolled already */
    size_t agents;
    size_t connections; /* that the agents share: as a bureau sends for many */
    size_t outstanding;
    size_t subscribers;
    bool are_filtered;   /* each subscriber follows one institution only */
    size_t report_bytes; /* at least so long */
    size_t reports;      /* signed beforehand, in all */
    size_t first;        /* number of each agent's first report: a second run goes on behind it */
    int64_t seconds;
};

struct load_result {
    uint64_t acknowledged; /* receipts, and so on the hub's disk */
    uint64_t rejected;     /* of these */
    uint64_t refused;
    uint64_t put_off;   /* RETRY_LATER: the quota, most likely */
    uint64_t delivered; /* to all subscribers together */
    uint64_t delivered_frames;
    uint64_t delivered_bytes;
    uint64_t report_bytes; /* mean */
    uint64_t answer_bytes; /* all that came from the ingest door */
    int64_t cpu_us;        /* of this process, subscribers' included */
    bool ran_out;          /* all prepared reports were acknowledged before the time was up */
    int64_t elapsed_us;
    int64_t p50_us;
    int64_t p99_us;
    int64_t most_us;
};

MUST_USE enum err load(const struct load_options *options, struct complaint *complaint,
                       struct load_result *ret_result);

#endif
