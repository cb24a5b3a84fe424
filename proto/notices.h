/* Notices: what is met on a walk through the records, one by one, and through every instant between
 * at which somebody is reminded, overdue or told of, the instant first at a tie (DOMAIN D44).
 *
 * A notice is never stored: it is of the way from one cursor to the next. Two walks one after the
 * other put out what one walk over both ways does, so whoever keeps the cursor has each once.
 *
 * Invariant between steps: the sector holds the events of the records up to the cursor's, and no
 * others. */
#ifndef IHURIRO_PROTO_NOTICES_H
#define IHURIRO_PROTO_NOTICES_H

#include "proto/sector.h"

/* All records up to seq are done, and all instants up to time_us; where `after` names an
 * institution, at time_us itself only those of institutions up to that one. */
struct notice_cursor {
    uint64_t seq;
    int64_t time_us;
    char after[INSTITUTION_ID_MAX + 1];
};

struct notice {
    int kind; /* Notice.Kind */
    int64_t time_us;
    uint64_t seq; /* 0: it came by an instant */
    char institution[INSTITUTION_ID_MAX + 1];
    int type;        /* 0: a waiver of all */
    int sight_type;  /* whoever sees reports of this type may see it; 0: headers of it */
    bool is_of_body; /* only who sees them whole may */
    char period[PERIOD_KEY_MAX + 1];
    enum frequency frequency;
    int32_t end_day;
    const char *limit; /* texts live until the sink returns */
    const char *ratio;
    int64_t value;
    int64_t bound;
    int64_t due_us; /* 0: none */
    int64_t late_s;
    const char *text;
};

const char *notice_kind_name(int kind); /* "overdue" */
MUST_USE enum err notice_kind_parse(const char *name, int *ret_kind);

/* A place's sightings, which the source fills by sightings_add. */
struct sightings {
    struct sighting *items;
    size_t count;
    size_t capacity;
};
MUST_USE enum err sightings_add(struct sightings *place, const struct sighting *sighting);

/* Where the records are. */
struct notice_source {
    void *context;
    /* ERR_NOT_FOUND: behind the last. Good until the next call. */
    enum err (*record)(void *context, uint64_t seq, struct record *ret_record);
    /* Adds to the place, in order of seq, those up to until. */
    enum err (*place)(void *context, const char *institution, int type, int frequency,
                      int32_t end_day, uint64_t until, struct sightings *place);
    enum err (*body)(void *context, uint64_t seq, struct arena *arena, const PbReport **ret_report);
};

/* What one record, or one institution at one instant, gives. ERR_TOO_LARGE: not taken, and the walk
 * ends before it. */
typedef enum err (*notice_sink)(void *context, const struct notice *notices, size_t count);

struct notice_walk;

/* Its terms' known_at_us is INT64_MAX. It is given every event up to the cursor's record, before
 * the first step, and sealed. */
MUST_USE enum err notice_walk_make(const struct notice_source *source,
                                   struct notice_walk **ret_walk);
void notice_walk_close(struct notice_walk **walk);
struct sector *notice_walk_sector(struct notice_walk *walk);
/* The last event that it was fed by its steps; 0: none yet. */
uint64_t notice_walk_last_event(const struct notice_walk *walk);
/* The source's context of the next steps. */
void notice_walk_use(struct notice_walk *walk, void *source_context);

/* From the cursor to the end (seq, time): all records up to `seq`, then all instants up to
 * time_us. What it has cost is taken from *budget, by looks; ends also when that is spent, or the
 * sink is full (ret_is_full). ret_next_us: the next instant behind the cursor, where it has come to
 * the end. */
struct notice_end {
    uint64_t seq;
    int64_t time_us;
};
MUST_USE enum err notice_walk_step(struct notice_walk *walk, const struct notice_end *end,
                                   notice_sink sink, void *sink_context, size_t *budget,
                                   struct notice_cursor *cursor, bool *ret_is_full,
                                   int64_t *ret_next_us);

#endif
