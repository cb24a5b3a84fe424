#include "hub/quota.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"

#define MS_PER_HOUR 3600000LL

struct bucket {
    char institution[INSTITUTION_ID_MAX + 1];
    int64_t level; /* reports left, times MS_PER_HOUR: exact without fractions */
    int64_t filled_at_ms;
};

struct quota {
    void *buckets; /* tsearch tree */
    int64_t capacity;
    int64_t refill_per_hour;
};

static int compare(const void *a, const void *b)
{
    const struct bucket *left = a;
    const struct bucket *right = b;
    return strcmp(left->institution, right->institution);
}

enum err quota_make(int64_t bucket, int64_t refill_per_hour, struct quota **ret_quota)
{
    struct quota *quota = calloc(1, sizeof *quota);
    if (quota == NULL) {
        return ERR_MEMORY;
    }
    quota->capacity = bucket * MS_PER_HOUR;
    quota->refill_per_hour = refill_per_hour;
    *ret_quota = quota;
    return ERR_OK;
}

void quota_close(struct quota **quota)
{
    if (*quota != NULL) {
        tdestroy((*quota)->buckets, free);
        free(*quota);
        *quota = NULL;
    }
}

static struct bucket *bucket_of(struct quota *quota, const char *institution, int64_t now_ms)
{
    struct bucket key = {.level = 0};
    strncpy(key.institution, institution, INSTITUTION_ID_MAX);
    struct bucket *const *found = tfind(&key, &quota->buckets, compare);
    if (found != NULL) {
        return *found;
    }
    struct bucket *made = malloc(sizeof *made);
    if (made == NULL) {
        return NULL;
    }
    *made = key;
    made->level = quota->capacity;
    made->filled_at_ms = now_ms;
    if (tsearch(made, &quota->buckets, compare) == NULL) {
        free(made);
        return NULL;
    }
    return made;
}

enum err quota_take(struct quota *quota, const char *institution, int64_t now_ms,
                    uint32_t *ret_retry_after_s)
{
    struct bucket *bucket = bucket_of(quota, institution, now_ms);
    if (bucket == NULL) {
        return ERR_MEMORY;
    }
    int64_t gained = (now_ms - bucket->filled_at_ms) * quota->refill_per_hour;
    bucket->level =
        bucket->level + gained > quota->capacity ? quota->capacity : bucket->level + gained;
    bucket->filled_at_ms = now_ms;
    if (bucket->level >= MS_PER_HOUR) {
        bucket->level -= MS_PER_HOUR;
        *ret_retry_after_s = 0;
        return ERR_OK;
    }
    int64_t wait_ms = (MS_PER_HOUR - bucket->level) / quota->refill_per_hour;
    *ret_retry_after_s = (uint32_t)(wait_ms / 1000 + 1);
    return ERR_OK;
}
