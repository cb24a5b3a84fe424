/* What the files of the walk share. */
#ifndef IHURIRO_PROTO_NOTICES_INSIDE_H
#define IHURIRO_PROTO_NOTICES_INSIDE_H

#include "proto/notices.h"

struct notice_walk {
    struct notice_source source;
    struct sector *sector;
    bool is_stale; /* events were fed since it was sealed */
    uint64_t last_event;
    uint64_t until; /* the place's sightings are those up to here */
    enum err err;   /* of the place: its caller cannot say */
    struct sightings place;
    struct arena arena;   /* of the record in hand */
    struct arena reports; /* of the values in hand */
    struct notice *unit;  /* of the record, or of the institution at the instant, in hand */
    size_t count;
    size_t capacity;
    /* The next instant behind `next_after_us`, as long as no settings or order come. */
    bool knows_next;
    int64_t next_after_us;
    int64_t next_us;
    /* Of the instant in hand. */
    int64_t ends_us; /* INT64_MIN: none */
    int32_t ends[CALENDAR_ENDS_MAX];
    size_t end_count;
};

/* One of the unit in hand, cleared but for the kind. */
MUST_USE enum err notices_add(struct notice_walk *walk, int kind, struct notice **ret_notice);
void notice_of_place(struct notice *notice, const char *institution, int type,
                     const struct period *period);
/* An accepted report of the place: has a confirmed limit been crossed by it? */
MUST_USE enum err notices_of_limits(struct notice_walk *walk, const struct party *party,
                                    const struct header *header, const struct period *period);

#endif
