/* Reports that are wrong on purpose, and what must come of each: the truth that a hub's verdicts
 * are compared with. What the table expects is written by hand, not taken from the rules. */
#ifndef IHURIRO_TESTS_SIM_MISTAKES_H
#define IHURIRO_TESTS_SIM_MISTAKES_H

#include "tests/sim/bodies.h"

enum expected {
    EXPECT_ACCEPTED,
    EXPECT_WARNED,
    EXPECT_REJECTED,
    EXPECT_REFUSED,
    EXPECT_REPEATED, /* an id that is held: the same receipt again */
};

const char *expected_name(enum expected expected);

enum mistake_id {
    MISTAKE_NONE,
    MISTAKE_THOUSANDFOLD, /* amounts in thousands */
    MISTAKE_SWAPPED,      /* two aging rows changed places */
    MISTAKE_SUM,          /* a total that its rows do not give */
    MISTAKE_NEGATIVE,
    MISTAKE_STALE, /* last month's figures */
    MISTAKE_PERIOD_KEY,
    MISTAKE_PERIOD_FUTURE,
    MISTAKE_UNAPPROVED, /* FINAL, and prepared and approved by one person */
    MISTAKE_CURRENCY,
    MISTAKE_NOT_OVERDUE, /* late loans without anything overdue */
    MISTAKE_PHONE,       /* a telephone number in the note */
    MISTAKE_SIGNATURE,
    MISTAKE_TWICE,   /* the same bytes again */
    MISTAKE_PENDING, /* requests that do not follow from those before */
    MISTAKE_FUND,    /* a request that its parts do not give */
    MISTAKE_STAFF,   /* somebody counted twice */
    MISTAKE_TRAINED, /* more women than participants */
    MISTAKE_GROSS,   /* the gross portfolio as net loans */
    MISTAKES
};

struct mistake {
    const char *name;
    enum expected expected;
    const char *rule; /* found at least, where there is a month before to compare with; "" where
                         nothing is expected */
    unsigned types;   /* 1 << enum report_type */
    bool is_monthly;  /* not of daily reports */
};

extern const struct mistake mistakes[MISTAKES];
/* The same for a type, where it differs between types. */
enum expected mistake_expected(enum mistake_id id, int type);
const char *mistake_rule(enum mistake_id id, int type);

/* Makes the report wrong. MISTAKE_STALE, _SIGNATURE and _TWICE are the caller's. ERR_MEMORY. */
MUST_USE enum err mistake_make(enum mistake_id id, PbReport *report, struct arena *arena);

#endif
