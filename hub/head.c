#include "hub/head.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WATCHERS_MAX 8

struct head {
    _Atomic uint64_t size;
    pthread_mutex_t lock; /* of the watchers: a door may come while the writer tells */
    int fds[WATCHERS_MAX];
    size_t count;
};

enum err head_make(uint64_t size, struct head **ret_head)
{
    struct head *head = calloc(1, sizeof *head);
    if (head == NULL) {
        return ERR_MEMORY;
    }
    pthread_mutex_init(&head->lock, NULL);
    head->size = size;
    *ret_head = head;
    return ERR_OK;
}

void head_close(struct head **head)
{
    if (*head == NULL) {
        return;
    }
    for (size_t i = 0; i < (*head)->count; i++) {
        close((*head)->fds[i]);
    }
    pthread_mutex_destroy(&(*head)->lock);
    free(*head);
    *head = NULL;
}

enum err head_watch(struct head *head, int *ret_fd)
{
    assert(head->count < WATCHERS_MAX);
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    pthread_mutex_lock(&head->lock);
    head->fds[head->count++] = fd;
    pthread_mutex_unlock(&head->lock);
    *ret_fd = fd;
    return ERR_OK;
}

uint64_t head_get(struct head *head, int fd)
{
    eventfd_t told;
    (void)eventfd_read(fd, &told); /* only clears it; EAGAIN is fine */
    return head->size;
}

void head_set(struct head *head, uint64_t size)
{
    head->size = size;
    pthread_mutex_lock(&head->lock);
    for (size_t i = 0; i < head->count; i++) {
        (void)eventfd_write(head->fds[i], 1); /* fails only when it is readable already */
    }
    pthread_mutex_unlock(&head->lock);
}
