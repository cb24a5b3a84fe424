/* What the doors of one hub share. Made in main, in start-up order; every part is thread-safe or
 * immutable. */
#ifndef IHURIRO_HUB_HUB_H
#define IHURIRO_HUB_HUB_H

#include <stdatomic.h>

#include "conf/config.h"
#include "hub/counters.h"
#include "hub/door.h"
#include "hub/head.h"
#include "hub/hub_clock.h"
#include "hub/roster.h"
#include "hub/writer.h"
#include "hub/writer_queue.h"
#include "storage/acts.h"
#include "storage/journal.h"

struct subscribers;

struct hub_config {
    char *store;    /* folder of the store; acts.log lies beside it */
    char *acts;     /* acts.log */
    char *keys;     /* folder: hub.transport, hub.log, hub.pub */
    char *settings; /* the country's file */
    char *ingest;   /* endpoints */
    char *feed;
    char *query;
    char *admin;   /* path of the ipc socket */
    char *metrics; /* address on loopback; NULL or "": off */
    int64_t quota_bucket;
    int64_t quota_per_hour;
    int64_t peers_max;
    int64_t disk_floor_mb;
    int64_t memory_max_mb;
    struct config_texts authority; /* as they stand in the file */
    struct authority_keys authority_keys;
};

struct hub {
    struct hub_config config;
    struct hub_identity identity;
    struct transport_key *transport_key;
    struct signing_key *log_key; /* the writer's alone */
    struct store *store;
    struct acts *acts; /* the writer's alone */
    struct writer *writer;
    struct roster *roster;
    struct head *head;
    struct hub_clock *clock;
    struct writer_queue *writes;
    struct subscribers *subscribers; /* the feed's, for whoever looks */
    struct mailbox *query_mail; /* the doors' that wait for the writer: they outlive its thread */
    struct mailbox *admin_mail;
    struct counters counters;
    void *zmq;
    _Atomic bool is_stopping;
    int stop_fd; /* readable once: the process ends */
    int64_t started_at_us;
};

/* Each door's thread: returns when hub->is_stopping, or exits the process where it cannot go on.
 * argument: struct hub. */
void *ingest_door_run(void *argument);
void *feed_door_run(void *argument);
void *query_door_run(void *argument);
void *admin_door_run(void *argument);

/* GET_SETTINGS is answered alike at every door. raw_body is the request's. Appends a whole frame
 * (SETTINGS_PAGE or REFUSED). */
MUST_USE enum err settings_answer(struct txn *txn, struct counters *counters, struct bytes raw_body,
                                  struct buffer *frame);

#endif
