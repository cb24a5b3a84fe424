#include "hub/hub_clock.h"

#include <pthread.h>
#include <stdlib.h>

#include "conf/clock.h"
#include "proto/limits.h"
#include "proto/period.h"

#define US_PER_S    1000000LL
#define TEST_US_MAX 7258118400000000LL /* 2200-01-01 */

struct hub_clock {
    pthread_mutex_t lock;
    bool is_test;
    bool is_doubted;
    bool has_jumped;
    int64_t test_us;
    int64_t last_record_us;
    int64_t wall_minus_boot_us; /* as last believed */
    int64_t told_us;            /* as settled */
    int64_t stamping_us;        /* of the turn that is open; INT64_MAX: none is */
};

enum err hub_clock_make(bool is_test, int64_t last_record_us, struct hub_clock **ret_clock)
{
    struct hub_clock *clock = calloc(1, sizeof *clock);
    if (clock == NULL) {
        return ERR_MEMORY;
    }
    pthread_mutex_init(&clock->lock, NULL);
    clock->is_test = is_test;
    clock->stamping_us = INT64_MAX;
    clock->last_record_us = last_record_us;
    clock->test_us = last_record_us > 0 ? last_record_us : clock_wall_us();
    clock->is_doubted = !is_test && last_record_us > 0 &&
                        clock_wall_us() - last_record_us > CLOCK_GAP_MAX_S * US_PER_S;
    clock->wall_minus_boot_us =
        (clock->is_doubted ? last_record_us : clock_wall_us()) - clock_boot_us();
    *ret_clock = clock;
    return ERR_OK;
}

void hub_clock_close(struct hub_clock **clock)
{
    if (*clock != NULL) {
        pthread_mutex_destroy(&(*clock)->lock);
        free(*clock);
        *clock = NULL;
    }
}

static struct hub_clock *locked(const struct hub_clock *clock)
{
    struct hub_clock *own =
        (struct hub_clock *)(uintptr_t)clock; /* the lock is not part of its value */
    pthread_mutex_lock(&own->lock);
    return own;
}

bool hub_clock_is_test(const struct hub_clock *clock)
{
    return clock->is_test;
}

static enum clock_state check(struct hub_clock *clock)
{
    if (clock->is_test) {
        return CLOCK_RIGHT;
    }
    int64_t wall_us = clock_wall_us();
    int64_t difference_us = wall_us - clock_boot_us();
    if (difference_us - clock->wall_minus_boot_us > CLOCK_JUMP_MAX_S * US_PER_S) {
        clock->has_jumped = true;
    } else if (!clock->has_jumped) {
        clock->wall_minus_boot_us = difference_us; /* small steps and slewing are believed */
    }
    if (wall_us < clock->last_record_us - CLOCK_BEHIND_MAX_S * US_PER_S) {
        return CLOCK_BEHIND;
    }
    if (clock->is_doubted) {
        return CLOCK_DOUBTED;
    }
    return clock->has_jumped ? CLOCK_JUMPED : CLOCK_RIGHT;
}

static int64_t now_of(struct hub_clock *clock)
{
    (void)check(clock); /* a door may be the first to see a jump */
    bool is_believed = !clock->is_doubted && !clock->has_jumped;
    int64_t now_us = is_believed ? clock_wall_us() : clock_boot_us() + clock->wall_minus_boot_us;
    return clock->is_test                   ? clock->test_us
           : now_us > clock->last_record_us ? now_us
                                            : clock->last_record_us;
}

int64_t hub_clock_now_us(const struct hub_clock *clock)
{
    struct hub_clock *own = locked(clock);
    int64_t now_us = now_of(own);
    pthread_mutex_unlock(&own->lock);
    return now_us;
}

int64_t hub_clock_begin(struct hub_clock *clock)
{
    pthread_mutex_lock(&clock->lock);
    int64_t now_us = now_of(clock);
    now_us = now_us > clock->told_us ? now_us : clock->told_us;
    clock->stamping_us = now_us;
    pthread_mutex_unlock(&clock->lock);
    return now_us;
}

void hub_clock_end(struct hub_clock *clock)
{
    pthread_mutex_lock(&clock->lock);
    clock->stamping_us = INT64_MAX;
    pthread_mutex_unlock(&clock->lock);
}

int64_t hub_clock_settled_us(struct hub_clock *clock)
{
    pthread_mutex_lock(&clock->lock);
    int64_t now_us = now_of(clock);
    now_us = now_us < clock->stamping_us ? now_us : clock->stamping_us;
    clock->told_us = now_us > clock->told_us ? now_us : clock->told_us;
    now_us = clock->told_us;
    pthread_mutex_unlock(&clock->lock);
    return now_us;
}

enum clock_state hub_clock_check(struct hub_clock *clock)
{
    pthread_mutex_lock(&clock->lock);
    enum clock_state state = check(clock);
    pthread_mutex_unlock(&clock->lock);
    return state;
}

void hub_clock_recorded(struct hub_clock *clock, int64_t received_at_us)
{
    pthread_mutex_lock(&clock->lock);
    if (received_at_us > clock->last_record_us) {
        clock->last_record_us = received_at_us;
    }
    pthread_mutex_unlock(&clock->lock);
}

void hub_clock_is_right(struct hub_clock *clock)
{
    pthread_mutex_lock(&clock->lock);
    clock->is_doubted = false;
    clock->has_jumped = false;
    clock->wall_minus_boot_us = clock_wall_us() - clock_boot_us();
    pthread_mutex_unlock(&clock->lock);
}

enum err hub_clock_set(struct hub_clock *clock, int64_t time_us, struct complaint *complaint)
{
    if (!clock->is_test) {
        return complain(complaint, ERR_REFUSED,
                        "This hub takes its time from the system's clock. Only a hub made by "
                        "`mfi-hub init --test` takes test-time.");
    }
    pthread_mutex_lock(&clock->lock);
    int64_t least_us = clock->test_us;
    if (time_us >= least_us && time_us <= TEST_US_MAX) {
        clock->test_us = time_us;
    }
    pthread_mutex_unlock(&clock->lock);
    if (time_us > TEST_US_MAX) {
        return complain(complaint, ERR_REFUSED, "Test time ends with the year 2199.");
    }
    if (time_us < least_us) {
        char least[TIME_TEXT_MAX + 1];
        time_format(least_us, least);
        return complain(complaint, ERR_REFUSED, "Test time only moves forward; it is %s now.",
                        least);
    }
    return ERR_OK;
}

const char *clock_state_text(enum clock_state state)
{
    switch (state) {
    case CLOCK_RIGHT:
        return "right";
    case CLOCK_BEHIND:
        return "the clock is more than five minutes behind the last record; waiting until it has "
               "caught up";
    case CLOCK_JUMPED:
        return "the clock jumped forward by more than five minutes; if it is right now, say "
               "`mfi-hub clock-is-right`";
    case CLOCK_DOUBTED:
        return "more than 90 days have passed since the last record; if the clock is right, say "
               "`mfi-hub clock-is-right`";
    }
    return "?";
}
