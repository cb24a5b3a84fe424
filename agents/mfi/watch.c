#include "agents/mfi/watch.h"

#include <stdio.h>
#include <string.h>

#define WATCH_AGAIN_MS (5 * 60 * 1000)

struct watched {
    char *folder;
    struct platform_stamp stamp; /* of the manifest, as last seen */
    int64_t since_ms;            /* seen like this since */
    bool is_done;                /* given out like this */
};

struct watch {
    const char *const *roots;
    size_t root_count;
    int64_t settle_ms;
    struct watched *items;
    size_t count;
    size_t capacity;
};

/* A look that is under way. */
struct looking {
    struct watch *watch;
    int64_t now_ms;
    watch_ready ready;
    void *context;
    size_t root;
};

void watch_close(struct watch **watch)
{
    if (*watch == NULL) {
        return;
    }
    for (size_t i = 0; i < (*watch)->count; i++) {
        free((*watch)->items[i].folder);
    }
    free((*watch)->items);
    free(*watch);
    *watch = NULL;
}

enum err watch_open(const char *const *roots, size_t count, int64_t settle_ms,
                    struct watch **ret_watch)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return ERR_MEMORY;
    }
    *watch = (struct watch){.roots = roots, .root_count = count, .settle_ms = settle_ms};
    *ret_watch = watch;
    return ERR_OK;
}

static struct watched *find(struct watch *watch, const char *folder)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (strcmp(watch->items[i].folder, folder) == 0) {
            return &watch->items[i];
        }
    }
    return NULL;
}

static enum err add(struct watch *watch, const char *folder, struct watched **ret_watched)
{
    if (watch->count == WATCHED_MAX) {
        return ERR_TOO_LARGE;
    }
    if (watch->count == watch->capacity) {
        size_t capacity = watch->capacity * 2 + 16;
        struct watched *grown = realloc(watch->items, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        watch->items = grown;
        watch->capacity = capacity;
    }
    char *copy = strdup(folder);
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    watch->items[watch->count] = (struct watched){.folder = copy};
    *ret_watched = &watch->items[watch->count++];
    return ERR_OK;
}

static bool same(const struct platform_stamp *a, const struct platform_stamp *b)
{
    return a->exists == b->exists && a->modified_us == b->modified_us && a->size == b->size &&
           a->number == b->number;
}

static enum err look_at(struct looking *looking, const char *folder)
{
    AUTO(buffer_close) struct buffer manifest = {0};
    enum err err = buffer_printf(&manifest, "%s/manifest.ini%c", folder, '\0');
    if (err != ERR_OK) {
        return err;
    }
    struct platform_stamp stamp;
    platform_stamp((const char *)manifest.data, &stamp);
    struct watched *watched = find(looking->watch, folder);
    if (watched == NULL && stamp.exists) {
        err = add(looking->watch, folder, &watched);
    }
    if (err != ERR_OK || watched == NULL) {
        return err;
    }
    if (!same(&stamp, &watched->stamp)) {
        watched->stamp = stamp;
        watched->since_ms = looking->now_ms;
        watched->is_done = false;
    }
    bool is_settled = looking->now_ms - watched->since_ms >= looking->watch->settle_ms;
    if (!stamp.exists || watched->is_done || !is_settled) {
        return ERR_OK;
    }
    watched->is_done = true;
    err = looking->ready(looking->context, folder, looking->root);
    if (err == ERR_BUSY) { /* its database is away or slow: settled once more, later */
        watched->is_done = false;
        watched->since_ms = looking->now_ms - looking->watch->settle_ms + WATCH_AGAIN_MS;
        err = ERR_OK;
    }
    return err;
}

static enum err look_inside(void *context, const char *name)
{
    struct looking *looking = context;
    AUTO(buffer_close) struct buffer folder = {0};
    enum err err =
        buffer_printf(&folder, "%s/%s%c", looking->watch->roots[looking->root], name, '\0');
    return err == ERR_OK ? look_at(looking, (const char *)folder.data) : err;
}

enum err watch_look(struct watch *watch, int64_t now_ms, watch_ready ready, void *context)
{
    struct looking looking = {.watch = watch, .now_ms = now_ms, .ready = ready, .context = context};
    enum err err = ERR_OK;
    for (; err == ERR_OK && looking.root < watch->root_count; looking.root++) {
        err = look_at(&looking, watch->roots[looking.root]);
        if (err == ERR_OK) {
            err = platform_folders(watch->roots[looking.root], look_inside, &looking);
        }
    }
    return err;
}
