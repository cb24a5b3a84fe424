#include "hub/roster.h"

#include <assert.h>
#include <pthread.h>

/* A snapshot with the number of its holders; the roster itself holds the current one. */
struct held {
    struct held *next;
    struct registry *registry;
    size_t holders;
};

struct roster {
    pthread_mutex_t lock;
    struct held *current; /* first of the list of those that are still held */
    uint64_t generation;
};

enum err roster_make(struct registry *first, struct roster **ret_roster)
{
    struct roster *roster = calloc(1, sizeof *roster);
    struct held *held = calloc(1, sizeof *held);
    if (roster == NULL || held == NULL) {
        free(roster);
        free(held);
        return ERR_MEMORY;
    }
    pthread_mutex_init(&roster->lock, NULL);
    *held = (struct held){.registry = first, .holders = 1};
    roster->current = held;
    roster->generation = 1;
    *ret_roster = roster;
    return ERR_OK;
}

void roster_close(struct roster **roster)
{
    if (*roster == NULL) {
        return;
    }
    while ((*roster)->current != NULL) {
        struct held *held = (*roster)->current;
        (*roster)->current = held->next;
        registry_close(&held->registry);
        free(held);
    }
    pthread_mutex_destroy(&(*roster)->lock);
    free(*roster);
    *roster = NULL;
}

const struct registry *roster_take_numbered(struct roster *roster, uint64_t *ret_generation)
{
    pthread_mutex_lock(&roster->lock);
    roster->current->holders++;
    const struct registry *registry = roster->current->registry;
    *ret_generation = roster->generation;
    pthread_mutex_unlock(&roster->lock);
    return registry;
}

const struct registry *roster_take(struct roster *roster)
{
    uint64_t generation = 0;
    return roster_take_numbered(roster, &generation);
}

/* Under the lock. Unlinks and returns what nobody holds any more. */
static struct held *release(struct roster *roster, const struct registry *registry)
{
    for (struct held **at = &roster->current; *at != NULL; at = &(*at)->next) {
        struct held *held = *at;
        if (held->registry != registry) {
            continue;
        }
        assert(held->holders > 0);
        if (--held->holders > 0) {
            return NULL;
        }
        *at = held->next;
        return held;
    }
    assert(!"a registry was given back that was not taken");
    return NULL;
}

void roster_give(struct roster *roster, const struct registry *registry)
{
    pthread_mutex_lock(&roster->lock);
    struct held *held = release(roster, registry);
    pthread_mutex_unlock(&roster->lock);
    if (held != NULL) {
        registry_close(&held->registry);
        free(held);
    }
}

enum err roster_swap(struct roster *roster, struct registry *next)
{
    struct held *held = calloc(1, sizeof *held);
    if (held == NULL) {
        return ERR_MEMORY;
    }
    *held = (struct held){.registry = next, .holders = 1};
    pthread_mutex_lock(&roster->lock);
    const struct registry *old = roster->current->registry;
    held->next = roster->current;
    roster->current = held;
    roster->generation++;
    pthread_mutex_unlock(&roster->lock);
    roster_give(roster, old);
    return ERR_OK;
}
