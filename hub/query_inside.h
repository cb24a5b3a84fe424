/* What the files of the query door's decisions share. */
#ifndef IHURIRO_HUB_QUERY_INSIDE_H
#define IHURIRO_HUB_QUERY_INSIDE_H

#include "hub/current.h"
#include "hub/query.h"
#include "hub/sector_read.h"
#include "proto/totals.h"

#define SCOPES_KEPT 4

/* The records of a pull that is being fetched: what they are does not change, since the journal
 * only grows, the bound is fixed, and other rights are another key. */
struct scope_kept {
    struct access_key key;
    uint64_t used;
    struct scope scope;
};

/* What is known at (N, T) of a month: kept for the next page and for others who ask the same. */
#define SECTORS_KEPT          4
#define SECTORS_SIGHTINGS_MAX 1500000 /* of all kept ones together, but for the newest */
struct sector_kept {
    uint64_t used; /* 0: none */
    struct sector_read *read;
};

/* Totals that were made: for the next page, and for whoever asks the same before a record comes
 * that concerns them. */
#define TOTALS_KEPT 8
struct totals_kept {
    uint64_t used;             /* 0: none */
    uint8_t key[SHA256_BYTES]; /* of the question and the rights */
    bool is_of_now;            /* else as known at known_at_us, exactly */
    int64_t known_at_us;
    uint64_t from;  /* no record from here */
    uint64_t until; /* to here concerns them, but for those of before */
    struct totals *totals;
};

/* An answer whose access waits for its commit. */
struct waiting {
    uint64_t ticket; /* 0: free */
    struct peer peer;
    struct access_key key;
    struct access_key also;
    struct buffer answer;
};

/* A request whose records are being collected, in more than one read transaction. It is taken again
 * from its beginning at each, with what was collected so far. */
struct job {
    bool is_used;
    struct peer peer;
    struct buffer frame;
    uint8_t rights[SHA256_BYTES];
    struct scope_walk walk;
    struct sector_read *read; /* or NULL */
    struct totals *totals;    /* that are being made of it; or NULL */
    size_t fed;               /* of their members */
};

struct query {
    struct reading_out out;
    const struct hub_identity *identity;
    struct scanner *scanner;
    struct accesses *accesses;
    struct arena arena; /* the message in hand */
    uint64_t tickets;
    size_t waiting_count;
    struct waiting waiting[SNAPSHOTS_WAITING_MAX];
    uint64_t uses;
    struct scope_kept scopes[SCOPES_KEPT];
    struct sector_kept sectors[SECTORS_KEPT];
    struct totals_kept totals[TOTALS_KEPT];
    struct facts_cache *facts;
    struct job jobs[COLLECTING_MAX];
    size_t next_job;
};

/* One request in hand. */
struct asked {
    struct query *query;
    const struct reading *reading;
    const struct peer *peer;
    const struct party *reader;
    struct bytes frame;
    struct bytes body;
    uint8_t rights[SHA256_BYTES];
    struct job *job;    /* its own; NULL: it has just come */
    bool is_unfinished; /* it goes on in the next transaction */
};

MUST_USE enum err query_take_snapshot(struct asked *asked);
MUST_USE enum err query_take_fetch(struct asked *asked);
MUST_USE enum err query_take_matrix(struct asked *asked);
MUST_USE enum err query_take_receipt(struct asked *asked);
MUST_USE enum err query_take_totals(struct asked *asked);
MUST_USE enum err query_take_contacts(struct asked *asked);

void query_refuse(const struct asked *asked, const char *rule, const char *text);
/* Refuses as BAD_REQUEST. ERR_OK. */
enum err query_malformed(const struct asked *asked, const char *text);
/* When collecting was ERR_BUSY. ERR_OK. */
enum err query_busy_collecting(const struct asked *asked);
/* Answers, if an equal act was written down lately; else hands the access to the writer, and the
 * answer leaves when it is committed. The answer is a whole frame; it may be taken over. also: a
 * key under which what comes next of this act will be asked for (the next page names its record),
 * or NULL. */
MUST_USE enum err query_answer(const struct asked *asked, const struct access_key *key,
                               const struct access_key *also, struct access_event *access,
                               struct buffer *answer);
bool query_is_peer(const struct peer *a, const struct peer *b);
/* One step; with other rights than before it begins again. asked->is_unfinished: the rest comes
 * later, and ret_scope is untouched. ERR_BUSY: too many are under way. */
MUST_USE enum err query_collect(struct asked *asked, const PbFilter *filter, uint64_t until,
                                struct scope *ret_scope);
/* A place among the requests that are collected for, its own if it has one already. ERR_BUSY. */
MUST_USE enum err query_job(const struct asked *asked, struct job **ret_job);

/* ---- what is known at (N, T) ---- */

/* Of a request that is under way what it began with, else what it asks for: a hub's now is taken by
 * the second, so that those who ask at once are answered from one sector. ERR_REFUSED with the
 * sentence. The checkpoint's text is a view into the transaction. */
MUST_USE enum err query_moment(const struct asked *asked, const uint64_t *at_seq,
                               const int64_t *known_at_us, struct complaint *complaint,
                               struct checkpoint *ret_checkpoint, struct sector_moment *ret_moment);
/* The sector: kept, or read in steps. asked->is_unfinished: the rest comes later, and ret_sector is
 * untouched. ERR_BUSY: too many are under way. It is good for this message; its bodies are read in
 * this transaction. */
MUST_USE enum err query_sector(struct asked *asked, const struct sector_wanted *wanted,
                               const struct sector **ret_sector);
void query_sectors_close(struct query *query);
void query_totals_close(struct query *query);

#endif
