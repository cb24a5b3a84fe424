/* The agent's side of the ingest protocol, as a pure state machine over the outbox: an event goes
 * in, what the link has to do comes out. DESIGN section 4, "Agent" 2 to 7.
 *
 * No sockets, no clocks, no randomness of its own. What must survive a kill is in the outbox, on
 * disk, before the step returns: marks before anything else is sent, receipts before an entry
 * counts as sent. All else is forgotten when the connection ends. */
#ifndef IHURIRO_AGENTS_MFI_SESSION_H
#define IHURIRO_AGENTS_MFI_SESSION_H

#include "proto/keys.h"
#include "proto/record.h"
#include "storage/outbox.h"

#define SESSION_SILENCE_MS    (120 * 1000)
#define SESSION_DAY_MS        (24 * 3600 * 1000)
#define SESSION_HOUR_MS       (3600 * 1000)
#define SESSION_IDLE_MS       (60 * 1000)
#define SESSION_BACK_OFF_MS   5000
#define SESSION_BACK_OFF_MAX  (300 * 1000)
#define SESSION_OWED_PAUSE_MS (30 * 1000) /* between two questions what one institution owes */
#define SESSION_OWED_FRESH_US (INT64_C(600) * 1000000) /* not asked at a hello before */
#define SESSION_OWED_MAX      4                        /* such questions that are out at once */
#define SESSION_IN_FLIGHT_MAX 256 /* over all institutions; IN_FLIGHT_MAX for each */
#define SESSION_QUEUED_BYTES \
    (1024 * 1024) /* frames that wait for the socket; above it no more are made */

struct session;

struct session_time {
    int64_t monotonic_ms;
    int64_t wall_us;
};

/* What happened, for the log, for `send`'s terminal and for tests. */
enum session_news_kind {
    NEWS_GREETED,     /* count: reports marked to be offered again */
    NEWS_RECEIPT,     /* key, verdict; count: 1 if it came under an earlier session */
    NEWS_FETCHED,     /* key, verdict: a report of ours that the hub held and the store did not */
    NEWS_REFUSED,     /* key, text: the rule and why */
    NEWS_RETRY_LATER, /* text; count: seconds */
    NEWS_PASSED_OVER, /* count: requests that are sent again */
    NEWS_SETTINGS,    /* text: their version */
    NEWS_OWED,        /* text: the institution; what it owes is kept anew */
    NEWS_LEFT,        /* nothing to do: the connection is given up */
    NEWS_TROUBLE,     /* err, text: what went wrong; it is tried again */
};

struct session_news {
    enum session_news_kind kind;
    enum err err;
    const struct entry_key *key;
    int verdict;
    uint64_t count;
    const char *text;
};

struct session_options {
    struct outbox *outbox;
    const struct hub_identity *hub;
    const char *const *institutions; /* ids; live as long as the session */
    size_t institution_count;
    outbox_key_of key_of;
    void *keys;
    bool is_test;
    bool stays;              /* keeps the connection when there is nothing to do */
    int64_t back_off_ms;     /* 0: SESSION_BACK_OFF_MS */
    int64_t back_off_max_ms; /* 0: SESSION_BACK_OFF_MAX */
    void (*random)(void *context, void *bytes, size_t size);
    void *random_context;
    void (*tell)(void *context, const struct session_news *news); /* may be NULL */
    void *tell_context;
};

/* What the link is to do. */
enum session_link {
    SESSION_KEEP,    /* as it is */
    SESSION_CONNECT, /* give up what there is, open a new connection */
    SESSION_LEAVE,   /* give up the connection; a later tick says when to open one */
};

struct session_step {
    enum session_link link;
    int64_t tick_ms; /* the next session_tick is due in so many ms, or earlier */
};

MUST_USE enum err session_open(const struct session_options *options, struct session_time now,
                               struct session **ret_session);
void session_close(struct session **session);

/* Events. Each returns what to do; frames to send lie in session_frame_next. */
struct session_step session_tick(struct session *session, struct session_time now);
/* The handshake is done: HELLO goes out. */
struct session_step session_connected(struct session *session, struct session_time now);
/* The connection is gone, or could not be made. why: a sentence for a person. */
struct session_step session_disconnected(struct session *session, struct session_time now,
                                         const char *why);
struct session_step session_frame(struct session *session, struct session_time now,
                                  struct bytes frame);

/* The oldest frame that waits for the socket; false: none. It stays until session_frame_sent. */
bool session_frame_next(const struct session *session, struct bytes *ret_frame);
void session_frame_sent(struct session *session);

/* Greeted, and nothing is left to send, to fetch or to hear. */
bool session_is_idle(const struct session *session);
bool session_is_greeted(const struct session *session);
/* The hub's clock as last heard, for test hubs; 0: not heard yet. */
int64_t session_hub_time_us(const struct session *session);

#endif
