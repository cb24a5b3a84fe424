/* One simulated world: agents, a hub, readers, the lines between them, the ledger beside them.
 *
 * Everything that happens follows from the seed: time is passed, randomness is drawn from it, one
 * thread does all. The code is the product's own; what is simulated are the wires, the clocks, the
 * disk images and the operator. */
#ifndef IHURIRO_TESTS_SIMULATION_WORLD_H
#define IHURIRO_TESTS_SIMULATION_WORLD_H

#include <stdio.h>
#include <sys/queue.h>

#include "agents/client/follow.h"
#include "agents/mfi/session.h"
#include "hub/feed.h"
#include "hub/ingest.h"
#include "hub/query.h"

#define INSTITUTIONS_MAX 3
#define GENERATIONS      4 /* of an institution's signing keys */
#define AGENTS_MAX       5
#define READERS_MAX      3
#define LINES_MAX        24
#define COPIES_MAX       4     /* backups of the hub, images of agents */
#define PLACES           3     /* months that are reported on */
#define DUTIES_FROM_DAY  18353 /* 2020-04-01: each of the places is owed */
#define DUTIES_UNTIL_DAY 18444 /* 2020-07-01: what ends later is not judged */
#define DUTIES_DUE_DAYS  65    /* April is due a day after the beginning */
#define CONTENTS_MAX     64
#define HELD_RECEIPTS    128
#define SEEN_MAX         1024
#define LOSSES_MAX       16
#define PULLS_MAX        8
#define PATH_BYTES       192
#define HEARD_MAX        8
#define ACTIVITIES_MAX   40
#define QUIET_PUSHED_MS  110000 /* time is not passed further at once: silence is 120 s */

struct world;

/* ---- chance.c ---- */

struct chance {
    uint64_t state;
};
uint64_t chance_next(struct chance *chance);
/* Below limit, which is not 0. */
uint64_t chance_below(struct chance *chance, uint64_t limit);
bool chance_is(struct chance *chance, uint64_t one_in);
/* libsodium's randomness comes from here, too. */
void chance_for_libraries(struct chance *chance);

/* ---- lines (lines.c): a connection is first in, first out; a cut loses what is on its way ---- */

enum line_door { DOOR_INGEST, DOOR_FEED };
enum line_state {
    LINE_FREE,
    LINE_REACHING, /* asked for */
    LINE_UP,
    LINE_BROKEN, /* the owner has not noticed yet */
    LINE_ORPHAN, /* its owner is gone; what it had sent may still arrive */
};

struct wire_frame {
    STAILQ_ENTRY(wire_frame) entry;
    struct buffer bytes;
};
STAILQ_HEAD(wire_queue, wire_frame);

struct wire {
    struct wire_queue frames;
    size_t count;
};

struct line {
    enum line_state state;
    enum line_door door;
    size_t owner; /* index of the agent or reader */
    struct peer peer;
    struct wire up;   /* to the hub */
    struct wire down; /* from it */
};

/* ---- what the operator did: who holds which keys, who shares ---- */

struct standing {
    uint8_t generation[INSTITUTIONS_MAX];         /* of the key that the hub was given last */
    bool is_given[INSTITUTIONS_MAX][GENERATIONS]; /* but the first, which came with enrolment */
    bool is_revoked[INSTITUTIONS_MAX][GENERATIONS];
    int64_t revoked_us[INSTITUTIONS_MAX][GENERATIONS];
    bool shares[INSTITUTIONS_MAX];
    uint8_t currency[INSTITUTIONS_MAX];
};

/* ---- the hub (hub_side.c, copies.c) ---- */

struct operator_act {
    enum { ACT_KEY, ACT_REVOKE, ACT_SHARE, ACT_CURRENCY } kind;
    size_t institution;
    uint8_t value; /* generation, sharing, currency */
    int64_t time_us;
};
#define ACTS_MAX 64

/* When the hub's process dies in a turn. */
enum hub_end {
    HUB_GOES_ON,
    HUB_DIES_BEFORE_COMMIT,
    HUB_DIES_AFTER_COMMIT, /* before its answers left */
};

/* What the doors asked to be written in one turn. */
#define WRITES_PER_TURN 8
struct turn_writes {
    struct write_request requests[WRITES_PER_TURN];
    struct written written[WRITES_PER_TURN];
    size_t count;
};

struct hub_copy {
    bool is_taken;
    uint64_t size;
    uint64_t journal_acts; /* which acts it holds, and which its acts.log: bits */
    uint64_t log_acts;
};

struct hub_side {
    char store_path[PATH_BYTES];
    char acts_path[PATH_BYTES];
    struct store *store;
    struct acts *acts;
    struct writer *writer;
    struct hub_identity identity;
    struct counters counters;
    struct ingest ingest;
    struct hub_clock *clock;
    struct roster *roster;
    struct writer_queue *writes;
    struct mailbox *query_mail;
    struct feed *feed;
    struct query *query;
    uint64_t journal_acts; /* which of the world's acts it holds, and which acts.log: bits */
    uint64_t log_acts;
    struct standing standing; /* what those say that are in either */
    struct hub_copy copies[COPIES_MAX];
    uint64_t size;   /* of the journal, as last committed */
    int64_t skew_us; /* of its wall clock */
    bool is_short_of_disk;
    int64_t quota_bucket;
    uint64_t peers; /* routing ids given */
    /* Who talks to the hub between two steps of the others (a pull, a thief) hears at once. */
    const struct peer *caller;
    struct buffer heard[HEARD_MAX];
    size_t heard_count;
};

/* ---- agents (agents.c) ---- */

struct held_receipt {
    uint8_t id[SHA256_BYTES];
    bool is_accepted;
    int64_t first_us;
    struct position position; /* of the latest receipt */
    uint32_t era;             /* of the hub's history when it came */
};

/* What an agent's store must hold: kept outside of it. */
struct agent_books {
    struct held_receipt receipts[HELD_RECEIPTS];
    size_t receipt_count;
    uint16_t queued[CONTENTS_MAX]; /* contents that were queued, not as drafts */
    size_t queued_count;
};

struct agent_side {
    bool is_alive;
    size_t number;
    char store_path[PATH_BYTES];
    struct world *world;
    struct outbox *outbox;
    struct session *session;
    const char *institutions[INSTITUTIONS_MAX];
    size_t institution_indexes[INSTITUTIONS_MAX];
    size_t institution_count;
    uint8_t generation[INSTITUTIONS_MAX]; /* of the signing keys that it has */
    bool stays;
    uint8_t transport; /* seed byte of its transport key; copies share it */
    struct line *line;
    int64_t tick_at_ms;
    struct agent_books books;
};

struct agent_image {
    bool is_taken;
    size_t of; /* agent */
    struct agent_books books;
};

/* ---- readers and pulls (readers.c, pulls.c) ---- */

enum reader_role { READER_REGULATOR, READER_STAFF, READER_MEMBER };

struct read_line {
    uint64_t seq; /* of a record; a rewind is applied to the list at once */
    uint8_t id[SHA256_BYTES];
};

struct reader_side {
    bool is_alive;
    enum reader_role role;
    size_t number;
    char cursor_path[PATH_BYTES];
    struct cursor_state cursor;
    struct follow *follow;
    struct follow_options options;
    uint32_t bytes_max; /* of an answer; 0: as its pace is */
    struct line *line;
    bool is_outstanding;
    int64_t asked_at_ms;
    int64_t pause_until_ms;
    struct read_line *lines; /* its output; what no cursor was written for is cut at a restart */
    size_t line_count;
    size_t line_capacity;
    uint64_t rewinds;
};

struct pull_made {
    struct position position;
    uint8_t rights[SHA256_BYTES];
    uint8_t ids_hash[SHA256_BYTES];
    uint64_t records;
    enum reader_role role;
};

/* ---- the ledger (ledger.c): what was said, outside of whoever may crash ---- */

struct seen_checkpoint {
    struct position position;
    uint32_t era;
};

/* A put-back or restore of the hub: records up to kept are the same before and after. */
struct loss {
    uint64_t kept;
    bool must_be_known;    /* a living agent held a receipt of what is gone */
    struct position known; /* the largest of those; smaller ones are of the same history */
};

struct submitted {
    uint8_t id[SHA256_BYTES];
    size_t institution;
    uint16_t content;
};

struct ledger {
    struct seen_checkpoint seen[SEEN_MAX];
    size_t seen_count;
    struct loss losses[LOSSES_MAX];
    size_t loss_count; /* the number of the era */
    struct submitted submitted[CONTENTS_MAX * 4];
    size_t submitted_count;
    bool was_refused;                  /* a report, for its key */
    bool has_copies[INSTITUTIONS_MAX]; /* an agent of it was cloned or set back */
    uint64_t receipts;
    uint64_t records_read;
};

/* ---- the world ---- */

struct scenario;

struct world {
    const struct scenario *scenario;
    uint64_t seed;
    char folder[PATH_BYTES - 64];
    struct chance chance;
    struct chance library_chance;
    int64_t mono_ms;
    int64_t wall_us;
    bool is_draining;
    bool rules_changed; /* by a change of registration: what was rejected may be accepted */
    FILE *trace;        /* or NULL */
    uint64_t digest;
    uint64_t steps;
    bool is_broken;
    char broken[512];
    uint8_t left[ACTIVITIES_MAX]; /* of each activity */
    uint16_t contents;
    size_t institution_count;
    uint8_t transport[INSTITUTIONS_MAX]; /* seed byte of the key that speaks for it */
    struct operator_act acts[ACTS_MAX];  /* all that ever were, in the order of their times */
    size_t act_count;
    struct standing wanted; /* by the operator: what a put-back of acts.log undid is repeated */
    struct hub_side hub;
    struct agent_side agents[AGENTS_MAX];
    size_t agent_count;
    struct agent_image images[COPIES_MAX];
    struct reader_side readers[READERS_MAX];
    size_t reader_count;
    struct pull_made pulls[PULLS_MAX];
    size_t pull_count;
    struct line lines[LINES_MAX];
    struct ledger ledger;
    struct arena arena; /* of the frame in hand */
};

/* Says what happened: into the digest, and to the trace where there is one. */
void world_say(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);
/* What must not happen has happened: the first is kept, and the run ends. */
void world_break(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);
/* Is all well? Breaks the world with the call's name if not. */
bool world_ok(struct world *world, enum err err, const char *call);
#define WELL(world, call) world_ok((world), (call), #call)
void world_pass_ms(struct world *world, int64_t ms);
struct session_time world_time(const struct world *world);
/* clock_wall_us and the like, which the hub's clock reads, are of this world. */
void world_is_current(const struct world *world);
/* Keys are made once a process. */
const struct signing_key *world_key(size_t institution, size_t generation);
const struct signing_key *world_log_key(void);
const char *world_institution(size_t index);
enum err world_keys_make(void);
void world_keys_close(void);
/* A file's bytes over another's. */
enum err world_copy_file(const char *from, const char *to);

/* lines.c */
void lines_open(struct world *world);
void world_lines_close(struct world *world);
/* NULL when there is no room: the owner tries again. */
struct line *line_reach(struct world *world, enum line_door door, size_t owner, uint8_t user);
/* The owner leaves it; with may_arrive, what it had sent may still come to the hub. */
void line_leave(struct world *world, struct line **line, bool may_arrive);
void line_push(struct world *world, struct wire *wire, struct bytes frame);
/* false: nothing is there. The frame is the caller's. */
bool line_pull(struct wire *wire, struct buffer *ret_frame);
struct line *line_of_peer(struct world *world, const struct peer *peer);
/* The hub's process ended: most lines break, some go on with another routing id. */
void lines_after_hub_end(struct world *world);
void line_name(struct world *world, struct line *line); /* a new routing id */
int line_verb(struct bytes frame);                      /* 0: none */
bool lines_drop(struct world *world);
bool lines_repeat(struct world *world);
bool lines_cut(struct world *world);
/* One line of the door with frames for the hub, chosen by chance; NULL: none. */
struct line *lines_any_up(struct world *world, enum line_door door);

/* operator.c */
bool hub_create(struct world *world);
void hub_act(struct world *world, struct operator_act act, enum hub_end end);
/* What the acts of a set come to. */
void acts_fold(const struct world *world, uint64_t acts, struct standing *ret_standing);
void hub_repeat_acts(struct world *world);
bool operator_rotates(struct world *world);
bool operator_revokes(struct world *world);
bool operator_shares(struct world *world);
bool operator_registers(struct world *world);

/* hub_side.c */
bool hub_start(struct world *world);
void hub_stop(struct world *world);
/* A turn's ends; after hub_end the hub may have been started anew. */
bool hub_begin(struct world *world);
void hub_end(struct world *world, struct turn_writes *turn, enum hub_end end);
/* One turn of the ingest door; most: messages that it takes. */
void hub_turn(struct world *world, size_t most, enum hub_end end);
void hub_read_turn(struct world *world); /* feed and query doors */
void hub_end_and_start(struct world *world);
/* What the reading doors look at. End it with hub_reading_end. */
bool hub_reading(struct world *world, struct txn *txn, struct reading *ret_reading);
void hub_reading_end(struct world *world, struct reading *reading);
/* One frame of the caller to the ingest door, in a turn of its own; what it hears is in heard. */
void hub_call(struct world *world, const struct peer *peer, enum verb verb,
              const ProtobufCMessage *body);
/* The same to the query door. */
void hub_ask(struct world *world, const struct peer *peer, enum verb verb,
             const ProtobufCMessage *body);
/* The message of that verb among what was heard, in world->arena; NULL: none. */
const void *hub_heard(struct world *world, enum verb verb);

/* copies.c */
bool copies_backup(struct world *world);
bool copies_restore(struct world *world);
bool copies_put_back(struct world *world, bool with_acts);
bool copies_put_acts_back(struct world *world);
bool copies_image(struct world *world);
bool copies_set_back(struct world *world);
bool copies_clone(struct world *world);

/* agents.c */
bool agent_create(struct world *world, size_t number);
bool agent_start(struct agent_side *agent);
void agent_stop(struct agent_side *agent);
void agent_tick(struct agent_side *agent);
void agent_connected(struct agent_side *agent);
void agent_disconnected(struct agent_side *agent);
void agent_hear(struct agent_side *agent, struct bytes frame);
/* is_wrong: it will be rejected; its repair is whatever comes next for the place. */
bool agent_queue(struct agent_side *agent, bool is_wrong);
bool agent_is_still(struct agent_side *agent);
struct outbox_counts agent_counts(struct agent_side *agent);

/* readers.c */
bool reader_create(struct world *world, size_t number, enum reader_role role);
void reader_close(struct reader_side *reader);
void reader_step(struct world *world, struct reader_side *reader);
void reader_hear(struct world *world, struct reader_side *reader, struct bytes frame);
void reader_kill(struct world *world, struct reader_side *reader);
/* false: there is none, or it has no older positions. */
bool readers_kill(struct world *world);
bool readers_lose_list(struct world *world);
bool reader_is_at_head(struct world *world, const struct reader_side *reader);
uint8_t reader_user(const struct world *world, const struct reader_side *reader);

/* pulls.c: synchronous, between two steps of the others */
bool pull_once(struct world *world);
bool pull_again(struct world *world);

/* thief.c */
bool thief_tries(struct world *world);

/* ledger.c */
void ledger_sent(struct world *world, const struct agent_side *agent, struct bytes frame);
/* After a commit: the records behind before are new. */
void ledger_committed(struct world *world, uint64_t before, uint64_t size);
void ledger_answered(struct world *world, struct bytes frame);
void ledger_records(struct world *world, const struct reader_side *reader, struct bytes frame);
void ledger_saw(struct world *world, const struct position *position);
void ledger_receipt(struct world *world, struct agent_side *agent, const struct entry_key *key);
/* Roots of every size of the journal as it is now, computed here. */
struct roots {
    struct hash *items; /* items[n]: over n records */
    uint64_t size;
};
void roots_close(struct roots *roots);
bool roots_hold(const struct roots *roots, const struct position *position);
bool ledger_roots(struct world *world, struct roots *ret_roots);
/* The history was replaced: before are its roots until then. */
void ledger_lost(struct world *world, const struct roots *before);

/* drain.c: faults stop */
void drain(struct world *world);

/* duties.c: what is owed */
void agent_heard_owed(struct agent_side *agent, const char *institution);
void judge_owed(struct world *world, struct agent_side *agent);

/* oracle.c: what must hold once all is drained */
void oracle_judge(struct world *world);

/* scenarios.c */
struct run_result {
    bool is_broken;
    char broken[512];
    uint64_t steps;
    uint64_t receipts;
    uint64_t digest;
};
size_t scenarios_count(void);
const char *scenario_name(size_t index);
/* SIZE_MAX: there is none of that name. */
size_t scenario_find(const char *name);
/* One seed from its beginning to the judgement. folder: an empty one, left empty. */
void scenario_run(size_t scenario, uint64_t seed, const char *folder, FILE *trace,
                  struct run_result *ret_result);

#endif
