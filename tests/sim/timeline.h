/* timeline.bin: the submissions in the order in which they are sent, line by line those of
 * truth.csv. Each entry: length of what follows (u32, big-endian), sent_at (u64, big-endian, UTC
 * microseconds), flags (u8), the bytes of a Report. */
#ifndef IHURIRO_TESTS_SIM_TIMELINE_H
#define IHURIRO_TESTS_SIM_TIMELINE_H

#include "tests/sim/sector.h"

#define TIMELINE_HEAD     13
#define TIMELINE_FLIP     1 /* to be sent with a broken signature */
#define TIMELINE_REPEATED 2 /* bytes that were sent before */

MUST_USE enum err timeline_write(const struct sector *sector, const char *folder,
                                 struct complaint *complaint);

#endif
