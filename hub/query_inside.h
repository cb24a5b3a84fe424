/* What the files of the query door's decisions share. */
#ifndef IHURIRO_HUB_QUERY_INSIDE_H
#define IHURIRO_HUB_QUERY_INSIDE_H

#include "hub/query.h"

#define SCOPES_KEPT 4

/* The records of a pull that is being fetched: what they are does not change, since the journal
 * only grows, the bound is fixed, and other rights are another key. */
struct scope_kept {
    struct access_key key;
    uint64_t used;
    struct scope scope;
};

/* A SNAPSHOT whose access waits for its commit. */
struct waiting {
    uint64_t ticket; /* 0: free */
    struct peer peer;
    struct access_key key;
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

void query_refuse(const struct asked *asked, const char *rule, const char *text);
/* Refuses as BAD_REQUEST. ERR_OK. */
enum err query_malformed(const struct asked *asked, const char *text);
/* When collecting was ERR_BUSY. ERR_OK. */
enum err query_busy_collecting(const struct asked *asked);
bool query_is_peer(const struct peer *a, const struct peer *b);
/* One step; with other rights than before it begins again. asked->is_unfinished: the rest comes
 * later, and ret_scope is untouched. ERR_BUSY: too many are under way. */
MUST_USE enum err query_collect(struct asked *asked, const PbFilter *filter, uint64_t until,
                                struct scope *ret_scope);

#endif
