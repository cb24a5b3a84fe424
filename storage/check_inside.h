/* The whole-store check, shared by its files: check.c walks the journal with its tree and heads,
 * check_crew.c looks at each record by itself on all cores, check_indexes.c compares what is
 * derived, check_forked.c runs it in a child. */
#ifndef IHURIRO_STORAGE_CHECK_INSIDE_H
#define IHURIRO_STORAGE_CHECK_INSIDE_H

#include "storage/check.h"
#include "storage/layout.h"

#define PROBLEMS_TOLD_MAX 100

/* What owners should say of one institution. */
struct owner {
    char institution[INSTITUTION_ID_MAX + 1];
    uint64_t reports;
    uint64_t last_seq;
    bool is_seen; /* in the owners database */
};

/* By institution: open addressing, at most half full. Memory grows with institutions, not with
 * records. */
struct owners {
    struct owner *slots;
    size_t slot_count;
    size_t count;
};

/* One record: as it was read, and what was found in it by itself. */
struct check_item {
    struct record record;
    enum err read;
    enum err checked;
    struct complaint complaint;
    struct hash leaf;
};

/* Records that follow each other, seen in a snapshot of their own, which holds their bytes. */
struct stretch {
    struct txn txn;
    bool is_open;
    uint64_t first; /* seq of items[0] */
    uint64_t size;  /* of the journal in this snapshot */
    size_t count;
    struct check_item items[READ_TXN_RECORDS_MAX];
};

struct check_crew;

struct check {
    struct store *store;
    struct txn *txn; /* of the stretch that is walked */
    struct check_crew *crew;
    struct hub_identity hub;
    struct arena arena;
    struct owners owners;
    struct hash subtrees[64]; /* of the complete subtrees that make up what was walked */
    uint64_t walked;          /* records */
    struct check_report report;
    void (*tell)(void *context, const char *sentence);
    void *context;
    void (*progress)(void *context, uint64_t done, uint64_t of);
};

/* Threads for all cores but the caller's. */
MUST_USE enum err check_crew_open(struct check_crew **ret_crew);
void check_crew_close(struct check_crew **crew);
/* The stretch's items are checked from now on; it must stay, with its snapshot, until finish. */
void check_crew_give(struct check_crew *crew, struct stretch *stretch);
/* Helps until all are done. */
void check_crew_finish(struct check_crew *crew, struct arena *arena);

void check_problem(struct check *check, const char *format, ...) PRINTF_LIKE(2, 3);
void owners_close(struct owners *owners);
/* The institution's, made with zeros where there is none. NULL: no memory. */
struct owner *owners_find(struct owners *owners, const char *institution);

/* One record against its index row, its link and what owners should say. */
MUST_USE enum err check_derived(struct check *check, const struct header *header);
/* Owners, in the snapshot in which the walk reached the end. */
MUST_USE enum err check_owners(struct check *check);
/* Rows of reports and events that no record calls for; an id that two reports have; refusals. */
MUST_USE enum err check_rows(struct check *check);

#endif
