/* Doors hand what must be journaled (acts, accesses) to the one writer through this bounded queue,
 * taken after the agents' messages, and hear of it in their own mailbox once it is committed. */
#ifndef IHURIRO_HUB_WRITER_QUEUE_H
#define IHURIRO_HUB_WRITER_QUEUE_H

#include "proto/bytes.h"

#define WRITE_EVENTS_MAX 4096 /* of one request: all or none */

struct mailbox; /* one a door */

struct written {
    uint64_t ticket; /* given with the push */
    enum err err; /* ERR_OK: committed; ERR_REFUSED: complaint says why; else the commit failed */
    uint64_t first_seq;
    uint64_t last_seq;
    struct complaint complaint;
};

MUST_USE enum err mailbox_make(struct mailbox **ret_mailbox);
void mailbox_close(struct mailbox **mailbox);
int mailbox_fd(const struct mailbox *mailbox); /* readable when something is in it */
MUST_USE enum err mailbox_take(struct mailbox *mailbox,
                               struct written *ret_written); /* ERR_NOT_FOUND: empty */

struct writer_queue;

enum write_kind {
    WRITE_ACCESSES, /* events, journaled only */
    WRITE_ACTS,     /* events, validated, to acts.log first */
    WRITE_CONTACT,  /* one SetContact, no record */
};

/* What a door asks to be written. Owned by the queue from push to the writer's answer. */
struct write_request {
    uint64_t ticket;
    struct mailbox *mailbox;
    enum write_kind kind;
    struct bytes *events; /* with their bytes behind them, in one block */
    size_t count;
};

MUST_USE enum err writer_queue_make(struct writer_queue **ret_queue);
void writer_queue_close(struct writer_queue **queue);
int writer_queue_fd(const struct writer_queue *queue); /* for the writer's poll */
/* Copies the events. ERR_BUSY when the queue is full: answer RETRY_LATER. */
MUST_USE enum err writer_queue_push(struct writer_queue *queue, struct mailbox *mailbox,
                                    uint64_t ticket, enum write_kind kind,
                                    const struct bytes *events, size_t count);
/* The writer: the oldest, or ERR_NOT_FOUND. */
MUST_USE enum err writer_queue_take(struct writer_queue *queue, struct write_request *ret_request);
/* Tells the asker and frees the request. */
void write_request_done(struct write_request *request, const struct written *written);

#endif
