/* The feed's requests that wait. */
#include <string.h>

#include "hub/feed_inside.h"

void parked_close(struct parked **parked)
{
    if (*parked != NULL) {
        free((*parked)->filter);
        scan_kept_close(&(*parked)->kept);
        followed_close(&(*parked)->followed);
        free(*parked);
        *parked = NULL;
    }
}

void feed_unpark(struct feed *feed, struct parked *parked)
{
    LIST_REMOVE(parked, of_peer);
    LIST_REMOVE(parked, of_reader);
    TAILQ_REMOVE(&feed->parked, parked, entry);
    feed->count--;
    parked_close(&parked);
}

/* FNV-1a. */
static size_t chain_of(const void *bytes, size_t size)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 16777619U;
    }
    return hash % FEED_CHAINS;
}

/* A connection has one request outstanding, a party 8: the older end without an answer. */
static void end_older(struct feed *feed, const struct reading *reading, const struct peer *peer,
                      const char *reader)
{
    size_t of_party = 0;
    struct parked *oldest = NULL;
    struct parked *parked = NULL;
    LIST_FOREACH(parked, &feed->by_peer[chain_of(peer->routing_id, peer->routing_id_size)], of_peer)
    {
        if (parked->peer.routing_id_size == peer->routing_id_size &&
            memcmp(parked->peer.routing_id, peer->routing_id, peer->routing_id_size) == 0) {
            feed_unpark(feed, parked);
            reading->counters->superseded++;
            break; /* there is one at most */
        }
    }
    LIST_FOREACH(parked, &feed->by_reader[chain_of(reader, strlen(reader))], of_reader)
    {
        if (strcmp(parked->reader, reader) == 0) {
            of_party++;
            oldest = oldest == NULL || parked->deadline_ms < oldest->deadline_ms ? parked : oldest;
        }
    }
    if (of_party >= FETCHES_PER_PARTY) {
        feed_unpark(feed, oldest);
        reading->counters->superseded++;
    }
}

static void link_parked(struct feed *feed, struct parked *parked)
{
    const struct peer *peer = &parked->peer;
    size_t reader_chain = chain_of(parked->reader, strlen(parked->reader));
    LIST_INSERT_HEAD(&feed->by_peer[chain_of(peer->routing_id, peer->routing_id_size)], parked,
                     of_peer);
    LIST_INSERT_HEAD(&feed->by_reader[reader_chain], parked, of_reader);
    TAILQ_INSERT_TAIL(&feed->parked, parked, entry); /* who asks anew waits behind who waits */
    feed->due_ms =
        feed->count == 0 || parked->deadline_ms < feed->due_ms ? parked->deadline_ms : feed->due_ms;
    feed->count++;
}

/* Takes over what was made ready for this request. */
static void use_ahead(struct feed *feed, struct parked *parked)
{
    struct ahead found;
    struct ahead request = {
        .peer = parked->peer,
        .from = parked->from,
        .bytes_max = parked->bytes_max,
        .filter = parked->filter,
        .generation = parked->generation,
    };
    if (parked->until != 0 || !aheads_take(&feed->aheads, &request, &found)) {
        return;
    }
    parked->was_foreseen = true;
    if (found.kept.count > 0) {
        parked->kept = found.kept;
        parked->scanned = found.scanned;
        found.kept = (struct scan_kept){.count = 0};
    }
    ahead_close(&found);
}

enum err feed_park(struct feed *feed, const struct reading *reading, const struct peer *peer,
                   const struct party *reader, const Ihuriro__V1__Fetch *fetch,
                   const struct position *from, const struct access_key *key)
{
    AUTO(parked_close) struct parked *parked = calloc(1, sizeof *parked);
    if (parked == NULL) {
        return ERR_MEMORY;
    }
    uint32_t wait_ms = fetch->has_wait_ms ? fetch->wait_ms : 0;
    wait_ms = wait_ms < FETCH_WAIT_MS_MAX ? wait_ms : FETCH_WAIT_MS_MAX;
    *parked = (struct parked){
        .peer = *peer,
        .number = fetch->number,
        .from = *from,
        .scanned = from->size,
        .until = fetch->has_until ? fetch->until : 0,
        .bytes_max = fetch->has_max_bytes ? fetch->max_bytes : 0,
        .deadline_ms = reading->now_ms + wait_ms,
        .generation = reading->generation,
    };
    memcpy(parked->reader, reader->id, sizeof parked->reader);
    enum err err = rights_of(&feed->rights, reading, reader, parked->rights);
    if (err == ERR_OK && fetch->filter != NULL) {
        err = filter_keep(fetch->filter, &parked->filter);
    }
    if (err == ERR_OK) {
        end_older(feed, reading, peer, reader->id);
        use_ahead(feed, parked);
        link_parked(feed, parked);
        parked->followed = subscribers_asked(reading->subscribers, key, reader->id, fetch->filter,
                                             from->size, reading->now_us);
        parked = NULL;
    }
    return err;
}
