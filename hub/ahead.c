#include "hub/ahead.h"

#include <string.h>

static bool is_of(const struct ahead *ahead, const struct peer *peer)
{
    return ahead->is_used && ahead->peer.routing_id_size == peer->routing_id_size &&
           memcmp(ahead->peer.routing_id, peer->routing_id, peer->routing_id_size) == 0;
}

static bool filters_are_equal(const PbFilter *a, const PbFilter *b)
{
    AUTO(buffer_close) struct buffer packed_a = {0};
    AUTO(buffer_close) struct buffer packed_b = {0};
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return message_pack(&a->base, &packed_a) == ERR_OK &&
           message_pack(&b->base, &packed_b) == ERR_OK &&
           bytes_equal(buffer_bytes(&packed_a), buffer_bytes(&packed_b));
}

void ahead_close(struct ahead *ahead)
{
    free(ahead->filter);
    scan_kept_close(&ahead->kept);
    *ahead = (struct ahead){.is_used = false};
}

void aheads_close(struct aheads *aheads)
{
    for (size_t i = 0; i < AHEADS_MAX; i++) {
        ahead_close(&aheads->items[i]);
    }
}

void aheads_foresee(struct aheads *aheads, const struct ahead *ahead)
{
    struct ahead *place = &aheads->items[0];
    for (size_t i = 0; i < AHEADS_MAX; i++) {
        struct ahead *item = &aheads->items[i];
        if (is_of(item, &ahead->peer)) {
            place = item;
            break;
        }
        if (!item->is_used || (place->is_used && item->made_ms < place->made_ms)) {
            place = item;
        }
    }
    ahead_close(place);
    *place = *ahead;
    place->is_used = true;
}

struct ahead *aheads_unbuilt(struct aheads *aheads)
{
    for (size_t i = 0; i < AHEADS_MAX; i++) {
        struct ahead *item = &aheads->items[i];
        if (item->is_used && item->is_following && item->kept.count == 0) {
            return item;
        }
    }
    return NULL;
}

bool aheads_take(struct aheads *aheads, const struct ahead *request, struct ahead *ret_ahead)
{
    for (size_t i = 0; i < AHEADS_MAX; i++) {
        struct ahead *item = &aheads->items[i];
        if (!is_of(item, &request->peer)) {
            continue;
        }
        if (memcmp(item->peer.user, request->peer.user, PUBLIC_KEY_BYTES) == 0 &&
            position_equal(&item->from, &request->from) && item->bytes_max == request->bytes_max &&
            item->generation == request->generation &&
            filters_are_equal(item->filter, request->filter)) {
            *ret_ahead = *item;
            *item = (struct ahead){.is_used = false};
            return true;
        }
        ahead_close(item);
        return false;
    }
    return false;
}

void aheads_forget(struct aheads *aheads, int64_t now_ms)
{
    for (size_t i = 0; i < AHEADS_MAX; i++) {
        struct ahead *item = &aheads->items[i];
        if (item->is_used && now_ms - item->made_ms >= AHEAD_MS_MAX) {
            ahead_close(item);
        }
    }
}

size_t aheads_count(const struct aheads *aheads)
{
    size_t count = 0;
    for (size_t i = 0; i < AHEADS_MAX; i++) {
        count += aheads->items[i].is_used;
    }
    return count;
}
