/* Answers that are made ready ahead: who replays the journal, in order, will ask for the next
 * answer as soon as the last has arrived. It is built while that one is enciphered and on its way,
 * which is half of the time of a replay to one subscriber.
 *
 * A guess and no promise: a few are kept, for a short while, and only of peers that have already
 * asked twice for what was foreseen, so that who asks from the beginning again and again gets
 * nothing built in vain. An answer that was made under another roster is not given. */
#ifndef IHURIRO_HUB_AHEAD_H
#define IHURIRO_HUB_AHEAD_H

#include "hub/reading.h"

#define AHEADS_MAX   8
#define AHEAD_MS_MAX 2000 /* after which it is not waited for any more */

/* A request that is foreseen. */
struct ahead {
    struct peer peer;
    struct position from;
    size_t bytes_max;
    PbFilter *filter;    /* owned, one block; NULL: all */
    uint64_t generation; /* of the roster */
    int64_t made_ms;
    bool is_used;
    bool is_following; /* the request before it was foreseen, too */
    struct scan_kept kept;
    uint64_t scanned; /* with kept: how far it looked */
};

struct aheads {
    struct ahead items[AHEADS_MAX];
};

void aheads_close(struct aheads *aheads);
/* Remembers what will be asked for; filter is taken over. */
void aheads_foresee(struct aheads *aheads, const struct ahead *ahead);
/* One that is to be built now; NULL: none. */
struct ahead *aheads_unbuilt(struct aheads *aheads);
/* Was this request foreseen? Ends what was foreseen of the peer in any case. ret_ahead: for
 * ahead_close. */
bool aheads_take(struct aheads *aheads, const struct ahead *request, struct ahead *ret_ahead);
void ahead_close(struct ahead *ahead);
/* Gives back the memory of those that nobody came for. */
void aheads_forget(struct aheads *aheads, int64_t now_ms);
size_t aheads_count(const struct aheads *aheads);

#endif
