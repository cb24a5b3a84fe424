/* Who owes what by when: the obligations of the settings, changed by orders, made into duties with
 * instants. Pure: settings, docket and party are given. */
#ifndef IHURIRO_PROTO_CALENDAR_H
#define IHURIRO_PROTO_CALENDAR_H

#include "proto/docket.h"
#include "proto/registry.h"

/* One report that one institution owes. */
struct duty {
    int type;
    struct period period;
    int64_t ended_us;    /* the first microsecond that is not of the period any more */
    int64_t remind_us;   /* a reminder is due; INT64_MAX: none */
    int64_t due_us;      /* at the end of this microsecond it is late */
    int64_t grace_us;    /* and from here, without a report, overdue; >= due_us */
    int64_t escalate_us; /* INT64_MAX: none */
    const PbObligation *obligation;
    const PbOrder *added_by;     /* NULL: of the settings */
    const PbOrder *suspended_by; /* excused; NULL: owed */
};

struct calendar {
    const PbSettings *settings;  /* in force */
    const struct docket *docket; /* sealed */
};

/* Does the party owe reports for a period: a member, valid and not merged, split or liquidated on
 * its last day, the period not beginning before reports_from, which is, unless it was said, the
 * first period that starts after the local day of enrolment (D49), or, for who took over others,
 * the first that they do not owe any more? SUSPENDED owes. */
bool party_owes(const struct party *party, const struct period *period, int utc_offset_minutes);

typedef enum err (*duty_visit)(void *context, const struct duty *duty);
/* What a party owes is what the rows of the settings in force say for its category and the period's
 * last day; an order's added rows stand beside them, and in the place of one of the same type and
 * frequency; of two orders that say something of the same type of report for it, the one given
 * later counts. One duty a place.
 *
 * The duties of a party for periods that end in [first_day, last_day], in order of type, frequency,
 * end; visit returns ERR_OK to go on. */
MUST_USE enum err calendar_duties(const struct calendar *calendar, const struct party *party,
                                  int32_t first_day, int32_t last_day, duty_visit visit,
                                  void *context);

/* Those of a duty whose obligation and period are given. */
void calendar_set_instants(const PbSettings *settings, struct duty *duty);

/* When something passes by itself if no report comes. INT64_MAX: never. */
enum duty_instant {
    DUTY_REMINDED, /* it is due soon */
    DUTY_OVERDUE,  /* the first at which it is */
    DUTY_TOLD_OF,  /* to the regulator; not before it was due */
};
#define DUTY_INSTANTS 3
int64_t duty_instant(const struct duty *duty, enum duty_instant which);

/* The first instant behind this one at which any row, of the settings or of an order, has somebody
 * reminded, overdue or told of to the regulator, whoever that may be. INT64_MAX: none. */
int64_t calendar_next_instant(const struct calendar *calendar, int64_t after_us);
/* The last days of the periods whose duties have such an instant just then, each once, in order. */
#define CALENDAR_ENDS_MAX 64
size_t calendar_ends_at(const struct calendar *calendar, int64_t instant_us,
                        int32_t ret_ends[static CALENDAR_ENDS_MAX]);

bool calendar_is_business_day(const PbSettings *settings, int32_t day);
/* The instant of a local time of day. */
int64_t calendar_instant(const PbSettings *settings, int32_t day, int32_t minutes);

#endif
