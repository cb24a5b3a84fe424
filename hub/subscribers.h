/* Who follows the feed, and how far it has come, for the operator: what the last FETCH of each feed
 * said, and, while that waits, how far the hub has looked for it. The feed's decisions look at none
 * of it.
 *
 * A feed is a party with a filter: two programs with the same of both are one line. Bounded: where
 * it is full, the one that has not asked for longest is forgotten; after a week without a FETCH
 * each is. The feed door writes, others read a copy; the lock is held for no longer than copying a
 * pointer or, for a list, the rows. */
#ifndef IHURIRO_HUB_SUBSCRIBERS_H
#define IHURIRO_HUB_SUBSCRIBERS_H

#include "hub/accesses.h"
#include "proto/limits.h"

#define SUBSCRIBERS_KEPT      2048
#define SUBSCRIBER_KEPT_US    (INT64_C(7) * 24 * 3600 * 1000000)
#define SUBSCRIBER_MARK_CHARS 8

struct subscribers;

MUST_USE enum err subscribers_make(struct subscribers **ret_subscribers);
void subscribers_close(struct subscribers **subscribers);

/* A feed's FETCH while it waits. */
struct followed;

/* A FETCH came, from this position; filter may be NULL. NULL where there is no table, or no memory
 * to list the feed. */
struct followed *subscribers_asked(struct subscribers *subscribers, const struct access_key *key,
                                   const char *party, const PbFilter *filter, uint64_t position,
                                   int64_t now_us);
/* There is nothing for it up to here. */
void followed_looked(struct followed *followed, uint64_t scanned);
/* It waits no more: answered, or ended by a newer one. */
void followed_close(struct followed **followed);

struct subscriber {
    char party[INSTITUTION_ID_MAX + 1];
    char mark[SUBSCRIBER_MARK_CHARS + 1]; /* of party and filter: tells a party's feeds apart */
    uint64_t position;                    /* the last asked from */
    uint64_t reached; /* that, or, while it waits, how far there is nothing for it */
    int64_t since_us;
    int64_t asked_us;
    bool is_waiting;
    const PbFilter *filter; /* NULL: all */
};

/* AUTO(subscriber_list_close). Who is farthest behind first. */
struct subscriber_list {
    struct subscriber *items;
    size_t count;
    struct followed **held; /* of the items */
};
MUST_USE enum err subscribers_list(struct subscribers *subscribers,
                                   struct subscriber_list *ret_list);
void subscriber_list_close(struct subscriber_list *list);

#endif
