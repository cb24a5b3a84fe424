/* Inside the session only: its parts lie in session.c (connection, hello, time), session_send.c
 * (what is sent next), session_answers.c (what came back) and session_owed.c (what is owed). */
#ifndef IHURIRO_AGENTS_MFI_SESSION_INSIDE_H
#define IHURIRO_AGENTS_MFI_SESSION_INSIDE_H

#include "agents/mfi/session.h"
#include "proto/frames.h"
#include "proto/limits.h"

enum phase {
    PHASE_APART,    /* no connection; connect_at_ms says when the next is made */
    PHASE_REACHING, /* the link is connecting */
    PHASE_GREETING, /* HELLO is out */
    PHASE_WAITING,  /* the hub said RETRY_LATER to HELLO; hello_at_ms says when it is said again */
    PHASE_OPEN,     /* greeted */
};

/* An institution's way through a session: 1. what is marked, 2. what the hub holds and we do
 * not, 3. what is new. */
enum stage { STAGE_OFFER, STAGE_COUNT_AGAIN, STAGE_OWN, STAGE_SEND };

struct lane {
    const char *institution;
    enum stage stage;
    bool has_work;       /* worth looking into the store for */
    bool is_known;       /* the hub named it in this session's hello */
    bool is_settled;     /* SETTLED was said of it in this session */
    bool has_skipped;    /* an offer was refused: something is left to offer */
    bool has_offered;    /* an offer got its receipt in this session */
    bool hub_held_more;  /* than our unmarked receipts, at this session's hello */
    uint64_t own_left;   /* reports still to be found by OWN */
    uint64_t own_before; /* where OWN goes on */
    uint64_t own_number; /* of the request that is out, 0: none */
    size_t in_flight;
    int64_t held_until_ms; /* RETRY_LATER of this institution */
    bool owed_wanted;      /* GET_OWED is to be said */
    int64_t owed_not_before_ms;
};

/* A GET_OWED without an answer. */
struct owed_question {
    uint64_t number; /* 0: none */
    size_t lane;
    uint32_t offset;
    struct buffer pages; /* so far: messages one behind the other are one */
};

/* A SUBMIT without an answer. */
struct in_flight {
    uint64_t number;
    size_t lane;
    struct entry_key key;
    uint8_t id[SHA256_BYTES];
    bool carried_receipt;
    uint8_t carried[SHA256_BYTES]; /* SHA-256 of the best receipt that went with it */
};

#define SESSION_TAG_BYTES 16

/* An offer that the hub refused: not repeated before the next hello. */
#define SKIPPED_MAX 256
struct waiting_frame {
    struct buffer frame;
    struct waiting_frame *next;
};

struct session {
    struct session_options options;
    enum phase phase;
    enum session_link link; /* what this step tells the link */
    int64_t now_ms;
    int64_t wall_us;

    int64_t connect_at_ms;
    int64_t hello_at_ms; /* PHASE_WAITING; PHASE_OPEN: the daily one */
    int64_t
        heard_at_ms; /* last frame, or the oldest unanswered request's sending if that is later */
    int64_t worked_at_ms;
    int64_t retried_at_ms;
    int64_t hub_held_until_ms; /* RETRY_LATER of the hub */
    unsigned failures;         /* in a row, without a greeting between */
    unsigned hellos_in_a_row;  /* HELLO_FIRST without an answer between */
    bool hello_wanted;
    bool hub_asked_to_settle;
    uint64_t snapshot; /* of the outbox when the lanes were last told to look */

    uint8_t tag[SESSION_TAG_BYTES]; /* of the newest hello */
    uint8_t session_id[64];
    size_t session_id_size;                /* 0: none */
    uint64_t shown[HELLO_CHECKPOINTS_MAX]; /* sizes of the checkpoints in the hello */
    size_t shown_count;
    int64_t hub_time_us;

    uint64_t next_number;
    struct lane *lanes;
    size_t lane_count;
    size_t first_lane; /* takes turns */
    struct in_flight in_flight[SESSION_IN_FLIGHT_MAX];
    size_t in_flight_count;
    uint8_t skipped[SKIPPED_MAX][SHA256_BYTES];
    size_t skipped_count;

    uint8_t settings_id[SHA256_BYTES]; /* being fetched */
    bool settings_wanted;
    bool settings_asked;
    struct buffer settings; /* pages so far */
    struct buffer settings_receipt;

    struct owed_question owed[SESSION_OWED_MAX];
    bool owed_refused;    /* the hub does not answer that: not asked before the next hello */
    size_t owed_refusals; /* of questions that were out then, still to come */

    struct waiting_frame *frames;
    struct waiting_frame *last_frame;
    size_t frame_bytes;
};

/* session.c */
void session_tell(struct session *session, const struct session_news *news);
/* Says what is wrong, keeps it for `status`, gives the connection up, and sets the time of the
 * next. */
void session_fail(struct session *session, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);
void session_say_hello(struct session *session);
/* Packs and queues a frame. false: without memory, and the session has failed. */
bool session_send(struct session *session, enum verb verb, const ProtobufCMessage *body);
/* What the hub said, fit for a terminal, a log and the store; "" for NULL. */
#define HUB_WORDS_MAX 256
const char *session_words(const char *text, char out[static HUB_WORDS_MAX]);
/* A RETRY_LATER of the hub, for `status`. */
#define HELD_MAX (HUB_WORDS_MAX + 64)
void session_held_words(const char *text, char out[static HELD_MAX]);
int64_t session_random_below(struct session *session, int64_t limit);
struct lane *session_lane(struct session *session, const char *institution);
ProtobufCBinaryData session_id_pb(const struct session *session);

/* session_send.c */
void session_pump(struct session *session);
void session_look_again(struct session *session); /* every lane looks into the store */
bool session_has_work(struct session *session);
bool session_gather_retries(struct session *session); /* was there something? */

/* session_answers.c */
void session_on_answers(struct session *session, struct bytes body);
void session_on_own(struct session *session, struct bytes body);
void session_on_settings(struct session *session, struct bytes body);
/* Takes a request out of what is in flight; not for one that was answered. */
void session_forget_in_flight(struct session *session, size_t index);
bool session_is_skipped(const struct session *session, const uint8_t id[static SHA256_BYTES]);
void session_hold(struct session *session, const char *institution, uint32_t seconds,
                  const char *text);
void session_ask_settings(struct session *session);

/* session_owed.c */
/* Of the lanes that have nothing else to do. */
void session_ask_owed(struct session *session);
void session_on_owed(struct session *session, struct bytes body);
/* After a hello: of whom is what is kept old? */
MUST_USE enum err session_look_at_owed(struct session *session, struct txn *txn);
bool session_awaits_owed(const struct session *session);
/* Will be asked at once. */
bool session_wants_owed(const struct session *session);
/* A refusal came that is of nothing else: is it of such a question? None is asked any more, then.
 */
bool session_owed_is_refused(struct session *session);
/* All that is out is forgotten; with again, it is asked once more. institution NULL: all. */
void session_forget_owed(struct session *session, const char *institution, bool again);

/* session_hello.c */
void session_on_hello_answer(struct session *session, struct bytes body);

#endif
