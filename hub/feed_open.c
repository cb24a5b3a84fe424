/* A feed that opens: whether it may have its filter, and that it is written down. */
#include "hub/feed_inside.h"

static enum err write_access(struct feed *feed, const struct reading *reading,
                             const struct party *reader, const PbFilter *filter,
                             const struct position *from, enum access_act act,
                             const struct access_key *key)
{
    uint8_t rights[SHA256_BYTES];
    AUTO(buffer_close) struct buffer event = {0};
    struct access_event access = {
        .act = act,
        .reader = reader->id,
        .filter = filter,
        .position = from,
        .rights = rights,
        .time_us = reading->now_us,
    };
    enum err err = accesses_take(feed->accesses, reader->id, reading->now_ms);
    if (err != ERR_OK) {
        return err;
    }
    feed->out.nonce(feed->out.context, access.nonce);
    err = rights_of(&feed->rights, reading, reader, rights);
    err = err != ERR_OK ? err : access_event_pack(&access, &event);
    err = err != ERR_OK ? err : reading_journal(reading, &feed->out, 0, buffer_bytes(&event));
    if (err == ERR_OK) {
        accesses_saw(feed->accesses, key, true, reading->now_ms);
    }
    return err;
}

static enum err check_filter(struct feed *feed, const struct reading *reading,
                             const struct peer *peer, const struct party *reader,
                             const PbFilter *filter, bool is_opened)
{
    struct complaint complaint = {{0}};
    if (filter == NULL) {
        return ERR_OK;
    }
    enum err err =
        is_opened ? filter_check_names(&feed->words, reading, filter, &complaint) : ERR_OK;
    if (err == ERR_REFUSED) {
        reading_refuse(reading, &feed->out, peer, "FILTER", complaint.text);
        return err;
    }
    err = err != ERR_OK ? err : filter_check_rights(reading, reader, filter, &complaint);
    if (err == ERR_REFUSED) {
        reading_refuse(reading, &feed->out, peer, "NOT_ENTITLED", complaint.text);
    }
    return err;
}

/* A feed that is opened or re-filtered, and one that stands for a day, is written down. */
enum err feed_open(struct feed *feed, const struct reading *reading, const struct peer *peer,
                   const struct party *reader, const PbFilter *filter, const struct position *from,
                   struct access_key *ret_key)
{
    struct access_key key;
    enum err err = access_key_of(reader->id, filter, 0, NULL, &key);
    if (err != ERR_OK) {
        return err;
    }
    int act = accesses_feed(feed->accesses, &key, reading->now_ms);
    err = check_filter(feed, reading, peer, reader, filter, act == ACCESS_FEED_OPENED);
    if (err != ERR_OK) {
        return err;
    }
    if (act == 0) {
        accesses_saw(feed->accesses, &key, false, reading->now_ms);
    } else {
        err = write_access(feed, reading, reader, filter, from, (enum access_act)act, &key);
    }
    if (err == ERR_OK) {
        *ret_key = key;
    }
    return err;
}
