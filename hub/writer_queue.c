#include "hub/writer_queue.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proto/limits.h"

/* A bounded ring of fixed-size items behind a lock, with an eventfd that is readable while it may
 * hold something. */
struct ring {
    pthread_mutex_t lock;
    int fd;
    size_t item_bytes;
    size_t capacity;
    size_t first;
    size_t count;
    uint8_t *items;
};

static enum err ring_make(size_t item_bytes, size_t capacity, struct ring *ret_ring)
{
    uint8_t *items = calloc(capacity, item_bytes);
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (items == NULL || fd < 0) {
        free(items);
        if (fd >= 0) {
            close(fd);
        }
        return ERR_MEMORY;
    }
    *ret_ring =
        (struct ring){.fd = fd, .item_bytes = item_bytes, .capacity = capacity, .items = items};
    pthread_mutex_init(&ret_ring->lock, NULL);
    return ERR_OK;
}

static void ring_release(struct ring *ring)
{
    if (ring->items != NULL) {
        close(ring->fd);
        free(ring->items);
        pthread_mutex_destroy(&ring->lock);
    }
}

static enum err ring_push(struct ring *ring, const void *item)
{
    pthread_mutex_lock(&ring->lock);
    bool is_full = ring->count == ring->capacity;
    if (!is_full) {
        size_t at = (ring->first + ring->count) % ring->capacity;
        memcpy(ring->items + at * ring->item_bytes, item, ring->item_bytes);
        ring->count++;
        (void)eventfd_write(ring->fd, 1); /* fails only when it is readable already */
    }
    pthread_mutex_unlock(&ring->lock);
    return is_full ? ERR_BUSY : ERR_OK;
}

static enum err ring_take(struct ring *ring, void *ret_item)
{
    pthread_mutex_lock(&ring->lock);
    bool is_empty = ring->count == 0;
    if (!is_empty) {
        memcpy(ret_item, ring->items + ring->first * ring->item_bytes, ring->item_bytes);
        ring->first = (ring->first + 1) % ring->capacity;
        ring->count--;
    }
    if (ring->count == 0) {
        eventfd_t told;
        (void)eventfd_read(ring->fd, &told);
    }
    pthread_mutex_unlock(&ring->lock);
    return is_empty ? ERR_NOT_FOUND : ERR_OK;
}

struct mailbox {
    struct ring ring;
};

struct writer_queue {
    struct ring ring;
};

enum err mailbox_make(struct mailbox **ret_mailbox)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    /* As many as the queue takes, twice: what is queued and what the writer holds of one door
     * always fits. */
    if (mailbox == NULL ||
        ring_make(sizeof(struct written), (size_t)2 * ACT_QUEUE_MAX, &mailbox->ring) != ERR_OK) {
        free(mailbox);
        return ERR_MEMORY;
    }
    *ret_mailbox = mailbox;
    return ERR_OK;
}

void mailbox_close(struct mailbox **mailbox)
{
    if (*mailbox != NULL) {
        ring_release(&(*mailbox)->ring);
        free(*mailbox);
        *mailbox = NULL;
    }
}

int mailbox_fd(const struct mailbox *mailbox)
{
    return mailbox->ring.fd;
}

enum err mailbox_take(struct mailbox *mailbox, struct written *ret_written)
{
    return ring_take(&mailbox->ring, ret_written);
}

enum err writer_queue_make(struct writer_queue **ret_queue)
{
    struct writer_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL ||
        ring_make(sizeof(struct write_request), ACT_QUEUE_MAX, &queue->ring) != ERR_OK) {
        free(queue);
        return ERR_MEMORY;
    }
    *ret_queue = queue;
    return ERR_OK;
}

void writer_queue_close(struct writer_queue **queue)
{
    if (*queue == NULL) {
        return;
    }
    struct write_request request;
    while (writer_queue_take(*queue, &request) == ERR_OK) {
        free(request.events);
    }
    ring_release(&(*queue)->ring);
    free(*queue);
    *queue = NULL;
}

int writer_queue_fd(const struct writer_queue *queue)
{
    return queue->ring.fd;
}

/* The table and, behind it, what its rows view. NULL: no memory. */
static struct bytes *copy_events(const struct bytes *events, size_t count)
{
    size_t size = count * sizeof events[0];
    for (size_t i = 0; i < count; i++) {
        size += events[i].size;
    }
    struct bytes *copies = malloc(size);
    uint8_t *at = copies == NULL ? NULL : (uint8_t *)&copies[count];
    for (size_t i = 0; i < count && copies != NULL; i++) {
        if (events[i].size > 0) { /* an empty one may have no bytes to point to */
            memcpy(at, events[i].data, events[i].size);
        }
        copies[i] = bytes_of(at, events[i].size);
        at += events[i].size;
    }
    return copies;
}

enum err writer_queue_push(struct writer_queue *queue, struct mailbox *mailbox, uint64_t ticket,
                           enum write_kind kind, const struct bytes *events, size_t count)
{
    if (count == 0 || count > WRITE_EVENTS_MAX) {
        return ERR_TOO_LARGE;
    }
    struct write_request request = {.ticket = ticket,
                                    .mailbox = mailbox,
                                    .kind = kind,
                                    .events = copy_events(events, count),
                                    .count = count};
    enum err err = request.events == NULL ? ERR_MEMORY : ring_push(&queue->ring, &request);
    if (err != ERR_OK) {
        free(request.events);
    }
    return err;
}

enum err writer_queue_take(struct writer_queue *queue, struct write_request *ret_request)
{
    return ring_take(&queue->ring, ret_request);
}

void write_request_done(struct write_request *request, const struct written *written)
{
    struct written answer = *written;
    answer.ticket = request->ticket;
    if (request->mailbox != NULL) {
        enum err err = ring_push(&request->mailbox->ring, &answer);
        assert(err == ERR_OK); /* a door takes its mail before it asks for more */
        (void)err;
    }
    free(request->events);
    request->events = NULL;
}
