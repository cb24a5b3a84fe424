#include "agents/client/pace.h"

static uint32_t within(uint32_t bytes)
{
    return bytes < PACE_LEAST_BYTES ? PACE_LEAST_BYTES : bytes > ANSWER_MAX ? ANSWER_MAX : bytes;
}

void pace_begin(struct pace *pace)
{
    *pace = (struct pace){.bytes = PACE_FIRST_BYTES};
}

void pace_came(struct pace *pace, size_t bytes)
{
    if (bytes < pace->bytes / 2) {
        return; /* there was no more to say: it says nothing of the line */
    }
    pace->bytes = within(pace->has_lost ? pace->bytes + PACE_STEP_BYTES : 2 * pace->bytes);
}

void pace_lost(struct pace *pace)
{
    pace->bytes = within(pace->bytes / 2);
    pace->has_lost = true;
}
