#include "hub/subscribers.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "hub/reading.h"

#define CHAINS 1024

/* Held by its row, by the FETCHes that wait, and by lists, so that nothing is copied under the lock
 * and nothing is looked for while a FETCH waits. */
struct followed {
    atomic_size_t holders;
    PbFilter *filter; /* NULL: all; does not change */
    atomic_size_t waiting;
    _Atomic uint64_t scanned; /* by the FETCH that waits */
};

struct row {
    TAILQ_ENTRY(row) entry;
    LIST_ENTRY(row) of_chain;
    struct access_key key;
    struct subscriber seen; /* without its filter */
    struct followed *followed;
};

TAILQ_HEAD(row_list, row);
LIST_HEAD(row_chain, row);

struct subscribers {
    pthread_mutex_t lock;
    struct row_list rows; /* who asked longest ago first */
    struct row_chain chains[CHAINS];
    size_t count;
};

static void let_go(struct followed *followed)
{
    if (followed != NULL && atomic_fetch_sub(&followed->holders, 1) == 1) {
        free(followed->filter);
        free(followed);
    }
}

static struct row *find(struct subscribers *subscribers, const struct access_key *key)
{
    struct row *row = NULL;
    LIST_FOREACH(row, &subscribers->chains[get_u16(key->hash) % CHAINS], of_chain)
    {
        if (memcmp(row->key.hash, key->hash, SHA256_BYTES) == 0) {
            break;
        }
    }
    return row;
}

static void forget(struct subscribers *subscribers, struct row *row)
{
    TAILQ_REMOVE(&subscribers->rows, row, entry);
    LIST_REMOVE(row, of_chain);
    subscribers->count--;
    let_go(row->followed);
    free(row);
}

enum err subscribers_make(struct subscribers **ret_subscribers)
{
    struct subscribers *subscribers = calloc(1, sizeof *subscribers);
    if (subscribers == NULL) {
        return ERR_MEMORY;
    }
    pthread_mutex_init(&subscribers->lock, NULL);
    TAILQ_INIT(&subscribers->rows);
    *ret_subscribers = subscribers;
    return ERR_OK;
}

void subscribers_close(struct subscribers **subscribers)
{
    if (*subscribers == NULL) {
        return;
    }
    while (!TAILQ_EMPTY(&(*subscribers)->rows)) {
        forget(*subscribers, TAILQ_FIRST(&(*subscribers)->rows));
    }
    pthread_mutex_destroy(&(*subscribers)->lock);
    free(*subscribers);
    *subscribers = NULL;
}

/* ---- the feed door ---- */

static void row_close(struct row **row)
{
    if (*row != NULL) {
        let_go((*row)->followed);
        free(*row);
        *row = NULL;
    }
}

static struct row *make_row(const struct access_key *key, const char *party, const PbFilter *filter,
                            int64_t now_us)
{
    AUTO(row_close) struct row *row = calloc(1, sizeof *row);
    if (row == NULL) {
        return NULL;
    }
    row->followed = calloc(1, sizeof *row->followed);
    if (row->followed == NULL) {
        return NULL;
    }
    row->followed->holders = 1;
    if (filter != NULL && filter_keep(filter, &row->followed->filter) != ERR_OK) {
        return NULL;
    }
    char hex[2 * SHA256_BYTES + 1];
    hex_encode(bytes_of(key->hash, SHA256_BYTES), hex);
    memcpy(row->seen.mark, hex, SUBSCRIBER_MARK_CHARS);
    memccpy(row->seen.party, party, '\0', sizeof row->seen.party - 1);
    row->key = *key;
    row->seen.since_us = now_us;
    return STEAL(row);
}

static bool is_to_go(const struct subscribers *subscribers, const struct row *oldest,
                     int64_t now_us)
{
    return oldest != NULL && (subscribers->count >= SUBSCRIBERS_KEPT ||
                              now_us - oldest->seen.asked_us > SUBSCRIBER_KEPT_US);
}

/* Under the lock. Only the feed door adds: what it did not find before is still not there. */
static void add(struct subscribers *subscribers, struct row *row, int64_t now_us)
{
    while (is_to_go(subscribers, TAILQ_FIRST(&subscribers->rows), now_us)) {
        forget(subscribers, TAILQ_FIRST(&subscribers->rows));
    }
    LIST_INSERT_HEAD(&subscribers->chains[get_u16(row->key.hash) % CHAINS], row, of_chain);
    TAILQ_INSERT_TAIL(&subscribers->rows, row, entry);
    subscribers->count++;
}

struct followed *subscribers_asked(struct subscribers *subscribers, const struct access_key *key,
                                   const char *party, const PbFilter *filter, uint64_t position,
                                   int64_t now_us)
{
    if (subscribers == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&subscribers->lock);
    struct row *row = find(subscribers, key);
    pthread_mutex_unlock(&subscribers->lock);
    struct row *made = row == NULL ? make_row(key, party, filter, now_us) : NULL;
    if (row == NULL && made == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&subscribers->lock);
    if (made != NULL) {
        add(subscribers, made, now_us);
        row = made;
    }
    row->seen.position = position;
    row->seen.asked_us = now_us;
    TAILQ_REMOVE(&subscribers->rows, row, entry);
    TAILQ_INSERT_TAIL(&subscribers->rows, row, entry);
    struct followed *followed = row->followed;
    followed->scanned = position;
    followed->waiting++;
    followed->holders++;
    pthread_mutex_unlock(&subscribers->lock);
    return followed;
}

void followed_looked(struct followed *followed, uint64_t scanned)
{
    if (followed != NULL) {
        atomic_store_explicit(&followed->scanned, scanned, memory_order_relaxed);
    }
}

void followed_close(struct followed **followed)
{
    if (*followed != NULL) {
        (*followed)->waiting--;
        let_go(*followed);
        *followed = NULL;
    }
}

/* ---- whoever looks ---- */

void subscriber_list_close(struct subscriber_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        let_go(list->held[i]);
    }
    free(list->items);
    free(list->held);
    *list = (struct subscriber_list){.count = 0};
}

static void show(const struct row *row, struct subscriber *subscriber)
{
    uint64_t scanned = row->followed->scanned;
    *subscriber = row->seen;
    subscriber->is_waiting = row->followed->waiting > 0;
    subscriber->filter = row->followed->filter;
    subscriber->reached =
        subscriber->is_waiting && scanned > subscriber->position ? scanned : subscriber->position;
}

static int by_reached(const void *a, const void *b)
{
    const struct subscriber *left = a;
    const struct subscriber *right = b;
    if (left->reached != right->reached) {
        return left->reached < right->reached ? -1 : 1;
    }
    int order = strcmp(left->party, right->party);
    return order != 0 ? order : strcmp(left->mark, right->mark);
}

enum err subscribers_list(struct subscribers *subscribers, struct subscriber_list *ret_list)
{
    AUTO(subscriber_list_close) struct subscriber_list list = {0};
    if (subscribers == NULL) {
        *ret_list = (struct subscriber_list){.count = 0};
        return ERR_OK;
    }
    list.items = calloc(SUBSCRIBERS_KEPT, sizeof *list.items);
    list.held = calloc(SUBSCRIBERS_KEPT, sizeof *list.held);
    if (list.items == NULL || list.held == NULL) {
        return ERR_MEMORY;
    }
    pthread_mutex_lock(&subscribers->lock);
    const struct row *row = NULL;
    TAILQ_FOREACH(row, &subscribers->rows, entry)
    {
        assert(list.count < SUBSCRIBERS_KEPT);
        show(row, &list.items[list.count]);
        list.held[list.count++] = row->followed;
        row->followed->holders++;
    }
    pthread_mutex_unlock(&subscribers->lock);
    qsort(list.items, list.count, sizeof *list.items, by_reached);
    *ret_list = list;
    list = (struct subscriber_list){.count = 0};
    return ERR_OK;
}
