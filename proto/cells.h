/* The cell of institution x report x period: one state machine with two parts, progress and
 * timeliness (DOMAIN D33, D47, D48), a pure fold at a time T. Its table stands in proto/README.md.
 */
#ifndef IHURIRO_PROTO_CELLS_H
#define IHURIRO_PROTO_CELLS_H

#include "proto/calendar.h"
#include "proto/record.h"

enum progress {
    PROGRESS_NOT_DUE,  /* the period has not ended, and nothing came */
    PROGRESS_EXPECTED, /* it has, and nothing came */
    PROGRESS_REJECTED, /* attempts only */
    PROGRESS_ACCEPTED,
    PROGRESS_ACCEPTED_WITH_WARNINGS,
    PROGRESS_APPROVED,
    PROGRESS_NIL,
    PROGRESS_WAIVED, /* and nothing was accepted */
};

enum timeliness {
    TIMELINESS_OPEN,     /* not due yet */
    TIMELINESS_IN_GRACE, /* due, not yet overdue */
    TIMELINESS_ON_TIME,
    TIMELINESS_LATE, /* came, after it was due */
    TIMELINESS_OVERDUE,
    TIMELINESS_EXCUSED, /* waived, or suspended by an order */
};

const char *progress_name(enum progress progress);       /* "EXPECTED" */
const char *timeliness_name(enum timeliness timeliness); /* "IN_GRACE" */

/* A report as the journal's index knows it, and two facts of its body. */
struct sighting {
    uint64_t seq;
    uint8_t kind; /* REPORT or EARLIER_RECEIPT */
    uint8_t type;
    uint8_t frequency;
    uint8_t verdict;
    uint8_t status; /* 1 PROVISIONAL, 2 FINAL */
    bool is_nil;
    bool is_approved; /* its sign-off says APPROVED */
    uint32_t vintage;
    int32_t end_day;
    int64_t first_received_at_us;
    uint8_t id[SHA256_BYTES];
    char institution[INSTITUTION_ID_MAX + 1];
};

/* The current one of a place's sightings: the highest accepted vintage; of two accepted ones of it,
 * the one accepted earliest. NULL: none is accepted. */
const struct sighting *place_current(const struct sighting *sightings, size_t count);
/* Two reports of the current vintage were accepted, and differ. */
bool place_is_contested(const struct sighting *sightings, size_t count);

struct cell_inputs {
    const struct duty *duty;
    const struct sighting *sightings; /* of the place, known at T, in order of seq */
    size_t count;
    const struct waiver *waiver; /* or NULL */
    struct closed closed;        /* of the month it ends in */
    int64_t at_us;               /* T */
};

struct cell {
    enum progress progress;
    enum timeliness timeliness;
    int64_t late_s;                 /* of LATE; of OVERDUE so far, since due */
    const struct sighting *current; /* or NULL */
    const struct sighting
        *satisfying; /* the earliest accepted one that is what is wanted; or NULL */
    bool has_rejected_attempt;
    bool is_provisional_only; /* FINAL is wanted, only PROVISIONAL is there */
    bool is_contested;
    bool is_after_close;  /* what was accepted first came when the period was closed */
    uint32_t corrections; /* accepted when it was closed, beside that first one */
};

void cell_fold(const struct cell_inputs *inputs, struct cell *ret_cell);

#endif
