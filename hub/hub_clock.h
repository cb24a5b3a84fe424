/* The hub's time. A real hub's is the wall clock, watched for what would spoil "received at"; a
 * test hub's moves only by `mfi-hub test-time`. Read by every door, moved by one; thread-safe. */
#ifndef IHURIRO_HUB_HUB_CLOCK_H
#define IHURIRO_HUB_HUB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/errors.h"

struct hub_clock;

enum clock_state {
    CLOCK_RIGHT,
    CLOCK_BEHIND,  /* more than five minutes before the last record: RETRY_LATER until it has caught
                      up */
    CLOCK_JUMPED,  /* a forward jump of more than five minutes against CLOCK_BOOTTIME: until
                      clock-is-right */
    CLOCK_DOUBTED, /* more than 90 days since the last record at start: until clock-is-right */
};

/* last_record_us: received_at of the newest record, 0 for an empty journal. */
MUST_USE enum err hub_clock_make(bool is_test, int64_t last_record_us,
                                 struct hub_clock **ret_clock);
void hub_clock_close(struct hub_clock **clock);
/* What is stamped: never before the last record, and never a time in doubt. After a jump it goes on
 * as if there had been none, after a long silence from the last record, so that nothing that is
 * written meanwhile (an access, an act) lies in a future that every later record would have to wait
 * for. */
int64_t hub_clock_now_us(const struct hub_clock *clock);
/* The writer's, for a turn that begins: the time it stamps, until hub_clock_end. */
int64_t hub_clock_begin(struct hub_clock *clock);
void hub_clock_end(struct hub_clock *clock); /* it is committed, or will never be */
/* Up to here everything has happened that will: whoever takes this, and then opens a read
 * transaction, will never see a record come that was received before it. A time that was told so
 * stays behind: the next turn is not stamped before it. */
int64_t hub_clock_settled_us(struct hub_clock *clock);
bool hub_clock_is_test(const struct hub_clock *clock);
/* Looks at the clocks; cheap, called once a turn. */
enum clock_state hub_clock_check(struct hub_clock *clock);
void hub_clock_recorded(struct hub_clock *clock, int64_t received_at_us);
void hub_clock_is_right(struct hub_clock *clock); /* the operator says so */
/* Test hubs only, forward only: ERR_REFUSED with the sentence. */
MUST_USE enum err hub_clock_set(struct hub_clock *clock, int64_t time_us,
                                struct complaint *complaint);
const char *clock_state_text(enum clock_state state);

#endif
