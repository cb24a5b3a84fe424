/* What a party may do at once and an hour: a bucket of each that refills by the monotonic clock. */
#ifndef IHURIRO_HUB_QUOTA_H
#define IHURIRO_HUB_QUOTA_H

#include "proto/errors.h"

#include <stdint.h>

struct quota;

MUST_USE enum err quota_make(int64_t bucket, int64_t refill_per_hour, struct quota **ret_quota);
void quota_close(struct quota **quota);
/* Seconds until there is one, 0: taken now. ERR_MEMORY. */
MUST_USE enum err quota_take(struct quota *quota, const char *institution, int64_t now_ms,
                             uint32_t *ret_retry_after_s);

#endif
