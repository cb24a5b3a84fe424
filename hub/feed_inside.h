/* What the files of the feed door's decisions share. */
#ifndef IHURIRO_HUB_FEED_INSIDE_H
#define IHURIRO_HUB_FEED_INSIDE_H

#include <sys/queue.h>

#include "hub/ahead.h"
#include "hub/feed.h"
#include "hub/feed_filter.h"
#include "hub/feed_walks.h"

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

/* One GET_NOTICES that waits. */
struct waiting_notices {
    TAILQ_ENTRY(waiting_notices) entry;
    struct peer peer;
    char reader[INSTITUTION_ID_MAX + 1];
    uint64_t number;
    struct position from;
    struct notice_cursor began;
    struct notice_cursor cursor; /* how far it has come */
    int64_t deadline_ms;
    int64_t next_us;     /* until then nothing passes by itself; INT64_MIN: not known */
    uint64_t generation; /* of the roster that rights are of */
    uint8_t rights[SHA256_BYTES];
    uint32_t count_max; /* of an answer, about */
    uint32_t kinds;     /* a bit each; 0: all */
    PbFilter *filter;   /* owned; NULL: all */
};
TAILQ_HEAD(notices_list, waiting_notices);

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
    struct notices_list notices; /* whom to serve next first */
    size_t notices_count;
    struct walks *walks;
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

/* Does it stand? A bare one (a number that a user typed) gets the root that stands there now.
 * ERR_LOST. */
MUST_USE enum err feed_stand(struct txn *txn, struct position *position, bool is_bare);

/* GET_NOTICES: answered at once, or kept until there is something. */
MUST_USE enum err feed_take_notices(struct feed *feed, const struct reading *reading,
                                    const struct peer *peer, const struct party *reader,
                                    struct bytes body);
/* Moves those that wait on. is_behind is set, never cleared. */
MUST_USE enum err feed_notices_turn(struct feed *feed, const struct reading *reading,
                                    bool *is_behind);
void feed_notices_close(struct feed *feed);

#endif
