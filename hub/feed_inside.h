/* What the files of the feed door's decisions share. */
#ifndef IHURIRO_HUB_FEED_INSIDE_H
#define IHURIRO_HUB_FEED_INSIDE_H

#include <sys/queue.h>

#include "hub/ahead.h"
#include "hub/feed.h"
#include "hub/feed_filter.h"

/* One FETCH that waits. */
struct parked {
    TAILQ_ENTRY(parked) entry;
    LIST_ENTRY(parked) of_peer;   /* by routing id */
    LIST_ENTRY(parked) of_reader; /* by the party's id */
    struct peer peer;
    char reader[INSTITUTION_ID_MAX + 1];
    struct followed *followed; /* for the operator; may be NULL */
    uint64_t number;
    struct position from;
    uint64_t scanned; /* how far it has looked */
    uint64_t until;   /* 0: no bound */
    size_t bytes_max;
    int64_t deadline_ms;
    uint64_t generation; /* of the roster that rights are of */
    uint8_t rights[SHA256_BYTES];
    PbFilter *filter;      /* owned; NULL: all */
    bool was_foreseen;     /* it asks for what the answer before it led up to */
    struct scan_kept kept; /* then perhaps the answer, as far as `scanned` */
};

TAILQ_HEAD(parked_list, parked);
LIST_HEAD(parked_chain, parked);
#define FEED_CHAINS 1024

struct feed {
    struct reading_out out;
    struct parked_list parked; /* whom to serve next first */
    size_t count;
    int64_t due_ms; /* no parked request's time is up before this */
    struct parked_chain by_peer[FEED_CHAINS];
    struct parked_chain by_reader[FEED_CHAINS];
    struct scanner *scanner;
    struct accesses *accesses;
    struct arena arena; /* the message in hand */
    struct rights_cache rights;
    struct aheads aheads;
    struct filter_words words;
};

void parked_close(struct parked **parked);
/* Parks a request whose position stands, in place of an older one where that must end. */
MUST_USE enum err feed_park(struct feed *feed, const struct reading *reading,
                            const struct peer *peer, const struct party *reader,
                            const Ihuriro__V1__Fetch *fetch, const struct position *from,
                            const struct access_key *key);
/* Ends a parked request: unlinked and freed. */
void feed_unpark(struct feed *feed, struct parked *parked);

/* May the reader have this filter, and is the feed written down if it must be? ERR_REFUSED: the
 * peer was told. ERR_BUSY, ERR_RANGE: it cannot be written down now; the peer was not told. */
MUST_USE enum err feed_open(struct feed *feed, const struct reading *reading,
                            const struct peer *peer, const struct party *reader,
                            const PbFilter *filter, const struct position *from,
                            struct access_key *ret_key);

#endif
