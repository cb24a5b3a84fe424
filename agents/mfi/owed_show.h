/* What is owed, shown: a table for a person, JSON for a program. */
#ifndef IHURIRO_AGENTS_MFI_OWED_SHOW_H
#define IHURIRO_AGENTS_MFI_OWED_SHOW_H

#include <jansson.h>

#include "agents/mfi/owed.h"
#include "agents/mfi/say.h"

/* "2020-07-10 17:00", where the institution is. */
#define LOCAL_TIME_MAX 20
const char *local_time(int64_t time_us, int utc_offset_minutes, char out[static LOCAL_TIME_MAX]);

/* owed NULL: the hub never said. */
void owed_print(const struct owed *owed, int utc_offset_minutes, const struct voice *voice);
/* New reference, or NULL without memory. */
json_t *owed_json(const struct owed *owed);

#endif
